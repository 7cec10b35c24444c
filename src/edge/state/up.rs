//! How long the system has been running: the one clock that nobody sets and that goes on while we do not.
use core::time::Duration;
use nix::time::{ClockId, clock_gettime};

/// Which run of the system it is, and how long it has lasted. Empty where the system does not tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Up {
    /// The run.
    pub boot: String,
    /// How long it has lasted.
    pub span: Duration,
}

impl Up {
    /// Reads both (proc(5): `boot_id`; time(7): `CLOCK_BOOTTIME`).
    pub fn now() -> Up {
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let mut up = Up { boot: boot.trim().to_owned(), span: Duration::ZERO };
        up.go_on();
        up
    }

    /// Reads how long it has lasted by now. No program outlives the run that it began in.
    pub fn go_on(&mut self) {
        match clock_gettime(ClockId::CLOCK_BOOTTIME) {
            Ok(span) => self.span = span.into(),
            Err(_) => *self = Up::default(),
        }
    }
}
