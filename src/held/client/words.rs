//! The words of soft clients: JSON in and out.
use crate::base::now::Wall;
use crate::held::place::Placed;
use crate::record::entered::Fault;
use crate::record::measured::MOST_SEEN;
use crate::record::{AccessPoint, Attachment, Chassis, DeviceClass, Grade, Interface, Mac, Port};
use core::net::IpAddr;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What a client says. What is not known is passed over, and what cannot be read as well: a client that knows half of where it
/// is shall be told by that half.
#[derive(Clone, Default, Deserialize, Serialize, ToSchema)]
#[serde(default)]
pub struct Asked {
    /// Its instance id, as its SIP contacts have it: `urn:uuid:…`.
    pub instance: Option<String>,
    /// Its hardware address.
    pub mac: Option<String>,
    /// The number or extension that is signed in.
    pub number: Option<String>,
    /// Whether somebody has just signed in: then a question may be asked at once.
    pub signing_in: bool,
    /// Whether it runs on a telephone that can dial an emergency number by itself.
    pub has_native_dialler: bool,
    /// Every interface of the machine.
    pub interfaces: Vec<Seen>,
}

/// One interface as a client sees it.
#[derive(Clone, Default, Deserialize, Serialize, ToSchema)]
#[serde(default)]
pub struct Seen {
    /// Whether the system calls it virtual, or it is the end of a tunnel.
    pub is_virtual: bool,
    /// Its addresses.
    pub addresses: Vec<String>,
    /// The hardware address of its default gateway.
    pub gateway: Option<String>,
    /// Access points that it hears.
    pub access_points: Vec<Heard>,
    /// The switch that it is plugged in to.
    pub switch: Option<Plugged>,
}

/// An access point as a client hears it.
#[derive(Clone, Default, Deserialize, Serialize, ToSchema)]
#[serde(default)]
pub struct Heard {
    /// Its hardware address.
    pub bssid: String,
    /// Received strength in dBm.
    pub signal_dbm: Option<i16>,
    /// Whether the client is connected to it.
    pub connected: bool,
}

/// A switch as a client sees it by LLDP.
#[derive(Clone, Default, Deserialize, Serialize, ToSchema)]
#[serde(default)]
pub struct Plugged {
    /// Its chassis identifier: mostly a hardware address.
    pub chassis: String,
    /// Its port.
    pub port: Option<String>,
}

/// An address that a user gives for the network that a client is on.
#[derive(Clone, Default, Deserialize, Serialize, ToSchema)]
#[serde(default)]
pub struct Given {
    /// Who it is and what it sees, as it asks where it is.
    #[serde(flatten)]
    pub asked: Asked,
    /// The civic address by the names of RFC 5139: `country`, `A1`, `A3`, `RD`, `HNO`, `FLR`, `ROOM`.
    pub civic: BTreeMap<String, String>,
}

/// Why an address is not kept.
#[derive(Debug, Serialize, ToSchema)]
pub struct Refused {
    /// What is wrong, field by field.
    pub errors: Vec<Wrong>,
}

/// What is wrong with one field.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Wrong {
    /// The field: an element of the address, `number`, `instance` or `interfaces`.
    pub field: String,
    /// The kind of fault: `missing`, `unknown`, `too_long`, `malformed`, `not_served` or `full`.
    pub error: &'static str,
    /// What to do about it, in English.
    pub remedy: &'static str,
}

/// What a client is told.
#[derive(Serialize, ToSchema)]
pub struct Told {
    /// How good the place is: `dispatchable`, `best_available`, `default`, `stale` or `none`.
    pub grade: &'static str,
    /// Whether rooms of one building disagree.
    pub degraded: bool,
    /// Whether two buildings are named; then there is no place.
    pub conflict: bool,
    /// The place.
    pub location: Option<Place>,
    /// By what the place was found: `token`, `wiremap`, `typed` (the user gave it for this network), `number`, `home`,
    /// `last_known`, or `site` for a stand-in.
    pub found_by: Option<&'static str>,
    /// A token for the Geolocation header of its calls.
    pub token: Option<String>,
    /// The same as a URI.
    pub location_uri: Option<String>,
    /// Until when the URI is answered with a place.
    pub expires: Option<String>,
    /// What to do about it: `none`, `prompt` the user for an address at once, show a `badge`, or `use_native_dialler`.
    pub action: &'static str,
}

/// A place as a client shows it.
#[derive(Serialize, ToSchema)]
pub struct Place {
    /// The civic address by the names of RFC 5139: `RD`, `HNO`, `FLR`, `ROOM`.
    pub civic: BTreeMap<&'static str, String>,
    /// How it was found, as in a PIDF-LO: `Wiremap`, `Manual`.
    pub method: &'static str,
    /// How long ago, in seconds.
    pub age_secs: u64,
}

/// Reads what a client says. `None` when it is no JSON, or of another shape.
pub fn read(text: &[u8]) -> Option<Asked> {
    serde_json::from_slice(text).ok()
}

/// Reads an address that a user gives. `None` when it is no JSON, or of another shape.
pub fn read_given(text: &[u8]) -> Option<Given> {
    serde_json::from_slice(text).ok()
}

impl Refused {
    pub(super) fn one(field: &str, error: &'static str, remedy: &'static str) -> Refused {
        Refused { errors: vec![Wrong { field: field.to_owned(), error, remedy }] }
    }
}

impl From<Vec<Fault>> for Refused {
    fn from(faults: Vec<Fault>) -> Refused {
        let wrong = |fault: Fault| Wrong { field: fault.field, error: fault.kind.text(), remedy: fault.remedy };
        Refused { errors: faults.into_iter().map(wrong).collect() }
    }
}

impl Told {
    pub(super) fn of(placed: &Placed, asked: &Asked, class: Option<DeviceClass>) -> Told {
        let located = &placed.located;
        let (conflict, grade) = (located.is_in_conflict(), located.grade);
        let location = placed.place().map(|place| Place {
            civic: place.civic.elements().map(|(element, value)| (element.text(), value.to_owned())).collect(),
            method: located.method.token(),
            age_secs: placed.age().as_secs(),
        });
        let action = if asked.has_native_dialler || class == Some(DeviceClass::Mobile) {
            "use_native_dialler"
        } else if grade == Grade::Dispatchable && !conflict {
            "none"
        } else if asked.signing_in {
            "prompt"
        } else {
            "badge"
        };
        Told {
            grade: grade.text(),
            degraded: located.wiremap.as_deref().is_some_and(|found| found.degraded),
            conflict,
            found_by: location
                .is_some()
                .then(|| located.candidates.first().map_or("site", |winner| winner.rung.text())),
            location,
            token: None,
            location_uri: None,
            expires: None,
            action,
        }
    }
}

impl Seen {
    pub(super) fn measured(&self, at: Wall) -> Interface {
        let access_points = self.access_points.iter().take(MOST_SEEN).filter_map(|heard| {
            let bssid = Mac::read(&heard.bssid)?;
            Some(AccessPoint { bssid, serving: heard.connected, signal_dbm: heard.signal_dbm })
        });
        let switch = self.switch.as_ref().and_then(|plugged| {
            let chassis = Chassis::read(&plugged.chassis)?;
            Some(Attachment { chassis, port: plugged.port.as_deref().and_then(Port::read) })
        });
        Interface {
            at,
            is_virtual: self.is_virtual,
            switches: switch.into_iter().collect(),
            access_points: access_points.collect(),
            gateway: self.gateway.as_deref().and_then(Mac::read),
            addresses: self.addresses.iter().take(MOST_SEEN).filter_map(|text| text.parse::<IpAddr>().ok()).collect(),
        }
    }
}
