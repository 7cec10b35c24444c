//! The thread that tells and keeps: it takes accounts and facts of emergency and test calls from the shard and hands them
//! to its parts, one after the other. The shard never waits for it: what finds no room is counted and gone.
use crate::account::Account;
use crate::base::now::Now;
use crate::edge::behind;
use crate::edge::clock::Clock;
use crate::fact::{Fact, Kind};
use core::panic::AssertUnwindSafe;
use core::time::Duration;
use std::io;
use std::panic::catch_unwind;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::thread::JoinHandle;

/// How much may wait for the thread: some seconds of the highest load.
pub const WAITING: usize = 16_384;

/// How long the thread rests when nothing waits. It looks by itself, since waking it would cost each call's thread more
/// than everything else here.
const NAP: Duration = Duration::from_millis(50);

/// How much is taken at once. Each part hears all of it before the next one does, so that its code and its tables are
/// fetched once and not for each fact anew.
const BATCH: usize = 256;

/// What the thread is told.
pub enum Seen {
    /// News of a call. Of each call, before its facts.
    Account(Account),
    /// A fact that concerns emergency or test calls, and when it happened.
    Fact(Now, Fact),
}

/// Someone who is told. What takes long, or can wait for a network, goes to a thread of its own.
pub trait Part: Send {
    /// Its name, for the log.
    fn name(&self) -> &'static str;
    /// News of a call.
    fn account(&mut self, account: &Account);
    /// A fact.
    fn fact(&mut self, at: Now, fact: &Fact);
    /// Does what is due; called between facts and at least every tenth of a second.
    fn on_time(&mut self, _now: Now) {}
    /// Hears of some of what happened, in order, and then does what is due.
    fn hear(&mut self, seen: &[Seen], now: Now) {
        for seen in seen {
            match seen {
                Seen::Account(account) => self.account(account),
                Seen::Fact(at, fact) => self.fact(*at, fact),
            }
        }
        self.on_time(now);
    }
}

/// The shard's end.
pub struct Teller {
    to: SyncSender<Seen>,
    /// How many found no room since the last that did.
    lost: u64,
}

impl Teller {
    /// Both ends of a channel with room for `room`.
    pub fn new(room: usize) -> (Teller, Receiver<Seen>) {
        let (to, from) = sync_channel(room);
        (Teller { to, lost: 0 }, from)
    }

    /// Tells the thread, or counts it as lost: the first loss and the end of a row of losses are facts.
    #[must_use]
    pub fn tell(&mut self, seen: Seen) -> Option<Fact> {
        match self.to.try_send(seen) {
            Ok(()) if self.lost == 0 => None,
            Ok(()) => Some(Fact::Unwitnessed { lost: core::mem::take(&mut self.lost), over: true }),
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.lost += 1;
                (self.lost == 1).then_some(Fact::Unwitnessed { lost: 1, over: false })
            }
        }
    }
}

/// Whether the thread is told of a fact: of emergency and test calls, and of what keeps them from getting through.
pub fn concerns(fact: &Fact) -> bool {
    matches!(fact.kind(), Some(Kind::Emergency | Kind::Test | Kind::Callback))
        || matches!(fact, Fact::TrunkState { .. })
}

/// Starts the thread. It ends when the teller is gone and all that it said is told.
///
/// # Errors
/// No thread can be started.
pub fn start(from: Receiver<Seen>, clock: Clock, parts: Vec<Box<dyn Part>>) -> io::Result<JoinHandle<()>> {
    let witness = Witness { from, parts, seen: Vec::with_capacity(BATCH) };
    let work = move || witness.run(&|| clock.now());
    behind::thread("callbox-witness", work)
}

struct Witness {
    from: Receiver<Seen>,
    parts: Vec<Box<dyn Part>>,
    /// What was taken and is being told.
    seen: Vec<Seen>,
}

impl Witness {
    /// Runs until the shard is gone and all that it said is told.
    fn run(mut self, clock: &dyn Fn() -> Now) {
        loop {
            let more = self.take();
            self.tell(clock());
            match more {
                More::Waits => {}
                More::Later => std::thread::park_timeout(NAP),
                More::Never => return,
            }
        }
    }

    fn take(&mut self) -> More {
        while self.seen.len() < BATCH {
            match self.from.try_recv() {
                Ok(seen) => self.seen.push(seen),
                Err(TryRecvError::Empty) => return More::Later,
                Err(TryRecvError::Disconnected) => return More::Never,
            }
        }
        More::Waits
    }

    /// Tells every part what was taken. One with a defect is let go, so that the others go on.
    fn tell(&mut self, now: Now) {
        let seen = &self.seen;
        self.parts.retain_mut(|part| {
            let told = catch_unwind(AssertUnwindSafe(|| part.hear(seen, now)));
            if told.is_err() {
                tracing::error!(part = part.name(), "a part of the witness has a defect and is told nothing any more");
            }
            told.is_ok()
        });
        self.seen.clear();
    }
}

enum More {
    Waits,
    Later,
    Never,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Handle;
    use std::sync::{Arc, Mutex};

    type Heard = Arc<Mutex<Vec<Fact>>>;

    struct Ear(Heard, bool);

    impl Part for Ear {
        fn name(&self) -> &'static str {
            "ear"
        }
        fn account(&mut self, _account: &Account) {}
        fn fact(&mut self, _at: Now, fact: &Fact) {
            assert!(!self.1, "a defect");
            self.0.lock().unwrap().push(fact.clone());
        }
    }

    fn wrong(slot: u32) -> Fact {
        Fact::ReportedWrong { call: Handle { shard: 0, slot, nonce: 1 }, kind: Kind::Test }
    }

    #[test]
    fn who_is_full_costs_the_shard_nothing_and_the_loss_is_a_fact_when_it_begins_and_when_it_ends() {
        let (mut teller, from) = Teller::new(2);
        let mut said: Vec<_> = (0..5).map(|slot| teller.tell(Seen::Fact(Now::default(), wrong(slot)))).collect();
        let _taken = from.recv();
        said.push(teller.tell(Seen::Fact(Now::default(), wrong(9))));
        let begun = Some(Fact::Unwitnessed { lost: 1, over: false });
        assert_eq!(said, [None, None, begun, None, None, Some(Fact::Unwitnessed { lost: 3, over: true })]);
    }

    #[test]
    fn a_part_with_a_defect_is_let_go_and_the_others_hear_everything() {
        let (mut teller, from) = Teller::new(8);
        let heard = Heard::default();
        for slot in 0..3 {
            assert_eq!(teller.tell(Seen::Fact(Now::default(), wrong(slot))), None);
        }
        drop(teller);
        let parts: Vec<Box<dyn Part>> =
            vec![Box::new(Ear(Heard::default(), true)), Box::new(Ear(heard.clone(), false))];
        Witness { from, parts, seen: Vec::new() }.run(&Now::default);
        assert_eq!(*heard.lock().unwrap(), [wrong(0), wrong(1), wrong(2)]);
    }
}
