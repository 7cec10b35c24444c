//! `"Display" <uri>;params` and the bare `uri;params` (RFC 3261 §20.10, §25).
use super::{Uri, lexis, scan, uri};
use core::fmt;
use std::borrow::Cow;

/// An address with what stands around it: From, To, Contact, Route, Record-Route, Refer-To, P-Asserted-Identity.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct NameAddr<'a> {
    /// The display name as written, quotes and escapes included; empty when there is none.
    pub display: &'a [u8],
    /// The URI.
    pub uri: Uri<'a>,
    /// The header's parameters, from the first `;` (left out). In the form without angle brackets all parameters are
    /// the header's (RFC 3261 §20, RFC 8217).
    pub params: &'a [u8],
}

impl<'a> NameAddr<'a> {
    /// Reads one address (one element of a list). `None` for what the grammar does not allow and several readers read
    /// differently: quotes or brackets that do not close, white space inside the brackets, a comma in a display name
    /// without quotes, text between `>` and the first `;`. [`NameAddr::repaired`] reads most of these.
    pub fn read(text: &'a [u8]) -> Option<NameAddr<'a>> {
        Outline::read(text)?.fill()
    }

    /// Reads an address that [`NameAddr::read`] refused, for a call that must go on: what stands between the first `<`
    /// and the next `>`, trimmed, the parameters behind it, and no display name.
    #[cold]
    pub fn repaired(text: &'a [u8]) -> Option<NameAddr<'a>> {
        Outline::repaired(text).fill()
    }

    /// [`NameAddr::read`], else [`NameAddr::repaired`].
    pub fn read_or_repaired(text: &'a [u8]) -> Option<NameAddr<'a>> {
        NameAddr::read(text).or_else(|| NameAddr::repaired(text))
    }

    /// The `tag` parameter of an address as [`NameAddr::read_or_repaired`] has it, whatever its URI is: that is not
    /// looked into.
    pub fn tag_in(text: &'a [u8]) -> Option<&'a [u8]> {
        let outline = Outline::read(text).unwrap_or_else(|| Outline::repaired(text));
        param(outline.params, "tag").filter(|tag| !tag.is_empty())
    }

    /// A header parameter's value by name in any case; quotes stay. `Some(b"")` when it has none.
    pub fn param(&self, name: &str) -> Option<&'a [u8]> {
        param(self.params, name)
    }
    /// The `tag` parameter; `None` when absent or empty.
    pub fn tag(&self) -> Option<&'a [u8]> {
        self.param("tag").filter(|tag| !tag.is_empty())
    }
    /// The display name as people see it: without quotes, escapes undone.
    pub fn display_text(&self) -> Cow<'a, [u8]> {
        let text = lexis::unquoted(self.display);
        if text.len() == self.display.len() || scan::find(text, b'\\').is_none() {
            return Cow::Borrowed(text);
        }
        let mut plain = Vec::with_capacity(text.len());
        let mut bytes = text.iter();
        while let Some(&byte) = bytes.next() {
            plain.extend(if byte == b'\\' { bytes.next().copied() } else { Some(byte) });
        }
        Cow::Owned(plain)
    }
}

/// An address taken apart at its brackets, with the URI still unread.
struct Outline<'a> {
    display: &'a [u8],
    uri: &'a [u8],
    params: &'a [u8],
}

impl<'a> Outline<'a> {
    fn read(text: &'a [u8]) -> Option<Outline<'a>> {
        let text = lexis::trim(text);
        let Some(open) = bracket(text)? else { return Some(Outline::bare(text)) };
        let display = lexis::trim(&text[..open]);
        if !display.starts_with(b"\"") && scan::find_either(display, b',', b'"').is_some() {
            return None;
        }
        let close = open + scan::find(&text[open..], b'>')?;
        let uri = &text[open + 1..close];
        if uri.len() != lexis::trim(uri).len() {
            return None;
        }
        let params = match lexis::trim(&text[close + 1..]) {
            [] => &b""[..],
            [b';', params @ ..] => params,
            _ => return None,
        };
        Some(Outline { display, uri, params })
    }

    #[cold]
    fn repaired(text: &'a [u8]) -> Outline<'a> {
        let text = lexis::trim(text);
        let Some(open) = scan::find(text, b'<') else {
            return Outline::bare(lexis::trim(text.strip_prefix(b"\"").unwrap_or(text)));
        };
        let close = scan::find(&text[open..], b'>').map_or(text.len(), |offset| open + offset);
        let behind = text.get(close + 1..).unwrap_or(b"");
        let params = scan::find(behind, b';').map_or(&b""[..], |at| &behind[at + 1..]);
        Outline { display: b"", uri: &text[open + 1..close], params }
    }

    fn bare(text: &'a [u8]) -> Outline<'a> {
        let (uri, params) = match scan::find(text, b';') {
            Some(at) => (&text[..at], &text[at + 1..]),
            None => (text, &b""[..]),
        };
        Outline { display: b"", uri, params }
    }

    fn fill(self) -> Option<NameAddr<'a>> {
        Some(NameAddr { display: self.display, uri: Uri::read(self.uri)?, params: self.params })
    }
}

/// Shows the scheme alone: names and numbers are private.
impl fmt::Debug for NameAddr<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "NameAddr({:?})", self.uri)
    }
}

/// Where the `<` outside quotes is; the inner `None` when there is none, the outer when a quote does not close.
fn bracket(text: &[u8]) -> Option<Option<usize>> {
    let [b'"', ..] = text else { return Some(scan::find(text, b'<')) };
    let close = 1 + lexis::end_of_quote(&text[1..])?;
    let rest = lexis::trim_start(&text[close + 1..]);
    rest.starts_with(b"<").then(|| Some(text.len() - rest.len()))
}

/// Walks `;`-separated parameters outside quotes: name and value, both trimmed; value empty when there is none.
/// `text` is without the first `;`. Empty parameters are left out.
pub fn params(text: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = Some(text);
    core::iter::from_fn(move || {
        while let Some(text) = rest {
            let (param, behind) = lexis::cut(lexis::past(text, b';'), b';', false);
            rest = behind;
            let (name, value) = uri::split_value(param);
            if !name.is_empty() {
                return Some((name, value));
            }
        }
        None
    })
}

/// The first parameter of this name in any case.
pub(super) fn param<'a>(text: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let mut rest = Some(text);
    while let Some(text) = rest {
        let (param, behind) = lexis::cut(lexis::past(text, b';'), b';', false);
        rest = behind;
        let param = lexis::trim_start(param);
        // most parameters are another one, which their first letters tell
        if let Some((head, tail)) = param.split_at_checked(name.len())
            && head.eq_ignore_ascii_case(name.as_bytes())
        {
            match lexis::trim(tail) {
                [] => return Some(b""),
                [b'=', value @ ..] => return Some(lexis::trim_start(value)),
                _ => {}
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> NameAddr<'_> {
        NameAddr::read(text.as_bytes()).unwrap_or_else(|| panic!("{text} is an address"))
    }

    #[test]
    fn a_display_name_may_hold_anything_inside_its_quotes() {
        let address = read(r#" "Watson, <T> \"Doc\" \\" <sip:t@example.org;x=1> ; tag = abc ;y"#);
        assert_eq!(&*address.display_text(), br#"Watson, <T> "Doc" \"#);
        assert_eq!((address.uri.host, address.uri.param("x")), (&b"example.org"[..], Some(&b"1"[..])));
        assert_eq!((address.tag(), address.param("Y"), address.param("x")), (Some(&b"abc"[..]), Some(&b""[..]), None));
        assert_eq!(read("Caf\u{e9} 7 (desk)<sip:a@b>").display, "Caf\u{e9} 7 (desk)".as_bytes());
    }

    #[test]
    fn without_brackets_all_parameters_are_the_headers() {
        let address = read("sip:a@b;user=phone;tag=1");
        assert_eq!(
            (address.uri.params, address.tag(), address.param("user")),
            (&b""[..], Some(&b"1"[..]), Some(&b"phone"[..]))
        );
        let address = read("<tel:911>;tag=");
        assert_eq!((address.uri.user, address.tag()), (&b"911"[..], None));
    }

    #[test]
    fn what_readers_differ_about_is_refused_and_can_be_repaired() {
        let wrong = [
            r#""Mr. J. User <sip:j@example.com>;tag=5"#,
            r#""Watson" < sip:j@example.com >;tag=5"#,
            "Bell, Alexander <sip:j@example.com>;tag=5",
            "A <sip:j@example.com> junk;tag=5",
            "A \"B\" <sip:j@example.com>;tag=5",
        ];
        for text in wrong {
            assert!(NameAddr::read(text.as_bytes()).is_none(), "{text}");
            let repaired = NameAddr::repaired(text.as_bytes()).unwrap();
            assert_eq!(
                (repaired.display, repaired.uri.user, repaired.tag()),
                (&b""[..], &b"j"[..], Some(&b"5"[..])),
                "{text}"
            );
        }
        for text in ["", "*", "<>", "<sip:a@b", "\"open", "\"", "\\", "<", ">"] {
            assert!(NameAddr::read(text.as_bytes()).is_none(), "{text}");
        }
        assert_eq!(NameAddr::repaired(b"<sip:a@b").unwrap().uri.host, b"b");
    }

    #[test]
    fn a_tag_is_found_without_the_uri_and_in_what_must_be_repaired() {
        assert_eq!(NameAddr::tag_in(br#""A;tag=1" <sip:a@b;tag=2> ;x=y; Tag=3"#), Some(&b"3"[..]));
        assert_eq!(NameAddr::tag_in(b"sip:a@b;tag=4"), Some(&b"4"[..]));
        assert_eq!(NameAddr::tag_in(br#""Watson" < sip:j@example.com >;tag=5"#), Some(&b"5"[..]));
        assert_eq!(NameAddr::tag_in(b"<no uri>;tag=6"), Some(&b"6"[..]));
        assert_eq!((NameAddr::tag_in(b"<sip:a@b>;tag="), NameAddr::tag_in(b"<sip:a@b;tag=7>")), (None, None));
    }

    #[test]
    fn parameters_are_walked_in_order_with_their_quotes() {
        let found: Vec<_> = params(br#"a ; b = "x;y" ;; c=;=d"#).collect();
        assert_eq!(found, [(&b"a"[..], &b""[..]), (b"b", br#""x;y""#), (b"c", b"")]);
        assert_eq!(param(b"tagged=1;tag=2;tag=3", "TAG"), Some(&b"2"[..]));
    }
}
