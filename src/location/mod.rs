//! Where the caller is.
mod ladder;

pub use crate::record::Grade;
pub use ladder::decide;

use crate::pidf::{Conveyed, Method};
use crate::record::{Civic, Line, Location};
use core::time::Duration;
use smallvec::SmallVec;
use std::sync::Arc;

/// Which rung of the ladder a candidate stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rung {
    /// A PIDF-LO by value in the INVITE.
    Conveyed,
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

/// What is known of the caller's whereabouts when the question is asked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'a> {
    /// The caller's line.
    pub line: Option<&'a Line>,
    /// What the PIDF-LO in the INVITE says, the best of several.
    pub conveyed: Option<&'a Conveyed>,
    /// Whether the INVITE has location URIs that are not ours.
    pub reference: bool,
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

    /// Whether the winner can stand alone: see [`Candidate::firm`].
    pub fn is_firm(&self) -> bool {
        self.candidates.first().is_some_and(|winner| winner.firm)
    }
}
