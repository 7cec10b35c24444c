//! What soft clients ask in JSON: they tell every interface that they see and learn where they are, and what to do about it.
use super::answer::{LOCATION_PATH, Terms, is_served};
use super::place::{Placed, told_now};
use super::subject::{self, Asker};
use crate::base::entropy::Entropy;
use crate::base::now::Wall;
use crate::cache::{Cache, Named};
use crate::record::measured::{MOST_INTERFACES, MOST_SEEN};
use crate::record::{AccessPoint, Attachment, Capability, Chassis, DeviceClass, Grade, Interface, Mac, Number, Port};
use core::net::IpAddr;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a client says. What is not known is passed over, and what cannot be read as well: a client that knows half of where it
/// is shall be told by that half.
#[derive(Clone, Default, Deserialize)]
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
#[derive(Clone, Default, Deserialize)]
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
#[derive(Clone, Default, Deserialize)]
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
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Plugged {
    /// Its chassis identifier: mostly a hardware address.
    pub chassis: String,
    /// Its port.
    pub port: Option<String>,
}

/// What a client is told.
#[derive(Serialize)]
pub struct Told {
    /// How good the place is: `dispatchable`, `best_available`, `default`, `stale` or `none`.
    pub grade: &'static str,
    /// Whether rooms of one building disagree.
    pub degraded: bool,
    /// Whether two buildings are named; then there is no place.
    pub conflict: bool,
    /// The place.
    pub location: Option<Place>,
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
#[derive(Serialize)]
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

/// Tells a client where it is, and keeps what it said for its calls. `None` when its number is not listed, or of another
/// organisation than the asker's.
pub fn located(
    cache: &Cache,
    terms: &Terms,
    asker: &Asker,
    asked: &Asked,
    now: Wall,
    chance: &mut Entropy,
) -> Option<Told> {
    let organisation = cache.snapshot.load().organisations.get(&asker.organisation).cloned()?;
    let named = subject::Client {
        instance: asked.instance.as_deref(),
        mac: asked.mac.as_deref().and_then(Mac::read),
        number: asked.number.as_deref().and_then(Number::read),
    };
    let subject = subject::of_client(cache, asker, named)?;
    let measured: Vec<_> = asked.interfaces.iter().take(MOST_INTERFACES).map(|seen| seen.measured(now)).collect();
    let mut placed = told_now(cache, &organisation, &subject, &measured, now);
    if !is_served(cache, &organisation, &subject) {
        placed.located = crate::location::decide(crate::location::Known::default());
    }
    let class = subject.device.as_ref().map(|device| device.class);
    let mut told = Told::of(&placed, asked, class);
    let has_capability = subject.device.as_ref().is_none_or(|device| device.capability != Capability::None);
    if let Some(device) = subject.id.filter(|_| has_capability) {
        let expires = Wall::from_millis(now.as_millis() + terms.lifetime.as_millis() as u64);
        let named = Named { device, organisation: Arc::clone(&organisation.id), expires };
        let token = cache.issue(named, chance);
        told.location_uri = terms.public_url.as_deref().map(|url| format!("{url}{LOCATION_PATH}{token}"));
        told.expires = Some(expires.civil().xml_date_time());
        told.token = Some(token);
    }
    Some(told)
}

impl Told {
    fn of(placed: &Placed, asked: &Asked, class: Option<DeviceClass>) -> Told {
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
            location,
            token: None,
            location_uri: None,
            expires: None,
            action,
        }
    }
}

impl Seen {
    fn measured(&self, at: Wall) -> Interface {
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
