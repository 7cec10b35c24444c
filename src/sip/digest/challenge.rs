//! A challenge and the answer to it.
use crate::base::private::Private;
use crate::sip::message::name_addr::params;
use crate::sip::message::reader::elements;
use crate::sip::message::{Message, Name, Writer};
use core::fmt::{self, Write as _};
use md5::Md5;
use sha2::{Digest, Sha256, Sha512_256};

/// A hash that a challenge may ask for (RFC 8760 §2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    /// MD5, also where none is named (RFC 7616 §3.3).
    Md5,
    /// SHA-256.
    Sha256,
    /// SHA-512/256.
    Sha512t256,
}

impl Algorithm {
    fn read(name: &[u8]) -> Option<Algorithm> {
        let known = [Algorithm::Md5, Algorithm::Sha256, Algorithm::Sha512t256];
        known.into_iter().find(|known| known.text().as_bytes().eq_ignore_ascii_case(name))
    }

    const fn text(self) -> &'static str {
        match self {
            Algorithm::Md5 => "MD5",
            Algorithm::Sha256 => "SHA-256",
            Algorithm::Sha512t256 => "SHA-512-256",
        }
    }

    /// The hash of texts with colons between them, in hexadecimal digits.
    fn hash(self, texts: &[&[u8]]) -> String {
        let text = texts.join(&b':');
        match self {
            Algorithm::Md5 => hex(&Md5::digest(&text)),
            Algorithm::Sha256 => hex(&Sha256::digest(&text)),
            Algorithm::Sha512t256 => hex(&Sha512_256::digest(&text)),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _grows = write!(out, "{byte:02x}");
        out
    })
}

/// A challenge that we can answer.
#[derive(Clone, PartialEq, Eq)]
pub struct Challenge {
    /// Whether a proxy asks (407), or the far end itself (401).
    from_proxy: bool,
    realm: Box<[u8]>,
    nonce: Box<[u8]>,
    opaque: Option<Box<[u8]>>,
    algorithm: Algorithm,
    /// Whether it named its algorithm; one of before RFC 7616 may not know the parameter.
    names_algorithm: bool,
    /// Whether it knows `qop`; an older one does not.
    has_qop: bool,
    /// Whether only the nonce was too old (RFC 7616 §3.3).
    pub is_stale: bool,
}

/// Shows the algorithm alone.
impl fmt::Debug for Challenge {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Challenge").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

impl Challenge {
    /// The topmost challenge of a 401 or 407 that we can answer (RFC 8760 §2.4): Digest with an algorithm that we have
    /// and `qop` "auth" or none, in this realm if one is given. Basic is never answered.
    pub fn of(refusal: &Message, realm: Option<&str>) -> Option<Challenge> {
        let (name, from_proxy) = match refusal.status()? {
            401 => (Name::WwwAuthenticate, false),
            407 => (Name::ProxyAuthenticate, true),
            _ => return None,
        };
        let mut readable = refusal.values(name).filter_map(|value| Challenge::read(value, from_proxy));
        readable.find(|challenge| realm.is_none_or(|realm| realm.as_bytes() == &*challenge.realm))
    }

    fn read(value: &[u8], from_proxy: bool) -> Option<Challenge> {
        let value = value.trim_ascii();
        let (scheme, rest) = value.split_at(value.iter().position(u8::is_ascii_whitespace)?);
        if !scheme.eq_ignore_ascii_case(b"Digest") {
            return None;
        }
        let named = |name: &str| parameter(rest, name);
        let algorithm = named("algorithm");
        let qop = named("qop");
        if qop.is_some_and(|qop| !qop.split(|&byte| byte == b',').any(|word| word.trim_ascii() == b"auth")) {
            return None;
        }
        Some(Challenge {
            from_proxy,
            realm: named("realm")?.into(),
            nonce: named("nonce")?.into(),
            opaque: named("opaque").map(Box::from),
            algorithm: algorithm.map_or(Some(Algorithm::Md5), Algorithm::read)?,
            names_algorithm: algorithm.is_some(),
            has_qop: qop.is_some(),
            is_stale: named("stale").is_some_and(|stale| stale.eq_ignore_ascii_case(b"true")),
        })
    }

    /// Whether another challenge has the same nonce: it did not like the answer.
    pub fn repeats(&self, other: &Challenge) -> bool {
        self.nonce == other.nonce
    }

    /// The answer for one request. `count` is how many requests had an answer with this nonce, this one included;
    /// `cnonce` is chance of ours.
    pub fn answer(&self, user: &str, password: &str, request: Request<'_>, count: u32, cnonce: &str) -> Authorization {
        let hash = |texts: &[&[u8]]| self.algorithm.hash(texts);
        let secret = hash(&[user.as_bytes(), &self.realm, password.as_bytes()]);
        let asked = hash(&[request.method, request.uri]);
        let count = format!("{count:08x}");
        let fresh: [&[u8]; 3] = [count.as_bytes(), cnonce.as_bytes(), b"auth"];
        let response = if self.has_qop {
            hash(&[secret.as_bytes(), &self.nonce, fresh[0], fresh[1], fresh[2], asked.as_bytes()])
        } else {
            hash(&[secret.as_bytes(), &self.nonce, asked.as_bytes()])
        };
        let mut value = b"Digest ".to_vec();
        let mut quoted = |name: &str, text: &[u8]| {
            let comma: &[u8] = if value.ends_with(b" ") { b"" } else { b", " };
            value.extend([comma, name.as_bytes(), b"=\"", text, b"\""].concat());
        };
        quoted("username", user.as_bytes());
        quoted("realm", &self.realm);
        quoted("nonce", &self.nonce);
        quoted("uri", request.uri);
        quoted("response", response.as_bytes());
        if let Some(opaque) = &self.opaque {
            quoted("opaque", opaque);
        }
        if self.names_algorithm {
            value.extend([b", algorithm=", self.algorithm.text().as_bytes()].concat());
        }
        if self.has_qop {
            value.extend(format!(", qop=auth, nc={count}, cnonce=\"{cnonce}\"").into_bytes());
        }
        let header = if self.from_proxy { Name::ProxyAuthorization } else { Name::Authorization };
        Authorization { header, value: Private::new(value.into()) }
    }
}

/// What of a request goes into its answer.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The method.
    pub method: &'a [u8],
    /// The Request-URI.
    pub uri: &'a [u8],
}

/// A header with the answer to a challenge.
#[derive(Clone, Debug)]
pub struct Authorization {
    header: Name,
    value: Private<Box<[u8]>>,
}

impl Authorization {
    /// Writes it.
    pub fn write(&self, writer: &mut Writer) {
        writer.field(self.header, self.value.expose());
    }
}

/// A parameter of a challenge, without its quotes. Escapes stay: what is hashed and repeated is what came.
fn parameter<'a>(text: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let (_, value) = split(text).find(|(known, _)| known.eq_ignore_ascii_case(name.as_bytes()))?;
    Some(value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value))
}

/// Name and value of each parameter; commas inside quotes are none.
fn split(text: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    elements(text).filter_map(|element| params(element).next())
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn refusal(code: u16, challenges: &[&str]) -> Message {
        let name = if code == 407 { "Proxy-Authenticate" } else { "WWW-Authenticate" };
        let lines: String = challenges.iter().map(|value| format!("{name}: {value}\r\n")).collect();
        Message::read(Bytes::from(format!("SIP/2.0 {code} No\r\n{lines}Content-Length: 0\r\n\r\n"))).unwrap()
    }

    fn said(authorization: &Authorization) -> String {
        String::from_utf8(authorization.value.expose().to_vec()).unwrap()
    }

    const NONCE: &str = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
    const CNONCE: &str = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";

    #[test]
    fn the_examples_of_rfc_7616_come_out() {
        for (algorithm, response) in [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ] {
            let challenge = format!(
                "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm={algorithm}, \
                 nonce=\"{NONCE}\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
            );
            let challenge = Challenge::of(&refusal(401, &[&challenge]), None).unwrap();
            let request = Request { method: b"GET", uri: b"/dir/index.html" };
            let answer = said(&challenge.answer("Mufasa", "Circle of Life", request, 1, CNONCE));
            assert_eq!(
                answer,
                format!(
                    "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", nonce=\"{NONCE}\", \
                     uri=\"/dir/index.html\", response=\"{response}\", \
                     opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\", algorithm={algorithm}, qop=auth, \
                     nc=00000001, cnonce=\"{CNONCE}\""
                )
            );
        }
    }

    const INVITE: Request<'_> = Request { method: b"INVITE", uri: b"sip:911@127.0.0.1" };

    #[test]
    fn one_of_before_qop_and_one_of_sha_512_256_are_answered_too() {
        let old = Challenge::of(&refusal(407, &["Digest realm=\"trunk.example\",nonce=abc"]), None).unwrap();
        let answer = old.answer("alice", "open sesame", INVITE, 1, "0011");
        assert_eq!(answer.header, Name::ProxyAuthorization);
        assert!(said(&answer).ends_with("response=\"42c5db27cf96d7edaf3377712795b398\""), "{}", said(&answer));
        let new = "Digest realm=\"trunk.example\",nonce=\"abc\",algorithm=SHA-512-256,qop=auth";
        let new = Challenge::of(&refusal(401, &[new]), None).unwrap();
        let answer = new.answer("alice", "open sesame", INVITE, 1, "0011");
        assert_eq!(answer.header, Name::Authorization);
        assert!(
            said(&answer).contains("response=\"342f663e68bbb3671c47b48418c33c52695111825db9564ec5c23ba0bfd89ab0\""),
            "{}",
            said(&answer)
        );
    }

    #[test]
    fn of_several_challenges_the_topmost_that_we_can_answer_is_taken() {
        let refusal = refusal(
            401,
            &[
                "Basic realm=\"a\"",
                "Digest realm=\"a\", nonce=\"1\", algorithm=SHA3-256, qop=\"auth\"",
                "Digest realm=\"a\", nonce=\"2\", algorithm=SHA-256, qop=\"auth-int\"",
                "Digest realm=\"a, b\", nonce=\"3\", algorithm=SHA-256, qop=\"auth\", stale=TRUE",
                "Digest realm=\"a\", nonce=\"4\", algorithm=MD5, qop=\"auth\"",
            ],
        );
        let first = Challenge::of(&refusal, None).unwrap();
        assert_eq!((&*first.nonce, &*first.realm, first.is_stale), (&b"3"[..], &b"a, b"[..], true));
        assert_eq!(&*Challenge::of(&refusal, Some("a")).unwrap().nonce, b"4");
        assert!(Challenge::of(&refusal, Some("c")).is_none());
    }

    #[test]
    fn what_is_no_challenge_is_none() {
        for value in ["", "Digest", "Digest realm=\"a\"", "Digest nonce=\"a\"", "Bearer realm=\"a\", nonce=\"b\""] {
            assert!(Challenge::of(&refusal(407, &[value]), None).is_none(), "{value}");
        }
        assert!(Challenge::of(&refusal(403, &["Digest realm=\"a\", nonce=\"b\""]), None).is_none());
    }

    #[test]
    fn nothing_of_it_is_printed() {
        let challenge = Challenge::of(&refusal(401, &["Digest realm=\"a\", nonce=\"b\""]), None).unwrap();
        let answer = challenge.answer("alice", "open sesame", INVITE, 1, "0011");
        assert_eq!(format!("{challenge:?}"), "Challenge { algorithm: Md5, .. }");
        assert_eq!(format!("{answer:?}"), "Authorization { header: Authorization, value: <private> }");
    }
}
