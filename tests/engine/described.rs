//! Session descriptions that say more than audio, and what far ends may do that callers may not.
use crate::peers::{Caller, Far, body, text, value};
use crate::world::{BRANCH, CALLER, CRISIS, GATEWAY, IVR, KNOWN, PSAP_1, RELAY, SDP, UNPLACED, World};
use callbox::fact::Fact;
use callbox::sip::message::Name;

/// A total conversation: audio, video, real-time text in one stream for several who write, and messages; with the
/// languages of each.
const TOTAL: &str = "v=0\r\no=- 5 5 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
    m=audio 40000 RTP/AVP 0\r\na=hlang-send:es en\r\na=hlang-recv:es en *\r\n\
    m=text 40002 RTP/AVP 98 100\r\na=rtpmap:98 t140/1000\r\na=fmtp:98 cps=30\r\na=rtpmap:100 red/1000\r\n\
    a=fmtp:100 98/98/98\r\na=rtt-mixer\r\na=hlang-recv:es *\r\n\
    m=video 40004 RTP/AVP 99\r\na=rtpmap:99 H264/90000\r\na=hlang-send:ase\r\n\
    m=message 2855 TCP/MSRP *\r\na=accept-types:message/cpim text/plain\r\na=path:msrp://127.0.0.1:2855/x7;tcp\r\n\
    a=setup:actpass\r\na=msrp-cema\r\n";

/// The same from another port.
fn total(port: u16) -> String {
    TOTAL.replace("40000", &port.to_string())
}

fn is_free(world: &World) -> bool {
    !world.facts.iter().any(|fact| matches!(fact, Fact::FeatureBlocked { .. }))
}

#[test]
fn text_messages_and_languages_of_streams_pass_byte_for_byte_in_both_directions_and_at_any_time() {
    for (number, port) in [("911", PSAP_1), ("5551234", GATEWAY), ("988", CRISIS), ("933", IVR)] {
        let mut world = World::new();
        let mut caller = Caller::new(KNOWN, number);
        caller.sdp = total(41_000);
        world.send(CALLER, caller.invite());
        let mut far = world.rung(port);
        assert!(body(&far.invite).contains(&total(41_000)), "{number}: {}", body(&far.invite));
        world.send(port, far.response(200, "", &total(51_000)));
        let answer = world.got(CALLER, "200 INVITE");
        assert_eq!(body(&answer), total(51_000));
        caller.learn(&answer);
        world.send(CALLER, caller.ack(""));
        world.send(CALLER, caller.request("INVITE", "", &total(41_002)));
        let passed = world.got(port, "INVITE");
        assert_eq!(body(&passed), total(41_002));
        world.send(port, far.response_to(&passed, 200, "", &total(51_002)));
        assert_eq!(body(&world.got(CALLER, "200 INVITE")), total(51_002));
        world.send(CALLER, caller.ack(""));
        world.send(port, far.request("UPDATE", "", &total(51_004)));
        let passed = world.got(CALLER, "UPDATE");
        assert_eq!(body(&passed), total(51_004));
        world.send(CALLER, caller.response(&passed, 200, "", &total(41_002)));
        assert_eq!(body(&world.got(port, "200 UPDATE")), total(41_002));
        assert!(is_free(&world));
    }
}

fn with_focus(message: String) -> String {
    message.replace("<sip:desk@127.0.0.1:5070>", "<sip:bridge@127.0.0.1:5070>;isfocus")
}

#[test]
fn a_psap_that_answers_by_a_bridge_or_moves_the_call_to_one_is_taken_as_any_far_end() {
    let mut world = World::new();
    let mut caller = world.dial(KNOWN, "911");
    let mut far = world.rung(PSAP_1);
    world.send(PSAP_1, with_focus(far.response(200, "", SDP)));
    assert_eq!(text(world.got(PSAP_1, "ACK").request_uri()), "sip:bridge@127.0.0.1:5070");
    let answer = world.got(CALLER, "200 INVITE");
    assert!(!text(answer.bytes()).contains("isfocus"), "the caller talks to us");
    caller.learn(&answer);
    world.send(CALLER, caller.ack(""));
    for method in ["INVITE", "UPDATE"] {
        let moved = SDP.replace("40000", if method == "INVITE" { "50002" } else { "50004" });
        world.send(PSAP_1, with_focus(far.request(method, "", &moved)));
        let passed = world.got(CALLER, method);
        assert_eq!(body(&passed), moved);
        world.send(CALLER, caller.response(&passed, 200, "", SDP));
        world.got(PSAP_1, &format!("200 {method}"));
        if method == "INVITE" {
            world.send(PSAP_1, far.ack(""));
        }
    }
    world.send(CALLER, caller.request("BYE", "", ""));
    assert_eq!(text(world.got(PSAP_1, "BYE").request_uri()), "sip:bridge@127.0.0.1:5070");
    assert!(is_free(&world));
}

#[test]
fn a_psap_that_records_says_so_to_the_caller() {
    let mut world = World::new();
    let mut caller = world.dial(KNOWN, "911");
    let mut far = world.rung(PSAP_1);
    let says = |word: &str, port: u16| SDP.replace("40000", &port.to_string()) + "a=record:" + word + "\r\n";
    world.send(PSAP_1, far.response(200, "", &says("on", 50_000)));
    let answer = world.got(CALLER, "200 INVITE");
    assert_eq!(body(&answer), says("on", 50_000));
    caller.learn(&answer);
    world.send(CALLER, caller.ack(""));
    world.send(PSAP_1, far.request("INVITE", "", &says("paused", 50_000)));
    let passed = world.got(CALLER, "INVITE");
    assert_eq!(body(&passed), says("paused", 50_000));
    world.send(CALLER, caller.response(&passed, 200, "", SDP));
    world.got(PSAP_1, "200 INVITE");
    world.send(PSAP_1, far.ack(""));
    world.send(PSAP_1, far.request("UPDATE", "", &says("off", 50_000)));
    assert_eq!(body(&world.got(CALLER, "UPDATE")), says("off", 50_000));
    assert!(is_free(&world));
}

/// A PSAP's hold reaches the caller, who answers it with this code.
fn held(code: u16) -> (World, Caller, Far) {
    let mut world = World::new();
    let (caller, mut far): (Caller, Far) = world.talk(KNOWN, "911", PSAP_1);
    world.send(PSAP_1, far.request("INVITE", "", &(SDP.replace("40000", "50004") + "a=sendonly\r\n")));
    let passed = world.got(CALLER, "INVITE");
    world.send(CALLER, caller.response(&passed, code, "Warning: 304 pbx.example \"Not this\"\r\n", ""));
    world.got(CALLER, "ACK");
    (world, caller, far)
}

#[test]
fn a_psap_whose_hold_the_phone_refuses_has_a_legal_answer_and_the_phone_goes_on_as_it_was() {
    let (mut world, mut caller, mut far) = held(488);
    let answer = world.got(PSAP_1, "200 INVITE");
    let body = String::from_utf8_lossy(answer.body_slice()).into_owned();
    assert!(
        body.contains("m=audio 40000 ") && body.contains("a=recvonly"),
        "what the phone said, turned round: {body}"
    );
    world.send(PSAP_1, far.ack(""));
    world.send(PSAP_1, far.request("INVITE", "", &(SDP.replace("40000", "50004") + "a=sendrecv\r\n")));
    let passed = world.got(CALLER, "INVITE");
    let body = String::from_utf8_lossy(passed.body_slice()).into_owned();
    assert!(body.contains("m=audio 50004 "), "it is taken up again, where it is now: {body}");
    world.send(CALLER, caller.response(&passed, 200, "", SDP));
    world.got(PSAP_1, "200 INVITE");
    world.send(PSAP_1, far.ack(""));
    world.send(CALLER, caller.request("INFO", "", ""));
    world.got(PSAP_1, "INFO");
}

#[test]
fn a_phone_that_cannot_be_held_now_says_so_to_the_psap() {
    let (mut world, mut caller, _far) = held(491);
    let refusal = world.got(PSAP_1, "491 INVITE");
    assert_eq!(value(&refusal, Name::Warning), "304 pbx.example \"Not this\"");
    world.send(CALLER, caller.request("INFO", "", ""));
    world.got(PSAP_1, "INFO");
}

#[test]
fn each_feature_that_is_refused_is_named_in_a_warning() {
    let cases = [
        ("INVITE", "", SDP, "Conference is disabled during an emergency call"),
        ("UPDATE", "", SDP, "Conference is disabled during an emergency call"),
        ("UPDATE", "", "", ""),
        ("REFER", "Refer-To: <sip:x@pbx.example>\r\n", "", "Transfer is disabled during an emergency call"),
        ("INFO", "Record: on\r\n", "", "Recording is disabled during an emergency call"),
        ("SUBSCRIBE", "Event: dialog\r\n", "", "Dialog state is not shown during an emergency call"),
    ];
    for (method, more, content, why) in cases {
        let mut world = World::new();
        let (mut caller, _) = world.talk(KNOWN, "911", PSAP_1);
        let request = caller.request(method, more, content);
        let request = request.replace("<sip:desk@127.0.0.1:5999>", "<sip:desk@127.0.0.1:5999>;isfocus");
        world.send(CALLER, request);
        let code = if why.is_empty() { 200 } else { 403 };
        let answer = world.got(CALLER, &format!("{code} {method}"));
        let expected = if why.is_empty() { String::new() } else { format!("399 callbox.example \"{why}\"") };
        assert_eq!(value(&answer, Name::Warning), expected, "{method}");
        assert_eq!(world.words(PSAP_1), [""; 0]);
    }
}

#[test]
fn every_far_end_of_an_emergency_call_may_hold_and_no_caller_may() {
    for (from, port) in [(KNOWN, PSAP_1), (UNPLACED, RELAY), (BRANCH, GATEWAY)] {
        for way in ["a=sendonly\r\n", "a=inactive\r\n"] {
            let mut world = World::new();
            let (mut caller, mut far) = world.talk(from, "911", port);
            world.send(CALLER, caller.request("INVITE", "", &(SDP.replace("40000", "40002") + way)));
            world.got(CALLER, "488 INVITE");
            assert_eq!(world.words(port), [""; 0]);
            let hold = SDP.replace("40000", "50002") + way;
            world.send(port, far.request("INVITE", "", &hold));
            let passed = world.got(CALLER, "INVITE");
            assert_eq!(body(&passed), hold);
            let held = SDP.to_owned() + if way.contains("sendonly") { "a=recvonly\r\n" } else { way };
            world.send(CALLER, caller.response(&passed, 200, "", &held));
            assert_eq!(body(&world.got(port, "200 INVITE")), held);
            world.send(port, far.ack(""));
            let resume = SDP.replace("40000", "50002") + "a=sendrecv\r\n";
            world.send(port, far.request("INVITE", "", &resume));
            assert_eq!(body(&world.got(CALLER, "INVITE")), resume);
        }
    }
}

#[test]
fn the_direction_of_the_audio_alone_decides_and_its_own_before_that_of_the_session() {
    let with_session = |line: &str| SDP.replace("40000", "40002").replace("t=0 0\r\n", &format!("t=0 0\r\n{line}\r\n"));
    let moved = SDP.replace("40000", "40002");
    let video = "m=video 40004 RTP/AVP 99\r\na=rtpmap:99 H264/90000\r\na=inactive\r\n";
    let no_video = "m=video 0 RTP/AVP 99\r\na=rtpmap:99 H264/90000\r\n";
    let text = "m=text 40006 RTP/AVP 98\r\nc=IN IP4 0.0.0.0\r\na=rtpmap:98 t140/1000\r\na=sendonly\r\n";
    let cases = [
        (moved.clone() + video + text, true),
        (moved.clone() + no_video, true),
        (with_session("a=sendonly") + "a=sendrecv\r\n", true),
        (with_session("a=sendrecv") + "a=inactive\r\n", false),
        (with_session("a=inactive"), false),
        (moved.clone() + "a=sendrecv\r\na=sendonly\r\n", false),
        (moved.clone() + "a=recvonly\r\n" + "m=video 40004 RTP/AVP 99\r\na=sendrecv\r\n", false),
    ];
    for (offer, may_pass) in cases {
        for method in ["INVITE", "UPDATE"] {
            let mut world = World::new();
            let (mut caller, _) = world.talk(KNOWN, "911", PSAP_1);
            world.send(CALLER, caller.request(method, "", &offer));
            if may_pass {
                assert_eq!(body(&world.got(PSAP_1, method)), offer);
            } else {
                world.got(CALLER, &format!("488 {method}"));
                assert_eq!(world.words(PSAP_1), [""; 0], "{offer}");
            }
        }
    }
}
