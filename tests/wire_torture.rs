//! The torture messages of RFC 4475 and RFC 5118 as far as the wire goes; what is merely wrong in them is judged by the
//! engine.
use bytes::Bytes;
use callbox::sip::message::{ContentLength, Message, Method, Name, NameAddr, Scheme, Start, Unreadable, Uri};
use std::path::Path;

fn torture(folder: &str, name: &str) -> Bytes {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/torture").join(folder).join(name);
    Bytes::from(std::fs::read(path).unwrap())
}

fn read(name: &str) -> Message {
    Message::read(torture("rfc4475", &format!("{name}.dat"))).unwrap()
}

const WELL_FORMED: [&str; 13] = [
    "wsinv",
    "intmeth",
    "esc01",
    "escnull",
    "esc02",
    "lwsdisp",
    "longreq",
    "dblreq",
    "semiuri",
    "transports",
    "mpart01",
    "unreason",
    "noreason",
];

#[test]
fn every_well_formed_message_is_read_with_all_that_an_answer_needs() {
    for name in WELL_FORMED {
        let message = read(name);
        assert!(message.via().is_some(), "{name}: Via");
        assert!(message.from().and_then(|from| from.tag()).is_some(), "{name}: From tag");
        assert!(message.to().is_some(), "{name}: To");
        assert!(message.call_id().is_some(), "{name}: Call-ID");
        assert!(message.cseq().is_some(), "{name}: CSeq");
        assert_eq!(message.dropped(), 0, "{name}");
    }
}

#[test]
fn the_short_tortuous_invite_is_read_as_it_is_meant() {
    let message = read("wsinv");
    assert_eq!(message.request_uri(), b"sip:vivekg@chair-dnrc.example.com;unknownparam");
    assert_eq!(message.number(Name::MaxForwards), Some(68));
    assert_eq!(message.cseq(), Some((9, Method::Invite)));
    assert_eq!(message.to().unwrap().tag(), Some(&b"1918181833n"[..]));
    assert_eq!(message.from().unwrap().display, br#""J Rosenberg \\\"""#);
    assert_eq!(&*message.from().unwrap().display_text(), br#"J Rosenberg \""#);
    assert_eq!(message.list(Name::Via).count(), 3);
    let via = message.via().unwrap();
    assert_eq!((via.transport, via.host, via.port), (&b"UDP"[..], &b"192.0.2.2"[..], None));
    assert_eq!(via.branch(), Some(&b"390skdjuw"[..]));
    let second = message.list(Name::Via).nth(1).and_then(callbox::sip::message::Via::read).unwrap();
    assert_eq!((second.transport, second.host, second.port), (&b"TCP"[..], &b"spindle.example.com"[..], None));
    let third = message.list(Name::Via).nth(2).and_then(callbox::sip::message::Via::read).unwrap();
    assert_eq!((third.host, third.branch()), (&b"192.168.255.111"[..], Some(&b"z9hG4bK30239"[..])));
    assert_eq!(message.content_length(), ContentLength::Bytes(150));
    let routes: Vec<_> = message.list(Name::Route).collect();
    assert_eq!(routes, [&b"<sip:services.example.com;lr;unknownwith=value;unknown-no-value>"[..]]);
    assert_eq!(message.contact().unwrap().uri.user, b"jdrosen");
}

#[test]
fn an_unknown_method_keeps_its_text() {
    let message = read("intmeth");
    assert_eq!(message.method(), Some(Method::Other));
    assert_eq!(message.method_text(), b"!interesting-Method0123456789_*+`.%indeed'~");
    assert_eq!(message.cseq().unwrap().1, Method::Other);
}

#[test]
fn escapes_are_undone_once() {
    let message = read("esc01");
    let uri = Uri::read(message.request_uri()).unwrap();
    assert_eq!(
        (uri.scheme, &*uri.user_text(), uri.host),
        (Scheme::Sip, &b"sips:user@example.com"[..], &b"example.net"[..])
    );
    let contact = message.contact().unwrap();
    assert_eq!((contact.uri.host, contact.param("%41")), (&b"host5.example.net"[..], None));
    let null = read("escnull");
    assert_eq!(&*null.from().unwrap().uri.user_text(), b"null-\0-null");
    assert_eq!(null.list(Name::Contact).count(), 2);
}

#[test]
fn an_escaped_name_is_not_the_header_it_spells() {
    let message = read("esc02");
    assert_eq!(message.method(), Some(Method::Other));
    assert_eq!(message.list(Name::Contact).count(), 2);
    assert!(message.fields().iter().any(|field| message.field_name(field) == b"C%6Fntact"));
}

#[test]
fn what_follows_the_body_in_a_datagram_is_not_part_of_the_message() {
    let message = read("dblreq");
    assert_eq!((message.method(), message.body().len()), (Some(Method::Register), 0));
}

#[test]
fn a_semicolon_in_the_user_part_is_the_users() {
    let message = read("semiuri");
    let uri = Uri::read(message.request_uri()).unwrap();
    assert_eq!((&*uri.user_text(), uri.host), (&b"user;par=u@example.net"[..], &b"example.com"[..]));
}

#[test]
fn responses_are_read_with_any_reason_or_none() {
    assert_eq!(read("unreason").start(), Start::Response(200));
    assert!(read("unreason").reason().starts_with(b"= 2**3 * 5**2 "));
    assert_eq!((read("noreason").start(), read("noreason").reason().len()), (Start::Response(100), 0));
    assert_eq!(read("bigcode").start(), Start::Response(u16::MAX));
}

#[test]
fn a_long_message_loses_nothing() {
    let message = read("longreq");
    assert_eq!(message.list(Name::Via).count(), 34);
    assert_eq!(message.content_length(), ContentLength::Bytes(150));
    assert_eq!(message.body().len(), 150);
}

#[test]
fn a_body_shorter_than_promised_is_told_and_can_be_answered() {
    let bytes = torture("rfc4475", "clerr.dat");
    assert_eq!(Message::read(bytes.clone()).err(), Some(Unreadable::Body));
    let message = Message::read_head(bytes).unwrap();
    assert_eq!((message.method(), message.fault()), (Some(Method::Invite), Some(Unreadable::Body)));
    assert!(message.via().is_some() && message.body().starts_with(b"v=0"));
}

#[test]
fn an_unusable_length_leaves_the_whole_datagram_and_is_told() {
    for name in ["ncl", "mcl01"] {
        let message = read(name);
        assert_eq!(message.content_length(), ContentLength::Unusable, "{name}");
        let end = message.bytes().len() - message.body().len();
        assert!(message.bytes()[..end].ends_with(b"\r\n\r\n"), "{name}");
    }
}

#[test]
fn everything_else_that_is_merely_wrong_is_kept_for_the_engine() {
    let wrong = [
        "badinv01",
        "scalar02",
        "scalarlg",
        "quotbal",
        "ltgtruri",
        "lwsruri",
        "lwsstart",
        "trws",
        "escruri",
        "baddate",
        "regbadct",
        "badaspec",
        "badvers",
        "mismatch01",
        "mismatch02",
        "badbranch",
        "insuf",
        "unkscm",
        "novelsc",
        "unksm2",
        "bext01",
        "invut",
        "regaut01",
        "multi01",
        "bcast",
        "zeromf",
        "cparam01",
        "cparam02",
        "regescrt",
        "sdp01",
        "inv2543",
    ];
    for name in wrong {
        let message = read(name);
        assert!(!message.fields().is_empty(), "{name}");
    }
    assert_eq!(read("badvers").version(), b"SIP/7.0");
    assert_eq!(read("lwsstart").request_uri(), b"sip:user@example.com");
    assert_eq!(read("trws").version(), b"SIP/2.0");
    assert_eq!(read("scalar02").cseq(), None);
    assert_eq!(read("ltgtruri").request_uri(), b"<sip:user@example.com>");
    assert!(Uri::read(read("ltgtruri").request_uri()).is_none());
    for name in ["quotbal", "badaspec"] {
        let message = read(name);
        assert!(NameAddr::read(message.value(Name::To).unwrap()).is_none(), "{name}");
        let repaired = message.to().unwrap();
        assert!(!repaired.uri.host.is_empty() && repaired.display.is_empty(), "{name}");
    }
}

#[test]
fn a_head_that_stops_without_its_empty_line_is_told_and_can_be_answered() {
    let bytes = torture("rfc4475", "baddn.dat");
    assert_eq!(Message::read(bytes.clone()).err(), Some(Unreadable::Head));
    let message = Message::read_head(bytes).unwrap();
    assert_eq!((message.fault(), message.body().len()), (Some(Unreadable::Head), 0));
    assert!(message.via().is_some() && message.call_id().is_some());
    assert!(message.value(Name::From).is_some_and(|from| NameAddr::read(from).is_none()));
}

#[test]
fn a_line_without_a_version_is_no_start_line() {
    assert_eq!(Message::read(torture("rfc4475", "test.dat")).err(), Some(Unreadable::StartLine));
}

/// RFC 5118's archive has bare line feeds: the messages as they go over the wire.
fn ipv6(name: &str) -> Message {
    let text = String::from_utf8(torture("rfc5118", &format!("{name}.dat")).to_vec()).unwrap();
    let (head, body) = text.split_once("\n\n").unwrap_or((text.trim_end(), ""));
    let body = body.replace('\n', "\r\n");
    let head: String =
        head.lines().filter(|line| !line.starts_with("Content-Length")).flat_map(|line| [line, "\r\n"]).collect();
    Message::read(Bytes::from(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()))).unwrap()
}

#[test]
fn ipv6_references_are_read_by_their_brackets() {
    let request = |name: &str| {
        let message = ipv6(name);
        Uri::read(message.request_uri()).map(|uri| (String::from_utf8(uri.host.to_vec()).unwrap(), uri.port))
    };
    assert_eq!(request("ipv6-good"), Some(("2001:db8::10".into(), None)));
    assert_eq!(request("ipv6-bad"), None);
    assert_eq!(request("port-ambiguous"), Some(("2001:db8::10:5070".into(), None)));
    assert_eq!(request("port-unambiguous"), Some(("2001:db8::10".into(), Some(5070))));
    for name in ["via-received-param-with-delim", "via-received-param-no-delim"] {
        let message = ipv6(name);
        let via = message.via().unwrap();
        assert_eq!(via.host, b"2001:db8::9:1", "{name}");
        assert!(via.param("received").unwrap().windows(12).any(|part| part == b"2001:db8::9:"), "{name}");
    }
    assert_eq!(ipv6("mult-ip-in-header").list(Name::Via).count(), 3);
    assert!(ipv6("ipv4-mapped-ipv6").via().is_some());
    for name in ["ipv6-in-sdp", "mult-ip-in-sdp", "ipv6-correct-abnf-2-colons", "ipv6-bug-abnf-3-colons"] {
        let message = ipv6(name);
        assert!(message.via().is_some() && message.from().is_some(), "{name}");
    }
}
