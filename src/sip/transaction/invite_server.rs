//! An INVITE that came (RFC 3261 §17.2.1, RFC 6026 §7.1).
use super::timers::{PATIENCE, Repeat, T2, T4, TRYING_INVITE, passed};
use crate::base::now::{Mono, earlier};

/// The machine. It begins when the INVITE has come.
#[derive(Clone, Copy, Debug)]
pub struct InviteServer {
    state: State,
    reliable: bool,
    /// When a 100 is due; timer G when refused.
    copies: Copies,
    /// Timer H when refused, I when the refusal is ACKed, L when accepted.
    end: Option<Mono>,
}

#[derive(Clone, Copy, Debug)]
enum Copies {
    None,
    Trying(Mono),
    Final(Repeat),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Proceeding,
    Completed,
    Confirmed,
    Accepted,
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
    /// Send this response; no copy is needed any more.
    Send,
    /// Send the response that is kept, if there is one.
    SendAgain,
    /// The ACK is for the user.
    Deliver,
    /// The response that is kept is not needed any more.
    Confirmed,
    /// Report that a refusal was not ACKed.
    NoAck,
}

impl InviteServer {
    /// The machine of an INVITE that has just come.
    pub fn received(now: Mono, reliable: bool) -> Self {
        Self { state: State::Proceeding, reliable, copies: Copies::Trying(now + TRYING_INVITE), end: None }
    }

    /// The user answers with this code.
    pub fn responding(&mut self, now: Mono, code: u16) -> Step {
        match (self.state, code) {
            (State::Proceeding, ..200) => {
                self.copies = Copies::None;
                Step::SendAndKeep
            }
            (State::Proceeding, 200..300) => {
                (self.state, self.copies, self.end) = (State::Accepted, Copies::None, Some(now + PATIENCE));
                Step::Send
            }
            (State::Proceeding, _) => {
                self.copies = if self.reliable { Copies::None } else { Copies::Final(Repeat::from(now)) };
                (self.state, self.end) = (State::Completed, Some(now + PATIENCE));
                Step::SendAndKeep
            }
            (State::Accepted, 200..300) => Step::Send,
            _ => Step::Rest,
        }
    }

    /// The INVITE came again.
    pub fn repeated(&self) -> Step {
        match self.state {
            State::Proceeding | State::Completed => Step::SendAgain,
            State::Confirmed | State::Accepted | State::Terminated => Step::Rest,
        }
    }

    /// An ACK came.
    pub fn acked(&mut self, now: Mono) -> Step {
        match self.state {
            State::Completed => {
                self.copies = Copies::None;
                self.end = (!self.reliable).then(|| now + T4);
                self.state = if self.reliable { State::Terminated } else { State::Confirmed };
                Step::Confirmed
            }
            State::Accepted => Step::Deliver,
            State::Proceeding | State::Confirmed | State::Terminated => Step::Rest,
        }
    }

    /// The deadline passed.
    pub fn fired(&mut self, now: Mono) -> Step {
        if passed(self.end, now) {
            let was = core::mem::replace(&mut self.state, State::Terminated);
            (self.copies, self.end) = (Copies::None, None);
            return if was == State::Completed { Step::NoAck } else { Step::Rest };
        }
        match self.copies {
            Copies::Trying(at) if at <= now => {
                self.copies = Copies::None;
                Step::Trying
            }
            Copies::Final(copies) if copies.at <= now => {
                self.copies = Copies::Final(copies.doubled(now, T2));
                Step::SendAgain
            }
            _ => Step::Rest,
        }
    }

    /// When to call [`InviteServer::fired`].
    pub fn deadline(&self) -> Option<Mono> {
        let copies = match self.copies {
            Copies::None => None,
            Copies::Trying(at) => Some(at),
            Copies::Final(copies) => Some(copies.at),
        };
        earlier(copies, self.end)
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

    fn schedule(mut machine: InviteServer) -> Vec<(u64, Step)> {
        let mut out = Vec::new();
        while let Some(now) = machine.deadline() {
            out.push((now.as_micros() / 1000, machine.fired(now)));
        }
        out
    }

    #[test]
    fn a_user_that_is_silent_for_200_ms_gets_a_100_sent_for_it() {
        assert_eq!(schedule(InviteServer::received(at(0), true)), [(200, Step::Trying)]);
        let mut machine = InviteServer::received(at(0), false);
        assert_eq!(machine.responding(at(10), 100), Step::SendAndKeep);
        assert_eq!(machine.deadline(), None);
    }

    #[test]
    fn a_refusal_over_udp_is_repeated_up_to_every_4_seconds_until_32_and_reported() {
        let mut machine = InviteServer::received(at(0), false);
        assert_eq!(machine.responding(at(0), 486), Step::SendAndKeep);
        let mut expected: Vec<_> = [500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]
            .map(|millis| (millis, Step::SendAgain))
            .to_vec();
        expected.push((32_000, Step::NoAck));
        assert_eq!(schedule(machine), expected);
    }

    #[test]
    fn a_refusal_on_a_stream_is_sent_once_and_still_waits_for_its_ack() {
        let mut machine = InviteServer::received(at(0), true);
        machine.responding(at(0), 486);
        assert_eq!(schedule(machine), [(32_000, Step::NoAck)]);
        assert_eq!(machine.acked(at(100)), Step::Confirmed);
        assert!(machine.is_over());
    }

    #[test]
    fn an_ack_to_a_refusal_ends_the_copies_and_further_acks_are_absorbed_for_5_seconds() {
        let mut machine = InviteServer::received(at(0), false);
        machine.responding(at(0), 486);
        assert_eq!(machine.acked(at(100)), Step::Confirmed);
        assert_eq!(machine.acked(at(200)), Step::Rest);
        assert_eq!(machine.repeated(), Step::Rest);
        assert_eq!(schedule(machine), [(5100, Step::Rest)]);
    }

    #[test]
    fn an_accepted_invite_absorbs_copies_for_32_seconds_and_passes_acks_on() {
        let mut machine = InviteServer::received(at(0), true);
        assert_eq!(machine.responding(at(0), 200), Step::Send);
        assert_eq!(machine.repeated(), Step::Rest);
        assert_eq!(machine.acked(at(100)), Step::Deliver);
        assert_eq!(machine.responding(at(500), 200), Step::Send);
        assert_eq!(machine.responding(at(500), 486), Step::Rest);
        assert_eq!(schedule(machine), [(32_000, Step::Rest)]);
    }

    #[test]
    fn a_copy_of_an_invite_gets_the_latest_response_again() {
        let mut machine = InviteServer::received(at(0), false);
        machine.responding(at(0), 180);
        assert_eq!(machine.repeated(), Step::SendAgain);
        machine.responding(at(0), 486);
        assert_eq!(machine.repeated(), Step::SendAgain);
    }
}
