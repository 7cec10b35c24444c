//! What changed in memory and is not on the disk yet. Whoever changes something notes its name and goes on; whoever writes
//! takes all names and looks up what they stand for then, so that a device which tells a hundred things is written once.
use super::Cache;
use super::typed::Typed;
use super::whereabouts::{Named, Whereabouts};
use core::mem;
use core::sync::atomic::{AtomicBool, Ordering};
use foldhash::fast::RandomState;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

/// The most names that wait. What does not fit is not written until it changes again.
pub const MOST_UNWRITTEN: usize = 200_000;

/// The SHA-256 of a token.
pub type Sum = [u8; 32];

/// The name of what changed. It never prints itself.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Unwritten {
    /// What a device told.
    Whereabouts(Arc<str>),
    /// The addresses that its user gave.
    Typed(Arc<str>),
    /// A token.
    Token(Sum),
}

impl core::fmt::Debug for Unwritten {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.write_str("<private>")
    }
}

/// The names that wait to be written, where somebody writes.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    is_kept: AtomicBool,
    names: Mutex<Names>,
}

#[derive(Debug, Default)]
struct Names {
    waiting: HashSet<Unwritten, RandomState>,
    lost: u64,
}

impl Backlog {
    pub(super) fn note(&self, name: impl FnOnce() -> Unwritten) {
        if self.is_kept.load(Ordering::Relaxed) {
            let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
            if names.waiting.len() < MOST_UNWRITTEN {
                names.waiting.insert(name());
            } else {
                names.lost += 1;
            }
        }
    }
}

impl Cache {
    /// From now on changes are noted: somebody writes them.
    pub fn note_changes(&self) {
        self.told.backlog.is_kept.store(true, Ordering::Relaxed);
    }

    /// Everything that changed since it was last asked, each once; and how much did not fit.
    pub fn take_unwritten(&self) -> (HashSet<Unwritten, RandomState>, u64) {
        let mut names = self.told.backlog.names.lock().unwrap_or_else(PoisonError::into_inner);
        (mem::take(&mut names.waiting), mem::take(&mut names.lost))
    }

    /// Notes again what could not be written.
    pub fn is_unwritten(&self, names: impl IntoIterator<Item = Unwritten>) {
        names.into_iter().for_each(|name| self.told.backlog.note(|| name));
    }

    /// Whom the token of this sum names.
    pub fn token_of(&self, sum: &Sum) -> Option<Named> {
        self.told.tokens.get(sum).map(|named| named.clone())
    }

    /// Takes back what was written before the node was started. Tokens come the oldest first.
    pub fn recall_token(&self, sum: Sum, named: Named) {
        self.told.keep_token(sum, named);
    }

    /// The same for what a device told.
    pub fn recall_whereabouts(&self, device: Arc<str>, told: Whereabouts) {
        let _before = self.told.places.insert(device, Arc::new(told));
    }

    /// The same for the addresses that its user gave.
    pub fn recall_typed(&self, device: Arc<str>, typed: Vec<Typed>) {
        let _before = self.told.typed.insert(device, typed.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::entropy::Entropy;
    use crate::base::now::Wall;
    use crate::record::Measurements;

    fn tell(cache: &Cache, device: &str, at: u64) {
        let at = Wall::from_millis(at);
        let told = Whereabouts { measurements: Measurements::default(), at, source: None, line: None };
        assert!(cache.tell_whereabouts(&device.into(), told));
    }

    #[test]
    fn what_changes_again_and_again_waits_once_and_nothing_waits_where_nobody_writes() {
        let cache = Cache::default();
        tell(&cache, "desk", 1);
        assert!(cache.take_unwritten().0.is_empty());
        cache.note_changes();
        (1..100).for_each(|at| tell(&cache, "desk", at));
        tell(&cache, "soft", 1);
        assert_eq!(cache.take_unwritten().0.len(), 2);
        assert!(cache.take_unwritten().0.is_empty(), "it was taken");
    }

    #[test]
    fn a_token_that_makes_room_is_told_with_the_one_that_takes_it() {
        let (cache, chance) = (Cache::default(), &mut Entropy::seeded([1; 32]));
        cache.note_changes();
        let named = Named { device: "desk".into(), organisation: "acme".into(), expires: Wall::from_millis(9) };
        for _ in 0..5 {
            cache.issue(named.clone(), chance);
        }
        let (waiting, _) = cache.take_unwritten();
        let there =
            waiting.iter().filter(|name| matches!(name, Unwritten::Token(sum) if cache.token_of(sum).is_some()));
        assert_eq!((waiting.len(), there.count()), (5, 4));
    }

    #[test]
    fn what_does_not_fit_is_counted_and_not_kept() {
        let cache = Cache::default();
        cache.note_changes();
        cache.is_unwritten((0..MOST_UNWRITTEN + 3).map(|number| Unwritten::Typed(number.to_string().into())));
        let (waiting, lost) = cache.take_unwritten();
        assert_eq!((waiting.len(), lost), (MOST_UNWRITTEN, 3));
    }
}
