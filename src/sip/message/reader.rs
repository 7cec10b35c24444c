//! The reader.
use super::{Method, Name, NameAddr, Uri, Via};
use bytes::Bytes;
use smallvec::SmallVec;

/// Why bytes could not be framed as a SIP message. Nothing can be answered to most of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Nothing but line ends: a keep-alive (RFC 5626 §3.5.1, RFC 3261 §7.5).
    #[error("an empty message or keep-alive")]
    Empty,
    /// The first line is neither a request line nor a status line.
    #[error("no SIP start line")]
    StartLine,
    /// The head does not end with an empty line.
    #[error("the header block does not end")]
    Head,
    /// The body is shorter than Content-Length says (RFC 3261 §18.3): a request gets 400, a response is dropped.
    #[error("the body is shorter than its Content-Length")]
    Body,
    /// More bytes than the limit.
    #[error("larger than the limit")]
    TooLarge,
}

/// The start line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// A request.
    Request(Method),
    /// A response with its status code, 100 to 699; other numbers are kept as they came.
    Response(u16),
}

/// One header field, as places in the message's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: Name,
    pub(super) line: (u32, u32),
    pub(super) colon: u32,
    pub(super) value: (u32, u32),
}

/// A message as it came, with the places of its parts.
#[derive(Clone, Debug)]
pub struct Message {
    pub(super) bytes: Bytes,
    pub(super) start: Start,
    pub(super) fields: SmallVec<[Field; 32]>,
    pub(super) body: (u32, u32),
}

impl Message {
    /// Finds the parts of a whole message (a datagram, or what [`crate::sip::framing`] cut out of a stream).
    pub fn read(bytes: Bytes) -> Result<Message, Unreadable> {
        let _ = bytes;
        todo!()
    }

    /// The message as it came.
    pub fn bytes(&self) -> &Bytes {
        todo!()
    }
    /// The start line.
    pub fn start(&self) -> Start {
        self.start
    }
    /// The method of a request, `None` for a response.
    pub fn method(&self) -> Option<Method> {
        todo!()
    }
    /// The method's text: also for `Method::Other`. Empty for a response.
    pub fn method_text(&self) -> &[u8] {
        todo!()
    }
    /// The status code of a response, `None` for a request.
    pub fn status(&self) -> Option<u16> {
        todo!()
    }
    /// The reason phrase of a response.
    pub fn reason(&self) -> &[u8] {
        todo!()
    }
    /// The Request-URI as written; empty for a response.
    pub fn request_uri(&self) -> &[u8] {
        todo!()
    }
    /// The SIP version as written, `SIP/2.0`.
    pub fn version(&self) -> &[u8] {
        todo!()
    }
    /// All header fields in order.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }
    /// A field's name as it was written.
    pub fn field_name(&self, field: &Field) -> &[u8] {
        let _ = field;
        todo!()
    }
    /// A field's value as it was written, trimmed; may contain folds (CRLF and white space), see [`unfold`].
    pub fn field_value(&self, field: &Field) -> &[u8] {
        let _ = field;
        todo!()
    }
    /// A field's whole line(s) as they came, with the CRLF that ends them.
    pub fn field_line(&self, field: &Field) -> &[u8] {
        let _ = field;
        todo!()
    }
    /// The first value of a header: the whole field value, not split at commas.
    pub fn value(&self, name: Name) -> Option<&[u8]> {
        let _ = name;
        todo!()
    }
    /// All field values of a header, one an occurrence, not split at commas.
    pub fn values(&self, name: Name) -> impl Iterator<Item = &[u8]> {
        let _ = name;
        core::iter::empty()
    }
    /// All elements of a list header, split at commas outside quotes and angle brackets (RFC 3261 §7.3.1), trimmed,
    /// empty ones left out.
    pub fn list(&self, name: Name) -> impl Iterator<Item = &[u8]> {
        let _ = name;
        core::iter::empty()
    }
    /// Whether a list header has this token, in any case (`Require: 100rel`).
    pub fn has_token(&self, name: Name, token: &str) -> bool {
        let _ = (name, token);
        todo!()
    }
    /// The topmost Via.
    pub fn via(&self) -> Option<Via<'_>> {
        todo!()
    }
    /// The From header.
    pub fn from(&self) -> Option<NameAddr<'_>> {
        todo!()
    }
    /// The To header.
    pub fn to(&self) -> Option<NameAddr<'_>> {
        todo!()
    }
    /// The first Contact; `None` when absent, `*` or unreadable.
    pub fn contact(&self) -> Option<NameAddr<'_>> {
        todo!()
    }
    /// The Call-ID, `None` when absent or empty.
    pub fn call_id(&self) -> Option<&[u8]> {
        todo!()
    }
    /// The CSeq number (below 2^31) and method; the method's text decides `Other`.
    pub fn cseq(&self) -> Option<(u32, Method)> {
        todo!()
    }
    /// A header that is one unsigned number, as Max-Forwards or RSeq; `None` when absent, unreadable or over 2^32-1.
    pub fn number(&self, name: Name) -> Option<u32> {
        let _ = name;
        todo!()
    }
    /// The body, cut to Content-Length.
    pub fn body(&self) -> Bytes {
        todo!()
    }
}

/// A value with its folds replaced by one space each (RFC 3261 §7.3.1); borrowed when there are none.
pub fn unfold(value: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    let _ = value;
    todo!()
}

/// Reads a `Uri` out of text; a shorthand for [`Uri::read`].
pub fn uri(text: &[u8]) -> Option<Uri<'_>> {
    Uri::read(text)
}
