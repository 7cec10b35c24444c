//! The lines of a description, and what the two readers of it look at.
use core::ops::Range;

/// One line: where it is with its line end, and its text without.
#[derive(Clone, Debug)]
pub(super) struct Line<'a> {
    pub(super) place: Range<usize>,
    pub(super) text: &'a [u8],
}

/// The lines of `text`, ended by CRLF or, from tolerable peers, by LF alone.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let mut from = 0;
    core::iter::from_fn(move || {
        let rest = text.get(from..).filter(|rest| !rest.is_empty())?;
        let to = memchr::memchr(b'\n', rest).map_or(text.len(), |end| from + end + 1);
        let place = from..to;
        from = to;
        Some(Line { text: text[place.clone()].trim_ascii_end(), place })
    })
}

/// The value of an attribute line of this name, in any case: `Some(b"")` when it has none.
pub(super) fn attribute<'a>(line: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let rest = line.strip_prefix(b"a=")?;
    let (found, value) = rest.split_at_checked(name.len())?;
    match value {
        _ if !found.eq_ignore_ascii_case(name.as_bytes()) => None,
        [] => Some(value),
        [b':', value @ ..] => Some(value),
        _ => None,
    }
}

/// An `m=` line, taken apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Media<'a> {
    pub(super) is_audio: bool,
    /// `None` when it cannot be a port.
    pub(super) port: Option<u16>,
    /// The formats, as written.
    pub(super) formats: &'a [u8],
}

impl<'a> Media<'a> {
    pub(super) fn read(line: &'a [u8]) -> Option<Media<'a>> {
        let (kind, rest) = word(line.strip_prefix(b"m=")?);
        let (port, rest) = word(rest);
        let (_, rest) = word(rest);
        let port = port.split(|&byte| byte == b'/').next().and_then(number);
        Some(Media { is_audio: kind.eq_ignore_ascii_case(b"audio"), port, formats: rest })
    }
}

/// The first word and what follows it.
pub(super) fn word(text: &[u8]) -> (&[u8], &[u8]) {
    let text = text.trim_ascii_start();
    text.split_at(text.iter().position(u8::is_ascii_whitespace).unwrap_or(text.len()))
}

/// The words of a line, from space to space.
pub(super) fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty())
}

/// Where `part`, borrowed from `whole`, stands in it.
pub(super) fn place_of(whole: &[u8], part: &[u8]) -> Range<usize> {
    let from = part.as_ptr().addr() - whole.as_ptr().addr();
    from..from + part.len()
}

/// What ends the lines of a description.
pub(super) fn line_end(text: &[u8]) -> &'static str {
    if memchr::memmem::find(text, b"\r\n").is_some() { "\r\n" } else { "\n" }
}

/// Digits and nothing else, as a number that fits.
pub(super) fn number(text: &[u8]) -> Option<u16> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u16, |sum, &byte| {
        let digit = byte.is_ascii_digit().then(|| byte - b'0')?;
        sum.checked_mul(10)?.checked_add(u16::from(digit))
    })
}

/// The payload type that an `rtpmap` or `fmtp` value begins with, and what follows it.
pub(super) fn payload(value: &[u8]) -> Option<(u16, &[u8])> {
    let (first, rest) = word(value);
    number(first).filter(|&payload| payload < 128).map(|payload| (payload, rest.trim_ascii_start()))
}

/// Whether an `rtpmap` encoding is this one, whatever its clock rate.
pub(super) fn is_encoding(encoding: &[u8], name: &str) -> bool {
    encoding.split(|&byte| byte == b'/').next().is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes()))
}

/// A set of payload types.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Payloads(u128);

impl Payloads {
    pub(super) fn insert(&mut self, payload: u16) {
        self.0 |= 1_u128.checked_shl(u32::from(payload)).unwrap_or(0);
    }
    pub(super) fn remove(&mut self, payload: u16) {
        self.0 &= !1_u128.checked_shl(u32::from(payload)).unwrap_or(0);
    }
    pub(super) fn has(self, payload: u16) -> bool {
        self.0 & 1_u128.checked_shl(u32::from(payload)).unwrap_or(0) != 0
    }
}
