//! A request of one side that goes to the other, and the answer that comes back.
use super::{InDialog, held};
use crate::b2bua::call::{Call, Leg, Owner, Pending, Side, Stage};
use crate::b2bua::core::{Core, PRODUCT};
use crate::b2bua::watch::Watch;
use crate::b2bua::{bridge, early, mend, offer, takeover};
use crate::base::now::Now;
use crate::base::private::Private;
use crate::fact::{Fact, Feature};
use crate::sdp::{self, Places};
use crate::sip::message::{Message, Method, Name, Writer, session_id};
use crate::sip::respond;
use crate::sip::transaction::{ClientId, ServerId};
use bytes::Bytes;
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
pub fn pass(core: &mut Core, call: &mut Call, asked: InDialog<'_>, now: Now) {
    let other = asked.side.other();
    if let Some(code) = collides(call, &asked) {
        refuse_for_now(core, &asked, code, now);
        return;
    }
    if asked.method == Method::Invite {
        // 100 stops the copies while the other side thinks (RFC 3261 §17.2.1).
        core.refuse(now, asked.id, asked.request, asked.flow, 100);
    }
    let is_early = call.stage == Stage::Ringing && asked.method == Method::Update && asked.side == Side::Caller;
    if call.stage != Stage::Talking && !is_early {
        core.refuse(now, asked.id, asked.request, asked.flow, 488);
        return;
    }
    let key = call.key;
    let refused = refused_by(core, call, &asked);
    let offer = bridge::session_of(asked.request).filter(|_| offers(asked.method));
    let said = offer.as_ref().map(|offer| match other {
        Side::Answerer => call.for_answerer(offer, refused),
        Side::Caller => call.words_for(other, offer),
    });
    let far_end =
        if is_early { early::far_end(call) } else { call.leg(other).map(|leg| (&mut leg.dialog, leg.abilities)) };
    let Some((dialog, abilities)) = far_end else {
        core.refuse(now, asked.id, asked.request, asked.flow, 488);
        return;
    };
    let client = core.layer.reserve(Owner::Relayed(key), &mut core.entropy);
    let flow = dialog.next_hop();
    let contact_flow = dialog.flow;
    let mut writer = dialog.request(core.buffer(), asked.method, client.branch().as_str());
    if offers(asked.method) {
        writer.field_with(Name::Contact, |out| offer::contact(out, "callbox", contact_flow));
        abilities.write(&mut writer);
    }
    for name in REQUEST {
        writer.copy_all(asked.request, name);
    }
    let bytes = with_body(core, writer, asked.request, offer.as_ref().zip(said.as_ref()));
    core.layer.start(now, client, flow, bytes, &mut core.transmits);
    let InDialog { side, method, id, request, .. } = asked;
    core.layer.set_user(id, Owner::Relayed(key));
    let said = said.map(Private::new);
    let until = (method != Method::Invite).then_some(now.mono + PATIENCE);
    let request = request.clone();
    call.pending.push(Pending { from: side, server: id, request, method, client, until, said, refused });
}

/// The streams that the answerer's leg will not have; a stream that is new among them is a fact.
fn refused_by(core: &mut Core, call: &Call, asked: &InDialog<'_>) -> Places {
    let offer = bridge::session_of(asked.request).filter(|_| asked.side == Side::Caller && offers(asked.method));
    let refused = offer.map_or(call.caller.refused, |offer| call.refused_in(&offer));
    if refused != call.caller.refused {
        core.note(call, |call, kind| Fact::FeatureBlocked { call, kind, feature: Feature::Recording });
    }
    refused
}

const fn offers(method: Method) -> bool {
    matches!(method, Method::Invite | Method::Update)
}

/// Answers an offer that changes nothing for the other side with what that side said last. Streams that it adds and may
/// not have are refused in the answer (RFC 3264 §6).
pub fn settle(core: &mut Core, call: &mut Call, asked: InDialog<'_>, now: Now) {
    if let Some(code) = collides(call, &asked) {
        refuse_for_now(core, &asked, code, now);
        return;
    }
    let refused = refused_by(core, call, &asked);
    let added = refused.but(call.caller.refused);
    let side = asked.side;
    let offer = bridge::session_of(asked.request).unwrap_or_default();
    let said = call.side(side).and_then(Leg::newest).map(|said| sdp::with_refused(said, added, &offer));
    let said = said.unwrap_or_default();
    call.caller.refused = refused;
    call.agreed.told = 0;
    if side == Side::Caller {
        call.caller_said(&offer);
    }
    if let Some(leg) = call.leg(side.other()) {
        leg.hear_no_news();
    }
    if !call.caller.holds_with(&offer) && side == Side::Caller {
        call.caller.mend = None;
    }
    answer_here(core, call, asked, said, Some(&offer), now);
}

/// Answers an INVITE without an offer with the session description that the caller had last, on its leg alone: a
/// phone that holds this way gets nothing to hold with, and one that only refreshes is served as well.
pub fn reoffer(core: &mut Core, call: &mut Call, asked: InDialog<'_>, now: Now) {
    if let Some(code) = collides(call, &asked) {
        refuse_for_now(core, &asked, code, now);
        return;
    }
    let said = call.side(asked.side).and_then(Leg::newest).cloned().unwrap_or_default();
    answer_here(core, call, asked, said, None, now);
}

/// Answers INVITE or UPDATE with what the side is to hear: to its offer, or as an offer of ours.
pub fn answer_here(
    core: &mut Core,
    call: &mut Call,
    asked: InDialog<'_>,
    said: Bytes,
    offer: Option<&Bytes>,
    now: Now,
) {
    let InDialog { side, method, id, request, flow } = asked;
    let Some(leg) = call.leg(side) else { return };
    let mut writer = respond::respond(core.buffer(), request, flow.peer, 200, "", None, false);
    writer.field_with(Name::Contact, |out| offer::contact(out, "callbox", flow));
    leg.abilities.write(&mut writer);
    writer.field(Name::Server, PRODUCT);
    session_id::answer(&mut writer, None, request);
    let agreed = Watch::agree(&mut writer, request, now);
    let body = offer.map_or_else(|| said.clone(), |offer| sdp::answering(&said, offer));
    let bytes = core.finish(writer, Some((b"application/sdp", &body)));
    leg.dialog.retarget(request);
    leg.rewatch(agreed);
    leg.says(Some(said));
    leg.hear_no_news();
    if method == Method::Invite {
        let cseq = request.cseq().map_or(0, |(cseq, _)| cseq);
        leg.owed = Some(bridge::owe(bytes.clone(), id, cseq, offer.is_none(), now));
    }
    core.send_response(now, id, 200, bytes);
}

/// Two offers at once: one that crosses another is 491, a second one of the same side 500 (RFC 3261 §14.2, RFC 3311
/// §5.2). While a 2xx waits for its ACK, or an offer of ours for its answer, there is one under way.
pub fn collides(call: &Call, asked: &InDialog<'_>) -> Option<u16> {
    if !offers(asked.method) {
        return None;
    }
    if call.stage == Stage::Ringing && asked.method == Method::Invite {
        return Some(500);
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
    call.takeover.is_some() || call.legs().any(has_exchange)
}

fn has_exchange(leg: &Leg) -> bool {
    let refreshes = || leg.watch.as_ref().is_some_and(Watch::reinvites);
    leg.owed.is_some() || leg.awaits_ack() || leg.is_offered() || refreshes()
}

/// Whether an offer of anybody is under way, or another far end waits for its turn to make one.
pub fn offers_are_open(call: &Call) -> bool {
    call.takeover.is_some() || exchanges_are_open(call)
}

/// Whether an offer of anybody is under way.
pub fn exchanges_are_open(call: &Call) -> bool {
    let is_offer = |pending: &Pending| matches!(pending.method, Method::Invite | Method::Update);
    call.pending.iter().any(is_offer) || call.legs().any(has_exchange)
}

/// Refuses an offer for the moment; 500 says when to come again (RFC 3261 §14.2).
pub fn refuse_for_now(core: &mut Core, asked: &InDialog<'_>, code: u16, now: Now) {
    let wait = 1 + core.entropy.below(10);
    core.answer(now, asked.id, asked.request, asked.flow, code, |writer| {
        if code == 500 {
            writer.field(Name::RetryAfter, wait.to_string());
        }
    });
}

/// Ends a message with the body of another; `words`: its session description, and what stands in its place.
fn with_body(core: &Core, writer: Writer, message: &Message, words: Option<(&Bytes, &Bytes)>) -> Bytes {
    let body = message.body();
    if body.is_empty() {
        return core.finish(writer, None);
    }
    let content_type = message.value(Name::ContentType).unwrap_or(b"application/sdp");
    let Some((said, words)) = words.filter(|(said, words)| said != words) else {
        return core.finish(writer, Some((content_type, &body)));
    };
    let from = said.as_ptr().addr() - body.as_ptr().addr();
    let whole = [&body[..from], words, &body[from + said.len()..]].concat();
    core.finish(writer, Some((content_type, &whole)))
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
    if let Some(words) = held::stands(call, &pending, code) {
        return held::answer(core, call, pending, words, now);
    }
    let is_agreed = offers(pending.method) && code < 300;
    let session = bridge::session_of(response).filter(|_| is_agreed);
    let (words, is_hold) = session.as_ref().map_or((None, false), |session| answer_for_asker(call, &pending, session));
    if is_agreed {
        agree(call, &pending, response, words.clone(), now);
    }
    let Some(flow) = core.layer.server_flow(pending.server) else { return };
    let code = code_for_asker(code);
    let mut writer = respond::respond(core.buffer(), &pending.request, flow.peer, code, "", None, false);
    writer.field(Name::Server, PRODUCT);
    let abilities = call.side(side).map(|leg| leg.abilities);
    let agreed = is_agreed.then(|| {
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
    let bytes = with_body(core, writer, response, session.as_ref().zip(words.as_ref()));
    core.send_response(now, pending.server, code, bytes.clone());
    if pending.method == Method::Invite && is_agreed {
        acknowledge_both(core, call, &pending, response, bytes, now);
    }
    if let (Some(agreed), Some(leg)) = (agreed, call.leg(side)) {
        leg.rewatch(agreed);
    }
    if let Some(session) = session.filter(|_| is_hold) {
        mend::hold(core, call, session, now);
    }
}

/// What the other side said in its 2xx, as who asked gets it; and whether it is a hold of the caller's side, which cannot
/// be refused any more and is not told: what is told is the same without the hold, or what was said before.
fn answer_for_asker(call: &Call, pending: &Pending, session: &Bytes) -> (Option<Bytes>, bool) {
    if pending.from == Side::Caller {
        let offer = bridge::session_of(&pending.request).unwrap_or_default();
        return (Some(call.for_caller(session, pending.refused, &offer)), false);
    }
    let offered = pending.said.as_ref().map(Private::expose).or(call.said_to(Side::Caller));
    let (words, is_hold) = answer_of_caller(call, offered, session);
    (Some(words), is_hold)
}

/// What the caller said in its 2xx to `offered`, as a far end gets it; and whether it is a hold.
pub fn answer_of_caller(call: &Call, offered: Option<&Bytes>, session: &Bytes) -> (Bytes, bool) {
    let words = call.words_for(Side::Answerer, session);
    if !call.is_hold(session, offered) {
        return (words, false);
    }
    let before = || call.said_to(Side::Answerer).filter(|said| sdp::count(said) == sdp::count(&words)).cloned();
    (sdp::opened(&words).or_else(before).unwrap_or(words), true)
}

/// Keeps what both sides said; what an offer of ours was to bring is old.
fn agree(call: &mut Call, pending: &Pending, response: &Message, words: Option<Bytes>, now: Now) {
    let side = pending.from;
    let caller_said = match side {
        Side::Caller => bridge::session_of(&pending.request),
        Side::Answerer => words.clone(),
    };
    if let Some(said) = caller_said {
        call.caller_said(&said);
    }
    call.agreed.told = 0;
    let offered = pending.said.as_ref().map(|said| said.expose().clone());
    if call.stage == Stage::Ringing {
        early::updated(call, response, offered.clone());
    }
    // Meanwhile another may have answered than the one who was asked in its early dialog.
    let is_theirs = |leg: &&mut Leg| response.to_tag().is_none_or(|tag| tag == leg.dialog.remote_tag());
    if let Some(leg) = call.leg(side.other()).filter(is_theirs) {
        leg.dialog.retarget(response);
        leg.rewatch(Watch::of_answer(response, now));
        leg.says(offered);
        leg.mend = None;
    }
    let is_askers = |leg: &&mut Leg| Some(leg.dialog.local_tag()) == pending.request.to_tag();
    if let Some(leg) = call.leg(side).filter(is_askers) {
        leg.dialog.retarget(&pending.request);
        leg.says(words);
        leg.mend = None;
        if side == Side::Caller {
            leg.refused = pending.refused;
        }
    }
}

/// The 2xx is repeated to who asked until its ACK. Who answered gets its own at once, unless it made the offer and waits
/// for the answer.
fn acknowledge_both(core: &mut Core, call: &mut Call, pending: &Pending, response: &Message, sent: Bytes, now: Now) {
    let side = pending.from;
    let offered = pending.said.is_some() || !pending.request.body_slice().is_empty();
    let cseq = pending.request.cseq().map_or(0, |(cseq, _)| cseq);
    if let Some(leg) = call.leg(side) {
        leg.owed = Some(bridge::owe(sent, pending.server, cseq, !offered, now));
    }
    if let Some(leg) = call.leg(side.other()) {
        leg.acked = Some(bridge::owing(response, offered, now));
    }
    if offered {
        bridge::acknowledge(core, call, side.other(), None);
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
