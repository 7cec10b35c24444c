//! Reading and writing with callbox's own reader and writer: for service URNs and IPv6, which rsip refuses.
use super::message::{First, Heard, Message, Refused};
use crate::sip::message::{self as sip, Name, NameAddr, Writer};
use bytes::{Bytes, BytesMut};

/// Reads one message.
pub fn read(bytes: Bytes) -> Result<Heard, Refused> {
    let message = sip::Message::read(bytes.clone()).map_err(|_| refused("head"))?;
    let (cseq, _) = message.cseq().ok_or(refused("CSeq"))?;
    let cseq_text = message.value(Name::CSeq).map(text).unwrap_or_default();
    let first = match message.status() {
        Some(code) => First::Response(code, text(message.reason())),
        None => First::Request(text(message.method_text()), text(message.request_uri())),
    };
    Ok(Heard {
        call_id: text(message.call_id().ok_or(refused("Call-ID"))?),
        cseq,
        cseq_method: cseq_text.split_whitespace().nth(1).unwrap_or_default().to_owned(),
        branch: message.via().ok_or(refused("Via"))?.branch().map(text).unwrap_or_default(),
        from_tag: tag(message.from().ok_or(refused("From"))?).unwrap_or_default(),
        to_tag: tag(message.to().ok_or(refused("To"))?),
        contact: message.contact().map(|contact| text(contact.uri.text)),
        message: Message {
            first,
            fields: message.fields().iter().filter_map(|field| line(&message, field)).collect(),
            body: message.body(),
        },
        bytes,
    })
}

/// Writes one message.
pub fn write(message: &Message) -> Bytes {
    let buffer = BytesMut::with_capacity(1024);
    let mut writer = match &message.first {
        First::Request(method, uri) => Writer::request(buffer, sip::Method::read(method.as_bytes()), uri.as_bytes()),
        First::Response(code, reason) => Writer::response(buffer, *code, reason),
    };
    for (name, value) in &message.fields {
        if name != "Content-Type" {
            writer.other(name.as_bytes(), value.as_bytes());
        }
    }
    let content_type = message.field("Content-Type");
    writer.finish(content_type.map(|content_type| (content_type.as_bytes(), message.body.as_ref())))
}

fn line(message: &sip::Message, field: &sip::Field) -> Option<(String, String)> {
    if field.name == Name::ContentLength {
        return None;
    }
    let name = match field.name {
        Name::Other => text(message.field_name(field)),
        known => known.text().to_owned(),
    };
    Some((name, text(&sip::reader::unfold(message.field_value(field)))))
}

fn tag(address: NameAddr<'_>) -> Option<String> {
    address.tag().map(text)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

const fn refused(part: &'static str) -> Refused {
    Refused { codec: "callbox", part }
}
