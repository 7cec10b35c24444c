//! What a caller hears: nothing that is between the router and those it asks.
use crate::bench::{Bench, port};
use crate::files::compare;
use crate::invites::{plain, rich};
use callbox::config::World;
use callbox::sip::message::Message;
use core::time::Duration;

/// Everything that a far end may say and a caller may not hear.
const LEAKS: &str = "Record-Route: <sip:leak.example;lr>\r\n\
    Contact: <sip:leak@127.0.0.1:5070>\r\n\
    Allow: INVITE, ACK, BYE, CANCEL, REFER, UPDATE\r\n\
    Server: leak/1.0\r\n\
    Retry-After: 120\r\n\
    Geolocation-Error: 300;code=\"leak\"\r\n\
    P-Asserted-Identity: <sip:leak@psap.example>\r\n\
    Call-Info: <https://leak.example>;purpose=icon\r\n\
    Alert-Info: <https://leak.example/ring.wav>\r\n\
    WWW-Authenticate: Digest realm=\"leak\", nonce=\"1\"\r\n\
    Proxy-Authenticate: Digest realm=\"leak\", nonce=\"1\"\r\n\
    X-Leak: 1\r\n\
    Reason: Q.850;cause=17;text=\"busy\"\r\n\
    Session-ID: 47755a9de7794ba387653f2099600ef2;remote=ab30317f1a784dc48ff824d0d3715d86\r\n";

const ANSWER: &str = "v=0\r\no=psap 1 1 IN IP4 192.0.2.70\r\ns=-\r\nc=IN IP4 192.0.2.70\r\nt=0 0\r\n\
    m=audio 30000 RTP/AVP 0 101\r\na=sendrecv\r\n";

fn with_type() -> String {
    format!("{LEAKS}Content-Type: application/sdp\r\n")
}

/// A trunk alone.
fn only(name: &'static str) -> impl FnOnce(&mut World) {
    move |world| world.snapshot.trunks.retain(|trunk| [name, "pbx"].contains(&&*trunk.name))
}

fn head(message: &[u8]) -> String {
    String::from_utf8_lossy(message).split("\r\n\r\n").next().unwrap_or_default().to_owned()
}

fn assert_clean(message: &[u8]) {
    let head = head(message);
    for word in
        ["leak", "Retry-After", "Geolocation", "Authenticate", "P-Asserted", "Call-Info", "REFER", "psap", ":5070"]
    {
        assert!(!head.contains(word), "{word} in {head}");
    }
    assert!(head.contains("\r\nServer: callbox/"), "{head}");
}

#[test]
fn ringing_and_the_answer_are_our_own_and_keep_the_reason() {
    for (name, invite) in [("plain", plain("911", "+13125550123")), ("rich", rich("911", "+13125550123"))] {
        let mut bench = Bench::new(|_| {});
        bench.receive(port::PBX, invite);
        bench.answer(port::PSAP, 180, LEAKS, "");
        let ringing = bench.expect(port::PBX, "180");
        bench.answer(port::PSAP, 200, &with_type(), ANSWER);
        let answer = bench.expect(port::PBX, "200");
        for message in [&ringing, &answer] {
            assert_clean(message);
            let head = head(message);
            assert!(head.contains("\r\nContact: <sip:callbox@127.0.0.1:5060>"), "{head}");
            assert!(
                head.contains("\r\nAllow: INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE, INFO, MESSAGE\r\n"),
                "{head}"
            );
            assert!(head.contains("\r\nReason: Q.850;cause=17;text=\"busy\"\r\n"), "{head}");
            assert!(head.contains("\r\nSession-ID: 47755a9d"), "{head}");
        }
        assert!(answer.ends_with(ANSWER.as_bytes()));
        compare(&format!("response-180-{name}"), &ringing);
        compare(&format!("response-200-{name}"), &answer);
    }
}

#[test]
fn a_refusal_of_everybody_is_503_with_the_last_reason_and_without_a_time_to_wait() {
    for code in [300, 302, 401, 403, 407, 420, 424, 428, 486, 488, 500, 503, 600, 603] {
        let mut bench = Bench::new(only("psap-1"));
        bench.receive(port::PBX, plain("911", "+13125550123"));
        while bench.last(port::PBX, "503").is_none() {
            bench.answer(port::PSAP, code, LEAKS, "");
        }
        let refusal = bench.expect(port::PBX, "503");
        assert_clean(&refusal);
        assert!(head(&refusal).contains("\r\nReason: Q.850;cause=17;text=\"busy\"\r\n"), "{}", head(&refusal));
        if code == 486 {
            compare("response-503", &refusal);
        }
    }
}

#[test]
fn other_callers_hear_what_the_far_end_said_as_far_as_it_is_for_them() {
    for (code, heard) in
        [(486, "486"), (404, "404"), (603, "603"), (302, "503"), (401, "503"), (407, "503"), (424, "503")]
    {
        let mut bench = Bench::new(|_| {});
        bench.receive(port::PBX, plain("17085550123", "+13125550123"));
        bench.answer(port::GATEWAY, code, LEAKS, "");
        let refusal = bench.expect(port::PBX, heard);
        assert_clean(&refusal);
        assert!(head(&refusal).contains("\r\nReason: Q.850;cause=17"), "{code}");
    }
}

#[test]
fn a_hold_is_refused_with_488_in_our_own_words() {
    let mut bench = Bench::new(|_| {});
    bench.receive(port::PBX, plain("911", "+13125550123"));
    bench.answer(port::PSAP, 200, &with_type(), ANSWER);
    let answer = Message::read(bench.expect(port::PBX, "200")).expect("a response");
    let tag = answer.to().and_then(|to| to.tag()).map(String::from_utf8_lossy).expect("a tag").into_owned();
    let in_dialog = |method: &str, cseq: u8, body: &str| {
        plain("911", "+13125550123")
            .replacen("INVITE", method, 1)
            .replace("z9hG4bK-plain", &format!("z9hG4bK-{method}-{cseq}"))
            .replace("To: <sip:911@127.0.0.1>", &format!("To: <sip:911@127.0.0.1>;tag={tag}"))
            .replace("CSeq: 1 INVITE", &format!("CSeq: {cseq} {method}"))
            .split("Content-Type")
            .next()
            .map(|head| format!("{head}Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
            .expect("a head")
    };
    bench.receive(port::PBX, in_dialog("ACK", 1, ""));
    bench.receive(port::PBX, in_dialog("INVITE", 2, &ANSWER.replace("sendrecv", "sendonly")));
    let refusal = bench.expect(port::PBX, "488");
    assert_clean(&refusal);
    assert!(head(&refusal).contains("Warning: 399 callbox.example \"Hold is disabled during an emergency call\""));
    compare("response-488-hold", &refusal);
}

#[test]
fn a_trunk_that_says_to_wait_is_not_believed_on_the_callers_behalf() {
    let mut bench = Bench::new(|_| {});
    bench.receive(port::PBX, plain("988", "+13125550123"));
    bench.answer(port::CRISIS, 503, LEAKS, "");
    bench.answer(port::GATEWAY, 503, LEAKS, "");
    bench.pass(Duration::from_secs(1));
    assert_clean(&bench.expect(port::PBX, "503"));
}
