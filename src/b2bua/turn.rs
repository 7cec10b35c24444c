//! A call back that was answered is turned round: whoever called back is its far end from then on, and the phone its
//! caller, as in the emergency call before. So all that holds while they talk holds here: the phone's holds are repaired,
//! and the PSAP's transfers and takeovers are carried out.
use super::agreed::Agreed;
use super::blocks::caveat_text;
use super::call::{Call, Leg, Side, Stage};
use super::core::Core;
use super::mend;
use super::opening::Opening;
use super::ring::Ring;
use super::story::Decision;
use super::watch::{self, Watch};
use crate::base::now::{Now, Wall};
use crate::base::private::Private;
use crate::callback::Shown;
use crate::classify::Class;
use crate::fact::Fact;
use crate::pidf;
use crate::record::{Located, Profile};
use crate::sdp::{self, Places};
use crate::sip::message::{Method, Name, Writer};
use bytes::{Bytes, BytesMut};
use std::sync::Arc;

/// Turns a call back round as soon as it is answered and nothing else is under way in it, and tells its PSAP where the
/// phone is.
pub fn on_settled(core: &mut Core, call: &mut Call, now: Now) {
    if call.class != Class::Callback || call.stage != Stage::Talking {
        return;
    }
    if !call.turned && is_quiet(call) {
        turn(core, call, now);
    }
    tell_place(core, call, now);
}

/// Whether no exchange would be answered to the wrong side.
fn is_quiet(call: &Call) -> bool {
    let is_asked = |leg: &Leg| leg.is_offered() || leg.watch.as_ref().is_some_and(Watch::is_asked);
    let waits_for_prack = call.reliable.as_deref().is_some_and(|reliable| reliable.deadline().is_some());
    let is_moving = call.is_unanswered() || waits_for_prack || call.takeover.is_some() || call.onward.is_some();
    !is_moving && call.pending.is_empty() && call.caller.refused == Places::default() && !call.legs().any(is_asked)
}

fn turn(core: &mut Core, call: &mut Call, now: Now) {
    let snapshot = core.cache.snapshot.load_full();
    let psap = snapshot.trunk(&call.source).cloned();
    let (Some(psap), Some(pbx)) = (psap, call.trunk.clone()) else { return };
    let Some(phone) = call.answerer.take() else { return };
    call.answerer = Some(core::mem::replace(&mut call.caller, phone));
    call.source = Arc::clone(&pbx.name);
    call.trunk = Some(psap);
    call.turned = true;
    let said = call.said_to(Side::Answerer).cloned();
    call.agreed = said.map_or_else(Agreed::default, |said| Agreed::with(&said));
    let Some(ring) = call.ring.as_deref_mut() else { return };
    let held = ring.held.take();
    if let Some(mut decision) = ring.emergency.take() {
        decision.callback = ring.decision.callback.or(decision.callback);
        let place = document(core, &decision.located, now);
        let invite = invite_of(core, ring, &decision);
        call.opening = Some(Box::new(Opening::of_call_back(invite, ring.server, ring.flow, decision, place)));
    }
    if let Some(held) = held {
        call.agreed.opened = Some(true);
        mend::hold(core, call, held.expose().clone(), now);
    }
}

/// What the phone answered, as whoever calls back gets it. A hold cannot be refused in an answer: it is not told, and is
/// taken back when all have acknowledged (RFC 3264 §8.4).
pub fn first_words(call: &mut Call, session: &Bytes) -> Bytes {
    let words = call.words_for(Side::Caller, session);
    let is_call_back = call.class == Class::Callback && !call.turned;
    if !is_call_back || !call.is_hold(session, call.said_to(Side::Answerer)) {
        return words;
    }
    if let Some(ring) = call.ring.as_deref_mut() {
        ring.held = Some(Private::new(Bytes::copy_from_slice(session)));
    }
    sdp::opened(&words).unwrap_or(words)
}

/// The INVITE that the phone would have sent: what a PSAP hears to whom this call is transferred.
fn invite_of(core: &Core, ring: &Ring, decision: &Decision) -> Bytes {
    let domain = Arc::clone(&core.cache.snapshot.load().domain);
    let at = |user: &str| ["<sip:", user, "@", &domain, ">"].concat();
    let shown = decision.callback.map(|Shown { number, .. }| number).or(decision.number);
    let user = shown.as_ref().map_or("anonymous", |number| number.expose());
    let dialled = decision.classified.number.as_ref().map_or("112", |number| number.expose());
    let uri = ["sip:", dialled, "@", &domain].concat();
    let mut writer = Writer::request(core.buffer(), Method::Invite, uri.as_bytes());
    writer.number(Name::MaxForwards, 70);
    writer.field(Name::From, at(user)).field(Name::To, at(dialled));
    // The session's id goes on (RFC 7989 §7).
    writer.copy_all(&ring.invite, Name::SessionId);
    let bytes = core.finish(writer, None);
    Bytes::copy_from_slice(&bytes)
}

/// Where the phone is now, as a document.
fn document(core: &mut Core, located: &Located, now: Now) -> Option<Bytes> {
    let place = located.place.as_deref()?;
    let domain = Arc::clone(&core.cache.snapshot.load().domain);
    let nonce = core.entropy.bits();
    let age = u64::try_from(located.age.as_millis()).unwrap_or(u64::MAX);
    let document = pidf::Document {
        entity: &format!("u-{nonce:016x}@{domain}"),
        device: &format!("d-{nonce:016x}"),
        civic: &place.civic,
        shape: place.shape.as_deref(),
        method: located.method,
        source: None,
        at: Wall::from_millis(now.wall.as_millis().saturating_sub(age)),
        now: now.wall,
        note: located.caveat.map(caveat_text),
        provider: &domain,
        provider_info: None,
    };
    let mut out = BytesMut::with_capacity(2048);
    pidf::write(&mut out, &document);
    Some(out.freeze())
}

/// Tells an i3 PSAP where the phone is, once it has acknowledged the answer: by UPDATE, since no answer but a 424 may say
/// it (RFC 6442 §4.1).
fn tell_place(core: &mut Core, call: &mut Call, now: Now) {
    let is_settled = |leg: &Leg| leg.owed.is_none() && !leg.awaits_ack();
    let is_free = call.turned && call.answerer.as_ref().is_some_and(is_settled);
    if !is_free || !call.opening.as_deref().is_some_and(Opening::has_place) {
        return;
    }
    let Some(trunk) = call.trunk.clone().filter(|trunk| trunk.profile == Profile::I3) else { return };
    let takes = call.answerer.as_ref().is_some_and(|leg| leg.takes_update);
    if takes && !watch::may_ask(call) {
        return;
    }
    let Some(document) = call.opening.as_deref_mut().and_then(Opening::take_place) else { return };
    if takes {
        watch::bring(core, call, &document, now);
    }
    let trunk = Arc::clone(&trunk.name);
    core.note(call, |call, kind| Fact::LocationUpdate { call, kind, trunk, sent: takes });
}
