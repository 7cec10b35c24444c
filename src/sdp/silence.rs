//! No silence suppression towards a PSAP: what is in the background of an emergency call is part of the call
//! (RFC 6881 ED-73).
use super::lines::{Line, Media, Payloads, attribute, is_encoding, line_end, lines, number, payload, place_of, words};
use bytes::{Bytes, BytesMut};
use core::ops::Range;
use smallvec::SmallVec;

/// Comfort noise (RFC 3389).
const COMFORT_NOISE: u16 = 13;
/// G.729, whose Annex B is silence suppression (RFC 3551 §4.5.6, RFC 4856 §2.1.9).
const G729: u16 = 18;

/// The description as it goes to a PSAP: comfort noise (payload type 13) taken out of audio lines with its attributes
/// and `annexb=no` set for G.729 (RFC 6881 ED-73). Unchanged bytes come back without a copy.
///
/// A stream that offers comfort noise alone keeps it, since a stream needs a format.
pub fn without_silence_suppression(sdp: &Bytes) -> Bytes {
    let mut edits = SmallVec::new();
    let mut section = Section::default();
    for line in lines(sdp) {
        if line.text.starts_with(b"m=") {
            section.edit(sdp, &mut edits);
            section = Section::begin(line.text);
        }
        section.lines.push(line);
    }
    section.edit(sdp, &mut edits);
    if edits.is_empty() { sdp.clone() } else { apply(sdp, &edits) }
}

/// What stands in place of a range of bytes.
struct Edit {
    place: Range<usize>,
    text: Text,
}

enum Text {
    Nothing,
    /// The value of `annexb`.
    No,
    /// The parameter, behind others or as the first.
    Parameter(&'static [u8]),
    /// A line of its own for this payload type.
    Line(u16),
}

type Edits = SmallVec<[Edit; 4]>;

fn apply(sdp: &Bytes, edits: &Edits) -> Bytes {
    let line_end = line_end(sdp);
    let mut out = BytesMut::with_capacity(sdp.len() + 64);
    let mut at = 0;
    for edit in edits {
        out.extend_from_slice(&sdp[at..edit.place.start]);
        match edit.text {
            Text::Nothing => {}
            Text::No => out.extend_from_slice(b"no"),
            Text::Parameter(text) => out.extend_from_slice(text),
            Text::Line(payload) => {
                if !out.ends_with(b"\n") {
                    out.extend_from_slice(line_end.as_bytes());
                }
                out.extend_from_slice(format!("a=fmtp:{payload} annexb=no{line_end}").as_bytes());
            }
        }
        at = edit.place.end;
    }
    out.extend_from_slice(&sdp[at..]);
    out.freeze()
}

/// One audio stream's lines, or the lines of anything else, in which nothing is changed.
#[derive(Default)]
struct Section<'a> {
    media: Option<Media<'a>>,
    lines: SmallVec<[Line<'a>; 16]>,
}

impl<'a> Section<'a> {
    fn begin(line: &'a [u8]) -> Section<'a> {
        Section { media: Media::read(line).filter(|media| media.is_audio), lines: SmallVec::new() }
    }

    /// Adds what must change here, in the order of the bytes.
    fn edit(&self, sdp: &Bytes, edits: &mut Edits) {
        let Some(media) = self.media else { return };
        let other_formats = words(media.formats).any(|format| number(format) != Some(COMFORT_NOISE));
        let mut missing = self.without_annex_b(media);
        let g729 = missing;
        for line in &self.lines {
            let of = |name| attribute(line.text, name).and_then(payload);
            let noise = |found: Option<(u16, &[u8])>| found.is_some_and(|(payload, _)| payload == COMFORT_NOISE);
            if line.text.starts_with(b"m=") && other_formats {
                remove_format(sdp, line, media.formats, edits);
            } else if other_formats && (noise(of("rtpmap")) || noise(of("fmtp"))) {
                edits.push(Edit { place: line.place.clone(), text: Text::Nothing });
            } else if let Some((payload, parameters)) = of("fmtp")
                && g729.has(payload)
            {
                missing.remove(payload);
                refuse_annex_b(sdp, line, parameters, edits);
            }
        }
        let end = self.lines.last().map_or(0, |line| line.place.end);
        for payload in words(media.formats).filter_map(number) {
            if missing.has(payload) {
                missing.remove(payload);
                edits.push(Edit { place: end..end, text: Text::Line(payload) });
            }
        }
    }

    /// The payload types of this stream that are G.729.
    fn without_annex_b(&self, media: Media<'_>) -> Payloads {
        let mut found = Payloads::default();
        for format in words(media.formats).filter_map(number).filter(|&format| format == G729) {
            found.insert(format);
        }
        for line in &self.lines {
            if let Some((payload, encoding)) = attribute(line.text, "rtpmap").and_then(payload) {
                if is_encoding(encoding, "G729") || is_encoding(encoding, "G729A") {
                    found.insert(payload);
                } else {
                    found.remove(payload);
                }
            }
        }
        found
    }
}

/// Takes payload type 13 out of an `m=` line, with the space in front of it.
fn remove_format(sdp: &Bytes, line: &Line<'_>, formats: &[u8], edits: &mut Edits) {
    for format in words(formats).filter(|&format| number(format) == Some(COMFORT_NOISE)) {
        let place = place_of(sdp, format);
        let before = &sdp[line.place.start..place.start];
        edits.push(Edit { place: line.place.start + before.trim_ascii_end().len()..place.end, text: Text::Nothing });
    }
}

/// Makes a G.729 `fmtp` line say `annexb=no`.
fn refuse_annex_b(sdp: &Bytes, line: &Line<'_>, parameters: &[u8], edits: &mut Edits) {
    let mut said = false;
    for parameter in parameters.split(|&byte| byte == b';') {
        let Some(equals) = memchr::memchr(b'=', parameter) else { continue };
        let value = parameter[equals + 1..].trim_ascii();
        if !parameter[..equals].trim_ascii().eq_ignore_ascii_case(b"annexb") {
            continue;
        }
        said = true;
        if !value.eq_ignore_ascii_case(b"no") {
            let place = place_of(sdp, &parameter[equals + 1..]);
            edits.push(Edit { place, text: Text::No });
        }
    }
    if !said {
        let end = line.place.start + line.text.len();
        let text: &[u8] = if parameters.is_empty() { b" annexb=no" } else { b";annexb=no" };
        edits.push(Edit { place: end..end, text: Text::Parameter(text) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(text: &str) -> String {
        String::from_utf8(without_silence_suppression(&Bytes::copy_from_slice(text.as_bytes())).to_vec()).unwrap()
    }
    const START: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n";

    #[test]
    fn a_description_without_silence_suppression_is_the_same_bytes() {
        let sdp = Bytes::from(format!("{START}m=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n"));
        assert_eq!(without_silence_suppression(&sdp).as_ptr(), sdp.as_ptr());
        let odd = Bytes::from_static(b"not a description\n\n\rm=audio\r\na=rtpmap:13");
        assert_eq!(without_silence_suppression(&odd).as_ptr(), odd.as_ptr());
    }

    #[test]
    fn comfort_noise_goes_with_its_attributes_and_every_other_byte_stays() {
        let before = format!(
            "{START}m=audio 4000 RTP/AVP 0  13 101 \r\na=rtpmap:13 CN/8000\r\na=fmtp:13 x\r\na=rtpmap:130 odd\r\n\
             m=video 4002 RTP/AVP 13\r\na=rtpmap:13 odd/90000\r\n"
        );
        let after = format!(
            "{START}m=audio 4000 RTP/AVP 0 101 \r\na=rtpmap:130 odd\r\nm=video 4002 RTP/AVP 13\r\na=rtpmap:13 odd/90000\r\n"
        );
        assert_eq!(changed(&before), after);
    }

    #[test]
    fn a_stream_of_comfort_noise_alone_keeps_its_only_format() {
        let text = format!("{START}m=audio 4000 RTP/AVP 13\r\na=rtpmap:13 CN/8000\r\n");
        assert_eq!(changed(&text), text);
    }

    #[test]
    fn g729_is_told_not_to_use_annex_b_whatever_it_said() {
        let with =
            |fmtp: &str| format!("{START}m=audio 4000 RTP/AVP 18 0\r\na=rtpmap:18 G729/8000\r\n{fmtp}a=ptime:20\r\n");
        let no = with("a=fmtp:18 annexb=no\r\n");
        assert_eq!(changed(&with("a=fmtp:18 annexb=yes\r\n")), no);
        assert_eq!(changed(&no), no);
        assert_eq!(changed(&with("a=fmtp:18 x=1\r\n")), with("a=fmtp:18 x=1;annexb=no\r\n"));
        assert_eq!(changed(&with("a=fmtp:18\r\n")), no);
        assert_eq!(changed(&with("a=fmtp:18 AnnexB= yes ; x=1\r\n")), with("a=fmtp:18 AnnexB=no; x=1\r\n"));
        assert_eq!(changed(&with("")), format!("{}a=fmtp:18 annexb=no\r\n", with("")));
    }

    #[test]
    fn a_missing_line_is_added_at_the_end_of_its_own_stream() {
        let before =
            format!("{START}m=audio 4000 RTP/AVP 18\r\nb=AS:24\r\nm=audio 5000 RTP/AVP 96\na=rtpmap:96 G729/8000");
        let after = format!(
            "{START}m=audio 4000 RTP/AVP 18\r\nb=AS:24\r\na=fmtp:18 annexb=no\r\nm=audio 5000 RTP/AVP 96\n\
             a=rtpmap:96 G729/8000\r\na=fmtp:96 annexb=no\r\n"
        );
        assert_eq!(changed(&before), after);
    }

    #[test]
    fn other_codecs_of_the_family_are_left_alone() {
        let text = format!("{START}m=audio 4000 RTP/AVP 96\r\na=rtpmap:96 G7291/16000\r\n");
        assert_eq!(changed(&text), text);
    }

    #[test]
    fn line_feeds_stay_line_feeds() {
        assert_eq!(changed("v=0\nm=audio 1 RTP/AVP 18 13\n"), "v=0\nm=audio 1 RTP/AVP 18\na=fmtp:18 annexb=no\n");
    }
}
