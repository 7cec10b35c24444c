//! Where the caller is.
use crate::pidf::Method;
use crate::record::{Line, Location};
use core::time::Duration;
use std::sync::Arc;

/// How good a place is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grade {
    /// Nothing is known.
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
    /// The grade of the best PIDF-LO in the INVITE, when there is one.
    pub conveyed: Option<Grade>,
    /// Whether the INVITE has location URIs that are not ours.
    pub reference: bool,
}

/// The decision.
#[derive(Clone, Debug)]
pub struct Located {
    /// The grade of the best candidate.
    pub grade: Grade,
    /// The place of ours that goes out, when one won or supplements what was conveyed.
    pub place: Option<Arc<Location>>,
    /// How it was found.
    pub method: Method,
    /// All candidates, the winner first.
    pub candidates: Vec<Candidate>,
}

/// Ranks what is known (rulings 5).
pub fn decide(known: Known<'_>) -> Located {
    let _ = known;
    todo!()
}
