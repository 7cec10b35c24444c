//! The map of a network: its table, and the questions that the cache answers out of it.
use crate::world::{Texts, lab};
use callbox::cache::Cache;
use callbox::record::table::Tables;
use callbox::record::wiremap::{Key, Network, Public, Row, Rule};
use callbox::record::{Chassis, Mac, Port};
use core::net::IpAddr;
use proptest::prelude::*;
use std::sync::Arc;

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn holding(rows: Vec<Row>) -> Cache {
    let cache = Cache::default();
    cache.load(Tables { wiremap: rows, ..Tables::default() });
    cache
}

fn subnet(organisation: &str, network: &str, behind: Option<&str>, location: &str) -> Row {
    let network = Network::read(network).expect("a network");
    let key = Key::Subnet(network, behind.map(|behind| Public::new(address(behind))));
    Row { organisation: organisation.into(), key, location: Some(location.into()) }
}

fn found(cache: &Cache, organisation: &str, of: &str, behind: Option<&str>) -> Option<String> {
    let behind = behind.map(|behind| Public::new(address(behind)));
    cache.wiremap.subnet(&organisation.into(), address(of), behind).map(|id| id.to_string())
}

#[test]
fn the_lab_knows_a_port_an_access_point_and_a_subnet_however_they_are_written() {
    let (cache, acme) = (lab(), Arc::from("acme"));
    let port = |chassis: &str, port: &str| {
        let (chassis, port) = (Chassis::read(chassis).expect("a switch"), Port::read(port).expect("a port"));
        cache.wiremap.port(&acme, &chassis, &port)
    };
    for chassis in ["02-00-00-00-01-01", "02:00:00:00:01:01", "0200.0000.0101"] {
        assert_eq!(port(chassis, "7").as_deref(), Some("hq-217"), "{chassis}");
    }
    assert_eq!((port("02-00-00-00-01-01", "8"), port("02-00-00-00-01-02", "7")), (None, None));
    let bssid = Mac::read("0200.0000.0011").expect("an address");
    assert_eq!(cache.wiremap.bssid(&acme, bssid).as_deref(), Some("hq-301"));
    assert_eq!(cache.wiremap.gateway(&acme, bssid), None, "an access point is no gateway");
    assert_eq!(found(&cache, "acme", "10.1.4.77", None).as_deref(), Some("hq-4"));
    assert_eq!(found(&cache, "acme", "::ffff:10.1.4.77", None).as_deref(), Some("hq-4"));
    assert_eq!(found(&cache, "acme", "10.1.5.77", None), None);
    assert_eq!(cache.wiremap.bssid(&"other".into(), bssid), None, "another organisation does not see it");
}

#[test]
fn the_same_private_network_is_told_apart_by_organisation_and_by_public_address() {
    let cache = holding(vec![
        subnet("acme", "192.168.1.0/24", Some("192.0.2.1"), "north"),
        subnet("acme", "192.168.1.0/24", Some("192.0.2.2"), "south"),
        subnet("acme", "192.168.0.0/16", None, "somewhere"),
        subnet("other", "192.168.1.0/24", None, "elsewhere"),
    ]);
    let of = |organisation, behind| found(&cache, organisation, "192.168.1.9", behind);
    assert_eq!(of("acme", Some("192.0.2.1")).as_deref(), Some("north"));
    assert_eq!(of("acme", Some("::ffff:192.0.2.2")).as_deref(), Some("south"));
    assert_eq!(of("acme", Some("192.0.2.3")).as_deref(), Some("somewhere"), "behind neither of the two");
    assert_eq!(of("acme", None).as_deref(), Some("somewhere"), "nothing tells the two apart");
    assert_eq!(of("other", Some("192.0.2.1")).as_deref(), Some("elsewhere"));
    assert_eq!(of("third", None), None);
}

#[test]
fn loading_again_takes_out_the_rows_that_are_gone_and_changes_the_others() {
    let cache = holding(vec![subnet("acme", "10.0.0.0/8", None, "a"), subnet("acme", "10.1.0.0/16", None, "b")]);
    assert_eq!((cache.wiremap.len(), found(&cache, "acme", "10.1.0.1", None).as_deref()), (2, Some("b")));
    cache.load(Tables { wiremap: vec![subnet("acme", "10.0.0.0/8", None, "c")], ..Tables::default() });
    assert_eq!((cache.wiremap.len(), found(&cache, "acme", "10.1.0.1", None).as_deref()), (1, Some("c")));
    cache.load(Tables::default());
    assert!(cache.wiremap.is_empty());
}

#[test]
fn each_fault_of_the_wiremap_names_line_and_column_and_repeats_nothing() {
    let mut texts = Texts::of_the_lab();
    texts.organisations = "id,name,wiremap_order\nacme,Acme,bssid bssid\n".into();
    texts.wiremap = "organisation,location,chassis,port,bssid,gateway,subnet,public\n\
        acne,hq-9,,,02-00-00-00-00-11,,,\n\
        acme,hq-4,,,,,,\n\
        acme,hq-4,,7,,,,\n\
        acme,hq-4,02-00-00-00-01-01,,02-00-00-00-00-11,,,\n\
        acme,hq-4,,,02-00-00-00-00,,,\n\
        acme,hq-4,,,,ff-ff-ff-ff-ff-ff,,\n\
        acme,hq-4,,,,,10.1.4.7/24,\n\
        acme,hq-4,,,,,10.1.4.0/24,192.0.2\n\
        acme,hq-4,,,02-00-00-00-00-11,,,\n\
        acme,hq-301,,,0200.0000.0011,,,\n"
        .into();
    let expected = [
        "organisations.csv:2 wiremap_order: this is no order of rules; write those that come first, each once, as port bssid switch gateway subnet public",
        "wiremap.csv:2 organisation: no such organisation; add it to the organisations",
        "wiremap.csv:2 location: no such location; add it to the locations or buildings",
        "wiremap.csv:3 chassis: the line names no piece of network; fill chassis (and port), bssid, gateway, subnet or public",
        "wiremap.csv:4 port: the switch of this port is not named; fill chassis",
        "wiremap.csv:5 bssid: the line names two pieces of network; give each a line of its own",
        "wiremap.csv:6 bssid: this is no hardware address; write it as 02-00-00-00-00-11",
        "wiremap.csv:7 gateway: this is no hardware address; write it as 02-00-00-00-00-11",
        "wiremap.csv:8 subnet: this is no subnet; write it as 10.1.4.0/24, with nothing behind the prefix",
        "wiremap.csv:9 public: this is no address; write one address, as 192.0.2.1",
        "wiremap.csv:11 bssid: the organisation has a line for this already; keep one of the two lines",
    ];
    assert_eq!(texts.read().expect_err("faults"), expected);
}

#[test]
fn an_organisation_says_which_rule_it_believes_first() {
    let mut texts = Texts::of_the_lab();
    texts.organisations = "id,name,wiremap_order\nacme,Acme,bssid port\nother,Other,\n".into();
    let read = texts.read().expect("no fault");
    let first = |place: usize| {
        let order = read.organisations[place].wiremap_order;
        Rule::ALL.into_iter().min_by_key(|rule| order.place(*rule))
    };
    assert_eq!((first(0), first(1)), (Some(Rule::Bssid), Some(Rule::Port)));
}

proptest! {
    #[test]
    fn the_longest_prefix_that_holds_an_address_is_found(
        rows in prop::collection::vec((any::<u8>(), any::<u8>(), 0_u8..=32), 0..40),
        asked in prop::collection::vec((any::<u8>(), any::<u8>()), 1..20),
        is_ipv6 in any::<bool>(),
    ) {
        // Few bits that differ, so that networks lie in each other.
        let at = |high: u8, low: u8| -> IpAddr {
            match is_ipv6 {
                false => [10, high & 3, 0, low & 0x81].into(),
                true => core::net::Ipv6Addr::new(0x2001, 0xdb8, (high & 3).into(), 0, 0, 0, 0, (low & 0x81).into()).into(),
            }
        };
        let scale = if is_ipv6 { 4 } else { 1 };
        let networks: Vec<Network> =
            rows.iter().filter_map(|&(high, low, length)| Network::around(at(high, low), length * scale)).collect();
        let row = |network: &Network| Row {
            organisation: "acme".into(),
            key: Key::Subnet(*network, None),
            location: Some(network.length().to_string().into()),
        };
        let cache = holding(networks.iter().map(row).collect());
        for (high, low) in asked {
            let address = at(high, low);
            let holds = |network: &&Network| Network::around(address, network.length()) == Some(**network);
            let longest = networks.iter().filter(holds).map(|network| network.length()).max();
            let found = cache.wiremap.subnet(&"acme".into(), address, None);
            prop_assert_eq!(found.map(|id| id.to_string()), longest.map(|length| length.to_string()));
        }
    }
}
