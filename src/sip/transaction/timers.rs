//! The spans behind the timers (RFC 3261 §17.1.1.1, table 4).
use crate::base::now::Mono;
use core::time::Duration;

/// The estimate of a round trip.
pub const T1: Duration = Duration::from_millis(500);
/// The longest pause between copies of a non-INVITE request or of a response to an INVITE.
pub const T2: Duration = Duration::from_secs(4);
/// How long a message stays in the network.
pub const T4: Duration = Duration::from_secs(5);
/// 64·T1: how long timers B, F, H, J, L and M run, and the least that D may (32 s).
pub const PATIENCE: Duration = Duration::from_secs(32);
/// When an INVITE that its user has not answered yet gets a 100 (RFC 3261 §17.2.1).
pub const TRYING_INVITE: Duration = Duration::from_millis(200);
/// When any other request gets one: once the client's timer E has grown to T2 (RFC 4320 §4.1).
pub const TRYING_OTHER: Duration = Duration::from_millis(3500);

/// Copies of a message in growing pauses, beginning with T1.
#[derive(Clone, Copy, Debug)]
pub struct Repeat {
    /// When the next copy leaves.
    pub at: Mono,
    pause: Duration,
}

impl Repeat {
    /// The first copy T1 after `now`.
    pub fn from(now: Mono) -> Self {
        Self { at: now + T1, pause: T1 }
    }

    /// The first copy at once.
    pub fn at_once(now: Mono) -> Self {
        Self { at: now, pause: T1 }
    }

    /// The next copy after twice the pause, which is at most `longest`.
    pub fn doubled(self, now: Mono, longest: Duration) -> Self {
        self.after(now, self.pause.saturating_mul(2).min(longest))
    }

    /// The next copy after `pause`, as all that follow.
    pub fn steady(self, now: Mono, pause: Duration) -> Self {
        self.after(now, pause)
    }

    /// Counted from when this copy was due, so that the driver's ticks do not stretch the schedule; from now when the
    /// driver was away for long, so that what was missed does not leave all at once.
    fn after(self, now: Mono, pause: Duration) -> Self {
        let on_schedule = self.at + pause;
        Self { at: if on_schedule > now { on_schedule } else { now + pause }, pause }
    }
}

/// Whether a deadline is set and has passed.
pub fn passed(deadline: Option<Mono>, now: Mono) -> bool {
    deadline.is_some_and(|at| at <= now)
}
