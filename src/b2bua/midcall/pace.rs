//! How fast offers of a side come: a phone that asks for hold ten times a second is told to wait.
use crate::base::now::Mono;
use core::time::Duration;

/// How many offers are looked at in [`SPAN`].
const OFFERS: usize = 5;
/// The time in which they are counted.
const SPAN: Duration = Duration::from_secs(10);

/// When the last few offers of a side were looked at.
#[derive(Debug, Default)]
pub struct Pace {
    taken: [Option<Mono>; OFFERS],
    next: usize,
}

impl Pace {
    /// Counts an offer; `false` when too many came before it. One that is turned away does not count.
    pub fn takes(&mut self, now: Mono) -> bool {
        let oldest = &mut self.taken[self.next];
        if oldest.is_some_and(|at| now.since(at) < SPAN) {
            return false;
        }
        *oldest = Some(now);
        self.next = (self.next + 1) % OFFERS;
        true
    }
}
