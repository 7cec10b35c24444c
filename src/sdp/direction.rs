//! Descriptions whose direction is changed or made (RFC 3264 §6.1).
use super::hold::{Primary, Way, primary, way_of};
use super::lines::{Media, line_end, lines};
use super::streams::{place_of_stream, refused};
use bytes::{Bytes, BytesMut};

/// The description as an answer to `offer`: its primary stream says no more than the offer's allows. Where it does not
/// anyway, it is the same bytes.
pub fn answering(sdp: &Bytes, offer: &[u8]) -> Bytes {
    let way = |text| primary(text).and_then(|stream| stream.way);
    let (Some(ours), Some(theirs)) = (primary(sdp), way(offer)) else { return sdp.clone() };
    let Some(now) = ours.way else { return sdp.clone() };
    let allowed = now.and(theirs.mirrored());
    if allowed == now { sdp.clone() } else { directed(sdp, ours, allowed) }
}

/// The description with its primary stream open in both directions; `None` when it is not a direction that closes it.
pub fn opened(sdp: &Bytes) -> Option<Bytes> {
    let stream = primary(sdp).filter(|stream| stream.way.is_some() && !stream.nowhere)?;
    Some(directed(sdp, stream, Way::BOTH))
}

/// Says the primary stream's direction on its own level, where it counts.
fn directed(sdp: &Bytes, stream: Primary, way: Way) -> Bytes {
    let Some(place) = place_of_stream(sdp, stream.place) else { return sdp.clone() };
    let mut out = BytesMut::with_capacity(sdp.len() + 16);
    out.extend_from_slice(&sdp[..place.start]);
    for line in lines(&sdp[place.clone()]).filter(|line| way_of(line.text).is_none()) {
        out.extend_from_slice(line.text);
        out.extend_from_slice(line_end(sdp).as_bytes());
    }
    out.extend_from_slice(format!("a={}{}", way.text(), line_end(sdp)).as_bytes());
    out.extend_from_slice(&sdp[place.end..]);
    out.freeze()
}

/// An answer to `offer` by nobody: plain audio waits without an address, and every other stream is refused. It keeps a
/// far end in a call whose caller has said nothing of its media.
pub fn idle(offer: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(128 + offer.len() / 2);
    out.extend_from_slice(b"v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n");
    for line in lines(offer).filter(|line| line.text.starts_with(b"m=")) {
        let media = Media::read(line.text).filter(|media| media.is_audio && media.port != Some(0));
        let is_plain = memchr::memmem::find(line.text, b" RTP/AVP ").is_some();
        let mut words = refused(line.text);
        if media.is_some() && is_plain {
            // Port 9 is the discard service: the stream is there and nothing goes to it.
            let zero = words.iter().position(|&byte| byte == b'0').unwrap_or(0);
            words[zero] = b'9';
            out.extend_from_slice(&words);
            out.extend_from_slice(b"\r\na=inactive\r\n");
        } else {
            out.extend_from_slice(&words);
            out.extend_from_slice(b"\r\n");
        }
    }
    out.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sdp::{Holds, holds};

    const VOICE: &str = "v=0\r\nc=IN IP4 192.0.2.1\r\na=inactive\r\nm=audio 4000 RTP/AVP 0\r\na=sendonly\r\na=ptime:20\r\nm=text 1 RTP/AVP 98\r\n";

    fn text(sdp: &Bytes) -> &str {
        core::str::from_utf8(sdp).unwrap()
    }

    #[test]
    fn a_held_stream_is_opened_on_its_own_level_and_others_stay() {
        let open = opened(&Bytes::from(VOICE)).unwrap();
        assert_eq!(text(&open), VOICE.replace("a=sendonly\r\na=ptime:20\r\n", "a=ptime:20\r\na=sendrecv\r\n"));
        assert_eq!(holds(&open, None), Holds::No);
        for closed in [VOICE.replace("4000", "0"), VOICE.replace("192.0.2.1", "0.0.0.0"), "hello".to_owned()] {
            assert!(opened(&Bytes::from(closed)).is_none());
        }
    }

    #[test]
    fn an_answer_says_no_more_than_the_offer_allows() {
        let offer = |way: &str| format!("m=audio 1 RTP/AVP 0\r\na={way}\r\n");
        let answer = Bytes::from("m=audio 2 RTP/AVP 0\r\n");
        for (offered, expected) in [("sendonly", "recvonly"), ("recvonly", "sendonly"), ("inactive", "inactive")] {
            assert_eq!(
                text(&answering(&answer, offer(offered).as_bytes())),
                format!("{}a={expected}\r\n", text(&answer))
            );
        }
        assert_eq!(answering(&answer, offer("sendrecv").as_bytes()).as_ptr(), answer.as_ptr());
    }

    #[test]
    fn an_answer_by_nobody_has_every_line_of_the_offer() {
        let offer = "v=0\r\nm=audio 4000/2 RTP/AVP 0 101\r\na=x\r\nm=audio 5000 RTP/SAVP 0\r\nm=video 0 RTP/AVP 31\r\n";
        let answer = idle(offer.as_bytes());
        let streams = "m=audio 9 RTP/AVP 0 101\r\na=inactive\r\nm=audio 0 RTP/SAVP 0\r\nm=video 0 RTP/AVP 31\r\n";
        assert!(text(&answer).ends_with(streams), "{}", text(&answer));
        assert_eq!(holds(&answer, None), Holds::Yes);
    }
}
