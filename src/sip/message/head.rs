//! Finding the places of a message's parts: one pass over the head, nothing copied.
use super::lexis::{self, is_space};
use super::name::Names;
use super::scan;
use super::{Field, Method, Name, Start, Unreadable, limits};
use smallvec::SmallVec;

/// A place in the message's bytes: from, and to (not included).
pub(super) type Span = (u32, u32);

/// So many fields are kept without an allocation. A message is moved a few times on its way, so that more would cost.
const FIELDS_IN_PLACE: usize = 24;

/// What a message's Content-Length fields say together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentLength {
    /// There is none.
    Absent,
    /// So many bytes; several fields may say the same. A number too large for the type is `u32::MAX`.
    Bytes(u32),
    /// It is negative, not a number, or several fields differ (RFC 3261 §20.14).
    Unusable,
}

/// The places of a message's parts.
#[derive(Clone)]
pub(crate) struct Head {
    pub(super) start: Start,
    pub(super) version: Span,
    /// The method of a request; the status code of a response.
    pub(super) first: Span,
    /// The Request-URI of a request; the reason phrase of a response.
    pub(super) second: Span,
    pub(super) fields: SmallVec<[Field; FIELDS_IN_PLACE]>,
    /// The names among the fields.
    pub(super) names: Names,
    pub(super) dropped: u16,
    /// What the Content-Length fields say.
    pub(crate) length: ContentLength,
    /// Where the body begins; `None` when the empty line never came.
    pub(super) end: Option<usize>,
}

impl Head {
    /// A head of which nothing is known yet.
    pub(crate) fn unread() -> Head {
        Head {
            start: Start::Request(Method::Other),
            version: (0, 0),
            first: (0, 0),
            second: (0, 0),
            fields: SmallVec::new(),
            names: Names::default(),
            dropped: 0,
            length: ContentLength::Absent,
            end: None,
        }
    }

    /// Finds the parts of the head that `bytes` begin with. A head that does not end is read as far as it goes.
    pub(crate) fn scan(&mut self, bytes: &[u8]) -> Result<(), Unreadable> {
        let from = bytes.iter().position(|&byte| !is_idle(byte)).ok_or(Unreadable::Empty)?;
        let mut lines = Lines::over(bytes, from);
        let first = lines.next().ok_or(Unreadable::StartLine)?;
        if first.to - first.from > limits::START_LINE {
            return Err(Unreadable::TooLarge);
        }
        if first.broken {
            return Err(Unreadable::StartLine);
        }
        self.start_line(bytes, &bytes[first.from..first.to]).ok_or(Unreadable::StartLine)?;
        self.fields_of(bytes, &mut lines)
    }

    /// Reads a request line or status line (RFC 3261 §7.1, §7.2), tolerating more than one space and spaces at the end.
    fn start_line(&mut self, bytes: &[u8], line: &[u8]) -> Option<()> {
        let (first, rest) = word(lexis::trim_end(line))?;
        let span = |part: &[u8]| {
            let at = part.as_ptr().addr() - bytes.as_ptr().addr();
            (place(at), place(at + part.len()))
        };
        if is_version(first) {
            let (code, reason) = word(lexis::trim_start(rest))?;
            self.start = Start::Response(u16::try_from(lexis::digits(code)?).unwrap_or(u16::MAX));
            (self.version, self.first, self.second) = (span(first), span(code), span(lexis::trim_start(reason)));
            return Some(());
        }
        let gap = rest.iter().rposition(|&byte| is_space(byte))?;
        let (uri, version) = (lexis::trim(&rest[..gap]), &rest[gap + 1..]);
        if !is_version(version) || uri.is_empty() || !first.iter().copied().all(lexis::is_token) {
            return None;
        }
        self.start = Start::Request(Method::read(first));
        (self.version, self.first, self.second) = (span(version), span(first), span(uri));
        Some(())
    }

    fn fields_of(&mut self, bytes: &[u8], lines: &mut Lines<'_>) -> Result<(), Unreadable> {
        while let Some(mut field) = lines.next() {
            lines.end_within(limits::HEAD)?;
            if self.fields.len() == limits::FIELDS {
                self.drop_rest(bytes, field.from, lines.lf_only);
                let is_too_large = self.end.is_some_and(|end| end - lines.from > limits::HEAD);
                return if is_too_large { Err(Unreadable::TooLarge) } else { Ok(()) };
            }
            if field.from == field.to && field.next > field.to {
                self.end = Some(field.next);
                return Ok(());
            }
            if lines.go_on_with_a_fold() {
                lines.take_folds(&mut field)?;
            }
            self.keep(bytes, &field, lines.lf_only);
        }
        Ok(())
    }

    /// Passes what follows the last field that is kept, to where the head ends. A Content-Length there still counts: what
    /// is left out of a message must not move its end.
    #[cold]
    fn drop_rest(&mut self, bytes: &[u8], from: usize, lf_only: bool) {
        let empty: &[u8] = if lf_only { b"\n\n" } else { b"\r\n\r\n" };
        // the line end in front counts: the rest can begin with the empty line
        let before = from - empty.len() / 2;
        let end = memchr::memmem::find(&bytes[before..], empty).map(|at| before + at + empty.len() / 2);
        let dropped = &bytes[from..end.unwrap_or(bytes.len()).max(from)];
        let lines = dropped.split_inclusive(|&byte| byte == b'\n').filter(|line| !is_space(line[0]));
        for line in lines {
            self.dropped = self.dropped.saturating_add(1);
            let Some(colon) = line.iter().take(LONGEST_NAME).position(|&byte| byte == b':') else { continue };
            if Name::read(lexis::trim(&line[..colon])) == Name::ContentLength {
                self.length = self.length.and(lexis::trim(&line[colon + 1..]));
            }
        }
        self.end = end.map(|end| end + empty.len() / 2);
    }

    fn keep(&mut self, bytes: &[u8], line: &Line, lf_only: bool) {
        if line.next - line.from > limits::FIELD {
            self.dropped = self.dropped.saturating_add(1);
            return;
        }
        let text = &bytes[line.from..line.to];
        let colon = scan::find(text, b':').unwrap_or(text.len());
        let (written, behind) = text.split_at(colon);
        let (name, is_token) = match behind {
            [] => (Name::Other, false),
            _ => named(written),
        };
        let value = lexis::trim(behind.get(1..).unwrap_or(behind));
        if name == Name::ContentLength {
            self.length = self.length.and(value);
        }
        self.names.insert(name);
        let value_from = value.as_ptr().addr() - text.as_ptr().addr();
        self.fields.push(Field {
            name,
            plain: is_token && !line.broken && !lf_only,
            from: place(line.from),
            colon: within(colon),
            value: within(value_from),
            value_end: within(value_from + value.len()),
            end: within(line.next - line.from),
        });
    }
}

impl ContentLength {
    /// Takes one more field's value into account.
    fn and(self, value: &[u8]) -> ContentLength {
        let Some(number) = lexis::digits(value) else { return ContentLength::Unusable };
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        match self {
            ContentLength::Absent => ContentLength::Bytes(number),
            ContentLength::Bytes(before) if before == number => self,
            ContentLength::Bytes(_) | ContentLength::Unusable => ContentLength::Unusable,
        }
    }
}

/// The name that is written in front of a colon, and whether it is a token there, perhaps with spaces behind it.
fn named(written: &[u8]) -> (Name, bool) {
    match Name::read(written) {
        Name::Other => {
            let text = lexis::trim_end(written);
            let is_token = !text.is_empty() && text.iter().copied().all(lexis::is_token);
            (Name::read(lexis::trim_start(text)), is_token)
        }
        name => (name, true),
    }
}

/// How far a name is looked for in a line that is left out: further than any name of ours reaches.
const LONGEST_NAME: usize = 32;

/// What may stand between messages: line ends, and the spaces or NULs that some peers keep a path alive with.
fn is_idle(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n' | b' ' | 0)
}

/// Positions fit: [`super::Message::read`] refuses longer input before anything is scanned.
pub(super) fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// A position within a field fits too: a longer field than [`limits::FIELD`] is dropped.
fn within(at: usize) -> u16 {
    const { assert!(limits::FIELD <= u16::MAX as usize) }
    u16::try_from(at).unwrap_or(u16::MAX)
}

/// The bytes up to the first white space, and the rest from there.
fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = text.iter().position(|&byte| is_space(byte)).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

fn is_version(text: &[u8]) -> bool {
    text.len() > 4 && text[..4].eq_ignore_ascii_case(b"SIP/")
}

/// One line: its text and where the next begins. `broken` when a lone CR, a lone LF or NUL is inside.
struct Line {
    from: usize,
    to: usize,
    next: usize,
    broken: bool,
}

/// The lines of a head. They end with CRLF; a message without any CRLF in its head may end them with LF alone.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    from: usize,
    lf_only: bool,
}

impl<'a> Lines<'a> {
    fn over(bytes: &'a [u8], from: usize) -> Lines<'a> {
        Lines { bytes, at: from, from, lf_only: has_lf_ends(&bytes[from..]) }
    }

    fn next(&mut self) -> Option<Line> {
        let from = self.at;
        let rest = &self.bytes[from..];
        if rest.is_empty() {
            return None;
        }
        let (length, ending, broken) = match scan::control(rest) {
            Some(at) if !self.lf_only && rest[at..].starts_with(b"\r\n") => (at, 2, false),
            _ => odd_line(rest, self.lf_only),
        };
        self.at = from + length + ending;
        Some(Line { from, to: from + length, next: self.at, broken })
    }

    /// Whether the lines so far fit into a head of so many bytes.
    fn end_within(&self, limit: usize) -> Result<(), Unreadable> {
        if self.at - self.from > limit { Err(Unreadable::TooLarge) } else { Ok(()) }
    }

    /// Whether the next line continues the one before (RFC 3261 §7.3.1).
    fn go_on_with_a_fold(&self) -> bool {
        matches!(self.bytes.get(self.at), Some(b' ' | b'\t'))
    }

    /// Adds the folds of a line to it.
    #[cold]
    fn take_folds(&mut self, line: &mut Line) -> Result<(), Unreadable> {
        while self.go_on_with_a_fold() {
            let Some(fold) = self.next() else { break };
            self.end_within(limits::HEAD)?;
            (line.to, line.next) = (fold.to, fold.next);
            line.broken |= fold.broken;
        }
        Ok(())
    }
}

/// Whether the head's lines end with LF alone: the first line does, and no CRLF comes before its empty line.
fn has_lf_ends(bytes: &[u8]) -> bool {
    let Some(first) = memchr::memchr(b'\n', bytes) else { return false };
    if first > 0 && bytes[first - 1] == b'\r' {
        return false;
    }
    let end = memchr::memmem::find(bytes, b"\n\n").unwrap_or(bytes.len());
    memchr::memmem::find(&bytes[..end], b"\r\n").is_none()
}

/// Length of a line that has other controls than its CRLF, or no CRLF, of its ending, and whether it is broken.
#[cold]
fn odd_line(text: &[u8], lf_only: bool) -> (usize, usize, bool) {
    if lf_only { lf_line(text) } else { crlf_line(text) }
}

fn crlf_line(text: &[u8]) -> (usize, usize, bool) {
    let mut at = 0;
    while let Some(offset) = scan::control(&text[at..]) {
        at += offset;
        match &text[at..] {
            [b'\r', b'\n', ..] => return (at, 2, false),
            [control, ..] if !lexis::is_line_breaker(*control) => at += 1,
            // byte by byte from here: a search for each of 60,000 stray bytes would cost more than the bytes do
            rest => match rest.windows(2).position(|pair| pair == b"\r\n") {
                Some(offset) => return (at + offset, 2, true),
                None => return (text.len(), 0, true),
            },
        }
    }
    (text.len(), 0, false)
}

fn lf_line(text: &[u8]) -> (usize, usize, bool) {
    let (length, ending) = memchr::memchr(b'\n', text).map_or((text.len(), 0), |at| (at, 1));
    (length, ending, memchr::memchr2(b'\r', 0, &text[..length]).is_some())
}
