//! Every way a call can end.
use super::call::{Call, Leg, LetGo, Owner, Side, Stage};
use super::core::Core;
use super::reliable::Reliable;
use super::{ask, bridge, early, ivr, onward, reason, ring, takeover, window};
use crate::base::id::Handle;
use crate::base::now::Now;
use crate::classify::Class;
use crate::fact::{Fact, Outcome};
use crate::sip::dialog::Dialog;
use crate::sip::flow::Flow;
use crate::sip::message::{Message, Method, Name, session_id};
use crate::sip::respond;
use crate::sip::transaction::ServerId;
use bytes::Bytes;

/// How many are let go who answer an INVITE of a call that has its answerer; who comes after them is met with silence.
pub const LET_GO_MAX: usize = 16;

/// A BYE: answered always, requests that still wait get 487, and the other side is told (RFC 3261 §15.1.2).
pub fn bye(core: &mut Core, call: &mut Call, side: Side, id: ServerId, request: &Message, flow: Flow, now: Now) {
    core.refuse(now, id, request, flow, 200);
    match (call.stage, side) {
        (Stage::Clearing, _) => {}
        (Stage::Ringing, Side::Caller) if early::leave(core, call, reason_of(request), now) => {}
        (Stage::Ringing, Side::Caller) => {
            ring::cancel_all(core, call, reason_of(request), now);
            refuse_caller(core, call, 487, Outcome::Abandoned, now);
        }
        (Stage::Ringing, Side::Answerer) => {}
        (Stage::Talking, Side::Answerer) if takeover::outlives_old(core, call, now) => {}
        (Stage::Talking, Side::Answerer) if onward::outlives_old(core, call, now) => {}
        (Stage::Talking, _) => {
            refuse_pending(core, call, now);
            say_bye(core, call, side.other(), reason_of(request), now);
            end(core, call, outcome_of(call, side), Some(side), now);
        }
    }
}

/// What a call was that ends because this side has gone. An answer that the caller could not be told of, since it has not
/// acknowledged what came before (RFC 3262 §3), was none for the caller.
fn outcome_of(call: &Call, gone: Side) -> Outcome {
    match (holds_answer(call), gone) {
        (false, _) => Outcome::Completed,
        (true, Side::Caller) => Outcome::Abandoned,
        (true, Side::Answerer) => Outcome::Failed,
    }
}

fn reason_of(request: &Message) -> Option<&str> {
    request.value(Name::Reason).and_then(|reason| core::str::from_utf8(reason).ok())
}

/// A CANCEL of the caller's INVITE. After an answer it has no effect (RFC 3261 §9.2).
pub fn cancelled(core: &mut Core, call: &mut Call, cancel: &Message, now: Now) {
    if call.stage == Stage::Ringing {
        ring::cancel_all(core, call, reason_of(cancel), now);
        refuse_caller(core, call, 487, Outcome::Abandoned, now);
    } else if holds_answer(call) {
        say_bye(core, call, Side::Answerer, reason_of(cancel), now);
        end(core, call, Outcome::Abandoned, Some(Side::Caller), now);
    }
}

/// Whether a target has answered and the caller has not been told yet.
fn holds_answer(call: &Call) -> bool {
    call.reliable.as_deref().is_some_and(Reliable::holds_answer)
}

/// Answers the caller's INVITE with a failure and ends the call.
pub fn refuse_caller(core: &mut Core, call: &mut Call, code: u16, outcome: Outcome, now: Now) {
    refuse_invite(core, call, code, outcome, now);
    refuse_pending(core, call, now);
    end(core, call, outcome, (outcome == Outcome::Abandoned).then_some(Side::Caller), now);
}

fn refuse_invite(core: &mut Core, call: &Call, code: u16, outcome: Outcome, now: Now) {
    if let Some(ring) = call.ring.as_deref() {
        let tag = call.caller.dialog.local_tag();
        let mut writer = respond::respond(core.buffer(), &ring.invite, ring.flow.peer, code, "", Some(tag), false);
        writer.field(Name::Server, super::core::PRODUCT);
        // Why the last one asked refused is for the caller, whatever code it hears (RFC 3326).
        let refusal = ring.refusal.as_ref().filter(|_| outcome == Outcome::Failed);
        session_id::answer(&mut writer, refusal, &ring.invite);
        if let Some(refusal) = refusal {
            writer.copy_all(refusal, Name::Reason);
            let cause = refusal.status().and_then(reason::q850);
            if let Some(cause) = cause.filter(|_| code == 503 && refusal.value(Name::Reason).is_none()) {
                writer.field(Name::Reason, format!("Q.850;cause={cause}"));
            }
        }
        let (server, bytes) = (ring.server, core.finish(writer, None));
        core.send_response(now, server, code, bytes);
    }
}

/// Ends an answered call on both legs.
pub fn end_both(core: &mut Core, call: &mut Call, reason: &str, now: Now) {
    refuse_pending(core, call, now);
    say_bye(core, call, Side::Caller, Some(reason), now);
    say_bye(core, call, Side::Answerer, Some(reason), now);
    end(core, call, Outcome::Completed, None, now);
}

/// A peer says that it has no such dialog any more: that leg is over, and the other side is told.
pub fn dialog_gone(core: &mut Core, call: &mut Call, side: Side, now: Now) {
    if call.stage == Stage::Talking {
        refuse_pending(core, call, now);
        say_bye(core, call, side.other(), Some("SIP;cause=481"), now);
        end(core, call, outcome_of(call, side), None, now);
    }
}

/// A 2xx that still waits for the other side's answer is acknowledged without one: whoever sent it repeats it until then
/// (RFC 3261 §13.2.2.4).
fn say_bye(core: &mut Core, call: &mut Call, side: Side, reason: Option<&str>, now: Now) {
    if side == Side::Caller && holds_answer(call) {
        // It is not in a call yet; its INVITE is refused instead.
        return;
    }
    bridge::acknowledge(core, call, side, None);
    let key = call.key;
    let Some(leg) = call.leg(side) else { return };
    goodbye(core, key, &mut leg.dialog, reason, now);
}

/// Sends a BYE in a dialog.
pub fn goodbye(core: &mut Core, key: Handle, dialog: &mut Dialog, reason: Option<&str>, now: Now) {
    let client = core.layer.reserve(Owner::Own(key), &mut core.entropy);
    let flow = dialog.next_hop();
    let mut writer = dialog.request(core.buffer(), Method::Bye, client.branch().as_str());
    if let Some(reason) = reason {
        writer.field(Name::Reason, reason);
    }
    let bytes = core.finish(writer, None);
    core.layer.start(now, client, flow, bytes, &mut core.transmits);
}

/// Lets go of someone who answered with this 2xx when the call already had an answerer, or none any more: ACK, then BYE
/// (RFC 3261 §13.2.2.4). Two PSAPs never both talk to a caller. At most [`LET_GO_MAX`] are: a flood of answers is not met
/// with one of ours.
pub fn release(core: &mut Core, call: &mut Call, dialog: Option<Dialog>, answer: &Message, reason: &str, now: Now) {
    let (Some(mut dialog), Some((cseq, _))) = (dialog, answer.cseq()) else { return };
    if call.let_go.len() >= LET_GO_MAX {
        return;
    }
    let branch = core.layer.branch_of_ack(&mut core.entropy);
    let ack = core.finish(dialog.ack(core.buffer(), cseq, &branch), None);
    let flow = dialog.next_hop();
    core.send(flow, ack.clone());
    let (local_tag, remote_tag) = (dialog.local_tag().into(), dialog.remote_tag().into());
    call.let_go.push(LetGo { local_tag, remote_tag, flow, ack: Bytes::copy_from_slice(&ack) });
    goodbye(core, call.key, &mut dialog, Some(reason), now);
}

/// Lets go of a far end that has answered and is not to have the call: ACK, where it waits for one, and BYE.
pub fn let_go(core: &mut Core, call: &mut Call, mut leg: Leg, reason: &str, now: Now) {
    bridge::acknowledge_in(core, &mut leg, None);
    if let Some(ack) = leg.acked.and_then(|acked| acked.ack).filter(|_| call.let_go.len() < LET_GO_MAX) {
        let (local_tag, remote_tag) = (leg.dialog.local_tag().into(), leg.dialog.remote_tag().into());
        call.let_go.push(LetGo { local_tag, remote_tag, flow: leg.dialog.next_hop(), ack });
    }
    goodbye(core, call.key, &mut leg.dialog, Some(reason), now);
}

/// Lets go of someone who answered an INVITE whose call is over and forgotten; a copy of the 2xx, too, gets both again.
pub fn release_stranger(core: &mut Core, key: Handle, flow: Flow, answer: &Message, now: Now) {
    let (Some(200..=299), Some((cseq, _))) = (answer.status(), answer.cseq()) else { return };
    // The response repeats all of the INVITE that makes a dialog.
    let Some(mut dialog) = Dialog::calling(answer, answer, flow) else { return };
    let branch = core.layer.branch_of_ack(&mut core.entropy);
    let ack = core.finish(dialog.ack(core.buffer(), cseq, &branch), None);
    core.send(dialog.next_hop(), ack);
    goodbye(core, key, &mut dialog, Some(reason::OVER), now);
}

/// Sends the ACK again to one who was let go and answers once more; `false` when it is none of those.
pub fn acknowledge_again(core: &mut Core, call: &Call, answer: &Message) -> bool {
    let ours = answer.from_tag().unwrap_or_default();
    let theirs = answer.to_tag().unwrap_or_default();
    let known = call.let_go.iter().find(|gone| (&*gone.local_tag, &*gone.remote_tag) == (ours, theirs));
    known.inspect(|gone| core.send(gone.flow, gone.ack.clone())).is_some()
}

/// Requests that one side sent and the other has not answered end with the call (RFC 3261 §15.1.2).
pub fn refuse_pending(core: &mut Core, call: &mut Call, now: Now) {
    for pending in core::mem::take(&mut call.pending) {
        core.layer.forget(pending.client);
        let flow = core.layer.server_flow(pending.server);
        if let Some(flow) = flow {
            core.refuse(now, pending.server, &pending.request, flow, 487);
        }
    }
}

/// `left`: the side that hung up, where one did.
fn end(core: &mut Core, call: &mut Call, outcome: Outcome, left: Option<Side>, now: Now) {
    if holds_answer(call) {
        // One who has not given up may still find another way (RFC 3261 §21.5.4).
        refuse_invite(core, call, if outcome == Outcome::Abandoned { 487 } else { 503 }, outcome, now);
    }
    takeover::refuse(core, call, 487, now);
    onward::abandon(core, call, now);
    ivr::leave(core, call);
    ask::leave(core, call, now);
    call.stage = Stage::Clearing;
    call.reliable = None;
    let arrived = call.arrived;
    let soon = core.cache.snapshot.load().callbacks.misdial;
    let hung_up_soon = call.class == Class::Emergency && left == Some(Side::Caller) && now.mono.since(arrived) < soon;
    if hung_up_soon {
        core.note(call, |call, kind| Fact::HungUpSoon { call, kind });
    }
    window::ended(core, call, hung_up_soon, now);
    for leg in [Some(&mut call.caller), call.answerer.as_mut()].into_iter().flatten() {
        (leg.owed, leg.watch, leg.mend) = (None, None, None);
    }
    core.note(call, |call, kind| Fact::Ended { call, kind, outcome, lasted: now.mono.since(arrived) });
}
