//! Answers, valid against the schemas.
use super::measured::{LLDP, MEASUREMENTS, WIFI};
use super::request::{Error, Identity, Measurement};
use super::route::Route;
use super::{HELD, IDENTITY, ROUTING};
use crate::base::now::Wall;
use crate::pidf::text::{push_all, push_element, push_escaped};
use crate::pidf::{self, Document};
use bytes::BytesMut;

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n";

/// A location URI.
pub struct Reference {
    /// The URI.
    pub uri: String,
    /// Until when it is answered.
    pub expires: Wall,
}

/// Writes a `locationResponse` with a location URI, a location by value, or both, whom an emergency call reaches, and the
/// identities by which the location was found (RFC 5985 §5.3, RFC 7840 §4, RFC 6155 §2.2).
pub fn write_response(
    out: &mut BytesMut,
    reference: Option<&Reference>,
    document: Option<&Document<'_>>,
    route: Option<&Route>,
    used: &[Identity],
) {
    push_all(out, &[DECLARATION, "<locationResponse xmlns=\"", HELD, "\">\r\n"]);
    if let Some(reference) = reference {
        let expires = reference.expires.civil().xml_date_time();
        push_all(out, &["<locationUriSet expires=\"", &expires, "\">"]);
        push_element(out, "locationURI", &reference.uri);
        push_all(out, &["</locationUriSet>\r\n"]);
    }
    if let Some(document) = document {
        pidf::write_presence(out, document);
    }
    if let Some(route) = route {
        push_all(out, &["<routingInformation xmlns=\"", ROUTING, "\"><service"]);
        push_all(
            out,
            &[if route.is_default { " defaultRoute=\"true\"" } else { "" }, " serviceUri=\"", Route::SERVICE, "\">"],
        );
        push_element(out, "dest", &route.destination);
        push_all(out, &["</service></routingInformation>\r\n"]);
    }
    if !used.is_empty() {
        push_all(out, &["<device xmlns=\"", IDENTITY, "\">"]);
        for identity in used {
            push_identity(out, identity);
        }
        push_all(out, &["</device>\r\n"]);
    }
    push_all(out, &["</locationResponse>\r\n"]);
}

fn push_identity(out: &mut BytesMut, identity: &Identity) {
    push_all(out, &["<", &identity.name]);
    if let Some(version) = &identity.version {
        push_all(out, &[" v=\""]);
        push_escaped(out, version);
        push_all(out, &["\""]);
    }
    push_all(out, &[">"]);
    push_escaped(out, &identity.text);
    push_all(out, &["</", &identity.name, ">"]);
}

/// Writes an `error` (RFC 5985 §5.4).
pub fn write_error(out: &mut BytesMut, error: &Error) {
    push_all(out, &[DECLARATION, "<error xmlns=\"", HELD, "\" code=\"", error.code.token(), "\">"]);
    push_all(out, &["<message xml:lang=\"en\">"]);
    push_escaped(out, error.message);
    push_all(out, &["</message>"]);
    if !error.required.is_empty() {
        // The names are qualified by the default namespace that holds here.
        let names = error.required.join(" ");
        push_all(out, &["<requiredIdentifiers xmlns=\"", IDENTITY, "\">", &names, "</requiredIdentifiers>"]);
    }
    if !error.wanting.is_empty() {
        push_all(out, &["<measurementRequest xmlns=\"", MEASUREMENTS, "\">"]);
        for wanting in error.wanting {
            let name = wanting.text();
            let space = match wanting {
                Measurement::Lldp => LLDP,
                Measurement::Wifi => WIFI,
            };
            push_all(out, &["<measurement xmlns:", name, "=\"", space, "\" type=\"", name, ":", name, "\"/>"]);
        }
        push_all(out, &["</measurementRequest>"]);
    }
    push_all(out, &["</error>\r\n"]);
}
