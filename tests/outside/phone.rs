//! A phone and a far end of a test's own, step by step.
use crate::router::ROUTER;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

const SESSION: &str =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 6010 RTP/AVP 0\r\n";

/// A phone with one call.
pub struct Phone {
    socket: UdpSocket,
    dials: String,
    number: String,
    /// The latest final answer, as it came.
    answer: String,
}

impl Phone {
    /// Calls from a number that is shown in From.
    pub fn calls(dials: &str, number: &str) -> Phone {
        let socket = socket("127.0.0.1:0");
        let phone = Phone { socket, dials: dials.into(), number: number.into(), answer: String::new() };
        let own = phone.own();
        let more = format!(
            "Contact: <sip:{number}@{own}>\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{SESSION}",
            SESSION.len()
        );
        phone.sends("INVITE", 1, "one", "", &more);
        phone
    }

    fn own(&self) -> SocketAddr {
        self.socket.local_addr().expect("it is bound")
    }

    fn sends(&self, method: &str, cseq: u32, branch: &str, to_tag: &str, more: &str) {
        let Phone { dials, number, .. } = self;
        let own = self.own();
        let text = format!(
            "{method} sip:{dials}@{ROUTER} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bK-{branch}-{own};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:{number}@callbox.example>;tag=p1\r\n\
             To: <sip:{dials}@callbox.example>{to_tag}\r\nCall-ID: phone-{own}\r\nCSeq: {cseq} {method}\r\n{more}"
        );
        self.socket.send_to(text.as_bytes(), ROUTER).expect("loopback takes datagrams");
    }

    /// Waits for an answer that begins so.
    pub fn hears(&mut self, begin: &str) {
        let heard =
            (0..200).find_map(|_| read(&self.socket).map(|(text, _)| text).filter(|text| text.starts_with(begin)));
        self.answer = heard.unwrap_or_else(|| panic!("the phone hears no {begin:?}"));
    }

    /// Is answered, and says that it has heard it.
    pub fn is_answered(&mut self) {
        self.hears("SIP/2.0 200 ");
        self.in_dialog("ACK", 1, "ack");
    }

    /// Hangs up, and is heard.
    pub fn hangs_up(&mut self) {
        self.in_dialog("BYE", 2, "bye");
        self.hears("SIP/2.0 200 ");
    }

    /// Gives up before an answer.
    pub fn gives_up(&mut self) {
        self.sends("CANCEL", 1, "one", "", "Content-Length: 0\r\n\r\n");
        self.hears("SIP/2.0 487 ");
        self.acknowledges();
    }

    /// Says that it has heard a refusal.
    pub fn acknowledges(&self) {
        self.sends("ACK", 1, "one", &self.tag(), "Content-Length: 0\r\n\r\n");
    }

    fn tag(&self) -> String {
        let to = field(&self.answer, "To");
        to.split_once(";tag=").map(|(_, tag)| format!(";tag={tag}")).unwrap_or_default()
    }

    fn in_dialog(&self, method: &str, cseq: u32, branch: &str) {
        let contact = field(&self.answer, "Contact");
        let target = contact.split(['<', '>']).nth(1).expect("a Contact").to_owned();
        let Phone { dials, number, .. } = self;
        let (own, tag) = (self.own(), self.tag());
        let text = format!(
            "{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bK-{branch}-{own};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:{number}@callbox.example>;tag=p1\r\n\
             To: <sip:{dials}@callbox.example>{tag}\r\nCall-ID: phone-{own}\r\nCSeq: {cseq} {method}\r\n\
             Content-Length: 0\r\n\r\n"
        );
        self.socket.send_to(text.as_bytes(), ROUTER).expect("loopback takes datagrams");
    }
}

/// A socket that does not wait for ever.
pub fn socket(at: &str) -> UdpSocket {
    let socket = UdpSocket::bind(at).expect("the port is free");
    socket.set_read_timeout(Some(Duration::from_millis(100))).expect("a timeout can be set");
    socket
}

/// What comes within a tenth of a second.
pub fn read(socket: &UdpSocket) -> Option<(String, SocketAddr)> {
    let mut room = [0; 65_535];
    socket.set_read_timeout(Some(Duration::from_millis(100))).expect("a timeout can be set");
    let (length, peer) = socket.recv_from(&mut room).ok()?;
    Some((String::from_utf8_lossy(&room[..length]).into_owned(), peer))
}

/// The value of a header that is there.
pub fn field<'a>(message: &'a str, name: &str) -> &'a str {
    let line = message.lines().find(|line| line.starts_with(&format!("{name}: ")));
    line.and_then(|line| line.split_once(": ")).map(|(_, value)| value).unwrap_or_default()
}

/// The next new INVITE at a far end, which answers what else comes with 200.
pub fn invite(at: &UdpSocket) -> (String, SocketAddr) {
    let found = (0..200).find_map(|_| {
        let (text, peer) = read(at)?;
        if text.starts_with("INVITE ") && !field(&text, "To").contains(";tag=") {
            return Some((text, peer));
        }
        if !text.starts_with("SIP/") && !text.starts_with("ACK ") {
            says(at, peer, &text, "200 OK");
        }
        None
    });
    found.expect("the call arrives")
}

/// Answers an INVITE with 200 and a session.
pub fn answers(at: &UdpSocket, peer: SocketAddr, invite: &str) {
    answer(at, peer, invite, "200 OK", SESSION);
}

/// Answers a request with this status and nothing else.
pub fn says(at: &UdpSocket, peer: SocketAddr, request: &str, status: &str) {
    answer(at, peer, request, status, "");
}

fn answer(at: &UdpSocket, peer: SocketAddr, request: &str, status: &str, body: &str) {
    let own = at.local_addr().expect("it is bound");
    let copied = |name: &'static str| request.lines().filter(move |line| line.starts_with(&format!("{name}: ")));
    let mut text = format!("SIP/2.0 {status}\r\n");
    for line in copied("Via").chain(copied("From")).chain(copied("Call-ID")).chain(copied("CSeq")) {
        text += &format!("{line}\r\n");
    }
    let to = field(request, "To");
    let tag = if to.contains(";tag=") { String::new() } else { ";tag=far".to_owned() };
    text += &format!("To: {to}{tag}\r\nContact: <sip:{own}>\r\n");
    if !body.is_empty() {
        text += "Content-Type: application/sdp\r\n";
    }
    text += &format!("Content-Length: {}\r\n\r\n{body}", body.len());
    at.send_to(text.as_bytes(), peer).expect("loopback takes datagrams");
}
