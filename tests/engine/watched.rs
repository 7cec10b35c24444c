//! Whether both sides are still there: refreshes, questions, and what is never a reason to end an emergency call.
use crate::peers::{Caller, Far, body, value};
use crate::world::{CALLER, CRISIS, GATEWAY, KNOWN, PSAP_1, SDP, World};
use callbox::fact::Fact;
use callbox::sip::message::{Message, Name};

const TIMER: &str = "Supported: timer\r\nRequire: timer\r\nSession-Expires: 1800;refresher=uac\r\n";
const HALF: u64 = 900;

/// A call that a far end answers with these header lines.
fn talk(world: &mut World, number: &str, port: u16, answer: &str) -> (Caller, Far) {
    talk_as(world, Caller::new(KNOWN, number), port, answer)
}

fn talk_as(world: &mut World, mut caller: Caller, port: u16, answer: &str) -> (Caller, Far) {
    world.send(CALLER, caller.invite());
    let far = world.rung(port);
    world.send(far.port, far.response(200, answer, SDP));
    let ok = world.got(CALLER, "200 INVITE");
    caller.learn(&ok);
    world.send(CALLER, caller.ack(""));
    world.got(port, "ACK");
    world.clear();
    (caller, far)
}

/// The caller says that it is there.
fn caller_is_there(world: &mut World, caller: &Caller) {
    let asked = world.got(CALLER, "OPTIONS");
    world.send(CALLER, caller.response(&asked, 200, "", ""));
    world.take(CALLER);
}

fn silent_sides(world: &World) -> usize {
    world.facts.iter().filter(|fact| matches!(fact, Fact::SideSilent { .. })).count()
}

#[test]
fn a_refresh_that_is_ours_leaves_by_update_at_half_the_interval() {
    let mut world = World::new();
    let answer = format!("{TIMER}Allow: INVITE, ACK, BYE, UPDATE\r\n");
    let (caller, far) = talk(&mut world, "911", PSAP_1, &answer);
    world.pass(HALF - 1);
    assert_eq!(world.words(PSAP_1), Vec::<String>::new());
    world.pass(2);
    let update = world.got(PSAP_1, "UPDATE");
    assert_eq!(value(&update, Name::SessionExpires), "1800;refresher=uac");
    assert!(update.body().is_empty());
    world.send(PSAP_1, far.response_to(&update, 200, TIMER, ""));
    caller_is_there(&mut world, &caller);
    world.clear();
    world.pass(HALF + 1);
    world.got(PSAP_1, "UPDATE");
    assert_eq!(silent_sides(&world), 0);
}

#[test]
fn a_crisis_call_is_as_hard_to_lose_as_an_emergency_call() {
    let mut world = World::new();
    world.dial(KNOWN, "988");
    let far = world.rung(CRISIS);
    world.answer(&far, 200);
    world.clear();
    world.until(120_000);
    assert!(world.times(CALLER, "OPTIONS").len() > 1, "it never acknowledged, and is asked whether it is there");
    assert_eq!(world.words(CRISIS), Vec::<String>::new(), "no BYE follows");
    assert_eq!((world.engine.active_calls(), &world.facts[..]), (1, &[Fact::CrisisCall][..]));
}

#[test]
fn a_peer_without_update_is_refreshed_by_a_reinvite_with_the_session_as_it_is() {
    let mut world = World::new();
    let (_, far) = talk(&mut world, "911", PSAP_1, TIMER);
    world.pass(HALF + 1);
    let reinvite = world.got(PSAP_1, "INVITE");
    assert_eq!(body(&reinvite), SDP);
    world.send(PSAP_1, far.response_to(&reinvite, 200, TIMER, SDP));
    let ack = world.got(PSAP_1, "ACK");
    assert_eq!(ack.cseq().map(|(cseq, _)| cseq), reinvite.cseq().map(|(cseq, _)| cseq));
    world.send(PSAP_1, far.response_to(&reinvite, 200, TIMER, SDP));
    world.got(PSAP_1, "ACK");
}

#[test]
fn a_reinvite_that_crosses_another_is_sent_again_after_the_wait_of_who_made_the_call_id() {
    let mut world = World::new();
    let (_, far) = talk(&mut world, "911", PSAP_1, TIMER);
    world.pass(HALF + 1);
    let reinvite = world.got(PSAP_1, "INVITE");
    let crossed = world.millis();
    world.send(PSAP_1, far.response_to(&reinvite, 491, "", ""));
    world.got(PSAP_1, "ACK");
    world.pass(5);
    let again = world.times(PSAP_1, "INVITE");
    let waited = again.first().expect("it is sent again") - crossed;
    assert!((2100..=4110).contains(&waited), "{waited} ms");
}

#[test]
fn a_side_that_agreed_on_nothing_is_asked_by_options_and_any_answer_will_do() {
    let mut world = World::new();
    let (caller, far) = talk(&mut world, "911", PSAP_1, "");
    for _ in 0..3 {
        world.pass(HALF + 1);
        let asked = world.got(PSAP_1, "OPTIONS");
        world.send(PSAP_1, far.response_to(&asked, 501, "", ""));
        let asked = world.got(CALLER, "OPTIONS");
        world.send(CALLER, caller.response(&asked, 405, "", ""));
        world.clear();
    }
    world.pass(40);
    assert_eq!((silent_sides(&world), world.engine.active_calls()), (0, 1));
}

#[test]
fn a_silent_side_of_an_emergency_call_is_a_fact_and_is_asked_every_half_minute_and_the_call_goes_on() {
    let mut world = World::new();
    let (mut caller, far) = talk(&mut world, "911", PSAP_1, "");
    world.pass(HALF + 40);
    assert_eq!(silent_sides(&world), 2, "neither side has answered");
    world.clear();
    world.pass(120);
    let asked = world.got(PSAP_1, "OPTIONS");
    world.send(PSAP_1, far.response_to(&asked, 200, "", ""));
    world.pass(120);
    assert!(!world.log.iter().any(|(_, word)| word == "BYE"), "{:?}", world.log);
    assert_eq!(world.engine.active_calls(), 1);
    let bye = caller.request("BYE", "", "");
    world.send(CALLER, bye);
    world.got(CALLER, "200 BYE");
    world.got(PSAP_1, "BYE");
}

#[test]
fn an_emergency_call_ends_when_its_caller_says_twice_in_a_row_that_it_has_no_such_dialog() {
    let mut world = World::new();
    let (caller, _) = talk(&mut world, "911", PSAP_1, "");
    world.pass(HALF + 1);
    let asked = world.got(CALLER, "OPTIONS");
    world.send(CALLER, caller.response(&asked, 481, "", ""));
    world.take(CALLER);
    world.pass(20);
    assert!(!world.words(PSAP_1).contains(&"BYE".to_owned()), "once is not enough");
    world.pass(11);
    let asked = world.got(CALLER, "OPTIONS");
    world.send(CALLER, caller.response(&asked, 481, "", ""));
    world.got(PSAP_1, "BYE");
}

#[test]
fn an_emergency_call_of_which_neither_side_says_anything_is_let_go_after_an_hour() {
    let mut world = World::new();
    talk(&mut world, "911", PSAP_1, "");
    world.until(3_590_000);
    assert_eq!(world.engine.active_calls(), 1);
    assert!(!world.log.iter().any(|(_, word)| word == "BYE"));
    world.until(3_640_000);
    world.got(CALLER, "BYE");
    world.got(PSAP_1, "BYE");
    assert!(world.facts.iter().any(|fact| matches!(fact, Fact::Orphaned { .. })));
    world.pass(70);
    assert!(world.is_idle());
}

#[test]
fn another_call_ends_when_a_side_does_not_answer_its_refresh() {
    let mut world = World::new();
    let answer = format!("{TIMER}Allow: UPDATE\r\n");
    let (caller, _) = talk(&mut world, "5551234", GATEWAY, &answer);
    world.pass(HALF + 1);
    world.got(GATEWAY, "UPDATE");
    caller_is_there(&mut world, &caller);
    world.pass(33);
    world.got(CALLER, "BYE");
}

#[test]
fn a_caller_who_misses_its_own_refresh_is_asked_and_not_hung_up_on() {
    let mut world = World::new();
    let mut caller = Caller::new(KNOWN, "911");
    caller.more = "Supported: timer\r\nSession-Expires: 120;refresher=uac\r\n".into();
    let (mut caller, _) = talk_as(&mut world, caller, PSAP_1, "");
    world.pass(100);
    let refresh = caller.request("UPDATE", "Supported: timer\r\nSession-Expires: 120;refresher=uac\r\n", "");
    world.send(CALLER, refresh);
    let ok = world.got(CALLER, "200 UPDATE");
    assert_eq!(value(&ok, Name::SessionExpires), "120;refresher=uac");
    world.pass(100);
    assert_eq!(silent_sides(&world), 0, "it was refreshed in time");
    world.clear();
    world.pass(25);
    assert_eq!(silent_sides(&world), 1);
    let asked = world.got(CALLER, "OPTIONS");
    world.send(CALLER, caller.response(&asked, 200, "", ""));
    world.pass(60);
    assert_eq!(world.engine.active_calls(), 1);
    assert!(!world.log.iter().any(|(_, word)| word == "BYE"));
}

/// A far end answers a refresh; copies of the refresh that came meanwhile are forgotten.
fn reply(world: &mut World, far: &Far, (request, code): (&Message, u16), (more, body): (&str, &str)) {
    world.take(far.port);
    world.send(far.port, far.response_to(request, code, more, body));
}

#[test]
fn a_refresh_whose_interval_is_too_short_is_sent_again_at_once_with_the_one_that_is_asked_for() {
    for allow in ["Allow: UPDATE\r\n", ""] {
        let mut world = World::new();
        let (_, far) = talk(&mut world, "911", PSAP_1, &format!("{TIMER}{allow}"));
        let method = if allow.is_empty() { "INVITE" } else { "UPDATE" };
        world.pass(HALF + 1);
        let refresh = world.got(PSAP_1, method);
        reply(&mut world, &far, (&refresh, 422), ("Min-SE: 3600\r\n", ""));
        let again = world.got(PSAP_1, method);
        assert_eq!(
            (value(&again, Name::SessionExpires), value(&again, Name::MinSe)),
            ("3600;refresher=uac".into(), "3600".into())
        );
        let agreed = "Require: timer\r\nSession-Expires: 3600;refresher=uac\r\n";
        reply(&mut world, &far, (&again, 200), (agreed, if allow.is_empty() { SDP } else { "" }));
        world.clear();
        world.pass(1790);
        assert!(world.times(PSAP_1, method).is_empty(), "half of the new interval is not over");
        world.pass(20);
        let next = world.got(PSAP_1, method);
        assert_eq!(value(&next, Name::MinSe), "3600");
        reply(&mut world, &far, (&next, 422), ("Min-SE: 4000\r\n", ""));
        world.got(PSAP_1, method);
    }
}

#[test]
fn a_peer_that_finds_every_interval_too_short_is_not_asked_for_ever() {
    let mut world = World::new();
    let (_, far) = talk(&mut world, "911", PSAP_1, &format!("{TIMER}Allow: UPDATE\r\n"));
    world.pass(HALF + 1);
    for asked in [2000, 3000] {
        let refresh = world.got(PSAP_1, "UPDATE");
        reply(&mut world, &far, (&refresh, 422), (&format!("Min-SE: {asked}\r\n"), ""));
    }
    assert!(world.words(PSAP_1).is_empty());
    assert_eq!(world.engine.active_calls(), 1);
}

#[test]
fn what_the_answer_to_a_refresh_agrees_on_is_what_holds_from_then_on() {
    let mut world = World::new();
    let answer = format!("{TIMER}Allow: UPDATE\r\n");
    let (caller, far) = talk(&mut world, "911", PSAP_1, &answer);
    world.pass(HALF + 1);
    caller_is_there(&mut world, &caller);
    let refresh = world.got(PSAP_1, "UPDATE");
    let shorter = "Require: timer\r\nSession-Expires: 600;refresher=uac\r\n";
    reply(&mut world, &far, (&refresh, 200), (shorter, ""));
    world.pass(301);
    let refresh = world.got(PSAP_1, "UPDATE");
    assert_eq!(value(&refresh, Name::SessionExpires), "600;refresher=uac");
    let theirs = "Require: timer\r\nSession-Expires: 600;refresher=uas\r\n";
    reply(&mut world, &far, (&refresh, 200), (theirs, ""));
    world.pass(590);
    assert!(world.words(PSAP_1).is_empty(), "it refreshes itself");
    assert_eq!(silent_sides(&world), 0);
    world.pass(15);
    assert_eq!(silent_sides(&world), 1, "it has not");
    world.got(PSAP_1, "OPTIONS");
}
