//! What those who look after networks and places should hear of, as it was seen where devices and users told it. It waits
//! here until somebody takes it; no call does.
use super::Cache;
use crate::base::now::Wall;
use crate::record::surroundings::Surroundings;
use crate::record::{Location, Number};
use core::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// The most sightings that wait. What finds no room is counted: a network is seen again, an address is not.
pub const MOST_SIGHTINGS: usize = 1024;

/// Something that was seen. It never prints itself.
#[derive(Clone, PartialEq)]
pub struct Sighting {
    /// Whose device it is.
    pub organisation: Arc<str>,
    /// The site of its line, else the one of the network that it asks from.
    pub site: Option<Arc<str>>,
    /// The user of its line.
    pub user: Option<Arc<str>>,
    /// The device, where it is listed.
    pub device: Option<Arc<str>>,
    /// Its line.
    pub number: Option<Number>,
    /// When.
    pub at: Wall,
    /// The network that it is on.
    pub network: Surroundings,
    /// The address that its user gave for the network; without one, it is that no wiremap knows the network.
    pub given: Option<Arc<Location>>,
}

impl fmt::Debug for Sighting {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(if self.given.is_some() { "Sighting(given)" } else { "Sighting(unknown network)" })
    }
}

/// What waits, and how much found no room.
#[derive(Debug, Default)]
pub(super) struct Sightings(Mutex<(Vec<Sighting>, u64)>);

impl Cache {
    /// Keeps a sighting for whoever takes it.
    pub fn saw(&self, sighting: Sighting) {
        let mut waiting = self.sightings.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.0.len() < MOST_SIGHTINGS {
            waiting.0.push(sighting);
        } else {
            waiting.1 += 1;
        }
    }

    /// Takes what was seen since this was last asked, in order, and how much found no room.
    pub fn take_sightings(&self) -> (Vec<Sighting>, u64) {
        let mut waiting = self.sightings.0.lock().unwrap_or_else(PoisonError::into_inner);
        core::mem::take(&mut *waiting)
    }
}
