//! What the two sides agreed on last: what changes nothing stays here, what one side said alone reaches the other, and a
//! hold that got in is taken back.
use crate::peers::{Caller, Far, body, value};
use crate::world::{CALLER, GATEWAY, KNOWN, PSAP_1, SDP, World};
use callbox::fact::{Fact, Feature};
use callbox::sip::message::{Message, Name};

const NOTHING: [&str; 0] = [];

/// A session description with another port and more lines.
fn sdp(port: u16, lines: &str) -> String {
    SDP.replace("40000", &port.to_string()) + lines
}

/// A later version of it.
fn later(sdp: &str, version: u32) -> String {
    sdp.replace("o=- 1 1 ", &format!("o=- 1 {version} "))
}

fn blocked(world: &World, feature: Feature) -> usize {
    let is = |fact: &&Fact| matches!(fact, Fact::FeatureBlocked { feature: found, .. } if *found == feature);
    world.facts.iter().filter(is).count()
}

/// The caller asks for our offer by a re-INVITE without one, and gives this answer in its ACK.
fn answer_in_ack(world: &mut World, caller: &mut Caller, answer: &str) {
    world.send(CALLER, caller.request("INVITE", "", ""));
    assert_eq!(body(&world.got(CALLER, "200 INVITE")), SDP);
    world.send(CALLER, caller.ack(answer));
}

/// The next re-INVITE of ours to the caller, and how many milliseconds it took.
fn offered_again(world: &mut World) -> Option<(Message, u64)> {
    let before = world.millis();
    world.pass(3);
    let mut got = world.take(CALLER).into_iter().filter(|got| got.word() == "INVITE");
    got.next().map(|got| (got.message, got.at - before))
}

#[test]
fn media_that_the_caller_moves_in_an_ack_is_brought_to_the_psap() {
    let mut world = World::new();
    let (mut caller, far) = world.talk(KNOWN, "911", PSAP_1);
    answer_in_ack(&mut world, &mut caller, &sdp(40_010, ""));
    let told = world.got(PSAP_1, "INVITE");
    assert_eq!((body(&told), value(&told, Name::CSeq)), (sdp(40_010, ""), "2 INVITE".into()));
    world.send(PSAP_1, far.response_to(&told, 200, "", SDP));
    assert_eq!(body(&world.got(PSAP_1, "ACK")), "");
    world.send(PSAP_1, far.response_to(&told, 200, "", SDP));
    assert_eq!(world.words(PSAP_1), ["ACK"], "each copy gets its own");
    world.pass(40);
    assert_eq!((world.words(CALLER), world.words(PSAP_1)), (vec![], vec![]));
}

#[test]
fn what_the_psap_answers_to_that_goes_back_to_the_caller_where_it_is_news() {
    let mut world = World::new();
    let (mut caller, far) = world.talk(KNOWN, "911", PSAP_1);
    answer_in_ack(&mut world, &mut caller, &sdp(40_010, ""));
    let told = world.got(PSAP_1, "INVITE");
    world.send(PSAP_1, far.response_to(&told, 200, "", &sdp(50_010, "")));
    let told = world.got(CALLER, "INVITE");
    assert_eq!(body(&told), sdp(50_010, ""));
    world.send(CALLER, caller.response(&told, 200, "", &sdp(40_010, "")));
    world.got(CALLER, "ACK");
    world.clear();
    world.pass(40);
    assert_eq!((world.words(CALLER), world.words(PSAP_1)), (vec![], vec![]));
}

#[test]
fn two_sides_that_never_answer_alike_are_not_carried_to_and_fro_for_ever() {
    let mut world = World::new();
    let (mut caller, far) = world.talk(KNOWN, "911", PSAP_1);
    answer_in_ack(&mut world, &mut caller, &sdp(40_010, ""));
    let mut port = 40_100;
    let mut told = std::collections::BTreeSet::new();
    for _ in 0..20 {
        port += 2;
        for got in world.take(PSAP_1).iter().filter(|got| got.word() == "INVITE") {
            told.insert((PSAP_1, value(&got.message, Name::CSeq)));
            world.send(PSAP_1, far.response_to(&got.message, 200, "", &sdp(port, "")));
        }
        for got in world.take(CALLER).iter().filter(|got| got.word() == "INVITE") {
            told.insert((CALLER, value(&got.message, Name::CSeq)));
            world.send(CALLER, caller.response(&got.message, 200, "", &sdp(port + 1000, "")));
        }
        world.pass(5);
    }
    assert_eq!(told.len(), 4);
    assert!(world.facts.iter().any(|fact| matches!(fact, Fact::SessionsDiffer { .. })));
}

#[test]
fn an_offer_of_ours_that_crosses_one_of_the_psap_waits_and_goes_again() {
    let mut world = World::new();
    let (mut caller, mut far) = world.talk(KNOWN, "911", PSAP_1);
    answer_in_ack(&mut world, &mut caller, &sdp(40_010, ""));
    let told = world.got(PSAP_1, "INVITE");
    world.send(PSAP_1, far.request("INVITE", "", &sdp(50_010, "")));
    world.got(PSAP_1, "491 INVITE");
    world.send(CALLER, caller.request("INVITE", "", &sdp(40_020, "")));
    world.got(CALLER, "491 INVITE");
    world.send(PSAP_1, far.response_to(&told, 491, "", ""));
    world.got(PSAP_1, "ACK");
    let crossed = world.millis();
    world.pass(5);
    let again = world.times(PSAP_1, "INVITE").first().copied().expect("it is sent again") - crossed;
    assert!((2100..=4150).contains(&again), "{again} ms");
}

#[test]
fn new_media_that_the_psap_will_not_take_is_a_fact_and_the_call_goes_on() {
    let mut world = World::new();
    let (mut caller, far) = world.talk(KNOWN, "911", PSAP_1);
    answer_in_ack(&mut world, &mut caller, &sdp(40_010, ""));
    for _ in 0..20 {
        for got in world.take(PSAP_1).iter().filter(|got| got.word() == "INVITE") {
            world.send(PSAP_1, far.response_to(&got.message, 488, "", ""));
        }
        world.pass(5);
    }
    assert!(world.facts.iter().any(|fact| matches!(fact, Fact::SessionsDiffer { side: "answerer", .. })));
    assert_eq!(world.engine.active_calls(), 1);
    // It knows better after the caller's next offer.
    world.send(CALLER, caller.request("INVITE", "", &sdp(40_010, "")));
    world.got(PSAP_1, "INVITE");
}

#[test]
fn an_offer_that_changes_nothing_is_answered_here() {
    for method in ["INVITE", "UPDATE"] {
        let mut world = World::new();
        let (mut caller, mut far) = world.talk(KNOWN, "911", PSAP_1);
        let timer = "Supported: timer\r\nSession-Expires: 1800;refresher=uac\r\n";
        for offer in [SDP.to_owned(), later(SDP, 2)] {
            world.send(CALLER, caller.request(method, timer, &offer));
            let answer = world.got(CALLER, &format!("200 {method}"));
            assert_eq!(
                (body(&answer), value(&answer, Name::SessionExpires)),
                (SDP.into(), "1800;refresher=uac".into())
            );
            if method == "INVITE" {
                world.send(CALLER, caller.ack(""));
            }
        }
        world.send(PSAP_1, far.request(method, "", SDP));
        assert_eq!(body(&world.got(PSAP_1, &format!("200 {method}"))), SDP);
        if method == "INVITE" {
            world.send(PSAP_1, far.ack(""));
        }
        world.pass(40);
        assert_eq!((world.words(CALLER), world.words(PSAP_1)), (vec![], vec![]));
        world.send(CALLER, caller.request(method, "", &sdp(40_002, "")));
        assert_eq!(body(&world.got(PSAP_1, method)), sdp(40_002, ""), "a version that did not move proves nothing");
    }
}

#[test]
fn a_caller_who_resumes_after_a_refused_hold_is_answered_here() {
    let mut world = World::new();
    let (mut caller, _) = world.talk(KNOWN, "911", PSAP_1);
    world.send(CALLER, caller.request("INVITE", "", &later(&sdp(40_000, "a=sendonly\r\n"), 2)));
    world.got(CALLER, "488 INVITE");
    world.send(CALLER, caller.request("INVITE", "", &later(SDP, 3)));
    assert_eq!(body(&world.got(CALLER, "200 INVITE")), SDP);
    assert_eq!(world.words(PSAP_1), NOTHING);
}

#[test]
fn before_the_answer_the_caller_may_do_no_more_than_after_it() {
    let focus = "Contact: <sip:bridge@127.0.0.1:5999>;isfocus\r\n";
    let cases = [
        ("UPDATE", "", sdp(40_000, "a=sendonly\r\n"), 488),
        ("UPDATE", focus, sdp(40_002, ""), 403),
        ("REFER", "Refer-To: <sip:x@pbx.example>\r\n", String::new(), 403),
        ("INFO", "Record: on\r\n", String::new(), 403),
        ("SUBSCRIBE", "Event: dialog\r\n", String::new(), 403),
    ];
    for (method, more, content, code) in cases {
        let mut world = World::new();
        let mut caller = world.dial(KNOWN, "911");
        let far = world.rung(PSAP_1);
        world.answer(&far, 180);
        caller.learn(&world.got(CALLER, "180 INVITE"));
        let request = caller.request(method, more, &content);
        let own = "Contact: <sip:desk@127.0.0.1:5999>\r\n";
        world.send(CALLER, if more == focus { request.replacen(own, "", 1) } else { request });
        let refusal = world.got(CALLER, &format!("{code} {method}"));
        assert!(value(&refusal, Name::Warning).contains("during an emergency call"), "{method}");
        assert_eq!(world.words(PSAP_1), NOTHING);
        world.answer(&far, 200);
        world.got(CALLER, "200 INVITE");
    }
}

#[test]
fn a_refused_offer_does_not_move_where_the_next_request_goes() {
    let mut world = World::new();
    let (mut caller, mut far) = world.talk(KNOWN, "911", PSAP_1);
    let hold = caller.request("INVITE", "", &sdp(40_000, "a=sendonly\r\n"));
    world.send(CALLER, hold.replace("desk@127.0.0.1:5999", "desk@127.0.0.1:6001"));
    world.got(CALLER, "488 INVITE");
    let moved = caller.request("INVITE", "", &sdp(40_002, ""));
    world.send(CALLER, moved.replace("desk@127.0.0.1:5999", "desk@127.0.0.1:6001"));
    let passed = world.got(PSAP_1, "INVITE");
    world.send(PSAP_1, far.response_to(&passed, 488, "", ""));
    world.got(CALLER, "488 INVITE");
    world.send(PSAP_1, far.request("INFO", "", ""));
    world.got(CALLER, "INFO");
}

#[test]
fn a_call_that_began_closed_refreshes_as_it_is_and_is_protected_once_it_was_open() {
    for closed in [sdp(40_000, "a=inactive\r\n"), SDP.replace("c=IN IP4 127.0.0.1", "c=IN IP4 0.0.0.0")] {
        let mut world = World::new();
        let mut caller = Caller::new(KNOWN, "911");
        caller.sdp = closed.clone();
        world.send(CALLER, caller.invite());
        let far = world.rung(PSAP_1);
        assert!(body(&far.invite).contains(&closed));
        world.answer(&far, 200);
        caller.learn(&world.got(CALLER, "200 INVITE"));
        world.send(CALLER, caller.ack(""));
        world.send(CALLER, caller.request("UPDATE", "", &closed));
        assert!(body(&world.got(CALLER, "200 UPDATE")).contains("m=audio 40000"));
        world.got(PSAP_1, "ACK");
        assert_eq!(world.words(PSAP_1), NOTHING);
        world.send(CALLER, caller.request("UPDATE", "", &later(SDP, 2)));
        let passed = world.got(PSAP_1, "UPDATE");
        world.send(PSAP_1, far.response_to(&passed, 200, "", SDP));
        world.got(CALLER, "200 UPDATE");
        world.send(CALLER, caller.request("UPDATE", "", &later(&closed, 3)));
        world.got(CALLER, "488 UPDATE");
        assert_eq!((world.words(PSAP_1), blocked(&world, Feature::Hold)), (vec![], 1));
    }
}

#[test]
fn a_phone_that_answers_the_hold_of_the_psap_keeps_its_session_alive() {
    for (hold, answer, own) in
        [("sendonly", "recvonly", 488), ("sendonly", "inactive", 488), ("inactive", "inactive", 488)]
    {
        let mut world = World::new();
        let (mut caller, mut far) = world.talk(KNOWN, "911", PSAP_1);
        world.send(PSAP_1, far.request("INVITE", "", &later(&sdp(40_000, &format!("a={hold}\r\n")), 2)));
        let held = world.got(CALLER, "INVITE");
        let ours = sdp(40_000, &format!("a={answer}\r\n"));
        world.send(CALLER, caller.response(&held, 200, "", &ours));
        assert_eq!(body(&world.got(PSAP_1, "200 INVITE")), ours);
        world.send(PSAP_1, far.ack(""));
        world.clear();
        world.send(CALLER, caller.request("INVITE", "", &ours));
        let kept = body(&world.got(CALLER, "200 INVITE"));
        assert!(kept.contains(if answer == "inactive" { "a=inactive" } else { "a=sendonly" }), "{kept}");
        world.send(CALLER, caller.ack(""));
        world.send(CALLER, caller.request("INVITE", "", &sdp(40_000, "a=sendonly\r\n")));
        world.got(CALLER, &format!("{own} INVITE"));
        assert_eq!(world.words(PSAP_1), NOTHING);
        world.send(PSAP_1, far.request("INVITE", "", &later(SDP, 3)));
        let resumed = world.got(CALLER, "INVITE");
        world.send(CALLER, caller.response(&resumed, 200, "", &later(SDP, 3)));
        assert_eq!(body(&world.got(PSAP_1, "200 INVITE")), later(SDP, 3));
    }
}

#[test]
fn a_hold_in_an_ack_is_taken_back_at_most_three_times_and_the_psap_hears_nothing_of_it() {
    for answer in [sdp(40_000, "a=sendonly\r\n"), sdp(0, ""), sdp(40_000, "c=IN IP4 0.0.0.0\r\n")] {
        let mut world = World::new();
        let (mut caller, _) = world.talk(KNOWN, "911", PSAP_1);
        answer_in_ack(&mut world, &mut caller, &answer);
        for _ in 0..3 {
            let (again, after) = offered_again(&mut world).expect("the session in force is offered again");
            assert_eq!(body(&again), SDP);
            assert!(after <= 2050, "{after} ms");
            world.send(CALLER, caller.response(&again, 200, "", &answer));
            world.got(CALLER, "ACK");
        }
        assert!(offered_again(&mut world).is_none());
        assert_eq!((world.words(PSAP_1), blocked(&world, Feature::Hold), world.engine.active_calls()), (vec![], 1, 1));
        world.send(CALLER, caller.request("INVITE", "", &answer));
        world.got(CALLER, "200 INVITE");
        world.send(CALLER, caller.ack(""));
        world.send(CALLER, caller.request("INVITE", "", &later(SDP, 5)));
        assert_eq!(body(&world.got(CALLER, "200 INVITE")), SDP, "it comes back of itself");
        world.send(CALLER, caller.ack(""));
        assert_eq!(world.words(PSAP_1), NOTHING);
    }
}

#[test]
fn a_caller_who_gives_way_is_offered_nothing_more() {
    let mut world = World::new();
    let (mut caller, _) = world.talk(KNOWN, "911", PSAP_1);
    answer_in_ack(&mut world, &mut caller, &sdp(40_000, "a=inactive\r\n"));
    let (again, _) = offered_again(&mut world).expect("the session in force is offered again");
    world.send(CALLER, caller.response(&again, 491, "", ""));
    world.got(CALLER, "ACK");
    let (again, after) = offered_again(&mut world).expect("it goes again after a 491");
    assert!(after <= 2050, "{after} ms");
    world.send(CALLER, caller.response(&again, 200, "", SDP));
    world.got(CALLER, "ACK");
    world.pass(40);
    assert_eq!((world.words(CALLER), world.words(PSAP_1)), (vec![], vec![]));
}

#[test]
fn a_hold_in_the_answer_to_the_psaps_offer_is_not_told_and_is_taken_back() {
    for (answer, told) in [
        (sdp(40_004, "a=sendonly\r\n"), sdp(40_004, "a=sendrecv\r\n")),
        (sdp(40_004, "a=inactive\r\na=ptime:20\r\n"), sdp(40_004, "a=ptime:20\r\na=sendrecv\r\n")),
        (sdp(0, ""), SDP.to_owned()),
    ] {
        for method in ["INVITE", "UPDATE"] {
            let mut world = World::new();
            let (caller, mut far) = world.talk(KNOWN, "911", PSAP_1);
            world.send(PSAP_1, far.request(method, "", &sdp(50_004, "")));
            let offered = world.got(CALLER, method);
            world.send(CALLER, caller.response(&offered, 200, "", &answer));
            assert_eq!(body(&world.got(PSAP_1, &format!("200 {method}"))), told);
            if method == "INVITE" {
                world.send(PSAP_1, far.ack(""));
                world.got(CALLER, "ACK");
            }
            let (again, _) = offered_again(&mut world).expect("the session in force is offered again");
            assert_eq!(body(&again), sdp(50_004, ""));
            world.send(CALLER, caller.response(&again, 200, "", &told));
            world.got(CALLER, "ACK");
            world.pass(40);
            assert_eq!((world.words(CALLER), world.words(PSAP_1)), (vec![], vec![]));
            assert_eq!(blocked(&world, Feature::Hold), 1);
        }
    }
}

/// A call whose caller's session is refreshed by a re-INVITE of ours, and that re-INVITE.
fn refreshed() -> (World, Caller, Far, Message) {
    let mut world = World::new();
    let mut caller = Caller::new(KNOWN, "911");
    caller.more = "Supported: timer\r\nSession-Expires: 120;refresher=uas\r\n".into();
    world.send(CALLER, caller.invite());
    let far = world.rung(PSAP_1);
    world.answer(&far, 200);
    caller.learn(&world.got(CALLER, "200 INVITE"));
    world.send(CALLER, caller.ack(""));
    world.clear();
    world.pass(61);
    let refresh = world.got(CALLER, "INVITE");
    assert_eq!(body(&refresh), SDP);
    world.clear();
    (world, caller, far, refresh)
}

#[test]
fn a_hold_in_the_answer_to_our_own_refresh_is_taken_back() {
    let (mut world, caller, _, refresh) = refreshed();
    let timer = "Require: timer\r\nSession-Expires: 120;refresher=uac\r\n";
    world.send(CALLER, caller.response(&refresh, 200, timer, &sdp(40_000, "a=sendonly\r\n")));
    let (again, after) = offered_again(&mut world).expect("the session in force is offered again");
    assert!(body(&again) == SDP && after <= 2050, "{after} ms");
    assert_eq!(value(&again, Name::SessionExpires), "120;refresher=uac", "the refreshes stay agreed on");
    assert_eq!((world.words(PSAP_1), blocked(&world, Feature::Hold)), (vec![], 1));
}

#[test]
fn media_that_moves_in_the_answer_to_our_own_refresh_is_brought_to_the_psap() {
    let (mut world, caller, far, refresh) = refreshed();
    world.send(CALLER, caller.response(&refresh, 200, "", &sdp(40_012, "")));
    let told = world.got(PSAP_1, "INVITE");
    assert_eq!(body(&told), sdp(40_012, ""));
    world.send(PSAP_1, far.response_to(&told, 200, "", SDP));
    world.got(PSAP_1, "ACK");
}

/// A caller that requires reliable ringing has heard the far end's session description.
fn ringing_reliably(more: &str) -> (World, Caller, Far, u32) {
    let mut world = World::new();
    let mut caller = Caller::new(KNOWN, "911");
    caller.more = format!("Require: 100rel\r\nSupported: 100rel\r\n{more}");
    world.send(CALLER, caller.invite());
    let far = world.rung(PSAP_1);
    world.send(PSAP_1, far.response(183, "", SDP));
    let early = world.got(CALLER, "183 INVITE");
    caller.learn(&early);
    let rseq = early.number(Name::RSeq).expect("it is numbered");
    (world, caller, far, rseq)
}

#[test]
fn an_offer_in_a_prack_is_answered_and_the_psap_learns_of_it_when_it_has_answered() {
    let (mut world, mut caller, far, rseq) = ringing_reliably("");
    world.send(CALLER, caller.request("PRACK", &format!("RAck: {rseq} 1 INVITE\r\n"), &sdp(40_014, "")));
    assert_eq!(body(&world.got(CALLER, "200 PRACK")), SDP);
    world.answer(&far, 200);
    world.got(CALLER, "200 INVITE");
    world.got(PSAP_1, "ACK");
    let told = world.got(PSAP_1, "INVITE");
    assert_eq!(body(&told), sdp(40_014, ""));
    world.send(PSAP_1, far.response_to(&told, 200, "", SDP));
    world.got(PSAP_1, "ACK");
}

#[test]
fn a_hold_in_a_prack_is_answered_legally_and_taken_back_by_an_update() {
    let (mut world, mut caller, far, rseq) = ringing_reliably("Allow: INVITE, ACK, BYE, CANCEL, PRACK, UPDATE\r\n");
    let rack = format!("RAck: {rseq} 1 INVITE\r\n");
    world.send(CALLER, caller.request("PRACK", &rack, &sdp(40_000, "a=sendonly\r\n")));
    assert_eq!(body(&world.got(CALLER, "200 PRACK")), sdp(40_000, "a=recvonly\r\n"));
    world.pass(3);
    let update = world.got(CALLER, "UPDATE");
    assert_eq!(body(&update), SDP);
    world.send(CALLER, caller.response(&update, 200, "", SDP));
    world.answer(&far, 200);
    world.got(CALLER, "200 INVITE");
    caller.cseq = 1;
    world.send(CALLER, caller.ack(""));
    world.got(PSAP_1, "ACK");
    world.pass(40);
    assert_eq!((world.words(CALLER), world.words(PSAP_1)), (vec![], vec![]));
    assert_eq!(blocked(&world, Feature::Hold), 1);
}

#[test]
fn without_update_a_hold_in_a_prack_is_taken_back_after_the_answer() {
    let (mut world, mut caller, far, rseq) = ringing_reliably("");
    let rack = format!("RAck: {rseq} 1 INVITE\r\n");
    world.send(CALLER, caller.request("PRACK", &rack, &sdp(40_000, "a=inactive\r\n")));
    assert_eq!(body(&world.got(CALLER, "200 PRACK")), sdp(40_000, "a=inactive\r\n"));
    world.pass(10);
    assert_eq!(world.words(CALLER), NOTHING);
    world.answer(&far, 200);
    world.got(CALLER, "200 INVITE");
    caller.cseq = 1;
    world.send(CALLER, caller.ack(""));
    let (again, _) = offered_again(&mut world).expect("the session in force is offered");
    assert_eq!(body(&again), SDP);
}

const COPY: &str = "m=audio 40020 RTP/AVP 0 8\r\na=label:1\r\na=sendonly\r\n";
const REFUSED: &str = "m=audio 0 RTP/AVP 0 8\r\n";
const TEXT: &str = "m=text 40030 RTP/AVP 98\r\n";

#[test]
fn a_further_audio_stream_is_refused_in_the_answer_and_the_psap_never_hears_of_it() {
    for method in ["INVITE", "UPDATE"] {
        let mut world = World::new();
        let (mut caller, mut far) = world.talk(KNOWN, "911", PSAP_1);
        world.send(CALLER, caller.request(method, "", &(later(SDP, 2) + COPY)));
        let answer = world.got(CALLER, &format!("200 {method}"));
        assert_eq!(body(&answer), SDP.to_owned() + REFUSED);
        assert_eq!((world.words(PSAP_1), blocked(&world, Feature::Recording)), (vec![], 1));
        if method == "INVITE" {
            world.send(CALLER, caller.ack(""));
        }
        // What else changes passes without the stream, and its answer has it.
        let moved = later(&sdp(40_016, ""), 3);
        world.send(CALLER, caller.request(method, "", &(moved.clone() + COPY + TEXT)));
        let passed = world.got(PSAP_1, method);
        assert_eq!(body(&passed), moved.clone() + TEXT);
        world.send(PSAP_1, far.response_to(&passed, 200, "", &(SDP.to_owned() + "m=text 0 RTP/AVP 98\r\n")));
        let answer = world.got(CALLER, &format!("200 {method}"));
        assert_eq!(body(&answer), SDP.to_owned() + REFUSED + "m=text 0 RTP/AVP 98\r\n");
        if method == "INVITE" {
            world.send(CALLER, caller.ack(""));
            world.got(PSAP_1, "ACK");
        }
        // An offer of the PSAP has it too, and the caller's answer goes back without.
        world.send(PSAP_1, far.request(method, "", &(sdp(50_016, "") + TEXT)));
        let offered = world.got(CALLER, method);
        assert_eq!(body(&offered), sdp(50_016, "") + REFUSED + TEXT);
        world.send(CALLER, caller.response(&offered, 200, "", &(moved.clone() + REFUSED + TEXT)));
        assert_eq!(body(&world.got(PSAP_1, &format!("200 {method}"))), moved + TEXT);
        assert_eq!(blocked(&world, Feature::Recording), 1);
    }
}

#[test]
fn a_recorder_that_comes_in_during_the_call_is_refused_and_one_that_was_there_is_known() {
    for line in ["a=record:on\r\n", "a=label:1\r\n"] {
        let mut world = World::new();
        let (mut caller, _) = world.talk(KNOWN, "911", PSAP_1);
        world.send(CALLER, caller.request("INVITE", "", &later(&sdp(40_000, line), 2)));
        let refusal = world.got(CALLER, "488 INVITE");
        assert_eq!(
            value(&refusal, Name::Warning),
            "399 callbox.example \"Recording is disabled during an emergency call\""
        );
        assert_eq!((world.words(PSAP_1), blocked(&world, Feature::Recording)), (vec![], 1));
    }
    let mut world = World::new();
    let mut caller = Caller::new(KNOWN, "911");
    caller.sdp = sdp(40_000, "a=record:on\r\n");
    world.send(CALLER, caller.invite());
    let far = world.rung(PSAP_1);
    assert!(body(&far.invite).contains("a=record:on\r\n"), "the PSAP may know");
    world.send(PSAP_1, far.response(183, "", SDP));
    world.answer(&far, 200);
    let wish = sdp(40_000, "a=recordpref:off\r\n");
    assert_eq!(body(&world.got(CALLER, "183 INVITE")), wish);
    let ok = world.got(CALLER, "200 INVITE");
    assert_eq!((body(&ok), blocked(&world, Feature::Recording)), (wish.clone(), 1));
    caller.learn(&ok);
    world.send(CALLER, caller.ack(""));
    let refresh = caller.sdp.clone();
    world.send(CALLER, caller.request("INVITE", "", &refresh));
    assert_eq!(body(&world.got(CALLER, "200 INVITE")), wish);
}

#[test]
fn other_calls_hold_as_they_like_and_their_media_follows_an_ack_too() {
    let mut world = World::new();
    let (mut caller, far) = world.talk(KNOWN, "5551234", GATEWAY);
    let held = sdp(40_000, "a=sendonly\r\n");
    world.send(CALLER, caller.request("INVITE", "", &held));
    let passed = world.got(GATEWAY, "INVITE");
    assert_eq!(body(&passed), held);
    world.send(GATEWAY, far.response_to(&passed, 200, "", &sdp(40_000, "a=recvonly\r\n")));
    world.got(CALLER, "200 INVITE");
    world.send(CALLER, caller.ack(""));
    world.got(GATEWAY, "ACK");
    world.send(CALLER, caller.request("INVITE", "", &(SDP.to_owned() + COPY)));
    assert_eq!(body(&world.got(GATEWAY, "INVITE")), SDP.to_owned() + COPY);
    assert_eq!(blocked(&world, Feature::Hold) + blocked(&world, Feature::Recording), 0);
}
