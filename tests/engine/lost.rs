//! A PSAP that has lost a call it had answered: the caller stays, that PSAP is asked once more, and after it the others.
use crate::peers::{Caller, Far, body, text, value};
use crate::world::{CALLER, GATEWAY, KNOWN, PSAP_1, PSAP_2, RELAY, SDP, World};
use callbox::fact::{Fact, Outcome};
use callbox::sip::message::Name;

const NOTHING: [&str; 0] = [];

fn sdp(port: u16) -> String {
    SDP.replace("40000", &port.to_string())
}

/// A call whose PSAP has said twice that it knows nothing of it.
fn lost() -> (World, Caller, Far) {
    let mut world = World::new();
    let (caller, far) = world.talk(KNOWN, "911", PSAP_1);
    world.pass(901);
    let asked = world.got(CALLER, "OPTIONS");
    world.send(CALLER, caller.response(&asked, 200, "", ""));
    for wait in [31, 0] {
        let asked = world.take(PSAP_1).pop().expect("it is asked").message;
        world.send(PSAP_1, far.response_to(&asked, 481, "", ""));
        assert_eq!(world.engine.active_calls(), 1);
        world.pass(wait);
    }
    world.take(CALLER);
    (world, caller, far)
}

fn brought_back(world: &World) -> Vec<String> {
    let of = |fact: &Fact| match fact {
        Fact::BroughtBack { trunk, .. } => Some(trunk.to_string()),
        _ => None,
    };
    world.facts.iter().filter_map(of).collect()
}

#[test]
fn a_psap_that_has_lost_the_call_is_asked_again_and_the_caller_talks_to_it() {
    let (mut world, mut caller, mut far) = lost();
    let again = world.rung(PSAP_1);
    assert_eq!(text(again.invite.request_uri()), "urn:service:sos");
    assert!(body(&again.invite).contains(SDP.trim_end()));
    assert_eq!(value(&again.invite, Name::PAssertedIdentity), value(&far.invite, Name::PAssertedIdentity));
    assert_eq!(world.words(CALLER), NOTHING);
    world.send(PSAP_1, again.response(200, "", &sdp(50_100)));
    world.got(PSAP_1, "ACK");
    let offered = world.got(CALLER, "INVITE");
    assert_eq!(body(&offered), sdp(50_100));
    world.send(CALLER, caller.response(&offered, 200, "", SDP));
    world.got(CALLER, "ACK");
    assert_eq!(brought_back(&world), ["psap-1"]);
    // What the old dialog still had to say changes nothing.
    world.send(PSAP_1, far.request("BYE", "", ""));
    world.got(PSAP_1, "200 BYE");
    world.send(CALLER, caller.request("INFO", "", ""));
    world.got(PSAP_1, "INFO");
    assert_eq!(world.engine.active_calls(), 1);
}

#[test]
fn when_it_does_not_answer_the_next_is_asked_and_the_caller_never_knows() {
    let (mut world, caller, _) = lost();
    world.rung(PSAP_1);
    assert_eq!(world.words(PSAP_2), NOTHING);
    world.pass(2);
    let second = world.rung(PSAP_2);
    world.answer(&second, 180);
    assert_eq!(world.words(CALLER), NOTHING, "it has been answered");
    world.send(PSAP_2, second.response(200, "", &sdp(51_000)));
    let offered = world.got(CALLER, "INVITE");
    world.send(CALLER, caller.response(&offered, 200, "", SDP));
    world.got(CALLER, "ACK");
    assert_eq!(brought_back(&world), ["psap-2"]);
    world.pass(40);
    assert_eq!(world.engine.active_calls(), 1);
}

#[test]
fn the_session_that_the_caller_has_already_is_not_offered_again() {
    let (mut world, mut caller, _) = lost();
    let again = world.rung(PSAP_1);
    world.answer(&again, 200);
    world.got(PSAP_1, "ACK");
    assert_eq!((world.words(CALLER), brought_back(&world).len()), (vec![], 1));
    world.send(CALLER, caller.request("BYE", "", ""));
    world.got(PSAP_1, "BYE");
}

#[test]
fn when_nobody_takes_it_the_call_is_over() {
    let (mut world, ..) = lost();
    for port in [PSAP_1, PSAP_2, RELAY, GATEWAY] {
        let far = world.rung(port);
        world.answer(&far, 603);
    }
    world.got(CALLER, "BYE");
    assert!(world.facts.iter().any(|fact| matches!(fact, Fact::Ended { outcome: Outcome::Completed, .. })));
    assert_eq!(world.engine.active_calls(), 0);
}

#[test]
fn a_call_is_brought_back_once() {
    let (mut world, caller, _) = lost();
    let again = world.rung(PSAP_1);
    world.answer(&again, 200);
    world.clear();
    for _ in 0..40 {
        world.pass(31);
        for got in world.take(PSAP_1).into_iter().filter(|got| got.word() == "OPTIONS") {
            world.send(PSAP_1, again.response_to(&got.message, 481, "", ""));
        }
        for got in world.take(CALLER).into_iter().filter(|got| got.word() == "OPTIONS") {
            world.send(CALLER, caller.response(&got.message, 200, "", ""));
        }
    }
    assert_eq!((brought_back(&world).len(), world.engine.active_calls()), (1, 0));
    assert!(world.log.iter().any(|sent| *sent == (CALLER, "BYE".to_owned())));
}

#[test]
fn a_caller_that_hangs_up_meanwhile_ends_it_all() {
    for rings in [false, true] {
        let (mut world, mut caller, _) = lost();
        let again = world.rung(PSAP_1);
        if rings {
            world.answer(&again, 180);
        }
        world.send(CALLER, caller.request("BYE", "", ""));
        world.got(CALLER, "200 BYE");
        if rings {
            world.stop(&again);
        }
        world.pass(70);
        assert!(world.is_idle());
    }
}

#[test]
fn what_a_caller_may_not_do_it_may_not_do_while_its_psap_is_sought() {
    let (mut world, mut caller, _) = lost();
    let again = world.rung(PSAP_1);
    world.answer(&again, 180);
    let hold = sdp(40_000) + "a=sendonly\r\n";
    world.send(CALLER, caller.request("INVITE", "", &hold));
    world.got(CALLER, "488 INVITE");
    world.send(CALLER, caller.request("REFER", "Refer-To: <sip:x@pbx.example>\r\n", ""));
    world.got(CALLER, "403 REFER");
    assert_eq!(world.words(PSAP_1), NOTHING);
}
