//! Streams by their place among the `m=` lines (RFC 3264 §6, §8): lines are never reordered and never taken away.
use super::lines::{Media, line_end, lines, word};
use bytes::{Bytes, BytesMut};
use core::ops::Range;

/// Places of `m=` lines; those past the 64th are in no set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Places(u64);

impl Places {
    /// Whether a place is among them.
    pub fn has(self, place: usize) -> bool {
        self.0 & bit(place) != 0
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those of both, together.
    #[must_use]
    pub fn with(self, others: Places) -> Places {
        Places(self.0 | others.0)
    }

    /// Those that are not among `others`.
    #[must_use]
    pub fn but(self, others: Places) -> Places {
        Places(self.0 & !others.0)
    }

    /// The places from one up to another, which is left out.
    pub fn from_to(from: usize, to: usize) -> Places {
        let mut places = Places::default();
        (from..to.min(64)).for_each(|place| places.insert(place));
        places
    }

    fn insert(&mut self, place: usize) {
        self.0 |= bit(place);
    }
}

fn bit(place: usize) -> u64 {
    u32::try_from(place).ok().and_then(|place| 1_u64.checked_shl(place)).unwrap_or(0)
}

/// The `m=` line of a stream and the lines that belong to it.
struct Stream<'a> {
    line: &'a [u8],
    place: Range<usize>,
}

fn streams(sdp: &[u8]) -> impl Iterator<Item = Stream<'_>> {
    let mut starts = lines(sdp).filter(|line| line.text.starts_with(b"m=")).peekable();
    core::iter::from_fn(move || {
        let line = starts.next()?;
        let end = starts.peek().map_or(sdp.len(), |next| next.place.start);
        Some(Stream { line: line.text, place: line.place.start..end })
    })
}

/// How many streams there are, refused ones too.
pub fn count(sdp: &[u8]) -> usize {
    streams(sdp).count()
}

/// Where the lines of the stream at this place end.
pub(super) fn end_of(sdp: &[u8], place: usize) -> Option<usize> {
    streams(sdp).nth(place).map(|stream| stream.place.end)
}

/// Where the lines of the stream at this place are.
pub(super) fn place_of_stream(sdp: &[u8], place: usize) -> Option<Range<usize>> {
    streams(sdp).nth(place).map(|stream| stream.place)
}

/// The audio streams that an offer adds behind the `known` ones beside an audio stream that is in use: a copy for
/// somebody else to hear.
pub fn added_audio(offer: &[u8], known: usize) -> Places {
    let mut found = Places::default();
    let mut has_audio = false;
    for (place, stream) in streams(offer).enumerate() {
        let media = Media::read(stream.line).filter(|media| media.is_audio);
        if media.is_some() && has_audio && place >= known {
            found.insert(place);
        }
        has_audio |= media.is_some_and(|media| media.port != Some(0));
    }
    found
}

/// The description without the streams at these places, for a side that never heard of them.
pub fn without(sdp: &Bytes, places: Places) -> Bytes {
    if places.is_empty() {
        return sdp.clone();
    }
    let mut out = BytesMut::with_capacity(sdp.len());
    out.extend_from_slice(&sdp[..streams(sdp).next().map_or(sdp.len(), |first| first.place.start)]);
    for (place, stream) in streams(sdp).enumerate() {
        if !places.has(place) {
            out.extend_from_slice(&sdp[stream.place]);
        }
    }
    out.freeze()
}

/// The description with a refused stream (port 0) put in at each of these places; media, transport and formats are those
/// of the line that `model` has there (RFC 3264 §6).
pub fn with_refused(sdp: &Bytes, places: Places, model: &[u8]) -> Bytes {
    if places.is_empty() {
        return sdp.clone();
    }
    let end = line_end(sdp);
    let mut own = streams(sdp).peekable();
    let mut out = BytesMut::with_capacity(sdp.len() + 128);
    out.extend_from_slice(&sdp[..own.peek().map_or(sdp.len(), |first| first.place.start)]);
    let mut put = |text: &[u8]| {
        if !out.is_empty() && !out.ends_with(b"\n") {
            out.extend_from_slice(end.as_bytes());
        }
        out.extend_from_slice(text);
    };
    for (place, known) in streams(model).enumerate() {
        if places.has(place) {
            put(&[&refused(known.line)[..], end.as_bytes()].concat());
        } else if let Some(stream) = own.next() {
            put(&sdp[stream.place]);
        }
    }
    own.for_each(|stream| put(&sdp[stream.place]));
    out.freeze()
}

/// An `m=` line with port 0.
pub(super) fn refused(line: &[u8]) -> Vec<u8> {
    let (kind, rest) = word(line);
    let (_, rest) = word(rest);
    [kind, b" 0 ", rest.trim_ascii_start()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "v=0\r\no=- 7 1 IN IP4 192.0.2.1\r\n";
    const VOICE: &str = "m=audio 4000 RTP/AVP 0\r\na=ptime:20\r\n";
    const COPY: &str = "m=audio 5000/2 RTP/AVP 0 8\r\na=sendonly\r\n";
    const TEXT: &str = "m=text 6000 RTP/AVP 98\r\n";

    fn text(sdp: &Bytes) -> &str {
        core::str::from_utf8(sdp).unwrap()
    }

    #[test]
    fn added_audio_is_found_behind_what_is_known_and_beside_audio_in_use() {
        let added = |text: &str, known| added_audio(format!("{HEAD}{text}").as_bytes(), known);
        let found = added(&format!("{VOICE}{TEXT}{COPY}"), 1);
        assert!(found.has(2) && !found.has(0) && !found.has(1) && !found.has(64));
        assert!(added(&format!("{VOICE}{COPY}"), 2).is_empty(), "it was agreed on");
        assert!(added(&format!("{TEXT}{VOICE}"), 1).is_empty(), "voice comes to a call of text");
        assert!(added(&format!("m=audio 0 RTP/AVP 0\r\n{COPY}"), 1).is_empty(), "it stands for one that is off");
    }

    #[test]
    fn what_is_taken_out_on_one_leg_is_put_back_as_refused_on_the_other() {
        let offer = Bytes::from(format!("{HEAD}{VOICE}{COPY}{TEXT}"));
        let places = added_audio(&offer, 1);
        let passed = without(&offer, places);
        assert_eq!(text(&passed), format!("{HEAD}{VOICE}{TEXT}"));
        let answer = with_refused(&passed, places, &offer);
        assert_eq!(text(&answer), format!("{HEAD}{VOICE}m=audio 0 RTP/AVP 0 8\r\n{TEXT}"));
        let added = Bytes::from(format!("{passed}m=video 1 RTP/AVP 31\r\n", passed = text(&passed)));
        assert!(text(&with_refused(&added, places, &answer)).ends_with("98\r\nm=video 1 RTP/AVP 31\r\n"));
        assert_eq!((count(&offer), count(&passed), count(b"v=0")), (3, 2, 0));
    }

    #[test]
    fn a_description_that_ends_without_a_line_end_gets_one_before_more() {
        let answer = Bytes::from_static(b"v=0\nm=audio 1 RTP/AVP 0");
        let model = b"m=audio 1 RTP/AVP 0\nm=audio 2 RTP/AVP 0\n";
        assert_eq!(
            text(&with_refused(&answer, added_audio(model, 1), model)),
            "v=0\nm=audio 1 RTP/AVP 0\nm=audio 0 RTP/AVP 0\n"
        );
    }
}
