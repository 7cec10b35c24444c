//! How each kind of value is read from a config and written in its reference.
use crate::base::private::Private;
use crate::edge::deliver::mail;
use crate::edge::log;
use crate::presence::Manner;
use crate::record::trunk::{Answers, Carrier};
use crate::record::{
    Area, Capability, Class, Conveyance, Destination, LocationPosition, Number, Profile, Rung, TrunkKind, WebHost,
};
use crate::sip::flow::Transport;
use config::{Value, ValueKind};
use core::net::{IpAddr, SocketAddr};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::path::PathBuf;

/// A kind of value that a key may hold.
pub trait Setting: Sized {
    /// What it is, in words that follow "is not".
    const FORM: &'static str;
    /// What the owner could write, as TOML.
    const EXAMPLE: &'static str;
    /// Reads it; `None` when the value is of another form.
    fn read(value: Value) -> Option<Self>;
    /// The value as TOML.
    fn written(&self) -> String;
}

/// A network: an address and the length of its prefix in bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// Any address in it.
    pub address: IpAddr,
    /// How many leading bits its addresses share.
    pub prefix: u8,
}

impl Network {
    /// Reads `10.1.4.0/24`, or an address alone for that one address.
    pub fn parse(text: &str) -> Option<Network> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u8>().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let whole = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(whole);
        (prefix <= whole).then_some(Network { address, prefix })
    }

    /// The network as records have it.
    pub fn record(self) -> Option<crate::record::wiremap::Network> {
        crate::record::wiremap::Network::around(self.address, self.prefix)
    }

    /// Whether two networks have an address in common.
    pub fn overlaps(self, other: Network) -> bool {
        let shorter = self.prefix.min(other.prefix);
        match (self.address, other.address) {
            (IpAddr::V4(left), IpAddr::V4(right)) => {
                (left.to_bits() ^ right.to_bits()).checked_shr(32 - u32::from(shorter)).unwrap_or(0) == 0
            }
            (IpAddr::V6(left), IpAddr::V6(right)) => {
                (left.to_bits() ^ right.to_bits()).checked_shr(128 - u32::from(shorter)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

/// What becomes of an INVITE from an address that is no source and no trunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownSource {
    /// 403; silence to everything but an INVITE.
    Reject,
    /// An emergency call is taken and goes to the relay center.
    Relay,
}

/// How a trunk's health is learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// By OPTIONS requests and by what becomes of calls.
    Options,
    /// By what becomes of calls alone.
    CallsOnly,
}

/// A value that serde reads by itself. A fraction is never taken for a whole number.
fn leaf<T: DeserializeOwned>(value: Value) -> Option<T> {
    if matches!(value.kind, ValueKind::Float(_)) {
        return None;
    }
    value.try_deserialize().ok()
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

macro_rules! settings {
    ($($type:ty: $form:literal, like $example:literal, written $written:expr;)+) => {
        $(impl Setting for $type {
            const FORM: &'static str = $form;
            const EXAMPLE: &'static str = $example;
            fn read(value: Value) -> Option<Self> {
                leaf(value)
            }
            fn written(&self) -> String {
                let written: fn(&$type) -> String = $written;
                written(self)
            }
        })+
    };
}

settings! {
    bool: "true or false", like "true", written |it| it.to_string();
    u8: "a whole number up to 255", like "20", written |it| it.to_string();
    u16: "a whole number up to 65535", like "5060", written |it| it.to_string();
    u32: "a whole number", like "1000", written |it| it.to_string();
    String: "text", like "\"text\"", written |it| quoted(it);
    PathBuf: "a path", like "\"data\"", written |it| quoted(&it.to_string_lossy());
    SocketAddr: "an address with a port", like "\"127.0.0.1:5060\" or \"[::1]:5060\"", written |it| quoted(&it.to_string());
    IpAddr: "an IP address", like "\"192.0.2.1\"", written |it| quoted(&it.to_string());
}

macro_rules! choices {
    ($($type:ty: $form:literal, like $example:literal; $($variant:path => $word:literal),+;)+) => {
        $(impl Setting for $type {
            const FORM: &'static str = $form;
            const EXAMPLE: &'static str = $example;
            fn read(value: Value) -> Option<Self> {
                match leaf::<String>(value)?.as_str() {
                    $($word => Some($variant),)+
                    _ => None,
                }
            }
            fn written(&self) -> String {
                match self {
                    $($variant => quoted($word),)+
                }
            }
        })+
    };
}

choices! {
    Transport: "udp or tcp", like "\"udp\""; Transport::Udp => "udp", Transport::Tcp => "tcp";
    Carrier: "udp or tcp", like "\"udp\""; Carrier::Udp => "udp", Carrier::Tcp => "tcp";
    UnknownSource: "reject or relay", like "\"reject\"";
        UnknownSource::Reject => "reject", UnknownSource::Relay => "relay";
    Answers: "public, private or any", like "\"private\"";
    Answers::Public => "public", Answers::Private => "private", Answers::Any => "any";
    Probe: "options or calls_only", like "\"options\""; Probe::Options => "options", Probe::CallsOnly => "calls_only";
    log::Format: "text or json", like "\"text\""; log::Format::Text => "text", log::Format::Json => "json";
    log::Level: "off, error, warn, info, debug or trace", like "\"info\"";
        log::Level::Off => "off", log::Level::Error => "error", log::Level::Warn => "warn", log::Level::Info => "info",
        log::Level::Debug => "debug", log::Level::Trace => "trace";
    mail::Security: "starttls, tls or none", like "\"starttls\"";
        mail::Security::StartTls => "starttls", mail::Security::Tls => "tls", mail::Security::None => "none";
    TrunkKind: "psap-i3, psap-legacy, relay, test, crisis, gateway or pbx", like "\"psap-i3\"";
        TrunkKind::PsapI3 => "psap-i3", TrunkKind::PsapLegacy => "psap-legacy", TrunkKind::Relay => "relay",
        TrunkKind::Test => "test", TrunkKind::Crisis => "crisis", TrunkKind::Gateway => "gateway",
        TrunkKind::Pbx => "pbx";
    Manner: "webhook or publish", like "\"webhook\""; Manner::Replaces => "webhook", Manner::Adds => "publish";
    Capability: "held, held+ or none", like "\"held\"";
        Capability::Held => "held", Capability::HeldPlus => "held+", Capability::None => "none";
    Class: "emergency, test, crisis, other or callback", like "\"emergency\"";
        Class::Emergency => "emergency", Class::Test => "test", Class::Crisis => "crisis", Class::Other => "other",
        Class::Callback => "callback";
    Conveyance: "value, reference or both", like "\"value\"";
        Conveyance::Value => "value", Conveyance::Reference => "reference", Conveyance::Both => "both";
    LocationPosition: "append or prepend", like "\"append\"";
        LocationPosition::Append => "append", LocationPosition::Prepend => "prepend";
    Rung: "token, conveyed, wiremap, typed, number, home, reference or last_known", like "\"conveyed\"";
        Rung::Token => "token", Rung::Conveyed => "conveyed", Rung::Wiremap => "wiremap", Rung::Typed => "typed",
        Rung::Number => "number", Rung::Home => "home", Rung::Reference => "reference", Rung::LastKnown => "last_known";
    Profile: "i3, legacy, relay, test, crisis or whole", like "\"i3\"";
        Profile::I3 => "i3", Profile::Legacy => "legacy", Profile::Relay => "relay", Profile::Test => "test",
        Profile::Crisis => "crisis", Profile::Whole => "whole";
}

/// It is read, and never written.
impl Setting for Private<String> {
    const FORM: &'static str = "text";
    const EXAMPLE: &'static str = "\"text\"";
    fn read(value: Value) -> Option<Self> {
        leaf::<String>(value).map(Private::new)
    }
    fn written(&self) -> String {
        quoted("")
    }
}

impl Setting for Network {
    const FORM: &'static str = "a network";
    const EXAMPLE: &'static str = "\"10.1.4.0/24\" or \"2001:db8::/32\"";
    fn read(value: Value) -> Option<Self> {
        Network::parse(&leaf::<String>(value)?)
    }
    fn written(&self) -> String {
        quoted(&format!("{}/{}", self.address, self.prefix))
    }
}

impl Setting for WebHost {
    const FORM: &'static str = "a host, with a port or without";
    const EXAMPLE: &'static str = "\"lis.example.com\" or \".example.com\"";
    fn read(value: Value) -> Option<Self> {
        WebHost::read(&leaf::<String>(value)?)
    }
    fn written(&self) -> String {
        quoted(&WebHost::written(self))
    }
}

impl Setting for Number {
    const FORM: &'static str = "a telephone number";
    const EXAMPLE: &'static str = "\"+13125550100\"";
    fn read(value: Value) -> Option<Self> {
        Number::read(&leaf::<String>(value)?)
    }
    fn written(&self) -> String {
        quoted(self.expose())
    }
}

impl Setting for Destination {
    const FORM: &'static str = "a host or a telephone number";
    const EXAMPLE: &'static str = "\"psap.example\"";
    fn read(value: Value) -> Option<Self> {
        let text: String = leaf(value)?;
        let is_number = text.starts_with('+') || text.bytes().all(|byte| byte.is_ascii_digit());
        match is_number {
            true => Number::read(&text).map(Destination::Number),
            false => (!text.is_empty()).then(|| Destination::Host(text.into())),
        }
    }
    fn written(&self) -> String {
        match self {
            Destination::Host(host) => quoted(host),
            Destination::Number(number) => quoted(number.expose()),
        }
    }
}

impl Setting for Area {
    const FORM: &'static str = "an area: any of country, state, county, city, boundary, building and location";
    const EXAMPLE: &'static str = "{ country = \"US\", state = \"IL\" }";
    fn read(value: Value) -> Option<Self> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Text {
            country: Option<String>,
            state: Option<String>,
            county: Option<String>,
            city: Option<String>,
            boundary: Option<String>,
            building: Option<String>,
            location: Option<String>,
        }
        let Text { country, state, county, city, boundary, building, location } = leaf(value)?;
        Some(Area { country, state, county, city, boundary, building, location })
    }
    fn written(&self) -> String {
        let Area { country, state, county, city, boundary, building, location } = self;
        let named = [
            ("country", country),
            ("state", state),
            ("county", county),
            ("city", city),
            ("boundary", boundary),
            ("building", building),
            ("location", location),
        ];
        let parts: Vec<String> = named
            .into_iter()
            .filter_map(|(name, value)| value.as_ref().map(|value| format!("{name} = {}", quoted(value))))
            .collect();
        format!("{{ {} }}", parts.join(", "))
    }
}

impl<T: Setting> Setting for Vec<T> {
    const FORM: &'static str = T::FORM;
    const EXAMPLE: &'static str = T::EXAMPLE;
    fn read(value: Value) -> Option<Self> {
        match value.kind {
            ValueKind::Array(values) => values.into_iter().map(T::read).collect(),
            _ => None,
        }
    }
    fn written(&self) -> String {
        let parts: Vec<String> = self.iter().map(Setting::written).collect();
        format!("[{}]", parts.join(", "))
    }
}

/// Empty text says that nothing is set.
impl<T: Setting> Setting for Option<T> {
    const FORM: &'static str = T::FORM;
    const EXAMPLE: &'static str = T::EXAMPLE;
    fn read(value: Value) -> Option<Self> {
        match &value.kind {
            ValueKind::String(text) if text.is_empty() => Some(None),
            _ => T::read(value).map(Some),
        }
    }
    fn written(&self) -> String {
        self.as_ref().map_or_else(|| quoted(""), Setting::written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_an_address_and_a_prefix_that_fits_it() {
        assert_eq!(Network::parse("::1"), Some(Network { address: "::1".parse().unwrap(), prefix: 128 }));
        assert_eq!(Network::parse("10.0.0.0/33"), None);
        assert_eq!(Network::parse("ten/8"), None);
    }

    #[test]
    fn networks_overlap_when_the_shorter_prefix_agrees() {
        let network = |text| Network::parse(text).unwrap();
        assert!(network("10.1.0.0/16").overlaps(network("10.1.4.0/24")));
        assert!(!network("10.1.0.0/16").overlaps(network("10.2.0.0/16")));
        assert!(network("0.0.0.0/0").overlaps(network("192.0.2.1")));
        assert!(!network("0.0.0.0/0").overlaps(network("::/0")));
        assert!(network("::/0").overlaps(network("2001:db8::/32")));
    }
}
