//! How many requests each asker may make.
use crate::base::now::Mono;
use core::hash::Hash;
use foldhash::{HashMap, HashMapExt};

/// The most askers that are kept apart; when they are more, all begin anew.
const MOST_ASKERS: usize = 10_000;

/// A bucket for each asker: it holds a second's worth of requests and fills steadily.
pub(super) struct Limit<K> {
    per_second: u64,
    buckets: HashMap<K, Bucket>,
}

#[derive(Clone, Copy)]
struct Bucket {
    /// Millionths of a request.
    left: u64,
    at: Mono,
}

/// A request, in what a bucket holds.
const REQUEST: u64 = 1_000_000;

impl<K: Eq + Hash> Limit<K> {
    /// So many requests a second for each asker.
    pub(super) fn new(per_second: u32) -> Limit<K> {
        Limit { per_second: per_second.into(), buckets: HashMap::new() }
    }

    /// Whether this one may ask now; if so it has.
    pub(super) fn allows(&mut self, asker: K, now: Mono) -> bool {
        if self.buckets.len() >= MOST_ASKERS && !self.buckets.contains_key(&asker) {
            self.buckets.clear();
        }
        let full = self.per_second * REQUEST;
        let bucket = self.buckets.entry(asker).or_insert(Bucket { left: full, at: now });
        let micros = u64::try_from(now.since(bucket.at).as_micros()).unwrap_or(u64::MAX);
        bucket.left = bucket.left.saturating_add(micros.saturating_mul(self.per_second)).min(full);
        bucket.at = now;
        let allowed = bucket.left >= REQUEST;
        if allowed {
            bucket.left -= REQUEST;
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holds_so_many_requests_of_each_and_the_next_second_as_many_again() {
        let mut limit = Limit::new(3);
        let at = Mono::from_micros;
        let allowed = |limit: &mut Limit<u8>, asker, micros| (0..5).filter(|_| limit.allows(asker, at(micros))).count();
        assert_eq!(allowed(&mut limit, 1, 0), 3);
        assert_eq!(allowed(&mut limit, 2, 0), 3, "another asker has its own");
        assert_eq!(allowed(&mut limit, 1, 400_000), 1);
        assert_eq!(allowed(&mut limit, 1, 9_000_000), 3, "nothing is saved up");
    }

    #[test]
    fn a_flood_of_askers_does_not_fill_memory() {
        let mut limit = Limit::new(1);
        assert!((0..3 * MOST_ASKERS).all(|asker| limit.allows(asker, Mono::from_micros(0))));
        assert!(limit.buckets.len() <= MOST_ASKERS);
    }
}
