//! Where a device is by what it says of its network.
use crate::world::{chicago, lab};
use callbox::base::now::Wall;
use callbox::cache::Cache;
use callbox::location::{fusion, wiremap};
use callbox::record::found::{Hit, Verdict};
use callbox::record::wiremap::{Order, Rule};
use callbox::record::{
    AccessPoint, Attachment, Chassis, Civic, Element, Found, Grade, Interface, Location, Mac, Measurements,
    Organisation, Port,
};
use core::time::Duration;
use proptest::prelude::*;
use std::sync::Arc;

const NOW: Wall = Wall::from_millis(1_800_000_000_000);
const MINUTE: u64 = 60;
const DAY: u64 = 24 * 60 * MINUTE;

fn ago(secs: u64) -> Wall {
    Wall::from_millis(NOW.as_millis() - secs * 1000)
}

fn acme() -> Organisation {
    Organisation::new("acme", "Acme")
}

fn point(bssid: &str, serving: bool, signal_dbm: Option<i16>) -> AccessPoint {
    AccessPoint { bssid: Mac::read(bssid).expect("an address"), serving, signal_dbm }
}

fn socket(at: Wall) -> Interface {
    let chassis = Chassis::read("02:00:00:00:01:01").expect("a switch");
    Interface { at, switches: vec![Attachment { chassis, port: Port::read("7") }], ..Interface::default() }
}

fn wireless(at: Wall) -> Interface {
    Interface { at, access_points: vec![point("02-00-00-00-00-11", true, Some(-50))], ..Interface::default() }
}

fn addressed(at: Wall) -> Interface {
    Interface { at, addresses: vec![[10, 1, 4, 77].into()], ..Interface::default() }
}

fn find(cache: &Cache, interfaces: Vec<Interface>) -> Found {
    wiremap::decide(cache, &acme(), &Measurements { interfaces, public: None }, NOW)
}

fn place_of(found: &Found) -> Option<&str> {
    found.place.as_deref().map(|place| &*place.id)
}

fn hits(found: &Found) -> Vec<(Rule, Verdict)> {
    found.hits.iter().map(|hit| (hit.rule, hit.verdict)).collect()
}

#[test]
fn a_port_an_access_point_and_a_subnet_each_name_their_place() {
    let lab = lab();
    for (interface, id, rule) in [
        (socket(NOW), "hq-217", Rule::Port),
        (wireless(NOW), "hq-301", Rule::Bssid),
        (addressed(NOW), "hq-4", Rule::Subnet),
    ] {
        let found = find(&lab, vec![interface]);
        assert_eq!((place_of(&found), found.rule, found.grade), (Some(id), Some(rule), Grade::Dispatchable));
        assert_eq!((found.degraded, found.conflict), (false, false));
    }
    let mut tunnel = socket(NOW);
    tunnel.is_virtual = true;
    assert_eq!(find(&lab, vec![tunnel]), Found::default(), "a virtual interface is nowhere");
    let nobody = Organisation { id: "other".into(), ..acme() };
    let measured = Measurements { interfaces: vec![socket(NOW)], public: None };
    assert_eq!(wiremap::decide(&lab, &nobody, &measured, NOW), Found::default(), "not its network");
}

#[test]
fn a_subnet_never_takes_away_the_room_of_a_port_however_fresh_it_is() {
    let found = find(&lab(), vec![addressed(NOW), socket(ago(20 * DAY))]);
    assert_eq!((place_of(&found), found.age), (Some("hq-217"), Duration::from_secs(20 * DAY)));
    assert_eq!(hits(&found), [(Rule::Port, Verdict::Won), (Rule::Subnet, Verdict::Coarser)]);
}

#[test]
fn of_a_port_and_an_access_point_in_one_building_the_fresher_wins_by_five_minutes_and_else_the_building() {
    let lab = lab();
    let found = find(&lab, vec![socket(ago(5 * MINUTE)), wireless(NOW)]);
    assert_eq!((place_of(&found), found.rule), (Some("hq-301"), Some(Rule::Bssid)));
    assert_eq!(hits(&found), [(Rule::Bssid, Verdict::Won), (Rule::Port, Verdict::Older)]);
    let found = find(&lab, vec![socket(ago(5 * MINUTE - 1)), wireless(NOW), addressed(NOW)]);
    assert_eq!((place_of(&found), found.rule, found.degraded), (Some("hq-main"), None, true));
    assert_eq!(found.grade, Grade::Dispatchable, "the building's house number is known");
    let verdicts =
        [(Rule::Port, Verdict::Disputed), (Rule::Bssid, Verdict::Disputed), (Rule::Subnet, Verdict::Coarser)];
    assert_eq!(hits(&found), verdicts);
}

#[test]
fn what_is_older_than_its_window_yields_and_alone_is_the_last_known_place() {
    let lab = lab();
    let found = find(&lab, vec![socket(ago(30 * DAY + 1)), addressed(ago(DAY))]);
    assert_eq!((place_of(&found), found.rule), (Some("hq-4"), Some(Rule::Subnet)));
    assert_eq!(hits(&found), [(Rule::Subnet, Verdict::Won), (Rule::Port, Verdict::Stale)]);
    let found = find(&lab, vec![socket(ago(31 * DAY)), wireless(ago(DAY + 1))]);
    assert_eq!((place_of(&found), found.grade), (Some("hq-301"), Grade::Stale));
    let ahead = Wall::from_millis(NOW.as_millis() + 60_000);
    assert_eq!(find(&lab, vec![socket(ahead)]).age, Duration::ZERO, "a device's clock may be wrong");
}

#[test]
fn the_access_point_in_use_counts_and_else_the_strongest_that_is_known() {
    let cache = lab();
    let row = |bssid: &str, location: &str| callbox::record::wiremap::Row {
        organisation: "acme".into(),
        key: callbox::record::wiremap::Key::Bssid(Mac::read(bssid).expect("an address")),
        location: Some(location.into()),
    };
    cache.wiremap.insert(&row("02-00-00-00-00-12", "hq-101"));
    let with = |points: Vec<AccessPoint>| {
        let found = find(&cache, vec![Interface { at: NOW, access_points: points, ..Interface::default() }]);
        (place_of(&found).map(str::to_owned), hits(&found).len())
    };
    let (one, other) = ("02-00-00-00-00-11", "02-00-00-00-00-12");
    let unknown = point("02-00-00-00-00-99", true, Some(-30));
    let in_use = vec![point(one, false, Some(-40)), point(other, true, Some(-80))];
    assert_eq!(with(in_use), (Some("hq-101".into()), 2));
    let stronger = vec![unknown, point(one, false, Some(-40)), point(other, false, Some(-80))];
    assert_eq!(with(stronger), (Some("hq-301".into()), 2));
    assert_eq!(with(vec![point(one, false, None), point(other, false, Some(-90))]), (Some("hq-101".into()), 2));
    assert_eq!(with(vec![unknown]), (None, 0));
}

fn room(building: &str, floor: &str, room: &str) -> Arc<Location> {
    let mut civic: Civic = chicago();
    civic.set(Element::Bld, building);
    civic.set(Element::Flr, floor);
    civic.set(Element::Room, room);
    let id = format!("{building}-{floor}-{room}").into();
    Arc::new(Location::new(id, building.into(), civic))
}

fn hit(rule: Rule, place: &Arc<Location>, age: u64) -> Hit {
    Hit { rule, place: Arc::clone(place), age: Duration::from_secs(age), verdict: Verdict::Order }
}

fn fuse(hits: Vec<Hit>) -> Found {
    fusion::fuse(&acme(), hits.into(), |building| Some(room(building, "", "")))
}

#[test]
fn two_buildings_are_a_conflict_whatever_names_them() {
    let (east, west) = (room("east", "2", "217"), room("west", "1", "101"));
    for (one, other) in [(Rule::Port, Rule::Bssid), (Rule::Port, Rule::Subnet), (Rule::Subnet, Rule::Public)] {
        let found = fuse(vec![hit(one, &east, 0), hit(other, &west, 3600)]);
        assert!(found.conflict && found.place.is_none() && found.rule.is_none(), "{one:?} {other:?}");
        assert_eq!(hits(&found), [(one, Verdict::Conflict), (other, Verdict::Conflict)]);
    }
    let found = fuse(vec![hit(Rule::Port, &east, 0), hit(Rule::Bssid, &west, 2 * DAY)]);
    assert_eq!(place_of(&found), Some("east-2-217"), "what is older than its window names nothing");
}

#[test]
fn where_traffic_leaves_contradicts_no_port_and_no_access_point() {
    let (east, west) = (room("east", "2", "217"), room("west", "", ""));
    for fine in [Rule::Port, Rule::Bssid] {
        let found = fuse(vec![hit(Rule::Public, &west, 0), hit(fine, &east, 60)]);
        assert_eq!((place_of(&found), found.rule, found.conflict), (Some("east-2-217"), Some(fine), false));
        assert_eq!(hits(&found), [(fine, Verdict::Won), (Rule::Public, Verdict::Exit)]);
    }
    let found = fuse(vec![hit(Rule::Port, &east, 2 * 30 * DAY), hit(Rule::Public, &west, 0)]);
    assert_eq!(place_of(&found), Some("west--"), "what is older than its window names nothing");
}

#[test]
fn of_two_that_agree_the_closer_wins() {
    let (floor, desk) = (room("east", "2", ""), room("east", "2", "217"));
    let found = fuse(vec![hit(Rule::Port, &floor, 0), hit(Rule::Bssid, &desk, 60), hit(Rule::Public, &floor, 0)]);
    assert_eq!((place_of(&found), found.rule), (Some("east-2-217"), Some(Rule::Bssid)));
    assert_eq!(
        hits(&found),
        [(Rule::Bssid, Verdict::Won), (Rule::Port, Verdict::Agrees), (Rule::Public, Verdict::Agrees)]
    );
    let closet = room("east", "2", "closet");
    let found = fuse(vec![hit(Rule::Port, &floor, 0), hit(Rule::Switch, &closet, 0)]);
    assert_eq!(place_of(&found), Some("east-2-"), "a switch's closet is nobody's room");
}

#[test]
fn among_coarse_elements_the_organisations_order_decides() {
    let (one, other) = (room("east", "1", ""), room("east", "2", ""));
    let both = || vec![hit(Rule::Switch, &one, 3600), hit(Rule::Subnet, &other, 0)];
    assert_eq!(place_of(&fuse(both())), Some("east-1-"));
    let order = Order::of(&[Rule::Subnet]).expect("an order");
    let found = fusion::fuse(&Organisation { wiremap_order: order, ..acme() }, both().into(), |_| None);
    assert_eq!(place_of(&found), Some("east-2-"));
    assert_eq!(hits(&found), [(Rule::Subnet, Verdict::Won), (Rule::Switch, Verdict::Order)]);
}

fn any_hits() -> impl Strategy<Value = Vec<Hit>> {
    let place = (0..2_usize, 0..3_usize, 0..3_usize).prop_map(|(building, floor, number)| {
        let rooms = ["", "201", "202"];
        room(
            ["east", "west"][building / 2 + usize::from(building == 1 && number == 2)],
            ["", "1", "2"][floor],
            rooms[number],
        )
    });
    let one = (0..6_usize, place, 0..40_u64).prop_map(|(rule, place, age)| hit(Rule::ALL[rule], &place, age * 60));
    prop::collection::vec(one, 0..8)
}

proptest! {
    #[test]
    fn fusion_never_invents_a_place_and_says_what_became_of_everything(mut given in any_hits(), turn in 0..8_usize) {
        let found = fuse(given.clone());
        prop_assert_eq!(found.hits.len(), given.len());
        let buildings: std::collections::BTreeSet<_> = given.iter().map(|hit| &hit.place.building).collect();
        let exits = found.hits.iter().filter(|hit| hit.verdict == Verdict::Exit).count();
        prop_assert_eq!(found.conflict, found.hits.iter().any(|hit| hit.verdict == Verdict::Conflict));
        prop_assert!(exits > 0 || found.conflict == (buildings.len() > 1));
        prop_assert_eq!(found.place.is_none(), given.is_empty() || found.conflict);
        let won = found.hits.iter().filter(|hit| hit.verdict == Verdict::Won).count();
        prop_assert_eq!(won, usize::from(found.rule.is_some()));
        prop_assert_eq!(found.rule.is_some(), !given.is_empty() && !found.conflict && !found.degraded);
        if let (Some(rule), Some(place)) = (found.rule, &found.place) {
            prop_assert_eq!((found.hits[0].rule, &found.hits[0].place), (rule, place), "the winner comes first");
            prop_assert!(given.iter().any(|hit| hit.rule == rule && hit.place == *place));
            let has_fine = given.iter().any(|hit| hit.rule.is_fine());
            prop_assert!(rule.is_fine() || !has_fine, "a coarse element took away what a fine one names");
        }
        // The order in which a device lists what it sees is no matter.
        if !given.is_empty() {
            let turn = turn % given.len();
            given.rotate_left(turn);
        }
        let turned = fuse(given);
        prop_assert_eq!(
            (turned.degraded, turned.conflict, turned.age),
            (found.degraded, found.conflict, found.age)
        );
    }
}
