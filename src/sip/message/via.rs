//! The Via header (RFC 3261 §20.42, RFC 3581).
use super::writer::{put_ip, put_number};
use super::{lexis, name_addr, same, scan, uri};
use bytes::{BufMut, BytesMut};
use core::fmt;
use core::net::SocketAddr;

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
        let (sent, params) = match scan::find(text, b';') {
            Some(at) => (&text[..at], &text[at + 1..]),
            None => (text, &b""[..]),
        };
        let protocol = scan::find(sent, b'/')?;
        let version = protocol + 1 + scan::find(&sent[protocol + 1..], b'/')?;
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
    /// The branch of one Via value, whatever else it says.
    pub(super) fn branch_in(text: &'a [u8]) -> Option<&'a [u8]> {
        let params = &text[scan::find(text, b';')? + 1..];
        name_addr::param(params, "branch").filter(|branch| !branch.is_empty())
    }
    /// Whether the sent-by is this address, by value; without a port it is 5060 (RFC 3261 §18.1.2, §18.2.2).
    pub fn is_sent_by(&self, local: SocketAddr) -> bool {
        same::address(self.host) == Some(local.ip().to_canonical()) && self.port.unwrap_or(5060) == local.port()
    }
    /// Writes this value for a response to a request that came from `source`: with `received` when the sent-by host is
    /// a name or differs or `rport` was asked, and `rport` filled in (RFC 3261 §18.2.1, RFC 3581 §4). What the peer
    /// wrote stays as it was; existing `received` and filled `rport` of its own are replaced.
    pub fn write_received(&self, out: &mut BytesMut, source: SocketAddr) {
        let address = source.ip().to_canonical();
        let mut received = same::address(self.host) != Some(address);
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
                out.put_slice(b";rport=");
                put_number(out, u32::from(source.port()));
            } else if !name.is_empty() && !name.eq_ignore_ascii_case(b"received") {
                out.put_u8(b';');
                out.put_slice(lexis::trim(param));
            }
        }
        if received {
            out.put_slice(b";received=");
            put_ip(out, address);
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
    uri::host_port(text).or_else(|| same::address(text).map(|_| (text, None)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(via: &str, source: &str) -> String {
        let mut out = BytesMut::new();
        Via::read(via.as_bytes()).unwrap().write_received(&mut out, source.parse().unwrap());
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn white_space_may_stand_around_slashes_and_colons() {
        let via = Via::read(b"SIP / 2.0\r\n / UDP  first.example.com : 4000 ;ttl=16 ;branch=z9hG4bKa7c6").unwrap();
        assert_eq!((via.transport, via.host, via.port), (&b"UDP"[..], &b"first.example.com"[..], Some(4000)));
        assert_eq!((via.param("TTL"), via.branch()), (Some(&b"16"[..]), Some(&b"z9hG4bKa7c6"[..])));
        let via = Via::read(b"SIP/2.0/TCP [2001:db8::9]:5070;rport").unwrap();
        assert_eq!((via.host, via.port, via.param("rport")), (&b"2001:db8::9"[..], Some(5070), Some(&b""[..])));
        assert_eq!(Via::read(b"SIP/2.0/UDP 2001:db8::9;branch=1").unwrap().host, b"2001:db8::9");
        assert_eq!(Via::read(b"SIPS/2.0/TLS a.example;branch=").unwrap().branch(), None);
    }

    #[test]
    fn what_is_no_via_is_none() {
        for text in [
            "",
            "SIP",
            "SIP/2.0",
            "SIP/2.0/UDP",
            "SIP/2.0/UDP ;branch=1",
            "/2.0/UDP a",
            "SIP/2.0/ a",
            "SIP/2.0/UDP a:x",
        ] {
            assert!(Via::read(text.as_bytes()).is_none(), "{text}");
        }
    }

    #[test]
    fn a_sender_where_it_says_it_is_gets_its_via_back_as_it_wrote_it() {
        let via = "SIP / 2.0/UDP 192.0.2.1 : 5060 ;branch=z9hG4bK1 ; x=\"a;b\"";
        assert_eq!(answered(via, "192.0.2.1:5060"), "SIP / 2.0/UDP 192.0.2.1 : 5060;branch=z9hG4bK1;x=\"a;b\"");
        let via = "SIP/2.0/TCP [2001:0DB8::1];branch=z9hG4bK1";
        assert_eq!(answered(via, "[2001:db8::1]:4444"), via);
    }

    #[test]
    fn a_name_or_another_address_is_told_where_it_came_from() {
        assert_eq!(
            answered("SIP/2.0/UDP a.example;branch=1", "192.0.2.9:5060"),
            "SIP/2.0/UDP a.example;branch=1;received=192.0.2.9"
        );
        assert_eq!(answered("SIP/2.0/UDP 192.0.2.1", "192.0.2.9:5060"), "SIP/2.0/UDP 192.0.2.1;received=192.0.2.9");
        assert_eq!(answered("SIP/2.0/UDP [::1]", "[2001:db8::9]:5060"), "SIP/2.0/UDP [::1];received=2001:db8::9");
        assert_eq!(answered("SIP/2.0/UDP 192.0.2.1", "[::ffff:192.0.2.1]:5060"), "SIP/2.0/UDP 192.0.2.1");
    }

    #[test]
    fn rport_is_filled_and_brings_received_with_it() {
        assert_eq!(
            answered("SIP/2.0/UDP 192.0.2.1:5060;rport;branch=1", "192.0.2.1:1024"),
            "SIP/2.0/UDP 192.0.2.1:5060;rport=1024;branch=1;received=192.0.2.1"
        );
        assert_eq!(
            answered("SIP/2.0/UDP 192.0.2.1;received=10.0.0.1;RPORT=9;branch=1", "192.0.2.1:1024"),
            "SIP/2.0/UDP 192.0.2.1;rport=1024;branch=1;received=192.0.2.1"
        );
    }
}
