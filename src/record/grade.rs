//! How good a place is.
use super::{Civic, Element};

/// How good a place is, from worst to best.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grade {
    /// Nothing is known.
    #[default]
    None,
    /// Known once, too long ago.
    Stale,
    /// Only a stand-in.
    Default,
    /// A shape, a reference, or a building only.
    BestAvailable,
    /// A street with a house number.
    Dispatchable,
}

impl Grade {
    /// The word for logs, documents and people.
    pub const fn text(self) -> &'static str {
        match self {
            Grade::None => "none",
            Grade::Stale => "stale",
            Grade::Default => "default",
            Grade::BestAvailable => "best_available",
            Grade::Dispatchable => "dispatchable",
        }
    }

    /// The grade of a civic address by what it names. A street, a town or a postcode alone leads nobody to a door, so
    /// it is no better than a default.
    pub fn of(civic: &Civic) -> Grade {
        const BUILDING: [Element; 8] = [
            Element::Hno,
            Element::Bld,
            Element::Nam,
            Element::Lmk,
            Element::Loc,
            Element::Unit,
            Element::Room,
            Element::Flr,
        ];
        if civic.is_dispatchable() {
            Grade::Dispatchable
        } else if BUILDING.iter().any(|&element| civic.value(element).is_some()) {
            Grade::BestAvailable
        } else if civic.elements().next().is_some() {
            Grade::Default
        } else {
            Grade::None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn civic(elements: &[(Element, &str)]) -> Civic {
        let mut civic = Civic::default();
        for (element, value) in elements {
            civic.set(*element, value);
        }
        civic
    }

    #[test]
    fn a_house_number_needs_its_street_and_a_street_alone_is_a_default() {
        assert_eq!(Grade::of(&civic(&[])), Grade::None);
        assert_eq!(Grade::of(&civic(&[(Element::A3, "Chicago"), (Element::Rd, "Example")])), Grade::Default);
        assert_eq!(Grade::of(&civic(&[(Element::Hno, "100")])), Grade::BestAvailable);
        assert_eq!(Grade::of(&civic(&[(Element::Bld, "East Tower")])), Grade::BestAvailable);
        assert_eq!(Grade::of(&civic(&[(Element::Rd, "Example"), (Element::Hno, "100")])), Grade::Dispatchable);
    }
}
