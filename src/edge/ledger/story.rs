//! What becomes of each emergency and test call and each call back, gathered from its accounts and facts until its receipt can be written.
use super::chain::{Entry, Kind};
use super::receipt::{End, micros, written};
use crate::account::{Account, Learnt, News, Particulars, Signalled};
use crate::base::id::Handle;
use crate::base::now::{Mono, Now};
use crate::fact::{self, Fact, Outcome};
use crate::record::Class;
use core::time::Duration;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use serde::{Serialize, Serializer};
use smallvec::SmallVec;
use std::sync::Arc;

/// The most calls that are gathered at once. Of more, the oldest is written as far as it is known.
pub const MOST_OPEN: usize = 100_000;

/// The most events that a receipt has room for. A phone that asks to hold a thousand times fills no disk.
pub const MOST_EVENTS: usize = 200;

/// What is said of a caller who hung up so soon that it may have misdialled.
pub(super) const HUNG_UP_SOON: &str = "hung_up_soon";

/// The most attempts, and the most INVITEs whose content is kept.
const MOST_ATTEMPTS: usize = 32;

/// How long behind its end a call's receipt waits for those attempts that are not over.
const LINGER: Duration = Duration::from_secs(2);

/// How often it is looked for calls of which no end is known.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// After how long a call of which no end is known is written as far as it is.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Gathers.
#[derive(Default)]
pub struct Gatherer {
    open: HashMap<Handle, Box<Open>, RandomState>,
    /// The calls that are over and may have attempts that are not, in the order of their ends.
    over: Vec<Handle>,
    /// When it was last looked for calls of which no end is known.
    swept: Mono,
    /// What can be written.
    ready: Vec<Entry>,
}

/// A call whose receipt is not written.
pub(super) struct Open {
    pub(super) came: Now,
    pub(super) class: Class,
    pub(super) source: Option<Arc<str>>,
    /// The decision: the last, should something have become known before the first INVITE left.
    pub(super) decided: Option<(Now, Arc<Particulars>)>,
    /// What each INVITE said.
    pub(super) signalled: SmallVec<[(Now, Arc<Signalled>); 1]>,
    /// What was learnt of the place after the INVITE had left.
    pub(super) learnt: Vec<(Now, Arc<Learnt>)>,
    pub(super) attempts: SmallVec<[Attempt; 1]>,
    pub(super) events: Vec<Event>,
    pub(super) left_out: u64,
    pub(super) end: Option<End>,
    ended: Option<Mono>,
}

/// One attempt at one target, in microseconds since the INVITE came.
#[derive(Default, Serialize)]
pub(super) struct Attempt {
    #[serde(serialize_with = "name")]
    trunk: Arc<str>,
    started_us: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    ringing_us: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answered_us: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_us: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    how: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u16>,
}

/// Something else that happened, in microseconds since the INVITE came.
#[derive(Serialize)]
pub(super) struct Event {
    us: u64,
    what: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    word: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trunk: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u16>,
}

impl Gatherer {
    /// Takes an account. At its first a call is entered, so that a crash before its end leaves what was decided.
    pub fn account(&mut self, account: &Account) {
        if !matches!(account.class, Class::Emergency | Class::Test | Class::Callback) {
            return;
        }
        let open = self.open(account.call, account.at, account.class);
        match &account.news {
            News::Decided(told) => {
                open.decided = Some((account.at, Arc::clone(told)));
                let entry = entry(open, account.call, Kind::Begun);
                self.ready.push(entry);
            }
            News::Signalled(told) if open.signalled.len() < MOST_ATTEMPTS => {
                open.signalled.push((account.at, Arc::clone(told)));
            }
            News::Learnt(told) if open.learnt.len() < MOST_ATTEMPTS => {
                open.learnt.push((account.at, Arc::clone(told)));
            }
            News::Signalled(_) | News::Learnt(_) => {}
        }
    }

    /// Takes a fact.
    pub fn fact(&mut self, at: Now, fact: &Fact) {
        let (call, class) = match fact.call() {
            Some((call, fact::Kind::Emergency)) => (call, Class::Emergency),
            Some((call, fact::Kind::Test)) => (call, Class::Test),
            Some((call, fact::Kind::Callback)) => (call, Class::Callback),
            _ => return,
        };
        self.open(call, at, class).note(at, fact);
        if matches!(fact, Fact::Ended { .. }) {
            self.over.push(call);
        }
    }

    /// Gives what can be written by now.
    pub fn due(&mut self, now: Now) -> Vec<Entry> {
        let (open, mut due) = (&self.open, Vec::new());
        self.over.retain(|call| {
            let waits = open.get(call).is_some_and(|open| open.waits(now.mono));
            if !waits {
                due.push(*call);
            }
            waits
        });
        self.close(due);
        if now.mono.since(self.swept) >= SWEEP_EVERY {
            self.swept = now.mono;
            self.close_all(|open| now.mono.since(open.came.mono) >= LONGEST);
        }
        core::mem::take(&mut self.ready)
    }

    /// Gives all that is known, since nothing more will be.
    pub fn rest(&mut self) -> Vec<Entry> {
        self.close_all(|_| true);
        core::mem::take(&mut self.ready)
    }

    fn open(&mut self, call: Handle, at: Now, class: Class) -> &mut Open {
        if self.open.len() >= MOST_OPEN && !self.open.contains_key(&call) {
            let oldest = self.open.values().map(|open| open.came.mono).min();
            self.close_all(|open| Some(open.came.mono) == oldest);
        }
        self.open.entry(call).or_insert_with(|| Box::new(Open::new(at, class)))
    }

    fn close_all(&mut self, is_due: impl Fn(&Open) -> bool) {
        let due = self.open.iter().filter(|(_, open)| is_due(open)).map(|(call, _)| *call).collect();
        self.close(due);
    }

    fn close(&mut self, due: Vec<Handle>) {
        let mut closed: Vec<_> =
            due.into_iter().filter_map(|call| self.open.remove(&call).map(|open| (call, open))).collect();
        closed.sort_by_key(|(_, open)| open.came.mono);
        self.ready.extend(closed.iter().map(|(call, open)| entry(open, *call, Kind::Receipt)));
    }
}

fn name<S: Serializer>(name: &Arc<str>, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(name)
}

fn entry(open: &Open, call: Handle, kind: Kind) -> Entry {
    let organisation = open.decided.as_ref().map_or_else(String::new, |(_, told)| told.organisation.to_string());
    let text = call.text();
    Entry { at: open.came.wall.as_millis(), kind, organisation, call: text.to_string(), body: written(open, &text) }
}

impl Open {
    fn new(came: Now, class: Class) -> Open {
        Open {
            came,
            class,
            source: None,
            decided: None,
            signalled: SmallVec::new(),
            learnt: Vec::new(),
            attempts: SmallVec::new(),
            events: Vec::new(),
            left_out: 0,
            end: None,
            ended: None,
        }
    }

    /// Whether it is over and its receipt waits for attempts that are not.
    fn waits(&self, now: Mono) -> bool {
        let is_whole = || self.attempts.iter().all(|attempt| attempt.ended_us.is_some());
        self.ended.is_some_and(|ended| now.since(ended) < LINGER) && !is_whole()
    }

    fn note(&mut self, at: Now, fact: &Fact) {
        let us = micros(at.mono.since(self.came.mono));
        match fact {
            Fact::Arrived { source, .. } => self.source = Some(Arc::clone(source)),
            Fact::Decided { .. } => {}
            Fact::AttemptStarted { trunk, .. } if self.attempts.len() < MOST_ATTEMPTS => {
                self.attempts.push(Attempt { trunk: Arc::clone(trunk), started_us: us, ..Attempt::default() });
            }
            Fact::AttemptStarted { .. } => self.left_out += 1,
            Fact::Ringing { trunk, after, .. } => {
                self.attempt(trunk, |attempt| attempt.ringing_us = attempt.ringing_us.or(Some(micros(*after))));
            }
            Fact::Answered { trunk, after, .. } => {
                self.attempt(trunk, |attempt| attempt.answered_us = Some(micros(*after)));
            }
            Fact::AttemptEnded { trunk, how, code, .. } => self.attempt(trunk, |attempt| {
                attempt.ended_us = Some(us);
                attempt.how = Some(how.text());
                attempt.code = (*code > 0).then_some(*code);
            }),
            Fact::Ended { outcome, lasted, .. } => {
                self.ended = Some(at.mono);
                self.end = Some(self.end(*outcome, micros(*lasted)));
            }
            _ => self.event(us, fact),
        }
    }

    /// The attempt at a trunk that is not over, or the last one.
    fn attempt(&mut self, trunk: &Arc<str>, change: impl FnOnce(&mut Attempt)) {
        let is_of = |attempt: &Attempt| attempt.trunk == *trunk;
        let open = self.attempts.iter().position(|attempt| is_of(attempt) && attempt.ended_us.is_none());
        let at = open.or_else(|| self.attempts.iter().rposition(is_of));
        if let Some(attempt) = at.and_then(|at| self.attempts.get_mut(at)) {
            change(attempt);
        }
    }

    fn end(&self, outcome: Outcome, lasted_us: u64) -> End {
        let answered = self.attempts.iter().filter_map(|attempt| attempt.answered_us).min();
        let rang = self.attempts.iter().filter_map(|attempt| attempt.ringing_us).min();
        End {
            outcome: outcome.text(),
            lasted_us,
            talked_us: answered.map(|answered| lasted_us.saturating_sub(answered)),
            rang_us: rang.filter(|_| outcome == Outcome::Abandoned).map(|rang| lasted_us.saturating_sub(rang)),
        }
    }

    fn event(&mut self, us: u64, fact: &Fact) {
        if self.events.len() >= MOST_EVENTS {
            self.left_out += 1;
            return;
        }
        let bare = |what| Event { us, what, word: None, trunk: None, code: None };
        let of = |what, word| Event { word: Some(word), ..bare(what) };
        let by = |what, trunk: &Arc<str>| Event { trunk: Some(trunk.to_string()), ..bare(what) };
        self.events.push(match fact {
            Fact::FeatureBlocked { feature, .. } => of("blocked", feature.text()),
            Fact::Repaired { defect, .. } => of("repaired", defect.text()),
            Fact::AskedAgain { trunk, code, change, .. } => {
                Event { word: Some(change), code: Some(*code), ..by("asked_again", trunk) }
            }
            Fact::Failover { from, .. } => by("failover", from),
            Fact::ReportedWrong { .. } => bare("reported_wrong"),
            Fact::TransferRefused { why, .. } => of("transfer_refused", why),
            Fact::TransferBegun { trunk, .. } => by("transfer_begun", trunk),
            Fact::Transferred { trunk, .. } => by("transferred", trunk),
            Fact::TransferFailed { code, .. } => Event { code: Some(*code), ..bare("transfer_failed") },
            Fact::FarEndLost { trunk, .. } => by("far_end_lost", trunk),
            Fact::BroughtBack { trunk, .. } => by("brought_back", trunk),
            Fact::TakenOver { trunk, .. } => by("taken_over", trunk),
            Fact::Forwarded { .. } => bare("forwarded"),
            Fact::FixedDeviceMoved { .. } => bare("fixed_device_moved"),
            Fact::AnswerNotAcknowledged { .. } => bare("answer_not_acknowledged"),
            Fact::NoSession { side, .. } => of("no_session", side),
            Fact::SessionsDiffer { side, .. } => of("sessions_differ", side),
            Fact::SideSilent { side, .. } => of("side_silent", side),
            Fact::Orphaned { .. } => bare("orphaned"),
            Fact::ForeignLocation { why, .. } => of("foreign_location", why),
            Fact::LocationUpdate { trunk, sent, .. } => {
                by(if *sent { "location_sent" } else { "location_not_sent" }, trunk)
            }
            Fact::NumberLent { .. } => bare("number_lent"),
            Fact::CallbackPoolEmpty { .. } => bare("callback_pool_empty"),
            Fact::HungUpSoon { .. } => bare(HUNG_UP_SOON),
            Fact::Diverted { trunk, .. } => by("diverted", trunk),
            _ => return,
        });
    }
}
