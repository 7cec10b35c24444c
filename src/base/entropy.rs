//! Chance as an argument: one seeded stream a shard, so that a run with the same seed is the same run.
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A stream of unpredictable numbers. Seeded from the operating system by the edge and from a fixed number by tests.
/// ChaCha keeps tags, branches and tokens unguessable to a peer that has seen others.
pub struct Entropy(ChaCha8Rng);

impl Entropy {
    /// A stream that repeats for the same seed.
    pub fn seeded(seed: [u8; 32]) -> Self {
        Self(ChaCha8Rng::from_seed(seed))
    }

    /// A stream of its own, seeded from this one.
    pub fn branch(&mut self) -> Self {
        let mut seed = [0; 32];
        self.0.fill_bytes(&mut seed);
        Self::seeded(seed)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number below `bound`; zero when `bound` is zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.bits() % bound }
    }
}
