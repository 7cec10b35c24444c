//! A PIDF-LO document within another one: the answer of a location server (RFC 5985 §6.5, RFC 6753 §3).
use super::reader::{MOST_BYTES, MOST_NODES};
use super::text::{decoded, push_all};
use bytes::BytesMut;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, PrefixDeclaration, ResolveResult};
use quick_xml::reader::NsReader;
use std::borrow::Cow;

const PIDF: &str = "urn:ietf:params:xml:ns:pidf";
/// More namespaces than any document needs.
const MOST_NAMESPACES: usize = 64;

/// The first `presence` document in a document: itself, when it is one; else what it holds, byte for byte but for the
/// names of namespaces that were given outside. `None` when there is none, or a DTD.
pub fn enclosed(document: &[u8]) -> Option<Cow<'_, [u8]>> {
    if document.len() > MOST_BYTES {
        return None;
    }
    let text = decoded(document)?;
    let mut reader = NsReader::from_str(&text);
    reader.resolver_mut().set_max_namespace_bindings(MOST_NAMESPACES);
    let mut is_root = true;
    for _ in 0..MOST_NODES {
        let begin = position(&reader);
        match reader.read_event().ok()? {
            Event::DocType(_) | Event::Eof => return None,
            Event::Start(tag) if is_presence(&reader, &tag) => {
                if is_root {
                    return Some(Cow::Borrowed(document));
                }
                let (opening, inner) = (opening(&reader, &tag)?, position(&reader));
                let end = end_of_element(&mut reader)?;
                let mut out = BytesMut::with_capacity(end.saturating_sub(begin) + 1024);
                push_all(&mut out, &["<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n", &opening]);
                push_all(&mut out, &[text.get(inner..end)?, "\r\n"]);
                return Some(Cow::Owned(out.to_vec()));
            }
            Event::Start(_) | Event::Empty(_) => is_root = false,
            _ => {}
        }
    }
    None
}

fn position(reader: &NsReader<&[u8]>) -> usize {
    usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX)
}

fn is_presence(reader: &NsReader<&[u8]>, tag: &BytesStart<'_>) -> bool {
    let (namespace, local) = reader.resolver().resolve_element(tag.name());
    local.into_inner() == "presence" && namespace == ResolveResult::Bound(Namespace(PIDF))
}

/// The start tag with every namespace that is in force there.
fn opening(reader: &NsReader<&[u8]>, tag: &BytesStart<'_>) -> Option<String> {
    let own: Vec<_> = tag.attributes().flatten().filter_map(|attribute| attribute.key.as_namespace_binding()).collect();
    let mut opening = ["<", tag].concat();
    for (prefix, Namespace(name)) in reader.resolver().bindings().filter(|(prefix, _)| !own.contains(prefix)) {
        // No namespace of ours or of any standard has these, and what they stand for here would be a guess.
        if name.contains(['"', '<', '&']) {
            return None;
        }
        match prefix {
            PrefixDeclaration::Default => opening.push_str(&format!(" xmlns=\"{name}\"")),
            PrefixDeclaration::Named(prefix) => opening.push_str(&format!(" xmlns:{prefix}=\"{name}\"")),
        }
    }
    opening.push('>');
    Some(opening)
}

/// Where the element that has just begun ends.
fn end_of_element(reader: &mut NsReader<&[u8]>) -> Option<usize> {
    let mut open = 1usize;
    for _ in 0..MOST_NODES {
        match reader.read_event().ok()? {
            Event::Start(_) => open += 1,
            Event::End(_) => open -= 1,
            Event::Eof | Event::DocType(_) => return None,
            _ => {}
        }
        if open == 0 {
            return Some(position(reader));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTER: &str = "<locationResponse xmlns=\"urn:ietf:params:xml:ns:geopriv:held\" \
        xmlns:p=\"urn:ietf:params:xml:ns:pidf\" xmlns:gp=\"urn:ietf:params:xml:ns:pidf:geopriv10\">";

    #[test]
    fn what_a_location_server_answers_is_taken_out_whole_with_its_namespaces() {
        let inner = "<p:presence entity=\"pres:a@b\"><p:tuple id=\"t\"><p:status><gp:geopriv/></p:status></p:tuple></p:presence>";
        let whole = format!("<?xml version=\"1.0\"?>{OUTER}<locationUriSet/>{inner}</locationResponse>");
        let taken = String::from_utf8(enclosed(whole.as_bytes()).unwrap().into_owned()).unwrap();
        let tree = roxmltree::Document::parse(&taken).unwrap();
        assert!(tree.root_element().has_tag_name((PIDF, "presence")), "{taken}");
        assert!(tree.descendants().any(|node| node.has_tag_name(("urn:ietf:params:xml:ns:pidf:geopriv10", "geopriv"))));
        assert!(
            taken.contains("<p:tuple id=\"t\"><p:status><gp:geopriv/></p:status></p:tuple></p:presence>"),
            "{taken}"
        );
    }

    #[test]
    fn a_document_alone_stays_as_it_is_and_errors_dtds_and_torn_ones_have_none() {
        let alone = b"<presence xmlns=\"urn:ietf:params:xml:ns:pidf\" entity=\"pres:a@b\"></presence>";
        assert_eq!(enclosed(alone).as_deref(), Some(&alone[..]));
        for none in [
            format!("{OUTER}</locationResponse>"),
            format!("{OUTER}<p:presence entity=\"pres:a@b\">"),
            format!("<!DOCTYPE x [<!ENTITY a \"b\">]>{OUTER}<p:presence></p:presence></locationResponse>"),
            "<presence xmlns=\"urn:other\"></presence>".to_owned(),
            "{}".to_owned(),
            String::new(),
        ] {
            assert_eq!(enclosed(none.as_bytes()), None, "{none}");
        }
    }
}
