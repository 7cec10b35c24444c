//! The four transaction machines of RFC 3261 §17 with RFC 6026, one a file, and the layer that keeps them.
use crate::base::entropy::Entropy;
use crate::base::id::{HANDLE_LEN, Handle};
use crate::base::now::{Mono, Now};
use crate::sip::flow::Flow;
use crate::sip::message::Message;
use arrayvec::ArrayString;
use bytes::Bytes;

/// The written length of a branch of ours.
pub const BRANCH_LEN: usize = 7 + HANDLE_LEN;

/// Bytes to be sent, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// The path.
    pub flow: Flow,
    /// One whole message.
    pub bytes: Bytes,
}

/// Names a client transaction of ours. The branch carries it, so that a response finds its transaction without a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientId(Handle);

impl ClientId {
    /// The branch for the top Via of the request (RFC 3261 §8.1.1.7).
    pub fn branch(self) -> ArrayString<BRANCH_LEN> {
        let mut out = ArrayString::new();
        out.push_str("z9hG4bK");
        out.push_str(&self.0.text());
        out
    }
}

/// Names a server transaction: a request that came and that is to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ServerId(Handle);

/// What the layer reports. `U` is what its user wants back with an event.
#[derive(Clone, Debug)]
pub enum Event<U> {
    /// A new request, neither ACK nor CANCEL, that wants a [`Layer::respond`].
    Request {
        /// Answer this.
        id: ServerId,
        /// Where the request came from.
        flow: Flow,
        /// The request.
        message: Message,
    },
    /// An ACK that belongs to no failed INVITE: the ACK to a 2xx.
    Ack {
        /// Where it came from.
        flow: Flow,
        /// The ACK.
        message: Message,
    },
    /// A CANCEL, to be answered with 200, or with 481 if it names nothing.
    Cancel {
        /// Answer this.
        id: ServerId,
        /// Where it came from.
        flow: Flow,
        /// The CANCEL.
        message: Message,
        /// The INVITE that it names, live or answered, and the user's value if one is set.
        invite: Option<(ServerId, Option<U>)>,
    },
    /// A response to a request of ours. Each copy of a 2xx to an INVITE comes (RFC 6026 §7.2), of other finals the first.
    Response {
        /// The request.
        id: ClientId,
        /// The user's value.
        user: U,
        /// The response.
        message: Message,
    },
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
    /// A response that matches nothing. It is dropped; this is for counting.
    Stray {
        /// Where it came from.
        flow: Flow,
    },
}

/// All transactions of one shard. `U` is what the user of the layer wants back with an event.
#[derive(Debug)]
pub struct Layer<U: Copy> {
    shard: u8,
    user: core::marker::PhantomData<U>,
}

impl<U: Copy> Layer<U> {
    /// A layer without transactions.
    pub fn new(shard: u8) -> Self {
        Self { shard, user: core::marker::PhantomData }
    }

    /// Takes a message that came on `flow`. `None`: it is dealt with (a retransmission that was answered again, an ACK
    /// to a refusal).
    pub fn receive(
        &mut self,
        now: Now,
        flow: Flow,
        message: Message,
        entropy: &mut Entropy,
        out: &mut Vec<Transmit>,
    ) -> Option<Event<U>> {
        let _ = (now, flow, message, entropy, out, self.shard);
        todo!()
    }

    /// Reserves a client transaction, so that its branch can be written into the request.
    pub fn reserve(&mut self, user: U, entropy: &mut Entropy) -> ClientId {
        let _ = (user, entropy);
        todo!()
    }

    /// Sends a request on a reserved transaction. The method is read from the bytes; it is never ACK or CANCEL.
    pub fn start(&mut self, now: Now, id: ClientId, flow: Flow, request: Bytes, out: &mut Vec<Transmit>) {
        let _ = (now, id, flow, request, out);
        todo!()
    }

    /// Gives up a client transaction: nothing more is sent and nothing more is reported.
    pub fn forget(&mut self, id: ClientId) {
        let _ = id;
        todo!()
    }

    /// CANCELs an INVITE (RFC 3261 §9.1): at once if a provisional response came, else with the first one; until then
    /// the INVITE is not retransmitted any more. `reason` is the value of a Reason header (RFC 3326). The responses to
    /// the CANCEL are absorbed here.
    pub fn cancel(&mut self, now: Now, id: ClientId, reason: Option<&str>, out: &mut Vec<Transmit>) {
        let _ = (now, id, reason, out);
        todo!()
    }

    /// Stops retransmitting an INVITE that nobody answered yet, without a CANCEL. A later answer is still reported.
    pub fn quiet(&mut self, id: ClientId) {
        let _ = id;
        todo!()
    }

    /// Whether a provisional response came, so that a CANCEL would leave at once.
    pub fn has_provisional(&self, id: ClientId) -> bool {
        let _ = id;
        todo!()
    }

    /// Sets what comes back with events about a server transaction.
    pub fn set_user(&mut self, id: ServerId, user: U) {
        let _ = (id, user);
        todo!()
    }

    /// Sends a response. Provisional ones may repeat; a final one is kept for retransmissions as long as the machine
    /// needs it. A 2xx to an INVITE is sent each time it is given; repeating it is for the user (RFC 6026 §7.1).
    pub fn respond(&mut self, now: Now, id: ServerId, code: u16, response: Bytes, out: &mut Vec<Transmit>) {
        let _ = (now, id, code, response, out);
        todo!()
    }

    /// Leaves a request unanswered for good.
    pub fn ignore(&mut self, id: ServerId) {
        let _ = id;
        todo!()
    }

    /// Where responses of a server transaction go (RFC 3261 §18.2.2, RFC 3581 §4).
    pub fn server_flow(&self, id: ServerId) -> Option<Flow> {
        let _ = id;
        todo!()
    }

    /// When to call [`Layer::fire`] next.
    pub fn next_deadline(&self) -> Option<Mono> {
        todo!()
    }

    /// Lets timers fire whose moment has come. To be called until there is no event.
    pub fn fire(&mut self, now: Now, out: &mut Vec<Transmit>) -> Option<Event<U>> {
        let _ = (now, out);
        todo!()
    }

    /// The client transactions that wait for an answer from this flow's peer, for when the transport says that what was
    /// sent there did not arrive. They stay until they are answered, forgotten or timed out.
    pub fn waiting_on(&self, flow: &Flow) -> Vec<(ClientId, U)> {
        let _ = flow;
        todo!()
    }

    /// How many transactions there are.
    pub fn len(&self) -> usize {
        todo!()
    }

    /// Whether there is no transaction.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
