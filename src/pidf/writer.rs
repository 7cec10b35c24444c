//! One place of one device, in the order of the schemas.
use super::Method;
use super::drawn::write_shape;
use super::text::{push_all, push_element, push_escaped};
use crate::base::now::Wall;
use crate::record::{Civic, Element, Shape};
use bytes::BytesMut;
use core::hash::{BuildHasher, Hasher};

/// What one document says.
#[derive(Clone, Copy)]
pub struct Document<'a> {
    /// An unlinked pseudonym without `pres:`: `u-4f1c9e@callbox.example` (RFC 5985 §6.6).
    pub entity: &'a str,
    /// The device's id within the document.
    pub device: &'a str,
    /// The address; [`Civic::NOTHING`] where there is none.
    pub civic: &'a Civic,
    /// The same place on the earth, as the same source drew it (RFC 5491 §3 rules 5 to 7).
    pub shape: Option<&'a Shape>,
    /// How it was found.
    pub method: Method,
    /// Who measured what it was found by; `None` where nothing was measured (RFC 7105 §4.4).
    pub source: Option<Source>,
    /// When it was found to be where the caller is: the moment of the call for an address that is looked up.
    pub at: Wall,
    /// Now: the day for which readers may keep the document begins here.
    pub now: Wall,
    /// What readers must know of it, in English.
    pub note: Option<&'a str>,
    /// Our FQDN, for `<provided-by>`.
    pub provider: &'a str,
    /// The URI of our ProviderInfo block, for `<provided-by>` (RFC 7852 §6.2), as `cid:pi-1@callbox.example`; `None`
    /// where the message has no such block.
    pub provider_info: Option<&'a str>,
}

/// Who measured the network where a location was found by that (RFC 7105 §4.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// We saw it ourselves.
    Lis,
    /// The device said so.
    Device,
    /// Somebody else said so for the device.
    Other,
}

impl Source {
    const fn token(self) -> &'static str {
        match self {
            Source::Lis => "lis",
            Source::Device => "device",
            Source::Other => "other",
        }
    }
}

/// Time for which a recipient may keep the document: the default of RFC 4119 §2.2.2.
const RETENTION_MILLIS: u64 = 24 * 3600 * 1000;

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n";

const OPEN: &str = "<presence xmlns=\"urn:ietf:params:xml:ns:pidf\" \
xmlns:dm=\"urn:ietf:params:xml:ns:pidf:data-model\" \
xmlns:gp=\"urn:ietf:params:xml:ns:pidf:geopriv10\" \
xmlns:gbp=\"urn:ietf:params:xml:ns:pidf:geopriv10:basicPolicy\" \
xmlns:ca=\"urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr\" \
entity=\"pres:";

/// The namespace of RFC 6848, written at the few elements that are in it.
const EXTENSION: &str = " xmlns:cae=\"urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr:ext\"";

/// Writes a PIDF-LO document with one `device` that has one place, valid against the schemas.
pub fn write(out: &mut BytesMut, document: &Document<'_>) {
    out.reserve(2048);
    push_all(out, &[DECLARATION]);
    write_presence(out, document);
}

/// The same without the XML declaration, for a place within another document.
pub fn write_presence(out: &mut BytesMut, document: &Document<'_>) {
    push_all(out, &[OPEN]);
    push_uri(out, document.entity);
    push_all(out, &["\">\r\n<dm:device id=\""]);
    push_id(out, document.device);
    push_all(out, &["\"><gp:geopriv>\r\n<gp:location-info>"]);
    // The coarser of two comes first: an area, then the room in it (RFC 5491 §3 rule 7).
    if let Some(shape) = document.shape {
        write_shape(out, shape);
    }
    if document.shape.is_none() || document.civic.elements().next().is_some() {
        push_all(out, &["<ca:civicAddress xml:lang=\"en\">"]);
        push_civic(out, document.civic);
        push_all(out, &["</ca:civicAddress>"]);
    }
    push_all(out, &["</gp:location-info>\r\n<gp:usage-rules>"]);
    push_element(out, "gbp:retransmission-allowed", "true");
    let expiry = Wall::from_millis(document.now.as_millis().saturating_add(RETENTION_MILLIS));
    push_element(out, "gbp:retention-expiry", &expiry.civil().xml_date_time());
    push_all(out, &["</gp:usage-rules>\r\n"]);
    push_element(out, "gp:method", document.method.token());
    push_all(out, &["<gp:provided-by>"]);
    push_provider(out, document);
    push_all(out, &["</gp:provided-by>\r\n"]);
    if let Some(source) = document.source {
        let space = " xmlns:lmsrc=\"urn:ietf:params:xml:ns:pidf:geopriv10:lmsrc\"";
        push_all(out, &["<lmsrc:source", space, ">", source.token(), "</lmsrc:source>\r\n"]);
    }
    push_all(out, &["</gp:geopriv>\r\n"]);
    push_device_id(out, document);
    if let Some(note) = document.note {
        push_all(out, &["<dm:note xml:lang=\"en\">"]);
        push_escaped(out, note);
        push_all(out, &["</dm:note>\r\n"]);
    }
    push_element(out, "dm:timestamp", &document.at.civil().xml_date_time());
    push_all(out, &["</dm:device>\r\n</presence>\r\n"]);
}

fn push_civic(out: &mut BytesMut, civic: &Civic) {
    for (element, value) in civic.elements() {
        let is_country = value.len() == 2 && value.bytes().all(|byte| byte.is_ascii_alphabetic());
        match element {
            Element::Country if is_country => push_element(out, "ca:country", &value.to_ascii_uppercase()),
            // The schema has no other form of country, and an invalid document may be dropped whole.
            Element::Country => {}
            _ => {
                let prefix = if element.is_extension() { "cae:" } else { "ca:" };
                let space = if element.is_extension() { EXTENSION } else { "" };
                push_all(out, &["<", prefix, element.text(), space, ">"]);
                push_escaped(out, value);
                push_all(out, &["</", prefix, element.text(), ">"]);
            }
        }
    }
}

fn push_provider(out: &mut BytesMut, document: &Document<'_>) {
    match document.provider_info {
        Some(uri) => {
            push_all(out, &["<ecd:EmergencyCallDataReference xmlns:ecd=\"urn:ietf:params:xml:ns:EmergencyCallData\" "]);
            push_all(out, &["purpose=\"EmergencyCallData.ProviderInfo\" ref=\""]);
            push_uri(out, uri);
            push_all(out, &["\"/>"]);
        }
        // RFC 4119 §6.2 registers one kind of provider, all of whose parts are optional.
        None => {
            push_all(out, &["<dp:nena xmlns:dp=\"urn:ietf:params:xml:ns:pidf:geopriv10:dataProvider\"><dp:URL>sip:"]);
            push_uri(out, document.provider);
            push_all(out, &["</dp:URL></dp:nena>"]);
        }
    }
}

/// RFC 4479 §3.4 wants a device id that is a URN. Ours tells no more than the document's own pseudonym does.
fn push_device_id(out: &mut BytesMut, document: &Document<'_>) {
    let half = |seed| {
        let mut hasher = foldhash::quality::FixedState::with_seed(seed).build_hasher();
        hasher.write(document.entity.as_bytes());
        hasher.write_u8(0);
        hasher.write(document.device.as_bytes());
        hasher.finish()
    };
    // RFC 9562 §5.8: a UUID of our own making, version 8.
    let (high, low) = (half(1) & !0xf000 | 0x8000, half(2) & !(3 << 62) | 2 << 62);
    let parts = (high >> 32, high >> 16 & 0xffff, high & 0xffff, low >> 48, low & 0xffff_ffff_ffff);
    let uuid = format!("urn:uuid:{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", parts.0, parts.1, parts.2, parts.3, parts.4);
    push_element(out, "dm:deviceID", &uuid);
}

/// Appends what XML Schema takes for an ID: a letter or `_` first, then letters, digits, `.`, `-`, `_`.
fn push_id(out: &mut BytesMut, id: &str) {
    if !id.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_') {
        push_all(out, &["d-"]);
    }
    out.extend(id.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => byte,
        _ => b'_',
    }));
}

/// Appends a URI, or part of one, with what no URI may have percent-encoded.
fn push_uri(out: &mut BytesMut, uri: &str) {
    for byte in uri.bytes() {
        match byte {
            b'&' => push_all(out, &["&amp;"]),
            b'!' | b'#'..=b';' | b'=' | b'?'..=b'[' | b']' | b'_' | b'a'..=b'z' | b'~' => out.extend([byte]),
            _ => push_all(out, &[&format!("%{byte:02X}")]),
        }
    }
}
