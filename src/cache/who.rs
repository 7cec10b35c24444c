//! Who a peer is, by its address.
use super::{Cache, Snapshot};
use crate::record::wiremap::Public;
use crate::record::{Site, Source, Trunk};
use core::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Who sent a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// A trunk; with the source, when its calls are taken.
    Trunk(Arc<Trunk>, Option<Arc<Source>>),
    /// Nobody we know.
    Unknown,
}

impl Cache {
    /// Who a peer is: by configured addresses, then by what the resolver last knew of trunks that have names.
    /// `via_port` is the port in the top Via's sent-by when the message came on a stream, whose own source port says
    /// nothing; `None` for datagrams.
    pub fn who(&self, snapshot: &Snapshot, peer: SocketAddr, via_port: Option<u16>) -> Who {
        let configured = snapshot.who(peer, via_port);
        // Where peers are told by their ports, one at a trunk's address and another port is not that trunk.
        if configured != Who::Unknown || snapshot.tells_by_port(peer) {
            return configured;
        }
        let address = peer.ip().to_canonical();
        let resolved = |trunk: &Trunk| {
            let targets = self.targets.get(&trunk.name);
            targets.is_some_and(|targets| targets.iter().any(|target| target.ip().to_canonical() == address))
        };
        snapshot.one_of(resolved, via_port.unwrap_or(peer.port())).map_or(Who::Unknown, |trunk| snapshot.found(trunk))
    }

    /// Whether an address is one of a trunk's: configured, resolved, or in a network that its calls come from.
    pub fn is_at(&self, snapshot: &Snapshot, trunk: &Trunk, peer: SocketAddr) -> bool {
        let address = peer.ip().to_canonical();
        let is_resolved = || {
            let targets = self.targets.get(&trunk.name);
            targets.is_some_and(|targets| targets.iter().any(|target| target.ip().to_canonical() == address))
        };
        let in_network = || {
            let source = snapshot.source_of(&trunk.name);
            source
                .is_some_and(|source| source.networks.iter().any(|(network, length)| holds(*network, *length, address)))
        };
        is_at(trunk, |at| at.to_canonical() == address) || is_resolved() || in_network()
    }

    /// The organisation that an address belongs to, when it is exactly one: it sends calls from there, or has it in a row
    /// of its wiremap.
    pub fn organisation_at(&self, snapshot: &Snapshot, address: IpAddr) -> Option<Arc<str>> {
        let address = address.to_canonical();
        let is_of = |organisation: &&Arc<str>| {
            snapshot.is_source_of(organisation, address)
                || self.wiremap.subnet(organisation, address, None).is_some()
                || self.wiremap.public(organisation, Public::new(address)).is_some()
        };
        let mut organisations = snapshot.organisations.keys().filter(is_of);
        let first = organisations.next()?;
        organisations.next().is_none().then(|| Arc::clone(first))
    }

    /// Whether two addresses belong to one trunk.
    pub fn is_one_trunk(&self, snapshot: &Snapshot, one: SocketAddr, other: SocketAddr) -> bool {
        snapshot.trunks.iter().any(|trunk| self.is_at(snapshot, trunk, one) && self.is_at(snapshot, trunk, other))
    }
}

impl Snapshot {
    /// Who a peer is by what is configured alone: a trunk's own address, else the narrowest network of a source.
    pub fn who(&self, peer: SocketAddr, via_port: Option<u16>) -> Who {
        let address = peer.ip().to_canonical();
        let port = via_port.unwrap_or(peer.port());
        if self.tells_by_port(peer) {
            let own = self.trunks.iter().find(|trunk| trunk.port == Some(port) && is_at(trunk, IpAddr::is_loopback));
            return own.map_or_else(|| self.by_network(address), |trunk| self.found(trunk));
        }
        match self.one_of(|trunk| is_at(trunk, |at| at.to_canonical() == address), port) {
            Some(trunk) => self.found(trunk),
            None => self.by_network(address),
        }
    }

    /// Whether an organisation sends calls from an address.
    fn is_source_of(&self, organisation: &Arc<str>, address: IpAddr) -> bool {
        self.sources.iter().filter(|source| source.organisation == *organisation).any(|source| {
            let networks = || source.networks.iter().any(|(network, length)| holds(*network, *length, address));
            networks() || self.trunk(&source.trunk).is_some_and(|trunk| is_at(trunk, |at| at.to_canonical() == address))
        })
    }

    /// The site of callers of an organisation whom no site lists, when their calls come from a network that holds an address:
    /// of several the narrowest.
    pub fn site_at(&self, organisation: &str, address: IpAddr) -> Option<&Arc<Site>> {
        let address = address.to_canonical();
        let own = self.sources.iter().filter(|source| *source.organisation == *organisation);
        let networks = own.flat_map(|source| source.networks.iter().map(move |network| (source, network)));
        let holding = networks.filter(|(_, (network, length))| holds(*network, *length, address));
        let (source, _) = holding.max_by_key(|(_, (_, length))| *length)?;
        self.site(&source.default_site)
    }

    /// Whether a trunk receives or sends at an address, so that whoever asks from there is no phone.
    pub fn is_a_trunks_own(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.trunks.iter().any(|trunk| is_at(trunk, |at| at.to_canonical() == address))
    }

    fn tells_by_port(&self, peer: SocketAddr) -> bool {
        self.by_port && peer.ip().to_canonical().is_loopback()
    }

    /// The trunk that matches; of several at one address the one on this port, else one that places calls, else the
    /// first.
    fn one_of(&self, matches: impl Fn(&Trunk) -> bool, port: u16) -> Option<&Arc<Trunk>> {
        let here = || self.trunks.iter().filter(|trunk| matches(trunk));
        here()
            .find(|trunk| trunk.port == Some(port))
            .or_else(|| here().find(|trunk| self.source_of(&trunk.name).is_some()))
            .or_else(|| here().next())
    }

    fn by_network(&self, address: IpAddr) -> Who {
        let networks = self.sources.iter().flat_map(|source| source.networks.iter().map(move |net| (source, net)));
        let holding = networks.filter(|(_, (network, length))| holds(*network, *length, address));
        let narrowest = holding.max_by_key(|(_, (_, length))| *length);
        let trunk = narrowest.and_then(|(source, _)| Some((source, self.trunk(&source.trunk)?)));
        trunk.map_or(Who::Unknown, |(source, trunk)| Who::Trunk(Arc::clone(trunk), Some(Arc::clone(source))))
    }

    fn found(&self, trunk: &Arc<Trunk>) -> Who {
        Who::Trunk(Arc::clone(trunk), self.source_of(&trunk.name).cloned())
    }
}

fn is_at(trunk: &Trunk, matches: impl Fn(&IpAddr) -> bool) -> bool {
    trunk.from.iter().any(&matches) || trunk.host.address().is_some_and(|host| matches(&host))
}

fn holds(network: IpAddr, length: u8, address: IpAddr) -> bool {
    match (network.to_canonical(), address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            same(u128::from(network.to_bits()) << 96, u128::from(address.to_bits()) << 96, length)
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => same(network.to_bits(), address.to_bits(), length),
        _ => false,
    }
}

/// Whether the first `length` bits are the same.
fn same(one: u128, other: u128, length: u8) -> bool {
    length == 0 || (one ^ other).leading_zeros() >= u32::from(length)
}
