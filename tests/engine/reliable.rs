//! Callers that require provisional responses to be reliable (RFC 3262).
use crate::peers::{Caller, body, value, values};
use crate::world::{CALLER, KNOWN, PSAP_1, SDP, World};
use callbox::sip::message::{Message, Name};

fn dial(world: &mut World) -> Caller {
    let mut caller = Caller::new(KNOWN, "911");
    caller.more = "Require: 100rel\r\nSupported: 100rel\r\n".into();
    world.send(CALLER, caller.invite());
    caller
}

fn rseq(response: &Message) -> u32 {
    assert!(values(response, Name::Require).iter().any(|tags| tags.contains("100rel")));
    response.number(Name::RSeq).expect("a reliable response is numbered")
}

fn prack(world: &mut World, caller: &mut Caller, rseq: u32) {
    let prack = caller.request("PRACK", &format!("RAck: {rseq} 1 INVITE\r\n"), "");
    world.send(CALLER, prack);
}

#[test]
fn ringing_is_numbered_repeated_until_its_prack_and_the_next_waits_behind_it() {
    let mut world = World::new();
    let mut caller = dial(&mut world);
    let far = world.rung(PSAP_1);
    world.answer(&far, 180);
    let first = world.got(CALLER, "180 INVITE");
    caller.learn(&first);
    world.answer(&far, 183);
    assert_eq!(world.words(CALLER), Vec::<String>::new(), "one at a time");
    world.until(4000);
    assert_eq!(world.times(CALLER, "180 INVITE"), [500, 1500, 3500]);
    prack(&mut world, &mut caller, rseq(&first));
    world.got(CALLER, "200 PRACK");
    let second = world.got(CALLER, "183 INVITE");
    assert_eq!(rseq(&second), rseq(&first) + 1);
}

#[test]
fn the_pauses_between_copies_double_without_end_and_the_last_copy_leaves_before_32_seconds() {
    let mut world = World::new();
    dial(&mut world);
    let far = world.rung(PSAP_1);
    world.answer(&far, 180);
    world.got(CALLER, "180 INVITE");
    world.until(45_000);
    assert_eq!(world.times(CALLER, "180 INVITE"), [500, 1500, 3500, 7500, 15_500, 31_500]);
}

#[test]
fn a_caller_without_an_offer_that_requires_100rel_hears_100_and_the_answer_alone() {
    let mut world = World::new();
    let mut caller = Caller::new(KNOWN, "911");
    caller.more = "Require: 100rel\r\nSupported: 100rel\r\n".into();
    caller.sdp = String::new();
    world.send(CALLER, caller.invite());
    let far = world.rung(PSAP_1);
    world.answer(&far, 180);
    world.send(PSAP_1, far.response(183, "", SDP));
    // It rings for longer than the minute after which others are told that their call is on its way.
    world.until(70_000);
    assert_eq!(world.words(CALLER), ["100 INVITE"]);
    world.answer(&far, 200);
    let answer = world.got(CALLER, "200 INVITE");
    assert_eq!(body(&answer), SDP);
    caller.learn(&answer);
    let taken = SDP.replace("40000", "40002");
    world.send(CALLER, caller.ack(&taken));
    assert_eq!(body(&world.got(PSAP_1, "ACK")), taken);
}

#[test]
fn the_answer_waits_until_the_session_description_before_it_is_acknowledged() {
    let mut world = World::new();
    let mut caller = dial(&mut world);
    let far = world.rung(PSAP_1);
    world.send(PSAP_1, far.response(183, "", SDP));
    let early = world.got(CALLER, "183 INVITE");
    assert_eq!(body(&early), SDP);
    caller.learn(&early);
    world.answer(&far, 200);
    world.got(PSAP_1, "ACK");
    assert_eq!(world.words(CALLER), Vec::<String>::new());
    prack(&mut world, &mut caller, rseq(&early));
    world.got(CALLER, "200 PRACK");
    let ok = world.got(CALLER, "200 INVITE");
    assert_eq!(value(&ok, Name::To), value(&early, Name::To));
    // The ACK has the number of the INVITE, which the PRACK has counted past.
    caller.cseq = 1;
    world.send(CALLER, caller.ack(""));
    world.pass(40);
    assert_eq!((world.words(CALLER).len(), world.engine.active_calls()), (0, 1));
}

#[test]
fn a_prack_that_names_nothing_that_waits_is_481() {
    let mut world = World::new();
    let mut caller = dial(&mut world);
    let far = world.rung(PSAP_1);
    world.answer(&far, 180);
    let ringing = world.got(CALLER, "180 INVITE");
    caller.learn(&ringing);
    prack(&mut world, &mut caller, rseq(&ringing) + 7);
    world.got(CALLER, "481 PRACK");
    prack(&mut world, &mut caller, rseq(&ringing));
    world.got(CALLER, "200 PRACK");
    prack(&mut world, &mut caller, rseq(&ringing));
    world.got(CALLER, "481 PRACK");
}

#[test]
fn a_prack_that_crosses_the_answer_is_taken_once() {
    let mut world = World::new();
    let mut caller = dial(&mut world);
    let far = world.rung(PSAP_1);
    world.answer(&far, 180);
    let ringing = world.got(CALLER, "180 INVITE");
    caller.learn(&ringing);
    world.answer(&far, 200);
    world.got(CALLER, "200 INVITE");
    world.send(CALLER, caller.ack(""));
    // The answer went out before its PRACK came (RFC 3262 §3); a 481 would end the call.
    prack(&mut world, &mut caller, rseq(&ringing));
    world.got(CALLER, "200 PRACK");
    prack(&mut world, &mut caller, rseq(&ringing));
    world.got(CALLER, "481 PRACK");
}

#[test]
fn a_caller_who_never_acknowledges_gets_the_answer_all_the_same() {
    let mut world = World::new();
    dial(&mut world);
    let far = world.rung(PSAP_1);
    world.send(PSAP_1, far.response(183, "", SDP));
    world.answer(&far, 200);
    world.until(31_000);
    assert!(!world.words(CALLER).contains(&"200 INVITE".to_owned()));
    world.until(32_100);
    world.got(CALLER, "200 INVITE");
}

#[test]
fn a_caller_who_gives_up_while_the_answer_waits_is_told_so_and_the_psap_is_hung_up_on() {
    let mut world = World::new();
    let caller = dial(&mut world);
    let far = world.rung(PSAP_1);
    world.send(PSAP_1, far.response(183, "", SDP));
    world.answer(&far, 200);
    world.send(CALLER, caller.cancel());
    world.got(CALLER, "200 CANCEL");
    world.got(CALLER, "487 INVITE");
    let bye = world.got(PSAP_1, "BYE");
    world.send(PSAP_1, far.response_to(&bye, 200, "", ""));
    world.pass(70);
    assert!(world.is_idle());
}

#[test]
fn a_psap_that_hangs_up_while_its_answer_waits_leaves_the_caller_free_to_find_another_way() {
    let mut world = World::new();
    dial(&mut world);
    let mut far = world.rung(PSAP_1);
    world.send(PSAP_1, far.response(183, "", SDP));
    world.answer(&far, 200);
    world.got(PSAP_1, "ACK");
    world.send(PSAP_1, far.request("BYE", "", ""));
    world.got(PSAP_1, "200 BYE");
    let refusal = world.got(CALLER, "503 INVITE");
    assert_eq!(value(&refusal, Name::RetryAfter), "");
    world.pass(70);
    assert!(world.is_idle());
}

#[test]
fn a_caller_who_hangs_up_in_its_early_dialog_while_the_answer_waits_has_given_up() {
    let mut world = World::new();
    let mut caller = dial(&mut world);
    let far = world.rung(PSAP_1);
    world.send(PSAP_1, far.response(183, "", SDP));
    caller.learn(&world.got(CALLER, "183 INVITE"));
    world.answer(&far, 200);
    world.send(CALLER, caller.request("BYE", "", ""));
    world.got(CALLER, "200 BYE");
    world.got(CALLER, "487 INVITE");
    world.got(PSAP_1, "BYE");
}
