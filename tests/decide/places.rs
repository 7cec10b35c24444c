use crate::world::{chicago, civic, line, place};
use callbox::base::now::Wall;
use callbox::location::{Grade, Known, Rung, decide};
use callbox::pidf::{Conveyed, Method};
use callbox::record::found::{Hit, Verdict};
use callbox::record::wiremap::Rule;
use callbox::record::{Caveat, Element, Found, Ladder, Location};
use core::time::Duration;
use std::sync::Arc;

fn conveyed(grade: Grade, firm: bool) -> Conveyed {
    Conveyed {
        grade,
        firm,
        civic: Some(Arc::new(civic(&[(Element::Country, "US"), (Element::A1, "TX")]))),
        shape: None,
        elin: None,
        method: None,
        at: None,
    }
}

fn default_place() -> Arc<Location> {
    Arc::new(Location { default: true, ..(*place("hq-main", chicago())).clone() })
}

fn order(known: Known<'_>) -> Vec<Rung> {
    decide(known).candidates.iter().map(|candidate| candidate.rung).collect()
}

#[test]
fn nothing_known_is_grade_none_and_no_place() {
    let located = decide(Known::default());
    assert_eq!((located.grade, located.place, located.candidates.len()), (Grade::None, None, 0));
    let unplaced = line("+13125550124", None);
    assert_eq!(decide(Known { line: Some(&unplaced), ..Known::default() }).grade, Grade::None);
}

#[test]
fn the_numbers_address_is_dispatchable_and_found_by_hand() {
    let line = line("+13125550123", Some(place("hq-101", chicago())));
    let located = decide(Known { line: Some(&line), ..Known::default() });
    assert_eq!((located.grade, located.method, located.is_firm()), (Grade::Dispatchable, Method::Manual, true));
    assert_eq!(located.stands_at().map(|place| &*place.id), Some("hq-101"));
    assert_eq!(located.civic(), Some(&chicago()));
}

#[test]
fn what_came_with_the_call_beats_the_numbers_address_and_ours_goes_along() {
    let line = line("+13125550123", Some(place("hq-101", chicago())));
    let sent = conveyed(Grade::Dispatchable, true);
    let located = decide(Known { line: Some(&line), conveyed: Some(&sent), reference: true, ..Known::default() });
    let rungs: Vec<Rung> = located.candidates.iter().map(|candidate| candidate.rung).collect();
    assert_eq!(rungs, [Rung::Conveyed, Rung::Number, Rung::Reference]);
    assert_eq!(located.place.as_ref().map(|place| &*place.id), Some("hq-101"));
    assert_eq!(located.stands_at(), None, "our place only supplements");
    assert_eq!(located.civic().and_then(|civic| civic.value(Element::A1)), Some("TX"));
}

#[test]
fn a_rung_that_is_only_a_default_yields_to_a_later_one_that_is_not() {
    let line_at_desk = line("+13125550123", Some(place("hq-101", chicago())));
    for grade in [Grade::Default, Grade::BestAvailable] {
        let sent = conveyed(grade, false);
        let known = Known { line: Some(&line_at_desk), conveyed: Some(&sent), reference: false, ..Known::default() };
        assert_eq!(order(known), [Rung::Number, Rung::Conveyed]);
    }
    let stand_in = line("+13125550123", Some(default_place()));
    let known = Known { line: Some(&stand_in), conveyed: None, reference: true, ..Known::default() };
    assert_eq!(order(known), [Rung::Reference, Rung::Number]);
    let located = decide(known);
    assert_eq!((located.grade, located.place), (Grade::BestAvailable, None), "a stand-in would only mislead");
}

#[test]
fn among_defaults_the_better_wins_and_among_equals_the_first() {
    let stand_in = line("+13125550123", Some(default_place()));
    let building = conveyed(Grade::BestAvailable, false);
    assert_eq!(
        order(Known { line: Some(&stand_in), conveyed: Some(&building), reference: false, ..Known::default() })[0],
        Rung::Conveyed
    );
    let default = conveyed(Grade::Default, false);
    let known = Known { line: Some(&stand_in), conveyed: Some(&default), reference: false, ..Known::default() };
    assert_eq!(order(known), [Rung::Conveyed, Rung::Number]);
    assert_eq!(decide(known).method, Method::Default);
}

#[test]
fn a_reference_alone_is_the_best_available() {
    let located = decide(Known { reference: true, ..Known::default() });
    assert_eq!((located.grade, located.is_firm(), located.civic()), (Grade::BestAvailable, true, None));
}

#[test]
fn a_shape_goes_first_and_the_address_of_the_number_supplements_it() {
    let line = line("+13125550123", Some(place("hq-101", chicago())));
    let shape = Conveyed {
        grade: Grade::BestAvailable,
        firm: true,
        civic: None,
        shape: None,
        elin: None,
        method: None,
        at: None,
    };
    let located = decide(Known { line: Some(&line), conveyed: Some(&shape), reference: false, ..Known::default() });
    assert_eq!(located.candidates[0].rung, Rung::Conveyed);
    assert_eq!(located.civic(), Some(&chicago()));
}

#[test]
fn every_candidate_says_why_it_won_or_lost() {
    let line = line("+13125550123", Some(default_place()));
    let sent = conveyed(Grade::Default, false);
    let located = decide(Known { line: Some(&line), conveyed: Some(&sent), reference: true, ..Known::default() });
    let why: Vec<&str> = located.candidates.iter().map(|candidate| candidate.why).collect();
    assert!(why[0].starts_with("won: "), "{why:?}");
    assert!(why[1..].iter().all(|why| why.starts_with("lost: ")), "{why:?}");
}

fn found(id: &str, grade: Grade) -> Found {
    let place = place(id, chicago());
    let hit = Hit { rule: Rule::Port, place: Arc::clone(&place), age: Duration::ZERO, verdict: Verdict::Won };
    Found { place: Some(place), grade, rule: Some(Rule::Port), hits: [hit].into_iter().collect(), ..Found::default() }
}

#[test]
fn the_wiremap_beats_the_numbers_address_and_yields_to_what_came_with_the_call() {
    let line = line("+13125550123", Some(place("hq-101", chicago())));
    let port = found("hq-217", Grade::Dispatchable);
    let known = Known { line: Some(&line), found: Some(&port), ..Known::default() };
    assert_eq!(order(known), [Rung::Wiremap, Rung::Number]);
    let located = decide(known);
    assert_eq!((located.stands_at().map(|place| &*place.id), located.method), (Some("hq-217"), Method::Wiremap));
    assert_eq!(located.wiremap.as_deref(), Some(&port));
    let sent = conveyed(Grade::Dispatchable, true);
    assert_eq!(order(Known { conveyed: Some(&sent), ..known }), [Rung::Conveyed, Rung::Wiremap, Rung::Number]);
    let located = decide(Known { conveyed: Some(&sent), ..known });
    assert_eq!((located.place.as_ref().map(|place| &*place.id), located.method), (Some("hq-217"), Method::Wiremap));
}

#[test]
fn what_the_wiremap_knew_too_long_ago_comes_after_the_numbers_address() {
    let line = line("+13125550123", Some(place("hq-101", chicago())));
    let stale = found("hq-217", Grade::Stale);
    let located = decide(Known { line: Some(&line), found: Some(&stale), ..Known::default() });
    assert_eq!((located.stands_at().map(|place| &*place.id), located.method), (Some("hq-101"), Method::Manual));
    let located = decide(Known { found: Some(&stale), ..Known::default() });
    assert_eq!((located.grade, located.is_firm()), (Grade::Stale, false));
    assert_eq!(located.stands_at().map(|place| &*place.id), Some("hq-217"));
}

#[test]
fn two_buildings_hold_against_the_number_and_nobody_stands_there() {
    let line = line("+13125550123", Some(place("hq-101", chicago())));
    let conflict = Found { place: None, rule: None, conflict: true, ..found("hq-217", Grade::BestAvailable) };
    let located = decide(Known { line: Some(&line), found: Some(&conflict), ..Known::default() });
    assert!(located.is_in_conflict() && located.stands_at().is_none());
    assert_eq!(located.candidates[0].why, "won: it names two buildings");
    let sent = conveyed(Grade::Dispatchable, true);
    let located = decide(Known { found: Some(&conflict), conveyed: Some(&sent), ..Known::default() });
    assert!(!located.is_in_conflict(), "what came with the call is not in doubt");
}

#[test]
fn what_a_device_has_now_by_its_token_goes_before_what_came_with_the_call() {
    let line = line("+13125550123", Some(place("hq-101", chicago())));
    let (port, sent) = (found("hq-217", Grade::Dispatchable), conveyed(Grade::Dispatchable, true));
    let known = Known { line: Some(&line), conveyed: Some(&sent), ..Known::default() };
    let told = Known { found: Some(&port), by_token: true, ..known };
    assert_eq!(order(told), [Rung::Token, Rung::Conveyed, Rung::Number]);
    let home = place("home", chicago());
    let typed = Known { typed: Some(&home), by_token: true, ..known };
    assert_eq!(order(typed), [Rung::Token, Rung::Conveyed, Rung::Number], "what its user gave is what it has");
    assert_eq!(order(Known { by_token: true, ..known }), [Rung::Conveyed, Rung::Number]);
    let untold = Known { typed: Some(&home), found: Some(&port), ..known };
    assert_eq!(order(untold), [Rung::Conveyed, Rung::Wiremap, Rung::Typed, Rung::Number]);
    let stale = found("hq-217", Grade::Stale);
    let late = Known { found: Some(&stale), by_token: true, ..known };
    assert_eq!(order(late), [Rung::Conveyed, Rung::Number, Rung::LastKnown]);
}

#[test]
fn where_a_phone_belongs_comes_after_its_number_and_before_what_is_somewhere_else() {
    let (home, line) =
        (found("hq-217", Grade::Dispatchable).place.expect("a place"), line("4117", Some(place("hq-101", chicago()))));
    let known = Known { home: Some(&home), reference: true, ..Known::default() };
    assert_eq!(order(known), [Rung::Home, Rung::Reference]);
    assert_eq!(order(Known { line: Some(&line), ..known }), [Rung::Number, Rung::Home, Rung::Reference]);
    assert_eq!(order(Known { line_barred: true, ..known }), [Rung::Reference], "such devices stand in for nothing");
    let located = decide(known);
    assert_eq!((located.grade, located.method.token()), (Grade::Dispatchable, "Manual"));
}

#[test]
fn a_source_says_what_is_believed_first() {
    let line = line("+13125550123", Some(place("hq-101", chicago())));
    let sent = conveyed(Grade::Dispatchable, true);
    let turned = Ladder::of(&[Rung::Number, Rung::Conveyed]).expect("an order");
    let known = Known { line: Some(&line), conveyed: Some(&sent), order: turned, ..Known::default() };
    assert_eq!(order(known), [Rung::Number, Rung::Conveyed]);
    assert_eq!(Ladder::of(&[Rung::Number, Rung::Number]), None);
    assert_eq!(Ladder::of(&[]), Some(Ladder::default()));
}

#[test]
fn a_number_that_may_not_stand_in_is_in_the_receipt_and_nowhere_else() {
    let line = line("+13125550123", Some(place("hq-101", chicago())));
    let stale = found("hq-217", Grade::Stale);
    let known = Known { line: Some(&line), line_barred: true, ..Known::default() };
    let located = decide(known);
    assert_eq!((located.grade, located.place.is_none(), located.stands_at()), (Grade::None, true, None));
    assert!(located.candidates[0].why.starts_with("lost: the device asks"), "{}", located.candidates[0].why);
    let located = decide(Known { found: Some(&stale), ..known });
    assert_eq!((located.grade, located.candidates[0].rung), (Grade::Stale, Rung::LastKnown));
    assert_eq!(located.caveat, Some(Caveat::Stale));
}

#[test]
fn a_reference_is_as_good_as_what_it_led_to_and_points_at_the_caller_while_that_is_not_known() {
    let line = line("+13125550123", Some(default_place()));
    let known = Known { line: Some(&line), reference: true, ..Known::default() };
    let unread = decide(known);
    assert_eq!((unread.grade, unread.candidates[0].rung), (Grade::BestAvailable, Rung::Reference));
    assert!(unread.conveyed.is_none());
    let door = conveyed(Grade::Dispatchable, true);
    let read = decide(Known { fetched: Some(&door), ..known });
    assert_eq!((read.grade, read.candidates[0].rung), (Grade::Dispatchable, Rung::Reference));
    assert_eq!(read.conveyed, door.civic);
    let stand_in = conveyed(Grade::Default, false);
    let read = decide(Known { fetched: Some(&stand_in), ..known });
    assert_eq!((read.grade, read.is_firm()), (Grade::Default, false), "it led to no more than a stand-in");
    let desk = self::line("+13125550123", Some(place("hq-101", chicago())));
    let read = decide(Known { line: Some(&desk), fetched: Some(&door), reference: true, ..Known::default() });
    assert_eq!(read.candidates[0].rung, Rung::Number, "an earlier one holds");
}

#[test]
fn a_document_that_was_found_too_long_ago_yields_and_alone_it_holds() {
    let line = line("+13125550123", Some(place("hq-101", chicago())));
    let day = 24 * 3600 * 1000;
    let wifi = |millis: u64| Conveyed {
        method: Some(Method::Wifi),
        at: Some(Wall::from_millis(100 * day - millis)),
        ..conveyed(Grade::Dispatchable, true)
    };
    let now = Wall::from_millis(100 * day);
    let (old, new) = (wifi(day + 1), wifi(day));
    let known = Known { line: Some(&line), now, ..Known::default() };
    assert_eq!(order(Known { conveyed: Some(&new), ..known }), [Rung::Conveyed, Rung::Number]);
    assert_eq!(order(Known { conveyed: Some(&old), ..known }), [Rung::Number, Rung::Conveyed]);
    let located = decide(Known { conveyed: Some(&old), now, ..Known::default() });
    assert_eq!((located.grade, located.is_firm()), (Grade::Dispatchable, false));
    let typed = Conveyed { method: Some(Method::Manual), ..old };
    assert_eq!(order(Known { conveyed: Some(&typed), ..known })[0], Rung::Conveyed, "what a person entered holds");
}

#[test]
fn rooms_and_buildings_in_dispute_go_out_with_a_word_of_it() {
    let two = |verdict| {
        let hit = |id: &str| Hit { rule: Rule::Port, place: place(id, chicago()), age: Duration::ZERO, verdict };
        [hit("east-1"), hit("east-2")].into_iter().collect()
    };
    let rooms =
        Found { degraded: true, rule: None, hits: two(Verdict::Disputed), ..found("east", Grade::Dispatchable) };
    let located = decide(Known { found: Some(&rooms), ..Known::default() });
    let ids = |located: &callbox::location::Located| {
        located.disputed.iter().map(|place| place.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(located.place.as_ref().map(|place| &*place.id), Some("east"));
    assert_eq!((ids(&located), located.caveat), (vec!["east-1".into(), "east-2".into()], Some(Caveat::Disputed)));
    let both = Found { place: None, rule: None, conflict: true, hits: two(Verdict::Conflict), ..rooms.clone() };
    let located = decide(Known { found: Some(&both), ..Known::default() });
    assert_eq!((ids(&located).len(), located.caveat, located.place), (2, Some(Caveat::Conflict), None));
    let sent = conveyed(Grade::Dispatchable, true);
    let located = decide(Known { found: Some(&rooms), conveyed: Some(&sent), ..Known::default() });
    assert_eq!((located.disputed.len(), located.caveat), (0, None), "what came with the call settles it");
}
