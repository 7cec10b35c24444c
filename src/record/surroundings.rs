//! What tells one network from another, by what a device says of where it is attached.
use super::wiremap::Network;
use super::{Chassis, Mac, Measurements};
use core::fmt;
use core::net::IpAddr;
use smallvec::SmallVec;

/// The network that a device is on, as far as it can be told from others. It never prints itself.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// Default gateways.
    pub gateways: SmallVec<[Mac; 2]>,
    /// Access points in use.
    pub points: SmallVec<[Mac; 2]>,
    /// Switches that it hears.
    pub switches: SmallVec<[Chassis; 1]>,
    /// Where its requests come from: a public address of IPv4 alone, else the network around.
    pub outside: Option<Network>,
    /// The networks that its own addresses are in.
    pub inside: SmallVec<[Network; 2]>,
}

impl fmt::Debug for Surroundings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("<private>")
    }
}

/// Prefix lengths within which an address of IPv4 or IPv6 is in the same network as a rule.
const LAN: (u8, u8) = (24, 64);
/// Prefix lengths within which a provider moves the address of a customer who stays where it is.
const PROVIDER: (u8, u8) = (16, 32);

impl Surroundings {
    /// What measurements say of the network. `None` when they say nothing that another network would not say too.
    pub fn of(measurements: &Measurements) -> Option<Surroundings> {
        let found = Surroundings::seen(measurements);
        let tells = !found.gateways.is_empty() || !found.points.is_empty() || !found.switches.is_empty();
        (tells || found.outside.is_some()).then_some(found)
    }

    /// All that measurements say of the network, be it as little as an address that many networks have.
    pub fn seen(measurements: &Measurements) -> Surroundings {
        let mut found = Surroundings {
            outside: measurements.public.and_then(|(address, _)| outside(address)),
            ..Surroundings::default()
        };
        for interface in measurements.interfaces.iter().filter(|interface| !interface.is_virtual) {
            add(&mut found.gateways, interface.gateway.filter(|gateway| !is_shared(*gateway)));
            let serving = interface.access_points.iter().filter(|point| point.serving).map(|point| point.bssid);
            add(&mut found.points, serving);
            add(&mut found.switches, interface.switches.iter().map(|switch| switch.chassis.clone()));
            add(&mut found.inside, interface.addresses.iter().filter_map(|address| inside(*address)));
        }
        found
    }

    /// What is known of it in lines, for those whose network it is.
    pub fn expose(&self) -> String {
        let hardware = |name: &'static str, macs: &[Mac]| -> Vec<String> {
            macs.iter().map(|mac| format!("{name}: {}", mac.expose())).collect()
        };
        let switches = self.switches.iter().map(|switch| format!("Switch: {}", switch.expose())).collect();
        let nets = |name: &'static str, networks: &mut dyn Iterator<Item = &Network>| -> Vec<String> {
            networks.map(|network| format!("{name}: {}", network.expose())).collect()
        };
        let lines = [
            hardware("Gateway", &self.gateways),
            hardware("Access point", &self.points),
            switches,
            nets("Seen from outside as", &mut self.outside.iter()),
            nets("Inside", &mut self.inside.iter()),
        ];
        lines.concat().join("\n")
    }

    /// Whether both are one network: by the gateway where both have one, else by the access point, else by the switch, else
    /// by the address outside together with the networks inside. A router that travels with its user is told by its provider.
    pub fn is_same(&self, other: &Surroundings) -> bool {
        let by_hardware = meet(&self.gateways, &other.gateways)
            .or_else(|| meet(&self.points, &other.points))
            .or_else(|| meet(&self.switches, &other.switches));
        match by_hardware {
            Some(same) => same && !self.is_far_from(other),
            None => {
                self.outside.is_some()
                    && self.outside == other.outside
                    && meet(&self.inside, &other.inside).unwrap_or(true)
            }
        }
    }

    /// Whether both go out by different providers. An address of each version says nothing.
    fn is_far_from(&self, other: &Surroundings) -> bool {
        let provider = |network: Network| {
            let length = if network.is_ipv4() { PROVIDER.0 } else { PROVIDER.1 };
            Network::around(network.address(), length)
        };
        self.outside
            .zip(other.outside)
            .is_some_and(|(one, other)| one.is_ipv4() == other.is_ipv4() && provider(one) != provider(other))
    }
}

fn add<T: PartialEq, const N: usize>(to: &mut SmallVec<[T; N]>, seen: impl IntoIterator<Item = T>)
where
    [T; N]: smallvec::Array<Item = T>,
{
    for one in seen {
        if !to.contains(&one) {
            to.push(one);
        }
    }
}

/// Whether two lists have something in common; `None` when one of them is empty.
fn meet<T: PartialEq>(one: &[T], other: &[T]) -> Option<bool> {
    (!one.is_empty() && !other.is_empty()).then(|| one.iter().any(|item| other.contains(item)))
}

fn outside(address: IpAddr) -> Option<Network> {
    match address.to_canonical() {
        IpAddr::V4(own) if !own.is_private() => Network::around(address, 32),
        own => around(own),
    }
}

fn inside(address: IpAddr) -> Option<Network> {
    match address.to_canonical() {
        IpAddr::V4(own) if own.is_loopback() || own.is_link_local() => None,
        IpAddr::V6(own) if own.is_loopback() || own.is_unicast_link_local() => None,
        own => around(own),
    }
}

fn around(address: IpAddr) -> Option<Network> {
    Network::around(address, if address.is_ipv4() { LAN.0 } else { LAN.1 })
}

/// Whether routers that stand in for each other share this hardware address, which then is the same in many networks: VRRP
/// (RFC 9568 §7.3), HSRP and GLBP.
fn is_shared(gateway: Mac) -> bool {
    matches!(
        gateway.octets(),
        [0x00, 0x00, 0x5e, 0x00, 0x01 | 0x02, _]
            | [0x00, 0x00, 0x0c, 0x07, 0xac, _]
            | [0x00, 0x00, 0x0c, 0x9f, 0xf0..=0xff, _]
            | [0x00, 0x05, 0x73, 0xa0, 0x00..=0x0f, _]
            | [0x00, 0x07, 0xb4, 0x00, _, _]
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::now::Wall;
    use crate::record::{AccessPoint, Attachment, Interface};

    /// A network by gateway, access point, switch, outer and inner address; `-` for what is not known.
    fn on(parts: [&str; 5]) -> Option<Surroundings> {
        let [gateway, point, switch, outer, inner] = parts;
        let at = Wall::from_millis(1);
        let interface = Interface {
            at,
            gateway: Mac::read(gateway),
            access_points: Mac::read(point)
                .map(|bssid| AccessPoint { bssid, serving: true, signal_dbm: None })
                .into_iter()
                .collect(),
            switches: Mac::read(switch)
                .and_then(|_| Chassis::read(switch))
                .map(|chassis| Attachment { chassis, port: None })
                .into_iter()
                .collect(),
            addresses: inner.parse().into_iter().collect(),
            ..Interface::default()
        };
        let public = outer.parse().ok().map(|address| (address, at));
        Surroundings::of(&Measurements { interfaces: vec![interface], public })
    }

    fn is_same(one: [&str; 5], other: [&str; 5]) -> bool {
        let (one, other) = (on(one).unwrap(), on(other).unwrap());
        assert_eq!(one.is_same(&other), other.is_same(&one));
        one.is_same(&other)
    }

    const HOME: [&str; 5] = ["02-00-00-00-11-01", "02-00-00-00-11-02", "-", "203.0.113.7", "192.168.1.20"];

    #[test]
    fn a_network_is_known_by_its_gateway_whatever_else_changes() {
        let [gateway, point, ..] = HOME;
        assert!(is_same(HOME, HOME));
        assert!(is_same(HOME, [gateway, "02-00-00-00-11-99", "-", "203.0.113.99", "192.168.7.5"]));
        assert!(is_same(HOME, [gateway, "-", "-", "2001:db8::1", "-"]), "its other address says nothing against it");
        assert!(!is_same(HOME, ["02-00-00-00-22-01", point, "-", "203.0.113.7", "192.168.1.20"]));
        assert!(is_same(HOME, ["-", point, "-", "203.0.113.7", "192.168.1.20"]), "without one, by the access point");
        assert!(!is_same(HOME, ["-", "02-00-00-00-22-02", "-", "203.0.113.7", "192.168.1.20"]));
    }

    #[test]
    fn a_router_that_travels_is_another_network_when_it_goes_out_elsewhere() {
        let mut hotel = HOME;
        hotel[3] = "198.51.100.7";
        assert!(!is_same(HOME, hotel));
    }

    #[test]
    fn without_hardware_the_address_outside_and_the_network_inside_must_both_be_the_same() {
        let plain = |outer, inner| ["-", "-", "-", outer, inner];
        let home = plain("203.0.113.7", "192.168.1.20");
        assert!(is_same(home, plain("203.0.113.7", "192.168.1.77")));
        assert!(!is_same(home, plain("203.0.113.8", "192.168.1.20")));
        assert!(!is_same(home, plain("203.0.113.7", "192.168.2.20")));
        assert!(is_same(plain("2001:db8::1", "-"), plain("2001:db8::2", "-")));
        let vrrp = |outer| ["00-00-5e-00-01-01", "-", "-", outer, "-"];
        assert!(!is_same(vrrp("203.0.113.7"), vrrp("203.0.113.8")), "such a gateway is in many networks");
    }

    #[test]
    fn what_says_nothing_is_no_network() {
        assert_eq!(on(["-", "-", "-", "-", "192.168.1.20"]), None);
        assert_eq!(on(["00-00-0c-07-ac-01", "-", "-", "-", "-"]), None);
        assert!(on(["-", "-", "02-00-00-00-33-01", "-", "-"]).is_some());
        assert_eq!(format!("{:?}", on(HOME)), "Some(<private>)");
    }
}
