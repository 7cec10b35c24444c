//! Provisional responses of far ends: those with a session description, and those that want a PRACK (RFC 3262).
use crate::peers::{Caller, Far, body, value};
use crate::world::{CALLER, KNOWN, PSAP_1, SDP, World};
use callbox::sip::message::Name;

const NOTHING: [&str; 0] = [];

fn reliable(world: &mut World, far: &Far, code: u16, rseq: u32) {
    world.send(far.port, far.response(code, &format!("Require: 100rel\r\nRSeq: {rseq}\r\n"), ""));
}

#[test]
fn ringing_with_a_session_description_is_passed_on_with_it() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    let far = world.rung(PSAP_1);
    world.send(PSAP_1, far.response(183, "", SDP));
    let progress = world.got(CALLER, "183 INVITE");
    assert_eq!(body(&progress), SDP);
    assert!(progress.value(Name::Require).is_none() && progress.value(Name::RSeq).is_none());
}

#[test]
fn each_reliable_provisional_gets_one_prack_in_order_with_a_number_of_its_own() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    let far = world.rung(PSAP_1);
    reliable(&mut world, &far, 183, 70);
    let first = world.got(PSAP_1, "PRACK");
    assert_eq!((value(&first, Name::RAck), value(&first, Name::CSeq)), ("70 1 INVITE".into(), "2 PRACK".into()));
    assert!(value(&first, Name::To).contains(&far.tag));
    reliable(&mut world, &far, 183, 70);
    assert_eq!(world.words(PSAP_1), NOTHING, "a copy gets none");
    reliable(&mut world, &far, 180, 72);
    assert_eq!(world.words(PSAP_1), NOTHING, "one that came too early gets none");
    world.answer(&far, 180);
    reliable(&mut world, &far, 180, 71);
    let second = world.got(PSAP_1, "PRACK");
    assert_eq!((value(&second, Name::RAck), value(&second, Name::CSeq)), ("71 1 INVITE".into(), "3 PRACK".into()));
    assert_eq!(world.words(CALLER), ["100 INVITE", "183 INVITE", "180 INVITE", "180 INVITE"]);
}

#[test]
fn numbers_go_on_after_a_prack_and_the_ack_keeps_that_of_the_invite() {
    let mut world = World::new();
    let mut caller = world.dial(KNOWN, "911");
    let far = world.rung(PSAP_1);
    reliable(&mut world, &far, 180, 1);
    world.answer(&far, 200);
    assert_eq!(value(&world.got(PSAP_1, "ACK"), Name::CSeq), "1 ACK");
    caller.learn(&world.got(CALLER, "200 INVITE"));
    world.send(CALLER, caller.ack(""));
    world.send(CALLER, caller.request("BYE", "", ""));
    assert_eq!(value(&world.got(PSAP_1, "BYE"), Name::CSeq), "3 BYE");
}

#[test]
fn a_loser_that_had_a_prack_is_let_go_with_the_number_of_its_invite() {
    let mut world = World::new();
    let caller = world.dial(KNOWN, "911");
    let far = world.rung(PSAP_1);
    reliable(&mut world, &far, 180, 1);
    world.send(CALLER, caller.cancel());
    world.answer(&far, 200);
    assert_eq!(value(&world.got(PSAP_1, "ACK"), Name::CSeq), "1 ACK");
    assert_eq!(value(&world.got(PSAP_1, "BYE"), Name::CSeq), "3 BYE");
}

#[test]
fn two_forks_of_one_target_each_have_their_own_pracks() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    let far = world.rung(PSAP_1);
    let fork = Far { tag: "fork".into(), ..far.clone() };
    reliable(&mut world, &far, 180, 10);
    reliable(&mut world, &fork, 180, 500);
    reliable(&mut world, &far, 180, 11);
    let pracks: Vec<String> = world.take(PSAP_1).iter().map(|got| value(&got.message, Name::RAck)).collect();
    assert_eq!(pracks, ["10 1 INVITE", "500 1 INVITE", "11 1 INVITE"]);
}

#[test]
fn an_invite_without_an_offer_asks_for_no_reliable_provisional() {
    let mut world = World::new();
    let mut caller = Caller::new(KNOWN, "911");
    caller.sdp = String::new();
    world.send(CALLER, caller.invite());
    let far = world.rung(PSAP_1);
    assert!(!far.invite.has_token(Name::Supported, "100rel"));
}
