//! What a caller sees of a far end, message by message.
use super::{Do, Order, Uas};
use crate::base::entropy::Entropy;
use crate::base::now::Mono;
use crate::lab::message::{Codec, Heard, Message};
use crate::lab::temper::Temper;
use crate::lab::{own_codec, sdp};
use crate::sip::flow::{Flow, Transport};
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::time::Duration;

const HERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 5070);
const CALLER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 5060);
const MEDIA: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 40_000);

/// An end, and the caller's side of one call to it.
struct World {
    uas: Uas,
    now: Mono,
    flow: Flow,
    tag: String,
}

impl World {
    fn new(temper: Temper, transport: Transport) -> World {
        let uas = Uas::new(Codec::Own, temper, true, Entropy::seeded([7; 32]));
        let flow = Flow { transport, local: HERE, peer: CALLER, connection: None };
        World { uas, now: Mono::default(), flow, tag: String::new() }
    }

    fn request(&self, method: &str, cseq: u32, branch: &str, sdp: Option<String>) -> Heard {
        let tag = if self.tag.is_empty() { String::new() } else { format!(";tag={}", self.tag) };
        let request = Message::request(method, "sip:911@127.0.0.1:5070")
            .with("Via", format!("SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK{branch}"))
            .with("From", "<sip:a@127.0.0.1>;tag=caller")
            .with("To", format!("<sip:911@127.0.0.1>{tag}"))
            .with("Call-ID", "one")
            .with("Contact", "<sip:c@127.0.0.1:5060>")
            .with("CSeq", format!("{cseq} {}", if method == "CANCEL" { "INVITE" } else { method }));
        let request = match sdp {
            Some(sdp) => request.with_sdp(sdp),
            None => request,
        };
        own_codec::read(own_codec::write(&request)).unwrap()
    }

    /// Says something and gives what comes back.
    fn say(&mut self, method: &str, cseq: u32, branch: &str, sdp: Option<String>) -> Vec<Message> {
        let heard = self.request(method, cseq, branch, sdp);
        let media = self.uas.wants_media(&heard).then_some(MEDIA);
        let todo = self.uas.hear(self.now, self.flow, &heard, media);
        self.sent(todo)
    }

    /// Lets time pass up to the next thing that happens, and gives when and what that is.
    fn next(&mut self) -> Option<(u64, Vec<Message>)> {
        self.now = self.uas.due()?;
        let todo = self.uas.wake(self.now);
        Some((self.now.as_micros() / 1000, self.sent(todo)))
    }

    fn sent(&mut self, todo: Vec<Do>) -> Vec<Message> {
        let mut sent = Vec::new();
        for one in todo {
            if let Do::Send(flow, bytes) = one {
                assert_eq!(flow.peer, CALLER);
                let heard = own_codec::read(bytes).unwrap();
                if let (true, Some(tag)) = (heard.cseq_method == "INVITE", &heard.to_tag) {
                    self.tag.clone_from(tag);
                }
                sent.push(heard.message);
            }
        }
        sent
    }
}

fn codes(sent: &[Message]) -> Vec<u16> {
    sent.iter().map(Message::code).collect()
}

fn offer() -> Option<String> {
    Some(sdp::offer(SocketAddr::new(CALLER.ip(), 30_000), 1))
}

#[test]
fn an_end_rings_then_answers_and_repeats_its_answer_until_the_ack() {
    let mut world = World::new(Temper::ANSWERS, Transport::Udp);
    assert!(world.say("INVITE", 1, "a", offer()).is_empty());
    let steps: Vec<(u64, Vec<u16>)> =
        (0..4).map(|_| world.next().map(|(at, sent)| (at, codes(&sent))).unwrap()).collect();
    assert_eq!(steps, [(50, vec![180]), (250, vec![200]), (750, vec![200]), (1750, vec![200])]);
    assert!(world.say("ACK", 1, "b", None).is_empty());
    assert_eq!(world.next(), None);
}

#[test]
fn an_answer_without_an_ack_is_repeated_on_streams_too_and_ends_in_a_bye_after_32_seconds() {
    for transport in [Transport::Udp, Transport::Tcp] {
        let mut world = World::new(Temper::ANSWERS_AT_ONCE, transport);
        assert_eq!(codes(&world.say("INVITE", 1, "a", offer())), [200]);
        let mut answers = 1;
        let (at, bye) = loop {
            let (at, sent) = world.next().unwrap();
            if sent[0].code() == 0 {
                break (at, sent);
            }
            answers += 1;
        };
        assert_eq!((at, answers, bye[0].method()), (32_000, 11, "BYE"));
        assert_eq!(bye[0].uri(), "sip:c@127.0.0.1:5060");
    }
}

#[test]
fn a_repeated_invite_gets_the_last_response_again() {
    let mut world = World::new(Temper::RINGS, Transport::Udp);
    let first = world.say("INVITE", 1, "a", offer());
    assert_eq!(codes(&first), [180]);
    world.tag.clear();
    assert_eq!(world.say("INVITE", 1, "a", offer()), first);
}

#[test]
fn a_cancel_is_answered_and_the_invite_terminated_and_that_repeated_until_the_ack() {
    let mut world = World::new(Temper::RINGS, Transport::Udp);
    world.say("INVITE", 1, "a", offer());
    let tag = core::mem::take(&mut world.tag);
    assert_eq!(codes(&world.say("CANCEL", 1, "a", None)), [200, 487]);
    assert_eq!(world.next().map(|(at, sent)| (at, codes(&sent))), Some((500, vec![487])));
    world.tag = tag;
    assert!(world.say("ACK", 1, "a", None).is_empty());
    assert_eq!(world.next(), Some((32_500, vec![])), "it is forgotten and nothing more is sent");
}

#[test]
fn a_cancel_after_the_answer_changes_nothing_and_one_for_nothing_gets_481() {
    let mut world = World::new(Temper::ANSWERS_AT_ONCE, Transport::Udp);
    world.say("INVITE", 1, "a", offer());
    world.say("ACK", 1, "b", None);
    world.tag.clear();
    assert_eq!(codes(&world.say("CANCEL", 1, "a", None)), [200]);
    assert_eq!(codes(&world.say("CANCEL", 1, "other", None)), [481]);
    assert_eq!(world.next(), None);
}

#[test]
fn a_held_call_is_answered_receive_only_and_the_answer_has_a_later_version() {
    let mut world = World::new(Temper::ANSWERS_AT_ONCE, Transport::Udp);
    world.say("INVITE", 1, "a", offer());
    world.say("ACK", 1, "b", None);
    let held = offer().map(|sdp| sdp.replace("sendrecv", "sendonly"));
    let answer = world.say("INVITE", 2, "c", held).remove(0);
    let body = String::from_utf8(answer.body.to_vec()).unwrap();
    assert_eq!(answer.code(), 200);
    assert!(body.contains("o=lab 40000 2 ") && body.contains("a=recvonly"), "{body}");
    let nothing = Some("v=0\r\nm=audio 4000 RTP/AVP 9\r\n".into());
    assert_eq!(codes(&world.say("UPDATE", 3, "d", nothing)), [488]);
}

#[test]
fn a_bye_ends_the_call_and_comes_back_the_same_when_it_is_repeated() {
    let mut world = World::new(Temper::ANSWERS_AT_ONCE, Transport::Udp);
    world.say("INVITE", 1, "a", offer());
    world.say("ACK", 1, "b", None);
    let first = world.say("BYE", 2, "c", None);
    assert_eq!(codes(&first), [200]);
    assert_eq!(world.say("BYE", 2, "c", None), first);
    assert_eq!(codes(&world.say("INVITE", 3, "d", offer())), [481]);
    assert!(world.uas.order(world.now, Order::HangUp).is_empty());
}

#[test]
fn each_temperament_gives_its_own_first_response() {
    let first = |temper| codes(&World::new(temper, Transport::Udp).say("INVITE", 1, "a", offer()));
    assert_eq!(first(Temper::BUSY), [486]);
    assert_eq!(first(Temper::UNAVAILABLE), [503]);
    assert_eq!(first(Temper::Tries), [100]);
    assert_eq!(first(Temper::RINGS), [180]);
    assert!(first(Temper::Silent).is_empty());
    assert!(World::new(Temper::Silent, Transport::Udp).say("OPTIONS", 1, "a", None).is_empty());
    assert_eq!(codes(&World::new(Temper::BUSY, Transport::Udp).say("OPTIONS", 1, "a", None)), [200]);
}

#[test]
fn an_end_that_only_rings_does_so_when_it_should_and_is_never_answered() {
    let mut world = World::new(Temper::Rings { after: Duration::from_secs(3) }, Transport::Udp);
    world.say("INVITE", 1, "a", offer());
    assert_eq!(world.next().map(|(at, sent)| (at, codes(&sent))), Some((3000, vec![180])));
    assert_eq!(world.next(), None, "it rings for ever");
}
