//! The story of a call, told with the world and the health of trunks as they are now.
use super::addresses;
use super::core::Core;
use super::intake::Asked;
use super::story::{self, Decision, View};
use crate::base::now::{Now, Wall};
use crate::base::private::Private;
use crate::cache::whereabouts::LOCATION_PATH;
use crate::cache::{Named, Snapshot};
use crate::record::{Rung, Trunk};
use std::sync::Arc;

const DAY_MILLIS: u64 = 24 * 60 * 60 * 1000;

/// Decides a call. `None` only when its source's site is not configured at all.
pub fn decide(core: &mut Core, now: Now, snapshot: &Snapshot, asked: &Asked) -> Option<Box<Decision>> {
    let mut decision = foresee(core, now, snapshot, asked)?;
    decision.location_uri = location_uri(core, now, snapshot, &decision);
    Some(decision)
}

/// The same for a call that nobody makes now: no location URI is given out for it.
pub fn foresee(core: &mut Core, now: Now, snapshot: &Snapshot, asked: &Asked) -> Option<Box<Decision>> {
    let chance = core.entropy.bits();
    let is_dead = |trunk: &Trunk| core.is_dead(trunk, now);
    let view = View {
        cache: &core.cache,
        snapshot,
        is_dead: &is_dead,
        clock: &*core.clock,
        mono: now.mono,
        wall: now.wall,
        chance,
    };
    let mut decision = story::advance(&view, asked)?;
    addresses::spread(core, &mut decision.plan.targets, now);
    Some(decision)
}

/// A location URI for the call's device, where the wiremap tells its place and one of the call's trunks wants a URI. It
/// holds for a day, the longest that is usual (RFC 5985 §6.5.2): longer than any call back.
fn location_uri(core: &mut Core, now: Now, snapshot: &Snapshot, decision: &Decision) -> Option<Private<Box<str>>> {
    let mut trunks = decision.plan.targets.iter().map(|target| &target.trunk);
    let url = snapshot.location_url.as_deref().filter(|_| trunks.any(|trunk| trunk.conveyance.wants_reference()))?;
    let device = decision.device.as_ref().filter(|device| core.cache.whereabouts(&device.id).is_some())?;
    let is_found = decision.located.candidates.iter().any(|one| matches!(one.rung, Rung::Token | Rung::Wiremap));
    let organisation = Arc::clone(&decision.site.organisation);
    let expires = Wall::from_millis(now.wall.as_millis() + DAY_MILLIS);
    let named = Named { device: Arc::clone(&device.id), organisation, expires };
    let token = is_found.then(|| core.cache.issue(named, &mut core.entropy))?;
    Some(Private::new([url, LOCATION_PATH, &token].concat().into()))
}
