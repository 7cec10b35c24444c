//! How much was walked, and what was met on the way.
use std::collections::BTreeMap;

#[derive(Default)]
pub struct Tally {
    pub walks: u64,
    pub messages: u64,
    met: BTreeMap<String, u64>,
}

impl Tally {
    pub fn count(&mut self, what: String) {
        *self.met.entry(what).or_default() += 1;
    }

    pub fn take(&mut self, other: Tally) {
        self.walks += other.walks;
        self.messages += other.messages;
        for (what, times) in other.met {
            *self.met.entry(what).or_default() += times;
        }
    }

    pub fn times(&self, what: &str) -> u64 {
        self.met.iter().filter(|(known, _)| known.starts_with(what)).map(|(_, times)| times).sum()
    }

    pub fn text(&self) -> String {
        let met: String = self.met.iter().map(|(what, times)| format!("{times:>9}  {what}\n")).collect();
        format!("{} walks, {} messages\n{met}", self.walks, self.messages)
    }
}
