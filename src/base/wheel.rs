//! Deadlines, many of them: a hierarchical timer wheel with ticks of 20 ms.
use super::now::Mono;
use core::time::Duration;

/// How fine the wheel is. A key comes out up to one tick late and never early.
pub const TICK: Duration = Duration::from_millis(20);

const TICK_MICROS: u64 = 20_000;
const BITS: u32 = 6;
const SLOTS: usize = 1 << BITS;
const LEVELS: usize = 7;
/// The last tick that the wheel can tell apart: some 2,800 years after the node started.
const LAST: u64 = (1 << (BITS * LEVELS as u32)) - 1;
const NONE: u32 = u32::MAX;

/// Keys with the moment at which each comes out. Scheduling is O(1); nothing is cancelled: whoever owns a key that
/// comes out checks whether the deadline is still its own.
///
/// Level 0 has one slot a tick; each slot of a higher level spans the whole level below it, into which it is emptied
/// when its time begins (Varghese and Lauck, "Hashed and hierarchical timing wheels", scheme 7).
#[derive(Debug)]
pub struct Wheel<K: Copy> {
    /// No key is scheduled before this tick.
    elapsed: u64,
    /// One bit a slot that holds something.
    occupied: [u64; LEVELS],
    /// First and last node of each slot; they are read only where `occupied` says so.
    slots: Box<[[(u32, u32); SLOTS]; LEVELS]>,
    nodes: Vec<Node<K>>,
    free: u32,
    len: usize,
}

#[derive(Debug)]
struct Node<K> {
    tick: u64,
    key: K,
    next: u32,
}

impl<K: Copy> Default for Wheel<K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Copy> Wheel<K> {
    /// An empty wheel.
    pub fn new() -> Self {
        Self {
            elapsed: 0,
            occupied: [0; LEVELS],
            slots: Box::new([[(NONE, NONE); SLOTS]; LEVELS]),
            nodes: Vec::new(),
            free: NONE,
            len: 0,
        }
    }

    /// Lets `key` come out at `at`, or at once when that has passed.
    pub fn schedule(&mut self, at: Mono, key: K) {
        let tick = at.as_micros().div_ceil(TICK_MICROS).min(LAST);
        let node = Node { tick, key, next: NONE };
        let index = if self.free == NONE {
            self.nodes.push(node);
            (self.nodes.len() - 1) as u32
        } else {
            let index = self.free;
            self.free = self.nodes[index as usize].next;
            self.nodes[index as usize] = node;
            index
        };
        self.len += 1;
        self.place(index);
    }

    /// When to call [`Wheel::pop_due`] next: no key comes out earlier. None may come out then either, when keys far
    /// ahead only move to a finer level; the next answer is then a later one.
    pub fn next_deadline(&self) -> Option<Mono> {
        self.next_slot().map(|(_, _, tick)| Mono::from_micros(tick * TICK_MICROS))
    }

    /// The next key whose moment has come. To be called until there is none.
    pub fn pop_due(&mut self, now: Mono) -> Option<K> {
        let tick = (now.as_micros() / TICK_MICROS).min(LAST);
        while let Some((level, slot, start)) = self.next_slot().filter(|&(_, _, start)| start <= tick) {
            self.elapsed = start.max(self.elapsed);
            if level == 0 {
                return Some(self.pop(slot));
            }
            self.empty_down(level, slot);
        }
        self.elapsed = tick.max(self.elapsed);
        None
    }

    /// How many keys are scheduled.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing is scheduled.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The first slot that holds something: level, slot and the tick at which it begins. Whatever a lower level holds
    /// comes before all that a higher one holds, and within a level no slot lies before the present one, since a key
    /// shares all bits above its level with the present tick.
    fn next_slot(&self) -> Option<(usize, usize, u64)> {
        let level = self.occupied.iter().position(|&bits| bits != 0)?;
        let slot = self.occupied[level].trailing_zeros() as usize;
        let shift = BITS * level as u32;
        let above = self.elapsed >> (shift + BITS) << (shift + BITS);
        Some((level, slot, above | (slot as u64) << shift))
    }

    fn place(&mut self, index: u32) {
        let tick = self.nodes[index as usize].tick.max(self.elapsed);
        let differing = u64::BITS - (tick ^ self.elapsed).leading_zeros();
        let level = (differing.saturating_sub(1) / BITS) as usize;
        let slot = (tick >> (BITS * level as u32)) as usize % SLOTS;
        let (first, last) = &mut self.slots[level][slot];
        if self.occupied[level] >> slot & 1 == 0 {
            (*first, *last) = (index, index);
            self.occupied[level] |= 1 << slot;
        } else {
            self.nodes[*last as usize].next = index;
            *last = index;
        }
    }

    fn pop(&mut self, slot: usize) -> K {
        let (first, last) = &mut self.slots[0][slot];
        let index = *first;
        if index == *last {
            self.occupied[0] &= !(1 << slot);
        }
        let node = &mut self.nodes[index as usize];
        *first = node.next;
        node.next = self.free;
        self.free = index;
        self.len -= 1;
        self.nodes[index as usize].key
    }

    fn empty_down(&mut self, level: usize, slot: usize) {
        self.occupied[level] &= !(1 << slot);
        let mut index = self.slots[level][slot].0;
        while index != NONE {
            let next = core::mem::replace(&mut self.nodes[index as usize].next, NONE);
            self.place(index);
            index = next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Mono {
        Mono::from_micros(millis * 1000)
    }

    /// Steps from deadline to deadline as a driver does; gives each key with the moment it came out.
    fn run(wheel: &mut Wheel<u32>) -> Vec<(u64, u32)> {
        let mut out = Vec::new();
        while let Some(now) = wheel.next_deadline() {
            while let Some(key) = wheel.pop_due(now) {
                out.push((now.as_micros() / 1000, key));
            }
        }
        out
    }

    #[test]
    fn keys_come_out_in_the_order_of_their_deadlines_at_their_deadlines() {
        let mut wheel = Wheel::new();
        for (millis, key) in [(32_000, 4), (500, 1), (3_600_000, 5), (20, 0), (500, 2), (5_000, 3), (86_400_000, 6)] {
            wheel.schedule(at(millis), key);
        }
        let expected = [(20, 0), (500, 1), (500, 2), (5_000, 3), (32_000, 4), (3_600_000, 5), (86_400_000, 6)].to_vec();
        assert_eq!(run(&mut wheel), expected);
        assert!(wheel.is_empty());
    }

    #[test]
    fn a_key_never_comes_out_early_and_at_most_one_tick_late() {
        let mut wheel = Wheel::new();
        wheel.schedule(Mono::from_micros(20_001), 7);
        assert_eq!(wheel.pop_due(Mono::from_micros(20_001)), None);
        assert_eq!(wheel.pop_due(Mono::from_micros(39_999)), None);
        assert_eq!(wheel.pop_due(Mono::from_micros(40_000)), Some(7));
    }

    #[test]
    fn a_deadline_that_has_passed_comes_out_at_once() {
        let mut wheel = Wheel::new();
        assert_eq!(wheel.pop_due(at(60_000)), None);
        wheel.schedule(at(1), 1);
        assert_eq!(wheel.next_deadline(), Some(at(60_000)));
        assert_eq!(wheel.pop_due(at(60_000)), Some(1));
        assert_eq!(wheel.next_deadline(), None);
    }

    #[test]
    fn a_long_silence_of_the_driver_loses_no_key() {
        let mut wheel = Wheel::new();
        for key in 0..10_000u32 {
            wheel.schedule(at(u64::from(key) * 37), key);
        }
        let mut out: Vec<u32> = core::iter::from_fn(|| wheel.pop_due(at(1_000_000_000))).collect();
        assert_eq!(out.len(), 10_000);
        out.sort_unstable();
        assert!(out.windows(2).all(|pair| pair[0] + 1 == pair[1]));
    }

    #[test]
    fn a_deadline_beyond_all_time_does_not_disturb_the_near_ones() {
        let mut wheel = Wheel::new();
        wheel.schedule(Mono::from_micros(u64::MAX), 9);
        wheel.schedule(at(20), 1);
        assert_eq!(wheel.pop_due(at(20)), Some(1));
        assert_eq!(wheel.pop_due(at(1_000_000)), None);
        assert_eq!(wheel.len(), 1);
    }

    #[test]
    fn places_are_used_again() {
        let mut wheel = Wheel::new();
        for round in 0..1000u64 {
            wheel.schedule(at(round * 40), 1);
            wheel.schedule(at(round * 40 + 20), 2);
            assert_eq!(wheel.pop_due(at(round * 40 + 20)), Some(1));
            assert_eq!(wheel.pop_due(at(round * 40 + 20)), Some(2));
        }
        assert_eq!(wheel.nodes.len(), 2);
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_scheduled_comes_out_in_the_tick_in_which_it_is_due(
            steps in proptest::collection::vec((0u64..3, 0u64..40_000_000_000, 0u64..400_000_000), 1..200)
        ) {
            let mut wheel = Wheel::new();
            let mut waiting: Vec<(u64, u32)> = Vec::new();
            let mut now = 0u64;
            for (key, (kind, far, near)) in (0u32..).zip(steps) {
                let at = now + if kind == 0 { far } else { near / 20 };
                wheel.schedule(Mono::from_micros(at), key);
                waiting.push((at.div_ceil(TICK_MICROS), key));
                now += near;
                let mut out: Vec<u32> = core::iter::from_fn(|| wheel.pop_due(Mono::from_micros(now))).collect();
                let (due, later) = waiting.into_iter().partition(|&(tick, _)| tick <= now / TICK_MICROS);
                waiting = later;
                let mut due: Vec<u32> = due.into_iter().map(|(_, key): (u64, u32)| key).collect();
                out.sort_unstable();
                due.sort_unstable();
                proptest::prop_assert_eq!(out, due);
                let first = waiting.iter().map(|&(tick, _)| tick * TICK_MICROS).min();
                proptest::prop_assert_eq!(wheel.next_deadline().is_some(), first.is_some());
                proptest::prop_assert!(wheel.next_deadline().map(Mono::as_micros) <= first);
            }
        }
    }
}
