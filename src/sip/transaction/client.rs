//! Any other request of ours (RFC 3261 §17.1.2).
use super::timers::{PATIENCE, Repeat, T2, T4, passed};
use crate::base::now::{Mono, earlier};

/// The machine. It begins when the request has been sent.
#[derive(Clone, Copy, Debug)]
pub struct Client {
    state: State,
    reliable: bool,
    /// Timer E.
    copies: Option<Repeat>,
    /// Timer F, then K.
    end: Option<Mono>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Trying,
    Proceeding,
    Completed,
    Terminated,
}

/// What the machine wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    Rest,
    /// Send the request again.
    Resend,
    /// Pass the response on.
    Deliver,
    /// Report that no final response came.
    TimedOut,
}

impl Client {
    /// The machine of a request that has just left.
    pub fn sent(now: Mono, reliable: bool) -> Self {
        let copies = (!reliable).then(|| Repeat::from(now));
        Self { state: State::Trying, reliable, copies, end: Some(now + PATIENCE) }
    }

    /// A response with this code came.
    pub fn answered(&mut self, now: Mono, code: u16) -> Step {
        if !self.is_open() {
            return Step::Rest;
        }
        if code < 200 {
            self.state = State::Proceeding;
            return Step::Deliver;
        }
        self.copies = None;
        self.end = (!self.reliable).then(|| now + T4);
        self.state = if self.reliable { State::Terminated } else { State::Completed };
        Step::Deliver
    }

    /// The deadline passed.
    pub fn fired(&mut self, now: Mono) -> Step {
        if passed(self.end, now) {
            let was_open = self.is_open();
            (self.state, self.copies, self.end) = (State::Terminated, None, None);
            return if was_open { Step::TimedOut } else { Step::Rest };
        }
        match self.copies {
            Some(copies) if copies.at <= now => {
                self.copies = Some(if self.state == State::Proceeding {
                    copies.steady(now, T2)
                } else {
                    copies.doubled(now, T2)
                });
                Step::Resend
            }
            _ => Step::Rest,
        }
    }

    /// When to call [`Client::fired`].
    pub fn deadline(&self) -> Option<Mono> {
        earlier(self.copies.map(|copies| copies.at), self.end)
    }

    /// Whether no final response came yet.
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Trying | State::Proceeding)
    }

    /// Whether the machine has ended.
    pub fn is_over(&self) -> bool {
        self.state == State::Terminated
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Mono {
        Mono::from_micros(millis * 1000)
    }

    fn schedule(mut machine: Client) -> Vec<(u64, Step)> {
        let mut out = Vec::new();
        while let Some(now) = machine.deadline() {
            out.push((now.as_micros() / 1000, machine.fired(now)));
        }
        out
    }

    fn copies(at: &[u64]) -> Vec<(u64, Step)> {
        at.iter().map(|&millis| (millis, Step::Resend)).collect()
    }

    #[test]
    fn the_pauses_over_udp_double_up_to_4_seconds_and_end_at_32() {
        let mut expected = copies(&[500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
        expected.push((32_000, Step::TimedOut));
        assert_eq!(schedule(Client::sent(at(0), false)), expected);
    }

    #[test]
    fn after_a_provisional_a_copy_leaves_every_4_seconds() {
        let mut machine = Client::sent(at(0), false);
        assert_eq!(machine.answered(at(100), 100), Step::Deliver);
        let mut expected = copies(&[500, 4500, 8500, 12_500, 16_500, 20_500, 24_500, 28_500]);
        expected.push((32_000, Step::TimedOut));
        assert_eq!(schedule(machine), expected);
    }

    #[test]
    fn a_stream_gets_one_copy() {
        assert_eq!(schedule(Client::sent(at(0), true)), [(32_000, Step::TimedOut)]);
    }

    #[test]
    fn a_final_response_is_delivered_once_and_its_copies_are_absorbed_for_5_seconds() {
        let mut machine = Client::sent(at(0), false);
        assert_eq!(machine.answered(at(1000), 200), Step::Deliver);
        assert_eq!(machine.answered(at(1500), 200), Step::Rest);
        assert_eq!(schedule(machine), [(6000, Step::Rest)]);
    }

    #[test]
    fn a_final_response_on_a_stream_ends_the_machine_at_once() {
        let mut machine = Client::sent(at(0), true);
        assert_eq!(machine.answered(at(1000), 481), Step::Deliver);
        assert!(machine.is_over());
    }
}
