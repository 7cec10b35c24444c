//! Devices and users as the tables have them, and how a call finds its device.
use crate::world::{Texts, lab, number};
use callbox::record::user::did_fallback;
use callbox::record::wiremap::{Network, Rule};
use callbox::record::{Capability, Device, DeviceClass, Mac, Organisation};
use core::time::Duration;
use std::sync::Arc;

fn acme() -> Arc<str> {
    "acme".into()
}

#[test]
fn a_device_is_found_by_id_address_instance_and_line() {
    let cache = lab();
    let desk = cache.device("hq-desk-1").expect("the desk phone");
    assert_eq!((desk.class, desk.capability), (DeviceClass::Nomadic, Capability::Held));
    assert_eq!(desk.lines, [number("4117")]);
    let mac = Mac::read("0200.0000.0a01").expect("an address");
    assert_eq!(cache.device_by_mac(&acme(), mac), Some(Arc::clone(&desk)));
    let instance = "<urn:uuid:00000000-0000-1000-8000-020000000A01>";
    assert_eq!(cache.device_by_instance(&acme(), instance), Some(Arc::clone(&desk)));
    assert_eq!(cache.devices_of_line(&acme(), number("4117")).as_slice(), [desk]);
    assert_eq!(cache.device_by_mac(&"other".into(), mac), None, "another organisation has its own");
    assert_eq!(cache.device_by_instance(&"other".into(), instance), None);
    assert!(cache.devices_of_line(&"other".into(), number("4117")).is_empty());
    assert_eq!(cache.device_by_instance(&acme(), "no urn"), None);
    assert_eq!(cache.user_of_line(&acme(), number("4117")).map(|user| user.id.to_string()).as_deref(), Some("desk"));
}

#[test]
fn a_shared_line_has_all_its_devices_and_boxes_without_a_place_never_ask() {
    let cache = lab();
    let mut shared: Vec<_> =
        cache.devices_of_line(&acme(), number("4118")).iter().map(|one| one.id.to_string()).collect();
    shared.sort();
    assert_eq!(shared, ["hq-desk-2", "hq-desk-3"]);
    let of = |id| cache.device(id).map(|device| (device.class, device.capability));
    assert_eq!(of("hq-desk-3"), Some((DeviceClass::Fixed, Capability::None)), "its model does not ask");
    assert_eq!(of("hq-soft-1"), Some((DeviceClass::Soft, Capability::HeldPlus)));
    assert_eq!(of("hq-dect-1"), Some((DeviceClass::Dect, Capability::None)));
    assert_eq!(of("hq-ata-1"), Some((DeviceClass::Ata, Capability::None)));
}

#[test]
fn a_device_that_changes_or_goes_is_found_under_its_new_names_alone() {
    let cache = lab();
    let before = cache.device("hq-desk-1").expect("the desk phone");
    let (old, new) = (before.mac.expect("an address"), Mac::read("02-00-00-00-0A-FF").expect("an address"));
    let changed = Device { mac: Some(new), lines: vec![number("4118")], ..(*before).clone() };
    cache.devices.insert(&Arc::new(changed));
    assert_eq!(cache.device_by_mac(&acme(), old), None);
    assert!(cache.device_by_mac(&acme(), new).is_some());
    assert!(cache.devices_of_line(&acme(), number("4117")).is_empty());
    assert_eq!(cache.devices_of_line(&acme(), number("4118")).len(), 3);
    cache.devices.remove("hq-desk-1");
    assert_eq!((cache.device("hq-desk-1"), cache.device_by_mac(&acme(), new)), (None, None));
    assert_eq!(cache.devices_of_line(&acme(), number("4118")).len(), 2);
    let mut texts = Texts::of_the_lab();
    texts.devices = "id,organisation,class\nhq-soft-1,acme,soft\n".into();
    texts.users = "id,organisation,site\n".into();
    cache.load(texts.read().expect("no fault"));
    assert_eq!((cache.devices.len(), cache.user("desk")), (1, None));
    assert!(cache.devices_of_line(&acme(), number("4118")).is_empty());
    assert!(cache.user_of_line(&acme(), number("4119")).is_none());
}

#[test]
fn a_line_takes_what_it_lacks_from_its_user() {
    let mut texts = Texts::of_the_lab();
    texts.users = "id,organisation,site,location,lines,ecbn\n\
        a,acme,hq,hq-4,4117 +13125550123,+13125550101\n"
        .into();
    let tables = texts.read().expect("no fault");
    let line = |shown| tables.lines.iter().find(|line| line.number == number(shown)).expect("the line");
    let place = |shown| line(shown).location.as_ref().map(|place| place.id.to_string());
    assert_eq!((place("4117"), line("4117").ecbn), (Some("hq-4".into()), Some(number("+13125550101"))));
    assert_eq!(place("+13125550123"), Some("hq-101".into()), "it has an address of its own");
}

#[test]
fn faults_of_devices_users_and_switches_are_told_where_they_stand() {
    let mut texts = Texts::of_the_lab();
    texts.organisations = "id,name,window_wired_hours,vpn,did_fallback_soft\nacme,Acme,0,10.8.0.0/40,maybe\n".into();
    texts.devices += "hq-desk-1,acne,desk,02-00,<urn:>,,sometimes,4120,hq-999\n\
        x,acme,ata,02:00:00:00:0a:01,urn:uuid:00000000-0000-1000-8000-020000000A01,,held,,\n";
    texts.users += "client,acme,branch,,4117,hq-desk-9,1234,\n";
    let told = texts.read().err().unwrap_or_default();
    let expected = [
        "organisations.csv:2 window_wired_hours: this is no number of hours; write a whole number from 1 to 8760, or nothing",
        "organisations.csv:2 vpn: one of these is no network; write each as 10.8.0.0/16, with spaces between",
        "organisations.csv:2 did_fallback_soft: this is neither yes nor no; write yes or no",
        "devices.csv:11 organisation: no such organisation; add it to the organisations",
        "devices.csv:11 home: no such location; add it to the locations or buildings",
        "devices.csv:11 class: this is no class of devices; write fixed, nomadic, soft, mobile, dect, ata or virtual",
        "devices.csv:11 mac: this is no hardware address; write it as 02-00-00-00-0A-01",
        "devices.csv:11 instance: this is no instance id; write it as urn:uuid:00000000-0000-1000-8000-0200000000a1",
        "devices.csv:11 capability: this is no capability; write held, held+ or none",
        "devices.csv:12 capability: a device of this class never asks where it is; leave it empty",
        "devices.csv:12 mac: the organisation has a device with this address; keep one of the two lines",
        "devices.csv:12 instance: the organisation has a device with this id; keep one of the two lines",
        "users.csv:6 ecbn: this is no number in international form; write it as +13125550123",
        "users.csv:6 devices: the organisation has no such device; add it to the devices",
        "users.csv:6 lines: another user has one of these lines; leave each with one user",
        "users.csv:6 lines: one of these lines is at another site; correct its site or the user's",
        "users.csv:6 id: another user has this id; give each its own",
    ];
    assert_eq!(told, expected);
}

#[test]
fn an_organisation_sets_its_windows_its_tunnels_and_when_a_number_may_stand_in() {
    let mut texts = Texts::of_the_lab();
    texts.organisations =
        "id,name,window_wired_hours,vpn,did_fallback_desk\nacme,Acme,48,10.8.0.0/16 2001:db8::/32,no\n".into();
    let tables = texts.read().expect("no fault");
    let acme = &tables.organisations[0];
    assert_eq!(acme.windows.of(Rule::Port), Duration::from_secs(48 * 3600));
    assert_eq!(acme.windows.of(Rule::Bssid), Duration::from_secs(24 * 3600));
    assert!(acme.vpn.iter().any(|network| network.holds([10, 8, 7, 1].into())));
    assert!(!acme.vpn.iter().any(|network: &Network| network.holds([10, 9, 7, 1].into())));
    assert_eq!((acme.did_fallback.desk, acme.did_fallback.soft), (false, false));
}

#[test]
fn a_number_stands_in_for_desk_phones_and_not_for_clients_unless_somebody_says_otherwise() {
    let cache = lab();
    let usual = Organisation::new("acme", "Acme");
    let of = |id: &str, organisation: &Organisation, user| {
        did_fallback(organisation, &cache.device(id).expect("a device"), user)
    };
    assert!(of("hq-desk-1", &usual, None));
    assert!(!of("hq-soft-1", &usual, None));
    assert!(of("hq-dect-1", &usual, None), "it has nothing else");
    let mut strict = usual.clone();
    strict.did_fallback.desk = false;
    assert!(!of("hq-desk-1", &strict, None));
    assert!(of("hq-dect-1", &strict, None), "the switch is for those that ask");
    let mut user = (*cache.user("client").expect("a user")).clone();
    user.did_fallback = Some(true);
    assert!(of("hq-soft-1", &usual, Some(&user)));
}
