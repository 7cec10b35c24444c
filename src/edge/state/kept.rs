//! What devices told as it is written: JSON without names of ours that could change their meaning.
use crate::base::now::Wall;
use crate::cache::{Typed, Whereabouts};
use crate::record::surroundings::Surroundings;
use crate::record::wiremap::Network;
use crate::record::{AccessPoint, Attachment, Chassis, Civic, Element, Interface, Mac, Measurements, Number, Port};
use core::net::IpAddr;
use serde::{Deserialize, Serialize};

/// What a device told.
#[derive(Serialize, Deserialize)]
pub(super) struct KeptWhereabouts {
    interfaces: Vec<KeptInterface>,
    public: Option<(IpAddr, u64)>,
    source: Option<IpAddr>,
    line: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct KeptInterface {
    at: u64,
    is_virtual: bool,
    switches: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    points: Vec<([u8; 6], bool, Option<i16>)>,
    gateway: Option<[u8; 6]>,
    addresses: Vec<IpAddr>,
}

/// An address that a user gave.
#[derive(Serialize, Deserialize)]
pub(super) struct KeptTyped {
    gateways: Vec<[u8; 6]>,
    points: Vec<[u8; 6]>,
    switches: Vec<Vec<u8>>,
    outside: Option<String>,
    inside: Vec<String>,
    civic: Vec<(String, String)>,
    seen: u64,
}

impl From<&Whereabouts> for KeptWhereabouts {
    fn from(told: &Whereabouts) -> KeptWhereabouts {
        KeptWhereabouts {
            interfaces: told.measurements.interfaces.iter().map(KeptInterface::from).collect(),
            public: told.measurements.public.map(|(address, at)| (address, at.as_millis())),
            source: told.source,
            line: told.line.map(|line| line.expose().to_string()),
        }
    }
}

impl KeptWhereabouts {
    /// The same as the cache has it.
    pub(super) fn told(self, at: Wall) -> Whereabouts {
        let public = self.public.map(|(address, at)| (address, Wall::from_millis(at)));
        let interfaces = self.interfaces.into_iter().map(KeptInterface::told).collect();
        let line = self.line.as_deref().and_then(Number::read);
        Whereabouts { measurements: Measurements { interfaces, public }, at, source: self.source, line }
    }
}

impl From<&Interface> for KeptInterface {
    fn from(interface: &Interface) -> KeptInterface {
        let attachment =
            |one: &Attachment| (one.chassis.octets().to_vec(), one.port.as_ref().map(|port| port.octets().to_vec()));
        KeptInterface {
            at: interface.at.as_millis(),
            is_virtual: interface.is_virtual,
            switches: interface.switches.iter().map(attachment).collect(),
            points: interface
                .access_points
                .iter()
                .map(|point| (point.bssid.octets(), point.serving, point.signal_dbm))
                .collect(),
            gateway: interface.gateway.map(Mac::octets),
            addresses: interface.addresses.clone(),
        }
    }
}

impl KeptInterface {
    fn told(self) -> Interface {
        let attachment = |(chassis, port): (Vec<u8>, Option<Vec<u8>>)| {
            Some(Attachment {
                chassis: Chassis::from_octets(&chassis)?,
                port: port.and_then(|port| Port::from_octets(&port)),
            })
        };
        Interface {
            at: Wall::from_millis(self.at),
            is_virtual: self.is_virtual,
            switches: self.switches.into_iter().filter_map(attachment).collect(),
            access_points: self
                .points
                .into_iter()
                .map(|(bssid, serving, signal_dbm)| AccessPoint { bssid: Mac::new(bssid), serving, signal_dbm })
                .collect(),
            gateway: self.gateway.map(Mac::new),
            addresses: self.addresses,
        }
    }
}

impl From<&Typed> for KeptTyped {
    fn from(typed: &Typed) -> KeptTyped {
        let here = &typed.surroundings;
        KeptTyped {
            gateways: here.gateways.iter().map(|mac| mac.octets()).collect(),
            points: here.points.iter().map(|mac| mac.octets()).collect(),
            switches: here.switches.iter().map(|switch| switch.octets().to_vec()).collect(),
            outside: here.outside.map(Network::expose),
            inside: here.inside.iter().map(|network| network.expose()).collect(),
            civic: typed
                .place
                .civic
                .elements()
                .map(|(element, value)| (element.text().to_owned(), value.to_owned()))
                .collect(),
            seen: typed.seen.as_millis(),
        }
    }
}

impl KeptTyped {
    /// The same as the cache has it.
    pub(super) fn typed(self) -> Typed {
        let surroundings = Surroundings {
            gateways: self.gateways.into_iter().map(Mac::new).collect(),
            points: self.points.into_iter().map(Mac::new).collect(),
            switches: self.switches.iter().filter_map(|octets| Chassis::from_octets(octets)).collect(),
            outside: self.outside.as_deref().and_then(Network::read),
            inside: self.inside.iter().filter_map(|text| Network::read(text)).collect(),
        };
        let mut civic = Civic::default();
        for (name, value) in &self.civic {
            if let Some(element) = Element::ALL.iter().find(|element| element.text() == name) {
                civic.set(*element, value);
            }
        }
        Typed::new(surroundings, civic, Wall::from_millis(self.seen))
    }
}
