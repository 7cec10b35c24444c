//! A session of our own: the answer of somebody who speaks G.711, hears keys (RFC 4733), and mirrors what a test sends
//! (RFC 6849). One audio stream is taken, and every other is refused (RFC 3264 §6).
use super::hold::{Way, way_of};
use super::lines::{Media, attribute, is_encoding, lines, payload, word, words};
use super::streams::refused;
use core::fmt::Write;
use core::net::{IpAddr, SocketAddr};

/// The most formats and names of formats of one stream that are looked at.
const MOST: usize = 64;

/// How voice is coded (RFC 3551 §4.5.14).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// G.711 µ-law.
    Ulaw,
    /// G.711 A-law.
    Alaw,
}

/// How the packets of a test come back (RFC 6849 §4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mirror {
    /// What they say, in packets of ours: `rtp-media-loopback`.
    Media,
    /// Whole, in packets of this payload type: `encaprtp` (§7.1).
    Whole(u8),
    /// What they say, in packets of this payload type: `rtploopback` (§7.2).
    Payload(u8),
}

/// What we take of somebody's session description. It has no address in its `Debug` output but the peer's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The stream's place among the `m=` lines.
    place: usize,
    /// How the voice is coded.
    pub codec: Codec,
    /// Under which payload type.
    pub payload: u8,
    /// The payload type of keys, where the peer sends them as events.
    pub events: Option<u8>,
    /// Where the peer listens; `None` where it wants to hear nothing.
    pub to: Option<SocketAddr>,
    /// How the peer's packets come back, where it tests them.
    pub mirror: Option<Mirror>,
    /// The direction that our answer has.
    way: Way,
}

/// One stream of a description, as far as it matters here.
#[derive(Clone, Default)]
struct Stream<'a> {
    formats: &'a [u8],
    is_plain: bool,
    port: u16,
    address: Option<IpAddr>,
    way: Option<Way>,
    maps: Vec<(u16, &'a [u8])>,
    loopback: Option<&'a [u8]>,
    is_source: bool,
}

/// What we take of a description: its first audio stream in plain RTP with G.711; `None` when there is none.
pub fn take(description: &[u8]) -> Option<Taken> {
    let mut session = Stream::default();
    let mut streams: Vec<Stream<'_>> = Vec::new();
    for line in lines(description) {
        if line.text.starts_with(b"m=") {
            streams.push(Stream::begin(line.text));
            continue;
        }
        streams.last_mut().unwrap_or(&mut session).read(line.text);
    }
    streams.iter().enumerate().find_map(|(place, stream)| stream.taken(place, &session))
}

impl<'a> Stream<'a> {
    fn begin(line: &'a [u8]) -> Stream<'a> {
        let media = Media::read(line).filter(|media| media.is_audio);
        let is_plain = words(line).nth(2).is_some_and(|profile| profile.eq_ignore_ascii_case(b"RTP/AVP"));
        let port = media.and_then(|media| media.port).unwrap_or(0);
        Stream { formats: media.map_or(b"", |media| media.formats), is_plain, port, ..Stream::default() }
    }

    fn read(&mut self, line: &'a [u8]) {
        if let Some(connection) = line.strip_prefix(b"c=") {
            let text = words(connection).nth(2).and_then(|address| core::str::from_utf8(address).ok());
            self.address = text.and_then(|text| text.split('/').next()?.parse().ok());
        } else if let Some(way) = way_of(line) {
            self.way = Some(way);
        } else if let Some(map) = attribute(line, "rtpmap").and_then(payload).filter(|_| self.maps.len() < MOST) {
            self.maps.push(map);
        } else if let Some(kinds) = attribute(line, "loopback") {
            self.loopback = Some(kinds);
        } else if attribute(line, "loopback-source").is_some() {
            self.is_source = true;
        }
    }

    fn taken(&self, place: usize, session: &Stream<'_>) -> Option<Taken> {
        if !self.is_plain || self.port == 0 {
            return None;
        }
        let formats = || words(self.formats).take(MOST).filter_map(super::lines::number);
        let (codec, payload) = formats().find_map(|format| Some((self.codec_of(format)?, format)))?;
        let named = |name: &str| {
            let of = |format: &u16| self.maps.iter().any(|(map, encoding)| map == format && is_8000(encoding, name));
            formats().find(of).and_then(|format| u8::try_from(format).ok())
        };
        let theirs = self.way.or(session.way).unwrap_or(Way::BOTH);
        let address = self.address.or(session.address).filter(|address| !address.is_unspecified());
        let to = address.filter(|_| theirs.receives).map(|address| SocketAddr::new(address, self.port));
        let mirror = self.mirror(named("encaprtp"), named("rtploopback"));
        // A stream that is mirrored has no direction but both (RFC 6849 §5.2).
        let way = if self.loopback.is_some() { Way::BOTH } else { theirs.mirrored() };
        let events = named("telephone-event");
        Some(Taken { place, codec, payload: u8::try_from(payload).ok()?, events, to, mirror, way })
    }

    fn codec_of(&self, format: u16) -> Option<Codec> {
        let map = self.maps.iter().find(|(map, _)| *map == format).map(|(_, encoding)| *encoding);
        match (format, map) {
            (0, _) => Some(Codec::Ulaw),
            (8, _) => Some(Codec::Alaw),
            (96..=127, Some(encoding)) if is_8000(encoding, "PCMU") => Some(Codec::Ulaw),
            (96..=127, Some(encoding)) if is_8000(encoding, "PCMA") => Some(Codec::Alaw),
            _ => None,
        }
    }

    /// The first kind that the peer names and we have (RFC 6849 §5.2).
    fn mirror(&self, whole: Option<u8>, payload: Option<u8>) -> Option<Mirror> {
        let kinds = self.loopback.filter(|_| self.is_source)?;
        words(kinds).find_map(|kind| match kind {
            b"rtp-media-loopback" => Some(Mirror::Media),
            b"rtp-pkt-loopback" => whole.map(Mirror::Whole).or(payload.map(Mirror::Payload)),
            _ => None,
        })
    }
}

fn is_8000(encoding: &[u8], name: &str) -> bool {
    let mut pieces = encoding.split(|&byte| byte == b'/').skip(1);
    is_encoding(encoding, name) && pieces.next().is_some_and(|rate| rate.trim_ascii() == b"8000")
}

/// Our answer to `offer`, of which this was taken: our sound is at `at`, in its `version`th form (RFC 3264 §8).
pub fn answer(offer: &[u8], taken: &Taken, at: SocketAddr, version: u32) -> String {
    let mut out = head(at, version);
    for (place, line) in lines(offer).filter(|line| line.text.starts_with(b"m=")).enumerate() {
        if place == taken.place {
            stream(&mut out, taken, at.port());
        } else {
            out.push_str(&String::from_utf8_lossy(&refused(line.text)));
            out.push_str("\r\n");
        }
    }
    out
}

/// An offer of ours, for somebody whose INVITE has none.
pub fn offer(at: SocketAddr, version: u32) -> String {
    let port = at.port();
    head(at, version)
        + &format!(
            "m=audio {port} RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n\
             a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n"
        )
}

fn head(at: SocketAddr, version: u32) -> String {
    let (family, address) = (if at.is_ipv4() { "IP4" } else { "IP6" }, at.ip());
    // The port is as good a number as any: it is ours alone as long as the session lasts.
    let id = at.port();
    format!("v=0\r\no=- {id} {version} IN {family} {address}\r\ns=-\r\nc=IN {family} {address}\r\nt=0 0\r\n")
}

fn stream(out: &mut String, taken: &Taken, port: u16) {
    let (name, payload) = (if taken.codec == Codec::Ulaw { "PCMU" } else { "PCMA" }, taken.payload);
    let mirrored = match taken.mirror {
        Some(Mirror::Whole(format)) => Some((format, "encaprtp")),
        Some(Mirror::Payload(format)) => Some((format, "rtploopback")),
        Some(Mirror::Media) | None => None,
    };
    let events = taken.events.filter(|_| taken.mirror.is_none()).map(|format| (format, "telephone-event"));
    let formats = || [Some((payload, name)), events, mirrored].into_iter().flatten();
    // Writing to a String cannot fail.
    let _ = write!(out, "m=audio {port} RTP/AVP");
    for (format, _) in formats() {
        let _ = write!(out, " {format}");
    }
    out.push_str("\r\n");
    for (format, name) in formats() {
        let _ = write!(out, "a=rtpmap:{format} {name}/8000\r\n");
    }
    if let Some((format, _)) = events {
        let _ = write!(out, "a=fmtp:{format} 0-15\r\n");
    }
    match taken.mirror {
        Some(Mirror::Media) => out.push_str("a=loopback:rtp-media-loopback\r\na=loopback-mirror\r\n"),
        Some(_) => out.push_str("a=loopback:rtp-pkt-loopback\r\na=loopback-mirror\r\n"),
        None => out.push_str("a=ptime:20\r\n"),
    }
    let _ = write!(out, "a={}\r\n", taken.way.text());
}

/// The key that a body of an INFO names: `application/dtmf-relay` has lines (`Signal=5`), `application/dtmf` the key
/// alone.
pub fn key_of(body: &[u8]) -> Option<u8> {
    let line = lines(body).map(|line| line.text).find(|line| !line.is_empty())?;
    let signal = lines(body).map(|line| line.text).find_map(|line| {
        let (name, value) = line.split_at(line.iter().position(|&byte| byte == b'=')?);
        name.trim_ascii().eq_ignore_ascii_case(b"signal").then(|| value[1..].trim_ascii())
    });
    let (key, rest) = word(signal.unwrap_or(line));
    match (key, rest.trim_ascii()) {
        ([key], b"") if key.is_ascii_digit() || b"*#ABCDabcd".contains(key) => Some(key.to_ascii_uppercase()),
        (b"10", b"") => Some(b'*'),
        (b"11", b"") => Some(b'#'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n";

    fn at() -> SocketAddr {
        "192.0.2.1:16384".parse().unwrap()
    }

    fn answered(streams: &str) -> Option<String> {
        let offer = format!("{HEAD}{streams}");
        take(offer.as_bytes()).map(|taken| {
            let answer = answer(offer.as_bytes(), &taken, at(), 1);
            answer.split_once("t=0 0\r\n").unwrap().1.replace("\r\n", "|")
        })
    }

    #[test]
    fn a_phone_with_both_laws_gets_the_one_that_it_names_first_and_its_own_number_for_keys() {
        let phone = "m=audio 4000 RTP/AVP 9 8 0 96\r\na=rtpmap:96 telephone-event/8000\r\na=ptime:30\r\n";
        let wanted = "m=audio 16384 RTP/AVP 8 96|a=rtpmap:8 PCMA/8000|a=rtpmap:96 telephone-event/8000|a=fmtp:96 0-15|\
                      a=ptime:20|a=sendrecv|";
        assert_eq!(answered(phone).unwrap(), wanted);
        let taken = take(format!("{HEAD}{phone}").as_bytes()).unwrap();
        assert_eq!((taken.codec, taken.to), (Codec::Alaw, Some("192.0.2.9:4000".parse().unwrap())));
    }

    #[test]
    fn video_encrypted_and_second_streams_are_refused_in_their_places() {
        let offer = "m=video 5000 RTP/AVP 31\r\nm=audio 5002 RTP/SAVP 0\r\nm=audio 5004 RTP/AVP 0\r\na=sendonly\r\n\
                     m=audio 5006 RTP/AVP 0\r\n";
        let wanted = "m=video 0 RTP/AVP 31|m=audio 0 RTP/SAVP 0|m=audio 16384 RTP/AVP 0|a=rtpmap:0 PCMU/8000|\
                      a=ptime:20|a=recvonly|m=audio 0 RTP/AVP 0|";
        assert_eq!(answered(offer).unwrap(), wanted);
        let taken = take(format!("{HEAD}{offer}").as_bytes()).unwrap();
        assert_eq!(taken.to, None, "who only sends hears nothing");
    }

    #[test]
    fn without_g711_in_the_clear_there_is_nothing_to_take() {
        for offer in ["", "m=audio 4000 RTP/SAVP 0\r\n", "m=audio 4000 RTP/AVP 9 18\r\n", "m=audio 0 RTP/AVP 0\r\n"] {
            assert_eq!(answered(offer), None, "{offer}");
        }
    }

    #[test]
    fn a_test_of_packets_is_mirrored_in_the_first_way_that_we_have() {
        let media = "m=audio 4000 RTP/AVP 0\r\na=loopback:rtp-media-loopback rtp-pkt-loopback\r\na=loopback-source\r\n";
        let wanted = "m=audio 16384 RTP/AVP 0|a=rtpmap:0 PCMU/8000|a=loopback:rtp-media-loopback|a=loopback-mirror|\
                      a=sendrecv|";
        assert_eq!(answered(media).unwrap(), wanted);
        let whole = "m=audio 4000 RTP/AVP 0 112 113\r\na=loopback:rtp-pkt-loopback\r\na=loopback-source\r\n\
                     a=rtpmap:113 rtploopback/8000\r\na=rtpmap:112 encaprtp/8000\r\n";
        let taken = take(format!("{HEAD}{whole}").as_bytes()).unwrap();
        assert_eq!(taken.mirror, Some(Mirror::Whole(112)));
        assert!(answered(whole).unwrap().contains("a=rtpmap:112 encaprtp/8000|a=loopback:rtp-pkt-loopback|"));
        let payload = whole.replace("a=rtpmap:112 encaprtp/8000\r\n", "");
        assert_eq!(take(format!("{HEAD}{payload}").as_bytes()).unwrap().mirror, Some(Mirror::Payload(113)));
        let mirrors = media.replace("source", "mirror");
        assert_eq!(take(format!("{HEAD}{mirrors}").as_bytes()).unwrap().mirror, None, "both would wait");
    }

    #[test]
    fn our_offer_can_be_taken_by_ourselves_over_ipv6_too() {
        let at: SocketAddr = "[2001:db8::1]:16386".parse().unwrap();
        let taken = take(offer(at, 1).as_bytes()).unwrap();
        assert_eq!((taken.to, taken.events, taken.codec), (Some(at), Some(101), Codec::Ulaw));
    }

    #[test]
    fn keys_come_in_both_kinds_of_body() {
        assert_eq!(key_of(b"Signal=1\r\nDuration=160\r\n"), Some(b'1'));
        assert_eq!(key_of(b"Duration=160\nsignal= #\n"), Some(b'#'));
        assert_eq!(key_of(b"2"), Some(b'2'));
        assert_eq!(key_of(b"Signal=11\r\n"), Some(b'#'));
        for none in [&b""[..], b"Signal=", b"12", b"1 2", b"\xff"] {
            assert_eq!(key_of(none), None, "{none:?}");
        }
    }
}
