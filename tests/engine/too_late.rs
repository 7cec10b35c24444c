//! Far ends that answer when it is too late, or when they were thought to be gone.
use crate::peers::{Far, value};
use crate::world::{BRANCH, CALLER, GATEWAY, KNOWN, PSAP_1, PSAP_2, World};
use callbox::sip::message::Name;

/// Another branch of the far end's own, with the same INVITE.
fn fork_of(far: &Far) -> Far {
    Far { tag: "another-fork".into(), ..far.clone() }
}

#[test]
fn every_fork_of_a_target_that_lost_is_let_go_while_the_winner_still_rings() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    let lost = world.rung(PSAP_1);
    world.until(1100);
    let rings = world.rung(PSAP_2);
    world.answer(&rings, 180);
    world.clear();
    for fork in [lost.clone(), fork_of(&lost)] {
        world.answer(&fork, 200);
        let sent = world.take(PSAP_1);
        assert_eq!(sent.iter().map(|got| got.word()).collect::<Vec<_>>(), ["ACK", "BYE"]);
        assert!(sent.iter().all(|got| value(&got.message, Name::To).contains(&fork.tag)));
    }
}

#[test]
fn a_fork_that_answers_when_the_call_is_over_and_forgotten_is_let_go_too() {
    let mut world = World::new();
    let caller = world.dial(KNOWN, "911");
    let far = world.rung(PSAP_1);
    world.answer(&far, 180);
    world.send(CALLER, caller.cancel());
    world.answer(&far, 200);
    assert_eq!(world.engine.active_calls(), 0);
    world.clear();
    let fork = fork_of(&far);
    world.answer(&fork, 200);
    let sent = world.take(PSAP_1);
    assert_eq!(sent.iter().map(|got| got.word()).collect::<Vec<_>>(), ["ACK", "BYE"]);
    assert!(sent.iter().all(|got| value(&got.message, Name::To).contains(&fork.tag)));
    world.send(PSAP_1, fork.response_to(&sent[1].message, 200, "", ""));
    world.pass(40);
    assert!(world.is_idle());
}

#[test]
fn one_notice_of_the_network_does_not_end_a_target_that_was_late_before() {
    let mut world = World::new();
    world.dial(BRANCH, "911");
    let only = world.rung(GATEWAY);
    world.until(1500);
    world.unreachable(GATEWAY);
    assert_eq!(world.words(CALLER), ["100 INVITE"]);
    world.answer(&only, 180);
    world.answer(&only, 200);
    world.got(CALLER, "200 INVITE");
}

#[test]
fn a_target_that_speaks_although_the_network_had_given_it_up_has_the_call() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    let first = world.rung(PSAP_1);
    world.unreachable(PSAP_1);
    world.unreachable(PSAP_1);
    world.rung(PSAP_2);
    world.answer(&first, 180);
    world.got(CALLER, "180 INVITE");
    world.answer(&first, 200);
    world.got(CALLER, "200 INVITE");
    assert_eq!(world.words(PSAP_1), ["ACK"]);
}
