//! A phone that tells what it sees of its network, by value and by reference.
use crate::requests::{NOW, THIRD_PARTY, request};
use crate::xmllint::assert_valid;
use callbox::base::entropy::Entropy;
use callbox::base::now::Wall;
use callbox::cache::Cache;
use callbox::config::world;
use callbox::held::{Asker, Code, Form, LOCATION_PATH, Terms, Wanted, answer, dereference, presence, read};
use callbox::record::wiremap::{Key, Network, Row};
use callbox::record::{Civic, Position, Shape};
use core::net::IpAddr;
use core::time::Duration;
use std::cell::RefCell;

/// The addresses of a phone's network, of nobody's trunk.
pub const DESK: [u8; 4] = [10, 9, 0, 7];

/// A location server with the lab's tables.
pub struct Lis {
    pub cache: Cache,
    chance: RefCell<Entropy>,
    now: Wall,
}

impl Lis {
    pub fn new() -> Lis {
        let cache = Cache::default();
        let _settings = world::lab().expect("the lab is sound").publish(&cache);
        Lis { cache, chance: Entropy::seeded([3; 32]).into(), now: NOW }
    }

    pub fn ask_from(&self, address: impl Into<IpAddr>, inside: &str) -> (String, Option<Code>) {
        self.ask(&Asker { organisation: "acme".into(), proven: true, address: address.into() }, inside)
    }

    pub fn ask(&self, asker: &Asker, inside: &str) -> (String, Option<Code>) {
        let terms = Terms { public_url: Some("https://lis.example".into()), lifetime: Duration::from_secs(3600) };
        let request = read(request(inside).as_bytes(), self.now).expect("a request");
        let chance = &mut self.chance.borrow_mut();
        let (out, code) = answer(&self.cache, &terms, asker, &request, self.now, chance);
        (valid(&out), code)
    }

    /// The token of the location URI in an answer.
    pub fn token(&self, inside: &str) -> String {
        let (text, code) = self.ask_from(DESK, &format!("<locationType>locationURI</locationType>{inside}"));
        assert_eq!(code, None, "{text}");
        let after = text.split(LOCATION_PATH).nth(1).unwrap_or_else(|| panic!("no location URI in {text}"));
        after.split('<').next().expect("a token").to_owned()
    }

    pub fn at(&self, token: &str) -> (String, Option<Code>) {
        let named = self.cache.token(token).expect("a token that names somebody");
        let wanted = Wanted { forms: vec![Form::Civic], exact: false };
        let (out, code) = dereference(&self.cache, &named, &wanted, self.now, &mut self.chance.borrow_mut());
        (valid(&out), code)
    }
}

fn valid(out: &[u8]) -> String {
    let text = String::from_utf8(out.to_vec()).expect("UTF-8");
    assert_valid("held.xsd", &text);
    text
}

pub fn device(identities: &str) -> String {
    format!("<device xmlns=\"urn:ietf:params:xml:ns:geopriv:held:id\">{identities}</device>")
}

pub fn measured(inside: &str) -> String {
    let time = "2026-11-21T20:15:01Z";
    format!("<measurements xmlns=\"urn:ietf:params:xml:ns:geopriv:lm\" time=\"{time}\">{inside}</measurements>")
}

/// The switch port of room 217, or another one.
pub fn port(port: u8) -> String {
    measured(&format!(
        "<lldp xmlns=\"urn:ietf:params:xml:ns:geopriv:lm:lldp\"><chassis type=\"4\">020000000101</chassis>\
         <port type=\"5\">{port:02x}</port></lldp>"
    ))
}

/// The access point of room 301.
pub fn wifi() -> String {
    measured(
        "<wifi xmlns=\"urn:ietf:params:xml:ns:geopriv:lm:wifi\"><ap serving=\"true\"><bssid>02-00-00-00-00-11</bssid></ap>\
         </wifi>",
    )
}

pub const PHONE: &str = "<mac>02-00-00-00-0A-01</mac>";
pub const STRANGE: &str = "<mac>02-00-00-00-FF-01</mac>";

#[track_caller]
pub fn assert_room((text, code): &(String, Option<Code>), room: &str) {
    assert_eq!(*code, None, "{text}");
    assert!(text.contains(&format!("<ca:ROOM>{room}</ca:ROOM>")), "not in {room}: {text}");
}

#[test]
fn a_phone_learns_its_room_from_the_switch_port_or_the_access_point_that_it_sees() {
    let lis = Lis::new();
    for phone in [PHONE, STRANGE, ""] {
        let phone = if phone.is_empty() { String::new() } else { device(phone) };
        let told = lis.ask_from(DESK, &format!("{phone}{}", port(b'7')));
        assert_room(&told, "217");
        assert!(told.0.contains("<gp:method>Wiremap</gp:method>"), "{}", told.0);
        assert!(
            told.0.contains("<dm:timestamp>2026-11-21T20:15:01Z</dm:timestamp>"),
            "when it was measured: {}",
            told.0
        );
        assert_room(&lis.ask_from(DESK, &format!("{phone}{}", wifi())), "301");
    }
}

#[test]
fn a_phone_learns_its_floor_from_its_address_in_its_own_network() {
    let lis = Lis::new();
    let floor = |told: (String, Option<Code>)| told.0.contains("<ca:FLR>4</ca:FLR>");
    assert!(floor(lis.ask_from([10, 1, 4, 77], &device(STRANGE))), "the address that it asks from");
    assert!(floor(lis.ask_from(DESK, &device("<ip v=\"4\">10.1.4.78</ip>"))), "the address that it names");
    let own = Asker { organisation: "acme".into(), proven: false, address: [10, 1, 4, 79].into() };
    assert!(floor(lis.ask(&own, "")), "without credentials");
    let pbx = Lis::new().ask_from([127, 0, 0, 1], &device(STRANGE));
    assert_eq!(pbx.1, Some(Code::LocationUnknown), "the address of a trunk is no phone's: {}", pbx.0);
}

#[test]
fn a_room_and_a_floor_of_one_building_are_the_room_and_two_rooms_are_the_building() {
    let lis = Lis::new();
    assert_room(&lis.ask_from([10, 1, 4, 77], &format!("{}{}", device(PHONE), port(b'7'))), "217");
    let (text, code) = lis.ask_from(DESK, &format!("{}{}{}", device(PHONE), port(b'7'), wifi()));
    assert!(code.is_none() && text.contains("<ca:HNO>100</ca:HNO>") && !text.contains("ca:ROOM"), "{text}");
}

#[test]
fn a_location_uri_leads_to_where_the_phone_is_now() {
    let lis = Lis::new();
    let token = lis.token(&format!("{}{}", device(PHONE), port(b'7')));
    assert_room(&lis.at(&token), "217");
    assert!(!lis.at(&token).0.contains("locationUriSet"));
    lis.ask_from(DESK, &format!("{}{}", device(PHONE), wifi()));
    assert_room(&lis.at(&token), "301");
    let told = lis.cache.whereabouts("hq-desk-1").expect("what the phone told");
    assert_eq!((told.at, told.source, told.measurements.interfaces.len()), (NOW, Some(DESK.into()), 2));
    let named = lis.cache.token(&token).expect("a token");
    assert_eq!((&*named.device, &*named.organisation), ("hq-desk-1", "acme"));
    let bare = presence(&lis.cache, &named, NOW, &mut lis.chance.borrow_mut()).expect("a place");
    let bare = String::from_utf8(bare.to_vec()).expect("UTF-8");
    assert_valid("all.xsd", &bare);
    assert!(bare.contains("<ca:ROOM>301</ca:ROOM>"), "{bare}");
}

#[test]
fn an_answer_has_the_forms_that_were_asked_for() {
    let lis = Lis::new();
    let phone = format!("{}{}", device(PHONE), port(b'7'));
    let asked = |forms: &str| lis.ask_from(DESK, &format!("<locationType {forms}</locationType>{phone}"));
    for (forms, by_value, by_reference) in [
        (">any", true, true),
        (">civic", true, false),
        (">geodetic", true, false),
        (">locationURI", false, true),
        (" exact=\"true\">locationURI", false, true),
        (" exact=\"true\">civic locationURI", true, true),
        (">locationURI civic geodetic", true, true),
    ] {
        let (text, code) = asked(forms);
        assert_eq!(code, None, "{forms}: {text}");
        let uri = "<locationUriSet expires=\"2026-11-21T21:15:03Z\"><locationURI>https://lis.example/location/";
        assert_eq!((text.contains("<presence "), text.contains(uri)), (by_value, by_reference), "{forms}: {text}");
    }
    assert_eq!(asked(" exact=\"true\">geodetic").1, Some(Code::CannotProvideLiType));
}

#[test]
fn a_place_with_a_shape_is_told_by_its_address_by_its_shape_or_by_both() {
    let lis = Lis::new();
    let mut room = (**lis.cache.locations.get("hq-217").expect("a room")).clone();
    room.shape = Position::new(41.87, -87.63, None).map(|at| Shape::Circle { center: at, radius: 20.0 }.into());
    lis.cache.locations.insert("hq-217".into(), room.clone().into());
    let phone = format!("{}{}", device(PHONE), port(b'7'));
    let asked = |forms: &str| {
        let (text, code) = lis.ask_from(DESK, &format!("<locationType {forms}</locationType>{phone}"));
        assert_eq!(code, None, "{forms}: {text}");
        (text.contains("<ca:civicAddress"), text.contains("Circle"))
    };
    for (forms, expected) in [
        (">any", (true, true)),
        (">civic", (true, false)),
        (">geodetic", (false, true)),
        (">geodetic civic", (true, true)),
        (" exact=\"true\">geodetic", (false, true)),
        (" exact=\"true\">civic", (true, false)),
        (" exact=\"true\">civic geodetic locationURI", (true, true)),
        (" exact=\"true\">locationURI", (false, false)),
    ] {
        assert_eq!(asked(forms), expected, "{forms}");
    }
    let token = lis.token(&phone);
    let named = lis.cache.token(&token).expect("somebody");
    let exact = Wanted { forms: vec![Form::Geodetic], exact: true };
    let (out, code) = dereference(&lis.cache, &named, &exact, NOW, &mut lis.chance.borrow_mut());
    assert!(code.is_none() && valid(&out).contains("Circle"), "by its location URI too");
    room.civic = Civic::default();
    lis.cache.locations.insert("hq-217".into(), room.into());
    assert_eq!(asked(">civic"), (false, true), "better a shape than nothing");
    let exact = format!("<locationType exact=\"true\">civic</locationType>{phone}");
    assert_eq!(lis.ask_from(DESK, &exact).1, Some(Code::CannotProvideLiType));
}

#[test]
fn a_phone_that_nothing_tells_from_its_neighbours_gets_no_location_uri() {
    let lis = Lis::new();
    let nat = IpAddr::from([192, 0, 2, 200]);
    let (text, code) = lis.ask_from(nat, &port(b'7'));
    assert!(code.is_none() && !text.contains("locationUriSet"), "{text}");
    let exact = format!("<locationType exact=\"true\">locationURI</locationType>{}", port(b'7'));
    assert_eq!(lis.ask_from(nat, &exact).1, Some(Code::CannotProvideLiType));
    let (text, _) = lis.ask_from(nat, &format!("{}{}", device(STRANGE), port(b'7')));
    assert!(text.contains("locationUriSet"), "its hardware address does tell it: {text}");
}

#[test]
fn a_pbx_that_asks_by_number_hears_where_the_phone_said_it_is() {
    let lis = Lis::new();
    let line = device("<uri>tel:4117</uri>");
    assert_eq!(lis.ask_from([127, 0, 0, 1], &line).1, Some(Code::LocationUnknown));
    lis.ask_from(DESK, &format!("{}{}", device(PHONE), port(b'7')));
    assert_room(&lis.ask_from([127, 0, 0, 1], &line), "217");
    // This line rings two phones, so it does not say which one is meant.
    lis.ask_from(DESK, &format!("{}{}", device("<mac>02-00-00-00-0A-02</mac>"), port(b'7')));
    assert_eq!(lis.ask_from([127, 0, 0, 1], &device("<uri>tel:4118</uri>")).1, Some(Code::LocationUnknown));
}

#[test]
fn a_number_stands_in_for_a_phone_and_not_for_a_client_unless_the_organisation_says_so() {
    let lis = Lis::new();
    let number = "<uri>tel:+13125550123</uri>";
    let desk = device(&format!("{STRANGE}{number}"));
    assert_room(&lis.ask_from(DESK, &format!("{desk}{}", port(9))), "101");
    let soft = device(&format!("<uri>urn:uuid:00000000-0000-1000-8000-020000000a04</uri>{number}"));
    assert_eq!(lis.ask_from(DESK, &format!("{soft}{}", port(9))).1, Some(Code::LocationUnknown));
    lis.switch(|organisation| organisation.did_fallback.soft = true);
    assert_room(&lis.ask_from(DESK, &format!("{soft}{}", port(9))), "101");
    lis.switch(|organisation| organisation.did_fallback.desk = false);
    assert_eq!(lis.ask_from(DESK, &format!("{desk}{}", port(9))).1, Some(Code::LocationUnknown));
}

#[test]
fn two_buildings_are_no_place_and_the_call_is_told_so() {
    let lis = Lis::new();
    lis.row(Key::Subnet(Network::read("10.1.9.0/24").expect("a network"), None), "branch-main");
    let phone = format!("{}{}", device(PHONE), port(b'7'));
    let (text, code) = lis.ask_from([10, 1, 9, 77], &phone);
    assert!(code == Some(Code::LocationUnknown) && text.contains("two buildings"), "{text}");
    assert!(lis.cache.whereabouts("hq-desk-1").is_some(), "what it told is kept for its calls");
}

#[test]
fn an_address_in_a_tunnel_says_nothing() {
    let lis = Lis::new();
    lis.switch(|organisation| organisation.vpn = Network::read("10.1.4.0/24").into_iter().collect());
    assert_eq!(lis.ask_from([10, 1, 4, 77], "").1, Some(Code::NotLocatable));
    assert_room(&lis.ask_from([10, 1, 4, 77], &format!("{}{}", device(PHONE), port(b'7'))), "217");
}

#[test]
fn identities_that_name_two_devices_lead_nowhere() {
    let lis = Lis::new();
    let two = device("<mac>02-00-00-00-0A-01</mac><mac>02-00-00-00-0A-02</mac>");
    assert_eq!(lis.ask_from(DESK, &two).1, Some(Code::BadIdentifier));
}

#[test]
fn the_whole_request_of_the_schemas_is_answered_and_says_which_identities_led_there() {
    let lis = Lis::new();
    let asker = Asker { organisation: "acme".into(), proven: true, address: [192, 0, 2, 117].into() };
    let request = read(THIRD_PARTY.as_bytes(), NOW).expect("a request");
    let terms = Terms { public_url: None, lifetime: Duration::from_secs(3600) };
    let (out, code) = answer(&lis.cache, &terms, &asker, &request, NOW, &mut lis.chance.borrow_mut());
    let text = valid(&out);
    assert!(code.is_none(), "{text}");
    for used in ["<uri>tel:+13125550123</uri>", "<ip v=\"4\">192.0.2.117</ip>", "<mac>00-00-5E-00-53-17</mac>"] {
        assert!(text.contains(used), "{text}");
    }
}

impl Lis {
    pub fn switch(&self, change: impl Fn(&mut callbox::record::Organisation)) {
        self.cache.snapshot.rcu(|held| {
            let mut snapshot = (**held).clone();
            for organisation in snapshot.organisations.values_mut() {
                let mut changed = (**organisation).clone();
                change(&mut changed);
                *organisation = changed.into();
            }
            snapshot
        });
    }

    pub fn row(&self, key: Key, location: &str) {
        self.cache.wiremap.insert(&Row { organisation: "acme".into(), key, location: Some(location.into()) });
    }
}
