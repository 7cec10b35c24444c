//! 933 answered by ourselves: what the caller sees, and what the voice is told.
use crate::peers::{Caller, body, text, value};
use crate::world::{BRANCH, CALLER, DEPOT, GATEWAY, IVR, KNOWN, SDP, UNPLACED, World};
use callbox::b2bua::Input;
use callbox::b2bua::voice::{News, Order};
use callbox::base::id::Handle;
use callbox::cache::Snapshot;
use callbox::fact::Fact;
use callbox::ivr::{Piece, Sentence};
use callbox::record::Ivr;
use callbox::sdp::voice::{Mirror, Taken};
use callbox::sip::message::Name;
use core::time::Duration;

const OWN: Ivr = Ivr { first: true, max_calls: 2, max_span: Duration::from_secs(120), hourly: 10 };

/// The lab with our own IVR and no trunk that could stand in.
fn alone(ivr: Ivr) -> World {
    changed(move |snapshot| {
        snapshot.ivr = Some(ivr);
        snapshot.trunks.retain(|trunk| &*trunk.name != "ivr");
    })
}

fn changed(change: impl FnOnce(&mut Snapshot)) -> World {
    World::with(change, |_| {})
}

/// The call that the voice was last told to open.
fn opened(world: &mut World) -> (Handle, Vec<Piece>) {
    let orders: Vec<Order> = world.orders.drain(..).collect();
    let open = orders.into_iter().find_map(|order| match order {
        Order::Open { call, script, .. } => Some((call, script.to_vec())),
        _ => None,
    });
    open.expect("a port was asked for")
}

fn news(world: &mut World, call: Handle, news: News) {
    world.input(Input::Voice(call, news));
}

/// A call that is answered and acknowledged.
fn answered(world: &mut World, mut caller: Caller) -> (Caller, Handle, Vec<Piece>) {
    world.send(CALLER, caller.invite());
    let (call, script) = opened(world);
    news(world, call, News::Open(16_384));
    world.until(world.millis() + 100);
    let answer = world.got(CALLER, "200 INVITE");
    caller.learn(&answer);
    world.send(CALLER, caller.ack(""));
    world.clear();
    (caller, call, script)
}

fn says(script: &[Piece], sentence: Sentence) -> bool {
    script.contains(&Piece::Fixed(sentence))
}

fn read(world: &mut World) -> Option<Vec<Piece>> {
    let read = world.orders.iter().rev().find_map(|order| match order {
        Order::Read { script, .. } => Some(script.to_vec()),
        _ => None,
    });
    world.orders.clear();
    read
}

fn reached(world: &mut World) -> Option<Taken> {
    world.orders.drain(..).rev().find_map(|order| match order {
        Order::Reach { taken, .. } => Some(taken),
        _ => None,
    })
}

fn is_closed(world: &World) -> bool {
    world.is_idle() && matches!(world.orders.last(), Some(Order::Close { .. }))
}

/// The letters that are spelled in a script, one piece after the other.
fn spelled(script: &[Piece]) -> String {
    let codes = script.iter().filter_map(|piece| match piece {
        Piece::Spelled(code) => Some(code.expose().as_str()),
        _ => None,
    });
    codes.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_test_call_rings_for_a_tenth_of_a_second_and_is_answered_with_a_session_of_ours() {
    let mut world = alone(OWN);
    world.dial(KNOWN, "933");
    let (call, _) = opened(&mut world);
    assert_eq!(world.words(CALLER), ["100 INVITE", "180 INVITE"]);
    news(&mut world, call, News::Open(16_390));
    world.until(99);
    assert!(world.words(CALLER).is_empty(), "the speech is being made ready");
    world.until(100);
    let answer = world.got(CALLER, "200 INVITE");
    assert!(body(&answer).contains("c=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 16390 RTP/AVP 0\r\n"), "{}", body(&answer));
    assert!(matches!(&world.orders[..], [Order::Reach { .. }, Order::Read { .. }]));
    assert!(world.log.iter().all(|(port, _)| *port == CALLER), "nobody else hears of it");
}

#[test]
fn a_voice_that_is_slow_delays_the_answer_and_one_without_a_port_leaves_the_caller_busy() {
    let mut world = alone(OWN);
    world.dial(KNOWN, "933");
    let (call, _) = opened(&mut world);
    world.until(700);
    news(&mut world, call, News::Open(16_384));
    assert_eq!(world.times(CALLER, "200 INVITE"), [700]);
    for no_port in [true, false] {
        let mut world = alone(OWN);
        world.dial(KNOWN, "933");
        let (call, _) = opened(&mut world);
        if no_port {
            news(&mut world, call, News::NoPort);
        }
        world.until(2000);
        world.got(CALLER, "486 INVITE");
    }
}

#[test]
fn a_trunk_goes_first_where_it_is_so_configured_and_we_answer_when_it_does_not() {
    let mut world = changed(|snapshot| snapshot.ivr = Some(Ivr { first: false, ..OWN }));
    world.dial(KNOWN, "933");
    let far = world.rung(IVR);
    world.answer(&far, 180);
    assert!(world.orders.is_empty());
    world.answer(&far, 503);
    let (call, _) = opened(&mut world);
    news(&mut world, call, News::Open(16_384));
    world.pass(1);
    world.got(CALLER, "200 INVITE");
}

#[test]
fn a_trunk_stands_in_when_there_is_no_room_here() {
    let mut world = changed(|snapshot| snapshot.ivr = Some(Ivr { max_calls: 1, ..OWN }));
    answered(&mut world, Caller::new(KNOWN, "933"));
    world.dial(UNPLACED, "933");
    world.rung(IVR);
}

#[test]
fn one_call_too_many_and_one_caller_too_often_are_busy_and_a_voice_that_we_do_not_have_is_not_acceptable() {
    let mut world = alone(OWN);
    answered(&mut world, Caller::new(KNOWN, "933"));
    answered(&mut world, Caller::new(KNOWN, "933"));
    world.dial(UNPLACED, "933");
    world.got(CALLER, "486 INVITE");
    let mut world = alone(Ivr { hourly: 2, ..OWN });
    for _ in 0..2 {
        let (mut caller, _, _) = answered(&mut world, Caller::new(KNOWN, "933"));
        world.send(CALLER, caller.request("BYE", "", ""));
    }
    world.dial(KNOWN, "933");
    world.got(CALLER, "486 INVITE");
    answered(&mut world, Caller::new(UNPLACED, "933"));
    world.pass(3600);
    answered(&mut world, Caller::new(KNOWN, "933"));
    let mut world = alone(OWN);
    world.send(CALLER, Caller { sdp: SDP.replace("AVP 0", "SAVP 0"), ..Caller::new(KNOWN, "933") }.invite());
    world.got(CALLER, "488 INVITE");
}

#[test]
fn it_reads_the_numbers_and_the_room_and_where_an_emergency_call_would_go_without_asking_anybody() {
    let mut world = alone(Ivr { max_calls: 20, ..OWN });
    let (_, _, script) = answered(&mut world, Caller::new(KNOWN, "933"));
    assert!(spelled(&script).starts_with("312 555 0123 312 555 0123 100 101 IL 60601 US"), "{}", spelled(&script));
    assert!(says(&script, Sentence::GoesDirect) && says(&script, Sentence::IsOfTheNumber));
    let (_, _, script) = answered(&mut world, Caller::new(UNPLACED, "933"));
    assert!(says(&script, Sentence::NoAddress) && says(&script, Sentence::GoesToRelay));
    // An extension shows the number that an emergency call of its own would show.
    let (_, _, script) = answered(&mut world, Caller::new("4117", "933"));
    assert!(spelled(&script).starts_with("4117 312 555 0190"), "{}", spelled(&script));
    // Stage 1 alone: the test is ours, the emergency call is the gateway's.
    let (_, _, script) = answered(&mut world, Caller::new(BRANCH, "933"));
    assert!(says(&script, Sentence::GoesByGateway) && spelled(&script).contains("62701"), "{}", spelled(&script));
}

#[test]
fn sites_and_countries_that_are_not_switched_on_test_by_their_gateway_also_when_their_users_travel() {
    let asks_gateway = |mut world: World, from: &str| {
        world.dial(from, "933");
        let far = world.rung(GATEWAY);
        assert!(text(far.invite.request_uri()).starts_with("sip:933@"));
        assert!(value(&far.invite, Name::From).contains(from));
        assert!(world.orders.is_empty());
    };
    // The call comes from the PBX of another site, which has its own test: the service follows the user.
    asks_gateway(alone(OWN), DEPOT);
    let off = changed(|snapshot| {
        snapshot.ivr = Some(OWN);
        let plan = snapshot.dial_plans.get_mut("US").expect("the lab is there");
        *plan = callbox::record::DialPlan { switched_on: false, ..(**plan).clone() }.into();
    });
    asks_gateway(off, KNOWN);
    // Without a gateway there is no test: 404 (RFC 6881 ED-77).
    let mut world = changed(|snapshot| {
        snapshot.ivr = Some(OWN);
        snapshot.trunks.retain(|trunk| &*trunk.name != "gateway");
    });
    world.dial(DEPOT, "933");
    world.got(CALLER, "404 INVITE");
}

#[test]
fn one_reads_again_and_two_is_noted_once_from_the_sound_and_from_info() {
    let mut world = alone(OWN);
    let (mut caller, call, script) = answered(&mut world, Caller::new(KNOWN, "933"));
    world.orders.clear();
    news(&mut world, call, News::Key(b'1'));
    assert_eq!(read(&mut world), Some(script.clone()));
    news(&mut world, call, News::Key(b'7'));
    assert_eq!(read(&mut world), None);
    news(&mut world, call, News::Key(b'2'));
    assert!(says(&read(&mut world).unwrap(), Sentence::Noted));
    let relay = "Content-Type: application/dtmf-relay\r\n";
    world.send(CALLER, caller.request("INFO", relay, "Signal=2\r\nDuration=250\r\n"));
    world.got(CALLER, "200 INFO");
    assert!(says(&read(&mut world).unwrap(), Sentence::Noted));
    world.send(CALLER, caller.request("INFO", "Content-Type: application/dtmf\r\n", "1"));
    assert_eq!(read(&mut world), Some(script));
    let wrong = world.facts.iter().filter(|fact| matches!(fact, Fact::ReportedWrong { .. })).count();
    assert_eq!(wrong, 1);
}

#[test]
fn who_presses_nothing_hears_goodbye_and_the_call_ends() {
    let mut world = alone(OWN);
    let (caller, call, _) = answered(&mut world, Caller::new(KNOWN, "933"));
    world.pass(30);
    news(&mut world, call, News::WasRead);
    world.orders.clear();
    world.pass(14);
    assert_eq!(read(&mut world), None);
    world.pass(1);
    assert!(says(&read(&mut world).unwrap(), Sentence::Goodbye));
    news(&mut world, call, News::WasRead);
    let bye = world.got(CALLER, "BYE");
    world.send(CALLER, caller.response(&bye, 200, "", ""));
    world.pass(40);
    assert!(is_closed(&world));
}

#[test]
fn no_test_call_lasts_longer_than_it_may() {
    let mut world = alone(OWN);
    let (caller, _, _) = answered(&mut world, Caller::new(KNOWN, "933"));
    world.pass(119);
    assert!(!world.words(CALLER).contains(&"BYE".to_owned()));
    world.pass(1);
    let bye = world.got(CALLER, "BYE");
    world.send(CALLER, caller.response(&bye, 200, "", ""));
    world.pass(40);
    assert!(is_closed(&world));
}

#[test]
fn a_caller_who_hangs_up_or_gives_up_gives_the_port_back() {
    let mut world = alone(OWN);
    let (mut caller, _, _) = answered(&mut world, Caller::new(KNOWN, "933"));
    world.send(CALLER, caller.request("BYE", "", ""));
    world.got(CALLER, "200 BYE");
    world.pass(40);
    assert!(is_closed(&world));
    let caller = world.dial(KNOWN, "933");
    world.send(CALLER, caller.cancel());
    world.got(CALLER, "487 INVITE");
    world.pass(40);
    assert!(is_closed(&world));
    world.clear();
    world.orders.clear();
    for _ in 0..4 {
        let (mut caller, _, _) = answered(&mut world, Caller::new(KNOWN, "933"));
        world.send(CALLER, caller.request("BYE", "", ""));
    }
}

#[test]
fn a_hold_is_refused_and_media_that_move_are_followed() {
    let mut world = alone(OWN);
    let (mut caller, _, _) = answered(&mut world, Caller::new(KNOWN, "933"));
    world.orders.clear();
    world.send(CALLER, caller.request("INVITE", "", &format!("{SDP}a=sendonly\r\n")));
    world.got(CALLER, "488 INVITE");
    assert!(world.orders.is_empty());
    world.send(CALLER, caller.request("INVITE", "", &SDP.replace("40000", "40010").replace("1 1 IN", "1 2 IN")));
    let answer = world.got(CALLER, "200 INVITE");
    assert!(body(&answer).contains("m=audio 16384 "));
    world.send(CALLER, caller.ack(""));
    assert_eq!(reached(&mut world).unwrap().to, Some("127.0.0.1:40010".parse().unwrap()));
    // A refresh without an offer hears ours once more, and its answer counts.
    world.send(CALLER, caller.request("INVITE", "", ""));
    let offer = world.got(CALLER, "200 INVITE");
    assert!(body(&offer).contains("m=audio 16384 "));
    world.send(CALLER, caller.ack(&SDP.replace("40000", "40020")));
    assert_eq!(reached(&mut world).unwrap().to, Some("127.0.0.1:40020".parse().unwrap()));
    for (method, code) in [("MESSAGE", "405 MESSAGE"), ("REFER", "400 REFER"), ("OPTIONS", "200 OPTIONS")] {
        world.send(CALLER, caller.request(method, "", ""));
        world.got(CALLER, code);
    }
}

#[test]
fn a_caller_without_an_offer_gets_ours_and_is_heard_from_its_ack_on() {
    let mut world = alone(OWN);
    let mut caller = Caller { sdp: String::new(), ..Caller::new(KNOWN, "933") };
    world.send(CALLER, caller.invite());
    let (call, _) = opened(&mut world);
    news(&mut world, call, News::Open(16_384));
    world.until(100);
    let answer = world.got(CALLER, "200 INVITE");
    assert!(body(&answer).contains("m=audio 16384 RTP/AVP 0 8 101"), "{}", body(&answer));
    assert_eq!(reached(&mut world), None);
    caller.learn(&answer);
    world.send(CALLER, caller.ack(SDP));
    assert_eq!(reached(&mut world).unwrap().to, Some("127.0.0.1:40000".parse().unwrap()));
}

#[test]
fn a_caller_that_requires_reliable_ringing_hears_the_answer_alone() {
    let mut world = alone(OWN);
    world.send(CALLER, Caller { more: "Require: 100rel\r\n".into(), ..Caller::new(KNOWN, "933") }.invite());
    let (call, _) = opened(&mut world);
    news(&mut world, call, News::Open(16_384));
    world.until(100);
    assert_eq!(world.words(CALLER), ["100 INVITE", "200 INVITE"]);
}

#[test]
fn a_test_by_urn_is_told_who_would_answer_which_service_and_where_beside_the_session() {
    let mut world = alone(OWN);
    world.dial(KNOWN, "urn:service:test.sos.fire");
    let (call, _) = opened(&mut world);
    news(&mut world, call, News::Open(16_384));
    world.until(100);
    let answer = world.got(CALLER, "200 INVITE");
    let parts = callbox::sip::message::multipart::parts(answer.value(Name::ContentType).unwrap(), answer.body_slice());
    assert_eq!(parts.len(), 2);
    assert!(parts[0].is("application/sdp") && text(parts[0].content).starts_with("v=0\r\n"));
    assert!(parts[1].is("text/plain"));
    let told = text(parts[1].content);
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(&lines[..2], ["psap-1", "urn:service:test.sos.fire"]);
    assert!(lines[2].contains("Chicago") && lines[2].contains("101"), "{told}");
    // Who takes no parts gets the session alone.
    let mut world = alone(OWN);
    let plain = Caller { more: "Accept: application/sdp\r\n".into(), ..Caller::new(KNOWN, "urn:service:test.sos") };
    world.send(CALLER, plain.invite());
    let (call, _) = opened(&mut world);
    news(&mut world, call, News::Open(16_384));
    world.until(100);
    assert!(body(&world.got(CALLER, "200 INVITE")).starts_with("v=0"));
}

#[test]
fn a_test_of_packets_is_mirrored_and_hung_up_on_after_three() {
    let mut world = alone(OWN);
    let sdp = format!("{SDP}a=loopback:rtp-media-loopback\r\na=loopback-source\r\n");
    let caller = Caller { sdp, ..Caller::new(KNOWN, "urn:service:test.sos") };
    world.send(CALLER, caller.invite());
    let (call, _) = opened(&mut world);
    news(&mut world, call, News::Open(16_384));
    world.until(100);
    assert!(body(&world.got(CALLER, "200 INVITE")).contains("a=loopback-mirror\r\n"));
    assert!(!world.orders.iter().any(|order| matches!(order, Order::Read { .. })), "nothing is read into a test");
    assert_eq!(reached(&mut world).unwrap().mirror, Some(Mirror::Media));
    news(&mut world, call, News::WasMirrored);
    world.got(CALLER, "BYE");
}

#[test]
fn news_of_a_call_that_is_over_is_nothing() {
    let mut world = alone(OWN);
    let (mut caller, call, _) = answered(&mut world, Caller::new(KNOWN, "933"));
    world.send(CALLER, caller.request("BYE", "", ""));
    world.clear();
    for stale in [News::Open(1), News::NoPort, News::Key(b'2'), News::WasRead, News::WasMirrored] {
        news(&mut world, call, stale);
    }
    assert!(world.words(CALLER).is_empty());
    assert!(!world.facts.iter().any(|fact| matches!(fact, Fact::ReportedWrong { .. })));
}
