//! A test call that we answer ourselves: a short ringing while the speech is made ready, the answer, the reading, two
//! keys, and the end. The caller's leg is one like any other; there is no second one.
use super::call::{Call, Side, Stage};
use super::core::Core;
use super::midcall::{self, InDialog, relay};
use super::ring::{self, Ring};
use super::story::Ahead;
use super::voice::{News, Order};
use super::{bridge, early};
use crate::base::now::{Mono, Now};
use crate::fact::Fact;
use crate::ivr::{self, Onward, Piece, Told};
use crate::record::OWN_IVR;
use crate::sdp::voice::{self, Taken};
use crate::sip::message::{Message, Method, Name, multipart};
use bytes::Bytes;
use core::net::SocketAddr;
use core::time::Duration;
use hashbrown::HashMap;
use std::sync::Arc;

/// How long it rings: the first pieces are rendered meanwhile.
const RINGS: Duration = Duration::from_millis(100);
/// How long the voice may take to have a port.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a caller may think about a key when all was read.
const KEY: Duration = Duration::from_secs(15);
/// How long a test of packets may take (RFC 6881 ED-79: three of them).
const MIRRORS: Duration = Duration::from_secs(10);
/// How long a goodbye takes at most.
const GOODBYE: Duration = Duration::from_secs(10);
/// How many callers are counted at once (RFC 6881 ED-82); further ones are not.
const CALLERS: usize = 4096;
/// What a caller's count is of.
const HOUR: Duration = Duration::from_secs(3600);

/// What is known of the test calls that we answer ourselves.
#[derive(Default)]
pub struct Desk {
    /// How many there are.
    open: usize,
    /// When a caller's hour began, and how many it placed since, by a keyed hash of its number.
    callers: HashMap<u64, (Mono, u32), foldhash::fast::RandomState>,
}

/// Where a test call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// It rings.
    Ringing,
    /// The caller listens.
    Reading,
    /// All was read; the caller may press a key until then.
    Asking(Mono),
    /// It is about to end.
    Leaving,
}

/// A test call of ours.
#[derive(Debug)]
pub struct Ivr {
    step: Step,
    answer_at: Mono,
    /// When it ends at the latest; before the answer, when there must be a port.
    ends_at: Mono,
    /// Where our sound is.
    at: Option<SocketAddr>,
    /// What we took of the caller's session; `None` while it has said nothing of one.
    taken: Option<Taken>,
    /// The form of our session description (RFC 3264 §8).
    version: u32,
    script: Arc<[Piece]>,
    /// Whether it was reported wrong already.
    is_wrong: bool,
}

impl Ivr {
    /// When something must happen.
    pub fn deadline(&self) -> Mono {
        match self.step {
            Step::Ringing if self.at.is_some() => self.answer_at,
            Step::Asking(until) => until.min(self.ends_at),
            Step::Ringing | Step::Reading | Step::Leaving => self.ends_at,
        }
    }
}

/// Takes a test call; `false` when it cannot, and [`Ring::own_refusal`] says why: 486 without room or too often, 488 for
/// media that we do not have (RFC 6881 ED-77, ED-82).
pub fn begin(core: &mut Core, call: &mut Call, now: Now) -> bool {
    let Some(limits) = core.cache.snapshot.load().ivr else { return refuse(call, 404) };
    let Some(ring) = call.ring.as_deref() else { return false };
    let offer = bridge::session_of(&ring.invite);
    let taken = offer.as_ref().and_then(|offer| voice::take(offer));
    if offer.is_some() && taken.is_none() {
        return refuse(call, 488);
    }
    if core.desk.open >= limits.max_calls || !core.desk.may_call(ring, limits.hourly, now) {
        return refuse(call, 486);
    }
    let decision = &ring.decision;
    let told = Told {
        caller: decision.number,
        callback: decision.callback.map(|shown| shown.number),
        located: &decision.located,
        onward: decision.ahead.as_ref().map_or(Onward::Relay, |ahead| ahead.onward),
    };
    let script: Arc<[Piece]> = ivr::script(&told).into();
    let local = ring.flow.local.ip();
    core.desk.open += 1;
    core.orders.push(Order::Open { call: call.key, local, script: script.clone() });
    let (answer_at, ends_at) = (now.mono + RINGS, now.mono + PATIENCE);
    let at = None;
    let ivr = Ivr { step: Step::Ringing, answer_at, ends_at, at, taken, version: 1, script, is_wrong: false };
    call.ivr = Some(Box::new(ivr));
    refuse(call, 0);
    early::own(core, call);
    bridge::own_ringing(core, call, now);
    let arrived = call.arrived;
    core.note(call, |call, kind| Fact::Ringing { call, kind, trunk: OWN_IVR.into(), after: now.mono.since(arrived) });
    true
}

fn refuse(call: &mut Call, code: u16) -> bool {
    if let Some(ring) = call.ring.as_deref_mut() {
        ring.own_refusal = Some(code);
    }
    false
}

impl Desk {
    /// Counts a caller, who may place so many an hour; one without a number is not counted.
    fn may_call(&mut self, ring: &Ring, hourly: u32, now: Now) -> bool {
        use core::hash::BuildHasher;
        let Some(number) = ring.decision.number else { return true };
        let key = self.callers.hasher().hash_one((&ring.decision.site.organisation, number));
        if self.callers.len() >= CALLERS {
            self.callers.retain(|_, (since, _)| now.mono.since(*since) < HOUR);
        }
        if self.callers.len() >= CALLERS && !self.callers.contains_key(&key) {
            return true;
        }
        let (since, count) = self.callers.entry(key).or_insert((now.mono, 0));
        if now.mono.since(*since) >= HOUR {
            (*since, *count) = (now.mono, 0);
        }
        *count = count.saturating_add(1);
        *count <= hourly
    }
}

/// News of the voice.
pub fn heard(core: &mut Core, call: &mut Call, news: News, now: Now) {
    let Some(ivr) = call.ivr.as_deref_mut() else { return };
    match news {
        News::Open(port) => {
            ivr.at = call.ring.as_deref().map(|ring| SocketAddr::new(ring.flow.local.ip(), port));
            on_time(core, call, now);
        }
        News::NoPort => give_up(core, call, now),
        News::Key(key) => press(core, call, key),
        News::WasRead if ivr.step == Step::Reading => ivr.step = Step::Asking(now.mono + KEY),
        News::WasRead | News::WasMirrored if ivr.step != Step::Ringing => hang_up(core, call, now),
        News::WasRead | News::WasMirrored => {}
    }
}

/// The voice has no port: whoever else there is may take the call.
fn give_up(core: &mut Core, call: &mut Call, now: Now) {
    if call.stage == Stage::Ringing {
        leave(core, call);
        refuse(call, 486);
        ring::next(core, call, now);
    }
}

/// What is due.
pub fn on_time(core: &mut Core, call: &mut Call, now: Now) {
    let Some(ivr) = call.ivr.as_deref_mut().filter(|ivr| ivr.deadline() <= now.mono) else { return };
    match ivr.step {
        Step::Ringing if ivr.at.is_some() => answer(core, call, now),
        Step::Ringing => give_up(core, call, now),
        Step::Asking(until) if until < ivr.ends_at => {
            (ivr.step, ivr.ends_at) = (Step::Leaving, now.mono + GOODBYE);
            core.orders.push(Order::Read { call: call.key, script: ivr::goodbye().into() });
        }
        Step::Asking(_) | Step::Reading | Step::Leaving => hang_up(core, call, now),
    }
}

fn answer(core: &mut Core, call: &mut Call, now: Now) {
    let (Some(ring), Some(ivr)) = (call.ring.as_deref(), call.ivr.as_deref()) else { return };
    let Some(at) = ivr.at else { return };
    let offer = bridge::session_of(&ring.invite);
    let session = match (&offer, &ivr.taken) {
        (Some(offer), Some(taken)) => voice::answer(offer, taken, at, ivr.version),
        _ => voice::offer(at, ivr.version),
    };
    let session = call.words_for(Side::Caller, &Bytes::from(session));
    let whole = described(ring, &session, core.entropy.bits());
    let whole = whole.as_ref().map(|(content_type, body)| (content_type.as_bytes(), &body[..]));
    call.stage = Stage::Talking;
    bridge::answer_with(core, call, None, Some(session), whole, now);
    let limits = core.cache.snapshot.load().ivr;
    let (key, arrived) = (call.key, call.arrived);
    let Some(ivr) = call.ivr.as_deref_mut() else { return };
    let is_mirror = ivr.taken.is_some_and(|taken| taken.mirror.is_some());
    let span = if is_mirror { MIRRORS } else { limits.map_or(MIRRORS, |limits| limits.max_span) };
    (ivr.step, ivr.ends_at) = (Step::Reading, now.mono + span);
    core.orders.extend(ivr.taken.map(|taken| Order::Reach { call: key, taken }));
    if !is_mirror {
        core.orders.push(Order::Read { call: key, script: ivr.script.clone() });
    }
    let (after, rang) = (now.mono.since(arrived), true);
    core.note(call, |call, kind| Fact::Answered { call, kind, trunk: OWN_IVR.into(), after, rang });
}

/// The body for a caller who asked for the test by its URN: who would take an emergency call, which service was asked for
/// and where the caller is, each in a line (RFC 6881 ED-78), beside the session description.
fn described(ring: &Ring, session: &[u8], chance: u64) -> Option<(String, Vec<u8>)> {
    let invite = &ring.invite;
    let accepts = |wanted: &str| invite.list(Name::Accept).any(|kind| multipart::is_type(kind, wanted));
    let takes_parts = invite.value(Name::Accept).is_none() || accepts("multipart/mixed") || accepts("*/*");
    let is_urn = invite.request_uri().get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"urn:"));
    if !takes_parts || !is_urn {
        return None;
    }
    let decision = &ring.decision;
    let trunk = decision.ahead.as_ref().and_then(|Ahead { trunk, .. }| trunk.as_deref()).unwrap_or("none");
    let service = decision.classified.service.as_deref().unwrap_or_default();
    let values: Vec<&str> =
        decision.located.civic().into_iter().flat_map(|civic| civic.elements()).map(|(_, value)| value).collect();
    let location = if values.is_empty() { "unknown".to_owned() } else { values.join(", ") };
    let boundary = format!("callbox-{chance:016x}");
    let mut body = format!("--{boundary}\r\nContent-Type: application/sdp\r\n\r\n").into_bytes();
    body.extend_from_slice(session);
    let text = format!(
        "\r\n--{boundary}\r\nContent-Type: text/plain;charset=utf-8\r\nContent-Disposition: render;handling=optional\
         \r\n\r\n{trunk}\r\n{service}\r\n{location}\r\n\r\n--{boundary}--\r\n"
    );
    body.extend_from_slice(text.as_bytes());
    Some((format!("multipart/mixed;boundary={boundary}"), body))
}

/// The caller's session, where it came after our answer.
pub fn told(core: &mut Core, call: &mut Call, session: &[u8]) {
    let key = call.key;
    let Some(ivr) = call.ivr.as_deref_mut() else { return };
    if let Some(taken) = voice::take(session) {
        ivr.taken = Some(taken);
        core.orders.push(Order::Reach { call: key, taken });
    }
}

/// A request of the caller that a far end would have got.
pub fn request(core: &mut Core, call: &mut Call, asked: InDialog<'_>, now: Now) {
    match asked.method {
        Method::Info => {
            core.refuse(now, asked.id, asked.request, asked.flow, 200);
            if let Some(key) = key_of(asked.request) {
                press(core, call, key);
            }
        }
        Method::Invite | Method::Update if call.stage == Stage::Talking => offered(core, call, asked, now),
        _ => midcall::refuse(core, call, &asked, 405, None, now),
    }
}

fn key_of(info: &Message) -> Option<u8> {
    let content_type = info.value(Name::ContentType)?;
    let is_key =
        ["application/dtmf-relay", "application/dtmf"].iter().any(|kind| multipart::is_type(content_type, kind));
    is_key.then(|| voice::key_of(info.body_slice())).flatten()
}

fn offered(core: &mut Core, call: &mut Call, asked: InDialog<'_>, now: Now) {
    if let Some(code) = relay::collides(call, &asked) {
        return relay::refuse_for_now(core, &asked, code, now);
    }
    let offer = bridge::session_of(asked.request);
    let taken = offer.as_ref().and_then(|offer| voice::take(offer));
    let at = call.ivr.as_deref().and_then(|ivr| ivr.at);
    let (Some(offer), Some(taken), Some(at)) = (offer, taken, at) else {
        return midcall::refuse(core, call, &asked, 488, None, now);
    };
    let key = call.key;
    let Some(ivr) = call.ivr.as_deref_mut() else { return };
    let is_same = |version| voice::answer(&offer, &taken, at, version);
    let said = call.caller.said.as_ref().map(|said| said.expose().clone());
    if said.as_deref() != Some(is_same(ivr.version).as_bytes()) {
        ivr.version += 1;
    }
    let session = Bytes::from(is_same(ivr.version));
    ivr.taken = Some(taken);
    core.orders.push(Order::Reach { call: key, taken });
    call.caller_said(&offer);
    let session = call.words_for(Side::Caller, &session);
    relay::answer_here(core, call, asked, session, Some(&offer), now);
}

/// A key: 1 reads again, 2 reports that something is wrong; others do nothing.
fn press(core: &mut Core, call: &mut Call, key: u8) {
    let id = call.key;
    let Some(ivr) = call.ivr.as_deref_mut().filter(|ivr| matches!(ivr.step, Step::Reading | Step::Asking(_))) else {
        return;
    };
    match key {
        b'1' => {
            ivr.step = Step::Reading;
            core.orders.push(Order::Read { call: id, script: ivr.script.clone() });
        }
        b'2' => {
            ivr.step = Step::Reading;
            core.orders.push(Order::Read { call: id, script: ivr::noted().into() });
            if !core::mem::replace(&mut ivr.is_wrong, true) {
                core.note(call, |call, kind| Fact::ReportedWrong { call, kind });
            }
        }
        _ => {}
    }
}

fn hang_up(core: &mut Core, call: &mut Call, now: Now) {
    super::hangup::end_both(core, call, "Q.850;cause=16", now);
}

/// The call is over for the voice, too.
pub fn leave(core: &mut Core, call: &mut Call) {
    if call.ivr.take().is_some() {
        core.desk.open = core.desk.open.saturating_sub(1);
        core.orders.push(Order::Close { call: call.key });
    }
}
