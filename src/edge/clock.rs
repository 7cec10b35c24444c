//! The only reader of clocks.
use crate::base::now::{Mono, Now, Wall};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The node's clocks. Copies read the same time, so that moments of several threads compare.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    started: Instant,
}

impl Clock {
    /// A clock whose [`Mono`] time begins now.
    #[expect(clippy::disallowed_methods, reason = "this is the one place where clocks are read")]
    pub fn start() -> Clock {
        Clock { started: Instant::now() }
    }

    /// Both clocks, read once.
    #[expect(clippy::disallowed_methods, reason = "this is the one place where clocks are read")]
    pub fn now(&self) -> Now {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now {
            mono: self.mono_of(Instant::now()),
            wall: Wall::from_millis(u64::try_from(wall.as_millis()).unwrap_or(u64::MAX)),
        }
    }

    /// The runtime's instant for a moment of ours, for its timers.
    pub fn instant_of(&self, moment: Mono) -> Instant {
        self.started + std::time::Duration::from_micros(moment.as_micros())
    }

    /// Our moment for an instant of the runtime.
    pub fn mono_of(&self, instant: Instant) -> Mono {
        let since = instant.saturating_duration_since(self.started);
        Mono::from_micros(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_never_steps_back_and_its_instants_read_back() {
        let clock = Clock::start();
        let first = clock.now();
        let second = clock.now();
        assert!(second.mono >= first.mono);
        assert!(first.wall.civil().year >= 2024);
        assert_eq!(clock.mono_of(clock.instant_of(first.mono)), first.mono);
    }
}
