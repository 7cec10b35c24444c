//! Whom a call back asks, in which step (rulings 14): who called, then the others who used the number; the caller's other
//! devices; the phones in the same place; the security desk; the relay center.
use super::offer::host_port;
use super::story::Decision;
use crate::base::now::Wall;
use crate::base::private::Private;
use crate::cache::{Cache, Snapshot};
use crate::location::wiremap;
use crate::record::{Caller, Guard, Number, Site, Trunk, TrunkKind, Window};
use crate::routing::{Rung, Second, Target, Targets};
use crate::sip::message::{Scheme, Uri};
use core::net::{IpAddr, SocketAddr};
use smallvec::SmallVec;
use std::sync::Arc;

/// The most phones in one place that are called.
const NEARBY: usize = 8;
/// The most phones that belong to one place that are looked at.
const MOST_LOOKED_AT: usize = 32;
/// The most others who used the number that are called.
const OTHERS: usize = 4;

/// The list as it grows.
pub struct Steps<'a> {
    cache: &'a Cache,
    snapshot: &'a Snapshot,
    now: Wall,
    targets: Targets,
    step: u8,
    second: Second,
}

impl<'a> Steps<'a> {
    /// Nobody yet.
    pub fn new(cache: &'a Cache, snapshot: &'a Snapshot, now: Wall) -> Steps<'a> {
        Steps { cache, snapshot, now, targets: Targets::new(), step: 0, second: Second::Never }
    }

    /// Those who used the number, the one who called last first, and whoever else may reach that one; `ahead`: where that
    /// one is now.
    pub fn callers(mut self, windows: &[Window], ahead: &Decision) -> Self {
        for window in windows.iter().take(OTHERS) {
            self.second = Second::Due;
            let caller = &window.caller;
            let Some(trunk) = self.exchange_of(caller) else { continue };
            let trunk = &trunk;
            if let Some(contact) = &caller.contact {
                self.contact(trunk, contact.expose());
                self.end();
            }
            if let Some(number) = caller.line.or(caller.shown) {
                self.number(trunk, number);
                self.end();
            }
        }
        self.second = Second::Never;
        if let Some(window) = windows.first() {
            self = self.devices(&window.caller).nearby(&window.caller, ahead);
        }
        self
    }

    /// A line that is called by its own number.
    pub fn line(mut self, trunk: &Arc<Trunk>, number: Number) -> Self {
        self.number(trunk, number);
        self.end();
        self
    }

    /// The other lines and devices of the caller's user.
    fn devices(mut self, caller: &Caller) -> Self {
        let user = caller.line.and_then(|line| self.cache.user_of_line(&caller.organisation, line));
        if let (Some(user), Some(trunk)) = (user, self.exchange_of(caller)) {
            let trunk = &trunk;
            let of_devices = user.devices.iter().filter_map(|id| self.cache.device(id));
            let lines: Vec<Number> = of_devices.flat_map(|device| device.lines.clone()).collect();
            for number in user.lines.iter().copied().chain(lines).take(NEARBY) {
                self.number(trunk, number);
            }
            self.end();
        }
        self
    }

    /// The phones in the place where the caller is, as far as that is known, else was: those that have told that they are
    /// there, and those that belong there and have not told otherwise.
    fn nearby(mut self, caller: &Caller, ahead: &Decision) -> Self {
        let here = ahead.located.stands_at().map(|place| Arc::clone(&place.id)).or_else(|| caller.place.clone());
        let (Some(here), Some(trunk)) = (here, self.exchange_of(caller)) else { return self };
        let beside = self.cache.beside(&here);
        let told = beside.iter().filter(|id| self.stands(caller, id).as_ref() == Some(&here));
        let at_home = self.cache.devices_at(&here).into_iter().map(|device| Arc::clone(&device.id));
        let at_home =
            at_home.take(MOST_LOOKED_AT).filter(|id| self.stands(caller, id).is_none_or(|place| place == here));
        let phones: Vec<Arc<str>> =
            told.cloned().chain(at_home).filter(|id| Some(id) != caller.device.as_ref()).collect();
        let lines: Vec<Number> = phones.iter().flat_map(|id| self.lines_of(id)).take(NEARBY).collect();
        for number in lines {
            self.number(&trunk, number);
        }
        self.end();
        self
    }

    /// Where a device of the caller's organisation stands, where it has told of a network that is known.
    fn stands(&self, caller: &Caller, device: &str) -> Option<Arc<str>> {
        let organisation = self.snapshot.organisations.get(&caller.organisation)?;
        let told = self.cache.whereabouts(device)?;
        let found = wiremap::decide(self.cache, organisation, &told.measurements, self.now);
        found.place.map(|place| Arc::clone(&place.id))
    }

    /// The lines of a device, which need not be in any table.
    fn lines_of(&self, device: &str) -> SmallVec<[Number; 2]> {
        match self.cache.device(device) {
            Some(device) => device.lines.iter().copied().collect(),
            None => self.cache.whereabouts(device).and_then(|told| told.line).into_iter().collect(),
        }
    }

    /// The security desk of the site.
    pub fn desk(mut self, site: &Site) -> Self {
        let Some(trunk) = pbx_of(self.snapshot, site) else { return self };
        match &site.desk {
            Some(Guard::Number(number)) => self.number(&trunk, *number),
            Some(Guard::Uri(uri)) => self.contact(&trunk, uri.expose()),
            None => {}
        }
        self.end();
        self
    }

    /// The relay center that an emergency call of the caller would go to, else the first that there is.
    pub fn relay(mut self, ahead: &Decision) -> Self {
        let is_relay = |trunk: &Trunk| trunk.kind == TrunkKind::Relay;
        let planned = ahead.plan.targets.iter().find(|target| is_relay(&target.trunk));
        let planned = planned.map(|target| (Arc::clone(&target.trunk), target.at));
        let any = || self.snapshot.trunks.iter().find(|trunk| is_relay(trunk)).map(|trunk| (Arc::clone(trunk), None));
        if let Some((trunk, at)) = planned.or_else(any) {
            let dialled = ahead.classified.number.as_ref().map_or("911", Number::expose);
            let user = trunk.account.as_deref().unwrap_or(dialled);
            let uri = ["sip:", user, "@", &host_port(&trunk.host, trunk.port)].concat();
            self.add(trunk, at, &uri);
        }
        self.end();
        self
    }

    /// All of them.
    pub fn targets(self) -> Targets {
        self.targets
    }

    /// The exchange that a caller's call came by; where there is no such trunk any more, that of its site.
    fn exchange_of(&self, caller: &Caller) -> Option<Arc<Trunk>> {
        let of_site = || pbx_of(self.snapshot, self.snapshot.site(&caller.site)?);
        self.snapshot.trunk(&caller.source).cloned().or_else(of_site)
    }

    fn end(&mut self) {
        if self.targets.last().and_then(|target| target.rung.as_ref()).is_some_and(|rung| rung.step == self.step) {
            self.step = self.step.saturating_add(1);
        }
    }

    /// A number or extension at its exchange.
    fn number(&mut self, trunk: &Arc<Trunk>, number: Number) {
        let marks = if number.is_e164() { ";user=phone" } else { "" };
        let uri = ["sip:", number.expose(), "@", &host_port(&trunk.host, trunk.port), marks].concat();
        self.add(Arc::clone(trunk), None, &uri);
    }

    /// A URI: at its own address where it has one, else by the exchange, which knows its domain.
    fn contact(&mut self, trunk: &Arc<Trunk>, uri: &str) {
        let Some(read) = Uri::read(uri.as_bytes()).filter(|read| read.scheme == Scheme::Sip) else { return };
        let host = core::str::from_utf8(read.host).unwrap_or_default().trim_matches(['[', ']']);
        let at = host.parse::<IpAddr>().ok().map(|host| SocketAddr::new(host, read.port.unwrap_or(5060)));
        self.add(Arc::clone(trunk), at, uri);
    }

    fn add(&mut self, trunk: Arc<Trunk>, at: Option<SocketAddr>, uri: &str) {
        let is_there = |target: &Target| target.rung.as_ref().is_some_and(|rung| &**rung.uri.expose() == uri);
        if !self.targets.iter().any(is_there) {
            let rung = Some(Rung { uri: Private::new(uri.into()), step: self.step, second: self.second });
            self.targets.push(Target { trunk, at, dial: None, rung, with_default: false });
        }
    }
}

/// The exchange of a site: of its organisation's sources the one whose default site it is, else the first.
pub fn pbx_of(snapshot: &Snapshot, site: &Site) -> Option<Arc<Trunk>> {
    let of_organisation = || snapshot.sources.iter().filter(|source| source.organisation == site.organisation);
    let source =
        of_organisation().find(|source| source.default_site == site.id).or_else(|| of_organisation().next())?;
    snapshot.trunk(&source.trunk).cloned()
}
