//! The number that reaches the caller if the line drops.
use crate::record::{Line, Location, Number, Profile, Site, Trunk};

/// Where a callback number came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The ECBN set on the line or user.
    LineEcbn,
    /// The line's own number, reachable from outside.
    Own,
    /// The location's ECBN.
    LocationEcbn,
    /// The site's ECBN.
    SiteEcbn,
    /// The location's ELIN, on a legacy trunk.
    Elin,
    /// The number that the carrier has on record.
    OnRecord,
    /// Nothing better was known: the number as the caller showed it.
    AsShown,
}

impl Origin {
    /// The word for people.
    pub const fn text(self) -> &'static str {
        match self {
            Origin::LineEcbn => "line_ecbn",
            Origin::Own => "own",
            Origin::LocationEcbn => "location_ecbn",
            Origin::SiteEcbn => "site_ecbn",
            Origin::Elin => "elin",
            Origin::OnRecord => "on_record",
            Origin::AsShown => "as_shown",
        }
    }
}

/// A callback number and where it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The number.
    pub number: Number,
    /// Where it came from.
    pub origin: Origin,
}

/// The number for PAI, From, 933 and notices: `place` is where the caller is, `shown_by_caller` the caller's number as
/// the INVITE has it. `None` only when nothing at all is known.
pub fn choose(
    site: &Site,
    line: Option<&Line>,
    place: Option<&Location>,
    shown_by_caller: Option<Number>,
) -> Option<Shown> {
    let own = line.filter(|line| line.reachable && line.number.is_e164()).map(|line| line.number);
    first([
        (line.and_then(|line| line.ecbn), Origin::LineEcbn),
        (own, Origin::Own),
        (place.and_then(|place| place.ecbn), Origin::LocationEcbn),
        (site.ecbn, Origin::SiteEcbn),
        (shown_by_caller, Origin::AsShown),
    ])
}

/// The number that this trunk may show, given the call's callback number. The old telephone network looks the address up
/// by the number it sees, so a legacy trunk shows the place's number first.
pub fn on_trunk(trunk: &Trunk, place: Option<&Location>, callback: Option<Shown>) -> Option<Shown> {
    if trunk.profile != Profile::Legacy {
        return callback;
    }
    let of_place =
        first([(place.and_then(|place| place.elin), Origin::Elin), (trunk.number_on_record, Origin::OnRecord)]);
    of_place.or(callback)
}

fn first<const N: usize>(rules: [(Option<Number>, Origin); N]) -> Option<Shown> {
    rules.into_iter().find_map(|(number, origin)| number.map(|number| Shown { number, origin }))
}
