//! Callers that say nothing of their media: an INVITE without an offer, and an ACK without an answer or none at all.
use crate::peers::{Caller, Far, body, value};
use crate::world::{CALLER, GATEWAY, KNOWN, PSAP_1, SDP, World};
use callbox::fact::Fact;
use callbox::sip::message::Name;

const NOTHING: [&str; 0] = [];

/// A session description with another port and more lines.
fn sdp(port: u16, lines: &str) -> String {
    SDP.replace("40000", &port.to_string()) + lines
}

/// A caller without an offer whose PSAP has answered with one, which went on to the caller.
fn without_an_offer(number: &str, port: u16) -> (World, Caller, Far) {
    let mut world = World::new();
    let mut caller = Caller::new(KNOWN, number);
    caller.sdp = String::new();
    world.send(CALLER, caller.invite());
    let far = world.rung(port);
    world.answer(&far, 200);
    let ok = world.got(CALLER, "200 INVITE");
    assert_eq!(body(&ok), SDP);
    caller.learn(&ok);
    (world, caller, far)
}

fn no_session(world: &World) -> usize {
    world.facts.iter().filter(|fact| matches!(fact, Fact::NoSession { side: "caller", .. })).count()
}

#[test]
fn a_caller_who_never_said_anything_of_its_media_is_asked_once_more() {
    let (mut world, caller, _) = without_an_offer("911", PSAP_1);
    world.send(CALLER, caller.ack(""));
    let again = world.got(CALLER, "INVITE");
    assert_eq!((body(&again), no_session(&world)), (SDP.into(), 1));
    assert_eq!(world.words(PSAP_1), NOTHING, "its answer is not known yet");
    world.send(CALLER, caller.response(&again, 200, "", &sdp(40_018, "")));
    world.got(CALLER, "ACK");
    let ack = world.got(PSAP_1, "ACK");
    assert_eq!((body(&ack), value(&ack, Name::CSeq)), (sdp(40_018, ""), "1 ACK".into()));
    world.pass(40);
    assert_eq!((world.words(CALLER), world.words(PSAP_1)), (vec![], vec![]));
}

#[test]
fn a_psap_without_an_answer_in_time_gets_one_of_ours_and_stays_in_the_call() {
    let (mut world, mut caller, far) = without_an_offer("911", PSAP_1);
    world.send(CALLER, caller.ack(""));
    world.pass(27);
    assert_eq!(world.words(PSAP_1), NOTHING);
    world.pass(2);
    let ack = body(&world.got(PSAP_1, "ACK"));
    assert!(ack.contains("c=IN IP4 0.0.0.0\r\n") && ack.ends_with("m=audio 9 RTP/AVP 0\r\na=inactive\r\n"), "{ack}");
    world.pass(40);
    assert!(!world.log.iter().any(|(_, word)| word == "BYE"), "{:?}", world.log);
    assert_eq!(world.engine.active_calls(), 1);
    world.send(CALLER, caller.request("INVITE", "", &sdp(40_000, "a=sendonly\r\n")));
    world.got(CALLER, "488 INVITE");
    // As soon as the caller speaks, the PSAP hears of it.
    world.send(CALLER, caller.request("INVITE", "", SDP));
    let passed = world.got(PSAP_1, "INVITE");
    assert_eq!(body(&passed), SDP);
    world.send(PSAP_1, far.response_to(&passed, 200, "", SDP));
    world.got(CALLER, "200 INVITE");
}

#[test]
fn an_ack_that_comes_after_ours_is_told_as_news() {
    let (mut world, caller, far) = without_an_offer("911", PSAP_1);
    world.pass(29);
    assert!(body(&world.got(PSAP_1, "ACK")).contains("a=inactive"));
    world.send(CALLER, caller.ack(&sdp(40_022, "")));
    let told = world.got(PSAP_1, "INVITE");
    assert_eq!(body(&told), sdp(40_022, ""));
    world.send(PSAP_1, far.response_to(&told, 200, "", SDP));
    world.got(PSAP_1, "ACK");
    assert_eq!(no_session(&world), 0);
}

#[test]
fn a_caller_who_leaves_before_it_has_answered_leaves_an_ack_with_an_answer_and_a_bye() {
    let (mut world, mut caller, _) = without_an_offer("911", PSAP_1);
    world.send(CALLER, caller.ack(""));
    world.send(CALLER, caller.request("BYE", "", ""));
    assert!(body(&world.got(PSAP_1, "ACK")).contains("m=audio 9 "));
    world.got(PSAP_1, "BYE");
}

#[test]
fn another_call_without_a_session_ends_when_it_was_asked_in_vain() {
    let (mut world, caller, _) = without_an_offer("5551234", GATEWAY);
    world.send(CALLER, caller.ack(""));
    world.got(CALLER, "INVITE");
    world.pass(29);
    assert!(body(&world.got(GATEWAY, "ACK")).contains("a=inactive"));
    world.got(GATEWAY, "BYE");
    world.got(CALLER, "BYE");
}
