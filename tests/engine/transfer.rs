//! A PSAP transfers a call: its target is asked by us, the caller is offered the new session, and who has transferred
//! hears how it goes. The caller's PBX never sees a REFER.
use crate::peers::{Caller, Far, body, text, value, values};
use crate::world::{CALLER, GATEWAY, KNOWN, PSAP_1, PSAP_2, RELAY, SDP, UNPLACED, World};
use callbox::fact::Fact;
use callbox::record::{Destination, Trunk};
use callbox::sip::message::{Message, Name};
use std::sync::Arc;

const NOTHING: [&str; 0] = [];
const TO_PSAP_2: &str = "Refer-To: <sip:desk-2@127.0.0.1:5071>\r\n";
const TO_ELSEWHERE: &str = "Refer-To: <sip:desk@psap.elsewhere.example>\r\n";

fn sdp(port: u16, lines: &str) -> String {
    SDP.replace("40000", &port.to_string()) + lines
}

/// The next news of a transfer that a far end gets, answered: its status line and the state of the subscription.
fn news(world: &mut World, far: &Far) -> (String, String) {
    let notify = world.got(far.port, "NOTIFY");
    assert_eq!(value(&notify, Name::ContentType), "message/sipfrag;version=2.0");
    assert_eq!(value(&notify, Name::Event).split(';').next(), Some("refer"));
    world.send(far.port, far.response_to(&notify, 200, "", ""));
    (body(&notify).trim_end().to_owned(), value(&notify, Name::SubscriptionState))
}

fn said(status: &str) -> (String, String) {
    let is_final = !status.starts_with("SIP/2.0 1");
    let state = if is_final { "terminated;reason=noresource" } else { "active;expires=180" };
    (status.to_owned(), state.to_owned())
}

/// A call with the first PSAP, which asks for a transfer; all that both sides heard of it so far is read.
fn referred(refer_to: &str) -> (World, Caller, Far) {
    let mut world = World::new();
    let (caller, mut far) = world.talk(KNOWN, "911", PSAP_1);
    refer(&mut world, &mut far, refer_to);
    (world, caller, far)
}

fn refer(world: &mut World, far: &mut Far, refer_to: &str) {
    world.send(far.port, far.request("REFER", refer_to, ""));
    let accepted = world.got(far.port, "200 REFER");
    assert!(accepted.contact().is_some());
    assert_eq!(news(world, far), said("SIP/2.0 100 Trying"));
}

/// The target answers with a session of its own, and the caller takes it.
fn taken(world: &mut World, caller: &Caller, target: &Far, port: u16) {
    world.send(target.port, target.response(200, "", &sdp(port, "")));
    world.got(target.port, "ACK");
    let offered = world.got(CALLER, "INVITE");
    assert_eq!(body(&offered), sdp(port, ""));
    world.send(CALLER, caller.response(&offered, 200, "", SDP));
    world.got(CALLER, "ACK");
}

fn trunk(world: &str, change: impl Fn(&mut Trunk)) -> impl FnOnce(&mut callbox::cache::Snapshot) {
    move |snapshot| {
        let found = snapshot.trunks.iter_mut().find(|trunk| &*trunk.name == world).expect("the lab has it");
        let mut changed = (**found).clone();
        change(&mut changed);
        *found = Arc::new(changed);
    }
}

fn refused(world: &World) -> Vec<&'static str> {
    let of = |fact: &Fact| match fact {
        Fact::TransferRefused { why, .. } => Some(*why),
        _ => None,
    };
    world.facts.iter().filter_map(of).collect()
}

#[test]
fn a_psap_transfers_the_call_and_the_caller_talks_to_its_target() {
    let (mut world, mut caller, mut far) = referred(TO_PSAP_2);
    let mut target = world.rung(PSAP_2);
    let first = &far.invite;
    assert_eq!(text(target.invite.request_uri()), "sip:desk-2@127.0.0.1:5071");
    assert_eq!(value(&target.invite, Name::To), "<sip:desk-2@127.0.0.1:5071>");
    for name in [Name::PAssertedIdentity, Name::ResourcePriority, Name::GeolocationRouting] {
        assert_eq!(value(&target.invite, name), value(first, name));
    }
    assert_eq!(values(&target.invite, Name::Geolocation).len(), values(first, Name::Geolocation).len());
    assert!(body(&target.invite).contains("<ca:HNO>100</ca:HNO>") || body(&target.invite).contains("HNO"));
    assert!(body(&target.invite).contains(SDP.trim_end()));
    assert_ne!(value(&target.invite, Name::CallId), value(first, Name::CallId));
    assert_eq!(world.words(CALLER), NOTHING);
    world.answer(&target, 180);
    assert_eq!(news(&mut world, &far), said("SIP/2.0 180 Ringing"));
    taken(&mut world, &caller, &target, 51_000);
    assert_eq!(news(&mut world, &far), said("SIP/2.0 200 OK"));
    world.send(PSAP_1, far.request("BYE", "", ""));
    world.got(PSAP_1, "200 BYE");
    world.send(CALLER, caller.request("INFO", "", ""));
    world.got(PSAP_2, "INFO");
    world.send(PSAP_2, target.request("BYE", "", ""));
    world.got(PSAP_2, "200 BYE");
    world.got(CALLER, "BYE");
    assert_eq!((world.words(PSAP_1), world.engine.active_calls()), (vec![], 0));
    let word = |fact: &Fact| match fact {
        Fact::TransferBegun { trunk, .. } => Some(("begun", trunk.to_string())),
        Fact::Transferred { trunk, .. } => Some(("done", trunk.to_string())),
        _ => None,
    };
    let told: Vec<_> = world.facts.iter().filter_map(word).collect();
    assert_eq!(told, [("begun", "psap-2".to_owned()), ("done", "psap-2".to_owned())]);
}

#[test]
fn who_has_transferred_and_does_not_hang_up_is_hung_up_on() {
    let (mut world, caller, far) = referred(TO_PSAP_2);
    let target = world.rung(PSAP_2);
    taken(&mut world, &caller, &target, 51_000);
    assert_eq!(news(&mut world, &far), said("SIP/2.0 200 OK"));
    world.pass(31);
    assert_eq!(world.words(PSAP_1), NOTHING);
    world.pass(2);
    assert_eq!(world.words(PSAP_1).first().map(String::as_str), Some("BYE"));
    assert_eq!(world.engine.active_calls(), 1);
}

#[test]
fn a_transfer_that_fails_leaves_the_call_where_it_was_and_says_why() {
    for (code, told) in
        [(486, "SIP/2.0 486 Busy Here"), (603, "SIP/2.0 603 Decline"), (302, "SIP/2.0 503 Service Unavailable")]
    {
        let (mut world, mut caller, mut far) = referred(TO_PSAP_2);
        let target = world.rung(PSAP_2);
        world.answer(&target, code);
        world.got(PSAP_2, "ACK");
        assert_eq!(news(&mut world, &far), said(told));
        world.send(CALLER, caller.request("INFO", "", ""));
        world.got(PSAP_1, "INFO");
        assert!(world.facts.iter().any(|fact| matches!(fact, Fact::TransferFailed { .. })));
        world.send(PSAP_1, far.request("BYE", "", ""));
        world.got(PSAP_1, "200 BYE");
        world.got(CALLER, "BYE");
        assert_eq!(world.engine.active_calls(), 0);
    }
}

#[test]
fn a_target_that_rings_for_three_minutes_is_given_up() {
    let (mut world, _, far) = referred(TO_PSAP_2);
    let target = world.rung(PSAP_2);
    world.answer(&target, 180);
    assert_eq!(news(&mut world, &far), said("SIP/2.0 180 Ringing"));
    world.pass(181);
    world.stop(&target);
    assert_eq!(news(&mut world, &far), said("SIP/2.0 408 Request Timeout"));
    assert_eq!(world.engine.active_calls(), 1);
}

#[test]
fn a_caller_that_refuses_the_new_session_stays_and_the_target_is_let_go() {
    let (mut world, mut caller, far) = referred(TO_PSAP_2);
    let target = world.rung(PSAP_2);
    world.send(PSAP_2, target.response(200, "", &sdp(51_000, "")));
    let offered = world.got(CALLER, "INVITE");
    world.send(CALLER, caller.response(&offered, 488, "", ""));
    world.got(PSAP_2, "BYE");
    assert_eq!(news(&mut world, &far), said("SIP/2.0 488 Not Acceptable Here"));
    world.send(CALLER, caller.request("INFO", "", ""));
    world.got(PSAP_1, "INFO");
}

#[test]
fn a_caller_whose_own_offer_crosses_ours_is_asked_again() {
    let (mut world, caller, far) = referred(TO_PSAP_2);
    let target = world.rung(PSAP_2);
    world.send(PSAP_2, target.response(200, "", &sdp(51_000, "")));
    let offered = world.got(CALLER, "INVITE");
    world.send(CALLER, caller.response(&offered, 491, "", ""));
    world.got(CALLER, "ACK");
    world.pass(3);
    let again = world.got(CALLER, "INVITE");
    world.send(CALLER, caller.response(&again, 200, "", SDP));
    assert_eq!(news(&mut world, &far), said("SIP/2.0 200 OK"));
}

#[test]
fn a_held_caller_is_offered_to_the_target_as_one_who_hears_and_speaks() {
    let mut world = World::new();
    let (caller, mut far) = world.talk(KNOWN, "911", PSAP_1);
    world.send(PSAP_1, far.request("INVITE", "", &sdp(50_000, "a=sendonly\r\n")));
    let held = world.got(CALLER, "INVITE");
    world.send(CALLER, caller.response(&held, 200, "", &sdp(40_000, "a=recvonly\r\n")));
    world.got(PSAP_1, "200 INVITE");
    world.send(PSAP_1, far.ack(""));
    refer(&mut world, &mut far, TO_PSAP_2);
    let target = world.rung(PSAP_2);
    assert!(body(&target.invite).contains("a=sendrecv") && !body(&target.invite).contains("a=recvonly"));
    world.clear();
    world.send(PSAP_2, target.response(200, "", SDP));
    let offered = world.got(CALLER, "INVITE");
    assert_eq!(body(&offered), SDP);
}

#[test]
fn a_caller_that_moves_its_media_with_the_new_session_is_heard_by_the_target() {
    let (mut world, caller, _) = referred(TO_PSAP_2);
    let target = world.rung(PSAP_2);
    world.send(PSAP_2, target.response(200, "", &sdp(51_000, "")));
    let offered = world.got(CALLER, "INVITE");
    world.send(CALLER, caller.response(&offered, 200, "", &sdp(40_020, "")));
    let told = world.got(PSAP_2, "INVITE");
    assert_eq!(body(&told), sdp(40_020, ""));
    world.send(PSAP_2, target.response_to(&told, 200, "", &sdp(51_000, "")));
    world.got(PSAP_2, "ACK");
    world.pass(5);
    assert_eq!(world.engine.active_calls(), 1);
}

#[test]
fn a_target_that_nobody_lists_is_asked_by_the_trunk_of_the_transfer() {
    let (mut world, _, _) = referred(TO_ELSEWHERE);
    let target = world.rung(PSAP_1);
    assert_eq!(text(target.invite.request_uri()), "sip:desk@psap.elsewhere.example");
    assert_eq!((world.words(PSAP_2), world.words(CALLER)), (vec![], vec![]));
    let (mut world, _, _) = referred("Refer-To: tel:+13125550177\r\n");
    let target = world.rung(PSAP_1);
    assert_eq!(text(target.invite.request_uri()), "sip:+13125550177@127.0.0.1:5070;user=phone");
}

#[test]
fn a_listed_host_or_number_goes_by_the_trunk_that_lists_it() {
    let host = Destination::Host("psap.elsewhere.example".into());
    let number = Destination::Number(callbox::record::Number::read("+13125550177").expect("a number"));
    for (refer_to, uri) in [
        (TO_ELSEWHERE, "sip:desk@psap.elsewhere.example"),
        ("Refer-To: <tel:+13125550177>\r\n", "sip:+13125550177@127.0.0.1:5072;user=phone"),
        ("Refer-To: <sip:+13125550177@carrier.example;user=phone>\r\n", "sip:+13125550177@127.0.0.1:5072;user=phone"),
    ] {
        let listed = vec![host.clone(), number.clone()];
        let mut world = World::with(trunk("relay", |relay| relay.transfer_to.clone_from(&listed)), |_| {});
        let (_, mut far) = world.talk(KNOWN, "911", PSAP_1);
        refer(&mut world, &mut far, refer_to);
        let target = world.rung(RELAY);
        assert_eq!(text(target.invite.request_uri()), uri);
        assert_eq!(value(&target.invite, Name::Priority), "emergency", "it is asked as its trunk is");
    }
}

#[test]
fn no_transfer_leads_to_a_pbx_or_back_to_us_or_is_anything_but_a_call() {
    for (refer_to, why) in [
        ("<sip:4117@127.0.0.1:5075>", "pbx"),
        ("<sip:anyone@127.0.0.1>", "ourselves"),
        ("<sip:anyone@CALLBOX.example>", "ourselves"),
        ("<sips:desk@psap.example>", "uri"),
        ("<http://psap.example/>", "uri"),
        ("<sip:desk@psap.example;method=BYE>", "method"),
        ("<sip:desk@psap.example?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc&Replaces=d>", "uri"),
    ] {
        let mut world = World::new();
        let (_, mut far) = world.talk(KNOWN, "911", PSAP_1);
        world.send(PSAP_1, far.request("REFER", &format!("Refer-To: {refer_to}\r\n"), ""));
        world.got(PSAP_1, "403 REFER");
        assert_eq!(refused(&world), [why], "{refer_to}");
        assert_eq!((world.words(CALLER), world.words(PSAP_1), world.words(PSAP_2)), (vec![], vec![], vec![]));
    }
}

#[test]
fn a_trunk_that_may_not_transfer_is_403_and_so_is_a_test_trunk() {
    let mut world = World::with(trunk("psap-1", |psap| psap.transfers = false), |_| {});
    let (_, mut far) = world.talk(KNOWN, "911", PSAP_1);
    world.send(PSAP_1, far.request("REFER", TO_PSAP_2, ""));
    world.got(PSAP_1, "403 REFER");
    let (_, mut far) = world.talk(KNOWN, "933", crate::world::IVR);
    world.send(crate::world::IVR, far.request("REFER", TO_PSAP_2, ""));
    world.got(crate::world::IVR, "403 REFER");
    assert_eq!(refused(&world), ["trunk", "trunk"]);
    // A relay center may, and so may the gateway that a site has for its emergency calls.
    for (from, number, port) in [(UNPLACED, "911", RELAY), (crate::world::DEPOT, "911", GATEWAY)] {
        let mut world = World::new();
        let (_, mut far) = world.talk(from, number, port);
        refer(&mut world, &mut far, TO_PSAP_2);
        world.got(PSAP_2, "INVITE");
    }
}

#[test]
fn what_a_refer_to_may_put_into_the_invite_is_there_and_nothing_else() {
    let replaces = "a%40b%3Bto-tag%3Dc%3Bfrom-tag%3Dd";
    let refer_to = format!(
        "Refer-To: <sip:bridge@127.0.0.1:5071;x=1;method=INVITE?Replaces={replaces}&Call-Info=%3Curn%3Ax%3E%3Bpurpose%3Dy\
         &Subject=secret&Route=%3Csip%3Aevil%3Blr%3E&Call-Info=a%0D%0AEvil%3A%20b>\r\nReferred-By: <sip:desk@psap.example>\r\n"
    );
    let (mut world, ..) = referred(&refer_to);
    let invite = world.got(PSAP_2, "INVITE");
    assert_eq!(text(invite.request_uri()), "sip:bridge@127.0.0.1:5071;x=1");
    assert_eq!(value(&invite, Name::Replaces), "a@b;to-tag=c;from-tag=d");
    assert_eq!(value(&invite, Name::ReferredBy), "<sip:desk@psap.example>");
    assert!(values(&invite, Name::CallInfo).contains(&"<urn:x>;purpose=y".to_owned()));
    let whole = text(invite.bytes());
    assert!(!whole.contains("\r\nEvil:") && !whole.contains("secret") && !whole.contains("evil"));
}

#[test]
fn a_transfer_without_a_subscription_is_carried_out_in_silence() {
    for more in ["Refer-Sub: false\r\n", "Require: norefersub\r\n", "Require: nosub\r\n"] {
        let mut world = World::new();
        let (caller, mut far) = world.talk(KNOWN, "911", PSAP_1);
        world.send(PSAP_1, far.request("REFER", &format!("{TO_PSAP_2}{more}"), ""));
        assert_eq!(value(&world.got(PSAP_1, "200 REFER"), Name::ReferSub), "false");
        let target = world.rung(PSAP_2);
        world.answer(&target, 180);
        taken(&mut world, &caller, &target, 51_000);
        assert_eq!(world.words(PSAP_1), NOTHING);
    }
    let mut world = World::new();
    let (_, mut far) = world.talk(KNOWN, "911", PSAP_1);
    for tag in ["explicitsub", "multiple-refer"] {
        world.send(PSAP_1, far.request("REFER", &format!("{TO_PSAP_2}Require: {tag}\r\n"), ""));
        assert!(value(&world.got(PSAP_1, "420 REFER"), Name::Unsupported).contains(tag));
    }
}

#[test]
fn three_transfers_of_a_call_are_carried_out_and_one_at_a_time() {
    let (mut world, _, mut far) = referred(TO_PSAP_2);
    world.send(PSAP_1, far.request("REFER", TO_ELSEWHERE, ""));
    world.got(PSAP_1, "491 REFER");
    for count in 1..=3 {
        if count > 1 {
            world.send(PSAP_1, far.request("REFER", TO_PSAP_2, ""));
            world.got(PSAP_1, "200 REFER");
            let notify = world.got(PSAP_1, "NOTIFY");
            assert_eq!(value(&notify, Name::Event), format!("refer;id={}", far.cseq), "the second names its REFER");
            world.send(PSAP_1, far.response_to(&notify, 200, "", ""));
        }
        let target = world.rung(PSAP_2);
        world.answer(&target, 486);
        world.got(PSAP_1, "NOTIFY");
    }
    world.send(PSAP_1, far.request("REFER", TO_PSAP_2, ""));
    world.got(PSAP_1, "403 REFER");
    assert_eq!(refused(&world), ["too_many"]);
    assert_eq!((world.words(CALLER), world.engine.active_calls()), (vec![], 1));
}

#[test]
fn a_psap_that_transfers_and_hangs_up_at_once_does_not_end_the_call() {
    let (mut world, mut caller, mut far) = referred(TO_PSAP_2);
    let target = world.rung(PSAP_2);
    world.send(PSAP_1, far.request("BYE", "", ""));
    world.got(PSAP_1, "200 BYE");
    assert_eq!(world.words(CALLER), NOTHING);
    taken(&mut world, &caller, &target, 51_000);
    world.send(CALLER, caller.request("INFO", "", ""));
    world.got(PSAP_2, "INFO");
    world.pass(40);
    assert!(!world.words(PSAP_1).contains(&"BYE".to_owned()), "it has hung up itself");
}

#[test]
fn when_a_transfer_fails_whose_psap_has_hung_up_that_psap_is_called_again_with_the_caller_kept() {
    let (mut world, caller, mut far) = referred(TO_PSAP_2);
    let target = world.rung(PSAP_2);
    world.send(PSAP_1, far.request("BYE", "", ""));
    world.answer(&target, 486);
    let again = world.rung(PSAP_1);
    assert_eq!(text(again.invite.request_uri()), "urn:service:sos");
    assert_eq!(again.invite.value(Name::ReferredBy), None);
    taken(&mut world, &caller, &again, 50_100);
    assert_eq!((world.words(CALLER), world.engine.active_calls()), (vec![], 1));
    assert!(world.facts.iter().any(|fact| matches!(fact, Fact::BroughtBack { .. })));
}

#[test]
fn a_caller_that_hangs_up_ends_a_transfer_on_its_way() {
    for answered in [false, true] {
        let (mut world, mut caller, far) = referred(TO_PSAP_2);
        let target = world.rung(PSAP_2);
        world.answer(&target, 180);
        if answered {
            world.send(PSAP_2, target.response(200, "", &sdp(51_000, "")));
            world.got(CALLER, "INVITE");
        }
        world.send(CALLER, caller.request("BYE", "", ""));
        world.got(CALLER, "200 BYE");
        if answered {
            world.got(PSAP_2, "BYE");
        } else {
            world.stop(&target);
        }
        world.got(PSAP_1, "BYE");
        let _told: Message = world.got(PSAP_1, "NOTIFY");
        world.pass(40);
        assert_eq!((far.port, world.engine.active_calls()), (PSAP_1, 0));
    }
}

#[test]
fn the_target_of_a_transfer_may_transfer_the_call_in_its_turn() {
    let (mut world, caller, mut far) = referred(TO_PSAP_2);
    let mut second = world.rung(PSAP_2);
    taken(&mut world, &caller, &second, 51_000);
    world.send(PSAP_1, far.request("BYE", "", ""));
    world.clear();
    refer(&mut world, &mut second, "Refer-To: <sip:desk@127.0.0.1:5070>\r\n");
    let third = world.rung(PSAP_1);
    assert!(body(&third.invite).contains("HNO"), "the place goes along");
    taken(&mut world, &caller, &third, 52_000);
    assert_eq!(news(&mut world, &second), said("SIP/2.0 200 OK"));
    world.send(PSAP_2, second.request("BYE", "", ""));
    world.got(PSAP_2, "200 BYE");
    assert_eq!(world.engine.active_calls(), 1);
}

#[test]
fn copies_of_an_answer_are_acknowledged_before_and_after_the_caller_has_it() {
    let (mut world, caller, _) = referred(TO_PSAP_2);
    let target = world.rung(PSAP_2);
    let answer = target.response(200, "", &sdp(51_000, ""));
    world.send(PSAP_2, answer.clone());
    world.got(PSAP_2, "ACK");
    world.send(PSAP_2, answer.clone());
    assert_eq!(world.words(PSAP_2), ["ACK"]);
    let offered = world.got(CALLER, "INVITE");
    world.send(CALLER, caller.response(&offered, 200, "", SDP));
    world.clear();
    world.send(PSAP_2, answer);
    assert_eq!(world.words(PSAP_2), ["ACK"]);
}

#[test]
fn a_psap_that_hangs_up_while_the_caller_is_asked_is_called_again_when_the_caller_refuses() {
    let (mut world, caller, mut far) = referred(TO_PSAP_2);
    let target = world.rung(PSAP_2);
    world.send(PSAP_2, target.response(200, "", &sdp(51_000, "")));
    let offered = world.got(CALLER, "INVITE");
    world.send(PSAP_1, far.request("BYE", "", ""));
    world.got(PSAP_1, "200 BYE");
    world.send(CALLER, caller.response(&offered, 488, "", ""));
    world.got(PSAP_2, "BYE");
    let again = world.rung(PSAP_1);
    world.answer(&again, 200);
    assert_eq!(world.engine.active_calls(), 1);
    assert!(world.facts.iter().any(|fact| matches!(fact, Fact::BroughtBack { .. })));
}

#[test]
fn a_target_that_hangs_up_while_the_caller_is_asked_leaves_the_call_where_it_was() {
    for takes in [false, true] {
        let (mut world, mut caller, far) = referred(TO_PSAP_2);
        let mut target = world.rung(PSAP_2);
        world.send(PSAP_2, target.response(200, "", &sdp(51_000, "")));
        let offered = world.got(CALLER, "INVITE");
        world.send(CALLER, caller.response(&offered, 100, "", ""));
        world.send(PSAP_2, target.request("BYE", "", ""));
        world.got(PSAP_2, "200 BYE");
        world.got(CALLER, "CANCEL");
        world.send(CALLER, caller.response(&offered, if takes { 200 } else { 487 }, "", if takes { SDP } else { "" }));
        assert_eq!(news(&mut world, &far), said("SIP/2.0 487 Request Terminated"));
        world.got(CALLER, "ACK");
        if takes {
            world.pass(3);
            assert_eq!(body(&world.got(CALLER, "INVITE")), SDP, "the session in force is offered again");
        }
        world.send(CALLER, caller.request("INFO", "", ""));
        world.got(PSAP_1, "INFO");
        assert!(!world.words(PSAP_2).contains(&"BYE".to_owned()));
    }
}

#[test]
fn one_who_lingers_after_a_transfer_is_hung_up_on_when_the_next_one_begins() {
    let (mut world, caller, _) = referred(TO_PSAP_2);
    let mut second = world.rung(PSAP_2);
    taken(&mut world, &caller, &second, 51_000);
    world.clear();
    refer(&mut world, &mut second, "Refer-To: <sip:desk@127.0.0.1:5072>\r\n");
    assert_eq!(world.words(PSAP_1), ["BYE"], "the first one has no part in the call any more");
    world.send(PSAP_2, second.request("BYE", "", ""));
    let third = world.rung(RELAY);
    taken(&mut world, &caller, &third, 52_000);
    assert_eq!(world.engine.active_calls(), 1);
}

#[test]
fn a_target_that_rings_transfers_nothing_and_its_dialog_stays() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    let mut far = world.rung(PSAP_1);
    world.answer(&far, 180);
    world.send(PSAP_1, far.request("REFER", TO_PSAP_2, ""));
    world.got(PSAP_1, "403 REFER");
    world.send(PSAP_1, far.request("SUBSCRIBE", "Event: dialog\r\n", ""));
    world.got(PSAP_1, "403 SUBSCRIBE");
    world.answer(&far, 200);
    world.got(CALLER, "200 INVITE");
    assert_eq!(world.words(PSAP_2), NOTHING);
}

#[test]
fn who_has_transferred_may_ask_for_the_news_again_or_for_no_more() {
    let (mut world, caller, mut far) = referred(TO_PSAP_2);
    world.pass(30);
    world.send(PSAP_1, far.request("SUBSCRIBE", "Event: refer\r\nExpires: 60\r\n", ""));
    let granted = world.got(PSAP_1, "200 SUBSCRIBE");
    assert_eq!(value(&granted, Name::Expires), "150");
    assert_eq!(news(&mut world, &far), ("SIP/2.0 100 Trying".to_owned(), "active;expires=150".to_owned()));
    world.send(PSAP_1, far.request("SUBSCRIBE", "Event: dialog\r\n", ""));
    world.got(PSAP_1, "403 SUBSCRIBE");
    let called = format!("Event: refer;id={}\r\nExpires: 0\r\n", far.cseq - 2);
    world.send(PSAP_1, far.request("SUBSCRIBE", &called, ""));
    assert_eq!(value(&world.got(PSAP_1, "200 SUBSCRIBE"), Name::Expires), "0");
    assert_eq!(news(&mut world, &far), ("SIP/2.0 100 Trying".to_owned(), "terminated;reason=timeout".to_owned()));
    world.send(PSAP_1, far.request("SUBSCRIBE", "Event: refer\r\nExpires: 60\r\n", ""));
    world.got(PSAP_1, "403 SUBSCRIBE");
    let target = world.rung(PSAP_2);
    world.send(PSAP_2, target.response(200, "", &sdp(51_000, "")));
    let offered = world.got(CALLER, "INVITE");
    world.send(CALLER, caller.response(&offered, 200, "", SDP));
    assert_eq!(world.words(PSAP_1), NOTHING, "the transfer goes on in silence");
}
