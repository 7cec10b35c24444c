//! Provisional responses that a caller requires to be reliable (RFC 3262 §3): numbered, repeated until their PRACK, one
//! at a time, and the answer held back while one with a session description waits.
use super::call::{Call, Side, Stage};
use super::core::{Core, PRODUCT};
use super::midcall::InDialog;
use super::{bridge, early, mend};
use crate::base::entropy::Entropy;
use crate::base::now::{Mono, Now};
use crate::base::private::Private;
use crate::sdp;
use crate::sip::message::{Message, Method, Name, session_id};
use crate::sip::respond;
use bytes::Bytes;
use core::time::Duration;
use smallvec::SmallVec;

/// T1, the first interval between copies (RFC 3262 §3).
const T1: Duration = Duration::from_millis(500);
/// How long copies are sent: 64·T1.
const REPEAT: Duration = Duration::from_secs(32);

/// What a caller that requires reliability has heard and acknowledged.
#[derive(Debug)]
pub struct Reliable {
    /// The CSeq number of the INVITE.
    cseq: u32,
    /// The number of the last response, in whichever dialog.
    rseq: u32,
    /// The early dialogs in which something was said: each counts for itself, since the caller cannot tell us from a
    /// proxy that forks.
    dialogs: SmallVec<[Spoken; 1]>,
    /// What the caller said after its INVITE in the dialog of this nonce, for who answers there.
    said: Option<(u64, Private<Bytes>)>,
    /// The answer, while a session description before it waits for its PRACK.
    answer: Option<Message>,
}

/// What was said in one early dialog.
struct Spoken {
    /// The nonce of our tag in it.
    nonce: u64,
    /// The number of the last response in it.
    rseq: u32,
    /// The response that waits for its PRACK.
    waiting: Option<Waiting>,
    /// What a target said meanwhile, and which: only the latest is worth passing on.
    latest: Option<(u8, Message)>,
    /// Whether a session description was said.
    offered: bool,
    /// Whether it was acknowledged.
    agreed: bool,
    /// Whether the answer went out while the last response waited: its PRACK may be on its way.
    overtaken: bool,
}

struct Waiting {
    response: Bytes,
    code: u16,
    has_session: bool,
    next: Mono,
    interval: Duration,
    until: Mono,
}

/// Shows when and leaves the message out.
impl core::fmt::Debug for Waiting {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.debug_struct("Waiting").field("code", &self.code).field("next", &self.next).finish_non_exhaustive()
    }
}

/// Shows how far it has come and leaves the messages out.
impl core::fmt::Debug for Spoken {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.debug_struct("Spoken").field("waiting", &self.waiting).field("agreed", &self.agreed).finish_non_exhaustive()
    }
}

impl Reliable {
    /// For a caller whose INVITE requires it. Without an offer in the INVITE the first such response would have to make
    /// one, and we have none before the answer: such a caller hears 100 and the answer alone.
    pub fn wanted(invite: &Message, entropy: &mut Entropy) -> Option<Box<Reliable>> {
        let wanted = invite.has_token(Name::Require, "100rel") && bridge::session_of(invite).is_some();
        wanted.then(|| {
            // Any number up to 2^31-1 will do; half of that leaves room to count (RFC 3262 §3).
            let rseq = u32::try_from(entropy.below(1 << 30)).unwrap_or(0);
            let cseq = invite.cseq().map_or(0, |(cseq, _)| cseq);
            Box::new(Reliable { cseq, rseq, dialogs: SmallVec::new(), said: None, answer: None })
        })
    }

    /// When a copy is due.
    pub fn deadline(&self) -> Option<Mono> {
        self.dialogs.iter().filter_map(|spoken| spoken.waiting.as_ref()).map(|waiting| waiting.next).min()
    }

    /// Whether the answer is held back.
    pub fn holds_answer(&self) -> bool {
        self.answer.is_some()
    }

    /// Whether a session description was acknowledged in the dialog of this nonce.
    pub fn has_agreed(&self, nonce: u64) -> bool {
        self.dialogs.iter().any(|spoken| spoken.nonce == nonce && spoken.agreed)
    }

    fn spoken(&mut self, nonce: u64) -> Option<&mut Spoken> {
        self.dialogs.iter_mut().find(|spoken| spoken.nonce == nonce)
    }

    /// The next number in a dialog. A new dialog goes on where the others are: that is right for a caller who counts by
    /// dialog, and as near as can be for one who counts by INVITE (RFC 3262 §4).
    fn count(&mut self, nonce: u64) -> u32 {
        let next = match self.spoken(nonce) {
            Some(spoken) => {
                spoken.rseq += 1;
                spoken.rseq
            }
            None => {
                let (rseq, waiting, latest) = (self.rseq + 1, None, None);
                let (offered, agreed, overtaken) = (false, false, false);
                self.dialogs.push(Spoken { nonce, rseq, waiting, latest, offered, agreed, overtaken });
                rseq
            }
        };
        self.rseq = self.rseq.max(next);
        next
    }
}

/// Passes a target's provisional response on, numbered; while one waits in its dialog, the latest waits behind it.
pub fn ringing(core: &mut Core, call: &mut Call, number: u8, response: &Message, now: Now) {
    let session = early::speak(core, call, number, response);
    let nonce = call.caller.nonce;
    let Some(reliable) = call.reliable.as_deref_mut() else { return };
    for other in reliable.dialogs.iter_mut().filter(|spoken| spoken.nonce != nonce) {
        other.latest = None;
    }
    let spoken = reliable.spoken(nonce);
    let offered = spoken.as_ref().is_some_and(|spoken| spoken.offered);
    if let Some(spoken) = spoken.filter(|spoken| spoken.waiting.is_some()) {
        spoken.latest = Some((number, response.clone()));
        return;
    }
    // Said twice, it would be an offer of ours the second time (RFC 3261 §13.2.1).
    let session = session.filter(|_| !offered);
    send(core, call, response.status().unwrap_or(180), Some(response), session, now);
}

/// Tells a caller who has waited that its call is still on its way, unless a copy of the last word will do that.
pub fn progress(core: &mut Core, call: &mut Call, code: u16, now: Now) {
    let nonce = call.caller.nonce;
    let Some(reliable) = call.reliable.as_deref_mut() else { return };
    if reliable.spoken(nonce).is_none_or(|spoken| spoken.waiting.is_none()) {
        send(core, call, code, None, None, now);
    }
}

fn send(core: &mut Core, call: &mut Call, code: u16, heard: Option<&Message>, session: Option<Bytes>, now: Now) {
    let nonce = call.caller.nonce;
    let Some(rseq) = call.reliable.as_deref_mut().map(|reliable| reliable.count(nonce)) else { return };
    let Some(bytes) = bridge::numbered(core, call, (code, rseq), heard, session.as_ref()) else { return };
    if let Some(spoken) = call.reliable.as_deref_mut().and_then(|reliable| reliable.spoken(nonce)) {
        let (next, until, has_session) = (now.mono + T1, now.mono + REPEAT, session.is_some());
        let response = bytes.clone();
        spoken.offered |= has_session;
        spoken.waiting = Some(Waiting { response, code, has_session, next, interval: T1, until });
    }
    call.caller.says(session);
    if let Some(server) = call.ring.as_deref().map(|ring| ring.server) {
        core.send_response(now, server, code, bytes);
    }
}

/// Holds an answer back while a session description before it is not acknowledged in its dialog (RFC 3262 §3). `false`:
/// it may go. What was said in other dialogs is over.
pub fn hold(call: &mut Call, answer: &Message) -> bool {
    let nonce = call.caller.nonce;
    let Some(reliable) = call.reliable.as_deref_mut() else { return false };
    reliable.dialogs.retain(|spoken| spoken.nonce == nonce);
    let held = reliable.dialogs.iter().any(|spoken| spoken.waiting.as_ref().is_some_and(|waiting| waiting.has_session));
    if held {
        reliable.answer = Some(answer.clone());
    } else if let Some(spoken) = reliable.spoken(nonce) {
        // After a final response nobody repeats a provisional one, but its PRACK is still taken.
        spoken.overtaken = spoken.waiting.take().is_some();
    }
    held
}

/// A PRACK in the current dialog. One that names the response that waits there is accepted, and what waited behind it goes
/// on; an offer in it is answered with what the caller has heard (RFC 3262 §5). A refusal would leave its session in
/// doubt, so that a hold is answered too, and taken back soon after.
pub fn pracked(core: &mut Core, call: &mut Call, asked: &InDialog<'_>, now: Now) {
    let known = asked.side == call.inviter() && acknowledged(call, asked.request);
    let said = call.said_to(Side::Caller).cloned();
    // No session was said to whoever calls back before the answer that turned the call round.
    let exchange = bridge::session_of(asked.request).zip(said).filter(|_| known && !call.turned);
    let Some((offer, said)) = exchange else {
        core.refuse(now, asked.id, asked.request, asked.flow, if known { 200 } else { 481 });
        return go_on(core, call, now);
    };
    let refused = call.refused_in(&offer);
    let said = sdp::with_refused(&said, refused.but(call.caller.refused), &offer);
    let mut writer = respond::respond(core.buffer(), asked.request, asked.flow.peer, 200, "", None, false);
    writer.field(Name::Server, PRODUCT);
    session_id::answer(&mut writer, None, asked.request);
    let answer = sdp::answering(&said, &offer);
    let bytes = core.finish(writer, Some((b"application/sdp", &answer)));
    core.send_response(now, asked.id, 200, bytes);
    call.caller.says(Some(said));
    call.caller.refused = refused;
    mend::heard(core, call, Side::Caller, Some(offer), now);
    go_on(core, call, now);
}

/// Keeps what the caller said before anyone has answered.
pub fn keep(call: &mut Call, session: &[u8]) {
    let nonce = call.caller.nonce;
    if let Some(reliable) = call.reliable.as_deref_mut() {
        reliable.said = Some((nonce, Private::new(Bytes::copy_from_slice(session))));
    }
}

/// What the caller said before somebody answered, who does not know it yet.
pub fn kept(call: &mut Call) -> Option<Bytes> {
    let (nonce, said) = call.reliable.as_deref_mut()?.said.take()?;
    (nonce == call.caller.nonce).then(|| said.expose().clone())
}

/// `true` when a PRACK names the response that waits in the current dialog, or waited when the answer went out (RFC 3262
/// §3).
fn acknowledged(call: &mut Call, prack: &Message) -> bool {
    let Some(nonce) = call.side(call.inviter()).map(|leg| leg.nonce) else { return false };
    let Some(reliable) = call.reliable.as_deref_mut() else { return false };
    let cseq = reliable.cseq;
    let Some(spoken) = reliable.spoken(nonce) else { return false };
    let is_named = rack(prack) == Some((spoken.rseq, cseq, Method::Invite));
    if let Some(waiting) = spoken.waiting.take_if(|_| is_named) {
        spoken.agreed |= waiting.has_session;
        return true;
    }
    is_named && core::mem::take(&mut spoken.overtaken)
}

/// What came while a response of the current dialog waited for its PRACK goes out now.
fn go_on(core: &mut Core, call: &mut Call, now: Now) {
    let nonce = call.caller.nonce;
    let Some(reliable) = call.reliable.as_deref_mut() else { return };
    let Some(spoken) = reliable.spoken(nonce).filter(|spoken| spoken.waiting.is_none()) else { return };
    let latest = spoken.latest.take();
    match (reliable.answer.take(), latest) {
        (Some(answer), _) => bridge::answer_caller(core, call, &answer, now),
        (None, Some((number, latest))) if call.stage == Stage::Ringing => ringing(core, call, number, &latest, now),
        _ => {}
    }
}

/// RAck: the response's number, and CSeq number and method of its request (RFC 3262 §7.2).
fn rack(prack: &Message) -> Option<(u32, u32, Method)> {
    let mut words = prack.value(Name::RAck)?.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let mut number = || core::str::from_utf8(words.next()?).ok()?.parse().ok();
    let (rseq, cseq) = (number()?, number()?);
    Some((rseq, cseq, Method::read(words.next()?)))
}

/// Sends the copies that are due. A caller that never acknowledges is no reason to give its call up: after 64·T1 the
/// answer goes out all the same (rulings 1; RFC 3262 §3 would refuse the INVITE).
pub fn on_time(core: &mut Core, call: &mut Call, now: Now) {
    let server = call.ring.as_deref().map(|ring| ring.server);
    let mut given_up = None;
    for spoken in call.reliable.as_deref_mut().into_iter().flat_map(|reliable| &mut reliable.dialogs) {
        let Some(waiting) = spoken.waiting.as_mut().filter(|waiting| waiting.next <= now.mono) else { continue };
        if now.mono < waiting.until {
            waiting.interval *= 2;
            waiting.next = (now.mono + waiting.interval).min(waiting.until);
            core.copies += 1;
            if let Some(server) = server {
                core.send_response(now, server, waiting.code, waiting.response.clone());
            }
        } else {
            spoken.waiting = None;
            given_up = Some(spoken.nonce);
        }
    }
    if let Some(nonce) = given_up {
        early::return_to(call, nonce);
        go_on(core, call, now);
    }
}
