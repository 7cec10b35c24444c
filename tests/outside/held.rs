//! The location server as a phone meets it: over HTTP, with the lab's credentials and with others.
use crate::lab_config::LabConfig;
use crate::lab_ports::LabPorts;
use crate::program::Program;
use crate::router;
use std::cell::Cell;
use std::io::{Read, Write};
use std::net::TcpStream;

/// `6f0c2f0e-0911-4000-8000-000000000911:lab-only-secret` in base64.
pub const LAB: &str =
    "Authorization: Basic NmYwYzJmMGUtMDkxMS00MDAwLTgwMDAtMDAwMDAwMDAwOTExOmxhYi1vbmx5LXNlY3JldA==\r\n";
/// The same company with `next-secret`.
const NEXT: &str = "Authorization: Basic NmYwYzJmMGUtMDkxMS00MDAwLTgwMDAtMDAwMDAwMDAwOTExOm5leHQtc2VjcmV0\r\n";
/// `printf %s next-secret | sha256sum`
const NEXT_SUM: &str = "f00c64fc293ba30a2296e525e7f213d7a1a858e21c84e258fbef7aa0f2f1b013";
pub const HELD: &str = "Content-Type: application/held+xml;charset=utf-8\r\nAccept: application/held+xml\r\n";
pub const NUMBER: &str = "<locationRequest xmlns=\"urn:ietf:params:xml:ns:geopriv:held\">\
    <device xmlns=\"urn:ietf:params:xml:ns:geopriv:held:id\"><uri>tel:+13125550123</uri></device></locationRequest>";
const OWN: &str = "<locationRequest xmlns=\"urn:ietf:params:xml:ns:geopriv:held\"/>";

pub fn asked(method: &str, headers: &str, body: &str) -> String {
    asked_at("/held", method, headers, body)
}

pub fn asked_at(path: &str, method: &str, headers: &str, body: &str) -> String {
    let mut stream = connected();
    let head = format!("{method} {path} HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n{headers}");
    write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).expect("a request");
    answer(stream)
}

pub fn connected() -> TcpStream {
    TcpStream::connect("127.0.0.1:8080").expect("location requests are served")
}

/// All that is said until the connection ends.
fn answer(mut stream: impl Read) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

#[track_caller]
pub fn assert_says(answer: &str, status: &str, all: &[&str]) {
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
    // This address belongs to one organisation, so it may ask for itself; nobody knows yet more than its site.
    let site = ["<gp:method>Default</gp:method>", "<ca:HNO>100</ca:HNO>"];
    assert_says(&post("", OWN), "200", &site);
    assert_says(&asked("GET", "", ""), "200", &site);
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

#[test]
fn a_location_uri_leads_to_the_place_until_it_is_guessed_at() {
    let _ports = LabPorts::locked();
    let _router = router::run("conf/lab.toml");
    let told = asked("POST", &format!("{HELD}{LAB}"), NUMBER);
    let uri =
        told.split("http://127.0.0.1:8080").nth(1).and_then(|rest| rest.split('<').next()).expect("a location URI");
    let room = "<ca:ROOM>101</ca:ROOM>";
    assert_says(&asked_at(uri, "GET", "", ""), "200", &["content-type: application/held+xml;charset=utf-8\r\n", room]);
    assert_says(&asked_at(uri, "POST", HELD, OWN), "200", &["<locationResponse ", room]);
    assert_says(&asked_at(uri, "POST", HELD, NUMBER), "200", &[room]);
    let geodetic = OWN.replace("/>", "><locationType exact=\"true\">geodetic</locationType></locationRequest>");
    assert_says(&asked_at(uri, "POST", HELD, &geodetic), "200", &["code=\"cannotProvideLiType\""]);
    let bare = asked_at(uri, "GET", "Accept: application/pidf+xml\r\n", "");
    assert_says(&bare, "200", &["content-type: application/pidf+xml\r\n", room]);
    assert!(!bare.contains("locationResponse"), "{bare}");
    assert_says(&asked_at(uri, "POST", "Content-Type: text/xml\r\n", OWN), "406", &[]);
    let guess = |guess: usize| asked_at(&format!("/location/{guess:032}"), "GET", "", "");
    let answers: Vec<_> = (0..70).map(guess).collect();
    assert_says(&answers[0], "404", &[]);
    assert_says(&answers[69], "429", &[]);
    assert_says(&asked_at(uri, "GET", "", ""), "429", &[]);
    let page = router::metrics();
    assert!(page.contains("callbox_location_requests_total{door=\"location\",outcome=\"located\"} 4"), "{page}");
    assert!(page.contains("callbox_location_requests_total{door=\"held\",outcome=\"located\"} 1"), "{page}");
}

#[test]
fn requests_that_do_not_wait_for_answers_are_answered_in_order() {
    let _ports = LabPorts::locked();
    let _router = router::run("conf/lab.toml");
    let mut stream = connected();
    let one = |body: &str, end: &str| {
        format!("POST /held HTTP/1.1\r\nHost: lab\r\n{end}{HELD}{LAB}Content-Length: {}\r\n\r\n{body}", body.len())
    };
    let all = [one(NUMBER, ""), one("<", ""), one(NUMBER, "Connection: close\r\n")].concat();
    stream.write_all(all.as_bytes()).expect("three requests");
    let told = answer(stream);
    let order: Vec<_> = told.split("HTTP/1.1 200 ").skip(1).map(|one| one.contains("<ca:ROOM>101</ca:ROOM>")).collect();
    assert_eq!(order, [true, false, true], "{told}");
}

#[test]
fn a_client_tells_its_interfaces_and_learns_its_room_and_what_to_do() {
    let _ports = LabPorts::locked();
    let _router = router::run("conf/lab.toml");
    let json = format!("Content-Type: application/json\r\n{LAB}");
    let post = |headers: &str, body| asked_at("/client/v1/location", "POST", headers, body);
    let wired = "{\"instance\":\"urn:uuid:00000000-0000-1000-8000-020000000a04\",\"interfaces\":[{\"switch\":\
                 {\"chassis\":\"02-00-00-00-01-01\",\"port\":\"7\"}}]}";
    let told = ["\"grade\":\"dispatchable\"", "\"ROOM\":\"217\"", "\"action\":\"none\"", "\"token\":\""];
    assert_says(&post(&json, wired), "200", &told);
    assert_says(&post(&json, "{\"signing_in\":true}"), "200", &["\"grade\":\"none\"", "\"action\":\"prompt\""]);
    assert_says(&post(&json, "{\"interfaces\":7}"), "400", &[]);
    assert_says(&post(&json, "{\"number\":\"+13125559999\"}"), "422", &[]);
    assert_says(&post(&format!("Content-Type: text/plain\r\n{LAB}"), wired), "415", &[]);
    assert_says(&post("Content-Type: application/json\r\n", wired), "401", &[]);
}

#[test]
fn a_user_who_works_at_home_gives_the_address_once_and_it_is_in_the_call() {
    let _ports = LabPorts::locked();
    let _router = router::run("conf/lab.toml");
    let psap = crate::sipp::Answerer::start("psap", 5070);
    let json = format!("Content-Type: application/json\r\n{LAB}");
    let post = |path: &str, body: &str| asked_at(&format!("/client/v1/{path}"), "POST", &json, body);
    let client = "\"instance\":\"urn:uuid:00000000-0000-1000-8000-020000000a04\",\"signing_in\":true,\
                  \"interfaces\":[{\"gateway\":\"02-00-00-00-77-01\"}]";
    assert_says(&post("location", &format!("{{{client}}}")), "200", &["\"action\":\"prompt\""]);
    let half =
        format!("{{{client},\"civic\":{{\"country\":\"US\",\"A1\":\"IL\",\"A3\":\"Springfield\",\"RD\":\"Sample\"}}}}");
    let missing = ["{\"errors\":[{\"field\":\"HNO\",\"error\":\"missing\",\"remedy\":\"give the house number\"}]}"];
    assert_says(&post("address", &half), "422", &missing);
    let whole = half.replace("\"Sample\"", "\"Sample\",\"HNO\":\"7\",\"FLR\":\"2\"");
    let known = ["\"grade\":\"dispatchable\"", "\"found_by\":\"typed\"", "\"action\":\"none\""];
    assert_says(&post("address", &whole), "200", &known);
    assert_says(&post("location", &format!("{{{client}}}")), "200", &known);
    crate::sipp::Caller::new("call").from("4119").calls();
    let body = String::from_utf8_lossy(&psap.invites()[0].bytes).into_owned();
    assert!(body.contains("<ca:HNO>7</ca:HNO><ca:FLR>2</ca:FLR>"), "{body}");
    assert_says(&post("address/withdraw", &format!("{{{client}}}")), "200", &["\"action\":\"prompt\""]);
    assert_says(&post("address/withdraw", &format!("{{{client}}}")), "422", &["\"field\":\"interfaces\""]);
}

#[test]
fn whoever_says_nothing_or_too_little_is_let_go_and_the_next_one_is_heard() {
    let _ports = LabPorts::locked();
    let config = LabConfig::copied();
    let http = "address = \"127.0.0.1:8080\"";
    config.replace(http, &format!("{http}\nidle_secs = 1\nmax_connections = 2"));
    let _router = router::run_file(&config.file());
    let silent = connected();
    let mut slow = connected();
    write!(slow, "POST /held HTTP/1.1\r\nHost: l").expect("half a head");
    let third = connected();
    assert_eq!(answer(third), "", "there is no room for a third");
    assert!(answer(silent).is_empty(), "it never asked");
    let slow = answer(slow);
    assert!(slow.is_empty() || slow.contains(" 408 "), "{slow}");
    let mut late = connected();
    write!(late, "POST /held HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n{HELD}{LAB}Content-Length: 99\r\n\r\n<")
        .expect("half a body");
    assert_says(&answer(late), "408", &[]);
}

#[test]
fn a_proxy_of_ours_says_who_asks_and_a_strangers_word_counts_for_nothing() {
    let _ports = LabPorts::locked();
    let for_desk = "X-Forwarded-For: 10.1.4.77\r\n";
    let ask = || asked("POST", &format!("{HELD}{for_desk}"), OWN);
    {
        let _router = router::run("conf/lab.toml");
        assert_says(&ask(), "200", &["<gp:method>Default</gp:method>"]);
    }
    let config = LabConfig::copied();
    let http = "address = \"127.0.0.1:8080\"";
    config.replace(http, &format!("{http}\ntrusted_proxies = [\"127.0.0.0/8\"]"));
    let _router = router::run_file(&config.file());
    assert_says(&ask(), "200", &["<ca:FLR>4</ca:FLR>"]);
    let stranger = asked("POST", &format!("{HELD}X-Forwarded-For: 198.51.100.7\r\n"), OWN);
    assert_says(&stranger, "403", &[]);
}
