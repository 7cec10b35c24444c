//! Who asks when a proxy stands between.
use crate::record::wiremap::Network;
use axum::http::HeaderMap;
use core::net::IpAddr;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The address that a request comes from: the peer's, or where the peer is a proxy of ours the last one that no proxy of ours
/// wrote down. What stands before it anybody may have written.
pub(super) fn source(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let is_ours = |address: IpAddr| trusted.iter().any(|network| network.holds(address));
    let mut source = peer.to_canonical();
    let lines = headers.get_all(FORWARDED_FOR).into_iter().collect::<Vec<_>>();
    let texts = lines.into_iter().rev().filter_map(|line| line.to_str().ok());
    for text in texts.flat_map(|line| line.rsplit(',')) {
        if !is_ours(source) {
            break;
        }
        let Some(before) = address(text.trim()) else { break };
        source = before.to_canonical();
    }
    source
}

/// An address, with or without brackets and a port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.split(']').next()).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse::<core::net::SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn from(peer: &str, lines: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, HeaderValue::from_str(line).unwrap());
        }
        let trusted: Vec<_> = ["10.0.0.0/8", "::1/128"].into_iter().filter_map(Network::read).collect();
        source(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn a_proxy_of_ours_is_believed_and_nobody_else() {
        assert_eq!(from("192.0.2.1", &["198.51.100.7"]), "192.0.2.1", "a stranger's word");
        assert_eq!(from("10.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(from("::ffff:10.0.0.1", &["203.0.113.9, 198.51.100.7"]), "198.51.100.7", "what a client put before");
        assert_eq!(from("::1", &["203.0.113.9", "198.51.100.7, 10.0.0.2"]), "198.51.100.7", "two proxies of ours");
        assert_eq!(from("10.0.0.1", &["[2001:db8::1]:4711"]), "2001:db8::1");
        assert_eq!(from("10.0.0.1", &["198.51.100.7:4711"]), "198.51.100.7");
        assert_eq!(from("10.0.0.1", &["unknown"]), "10.0.0.1");
        assert_eq!(from("10.0.0.1", &[]), "10.0.0.1");
    }
}
