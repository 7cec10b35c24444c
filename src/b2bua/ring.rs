//! An offer to each target in turn, hedged: the next one starts when the one before is late, and the first that rings
//! or answers has the call (rulings 11).
mod silence;

use super::attempt::{Attempt, Heard};
use super::call::{Call, Leg, Owner, Stage};
use super::core::Core;
use super::early::{self, EarlyDialogs};
use super::headers::Abilities;
use super::reason::{self, ELSEWHERE};
use super::referral::Referral;
use super::story::Decision;
use super::terms::Terms;
use super::{addresses, again, bridge, hangup, intake, ivr, ladder, offer, onward, redirect, told};
use crate::base::now::{Mono, Now, earlier};
use crate::base::private::Private;
use crate::classify::Class;
use crate::fact::{Attempted, Fact, Outcome};
use crate::record::{Number, Trunk};
use crate::routing::health::Health;
use crate::routing::{Targets, Turn, Way};
use crate::sip::flow::Flow;
use crate::sip::message::{Message, Method, Name};
use crate::sip::transaction::ServerId;
use bytes::Bytes;
use core::time::Duration;
use smallvec::SmallVec;
use std::sync::Arc;

pub use silence::{silent, unreachable};

/// How many targets may be open at once.
const OPEN: usize = 2;

/// How long a target may think (RFC 3261 §16.6: more than 3 minutes).
const TIMER_C: Duration = Duration::from_secs(181);

/// How often a waiting caller hears something (RFC 3261 §13.3.1.1).
const PROGRESS: Duration = Duration::from_secs(60);

/// The search for someone who takes the call.
#[derive(Debug)]
pub struct Ring {
    /// The caller's INVITE.
    pub invite: Message,
    /// Its transaction.
    pub server: ServerId,
    /// Where it came from.
    pub flow: Flow,
    /// What was decided.
    pub decision: Box<Decision>,
    /// Those asked so far.
    pub attempts: SmallVec<[Attempt; 1]>,
    /// The next target in the plan.
    pub next: usize,
    /// The attempt that has the call.
    pub winner: Option<u8>,
    /// When the caller hears a provisional response again; `None` for one who has its answer.
    pub progress_at: Option<Mono>,
    /// What trunks want otherwise than we had it, by name.
    terms: Vec<(Arc<str>, Terms)>,
    /// The last refusal.
    pub refusal: Option<Message>,
    /// Why the built-in IVR did not take the call, once it had its turn; 0 while it has it.
    pub own_refusal: Option<u16>,
    /// What a PSAP that transfers the call says of the INVITE.
    pub referral: Option<Box<Referral>>,
    /// The call's own targets, while those of a transfer are asked.
    pub home: Option<Targets>,
    /// For a call back: the emergency call that whoever is called back would make now.
    pub emergency: Option<Box<Decision>>,
    /// For a call back: the words of a phone that answered with a hold.
    pub held: Option<Private<Bytes>>,
    /// For a call back: when the next step begins.
    pub step_at: Option<Mono>,
    /// The caller's early dialogs.
    pub early: EarlyDialogs,
}

impl Ring {
    /// Begins with the plan's first target.
    pub fn new(invite: Message, server: ServerId, flow: Flow, decision: Box<Decision>, now: Now) -> Ring {
        Ring {
            invite,
            server,
            flow,
            decision,
            attempts: SmallVec::new(),
            next: 0,
            winner: None,
            progress_at: Some(now.mono + PROGRESS),
            terms: Vec::new(),
            refusal: None,
            own_refusal: None,
            emergency: None,
            held: None,
            step_at: None,
            referral: None,
            home: None,
            early: EarlyDialogs::default(),
        }
    }

    /// Whether every attempt is over.
    pub fn is_over(&self) -> bool {
        self.attempts.iter().all(|attempt| attempt.over)
    }

    /// The attempt by the nonce of our tag in it, for requests that come in an early dialog.
    pub fn attempt_of(&mut self, nonce: u64) -> Option<&mut Attempt> {
        self.attempts.iter_mut().find(|attempt| attempt.nonce == nonce && !attempt.over)
    }

    /// Whether the caller was told that someone rings.
    pub fn has_rung(&self) -> bool {
        self.attempts.iter().any(|attempt| attempt.heard == Heard::Ringing)
    }

    /// Whether a target rings that has the call.
    pub fn has_winner(&self) -> bool {
        self.winner.is_some()
    }

    /// When something must happen.
    pub fn deadline(&self) -> Option<Mono> {
        let mut next = earlier(self.progress_at, self.step_at);
        for attempt in self.attempts.iter().filter(|attempt| !attempt.over) {
            next = earlier(next, attempt.late_at);
        }
        next
    }

    /// Whether a target on this trunk was asked and has not answered.
    pub fn waits_on(&self, trunk: &Trunk) -> bool {
        self.attempts.iter().any(|attempt| !attempt.over && attempt.trunk.name == trunk.name)
    }

    /// Whether the call is from this number, as its caller or as we show it.
    pub fn is_from(&self, number: &Number) -> bool {
        let shown = self.decision.callback.is_some_and(|shown| shown.number == *number);
        shown || intake::numbers(&self.invite).contains(number)
    }

    /// Whether it is a call back, whose targets ring at the same time.
    pub fn is_ladder(&self) -> bool {
        self.decision.plan.way == Way::Callback
    }

    fn open(&self) -> impl Iterator<Item = (usize, &Attempt)> {
        self.attempts.iter().enumerate().filter(|(_, attempt)| attempt.is_open())
    }

    /// Whether there is another target to ask. Attempts are counted by a byte; no call comes near that.
    pub fn untried(&self) -> bool {
        self.next < self.decision.plan.targets.len() && self.attempts.len() < usize::from(u8::MAX)
    }

    /// Whether it is the built-in IVR's turn.
    fn is_our_turn(&self) -> bool {
        self.own_refusal.is_none()
            && match self.decision.plan.own_ivr {
                Some(Turn::First) => true,
                Some(Turn::Last) => !self.untried() && !self.attempts.iter().any(Attempt::may_answer),
                None => false,
            }
    }

    /// On what terms a trunk takes this call, as far as it has said.
    pub fn terms(&self, trunk: &Trunk) -> Terms {
        let known = self.terms.iter().find(|(name, _)| *name == trunk.name);
        known.map(|(_, terms)| terms.clone()).unwrap_or_default()
    }

    /// Keeps what a trunk's terms have become.
    pub fn agree(&mut self, trunk: &Trunk, terms: Terms) {
        self.terms.retain(|(known, _)| *known != trunk.name);
        self.terms.push((trunk.name.clone(), terms));
    }

    /// Puts a target that we ourselves told to stop back on the list, once nobody is asked who is in time: whoever it was
    /// stopped for has failed meanwhile, and it never refused.
    fn take_back(&mut self) -> bool {
        let is_full = self.attempts.len() >= usize::from(u8::MAX);
        if is_full || self.open().count() >= OPEN || self.open().any(|(_, attempt)| !attempt.passed_over) {
            return false;
        }
        let Some(attempt) = self.attempts.iter_mut().find(|attempt| attempt.may_return()) else {
            return false;
        };
        attempt.again = true;
        let target = self.decision.plan.targets[attempt.place].clone();
        self.decision.plan.targets.push(target);
        true
    }
}

/// Starts the next target. With two open already, the one that has said least makes room. When every target was tried,
/// also those that were stopped for one that failed later, and none may answer any more, the caller is told.
pub fn next(core: &mut Core, call: &mut Call, now: Now) {
    if call.ring.as_deref().is_some_and(Ring::is_ladder) {
        return ladder::next(core, call, now);
    }
    while call.is_seeking() {
        if call.ring.as_deref().is_some_and(Ring::is_our_turn) && ivr::begin(core, call, now) {
            return;
        }
        let Some(ring) = call.ring.as_deref_mut() else { return };
        if !ring.untried() && !ring.take_back() {
            if !ring.attempts.iter().any(Attempt::may_answer) {
                return give_up(core, call, now);
            }
            return let_back_in(core, ring, now);
        }
        if ring.open().count() >= OPEN {
            displace(core, call, now);
        }
        if start(core, call, now) {
            return;
        }
    }
}

/// Takes one of the two open targets out, so that another can start: the one that has said least, then the older. One
/// that has said nothing cannot be cancelled (RFC 3261 §9.1): it is left in peace, and has the call should it ring
/// before anyone else does.
fn displace(core: &mut Core, call: &mut Call, now: Now) {
    let Some(ring) = call.ring.as_deref_mut() else { return };
    let least = ring.open().min_by_key(|(place, attempt)| (attempt.heard, *place)).map(|(place, _)| place);
    let Some(attempt) = least.and_then(|place| ring.attempts.get_mut(place)) else { return };
    attempt.late_at = None;
    if attempt.heard == Heard::Nothing {
        attempt.displaced = true;
        core.layer.quiet(attempt.client);
    } else {
        attempt.cancelled = true;
        core.layer.cancel(now, attempt.client, Some(reason::LATE), &mut core.transmits);
    }
}

/// Nobody is left for whom somebody had to make room: whoever did in silence is asked again. It may be alive, and have
/// lost a datagram.
fn let_back_in(core: &mut Core, ring: &mut Ring, now: Now) {
    for attempt in ring.attempts.iter_mut().filter(|attempt| attempt.displaced && attempt.may_answer()) {
        attempt.displaced = false;
        core.layer.loud(now, attempt.client);
    }
}

/// Sends the INVITE to the plan's next target. `false` when it could not even leave.
pub fn start(core: &mut Core, call: &mut Call, now: Now) -> bool {
    let Some(ring) = call.ring.as_deref_mut() else { return true };
    let place = ring.next;
    let target = ring.decision.plan.targets[place].clone();
    ring.next += 1;
    let peer = target.at.or_else(|| core.cache.target(&target.trunk));
    let flow = peer.and_then(|peer| core.path(&target.trunk, peer, false));
    let (Some(peer), Some(flow)) = (peer, flow) else {
        tell_ended(core, call, &target.trunk, Attempted::Unreachable, 0);
        return false;
    };
    let number = u8::try_from(ring.attempts.len()).unwrap_or(u8::MAX);
    let client = core.layer.reserve(Owner::Attempt(call.key, call.round, number), &mut core.entropy);
    let tag = core.handle(call.key.slot);
    let head = offer::Head { tag, client, flow, cseq: 1 };
    let Some((flow, mut written)) = offer::write_for(core, call, &target, head, peer, now) else {
        // More than any message may have: whoever gets less of it may still take the call.
        core.layer.forget(client);
        tell_ended(core, call, &target.trunk, Attempted::Unreachable, 0);
        return false;
    };
    told::signalled(core, call, &target.trunk, &mut written, now);
    let Some(ring) = call.ring.as_deref_mut() else { return true };
    let trunk = target.trunk.clone();
    ring.attempts.push(Attempt::new(trunk, place, client, tag.nonce, flow, written.sent, now.mono));
    core.layer.start(now, client, flow, written.bytes, &mut core.transmits);
    core.note(call, |call, kind| Fact::AttemptStarted { call, kind, trunk: target.trunk.name.clone() });
    true
}

/// A response to an INVITE of ours.
pub fn heard(core: &mut Core, call: &mut Call, number: u8, response: &Message, now: Now) {
    let code = response.status().unwrap_or(0);
    call.heard_at = now.mono;
    let is_free = call.is_seeking() && call.ring.as_deref().is_some_and(|ring| ring.winner.is_none());
    let Some(attempt) = attempt_mut(call, number) else {
        let flow = call.answerer.as_ref().map(|leg| leg.dialog.flow);
        bridge::late_answer(core, call, flow, response, now);
        return;
    };
    if attempt.over && code >= 300 {
        return;
    }
    // It is there after all, whatever the network said.
    if attempt.over && attempt.unreached && is_free {
        (attempt.over, attempt.unreached) = (false, false);
    }
    if Health::is_alive(code) && !core::mem::replace(&mut attempt.taught.alive, true) {
        let (trunk, peer) = (attempt.trunk.clone(), attempt.flow.peer);
        core.trunk_heard(&trunk, Some(peer), now);
    }
    let is_ladder = is_free && call.ring.as_deref().is_some_and(Ring::is_ladder);
    match code {
        100 => attempt_mut(call, number).into_iter().for_each(trying),
        // One of several forks has ended; that is no ringing (RFC 6228 §4).
        199 => {
            acknowledge_provisional(core, call, number, response, now);
            early::ended(call, number, response);
            attempt_mut(call, number).into_iter().for_each(trying);
        }
        181 | 182 if is_ladder => ladder::diverted(core, call, number, code, now),
        101..=198 if is_ladder => ladder::rings(core, call, number, response, now),
        101..=198 => rings(core, call, number, response, now),
        200..=299 => answers(core, call, number, response, now),
        _ => refuses(core, call, number, response, code, now),
    }
}

fn trying(attempt: &mut Attempt) {
    if attempt.heard == Heard::Nothing {
        attempt.heard = Heard::Trying;
        if attempt.may_answer() {
            let patience = if attempt.is_replaced() { TIMER_C } else { attempt.trunk.no_ring_after };
            attempt.late_at = Some(attempt.started + patience);
        }
    }
}

fn rings(core: &mut Core, call: &mut Call, number: u8, response: &Message, now: Now) {
    let (arrived, is_seeking) = (call.arrived, call.is_seeking());
    let is_new = acknowledge_provisional(core, call, number, response, now);
    let Some(ring) = call.ring.as_deref_mut().filter(|_| is_new) else { return };
    let attempt = &mut ring.attempts[usize::from(number)];
    let first = attempt.heard != Heard::Ringing;
    attempt.heard = Heard::Ringing;
    let (trunk, client, ring_max) = (attempt.trunk.clone(), attempt.client, attempt.trunk.ring_max);
    let has_it = match ring.winner {
        None => is_seeking && attempt.may_answer() && !attempt.rung_out,
        Some(winner) => winner == number,
    };
    if has_it {
        attempt.displaced = false;
        if first {
            attempt.late_at = Some(now.mono + ring_max);
        }
        let new = ring.winner.is_none();
        ring.winner = Some(number);
        ring.progress_at = ring.progress_at.map(|_| now.mono + PROGRESS);
        if new {
            cancel_others(core, call, number, now);
            let after = now.mono.since(arrived);
            if call.onward.is_none() {
                core.note(call, |call, kind| Fact::Ringing { call, kind, trunk: trunk.name.clone(), after });
            }
        }
        bridge::ringing(core, call, number, response, now);
    } else if ring.winner.is_some() || !is_seeking {
        attempt.cancelled = true;
        core.layer.cancel(now, client, Some(ELSEWHERE), &mut core.transmits);
    }
}

/// PRACKs a reliable provisional response, each once and in order (RFC 3262 §4). `false` for one that is to be ignored:
/// a copy, or one that came too early.
pub fn acknowledge_provisional(core: &mut Core, call: &mut Call, number: u8, response: &Message, now: Now) -> bool {
    let key = call.key;
    let Some(early) = attempt_mut(call, number).and_then(|attempt| attempt.early_of(response)) else { return true };
    let reliable = response.has_token(Name::Require, "100rel");
    let (Some(rseq), Some((cseq, _)), true) = (response.number(Name::RSeq), response.cseq(), reliable) else {
        return true;
    };
    if early.rseq.is_some_and(|last| rseq != last.wrapping_add(1)) {
        return false;
    }
    early.rseq = Some(rseq);
    let client = core.layer.reserve(Owner::Own(key), &mut core.entropy);
    let flow = early.dialog.next_hop();
    let mut writer = early.dialog.request(core.buffer(), Method::Prack, client.branch().as_str());
    writer.field(Name::RAck, format!("{rseq} {cseq} INVITE"));
    let bytes = core.finish(writer, None);
    core.layer.start(now, client, flow, bytes, &mut core.transmits);
    true
}

fn answers(core: &mut Core, call: &mut Call, number: u8, response: &Message, now: Now) {
    let is_seeking = call.is_seeking();
    let Some(ring) = call.ring.as_deref_mut() else { return };
    let is_ladder = ring.is_ladder();
    let winner = ring.winner.is_none_or(|winner| winner == number);
    let attempt = &mut ring.attempts[usize::from(number)];
    if core::mem::replace(&mut attempt.over, true) {
        let flow = attempt.flow;
        bridge::late_answer(core, call, Some(flow), response, now);
        return;
    }
    let is_diverted = attempt.cancelled && is_ladder;
    let (trunk, nonce, session) = (attempt.trunk.clone(), attempt.nonce, attempt.sent.session.clone());
    let abilities = match is_ladder {
        true => Abilities::towards_caller(true),
        false => Abilities::towards(attempt.sent.profile, attempt.trunk.transfers),
    };
    let dialog = attempt.confirmed(response);
    if !is_seeking || !winner || is_diverted {
        let reason = if call.stage == Stage::Talking || !winner { ELSEWHERE } else { reason::OVER };
        hangup::release(core, call, dialog, response, reason, now);
        tell_ended(core, call, &trunk, Attempted::Cancelled, 0);
        return;
    }
    let Some(dialog) = dialog else {
        tell_ended(core, call, &trunk, Attempted::Refused, 0);
        next(core, call, now);
        return;
    };
    ring.winner = Some(number);
    cancel_others(core, call, number, now);
    tell_ended(core, call, &trunk, Attempted::Answered, 0);
    let mut leg = Leg::new(dialog, nonce, abilities);
    let offered = session.is_some();
    leg.says(session);
    early::answer(core, call, number, response);
    bridge::answered(core, call, leg, &trunk, offered, response, now);
}

fn refuses(core: &mut Core, call: &mut Call, number: u8, response: &Message, code: u16, now: Now) {
    let Some(ring) = call.ring.as_deref_mut() else { return };
    let attempt = &mut ring.attempts[usize::from(number)];
    let replaced = attempt.is_replaced();
    attempt.over = true;
    let (trunk, peer, cancelled) = (attempt.trunk.clone(), attempt.flow.peer, attempt.cancelled);
    if ring.winner == Some(number) {
        ring.winner = None;
    }
    match (code, response.number(Name::RetryAfter)) {
        (503, Some(retry_after)) => core.trunk_busy(&trunk, Some(peer), retry_after, now),
        (408 | 503, _) => silence::missed(core, call, number, now),
        _ => {}
    }
    if again::asks(core, call, number, response, now) {
        return;
    }
    if !call.is_seeking() || (cancelled && code == 487) {
        tell_ended(core, call, &trunk, Attempted::Cancelled, code);
    } else {
        if let Some(ring) = call.ring.as_deref_mut() {
            ring.refusal = Some(response.clone());
            if !matches!(code, 408 | 503) && !ring.is_ladder() {
                addresses::refused(&mut ring.decision.plan.targets, ring.next, &trunk, call.class);
            }
            if code < 400 && !ring.is_ladder() {
                let from = ring.decision.plan.targets[ring.attempts[usize::from(number)].place].clone();
                redirect::follow(core, ring, &from, call.class, response);
            }
        }
        tell_ended(core, call, &trunk, Attempted::Refused, code);
        if !replaced {
            core.note(call, |call, kind| Fact::Failover { call, kind, from: trunk.name.clone() });
        }
    }
    if !call.is_seeking() || !ladder::asks_twice(core, call, number, code, now) {
        replace(core, call, replaced, now);
    }
}

/// After a refusal the next target starts at once, unless another already rings. Where another was started in its place
/// before, that one has its time first.
fn replace(core: &mut Core, call: &mut Call, replaced: bool, now: Now) {
    let Some(ring) = call.ring.as_deref().filter(|_| call.is_seeking()) else { return };
    if ring.winner.is_none() && !(replaced && ring.open().next().is_some()) {
        next(core, call, now);
    }
}

/// What is due: late targets, and a word to a caller who waits.
pub fn on_time(core: &mut Core, call: &mut Call, now: Now) {
    ladder::on_time(core, call, now);
    loop {
        let is_seeking = call.is_seeking();
        let Some(ring) = call.ring.as_deref_mut().filter(|_| is_seeking) else { return };
        let due = ring
            .attempts
            .iter()
            .position(|attempt| !attempt.over && attempt.late_at.is_some_and(|late_at| late_at <= now.mono));
        let Some(number) = due.and_then(|place| u8::try_from(place).ok()) else { break };
        late(core, call, number, now);
    }
    let Some(ring) = call.ring.as_deref_mut() else { return };
    if ring.progress_at.is_some_and(|at| at <= now.mono) {
        // A target that rings is left to ring, but not for a caller who may have been gone for that long.
        if now.mono.since(call.heard_at) >= core.setup.orphan_max {
            core.note(call, |call, kind| Fact::Orphaned { call, kind });
            return give_up(core, call, now);
        }
        ring.progress_at = Some(now.mono + PROGRESS);
        bridge::progress(core, call, now);
    }
}

fn late(core: &mut Core, call: &mut Call, number: u8, now: Now) {
    let Some(attempt) = attempt_mut(call, number) else { return };
    attempt.late_at = None;
    let (trunk, heard, end) = (attempt.trunk.clone(), attempt.heard, attempt.started + TIMER_C);
    if heard == Heard::Nothing {
        silence::missed(core, call, number, now);
    }
    let Some(ring) = call.ring.as_deref_mut() else { return };
    let (untried, is_ladder) = (ring.untried(), ring.is_ladder());
    let attempt = &mut ring.attempts[usize::from(number)];
    if heard == Heard::Trying && now.mono >= end {
        return give_up_on(core, call, number, now);
    }
    if heard == Heard::Trying {
        attempt.late_at = Some(end);
        if is_ladder {
            return;
        }
    }
    if !untried {
        return let_back_in(core, ring, now);
    }
    attempt.passed_over = true;
    if heard == Heard::Ringing {
        attempt.rung_out = true;
        ring.winner = None;
    }
    core.note(call, |call, kind| Fact::Failover { call, kind, from: trunk.name.clone() });
    next(core, call, now);
}

/// A target that rings is left to ring and one that said nothing has the transaction's own time; one that took the INVITE
/// and never rang gets as long as a proxy would give it (timer C, RFC 3261 §16.6) and no second chance.
fn give_up_on(core: &mut Core, call: &mut Call, number: u8, now: Now) {
    let Some(attempt) = attempt_mut(call, number) else { return };
    (attempt.cancelled, attempt.again) = (true, true);
    core.layer.cancel(now, attempt.client, Some(reason::LATE), &mut core.transmits);
    replace(core, call, true, now);
}

/// Cancels every other attempt, in this instant.
fn cancel_others(core: &mut Core, call: &mut Call, number: u8, now: Now) {
    let Some(ring) = call.ring.as_deref_mut() else { return };
    for (place, attempt) in ring.attempts.iter_mut().enumerate() {
        if place != usize::from(number) && !attempt.over {
            attempt.cancelled = true;
            attempt.late_at = None;
            core.layer.cancel(now, attempt.client, Some(ELSEWHERE), &mut core.transmits);
        }
    }
}

/// Cancels all attempts: the caller hung up.
pub fn cancel_all(core: &mut Core, call: &mut Call, reason: Option<&str>, now: Now) {
    let Some(ring) = call.ring.as_deref_mut() else { return };
    for attempt in ring.attempts.iter_mut().filter(|attempt| !attempt.over) {
        attempt.cancelled = true;
        attempt.late_at = None;
        core.layer.cancel(now, attempt.client, reason, &mut core.transmits);
    }
}

fn attempt_mut(call: &mut Call, number: u8) -> Option<&mut Attempt> {
    call.ring.as_deref_mut()?.attempts.get_mut(usize::from(number))
}

/// Every target was tried. An emergency or crisis caller hears 503 without Retry-After, so that the PBX tries another
/// way; other callers hear what the far end said, as far as it is for them (rulings 1, 10, 19).
pub fn give_up(core: &mut Core, call: &mut Call, now: Now) {
    if call.onward.is_some() {
        return onward::failed(core, call, now);
    }
    let last_code = call.ring.as_deref().and_then(|ring| ring.refusal.as_ref()?.status()).unwrap_or(0);
    let own_refusal = call.ring.as_deref().and_then(|ring| ring.own_refusal);
    let has_targets = call.ring.as_deref().is_some_and(|ring| !ring.attempts.is_empty());
    let code = match (call.class, last_code) {
        // Nobody was there to be asked: the test is busy, or there is none (RFC 6881 ED-77).
        (Class::Test, 0) if !has_targets => own_refusal.unwrap_or(404),
        (Class::Emergency | Class::Crisis, _) | (_, 0..=399 | 401 | 407 | 408 | 420..=439 | 494) => 503,
        (_, code) => code,
    };
    cancel_all(core, call, Some(reason::GIVEN_UP), now);
    hangup::refuse_caller(core, call, code, Outcome::Failed, now);
}

/// Tells what became of an attempt; `code` is that of a refusal.
pub fn tell_ended(core: &mut Core, call: &Call, trunk: &Arc<Trunk>, how: Attempted, code: u16) {
    core.note(call, |call, kind| Fact::AttemptEnded { call, kind, trunk: trunk.name.clone(), how, code });
}
