//! What several network elements make of one place (rulings: finer beats coarser, fresher beats older, and what cannot
//! be settled is said).
use crate::record::found::{Found, Hit, Hits, Verdict};
use crate::record::wiremap::Rule;
use crate::record::{Grade, Location, Organisation};
use core::time::Duration;
use smallvec::SmallVec;
use std::sync::Arc;

/// How much fresher one of two that disagree must be to be believed alone.
pub const FRESHER: Duration = Duration::from_secs(5 * 60);

/// Settles on one place. `building` finds the building's own record. What the hits say of themselves is not looked at,
/// but for an access point that is marked as fainter than another: it is kept for the receipt alone.
///
/// Ports and access points stand above all others; among the others, those of the first rule of the order do. Where
/// those that stand highest disagree within five minutes, the building is all that is sure. Two buildings are a
/// conflict, whatever names them; but a public address is where the traffic of many buildings may leave their common
/// network, so that it contradicts no port and no access point.
pub fn fuse(organisation: &Organisation, mut hits: Hits, building: impl Fn(&str) -> Option<Arc<Location>>) -> Found {
    let (order, windows) = (organisation.wiremap_order, organisation.windows);
    hits.sort_by_key(|hit| (!hit.rule.is_fine(), order.place(hit.rule), hit.age));
    for hit in hits.iter_mut().filter(|hit| hit.verdict != Verdict::Fainter) {
        hit.verdict = if hit.age > windows.of(hit.rule) { Verdict::Stale } else { Verdict::Order };
    }
    let Some(first) = hits.iter().find(|hit| is_live(hit)).cloned() else { return last_known(hits) };
    pass_over_exits(&mut hits);
    let live = || hits.iter().filter(|hit| is_live(hit));
    let age = live().map(|hit| hit.age).min().unwrap_or_default();
    if live().any(|hit| hit.place.building != first.place.building) {
        hits.iter_mut().filter(|hit| is_live(hit)).for_each(|hit| hit.verdict = Verdict::Conflict);
        return Found { grade: Grade::BestAvailable, age, conflict: true, hits, ..Found::default() };
    }
    // Ports and access points, else what the first rule says.
    let is_high =
        |hit: &Hit| is_live(hit) && if first.rule.is_fine() { hit.rule.is_fine() } else { hit.rule == first.rule };
    let high: SmallVec<[(usize, Hit); 4]> = hits.iter().cloned().enumerate().filter(|(_, hit)| is_high(hit)).collect();
    let is_late = |hit: &Hit| {
        high.iter().any(|(_, other)| hit.age.saturating_sub(other.age) >= FRESHER && !agree(&hit.place, &other.place))
    };
    let contenders = || high.iter().filter(|(_, hit)| !is_late(hit));
    let is_disputed = contenders().any(|(_, one)| contenders().any(|(_, other)| !agree(&one.place, &other.place)));
    let closest = contenders().rev().max_by_key(|(_, hit)| exactness(&hit.place));
    let winner = closest.filter(|_| !is_disputed);
    for (at, hit) in hits.iter_mut().enumerate().filter(|(_, hit)| is_live(hit)) {
        hit.verdict = match winner {
            Some((won, _)) if at == *won => Verdict::Won,
            Some((_, winner)) if lies_in(&winner.place, &hit.place) => Verdict::Agrees,
            _ if is_high(hit) && is_late(hit) => Verdict::Older,
            None if is_high(hit) => Verdict::Disputed,
            _ if first.rule.is_fine() => Verdict::Coarser,
            _ => Verdict::Order,
        };
    }
    match winner {
        Some((_, winner)) => won(winner.clone(), hits),
        None => {
            let place = building(&first.place.building);
            let grade = place.as_deref().map_or(Grade::BestAvailable, Location::grade);
            let age = contenders().map(|(_, hit)| hit.age).min().unwrap_or(age);
            Found { place, grade, age, degraded: true, hits, ..Found::default() }
        }
    }
}

/// Marks the public addresses of buildings that no port and no access point names, where there is one.
fn pass_over_exits(hits: &mut Hits) {
    let fine = |hit: &&Hit| hit.rule.is_fine() && is_live(hit);
    let named: SmallVec<[Arc<str>; 4]> = hits.iter().filter(fine).map(|hit| Arc::clone(&hit.place.building)).collect();
    let is_exit = |hit: &Hit| hit.rule == Rule::Public && is_live(hit) && !named.contains(&hit.place.building);
    for hit in hits.iter_mut().filter(|hit| !named.is_empty() && is_exit(hit)) {
        hit.verdict = Verdict::Exit;
    }
}

/// Nothing is within its window: where the device was last.
fn last_known(mut hits: Hits) -> Found {
    let stale = hits.iter().enumerate().filter(|(_, hit)| hit.verdict == Verdict::Stale);
    let Some((at, last)) = stale.min_by_key(|(_, hit)| hit.age).map(|(at, hit)| (at, hit.clone())) else {
        return Found { hits, ..Found::default() };
    };
    hits[..=at].rotate_right(1);
    Found {
        place: Some(last.place),
        grade: Grade::Stale,
        rule: Some(last.rule),
        age: last.age,
        hits,
        ..Found::default()
    }
}

fn won(winner: Hit, mut hits: Hits) -> Found {
    if let Some(at) = hits.iter().position(|hit| hit.verdict == Verdict::Won) {
        hits[..=at].rotate_right(1);
    }
    let grade = winner.place.grade();
    Found { place: Some(winner.place), grade, rule: Some(winner.rule), age: winner.age, hits, ..Found::default() }
}

fn is_live(hit: &Hit) -> bool {
    !matches!(hit.verdict, Verdict::Stale | Verdict::Fainter | Verdict::Exit)
}

/// Whether two places can both be right: they are one, or one lies in the other.
fn agree(one: &Location, other: &Location) -> bool {
    one.id == other.id || one.building == other.building && (lies_in(one, other) || lies_in(other, one))
}

fn lies_in(inner: &Location, outer: &Location) -> bool {
    outer.civic.elements().all(|(element, value)| inner.civic.value(element) == Some(value))
}

/// How closely a place is named.
fn exactness(place: &Location) -> usize {
    place.civic.elements().count()
}
