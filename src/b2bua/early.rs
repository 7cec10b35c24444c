//! The early dialogs of a caller: one for each far end, or fork of one, whose session description it heard.
//!
//! Who called takes the first answer in a dialog and ignores all that follow in it (RFC 3261 §13.2.1). So whoever speaks
//! with another session description than the one that a dialog has heard gets a To tag of its own, as if a proxy behind
//! us had forked the INVITE (§12.1, §16.7), and the 2xx is in the dialog of the one who answered. `call.caller` is
//! always the dialog that was spoken in last; the others wait here until then and are gone with the answer: 481.
use super::bridge;
use super::call::{Call, Leg, Side, Stage};
use super::core::Core;
use super::headers::Abilities;
use crate::base::now::Now;
use crate::sip::dialog::Dialog;
use crate::sip::message::Message;
use bytes::Bytes;
use smallvec::SmallVec;

/// The most early dialogs that a caller has before the answer; whoever speaks beyond them is heard without a session
/// description. The answer is always heard.
const MOST_DIALOGS: usize = 8;

/// A caller's early dialogs. None is listed as long as it heard no session description: all far ends share the first.
#[derive(Debug, Default)]
pub struct EarlyDialogs {
    list: SmallVec<[EarlyDialog; 1]>,
}

#[derive(Debug)]
struct EarlyDialog {
    /// Who speaks in it: the attempt's number and the far end's tag.
    attempt: u8,
    tag: Box<[u8]>,
    /// Our side of it; `None` for the one that is in `call.caller`.
    leg: Option<Box<Leg>>,
    /// Whether the caller or the far end has ended it.
    gone: bool,
}

/// Turns to the early dialog in which a far end's provisional response is heard. Returns the session description that
/// is said with it.
pub fn speak(core: &mut Core, call: &mut Call, number: u8, response: &Message) -> Option<Bytes> {
    let session = bridge::session_of(response).map(|session| call.words_for(Side::Caller, &session));
    let whose = (number, response.to_tag().unwrap_or_default());
    let said = turn(core, call, whose, session.as_ref(), MOST_DIALOGS);
    session.filter(|_| said)
}

/// Turns to the dialog in which a far end's answer is heard.
pub fn answer(core: &mut Core, call: &mut Call, number: u8, response: &Message) {
    if call.ring.as_deref().is_some_and(|ring| !ring.early.list.is_empty()) {
        let session = bridge::session_of(response).map(|session| call.words_for(Side::Caller, &session));
        let whose = (number, response.to_tag().unwrap_or_default());
        turn(core, call, whose, session.as_ref(), usize::MAX);
    }
}

/// Turns to a dialog of our own, where somebody else's session description was heard in the one before.
pub fn own(core: &mut Core, call: &mut Call) {
    if call.ring.as_deref().is_some_and(|ring| !ring.early.list.is_empty()) {
        turn(core, call, (u8::MAX, b""), None, usize::MAX);
    }
}

/// Turns to the early dialog of this nonce that fits, for a request of the caller in it. `false` when there is none.
pub fn resume(call: &mut Call, nonce: u64, fits: impl Fn(&Dialog) -> bool) -> bool {
    let Some(ring) = call.ring.as_deref().filter(|_| call.stage == Stage::Ringing) else { return false };
    let of = |early: &EarlyDialog| early.leg.as_ref().is_some_and(|leg| leg.nonce == nonce && fits(&leg.dialog));
    let place = ring.early.list.iter().position(of);
    place.map(|place| select(call, place)).is_some()
}

/// A caller ends the early dialog that it spoke in (RFC 3261 §15). `false` when no other is alive: then it has hung up.
pub fn leave(core: &mut Core, call: &mut Call, reason: Option<&str>, now: Now) -> bool {
    let key = call.key;
    let Some(ring) = call.ring.as_deref_mut() else { return false };
    let Some(current) = ring.early.list.iter_mut().find(|early| early.leg.is_none()) else { return false };
    current.gone = true;
    let (number, tag) = (usize::from(current.attempt), current.tag.clone());
    let alive = |early: &EarlyDialog| {
        !early.gone && ring.attempts.get(usize::from(early.attempt)).is_some_and(|attempt| attempt.may_answer())
    };
    let Some(other) = ring.early.list.iter().position(alive) else { return false };
    if let Some(attempt) = ring.attempts.get_mut(number).filter(|attempt| attempt.may_answer())
        && let Some(place) = attempt.early.iter().position(|early| early.dialog.remote_tag() == &*tag)
    {
        let mut dialog = attempt.early.swap_remove(place).dialog;
        super::hangup::goodbye(core, key, &mut dialog, reason, now);
    }
    select(call, other);
    true
}

/// A far end has ended an early dialog of its own (RFC 6228).
pub fn ended(call: &mut Call, number: u8, response: &Message) {
    let Some(ring) = call.ring.as_deref_mut() else { return };
    let tag = response.to_tag().unwrap_or_default();
    if let Some(attempt) = ring.attempts.get_mut(usize::from(number)) {
        attempt.early.retain(|early| early.dialog.remote_tag() != tag);
    }
    for early in ring.early.list.iter_mut().filter(|early| early.is_of(number, tag)) {
        early.gone = true;
    }
}

/// The early dialog with the far end that is heard where the caller spoke last, when it may be asked to change its
/// session: both sides have agreed on one reliably, and it takes UPDATE (RFC 3311 §5.1); and what we say of ourselves to it.
pub fn far_end(call: &mut Call) -> Option<(&mut Dialog, Abilities)> {
    let ring = call.ring.as_deref_mut()?;
    let current = ring.early.list.iter().find(|early| early.leg.is_none() && !early.gone)?;
    let attempt = ring.attempts.get_mut(usize::from(current.attempt)).filter(|attempt| attempt.may_answer())?;
    let abilities = Abilities::towards(attempt.sent.profile, attempt.trunk.transfers);
    let early = attempt.early.iter_mut().find(|early| early.dialog.remote_tag() == &*current.tag)?;
    (early.rseq.is_some() && early.takes_update).then_some((&mut early.dialog, abilities))
}

/// A far end took another offer in its early dialog.
pub fn updated(call: &mut Call, response: &Message, offer: Option<Bytes>) {
    let names = |dialog: &Dialog| {
        let [call_id, ours, theirs] = [response.call_id(), response.from_tag(), response.to_tag()];
        dialog.is_between(call_id.unwrap_or_default(), ours.unwrap_or_default(), theirs.unwrap_or_default())
    };
    let attempts = call.ring.as_deref_mut().into_iter().flat_map(|ring| &mut ring.attempts);
    for attempt in attempts.filter(|attempt| attempt.early.iter().any(|early| names(&early.dialog))) {
        attempt.sent.session = offer.clone();
    }
}

impl EarlyDialog {
    fn is_of(&self, number: u8, tag: &[u8]) -> bool {
        self.attempt == number && *self.tag == *tag
    }
}

/// Makes the dialog in which a response is heard the current one, a new one where none fits and there are fewer than
/// `most`. Returns whether its session description may be said there.
fn turn(core: &mut Core, call: &mut Call, (number, tag): (u8, &[u8]), session: Option<&Bytes>, most: usize) -> bool {
    let Some(ring) = call.ring.as_deref_mut() else { return true };
    // A tag that came with the INVITE is the only one that its dialog can have: what is said in it is the answer's.
    if ring.invite.to_tag().is_some() {
        return most == usize::MAX;
    }
    let list = &ring.early.list;
    let fits = |early: &EarlyDialog| {
        let said = early.leg.as_deref().unwrap_or(&call.caller).said.as_ref();
        let same = session.zip(said).is_none_or(|(session, said)| is_same(session, said.expose()));
        !early.gone && early.is_of(number, tag) && same
    };
    if let Some(place) = list.iter().rposition(fits) {
        select(call, place);
        return true;
    }
    let whose = |leg| EarlyDialog { attempt: number, tag: tag.into(), leg, gone: false };
    if list.is_empty() {
        if session.is_some() {
            ring.early.list.push(whose(None));
        }
        return true;
    }
    if list.len() >= most {
        return false;
    }
    let handle = core.handle(call.key.slot);
    let dialog = Dialog::answering(&ring.invite, handle.text().as_bytes(), call.caller.dialog.flow);
    let Some(dialog) = dialog else { return false };
    ring.early.list.push(whose(Some(Box::new(Leg::new(dialog, handle.nonce, call.caller.abilities)))));
    let place = ring.early.list.len() - 1;
    select(call, place);
    true
}

/// Makes a listed dialog the current one.
fn select(call: &mut Call, place: usize) {
    let Some(ring) = call.ring.as_deref_mut() else { return };
    let list = &mut ring.early.list;
    let Some(mut leg) = list.get_mut(place).and_then(|early| early.leg.take()) else { return };
    // The way to the caller is one for all of them, and may have changed meanwhile.
    leg.dialog.flow = call.caller.dialog.flow;
    core::mem::swap(&mut call.caller, &mut *leg);
    let before = list.iter_mut().enumerate().find(|(other, early)| *other != place && early.leg.is_none());
    if let Some((_, before)) = before {
        before.leg = Some(leg);
    }
}

/// Turns to the dialog of this nonce, when it is still there.
pub fn return_to(call: &mut Call, nonce: u64) {
    if call.caller.nonce != nonce {
        resume(call, nonce, |_| true);
    }
}

/// Whether two session descriptions say the same; that one has another version of itself changes nothing.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    let lines = |session| <[u8]>::split(session, |byte| *byte == b'\n').filter(|line| !line.starts_with(b"o="));
    lines(one).eq(lines(other))
}
