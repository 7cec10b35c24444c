//! The start of every response (RFC 3261 §8.2.6).
use super::message::reader::unfold;
use super::message::{Field, Message, Name, NameAddr, Via, Writer};
use bytes::BytesMut;
use core::net::SocketAddr;

/// Starts a response to `request`, which came from `source`: the status line (an empty reason takes the usual phrase),
/// all Vias with the top one saying where the request came from, From, To with `to_tag` unless it has a tag already,
/// Call-ID and CSeq; in a 100 also Timestamp. `with_record_route` copies Record-Route as well: for what makes a dialog
/// (RFC 3261 §12.1.1). Without a To the Request-URI stands for it: no response may lack one. The caller adds its own
/// fields and finishes.
pub fn respond(
    buffer: BytesMut,
    request: &Message,
    source: SocketAddr,
    code: u16,
    reason: &str,
    to_tag: Option<&[u8]>,
    with_record_route: bool,
) -> Writer {
    let mut out = Writer::response(buffer, code, reason);
    let mut is_top = true;
    for field in request.fields() {
        match field.name {
            Name::Via if is_top => {
                is_top = false;
                top_via(&mut out, request, field, source);
            }
            Name::To => to(&mut out, request, field, to_tag),
            Name::Via | Name::From | Name::CallId | Name::CSeq => {
                out.copy(request, field);
            }
            Name::RecordRoute if with_record_route => {
                out.copy(request, field);
            }
            Name::Timestamp if code == 100 => {
                out.copy(request, field);
            }
            _ => {}
        }
    }
    if !request.has(Name::To) {
        stand_in_for_to(&mut out, request, to_tag);
    }
    out
}

#[cold]
fn stand_in_for_to(out: &mut Writer, request: &Message, to_tag: Option<&[u8]>) {
    out.field_with(Name::To, |text| {
        text.extend_from_slice(&[b"<", request.request_uri(), b">"].concat());
        to_tag.into_iter().for_each(|tag| text.extend_from_slice(&[b";tag=", tag].concat()));
    });
}

/// The first Via field. It may hold more Vias behind the top one; these stay as they are.
fn top_via(out: &mut Writer, request: &Message, field: &Field, source: SocketAddr) {
    let value = request.field_value(field);
    let parts = request.first(Name::Via).and_then(|top| Some((top, value.strip_prefix(top)?)));
    let Some((top, rest)) = parts else {
        out.copy(request, field);
        return;
    };
    let top = unfold(top);
    let Some(via) = Via::read(&top) else {
        out.copy(request, field);
        return;
    };
    out.field_with(Name::Via, |value| {
        via.write_received(value, source);
        value.extend_from_slice(&unfold(rest));
    });
}

fn to(out: &mut Writer, request: &Message, field: &Field, to_tag: Option<&[u8]>) {
    let value = request.field_value(field);
    match to_tag.filter(|_| NameAddr::tag_in(value).is_none()) {
        None => {
            out.copy(request, field);
        }
        Some(tag) => {
            out.field_with(Name::To, |text| {
                text.extend_from_slice(&unfold(value));
                text.extend_from_slice(b";tag=");
                text.extend_from_slice(tag);
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn response(request: &str, code: u16, with_record_route: bool) -> String {
        let request = Message::read(Bytes::from(request.replace('\n', "\r\n"))).unwrap();
        let source = "192.0.2.99:5070".parse().unwrap();
        let out = respond(BytesMut::new(), &request, source, code, "", Some(b"ours"), with_record_route);
        String::from_utf8(out.finish(None).to_vec()).unwrap().replace("\r\n", "\n")
    }

    const INVITE: &str = "INVITE sip:911@192.0.2.1 SIP/2.0
v: SIP/2.0/UDP pbx.example;branch=z9hG4bK1;rport, SIP/2.0/UDP inner;branch=z9hG4bK2
Via: SIP/2.0/TCP innermost
Max-Forwards: 70
Record-Route: <sip:one;lr>, <sip:two;lr>
f: <sip:a@pbx.example>;tag=theirs
To: <sip:911@192.0.2.1>
i: one
CSeq: 1 INVITE
Timestamp: 54

";

    #[test]
    fn a_response_says_where_the_request_came_from_and_keeps_all_else_as_it_was() {
        let expected = "SIP/2.0 180 Ringing
Via: SIP/2.0/UDP pbx.example;branch=z9hG4bK1;rport=5070;received=192.0.2.99, SIP/2.0/UDP inner;branch=z9hG4bK2
Via: SIP/2.0/TCP innermost
Record-Route: <sip:one;lr>, <sip:two;lr>
f: <sip:a@pbx.example>;tag=theirs
To: <sip:911@192.0.2.1>;tag=ours
i: one
CSeq: 1 INVITE
Content-Length: 0

";
        assert_eq!(response(INVITE, 180, true), expected);
    }

    #[test]
    fn only_what_makes_a_dialog_has_record_route_and_only_a_100_the_timestamp() {
        assert!(!response(INVITE, 486, false).contains("Record-Route"));
        assert!(!response(INVITE, 486, false).contains("Timestamp"));
        assert!(response(INVITE, 100, false).contains("\nTimestamp: 54\n"));
    }

    #[test]
    fn a_to_that_has_a_tag_keeps_it() {
        let bye = INVITE.replace("To: <sip:911@192.0.2.1>", "To: <sip:911@192.0.2.1>;tag=older");
        assert!(response(&bye, 200, false).contains("\nTo: <sip:911@192.0.2.1>;tag=older\n"));
    }

    #[test]
    fn a_folded_via_and_a_folded_to_add_no_line() {
        let folded = INVITE.replace("pbx.example;branch", "pbx.example\n ;branch").replace("To: ", "To: \"A\n B\" ");
        let response = response(&folded, 200, false);
        assert!(response.contains("pbx.example;branch=z9hG4bK1;rport=5070"), "{response}");
        assert!(response.contains("\nTo: \"A B\" <sip:911@192.0.2.1>;tag=ours\n"), "{response}");
        let lines = response.lines().filter(|line| line.starts_with(' ')).count();
        assert_eq!(lines, 0);
    }
}
