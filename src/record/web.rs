//! Places on the web: addresses of `http` and `https`, and the hosts at which we may ask for one.
use core::fmt;
use core::hash::{Hash, Hasher};
use core::net::{IpAddr, Ipv6Addr};

/// The longest address that is read, in bytes.
pub const LONGEST_ADDRESS: usize = 2048;

/// An address, taken apart (RFC 3986, RFC 9110 §4.2). Whoever has it may learn where somebody is, so it never prints
/// itself.
#[derive(Clone, PartialEq, Eq)]
pub struct WebAddress {
    is_secure: bool,
    host: Box<str>,
    port: u16,
    target: Box<str>,
}

impl WebAddress {
    /// Reads an address. `None` for another scheme, one with a user name, and what is no address or too long.
    pub fn read(text: &[u8]) -> Option<WebAddress> {
        let text = core::str::from_utf8(text).ok().filter(|text| text.len() <= LONGEST_ADDRESS)?;
        let is_sound = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`');
        let (scheme, rest) = text.split_once("://").filter(|_| text.bytes().all(is_sound))?;
        let is_secure = match scheme {
            _ if scheme.eq_ignore_ascii_case("https") => true,
            _ if scheme.eq_ignore_ascii_case("http") => false,
            _ => return None,
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (host, port) = split_port(&rest[..end])?;
        let host = host_name(host)?;
        let target = rest[end..].split('#').next().unwrap_or_default();
        let target = if target.starts_with('/') { target.into() } else { ["/", target].concat() };
        Some(WebAddress { is_secure, host, port: port.unwrap_or(usual(is_secure)), target: target.into() })
    }

    /// Where a reference in a document from here leads (RFC 3986 §5.2).
    pub fn join(&self, reference: &[u8]) -> Option<WebAddress> {
        let text = core::str::from_utf8(reference).ok()?;
        let scheme = if self.is_secure { "https" } else { "http" };
        let path = self.target.split('?').next().unwrap_or_default();
        let folder = path.rfind('/').map_or("/", |end| &path[..=end]);
        let whole = match () {
            () if text.split(['/', '?', '#']).next().is_some_and(|begin| begin.contains(':')) => text.to_owned(),
            () if text.starts_with("//") => [scheme, ":", text].concat(),
            () if text.starts_with('/') => [scheme, "://", &self.authority(), text].concat(),
            () if text.starts_with('?') => [scheme, "://", &self.authority(), path, text].concat(),
            () => [scheme, "://", &self.authority(), folder, text].concat(),
        };
        WebAddress::read(whole.as_bytes())
    }

    /// For those who may know: the whole of it.
    pub fn expose(&self) -> String {
        [if self.is_secure { "https://" } else { "http://" }, &self.authority(), &self.target].concat()
    }

    /// Whether it is `https`.
    pub const fn is_secure(&self) -> bool {
        self.is_secure
    }

    /// The host in small letters; an IPv6 address without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// For the request: path and query.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// For the request: the host, and the port where it is not the usual one.
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.to_string() };
        if self.port == usual(self.is_secure) { host } else { format!("{host}:{}", self.port) }
    }
}

impl Hash for WebAddress {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.is_secure, &self.host, self.port, &self.target).hash(state);
    }
}

impl fmt::Debug for WebAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("<private>")
    }
}

/// A host at which we may ask, or all hosts below a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebHost {
    name: Box<str>,
    is_suffix: bool,
    port: Option<u16>,
}

impl WebHost {
    /// Reads `lis.example.com`, `192.0.2.7` or `[2001:db8::7]`, with a port or without; `.example.com` is all hosts below
    /// that name. Without a port it is the usual one of the scheme.
    pub fn read(text: &str) -> Option<WebHost> {
        let (host, port) = split_port(text)?;
        let is_suffix = host.starts_with('.');
        let name = host_name(host.strip_prefix('.').unwrap_or(host))?;
        // Everything below a name of one label would be half the world.
        let is_narrow = !is_suffix || (name.contains('.') && name.parse::<IpAddr>().is_err());
        is_narrow.then_some(WebHost { name, is_suffix, port })
    }

    /// Whether an address is there.
    pub fn holds(&self, address: &WebAddress) -> bool {
        let is_named = match self.is_suffix {
            true => address.host.strip_suffix(&*self.name).is_some_and(|before| before.ends_with('.')),
            false => address.host == self.name,
        };
        is_named && address.port == self.port.unwrap_or(usual(address.is_secure))
    }

    /// The IP address that it is, where it is one.
    pub fn ip(&self) -> Option<IpAddr> {
        self.name.parse().ok().filter(|_| !self.is_suffix)
    }

    /// As [`WebHost::read`] takes it.
    pub fn written(&self) -> String {
        let name = if self.name.contains(':') { format!("[{}]", self.name) } else { self.name.to_string() };
        let dot = if self.is_suffix { "." } else { "" };
        self.port.map_or_else(|| format!("{dot}{name}"), |port| format!("{dot}{name}:{port}"))
    }
}

const fn usual(is_secure: bool) -> u16 {
    if is_secure { 443 } else { 80 }
}

/// A host and the port behind it.
fn split_port(text: &str) -> Option<(&str, Option<u16>)> {
    let end = if text.starts_with('[') { text.find(']')? + 1 } else { text.find(':').unwrap_or(text.len()) };
    let (host, behind) = text.split_at(end);
    let port = match behind.strip_prefix(':') {
        None if behind.is_empty() => None,
        None => return None,
        Some("") => None,
        Some(digits) if digits.bytes().all(|digit| digit.is_ascii_digit()) => {
            Some(digits.parse().ok().filter(|port| *port > 0)?)
        }
        Some(_) => return None,
    };
    Some((host, port))
}

/// A host name or address in its one spelling.
fn host_name(host: &str) -> Option<Box<str>> {
    if let Some(inner) = host.strip_prefix('[') {
        return Some(inner.strip_suffix(']')?.parse::<Ipv6Addr>().ok()?.to_string().into());
    }
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let name = host.strip_suffix('.').unwrap_or(host);
    let ends_in_digits = name.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
    // What ends in digits is an IPv4 address in its usual form, or nothing: `127.1` and `2130706433` are tricks.
    let is_sound = name.split('.').all(is_label) && (!ends_in_digits || name.parse::<core::net::Ipv4Addr>().is_ok());
    (is_sound && name.len() <= 253).then(|| name.to_ascii_lowercase().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> WebAddress {
        WebAddress::read(text.as_bytes()).unwrap()
    }

    #[test]
    fn an_address_is_taken_apart_and_tricks_are_none() {
        let address = at("HTTPS://LIS.Example.com/locate?t=1#here");
        assert_eq!((address.is_secure(), address.host(), address.port()), (true, "lis.example.com", 443));
        assert_eq!((address.target(), address.authority()), ("/locate?t=1", "lis.example.com".to_owned()));
        let six = at("http://[2001:DB8::7]:8080?x");
        assert_eq!((six.host(), six.port(), six.target()), ("2001:db8::7", 8080, "/?x"));
        assert_eq!(six.authority(), "[2001:db8::7]:8080");
        for wrong in [
            "ftp://a.example/",
            "http://user@a.example/",
            "http://a.example:0/",
            "http://a.example:99999/",
            "http://a b/",
            "http:///x",
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f000001.1/",
            "http://[::1/",
            "http://a.example:80:90/",
            "sip:a@b",
        ] {
            assert!(WebAddress::read(wrong.as_bytes()).is_none(), "{wrong}");
        }
        assert!(WebAddress::read(&[b"http://a.example/".as_slice(), &[b'x'; 2048]].concat()).is_none());
        assert_eq!(format!("{address:?}"), "<private>");
    }

    #[test]
    fn a_reference_leads_on_from_where_it_stands() {
        let from = at("https://lis.example.com:8443/a/b?c");
        for (reference, wanted) in [
            ("/d", "https://lis.example.com:8443/d"),
            ("e", "https://lis.example.com:8443/a/e"),
            ("?f", "https://lis.example.com:8443/a/b?f"),
            ("//other.example/g", "https://other.example/g"),
            ("http://other.example/h", "http://other.example/h"),
        ] {
            assert!(from.join(reference.as_bytes()) == Some(at(wanted)), "{reference}");
        }
        assert!(from.join(b"javascript:alert(1)").is_none());
    }

    #[test]
    fn a_host_holds_its_own_port_and_a_suffix_what_is_below_it() {
        let holds = |host: &str, address: &str| WebHost::read(host).unwrap().holds(&at(address));
        assert!(
            holds("lis.example.com", "https://lis.example.com/x")
                && holds("LIS.example.com", "http://lis.example.com/x")
        );
        assert!(!holds("lis.example.com", "https://lis.example.com:8443/x"));
        assert!(holds("lis.example.com:8443", "https://lis.example.com:8443/x"));
        assert!(holds(".example.com", "https://a.b.example.com/"));
        assert!(!holds(".example.com", "https://example.com/") && !holds(".example.com", "https://badexample.com/"));
        assert!(!holds("example.com", "https://example.com.evil.example/"));
        assert!(holds("[::1]:80", "http://[0:0::1]/"));
        for wrong in [".com", ".127.0.0.1", "", "a b", "a:b", "http://a"] {
            assert_eq!(WebHost::read(wrong), None, "{wrong}");
        }
        for text in ["lis.example.com", ".example.com:8443", "[::1]:80"] {
            assert_eq!(WebHost::read(text).map(|host| host.written()).as_deref(), Some(text));
        }
    }
}
