//! Where a device is, by what it tells now or told last.
use super::subject::Subject;
use crate::base::now::Wall;
use crate::cache::{Cache, Whereabouts};
use crate::location::{self, Known};
use crate::record::{Interface, Located, Location, Measurements, Organisation, user};
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

    /// How old the knowledge is.
    pub(super) fn age(&self) -> Duration {
        self.located.candidates.first().map_or(Duration::ZERO, |winner| winner.age)
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
            }
            Arc::new(told)
        }
    };
    placed(cache, organisation, subject, told, now)
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
    let located = location::decide(Known { line, found: Some(&found), ..Known::default() });
    Placed { told, located }
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
