//! URIs: `sip:`, `sips:`, `tel:`, `urn:` and any other scheme kept as it came (RFC 3261 §19.1, RFC 3966, RFC 5031).
use super::lexis;
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
        let colon = text.iter().take(32).position(|&byte| byte == b':')?;
        let (scheme, rest) = (&text[..colon], &text[colon + 1..]);
        let scheme = read_scheme(scheme)?;
        let none = Uri { text, scheme, user: b"", host: b"", port: None, params: b"", headers: b"" };
        match scheme {
            Scheme::Sip | Scheme::Sips => none.with_address(rest),
            Scheme::Tel | Scheme::Urn => Some(none.with_opaque(rest)),
            Scheme::Other => Some(none),
        }
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
    fn with_address(mut self, rest: &'a [u8]) -> Option<Uri<'a>> {
        let rest = match memchr::memchr(b'@', rest) {
            None => rest,
            Some(at) => {
                // an `@` left unescaped in the user part belongs to it: the host begins behind the last one
                let end = memchr::memchr2(b';', b'?', &rest[at..]).map_or(rest.len(), |offset| at + offset);
                let at = memchr::memrchr(b'@', &rest[..end]).unwrap_or(at);
                let user = &rest[..at];
                self.user = memchr::memchr(b':', user).map_or(user, |colon| &user[..colon]);
                &rest[at + 1..]
            }
        };
        let rest = self.with_tail(rest);
        let (host, port) = host_port(rest)?;
        self.host = host;
        self.port = port;
        Some(self)
    }

    fn with_opaque(mut self, rest: &'a [u8]) -> Uri<'a> {
        self.user = lexis::trim(self.with_tail(rest));
        self
    }

    /// Takes parameters and headers off the end.
    fn with_tail(&mut self, rest: &'a [u8]) -> &'a [u8] {
        let (rest, headers) = split_at(rest, b'?');
        let (rest, params) = split_at(rest, b';');
        self.headers = headers;
        self.params = params;
        rest
    }
}

/// Shows the scheme alone: users and hosts are private.
impl fmt::Debug for Uri<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Uri({:?})", self.scheme)
    }
}

/// `%xx` undone, once (RFC 3261 §19.1.2); what is not two hexadecimal digits stays as it is.
pub fn unescape(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'%', text).is_none() {
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

/// `host`, `host:port`, `[v6]`, `[v6]:port`, with white space where a Via may have it. `None` without a host or with an
/// impossible port.
pub(super) fn host_port(text: &[u8]) -> Option<(&[u8], Option<u16>)> {
    let text = lexis::trim(text);
    let (host, behind) = if let [b'[', inner @ ..] = text {
        let end = memchr::memchr(b']', inner)?;
        match lexis::trim_start(&inner[end + 1..]) {
            [] => (&inner[..end], &b""[..]),
            [b':', port @ ..] => (&inner[..end], port),
            _ => return None,
        }
    } else {
        split_at(text, b':')
    };
    let host = lexis::trim(host);
    if host.is_empty() || host.iter().any(|&byte| byte <= b' ' || matches!(byte, b'<' | b'>' | b'"' | b',' | b'@')) {
        return None;
    }
    Some((host, lexis::port(behind)?))
}

fn read_scheme(text: &[u8]) -> Option<Scheme> {
    let known = [(&b"sip"[..], Scheme::Sip), (b"sips", Scheme::Sips), (b"tel", Scheme::Tel), (b"urn", Scheme::Urn)];
    if let Some((_, scheme)) = known.into_iter().find(|(name, _)| text.eq_ignore_ascii_case(name)) {
        return Some(scheme);
    }
    let valid = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    (text.first().is_some_and(u8::is_ascii_alphabetic) && text.iter().all(valid)).then_some(Scheme::Other)
}

/// Name and value around the first `=`, trimmed.
pub(super) fn split_value(param: &[u8]) -> (&[u8], &[u8]) {
    let (key, value) = split_at(param, b'=');
    (lexis::trim(key), lexis::trim(value))
}

/// Before and behind the first `separator`; the second is empty without one.
fn split_at(text: &[u8], separator: u8) -> (&[u8], &[u8]) {
    memchr::memchr(separator, text).map_or((text, &b""[..]), |at| (&text[..at], &text[at + 1..]))
}
