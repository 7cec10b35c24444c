//! Which devices said last that they are in a place: who is near when somebody there is called back.
use super::Cache;
use smallvec::SmallVec;
use std::sync::Arc;

/// The most devices that are remembered for one place; with each more the one that came first is forgotten.
pub const MOST_BESIDE: usize = 32;

/// Devices of one place.
pub type Beside = SmallVec<[Arc<str>; 2]>;

impl Cache {
    /// Takes note that a device has told where it is plugged in, and that this is there.
    pub fn found_at(&self, device: &Arc<str>, place: &Arc<str>) {
        let beside = &self.told.beside;
        if beside.get(place).is_some_and(|known| known.contains(device)) {
            return;
        }
        let mut known = beside.entry(Arc::clone(place)).or_default();
        if known.len() >= MOST_BESIDE {
            known.remove(0);
        }
        if !known.contains(device) {
            known.push(Arc::clone(device));
        }
    }

    /// The devices that were found in a place. Some may have gone: what each told last says where it is.
    pub fn beside(&self, place: &str) -> Beside {
        self.told.beside.get(place).map(|known| known.clone()).unwrap_or_default()
    }

    /// Lets go of devices of which nothing is known any more.
    pub(super) fn forget_beside(&self) {
        self.told.beside.retain(|_, known| {
            known.retain(|device| self.told.places.contains_key(device));
            !known.is_empty()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_remembers_those_who_came_last_and_each_of_them_once() {
        let (cache, place) = (Cache::default(), Arc::from("hq-217"));
        for device in (0..40).chain(30..40) {
            cache.found_at(&format!("desk-{device}").into(), &place);
        }
        let known = cache.beside("hq-217");
        assert_eq!((known.len(), &*known[0], &*known[MOST_BESIDE - 1]), (MOST_BESIDE, "desk-8", "desk-39"));
        assert!(cache.beside("hq-101").is_empty());
        cache.forget_beside();
        assert!(cache.beside("hq-217").is_empty(), "nothing is known of them");
    }
}
