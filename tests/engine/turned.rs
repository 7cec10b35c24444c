//! While they talk in a call back: the phone's side may as little as in the emergency call before, and the PSAP's as much.
use crate::peers::{Caller, Far, body, text, value};
use crate::world::{CALLER, KNOWN, PSAP_1, PSAP_2, RELAY, SDP, World};
use callbox::cache::Snapshot;
use callbox::fact::{Fact, Feature, Kind};
use callbox::record::Trunk;
use callbox::sip::message::{Message, Name};
use std::sync::Arc;

const PBX: u16 = 5075;
const NOTHING: [&str; 0] = [];
const MARKED: &str = "Priority: psap-callback\r\nAllow: INVITE, ACK, BYE, CANCEL, UPDATE\r\n";

fn sdp(port: u16, lines: &str) -> String {
    SDP.replace("40000", &port.to_string()) + lines
}

/// A phone that was called back after an emergency call, with this said by who calls back in its INVITE.
fn rings(port: u16, more: &str, offer: &str) -> (World, Caller, Far) {
    rings_in(World::new(), port, more, offer)
}

fn rings_in(mut world: World, port: u16, more: &str, offer: &str) -> (World, Caller, Far) {
    let (mut caller, _psap) = world.talk(KNOWN, "911", PSAP_1);
    world.send(CALLER, caller.request("BYE", "", ""));
    world.pass(60);
    world.clear();
    world.facts.clear();
    let psap = Caller { port, more: more.into(), sdp: offer.into(), ..Caller::new("+13125559110", KNOWN) };
    world.send(port, psap.invite());
    let phone = world.rung(PBX);
    (world, psap, phone)
}

/// The phone answers with this, and all is acknowledged; what whoever calls back heard.
fn answers(world: &mut World, psap: &mut Caller, phone: &Far, words: &str, ack: &str) -> Message {
    world.send(PBX, phone.response(200, "Allow: INVITE, ACK, BYE, CANCEL, UPDATE\r\n", words));
    let answer = world.got(psap.port, "200 INVITE");
    psap.learn(&answer);
    world.send(psap.port, psap.ack(ack));
    world.got(PBX, "ACK");
    answer
}

/// Both talk.
fn talk(port: u16, more: &str) -> (World, Caller, Far) {
    let (mut world, mut psap, phone) = rings(port, more, &sdp(41_000, ""));
    answers(&mut world, &mut psap, &phone, SDP, "");
    (world, psap, phone)
}

fn holds(world: &World) -> usize {
    let is_hold =
        |fact: &&Fact| matches!(fact, Fact::FeatureBlocked { kind: Kind::Callback, feature: Feature::Hold, .. });
    world.facts.iter().filter(is_hold).count()
}

#[test]
fn a_psap_that_calls_back_is_told_where_the_phone_is_by_update_and_not_in_an_answer() {
    let (mut world, mut psap, phone) = rings(PSAP_1, MARKED, SDP);
    let answer = answers(&mut world, &mut psap, &phone, SDP, "");
    // Of all answers a 424 alone may have one (RFC 6442 §4.1).
    assert_eq!(value(&answer, Name::Geolocation), "");
    let update = world.got(PSAP_1, "UPDATE");
    let named = value(&update, Name::Geolocation);
    assert!(named.starts_with("<cid:loc-") && named.ends_with(";loc-src=callbox.example"), "{named}");
    assert_eq!(value(&update, Name::ContentType), "application/pidf+xml");
    assert!(body(&update).contains("<ca:ROOM>101</ca:ROOM>"), "{}", body(&update));
    world.send(PSAP_1, psap.response(&update, 200, "", ""));
    let is_told = |fact: &Fact| matches!(fact, Fact::LocationUpdate { kind: Kind::Callback, sent: true, .. });
    assert_eq!(world.facts.iter().filter(|fact| is_told(fact)).count(), 1);
    world.send(PSAP_1, psap.request("INFO", "", ""));
    world.got(PBX, "INFO");
    assert!(!world.words(PSAP_1).contains(&"UPDATE".to_owned()), "once is enough");
}

#[test]
fn nobody_else_is_told_where_the_phone_is() {
    // A PSAP that takes no UPDATE, and the relay center, which is no i3 trunk.
    for (port, more) in [(PSAP_1, "Priority: psap-callback\r\n"), (RELAY, MARKED)] {
        let (mut world, ..) = talk(port, more);
        world.pass(2);
        assert!(!world.words(port).contains(&"UPDATE".to_owned()), "{port}");
    }
}

#[test]
fn a_phone_that_holds_where_it_cannot_be_refused_is_offered_the_session_again() {
    let closed = |lines: &str| sdp(40_000, lines).replace("o=- 1 1", "o=- 1 2");
    for hold in [
        closed("a=inactive\r\n"),
        closed("a=sendonly\r\n"),
        closed("").replace("IP4 127.0.0.1\r\nt", "IP4 0.0.0.0\r\nt"),
    ] {
        let (mut world, mut psap, phone) = talk(RELAY, MARKED);
        world.clear();
        world.send(RELAY, psap.request("INVITE", "", ""));
        let asked = world.got(PBX, "INVITE");
        world.send(PBX, phone.response_to(&asked, 200, "", &hold));
        let answer = world.got(RELAY, "200 INVITE");
        for closed in ["a=inactive", "a=sendonly", "0.0.0.0"] {
            assert!(!body(&answer).contains(closed), "the PSAP hears of no hold: {}", body(&answer));
        }
        world.send(RELAY, psap.ack(&sdp(41_000, "")));
        world.got(PBX, "ACK");
        assert_eq!(holds(&world), 1);
        world.pass(5);
        let repair = world.got(PBX, "INVITE");
        assert_eq!(body(&repair), sdp(41_000, ""));
        world.send(PBX, phone.response_to(&repair, 200, "", &closed("")));
        world.got(PBX, "ACK");
        assert!(!world.words(RELAY).contains(&"BYE".to_owned()));
    }
}

#[test]
fn a_phone_that_answers_with_a_hold_is_offered_the_session_again() {
    let held = sdp(40_000, "a=inactive\r\n");
    for offer in [sdp(41_000, ""), String::new()] {
        let (mut world, mut psap, phone) = rings(RELAY, MARKED, &offer);
        let ack = if offer.is_empty() { sdp(41_000, "") } else { String::new() };
        world.send(PBX, phone.response(200, "", &held));
        let answer = world.got(RELAY, "200 INVITE");
        psap.learn(&answer);
        world.send(RELAY, psap.ack(&ack));
        // Whoever offers to hear and send nothing is to get no other answer (RFC 3264 §6.1).
        let acknowledged = body(&world.got(PBX, "ACK"));
        assert_eq!(acknowledged.contains("a=inactive"), offer.is_empty(), "{acknowledged}");
        assert!(!body(&answer).contains("inactive"), "{}", body(&answer));
        assert_eq!(holds(&world), 1);
        world.pass(5);
        let repair = world.got(PBX, "INVITE");
        assert_eq!(body(&repair), sdp(41_000, ""));
        world.send(PBX, phone.response_to(&repair, 200, "", SDP));
        world.got(PBX, "ACK");
        world.pass(5);
        assert!(!world.words(PBX).contains(&"INVITE".to_owned()), "it holds no more");
    }
}

#[test]
fn a_phone_that_holds_in_an_ack_is_offered_the_session_again() {
    let (mut world, _psap, mut phone) = talk(RELAY, MARKED);
    world.clear();
    world.send(PBX, phone.request("INVITE", "", ""));
    let offered = world.got(PBX, "200 INVITE");
    assert_eq!(body(&offered), sdp(41_000, ""));
    world.send(PBX, phone.ack(&sdp(40_000, "a=inactive\r\n")));
    assert_eq!((world.words(RELAY), holds(&world)), (vec![], 1));
    world.pass(5);
    assert_eq!(body(&world.got(PBX, "INVITE")), sdp(41_000, ""));
}

#[test]
fn a_psap_transfers_a_call_back_and_the_phone_talks_to_its_target() {
    let (mut world, mut psap, mut phone) = talk(PSAP_1, "Priority: psap-callback\r\n");
    world.clear();
    world.send(PSAP_1, psap.request("REFER", "Refer-To: <sip:desk-2@127.0.0.1:5071>\r\n", ""));
    world.got(PSAP_1, "200 REFER");
    let notify = world.got(PSAP_1, "NOTIFY");
    world.send(PSAP_1, psap.response(&notify, 200, "", ""));
    let target = world.rung(PSAP_2);
    assert_eq!(text(target.invite.request_uri()), "sip:desk-2@127.0.0.1:5071");
    // It hears of the caller and the place what it would have heard in the emergency call.
    assert_eq!(value(&target.invite, Name::PAssertedIdentity), format!("<sip:{KNOWN}@callbox.example;user=phone>"));
    assert!(body(&target.invite).contains("<ca:ROOM>101</ca:ROOM>"));
    assert!(body(&target.invite).contains("m=audio 40000"));
    assert_eq!(world.words(PBX), NOTHING, "the PBX sees no REFER");
    world.send(PSAP_2, target.response(200, "", &sdp(52_000, "")));
    world.got(PSAP_2, "ACK");
    let offered = world.got(PBX, "INVITE");
    assert_eq!(body(&offered), sdp(52_000, ""));
    world.send(PBX, phone.response_to(&offered, 200, "", SDP));
    world.got(PBX, "ACK");
    let notify = world.got(PSAP_1, "NOTIFY");
    assert!(body(&notify).starts_with("SIP/2.0 200"));
    world.send(PSAP_1, psap.response(&notify, 200, "", ""));
    world.send(PSAP_1, psap.request("BYE", "", ""));
    world.got(PSAP_1, "200 BYE");
    world.send(PBX, phone.request("INFO", "", ""));
    world.got(PSAP_2, "INFO");
    world.send(PBX, phone.request("BYE", "", ""));
    world.got(PSAP_2, "BYE");
}

#[test]
fn a_call_back_is_transferred_again_while_somebody_asked_before_is_still_silent() {
    let named = |snapshot: &mut Snapshot| {
        let known = snapshot.trunks.iter_mut().find(|known| &*known.name == "psap-2").expect("the lab has it");
        *known = Arc::new(Trunk { host: "psap.example".into(), port: None, ..(**known).clone() });
    };
    let (world, second_address) = (World::with(named, |_| {}), 7002);
    world.resolve("psap-2", &[7001, second_address]);
    let (mut world, mut psap, phone) = rings_in(world, PSAP_1, "Priority: psap-callback\r\n", &sdp(41_000, ""));
    answers(&mut world, &mut psap, &phone, SDP, "");
    world.clear();
    world.send(PSAP_1, psap.request("REFER", "Refer-To: <sip:desk-2@psap.example>\r\n", ""));
    world.rung(7001);
    world.pass(2);
    let mut target = world.rung(second_address);
    world.send(second_address, target.response(200, "", &sdp(52_000, "")));
    let offered = world.got(PBX, "INVITE");
    world.send(PBX, phone.response_to(&offered, 200, "", SDP));
    world.got(PBX, "ACK");
    world.send(second_address, target.request("REFER", "Refer-To: <sip:desk-3@127.0.0.1:5072>\r\n", ""));
    world.got(second_address, "200 REFER");
    world.rung(RELAY);
}

#[test]
fn a_transfer_of_a_call_back_that_fails_leaves_it_and_one_without_its_psap_rings_the_psap_again() {
    let (mut world, mut psap, mut phone) = talk(PSAP_1, "Priority: psap-callback\r\n");
    world.clear();
    world.send(PSAP_1, psap.request("REFER", "Refer-To: <sip:desk-2@127.0.0.1:5071>\r\n", ""));
    let target = world.rung(PSAP_2);
    world.answer(&target, 603);
    world.send(PBX, phone.request("INFO", "", ""));
    world.got(PSAP_1, "INFO");
    world.send(PSAP_1, psap.request("REFER", "Refer-To: <sip:desk-2@127.0.0.1:5071>\r\n", ""));
    let target = world.rung(PSAP_2);
    world.send(PSAP_1, psap.request("BYE", "", ""));
    world.got(PSAP_1, "200 BYE");
    world.clear();
    world.answer(&target, 603);
    let again = world.rung(PSAP_1);
    assert_eq!(text(again.invite.request_uri()), "urn:service:sos");
    world.send(PSAP_1, again.response(200, "", &sdp(53_000, "")));
    world.got(PSAP_1, "ACK");
    assert_eq!(body(&world.got(PBX, "INVITE")), sdp(53_000, ""));
}

#[test]
fn whoever_is_no_psap_transfers_no_call_back() {
    let (mut world, mut caller, _) = (World::new(), Caller::new("4117", "911"), ());
    world.send(CALLER, caller.invite());
    let relay = world.rung(RELAY);
    world.answer(&relay, 200);
    caller.learn(&world.got(CALLER, "200 INVITE"));
    world.send(CALLER, caller.ack(""));
    world.send(CALLER, caller.request("BYE", "", ""));
    world.pass(60);
    world.clear();
    let mut stranger = Caller { port: 5074, ..Caller::new("+13125557777", "+13125550190") };
    world.send(5074, stranger.invite());
    let phone = world.rung(PBX);
    answers(&mut world, &mut stranger, &phone, SDP, "");
    world.send(5074, stranger.request("REFER", "Refer-To: <sip:desk-2@127.0.0.1:5071>\r\n", ""));
    world.got(5074, "403 REFER");
    assert_eq!(world.words(PSAP_2), NOTHING);
}

#[test]
fn a_second_psap_takes_a_call_back_over() {
    let (mut world, psap, phone) = talk(PSAP_1, "Priority: psap-callback\r\n");
    world.clear();
    let ours = psap.to.rsplit("tag=").next().unwrap_or_default();
    let names = format!("{};to-tag={ours};from-tag={}", psap.call_id, psap.tag);
    let mut second = Caller::new("+13125550999", "callbox");
    (second.port, second.sdp) = (PSAP_2, sdp(52_000, ""));
    second.more = format!("Replaces: {names}\r\nRequire: replaces\r\n");
    world.send(PSAP_2, second.invite());
    let offered = world.got(PBX, "INVITE");
    assert_eq!(body(&offered), sdp(52_000, ""));
    world.send(PBX, phone.response_to(&offered, 200, "", SDP));
    world.got(PBX, "ACK");
    second.learn(&world.got(PSAP_2, "200 INVITE"));
    world.send(PSAP_2, second.ack(""));
    world.got(PSAP_1, "BYE");
    world.send(PSAP_2, second.request("INFO", "", ""));
    world.got(PBX, "INFO");
}

#[test]
fn a_cancel_that_comes_after_the_answer_changes_nothing() {
    let (mut world, mut psap, phone) = rings(PSAP_1, "Priority: psap-callback\r\n", SDP);
    world.answer(&phone, 200);
    psap.learn(&world.got(PSAP_1, "200 INVITE"));
    world.send(PSAP_1, psap.cancel());
    world.got(PSAP_1, "200 CANCEL");
    world.send(PSAP_1, psap.ack(""));
    world.got(PBX, "ACK");
    world.send(PSAP_1, psap.request("INFO", "", ""));
    world.got(PBX, "INFO");
    world.send(PSAP_1, psap.request("BYE", "", ""));
    world.got(PBX, "BYE");
}

#[test]
fn a_phone_whose_answer_comes_once_more_gets_its_ack_again_and_stays_in_the_call() {
    let (mut world, mut psap, phone) = talk(RELAY, MARKED);
    world.clear();
    world.answer(&phone, 200);
    assert_eq!(world.words(PBX), ["ACK"]);
    world.send(RELAY, psap.request("INFO", "", ""));
    world.got(PBX, "INFO");
}

#[test]
fn a_call_back_that_rings_reliably_is_turned_round_as_any_other() {
    let more = "Priority: psap-callback\r\nRequire: 100rel\r\n";
    let (mut world, mut psap, phone) = rings(PSAP_1, more, SDP);
    world.answer(&phone, 180);
    let ringing = world.got(PSAP_1, "180 INVITE");
    psap.learn(&ringing);
    let rack = format!("RAck: {} 1 INVITE\r\n", value(&ringing, Name::RSeq));
    world.send(PSAP_1, psap.request("PRACK", &rack, ""));
    world.got(PSAP_1, "200 PRACK");
    world.answer(&phone, 200);
    psap.learn(&world.got(PSAP_1, "200 INVITE"));
    psap.cseq = 1;
    world.send(PSAP_1, psap.ack(""));
    psap.cseq = 2;
    world.got(PBX, "ACK");
    world.send(PSAP_1, psap.request("REFER", "Refer-To: <sip:desk-2@127.0.0.1:5071>\r\n", ""));
    world.got(PSAP_1, "200 REFER");
    world.rung(PSAP_2);
}

#[test]
fn a_prack_of_who_calls_back_that_crosses_the_answer_is_taken() {
    let more = "Priority: psap-callback\r\nRequire: 100rel\r\n";
    let (mut world, mut psap, phone) = rings(PSAP_1, more, SDP);
    world.answer(&phone, 180);
    let ringing = world.got(PSAP_1, "180 INVITE");
    psap.learn(&ringing);
    world.answer(&phone, 200);
    world.got(PSAP_1, "200 INVITE");
    world.send(PSAP_1, psap.ack(""));
    let rack = format!("RAck: {} 1 INVITE\r\n", value(&ringing, Name::RSeq));
    world.send(PSAP_1, psap.request("PRACK", &rack, ""));
    world.got(PSAP_1, "200 PRACK");
    world.send(PSAP_1, psap.request("INFO", "", ""));
    world.got(PBX, "INFO");
}

#[test]
fn a_call_back_whose_trunk_is_deleted_while_it_rings_is_answered_and_talks_on() {
    let mut world = World::with(|_| {}, |_| {});
    let (mut caller, _psap) = world.talk(KNOWN, "911", PSAP_1);
    world.send(CALLER, caller.request("BYE", "", ""));
    world.pass(60);
    let mut psap = Caller { port: PSAP_1, more: MARKED.into(), ..Caller::new("+13125559110", KNOWN) };
    world.send(PSAP_1, psap.invite());
    let mut phone = world.rung(PBX);
    world.cache.snapshot.rcu(|held| {
        let mut next = (**held).clone();
        next.trunks.retain(|trunk| &*trunk.name != "psap-1");
        next
    });
    answers(&mut world, &mut psap, &phone, SDP, "");
    world.send(PSAP_1, psap.request("INFO", "", ""));
    world.got(PBX, "INFO");
    world.send(PBX, phone.request("BYE", "", ""));
    world.got(PSAP_1, "BYE");
}
