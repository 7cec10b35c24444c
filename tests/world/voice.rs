//! The test IVR's voice: it takes ports, reads for a while, hears keys, and sometimes has no port or is late with
//! everything. What it owes is told by the orders alone.
use crate::chance::Chance;
use crate::machines::{MILLIS, SECS};
use callbox::b2bua::voice::{News, Order};
use callbox::base::id::Handle;
use std::collections::{BTreeMap, HashSet};

/// What its far end is called where a far end's tag would stand.
pub const SPEAKER: &str = "the test IVR";

/// Its first port; nobody else in a walk has sound in the twenty thousands.
const FIRST_PORT: u16 = 20_000;

/// Whether a session description is the voice's.
pub fn speaks(session: &str) -> bool {
    session.contains("m=audio 20")
}

#[derive(Default)]
pub struct Voice {
    open: HashSet<Handle>,
    /// What it will tell, by time and turn.
    news: BTreeMap<(u64, u64), (Handle, News)>,
    turn: u64,
    port: u16,
    pub fault: Option<String>,
}

impl Voice {
    pub fn deadline(&self) -> Option<u64> {
        self.news.first_key_value().map(|((at, _), _)| *at)
    }

    /// What is due. A call that is over may still be told of: the two cross.
    pub fn pop(&mut self) -> Option<(Handle, News)> {
        self.news.pop_first().map(|(_, news)| news)
    }

    /// Takes an order.
    pub fn take(&mut self, order: Order, now: u64, chance: &mut Chance) {
        match order {
            Order::Open { call, .. } => self.open(call, now, chance),
            Order::Reach { call, .. } => self.hold(self.open.contains(&call), "talks to a call that is not open"),
            Order::Read { call, .. } => {
                self.hold(self.open.contains(&call), "reads to a call that is not open");
                let at = now + chance.between(1, 60) * SECS;
                self.tell(at, call, News::WasRead);
                for _ in 0..chance.pick(&[0, 0, 1, 3]) {
                    let at = now + chance.between(0, 60_000) * MILLIS;
                    self.tell(at, call, News::Key(chance.pick(b"1123")));
                }
            }
            Order::Close { call } => {
                let was_open = self.open.remove(&call);
                self.hold(was_open, "closes a call that is not open");
            }
        }
    }

    fn open(&mut self, call: Handle, now: u64, chance: &mut Chance) {
        let is_new = self.open.insert(call);
        self.hold(is_new, "opens a call twice");
        let longest = chance.pick(&[5, 300, 3000]);
        let at = now + chance.between(0, longest) * MILLIS;
        self.port += 2;
        // The thread may have ended: then nothing comes of it.
        match chance.between(0, 9) {
            0 => {}
            1 => self.tell(at, call, News::NoPort),
            _ => self.tell(at, call, News::Open(FIRST_PORT + self.port % 100)),
        }
    }

    fn tell(&mut self, at: u64, call: Handle, news: News) {
        self.turn += 1;
        self.news.insert((at, self.turn), (call, news));
    }

    fn hold(&mut self, kept: bool, what: &str) {
        if !kept {
            self.fault.get_or_insert_with(|| format!("the test IVR {what}"));
        }
    }

    /// Whether every port that it took was given back.
    pub fn is_silent(&self) -> bool {
        self.open.is_empty()
    }
}
