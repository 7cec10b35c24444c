//! PIDF-LO documents (RFC 4119, RFC 5139, RFC 5491) and Additional Data (RFC 7852), as they leave.
use crate::base::now::Wall;
use crate::record::Civic;
use bytes::BytesMut;

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

/// What one document says.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    /// An unlinked pseudonym without `pres:`: `u-4f1c9e@callbox.example` (RFC 5985 §6.6).
    pub entity: &'a str,
    /// The device's id within the document.
    pub device: &'a str,
    /// The address.
    pub civic: &'a Civic,
    /// How it was found.
    pub method: Method,
    /// When it was found.
    pub at: Wall,
    /// Our FQDN, for `<provided-by>`.
    pub provider: &'a str,
}

/// Writes a PIDF-LO document with one `device` that has one civic address, valid against the schemas.
pub fn write(out: &mut BytesMut, document: &Document<'_>) {
    let _ = (out, document);
    todo!()
}

/// Writes an `application/EmergencyCallData.ProviderInfo+xml` block (RFC 7852 §4.1). `reference` is the
/// DataProviderReference that all our blocks of a call share.
pub fn write_provider_info(out: &mut BytesMut, reference: &str, provider: &str, contact: &str) {
    let _ = (out, reference, provider, contact);
    todo!()
}

/// Writes an `application/EmergencyCallData.ServiceInfo+xml` block (RFC 7852 §4.2): Business, MLTS-local or
/// MLTS-hosted, Fixed or Nomadic or Unknown.
pub fn write_service_info(out: &mut BytesMut, reference: &str, mobility: &str) {
    let _ = (out, reference, mobility);
    todo!()
}
