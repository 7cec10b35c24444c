//! From dialling to hanging up, when all goes well.
use crate::peers::{Caller, Far, body, text, value};
use crate::world::{CALLER, KNOWN, PSAP_1, SDP, World};
use callbox::fact::Fact;
use callbox::sip::message::{Message, Name};

const OFFER: &str =
    "v=0\r\no=- 7 7 IN IP4 127.0.0.9\r\ns=-\r\nc=IN IP4 127.0.0.9\r\nt=0 0\r\nm=audio 41000 RTP/AVP 8\r\n";

#[test]
fn the_caller_hears_100_in_the_instant_of_its_invite_and_before_anything_else_leaves() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    assert_eq!(world.log[0], (CALLER, "100 INVITE".to_owned()));
    assert_eq!(world.log[1], (PSAP_1, "INVITE".to_owned()));
    assert_eq!(world.log.len(), 2);
}

#[test]
fn an_answered_call_is_two_dialogs_with_nothing_of_one_on_the_other() {
    let mut world = World::new();
    let mut caller = world.dial(KNOWN, "911");
    let far = world.rung(PSAP_1);
    let out = text(far.invite.bytes());
    for foreign in [&caller.call_id, &caller.tag, &caller.branch, "pbx.example", "5999"] {
        assert!(!out.contains(foreign), "{foreign} went out in\n{out}");
    }
    assert_eq!(value(&far.invite, Name::CSeq), "1 INVITE");
    world.answer(&far, 180);
    world.answer(&far, 200);
    let ringing = world.got(CALLER, "180 INVITE");
    let answer = world.got(CALLER, "200 INVITE");
    assert_eq!(value(&ringing, Name::To), value(&answer, Name::To));
    let back = text(answer.bytes());
    for foreign in [far.tag.clone(), value(&far.invite, Name::CallId), "5070".to_owned()] {
        assert!(!back.contains(&foreign), "{foreign} came back in\n{back}");
    }
    assert_eq!(value(&answer, Name::CallId), caller.call_id);
    assert_eq!(body(&answer), SDP);
    assert_eq!(contact(&answer), "sip:callbox@127.0.0.1:5060");
    caller.learn(&answer);
    world.send(CALLER, caller.ack(""));
    let ack = world.got(PSAP_1, "ACK");
    assert_eq!(value(&ack, Name::CSeq), "1 ACK");
    assert!(value(&ack, Name::To).contains(&far.tag));
    assert_ne!(value(&ack, Name::Via), value(&far.invite, Name::Via), "the ACK to a 2xx is a transaction of its own");
}

fn contact(message: &Message) -> String {
    message.contact().map(|contact| text(contact.uri.text)).unwrap_or_default()
}

#[test]
fn the_psap_has_its_ack_without_waiting_for_the_caller() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    let far = world.rung(PSAP_1);
    world.answer(&far, 200);
    assert_eq!(world.words(PSAP_1), ["ACK"]);
    assert_eq!(world.words(CALLER), ["100 INVITE", "200 INVITE"]);
}

#[test]
fn a_bye_of_the_caller_is_answered_and_ends_the_other_leg() {
    let mut world = World::new();
    let (mut caller, far) = world.talk(KNOWN, "911", PSAP_1);
    world.send(CALLER, caller.request("BYE", "Reason: Q.850;cause=16\r\n", ""));
    assert_eq!(world.words(CALLER), ["200 BYE"]);
    let bye = world.got(PSAP_1, "BYE");
    assert_eq!(value(&bye, Name::Reason), "Q.850;cause=16");
    assert_eq!(value(&bye, Name::CSeq), "2 BYE");
    world.send(PSAP_1, far.response_to(&bye, 200, "", ""));
    assert_eq!(world.engine.active_calls(), 0);
    world.pass(40);
    assert!(world.is_idle());
}

#[test]
fn a_bye_of_the_psap_is_answered_and_ends_the_other_leg() {
    let mut world = World::new();
    let (caller, mut far) = world.talk(KNOWN, "911", PSAP_1);
    world.send(PSAP_1, far.request("BYE", "", ""));
    assert_eq!(world.words(PSAP_1), ["200 BYE"]);
    let bye = world.got(CALLER, "BYE");
    assert_eq!(value(&bye, Name::CallId), caller.call_id);
    assert!(value(&bye, Name::To).contains(&caller.tag));
    world.send(CALLER, caller.response(&bye, 200, "", ""));
    assert_eq!(world.engine.active_calls(), 0);
    world.pass(40);
    assert!(world.is_idle());
}

#[test]
fn a_bye_that_nobody_answers_is_given_up_and_leaves_nothing_behind() {
    let mut world = World::new();
    let (mut caller, _) = world.talk(KNOWN, "911", PSAP_1);
    world.send(CALLER, caller.request("BYE", "", ""));
    world.pass(40);
    assert!(world.words(PSAP_1).iter().filter(|word| *word == "BYE").count() > 5);
    assert!(world.is_idle());
}

#[test]
fn a_caller_that_hangs_up_before_it_acknowledged_still_leaves_the_psap_with_ack_and_bye() {
    let mut world = World::new();
    let mut caller = Caller::new(KNOWN, "911");
    caller.sdp = String::new();
    world.send(CALLER, caller.invite());
    let far = world.rung(PSAP_1);
    world.send(PSAP_1, far.response(200, "", OFFER));
    let answer = world.got(CALLER, "200 INVITE");
    caller.learn(&answer);
    world.send(CALLER, caller.request("BYE", "", ""));
    assert_eq!(world.words(PSAP_1), ["ACK", "BYE"]);
}

#[test]
fn an_invite_without_an_offer_takes_the_psaps_offer_and_brings_the_answer_in_its_ack() {
    let mut world = World::new();
    let mut caller = Caller::new(KNOWN, "911");
    caller.sdp = String::new();
    world.send(CALLER, caller.invite());
    let far = world.rung(PSAP_1);
    assert!(!text(far.invite.bytes()).contains("application/sdp\r\n\r\nv=0"));
    world.send(PSAP_1, far.response(200, "", OFFER));
    assert_eq!(world.words(PSAP_1), Vec::<String>::new(), "the answer is not known yet");
    let answer = world.got(CALLER, "200 INVITE");
    assert_eq!(body(&answer), OFFER);
    caller.learn(&answer);
    world.send(CALLER, caller.ack(SDP));
    assert_eq!(body(&world.got(PSAP_1, "ACK")), SDP);
}

#[test]
fn a_copy_of_the_psaps_answer_gets_the_same_ack_again() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    let far = world.rung(PSAP_1);
    world.answer(&far, 200);
    let first = world.got(PSAP_1, "ACK");
    world.answer(&far, 200);
    world.pass(5);
    world.answer(&far, 200);
    let copies = world.take(PSAP_1);
    assert_eq!(copies.len(), 2);
    assert!(copies.iter().all(|copy| copy.message.bytes() == first.bytes()));
    assert!(world.take(CALLER).iter().filter(|got| got.at == 0 && got.word() == "200 INVITE").count() == 1);
}

#[test]
fn a_second_fork_that_answers_is_acknowledged_and_let_go() {
    let mut world = World::new();
    let mut caller = world.dial(KNOWN, "911");
    let far = world.rung(PSAP_1);
    world.answer(&far, 200);
    caller.learn(&world.got(CALLER, "200 INVITE"));
    world.send(CALLER, caller.ack(""));
    world.clear();
    let fork = Far { tag: "other-fork".into(), ..far.clone() };
    world.answer(&fork, 200);
    let sent = world.take(PSAP_1);
    assert_eq!(sent.iter().map(|got| got.word()).collect::<Vec<_>>(), ["ACK", "BYE"]);
    assert!(sent.iter().all(|got| value(&got.message, Name::To).contains("other-fork")));
    assert_eq!(value(&sent[0].message, Name::CSeq), "1 ACK");
    world.send(PSAP_1, fork.response_to(&sent[1].message, 200, "", ""));
    world.answer(&fork, 200);
    assert_eq!(world.words(PSAP_1), ["ACK"], "a copy gets its ACK again and no second BYE");
    world.send(CALLER, caller.request("INFO", "", ""));
    assert!(value(&world.got(PSAP_1, "INFO"), Name::To).contains(&far.tag), "the call stays where it was");
}

fn copies_of_the_answer(world: &mut World) -> Vec<u64> {
    world.take(CALLER).iter().filter(|got| got.word() == "200 INVITE").map(|got| got.at).collect()
}

#[test]
fn our_answer_is_repeated_in_doubling_pauses_until_the_ack_comes() {
    let mut world = World::new();
    let mut caller = world.dial(KNOWN, "911");
    let far = world.rung(PSAP_1);
    world.answer(&far, 200);
    caller.learn(&world.got(CALLER, "200 INVITE"));
    world.until(12_000);
    assert_eq!(copies_of_the_answer(&mut world), [500, 1500, 3500, 7500, 11_500]);
    world.send(CALLER, caller.ack(""));
    world.until(60_000);
    assert_eq!(copies_of_the_answer(&mut world), Vec::<u64>::new());
    assert_eq!(world.engine.active_calls(), 1);
}

#[test]
fn an_emergency_call_whose_answer_is_never_acknowledged_goes_on() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    let far = world.rung(PSAP_1);
    world.answer(&far, 200);
    world.clear();
    world.until(31_900);
    assert_eq!(copies_of_the_answer(&mut world).last(), Some(&31_500));
    world.until(90_000);
    assert!(world.words(CALLER).iter().all(|word| word == "OPTIONS"), "it is asked whether it is there");
    assert_eq!(world.words(PSAP_1), Vec::<String>::new(), "no BYE follows");
    assert!(world.facts.iter().any(|fact| matches!(fact, Fact::AnswerNotAcknowledged { .. })));
    assert_eq!(world.engine.active_calls(), 1);
}

#[test]
fn another_call_whose_answer_is_never_acknowledged_ends_on_both_legs_after_32_seconds() {
    let mut world = World::new();
    world.dial(KNOWN, "5551234");
    let far = world.rung(crate::world::GATEWAY);
    world.answer(&far, 200);
    world.clear();
    world.until(31_990);
    assert_eq!(world.engine.active_calls(), 1);
    world.until(32_010);
    assert_eq!(world.take(CALLER).last().map(|got| got.word()), Some("BYE".into()));
    assert_eq!(world.take(crate::world::GATEWAY).last().map(|got| got.word()), Some("BYE".into()));
    assert_eq!(world.engine.active_calls(), 0);
}

#[test]
fn a_copy_of_the_invite_is_no_second_call_whatever_the_first_has_come_to() {
    let mut world = World::new();
    let caller = world.dial(KNOWN, "911");
    world.send(CALLER, caller.invite());
    assert_eq!(world.words(CALLER), ["100 INVITE", "100 INVITE"]);
    let far = world.rung(PSAP_1);
    world.answer(&far, 180);
    world.clear();
    world.send(CALLER, caller.invite());
    assert_eq!(world.words(CALLER), ["180 INVITE"]);
    world.answer(&far, 200);
    world.send(CALLER, caller.invite());
    assert_eq!(world.engine.active_calls(), 1);
    assert_eq!(world.words(PSAP_1), ["ACK"]);
}

#[test]
fn a_caller_without_rport_gets_every_answer_at_the_port_of_its_via() {
    let mut world = World::new();
    let caller = Caller::new(KNOWN, "911");
    let invite = caller.invite().replace(";rport", "");
    world.send(6100, invite);
    let far = world.rung(PSAP_1);
    world.answer(&far, 180);
    world.answer(&far, 200);
    world.until(4000);
    assert_eq!(
        world.words(CALLER),
        ["100 INVITE", "180 INVITE", "200 INVITE", "200 INVITE", "200 INVITE", "200 INVITE"]
    );
    assert_eq!(world.words(6100), Vec::<String>::new());
}
