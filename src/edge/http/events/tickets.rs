//! Tickets: each opens one stream of one seat, once and soon.
use crate::base::entropy::Entropy;
use crate::base::now::Mono;
use crate::desktop::Seat;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use core::time::Duration;
use hashbrown::HashMap;
use sha2::{Digest, Sha256};
use std::collections::VecDeque;

/// How long a ticket serves.
pub(super) const LASTS: Duration = Duration::from_secs(60);

/// The most tickets that wait to be used.
pub(super) const MOST_TICKETS: usize = 10_000;

/// The longest text that is taken for a ticket, in bytes.
const MOST_BYTES: usize = 64;

/// The tickets that wait to be used, by what they are hashed to: whoever reads our memory opens nothing.
#[derive(Default)]
pub(super) struct Tickets {
    seats: HashMap<[u8; 32], Seat, foldhash::fast::RandomState>,
    until: VecDeque<(Mono, [u8; 32])>,
}

impl Tickets {
    /// A new one; `None` when too many wait.
    pub(super) fn issue(&mut self, seat: Seat, now: Mono, chance: &mut Entropy) -> Option<String> {
        self.forget(now);
        if self.until.len() >= MOST_TICKETS {
            return None;
        }
        let bits = [chance.bits().to_be_bytes(), chance.bits().to_be_bytes(), chance.bits().to_be_bytes()].concat();
        let ticket = URL_SAFE_NO_PAD.encode(bits);
        let hash = Sha256::digest(ticket.as_bytes()).into();
        self.seats.insert(hash, seat);
        self.until.push_back((now + LASTS, hash));
        Some(ticket)
    }

    /// Where this ticket leads. It serves no second time.
    pub(super) fn redeem(&mut self, ticket: &str, now: Mono) -> Option<Seat> {
        self.forget(now);
        let hash: [u8; 32] = Sha256::digest(ticket.as_bytes().get(..MOST_BYTES).unwrap_or(ticket.as_bytes())).into();
        self.seats.remove(&hash)
    }

    fn forget(&mut self, now: Mono) {
        while let Some((_, hash)) = self.until.pop_front_if(|(until, _)| *until <= now) {
            self.seats.remove(&hash);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desktop::Whose;

    fn seat(user: &str) -> Seat {
        Seat { organisation: "acme".into(), whose: Whose::User(user.into()) }
    }

    #[test]
    fn a_ticket_opens_its_own_seat_once_and_for_a_minute() {
        let (mut tickets, mut chance) = (Tickets::default(), Entropy::seeded([3; 32]));
        let at = |secs: u64| Mono::from_micros(secs * 1_000_000);
        let one = tickets.issue(seat("one"), at(0), &mut chance).unwrap();
        let other = tickets.issue(seat("other"), at(0), &mut chance).unwrap();
        let late = tickets.issue(seat("late"), at(0), &mut chance).unwrap();
        assert!(tickets.redeem("", at(1)).is_none() && tickets.redeem(&one[1..], at(1)).is_none());
        assert!(tickets.redeem(&other, at(59)) == Some(seat("other")));
        assert!(tickets.redeem(&other, at(59)).is_none(), "once");
        assert!(tickets.redeem(&one, at(59)) == Some(seat("one")));
        assert!(tickets.redeem(&late, at(60)).is_none(), "soon");
        assert!(tickets.until.is_empty() && tickets.seats.is_empty());
    }

    #[test]
    fn tickets_that_nobody_uses_fill_no_memory() {
        let (mut tickets, mut chance) = (Tickets::default(), Entropy::seeded([3; 32]));
        let given = (0..2 * MOST_TICKETS).filter_map(|_| tickets.issue(seat("one"), Mono::default(), &mut chance));
        assert_eq!(given.count(), MOST_TICKETS);
        assert!(
            tickets.issue(seat("one"), Mono::default() + LASTS, &mut chance).is_some(),
            "a minute later there is room"
        );
    }
}
