//! What is published: do-not-disturb as a PIDF document (RFC 3863) with the activity of RPID (RFC 4480 §3.2) for who reads it.
use crate::pidf::text::{push_all, push_escaped};
use bytes::{Bytes, BytesMut};

/// The media type.
pub const PIDF: &str = "application/pidf+xml";

/// The document. Whoever knows the basic status alone sees one way of reaching the agent more, and that it is closed; the
/// agent's own stand beside it.
pub fn do_not_disturb(entity: &str, note: &str) -> Bytes {
    let mut out = BytesMut::with_capacity(1024);
    push_all(
        &mut out,
        &["<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<presence xmlns=\"urn:ietf:params:xml:ns:pidf\" "],
    );
    push_all(&mut out, &["xmlns:dm=\"urn:ietf:params:xml:ns:pidf:data-model\" "]);
    push_all(&mut out, &["xmlns:rpid=\"urn:ietf:params:xml:ns:pidf:rpid\" entity=\""]);
    push_escaped(&mut out, entity);
    push_all(&mut out, &["\"><tuple id=\"callbox\"><status><basic>closed</basic></status><note>"]);
    push_escaped(&mut out, note);
    push_all(&mut out, &["</note></tuple><dm:person id=\"callbox-person\"><rpid:activities><rpid:on-the-phone/>"]);
    push_all(&mut out, &["<rpid:busy/></rpid:activities><dm:note>"]);
    push_escaped(&mut out, note);
    push_all(&mut out, &["</dm:note></dm:person></presence>\r\n"]);
    out.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_says_busy_and_closed_and_what_it_is_given_cannot_break_out_of_it() {
        let text = do_not_disturb("sip:a&b@c.example", "<dnd>");
        let text = String::from_utf8(text.to_vec()).unwrap();
        let mut reader = quick_xml::Reader::from_str(&text);
        while !matches!(reader.read_event().unwrap(), quick_xml::events::Event::Eof) {}
        assert!(text.contains("entity=\"sip:a&amp;b@c.example\"") && text.contains("&lt;dnd&gt;</note>"), "{text}");
        assert!(text.contains("<basic>closed</basic>") && text.contains("<rpid:busy/>"), "{text}");
    }
}
