//! A request of one side that goes to the other, and the answer that comes back.
use super::InDialog;
use crate::b2bua::call::{Acked, Call, Leg, Owner, Pending, Side, Stage};
use crate::b2bua::core::{Core, PRODUCT};
use crate::b2bua::watch::Watch;
use crate::b2bua::{bridge, early, offer, takeover};
use crate::base::now::Now;
use crate::classify::Class;
use crate::sdp;
use crate::sip::message::{Message, Method, Name, Writer, session_id};
use crate::sip::respond;
use crate::sip::transaction::{ClientId, ServerId};
use core::time::Duration;

/// Headers of a request in a dialog that mean something to the other end.
const REQUEST: [Name; 11] = [
    Name::Reason,
    Name::InfoPackage,
    Name::Event,
    Name::SubscriptionState,
    Name::ReferTo,
    Name::ReferredBy,
    Name::ContentDisposition,
    Name::ContentId,
    Name::ContentEncoding,
    Name::ContentLanguage,
    Name::MimeVersion,
];

/// Headers of an answer that mean something to who asked. Retry-After, Geolocation-Error and identities never do
/// (rulings 19).
const RESPONSE: [Name; 4] = [Name::Reason, Name::Warning, Name::ContentDisposition, Name::ContentEncoding];

/// How long the other side may think about a request that is no INVITE. Who asked gives up after 32 seconds (timer F),
/// and sends a last copy at most four seconds before; the 504 leaves while several copies are still to come, each of
/// which brings it again (RFC 3311 §5.2, RFC 4320 §4.2).
const PATIENCE: Duration = Duration::from_secs(20);

/// Passes a request on.
pub fn pass(core: &mut Core, call: &mut Call, asked: InDialog, now: Now) {
    let other = asked.side.other();
    if let Some(code) = collides(call, &asked) {
        refuse_for_now(core, &asked, code, now);
        return;
    }
    if asked.method == Method::Invite {
        // 100 stops the copies while the other side thinks (RFC 3261 §17.2.1).
        core.refuse(now, asked.id, &asked.request, asked.flow, 100);
    }
    let is_early = call.stage == Stage::Ringing && asked.method == Method::Update && asked.side == Side::Caller;
    if call.stage != Stage::Talking && !is_early {
        core.refuse(now, asked.id, &asked.request, asked.flow, 488);
        return;
    }
    let key = call.key;
    let towards_psap = other == Side::Answerer && matches!(call.class, Class::Emergency | Class::Test);
    let far_end =
        if is_early { early::far_end(call) } else { call.leg(other).map(|leg| (&mut leg.dialog, leg.abilities)) };
    let Some((dialog, abilities)) = far_end else {
        core.refuse(now, asked.id, &asked.request, asked.flow, 488);
        return;
    };
    let client = core.layer.reserve(Owner::Relayed(key), &mut core.entropy);
    let flow = dialog.next_hop();
    let contact_flow = dialog.flow;
    let mut writer = dialog.request(core.buffer(), asked.method, client.branch().as_str());
    if matches!(asked.method, Method::Invite | Method::Update) {
        writer.field_with(Name::Contact, |out| offer::contact(out, "callbox", contact_flow));
        abilities.write(&mut writer);
    }
    for name in REQUEST {
        writer.copy_all(&asked.request, name);
    }
    let bytes = with_body(core, writer, &asked.request, towards_psap);
    core.layer.start(now, client, flow, bytes, &mut core.transmits);
    let InDialog { side, method, id, request, .. } = asked;
    core.layer.set_user(id, Owner::Relayed(key));
    let until = (method != Method::Invite).then_some(now.mono + PATIENCE);
    call.pending.push(Pending { from: side, server: id, request, method, client, until });
}

/// Answers an INVITE without an offer with the session description that the caller had last, on its leg alone: a
/// phone that holds this way gets nothing to hold with, and one that only refreshes is served as well.
pub fn reoffer(core: &mut Core, call: &mut Call, asked: InDialog, now: Now) {
    if let Some(code) = collides(call, &asked) {
        refuse_for_now(core, &asked, code, now);
        return;
    }
    let InDialog { side, id, request, flow, .. } = asked;
    let Some(leg) = call.leg(side) else { return };
    let said = leg.said.as_ref().map(|said| said.expose().clone()).unwrap_or_default();
    let mut writer = respond::respond(core.buffer(), &request, flow.peer, 200, "", None, false);
    writer.field_with(Name::Contact, |out| offer::contact(out, "callbox", flow));
    leg.abilities.write(&mut writer);
    writer.field(Name::Server, PRODUCT);
    session_id::answer(&mut writer, None, &request);
    let agreed = Watch::agree(&mut writer, &request, now);
    let bytes = core.finish(writer, Some((b"application/sdp", &said)));
    leg.dialog.retarget(&request);
    leg.rewatch(agreed);
    let cseq = request.cseq().map_or(0, |(cseq, _)| cseq);
    leg.owed = Some(bridge::owe(bytes.clone(), id, cseq, now));
    core.send_response(now, id, 200, bytes);
}

/// Two offers at once: one that crosses another is 491, a second one of the same side 500 (RFC 3261 §14.2, RFC 3311
/// §5.2). While a 2xx of ours waits for its ACK, or a refresh of ours for its answer, there is one under way.
fn collides(call: &Call, asked: &InDialog) -> Option<u16> {
    let offers = |method: Method| matches!(method, Method::Invite | Method::Update);
    if !offers(asked.method) {
        return None;
    }
    if call.stage == Stage::Ringing {
        return (asked.method == Method::Invite).then_some(500);
    }
    let open = call.pending.iter().find(|pending| offers(pending.method));
    match open.map(|pending| pending.from) {
        Some(first) if first == asked.side => Some(500),
        Some(_) => Some(491),
        None => has_ours_open(call).then_some(491),
    }
}

/// Whether an offer of ours is under way on either leg.
fn has_ours_open(call: &Call) -> bool {
    let ours = |leg: &Leg| leg.owed.is_some() || leg.watch.as_ref().is_some_and(Watch::reinvites);
    call.takeover.is_some() || call.legs().any(ours)
}

/// Whether an offer of anybody is under way.
pub fn offers_are_open(call: &Call) -> bool {
    let is_offer = |pending: &Pending| matches!(pending.method, Method::Invite | Method::Update);
    call.pending.iter().any(is_offer) || has_ours_open(call)
}

/// Refuses an offer for the moment; 500 says when to come again (RFC 3261 §14.2).
pub fn refuse_for_now(core: &mut Core, asked: &InDialog, code: u16, now: Now) {
    let wait = 1 + core.entropy.below(10);
    core.answer(now, asked.id, &asked.request, asked.flow, code, |writer| {
        if code == 500 {
            writer.field(Name::RetryAfter, wait.to_string());
        }
    });
}

fn with_body(core: &Core, writer: Writer, message: &Message, towards_psap: bool) -> bytes::Bytes {
    let body = message.body();
    if body.is_empty() {
        return core.finish(writer, None);
    }
    let content_type = message.value(Name::ContentType).unwrap_or(b"application/sdp");
    if towards_psap && crate::sip::message::multipart::is_type(content_type, "application/sdp") {
        let session = sdp::without_silence_suppression(&body);
        return core.finish(writer, Some((content_type, &session)));
    }
    core.finish(writer, Some((content_type, &body)))
}

/// The other side answers a request that was passed to it.
pub fn answered(core: &mut Core, call: &mut Call, client: ClientId, response: &Message, now: Now) {
    if takeover::answered(core, call, client, response, now) {
        return;
    }
    let code = response.status().unwrap_or(500);
    let Some(place) = call.pending.iter().position(|pending| pending.client == client) else {
        return copy_of_answer(core, call, response);
    };
    if code < 200 {
        return;
    }
    let pending = call.pending.remove(place);
    let side = pending.from;
    if let Some(leg) = call.leg(side.other()) {
        leg.dialog.hear(response);
    }
    call.introduce();
    if pending.method == Method::Invite || pending.method == Method::Update {
        if call.stage == Stage::Ringing && code < 300 {
            early::updated(call, response, bridge::session_of(&pending.request));
        }
        // Meanwhile another may have answered than the one who was asked in its early dialog.
        let is_theirs = |leg: &&mut Leg| response.to_tag().is_none_or(|tag| tag == leg.dialog.remote_tag());
        if let Some(leg) = call.leg(side.other()).filter(|_| code < 300).filter(is_theirs) {
            leg.dialog.retarget(response);
            leg.rewatch(Watch::of_answer(response, now));
            leg.says(bridge::session_of(&pending.request));
        }
        let is_askers = |leg: &&mut Leg| Some(leg.dialog.local_tag()) == pending.request.to_tag();
        if let Some(leg) = call.leg(side).filter(|_| code < 300).filter(is_askers) {
            leg.dialog.retarget(&pending.request);
            leg.says(bridge::session_of(response));
        }
    }
    let Some(flow) = core.layer.server_flow(pending.server) else { return };
    let code = code_for_asker(code);
    let mut writer = respond::respond(core.buffer(), &pending.request, flow.peer, code, "", None, false);
    writer.field(Name::Server, PRODUCT);
    let abilities = call.leg(side).map(|leg| leg.abilities);
    let targets = matches!(pending.method, Method::Invite | Method::Update) && code < 300;
    let agreed = targets.then(|| {
        writer.field_with(Name::Contact, |out| offer::contact(out, "callbox", flow));
        if let Some(abilities) = abilities {
            abilities.write(&mut writer);
        }
        Watch::agree(&mut writer, &pending.request, now)
    });
    session_id::answer(&mut writer, Some(response), &pending.request);
    for name in RESPONSE {
        writer.copy_all(response, name);
    }
    let bytes = with_body(core, writer, response, false);
    core.send_response(now, pending.server, code, bytes.clone());
    if pending.method == Method::Invite && code < 300 {
        let cseq = pending.request.cseq().map_or(0, |(cseq, _)| cseq);
        if let Some(leg) = call.leg(side) {
            leg.owed = Some(bridge::owe(bytes, pending.server, cseq, now));
        }
        let theirs = response.cseq().map_or(0, |(cseq, _)| cseq);
        if let Some(leg) = call.leg(side.other()) {
            leg.acked = Some(Acked { cseq: theirs, ack: None });
        }
        if !pending.request.body_slice().is_empty() {
            bridge::acknowledge(core, call, side.other(), None);
        }
    }
    if let (Some(agreed), Some(leg)) = (agreed, call.leg(side)) {
        leg.rewatch(agreed);
    }
}

/// A copy of a 2xx to a re-INVITE gets its ACK again.
fn copy_of_answer(core: &mut Core, call: &mut Call, response: &Message) {
    let Some((cseq, Method::Invite)) = response.cseq() else { return };
    let tag = response.to_tag().unwrap_or_default();
    let legs = [Some(&call.caller), call.answerer.as_ref()];
    let leg = legs.into_iter().flatten().find(|leg| leg.dialog.remote_tag() == tag);
    if let Some(leg) = leg.filter(|leg| leg.acked.as_ref().is_some_and(|acked| acked.cseq == cseq)) {
        bridge::repeat_ack(core, leg);
    }
}

/// What the other side said, as far as it is for who asked: a challenge, a redirection or a dialog that is unknown
/// there is no concern of this dialog (rulings 19).
pub const fn code_for_asker(code: u16) -> u16 {
    match code {
        300..=399 | 401 | 407 | 408 | 421 | 424 | 481 => 488,
        code => code,
    }
}

/// A request that was passed on is cancelled: the CANCEL goes the same way, and the other side's 487 comes back.
pub fn cancelled(core: &mut Core, call: &mut Call, server: Option<ServerId>, now: Now) {
    takeover::cancelled(core, call, server, now);
    if let Some(pending) = call.pending.iter().find(|pending| Some(pending.server) == server) {
        core.layer.cancel(now, pending.client, None, &mut core.transmits);
    }
}

/// The other side has had its time for requests that who asked will soon give up.
pub fn on_time(core: &mut Core, call: &mut Call, now: Now) {
    let is_due = |pending: &Pending| pending.until.is_some_and(|until| until <= now.mono);
    while let Some(client) = call.pending.iter().find(|pending| is_due(pending)).map(|pending| pending.client) {
        unanswered(core, call, client, now);
    }
}

/// The other side did not answer.
pub fn unanswered(core: &mut Core, call: &mut Call, client: ClientId, now: Now) {
    if takeover::unanswered(core, call, client, now) {
        return;
    }
    let Some(place) = call.pending.iter().position(|pending| pending.client == client) else { return };
    let pending = call.pending.remove(place);
    core.layer.forget(client);
    if let Some(flow) = core.layer.server_flow(pending.server) {
        core.refuse(now, pending.server, &pending.request, flow, 504);
    }
}
