//! A call that talks is brought to somebody else by us, while its caller stays.
//!
//! That is so when its PSAP transfers it (RFC 3515), and when its PSAP has lost it: then that one is asked once more, and
//! after it everyone else who would have been (rulings 7, 18). Whoever takes it is asked as any target is, with the
//! INVITE that began the call and the caller's session of now; then the caller is offered the new session, see
//! [`super::takeover`]. Until the caller has it, the call stays where it was.
use super::call::{Call, Leg, Side, Stage};
use super::core::Core;
use super::midcall::notify::{SPAN_SECS, Subscription};
use super::referral::Referral;
use super::takeover::{self, Former};
use super::{bridge, hangup, reason, ring};
use crate::base::now::{Mono, Now};
use crate::classify::Class;
use crate::fact::Fact;
use crate::record::Trunk;
use crate::routing::{Target, Targets};
use crate::sdp::{self, Holds};
use crate::sip::message::{Message, Name};
use bytes::Bytes;
use core::time::Duration;
use std::sync::Arc;

/// A call on its way to somebody else.
#[derive(Debug)]
pub struct Onward {
    /// The transfer that it is; `None`: its far end has lost it.
    transfer: Option<Transfer>,
    /// When the asking ends.
    until: Option<Mono>,
}

/// A transfer that was asked for.
#[derive(Debug)]
struct Transfer {
    /// Where its progress is told.
    subscription: Option<Subscription>,
    /// Whether who asked has hung up.
    alone: bool,
}

impl Onward {
    /// When the asking ends.
    pub const fn deadline(&self) -> Option<Mono> {
        self.until
    }
}

/// Carries a transfer out that the far end has asked for.
pub fn transfer(
    core: &mut Core,
    call: &mut Call,
    targets: Targets,
    referral: Referral,
    subscription: Option<Subscription>,
    now: Now,
) {
    let until = Some(now.mono + Duration::from_secs(SPAN_SECS));
    let Some(first) = targets.first().map(|target| Arc::clone(&target.trunk)) else { return };
    core.note(call, |call, kind| Fact::TransferBegun { call, kind, trunk: first.name.clone() });
    // One who lingers after an earlier transfer need not wait for this one.
    if let Some(former) = call.former.as_mut().filter(|former| former.bye_at.is_some()) {
        former.bye_at = Some(now.mono);
        takeover::on_time(core, call, now);
    }
    call.onward = Some(Box::new(Onward { transfer: Some(Transfer { subscription, alone: false }), until }));
    tell(core, call, 100, now);
    seek(core, call, Some(targets), Some(referral), now);
}

/// A side has no such dialog any more. A far end that has lost an emergency call is asked again, once in a call, and
/// after it those who would have been asked next; the caller stays. Every other call is over.
pub fn lost(core: &mut Core, call: &mut Call, side: Side, now: Now) {
    let is_far_end = side == Side::Answerer;
    if is_far_end && (takeover::outlives_old(core, call, now) || outlives_old(core, call, now)) {
        return;
    }
    let is_settled = call.stage == Stage::Talking && !call.is_unanswered();
    let may_return = call.class == Class::Emergency && !call.recovered && call.may_be_brought();
    if is_far_end && is_settled && may_return {
        hangup::refuse_pending(core, call, now);
        bring_back(core, call, now);
    } else {
        hangup::dialog_gone(core, call, side, now);
    }
}

/// Asks the far end once more that had the call last, and those who would have been asked after it.
fn bring_back(core: &mut Core, call: &mut Call, now: Now) {
    let Some(trunk) = call.trunk.clone() else { return hangup::dialog_gone(core, call, Side::Answerer, now) };
    call.recovered = true;
    core.note(call, |call, kind| Fact::FarEndLost { call, kind, trunk: trunk.name.clone() });
    call.onward = Some(Box::new(Onward { transfer: None, until: None }));
    seek(core, call, None, None, now);
}

/// Begins to ask; without targets of its own those of the call, the one that had it last before all others.
fn seek(core: &mut Core, call: &mut Call, targets: Option<Targets>, referral: Option<Referral>, now: Now) {
    let session = offer_of(call);
    let is_lost = targets.is_none();
    let Some(mut ring) = call.reopened(core, session.as_ref(), now) else { return failed(core, call, now) };
    match (targets, call.trunk.as_ref()) {
        (Some(targets), _) => {
            ring.home = Some(core::mem::replace(&mut ring.decision.plan.targets, targets));
        }
        (None, Some(trunk)) => again_first(&mut ring.decision.plan.targets, trunk),
        (None, None) => {}
    }
    ring.referral = referral.map(Box::new);
    call.ring = Some(Box::new(ring));
    call.round = call.round.wrapping_add(1);
    if is_lost {
        move_out(core, call, now);
    }
    ring::next(core, call, now);
}

/// What the caller offers now: its last words, without the hold of a far end that transfers it.
fn offer_of(call: &Call) -> Option<Bytes> {
    let left = || call.former.as_ref().and_then(|former| former.leg.said.as_ref().map(|said| said.expose()));
    let said = call.said_to(Side::Answerer).or_else(left)?;
    if sdp::holds(said, None) == Holds::No { Some(said.clone()) } else { sdp::opened(said) }
}

/// The list once more, a trunk's addresses before all others, each of them once.
fn again_first(targets: &mut Targets, trunk: &Arc<Trunk>) {
    let mut seen: Vec<(Arc<str>, Option<core::net::SocketAddr>)> = Vec::new();
    targets.retain(|target| {
        let one = (Arc::clone(&target.trunk.name), target.at);
        let is_new = !seen.contains(&one);
        seen.push(one);
        is_new
    });
    if !targets.iter().any(|target| target.trunk.name == trunk.name) {
        targets.push(Target { trunk: Arc::clone(trunk), at: None, dial: None, rung: None, with_default: false });
    }
    targets.sort_by_key(|target| target.trunk.name != trunk.name);
}

/// The far end that had the call is in it no more: its dialog stays for a BYE and for news of its transfer.
fn move_out(core: &mut Core, call: &mut Call, now: Now) {
    if let Some(leg) = call.answerer.take() {
        takeover::leave(core, call, Former { leg: Box::new(leg), bye_at: None }, now);
    }
}

/// A target rings.
pub fn ringing(core: &mut Core, call: &mut Call, response: &Message, now: Now) {
    if let Some(code) = response.status() {
        tell(core, call, code, now);
    }
}

/// A target has answered: the caller is offered its session.
pub fn answered(
    core: &mut Core,
    call: &mut Call,
    mut leg: Leg,
    trunk: &Arc<Trunk>,
    offered: bool,
    response: &Message,
    now: Now,
) {
    if offered {
        bridge::acknowledge_in(core, &mut leg, None);
    }
    takeover::join(core, call, Arc::clone(trunk), leg, bridge::session_of(response), now);
}

/// The caller has the new session: the call is with the new far end.
pub fn taken(core: &mut Core, call: &mut Call, now: Now) {
    let Some(trunk) = call.trunk.clone() else { return };
    let is_transfer = call.onward.as_ref().is_some_and(|onward| onward.transfer.is_some());
    if let Some(Transfer { subscription: Some(mut subscription), .. }) = call.onward.take().and_then(|it| it.transfer)
        && let Some(former) = call.former.as_mut()
    {
        subscription.tell(core, call.key, &mut former.leg.dialog, 200, now);
    }
    core.note(call, |call, kind| match is_transfer {
        true => Fact::Transferred { call, kind, trunk: trunk.name.clone() },
        false => Fact::BroughtBack { call, kind, trunk: trunk.name.clone() },
    });
}

/// The caller did not take the session of the one who has answered.
pub fn not_taken(core: &mut Core, call: &mut Call, code: u16, now: Now) {
    end(core, call, code, now);
}

/// Nobody who was asked takes the call: it stays where it was. With nobody there any more it is brought back.
pub fn failed(core: &mut Core, call: &mut Call, now: Now) {
    let refusal = call.ring.as_deref().and_then(|ring| ring.refusal.as_ref()?.status());
    // What a target wants of its own client is no concern of who has transferred (rulings 19).
    let code = refusal.filter(|code| !matches!(code, 0..=399 | 401 | 407 | 421 | 422 | 424 | 494)).unwrap_or(503);
    end(core, call, code, now);
}

fn end(core: &mut Core, call: &mut Call, code: u16, now: Now) {
    ring::cancel_all(core, call, Some(reason::GIVEN_UP), now);
    tell(core, call, code, now);
    let was_transfer = call.onward.take().is_some_and(|onward| onward.transfer.is_some());
    if was_transfer {
        core.note(call, |call, kind| Fact::TransferFailed { call, kind, code });
    }
    match (call.answerer.is_some(), was_transfer) {
        (true, _) => {}
        (false, true) => bring_back(core, call, now),
        (false, false) => hangup::dialog_gone(core, call, Side::Answerer, now),
    }
}

/// The far end leaves while the call is on its way to another. `false` when it is on no way.
pub fn outlives_old(core: &mut Core, call: &mut Call, now: Now) -> bool {
    let Some(transfer) = call.onward.as_mut().and_then(|onward| onward.transfer.as_mut()) else { return false };
    transfer.alone = true;
    hangup::refuse_pending(core, call, now);
    move_out(core, call, now);
    true
}

/// The call ends: whoever is asked is told, and whoever waits for news of a transfer.
pub fn abandon(core: &mut Core, call: &mut Call, now: Now) {
    if call.onward.is_some() {
        ring::cancel_all(core, call, Some(reason::OVER), now);
        tell(core, call, 487, now);
        call.onward = None;
    }
    if let Some(former) = call.former.as_mut()
        && former.bye_at.take().is_some()
    {
        hangup::goodbye(core, call.key, &mut former.leg.dialog, Some(reason::OVER), now);
    }
}

/// What is due: the end of the asking.
pub fn on_time(core: &mut Core, call: &mut Call, now: Now) {
    let is_due = call.onward.as_ref().and_then(|onward| onward.until).is_some_and(|until| until <= now.mono);
    if is_due && call.is_seeking() && call.stage == Stage::Talking {
        end(core, call, 408, now);
    } else if is_due && let Some(onward) = call.onward.as_mut() {
        onward.until = None;
    }
}

/// Whether a SUBSCRIBE of the far end is for news of its transfer.
pub fn is_subscribed(call: &Call, subscribe: &Message) -> bool {
    let transfer = call.onward.as_ref().and_then(|onward| onward.transfer.as_ref());
    let subscription = transfer.filter(|transfer| !transfer.alone).and_then(|transfer| transfer.subscription.as_ref());
    subscription.is_some_and(|subscription| subscription.is_meant(subscribe))
}

/// How long that subscription has left when this SUBSCRIBE is granted, in seconds; none when it ends it.
pub fn left_secs(call: &Call, subscribe: &Message, now: Now) -> u64 {
    let left = call.onward.as_ref().and_then(|onward| onward.until).map_or(0, |until| until.since(now.mono).as_secs());
    if subscribe.number(Name::Expires) == Some(0) { 0 } else { left.max(1) }
}

/// Tells the last status of a transfer again, with so many seconds left.
pub fn tell_again(core: &mut Core, call: &mut Call, left_secs: u64, now: Now) {
    let key = call.key;
    let Some(transfer) = call.onward.as_mut().and_then(|onward| onward.transfer.as_mut()) else { return };
    if let (Some(subscription), Some(leg)) = (transfer.subscription.as_ref(), call.answerer.as_mut()) {
        subscription.repeat(core, key, &mut leg.dialog, left_secs, now);
    }
    if left_secs == 0 {
        transfer.subscription = None;
    }
}

/// Tells who has transferred how it goes.
fn tell(core: &mut Core, call: &mut Call, code: u16, now: Now) {
    let key = call.key;
    let Some(transfer) = call.onward.as_mut().and_then(|onward| onward.transfer.as_mut()) else { return };
    let leg = match transfer.alone {
        false => call.answerer.as_mut(),
        true => call.former.as_mut().map(|former| &mut *former.leg),
    };
    if let (Some(subscription), Some(leg)) = (transfer.subscription.as_mut(), leg) {
        subscription.tell(core, key, &mut leg.dialog, code, now);
    }
}
