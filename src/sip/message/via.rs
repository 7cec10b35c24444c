//! The Via header (RFC 3261 §20.42, RFC 3581).
use super::{lexis, name_addr, uri};
use bytes::{BufMut, BytesMut};
use core::fmt::{self, Write};
use core::net::{IpAddr, SocketAddr};

/// One Via value.
#[derive(Clone, Copy, PartialEq, Eq)]
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
        let text = lexis::trim(text);
        let (sent, params) = match memchr::memchr(b';', text) {
            Some(at) => (&text[..at], &text[at + 1..]),
            None => (text, &b""[..]),
        };
        let mut slashes = memchr::memchr_iter(b'/', sent);
        let (protocol, version) = (slashes.next()?, slashes.next()?);
        if lexis::trim(&sent[..protocol]).is_empty() {
            return None;
        }
        let rest = lexis::trim_start(&sent[version + 1..]);
        let gap = rest.iter().position(|&byte| lexis::is_space(byte))?;
        let (host, port) = sent_by(lexis::trim(&rest[gap..]))?;
        (gap > 0).then_some(Via { text, transport: &rest[..gap], host, port, params })
    }
    /// A parameter's value by name in any case: `Some(b"")` when it has none, `None` when absent.
    pub fn param(&self, name: &str) -> Option<&'a [u8]> {
        name_addr::param(self.params, name)
    }
    /// The branch; `None` when absent or empty.
    pub fn branch(&self) -> Option<&'a [u8]> {
        self.param("branch").filter(|branch| !branch.is_empty())
    }
    /// Writes this value for a response to a request that came from `source`: with `received` when the sent-by host is
    /// a name or differs or `rport` was asked, and `rport` filled in (RFC 3261 §18.2.1, RFC 3581 §4). What the peer
    /// wrote stays as it was; existing `received` and filled `rport` of its own are replaced.
    pub fn write_received(&self, out: &mut BytesMut, source: SocketAddr) {
        let address = source.ip().to_canonical();
        let mut received = ip(self.host) != Some(address);
        let sent = self.text.len() - self.params.len();
        let head = &self.text[..sent];
        out.put_slice(lexis::trim_end(head.strip_suffix(b";").unwrap_or(head)));
        let mut rest = Some(self.params);
        while let Some(text) = rest {
            let (param, behind) = lexis::cut(text, b';', false);
            rest = behind;
            let (name, _) = uri::split_value(param);
            if name.eq_ignore_ascii_case(b"rport") {
                received = true;
                put(out, format_args!(";rport={}", source.port()));
            } else if !name.is_empty() && !name.eq_ignore_ascii_case(b"received") {
                out.put_u8(b';');
                out.put_slice(lexis::trim(param));
            }
        }
        if received {
            put(out, format_args!(";received={address}"));
        }
    }
}

/// Shows the transport alone: a sent-by can name a person's desk.
impl fmt::Debug for Via<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Via({})", self.transport.escape_ascii())
    }
}

/// Host and port; an IPv6 address without brackets is taken as a host alone, since its last group is no port.
fn sent_by(text: &[u8]) -> Option<(&[u8], Option<u16>)> {
    if memchr::memchr_iter(b':', text).take(2).count() == 2 && ip(text).is_some() {
        return Some((text, None));
    }
    uri::host_port(text)
}

/// A host that is an address, by value: an IPv4 one mapped into IPv6 is that IPv4 one.
fn ip(host: &[u8]) -> Option<IpAddr> {
    core::str::from_utf8(host).ok()?.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// Writes into the buffer, which grows as needed and so takes everything.
fn put(out: &mut BytesMut, text: fmt::Arguments<'_>) {
    let written = out.write_fmt(text);
    debug_assert!(written.is_ok(), "a growing buffer takes everything");
}
