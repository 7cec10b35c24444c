//! What is read of a request.
use crate::xmllint::assert_valid;
use callbox::base::now::Wall;
use callbox::held::{Code, Form, MOST_BYTES, MOST_DEPTH, MOST_NODES, Request, ResponseTime, Target, Wanted, read};
use callbox::record::{AccessPoint, Attachment, Chassis, Interface, Mac, Number, Port};
use proptest::prelude::*;

pub const THIRD_PARTY: &str = include_str!("documents/third-party-request.xml");
/// Two seconds after what the document says.
pub const NOW: Wall = Wall::from_millis(1_795_292_103_000);
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
    read(text.as_bytes(), NOW).unwrap_or_else(|error| panic!("{error:?} for {text}"))
}

fn code(text: &str) -> Option<Code> {
    read(text.as_bytes(), NOW).err().map(|error| error.code)
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
    assert_eq!(targets, [number("+13125550123"), Target::Ip([192, 0, 2, 117].into()), mac("00-00-5E-00-53-17")]);
    let at = Wall::from_millis(1_795_292_101_000);
    let wired = Interface {
        at,
        switches: vec![switch(&[2, 0, 0, 0, 1, 1], Some(b"7"))],
        addresses: vec![[192, 0, 2, 1].into()],
        ..Interface::default()
    };
    let point = |last, serving, signal_dbm| AccessPoint { bssid: Mac::new([2, 0, 0, 0, 0, last]), serving, signal_dbm };
    let access_points = vec![point(0x11, true, Some(-59)), point(0x12, false, None)];
    assert!(request.measured == [wired, Interface { at, access_points, ..Interface::default() }]);
}

fn mac(text: &str) -> Target {
    Target::Mac(Mac::read(text).expect("a hardware address"))
}

fn switch(chassis: &[u8], port: Option<&[u8]>) -> Attachment {
    let chassis = Chassis::from_octets(chassis).expect("a switch");
    Attachment { chassis, port: port.and_then(Port::from_octets) }
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
        ("<uri>sip:4117@callbox.example;user=phone</uri>", "4117"),
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
    assert_eq!(targets("<mac>0200.0000.0101</mac>"), [mac("02-00-00-00-01-01")]);
    for malformed in
        ["<ip v=\"4\">192.0.2</ip>", "<mac>02-00</mac>", "<uri>tel:</uri>", "<uri>4117</uri>", "<msisdn>12a</msisdn>"]
    {
        assert_eq!(targets(malformed), [Target::Malformed], "{malformed}");
    }
    for unsupported in [
        "<nai>a@b.example</nai>",
        "<duid>00</duid>",
        "<imsi>123456</imsi>",
        "<mac>02-00-00-ff-fe-00-01-01</mac>",
        "<uri>sip:a.example</uri>",
    ] {
        assert_eq!(targets(unsupported), [Target::Unsupported], "{unsupported}");
    }
    let instance = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6";
    for text in [instance.to_uppercase(), format!("sip:4117@callbox.example;gr={instance}"), instance.to_owned()] {
        assert_eq!(targets(&format!("<uri>{text}</uri>")), [Target::Instance(instance.into())], "{text}");
    }
    assert_eq!(targets("<other xmlns=\"urn:other\">1</other>"), []);
    assert_eq!(code(&about(&"<mac>02-00-00-00-01-01</mac>".repeat(17))), Some(Code::BadIdentifier));
}

fn measured_at(time: &str, inside: &str) -> Vec<Interface> {
    let ns = "urn:ietf:params:xml:ns:geopriv:lm";
    read_well(&request(&format!("<measurements xmlns=\"{ns}\" time=\"{time}\">{inside}</measurements>"))).measured
}

fn lldp(inside: &str) -> String {
    format!("<lldp xmlns=\"urn:ietf:params:xml:ns:geopriv:lm:lldp\">{inside}</lldp>")
}

fn dhcp(inside: &str) -> String {
    format!("<dhcp-rai xmlns=\"urn:ietf:params:xml:ns:geopriv:lm:dhcp\">{inside}</dhcp-rai>")
}

#[test]
fn measurements_that_cannot_be_read_are_passed_over() {
    for text in [
        &lldp("<chassis type=\"4\">0g</chassis><port type=\"5\">37</port>"),
        &lldp("<port type=\"5\">37</port>"),
        "<wifi xmlns=\"urn:ietf:params:xml:ns:geopriv:lm:wifi\"><ap><bssid>02-00-00</bssid></ap></wifi>",
        &dhcp("<circuit>00</circuit>"),
        "<lldp xmlns=\"urn:other\"/>",
    ] {
        assert!(measured_at("", text).is_empty(), "{text}");
    }
}

#[test]
fn a_switch_is_told_by_lldp_or_by_what_a_dhcp_relay_adds() {
    let switches = |inside: &str| measured_at("", inside).remove(0).switches;
    let chassis = [2, 0, 0, 0, 1, 1];
    assert!(switches(&lldp("<chassis type=\"4\">020000000101</chassis>")) == [switch(&chassis, None)]);
    for (remote, circuit) in [("020000000101", "37"), ("0006020000000101", "010137")] {
        let inside = dhcp(&format!("<giaddr>10.1.4.1</giaddr><circuit>{circuit}</circuit><remote>{remote}</remote>"));
        assert!(switches(&inside) == [switch(&chassis, Some(b"7"))], "{inside}");
        assert_eq!(measured_at("", &inside)[0].addresses, ["10.1.4.1".parse::<core::net::IpAddr>().expect("one")]);
    }
    let alike = dhcp("<giaddr>10.1.4.1</giaddr><remote>000400000101</remote>");
    assert!(switches(&alike) == [switch(&[0, 4, 0, 0, 1, 1], None)], "an address that looks like a kind and a length");
}

#[test]
fn the_time_of_a_measurement_is_believed_unless_the_clock_is_wrong() {
    let inside = lldp("<chassis type=\"4\">020000000101</chassis>");
    let at = |time: &str| measured_at(time, &inside)[0].at;
    assert_eq!(at("2026-11-21T20:15:01Z"), Wall::from_millis(1_795_292_101_000));
    for wrong in ["", "2026-11-21T20:15:04Z", "2027-01-01T00:00:00Z", "1970-01-01T00:00:10Z", "2026-10-01T00:00:00Z"] {
        assert_eq!(at(wrong), NOW, "{wrong}");
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
        let _read = read(&bytes, NOW);
    }

    #[test]
    fn whatever_stands_in_an_identity_comes_back_as_it_was(text in "[ -~]{0,60}") {
        let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let request = read_well(&about(&format!("<uri>{escaped}</uri>")));
        prop_assert_eq!(&request.identities[0].text, text.trim());
    }
}
