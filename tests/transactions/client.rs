//! Requests of ours.
use crate::bench::{Bench, flow, read, text, value};
use callbox::sip::flow::Transport::{Tcp, Udp};
use callbox::sip::message::{Message, Name};
use callbox::sip::transaction::{Event, Expiry};

const INVITE: &str = "INVITE urn:service:sos SIP/2.0
Via: SIP/2.0/UDP 192.0.2.1:5060;branch=BRANCH;rport
Route: <sip:first.example;lr>, <sip:second.example;lr>
Route: <sip:third.example;lr>
Max-Forwards: 70
From: \"A\" <sip:a@192.0.2.1>;tag=ours
To: <urn:service:sos>
Call-ID: one@192.0.2.1
CSeq: 17 INVITE
Contact: <sip:192.0.2.1>
Require: 100rel
Content-Length: 4

v=0
";

const OPTIONS: &str = "OPTIONS sip:192.0.2.99 SIP/2.0
Via: SIP/2.0/UDP 192.0.2.1:5060;branch=BRANCH;rport
Max-Forwards: 70
From: <sip:192.0.2.1>;tag=ours
To: <sip:192.0.2.99>
Call-ID: two@192.0.2.1
CSeq: 1 OPTIONS
Content-Length: 0

";

/// Whose request was answered; nobody's when the user is not to hear of it.
fn user(event: Option<Event<u32>>) -> Option<u32> {
    match event {
        Some(Event::Response { user, .. }) => Some(user),
        Some(other) => panic!("not a response: {other:?}"),
        None => None,
    }
}

fn is_stray(event: &Option<Event<u32>>) -> bool {
    matches!(event, Some(Event::Stray))
}

#[test]
fn a_silent_peer_over_udp_gets_seven_copies_and_the_user_hears_of_it_after_32_seconds() {
    let mut bench = Bench::new();
    let id = bench.start_on(flow(Udp), 5, INVITE);
    bench.until(100_000);
    assert_eq!(bench.moments(), [0, 500, 1500, 3500, 7500, 15_500, 31_500]);
    assert!(bench.sent.iter().all(|(_, copy)| copy == &bench.sent[0].1));
    assert!(matches!(bench.events[..], [(32_000, Expiry::Timeout { id: gone, user: 5 })] if gone == id));
    assert!(bench.layer.is_empty());
    assert_eq!(bench.layer.next_deadline(), None);
}

#[test]
fn any_provisional_stops_the_copies_and_the_invite_then_waits_without_end() {
    let mut bench = Bench::new();
    let id = bench.start_on(flow(Udp), 5, INVITE);
    let invite = bench.last();
    assert!(!bench.layer.has_provisional(id));
    assert_eq!(user(bench.answer(&invite, 100)), Some(5));
    assert!(bench.layer.has_provisional(id));
    assert_eq!(user(bench.answer(&invite, 180)), Some(5));
    assert_eq!(user(bench.answer(&invite, 180)), Some(5));
    bench.until(600_000);
    assert_eq!(bench.sent.len(), 1);
    assert!(bench.events.is_empty());
}

#[test]
fn a_stream_carries_one_copy_and_still_gives_up_after_32_seconds() {
    let mut bench = Bench::new();
    bench.start_on(flow(Tcp), 5, INVITE);
    bench.start_on(flow(Tcp), 6, OPTIONS);
    bench.until(100_000);
    assert_eq!(bench.moments(), [0, 0]);
    assert!(matches!(
        bench.events[..],
        [(32_000, Expiry::Timeout { user: 5, .. }), (32_000, Expiry::Timeout { user: 6, .. })]
    ));
}

#[test]
fn a_refusal_is_acked_on_the_invites_own_path_with_its_branch_and_the_to_of_the_refusal() {
    let mut bench = Bench::new();
    bench.start_on(flow(Udp), 5, INVITE);
    let invite = bench.last();
    assert_eq!(user(bench.answer(&invite, 486)), Some(5));
    let ack = bench.last();
    assert_eq!(ack.flow, invite.flow);
    assert!(text(&ack).starts_with("ACK urn:service:sos SIP/2.0\r\n"));
    assert_eq!(value(&ack, Name::CSeq), "17 ACK");
    assert_eq!(value(&ack, Name::To), "<urn:service:sos>;tag=theirs");
    for same in [Name::Via, Name::From, Name::CallId, Name::Route] {
        assert_eq!(value(&ack, same), value(&invite, same));
    }
    for absent in [Name::Require, Name::Contact] {
        assert_eq!(value(&ack, absent), "");
    }
    assert_eq!(value(&ack, Name::ContentLength), "0");
}

#[test]
fn a_repeated_refusal_is_acked_again_and_not_reported_again_for_32_seconds() {
    let mut bench = Bench::new();
    bench.start_on(flow(Udp), 5, INVITE);
    let invite = bench.last();
    bench.answer(&invite, 486);
    for millis in [500, 1500, 31_500] {
        bench.until(millis);
        assert_eq!(user(bench.answer(&invite, 486)), None);
    }
    let word = |millis: u64, word: &str| (millis, word.to_owned());
    let expected = [word(0, "INVITE"), word(0, "ACK"), word(500, "ACK"), word(1500, "ACK"), word(31_500, "ACK")];
    assert_eq!(bench.ladder(), expected);
    bench.until(32_000);
    assert!(bench.layer.is_empty());
    assert!(is_stray(&bench.answer(&invite, 486)));
}

#[test]
fn a_refusal_on_a_stream_is_acked_and_then_forgotten() {
    let mut bench = Bench::new();
    bench.start_on(flow(Tcp), 5, INVITE);
    let invite = bench.last();
    bench.answer(&invite, 503);
    assert!(text(&bench.last()).starts_with("ACK "));
    assert!(bench.layer.is_empty());
}

#[test]
fn every_copy_of_a_2xx_is_reported_for_32_seconds_and_none_is_acked_here() {
    let mut bench = Bench::new();
    bench.start_on(flow(Udp), 5, INVITE);
    let invite = bench.last();
    for millis in [1000, 1400, 2000, 30_000] {
        bench.until(millis);
        assert_eq!(user(bench.answer(&invite, 200)), Some(5));
    }
    let copies = bench.sent.iter().filter(|(_, sent)| text(sent).starts_with("ACK")).count();
    assert_eq!(copies, 0);
    assert_eq!(user(bench.answer(&invite, 180)), None);
    bench.until(33_000);
    assert!(bench.layer.is_empty());
    assert!(bench.events.is_empty());
}

#[test]
fn a_response_that_matches_nothing_is_dropped_whatever_call_it_names() {
    let mut bench = Bench::new();
    bench.start_on(flow(Udp), 5, INVITE);
    let invite = bench.last();
    let mut guessed = invite.clone();
    let branch = value(&invite, Name::Via).split("branch=").nth(1).unwrap()[..33].to_owned();
    let (kept, last) = branch.split_at(32);
    let other = if last == "0" { "1" } else { "0" };
    guessed.bytes = text(&invite).replace(&branch, &format!("{kept}{other}")).into();
    assert!(is_stray(&bench.answer(&guessed, 200)));
    guessed.bytes = text(&invite).replace(&branch, "z9hG4bK-of-somebody-else").into();
    assert!(is_stray(&bench.answer(&guessed, 200)));
    assert_eq!(user(bench.answer(&invite, 200)), Some(5));
}

#[test]
fn a_response_with_a_second_via_or_another_method_is_dropped() {
    let mut bench = Bench::new();
    bench.start_on(flow(Udp), 5, INVITE);
    let invite = bench.last();
    let mut other = invite.clone();
    other.bytes = text(&invite).replace("17 INVITE", "17 BYE").into();
    assert!(is_stray(&bench.answer(&other, 200)));
    other.bytes = text(&invite).replace("\r\nRoute", "\r\nVia: SIP/2.0/UDP 192.0.2.50\r\nRoute").into();
    assert!(is_stray(&bench.answer(&other, 200)));
    assert_eq!(user(bench.answer(&invite, 200)), Some(5));
}

#[test]
fn a_200_to_a_cancel_never_ends_the_invite() {
    let mut bench = Bench::new();
    let id = bench.start_on(flow(Udp), 5, INVITE);
    let invite = bench.last();
    bench.answer(&invite, 180);
    bench.cancel(id, None);
    let cancel = bench.last();
    assert_eq!(value(&cancel, Name::Via), value(&invite, Name::Via));
    assert_eq!(user(bench.answer(&cancel, 200)), None);
    assert_eq!(user(bench.answer(&invite, 487)), Some(5));
    assert!(text(&bench.last()).starts_with("ACK "));
}

#[test]
fn a_cancel_says_what_its_invite_said_and_why() {
    let mut bench = Bench::new();
    let id = bench.start_on(flow(Udp), 5, INVITE);
    let invite = bench.last();
    bench.answer(&invite, 180);
    bench.cancel(id, Some("SIP;cause=200;text=\"Call completed elsewhere\""));
    let cancel = bench.last();
    assert_eq!(cancel.flow, invite.flow);
    assert!(text(&cancel).starts_with("CANCEL urn:service:sos SIP/2.0\r\n"));
    for same in [Name::Via, Name::From, Name::To, Name::CallId, Name::Route] {
        assert_eq!(value(&cancel, same), value(&invite, same));
    }
    assert_eq!(value(&cancel, Name::CSeq), "17 CANCEL");
    assert_eq!(value(&cancel, Name::Require), "");
    assert_eq!(value(&cancel, Name::Reason), "SIP;cause=200;text=\"Call completed elsewhere\"");
}

#[test]
fn a_cancel_before_any_answer_waits_for_the_first_provisional_and_ends_the_copies() {
    let mut bench = Bench::new();
    let id = bench.start_on(flow(Udp), 5, INVITE);
    let invite = bench.last();
    bench.until(600);
    bench.cancel(id, None);
    bench.cancel(id, Some("SIP;cause=200"));
    bench.until(9000);
    assert_eq!(bench.moments(), [0, 500]);
    assert_eq!(user(bench.answer(&invite, 100)), Some(5));
    assert_eq!(bench.ladder().last(), Some(&(9000, "CANCEL".to_owned())));
    assert_eq!(value(&bench.last(), Name::Reason), "SIP;cause=200");
    // Asked twice, it leaves once.
    bench.cancel(id, None);
    assert_eq!(bench.sent.len(), 3);
}

#[test]
fn a_cancel_that_waits_for_a_provisional_never_leaves_when_the_call_is_answered_instead() {
    let mut bench = Bench::new();
    let id = bench.start_on(flow(Udp), 5, INVITE);
    let invite = bench.last();
    bench.cancel(id, None);
    assert_eq!(user(bench.answer(&invite, 200)), Some(5));
    bench.until(100_000);
    assert_eq!(bench.sent.len(), 1);
}

#[test]
fn an_unanswered_cancel_is_repeated_and_the_invite_is_given_up_32_seconds_after_it() {
    let mut bench = Bench::new();
    let id = bench.start_on(flow(Udp), 5, INVITE);
    let invite = bench.last();
    bench.answer(&invite, 180);
    bench.until(10_000);
    bench.cancel(id, None);
    bench.until(12_000);
    let cancels: Vec<_> = bench.ladder().into_iter().filter(|(_, word)| word == "CANCEL").map(|(at, _)| at).collect();
    assert_eq!(cancels, [10_000, 10_500, 11_500]);
    let cancel = bench.last();
    assert_eq!(user(bench.answer(&cancel, 200)), None);
    bench.until(100_000);
    assert_eq!(bench.last(), cancel);
    assert!(matches!(bench.events[..], [(42_000, Expiry::Timeout { user: 5, .. })]));
    assert!(bench.layer.is_empty());
}

#[test]
fn a_quieted_invite_is_not_repeated_and_its_late_answer_is_still_reported() {
    let mut bench = Bench::new();
    let id = bench.start_on(flow(Udp), 5, INVITE);
    let invite = bench.last();
    bench.layer.quiet(id);
    bench.until(20_000);
    assert_eq!(bench.moments(), [0]);
    assert_eq!(user(bench.answer(&invite, 183)), Some(5));
}

#[test]
fn other_requests_over_udp_are_repeated_in_pauses_up_to_4_seconds() {
    let mut bench = Bench::new();
    bench.start_on(flow(Udp), 6, OPTIONS);
    bench.until(100_000);
    assert_eq!(bench.moments(), [0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
    assert!(matches!(bench.events[..], [(32_000, Expiry::Timeout { user: 6, .. })]));
}

#[test]
fn a_final_response_to_another_request_is_reported_once() {
    let mut bench = Bench::new();
    bench.start_on(flow(Udp), 6, OPTIONS);
    let options = bench.last();
    assert_eq!(user(bench.answer(&options, 200)), Some(6));
    bench.until(4000);
    assert_eq!(user(bench.answer(&options, 200)), None);
    bench.until(5000);
    assert_eq!(bench.sent.len(), 1);
    assert!(bench.layer.is_empty());
}

#[test]
fn a_forgotten_request_says_nothing_more_and_a_name_is_good_for_one_request() {
    let mut bench = Bench::new();
    let id = bench.start_on(flow(Udp), 5, INVITE);
    let invite = bench.last();
    bench.layer.forget(id);
    let reserved = bench.layer.reserve(9, &mut bench.entropy);
    assert!(is_stray(&bench.answer(&invite, 200)));
    bench.layer.forget(id);
    assert_eq!(bench.layer.len(), 1);
    bench.layer.forget(reserved);
    bench.until(100_000);
    assert_eq!(bench.sent.len(), 1);
    assert!(bench.events.is_empty());
}

#[test]
fn an_unreachable_peer_names_the_requests_that_wait_for_it() {
    let mut bench = Bench::new();
    let waiting = bench.start_on(flow(Udp), 1, INVITE);
    bench.start_on(flow(Udp), 2, OPTIONS);
    let answered = bench.last();
    bench.answer(&answered, 200);
    bench.start_on(flow(Tcp), 3, INVITE);
    let elsewhere = callbox::sip::flow::Flow { peer: "192.0.2.98:5070".parse().unwrap(), ..flow(Udp) };
    bench.start_on(elsewhere, 4, INVITE);
    assert_eq!(bench.layer.waiting_on(&flow(Udp)), [(waiting, 1)]);
    assert_eq!(bench.layer.waiting_on(&flow(Tcp)).len(), 1);
    let another = callbox::sip::flow::Flow { connection: Some(8), ..flow(Tcp) };
    assert!(bench.layer.waiting_on(&another).is_empty());
}

#[test]
fn a_stream_opened_for_the_invite_carries_the_ack_as_well() {
    let mut bench = Bench::new();
    let unopened = callbox::sip::flow::Flow { connection: None, ..flow(Tcp) };
    bench.start_on(unopened, 5, INVITE);
    let mut invite = bench.last();
    invite.flow = flow(Tcp);
    assert_eq!(user(bench.answer(&invite, 603)), Some(5));
    assert_eq!(bench.last().flow, flow(Tcp));
}

#[test]
fn a_cancel_after_the_connection_broke_goes_to_the_same_address_on_a_new_one() {
    let mut bench = Bench::new();
    let id = bench.start_on(flow(Tcp), 5, INVITE);
    let invite = bench.last();
    bench.answer(&invite, 180);
    bench.layer.closed(&flow(Tcp));
    bench.cancel(id, None);
    assert_eq!(bench.last().flow, callbox::sip::flow::Flow { connection: None, ..flow(Tcp) });
}

#[test]
fn what_is_no_sip_request_is_sent_as_it_is_and_acks_nothing() {
    let mut bench = Bench::new();
    let id = bench.start_on(flow(Udp), 5, "INVITE");
    bench.cancel(id, None);
    bench.until(100_000);
    assert!(matches!(bench.events[..], [(32_000, Expiry::Timeout { .. })]));
    let response = read("SIP/2.0 200 OK\nVia: SIP/2.0/UDP 192.0.2.1;branch=\nCSeq: 1 INVITE\n\n");
    assert!(is_stray(&bench.receive_on(flow(Udp), response)));
    assert!(Message::read(bench.last().bytes).is_err());
}
