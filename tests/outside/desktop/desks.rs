//! Responders' desks: notices that wait until somebody sits there, and readers that do not read.
use super::{ACME, EVENTS, RIVAL, config, curl, events, hears, names};
use crate::held::{LAB, asked_at};
use crate::lab_ports::LabPorts;
use crate::router::{self, metrics};
use crate::sipp::{Answerer, Caller};
use serde_json::json;
use std::collections::HashSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::channel;
use std::time::Duration;
use tempfile::TempDir;

/// Waits until a line of what the router counts begins with this.
fn counts(line: &str) {
    let (never, wait) = channel::<()>();
    for _ in 0..400 {
        if metrics().lines().any(|counted| counted.starts_with(line)) {
            return;
        }
        let _later = wait.recv_timeout(Duration::from_millis(50));
    }
    drop(never);
    panic!("never {line}\n{}", metrics());
}

/// Waits until so many notices are on the disk that nobody has taken.
fn kept(config: &Path, many: usize) {
    let (never, wait) = channel::<()>();
    for _ in 0..400 {
        let mut command = Command::new(env!("CARGO_BIN_EXE_callbox"));
        let listed = command.args(["notify", "list", "--config"]).arg(config).output().expect("it runs");
        let waiting = String::from_utf8_lossy(&listed.stdout).lines().filter(|line| line.ends_with("waiting")).count();
        if waiting == many {
            return;
        }
        let _later = wait.recv_timeout(Duration::from_millis(50));
    }
    drop(never);
    panic!("the disk never had {many} notices");
}

#[test]
fn a_notice_waits_until_somebody_sits_at_the_desk_and_is_the_webhooks_json() {
    let _ports = LabPorts::locked();
    let config = config();
    let state = TempDir::new().expect("a folder");
    config.replace("[node]", &format!("[node]\nstate = \"{}\"", state.path().display()));
    let mut psap = Answerer::start("psap", 5070);
    let mut router = router::run_file(&config.file());
    Caller::new("call").calls();
    psap.finishes();
    // That somebody called, and who answered.
    kept(&config.file(), 2);
    router.signal("KILL");
    router.await_end();
    router = router::run_file(&config.file());
    let mut rival = curl(RIVAL, "desk=front");
    let mut desk = curl(ACME, "desk=front");
    hears(&mut desk, "notice");
    let (_, notice) = events(&desk).remove(1);
    assert_eq!((&notice["kind"], &notice["callback"]), (&json!("emergency_call"), &json!("+13125550123")));
    assert_eq!(notice["location"]["place"], json!("hq-101"));
    let document = notice["location"]["documents"][0].as_str().expect("a location");
    let invite = psap.invites().remove(0);
    assert!(String::from_utf8_lossy(&invite.bytes).contains(document), "exactly as signalled");
    counts("callbox_notices_total{channel=\"desktop/acme/front\",outcome=\"delivered\"} 2");
    let link = notice["acknowledge"].as_str().expect("an address");
    let path = link.strip_prefix("http://127.0.0.1:8080").expect("ours");
    assert!(asked_at(path, "POST", "", "").contains("Noted."));
    router.signal("TERM");
    router.await_end();
    desk.await_end();
    rival.await_end();
    assert_eq!(
        (names(&desk), names(&rival)),
        (vec!["snapshot".to_owned(), "notice".into(), "notice".into()], vec!["snapshot".to_owned()])
    );
}

#[test]
fn whoever_sits_down_in_mid_call_sees_its_notice_at_once() {
    let _ports = LabPorts::locked();
    let config = config();
    let _psap = Answerer::start("psap", 5070);
    let _router = router::run_file(&config.file());
    let mut first = curl(ACME, "desk=front");
    let phone = super::phone("911", "+13125550123");
    hears(&mut first, "notice");
    first.await_line("who answered", |line| line.contains("\"phase\":\"updated\"").then_some(()));
    let second = curl(ACME, "desk=front");
    let (_, snapshot) = events(&second).remove(0);
    let (_, notice) = events(&first).remove(2);
    assert_eq!(snapshot["notices"], json!([notice]), "the last that was said of it");
    drop(phone);
}

#[test]
fn a_desktop_that_does_not_read_is_cut_off_and_delays_nobody() {
    const CALLS: usize = 200;
    /// Of each call, that it came, and who answered.
    const NOTICES: usize = 2 * CALLS;
    let _ports = LabPorts::locked();
    let config = config();
    let _psap = Answerer::start("psap", 5070);
    let _router = router::run_file(&config.file());
    let mut desk = curl(ACME, "desk=front");
    let mut sleeper = sleeper();
    let calls = CALLS.to_string();
    Caller::new("call").with(&["-m", &calls, "-r", "50", "-d", "20", "-timeout", "60"]).calls();
    counts("callbox_event_streams_cut_off_total 1");
    counts("callbox_event_streams 1");
    while events_of(&desk) < NOTICES {
        let so_far = desk.said().len();
        let seen = std::cell::Cell::new(0);
        desk.await_line("another notice", |_| {
            seen.set(seen.get() + 1);
            (seen.get() > so_far).then_some(())
        });
    }
    let told: HashSet<String> = desk
        .said()
        .iter()
        .filter_map(|line| line.split("\"delivery\":\"").nth(1)?.split('"').next().map(str::to_owned))
        .collect();
    assert_eq!(told.len(), NOTICES, "who reads is told of every call");
    // Its connection is over: what was on its way comes, and then the end or a reset.
    let mut rest = Vec::new();
    let _end = sleeper.read_to_end(&mut rest);
}

fn events_of(desk: &crate::program::Program) -> usize {
    desk.said().iter().filter(|line| line.contains("\"delivery\":")).count()
}

/// Somebody who asks and never reads, with little room for what is sent.
fn sleeper() -> TcpStream {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("a socket");
    socket.set_recv_buffer_size(4096).expect("a small buffer");
    let (address, path) = EVENTS.split_once('/').expect("an address");
    let address: std::net::SocketAddr = address.parse().expect("an address");
    socket.connect(&address.into()).expect("desktops are served");
    let mut stream = TcpStream::from(socket);
    write!(stream, "GET /{path}?desk=front HTTP/1.1\r\nHost: lab\r\n{LAB}\r\n").expect("a request");
    counts("callbox_event_streams 2");
    stream
}
