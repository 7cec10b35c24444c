//! SIPp as the two sides of a call.
use crate::heard::{Heard, Way, read};
use crate::program::Program;
use crate::router::{ROUTER, answers_options, in_repository, takes_connections};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};
use tempfile::TempDir;

/// SIPp with what both sides need: its complaints and its `<log>` lines on standard error, its messages in a file.
fn sipp(scenario: &Path, folder: &Path) -> Command {
    let mut command = Command::new("sipp");
    command.arg("-sf").arg(scenario).args(["-aa", "-nostdin", "-trace_err", "-error_file", "/dev/stderr"]);
    command.args(["-trace_logs", "-log_file", "/dev/stderr", "-trace_msg", "-message_file"]);
    command.arg(messages_of(folder)).env("TERM", "dumb");
    command
}

/// A scenario of the repository: `caller/call`.
pub fn scenario(name: &str) -> PathBuf {
    in_repository("sipp-scenarios").join(name).with_extension("xml")
}

/// The addresses and the transport of a call's end.
#[derive(Clone, Copy)]
pub struct Wire {
    pub own: SocketAddr,
    pub stream: bool,
}

impl Wire {
    /// What SIPp calls it.
    fn arguments(self) -> [String; 6] {
        let transport = if self.stream { "t1" } else { "u1" };
        let (ip, port) = (self.own.ip().to_string(), self.own.port().to_string());
        ["-i".into(), ip, "-p".into(), port, "-t".into(), transport.into()]
    }
}

fn messages_of(folder: &Path) -> PathBuf {
    folder.join("messages.log")
}

/// What SIPp says when a scenario's check failed. `-aa` answers OPTIONS and says so; that is no complaint.
fn is_complaint(line: &str) -> bool {
    ["Failed regexp match", "Failed regexp no match", "Aborting call", "Unable to"]
        .iter()
        .any(|words| line.contains(words))
}

/// Somebody who is called: a PSAP, a relay center, a carrier.
pub struct Answerer {
    program: Program,
    folder: TempDir,
}

impl Answerer {
    /// Plays `answerer/SCENARIO` on this port of 127.0.0.1, from the moment that it answers OPTIONS.
    pub fn start(scenario: &str, port: u16) -> Answerer {
        let wire = Wire { own: SocketAddr::from(([127, 0, 0, 1], port)), stream: false };
        Answerer::plays(&self::scenario(&format!("answerer/{scenario}")), wire)
    }

    /// Plays the scenario of this file there.
    pub fn plays(scenario: &Path, wire: Wire) -> Answerer {
        let folder = TempDir::new().expect("a temporary folder");
        let mut command = sipp(scenario, folder.path());
        command.args(wire.arguments());
        let name = scenario.file_stem().unwrap_or_default().to_string_lossy();
        let mut program = Program::start(&format!("{name} on {}", wire.own), command, false);
        let is_there = if wire.stream { takes_connections(wire.own) } else { answers_options(&wire.own.to_string()) };
        if !is_there {
            panic!("nobody answers on {}\n{}", wire.own, program.tail());
        }
        Answerer { program, folder }
    }

    /// Waits until a call has gone through the scenario to its end, and every check of it held.
    pub fn finishes(&mut self) {
        self.reaches("finished");
    }

    /// Waits until a call has come to this `<log>` line of the scenario.
    pub fn reaches(&mut self, step: &str) {
        let found = |line: &str| (line.contains(step) || is_complaint(line)).then_some(());
        self.program.await_line(&format!("its scenario had {step}"), found);
        if self.program.said().iter().any(|line| is_complaint(line)) {
            panic!("the call was not as the scenario wants it\n{}", self.program.tail());
        }
    }

    /// The requests that it got, in order, without probes and repetitions.
    pub fn requests(&self) -> Vec<String> {
        requests(&received(self.folder.path()))
    }

    /// Everything that it got and sent, a line each.
    pub fn ladder(&self) -> String {
        ladder(self.folder.path())
    }

    /// Whether a busy machine put it out of step.
    pub fn is_out_of_step(&self) -> bool {
        is_out_of_step(self.folder.path())
    }

    /// Every INVITE that it got, repetitions too.
    pub fn invites(&self) -> Vec<Heard> {
        received(self.folder.path()).into_iter().filter(|message| message.is() == "INVITE").collect()
    }
}

/// What somebody got, probes aside.
fn received(folder: &Path) -> Vec<Heard> {
    let all = read(&messages_of(folder)).into_iter();
    all.filter(|message| message.way == Way::Received && message.is() != "OPTIONS").collect()
}

/// All messages in order: when, which way, what, and the CSeq.
fn ladder(folder: &Path) -> String {
    let line = |one: &Heard| {
        let way = if one.way == Way::Sent { ">" } else { "<" };
        format!("{:.3} {way} {} | CSeq: {}\n", one.at, one.start(), one.header("CSeq").unwrap_or_default())
    };
    read(&messages_of(folder)).iter().map(line).collect()
}

/// Whether any message is there twice, or an offer came too early for the other leg: 491.
fn is_out_of_step(folder: &Path) -> bool {
    let all = read(&messages_of(folder));
    let is_again = |at: usize| all[..at].iter().any(|one| one.way == all[at].way && one.bytes == all[at].bytes);
    (0..all.len()).any(is_again) || all.iter().any(|one| one.is() == "491")
}

/// The methods of the requests, each once.
fn requests(received: &[Heard]) -> Vec<String> {
    let mut seen = Vec::new();
    for message in received.iter().filter(|message| !message.start().starts_with("SIP/")) {
        let cseq = message.header("CSeq");
        if !seen.contains(&cseq) {
            seen.push(cseq);
        }
    }
    seen.into_iter().flatten().filter_map(|cseq| cseq.split(' ').nth(1).map(str::to_owned)).collect()
}

/// Somebody who calls: a PBX's phone.
pub struct Caller {
    scenario: PathBuf,
    dials: String,
    number: String,
    to: SocketAddr,
    stream: bool,
    port: Option<u16>,
    more: Vec<String>,
}

impl Caller {
    /// A caller who plays `caller/SCENARIO`: dials 911 from room 101, over UDP and IPv4.
    pub fn new(scenario: &str) -> Caller {
        Caller::plays(self::scenario(&format!("caller/{scenario}")))
    }

    /// The same with the scenario of this file.
    pub fn plays(scenario: PathBuf) -> Caller {
        let to = ROUTER.parse().expect("an address");
        Caller {
            scenario,
            dials: format!("sip:911@{ROUTER}"),
            number: "+13125550123".into(),
            to,
            stream: false,
            port: None,
            more: Vec::new(),
        }
    }

    /// Calls from this port, by which a trunk of the lab is known.
    pub fn at(self, port: u16) -> Caller {
        Caller { port: Some(port), ..self }
    }

    /// Dials something else: a number, or a whole URI.
    pub fn dials(self, what: &str) -> Caller {
        let uri = if what.contains(':') { what.to_owned() } else { format!("sip:{what}@{ROUTER}") };
        Caller { dials: uri, ..self }
    }

    /// Calls from another number or extension.
    pub fn from(self, number: &str) -> Caller {
        Caller { number: number.into(), ..self }
    }

    /// Calls over TCP.
    pub fn over_tcp(self) -> Caller {
        Caller { stream: true, ..self }
    }

    /// Calls over IPv6.
    pub fn over_ipv6(self) -> Caller {
        self.by_way_of("[::1]:5060".parse().expect("an address"))
    }

    /// Sends its calls to another address than the router's.
    pub fn by_way_of(self, to: SocketAddr) -> Caller {
        Caller { to, ..self }
    }

    /// Is given further arguments of SIPp's.
    pub fn with(self, arguments: &[&str]) -> Caller {
        Caller { more: arguments.iter().map(|argument| (*argument).to_owned()).collect(), ..self }
    }

    /// Starts the call.
    pub fn starts(self) -> Calling {
        let folder = TempDir::new().expect("a temporary folder");
        let mut command = sipp(&self.scenario, folder.path());
        let wire =
            Wire { own: SocketAddr::new(self.to.ip(), self.port.unwrap_or_else(free_port)), stream: self.stream };
        command.arg(self.to.to_string()).args(wire.arguments()).args(["-m", "1", "-d", "300"]);
        command.args(["-timeout", "15", "-timeout_error"]);
        command.args(["-key", "ruri", &self.dials, "-key", "number", &self.number]).args(&self.more);
        let name = self.scenario.file_stem().unwrap_or_default().to_string_lossy();
        let program = Program::start(&format!("the caller ({name})"), command, false);
        Calling { program, folder }
    }

    /// Makes the whole call, which must go as its scenario says.
    pub fn calls(self) -> Calling {
        let mut calling = self.starts();
        calling.finishes();
        calling
    }
}

/// A call being made.
pub struct Calling {
    program: Program,
    folder: TempDir,
}

impl Calling {
    /// Waits for the call's end, which must be the one of the scenario.
    pub fn finishes(&mut self) {
        let status = self.program.await_end();
        assert!(status.success(), "the caller's scenario failed: {status}\n{}", self.program.tail());
    }

    /// Everything that the caller got and sent, a line each.
    pub fn ladder(&self) -> String {
        ladder(self.folder.path())
    }

    /// Whether a busy machine put the caller out of step.
    pub fn is_out_of_step(&self) -> bool {
        is_out_of_step(self.folder.path())
    }

    /// What the caller sent.
    pub fn sent(&self) -> Vec<Heard> {
        read(&messages_of(self.folder.path())).into_iter().filter(|message| message.way == Way::Sent).collect()
    }

    /// The requests that the caller got, in order, without repetitions.
    pub fn requests(&self) -> Vec<String> {
        requests(&received(self.folder.path()))
    }
}

/// A port that nobody holds on either version of IP, over UDP or TCP, and that nobody was given before: a trunk of the
/// lab is known by its port, so no caller may inherit one. All are below the range that the system gives away.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(20_000);
    let mut ports = std::iter::repeat_with(|| NEXT.fetch_add(1, Ordering::Relaxed)).take_while(|port| *port < 32_000);
    let is_free = |ip: IpAddr, port: u16| UdpSocket::bind((ip, port)).is_ok() && TcpListener::bind((ip, port)).is_ok();
    let found =
        ports.find(|port| is_free(Ipv4Addr::LOCALHOST.into(), *port) && is_free(Ipv6Addr::LOCALHOST.into(), *port));
    found.expect("a free port")
}
