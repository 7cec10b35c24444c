//! Every way in which the readers are known to differ, who is right, and why. A row holds only where what it says of the
//! message is so.
use crate::said::{Difference, Part, What};
use callbox::sip::message::{ContentLength, Message, Name, Start};

/// Whom ours is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    Rsip,
    Sipx,
}

/// Who reads it as the RFC named in the row has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// callbox.
    Ours,
    /// The other. Then the row says why callbox reads it all the same.
    Theirs,
    /// The RFC leaves it open, or it is no SIP and nobody has to read it in one way.
    Neither,
}

/// What a side makes of the part.
#[derive(Clone, Copy, Debug)]
pub enum Side {
    Read,
    Absent,
    /// It cannot be read, and the reader's reason has these words.
    Refused(&'static str),
    /// Any of these.
    Any,
}

/// A message that two readers differ about.
pub struct Case<'a> {
    pub bytes: &'a [u8],
    /// As far as our reader takes it.
    pub message: Option<&'a Message>,
    pub difference: &'a Difference,
    /// What sipx-sip, which reads SIP alone, makes of the part; nothing when it refuses the message.
    pub strict: Option<&'a Part>,
}

/// One kind of difference.
pub struct Row {
    pub name: &'static str,
    pub reader: Reader,
    pub what: &'static [What],
    pub ours: Side,
    pub theirs: Side,
    pub holds: fn(&Case<'_>) -> bool,
    pub right: Right,
    /// The section that says so.
    pub section: &'static str,
    pub why: &'static str,
}

impl Row {
    /// Whether this row explains the difference.
    pub fn explains(&self, reader: Reader, case: &Case<'_>) -> bool {
        let Difference { what, ours, theirs } = case.difference;
        let is_such = self.reader == reader && self.what.contains(what);
        is_such && self.ours.is(ours) && self.theirs.is(theirs) && (self.holds)(case)
    }
}

impl Side {
    fn is(self, part: &Part) -> bool {
        match (self, part) {
            (Side::Any, _) | (Side::Read, Part::Is(_)) | (Side::Absent, Part::Absent) => true,
            (Side::Refused(reason), Part::Unreadable(why)) => why.contains(reason),
            _ => false,
        }
    }
}

impl Case<'_> {
    /// The head as it stands, without the empty line.
    pub fn head(&self) -> &[u8] {
        let end = self.bytes.windows(4).position(|end| end == b"\r\n\r\n");
        &self.bytes[..end.unwrap_or(self.bytes.len())]
    }

    /// The first line, as far as it is not folded.
    pub fn start_line(&self) -> &[u8] {
        let end = self.bytes.windows(2).position(|end| end == b"\r\n").unwrap_or(self.bytes.len());
        &self.bytes[..end]
    }

    /// Whether the first line does not end with a version of SIP.
    pub fn is_of_another_protocol(&self) -> bool {
        let last = self.start_line().rsplit(u8::is_ascii_whitespace).next().unwrap_or_default();
        !last.starts_with(b"SIP/") || last == b"SIP/" || last.contains(&0)
    }

    /// Whether white space begins the message, or the line behind its first.
    pub fn is_folded_at_its_beginning(&self) -> bool {
        let behind = &self.bytes[self.start_line().len()..];
        let is_space = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
        is_space(self.bytes.first()) || is_space(behind.get(2))
    }

    /// Whether the first line has not exactly three parts with one space between them.
    pub fn has_strange_spaces(&self) -> bool {
        let parts: Vec<_> = self.start_line().split(|&byte| byte == b' ').collect();
        parts.len() != 3 || parts.contains(&&b""[..]) || self.bytes[self.start_line().len()..].get(2) == Some(&b' ')
    }

    /// Whether any header field is so, by its name as written and its value.
    pub fn any_field(&self, test: fn(&[u8], &[u8]) -> bool) -> bool {
        let Some(message) = self.message else { return false };
        message.fields().iter().any(|field| test(message.field_name(field), message.field_value(field)))
    }

    /// The first value of the header that the difference is about, without white space around it.
    pub fn value(&self) -> &[u8] {
        self.name().and_then(|name| self.message?.value(name)).unwrap_or_default()
    }

    /// Its whole line.
    pub fn line(&self) -> &[u8] {
        let Some((message, name)) = self.message.zip(self.name()) else { return b"" };
        message
            .fields()
            .iter()
            .find(|field| field.name == name)
            .map(|field| message.field_line(field))
            .unwrap_or_default()
    }

    /// The header that the difference is about.
    fn name(&self) -> Option<Name> {
        Some(match self.difference.what {
            What::FromTag => Name::From,
            What::ToTag => Name::To,
            What::Branch => Name::Via,
            What::CSeq => Name::CSeq,
            What::CallId => Name::CallId,
            What::Length => Name::ContentLength,
            What::Message | What::Start | What::Names | What::Values | What::Body => return None,
        })
    }

    /// What an address that the difference is about has between its brackets, or from its beginning.
    pub fn address(&self) -> &[u8] {
        let open = self.value().iter().position(|&byte| byte == b'<');
        &self.value()[open.map_or(0, |open| open + 1)..]
    }

    /// Whether what stands there is not of the grammar: the strictest reader refuses it.
    pub fn is_no_sip(&self) -> bool {
        !matches!(self.strict, Some(Part::Is(_) | Part::Absent))
    }

    pub fn length(&self) -> Option<ContentLength> {
        self.message.map(Message::content_length)
    }

    pub fn start(&self) -> Option<Start> {
        self.message.map(Message::start)
    }

    /// The Request-URI as we read it.
    pub fn uri(&self) -> &[u8] {
        self.message.map(Message::request_uri).unwrap_or_default()
    }

    /// A CR without its LF, or an LF without its CR, in the head.
    pub fn has_stray_line_end(&self) -> bool {
        is_stray(self.head())
    }
}

/// Whether a CR stands without its LF or an LF without its CR.
pub fn is_stray(text: &[u8]) -> bool {
    let lone_lf = text.iter().enumerate().any(|(at, &byte)| byte == b'\n' && (at == 0 || text[at - 1] != b'\r'));
    let lone_cr = text.iter().enumerate().any(|(at, &byte)| byte == b'\r' && text.get(at + 1) != Some(&b'\n'));
    lone_lf || lone_cr
}

/// The token of RFC 3261 §25.1, to the letter.
pub fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(byte))
}
