//! SIPp as the two sides of a call.
use crate::heard::{Heard, Way, read};
use crate::program::Program;
use crate::router::{ROUTER, answers_options, in_repository};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// SIPp with what both sides need: its complaints and its `<log>` lines on standard error, its messages in a file.
fn sipp(scenario: &str, folder: &Path) -> Command {
    let mut command = Command::new("sipp");
    let path = in_repository("sipp-scenarios").join(scenario).with_extension("xml");
    command.arg("-sf").arg(path).args(["-aa", "-nostdin", "-trace_err", "-error_file", "/dev/stderr"]);
    command.args(["-trace_logs", "-log_file", "/dev/stderr", "-trace_msg", "-message_file"]);
    command.arg(messages_of(folder)).env("TERM", "dumb");
    command
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
        let folder = TempDir::new().expect("a temporary folder");
        let mut command = sipp(&format!("answerer/{scenario}"), folder.path());
        command.args(["-i", "127.0.0.1", "-p", &port.to_string()]);
        let mut program = Program::start(&format!("{scenario} on {port}"), command, false);
        if !answers_options(&format!("127.0.0.1:{port}")) {
            panic!("nobody answers on {port}\n{}", program.tail());
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
        let mut seen = Vec::new();
        for message in self.received() {
            let cseq = message.header("CSeq");
            if !message.start().starts_with("SIP/") && !seen.contains(&cseq) {
                seen.push(cseq);
            }
        }
        seen.into_iter().flatten().filter_map(|cseq| cseq.split(' ').nth(1).map(str::to_owned)).collect()
    }

    /// Every INVITE that it got, repetitions too.
    pub fn invites(&self) -> Vec<Heard> {
        self.received().into_iter().filter(|message| message.is() == "INVITE").collect()
    }

    fn received(&self) -> Vec<Heard> {
        let all = read(&messages_of(self.folder.path())).into_iter();
        all.filter(|message| message.way == Way::Received && message.is() != "OPTIONS").collect()
    }
}

/// Somebody who calls: a PBX's phone.
pub struct Caller {
    scenario: &'static str,
    dials: String,
    number: &'static str,
    to: &'static str,
    stream: bool,
}

impl Caller {
    /// A caller who plays `caller/SCENARIO`: dials 911 from room 101, over UDP and IPv4.
    pub fn new(scenario: &'static str) -> Caller {
        Caller { scenario, dials: format!("sip:911@{ROUTER}"), number: "+13125550123", to: ROUTER, stream: false }
    }

    /// Dials something else: a number, or a whole URI.
    pub fn dials(self, what: &str) -> Caller {
        let uri = if what.contains(':') { what.to_owned() } else { format!("sip:{what}@{ROUTER}") };
        Caller { dials: uri, ..self }
    }

    /// Calls from another number or extension.
    pub fn from(self, number: &'static str) -> Caller {
        Caller { number, ..self }
    }

    /// Calls over TCP.
    pub fn over_tcp(self) -> Caller {
        Caller { stream: true, ..self }
    }

    /// Calls over IPv6.
    pub fn over_ipv6(self) -> Caller {
        Caller { to: "[::1]:5060", ..self }
    }

    /// Starts the call.
    pub fn starts(self) -> Calling {
        let folder = TempDir::new().expect("a temporary folder");
        let mut command = sipp(&format!("caller/{}", self.scenario), folder.path());
        let own = if self.to.starts_with('[') { "::1" } else { "127.0.0.1" };
        command.arg(self.to).args(["-i", own, "-p", &free_port().to_string(), "-m", "1", "-d", "300"]);
        command.args(["-t", if self.stream { "t1" } else { "u1" }, "-timeout", "15", "-timeout_error"]);
        command.args(["-key", "ruri", &self.dials, "-key", "number", self.number]);
        let program = Program::start(&format!("the caller ({})", self.scenario), command, false);
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

    /// What the caller sent.
    pub fn sent(&self) -> Vec<Heard> {
        read(&messages_of(self.folder.path())).into_iter().filter(|message| message.way == Way::Sent).collect()
    }
}

/// A UDP and TCP port of loopback that nobody holds and that is none of the lab's.
fn free_port() -> u16 {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("a free port");
    socket.local_addr().expect("it is bound").port()
}
