//! Which device a call comes from.
use crate::world::{lab, line, number};
use callbox::base::entropy::Entropy;
use callbox::base::now::Wall;
use callbox::base::private::Private;
use callbox::cache::whereabouts::{Unlisted, unlisted};
use callbox::cache::{Cache, Named, Whereabouts};
use callbox::location::device::{By, Marks, has_moved, of};
use callbox::record::{Found, Grade, Mac, Measurements};

const INSTANCE: &str = "\"<urn:uuid:00000000-0000-1000-8000-020000000A01>\"";

fn token(cache: &Cache, device: &str, organisation: &str) -> Marks {
    let named = Named { device: device.into(), organisation: organisation.into(), expires: Wall::from_millis(0) };
    let token = cache.issue(named, &mut Entropy::seeded([1; 32]));
    Marks { tokens: [Private::new(token.into())].into_iter().collect(), ..Marks::default() }
}

fn instance(text: &str) -> Marks {
    Marks { instance: Some(Private::new(text.into())), ..Marks::default() }
}

/// By what the device is told, and its id.
fn found(cache: &Cache, marks: &Marks, from: &str) -> Option<(By, String)> {
    let line = line(from, None);
    of(cache, &"acme".into(), marks, Some(&line)).map(|device| (device.by, device.id.to_string()))
}

#[test]
fn a_token_names_the_device_before_its_contact_and_its_line_do() {
    let cache = lab();
    let mut marks = token(&cache, "hq-desk-2", "acme");
    assert_eq!(found(&cache, &marks, "4117"), Some((By::Token, "hq-desk-2".into())), "also when its time is over");
    marks.instance = instance(INSTANCE).instance;
    assert_eq!(found(&cache, &marks, "4119"), Some((By::Token, "hq-desk-2".into())));
    let foreign = token(&cache, "hq-desk-2", "other");
    assert_eq!(found(&cache, &foreign, "4117"), Some((By::Line, "hq-desk-1".into())), "it names nobody here");
}

#[test]
fn the_contact_names_the_device_by_instance_or_hardware_address() {
    let cache = lab();
    assert_eq!(found(&cache, &instance(INSTANCE), "4119"), Some((By::Instance, "hq-desk-1".into())));
    // A base that is known by its hardware address alone, which its instance id ends with.
    let node = instance("<urn:uuid:99999999-0000-1000-8000-020000000a05>");
    assert_eq!(found(&cache, &node, "4119"), Some((By::Mac, "hq-dect-1".into())));
    let mac = Marks { mac: Mac::read("02-00-00-00-0A-06"), ..Marks::default() };
    assert_eq!(found(&cache, &mac, "4119"), Some((By::Mac, "hq-ata-1".into())));
    for unknown in ["<urn:uuid:99999999-0000-1000-8000-020000000aff>", "é", "", "<urn:imei:1>"] {
        assert_eq!(found(&cache, &instance(unknown), "4117"), Some((By::Line, "hq-desk-1".into())), "{unknown}");
    }
}

#[test]
fn a_line_names_its_device_unless_it_has_several() {
    let cache = lab();
    assert_eq!(found(&cache, &Marks::default(), "4117"), Some((By::Line, "hq-desk-1".into())));
    assert_eq!(found(&cache, &Marks::default(), "4118"), None, "two phones ring");
    assert_eq!(found(&cache, &Marks::default(), "4120"), None);
    assert!(of(&cache, &"acme".into(), &Marks::default(), None).is_none());
}

#[test]
fn a_device_of_no_table_is_known_by_what_it_told() {
    let cache = lab();
    let tell = |device| {
        let told =
            Whereabouts { measurements: Measurements::default(), at: Wall::from_millis(0), source: None, line: None };
        cache.tell_whereabouts(&unlisted("acme", device), told)
    };
    let mac = Mac::read("02-00-00-00-0B-01").expect("an address");
    let marks = Marks { mac: Some(mac), ..Marks::default() };
    assert_eq!(found(&cache, &marks, "4120"), None);
    assert!(tell(Unlisted::Mac(mac)) && tell(Unlisted::Line(number("4120"))));
    assert_eq!(found(&cache, &marks, "4120"), Some((By::Mac, "acme mac 02-00-00-00-0B-01".into())));
    assert_eq!(found(&cache, &Marks::default(), "4120"), Some((By::Line, "acme line 4120".into())));
}

#[test]
fn a_fixed_device_has_moved_when_it_is_seen_in_another_room_or_building() {
    let cache = lab();
    let fixed = cache.device("hq-desk-2").expect("a phone of room 217");
    let home = |id: &str| cache.locations.get(id).map(|place| place.clone());
    let seen = |id: &str, grade| Found { place: home(id), grade, ..Found::default() };
    let moved = |id: &str| has_moved(&fixed, &seen(id, Grade::Dispatchable), home);
    assert_eq!((moved("hq-217"), moved("hq-301"), moved("branch-main")), (false, true, true));
    assert!(!moved("hq-main"), "its building is no other place");
    assert!(!has_moved(&fixed, &seen("hq-301", Grade::Stale), home), "that was long ago");
    assert!(!has_moved(&fixed, &Found::default(), home));
    let nomadic = cache.device("hq-desk-1").expect("a phone that is carried about");
    assert!(!has_moved(&nomadic, &seen("hq-301", Grade::Dispatchable), home));
}

#[test]
fn marks_and_devices_print_nothing_of_whose_they_are() {
    let cache = lab();
    let mut marks = token(&cache, "hq-desk-1", "acme");
    marks.instance = instance(INSTANCE).instance;
    let device = of(&cache, &"acme".into(), &marks, None);
    let shown = format!("{marks:?} {device:?}");
    assert!(!shown.contains("desk") && !shown.contains("0a01") && !shown.contains("0A01"), "{shown}");
}
