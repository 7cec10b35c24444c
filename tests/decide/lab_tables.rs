use crate::world::{Texts, lab, number, snapshot, trunk, trunks};
use callbox::cache::{Cache, Snapshot, Who};
use callbox::record::{Element, Grade, Number, Position, Profile, Shape, TrunkKind};
use core::net::SocketAddr;
use std::sync::Arc;

fn faults(change: impl FnOnce(&mut Texts)) -> Vec<String> {
    let mut texts = Texts::without_devices();
    change(&mut texts);
    texts.read().err().unwrap_or_default()
}

fn who(snapshot: &Snapshot, peer: &str, via_port: Option<u16>) -> Option<(String, bool)> {
    match snapshot.who(peer.parse::<SocketAddr>().expect("an address"), via_port) {
        Who::Trunk(trunk, source) => Some((trunk.name.to_string(), source.is_some())),
        Who::Unknown => None,
    }
}

#[test]
fn the_labs_tables_hold_what_the_lab_promises() {
    let cache = lab();
    let snapshot = cache.snapshot.load();
    let stages =
        |id: &str| snapshot.site(id).map(|site| (site.stage1, site.stage2, site.gateway.as_deref() == Some("gateway")));
    assert_eq!(stages("hq"), Some((true, true, true)));
    assert_eq!(stages("branch"), Some((true, false, true)));
    assert_eq!(stages("depot"), Some((false, false, true)));
    let hq = snapshot.site("hq").expect("the site hq");
    assert_eq!((hq.ecbn.map(|ecbn| ecbn.expose().to_owned()).as_deref(), hq.pool.len()), (Some("+13125550100"), 10));
    assert_eq!(
        (&*hq.prefixes[0], hq.civic.value(Element::Hno), hq.civic.value(Element::Pc)),
        ("9", Some("100"), Some("60601"))
    );
    let locations =
        [("hq-101", "1", Some("101")), ("hq-217", "2", Some("217")), ("hq-301", "3", Some("301")), ("hq-4", "4", None)];
    for (id, floor, room) in locations {
        let location = cache.locations.get(id).map(|location| Arc::clone(&location)).expect("the location");
        assert_eq!((location.civic.value(Element::Flr), location.civic.value(Element::Room)), (Some(floor), room));
        assert_eq!(Grade::of(&location.civic), Grade::Dispatchable);
        assert_eq!(location.elin.is_some(), id == "hq-101");
    }
    let lines = [
        ("+13125550123", "hq", Some("hq-101"), true),
        ("+13125550124", "hq", None, true),
        ("4117", "hq", None, false),
        ("4118", "hq", None, false),
        ("4119", "hq", None, false),
        ("+13125550150", "branch", Some("branch-main"), true),
        ("+13125550170", "depot", None, true),
    ];
    for (shown, site, location, reachable) in lines {
        let line = cache.line(&"acme".into(), number(shown), "1").expect("the line");
        let found = (&*line.site, line.location.as_ref().map(|location| &*location.id), line.reachable);
        assert_eq!(found, (site, location, reachable));
    }
    assert_eq!(cache.lines.len(), lines.len());
}

#[test]
fn a_place_is_drawn_as_a_point_with_a_radius_or_as_a_polygon_and_else_lies_where_its_building_does() {
    let mut texts = Texts::without_devices();
    texts.buildings = "id,country,A1,A3,RD,STS,HNO,latitude,longitude,radius\n\
        hq-main,US,IL,Chicago,Example,Plaza,100,41.8822,-87.6295,80\n\
        branch-main,US,IL,Springfield,Sample,Street,20,,,\n"
        .into();
    texts.locations = "id,building,FLR,latitude,longitude,altitude,radius,polygon\n\
        hq-101,hq-main,1,41.8823,-87.6296,182,5,\n\
        hq-217,hq-main,2,,,,,\"41.8821 -87.6294; 41.8823 -87.6294; 41.8823 -87.6296\"\n\
        hq-301,hq-main,3,,,,,\n\
        hq-4,hq-main,4,41.8823,-87.6296,,,\n"
        .into();
    let cache = Cache::default();
    cache.configure(&snapshot(trunks()));
    cache.load(texts.read().expect("no fault"));
    let shape = |id: &str| cache.locations.get(id).and_then(|place| place.shape.clone());
    let at = |north, east, up| Position::new(north, east, up).expect("a place on the earth");
    let whole = Shape::Circle { center: at(41.8822, -87.6295, None), radius: 80.0 };
    let room = Shape::Sphere { center: at(41.8823, -87.6296, Some(182.0)), radius: 5.0 };
    assert!(shape("hq-101").as_deref() == Some(&room) && shape("hq-301").as_deref() == Some(&whole));
    assert!(shape("hq-4").as_deref() == Some(&Shape::Point(at(41.8823, -87.6296, None))));
    assert_eq!(shape("hq-217").map(|shape| shape.text()), Some("Polygon"));
    assert_eq!(shape("branch-main"), None);
}

#[test]
fn a_shape_that_cannot_be_is_told() {
    let found = faults(|texts| {
        texts.locations = "id,building,latitude,longitude,altitude,radius,polygon\n\
            a,hq-main,41.9,,,,\n\
            b,hq-main,91,0,,,\n\
            c,hq-main,41.9,-87.6,,-5,\n\
            d,hq-main,41.9,-87.6,,,0 0;0 1;1 1\n\
            e,hq-main,,,,25,\n\
            f,hq-main,,,,25,0 0;0 1;1 1\n\
            g,hq-main,,,,,0 0;1 1;0 1;1 0\n\
            h,hq-main,north,-87.6,,,\n"
            .into();
        texts.numbers = "number,site\n".into();
        texts.wiremap = "organisation,location,subnet\n".into();
    });
    let degrees = "write degrees north as latitude, -90 to 90, and degrees east as longitude, -180 to 180";
    let expected = [
        &format!("locations.csv:2 longitude: half of the point is missing; {degrees}"),
        &format!("locations.csv:3 latitude: this is no point on the earth; {degrees}"),
        "locations.csv:4 radius: this is no length of a place in meters; write it as 25",
        "locations.csv:5 polygon: there are a point and a polygon; keep one of them",
        "locations.csv:6 radius: it is the measure of no shape; write latitude and longitude too",
        "locations.csv:7 radius: a polygon has no radius; leave it out",
        "locations.csv:8 polygon: the polygon's edges cross or touch each other; write 3 to 15 corners as 41.88 -87.62; 41.89 -87.62; 41.89 -87.63",
        "locations.csv:9 latitude: this is no number; write it as 41.8822",
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_line_is_found_under_every_form_in_which_a_pbx_shows_it() {
    let cache = lab();
    let found = |shown: &str, code| cache.line(&"acme".into(), number(shown), code).map(|line| line.number);
    for shown in ["+13125550123", "13125550123", "3125550123", "(312) 555-0123"] {
        assert_eq!(found(shown, "1"), Some(number("+13125550123")), "{shown}");
    }
    assert_eq!(found("4117", "1"), Some(number("4117")));
    for unknown in ["+4117", "117", "3125550123999", "anonymous", "5550123", "+3125550123"] {
        assert_eq!(found(unknown, "1"), None, "{unknown}");
    }
    assert_eq!(found("3125550123", "45"), None);
    assert!(cache.line(&"other".into(), number("4117"), "1").is_none(), "another organisation has its own 4117");
}

#[test]
fn loading_again_takes_out_what_is_gone_and_keeps_the_configuration() {
    let cache = lab();
    let mut texts = Texts::without_devices();
    texts.numbers = "number,site,location\n+13125550199,hq,hq-4\n".into();
    cache.load(texts.read().expect("no fault"));
    assert_eq!(cache.lines.len(), 1);
    assert!(cache.line(&"acme".into(), number("+13125550199"), "1").is_some());
    assert_eq!((cache.snapshot.load().trunks.len(), &*cache.snapshot.load().domain), (7, "callbox.example"));
    cache.configure(&Snapshot::default());
    assert_eq!((cache.snapshot.load().trunks.len(), cache.snapshot.load().sites.len()), (0, 3));
}

#[test]
fn each_fault_names_file_line_and_column_and_all_are_found_at_once() {
    let found = faults(|texts| {
        texts.sites = texts.sites.replace("branch,acme,US", "branch,acne,us").replace(",yes,no,", ",yes,maybe,");
        texts.locations += "hq-101,hq-main,1,101,\nhq-9,tower,9,,12\n";
        texts.numbers += "4117,hq,,,\n911,hq,,,\n12x,hq,nowhere,5550100,perhaps\n4120,hq,,,yes\n4121,hq\n,hq,,,\n";
    });
    let expected = [
        "locations.csv:7 id: another building or location has this id; give each its own",
        "locations.csv:8 building: no such building; add it to the buildings",
        "sites.csv:4 organisation: no such organisation; add it to the organisations",
        "sites.csv:4 country: this is no country code; write the two capital letters of ISO 3166-1, as US",
        "numbers.csv:9 site: no such site; add it to the sites, or mend its line there",
        "numbers.csv:11 number: the organisation has this number already; keep one of the two lines",
        "numbers.csv:12 number: this is a code of the site's dial plan; give the line another extension",
        "numbers.csv:13 number: this is neither a number in international form nor an extension; write +13125550123, or an extension of digits alone",
        "numbers.csv:13 location: no such location; add it to the locations or buildings",
        "numbers.csv:13 ecbn: this is no number in international form; write it as +13125550123",
        "numbers.csv:13 reachable: this is neither yes nor no; write yes or no",
        "numbers.csv:14 reachable: an extension cannot be reached from outside; write no, or set an ecbn",
        "numbers.csv:15: the line has 2 cells, the header 5; check its commas and quotes",
        "numbers.csv:16 number: the cell is empty; fill it, or take the line out",
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_site_must_fit_trunks_dial_plans_and_its_building() {
    let found = faults(|texts| {
        texts.sites = "id,organisation,country,stage1,stage2,gateway,building,prefixes\n\
            a,acme,JP,yes,yes,gatway,hq-main,9x\n\
            b,acme,CA,yes,yes,,hq-main,\n\
            c,acme,US,yes,yes,,hq-101,\n\
            a,acme,US,yes,perhaps,,,\n\
            fr,acme,FR,no,no,,,\n\
            d,acme,US,no,no,psap-1,,\n"
            .into();
        texts.numbers = "number,site\n".into();
    });
    let expected = [
        "sites.csv:2 country: no dial plan for this country; add one to conf/dial-plan",
        "sites.csv:2 gateway: no such trunk; name one of the configured trunks",
        "sites.csv:2 prefixes: this is no dial prefix; write one to four digits, as 9",
        "sites.csv:2 country: the site's building is in another country; correct one of the two",
        "sites.csv:3 country: the site's building is in another country; correct one of the two",
        "sites.csv:4 building: no such building; add it to the buildings",
        "sites.csv:5 stage2: this is neither yes nor no; write yes or no",
        "sites.csv:5 id: another site has this id; give each its own",
        "sites.csv:7 gateway: this trunk is no gateway; name a trunk of kind gateway",
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_header_that_is_missing_or_wrong_is_told_without_repeating_what_stands_there() {
    let found = faults(|texts| texts.numbers = "+13125550123,hq,Jane Doe\n".into());
    assert_eq!(found.len(), 5, "{found:?}");
    assert!(found.iter().all(|fault| fault.starts_with("numbers.csv:1 ")), "{found:?}");
    assert!(!found.concat().contains("0123") && !found.concat().contains("Doe"), "{found:?}");
    assert_eq!(
        faults(|texts| texts.organisations = String::new())[0],
        "organisations.csv:1: the file is empty; begin it with the columns id,name,wiremap_order,company,secrets,window_wired_hours,window_wireless_hours,window_address_hours,vpn,did_fallback_desk,did_fallback_soft,receipts_kept_days,relay_bearer"
    );
    let twice = faults(|texts| texts.organisations = "id,name,ID\nacme,Acme,acme\n".into());
    assert_eq!(twice[0], "organisations.csv:1 column 3: the column is there twice; keep one of them");
}

#[test]
fn a_spreadsheets_marks_quotes_and_line_ends_are_taken_as_they_come() {
    let mut texts = Texts::without_devices();
    texts.organisations = "\u{feff}ID,Name\r\nacme,\"Acme, \"\"the\"\" company\"\r\n\r\n".into();
    texts.numbers = "Number , SITE\r\n (312) 4117 ,hq\r\n".into();
    let tables = texts.read().expect("no fault");
    assert_eq!(tables.organisations[0].name, "Acme, \"the\" company");
    assert_eq!(tables.lines[0].number.expose(), "3124117");
}

#[test]
fn a_hopeless_file_is_reported_up_to_a_limit() {
    let found = faults(|texts| texts.numbers = format!("number,site\n{}", "x,y\n".repeat(5000)));
    assert_eq!(found.len(), callbox::record::table::MOST_FAULTS);
}

#[test]
fn in_the_lab_a_peer_on_loopback_is_the_trunk_of_its_port_and_else_the_pbx() {
    let lab = snapshot(trunks());
    assert_eq!(who(&lab, "127.0.0.1:5070", None), Some(("psap-1".into(), false)));
    assert_eq!(who(&lab, "[::1]:5074", None), Some(("gateway".into(), false)));
    assert_eq!(who(&lab, "127.0.0.9:5075", None), Some(("pbx".into(), true)));
    assert_eq!(who(&lab, "127.0.0.1:40000", None), Some(("pbx".into(), true)));
    assert_eq!(who(&lab, "[::ffff:127.0.0.1]:40000", None), Some(("pbx".into(), true)));
    // A stream's own port says nothing; the sent-by of its top Via does.
    assert_eq!(who(&lab, "127.0.0.1:40000", Some(5072)), Some(("relay".into(), false)));
    assert_eq!(who(&lab, "127.0.0.1:5070", Some(40000)), Some(("pbx".into(), true)));
    assert_eq!(who(&lab, "192.0.2.1:5070", None), None);
}

#[test]
fn outside_the_lab_an_address_decides_and_the_port_only_between_trunks_that_share_one() {
    let mut all = trunks();
    for (trunk, host) in all.iter_mut().zip([
        "192.0.2.1",
        "192.0.2.2",
        "relay.example",
        "192.0.2.4",
        "192.0.2.6",
        "192.0.2.6",
        "192.0.2.7",
    ]) {
        trunk.host = host.into();
    }
    all[0].from = vec!["2001:db8::1".parse().expect("an address")];
    let mut world = snapshot(all);
    world.by_port = false;
    assert_eq!(who(&world, "192.0.2.2:9", None), Some(("psap-1".into(), false)));
    assert_eq!(who(&world, "[2001:db8::1]:5060", None), Some(("psap-2".into(), false)));
    assert_eq!(who(&world, "192.0.2.6:5074", None), Some(("gateway".into(), false)));
    assert_eq!(who(&world, "192.0.2.6:5090", None), Some(("pbx".into(), true)), "the one that places calls");
    assert_eq!(who(&world, "127.0.0.1:5070", None), Some(("pbx".into(), true)), "by the network of its source");
    assert_eq!(who(&world, "198.51.100.1:5060", None), None);
}

#[test]
fn a_trunk_with_a_name_is_known_by_what_the_resolver_last_knew() {
    let mut all = trunks();
    all[2].host = "relay.example".into();
    let cache = Cache::default();
    let mut world = snapshot(all);
    world.by_port = false;
    cache.configure(&world);
    let peer: SocketAddr = "198.51.100.7:5060".parse().expect("an address");
    assert_eq!(cache.who(&cache.snapshot.load(), peer, None), Who::Unknown);
    cache.targets.insert("relay".into(), Arc::new(vec!["198.51.100.7:5072".parse().expect("an address")]));
    match cache.who(&cache.snapshot.load(), peer, None) {
        Who::Trunk(trunk, None) => assert_eq!(&*trunk.name, "relay"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_narrowest_network_names_the_source() {
    let mut world = snapshot(vec![
        trunk("wide", TrunkKind::Pbx, Profile::Whole, 5060),
        trunk("narrow", TrunkKind::Pbx, Profile::Whole, 5060),
    ]);
    let source = |trunk: &str, network: &str, length| {
        let mut source = (*snapshot(Vec::new()).sources[0]).clone();
        (source.trunk, source.networks) = (trunk.into(), vec![(network.parse().expect("an address"), length)]);
        Arc::new(source)
    };
    world.by_port = false;
    world.sources =
        vec![source("wide", "10.0.0.0", 8), source("narrow", "10.1.4.0", 24), source("wide", "2001:db8::", 32)];
    assert_eq!(who(&world, "10.1.4.77:5060", None), Some(("narrow".into(), true)));
    assert_eq!(who(&world, "10.1.5.77:5060", None), Some(("wide".into(), true)));
    assert_eq!(who(&world, "[2001:db8:1::1]:5060", None), Some(("wide".into(), true)));
    assert_eq!(who(&world, "[2001:db9::1]:5060", None), None);
}

#[test]
fn a_country_without_a_plan_has_one_that_is_off_and_member_states_have_that_of_the_union() {
    let world = snapshot(trunks());
    assert_eq!((&*world.dial_plan("FR").country, world.dial_plan("FR").switched_on), ("EU", false));
    assert_eq!(&*world.dial_plan("DK").country, "DK");
    assert!(!world.dial_plan("JP").switched_on && world.dial_plan("JP").codes().eq(["112"]));
}

#[test]
fn nothing_of_a_table_prints_a_number_or_an_address() {
    let cache = lab();
    let printed = format!("{:?} {:?} {:?}", cache.lines, cache.locations, cache.snapshot.load());
    for private in ["5550123", "5550111", "5550100", "Example", "60601"] {
        assert!(!printed.contains(private), "{private}");
    }
    assert_eq!(format!("{:?}", Number::read("4117")), "Some(<private>)");
}
