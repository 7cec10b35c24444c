//! What both sides say to each other while they talk, and how they answer.
use crate::agent::{Act, Agent, Expected, Note, Reply, sdp};
use crate::far::ALLOW;
use crate::machines::{Client, MILLIS, SECS, Server};
use crate::phone::Sent;
use crate::wire::{Mark, Msg};

/// A request in a dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Say {
    Reinvite,
    Hold,
    ReinviteWithoutOffer,
    Update,
    Refresh,
    Info,
    Message,
    Options,
    /// A transfer that nobody carries out in a protected call.
    Transfer,
    /// A transfer of a protected call by its far end to another one.
    Refer,
    /// An INFO whose CSeq goes back.
    Backwards,
    Bye,
}

const SAYS: [(u64, Say); 11] = [
    (4, Say::Reinvite),
    (3, Say::Hold),
    (2, Say::ReinviteWithoutOffer),
    (2, Say::Update),
    (1, Say::Refresh),
    (3, Say::Info),
    (2, Say::Message),
    (1, Say::Options),
    (1, Say::Transfer),
    (2, Say::Refer),
    (1, Say::Backwards),
];

/// Those to whom a call is transferred.
pub const TARGETS: [u16; 3] = [5070, 5071, 5072];

/// Calls in which the caller's side may not hold or transfer have numbers from here on.
pub const PROTECTED: u64 = 1 << 32;

impl Agent {
    /// Plans what this side says and when it hangs up. Half of it falls on whole seconds, so that both sides cross.
    pub fn begin_talk(&mut self, now: u64, dialog: usize) {
        let (says, span) = (self.manner.says, self.manner.talk_secs);
        for _ in 0..self.chance.between(0, says) {
            let at = self.moment(now, span);
            let say = self.chance.weighted(&SAYS);
            self.plan(at, Act::Say { dialog, say });
        }
        if self.chance.percent(50) {
            let at = self.moment(now, span);
            self.plan(at, Act::Say { dialog, say: Say::Bye });
        }
    }

    fn moment(&mut self, now: u64, span: u64) -> u64 {
        let at = now + self.chance.between(0, span * 1000) * MILLIS;
        if self.chance.percent(50) { at.next_multiple_of(SECS) } else { at }
    }

    pub fn say(&mut self, now: u64, dialog: usize, say: Say) {
        if self.dialogs[dialog].over {
            return;
        }
        if say == Say::Bye {
            return self.bye(now, dialog);
        }
        let offers = matches!(say, Say::Reinvite | Say::Hold | Say::ReinviteWithoutOffer | Say::Update);
        if offers && self.is_negotiating(dialog) {
            let at = self.within(now, 3000) + MILLIS;
            return self.plan(at, Act::Say { dialog, say });
        }
        // Only what the caller's own INVITE has used up is sure to be known to the other end.
        let say = if say == Say::Backwards && !self.dialogs[dialog].calling { Say::Info } else { say };
        // Who may not, or has nobody to transfer to, does what is refused.
        let is_far_end = !self.dialogs[dialog].calling && self.dialogs[dialog].call >= PROTECTED;
        let say = if say == Say::Refer && !is_far_end { Say::Transfer } else { say };
        let mark = self.new_mark(dialog);
        let (method, body, kind) = content(say, mark);
        let cseq = (say == Say::Backwards).then_some(0);
        let mut request = self.in_dialog(dialog, method, cseq);
        request.put("Reason", &mark.text()).put("Allow", ALLOW).put("Supported", "timer");
        if say == Say::Transfer {
            request.put("Refer-To", "<sip:+13125550199@127.0.0.1>");
        }
        if say == Say::Refer {
            let target = self.chance.pick(&TARGETS);
            request.put("Refer-To", &format!("<sip:desk@127.0.0.1:{target}>"));
        }
        request.carry(kind, body);
        if method == "INVITE" {
            let offerless = say == Say::ReinviteWithoutOffer;
            let cseq = request.cseq();
            self.dialogs[dialog].sent.push(Sent { cseq, mark, offerless, ack: None });
        }
        let expected = self.expected(dialog, say);
        self.note_asked(mark, method, expected);
        self.ask(now, dialog, request);
    }

    fn expected(&self, dialog: usize, say: Say) -> Expected {
        let dialog = &self.dialogs[dialog];
        let protected = dialog.call >= PROTECTED;
        match say {
            Say::Hold if protected && dialog.calling => Expected::Refused,
            Say::Hold if protected => Expected::Held,
            Say::Transfer if protected => Expected::Refused,
            Say::Backwards => Expected::Refused,
            // A phone that holds this way gets nothing to hold with.
            Say::ReinviteWithoutOffer if protected && dialog.calling => Expected::Local,
            Say::Refresh | Say::Options | Say::Bye | Say::Refer => Expected::Local,
            _ if dialog.is_ivr => Expected::Local,
            _ => Expected::Passed,
        }
    }

    /// Whether an offer waits for its answer, or an answer for its ACK (RFC 3261 §14.1, RFC 3311 §5.1).
    fn is_negotiating(&self, dialog: usize) -> bool {
        let asked =
            |one: &Client| one.dialog == dialog && one.is_open() && matches!(one.request.method(), "INVITE" | "UPDATE");
        let asked_of = |one: &Server| {
            let waits = one.is_open() || ((200..300).contains(&one.code) && !one.acked);
            one.dialog == Some(dialog) && one.is_invite() && waits
        };
        self.clients.iter().any(asked) || self.servers.iter().any(asked_of)
    }

    /// A 491: once more after a while, which depends on who made the Call-ID (RFC 3261 §14.1).
    pub fn again(&mut self, now: u64, client: &Client) {
        let dialog = client.dialog;
        let wait = if self.dialogs[dialog].calling {
            self.chance.between(210, 400) * 10
        } else {
            self.chance.between(0, 200) * 10
        };
        self.plan(now + wait * MILLIS, Act::Say { dialog, say: Say::Reinvite });
    }

    pub fn asked_in_dialog(&mut self, now: u64, id: u64, request: &Msg) {
        let Some(dialog) = self.dialog_of(request) else { return self.respond(now, id, 481, |_| {}) };
        if self.dialogs[dialog].over {
            let code = if request.method() == "BYE" { 200 } else { 481 };
            return self.respond(now, id, code, |_| {});
        }
        if request.cseq() <= self.dialogs[dialog].remote_cseq {
            return self.respond(now, id, 500, |_| {});
        }
        self.dialogs[dialog].remote_cseq = request.cseq();
        if let Some(server) = self.servers.iter_mut().find(|server| server.id == id) {
            server.dialog = Some(dialog);
        }
        if let Some(mark) = request.mark() {
            let (method, cseq) = (request.method().to_owned(), request.cseq());
            let dialog = format!("{} {}", request.call_id(), request.receiver_tag());
            self.notes.push(Note::Got { mark, method, dialog, cseq });
        }
        match request.method() {
            "BYE" => {
                self.respond(now, id, 200, |_| {});
                self.dialogs[dialog].over = true;
                self.end_open_invites(now, dialog);
            }
            "INVITE" => self.reinvited(now, id, dialog),
            "UPDATE" => self.updated(now, id, dialog, request),
            "PRACK" => self.pracked(now, id, request),
            "NOTIFY" => {
                self.respond(now, id, 200, |_| {});
                self.heard_news(now, dialog, &request.body);
            }
            "INFO" | "MESSAGE" | "OPTIONS" => self.respond(now, id, 200, |_| {}),
            "REFER" => self.respond(now, id, 603, |_| {}),
            _ => self.respond(now, id, 501, |_| {}),
        }
    }

    /// News of a transfer: who has transferred hangs up when it is done, or forgets to.
    fn heard_news(&mut self, now: u64, dialog: usize, news: &str) {
        if news.starts_with("SIP/2.0 200") && self.chance.percent(70) {
            let at = self.within(now, 2000);
            self.plan(at, Act::Say { dialog, say: Say::Bye });
        }
    }

    fn reinvited(&mut self, now: u64, id: u64, dialog: usize) {
        let own = |one: &Client| one.dialog == dialog && one.is_invite() && one.is_open();
        let other = |one: &Server| one.id != id && one.dialog == Some(dialog) && one.is_invite() && one.is_open();
        if self.clients.iter().any(own) {
            return self.respond(now, id, 491, |_| {});
        }
        if self.servers.iter().any(other) {
            return self.respond(now, id, 500, |response| {
                response.put("Retry-After", "3");
            });
        }
        let at = self.within(now, 2000);
        let reply = if self.chance.percent(15) { Reply::Refuse(488) } else { Reply::Answer { fork: 0 } };
        self.plan(at, Act::Reply { server: id, reply });
    }

    fn updated(&mut self, now: u64, id: u64, dialog: usize, request: &Msg) {
        let contact = self.contact(request.is_streamed());
        let offer = request.mark().filter(|_| !request.body.is_empty());
        if offer.is_some() && self.is_negotiating(dialog) {
            return self.respond(now, id, 491, |_| {});
        }
        let timer = request.get("Session-Expires").to_owned();
        self.respond(now, id, 200, |response| {
            response.put("Contact", &contact);
            if !timer.is_empty() {
                response.put("Session-Expires", &timer);
            }
            let session = offer.map(|mark| sdp(mark, "yes", "sendrecv")).unwrap_or_default();
            response.carry("application/sdp", session);
        });
    }

    fn pracked(&mut self, now: u64, id: u64, prack: &Msg) {
        let rseq: u32 = prack.get("RAck").split(' ').next().and_then(|digits| digits.parse().ok()).unwrap_or(0);
        let waits = |one: &&mut Server| {
            one.request.call_id() == prack.call_id() && one.reliable.as_ref().is_some_and(|known| known.rseq == rseq)
        };
        let found = self.servers.iter_mut().find(waits).map(|server| server.reliable = None);
        self.respond(now, id, if found.is_some() { 200 } else { 481 }, |_| {});
    }
}

fn content(say: Say, mark: Mark) -> (&'static str, String, &'static str) {
    match say {
        Say::Reinvite => ("INVITE", sdp(mark, "offer", "sendrecv"), "application/sdp"),
        Say::Hold => ("INVITE", sdp(mark, "offer", "sendonly"), "application/sdp"),
        Say::ReinviteWithoutOffer => ("INVITE", String::new(), ""),
        Say::Update => ("UPDATE", sdp(mark, "offer", "sendrecv"), "application/sdp"),
        Say::Refresh => ("UPDATE", String::new(), ""),
        Say::Info | Say::Backwards => ("INFO", "Signal=5\r\nDuration=160\r\n".to_owned(), "application/dtmf-relay"),
        Say::Message => ("MESSAGE", "where are you?".to_owned(), "text/plain"),
        Say::Options => ("OPTIONS", String::new(), ""),
        Say::Transfer | Say::Refer => ("REFER", String::new(), ""),
        Say::Bye => ("BYE", String::new(), ""),
    }
}
