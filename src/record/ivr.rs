//! The test IVR that is part of callbox. From `conf/`.
use core::time::Duration;

/// What test calls are answered with here, and how many of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ivr {
    /// Whether it goes before the trunks that answer test calls; else it is asked when none of them has answered.
    pub first: bool,
    /// How many calls it has at once.
    pub max_calls: usize,
    /// How long one lasts at most.
    pub max_span: Duration,
    /// How many an hour one caller may place (RFC 6881 ED-82).
    pub hourly: u32,
}

/// What the built-in IVR is called where a trunk's name would stand. No trunk may have it.
pub const OWN_IVR: &str = "own-ivr";
