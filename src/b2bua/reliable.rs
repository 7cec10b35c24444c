//! Provisional responses that a caller requires to be reliable (RFC 3262 §3): numbered, repeated until their PRACK, one
//! at a time, and the answer held back while one with a session description waits.
use super::bridge;
use super::call::{Call, Stage};
use super::core::Core;
use crate::base::entropy::Entropy;
use crate::base::now::{Mono, Now};
use crate::sip::message::{Message, Method, Name};
use bytes::Bytes;
use core::time::Duration;

/// T1, the first interval between copies (RFC 3262 §3).
const T1: Duration = Duration::from_millis(500);
/// How long copies are sent: 64·T1.
const REPEAT: Duration = Duration::from_secs(32);

/// What a caller that requires reliability has heard and acknowledged.
#[derive(Debug)]
pub struct Reliable {
    /// The number of the last response.
    rseq: u32,
    /// The response that waits for its PRACK.
    waiting: Option<Waiting>,
    /// What a target said meanwhile: only the latest is worth passing on.
    latest: Option<Message>,
    /// The answer, while a session description before it waits for its PRACK.
    answer: Option<Message>,
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

impl Reliable {
    /// For a caller whose INVITE requires it. Without an offer in the INVITE the first such response would have to make
    /// one, and we have none before the answer: such a caller hears 100 and the answer alone.
    pub fn wanted(invite: &Message, entropy: &mut Entropy) -> Option<Box<Reliable>> {
        let wanted = invite.has_token(Name::Require, "100rel") && bridge::session_of(invite).is_some();
        wanted.then(|| {
            // Any number up to 2^31-1 will do; half of that leaves room to count (RFC 3262 §3).
            let rseq = u32::try_from(entropy.below(1 << 30)).unwrap_or(0);
            Box::new(Reliable { rseq, waiting: None, latest: None, answer: None })
        })
    }

    /// When a copy is due.
    pub fn deadline(&self) -> Option<Mono> {
        self.waiting.as_ref().map(|waiting| waiting.next)
    }

    /// Whether the answer is held back.
    pub fn holds_answer(&self) -> bool {
        self.answer.is_some()
    }
}

/// Passes a target's provisional response on, numbered; while one waits, the latest waits behind it.
pub fn ringing(core: &mut Core, call: &mut Call, response: &Message, now: Now) {
    let Some(reliable) = call.reliable.as_deref_mut() else { return };
    if reliable.waiting.is_some() {
        reliable.latest = Some(response.clone());
        return;
    }
    reliable.rseq += 1;
    let rseq = reliable.rseq;
    let code = response.status().unwrap_or(180);
    let Some((bytes, has_session)) = bridge::provisional(core, call, response, Some(rseq)) else { return };
    let (next, until) = (now.mono + T1, now.mono + REPEAT);
    if let Some(reliable) = call.reliable.as_deref_mut() {
        let response = bytes.clone();
        reliable.waiting = Some(Waiting { response, code, has_session, next, interval: T1, until });
    }
    if let Some(server) = call.ring.as_deref().map(|ring| ring.server) {
        core.send_response(now, server, code, bytes);
    }
}

/// Holds an answer back while a session description before it is not acknowledged (RFC 3262 §3). `false`: it may go.
pub fn hold(call: &mut Call, answer: &Message) -> bool {
    let Some(reliable) = call.reliable.as_deref_mut() else { return false };
    let held = reliable.waiting.as_ref().is_some_and(|waiting| waiting.has_session);
    if held {
        reliable.answer = Some(answer.clone());
    } else {
        // After a final response nobody repeats a provisional one.
        reliable.waiting = None;
    }
    held
}

/// A PRACK: `true` when it names the response that waits (RFC 3262 §3). [`go_on`] follows.
pub fn acknowledged(call: &mut Call, prack: &Message) -> bool {
    let cseq = call.ring.as_deref().and_then(|ring| ring.invite.cseq()).map(|(cseq, _)| cseq);
    let Some(reliable) = call.reliable.as_deref_mut() else { return false };
    let named = rack(prack).is_some_and(|(rseq, of, method)| {
        (rseq, Some(of), method) == (reliable.rseq, cseq, Method::Invite) && reliable.waiting.is_some()
    });
    if named {
        reliable.waiting = None;
    }
    named
}

/// What came while a response waited for its PRACK goes out now.
pub fn go_on(core: &mut Core, call: &mut Call, now: Now) {
    let Some(reliable) = call.reliable.as_deref_mut().filter(|reliable| reliable.waiting.is_none()) else { return };
    let (latest, answer) = (reliable.latest.take(), reliable.answer.take());
    match (answer, latest) {
        (Some(answer), _) => bridge::answer_caller(core, call, &answer, now),
        (None, Some(latest)) if call.stage == Stage::Ringing => ringing(core, call, &latest, now),
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

/// Sends a copy that is due. A caller that never acknowledges is no reason to give its call up: after 64·T1 the answer
/// goes out all the same (rulings 1; RFC 3262 §3 would refuse the INVITE).
pub fn on_time(core: &mut Core, call: &mut Call, now: Now) {
    let Some(reliable) = call.reliable.as_deref_mut() else { return };
    let Some(waiting) = reliable.waiting.as_mut().filter(|waiting| waiting.next <= now.mono) else { return };
    if now.mono < waiting.until {
        waiting.interval *= 2;
        waiting.next = (now.mono + waiting.interval).min(waiting.until);
        let (code, response) = (waiting.code, waiting.response.clone());
        core.copies += 1;
        if let Some(server) = call.ring.as_deref().map(|ring| ring.server) {
            core.send_response(now, server, code, response);
        }
        return;
    }
    reliable.waiting = None;
    go_on(core, call, now);
}
