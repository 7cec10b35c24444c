//! A message of the lab in plain words, and the two ways to read and write one: with rsip and with our own
//! [`crate::sip::message`]. The far ends and the phone speak in these words, so that one end can be built on either.
use super::{own_codec, rsip_codec};
use crate::sip::message::writer::reason_phrase;
use bytes::Bytes;

/// Which implementation reads and writes a far end's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// rsip: an implementation that shares no code with the router. It knows neither `urn:` Request-URIs nor IPv6.
    Rsip,
    /// Our own reader and writer.
    Own,
}

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum First {
    /// A request: its method and Request-URI as written.
    Request(String, String),
    /// A response: its code and reason phrase.
    Response(u16, String),
}

/// A message: its first line, its header fields in order under their long names, its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The first line.
    pub first: First,
    /// The header fields but Content-Length: name and value.
    pub fields: Vec<(String, String)>,
    /// The body; its Content-Type is among the fields.
    pub body: Bytes,
}

/// A message that came in, with what transactions and dialogs go by, as its [`Codec`] understood it.
#[derive(Clone, Debug)]
pub struct Heard {
    /// What it says.
    pub message: Message,
    /// The message as it came.
    pub bytes: Bytes,
    /// The Call-ID.
    pub call_id: String,
    /// The CSeq's number.
    pub cseq: u32,
    /// The CSeq's method.
    pub cseq_method: String,
    /// The branch of the topmost Via; empty when it has none.
    pub branch: String,
    /// The From tag; empty when it has none.
    pub from_tag: String,
    /// The To tag.
    pub to_tag: Option<String>,
    /// The first Contact's URI.
    pub contact: Option<String>,
}

/// Why a message could not be read or written; it names the part and never its value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{codec} refuses its {part}")]
pub struct Refused {
    /// Who refuses: `rsip` or `callbox`.
    pub codec: &'static str,
    /// What: `head`, `Via`, `CSeq` …
    pub part: &'static str,
}

impl Codec {
    /// Reads one whole message.
    pub fn read(self, bytes: Bytes) -> Result<Heard, Refused> {
        match self {
            Codec::Rsip => rsip_codec::read(bytes),
            Codec::Own => own_codec::read(bytes),
        }
    }

    /// Writes one message; Content-Length is the writer's.
    pub fn write(self, message: &Message) -> Result<Bytes, Refused> {
        match self {
            Codec::Rsip => rsip_codec::write(message),
            Codec::Own => Ok(own_codec::write(message)),
        }
    }
}

impl Message {
    /// A request without fields or body.
    pub fn request(method: &str, uri: &str) -> Message {
        Message { first: First::Request(method.into(), uri.into()), fields: Vec::new(), body: Bytes::new() }
    }

    /// A response without fields or body.
    pub fn response(code: u16) -> Message {
        Message { first: First::Response(code, reason_phrase(code).into()), fields: Vec::new(), body: Bytes::new() }
    }

    /// The same with one more field.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Message {
        self.fields.push((name.into(), value.into()));
        self
    }

    /// The same with a session description.
    pub fn with_sdp(mut self, sdp: String) -> Message {
        self.body = sdp.into();
        self.with("Content-Type", "application/sdp")
    }

    /// The method of a request, empty for a response.
    pub fn method(&self) -> &str {
        match &self.first {
            First::Request(method, _) => method,
            First::Response(..) => "",
        }
    }

    /// The Request-URI, empty for a response.
    pub fn uri(&self) -> &str {
        match &self.first {
            First::Request(_, uri) => uri,
            First::Response(..) => "",
        }
    }

    /// The code of a response, 0 for a request.
    pub fn code(&self) -> u16 {
        match self.first {
            First::Response(code, _) => code,
            First::Request(..) => 0,
        }
    }

    /// The first value of a header, its name in any case.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields_of(name).next()
    }

    /// All values of a header, one an occurrence.
    pub fn fields_of<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |(its, _)| its.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}
