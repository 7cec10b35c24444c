use crate::world::{chicago, civic, line, place, site, snapshot, trunk, trunks};
use callbox::cache::Snapshot;
use callbox::classify::Class;
use callbox::location::{Grade, Known, Located, decide as locate};
use callbox::pidf::Conveyed;
use callbox::record::found::{Hit, Verdict};
use callbox::record::wiremap::Rule;
use callbox::record::{
    Area, Boundaries, Boundary, Civic, Element, Found, Location, Position, Profile, Shape, Site, Trunk, TrunkKind,
};
use callbox::routing::{Cause, Plan, Question, Way, decide};
use core::time::Duration;
use proptest::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;

fn at(place: Option<Arc<Location>>) -> Located {
    let line = line("+13125550123", place);
    locate(Known { line: Some(&line), ..Known::default() })
}

fn at_desk() -> Located {
    at(Some(place("hq-101", chicago())))
}

fn sent(grade: Grade, firm: bool, civic: Option<Civic>) -> Located {
    let sent = Conveyed { grade, firm, civic: civic.map(Arc::new), shape: None, elin: None, method: None, at: None };
    locate(Known { conveyed: Some(&sent), ..Known::default() })
}

fn question<'a>(class: Class, site: &'a Site, located: &'a Located) -> Question<'a> {
    Question {
        class,
        number: Some(crate::world::number("911")),
        site,
        country_on: true,
        located,
        line_known: true,
        relay_other: None,
        leave_out: None,
        chance: 0,
    }
}

fn plan(trunks: Vec<Trunk>, question: &Question<'_>) -> Plan {
    decide(&snapshot(trunks), question, &|_| false)
}

fn names(plan: &Plan) -> Vec<&str> {
    plan.targets.iter().map(|target| &*target.trunk.name).collect()
}

fn texas() -> Civic {
    civic(&[
        (Element::Country, "US"),
        (Element::A1, "TX"),
        (Element::A3, "Austin"),
        (Element::Rd, "Sample"),
        (Element::Hno, "1"),
    ])
}

fn within(area: Area) -> Vec<Area> {
    vec![area]
}

#[test]
fn a_known_address_goes_to_the_psaps_then_the_relay_then_the_gateway() {
    let (site, located) = (site("US", &[]), at_desk());
    let plan = plan(trunks(), &question(Class::Emergency, &site, &located));
    assert_eq!(plan.way, Way::Direct);
    assert_eq!(names(&plan), ["psap-1", "psap-2", "relay", "gateway"]);
    assert!(plan.targets.iter().all(|target| !target.with_default && target.dial.is_none()));
}

#[test]
fn no_address_goes_to_the_relay_then_to_psaps_with_the_default_location_then_the_gateway() {
    let (site, nowhere) = (site("US", &[]), at(None));
    let mut question = question(Class::Emergency, &site, &nowhere);
    let known = plan(trunks(), &question);
    assert_eq!(known.way, Way::Relay(Cause::UserNoAddress));
    assert_eq!(names(&known), ["relay", "psap-1", "psap-2", "gateway"]);
    let defaults: Vec<bool> = known.targets.iter().map(|target| target.with_default).collect();
    assert_eq!(defaults, [false, true, true, false]);
    question.line_known = false;
    assert_eq!(plan(trunks(), &question).way, Way::Relay(Cause::UnknownDevice));
}

#[test]
fn a_mere_default_and_a_building_without_a_number_go_to_the_relay() {
    let site = site("US", &[]);
    let stand_in = Arc::new(Location { default: true, ..(*place("hq-main", chicago())).clone() });
    let building = place("hq-main", civic(&[(Element::Country, "US"), (Element::Bld, "East Tower")]));
    let cases = [
        (at(Some(stand_in)), Cause::UserNoAddress),
        (at(Some(building)), Cause::AdminConfig),
        (sent(Grade::Default, false, None), Cause::UserNoAddress),
    ];
    for (located, cause) in cases {
        assert_eq!(plan(trunks(), &question(Class::Emergency, &site, &located)).way, Way::Relay(cause));
    }
}

#[test]
fn a_shape_or_a_reference_goes_directly_to_i3_psaps_and_to_legacy_ones_only_after_the_relay() {
    let site = site("US", &[]);
    let reference = locate(Known { reference: true, ..Known::default() });
    for located in [sent(Grade::BestAvailable, true, None), reference] {
        let mut all = trunks();
        all.push(trunk("carrier", TrunkKind::PsapLegacy, Profile::Legacy, 5080));
        let plan = plan(all, &question(Class::Emergency, &site, &located));
        assert_eq!(plan.way, Way::Direct);
        assert_eq!(names(&plan), ["psap-1", "psap-2", "relay", "carrier", "gateway"]);
    }
}

#[test]
fn evidence_of_two_buildings_goes_to_the_relay_first_and_its_list_ends_no_earlier() {
    let site = site("US", &[]);
    let line = line("+13125550123", Some(place("hq-101", chicago())));
    let hit = |rule, id| Hit { rule, place: place(id, chicago()), age: Duration::ZERO, verdict: Verdict::Conflict };
    let hits = [hit(Rule::Port, "hq-217"), hit(Rule::Public, "branch-main")].into_iter().collect();
    let conflict = Found { grade: Grade::BestAvailable, conflict: true, hits, ..Found::default() };
    let located = locate(Known { line: Some(&line), found: Some(&conflict), ..Known::default() });
    let plan = plan(trunks(), &question(Class::Emergency, &site, &located));
    assert_eq!(plan.way, Way::Relay(Cause::Conflict));
    assert_eq!(names(&plan), ["relay", "psap-1", "psap-2", "gateway"]);
}

#[test]
fn a_place_that_no_psap_serves_goes_to_the_relay_as_a_gap_in_the_configuration() {
    let (site, located) = (site("US", &[]), at_desk());
    let without: Vec<Trunk> = trunks().into_iter().filter(|trunk| trunk.kind != TrunkKind::PsapI3).collect();
    let plan = plan(without, &question(Class::Emergency, &site, &located));
    assert_eq!(plan.way, Way::Relay(Cause::AdminConfig));
    assert_eq!(names(&plan), ["relay", "gateway"]);
}

#[test]
fn the_psap_follows_the_place_and_the_narrowest_route_goes_first() {
    let area =
        |name: &str, port, area| Trunk { areas: within(area), ..trunk(name, TrunkKind::PsapI3, Profile::I3, port) };
    let text = |text: &str| Some(text.to_owned());
    let all = || {
        vec![
            trunk("everywhere", TrunkKind::PsapI3, Profile::I3, 1),
            area("texas", 2, Area { state: text("TX"), ..Area::default() }),
            area("country", 3, Area { country: text("us"), ..Area::default() }),
            area("illinois", 4, Area { state: text("il"), ..Area::default() }),
            area("chicago", 5, Area { state: text("IL"), city: text("CHICAGO"), ..Area::default() }),
            area("tower", 6, Area { building: text("hq-main"), ..Area::default() }),
            area("room", 7, Area { location: text("hq-101"), ..Area::default() }),
            area("cook", 8, Area { county: text("Cook"), ..Area::default() }),
        ]
    };
    let site = site("US", &[]);
    let desk = plan(all(), &question(Class::Emergency, &site, &at_desk())).targets;
    let desk: Vec<&str> = desk.iter().map(|target| &*target.trunk.name).collect();
    assert_eq!(desk, ["room", "tower", "chicago", "illinois", "country", "everywhere"]);
    let away = sent(Grade::Dispatchable, true, Some(texas()));
    assert_eq!(names(&plan(all(), &question(Class::Emergency, &site, &away))), ["texas", "country", "everywhere"]);
    // Nothing is known: the user's site alone.
    let nowhere = at(None);
    let by_site = plan(all(), &question(Class::Emergency, &site, &nowhere));
    assert_eq!(names(&by_site), ["chicago", "illinois", "country", "everywhere"]);
}

#[test]
fn the_gateway_is_left_out_when_the_device_is_known_to_be_in_another_state() {
    let site = site("US", &[]);
    let away = sent(Grade::Dispatchable, true, Some(texas()));
    assert_eq!(names(&plan(trunks(), &question(Class::Emergency, &site, &away))), ["psap-1", "psap-2", "relay"]);
    let mut neighbour = chicago();
    neighbour.set(Element::A3, "Springfield");
    let near = sent(Grade::Dispatchable, true, Some(neighbour));
    assert!(names(&plan(trunks(), &question(Class::Emergency, &site, &near))).contains(&"gateway"));
    let guessed = sent(Grade::Default, false, Some(texas()));
    assert!(names(&plan(trunks(), &question(Class::Emergency, &site, &guessed))).contains(&"gateway"));
    let only_gateway: Vec<Trunk> = trunks().into_iter().filter(|trunk| &*trunk.name == "gateway").collect();
    let last = plan(only_gateway, &question(Class::Emergency, &site, &away));
    assert_eq!(names(&last), ["gateway"], "with nothing else, the wrong town is better than nobody");
}

#[test]
fn a_site_without_its_stage_or_a_country_switched_off_goes_by_its_gateway_alone() {
    let mut branch = site("US", &[]);
    branch.stage2 = false;
    let located = at_desk();
    for class in [Class::Emergency, Class::Crisis] {
        let plan = plan(trunks(), &question(class, &branch, &located));
        assert_eq!((plan.way, names(&plan)), (Way::Gateway, vec!["gateway"]));
        assert_eq!(plan.targets[0].dial, None, "as dialled");
    }
    assert_eq!(plan(trunks(), &question(Class::Test, &branch, &located)).way, Way::Test);
    branch.stage1 = false;
    assert_eq!(plan(trunks(), &question(Class::Test, &branch, &located)).way, Way::Gateway);
    let abroad = site("AU", &[]);
    for class in [Class::Emergency, Class::Crisis, Class::Test] {
        let question = Question { country_on: false, ..question(class, &abroad, &located) };
        assert_eq!(names(&plan(trunks(), &question)), ["gateway"]);
    }
}

#[test]
fn an_emergency_call_of_a_site_without_stage_and_gateway_is_not_lost() {
    let mut site = site("US", &[]);
    (site.stage2, site.gateway) = (false, None);
    let located = at_desk();
    let emergency = plan(trunks(), &question(Class::Emergency, &site, &located));
    assert_eq!(names(&emergency), ["psap-1", "psap-2", "relay"]);
}

#[test]
fn a_test_call_never_reaches_anyone_but_the_test_trunks() {
    let (site, located) = (site("US", &[]), at_desk());
    let test = plan(trunks(), &question(Class::Test, &site, &located));
    assert_eq!((test.way, names(&test)), (Way::Test, vec!["ivr"]));
    let without: Vec<Trunk> = trunks().into_iter().filter(|trunk| trunk.kind != TrunkKind::Test).collect();
    assert_eq!(names(&plan(without, &question(Class::Test, &site, &located))), [""; 0]);
}

#[test]
fn a_crisis_call_goes_to_the_crisis_line_then_by_the_gateway_to_its_full_number() {
    let located = at_desk();
    let home = site("US", &[]);
    let crisis = plan(trunks(), &question(Class::Crisis, &home, &located));
    assert_eq!((crisis.way, names(&crisis)), (Way::Crisis, vec!["crisis", "gateway"]));
    assert_eq!(crisis.targets[0].dial, None);
    assert_eq!(crisis.targets[1].dial, Some("+18002738255"));
    let canada = site("CA", &[]);
    let crisis = plan(trunks(), &question(Class::Crisis, &canada, &located));
    assert_eq!(crisis.targets[1].dial, None, "the number is one of the United States");
}

#[test]
fn a_crisis_call_is_routed_by_the_site_and_never_by_the_place() {
    let mut all = trunks();
    all[3].areas = within(Area { state: Some("IL".into()), ..Area::default() });
    let home = site("US", &[]);
    let away = sent(Grade::Dispatchable, true, Some(texas()));
    assert_eq!(names(&plan(all, &question(Class::Crisis, &home, &away))), ["crisis", "gateway"]);
}

#[test]
fn other_calls_go_where_the_source_says_or_nowhere() {
    let (site, nowhere) = (site("US", &[]), at(None));
    let mut other = question(Class::Other, &site, &nowhere);
    assert_eq!(plan(trunks(), &other).way, Way::Refused);
    other.relay_other = Some("gateway");
    let passed = plan(trunks(), &other);
    assert_eq!((passed.way, names(&passed)), (Way::Other, vec!["gateway"]));
}

#[test]
fn known_dead_trunks_go_last_and_never_away() {
    let (site, located) = (site("US", &[]), at_desk());
    let question = question(Class::Emergency, &site, &located);
    let one_dead = decide(&snapshot(trunks()), &question, &|trunk| &*trunk.name == "psap-1");
    assert_eq!(names(&one_dead), ["psap-2", "relay", "gateway", "psap-1"]);
    let all_dead = decide(&snapshot(trunks()), &question, &|_| true);
    assert_eq!(names(&all_dead), ["psap-1", "psap-2", "relay", "gateway"]);
}

#[test]
fn a_loop_goes_on_with_its_trunk_left_out() {
    let (site, located) = (site("US", &[]), at_desk());
    let question = Question { leave_out: Some("psap-1"), ..question(Class::Emergency, &site, &located) };
    assert_eq!(names(&plan(trunks(), &question)), ["psap-2", "relay", "gateway"]);
}

#[test]
fn an_organisations_rule_for_the_number_goes_first_then_its_provider_then_everybodys_then_the_relay() {
    let site = site("US", &[]);
    let desk = at_desk();
    let owned = |name: &str, organisations: &[&str], dials: &[&str]| Trunk {
        organisations: organisations.iter().map(|id| (*id).into()).collect(),
        dials: dials.iter().map(|dialled| crate::world::number(dialled)).collect(),
        priority: 90,
        ..trunk(name, TrunkKind::PsapI3, Profile::I3, 5090)
    };
    let mut all = trunks();
    all.push(owned("for-112", &[], &["112"]));
    all.push(owned("acme-provider", &["acme"], &[]));
    all.push(owned("acme-112", &["other", "acme"], &["112"]));
    all.push(owned("other-provider", &["other"], &[]));
    all.push(owned("other-911", &["other"], &["911"]));
    // The place decides among those of one rank alone.
    all[0].areas = within(Area { location: Some("hq-101".into()), ..Area::default() });
    all.push(Trunk { kind: TrunkKind::Relay, profile: Profile::Relay, ..owned("acme-relay", &["acme"], &[]) });
    let question = question(Class::Emergency, &site, &desk);
    assert_eq!(
        names(&plan(all.clone(), &question)),
        ["acme-provider", "psap-2", "psap-1", "acme-relay", "relay", "gateway"]
    );
    let by_112 = Question { number: Some(crate::world::number("112")), ..question };
    assert_eq!(
        names(&plan(all.clone(), &by_112)),
        ["acme-112", "acme-provider", "for-112", "psap-2", "psap-1", "acme-relay", "relay", "gateway"]
    );
    let unnamed = Question { number: None, ..question };
    assert_eq!(names(&plan(all, &unnamed)), ["acme-provider", "psap-2", "psap-1", "acme-relay", "relay", "gateway"]);
}

#[test]
fn trunks_of_one_priority_share_calls_by_weight() {
    let mut all: Vec<Trunk> =
        ["three", "one", "zero"].map(|name| trunk(name, TrunkKind::PsapI3, Profile::I3, 1)).into();
    (all[0].weight, all[1].weight, all[2].weight) = (3, 1, 0);
    let (site, located) = (site("US", &[]), at_desk());
    let snapshot = snapshot(all);
    let mut firsts: HashMap<String, u32> = HashMap::new();
    for chance in 0..4000 {
        let question = Question { chance, ..question(Class::Emergency, &site, &located) };
        let plan = decide(&snapshot, &question, &|_| false);
        assert_eq!(plan.targets.len(), 3, "nobody is lost in the draw");
        assert_eq!(&*plan.targets[2].trunk.name, "zero");
        *firsts.entry(plan.targets[0].trunk.name.to_string()).or_default() += 1;
    }
    assert!((2850..3150).contains(&firsts["three"]), "{firsts:?}");
}

#[test]
fn an_address_that_is_not_ours_prefers_a_trunk_that_can_carry_it() {
    let mut all = vec![trunk("carrier", TrunkKind::PsapLegacy, Profile::Legacy, 1), trunks().remove(0)];
    all[0].priority = 1;
    let site = site("US", &[]);
    let ours = plan(all.clone(), &question(Class::Emergency, &site, &at_desk()));
    assert_eq!(&*ours.targets[0].trunk.name, "carrier");
    let foreign = sent(Grade::Dispatchable, true, Some(chicago()));
    assert_eq!(&*plan(all, &question(Class::Emergency, &site, &foreign)).targets[0].trunk.name, "psap-2");
}

fn some_trunk() -> impl Strategy<Value = Trunk> {
    let kinds = [
        (TrunkKind::PsapI3, Profile::I3),
        (TrunkKind::PsapLegacy, Profile::Legacy),
        (TrunkKind::Relay, Profile::Relay),
        (TrunkKind::Test, Profile::Test),
        (TrunkKind::Crisis, Profile::Crisis),
    ];
    let state = prop::option::of(prop::sample::select(vec!["IL", "TX"]));
    (prop::sample::select(kinds.to_vec()), 0..3u16, 0..4u16, state).prop_map(
        |((kind, profile), priority, weight, state)| {
            let areas = state.map(|state| Area { state: Some(state.into()), ..Area::default() });
            Trunk { priority, weight, areas: areas.into_iter().collect(), ..trunk("", kind, profile, 1) }
        },
    )
}

proptest! {
    /// Whatever is configured, dead, or known of the caller.
    #[test]
    fn no_list_ends_early_repeats_a_target_or_reaches_whom_it_must_not(
        mut some in prop::collection::vec(some_trunk(), 0..12),
        class in prop::sample::select(vec![Class::Emergency, Class::Test, Class::Crisis]),
        known in 0..5usize,
        (stage1, stage2, country_on, line_known) in any::<(bool, bool, bool, bool)>(),
        (chance, dead) in any::<(u64, u16)>(),
    ) {
        for (place, trunk) in some.iter_mut().enumerate() {
            trunk.name = place.to_string().into();
        }
        some.push(trunk("gateway", TrunkKind::Gateway, Profile::Whole, 1));
        let located = match known {
            0 => at(None),
            1 => at_desk(),
            2 => sent(Grade::Dispatchable, true, Some(texas())),
            3 => sent(Grade::Default, false, Some(texas())),
            _ => sent(Grade::BestAvailable, true, None),
        };
        let site = Site { stage1, stage2, ..site("US", &[]) };
        let question = Question { country_on, line_known, chance, ..question(class, &site, &located) };
        let is_dead = |trunk: &Trunk| trunk.name.parse::<u16>().is_ok_and(|name| dead >> name & 1 == 1);
        let world = snapshot(some.clone());
        let plan = decide(&world, &question, &is_dead);
        let again = decide(&world, &question, &is_dead);
        prop_assert_eq!(names(&plan), names(&again), "the same question, the same plan");

        let mut once = names(&plan);
        once.sort_unstable();
        once.dedup();
        prop_assert_eq!(once.len(), plan.targets.len());
        let has = |kind| plan.targets.iter().any(|target| target.trunk.kind == kind);
        let first_dead = plan.targets.iter().position(|target| is_dead(&target.trunk)).unwrap_or(plan.targets.len());
        prop_assert!(plan.targets[first_dead..].iter().all(|target| is_dead(&target.trunk)));
        let psap = has(TrunkKind::PsapI3) || has(TrunkKind::PsapLegacy);
        match class {
            Class::Emergency => {
                prop_assert!(!plan.targets.is_empty() && !has(TrunkKind::Test) && !has(TrunkKind::Crisis));
                let away = known == 2 && stage2 && country_on;
                prop_assert!(away || has(TrunkKind::Gateway));
                prop_assert!(plan.way != Way::Direct || psap);
            }
            Class::Crisis => {
                prop_assert!(has(TrunkKind::Gateway) && !psap && !has(TrunkKind::Relay) && !has(TrunkKind::Test));
            }
            _ => prop_assert!(!psap && !has(TrunkKind::Relay) && !has(TrunkKind::Crisis)),
        }
        let state = if known == 2 || known == 3 { "TX" } else { "IL" };
        let serves = |trunk: &Trunk| trunk.areas.iter().all(|area| area.state.as_deref() == Some(state));
        if class == Class::Emergency && plan.way != Way::Gateway {
            let wanted = [TrunkKind::PsapI3, TrunkKind::PsapLegacy, TrunkKind::Relay];
            let serving = some.iter().filter(|trunk| wanted.contains(&trunk.kind) && serves(trunk)).count();
            let listed = plan.targets.iter().filter(|target| wanted.contains(&target.trunk.kind)).count();
            prop_assert_eq!(listed, serving, "every trunk that serves the place, and no other");
        }
    }
}

/// A caller whose place is this point and nothing else.
fn seen_at(latitude: f64, longitude: f64) -> Located {
    let shape = Position::new(latitude, longitude, None).map(Shape::Point).map(Arc::new);
    let grade = Grade::BestAvailable;
    locate(Known {
        conveyed: Some(&Conveyed { grade, firm: true, civic: None, shape, elin: None, method: None, at: None }),
        ..Known::default()
    })
}

/// The plan where a map has Cook County and, over its eastern edge, Lake Michigan.
fn plan_on_a_map(trunks: Vec<Trunk>, question: &Question<'_>) -> Plan {
    let square = |name: &str, west: f64, east: f64| {
        let corners = vec![(west, 41.5), (east, 41.5), (east, 42.1), (west, 42.1)];
        Boundary { name: name.into(), parts: geo::Polygon::new(corners.into(), Vec::new()).into() }
    };
    let boundaries = Boundaries::new(vec![square("lake", -87.6, -86.0), square("cook", -88.2, -87.5)]);
    decide(&Snapshot { boundaries: Arc::new(boundaries), ..snapshot(trunks) }, question, &|_| false)
}

fn on_a_map() -> Vec<Trunk> {
    let area = |area: Area| within(area);
    let drawn = |name: &str| area(Area { boundary: Some(name.into()), ..Area::default() });
    let mut all = trunks();
    let psap = |name: &str, areas| Trunk { areas, ..trunk(name, TrunkKind::PsapI3, Profile::I3, 5099) };
    all.retain(|trunk| trunk.kind != TrunkKind::PsapI3 && trunk.kind != TrunkKind::PsapLegacy);
    all.push(psap("chicago", area(Area { city: Some("Chicago".into()), ..Area::default() })));
    all.push(psap("cook", drawn("cook")));
    all.push(psap("lake", drawn("lake")));
    all
}

#[test]
fn a_shape_goes_to_the_psap_whose_boundary_holds_it_and_not_to_the_users_own() {
    let site = site("US", &[]);
    let here = seen_at(41.9, -88.0);
    assert_eq!(
        names(&plan_on_a_map(on_a_map(), &question(Class::Emergency, &site, &here))),
        ["cook", "relay", "gateway"]
    );
    let afloat = seen_at(41.9, -86.5);
    let afloat = plan_on_a_map(on_a_map(), &question(Class::Emergency, &site, &afloat));
    assert_eq!(names(&afloat), ["lake", "relay", "gateway"]);
}

#[test]
fn where_two_boundaries_hold_a_point_the_first_of_the_map_decides_whatever_chance_says() {
    let site = site("US", &[]);
    let ashore = seen_at(41.9, -87.55);
    for chance in 0..64 {
        let question = Question { chance, ..question(Class::Emergency, &site, &ashore) };
        assert_eq!(names(&plan_on_a_map(on_a_map(), &question)), ["lake", "cook", "relay", "gateway"]);
    }
}

#[test]
fn a_shape_that_no_boundary_holds_goes_to_the_relay_and_without_any_map_to_the_users_psap() {
    let site = site("US", &[]);
    let denver = seen_at(39.7, -105.0);
    let question = question(Class::Emergency, &site, &denver);
    let on_the_map = plan_on_a_map(on_a_map(), &question);
    assert_eq!(on_the_map.way, Way::Relay(Cause::AdminConfig));
    assert_eq!(names(&on_the_map), ["relay", "gateway"]);
    assert_eq!(names(&plan(on_a_map(), &question))[0], "chicago");
}

#[test]
fn a_place_of_ours_that_is_drawn_goes_to_the_psap_whose_boundary_holds_it() {
    let site = site("US", &[]);
    let drawn = |civic, north, east| {
        let shape = Position::new(north, east, None).map(|at| Arc::new(Shape::Point(at)));
        at(Some(Arc::new(Location { shape, ..(*place("hq-101", civic)).clone() })))
    };
    let inland = plan_on_a_map(on_a_map(), &question(Class::Emergency, &site, &drawn(chicago(), 41.9, -88.0)));
    assert_eq!((inland.way, names(&inland)), (Way::Direct, vec!["cook", "chicago", "relay", "gateway"]));
    // A pier without a house number.
    let pier = civic(&[(Element::Country, "US"), (Element::A1, "IL"), (Element::Lmk, "Pier")]);
    let afloat = plan_on_a_map(on_a_map(), &question(Class::Emergency, &site, &drawn(pier, 41.9, -86.5)));
    assert_eq!((afloat.way, names(&afloat)), (Way::Direct, vec!["lake", "relay", "gateway"]));
}

#[test]
fn an_address_is_never_looked_up_on_the_map() {
    let site = site("US", &[]);
    let desk = at_desk();
    assert_eq!(names(&plan_on_a_map(on_a_map(), &question(Class::Emergency, &site, &desk)))[..2], ["chicago", "relay"]);
}
