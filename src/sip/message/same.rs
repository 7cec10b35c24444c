//! Whether two URIs name the same (RFC 3261 §19.1.4), with addresses compared by value.
use super::uri::{split_value, unescape};
use super::{Scheme, Uri};
use core::net::IpAddr;

/// Parameters that must be in both URIs when they are in one.
const TELLING: [&str; 5] = ["user", "ttl", "method", "maddr", "transport"];

impl Uri<'_> {
    /// Whether both name the same. Defaults are not implied: `sip:a@b` and `sip:a@b:5060` differ. Of schemes beside
    /// `sip` and `sips` the text is compared, in any case.
    pub fn is_same(&self, other: &Uri<'_>) -> bool {
        if self.scheme != other.scheme {
            return false;
        }
        if !matches!(self.scheme, Scheme::Sip | Scheme::Sips) {
            return unescape(self.text).eq_ignore_ascii_case(&unescape(other.text));
        }
        unescape(self.user) == unescape(other.user)
            && unescape(self.password) == unescape(other.password)
            && is_same_host(self.host, other.host)
            && self.port == other.port
            && has_params_of(self, other)
            && has_params_of(other, self)
            && has_headers_of(self, other)
            && has_headers_of(other, self)
    }
}

/// Whether two hosts are one: an address by value, an IPv4 one mapped into IPv6 as that IPv4 one; a name in any case.
pub fn is_same_host(one: &[u8], other: &[u8]) -> bool {
    match (address(one), address(other)) {
        (Some(one), Some(other)) => one == other,
        (None, None) => one.eq_ignore_ascii_case(other),
        _ => false,
    }
}

/// A host that is an address.
pub fn address(host: &[u8]) -> Option<IpAddr> {
    core::str::from_utf8(host).ok()?.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// Whether the parameters of `one` stand in no contradiction to those of `other`.
fn has_params_of(one: &Uri<'_>, other: &Uri<'_>) -> bool {
    pieces(one.params, b';').all(|param| {
        let (name, value) = split_value(param);
        let name = unescape(name);
        let known =
            pieces(other.params, b';').map(split_value).find(|(it, _)| unescape(it).eq_ignore_ascii_case(&name));
        match known {
            Some((_, other)) => unescape(value).eq_ignore_ascii_case(&unescape(other)),
            None => !TELLING.iter().any(|telling| name.eq_ignore_ascii_case(telling.as_bytes())),
        }
    })
}

/// Whether all headers of `one` are in `other`, in any order.
fn has_headers_of(one: &Uri<'_>, other: &Uri<'_>) -> bool {
    pieces(one.headers, b'&').all(|header| {
        let (name, value) = split_value(header);
        pieces(other.headers, b'&')
            .map(split_value)
            .any(|(it, other)| unescape(it).eq_ignore_ascii_case(&unescape(name)) && unescape(value) == unescape(other))
    })
}

/// The pieces of a list; more than a few are not looked at, so that two long lists are no work.
fn pieces(text: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    const MOST: usize = 32;
    text.split(move |&byte| byte == separator).filter(|piece| !piece.is_empty()).take(MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(one: &str, other: &str) -> bool {
        let [one, other] = [one, other].map(|text| Uri::read(text.as_bytes()).unwrap());
        assert_eq!(one.is_same(&other), other.is_same(&one), "it is the same both ways");
        one.is_same(&other)
    }

    #[test]
    fn uris_that_rfc_3261_calls_equivalent_are_the_same() {
        for (one, other) in [
            ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;security=on"),
            ("sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on"),
            (
                "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
                "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
            ),
            (
                "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
                "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
            ),
            ("sip:a@[2001:DB8::1]:5070", "sip:a@[2001:db8:0:0:0:0:0:1]:5070"),
            ("sip:a@[::ffff:192.0.2.1]", "sip:a@192.0.2.1"),
            ("urn:service:SOS.fire", "URN:service:sos.fire"),
        ] {
            assert!(same(one, other), "{one} {other}");
        }
    }

    #[test]
    fn uris_that_rfc_3261_calls_different_are_not_the_same() {
        for (one, other) in [
            ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
            ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
            ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
            ("sip:a:secret@b.example", "sip:a@b.example"),
            ("sips:a@b.example", "sip:a@b.example"),
            ("sip:a@[2001:db8::1]", "sip:a@[2001:db8::2]"),
        ] {
            assert!(!same(one, other), "{one} {other}");
        }
    }
}
