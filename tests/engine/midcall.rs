//! While they talk: what passes, what is answered here and what is refused.
use crate::peers::{Caller, Far, body, text, value};
use crate::world::{CALLER, GATEWAY, KNOWN, PSAP_1, SDP, World};
use callbox::fact::{Fact, Feature};
use callbox::sip::message::Name;

const NOTHING: [&str; 0] = [];

/// A session description with other lines behind the audio line, and another port.
fn sdp(port: u16, lines: &str) -> String {
    SDP.replace("40000", &port.to_string()) + lines
}

fn blocked(world: &World) -> Vec<Feature> {
    let of = |fact: &Fact| match fact {
        Fact::FeatureBlocked { feature, .. } => Some(*feature),
        _ => None,
    };
    world.facts.iter().filter_map(of).collect()
}

#[test]
fn a_new_offer_of_the_caller_goes_to_the_psap_and_its_answer_comes_back() {
    let mut world = World::new();
    let (mut caller, far) = world.talk(KNOWN, "911", PSAP_1);
    world.send(CALLER, caller.request("INVITE", "", &sdp(40_002, "")));
    assert_eq!(world.words(CALLER), ["100 INVITE"]);
    let offered = world.got(PSAP_1, "INVITE");
    assert_eq!(body(&offered), sdp(40_002, ""));
    assert_eq!(value(&offered, Name::CSeq), "2 INVITE");
    assert!(!text(offered.bytes()).contains(&caller.call_id));
    world.send(PSAP_1, far.response_to(&offered, 200, "", &sdp(50_002, "")));
    let ack = world.got(PSAP_1, "ACK");
    assert_eq!(value(&ack, Name::CSeq), "2 ACK");
    let answer = world.got(CALLER, "200 INVITE");
    assert_eq!(body(&answer), sdp(50_002, ""));
    world.pass(1);
    assert_eq!(world.words(CALLER), ["200 INVITE"], "it is repeated until the ACK");
    world.send(CALLER, caller.ack(""));
    world.send(PSAP_1, far.response_to(&offered, 200, "", &sdp(50_002, "")));
    assert_eq!(world.got(PSAP_1, "ACK").bytes(), ack.bytes());
    world.pass(40);
    assert_eq!((world.words(CALLER), world.words(PSAP_1)), (vec![], vec![]));
}

#[test]
fn a_new_offer_of_the_psap_goes_to_the_caller_and_its_answer_comes_back() {
    let mut world = World::new();
    let (caller, mut far) = world.talk(KNOWN, "911", PSAP_1);
    world.send(PSAP_1, far.request("INVITE", "", &sdp(50_004, "")));
    let offered = world.got(CALLER, "INVITE");
    assert_eq!((body(&offered), value(&offered, Name::CallId)), (sdp(50_004, ""), caller.call_id.clone()));
    world.send(CALLER, caller.response(&offered, 200, "", &sdp(40_004, "")));
    world.got(CALLER, "ACK");
    assert_eq!(body(&world.got(PSAP_1, "200 INVITE")), sdp(40_004, ""));
    world.send(PSAP_1, far.ack(""));
    world.pass(40);
    assert_eq!((world.words(CALLER), world.words(PSAP_1)), (vec![], vec![]));
}

#[test]
fn an_invite_of_the_psap_without_an_offer_brings_the_callers_offer_and_takes_the_answer_back_in_the_ack() {
    let mut world = World::new();
    let (caller, mut far) = world.talk(KNOWN, "911", PSAP_1);
    world.send(PSAP_1, far.request("INVITE", "", ""));
    let asked = world.got(CALLER, "INVITE");
    assert_eq!(body(&asked), "");
    world.send(CALLER, caller.response(&asked, 200, "", &sdp(40_006, "")));
    assert_eq!(world.words(CALLER), NOTHING, "the answer is not known yet");
    assert_eq!(body(&world.got(PSAP_1, "200 INVITE")), sdp(40_006, ""));
    world.send(PSAP_1, far.ack(&sdp(50_006, "")));
    assert_eq!(body(&world.got(CALLER, "ACK")), sdp(50_006, ""));
}

#[test]
fn the_psap_may_hold_and_resume() {
    for lines in ["a=sendonly\r\n", "a=inactive\r\n"] {
        let mut world = World::new();
        let (caller, mut far) = world.talk(KNOWN, "911", PSAP_1);
        world.send(PSAP_1, far.request("INVITE", "", &sdp(50_004, lines)));
        let offered = world.got(CALLER, "INVITE");
        assert_eq!(body(&offered), sdp(50_004, lines));
        world.send(CALLER, caller.response(&offered, 200, "", &sdp(40_000, "a=recvonly\r\n")));
        assert_eq!(body(&world.got(PSAP_1, "200 INVITE")), sdp(40_000, "a=recvonly\r\n"));
        world.send(PSAP_1, far.ack(""));
        assert!(blocked(&world).is_empty());
    }
}

/// Every form of an offer that would leave the PSAP without the caller.
fn holds() -> Vec<String> {
    let at_session = SDP.replace("t=0 0\r\n", "t=0 0\r\na=sendonly\r\n");
    let nowhere = SDP.replace("c=IN IP4 127.0.0.1", "c=IN IP4 0.0.0.0");
    let nowhere_6 = SDP.replace("c=IN IP4 127.0.0.1", "c=IN IP6 ::");
    vec![
        sdp(40_000, "a=sendonly\r\n"),
        sdp(40_000, "a=inactive\r\n"),
        sdp(40_000, "a=recvonly\r\n"),
        sdp(40_000, "c=IN IP4 0.0.0.0\r\n"),
        sdp(0, ""),
        at_session,
        nowhere,
        nowhere_6,
        SDP.replace("RTP/AVP 0", "RTP/AVP 13"),
    ]
}

#[test]
fn a_hold_of_the_caller_in_any_form_is_refused_and_the_psap_hears_nothing_of_it() {
    for method in ["INVITE", "UPDATE"] {
        for offer in holds() {
            let mut world = World::new();
            let (mut caller, _) = world.talk(KNOWN, "911", PSAP_1);
            world.send(CALLER, caller.request(method, "", &offer));
            let refusal = world.got(CALLER, &format!("488 {method}"));
            let warning = value(&refusal, Name::Warning);
            assert_eq!(warning, "399 callbox.example \"Hold is disabled during an emergency call\"");
            assert_eq!(world.words(PSAP_1), NOTHING, "{offer}");
            assert_eq!(blocked(&world), [Feature::Hold]);
            world.send(CALLER, caller.request("INFO", "", ""));
            world.got(PSAP_1, "INFO");
        }
    }
}

#[test]
fn a_hold_in_one_part_of_several_is_seen() {
    let mut world = World::new();
    let (mut caller, _) = world.talk(KNOWN, "911", PSAP_1);
    let parts = format!("--b\r\nContent-Type: application/sdp\r\n\r\n{}\r\n--b--\r\n", sdp(40_000, "a=sendonly\r\n"));
    world.send(CALLER, caller.request("INVITE", "Content-Type: multipart/mixed;boundary=b\r\n", &parts));
    world.got(CALLER, "488 INVITE");
    assert_eq!(world.words(PSAP_1), NOTHING);
}

#[test]
fn an_invite_of_the_caller_without_an_offer_gets_the_offer_in_force_and_an_ack_that_repeats_the_session_goes_nowhere() {
    let mut world = World::new();
    let (mut caller, _) = world.talk(KNOWN, "911", PSAP_1);
    world.send(CALLER, caller.request("INVITE", "", ""));
    assert_eq!(body(&world.got(CALLER, "200 INVITE")), SDP);
    world.send(CALLER, caller.ack(SDP));
    world.pass(40);
    assert_eq!((world.words(CALLER), world.words(PSAP_1)), (vec![], vec![]), "its 200 was acknowledged");
    assert_eq!(world.engine.active_calls(), 1);
}

#[test]
fn other_calls_may_hold_and_transfer() {
    let mut world = World::new();
    let (mut caller, _) = world.talk(KNOWN, "5551234", GATEWAY);
    world.send(CALLER, caller.request("INVITE", "", &sdp(40_000, "a=sendonly\r\n")));
    assert_eq!(body(&world.got(GATEWAY, "INVITE")), sdp(40_000, "a=sendonly\r\n"));
    world.send(CALLER, caller.request("REFER", "Refer-To: <sip:elsewhere@pbx.example>\r\n", ""));
    assert_eq!(value(&world.got(GATEWAY, "REFER"), Name::ReferTo), "<sip:elsewhere@pbx.example>");
}

#[test]
fn a_caller_can_neither_transfer_nor_watch_nor_record_nor_confer() {
    let focus = "INVITE";
    let cases = [
        ("REFER", "Refer-To: <sip:x@pbx.example>\r\n", "", Some(Feature::Transfer)),
        ("SUBSCRIBE", "Event: dialog\r\n", "", Some(Feature::Watching)),
        ("INFO", "Record: on\r\n", "", Some(Feature::Recording)),
        (focus, "", SDP, Some(Feature::Conference)),
    ];
    for (method, more, body, feature) in cases {
        let mut world = World::new();
        let (mut caller, _) = world.talk(KNOWN, "911", PSAP_1);
        let mut request = caller.request(method, more, body);
        if method == focus {
            request = request.replace("Contact: <sip:desk@127.0.0.1:5999>", "Contact: <sip:b@127.0.0.1:5999>;isfocus");
        }
        world.send(CALLER, request);
        world.got(CALLER, &format!("403 {method}"));
        assert_eq!((world.words(PSAP_1), world.engine.active_calls()), (vec![], 1));
        assert_eq!(blocked(&world).first().copied(), feature);
    }
}

#[test]
fn info_message_and_update_pass_with_their_bodies_and_the_answer_comes_back() {
    for (method, kind) in [("INFO", "application/dtmf-relay"), ("MESSAGE", "text/plain"), ("UPDATE", "application/sdp")]
    {
        let mut world = World::new();
        let (mut caller, mut far) = world.talk(KNOWN, "911", PSAP_1);
        let content_type = format!("Content-Type: {kind}\r\n");
        let content = if method == "UPDATE" { sdp(40_008, "") } else { "Signal=1\r\n".to_owned() };
        world.send(CALLER, caller.request(method, &content_type, &content));
        let passed = world.got(PSAP_1, method);
        assert_eq!((body(&passed), value(&passed, Name::ContentType)), (content.clone(), kind.to_owned()));
        world.send(PSAP_1, far.response_to(&passed, 200, "", if method == "UPDATE" { SDP } else { "" }));
        world.got(CALLER, &format!("200 {method}"));
        world.send(PSAP_1, far.request(method, &content_type, &content));
        let passed = world.got(CALLER, method);
        assert_eq!(body(&passed), content);
        world.send(CALLER, caller.response(&passed, 200, "", ""));
        world.got(PSAP_1, &format!("200 {method}"));
    }
}

#[test]
fn an_update_without_an_offer_is_a_refresh_and_is_answered_here() {
    let mut world = World::new();
    let (mut caller, mut far) = world.talk(KNOWN, "911", PSAP_1);
    let timer = "Supported: timer\r\nSession-Expires: 1800;refresher=uac\r\n";
    world.send(CALLER, caller.request("UPDATE", timer, ""));
    let answer = world.got(CALLER, "200 UPDATE");
    assert_eq!(value(&answer, Name::SessionExpires), "1800;refresher=uac");
    world.send(PSAP_1, far.request("UPDATE", timer, ""));
    world.got(PSAP_1, "200 UPDATE");
    assert_eq!((world.words(CALLER), world.words(PSAP_1)), (vec![], vec![]));
}

#[test]
fn two_offers_that_cross_are_491_and_a_second_of_the_same_side_500_with_a_time() {
    for method in ["INVITE", "UPDATE"] {
        let mut world = World::new();
        let (mut caller, mut far) = world.talk(KNOWN, "911", PSAP_1);
        world.send(CALLER, caller.request(method, "", &sdp(40_002, "")));
        let passed = world.got(PSAP_1, method);
        world.send(PSAP_1, far.request(method, "", &sdp(40_002, "")));
        world.got(PSAP_1, &format!("491 {method}"));
        world.send(CALLER, caller.request(method, "", &sdp(40_002, "")));
        let second = world.got(CALLER, &format!("500 {method}"));
        assert!(second.number(Name::RetryAfter).is_some_and(|secs| secs <= 10));
        world.send(PSAP_1, far.response_to(&passed, 491, "", ""));
        world.got(CALLER, &format!("491 {method}"));
        assert_eq!(world.engine.active_calls(), 1);
    }
}

#[test]
fn an_offer_while_an_answer_waits_for_its_ack_is_491() {
    let mut world = World::new();
    let mut caller = world.dial(KNOWN, "911");
    let mut far = world.rung(PSAP_1);
    world.answer(&far, 200);
    caller.learn(&world.got(CALLER, "200 INVITE"));
    world.send(PSAP_1, far.request("INVITE", "", &sdp(40_002, "")));
    world.got(PSAP_1, "491 INVITE");
    world.send(CALLER, caller.ack(""));
    world.send(PSAP_1, far.request("INVITE", "", &sdp(40_002, "")));
    world.got(CALLER, "INVITE");
}

#[test]
fn a_second_invite_of_the_caller_while_the_first_still_rings_is_500() {
    let mut world = World::new();
    let mut caller = world.dial(KNOWN, "911");
    let far = world.rung(PSAP_1);
    world.answer(&far, 180);
    caller.learn(&world.got(CALLER, "180 INVITE"));
    world.send(CALLER, caller.request("INVITE", "", SDP));
    let refusal = world.got(CALLER, "500 INVITE");
    assert!(refusal.value(Name::RetryAfter).is_some());
    world.answer(&far, 200);
    world.got(CALLER, "200 INVITE");
}

#[test]
fn a_cancelled_offer_is_cancelled_on_the_other_leg_and_the_call_goes_on() {
    let mut world = World::new();
    let (mut caller, far) = world.talk(KNOWN, "911", PSAP_1);
    let invite = caller.request("INVITE", "", &sdp(40_002, ""));
    world.send(CALLER, invite.clone());
    let passed = world.got(PSAP_1, "INVITE");
    world.send(PSAP_1, far.response_to(&passed, 100, "", ""));
    let head = invite.split("Contact:").next().unwrap_or_default().replace("INVITE", "CANCEL");
    world.send(CALLER, format!("{head}Content-Length: 0\r\n\r\n"));
    world.got(CALLER, "200 CANCEL");
    world.got(PSAP_1, "CANCEL");
    world.send(PSAP_1, far.response_to(&passed, 487, "", ""));
    world.got(CALLER, "487 INVITE");
    assert_eq!(world.engine.active_calls(), 1);
}

#[test]
fn what_the_other_side_says_of_itself_never_ends_the_dialog_of_who_asked() {
    for (said, heard) in [(401, 488), (407, 488), (408, 488), (481, 488), (302, 488), (415, 415), (606, 606)] {
        let mut world = World::new();
        let (mut caller, far) = world.talk(KNOWN, "911", PSAP_1);
        world.send(CALLER, caller.request("INVITE", "", &sdp(40_002, "")));
        let passed = world.got(PSAP_1, "INVITE");
        world.send(PSAP_1, far.response_to(&passed, said, "Retry-After: 9\r\nGeolocation-Error: 100\r\n", ""));
        let refusal = world.got(CALLER, &format!("{heard} INVITE"));
        assert!(!text(refusal.bytes()).contains("Retry-After") && !text(refusal.bytes()).contains("Geolocation"));
        assert_eq!(world.engine.active_calls(), 1);
    }
}

#[test]
fn a_request_with_an_old_number_is_500_and_one_in_no_dialog_481() {
    let mut world = World::new();
    let (mut caller, _) = world.talk(KNOWN, "911", PSAP_1);
    caller.cseq = 10;
    world.send(CALLER, caller.request("OPTIONS", "", ""));
    world.got(CALLER, "200 OPTIONS");
    caller.cseq = 4;
    world.send(CALLER, caller.request("INFO", "", ""));
    world.got(CALLER, "500 INFO");
    let mut stranger = Caller { to: caller.to.clone(), ..Caller::new(KNOWN, "911") };
    for method in ["BYE", "INFO", "INVITE", "UPDATE"] {
        world.send(CALLER, stranger.request(method, "", ""));
        world.got(CALLER, &format!("481 {method}"));
    }
    assert_eq!((world.words(PSAP_1), world.engine.active_calls()), (vec![], 1));
}

#[test]
fn a_contact_that_moves_is_where_the_next_request_goes() {
    let mut world = World::new();
    let (mut caller, mut far) = world.talk(KNOWN, "911", PSAP_1);
    let moved = caller.request("UPDATE", "", "").replace("desk@127.0.0.1:5999", "desk@127.0.0.1:6001");
    world.send(CALLER, moved);
    world.got(CALLER, "200 UPDATE");
    world.send(PSAP_1, far.request("INFO", "", ""));
    let passed = world.got(6001, "INFO");
    assert_eq!(text(passed.request_uri()), "sip:desk@127.0.0.1:6001");
}

#[test]
fn requests_of_a_target_in_its_early_dialog_do_not_end_it() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    let mut far: Far = world.rung(PSAP_1);
    world.answer(&far, 183);
    world.clear();
    for (method, body, code) in [("UPDATE", "", 200), ("UPDATE", SDP, 488), ("OPTIONS", "", 200), ("INFO", "", 200)] {
        world.send(PSAP_1, far.request(method, "", body));
        world.got(PSAP_1, &format!("{code} {method}"));
    }
    assert_eq!(world.words(CALLER), NOTHING);
    world.answer(&far, 200);
    world.got(CALLER, "200 INVITE");
}

#[test]
fn a_bye_while_an_offer_is_open_answers_that_with_487() {
    let mut world = World::new();
    let (mut caller, mut far) = world.talk(KNOWN, "911", PSAP_1);
    world.send(CALLER, caller.request("INVITE", "", &sdp(40_002, "")));
    world.clear();
    world.send(PSAP_1, far.request("BYE", "", ""));
    assert_eq!(world.words(PSAP_1), ["200 BYE"]);
    assert_eq!(world.words(CALLER), ["487 INVITE", "BYE"]);
}
