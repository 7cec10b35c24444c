//! A trunk with a name and several addresses behind it.
use crate::peers::Caller;
use crate::world::{CALLER, GATEWAY, KNOWN, PSAP_1, PSAP_2, RELAY, World};
use callbox::b2bua::Input;
use callbox::cache::Snapshot;
use callbox::fact::Fact;
use callbox::record::Trunk;
use std::sync::Arc;

const NOTHING: [&str; 0] = [];

/// Three addresses of `psap-1`, in the order in which DNS has put them.
const FIRST: u16 = 7001;
const SECOND: u16 = 7002;
const THIRD: u16 = 7003;

fn named(trunk: &'static str) -> impl FnOnce(&mut Snapshot) {
    move |snapshot| {
        let known = snapshot.trunks.iter_mut().find(|known| &*known.name == trunk).expect("the lab has it");
        *known = Arc::new(Trunk { host: "psap.example".into(), port: None, ..(**known).clone() });
    }
}

/// The lab with a name for `psap-1`, which leads to these ports.
fn world(ports: &[u16]) -> World {
    let world = World::with(named("psap-1"), |_| {});
    world.resolve("psap-1", ports);
    world
}

fn probing(ports: &[u16]) -> World {
    let mut world = world(ports);
    world.input(Input::Configured);
    world
}

/// When each of these was first asked, in milliseconds.
fn asked(world: &mut World, ports: &[u16]) -> Vec<Option<u64>> {
    ports.iter().map(|port| world.times(*port, "INVITE").first().copied()).collect()
}

fn is_up(world: &World) -> Vec<bool> {
    let of = |fact: &Fact| match fact {
        Fact::TrunkState { trunk, up } if &**trunk == "psap-1" => Some(*up),
        _ => None,
    };
    world.facts.iter().filter_map(of).collect()
}

/// Whom a new call asks first.
fn first_asked(world: &mut World) -> u16 {
    world.clear();
    let caller = world.dial(KNOWN, "911");
    let asked = world.log.iter().find(|(_, word)| word == "INVITE").map(|(port, _)| *port);
    world.send(CALLER, caller.cancel());
    asked.expect("somebody is asked")
}

#[test]
fn every_address_of_a_trunk_is_asked_in_order_before_the_next_trunk() {
    let mut world = world(&[FIRST, SECOND]);
    world.dial(KNOWN, "911");
    world.until(2500);
    assert_eq!(asked(&mut world, &[FIRST, SECOND, PSAP_2]), [Some(0), Some(1000), Some(2000)]);
    world.until(10_000);
    assert_eq!(asked(&mut world, &[RELAY, GATEWAY]), [Some(3000), Some(4000)]);
}

#[test]
fn a_503_an_icmp_notice_and_silence_lead_to_the_next_address_at_once() {
    let mut world = world(&[FIRST, SECOND, THIRD]);
    world.dial(KNOWN, "911");
    let first = world.rung(FIRST);
    world.answer(&first, 503);
    world.rung(SECOND);
    world.unreachable(SECOND);
    let third = world.rung(THIRD);
    assert_eq!((world.millis(), world.words(PSAP_2).len()), (0, 0));
    world.answer(&third, 200);
    world.got(CALLER, "200 INVITE");
}

#[test]
fn each_attempt_is_a_call_of_its_own() {
    let mut world = world(&[FIRST, SECOND]);
    world.dial(KNOWN, "911");
    let first = world.rung(FIRST);
    world.answer(&first, 503);
    let second = world.rung(SECOND);
    assert_ne!(first.invite.call_id(), second.invite.call_id());
    assert_ne!(first.invite.from_tag(), second.invite.from_tag());
    assert_eq!(first.invite.request_uri(), second.invite.request_uri());
}

#[test]
fn a_trunk_that_refuses_at_one_address_is_asked_at_the_others_after_everybody_else() {
    let mut world = world(&[FIRST, SECOND]);
    world.dial(KNOWN, "911");
    let first = world.rung(FIRST);
    world.answer(&first, 404);
    for port in [PSAP_2, RELAY, GATEWAY] {
        assert_eq!(world.words(SECOND), NOTHING);
        let far = world.rung(port);
        world.answer(&far, 486);
    }
    let second = world.rung(SECOND);
    world.answer(&second, 200);
    world.got(CALLER, "200 INVITE");
}

#[test]
fn an_everyday_call_that_is_refused_is_not_tried_at_another_address_and_one_that_meets_503_is() {
    for (code, again) in [(486, false), (603, false), (503, true)] {
        let mut world = World::with(named("gateway"), |_| {});
        world.resolve("gateway", &[FIRST, SECOND]);
        world.send(CALLER, Caller::new(KNOWN, "4135").invite());
        let first = world.rung(FIRST);
        world.answer(&first, code);
        assert_eq!(world.words(SECOND).len(), usize::from(again), "{code}");
    }
}

#[test]
fn of_a_trunk_with_very_many_addresses_four_are_asked_before_the_other_trunks_have_their_turn() {
    let many: Vec<u16> = (7001..7009).collect();
    let mut world = world(&many);
    world.dial(KNOWN, "911");
    world.until(20_000);
    assert_eq!(asked(&mut world, &many[..5]), [Some(0), Some(1000), Some(2000), Some(3000), Some(7000)]);
    assert_eq!(asked(&mut world, &[PSAP_2, RELAY, GATEWAY]), [Some(4000), Some(5000), Some(6000)]);
    assert_eq!(asked(&mut world, &[7008]), [Some(10_000)]);
}

#[test]
fn an_address_of_a_family_that_we_do_not_listen_on_costs_no_time() {
    let mut world = world(&[]);
    let both = vec!["[2001:db8::1]:5060".parse().expect("an address"), ([127, 0, 0, 1], FIRST).into()];
    world.cache.targets.insert("psap-1".into(), Arc::new(both));
    world.dial(KNOWN, "911");
    assert_eq!(asked(&mut world, &[FIRST]), [Some(0)]);
}

#[test]
fn each_address_is_probed_and_the_trunk_is_dead_when_the_last_of_them_is() {
    let mut world = probing(&[FIRST, SECOND]);
    world.probe_answers.insert(FIRST, 0);
    world.pass(60);
    assert!([FIRST, SECOND].iter().all(|port| world.probes.iter().any(|(_, probed)| probed == port)));
    assert_eq!(is_up(&world), NOTHING.map(|_| true));
    let told = world.facts.iter().any(|fact| {
        matches!(fact, Fact::TrunkAddressState { trunk, address, up: false }
            if &**trunk == "psap-1" && address.port() == FIRST)
    });
    assert!(told);
    assert_eq!(first_asked(&mut world), SECOND, "the dead address costs a call no time");
    world.probe_answers.insert(SECOND, 0);
    world.pass(60);
    assert_eq!(is_up(&world), [false]);
    assert_eq!(first_asked(&mut world), PSAP_2);
    world.probe_answers.insert(SECOND, 200);
    world.pass(30);
    assert_eq!(is_up(&world), [false, true]);
    assert_eq!(first_asked(&mut world), SECOND);
}

#[test]
fn a_dead_address_is_asked_when_all_others_have_failed() {
    let mut world = probing(&[FIRST, SECOND]);
    world.probe_answers.insert(FIRST, 0);
    world.pass(60);
    world.clear();
    world.dial(KNOWN, "911");
    for port in [SECOND, PSAP_2, RELAY, GATEWAY] {
        let far = world.rung(port);
        world.answer(&far, 503);
    }
    let dead = world.rung(FIRST);
    world.answer(&dead, 200);
    world.got(CALLER, "200 INVITE");
}

#[test]
fn what_a_call_learns_of_one_address_says_nothing_of_the_other() {
    let mut world = probing(&[FIRST, SECOND]);
    for _ in 0..2 {
        let caller = world.dial(KNOWN, "911");
        world.pass(2);
        let second = world.rung(SECOND);
        world.answer(&second, 180);
        world.send(CALLER, caller.cancel());
        world.answer(&second, 487);
    }
    assert_eq!(first_asked(&mut world), SECOND);
    assert_eq!(is_up(&world), NOTHING.map(|_| true));
}

#[test]
fn a_new_answer_of_dns_is_probed_and_called_and_an_old_address_is_forgotten() {
    let mut world = probing(&[FIRST]);
    world.probe_answers.insert(FIRST, 0);
    world.pass(60);
    assert_eq!(is_up(&world), [false]);
    world.resolve("psap-1", &[SECOND, THIRD]);
    world.pass(30);
    assert_eq!(is_up(&world), [false, true]);
    assert_eq!(first_asked(&mut world), SECOND);
    world.probes.clear();
    world.pass(100);
    let probed: Vec<_> = world.probes.iter().map(|(_, port)| *port).collect();
    assert!(probed.contains(&THIRD) && !probed.contains(&FIRST), "{probed:?}");
}

#[test]
fn a_name_that_is_resolved_late_is_called_from_then_on() {
    let mut world = probing(&[]);
    world.pass(60);
    assert_eq!(is_up(&world), [false]);
    world.resolve("psap-1", &[FIRST]);
    world.pass(30);
    assert_eq!(is_up(&world), [false, true]);
    assert_eq!(first_asked(&mut world), FIRST);
}

#[test]
fn a_trunk_that_is_configured_at_another_address_is_probed_and_called_there() {
    let mut world = World::with(|_| {}, |_| {});
    world.input(Input::Configured);
    world.probe_answers.insert(PSAP_1, 0);
    world.pass(60);
    assert_eq!(is_up(&world), [false]);
    world.cache.snapshot.rcu(|held| {
        let mut next = (**held).clone();
        let psap = next.trunks.iter_mut().find(|known| &*known.name == "psap-1").expect("the lab has it");
        *psap = Arc::new(Trunk { port: Some(FIRST), ..(**psap).clone() });
        next
    });
    world.input(Input::Configured);
    world.probes.clear();
    world.pass(60);
    assert!(
        world.probes.iter().any(|(_, port)| *port == FIRST) && world.probes.iter().all(|(_, port)| *port != PSAP_1)
    );
    assert_eq!(is_up(&world), [false, true]);
    assert_eq!(first_asked(&mut world), FIRST);
}
