//! What is known of trunks, and what it changes.
use crate::world::{CALLER, GATEWAY, KNOWN, PSAP_1, PSAP_2, RELAY, World};
use callbox::fact::Fact;

fn states(world: &World, name: &str) -> Vec<bool> {
    let of = |fact: &Fact| match fact {
        Fact::TrunkState { trunk, up } if &**trunk == name => Some(*up),
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
fn two_probes_without_an_answer_bring_a_trunk_down_and_three_answers_bring_it_back() {
    let mut world = World::probing();
    world.probe_answers.insert(PSAP_1, 0);
    world.pass(60);
    assert_eq!(states(&world, "psap-1"), [false]);
    assert_eq!(first_asked(&mut world), PSAP_2);
    world.probe_answers.insert(PSAP_1, 200);
    world.pass(30);
    assert_eq!(states(&world, "psap-1"), [false, true]);
    assert_eq!(first_asked(&mut world), PSAP_1);
}

#[test]
fn a_trunk_that_is_up_is_probed_about_every_30_seconds_and_no_two_in_step() {
    let mut world = World::probing();
    world.pass(400);
    let of =
        |port: u16| world.probes.iter().filter(move |probe| probe.1 == port).map(|probe| probe.0).collect::<Vec<_>>();
    for port in [PSAP_1, PSAP_2, RELAY, GATEWAY] {
        let pauses: Vec<u64> = of(port).windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(pauses.len() > 9 && pauses.iter().all(|pause| (23_900..36_100).contains(pause)), "{pauses:?}");
    }
    assert_ne!(of(PSAP_1)[3..], of(PSAP_2)[3..]);
}

#[test]
fn a_probe_that_is_refused_shows_a_trunk_that_is_alive_and_one_that_hears_408_or_503_one_that_is_not() {
    for (code, expected) in
        [(404, vec![]), (405, vec![]), (483, vec![]), (501, vec![]), (408, vec![false]), (503, vec![false])]
    {
        let mut world = World::probing();
        world.probe_answers.insert(RELAY, code);
        world.pass(100);
        assert_eq!(states(&world, "relay"), expected, "{code}");
    }
}

#[test]
fn a_trunk_that_is_known_to_be_dead_goes_last_and_is_tried_all_the_same() {
    let mut world = World::probing();
    world.probe_answers.insert(PSAP_1, 0);
    world.pass(60);
    world.clear();
    world.dial(KNOWN, "911");
    for port in [PSAP_2, RELAY, GATEWAY] {
        let far = world.rung(port);
        world.answer(&far, 486);
    }
    let last = world.rung(PSAP_1);
    world.answer(&last, 200);
    world.got(CALLER, "200 INVITE");
}

#[test]
fn one_call_that_meets_silence_is_one_miss_and_not_two() {
    let mut world = World::probing();
    world.pass(10);
    let caller = world.dial(KNOWN, "911");
    let far = world.rung(PSAP_1);
    drop(far);
    world.pass(2);
    world.send(CALLER, caller.cancel());
    // The probe answers, so that nothing but the call speaks against the trunk.
    world.pass(60);
    assert!(states(&world, "psap-1").is_empty());
}

#[test]
fn one_call_that_is_answered_is_one_sign_of_life_and_not_three() {
    let mut world = World::probing();
    world.probe_answers.insert(PSAP_1, 0);
    world.pass(60);
    assert_eq!(states(&world, "psap-1"), [false]);
    world.clear();
    world.dial(KNOWN, "911");
    for port in [PSAP_2, RELAY, GATEWAY] {
        let far = world.rung(port);
        world.answer(&far, 486);
    }
    let far = world.rung(PSAP_1);
    for code in [100, 180, 183, 200] {
        world.answer(&far, code);
    }
    assert_eq!(states(&world, "psap-1"), [false]);
}

#[test]
fn a_dead_trunk_costs_the_next_call_no_time() {
    let mut world = World::probing();
    for port in [PSAP_1, PSAP_2] {
        world.probe_answers.insert(port, 0);
    }
    world.pass(60);
    assert_eq!(first_asked(&mut world), RELAY);
}

/// When the probes of a port first left, without their copies, in milliseconds.
fn probed(world: &World, port: u16) -> Vec<u64> {
    let mut times: Vec<u64> = world.probes.iter().filter(|(_, to)| *to == port).map(|(at, _)| *at).collect();
    times.dedup_by(|later, earlier| *later < *earlier + 2000);
    times
}

#[test]
fn a_dead_trunk_is_probed_less_and_less_often_but_never_less_than_every_half_minute() {
    let mut world = World::probing();
    world.probe_answers.insert(PSAP_1, 0);
    world.pass(400);
    // A probe waits two seconds for its answer, and the pause begins then.
    let pauses: Vec<u64> = probed(&world, PSAP_1).windows(2).map(|pair| pair[1] - pair[0] - 2000).collect();
    assert!((4000..=6000).contains(&pauses[1]) && (8000..=12_000).contains(&pauses[2]), "{pauses:?}");
    assert!(pauses[3..].iter().all(|pause| (15_990..=24_010).contains(pause)), "{pauses:?}");
    assert!(pauses[3..].windows(2).all(|pair| pair[0] != pair[1]), "with chance in it");
    assert_eq!(states(&world, "psap-1"), [false]);
}

#[test]
fn a_call_that_meets_silence_brings_the_next_probe_forward() {
    let mut world = World::probing();
    world.pass(40);
    while probed(&world, PSAP_1).last().is_none_or(|last| last + 1000 < world.millis()) {
        world.pass(1);
    }
    world.probe_answers.insert(PSAP_1, 0);
    let caller = world.dial(KNOWN, "911");
    world.pass(2);
    world.send(CALLER, caller.cancel());
    world.probes.clear();
    world.pass(6);
    assert_eq!(probed(&world, PSAP_1).len(), 1, "not in half a minute");
}
