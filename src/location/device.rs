//! Which device a call comes from (rulings: by its token, else by what its Contact says of it, else by its line).
use crate::base::private::Private;
use crate::cache::Cache;
use crate::cache::whereabouts::{Unlisted, unlisted};
use crate::record::device::INSTANCE_LEN;
use crate::record::{Device, Found, Grade, Line, Mac};
use smallvec::SmallVec;
use std::sync::Arc;

/// The most tokens of one INVITE that are looked up.
pub const MOST_TOKENS: usize = 8;

/// What an INVITE shows of the device that it comes from. It never prints itself.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    /// What may be tokens of ours, in the order in which they are believed.
    pub tokens: SmallVec<[Private<Box<str>>; 1]>,
    /// The `+sip.instance` of its Contact (RFC 5626 §4.1).
    pub instance: Option<Private<Box<str>>>,
    /// A hardware address in its Contact.
    pub mac: Option<Mac>,
    /// The device itself, where that is known from a call that it made before.
    pub known: Option<Arc<str>>,
}

/// By what a device was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum By {
    /// A token of ours, whose time may be over.
    Token,
    /// The instance id of its Contact.
    Instance,
    /// A hardware address in its Contact.
    Mac,
    /// Its line, which no other device has.
    Line,
    /// A call that it made before.
    Earlier,
}

/// The device that a call comes from. It never prints whose it is.
#[derive(Clone)]
pub struct Calling {
    /// Its id, as [`Cache::whereabouts`] takes it.
    pub id: Arc<str>,
    /// Its record, when it is in the tables.
    pub record: Option<Arc<Device>>,
    /// By what it was told.
    pub by: By,
}

impl core::fmt::Debug for Calling {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(out, "Calling({:?}, {:?})", self.by, self.record)
    }
}

/// The device that a call of this organisation comes from. A token of another organisation's device names nobody here,
/// and a line that several devices have names none of them.
pub fn of(cache: &Cache, organisation: &Arc<str>, marks: &Marks, line: Option<&Line>) -> Option<Calling> {
    if let Some(id) = marks.known.clone() {
        let record = cache.device(&id);
        return Some(Calling { id, record, by: By::Earlier });
    }
    let named = marks.tokens.iter().take(MOST_TOKENS).find_map(|token| cache.token(token.expose()));
    if let Some(named) = named.filter(|named| named.organisation == *organisation) {
        let record = cache.device(&named.device);
        return Some(Calling { id: named.device, record, by: By::Token });
    }
    let listed = |by, device: Arc<Device>| Calling { id: Arc::clone(&device.id), record: Some(device), by };
    let instance = marks.instance.as_ref().map(|instance| &**instance.expose());
    if let Some(device) = instance.and_then(|instance| cache.device_by_instance(organisation, instance)) {
        return Some(listed(By::Instance, device));
    }
    if let Some(mac) = marks.mac.or_else(|| node(instance?)) {
        if let Some(device) = cache.device_by_mac(organisation, mac) {
            return Some(listed(By::Mac, device));
        }
        if let Some(id) = told(cache, organisation, Unlisted::Mac(mac)) {
            return Some(Calling { id, record: None, by: By::Mac });
        }
    }
    let number = line?.number;
    let mut ringing = cache.devices_of_line(organisation, number);
    match (ringing.pop(), ringing.is_empty()) {
        (Some(device), true) => Some(listed(By::Line, device)),
        (Some(_), false) => None,
        (None, _) => {
            told(cache, organisation, Unlisted::Line(number)).map(|id| Calling { id, record: None, by: By::Line })
        }
    }
}

/// Whether a device that belongs to one place was seen in another: not in its room, or not in its building.
pub fn has_moved(device: &Device, found: &Found, home: impl Fn(&str) -> Option<Arc<crate::record::Location>>) -> bool {
    let home = device.fixed_home().filter(|_| found.grade > Grade::Stale).and_then(|id| home(id));
    home.zip(found.place.as_deref()).is_some_and(|(home, seen)| {
        let is_within = |inner: &crate::record::Location, outer: &crate::record::Location| {
            outer.civic.elements().all(|(element, value)| inner.civic.value(element) == Some(value))
        };
        home.id != seen.id && (home.building != seen.building || !(is_within(&home, seen) || is_within(seen, &home)))
    })
}

/// A device that is in no table, when it has told where it is.
fn told(cache: &Cache, organisation: &str, device: Unlisted) -> Option<Arc<str>> {
    let id = unlisted(organisation, device);
    cache.whereabouts(&id).map(|_| id)
}

/// The hardware address at the end of an instance id: most phones make theirs of it (RFC 9562 §5.1).
fn node(instance: &str) -> Option<Mac> {
    let instance = instance.get(..instance.len().min(INSTANCE_LEN))?.trim_end_matches(['>', '"', ' ']);
    instance.rsplit(['-', ':']).next().filter(|node| node.len() == 12).and_then(Mac::read)
}
