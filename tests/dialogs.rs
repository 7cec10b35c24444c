//! What a peer sees of our requests in a dialog, and what we make of its own (RFC 3261 §12).
use bytes::{Bytes, BytesMut};
use callbox::sip::dialog::{Dialog, Sequence};
use callbox::sip::flow::{Flow, Transport};
use callbox::sip::message::{Message, Method, Name, Writer};

fn flow() -> Flow {
    Flow {
        transport: Transport::Udp,
        local: "192.0.2.1:5060".parse().unwrap(),
        peer: "192.0.2.99:5070".parse().unwrap(),
        connection: None,
    }
}

fn read(text: &str) -> Message {
    Message::read(Bytes::from(text.replace('\n', "\r\n"))).unwrap()
}

const THEIRS: &str = "INVITE sip:911@192.0.2.1 SIP/2.0
Via: SIP/2.0/UDP 192.0.2.99:5070;branch=z9hG4bK1
Record-Route: <sip:one.example;lr>, <sip:two.example;lr>
Record-Route: <sip:three.example;lr>
From: \"Room 4\" <sip:4117@pbx.example>;tag=theirs
To: <sip:911@192.0.2.1>
Call-ID: abc@pbx.example
CSeq: 100 INVITE
Contact: <sip:4117@192.0.2.99:5070>

";

const OURS: &str = "INVITE urn:service:sos SIP/2.0
Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK2
From: <sip:0123@192.0.2.1>;tag=ours
To: <urn:service:sos>
Call-ID: def@192.0.2.1
CSeq: 7 INVITE
Contact: <sip:0123@192.0.2.1>

";

const ANSWER: &str = "SIP/2.0 180 Ringing
Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK2
Record-Route: <sip:near.example;lr>, <sip:middle.example;lr>
Record-Route: <sip:far.example;lr>
From: <sip:0123@192.0.2.1>;tag=ours
To: <urn:service:sos>;tag=psap
Call-ID: def@192.0.2.1
CSeq: 7 INVITE
Contact: <sip:desk@psap.example>

";

fn answering(invite: &str) -> Dialog {
    Dialog::answering(&read(invite), b"ours", flow()).unwrap()
}

fn calling(answer: &str) -> Dialog {
    Dialog::calling(&read(OURS), &read(answer), flow()).unwrap()
}

fn finish(out: Writer) -> Message {
    Message::read(out.finish(None)).unwrap()
}

fn request(dialog: &mut Dialog, method: Method) -> Message {
    finish(dialog.request(BytesMut::new(), method, "z9hG4bKnext"))
}

fn line(message: &Message) -> String {
    text(message).lines().next().unwrap().to_owned()
}

fn text(message: &Message) -> String {
    String::from_utf8(message.bytes().to_vec()).unwrap()
}

fn routes(message: &Message) -> Vec<String> {
    message.list(Name::Route).map(|route| String::from_utf8(route.to_vec()).unwrap()).collect()
}

fn value(message: &Message, name: Name) -> String {
    String::from_utf8(message.value(name).unwrap_or_default().to_vec()).unwrap()
}

#[test]
fn the_two_legs_of_a_call_share_no_name() {
    let (caller, answerer) = (answering(THEIRS), calling(ANSWER));
    assert!(caller.is_between(b"abc@pbx.example", b"ours", b"theirs"));
    assert!(answerer.is_between(b"def@192.0.2.1", b"ours", b"psap"));
    assert!(!caller.is_between(b"abc@pbx.example", b"theirs", b"ours"));
    assert!(!caller.is_between(b"abc@pbx.example", b"ours", b""));
    assert_ne!(caller.call_id(), answerer.call_id());
    assert_eq!((caller.local_cseq(), answerer.local_cseq()), (0, 7));
}

#[test]
fn the_answerers_route_set_is_the_record_route_in_order() {
    let bye = request(&mut answering(THEIRS), Method::Bye);
    assert_eq!(routes(&bye), ["<sip:one.example;lr>", "<sip:two.example;lr>", "<sip:three.example;lr>"]);
    assert_eq!(line(&bye), "BYE sip:4117@192.0.2.99:5070 SIP/2.0");
}

#[test]
fn the_callers_route_set_is_the_record_route_reversed_and_the_2xx_decides() {
    let mut dialog = calling(ANSWER);
    let prack = request(&mut dialog, Method::Prack);
    assert_eq!(routes(&prack), ["<sip:far.example;lr>", "<sip:middle.example;lr>", "<sip:near.example;lr>"]);
    assert_eq!(line(&prack), "PRACK sip:desk@psap.example SIP/2.0");
    let answer =
        ANSWER.replace("180 Ringing", "200 OK").replace("desk@", "seat9@").replace("<sip:near.example;lr>, ", "");
    dialog.confirm(&read(&answer));
    let bye = request(&mut dialog, Method::Bye);
    assert_eq!(routes(&bye), ["<sip:far.example;lr>", "<sip:middle.example;lr>"]);
    assert_eq!(line(&bye), "BYE sip:seat9@psap.example SIP/2.0");
    assert_eq!(value(&bye, Name::CSeq), "9 BYE");
    assert!(dialog.is_between(b"def@192.0.2.1", b"ours", b"psap"));
}

#[test]
fn a_request_names_both_ends_as_the_invite_did_and_counts_on() {
    let mut dialog = answering(THEIRS);
    let first = request(&mut dialog, Method::Info);
    assert_eq!(value(&first, Name::From), "<sip:911@192.0.2.1>;tag=ours");
    assert_eq!(value(&first, Name::To), "\"Room 4\" <sip:4117@pbx.example>;tag=theirs");
    assert_eq!(value(&first, Name::CallId), "abc@pbx.example");
    assert_eq!(value(&first, Name::MaxForwards), "70");
    assert_eq!(value(&first, Name::Via), "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKnext;rport");
    assert_eq!(value(&first, Name::CSeq), "1 INFO");
    let second = finish(dialog.other_request(BytesMut::new(), b"NOVEL", "z9hG4bKnext"));
    assert_eq!(line(&second), "NOVEL sip:4117@192.0.2.99:5070 SIP/2.0");
    assert_eq!(value(&second, Name::CSeq), "2 NOVEL");
}

#[test]
fn a_strict_router_gets_the_request_and_the_target_comes_last() {
    let invite = THEIRS.replace("<sip:one.example;lr>", "<sip:one.example?Subject=x>");
    let bye = request(&mut answering(&invite), Method::Bye);
    assert_eq!(line(&bye), "BYE sip:one.example SIP/2.0");
    assert_eq!(routes(&bye), ["<sip:two.example;lr>", "<sip:three.example;lr>", "<sip:4117@192.0.2.99:5070>"]);
}

#[test]
fn without_a_route_set_there_is_no_route() {
    let bye = request(&mut answering(&THEIRS.replace("Record-Route", "X-Route")), Method::Bye);
    assert!(routes(&bye).is_empty());
    assert_eq!(line(&bye), "BYE sip:4117@192.0.2.99:5070 SIP/2.0");
}

#[test]
fn a_lower_cseq_is_old_and_gaps_are_fine() {
    let mut dialog = answering(THEIRS);
    assert_eq!(dialog.sequence(99), Sequence::Old);
    assert_eq!(dialog.sequence(101), Sequence::Fresh);
    assert_eq!(dialog.sequence(5000), Sequence::Fresh);
    assert_eq!(dialog.sequence(4999), Sequence::Old);
    assert_eq!(dialog.sequence(5000), Sequence::Fresh);
    let mut dialog = calling(ANSWER);
    assert_eq!(dialog.sequence(0), Sequence::Fresh);
}

#[test]
fn a_target_refresh_moves_the_target_and_nothing_else() {
    let mut dialog = answering(THEIRS);
    dialog.retarget(&read(&THEIRS.replace("4117@192.0.2.99:5070>\n\n", "4117@192.0.2.97:5090>\n\n")));
    assert_eq!(dialog.remote_target(), b"sip:4117@192.0.2.97:5090");
    let bye = request(&mut dialog, Method::Bye);
    assert_eq!(line(&bye), "BYE sip:4117@192.0.2.97:5090 SIP/2.0");
    assert_eq!(routes(&bye).len(), 3);
    dialog.retarget(&read(&THEIRS.replace("Contact", "X-Contact")));
    assert_eq!(dialog.remote_target(), b"sip:4117@192.0.2.97:5090");
}

#[test]
fn the_ack_to_a_2xx_has_the_invites_number_and_a_branch_of_its_own() {
    let dialog = calling(&ANSWER.replace("180 Ringing", "200 OK"));
    let ack = finish(dialog.ack(BytesMut::new(), 7, "z9hG4bKack"));
    assert_eq!(line(&ack), "ACK sip:desk@psap.example SIP/2.0");
    assert_eq!(value(&ack, Name::CSeq), "7 ACK");
    assert!(value(&ack, Name::Via).contains(";branch=z9hG4bKack"));
    assert_eq!(value(&ack, Name::To), "<urn:service:sos>;tag=psap");
    assert_eq!(routes(&ack).len(), 3);
    assert_eq!(dialog.local_cseq(), 7);
}

#[test]
fn an_answer_without_a_contact_or_a_tag_does_not_lose_the_call() {
    let bare = ANSWER.replace("180 Ringing", "200 OK").replace("Contact", "X-Contact").replace(";tag=psap", "");
    let mut dialog = calling(&bare);
    assert!(dialog.is_between(b"def@192.0.2.1", b"ours", b""));
    assert_eq!(line(&request(&mut dialog, Method::Bye)), "BYE urn:service:sos SIP/2.0");
    let trying = ANSWER.replace("180 Ringing", "100 Trying").replace(";tag=psap", "");
    assert!(Dialog::calling(&read(OURS), &read(&trying), flow()).is_none());
}

#[test]
fn a_caller_without_a_contact_is_reached_at_its_from() {
    let dialog = answering(&THEIRS.replace("Contact", "X-Contact"));
    assert_eq!(dialog.remote_target(), b"sip:4117@pbx.example");
}

#[test]
fn an_invite_without_the_names_of_a_dialog_makes_none() {
    for header in ["From", "Call-ID", "CSeq"] {
        let invite = THEIRS.replace(&format!("\n{header}:"), "\nX-Gone:");
        assert!(Dialog::answering(&read(&invite), b"ours", flow()).is_none(), "{header}");
    }
}

#[test]
fn an_invite_without_a_to_was_for_its_request_uri() {
    let mut dialog = answering(&THEIRS.replace("\nTo:", "\nX-Gone:"));
    let request = request(&mut dialog, Method::Bye);
    assert_eq!(request.value(Name::From), Some(&b"<sip:911@192.0.2.1>;tag=ours"[..]));
}

#[test]
fn folded_values_are_written_on_one_line() {
    let invite = THEIRS.replace("\"Room 4\" <", "\"Room 4\"\n <").replace("lr>, <sip:two", "lr>,\n <sip:two");
    let bye = request(&mut answering(&invite), Method::Bye);
    assert_eq!(value(&bye, Name::To), "\"Room 4\" <sip:4117@pbx.example>;tag=theirs");
    assert_eq!(routes(&bye).len(), 3);
    assert!(!text(&bye).contains("\r\n "));
}

/// Where a dialog's requests go when the peer's Contact or first route is this.
fn hop(invite: &str) -> (Transport, String, Option<u64>) {
    let hop = answering(invite).next_hop();
    (hop.transport, hop.peer.to_string(), hop.connection)
}

#[test]
fn requests_go_to_the_next_hop_when_it_is_a_number_and_else_to_the_peer() {
    use Transport::{Tcp, Udp};
    let plain = THEIRS.replace("Record-Route", "X-Route");
    let contact = |uri: &str| plain.replace("sip:4117@192.0.2.99:5070>", &format!("{uri}>"));
    let cases = [
        (THEIRS.to_owned(), Udp, "192.0.2.99:5070"),
        (plain.clone(), Udp, "192.0.2.99:5070"),
        (contact("sip:4117@203.0.113.5"), Udp, "203.0.113.5:5060"),
        (contact("sip:4117@203.0.113.5:5080;transport=TCP"), Tcp, "203.0.113.5:5080"),
        (contact("sip:4117@203.0.113.5;transport=tls"), Udp, "192.0.2.99:5070"),
        (contact("sips:4117@203.0.113.5"), Udp, "192.0.2.99:5070"),
        (contact("sip:4117@[2001:db8::5]"), Udp, "192.0.2.99:5070"),
        (contact("sip:4117@10.0.0.5:5080"), Udp, "192.0.2.99:5070"),
        (contact("sip:4117@0.0.0.0"), Udp, "192.0.2.99:5070"),
        (contact("sip:4117@phone.example"), Udp, "192.0.2.99:5070"),
        (THEIRS.replace("sip:one.example", "sip:203.0.113.7:5090"), Udp, "203.0.113.7:5090"),
    ];
    for (invite, transport, peer) in cases {
        assert_eq!(hop(&invite), (transport, peer.to_owned(), None), "{invite}");
    }
}

#[test]
fn an_open_stream_from_the_same_machine_is_used_again() {
    let stream = Flow { transport: Transport::Tcp, connection: Some(3), ..flow() };
    let plain = THEIRS.replace("Record-Route", "X-Route").replace("99:5070>\n\n", "99:5060;transport=tcp>\n\n");
    let dialog = Dialog::answering(&read(&plain), b"ours", stream).unwrap();
    assert_eq!(dialog.next_hop(), stream);
    let elsewhere = Dialog::answering(&read(&plain.replace("4117@192.0.2.99", "4117@203.0.113.5")), b"ours", stream);
    assert_eq!(elsewhere.unwrap().next_hop().connection, None);
}

#[test]
fn our_address_of_the_sixth_version_stands_in_brackets_without_a_scope() {
    let local = core::net::SocketAddrV6::new("fe80::1".parse().unwrap(), 5060, 0, 2).into();
    let six = Flow { local, peer: "[fe80::2]:5060".parse().unwrap(), ..flow() };
    let mut dialog = Dialog::answering(&read(THEIRS), b"ours", six).unwrap();
    let via = value(&request(&mut dialog, Method::Bye), Name::Via);
    assert_eq!(via, "SIP/2.0/UDP [fe80::1]:5060;branch=z9hG4bKnext;rport");
}

#[test]
fn a_dialog_is_small() {
    let text = [THEIRS, "ours"].concat().len();
    assert!(core::mem::size_of::<Dialog>() <= 192, "{}", core::mem::size_of::<Dialog>());
    assert!(core::mem::size_of::<Dialog>() + text < 700);
}
