//! The order of what is known (rulings: PIDF-LO by value, then the number's address; a default yields).
use super::{Candidate, Grade, Known, Located, Rung};
use crate::pidf::Method;
use core::time::Duration;
use std::sync::Arc;

/// Ranks what is known.
///
/// The rungs in order are the PIDF-LO in the INVITE, the number's address, and a reference, which is worth most where
/// nothing better is known by value. The first that is firm wins; when none is, the best grade, and among equals the
/// first.
pub fn decide(known: Known<'_>) -> Located {
    let mut candidates: smallvec::SmallVec<[Candidate; 3]> =
        [conveyed(&known), number(&known), reference(&known)].into_iter().flatten().collect();
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
    let ours = candidates.iter().find_map(|candidate| candidate.place.as_ref().map(|place| (place, candidate.grade)));
    // A stand-in beside something better would only mislead whoever reads it.
    let place = ours.filter(|(_, own)| *own > Grade::Default || grade <= Grade::Default).map(|(place, _)| place);
    let is_conveyed = winner.is_some_and(|winner| winner.rung == Rung::Conveyed);
    Located {
        grade,
        place: place.cloned(),
        method: if place.is_some_and(|place| !place.default) { Method::Manual } else { Method::Default },
        conveyed: known.conveyed.filter(|_| is_conveyed).and_then(|conveyed| conveyed.civic.clone()),
        candidates,
    }
}

fn conveyed(known: &Known<'_>) -> Option<Candidate> {
    let conveyed = known.conveyed.filter(|conveyed| conveyed.grade > Grade::None)?;
    Some(candidate(Rung::Conveyed, conveyed.grade, conveyed.grade > Grade::Default && conveyed.firm))
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
        (true, true) if candidate.grade == Grade::Dispatchable => "won: it names a house number",
        (true, true) => "won: it points at the caller, and no earlier one names a house number or a shape",
        (true, false) => "won: nothing better is known",
        (false, false) if some_firm => "lost: only a default, and another names a house number, a shape or a reference",
        (false, false) => "lost: another is better or comes first",
        (false, true) => "lost: an earlier one holds",
    }
}
