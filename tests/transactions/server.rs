//! Requests that come.
use crate::bench::{Bench, flow, read, text, value};
use callbox::sip::flow::Flow;
use callbox::sip::flow::Transport::{self, Tcp, Udp};
use callbox::sip::message::{Message, Name};
use callbox::sip::transaction::{Event, Expiry, LIMIT_OF_THE_LESSER, ServerId};

const HEADS: &str = "From: <sip:a@192.0.2.99>;tag=theirs
To: <sip:911@192.0.2.1>
Call-ID: three@192.0.2.99
Timestamp: 54
Content-Length: 0

";

fn request(method: &str, via: &str) -> Message {
    let cseq = if method == "ACK" || method == "CANCEL" { "INVITE" } else { method };
    let number = if cseq == "INVITE" { 1 } else { 2 };
    read(&format!("{method} sip:911@192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP {via}\nCSeq: {number} {method}\n{HEADS}"))
}

const VIA: &str = "192.0.2.99:5070;branch=z9hG4bKfirst;rport";

/// A request that is new to the layer.
fn arrive(bench: &mut Bench, transport: Transport, message: &Message) -> ServerId {
    match bench.receive_on(flow(transport), message.clone()) {
        Some(Event::Request { id }) => id,
        other => panic!("not a new request: {other:?}"),
    }
}

fn codes(bench: &Bench) -> Vec<(u64, String)> {
    bench.ladder()
}

fn code(millis: u64, code: &str) -> (u64, String) {
    (millis, code.to_owned())
}

#[test]
fn an_invite_whose_user_is_silent_for_200_ms_gets_a_100_with_the_timestamp() {
    let mut bench = Bench::new();
    let invite = request("INVITE", VIA);
    arrive(&mut bench, Udp, &invite);
    bench.until(10_000);
    assert_eq!(codes(&bench), [code(200, "100")]);
    let trying = bench.last();
    assert_eq!(value(&trying, Name::Timestamp), "54");
    assert_eq!(value(&trying, Name::To), "<sip:911@192.0.2.1>");
    assert!(value(&trying, Name::Via).contains("rport=5070"));
    assert!(value(&trying, Name::Via).contains("received=192.0.2.99"));
}

#[test]
fn a_copy_of_an_invite_gets_the_latest_provisional_again_and_is_no_second_call() {
    let mut bench = Bench::new();
    let invite = request("INVITE", VIA);
    let id = arrive(&mut bench, Udp, &invite);
    assert!(bench.receive_on(flow(Udp), invite.clone()).is_none());
    bench.respond(id, &invite, 100);
    bench.respond(id, &invite, 180);
    bench.until(500);
    assert!(bench.receive_on(flow(Udp), invite.clone()).is_none());
    assert_eq!(codes(&bench), [code(0, "100"), code(0, "180"), code(500, "180")]);
}

#[test]
fn an_accepted_invite_absorbs_its_copies_for_32_seconds_on_every_transport() {
    for transport in [Udp, Tcp] {
        let mut bench = Bench::new();
        let invite = request("INVITE", VIA);
        let id = arrive(&mut bench, transport, &invite);
        bench.respond(id, &invite, 200);
        bench.until(31_900);
        assert!(bench.receive_on(flow(transport), invite.clone()).is_none());
        assert_eq!(codes(&bench), [code(0, "200")]);
        bench.respond(id, &invite, 200);
        assert_eq!(codes(&bench), [code(0, "200"), code(31_900, "200")]);
        bench.until(32_000);
        assert!(bench.layer.is_empty());
        arrive(&mut bench, transport, &invite);
    }
}

#[test]
fn a_refusal_over_udp_is_repeated_until_it_is_acked() {
    let mut bench = Bench::new();
    let invite = request("INVITE", VIA);
    let id = arrive(&mut bench, Udp, &invite);
    bench.respond(id, &invite, 486);
    bench.until(4000);
    assert_eq!(codes(&bench), [code(0, "486"), code(500, "486"), code(1500, "486"), code(3500, "486")]);
    assert!(bench.receive_on(flow(Udp), request("ACK", VIA)).is_none());
    assert!(bench.receive_on(flow(Udp), request("ACK", VIA)).is_none());
    assert!(bench.receive_on(flow(Udp), invite).is_none());
    bench.until(100_000);
    assert_eq!(bench.sent.len(), 4);
    assert!(bench.events.is_empty());
    assert!(bench.layer.is_empty());
}

#[test]
fn a_refusal_that_nobody_acks_is_reported_after_32_seconds() {
    for (transport, copies) in [(Udp, 11), (Tcp, 1)] {
        let mut bench = Bench::new();
        let invite = request("INVITE", VIA);
        let id = arrive(&mut bench, transport, &invite);
        bench.layer.set_user(id, 4);
        bench.respond(id, &invite, 486);
        bench.until(100_000);
        assert!(matches!(bench.events[..], [(32_000, Expiry::NoAck { user: Some(4), .. })]));
        assert_eq!(bench.sent.len(), copies);
        assert!(bench.layer.is_empty());
    }
}

#[test]
fn an_ack_to_a_2xx_is_passed_on_whatever_branch_it_has() {
    let mut bench = Bench::new();
    let invite = request("INVITE", VIA);
    let id = arrive(&mut bench, Udp, &invite);
    bench.respond(id, &invite, 200);
    let own_branch = request("ACK", "192.0.2.99:5070;branch=z9hG4bKsecond;rport");
    assert!(matches!(bench.receive_on(flow(Udp), own_branch), Some(Event::Ack)));
    assert!(matches!(bench.receive_on(flow(Udp), request("ACK", VIA)), Some(Event::Ack)));
}

#[test]
fn requests_with_equal_branches_from_two_senders_or_of_two_methods_are_two() {
    let mut bench = Bench::new();
    for sent_by in ["192.0.2.99:5070", "192.0.2.99", "192.0.2.98:5070", "[2001:db8::9]:5070"] {
        arrive(&mut bench, Udp, &request("INVITE", &format!("{sent_by};branch=z9hG4bKfirst")));
    }
    arrive(&mut bench, Udp, &request("OPTIONS", "192.0.2.99:5070;branch=z9hG4bKfirst"));
    arrive(&mut bench, Udp, &request("NOVEL", "192.0.2.99:5070;branch=z9hG4bKfirst"));
    assert_eq!(bench.layer.len(), 6);
    assert!(bench.receive_on(flow(Udp), request("NOVEL", "192.0.2.99:5070;branch=z9hG4bKfirst")).is_none());
    let shouted = request("INVITE", "PBX.Example;branch=z9hG4bKx");
    arrive(&mut bench, Udp, &shouted);
    assert!(bench.receive_on(flow(Udp), request("INVITE", "pbx.example:5060;branch=z9hG4bKx")).is_none());
}

#[test]
fn a_branch_without_the_magic_cookie_is_matched_as_rfc_2543_had_it() {
    for via in ["192.0.2.99:5070;branch=1", "192.0.2.99:5070", "192.0.2.99:5070;branch=z9hG4bK"] {
        let mut bench = Bench::new();
        let invite = request("INVITE", via);
        let id = arrive(&mut bench, Udp, &invite);
        assert!(bench.receive_on(flow(Udp), invite.clone()).is_none());
        let other = read(&text_of(&invite).replace("three@", "four@"));
        arrive(&mut bench, Udp, &other);
        bench.respond(id, &invite, 486);
        let ack = read(&text_of(&request("ACK", via)).replace("911@192.0.2.1>", "911@192.0.2.1>;tag=ours"));
        assert!(bench.receive_on(flow(Udp), ack).is_none());
        bench.until(100_000);
        assert!(bench.events.is_empty());
        assert_eq!(codes(&bench).iter().filter(|(_, word)| word == "486").count(), 1);
    }
}

fn text_of(message: &Message) -> String {
    String::from_utf8(message.bytes().to_vec()).unwrap().replace("\r\n", "\n")
}

#[test]
fn a_cancel_names_its_invite_live_or_answered_and_what_the_user_set() {
    let mut bench = Bench::new();
    let invite = request("INVITE", VIA);
    let id = arrive(&mut bench, Udp, &invite);
    bench.layer.set_user(id, 4);
    let cancel = request("CANCEL", VIA);
    let Some(Event::Cancel { id: cancel_id, invite: Some((named, Some(4))) }) =
        bench.receive_on(flow(Udp), cancel.clone())
    else {
        panic!("the CANCEL does not name its INVITE");
    };
    assert_eq!(named, id);
    bench.respond(cancel_id, &cancel, 200);
    bench.respond(id, &invite, 487);
    // A copy of the CANCEL is answered again and not reported again.
    assert!(bench.receive_on(flow(Udp), cancel).is_none());
    assert_eq!(codes(&bench), [code(0, "200"), code(0, "487"), code(0, "200")]);
}

#[test]
fn a_cancel_that_names_nothing_says_so() {
    let mut bench = Bench::new();
    arrive(&mut bench, Udp, &request("INVITE", "192.0.2.98;branch=z9hG4bKfirst"));
    let event = bench.receive_on(flow(Udp), request("CANCEL", VIA));
    assert!(matches!(event, Some(Event::Cancel { invite: None, .. })));
}

#[test]
fn a_copy_of_another_request_gets_the_same_answer_for_32_seconds() {
    let mut bench = Bench::new();
    let options = request("OPTIONS", VIA);
    let id = arrive(&mut bench, Udp, &options);
    assert!(bench.receive_on(flow(Udp), options.clone()).is_none());
    bench.respond(id, &options, 200);
    bench.respond(id, &options, 500);
    bench.until(31_000);
    assert!(bench.receive_on(flow(Udp), options.clone()).is_none());
    assert_eq!(codes(&bench), [code(0, "200"), code(31_000, "200")]);
    bench.until(32_000);
    assert!(bench.layer.is_empty());
}

#[test]
fn another_request_gets_neither_an_early_provisional_nor_a_408_nor_a_late_final_response() {
    let mut bench = Bench::new();
    let bye = request("BYE", VIA);
    let id = arrive(&mut bench, Udp, &bye);
    for forbidden in [100, 183, 408] {
        bench.respond(id, &bye, forbidden);
    }
    bench.until(40_000);
    bench.respond(id, &bye, 200);
    assert_eq!(codes(&bench), [code(3500, "100")]);
    assert!(bench.layer.is_empty());
}

#[test]
fn a_response_over_udp_goes_where_the_via_asks() {
    let cases = [
        ("192.0.2.99:5080;branch=z9hG4bKa;rport", "192.0.2.99:5070"),
        ("192.0.2.99:5080;branch=z9hG4bKb", "192.0.2.99:5080"),
        ("192.0.2.99;branch=z9hG4bKc", "192.0.2.99:5060"),
        ("10.9.8.7:5080;branch=z9hG4bKd", "192.0.2.99:5080"),
        ("pbx.example:5080;maddr=203.0.113.9;branch=z9hG4bKe", "192.0.2.99:5080"),
    ];
    for (via, peer) in cases {
        let mut bench = Bench::new();
        let options = request("OPTIONS", via);
        let id = arrive(&mut bench, Udp, &options);
        bench.respond(id, &options, 200);
        let expected = Flow { peer: peer.parse().unwrap(), ..flow(Udp) };
        assert_eq!(bench.last().flow, expected, "{via}");
    }
}

#[test]
fn a_response_on_a_stream_goes_back_on_its_connection() {
    let mut bench = Bench::new();
    let invite = request("INVITE", "10.9.8.7:5080;branch=z9hG4bKa");
    let id = arrive(&mut bench, Tcp, &invite);
    assert_eq!(bench.layer.server_flow(id), Some(flow(Tcp)));
    // The connection broke, and the peer asks again on a new one.
    let again = Flow { peer: "192.0.2.99:40001".parse().unwrap(), connection: Some(8), ..flow(Tcp) };
    assert!(bench.receive_on(again, invite.clone()).is_none());
    bench.respond(id, &invite, 200);
    assert_eq!(bench.last().flow, again);
}

#[test]
fn an_ignored_request_leaves_nothing_behind() {
    let mut bench = Bench::new();
    let invite = request("INVITE", VIA);
    let id = arrive(&mut bench, Udp, &invite);
    bench.respond(id, &invite, 403);
    bench.layer.ignore(id);
    assert!(bench.layer.is_empty());
    bench.until(100_000);
    assert_eq!(bench.sent.len(), 1);
    assert!(matches!(bench.receive_on(flow(Udp), request("ACK", VIA)), Some(Event::Ack)));
}

#[test]
fn a_request_without_a_via_is_reported_and_answered_where_it_came_from() {
    let mut bench = Bench::new();
    let message = read(&format!("INVITE sip:911@192.0.2.1 SIP/2.0\nCSeq: 1 INVITE\n{HEADS}"));
    let id = arrive(&mut bench, Udp, &message);
    bench.respond(id, &message, 400);
    assert_eq!(bench.last().flow, flow(Udp));
    assert!(text(&bench.last()).starts_with("SIP/2.0 400 Bad Request\r\n"));
}

#[test]
fn after_its_connection_broke_a_response_goes_to_the_port_that_the_peer_listens_at() {
    let mut bench = Bench::new();
    let from = Flow { peer: "192.0.2.99:40001".parse().unwrap(), ..flow(Tcp) };
    let invite = request("INVITE", "192.0.2.99:5080;branch=z9hG4bKa");
    let Some(Event::Request { id }) = bench.receive_on(from, invite.clone()) else { panic!("no request") };
    bench.layer.closed(&Flow { connection: Some(6), ..from });
    assert_eq!(bench.layer.server_flow(id), Some(from));
    bench.layer.closed(&from);
    bench.respond(id, &invite, 200);
    let expected = Flow { peer: "192.0.2.99:5080".parse().unwrap(), connection: None, ..from };
    assert_eq!(bench.last().flow, expected);
}

#[test]
fn a_flood_of_lesser_requests_is_bounded_and_leaves_room_for_calls() {
    let mut bench = Bench::new();
    let options = |number: usize| request("OPTIONS", &format!("192.0.2.99;branch=z9hG4bK{number}"));
    for number in 0..LIMIT_OF_THE_LESSER {
        arrive(&mut bench, Udp, &options(number));
    }
    assert!(bench.receive_on(flow(Udp), options(LIMIT_OF_THE_LESSER)).is_none());
    arrive(&mut bench, Udp, &request("INVITE", VIA));
    assert_eq!(bench.layer.len(), LIMIT_OF_THE_LESSER + 1);
}
