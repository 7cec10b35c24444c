//! Who may speak in a dialog, where an answer may come from, and how often somebody is listened to.
use crate::peers::{Caller, Far, body, value};
use crate::world::{CALLER, GATEWAY, KNOWN, PSAP_1, SDP, World};
use callbox::cache::Snapshot;
use callbox::fact::Fact;
use callbox::record::{Source, Trunk};
use callbox::sip::message::Name;
use core::net::{IpAddr, SocketAddr};
use std::sync::Arc;

const NOTHING: [&str; 0] = [];

fn at(address: [u8; 4]) -> SocketAddr {
    SocketAddr::from((address, 5060))
}

/// Other addresses of the first PSAP, of the gateway and of the PBX.
const PSAPS_OTHER: [u8; 4] = [192, 0, 2, 7];
const GATEWAYS_OTHER: [u8; 4] = [192, 0, 2, 9];
const PBXS_OTHER: [u8; 4] = [198, 51, 100, 20];
const STRANGERS: [u8; 4] = [203, 0, 113, 66];

fn with_other_addresses(snapshot: &mut Snapshot) {
    for trunk in &mut snapshot.trunks {
        let more = match &*trunk.name {
            "psap-1" => PSAPS_OTHER,
            "gateway" => GATEWAYS_OTHER,
            _ => continue,
        };
        let mut changed: Trunk = (**trunk).clone();
        changed.from.push(IpAddr::from(more));
        *trunk = Arc::new(changed);
    }
    for source in snapshot.sources.iter_mut().filter(|source| &*source.trunk == "pbx") {
        let mut changed: Source = (**source).clone();
        changed.networks.push((IpAddr::from([198, 51, 100, 0]), 24));
        *source = Arc::new(changed);
    }
}

fn world() -> World {
    World::with(with_other_addresses, |_| {})
}

fn from_elsewhere(world: &World) -> usize {
    world.facts.iter().filter(|fact| matches!(fact, Fact::FromElsewhere { .. })).count()
}

#[test]
fn a_request_inside_a_dialog_is_taken_from_every_address_of_its_trunk() {
    let mut world = world();
    let (mut caller, mut far) = world.talk(KNOWN, "911", PSAP_1);
    world.send_from(at(PBXS_OTHER), caller.request("INFO", "", ""));
    world.got(PSAP_1, "INFO");
    world.send_from(at(PSAPS_OTHER), far.request("INFO", "", ""));
    world.got(CALLER, "INFO");
    world.send_from(at(PSAPS_OTHER), far.request("BYE", "", ""));
    world.got(5060, "200 BYE");
    world.got(CALLER, "BYE");
    assert_eq!(from_elsewhere(&world), 0);
}

#[test]
fn a_request_inside_a_dialog_is_taken_from_another_port_and_from_where_its_contact_is() {
    let mut world = world();
    let (mut caller, mut far) = world.talk(KNOWN, "911", PSAP_1);
    world.send(40_999, caller.request("INFO", "", ""));
    world.got(PSAP_1, "INFO");
    let moved = far.request("UPDATE", "", "").replace("<sip:desk@127.0.0.1:5070>", "<sip:desk@203.0.113.66:5070>");
    world.send(PSAP_1, moved);
    world.got(PSAP_1, "200 UPDATE");
    world.send_from(at(STRANGERS), far.request("INFO", "", ""));
    world.got(CALLER, "INFO");
}

#[test]
fn a_caller_that_nobody_knows_and_that_was_let_in_may_speak_from_its_address() {
    let mut world = World::with(|_| {}, |setup| setup.relay_unknown = true);
    let mut caller = Caller::new(KNOWN, "911");
    world.send_from(at(STRANGERS), caller.invite());
    let far = world.rung(crate::world::RELAY);
    world.answer(&far, 200);
    caller.learn(&world.got(5060, "200 INVITE"));
    let elsewhere = SocketAddr::from((STRANGERS, 31_000));
    world.send_from(elsewhere, caller.ack(""));
    world.send_from(elsewhere, caller.request("BYE", "", ""));
    world.got(crate::world::RELAY, "BYE");
    assert_eq!(world.engine.active_calls(), 0);
}

#[test]
fn forged_requests_from_elsewhere_are_not_heard_and_the_call_goes_on() {
    let mut world = world();
    let (mut caller, mut far) = world.talk(KNOWN, "911", PSAP_1);
    for method in ["BYE", "INFO", "UPDATE", "REFER", "OPTIONS"] {
        for forged in [caller.request(method, "", ""), far.request(method, "", "")] {
            world.send_from(at(STRANGERS), forged.clone());
            assert_eq!(world.words(5060), NOTHING, "a stranger's {method}");
            world.send_from(at(GATEWAYS_OTHER), forged.replace("z9hG4bK", "z9hG4bKagain"));
            assert_eq!(world.words(5060), [format!("481 {method}")], "a {method} of another trunk");
        }
    }
    world.send_from(at(STRANGERS), caller.request("INVITE", "", SDP));
    assert_eq!(world.words(5060), ["403 INVITE"]);
    assert_eq!((world.words(CALLER), world.words(PSAP_1)), (vec![], vec![]));
    assert_eq!((world.engine.active_calls(), from_elsewhere(&world)), (1, 21));
}

#[test]
fn a_forged_cancel_or_ack_from_elsewhere_changes_nothing() {
    let mut world = world();
    let mut caller = world.dial(KNOWN, "911");
    let far = world.rung(PSAP_1);
    world.answer(&far, 180);
    world.send_from(at(STRANGERS), caller.cancel());
    assert_eq!((world.words(5060), world.words(PSAP_1)), (vec![], vec![]));
    world.answer(&far, 200);
    caller.learn(&world.got(CALLER, "200 INVITE"));
    world.send_from(at(STRANGERS), caller.ack(""));
    world.pass(1);
    assert_eq!(world.words(CALLER), ["200 INVITE"], "it still waits for its ACK");
    world.send(CALLER, caller.ack(""));
    world.pass(5);
    assert_eq!(world.words(CALLER), NOTHING);
}

#[test]
fn a_target_speaks_in_its_early_dialog_from_its_own_addresses_alone() {
    let mut world = world();
    world.dial(KNOWN, "911");
    let mut far = world.rung(PSAP_1);
    world.answer(&far, 183);
    world.send_from(at(PSAPS_OTHER), far.request("UPDATE", "", ""));
    world.got(5060, "200 UPDATE");
    world.send_from(at(GATEWAYS_OTHER), far.request("UPDATE", "", ""));
    world.got(5060, "481 UPDATE");
}

#[test]
fn an_answer_is_taken_from_every_address_of_the_trunk_that_was_asked_and_for_an_everyday_call_from_nowhere_else() {
    let mut world = world();
    world.dial(KNOWN, "15551234567");
    let far = world.rung(GATEWAY);
    world.clear();
    for code in [180, 200, 486] {
        world.send_from(at(STRANGERS), far.response(code, "", SDP));
    }
    assert_eq!((world.words(GATEWAY), world.words(CALLER)), (vec![], vec![]));
    assert_eq!(from_elsewhere(&world), 3);
    let mut world = self::world();
    world.dial(KNOWN, "911");
    let far = world.rung(PSAP_1);
    world.send_from(at(PSAPS_OTHER), far.response(200, "", SDP));
    assert_eq!(body(&world.got(CALLER, "200 INVITE")), SDP);
    assert_eq!((world.words(PSAP_1), from_elsewhere(&world)), (vec!["ACK".to_owned()], 0));
}

#[test]
fn the_answer_that_an_emergency_call_waits_for_is_taken_from_anywhere_and_no_later_one_is() {
    let mut world = world();
    world.dial(KNOWN, "911");
    let far = world.rung(PSAP_1);
    world.send_from(at(STRANGERS), far.response(180, "", ""));
    world.got(CALLER, "180 INVITE");
    world.send_from(at(STRANGERS), far.response(200, "", SDP));
    assert_eq!(body(&world.got(CALLER, "200 INVITE")), SDP);
    assert_eq!(world.words(PSAP_1), ["ACK"]);
    assert_eq!(from_elsewhere(&world), 2);
    world.clear();
    world.send_from(at(STRANGERS), far.response(200, "", SDP));
    assert_eq!((world.words(PSAP_1), from_elsewhere(&world)), (vec![], 3));
}

#[test]
fn an_answer_to_a_request_that_went_to_a_contact_is_taken_from_the_trunk_of_that_side() {
    let mut world = world();
    let (mut caller, mut far) = world.talk(KNOWN, "911", PSAP_1);
    let moved = caller.request("UPDATE", "", "").replace("<sip:desk@127.0.0.1:5999>", "<sip:desk@10.9.9.9:5999>");
    world.send(CALLER, moved);
    world.got(CALLER, "200 UPDATE");
    world.send(PSAP_1, far.request("INFO", "", ""));
    let passed = world.got(CALLER, "INFO");
    world.send_from(at(STRANGERS), caller.response(&passed, 200, "", ""));
    assert_eq!(world.words(PSAP_1), NOTHING);
    world.send_from(at(PBXS_OTHER), caller.response(&passed, 200, "", ""));
    assert_eq!(world.words(PSAP_1), ["200 INFO"]);
}

#[test]
fn an_answer_whose_via_names_another_sender_is_not_for_us() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    let far = world.rung(PSAP_1);
    let via = value(&far.invite, Name::Via);
    for other in ["127.0.0.2:5060", "127.0.0.1:5061", "callbox.example"] {
        let forged = far.response(200, "", SDP).replace(&via, &via.replace("127.0.0.1:5060", other));
        world.send(PSAP_1, forged);
    }
    let second =
        far.response(200, "", SDP).replacen("Via:", "Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKx\r\nVia:", 1);
    world.send(PSAP_1, second);
    assert_eq!(world.words(PSAP_1), NOTHING);
    let without_port = far.response(200, "", SDP).replace(&via, &via.replace("127.0.0.1:5060", "127.0.0.1"));
    world.send(PSAP_1, without_port);
    assert_eq!(world.words(PSAP_1), ["ACK"], "5060 need not be written");
}

#[test]
fn byes_that_cross_are_both_answered_200() {
    let mut world = World::new();
    let (mut caller, mut far) = world.talk(KNOWN, "911", PSAP_1);
    world.send(CALLER, caller.request("BYE", "", ""));
    world.got(PSAP_1, "BYE");
    assert_eq!(world.engine.active_calls(), 0);
    world.send(PSAP_1, far.request("BYE", "", ""));
    world.got(PSAP_1, "200 BYE");
    world.send(CALLER, caller.request("INFO", "", ""));
    world.got(CALLER, "481 INFO");
    world.pass(40);
    world.send(PSAP_1, far.request("BYE", "", ""));
    world.got(PSAP_1, "481 BYE");
}

fn forks(far: &Far, count: usize) -> Vec<String> {
    (0..count).map(|fork| Far { tag: format!("fork{fork}"), ..far.clone() }.response(200, "", SDP)).collect()
}

#[test]
fn of_a_flood_of_answers_sixteen_are_let_go_and_the_rest_are_met_with_silence() {
    let mut world = World::new();
    let (mut caller, far) = world.talk(KNOWN, "911", PSAP_1);
    let forks = forks(&far, 1000);
    for fork in &forks {
        world.send(PSAP_1, fork.clone());
    }
    let words = world.words(PSAP_1);
    assert_eq!(words.iter().filter(|word| *word == "BYE").count(), 16);
    assert_eq!(words.len(), 32, "an ACK and a BYE each");
    world.send(CALLER, caller.request("INFO", "", ""));
    assert!(value(&world.got(PSAP_1, "INFO"), Name::To).contains(&far.tag), "the first is kept");
}

#[test]
fn a_flood_of_answers_after_the_call_is_over_is_met_with_no_more_than_sixteen_byes() {
    let mut world = World::new();
    let (mut caller, far) = world.talk(KNOWN, "911", PSAP_1);
    world.send(CALLER, caller.request("BYE", "", ""));
    world.clear();
    for fork in forks(&far, 100) {
        world.send(PSAP_1, fork);
    }
    assert_eq!(world.words(PSAP_1).iter().filter(|word| *word == "BYE").count(), 16);
}

#[test]
fn a_storm_of_offers_is_told_to_wait_and_a_bye_in_it_is_not() {
    let mut world = World::new();
    let (mut caller, _) = world.talk(KNOWN, "911", PSAP_1);
    let hold = SDP.to_owned() + "a=sendonly\r\n";
    for round in 0..200 {
        let method = if round % 2 == 0 { "INVITE" } else { "UPDATE" };
        world.send(CALLER, caller.request(method, "", &hold));
        world.until(world.millis() + 100);
    }
    // What is not acknowledged comes several times.
    let mut answers = world.take(CALLER);
    answers.sort_by_key(|got| got.message.cseq().map(|(cseq, _)| cseq));
    answers.dedup_by_key(|got| got.message.cseq().map(|(cseq, _)| cseq));
    let refused = answers.iter().filter(|got| got.message.status() == Some(488)).count();
    let told: Vec<_> = answers.iter().filter(|got| got.message.status() == Some(500)).collect();
    assert_eq!((refused, told.len()), (10, 190), "five in ten seconds");
    assert!(told.iter().all(|got| got.message.number(Name::RetryAfter).is_some_and(|secs| (1..=10).contains(&secs))));
    assert_eq!(world.words(PSAP_1), NOTHING);
    world.send(CALLER, caller.request("INFO", "", ""));
    world.got(PSAP_1, "INFO");
    world.send(CALLER, caller.request("BYE", "", ""));
    world.got(CALLER, "200 BYE");
    world.got(PSAP_1, "BYE");
}

#[test]
fn a_request_that_the_other_side_never_answers_is_504_while_its_sender_still_waits() {
    let moved = SDP.replace("40000", "40002");
    for (number, port) in [("911", PSAP_1), ("5551234", GATEWAY)] {
        for (method, content) in [("UPDATE", &*moved), ("INFO", ""), ("MESSAGE", "")] {
            let mut world = World::new();
            let (mut caller, mut far) = world.talk(KNOWN, number, port);
            let begun = world.millis();
            world.send(CALLER, caller.request(method, "", content));
            world.send(port, far.request("INFO", "", ""));
            world.pass(31);
            for (asker, word) in [(CALLER, format!("504 {method}")), (port, "504 INFO".to_owned())] {
                let at = world.times(asker, &word);
                assert!(at.first().is_some_and(|at| (begun + 16_000..begun + 28_000).contains(at)), "{word} at {at:?}");
            }
            assert_eq!(world.engine.active_calls(), 1, "it is no reason to end a call");
        }
    }
}
