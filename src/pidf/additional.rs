//! Additional Data about a call (RFC 7852).
use super::text::{push_all, push_element, push_escaped};
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

/// Writes an `application/EmergencyCallData.DeviceInfo+xml` block (RFC 7852 §4.3) without an identifier of the device:
/// its class, as `fixed`, and its model.
pub fn write_device_info(out: &mut BytesMut, reference: &str, classification: &str, model: Option<&str>) {
    let name = "dev:EmergencyCallData.DeviceInfo";
    open(out, name, "dev", "DeviceInfo");
    push_element(out, "dev:DataProviderReference", reference);
    push_element(out, "dev:DeviceClassification", classification);
    model.into_iter().for_each(|model| push_element(out, "dev:DeviceModelNr", model));
    push_all(out, &["</", name, ">\r\n"]);
}

/// Writes an `application/EmergencyCallData.SubscriberInfo+xml` block (RFC 7852 §4.4) of an organisation, as an xCard
/// (RFC 6351). `privacy`: whether the caller asked for it.
pub fn write_subscriber_info(out: &mut BytesMut, reference: &str, organisation: &str, privacy: bool) {
    let name = "sub:EmergencyCallData.SubscriberInfo";
    push_all(out, &["<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<", name]);
    push_all(out, &[" xmlns:sub=\"urn:ietf:params:xml:ns:EmergencyCallData:SubscriberInfo\" privacyRequested=\""]);
    push_all(out, &[if privacy { "true" } else { "false" }, "\">"]);
    push_element(out, "sub:DataProviderReference", reference);
    push_all(out, &["<sub:SubscriberData><vcard xmlns=\"urn:ietf:params:xml:ns:vcard-4.0\"><fn>"]);
    push_element(out, "text", organisation);
    push_all(out, &["</fn><kind><text>org</text></kind></vcard></sub:SubscriberData></", name, ">\r\n"]);
}

/// Writes an `application/EmergencyCallData.Comment+xml` block (RFC 7852 §4.5), in English.
pub fn write_comment(out: &mut BytesMut, reference: &str, comment: &str) {
    let name = "com:EmergencyCallData.Comment";
    open(out, name, "com", "Comment");
    push_element(out, "com:DataProviderReference", reference);
    push_all(out, &["<com:Comment xml:lang=\"en\">"]);
    push_escaped(out, comment);
    push_all(out, &["</com:Comment></", name, ">\r\n"]);
}

fn open(out: &mut BytesMut, name: &str, prefix: &str, block: &str) {
    push_all(out, &["<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<", name, " xmlns:", prefix]);
    push_all(out, &["=\"urn:ietf:params:xml:ns:EmergencyCallData:", block, "\">"]);
}
