//! The four transaction machines of RFC 3261 §17 with RFC 6026, one a file, and the layer that keeps them.
//!
//! [`Layer`] stands between the reader and whoever has a use for requests and responses. It has no sockets, no clock
//! and no chance of its own: messages, time and entropy come in, messages and events go out.
mod alarm;
mod client;
mod clients;
mod hop;
mod invite_client;
mod invite_server;
mod matching;
mod server;
mod servers;
mod table;
mod timers;

use crate::base::entropy::Entropy;
use crate::base::id::{HANDLE_LEN, Handle};
use crate::base::now::{Mono, Now};
use crate::base::wheel::Wheel;
use crate::sip::flow::Flow;
use crate::sip::message::{Message, Start};
use alarm::Timer;
use arrayvec::ArrayString;
use bytes::Bytes;
use clients::Clients;
use core::fmt;
use servers::Servers;

pub use servers::{LIMIT, LIMIT_OF_THE_LESSER};
pub use timers::{PATIENCE, T1, T2, T4};

/// What every branch since RFC 3261 begins with (§8.1.1.7).
const BRANCH_COOKIE: &str = "z9hG4bK";
/// The written length of a branch of ours.
pub const BRANCH_LEN: usize = BRANCH_COOKIE.len() + HANDLE_LEN;

/// Bytes to be sent, and where. `Debug` leaves the bytes out.
#[derive(Clone, PartialEq, Eq)]
pub struct Transmit {
    /// The path.
    pub flow: Flow,
    /// One whole message.
    pub bytes: Bytes,
}

impl fmt::Debug for Transmit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Transmit({:?}, {} bytes)", self.flow, self.bytes.len())
    }
}

/// Names a client transaction of ours. The branch carries it, so that a response finds its transaction without a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientId(Handle);

impl ClientId {
    /// The branch for the top Via of the request (RFC 3261 §8.1.1.7).
    pub fn branch(self) -> ArrayString<BRANCH_LEN> {
        let mut out = ArrayString::new();
        out.push_str(BRANCH_COOKIE);
        out.push_str(&self.0.text());
        out
    }
}

/// Names a server transaction: a request that came and that is to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ServerId(Handle);

/// What a message is that came. `U` is what the layer's user wants back.
#[derive(Clone, Copy, Debug)]
pub enum Event<U> {
    /// A new request, neither ACK nor CANCEL, that wants a [`Layer::respond`].
    Request {
        /// Answer this.
        id: ServerId,
    },
    /// An ACK that belongs to no failed INVITE: the ACK to a 2xx.
    Ack,
    /// A CANCEL, to be answered with 200, or with 481 if it names nothing.
    Cancel {
        /// Answer this.
        id: ServerId,
        /// The INVITE that it names, live or answered, and the user's value if one is set.
        invite: Option<(ServerId, Option<U>)>,
    },
    /// A response to a request of ours. Each copy of a 2xx to an INVITE comes (RFC 6026 §7.2), of other finals the first.
    Response {
        /// The request.
        id: ClientId,
        /// The user's value.
        user: U,
    },
    /// A response that matches nothing. It is dropped; this is for counting.
    Stray,
}

/// What a timer ends. `U` is what the layer's user wants back.
#[derive(Clone, Copy, Debug)]
pub enum Expiry<U> {
    /// No final response in time: timer B or F, or 64·T1 after a CANCEL (RFC 3261 §9.1). The transaction is gone.
    Timeout {
        /// The request.
        id: ClientId,
        /// The user's value.
        user: U,
    },
    /// A refusal of an INVITE was never ACKed (timer H). The transaction is gone.
    NoAck {
        /// The INVITE.
        id: ServerId,
        /// The user's value, if one is set.
        user: Option<U>,
    },
}

/// All transactions of one shard. `U` is what the user of the layer wants back with an event.
pub struct Layer<U: Copy> {
    clients: Clients<U>,
    servers: Servers<U>,
    wheel: Wheel<Timer>,
    copies: u64,
}

impl<U: Copy> Layer<U> {
    /// A layer without transactions.
    pub fn new(shard: u8) -> Self {
        Self { clients: Clients::new(shard), servers: Servers::new(shard), wheel: Wheel::new(), copies: 0 }
    }

    /// Takes a message that came on `flow`. `None`: it is dealt with (a retransmission that was answered again, an ACK
    /// to a refusal).
    pub fn receive(
        &mut self,
        now: Now,
        flow: Flow,
        message: &Message,
        entropy: &mut Entropy,
        out: &mut Vec<Transmit>,
    ) -> Option<Event<U>> {
        let sent = out.len();
        let event = match message.start() {
            Start::Request(_) => self.servers.received(now.mono, flow, message, entropy, &mut self.wheel, out),
            Start::Response(_) => self.clients.answered(now.mono, flow, message, &mut self.wheel, out),
        };
        if event.is_none() {
            self.copies += (out.len() - sent) as u64;
        }
        event
    }

    /// Reserves a client transaction, so that its branch can be written into the request.
    pub fn reserve(&mut self, user: U, entropy: &mut Entropy) -> ClientId {
        self.clients.reserve(user, entropy.bits())
    }

    /// A branch for the ACK to a 2xx: a transaction of its own that nobody answers, and of which nothing is kept (RFC 3261
    /// §13.2.2.4).
    pub fn branch_of_ack(&self, entropy: &mut Entropy) -> ArrayString<BRANCH_LEN> {
        ClientId(self.clients.nowhere(entropy.bits())).branch()
    }

    /// Sends a request on a reserved transaction. The method is read from the bytes; it is never ACK or CANCEL. On a
    /// stream that is still to be opened (`connection` is `None`) the flow's number is learnt from the first response.
    pub fn start(&mut self, now: Now, id: ClientId, flow: Flow, request: Bytes, out: &mut Vec<Transmit>) {
        self.clients.start(now.mono, id, flow, request, &mut self.wheel, out);
    }

    /// Gives up a client transaction: nothing more is sent and nothing more is reported, also no ACK to copies of a
    /// refusal.
    pub fn forget(&mut self, id: ClientId) {
        self.clients.forget(id);
    }

    /// CANCELs an INVITE (RFC 3261 §9.1): at once if a provisional response came, else with the first one; until then
    /// the INVITE is not retransmitted any more, and asking again changes the reason. `reason` is the value of a Reason
    /// header (RFC 3326). The responses to the CANCEL are absorbed here.
    pub fn cancel(&mut self, now: Now, id: ClientId, reason: Option<&str>, out: &mut Vec<Transmit>) {
        self.clients.cancel(now.mono, id, reason, &mut self.wheel, out);
    }

    /// Stops retransmitting an INVITE that nobody answered yet, without a CANCEL. A later answer is still reported.
    pub fn quiet(&mut self, id: ClientId) {
        self.clients.quiet(id);
    }

    /// Retransmits an INVITE again that was made [quiet](Layer::quiet) and that nobody answered yet.
    pub fn loud(&mut self, now: Now, id: ClientId) {
        self.clients.loud(now.mono, id, &mut self.wheel);
    }

    /// Whether a provisional response to an INVITE came and no final one yet, so that a CANCEL would leave at once.
    pub fn has_provisional(&self, id: ClientId) -> bool {
        self.clients.has_provisional(id)
    }

    /// Sets what comes back with events about a server transaction.
    pub fn set_user(&mut self, id: ServerId, user: U) {
        self.servers.set_user(id, user);
    }

    /// Sends a response. Provisional ones may repeat; a final one is kept for retransmissions as long as the machine
    /// needs it. A 2xx to an INVITE is sent each time it is given; repeating it is for the user (RFC 6026 §7.1). What
    /// may not be sent is not: a second final response, and to other requests than INVITE a 408 or any provisional but
    /// a late 100 (RFC 4320). An INVITE that waits for 200 ms gets a 100 without being told.
    pub fn respond(&mut self, now: Now, id: ServerId, code: u16, response: Bytes, out: &mut Vec<Transmit>) {
        self.servers.respond(now.mono, id, code, response, &mut self.wheel, out);
    }

    /// Keeps a request in mind no longer: for one that is left unanswered for good, or, right after
    /// [`Layer::respond`], for one whose sender is owed neither memory nor repetition. A copy of it is a new request.
    pub fn ignore(&mut self, id: ServerId) {
        self.servers.ignore(id);
    }

    /// Where responses of a server transaction go (RFC 3261 §18.2.2, RFC 3581 §4).
    pub fn server_flow(&self, id: ServerId) -> Option<Flow> {
        self.servers.flow(id)
    }

    /// Where the request went that a response names; `None` when it names none of ours.
    pub fn asked(&self, response: &Message) -> Option<Flow> {
        self.clients.asked(response)
    }

    /// The user's value of a request of ours that has this branch.
    pub fn user_of(&self, branch: &[u8]) -> Option<U> {
        self.clients.user_of(branch)
    }

    /// Where a client transaction sent its request.
    pub fn client_flow(&self, id: ClientId) -> Option<Flow> {
        self.clients.flow(id)
    }

    /// When to call [`Layer::fire`] next.
    pub fn next_deadline(&self) -> Option<Mono> {
        self.wheel.next_deadline()
    }

    /// Lets timers fire whose moment has come. To be called until there is no event.
    pub fn fire(&mut self, now: Now, out: &mut Vec<Transmit>) -> Option<Expiry<U>> {
        while let Some(timer) = self.wheel.pop_due(now.mono) {
            let sent = out.len();
            let event = if timer.is_client {
                self.clients.fired(now.mono, timer, &mut self.wheel, out)
            } else {
                self.servers.fired(now.mono, timer, &mut self.wheel, out)
            };
            self.copies += (out.len() - sent) as u64;
            if event.is_some() {
                return event;
            }
        }
        None
    }

    /// How many messages were sent because a timer ran out or a copy came.
    pub const fn copies(&self) -> u64 {
        self.copies
    }

    /// The client transactions that wait for an answer from this flow's peer, for when the transport says that what was
    /// sent there did not arrive. They stay until they are answered, forgotten or timed out.
    pub fn waiting_on(&self, flow: &Flow) -> Vec<(ClientId, U)> {
        self.clients.waiting_on(flow)
    }

    /// A connection is gone, after [`Layer::waiting_on`] was asked about it. What is still to be sent goes on a new one:
    /// requests to the same address, responses to the port that the peer's Via names (RFC 3261 §18.2.2).
    pub fn closed(&mut self, flow: &Flow) {
        self.clients.closed(flow);
        self.servers.closed(flow);
    }

    /// How many transactions there are.
    pub fn len(&self) -> usize {
        self.clients.len() + self.servers.len()
    }

    /// Whether there is no transaction.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
