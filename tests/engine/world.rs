//! An engine, a clock that is stepped from deadline to deadline, and the inboxes of its peers.
use crate::peers::{Caller, Far};
use bytes::Bytes;
use callbox::account::Account;
use callbox::b2bua::voice::Order;
use callbox::b2bua::{Engine, Input, Setup};
use callbox::base::entropy::Entropy;
use callbox::base::now::{Mono, Now, Wall};
use callbox::cache::{Cache, Snapshot};
use callbox::config::World as Configured;
use callbox::config::world::lab;
use callbox::edge::ledger::Gatherer;
use callbox::fact::Fact;
use callbox::sip::flow::{Flow, Transport};
use callbox::sip::message::{Message, Method, Start};
use core::net::SocketAddr;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, LazyLock};

/// The lab's far ends, and a phone of its PBX.
pub const CALLER: u16 = 5999;
pub const PSAP_1: u16 = 5070;
pub const PSAP_2: u16 = 5071;
pub const RELAY: u16 = 5072;
pub const CRISIS: u16 = 5073;
pub const GATEWAY: u16 = 5074;
pub const IVR: u16 = 5076;

/// Numbers of the lab: with an address, without one, and at the two sites that are not switched on.
pub const KNOWN: &str = "+13125550123";
pub const UNPLACED: &str = "+13125550124";
pub const BRANCH: &str = "+13125550150";
pub const DEPOT: &str = "+13125550170";

/// A session description of either side.
pub const SDP: &str =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n";

/// A message as a peer got it.
pub struct Got {
    /// Milliseconds after the beginning.
    pub at: u64,
    pub flow: Flow,
    pub message: Message,
}

impl Got {
    /// `INVITE`, `180 INVITE`.
    pub fn word(&self) -> String {
        word(&self.message)
    }
}

fn word(message: &Message) -> String {
    match message.start() {
        Start::Request(_) => String::from_utf8_lossy(message.method_text()).into_owned(),
        Start::Response(code) => {
            format!("{code} {}", message.cseq().map_or("?", |(_, method)| method.text()))
        }
    }
}

pub struct World {
    pub engine: Engine,
    pub cache: Arc<Cache>,
    pub facts: Vec<Fact>,
    pub accounts: Vec<Account>,
    /// The evidence of the calls.
    pub gatherer: Gatherer,
    /// What the test IVR's voice was told, as far as nobody took it.
    pub orders: Vec<Order>,
    now: Mono,
    /// What the clock on the wall said at the beginning, in milliseconds; it may be set at any time.
    pub wall: u64,
    inboxes: HashMap<u16, VecDeque<Got>>,
    /// Everything that left, in order: to whom, and what.
    pub log: Vec<(u16, String)>,
    /// What trunks answer to OPTIONS; nothing for 0, and 200 for those not listed.
    pub probe_answers: HashMap<u16, u16>,
    /// When each probe arrived.
    pub probes: Vec<(u64, u16)>,
}

impl World {
    /// The lab as it is, with all trunks in good health and no probes.
    pub fn new() -> World {
        thread_local! {
            static LAB: core::cell::RefCell<Arc<Cache>> = core::cell::RefCell::new(published(|_| {}));
        }
        // Tables are large; what callers were lent is all that one world leaves to the next.
        let cache = LAB.with_borrow_mut(|lab| {
            match Arc::get_mut(lab) {
                Some(cache) => cache.leases = callbox::cache::Leases::default(),
                None => *lab = published(|_| {}),
            }
            Arc::clone(lab)
        });
        World::of(cache, |_| {})
    }

    /// The lab with probes, and all that is learnt of trunks.
    pub fn probing() -> World {
        let mut world = World::new();
        world.input(Input::Configured);
        world
    }

    /// The lab with another snapshot or setup.
    pub fn with(change: impl FnOnce(&mut Snapshot), tune: impl FnOnce(&mut Setup)) -> World {
        World::of(published(change), tune)
    }

    fn of(cache: Arc<Cache>, tune: impl FnOnce(&mut Setup)) -> World {
        let udp = SocketAddr::from(([127, 0, 0, 1], 5060));
        let mut setup = Setup {
            shard: 0,
            listeners: vec![(Transport::Udp, udp), (Transport::Tcp, udp)],
            max_calls: 1000,
            emergency_reserve_percent: 20,
            orphan_max: std::time::Duration::from_secs(3600),
            relay_unknown: false,
        };
        tune(&mut setup);
        let engine =
            Engine::new(setup, Arc::clone(&cache), Entropy::seeded([9; 32]), Box::new(|| Mono::from_micros(0)));
        World {
            engine,
            cache,
            facts: Vec::new(),
            accounts: Vec::new(),
            gatherer: Gatherer::default(),
            orders: Vec::new(),
            now: Mono::from_micros(0),
            wall: 1_795_000_000_000,
            inboxes: HashMap::new(),
            log: Vec::new(),
            probe_answers: HashMap::new(),
            probes: Vec::new(),
        }
    }

    /// What DNS says of a trunk now: these ports of this machine.
    pub fn resolve(&self, trunk: &str, ports: &[u16]) {
        let targets = ports.iter().map(|port| SocketAddr::from(([127, 0, 0, 1], *port))).collect();
        self.cache.targets.insert(trunk.into(), Arc::new(targets));
    }

    pub fn millis(&self) -> u64 {
        self.now.as_micros() / 1000
    }

    pub fn moment(&self) -> Now {
        Now { mono: self.now, wall: Wall::from_millis(self.wall + self.millis()) }
    }

    /// Steps the clock up to this moment, through every deadline on the way.
    pub fn until(&mut self, millis: u64) {
        let end = Mono::from_micros(millis * 1000);
        assert!(end >= self.now, "time does not go back");
        while let Some(at) = self.engine.poll_timeout().filter(|at| *at <= end) {
            self.now = at.max(self.now);
            self.engine.on_time(self.moment());
            self.carry();
        }
        self.now = end;
    }

    /// The millisecond at which the engine next has something to do.
    pub fn next_moment(&self) -> Option<u64> {
        self.engine.poll_timeout().map(|at| at.as_micros().div_ceil(1000))
    }

    /// Lets so many seconds pass.
    pub fn pass(&mut self, secs: u64) {
        self.until(self.millis() + secs * 1000);
    }

    pub fn input(&mut self, input: Input) {
        self.engine.handle(self.moment(), input);
        self.carry();
    }

    /// Sends a datagram from a peer of the lab.
    pub fn send(&mut self, from: u16, text: impl Into<String>) {
        self.send_from(SocketAddr::from(([127, 0, 0, 1], from)), text);
    }

    pub fn send_from(&mut self, peer: SocketAddr, text: impl Into<String>) {
        self.input(Input::Received { flow: flow_to(peer), bytes: Bytes::from(text.into()) });
    }

    /// The network says that what was sent to a peer did not arrive.
    pub fn unreachable(&mut self, port: u16) {
        self.input(Input::Unreachable(flow_to(SocketAddr::from(([127, 0, 0, 1], port)))));
    }

    /// Puts what the engine sent into its peers' inboxes.
    fn carry(&mut self) {
        let at = self.millis();
        let sent: Vec<_> = self.engine.drain_transmits().collect();
        let now = self.moment();
        for account in self.engine.drain_accounts() {
            self.gatherer.account(&account);
            self.accounts.push(account);
        }
        for fact in self.engine.drain_facts() {
            self.gatherer.fact(now, &fact);
            self.facts.push(fact);
        }
        self.orders.extend(self.engine.drain_orders());
        let mut probes = Vec::new();
        for transmit in sent {
            let (port, flow) = (transmit.flow.peer.port(), transmit.flow);
            let message = Message::read(transmit.bytes).expect("we write messages that can be read");
            let is_probe =
                message.method() == Some(Method::Options) && message.to().is_some_and(|to| to.tag().is_none());
            if is_probe {
                probes.push((port, flow, message));
            } else {
                if message.method() == Some(Method::Invite) {
                    crate::xmllint::assert_parts_valid(&message);
                }
                self.log.push((port, word(&message)));
                self.inboxes.entry(port).or_default().push_back(Got { at, flow, message });
            }
        }
        for (port, flow, message) in probes {
            self.probe(port, flow, &message);
        }
    }

    fn probe(&mut self, port: u16, flow: Flow, message: &Message) {
        if flow.transport == Transport::Udp {
            self.probes.push((self.millis(), port));
            let code = self.probe_answers.get(&port).copied().unwrap_or(200);
            if code > 0 {
                let answer = Far::to(port, message.clone()).response(code, "", "");
                self.send(port, answer);
            }
        }
    }

    /// Everything that a peer got since it was last asked.
    pub fn take(&mut self, port: u16) -> Vec<Got> {
        self.inboxes.remove(&port).unwrap_or_default().into()
    }

    /// The same in words.
    pub fn words(&mut self, port: u16) -> Vec<String> {
        self.take(port).iter().map(Got::word).collect()
    }

    /// The first such message that a peer got; what came before it is dropped.
    pub fn got(&mut self, port: u16, wanted: &str) -> Message {
        let mut passed = Vec::new();
        while let Some(got) = self.inboxes.entry(port).or_default().pop_front() {
            if got.word() == wanted {
                return got.message;
            }
            passed.push(got.word());
        }
        panic!("{port} got no {wanted} but {passed:?}");
    }

    /// When a peer got such messages, in milliseconds.
    pub fn times(&mut self, port: u16, wanted: &str) -> Vec<u64> {
        self.take(port).iter().filter(|got| got.word() == wanted).map(|got| got.at).collect()
    }

    /// Forgets what all peers got.
    pub fn clear(&mut self) {
        self.inboxes.clear();
        self.log.clear();
    }

    /// The INVITE that came to a far end.
    pub fn rung(&mut self, port: u16) -> Far {
        Far::to(port, self.got(port, "INVITE"))
    }

    /// A far end answers its INVITE: a 2xx has a session description, everything else has none.
    pub fn answer(&mut self, far: &Far, code: u16) {
        let body = if (200..300).contains(&code) { SDP } else { "" };
        self.send(far.port, far.response(code, "", body));
    }

    /// A far end answers its INVITE with header lines of its own and no body.
    pub fn answer_with(&mut self, far: &Far, code: u16, more: &str) {
        self.send(far.port, far.response(code, more, ""));
    }

    /// A far end that was told to stop does so: 200 to the CANCEL, 487 to the INVITE.
    pub fn stop(&mut self, far: &Far) {
        let cancel = self.got(far.port, "CANCEL");
        self.send(far.port, far.response_to(&cancel, 200, "", ""));
        self.answer(far, 487);
    }

    /// A caller dials.
    pub fn dial(&mut self, from: &str, number: &str) -> Caller {
        let caller = Caller::new(from, number);
        self.send(CALLER, caller.invite());
        caller
    }

    /// A caller dials and this far end takes the call; everything is acknowledged and nobody has anything unread.
    pub fn talk(&mut self, from: &str, number: &str, port: u16) -> (Caller, Far) {
        let mut caller = self.dial(from, number);
        let far = self.rung(port);
        self.answer(&far, 180);
        self.answer(&far, 200);
        let answer = self.got(CALLER, "200 INVITE");
        caller.learn(&answer);
        self.send(CALLER, caller.ack(""));
        self.got(port, "ACK");
        self.clear();
        (caller, far)
    }

    /// Whether no call and no transaction is left.
    pub fn is_idle(&self) -> bool {
        (self.engine.active_calls(), self.engine.transactions()) == (0, 0)
    }
}

/// The lab's world in a cache, with another snapshot.
fn published(change: impl FnOnce(&mut Snapshot)) -> Arc<Cache> {
    static LAB: LazyLock<Configured> = LazyLock::new(|| lab().expect("the lab's files have no fault"));
    let cache = Arc::new(Cache::default());
    let mut configured = LAB.clone();
    // Test calls are the trunk's, unless a test is of our own IVR.
    configured.snapshot.ivr = None;
    change(&mut configured.snapshot);
    configured.publish(&cache);
    cache
}

pub fn flow_to(peer: SocketAddr) -> Flow {
    let local = SocketAddr::from(([127, 0, 0, 1], 5060));
    Flow { transport: Transport::Udp, local, peer, connection: None }
}
