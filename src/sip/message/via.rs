//! The Via header (RFC 3261 §20.42, RFC 3581).

/// One Via value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Via<'a> {
    /// The whole value, as it came.
    pub text: &'a [u8],
    /// The transport as written: `UDP`.
    pub transport: &'a [u8],
    /// The sent-by host, an IPv6 one without brackets.
    pub host: &'a [u8],
    /// The sent-by port, when it is written.
    pub port: Option<u16>,
    /// The parameters, from the first `;` (left out).
    pub params: &'a [u8],
}

impl<'a> Via<'a> {
    /// Reads one Via value (one element of a list).
    pub fn read(text: &'a [u8]) -> Option<Via<'a>> {
        let _ = text;
        todo!()
    }
    /// A parameter's value by name in any case: `Some(b"")` when it has none, `None` when absent.
    pub fn param(&self, name: &str) -> Option<&'a [u8]> {
        let _ = name;
        todo!()
    }
    /// The branch; `None` when absent or empty.
    pub fn branch(&self) -> Option<&'a [u8]> {
        todo!()
    }
    /// Writes this value for a response to a request that came from `source`: with `received` when the sent-by host is
    /// a name or differs or `rport` was asked, and `rport` filled in (RFC 3261 §18.2.1, RFC 3581 §4). What the peer
    /// wrote stays as it was; existing `received` and filled `rport` of its own are replaced.
    pub fn write_received(&self, out: &mut bytes::BytesMut, source: core::net::SocketAddr) {
        let _ = (out, source);
        todo!()
    }
}
