//! An offer to each target in turn, hedged: the next one starts when the one before is late, and the first that rings
//! or answers has the call (rulings 11).
use super::call::{Call, Leg, Owner, Stage};
use super::core::{Core, DATAGRAM_BYTES};
use super::story::Decision;
use super::{bridge, hangup, intake, offer};
use crate::base::id::Handle;
use crate::base::now::{Mono, Now};
use crate::classify::Class;
use crate::fact::{Attempted, Fact, Outcome};
use crate::record::trunk::Carrier;
use crate::record::{Number, Trunk};
use crate::routing::Target;
use crate::sip::dialog::Dialog;
use crate::sip::flow::Flow;
use crate::sip::message::{Message, Method, Name};
use crate::sip::transaction::{ClientId, ServerId};
use core::time::Duration;
use smallvec::SmallVec;
use std::sync::Arc;

/// What CANCEL and BYE say to a target that lost (rulings 11; RFC 3326).
pub const ELSEWHERE: &str = "SIP;cause=200;text=\"Call completed elsewhere\"";

/// How many targets may be open at once.
const OPEN: usize = 2;

/// How long a target may think that is the last one left (RFC 3261 §16.6: more than 3 minutes).
const TIMER_C: Duration = Duration::from_secs(181);

/// How often a waiting caller hears something (RFC 3261 §13.3.1.1).
const PROGRESS: Duration = Duration::from_secs(60);

/// How far a target has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Nothing came back yet.
    Nothing,
    /// A 100 came.
    Trying,
    /// It rings.
    Ringing,
}

/// One INVITE to one target.
#[derive(Debug)]
pub struct Attempt {
    /// Whom.
    pub trunk: Arc<Trunk>,
    /// The INVITE's transaction.
    pub client: ClientId,
    /// The nonce of our tag.
    pub nonce: u64,
    /// How it was sent.
    pub flow: Flow,
    /// The INVITE as it left, for the dialogs that come of it.
    sent: Message,
    /// Whether the INVITE had an offer, so that the 2xx is acknowledged at once.
    pub offered: bool,
    /// When it left.
    started: Mono,
    /// How far it has come.
    heard: Heard,
    /// When it counts as late; `None` when it does already, or rings.
    late_at: Option<Mono>,
    /// Whether another target was started because this one was late.
    passed_over: bool,
    /// Whether it rang for so long that the call was taken from it.
    rung_out: bool,
    /// Whether it was told to stop, or will be as soon as it speaks.
    cancelled: bool,
    /// Whether it is over.
    pub over: bool,
    /// The early dialog.
    early: Option<Dialog>,
    /// The last reliable provisional response that was acknowledged (RFC 3262 §4).
    rseq: Option<u32>,
}

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
    pub decision: Decision,
    /// Those asked so far.
    pub attempts: SmallVec<[Attempt; 2]>,
    /// The next target in the plan.
    next: usize,
    /// The attempt that has the call.
    winner: Option<u8>,
    /// When the caller hears a provisional response again.
    progress_at: Option<Mono>,
    /// The last refusal.
    pub refusal: Option<Message>,
}

impl Ring {
    /// Begins with the plan's first target.
    pub fn new(invite: Message, server: ServerId, flow: Flow, decision: Decision) -> Ring {
        Ring {
            invite,
            server,
            flow,
            decision,
            attempts: SmallVec::new(),
            next: 0,
            winner: None,
            progress_at: None,
            refusal: None,
        }
    }

    /// Whether every attempt is over.
    pub fn is_over(&self) -> bool {
        self.attempts.iter().all(|attempt| attempt.over)
    }

    /// The leg of an attempt by the nonce of our tag in it, for requests that come in an early dialog.
    pub fn early(&mut self, nonce: u64) -> Option<&mut Attempt> {
        self.attempts.iter_mut().find(|attempt| attempt.nonce == nonce)
    }

    /// When something must happen.
    pub fn deadline(&self, stage: Stage) -> Option<Mono> {
        if stage != Stage::Ringing {
            return None;
        }
        let late = self.attempts.iter().filter(|attempt| !attempt.over).filter_map(|attempt| attempt.late_at);
        late.chain(self.progress_at).min()
    }

    /// Whether the caller was told that someone rings.
    pub fn has_rung(&self) -> bool {
        self.progress_at.is_some()
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

    fn open(&self) -> impl Iterator<Item = (usize, &Attempt)> {
        let live = |(_, attempt): &(usize, &Attempt)| !attempt.over && !attempt.cancelled;
        self.attempts.iter().enumerate().filter(live)
    }

    fn untried(&self) -> bool {
        self.next < self.decision.plan.targets.len()
    }
}

impl Attempt {
    /// The early dialog, once the target has spoken.
    pub fn dialog(&mut self) -> Option<&mut Dialog> {
        self.early.as_mut()
    }
}

/// Starts the next target. With two open already, the one that has been silent longest makes room. When every target
/// was tried and none is open, the caller is told.
pub fn next(core: &mut Core, call: &mut Call, now: Now) {
    while call.stage == Stage::Ringing {
        let Some(ring) = call.ring.as_deref_mut() else { return };
        if !ring.untried() {
            if ring.open().next().is_none() {
                give_up(core, call, now);
            }
            return;
        }
        if ring.open().count() >= OPEN {
            displace(core, call, now);
        }
        if start(core, call, now) {
            return;
        }
    }
}

/// Takes the oldest open target out of the two, so that another can start. One that has said nothing cannot be
/// cancelled (RFC 3261 §9.1): it is left in peace, and has the call should it ring before anyone else does.
fn displace(core: &mut Core, call: &mut Call, now: Now) {
    let Some(ring) = call.ring.as_deref_mut() else { return };
    let Some(oldest) = ring.open().map(|(place, _)| place).next() else { return };
    let attempt = &mut ring.attempts[oldest];
    attempt.cancelled = true;
    attempt.late_at = None;
    if attempt.heard == Heard::Nothing {
        core.layer.quiet(attempt.client);
    } else {
        core.layer.cancel(now, attempt.client, None, &mut core.transmits);
    }
}

/// Sends the INVITE to the plan's next target. `false` when it could not even leave.
fn start(core: &mut Core, call: &mut Call, now: Now) -> bool {
    let Some(ring) = call.ring.as_deref_mut() else { return true };
    let target = ring.decision.plan.targets[ring.next].clone();
    ring.next += 1;
    let peer = core.cache.target(&target.trunk);
    let flow = peer.and_then(|peer| core.path(&target.trunk, peer, false));
    let (Some(peer), Some(flow)) = (peer, flow) else {
        tell_ended(core, call, &target.trunk, Attempted::Unreachable, 0);
        return false;
    };
    let number = u8::try_from(ring.attempts.len()).unwrap_or(u8::MAX);
    let client = core.layer.reserve(Owner::Attempt(call.key, number), &mut core.entropy);
    let tag = core.handle(call.key.slot);
    let Some((flow, written)) = write(core, call, &target, tag, client, flow, peer, now) else { return true };
    let Ok(sent) = Message::read(written.bytes.clone()) else { return true };
    let started = now.mono;
    let Some(ring) = call.ring.as_deref_mut() else { return true };
    ring.attempts.push(Attempt {
        trunk: target.trunk.clone(),
        client,
        nonce: tag.nonce,
        flow,
        sent,
        offered: written.offered,
        started,
        heard: Heard::Nothing,
        late_at: Some(started + target.trunk.silent_after),
        passed_over: false,
        rung_out: false,
        cancelled: false,
        over: false,
        early: None,
        rseq: None,
    });
    core.layer.start(now, client, flow, written.bytes, &mut core.transmits);
    core.note(call, |call, kind| Fact::AttemptStarted { call, kind, trunk: target.trunk.name.clone() });
    true
}

/// Writes the INVITE for a target; a large one takes the stream that the probe has opened, else it leaves as datagram
/// fragments at once (rulings 11: size never delays a call).
#[allow(clippy::too_many_arguments, reason = "each is one fact about the INVITE, and none groups with another")]
fn write(
    core: &Core,
    call: &Call,
    target: &Target,
    tag: Handle,
    client: ClientId,
    flow: Flow,
    peer: core::net::SocketAddr,
    now: Now,
) -> Option<(Flow, offer::Written)> {
    let written = offer::write(core, call, target, tag, client, flow, now)?;
    if written.bytes.len() <= DATAGRAM_BYTES {
        return Some((flow, written));
    }
    match core.path(&target.trunk, peer, true) {
        Some(stream) if stream.transport != flow.transport => {
            Some((stream, offer::write(core, call, target, tag, client, stream, now)?))
        }
        _ => Some((flow, written)),
    }
}

/// A response to an INVITE of ours.
pub fn heard(core: &mut Core, call: &mut Call, number: u8, response: &Message, now: Now) {
    let code = response.status().unwrap_or(0);
    let Some(attempt) = call.ring.as_deref_mut().and_then(|ring| ring.attempts.get_mut(usize::from(number))) else {
        bridge::late_answer(core, call, response, now);
        return;
    };
    let trunk = attempt.trunk.clone();
    if !matches!(code, 408 | 503) {
        core.trunk_heard(&trunk, now);
    }
    match code {
        100 => trying(attempt),
        101..=199 => rings(core, call, number, response, now),
        200..=299 => answers(core, call, number, response, now),
        _ => refuses(core, call, number, response, code, now),
    }
}

fn trying(attempt: &mut Attempt) {
    if attempt.heard == Heard::Nothing {
        attempt.heard = Heard::Trying;
        if attempt.late_at.is_some() {
            attempt.late_at = Some(attempt.started + attempt.trunk.no_ring_after);
        }
    }
}

fn rings(core: &mut Core, call: &mut Call, number: u8, response: &Message, now: Now) {
    let arrived = call.arrived;
    let Some(ring) = call.ring.as_deref_mut() else { return };
    let attempt = &mut ring.attempts[usize::from(number)];
    let first = attempt.heard != Heard::Ringing;
    attempt.heard = Heard::Ringing;
    attempt.early = Dialog::calling(&attempt.sent, response, attempt.flow).or(attempt.early.take());
    let (trunk, client, ring_max) = (attempt.trunk.clone(), attempt.client, attempt.trunk.ring_max);
    acknowledge_provisional(core, call, number, response, now);
    let Some(ring) = call.ring.as_deref_mut() else { return };
    let attempt = &mut ring.attempts[usize::from(number)];
    let has_it = match ring.winner {
        None => call.stage == Stage::Ringing && !attempt.rung_out,
        Some(winner) => winner == number,
    };
    if has_it {
        attempt.cancelled = false;
        if first {
            attempt.late_at = Some(now.mono + ring_max);
        }
        let new = ring.winner.is_none();
        ring.winner = Some(number);
        ring.progress_at = Some(now.mono + PROGRESS);
        if new {
            cancel_others(core, call, number, now);
            core.note(call, |call, kind| Fact::Ringing {
                call,
                kind,
                trunk: trunk.name.clone(),
                after: now.mono.since(arrived),
            });
        }
        bridge::ringing(core, call, response, now);
    } else if ring.winner.is_some() || call.stage != Stage::Ringing {
        attempt.cancelled = true;
        core.layer.cancel(now, client, Some(ELSEWHERE), &mut core.transmits);
    }
}

/// PRACKs a reliable provisional response, each once and in order (RFC 3262 §4).
fn acknowledge_provisional(core: &mut Core, call: &mut Call, number: u8, response: &Message, now: Now) {
    let reliable = response.has_token(Name::Require, "100rel");
    let (Some(rseq), Some((cseq, _)), true) = (response.number(Name::RSeq), response.cseq(), reliable) else { return };
    let key = call.key;
    let Some(ring) = call.ring.as_deref_mut() else { return };
    let attempt = &mut ring.attempts[usize::from(number)];
    let in_order = attempt.rseq.is_none_or(|last| rseq == last.wrapping_add(1));
    let Some(dialog) = attempt.early.as_mut().filter(|_| in_order) else { return };
    attempt.rseq = Some(rseq);
    let client = core.layer.reserve(Owner::Own(key), &mut core.entropy);
    let flow = dialog.next_hop();
    let mut writer = dialog.request(core.buffer(), Method::Prack, client.branch().as_str());
    writer.field(Name::RAck, format!("{rseq} {cseq} INVITE"));
    core.layer.start(now, client, flow, writer.finish(None), &mut core.transmits);
}

fn answers(core: &mut Core, call: &mut Call, number: u8, response: &Message, now: Now) {
    let Some(ring) = call.ring.as_deref_mut() else { return };
    let winner = ring.winner.is_none_or(|winner| winner == number);
    let attempt = &mut ring.attempts[usize::from(number)];
    let was_over = core::mem::replace(&mut attempt.over, true);
    let (trunk, flow, nonce, offered) = (attempt.trunk.clone(), attempt.flow, attempt.nonce, attempt.offered);
    let dialog = confirmed(attempt.early.take(), &attempt.sent, response, flow);
    if call.stage != Stage::Ringing || !winner || was_over {
        if was_over && call.answerer.is_some() {
            bridge::late_answer(core, call, response, now);
        } else {
            hangup::release(core, call.key, dialog, Some(ELSEWHERE), now);
            tell_ended(core, call, &trunk, Attempted::Cancelled, 0);
        }
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
    bridge::answered(core, call, Leg::new(dialog, nonce), &trunk, offered, response, now);
}

/// The dialog of a 2xx: the early one if it is the same, since its CSeq may have moved on (RFC 3261 §13.2.2.4).
fn confirmed(early: Option<Dialog>, invite: &Message, response: &Message, flow: Flow) -> Option<Dialog> {
    let tag = response.to().and_then(|to| to.tag()).unwrap_or_default();
    match early {
        Some(mut dialog) if dialog.remote_tag() == tag => {
            dialog.confirm(response);
            Some(dialog)
        }
        _ => Dialog::calling(invite, response, flow),
    }
}

fn refuses(core: &mut Core, call: &mut Call, number: u8, response: &Message, code: u16, now: Now) {
    let Some(ring) = call.ring.as_deref_mut() else { return };
    let attempt = &mut ring.attempts[usize::from(number)];
    attempt.over = true;
    attempt.late_at = None;
    let (trunk, cancelled, passed_over) = (attempt.trunk.clone(), attempt.cancelled, attempt.passed_over);
    if ring.winner == Some(number) {
        ring.winner = None;
    }
    if code == 503 {
        core.trunk_busy(&trunk, response.number(Name::RetryAfter), now);
    }
    if call.stage != Stage::Ringing || (cancelled && code == 487) {
        tell_ended(core, call, &trunk, Attempted::Cancelled, code);
        return replace(core, call, true, now);
    }
    if let Some(ring) = call.ring.as_deref_mut() {
        ring.refusal = Some(response.clone());
    }
    tell_ended(core, call, &trunk, Attempted::Refused, code);
    if !passed_over {
        core.note(call, |call, kind| Fact::Failover { call, kind, from: trunk.name.clone() });
    }
    replace(core, call, passed_over, now);
}

/// After a refusal the next target starts at once, unless another already rings. Where another was started in its place
/// before, that one has its time first.
fn replace(core: &mut Core, call: &mut Call, replaced: bool, now: Now) {
    let Some(ring) = call.ring.as_deref().filter(|_| call.stage == Stage::Ringing) else { return };
    if ring.winner.is_none() && !(replaced && ring.open().next().is_some()) {
        next(core, call, now);
    }
}

/// No answer at all in the transaction's time, or what was sent did not arrive.
pub fn silent(core: &mut Core, call: &mut Call, number: u8, how: Attempted, now: Now) {
    let Some(ring) = call.ring.as_deref_mut() else { return };
    let Some(attempt) = ring.attempts.get_mut(usize::from(number)).filter(|attempt| !attempt.over) else { return };
    attempt.over = true;
    attempt.late_at = None;
    let (trunk, passed_over) = (attempt.trunk.clone(), attempt.passed_over);
    if ring.winner == Some(number) {
        ring.winner = None;
    }
    tell_ended(core, call, &trunk, how, 0);
    core.trunk_missed(&trunk, now);
    if call.stage == Stage::Ringing && !passed_over {
        core.note(call, |call, kind| Fact::Failover { call, kind, from: trunk.name.clone() });
    }
    replace(core, call, passed_over, now);
}

/// The transport says that the INVITE did not arrive. A datagram's target counts as late at once but stays open until
/// the next notice, since anyone can send us one. A stream that could not be opened is over; where it was chosen only
/// for the size of the request, the same target gets the request as datagrams (RFC 3261 §18.1.1).
pub fn unreachable(core: &mut Core, call: &mut Call, number: u8, flow: Flow, now: Now) {
    let Some(ring) = call.ring.as_deref_mut().filter(|_| call.stage == Stage::Ringing) else { return };
    let Some(attempt) = ring.attempts.get_mut(usize::from(number)).filter(|attempt| !attempt.over) else { return };
    if attempt.heard != Heard::Nothing {
        return;
    }
    let stream = attempt.flow.transport.is_reliable();
    if stream || attempt.late_at.is_none() {
        core.layer.forget(attempt.client);
        if flow.transport.is_reliable() && attempt.trunk.carrier == Carrier::Udp {
            ring.next -= 1;
            let again = Target { trunk: attempt.trunk.clone(), ..ring.decision.plan.targets[ring.next].clone() };
            ring.decision.plan.targets.insert(ring.next, again);
        }
        silent(core, call, number, Attempted::Unreachable, now);
    } else {
        late(core, call, number, now);
    }
}

/// What is due: late targets, and a word to a caller who waits.
pub fn on_time(core: &mut Core, call: &mut Call, now: Now) {
    loop {
        let Some(ring) = call.ring.as_deref_mut().filter(|_| call.stage == Stage::Ringing) else { return };
        let due = ring
            .attempts
            .iter()
            .position(|attempt| !attempt.over && attempt.late_at.is_some_and(|late_at| late_at <= now.mono));
        let Some(number) = due.and_then(|place| u8::try_from(place).ok()) else { break };
        late(core, call, number, now);
    }
    let Some(ring) = call.ring.as_deref_mut() else { return };
    if ring.progress_at.is_some_and(|at| at <= now.mono) {
        ring.progress_at = Some(now.mono + PROGRESS);
        bridge::progress(core, call, now);
    }
}

fn late(core: &mut Core, call: &mut Call, number: u8, now: Now) {
    let Some(ring) = call.ring.as_deref_mut() else { return };
    let untried = ring.untried();
    let attempt = &mut ring.attempts[usize::from(number)];
    attempt.late_at = None;
    let (trunk, heard) = (attempt.trunk.clone(), attempt.heard);
    if heard == Heard::Nothing {
        core.trunk_missed(&trunk, now);
    }
    if !untried {
        return last_resort(core, call, number, now);
    }
    attempt.passed_over = true;
    if heard == Heard::Ringing {
        let Some(ring) = call.ring.as_deref_mut() else { return };
        ring.attempts[usize::from(number)].rung_out = true;
        ring.winner = None;
    }
    core.note(call, |call, kind| Fact::Failover { call, kind, from: trunk.name.clone() });
    next(core, call, now);
}

/// Nobody is left to try. A target that rings is left to ring and one that said nothing has the transaction's own time;
/// one that took the INVITE and never rang gets as long as a proxy would give it (timer C, RFC 3261 §16.6).
fn last_resort(core: &mut Core, call: &mut Call, number: u8, now: Now) {
    let Some(ring) = call.ring.as_deref_mut() else { return };
    let attempt = &mut ring.attempts[usize::from(number)];
    if attempt.heard != Heard::Trying {
        return;
    }
    let end = attempt.started + TIMER_C;
    if now.mono < end {
        attempt.late_at = Some(end);
        return;
    }
    attempt.cancelled = true;
    core.layer.cancel(now, attempt.client, None, &mut core.transmits);
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

/// Every target was tried. An emergency or crisis caller hears 503 without Retry-After, so that the PBX tries another way; other
/// callers hear what the far end said, as far as it is for them (rulings 1, 19).
fn give_up(core: &mut Core, call: &mut Call, now: Now) {
    let last_code = call.ring.as_deref().and_then(|ring| ring.refusal.as_ref()?.status()).unwrap_or(0);
    let code = match (call.class, last_code) {
        (Class::Emergency | Class::Crisis, _) | (_, 0..=399 | 401 | 407 | 408 | 420..=439 | 494) => 503,
        (_, code) => code,
    };
    cancel_all(core, call, None, now);
    hangup::refuse_caller(core, call, code, Outcome::Failed, now);
}

fn tell_ended(core: &mut Core, call: &Call, trunk: &Arc<Trunk>, how: Attempted, code: u16) {
    core.note(call, |call, kind| Fact::AttemptEnded { call, kind, trunk: trunk.name.clone(), how, code });
}
