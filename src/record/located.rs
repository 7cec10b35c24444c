//! Where a caller was found to be, as the receipt of a call keeps it.
use super::{Civic, Found, Grade, Location, Number, Shape};
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
    /// What the device has now whose location token or URI of ours the INVITE shows.
    Token,
    /// A PIDF-LO by value in the INVITE.
    Conveyed,
    /// The organisation's wiremap and what the device says of its network.
    Wiremap,
    /// The address that the user gave for the network that the device is on.
    Typed,
    /// The caller number's address.
    Number,
    /// The place that the caller's device belongs to, when it is one that stays.
    Home,
    /// A location URI in the INVITE that is not ours.
    Reference,
    /// Where the wiremap last saw the device, longer ago than that holds.
    LastKnown,
}

impl Rung {
    /// All rungs, in the usual order.
    pub const ALL: [Rung; 8] = [
        Rung::Token,
        Rung::Conveyed,
        Rung::Wiremap,
        Rung::Typed,
        Rung::Number,
        Rung::Home,
        Rung::Reference,
        Rung::LastKnown,
    ];
}

impl Rung {
    /// The word for configs and programs.
    pub const fn text(self) -> &'static str {
        match self {
            Rung::Token => "token",
            Rung::Conveyed => "conveyed",
            Rung::Wiremap => "wiremap",
            Rung::Typed => "typed",
            Rung::Number => "number",
            Rung::Home => "home",
            Rung::Reference => "reference",
            Rung::LastKnown => "last_known",
        }
    }
}

/// The order in which the rungs are believed for the calls of one source: each once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ladder([Rung; 8]);

impl Default for Ladder {
    fn default() -> Ladder {
        Ladder(Rung::ALL)
    }
}

impl Ladder {
    /// The named rungs first, the others behind them in the usual order. `None` when one is there twice.
    pub fn of(first: &[Rung]) -> Option<Ladder> {
        let mut order = arrayvec::ArrayVec::<Rung, 8>::new();
        for &rung in first.iter().chain(Rung::ALL.iter().filter(|rung| !first.contains(rung))) {
            if order.contains(&rung) {
                return None;
            }
            order.try_push(rung).ok()?;
        }
        order.into_inner().ok().map(Ladder)
    }

    /// The rungs in order.
    pub fn rungs(self) -> impl Iterator<Item = Rung> {
        self.0.into_iter()
    }
}

/// One candidate and what became of it.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Where it came from.
    pub rung: Rung,
    /// How good it is; `None` when it may not be used.
    pub grade: Grade,
    /// Whether it can stand alone: a house number, a shape or a reference, and not older than it may be. What cannot
    /// yields to a later rung that can.
    pub firm: bool,
    /// The place, where it is one of ours.
    pub place: Option<Arc<Location>>,
    /// How old the knowledge is; zero when it came with the call or is typed by a person.
    pub age: Duration,
    /// Why it won or lost, for the receipt: without private values.
    pub why: &'static str,
}

/// What those who get a place of ours must know of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caveat {
    /// It is where the device was last, too long ago.
    Stale,
    /// Its rooms are disputed: the building is all that is sure.
    Disputed,
    /// Two buildings are named, and nothing tells which.
    Conflict,
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
    /// How long ago that was.
    pub age: Duration,
    /// The places that are in dispute, which go out behind `place`.
    pub disputed: Vec<Arc<Location>>,
    /// What is to be said of them.
    pub caveat: Option<Caveat>,
    /// The address of a conveyed winner.
    pub conveyed: Option<Arc<Civic>>,
    /// The number that the document of a conveyed winner says a carrier knows the place by.
    pub elin: Option<Number>,
    /// The shape of a conveyed winner, else that of `place`.
    pub shape: Option<Arc<Shape>>,
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
        self.caveat == Some(Caveat::Conflict)
    }

    /// Whether the winner can stand alone: see [`Candidate::firm`].
    pub fn is_firm(&self) -> bool {
        self.candidates.first().is_some_and(|winner| winner.firm)
    }
}
