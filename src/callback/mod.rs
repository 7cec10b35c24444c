//! The number that reaches the caller if the line drops (rulings 13; leases are a later part).
use crate::record::{Line, Location, Number, Site, Trunk};

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

/// A callback number and where it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The number.
    pub number: Number,
    /// Where it came from.
    pub origin: Origin,
}

/// The number for PAI, From, 933 and notices: `shown_by_caller` is the caller's number as the INVITE has it. `None`
/// only when nothing at all is known.
pub fn choose(
    site: &Site,
    line: Option<&Line>,
    place: Option<&Location>,
    shown_by_caller: Option<Number>,
) -> Option<Shown> {
    let _ = (site, line, place, shown_by_caller);
    todo!()
}

/// The number that this trunk may show, given the call's callback number.
pub fn on_trunk(trunk: &Trunk, place: Option<&Location>, callback: Option<Shown>) -> Option<Shown> {
    let _ = (trunk, place, callback);
    todo!()
}
