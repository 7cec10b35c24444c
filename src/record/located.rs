//! Where a caller was found to be, as the receipt of a call keeps it.
use super::{Civic, Found, Grade, Location};
use core::time::Duration;
use smallvec::SmallVec;
use std::sync::Arc;

/// How a location was found, for `<method>` (the IANA "Method Tokens" registry).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the token of its name")]
pub enum Method {
    Manual,
    Wiremap,
    Dhcp,
    Wifi,
    Derived,
    Default,
}

impl Method {
    /// The registered token.
    pub const fn token(self) -> &'static str {
        match self {
            Method::Manual => "Manual",
            Method::Wiremap => "Wiremap",
            Method::Dhcp => "DHCP",
            Method::Wifi => "802.11",
            Method::Derived => "Derived",
            Method::Default => "Default",
        }
    }

    /// Reads a token in any case. `None` for one that we have no word for: GPS and its kin.
    pub fn read(token: &str) -> Option<Method> {
        use Method::{Default, Derived, Dhcp, Manual, Wifi, Wiremap};
        let known = [Manual, Wiremap, Dhcp, Wifi, Derived, Default];
        known.into_iter().find(|method| method.token().eq_ignore_ascii_case(token))
    }
}

/// Which rung of the ladder a candidate stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rung {
    /// A PIDF-LO by value in the INVITE.
    Conveyed,
    /// The organisation's wiremap and what the device says of its network.
    Wiremap,
    /// A location URI in the INVITE that is not ours.
    Reference,
    /// The caller number's address.
    Number,
}

/// One candidate and what became of it.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Where it came from.
    pub rung: Rung,
    /// How good it is.
    pub grade: Grade,
    /// Whether it can stand alone: a house number, a shape or a reference. What cannot is only a default and yields to
    /// a later rung that can.
    pub firm: bool,
    /// The place, where it is one of ours.
    pub place: Option<Arc<Location>>,
    /// How old the knowledge is; zero when it came with the call or is typed by a person.
    pub age: Duration,
    /// Why it won or lost, for the receipt: without private values.
    pub why: &'static str,
}

/// The decision.
#[derive(Clone, Debug)]
pub struct Located {
    /// The grade of the best candidate.
    pub grade: Grade,
    /// The place of ours that goes out, when one won or supplements what was conveyed. Never a mere default beside
    /// something better.
    pub place: Option<Arc<Location>>,
    /// How `place` was found.
    pub method: Method,
    /// The address of a conveyed winner.
    pub conveyed: Option<Arc<Civic>>,
    /// What the wiremap said, when it was asked and knew anything.
    pub wiremap: Option<Box<Found>>,
    /// All candidates, the winner first.
    pub candidates: SmallVec<[Candidate; 3]>,
}

impl Located {
    /// The place of ours where the caller is, when it won: whose ELIN and ECBN hold. What merely supplements does not
    /// count.
    pub fn stands_at(&self) -> Option<&Arc<Location>> {
        self.candidates.first().and_then(|winner| winner.place.as_ref())
    }

    /// The winner's address as far as it is known by value; for a reference, that of the place beside it.
    pub fn civic(&self) -> Option<&Civic> {
        self.conveyed.as_deref().or_else(|| self.place.as_deref().map(|place| &place.civic))
    }

    /// Whether the winner names two buildings: then nobody can be sent to either.
    pub fn is_in_conflict(&self) -> bool {
        let found = self.wiremap.as_deref().filter(|found| found.conflict);
        found.is_some() && self.candidates.first().is_some_and(|winner| winner.rung == Rung::Wiremap)
    }

    /// Whether the winner can stand alone: see [`Candidate::firm`].
    pub fn is_firm(&self) -> bool {
        self.candidates.first().is_some_and(|winner| winner.firm)
    }
}
