//! Addresses that users gave for the networks that their devices are on.
use super::Cache;
use super::unwritten::Unwritten;
use crate::base::now::Wall;
use crate::record::surroundings::Surroundings;
use crate::record::{Civic, Location, Measurements};
use core::time::Duration;
use std::sync::Arc;

/// The most networks of one device for which an address is kept: with each more the one that was seen longest ago is
/// forgotten.
pub const MOST_TYPED: usize = 16;
/// The most devices of which such addresses are kept.
pub const MOST_TYPERS: usize = 1_000_000;
/// How long the address of a network is kept on which the device is not seen.
pub const TYPED_FORGOTTEN_AFTER: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// An address that a user gave for a network. It never prints itself.
#[derive(Clone, PartialEq)]
pub struct Typed {
    /// The network.
    pub surroundings: Surroundings,
    /// The place, which is in no table.
    pub place: Arc<Location>,
    /// When the device was last seen there.
    pub seen: Wall,
}

impl core::fmt::Debug for Typed {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.write_str("<private>")
    }
}

impl Typed {
    /// An address that was given now.
    pub fn new(surroundings: Surroundings, civic: Civic, now: Wall) -> Typed {
        // An id of a table has no blank, so no route of a building or location is taken for this place's.
        let id: Arc<str> = "given by the user".into();
        Typed { surroundings, place: Arc::new(Location::new(Arc::clone(&id), id, civic)), seen: now }
    }
}

impl Cache {
    /// The place that its user gave for the network that a device says it is on.
    pub fn typed(&self, device: &str, measurements: &Measurements) -> Option<Arc<Location>> {
        let all = self.told.typed.get(device).map(|all| Arc::clone(&all))?;
        let here = Surroundings::of(measurements)?;
        all.iter().find(|typed| typed.surroundings.is_same(&here)).map(|typed| Arc::clone(&typed.place))
    }

    /// Every address that the user of a device gave, the one that was given or seen last first.
    pub fn all_typed(&self, device: &str) -> Option<Arc<[Typed]>> {
        self.told.typed.get(device).map(|all| Arc::clone(&all))
    }

    /// Keeps an address in the place of those of the same network. `false` when there is no room.
    pub fn keep_typed(&self, device: &Arc<str>, typed: Typed) -> bool {
        let has_room = self.told.typed.len() < MOST_TYPERS || self.told.typed.contains_key(device);
        if has_room {
            let mut all = self.told.typed.entry(Arc::clone(device)).or_insert_with(|| Arc::new([]));
            let others = all.iter().filter(|other| !other.surroundings.is_same(&typed.surroundings)).cloned();
            *all = core::iter::once(typed.clone()).chain(others).take(MOST_TYPED).collect();
            self.told.backlog.note(|| Unwritten::Typed(Arc::clone(device)));
        }
        has_room
    }

    /// Forgets the address of a network. Whether there was one.
    pub fn withdraw_typed(&self, device: &str, here: &Surroundings) -> bool {
        let Some(mut all) = self.told.typed.get_mut(device) else { return false };
        let left: Arc<[Typed]> = all.iter().filter(|typed| !typed.surroundings.is_same(here)).cloned().collect();
        let is_gone = left.len() < all.len();
        *all = left;
        drop(all);
        self.told.backlog.note(|| Unwritten::Typed(device.into()));
        let _empty = self.told.typed.remove_if(device, |_, all| all.is_empty());
        is_gone
    }

    /// Notes that a device was seen on a network for which there is an address, so that the address stays. Once a day is
    /// enough.
    pub fn saw_typed(&self, device: &str, measurements: &Measurements, now: Wall) {
        const DAY: u64 = 24 * 60 * 60 * 1000;
        let Some(all) = self.all_typed(device) else { return };
        let Some(here) = Surroundings::of(measurements) else { return };
        let is_due =
            |typed: &&Typed| typed.seen.as_millis() + DAY <= now.as_millis() && typed.surroundings.is_same(&here);
        if let Some(typed) = all.iter().find(is_due) {
            let _is_kept = self.keep_typed(&device.into(), Typed { seen: now, ..typed.clone() });
        }
    }

    /// Lets go of addresses of networks on which nobody was seen for long.
    pub(super) fn forget_typed(&self, now: Wall) {
        let is_known = |typed: &Typed| {
            now.as_millis().saturating_sub(typed.seen.as_millis()) < TYPED_FORGOTTEN_AFTER.as_millis() as u64
        };
        self.told.typed.retain(|_, all| {
            if !all.iter().all(is_known) {
                *all = all.iter().filter(|typed| is_known(typed)).cloned().collect();
            }
            !all.is_empty()
        });
    }
}
