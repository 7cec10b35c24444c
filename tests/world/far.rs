//! What a peer says to an INVITE, the first or a later one.
use crate::agent::{Act, Agent, Dialog, Reply, heard_by, sdp};
use crate::machines::{MILLIS, PATIENCE, Reliable, Repeat, Server};
use crate::wire::{Mark, Msg};

impl Agent {
    fn server_at(&self, id: u64) -> Option<usize> {
        self.servers.iter().position(|server| server.id == id)
    }

    /// Says what was planned, if the INVITE still waits for it.
    pub fn reply(&mut self, now: u64, id: u64, reply: Reply) {
        let Some(at) = self.server_at(id) else { return };
        let server = self.servers[at].clone();
        if !server.is_open() {
            // Another fork may answer after the first did: it has its own copy of the INVITE.
            if let (Reply::Answer { fork }, 200..=299) = (reply, server.code) {
                self.answer_too(now, &server, fork);
            }
            return;
        }
        match reply {
            Reply::Trying if server.code == 0 => self.respond(now, id, 100, |_| {}),
            Reply::Trying => {}
            Reply::Ring { code, fork, reliable } => self.ring(now, &server, code, fork, reliable),
            Reply::Answer { .. } if server.reliable.is_some() => {
                self.plan(now + 200 * MILLIS, Act::Reply { server: id, reply });
            }
            Reply::Answer { fork } => self.answer(now, &server, fork),
            Reply::Refuse(code) => self.refuse(now, &server, code),
        }
    }

    fn refuse(&mut self, now: u64, server: &Server, code: u16) {
        let busy = code == 503 && self.chance.percent(30);
        self.respond(now, server.id, code, |response| {
            if busy {
                response.put("Retry-After", "7");
            }
        });
        if server.request.receiver_tag().is_empty() {
            for dialog in self.dialogs.iter_mut().filter(|dialog| dialog.id == server.request.call_id()) {
                dialog.over = true;
            }
        }
    }

    fn ring(&mut self, now: u64, server: &Server, code: u16, fork: u8, reliable: bool) {
        let dialog = self.fork_of(server, fork);
        let tag = self.dialogs[dialog].local_tag.clone();
        let contact = self.contact(server.request.is_streamed());
        let session = self.early_session(&server.request, code, &tag);
        let reliable = reliable && server.reliable.is_none() && server.request.has_token("Supported", "100rel");
        let rseq = server.rseq + 1;
        self.respond_as(now, server.id, code, &tag, |response| {
            response.put("Contact", &contact).put("Allow", ALLOW);
            if reliable {
                response.put("Require", "100rel").put("RSeq", &rseq.to_string());
            }
            response.carry("application/sdp", session);
        });
        if let Some(server) = self.servers.iter_mut().find(|one| one.id == server.id).filter(|_| reliable) {
            let text = server.said.as_ref().map(Msg::text).unwrap_or_default();
            server.rseq = rseq;
            server.reliable = Some(Reliable { rseq, text, repeat: Repeat::from(now, u64::MAX), until: now + PATIENCE });
        }
    }

    /// Early media comes with 183; it is the answer, and there is none without an offer.
    fn early_session(&self, invite: &Msg, code: u16, tag: &str) -> String {
        let mark = invite.mark().filter(|_| code == 183 && !invite.body.is_empty());
        mark.map(|mark| heard_by(tag, &sdp(mark, "yes", "sendrecv"))).unwrap_or_default()
    }

    fn answer(&mut self, now: u64, server: &Server, fork: u8) {
        let first = server.request.receiver_tag().is_empty();
        let dialog = match server.dialog.filter(|_| !first) {
            Some(dialog) => dialog,
            None => self.fork_of(server, fork),
        };
        let tag = self.dialogs[dialog].local_tag.clone();
        let contact = self.contact(server.request.is_streamed());
        let mark = server.request.mark().unwrap_or(Mark { call: 0, serial: 0 });
        let timer = first && self.chance.percent(self.manner.timer_percent);
        let secs = self.manner.timer_secs;
        self.respond_as(now, server.id, 200, &tag, |response| {
            response.put("Contact", &contact).put("Allow", ALLOW).put("Supported", "timer");
            response.put("Reason", &mark.text());
            if timer {
                response.put("Require", "timer").put("Session-Expires", &format!("{secs};refresher=uac"));
            }
            response.carry("application/sdp", heard_by(&tag, &sdp(mark, "yes", "sendrecv")));
        });
        if let Some(server) = self.servers.iter_mut().find(|one| one.id == server.id) {
            server.dialog = Some(dialog);
        }
    }

    fn answer_too(&mut self, now: u64, server: &Server, fork: u8) {
        let id = self.serial();
        self.servers.push(Server::new(id, server.request.clone()));
        let copy = self.servers.last().cloned();
        if let Some(copy) = copy {
            self.answer(now, &copy, fork);
        }
    }

    /// The dialog of a fork, made when it first speaks.
    fn fork_of(&mut self, server: &Server, fork: u8) -> usize {
        let invite = &server.request;
        let tag = format!("{}f{fork}i{}", self.name, server.id);
        let known = self.dialogs.iter().position(|one| one.id == invite.call_id() && one.local_tag == tag);
        known.unwrap_or_else(|| {
            self.dialogs.push(Dialog {
                call: invite.mark().map_or(0, |mark| mark.call),
                calling: false,
                id: invite.call_id().to_owned(),
                local_tag: tag,
                remote_tag: invite.sender_tag().to_owned(),
                local: invite.get("To").to_owned(),
                remote: without_tag(invite.get("From")),
                target: invite.contact(),
                local_cseq: 100,
                remote_cseq: invite.cseq(),
                confirmed: false,
                over: false,
                sent: Vec::new(),
                ack_after: Some(0),
                early: Vec::new(),
                is_ivr: false,
            });
            self.dialogs.len() - 1
        })
    }

    /// An ACK: to a refusal by its branch, to a 2xx by its dialog.
    pub fn take_ack(&mut self, now: u64, ack: &Msg) {
        let refused = |one: &Server| one.is_invite() && one.code >= 300 && one.request.branch() == ack.branch();
        if let Some(at) = self.servers.iter().position(refused) {
            return self.servers[at].acknowledged(now);
        }
        let Some(dialog) = self.dialog_of(ack) else { return };
        let answered = |one: &Server| {
            one.dialog == Some(dialog) && one.is_invite() && one.code >= 200 && one.request.cseq() == ack.cseq()
        };
        let Some(at) = self.servers.iter().position(answered) else { return };
        if self.servers[at].acked {
            return;
        }
        self.servers[at].acknowledged(now);
        let is_first = self.servers[at].request.receiver_tag().is_empty();
        if is_first && !self.dialogs[dialog].over {
            self.dialogs[dialog].confirmed = true;
            self.begin_talk(now, dialog);
        }
    }
}

/// What every peer takes.
pub const ALLOW: &str = "INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE, INFO, MESSAGE, NOTIFY, REFER";

/// A From or To without its tag.
fn without_tag(value: &str) -> String {
    value.split_once(";tag=").map_or(value, |(before, _)| before).to_owned()
}
