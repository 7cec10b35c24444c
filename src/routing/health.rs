//! What is known of a trunk's health: from probes and from real calls.
use crate::base::now::Mono;
use core::time::Duration;

/// Misses in a row after which a trunk is down.
const MISSES_TO_DOWN: u8 = 2;
/// Answers in a row after which it is up again.
const HITS_TO_UP: u8 = 3;
/// Time between probes of a trunk that is up.
const UP_EVERY: Duration = Duration::from_secs(30);
/// Time between probes of a trunk that may be down, or is; twice as long after each further miss (RFC 7339 §5.9), up to
/// [`DOWN_AT_MOST`].
const DOWN_EVERY: Duration = Duration::from_secs(5);
/// The longest time between probes of a trunk that is down: how late its return is seen.
const DOWN_AT_MOST: Duration = Duration::from_secs(20);
/// Time between probes of a trunk that is coming back.
const RETURNING_EVERY: Duration = Duration::from_secs(1);
/// The longest that a Retry-After is obeyed.
const LONGEST_BUSY: Duration = Duration::from_secs(3600);
/// Time after its last miss in which a trunk that only calls tell about is taken for down. Without a probe nothing else
/// could ever bring it back.
const UNPROBED_DOWN: Duration = Duration::from_secs(60);

/// How a trunk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// It answers.
    Up,
    /// It missed once.
    Suspect,
    /// It missed twice in a row and has not answered three times in a row since.
    Down,
}

/// A trunk's state was another before: worth a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Before.
    pub from: State,
    /// Now.
    pub to: State,
}

/// The health of one trunk. A new trunk is up: who has never been tried is not to be doubted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    state: State,
    misses: u8,
    hits: u8,
    last_miss: Mono,
    busy_until: Mono,
    /// `None` for a trunk that is not probed.
    next_probe: Option<Mono>,
}

impl Health {
    /// A trunk seen for the first time. The first probe of one that is `probed` goes out within 5 s; `chance` is 64 bits
    /// that spread the probes of many.
    pub fn new(now: Mono, probed: bool, chance: u64) -> Health {
        let within = Duration::from_micros(chance % micros(DOWN_EVERY));
        Health {
            state: State::Up,
            misses: 0,
            hits: 0,
            last_miss: now,
            busy_until: now,
            next_probe: probed.then(|| now + within),
        }
    }

    /// Whether a final or provisional response tells that the trunk is alive: every one but 408 and 503.
    pub const fn is_alive(status: u16) -> bool {
        !matches!(status, 408 | 503)
    }

    /// The trunk answered a probe or a call: once for each, whatever number of responses it sent.
    pub fn heard(&mut self, now: Mono, chance: u64) -> Option<Change> {
        self.misses = 0;
        self.hits = self.hits.saturating_add(1);
        let back = self.state != State::Down || self.hits >= HITS_TO_UP;
        let change = if back { self.becomes(State::Up) } else { None };
        self.probe_within(now, self.interval(), chance);
        change
    }

    /// A probe or a call got a 408, a 503, a transport error, or nothing within its limit.
    pub fn missed(&mut self, now: Mono, chance: u64) -> Option<Change> {
        self.hits = 0;
        self.last_miss = now;
        self.misses = self.misses.saturating_add(1);
        let down = self.state == State::Down || self.misses >= MISSES_TO_DOWN;
        let change = self.becomes(if down { State::Down } else { State::Suspect });
        // A call that failed asks for a probe soon, however long the pauses have become.
        self.probe_within(now, DOWN_EVERY, chance);
        change
    }

    /// The trunk sent 503 with a Retry-After: until that has passed, an hour at most, it goes last without being dead.
    pub fn busy(&mut self, now: Mono, retry_after: Duration) {
        self.busy_until = self.busy_until.max(now + retry_after.min(LONGEST_BUSY));
    }

    /// A probe has gone out: when the next one does.
    pub fn probe_sent(&mut self, now: Mono, chance: u64) {
        if self.next_probe.is_some() {
            self.next_probe = Some(now + spread(self.interval(), chance));
        }
    }

    /// How it is.
    pub const fn state(&self) -> State {
        self.state
    }

    /// Whether calls try all others first.
    pub fn goes_last(&self, now: Mono) -> bool {
        let forgotten = self.next_probe.is_none() && now.since(self.last_miss) >= UNPROBED_DOWN;
        now < self.busy_until || (self.state == State::Down && !forgotten)
    }

    /// When the next probe is due; `None` for a trunk that is not probed.
    pub const fn next_probe(&self) -> Option<Mono> {
        self.next_probe
    }

    fn becomes(&mut self, to: State) -> Option<Change> {
        let from = core::mem::replace(&mut self.state, to);
        (from != to).then_some(Change { from, to })
    }

    /// News never puts a probe off, or a stream of calls that fail would keep the trunk from ever being probed.
    fn probe_within(&mut self, now: Mono, every: Duration, chance: u64) {
        let soon = now + spread(every, chance);
        self.next_probe = self.next_probe.map(|planned| planned.min(soon));
    }

    /// The time between two probes.
    fn interval(&self) -> Duration {
        match self.state {
            State::Up => UP_EVERY,
            State::Down if self.hits > 0 => RETURNING_EVERY,
            State::Suspect => DOWN_EVERY,
            State::Down => {
                let further = u32::from(self.misses.saturating_sub(MISSES_TO_DOWN)).min(8);
                (DOWN_EVERY * (1 << further)).min(DOWN_AT_MOST)
            }
        }
    }
}

/// A time, 20 % more or less.
fn spread(every: Duration, chance: u64) -> Duration {
    let span = micros(every) * 2 / 5;
    every * 4 / 5 + Duration::from_micros(chance % (span + 1))
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(secs: u64) -> Mono {
        Mono::from_micros(secs * 1_000_000)
    }

    fn change(from: State, to: State) -> Option<Change> {
        Some(Change { from, to })
    }

    fn down() -> Health {
        let mut health = Health::new(at(0), true, 0);
        assert_eq!(health.missed(at(1), 0), change(State::Up, State::Suspect));
        assert_eq!(health.missed(at(2), 0), change(State::Suspect, State::Down));
        health
    }

    #[test]
    fn two_misses_in_a_row_bring_a_trunk_down_and_three_answers_bring_it_back() {
        let mut health = down();
        assert!(health.goes_last(at(3)));
        assert_eq!(health.missed(at(3), 0), None);
        assert_eq!((health.heard(at(4), 0), health.heard(at(5), 0)), (None, None));
        assert_eq!(health.heard(at(6), 0), change(State::Down, State::Up));
        assert!(!health.goes_last(at(6)));
    }

    #[test]
    fn a_miss_between_answers_begins_the_count_anew_on_both_sides() {
        let mut health = Health::new(at(0), true, 0);
        health.missed(at(1), 0);
        assert!(!health.goes_last(at(1)), "one miss is only a suspicion");
        assert_eq!(health.heard(at(2), 0), change(State::Suspect, State::Up));
        assert_eq!(health.missed(at(3), 0), change(State::Up, State::Suspect));
        let mut health = down();
        health.heard(at(3), 0);
        health.heard(at(4), 0);
        health.missed(at(5), 0);
        assert_eq!((health.heard(at(6), 0), health.heard(at(7), 0)), (None, None));
        assert_eq!(health.heard(at(8), 0), change(State::Down, State::Up));
    }

    #[test]
    fn only_408_and_503_are_no_sign_of_life() {
        let dead: Vec<u16> = (100..700).filter(|&status| !Health::is_alive(status)).collect();
        assert_eq!(dead, [408, 503]);
    }

    #[test]
    fn probes_come_every_30_seconds_every_5_in_doubt_and_every_second_on_the_way_back() {
        let after = |health: &mut Health, secs: u64, chance| {
            health.probe_sent(at(secs), chance);
            health.next_probe().map(|next| next.since(at(secs)))
        };
        let seconds = |secs: f64| Some(Duration::from_secs_f64(secs));
        let mut health = Health::new(at(0), true, 4_999_999);
        assert!(health.next_probe().is_some_and(|first| first < at(5)));
        assert_eq!(after(&mut health, 10, 0), seconds(24.0));
        assert_eq!(after(&mut health, 10, 6_000_000), seconds(30.0));
        assert_eq!(after(&mut health, 10, 12_000_000), seconds(36.0));
        health.missed(at(11), 1_000_000);
        assert_eq!(health.next_probe(), Some(at(16)), "a miss brings the next probe forward");
        health.missed(at(12), 2_000_000);
        assert_eq!(health.next_probe(), Some(at(16)), "and another does not put it off");
        assert_eq!(after(&mut health, 16, 2_000_000), seconds(6.0));
        health.heard(at(17), 200_000);
        assert_eq!(health.next_probe(), Some(at(18)));
    }

    #[test]
    fn the_pauses_of_a_dead_trunk_double_up_to_twenty_seconds_and_a_call_that_fails_ends_one() {
        let mut health = down();
        let mut pauses = Vec::new();
        for round in 1..=6 {
            let now = at(round * 100);
            health.probe_sent(now, 1_000_000);
            pauses.push(health.next_probe().map_or(0, |next| next.since(now).as_secs()));
            health.missed(now, 1_000_000);
        }
        assert_eq!(pauses, [5, 9, 17, 17, 17, 17], "20 % less and a second of chance");
        health.probe_sent(at(1000), 8_000_000);
        assert_eq!(health.next_probe(), Some(at(1024)), "20 % more at most");
        health.missed(at(1001), 1_000_000);
        assert_eq!(health.next_probe(), Some(at(1006)));
        health.heard(at(1002), 0);
        assert!(health.next_probe().is_some_and(|next| next < at(1003)), "and one that is answered asks for more");
    }

    #[test]
    fn a_busy_trunk_goes_last_for_its_retry_after_but_an_hour_at_most_and_is_not_dead() {
        let mut health = Health::new(at(0), true, 0);
        health.busy(at(0), Duration::from_secs(60));
        health.busy(at(1), Duration::from_secs(1));
        assert!(health.goes_last(at(59)) && !health.goes_last(at(60)));
        assert_eq!(health.state(), State::Up);
        health.busy(at(100), Duration::from_secs(1_000_000));
        assert!(health.goes_last(at(3699)) && !health.goes_last(at(3700)));
    }

    #[test]
    fn a_trunk_that_only_calls_tell_about_is_tried_again_after_a_minute() {
        let mut health = Health::new(at(0), false, 0);
        health.missed(at(1), 0);
        health.missed(at(2), 0);
        assert_eq!((health.state(), health.next_probe()), (State::Down, None));
        assert!(health.goes_last(at(61)) && !health.goes_last(at(62)));
        health.missed(at(63), 0);
        assert!(health.goes_last(at(64)));
    }
}
