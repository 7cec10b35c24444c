//! What an import would change, for any tables: deleting never cascades.
use callbox::record::table::plan::{Edit, Plan, Refusal, Stored, Wish, plan};
use callbox::record::table::{Against, Cells, File, Kind, Writer};
use callbox::record::{DialPlan, Models};
use proptest::prelude::*;
use std::collections::HashSet;
use std::sync::Arc;

/// Places `p0` … in one building, and lines of the wiremap and devices that name some of them.
fn stored(places: usize, wiremap: &[Option<usize>], homes: &[Option<usize>]) -> Stored {
    let mut stored = Stored::default();
    let mut add = |kind: Kind, cells: &[&str]| {
        let width = kind.columns().count();
        stored[kind.place()].push(Cells::new(cells.iter().copied().chain(core::iter::repeat("")).take(width)));
    };
    add(Kind::Organisations, &["acme", "Acme"]);
    add(Kind::Buildings, &["main", "", "", "", "", "", "US"]);
    add(Kind::Sites, &["hq", "acme", "US", "", "yes", "yes"]);
    let name = |place: &Option<usize>| place.map(|place| format!("p{place}")).unwrap_or_default();
    for place in 0..places {
        add(Kind::Locations, &[&format!("p{place}"), "main"]);
    }
    for (at, place) in wiremap.iter().enumerate() {
        add(Kind::Wiremap, &["acme", &name(place), "", "", &format!("02-00-00-00-01-{at:02X}")]);
    }
    for (at, home) in homes.iter().enumerate() {
        let cells = [&format!("d{at}"), "acme", "fixed", "", "", "", "", "", &name(home)].map(String::from);
        add(Kind::Devices, &cells.each_ref().map(String::as_str));
    }
    stored
}

/// The places that stay, as the whole of their table.
fn planned(stored: &Stored, stay: &HashSet<usize>, detach: bool) -> Result<Plan, Refusal> {
    let mut text = Writer::new(Kind::Locations);
    for (place, line) in stored[Kind::Locations.place()].iter().enumerate() {
        if stay.contains(&place) {
            text.line(line.iter());
        }
    }
    let us = DialPlan { country: "US".into(), emergency: vec!["911".into()], ..DialPlan::default() };
    let dial_plans = [(Arc::clone(&us.country), Arc::new(us))].into_iter().collect();
    let against = Against { dial_plans: &dial_plans, trunks: &[], models: &Models::default() };
    let text = text.text();
    let files = vec![(Kind::Locations, File::csv("locations.csv", &text))];
    plan(stored, &Wish { files, replace: true, detach }, against).map(|(plan, _)| plan)
}

proptest! {
    #[test]
    fn what_goes_takes_nothing_with_it(
        places in 1usize..6,
        wiremap in prop::collection::vec(prop::option::of(0usize..6), 0..8),
        homes in prop::collection::vec(prop::option::of(0usize..6), 0..4),
        stay in prop::collection::hash_set(0usize..6, 0..6),
    ) {
        let within = |named: Vec<Option<usize>>| -> Vec<_> {
            named.into_iter().map(|place| place.filter(|place| *place < places)).collect()
        };
        let (wiremap, homes) = (within(wiremap), within(homes));
        let stored = stored(places, &wiremap, &homes);
        let goes = |place: &Option<usize>| place.is_some_and(|place| !stay.contains(&place));
        let named = wiremap.iter().chain(&homes).filter(|place| goes(place)).count();
        let leaving = (0..places).filter(|place| !stay.contains(place)).count();
        match planned(&stored, &stay, false) {
            Ok(plan) => {
                prop_assert_eq!(named, 0);
                prop_assert_eq!(plan.edits.len(), leaving);
            }
            Err(Refusal::Linked(linked)) => prop_assert_eq!(linked.len(), named, "each is listed"),
            Err(Refusal::Faults(faults)) => prop_assert!(false, "{:?}", faults),
        }
        let Ok(plan) = planned(&stored, &stay, true) else { return Err(TestCaseError::fail("detached")) };
        let removed: Vec<_> = plan.edits.iter().filter_map(|edit| match edit {
            Edit::Remove { kind, .. } => Some(*kind),
            Edit::Put { .. } => None,
        }).collect();
        prop_assert_eq!(removed, vec![Kind::Locations; leaving], "places alone go");
        for edit in &plan.edits {
            let Edit::Put { kind, line, before } = edit else { continue };
            let before = before.as_ref().expect("it was there");
            prop_assert_eq!(line.key(*kind), before.key(*kind));
            let differing = line.iter().zip(before.iter()).filter(|(now, before)| now != before);
            for (now, before) in differing {
                prop_assert!(now.is_empty() && before.starts_with('p'), "only the name of the place goes");
            }
        }
        prop_assert_eq!(plan.edits.len(), leaving + named);
    }
}
