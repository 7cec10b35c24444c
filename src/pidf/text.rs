//! Text within XML.
use bytes::BytesMut;
use quick_xml::events::BytesRef;
use std::borrow::Cow;

/// Appends text with what XML reserves escaped. Characters that no XML 1.0 document may have are left out.
pub fn push_escaped(out: &mut BytesMut, text: &str) {
    let mut kept = 0;
    for (place, letter) in text.char_indices() {
        let instead = match letter {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '"' => "&quot;",
            '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{1_0000}'.. => continue,
            _ => "",
        };
        out.extend_from_slice(&text.as_bytes()[kept..place]);
        out.extend_from_slice(instead.as_bytes());
        kept = place + letter.len_utf8();
    }
    out.extend_from_slice(&text.as_bytes()[kept..]);
}

/// Appends `<name>text</name>`.
pub fn push_element(out: &mut BytesMut, name: &str, text: &str) {
    push_all(out, &["<", name, ">"]);
    push_escaped(out, text);
    push_all(out, &["</", name, ">"]);
}

/// Appends markup as it is.
pub fn push_all(out: &mut BytesMut, parts: &[&str]) {
    for part in parts {
        out.extend_from_slice(part.as_bytes());
    }
}

/// A document's text by its byte order mark, else as UTF-8, else byte for byte as ISO 8859-1, which every document is.
/// `None` for broken UTF-16.
pub fn decoded(document: &[u8]) -> Option<Cow<'_, str>> {
    let wide = |units: &[u8], order: fn([u8; 2]) -> u16| {
        let units = units.as_chunks().0.iter().map(|unit| order(*unit));
        char::decode_utf16(units).collect::<Result<String, _>>().ok().map(Cow::Owned)
    };
    match document {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        _ => {
            let document = document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document);
            let latin = || Cow::Owned(document.iter().map(|&byte| char::from(byte)).collect());
            Some(core::str::from_utf8(document).map_or_else(|_| latin(), Cow::Borrowed))
        }
    }
}

/// The character that a reference stands for. Without a DTD there are no others than these.
pub fn resolved(reference: &BytesRef<'_>) -> Option<char> {
    match &*reference.xml10_content() {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => reference.resolve_char_ref().ok().flatten(),
    }
}
