//! The requests that we sent, and what comes back for them.
use super::alarm::{Alarm, Timer};
use super::client::{Client, Step as ClientStep};
use super::hop;
use super::invite_client::{InviteClient, Step as InviteStep};
use super::table::Table;
use super::timers::passed;
use super::{BRANCH_COOKIE, ClientId, Event, Expiry, Transmit};
use crate::base::id::Handle;
use crate::base::now::{Mono, earlier};
use crate::base::wheel::Wheel;
use crate::sip::flow::Flow;
use crate::sip::message::{Message, Method, Name};
use bytes::Bytes;

/// All client transactions of a shard.
pub struct Clients<U> {
    table: Table<Entry<U>>,
}

struct Entry<U> {
    user: U,
    alarm: Alarm,
    /// `None` while the transaction is only reserved.
    sent: Option<Sent>,
}

struct Sent {
    flow: Flow,
    method: Method,
    machine: Machine,
    /// The request as long as a copy, an ACK or a CANCEL may be made of it; then the ACK to a refusal; else empty.
    bytes: Bytes,
    cancel: Cancel,
}

enum Machine {
    Invite(InviteClient),
    Other(Client),
}

/// The CANCEL of an INVITE. It has the INVITE's branch and so lives with it (RFC 3261 §9.1).
enum Cancel {
    None,
    /// It leaves with the first provisional response, with this Reason.
    Waiting(Option<Box<str>>),
    Sent(Box<(Client, Bytes)>),
}

impl<U: Copy> Clients<U> {
    pub fn new(shard: u8) -> Self {
        Self { table: Table::new(shard) }
    }

    pub fn reserve(&mut self, user: U, nonce: u64) -> ClientId {
        ClientId(self.table.insert(nonce, Entry { user, alarm: Alarm::default(), sent: None }))
    }

    /// A name that no transaction has.
    pub fn nowhere(&self, nonce: u64) -> Handle {
        self.table.nowhere(nonce)
    }

    pub fn start(
        &mut self,
        now: Mono,
        id: ClientId,
        flow: Flow,
        request: Bytes,
        wheel: &mut Wheel<Timer>,
        out: &mut Vec<Transmit>,
    ) {
        let Some(entry) = self.table.get_mut(id.0).filter(|entry| entry.sent.is_none()) else { return };
        let method = Method::read(request.split(|&byte| byte == b' ').next().unwrap_or_default());
        let reliable = flow.transport.is_reliable();
        let machine = match method {
            Method::Invite => Machine::Invite(InviteClient::sent(now, reliable)),
            _ => Machine::Other(Client::sent(now, reliable)),
        };
        out.push(Transmit { flow, bytes: request.clone() });
        // Nothing is ever made of a request that is neither repeated nor an INVITE.
        let bytes = if reliable && method != Method::Invite { Bytes::new() } else { request };
        entry.sent = Some(Sent { flow, method, machine, bytes, cancel: Cancel::None });
        self.settle(id.0, wheel);
    }

    pub fn flow(&self, id: ClientId) -> Option<Flow> {
        self.table.get(id.0)?.sent.as_ref().map(|sent| sent.flow)
    }

    /// Where the request went that a response names by its branch.
    pub fn asked(&self, response: &Message) -> Option<Flow> {
        self.flow(ClientId(handle_in(response.branch()?)?))
    }

    /// The user's value of the request that has this branch.
    pub fn user_of(&self, branch: &[u8]) -> Option<U> {
        self.table.get(handle_in(branch)?).map(|entry| entry.user)
    }

    pub fn forget(&mut self, id: ClientId) {
        self.table.remove(id.0);
    }

    pub fn cancel(
        &mut self,
        now: Mono,
        id: ClientId,
        reason: Option<&str>,
        wheel: &mut Wheel<Timer>,
        out: &mut Vec<Transmit>,
    ) {
        let Some(sent) = self.sent_mut(id) else { return };
        if let (Machine::Invite(machine), Cancel::None | Cancel::Waiting(_)) = (&mut sent.machine, &sent.cancel) {
            if machine.is_proceeding() {
                sent.send_cancel(now, reason, out);
            } else if machine.is_open() {
                machine.quiet();
                sent.cancel = Cancel::Waiting(reason.map(Box::from));
            }
        }
        self.settle(id.0, wheel);
    }

    pub fn quiet(&mut self, id: ClientId) {
        if let Some(Sent { machine: Machine::Invite(machine), .. }) = self.sent_mut(id) {
            machine.quiet();
        }
    }

    pub fn loud(&mut self, now: Mono, id: ClientId, wheel: &mut Wheel<Timer>) {
        if let Some(Sent { machine: Machine::Invite(machine), .. }) = self.sent_mut(id) {
            machine.loud(now);
            self.settle(id.0, wheel);
        }
    }

    pub fn has_provisional(&self, id: ClientId) -> bool {
        let sent = self.table.get(id.0).and_then(|entry| entry.sent.as_ref());
        matches!(sent, Some(Sent { machine: Machine::Invite(machine), .. }) if machine.is_proceeding())
    }

    /// A response came.
    pub fn answered(
        &mut self,
        now: Mono,
        flow: Flow,
        message: &Message,
        wheel: &mut Wheel<Timer>,
        out: &mut Vec<Transmit>,
    ) -> Option<Event<U>> {
        let Some((id, user, sent)) = self.named_by(message) else { return Some(Event::Stray) };
        sent.learn(flow);
        let is_for_user = match message.cseq() {
            Some((_, method)) if method == sent.method => sent.answered(now, message, out),
            Some((_, Method::Cancel)) if sent.cancel_answered(now, message) => false,
            _ => return Some(Event::Stray),
        };
        self.settle(id, wheel);
        is_for_user.then_some(Event::Response { id: ClientId(id), user })
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
        let user = entry.user;
        let has_timed_out = entry.sent.as_mut().is_some_and(|sent| sent.fired(now, out));
        self.settle(id, wheel);
        has_timed_out.then_some(Expiry::Timeout { id: ClientId(id), user })
    }

    pub fn waiting_on(&self, flow: &Flow) -> Vec<(ClientId, U)> {
        let waits = |sent: &Sent| {
            let is_open = match &sent.machine {
                Machine::Invite(machine) => machine.is_open(),
                Machine::Other(machine) => machine.is_open(),
            };
            let (one, other) = (sent.flow.connection, flow.connection);
            let is_same = one == other || one.is_none() || other.is_none();
            is_open && is_same && (sent.flow.transport, sent.flow.peer) == (flow.transport, flow.peer)
        };
        let waiting = self.table.iter().filter(|(_, entry)| entry.sent.as_ref().is_some_and(waits));
        waiting.map(|(id, entry)| (ClientId(id), entry.user)).collect()
    }

    pub fn closed(&mut self, flow: &Flow) {
        let sent = self.table.iter_mut().filter_map(|entry| entry.sent.as_mut());
        for sent in sent.filter(|sent| sent.flow.is_connection(flow)) {
            sent.flow.connection = None;
        }
    }

    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// The transaction whose branch a response carries. A response with a second Via is for somebody behind us, and
    /// there is nobody (RFC 3261 §8.1.3.3); one whose Via names another sender is not for us (§18.1.2).
    fn named_by(&mut self, response: &Message) -> Option<(Handle, U, &mut Sent)> {
        let id = handle_in(response.branch()?)?;
        let entry = self.table.get_mut(id)?;
        let (user, sent) = (entry.user, entry.sent.as_mut()?);
        let is_ours = response.via().is_some_and(|via| via.is_sent_by(sent.flow.local));
        (is_ours && response.list(Name::Via).nth(1).is_none()).then_some((id, user, sent))
    }

    fn sent_mut(&mut self, id: ClientId) -> Option<&mut Sent> {
        self.table.get_mut(id.0)?.sent.as_mut()
    }

    /// After every step: an ended transaction leaves, any other has its next deadline in the wheel.
    fn settle(&mut self, id: Handle, wheel: &mut Wheel<Timer>) {
        let Some(Entry { alarm, sent: Some(sent), .. }) = self.table.get_mut(id) else { return };
        if sent.is_over() {
            self.table.remove(id);
        } else {
            alarm.set(wheel, Timer::client(id), sent.deadline());
        }
    }
}

/// The handle that a branch of ours carries.
fn handle_in(branch: &[u8]) -> Option<Handle> {
    Handle::read(branch.strip_prefix(BRANCH_COOKIE.as_bytes())?)
}

impl Sent {
    /// A stream that was still to be opened when the request left has a number once something comes back on it.
    fn learn(&mut self, flow: Flow) {
        let is_same = (flow.transport, flow.peer) == (self.flow.transport, self.flow.peer);
        if self.flow.connection.is_none() && is_same {
            self.flow.connection = flow.connection;
        }
    }

    /// A response with the request's own method; whether it is for the user.
    fn answered(&mut self, now: Mono, message: &Message, out: &mut Vec<Transmit>) -> bool {
        let code = message.status().unwrap_or(0);
        match &mut self.machine {
            Machine::Other(machine) => {
                let is_for_user = machine.answered(now, code) == ClientStep::Deliver;
                if !machine.is_open() {
                    self.bytes = Bytes::new();
                }
                is_for_user
            }
            Machine::Invite(machine) => {
                let step = machine.answered(now, code);
                let is_open = machine.is_open();
                self.invite_answered(now, step, is_open, message, out)
            }
        }
    }

    fn invite_answered(
        &mut self,
        now: Mono,
        step: InviteStep,
        is_open: bool,
        message: &Message,
        out: &mut Vec<Transmit>,
    ) -> bool {
        match step {
            InviteStep::Deliver if is_open => {
                if let Cancel::Waiting(reason) = &mut self.cancel {
                    let reason = reason.take();
                    self.send_cancel(now, reason.as_deref(), out);
                }
                true
            }
            InviteStep::Deliver => {
                (self.bytes, self.cancel) = (Bytes::new(), Cancel::None);
                true
            }
            InviteStep::DeliverAndAck => {
                let ack = self.request().and_then(|invite| hop::ack(&invite, message));
                (self.bytes, self.cancel) = (ack.unwrap_or_default(), Cancel::None);
                self.send_kept(out);
                true
            }
            InviteStep::AckAgain => {
                self.send_kept(out);
                false
            }
            InviteStep::Rest | InviteStep::Resend | InviteStep::TimedOut => false,
        }
    }

    /// A response to the CANCEL; whether there was one to answer. It says nothing that the user must know: the INVITE
    /// has a final response of its own.
    fn cancel_answered(&mut self, now: Mono, message: &Message) -> bool {
        if let Cancel::Sent(cancel) = &mut self.cancel {
            cancel.0.answered(now, message.status().unwrap_or(0));
        }
        self.method == Method::Invite
    }

    /// Whether it is time to report that no final response came.
    fn fired(&mut self, now: Mono, out: &mut Vec<Transmit>) -> bool {
        if let Cancel::Sent(cancel) = &mut self.cancel
            && passed(cancel.0.deadline(), now)
            && cancel.0.fired(now) == ClientStep::Resend
        {
            out.push(Transmit { flow: self.flow, bytes: cancel.1.clone() });
        }
        let (resend, timed_out) = match &mut self.machine {
            Machine::Invite(machine) => {
                let step = machine.fired(now);
                (step == InviteStep::Resend, step == InviteStep::TimedOut)
            }
            Machine::Other(machine) => {
                let step = machine.fired(now);
                (step == ClientStep::Resend, step == ClientStep::TimedOut)
            }
        };
        if resend {
            self.send_kept(out);
        }
        timed_out
    }

    fn send_cancel(&mut self, now: Mono, reason: Option<&str>, out: &mut Vec<Transmit>) {
        self.cancel = Cancel::None;
        if let Machine::Invite(machine) = &mut self.machine {
            machine.cancelled(now);
        }
        if let Some(bytes) = self.request().and_then(|invite| hop::cancel(&invite, reason)) {
            let machine = Client::sent(now, self.flow.transport.is_reliable());
            out.push(Transmit { flow: self.flow, bytes: bytes.clone() });
            self.cancel = Cancel::Sent(Box::new((machine, bytes)));
        }
    }

    fn send_kept(&self, out: &mut Vec<Transmit>) {
        if !self.bytes.is_empty() {
            out.push(Transmit { flow: self.flow, bytes: self.bytes.clone() });
        }
    }

    fn request(&self) -> Option<Message> {
        Message::read(self.bytes.clone()).ok()
    }

    fn deadline(&self) -> Option<Mono> {
        let cancel = match &self.cancel {
            Cancel::Sent(cancel) if cancel.0.is_open() => cancel.0.deadline(),
            _ => None,
        };
        match &self.machine {
            Machine::Invite(machine) => earlier(machine.deadline(), cancel),
            Machine::Other(machine) => machine.deadline(),
        }
    }

    fn is_over(&self) -> bool {
        match &self.machine {
            Machine::Invite(machine) => machine.is_over(),
            Machine::Other(machine) => machine.is_over(),
        }
    }
}
