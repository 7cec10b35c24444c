//! From what a device says of its network to a place.
use super::fusion::fuse;
use crate::base::now::Wall;
use crate::cache::Cache;
use crate::record::found::{Found, Hit, Hits, MOST_HITS, Verdict};
use crate::record::measured::{MOST_INTERFACES, MOST_SEEN};
use crate::record::wiremap::{Public, Rule};
use crate::record::{AccessPoint, Interface, Measurements, Organisation};
use core::net::IpAddr;
use core::time::Duration;
use std::sync::Arc;

/// Where a device of an organisation is, by its measurements and the organisation's wiremap. `Found::default()` when no
/// row matches.
pub fn decide(cache: &Cache, organisation: &Organisation, measurements: &Measurements, now: Wall) -> Found {
    let mut matching = Matching { cache, organisation: &organisation.id, hits: Hits::new() };
    let public = measurements.public.map(|(address, at)| (Public::new(address), at));
    for interface in measurements.interfaces.iter().filter(|interface| !interface.is_virtual).take(MOST_INTERFACES) {
        matching.interface(interface, public.map(|(public, _)| public), since(interface.at, now));
    }
    if let Some((public, at)) = public {
        let id = cache.wiremap.public(&organisation.id, public);
        matching.hit(Rule::Public, id, since(at, now), Verdict::Order);
    }
    let building = |id: &str| cache.locations.get(id).map(|place| Arc::clone(&place));
    fuse(organisation, matching.hits, building)
}

struct Matching<'a> {
    cache: &'a Cache,
    organisation: &'a Arc<str>,
    hits: Hits,
}

impl Matching<'_> {
    fn interface(&mut self, interface: &Interface, behind: Option<Public>, age: Duration) {
        let map = &self.cache.wiremap;
        for attachment in interface.switches.iter().take(MOST_SEEN) {
            if let Some(port) = &attachment.port {
                self.hit(Rule::Port, map.port(self.organisation, &attachment.chassis, port), age, Verdict::Order);
            }
            self.hit(Rule::Switch, map.switch(self.organisation, &attachment.chassis), age, Verdict::Order);
        }
        self.access_points(&interface.access_points, age);
        let gateway = interface.gateway.and_then(|gateway| map.gateway(self.organisation, gateway));
        self.hit(Rule::Gateway, gateway, age, Verdict::Order);
        for &address in interface.addresses.iter().take(MOST_SEEN) {
            self.address(address, behind, age);
        }
    }

    /// The access point in use tells the place; where it is in no row, the strongest that is (RFC 7105 §5.3).
    fn access_points(&mut self, heard: &[AccessPoint], age: Duration) {
        let nearness = |point: &AccessPoint| (point.serving, point.signal_dbm);
        let known = heard
            .iter()
            .take(MOST_SEEN)
            .filter_map(|point| Some((nearness(point), self.cache.wiremap.bssid(self.organisation, point.bssid)?)));
        let mut known: Vec<_> = known.collect();
        known.sort_by_key(|(nearness, _)| core::cmp::Reverse(*nearness));
        for (at, (_, id)) in known.into_iter().enumerate() {
            self.hit(Rule::Bssid, Some(id), age, if at == 0 { Verdict::Order } else { Verdict::Fainter });
        }
    }

    fn address(&mut self, address: IpAddr, behind: Option<Public>, age: Duration) {
        let id = self.cache.wiremap.subnet(self.organisation, address, behind);
        self.hit(Rule::Subnet, id, age, Verdict::Order);
    }

    /// Keeps a match, once for each rule, place and verdict: the freshest.
    fn hit(&mut self, rule: Rule, id: Option<Arc<str>>, age: Duration, verdict: Verdict) {
        let Some(place) = id.and_then(|id| self.cache.locations.get(&id).map(|place| Arc::clone(&place))) else {
            return;
        };
        let same = |hit: &Hit| (hit.rule, hit.verdict) == (rule, verdict) && hit.place.id == place.id;
        match self.hits.iter().position(same) {
            Some(at) => self.hits[at].age = self.hits[at].age.min(age),
            None if self.hits.len() < MOST_HITS => self.hits.push(Hit { rule, place, age, verdict }),
            None => {}
        }
    }
}

/// A moment that lies ahead is now: a device's clock may be wrong.
fn since(at: Wall, now: Wall) -> Duration {
    Duration::from_millis(now.as_millis().saturating_sub(at.as_millis()))
}
