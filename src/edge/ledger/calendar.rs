//! Whether the calendar is believed where contents are let go by it. Who sets a clock years ahead would else let go of years
//! of evidence, and whoever sets it back would find nothing.
use crate::base::now::{Now, Wall};
use core::time::Duration;

/// How far the calendar may be from where the node's own clock sees it.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long the ledger may have been silent when the node starts, before that looks like a clock that was set. It is longer
/// than [`HELD`], or a quiet node that starts each day would never let go of anything.
const MOST_SILENCE: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// How long nothing is let go after the calendar moved: time to see that, and to set it right.
pub const HELD: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What a look at the calendar shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// It goes as it should.
    Steady,
    /// It is not where it should be; this is where it should.
    Moved(Wall),
    /// It moved, and not long ago.
    Held,
}

/// The calendar, as far as it was looked at.
#[derive(Debug)]
pub struct Calendar {
    last: Option<Now>,
    /// When the last entry was made, before the first look.
    entry: Option<Wall>,
    moved: Option<Wall>,
}

impl Calendar {
    /// A calendar of which the ledger says when its last entry was made, and when it was last seen to have moved.
    pub fn new(entry: Option<Wall>, moved: Option<Wall>) -> Calendar {
        Calendar { last: None, entry, moved }
    }

    /// Looks at it.
    pub fn look(&mut self, now: Now) -> Look {
        let (expected, late) = match self.last {
            Some(last) => (Some(last.wall + now.mono.since(last.mono)), DAY),
            None => (self.entry, MOST_SILENCE),
        };
        self.last = Some(now);
        let is_off = |expected: &Wall| now.wall.since(*expected) > late || expected.since(now.wall) > DAY;
        if let Some(expected) = expected.filter(is_off) {
            self.moved = Some(now.wall);
            return Look::Moved(expected);
        }
        // A move that lies ahead is one that was taken back.
        let is_held = |moved: Wall| moved <= now.wall && now.wall.since(moved) < HELD;
        if self.moved.is_some_and(is_held) { Look::Held } else { Look::Steady }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::now::Mono;

    const START: Wall = Wall::from_millis(1_795_000_000_000);
    const HOUR: u64 = 3600;

    fn at(up: u64, calendar: Wall) -> Now {
        Now { mono: Mono::from_micros(up * 1_000_000), wall: calendar }
    }

    fn later(secs: u64) -> Wall {
        START + Duration::from_secs(secs)
    }

    #[test]
    fn a_clock_that_is_stepped_by_an_hour_or_goes_a_little_wrong_changes_nothing() {
        let mut calendar = Calendar::new(Some(START), None);
        let looks = [(0, 0), (HOUR, 2 * HOUR), (2 * HOUR, 2 * HOUR), (3 * HOUR, 3 * HOUR + 60)];
        for (up, wall) in looks {
            assert_eq!(calendar.look(at(up, later(wall))), Look::Steady);
        }
    }

    #[test]
    fn a_clock_that_is_set_years_ahead_is_seen_and_lets_go_of_nothing_for_a_week() {
        const YEARS: u64 = 5 * 365 * 24 * HOUR;
        let mut calendar = Calendar::new(Some(START), None);
        assert_eq!(calendar.look(at(0, START)), Look::Steady);
        assert_eq!(calendar.look(at(HOUR, later(YEARS))), Look::Moved(later(HOUR)));
        let mut again = Calendar::new(Some(later(YEARS)), Some(later(YEARS)));
        for calendar in [&mut calendar, &mut again] {
            assert_eq!(calendar.look(at(2 * HOUR, later(YEARS + HOUR))), Look::Held, "a restart changes nothing");
        }
        assert_eq!(calendar.look(at(3 * HOUR, later(3 * HOUR))), Look::Moved(later(YEARS + 2 * HOUR)), "and back");
        assert_eq!(calendar.look(at(4 * HOUR, later(4 * HOUR))), Look::Held);
        assert_eq!(calendar.look(at(180 * HOUR, later(180 * HOUR))), Look::Steady);
    }

    #[test]
    fn a_clock_that_was_set_while_the_node_was_down_is_seen_by_the_last_entry() {
        let fortnight = 14 * 24 * HOUR;
        assert_eq!(Calendar::new(Some(START), None).look(at(0, later(fortnight))), Look::Steady);
        assert_eq!(Calendar::new(Some(START), None).look(at(0, later(fortnight + 1))), Look::Moved(START));
        assert_eq!(Calendar::new(Some(later(fortnight)), None).look(at(0, START)), Look::Moved(later(fortnight)));
        assert_eq!(Calendar::new(None, None).look(at(0, START)), Look::Steady, "an empty ledger says nothing");
        let taken_back = Calendar::new(Some(START), Some(later(26 * fortnight))).look(at(0, later(HOUR)));
        assert_eq!(taken_back, Look::Steady);
    }
}
