//! `"Display" <uri>;params` and the bare `uri;params` (RFC 3261 §20.10, §25).
use super::Uri;

/// An address with what stands around it: From, To, Contact, Route, Record-Route, Refer-To, P-Asserted-Identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// Reads one address (one element of a list).
    pub fn read(text: &'a [u8]) -> Option<NameAddr<'a>> {
        let _ = text;
        todo!()
    }
    /// A header parameter's value by name in any case; quotes stay. `Some(b"")` when it has none.
    pub fn param(&self, name: &str) -> Option<&'a [u8]> {
        let _ = name;
        todo!()
    }
    /// The `tag` parameter; `None` when absent or empty.
    pub fn tag(&self) -> Option<&'a [u8]> {
        todo!()
    }
}

/// Walks `;`-separated parameters outside quotes: name and value, both trimmed; value empty when there is none.
/// `text` is without the first `;`.
pub fn params(text: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let _ = text;
    core::iter::empty()
}
