//! Early media: a caller hears each far end in a dialog of its own, and whoever answers in one that heard no other
//! session description before.
use crate::peers::{Caller, Far, body, value};
use crate::world::{CALLER, IVR, KNOWN, PSAP_1, PSAP_2, SDP, World};
use callbox::b2bua::Input;
use callbox::b2bua::voice::{News, Order};
use callbox::record::Ivr;
use callbox::sip::message::{Message, Name};
use core::time::Duration;

const NOTHING: [&str; 0] = [];

/// A session description that leads to this port.
fn session(port: u16) -> String {
    SDP.replace("40000", &port.to_string())
}

fn dial(world: &mut World, more: &str) -> Caller {
    let mut caller = Caller::new(KNOWN, "911");
    caller.more = more.to_owned();
    world.send(CALLER, caller.invite());
    caller
}

/// A far end speaks with early media; what the caller hears of it.
fn speaks(world: &mut World, far: &Far, port: u16) -> Message {
    world.send(far.port, far.response(183, "Allow: UPDATE\r\n", &session(port)));
    world.got(CALLER, "183 INVITE")
}

fn speaks_reliably(world: &mut World, far: &Far, rseq: u32, port: u16) -> Message {
    let more = format!("Allow: UPDATE\r\nRequire: 100rel\r\nRSeq: {rseq}\r\n");
    world.send(far.port, far.response(183, &more, &session(port)));
    world.got(CALLER, "183 INVITE")
}

fn to(response: &Message) -> String {
    value(response, Name::To)
}

/// The dialog of a response, for what the caller says in it.
fn within(caller: &Caller, response: &Message) -> Caller {
    let mut within = caller.clone();
    within.learn(response);
    within
}

fn prack(world: &mut World, caller: &mut Caller, response: &Message) {
    let rseq = response.number(Name::RSeq).expect("a reliable response is numbered");
    let prack = caller.request("PRACK", &format!("RAck: {rseq} 1 INVITE\r\n"), "");
    world.send(CALLER, prack);
}

#[test]
fn after_the_early_media_of_a_target_that_refuses_the_next_is_heard_in_a_dialog_of_its_own() {
    let mut world = World::new();
    let caller = dial(&mut world, "");
    let first = world.rung(PSAP_1);
    let early = speaks(&mut world, &first, 41_000);
    assert_eq!(body(&early), session(41_000));
    world.answer(&first, 486);
    let second = world.rung(PSAP_2);
    world.send(PSAP_2, second.response(200, "", &session(42_000)));
    let answer = world.got(CALLER, "200 INVITE");
    assert_eq!(body(&answer), session(42_000));
    assert_ne!(to(&answer), to(&early), "in the first dialog a strict caller has its answer already");
    let mut lost = within(&caller, &early);
    world.send(CALLER, lost.request("UPDATE", "", ""));
    world.got(CALLER, "481 UPDATE");
    world.send(CALLER, lost.request("BYE", "", ""));
    world.got(CALLER, "481 BYE");
    assert_eq!(world.words(PSAP_2), ["ACK"], "the call goes on");
    let mut answered = within(&caller, &answer);
    world.send(CALLER, answered.ack(""));
    world.send(CALLER, answered.request("BYE", "", ""));
    world.got(CALLER, "200 BYE");
    world.got(PSAP_2, "BYE");
}

#[test]
fn a_far_end_that_says_the_same_before_and_with_its_answer_stays_in_one_dialog() {
    let mut world = World::new();
    dial(&mut world, "");
    let far = world.rung(PSAP_1);
    let early = speaks(&mut world, &far, 41_000);
    world.answer(&far, 180);
    let ringing = world.got(CALLER, "180 INVITE");
    world.send(PSAP_1, far.response(200, "", &session(41_000).replace("o=- 1 1", "o=- 1 2")));
    let answer = world.got(CALLER, "200 INVITE");
    assert_eq!((to(&ringing), to(&answer)), (to(&early), to(&early)));
    assert!(body(&answer).contains("o=- 1 2"));
}

#[test]
fn a_far_end_that_answers_with_other_media_than_it_rang_with_is_heard_all_the_same() {
    let mut world = World::new();
    let caller = dial(&mut world, "");
    let far = world.rung(PSAP_1);
    let early = speaks(&mut world, &far, 41_000);
    world.send(PSAP_1, far.response(200, "", &session(43_000)));
    let answer = world.got(CALLER, "200 INVITE");
    assert_ne!(to(&answer), to(&early));
    assert_eq!(body(&answer), session(43_000));
    let mut caller = within(&caller, &answer);
    world.send(CALLER, caller.ack(""));
    world.clear();
    world.send(CALLER, caller.request("INVITE", "", &session(44_000)));
    world.got(PSAP_1, "INVITE");
    world.pass(40);
    assert!(!world.words(CALLER).contains(&"200 INVITE".to_owned()), "the ACK is taken in the dialog of the answer");
}

#[test]
fn two_forks_of_one_target_are_two_dialogs_and_the_answer_is_in_that_of_the_fork_that_gave_it() {
    let mut world = World::new();
    dial(&mut world, "");
    let far = world.rung(PSAP_1);
    let fork = Far { tag: "fork".into(), ..far.clone() };
    let (one, other) = (speaks(&mut world, &far, 41_000), speaks(&mut world, &fork, 42_000));
    assert_ne!(to(&one), to(&other));
    world.send(PSAP_1, far.response(200, "", &session(41_000)));
    assert_eq!(to(&world.got(CALLER, "200 INVITE")), to(&one));
}

#[test]
fn ringing_without_a_session_description_keeps_all_in_one_dialog() {
    let mut world = World::new();
    dial(&mut world, "");
    let first = world.rung(PSAP_1);
    world.answer(&first, 180);
    let heard = to(&world.got(CALLER, "180 INVITE"));
    world.answer(&first, 486);
    let second = world.rung(PSAP_2);
    world.answer(&second, 180);
    assert_eq!(to(&world.got(CALLER, "180 INVITE")), heard);
    world.answer(&second, 200);
    assert_eq!(to(&world.got(CALLER, "200 INVITE")), heard);
}

#[test]
fn a_caller_that_requires_100rel_acknowledges_each_far_end_in_its_own_dialog() {
    let mut world = World::new();
    let caller = dial(&mut world, "Require: 100rel\r\n");
    let first = world.rung(PSAP_1);
    let early = speaks_reliably(&mut world, &first, 1, 41_000);
    world.answer(&first, 486);
    let second = world.rung(PSAP_2);
    let other = speaks_reliably(&mut world, &second, 70, 42_000);
    assert_ne!(to(&early), to(&other));
    assert_eq!(body(&other), session(42_000), "it does not wait for a PRACK to the first, which has failed");
    assert_eq!(other.number(Name::RSeq), early.number(Name::RSeq).map(|rseq| rseq + 1));
    let (mut in_first, mut in_second) = (within(&caller, &early), within(&caller, &other));
    prack(&mut world, &mut in_first, &other);
    world.got(CALLER, "481 PRACK");
    prack(&mut world, &mut in_first, &early);
    world.got(CALLER, "200 PRACK");
    world.send(PSAP_2, second.response(200, "", &session(42_000)));
    assert_eq!(world.words(CALLER), NOTHING, "the answer waits for the PRACK in its own dialog");
    prack(&mut world, &mut in_second, &other);
    world.got(CALLER, "200 PRACK");
    let answer = world.got(CALLER, "200 INVITE");
    assert_eq!((to(&answer), body(&answer)), (to(&other), String::new()), "what was agreed on is not said again");
}

#[test]
fn an_answer_does_not_wait_for_the_prack_to_a_far_end_that_lost() {
    let mut world = World::new();
    let caller = dial(&mut world, "Require: 100rel\r\n");
    let first = world.rung(PSAP_1);
    let early = speaks_reliably(&mut world, &first, 1, 41_000);
    world.answer(&first, 486);
    let second = world.rung(PSAP_2);
    world.send(PSAP_2, second.response(200, "", &session(42_000)));
    let answer = world.got(CALLER, "200 INVITE");
    assert_eq!(body(&answer), session(42_000));
    prack(&mut world, &mut within(&caller, &early), &early);
    world.got(CALLER, "481 PRACK");
    world.send(CALLER, within(&caller, &answer).ack(""));
    world.pass(40);
    assert_eq!(world.words(CALLER), NOTHING, "nothing is repeated any more");
}

#[test]
fn a_session_description_is_said_reliably_once() {
    let mut world = World::new();
    let caller = dial(&mut world, "Require: 100rel\r\n");
    let far = world.rung(PSAP_1);
    let early = speaks_reliably(&mut world, &far, 1, 41_000);
    prack(&mut world, &mut within(&caller, &early), &early);
    let again = speaks_reliably(&mut world, &far, 2, 41_000);
    assert_eq!((to(&again), body(&again)), (to(&early), String::new()), "a second time it would be an offer");
}

#[test]
fn an_update_goes_to_the_far_end_of_its_dialog() {
    let mut world = World::new();
    let caller = dial(&mut world, "Require: 100rel\r\n");
    let far = world.rung(PSAP_1);
    let fork = Far { tag: "fork".into(), ..far.clone() };
    let one = speaks_reliably(&mut world, &far, 1, 41_000);
    let other = speaks_reliably(&mut world, &fork, 1, 42_000);
    let (mut in_one, mut in_other) = (within(&caller, &one), within(&caller, &other));
    prack(&mut world, &mut in_one, &one);
    prack(&mut world, &mut in_other, &other);
    world.clear();
    world.send(CALLER, in_one.request("UPDATE", "", &session(50_000)));
    let update = world.got(PSAP_1, "UPDATE");
    assert!(to(&update).contains(&far.tag), "{}", to(&update));
    world.send(PSAP_1, far.response_to(&update, 200, "", &session(41_002)));
    assert_eq!(body(&world.got(CALLER, "200 UPDATE")), session(41_002));
    world.send(CALLER, in_other.request("UPDATE", "", &session(50_000)));
    assert!(to(&world.got(PSAP_1, "UPDATE")).contains("fork"));
}

#[test]
fn an_update_in_the_dialog_of_a_far_end_that_refused_is_488_and_changes_nothing() {
    let mut world = World::new();
    let caller = dial(&mut world, "Require: 100rel\r\n");
    let first = world.rung(PSAP_1);
    let early = speaks_reliably(&mut world, &first, 1, 41_000);
    world.answer(&first, 486);
    let second = world.rung(PSAP_2);
    world.clear();
    world.send(CALLER, within(&caller, &early).request("UPDATE", "", &session(50_000)));
    world.got(CALLER, "488 UPDATE");
    assert_eq!(world.words(PSAP_2), NOTHING);
    world.answer(&second, 200);
    world.got(CALLER, "200 INVITE");
}

#[test]
fn a_bye_ends_the_early_dialog_that_it_names_and_the_last_of_them_the_call() {
    let mut world = World::new();
    let caller = dial(&mut world, "");
    let far = world.rung(PSAP_1);
    let fork = Far { tag: "fork".into(), ..far.clone() };
    let (one, other) = (speaks(&mut world, &far, 41_000), speaks(&mut world, &fork, 42_000));
    world.send(CALLER, within(&caller, &one).request("BYE", "", ""));
    world.got(CALLER, "200 BYE");
    let bye = world.got(PSAP_1, "BYE");
    assert!(to(&bye).contains(&far.tag), "{}", to(&bye));
    assert_eq!(world.words(CALLER), NOTHING, "the other still rings");
    world.send(CALLER, within(&caller, &other).request("BYE", "", ""));
    world.got(CALLER, "487 INVITE");
    world.got(PSAP_1, "CANCEL");
}

#[test]
fn a_bye_in_the_dialog_of_a_far_end_that_lost_does_not_end_the_call() {
    let mut world = World::new();
    let caller = dial(&mut world, "");
    let first = world.rung(PSAP_1);
    let early = speaks(&mut world, &first, 41_000);
    world.answer(&first, 486);
    let second = world.rung(PSAP_2);
    let other = speaks(&mut world, &second, 42_000);
    world.send(CALLER, within(&caller, &early).request("BYE", "", ""));
    world.got(CALLER, "200 BYE");
    world.send(PSAP_2, second.response(200, "", &session(42_000)));
    assert_eq!(to(&world.got(CALLER, "200 INVITE")), to(&other));
}

#[test]
fn a_bye_before_the_next_target_has_spoken_is_a_caller_that_hangs_up() {
    let mut world = World::new();
    let caller = dial(&mut world, "");
    let first = world.rung(PSAP_1);
    let early = speaks(&mut world, &first, 41_000);
    world.answer(&first, 486);
    let second = world.rung(PSAP_2);
    world.send(CALLER, within(&caller, &early).request("BYE", "", ""));
    world.got(CALLER, "487 INVITE");
    world.answer(&second, 200);
    world.got(PSAP_2, "BYE");
}

#[test]
fn of_very_many_forks_only_some_are_dialogs_and_the_one_that_answers_is_heard() {
    let mut world = World::new();
    dial(&mut world, "");
    let far = world.rung(PSAP_1);
    let mut dialogs = std::collections::HashSet::new();
    let mut with_media = 0;
    for number in 0..100 {
        let fork = Far { tag: format!("fork{number}"), ..far.clone() };
        let heard = speaks(&mut world, &fork, 41_000 + number);
        with_media += usize::from(!body(&heard).is_empty());
        dialogs.insert(to(&heard));
    }
    assert_eq!((dialogs.len(), with_media), (8, 8));
    let last = Far { tag: "fork99".into(), ..far };
    world.send(PSAP_1, last.response(200, "", &session(41_099)));
    let answer = world.got(CALLER, "200 INVITE");
    assert_eq!(body(&answer), session(41_099));
    assert!(!dialogs.contains(&to(&answer)));
}

#[test]
fn a_199_is_no_ringing_and_its_dialog_is_over() {
    let mut world = World::new();
    dial(&mut world, "");
    let mut first = world.rung(PSAP_1);
    world.answer(&first, 199);
    assert_eq!(world.words(CALLER), ["100 INVITE"]);
    world.until(6100);
    let second = world.rung(PSAP_2);
    assert_eq!(world.words(PSAP_1), NOTHING, "it has not taken the call and is not cancelled for it");
    let info = first.request("INFO", "", "");
    world.send(PSAP_1, info);
    world.got(PSAP_1, "481 INFO");
    world.answer(&second, 180);
    world.got(CALLER, "180 INVITE");
    world.got(PSAP_1, "CANCEL");
}

#[test]
fn when_one_fork_ends_with_199_the_other_may_answer() {
    let mut world = World::new();
    dial(&mut world, "");
    let far = world.rung(PSAP_1);
    let fork = Far { tag: "fork".into(), ..far.clone() };
    speaks(&mut world, &far, 41_000);
    let other = speaks(&mut world, &fork, 42_000);
    world.answer(&far, 199);
    assert_eq!(world.words(CALLER), NOTHING);
    world.send(PSAP_1, fork.response(200, "", &session(42_000)));
    assert_eq!(to(&world.got(CALLER, "200 INVITE")), to(&other));
}

#[test]
fn a_caller_that_requires_100rel_hears_something_every_minute_too() {
    let mut world = World::new();
    let caller = dial(&mut world, "Require: 100rel\r\n");
    for port in [PSAP_1, PSAP_2, crate::world::RELAY] {
        let far = world.rung(port);
        world.answer(&far, 486);
    }
    let last = world.rung(crate::world::GATEWAY);
    world.answer(&last, 180);
    let mut rseq = 0;
    for minute in 0..4 {
        world.until(minute * 60_000 + 10);
        let word = world.got(CALLER, "180 INVITE");
        let next = word.number(Name::RSeq).expect("it is numbered");
        assert!(minute == 0 || next == rseq + 1, "{next} after {rseq}");
        assert!(word.has_token(Name::Require, "100rel"));
        rseq = next;
        let mut caller = within(&caller, &word);
        caller.cseq += u32::try_from(minute).unwrap_or(0);
        prack(&mut world, &mut caller, &word);
        world.got(CALLER, "200 PRACK");
    }
}

#[test]
fn a_caller_whose_invite_has_a_to_tag_has_one_dialog_and_hears_in_it_who_answers() {
    let mut world = World::new();
    let caller = Caller::new(KNOWN, "911");
    let invite = caller.invite().replace("To: <sip:911@127.0.0.1>", "To: <sip:911@127.0.0.1>;tag=before");
    world.send(CALLER, invite);
    let first = world.rung(PSAP_1);
    assert_eq!(body(&speaks(&mut world, &first, 41_000)), "");
    world.answer(&first, 486);
    let second = world.rung(PSAP_2);
    world.send(PSAP_2, second.response(200, "", &session(42_000)));
    let answer = world.got(CALLER, "200 INVITE");
    assert_eq!(body(&answer), session(42_000));
    assert!(to(&answer).contains("tag=before"));
}

#[test]
fn a_session_timer_that_is_agreed_on_before_the_answer_runs_from_the_answer_on() {
    let mut world = World::new();
    let mut caller = dial(&mut world, "");
    for port in [PSAP_1, PSAP_2, crate::world::RELAY] {
        let far = world.rung(port);
        world.answer(&far, 486);
    }
    let last = world.rung(crate::world::GATEWAY);
    world.answer(&last, 180);
    caller.learn(&world.got(CALLER, "180 INVITE"));
    let timer = "Supported: timer\r\nSession-Expires: 90;refresher=uac\r\n";
    world.send(CALLER, caller.request("UPDATE", timer, ""));
    world.got(CALLER, "200 UPDATE");
    world.pass(200);
    assert_eq!(world.times(CALLER, "180 INVITE").len(), 3, "it goes on ringing");
    world.answer(&last, 200);
    world.got(CALLER, "200 INVITE");
}

#[test]
fn after_the_early_media_of_a_test_trunk_that_refuses_our_own_voice_is_heard_in_a_dialog_of_its_own() {
    let ivr = Ivr { first: false, max_calls: 2, max_span: Duration::from_secs(120), hourly: 10 };
    let mut world = World::with(|snapshot| snapshot.ivr = Some(ivr), |_| {});
    world.dial(KNOWN, "933");
    let far = world.rung(IVR);
    let first = speaks(&mut world, &far, 50_000);
    world.answer(&far, 600);
    let call = world.orders.iter().find_map(|order| match order {
        Order::Open { call, .. } => Some(*call),
        _ => None,
    });
    world.input(Input::Voice(call.expect("our own voice has the call"), News::Open(16_384)));
    world.until(world.millis() + 100);
    let answer = world.got(CALLER, "200 INVITE");
    assert!(body(&answer).contains("16384"));
    assert_ne!(to(&answer), to(&first), "a caller hears the first session of a dialog and no other");
}
