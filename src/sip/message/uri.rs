//! URIs: `sip:`, `sips:`, `tel:`, `urn:` and any other scheme kept as it came (RFC 3261 §19.1, RFC 3966, RFC 5031).
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
        let _ = text;
        todo!()
    }
    /// A parameter's value by name in any case: `Some(b"")` when it has none, `None` when absent.
    pub fn param(&self, name: &str) -> Option<&'a [u8]> {
        let _ = name;
        todo!()
    }
    /// The user part with `%xx` undone, once.
    pub fn user_text(&self) -> Cow<'a, [u8]> {
        todo!()
    }
}
