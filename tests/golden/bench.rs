//! The engine with the lab's world, a clock that stands still and chance that repeats.
use bytes::Bytes;
use callbox::b2bua::{Engine, Input, Setup};
use callbox::base::entropy::Entropy;
use callbox::base::now::{Mono, Now, Wall};
use callbox::cache::Cache;
use callbox::config::{World, world};
use callbox::edge::ledger::Gatherer;
use callbox::fact::Fact;
use callbox::sip::flow::{Flow, Transport};
use callbox::sip::message::Message;
use callbox::sip::transaction::Transmit;
use core::net::{Ipv6Addr, SocketAddr};
use core::time::Duration;
use std::sync::Arc;

/// The ports of the lab's far ends.
pub mod port {
    pub const PSAP: u16 = 5070;
    pub const RELAY: u16 = 5072;
    pub const CRISIS: u16 = 5073;
    pub const GATEWAY: u16 = 5074;
    pub const PBX: u16 = 5075;
    pub const IVR: u16 = 5076;
}

/// An engine under test.
pub struct Bench {
    pub engine: Engine,
    now: Now,
    /// What it sent, the oldest first.
    pub sent: Vec<Transmit>,
    /// What it told.
    pub facts: Vec<Fact>,
    /// The evidence of its calls.
    pub gatherer: Gatherer,
    /// What it was given.
    pub received: Vec<Bytes>,
    /// The same, as a log would show it.
    pub shown: Vec<String>,
}

impl Bench {
    /// A router with the lab's world, changed by `change`, on Saturday, 21 November 2026, 20:15:03.
    pub fn new(change: impl FnOnce(&mut World)) -> Bench {
        let mut world = world::lab().expect("the lab is sound");
        // Test calls are the trunk's.
        world.snapshot.ivr = None;
        change(&mut world);
        let cache = Arc::new(Cache::default());
        let _settings = world.publish(&cache);
        let setup = Setup {
            shard: 0,
            listeners: vec![
                (Transport::Udp, at(5060)),
                (Transport::Tcp, at(5060)),
                (Transport::Udp, SocketAddr::from((Ipv6Addr::LOCALHOST, 5060))),
            ],
            max_calls: 100,
            emergency_reserve_percent: 20,
            orphan_max: std::time::Duration::from_secs(3600),
            relay_unknown: false,
        };
        let engine = Engine::new(setup, cache, Entropy::seeded([7; 32]), Box::new(Mono::default));
        let wall = Wall::from_millis(1_795_292_103_000);
        let now = Now { mono: Mono::from_micros(1_000_000), wall };
        Bench {
            engine,
            now,
            sent: Vec::new(),
            facts: Vec::new(),
            gatherer: Gatherer::default(),
            received: Vec::new(),
            shown: Vec::new(),
        }
    }

    /// A message from a port of this machine.
    pub fn receive(&mut self, from: u16, bytes: impl Into<Bytes>) {
        self.receive_from(at(from), bytes);
    }

    /// A message from anywhere.
    pub fn receive_from(&mut self, peer: SocketAddr, bytes: impl Into<Bytes>) {
        let flow = Flow { transport: Transport::Udp, local: at(5060), peer, connection: None };
        let bytes = bytes.into();
        self.received.push(bytes.clone());
        if let Ok(message) = Message::read(bytes.clone()) {
            self.shown.push(format!("{message:?} {:?} {:?} {:?}", message.from(), message.to(), message.via()));
        }
        let input = Input::Received { flow, bytes };
        self.shown.push(format!("{input:?}"));
        self.engine.handle(self.now, input);
        self.drain();
    }

    /// A stream to a port is open.
    pub fn stream_open(&mut self, to: u16) {
        self.engine.handle(self.now, Input::StreamOpen(at(to)));
    }

    /// Time passes.
    pub fn pass(&mut self, span: Duration) {
        let end = self.now.mono + span;
        while let Some(due) = self.engine.poll_timeout().filter(|due| *due <= end) {
            self.now.mono = self.now.mono.max(due);
            self.engine.on_time(self.now);
            self.drain();
        }
        self.now.mono = end;
    }

    fn drain(&mut self) {
        for transmit in self.engine.drain_transmits() {
            let message = Message::read(transmit.bytes.clone()).expect("we write messages that can be read");
            crate::xmllint::assert_parts_valid(&message);
            self.sent.push(transmit);
        }
        for account in self.engine.drain_accounts() {
            self.shown.push(format!("{account:?}"));
            self.gatherer.account(&account);
        }
        for fact in self.engine.drain_facts() {
            self.gatherer.fact(self.now, &fact);
            self.facts.push(fact);
        }
    }

    /// The last message of this kind to a port: a method, or a status code as text.
    pub fn last(&self, to: u16, kind: &str) -> Option<&Bytes> {
        let wanted = |sent: &&Transmit| sent.flow.peer.port() == to && kind_of(&sent.bytes) == kind;
        self.sent.iter().rev().find(wanted).map(|sent| &sent.bytes)
    }

    /// The same, which must have been sent.
    pub fn expect(&self, to: u16, kind: &str) -> Bytes {
        let kinds: Vec<_> = self.sent.iter().map(|sent| (sent.flow.peer.port(), kind_of(&sent.bytes))).collect();
        self.last(to, kind).unwrap_or_else(|| panic!("no {kind} to {to} among {kinds:?}")).clone()
    }

    /// A target answers the last INVITE that it got. `more` are header lines, each with its CRLF.
    pub fn answer(&mut self, from: u16, code: u16, more: &str, body: &str) {
        let invite = self.expect(from, "INVITE");
        self.receive(from, response_to(&invite, code, more, body));
    }
}

/// A method, or a status code as text.
pub fn kind_of(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(64)]).into_owned();
    let mut words = text.split(' ');
    let first = words.next().unwrap_or_default();
    if first == "SIP/2.0" { words.next().unwrap_or_default().to_owned() } else { first.to_owned() }
}

/// A response as a far end writes it.
pub fn response_to(request: &[u8], code: u16, more: &str, body: &str) -> String {
    let text = String::from_utf8_lossy(request).into_owned();
    let mut out = format!("SIP/2.0 {code} Word\r\n");
    for line in text.split("\r\n").take_while(|line| !line.is_empty()) {
        if ["Via:", "From:", "Call-ID:", "CSeq:"].iter().any(|name| line.starts_with(name)) {
            out.push_str(&format!("{line}\r\n"));
        } else if line.starts_with("To:") {
            let tag = if code == 100 { "" } else { ";tag=far-end" };
            out.push_str(&format!("{line}{tag}\r\n"));
        }
    }
    out.push_str(more);
    out.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    out
}

fn at(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}
