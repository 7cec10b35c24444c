//! The receipt of a call: what it says, and which calls have one.
use crate::world::{CALLER, CRISIS, GATEWAY, IVR, KNOWN, PSAP_1, PSAP_2, RELAY, SDP, UNPLACED, World};
use callbox::edge::ledger::{Entry, Kind};
use serde_json::Value;

/// What is kept by now.
fn kept(world: &mut World) -> Vec<(Kind, Value)> {
    let now = world.moment();
    let read = |entry: &Entry| serde_json::from_str(&entry.body).expect("an entry says JSON");
    world.gatherer.due(now).iter().map(|entry| (entry.kind, read(entry))).collect()
}

/// The one receipt that is written by now.
fn receipt(world: &mut World) -> Value {
    let mut kept = kept(world);
    assert_eq!(kept.iter().filter(|(kind, _)| *kind == Kind::Receipt).count(), 1, "{kept:?}");
    kept.pop().expect("it is the last").1
}

#[test]
fn a_receipt_says_why_a_call_went_where_it_went_and_what_became_of_it_at_which_microsecond() {
    let mut world = World::new();
    let mut caller = world.dial(KNOWN, "9911");
    let begun = kept(&mut world);
    assert_eq!(begun.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [Kind::Begun], "before its end it is begun");
    assert_eq!(begun[0].1["decision"]["way"], "direct");
    let first = world.rung(PSAP_1);
    world.until(5);
    world.answer(&first, 486);
    let second = world.rung(PSAP_2);
    world.until(205);
    world.answer(&second, 180);
    world.until(1005);
    world.answer(&second, 200);
    let ok = world.got(CALLER, "200 INVITE");
    caller.learn(&ok);
    world.send(CALLER, caller.ack(""));
    let hold = SDP.replace("m=audio 40000 RTP/AVP 0\r\n", "m=audio 40000 RTP/AVP 0\r\na=sendonly\r\n");
    let hold = caller.request("INVITE", "Content-Type: application/sdp\r\n", &hold);
    world.send(CALLER, hold);
    world.until(3005);
    world.send(CALLER, caller.request("BYE", "", ""));
    let receipt = receipt(&mut world);
    let decision = &receipt["decision"];
    for (name, wanted) in [
        ("organisation", "acme"),
        ("site", "hq"),
        ("dialled", "9911"),
        ("service", "911"),
        ("number", KNOWN),
        ("line", KNOWN),
        ("way", "direct"),
        ("grade", "dispatchable"),
        ("building", "hq-main"),
        ("place", "hq-101"),
    ] {
        assert_eq!(decision[name], wanted, "{name} of {decision}");
    }
    assert_eq!(decision["callback"]["number"], KNOWN);
    assert!(decision["civic"].as_array().expect("it has one").contains(&serde_json::json!(["ROOM", "101"])));
    assert_eq!(decision["candidates"][0]["place"], "hq-101");
    assert!(decision["candidates"][0]["why"].as_str().is_some_and(|why| !why.is_empty()));
    assert_eq!(decision["targets"], serde_json::json!(["psap-1", "psap-2", "relay", "gateway"]));
    let attempts = receipt["attempts"].as_array().expect("two were asked");
    assert_eq!(
        (&attempts[0]["trunk"], &attempts[0]["how"], &attempts[0]["code"]),
        (&"psap-1".into(), &"refused".into(), &486.into())
    );
    assert_eq!((&attempts[0]["started_us"], &attempts[0]["ended_us"]), (&0.into(), &5000.into()));
    assert_eq!((&attempts[1]["ringing_us"], &attempts[1]["answered_us"]), (&205_000.into(), &1_005_000.into()));
    assert_eq!(receipt["signalled"].as_array().map(Vec::len), Some(2));
    assert!(receipt["signalled"][1]["documents"][0].as_str().is_some_and(|document| document.contains("101")));
    let events = receipt["events"].as_array().expect("events");
    assert!(events.iter().any(|event| event["what"] == "blocked" && event["word"] == "hold"), "{events:?}");
    assert_eq!(
        receipt["end"],
        serde_json::json!({"outcome": "completed", "lasted_us": 3_005_000, "talked_us": 2_000_000})
    );
}

#[test]
fn a_call_that_is_given_up_leaves_who_it_was_where_and_how_long_it_rang() {
    let mut world = World::new();
    let caller = world.dial(KNOWN, "911");
    let far = world.rung(PSAP_1);
    world.until(300);
    world.answer(&far, 180);
    world.until(2300);
    world.send(CALLER, caller.cancel());
    world.answer(&far, 487);
    let receipt = receipt(&mut world);
    assert_eq!(
        receipt["end"],
        serde_json::json!({"outcome": "abandoned", "lasted_us": 2_300_000, "rang_us": 2_000_000})
    );
    assert!(receipt["events"].as_array().expect("events").iter().any(|event| event["what"] == "hung_up_soon"));
    assert_eq!((&receipt["decision"]["number"], &receipt["decision"]["place"]), (&KNOWN.into(), &"hq-101".into()));
}

#[test]
fn a_far_end_that_never_says_that_it_is_done_delays_a_receipt_by_two_seconds_at_most() {
    let mut world = World::new();
    let caller = world.dial(KNOWN, "911");
    let far = world.rung(PSAP_1);
    world.answer(&far, 180);
    world.send(CALLER, caller.cancel());
    assert_eq!(kept(&mut world).len(), 1, "only the beginning");
    world.until(2000);
    assert_eq!(receipt(&mut world)["end"]["outcome"], "abandoned");
}

#[test]
fn a_relay_call_says_its_cause_and_a_test_call_has_a_receipt_too() {
    let mut world = World::new();
    world.dial(UNPLACED, "911");
    let far = world.rung(RELAY);
    world.answer(&far, 200);
    let begun = &kept(&mut world)[0].1;
    assert_eq!((&begun["decision"]["way"], &begun["decision"]["cause"]), (&"relay".into(), &"user_no_address".into()));
    let mut world = World::with(|snapshot| snapshot.ivr = None, |_| {});
    world.dial(KNOWN, "933");
    let _far = world.rung(IVR);
    assert_eq!(kept(&mut world)[0].1["class"], "test");
}

#[test]
fn a_crisis_call_and_an_everyday_call_leave_no_entry() {
    for (number, port) in [("988", CRISIS), ("17735550142", GATEWAY)] {
        let mut world = World::new();
        world.dial(KNOWN, number);
        let far = world.rung(port);
        world.answer(&far, 486);
        world.pass(60);
        assert_eq!(world.gatherer.rest().len(), 0, "{number}");
    }
}

#[test]
fn what_is_known_of_calls_that_are_not_over_is_there_when_the_node_leaves() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    let kinds: Vec<_> = world.gatherer.rest().iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, [Kind::Begun, Kind::Receipt]);
}
