//! What the caller hears: ringing, the answer, and the ACKs that make a call of two dialogs.
use super::attempt::takes_update;
use super::call::{Acked, Call, Leg, Owed, Side, Stage};
use super::core::{Core, PRODUCT};
use super::ring::Ring;
use super::watch::{self, Watch};
use super::{early, hangup, mend, offer, onward, reliable, turn};
use crate::base::now::Now;
use crate::classify::Class;
use crate::fact::{Fact, Feature};
use crate::record::Trunk;
use crate::sdp;
use crate::sip::dialog::Dialog;
use crate::sip::flow::Flow;
use crate::sip::message::{Message, Name, Writer, multipart, session_id};
use crate::sip::respond;
use crate::sip::transaction::ServerId;
use bytes::Bytes;
use core::time::Duration;
use std::sync::Arc;

/// T1, the estimate of a round trip (RFC 3261 §17.1.1.1).
const T1: Duration = Duration::from_millis(500);
/// T2, the longest interval between copies (RFC 3261 §17.1.2.2).
const T2: Duration = Duration::from_secs(4);
/// How long a 2xx is repeated: 64·T1 (RFC 3261 §13.3.1.4).
const REPEAT: Duration = Duration::from_secs(32);

/// How long a 2xx with an offer waits for the caller's answer before it gets one of ours: a little less than its sender
/// waits for an ACK.
const ANSWER: Duration = Duration::from_secs(28);

/// Passes a target's ringing on, reliably where the caller requires that.
pub fn ringing(core: &mut Core, call: &mut Call, number: u8, response: &Message, now: Now) {
    if call.onward.is_some() {
        return onward::ringing(core, call, response, now);
    }
    if call.ring.as_deref().is_some_and(requires_reliability) {
        return reliable::ringing(core, call, number, response, now);
    }
    let session = early::speak(core, call, number, response);
    let Some((ring, code)) = call.ring.as_deref().zip(response.status()) else { return };
    let mut writer = to_caller(core, ring, call, code);
    session_id::answer(&mut writer, Some(response), &ring.invite);
    writer.copy_all(response, Name::Reason);
    let (server, bytes) = (ring.server, finish(core, writer, session.as_ref()));
    call.caller.says(session);
    core.send_response(now, server, code, bytes);
}

fn requires_reliability(ring: &Ring) -> bool {
    ring.invite.has_token(Name::Require, "100rel")
}

/// A provisional response that the caller must acknowledge: of a target, or our own.
pub fn numbered(
    core: &Core,
    call: &Call,
    (code, rseq): (u16, u32),
    heard: Option<&Message>,
    session: Option<&Bytes>,
) -> Option<Bytes> {
    let ring = call.ring.as_deref()?;
    let mut writer = to_caller(core, ring, call, code);
    session_id::answer(&mut writer, heard, &ring.invite);
    if let Some(response) = heard {
        writer.copy_all(response, Name::Reason);
    }
    writer.field(Name::Require, "100rel").number(Name::RSeq, rseq);
    Some(finish(core, writer, session))
}

/// Tells a caller who has waited a minute that the call is still on its way (RFC 3261 §13.3.1.1): that it rings where it
/// does.
pub fn progress(core: &mut Core, call: &mut Call, now: Now) {
    let Some(ring) = call.ring.as_deref() else { return };
    let code = if ring.has_winner() || (ring.is_ladder() && ring.has_rung()) { 180 } else { 183 };
    if requires_reliability(ring) {
        return reliable::progress(core, call, code, now);
    }
    let mut writer = to_caller(core, ring, call, code);
    session_id::answer(&mut writer, None, &ring.invite);
    let bytes = core.finish(writer, None);
    let server = ring.server;
    core.send_response(now, server, code, bytes);
}

/// Tells the caller that we ourselves ring; one who requires that to be reliable hears the answer alone (RFC 3262 §3
/// leaves that to us).
pub fn own_ringing(core: &mut Core, call: &mut Call, now: Now) {
    let Some(ring) = call.ring.as_deref().filter(|ring| !requires_reliability(ring)) else { return };
    let mut writer = to_caller(core, ring, call, 180);
    session_id::answer(&mut writer, None, &ring.invite);
    let bytes = core.finish(writer, None);
    let server = ring.server;
    core.send_response(now, server, 180, bytes);
}

/// Starts a dialog-forming response to the caller's INVITE.
fn to_caller(core: &Core, ring: &Ring, call: &Call, code: u16) -> Writer {
    let tag = call.caller.dialog.local_tag();
    let mut writer = respond::respond(core.buffer(), &ring.invite, ring.flow.peer, code, "", Some(tag), true);
    writer.field_with(Name::Contact, |out| offer::contact(out, "callbox", ring.flow));
    writer.field(Name::Allow, call.caller.abilities.allow).field(Name::Server, PRODUCT);
    // Whoever calls back sees whom it has reached (RFC 3325 §9.1).
    if let Some(shown) = ring.decision.callback.filter(|_| call.class == Class::Callback) {
        let domain = core.cache.snapshot.load().domain.clone();
        let marks = if shown.number.is_e164() { ";user=phone" } else { "" };
        let identity = ["<sip:", shown.number.expose(), "@", &domain, marks, ">"].concat();
        writer.field(Name::PAssertedIdentity, identity);
    }
    writer
}

/// The session description of a message, out of a multipart if need be.
pub fn session_of(message: &Message) -> Option<Bytes> {
    let content = multipart::first(message.value(Name::ContentType)?, message.body_slice(), "application/sdp")?;
    Some(message.bytes().slice_ref(content))
}

fn finish(core: &Core, writer: Writer, session: Option<&Bytes>) -> Bytes {
    core.finish(writer, session.map(|session| (&b"application/sdp"[..], &session[..])))
}

/// A target answered: acknowledge it, answer the caller, and both talk.
pub fn answered(
    core: &mut Core,
    call: &mut Call,
    mut leg: Leg,
    trunk: &Arc<Trunk>,
    offered: bool,
    response: &Message,
    now: Now,
) {
    leg.takes_update = takes_update(response);
    leg.watch = Some(Watch::of_answer(response, now));
    leg.acked = Some(owing(response, offered, now));
    if call.onward.is_some() {
        return onward::answered(core, call, leg, trunk, offered, response, now);
    }
    call.answerer = Some(leg);
    call.trunk = Some(trunk.clone());
    call.stage = Stage::Talking;
    call.introduce();
    if offered {
        acknowledge(core, call, Side::Answerer, None);
    }
    if !reliable::hold(call, response) {
        answer_caller(core, call, response, now);
    }
    if call.protected && call.agreed.recorded {
        core.note(call, |call, kind| Fact::FeatureBlocked { call, kind, feature: Feature::Recording });
    }
    let (arrived, rang) = (call.arrived, call.ring.as_deref().is_some_and(Ring::has_rung));
    core.note(call, |call, kind| Fact::Answered {
        call,
        kind,
        trunk: trunk.name.clone(),
        after: now.mono.since(arrived),
        rang,
    });
    if let Some(words) = reliable::kept(call) {
        mend::heard(core, call, Side::Caller, Some(words), now);
    }
}

/// Answers the caller with what the target answered.
pub fn answer_caller(core: &mut Core, call: &mut Call, response: &Message, now: Now) {
    let session = session_of(response).map(|session| turn::first_words(call, &session));
    answer_with(core, call, Some(response), session, None, now);
}

/// Answers the caller with this session description; `whole` is the body that has it in it, where it is more than that.
pub fn answer_with(
    core: &mut Core,
    call: &mut Call,
    heard: Option<&Message>,
    session: Option<Bytes>,
    whole: Option<(&[u8], &[u8])>,
    now: Now,
) {
    let Some(ring) = call.ring.as_deref() else { return };
    let agreed_before = call.reliable.as_deref().is_some_and(|reliable| reliable.has_agreed(call.caller.nonce));
    let mut writer = to_caller(core, ring, call, 200);
    writer.field(Name::Supported, call.caller.abilities.supported);
    session_id::answer(&mut writer, heard, &ring.invite);
    if let Some(response) = heard {
        writer.copy_all(response, Name::Reason);
    }
    let agreed = Watch::agree(&mut writer, &ring.invite, now);
    // What was acknowledged before is not offered again (RFC 3261 §13.2.1).
    let bytes = match whole {
        Some(_) => core.finish(writer, whole),
        None => finish(core, writer, session.as_ref().filter(|_| !agreed_before)),
    };
    let server = ring.server;
    let cseq = ring.invite.cseq().map_or(1, |(cseq, _)| cseq);
    call.caller.takes_update = takes_update(&ring.invite);
    call.caller.watch = Some(agreed);
    call.caller.says(session);
    let offers = session_of(&ring.invite).is_none();
    call.caller.owed = Some(owe(bytes.clone(), server, cseq, offers, now));
    core.send_response(now, server, 200, bytes);
}

/// A 2xx that must be acknowledged; `offers`: by an ACK that answers what we offer in it.
pub fn owe(response: Bytes, server: ServerId, cseq: u32, offers: bool, now: Now) -> Owed {
    Owed { response, server, cseq, offers, next: now.mono + T1, interval: T1, until: now.mono + REPEAT }
}

/// The ACK that is owed for a 2xx of the peer; where it must bring an answer, one is there by a certain time.
pub fn owing(response: &Message, offered: bool, now: Now) -> Acked {
    let cseq = response.cseq().map_or(0, |(cseq, _)| cseq);
    Acked { cseq, ack: None, answer_by: (!offered).then(|| now.mono + ANSWER) }
}

/// Sends the ACK for the last INVITE that we sent on a side's leg; `answer` is what the other side said to the offer in
/// its 2xx (RFC 3261 §13.2.2.4). Where that never comes, the answer is ours: what the side heard last, if it fits, else
/// that of nobody.
pub fn acknowledge(core: &mut Core, call: &mut Call, side: Side, answer: Option<Bytes>) {
    let needs_answer = answer.is_none() && call.side(side).and_then(Leg::answer_by).is_some();
    let answer = if needs_answer { call.own_answer(side) } else { answer };
    if let Some(leg) = call.leg(side) {
        acknowledge_in(core, leg, answer);
    }
}

/// Sends the ACK that a leg waits for, if it does.
pub fn acknowledge_in(core: &mut Core, leg: &mut Leg, answer: Option<Bytes>) {
    let Some(acked) = leg.acked.as_mut().filter(|acked| acked.ack.is_none()) else { return };
    let branch = core.layer.branch_of_ack(&mut core.entropy);
    let writer = leg.dialog.ack(core.buffer(), acked.cseq, &branch);
    let bytes = finish(core, writer, answer.as_ref());
    acked.ack = Some(Bytes::copy_from_slice(&bytes));
    leg.says(answer);
    let flow = leg.dialog.next_hop();
    core.send(flow, bytes);
}

impl Call {
    /// An answer of ours to the offer that a side made, as the other side heard it.
    fn own_answer(&self, side: Side) -> Option<Bytes> {
        let offer = self.said_to(side.other())?;
        let idle = self.words_for(side, &sdp::idle(offer));
        let last = self.said_to(side).filter(|last| sdp::count(last) == sdp::count(&idle));
        Some(last.map_or(idle, |last| sdp::answering(last, offer)))
    }
}

/// An ACK to a 2xx of ours. Where the other side's offer went out in that 2xx, the ACK brings the answer and goes on; one
/// that brings none is asked for it once more.
pub fn acked(core: &mut Core, call: &mut Call, side: Side, ack: &Message, now: Now) {
    let cseq = ack.cseq().map(|(cseq, _)| cseq);
    let Some(leg) = call.leg(side) else { return };
    let Some(owed) = leg.owed.take_if(|owed| Some(owed.cseq) == cseq) else { return };
    let session = session_of(ack);
    let is_awaited = call.side(side.other()).is_some_and(Leg::awaits_ack);
    if is_awaited && session.is_none() {
        core.note(call, |call, kind| Fact::NoSession { call, kind, side: side.text() });
    }
    if is_awaited || owed.offers {
        call.agreed.told = 0;
        mend::heard(core, call, side, session, now);
    }
}

/// A 2xx to the first INVITE that comes when its attempt is over: a copy gets its ACK again, another fork is let go (RFC
/// 3261 §13.2.2.4).
pub fn late_answer(core: &mut Core, call: &mut Call, flow: Option<Flow>, response: &Message, now: Now) {
    if !matches!(response.status(), Some(200..=299)) || hangup::acknowledge_again(core, call, response) {
        return;
    }
    let ours = response.from_tag().unwrap_or_default();
    let theirs = response.to_tag().unwrap_or_default();
    // Of a call back that was turned round the caller's side is the one that we asked.
    let legs = [
        call.answerer.as_ref(),
        Some(&call.caller).filter(|_| call.turned),
        call.takeover.as_ref().map(|takeover| &takeover.leg),
        call.former.as_ref().map(|former| &*former.leg),
    ];
    let is_known = |leg: &&Leg| (leg.dialog.local_tag(), leg.dialog.remote_tag()) == (ours, theirs);
    if let Some(leg) = legs.into_iter().flatten().find(is_known) {
        return repeat_ack(core, leg);
    }
    // The response repeats all of the INVITE that makes a dialog.
    let dialog = flow.and_then(|flow| Dialog::calling(response, response, flow));
    hangup::release(core, call, dialog, response, super::reason::ELSEWHERE, now);
}

/// Sends the last ACK of a leg again, for a copy of the 2xx.
pub fn repeat_ack(core: &mut Core, leg: &Leg) {
    if let Some(ack) = leg.acked.as_ref().and_then(|acked| acked.ack.clone()) {
        core.copies += 1;
        core.send(leg.dialog.next_hop(), ack);
    }
}

/// What is due on both legs: 2xx that nobody acknowledged, and those whose offer nobody answered.
pub fn on_time(core: &mut Core, call: &mut Call, now: Now) {
    for side in [Side::Caller, Side::Answerer] {
        repeat_answer(core, call, side, now);
        if call.side(side).and_then(Leg::answer_by).is_some_and(|at| at <= now.mono) {
            answer_for(core, call, side, now);
        }
    }
}

/// A side has waited long enough for the other's answer: it gets ours and stays in the call. One that is no emergency
/// call ends (RFC 3261 §13.2.2.4).
fn answer_for(core: &mut Core, call: &mut Call, side: Side, now: Now) {
    acknowledge(core, call, side, None);
    let said_nothing = call.side(side.other()).is_some_and(|leg| leg.owed.is_none());
    if said_nothing && !call.outlives_suspicion() {
        hangup::end_both(core, call, "SIP;cause=488;text=\"No session\"", now);
    }
}

fn repeat_answer(core: &mut Core, call: &mut Call, side: Side, now: Now) {
    let Some(leg) = call.leg(side) else { return };
    let Some(owed) = leg.owed.as_mut().filter(|owed| owed.next <= now.mono) else { return };
    if now.mono < owed.until {
        owed.interval = (owed.interval * 2).min(T2);
        owed.next = (now.mono + owed.interval).min(owed.until);
        let (server, response) = (owed.server, owed.response.clone());
        core.copies += 1;
        core.send_response(now, server, 200, response);
        return;
    }
    leg.owed = None;
    if call.outlives_suspicion() {
        // An answered emergency call is never ended on our own suspicion (rulings 18).
        core.note(call, |call, kind| Fact::AnswerNotAcknowledged { call, kind });
        acknowledge(core, call, side.other(), None);
        watch::suspect(core, call, side, now);
    } else {
        hangup::end_both(core, call, "SIP;cause=408;text=\"No ACK\"", now);
    }
}
