//! Who is told of networks that nobody has entered, and of addresses that users gave: what devices told, and invented time.
use crate::noticed::{Office, everyone, office, recipient, words};
use crate::peers::Caller;
use crate::world::{CALLER, World};
use callbox::base::now::Wall;
use callbox::cache::{MOST_SIGHTINGS, Sighting, Typed, Whereabouts};
use callbox::record::recipient::{Notice, Scope};
use callbox::record::surroundings::Surroundings;
use callbox::record::{Civic, Element, Interface, Location, Mac, Measurements, Number};
use std::sync::Arc;

fn network(gateway: u16) -> Measurements {
    let [high, low] = gateway.to_be_bytes();
    let interface = Interface { gateway: Some(Mac::new([2, 0, 0, 0x77, high, low])), ..Interface::default() };
    Measurements { interfaces: vec![interface], public: None }
}

fn sighting(gateway: u16, given: Option<Arc<Location>>) -> Sighting {
    Sighting {
        organisation: "acme".into(),
        site: Some("hq".into()),
        user: Some("client".into()),
        device: Some("hq-soft-1".into()),
        number: Number::read("4119"),
        at: Wall::from_millis(0),
        network: Surroundings::seen(&network(gateway)),
        given,
    }
}

fn home() -> Civic {
    let mut civic = Civic::default();
    for (element, value) in
        [(Element::Country, "US"), (Element::A3, "Springfield"), (Element::Rd, "Sample"), (Element::Hno, "7")]
    {
        civic.set(element, value);
    }
    civic
}

/// A place that its user typed.
fn given(house: &str) -> Arc<Location> {
    let mut civic = home();
    civic.set(Element::Hno, house);
    Arc::new(Location::new("given by the user".into(), "given by the user".into(), civic))
}

fn dial(world: &mut World, from: &str) {
    world.send(CALLER, Caller::new(from, "911").invite());
}

/// A device tells which network it is on.
fn at_gateway(world: &World, device: &str, gateway: u16) {
    let at = Wall::from_millis(world.wall);
    let told = Whereabouts { measurements: network(gateway), at, source: None, line: None };
    assert!(world.cache.tell_whereabouts(&device.into(), told));
}

#[test]
fn a_network_that_nobody_has_entered_is_told_of_once_in_ten_minutes() {
    let (mut world, mut office) = office(&everyone());
    let told = |world: &World, office: &mut Office, gateway| {
        world.cache.saw(sighting(gateway, None));
        office.hears(world)
    };
    let first = told(&world, &mut office, 1);
    assert_eq!(words(&first), ["unknown_network"]);
    let values = &first[0].values;
    assert_eq!((&*values.site, &*values.user, &*values.number), ("hq", "client", "4119"));
    assert_eq!(values.note, "Device: hq-soft-1\nGateway: 02-00-00-77-00-01");
    assert_eq!(words(&told(&world, &mut office, 1)), [""; 0], "it was said");
    assert_eq!(words(&told(&world, &mut office, 2)), ["unknown_network"], "another one is news");
    world.pass(601);
    assert_eq!(words(&told(&world, &mut office, 1)), ["unknown_network"], "so it is later");
}

#[test]
fn many_unknown_networks_at_once_are_not_all_told_of() {
    let (world, mut office) = office(&everyone());
    for gateway in 0..MOST_SIGHTINGS as u16 {
        world.cache.saw(sighting(gateway, None));
    }
    assert_eq!(office.hears(&world).len(), 20);
    assert_eq!(office.desk.take_lost(), 0, "such a network is seen again");
}

#[test]
fn an_address_that_a_user_gave_is_told_with_who_gave_it() {
    let boss = recipient("boss", Scope::User("client".into()), &[Notice::PendingLocation], &["boss@acme.example"]);
    let rival = recipient("rival", Scope::Site("branch".into()), Notice::ALL, &["branch@acme.example"]);
    let calls = recipient("calls", Scope::Organisation("acme".into()), &[], &["calls@acme.example"]);
    let (world, mut office) = office(&[boss, rival, calls]);
    world.cache.saw(sighting(1, Some(given("7"))));
    let drafts = office.hears(&world);
    assert_eq!(words(&drafts), ["pending_location"]);
    assert_eq!((&*drafts[0].to, &*drafts[0].values.location), ("boss@acme.example", "7 Sample\nSpringfield US"));
    assert!(drafts[0].call.is_none());
}

#[test]
fn more_addresses_than_anybody_reads_are_counted_and_not_told() {
    let (world, mut office) = office(&everyone());
    for house in 0..=MOST_SIGHTINGS {
        world.cache.saw(sighting(1, Some(given(&house.to_string()))));
    }
    let told = office.hears(&world).len();
    assert_eq!(told, 100);
    assert_eq!(office.desk.take_lost() as usize, MOST_SIGHTINGS + 1 - told, "none is lost without a word");
}

#[test]
fn a_call_from_a_network_that_nobody_has_entered_is_told_with_it_and_one_from_home_is_not() {
    let (mut world, mut office) = office(&everyone());
    at_gateway(&world, "hq-soft-1", 1);
    dial(&mut world, "4119");
    assert!(words(&office.hears(&world)).contains(&"unknown_network"));
    at_gateway(&world, "hq-soft-1", 2);
    let here = Surroundings::of(&network(2)).expect("a network");
    let typed = Typed::new(here, home(), Wall::from_millis(world.wall));
    assert!(world.cache.keep_typed(&"hq-soft-1".into(), typed));
    dial(&mut world, "4119");
    assert!(!words(&office.hears(&world)).contains(&"unknown_network"), "its user has");
}
