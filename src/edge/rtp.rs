//! RTP (RFC 3550) as far as a paced G.711 stream needs it: the header in and out, and the µ-law companding of ITU-T
//! G.711 that payload type 0 carries (RFC 3551 §4.5.14).
use core::time::Duration;

/// The length of the fixed header, in bytes (RFC 3550 §5.1).
pub const HEADER_LEN: usize = 12;
/// The static payload type of G.711 µ-law (RFC 3551 §6).
pub const PCMU: u8 = 0;
/// How much sound one packet carries (RFC 3551 §4.2).
pub const PACKET: Duration = Duration::from_millis(20);
/// Samples in one packet, at 8,000 a second; also its payload's length in bytes and its step in timestamps.
pub const SAMPLES: usize = 160;

/// One outgoing stream: it numbers and stamps its packets.
#[derive(Clone, Copy, Debug)]
pub struct Stream {
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    talking: bool,
}

impl Stream {
    /// A stream that begins at places drawn from `chance`, as RFC 3550 §5.1 asks of SSRC, sequence number and
    /// timestamp.
    pub const fn new(chance: u64) -> Stream {
        Stream {
            ssrc: chance as u32,
            sequence: (chance >> 32) as u16,
            timestamp: (chance >> 24) as u32,
            talking: false,
        }
    }

    /// Writes one packet of payload type 0 behind whatever `out` has, and moves on by one packet. The first packet
    /// after silence has the marker (RFC 3551 §4.1).
    pub fn write(&mut self, payload: &[u8; SAMPLES], out: &mut Vec<u8>) {
        self.write_as(PCMU, payload, out);
    }

    /// The same with another payload type, 0 to 127, and of any length.
    pub fn write_as(&mut self, payload_type: u8, payload: &[u8], out: &mut Vec<u8>) {
        let marker = if self.talking { 0 } else { 0x80 };
        self.talking = true;
        self.put(payload_type | marker, self.timestamp, payload, out);
    }

    /// Writes a packet of an event that began at this timestamp: all packets of an event have that one (RFC 4733
    /// §2.5.1.2), and the first has the marker.
    pub fn write_event(&mut self, payload_type: u8, begun: u32, payload: &[u8; 4], out: &mut Vec<u8>) {
        let marker = if begun == self.timestamp { 0x80 } else { 0 };
        self.put(payload_type | marker, begun, payload, out);
    }

    fn put(&mut self, kind: u8, timestamp: u32, payload: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(&[2 << 6, kind]);
        out.extend_from_slice(&self.sequence.to_be_bytes());
        out.extend_from_slice(&timestamp.to_be_bytes());
        out.extend_from_slice(&self.ssrc.to_be_bytes());
        out.extend_from_slice(payload);
        self.step();
    }

    /// The moment of the next packet, in samples.
    pub const fn timestamp(&self) -> u32 {
        self.timestamp
    }

    /// Lets one packet's time pass in silence: the timestamp moves, the sequence number does not (RFC 3550 §5.1).
    pub fn silence(&mut self) {
        self.talking = false;
        self.timestamp = self.timestamp.wrapping_add(SAMPLES as u32);
    }

    fn step(&mut self) {
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(SAMPLES as u32);
    }
}

/// A packet that came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Its payload type, 0 to 127.
    pub payload_type: u8,
    /// Its number in the stream; wraps.
    pub sequence: u16,
    /// When its first sample was taken, in samples; wraps.
    pub timestamp: u32,
    /// Which stream it belongs to.
    pub ssrc: u32,
    /// What it carries, without CSRCs, header extension and padding.
    pub payload: &'a [u8],
}

/// Reads a packet; `None` when it is not version 2, is cut short, or is RTCP sharing the port (RFC 5761 §4).
pub fn read(bytes: &[u8]) -> Option<Packet<'_>> {
    let (head, mut rest) = bytes.split_first_chunk::<HEADER_LEN>()?;
    let [first, second, s0, s1, t0, t1, t2, t3, x0, x1, x2, x3] = *head;
    if first >> 6 != 2 || (192..=223).contains(&second) {
        return None;
    }
    rest = rest.get(usize::from(first & 15) * 4..)?;
    if first & 0x10 != 0 {
        let words = u16::from_be_bytes([*rest.get(2)?, *rest.get(3)?]);
        rest = rest.get(4 + usize::from(words) * 4..)?;
    }
    if first & 0x20 != 0 {
        let padding = usize::from(*rest.last()?);
        rest = rest.get(..rest.len().checked_sub(padding.max(1))?)?;
    }
    Some(Packet {
        payload_type: second & 0x7f,
        sequence: u16::from_be_bytes([s0, s1]),
        timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
        ssrc: u32::from_be_bytes([x0, x1, x2, x3]),
        payload: rest,
    })
}

/// A linear sample as a µ-law byte.
pub fn to_ulaw(sample: i16) -> u8 {
    const BIAS: u16 = 0x84;
    let sign = if sample < 0 { 0x80 } else { 0 };
    let magnitude = sample.unsigned_abs().min(32_635) + BIAS;
    let exponent = 8 - (magnitude.leading_zeros() as u8).min(8);
    let mantissa = (magnitude >> (exponent + 3)) as u8 & 0x0f;
    !(sign | exponent << 4 | mantissa)
}

/// A linear sample as an A-law byte (ITU-T G.711, table 1).
pub fn to_alaw(sample: i16) -> u8 {
    let (sign, magnitude) = if sample < 0 { (0, !sample as u16) } else { (0x80, sample as u16) };
    let magnitude = magnitude >> 4;
    // Below 16 the steps are all alike; from there on each segment has 16 steps, twice as wide as those before.
    let exponent = (12 - magnitude.leading_zeros().min(12)) as u8;
    let mantissa = (magnitude >> exponent.saturating_sub(1)) as u8 & 0x0f;
    (sign | exponent << 4 | mantissa) ^ 0x55
}

/// A µ-law byte as a linear sample.
pub fn from_ulaw(byte: u8) -> i16 {
    let byte = !byte;
    let exponent = byte >> 4 & 7;
    let magnitude = (((i16::from(byte & 0x0f) << 3) + 0x84) << exponent) - 0x84;
    if byte & 0x80 == 0 { magnitude } else { -magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_numbered_by_one_and_stamped_by_their_samples_and_wrap() {
        let mut stream = Stream { ssrc: 0xfeed_f00d, sequence: 0xffff, timestamp: u32::MAX, talking: false };
        let (mut first, mut second) = (Vec::new(), Vec::new());
        stream.write(&[0xff; SAMPLES], &mut first);
        stream.write(&[0x7f; SAMPLES], &mut second);
        assert_eq!(&first[..HEADER_LEN], &[0x80, 0x80, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xed, 0xf0, 0x0d]);
        assert_eq!(&second[..HEADER_LEN], &[0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x9f, 0xfe, 0xed, 0xf0, 0x0d]);
        let read_back = read(&second).unwrap();
        assert_eq!((read_back.sequence, read_back.timestamp, read_back.ssrc), (0, 159, 0xfeed_f00d));
        assert_eq!(read_back.payload, &[0x7f; SAMPLES]);
    }

    #[test]
    fn sound_after_silence_has_the_marker_and_a_later_timestamp_but_the_next_number() {
        let mut stream = Stream::new(7);
        let (mut before, mut after) = (Vec::new(), Vec::new());
        stream.write(&[0; SAMPLES], &mut before);
        stream.silence();
        stream.write(&[0; SAMPLES], &mut after);
        let (before, after_read) = (read(&before).unwrap(), read(&after).unwrap());
        assert_eq!(after[1] & 0x80, 0x80);
        assert_eq!(after_read.sequence, before.sequence.wrapping_add(1));
        assert_eq!(after_read.timestamp, before.timestamp.wrapping_add(320));
    }

    #[test]
    fn csrcs_extension_and_padding_are_not_payload_and_cut_packets_are_refused() {
        let mut bytes = vec![0xb1, 0x80, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
        bytes.extend_from_slice(&[9; 4]);
        bytes.extend_from_slice(&[0xbe, 0xde, 0, 1, 5, 5, 5, 5]);
        bytes.extend_from_slice(&[1, 2, 3, 0, 0, 3]);
        assert_eq!(read(&bytes).unwrap().payload, &[1, 2, 3]);
        for len in 0..bytes.len() - 6 {
            assert_eq!(read(&bytes[..len]), None, "{len} bytes");
        }
        bytes[0] = 0x40;
        assert_eq!(read(&bytes), None, "version 1");
        assert_eq!(read(&[0x80, 200, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0]), None, "an RTCP sender report");
    }

    #[test]
    fn a_law_has_the_code_words_of_the_recommendation() {
        let words = [0, -1, 15, 16, 255, 256, 1000, -1000, i16::MAX, i16::MIN].map(to_alaw);
        assert_eq!(words, [0xd5, 0x55, 0xd5, 0xd4, 0xda, 0xc5, 0xfa, 0x7a, 0xaa, 0x2a]);
    }

    #[test]
    fn mu_law_has_the_code_words_of_the_recommendation_and_survives_a_round_trip() {
        assert_eq!((to_ulaw(0), to_ulaw(32_767), to_ulaw(-32_768)), (0xff, 0x80, 0x00));
        assert_eq!((from_ulaw(0xff), from_ulaw(0x80), from_ulaw(0x00)), (0, 32_124, -32_124));
        for byte in 0..=u8::MAX {
            let again = to_ulaw(from_ulaw(byte));
            assert!(again == byte || (byte == 0x7f && again == 0xff), "{byte:#x} came back as {again:#x}");
        }
    }
}
