//! Offers of our own: what one side said alone is brought to the other, and a hold that the caller's side got in where
//! it cannot be refused (an ACK, a 2xx) is taken back by offering the session in force once more (RFC 3261 §14.1).
use super::attempt::takes_update;
use super::call::{Call, Leg, Owner, Side, Stage};
use super::core::Core;
use super::watch::Watch;
use super::{bridge, ivr, offer, reliable, watch};
use crate::base::now::{Mono, Now};
use crate::base::private::Private;
use crate::fact::{Fact, Feature};
use crate::sdp;
use crate::sip::message::{Message, Method, Name};
use crate::sip::transaction::ClientId;
use bytes::Bytes;
use core::time::Duration;

/// How often a side that holds is offered the session again.
const REPAIRS: u8 = 3;
/// How often one side's words are offered to a side that is busy or refuses them.
const TELLS: u8 = 8;
/// How many times in a row words are carried from side to side when each answer differs from what the other side knows.
const IN_A_ROW: u8 = 4;

/// An offer that a side is to get.
#[derive(Debug)]
pub struct Mend {
    /// What it has not heard; without it the offer is what it heard last.
    news: Option<Private<Bytes>>,
    /// The words of this side that hold the call and went no further.
    held: Option<Private<Bytes>>,
    /// How many times it may still be sent.
    left: u8,
    /// When it is sent next.
    at: Option<Mono>,
    /// The request that waits for its answer, and what it offers.
    open: Option<(ClientId, Private<Bytes>)>,
}

impl Leg {
    /// When an offer of ours is due.
    pub fn mend_at(&self) -> Option<Mono> {
        self.mend.as_ref().and_then(|mend| mend.at)
    }

    /// Whether an offer of ours waits for its answer.
    pub fn is_offered(&self) -> bool {
        self.mend.as_ref().is_some_and(|mend| mend.open.is_some())
    }

    /// What the side is to hear: what an offer of ours is to bring, else what it heard last.
    pub fn newest(&self) -> Option<&Bytes> {
        let news = self.mend.as_ref().and_then(|mend| mend.news.as_ref());
        news.or(self.said.as_ref()).map(Private::expose)
    }

    /// What it was to hear is known to it, or is true no more.
    pub fn hear_no_news(&mut self) {
        self.mend.iter_mut().for_each(|mend| mend.news = None);
        self.mend.take_if(|mend| mend.held.is_none() && mend.open.is_none());
    }

    /// The answer to what the side offered in its 2xx. To a hold that went no further it is one that fits the hold (RFC 3264
    /// §6.1), and the words themselves are offered to it soon after.
    fn answer_to_hold(&mut self, words: Bytes) -> Bytes {
        let Some(mend) = self.mend.as_mut() else { return words };
        let Some(held) = mend.held.as_ref() else { return words };
        let fitting = sdp::answering(&words, held.expose());
        mend.news = Some(Private::new(Bytes::copy_from_slice(&words))).filter(|_| fitting != words);
        fitting
    }

    /// Whether the side holds the call with these very words, and could not be kept from it.
    pub fn holds_with(&self, session: &[u8]) -> bool {
        let held = self.mend.as_ref().and_then(|mend| mend.held.as_ref());
        held.is_some_and(|held| sdp::same(held.expose(), session))
    }
}

/// What a side said in answer to an offer that the other side did not make: `None` when it said nothing.
pub fn heard(core: &mut Core, call: &mut Call, side: Side, session: Option<Bytes>, now: Now) {
    let Some(session) = session else { return repair(core, call, side, None, now) };
    if side == Side::Caller {
        if call.agreed.opened.is_some() && call.is_hold(&session, call.said_to(side)) {
            return hold(core, call, session, now);
        }
        call.caller_said(&session);
    }
    if let Some(leg) = call.leg(side) {
        leg.mend.iter_mut().for_each(|mend| mend.held = None);
        leg.mend.take_if(|mend| mend.news.is_none());
    }
    let other = side.other();
    let words = call.words_for(other, &session);
    if call.ivr.is_some() {
        return ivr::told(core, call, &session);
    }
    let Some(leg) = call.leg(other) else { return reliable::keep(call, &session) };
    if leg.awaits_ack() {
        let words = leg.answer_to_hold(words);
        return bridge::acknowledge(core, call, other, Some(words));
    }
    let is_known = leg.said.as_ref().is_some_and(|said| sdp::same(said.expose(), &words));
    match leg.mend.as_deref_mut() {
        // What is on its way is old already: this goes after it.
        Some(mend) if mend.open.is_some() => {
            (mend.news, mend.at) = (Some(Private::new(Bytes::copy_from_slice(&words))), Some(now.mono));
        }
        _ if is_known => leg.hear_no_news(),
        _ => tell(core, call, other, &words, now),
    }
}

/// The caller's side holds with words that cannot be refused any more. They go no further.
pub fn hold(core: &mut Core, call: &mut Call, session: Bytes, now: Now) {
    if call.caller.mend.as_ref().is_none_or(|mend| mend.held.is_none()) {
        core.note(call, |call, kind| Fact::FeatureBlocked { call, kind, feature: Feature::Hold });
    }
    repair(core, call, Side::Caller, Some(session), now);
}

/// Offers a side the session in force once more: at once where it said nothing and the other waits for its words, else
/// after a while.
fn repair(core: &mut Core, call: &mut Call, side: Side, held: Option<Bytes>, now: Now) {
    let is_first = call.side(side).is_some_and(|leg| leg.mend.is_none());
    let is_urgent = is_first && call.side(side.other()).is_some_and(Leg::awaits_ack);
    let at = if is_urgent { now.mono } else { now.mono + wait(core, call.owns(side)) };
    let Some(leg) = call.leg(side) else { return };
    let mend = leg.mend.get_or_insert_with(|| Box::new(Mend { left: REPAIRS, ..Mend::new() }));
    if let Some(held) = held {
        mend.held = Some(Private::new(Bytes::copy_from_slice(&held)));
    }
    mend.at = (mend.left > 0).then_some(at);
    due(core, call, side, now);
}

/// Brings one side's words to the other.
fn tell(core: &mut Core, call: &mut Call, side: Side, words: &[u8], now: Now) {
    call.agreed.told = call.agreed.told.saturating_add(1);
    if call.agreed.told > IN_A_ROW {
        return core.note(call, |call, kind| Fact::SessionsDiffer { call, kind, side: side.text() });
    }
    let Some(leg) = call.leg(side) else { return };
    let held = leg.mend.take().and_then(|mend| mend.held);
    let news = Some(Private::new(Bytes::copy_from_slice(words)));
    leg.mend = Some(Box::new(Mend { news, held, left: TELLS, at: Some(now.mono), open: None }));
    due(core, call, side, now);
}

/// How long to wait before an offer is sent again: longer where the Call-ID is ours, in steps of 10 ms (RFC 3261 §14.1).
fn wait(core: &mut Core, is_ours: bool) -> Duration {
    match is_ours {
        false => Duration::from_millis(core.entropy.below(201) * 10),
        true => Duration::from_millis(2100 + core.entropy.below(191) * 10),
    }
}

/// What is due on both legs.
pub fn on_time(core: &mut Core, call: &mut Call, now: Now) {
    due(core, call, Side::Caller, now);
    due(core, call, Side::Answerer, now);
}

fn due(core: &mut Core, call: &mut Call, side: Side, now: Now) {
    let is_due = call.side(side).and_then(Leg::mend_at).is_some_and(|at| at <= now.mono);
    if !is_due {
        return;
    }
    match method(call, side) {
        Some(method) => send(core, call, side, method, now),
        None => {
            let at = now.mono + wait(core, call.owns(side));
            let mend = call.leg(side).and_then(|leg| leg.mend.as_mut());
            mend.into_iter().for_each(|mend| mend.at = Some(at));
        }
    }
}

/// How an offer can be made now; `None` while another exchange is under way (RFC 3261 §14.1, RFC 3311 §5.1).
fn method(call: &Call, side: Side) -> Option<Method> {
    let leg = call.side(side)?;
    let refreshes = leg.watch.as_ref().is_some_and(Watch::reinvites);
    let is_busy = leg.owed.is_some() || leg.is_offered() || leg.awaits_ack() || refreshes;
    let passes = call.pending.iter().any(|pending| matches!(pending.method, Method::Invite | Method::Update));
    if is_busy || passes || call.takeover.is_some() {
        return None;
    }
    let is_early = side == Side::Caller && call.is_unanswered();
    let takes_update = || call.ring.as_deref().is_some_and(|ring| takes_update(&ring.invite));
    match is_early {
        false => Some(Method::Invite),
        true => takes_update().then_some(Method::Update),
    }
}

fn send(core: &mut Core, call: &mut Call, side: Side, method: Method, now: Now) {
    let key = call.key;
    let Some(leg) = call.leg(side) else { return };
    let session = leg.newest().cloned();
    let (Some(mend), Some(session)) = (leg.mend.as_mut(), session) else {
        leg.mend = None;
        return;
    };
    let client = core.layer.reserve(Owner::Mend(key, side), &mut core.entropy);
    (mend.at, mend.left) = (None, mend.left.saturating_sub(1));
    mend.open = Some((client, Private::new(session.clone())));
    let (flow, contact_flow) = (leg.dialog.next_hop(), leg.dialog.flow);
    let mut writer = leg.dialog.request(core.buffer(), method, client.branch().as_str());
    writer.field_with(Name::Contact, |out| offer::contact(out, "callbox", contact_flow));
    leg.abilities.write(&mut writer);
    if let Some(watch) = &leg.watch {
        watch.ask_again(&mut writer);
    }
    let bytes = core.finish(writer, Some((b"application/sdp", &session)));
    core.layer.start(now, client, flow, bytes, &mut core.transmits);
}

/// A side answers an offer of ours.
pub fn answered(core: &mut Core, call: &mut Call, side: Side, client: ClientId, response: &Message, now: Now) {
    let Some(code) = response.status().filter(|code| *code >= 200) else { return };
    watch::acknowledge(core, call, side, response);
    let is_answered = call.side(side).and_then(|leg| leg.mend.as_ref()?.open.as_ref()).map(|(open, _)| *open);
    let at_once = is_answered == Some(client) && watch::may_ask_again(core, call, side, response);
    let again = if at_once { now.mono } else { now.mono + wait(core, call.owns(side)) };
    let Some(leg) = call.leg(side) else { return };
    let Some(mend) = leg.mend.as_mut() else { return };
    let Some((_, offered)) = mend.open.take_if(|(open, _)| *open == client) else { return };
    if code < 300 {
        mend.news.take_if(|news| news.expose() == offered.expose());
        leg.says(Some(offered.expose().clone()));
        leg.dialog.retarget(response);
        if call.stage == Stage::Talking && !call.is_unanswered() {
            call.leg(side).into_iter().for_each(|leg| leg.rewatch(Watch::of_answer(response, now)));
        }
        return heard(core, call, side, bridge::session_of(response), now);
    }
    if matches!(code, 408 | 481) {
        leg.mend = None;
        return watch::suspect(core, call, side, now);
    }
    let busy = response.number(Name::RetryAfter).filter(|secs| code == 500 && *secs <= 10);
    let again = busy.map_or(again, |secs| now.mono + Duration::from_secs(u64::from(secs)));
    mend.at = (mend.left > 0).then_some(again);
    if mend.left == 0 && mend.news.is_some() {
        leg.mend = None;
        core.note(call, |call, kind| Fact::SessionsDiffer { call, kind, side: side.text() });
    }
}

/// A side never answered an offer of ours.
pub fn unanswered(core: &mut Core, call: &mut Call, side: Side, client: ClientId, now: Now) {
    let Some(leg) = call.leg(side) else { return };
    if leg.mend.as_ref().and_then(|mend| mend.open.as_ref()).is_some_and(|(open, _)| *open == client) {
        leg.mend = None;
        watch::suspect(core, call, side, now);
    }
}

impl Mend {
    const fn new() -> Mend {
        Mend { news: None, held: None, left: 0, at: None, open: None }
    }
}
