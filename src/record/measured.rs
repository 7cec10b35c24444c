//! What a device or a soft client says of where it is plugged in (RFC 7105).
use super::{Chassis, Mac, Port};
use crate::base::now::Wall;
use core::fmt;
use core::net::IpAddr;

/// The most interfaces that are looked at of one device.
pub const MOST_INTERFACES: usize = 8;
/// The most switches, access points, gateways or addresses that are looked at of one interface.
pub const MOST_SEEN: usize = 32;

/// Everything that is known of how a device is attached. It never prints itself.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Measurements {
    /// Its interfaces; a device that measured at several times has one entry a time.
    pub interfaces: Vec<Interface>,
    /// The address that the device's requests come from, as we or the node at the edge see it, and when it was seen.
    pub public: Option<(IpAddr, Wall)>,
}

/// One interface at one time.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Interface {
    /// When this was measured; when it came, if the device does not say.
    pub at: Wall,
    /// Whether it is virtual or a tunnel: then nothing of it says where the device is, and it is not looked at.
    pub is_virtual: bool,
    /// Switches that it hears by LLDP.
    pub switches: Vec<Attachment>,
    /// Access points that it hears.
    pub access_points: Vec<AccessPoint>,
    /// The hardware address of its default gateway.
    pub gateway: Option<Mac>,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
}

/// A switch, and the port if the switch says it.
#[derive(Clone, PartialEq, Eq)]
pub struct Attachment {
    /// The switch.
    pub chassis: Chassis,
    /// Its port.
    pub port: Option<Port>,
}

/// An access point that a device hears.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AccessPoint {
    /// Its BSSID.
    pub bssid: Mac,
    /// Whether the device is connected to it (RFC 7105 §5.3 `serving`).
    pub serving: bool,
    /// Received strength in dBm, the greater the nearer: -40 is near, -90 far.
    pub signal_dbm: Option<i16>,
}

impl fmt::Debug for Measurements {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Measurements({} interfaces)", self.interfaces.len())
    }
}
