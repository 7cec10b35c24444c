//! What a request says, and what can be wrong with one.
use crate::record::{Interface, Mac, Number};
use core::fmt;
use core::net::IpAddr;

/// A location request (RFC 5985 §5.2). It never prints itself.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// How long the asker waits, or for what.
    pub response_time: Option<ResponseTime>,
    /// In which forms it wants the location.
    pub wanted: Wanted,
    /// Whose location; empty: the asker's own.
    pub identities: Vec<Identity>,
    /// What the device measured of the network around it: one for each time at which it did.
    pub measured: Vec<Interface>,
    /// Whether it wants to know whom an emergency call from there reaches (RFC 7840 §4).
    pub routing: bool,
}

/// RFC 5985 §6.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseTime {
    /// Good enough to choose a PSAP.
    EmergencyRouting,
    /// Good enough to send responders.
    EmergencyDispatch,
    /// Milliseconds.
    Millis(u64),
}

/// A form of location (RFC 5985 §6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A civic address.
    Civic,
    /// A shape.
    Geodetic,
    /// A location URI.
    Uri,
}

/// The forms that are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// In the asker's order, each once; empty for any.
    pub forms: Vec<Form>,
    /// Whether these and no others will do. Without meaning for any form (RFC 5985 §6.2.1).
    pub exact: bool,
}

/// An identity of the device whose location is asked for (RFC 6155 §3); of a flow (RFC 6915) the address at its end. It never prints itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// The element's name, as `uri`.
    pub name: String,
    /// IP version where it is written: the attribute `v`.
    pub version: Option<String>,
    /// Its text, to be said back.
    pub text: String,
    /// Whom it names.
    pub target: Target,
}

/// Whom an identity names.
#[derive(Clone, PartialEq, Eq)]
pub enum Target {
    /// Whoever has this address.
    Ip(IpAddr),
    /// The interface with this hardware address.
    Mac(Mac),
    /// The device with this instance id, as `urn:uuid:…` (RFC 5626 §4.1).
    Instance(Box<str>),
    /// The line with this number or extension.
    Number(Number),
    /// Well formed and of a kind by which we know nobody.
    Unsupported,
    /// Not what its name promises.
    Malformed,
}

macro_rules! private {
    ($($type:ident),+) => {
        $(impl fmt::Debug for $type {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("<private>")
            }
        })+
    };
}
private!(Request, Identity, Target);

/// Why there is no location (RFC 5985 §6.3, RFC 6155 §7.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each is the code of its name")]
pub enum Code {
    RequestError,
    XmlError,
    GeneralLisError,
    LocationUnknown,
    UnsupportedMessage,
    Timeout,
    CannotProvideLiType,
    NotLocatable,
    BadIdentifier,
}

impl Code {
    /// All codes.
    pub const ALL: [Code; 9] = [
        Code::RequestError,
        Code::XmlError,
        Code::GeneralLisError,
        Code::LocationUnknown,
        Code::UnsupportedMessage,
        Code::Timeout,
        Code::CannotProvideLiType,
        Code::NotLocatable,
        Code::BadIdentifier,
    ];

    /// The registered token.
    pub const fn token(self) -> &'static str {
        match self {
            Code::RequestError => "requestError",
            Code::XmlError => "xmlError",
            Code::GeneralLisError => "generalLisError",
            Code::LocationUnknown => "locationUnknown",
            Code::UnsupportedMessage => "unsupportedMessage",
            Code::Timeout => "timeout",
            Code::CannotProvideLiType => "cannotProvideLiType",
            Code::NotLocatable => "notLocatable",
            Code::BadIdentifier => "badIdentifier",
        }
    }
}

/// An answer without a location.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    /// Its code.
    pub code: Code,
    /// The same in plain English, without anything of what was asked.
    pub message: &'static str,
    /// Names of identities that would help, as `uri` (RFC 6155 §2.2).
    pub required: &'static [&'static str],
    /// What the device could measure that would help (RFC 7105 §4.3).
    pub wanting: &'static [Measurement],
}

/// A kind of measurement that tells a place here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measurement {
    /// The switch and port that a wired device hears (RFC 7105 §5.1).
    Lldp,
    /// The access points that a wireless device hears (RFC 7105 §5.3).
    Wifi,
}

impl Measurement {
    /// Its name, and that of its namespace's prefix.
    pub const fn text(self) -> &'static str {
        match self {
            Measurement::Lldp => "lldp",
            Measurement::Wifi => "wifi",
        }
    }
}

impl Error {
    /// An error that names no identities and no measurements.
    pub const fn new(code: Code, message: &'static str) -> Error {
        Error { code, message, required: &[], wanting: &[] }
    }
}
