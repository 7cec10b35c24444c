//! Adapters against far ends on this machine that answer as they are told.
use super::*;
use crate::base::private::Private;
use crate::edge::deliver::webhook;
use crate::presence::State;
use crate::sip::flow::Transport;
use crate::sip::message::{Message, Name};
use core::time::Duration;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::mpsc::{Receiver, channel};

/// Longer than anything takes on a busy machine.
const LONG: Duration = Duration::from_secs(20);

fn chance() -> Entropy {
    Entropy::seeded([7; 32])
}

fn word(text: &str) -> State {
    Private::new(text.into())
}

/// A presence server that gives these answers one after the other, each the lines between the start and Via, and tells
/// what it was asked. An empty answer is none.
fn server(answers: &'static [&'static str]) -> (SocketAddr, Receiver<Message>) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let at = socket.local_addr().unwrap();
    let (tell, told) = channel();
    std::thread::spawn(move || {
        let mut room = [0; 8192];
        for answer in answers {
            let Ok((length, peer)) = socket.recv_from(&mut room) else { return };
            let request = Message::read(room[..length].to_vec().into()).unwrap();
            if !answer.is_empty() {
                let mut text = format!("SIP/2.0 {answer}\r\n");
                for name in [Name::Via, Name::From, Name::To, Name::CallId, Name::CSeq] {
                    let value = String::from_utf8_lossy(request.value(name).unwrap()).into_owned();
                    text += &format!("{}: {value}\r\n", name.text());
                }
                socket.send_to(format!("{text}Content-Length: 0\r\n\r\n").as_bytes(), peer).unwrap();
            }
            let _heard = tell.send(request);
        }
    });
    (at, told)
}

async fn published(at: SocketAddr, what: &What) -> Result<Done, Failure> {
    let setup = publish::Setup {
        server: at.to_string(),
        transport: Transport::Udp,
        expires: 300,
        login: Some((Private::new("callbox".into()), Private::new("a password".into()))),
        domain: "callbox.example".into(),
        within: LONG,
        loopback_only: true,
    };
    let adapter = Adapter::new(&Setup::Publish(setup), &Arc::new(RootCertStore::empty())).unwrap();
    adapter.carry_out(what, "sip:ann@center.example", Clock::start(), chance()).await
}

fn publish(token: Option<&str>) -> What {
    What::Publish { ours: word("dnd"), token: token.map(Into::into) }
}

fn named(token: &str, secs: u64) -> Result<Done, Failure> {
    Ok(Done::Taken { token: Some(token.into()), lasts: Some(Duration::from_secs(secs)) })
}

fn field(message: &Message, name: &str) -> Option<String> {
    let field = message.fields().iter().find(|field| message.field_name(field) == name.as_bytes())?;
    Some(String::from_utf8_lossy(message.field_value(field)).into_owned())
}

#[tokio::test]
async fn a_publication_that_is_to_last_longer_does_and_one_that_is_lost_on_the_way_is_sent_again() {
    let (at, told) =
        server(&["423 Interval Too Brief\r\nMin-Expires: 900", "", "200 OK\r\nSIP-ETag: one\r\nExpires: 900"]);
    assert_eq!(published(at, &publish(None)).await, named("one", 900));
    let asked: Vec<_> = told.iter().collect();
    let expires: Vec<_> = asked.iter().map(|request| request.number(Name::Expires)).collect();
    assert_eq!(expires, [Some(300), Some(900), Some(900)]);
    assert_eq!(asked[1].bytes(), asked[2].bytes(), "a copy");
    assert_eq!(field(&asked[0], "Event").as_deref(), Some("presence"));
    assert!(String::from_utf8_lossy(asked[0].body_slice()).contains("<note>dnd</note>"));
}

#[tokio::test]
async fn a_refresh_has_no_body_and_what_the_server_has_forgotten_is_published_anew() {
    let (at, told) = server(&["200 OK\r\nSIP-ETag: two\r\nExpires: 300"]);
    assert_eq!(published(at, &publish(Some("one"))).await, named("two", 300));
    let refresh = told.recv().unwrap();
    assert_eq!((field(&refresh, "SIP-If-Match").as_deref(), refresh.body_slice()), (Some("one"), &b""[..]));
    let (at, told) = server(&["412 Conditional Request Failed", "200 OK\r\nSIP-ETag: three"]);
    assert_eq!(published(at, &publish(Some("two"))).await, named("three", 300));
    let asked: Vec<_> = told.iter().collect();
    assert_eq!(field(&asked[1], "SIP-If-Match"), None);
    assert!(!asked[1].body_slice().is_empty());
}

#[tokio::test]
async fn what_is_taken_away_is_gone_also_when_it_was_gone_already() {
    for answer in [&["200 OK"] as &'static [_], &["412 Conditional Request Failed"], &["404 Not Found"]] {
        let (at, told) = server(answer);
        let removed = published(at, &What::Remove { token: "one".into() }).await;
        assert_eq!(removed, Ok(Done::Taken { token: None, lasts: None }));
        let request = told.recv().unwrap();
        assert_eq!((request.number(Name::Expires), field(&request, "SIP-If-Match").as_deref()), (Some(0), Some("one")));
    }
}

#[tokio::test]
async fn refusals_are_told_by_their_codes_and_a_password_that_is_wrong_is_tried_once() {
    let challenge = "401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"center\", nonce=\"a\", qop=\"auth\"";
    for (answers, code) in [
        (&["489 Bad Event"] as &'static [_], 489),
        (&["423 Interval Too Brief"], 423),
        (&["423 Interval Too Brief\r\nMin-Expires: 60"], 423),
        (&["503 Service Unavailable"], 503),
    ] {
        assert_eq!(published(server(answers).0, &publish(None)).await, Err(Failure::Refused(code)));
    }
    let twice: &'static [&'static str] = Box::leak(Box::new([challenge, challenge]));
    let (at, told) = server(twice);
    assert_eq!(published(at, &publish(None)).await, Err(Failure::Refused(401)));
    let shown: Vec<_> = told.iter().map(|request| request.value(Name::Authorization).is_some()).collect();
    assert_eq!(shown, [false, true]);
    assert_eq!(published(server(&["200 OK"]).0, &publish(None)).await, Err(Failure::Unreadable), "without a name");
}

/// A contact center by HTTP that gives one answer to everything.
fn center(answer: String) -> (SocketAddr, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut room = [0; 4096];
            let mut got = String::new();
            while !got.contains("\r\n\r\n{") || !got.ends_with('}') {
                match stream.read(&mut room) {
                    Ok(length @ 1..) => got += &String::from_utf8_lossy(&room[..length]),
                    _ => break,
                }
            }
            // It may have heard enough before the end.
            let _sent = stream.write_all(answer.as_bytes());
            let _heard = tell.send(got);
        }
    });
    (at, told)
}

async fn asked(at: SocketAddr, what: &What) -> Result<Done, Failure> {
    let setup = |path: &str| webhook::Setup {
        url: format!("http://{at}/{path}"),
        secret: Private::new("a secret of the center".into()),
        within: LONG,
        loopback_only: true,
    };
    let setup = Setup::Webhook(hook::Setup { read: setup("read"), set: setup("set") });
    let adapter = Adapter::new(&setup, &Arc::new(RootCertStore::empty())).unwrap();
    adapter.carry_out(what, "ann-17", Clock::start(), chance()).await
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

#[tokio::test]
async fn a_state_is_read_from_what_is_json_and_short_and_a_flood_is_none() {
    let (at, told) = center(ok("{\"state\":\"on lunch\"}"));
    assert_eq!(asked(at, &What::Read).await, Ok(Done::State(word("on lunch"))));
    let got = told.recv().unwrap();
    assert!(got.starts_with("POST /read ") && got.contains("x-callbox-signature: t="), "{got}");
    assert!(got.ends_with("{\"agent\":\"ann-17\",\"event\":\"presence_read\"}"), "{got}");
    let flood = format!("{{\"state\":\"{}\"}}", "a".repeat(1 << 20));
    let endless = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{}", "5\r\naaaaa\r\n".repeat(100_000));
    for lie in
        [ok(&flood), endless, ok("<html>"), ok("{}"), "nonsense\r\n\r\n".into(), "HTTP/1.1 200 OK\r\n\r\n".into()]
    {
        assert_eq!(asked(center(lie).0, &What::Read).await, Err(Failure::Unreadable));
    }
    assert_eq!(asked(center("HTTP/1.1 302 Found\r\n\r\n".into()).0, &What::Read).await, Err(Failure::Refused(302)));
}

#[tokio::test]
async fn a_state_is_set_if_the_one_before_is_still_there() {
    let set = What::Set { state: word("dnd"), expected: word("on lunch"), is_end: false };
    let (at, told) = center(ok(""));
    assert_eq!(asked(at, &set).await, Ok(Done::Taken { token: None, lasts: None }));
    let got = told.recv().unwrap();
    let body: serde_json::Value = serde_json::from_str(got.split_once("\r\n\r\n").unwrap().1).unwrap();
    let wanted = serde_json::json!({ "event": "presence_set", "agent": "ann-17", "state": "dnd", "if": "on lunch",
        "reason": "emergency_call" });
    assert_eq!(body, wanted);
    for code in [409, 412] {
        assert_eq!(asked(center(format!("HTTP/1.1 {code} No\r\n\r\n")).0, &set).await, Ok(Done::Changed));
    }
    assert_eq!(asked(center("HTTP/1.1 500 No\r\n\r\n".into()).0, &set).await, Err(Failure::Refused(500)));
}
