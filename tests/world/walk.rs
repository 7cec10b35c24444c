//! One walk: a seed, an engine with its peers, and time that is stepped from event to event.
use crate::agent::{Act, Agent};
use crate::chance::Chance;
use crate::machines::{MILLIS, SECS};
use crate::net::{Arrival, Fate, OTHER_ADDRESS, Weather, Wire};
use crate::phone::Order;
use crate::promises::Promises;
use crate::streams::{self, EPHEMERAL, Streams};
use crate::talk::PROTECTED;
use crate::temper::{MOODY, Manner, Temper, USELESS, WELL};
use crate::voice::Voice;
use crate::wire::Msg;
use bytes::Bytes;
use callbox::b2bua::{Engine, Input, Setup};
use callbox::base::entropy::Entropy;
use callbox::base::now::{Mono, Now, Wall};
use callbox::cache::{Cache, Snapshot};
use callbox::config::world::{self, lab};
use callbox::record::{Ivr, Trunk};
use callbox::sip::flow::{Flow, Transport};
use core::net::SocketAddr;
use core::time::Duration;
use std::sync::{Arc, LazyLock};

/// What kind of walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Everything arrives, late and out of order at worst.
    Slow,
    /// Datagrams are lost and doubled.
    Lossy,
    /// Peers go and come back.
    Broken,
}

impl Kind {
    pub const ALL: [Kind; 3] = [Kind::Slow, Kind::Lossy, Kind::Broken];

    pub const fn text(self) -> &'static str {
        match self {
            Kind::Slow => "slow",
            Kind::Lossy => "lossy",
            Kind::Broken => "broken",
        }
    }
}

/// The lab's ports: phones, then those that take calls.
const PHONES: [(&str, u16); 2] = [("phone1", 5999), ("phone2", 5998)];
const FARS: [(&str, u16); 6] =
    [("psap1", 5070), ("psap2", 5071), ("relay", 5072), ("crisis", 5073), ("gateway", 5074), ("ivr", 5076)];

/// Who calls what: protected calls, then the others.
const EMERGENCIES: [(&str, &str); 6] = [
    ("911", "+13125550123"),
    ("911", "+13125550123"),
    ("911", "+13125550124"),
    ("112", "4117"),
    ("911", "+13125550150"),
    ("933", "+13125550123"),
];
const OTHERS: [(&str, &str); 3] = [("988", "+13125550123"), ("988", "+13125550150"), ("5551234", "+13125550123")];

/// When everybody is told to end what they do, and until when all must be over.
const CLOSING: u64 = 700 * SECS;
const SETTLED: u64 = CLOSING + 400 * SECS;
const ORPHANS_GONE: u64 = SETTLED + 4200 * SECS;

static LAB: LazyLock<world::World> = LazyLock::new(|| lab().expect("the lab's files have no fault"));

pub struct Walk {
    engine: Engine,
    cache: Arc<Cache>,
    snapshot: Snapshot,
    agents: Vec<Agent>,
    weather: Weather,
    wire: Wire,
    streams: Streams,
    voice: Voice,
    chance: Chance,
    now: u64,
    pub promises: Promises,
}

impl Walk {
    pub fn new(seed: u64, kind: Kind) -> Walk {
        let mut chance = Chance::new(seed);
        let cache = Arc::new(Cache::default());
        let mut lab = LAB.clone();
        lab.snapshot.ivr = own_ivr(&mut chance);
        let snapshot = lab.snapshot.clone();
        lab.publish(&cache);
        let udp = SocketAddr::from(([127, 0, 0, 1], 5060));
        let max_calls = usize::try_from(chance.pick(&[1000, 1000, 4])).unwrap_or(4);
        let setup = Setup {
            shard: 0,
            listeners: vec![(Transport::Udp, udp), (Transport::Tcp, udp)],
            max_calls,
            emergency_reserve_percent: 50,
            relay_unknown: false,
            orphan_max: Duration::from_secs(3600),
        };
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let engine = Engine::new(setup, Arc::clone(&cache), Entropy::seeded(bytes), Box::new(|| Mono::from_micros(0)));
        let ports: Vec<u16> = FARS.iter().map(|(_, port)| *port).collect();
        let weather = match kind {
            Kind::Slow if chance.percent(30) => Weather::calm(),
            Kind::Slow => Weather::slow(&mut chance),
            Kind::Lossy => Weather::lossy(&mut chance),
            Kind::Broken => Weather::broken(&mut chance, &ports),
        };
        let manner = Manner::drawn(&mut chance);
        let mut agents: Vec<Agent> = FARS
            .iter()
            .map(|(name, port)| {
                let tempers: &[(u64, Temper)] = chance.weighted(&[(2, &WELL[..]), (5, &MOODY[..]), (2, &USELESS[..])]);
                Agent::new(name, *port, Chance::new(chance.bits()), manner, tempers.to_vec())
            })
            .collect();
        for (name, port) in PHONES {
            agents.push(Agent::new(name, port, Chance::new(chance.bits()), manner, Vec::new()));
        }
        let promises = Promises::new(&weather, max_calls);
        let mut walk = Walk {
            streams: Streams::default(),
            voice: Voice::default(),
            engine,
            cache,
            snapshot,
            agents,
            weather,
            wire: Wire::default(),
            chance,
            now: 0,
            promises,
        };
        for at in walk.weather.breaks.clone() {
            walk.wire.carry(at, Arrival::Break);
        }
        walk.order_calls();
        if walk.chance.percent(40) {
            walk.input(Input::Configured);
        }
        walk
    }

    fn order_calls(&mut self) {
        let calls = self.chance.pick(&[1, 1, 2, 3, 6]);
        for number in 1..=calls {
            let protected = self.chance.percent(80);
            let (dialled, from) = if protected { self.chance.pick(&EMERGENCIES) } else { self.chance.pick(&OTHERS) };
            let order = Order {
                call: if protected { PROTECTED + number } else { number },
                number: dialled,
                streamed: self.chance.percent(20),
                from,
                offerless: self.chance.percent(15),
                ack_after: self.chance.weighted(&[
                    (12, Some(0)),
                    (1, Some(3 * SECS)),
                    (1, Some(29 * SECS)),
                    (1, Some(40 * SECS)),
                    (1, None),
                ]),
                early_bye: self.chance.percent(20),
                patience: self.patience(),
                reliable: self.chance.percent(40),
                requires: self.chance.percent(15),
                timer: self.chance.weighted(&[(3, None), (1, Some("uac")), (1, Some("uas"))]),
            };
            self.promises.ordered(&order);
            let at = self.chance.between(0, 20_000) * MILLIS;
            let phone = FARS.len() + usize::from(self.chance.percent(30));
            self.agents[phone].plan(at, Act::Dial(order));
        }
    }

    /// Callers hang up at every moment, or hardly ever.
    fn patience(&mut self) -> Option<u64> {
        let longest = self.chance.pick(&[0, 0, 0, 0, 60, 600, 5000, 30_000, 120_000]);
        (longest > 0).then(|| self.chance.between(0, longest) * MILLIS)
    }

    /// Walks to the end; the reason and the trace when a promise was broken.
    pub fn run(mut self) -> Result<Promises, String> {
        self.until(CLOSING)?;
        self.weather = Weather::calm();
        self.without_probes();
        // What was still under way arrives first, so that nobody dials after everybody went home.
        for at in 0..self.agents.len() {
            self.agents[at].go_home(self.now);
        }
        self.until(SETTLED)?;
        if self.engine.active_calls() > 0 && self.agents.iter().all(Agent::is_idle) {
            self.until(ORPHANS_GONE)?;
        }
        let left = (self.engine.active_calls(), self.engine.transactions());
        self.promises.at_the_end(self.now, left, &self.agents);
        if !self.voice.is_silent() {
            self.promises.broken("the test IVR still has a call".to_owned());
        }
        self.promises.verdict()?;
        Ok(self.promises)
    }

    /// A reload in which no trunk is probed any more, so that the end is quiet.
    fn without_probes(&mut self) {
        let mut snapshot = self.snapshot.clone();
        for trunk in &mut snapshot.trunks {
            *trunk = Arc::new(Trunk { probe: false, ..(**trunk).clone() });
        }
        self.cache.configure(&snapshot);
        self.input(Input::Configured);
    }

    fn until(&mut self, end: u64) -> Result<(), String> {
        loop {
            self.flush();
            self.promises.verdict()?;
            let engine = self.engine.poll_timeout().map(Mono::as_micros);
            let agents = self.agents.iter().filter_map(Agent::deadline).min();
            let (wire, voice) = (self.wire.next_at(), self.voice.deadline());
            let Some(next) = [engine, agents, wire, voice].into_iter().flatten().min().filter(|next| *next <= end)
            else {
                self.now = end;
                return Ok(());
            };
            self.now = self.now.max(next);
            if wire.is_some_and(|at| at <= self.now) {
                if let Some(arrival) = self.wire.pop() {
                    self.arrive(arrival);
                }
            } else if voice.is_some_and(|at| at <= self.now) {
                if let Some((call, news)) = self.voice.pop() {
                    self.promises.spoken(self.now, news);
                    self.input(Input::Voice(call, news));
                }
            } else if agents.is_some_and(|at| at <= self.now) {
                for agent in &mut self.agents {
                    if agent.deadline().is_some_and(|at| at <= self.now) {
                        agent.on_time(self.now);
                    }
                }
            } else {
                self.engine.on_time(self.moment());
                self.carry();
            }
        }
    }

    fn moment(&self) -> Now {
        Now { mono: Mono::from_micros(self.now), wall: Wall::from_millis(1_795_000_000_000 + self.now / MILLIS) }
    }

    fn arrive(&mut self, arrival: Arrival) {
        match arrival {
            Arrival::AtEngine(port, text) => {
                if let Ok(message) = Msg::read(text.as_bytes()) {
                    self.promises.came(self.now, port, &message);
                }
                self.input(Input::Received { flow: flow_to(port), bytes: Bytes::from(text) });
            }
            Arrival::Refused(port) => {
                self.promises.refused(self.now, port);
                self.input(Input::Unreachable(flow_to(port)));
            }
            Arrival::AtPeer(port, text) => self.hand_over(port, &text),
            Arrival::StreamedToEngine(id, text) => {
                let Some(flow) = self.streams.flow(id) else { return };
                if let Ok(message) = Msg::read(text.as_bytes()) {
                    self.promises.came(self.now, flow.peer.port(), &message);
                }
                self.input(Input::Received { flow, bytes: Bytes::from(text) });
            }
            Arrival::StreamedToPeer(id, port, text) => {
                if self.streams.flow(id).is_some() {
                    self.hand_over(port, &text);
                }
            }
            Arrival::Opened(id) => {
                if let Some(flow) = self.streams.flow(id) {
                    self.input(Input::StreamOpen(flow.peer));
                }
            }
            Arrival::Unopened(id) => self.break_stream(id, true),
            Arrival::Break => {
                if let Some(id) = self.streams.any(&mut self.chance) {
                    let broken = self.chance.percent(50);
                    self.break_stream(id, broken);
                }
            }
        }
    }

    fn hand_over(&mut self, port: u16, text: &str) {
        let now = self.now;
        if let (Some(agent), Ok(message)) = (self.agent(port), Msg::read(text.as_bytes())) {
            agent.receive(now, message);
        }
    }

    /// A connection is gone, and what was on its way with it; the engine hears of a failure where the other end did not
    /// close it.
    fn break_stream(&mut self, id: u64, failed: bool) {
        let Some(flow) = self.streams.end(id) else { return };
        self.promises.stream_ended(self.now, flow.peer.port());
        if failed {
            self.input(Input::Unreachable(flow));
        }
        self.input(Input::StreamClosed(flow));
    }

    fn stream_to_peer(&mut self, flow: Flow, home: u16, bytes: &[u8], text: String) {
        let carried = self.streams.send_to_peer(&self.weather, &mut self.chance, self.now, flow, home);
        let gone = self.weather.outage(home, self.now);
        let fate = if gone.is_some() { Fate::Lost } else { streams::fate(&carried) };
        self.promises.left(self.now, flow.peer.port(), bytes, &fate);
        if let Some(says_so) = gone {
            let at = self.now + if says_so { self.weather.way(&mut self.chance) } else { 3 * SECS };
            return self.wire.carry(at, Arrival::Unopened(carried.id));
        }
        if let Some(at) = carried.opened {
            self.wire.carry(at, Arrival::Opened(carried.id));
        }
        self.wire.carry(carried.at, Arrival::StreamedToPeer(carried.id, home, text));
    }

    fn stream_to_engine(&mut self, home: u16, text: String) {
        let carried = self.streams.send_to_engine(&self.weather, &mut self.chance, self.now, home);
        let gone = self.weather.outage(home, self.now).is_some();
        let fate = if gone { Fate::Lost } else { streams::fate(&carried) };
        self.promises.said(self.now, home, &text, &fate);
        if !gone {
            self.wire.carry(carried.at, Arrival::StreamedToEngine(carried.id, text));
        }
    }

    fn input(&mut self, input: Input) {
        self.engine.handle(self.moment(), input);
        self.carry();
    }

    fn agent(&mut self, port: u16) -> Option<&mut Agent> {
        let is_at = |agent: &&mut Agent| [0, OTHER_ADDRESS, EPHEMERAL].iter().any(|other| agent.port + other == port);
        self.agents.iter_mut().find(is_at)
    }

    /// Takes what the engine sent.
    fn carry(&mut self) {
        let sent: Vec<_> = self.engine.drain_transmits().collect();
        for transmit in sent.iter().filter(|transmit| transmit.bytes.starts_with(b"INVITE ")) {
            let invite = callbox::sip::message::Message::read(transmit.bytes.clone());
            crate::xmllint::assert_parts_valid(&invite.expect("we write messages that can be read"));
        }
        for transmit in sent {
            let (port, now) = (transmit.flow.peer.port(), self.now);
            let known = self.agent(port).map(|agent| agent.port);
            let (Some(home), true) = (known, transmit.flow.peer.ip().is_loopback()) else {
                self.promises.broken(format!("sent something to {}, who is no peer", transmit.flow.peer));
                continue;
            };
            let text = String::from_utf8_lossy(&transmit.bytes).into_owned();
            if transmit.flow.transport == Transport::Tcp {
                self.stream_to_peer(transmit.flow, home, &transmit.bytes, text);
                continue;
            }
            let fate = self.weather.fate(&mut self.chance, now, home);
            self.promises.left(now, port, &transmit.bytes, &fate);
            match fate {
                Fate::Arrives(moments) => {
                    for at in moments {
                        self.wire.carry(at, Arrival::AtPeer(port, text.clone()));
                    }
                }
                Fate::Refused(at) => self.wire.carry(at, Arrival::Refused(port)),
                Fate::Lost => {}
            }
        }
        for order in self.engine.drain_orders() {
            self.voice.take(order, self.now, &mut self.chance);
        }
        if let Some(fault) = self.voice.fault.take() {
            self.promises.broken(fault);
        }
        self.engine.drain_accounts().for_each(drop);
        let facts: Vec<_> = self.engine.drain_facts().collect();
        let counts = (self.engine.active_calls(), self.engine.transactions());
        self.promises.after_step(self.now, &facts, counts);
    }

    /// Takes what the peers sent, and what they know.
    fn flush(&mut self) {
        for at in 0..self.agents.len() {
            let agent = &mut self.agents[at];
            if agent.out.is_empty() && agent.notes.is_empty() {
                continue;
            }
            let (name, home) = (agent.name, agent.port);
            let out: Vec<_> = agent.out.drain(..).collect();
            for note in agent.notes.drain(..) {
                self.promises.noted(self.now, name, note);
            }
            for one in out {
                if one.streamed {
                    self.stream_to_engine(home, one.text);
                    continue;
                }
                let fate = self.weather.fate(&mut self.chance, self.now, home);
                self.promises.said(self.now, one.port, &one.text, &fate);
                if let Fate::Arrives(moments) = fate {
                    for at in moments {
                        self.wire.carry(at, Arrival::AtEngine(one.port, one.text.clone()));
                    }
                }
            }
        }
    }
}

/// The test IVR that is part of callbox, in most walks: before the trunk or behind it.
fn own_ivr(chance: &mut Chance) -> Option<Ivr> {
    chance.percent(70).then(|| Ivr {
        first: chance.percent(60),
        max_calls: chance.pick(&[20, 20, 1]),
        max_span: Duration::from_secs(chance.pick(&[20, 180])),
        hourly: chance.pick(&[60, 60, 1]),
    })
}

fn flow_to(port: u16) -> Flow {
    let local = SocketAddr::from(([127, 0, 0, 1], 5060));
    Flow { transport: Transport::Udp, local, peer: SocketAddr::from(([127, 0, 0, 1], port)), connection: None }
}
