//! The order of what is known (rulings: PIDF-LO by value, then the wiremap, then the number's
//! address; a default yields).
use super::{Candidate, Grade, Known, Located, Rung};
use crate::pidf::Method;
use core::time::Duration;
use std::sync::Arc;

/// Ranks what is known.
///
/// The rungs in order are the PIDF-LO in the INVITE, the wiremap, the number's address, and a reference, which is worth most where
/// nothing better is known by value. The first that is firm wins; when none is, the best grade, and among equals the
/// first.
pub fn decide(known: Known<'_>) -> Located {
    let mut candidates: smallvec::SmallVec<[Candidate; 3]> =
        [conveyed(&known), wiremap(&known), number(&known), reference(&known)].into_iter().flatten().collect();
    let firm = candidates.iter().position(|candidate| candidate.firm);
    let first_best = || {
        let places = candidates.iter().enumerate().rev();
        places.max_by_key(|(_, candidate)| candidate.grade).map(|(place, _)| place)
    };
    if let Some(winner) = firm.or_else(first_best) {
        for (place, candidate) in candidates.iter_mut().enumerate() {
            candidate.why = why(candidate, place, winner, firm.is_some());
        }
        candidates[..=winner].rotate_right(1);
    }
    let winner = candidates.first();
    let grade = winner.map_or(Grade::None, |winner| winner.grade);
    let ours = candidates.iter().find(|candidate| candidate.place.is_some());
    // A stand-in beside something better would only mislead whoever reads it.
    let ours = ours.filter(|ours| ours.grade > Grade::Default || grade <= Grade::Default);
    let place = ours.and_then(|ours| ours.place.as_ref());
    let is_conveyed = winner.is_some_and(|winner| winner.rung == Rung::Conveyed);
    Located {
        grade,
        place: place.cloned(),
        method: match ours.map(|ours| ours.rung) {
            _ if place.is_none_or(|place| place.default) => Method::Default,
            Some(Rung::Wiremap) => Method::Wiremap,
            _ => Method::Manual,
        },
        conveyed: known.conveyed.filter(|_| is_conveyed).and_then(|conveyed| conveyed.civic.clone()),
        wiremap: known.found.filter(|found| !found.hits.is_empty()).cloned().map(Box::new),
        candidates,
    }
}

fn conveyed(known: &Known<'_>) -> Option<Candidate> {
    let conveyed = known.conveyed.filter(|conveyed| conveyed.grade > Grade::None)?;
    Some(candidate(Rung::Conveyed, conveyed.grade, conveyed.grade > Grade::Default && conveyed.firm))
}

/// Two buildings name no place, but they are no stand-in either: what a number says of one of them is no better.
fn wiremap(known: &Known<'_>) -> Option<Candidate> {
    let found = known.found.filter(|found| found.grade > Grade::None)?;
    let mut wiremap = candidate(Rung::Wiremap, found.grade, found.conflict || found.grade == Grade::Dispatchable);
    wiremap.place = found.place.clone();
    wiremap.age = found.age;
    Some(wiremap)
}

fn number(known: &Known<'_>) -> Option<Candidate> {
    let place = known.line?.location.as_ref()?;
    let grade = if place.default { Grade::Default } else { Grade::of(&place.civic) };
    let mut number = candidate(Rung::Number, grade, grade == Grade::Dispatchable);
    number.place = Some(Arc::clone(place));
    Some(number)
}

fn reference(known: &Known<'_>) -> Option<Candidate> {
    known.reference.then(|| candidate(Rung::Reference, Grade::BestAvailable, true))
}

fn candidate(rung: Rung, grade: Grade, firm: bool) -> Candidate {
    Candidate { rung, grade, firm, place: None, age: Duration::ZERO, why: "" }
}

fn why(candidate: &Candidate, place: usize, winner: usize, some_firm: bool) -> &'static str {
    match (place == winner, candidate.firm) {
        (true, true) if candidate.rung == Rung::Wiremap && candidate.place.is_none() => "won: it names two buildings",
        (true, true) if candidate.grade == Grade::Dispatchable => "won: it names a house number",
        (true, true) => "won: it points at the caller, and no earlier one names a house number or a shape",
        (true, false) => "won: nothing better is known",
        (false, false) if some_firm => "lost: only a default, and another names a house number, a shape or a reference",
        (false, false) => "lost: another is better or comes first",
        (false, true) => "lost: an earlier one holds",
    }
}
