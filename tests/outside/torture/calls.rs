//! What a caller does: a good call, and the rest of one that a bad INVITE began.
use super::far_ends::{FarEnds, Heard, PSAP, SESSION};
use super::text::Text;
use super::wire::{Came, Wire};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// A number that nothing else in this process has.
pub fn fresh() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A good 911 call from a number with an address: the PSAP hears it, answers, and the caller hangs up.
pub fn good_call(far_ends: &FarEnds, wire: &mut Wire, after: &str) {
    let invite = emergency_invite(wire);
    wire.send(invite.as_bytes());
    let sent = Text::of(invite.as_bytes());
    let heard = next_heard(far_ends, after);
    assert_eq!((heard.port, heard.invite.start()), (PSAP, "INVITE urn:service:sos SIP/2.0"), "after {after}");
    let Came::Message(ok) = wire.await_final(sent.field("Call-ID").as_deref()) else {
        panic!("a good call was not answered after {after}");
    };
    assert_eq!(ok.status(), Some(200), "{} to a good call after {after}", ok.start());
    hang_up(wire, &ok, after);
}

/// A faultless INVITE for 911 with a session description and a Content-Length.
pub fn emergency_invite(wire: &Wire) -> String {
    let (number, via) = (fresh(), wire.via());
    let host = via.split_once(' ').map_or("", |(_, host)| host);
    format!(
        "INVITE sip:911@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/{via};branch=z9hG4bKgood{number};rport\r\n\
         Max-Forwards: 70\r\nFrom: <sip:+13125550123@127.0.0.2>;tag=good{number}\r\nTo: <sip:911@127.0.0.1>\r\n\
         Call-ID: good-{number}\r\nCSeq: 1 INVITE\r\nContact: <sip:+13125550123@{host}>\r\n\
         Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{SESSION}",
        SESSION.len()
    )
}

/// Waits for the 200 to an INVITE.
pub fn await_call(wire: &mut Wire, invite: &Text) -> Result<Text, String> {
    match wire.await_final(invite.field("Call-ID").as_deref()) {
        Came::Message(ok) if ok.status() == Some(200) => Ok(ok),
        Came::Message(refusal) => Err(format!("{} instead of an answer", refusal.start())),
        Came::End | Came::Nothing => Err("no answer".into()),
    }
}

/// The next INVITE that a far end gets.
pub fn next_heard(far_ends: &FarEnds, after: &str) -> Heard {
    let heard = far_ends.heard.recv_timeout(Duration::from_secs(15));
    heard.unwrap_or_else(|_| panic!("no far end heard the call of {after}"))
}

/// Acknowledges a 200 to an INVITE, hangs up, and hears that this was taken. All that it needs is in the 200.
pub fn hang_up(wire: &mut Wire, ok: &Text, after: &str) {
    hang_up_with(wire, ok, ok.cseq().0 + 1, after);
}

/// The same with a BYE of this CSeq number.
pub fn hang_up_with(wire: &mut Wire, ok: &Text, bye: u32, after: &str) {
    let (cseq, _) = ok.cseq();
    let ack = bytes(&in_dialog(wire, ok, "ACK", cseq, SESSION));
    wire.send(&ack);
    let request = bytes(&in_dialog(wire, ok, "BYE", bye, ""));
    wire.send(&request);
    loop {
        match wire.await_final(ok.field("Call-ID").as_deref()) {
            Came::Message(answer) if answer.cseq() == (bye, "BYE".into()) => {
                assert_eq!(answer.status(), Some(200), "{} to BYE after {after}", answer.start());
                return;
            }
            Came::Message(_) => {}
            Came::End | Came::Nothing => panic!("BYE was not answered after {after}"),
        }
    }
}

/// Acknowledges a refusal, so that it is not repeated.
pub fn acknowledge(wire: &mut Wire, refusal: &Text, request_uri: &str) {
    let field = |name| refusal.field(name).unwrap_or_default();
    let via = refusal.fields("Via").next().unwrap_or_default().to_owned();
    let ack = format!(
        "ACK {request_uri} SIP/2.0\r\nVia: {via}\r\nMax-Forwards: 70\r\nFrom: {}\r\nTo: {}\r\nCall-ID: {}\r\n\
         CSeq: {} ACK\r\nContent-Length: 0\r\n\r\n",
        field("From"),
        field("To"),
        field("Call-ID"),
        refusal.cseq().0
    );
    wire.send(&bytes(&ack));
}

/// Asks OPTIONS and gives all that came before its answer: what is not there then does not come. `None`: the stream
/// ended instead.
pub fn fence(wire: &mut Wire) -> Option<Vec<Text>> {
    let (number, via) = (fresh(), wire.via());
    let options = format!(
        "OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/{via};branch=z9hG4bKfence{number};rport\r\nMax-Forwards: 70\r\n\
         From: <sip:fence@127.0.0.2>;tag=f\r\nTo: <sip:127.0.0.1>\r\nCall-ID: fence-{number}\r\nCSeq: 1 OPTIONS\r\n\
         Content-Length: 0\r\n\r\n"
    );
    wire.send(options.as_bytes());
    let mut before = Vec::new();
    loop {
        match wire.await_next() {
            Came::Message(text) if text.field("Call-ID") == Some(format!("fence-{number}")) => {
                assert_eq!(text.status(), Some(200), "{}", text.start());
                return Some(before);
            }
            Came::Message(text) => before.push(text),
            Came::End => return None,
            Came::Nothing => panic!("OPTIONS was not answered"),
        }
    }
}

fn in_dialog(wire: &Wire, ok: &Text, method: &str, cseq: u32, session: &str) -> String {
    let field = |name| ok.field(name).unwrap_or_default();
    let contact = field("Contact");
    let target = contact.trim_start_matches('<').split('>').next().unwrap_or_default();
    let content_type = if session.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    let text = format!(
        "{method} {target} SIP/2.0\r\nVia: SIP/2.0/{};branch=z9hG4bK{method}{};rport\r\nMax-Forwards: 70\r\nFrom: {}\r\n\
         To: {}\r\nCall-ID: {}\r\nCSeq: {cseq} {method}\r\n{content_type}Content-Length: {}\r\n\r\n{session}",
        wire.via(),
        fresh(),
        field("From"),
        field("To"),
        field("Call-ID"),
        session.len()
    );
    text
}

/// Text back into bytes, one a character.
pub fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|character| u8::try_from(u32::from(character)).expect("one character a byte")).collect()
}
