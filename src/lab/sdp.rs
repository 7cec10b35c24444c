//! Session descriptions of the lab's ends: G.711 µ-law and telephone events, one audio stream (RFC 8866, RFC 3264).
use super::message::Message;
use crate::sip::message::multipart;
use bytes::Bytes;
use core::fmt::Write;
use core::net::SocketAddr;

/// An offer, or the description that both sides keep: what is at `media`, in its `version`th form (RFC 3264 §8).
pub fn offer(media: SocketAddr, version: u32) -> String {
    let mut out = head(media, version);
    audio(&mut out, media.port(), &["0", "101"], "sendrecv");
    out
}

/// The answer to an offer: one m-line for each of the offer's, in order, of which the first audio with µ-law is taken
/// and every other refused with port 0 (RFC 3264 §6). `None` when there is nothing to take: 488.
pub fn answer(offered: &[u8], media: SocketAddr, version: u32) -> Option<String> {
    let offered = core::str::from_utf8(offered).ok()?;
    let mut out = head(media, version);
    let session = offered.split("\nm=").next().unwrap_or_default();
    let mut taken = false;
    for section in offered.split("\nm=").skip(1) {
        let line = section.lines().next().unwrap_or_default();
        let mut words = line.split_whitespace();
        let (kind, port, profile) = (words.next()?, words.next()?, words.next()?);
        let formats: Vec<&str> = words.collect();
        if !taken && kind == "audio" && port != "0" && profile == "RTP/AVP" && formats.contains(&"0") {
            taken = true;
            let events = events(section).filter(|event| formats.contains(event));
            let formats: Vec<&str> = core::iter::once("0").chain(events).collect();
            audio(&mut out, media.port(), &formats, mirrored(direction(section, session)));
        } else {
            let formats = if formats.is_empty() { "0".to_owned() } else { formats.join(" ") };
            let _ = write!(out, "m={kind} 0 {profile} {formats}\r\n");
        }
    }
    taken.then_some(out)
}

/// Where the first audio stream of a description wants to be sent; `None` when it has none, when it is switched off or
/// when its address is a name or none at all.
pub fn audio_of(sdp: &[u8]) -> Option<SocketAddr> {
    let sdp = core::str::from_utf8(sdp).ok()?;
    let mut sections = sdp.split("\nm=");
    let session = sections.next().unwrap_or_default();
    let section = sections.find(|section| section.starts_with("audio "))?;
    let port: u16 = section.split_whitespace().nth(1)?.parse().ok()?;
    let address = connection(section).or_else(|| connection(session))?;
    let address: core::net::IpAddr = address.parse().ok()?;
    (port != 0 && !address.is_unspecified()).then_some(SocketAddr::new(address, port))
}

/// The session description in a message, alone or in a part of its body; empty when there is none.
pub fn in_body(message: &Message) -> Bytes {
    let content_type = message.field("Content-Type").unwrap_or_default();
    let parts = multipart::parts(content_type.as_bytes(), &message.body);
    let part = parts.iter().find(|part| part.is("application/sdp"));
    part.map(|part| message.body.slice_ref(part.content)).unwrap_or_default()
}

fn head(media: SocketAddr, version: u32) -> String {
    let (family, address) = (if media.is_ipv6() { "IP6" } else { "IP4" }, media.ip());
    let session = media.port();
    format!("v=0\r\no=lab {session} {version} IN {family} {address}\r\ns=-\r\nc=IN {family} {address}\r\nt=0 0\r\n")
}

fn audio(out: &mut String, port: u16, formats: &[&str], direction: &str) {
    let _ = write!(out, "m=audio {port} RTP/AVP {}\r\n", formats.join(" "));
    out.push_str("a=rtpmap:0 PCMU/8000\r\n");
    for event in formats.iter().skip(1) {
        let _ = write!(out, "a=rtpmap:{event} telephone-event/8000\r\na=fmtp:{event} 0-15\r\n");
    }
    let _ = write!(out, "a=ptime:20\r\na={direction}\r\n");
}

/// The payload types that a section maps to telephone events at 8,000 Hz (RFC 4733).
fn events(section: &str) -> impl Iterator<Item = &str> {
    section
        .lines()
        .filter_map(|line| line.strip_prefix("a=rtpmap:")?.split_once(' '))
        .filter(|(_, encoding)| encoding.trim().eq_ignore_ascii_case("telephone-event/8000"))
        .map(|(format, _)| format)
}

fn direction<'a>(section: &'a str, session: &'a str) -> &'a str {
    let stated = |text: &'a str| {
        text.lines()
            .filter_map(|line| line.trim_end().strip_prefix("a="))
            .find(|attribute| matches!(*attribute, "sendrecv" | "sendonly" | "recvonly" | "inactive"))
    };
    stated(section).or_else(|| stated(session)).unwrap_or("sendrecv")
}

/// The direction that answers an offered one (RFC 3264 §6.1).
fn mirrored(direction: &str) -> &'static str {
    match direction {
        "sendonly" => "recvonly",
        "recvonly" => "sendonly",
        "inactive" => "inactive",
        _ => "sendrecv",
    }
}

fn connection(section: &str) -> Option<&str> {
    section.lines().find_map(|line| line.strip_prefix("c=IN "))?.split_whitespace().nth(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEDIA: SocketAddr = SocketAddr::new(core::net::IpAddr::V4(core::net::Ipv4Addr::LOCALHOST), 40_000);

    #[test]
    fn an_answer_has_a_line_for_each_offered_stream_and_takes_the_first_audio() {
        let offered = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
            m=video 4000 RTP/AVP 96\r\na=sendonly\r\n\
            m=audio 4002 RTP/AVP 8 0 97\r\na=rtpmap:97 telephone-event/8000\r\na=sendonly\r\n\
            m=audio 4004 RTP/AVP 0\r\n";
        let answer = answer(offered, MEDIA, 3).unwrap();
        let media: Vec<&str> = answer.lines().filter(|line| line.starts_with("m=")).collect();
        assert_eq!(media, ["m=video 0 RTP/AVP 96", "m=audio 40000 RTP/AVP 0 97", "m=audio 0 RTP/AVP 0"]);
        assert!(answer.contains("a=recvonly\r\n") && !answer.contains("a=sendonly"));
        assert!(answer.contains("o=lab 40000 3 IN IP4 127.0.0.1\r\n"));
    }

    #[test]
    fn an_offer_without_mu_law_has_no_answer() {
        assert_eq!(answer(b"v=0\r\nm=audio 4000 RTP/AVP 9\r\n", MEDIA, 1), None);
        assert_eq!(answer(b"v=0\r\nm=audio 0 RTP/AVP 0\r\n", MEDIA, 1), None);
        assert_eq!(answer(b"", MEDIA, 1), None);
    }

    #[test]
    fn the_stream_of_an_offer_is_found_by_its_own_address_before_the_session_s() {
        assert_eq!(audio_of(offer(MEDIA, 1).as_bytes()), Some(MEDIA));
        let own = b"v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\nc=IN IP4 127.0.0.2\r\n";
        assert_eq!(audio_of(own), "127.0.0.2:4000".parse().ok());
        assert_eq!(audio_of(b"v=0\r\nc=IN IP4 0.0.0.0\r\nm=audio 4000 RTP/AVP 0\r\n"), None);
    }
}
