//! Calls that are over, remembered for as long as a transaction lasts: a BYE that crossed one of ours is still answered
//! 200 (RFC 3261 §15.1.2), a Replaces that comes too late 603 (RFC 3891 §3), and those who answer an INVITE that nobody
//! waits for any more are let go, but not without end.
use super::call::Call;
use super::hangup::LET_GO_MAX;
use crate::base::id::Handle;
use crate::base::now::{Mono, Now};
use crate::sip::dialog::Dialog;
use core::hash::{BuildHasher, Hasher};
use core::time::Duration;
use hashbrown::HashMap;
use std::collections::VecDeque;

/// How long a dialog that is over is known: 64·T1, after which nothing of it is on its way any more.
const KEPT: Duration = Duration::from_secs(32);

/// How many dialogs that are over are known; the oldest make room.
const DIALOGS_MAX: usize = 131_072;

/// How many late answers are remembered of calls that are over; past that they are met with silence.
const LATE_ANSWERS_MAX: usize = 1024;

/// What is known of calls that are over.
#[derive(Default)]
pub struct Departed {
    dialogs: HashMap<u64, Mono, foldhash::fast::RandomState>,
    order: VecDeque<(Mono, u64)>,
    /// Who answered too late: until when it is known, the call, and the hash of the tag.
    late: VecDeque<(Mono, Handle, u64)>,
}

impl Departed {
    /// Both dialogs of a call are over.
    pub fn enter(&mut self, call: &Call, now: Now) {
        self.forget(now);
        for leg in call.legs() {
            let (key, until) = (self.key_of(&leg.dialog), now.mono + KEPT);
            self.dialogs.insert(key, until);
            self.order.push_back((until, key));
        }
    }

    /// Whether a dialog of this Call-ID and these tags is over since a short while.
    pub fn knows(&self, call_id: &[u8], local_tag: &[u8], remote_tag: &[u8], now: Now) -> bool {
        let key = self.hash(&[call_id, local_tag, remote_tag]);
        self.dialogs.get(&key).is_some_and(|until| *until > now.mono)
    }

    /// Whether one who answers the INVITE of a call that is over may be let go: the first few of each call, and their
    /// copies.
    pub fn lets_go(&mut self, call: Handle, tag: &[u8], now: Now) -> bool {
        self.forget(now);
        let tag = self.hash(&[tag]);
        let mut of_call = self.late.iter().filter(|(_, late, _)| *late == call);
        if of_call.any(|(_, _, known)| *known == tag) {
            return true;
        }
        let count = self.late.iter().filter(|(_, late, _)| *late == call).count();
        let is_let_go = count < LET_GO_MAX && self.late.len() < LATE_ANSWERS_MAX;
        if is_let_go {
            self.late.push_back((now.mono + KEPT, call, tag));
        }
        is_let_go
    }

    fn forget(&mut self, now: Now) {
        while self.order.front().is_some_and(|(until, _)| *until <= now.mono) || self.order.len() >= DIALOGS_MAX {
            let Some((until, key)) = self.order.pop_front() else { break };
            if self.dialogs.get(&key) == Some(&until) {
                self.dialogs.remove(&key);
            }
        }
        while self.late.front().is_some_and(|(until, ..)| *until <= now.mono) {
            self.late.pop_front();
        }
    }

    fn key_of(&self, dialog: &Dialog) -> u64 {
        self.hash(&[dialog.call_id(), dialog.local_tag(), dialog.remote_tag()])
    }

    fn hash(&self, names: &[&[u8]]) -> u64 {
        let mut hasher = self.dialogs.hasher().build_hasher();
        for name in names {
            hasher.write_usize(name.len());
            hasher.write(name);
        }
        hasher.finish()
    }
}
