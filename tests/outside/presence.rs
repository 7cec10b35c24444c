//! The state of an agent at a contact center: do-not-disturb while an emergency call lasts, then what was before.
use crate::lab_config::LabConfig;
use crate::lab_ports::LabPorts;
use crate::lost::invite_at;
use crate::noticed::{header, request, within};
use crate::phone::{Phone, answers, invite, says};
use crate::router::{self, metrics};
use crate::sipp::free_port;
use rusqlite::{Connection, OpenFlags};
use std::io::Write;
use std::net::{TcpListener, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

const SECRET: &str = "a secret of the laboratory";
const AGENT: &str = "ann-17";

/// A contact center with one agent.
struct Center {
    port: u16,
    state: Arc<Mutex<String>>,
    /// What it was asked, each as event, state and expected state.
    asked: Arc<Mutex<Vec<String>>>,
}

impl Center {
    /// One whose agent has this state.
    fn with(state: &str) -> Center {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (state, asked) = (Arc::new(Mutex::new(state.to_owned())), Arc::new(Mutex::new(Vec::new())));
        let center = Center { port, state: Arc::clone(&state), asked: Arc::clone(&asked) };
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let got = request(&mut stream);
                assert!(header(&got, "x-callbox-signature").starts_with("t="), "{got}");
                let answer = answer(&got, &mut lock(&state), &mut lock(&asked));
                let _sent = stream.write_all(answer.as_bytes());
            }
        });
        center
    }

    fn state(&self) -> String {
        lock(&self.state).clone()
    }

    /// The agent chooses.
    fn chooses(&self, state: &str) {
        *lock(&self.state) = state.to_owned();
    }

    /// Waits until the state is this one.
    fn comes_to(&self, wanted: &str) {
        within(&format!("the agent is {wanted}"), || (self.state() == wanted).then_some(()));
    }

    /// What it was asked until now.
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.asked))
    }
}

fn lock<T>(shared: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a careful contact center answers.
fn answer(request: &str, state: &mut String, asked: &mut Vec<String>) -> String {
    let body = request.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let json: serde_json::Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(json["agent"], AGENT, "{json}");
    let word = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
    let told = |status: &str, body: &str| {
        format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    };
    if request.starts_with("POST /read ") {
        asked.push("read".into());
        return told("200 OK", &format!("{{\"state\":\"{state}\"}}"));
    }
    asked.push(format!("{} -> {}: {}", word("if"), word("state"), word("reason")));
    if word("if") != *state {
        return told("412 Precondition Failed", "{}");
    }
    *state = word("state");
    told("200 OK", "{}")
}

/// The lab with a contact center, at which the user of 0123 is an agent.
fn config(port: u16, more: &str) -> LabConfig {
    let config = LabConfig::copied();
    config.append(
        "lab.toml",
        &format!(
            "\n[[presence]]\nname = \"center\"\norganisation = \"acme\"\nkind = \"webhook\"\n\
             read_url = \"http://127.0.0.1:{port}/read\"\nset_url = \"http://127.0.0.1:{port}/set\"\n\
             secret = \"{SECRET}\"\ndo_not_disturb = \"dnd\"\n{more}"
        ),
    );
    agent(&config, AGENT);
    config
}

/// Makes the user of 0123 an agent.
pub fn agent(config: &LabConfig, key: &str) {
    let users = format!("id,organisation,site,lines,presence\nann,acme,hq,+13125550123,{key}\n");
    std::fs::write(config.file().with_file_name("lab").join("users.csv"), users).expect("the copy is ours");
}

#[test]
fn an_agent_has_do_not_disturb_while_the_call_lasts_and_has_its_own_state_again_whatever_ends_it() {
    let _ports = LabPorts::locked();
    let center = Center::with("available");
    let config = config(center.port, "");
    let psap = UdpSocket::bind("127.0.0.1:5070").expect("the PSAP's port");
    let mut router = router::run_file(&config.file());
    // Answered, and hung up.
    let mut phone = Phone::calls("911", "+13125550123");
    let (call, peer) = invite(&psap);
    assert!(call.contains("P-Asserted-Identity: <sip:+13125550190@"), "an agent's line is lent a number: {call}");
    answers(&psap, peer, &call);
    phone.is_answered();
    center.comes_to("dnd");
    assert_eq!(center.asked(), ["read", "available -> dnd: emergency_call"]);
    phone.hangs_up();
    center.comes_to("available");
    assert_eq!(center.asked(), ["read", "dnd -> available: emergency_call_over"]);
    // Given up.
    let mut phone = Phone::calls("911", "+13125550123");
    let (call, peer) = invite(&psap);
    says(&psap, peer, &call, "180 Ringing");
    phone.hears("SIP/2.0 180 ");
    center.comes_to("dnd");
    phone.gives_up();
    center.comes_to("available");
    // Everybody refuses, or is not there.
    let mut phone = Phone::calls("911", "+13125550123");
    let (call, peer) = invite(&psap);
    center.comes_to("dnd");
    says(&psap, peer, &call, "486 Busy Here");
    phone.hears("SIP/2.0 503 ");
    phone.acknowledges();
    center.comes_to("available");
    // The agent has changed it meanwhile.
    let mut phone = Phone::calls("911", "+13125550123");
    let (call, peer) = invite(&psap);
    answers(&psap, peer, &call);
    phone.is_answered();
    center.comes_to("dnd");
    center.chooses("lunch");
    phone.hangs_up();
    within("it is left", || {
        metrics().contains("callbox_presence_total{adapter=\"center\",outcome=\"left\"} 1").then_some(())
    });
    assert_eq!(center.state(), "lunch");
    let page = metrics();
    assert!(page.contains("callbox_presence_total{adapter=\"center\",outcome=\"restored\"} 3"), "{page}");
    // The operator stops the router in the middle of a call.
    let mut phone = Phone::calls("911", "+13125550123");
    let (call, peer) = invite(&psap);
    answers(&psap, peer, &call);
    phone.is_answered();
    center.comes_to("dnd");
    router.signal("TERM");
    router.signal("INT");
    assert!(router.await_end().success());
    assert_eq!(center.state(), "lunch");
    let said = router.said().join("\n");
    let is_told = [AGENT, "lunch", "available"].iter().any(|private| said.contains(private) || page.contains(private));
    assert!(!is_told, "{said}\n{page}");
}

#[test]
fn test_and_crisis_calls_and_calls_of_others_change_no_presence() {
    let _ports = LabPorts::locked();
    let center = Center::with("available");
    let config = config(center.port, "");
    let crisis = UdpSocket::bind("127.0.0.1:5073").expect("the crisis line's port");
    let relay = UdpSocket::bind("127.0.0.1:5072").expect("the relay center's port");
    let psap = UdpSocket::bind("127.0.0.1:5070").expect("the PSAP's port");
    let _router = router::run_file(&config.file());
    let _test = Phone::calls("933", "+13125550123");
    let _hope = Phone::calls("988", "+13125550123");
    assert!(invite_at(&crisis).is_some());
    let _other = Phone::calls("911", "+13125550124");
    assert!(invite_at(&relay).is_some());
    // What is heard in order is done in order: the one that counts comes last.
    let mut phone = Phone::calls("911", "+13125550123");
    let (call, peer) = invite(&psap);
    answers(&psap, peer, &call);
    phone.is_answered();
    center.comes_to("dnd");
    phone.hangs_up();
    center.comes_to("available");
    assert_eq!(center.asked().len(), 4);
    let mut explain = Command::new(env!("CARGO_BIN_EXE_callbox"));
    explain.args(["explain", "911", "--from", "+13125550123", "--config"]).arg(config.file());
    let told = String::from_utf8_lossy(&explain.output().expect("callbox runs").stdout).into_owned();
    assert!(
        told.contains("presence  ") && told.contains("+13125550190 (lent to the caller, from the site's pool"),
        "{told}"
    );
}

/// A number of the state, as soon as there is one.
fn kept(state: &Path, column: &str) -> Option<i64> {
    let file = Connection::open_with_flags(state.join("state.db"), OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
    file.query_row(&format!("SELECT {column} FROM presence"), [], |row| row.get(0)).ok()
}

/// A text of the state, as soon as it is not empty.
pub fn kept_text(state: &Path, column: &str) -> String {
    let look = || {
        let file = Connection::open_with_flags(state.join("state.db"), OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
        file.query_row(&format!("SELECT {column} FROM presence"), [], |row| row.get(0)).ok()
    };
    within(column, || look().filter(|text: &String| !text.is_empty()))
}

#[test]
fn after_a_kill_in_the_middle_of_a_call_the_state_is_back_and_so_is_the_way_for_the_psap() {
    let _ports = LabPorts::locked();
    let center = Center::with("available");
    let config = config(center.port, "");
    config.replace("[node]\n", "[node]\nstate = \"kept\"\n");
    let psap = UdpSocket::bind("127.0.0.1:5070").expect("the PSAP's port");
    let mut router = router::run_file(&config.file());
    let mut phone = Phone::calls("911", "+13125550123");
    let (call, peer) = invite(&psap);
    answers(&psap, peer, &call);
    phone.is_answered();
    center.comes_to("dnd");
    assert_eq!(kept(&config.file().with_file_name("kept"), "ended"), Some(0));
    router.signal("KILL");
    router.await_end();
    assert_eq!(center.state(), "dnd");
    let _router = router::run_file(&config.file());
    center.comes_to("available");
    calls_back();
}

/// A PSAP calls the number that the agent's line was lent, and the phone's PBX is asked for the line.
fn calls_back() {
    let pbx = UdpSocket::bind("127.0.0.1:5075").expect("the PBX's port");
    let carrier = UdpSocket::bind("127.0.0.1:5074").expect("the carrier's port");
    crate::called_back::invites(&carrier, "+13125559110", "+13125550190", "");
    let back = invite_at(&pbx).expect("the PBX is called");
    assert!(back.starts_with("INVITE sip:+13125550123@127.0.0.1:5075;user=phone "), "{back}");
    assert!(back.contains("Priority: psap-callback\r\n"), "{back}");
}

#[test]
fn after_a_kill_in_the_window_of_callbacks_the_psap_gets_through_and_do_not_disturb_ends_with_the_window() {
    let _ports = LabPorts::locked();
    let center = Center::with("available");
    let config = config(center.port, "hold_for_callback = true\n");
    config.replace("[node]\n", "[node]\nstate = \"kept\"\n");
    let psap = UdpSocket::bind("127.0.0.1:5070").expect("the PSAP's port");
    let mut router = router::run_file(&config.file());
    let mut phone = Phone::calls("911", "+13125550123");
    let (call, peer) = invite(&psap);
    answers(&psap, peer, &call);
    phone.is_answered();
    center.comes_to("dnd");
    phone.hangs_up();
    let state = config.file().with_file_name("kept");
    within("the end of the call is kept", || kept(&state, "ended").filter(|ended| *ended > 0));
    router.signal("KILL");
    router.await_end();
    let mut router = router::run_file(&config.file());
    calls_back();
    assert_eq!(center.state(), "dnd", "others are still to let the agent be");
    router.signal("KILL");
    router.await_end();
    // Two hours go by.
    let file = Connection::open(state.join("state.db")).expect("the state");
    let earlier = "UPDATE presence SET began = began - 7200000, ended = ended - 7200000";
    assert_eq!(file.execute(earlier, []).expect("it can be written"), 1);
    drop(file);
    let _router = router::run_file(&config.file());
    center.comes_to("available");
}

#[test]
fn a_contact_center_that_hangs_or_is_not_there_touches_no_call() {
    let _ports = LabPorts::locked();
    let hangs = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = hangs.local_addr().expect("an address").port();
    let gone = free_port();
    let config = config(port, "timeout_secs = 1\n");
    let psap = UdpSocket::bind("127.0.0.1:5070").expect("the PSAP's port");
    let mut router = router::run_file(&config.file());
    let mut phone = Phone::calls("911", "+13125550123");
    let (call, peer) = invite(&psap);
    answers(&psap, peer, &call);
    phone.is_answered();
    let counted = |outcome: &str| {
        let line = format!("callbox_presence_total{{adapter=\"center\",outcome=\"{outcome}\"}}");
        within(outcome, || metrics().contains(&line).then_some(()));
    };
    counted("late");
    config.replace(&format!("read_url = \"http://127.0.0.1:{port}"), &format!("read_url = \"http://127.0.0.1:{gone}"));
    router.signal("HUP");
    counted("unreachable");
    router.await_line("it is an alarm", |line| line.contains("does not take presence").then_some(()));
    assert!(metrics().contains("callbox_presence_adapter_up{adapter=\"center\"} 0"), "{}", metrics());
    phone.hangs_up();
    within("nothing is left to undo", || metrics().contains("callbox_presence_agents 0").then_some(()));
}
