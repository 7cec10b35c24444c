//! What every part of the engine works with: transactions, outputs, health of trunks, chance.
use super::ask::{self, Asks};
use super::call::{Call, Owner};
use super::ivr::Desk;
use super::standing::Standing;
use super::voice::Order;
use crate::account::Account;
use crate::base::entropy::Entropy;
use crate::base::id::Handle;
use crate::base::now::{Mono, Now};
use crate::base::wheel::Wheel;
use crate::cache::Cache;
use crate::cache::leases::Change;
use crate::fact::{Fact, Kind};
use crate::record::Trunk;
use crate::record::trunk::Carrier;
use crate::sip::flow::{Flow, Transport};
use crate::sip::message::{Message, Name, Writer, session_id};
use crate::sip::respond;
use crate::sip::transaction::{Layer, ServerId, Transmit};
use bytes::{Bytes, BytesMut};
use core::cell::Cell;
use core::net::SocketAddr;
use core::time::Duration;
use hashbrown::HashMap;
use std::collections::HashSet;
use std::sync::Arc;

/// How we name ourselves in User-Agent and Server.
pub const PRODUCT: &str = concat!("callbox/", env!("CARGO_PKG_VERSION"));

/// The largest request that goes out as a datagram when a stream to the target is open (RFC 3261 §18.1.1).
pub const DATAGRAM_BYTES: usize = 1300;

/// Room for the messages of a few calls; when all of them are sent and forgotten, it is used again.
const ROOM_BYTES: usize = 16 * 1024;
/// What most messages fit in; a larger one grows.
const MESSAGE_BYTES: usize = 1024;

/// What an engine is built with.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The engine's number, part of every identifier it makes.
    pub shard: u8,
    /// Our listeners: how, and the address that peers see.
    pub listeners: Vec<(Transport, SocketAddr)>,
    /// How many calls at once.
    pub max_calls: usize,
    /// The share of them that only emergency calls may take, in percent.
    pub emergency_reserve_percent: usize,
    /// How long a call that is not known to have ended is kept when neither side says anything.
    pub orphan_max: Duration,
    /// Whether calls from unknown sources go to the relay center instead of being refused with 403.
    pub relay_unknown: bool,
}

/// What wakes the engine beside transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// A call's deadline.
    Call(Handle),
    /// The windows that are over.
    Windows,
    /// A trunk's next probe, or the end of one without an answer; by the trunk's place in the prober.
    Probe(u32),
}

/// The common ground.
pub struct Core {
    /// How it was set up.
    pub setup: Setup,
    /// The transactions.
    pub layer: Layer<Owner>,
    /// The configured world.
    pub cache: Arc<Cache>,
    /// Chance.
    pub entropy: Entropy,
    /// The node's clock, for the step times of receipts only.
    pub clock: Box<dyn Fn() -> Mono + Send>,
    /// Deadlines.
    pub wheel: Wheel<Wake>,
    /// What is known of trunks, by name.
    pub health: HashMap<Arc<str>, Standing, foldhash::fast::RandomState>,
    /// Peers to which a stream is open.
    pub streams: HashSet<SocketAddr>,
    /// Room for messages to be written into, one behind the other.
    room: Cell<BytesMut>,
    /// What is to be sent.
    pub transmits: Vec<Transmit>,
    /// What happened.
    pub facts: Vec<Fact>,
    /// What is known of emergency and test calls, for those who are told.
    pub accounts: Vec<Account>,
    /// What must be found again after a crash.
    pub changes: Vec<Change>,
    /// Whether the wheel wakes us for windows that are over.
    pub windows_due: bool,
    /// What the test IVR's voice is to do.
    pub orders: Vec<Order>,
    /// What is known of locations that are kept elsewhere.
    pub asks: Asks,
    /// Which of them are to be fetched.
    pub asked: Vec<ask::Order>,
    /// What is known of test calls that we answer ourselves.
    pub desk: Desk,
    /// How many answers and ACKs were sent again.
    pub copies: u64,
    /// Whether new calls are refused because the node is about to leave.
    pub draining: bool,
}

impl Core {
    /// Common ground with nothing on it.
    pub fn new(setup: Setup, cache: Arc<Cache>, entropy: Entropy, clock: Box<dyn Fn() -> Mono + Send>) -> Core {
        let layer = Layer::new(setup.shard);
        Core {
            setup,
            layer,
            cache,
            entropy,
            clock,
            wheel: Wheel::new(),
            health: HashMap::default(),
            streams: HashSet::new(),
            room: Cell::default(),
            transmits: Vec::new(),
            facts: Vec::new(),
            accounts: Vec::new(),
            changes: Vec::new(),
            windows_due: false,
            orders: Vec::new(),
            asks: Asks::default(),
            asked: Vec::new(),
            desk: Desk::default(),
            copies: 0,
            draining: false,
        }
    }

    /// An empty buffer for a message, to be ended with [`Core::finish`].
    pub fn buffer(&self) -> BytesMut {
        let mut room = self.room.take();
        if room.capacity() < MESSAGE_BYTES {
            room.reserve(ROOM_BYTES);
        }
        room
    }

    /// Ends a message. The next one is written behind it, so that whoever keeps a message for long keeps a copy, and
    /// not the room of its neighbours.
    pub fn finish(&self, writer: Writer, body: Option<(&[u8], &[u8])>) -> Bytes {
        let (message, room) = writer.finish_and_keep(body);
        self.room.set(room);
        message
    }

    /// A handle for a new thing at this place.
    pub fn handle(&mut self, slot: u32) -> Handle {
        Handle { shard: self.setup.shard, slot, nonce: self.entropy.bits() }
    }

    /// Notes a fact of a call, unless the call is one that leaves none.
    pub fn note(&mut self, call: &Call, fact: impl FnOnce(Handle, Kind) -> Fact) {
        if let Some(kind) = call.kind() {
            self.facts.push(fact(call.key, kind));
        }
    }

    /// The address of ours that a peer of this family and transport sees; a listener of the other transport stands in
    /// where there is none, since an address is still better than no call.
    pub fn local(&self, transport: Transport, peer: SocketAddr) -> Option<SocketAddr> {
        let family = |local: &&(Transport, SocketAddr)| local.1.is_ipv4() == peer.is_ipv4();
        let listeners = &self.setup.listeners;
        listeners.iter().filter(family).find(|local| local.0 == transport).map(|local| local.1)
    }

    /// The path to a target of a trunk; `None` when no listener of ours fits it.
    pub fn path(&self, trunk: &Trunk, peer: SocketAddr, large: bool) -> Option<Flow> {
        let stream = trunk.carrier == Carrier::Tcp || (large && self.streams.contains(&peer));
        let wanted = if stream { Transport::Tcp } else { Transport::Udp };
        [wanted, Transport::Udp, Transport::Tcp].into_iter().find_map(|transport| {
            let local = self.local(transport, peer)?;
            Some(Flow { transport, local, peer, connection: None })
        })
    }

    /// Answers a request with nothing but a status.
    pub fn refuse(&mut self, now: Now, id: ServerId, request: &Message, flow: Flow, code: u16) {
        self.answer(now, id, request, flow, code, |_| {});
    }

    /// Answers a request with a status and what `more` adds, without a body.
    pub fn answer(
        &mut self,
        now: Now,
        id: ServerId,
        request: &Message,
        flow: Flow,
        code: u16,
        more: impl FnOnce(&mut Writer),
    ) {
        let mut tag = None;
        if code > 100 && request.to_tag().is_none() {
            // A final response without a dialog needs a To tag all the same (RFC 3261 §8.2.6.2).
            let slot = u32::MAX;
            tag = Some(self.handle(slot).text());
        }
        let tag = tag.as_ref().map(|tag| tag.as_bytes());
        let mut writer = respond::respond(self.buffer(), request, flow.peer, code, "", tag, false);
        if code > 100 {
            writer.field(Name::Server, PRODUCT);
        }
        session_id::answer(&mut writer, None, request);
        more(&mut writer);
        let response = self.finish(writer, None);
        self.send_response(now, id, code, response);
    }

    /// Answers a request with a status and this To tag.
    pub fn answer_tagged(&mut self, now: Now, id: ServerId, request: &Message, flow: Flow, code: u16, tag: &[u8]) {
        let mut writer = respond::respond(self.buffer(), request, flow.peer, code, "", Some(tag), false);
        writer.field(Name::Server, PRODUCT);
        session_id::answer(&mut writer, None, request);
        let response = self.finish(writer, None);
        self.send_response(now, id, code, response);
    }

    /// Sends a response of a server transaction.
    pub fn send_response(&mut self, now: Now, id: ServerId, code: u16, response: Bytes) {
        self.layer.respond(now, id, code, response, &mut self.transmits);
    }

    /// Sends a message outside transactions: an ACK to a 2xx, a 2xx again.
    pub fn send(&mut self, flow: Flow, bytes: Bytes) {
        self.transmits.push(Transmit { flow, bytes });
    }
}
