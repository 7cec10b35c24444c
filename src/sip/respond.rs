//! The start of every response (RFC 3261 §8.2.6).
use super::message::reader::unfold;
use super::message::{Field, Message, Name, NameAddr, Via, Writer};
use bytes::BytesMut;
use core::net::SocketAddr;

/// Starts a response to `request`, which came from `source`: the status line (an empty reason takes the usual phrase),
/// all Vias with the top one saying where the request came from, From, To with `to_tag` unless it has a tag already,
/// Call-ID and CSeq; in a 100 also Timestamp. `with_record_route` copies Record-Route as well: for what makes a dialog
/// (RFC 3261 §12.1.1). The caller adds its own fields and finishes.
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
    out
}

/// The first Via field. It may hold more Vias behind the top one; these stay as they are.
fn top_via(out: &mut Writer, request: &Message, field: &Field, source: SocketAddr) {
    let value = request.field_value(field);
    let parts = request.list(Name::Via).next().and_then(|top| Some((top, value.strip_prefix(top)?)));
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
        value.extend_from_slice(rest);
    });
}

fn to(out: &mut Writer, request: &Message, field: &Field, to_tag: Option<&[u8]>) {
    let value = request.field_value(field);
    match to_tag.filter(|_| NameAddr::read(value).is_none_or(|to| to.tag().is_none())) {
        None => {
            out.copy(request, field);
        }
        Some(tag) => {
            out.field_with(Name::To, |text| {
                text.extend_from_slice(value);
                text.extend_from_slice(b";tag=");
                text.extend_from_slice(tag);
            });
        }
    }
}
