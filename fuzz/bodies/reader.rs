//! A datagram: everything that can be read of it is read, and what is written from it reads back.
use bytes::{Bytes, BytesMut};
use callbox::sip::message::{Message, Method, Name, NameAddr, Uri, Via, Writer, name_addr, reader, uri};
use callbox::sip::respond::respond;

/// Reads `data` as a datagram.
///
/// # Panics
/// When what is read or written breaks a promise of the reader or the writer.
pub fn check(data: &[u8]) {
    let bytes = Bytes::copy_from_slice(data);
    let Ok(message) = Message::read_head(bytes.clone()) else {
        assert!(Message::read(bytes).is_err(), "what has no readable head is no message");
        return;
    };
    assert_eq!(Message::read(bytes).err(), message.fault());
    read_everything(&message);
    let copy = copied(&message);
    let again = Message::read(copy.clone()).expect("a copy is a message");
    assert_eq!(copied(&again), copy, "a copy's copy is the same");
    no_line_that_only_some_see(&copy);
    if message.method().is_some() {
        answered(&message);
    }
}

fn read_everything(message: &Message) {
    let whole = message.bytes().len();
    let _ = (message.via(), message.from(), message.to(), message.contact(), message.cseq(), message.call_id());
    let _ = (message.version(), message.reason(), message.method_text(), message.number(Name::MaxForwards));
    let _ = Uri::read(message.request_uri()).map(|uri| uri.user_text().len());
    assert!(message.body_slice().len() <= whole);
    for field in message.fields() {
        let value = message.field_value(field);
        assert!(message.field_line(field).len() <= whole);
        assert!(value.len() <= message.field_line(field).len());
        let _ = (message.field_name(field), reader::unfold(value), message.has_token(field.name, "100rel"));
        for element in reader::elements(value) {
            let _ = (Uri::read(element), NameAddr::repaired(element), uri::unescape(element));
            let _ = NameAddr::read(element).map(|address| (address.display_text().len(), address.tag()));
            let _ = name_addr::params(element).count();
            let _ =
                Via::read(element).map(|via| via.write_received(&mut BytesMut::new(), ([192, 0, 2, 1], 5060).into()));
        }
    }
}

/// Copies every field of a message into a new one.
fn copied(message: &Message) -> Bytes {
    let mut out = Writer::request(BytesMut::new(), Method::Bye, b"sip:c@d");
    for field in message.fields() {
        out.copy(message, field);
    }
    out.finish(None)
}

/// A peer that takes a lone CR or LF for a line end sees the same lines as one that does not.
fn no_line_that_only_some_see(written: &[u8]) {
    let stray = written.windows(2).any(|pair| (pair[0] == b'\r') != (pair[1] == b'\n'));
    assert!(!stray && !written.contains(&0), "a stray CR, LF or NUL was written");
}

/// A response to any request reads back as one to that very request.
fn answered(request: &Message) {
    let response = respond(BytesMut::new(), request, ([192, 0, 2, 1], 5060).into(), 400, "", Some(b"ours"), true);
    let response = response.finish(None);
    no_line_that_only_some_see(&response);
    let response = Message::read(response).expect("a response is a message");
    assert_eq!(response.status(), Some(400));
    // A NUL goes out as a space, and what it stood in may come back as something else.
    if [Name::Via, Name::CSeq].iter().any(|&name| request.values(name).any(|value| value.contains(&0))) {
        return;
    }
    let number = |message: &Message| message.cseq().map(|(number, _)| number);
    assert!(request.cseq().is_none() || number(&response) == number(request));
    assert!(request.via().is_none() || response.via().is_some());
    // One that is no token may come back as something else: a line end as a space, an open quote with what follows it.
    let is_token =
        |branch: &[u8]| branch.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(byte));
    if let Some(branch) = request.via().and_then(|via| via.branch()).filter(|branch| is_token(branch)) {
        assert_eq!(response.via().and_then(|via| via.branch()), Some(branch));
    }
}
