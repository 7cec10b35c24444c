//! Civic addresses (RFC 5139, RFC 6848).

macro_rules! elements {
    ($($variant:ident $text:literal),+ $(,)?) => {
        /// An element of a civic address, in the order in which a document has them (RFC 5139 §4).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "each is the element of its name")]
        pub enum Element { $($variant),+ }

        impl Element {
            /// All elements, in order: those of RFC 5139, then those of RFC 6848.
            pub const ALL: &[Element] = &[$(Element::$variant),+];

            /// The element's name in a document.
            pub const fn text(self) -> &'static str {
                match self { $(Element::$variant => $text),+ }
            }

            /// Whether it is one of RFC 6848, which has a namespace of its own.
            pub const fn is_extension(self) -> bool {
                matches!(self, Element::Hnp | Element::Pn | Element::Mp | Element::Stp)
            }
        }
    };
}

elements! {
    Country "country", A1 "A1", A2 "A2", A3 "A3", A4 "A4", A5 "A5", A6 "A6", Prm "PRM", Prd "PRD", Rd "RD", Sts "STS",
    Pod "POD", Pom "POM", RdSec "RDSEC", RdBr "RDBR", RdSubBr "RDSUBBR", Hno "HNO", Hns "HNS", Lmk "LMK", Loc "LOC",
    Flr "FLR", Nam "NAM", Pc "PC", Bld "BLD", Unit "UNIT", Room "ROOM", Seat "SEAT", Plc "PLC", Pcn "PCN",
    PoBox "POBOX", AddCode "ADDCODE", Pn "PN", Mp "MP", Stp "STP", Hnp "HNP",
}

/// A civic address: its elements in document order, each at most once. It never prints itself.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Civic(Vec<(Element, Box<str>)>);

impl Civic {
    /// An address of which nothing is known.
    pub const NOTHING: &Civic = &Civic(Vec::new());

    /// Sets an element; an empty value takes it out.
    pub fn set(&mut self, element: Element, value: &str) {
        self.0.retain(|(kept, _)| *kept != element);
        if !value.is_empty() {
            let place = self.0.partition_point(|(kept, _)| *kept < element);
            self.0.insert(place, (element, value.into()));
        }
    }

    /// An element's value.
    pub fn value(&self, element: Element) -> Option<&str> {
        self.0.iter().find(|(kept, _)| *kept == element).map(|(_, value)| value.as_ref())
    }

    /// The elements that are set, in document order.
    pub fn elements(&self) -> impl Iterator<Item = (Element, &str)> {
        self.0.iter().map(|(element, value)| (*element, value.as_ref()))
    }

    /// Whether a responder can find the door: a street and a house number (rulings: `dispatchable`).
    pub fn is_dispatchable(&self) -> bool {
        self.value(Element::Hno).is_some() && self.value(Element::Rd).is_some()
    }
}

impl core::fmt::Debug for Civic {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.write_str("<private>")
    }
}
