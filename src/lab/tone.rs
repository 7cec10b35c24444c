//! A tone, and the ear that tells which one it is.
use crate::edge::rtp::{self, SAMPLES};
use core::f32::consts::TAU;

/// Samples a second.
const RATE: f32 = 8000.0;
/// The pitches that the ear knows: the lab's two, and what telephone networks play.
const KNOWN: [u16; 6] = [350, FAR_END, 480, PHONE, 1000, 1400];
/// What a far end plays when it has answered, in hertz.
pub const FAR_END: u16 = 440;
/// What the phone says, in hertz.
pub const PHONE: u16 = 620;

/// A tone that goes on where its last packet ended.
#[derive(Clone, Copy, Debug)]
pub struct Tone {
    step: f32,
    phase: f32,
}

impl Tone {
    /// A tone of so many hertz.
    pub fn new(hertz: u16) -> Tone {
        Tone { step: TAU * f32::from(hertz) / RATE, phase: 0.0 }
    }

    /// The next packet's worth, in µ-law, at a quarter of full scale.
    pub fn packet(&mut self) -> [u8; SAMPLES] {
        core::array::from_fn(|_| {
            self.phase = (self.phase + self.step) % TAU;
            rtp::to_ulaw((self.phase.sin() * 8000.0) as i16)
        })
    }
}

/// The pitch that carries most of a µ-law packet's sound, when one of the known ones does.
pub fn pitch(payload: &[u8]) -> Option<u16> {
    let samples: Vec<f32> = payload.iter().map(|byte| f32::from(rtp::from_ulaw(*byte))).collect();
    let energy: f32 = samples.iter().map(|sample| sample * sample).sum();
    // A pure tone of n samples has a Goertzel power of n / 2 times its energy.
    let whole = energy * samples.len() as f32 / 2.0;
    if energy < samples.len() as f32 * 10_000.0 {
        return None;
    }
    let (loudest, power) = KNOWN
        .into_iter()
        .map(|hertz| (hertz, goertzel(&samples, hertz)))
        .max_by(|(_, one), (_, other)| one.total_cmp(other))?;
    (power > whole * 0.6).then_some(loudest)
}

/// The power of one pitch in these samples (Goertzel's recurrence).
fn goertzel(samples: &[f32], hertz: u16) -> f32 {
    let turn = 2.0 * (TAU * f32::from(hertz) / RATE).cos();
    let (one, two) = samples.iter().fold((0.0f32, 0.0f32), |(one, two), sample| (sample + turn * one - two, one));
    one * one + two * two - turn * one * two
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tone_is_heard_as_itself_in_every_packet() {
        for hertz in KNOWN {
            let mut tone = Tone::new(hertz);
            for _ in 0..50 {
                assert_eq!(pitch(&tone.packet()), Some(hertz));
            }
        }
    }

    #[test]
    fn silence_and_noise_have_no_pitch() {
        assert_eq!(pitch(&[0xff; SAMPLES]), None);
        let mut noise = 1u32;
        let hiss: [u8; SAMPLES] = core::array::from_fn(|_| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (noise >> 24) as u8
        });
        assert_eq!(pitch(&hiss), None);
        assert_eq!(pitch(&[]), None);
    }
}
