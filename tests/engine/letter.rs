//! What the standards ask of single messages: which refusals explain themselves, which requests stir nothing, and what
//! outlives a message that was lost.
use crate::peers::{Caller, Far, body, text, value};
use crate::world::{CALLER, GATEWAY, KNOWN, PSAP_1, PSAP_2, SDP, World};
use callbox::fact::Fact;
use callbox::sip::message::{Message, Name};
use core::net::SocketAddr;

const NOTHING: [&str; 0] = [];

/// What a peer got last.
fn last(world: &mut World, port: u16) -> Message {
    world.take(port).pop().expect("something came").message
}

fn session(port: u16) -> String {
    SDP.replace("40000", &port.to_string())
}

#[test]
fn a_method_that_nobody_knows_is_501_one_out_of_place_405_and_both_are_told_what_is_not() {
    let outside = [("FROBNICATE", 501), ("REGISTER", 405), ("PUBLISH", 405), ("MESSAGE", 405), ("invite", 501)];
    for (method, code) in outside {
        let mut world = World::new();
        world.send(CALLER, Caller::new(KNOWN, "5551234").outside(method, "", ""));
        let refusal = last(&mut world, CALLER);
        assert_eq!(refusal.status(), Some(code), "{method}");
        assert!(value(&refusal, Name::Allow).starts_with("INVITE, ACK, BYE"), "{method}");
    }
    for (method, code) in [("FROBNICATE", 501), ("REGISTER", 405), ("PUBLISH", 405)] {
        let mut world = World::new();
        let (mut caller, mut far) = world.talk(KNOWN, "911", PSAP_1);
        world.send(CALLER, caller.request(method, "", ""));
        world.send(PSAP_1, far.request(method, "", ""));
        for port in [CALLER, PSAP_1] {
            let refusal = last(&mut world, port);
            assert_eq!(refusal.status(), Some(code), "{method}");
            assert!(value(&refusal, Name::Allow).starts_with("INVITE, ACK, BYE"), "{method}");
        }
        assert_eq!(world.engine.active_calls(), 1);
    }
}

#[test]
fn a_request_whose_cseq_is_of_another_method_is_400() {
    for (method, cseq) in [("INVITE", "BYE"), ("OPTIONS", "INVITE"), ("FROBNICATE", "INVITE"), ("FROB", "NICATE")] {
        let mut world = World::new();
        let request = Caller::new(KNOWN, "911").outside(method, "", "");
        world.send(CALLER, request.replace(&format!("CSeq: 1 {method}"), &format!("CSeq: 1 {cseq}")));
        assert_eq!(last(&mut world, CALLER).status(), Some(400), "{method}");
        assert_eq!((world.words(PSAP_1), world.engine.active_calls()), (vec![], 0));
    }
}

#[test]
fn a_body_that_nobody_knows_is_415_with_what_is_known_unless_it_may_be_left_unread() {
    let kind = "Content-Type: application/unheard-of\r\n";
    let optional = format!("{kind}Content-Disposition: render;handling=optional\r\n");
    let required = format!("{kind}Content-Disposition: session;handling=required\r\n");
    for (number, port) in [("5551234", GATEWAY), ("911", PSAP_1)] {
        for (more, may_be_unread) in [(kind, false), (&*required, false), (&*optional, true)] {
            let mut world = World::new();
            let mut caller = Caller::new(KNOWN, number);
            (caller.more, caller.sdp) = (more.to_owned(), "<audio/>".to_owned());
            world.send(CALLER, caller.invite());
            if port == GATEWAY && !may_be_unread {
                let refusal = world.got(CALLER, "415 INVITE");
                assert_eq!(value(&refusal, Name::Accept), "application/sdp, application/pidf+xml, multipart/mixed");
                assert_eq!((world.words(GATEWAY), world.engine.active_calls()), (vec![], 0));
                continue;
            }
            let far = world.rung(port);
            assert!(body(&far.invite).contains("<audio/>"));
            assert!(text(far.invite.bytes()).contains("application/unheard-of"), "and it is still called what it is");
            world.answer(&far, 200);
            world.got(CALLER, "200 INVITE");
        }
    }
}

#[test]
fn what_a_caller_says_of_a_call_makes_no_emergency_of_it() {
    let words = "Priority: emergency\r\nSubject: fire, send help to 911\r\nResource-Priority: esnet.1, wps.0\r\n\
                 Geolocation: <https://lis.example/held/token>\r\nGeolocation-Routing: yes\r\n\
                 Call-Info: <urn:emergency:uid:callid:x:psap.example>;purpose=emergency-CallId\r\n\
                 Accept-Contact: *;sos\r\nP-Asserted-Service: urn:service:sos\r\n";
    let mut world = World::new();
    let mut caller = Caller::new(KNOWN, "5551234");
    caller.more = words.into();
    world.send(CALLER, caller.invite());
    let far = world.rung(GATEWAY);
    assert!(!text(far.invite.request_uri()).contains("sos"));
    assert_eq!(world.words(PSAP_1), NOTHING);
    let is_of_emergency =
        |fact: &Fact| !matches!(fact, Fact::Refused { .. }) && format!("{fact:?}").contains("mergency");
    assert!(!world.facts.iter().any(is_of_emergency), "{:?}", world.facts);
    world.answer(&far, 200);
    caller.learn(&world.got(CALLER, "200 INVITE"));
    world.send(CALLER, caller.ack(""));
    world.send(CALLER, caller.request("INVITE", "", &(session(40_002) + "a=sendonly\r\n")));
    world.got(GATEWAY, "INVITE");
}

#[test]
fn an_options_makes_no_dialog_and_changes_none() {
    let mut world = World::new();
    let asking = Caller::new(KNOWN, "ping");
    world.send(CALLER, asking.outside("OPTIONS", "", ""));
    let answer = world.got(CALLER, "200 OPTIONS");
    world.send(CALLER, asking.outside("OPTIONS", "", "").replace("Max-Forwards: 70", "Max-Forwards: 0"));
    world.got(CALLER, "200 OPTIONS");
    assert_eq!(world.engine.active_calls(), 0);
    let mut within = Caller { to: value(&answer, Name::To), ..asking };
    world.send(CALLER, within.request("OPTIONS", "", ""));
    world.got(CALLER, "481 OPTIONS");
    world.pass(40);
    assert!(world.is_idle());
    let (mut caller, mut far) = world.talk(KNOWN, "911", PSAP_1);
    let moved = caller.request("OPTIONS", "", "").replace("desk@127.0.0.1:5999", "desk@127.0.0.1:6001");
    world.send(CALLER, moved);
    assert!(value(&world.got(CALLER, "200 OPTIONS"), Name::Allow).contains("INVITE"));
    world.send(PSAP_1, far.request("INFO", "", ""));
    assert_eq!(text(world.got(CALLER, "INFO").request_uri()), "sip:desk@127.0.0.1:5999");
}

#[test]
fn a_stray_ack_is_dropped_and_stirs_nothing() {
    let mut world = World::new();
    let (caller, mut far) = world.talk(KNOWN, "911", PSAP_1);
    let kept = (world.engine.transactions(), world.engine.active_calls());
    let other = Caller { call_id: "other@pbx.example".into(), ..caller.clone() };
    let untagged = Caller { to: "<sip:911@127.0.0.1>".into(), ..caller.clone() };
    let guessed = Caller { to: "<sip:911@127.0.0.1>;tag=guessed".into(), ..caller.clone() };
    let later = Caller { cseq: 77, ..caller.clone() };
    let again = caller.clone();
    for stray in [other, untagged, guessed, later, again] {
        world.send(CALLER, stray.ack(&(SDP.to_owned() + "a=inactive\r\n")));
    }
    world.send_from(SocketAddr::from(([192, 0, 2, 66], 5060)), caller.ack(SDP));
    far.cseq = 500;
    world.send(PSAP_1, far.ack(SDP));
    assert!(world.log.is_empty(), "{:?}", world.log);
    assert_eq!((world.engine.transactions(), world.engine.active_calls()), kept);
    assert!(!world.facts.iter().any(|fact| matches!(fact, Fact::FeatureBlocked { .. })));
}

#[test]
fn an_ack_with_another_number_acknowledges_no_answer() {
    let mut world = World::new();
    let mut caller = world.dial(KNOWN, "911");
    let far = world.rung(PSAP_1);
    world.answer(&far, 200);
    caller.learn(&world.got(CALLER, "200 INVITE"));
    caller.cseq = 2;
    world.send(CALLER, caller.ack(""));
    world.pass(2);
    assert_eq!(world.words(CALLER), ["200 INVITE", "200 INVITE"], "it is repeated");
    caller.cseq = 1;
    world.send(CALLER, caller.ack(""));
    world.pass(20);
    assert_eq!(world.words(CALLER), NOTHING);
}

#[test]
fn the_early_dialogs_of_a_target_end_with_its_refusal_and_those_of_a_fork_with_the_answer_of_another() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    let mut refused = world.rung(PSAP_1);
    world.answer(&refused, 183);
    world.send(PSAP_1, refused.request("INFO", "", ""));
    world.got(PSAP_1, "200 INFO");
    world.answer(&refused, 486);
    world.got(PSAP_1, "ACK");
    let far = world.rung(PSAP_2);
    let mut fork = Far { tag: "fork".into(), ..far.clone() };
    world.answer(&far, 183);
    world.answer(&fork, 183);
    world.clear();
    for (method, content) in [("UPDATE", ""), ("UPDATE", SDP), ("INFO", ""), ("OPTIONS", ""), ("BYE", "")] {
        world.send(PSAP_1, refused.request(method, "", content));
        world.got(PSAP_1, &format!("481 {method}"));
    }
    world.send(PSAP_2, fork.request("INFO", "", ""));
    world.got(PSAP_2, "200 INFO");
    world.answer(&far, 200);
    world.got(CALLER, "200 INVITE");
    for (method, content) in [("UPDATE", ""), ("UPDATE", SDP), ("INFO", ""), ("BYE", "")] {
        world.send(PSAP_2, fork.request(method, "", content));
        world.got(PSAP_2, &format!("481 {method}"));
        world.send(PSAP_1, refused.request(method, "", content));
        world.got(PSAP_1, &format!("481 {method}"));
    }
    assert_eq!(world.engine.active_calls(), 1);
}

/// Whether a request invites reliable provisional responses.
fn invites_reliable(request: &Message) -> bool {
    [Name::Supported, Name::Require].into_iter().any(|name| request.has_token(name, "100rel"))
}

#[test]
fn a_reinvite_is_carried_out_whole_or_not_at_all() {
    let mut world = World::new();
    let (mut caller, mut far) = world.talk(KNOWN, "911", PSAP_1);
    world.send(CALLER, caller.request("INVITE", "Supported: 100rel\r\nRequire: 100rel\r\n", &session(40_002)));
    let passed = world.got(PSAP_1, "INVITE");
    assert!(!invites_reliable(&passed));
    world.send(PSAP_1, far.response_to(&passed, 183, "", &session(50_002)));
    world.send(PSAP_1, far.request("UPDATE", "", &session(50_004)));
    world.got(PSAP_1, "491 UPDATE");
    world.send(CALLER, caller.request("UPDATE", "", &session(40_004)));
    world.send(PSAP_1, far.response_to(&passed, 488, "", ""));
    assert_eq!(world.words(CALLER), ["100 INVITE", "500 UPDATE", "488 INVITE"]);
    world.send(PSAP_1, far.request("INVITE", "", &session(50_006)));
    let passed = world.got(CALLER, "INVITE");
    assert!(!invites_reliable(&passed));
    world.send(CALLER, caller.response(&passed, 183, "", &session(40_006)));
    world.send(CALLER, caller.request("UPDATE", "", &session(40_008)));
    world.got(CALLER, "491 UPDATE");
    world.clear();
    world.send(CALLER, caller.response(&passed, 488, "", ""));
    assert_eq!(world.words(PSAP_1), ["488 INVITE"]);
    world.clear();
    world.send(CALLER, caller.request("INVITE", "", ""));
    assert_eq!(body(&world.got(CALLER, "200 INVITE")), SDP, "the session is what it was");
}

#[test]
fn a_refresh_of_ours_invites_no_reliable_response_either() {
    for (allow, method) in [("", "INVITE"), ("Allow: INVITE, ACK, BYE, UPDATE\r\n", "UPDATE")] {
        let mut world = World::new();
        let mut caller = Caller::new(KNOWN, "911");
        caller.more = format!("{allow}Supported: timer, 100rel\r\nSession-Expires: 1800;refresher=uas\r\n");
        world.send(CALLER, caller.invite());
        let far = world.rung(PSAP_1);
        assert!(invites_reliable(&far.invite), "the INVITE that begins the call does");
        world.answer(&far, 200);
        caller.learn(&world.got(CALLER, "200 INVITE"));
        world.send(CALLER, caller.ack(""));
        world.pass(901);
        assert!(!invites_reliable(&world.got(CALLER, method)));
    }
}

#[test]
fn a_response_that_the_network_gives_back_leaves_its_transaction_and_its_call() {
    let mut world = World::new();
    let mut caller = world.dial(KNOWN, "911");
    let far = world.rung(PSAP_1);
    world.answer(&far, 180);
    world.clear();
    world.unreachable(CALLER);
    world.send(CALLER, caller.invite());
    assert_eq!((world.words(CALLER), world.words(PSAP_1)), (vec!["180 INVITE".to_owned()], vec![]));
    world.answer(&far, 200);
    let answer = world.got(CALLER, "200 INVITE");
    world.unreachable(CALLER);
    world.pass(1);
    assert_eq!(world.got(CALLER, "200 INVITE").bytes(), answer.bytes());
    caller.learn(&answer);
    world.send(CALLER, caller.ack(""));
    world.clear();
    let info = caller.request("OPTIONS", "", "");
    world.send(CALLER, info.clone());
    let said = world.got(CALLER, "200 OPTIONS");
    world.unreachable(CALLER);
    world.send(CALLER, info);
    assert_eq!(world.got(CALLER, "200 OPTIONS").bytes(), said.bytes());
    assert_eq!((world.words(PSAP_1), world.engine.active_calls()), (vec![], 1));
}

#[test]
fn a_refusal_that_the_network_gives_back_is_repeated_until_its_ack() {
    let mut world = World::new();
    let mut caller = Caller::new(KNOWN, "5551234");
    caller.more = "Require: teleport\r\n".into();
    world.send(CALLER, caller.invite());
    world.got(CALLER, "420 INVITE");
    world.unreachable(CALLER);
    world.until(2000);
    assert_eq!(world.times(CALLER, "420 INVITE"), [500, 1500]);
    world.send(CALLER, caller.invite());
    assert_eq!(world.words(CALLER), ["420 INVITE"]);
    world.send(CALLER, caller.cancel().replace("CANCEL", "ACK"));
    world.pass(40);
    assert_eq!(world.words(CALLER), NOTHING);
    assert!(world.is_idle());
}

#[test]
fn a_clock_on_the_wall_that_is_set_during_a_call_moves_no_deadline() {
    let timer = "Supported: timer\r\nRequire: timer\r\nSession-Expires: 1800;refresher=uac\r\nAllow: UPDATE\r\n";
    let day = 24 * 3600 * 1000;
    for wall in [1_795_000_000_000 - 30 * day, 1_795_000_000_000 + 3000 * day, 0] {
        let mut world = World::new();
        let mut caller = world.dial(KNOWN, "911");
        let silent = world.rung(PSAP_1);
        world.wall = wall;
        world.until(1200);
        let far = world.rung(PSAP_2);
        world.send(PSAP_2, far.response(200, timer, SDP));
        caller.learn(&world.got(CALLER, "200 INVITE"));
        world.send(CALLER, caller.ack(""));
        world.wall = 1_795_000_000_000;
        world.pass(899);
        assert!(!world.words(PSAP_2).contains(&"UPDATE".to_owned()));
        world.wall = wall;
        world.pass(2);
        world.got(PSAP_2, "UPDATE");
        world.send(CALLER, caller.request("BYE", "", ""));
        world.got(CALLER, "200 BYE");
        world.answer(&silent, 486);
        world.got(PSAP_2, "BYE");
    }
}

#[test]
fn a_caller_that_dials_again_while_it_talks_has_a_second_call() {
    let mut world = World::new();
    let (mut first, _) = world.talk(KNOWN, "911", PSAP_1);
    let (mut second, _) = world.talk(KNOWN, "911", PSAP_1);
    assert_eq!(world.engine.active_calls(), 2);
    world.send(CALLER, first.request("BYE", "", ""));
    assert_eq!(world.words(PSAP_1), ["BYE"]);
    assert_eq!(world.words(CALLER), ["200 BYE"]);
    world.send(CALLER, second.request("INFO", "", ""));
    world.got(PSAP_1, "INFO");
}

#[test]
fn the_to_says_what_was_dialled_where_the_request_uri_names_nobody() {
    for (uri, to, port) in [
        ("sip:127.0.0.1", "<sip:911@127.0.0.1>", PSAP_1),
        ("sip:127.0.0.1", "<urn:service:sos>", PSAP_1),
        ("sip:127.0.0.1", "<sip:5551234@127.0.0.1>", GATEWAY),
        ("sip:5551234@127.0.0.1", "<sip:911@127.0.0.1>", GATEWAY),
        ("sip:911@127.0.0.1", "<sip:5551234@127.0.0.1>", PSAP_1),
    ] {
        let mut world = World::new();
        let invite = Caller::new(KNOWN, "dialled").invite();
        let invite = invite.replace("<sip:dialled@127.0.0.1>", to).replace("sip:dialled@127.0.0.1", uri);
        world.send(CALLER, invite);
        world.got(port, "INVITE");
        assert_eq!(world.engine.active_calls(), 1, "{uri} {to}");
    }
}

#[test]
fn headers_in_a_request_uri_become_none_of_the_call() {
    let mut world = World::new();
    let uri = "sip:911@127.0.0.1?Subject=planted&Route=%3Csip:192.0.2.7%3E&X-Planted=planted&body=planted";
    world.send(CALLER, Caller::new(KNOWN, uri).invite());
    let far = world.rung(PSAP_1);
    let sent = text(far.invite.bytes());
    assert!(!sent.contains("planted") && !sent.contains("192.0.2.7"), "{sent}");
    world.answer(&far, 200);
    world.got(CALLER, "200 INVITE");
}

#[test]
fn the_contact_in_an_answer_to_a_refresh_is_where_the_next_request_goes_and_that_to_a_question_is_not() {
    let timer = "Session-Expires: 1800;refresher=uac\r\n";
    for (agreed, method, reached) in [
        (format!("{timer}Allow: INVITE, UPDATE\r\n"), "UPDATE", 6002),
        (timer.to_owned(), "INVITE", 6002),
        (String::new(), "OPTIONS", PSAP_1),
    ] {
        let mut world = World::new();
        let mut caller = world.dial(KNOWN, "911");
        let far = world.rung(PSAP_1);
        world.send(PSAP_1, far.response(200, &agreed, SDP));
        caller.learn(&world.got(CALLER, "200 INVITE"));
        world.send(CALLER, caller.ack(""));
        world.pass(901);
        let asked = world.got(PSAP_1, method);
        let content = if method == "INVITE" { SDP } else { "" };
        let answer = far.response_to(&asked, 200, &agreed, content);
        world.send(PSAP_1, answer.replace("desk@127.0.0.1:5070", "desk@127.0.0.1:6002"));
        world.send(CALLER, caller.request("INFO", "", ""));
        assert_eq!(text(world.got(reached, "INFO").request_uri()), format!("sip:desk@127.0.0.1:{reached}"), "{method}");
    }
}
