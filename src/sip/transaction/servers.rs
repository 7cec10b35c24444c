//! The requests that came, and what we answer to them.
use super::alarm::{Alarm, Timer};
use super::invite_server::{InviteServer, Step as InviteStep};
use super::matching::{Key, Matching};
use super::server::{Server, Step};
use super::table::Table;
use super::{Event, Expiry, ServerId, Transmit};
use crate::base::entropy::Entropy;
use crate::base::id::Handle;
use crate::base::now::Mono;
use crate::base::wheel::Wheel;
use crate::sip::flow::{Flow, Transport};
use crate::sip::message::{Message, Method, Via};
use crate::sip::respond::respond;
use bytes::{Bytes, BytesMut};
use core::net::SocketAddr;
use hashbrown::HashMap;

/// How many requests a shard keeps in mind at once. A new one over this is left unanswered, and its sender repeats it.
pub const LIMIT: usize = 1 << 18;
/// How many of these may be requests that no call needs, as OPTIONS, MESSAGE or REGISTER.
pub const LIMIT_OF_THE_LESSER: usize = LIMIT / 4;

/// All server transactions of a shard.
pub struct Servers<U> {
    table: Table<Entry<U>>,
    by_key: HashMap<Key, Handle>,
    /// Made with the first request, when there is chance to make it of.
    matching: Option<Matching>,
}

struct Entry<U> {
    /// Where responses go.
    flow: Flow,
    /// The port at which the peer says that it listens, for when its connection breaks.
    port: u16,
    key: Key,
    user: Option<U>,
    alarm: Alarm,
    machine: Machine,
    kept: Kept,
}

enum Machine {
    Invite(InviteServer),
    Other(Server),
}

/// What is kept for later.
enum Kept {
    Nothing,
    /// The request and where it came from, to make a 100 of, until there is a response.
    Request(Bytes, SocketAddr),
    /// The latest response, for copies of the request.
    Response(Bytes),
}

impl<U: Copy> Servers<U> {
    pub fn new(shard: u8) -> Self {
        Self { table: Table::new(shard), by_key: HashMap::new(), matching: None }
    }

    /// A request came.
    pub fn received(
        &mut self,
        now: Mono,
        flow: Flow,
        message: &Message,
        entropy: &mut Entropy,
        wheel: &mut Wheel<Timer>,
        out: &mut Vec<Transmit>,
    ) -> Option<Event<U>> {
        let matching = self.matching.get_or_insert_with(|| Matching::new(entropy));
        let via = message.via();
        let key = matching.own(message, via.as_ref());
        let invite = (message.method() == Some(Method::Cancel)).then(|| matching.cancelled(message, via.as_ref()));
        if message.method() == Some(Method::Ack) {
            return self.acked(now, key, wheel);
        }
        if let Some(&id) = self.by_key.get(&key) {
            self.repeated(id, flow, out);
            return None;
        }
        if self.is_full_for(message.method()) {
            return None;
        }
        let id = self.insert(now, flow, key, (message, via), entropy.bits(), wheel);
        let Some(invite) = invite else { return Some(Event::Request { id }) };
        let named = self.by_key.get(&invite).map(|&id| (ServerId(id), self.table.get(id).and_then(|entry| entry.user)));
        Some(Event::Cancel { id, invite: named })
    }

    pub fn set_user(&mut self, id: ServerId, user: U) {
        if let Some(entry) = self.table.get_mut(id.0) {
            entry.user = Some(user);
        }
    }

    pub fn respond(
        &mut self,
        now: Mono,
        id: ServerId,
        code: u16,
        response: Bytes,
        wheel: &mut Wheel<Timer>,
        out: &mut Vec<Transmit>,
    ) {
        let Some(entry) = self.table.get_mut(id.0) else { return };
        let (sends, keeps) = match &mut entry.machine {
            Machine::Invite(machine) => match machine.responding(now, code) {
                InviteStep::SendAndKeep => (true, true),
                InviteStep::Send => (true, false),
                _ => (false, false),
            },
            Machine::Other(machine) => {
                let sends = machine.responding(now, code) == Step::SendAndKeep;
                (sends, sends)
            }
        };
        if sends {
            entry.kept = match code {
                _ if !keeps => Kept::Nothing,
                0..=199 => Kept::Response(response.clone()),
                // A final response is kept for half a minute, and for so long not with the room that it was written in.
                _ => Kept::Response(Bytes::copy_from_slice(&response)),
            };
            out.push(Transmit { flow: entry.flow, bytes: response });
        }
        self.settle(id.0, wheel);
    }

    pub fn ignore(&mut self, id: ServerId) {
        self.remove(id.0);
    }

    pub fn flow(&self, id: ServerId) -> Option<Flow> {
        self.table.get(id.0).map(|entry| entry.flow)
    }

    /// The wheel rang.
    pub fn fired(
        &mut self,
        now: Mono,
        timer: Timer,
        wheel: &mut Wheel<Timer>,
        out: &mut Vec<Transmit>,
    ) -> Option<Expiry<U>> {
        let id = self.table.in_place(timer.slot, timer.nonce)?;
        let entry = self.table.get_mut(id)?;
        entry.alarm.rang(now);
        let mut was_never_acked = false;
        match &mut entry.machine {
            Machine::Invite(machine) => match machine.fired(now) {
                InviteStep::Trying => entry.send_trying(out),
                InviteStep::SendAgain => entry.send_kept(out),
                InviteStep::NoAck => was_never_acked = true,
                _ => {}
            },
            Machine::Other(machine) => {
                if machine.fired(now) == Step::Trying {
                    entry.send_trying(out);
                }
            }
        }
        let user = entry.user;
        self.settle(id, wheel);
        was_never_acked.then_some(Expiry::NoAck { id: ServerId(id), user })
    }

    pub fn closed(&mut self, flow: &Flow) {
        for entry in self.table.iter_mut().filter(|entry| entry.flow.is_connection(flow)) {
            let peer = SocketAddr::new(entry.flow.peer.ip(), entry.port);
            entry.flow = Flow { peer, connection: None, ..entry.flow };
        }
    }

    pub fn len(&self) -> usize {
        self.table.len()
    }

    fn acked(&mut self, now: Mono, key: Key, wheel: &mut Wheel<Timer>) -> Option<Event<U>> {
        let Some(&id) = self.by_key.get(&key) else { return Some(Event::Ack) };
        let entry = self.table.get_mut(id)?;
        let Machine::Invite(machine) = &mut entry.machine else { return None };
        match machine.acked(now) {
            // An ACK to a 2xx under the INVITE's own branch: from a peer of before RFC 3261 (RFC 6026 §6), or from one
            // that does not know better.
            InviteStep::Deliver => return Some(Event::Ack),
            InviteStep::Confirmed => entry.kept = Kept::Nothing,
            _ => {}
        }
        self.settle(id, wheel);
        None
    }

    fn repeated(&mut self, id: Handle, flow: Flow, out: &mut Vec<Transmit>) {
        let Some(entry) = self.table.get_mut(id) else { return };
        // A request comes again on a stream only because the connection that it came on is gone.
        if flow.transport.is_reliable() && entry.flow.transport == flow.transport {
            entry.flow = flow;
        }
        let sends = match &entry.machine {
            Machine::Invite(machine) => machine.repeated() == InviteStep::SendAgain,
            Machine::Other(machine) => machine.repeated() == Step::SendAgain,
        };
        if sends {
            entry.send_kept(out);
        }
    }

    fn insert(
        &mut self,
        now: Mono,
        flow: Flow,
        key: Key,
        (message, via): (&Message, Option<Via<'_>>),
        nonce: u64,
        wheel: &mut Wheel<Timer>,
    ) -> ServerId {
        let reliable = flow.transport.is_reliable();
        let machine = match message.method() {
            Some(Method::Invite) => Machine::Invite(InviteServer::received(now, reliable)),
            _ => Machine::Other(Server::received(now, reliable)),
        };
        let kept = Kept::Request(message.bytes().clone(), flow.peer);
        let port = via.and_then(|via| via.port).unwrap_or(5060);
        let flow = response_flow(flow, via, port);
        let entry = Entry { flow, port, key, user: None, alarm: Alarm::default(), machine, kept };
        let id = self.table.insert(nonce, entry);
        self.by_key.insert(key, id);
        self.settle(id, wheel);
        ServerId(id)
    }

    fn is_full_for(&self, method: Option<Method>) -> bool {
        let limit = match method {
            Some(Method::Invite | Method::Cancel | Method::Bye | Method::Prack | Method::Update) => LIMIT,
            _ => LIMIT_OF_THE_LESSER,
        };
        self.table.len() >= limit
    }

    /// After every step: an ended transaction leaves, any other has its next deadline in the wheel.
    fn settle(&mut self, id: Handle, wheel: &mut Wheel<Timer>) {
        let Some(entry) = self.table.get_mut(id) else { return };
        let (is_over, deadline) = match &entry.machine {
            Machine::Invite(machine) => (machine.is_over(), machine.deadline()),
            Machine::Other(machine) => (machine.is_over(), machine.deadline()),
        };
        if is_over {
            self.remove(id);
        } else {
            entry.alarm.set(wheel, Timer::server(id), deadline);
        }
    }

    fn remove(&mut self, id: Handle) {
        if let Some(entry) = self.table.remove(id) {
            self.by_key.remove(&entry.key);
        }
    }
}

impl<U> Entry<U> {
    fn send_kept(&self, out: &mut Vec<Transmit>) {
        if let Kept::Response(bytes) = &self.kept {
            out.push(Transmit { flow: self.flow, bytes: bytes.clone() });
        }
    }

    fn send_trying(&mut self, out: &mut Vec<Transmit>) {
        let Kept::Request(request, source) = &self.kept else { return };
        let Ok(request) = Message::read(request.clone()) else { return };
        let bytes = respond(BytesMut::with_capacity(512), &request, *source, 100, "", None, false).finish(None);
        self.kept = Kept::Response(bytes);
        self.send_kept(out);
    }
}

/// Where responses go. Over UDP: to the address that the request came from, at the port it came from if the peer asked
/// for that (RFC 3581 §4), else at the port of its Via (RFC 3261 §18.2.2); `maddr` is not followed, it would let a peer
/// aim our responses. On a stream: back on the connection.
fn response_flow(flow: Flow, via: Option<Via<'_>>, port: u16) -> Flow {
    match via {
        Some(via) if flow.transport == Transport::Udp && via.param("rport").is_none() => {
            Flow { peer: SocketAddr::new(flow.peer.ip(), port), ..flow }
        }
        _ => flow,
    }
}
