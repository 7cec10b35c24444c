//! Additional Data about a call (RFC 7852).
use super::text::{push_all, push_element};
use bytes::BytesMut;

/// Writes an `application/EmergencyCallData.ProviderInfo+xml` block (RFC 7852 §4.1). `reference` is the
/// DataProviderReference that all our blocks of a call share, `provider` our FQDN, `contact` a `tel:` or `sip:` URI at
/// which somebody answers at any hour.
pub fn write_provider_info(out: &mut BytesMut, reference: &str, provider: &str, contact: &str) {
    let name = "pi:EmergencyCallData.ProviderInfo";
    open(out, name, "pi", "ProviderInfo");
    push_element(out, "pi:DataProviderReference", reference);
    push_element(out, "pi:DataProviderString", provider);
    push_element(out, "pi:ProviderID", provider);
    push_element(out, "pi:ProviderIDSeries", "domain");
    push_element(out, "pi:TypeOfProvider", "Telecom Provider");
    push_element(out, "pi:ContactURI", contact);
    push_element(out, "pi:Language", "en");
    push_all(out, &["</", name, ">\r\n"]);
}

/// Writes an `application/EmergencyCallData.ServiceInfo+xml` block (RFC 7852 §4.2) of a company's own telephone system:
/// environment `Business`, type `MLTS-local`; `mobility` is `Fixed`, `Nomadic` or `Unknown`.
pub fn write_service_info(out: &mut BytesMut, reference: &str, mobility: &str) {
    let name = "svc:EmergencyCallData.ServiceInfo";
    open(out, name, "svc", "ServiceInfo");
    push_element(out, "svc:DataProviderReference", reference);
    push_element(out, "svc:ServiceEnvironment", "Business");
    push_element(out, "svc:ServiceType", "MLTS-local");
    push_element(out, "svc:ServiceMobility", mobility);
    push_all(out, &["</", name, ">\r\n"]);
}

fn open(out: &mut BytesMut, name: &str, prefix: &str, block: &str) {
    push_all(out, &["<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<", name, " xmlns:", prefix]);
    push_all(out, &["=\"urn:ietf:params:xml:ns:EmergencyCallData:", block, "\">"]);
}
