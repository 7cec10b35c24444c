//! Whom each kind of call reaches, and in what order.
use crate::peers::{Caller, text, value};
use crate::world::{BRANCH, CALLER, CRISIS, DEPOT, GATEWAY, IVR, KNOWN, PSAP_1, PSAP_2, RELAY, UNPLACED, World};
use callbox::fact::Fact;
use callbox::sip::message::Name;

const ALL: [u16; 6] = [PSAP_1, PSAP_2, RELAY, CRISIS, GATEWAY, IVR];

/// The far ends that a call asks when each of them is busy.
fn asked(from: &str, number: &str) -> Vec<u16> {
    let mut world = World::new();
    world.dial(from, number);
    let mut order = Vec::new();
    while let Some(port) = world.log.iter().find(|(_, word)| word == "INVITE").map(|(port, _)| *port) {
        order.push(port);
        let far = world.rung(port);
        world.clear();
        world.answer(&far, 486);
    }
    assert!(world.engine.active_calls() == 0, "the list came to its end");
    order
}

#[test]
fn an_emergency_call_with_an_address_goes_to_the_psaps_then_the_relay_then_the_gateway() {
    for number in ["911", "9911", "112", "urn:service:sos", "urn:service:sos.fire"] {
        assert_eq!(asked(KNOWN, number), [PSAP_1, PSAP_2, RELAY, GATEWAY], "{number}");
    }
}

#[test]
fn an_emergency_call_without_an_address_goes_to_the_relay_first_and_to_the_psaps_all_the_same() {
    for from in [UNPLACED, "4117", "+12025550111"] {
        assert_eq!(asked(from, "911"), [RELAY, PSAP_1, PSAP_2, GATEWAY], "{from}");
    }
}

#[test]
fn calls_of_sites_that_are_not_switched_on_go_by_their_own_gateway_with_the_number_unchanged() {
    assert_eq!(asked(BRANCH, "933"), [IVR]);
    for (from, number) in [(BRANCH, "911"), (BRANCH, "988"), (DEPOT, "911"), (DEPOT, "933"), (DEPOT, "988")] {
        assert_eq!(asked(from, number), [GATEWAY], "{from} {number}");
        let mut world = World::new();
        world.dial(from, number);
        let far = world.rung(GATEWAY);
        assert!(text(far.invite.request_uri()).starts_with(&format!("sip:{number}@")));
        assert!(value(&far.invite, Name::From).contains(from));
    }
}

#[test]
fn a_test_call_reaches_the_ivr_and_never_a_psap() {
    assert_eq!(asked(KNOWN, "933"), [IVR]);
    assert_eq!(asked(KNOWN, "urn:service:test.sos"), [IVR]);
}

#[test]
fn an_everyday_call_goes_by_the_trunk_of_its_source() {
    assert_eq!(asked(KNOWN, "5551234"), [GATEWAY]);
    assert_eq!(asked(KNOWN, "19115551212"), [GATEWAY]);
}

#[test]
fn a_crisis_call_goes_to_the_crisis_line_then_by_the_gateway_to_its_long_number() {
    assert_eq!(asked(KNOWN, "988"), [CRISIS, GATEWAY]);
    let mut world = World::new();
    world.dial(KNOWN, "988");
    let far = world.rung(CRISIS);
    world.answer(&far, 486);
    let gateway = world.rung(GATEWAY);
    assert!(text(gateway.invite.request_uri()).starts_with("sip:+18002738255@"));
}

#[test]
fn a_gateway_gets_a_crisis_call_as_it_was_dialled_where_it_is_so_set() {
    let mut world = World::with(|snapshot| snapshot.pass_crisis_code = true, |_| {});
    world.dial(KNOWN, "988");
    let far = world.rung(CRISIS);
    world.answer(&far, 486);
    assert!(text(world.rung(GATEWAY).invite.request_uri()).starts_with("sip:988@"));
}

#[test]
fn a_recorder_does_not_reach_the_crisis_line() {
    let marked = ("Require: siprec\r\n", "", "420 INVITE");
    let told = ("", ";x-nearend;x-refci=1", "403 INVITE");
    for (more, mark, refusal) in [marked, told] {
        let mut world = World::new();
        let mut caller = Caller { more: more.into(), ..Caller::new(KNOWN, "988") };
        caller.from.push_str(mark);
        world.send(CALLER, caller.invite());
        world.got(CALLER, refusal);
        assert!(world.words(CRISIS).is_empty());
        assert!(world.facts.is_empty(), "and leaves nothing behind");
    }
}

#[test]
fn the_only_trace_of_a_crisis_call_is_one_count_whatever_becomes_of_it() {
    let mut world = World::new();
    let (mut caller, _) = world.talk(KNOWN, "988", CRISIS);
    world.send(CALLER, caller.request("BYE", "", ""));
    world.pass(40);
    assert_eq!(world.facts, [Fact::CrisisCall]);

    let mut world = World::new();
    world.dial(KNOWN, "988");
    world.until(100_000);
    assert_eq!(world.facts, [Fact::CrisisCall], "nobody answered");

    let mut world = World::new();
    let caller = world.dial(KNOWN, "988");
    world.send(CALLER, caller.cancel());
    assert_eq!(world.facts, [Fact::CrisisCall], "given up");
}

#[test]
fn a_crisis_call_carries_no_location_and_hides_a_caller_who_asks_for_it() {
    let mut caller = Caller::new(KNOWN, "988");
    let asserted = format!("P-Asserted-Identity: <sip:{KNOWN}@pbx.example>\r\n");
    caller.more = format!("Privacy: id\r\nGeolocation: <https://lis.example/x>\r\n{asserted}");
    let mut world = World::new();
    world.send(CALLER, caller.invite());
    let out = text(world.rung(CRISIS).invite.bytes());
    for private in ["Geolocation", "pidf", "Chicago", "P-Asserted-Identity", "0123@"] {
        assert!(!out.contains(private), "{private} in\n{out}");
    }
    assert!(out.contains("Privacy: id"));
}

#[test]
fn a_crisis_call_may_be_held_and_transferred() {
    let mut world = World::new();
    let (mut caller, _) = world.talk(KNOWN, "988", CRISIS);
    let hold = crate::world::SDP.to_owned() + "a=sendonly\r\n";
    world.send(CALLER, caller.request("INVITE", "", &hold));
    world.got(CRISIS, "INVITE");
    world.send(CALLER, caller.request("REFER", "Refer-To: <sip:x@pbx.example>\r\n", ""));
    world.got(CRISIS, "REFER");
}

#[test]
fn no_call_reaches_a_far_end_of_another_kind() {
    for (number, allowed) in
        [("911", &[PSAP_1, PSAP_2, RELAY, GATEWAY][..]), ("988", &[CRISIS, GATEWAY]), ("933", &[IVR])]
    {
        let mut world = World::new();
        world.dial(KNOWN, number);
        world.until(40_000);
        for port in ALL.iter().filter(|port| !allowed.contains(port)) {
            assert!(world.words(*port).is_empty(), "{number} reached {port}");
        }
    }
}
