//! Session timers (RFC 4028).
use crate::peers::{Caller, Far, value};
use crate::world::{CALLER, GATEWAY, KNOWN, PSAP_1, SDP, World};
use callbox::sip::message::Name;

const NOTHING: [&str; 0] = [];

/// A call whose answerer leaves the refreshes to us.
fn timed(world: &mut World, number: &str, port: u16, more: &str) -> (Caller, Far) {
    let mut caller = world.dial(KNOWN, number);
    let far = world.rung(port);
    world.send(port, far.response(200, more, SDP));
    caller.learn(&world.got(CALLER, "200 INVITE"));
    world.send(CALLER, caller.ack(""));
    world.clear();
    (caller, far)
}

const OURS: &str = "Allow: INVITE, ACK, BYE, UPDATE\r\nRequire: timer\r\nSession-Expires: 600;refresher=uac\r\n";

#[test]
fn we_refresh_by_update_at_half_the_interval_without_a_session_description() {
    let mut world = World::new();
    let (_, far) = timed(&mut world, "911", PSAP_1, OURS);
    world.until(299_000);
    assert_eq!(world.words(PSAP_1), NOTHING);
    world.until(300_100);
    let update = world.got(PSAP_1, "UPDATE");
    assert_eq!(update.body_slice(), b"");
    assert_eq!(value(&update, Name::SessionExpires), "600;refresher=uac");
    world.send(PSAP_1, far.response_to(&update, 200, "", ""));
    world.until(600_200);
    world.got(PSAP_1, "UPDATE");
    assert_eq!(world.words(CALLER), NOTHING);
}

#[test]
fn a_far_end_of_another_call_that_knows_no_such_dialog_has_hung_up() {
    let mut world = World::new();
    let (_, far) = timed(&mut world, "5551234", GATEWAY, OURS);
    world.until(300_100);
    let asked = world.got(GATEWAY, "UPDATE");
    world.send(GATEWAY, far.response_to(&asked, 481, "", ""));
    assert_eq!(world.words(CALLER), ["BYE"]);
    assert_eq!(world.engine.active_calls(), 0);
}

#[test]
fn a_caller_that_asks_for_a_timer_gets_one_with_its_own_interval_and_one_that_asks_too_short_gets_none() {
    for (asked, granted) in [("1800", "1800;refresher=uac"), ("1800;refresher=uas", "1800;refresher=uas"), ("30", "")] {
        let mut world = World::new();
        let mut caller = Caller::new(KNOWN, "911");
        caller.more = format!("Supported: timer\r\nAllow: INVITE, UPDATE\r\nSession-Expires: {asked}\r\n");
        world.send(CALLER, caller.invite());
        let far = world.rung(PSAP_1);
        world.answer(&far, 200);
        let answer = world.got(CALLER, "200 INVITE");
        assert_eq!(value(&answer, Name::SessionExpires), granted);
        assert_eq!(answer.has_token(Name::Require, "timer"), granted.contains("uac"));
        caller.learn(&answer);
        world.send(CALLER, caller.ack(""));
        world.clear();
        world.pass(901);
        assert_eq!(world.words(CALLER).contains(&"UPDATE".to_owned()), granted.contains("uas"));
    }
}

#[test]
fn each_refresh_is_one_request_however_many_offers_were_made_before() {
    let mut world = World::new();
    let (mut caller, far) = timed(&mut world, "5551234", GATEWAY, OURS);
    for port in 41_000..41_020 {
        let moved = SDP.replace("40000", &port.to_string());
        world.send(CALLER, caller.request("INVITE", "", &moved));
        let passed = world.got(GATEWAY, "INVITE");
        world.send(GATEWAY, far.response_to(&passed, 200, OURS, SDP));
        world.got(CALLER, "200 INVITE");
        world.send(CALLER, caller.ack(""));
        world.pass(40);
    }
    world.clear();
    let mut numbers = std::collections::BTreeSet::new();
    for _ in 0..90 {
        world.pass(10);
        for got in world.take(GATEWAY).into_iter().filter(|got| got.word() == "UPDATE") {
            numbers.insert(value(&got.message, Name::CSeq));
            world.send(GATEWAY, far.response_to(&got.message, 200, "", ""));
        }
        for got in world.take(CALLER).into_iter().filter(|got| got.word() == "OPTIONS") {
            world.send(CALLER, caller.response(&got.message, 200, "", ""));
        }
    }
    assert_eq!((numbers.len(), world.engine.active_calls()), (3, 1));
}

#[test]
fn an_everyday_call_with_an_interval_that_is_too_short_is_422_and_no_other_call_ever_is() {
    for (number, taken) in [("5551234", false), ("911", true), ("988", true), ("933", true)] {
        let mut world = World::new();
        let mut caller = Caller::new(KNOWN, number);
        caller.more = "Supported: timer\r\nSession-Expires: 60\r\n".into();
        world.send(CALLER, caller.invite());
        let heard = world.take(CALLER);
        assert_eq!(heard.iter().any(|got| got.word() == "422 INVITE"), !taken, "{number}");
        if let Some(refusal) = heard.iter().find(|got| got.word() == "422 INVITE") {
            assert_eq!(value(&refusal.message, Name::MinSe), "90");
        }
    }
}
