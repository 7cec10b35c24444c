//! Who is let in, with what, and what is answered to those who are not.
use crate::peers::{Caller, text, value};
use crate::world::{CALLER, GATEWAY, KNOWN, PSAP_1, PSAP_2, RELAY, World};
use callbox::b2bua::Input;
use callbox::fact::{Defect, Fact};
use callbox::sip::message::Name;
use core::net::SocketAddr;

const NOTHING: [&str; 0] = [];

fn stranger() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 66], 5060))
}

fn defects(world: &World) -> Vec<Defect> {
    let of = |fact: &Fact| match fact {
        Fact::Repaired { defect, .. } => Some(*defect),
        _ => None,
    };
    world.facts.iter().filter_map(of).collect()
}

#[test]
fn an_invite_of_a_stranger_is_403_and_everything_else_of_it_is_met_with_silence() {
    let mut world = World::new();
    let mut caller = Caller::new(KNOWN, "911");
    world.send_from(stranger(), caller.invite());
    assert_eq!(world.words(5060), ["403 INVITE"]);
    for method in ["OPTIONS", "REGISTER", "MESSAGE", "SUBSCRIBE"] {
        world.send_from(stranger(), caller.outside(method, "", ""));
    }
    world.send_from(stranger(), Caller::new(KNOWN, "911").cancel());
    caller.to = "<sip:911@127.0.0.1>;tag=none".into();
    for method in ["BYE", "INFO", "OPTIONS"] {
        world.send_from(stranger(), caller.request(method, "", ""));
    }
    world.send_from(stranger(), "OPTIONS sip:x@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.66\r\n\r\n");
    assert_eq!(world.words(5060), NOTHING);
    assert_eq!(world.engine.active_calls(), 0);
    world.send_from(stranger(), caller.request("INVITE", "", ""));
    assert_eq!(world.words(5060), ["403 INVITE"]);
}

#[test]
fn calls_of_strangers_go_to_the_relay_center_where_that_is_set() {
    let mut world = World::with(|_| {}, |setup| setup.relay_unknown = true);
    world.send_from(stranger(), Caller::new("+12025550111", "911").invite());
    assert_eq!(world.words(5060), ["100 INVITE"]);
    assert_eq!(world.words(RELAY), ["INVITE"]);
}

#[test]
fn a_stranger_who_shows_a_known_number_proves_no_place_and_places_no_everyday_call() {
    let mut world = World::with(|_| {}, |setup| setup.relay_unknown = true);
    world.send_from(stranger(), Caller::new(KNOWN, "911").invite());
    assert_eq!((world.words(RELAY), world.words(PSAP_1)), (vec!["INVITE".to_owned()], vec![]));
    world.take(5060);
    for dialled in ["933", "5551234"] {
        world.send_from(stranger(), Caller::new(KNOWN, dialled).invite());
        assert_eq!(world.words(5060), ["100 INVITE", "403 INVITE"], "{dialled}");
    }
}

#[test]
fn a_request_without_what_every_transaction_needs_is_400() {
    let invite = Caller::new(KNOWN, "911").invite();
    for missing in ["From:", "Call-ID:", "CSeq:"] {
        let lines: Vec<&str> = invite.split("\r\n").filter(|line| !line.starts_with(missing)).collect();
        let mut world = World::new();
        world.send(CALLER, lines.join("\r\n"));
        assert_eq!(world.take(CALLER).first().and_then(|got| got.message.status()), Some(400), "{missing}");
        assert_eq!((world.words(PSAP_1), world.engine.active_calls()), (vec![], 0));
    }
    let mut world = World::new();
    world.send(CALLER, invite.split("\r\nContact").next().unwrap_or_default());
    assert_eq!(world.words(CALLER), ["400 INVITE"], "its head does not end");
}

#[test]
fn what_is_no_sip_at_all_is_met_with_silence() {
    let mut world = World::new();
    for noise in ["", "\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "SIP/2.0 200 OK\r\n\r\n", "\0\0\0\0"] {
        world.send(CALLER, noise);
    }
    assert_eq!(world.words(CALLER), NOTHING);
    assert!(world.is_idle());
}

#[test]
fn an_options_of_a_trunk_is_told_what_we_can() {
    let mut world = World::new();
    world.send(CALLER, Caller::new(KNOWN, "ping").outside("OPTIONS", "", ""));
    let answer = world.got(CALLER, "200 OPTIONS");
    for name in [Name::Allow, Name::Accept, Name::AcceptEncoding, Name::AcceptLanguage, Name::Supported] {
        assert!(answer.value(name).is_some(), "{}", name.text());
    }
    assert!(value(&answer, Name::To).contains("tag="));
}

#[test]
fn a_text_message_to_911_is_refused_with_501_and_a_fact() {
    let mut world = World::new();
    world.send(CALLER, Caller::new(KNOWN, "911").outside("MESSAGE", "Content-Type: text/plain\r\n", "fire"));
    world.got(CALLER, "501 MESSAGE");
    assert!(world.facts.iter().any(|fact| matches!(fact, Fact::MessageToEmergency { .. })));
    world.send(CALLER, Caller::new(KNOWN, "5551234").outside("MESSAGE", "Content-Type: text/plain\r\n", "hello"));
    world.got(CALLER, "405 MESSAGE");
}

#[test]
fn a_recorder_dressed_as_a_caller_is_420() {
    for number in ["911", "988", "5551234"] {
        let mut world = World::new();
        let mut caller = Caller::new(KNOWN, number);
        caller.more = "Require: siprec\r\n".into();
        world.send(CALLER, caller.invite());
        assert_eq!(value(&world.got(CALLER, "420 INVITE"), Name::Unsupported), "siprec");
        assert_eq!(world.engine.active_calls(), 0);
    }
}

#[test]
fn a_merged_copy_is_482_while_the_call_is_alive_and_a_call_of_its_own_after_that() {
    let mut world = World::new();
    let mut caller = world.dial(KNOWN, "911");
    let copy = Caller { branch: "z9hG4bKotherway".into(), ..caller.clone() };
    let late = Caller { branch: "z9hG4bKlateway".into(), ..caller.clone() };
    let after = Caller { branch: "z9hG4bKafter".into(), ..caller.clone() };
    let far = world.rung(PSAP_1);
    world.clear();
    world.send(CALLER, copy.invite());
    assert_eq!(world.words(CALLER), ["482 INVITE"]);
    world.answer(&far, 200);
    caller.learn(&world.got(CALLER, "200 INVITE"));
    world.send(CALLER, caller.ack(""));
    world.pass(40);
    world.clear();
    world.send(CALLER, late.invite());
    assert_eq!(world.words(CALLER), ["482 INVITE"], "it is alive while they talk");
    world.send(CALLER, caller.request("BYE", "", ""));
    world.clear();
    world.send(CALLER, after.invite());
    assert_eq!(world.words(PSAP_1), ["INVITE"]);
    assert_eq!(world.engine.active_calls(), 1);
}

#[test]
fn a_call_that_a_trunk_sends_back_to_us_goes_on_with_that_trunk_left_out() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    let far = world.rung(PSAP_1);
    let mut back = Caller::new(KNOWN, "911");
    back.port = PSAP_1;
    world.send(PSAP_1, back.invite());
    assert_eq!(world.words(PSAP_1), ["100 INVITE"], "it is not asked again");
    let second = world.rung(PSAP_2);
    world.answer(&second, 200);
    let answer = world.got(PSAP_1, "200 INVITE");
    assert!(value(&answer, Name::CallId).contains(&back.call_id));
    world.answer(&far, 200);
    world.got(CALLER, "200 INVITE");
}

#[test]
fn an_invite_of_a_trunk_that_nobody_called_is_403() {
    let mut world = World::new();
    let mut caller = Caller::new(KNOWN, "911");
    caller.port = PSAP_1;
    world.send(PSAP_1, caller.invite());
    assert_eq!(world.words(PSAP_1), ["403 INVITE"]);
}

#[test]
fn five_defects_at_once_still_arrive() {
    let mut world = World::new();
    let mut caller = Caller::new(KNOWN, "911");
    caller.more = "Require: teleport\r\n".into();
    let tag = format!(";tag={}", caller.tag);
    let lines: Vec<String> = caller
        .invite()
        .replacen(" SIP/2.0\r\n", " SIP/3.0\r\n", 1)
        .replace("Max-Forwards: 70", "Max-Forwards: 0")
        .replace(&tag, "")
        .split("\r\n")
        .filter(|line| !line.starts_with("Contact:"))
        .map(str::to_owned)
        .collect();
    world.send(CALLER, lines.join("\r\n"));
    let far = world.rung(PSAP_1);
    assert_eq!(far.invite.version(), b"SIP/2.0");
    assert_eq!(value(&far.invite, Name::MaxForwards), "10");
    assert!(!text(far.invite.bytes()).contains("teleport"));
    world.answer(&far, 200);
    world.got(CALLER, "200 INVITE");
    let found = defects(&world);
    for defect in [Defect::Version, Defect::MaxForwards, Defect::Require, Defect::Contact, Defect::FromTag] {
        assert!(found.contains(&defect), "{defect:?}");
    }
}

#[test]
fn an_emergency_invite_without_a_to_or_with_a_body_cut_short_arrives_and_can_be_answered() {
    let invite = Caller::new(KNOWN, "911").invite();
    let without_to: Vec<&str> = invite.split("\r\n").filter(|line| !line.starts_with("To:")).collect();
    let short = invite.replace("Content-Length: ", "Content-Length: 9");
    for (message, defect) in [(without_to.join("\r\n"), Defect::To), (short, Defect::Body)] {
        let mut world = World::new();
        world.send(CALLER, message);
        let far = world.rung(PSAP_1);
        world.answer(&far, 200);
        let answer = world.got(CALLER, "200 INVITE");
        assert!(value(&answer, Name::To).starts_with("<sip:911@127.0.0.1>;tag="));
        assert!(defects(&world).contains(&defect));
    }
}

#[test]
fn other_calls_are_held_to_the_rules() {
    type Change = fn(String) -> String;
    let cases: [(u16, Change); 3] = [
        (483, |invite| invite.replace("Max-Forwards: 70", "Max-Forwards: 0")),
        (505, |invite| invite.replacen(" SIP/2.0\r\n", " SIP/3.0\r\n", 1)),
        (420, |invite| invite.replace("Max-Forwards", "Require: teleport\r\nMax-Forwards")),
    ];
    for (code, change) in cases {
        let mut world = World::new();
        world.send(CALLER, change(Caller::new(KNOWN, "5551234").invite()));
        world.got(CALLER, &format!("{code} INVITE"));
        assert_eq!((world.words(GATEWAY), world.engine.active_calls()), (vec![], 0));
    }
}

#[test]
fn other_calls_of_a_source_that_may_not_place_any_are_404() {
    let closed = |snapshot: &mut callbox::cache::Snapshot| {
        for source in &mut snapshot.sources {
            let kept = (**source).clone();
            *source = std::sync::Arc::new(callbox::record::Source { relay_other: None, ..kept });
        }
    };
    let mut world = World::with(closed, |_| {});
    world.dial(KNOWN, "5551234");
    world.got(CALLER, "404 INVITE");
    world.dial(KNOWN, "911");
    world.got(PSAP_1, "INVITE");
}

#[test]
fn the_last_fifth_of_the_table_is_for_emergency_and_crisis_calls() {
    let mut world = World::with(|_| {}, |setup| (setup.max_calls, setup.emergency_reserve_percent) = (10, 20));
    for _ in 0..8 {
        world.dial(KNOWN, "5551234");
    }
    world.clear();
    world.dial(KNOWN, "5551234");
    world.dial(KNOWN, "933");
    assert_eq!(world.words(CALLER), ["100 INVITE", "503 INVITE", "100 INVITE", "503 INVITE"]);
    world.dial(KNOWN, "911");
    world.dial(KNOWN, "988");
    assert_eq!(world.engine.active_calls(), 10);
    world.clear();
    world.dial(KNOWN, "911");
    let refusal = world.got(CALLER, "503 INVITE");
    assert!(refusal.value(Name::RetryAfter).is_none());
    assert!(world.facts.iter().any(|fact| matches!(fact, Fact::Refused { code: 503, .. })));
}

#[test]
fn a_node_that_is_to_leave_takes_emergency_calls_still_and_ends_none() {
    let mut world = World::new();
    let (mut caller, _) = world.talk(KNOWN, "5551234", GATEWAY);
    world.input(Input::Drain);
    world.dial(KNOWN, "5551234");
    world.got(CALLER, "503 INVITE");
    world.send(CALLER, Caller::new(KNOWN, "ping").outside("OPTIONS", "", ""));
    world.got(CALLER, "503 OPTIONS");
    world.dial(KNOWN, "911");
    world.got(PSAP_1, "INVITE");
    world.send(CALLER, caller.request("INFO", "", ""));
    world.got(GATEWAY, "INFO");
}
