//! How a far end treats those who call it.
use core::time::Duration;

/// A far end's temperament. All but [`Temper::Silent`] answer OPTIONS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Temper {
    /// It rings, and answers that much later.
    Answers {
        /// From the INVITE to the 180.
        ring_after: Duration,
        /// From the 180 to the 200.
        answer_after: Duration,
    },
    /// It rings and nobody answers.
    Rings {
        /// From the INVITE to the 180.
        after: Duration,
    },
    /// It sends a 100 and nothing more.
    Tries,
    /// It refuses at once.
    Refuses {
        /// With this code, 300 to 699.
        code: u16,
        /// And this Retry-After, in seconds.
        retry_after: Option<u32>,
    },
    /// It receives and never says anything.
    Silent,
}

impl Temper {
    /// Rings after 50 ms and answers 200 ms later.
    pub const ANSWERS: Temper =
        Temper::Answers { ring_after: Duration::from_millis(50), answer_after: Duration::from_millis(200) };
    /// Answers with a 200 and no 180, at once.
    pub const ANSWERS_AT_ONCE: Temper = Temper::Answers { ring_after: Duration::ZERO, answer_after: Duration::ZERO };
    /// Rings for ever, from the first moment.
    pub const RINGS: Temper = Temper::Rings { after: Duration::ZERO };
    /// 486.
    pub const BUSY: Temper = Temper::Refuses { code: 486, retry_after: None };
    /// 503 with a Retry-After of half a minute.
    pub const UNAVAILABLE: Temper = Temper::Refuses { code: 503, retry_after: Some(30) };
}
