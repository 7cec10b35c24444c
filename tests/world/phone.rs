//! Callers: how they dial, wait, acknowledge and hang up.
use crate::agent::{Act, Agent, Dialog, Expected, Note, hearer, says, sdp};
use crate::far::ALLOW;
use crate::machines::{Client, MILLIS, PATIENCE, SECS, Stage};
use crate::talk::Say;
use crate::voice::{self, SPEAKER};
use crate::wire::{Mark, Msg};

/// One call to be made.
#[derive(Clone, Debug)]
pub struct Order {
    pub call: u64,
    pub number: &'static str,
    pub streamed: bool,
    pub from: &'static str,
    /// Without an offer of its own.
    pub offerless: bool,
    /// How long after the first 2xx the ACK leaves; `None` for never.
    pub ack_after: Option<u64>,
    /// Hangs up by a BYE in the early dialog instead of a CANCEL.
    pub early_bye: bool,
    /// When it hangs up, whatever has happened.
    pub patience: Option<u64>,
    /// Knows reliable provisional responses.
    pub reliable: bool,
    /// Requires them.
    pub requires: bool,
    /// Asks for session refreshes: `uac` or `uas` for who sends them.
    pub timer: Option<&'static str>,
}

/// An INVITE that was sent in a dialog, for its ACK.
#[derive(Clone, Debug)]
pub struct Sent {
    pub cseq: u32,
    pub mark: Mark,
    pub offerless: bool,
    pub ack: Option<String>,
}

impl Dialog {
    /// The session description that counts in it.
    fn heard(&self) -> &str {
        self.early.iter().find(|(tag, _)| *tag == self.remote_tag).map_or("", |(_, session)| session)
    }
}

impl Agent {
    pub fn dial(&mut self, now: u64, order: &Order) {
        let serial = self.serial();
        let mark = Mark { call: order.call, serial };
        let transport = if order.streamed { ";transport=tcp" } else { "" };
        let uri = format!("sip:{}@{}{transport}", order.number, crate::agent::ENGINE);
        self.dialogs.push(Dialog {
            call: order.call,
            calling: true,
            id: format!("walk{serial:x}@pbx.example"),
            local_tag: format!("c{serial:x}"),
            remote_tag: String::new(),
            local: format!("<sip:{}@pbx.example>", order.from),
            remote: format!("<{uri}>"),
            target: uri,
            local_cseq: 0,
            remote_cseq: 0,
            confirmed: false,
            over: false,
            sent: vec![Sent { cseq: 1, mark, offerless: order.offerless, ack: None }],
            ack_after: order.ack_after,
            early: Vec::new(),
            is_ivr: false,
        });
        let dialog = self.dialogs.len() - 1;
        let mut invite = self.in_dialog(dialog, "INVITE", None);
        invite.put("Reason", &mark.text()).put("Allow", ALLOW);
        let supported = if order.reliable { "timer, 100rel" } else { "timer" };
        invite.put("Supported", supported);
        if order.requires {
            invite.put("Require", "100rel");
        }
        if let Some(refresher) = order.timer {
            let secs = self.manner.timer_secs;
            invite.put("Session-Expires", &format!("{secs};refresher={refresher}"));
        }
        if !order.offerless {
            invite.carry("application/sdp", sdp(mark, "offer", "sendrecv"));
        }
        self.notes.push(Note::Dialled { call: order.call });
        if let Some(patience) = order.patience {
            self.plan(now + patience, Act::HangUp { dialog, early_bye: order.early_bye });
        }
        self.ask(now, dialog, invite);
    }

    /// Ends a call as it stands: BYE once it is answered, before that CANCEL, or BYE in the early dialog.
    pub fn hang_up(&mut self, now: u64, dialog: usize, early_bye: bool) {
        let state = &self.dialogs[dialog];
        if state.over {
            return;
        }
        if state.confirmed {
            return self.bye(now, dialog);
        }
        if !state.calling {
            return;
        }
        // With several early dialogs a BYE would end one of them.
        if early_bye && !state.remote_tag.is_empty() && state.early.len() < 2 {
            let call = state.call;
            self.notes.push(Note::GaveUp { call });
            return self.bye(now, dialog);
        }
        let open = |client: &Client| client.dialog == dialog && client.is_invite() && client.is_open();
        let Some(at) = self.clients.iter().position(open) else { return };
        if !core::mem::replace(&mut self.clients[at].unwanted, true) {
            let call = state.call;
            self.notes.push(Note::GaveUp { call });
            if self.clients[at].stage == Stage::Provisional {
                self.cancel(now, at);
            }
        }
    }

    /// RFC 3261 §9.1: the INVITE's own branch and CSeq number, after a provisional response.
    fn cancel(&mut self, now: u64, at: usize) {
        let invite = self.clients[at].request.clone();
        let uri = invite.start.split(' ').nth(1).unwrap_or_default();
        let mut cancel = Msg::request("CANCEL", uri);
        for name in ["Via", "Max-Forwards", "From", "To", "Call-ID"] {
            cancel.put(name, invite.get(name));
        }
        cancel.put("CSeq", &format!("{} CANCEL", invite.cseq()));
        self.clients[at].bounded = true;
        self.clients[at].end = Some(now + PATIENCE);
        let dialog = self.clients[at].dialog;
        self.ask(now, dialog, cancel);
    }

    /// A response to an INVITE of this peer.
    pub fn invite_answered(&mut self, now: u64, at: usize, client: &Client, response: &Msg, first: bool) {
        let dialog = client.dialog;
        let code = response.code();
        let initial = client.request.receiver_tag().is_empty();
        if code < 200 {
            if client.stage != Stage::Final {
                self.heard_ringing(now, dialog, response, initial);
                if client.unwanted && !client.bounded {
                    self.cancel(now, at);
                }
            }
            return;
        }
        if code >= 300 {
            return self.refused(now, at, client, response, first);
        }
        if initial {
            self.learn(dialog, response);
        }
        if first {
            self.dialogs[dialog].target = response.contact();
            if initial {
                self.connected(now, dialog, client, response);
            } else {
                self.settled(client, response);
            }
            let after = self.dialogs[dialog].ack_after.filter(|_| initial).or((!initial).then_some(0));
            if let Some(after) = after.filter(|after| *after > 0) {
                self.plan(now + after, Act::Acknowledge { dialog, cseq: client.request.cseq() });
            } else if after.is_some() {
                self.acknowledge(dialog, client.request.cseq());
            }
            if initial && (client.unwanted || self.dialogs[dialog].over) {
                self.dialogs[dialog].over = false;
                self.acknowledge(dialog, client.request.cseq());
                self.bye(now, dialog);
            }
        } else {
            self.acknowledge_again(dialog, client.request.cseq());
        }
    }

    fn connected(&mut self, now: u64, dialog: usize, client: &Client, response: &Msg) {
        let call = self.dialogs[dialog].call;
        self.notes.push(Note::Final { call, code: response.code() });
        self.dialogs[dialog].confirmed = true;
        let mark = client.mark.unwrap_or(Mark { call, serial: 0 });
        // The first session description of a dialog counts, and those that follow do not (RFC 3261 §13.2.1).
        let session = self.dialogs[dialog].heard().to_owned();
        let is_ivr = voice::speaks(&session);
        if !is_ivr && !says(&session, mark, "yes") {
            self.fault(format!("heard an answer in call {call} that nobody gave"));
        }
        let tag = if is_ivr { SPEAKER } else { hearer(&session) };
        self.dialogs[dialog].is_ivr = is_ivr;
        self.notes.push(Note::Hears { call, tag: tag.to_owned() });
        if client.unwanted || self.dialogs[dialog].over {
            return;
        }
        self.begin_talk(now, dialog);
        // Whoever promised to refresh the session does so (RFC 4028 §7.2); some callers forget it.
        let promised = response.get("Session-Expires").ends_with("refresher=uac");
        if promised && (call < crate::talk::PROTECTED || self.chance.percent(50)) {
            let every = self.manner.timer_secs / 2;
            for round in 1..=700 / every.max(1) {
                self.plan(now + round * every * SECS, Act::Say { dialog, say: Say::Refresh });
            }
        }
    }

    /// Takes the dialog from a response to the first INVITE: each tag is one (RFC 3261 §12.1).
    fn learn(&mut self, dialog: usize, response: &Msg) {
        let dialog = &mut self.dialogs[dialog];
        if dialog.remote_tag != response.receiver_tag() {
            response.receiver_tag().clone_into(&mut dialog.remote_tag);
            dialog.remote_cseq = 0;
        }
        match dialog.early.iter_mut().find(|(tag, _)| tag == response.receiver_tag()) {
            Some((_, session)) if session.is_empty() => response.body.clone_into(session),
            Some(_) => {}
            None => dialog.early.push((response.receiver_tag().to_owned(), response.body.clone())),
        }
    }

    fn heard_ringing(&mut self, now: u64, dialog: usize, response: &Msg, initial: bool) {
        if !initial || response.code() == 100 {
            return;
        }
        if response.receiver_tag().is_empty() {
            return self.fault("heard ringing of no dialog");
        }
        self.learn(dialog, response);
        if response.has_token("Require", "100rel") {
            self.dialogs[dialog].target = response.contact();
            let rack = format!("{} {}", response.get("RSeq"), response.get("CSeq"));
            let mut prack = self.in_dialog(dialog, "PRACK", None);
            prack.put("RAck", &rack);
            self.ask(now, dialog, prack);
        } else if !self.dialogs[dialog].target.contains("callbox") {
            self.dialogs[dialog].target = response.contact();
        }
    }

    fn refused(&mut self, now: u64, at: usize, client: &Client, response: &Msg, first: bool) {
        let uri = client.request.start.split(' ').nth(1).unwrap_or_default();
        let mut ack = Msg::request("ACK", uri);
        for name in ["Via", "Max-Forwards", "From", "Call-ID"] {
            ack.put(name, client.request.get(name));
        }
        ack.put("To", response.get("To")).put("CSeq", &format!("{} ACK", client.request.cseq()));
        let text = self.clients[at].ack.get_or_insert_with(|| ack.text()).clone();
        self.send(text);
        if !first {
            return;
        }
        if client.request.receiver_tag().is_empty() {
            let dialog = &mut self.dialogs[client.dialog];
            dialog.over = true;
            let call = dialog.call;
            self.notes.push(Note::Final { call, code: response.code() });
        } else {
            self.settled(client, response);
            if response.code() == 491 {
                self.again(now, client);
            }
        }
    }

    /// The first ACK to the 2xx of this INVITE.
    pub fn acknowledge(&mut self, dialog: usize, cseq: u32) {
        let Some(at) = self.dialogs[dialog].sent.iter().position(|sent| sent.cseq == cseq) else { return };
        let sent = self.dialogs[dialog].sent[at].clone();
        if sent.ack.is_some() {
            return;
        }
        let mut ack = self.in_dialog(dialog, "ACK", Some(cseq));
        if sent.offerless {
            ack.carry("application/sdp", sdp(sent.mark, "ack", "sendrecv"));
        }
        let text = ack.text();
        self.dialogs[dialog].sent[at].ack = Some(text.clone());
        self.send(text);
    }

    fn acknowledge_again(&mut self, dialog: usize, cseq: u32) {
        let sent = self.dialogs[dialog].sent.iter().find(|sent| sent.cseq == cseq);
        if let Some(ack) = sent.and_then(|sent| sent.ack.clone()) {
            self.send(ack);
        }
    }

    /// Nobody answered.
    pub fn unanswered(&mut self, now: u64, client: &Client) {
        let dialog = client.dialog;
        if client.is_invite() && client.request.receiver_tag().is_empty() {
            self.dialogs[dialog].over = true;
            let call = self.dialogs[dialog].call;
            return self.notes.push(Note::Final { call, code: 0 });
        }
        if let Some(mark) = client.mark {
            self.notes.push(Note::Settled { mark, code: 0, echoed: false });
        }
        // RFC 3261 §12.2.1.2: a dialog in which nobody answers is over.
        if self.dialogs[dialog].confirmed && client.request.method() != "CANCEL" {
            self.bye(now, dialog);
        }
    }

    /// A request in a dialog has its final response.
    pub fn settled(&mut self, client: &Client, response: &Msg) {
        if let Some(mark) = client.mark {
            let echoed = says(&response.body, mark, "yes");
            self.notes.push(Note::Settled { mark, code: response.code(), echoed });
        }
    }

    /// What a request in a dialog is expected to come to.
    pub fn note_asked(&mut self, mark: Mark, method: &'static str, expected: Expected) {
        self.notes.push(Note::Asked { mark, method, expected });
    }

    /// A moment within this many milliseconds.
    pub fn within(&mut self, now: u64, millis: u64) -> u64 {
        now + self.chance.between(0, millis) * MILLIS
    }
}
