//! Hostile inputs, as far as they are about SIP. Not here: half-open TLS and WebSocket (their transports are not there
//! yet), documents fetched over HTTP, DNS and injected media (we neither fetch, resolve on the call path nor see media),
//! clocks, disks and stores. An ACK that never comes and calls that loop are shown in virtual time by `tests/engine`; an
//! INVITE and ACK that both lack a session (X20) are not tried anywhere.
use super::calls::{acknowledge, await_call, bytes, emergency_invite, fence, fresh, hang_up, hang_up_with, next_heard};
use super::far_ends::{GATEWAY, MANY_ANSWERS, SESSION};
use super::messages::Tried;
use super::text::Text;
use super::wire::{Came, Wire};
use crate::router::ROUTER;
use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::{TcpStream, UdpSocket};
use std::time::{Duration, Instant};

/// What becomes of one.
#[derive(Clone, Copy)]
enum Then {
    /// A far end gets the call and it is answered, with this text in the INVITE that arrives, and without this one.
    Call(&'static str, &'static str),
    /// It is refused.
    Refused(u16),
    /// Nothing is answered.
    Silence,
}

/// What is sent, made of a faultless INVITE for 911.
struct Trial {
    name: &'static str,
    make: fn(String) -> String,
    then: Then,
    /// Whether it goes over a stream too.
    streams: bool,
}

const fn trial(name: &'static str, make: fn(String) -> String, then: Then) -> Trial {
    Trial { name, make, then, streams: true }
}

const fn datagram(name: &'static str, make: fn(String) -> String, then: Then) -> Trial {
    Trial { name, make, then, streams: false }
}

const ARRIVES: Then = Then::Call("m=audio 40000", "\0");

/// One line a trial.
const TRIALS: [Trial; 38] = [
    // more than anyone needs
    trial("X01 an INVITE with 4,000 headers", |invite| with(invite, &"X-Filler: 0\r\n".repeat(4000)), ARRIVES),
    trial("a header of 9,000 bytes", |invite| with(invite, &format!("X-Long: {}\r\n", "x".repeat(9000))), ARRIVES),
    trial(
        "200 Vias",
        |invite| with(invite, &"Via: SIP/2.0/UDP hop.example;branch=z9hG4bKhop\r\n".repeat(200)),
        ARRIVES,
    ),
    trial("30,000 commas in a Via", |invite| with(invite, &format!("Via: {}\r\n", ",".repeat(30_000))), ARRIVES),
    trial(
        "60,000 quotes in a header",
        |invite| with(invite, &format!("Subject: {}\r\n", "\"\\".repeat(30_000))),
        ARRIVES,
    ),
    trial("1,000 folds", |invite| with(invite, &format!("Subject: a{}\r\n", "\r\n b".repeat(1000))), ARRIVES),
    // X04: lengths
    datagram("a length of 4294967295", |invite| length(invite, "4294967295"), ARRIVES),
    datagram("a negative length", |invite| length(invite, "-1"), ARRIVES),
    trial("a length with a space behind it", |invite| invite.replace("\r\nContent-Type", " \r\nContent-Type"), ARRIVES),
    datagram("200 lengths that differ", |invite| with(invite, &lengths(false)), ARRIVES),
    trial("200 lengths that agree", |invite| with(invite, &lengths(true)), ARRIVES),
    // X05: bodies of parts
    trial("X05 a body of 10,000 parts", |invite| multipart(&invite, "b", &"--b\r\n\r\nx\r\n".repeat(2000)), ARRIVES),
    trial("X05 1,000 bodies in each other", |invite| multipart(&invite, "b", &nested(1000)), ARRIVES),
    trial("X05 a boundary of nothing", |invite| multipart(&invite, "", "--\r\n\r\nx\r\n"), Then::Call("INVITE", "\0")),
    trial("a boundary with spaces", |invite| multipart(&invite, "a b c", ""), ARRIVES),
    // X06 to X08: what others would fetch
    trial("X06 a location with entities", |invite| multipart(&invite, "b", ENTITIES), ARRIVES),
    trial(
        "X07 a location at our own machine",
        |invite| with(invite, "Geolocation: <http://127.0.0.1/admin>, <file:///etc/passwd>, <gopher://x/>, cid:x\r\n"),
        ARRIVES,
    ),
    trial(
        "X08 500 things to fetch",
        |invite| with(invite, &format!("Call-Info: {}\r\n", vec!["<http://127.0.0.1/>"; 400].join(","))),
        ARRIVES,
    ),
    // X09, X10: what was dialled
    trial("X09 911 in escapes", |invite| invite.replacen("sip:911@", "sip:%39%31%31@", 1), ARRIVES),
    trial(
        "X10 headers in the Request-URI",
        |invite| {
            invite.replacen(
                "sip:911@127.0.0.1",
                "sip:911@127.0.0.1?Route=%3Csip:evil.example%3E&Replaces=a%3Bto-tag%3Db",
                1,
            )
        },
        Then::Call("m=audio 40000", "evil"),
    ),
    // X11, X12: text that is meant for another reader
    trial(
        "X11 a line end in a display name",
        |invite| name(invite, "\"A\rX-Evil: 1\nX-Evil: 2\""),
        Then::Call("m=audio 40000", "\nX-Evil"),
    ),
    trial("X11 a NUL in a display name", |invite| name(invite, "\"A\0B\""), ARRIVES),
    trial(
        "X11 escaped line ends in the user part",
        |invite| invite.replacen("<sip:+13125550123@", "<sip:a%0d%0aX-Evil:%201@", 1),
        Then::Call("m=audio 40000", "\nX-Evil"),
    ),
    trial("X12 a statement as a name", |invite| name(invite, "\"'; DROP TABLE calls;--\""), ARRIVES),
    trial("X12 a script as a name", |invite| name(invite, "\"<script>alert(1)</script>\""), ARRIVES),
    // X25: session descriptions
    trial(
        "X25 2,000 media lines",
        |invite| session(&invite, &format!("{SESSION}{}", "m=audio 1 RTP/AVP 0\r\n".repeat(2000))),
        ARRIVES,
    ),
    trial(
        "X25 impossible ports",
        |invite| session(&invite, &format!("{SESSION}m=audio 70000 RTP/AVP 0\r\nm=audio -1 RTP/AVP 0\r\n")),
        ARRIVES,
    ),
    trial(
        "X25 media to everyone",
        |invite| session(&invite, &SESSION.replace("c=IN IP4 127.0.0.1", "c=IN IP4 239.0.0.1")),
        ARRIVES,
    ),
    trial(
        "X25 no media line",
        |invite| session(&invite, "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"),
        Then::Call("v=0", "\0"),
    ),
    trial("X25 no version and bad line ends", |invite| session(&invite, "v=9\r\r\nm=audio 40000 RTP/AVP 0"), ARRIVES),
    // what must survive all the same
    trial("a Via of SIPS", |invite| with(invite, "Via: SIPS/2.0/TLS pbx.example;branch=z9hG4bKs\r\n"), ARRIVES),
    trial(
        "a purpose in quotes",
        |invite| with(invite, "Call-Info: <cid:x>;purpose=\"EmergencyCallData.ProviderInfo\"\r\n"),
        ARRIVES,
    ),
    trial(
        "a parameter that says who put it there",
        |invite| with(invite, "Geolocation: <cid:x>;inserted-by=\"pbx\"\r\n"),
        ARRIVES,
    ),
    // what is no call
    datagram("no Call-ID", |invite| invite.replacen("Call-ID:", "X-Gone:", 1), Then::Refused(400)),
    datagram("a recorder", |invite| with(invite, "Require: siprec\r\n"), Then::Refused(420)),
    datagram("nothing but NULs", |_| "\0".repeat(60_000), Then::Silence),
    datagram("nothing but line ends", |_| "\r\n".repeat(30_000), Then::Silence),
    datagram("noise", |invite| invite.chars().rev().collect::<String>().repeat(50), Then::Silence),
];

#[test]
fn hostile_messages_have_their_outcome_and_a_good_call_after_them() {
    let mut tried = Tried::start();
    let mut wrong = Vec::new();
    for trial in &TRIALS {
        for stream in [false, true] {
            if stream && !trial.streams {
                continue;
            }
            if let Err(problem) = attempt(&mut tried, trial, stream) {
                wrong.push(format!("{} over {}: {problem}", trial.name, if stream { "TCP" } else { "UDP" }));
            }
            tried.good_call(trial.name);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    tried.finish();
}

fn attempt(tried: &mut Tried, trial: &Trial, stream: bool) -> Result<(), String> {
    let mut own = stream.then(Wire::stream);
    let wire = own.as_mut().unwrap_or(&mut tried.datagrams);
    let message = bytes(&(trial.make)(emergency_invite(wire)));
    let request = Text::of(&message);
    let begun = now();
    wire.send(&message);
    match trial.then {
        Then::Call(with, without) => {
            let ok = await_call(wire, &request)?;
            let heard = next_heard(&tried.far_ends, trial.name);
            hang_up(wire, &ok, trial.name);
            let took = begun.elapsed();
            if heard.port == GATEWAY {
                return Err("the gateway heard it".into());
            }
            if !heard.invite.whole.contains(with) || heard.invite.whole.contains(without) {
                return Err(format!("what arrives is not right:\n{}", heard.invite.whole));
            }
            if took > Duration::from_secs(5) { Err(format!("it took {took:?}")) } else { Ok(()) }
        }
        Then::Refused(status) => {
            let Came::Message(answer) = wire.await_final(request.field("Call-ID").as_deref()) else {
                return Err("no answer".into());
            };
            if request.field("Call-ID").is_some() {
                acknowledge(wire, &answer, "sip:911@127.0.0.1");
            }
            if answer.status() == Some(status) { Ok(()) } else { Err(answer.start().to_owned()) }
        }
        Then::Silence => match fence(wire) {
            Some(before) if before.iter().all(|text| text.field("Call-ID") != request.field("Call-ID")) => Ok(()),
            _ => Err("something was answered".into()),
        },
    }
}

const ENTITIES: &str = "--b\r\nContent-Type: application/pidf+xml\r\n\r\n<?xml version=\"1.0\"?><!DOCTYPE p [<!ENTITY a \"aaaa\">\
    <!ENTITY b \"&a;&a;&a;&a;\"><!ENTITY c SYSTEM \"file:///etc/passwd\">]><p>&b;&c;</p>\r\n";

fn with(invite: String, more: &str) -> String {
    invite.replacen("Content-Type:", &format!("{more}Content-Type:"), 1)
}

fn name(invite: String, display: &str) -> String {
    invite.replacen("From: <", &format!("From: {display} <"), 1)
}

fn length(invite: String, length: &str) -> String {
    let (before, after) = invite.split_once("Content-Length: ").expect("it has a length");
    let (_, after) = after.split_once("\r\n").expect("its line ends");
    format!("{before}Content-Length: {length}\r\n{after}")
}

fn lengths(agree: bool) -> String {
    (0..200).fold(String::new(), |mut out, number| {
        let length = if agree { SESSION.len() } else { number };
        let _grows = write!(out, "Content-Length: {length}\r\n");
        out
    })
}

fn session(invite: &str, session: &str) -> String {
    let (head, _) = invite.split_once("\r\n\r\n").expect("its head ends");
    length(format!("{head}\r\n\r\n{session}"), &session.len().to_string())
}

/// The session description behind other parts.
fn multipart(invite: &str, boundary: &str, before: &str) -> String {
    let invite = invite.replacen("application/sdp", &format!("multipart/mixed;boundary=\"{boundary}\""), 1);
    let sdp = format!("--{boundary}\r\nContent-Type: application/sdp\r\n\r\n{SESSION}\r\n");
    session(&invite, &format!("{sdp}{before}--{boundary}--\r\n"))
}

fn nested(depth: usize) -> String {
    (0..depth).fold(String::from("--b\r\n"), |mut out, level| {
        let _grows = write!(out, "Content-Type: multipart/mixed;boundary=n{level}\r\n\r\n--n{level}\r\n");
        out
    })
}

#[test]
fn forged_requests_and_responses_leave_a_call_as_it_is() {
    let mut tried = Tried::start();
    let invite = Text::of(emergency_invite(&tried.datagrams).as_bytes());
    tried.datagrams.send(invite.whole.as_bytes());
    next_heard(&tried.far_ends, "the call that is attacked");
    let ok = await_call(&mut tried.datagrams, &invite).expect("a good call is answered");
    let field = |name: &str| ok.field(name).unwrap_or_default();
    let forge = |method: &str, from: &str, to: &str, more: &str| {
        format!(
            "{method} sip:911@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bKforged{};rport\r\n\
             Max-Forwards: 70\r\nFrom: {from}\r\nTo: {to}\r\nCall-ID: {}\r\nCSeq: 7 {method}\r\n\
             Contact: <sip:evil@127.0.0.2>\r\n{more}Content-Length: 0\r\n\r\n",
            fresh(),
            field("Call-ID"),
        )
    };
    let tagless = invite.field("To").unwrap_or_default();
    let hold = SESSION.to_owned() + "a=sendonly\r\n";
    let mut expect = |request: String, status: u16| {
        tried.datagrams.send(request.as_bytes());
        let answer = match tried.datagrams.await_final(Some(&field("Call-ID"))) {
            Came::Message(answer) => answer,
            other => panic!("{other:?} to {request}"),
        };
        assert_eq!(answer.status(), Some(status), "{} to {request}", answer.start());
        if request.starts_with("INVITE") {
            acknowledge(&mut tried.datagrams, &answer, "sip:callbox@127.0.0.1:5060");
        }
    };
    // X17: the right Call-ID with wrong tags
    expect(forge("BYE", &field("From"), &format!("{tagless};tag=guessed"), ""), 481);
    expect(forge("BYE", "<sip:evil@127.0.0.2>;tag=guessed", &field("To"), ""), 481);
    expect(forge("CANCEL", &field("From"), &tagless, ""), 481);
    // X23: transfers, within the call and beside it
    for target in ["tel:+13125550199", "http://evil.example/", "<sip:evil@127.0.0.2?Replaces=a%3Bto-tag%3Db>"] {
        expect(forge("REFER", &field("From"), &field("To"), &format!("Refer-To: {target}\r\n")), 403);
        expect(forge("REFER", &field("From"), &tagless, &format!("Refer-To: {target}\r\n")), 403);
    }
    let fifty = format!("Refer-To: {}\r\n", vec!["<sip:evil@127.0.0.2>"; 50].join(", "));
    expect(forge("REFER", &field("From"), &field("To"), &fifty), 400);
    expect(forge("REFER", &field("From"), &tagless, &fifty), 400);
    // X22: a caller that insists on hold is refused a few times, and then told to wait
    for round in 0..50 {
        let request = forge("INVITE", &field("From"), &field("To"), "Content-Type: application/sdp\r\n");
        let request =
            request.replacen("Content-Length: 0\r\n\r\n", &format!("Content-Length: {}\r\n\r\n{hold}", hold.len()), 1);
        expect(request.replacen("CSeq: 7", &format!("CSeq: {}", 10 + fresh()), 1), if round < 5 { 488 } else { 500 });
    }
    // X24: taking over a call whose names were guessed, rightly too
    for (names, status) in [(format!("{};to-tag=a;from-tag=b", field("Call-ID")), 481), (replaces(&ok), 403)] {
        let request =
            forge("INVITE", "<sip:evil@127.0.0.2>;tag=e", "<sip:100@127.0.0.1>", &format!("Replaces: {names}\r\n"));
        expect(request.replacen("sip:911@", "sip:100@", 1), status);
    }
    // X18: responses to branches that nobody sent
    for _ in 0..1000 {
        let via = format!("SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK{:026x}", fresh());
        let response = format!(
            "SIP/2.0 200 OK\r\nVia: {via}\r\nFrom: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: 1 INVITE\r\n\r\n",
            field("From"),
            field("To"),
            field("Call-ID")
        );
        tried.datagrams.send(response.as_bytes());
    }
    assert!(tried.far_ends.heard.try_recv().is_err(), "something of it reached a far end");
    hang_up_with(&mut tried.datagrams, &ok, fresh() + 20, "all that");
    tried.good_call("forged requests");
    tried.finish();
}

/// A call's names, as Replaces has them (RFC 3891 §6.1).
fn replaces(ok: &Text) -> String {
    let tag = |name: &str| {
        let value = ok.field(name).unwrap_or_default();
        value.split(";tag=").nth(1).unwrap_or_default().to_owned()
    };
    format!("{};to-tag={};from-tag={}", ok.field("Call-ID").unwrap_or_default(), tag("To"), tag("From"))
}

#[test]
fn floods_do_not_stop_a_call() {
    let mut tried = Tried::start();
    // X14: a scanner, and a stranger to the answers
    let scanner = UdpSocket::bind("127.0.0.3:0").expect("127.0.0.3 is ours");
    for round in 0..4 {
        for method in ["OPTIONS", "REGISTER", "SUBSCRIBE"] {
            for _ in 0..700 {
                let request = format!(
                    "{method} sip:100@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.3;branch=z9hG4bKscan{};rport\r\n\
                     From: <sip:100@1.1.1.1>;tag=s\r\nTo: <sip:100@1.1.1.1>\r\nCall-ID: scan\r\nCSeq: 1 {method}\r\n\
                     User-Agent: friendly-scanner\r\nContent-Length: 0\r\n\r\n",
                    fresh()
                );
                scanner.send_to(request.as_bytes(), ROUTER).expect("loopback takes datagrams");
            }
        }
        tried.good_call(&format!("flood {round}"));
    }
    // X13: many emergency calls at once, each with its own Call-ID
    let invites: Vec<Text> = (0..200).map(|_| Text::of(emergency_invite(&tried.datagrams).as_bytes())).collect();
    for invite in &invites {
        tried.datagrams.send(invite.whole.as_bytes());
    }
    let mut answered = Vec::new();
    while answered.len() < invites.len() {
        match tried.datagrams.await_next() {
            Came::Message(text) if text.status() == Some(200) && text.cseq().1 == "INVITE" => {
                if !answered.iter().any(|known: &Text| known.field("Call-ID") == text.field("Call-ID")) {
                    answered.push(text);
                }
            }
            Came::Message(_) => {}
            other => panic!("{other:?} after {} of {} calls", answered.len(), invites.len()),
        }
    }
    for ok in &answered {
        next_heard(&tried.far_ends, "one of many calls");
        hang_up(&mut tried.datagrams, ok, "many calls");
    }
    // On a slow machine the PSAP was late for some of them: the next far end heard those too, and may be asked first now.
    let invite = Text::of(emergency_invite(&tried.datagrams).as_bytes());
    tried.datagrams.send(invite.whole.as_bytes());
    let ok = await_call(&mut tried.datagrams, &invite).expect("a good call is answered after many");
    hang_up(&mut tried.datagrams, &ok, "many calls");
    tried.come_to_rest();
    tried.far_ends.heard.try_iter().for_each(drop);
    tried.finish();
}

#[test]
fn a_far_end_that_answers_a_hundred_times_has_one_call() {
    let mut tried = Tried::start();
    let invite = with(emergency_invite(&tried.datagrams), &format!("{MANY_ANSWERS}: yes\r\n"));
    let request = Text::of(invite.as_bytes());
    tried.datagrams.send(invite.as_bytes());
    let ok = await_call(&mut tried.datagrams, &request).expect("it is answered");
    next_heard(&tried.far_ends, "many answers");
    hang_up(&mut tried.datagrams, &ok, "many answers");
    tried.good_call("many answers");
    tried.finish();
}

#[test]
fn two_copies_of_a_call_over_two_paths_are_one_call() {
    let mut tried = Tried::start();
    let invite = emergency_invite(&tried.datagrams);
    let merged = invite.replacen("branch=z9hG4bK", "branch=z9hG4bKother", 1);
    let request = Text::of(invite.as_bytes());
    tried.datagrams.send(invite.as_bytes());
    tried.datagrams.send(merged.as_bytes());
    let mut statuses = Vec::new();
    let mut ok = None;
    while statuses.len() < 2 {
        let Came::Message(answer) = tried.datagrams.await_final(request.field("Call-ID").as_deref()) else {
            panic!("one of the two was not answered: {statuses:?}");
        };
        if answer.status() == Some(200) {
            ok = Some(answer.clone());
        } else {
            acknowledge(&mut tried.datagrams, &answer, "sip:911@127.0.0.1");
        }
        if !statuses.contains(&answer.status()) {
            statuses.push(answer.status());
        }
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [Some(200), Some(482)]);
    next_heard(&tried.far_ends, "two copies");
    hang_up(&mut tried.datagrams, &ok.expect("it was answered"), "two copies");
    tried.good_call("two copies");
    tried.finish();
}

#[test]
fn streams_that_stall_end_alone_and_pings_are_answered() {
    let mut tried = Tried::start();
    let connect = || TcpStream::connect(ROUTER).expect("the router listens");
    // X03 and clerr: bytes that dribble in, and a message whose rest never comes
    let mut slow = connect();
    let mut short = connect();
    short.write_all(&super::messages::torture("rfc4475", "clerr")).expect("it connects");
    let mut endless = connect();
    // half messages whose senders leave
    for _ in 0..100 {
        connect().write_all(b"INVITE sip:911@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127").expect("it connects");
    }
    // X02: a header that does not end
    let line = [b'x'; 16 * 1024];
    let head = b"INVITE sip:911@127.0.0.1 SIP/2.0\r\nX-Endless: ";
    let taken = endless.write_all(head).is_ok() && (0..640).all(|_| endless.write_all(&line).is_ok());
    assert!(!taken || ends(&mut endless), "ten megabytes of a header were taken");
    // RFC 5626 §4.4.1
    let mut pinging = connect();
    pinging.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout can be set");
    pinging.write_all(b"\r\n\r\n").expect("it connects");
    let mut pong = [0; 2];
    pinging.read_exact(&mut pong).expect("a ping is answered");
    assert_eq!(&pong, b"\r\n");
    // X04 on a stream: nothing of that size is waited for
    for length in ["4294967295", "-1", "abc", "99999999999999999999"] {
        let mut wire = Wire::stream();
        let invite = self::length(emergency_invite(&wire), length);
        wire.send(invite.as_bytes());
        let Came::Message(answer) = wire.await_next() else { panic!("no answer to a length of {length}") };
        assert_eq!(answer.status(), Some(400), "a length of {length}");
        assert!(matches!(wire.await_next(), Came::End), "a length of {length} leaves the stream open");
    }
    slow.set_read_timeout(Some(Duration::from_millis(500))).expect("a timeout can be set");
    let mut borne = 0;
    for byte in b"OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.2" {
        // The wait for an answer that does not come is the half second between the bytes.
        let mut answer = [0; 64];
        if slow.write_all(&[*byte]).is_err() || matches!(slow.read(&mut answer), Ok(0)) {
            break;
        }
        borne += 1;
        tried.good_call("a byte of a slow message");
    }
    assert!((4..30).contains(&borne), "a slow sender was borne for {borne} half seconds");
    assert!(ends(&mut short), "a message whose rest never came was waited for");
    tried.good_call("streams that stalled");
    tried.finish();
}

#[allow(clippy::disallowed_methods, reason = "how long the real router takes is what is tested")]
fn now() -> Instant {
    Instant::now()
}

/// Whether the peer ends the stream, within the patience of a message.
fn ends(stream: &mut TcpStream) -> bool {
    stream.set_read_timeout(Some(Duration::from_secs(15))).expect("a timeout can be set");
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => return error.kind() == std::io::ErrorKind::ConnectionReset,
        }
    }
}
