//! The network between the engine and its peers: it delays, loses, doubles and reorders by chance, and sometimes a peer
//! is not there at all.
use crate::chance::Chance;
use crate::machines::{MILLIS, SECS};
use core::cmp::Reverse;
use std::collections::BinaryHeap;

/// A peer's other address: its port and this.
pub const OTHER_ADDRESS: u16 = 1000;

/// What it is like out there.
#[derive(Clone, Debug, Default)]
pub struct Weather {
    pub loss_percent: u64,
    pub double_percent: u64,
    /// The shortest and the longest way, in milliseconds; what lies between reorders.
    pub delay_millis: (u64, u64),
    /// Peers that are not there: the port, from when to when, and whether the network says so.
    pub outages: Vec<(u16, u64, u64, bool)>,
    /// When a connection breaks, whichever there is.
    pub breaks: Vec<u64>,
}

impl Weather {
    pub fn calm() -> Weather {
        Weather { delay_millis: (1, 10), ..Weather::default() }
    }

    /// Late and out of order, but all arrives.
    pub fn slow(chance: &mut Chance) -> Weather {
        let longest = chance.pick(&[40, 200, 450, 900]);
        Weather { delay_millis: (1, longest), double_percent: chance.pick(&[0, 10]), ..Weather::default() }
    }

    pub fn lossy(chance: &mut Chance) -> Weather {
        let loss_percent = chance.pick(&[2, 10, 25, 40]);
        Weather { loss_percent, double_percent: chance.pick(&[0, 5, 20]), ..Weather::slow(chance) }
    }

    /// With peers that go and come back.
    pub fn broken(chance: &mut Chance, ports: &[u16]) -> Weather {
        let mut weather = if chance.percent(50) { Weather::slow(chance) } else { Weather::lossy(chance) };
        for port in ports {
            if chance.percent(50) {
                let from = chance.between(0, 60) * SECS;
                let until = from + chance.between(1, 120) * SECS;
                weather.outages.push((*port, from, until, chance.percent(50)));
            }
        }
        for _ in 0..chance.pick(&[0, 2, 10]) {
            weather.breaks.push(chance.between(0, 120) * SECS + chance.between(0, 999) * MILLIS);
        }
        weather
    }

    /// Whether everything arrives at some time.
    pub fn is_complete(&self) -> bool {
        self.loss_percent == 0 && self.outages.is_empty() && self.breaks.is_empty()
    }

    /// Whether a peer is not there, and if so whether the network says it.
    pub fn outage(&self, port: u16, now: u64) -> Option<bool> {
        let hit = |one: &&(u16, u64, u64, bool)| one.0 == port && (one.1..one.2).contains(&now);
        self.outages.iter().find(hit).map(|one| one.3)
    }
}

/// What becomes of a datagram.
pub enum Fate {
    /// It arrives at these moments.
    Arrives(Vec<u64>),
    Lost,
    /// Lost, and the sender hears of it at this moment.
    Refused(u64),
}

impl Weather {
    /// How long something takes.
    pub fn way(&self, chance: &mut Chance) -> u64 {
        let (shortest, longest) = self.delay_millis;
        chance.between(shortest * MILLIS, longest * MILLIS)
    }

    pub fn fate(&self, chance: &mut Chance, now: u64, peer: u16) -> Fate {
        let way = |chance: &mut Chance| now + self.way(chance);
        if let Some(says_so) = self.outage(peer, now) {
            return if says_so && chance.percent(70) { Fate::Refused(way(chance)) } else { Fate::Lost };
        }
        if chance.percent(self.loss_percent) {
            return Fate::Lost;
        }
        let mut arrivals = vec![way(chance)];
        if chance.percent(self.double_percent) {
            arrivals.push(way(chance));
        }
        Fate::Arrives(arrivals)
    }
}

/// Something that arrives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Arrival {
    /// At the engine, from this port.
    AtEngine(u16, String),
    /// At a peer.
    AtPeer(u16, String),
    /// At the engine: what it sent to this port did not arrive.
    Refused(u16),
    /// On a connection: at the engine, at a peer.
    StreamedToEngine(u64, String),
    StreamedToPeer(u64, u16, String),
    /// A connection is there, or could not be opened, or breaks.
    Opened(u64),
    Unopened(u64),
    Break,
}

/// What is under way.
#[derive(Default)]
pub struct Wire {
    queue: BinaryHeap<Reverse<(u64, u64, Arrival)>>,
    serial: u64,
}

impl Wire {
    pub fn carry(&mut self, at: u64, what: Arrival) {
        self.serial += 1;
        self.queue.push(Reverse((at, self.serial, what)));
    }

    pub fn next_at(&self) -> Option<u64> {
        self.queue.peek().map(|Reverse((at, ..))| *at)
    }

    pub fn pop(&mut self) -> Option<Arrival> {
        self.queue.pop().map(|Reverse((.., what))| what)
    }
}
