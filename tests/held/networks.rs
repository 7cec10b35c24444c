//! What is known of a device by the network that it asks from, and what its answer says of that.
use crate::devices::{DESK, Lis, PHONE, STRANGE, assert_room, device, port, wifi};
use crate::requests::request;
use crate::xmllint::assert_valid;
use callbox::held::{Asker, Code};

/// An address in a network that the lab's calls come from, and at which no trunk is.
const INSIDE: [u8; 4] = [127, 9, 0, 7];

fn stranger(address: [u8; 4]) -> Asker {
    Asker { organisation: "acme".into(), proven: false, address: address.into() }
}

#[test]
fn who_asks_from_inside_is_at_least_at_the_site_and_who_asks_from_outside_is_nowhere() {
    let lis = Lis::new();
    let (text, code) = lis.ask(&stranger(INSIDE), "");
    assert_eq!(code, None, "{text}");
    for words in ["<gp:method>Default</gp:method>", "<ca:HNO>100</ca:HNO>", "<ca:A3>Chicago</ca:A3>"] {
        assert!(text.contains(words), "no {words} in {text}");
    }
    assert!(!text.contains("lmsrc"), "nothing was measured: {text}");
    let branch = device("<uri>tel:+13125550150</uri><mac>02-00-00-00-FF-05</mac>");
    lis.switch(|organisation| organisation.did_fallback.desk = false);
    let (text, _) = lis.ask_from(INSIDE, &branch);
    assert!(text.contains("Springfield"), "its line's site is nearer than the network's: {text}");
    assert_eq!(lis.ask_from(DESK, &device(STRANGE)).1, Some(Code::LocationUnknown));
    lis.switch(|organisation| {
        organisation.vpn = callbox::record::wiremap::Network::read("127.0.0.0/8").into_iter().collect()
    });
    assert_eq!(lis.ask(&stranger(INSIDE), "").1, Some(Code::NotLocatable), "a tunnel ends anywhere");
}

#[test]
fn a_location_uri_of_a_phone_that_only_its_network_places_leads_to_the_site() {
    let lis = Lis::new();
    let (text, _) = lis.ask_from(INSIDE, &format!("<locationType>locationURI</locationType>{}", device(STRANGE)));
    let token = text.split("/location/").nth(1).and_then(|rest| rest.split('<').next()).expect("a location URI");
    assert!(lis.at(token).0.contains("<gp:method>Default</gp:method>"));
}

#[test]
fn a_desk_phone_that_says_nothing_of_its_network_is_where_it_belongs_unless_the_organisation_forbids() {
    let lis = Lis::new();
    let fixed = device("<mac>02-00-00-00-0A-02</mac>");
    assert_room(&lis.ask_from(DESK, &fixed), "217");
    assert_room(&lis.ask_from(DESK, &format!("{fixed}{}", wifi())), "301");
    lis.switch(|organisation| organisation.did_fallback.desk = false);
    assert_eq!(Lis::ask_from(&lis, DESK, &format!("{fixed}{}", port(9))).1, Some(Code::LocationUnknown));
}

#[test]
fn a_document_says_who_measured_what_it_was_found_by() {
    let lis = Lis::new();
    let phone = device(PHONE);
    let source = |text: String| {
        let rest = text.split("geopriv10:lmsrc\">").nth(1)?.to_owned();
        rest.split('<').next().map(str::to_owned)
    };
    assert_eq!(source(lis.ask_from(DESK, &format!("{phone}{}", port(b'7'))).0).as_deref(), Some("device"));
    assert_eq!(source(lis.ask_from([10, 1, 4, 77], &phone).0).as_deref(), Some("lis"), "we see its address ourselves");
    let named = device(&format!("{PHONE}<ip v=\"4\">10.1.4.78</ip>"));
    assert_eq!(source(lis.ask_from(DESK, &named).0).as_deref(), Some("device"), "the address is its own word");
    let by_pbx = lis.ask_from([127, 0, 0, 1], &format!("{phone}{}", port(b'7')));
    assert_eq!(source(by_pbx.0).as_deref(), Some("other"));
    assert_eq!(source(lis.ask_from(DESK, &device("<uri>tel:+13125550123</uri>")).0), None, "nothing was measured");
}

#[test]
fn who_could_measure_and_did_not_is_told_what_would_help() {
    let lis = Lis::new();
    let wanted = |inside: &str| {
        let (text, code) = lis.ask_from(DESK, inside);
        assert_eq!(code, Some(Code::LocationUnknown), "{text}");
        ["lldp:lldp", "wifi:wifi"].map(|kind| text.contains(&format!("type=\"{kind}\"")))
    };
    let nowhere = wifi().replace("00-11", "00-99");
    assert_eq!(wanted(&device(STRANGE)), [true, true]);
    assert_eq!(wanted(&format!("{}{}", device(STRANGE), port(9))), [false, true]);
    assert_eq!(wanted(&format!("{}{nowhere}", device(STRANGE))), [true, false]);
    assert_eq!(wanted(&format!("{}{}{nowhere}", device(STRANGE), port(9))), [false, false]);
    assert_eq!(
        wanted(&device("<uri>tel:+13125550124</uri>")),
        [false, false],
        "a PBX sees nothing of its phones' network"
    );
}

fn flow(target: &str, source: &str, destination: &str) -> String {
    format!(
        "<flow xmlns=\"urn:ietf:params:xml:ns:geopriv:held:flow\" layer4=\"tcp\" layer3=\"ipv4\"{target}>\
         <src><address>{source}</address><port>1024</port></src>\
         <dst><address>{destination}</address><port>80</port></dst></flow>"
    )
}

#[test]
fn a_flow_is_about_whoever_is_at_its_end() {
    let lis = Lis::new();
    for (target, source, destination) in [
        ("", "10.1.4.77", "192.0.2.1"),
        (" target=\"src\"", "10.1.4.77", "192.0.2.1"),
        (" target=\"dst\"", "192.0.2.1", "10.1.4.77"),
    ] {
        let flow = flow(target, source, destination);
        assert_valid("held.xsd", &request(&flow));
        let (text, code) = lis.ask_from(DESK, &flow);
        assert!(code.is_none() && text.contains("<ca:FLR>4</ca:FLR>"), "{target}: {text}");
        assert!(text.contains("<ip v=\"4\">10.1.4.77</ip>"), "what led there is said back: {text}");
    }
    let own = flow("", "10.1.4.77", "192.0.2.1");
    assert_eq!(lis.ask(&stranger(DESK), &own).1, Some(Code::BadIdentifier), "nobody asks for another without proof");
    assert_eq!(lis.ask(&stranger([10, 1, 4, 77]), &own).1, None, "its own flow");
}

#[test]
fn a_flow_that_is_none_names_nobody() {
    let lis = Lis::new();
    let sound = flow("", "10.1.4.77", "192.0.2.1");
    for (part, instead) in [
        ("layer3=\"ipv4\"", "layer3=\"ipv6\""),
        ("layer3=\"ipv4\"", ""),
        ("layer4=\"tcp\"", "layer4=\"\""),
        ("layer4=\"tcp\"", "layer4=\"4711\""),
        ("<port>1024</port>", "<port>0</port>"),
        ("<port>80</port>", ""),
        ("<address>192.0.2.1</address>", "<address>example.com</address>"),
        ("layer4=", "target=\"both\" layer4="),
    ] {
        assert_eq!(lis.ask_from(DESK, &sound.replace(part, instead)).1, Some(Code::BadIdentifier), "{part} {instead}");
    }
    assert_eq!(lis.ask_from(DESK, &sound.replace("layer4=\"tcp\"", "layer4=\"17\"")).1, None);
}
