//! The CSeq field as we write it (RFC 3261 §20.16).
use super::message::writer::put_number;
use super::message::{Name, Writer};
use bytes::BufMut;

/// Writes `CSeq: number method`.
pub fn write(out: &mut Writer, number: u32, method: &[u8]) {
    out.field_with(Name::CSeq, |value| {
        put_number(value, number);
        value.put_u8(b' ');
        value.put_slice(method);
    });
}
