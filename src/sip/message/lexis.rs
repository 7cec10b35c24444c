//! The smallest words of the grammar: white space, tokens, numbers, and separators outside quotes (RFC 3261 §25.1).
//! As the searches of [`scan`], each is there once and not in each place that uses it.
use super::scan;

/// Space, tab, and the line ends that a fold leaves inside a value.
pub(crate) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// A character that a token may have (RFC 3261 §25.1, which has fewer than HTTP).
pub(crate) const fn is_token(byte: u8) -> bool {
    TOKEN[byte as usize]
}

const TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        table[byte as usize] = byte.is_ascii_alphanumeric();
        byte += 1;
    }
    let others = b"-.!%*_+`'~";
    let mut at = 0;
    while at < others.len() {
        table[others[at] as usize] = true;
        at += 1;
    }
    table
};

/// A character that ends or bends a line where a lenient peer reads it: it never goes out inside a value.
pub(crate) const fn is_line_breaker(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n' | 0)
}

/// `text` without the white space in front of it.
#[inline(never)]
pub(crate) const fn trim_start(mut text: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = text {
        if !is_space(*first) {
            break;
        }
        text = rest;
    }
    text
}

/// `text` without the white space behind it.
#[inline(never)]
pub(crate) const fn trim_end(mut text: &[u8]) -> &[u8] {
    while let [rest @ .., last] = text {
        if !is_space(*last) {
            break;
        }
        text = rest;
    }
    text
}

/// `text` without the white space around it.
#[inline(never)]
pub(crate) const fn trim(text: &[u8]) -> &[u8] {
    trim_end(trim_start(text))
}

/// `text` without the separators in front of it: thousands of empty elements are passed in one step.
pub(crate) const fn past(mut text: &[u8], separator: u8) -> &[u8] {
    while let [first, rest @ ..] = text {
        if *first != separator {
            break;
        }
        text = rest;
    }
    text
}

/// Digits and nothing else, as a number that stops at `u64::MAX`; `None` without digits or with anything else.
#[inline(never)]
pub(crate) fn digits(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |sum, &byte| {
        byte.is_ascii_digit().then(|| sum.saturating_mul(10).saturating_add(u64::from(byte - b'0')))
    })
}

/// Cuts `text` at the first `separator` outside quotes, and outside angle brackets when `angled`. The second is what
/// follows the separator, `None` when there was none. A quote or bracket that never closes takes the rest with it, so
/// walking a whole value is linear whatever it holds.
#[inline(never)]
pub(crate) fn cut(text: &[u8], separator: u8, angled: bool) -> (&[u8], Option<&[u8]>) {
    let opener = if angled { b'<' } else { b'"' };
    let stop = scan::find_any(text, [separator, b'"', opener]);
    match stop {
        None => (text, None),
        Some(at) if text[at] == separator => (&text[..at], Some(&text[at + 1..])),
        Some(at) => cut_quoted(text, at, separator, angled),
    }
}

/// The slow half of [`cut`]: from `at`, where a quote or bracket opens.
fn cut_quoted(text: &[u8], mut at: usize, separator: u8, angled: bool) -> (&[u8], Option<&[u8]>) {
    let (mut quoted, mut bracketed) = (false, false);
    while at < text.len() {
        match text[at] {
            b'\\' if quoted => at += 1,
            b'"' if !bracketed => quoted = !quoted,
            b'<' if angled && !quoted => bracketed = true,
            b'>' if angled && !quoted => bracketed = false,
            byte if byte == separator && !quoted && !bracketed => return (&text[..at], Some(&text[at + 1..])),
            _ => {}
        }
        at += 1;
    }
    (text, None)
}

/// Where the quote is that ends a quoted string, whose text is without the one that begins it. Byte by byte: strings are
/// short, and a peer may send nothing but quotes and escapes.
pub(super) fn end_of_quote(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    while *text.get(at)? != b'"' {
        at += if text[at] == b'\\' { 2 } else { 1 };
    }
    Some(at)
}

/// The content of a quoted string, escapes as they are; anything else as it came.
pub(crate) fn unquoted(text: &[u8]) -> &[u8] {
    match text {
        [b'"', inner @ .., b'"'] => inner,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_separator_inside_quotes_or_brackets_does_not_cut() {
        assert_eq!(cut(br#""a,b" <sip:c,d>,e"#, b',', true), (&br#""a,b" <sip:c,d>"#[..], Some(&b"e"[..])));
        assert_eq!(cut(br#"a="x\";y";b"#, b';', false), (&br#"a="x\";y""#[..], Some(&b"b"[..])));
        assert_eq!(cut(b"a long first element, and another", b',', true).0, b"a long first element");
        assert_eq!(cut(br#"a long first "ele,ment", and another"#, b',', true).0, br#"a long first "ele,ment""#);
    }

    #[test]
    fn what_never_closes_takes_the_rest() {
        assert_eq!(cut(br#""open, and, on"#, b',', true), (&br#""open, and, on"#[..], None));
        assert_eq!(cut(b"<open, and, on", b',', true), (&b"<open, and, on"[..], None));
    }

    #[test]
    fn a_token_has_no_character_that_only_http_allows_in_one() {
        assert!(b"aZ09-.!%*_+`'~".iter().all(|&byte| is_token(byte)));
        assert!(!b"#$&^| \t:;,=@/\"<>()[]{}?\\\0\x7f\xe9".iter().any(|&byte| is_token(byte)));
    }

    #[test]
    fn numbers_are_digits_alone_and_stop_at_the_largest() {
        assert_eq!(digits(b"0068"), Some(68));
        assert_eq!(digits(b"99999999999999999999999"), Some(u64::MAX));
        assert_eq!(digits(b""), None);
        assert_eq!(digits(b"-1"), None);
    }
}
