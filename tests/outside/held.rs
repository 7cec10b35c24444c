//! The location server as a phone meets it: over HTTP, with the lab's credentials and with others.
use crate::lab_config::LabConfig;
use crate::lab_ports::LabPorts;
use crate::program::Program;
use crate::router;
use std::cell::Cell;
use std::io::{Read, Write};
use std::net::TcpStream;

/// `6f0c2f0e-0911-4000-8000-000000000911:lab-only-secret` in base64.
const LAB: &str = "Authorization: Basic NmYwYzJmMGUtMDkxMS00MDAwLTgwMDAtMDAwMDAwMDAwOTExOmxhYi1vbmx5LXNlY3JldA==\r\n";
/// The same company with `next-secret`.
const NEXT: &str = "Authorization: Basic NmYwYzJmMGUtMDkxMS00MDAwLTgwMDAtMDAwMDAwMDAwOTExOm5leHQtc2VjcmV0\r\n";
/// `printf %s next-secret | sha256sum`
const NEXT_SUM: &str = "f00c64fc293ba30a2296e525e7f213d7a1a858e21c84e258fbef7aa0f2f1b013";
const HELD: &str = "Content-Type: application/held+xml;charset=utf-8\r\nAccept: application/held+xml\r\n";
const NUMBER: &str = "<locationRequest xmlns=\"urn:ietf:params:xml:ns:geopriv:held\">\
    <device xmlns=\"urn:ietf:params:xml:ns:geopriv:held:id\"><uri>tel:+13125550123</uri></device></locationRequest>";
const OWN: &str = "<locationRequest xmlns=\"urn:ietf:params:xml:ns:geopriv:held\"/>";

fn asked(method: &str, headers: &str, body: &str) -> String {
    let mut stream = TcpStream::connect("127.0.0.1:8080").expect("location requests are served");
    let head = format!("{method} /held HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n{headers}");
    write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

#[track_caller]
fn assert_says(answer: &str, status: &str, all: &[&str]) {
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    assert!(answer.contains("cache-control: private, no-store\r\n"), "{answer}");
    for words in all {
        assert!(answer.contains(words), "no {words} in {answer}");
    }
}

/// Waits until it has read its config again so many times.
fn rereads(router: &mut Program, times: usize) {
    let seen = Cell::new(0);
    router.await_line("config read again", |line| {
        seen.set(seen.get() + usize::from(line.contains("config read again")));
        (seen.get() == times).then_some(())
    });
}

#[test]
fn a_phone_with_the_secret_learns_its_room_and_one_without_learns_nothing() {
    let _ports = LabPorts::locked();
    let _router = router::run("conf/lab.toml");
    let post = |headers: &str, body| asked("POST", &format!("{HELD}{headers}"), body);
    let room =
        ["content-type: application/held+xml;charset=utf-8\r\n", "<ca:ROOM>101</ca:ROOM>", "tel:+13125550123</uri>"];
    assert_says(&post(LAB, NUMBER), "200", &room);
    let challenge = ["www-authenticate: Basic "];
    assert_says(&post(NEXT, NUMBER), "401", &challenge);
    assert_says(&post(NEXT, OWN), "401", &challenge);
    assert_says(&post("", NUMBER), "401", &challenge);
    // This address belongs to one organisation, so it may ask for itself; nobody knows yet where it is.
    assert_says(&post("", OWN), "200", &["code=\"locationUnknown\""]);
    assert_says(&asked("GET", "", ""), "200", &["code=\"locationUnknown\""]);
    assert_says(&post(LAB, "<locationRequest"), "200", &["code=\"xmlError\"", "xml:lang=\"en\""]);
}

#[test]
fn what_is_no_location_request_is_refused_by_http() {
    let _ports = LabPorts::locked();
    let _router = router::run("conf/lab.toml");
    let plain = "Content-Type: text/xml\r\n";
    assert_says(&asked("POST", &format!("{LAB}{plain}"), NUMBER), "406", &[]);
    assert_says(
        &asked(
            "POST",
            &format!("{LAB}{HELD}Accept: text/html\r\n").replacen("Accept: application/held+xml\r\n", "", 1),
            NUMBER,
        ),
        "406",
        &[],
    );
    assert_says(&asked("POST", &format!("{LAB}{HELD}If-Match: \"a\"\r\n"), NUMBER), "412", &[]);
    assert_says(&asked("POST", &format!("{LAB}{HELD}"), &" ".repeat(70_000)), "413", &[]);
}

#[test]
fn a_secret_is_changed_without_a_phone_that_is_refused_meanwhile() {
    let _ports = LabPorts::locked();
    let config = LabConfig::copied();
    let mut router = router::run_file(&config.file());
    let post = |headers: &str| asked("POST", &format!("{HELD}{headers}"), NUMBER);
    assert_says(&post(NEXT), "401", &[]);
    config.secrets(&|first| format!("{first} {NEXT_SUM}"));
    router.signal("HUP");
    rereads(&mut router, 1);
    assert_says(&post(LAB), "200", &["<ca:ROOM>101</ca:ROOM>"]);
    assert_says(&post(NEXT), "200", &["<ca:ROOM>101</ca:ROOM>"]);
    config.secrets(&|_| NEXT_SUM.to_owned());
    router.signal("HUP");
    rereads(&mut router, 2);
    assert_says(&post(LAB), "401", &[]);
    assert_says(&post(NEXT), "200", &["<ca:ROOM>101</ca:ROOM>"]);
}

#[test]
fn who_asks_too_often_is_told_to_wait() {
    let _ports = LabPorts::locked();
    let config = LabConfig::copied();
    config.replace("address = \"127.0.0.1:8080\"", "address = \"127.0.0.1:8080\"\nrequests_per_second = 1");
    let _router = router::run_file(&config.file());
    let post = |headers: &str| asked("POST", &format!("{HELD}{headers}"), NUMBER);
    let answers: Vec<_> = (0..10).map(|_| post(LAB)).collect();
    assert_says(&answers[0], "200", &[]);
    let refused = answers.iter().find(|answer| answer.starts_with("HTTP/1.1 429 ")).expect("one that is refused");
    assert_says(refused, "429", &["retry-after: 1\r\n"]);
}
