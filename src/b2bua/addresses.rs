//! A trunk that has several addresses is as many targets (RFC 3263 §4.3).
//!
//! They are asked in the order that DNS gives them, each by the rules that hold for all targets, before the next trunk
//! is; those that are known to be dead go behind everyone who is not, as dead trunks do.
use super::core::Core;
use crate::base::now::Now;
use crate::classify::Class;
use crate::record::Trunk;
use crate::routing::Targets;

/// How many addresses of one trunk are asked in a row. A second each is what a caller waits for when all are silent;
/// the others have their turn when every other target had its.
const MOST_IN_A_ROW: usize = 4;

/// The most targets of one call that trunks with many addresses may fill.
const MOST_TARGETS: usize = 96;

/// When a target is asked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    InOrder,
    AfterOthers,
    Dead,
}

/// Puts the addresses of trunks in the place of the trunks. A plan of trunks with one address each stays as it is.
pub fn spread(core: &Core, targets: &mut Targets, now: Now) {
    let each = MOST_TARGETS / targets.len().max(1);
    if !targets.iter().any(|target| core.cache.has_many(&target.trunk)) {
        return;
    }
    let mut turns = Vec::with_capacity(targets.len() * 2);
    for target in targets.drain(..) {
        let addresses = core.cache.addresses(&target.trunk);
        if addresses.len() < 2 {
            let turn = if core.is_dead(&target.trunk, now) { Turn::Dead } else { Turn::InOrder };
            turns.push((turn, target));
            continue;
        }
        let mut alive = 0;
        for address in addresses.into_iter().take(each.max(1)) {
            let is_dead = core.is_dead_at(&target.trunk, address, now);
            alive += usize::from(!is_dead);
            let turn = match (is_dead, alive) {
                (true, _) => Turn::Dead,
                (false, ..=MOST_IN_A_ROW) => Turn::InOrder,
                (false, _) => Turn::AfterOthers,
            };
            let mut one = target.clone();
            one.at = Some(address);
            turns.push((turn, one));
        }
    }
    // Stable: the order within each turn stays.
    turns.sort_by_key(|(turn, _)| *turn);
    targets.extend(turns.into_iter().map(|(_, target)| target));
}

/// A trunk has refused a call at one address. Its other addresses lead to the same network, which has made up its mind:
/// an emergency call asks everybody else first, and no other call asks them at all (RFC 3263 §4.3 goes on after 503,
/// silence and what could not be delivered alone).
pub fn refused(targets: &mut Targets, next: usize, trunk: &Trunk, class: Class) {
    let Some(untried) = targets.get_mut(next..) else { return };
    let is_sibling = |target: &crate::routing::Target| target.at.is_some() && target.trunk.name == trunk.name;
    untried.sort_by_key(is_sibling);
    if class == Class::Other {
        let others = untried.partition_point(|target| !is_sibling(target));
        targets.truncate(next + others);
    }
}
