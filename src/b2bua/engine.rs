//! The engine's door: one input at a time, then what came of it.
mod arrival;
mod inbound;
mod sources;
mod takeovers;
mod waiting;

use super::call::{Call, Owner, Side, Stage};
use super::core::{Core, Setup, Wake};
use super::departed::Departed;
use super::foreign::Foreign;
use super::midcall::{self, InDialog, relay};
use super::prober::Prober;
use super::reliable::{self, Reliable};
use super::ring;
use super::table::Table;
use super::voice::{News, Order};
use super::{ask, bridge, early, hangup, ivr, mend, onward, strangers, takeover, turn, watch, window};
use crate::account::Account;
use crate::base::entropy::Entropy;
use crate::base::id::Handle;
use crate::base::now::{Mono, Now, earlier};
use crate::cache::leases::Change;
use crate::cache::{Cache, Snapshot, Who};
use crate::fact::{Attempted, Fact};
use crate::sip::dialog::Dialog;
use crate::sip::flow::{Flow, Transport};
use crate::sip::message::{Message, Method, Unreadable};
use crate::sip::transaction::{ClientId, Event, Expiry, ServerId, Transmit};
use bytes::Bytes;
use core::fmt;
use core::net::SocketAddr;
use core::time::Duration;
use hashbrown::HashMap;
use std::sync::Arc;

/// What comes in.
pub enum Input {
    /// A datagram, or a message cut out of a stream.
    Received {
        /// Where it came from.
        flow: Flow,
        /// The bytes.
        bytes: Bytes,
    },
    /// What was sent to this peer did not arrive: ICMP, a refused or broken connection.
    Unreachable(Flow),
    /// A stream of ours to this peer is open.
    StreamOpen(SocketAddr),
    /// A stream is gone.
    StreamClosed(Flow),
    /// The test IVR's voice has news of a call.
    Voice(Handle, News),
    /// What came of an order to fetch a location.
    Fetched(ask::Answer),
    /// The cache's snapshot was replaced.
    Configured,
    /// New calls are refused from now on; those in progress go on.
    Drain,
}

/// Shows what came and how much of it: messages are private.
impl fmt::Debug for Input {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Input::Received { flow, bytes } => write!(out, "Received({flow:?}, {} bytes)", bytes.len()),
            Input::Unreachable(flow) => write!(out, "Unreachable({flow:?})"),
            Input::StreamOpen(peer) => write!(out, "StreamOpen({peer})"),
            Input::StreamClosed(flow) => write!(out, "StreamClosed({flow:?})"),
            Input::Voice(_, news) => write!(out, "Voice({news:?})"),
            Input::Fetched(answer) => write!(out, "Fetched({})", answer.found.is_ok()),
            Input::Configured => out.write_str("Configured"),
            Input::Drain => out.write_str("Drain"),
        }
    }
}

/// The shortest time between two looks at a call's deadlines.
const LEAST_PAUSE: Duration = Duration::from_millis(1);

/// One engine with all its calls.
pub struct Engine {
    core: Core,
    calls: Table,
    prober: Prober,
    /// Live INVITEs by caller, Call-ID and CSeq, to tell merged copies (RFC 3261 §8.2.2.2).
    merged: HashMap<u64, Handle, foldhash::fast::RandomState>,
    foreign: Foreign,
    departed: Departed,
}

impl Engine {
    /// An engine without calls. `clock` times the steps of a decision and nothing else.
    pub fn new(setup: Setup, cache: Arc<Cache>, entropy: Entropy, clock: Box<dyn Fn() -> Mono + Send>) -> Engine {
        Engine {
            core: Core::new(setup, cache, entropy, clock),
            calls: Table::default(),
            prober: Prober::default(),
            merged: HashMap::default(),
            foreign: Foreign::default(),
            departed: Departed::default(),
        }
    }

    /// Takes one input.
    pub fn handle(&mut self, now: Now, input: Input) {
        match input {
            Input::Received { flow, bytes } => self.received(now, flow, bytes),
            Input::Unreachable(flow) => self.unreachable(now, flow),
            Input::StreamOpen(peer) => {
                self.core.streams.insert(peer);
            }
            Input::StreamClosed(flow) => self.closed(now, flow),
            Input::Voice(key, news) => self.with_call(key, now, |core, call| ivr::heard(core, call, news, now)),
            Input::Fetched(answer) => self.fetched(now, answer),
            Input::Configured => {
                self.prober.configure(&mut self.core, now);
                window::configure(&mut self.core, now);
            }
            Input::Drain => self.core.draining = true,
        }
    }

    /// When [`Engine::on_time`] is due.
    pub fn poll_timeout(&self) -> Option<Mono> {
        earlier(self.core.layer.next_deadline(), self.core.wheel.next_deadline())
    }

    /// Does what is due.
    pub fn on_time(&mut self, now: Now) {
        while let Some(expiry) = self.core.layer.fire(now, &mut self.core.transmits) {
            if let Expiry::Timeout { id, user } = expiry {
                self.timeout(now, id, user);
            }
        }
        while let Some(wake) = self.core.wheel.pop_due(now.mono) {
            match wake {
                Wake::Windows => window::on_time(&mut self.core, now),
                Wake::Probe(place) => self.prober.on_time(&mut self.core, place, now),
                Wake::Call(key) => self.woken(key, now),
            }
        }
    }

    /// The wheel rang for a call. Most of its deadlines have moved away by then: a target that was to be late has rung, an
    /// answer was acknowledged.
    fn woken(&mut self, key: Handle, now: Now) {
        let Some(mut call) = self.calls.take(key) else { return };
        call.scheduled = call.scheduled.filter(|known| *known > now.mono);
        if call.deadline().is_none_or(|deadline| deadline > now.mono) {
            return self.keep(call, now);
        }
        let core = &mut self.core;
        ask::on_time(core, &mut call, now);
        ring::on_time(core, &mut call, now);
        ivr::on_time(core, &mut call, now);
        bridge::on_time(core, &mut call, now);
        reliable::on_time(core, &mut call, now);
        mend::on_time(core, &mut call, now);
        watch::on_time(core, &mut call, now);
        relay::on_time(core, &mut call, now);
        takeover::on_time(core, &mut call, now);
        onward::on_time(core, &mut call, now);
        self.after(now, call);
    }

    /// The next message to send.
    pub fn drain_transmits(&mut self) -> std::vec::Drain<'_, Transmit> {
        self.core.transmits.drain(..)
    }

    /// What happened.
    pub fn drain_facts(&mut self) -> std::vec::Drain<'_, Fact> {
        self.core.facts.drain(..)
    }

    /// What is known of emergency and test calls, for those who are told: of each call before its first fact is drained.
    pub fn drain_accounts(&mut self) -> std::vec::Drain<'_, Account> {
        self.core.accounts.drain(..)
    }

    /// Which locations are to be fetched.
    pub fn drain_asked(&mut self) -> std::vec::Drain<'_, ask::Order> {
        self.core.asked.drain(..)
    }

    /// What must be found again after a crash.
    pub fn drain_changes(&mut self) -> std::vec::Drain<'_, Change> {
        self.core.changes.drain(..)
    }

    /// What the test IVR's voice is to do.
    pub fn drain_orders(&mut self) -> std::vec::Drain<'_, Order> {
        self.core.orders.drain(..)
    }

    /// How many calls are in progress.
    pub fn active_calls(&self) -> usize {
        self.calls.len()
    }

    /// How many callers wait or talk; calls of which only a target is still to be let go are not among them.
    pub fn callers(&self) -> usize {
        self.calls.iter().filter(|call| call.stage != Stage::Clearing).count()
    }

    /// How many messages were sent again.
    pub fn copies(&self) -> u64 {
        self.core.layer.copies() + self.core.copies
    }

    /// How many transactions are kept.
    pub fn transactions(&self) -> usize {
        self.core.layer.len()
    }

    fn received(&mut self, now: Now, flow: Flow, bytes: Bytes) {
        let message = match Message::read_head(bytes) {
            Ok(message) => message,
            Err(Unreadable::Empty) => return,
            Err(fault) => return self.core.facts.push(Fact::Unreadable { fault: strangers::word(fault) }),
        };
        match message.fault() {
            None => {}
            // A request that is cut short is still a request: one without the end of its head is refused, and an
            // emergency call is taken with what is there of its body.
            Some(Unreadable::Body | Unreadable::Head) if message.method().is_some() => {}
            Some(fault) => return self.core.facts.push(Fact::Unreadable { fault: strangers::word(fault) }),
        }
        if message.method().is_some() && !strangers::is_usable(&message) {
            let is_stranger = self.who(&self.core.cache.snapshot.load(), flow, &message) == Who::Unknown;
            return strangers::refuse_unusable(&mut self.core, flow, &message, is_stranger);
        }
        if message.method().is_none() && !self.may_answer(flow, &message) {
            return;
        }
        let Core { layer, entropy, transmits, .. } = &mut self.core;
        if let Some(event) = layer.receive(now, flow, &message, entropy, transmits) {
            self.event(now, flow, &message, event);
        }
    }

    fn event(&mut self, now: Now, flow: Flow, message: &Message, event: Event<Owner>) {
        match event {
            Event::Request { id } => self.request(now, id, flow, message),
            Event::Ack => {
                if let Some((mut call, side)) = self.dialog_of(message, flow) {
                    bridge::acked(&mut self.core, &mut call, side, message, now);
                    self.after(now, call);
                }
            }
            Event::Cancel { id, invite } => self.cancel(now, id, flow, message, invite),
            Event::Response { id, user } => self.response(now, id, user, message),
            Event::Stray => {}
        }
    }

    fn request(&mut self, now: Now, id: ServerId, flow: Flow, message: &Message) {
        let method = message.method().unwrap_or(Method::Other);
        if message.to_tag().is_some() {
            if let Some((mut call, side)) = self.dialog_of(message, flow) {
                call.heard_at = now.mono;
                let asked = InDialog { side, method, id, request: message, flow };
                midcall::request(&mut self.core, &mut call, asked, now);
                return self.after(now, call);
            }
            if self.early_request(now, id, flow, message) {
                return;
            }
            if method == Method::Bye && (self.former_leaves(now, message) || self.has_departed(message, now)) {
                return self.core.refuse(now, id, message, flow, 200);
            }
            // An INVITE with a tag that we never gave may still be an emergency call; ours name a dialog that is over.
            if method != Method::Invite || message.to_tag().and_then(Handle::read).is_some() {
                return self.refuse_unless_stranger(now, id, flow, message, 481);
            }
        }
        let snapshot = self.core.cache.snapshot.load_full();
        let who = self.who(&snapshot, flow, message);
        if method == Method::Invite {
            self.invite(now, id, flow, message, &snapshot, who);
        } else {
            strangers::answer(&mut self.core, now, id, flow, message, &snapshot, who);
        }
    }

    /// Whether a request names a dialog that is over since a short while: its BYE crossed ours (RFC 3261 §15.1.2).
    fn has_departed(&self, request: &Message, now: Now) -> bool {
        let [call_id, ours, theirs] =
            [request.call_id(), request.to_tag(), request.from_tag()].map(Option::unwrap_or_default);
        self.departed.knows(call_id, ours, theirs, now)
    }

    /// Whether a BYE is of one who had a call before the one who has it now, or of one who was about to have it.
    fn former_leaves(&mut self, now: Now, bye: &Message) -> bool {
        let Some(handle) = bye.to_tag().and_then(Handle::read) else { return false };
        let Some(call) = self.calls.at(handle.slot) else { return false };
        let (key, was, waits) = (call.key, takeover::is_former(call, bye), takeover::is_waiting(call, bye));
        if was {
            self.with_call(key, now, |_, call| takeover::former_left(call));
        } else if waits {
            self.with_call(key, now, |core, call| takeover::waiting_left(core, call, now));
        }
        was || waits
    }

    fn who(&self, snapshot: &Snapshot, flow: Flow, message: &Message) -> Who {
        let via_port = match flow.transport {
            Transport::Udp => None,
            Transport::Tcp => message.via().and_then(|via| via.port),
        };
        self.core.cache.who(snapshot, flow.peer, via_port)
    }

    /// Refuses a request that belongs to nothing; strangers hear nothing, but for 403 to an INVITE (rulings 22).
    fn refuse_unless_stranger(&mut self, now: Now, id: ServerId, flow: Flow, request: &Message, code: u16) {
        let is_stranger = self.who(&self.core.cache.snapshot.load(), flow, request) == Who::Unknown;
        if !is_stranger {
            return self.core.refuse(now, id, request, flow, code);
        }
        let refused = request.method() == Some(Method::Invite);
        self.core.facts.push(Fact::UnknownSource { refused });
        if refused {
            self.core.refuse(now, id, request, flow, 403);
        } else {
            self.core.layer.ignore(id);
        }
    }

    /// A request in the early dialog of a target; `false` when it is in none.
    fn early_request(&mut self, now: Now, id: ServerId, flow: Flow, request: &Message) -> bool {
        let tag = request.to_tag().unwrap_or_default();
        let Some(handle) = Handle::read(tag) else { return false };
        let Some(mut call) = self.calls.take_at(handle.slot) else { return false };
        let attempt = call.ring.as_deref_mut().and_then(|ring| ring.attempt_of(handle.nonce));
        let attempt = attempt.filter(|attempt| {
            let trunk = Some(&*attempt.trunk.name);
            attempt.early.iter().any(|early| self.is_party(&early.dialog, trunk, flow.peer))
        });
        let core = &mut self.core;
        let answered = attempt.is_some_and(|attempt| midcall::early::request(core, attempt, id, request, flow, now));
        self.calls.put_back(call);
        answered
    }

    fn cancel(
        &mut self,
        now: Now,
        id: ServerId,
        flow: Flow,
        cancel: &Message,
        invite: Option<(ServerId, Option<Owner>)>,
    ) {
        let Some((_, owner)) = invite else {
            return self.refuse_unless_stranger(now, id, flow, cancel, 481);
        };
        match owner {
            Some(Owner::Call(key)) => {
                let Some(mut call) = self.calls.take(key) else {
                    return self.core.refuse(now, id, cancel, flow, 200);
                };
                let inviter = call.inviter();
                if !self.speaks_for(&call, inviter, flow.peer) {
                    self.core.facts.push(Fact::FromElsewhere { what: "request", taken: false });
                    self.calls.put_back(call);
                    return self.refuse_unless_stranger(now, id, flow, cancel, 481);
                }
                // The same To tag in the answers to CANCEL and INVITE (RFC 3261 §9.2).
                let tag = call.side(inviter).map(|leg| leg.dialog.local_tag().to_vec()).unwrap_or_default();
                self.core.answer_tagged(now, id, cancel, flow, 200, &tag);
                hangup::cancelled(&mut self.core, &mut call, cancel, now);
                self.after(now, call);
            }
            Some(Owner::Relayed(key)) => {
                self.core.refuse(now, id, cancel, flow, 200);
                let server = invite.map(|(server, _)| server);
                self.with_call(key, now, |core, call| relay::cancelled(core, call, server, now));
            }
            _ => self.core.refuse(now, id, cancel, flow, 200),
        }
    }

    fn response(&mut self, now: Now, id: ClientId, owner: Owner, response: &Message) {
        match owner {
            Owner::Attempt(key, round, number) => match (self.calls.take(key), self.core.layer.client_flow(id)) {
                (Some(mut call), flow) => {
                    if call.round == round {
                        ring::heard(&mut self.core, &mut call, number, response, now);
                    } else {
                        bridge::late_answer(&mut self.core, &mut call, flow, response, now);
                    }
                    self.after(now, call);
                }
                (None, Some(flow)) if self.departed.lets_go(key, response.to_tag().unwrap_or_default(), now) => {
                    hangup::release_stranger(&mut self.core, key, flow, response, now);
                }
                (None, _) => {}
            },
            Owner::Relayed(key) => {
                self.with_call(key, now, |core, call| {
                    call.heard_at = now.mono;
                    relay::answered(core, call, id, response, now);
                });
            }
            Owner::Watch(key, side) => {
                self.with_call(key, now, |core, call| {
                    call.heard_at = now.mono;
                    watch::answered(core, call, side, id, response, now);
                });
            }
            Owner::Mend(key, side) => {
                self.with_call(key, now, |core, call| {
                    call.heard_at = now.mono;
                    mend::answered(core, call, side, id, response, now);
                });
            }
            Owner::Probe(handle) => self.prober.answered(&mut self.core, handle, id, response, now),
            Owner::Own(_) | Owner::Call(_) => {}
        }
    }

    fn timeout(&mut self, now: Now, id: ClientId, owner: Owner) {
        match owner {
            Owner::Attempt(key, round, number) => self.with_call(key, now, |core, call| {
                if call.round == round {
                    ring::silent(core, call, number, Attempted::Silent, now);
                }
            }),
            Owner::Relayed(key) => self.with_call(key, now, |core, call| relay::unanswered(core, call, id, now)),
            Owner::Probe(handle) => self.prober.failed(&mut self.core, handle, id, now),
            Owner::Watch(key, side) => {
                self.with_call(key, now, |core, call| watch::unanswered(core, call, side, id, now));
            }
            Owner::Mend(key, side) => {
                self.with_call(key, now, |core, call| mend::unanswered(core, call, side, id, now));
            }
            Owner::Own(_) | Owner::Call(_) => {}
        }
    }

    fn unreachable(&mut self, now: Now, flow: Flow) {
        if flow.transport.is_reliable() {
            self.core.streams.remove(&flow.peer);
        }
        for (id, owner) in self.core.layer.waiting_on(&flow) {
            match owner {
                Owner::Attempt(key, round, number) => self.with_call(key, now, |core, call| {
                    if call.round == round {
                        ring::unreachable(core, call, number, flow, now);
                    }
                }),
                Owner::Probe(handle) => self.prober.failed(&mut self.core, handle, id, now),
                Owner::Relayed(_) | Owner::Own(_) | Owner::Watch(..) | Owner::Mend(..) | Owner::Call(_) => {}
            }
        }
    }

    /// What was on a stream that is gone goes on without it: responses on a new one, requests in dialogs to the peer's
    /// Contact. No call ends because of it (rulings 18).
    fn closed(&mut self, now: Now, flow: Flow) {
        self.core.streams.remove(&flow.peer);
        self.core.layer.closed(&flow);
        let on_it = |call: &&Call| call.legs().any(|leg| leg.dialog.flow == flow);
        let keys: Vec<_> = self.calls.iter().filter(on_it).map(|call| call.key).collect();
        for key in keys {
            self.with_call(key, now, |core, call| watch::stream_gone(core, call, flow, now));
        }
    }

    /// The call and side whose dialog a message names: our tag leads to the place, the rest must fit, and it must come
    /// from where that side may speak.
    fn dialog_of(&mut self, message: &Message, flow: Flow) -> Option<(Box<Call>, Side)> {
        let ours = message.to_tag()?;
        let (call_id, theirs) = (message.call_id().unwrap_or_default(), message.from_tag().unwrap_or_default());
        let handle = self.foreign.handle_of([call_id, ours, theirs])?;
        let mut call = self.calls.take_at(handle.slot)?;
        let fits = |dialog: &Dialog| dialog.is_between(call_id, ours, theirs);
        let current = call.caller.nonce == handle.nonce && fits(&call.caller.dialog);
        let may_resume = || self.is_party(&call.caller.dialog, Some(&call.source), flow.peer);
        let side = if current || (may_resume() && early::resume(&mut call, handle.nonce, fits)) {
            Some(Side::Caller)
        } else {
            let answerer = call.answerer.as_ref().filter(|leg| leg.nonce == handle.nonce && fits(&leg.dialog));
            answerer.map(|_| Side::Answerer)
        };
        if side.is_some_and(|side| !self.speaks_for(&call, side, flow.peer)) {
            self.core.facts.push(Fact::FromElsewhere { what: "request", taken: false });
            self.calls.put_back(call);
            return None;
        }
        match side {
            Some(side) => {
                if let Some(leg) = call.leg(side) {
                    leg.dialog.hear(message);
                }
                call.introduce();
                Some((call, side))
            }
            None => {
                self.calls.put_back(call);
                None
            }
        }
    }

    fn with_call(&mut self, key: Handle, now: Now, work: impl FnOnce(&mut Core, &mut Call)) {
        if let Some(mut call) = self.calls.take(key) {
            work(&mut self.core, &mut call);
            self.after(now, call);
        }
    }

    /// What was fetched is for all calls that wanted it.
    fn fetched(&mut self, now: Now, answer: ask::Answer) {
        let (calls, found) = self.core.asks.take(answer, now);
        for key in calls {
            self.with_call(key, now, |core, call| ask::heard(core, call, &found, now));
        }
    }

    /// Ends a step of a call: what follows from it is done, and the call is kept or forgotten.
    fn after(&mut self, now: Now, mut call: Box<Call>) {
        ask::bring(&mut self.core, &mut call, now);
        turn::on_settled(&mut self.core, &mut call, now);
        let holds_answer = call.reliable.as_deref().is_some_and(Reliable::holds_answer);
        if call.stage == Stage::Talking && !holds_answer && !call.is_seeking() {
            call.settle();
        }
        if call.stage == Stage::Clearing && self.merged.get(&call.merge_key) == Some(&call.key) {
            self.merged.remove(&call.merge_key);
        }
        if call.is_over() {
            call.legs().for_each(|leg| self.foreign.leave(&leg.dialog));
            self.departed.enter(&call, now);
            return self.calls.remove(&call);
        }
        self.keep(call, now);
    }

    /// Puts a call back, with its next deadline known to the wheel.
    fn keep(&mut self, mut call: Box<Call>, now: Now) {
        // What is past was looked at in this step; should anyone leave it so, the others have their turn first.
        let next = call.deadline().map(|deadline| deadline.max(now.mono + LEAST_PAUSE));
        if let Some(deadline) = next.filter(|deadline| call.scheduled.is_none_or(|known| *deadline < known)) {
            call.scheduled = Some(deadline);
            self.core.wheel.schedule(deadline, Wake::Call(call.key));
        }
        self.calls.put_back(call);
    }
}
