//! Whether an offer would put the other side on hold (RFC 3264 §5.1, §8.4).
use super::lines::{Media, Payloads, attribute, is_encoding, lines, number, payload, words};
use core::net::IpAddr;

/// What an offer asks of the first audio stream, or of the only stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Both sides hear each other, or the other side holds already and this is no more than an answer to that.
    No,
    /// One side would not: `sendonly`, `recvonly`, `inactive`, address `0.0.0.0` or `::`, port 0, or nothing but
    /// comfort noise and telephone events.
    Yes,
    /// No stream could be read.
    Unreadable,
}

/// In which directions voice may flow on a stream, seen by who wrote the description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// Its writer sends.
    pub sends: bool,
    /// Its writer receives.
    pub receives: bool,
}

impl Way {
    /// `sendrecv`.
    pub const BOTH: Way = Way { sends: true, receives: true };
    /// `inactive`; an address that is none comes to the same.
    pub const NONE: Way = Way { sends: false, receives: false };

    /// The most that an answer may say (RFC 3264 §6.1).
    pub const fn mirrored(self) -> Way {
        Way { sends: self.receives, receives: self.sends }
    }

    /// What both allow.
    pub const fn and(self, other: Way) -> Way {
        Way { sends: self.sends && other.sends, receives: self.receives && other.receives }
    }

    /// The attribute that says so.
    pub const fn text(self) -> &'static str {
        match (self.sends, self.receives) {
            (true, true) => "sendrecv",
            (true, false) => "sendonly",
            (false, true) => "recvonly",
            (false, false) => "inactive",
        }
    }
}

/// Where a description leaves its primary stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Primary {
    /// The stream's place among the `m=` lines.
    pub place: usize,
    /// The directions; `None` for a stream that carries no voice at all: port 0, or comfort noise and telephone events.
    pub way: Option<Way>,
    /// Whether it is the address that keeps the other side from sending.
    pub nowhere: bool,
}

/// The primary stream of a description (the effective direction rules: media level over session level, several
/// contradicting attributes leave the least of them); `None` when no stream could be read.
///
/// It is the first audio stream whose port is not 0, since a stream that was given up long ago keeps its line with port
/// 0; without audio it is the only stream. Text and video beside others never hold a call.
pub fn primary(sdp: &[u8]) -> Option<Primary> {
    let mut survey = Survey::default();
    for line in lines(sdp) {
        if line.text.starts_with(b"m=") {
            survey.close();
            survey.media = Media::read(line.text).map(|media| Stream {
                media,
                level: Level::default(),
                filler: Payloads::default(),
            });
            survey.begun += 1;
        } else {
            survey.take(line.text);
        }
    }
    survey.close();
    survey.verdict()
}

/// Whether a mid-call offer or answer holds the call. `other` is what the other side said last: while that side holds,
/// whatever would be a legal answer to it is no hold of this one.
pub fn holds(sdp: &[u8], other: Option<&[u8]>) -> Holds {
    let Some(stream) = primary(sdp) else { return Holds::Unreadable };
    let Some(way) = stream.way else { return Holds::Yes };
    let theirs = other.and_then(primary).and_then(|stream| stream.way).unwrap_or(Way::BOTH);
    // To `inactive` some phones answer `recvonly`: nothing is lost by it.
    let is_lax = theirs == Way::NONE && !way.sends;
    let is_answer = theirs != Way::BOTH && (is_lax || way.and(theirs.mirrored()) == way);
    if way == Way::BOTH || is_answer { Holds::No } else { Holds::Yes }
}

/// What is said at the session's level or at a stream's.
#[derive(Clone, Copy, Default)]
struct Level {
    /// A direction is given, and what all of them allow.
    direction: Option<Way>,
    /// An address is given, and whether any of them is the unspecified one.
    address: Option<bool>,
}

impl Level {
    fn take(&mut self, line: &[u8]) {
        if let Some(way) = way_of(line) {
            self.direction = Some(self.direction.unwrap_or(Way::BOTH).and(way));
        } else if let Some(connection) = line.strip_prefix(b"c=") {
            self.address = Some(self.address == Some(true) || is_unspecified(connection));
        }
    }
}

/// The direction that an attribute line gives.
pub(super) fn way_of(line: &[u8]) -> Option<Way> {
    // Most lines are another one, which the first letter of an attribute tells.
    let (b"a=", [b's' | b'S' | b'r' | b'R' | b'i' | b'I', ..]) = line.split_at_checked(2)? else { return None };
    let ways = [(true, true), (true, false), (false, true), (false, false)];
    let mut ways = ways.into_iter().map(|(sends, receives)| Way { sends, receives });
    ways.find(|way| attribute(line, way.text()).is_some())
}

/// `IN IP4 0.0.0.0`, `IN IP6 ::`, in any spelling.
fn is_unspecified(connection: &[u8]) -> bool {
    let address = words(connection).nth(2).unwrap_or(b"");
    let address = address.split(|&byte| byte == b'/').next().unwrap_or(b"");
    let address = core::str::from_utf8(address).ok().and_then(|text| text.parse::<IpAddr>().ok());
    address.is_some_and(|address| address.to_canonical().is_unspecified())
}

struct Stream<'a> {
    media: Media<'a>,
    level: Level,
    /// Payload types that carry no voice.
    filler: Payloads,
}

impl Stream<'_> {
    fn stance(&self, place: usize, session: Level) -> Primary {
        let nowhere = self.level.address.or(session.address).unwrap_or(false);
        let way = if nowhere { Way::NONE } else { self.level.direction.or(session.direction).unwrap_or(Way::BOTH) };
        let is_off = self.media.port == Some(0) || (self.media.is_audio && self.has_no_voice());
        Primary { place, way: (!is_off).then_some(way), nowhere }
    }

    /// Static payload type 13 is comfort noise, 19 was before (RFC 3551 §6, RFC 3389).
    fn has_no_voice(&self) -> bool {
        words(self.media.formats)
            .all(|format| number(format).is_some_and(|payload| matches!(payload, 13 | 19) || self.filler.has(payload)))
    }
}

#[derive(Default)]
struct Survey<'a> {
    session: Level,
    media: Option<Stream<'a>>,
    /// How many `m=` lines there were.
    begun: usize,
    /// How many streams could be read.
    streams: usize,
    /// The first stream, for when it is the only one.
    first: Option<Primary>,
    /// The first audio stream with a port.
    audio: Option<Primary>,
    /// The first audio stream with port 0.
    audio_off: Option<Primary>,
}

impl Survey<'_> {
    fn take(&mut self, line: &[u8]) {
        let Some(stream) = &mut self.media else { return self.session.take(line) };
        stream.level.take(line);
        if let Some((payload, encoding)) = attribute(line, "rtpmap").and_then(payload)
            && (is_encoding(encoding, "CN") || is_encoding(encoding, "telephone-event"))
        {
            stream.filler.insert(payload);
        }
    }

    /// Ends the stream at hand. One whose port cannot be a port is no stream.
    fn close(&mut self) {
        let Some(stream) = self.media.take() else { return };
        let Some(port) = stream.media.port else { return };
        let found = stream.stance(self.begun - 1, self.session);
        self.streams += 1;
        self.first = self.first.or(Some(found));
        if stream.media.is_audio && port == 0 {
            self.audio_off = self.audio_off.or(Some(found));
        } else if stream.media.is_audio {
            self.audio = self.audio.or(Some(found));
        }
    }

    fn verdict(&self) -> Option<Primary> {
        match (self.audio, self.streams) {
            (Some(audio), _) => Some(audio),
            (None, 1) => self.first,
            (None, _) => self.audio_off.or(self.first.map(|first| Primary { way: Some(Way::BOTH), ..first })),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(session: &str, media: &str) -> Holds {
        holds(&description(session, media), None)
    }
    fn description(session: &str, media: &str) -> Vec<u8> {
        let head = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n";
        format!("{head}{session}{media}").into_bytes()
    }
    const AUDIO: &str = "m=audio 4000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n";

    #[test]
    fn an_offer_that_says_nothing_of_direction_holds_nobody() {
        assert_eq!(offer("", AUDIO), Holds::No);
        assert_eq!(offer("", &format!("{AUDIO}a=sendrecv\r\n")), Holds::No);
        assert_eq!(offer("a=sendrecv\r\n", AUDIO), Holds::No);
    }

    #[test]
    fn every_one_way_direction_at_either_level_is_hold() {
        for way in ["sendonly", "recvonly", "inactive", "SendOnly"] {
            assert_eq!(offer("", &format!("{AUDIO}a={way}\r\n")), Holds::Yes);
            assert_eq!(offer(&format!("a={way}\r\n"), AUDIO), Holds::Yes);
        }
    }

    #[test]
    fn the_streams_own_direction_comes_before_the_sessions() {
        assert_eq!(offer("a=inactive\r\n", &format!("{AUDIO}a=sendrecv\r\n")), Holds::No);
        assert_eq!(offer("a=sendrecv\r\n", &format!("{AUDIO}a=sendonly\r\n")), Holds::Yes);
    }

    #[test]
    fn directions_that_contradict_each_other_are_hold_in_any_order() {
        assert_eq!(offer("", &format!("{AUDIO}a=sendonly\r\na=sendrecv\r\n")), Holds::Yes);
        assert_eq!(offer("", &format!("{AUDIO}a=sendrecv\r\na=inactive\r\n")), Holds::Yes);
        assert_eq!(offer("a=inactive\r\na=sendrecv\r\n", AUDIO), Holds::Yes);
    }

    #[test]
    fn an_address_that_is_nowhere_is_hold() {
        for address in ["IP4 0.0.0.0", "IP6 ::", "IP6 0:0:0:0:0:0:0:0", "IP4 0.0.0.0/127", "IP6 ::ffff:0.0.0.0"] {
            assert_eq!(offer("", &format!("{AUDIO}c=IN {address}\r\n")), Holds::Yes, "{address}");
            assert_eq!(offer(&format!("c=IN {address}\r\n"), AUDIO), Holds::Yes, "{address}");
        }
        assert_eq!(offer("c=IN IP4 0.0.0.0\r\n", &format!("{AUDIO}c=IN IP6 2001:db8::1\r\n")), Holds::No);
    }

    #[test]
    fn a_stream_switched_off_or_without_voice_is_hold() {
        assert_eq!(offer("", "m=audio 0 RTP/AVP 0\r\n"), Holds::Yes);
        assert_eq!(offer("", "m=audio 00/2 RTP/AVP 0\r\n"), Holds::Yes);
        assert_eq!(offer("", "m=audio 4000 RTP/AVP 13 101\r\na=rtpmap:101 telephone-event/8000\r\n"), Holds::Yes);
        assert_eq!(offer("", "m=audio 4000 RTP/AVP 98 19\r\na=rtpmap:98 CN/16000\r\n"), Holds::Yes);
        assert_eq!(offer("", "m=audio 4000 RTP/AVP 13 0\r\n"), Holds::No);
    }

    #[test]
    fn only_the_primary_audio_stream_counts() {
        assert_eq!(offer("", &format!("{AUDIO}m=text 5000 RTP/AVP 98\r\na=inactive\r\n")), Holds::No);
        assert_eq!(offer("", &format!("m=video 0 RTP/AVP 31\r\na=inactive\r\n{AUDIO}")), Holds::No);
        assert_eq!(offer("", &format!("{AUDIO}m=audio 5000 RTP/AVP 0\r\na=sendonly\r\n")), Holds::No);
        assert_eq!(offer("", &format!("m=audio 0 RTP/AVP 0\r\n{AUDIO}")), Holds::No);
        assert_eq!(offer("", &format!("m=audio 0 RTP/AVP 0\r\n{AUDIO}a=inactive\r\n")), Holds::Yes);
        assert_eq!(offer("", "m=audio 0 RTP/AVP 0\r\nm=text 5000 RTP/AVP 98\r\n"), Holds::Yes);
    }

    #[test]
    fn a_call_of_one_text_stream_is_held_by_it_and_a_call_of_two_is_not() {
        assert_eq!(offer("", "m=text 5000 RTP/AVP 98\r\na=sendonly\r\n"), Holds::Yes);
        assert_eq!(offer("", "m=text 5000 RTP/AVP 98\r\na=sendonly\r\nm=video 5002 RTP/AVP 31\r\n"), Holds::No);
    }

    #[test]
    fn what_answers_the_hold_of_the_other_side_is_none_of_this_side() {
        let with = |lines: &str| description("", &format!("{AUDIO}{lines}"));
        let cases = [
            ("a=sendonly\r\n", "a=recvonly\r\n", Holds::No),
            ("a=sendonly\r\n", "a=inactive\r\n", Holds::No),
            ("a=sendonly\r\n", "", Holds::No),
            ("a=sendonly\r\n", "a=sendonly\r\n", Holds::Yes),
            ("a=inactive\r\n", "a=inactive\r\n", Holds::No),
            ("a=inactive\r\n", "a=recvonly\r\n", Holds::No),
            ("a=inactive\r\n", "a=sendonly\r\n", Holds::Yes),
            ("c=IN IP4 0.0.0.0\r\n", "c=IN IP4 0.0.0.0\r\n", Holds::No),
            ("", "a=recvonly\r\n", Holds::Yes),
        ];
        for (theirs, ours, expected) in cases {
            assert_eq!(holds(&with(ours), Some(&with(theirs))), expected, "{ours:?} to {theirs:?}");
        }
        let off = description("", "m=audio 0 RTP/AVP 0\r\n");
        assert_eq!(
            holds(&off, Some(&with("a=inactive\r\n"))),
            Holds::Yes,
            "a stream that is off is no answer to a hold"
        );
    }

    #[test]
    fn what_has_no_stream_cannot_be_judged() {
        for text in ["", "\r\n", "hello", "v=0\r\n", "m=audio -1 RTP/AVP 0\r\n", "m=audio 65536 RTP/AVP 0\r\n", "m="] {
            assert_eq!(holds(text.as_bytes(), None), Holds::Unreadable, "{text:?}");
        }
    }
}
