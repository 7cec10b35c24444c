//! Callers who say odd things of themselves.
use crate::columns::column;
use crate::invites::plain;
use crate::read::Sent;
use callbox::sip::message::Name;

/// What leaves when the From line is this one, with more lines behind it.
fn from(name: &str, from: &str, more: &str) -> Sent {
    let invite = plain("911", "+13125550123");
    let (before, rest) = invite.split_once("From: ").expect("a From");
    let (_, behind) = rest.split_once("\r\n").expect("a line");
    Sent::read(column(name).pass(format!("{before}From: {from};tag=1\r\n{more}{behind}")))
}

#[test]
fn a_caller_who_hides_is_shown_to_those_who_help_by_the_number_and_name_that_its_pbx_asserts() {
    let more = "P-Asserted-Identity: \"Room 7\" <sip:+13125550123@pbx.example>\r\nPrivacy: id;critical\r\n";
    for name in ["psap-i3", "relay-place"] {
        let sent = from(name, "\"Anonymous\" <sip:anonymous@anonymous.invalid>", more);
        let shown = "\"Room 7\" <sip:+13125550123@callbox.example;user=phone>";
        assert!(sent.one(Name::From).starts_with(shown), "{}", sent.one(Name::From));
        assert_eq!(sent.one(Name::PAssertedIdentity), shown);
        assert!(sent.all(Name::Privacy).is_empty());
    }
}

#[test]
fn a_name_leaves_quoted_on_one_line_whatever_it_came_as() {
    let shown = |display: &str| {
        let sent = from("psap-i3", &format!("{display} <sip:+13125550123@pbx.example>"), "");
        let value = sent.one(Name::From);
        value.split(" <sip:").next().unwrap_or_default().to_owned()
    };
    assert_eq!(shown("Desk"), "\"Desk\"");
    assert_eq!(shown("Desk;7 of: four"), "\"Desk;7 of: four\"");
    assert_eq!(shown(r#""say \"hi\" \\ there""#), r#""say \"hi\" \\ there""#);
    assert_eq!(shown("\"two\r\n lines\""), "\"two lines\"");
    assert_eq!(shown("\"\u{7}bell\""), "\"bell\"");
    assert_eq!(shown("\"Küche\""), "\"Küche\"");
    let nothing = from("psap-i3", "\"  \" <sip:+13125550123@pbx.example>", "");
    assert!(nothing.one(Name::From).starts_with("<sip:+13125550123@"), "{}", nothing.one(Name::From));
}

#[test]
fn a_number_of_a_telephone_is_marked_as_one_and_an_extension_is_not() {
    let sent = from("leased", "<sip:9999@pbx.example>", "");
    assert_eq!(sent.one(Name::PAssertedIdentity), "<sip:+13125550190@callbox.example;user=phone>", "one of the pool");
    let sent = from("nobody-at-a-site", "<sip:9999@pbx.example>", "");
    assert_eq!(sent.one(Name::PAssertedIdentity), "<sip:+13125550100@callbox.example;user=phone>", "the site's ECBN");
    let sent = from("nobody", "<sip:9999@pbx.example>", "");
    assert_eq!(sent.one(Name::PAssertedIdentity), "<sip:9999@callbox.example>", "nothing better is known");
    let sent = from("nobody", "<sip:a%3Ab%40c@pbx.example>", "");
    assert!(!sent.one(Name::PAssertedIdentity).contains("a:b"), "{}", sent.one(Name::PAssertedIdentity));
}

#[test]
fn several_asserted_identities_leave_as_one_sip_uri() {
    let more = "P-Asserted-Identity: \"A\" <sip:+13125550123@pbx.example>, <tel:+13125550123>\r\n\
        P-Asserted-Identity: nonsense\r\n";
    let sent = from("psap-i3", "<sip:+13125550123@pbx.example>", more);
    assert_eq!(sent.one(Name::PAssertedIdentity), "\"A\" <sip:+13125550123@callbox.example;user=phone>");
}

#[test]
fn a_caller_of_whom_nothing_is_known_is_reached_by_the_token_of_the_call() {
    let sent = from("nobody", "\"Anonymous\" <sip:anonymous@anonymous.invalid>", "");
    let asserted = sent.one(Name::PAssertedIdentity);
    let contact = sent.message.contact().expect("a Contact").uri.user.to_vec();
    assert_eq!(asserted, format!("<sip:{}@callbox.example>", String::from_utf8_lossy(&contact)));
}

#[test]
fn a_caller_with_an_ecbn_is_shown_by_it_alone_where_the_gateway_takes_the_call() {
    let more = "P-Asserted-Identity: <sip:+13125550150@pbx.example>\r\n\
        P-Preferred-Identity: <sip:+13125550150@pbx.example>\r\n\
        Remote-Party-ID: <sip:+13125550150@pbx.example>\r\n";
    let sent = from("gateway-ecbn", "\"Desk 7\" <sip:+13125550150@pbx.example>", more);
    assert!(sent.one(Name::From).starts_with("\"Desk 7\" <sip:+13125550199@callbox.example;user=phone>;tag="));
    let head = String::from_utf8_lossy(sent.message.bytes()).into_owned();
    assert!(!head.contains("+13125550150"), "{head}");
}

#[test]
fn a_gateway_gets_digits_for_a_service_and_what_was_dialled_for_all_else() {
    let dialled = |uri: &str| {
        let invite = plain("911", "+13125550150").replace("INVITE sip:911@127.0.0.1 ", &format!("INVITE {uri} "));
        let sent = Sent::read(column("gateway-911").pass(invite));
        String::from_utf8_lossy(sent.message.request_uri()).into_owned()
    };
    assert_eq!(dialled("urn:service:sos.fire"), "sip:911@127.0.0.1:5074;user=phone");
    assert_eq!(dialled("tel:911;phone-context=+1"), "sip:911;phone-context=+1@127.0.0.1:5074;user=phone");
    assert_eq!(dialled("sips:9-1-1@10.0.0.1;user=dialstring;lr"), "sip:9-1-1@127.0.0.1:5074;user=dialstring");
    assert_eq!(dialled("sip:127.0.0.1"), "sip:911@127.0.0.1:5074;user=phone");
}

#[test]
fn a_service_below_the_first_keeps_its_name_at_a_psap_that_knows_services() {
    let invite = plain("911", "+13125550123").replace("INVITE sip:911@127.0.0.1 ", "INVITE urn:service:sos.fire ");
    let sent = Sent::read(column("psap-i3").pass(invite));
    assert_eq!(sent.message.request_uri(), b"urn:service:sos.fire");
    assert_eq!(sent.one(Name::To), "<urn:service:sos.fire>");
}

#[test]
fn a_body_that_is_a_location_alone_becomes_a_part_with_the_headers_that_it_had() {
    let document = "<presence xmlns=\"urn:ietf:params:xml:ns:pidf\" entity=\"pres:a@b\"/>";
    let invite = plain("911", "+13125550123");
    let (head, _) = invite.split_once("Content-Type:").expect("a body");
    let invite = format!(
        "{head}Geolocation: <cid:one@pbx.example>\r\nContent-ID: <one@pbx.example>\r\n\
         Content-Type: application/pidf+xml\r\nContent-Length: {}\r\n\r\n{document}",
        document.len()
    );
    let sent = Sent::read(column("psap-i3").pass(invite));
    let parts = sent.parts();
    let part = parts.iter().find(|part| part.content_id == b"one@pbx.example").expect("the part");
    assert_eq!((part.content_type, part.content), (&b"application/pidf+xml"[..], document.as_bytes()));
    // No offer left, so that nothing reliable may ring before the caller has made one.
    assert_eq!(sent.one(Name::Supported), "timer, replaces");
}

#[test]
fn hops_that_are_used_up_do_not_stop_an_emergency_call() {
    let hops = |name: &str, value: &str| {
        let column = column(name);
        let invite =
            plain(column.dialled, column.number).replace("Max-Forwards: 70", &format!("Max-Forwards: {value}"));
        Sent::read(column.pass(invite)).one(Name::MaxForwards)
    };
    assert_eq!(hops("psap-i3", "2"), "1");
    assert_eq!(hops("psap-i3", "1"), "10");
    assert_eq!(hops("psap-i3", "0"), "10");
    for unusable in ["256", "4294967296", "-1", "many", ""] {
        assert_eq!(hops("psap-i3", unusable), "10", "{unusable:?}");
    }
    assert_eq!(hops("psap-i3", "255"), "254");
    assert_eq!(hops("gateway-other", "1"), "0");
}
