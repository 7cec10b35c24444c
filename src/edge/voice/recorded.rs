//! Recordings in the program itself, for machines without a speech program: every sentence of ours, and the digits and
//! letters from which all else is spelled.
//!
//! They were made once with espeak-ng and are kept as IMA ADPCM, four bits a sample: `BLESS=1 cargo test --test
//! recordings` makes them anew when the sentences have changed.
use crate::edge::rtp;
use crate::ivr::{Piece, Sentence};

/// The recordings: how many there are, how long each is in samples, and then their halves of bytes.
const RECORDINGS: &[u8] = include_bytes!("../../../assets/recordings.adpcm");

/// What can be spelled, in the order of the recordings behind the sentences.
pub const SPELLED: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ+";

/// A piece put together from recordings, in µ-law. What has no recording is left out.
pub(super) fn spoken(piece: &Piece) -> Vec<u8> {
    match piece {
        Piece::Fixed(sentence) => {
            let place = Sentence::ALL.iter().position(|known| known == sentence);
            place.map(recording).unwrap_or_default()
        }
        Piece::Words(text) | Piece::Spelled(text) => text.expose().chars().flat_map(letter).collect(),
        Piece::Pause => Vec::new(),
    }
}

/// A letter's recording, with a little silence behind it; a space is a longer one.
fn letter(letter: char) -> Vec<u8> {
    const SILENCE: u8 = 0xff;
    let place = SPELLED.chars().position(|known| known == letter.to_ascii_uppercase());
    let mut out = place.map(|place| recording(Sentence::ALL.len() + place)).unwrap_or_default();
    out.extend([SILENCE; 400]);
    out
}

fn recording(place: usize) -> Vec<u8> {
    let length = |place: usize| {
        let at = 2 + 4 * place;
        RECORDINGS.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_le_bytes) as usize
    };
    let count = usize::from(u16::from_le_bytes([RECORDINGS[0], RECORDINGS[1]]));
    let from = 2 + 4 * count + (0..place).map(|before| length(before).div_ceil(2)).sum::<usize>();
    let samples = length(place);
    let bytes = RECORDINGS.get(from..from + samples.div_ceil(2)).unwrap_or_default();
    let mut coder = Coder::default();
    let halves = bytes.iter().flat_map(|byte| [byte & 0x0f, byte >> 4]).take(samples);
    halves.map(|half| rtp::to_ulaw(coder.decode(half))).collect()
}

/// The file of recordings: these, in µ-law, in order.
pub fn compress(recordings: &[Vec<u8>]) -> Vec<u8> {
    let mut out = (recordings.len() as u16).to_le_bytes().to_vec();
    for recording in recordings {
        out.extend((recording.len() as u32).to_le_bytes());
    }
    for recording in recordings {
        let mut coder = Coder::default();
        let halves: Vec<u8> = recording.iter().map(|byte| coder.encode(rtp::from_ulaw(*byte))).collect();
        out.extend(halves.chunks(2).map(|pair| pair[0] | pair.get(1).unwrap_or(&0) << 4));
    }
    out
}

/// IMA ADPCM (IMA Recommended Practices for Enhancing Digital Audio Compatibility, 1992, §6).
#[derive(Default)]
struct Coder {
    sample: i32,
    index: usize,
}

const STEPS: [i32; 89] = [
    7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 19, 21, 23, 25, 28, 31, 34, 37, 41, 45, 50, 55, 60, 66, 73, 80, 88, 97, 107,
    118, 130, 143, 157, 173, 190, 209, 230, 253, 279, 307, 337, 371, 408, 449, 494, 544, 598, 658, 724, 796, 876, 963,
    1060, 1166, 1282, 1411, 1552, 1707, 1878, 2066, 2272, 2499, 2749, 3024, 3327, 3660, 4026, 4428, 4871, 5358, 5894,
    6484, 7132, 7845, 8630, 9493, 10_442, 11_487, 12_635, 13_899, 15_289, 16_818, 18_500, 20_350, 22_385, 24_623,
    27_086, 29_794, 32_767,
];

impl Coder {
    fn decode(&mut self, half: u8) -> i16 {
        let step = STEPS[self.index];
        let mut change = step >> 3;
        for (bit, part) in [(4, step), (2, step >> 1), (1, step >> 2)] {
            change += if half & bit == 0 { 0 } else { part };
        }
        self.sample = (self.sample + if half & 8 == 0 { change } else { -change }).clamp(-32_768, 32_767);
        let moves = [0, 0, 0, 0, 2, 4, 6, 8][usize::from(half & 7)];
        self.index = if half & 4 == 0 { self.index.saturating_sub(1) } else { (self.index + moves).min(88) };
        self.sample as i16
    }

    fn encode(&mut self, sample: i16) -> u8 {
        let mut left = i32::from(sample) - self.sample;
        let mut half = if left < 0 { 8 } else { 0 };
        left = left.abs();
        let mut step = STEPS[self.index];
        for bit in [4, 2, 1] {
            if left >= step {
                half |= bit;
                left -= step;
            }
            step >>= 1;
        }
        let _ = self.decode(half);
        half
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sentence_digit_and_letter_has_a_recording_that_can_be_heard() {
        let count = usize::from(u16::from_le_bytes([RECORDINGS[0], RECORDINGS[1]]));
        assert_eq!(count, Sentence::ALL.len() + SPELLED.len(), "make them anew, as the head of this file says");
        for place in 0..count {
            let samples: Vec<i16> = recording(place).into_iter().map(rtp::from_ulaw).collect();
            assert!(samples.len() > 800, "{place}: at least a tenth of a second");
            assert!(samples.iter().any(|sample| sample.unsigned_abs() > 3000), "{place}: silence");
        }
    }

    #[test]
    fn what_was_compressed_sounds_as_before() {
        let tone: Vec<u8> = (0..8000).map(|n| rtp::to_ulaw(((n as f32 * 0.3).sin() * 9000.0) as i16)).collect();
        let file = compress(core::slice::from_ref(&tone));
        assert!(file.len() < tone.len() / 2 + 8);
        let mut coder = Coder::default();
        let heard = file[6..].iter().flat_map(|byte| [byte & 0x0f, byte >> 4]).map(|half| coder.decode(half));
        let noise: f64 = heard.zip(&tone).map(|(a, b)| f64::from(a - rtp::from_ulaw(*b)).powi(2)).sum();
        let power: f64 = tone.iter().map(|byte| f64::from(rtp::from_ulaw(*byte)).powi(2)).sum();
        assert!(noise < power / 100.0, "{noise} beside {power}");
    }
}
