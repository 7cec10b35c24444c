//! Bodies of several parts (RFC 2046 §5.1, RFC 5621), taken apart without changing a byte.
use super::{lexis, name_addr};
use arrayvec::ArrayVec;
use core::fmt;
use smallvec::SmallVec;

/// One part.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Part<'a> {
    /// The part as it came: headers, empty line and content, without the boundary lines around it.
    pub bytes: &'a [u8],
    /// Its Content-Type value as written, parameters included; empty when absent (then it is text/plain).
    pub content_type: &'a [u8],
    /// Its Content-ID without angle brackets; empty when absent.
    pub content_id: &'a [u8],
    /// Its Content-Disposition value as written; empty when absent.
    pub disposition: &'a [u8],
    /// Its Content-Transfer-Encoding; empty when absent.
    pub encoding: &'a [u8],
    /// Its content.
    pub content: &'a [u8],
}

impl Part<'_> {
    /// Whether the media type (without parameters) is this one, in any case.
    pub fn is(&self, media_type: &str) -> bool {
        is_type(or_plain(self.content_type), media_type)
    }
}

/// Shows sizes alone: bodies are private.
impl fmt::Debug for Part<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Part({} bytes)", self.content.len())
    }
}

/// Whether a Content-Type value's media type (without parameters) is `media_type`, in any case.
pub fn is_type(content_type: &[u8], media_type: &str) -> bool {
    let written = essence(content_type).iter().filter(|&&byte| !lexis::is_space(byte)).map(u8::to_ascii_lowercase);
    written.eq(media_type.bytes().map(|byte| byte.to_ascii_lowercase()))
}

/// The parts of a body, in order; nested multiparts are walked into (at most `DEPTH` deep) and their leaves given.
/// A body that is not multipart is one part with `content_type` as given. Tolerates a missing closing boundary,
/// quoted boundaries, white space behind a boundary, preamble and epilogue (RFC 2046 §5.1.1).
/// At most [`PARTS`] parts are given.
pub fn parts<'a>(content_type: &'a [u8], body: &'a [u8]) -> SmallVec<[Part<'a>; 4]> {
    let whole = Open { bytes: 0, content: Some(0), content_type, ..Open::at(0) };
    let mut walk = Walk { body, levels: ArrayVec::new(), open: None, parts: SmallVec::new(), searches: 0 };
    match boundary(content_type) {
        Some(boundary) => {
            walk.levels.push(Level { boundary, whole, entered: false });
            walk.run();
        }
        None => walk.give(&whole, body.len()),
    }
    walk.parts
}

/// The content of the first part of this media type (without parameters), where there is one.
pub fn first<'a>(content_type: &'a [u8], body: &'a [u8], media_type: &str) -> Option<&'a [u8]> {
    if boundary(content_type).is_none() {
        return is_type(or_plain(content_type), media_type).then_some(body);
    }
    parts(content_type, body).iter().find(|part| part.is(media_type)).map(|part| part.content)
}

/// How deep multiparts may be nested before the inner ones are left closed.
pub const DEPTH: usize = 8;
/// How many parts are looked at.
pub const PARTS: usize = 64;
/// How many lines a part's headers may have; its content begins behind the last of them.
const HEADER_LINES: u8 = 64;
/// The longest boundary that is looked for, in bytes; RFC 2046 allows 70.
const BOUNDARY: usize = 200;

/// A part that has begun.
#[derive(Clone, Copy)]
struct Open<'a> {
    bytes: usize,
    /// Where the content begins; `None` while its headers are read.
    content: Option<usize>,
    content_type: &'a [u8],
    content_id: &'a [u8],
    disposition: &'a [u8],
    encoding: &'a [u8],
    /// Where the header being read began.
    header: Option<usize>,
    /// How many lines of headers there were.
    lines: u8,
}

impl Open<'_> {
    const fn at(bytes: usize) -> Self {
        let none: &[u8] = b"";
        Open {
            bytes,
            content: None,
            content_type: none,
            content_id: none,
            disposition: none,
            encoding: none,
            header: None,
            lines: 0,
        }
    }
}

/// A multipart that has been entered.
struct Level<'a> {
    boundary: &'a [u8],
    /// The multipart itself, given as one part when its boundary never comes.
    whole: Open<'a>,
    entered: bool,
}

/// One pass over the lines, whatever the depth: each line that begins with two hyphens is compared with the boundaries
/// that are open, innermost first; an outer one ends what is inside it.
struct Walk<'a> {
    body: &'a [u8],
    levels: ArrayVec<Level<'a>, DEPTH>,
    open: Option<Open<'a>>,
    parts: SmallVec<[Part<'a>; 4]>,
    searches: usize,
}

impl<'a> Walk<'a> {
    fn run(&mut self) {
        let mut at = 0;
        while at < self.body.len() && !self.levels.is_empty() && self.parts.len() < PARTS {
            if self.open.is_none_or(|open| open.content.is_some()) && !self.body[at..].starts_with(b"--") {
                at = self.next_candidate(at);
                continue;
            }
            let rest = &self.body[at..];
            let next = memchr::memchr(b'\n', rest).map_or(self.body.len(), |end| at + end + 1);
            let line = lexis::trim_end(&self.body[at..next]);
            match self.delimiter(line) {
                Some((level, closing)) => self.pass_delimiter(level, closing, at, next),
                None => self.pass_line(line, at, next),
            }
            at = next;
        }
        self.leave(0, self.body.len());
    }

    /// The next line that begins with two hyphens, past lines of content.
    fn next_candidate(&mut self, at: usize) -> usize {
        let rest = &self.body[at..];
        self.searches += 1;
        // where candidates are as thick as text, looking at each byte costs less than a search for each
        let found = if self.searches < 4 * PARTS {
            memchr::memmem::find(rest, b"\n--")
        } else {
            rest.windows(3).position(|bytes| bytes == b"\n--")
        };
        found.map_or(self.body.len(), |offset| at + offset + 1)
    }

    /// Which open multipart this line separates, and whether it closes it.
    fn delimiter(&self, line: &[u8]) -> Option<(usize, bool)> {
        let text = line.strip_prefix(b"--")?;
        let first = text.first()?;
        let matching = |level: &Level<'_>| {
            // most lines differ in their first byte, and there may be as many lines as the body has room for
            if level.boundary.first() != Some(first) {
                return None;
            }
            match text.strip_prefix(level.boundary)? {
                [] => Some(false),
                b"--" => Some(true),
                _ => None,
            }
        };
        self.levels.iter().enumerate().rev().find_map(|(index, level)| matching(level).map(|closing| (index, closing)))
    }

    fn pass_delimiter(&mut self, level: usize, closing: bool, at: usize, next: usize) {
        // the line end in front of a delimiter belongs to the delimiter
        let before = &self.body[..at];
        let before = before.strip_suffix(b"\n").map_or(before, |text| text.strip_suffix(b"\r").unwrap_or(text));
        self.leave(level + 1, before.len());
        self.levels[level].entered = true;
        if closing {
            self.levels.truncate(level);
        } else {
            self.open = Some(Open::at(next));
        }
    }

    fn pass_line(&mut self, line: &'a [u8], at: usize, next: usize) {
        let Some(open) = &mut self.open else { return };
        if open.content.is_some() {
            return;
        }
        let folded = matches!(self.body[at], b' ' | b'\t') && !line.is_empty();
        if !folded {
            open.header = (!line.is_empty()).then_some(at);
        }
        open.lines += 1;
        if let Some(from) = open.header {
            open.take_header(&self.body[from..next]);
        }
        if line.is_empty() || open.lines == HEADER_LINES {
            open.content = Some(next);
            self.enter();
        }
    }

    /// Walks into the part that has just begun, if it is a multipart.
    fn enter(&mut self) {
        let Some(open) = self.open else { return };
        let Some(boundary) = boundary(open.content_type) else { return };
        if self.levels.try_push(Level { boundary, whole: open, entered: false }).is_ok() {
            self.open = None;
        }
    }

    /// Ends what is open, down to `keep` levels: the part at hand, and multiparts whose boundary never came.
    fn leave(&mut self, keep: usize, end: usize) {
        if let Some(open) = self.open.take() {
            self.give(&open, end);
        }
        while self.levels.len() > keep {
            if let Some(level) = self.levels.pop()
                && !level.entered
            {
                self.give(&level.whole, end);
            }
        }
    }

    fn give(&mut self, open: &Open<'a>, end: usize) {
        if self.parts.len() == PARTS {
            return;
        }
        let from = |at: usize| self.body.get(at..end).unwrap_or(b"");
        self.parts.push(Part {
            bytes: from(open.bytes),
            content_type: open.content_type,
            content_id: open.content_id,
            disposition: open.disposition,
            encoding: open.encoding,
            content: open.content.map_or(b"", from),
        });
    }
}

impl<'a> Open<'a> {
    /// Takes a header in, with the folds that came so far.
    fn take_header(&mut self, text: &'a [u8]) {
        let name_end = text.iter().take(64).position(|&byte| byte == b':');
        let Some(colon) = name_end else { return };
        let value = lexis::trim(&text[colon + 1..]);
        let name = lexis::trim(&text[..colon]);
        if name.eq_ignore_ascii_case(b"Content-Type") || name.eq_ignore_ascii_case(b"c") {
            self.content_type = value;
        } else if name.eq_ignore_ascii_case(b"Content-ID") {
            self.content_id = value.strip_prefix(b"<").map_or(value, |id| id.strip_suffix(b">").unwrap_or(id));
        } else if name.eq_ignore_ascii_case(b"Content-Disposition") {
            self.disposition = value;
        } else if name.eq_ignore_ascii_case(b"Content-Transfer-Encoding") {
            self.encoding = value;
        }
    }
}

/// What a body is that does not say what it is.
fn or_plain(content_type: &[u8]) -> &[u8] {
    if content_type.is_empty() { b"text/plain" } else { content_type }
}

/// The media type without parameters.
fn essence(content_type: &[u8]) -> &[u8] {
    memchr::memchr(b';', content_type).map_or(content_type, |at| &content_type[..at])
}

/// The boundary of a multipart type; `None` for any other type, and when it is absent, empty or too long.
fn boundary(content_type: &[u8]) -> Option<&[u8]> {
    let multipart = lexis::trim(essence(content_type)).get(..10)?.eq_ignore_ascii_case(b"multipart/");
    let params = &content_type[essence(content_type).len()..];
    let value = name_addr::param(params.get(1..)?, "boundary").map(lexis::unquoted)?;
    let value = lexis::trim_end(value);
    (multipart && !value.is_empty() && value.len() <= BOUNDARY).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(content_type: &str, body: &str) -> Vec<String> {
        let parts = parts(content_type.as_bytes(), body.as_bytes());
        parts.iter().map(|part| String::from_utf8(part.content.to_vec()).unwrap()).collect()
    }
    const MIXED: &str = "multipart/mixed;boundary=b";

    #[test]
    fn a_body_of_one_part_is_that_part() {
        let parts = parts(b"application/sdp;x=y", b"v=0\r\n");
        assert_eq!((parts.len(), parts[0].content, parts[0].bytes), (1, &b"v=0\r\n"[..], &b"v=0\r\n"[..]));
        assert!(parts[0].is("Application/SDP"));
    }

    #[test]
    fn parts_come_with_their_headers_and_without_the_lines_between_them() {
        let body = "preamble\r\n--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n\r\n--b  \r\nc:application/pidf+xml;\r\n charset=x\r\n\
                    content-id : <a@b>\r\nContent-Disposition: by-reference\r\nContent-Transfer-Encoding: 8bit\r\n\r\n<p/>\r\n--b--\r\nepilogue\r\n--b\r\n\r\nno";
        let found = parts(MIXED.as_bytes(), body.as_bytes());
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].content, found[0].is("application/sdp")), (&b"v=0\r\n"[..], true));
        assert_eq!(found[0].bytes, b"Content-Type: application/sdp\r\n\r\nv=0\r\n");
        assert!(found[1].is("application/pidf+xml"));
        assert_eq!((found[1].content, found[1].content_id), (&b"<p/>"[..], &b"a@b"[..]));
        assert_eq!((found[1].disposition, found[1].encoding), (&b"by-reference"[..], &b"8bit"[..]));
    }

    #[test]
    fn a_boundary_is_matched_whole() {
        assert_eq!(contents(MIXED, "--b\r\n\r\n--b2\r\n--\r\n --b\r\nx--b\r\n--b--"), ["--b2\r\n--\r\n --b\r\nx--b"]);
        assert_eq!(contents("Multipart/Related ; boundary = \"a b\"", "--a b\r\n\r\nx\r\n--a b--"), ["x"]);
    }

    #[test]
    fn what_is_not_closed_ends_with_the_body() {
        assert_eq!(contents(MIXED, "--b\r\n\r\nx\r\n"), ["x\r\n"]);
        assert_eq!(contents(MIXED, "--b\n\nx\n--b\n\ny"), ["x", "y"]);
        assert_eq!(contents(MIXED, "--b\r\nContent-Type: a/b\r\n"), [""]);
        assert_eq!(contents(MIXED, "--b\r\n\r\nx\r\n--b\r\n"), ["x", ""]);
    }

    #[test]
    fn nested_parts_come_out_flat_and_in_order() {
        let inner = "--c\r\n\r\n1\r\n--c\r\n\r\n2\r\n--c--\r\n";
        let body =
            format!("--b\r\nContent-Type: multipart/alternative;boundary=c\r\n\r\n{inner}\r\n--b\r\n\r\n3\r\n--b--");
        assert_eq!(contents(MIXED, &body), ["1", "2", "3"]);
        // the outer boundary ends an inner part that was never closed
        let body = "--b\r\nc: multipart/mixed;boundary=c\r\n\r\n--c\r\n\r\n1\r\n--b\r\n\r\n2\r\n--b--";
        assert_eq!(contents(MIXED, body), ["1", "2"]);
    }

    #[test]
    fn a_multipart_without_its_boundary_is_one_part() {
        assert_eq!(contents(MIXED, "nothing here"), ["nothing here"]);
        assert_eq!(contents("multipart/mixed", "--b\r\n\r\nx"), ["--b\r\n\r\nx"]);
        assert_eq!(contents("multipart/mixed;boundary=\"\"", "--\r\n\r\nx"), ["--\r\n\r\nx"]);
        assert_eq!(contents(MIXED, "--b\r\nc: multipart/mixed;boundary=z\r\n\r\nx\r\n--b--"), ["x"]);
    }

    #[test]
    fn no_more_than_the_limits_is_walked() {
        let headers = format!("--b\r\n{}c: a/b\r\n\r\nx", "X: y\r\n".repeat(HEADER_LINES.into()));
        assert_eq!(contents(MIXED, &headers), ["c: a/b\r\n\r\nx"]);
        assert_eq!(contents(MIXED, &"--b\r\n\r\nx\r\n".repeat(1000)).len(), PARTS);
        let deep: String = (0..1000)
            .map(|level| format!("--b{level}\r\nc: multipart/mixed;boundary=b{}\r\n\r\n", level + 1))
            .collect();
        let found = parts(b"multipart/mixed;boundary=b0", deep.as_bytes());
        assert_eq!(found.len(), 1);
        assert!(found[0].is("multipart/mixed"));
    }
}
