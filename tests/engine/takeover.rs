//! Replaces and Join: what the caller's side may not, and what a PSAP may.
use crate::peers::{Caller, Far, body, value};
use crate::world::{CALLER, GATEWAY, KNOWN, PSAP_1, PSAP_2, SDP, World};
use callbox::fact::{Defect, Fact, Feature};
use callbox::sip::message::{Message, Name};

const NOTHING: [&str; 0] = [];

/// The names of a caller's dialog with us, as Replaces has them.
fn callers_names(caller: &Caller) -> String {
    let ours = caller.to.rsplit("tag=").next().unwrap_or_default();
    format!("{};to-tag={ours};from-tag={}", caller.call_id, caller.tag)
}

/// The names of a far end's dialog with us.
fn fars_names(far: &Far) -> String {
    let from = value(&far.invite, Name::From);
    let ours = from.rsplit("tag=").next().unwrap_or_default();
    format!("{};to-tag={ours};from-tag={}", value(&far.invite, Name::CallId), far.tag)
}

/// A second PSAP, which wants the call of these names.
fn psap(names: &str, sdp: &str) -> Caller {
    let mut psap = Caller::new("+13125550999", "callbox");
    psap.port = PSAP_2;
    psap.more = format!("Replaces: {names}\r\nRequire: replaces\r\n");
    psap.sdp = sdp.to_owned();
    psap
}

fn session(port: u16) -> String {
    SDP.replace("40000", &port.to_string())
}

#[test]
fn a_caller_that_would_take_a_call_over_is_refused_and_the_call_stays() {
    for header in ["Replaces", "Join"] {
        let mut world = World::new();
        let (caller, far) = world.talk(KNOWN, "911", PSAP_1);
        let named = callers_names(&caller);
        let early = format!("{named};early-only");
        let guess = named.replace(&caller.tag, "guess");
        let twice = format!("{named}\r\n{header}: {named}");
        let both = format!("{named}\r\nReplaces: {named}\r\nJoin: {named}");
        let cases = [
            (named.clone(), 403),
            (fars_names(&far), 403),
            (early, 486),
            (guess, 481),
            ("unheard@of;to-tag=1;from-tag=2".to_owned(), 481),
            (twice, 400),
            (both, 400),
            (caller.call_id.clone(), 400),
            (format!("{};to-tag=1", caller.call_id), 400),
        ];
        for (names, code) in cases {
            let before = world.facts.len();
            let mut other = Caller::new(KNOWN, "5551234");
            other.more = format!("{header}: {names}\r\n");
            world.send(CALLER, other.invite());
            let refusal = world.got(CALLER, &format!("{code} INVITE"));
            assert_eq!(value(&refusal, Name::Warning).contains("Replacing is disabled"), code == 403, "{names}");
            let is_blocked = |fact: &Fact| matches!(fact, Fact::FeatureBlocked { feature: Feature::Replace, .. });
            assert_eq!(world.facts[before..].iter().any(is_blocked), code == 403);
        }
        assert_eq!((world.words(PSAP_1), world.words(GATEWAY), world.engine.active_calls()), (vec![], vec![], 1));
    }
}

#[test]
fn a_dialog_that_rings_cannot_be_named_and_one_that_is_over_is_603() {
    let mut world = World::new();
    let mut caller = world.dial(KNOWN, "911");
    let far = world.rung(PSAP_1);
    world.answer(&far, 180);
    caller.learn(&world.got(CALLER, "180 INVITE"));
    let other = |world: &mut World, code: u16| {
        let mut other = Caller::new(KNOWN, "5551234");
        other.more = format!("Replaces: {}\r\n", callers_names(&caller));
        world.send(CALLER, other.invite());
        world.got(CALLER, &format!("{code} INVITE"));
    };
    other(&mut world, 481);
    let mut world = World::new();
    let (mut gone, _) = world.talk(KNOWN, "911", PSAP_1);
    world.send(CALLER, gone.request("BYE", "", ""));
    caller = gone;
    let mut late = Caller::new(KNOWN, "5551234");
    late.more = format!("Replaces: {}\r\n", callers_names(&caller));
    world.send(CALLER, late.invite());
    world.got(CALLER, "603 INVITE");
}

#[test]
fn an_emergency_call_that_names_another_is_a_call_of_its_own() {
    for (number, port) in [("911", PSAP_1), ("988", crate::world::CRISIS)] {
        let mut world = World::new();
        let (caller, _) = world.talk(KNOWN, "911", PSAP_1);
        let mut other = Caller::new(KNOWN, number);
        other.more = format!("Replaces: {0}\r\nJoin: {0}\r\nRequire: replaces\r\n", callers_names(&caller));
        world.send(CALLER, other.invite());
        let far = world.rung(port);
        assert!(far.invite.value(Name::Replaces).is_none() && far.invite.value(Name::Join).is_none());
        let told = |fact: &Fact| matches!(fact, Fact::Repaired { defect: Defect::TakesOver, .. });
        assert_eq!(world.facts.iter().any(told), number == "911");
        assert_eq!(world.engine.active_calls(), 2);
    }
}

/// A second PSAP takes the call over from the first; returns it with the caller and the first.
fn taken_over(world: &mut World) -> (Caller, Far, Caller) {
    let (caller, far) = world.talk(KNOWN, "911", PSAP_1);
    let mut second = psap(&fars_names(&far), &session(50_100));
    world.send(PSAP_2, second.invite());
    assert_eq!(world.words(PSAP_2), ["100 INVITE"]);
    let offered = world.got(CALLER, "INVITE");
    assert_eq!(body(&offered), session(50_100));
    assert_eq!(value(&offered, Name::CallId), caller.call_id);
    assert_eq!(world.words(PSAP_1), NOTHING, "nobody is let go before the caller has taken the new session");
    world.send(CALLER, caller.response(&offered, 200, "", &session(40_100)));
    let answer = world.got(PSAP_2, "200 INVITE");
    assert_eq!(body(&answer), session(40_100));
    second.learn(&answer);
    world.send(PSAP_2, second.ack(""));
    (caller, far, second)
}

#[test]
fn a_psap_takes_a_call_over_from_another_and_the_caller_talks_to_it() {
    let mut world = World::new();
    let (mut caller, far, mut second) = taken_over(&mut world);
    let bye = world.got(PSAP_1, "BYE");
    assert!(value(&bye, Name::To).contains(&far.tag));
    world.send(PSAP_1, far.response_to(&bye, 200, "", ""));
    world.got(CALLER, "ACK");
    assert!(world.facts.iter().any(|fact| matches!(fact, Fact::TakenOver { trunk, .. } if &**trunk == "psap-2")));
    world.send(CALLER, caller.request("INFO", "", ""));
    let passed = world.got(PSAP_2, "INFO");
    assert!(value(&passed, Name::CallId).contains(&second.call_id));
    world.send(PSAP_2, second.response(&passed, 200, "", ""));
    world.got(CALLER, "200 INFO");
    world.send(CALLER, caller.request("INVITE", "", &(SDP.to_owned() + "a=sendonly\r\n")));
    world.got(CALLER, "488 INVITE");
    world.send(PSAP_2, second.request("BYE", "", ""));
    world.got(PSAP_2, "200 BYE");
    world.got(CALLER, "BYE");
    assert_eq!(world.engine.active_calls(), 0);
}

#[test]
fn a_bye_of_the_one_who_had_the_call_before_is_200_and_ends_nothing() {
    let mut world = World::new();
    let (_, mut far, _) = taken_over(&mut world);
    world.clear();
    world.send(PSAP_1, far.request("BYE", "", ""));
    assert_eq!(world.words(PSAP_1), ["200 BYE"]);
    assert_eq!((world.words(CALLER), world.engine.active_calls()), (vec![], 1));
}

#[test]
fn a_psap_without_an_offer_takes_the_callers_and_its_answer_comes_in_the_ack() {
    let mut world = World::new();
    let (caller, far) = world.talk(KNOWN, "911", PSAP_1);
    let mut second = psap(&fars_names(&far), "");
    world.send(PSAP_2, second.invite());
    let asked = world.got(CALLER, "INVITE");
    assert_eq!(body(&asked), "");
    world.send(CALLER, caller.response(&asked, 200, "", &session(40_102)));
    let answer = world.got(PSAP_2, "200 INVITE");
    assert_eq!(body(&answer), session(40_102));
    second.learn(&answer);
    assert_eq!(world.words(CALLER), NOTHING, "the answer is not known yet");
    world.send(PSAP_2, second.ack(&session(50_102)));
    assert_eq!(body(&world.got(CALLER, "ACK")), session(50_102));
    world.got(PSAP_1, "BYE");
}

#[test]
fn a_caller_that_refuses_or_does_not_answer_leaves_the_call_where_it_was() {
    for refused in [true, false] {
        let mut world = World::new();
        let (mut caller, far) = world.talk(KNOWN, "911", PSAP_1);
        world.send(PSAP_2, psap(&fars_names(&far), SDP).invite());
        let offered = world.got(CALLER, "INVITE");
        if refused {
            world.send(CALLER, caller.response(&offered, 488, "", ""));
            world.got(PSAP_2, "488 INVITE");
        } else {
            world.pass(33);
            world.got(PSAP_2, "504 INVITE");
        }
        world.clear();
        world.send(CALLER, caller.request("INFO", "", ""));
        assert_eq!(world.words(PSAP_1), ["INFO"]);
    }
}

#[test]
fn a_psap_that_hangs_up_while_another_takes_over_does_not_end_the_call() {
    for taken in [true, false] {
        let mut world = World::new();
        let (caller, mut far) = world.talk(KNOWN, "911", PSAP_1);
        world.send(PSAP_2, psap(&fars_names(&far), SDP).invite());
        let offered = world.got(CALLER, "INVITE");
        world.send(PSAP_1, far.request("BYE", "", ""));
        assert_eq!((world.words(PSAP_1), world.words(CALLER)), (vec!["200 BYE".to_owned()], vec![]));
        if taken {
            world.send(CALLER, caller.response(&offered, 200, "", SDP));
            world.got(PSAP_2, "200 INVITE");
            assert_eq!((world.words(PSAP_1), world.engine.active_calls()), (vec![], 1));
        } else {
            world.send(CALLER, caller.response(&offered, 488, "", ""));
            world.got(PSAP_2, "488 INVITE");
            world.got(CALLER, "BYE");
            assert_eq!(world.engine.active_calls(), 0);
        }
    }
}

#[test]
fn who_wants_the_call_may_give_up_and_a_caller_may_hang_up_meanwhile() {
    let mut world = World::new();
    let (caller, far) = world.talk(KNOWN, "911", PSAP_1);
    let second = psap(&fars_names(&far), SDP);
    world.send(PSAP_2, second.invite());
    let offered = world.got(CALLER, "INVITE");
    world.send(CALLER, caller.response(&offered, 100, "", ""));
    world.send(PSAP_2, second.cancel());
    world.got(PSAP_2, "200 CANCEL");
    world.got(CALLER, "CANCEL");
    world.send(CALLER, caller.response(&offered, 487, "", ""));
    world.got(PSAP_2, "487 INVITE");
    assert_eq!((world.words(PSAP_1), world.engine.active_calls()), (vec![], 1));

    let mut world = World::new();
    let (mut caller, far) = world.talk(KNOWN, "911", PSAP_1);
    world.send(PSAP_2, psap(&fars_names(&far), SDP).invite());
    world.send(CALLER, caller.request("BYE", "", ""));
    world.got(PSAP_2, "487 INVITE");
    world.got(PSAP_1, "BYE");
    assert_eq!(world.engine.active_calls(), 0);
}

#[test]
fn a_psap_that_names_no_call_names_it_wrongly_or_would_join_is_refused() {
    let mut world = World::new();
    let (caller, far) = world.talk(KNOWN, "911", PSAP_1);
    let (_, other) = world.talk(KNOWN, "5551234", GATEWAY);
    let named = fars_names(&far);
    for (names, code) in [
        ("unheard@of;to-tag=1;from-tag=2".to_owned(), 481),
        (callers_names(&caller), 481),
        (fars_names(&other), 481),
        (format!("{named};early-only"), 486),
        (named.replace(";from-tag", ";other-tag"), 400),
    ] {
        world.send(PSAP_2, psap(&names, SDP).invite());
        world.got(PSAP_2, &format!("{code} INVITE"));
    }
    let mut joins = psap(&named, SDP);
    joins.more = format!("Join: {named}\r\n");
    world.send(PSAP_2, joins.invite());
    world.got(PSAP_2, "488 INVITE");
    let first = psap(&named, SDP);
    world.send(PSAP_2, first.invite());
    let _offered: Message = world.got(CALLER, "INVITE");
    world.send(PSAP_2, psap(&named, SDP).invite());
    world.got(PSAP_2, "491 INVITE");
    assert_eq!(world.words(PSAP_1), NOTHING);
}

#[test]
fn a_psap_with_fewer_streams_takes_a_call_over_and_the_caller_has_a_line_for_each_that_it_knows() {
    const TEXT: &str = "m=text 40002 RTP/AVP 98\r\n";
    let mut world = World::new();
    let mut caller = Caller::new(KNOWN, "911");
    caller.sdp = format!("{SDP}{TEXT}");
    world.send(CALLER, caller.invite());
    let far = world.rung(PSAP_1);
    world.send(PSAP_1, far.response(200, "", &format!("{SDP}{TEXT}")));
    caller.learn(&world.got(CALLER, "200 INVITE"));
    world.send(CALLER, caller.ack(""));
    world.clear();
    let own = SDP.replace("40000", "51000");
    world.send(PSAP_2, psap(&fars_names(&far), &own).invite());
    let offered = world.got(CALLER, "INVITE");
    assert_eq!(body(&offered), format!("{own}m=text 0 RTP/AVP 98\r\n"));
    world.send(CALLER, caller.response(&offered, 200, "", &format!("{SDP}m=text 0 RTP/AVP 98\r\n")));
    assert_eq!(body(&world.got(PSAP_2, "200 INVITE")), SDP, "it hears of its own streams alone");
}
