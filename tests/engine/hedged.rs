//! Who is asked when, and who has the call.
use crate::peers::{Far, value};
use crate::world::{CALLER, GATEWAY, KNOWN, PSAP_1, PSAP_2, RELAY, World};
use callbox::sip::message::Name;

const NOTHING: [&str; 0] = [];
const ELSEWHERE: &str = "SIP;cause=200;text=\"Call completed elsewhere\"";

/// The milliseconds at which each target had its first INVITE.
fn started(world: &mut World) -> Vec<u64> {
    [PSAP_1, PSAP_2, RELAY, GATEWAY].iter().filter_map(|port| world.times(*port, "INVITE").first().copied()).collect()
}

#[test]
fn when_the_first_target_is_silent_the_second_has_its_invite_within_a_tenth_of_a_second_after_the_first() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    world.until(999);
    assert_eq!(world.words(PSAP_2), NOTHING);
    world.until(1100);
    assert_eq!(world.words(PSAP_2), ["INVITE"]);
    assert_eq!(world.words(PSAP_1), ["INVITE", "INVITE"], "the INVITE and its retransmission");
}

#[test]
fn a_target_that_says_100_has_six_seconds_to_ring() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    let far = world.rung(PSAP_1);
    world.answer(&far, 100);
    world.until(5990);
    assert_eq!(world.words(PSAP_2), NOTHING);
    world.until(6010);
    assert_eq!(world.words(PSAP_2), ["INVITE"]);
    assert_eq!(world.words(PSAP_1), NOTHING, "it stays open");
}

#[test]
fn a_trunk_that_ends_in_the_old_telephone_network_has_the_time_to_ring_that_it_is_given() {
    let slow = |snapshot: &mut callbox::cache::Snapshot| {
        let first = snapshot.trunks.iter_mut().find(|trunk| &*trunk.name == "psap-1").expect("the lab has it");
        let no_ring_after = core::time::Duration::from_secs(12);
        *first = std::sync::Arc::new(callbox::record::Trunk { no_ring_after, ..(**first).clone() });
    };
    let mut world = World::with(slow, |_| {});
    world.dial(KNOWN, "911");
    let far = world.rung(PSAP_1);
    world.answer(&far, 100);
    world.until(11_990);
    assert_eq!(world.words(PSAP_2), NOTHING);
    world.until(12_010);
    assert_eq!(world.words(PSAP_2), ["INVITE"]);
}

#[test]
fn at_most_two_targets_are_open_and_a_third_starts_only_when_one_makes_room() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    world.until(3_900);
    let first = world.times(PSAP_1, "INVITE");
    assert_eq!(first, [0, 500, 1500], "it is not asked again while others are");
    assert_eq!(world.times(PSAP_2, "INVITE"), [1000, 1500, 2500]);
    assert_eq!(world.times(RELAY, "INVITE")[0], 2000);
    assert_eq!(world.times(GATEWAY, "INVITE")[0], 3000);
    assert!(world.take(PSAP_1).iter().all(|got| got.word() != "CANCEL"), "who said nothing cannot be cancelled");
}

#[test]
fn whoever_made_room_in_silence_is_asked_again_when_the_last_target_is_late_too() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    world.until(30_000);
    assert_eq!(world.times(PSAP_1, "INVITE"), [0, 500, 1500, 4000, 5000, 7000, 11_000, 19_000]);
    assert_eq!(world.times(PSAP_2, "INVITE"), [1000, 1500, 2500, 4000, 5000, 7000, 11_000, 19_000]);
}

#[test]
fn whoever_made_room_in_silence_is_asked_again_when_all_others_have_failed() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    world.until(2100);
    for port in [PSAP_2, RELAY, GATEWAY] {
        let far = world.rung(port);
        world.answer(&far, 486);
    }
    world.clear();
    world.until(2200);
    let lost = world.rung(PSAP_1);
    world.answer(&lost, 200);
    world.got(CALLER, "200 INVITE");
}

#[test]
fn of_two_open_targets_the_silent_one_makes_room_for_a_third_and_not_the_one_that_said_100() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    let first = world.rung(PSAP_1);
    world.answer(&first, 100);
    world.until(7100);
    assert_eq!(world.words(PSAP_1), NOTHING);
    assert_eq!(world.times(RELAY, "INVITE")[0], 7000);
    world.answer(&first, 180);
    world.answer(&first, 200);
    world.got(CALLER, "200 INVITE");
}

#[test]
fn the_first_that_rings_has_the_call_and_the_other_is_cancelled_in_that_instant() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    let first = world.rung(PSAP_1);
    world.until(1100);
    let second = world.rung(PSAP_2);
    world.answer(&first, 100);
    world.clear();
    world.answer(&second, 180);
    let cancel = world.got(PSAP_1, "CANCEL");
    assert_eq!(value(&cancel, Name::Reason), ELSEWHERE);
    assert_eq!(world.words(CALLER), ["180 INVITE"]);
    world.answer(&first, 180);
    assert_eq!(world.words(CALLER), NOTHING, "the caller hears one of them");
    world.answer(&first, 487);
    world.answer(&second, 200);
    world.got(CALLER, "200 INVITE");
    world.until(20_000);
    assert_eq!(world.words(RELAY), NOTHING);
}

#[test]
fn a_loser_that_said_nothing_is_left_alone_until_it_rings_and_then_cancelled() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    let first = world.rung(PSAP_1);
    world.until(1100);
    let second = world.rung(PSAP_2);
    world.clear();
    world.answer(&second, 180);
    world.until(4000);
    assert_eq!(world.words(PSAP_1), NOTHING, "neither a CANCEL nor another copy");
    world.answer(&first, 180);
    let cancel = world.got(PSAP_1, "CANCEL");
    assert_eq!(value(&cancel, Name::Reason), ELSEWHERE);
}

#[test]
fn a_loser_that_answers_is_acknowledged_and_hung_up_and_the_winner_keeps_the_call() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    let first = world.rung(PSAP_1);
    world.until(1100);
    let second = world.rung(PSAP_2);
    world.answer(&second, 180);
    world.clear();
    world.answer(&first, 200);
    let sent = world.take(PSAP_1);
    assert_eq!(sent.iter().map(|got| got.word()).collect::<Vec<_>>(), ["ACK", "BYE"]);
    assert_eq!(value(&sent[1].message, Name::Reason), ELSEWHERE);
    assert!(value(&sent[1].message, Name::To).contains(&first.tag));
    assert_eq!(world.words(CALLER), NOTHING);
    world.answer(&second, 200);
    assert_eq!(world.words(PSAP_2), ["ACK"]);
    assert_eq!(world.words(CALLER), ["200 INVITE"]);
    world.answer(&first, 200);
    assert_eq!(world.words(PSAP_1), ["ACK"], "its copy gets the ACK again");
}

#[test]
fn two_answers_in_one_instant_leave_one_far_end_in_the_call() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    let first = world.rung(PSAP_1);
    world.until(1100);
    let second = world.rung(PSAP_2);
    world.clear();
    world.answer(&second, 200);
    world.answer(&first, 200);
    assert_eq!(world.words(PSAP_2), ["ACK"]);
    assert_eq!(world.words(PSAP_1), ["ACK", "BYE"]);
    assert_eq!(world.words(CALLER), ["200 INVITE"]);
}

#[test]
fn a_target_that_rings_for_a_minute_keeps_ringing_while_the_next_is_tried() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    let first = world.rung(PSAP_1);
    world.answer(&first, 180);
    world.until(59_900);
    assert_eq!(world.words(PSAP_2), NOTHING);
    world.until(60_100);
    let second = world.rung(PSAP_2);
    assert_eq!(world.words(PSAP_1), NOTHING, "it is left to ring");
    world.answer(&second, 486);
    world.until(60_200);
    world.clear();
    world.answer(&first, 200);
    world.got(CALLER, "200 INVITE");
    assert_eq!(world.words(PSAP_1), ["ACK"]);
}

#[test]
fn the_last_target_is_left_to_ring_for_as_long_as_the_caller_waits() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    for port in [PSAP_1, PSAP_2, RELAY] {
        let far = world.rung(port);
        world.answer(&far, 486);
    }
    let gateway = world.rung(GATEWAY);
    world.answer(&gateway, 180);
    world.clear();
    world.until(601_000);
    assert_eq!(world.words(GATEWAY), NOTHING);
    let heard = world.times(CALLER, "180 INVITE");
    assert!(heard.len() >= 10 && heard.windows(2).all(|pair| pair[1] - pair[0] <= 60_010), "{heard:?}");
    world.answer(&gateway, 200);
    world.got(CALLER, "200 INVITE");
}

#[test]
fn a_ring_of_which_nobody_speaks_any_more_ends_after_the_time_that_orphans_have() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    for port in [PSAP_1, PSAP_2, RELAY] {
        let far = world.rung(port);
        world.answer(&far, 486);
    }
    let gateway = world.rung(GATEWAY);
    world.answer(&gateway, 180);
    world.until(1_800_000);
    world.answer(&gateway, 180);
    world.until(5_340_000);
    assert_eq!(world.engine.active_calls(), 1);
    world.clear();
    world.until(5_461_000);
    world.got(CALLER, "503 INVITE");
    let cancel = world.got(GATEWAY, "CANCEL");
    assert_eq!(value(&cancel, Name::Reason), "SIP;cause=503;text=\"Call given up\"");
    world.pass(64);
    assert!(world.is_idle());
}

#[test]
fn a_caller_hears_something_every_minute_also_while_nothing_rings() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    for port in [PSAP_1, PSAP_2, RELAY] {
        let far = world.rung(port);
        world.answer(&far, 486);
    }
    let gateway = world.rung(GATEWAY);
    world.answer(&gateway, 100);
    world.clear();
    world.until(121_000);
    assert_eq!(world.words(CALLER), ["183 INVITE", "183 INVITE"]);
}

#[test]
fn a_target_that_made_room_in_silence_has_the_call_when_it_rings_before_all_others() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    let first = world.rung(PSAP_1);
    world.until(2100);
    let (second, third) = (world.rung(PSAP_2), world.rung(RELAY));
    world.answer(&second, 100);
    world.answer(&third, 100);
    world.clear();
    world.answer(&first, 180);
    assert_eq!(world.words(CALLER), ["180 INVITE"]);
    assert_eq!((world.words(PSAP_2), world.words(RELAY)), (vec!["CANCEL".into()], vec!["CANCEL".into()]));
    world.answer(&first, 200);
    assert_eq!(world.words(CALLER), ["200 INVITE"]);
    assert_eq!(world.words(PSAP_1), ["ACK"]);
}

#[test]
fn nobody_gives_up_while_a_target_that_made_room_may_still_ring() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    let first = world.rung(PSAP_1);
    world.until(2100);
    for port in [PSAP_2, RELAY] {
        let far = world.rung(port);
        world.answer(&far, 486);
    }
    let gateway = world.rung(GATEWAY);
    world.answer(&gateway, 486);
    assert!(!world.words(CALLER).iter().any(|word| word == "503 INVITE"));
    world.answer(&first, 200);
    world.got(CALLER, "200 INVITE");
}

#[test]
fn a_ring_that_crosses_our_cancel_does_not_take_the_call_from_those_who_are_still_asked() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    let first = world.rung(PSAP_1);
    world.answer(&first, 100);
    world.until(6010);
    let second = world.rung(PSAP_2);
    world.answer(&second, 100);
    world.until(12_100);
    let third = world.rung(RELAY);
    let cancel = world.got(PSAP_1, "CANCEL");
    assert_eq!(value(&cancel, Name::Reason), "SIP;cause=408;text=\"No ringing in time\"");
    world.clear();
    world.answer(&first, 180);
    assert_eq!((world.words(PSAP_2), world.words(RELAY)), (vec![], vec![]), "nobody is cancelled for it");
    world.answer(&first, 487);
    world.answer(&third, 200);
    world.got(CALLER, "200 INVITE");
}

#[test]
fn when_the_one_that_rang_refuses_those_stopped_for_it_are_asked_once_more() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    let first = world.rung(PSAP_1);
    world.until(1100);
    let second = world.rung(PSAP_2);
    world.answer(&second, 100);
    world.answer(&first, 180);
    world.stop(&second);
    world.answer(&first, 603);
    for port in [RELAY, GATEWAY] {
        let far = world.rung(port);
        world.answer(&far, 486);
    }
    let again: Far = world.rung(PSAP_2);
    assert_ne!(value(&again.invite, Name::CallId), value(&second.invite, Name::CallId));
    world.answer(&again, 200);
    world.got(CALLER, "200 INVITE");
}

#[test]
fn a_refusal_of_one_that_had_made_room_starts_nobody_else() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    let first = world.rung(PSAP_1);
    world.until(2100);
    world.clear();
    world.answer(&first, 486);
    assert_eq!(world.words(GATEWAY), NOTHING);
    assert_eq!((world.words(PSAP_2), world.words(RELAY)), (vec![], vec![]));
}

#[test]
fn each_target_is_started_once_however_long_all_are_silent() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    world.until(31_000);
    assert_eq!(started(&mut world), [0, 1000, 2000, 3000]);
}
