//! How a call back rings: in steps, the earlier ones left ringing, until the first answers (rulings 14). Nobody is
//! followed who sends it elsewhere: whoever dials an emergency number is to be reached, and no queue and no voicemail.
use super::attempt::Attempt;
use super::call::Call;
use super::core::Core;
use super::reason::ELSEWHERE;
use super::ring::{self, Ring};
use super::{bridge, ring::acknowledge_provisional};
use crate::base::now::Now;
use crate::fact::Fact;
use crate::routing::{Second, Target};
use crate::sip::message::Message;

/// The next step begins, unless somebody of those before may still ring in its time.
pub fn next(core: &mut Core, call: &mut Call, now: Now) {
    let waits = |attempt: &Attempt| attempt.may_answer() && !attempt.passed_over;
    if call.ring.as_deref().is_some_and(|ring| !ring.attempts.iter().any(waits)) {
        step(core, call, now);
    }
}

/// What is due: the next step, while those before go on ringing.
pub fn on_time(core: &mut Core, call: &mut Call, now: Now) {
    if call.is_seeking() && call.ring.as_deref().is_some_and(|ring| ring.step_at.is_some_and(|at| at <= now.mono)) {
        step(core, call, now);
    }
}

fn step(core: &mut Core, call: &mut Call, now: Now) {
    let span = core.cache.snapshot.load().callbacks.step;
    while let Some(step) = call.ring.as_deref().and_then(next_step) {
        let mut has_begun = false;
        while call.ring.as_deref().and_then(next_step) == Some(step) {
            has_begun |= ring::start(core, call, now);
        }
        if has_begun {
            if let Some(ring) = call.ring.as_deref_mut() {
                ring.step_at = ring.untried().then(|| now.mono + span);
            }
            return;
        }
    }
    let Some(ring) = call.ring.as_deref_mut() else { return };
    ring.step_at = None;
    if !ring.attempts.iter().any(Attempt::may_answer) {
        ring::give_up(core, call, now);
    }
}

/// The step of the next target.
fn next_step(ring: &Ring) -> Option<u8> {
    let target = ring.decision.plan.targets.get(ring.next).filter(|_| ring.untried())?;
    Some(target.rung.as_ref().map_or(0, |rung| rung.step))
}

/// Somebody rings. Whoever calls back hears one ringing, whoever rings: which dialog it will be is known when one
/// answers.
pub fn rings(core: &mut Core, call: &mut Call, number: u8, response: &Message, now: Now) {
    if !acknowledge_provisional(core, call, number, response, now) {
        return;
    }
    let arrived = call.arrived;
    let Some(ring) = call.ring.as_deref_mut() else { return };
    let is_first = !ring.has_rung();
    let Some(attempt) = ring.attempts.get_mut(usize::from(number)) else { return };
    attempt.heard = super::attempt::Heard::Ringing;
    attempt.late_at = None;
    let trunk = attempt.trunk.name.clone();
    if is_first {
        core.note(call, |call, kind| Fact::Ringing { call, kind, trunk, after: now.mono.since(arrived) });
        bridge::progress(core, call, now);
    }
}

/// Asks somebody who refuses a second time, and more urgently: a phone that does not want to be disturbed may let that
/// through. `false` for one who has been, who may not be, or whose refusal says that nobody is there.
pub fn asks_twice(core: &mut Core, call: &mut Call, number: u8, code: u16, now: Now) -> bool {
    let Some(ring) = call.ring.as_deref_mut().filter(|ring| ring.is_ladder() && ring.winner.is_none()) else {
        return false;
    };
    let refuses = matches!(code, 181 | 182 | 300..=399 | 480 | 486 | 600 | 603);
    let place = ring.attempts.get(usize::from(number)).map(|attempt| attempt.place);
    let target = place.and_then(|place| ring.decision.plan.targets.get_mut(place)).filter(|_| refuses);
    let Some(again) = target.and_then(again) else { return false };
    ring.decision.plan.targets.insert(ring.next, again);
    ring::start(core, call, now)
}

/// A target for its second time, once.
fn again(target: &mut Target) -> Option<Target> {
    let rung = target.rung.as_mut().filter(|rung| rung.second == Second::Due)?;
    rung.second = Second::Now;
    let second = target.clone();
    target.rung.iter_mut().for_each(|rung| rung.second = Second::Never);
    Some(second)
}

/// The exchange forwards the call or puts it into a queue (RFC 3261 §21.1.3, §21.1.4): whoever answers there is not who
/// called.
pub fn diverted(core: &mut Core, call: &mut Call, number: u8, code: u16, now: Now) {
    let Some(ring) = call.ring.as_deref_mut() else { return };
    let Some(attempt) = ring.attempts.get_mut(usize::from(number)).filter(|attempt| attempt.may_answer()) else {
        return;
    };
    (attempt.cancelled, attempt.again, attempt.late_at) = (true, true, None);
    let trunk = attempt.trunk.name.clone();
    core.layer.cancel(now, attempt.client, Some(ELSEWHERE), &mut core.transmits);
    core.note(call, |call, kind| Fact::Diverted { call, kind, trunk });
    if !asks_twice(core, call, number, code, now) {
        next(core, call, now);
    }
}
