//! The order of what is known (rulings: a token of ours, PIDF-LO by value, the wiremap, what the user gave, the number's
//! address and where the device belongs, a reference, the last known place; what is only a default or too old yields).
use super::{Candidate, Grade, Known, Located, Rung};
use crate::pidf::{Conveyed, Method};
use crate::record::located::Caveat;
use crate::record::wiremap::Rule;
use crate::record::{Found, Location};
use core::time::Duration;
use std::sync::Arc;

/// Ranks what is known, in the order of the call's source. The first that is firm wins; when none is, the best grade, and
/// among equals the first.
pub fn decide(known: Known<'_>) -> Located {
    let known = &known;
    let rungs = known.order.rungs();
    let mut candidates: smallvec::SmallVec<[Candidate; 3]> = rungs.filter_map(|rung| candidate(known, rung)).collect();
    let usable = |candidate: &Candidate| candidate.grade > Grade::None;
    let firm = candidates.iter().position(|candidate| candidate.firm);
    let first_best = || {
        let places = candidates.iter().enumerate().rev().filter(|(_, candidate)| usable(candidate));
        places.max_by_key(|(_, candidate)| candidate.grade).map(|(place, _)| place)
    };
    let winner = firm.or_else(first_best);
    if let Some(winner) = winner {
        for (place, candidate) in candidates.iter_mut().enumerate().filter(|(_, candidate)| usable(candidate)) {
            candidate.why = why(candidate, place, winner, firm.is_some());
        }
        candidates[..=winner].rotate_right(1);
    }
    let winner = winner.and_then(|_| candidates.first());
    let grade = winner.map_or(Grade::None, |winner| winner.grade);
    let ours = candidates.iter().find(|candidate| candidate.place.is_some());
    // A stand-in beside something better would only mislead whoever reads it.
    let ours = ours.filter(|ours| ours.grade > Grade::Default || grade <= Grade::Default);
    let caveat = winner.and_then(|winner| caveat(winner, known.found));
    let came = match winner.map(|winner| winner.rung) {
        Some(Rung::Conveyed) => known.conveyed,
        Some(Rung::Reference) => known.fetched,
        _ => None,
    };
    let drawn = ours.filter(|_| came.is_none()).and_then(|ours| ours.place.as_ref()?.shape.clone());
    Located {
        grade,
        place: ours.and_then(|ours| ours.place.clone()),
        method: ours.map_or(Method::Default, |ours| method(ours, known.found)),
        age: ours.map_or(Duration::ZERO, |ours| ours.age),
        disputed: if caveat.is_some() { disputed(known.found) } else { Vec::new() },
        caveat,
        conveyed: came.and_then(|came| came.civic.clone()),
        elin: came.and_then(|came| came.elin),
        shape: came.and_then(|came| came.shape.clone()).or(drawn),
        wiremap: known.found.filter(|found| !found.hits.is_empty()).cloned().map(Box::new),
        candidates,
    }
}

fn candidate(known: &Known<'_>, rung: Rung) -> Option<Candidate> {
    let live = || known.found.filter(|found| found.grade > Grade::Stale);
    let of_found = |found| self::found(rung, found);
    match rung {
        Rung::Token if known.by_token => live().map(of_found).or_else(|| typed(known, rung)),
        Rung::Wiremap if !known.by_token => live().map(of_found),
        Rung::Typed if !known.by_token || live().is_some() => typed(known, rung),
        Rung::LastKnown => known.found.filter(|found| found.grade == Grade::Stale).map(of_found),
        Rung::Conveyed => conveyed(known, rung, known.conveyed?),
        Rung::Number => number(known),
        Rung::Home => known.home.filter(|_| !known.line_barred).map(|place| entered(rung, place)),
        Rung::Reference => reference(known),
        Rung::Token | Rung::Wiremap | Rung::Typed => None,
    }
}

/// A location somewhere else is as good as what it led to, else as what may be there.
fn reference(known: &Known<'_>) -> Option<Candidate> {
    let unread = known.reference.then(|| stands(Rung::Reference, Grade::BestAvailable, true));
    let fetched = known.fetched.and_then(|fetched| conveyed(known, Rung::Reference, fetched));
    fetched.or(unread)
}

fn conveyed(known: &Known<'_>, rung: Rung, conveyed: &Conveyed) -> Option<Candidate> {
    if conveyed.grade == Grade::None {
        return None;
    }
    let age = conveyed.at.map_or(Duration::ZERO, |at| known.now.since(at));
    let is_old = window(known, conveyed).is_some_and(|window| age > window);
    let mut candidate = stands(rung, conveyed.grade, conveyed.grade > Grade::Default && conveyed.firm && !is_old);
    candidate.age = age;
    candidate.why = if is_old { "lost: it was found so long ago that it holds no more" } else { "" };
    Some(candidate)
}

/// How long what a document says holds, where it was found by what may change; what a person entered holds.
fn window(known: &Known<'_>, conveyed: &Conveyed) -> Option<Duration> {
    let windows = known.windows;
    match conveyed.method? {
        Method::Wiremap => Some(windows.wired),
        Method::Wifi => Some(windows.wireless),
        Method::Dhcp => Some(windows.address),
        Method::Manual | Method::Derived | Method::Default => None,
    }
}

/// Two buildings name no place, but they are no stand-in either: what a number says of one of them is no better.
fn found(rung: Rung, found: &Found) -> Candidate {
    let is_firm = found.grade > Grade::Stale && found.place.as_ref().is_some_and(|place| place.is_firm());
    let mut candidate = stands(rung, found.grade, found.conflict || is_firm);
    candidate.place.clone_from(&found.place);
    candidate.age = found.age;
    candidate
}

fn typed(known: &Known<'_>, rung: Rung) -> Option<Candidate> {
    known.typed.map(|place| entered(rung, place))
}

/// What a person entered.
fn entered(rung: Rung, place: &Arc<Location>) -> Candidate {
    let mut entered = stands(rung, place.grade(), place.is_firm());
    entered.place = Some(Arc::clone(place));
    entered
}

/// The number's address, where it may stand in: a device that asks where it is and was not told may be anywhere.
fn number(known: &Known<'_>) -> Option<Candidate> {
    let place = known.line?.location.as_ref()?;
    if known.line_barred {
        let mut barred = stands(Rung::Number, Grade::None, false);
        barred.why = "lost: the device asks where it is, and no number's address may stand in for such devices";
        return Some(barred);
    }
    Some(entered(Rung::Number, place))
}

fn stands(rung: Rung, grade: Grade, firm: bool) -> Candidate {
    Candidate { rung, grade, firm, place: None, age: Duration::ZERO, why: "" }
}

fn is_of_wiremap(candidate: &Candidate) -> bool {
    matches!(candidate.rung, Rung::Token | Rung::Wiremap | Rung::LastKnown)
}

fn method(ours: &Candidate, found: Option<&Found>) -> Method {
    let is_found = is_of_wiremap(ours) && found.is_some_and(|found| found.grade > Grade::None);
    match found.map(|found| found.rule) {
        _ if ours.place.as_ref().is_none_or(|place| place.default) => Method::Default,
        Some(Some(Rule::Bssid)) if is_found => Method::Wifi,
        Some(_) if is_found => Method::Wiremap,
        _ => Method::Manual,
    }
}

fn caveat(winner: &Candidate, found: Option<&Found>) -> Option<Caveat> {
    let found = found.filter(|_| is_of_wiremap(winner))?;
    match winner.rung {
        Rung::LastKnown => Some(Caveat::Stale),
        _ if found.conflict => Some(Caveat::Conflict),
        _ => found.degraded.then_some(Caveat::Disputed),
    }
}

/// The places of which one may be right.
fn disputed(found: Option<&Found>) -> Vec<Arc<Location>> {
    use crate::record::found::Verdict::{Conflict, Disputed};
    let mut places: Vec<Arc<Location>> = Vec::new();
    for hit in found.iter().flat_map(|found| &found.hits).filter(|hit| matches!(hit.verdict, Conflict | Disputed)) {
        if !places.iter().any(|place| place.id == hit.place.id) {
            places.push(Arc::clone(&hit.place));
        }
    }
    places
}

fn why(candidate: &Candidate, place: usize, winner: usize, some_firm: bool) -> &'static str {
    match (place == winner, candidate.firm) {
        (true, true) if is_of_wiremap(candidate) && candidate.place.is_none() => "won: it names two buildings",
        (true, true) if candidate.grade == Grade::Dispatchable => "won: it names a house number",
        (true, true) if candidate.place.is_some() => "won: it has a shape, and no earlier one names a house number",
        (true, true) => "won: it points at the caller, and no earlier one names a house number or a shape",
        (true, false) => "won: nothing better is known",
        (false, false) if !candidate.why.is_empty() => candidate.why,
        (false, false) if candidate.rung == Rung::LastKnown => "lost: too long ago, and something else is known",
        (false, false) if some_firm => "lost: only a default, and another names a house number, a shape or a reference",
        (false, false) => "lost: another is better or comes first",
        (false, true) => "lost: an earlier one holds",
    }
}
