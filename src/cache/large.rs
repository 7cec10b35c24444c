//! A table of up to millions of records, which calls read while others change it.
use core::fmt;
use core::hash::Hash;
use core::ops::Deref;
use dashmap::DashMap;
use foldhash::fast::RandomState;
use hashbrown::HashSet;

/// Into how many parts each table is cut. What goes through all records locks one part after the other while calls wait
/// for it: with four million records, four thousand at a time.
const SHARDS: usize = 1024;

/// A table of records.
pub struct Large<K, V>(DashMap<K, V, RandomState>);

impl<K: Eq + Hash, V> Default for Large<K, V> {
    fn default() -> Large<K, V> {
        Large(DashMap::with_hasher_and_shard_amount(RandomState::default(), SHARDS))
    }
}

impl<K: Eq + Hash, V> Deref for Large<K, V> {
    type Target = DashMap<K, V, RandomState>;

    fn deref(&self) -> &DashMap<K, V, RandomState> {
        &self.0
    }
}

impl<'a, K: Eq + Hash, V> IntoIterator for &'a Large<K, V> {
    type Item = dashmap::mapref::multiple::RefMulti<'a, K, V>;
    type IntoIter = dashmap::iter::Iter<'a, K, V, RandomState>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<K: Eq + Hash + Clone, V> Large<K, V> {
    /// Takes these records for all there are. Whoever asks meanwhile sees each either old or new, and never none that
    /// both have.
    pub(super) fn load(&self, records: impl Iterator<Item = (K, V)>) {
        // At the start nothing can be left over, and a million keys need not be remembered.
        let was_empty = self.0.is_empty();
        let mut kept = HashSet::<K, RandomState>::default();
        for (key, record) in records {
            if !was_empty {
                kept.insert(key.clone());
            }
            self.0.insert(key, record);
        }
        if !was_empty {
            self.0.retain(|key, _| kept.contains(key));
        }
    }
}

/// How many records it has: what they say is private.
impl<K: Eq + Hash, V> fmt::Debug for Large<K, V> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} records", self.0.len())
    }
}
