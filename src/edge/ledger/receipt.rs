//! What a receipt says: JSON, written once with its fields in this order, and sealed as the bytes that it is.
//!
//! It says who called by number, line, user and device, and never a name; of the place all that was signalled.
use super::story::{Attempt, Event, Open};
use crate::account::{Learnt, Particulars, Signalled};
use crate::base::hex::hex;
use crate::base::now::{Mono, Now};
use crate::base::private::Private;
use crate::record::found::Hit;
use crate::record::located::{Candidate, Caveat};
use crate::record::{Civic, Number, Profile};
use bytes::Bytes;
use core::time::Duration;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// The version of the form.
const FORM: u8 = 1;

/// The longest document that is kept whole, in bytes. Of a longer one its SHA-256 is kept.
pub const MOST_DOCUMENT: usize = 16 * 1024;

/// More than most receipts take, in bytes.
const USUAL: usize = 2048;

#[derive(Serialize)]
struct Receipt<'a> {
    form: u8,
    call: &'a str,
    class: &'static str,
    /// When its INVITE came, UTC.
    came: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<Decision<'a>>,
    attempts: &'a [Attempt],
    signalled: Vec<Told<'a>>,
    learnt: Vec<Late<'a>>,
    events: &'a [Event],
    /// How many events there were no room for.
    #[serde(skip_serializing_if = "is_none_left_out")]
    left_out: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<End>,
}

#[derive(Serialize)]
struct Decision<'a> {
    us: u64,
    incident: String,
    organisation: &'a str,
    site: &'a str,
    dialled: Option<&'a str>,
    service: Option<&'a str>,
    number: Option<&'a str>,
    line: Option<&'a str>,
    user: Option<&'a str>,
    device: Option<&'a str>,
    callback: Option<Callback<'a>>,
    way: &'static str,
    cause: Option<&'static str>,
    grade: &'static str,
    method: &'static str,
    age_secs: u64,
    caveat: Option<&'static str>,
    moved: bool,
    building: Option<&'a str>,
    place: Option<&'a str>,
    civic: Vec<(&'static str, &'a str)>,
    candidates: Vec<Choice<'a>>,
    wiremap: Vec<Choice<'a>>,
    targets: Vec<&'a str>,
    steps: Vec<Step>,
}

#[derive(Serialize)]
struct Callback<'a> {
    number: &'a str,
    from: &'static str,
}

#[derive(Serialize)]
struct Choice<'a> {
    from: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    grade: Option<&'static str>,
    place: Option<&'a str>,
    age_secs: u64,
    why: &'static str,
}

#[derive(Serialize)]
struct Step {
    step: &'static str,
    us: u64,
}

#[derive(Serialize)]
struct Told<'a> {
    us: u64,
    trunk: &'a str,
    profile: &'static str,
    number: Option<&'a str>,
    documents: Vec<Document<'a>>,
    references: Vec<&'a str>,
}

#[derive(Serialize)]
struct Late<'a> {
    us: u64,
    reference: &'a str,
    document: Document<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Document<'a> {
    Whole(&'a str),
    Sum { sha256: String, bytes: usize },
}

/// How it ended, in microseconds.
#[derive(Clone, Serialize)]
pub(super) struct End {
    pub(super) outcome: &'static str,
    pub(super) lasted_us: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) talked_us: Option<u64>,
    /// Of an abandoned call: how long it had rung, where it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rang_us: Option<u64>,
}

/// The receipt of a call as far as it is known, as one line.
pub(super) fn written(open: &Open, call: &str) -> String {
    let receipt = Receipt {
        form: FORM,
        call,
        class: open.class.text(),
        came: open.came.wall.civil().xml_date_time(),
        source: open.source.as_deref(),
        decision: open.decided.as_ref().map(|(at, told)| decision(open, *at, told)),
        attempts: &open.attempts,
        signalled: open.signalled.iter().map(|(at, told)| signalled(since(open, at.mono), told)).collect(),
        learnt: open.learnt.iter().map(|(at, told)| learnt(since(open, at.mono), told)).collect(),
        events: &open.events,
        left_out: open.left_out,
        end: open.end.clone(),
    };
    let mut line = Vec::with_capacity(USUAL);
    // Nothing of this can fail to be written: its keys are texts and its numbers whole.
    let written = serde_json::to_writer(&mut line, &receipt).is_ok();
    String::from_utf8(line).ok().filter(|_| written).unwrap_or_default()
}

fn since(open: &Open, at: Mono) -> u64 {
    micros(at.since(open.came.mono))
}

/// Microseconds, as far as they fit.
pub(super) fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

fn decision<'a>(open: &Open, at: Now, told: &'a Particulars) -> Decision<'a> {
    let located = &told.located;
    let found = located.wiremap.as_deref();
    Decision {
        us: since(open, at.mono),
        incident: told.incident(),
        organisation: &told.organisation,
        site: &told.site.id,
        dialled: number(&told.dialled),
        service: number(&told.service),
        number: number(&told.number),
        line: told.line.as_ref().map(|line| line.number.expose()),
        user: told.user.as_deref(),
        device: told.device.as_deref(),
        callback: told.callback.as_ref().map(|(number, from)| Callback { number: number.expose(), from }),
        way: told.way,
        cause: told.cause,
        grade: located.grade.text(),
        method: located.method.token(),
        age_secs: located.age.as_secs(),
        caveat: located.caveat.map(caveat),
        moved: told.moved,
        building: told.building().map(|building| &**building),
        place: told.place().map(|place| &**place),
        civic: located
            .civic()
            .into_iter()
            .flat_map(Civic::elements)
            .map(|(name, value)| (name.text(), value))
            .collect(),
        candidates: located.candidates.iter().map(candidate).collect(),
        wiremap: found.into_iter().flat_map(|found| &found.hits).map(hit).collect(),
        targets: told.targets.iter().map(|trunk| &**trunk).collect(),
        steps: told.steps.iter().map(|(step, took)| Step { step, us: micros(*took) }).collect(),
    }
}

fn number(number: &Option<Number>) -> Option<&str> {
    number.as_ref().map(Number::expose)
}

fn candidate(candidate: &Candidate) -> Choice<'_> {
    Choice {
        from: candidate.rung.text(),
        grade: Some(candidate.grade.text()),
        place: candidate.place.as_ref().map(|place| &*place.id),
        age_secs: candidate.age.as_secs(),
        why: candidate.why,
    }
}

fn hit(hit: &Hit) -> Choice<'_> {
    Choice {
        from: hit.rule.text(),
        grade: None,
        place: Some(&hit.place.id),
        age_secs: hit.age.as_secs(),
        why: hit.verdict.text(),
    }
}

fn signalled(us: u64, told: &Signalled) -> Told<'_> {
    Told {
        us,
        trunk: &told.trunk,
        profile: profile(told.profile),
        number: number(&told.number),
        documents: told.documents.iter().map(document).collect(),
        references: told.references.iter().map(|uri| &**uri.expose()).collect(),
    }
}

fn learnt(us: u64, told: &Learnt) -> Late<'_> {
    Late { us, reference: told.reference.expose(), document: document(&told.document) }
}

fn document(document: &Private<Bytes>) -> Document<'_> {
    let bytes = document.expose();
    match core::str::from_utf8(bytes) {
        Ok(text) if bytes.len() <= MOST_DOCUMENT => Document::Whole(text),
        _ => Document::Sum { sha256: hex(&Sha256::digest(bytes)), bytes: bytes.len() },
    }
}

const fn caveat(caveat: Caveat) -> &'static str {
    match caveat {
        Caveat::Stale => "stale",
        Caveat::Disputed => "degraded",
        Caveat::Conflict => "conflict",
    }
}

/// The word for a profile, as in the config.
pub(super) const fn profile(profile: Profile) -> &'static str {
    match profile {
        Profile::I3 => "i3",
        Profile::Legacy => "legacy",
        Profile::Relay => "relay",
        Profile::Test => "test",
        Profile::Crisis => "crisis",
        Profile::Whole => "whole",
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_none_left_out(left_out: &u64) -> bool {
    *left_out == 0
}
