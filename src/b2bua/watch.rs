//! Whether both sides are still there: session refreshes (RFC 4028) and questions in the dialog.
//!
//! An answered emergency call is never ended on our own suspicion (rulings 18), nor is a crisis call, which is as hard
//! to lose (rulings 10). A refresh that is not answered, an ACK
//! or a refresh of the peer's that does not come, a stream that breaks: each is a fact, and the side is asked again
//! every half minute. It is over by a BYE, by two 481 in a row, or when neither side has said anything for
//! `orphan_max`. Other calls end at the first sign, as RFC 4028 §10 and RFC 3261 §12.2.1.2 have it.
use super::call::{Call, Leg, Owner, Side, Stage};
use super::core::Core;
use super::headers::SHORTEST_SECS;
use super::terms::{LONGEST_SECS, identity};
use super::{bridge, geolocation, hangup, mend, offer, onward};
use crate::base::now::{Mono, Now};
use crate::fact::Fact;
use crate::sip::digest::Credentials;
use crate::sip::flow::Flow;
use crate::sip::message::{Message, Method, Name, Writer};
use crate::sip::transaction::ClientId;
use bytes::Bytes;
use core::time::Duration;

/// How soon a side is asked again that did not answer, or says it has no such dialog.
const ASK_AGAIN: Duration = Duration::from_secs(30);

/// How often a side is asked that agreed on no refreshes: as often as our own session interval would have it.
const ROUTINE: Duration = Duration::from_secs(super::headers::SESSION_SECS as u64 / 2);

/// What we know of a side's presence, and when we ask next.
#[derive(Debug)]
pub struct Watch {
    /// The session interval in seconds, where refreshing is ours.
    refresh_secs: Option<u32>,
    /// The shortest interval that the peer accepts, where it has said so (RFC 4028 §7.3).
    min_se: Option<u32>,
    /// Whether the latest question was asked for the second time, since the peer wanted it otherwise.
    again: bool,
    /// When the peer's own refresh is missed.
    expires: Option<Mono>,
    /// When to ask next.
    pub next: Mono,
    /// The question that waits for its answer.
    asked: Option<(ClientId, Method)>,
    /// How many times in a row the peer said that it has no such dialog.
    unknown: u8,
    /// Whether the side is under suspicion.
    silent: bool,
    /// A location that goes along with the question that is open.
    news: Option<Bytes>,
}

impl Watch {
    /// A side that agreed on nothing.
    pub fn routine(now: Now) -> Watch {
        let next = now.mono + ROUTINE;
        Watch {
            refresh_secs: None,
            min_se: None,
            again: false,
            expires: None,
            next,
            asked: None,
            unknown: 0,
            silent: false,
            news: None,
        }
    }

    /// Refreshing is ours.
    fn ours(interval_secs: u32, now: Now) -> Watch {
        let next = now.mono + Duration::from_secs(u64::from(interval_secs)) / 2;
        Watch { refresh_secs: Some(interval_secs), next, ..Watch::routine(now) }
    }

    /// Refreshing is the peer's.
    fn theirs(interval_secs: u32, now: Now) -> Watch {
        let expires = now.mono + Duration::from_secs(u64::from(interval_secs));
        Watch { expires: Some(expires), ..Watch::routine(now) }
    }

    /// What a 2xx of the peer leaves to us: we asked to send the refreshes, so they are ours unless it takes them (RFC
    /// 4028 §7.2).
    pub fn of_answer(response: &Message, now: Now) -> Watch {
        match session_expires(response) {
            Some((secs, refresher)) if refresher == Some(&b"uas"[..]) => Watch::theirs(secs, now),
            Some((secs, _)) if secs > 0 => Watch::ours(secs, now),
            _ => Watch::routine(now),
        }
    }

    /// Agrees on refreshes in the 2xx to a request that asks for them (RFC 4028 §9). An interval that is too short gets
    /// no timer at all: an emergency INVITE is never answered 422.
    pub fn agree(writer: &mut Writer, request: &Message, now: Now) -> Watch {
        let asked = session_expires(request).filter(|(secs, _)| *secs >= SHORTEST_SECS);
        let Some((secs, refresher)) = asked.filter(|_| request.has_token(Name::Supported, "timer")) else {
            return Watch::routine(now);
        };
        let ours = refresher == Some(&b"uas"[..]);
        writer.field(Name::SessionExpires, format!("{secs};refresher={}", if ours { "uas" } else { "uac" }));
        if ours {
            return Watch::ours(secs, now);
        }
        writer.field(Name::Require, "timer");
        Watch::theirs(secs, now)
    }

    /// Writes into another request of ours what was agreed on with the side, so that it stays in force (RFC 4028 §7.4).
    pub fn ask_again(&self, writer: &mut Writer) {
        if let Some(secs) = self.refresh_secs {
            writer.field(Name::SessionExpires, format!("{secs};refresher=uac"));
        }
        if let Some(min_se) = self.min_se {
            writer.number(Name::MinSe, min_se);
        }
    }

    /// Whether an INVITE of ours waits for its answer: another one would cross it (RFC 3261 §14.1).
    pub fn reinvites(&self) -> bool {
        matches!(self.asked, Some((_, Method::Invite)))
    }

    /// When something must happen.
    pub fn deadline(&self) -> Mono {
        self.expires.map_or(self.next, |expires| self.next.min(expires))
    }
}

/// The session interval that a message names, in seconds (RFC 4028 §4).
pub fn interval_of(message: &Message) -> Option<u32> {
    session_expires(message).map(|(secs, _)| secs)
}

fn session_expires(message: &Message) -> Option<(u32, Option<&[u8]>)> {
    let value = message.value(Name::SessionExpires)?;
    let mut pieces = value.split(|&byte| byte == b';');
    let secs = core::str::from_utf8(pieces.next()?.trim_ascii()).ok()?.parse().ok()?;
    let refresher = pieces.find_map(|piece| {
        let (name, value) = piece.split_at(piece.iter().position(|&byte| byte == b'=')?);
        name.trim_ascii().eq_ignore_ascii_case(b"refresher").then(|| value[1..].trim_ascii())
    });
    Some((secs, refresher))
}

/// What is due on both sides.
pub fn on_time(core: &mut Core, call: &mut Call, now: Now) {
    if call.stage != Stage::Talking {
        return;
    }
    let since_word = now.mono.since(call.heard_at);
    let is_silent = call.legs().any(Leg::is_silent);
    if is_silent && since_word >= core.setup.orphan_max {
        core.note(call, |call, kind| Fact::Orphaned { call, kind });
        return hangup::end_both(core, call, "SIP;cause=408;text=\"Nobody there\"", now);
    }
    for side in [Side::Caller, Side::Answerer] {
        let Some(watch) = call.leg(side).and_then(|leg| leg.watch.as_mut()) else { continue };
        if watch.expires.is_some_and(|expires| expires <= now.mono) {
            watch.expires = None;
            suspect(core, call, side, now);
        } else if watch.next <= now.mono {
            ask(core, call, side, now);
        }
    }
}

/// Something that a side should have done has not happened. The side is asked now; a call that is no emergency call
/// ends.
pub fn suspect(core: &mut Core, call: &mut Call, side: Side, now: Now) {
    if call.stage != Stage::Talking {
        return;
    }
    if !call.outlives_suspicion() {
        return hangup::end_both(core, call, "SIP;cause=408;text=\"Session expired\"", now);
    }
    let Some(watch) = call.leg(side).and_then(|leg| leg.watch.as_mut()) else { return };
    watch.next = now.mono;
    if !core::mem::replace(&mut watch.silent, true) {
        core.note(call, |call, kind| Fact::SideSilent { call, kind, side: side.text() });
    }
    if call.leg(side).and_then(|leg| leg.watch.as_ref()).is_some_and(|watch| watch.asked.is_none()) {
        ask(core, call, side, now);
    }
}

/// The stream on which a side talked to us is gone. What follows goes to its Contact; whether it is there is asked now.
pub fn stream_gone(core: &mut Core, call: &mut Call, flow: Flow, now: Now) {
    for side in [Side::Caller, Side::Answerer] {
        if let Some(leg) = call.leg(side).filter(|leg| leg.dialog.flow == flow) {
            leg.dialog.flow.connection = None;
            ask(core, call, side, now);
        }
    }
}

impl Watch {
    /// Whether a question waits for its answer.
    pub const fn is_asked(&self) -> bool {
        self.asked.is_some()
    }
}

/// Whether the answerer can be asked now.
pub fn may_ask(call: &Call) -> bool {
    let watch = call.answerer.as_ref().and_then(|leg| leg.watch.as_ref());
    watch.is_some_and(|watch| watch.asked.is_none())
}

/// Brings the answerer a location, with an UPDATE that is a refresh too where we owe one (RFC 4028 §7.4).
pub fn bring(core: &mut Core, call: &mut Call, document: &Bytes, now: Now) {
    if let Some(watch) = call.answerer.as_mut().and_then(|leg| leg.watch.as_mut()) {
        watch.news = Some(document.clone());
        ask(core, call, Side::Answerer, now);
    }
}

/// Asks a side whether it is there: by the refresh that we owe, else by OPTIONS, to which any answer will do.
fn ask(core: &mut Core, call: &mut Call, side: Side, now: Now) {
    let key = call.key;
    let Some(leg) = call.leg(side) else { return };
    let (takes_update, said, contact_flow) =
        (leg.takes_update, leg.said.as_ref().map(|said| said.expose().clone()), leg.dialog.flow);
    let abilities = leg.abilities;
    let Some(watch) = leg.watch.as_mut() else { return };
    watch.next = now.mono + watch.refresh_secs.map_or(ROUTINE, |secs| Duration::from_secs(u64::from(secs)) / 2);
    if watch.asked.is_some() {
        return;
    }
    let news = watch.news.clone();
    let method = match (watch.refresh_secs, takes_update, &said) {
        (_, true, _) if news.is_some() => Method::Update,
        (Some(_), true, _) => Method::Update,
        (Some(_), false, Some(_)) if !watch.silent => Method::Invite,
        _ => Method::Options,
    };
    let client = core.layer.reserve(Owner::Watch(key, side), &mut core.entropy);
    watch.asked = Some((client, method));
    let (secs, min_se) = (watch.refresh_secs, watch.min_se);
    let flow = leg.dialog.next_hop();
    let mut writer = leg.dialog.request(core.buffer(), method, client.branch().as_str());
    if method != Method::Options {
        writer.field_with(Name::Contact, |out| offer::contact(out, "callbox", contact_flow));
        abilities.write(&mut writer);
    }
    if let Some(secs) = secs.filter(|_| method != Method::Options) {
        writer.field(Name::SessionExpires, format!("{secs};refresher=uac"));
        if let Some(min_se) = min_se {
            writer.number(Name::MinSe, min_se);
        }
    }
    // A peer without UPDATE is refreshed by a re-INVITE with the session as it is (RFC 4028 §7.4).
    let session = said.filter(|_| method == Method::Invite);
    let session = session.as_ref().map(|session| (&b"application/sdp"[..], &session[..]));
    let news = news.filter(|_| method == Method::Update);
    if news.is_some() {
        let (name, domain) = (core.entropy.bits(), core.cache.snapshot.load().domain.clone());
        geolocation::write_part(&mut writer, &format!("loc-{name:016x}@{domain}"), &domain);
    }
    let news = news.as_ref().map(|document| (&b"application/pidf+xml"[..], &document[..]));
    let bytes = core.finish(writer, session.or(news));
    core.layer.start(now, client, flow, bytes, &mut core.transmits);
}

/// A side answered what we asked. Only 481 says that it is gone, and only said twice.
pub fn answered(core: &mut Core, call: &mut Call, side: Side, client: ClientId, response: &Message, now: Now) {
    let Some(code) = response.status().filter(|code| *code >= 200) else { return };
    acknowledge(core, call, side, response);
    let outlives = call.outlives_suspicion();
    let wait = core.entropy.below(2000);
    let known_here = knows(core, call, side, response);
    let is_ours = call.owns(side);
    let Some(watch) = call.leg(side).and_then(|leg| leg.watch.as_mut()) else { return };
    if watch.asked.is_none_or(|(asked, _)| asked != client) {
        return;
    }
    let Some((_, method)) = watch.asked.take() else { return };
    let wanted = longer(watch, response);
    if (wanted || known_here) && !core::mem::replace(&mut watch.again, true) {
        return ask(core, call, side, now);
    }
    (watch.again, watch.news) = (false, None);
    // The 2xx to a target refresh moves the target too (RFC 3311 §5.2); that to OPTIONS says nothing of it.
    if let Some(leg) = call.leg(side).filter(|_| code < 300 && method == Method::Update) {
        leg.dialog.retarget(response);
    }
    let Some(watch) = call.leg(side).and_then(|leg| leg.watch.as_mut()) else { return };
    match code {
        // The interval and who refreshes are agreed on anew each time (RFC 4028 §7.2); one who says nothing of them leaves
        // both to us.
        200..=299 if method != Method::Options && session_expires(response).is_some() => {
            let min_se = watch.min_se;
            if let Some(leg) = call.leg(side) {
                leg.rewatch(Watch { min_se, ..Watch::of_answer(response, now) });
            }
        }
        481 => {
            watch.unknown += 1;
            watch.next = now.mono + ASK_AGAIN;
            if watch.unknown >= 2 || !outlives {
                onward::lost(core, call, side, now);
            }
        }
        // Two INVITEs crossed: who made the Call-ID waits longer (RFC 3261 §14.1).
        491 => {
            let owner = if is_ours { 2100 } else { 0 };
            watch.next = now.mono + Duration::from_millis(owner + wait);
        }
        _ => (watch.unknown, watch.silent) = (0, false),
    }
    let is_answer = code < 300 && method == Method::Invite;
    if let Some(session) = bridge::session_of(response).filter(|_| is_answer) {
        call.agreed.told = 0;
        mend::heard(core, call, side, Some(session), now);
    }
}

/// Whether what a side refused may be sent again with what it asked for.
pub fn may_ask_again(core: &mut Core, call: &mut Call, side: Side, response: &Message) -> bool {
    let is_longer = call.leg(side).and_then(|leg| leg.watch.as_mut()).is_some_and(|watch| longer(watch, response));
    is_longer || knows(core, call, side, response)
}

/// Takes the interval of a 422 over, where it is longer than ours (RFC 4028 §7.3).
fn longer(watch: &mut Watch, response: &Message) -> bool {
    let asked = response.number(Name::MinSe).filter(|_| response.status() == Some(422));
    let longer = asked.filter(|secs| watch.refresh_secs.is_some_and(|ours| (ours + 1..=LONGEST_SECS).contains(secs)));
    if longer.is_some() {
        (watch.refresh_secs, watch.min_se) = (longer, longer);
    }
    longer.is_some()
}

/// Whether the challenge of one whom we called was taken up, so that the next request has its answer.
fn knows(core: &mut Core, call: &mut Call, side: Side, response: &Message) -> bool {
    let trunk = match side {
        Side::Answerer => call.trunk.clone(),
        Side::Caller => core.cache.snapshot.load().trunk(&call.source).filter(|_| call.turned).cloned(),
    };
    let (Some(identity), Some(leg)) = (trunk.as_deref().and_then(identity), call.leg(side)) else { return false };
    let answer = Credentials::anew(response, identity, leg.dialog.credentials.as_deref(), &mut core.entropy);
    if let Some(answer) = answer {
        leg.dialog.credentials = Some(Box::new(answer));
        return true;
    }
    false
}

/// An INVITE of ours that was answered is acknowledged, each copy of the answer again.
pub fn acknowledge(core: &mut Core, call: &mut Call, side: Side, response: &Message) {
    let (Some(200..=299), Some((cseq, Method::Invite))) = (response.status(), response.cseq()) else { return };
    // A copy may come when another far end has the call already.
    let is_theirs = |leg: &&mut Leg| response.to_tag().is_none_or(|tag| tag == leg.dialog.remote_tag());
    let Some(leg) = call.leg(side).filter(is_theirs) else { return };
    leg.dialog.retarget(response);
    let branch = core.layer.branch_of_ack(&mut core.entropy);
    let ack = core.finish(leg.dialog.ack(core.buffer(), cseq, &branch), None);
    let flow = leg.dialog.next_hop();
    core.send(flow, ack);
}

/// A side did not answer what we asked.
pub fn unanswered(core: &mut Core, call: &mut Call, side: Side, client: ClientId, now: Now) {
    let Some(watch) = call.leg(side).and_then(|leg| leg.watch.as_mut()) else { return };
    if watch.asked.is_none_or(|(asked, _)| asked != client) {
        return;
    }
    watch.asked = None;
    suspect_later(core, call, side, now);
}

fn suspect_later(core: &mut Core, call: &mut Call, side: Side, now: Now) {
    if !call.outlives_suspicion() {
        return hangup::dialog_gone(core, call, side, now);
    }
    let Some(watch) = call.leg(side).and_then(|leg| leg.watch.as_mut()) else { return };
    watch.next = now.mono + ASK_AGAIN;
    if !core::mem::replace(&mut watch.silent, true) {
        core.note(call, |call, kind| Fact::SideSilent { call, kind, side: side.text() });
    }
}

impl Leg {
    /// Whether the side is under suspicion.
    pub fn is_silent(&self) -> bool {
        self.watch.as_ref().is_some_and(|watch| watch.silent)
    }

    /// Takes what was agreed on last, and keeps what is known of the side.
    pub fn rewatch(&mut self, agreed: Watch) {
        let asked = self.watch.as_ref().and_then(|watch| watch.asked);
        self.watch = Some(Watch { asked, ..agreed });
    }
}
