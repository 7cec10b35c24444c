//! The reader.
use super::head::{ContentLength, Head, Span, place};
use super::{Method, Name, NameAddr, Uri, Via, lexis, limits, scan};
use bytes::Bytes;
use core::cell::OnceCell;
use core::fmt;
use std::borrow::Cow;

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
    /// A response with its status code, 100 to 699; other numbers are kept as they came, those over 65535 as 65535.
    Response(u16),
}

/// One header field, as places in the message's bytes, counted from where its line begins. A line without a colon is one too: [`Name::Other`], its text as
/// the name, an empty value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: Name,
    /// Whether its bytes may be written to another peer as they are: a token, a colon, no stray CR, LF or NUL.
    pub(super) plain: bool,
    pub(super) from: u32,
    pub(super) colon: u16,
    pub(super) value: u16,
    pub(super) value_end: u16,
    /// Behind the line end.
    pub(super) end: u16,
}

impl Field {
    /// Whether the line had a colon; without one it is no header field, only kept.
    pub fn has_colon(&self) -> bool {
        self.colon < self.value
    }

    fn span(&self, from: u16, end: u16) -> Span {
        (self.from + u32::from(from), self.from + u32::from(end))
    }
}

/// A message as it came, with the places of its parts.
#[derive(Clone)]
pub struct Message {
    bytes: Bytes,
    head: Head,
    body: Span,
    fault: Option<Unreadable>,
    /// Where the tags are, once they were asked for: much asks for them.
    from_tag: OnceCell<Option<Span>>,
    to_tag: OnceCell<Option<Span>>,
}

impl Message {
    /// Finds the parts of a whole message (a datagram, or what [`crate::sip::framing`] cut out of a stream).
    ///
    /// The body is what Content-Length says; bytes behind it are not part of the message (RFC 3261 §18.3). Without a
    /// Content-Length, or with one that is unusable ([`Message::content_length`]), it reaches to the end.
    pub fn read(bytes: Bytes) -> Result<Message, Unreadable> {
        let message = Message::read_head(bytes)?;
        match message.fault {
            None => Ok(message),
            Some(fault) => Err(fault),
        }
    }

    /// Like [`Message::read`], for bytes that it refused with [`Unreadable::Body`] or [`Unreadable::Head`]: what is
    /// there is framed anyway, so that a request can be answered 400 or an emergency call goes on with what came.
    /// [`Message::fault`] says what is missing.
    pub fn read_head(bytes: Bytes) -> Result<Message, Unreadable> {
        if bytes.len() > limits::HEAD + limits::BODY {
            return Err(Unreadable::TooLarge);
        }
        let [from_tag, to_tag] = [OnceCell::new(), OnceCell::new()];
        let mut message = Message { bytes, head: Head::unread(), body: (0, 0), fault: None, from_tag, to_tag };
        message.head.scan(&message.bytes)?;
        let end = message.bytes.len();
        let from = message.head.end.unwrap_or(end);
        let there = end - from;
        let length = match message.head.length {
            ContentLength::Bytes(length) => length as usize,
            ContentLength::Absent | ContentLength::Unusable => there,
        };
        if length.min(there) > limits::BODY {
            return Err(Unreadable::TooLarge);
        }
        message.body = (place(from), place(from + length.min(there)));
        message.fault = match message.head.end {
            None => Some(Unreadable::Head),
            Some(_) => (length > there).then_some(Unreadable::Body),
        };
        Ok(message)
    }

    /// What kept [`Message::read`] from taking a message that [`Message::read_head`] took.
    pub fn fault(&self) -> Option<Unreadable> {
        self.fault
    }
    /// How many header fields were left out because they were past a limit ([`limits`]).
    pub fn dropped(&self) -> u16 {
        self.head.dropped
    }
    /// What the Content-Length fields say together, for judging; [`Message::body`] already allows for it.
    pub fn content_length(&self) -> ContentLength {
        self.head.length
    }

    /// The message as it came.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }
    /// The start line.
    pub fn start(&self) -> Start {
        self.head.start
    }
    /// The method of a request, `None` for a response.
    pub fn method(&self) -> Option<Method> {
        match self.head.start {
            Start::Request(method) => Some(method),
            Start::Response(_) => None,
        }
    }
    /// The method's text: also for `Method::Other`. Empty for a response.
    pub fn method_text(&self) -> &[u8] {
        match self.head.start {
            Start::Request(_) => self.at(self.head.first),
            Start::Response(_) => b"",
        }
    }
    /// The status code of a response, `None` for a request.
    pub fn status(&self) -> Option<u16> {
        match self.head.start {
            Start::Request(_) => None,
            Start::Response(code) => Some(code),
        }
    }
    /// The reason phrase of a response.
    pub fn reason(&self) -> &[u8] {
        match self.head.start {
            Start::Request(_) => b"",
            Start::Response(_) => self.at(self.head.second),
        }
    }
    /// The Request-URI as written; empty for a response.
    pub fn request_uri(&self) -> &[u8] {
        match self.head.start {
            Start::Request(_) => self.at(self.head.second),
            Start::Response(_) => b"",
        }
    }
    /// The SIP version as written, `SIP/2.0`.
    pub fn version(&self) -> &[u8] {
        self.at(self.head.version)
    }
    /// All header fields in order.
    pub fn fields(&self) -> &[Field] {
        &self.head.fields
    }
    /// A field's name as it was written.
    pub fn field_name(&self, field: &Field) -> &[u8] {
        lexis::trim(self.at(field.span(0, field.colon)))
    }
    /// A field's value as it was written, trimmed; may contain folds (CRLF and white space), see [`unfold`].
    pub fn field_value(&self, field: &Field) -> &[u8] {
        self.at(field.span(field.value, field.value_end))
    }
    /// A field's whole line(s) as they came, with the CRLF that ends them.
    pub fn field_line(&self, field: &Field) -> &[u8] {
        self.at(field.span(0, field.end))
    }
    /// Whether there is a header of this name.
    pub fn has(&self, name: Name) -> bool {
        self.head.names.has(name)
    }
    /// The first value of a header: the whole field value, not split at commas.
    pub fn value(&self, name: Name) -> Option<&[u8]> {
        self.values(name).next()
    }
    /// All field values of a header, one an occurrence, not split at commas.
    pub fn values(&self, name: Name) -> impl Iterator<Item = &[u8]> {
        let fields = if self.has(name) { &self.head.fields[..] } else { &[] };
        fields.iter().filter(move |field| field.name == name).map(|field| self.field_value(field))
    }
    /// All elements of a list header, split at commas outside quotes and angle brackets (RFC 3261 §7.3.1), trimmed,
    /// empty ones left out.
    pub fn list(&self, name: Name) -> impl Iterator<Item = &[u8]> {
        let fields = if self.has(name) { self.head.fields.iter() } else { [].iter() };
        List { message: self, name, fields, rest: None }
    }
    /// Whether a list header has this token, in any case (`Require: 100rel`); its parameters do not matter.
    pub fn has_token(&self, name: Name, token: &str) -> bool {
        self.list(name)
            .any(|element| lexis::trim(lexis::cut(element, b';', false).0).eq_ignore_ascii_case(token.as_bytes()))
    }
    /// The topmost Via.
    pub fn via(&self) -> Option<Via<'_>> {
        self.first(Name::Via).and_then(Via::read)
    }
    /// The branch of the topmost Via; `None` when absent or empty. The rest of it is not looked into.
    pub fn branch(&self) -> Option<&[u8]> {
        self.first(Name::Via).and_then(Via::branch_in)
    }
    /// The From header, repaired where it is not as the grammar has it: a bad display name costs no call. Whoever must
    /// refuse such a one reads the value with [`NameAddr::read`].
    pub fn from(&self) -> Option<NameAddr<'_>> {
        self.value(Name::From).and_then(NameAddr::read_or_repaired)
    }
    /// The To header, repaired as [`Message::from`].
    pub fn to(&self) -> Option<NameAddr<'_>> {
        self.value(Name::To).and_then(NameAddr::read_or_repaired)
    }
    /// The tag of the From header; `None` when absent or empty. Its URI is not looked into.
    pub fn from_tag(&self) -> Option<&[u8]> {
        self.tag(&self.from_tag, Name::From)
    }
    /// The tag of the To header, as [`Message::from_tag`].
    pub fn to_tag(&self) -> Option<&[u8]> {
        self.tag(&self.to_tag, Name::To)
    }

    fn tag(&self, known: &OnceCell<Option<Span>>, name: Name) -> Option<&[u8]> {
        let find = || {
            let tag = NameAddr::tag_in(self.value(name)?)?;
            let from = tag.as_ptr().addr() - self.bytes.as_ptr().addr();
            Some((place(from), place(from + tag.len())))
        };
        known.get_or_init(find).map(|span| self.at(span))
    }
    /// The first Contact, repaired as [`Message::from`]; `None` when absent, `*` or past repair.
    pub fn contact(&self) -> Option<NameAddr<'_>> {
        self.first(Name::Contact).and_then(NameAddr::read_or_repaired)
    }
    /// The Call-ID, `None` when absent or empty.
    pub fn call_id(&self) -> Option<&[u8]> {
        self.value(Name::CallId).filter(|value| !value.is_empty())
    }
    /// The CSeq number (below 2^31) and method; the method's text decides `Other`.
    pub fn cseq(&self) -> Option<(u32, Method)> {
        let value = self.value(Name::CSeq)?;
        let gap = value.iter().position(|&byte| lexis::is_space(byte))?;
        let number = u32::try_from(lexis::digits(&value[..gap])?).ok().filter(|&number| number < 1 << 31)?;
        Some((number, Method::read(lexis::trim(&value[gap..]))))
    }
    /// A header that is one unsigned number, as Max-Forwards or RSeq; `None` when absent, unreadable or over 2^32-1.
    pub fn number(&self, name: Name) -> Option<u32> {
        u32::try_from(lexis::digits(self.value(name)?)?).ok()
    }
    /// The body, cut to Content-Length.
    pub fn body(&self) -> Bytes {
        self.bytes.slice(self.body.0 as usize..self.body.1 as usize)
    }

    /// The body, borrowed.
    pub fn body_slice(&self) -> &[u8] {
        self.at(self.body)
    }
    /// The first element of a list header.
    pub fn first(&self, name: Name) -> Option<&[u8]> {
        self.list(name).next()
    }

    fn at(&self, span: Span) -> &[u8] {
        &self.bytes[span.0 as usize..span.1 as usize]
    }
}

/// Shows the shape and nothing of the content: numbers, names and bodies are private.
impl fmt::Debug for Message {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Message")
            .field("start", &self.head.start)
            .field("fields", &self.head.fields.len())
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

/// The elements of a list header.
struct List<'a> {
    message: &'a Message,
    name: Name,
    fields: core::slice::Iter<'a, Field>,
    /// What is left of the field at hand.
    rest: Option<&'a [u8]>,
}

impl<'a> Iterator for List<'a> {
    type Item = &'a [u8];

    #[inline(never)]
    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            if let Some(element) = next_element(&mut self.rest) {
                return Some(element);
            }
            let field = self.fields.find(|field| field.name == self.name)?;
            self.rest = Some(self.message.field_value(field));
        }
    }
}

/// The elements of one list value, split at commas outside quotes and angle brackets, trimmed, empty ones left out.
pub fn elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(value);
    core::iter::from_fn(move || next_element(&mut rest))
}

fn next_element<'a>(rest: &mut Option<&'a [u8]>) -> Option<&'a [u8]> {
    while let Some(text) = rest.take() {
        let (element, behind) = lexis::cut(lexis::past(text, b','), b',', true);
        *rest = behind;
        let element = lexis::trim(element);
        if !element.is_empty() {
            return Some(element);
        }
    }
    None
}

/// A value with its folds replaced by one space each (RFC 3261 §7.3.1); borrowed when there are none.
pub fn unfold(value: &[u8]) -> Cow<'_, [u8]> {
    if scan::find_either(value, b'\r', b'\n').is_none() {
        return Cow::Borrowed(value);
    }
    let mut flat = Vec::with_capacity(value.len());
    let mut at = 0;
    while at < value.len() {
        if matches!(value[at], b'\r' | b'\n') {
            flat.truncate(lexis::trim_end(&flat).len());
            flat.push(b' ');
            at = value.len() - lexis::trim_start(&value[at..]).len();
        } else {
            flat.push(value[at]);
            at += 1;
        }
    }
    Cow::Owned(flat)
}

/// Reads a `Uri` out of text; a shorthand for [`Uri::read`].
pub fn uri(text: &[u8]) -> Option<Uri<'_>> {
    Uri::read(text)
}
