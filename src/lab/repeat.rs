//! A datagram that is sent again until its answer comes (RFC 3261 §17, §13.3.1.4).
use crate::base::now::Mono;
use crate::sip::flow::Flow;
use bytes::Bytes;
use core::time::Duration;

/// RFC 3261's T1: a round trip.
pub const T1: Duration = Duration::from_millis(500);
/// RFC 3261's T2: the longest pause of what is not an INVITE.
pub const T2: Duration = Duration::from_secs(4);
/// 64 × T1: when one gives up.
pub const PATIENCE: Duration = Duration::from_secs(32);

/// What is repeated, and when.
#[derive(Clone, Debug)]
pub struct Repeat {
    bytes: Bytes,
    flow: Flow,
    next: Mono,
    pause: Duration,
    longest: Duration,
    until: Mono,
}

/// What a moment asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Not yet.
    Wait,
    /// Send it again.
    Again(Bytes, Flow),
    /// Nobody answered in time.
    GiveUp,
}

impl Repeat {
    /// What was sent just now, to be sent again after T1 and then at pauses that double up to `longest`.
    pub fn new(now: Mono, bytes: Bytes, flow: Flow, longest: Duration) -> Repeat {
        Repeat { bytes, flow, next: now + T1, pause: T1, longest, until: now + PATIENCE }
    }

    /// The same without sending anything again: what travels on a stream is only waited for.
    pub fn once(now: Mono, bytes: Bytes, flow: Flow) -> Repeat {
        Repeat { next: now + PATIENCE, ..Repeat::new(now, bytes, flow, T2) }
    }

    /// When [`Repeat::turn`] has something to say.
    pub fn due(&self) -> Mono {
        self.next.min(self.until)
    }

    /// What to do at this moment.
    pub fn turn(&mut self, now: Mono) -> Turn {
        if now >= self.until {
            return Turn::GiveUp;
        }
        if now < self.next {
            return Turn::Wait;
        }
        self.pause = (self.pause * 2).min(self.longest);
        self.next = now + self.pause;
        Turn::Again(self.bytes.clone(), self.flow)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::flow::Transport;

    #[test]
    fn pauses_double_up_to_the_longest_and_end_after_32_seconds() {
        let address = "127.0.0.1:5060".parse().unwrap();
        let flow = Flow { transport: Transport::Udp, local: address, peer: address, connection: None };
        let mut repeat = Repeat::new(Mono::default(), Bytes::from_static(b"x"), flow, T2);
        let mut sent = Vec::new();
        loop {
            let now = repeat.due();
            match repeat.turn(now) {
                Turn::Again(..) => sent.push(now.as_micros() / 1000),
                Turn::Wait => panic!("due and yet nothing to do"),
                Turn::GiveUp => break assert_eq!(now.as_micros(), 32_000_000),
            }
        }
        assert_eq!(sent, [500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500]);
    }
}
