//! How many requests each asker may make.
use crate::base::now::Mono;
use core::hash::Hash;
use foldhash::{HashMap, HashMapExt};

/// The most askers that are kept apart; when they are more, all begin anew.
const MOST_ASKERS: usize = 10_000;

/// A second, in the limit's own measure.
pub(super) const SECOND: u64 = 1_000_000;

/// A bucket for each asker: it holds as many requests as one may make in a span, and fills steadily.
pub(super) struct Limit<K> {
    most: u64,
    span: u64,
    buckets: HashMap<K, Bucket>,
}

#[derive(Clone, Copy)]
struct Bucket {
    /// What is left, in requests times microseconds of the span.
    left: u64,
    at: Mono,
}

impl<K: Eq + Hash> Limit<K> {
    /// So many requests in so many microseconds for each asker.
    pub(super) fn new(most: u32, span: u64) -> Limit<K> {
        Limit { most: most.into(), span, buckets: HashMap::new() }
    }

    /// Whether this one may ask now; if so it has.
    pub(super) fn allows(&mut self, asker: K, now: Mono) -> bool {
        if self.buckets.len() >= MOST_ASKERS && !self.buckets.contains_key(&asker) {
            self.buckets.clear();
        }
        let full = Bucket { left: self.most * self.span, at: now };
        let left = self.left(self.buckets.get(&asker).copied().unwrap_or(full), now);
        let allowed = left >= self.span;
        self.buckets.insert(asker, Bucket { left: if allowed { left - self.span } else { left }, at: now });
        allowed
    }

    /// Whether this one may ask now, without asking.
    pub(super) fn has_any(&self, asker: &K, now: Mono) -> bool {
        self.buckets.get(asker).is_none_or(|bucket| self.left(*bucket, now) >= self.span)
    }

    fn left(&self, bucket: Bucket, now: Mono) -> u64 {
        let micros = u64::try_from(now.since(bucket.at).as_micros()).unwrap_or(u64::MAX);
        bucket.left.saturating_add(micros.saturating_mul(self.most)).min(self.most * self.span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holds_so_many_requests_of_each_and_the_next_second_as_many_again() {
        let mut limit = Limit::new(3, SECOND);
        let at = Mono::from_micros;
        let allowed = |limit: &mut Limit<u8>, asker, micros| (0..5).filter(|_| limit.allows(asker, at(micros))).count();
        assert_eq!(allowed(&mut limit, 1, 0), 3);
        assert_eq!(allowed(&mut limit, 2, 0), 3, "another asker has its own");
        assert_eq!(allowed(&mut limit, 1, 400_000), 1);
        assert_eq!(allowed(&mut limit, 1, 9_000_000), 3, "nothing is saved up");
    }

    #[test]
    fn a_flood_of_askers_does_not_fill_memory() {
        let mut limit = Limit::new(1, SECOND);
        assert!((0..3 * MOST_ASKERS).all(|asker| limit.allows(asker, Mono::from_micros(0))));
        assert!(limit.buckets.len() <= MOST_ASKERS);
    }
}
