//! Calls to a line that is in an emergency call.
use crate::peers::Caller;
use crate::world::{CALLER, GATEWAY, KNOWN, PSAP_1, PSAP_2, UNPLACED, World};
use callbox::cache::Snapshot;
use callbox::fact::{Fact, Feature, Kind};
use callbox::record::Source;
use std::sync::Arc;

const PBX: u16 = 5075;

/// The gateway brings calls of the telephone network to the PBX.
fn with_incoming(snapshot: &mut Snapshot) {
    let pbx = snapshot.sources.first().expect("the lab has a source");
    let incoming =
        Source { trunk: "gateway".into(), networks: Vec::new(), relay_other: Some("pbx".into()), ..(**pbx).clone() };
    snapshot.sources.push(Arc::new(incoming));
}

fn incoming(world: &mut World, number: &str) {
    let mut caller = Caller::new("+12125550100", number);
    caller.port = GATEWAY;
    world.send(GATEWAY, caller.invite());
}

fn blocked(world: &World) -> usize {
    let is = |fact: &&Fact| {
        matches!(fact, Fact::FeatureBlocked { feature: Feature::CallWaiting, kind: Kind::Emergency, .. })
    };
    world.facts.iter().filter(is).count()
}

#[test]
fn a_line_in_an_emergency_call_is_busy_for_everyday_calls_until_it_is_over() {
    for rings in [true, false] {
        let mut world = World::with(with_incoming, |_| {});
        let (mut caller, port) = match rings {
            true => (world.dial(KNOWN, "911"), PSAP_1),
            false => (world.talk(KNOWN, "911", PSAP_1).0, PSAP_1),
        };
        for dialled in [KNOWN, "13125550123", "3125550123"] {
            incoming(&mut world, dialled);
            world.got(GATEWAY, "486 INVITE");
        }
        assert_eq!((blocked(&world), world.engine.active_calls()), (3, 1), "{rings}");
        assert!(world.facts.iter().any(|fact| matches!(fact, Fact::Refused { kind: Kind::Other, code: 486 })));
        // Other lines are called as ever.
        incoming(&mut world, UNPLACED);
        world.got(PBX, "INVITE");
        if rings {
            world.send(CALLER, caller.cancel());
        } else {
            world.send(CALLER, caller.request("BYE", "", ""));
        }
        world.take(port);
        // Its caller hung up at once: the line stays free for whoever calls back, and not for long.
        incoming(&mut world, KNOWN);
        world.got(GATEWAY, "486 INVITE");
        let beside = |fact: &Fact| matches!(fact, Fact::BlockedBeside { feature: Feature::CallWaiting, .. });
        assert_eq!(world.facts.iter().filter(|fact| beside(fact)).count(), 1);
        world.pass(301);
        world.clear();
        incoming(&mut world, KNOWN);
        world.got(PBX, "INVITE");
    }
}

#[test]
fn everyday_and_crisis_calls_keep_nobody_out() {
    for (number, port) in [("5551234", GATEWAY), ("988", crate::world::CRISIS)] {
        let mut world = World::with(with_incoming, |_| {});
        world.talk(KNOWN, number, port);
        incoming(&mut world, KNOWN);
        world.got(PBX, "INVITE");
        assert_eq!(blocked(&world), 0);
    }
}

#[test]
fn the_same_line_may_call_for_help_again_and_call_others() {
    let mut world = World::with(with_incoming, |_| {});
    world.talk(KNOWN, "911", PSAP_1);
    world.dial(KNOWN, "911");
    world.got(PSAP_1, "INVITE");
    world.dial(KNOWN, "5551234");
    world.got(GATEWAY, "INVITE");
    assert_eq!((blocked(&world), world.words(PSAP_2).len()), (0, 0));
}
