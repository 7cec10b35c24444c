//! INVITEs that would take a call over (Replaces, RFC 3891) or enter it (Join, RFC 3911).
//!
//! The caller's side may do neither, and an emergency call that asks for it is a new call all the same (rulings 1). A
//! PSAP may take a call over from another: the caller is offered the new far end's session, and when it takes it the
//! old one is let go. Until then, and when the caller refuses, the call stays as it was.
use super::attempt::takes_update;
use super::call::{Call, Leg, Owner, Side, Stage};
use super::core::{Core, PRODUCT};
use super::midcall::relay;
use super::reason::ELSEWHERE;
use super::watch::Watch;
use super::{bridge, hangup, mend, offer, onward, reason};
use crate::base::id::Handle;
use crate::base::now::{Mono, Now};
use crate::fact::Fact;
use crate::record::{Trunk, TrunkKind};
use crate::sdp::{self, Places};
use crate::sip::dialog::Dialog;
use crate::sip::flow::Flow;
use crate::sip::message::name_addr::params;
use crate::sip::message::{Message, Method, Name};
use crate::sip::respond;
use crate::sip::transaction::{ClientId, ServerId};
use bytes::Bytes;
use core::fmt;
use core::time::Duration;
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
    /// How it came to the call.
    by: By,
    /// Our INVITE to the caller; `None` until it can leave.
    client: Option<ClientId>,
    /// When it is to leave.
    at: Option<Mono>,
    /// How often it may still be put off.
    left: u8,
    /// What the far end said, as the caller gets it.
    session: Option<Bytes>,
    /// Streams of the caller's that the far end has no line for.
    refused: Places,
    /// Its trunk.
    trunk: Arc<Trunk>,
    /// Its side of the call, once it has it.
    pub leg: Leg,
    /// Whether the old one has hung up meanwhile.
    old_is_gone: bool,
    /// Whether it has hung up itself.
    gone: bool,
}

/// How a far end came to a call of somebody else.
#[allow(clippy::large_enum_variant, reason = "it stands in a box already")]
enum By {
    /// By an INVITE of its own, that waits for our answer.
    Invite { server: ServerId, invite: Message, flow: Flow },
    /// We asked it, and it has answered.
    Us,
}

/// Who had a call before the one who has it now.
#[derive(Debug)]
pub struct Former {
    /// Its leg.
    pub leg: Box<Leg>,
    /// When we hang up if it does not.
    pub bye_at: Option<Mono>,
}

/// How long who has transferred a call may take to hang up.
const LINGER: Duration = Duration::from_secs(32);

/// How soon the caller is asked again when another exchange was under way.
const SOON: Duration = Duration::from_millis(200);

/// How often that may happen.
const PUT_OFF: u8 = 100;

/// Shows whose it is and leaves the messages out.
impl fmt::Debug for Takeover {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Takeover").field("trunk", &self.trunk.name).finish_non_exhaustive()
    }
}

impl Takeover {
    /// `session` is what the far end said. The caller gets a line for each stream that it knows (RFC 3264 §8).
    fn new(call: &Call, by: By, trunk: Arc<Trunk>, leg: Leg, session: Option<Bytes>, now: Now) -> Takeover {
        let known = call.said_to(Side::Caller);
        let session = session.map(|session| call.words_for(Side::Caller, &session));
        let lines = session.as_ref().map_or(usize::MAX, |session| sdp::count(session));
        let refused = Places::from_to(lines, known.map_or(0, |known| sdp::count(known)));
        let session = session.map(|session| sdp::with_refused(&session, refused, known.map_or(b"", |known| known)));
        let (client, at, left) = (None, Some(now.mono), PUT_OFF);
        Takeover { by, client, at, left, session, refused, trunk, leg, old_is_gone: false, gone: false }
    }

    /// When the caller is to be asked.
    pub fn deadline(&self) -> Option<Mono> {
        self.at
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
    invite: &Message,
    now: Now,
) {
    if relay::offers_are_open(call) || call.onward.is_some() {
        return core.refuse(now, id, invite, flow, 491);
    }
    let Some(dialog) = Dialog::answering(invite, tag.text().as_bytes(), flow) else {
        return core.refuse(now, id, invite, flow, 400);
    };
    core.refuse(now, id, invite, flow, 100);
    let mut leg = Leg::new(dialog, tag.nonce, super::headers::Abilities::towards(trunk.profile, trunk.transfers));
    leg.takes_update = takes_update(invite);
    core.layer.set_user(id, Owner::Relayed(call.key));
    let session = bridge::session_of(invite);
    ask(core, call, By::Invite { server: id, invite: invite.clone(), flow }, trunk.clone(), leg, session, now);
}

/// The same for a far end that we asked and that has answered with `session`; a caller that has it already is not asked.
pub fn join(core: &mut Core, call: &mut Call, trunk: Arc<Trunk>, leg: Leg, session: Option<Bytes>, now: Now) {
    let takeover = Takeover::new(call, By::Us, trunk, leg, session, now);
    let known = takeover.session.as_ref().zip(call.said_to(Side::Caller));
    let is_known = known.is_some_and(|(new, known)| sdp::same(new, known));
    if is_known && !takeover.leg.awaits_ack() && !relay::offers_are_open(call) {
        return take(core, call, takeover, None, now);
    }
    call.takeover = Some(Box::new(takeover));
    on_time(core, call, now);
}

fn ask(core: &mut Core, call: &mut Call, by: By, trunk: Arc<Trunk>, leg: Leg, session: Option<Bytes>, now: Now) {
    call.takeover = Some(Box::new(Takeover::new(call, by, trunk, leg, session, now)));
    on_time(core, call, now);
}

/// What is due: the INVITE to the caller, once nothing else is under way, and a BYE to one who had the call before and
/// does not leave.
pub fn on_time(core: &mut Core, call: &mut Call, now: Now) {
    if call.takeover.as_ref().and_then(|takeover| takeover.at).is_some_and(|at| at <= now.mono) {
        invite_caller(core, call, now);
    }
    let key = call.key;
    if let Some(former) = call.former.as_mut().filter(|former| former.bye_at.is_some_and(|at| at <= now.mono)) {
        former.bye_at = None;
        hangup::goodbye(core, key, &mut former.leg.dialog, Some(ELSEWHERE), now);
    }
}

fn invite_caller(core: &mut Core, call: &mut Call, now: Now) {
    let is_busy = relay::exchanges_are_open(call);
    let Some(takeover) = call.takeover.as_mut() else { return };
    if is_busy && takeover.left == 0 {
        return give_up(core, call, 491, now);
    }
    if is_busy {
        (takeover.left, takeover.at) = (takeover.left - 1, Some(now.mono + SOON));
        return;
    }
    let client = core.layer.reserve(Owner::Relayed(call.key), &mut core.entropy);
    (takeover.client, takeover.at) = (Some(client), None);
    let (session, speaker) = (takeover.session.clone(), takeover.leg.dialog.peer_session());
    let (contact_flow, abilities) = (call.caller.dialog.flow, call.caller.abilities);
    let hop = call.caller.dialog.next_hop();
    call.caller.dialog.speak_as(speaker);
    let mut writer = call.caller.dialog.request(core.buffer(), Method::Invite, client.branch().as_str());
    writer.field_with(Name::Contact, |out| offer::contact(out, "callbox", contact_flow));
    abilities.write(&mut writer);
    let bytes = core.finish(writer, session.as_ref().map(|session| (&b"application/sdp"[..], &session[..])));
    core.layer.start(now, client, hop, bytes, &mut core.transmits);
}

/// The caller answers our INVITE; `false` when the response is to another request.
pub fn answered(core: &mut Core, call: &mut Call, client: ClientId, response: &Message, now: Now) -> bool {
    if call.takeover.as_ref().is_none_or(|takeover| takeover.client != Some(client)) {
        return false;
    }
    match response.status().unwrap_or(500) {
        ..200 => {}
        200..300 => {
            if call.takeover.as_ref().is_some_and(|takeover| takeover.gone) {
                take_back(core, call, response, now);
            } else if let Some(takeover) = call.takeover.take() {
                take(core, call, *takeover, Some(response), now);
            }
        }
        491 if put_off(core, call, now) => {}
        code => give_up(core, call, relay::code_for_asker(code), now),
    }
    true
}

/// The caller had an offer on its way to us. A far end that asked itself hears of it and comes again; for one that we
/// asked we do (RFC 3261 §14.1).
fn put_off(core: &mut Core, call: &mut Call, now: Now) -> bool {
    let wait = Duration::from_millis(core.entropy.below(201) * 10);
    let Some(takeover) = call.takeover.as_mut().filter(|it| matches!(it.by, By::Us) && it.left > 0) else {
        return false;
    };
    (takeover.client, takeover.at, takeover.left) = (None, Some(now.mono + wait), takeover.left - 1);
    true
}

/// The caller never answered our INVITE; `false` when another request was meant.
pub fn unanswered(core: &mut Core, call: &mut Call, client: ClientId, now: Now) -> bool {
    let is_ours = call.takeover.as_ref().is_some_and(|takeover| takeover.client == Some(client));
    if is_ours {
        give_up(core, call, 504, now);
    }
    is_ours
}

/// The far end gives its wish up: the caller is not to be asked any longer.
pub fn cancelled(core: &mut Core, call: &Call, server: Option<ServerId>, now: Now) {
    let Some(takeover) = call.takeover.as_ref() else { return };
    if let (By::Invite { server: asked, .. }, Some(client)) = (&takeover.by, takeover.client)
        && Some(*asked) == server
    {
        core.layer.cancel(now, client, None, &mut core.transmits);
    }
}

/// The old far end hangs up: while another one is about to take the call over, the call goes on. `false` when none is.
pub fn outlives_old(core: &mut Core, call: &mut Call, now: Now) -> bool {
    let by_invite = |takeover: &&mut Box<Takeover>| matches!(takeover.by, By::Invite { .. });
    let Some(takeover) = call.takeover.as_mut().filter(by_invite) else { return false };
    takeover.old_is_gone = true;
    hangup::refuse_pending(core, call, now);
    if let Some(leg) = call.answerer.as_mut() {
        (leg.owed, leg.watch, leg.mend) = (None, None, None);
    }
    true
}

/// Lets go of the far end that waits, with this status where its INVITE still has none. Whether the old one is gone.
pub fn refuse(core: &mut Core, call: &mut Call, code: u16, now: Now) -> bool {
    let Some(takeover) = call.takeover.take() else { return false };
    let Takeover { by, client, leg, old_is_gone, gone, .. } = *takeover;
    client.into_iter().for_each(|client| core.layer.forget(client));
    match by {
        By::Invite { server, invite, flow } => {
            core.answer_tagged(now, server, &invite, flow, code, leg.dialog.local_tag());
        }
        By::Us if gone => {}
        By::Us => hangup::let_go(core, call, leg, reason::GIVEN_UP, now),
    }
    old_is_gone
}

fn give_up(core: &mut Core, call: &mut Call, code: u16, now: Now) {
    if let Some(leg) = call.answerer.as_ref() {
        call.caller.dialog.speak_as(leg.dialog.peer_session());
    }
    let is_asked = call.takeover.as_ref().is_some_and(|takeover| matches!(takeover.by, By::Us));
    let old_is_gone = refuse(core, call, code, now);
    if is_asked {
        onward::not_taken(core, call, code, now);
    } else if old_is_gone {
        hangup::dialog_gone(core, call, Side::Answerer, now);
    }
}

/// The caller took the session of one who has hung up meanwhile: it is offered the one in force again.
fn take_back(core: &mut Core, call: &mut Call, response: &Message, now: Now) {
    call.caller.dialog.retarget(response);
    call.caller.dialog.hear(response);
    call.caller.rewatch(Watch::of_answer(response, now));
    call.caller.acked = Some(bridge::owing(response, true, now));
    bridge::acknowledge(core, call, Side::Caller, None);
    give_up(core, call, 487, now);
    if call.stage == Stage::Talking {
        mend::heard(core, call, Side::Caller, None, now);
    }
}

/// The far end that waits for the caller has hung up.
pub fn waiting_left(core: &mut Core, call: &mut Call, now: Now) {
    let Some(takeover) = call.takeover.as_mut() else { return };
    takeover.gone = true;
    match takeover.client {
        Some(client) => core.layer.cancel(now, client, None, &mut core.transmits),
        None => give_up(core, call, 487, now),
    }
}

/// Whether a BYE is of the far end that waits for the caller.
pub fn is_waiting(call: &Call, bye: &Message) -> bool {
    call.takeover.as_ref().is_some_and(|takeover| matches!(takeover.by, By::Us) && names(bye, &takeover.leg))
}

/// The caller took the new session, in this response, or has it already: the new far end has the call. The old one is let
/// go; one that asked for this itself hears how it went and hangs up.
fn take(core: &mut Core, call: &mut Call, takeover: Takeover, response: Option<&Message>, now: Now) {
    let Takeover { by, session, refused, trunk, mut leg, old_is_gone, .. } = takeover;
    let offered = session.is_some();
    call.caller.refused = call.caller.refused.with(refused);
    if let Some(response) = response {
        call.caller.dialog.retarget(response);
        call.caller.dialog.hear(response);
        call.caller.rewatch(Watch::of_answer(response, now));
        call.caller.says(session);
        call.caller.mend = None;
        call.caller.acked = Some(bridge::owing(response, offered, now));
    }
    bridge::acknowledge(core, call, Side::Answerer, None);
    hangup::refuse_pending(core, call, now);
    let heard = response.and_then(bridge::session_of);
    let is_ours = matches!(by, By::Us);
    let said = heard.as_ref().map(|heard| relay::answer_of_caller(call, call.said_to(Side::Caller), heard));
    let (words, is_hold) = said.map_or((None, false), |(words, is_hold)| (Some(words), is_hold));
    if !is_ours {
        leg.says(words.clone());
    }
    if let Some(old) = call.answerer.replace(leg) {
        let bye_at = Some(if is_ours { now.mono + LINGER } else { now.mono }).filter(|_| !old_is_gone);
        leave(core, call, Former { leg: Box::new(old), bye_at }, now);
    }
    call.trunk = Some(trunk.clone());
    call.introduce();
    if let By::Invite { server, invite, flow } = by {
        answer(core, call, server, flow, &invite, words.as_deref(), now);
    }
    if offered {
        bridge::acknowledge(core, call, Side::Caller, None);
    }
    core.note(call, |call, kind| Fact::TakenOver { call, kind, trunk: trunk.name.clone() });
    match heard {
        Some(heard) if is_ours => mend::heard(core, call, Side::Caller, Some(heard), now),
        Some(heard) if is_hold => mend::hold(core, call, heard, now),
        Some(heard) => call.caller_said(&heard),
        None => {}
    }
    if is_ours {
        onward::taken(core, call, now);
    }
}

/// Who had the call is to leave it; one who was to leave before that does so now.
pub fn leave(core: &mut Core, call: &mut Call, former: Former, now: Now) {
    if let Some(before) = call.former.replace(Box::new(former)).filter(|before| before.bye_at.is_some()) {
        let Former { mut leg, .. } = *before;
        hangup::goodbye(core, call.key, &mut leg.dialog, Some(ELSEWHERE), now);
    }
    on_time(core, call, now);
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

/// Whether a BYE is of the one who had the call before: it may still be on its way.
pub fn is_former(call: &Call, bye: &Message) -> bool {
    call.former.as_ref().is_some_and(|former| names(bye, &former.leg))
}

fn names(request: &Message, leg: &Leg) -> bool {
    let [call_id, ours, theirs] =
        [request.call_id(), request.to_tag(), request.from_tag()].map(Option::unwrap_or_default);
    leg.dialog.is_between(call_id, ours, theirs)
}

/// The one who had the call before has hung up.
pub fn former_left(call: &mut Call) {
    call.former.iter_mut().for_each(|former| former.bye_at = None);
}

/// Whether a far end may take this call over now.
pub fn is_open(call: &Call) -> bool {
    call.protected && call.stage == Stage::Talking && call.answerer.is_some() && call.onward.is_none()
}
