//! Chance of the world around the engine, apart from the engine's own: a seed is a walk.

/// A plain generator (splitmix64): small enough to be read, and the same on every machine.
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Chance {
        Chance(seed)
    }

    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from `low` to `high`, both among them.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.bits() % (high - low + 1)
    }

    pub fn percent(&mut self, share: u64) -> bool {
        self.bits() % 100 < share
    }

    pub fn pick<T: Copy>(&mut self, among: &[T]) -> T {
        among[usize::try_from(self.bits() % among.len() as u64).unwrap_or(0)]
    }

    /// One of several, each as likely as its weight says.
    pub fn weighted<T: Copy>(&mut self, among: &[(u64, T)]) -> T {
        let total: u64 = among.iter().map(|(weight, _)| weight).sum();
        let mut at = self.bits() % total.max(1);
        for (weight, one) in among {
            if at < *weight {
                return *one;
            }
            at -= weight;
        }
        among[0].1
    }
}
