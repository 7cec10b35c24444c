//! The two requests that a transaction makes by itself out of its INVITE.
use crate::sip::cseq;
use crate::sip::message::{Message, Method, Name, Writer};
use bytes::{Bytes, BytesMut};

/// The ACK to a refusal (RFC 3261 §17.1.1.3). `None` when `invite` is not a request.
pub fn ack(invite: &Message, refusal: &Message) -> Option<Bytes> {
    let mut out = like(invite, Method::Ack)?;
    let to = if refusal.value(Name::To).is_some() { refusal } else { invite };
    copy_first(&mut out, to, Name::To);
    Some(out.finish(None))
}

/// The CANCEL of an INVITE (RFC 3261 §9.1). `reason` is the value of a Reason header (RFC 3326). `None` when `invite`
/// is not a request.
pub fn cancel(invite: &Message, reason: Option<&str>) -> Option<Bytes> {
    let mut out = like(invite, Method::Cancel)?;
    copy_first(&mut out, invite, Name::To);
    if let Some(reason) = reason {
        out.field(Name::Reason, reason);
    }
    Some(out.finish(None))
}

/// What both have in common with their INVITE: Request-URI, top Via, Route, From, Call-ID and the CSeq number.
fn like(invite: &Message, method: Method) -> Option<Writer> {
    invite.method()?;
    let (number, _) = invite.cseq()?;
    let mut out = Writer::request(BytesMut::with_capacity(512), method, invite.request_uri());
    out.field(Name::Via, invite.via()?.text);
    out.field(Name::MaxForwards, "70");
    out.copy_all(invite, Name::Route);
    copy_first(&mut out, invite, Name::From);
    copy_first(&mut out, invite, Name::CallId);
    cseq::write(&mut out, number, method.text().as_bytes());
    // The very one that the INVITE had (RFC 7989 §7).
    out.copy_all(invite, Name::SessionId);
    Some(out)
}

fn copy_first(out: &mut Writer, from: &Message, name: Name) {
    if let Some(field) = from.fields().iter().find(|field| field.name == name) {
        out.copy(from, field);
    }
}
