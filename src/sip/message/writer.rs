//! The writer: one buffer, from the start line to the body, in order.
use super::{Field, Message, Method, Name};
use bytes::{Bytes, BytesMut};

/// Writes one message. Content-Length is written by [`Writer::finish`] and nowhere else.
#[derive(Debug)]
pub struct Writer {
    out: BytesMut,
}

impl Writer {
    /// Starts a request.
    pub fn request(buffer: BytesMut, method: Method, uri: &[u8]) -> Writer {
        let _ = (buffer, method, uri);
        todo!()
    }
    /// Starts a response; an empty reason takes the code's usual phrase.
    pub fn response(buffer: BytesMut, code: u16, reason: &str) -> Writer {
        let _ = (buffer, code, reason);
        todo!()
    }
    /// One header field. CR and LF inside a value are replaced by a space: a value can never add a line.
    pub fn field(&mut self, name: Name, value: impl AsRef<[u8]>) -> &mut Writer {
        let _ = (name, value.as_ref());
        todo!()
    }
    /// One header field whose name has no [`Name`].
    pub fn other(&mut self, name: &[u8], value: &[u8]) -> &mut Writer {
        let _ = (name, value);
        todo!()
    }
    /// One header field put together by `value`, which writes into the buffer; the name, colon and CRLF are written
    /// around it. For composed values on the hot path; the value must not contain CR or LF.
    pub fn field_with(&mut self, name: Name, value: impl FnOnce(&mut BytesMut)) -> &mut Writer {
        let _ = (name, value);
        todo!()
    }
    /// A field of another message, byte for byte.
    pub fn copy(&mut self, from: &Message, field: &Field) -> &mut Writer {
        let _ = (from, field);
        todo!()
    }
    /// All fields of this name of another message, byte for byte, in order.
    pub fn copy_all(&mut self, from: &Message, name: Name) -> &mut Writer {
        let _ = (from, name);
        todo!()
    }
    /// Ends the head, writes the body and gives the message's bytes. `body` comes with its Content-Type; `None` writes
    /// `Content-Length: 0`.
    pub fn finish(self, body: Option<(&[u8], &[u8])>) -> Bytes {
        let _ = body;
        todo!()
    }
}

/// The usual reason phrase of a status code (RFC 3261 §21 and its extensions).
pub const fn reason_phrase(code: u16) -> &'static str {
    let _ = code;
    ""
}
