//! What a speech program writes (RIFF WAVE, 16 bits, one channel) as G.711 µ-law at 8,000 samples a second.
use crate::edge::rtp;
use core::f32::consts::PI;

/// Samples a second on the wire.
const RATE: u32 = 8000;
/// How many samples of the source a filter looks at on either side.
const REACH: i64 = 24;
/// What is quieter than this, at either end, is no speech.
const QUIET: i16 = 160;
/// How much silence stays at either end, in samples: 20 ms.
const MARGIN: usize = 160;

/// The speech in a WAVE file in µ-law, without the silence around it; `None` for what is no such file. A file that was
/// written to a pipe has lengths that mean nothing, so its samples go to its end.
pub(super) fn to_ulaw(file: &[u8]) -> Option<Vec<u8>> {
    let (rate, samples) = read(file)?;
    let samples = resampled(&samples, rate);
    let is_loud = |sample: &i16| sample.unsigned_abs() > QUIET.unsigned_abs();
    let first = samples.iter().position(is_loud)?.saturating_sub(MARGIN);
    let last = samples.iter().rposition(is_loud)?;
    let speech = &samples[first..samples.len().min(last + MARGIN)];
    Some(speech.iter().map(|sample| rtp::to_ulaw(*sample)).collect())
}

fn read(file: &[u8]) -> Option<(u32, Vec<i16>)> {
    let mut rest = file.strip_prefix(b"RIFF")?.get(4..)?.strip_prefix(b"WAVE")?;
    let mut rate = None;
    loop {
        let (name, after) = rest.split_first_chunk::<4>()?;
        let (length, after) = after.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        match name {
            b"fmt " => {
                let (format, _) = after.split_first_chunk::<16>()?;
                let [0x01, 0, 1, 0, r0, r1, r2, r3, .., 16, 0] = *format else { return None };
                rate = Some(u32::from_le_bytes([r0, r1, r2, r3])).filter(|rate| (RATE..=96_000).contains(rate));
            }
            b"data" => {
                let samples = after.get(..length).unwrap_or(after).chunks_exact(2);
                return Some((rate?, samples.map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect()));
            }
            _ => {}
        }
        rest = after.get(length..)?;
    }
}

/// The same sound at 8,000 samples a second: a windowed sinc that passes what a telephone passes.
fn resampled(samples: &[i16], rate: u32) -> Vec<i16> {
    if rate == RATE {
        return samples.to_vec();
    }
    let step = f64::from(rate) / f64::from(RATE);
    let cutoff = 3600.0 * 2.0 / rate as f32;
    let count = (samples.len() as f64 / step) as usize;
    let at = |place: usize| {
        let centre = place as f64 * step;
        let nearest = centre as i64;
        let mut sum = 0.0;
        for tap in nearest - REACH + 1..=nearest + REACH {
            let Some(sample) = usize::try_from(tap).ok().and_then(|tap| samples.get(tap)) else { continue };
            let distance = (tap as f64 - centre) as f32;
            let window = 0.5 + 0.5 * (PI * distance / REACH as f32).cos();
            sum += f32::from(*sample) * cutoff * sinc(cutoff * distance) * window;
        }
        sum.clamp(-32_768.0, 32_767.0) as i16
    };
    (0..count).map(at).collect()
}

fn sinc(x: f32) -> f32 {
    if x.abs() < 1e-6 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file as espeak-ng writes it to a pipe: lengths that mean nothing.
    fn piped(rate: u32, samples: &[i16]) -> Vec<u8> {
        let mut file = b"RIFF\x24\xf0\xff\x7fWAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
        file.extend(rate.to_le_bytes());
        file.extend((rate * 2).to_le_bytes());
        file.extend(b"\x02\0\x10\0data\x00\xf0\xff\x7f");
        file.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
        file
    }

    fn tone(rate: u32, hertz: f32) -> Vec<i16> {
        (0..rate).map(|n| ((n as f32 * hertz * 2.0 * PI / rate as f32).sin() * 10_000.0) as i16).collect()
    }

    #[test]
    fn a_tone_keeps_its_pitch_and_loudness_and_what_telephones_do_not_carry_is_gone() {
        let heard = resampled(&tone(22_050, 1000.0), 22_050);
        let wanted = tone(8000, 1000.0);
        let worst = heard.iter().zip(&wanted).skip(100).take(7000).map(|(a, b)| (a - b).abs()).max().unwrap();
        assert!(worst < 300, "{worst}");
        let shrill = resampled(&tone(22_050, 6000.0), 22_050);
        assert!(shrill.iter().skip(100).take(7000).all(|sample| sample.abs() < 300));
    }

    #[test]
    fn a_piped_file_is_read_to_its_end_and_the_silence_around_speech_is_cut() {
        let mut samples = vec![0; 22_050];
        samples.extend(tone(22_050, 440.0));
        samples.extend([0; 22_050]);
        let speech = to_ulaw(&piped(22_050, &samples)).unwrap();
        assert!((8000..8000 + 3 * MARGIN).contains(&speech.len()), "{}", speech.len());
    }

    #[test]
    fn what_is_no_such_file_gives_nothing() {
        let good = piped(8000, &tone(8000, 440.0));
        for cut in 0..60 {
            assert_eq!(to_ulaw(&good[..cut.min(44)]), None);
        }
        let stereo: Vec<u8> = good.iter().enumerate().map(|(at, byte)| if at == 22 { 2 } else { *byte }).collect();
        assert_eq!(to_ulaw(&stereo), None);
        assert_eq!(to_ulaw(b"espeak-ng: no such voice"), None);
    }
}
