//! A peer: a small, correct user agent with its own transactions and dialogs. What it likes to do is in `far`, `phone`
//! and `talk`.
use crate::chance::Chance;
use crate::machines::{Client, PATIENCE, Server, Stage};
use crate::phone::{Order, Sent};
use crate::talk::Say;
use crate::temper::{Manner, Temper};
use crate::wire::{Mark, Msg};

/// The address of the engine, in every Via and URI of the world.
pub const ENGINE: &str = "127.0.0.1:5060";

/// What a peer means to do at some moment.
#[derive(Clone, Debug)]
pub enum Act {
    Dial(Order),
    HangUp {
        dialog: usize,
        early_bye: bool,
    },
    /// A dialog's first ACK, held back.
    Acknowledge {
        dialog: usize,
        cseq: u32,
    },
    Say {
        dialog: usize,
        say: Say,
    },
    Reply {
        server: u64,
        reply: Reply,
    },
}

/// What a peer says to an INVITE.
#[derive(Clone, Copy, Debug)]
pub enum Reply {
    Trying,
    Ring { code: u16, fork: u8, reliable: bool },
    Answer { fork: u8 },
    Refuse(u16),
}

/// What a peer knows that the network does not show.
#[derive(Clone, Debug)]
pub enum Note {
    /// It sent a request in a dialog.
    Asked { mark: Mark, method: &'static str, expected: Expected },
    /// Its request has a final response, or 0 for none in time.
    Settled { mark: Mark, code: u16, echoed: bool },
    /// A request with this mark came to it, in this dialog and transaction.
    Got { mark: Mark, method: String, dialog: String, cseq: u32 },
    /// A caller dialled.
    Dialled { call: u64 },
    /// A caller hung up before there was an answer.
    GaveUp { call: u64 },
    /// A caller talks, and hears the far end of this tag.
    Hears { call: u64, tag: String },
    /// A caller's INVITE has its final response, or 0 for none in time.
    Final { call: u64, code: u16 },
    /// Its 2xx was never acknowledged.
    Unacknowledged { call: u64 },
    /// The engine said something that no correct peer may hear.
    Fault(String),
}

/// What the mid-call table says of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// It goes to the other side, who answers.
    Passed,
    /// It goes to the other side, and is granted whatever that says: a far end may hold.
    Held,
    /// It is answered by the router.
    Local,
    /// It is refused, and the other side never hears of it.
    Refused,
}

/// A dialog, from this peer's side.
#[derive(Clone, Debug)]
pub struct Dialog {
    pub call: u64,
    pub calling: bool,
    pub id: String,
    pub local_tag: String,
    pub remote_tag: String,
    pub local: String,
    pub remote: String,
    pub target: String,
    pub local_cseq: u32,
    pub remote_cseq: u32,
    pub confirmed: bool,
    pub over: bool,
    /// The INVITEs sent in it.
    pub sent: Vec<Sent>,
    /// How long the first ACK is held back; `None` for ever.
    pub ack_after: Option<u64>,
    /// The early dialogs of its first INVITE: each tag, and the first session description that was heard under it.
    pub early: Vec<(String, String)>,
    /// Whether the test IVR is at the other end: nothing is passed on there.
    pub is_ivr: bool,
}

/// A message on its way out, and the port that it leaves from.
pub struct Out {
    pub port: u16,
    pub streamed: bool,
    pub text: String,
}

pub struct Agent {
    pub name: &'static str,
    pub port: u16,
    pub chance: Chance,
    pub manner: Manner,
    pub tempers: Vec<(u64, Temper)>,
    pub clients: Vec<Client>,
    pub servers: Vec<Server>,
    pub dialogs: Vec<Dialog>,
    pub plan: Vec<(u64, Act)>,
    pub out: Vec<Out>,
    pub notes: Vec<Note>,
    /// Whether it takes no more calls.
    pub home: bool,
    serial: u64,
}

impl Agent {
    pub fn new(name: &'static str, port: u16, chance: Chance, manner: Manner, tempers: Vec<(u64, Temper)>) -> Agent {
        Agent {
            name,
            port,
            chance,
            manner,
            tempers,
            clients: Vec::new(),
            servers: Vec::new(),
            dialogs: Vec::new(),
            plan: Vec::new(),
            out: Vec::new(),
            notes: Vec::new(),
            home: false,
            serial: 0,
        }
    }

    /// A number that no other message of the walk has.
    pub fn serial(&mut self) -> u64 {
        self.serial += 1;
        u64::from(self.port) << 32 | self.serial
    }

    pub fn branch(&mut self) -> String {
        format!("z9hG4bKw{:x}", self.serial())
    }

    pub fn contact(&self, streamed: bool) -> String {
        let transport = if streamed { ";transport=tcp" } else { "" };
        format!("<sip:{}@127.0.0.1:{}{transport}>", self.name, self.port)
    }

    /// Sends from the peer's own port, or from its other address where it has the habit.
    pub fn send(&mut self, text: String) {
        let elsewhere = self.chance.percent(self.manner.elsewhere_percent);
        let port = if elsewhere { self.port + crate::net::OTHER_ADDRESS } else { self.port };
        let streamed = text.split("\r\n").nth(1).is_some_and(|via| via.starts_with("Via: SIP/2.0/TCP"));
        self.out.push(Out { port, streamed, text });
    }

    pub fn plan(&mut self, at: u64, act: Act) {
        self.plan.push((at, act));
    }

    pub fn fault(&mut self, text: impl Into<String>) {
        self.notes.push(Note::Fault(format!("{} {}", self.name, text.into())));
    }

    /// Whether it has nothing open any more.
    pub fn is_idle(&self) -> bool {
        let is_done = |dialog: &Dialog| dialog.over || !(dialog.calling || dialog.confirmed);
        self.clients.is_empty() && self.servers.is_empty() && self.dialogs.iter().all(is_done)
    }

    pub fn deadline(&self) -> Option<u64> {
        let clients = self.clients.iter().filter_map(Client::deadline);
        let servers = self.servers.iter().filter_map(Server::deadline);
        clients.chain(servers).chain(self.plan.iter().map(|(at, _)| *at)).min()
    }

    /// Does what is due.
    pub fn on_time(&mut self, now: u64) {
        let mut due: Vec<(u64, Act)> = Vec::new();
        self.plan.retain(|planned| {
            let is_due = planned.0 <= now;
            if is_due {
                due.push(planned.clone());
            }
            !is_due
        });
        due.sort_by_key(|(at, _)| *at);
        for (_, act) in due {
            self.act(now, act);
        }
        self.fire_clients(now);
        self.fire_servers(now);
    }

    fn act(&mut self, now: u64, act: Act) {
        match act {
            Act::Dial(order) => self.dial(now, &order),
            Act::HangUp { dialog, early_bye } => self.hang_up(now, dialog, early_bye),
            Act::Acknowledge { dialog, cseq } => self.acknowledge(dialog, cseq),
            Act::Say { dialog, say } => self.say(now, dialog, say),
            Act::Reply { server, reply } => self.reply(now, server, reply),
        }
    }

    fn fire_clients(&mut self, now: u64) {
        let mut at = 0;
        while at < self.clients.len() {
            if let Some(again) = self.clients[at].fire(now) {
                self.send(again);
            }
            if self.clients[at].end.is_some_and(|end| end <= now) {
                let client = self.clients.remove(at);
                if client.stage != Stage::Final {
                    self.unanswered(now, &client);
                }
            } else {
                at += 1;
            }
        }
    }

    fn fire_servers(&mut self, now: u64) {
        let mut at = 0;
        while at < self.servers.len() {
            if let Some(again) = self.servers[at].fire(now) {
                self.send(again);
            }
            let server = &self.servers[at];
            if server.reliable.as_ref().is_some_and(|reliable| reliable.until <= now) {
                // Nobody took the reliable response (RFC 3262 §3).
                let id = server.id;
                self.reply(now, id, Reply::Refuse(504));
            } else if server.end.is_some_and(|end| end <= now) {
                let server = self.servers.remove(at);
                self.forgotten(now, &server);
            } else {
                at += 1;
            }
        }
    }

    /// A transaction that came has ended. A 2xx that nobody acknowledged ends the session (RFC 3261 §13.3.1.4).
    fn forgotten(&mut self, now: u64, server: &Server) {
        let Some(dialog) = server.dialog.filter(|_| server.is_invite() && !server.acked) else { return };
        if (200..300).contains(&server.code) && !self.dialogs[dialog].over {
            let call = self.dialogs[dialog].call;
            self.notes.push(Note::Unacknowledged { call });
            self.bye(now, dialog);
        }
    }

    pub fn receive(&mut self, now: u64, message: Msg) {
        if message.is_request() { self.asked(now, message) } else { self.answered(now, &message) }
    }

    fn asked(&mut self, now: u64, request: Msg) {
        if request.method() == "ACK" {
            return self.take_ack(now, &request);
        }
        let known = self
            .servers
            .iter()
            .find(|server| server.request.branch() == request.branch() && server.request.method() == request.method());
        if let Some(server) = known {
            if let Some(text) = server.said.as_ref().map(Msg::text).filter(|_| !server.acked) {
                self.send(text);
            }
            return;
        }
        let id = self.serial();
        self.servers.push(Server::new(id, request.clone()));
        match request.method() {
            "CANCEL" => self.cancelled(now, id, &request),
            _ if !request.receiver_tag().is_empty() => self.asked_in_dialog(now, id, &request),
            "INVITE" => self.invited(now, id, &request),
            "OPTIONS" => self.respond(now, id, 200, |_| {}),
            _ => self.respond(now, id, 481, |_| {}),
        }
    }

    fn cancelled(&mut self, now: u64, id: u64, cancel: &Msg) {
        let invite =
            self.servers.iter().find(|server| server.is_invite() && server.request.branch() == cancel.branch());
        match invite.map(|invite| (invite.id, invite.is_open(), invite.mute)) {
            Some((_, _, true)) => self.servers.retain(|server| server.id != id),
            Some((invite, is_open, _)) => {
                self.respond(now, id, 200, |_| {});
                if is_open {
                    self.reply(now, invite, Reply::Refuse(487));
                }
            }
            None => self.respond(now, id, 481, |_| {}),
        }
    }

    /// Answers a request.
    pub fn respond(&mut self, now: u64, id: u64, code: u16, more: impl FnOnce(&mut Msg)) {
        let tag = format!("{}t{}", self.name, id);
        self.respond_as(now, id, code, &tag, more);
    }

    pub fn respond_as(&mut self, now: u64, id: u64, code: u16, tag: &str, more: impl FnOnce(&mut Msg)) {
        let Some(at) = self.servers.iter().position(|server| server.id == id) else { return };
        let mut response = Msg::response(&self.servers[at].request, code, tag);
        more(&mut response);
        let text = response.text();
        self.servers[at].said(now, response);
        self.send(text);
    }

    fn answered(&mut self, now: u64, response: &Msg) {
        let of = |client: &Client| {
            client.request.branch() == response.branch() && client.request.method() == response.method()
        };
        let Some(at) = self.clients.iter().position(of) else { return };
        let code = response.code();
        let first = self.clients[at].heard(now, code);
        let client = self.clients[at].clone();
        if client.is_invite() {
            return self.invite_answered(now, at, &client, response, first);
        }
        if first {
            self.settled(&client, response);
        }
    }

    /// Sends a request in a dialog and keeps it until it is answered.
    pub fn ask(&mut self, now: u64, dialog: usize, request: Msg) {
        self.send(request.text());
        self.clients.push(Client::new(now, request, dialog));
    }

    /// Starts a request in a dialog.
    pub fn in_dialog(&mut self, dialog: usize, method: &str, cseq: Option<u32>) -> Msg {
        let branch = self.branch();
        let port = self.port;
        let streamed = self.dialogs[dialog].target.contains("transport=tcp");
        let contact = self.contact(streamed);
        let via = if streamed { "TCP" } else { "UDP" };
        let dialog = &mut self.dialogs[dialog];
        let cseq = cseq.unwrap_or_else(|| {
            dialog.local_cseq += 1;
            dialog.local_cseq
        });
        let mut out = Msg::request(method, &dialog.target);
        out.put("Via", &format!("SIP/2.0/{via} 127.0.0.1:{port};branch={branch};rport"));
        out.put("Max-Forwards", "70");
        out.put("From", &format!("{};tag={}", dialog.local, dialog.local_tag));
        let tag = if dialog.remote_tag.is_empty() { String::new() } else { format!(";tag={}", dialog.remote_tag) };
        out.put("To", &format!("{}{tag}", dialog.remote));
        out.put("Call-ID", &dialog.id);
        out.put("CSeq", &format!("{cseq} {method}"));
        out.put("Contact", &contact);
        out
    }

    /// The dialog that a message of the engine belongs to.
    pub fn dialog_of(&self, request: &Msg) -> Option<usize> {
        let fits = |dialog: &Dialog| {
            (dialog.id.as_str(), dialog.local_tag.as_str(), dialog.remote_tag.as_str())
                == (request.call_id(), request.receiver_tag(), request.sender_tag())
        };
        self.dialogs.iter().position(fits)
    }

    pub fn bye(&mut self, now: u64, dialog: usize) {
        if core::mem::replace(&mut self.dialogs[dialog].over, true) {
            return;
        }
        let mut bye = self.in_dialog(dialog, "BYE", None);
        let mark = self.new_mark(dialog);
        bye.put("X-Mark", &mark.text());
        self.notes.push(Note::Asked { mark, method: "BYE", expected: Expected::Local });
        self.end_open_invites(now, dialog);
        self.ask(now, dialog, bye);
    }

    /// INVITEs that the other side sent in a dialog which ends are refused (RFC 3261 §15.1.2), and its own are not
    /// waited for much longer.
    pub fn end_open_invites(&mut self, now: u64, dialog: usize) {
        let own = |client: &&mut Client| client.dialog == dialog && client.is_invite() && client.is_open();
        for client in self.clients.iter_mut().filter(own) {
            client.bounded = true;
            client.end = client.end.or(Some(now + PATIENCE));
        }
        let open: Vec<u64> = self
            .servers
            .iter()
            .filter(|server| server.dialog == Some(dialog) && server.is_invite() && server.is_open())
            .map(|server| server.id)
            .collect();
        for id in open {
            self.reply(now, id, Reply::Refuse(487));
        }
    }

    pub fn new_mark(&mut self, dialog: usize) -> Mark {
        let call = self.dialogs[dialog].call;
        Mark { call, serial: self.serial() }
    }

    /// Everything it has to do with ends: what rings is cancelled, what talks is hung up, and nothing new is begun.
    pub fn go_home(&mut self, now: u64) {
        self.home = true;
        self.plan.retain(|(_, act)| matches!(act, Act::Acknowledge { .. }));
        for dialog in 0..self.dialogs.len() {
            self.hang_up(now, dialog, false);
        }
        let waiting: Vec<u64> = self
            .servers
            .iter()
            .filter(|server| server.is_invite() && server.is_open())
            .map(|server| server.id)
            .collect();
        for id in waiting {
            self.reply(now, id, Reply::Refuse(480));
        }
        self.servers.retain(|server| !server.mute);
    }
}

/// A session description that says whose it is.
pub fn sdp(mark: Mark, word: &str, direction: &str) -> String {
    format!(
        "v=0\r\no=- {} 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n\
         a={direction}\r\na=walk:{}:{word}\r\n",
        mark.serial,
        mark.text()
    )
}

/// A session description with the tag of who hears what is sent there.
pub fn heard_by(tag: &str, session: &str) -> String {
    format!("{session}a=heard-by:{tag}\r\n")
}

/// The tag in a session description.
pub fn hearer(session: &str) -> &str {
    session.split_once("a=heard-by:").and_then(|(_, rest)| rest.split("\r\n").next()).unwrap_or_default()
}

/// Whether a body has a mark with this word.
pub fn says(body: &str, mark: Mark, word: &str) -> bool {
    body.contains(&format!("a=walk:{}:{word}\r\n", mark.text()))
}
