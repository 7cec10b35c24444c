//! What a description says about a recorder (RFC 7866 §7).
use super::hold::primary;
use super::lines::{attribute, line_end, lines};
use super::same::same_but_for;
use super::streams::end_of;
use bytes::{Bytes, BytesMut};

/// Whether somebody on its writer's side records or is about to: `a=record:on` or `paused` (RFC 7866 §7.1).
pub fn says_recorded(sdp: &[u8]) -> bool {
    memchr::memmem::find(sdp, b"a=record:").is_some() && lines(sdp).any(|line| records(line.text))
}

fn records(line: &[u8]) -> bool {
    attribute(line, "record")
        .is_some_and(|state| [&b"on"[..], b"paused"].iter().any(|on| state.eq_ignore_ascii_case(on)))
}

fn is_label(line: &[u8]) -> bool {
    attribute(line, "label").is_some()
}

/// Whether an offer changes nothing of what was agreed but that a recorder comes in: it is on, or streams get the labels
/// by which a recording server would know them (RFC 7866 §7.1.1).
pub fn asks_for_recording(offer: &[u8], agreed: &[u8]) -> bool {
    let marks = |line: &[u8]| attribute(line, "record").is_some() || is_label(line);
    let how_many = |sdp, is: fn(&[u8]) -> bool| lines(sdp).filter(|line| is(line.text)).count();
    let more =
        how_many(offer, records) > how_many(agreed, records) || how_many(offer, is_label) > how_many(agreed, is_label);
    more && same_but_for(offer, agreed, marks)
}

/// The description with the wish that its primary stream is not recorded (RFC 7866 §7.2), unless its writer has said
/// what it wishes.
pub fn prefers_no_recording(sdp: &Bytes) -> Bytes {
    let place = primary(sdp).map(|stream| stream.place);
    let said = lines(sdp).any(|line| attribute(line.text, "recordpref").is_some());
    let Some(end) = place.filter(|_| !said).and_then(|place| end_of(sdp, place)) else { return sdp.clone() };
    let mut out = BytesMut::with_capacity(sdp.len() + 24);
    out.extend_from_slice(&sdp[..end]);
    if !out.ends_with(b"\n") {
        out.extend_from_slice(line_end(sdp).as_bytes());
    }
    out.extend_from_slice(b"a=recordpref:off");
    out.extend_from_slice(line_end(sdp).as_bytes());
    out.extend_from_slice(&sdp[end..]);
    out.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = "v=0\r\no=- 7 1 IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\nm=video 0 RTP/AVP 31\r\n";

    #[test]
    fn a_recorder_that_comes_in_is_seen_and_one_that_goes_or_comes_with_more_is_something_else() {
        let with = |line: &str| PLAIN.replace("AVP 0\r\n", &format!("AVP 0\r\n{line}")).replace("7 1", "7 2");
        let asks = |offer: &str, agreed: &str| asks_for_recording(offer.as_bytes(), agreed.as_bytes());
        for line in ["a=record:on\r\n", "a=record:paused\r\n", "a=label:1\r\n", "a=label:1\r\na=record:on\r\n"] {
            assert!(asks(&with(line), PLAIN), "{line:?}");
            assert!(!asks(&with(line).replace("4000", "4002"), PLAIN) && !asks(PLAIN, &with(line)));
        }
        assert!(!asks(&with("a=record:off\r\n"), PLAIN) && !asks(PLAIN, PLAIN));
        assert!(
            says_recorded(with("a=record:on\r\n").as_bytes()) && !says_recorded(with("a=record:off\r\n").as_bytes())
        );
        assert!(!says_recorded(with("a=recordpref:on\r\n").as_bytes()));
    }

    #[test]
    fn the_wish_not_to_be_recorded_stands_at_the_primary_stream_and_once() {
        let wish =
            |text: &str| String::from_utf8(prefers_no_recording(&Bytes::from(text.to_owned())).to_vec()).unwrap();
        let with = PLAIN.replace("AVP 0\r\n", "AVP 0\r\na=recordpref:off\r\n");
        assert_eq!(wish(PLAIN), with);
        assert_eq!(wish(&with), with);
        assert_eq!(wish("m=audio 4000 RTP/AVP 0"), "m=audio 4000 RTP/AVP 0\na=recordpref:off\n");
        assert_eq!(wish("hello"), "hello");
    }
}
