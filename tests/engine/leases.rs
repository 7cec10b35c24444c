//! Numbers that are lent to callers: who has one, for how long, and what is shown.
use crate::peers::{Caller, value};
use crate::world::{CALLER, GATEWAY, KNOWN, PSAP_1, RELAY, World};
use callbox::fact::Fact;
use callbox::record::Site;
use callbox::sip::message::Name;
use std::sync::Arc;

/// An extension without a number of its own, and another one.
const EXTENSION: &str = "4117";
const OTHER: &str = "4119";

/// The number that the relay center sees of a caller, who hangs up at once.
fn seen(world: &mut World, from: &str, number: &str) -> String {
    let (mut caller, relay) = world.talk(from, number, RELAY);
    let bye = caller.request("BYE", "", "");
    world.send(CALLER, bye);
    let asserted = value(&relay.invite, Name::PAssertedIdentity);
    world.clear();
    world.pass(40);
    asserted.split(['<', '@']).nth(1).unwrap_or_default().trim_start_matches("sip:").to_owned()
}

fn with_pool(numbers: &[&str]) -> World {
    let world = World::with(|_| {}, |_| {});
    let pool = numbers.iter().filter_map(|number| callbox::record::Number::read(number)).collect::<Vec<_>>();
    world.cache.snapshot.rcu(|held| {
        let mut next = (**held).clone();
        let site = Site { pool: pool.clone(), ..(**next.site("hq").expect("the lab's site")).clone() };
        next.sites.insert("hq".into(), Arc::new(site));
        next
    });
    world
}

#[test]
fn an_extension_without_a_number_shows_one_of_the_pool_and_keeps_it_when_it_dials_again() {
    let mut world = World::new();
    let first = seen(&mut world, EXTENSION, "911");
    assert_eq!(first, "+13125550190");
    assert_eq!(seen(&mut world, OTHER, "911"), "+13125550191");
    assert_eq!(seen(&mut world, EXTENSION, "911"), first);
    world.pass(59 * 60);
    assert_eq!(seen(&mut world, EXTENSION, "112"), first, "the window began anew with the second call");
    world.pass(2 * 3600);
    assert_eq!(
        seen(&mut world, EXTENSION, "911"),
        "+13125550192",
        "the one that was lent the longest time ago, if ever"
    );
}

#[test]
fn who_has_a_number_of_its_own_is_lent_none() {
    let mut world = World::new();
    let (_caller, psap) = world.talk(KNOWN, "911", PSAP_1);
    assert!(value(&psap.invite, Name::PAssertedIdentity).contains("<sip:+13125550123@callbox.example"));
    assert!(!world.facts.iter().any(|fact| matches!(fact, Fact::NumberLent { .. })));
}

#[test]
fn a_number_is_not_lent_to_another_while_the_call_goes_on_nor_for_half_an_hour_after_it() {
    let mut world = with_pool(&["+13125550190"]);
    let (mut caller, _relay) = world.talk(EXTENSION, "911", RELAY);
    world.send(CALLER, caller.outside("OPTIONS", "", ""));
    // A side that never answers ends its leg after an hour; here both are asked and answer.
    for _ in 0..70 {
        world.pass(60);
        answer_all(&mut world, &caller);
    }
    world.clear();
    assert_eq!(seen(&mut world, OTHER, "911"), "+13125550100", "the site's, since the pool is empty");
    let bye = caller.request("BYE", "", "");
    world.send(CALLER, bye);
    world.pass(29 * 60);
    assert_eq!(seen(&mut world, OTHER, "911"), "+13125550100");
    world.pass(3 * 60);
    assert_eq!(seen(&mut world, OTHER, "911"), "+13125550190");
}

/// Both sides of the call are there and say so.
fn answer_all(world: &mut World, caller: &Caller) {
    let far = crate::peers::Far::to;
    for port in [CALLER, RELAY] {
        for got in world.take(port) {
            if matches!(got.word().as_str(), "OPTIONS" | "UPDATE") {
                let answer = match port {
                    CALLER => caller.response(&got.message, 200, "", ""),
                    _ => far(port, got.message.clone()).response(200, "", ""),
                };
                world.send(port, answer);
            }
        }
    }
}

#[test]
fn with_the_pool_empty_the_next_rule_holds_and_somebody_is_told() {
    let mut world = with_pool(&["+13125550190", "+13125550191"]);
    assert_eq!(seen(&mut world, EXTENSION, "911"), "+13125550190");
    assert_eq!(seen(&mut world, OTHER, "911"), "+13125550191");
    let empty =
        |world: &World| world.facts.iter().filter(|fact| matches!(fact, Fact::CallbackPoolEmpty { .. })).count();
    assert_eq!(empty(&world), 0);
    assert!(world.facts.iter().any(|fact| matches!(fact, Fact::CallbackPoolLow { free: 0, size: 2, .. })));
    assert_eq!(seen(&mut world, "4118", "911"), "+13125550100");
    assert_eq!(empty(&world), 1);
    assert!(world.facts.iter().any(|fact| matches!(fact, Fact::CallbackPool { free: 0, size: 2, .. })));
    world.pass(2 * 3600);
    assert!(world.facts.iter().any(|fact| matches!(fact, Fact::CallbackPool { free: 2, size: 2, .. })));
}

#[test]
fn a_clock_that_is_set_by_an_hour_ends_no_window_and_lends_no_number_twice() {
    for step in [3_600_000, -3_600_000_i64] {
        let mut world = with_pool(&["+13125550190"]);
        assert_eq!(seen(&mut world, EXTENSION, "911"), "+13125550190");
        world.wall = world.wall.saturating_add_signed(step);
        world.pass(50 * 60);
        assert_eq!(seen(&mut world, OTHER, "911"), "+13125550100");
        assert_eq!(seen(&mut world, EXTENSION, "911"), "+13125550190");
    }
}

#[test]
fn test_crisis_and_other_calls_and_those_by_a_gateway_are_lent_nothing() {
    let mut world = World::new();
    for number in ["933", "988", "+13125550000"] {
        let caller = world.dial(EXTENSION, number);
        world.send(CALLER, caller.cancel());
        world.pass(40);
    }
    world.clear();
    let (_caller, gateway) = world.talk("+13125550170", "911", GATEWAY);
    assert!(!value(&gateway.invite, Name::From).contains("555019"), "{}", value(&gateway.invite, Name::From));
    assert!(!world.facts.iter().any(|fact| matches!(fact, Fact::NumberLent { .. })));
    world.clear();
    assert_eq!(seen(&mut world, EXTENSION, "911"), "+13125550190");
}

#[test]
fn what_must_be_found_again_is_told_as_it_changes() {
    let mut world = World::new();
    assert_eq!(seen(&mut world, EXTENSION, "911"), "+13125550190");
    let changes: Vec<_> = world.engine.drain_changes().collect();
    assert_eq!(changes.len(), 2, "once when the call begins and once when it ends");
    assert!(!format!("{changes:?}").contains("5550190"), "and it prints nobody's number");
    world.pass(2 * 3600);
    assert_eq!(world.engine.drain_changes().count(), 1, "and that it is over");
    assert!(world.next_moment().is_none(), "nothing is left to be done");
}

#[test]
fn who_hangs_up_at_once_is_told_of_and_keeps_number_and_line() {
    let mut world = World::new();
    assert_eq!(seen(&mut world, EXTENSION, "911"), "+13125550190");
    assert_eq!(world.facts.iter().filter(|fact| matches!(fact, Fact::HungUpSoon { .. })).count(), 1);
    let (mut caller, _relay) = world.talk(EXTENSION, "911", RELAY);
    world.pass(11);
    let bye = caller.request("BYE", "", "");
    world.send(CALLER, bye);
    assert_eq!(world.facts.iter().filter(|fact| matches!(fact, Fact::HungUpSoon { .. })).count(), 1);
    world.pass(1);
    assert_eq!(seen(&mut world, OTHER, "911"), "+13125550191");
}
