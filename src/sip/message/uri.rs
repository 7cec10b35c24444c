//! URIs: `sip:`, `sips:`, `tel:`, `urn:` and any other scheme kept as it came (RFC 3261 §19.1, RFC 3966, RFC 5031).
use super::{lexis, scan};
use core::fmt;
use std::borrow::Cow;

/// A URI's scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each is the scheme of its name")]
pub enum Scheme {
    Sip,
    Sips,
    Tel,
    Urn,
    Other,
}

/// A URI, borrowed from where it was read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Uri<'a> {
    /// The whole text, as it came.
    pub text: &'a [u8],
    /// The scheme.
    pub scheme: Scheme,
    /// `sip`: the user part, still escaped, without password; `tel`: the number; `urn`: what follows `urn:`. Empty if
    /// there is none.
    pub user: &'a [u8],
    /// `sip`: the password, still escaped. Empty if there is none.
    pub password: &'a [u8],
    /// `sip`: the host, an IPv6 one without brackets. Empty for others.
    pub host: &'a [u8],
    /// `sip`: the port, when it is written.
    pub port: Option<u16>,
    /// The parameters, from the first `;` (left out), still escaped. For `sip` those of the URI, not of the user part.
    pub params: &'a [u8],
    /// What follows `?` (left out).
    pub headers: &'a [u8],
}

impl<'a> Uri<'a> {
    /// Reads a URI without angle brackets around it. `None` when it has no scheme, or when a `sip` URI has no host or
    /// an impossible port.
    pub fn read(text: &'a [u8]) -> Option<Uri<'a>> {
        let text = lexis::trim(text);
        let (scheme, rest) = scheme(text)?;
        let mut uri = Uri { text, scheme, user: b"", password: b"", host: b"", port: None, params: b"", headers: b"" };
        match scheme {
            Scheme::Sip | Scheme::Sips => uri.take_address(rest)?,
            Scheme::Tel | Scheme::Urn => {
                let (user, tail) = rest.split_at(scan::find_either(rest, b';', b'?').unwrap_or(rest.len()));
                uri.user = lexis::trim(user);
                uri.take_tail(tail);
            }
            Scheme::Other => {}
        }
        Some(uri)
    }
    /// A parameter's value by name in any case: `Some(b"")` when it has none, `None` when absent.
    pub fn param(&self, name: &str) -> Option<&'a [u8]> {
        self.params.split(|&byte| byte == b';').find_map(|param| {
            let (key, value) = split_value(param);
            key.eq_ignore_ascii_case(name.as_bytes()).then_some(value)
        })
    }
    /// The user part with `%xx` undone, once.
    pub fn user_text(&self) -> Cow<'a, [u8]> {
        unescape(self.user)
    }

    /// `user:password@host:port;params?headers`
    fn take_address(&mut self, rest: &'a [u8]) -> Option<()> {
        let mut host = scan::find(rest, b'@').map_or(0, |at| at + 1);
        let (name, port, tail) = match address(&rest[host..]) {
            Some(found) => found,
            None => {
                host += behind_last_at(&rest[host..])?;
                address(&rest[host..])?
            }
        };
        if host > 0 {
            (self.user, self.password) = split_at(&rest[..host - 1], b':');
        }
        (self.host, self.port) = (name, port);
        self.take_tail(tail);
        Some(())
    }

    /// Takes what begins with the `;` of parameters or the `?` of headers.
    fn take_tail(&mut self, tail: &'a [u8]) {
        match tail {
            [b';', params @ ..] => (self.params, self.headers) = split_at(params, b'?'),
            [b'?', headers @ ..] => self.headers = headers,
            _ => {}
        }
    }
}

/// Host and port in front of parameters, headers or nothing, and these.
fn address(text: &[u8]) -> Option<(&[u8], Option<u16>, &[u8])> {
    host_and_port(text).filter(|(_, _, tail)| matches!(tail, [] | [b';' | b'?', ..]))
}

/// An `@` left unescaped in the user part belongs to it: the host begins behind the last one. `None` without another.
#[cold]
fn behind_last_at(text: &[u8]) -> Option<usize> {
    let end = scan::find_either(text, b';', b'?').unwrap_or(text.len());
    text[..end].iter().rposition(|&byte| byte == b'@').map(|at| at + 1)
}

/// Shows the scheme alone: users and hosts are private.
impl fmt::Debug for Uri<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Uri({:?})", self.scheme)
    }
}

/// `%xx` undone, once (RFC 3261 §19.1.2); what is not two hexadecimal digits stays as it is.
pub fn unescape(text: &[u8]) -> Cow<'_, [u8]> {
    if scan::find(text, b'%').is_none() {
        return Cow::Borrowed(text);
    }
    let digit = |at: usize| text.get(at).and_then(|&byte| char::from(byte).to_digit(16));
    let mut plain = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        match (text[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                plain.push(u8::try_from(high * 16 + low).unwrap_or(b'%'));
                at += 3;
            }
            (byte, ..) => {
                plain.push(byte);
                at += 1;
            }
        }
    }
    Cow::Owned(plain)
}

/// `text` without angle brackets and white space around it, for a Request-URI that came with them (RFC 4475 §3.1.2.7).
pub fn without_brackets(text: &[u8]) -> &[u8] {
    match lexis::trim(text) {
        [b'<', inner @ .., b'>'] => lexis::trim(inner),
        text => text,
    }
}

/// `host`, `host:port`, `[v6]`, `[v6]:port`, with white space where a Via may have it, and nothing else. `None` without
/// a host or with an impossible port.
pub(super) fn host_port(text: &[u8]) -> Option<(&[u8], Option<u16>)> {
    let (host, port, rest) = host_and_port(text)?;
    rest.is_empty().then_some((host, port))
}

/// Host and port that `text` begins with, and what follows them.
fn host_and_port(text: &[u8]) -> Option<(&[u8], Option<u16>, &[u8])> {
    let text = lexis::trim_start(text);
    let (host, behind) = if let [b'[', inner @ ..] = text {
        let end = scan::find(inner, b']')?;
        let host = lexis::trim_end(&inner[..end]);
        (host.iter().all(|&byte| byte == b':' || is_host(byte)).then_some(host)?, &inner[end + 1..])
    } else {
        text.split_at(text.iter().position(|&byte| !is_host(byte)).unwrap_or(text.len()))
    };
    if host.is_empty() {
        return None;
    }
    let [b':', port @ ..] = lexis::trim_start(behind) else { return Some((host, None, lexis::trim_start(behind))) };
    let port = lexis::trim_start(port);
    let (digits, rest) = port.split_at(port.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(port.len()));
    let port = match digits {
        [] => None,
        _ => Some(lexis::digits(digits).and_then(|number| u16::try_from(number).ok())?),
    };
    Some((host, port, lexis::trim_start(rest)))
}

/// What a host is let through with: everything but what ends or quotes an address.
const fn is_host(byte: u8) -> bool {
    const HOST: [bool; 256] = {
        let mut table = [true; 256];
        let mut byte = 0;
        while byte < table.len() {
            table[byte] =
                byte > 0x20 && !matches!(byte as u8, b':' | b';' | b'?' | b'<' | b'>' | b'"' | b',' | b'@' | 0x7f);
            byte += 1;
        }
        table
    };
    HOST[byte as usize]
}

/// The scheme and what follows its colon.
fn scheme(text: &[u8]) -> Option<(Scheme, &[u8])> {
    match text {
        [b's' | b'S', b'i' | b'I', b'p' | b'P', b':', rest @ ..] => Some((Scheme::Sip, rest)),
        [b's' | b'S', b'i' | b'I', b'p' | b'P', b's' | b'S', b':', rest @ ..] => Some((Scheme::Sips, rest)),
        [b't' | b'T', b'e' | b'E', b'l' | b'L', b':', rest @ ..] => Some((Scheme::Tel, rest)),
        [b'u' | b'U', b'r' | b'R', b'n' | b'N', b':', rest @ ..] => Some((Scheme::Urn, rest)),
        _ => other_scheme(text),
    }
}

#[cold]
fn other_scheme(text: &[u8]) -> Option<(Scheme, &[u8])> {
    /// No scheme in use is longer.
    const LONGEST: usize = 32;
    let colon = scan::find(text, b':').filter(|&colon| colon < LONGEST)?;
    let (name, rest) = (&text[..colon], &text[colon + 1..]);
    let valid = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    (name.first()?.is_ascii_alphabetic() && name.iter().all(valid)).then_some((Scheme::Other, rest))
}

/// Name and value around the first `=`, trimmed.
pub(super) fn split_value(param: &[u8]) -> (&[u8], &[u8]) {
    let (key, value) = split_at(param, b'=');
    (lexis::trim(key), lexis::trim(value))
}

/// Before and behind the first `separator`; the second is empty without one.
fn split_at(text: &[u8], separator: u8) -> (&[u8], &[u8]) {
    scan::find(text, separator).map_or((text, &b""[..]), |at| (&text[..at], &text[at + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Uri<'_> {
        Uri::read(text.as_bytes()).unwrap_or_else(|| panic!("{text} is a URI"))
    }

    #[test]
    fn a_sip_uri_is_taken_apart() {
        let uri = read("sips:alice:secret@[2001:DB8::1]:5071;transport=TCP;lr?subject=x&y=z");
        assert_eq!(
            (uri.scheme, uri.user, uri.host, uri.port),
            (Scheme::Sips, &b"alice"[..], &b"2001:DB8::1"[..], Some(5071))
        );
        assert_eq!(
            (uri.param("Transport"), uri.param("lr"), uri.param("maddr")),
            (Some(&b"TCP"[..]), Some(&b""[..]), None)
        );
        assert_eq!(uri.headers, b"subject=x&y=z");
    }

    #[test]
    fn what_stands_before_the_at_sign_is_the_users() {
        assert_eq!(read("sip:a;b=c?d/e@example.com").user, b"a;b=c?d/e");
        assert_eq!(read("sip:alice@home@proxy.example;lr").user, b"alice@home");
        assert_eq!(read("sip:alice@home@proxy.example;lr").host, b"proxy.example");
        assert_eq!(read("sip:proxy.example;lr").user, b"");
    }

    #[test]
    fn numbers_services_and_strangers_are_kept() {
        let tel = read("tel:+1-201-555-0123;phone-context=example.com");
        assert_eq!((tel.scheme, tel.user), (Scheme::Tel, &b"+1-201-555-0123"[..]));
        assert_eq!(tel.param("phone-context"), Some(&b"example.com"[..]));
        assert_eq!(read("urn:service:sos.fire").user, b"service:sos.fire");
        assert_eq!((read("isbn:2983792873").scheme, read("isbn:2983792873").user), (Scheme::Other, &b""[..]));
    }

    #[test]
    fn escapes_are_undone_once_and_never_cut() {
        assert_eq!(&*read("sip:%39%31%31@ecr").user_text(), b"911");
        assert_eq!(&*read("sip:%2531@ecr").user_text(), b"%31");
        assert_eq!(&*read("sip:a%00b%zz%4@ecr").user_text(), b"a\0b%zz%4");
    }

    #[test]
    fn a_host_may_have_white_space_around_its_colon_and_a_port_that_fits() {
        assert_eq!(host_port(b" a : 5060 "), Some((&b"a"[..], Some(5060))));
        assert_eq!(host_port(b"[::1] :5060"), Some((&b"::1"[..], Some(5060))));
        assert_eq!(host_port(b"a:"), Some((&b"a"[..], None)));
        for wrong in [&b"a:65536"[..], b"a b", b"a:1 2", b"a:1;b", b"[::1", b"[a;b]", b":5060", b""] {
            assert_eq!(host_port(wrong), None);
        }
    }

    #[test]
    fn what_is_no_uri_is_none() {
        let wrong =
            ["", "911", ":911@x", "<sip:a@b>", "sip:", "sip:a@", "sip:a@b:65536", "sip:a@b:x", "sip:a@2001:db8::10"];
        for text in wrong.into_iter().chain(["sip:a@[::1", "sip:a@[::1]x", "sip:a@b c", "1sip:a@b", "s p:a@b"]) {
            assert!(Uri::read(text.as_bytes()).is_none(), "{text}");
        }
        assert_eq!(without_brackets(b" < sip:a@b > "), b"sip:a@b");
        assert_eq!(without_brackets(b"sip:a@b"), b"sip:a@b");
    }
}
