//! What desktops hear while phones call: by curl, by a WebSocket client that is not ours, and in a browser.
mod browser;
mod desks;

use crate::held::{LAB, asked_at};
use crate::lab_config::LabConfig;
use crate::lab_ports::LabPorts;
use crate::program::Program;
use crate::router::{self, metrics};
use crate::sipp::{Answerer, Caller};
use serde_json::{Value, json};
use std::process::Command;

const EVENTS: &str = "127.0.0.1:8080/client/v1/events";
/// The lab's company.
const ACME: &str = "6f0c2f0e-0911-4000-8000-000000000911:lab-only-secret";
/// Another one, added by [`config`].
const RIVAL: &str = "rival-company:rival-secret";
/// `printf %s rival-secret | sha256sum`
const RIVAL_SUM: &str = "d51facac02198aa3490dd07c1d0c0474035247a829eed77273f5cb37076d7a33";

/// The lab with another organisation, whose user has the same name for a desk.
fn config() -> LabConfig {
    let config = LabConfig::copied();
    config.append("lab/organisations.csv", &format!("rival,Rival,rival-company,{RIVAL_SUM}\n"));
    config.append("lab/sites.csv", "annex,rival,US,,yes,yes,,,hq-main,gateway\n");
    config.append("lab/numbers.csv", "4117,annex,,,no\n");
    config.append("lab/users.csv", "boss,rival,annex,,4117,,,\n");
    let recipients = "id,organisation,notices,channel,to\nfront,acme,emergency_call,desktop,front\n\
                      other,rival,emergency_call,desktop,front\n";
    let path = config.file().with_file_name("lab").join("recipients.csv");
    std::fs::write(path, recipients).expect("the copy is ours");
    config
}

/// Somebody who listens with curl, once it has heard what goes on.
fn curl(company: &str, query: &str) -> Program {
    let mut command = Command::new("curl");
    // What keeps the connection would keep a test that waits in vain, too.
    command.args(["-sSN", "-m", "90", "-u", company, &format!("http://{EVENTS}?{query}")]);
    let mut listener = Program::start("curl", command, true);
    listener.await_line("it was told what goes on", |line| (line == "event: snapshot").then_some(()));
    listener.await_line("it was told all of that", |line| line.starts_with("data: ").then_some(()));
    listener
}

/// A phone of the lab that talks until it is told to hang up.
fn phone(number: &str, from: &str) -> Program {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callbox"));
    command.args(["call", number, "--from", from, "--seconds", "600"]);
    Program::start("the phone", command, true)
}

/// What a listener was told: the word and the JSON of each event.
fn events(listener: &Program) -> Vec<(String, Value)> {
    let said = listener.said();
    let names = said.iter().filter_map(|line| line.strip_prefix("event: "));
    let data = said.iter().filter_map(|line| line.strip_prefix("data: "));
    let read = |text: &str| serde_json::from_str(text).expect("JSON");
    names.zip(data).map(|(name, data)| (name.to_owned(), read(data))).collect()
}

fn hears(listener: &mut Program, name: &str) {
    let wanted = format!("event: {name}");
    listener.await_line(name, |line| (line == wanted).then_some(()));
    // The line of what it says comes with the next.
    let count = listener.said().iter().filter(|line| line.starts_with("event: ")).count();
    let seen = std::cell::Cell::new(0);
    listener.await_line(name, |line| {
        seen.set(seen.get() + usize::from(line.starts_with("data: ")));
        (seen.get() == count).then_some(())
    });
}

fn names(listener: &Program) -> Vec<String> {
    events(listener).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn two_desktops_of_a_user_see_its_call_from_the_middle_on_and_nobody_else_does() {
    let _ports = LabPorts::locked();
    let config = config();
    let _relay = Answerer::start("relay-center", 5072);
    let mut router = router::run_file(&config.file());
    let mut early = curl(ACME, "user=desk");
    let mut rival = curl(RIVAL, "user=boss");
    let mut client = curl(ACME, "number=4119");
    let mut phone = phone("911", "4117");
    hears(&mut early, "emergency.answered");
    let mut late = curl(ACME, "number=4117");
    let (_, snapshot) = events(&late).remove(0);
    assert_eq!((&snapshot["calls"][0]["state"], &snapshot["calls"][0]["banner"]), (&json!("answered"), &json!(true)));
    phone.signal("INT");
    phone.await_end();
    for listener in [&mut early, &mut late] {
        hears(listener, "emergency.ended");
    }
    let all = ["snapshot", "emergency.started", "emergency.ringing", "emergency.answered", "emergency.ended"];
    assert_eq!(names(&early), all);
    assert_eq!(names(&late), ["snapshot", "emergency.ended"]);
    let (_, started) = events(&early).remove(1);
    assert_eq!(started["allowed_controls"], json!(["device_settings", "end"]));
    let counted = metrics();
    for line in ["callbox_event_streams 4", "callbox_event_requests_total{outcome=\"stream\"} 4"] {
        assert!(counted.contains(line), "no {line} in {counted}");
    }
    router.signal("TERM");
    router.await_end();
    for listener in [&mut early, &mut late, &mut rival, &mut client] {
        assert!(listener.await_end().success(), "its stream ended as it should\n{}", listener.tail());
    }
    for listener in [&rival, &client] {
        assert_eq!(names(listener), ["snapshot"]);
    }
}

#[test]
fn a_crisis_call_is_heard_by_no_desktop_and_a_test_call_as_a_test() {
    let _ports = LabPorts::locked();
    let config = config();
    let mut crisis = Answerer::start("crisis-line", 5073);
    let _router = router::run_file(&config.file());
    let mut listener = curl(ACME, "number=%2B13125550123");
    Caller::new("everyday-call").dials("988").calls();
    crisis.finishes();
    let test = phone("933", "+13125550123");
    hears(&mut listener, "test.answered");
    test.signal("INT");
    hears(&mut listener, "test.ended");
    assert_eq!(names(&listener), ["snapshot", "test.started", "test.ringing", "test.answered", "test.ended"]);
    for (_, said) in &events(&listener)[1..] {
        assert_eq!(
            (&said["banner"], said.get("ui"), said.get("allowed_controls")),
            (&json!(false), None, None),
            "{said}"
        );
    }
}

#[test]
fn a_websocket_says_the_same_and_is_told_to_come_again_when_the_router_leaves() {
    const CLIENT: &str = "
import asyncio, sys, websockets
async def main():
    async with websockets.connect(sys.argv[1]) as socket:
        try:
            async for message in socket:
                print(message, flush=True)
        except websockets.ConnectionClosed:
            pass
        print('closed', socket.close_code, flush=True)
asyncio.run(main())
";
    let _ports = LabPorts::locked();
    let config = config();
    let _relay = Answerer::start("relay-center", 5072);
    let mut router = router::run_file(&config.file());
    let mut command = Command::new("/usr/bin/python3");
    command.args(["-c", CLIENT, &format!("ws://{EVENTS}?ticket={}", ticket(LAB, r#"{"user": "desk"}"#))]);
    let mut listener = Program::start("the WebSocket client", command, true);
    let event = |name: &'static str| {
        move |line: &str| serde_json::from_str::<Value>(line).ok().filter(|said| said["event"] == json!(name))
    };
    let snapshot = listener.await_line("it was told what goes on", event("snapshot"));
    assert_eq!(snapshot["data"], json!({ "calls": [] }));
    let mut phone = phone("911", "4117");
    let answered = listener.await_line("the call was answered", event("emergency.answered"));
    assert_eq!(answered["data"]["ui"]["hide"][0], json!("save"));
    assert!(answered["id"].as_str().is_some_and(|id| id.contains('-')), "{answered}");
    phone.signal("INT");
    listener.await_line("the call was over", event("emergency.ended"));
    phone.await_end();
    router.signal("TERM");
    listener.await_line("it was told why", |line| (line == "closed 1012").then_some(()));
    assert!(listener.await_end().success());
    router.await_end();
}

#[test]
fn desktops_listen_over_tls_and_beyond_the_limit_they_are_told_to_come_later() {
    let _ports = LabPorts::locked();
    let config = config();
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".into()]).expect("a certificate");
    let folder = config.file().parent().expect("a folder").to_owned();
    std::fs::write(folder.join("tls.pem"), made.cert.pem()).expect("the folder is ours");
    std::fs::write(folder.join("tls.key"), made.signing_key.serialize_pem()).expect("the folder is ours");
    let http = "address = \"127.0.0.1:8080\"";
    let more = "tls_certificate = \"tls.pem\"\ntls_key = \"tls.key\"\nmax_event_streams = 1";
    config.replace(http, &format!("{http}\n{more}"));
    let mut router = router::run_file(&config.file());
    let curl = |arguments: &[&str]| {
        let mut command = Command::new("curl");
        command.args(["-sSN", "-m", "120", "--cacert"]).arg(folder.join("tls.pem")).args(["-u", ACME]).args(arguments);
        Program::start("curl", command, true)
    };
    let address = format!("https://{EVENTS}?user=desk");
    let upgrade = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"];
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
    let mut socket = curl(&["-i", "-H", upgrade[0], "-H", upgrade[1], "-H", upgrade[2], "-H", key, &address]);
    // RFC 6455 §1.3 has the same key.
    socket.await_line("the answer to its key", |line| line.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=").then_some(()));
    let mut late = curl(&["-o", "/dev/null", "-w", "%{http_code} %header{retry-after}\n", &address]);
    late.await_line("it is told", |line| (line == "503 5").then_some(()));
    router.signal("TERM");
    router.await_end();
    let told = |line: &str| line.contains("\"event\":\"snapshot\"").then_some(());
    socket.await_line("it was told what goes on", told);
}

/// A ticket, by the company's credentials.
fn ticket(credentials: &str, asked: &str) -> String {
    let answer = wanted(credentials, asked);
    let body = answer.split_once("\r\n\r\n").expect("a body").1;
    let said: Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(said["expires_in_secs"], json!(60));
    said["ticket"].as_str().expect("a ticket").to_owned()
}

fn wanted(credentials: &str, asked: &str) -> String {
    let headers = format!("{credentials}Content-Type: application/json\r\n");
    asked_at("/client/v1/events/ticket", "POST", &headers, asked)
}

#[test]
fn who_may_not_listen_is_told_so_and_a_ticket_serves_once() {
    let _ports = LabPorts::locked();
    let config = config();
    let _router = router::run_file(&config.file());
    let status = |answer: String| answer.split(' ').nth(1).map(str::to_owned).unwrap_or_default();
    let listen =
        |query: &str, headers: &str| status(asked_at(&format!("/client/v1/events?{query}"), "GET", headers, ""));
    assert_eq!(listen("user=desk", ""), "401");
    assert_eq!(listen("user=desk", &LAB.replace("NmYw", "NmYx")), "401");
    assert_eq!(listen("user=boss", LAB), "422", "of another organisation");
    assert_eq!(listen("desk=back", LAB), "422");
    assert_eq!(listen("", LAB), "400");
    assert_eq!(listen("user=desk&number=4117", LAB), "400");
    assert_eq!(listen("user=desk", &format!("{LAB}Origin: https://elsewhere.example\r\n")), "403", "a page");
    assert_eq!(listen("ticket=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", ""), "403");
    assert_eq!(listen("user=desk", &format!("{LAB}Upgrade: websocket\r\n")), "400");
    assert_eq!(status(wanted("", r#"{"user": "desk"}"#)), "401");
    assert_eq!(status(wanted(LAB, r#"{"user": "boss"}"#)), "422");
    assert_eq!(status(wanted(LAB, r#"{"company": "acme"}"#)), "400");
    let ticket = ticket(LAB, r#"{"number": "4117"}"#);
    assert_eq!(listen(&format!("ticket={ticket}&user=boss"), ""), "400");
    let mut listener = curl("", &format!("ticket={ticket}"));
    assert_eq!(names(&listener), ["snapshot"]);
    assert_eq!(listen(&format!("ticket={ticket}"), ""), "403");
    for _ in 0..60 {
        listen("ticket=guessed", "");
    }
    assert_eq!(listen("ticket=guessed", ""), "429");
    assert!(listener.is_running());
}
