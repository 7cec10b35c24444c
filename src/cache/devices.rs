//! Devices and users, and every name under which a call may show one.
use super::Cache;
use super::large::Large;
use crate::record::{Device, Mac, Number, User, device};
use dashmap::DashMap;
use foldhash::fast::RandomState;
use smallvec::SmallVec;
use std::sync::Arc;

type Named<K, T> = Large<(Arc<str>, K), T>;

/// The devices that a line rings; nearly always one.
pub type Ringing = SmallVec<[Arc<Device>; 1]>;

/// The devices and users of all organisations.
#[derive(Debug, Default)]
pub struct Devices {
    by_id: Large<Arc<str>, Arc<Device>>,
    by_mac: Named<Mac, Arc<Device>>,
    by_instance: Named<Arc<str>, Arc<Device>>,
    by_line: Named<Number, Ringing>,
    by_home: DashMap<Arc<str>, Ringing, RandomState>,
    users: Large<Arc<str>, Arc<User>>,
    users_by_line: Named<Number, Arc<User>>,
}

impl Cache {
    /// A device by its id.
    pub fn device(&self, id: &str) -> Option<Arc<Device>> {
        self.devices.by_id.get(id).map(|device| Arc::clone(&device))
    }

    /// An organisation's device by its hardware address.
    pub fn device_by_mac(&self, organisation: &Arc<str>, mac: Mac) -> Option<Arc<Device>> {
        self.devices.by_mac.get(&(Arc::clone(organisation), mac)).map(|device| Arc::clone(&device))
    }

    /// An organisation's device by its instance id, as `+sip.instance` has it, with or without its angle brackets.
    pub fn device_by_instance(&self, organisation: &Arc<str>, instance: &str) -> Option<Arc<Device>> {
        let key = (Arc::clone(organisation), device::instance(instance)?);
        self.devices.by_instance.get(&key).map(|device| Arc::clone(&device))
    }

    /// The devices that an organisation's line rings. With more than one, the line alone does not say which calls.
    pub fn devices_of_line(&self, organisation: &Arc<str>, line: Number) -> Ringing {
        self.devices.by_line.get(&(Arc::clone(organisation), line)).map(|found| found.clone()).unwrap_or_default()
    }

    /// The devices that belong to a place.
    pub fn devices_at(&self, place: &str) -> Ringing {
        self.devices.by_home.get(place).map(|found| found.clone()).unwrap_or_default()
    }

    /// A user by id.
    pub fn user(&self, id: &str) -> Option<Arc<User>> {
        self.devices.users.get(id).map(|user| Arc::clone(&user))
    }

    /// Whose line it is.
    pub fn user_of_line(&self, organisation: &Arc<str>, line: Number) -> Option<Arc<User>> {
        self.devices.users_by_line.get(&(Arc::clone(organisation), line)).map(|user| Arc::clone(&user))
    }
}

impl Devices {
    /// How many devices there are.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// Adds a device, or puts it in the place of the one with its id.
    pub fn insert(&self, device: &Arc<Device>) {
        let named = |name| (Arc::clone(&device.organisation), name);
        let before = self.by_id.insert(Arc::clone(&device.id), Arc::clone(device));
        if let Some(mac) = device.mac {
            self.by_mac.insert(named(mac), Arc::clone(device));
        }
        if let Some(instance) = &device.instance {
            self.by_instance.insert((Arc::clone(&device.organisation), Arc::clone(instance)), Arc::clone(device));
        }
        if let Some(home) = &device.home {
            let mut there = self.by_home.entry(Arc::clone(home)).or_default();
            there.retain(|other| other.id != device.id);
            there.push(Arc::clone(device));
        }
        for &line in &device.lines {
            let mut ringing = self.by_line.entry((Arc::clone(&device.organisation), line)).or_default();
            match ringing.iter_mut().find(|other| other.id == device.id) {
                Some(other) => *other = Arc::clone(device),
                None => ringing.push(Arc::clone(device)),
            }
        }
        if let Some(before) = before {
            self.forget_names(&before);
        }
    }

    /// Takes a device out.
    pub fn remove(&self, id: &str) {
        if let Some((_, device)) = self.by_id.remove(id) {
            self.forget_names(&device);
        }
    }

    /// Takes out every name that still leads to this record.
    fn forget_names(&self, device: &Arc<Device>) {
        let is_it = |found: &Arc<Device>| Arc::ptr_eq(found, device);
        let organisation = || Arc::clone(&device.organisation);
        if let Some(mac) = device.mac {
            self.by_mac.remove_if(&(organisation(), mac), |_, found| is_it(found));
        }
        if let Some(instance) = &device.instance {
            self.by_instance.remove_if(&(organisation(), Arc::clone(instance)), |_, found| is_it(found));
        }
        if let Some(home) = &device.home {
            if let Some(mut there) = self.by_home.get_mut(home) {
                there.retain(|found| !is_it(found));
            }
            self.by_home.remove_if(home, |_, there| there.is_empty());
        }
        for &line in &device.lines {
            let key = (organisation(), line);
            if let Some(mut ringing) = self.by_line.get_mut(&key) {
                ringing.retain(|found| !is_it(found));
            }
            self.by_line.remove_if(&key, |_, ringing| ringing.is_empty());
        }
    }

    /// Adds a user, or puts it in the place of the one with its id.
    pub fn insert_user(&self, user: &Arc<User>) {
        for &line in &user.lines {
            self.users_by_line.insert((Arc::clone(&user.organisation), line), Arc::clone(user));
        }
        if let Some(before) = self.users.insert(Arc::clone(&user.id), Arc::clone(user)) {
            self.forget_lines(&before);
        }
    }

    /// Takes a user out.
    pub fn remove_user(&self, id: &str) {
        if let Some((_, user)) = self.users.remove(id) {
            self.forget_lines(&user);
        }
    }

    fn forget_lines(&self, user: &Arc<User>) {
        for &line in &user.lines {
            self.users_by_line.remove_if(&(Arc::clone(&user.organisation), line), |_, found| Arc::ptr_eq(found, user));
        }
    }

    /// Takes these for all there are.
    pub(super) fn load(&self, devices: &[Arc<Device>], users: &[Arc<User>]) {
        let (had_devices, had_users) = (!self.by_id.is_empty(), !self.users.is_empty());
        devices.iter().for_each(|device| self.insert(device));
        users.iter().for_each(|user| self.insert_user(user));
        if had_devices {
            beyond(&self.by_id, devices.iter().map(|device| &*device.id)).iter().for_each(|id| self.remove(id));
        }
        if had_users {
            beyond(&self.users, users.iter().map(|user| &*user.id)).iter().for_each(|id| self.remove_user(id));
        }
    }
}

/// The ids of a table that are not among these.
fn beyond<'a, T>(table: &Large<Arc<str>, T>, ids: impl Iterator<Item = &'a str>) -> Vec<Arc<str>> {
    let kept: hashbrown::HashSet<&str, RandomState> = ids.collect();
    table.iter().map(|one| Arc::clone(one.key())).filter(|id| !kept.contains(&**id)).collect()
}
