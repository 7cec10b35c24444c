//! What a device measured of the network around it (RFC 7105).
use super::tree::Element;
use crate::base::now::Wall;
use crate::record::measured::MOST_SEEN;
use crate::record::{AccessPoint, Attachment, Chassis, Interface, Mac, Port};
use core::net::IpAddr;
use core::time::Duration;

pub(super) const MEASUREMENTS: &str = "urn:ietf:params:xml:ns:geopriv:lm";
pub(super) const LLDP: &str = "urn:ietf:params:xml:ns:geopriv:lm:lldp";
pub(super) const WIFI: &str = "urn:ietf:params:xml:ns:geopriv:lm:wifi";
const DHCP: &str = "urn:ietf:params:xml:ns:geopriv:lm:dhcp";

/// Who says that it measured longer ago than this has a wrong clock: a phone sends what it sees.
const WRONG_CLOCK: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What stands in one `measurements`. `None` when there is nothing that tells a place. When they end (`expires`) is not
/// looked at: that a port was left is told by the next request, and until then it is the best that is known.
pub(super) fn measured(element: &Element, now: Wall) -> Option<Interface> {
    let mut interface = Interface { at: taken_at(element, now), ..Interface::default() };
    for child in &element.children {
        match (child.namespace.as_str(), child.name.as_str()) {
            (LLDP, "lldp") => interface.switches.extend(lldp(child)),
            (WIFI, "wifi") => interface
                .access_points
                .extend(child.in_namespace(WIFI).filter(|ap| ap.name == "ap").filter_map(access_point).take(MOST_SEEN)),
            (DHCP, "dhcp-rai") => dhcp(child, &mut interface),
            _ => {}
        }
    }
    interface.switches.truncate(MOST_SEEN);
    interface.access_points.truncate(MOST_SEEN);
    interface.addresses.truncate(MOST_SEEN);
    let tells =
        !interface.switches.is_empty() || !interface.access_points.is_empty() || !interface.addresses.is_empty();
    tells.then_some(interface)
}

fn taken_at(element: &Element, now: Wall) -> Wall {
    let said = element.attribute("time").and_then(Wall::read);
    let is_sound = |said: &Wall| {
        let age = now.as_millis().checked_sub(said.as_millis()).map(Duration::from_millis);
        age.is_some_and(|age| age <= WRONG_CLOCK)
    };
    said.filter(is_sound).unwrap_or(now)
}

fn lldp(element: &Element) -> Option<Attachment> {
    let part = |name| octets(element.child(name)?.text());
    let chassis = Chassis::from_octets(&part("chassis")?)?;
    Some(Attachment { chassis, port: part("port").and_then(|port| Port::from_octets(&port)) })
}

fn access_point(element: &Element) -> Option<AccessPoint> {
    let bssid = Mac::read(element.child("bssid")?.text())?;
    let rcpi = element.child("deviceSignal").and_then(|signal| signal.child("rcpi"));
    // Without `dBm` it is in dBm (RFC 7105, the schema of §8.5).
    let rcpi = rcpi.filter(|rcpi| !matches!(rcpi.attribute("dBm"), Some("false" | "0")));
    let dbm = rcpi.and_then(|rcpi| rcpi.text().parse::<f64>().ok()).filter(|dbm| dbm.abs() < 1000.0);
    Some(AccessPoint { bssid, serving: element.is_set("serving"), signal_dbm: dbm.map(|dbm| dbm.round() as i16) })
}

/// What a DHCP relay added (RFC 7105 §5.2): its own address is in the device's subnet; the remote end is mostly the switch and the
/// circuit its port.
fn dhcp(element: &Element, interface: &mut Interface) {
    let part = |name| element.child(name).and_then(|part| octets(part.text())).unwrap_or_default();
    let giaddr = element.child("giaddr").and_then(|giaddr| giaddr.text().parse::<IpAddr>().ok());
    interface.addresses.extend(giaddr);
    if let Some(chassis) = Chassis::from_octets(bare(&part("remote"))) {
        interface.switches.push(Attachment { chassis, port: Port::from_octets(bare(&part("circuit"))) });
    }
}

/// Many switches put a kind and a length before what they say. Six octets are a hardware address, whatever it begins with.
fn bare(option: &[u8]) -> &[u8] {
    match option {
        [_, _, _, _, _, _] => option,
        [0 | 1, length, rest @ ..] if usize::from(*length) == rest.len() => rest,
        _ => option,
    }
}

/// Octets in hexadecimal, in either case, with or without `-`, `:` or `.` between them.
fn octets(text: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::with_capacity(text.len() / 2);
    let mut high = None;
    for letter in text.chars().filter(|letter| !matches!(letter, '-' | ':' | '.')) {
        let digit = u8::try_from(letter.to_digit(16)?).ok()?;
        match high.take() {
            Some(high) => octets.push(high << 4 | digit),
            None => high = Some(digit),
        }
    }
    high.is_none().then_some(octets)
}
