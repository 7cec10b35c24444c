//! Which piece of an organisation's network is where.
use super::large::Large;
use crate::record::wiremap::{Key, Network, Public, Row};
use crate::record::{Chassis, Mac, Port};
use core::net::IpAddr;
use dashmap::DashMap;
use foldhash::fast::RandomState;
use hashbrown::HashSet;
use std::sync::Arc;

type Rows<K> = Large<(Arc<str>, K), Arc<str>>;

/// The rows of all organisations: for each key the id of a location. An organisation sees its own alone, so the same
/// private network or a made-up hardware address in two of them is no matter.
#[derive(Debug, Default)]
pub struct Wiremap {
    ports: Rows<(Chassis, Port)>,
    access_points: Rows<Mac>,
    switches: Rows<Chassis>,
    gateways: Rows<Mac>,
    subnets: Rows<(Network, Option<Public>)>,
    publics: Rows<Public>,
    lengths: DashMap<Arc<str>, Lengths, RandomState>,
}

impl Wiremap {
    /// Where a port of a switch leads.
    pub fn port(&self, organisation: &Arc<str>, chassis: &Chassis, port: &Port) -> Option<Arc<str>> {
        found(&self.ports, organisation, (chassis.clone(), port.clone()))
    }

    /// Where an access point hangs.
    pub fn bssid(&self, organisation: &Arc<str>, bssid: Mac) -> Option<Arc<str>> {
        found(&self.access_points, organisation, bssid)
    }

    /// Where what hangs on a switch is.
    pub fn switch(&self, organisation: &Arc<str>, chassis: &Chassis) -> Option<Arc<str>> {
        found(&self.switches, organisation, chassis.clone())
    }

    /// Where the devices of a default gateway are.
    pub fn gateway(&self, organisation: &Arc<str>, gateway: Mac) -> Option<Arc<str>> {
        found(&self.gateways, organisation, gateway)
    }

    /// Where an address is: by the longest prefix that holds it, and of two equal ones by that which is behind the
    /// public address that the device's requests come from.
    pub fn subnet(&self, organisation: &Arc<str>, address: IpAddr, behind: Option<Public>) -> Option<Arc<str>> {
        let lengths = *self.lengths.get(organisation)?;
        let address = address.to_canonical();
        lengths.longest_first(address.is_ipv4()).find_map(|length| {
            let network = Network::around(address, length)?;
            let at = |behind| found(&self.subnets, organisation, (network, behind));
            behind.and_then(|behind| at(Some(behind))).or_else(|| at(None))
        })
    }

    /// Where the devices behind a public address are.
    pub fn public(&self, organisation: &Arc<str>, public: Public) -> Option<Arc<str>> {
        found(&self.publics, organisation, public)
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        let hardware = self.ports.len() + self.access_points.len() + self.switches.len() + self.gateways.len();
        hardware + self.subnets.len() + self.publics.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a row, or puts it in the place of the one with its key. One without a place is not found.
    pub fn insert(&self, row: &Row) {
        let Some(location) = &row.location else { return self.remove(&row.organisation, &row.key) };
        let (organisation, location) = (Arc::clone(&row.organisation), Arc::clone(location));
        let _before = match row.key.clone() {
            Key::Port(chassis, port) => self.ports.insert((organisation, (chassis, port)), location),
            Key::Bssid(bssid) => self.access_points.insert((organisation, bssid), location),
            Key::Switch(chassis) => self.switches.insert((organisation, chassis), location),
            Key::Gateway(gateway) => self.gateways.insert((organisation, gateway), location),
            Key::Subnet(network, behind) => {
                // First, so that whoever asks meanwhile sees the row as soon as it is there.
                self.lengths.entry(Arc::clone(&organisation)).or_default().add(network);
                self.subnets.insert((organisation, (network, behind)), location)
            }
            Key::Public(public) => self.publics.insert((organisation, public), location),
        };
    }

    /// Takes a row out.
    pub fn remove(&self, organisation: &Arc<str>, key: &Key) {
        let organisation = Arc::clone(organisation);
        let _before = match key.clone() {
            Key::Port(chassis, port) => self.ports.remove(&(organisation, (chassis, port))).map(|(_, place)| place),
            Key::Bssid(bssid) => self.access_points.remove(&(organisation, bssid)).map(|(_, place)| place),
            Key::Switch(chassis) => self.switches.remove(&(organisation, chassis)).map(|(_, place)| place),
            Key::Gateway(gateway) => self.gateways.remove(&(organisation, gateway)).map(|(_, place)| place),
            Key::Subnet(network, behind) => {
                self.subnets.remove(&(organisation, (network, behind))).map(|(_, place)| place)
            }
            Key::Public(public) => self.publics.remove(&(organisation, public)).map(|(_, place)| place),
        };
    }

    /// Takes these rows for all there are. Whoever asks meanwhile sees each row either old or new, and never none that
    /// both have.
    pub(super) fn load(&self, rows: &[Row]) {
        let was_empty = self.is_empty();
        rows.iter().for_each(|row| self.insert(row));
        if was_empty {
            return;
        }
        let kept: HashSet<(&Arc<str>, &Key), RandomState> =
            rows.iter().filter(|row| row.location.is_some()).map(|row| (&row.organisation, &row.key)).collect();
        self.ports.retain(|(who, (chassis, port)), _| kept.contains(&(who, &Key::Port(chassis.clone(), port.clone()))));
        self.access_points.retain(|(who, bssid), _| kept.contains(&(who, &Key::Bssid(*bssid))));
        self.switches.retain(|(who, chassis), _| kept.contains(&(who, &Key::Switch(chassis.clone()))));
        self.gateways.retain(|(who, gateway), _| kept.contains(&(who, &Key::Gateway(*gateway))));
        self.subnets.retain(|(who, (network, behind)), _| kept.contains(&(who, &Key::Subnet(*network, *behind))));
        self.publics.retain(|(who, public), _| kept.contains(&(who, &Key::Public(*public))));
    }
}

/// A hardware address and a name of up to 24 octets (`TenGigabitEthernet1/0/24`) are kept in place, so that to clone a key
/// allocates nothing.
fn found<K: core::hash::Hash + Eq>(rows: &Rows<K>, organisation: &Arc<str>, key: K) -> Option<Arc<str>> {
    rows.get(&(Arc::clone(organisation), key)).map(|row| Arc::clone(&row))
}

/// Which lengths of prefix an organisation uses: a subnet is looked for in those alone. One that is used no longer
/// costs a question and nothing else.
#[derive(Clone, Copy, Debug, Default)]
struct Lengths {
    ipv4: u64,
    ipv6: [u128; 2],
}

impl Lengths {
    fn add(&mut self, network: Network) {
        let length = network.length();
        match network.is_ipv4() {
            true => self.ipv4 |= 1 << length,
            false => self.ipv6[usize::from(length / 128)] |= 1 << (length % 128),
        }
    }

    fn longest_first(self, is_ipv4: bool) -> impl Iterator<Item = u8> {
        let most = if is_ipv4 { 32 } else { 128 };
        (0..=most).rev().filter(move |length| match is_ipv4 {
            true => self.ipv4 >> length & 1 == 1,
            false => self.ipv6[usize::from(length / 128)] >> (length % 128) & 1 == 1,
        })
    }
}
