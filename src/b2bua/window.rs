//! The window of an emergency call: the number that is lent to its caller, and what a call back needs.
use super::call::Call;
use super::core::{Core, Wake};
use super::story::Decision;
use crate::base::id::Handle;
use crate::base::now::Now;
use crate::cache::leases::{Change, Opening};
use crate::callback::Shown;
use crate::classify::Class;
use crate::fact::Fact;
use crate::record::{Caller, Holder, Number, Profile, Site};
use crate::routing::Way;
use core::time::Duration;
use smallvec::SmallVec;
use std::sync::Arc;

/// How often windows that are over are forgotten and the free numbers counted.
const EVERY: Duration = Duration::from_secs(60);
/// The same while there are more of them than are looked at in one go.
const SOON: Duration = Duration::from_millis(20);

/// Opens the window of an emergency call before its first INVITE leaves, and settles which number it shows.
pub fn open(core: &mut Core, call: &mut Call, now: Now) {
    let Some(ring) = call.ring.as_deref_mut().filter(|_| call.class == Class::Emergency) else { return };
    let decision = &mut ring.decision;
    if !decision.reach.is_trusted || call.holder.is_some() {
        return;
    }
    let terms = core.cache.snapshot.load().callbacks;
    let (opening, holder) = opening(decision, &call.source, call.token);
    let wanted = decision.callback.filter(|shown| shown.origin.is_lent());
    let (lent, change) = core.cache.leases.open(opening, &terms, now.mono);
    if let Some(Shown { origin, .. }) = wanted {
        decision.callback = match lent {
            Some(number) => Some(Shown { number, origin }),
            None => decision.reach.unleased,
        };
        decision.reach.missed_the_pool |= lent.is_none();
    }
    call.holder = change.is_some().then_some(holder);
    keep(core, change, now);
    tell(core, call, now);
}

/// Tells what became of the site's pool by this call.
fn tell(core: &mut Core, call: &Call, now: Now) {
    let Some(decision) = call.ring.as_deref().map(|ring| &ring.decision) else { return };
    let site = &decision.site;
    if decision.reach.missed_the_pool {
        core.note(call, |call, kind| Fact::CallbackPoolEmpty { call, kind, site: site.id.clone() });
    }
    if decision.callback.is_none_or(|shown| !shown.origin.is_lent()) {
        return;
    }
    core.note(call, |call, kind| Fact::NumberLent { call, kind, site: site.id.clone() });
    let terms = core.cache.snapshot.load().callbacks;
    let (free, size) = count(core, site, now);
    let is_new = decision.callback.is_some_and(|shown| decision.reach.offer.held != Some(shown.number));
    let least = size * usize::from(terms.low_percent) / 100;
    if is_new && free == least {
        core.facts.push(Fact::CallbackPoolLow { site: site.id.clone(), free, size });
    }
}

fn opening(decision: &Decision, source: &Arc<str>, token: Handle) -> (Opening, Holder) {
    let place = decision.located.stands_at();
    let holder = decision.reach.holder.clone().unwrap_or_else(|| Holder::call(token));
    let targets = decision.plan.targets.iter();
    let caller = Caller {
        holder: holder.clone(),
        organisation: decision.site.organisation.clone(),
        site: decision.site.id.clone(),
        source: source.clone(),
        line: decision.line.as_ref().map(|line| line.number),
        shown: decision.number,
        device: decision.device.as_ref().map(|device| device.id.clone()),
        contact: decision.reach.contact.clone(),
        place: place.map(|place| place.id.clone()),
        asked: targets.clone().map(|target| target.trunk.name.clone()).take(4).collect(),
    };
    let is_legacy = |target: &&crate::routing::Target| target.trunk.profile == Profile::Legacy;
    let legacy = targets.filter(is_legacy).filter(|_| decision.plan.way != Way::Gateway);
    let elin = legacy.clone().next().and_then(|_| place.and_then(|place| place.elin));
    let mut shared: SmallVec<[Number; 2]> = legacy.filter_map(|target| target.trunk.number_on_record).take(2).collect();
    let known = [decision.callback.filter(|shown| !shown.origin.is_lent()), decision.reach.unleased];
    for number in known.into_iter().flatten().map(|shown| shown.number) {
        if !shared.contains(&number) {
            shared.push(number);
        }
    }
    let lend = decision.callback.filter(|shown| shown.origin.is_lent()).map(|shown| shown.number);
    (Opening { caller, token, lend, elin, shared }, holder)
}

/// A call that has to do with a window is over. `hung_up_soon`: its caller may have misdialled.
pub fn ended(core: &mut Core, call: &mut Call, hung_up_soon: bool, now: Now) {
    let Some(holder) = call.holder.take() else { return };
    let terms = core.cache.snapshot.load().callbacks;
    let change = core.cache.leases.ends(&holder, hung_up_soon, &terms, now.mono);
    keep(core, change, now);
}

/// A call back begins: the window of who is called stays open as long as it lasts.
pub fn begins(core: &mut Core, call: &mut Call, holder: Option<Holder>, now: Now) {
    if let Some(holder) = holder {
        let change = core.cache.leases.begins(&holder, now.mono);
        keep(core, change, now);
        call.holder = Some(holder);
    }
}

fn keep(core: &mut Core, change: Option<Change>, now: Now) {
    core.changes.extend(change);
    schedule(core, EVERY, now);
}

fn schedule(core: &mut Core, wait: Duration, now: Now) {
    if !core.windows_due && !core.cache.leases.is_empty() {
        core.windows_due = true;
        core.wheel.schedule(now.mono + wait, Wake::Windows);
    }
}

/// Forgets windows that are over, some at a time: calls wait for it.
pub fn on_time(core: &mut Core, now: Now) {
    core.windows_due = false;
    let (gone, has_more) = core.cache.leases.expire(now.mono);
    let mut sites: Vec<Arc<str>> = gone.iter().map(|(_, site)| site.clone()).collect();
    core.changes.extend(gone.into_iter().map(|(change, _)| change));
    sites.sort_unstable();
    sites.dedup();
    let snapshot = core.cache.snapshot.load_full();
    for site in sites.iter().filter_map(|id| snapshot.site(id)) {
        count(core, site, now);
    }
    schedule(core, if has_more { SOON } else { EVERY }, now);
}

/// Counts the free numbers of all pools: at the start and when the world is replaced.
pub fn configure(core: &mut Core, now: Now) {
    let snapshot = core.cache.snapshot.load_full();
    for site in snapshot.sites.values().filter(|site| !site.pool.is_empty()) {
        count(core, site, now);
    }
    schedule(core, EVERY, now);
}

/// The free numbers of a site's pool, and all of them.
fn count(core: &mut Core, site: &Site, now: Now) -> (usize, usize) {
    let (free, size) = (core.cache.leases.free(&site.pool, now.mono), site.pool.len());
    core.facts.push(Fact::CallbackPool { site: site.id.clone(), free, size });
    (free, size)
}
