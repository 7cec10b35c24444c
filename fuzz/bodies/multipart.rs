//! A body of several parts: each part lies in the body, and none is made up or lost on the way.
use callbox::sip::message::multipart::{PARTS, is_type, parts};
use core::ops::Range;

/// Takes the body behind the first line of `data` apart; the first line is its Content-Type.
///
/// # Panics
/// When a part is not a piece of the body.
pub fn check(data: &[u8]) {
    let end = data.iter().position(|&byte| byte == b'\n').unwrap_or(data.len());
    let content_type = data[..end].trim_ascii_end();
    let body = data.get(end + 1..).unwrap_or_default();
    let found = parts(content_type, body);
    assert!(found.len() <= PARTS);
    let mut behind = 0;
    for part in &found {
        if let Some(whole) = place_of(body, part.bytes) {
            assert!(whole.start >= behind, "parts come in order and do not overlap");
            behind = whole.end;
            let content = place_of(body, part.content).unwrap_or(behind..behind);
            assert!(content.start >= whole.start && content.end == whole.end, "a part ends with its content");
        }
        let _ = (part.is("application/sdp"), is_type(part.content_type, "application/pidf+xml"));
        let _ = (part.content_id.len(), part.disposition.len(), part.encoding.len());
    }
    if !content_type.to_ascii_lowercase().trim_ascii_start().starts_with(b"multipart/") {
        assert_eq!(found.len(), 1, "what is not multipart is one part");
        assert_eq!(found[0].content, body);
    }
}

/// Where a piece stands in the body. An empty one may stand anywhere.
fn place_of(body: &[u8], piece: &[u8]) -> Option<Range<usize>> {
    if piece.is_empty() {
        return None;
    }
    let from = piece.as_ptr().addr().checked_sub(body.as_ptr().addr()).expect("a piece lies in the body");
    assert!(from + piece.len() <= body.len(), "a piece ends in the body");
    Some(from..from + piece.len())
}
