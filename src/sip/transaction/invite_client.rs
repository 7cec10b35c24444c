//! An INVITE of ours (RFC 3261 §17.1.1, RFC 6026 §7.2).
use super::timers::{PATIENCE, Repeat, passed};
use crate::base::now::{Mono, earlier};
use core::time::Duration;

/// The machine. It begins when the INVITE has been sent.
#[derive(Clone, Copy, Debug)]
pub struct InviteClient {
    state: State,
    reliable: bool,
    /// Timer A.
    copies: Option<Repeat>,
    /// Timer B while calling, D when refused, M when accepted; while proceeding, how long a CANCEL may go unanswered.
    end: Option<Mono>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Calling,
    Proceeding,
    Completed,
    Accepted,
    Terminated,
}

/// What the machine wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    Rest,
    /// Send the INVITE again.
    Resend,
    /// Pass the response on.
    Deliver,
    /// Pass the refusal on and ACK it.
    DeliverAndAck,
    /// Send the ACK again.
    AckAgain,
    /// Report that no final response came.
    TimedOut,
}

impl InviteClient {
    /// The machine of an INVITE that has just left.
    pub fn sent(now: Mono, reliable: bool) -> Self {
        let copies = (!reliable).then(|| Repeat::from(now));
        Self { state: State::Calling, reliable, copies, end: Some(now + PATIENCE) }
    }

    /// A response with this code came.
    pub fn answered(&mut self, now: Mono, code: u16) -> Step {
        match (self.state, code) {
            (State::Calling, ..200) => {
                (self.state, self.copies, self.end) = (State::Proceeding, None, None);
                Step::Deliver
            }
            (State::Proceeding, ..200) => Step::Deliver,
            (State::Calling | State::Proceeding, 200..300) => {
                (self.state, self.copies, self.end) = (State::Accepted, None, Some(now + PATIENCE));
                Step::Deliver
            }
            (State::Calling | State::Proceeding, _) => {
                self.copies = None;
                self.end = (!self.reliable).then(|| now + PATIENCE);
                self.state = if self.reliable { State::Terminated } else { State::Completed };
                Step::DeliverAndAck
            }
            (State::Accepted, 200..300) => Step::Deliver,
            (State::Completed, 300..) => Step::AckAgain,
            _ => Step::Rest,
        }
    }

    /// The deadline passed.
    pub fn fired(&mut self, now: Mono) -> Step {
        if passed(self.end, now) {
            let was = core::mem::replace(&mut self.state, State::Terminated);
            (self.copies, self.end) = (None, None);
            return if matches!(was, State::Calling | State::Proceeding) { Step::TimedOut } else { Step::Rest };
        }
        match self.copies {
            Some(copies) if copies.at <= now => {
                self.copies = Some(copies.doubled(now, Duration::MAX));
                Step::Resend
            }
            _ => Step::Rest,
        }
    }

    /// When to call [`InviteClient::fired`].
    pub fn deadline(&self) -> Option<Mono> {
        earlier(self.copies.map(|copies| copies.at), self.end)
    }

    /// Sends no more copies.
    pub fn quiet(&mut self) {
        self.copies = None;
    }

    /// Sends copies again, the first at once, if nobody answered yet and it does at all.
    pub fn loud(&mut self, now: Mono) {
        if self.state == State::Calling && !self.reliable {
            self.copies = Some(Repeat::at_once(now));
        }
    }

    /// A CANCEL has left: without a final response for 64·T1 the INVITE is given up (RFC 3261 §9.1).
    pub fn cancelled(&mut self, now: Mono) {
        if self.state == State::Proceeding {
            self.end = Some(now + PATIENCE);
        }
    }

    /// Whether no final response came yet.
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Calling | State::Proceeding)
    }

    /// Whether a provisional response and no final one came, so that a CANCEL may leave.
    pub fn is_proceeding(&self) -> bool {
        self.state == State::Proceeding
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

    fn schedule(mut machine: InviteClient) -> Vec<(u64, Step)> {
        let mut out = Vec::new();
        while let Some(now) = machine.deadline() {
            out.push((now.as_micros() / 1000, machine.fired(now)));
        }
        out
    }

    #[test]
    fn a_silent_peer_over_udp_gets_seven_copies_in_doubling_pauses_and_32_seconds() {
        let copies = [500, 1500, 3500, 7500, 15_500, 31_500].map(|millis| (millis, Step::Resend));
        let expected = [&copies[..], &[(32_000, Step::TimedOut)]].concat();
        assert_eq!(schedule(InviteClient::sent(at(0), false)), expected);
    }

    #[test]
    fn a_silent_peer_on_a_stream_gets_one_copy_and_32_seconds() {
        assert_eq!(schedule(InviteClient::sent(at(0), true)), [(32_000, Step::TimedOut)]);
    }

    #[test]
    fn any_provisional_stops_the_copies_and_the_clock() {
        for code in [100, 183, 199] {
            let mut machine = InviteClient::sent(at(0), false);
            assert_eq!(machine.answered(at(100), code), Step::Deliver);
            assert_eq!(machine.deadline(), None);
        }
    }

    #[test]
    fn a_2xx_is_delivered_as_often_as_it_comes_for_32_seconds() {
        let mut machine = InviteClient::sent(at(0), true);
        assert_eq!(machine.answered(at(1000), 200), Step::Deliver);
        assert_eq!(machine.answered(at(1500), 200), Step::Deliver);
        assert_eq!(machine.answered(at(1500), 180), Step::Rest);
        assert_eq!(machine.answered(at(1500), 486), Step::Rest);
        assert_eq!(schedule(machine), [(33_000, Step::Rest)]);
    }

    #[test]
    fn a_refusal_is_delivered_once_and_its_copies_are_acked_again() {
        let mut machine = InviteClient::sent(at(0), false);
        assert_eq!(machine.answered(at(1000), 486), Step::DeliverAndAck);
        assert_eq!(machine.answered(at(1500), 486), Step::AckAgain);
        assert_eq!(machine.answered(at(1500), 200), Step::Rest);
        assert_eq!(schedule(machine), [(33_000, Step::Rest)]);
    }

    #[test]
    fn a_refusal_on_a_stream_ends_the_machine_at_once() {
        let mut machine = InviteClient::sent(at(0), true);
        assert_eq!(machine.answered(at(1000), 503), Step::DeliverAndAck);
        assert!(machine.is_over());
    }

    #[test]
    fn a_cancelled_invite_without_a_final_response_is_given_up_after_32_seconds() {
        let mut machine = InviteClient::sent(at(0), false);
        machine.answered(at(100), 180);
        machine.cancelled(at(5000));
        assert_eq!(schedule(machine), [(37_000, Step::TimedOut)]);
    }

    #[test]
    fn a_driver_that_was_away_for_long_sends_one_copy_for_all_that_it_missed() {
        let mut machine = InviteClient::sent(at(0), false);
        assert_eq!(machine.fired(at(8000)), Step::Resend);
        assert_eq!(machine.deadline(), Some(at(9000)));
        assert_eq!(machine.fired(at(8500)), Step::Rest);
    }
}
