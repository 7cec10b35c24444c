//! Phones that told where they are plugged in, and then call.
use crate::peers::{Caller, value, values};
use crate::world::{CALLER, PSAP_1, RELAY, World};
use callbox::base::entropy::Entropy;
use callbox::base::now::Wall;
use callbox::cache::{Named, Typed, Whereabouts};
use callbox::fact::Fact;
use callbox::record::surroundings::Surroundings;
use callbox::record::{
    Attachment, Chassis, Civic, Conveyance, Element, Interface, LocationPosition, Mac, Measurements, Port,
};
use callbox::sip::message::{Message, Name, multipart};
use std::sync::Arc;

/// A device tells which default gateway it has: no line of the wiremap does.
fn at_gateway(world: &World, device: &str, gateway: &str) -> Measurements {
    let at = Wall::from_millis(world.wall);
    let interface = Interface { at, gateway: Mac::read(gateway), ..Interface::default() };
    let measurements = Measurements { interfaces: vec![interface], public: None };
    let told = Whereabouts { measurements: measurements.clone(), at, source: None, line: None };
    assert!(world.cache.tell_whereabouts(&device.into(), told));
    measurements
}

/// The lab with a memory of its own.
fn world() -> World {
    World::with(|_| {}, |_| {})
}

/// A device tells which switch port it is on, so many days ago.
fn plug(world: &World, device: &str, port: &str, days: u64) {
    let at = Wall::from_millis(world.wall - days * 24 * 3600 * 1000);
    let chassis = Chassis::read("02-00-00-00-01-01").expect("a switch");
    let switches = vec![Attachment { chassis, port: Port::read(port) }];
    let measurements =
        Measurements { interfaces: vec![Interface { at, switches, ..Interface::default() }], public: None };
    assert!(world.cache.tell_whereabouts(&device.into(), Whereabouts { measurements, at, source: None, line: None }));
}

fn token(world: &World, device: &str, organisation: &str) -> String {
    let named = Named { device: device.into(), organisation: organisation.into(), expires: Wall::from_millis(0) };
    world.cache.issue(named, &mut Entropy::seeded([3; 32]))
}

fn dial(world: &mut World, from: &str, more: &str) {
    let mut caller = Caller::new(from, "911");
    caller.more.push_str(more);
    world.send(CALLER, caller.invite());
}

/// The rooms of the locations that an INVITE brings, in order.
fn rooms(invite: &Message) -> Vec<String> {
    let content_type = invite.value(Name::ContentType).unwrap_or_default();
    let parts = multipart::parts(content_type, invite.body_slice());
    let documents = parts.iter().filter(|part| part.is("application/pidf+xml"));
    let texts = documents.map(|part| String::from_utf8_lossy(part.content).into_owned());
    let room = |text: String| {
        let (_, rest) = text.split_once("<ca:ROOM>").unwrap_or_default();
        rest.split('<').next().unwrap_or_default().to_owned()
    };
    texts.map(room).collect()
}

fn moved(world: &World) -> bool {
    world.facts.iter().any(|fact| matches!(fact, Fact::FixedDeviceMoved { .. }))
}

#[test]
fn an_extension_calls_from_the_room_that_its_phone_told_and_after_a_move_from_the_next() {
    let mut world = world();
    plug(&world, "hq-desk-1", "7", 0);
    dial(&mut world, "4117", "");
    assert_eq!(rooms(&world.got(PSAP_1, "INVITE")), ["217"]);
    let row = callbox::record::wiremap::Row {
        organisation: "acme".into(),
        key: callbox::record::wiremap::Key::Port(
            Chassis::read("02-00-00-00-01-01").expect("a switch"),
            Port::read("8").expect("a port"),
        ),
        location: Some("hq-301".into()),
    };
    world.cache.wiremap.insert(&row);
    plug(&world, "hq-desk-1", "8", 0);
    dial(&mut world, "4117", "");
    assert_eq!(rooms(&world.got(PSAP_1, "INVITE")), ["301"]);
    assert!(!moved(&world), "this one is carried about");
}

#[test]
fn a_call_has_the_address_that_its_user_gave_for_the_network_until_that_is_left() {
    let mut world = world();
    let home = at_gateway(&world, "hq-soft-1", "02-00-00-00-77-01");
    let mut civic = Civic::default();
    for (element, value) in [(Element::Country, "US"), (Element::A3, "Springfield"), (Element::Rd, "Sample")] {
        civic.set(element, value);
    }
    civic.set(Element::Hno, "7");
    let here = Surroundings::of(&home).expect("a network");
    let typed = Typed::new(here, civic, Wall::from_millis(world.wall));
    assert!(world.cache.keep_typed(&"hq-soft-1".into(), typed));
    dial(&mut world, "4119", "");
    let invite = String::from_utf8_lossy(world.got(PSAP_1, "INVITE").body_slice()).into_owned();
    assert!(invite.contains("<ca:HNO>7</ca:HNO>") && invite.contains("<gp:method>Manual</gp:method>"), "{invite}");
    at_gateway(&world, "hq-soft-1", "02-00-00-00-77-02");
    dial(&mut world, "4119", "");
    let invite = String::from_utf8_lossy(world.got(RELAY, "INVITE").body_slice()).into_owned();
    assert!(!invite.contains("Springfield"), "it is somewhere else: {invite}");
    at_gateway(&world, "hq-soft-1", "02-00-00-00-77-01");
    dial(&mut world, "4119", "");
    world.got(PSAP_1, "INVITE");
}

#[test]
fn a_token_leads_to_its_device_wherever_the_trunk_puts_it_and_whatever_line_calls() {
    let in_geolocation = |token: &str| format!("Geolocation: <https://lis.example/location/{token}>\r\n");
    let in_header = |token: &str| format!("X-Location-Token: {token}\r\n");
    let in_header_as_uri = |token: &str| format!("X-Location-Token: <http://lis.example/location/{token}>\r\n");
    let forms: [&dyn Fn(&str) -> String; 3] = [&in_geolocation, &in_header, &in_header_as_uri];
    for form in forms {
        let mut world = World::with(
            |snapshot| {
                for source in &mut snapshot.sources {
                    Arc::make_mut(source).token_header = Some("x-location-token".into());
                }
            },
            |_| {},
        );
        plug(&world, "hq-desk-2", "7", 0);
        let token = token(&world, "hq-desk-2", "acme");
        dial(&mut world, "4118", &form(&token));
        let invite = world.got(PSAP_1, "INVITE");
        assert_eq!(rooms(&invite), ["217"], "{}", form(&token));
    }
}

#[test]
fn a_token_may_stand_in_a_parameter_of_the_uri_that_the_trunk_names() {
    let mut world = World::with(
        |snapshot| {
            snapshot.sources.iter_mut().for_each(|source| Arc::make_mut(source).token_param = Some("loc".into()))
        },
        |_| {},
    );
    plug(&world, "hq-desk-2", "7", 0);
    let token = token(&world, "hq-desk-2", "acme");
    let mut caller = Caller::new("4118", "911");
    caller.request_uri = format!("sip:911@127.0.0.1;loc={token}");
    world.send(CALLER, caller.invite());
    assert_eq!(rooms(&world.got(PSAP_1, "INVITE")), ["217"]);
}

#[test]
fn a_shared_line_without_a_token_and_a_token_of_somebody_else_lead_to_no_room() {
    let mut world = world();
    plug(&world, "hq-desk-2", "7", 0);
    dial(&mut world, "4118", "");
    assert!(rooms(&world.got(RELAY, "INVITE")).is_empty());
    let foreign = token(&world, "hq-desk-2", "other");
    dial(&mut world, "4118", &format!("Geolocation: <https://callbox.example/location/{foreign}>\r\n"));
    let invite = world.got(RELAY, "INVITE");
    assert!(rooms(&invite).is_empty());
    assert_eq!(values(&invite, Name::Geolocation).len(), 1, "it goes along all the same");
}

#[test]
fn a_fixed_phone_in_another_room_calls_from_there_and_is_told_of() {
    let mut world = world();
    plug(&world, "hq-desk-3", "7", 0);
    let contact = "02-00-00-00-0A-03";
    let mut caller = Caller::new("4118", "911");
    let invite = caller.invite();
    let (_, rest) = invite.split_once("Contact: <").expect("a Contact");
    let (uri, _) = rest.split_once('>').expect("its end");
    let with_mac = invite.replace(&format!("<{uri}>"), &format!("<{uri}>;mac=\"{contact}\""));
    caller.more.clear();
    world.send(CALLER, with_mac);
    assert_eq!(rooms(&world.got(PSAP_1, "INVITE")), ["217"]);
    assert!(moved(&world));
}

#[test]
fn what_a_phone_told_too_long_ago_goes_to_the_relay_marked_as_old() {
    let mut world = world();
    plug(&world, "hq-desk-1", "7", 31);
    dial(&mut world, "4117", "");
    let invite = world.got(RELAY, "INVITE");
    assert_eq!(rooms(&invite), ["217"]);
    let ways = world.facts.iter().filter_map(|fact| match fact {
        Fact::Decided { way, grade, .. } => Some((*way, *grade)),
        _ => None,
    });
    assert_eq!(ways.collect::<Vec<_>>(), [("relay: stale", "stale")]);
    assert_eq!(value(&invite, Name::Priority), "emergency");
}

/// The lab with a location server of this name, and one PSAP that wants our locations like this.
fn wanting(location: Conveyance, position: LocationPosition) -> World {
    World::with(
        |snapshot| {
            snapshot.location_url = Some("https://lis.example".into());
            for trunk in snapshot.trunks.iter_mut().filter(|trunk| &*trunk.name == "psap-1") {
                let trunk = Arc::make_mut(trunk);
                (trunk.conveyance, trunk.location_position) = (location, position);
            }
        },
        |_| {},
    )
}

/// The locations that an INVITE names, with what differs from call to call left out.
fn named(invite: &Message) -> Vec<String> {
    let short = |value: String| match value.split_once("https://lis.example/location/") {
        Some(_) => "ours by reference".to_owned(),
        None if value.contains("loc-src=callbox.example") => "ours by value".to_owned(),
        None => value,
    };
    values(invite, Name::Geolocation).into_iter().map(short).collect()
}

#[test]
fn a_trunk_gets_our_location_by_value_by_reference_or_both() {
    let expected: [(Conveyance, &[&str], usize); 3] = [
        (Conveyance::Value, &["ours by value"], 1),
        (Conveyance::Reference, &["ours by reference"], 0),
        (Conveyance::Both, &["ours by reference", "ours by value"], 1),
    ];
    for (wanted, locations, documents) in expected {
        let mut world = wanting(wanted, LocationPosition::Append);
        plug(&world, "hq-desk-1", "7", 0);
        dial(&mut world, "4117", "");
        let invite = world.got(PSAP_1, "INVITE");
        assert_eq!(
            (named(&invite), rooms(&invite).len()),
            (locations.iter().map(ToString::to_string).collect(), documents)
        );
        let refers = value(&invite, Name::Supported).contains("geolocation-http");
        assert_eq!(refers, wanted.wants_reference());
        assert_eq!(value(&invite, Name::GeolocationRouting), "yes");
    }
}

#[test]
fn our_location_uri_names_the_device_and_a_call_makes_one_for_all_that_it_asks() {
    let mut world = wanting(Conveyance::Reference, LocationPosition::Append);
    plug(&world, "hq-desk-1", "7", 0);
    dial(&mut world, "4117", "");
    let first = world.rung(PSAP_1);
    world.answer_with(&first, 415, "");
    let second = world.rung(PSAP_1);
    let uri = value(&first.invite, Name::Geolocation);
    assert_eq!(value(&second.invite, Name::Geolocation), uri, "a reference is no part of the body");
    let (_, rest) = uri.split_once("/location/").expect("our URI");
    let (token, _) = rest.split_once('>').expect("its end");
    let named = world.cache.token(token).expect("a token that holds");
    assert_eq!((&*named.device, &*named.organisation), ("hq-desk-1", "acme"));
    assert_eq!(named.expires.as_millis(), world.wall + 24 * 3600 * 1000);
}

#[test]
fn a_caller_whose_device_told_nothing_goes_by_value_to_a_trunk_that_wants_references() {
    let mut world = wanting(Conveyance::Reference, LocationPosition::Append);
    dial(&mut world, crate::world::KNOWN, "");
    let invite = world.got(PSAP_1, "INVITE");
    assert_eq!((named(&invite), rooms(&invite)), (vec!["ours by value".to_owned()], vec!["101".to_owned()]));
}

#[test]
fn ours_stands_behind_or_before_what_came_in_the_header_and_in_the_body() {
    let received = "<cid:one@pbx.example>";
    let document = "<presence xmlns=\"urn:ietf:params:xml:ns:pidf\" entity=\"pres:a@b\"/>";
    for (position, ours_first) in [(LocationPosition::Append, false), (LocationPosition::Prepend, true)] {
        let mut world = wanting(Conveyance::Value, position);
        plug(&world, "hq-desk-1", "7", 0);
        let mut caller = Caller::new("4117", "911");
        caller.sdp = format!(
            "--b\r\nContent-Type: application/sdp\r\n\r\n{}\r\n--b\r\nContent-Type: application/pidf+xml\r\n\
             Content-ID: <one@pbx.example>\r\n\r\n{document}\r\n--b--\r\n",
            crate::world::SDP
        );
        caller.more = format!("Geolocation: {received}\r\nContent-Type: multipart/mixed;boundary=b\r\n");
        world.send(CALLER, caller.invite());
        let invite = world.got(PSAP_1, "INVITE");
        let order = if ours_first { ["ours by value", received] } else { [received, "ours by value"] };
        assert_eq!(named(&invite), order);
        assert_eq!(rooms(&invite), if ours_first { ["217", ""] } else { ["", "217"] });
    }
}

#[test]
fn rooms_in_dispute_all_leave_behind_their_building_with_a_comment() {
    let mut world = world();
    let at = Wall::from_millis(world.wall);
    let chassis = Chassis::read("02-00-00-00-01-01").expect("a switch");
    let bssid = callbox::record::Mac::read("02-00-00-00-00-11").expect("an address");
    let point = callbox::record::AccessPoint { bssid, serving: true, signal_dbm: None };
    let interface = Interface {
        at,
        switches: vec![Attachment { chassis, port: Port::read("7") }],
        access_points: vec![point],
        ..Interface::default()
    };
    let measurements = Measurements { interfaces: vec![interface], public: None };
    world.cache.tell_whereabouts(&"hq-desk-1".into(), Whereabouts { measurements, at, source: None, line: None });
    dial(&mut world, "4117", "");
    let invite = world.got(PSAP_1, "INVITE");
    let mut found = rooms(&invite);
    assert_eq!(found.remove(0), "", "the building");
    found.sort();
    assert_eq!((found, named(&invite).len()), (vec!["217".to_owned(), "301".to_owned()], 3));
    assert!(values(&invite, Name::CallInfo).iter().any(|value| value.ends_with("EmergencyCallData.Comment")));
    assert!(crate::peers::body(&invite).contains("<dm:note xml:lang=\"en\">Two rooms"));
}

#[test]
fn a_crisis_call_is_not_looked_up() {
    let mut world = world();
    plug(&world, "hq-desk-1", "7", 0);
    let mut caller = Caller::new("4117", "988");
    let token = token(&world, "hq-desk-1", "acme");
    caller.more.push_str(&format!("Geolocation: <https://lis.example/location/{token}>\r\n"));
    world.send(CALLER, caller.invite());
    let invite = world.got(crate::world::CRISIS, "INVITE");
    assert!(rooms(&invite).is_empty() && values(&invite, Name::Geolocation).is_empty());
}

#[test]
fn a_call_back_rings_at_phones_that_are_in_the_room_and_not_at_those_that_have_left_it() {
    for has_left in [false, true] {
        let mut world = world();
        plug(&world, "hq-desk-1", "7", 0);
        dial(&mut world, "4117", "");
        let psap = world.rung(PSAP_1);
        world.answer(&psap, 486);
        world.pass(120);
        // A client was found in the room, and the phone that belongs there has perhaps been carried away.
        plug(&world, "hq-soft-1", "7", 0);
        world.cache.found_at(&"hq-soft-1".into(), &"hq-217".into());
        if has_left {
            tell_address(&world, "hq-desk-2", "10.1.4.7");
            world.cache.found_at(&"hq-desk-2".into(), &"hq-217".into());
        }
        world.clear();
        let back = Caller { port: RELAY, ..Caller::new("+13125559110", "+13125550190") };
        world.send(RELAY, back.invite());
        let first = world.rung(5075);
        assert!(String::from_utf8_lossy(first.invite.request_uri()).starts_with("sip:4117@"));
        world.answer(&first, 180);
        world.clear();
        world.pass(21);
        let got = world.take(5075);
        let invites = got.iter().filter(|got| got.word() == "INVITE");
        let mut rung: Vec<_> =
            invites.map(|got| String::from_utf8_lossy(got.message.request_uri()).into_owned()).collect();
        rung.sort_unstable();
        rung.dedup();
        let wanted: &[&str] = if has_left {
            &["sip:4119@127.0.0.1:5075"]
        } else {
            &["sip:4118@127.0.0.1:5075", "sip:4119@127.0.0.1:5075"]
        };
        assert_eq!(rung, wanted);
    }
}

/// A device tells which address it has.
fn tell_address(world: &World, device: &str, address: &str) {
    let at = Wall::from_millis(world.wall);
    let addresses = vec![address.parse().expect("an address")];
    let measurements =
        Measurements { interfaces: vec![Interface { at, addresses, ..Interface::default() }], public: None };
    assert!(world.cache.tell_whereabouts(&device.into(), Whereabouts { measurements, at, source: None, line: None }));
}
