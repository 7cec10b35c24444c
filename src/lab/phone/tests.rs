//! What a router sees of the phone, message by message.
use super::{Act, Outcome, Phone, Wanted};
use crate::base::entropy::Entropy;
use crate::base::now::Mono;
use crate::lab::message::Message;
use crate::lab::reply::reply;
use crate::lab::{own_codec, sdp};
use crate::sip::flow::{Flow, Transport};
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::time::Duration;

const fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

const fn millis(millis: u64) -> Mono {
    Mono::from_micros(millis * 1000)
}

/// The phone, and the router's side of its call.
struct World {
    phone: Phone,
    invite: Message,
}

impl World {
    fn new(change: impl FnOnce(&mut Wanted)) -> World {
        let mut wanted = Wanted {
            number: "911".into(),
            from: "4117".into(),
            talk: Duration::from_secs(2),
            cancel_after: None,
            headers: Vec::new(),
            token: None,
            keys: String::new(),
            ipv6: false,
        };
        change(&mut wanted);
        let flow = Flow { transport: Transport::Udp, local: loopback(45_000), peer: loopback(5060), connection: None };
        let mut phone = Phone::new(wanted, flow, loopback(46_000), Entropy::seeded([1; 32]));
        let invite = sent(&phone.dial(millis(0))).remove(0);
        World { phone, invite }
    }

    fn hear(&mut self, at: u64, message: Message) -> Vec<Act> {
        let heard = own_codec::read(own_codec::write(&message)).unwrap();
        self.phone.hear(millis(at), &heard)
    }

    /// A response to one of the phone's requests.
    fn respond(&mut self, at: u64, to: &Message, code: u16) -> Vec<Act> {
        let request = own_codec::read(own_codec::write(to)).unwrap();
        let response = reply(&request, code, "router", loopback(45_000)).with("Contact", "<sip:here@127.0.0.1:5060>");
        let with_sdp = to.method() == "INVITE" && code == 200;
        self.hear(at, if with_sdp { response.with_sdp(sdp::offer(loopback(47_000), 1)) } else { response })
    }

    /// A request of the router inside the call.
    fn request(&mut self, at: u64, method: &str, sdp: Option<String>) -> Vec<Act> {
        let request = Message::request(method, "sip:4117@127.0.0.1:45000")
            .with("Via", format!("SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK{method}"))
            .with("From", "<sip:911@127.0.0.1:5060>;tag=router")
            .with("To", self.invite.field("From").unwrap().to_owned())
            .with("Call-ID", self.invite.field("Call-ID").unwrap().to_owned())
            .with("Contact", "<sip:here@127.0.0.1:5060>")
            .with("CSeq", format!("7 {method}"));
        self.hear(at, sdp.into_iter().fold(request, Message::with_sdp))
    }

    fn answered() -> World {
        let mut world = World::new(|_| {});
        let invite = world.invite.clone();
        world.respond(10, &invite, 180);
        let acts = world.respond(100, &invite, 200);
        assert_eq!(sent(&acts)[0].method(), "ACK");
        world
    }
}

fn sent(acts: &[Act]) -> Vec<Message> {
    let message = |act: &Act| match act {
        Act::Send(message, _) => Some(message.clone()),
        _ => None,
    };
    acts.iter().filter_map(message).collect()
}

fn outcome(acts: &[Act]) -> Option<&Outcome> {
    acts.iter().find_map(|act| if let Act::Done(outcome) = act { Some(outcome) } else { None })
}

#[test]
fn an_invite_that_nobody_answers_is_repeated_six_times_and_given_up_after_32_seconds() {
    let mut world = World::new(|_| {});
    let mut copies = Vec::new();
    let acts = loop {
        let now = world.phone.due().unwrap();
        let acts = world.phone.wake(now);
        match &acts[..] {
            [Act::Again(bytes)] => {
                assert_eq!(own_codec::read(bytes.clone()).unwrap().message, world.invite);
                copies.push(now.as_micros() / 1000);
            }
            _ => break acts,
        }
    };
    assert_eq!(copies, [500, 1500, 3500, 7500, 15_500, 31_500]);
    assert_eq!(outcome(&acts), Some(&Outcome::Silence));
}

#[test]
fn an_answer_that_comes_again_is_acknowledged_again_with_the_same_bytes() {
    let mut world = World::new(|_| {});
    let invite = world.invite.clone();
    let first = world.respond(100, &invite, 200);
    let Act::Send(ack, bytes) = &first[0] else { panic!("{first:?}") };
    assert_eq!((ack.method(), ack.uri()), ("ACK", "sip:here@127.0.0.1:5060"));
    assert_eq!(world.respond(600, &invite, 200), [Act::Again(bytes.clone())]);
}

#[test]
fn an_answer_that_crosses_the_cancel_is_acknowledged_and_hung_up() {
    let mut world = World::new(|wanted| wanted.cancel_after = Some(Duration::from_millis(50)));
    let invite = world.invite.clone();
    world.respond(10, &invite, 180);
    let cancel = sent(&world.phone.wake(millis(50))).remove(0);
    assert_eq!((cancel.method(), cancel.field("Via")), ("CANCEL", invite.field("Via")));
    let sent = sent(&world.respond(60, &invite, 200));
    assert_eq!([sent[0].method(), sent[1].method()], ["ACK", "BYE"]);
    let end = world.respond(70, &sent[1], 200);
    assert!(matches!(outcome(&end), Some(Outcome::Answered { .. })));
}

#[test]
fn a_refusal_is_acknowledged_in_its_own_transaction_and_ends_the_call() {
    let mut world = World::new(|_| {});
    let invite = world.invite.clone();
    let acts = world.respond(10, &invite, 503);
    let ack = sent(&acts).remove(0);
    assert_eq!((ack.method(), ack.uri(), ack.field("Via")), ("ACK", invite.uri(), invite.field("Via")));
    assert!(ack.field("To").is_some_and(|to| to.ends_with(";tag=router")));
    assert_eq!(outcome(&acts), Some(&Outcome::Refused(503, "Service Unavailable".into())));
}

#[test]
fn a_bye_from_the_far_side_is_answered_and_ends_the_call() {
    let mut world = World::answered();
    let acts = world.request(1100, "BYE", None);
    assert_eq!(sent(&acts)[0].code(), 200);
    let expected =
        Outcome::Answered { after: Duration::from_millis(100), talked: Duration::from_secs(1), by_far_side: true };
    assert_eq!(outcome(&acts), Some(&expected));
}

#[test]
fn a_new_offer_is_answered_until_its_ack_and_moves_the_sound() {
    let mut world = World::answered();
    let acts = world.request(200, "INVITE", Some(sdp::offer(loopback(48_000), 2)));
    let answer = sent(&acts).remove(0);
    assert_eq!((answer.code(), sdp::audio_of(&answer.body)), (200, Some(loopback(46_000))));
    assert!(acts.contains(&Act::Play(Some(loopback(48_000)))));
    assert!(matches!(&world.phone.wake(millis(700))[..], [Act::Again(_)]));
    world.request(710, "ACK", None);
    assert!(world.phone.wake(millis(1700)).is_empty());
}

#[test]
fn what_the_phone_cannot_do_is_refused_and_what_it_knows_is_not() {
    let mut world = World::answered();
    let code = |acts: &[Act]| sent(acts)[0].code();
    assert_eq!(code(&world.request(200, "REFER", None)), 405);
    assert_eq!(code(&world.request(210, "INFO", None)), 200);
    assert_eq!(code(&world.request(220, "OPTIONS", None)), 200);
    assert_eq!(code(&world.request(230, "UPDATE", Some("v=0\r\nm=audio 1 RTP/AVP 9\r\n".into()))), 488);
}

#[test]
fn the_invite_shows_the_extension_the_token_and_the_headers_that_were_asked_for() {
    let world = World::new(|wanted| {
        wanted.token = Some("t0ken".into());
        wanted.headers = vec![("Privacy".into(), "id".into()), ("user-agent".into(), "mine".into())];
    });
    let invite = &world.invite;
    assert_eq!(invite.uri(), "sip:911@127.0.0.1:5060");
    assert_eq!(invite.field("P-Asserted-Identity"), Some("<sip:4117@127.0.0.1>"));
    assert_eq!(invite.field("Geolocation"), Some("<https://callbox.example/location/t0ken>"));
    assert_eq!(invite.field("Privacy"), Some("id"));
    assert_eq!(invite.fields_of("User-Agent").collect::<Vec<_>>(), ["mine"]);
}
