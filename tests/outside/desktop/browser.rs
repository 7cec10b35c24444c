//! What an agent sees: `assets/desktop.js` in a page, in Chromium.
use super::{config, ticket};
use crate::held::LAB;
use crate::lab_ports::LabPorts;
use crate::program::Program;
use crate::router::{self, in_repository};
use crate::sipp::{Answerer, Caller};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use tempfile::TempDir;

/// The page of a desktop. It says what can be seen: an element without a height cannot.
const PAGE: &str = r#"<!doctype html><meta charset="utf-8"><title>desktop</title>
<button data-callbox="hold">Hold</button> <button data-callbox="end">End</button>
<script src="/desktop.js"></script>
<script>
const seen = (element) => element.offsetHeight > 0;
callboxDesktop({
  events: "http://127.0.0.1:8080/client/v1/events",
  ticket: async () => (await fetch("/ticket")).text(),
  changed: () => fetch("/seen", { method: "POST", body: JSON.stringify({
    banner: seen(document.querySelector("[role=alert]")) ? document.querySelector("[role=alert]").textContent : "",
    hold: seen(document.querySelector("[data-callbox=hold]")),
    end: seen(document.querySelector("[data-callbox=end]")),
  }) }),
});
</script>
"#;

/// The desktop's own server, and what the page says.
fn desktop_server() -> (u16, Receiver<serde_json::Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (tell, told) = channel();
    std::thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            let mut reader = BufReader::new(stream);
            let mut request = String::new();
            let mut length = 0;
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) <= 2 {
                    break;
                }
                if let Some(value) = line.to_lowercase().strip_prefix("content-length: ") {
                    length = value.trim().parse().unwrap_or(0);
                }
                request.push_str(&line);
            }
            let mut body = vec![0; length];
            if std::io::Read::read_exact(&mut reader, &mut body).is_err() {
                continue;
            }
            let path = request.split(' ').nth(1).unwrap_or_default();
            let (kind, answer) = match path {
                "/" => ("text/html", PAGE.to_owned()),
                "/desktop.js" => (
                    "text/javascript",
                    std::fs::read_to_string(in_repository("assets/desktop.js")).expect("it is there"),
                ),
                // While the router is away its clients ask again.
                "/ticket" => {
                    ("text/plain", std::panic::catch_unwind(|| ticket(LAB, r#"{"user": "desk"}"#)).unwrap_or_default())
                }
                "/seen" => {
                    let _heard = tell.send(serde_json::from_slice(&body).expect("JSON"));
                    ("text/plain", String::new())
                }
                _ => ("text/plain", String::new()),
            };
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                answer.len()
            );
            let _written = reader.into_inner().write_all([head, answer].concat().as_bytes());
        }
    });
    (port, told)
}

fn chromium(page: &str, profile: &TempDir) -> Program {
    let mut command = Command::new("chromium");
    command.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]);
    command.args(["--disable-background-networking", "--disable-component-update", "--disable-sync"]);
    command.args(["--disable-dev-shm-usage", "--remote-debugging-port=0"]);
    command.arg(format!("--user-data-dir={}", profile.path().display())).arg(page);
    Program::start_with_children("chromium", command)
}

/// Waits until the page shows this.
fn shows(
    told: &Receiver<serde_json::Value>,
    browser: &mut Program,
    what: &str,
    wanted: impl Fn(&serde_json::Value) -> bool,
) {
    loop {
        match told.recv_timeout(Duration::from_secs(40)) {
            Ok(seen) if wanted(&seen) => return,
            Ok(_) => {}
            Err(_) => panic!("the page never showed {what}\n{}", browser.tail()),
        }
    }
}

#[test]
fn the_banner_comes_with_the_call_and_goes_with_it_and_comes_again_after_the_router_was_killed() {
    let _ports = LabPorts::locked();
    let config = config();
    let _relay = Answerer::start("relay-center", 5072);
    let mut router = router::run_file(&config.file());
    let (port, told) = desktop_server();
    let profile = TempDir::new().expect("a folder");
    let mut browser = chromium(&format!("http://127.0.0.1:{port}/"), &profile);
    let is_quiet = |seen: &serde_json::Value| seen["banner"] == "" && seen["hold"] == true && seen["end"] == true;
    let is_shown = |seen: &serde_json::Value| {
        let says = seen["banner"].as_str().is_some_and(|text| text.starts_with("Emergency call in progress, since "));
        says && seen["hold"] == false && seen["end"] == true
    };
    shows(&told, &mut browser, "a desktop without a call", is_quiet);
    for _ in 0..2 {
        Caller::new("call").from("4117").calls();
        shows(&told, &mut browser, "the banner", is_shown);
        shows(&told, &mut browser, "the desktop without it", is_quiet);
        router.signal("KILL");
        router.await_end();
        router = router::run_file(&config.file());
        shows(&told, &mut browser, "what the next router knows", is_quiet);
    }
}
