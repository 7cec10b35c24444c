//! What is read of a request.
use crate::xmllint::assert_valid;
use callbox::held::{
    Code, Form, MOST_BYTES, MOST_DEPTH, MOST_NODES, Measured, Request, ResponseTime, Target, Wanted, read,
};
use callbox::record::Number;
use proptest::prelude::*;

pub const THIRD_PARTY: &str = include_str!("documents/third-party-request.xml");
const PLAIN: &str = include_str!("documents/plain-request.xml");

/// A request with these elements in it.
pub fn request(inside: &str) -> String {
    format!("<locationRequest xmlns=\"urn:ietf:params:xml:ns:geopriv:held\">{inside}</locationRequest>")
}

/// A request about a device with these identities.
pub fn about(identities: &str) -> String {
    request(&format!("<device xmlns=\"urn:ietf:params:xml:ns:geopriv:held:id\">{identities}</device>"))
}

fn read_well(text: &str) -> Request {
    read(text.as_bytes()).unwrap_or_else(|error| panic!("{error:?} for {text}"))
}

fn code(text: &str) -> Option<Code> {
    read(text.as_bytes()).err().map(|error| error.code)
}

fn targets(identities: &str) -> Vec<Target> {
    read_well(&about(identities)).identities.into_iter().map(|identity| identity.target).collect()
}

fn number(text: &str) -> Target {
    Target::Number(Number::read(text).expect("a number"))
}

#[test]
fn a_whole_request_is_read_and_is_one_that_the_schemas_know() {
    assert_valid("held.xsd", THIRD_PARTY);
    let request = read_well(THIRD_PARTY);
    assert_eq!(request.response_time, Some(ResponseTime::EmergencyDispatch));
    assert_eq!(request.wanted.forms, [Form::Civic, Form::Geodetic, Form::Uri]);
    assert!(!request.wanted.exact);
    let targets: Vec<_> = request.identities.iter().map(|identity| identity.target.clone()).collect();
    let mac = Target::Mac(vec![0, 0, 0x5e, 0, 0x53, 0x17]);
    assert_eq!(targets, [number("+13125550123"), Target::Ip([192, 0, 2, 117].into()), mac]);
    let expected = [
        Measured::Lldp { chassis: (4, vec![2, 0, 0, 0, 1, 1]), port: (5, b"7".to_vec()) },
        Measured::Dhcp {
            giaddr: [192, 0, 2, 1].into(),
            circuit: vec![0x10, 0x8b],
            remote: Vec::new(),
            subscriber: Vec::new(),
        },
        Measured::Wifi { bssid: [2, 0, 0, 0, 0, 0x11], serving: true, rcpi_dbm: Some(-59) },
        Measured::Wifi { bssid: [2, 0, 0, 0, 0, 0x12], serving: false, rcpi_dbm: None },
    ];
    assert_eq!(request.measured, expected);
}

#[test]
fn a_request_that_says_nothing_asks_for_any_form_of_the_askers_own_location() {
    assert_valid("held.xsd", PLAIN);
    let request = read_well(PLAIN);
    assert_eq!(request, Request { response_time: Some(ResponseTime::Millis(8000)), ..Request::default() });
}

#[test]
fn forms_come_in_the_askers_order_and_any_takes_exact_away() {
    let wanted = |inside: &str| read_well(&request(inside)).wanted;
    let exact = Wanted { forms: vec![Form::Geodetic, Form::Civic], exact: true };
    assert_eq!(wanted("<locationType exact=\" true \"> geodetic civic  geodetic </locationType>"), exact);
    assert_eq!(wanted("<locationType exact=\"true\">any</locationType>"), Wanted::default());
    assert_eq!(wanted("<locationType/>"), Wanted::default());
    assert!(!wanted("<locationType exact=\"maybe\">civic</locationType>").exact);
    assert_eq!(code(&request("<locationType>civil</locationType>")), Some(Code::RequestError));
}

#[test]
fn telephone_numbers_are_read_in_every_form_that_devices_write() {
    let forms = [
        ("<uri>tel:+1-312-555-0123</uri>", "+13125550123"),
        ("<uri>TEL:+13125550123</uri>", "+13125550123"),
        ("<uri>tel:4117;phone-context=callbox.example</uri>", "4117"),
        ("<uri>tel:+13125550100;ext=4117</uri>", "4117"),
        ("<uri>tel:+13125550100;phone-context=x;extension=4117</uri>", "4117"),
        ("<uri>sip:4117@callbox.example;gr=urn:uuid:1</uri>", "4117"),
        ("<uri>sips:+13125550123:x@callbox.example</uri>", "+13125550123"),
        ("<msisdn>13125550123</msisdn>", "+13125550123"),
        ("<mdn> 13125550123 </mdn>", "+13125550123"),
    ];
    for (text, expected) in forms {
        assert_eq!(targets(text), [number(expected)], "{text}");
    }
}

#[test]
fn other_identities_are_read_as_what_they_are_worth() {
    assert_eq!(targets("<ip v=\"6\">2001:db8::1</ip>"), [Target::Ip("2001:db8::1".parse().expect("an address"))]);
    assert_eq!(targets("<mac>0200.0000.0101</mac>"), [Target::Mac(vec![2, 0, 0, 0, 1, 1])]);
    for malformed in
        ["<ip v=\"4\">192.0.2</ip>", "<mac>02-00</mac>", "<uri>tel:</uri>", "<uri>4117</uri>", "<msisdn>12a</msisdn>"]
    {
        assert_eq!(targets(malformed), [Target::Malformed], "{malformed}");
    }
    for unsupported in [
        "<nai>a@b.example</nai>",
        "<duid>00</duid>",
        "<imsi>123456</imsi>",
        "<uri>urn:uuid:1</uri>",
        "<uri>sip:a.example</uri>",
    ] {
        assert_eq!(targets(unsupported), [Target::Unsupported], "{unsupported}");
    }
    assert_eq!(targets("<other xmlns=\"urn:other\">1</other>"), []);
    assert_eq!(code(&about(&"<mac>02-00-00-00-01-01</mac>".repeat(17))), Some(Code::BadIdentifier));
}

#[test]
fn measurements_that_cannot_be_read_are_passed_over() {
    let measured = |inside: &str| {
        read_well(&request(&format!(
            "<measurements xmlns=\"urn:ietf:params:xml:ns:geopriv:lm\">{inside}</measurements>"
        )))
        .measured
    };
    for text in [
        "<lldp xmlns=\"urn:ietf:params:xml:ns:geopriv:lm:lldp\"><chassis type=\"4\">0g</chassis><port type=\"5\">37</port></lldp>",
        "<lldp xmlns=\"urn:ietf:params:xml:ns:geopriv:lm:lldp\"><chassis type=\"4\">00</chassis></lldp>",
        "<wifi xmlns=\"urn:ietf:params:xml:ns:geopriv:lm:wifi\"><ap><bssid>02-00-00</bssid></ap></wifi>",
        "<dhcp-rai xmlns=\"urn:ietf:params:xml:ns:geopriv:lm:dhcp\"><circuit>00</circuit></dhcp-rai>",
        "<lldp xmlns=\"urn:other\"/>",
    ] {
        assert_eq!(measured(text), [], "{text}");
    }
}

#[test]
fn what_is_no_request_is_told_so() {
    let ns = "urn:ietf:params:xml:ns:geopriv:held";
    for text in [
        "",
        "GET / HTTP/1.1",
        "<locationRequest",
        "<a></b>",
        "<p:locationRequest/>",
        "<!DOCTYPE a><locationRequest xmlns=\"urn:ietf:params:xml:ns:geopriv:held\"/>",
        "<a/><b/>",
        "<a/>text",
        "<a b='1' b='2'/>",
        "<a>&unknown;</a>",
    ] {
        assert_eq!(code(text), Some(Code::XmlError), "{text}");
    }
    for text in [format!("<locationResponse xmlns=\"{ns}\"/>"), "<locationRequest/>".into(), "<a/>".into()] {
        assert_eq!(code(&text), Some(Code::UnsupportedMessage), "{text}");
    }
}

#[test]
fn what_is_too_deep_too_many_or_too_long_is_refused() {
    let nested = |depth: usize| request(&format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth)));
    assert_eq!(code(&nested(MOST_DEPTH - 1)), None);
    assert_eq!(code(&nested(MOST_DEPTH)), Some(Code::XmlError));
    assert_eq!(code(&request(&"<a/>".repeat(MOST_NODES))), Some(Code::XmlError));
    assert_eq!(code(&request(&" ".repeat(MOST_BYTES))), Some(Code::XmlError));
    let attributes = |count: usize| (0..count).map(|at| format!(" a{at}='1'")).collect::<String>();
    assert_eq!(code(&request(&format!("<a{}/>", attributes(32)))), None);
    assert_eq!(code(&request(&format!("<a{}/>", attributes(33)))), Some(Code::XmlError));
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_fail(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _read = read(&bytes);
    }

    #[test]
    fn whatever_stands_in_an_identity_comes_back_as_it_was(text in "[ -~]{0,60}") {
        let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let request = read_well(&about(&format!("<uri>{escaped}</uri>")));
        prop_assert_eq!(&request.identities[0].text, text.trim());
    }
}
