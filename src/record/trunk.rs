//! Trunks and sources: who is on the other end. From `conf/`.
use super::{Ladder, Number, WebHost};
use crate::base::private::Private;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;
use std::sync::Arc;

/// What stands at a trunk's far end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TrunkKind {
    /// An ESInet or PSAP that speaks NENA i3.
    PsapI3,
    /// A PSAP or carrier of the old telephone network.
    PsapLegacy,
    /// A staffed relay center.
    Relay,
    /// A test IVR.
    Test,
    /// The crisis line.
    Crisis,
    /// A site's PSTN gateway or a carrier for all other calls.
    Gateway,
    /// A company's PBX.
    Pbx,
}

/// Which column of the header table a trunk's INVITEs follow (see `b2bua/headers`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Profile {
    /// NENA i3: service URN, location by value, Additional Data.
    I3,
    /// Old telephone network: single-part SDP, ELIN as the caller.
    Legacy,
    /// Relay center: callback number as the caller, location by value.
    Relay,
    /// Test IVR.
    Test,
    /// Crisis line: the caller's privacy is honoured, no location.
    Crisis,
    /// Passed on whole but for hop headers: site gateways and `other` calls.
    Whole,
}

/// In which form a trunk wants locations of ours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Conveyance {
    /// As a document in the body.
    #[default]
    Value,
    /// As a URI, where the device has one; else as a document.
    Reference,
    /// As both.
    Both,
}

impl Conveyance {
    /// Whether a URI is wanted.
    pub const fn wants_reference(self) -> bool {
        matches!(self, Conveyance::Reference | Conveyance::Both)
    }
}

/// Where ours stands among the locations that came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum LocationPosition {
    /// Behind them (RFC 6442 §4.1).
    #[default]
    Append,
    /// Before them, as an ESRP's default location stands.
    Prepend,
}

/// What a trunk speaks first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Carrier {
    /// UDP; a large request may use a stream that is already open.
    Udp,
    /// TCP.
    Tcp,
}

/// Which addresses DNS may name for a trunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answers {
    /// Those of the public network.
    Public,
    /// Those of private networks too: most networks of emergency services are.
    Private,
    /// This machine's own as well.
    Any,
}

impl Answers {
    /// Whether an address may be called. What is no address of anybody never is.
    pub fn allow(self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let (nobody, link, private) = match address {
            IpAddr::V4(v4) => {
                let shared = v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64;
                (v4.is_broadcast() || v4.octets()[0] == 0, v4.is_link_local(), v4.is_private() || shared)
            }
            IpAddr::V6(v6) => (false, v6.is_unicast_link_local(), v6.is_unique_local()),
        };
        if nobody || address.is_unspecified() || address.is_multicast() {
            return false;
        }
        match self {
            Answers::Any => true,
            Answers::Private => !address.is_loopback(),
            Answers::Public => !(address.is_loopback() || link || private),
        }
    }
}

/// A place that a trunk serves: as much as is set must match the caller's place, in any case of letters. The narrower
/// area goes first (rulings: the route of the location, else of its building, else of the area).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Area {
    /// ISO 3166-1 country.
    pub country: Option<String>,
    /// State or province (civic A1).
    pub state: Option<String>,
    /// County (civic A2).
    pub county: Option<String>,
    /// City (civic A3).
    pub city: Option<String>,
    /// A boundary drawn on a map, by its name: of callers whose shape is known.
    pub boundary: Option<String>,
    /// One building, by our name for it.
    pub building: Option<String>,
    /// One location, by our name for it.
    pub location: Option<String>,
}

/// Somewhere that a transfer may lead, as a trunk lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A host, by its name or address (IPv6 without brackets).
    Host(Box<str>),
    /// A number.
    Number(Number),
}

/// Who we are to a trunk that asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The user name.
    pub user: Private<String>,
    /// The password.
    pub password: Private<String>,
    /// The realm that it is for; `None`: whatever the trunk calls its own.
    pub realm: Option<String>,
}

/// The host of a trunk as configured: a name, or an address (IPv6 without brackets), which is read once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    text: Arc<str>,
    address: Option<IpAddr>,
}

impl Host {
    /// The address, where it is one and no name.
    pub const fn address(&self) -> Option<IpAddr> {
        self.address
    }
}

impl From<&str> for Host {
    fn from(text: &str) -> Host {
        Host { text: text.into(), address: text.parse().ok() }
    }
}

impl core::fmt::Display for Host {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.write_str(&self.text)
    }
}

impl core::ops::Deref for Host {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

/// A trunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trunk {
    /// Its name: it appears in logs and metrics.
    pub name: Arc<str>,
    /// What stands at its far end.
    pub kind: TrunkKind,
    /// Which headers it gets.
    pub profile: Profile,
    /// What it speaks first.
    pub carrier: Carrier,
    /// Its host as configured, for Request-URIs: a name or an address (IPv6 without brackets).
    pub host: Host,
    /// Its port; `None` asks SRV (RFC 3263 §4.2) or takes 5060.
    pub port: Option<u16>,
    /// Where it is reached when DNS names nothing else that answers.
    pub fallback: Vec<SocketAddr>,
    /// Which addresses DNS may name for it.
    pub answers: Answers,
    /// Where requests from this trunk come from, beside its targets.
    pub from: Vec<IpAddr>,
    /// The organisations whose calls it takes; empty: those of all.
    pub organisations: Vec<Arc<str>>,
    /// The numbers of dial plans that it takes calls to; empty: all.
    pub dials: Vec<Number>,
    /// Lower goes first among trunks that serve equally well.
    pub priority: u16,
    /// Share of calls among trunks of one priority.
    pub weight: u16,
    /// Places it serves; empty: all.
    pub areas: Vec<Area>,
    /// User part for relay centers that want an account or number in the Request-URI.
    pub account: Option<String>,
    /// Numbers that this trunk lists as its own (a legacy trunk shows no others).
    pub numbers: Vec<Number>,
    /// The number that this carrier has on record for a place without an ELIN.
    pub number_on_record: Option<Number>,
    /// Whether its far ends may transfer emergency calls (rulings 12).
    pub transfers: bool,
    /// Where transfers lead that go by this trunk, whoever asks for them.
    pub transfer_to: Vec<Destination>,
    /// Who we are to it, where it asks.
    pub login: Option<Arc<Login>>,
    /// Headers that calls back have on it beside their own: name and value.
    pub callback_headers: Vec<(Box<str>, Box<str>)>,
    /// In which form it wants locations of ours.
    pub conveyance: Conveyance,
    /// Where ours stand among those that came.
    pub location_position: LocationPosition,
    /// Whether it takes locations by reference that callers bring. One that does not gets what they lead to, and a bare
    /// reference only where nothing else is known.
    pub takes_references: bool,
    /// Whether a location that is learnt after its INVITE left is brought to it in the call.
    pub location_updates: bool,
    /// Whether OPTIONS probes are sent.
    pub probe: bool,
    /// Time without any answer after which the next target starts.
    pub silent_after: Duration,
    /// Time with a 100 but no ringing after which the next target starts.
    pub no_ring_after: Duration,
    /// Time of ringing after which the next target is tried, while there is one.
    pub ring_max: Duration,
}

/// Someone who sends us calls: a PBX or contact center trunk, told by its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The trunk whose calls these are.
    pub trunk: Arc<str>,
    /// The organisation that its calls belong to.
    pub organisation: Arc<str>,
    /// The site of callers that no site lists.
    pub default_site: Arc<str>,
    /// Networks that it sends from: address and prefix length.
    pub networks: Vec<(IpAddr, u8)>,
    /// Whether calls of class `other` are passed on, and by which trunk.
    pub relay_other: Option<Arc<str>>,
    /// What is believed first of where its callers are.
    pub location_order: Ladder,
    /// At which hosts locations that its callers name may be fetched.
    pub location_hosts: Arc<[WebHost]>,
    /// How long after its INVITE a call waits for one at most.
    pub location_wait: Duration,
    /// The header in which its phones show their location token, beside Geolocation.
    pub token_header: Option<Box<str>>,
    /// The URI parameter in which they do: of the Request-URI, From or Contact.
    pub token_param: Option<Box<str>>,
}

/// Where a trunk's targets are now: what the background resolver last knew.
pub type Targets = Vec<SocketAddr>;
