//! One agent, from the first call to the moment when the state is what it was.
use super::{Agent, Done, Hold, Kept, Manner, Outcome, State, Terms, What};
use crate::base::id::Handle;
use crate::base::now::{Mono, Now, Wall};
use core::time::Duration;
use smallvec::SmallVec;
use std::sync::Arc;

/// How long do-not-disturb waits for the disk, so that it can be undone after a crash.
pub const DISK_PATIENCE: Duration = Duration::from_secs(2);

/// How long a restoration is tried.
pub const KEEP_TRYING: Duration = Duration::from_secs(24 * 60 * 60);

/// A call of which no end is heard for so long has ended.
pub const LONGEST_CALL: Duration = Duration::from_secs(12 * 60 * 60);

/// The longest pause between two tries.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The state before is asked for.
    Reading,
    /// It is written down.
    Keeping,
    /// Do-not-disturb is set.
    Setting,
    /// It is set, or there is nothing to set.
    Held,
    /// It is over: whether the state is still ours is asked for.
    Asking,
    /// What was before is set again.
    Restoring,
}

/// What is to be done now.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing before the deadline.
    Rest,
    /// Order this.
    Order(What),
    /// Write this down.
    Keep,
    /// It is over, with this outcome if it has one.
    Over(Option<Outcome>),
}

/// One agent's life.
#[derive(Debug)]
pub struct Life {
    terms: Terms,
    calls: SmallVec<[(Handle, Mono); 1]>,
    began: Now,
    ended: Option<Wall>,
    /// Until when do-not-disturb stays for callbacks.
    until: Option<Mono>,
    phase: Phase,
    before: Option<State>,
    token: Option<Arc<str>>,
    /// Whether do-not-disturb may have arrived.
    is_sent: bool,
    /// Whether one that was sent may have arrived though nothing came back.
    is_unsure: bool,
    /// Whether a restoration may have arrived.
    is_restored: bool,
    /// The order that is under way.
    pub job: Option<u64>,
    /// The note that is awaited.
    pub note: Option<u64>,
    /// Whether something of it may be on the disk.
    pub is_noted: bool,
    due: Mono,
    tries: u32,
    gives_up: Option<Mono>,
}

impl Life {
    /// A life that begins with a call.
    pub fn begin(now: Now, terms: Terms) -> Life {
        Life {
            phase: first(terms.manner),
            terms,
            calls: SmallVec::new(),
            began: now,
            ended: None,
            until: None,
            before: None,
            token: None,
            is_sent: false,
            is_unsure: false,
            is_restored: false,
            job: None,
            note: None,
            is_noted: false,
            due: now.mono,
            tries: 0,
            gives_up: None,
        }
    }

    /// One that was going on when the node last ran. Its calls are gone.
    pub fn resume(now: Now, kept: &Kept) -> Life {
        let ended = kept.ended.unwrap_or(now.wall);
        let left = |hold: Hold| {
            let since = |at: Wall| now.wall.since(at);
            hold.lease.saturating_sub(since(kept.began)).max(hold.after.saturating_sub(since(ended)))
        };
        let until = kept.terms.hold.map(|hold| now.mono + left(hold));
        Life {
            phase: Phase::Held,
            began: Now { mono: now.mono, wall: kept.began },
            ended: Some(ended),
            until,
            before: kept.before.clone(),
            token: kept.token.clone(),
            is_sent: true,
            is_noted: true,
            due: now.mono,
            ..Life::begin(now, kept.terms.clone())
        }
    }

    /// A call begins.
    pub fn call(&mut self, now: Now, call: Handle) {
        self.calls.push((call, now.mono));
        (self.began, self.ended, self.until) = (now, None, None);
    }

    /// A call is over. Whether it was the last one.
    pub fn over(&mut self, now: Now, call: Handle) -> bool {
        let before = self.calls.len();
        self.calls.retain(|(known, _)| *known != call);
        let was_last = before > 0 && self.calls.is_empty();
        if was_last {
            self.ended = Some(now.wall);
            let end = |hold: Hold| (self.began.mono + hold.lease).max(now.mono + hold.after);
            self.until = self.terms.hold.map(end);
        }
        was_last
    }

    /// The calls that it has.
    pub fn calls(&self) -> impl Iterator<Item = Handle> {
        self.calls.iter().map(|(call, _)| *call)
    }

    /// Calls that nobody can still be having.
    pub fn forgotten(&self, now: Mono) -> SmallVec<[Handle; 1]> {
        let is_old = |(_, began): &&(Handle, Mono)| *began + LONGEST_CALL <= now;
        self.calls.iter().filter(is_old).map(|(call, _)| *call).collect()
    }

    /// Whether do-not-disturb is wanted now.
    pub fn is_wanted(&self, now: Mono) -> bool {
        !self.calls.is_empty() || self.until.is_some_and(|until| until > now)
    }

    /// Whether nothing is to be done before a callback can be expected no more.
    pub fn is_waiting(&self) -> bool {
        self.calls.is_empty() && self.phase == Phase::Held && self.job.is_none() && self.until.is_some()
    }

    /// When to look at it again, as long as nothing is heard.
    pub fn deadline(&self) -> Option<Mono> {
        let oldest = self.calls.iter().map(|(_, began)| *began + LONGEST_CALL).min();
        if self.job.is_some() {
            return oldest;
        }
        let rests = self.phase == Phase::Held && !self.is_added();
        let due = (!rests).then_some(self.due);
        [oldest, self.until, due, self.gives_up].into_iter().flatten().min()
    }

    /// What must be found again after a crash.
    pub fn kept(&self, agent: &Agent, note: u64) -> Kept {
        Kept {
            note,
            agent: agent.clone(),
            terms: self.terms.clone(),
            before: self.before.clone(),
            token: self.token.clone(),
            began: self.began.wall,
            ended: self.ended,
        }
    }

    /// The disk has the note that is awaited.
    pub fn written(&mut self, now: Mono) {
        self.note = None;
        if self.phase == Phase::Keeping {
            (self.phase, self.due) = (Phase::Setting, now);
        }
    }

    /// What is to be done now. It is asked again until it says that there is nothing.
    pub fn next(&mut self, now: Mono) -> Next {
        if self.job.is_some() {
            return Next::Rest;
        }
        let is_wanted = self.is_wanted(now);
        match self.phase {
            Phase::Reading | Phase::Keeping if !is_wanted && !self.is_sent => return Next::Over(None),
            Phase::Reading | Phase::Keeping | Phase::Setting | Phase::Held if !is_wanted => {
                return self.let_go(now);
            }
            // Whether the restoration arrived is known to nobody.
            Phase::Asking | Phase::Restoring if is_wanted => {
                self.gives_up = None;
                let again = if self.is_added() { Phase::Setting } else { Phase::Reading };
                self.goes_to(again, now);
            }
            Phase::Asking | Phase::Restoring if self.gives_up.is_some_and(|at| at <= now) => {
                return Next::Over(Some(Outcome::GivenUp));
            }
            _ => {}
        }
        self.due_now(now)
    }

    fn due_now(&mut self, now: Mono) -> Next {
        if self.phase == Phase::Keeping && self.note.is_none() {
            self.due = now + DISK_PATIENCE;
            return Next::Keep;
        }
        if self.due > now {
            return Next::Rest;
        }
        match self.phase {
            Phase::Reading | Phase::Asking => Next::Order(What::Read),
            Phase::Keeping => {
                // Without the disk it cannot be undone after a crash; with the call, it can.
                self.written(now);
                self.order_ours()
            }
            Phase::Setting => self.order_ours(),
            Phase::Held if self.is_added() => self.order_ours(),
            Phase::Held => Next::Rest,
            Phase::Restoring => self.order_before(),
        }
    }

    /// Do-not-disturb.
    fn order_ours(&mut self) -> Next {
        self.is_sent = true;
        let ours = self.terms.ours.clone();
        match (self.terms.manner, &self.before) {
            (Manner::Adds, _) => Next::Order(What::Publish { ours, token: self.token.clone() }),
            (Manner::Replaces, Some(before)) => {
                Next::Order(What::Set { state: ours, expected: before.clone(), is_end: false })
            }
            (Manner::Replaces, None) => Next::Order(What::Read),
        }
    }

    /// What was before.
    fn order_before(&mut self) -> Next {
        self.is_restored = true;
        match (self.terms.manner, &self.before, &self.token) {
            (Manner::Adds, _, Some(token)) => Next::Order(What::Remove { token: token.clone() }),
            (Manner::Replaces, Some(before), _) => {
                let (state, expected) = (before.clone(), self.terms.ours.clone());
                Next::Order(What::Set { state, expected, is_end: true })
            }
            _ => Next::Over(None),
        }
    }

    /// It is over: whatever was set goes.
    fn let_go(&mut self, now: Mono) -> Next {
        (self.gives_up, self.until) = (Some(now + KEEP_TRYING), None);
        match (self.terms.manner, &self.before, &self.token) {
            (Manner::Replaces, Some(_), _) if self.is_sent => self.goes_to(Phase::Asking, now),
            (Manner::Adds, _, Some(_)) => self.goes_to(Phase::Restoring, now),
            (Manner::Adds, _, None) if self.is_sent => return Next::Over(Some(Outcome::Expires)),
            _ => return Next::Over(None),
        }
        self.due_now(now)
    }

    /// What became of the order that was under way. What happened by it, and whether there is something new to be written
    /// down.
    pub fn done(&mut self, now: Mono, done: Done) -> (Option<Outcome>, bool) {
        match (self.phase, done) {
            (Phase::Reading, Done::State(state)) => (self.has_read(state, now), false),
            (Phase::Asking, Done::State(state)) if state == self.terms.ours => {
                self.goes_to(Phase::Restoring, now);
                (None, false)
            }
            (Phase::Asking, Done::State(state)) => {
                let is_as_before = self.is_restored && Some(&state) == self.before.as_ref();
                (Some(self.ends(now, if is_as_before { Outcome::Restored } else { Outcome::Left })), false)
            }
            (Phase::Setting | Phase::Held, Done::Taken { token, lasts }) => {
                let outcome = (self.phase == Phase::Setting).then_some(Outcome::Shown);
                let is_new = self.token != token;
                self.token = token;
                self.goes_to(Phase::Held, now);
                // Half of its life is left for tries.
                self.due = now + lasts.map_or(LONGEST_PAUSE, |lasts| lasts / 2).max(Duration::from_secs(1));
                (outcome, is_new)
            }
            (Phase::Setting, Done::Changed) => {
                self.pause(now);
                self.phase = Phase::Reading;
                // It came to nothing, unless one before it did not.
                self.is_sent = self.is_unsure;
                (None, false)
            }
            (Phase::Setting, _) => {
                self.pause(now);
                self.is_unsure = true;
                (None, false)
            }
            (Phase::Restoring, Done::Taken { .. }) => (Some(self.ends(now, Outcome::Restored)), false),
            (Phase::Restoring, Done::Changed) => (Some(self.ends(now, Outcome::Left)), false),
            (Phase::Restoring, _) if !self.is_added() => {
                self.pause(now);
                self.phase = Phase::Asking;
                (None, false)
            }
            _ => {
                self.pause(now);
                (None, false)
            }
        }
    }

    fn has_read(&mut self, state: State, now: Mono) -> Option<Outcome> {
        let is_ours = state == self.terms.ours;
        if is_ours && self.before.is_some() && self.is_sent {
            self.goes_to(Phase::Held, now);
            // Where it was known before, it was told before.
            return self.is_unsure.then_some(Outcome::Shown);
        }
        if is_ours {
            self.before = None;
            self.goes_to(Phase::Held, now);
            return Some(Outcome::Already);
        }
        (self.before, self.is_sent) = (Some(state), self.is_unsure);
        // The pauses go on to grow: one that is changed again and again is not followed as often.
        (self.phase, self.due, self.note) = (Phase::Keeping, now, None);
        None
    }

    /// Nothing of ours is there any more. A call that began meanwhile begins anew.
    fn ends(&mut self, now: Mono, outcome: Outcome) -> Outcome {
        (self.before, self.token, self.gives_up) = (None, None, None);
        (self.is_sent, self.is_unsure, self.is_restored) = (false, false, false);
        self.goes_to(first(self.terms.manner), now);
        outcome
    }

    fn goes_to(&mut self, phase: Phase, now: Mono) {
        (self.phase, self.due, self.tries) = (phase, now, 0);
        if phase == Phase::Keeping {
            self.note = None;
        }
    }

    /// The pauses double, from a second on.
    fn pause(&mut self, now: Mono) {
        let pause = Duration::from_secs(1 << self.tries.min(6));
        self.tries += 1;
        self.due = now + pause.min(LONGEST_PAUSE);
    }

    fn is_added(&self) -> bool {
        self.terms.manner == Manner::Adds
    }
}

const fn first(manner: Manner) -> Phase {
    match manner {
        Manner::Replaces => Phase::Reading,
        Manner::Adds => Phase::Keeping,
    }
}
