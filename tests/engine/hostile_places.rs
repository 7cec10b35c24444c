//! Locations that are meant to stop or slow a call: it leaves in the instant in which it came, with the address of its
//! number, and brings what came along as it came.
use crate::peers::Caller;
use crate::world::{CALLER, KNOWN, PSAP_1, SDP, World};
use callbox::sip::message::{Message, Name, multipart};
use std::time::{Duration, Instant};

const OPEN: &str = "<presence xmlns=\"urn:ietf:params:xml:ns:pidf\" xmlns:dm=\"urn:ietf:params:xml:ns:pidf:data-model\" \
    xmlns:gp=\"urn:ietf:params:xml:ns:pidf:geopriv10\" xmlns:ca=\"urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr\" \
    xmlns:gml=\"http://www.opengis.net/gml\" xmlns:gs=\"http://www.opengis.net/pidflo/1.0\" entity=\"pres:a@b\">";

/// About what one document may have, so that the INVITE still fits into a datagram.
const ROOM: usize = 40_000;

/// A document around a location.
fn around(place: &str) -> String {
    format!(
        "{OPEN}<dm:device id=\"d\"><gp:geopriv><gp:location-info>{place}</gp:location-info><gp:usage-rules/></gp:geopriv>\
         <dm:timestamp>2026-11-21T20:15:02Z</dm:timestamp></dm:device></presence>"
    )
}

fn filled(piece: &str) -> String {
    piece.repeat(ROOM / piece.len())
}

/// Each with its transfer encoding.
fn documents() -> Vec<(&'static str, String)> {
    let laughs = "<!DOCTYPE p [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c SYSTEM \"file:///etc/passwd\">]>";
    let spaces: String = (0..900).map(|name| format!(" xmlns:n{name}=\"urn:x:{name}\"")).collect();
    let attributes: String = (0..2000).map(|name| format!(" a{name}=\"urn:{name}\"")).collect();
    let geopriv = "<gp:geopriv><gp:location-info><ca:civicAddress/></gp:location-info></gp:geopriv>";
    let stamps = "<dm:timestamp>2026-11-21T20:15:02Z</dm:timestamp>";
    vec![
        ("8bit", format!("{laughs}{}", around("<ca:civicAddress><ca:RD>&b;&c;</ca:RD></ca:civicAddress>"))),
        ("8bit", around(&format!("{}{}", "<a>".repeat(5000), "</a>".repeat(5000)))),
        ("8bit", around(&filled("<a/>"))),
        ("8bit", filled("<")),
        ("8bit", filled("<!--")),
        ("8bit", format!("<![CDATA[{}", filled("]]"))),
        ("8bit", around(&filled("&amp;"))),
        ("8bit", around(&format!("<a{spaces}>{}</a>", "<n899:b/>".repeat(1000)))),
        ("8bit", around(&format!("<gs:Circle{attributes}><gml:pos>1 2</gml:pos></gs:Circle>"))),
        ("8bit", format!("{OPEN}<dm:device id=\"d\">{}{}</dm:device>", geopriv.repeat(200), stamps.repeat(400))),
        ("8bit", around(&format!("<gml:Polygon><gml:posList>{}</gml:posList></gml:Polygon>", filled("1 2 ")))),
        ("8bit", around(&format!("<ca:civicAddress><ca:RD>{}</ca:RD></ca:civicAddress>", filled("\u{fdfa}")))),
        ("8bit", around(&filled("<ca:civicAddress><ca:A1>x</ca:A1></ca:civicAddress>"))),
        ("8bit", "\u{feff}\0\0\u{ffff}".into()),
        ("base64", filled("QUFB")),
        ("base64", format!("{}=", filled("!"))),
        ("quoted-printable", filled("=")),
        ("quoted-printable", filled("=3C")),
        ("x-none", " ".into()),
    ]
}

/// The documents in a body.
fn places(invite: &Message) -> Vec<Vec<u8>> {
    let content_type = invite.value(Name::ContentType).unwrap_or_default();
    let parts = multipart::parts(content_type, invite.body_slice());
    parts.iter().filter(|part| part.is("application/pidf+xml")).map(|part| part.content.to_vec()).collect()
}

/// A call with such parts; what arrives.
#[allow(clippy::disallowed_methods, reason = "it is the real time that a call must not cost")]
fn arrives(parts: &[(&str, &str)], geolocation: &str) -> Message {
    let mut world = World::new();
    let mut caller = Caller::new(KNOWN, "911");
    let mut body = format!("--b\r\nContent-Type: application/sdp\r\n\r\n{SDP}\r\n");
    for (encoding, document) in parts {
        body.push_str(&format!(
            "--b\r\nContent-Type: application/pidf+xml\r\nContent-ID: <one@pbx.example>\r\n\
             Content-Transfer-Encoding: {encoding}\r\n\r\n{document}\r\n"
        ));
    }
    caller.sdp = format!("{body}--b--\r\n");
    caller.more = format!("Geolocation: {geolocation}\r\nContent-Type: multipart/mixed;boundary=b\r\n");
    let begun = Instant::now();
    world.send(CALLER, caller.invite());
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(5), "it took {took:?}");
    let invite = world.got(PSAP_1, "INVITE");
    assert_eq!(world.millis(), 0);
    invite
}

#[test]
fn no_document_stops_or_slows_a_call_or_changes_on_its_way() {
    for (encoding, document) in documents() {
        let found = places(&arrives(&[(encoding, &document)], "<cid:one@pbx.example>"));
        let ours = String::from_utf8_lossy(found.last().expect("ours")).into_owned();
        assert!(ours.contains("<ca:ROOM>101</ca:ROOM>"), "{document:.100}");
        assert_eq!(found.len(), 2, "{document:.100}");
        assert!(found[0] == document.as_bytes(), "{document:.100}");
    }
}

#[test]
fn many_documents_and_many_references_are_no_worse_than_one() {
    let document = around("<ca:civicAddress><ca:A1>TX</ca:A1></ca:civicAddress>");
    let parts: Vec<(&str, &str)> = (0..40).map(|_| ("8bit", document.as_str())).collect();
    assert_eq!(places(&arrives(&parts, "<cid:one@pbx.example>")).len(), 41);
    let odd = [
        vec!["<https://lis.example/location/x>"; 150].join(", "),
        vec!["<cid:%00%ff%>"; 300].join(","),
        "<cid:>, cid:, <, >, <cid:one@pbx.example".into(),
        format!("<https://lis.example/location/{}>", "a".repeat(4000)),
    ];
    for value in odd {
        assert_eq!(places(&arrives(&parts[..1], &value)).len(), 2, "{value:.60}");
    }
}
