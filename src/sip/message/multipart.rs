//! Bodies of several parts (RFC 2046 §5.1, RFC 5621), taken apart without changing a byte.

/// One part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
        let _ = media_type;
        todo!()
    }
}

/// Whether a Content-Type value's media type (without parameters) is `media_type`, in any case.
pub fn is_type(content_type: &[u8], media_type: &str) -> bool {
    let _ = (content_type, media_type);
    todo!()
}

/// The parts of a body, in order; nested multiparts are walked into (at most `DEPTH` deep) and their leaves given.
/// A body that is not multipart is one part with `content_type` as given. Tolerates a missing closing boundary,
/// quoted boundaries, white space behind a boundary, preamble and epilogue (RFC 2046 §5.1.1).
/// At most [`PARTS`] parts are given.
pub fn parts<'a>(content_type: &'a [u8], body: &'a [u8]) -> smallvec::SmallVec<[Part<'a>; 4]> {
    let _ = (content_type, body);
    todo!()
}

/// How deep multiparts may be nested before the inner ones are left closed.
pub const DEPTH: usize = 8;
/// How many parts are looked at.
pub const PARTS: usize = 64;
