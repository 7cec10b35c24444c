//! What passes from end to end through every request and response: Session-ID, Max-Breadth, who forwarded a call, and
//! the marks of a loop.
use crate::peers::{Caller, Far, text, value};
use crate::world::{CALLER, GATEWAY, KNOWN, PSAP_1, PSAP_2, SDP, UNPLACED, World};
use callbox::fact::Fact;
use callbox::sip::message::Name;

const ONE: &str = "ab30317f1a784dc48ff824d0d3715d86";
const TWO: &str = "47755a9de7794ba387653f2099600ef2";
const NIL: &str = "00000000000000000000000000000000";

fn said(message: &callbox::sip::message::Message) -> String {
    value(message, Name::SessionId)
}

fn line(from: &str, to: &str) -> String {
    format!("Session-ID: {from};remote={to}\r\n")
}

fn pair(from: &str, to: &str) -> String {
    format!("{from};remote={to}")
}

/// A caller and a far end that know of session identifiers, talking.
fn talking(world: &mut World) -> (Caller, Far) {
    let mut caller = Caller::new(KNOWN, "911");
    caller.more = line(ONE, NIL);
    world.send(CALLER, caller.invite());
    assert_eq!(said(&world.got(CALLER, "100 INVITE")), pair(NIL, ONE));
    let far = world.rung(PSAP_1);
    assert_eq!(said(&far.invite), pair(ONE, NIL));
    let reliable = "Require: 100rel\r\nRSeq: 1\r\n".to_owned() + &line(TWO, ONE);
    world.answer_with(&far, 180, &reliable);
    assert_eq!(said(&world.got(PSAP_1, "PRACK")), pair(ONE, TWO));
    assert_eq!(said(&world.got(CALLER, "180 INVITE")), pair(TWO, ONE));
    world.send(PSAP_1, far.response(200, &line(TWO, ONE), SDP));
    assert_eq!(said(&world.got(PSAP_1, "ACK")), pair(ONE, TWO));
    let answer = world.got(CALLER, "200 INVITE");
    assert_eq!(said(&answer), pair(TWO, ONE));
    caller.learn(&answer);
    world.send(CALLER, caller.ack(""));
    (caller, far)
}

#[test]
fn a_session_id_is_on_every_message_of_both_dialogs() {
    let mut world = World::new();
    let (mut caller, mut far) = talking(&mut world);
    let (mine, yours) = (line(ONE, TWO), line(TWO, ONE));
    world.send(CALLER, caller.request("INFO", &mine, ""));
    let passed = world.got(PSAP_1, "INFO");
    assert_eq!(said(&passed), pair(ONE, TWO));
    world.send(PSAP_1, far.response_to(&passed, 200, &yours, ""));
    assert_eq!(said(&world.got(CALLER, "200 INFO")), pair(TWO, ONE));
    world.send(CALLER, caller.request("REFER", &mine, ""));
    assert_eq!(said(&world.got(CALLER, "400 REFER")), pair(TWO, ONE), "our own refusal");
    world.send(PSAP_1, far.request("OPTIONS", &yours, ""));
    assert_eq!(said(&world.got(PSAP_1, "200 OPTIONS")), pair(ONE, TWO));
    world.send(CALLER, caller.request("INVITE", &mine, &SDP.replace("40000", "40002")));
    let passed = world.got(PSAP_1, "INVITE");
    assert_eq!(said(&passed), pair(ONE, TWO));
    world.send(PSAP_1, far.response_to(&passed, 200, &yours, SDP));
    assert_eq!(said(&world.got(PSAP_1, "ACK")), pair(ONE, TWO));
    assert_eq!(said(&world.got(CALLER, "200 INVITE")), pair(TWO, ONE));
    world.send(CALLER, caller.ack(""));
    world.pass(1000);
    assert_eq!(said(&world.got(CALLER, "OPTIONS")), pair(TWO, ONE), "our own question");
    world.clear();
    world.send(PSAP_1, far.request("BYE", &yours, ""));
    assert_eq!(said(&world.got(PSAP_1, "200 BYE")), pair(ONE, TWO));
    assert_eq!(said(&world.got(CALLER, "BYE")), pair(TWO, ONE));
}

#[test]
fn a_cancel_has_the_session_id_of_its_invite_and_so_has_what_answers_the_caller() {
    let mut world = World::new();
    let mut caller = Caller::new(KNOWN, "911");
    caller.more = line(ONE, NIL);
    world.send(CALLER, caller.invite());
    let far = world.rung(PSAP_1);
    world.answer(&far, 180);
    world.send(CALLER, caller.cancel().replace("Content-Length", &(line(ONE, NIL) + "Content-Length")));
    assert_eq!(said(&world.got(CALLER, "200 CANCEL")), pair(NIL, ONE));
    assert_eq!(said(&world.got(CALLER, "487 INVITE")), pair(NIL, ONE));
    assert_eq!(said(&world.got(PSAP_1, "CANCEL")), pair(ONE, NIL));
    world.answer(&far, 487);
    assert_eq!(said(&world.got(PSAP_1, "ACK")), pair(ONE, NIL));
}

#[test]
fn a_side_that_has_no_session_id_is_given_none_and_nothing_is_invented() {
    let mut world = World::new();
    let (mut caller, _) = world.talk(KNOWN, "911", PSAP_1);
    world.send(CALLER, caller.request("BYE", "", ""));
    assert!(world.got(CALLER, "200 BYE").value(Name::SessionId).is_none());
    assert!(world.got(PSAP_1, "BYE").value(Name::SessionId).is_none());
    let mut world = World::new();
    let mut caller = Caller::new(KNOWN, "911");
    caller.more = line(ONE, NIL);
    world.send(CALLER, caller.invite());
    let mut far = world.rung(PSAP_1);
    world.answer(&far, 200);
    caller.learn(&world.got(CALLER, "200 INVITE"));
    world.send(CALLER, caller.ack(""));
    assert_eq!(said(&world.got(PSAP_1, "ACK")), pair(ONE, NIL));
    world.send(PSAP_1, far.request("BYE", "", ""));
    assert_eq!(said(&world.got(CALLER, "BYE")), pair(NIL, ONE));
}

#[test]
fn max_breadth_is_made_where_there_is_none_and_shared_where_two_targets_may_be_open() {
    let breadth = |number: &str, port: u16, more: &str| {
        let mut world = World::new();
        let mut caller = Caller::new(KNOWN, number);
        caller.more = more.to_owned();
        world.send(CALLER, caller.invite());
        value(&world.rung(port).invite, Name::MaxBreadth)
    };
    assert_eq!(breadth("911", PSAP_1, ""), "30");
    assert_eq!(breadth("911", PSAP_1, "Max-Breadth: 8\r\n"), "4");
    assert_eq!(breadth("911", PSAP_1, "Max-Breadth: 0\r\n"), "1", "it is no reason to refuse an emergency call");
    assert_eq!(breadth("5551234", GATEWAY, "Max-Breadth: 8\r\n"), "8", "nobody else is asked");
    let mut world = World::new();
    let mut caller = Caller::new(KNOWN, "5551234");
    caller.more = "Max-Breadth: 0\r\n".into();
    world.send(CALLER, caller.invite());
    world.got(CALLER, "440 INVITE");
}

/// The INVITE that came to a far end, sent back to us by a proxy: with its own Via above ours.
fn sent_back(far: &Far, uri: Option<&str>) -> String {
    let via = "Via: SIP/2.0/UDP 127.0.0.1:5999;branch=z9hG4bKproxy;rport\r\nVia:";
    let invite = text(far.invite.bytes()).replacen("Via:", via, 1);
    match uri {
        Some(uri) => invite.replacen(&text(far.invite.request_uri()), uri, 1),
        None => invite,
    }
}

#[test]
fn a_call_that_proxies_send_back_to_us_is_482_and_an_emergency_call_goes_elsewhere() {
    let mut world = World::new();
    world.dial(KNOWN, "5551234");
    let far = world.rung(GATEWAY);
    world.clear();
    world.send(CALLER, sent_back(&far, None));
    world.got(CALLER, "482 INVITE");
    assert_eq!((world.words(GATEWAY), world.engine.active_calls()), (vec![], 1));
    world.send(CALLER, sent_back(&far, Some("sip:5559876@127.0.0.1")).replace("z9hG4bKproxy", "z9hG4bKspiral"));
    assert_eq!(world.words(GATEWAY), ["INVITE"], "for somebody else it is another call");

    let mut world = World::new();
    world.dial(KNOWN, "911");
    let far = world.rung(PSAP_1);
    world.clear();
    world.send(CALLER, sent_back(&far, None));
    assert_eq!((world.words(PSAP_1), world.words(PSAP_2)), (vec![], vec!["INVITE".to_owned()]));
}

fn is_forwarded(world: &World) -> bool {
    world.facts.iter().any(|fact| matches!(fact, Fact::Forwarded { .. }))
}

#[test]
fn a_forwarded_call_arrives_with_a_fact_and_without_the_place_of_who_forwarded_it() {
    let diverted = format!("Diversion: <sip:{KNOWN}@pbx.example>;reason=unconditional\r\n");
    let history = format!(
        "History-Info: <sip:{KNOWN}@pbx.example?Reason=SIP%3Bcause%3D302>;index=1, <sip:911@pbx.example>;index=1.1;mp=1\r\n"
    );
    for more in [diverted, history] {
        let mut world = World::new();
        let mut caller = Caller::new("+12025550111", "911");
        caller.more = format!("{more}P-Asserted-Identity: <sip:{KNOWN}@pbx.example>\r\n");
        world.send(CALLER, caller.invite());
        let far = world.rung(crate::world::RELAY);
        assert!(!text(far.invite.bytes()).contains("101"), "the forwarder's room is not where the caller is");
        assert!(is_forwarded(&world));
    }
    let mut world = World::new();
    let mut caller = Caller::new(KNOWN, "911");
    caller.more = format!("Diversion: <sip:{UNPLACED}@pbx.example>;reason=no-answer\r\n");
    world.send(CALLER, caller.invite());
    world.got(PSAP_1, "INVITE");
    assert!(is_forwarded(&world), "the first caller's own place is known");
}

#[test]
fn a_caller_who_is_all_that_is_known_keeps_its_place_and_a_rewritten_number_is_no_forwarding() {
    let mut world = World::new();
    let mut caller = Caller::new(KNOWN, "911");
    caller.more = format!("Diversion: <sip:{KNOWN}@pbx.example>;reason=unconditional\r\n");
    world.send(CALLER, caller.invite());
    world.got(PSAP_1, "INVITE");
    let mut world = World::new();
    let mut caller = Caller::new(KNOWN, "911");
    caller.more = "History-Info: <sip:9911@pbx.example>;index=1, <sip:911@pbx.example>;index=1.1;rc=1\r\n".into();
    world.send(CALLER, caller.invite());
    world.got(PSAP_1, "INVITE");
    assert!(!is_forwarded(&world));
    let mut world = World::new();
    world.send(CALLER, Caller::new(KNOWN, "sip:911@127.0.0.1;cause=302").invite());
    world.got(PSAP_1, "INVITE");
    assert!(is_forwarded(&world));
}
