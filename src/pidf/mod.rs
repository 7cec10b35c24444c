//! PIDF-LO documents (RFC 4119, RFC 5139, RFC 5491) and Additional Data (RFC 7852): as they leave, and as much of those
//! that arrive as decides a call.
mod additional;
mod grade;
mod text;
mod writer;

pub use additional::{write_provider_info, write_service_info};
pub use grade::{Conveyed, MOST_BYTES, MOST_DEPTH, MOST_NODES, best, read};
pub use writer::{Document, write};

/// How a location was found, for `<method>` (the IANA "Method Tokens" registry).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the token of its name")]
pub enum Method {
    Manual,
    Wiremap,
    Dhcp,
    Wifi,
    Derived,
    Default,
}

impl Method {
    /// The registered token.
    pub const fn token(self) -> &'static str {
        match self {
            Method::Manual => "Manual",
            Method::Wiremap => "Wiremap",
            Method::Dhcp => "DHCP",
            Method::Wifi => "802.11",
            Method::Derived => "Derived",
            Method::Default => "Default",
        }
    }
}
