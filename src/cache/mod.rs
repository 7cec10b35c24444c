//! What the call path reads: tables in memory that other threads write, and one snapshot that is swapped whole.
mod beside;
mod devices;
mod fresh;
mod large;
pub mod leases;
mod lines;
mod recipients;
mod sightings;
mod snapshot;
pub mod typed;
pub mod unwritten;
pub mod whereabouts;
mod who;
mod wiremap;

pub use devices::{Devices, Ringing};
pub use fresh::Gone;
pub use leases::Leases;
pub use recipients::Recipients;
pub use sightings::{MOST_SIGHTINGS, Sighting};
pub use snapshot::Snapshot;
pub use typed::Typed;
pub use whereabouts::{Named, Told, Whereabouts};
pub use who::Who;
pub use wiremap::Wiremap;

use crate::base::hands::{Hands, InTurn};
use crate::record::table::Tables;
use crate::record::trunk::Targets;
use crate::record::{Line, Location, Number, Trunk};
use arc_swap::ArcSwap;
use core::net::SocketAddr;
use dashmap::DashMap;
use foldhash::fast::RandomState;
use large::Large;
use sightings::Sightings;
use std::sync::Arc;

/// The port of a SIP URI without one (RFC 3261 §19.1.2).
const SIP_PORT: u16 = 5060;

/// Everything the call path may look at.
#[derive(Debug, Default)]
pub struct Cache {
    /// Lines by organisation and number or extension.
    pub lines: Large<(Arc<str>, Number), Arc<Line>>,
    /// Locations by id.
    pub locations: Large<Arc<str>, Arc<Location>>,
    /// Which piece of network is where.
    pub wiremap: Wiremap,
    /// Where devices said they are plugged in, the tokens that name them, and what their users gave for their networks.
    pub told: Told,
    /// Devices and users.
    pub devices: Devices,
    /// Who can be called back, and the numbers that are lent.
    pub leases: Leases,
    /// Who is told of emergency calls; no call reads it.
    pub recipients: Recipients,
    sightings: Sightings,
    /// Where each trunk's targets are now, by the trunk's name: written by the background resolver.
    pub targets: DashMap<Arc<str>, Arc<Targets>, RandomState>,
    /// The snapshot.
    pub snapshot: ArcSwap<Snapshot>,
}

impl Cache {
    /// Where a trunk is now: its host when that is an address, else what the background resolver last knew.
    pub fn target(&self, trunk: &Trunk) -> Option<SocketAddr> {
        match trunk.host.address() {
            Some(host) => Some(SocketAddr::new(host, trunk.port.unwrap_or(SIP_PORT))),
            None => self.targets.get(&trunk.name).and_then(|targets| targets.first().copied()),
        }
    }

    /// Whether a trunk has more than one address.
    pub fn has_many(&self, trunk: &Trunk) -> bool {
        trunk.host.address().is_none() && self.targets.get(&trunk.name).is_some_and(|targets| targets.len() > 1)
    }

    /// All addresses of a trunk in the order in which they are tried: its host when that is an address, else what the
    /// background resolver last knew.
    pub fn addresses(&self, trunk: &Trunk) -> Targets {
        match trunk.host.address() {
            Some(host) => vec![SocketAddr::new(host, trunk.port.unwrap_or(SIP_PORT))],
            None => self.targets.get(&trunk.name).map(|targets| targets.to_vec()).unwrap_or_default(),
        }
    }

    /// Takes what this node's configuration says (domain, dial plans, trunks, sources) and keeps the organisations and
    /// sites that the tables brought.
    pub fn configure(&self, configured: &Snapshot) {
        self.snapshot.rcu(|held| Snapshot {
            organisations: held.organisations.clone(),
            companies: held.companies.clone(),
            sites: held.sites.clone(),
            ..configured.clone()
        });
    }

    /// Takes the tables for all that is known: what they do not have goes. A call that is being decided meanwhile sees
    /// each record either old or new, and never none that both have.
    pub fn load(&self, tables: Tables) {
        self.load_by(InTurn, tables);
    }

    /// The same by other hands.
    pub fn load_by(&self, hands: impl Hands, tables: Tables) {
        let Tables { organisations, sites, locations, lines, wiremap, devices, users, recipients } = tables;
        self.locations.load(locations.into_iter().map(|location| (Arc::clone(&location.id), location)));
        let organisations = organisations.into_iter().map(|one| (Arc::clone(&one.id), one)).collect();
        let companies = fresh::companies(&organisations);
        let sites = sites.into_iter().map(|one| (Arc::clone(&one.id), one)).collect();
        self.snapshot.rcu(|held| Snapshot {
            organisations: std::collections::HashMap::clone(&organisations),
            companies: std::collections::HashMap::clone(&companies),
            sites: std::collections::HashMap::clone(&sites),
            ..(**held).clone()
        });
        let ((), ()) = hands.both(
            || {
                self.wiremap.load(&wiremap);
                self.lines.load(lines.into_iter().map(|line| ((Arc::clone(&line.organisation), line.number), line)));
            },
            || self.devices.load(&devices, &users),
        );
        self.recipients.load(recipients);
    }
}
