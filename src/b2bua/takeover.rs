//! INVITEs that would take a call over (Replaces, RFC 3891) or enter it (Join, RFC 3911).
//!
//! The caller's side may do neither, and an emergency call that asks for it is a new call all the same (rulings 1). A
//! PSAP may take a call over from another: the caller is offered the new far end's session, and when it takes it the
//! old one is let go. Until then, and when the caller refuses, the call stays as it was.
use super::call::{Call, Leg, Owner, Side, Stage};
use super::core::{Core, PRODUCT};
use super::midcall::relay;
use super::reason::ELSEWHERE;
use super::watch::Watch;
use super::{bridge, hangup, mend, offer};
use crate::base::id::Handle;
use crate::base::now::Now;
use crate::fact::Fact;
use crate::record::{Trunk, TrunkKind};
use crate::sip::dialog::Dialog;
use crate::sip::flow::Flow;
use crate::sip::message::name_addr::params;
use crate::sip::message::{Message, Method, Name};
use crate::sip::respond;
use crate::sip::transaction::{ClientId, ServerId};
use core::fmt;
use std::sync::Arc;

/// The dialog that an INVITE names in Replaces or Join, as its owner sees it. Whoever guesses is to learn nothing.
#[derive(Clone, Copy)]
pub struct Named<'a> {
    /// The Call-ID.
    pub call_id: &'a [u8],
    /// The tag of who is asked: ours.
    pub ours: &'a [u8],
    /// The other tag.
    pub theirs: &'a [u8],
    /// Whether only a dialog that rings is meant (RFC 3891 §3).
    pub early_only: bool,
    /// Whether it is to be joined and not replaced.
    pub joins: bool,
}

/// What an INVITE wants of another dialog: nothing, or what it names; `Err` when it says so in a way that nobody can
/// follow, which is 400: twice, both at once, or without a tag (RFC 3891 §3, RFC 3911 §4).
pub fn wish(invite: &Message) -> Result<Option<Named<'_>>, ()> {
    let mut values =
        [Name::Replaces, Name::Join].into_iter().flat_map(|name| invite.list(name).map(move |it| (name, it)));
    let Some((name, value)) = values.next() else { return Ok(None) };
    let at = value.iter().position(|&byte| byte == b';').ok_or(())?;
    let words = &value[at + 1..];
    let param = |wanted: &str| params(words).find(|(name, _)| name.eq_ignore_ascii_case(wanted.as_bytes()));
    let tag = |wanted: &str| param(wanted).map(|(_, tag)| tag).filter(|tag| !tag.is_empty()).ok_or(());
    let named = Named {
        call_id: value[..at].trim_ascii(),
        ours: tag("to-tag")?,
        theirs: tag("from-tag")?,
        early_only: param("early-only").is_some(),
        joins: name == Name::Join,
    };
    if values.next().is_some() { Err(()) } else { Ok(Some(named)) }
}

/// Whether a trunk is one whose far ends may take emergency calls over.
pub const fn may(kind: TrunkKind) -> bool {
    matches!(kind, TrunkKind::PsapI3 | TrunkKind::PsapLegacy | TrunkKind::Relay)
}

/// A far end that waits for the caller to take its session.
pub struct Takeover {
    /// Its INVITE's transaction.
    server: ServerId,
    /// Its INVITE.
    invite: Message,
    /// Where that came from.
    flow: Flow,
    /// Our INVITE to the caller.
    client: ClientId,
    /// Its trunk.
    trunk: Arc<Trunk>,
    /// Its side of the call, once it has it.
    leg: Leg,
    /// Whether the old one has hung up meanwhile.
    old_is_gone: bool,
}

/// Shows whose it is and leaves the messages out.
impl fmt::Debug for Takeover {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Takeover").field("trunk", &self.trunk.name).finish_non_exhaustive()
    }
}

/// Begins: the caller is offered the session of the far end that wants the call. `tag` is ours in the new dialog.
#[allow(clippy::too_many_arguments, reason = "an INVITE, with where it came from and for what")]
pub fn begin(
    core: &mut Core,
    call: &mut Call,
    trunk: &Arc<Trunk>,
    tag: Handle,
    id: ServerId,
    flow: Flow,
    invite: Message,
    now: Now,
) {
    if relay::offers_are_open(call) {
        return core.refuse(now, id, &invite, flow, 491);
    }
    let Some(dialog) = Dialog::answering(&invite, tag.text().as_bytes(), flow) else {
        return core.refuse(now, id, &invite, flow, 400);
    };
    core.refuse(now, id, &invite, flow, 100);
    let mut leg = Leg::new(dialog, tag.nonce, super::headers::Abilities::towards(trunk.profile));
    leg.takes_update = invite.list(Name::Allow).any(|method| method == b"UPDATE");
    let client = core.layer.reserve(Owner::Relayed(call.key), &mut core.entropy);
    let (contact_flow, abilities) = (call.caller.dialog.flow, call.caller.abilities);
    let hop = call.caller.dialog.next_hop();
    call.caller.dialog.speak_as(leg.dialog.peer_session());
    let mut writer = call.caller.dialog.request(core.buffer(), Method::Invite, client.branch().as_str());
    writer.field_with(Name::Contact, |out| offer::contact(out, "callbox", contact_flow));
    abilities.write(&mut writer);
    let session = bridge::session_of(&invite).map(|session| call.words_for(Side::Caller, &session));
    let bytes = core.finish(writer, session.as_ref().map(|session| (&b"application/sdp"[..], &session[..])));
    core.layer.start(now, client, hop, bytes, &mut core.transmits);
    core.layer.set_user(id, Owner::Relayed(call.key));
    let (server, trunk) = (id, trunk.clone());
    call.takeover = Some(Box::new(Takeover { server, invite, flow, client, trunk, leg, old_is_gone: false }));
}

/// The caller answers our INVITE; `false` when the response is to another request.
pub fn answered(core: &mut Core, call: &mut Call, client: ClientId, response: &Message, now: Now) -> bool {
    if call.takeover.as_ref().is_none_or(|takeover| takeover.client != client) {
        return false;
    }
    match response.status().unwrap_or(500) {
        ..200 => {}
        200..300 => {
            if let Some(takeover) = call.takeover.take() {
                take(core, call, *takeover, response, now);
            }
        }
        code => give_up(core, call, relay::code_for_asker(code), now),
    }
    true
}

/// The caller never answered our INVITE; `false` when another request was meant.
pub fn unanswered(core: &mut Core, call: &mut Call, client: ClientId, now: Now) -> bool {
    let is_ours = call.takeover.as_ref().is_some_and(|takeover| takeover.client == client);
    if is_ours {
        give_up(core, call, 504, now);
    }
    is_ours
}

/// The far end gives its wish up: the caller is not to be asked any longer.
pub fn cancelled(core: &mut Core, call: &Call, server: Option<ServerId>, now: Now) {
    if let Some(takeover) = call.takeover.as_ref().filter(|takeover| Some(takeover.server) == server) {
        core.layer.cancel(now, takeover.client, None, &mut core.transmits);
    }
}

/// The old far end hangs up: while another one is about to take the call over, the call goes on. `false` when none is.
pub fn outlives_old(core: &mut Core, call: &mut Call, now: Now) -> bool {
    let Some(takeover) = call.takeover.as_mut() else { return false };
    takeover.old_is_gone = true;
    hangup::refuse_pending(core, call, now);
    if let Some(leg) = call.answerer.as_mut() {
        (leg.owed, leg.watch, leg.mend) = (None, None, None);
    }
    true
}

/// Answers the INVITE with a refusal: the call is over, or stays as it was.
pub fn refuse(core: &mut Core, call: &mut Call, code: u16, now: Now) -> bool {
    let Some(takeover) = call.takeover.take() else { return false };
    core.layer.forget(takeover.client);
    core.answer_tagged(now, takeover.server, &takeover.invite, takeover.flow, code, takeover.leg.dialog.local_tag());
    takeover.old_is_gone
}

fn give_up(core: &mut Core, call: &mut Call, code: u16, now: Now) {
    if let Some(leg) = call.answerer.as_ref() {
        call.caller.dialog.speak_as(leg.dialog.peer_session());
    }
    if refuse(core, call, code, now) {
        hangup::dialog_gone(core, call, Side::Answerer, now);
    }
}

/// The caller took the new session: the new far end has the call, and the old one is let go.
fn take(core: &mut Core, call: &mut Call, takeover: Takeover, response: &Message, now: Now) {
    let Takeover { server, invite, flow, trunk, mut leg, old_is_gone, .. } = takeover;
    let offered = bridge::session_of(&invite).is_some();
    call.caller.dialog.retarget(response);
    call.caller.dialog.hear(response);
    call.caller.rewatch(Watch::of_answer(response, now));
    let offer = bridge::session_of(&invite).map(|session| call.words_for(Side::Caller, &session));
    call.caller.says(offer);
    call.caller.mend = None;
    call.caller.acked = Some(bridge::owing(response, offered, now));
    bridge::acknowledge(core, call, Side::Answerer, None);
    hangup::refuse_pending(core, call, now);
    let heard = bridge::session_of(response);
    let said = heard.as_ref().map(|heard| relay::answer_of_caller(call, call.said_to(Side::Caller), heard));
    let (session, is_hold) = said.map_or((None, false), |(words, is_hold)| (Some(words), is_hold));
    leg.says(session.clone());
    if let Some(mut old) = call.answerer.replace(leg) {
        if !old_is_gone {
            hangup::goodbye(core, call.key, &mut old.dialog, Some(ELSEWHERE), now);
        }
        call.former = Some(Box::new(old.dialog));
    }
    call.trunk = Some(trunk.clone());
    call.introduce();
    answer(core, call, server, flow, &invite, session.as_deref(), now);
    if offered {
        bridge::acknowledge(core, call, Side::Caller, None);
    }
    core.note(call, |call, kind| Fact::TakenOver { call, kind, trunk: trunk.name.clone() });
    match heard {
        Some(heard) if is_hold => mend::hold(core, call, heard, now),
        Some(heard) => call.caller_said(&heard),
        None => {}
    }
}

fn answer(
    core: &mut Core,
    call: &mut Call,
    server: ServerId,
    flow: Flow,
    invite: &Message,
    session: Option<&[u8]>,
    now: Now,
) {
    let Some(leg) = call.answerer.as_mut() else { return };
    let tag = leg.dialog.local_tag();
    let mut writer = respond::respond(core.buffer(), invite, flow.peer, 200, "", Some(tag), true);
    writer.field_with(Name::Contact, |out| offer::contact(out, "callbox", flow));
    leg.abilities.write(&mut writer);
    writer.field(Name::Server, PRODUCT);
    leg.dialog.write_session(&mut writer);
    let agreed = Watch::agree(&mut writer, invite, now);
    let bytes = core.finish(writer, session.map(|session| (&b"application/sdp"[..], session)));
    leg.watch = Some(agreed);
    let (cseq, offers) = (invite.cseq().map_or(0, |(cseq, _)| cseq), bridge::session_of(invite).is_none());
    leg.owed = Some(bridge::owe(bytes.clone(), server, cseq, offers, now));
    core.send_response(now, server, 200, bytes);
}

/// The dialog that was left by the one who had the call before: a BYE of it may still be on its way.
pub fn is_former(call: &Call, request: &Message) -> bool {
    let [call_id, ours, theirs] =
        [request.call_id(), request.to_tag(), request.from_tag()].map(Option::unwrap_or_default);
    call.former.as_ref().is_some_and(|dialog| dialog.is_between(call_id, ours, theirs))
}

/// Whether a far end may take this call over now.
pub fn is_open(call: &Call) -> bool {
    call.protected && call.stage == Stage::Talking && call.answerer.is_some()
}
