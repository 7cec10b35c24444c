//! Sound in files: mono, 16 bits, 8000 samples a second.
use std::f64::consts::TAU;
use std::path::Path;

/// Samples a second.
pub const RATE: u32 = 8000;

/// A file of these samples.
pub fn wave(samples: &[i16]) -> Vec<u8> {
    let data: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let mut file = b"RIFF".to_vec();
    file.extend((36 + data.len() as u32).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend(RATE.to_le_bytes());
    file.extend((RATE * 2).to_le_bytes());
    file.extend(b"\x02\0\x10\0data");
    file.extend((data.len() as u32).to_le_bytes());
    file.extend(data);
    file
}

/// The samples of a file, after its header of 44 bytes.
pub fn samples(file: &Path) -> Vec<i16> {
    let bytes = std::fs::read(file).expect("the recording can be read");
    bytes.get(44..).unwrap_or_default().chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect()
}

/// How loud one pitch is in the first second of these samples, in units of a sample: its Fourier coefficient.
pub fn strength(samples: &[i16], hertz: f64) -> f64 {
    let second = &samples[..samples.len().min(RATE as usize)];
    let (mut cosine, mut sine) = (0.0, 0.0);
    for (n, sample) in second.iter().enumerate() {
        let turn = TAU * hertz * n as f64 / f64::from(RATE);
        cosine += f64::from(*sample) * turn.cos();
        sine += f64::from(*sample) * turn.sin();
    }
    2.0 * f64::hypot(cosine, sine) / second.len() as f64
}
