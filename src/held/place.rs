//! Where a device is, by what it tells now or told last.
use super::answer::is_served;
use super::subject::Subject;
use crate::base::now::Wall;
use crate::cache::{Cache, Sighting, Whereabouts};
use crate::location::{self, Known};
use crate::pidf::{Method, Source};
use crate::record::surroundings::Surroundings;
use crate::record::wiremap::Rule;
use crate::record::{Grade, Interface, Located, Location, Measurements, Organisation, Rung, Site, user};
use core::net::IpAddr;
use core::time::Duration;
use std::sync::Arc;

/// A device, what it told, and where that is.
pub(super) struct Placed {
    /// What it told.
    pub(super) told: Arc<Whereabouts>,
    /// Where it is.
    pub(super) located: Located,
}

impl Placed {
    /// The place, when it is one.
    pub(super) fn place(&self) -> Option<&Arc<Location>> {
        self.located.place.as_ref().filter(|_| !self.located.is_in_conflict())
    }

    /// Whether anybody has entered the network that it is on: into the wiremap, or its user for itself.
    fn knows_network(&self) -> bool {
        let located = &self.located;
        located.wiremap.is_some() || located.candidates.iter().any(|candidate| candidate.rung == Rung::Typed)
    }

    /// How old the knowledge is.
    pub(super) fn age(&self) -> Duration {
        self.located.candidates.first().map_or(Duration::ZERO, |winner| winner.age)
    }

    /// Who measured the network where the place was found by that (RFC 7105 §4.4). An address that we saw ourselves is the one
    /// thing that nobody could make up.
    pub(super) fn source(&self) -> Option<Source> {
        let winner = self.located.candidates.first()?;
        let is_measured = matches!(winner.rung, Rung::Token | Rung::Wiremap | Rung::LastKnown);
        let found = self.located.wiremap.as_deref().filter(|_| is_measured)?;
        let told = &self.told;
        let is_ours = |interface: &Interface| interface.addresses.iter().all(|address| Some(*address) == told.source);
        Some(match found.rule {
            Some(Rule::Public) => Source::Lis,
            Some(Rule::Subnet) if told.measurements.interfaces.iter().all(is_ours) => Source::Lis,
            _ if told.source.is_some() => Source::Device,
            _ => Source::Other,
        })
    }
}

/// Takes what a request says of a device, keeps it, and finds the place. Who says nothing of its network is asked about by
/// another, and is where it was when it last told.
pub(super) fn told_now(
    cache: &Cache,
    organisation: &Organisation,
    subject: &Subject,
    measured: &[Interface],
    now: Wall,
) -> Placed {
    let in_tunnel = |address: &IpAddr| organisation.vpn.iter().any(|network| network.holds(*address));
    let address = subject.address.filter(|address| !in_tunnel(address));
    let public = subject.public.filter(|address| !in_tunnel(address));
    let before = subject.id.as_deref().and_then(|id| cache.whereabouts(id));
    let told = match before {
        Some(before) if measured.is_empty() && address.is_none() => before,
        _ => {
            let mut interfaces = measured.to_vec();
            for interface in &mut interfaces {
                interface.is_virtual |= interface.addresses.iter().any(in_tunnel);
            }
            interfaces.extend(address.map(|address| Interface {
                at: now,
                addresses: vec![address],
                ..Interface::default()
            }));
            let measurements = Measurements { interfaces, public: public.map(|public| (public, now)) };
            let line = number_counts(cache, organisation, subject).then_some(subject.line.as_ref()).flatten();
            let line = line.map(|line| line.number);
            let told = Whereabouts { measurements, at: now, source: subject.public, line };
            let says = !told.measurements.interfaces.is_empty() || told.measurements.public.is_some();
            if let Some(id) = subject.id.as_ref().filter(|_| says) {
                let _is_kept = cache.tell_whereabouts(id, told.clone());
                cache.saw_typed(id, &told.measurements, now);
            }
            let placed = placed(cache, organisation, subject, Arc::new(told), now);
            let found = placed.located.wiremap.as_deref().and_then(|found| found.place.as_ref());
            if let (Some(id), Some(place), true) = (&subject.id, found, says) {
                cache.found_at(id, &place.id);
            }
            if says && !placed.knows_network() && is_served(cache, organisation, subject) {
                cache.saw(sighting(cache, subject, Surroundings::seen(&placed.told.measurements), None, now));
            }
            return placed;
        }
    };
    placed(cache, organisation, subject, told, now)
}

/// What those who look after networks are told of a device: its network, and the address that its user gave for it.
pub(super) fn sighting(
    cache: &Cache,
    subject: &Subject,
    network: Surroundings,
    given: Option<Arc<Location>>,
    at: Wall,
) -> Sighting {
    let line = subject.line.as_ref();
    let user = line.and_then(|line| cache.user_of_line(&line.organisation, line.number));
    let snapshot = cache.snapshot.load();
    let address = subject.address.or(subject.public);
    let of_network = || snapshot.site_at(&subject.organisation, address?).map(|site| &site.id);
    Sighting {
        organisation: Arc::clone(&subject.organisation),
        site: line.map(|line| &line.site).or_else(of_network).cloned(),
        user: user.map(|user| Arc::clone(&user.id)),
        device: subject.device.as_ref().map(|device| Arc::clone(&device.id)),
        number: line.map(|line| line.number),
        at,
        network,
        given,
    }
}

/// Where a device is by what it told last.
pub(super) fn told_before(cache: &Cache, organisation: &Organisation, subject: &Subject, now: Wall) -> Option<Placed> {
    let told = subject.id.as_deref().and_then(|id| cache.whereabouts(id))?;
    Some(placed(cache, organisation, subject, told, now))
}

fn placed(cache: &Cache, organisation: &Organisation, subject: &Subject, told: Arc<Whereabouts>, now: Wall) -> Placed {
    let found = location::wiremap::decide(cache, organisation, &told.measurements, now);
    let counts = told.line.is_some() || number_counts(cache, organisation, subject);
    let line = subject.line.as_deref().filter(|_| counts);
    let home = subject.device.as_ref().and_then(|device| device.fixed_home());
    let home = home.and_then(|home| cache.locations.get(home).map(|home| Arc::clone(&home)));
    let typed = subject.id.as_deref().and_then(|id| cache.typed(id, &told.measurements));
    let known = Known {
        line,
        home: home.as_ref(),
        line_barred: !counts,
        found: Some(&found),
        typed: typed.as_ref(),
        ..Known::default()
    };
    let mut located = location::decide(known);
    if located.place.is_none()
        && !located.is_in_conflict()
        && let Some(site) = at_site(cache, organisation, subject, &told)
    {
        located.place = Some(site);
        (located.method, located.grade) = (Method::Default, located.grade.max(Grade::Default));
    }
    Placed { told, located }
}

/// Who asks from a network that its organisation's calls come from is at least known to be at a site (RFC 6881 AN-24): its
/// line's, else that network's.
fn at_site(cache: &Cache, organisation: &Organisation, subject: &Subject, told: &Whereabouts) -> Option<Arc<Location>> {
    let address = subject.address.or(subject.public).or(told.source)?;
    let in_tunnel = organisation.vpn.iter().any(|network| network.holds(address));
    let snapshot = cache.snapshot.load();
    let of_network = snapshot.site_at(&organisation.id, address).filter(|_| !in_tunnel)?;
    let of_line = subject.line.as_ref().and_then(|line| snapshot.site(&line.site));
    let site: &Arc<Site> = of_line.unwrap_or(of_network);
    let id: Arc<str> = format!("site {}", site.id).into();
    let place = Location { default: true, ..Location::new(Arc::clone(&id), id, site.civic.clone()) };
    Some(place).filter(|place| place.civic.elements().next().is_some()).map(Arc::new)
}

/// Whether the address of its number may stand in for a device (rulings: a switch for desk phones and one for clients; a
/// device that never asks has nothing else).
fn number_counts(cache: &Cache, organisation: &Organisation, subject: &Subject) -> bool {
    match &subject.device {
        Some(device) => {
            let line = subject.line.as_ref();
            let user = line.and_then(|line| cache.user_of_line(&organisation.id, line.number));
            user::did_fallback(organisation, device, user.as_deref())
        }
        None if subject.is_client => organisation.did_fallback.soft,
        None => organisation.did_fallback.desk,
    }
}
