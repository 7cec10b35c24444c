//! Whom a desktop is for, and which calls are theirs.
use crate::account::{Account, Particulars};
use crate::cache::Cache;
use crate::record::{Class, Device, Mac, Number};
use serde::Deserialize;
use smallvec::SmallVec;
use std::sync::Arc;
use utoipa::ToSchema;

/// Whom a desktop is for, as its client says it: one of these.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Asked {
    /// A user, by id: every call of the user's lines, and of devices that these ring.
    pub user: Option<String>,
    /// A line, by its number or extension.
    pub number: Option<String>,
    /// A device, by its instance id, as its SIP contacts have it: `urn:uuid:…`.
    pub instance: Option<String>,
    /// A device, by its hardware address.
    pub mac: Option<String>,
    /// A responder's desk, by its name among the recipients of notices.
    pub desk: Option<String>,
}

/// Whose calls are heard.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Whose {
    /// A user's, by id.
    User(Arc<str>),
    /// Those of a line.
    Line(Number),
    /// A device's, by id.
    Device(Arc<str>),
    /// Nobody's own: the notices for a responder's desk.
    Desk(Arc<str>),
}

/// A place at which somebody listens. It never prints whose.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Seat {
    /// The organisation, whose events alone are heard.
    pub organisation: Arc<str>,
    /// Whose.
    pub whose: Whose,
}

impl Seat {
    /// Whether it is a responder's desk.
    pub const fn is_desk(&self) -> bool {
        matches!(self.whose, Whose::Desk(_))
    }
}

/// The seats of one call: mostly a line and a user, and a device where it is told.
pub(super) type Seats = SmallVec<[Seat; 4]>;

impl Asked {
    /// How many are named; exactly one may be.
    pub fn named(&self) -> usize {
        let all = [&self.user, &self.number, &self.instance, &self.mac, &self.desk];
        all.into_iter().flatten().count()
    }

    /// The seat, where the organisation has such a user, line, device or desk.
    pub fn seat(&self, cache: &Cache, organisation: &Arc<str>) -> Option<Seat> {
        let own = |device: Option<Arc<Device>>| device.map(|device| Whose::Device(Arc::clone(&device.id)));
        let whose = if let Some(id) = &self.user {
            let user = cache.user(id).filter(|user| user.organisation == *organisation)?;
            Whose::User(Arc::clone(&user.id))
        } else if let Some(number) = &self.number {
            Whose::Line(line(cache, organisation, number)?)
        } else if let Some(instance) = &self.instance {
            own(cache.device_by_instance(organisation, instance))?
        } else if let Some(mac) = &self.mac {
            own(cache.device_by_mac(organisation, Mac::read(mac)?))?
        } else {
            let desk = self.desk.as_deref()?;
            Whose::Desk(cache.recipients.desk(organisation, desk)?)
        };
        Some(Seat { organisation: Arc::clone(organisation), whose })
    }
}

/// A line as it is listed, or as a user or a device has it.
fn line(cache: &Cache, organisation: &Arc<str>, text: &str) -> Option<Number> {
    let number = Number::read(text)?;
    let listed = cache.lines.get(&(Arc::clone(organisation), number)).map(|line| line.number);
    let is_rung = || {
        cache.user_of_line(organisation, number).is_some() || !cache.devices_of_line(organisation, number).is_empty()
    };
    listed.or_else(|| is_rung().then_some(number))
}

/// The seats at which a call is heard. A call back is heard where the call was for which it is.
pub(super) fn seats_of(cache: &Cache, account: &Account, told: &Particulars) -> Seats {
    let mut caller = Caller { cache, organisation: &told.organisation, seats: Seats::new() };
    let callback = told.callback.filter(|_| account.class == Class::Callback);
    let windows = callback.map(|(number, _)| cache.leases.of_number(number, account.at.mono)).unwrap_or_default();
    if let Some(latest) = windows.first().filter(|window| window.caller.organisation == told.organisation) {
        let known = &latest.caller;
        caller.is(known.line.into_iter().chain(known.shown), known.device.as_ref());
    }
    let line = told.line.as_ref().map(|line| line.number);
    caller.is(line.into_iter().chain(told.number), told.device.as_ref());
    told.user.clone().into_iter().for_each(|user| caller.add(Whose::User(user)));
    caller.seats
}

struct Caller<'a> {
    cache: &'a Cache,
    organisation: &'a Arc<str>,
    seats: Seats,
}

impl Caller<'_> {
    /// The seats of who has these lines and this device. Where no line is known, the first of the device stands in.
    fn is(&mut self, lines: impl Iterator<Item = Number>, device: Option<&Arc<str>>) {
        let mut lines: SmallVec<[Number; 2]> = lines.collect();
        lines.dedup();
        if let Some(id) = device {
            self.add(Whose::Device(Arc::clone(id)));
            let known = self.cache.device(id).filter(|_| lines.is_empty());
            lines.extend(known.and_then(|device| device.lines.first().copied()));
        }
        for line in lines {
            self.add(Whose::Line(line));
            let user = self.cache.user_of_line(self.organisation, line);
            user.into_iter().for_each(|user| self.add(Whose::User(Arc::clone(&user.id))));
        }
    }

    fn add(&mut self, whose: Whose) {
        if self.seats.iter().all(|known| known.whose != whose) {
            self.seats.push(Seat { organisation: Arc::clone(self.organisation), whose });
        }
    }
}
