//! What the sides of the good call write, and what everyone answers of their own accord.
use callbox::sip::message::{Message, Name};

/// A session description of either side.
pub const SDP: &str =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n";

/// What the good call's caller calls it; found in a script's words, it says that they meddle with the call.
pub const CALL_ID: &str = "good-call@pbx.example";
/// The branch of its INVITE.
pub const BRANCH: &str = "z9hG4bKgoodcall";
/// Who calls.
pub const FROM: &str = "<sip:+13125550123@pbx.example>;tag=goodcaller";
/// Whom.
pub const TO: &str = "<sip:911@127.0.0.1>";

/// A request of the good caller.
pub fn request(method: &str, uri: &str, to: &str, branch: &str, cseq: u32, sdp: &str) -> String {
    let kind = if sdp.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    format!(
        "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5999;branch={branch};rport\r\nMax-Forwards: 70\r\n\
         From: {FROM}\r\nTo: {to}\r\nCall-ID: {CALL_ID}\r\nCSeq: {cseq} {method}\r\n\
         Contact: <sip:desk@127.0.0.1:5999>\r\n{kind}Content-Length: {}\r\n\r\n{sdp}",
        sdp.len()
    )
}

/// A response of whoever got this request.
pub fn response(request: &Message, port: u16, code: u16, sdp: &str) -> String {
    let vias: String =
        request.values(Name::Via).map(|via| format!("Via: {}\r\n", String::from_utf8_lossy(via))).collect();
    let kind = if sdp.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    format!(
        "SIP/2.0 {code} Said\r\n{vias}From: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {}\r\n\
         Contact: <sip:desk@127.0.0.1:{port}>\r\n{kind}Content-Length: {}\r\n\r\n{sdp}",
        text(request, Name::From),
        tagged_to(request, port),
        text(request, Name::CallId),
        text(request, Name::CSeq),
        sdp.len()
    )
}

/// The To of a request, with the tag of the far end at this port unless it has one.
pub fn tagged_to(request: &Message, port: u16) -> String {
    let to = text(request, Name::To);
    if request.to().is_some_and(|to| to.tag().is_some()) { to } else { format!("{to};tag=far{port}") }
}

/// A header's first value.
pub fn text(message: &Message, name: Name) -> String {
    message.value(name).map(|value| String::from_utf8_lossy(value).into_owned()).unwrap_or_default()
}
