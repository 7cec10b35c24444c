//! Any other request that came (RFC 3261 §17.2.2, RFC 4320).
use super::timers::{PATIENCE, TRYING_OTHER, passed};
use crate::base::now::{Mono, earlier};

/// The machine. It begins when the request has come.
#[derive(Clone, Copy, Debug)]
pub struct Server {
    state: State,
    reliable: bool,
    /// When a 100 is due, and the first moment at which one may leave over UDP.
    trying: Option<Mono>,
    /// While unanswered: when the client has given up. Then timer J.
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
    /// Send a 100 of our own.
    Trying,
    /// Send this response and keep it for copies.
    SendAndKeep,
    /// Send the response that is kept, if there is one.
    SendAgain,
}

impl Server {
    /// The machine of a request that has just come.
    pub fn received(now: Mono, reliable: bool) -> Self {
        let trying = Some(now + TRYING_OTHER);
        Self { state: State::Trying, reliable, trying, end: Some(now + PATIENCE) }
    }

    /// The user answers with this code. A provisional other than 100 is not sent, nor a 100 before its time, nor a
    /// 408 ever (RFC 4320 §4).
    pub fn responding(&mut self, now: Mono, code: u16) -> Step {
        if !matches!(self.state, State::Trying | State::Proceeding) || code == 408 {
            return Step::Rest;
        }
        if code >= 200 {
            self.trying = None;
            self.end = (!self.reliable).then(|| now + PATIENCE);
            self.state = if self.reliable { State::Terminated } else { State::Completed };
            return Step::SendAndKeep;
        }
        let is_early = !self.reliable && self.trying.is_some_and(|at| now < at);
        if code != 100 || is_early {
            return Step::Rest;
        }
        (self.state, self.trying) = (State::Proceeding, None);
        Step::SendAndKeep
    }

    /// The request came again.
    pub fn repeated(&self) -> Step {
        match self.state {
            State::Proceeding | State::Completed => Step::SendAgain,
            State::Trying | State::Terminated => Step::Rest,
        }
    }

    /// The deadline passed.
    pub fn fired(&mut self, now: Mono) -> Step {
        if passed(self.end, now) {
            (self.state, self.trying, self.end) = (State::Terminated, None, None);
            return Step::Rest;
        }
        if passed(self.trying, now) {
            (self.state, self.trying) = (State::Proceeding, None);
            return Step::Trying;
        }
        Step::Rest
    }

    /// When to call [`Server::fired`].
    pub fn deadline(&self) -> Option<Mono> {
        earlier(self.trying, self.end)
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

    #[test]
    fn an_unanswered_request_gets_a_100_after_3_5_seconds_and_is_forgotten_after_32() {
        let mut machine = Server::received(at(0), false);
        assert_eq!(machine.deadline(), Some(at(3500)));
        assert_eq!(machine.fired(at(3500)), Step::Trying);
        assert_eq!(machine.deadline(), Some(at(32_000)));
        assert_eq!(machine.fired(at(32_000)), Step::Rest);
        assert!(machine.is_over());
        assert_eq!(machine.responding(at(32_100), 200), Step::Rest);
    }

    #[test]
    fn no_provisional_leaves_but_a_late_100_and_never_a_408() {
        let mut machine = Server::received(at(0), false);
        assert_eq!(machine.responding(at(10), 183), Step::Rest);
        assert_eq!(machine.responding(at(10), 100), Step::Rest);
        assert_eq!(machine.responding(at(10), 408), Step::Rest);
        assert_eq!(machine.responding(at(3500), 100), Step::SendAndKeep);
        assert_eq!(Server::received(at(0), true).responding(at(10), 100), Step::SendAndKeep);
    }

    #[test]
    fn a_copy_gets_the_final_response_again_for_32_seconds_over_udp() {
        let mut machine = Server::received(at(0), false);
        assert_eq!(machine.repeated(), Step::Rest);
        assert_eq!(machine.responding(at(1000), 200), Step::SendAndKeep);
        assert_eq!(machine.responding(at(1000), 500), Step::Rest);
        assert_eq!(machine.repeated(), Step::SendAgain);
        assert_eq!(machine.deadline(), Some(at(33_000)));
    }

    #[test]
    fn an_answered_request_on_a_stream_is_forgotten_at_once() {
        let mut machine = Server::received(at(0), true);
        assert_eq!(machine.responding(at(0), 200), Step::SendAndKeep);
        assert!(machine.is_over());
    }
}
