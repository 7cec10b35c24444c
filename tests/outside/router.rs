//! The router under test: the program itself, started as an operator would.
use crate::program::Program;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Where the router listens.
pub const ROUTER: &str = "127.0.0.1:5060";

/// A file of the repository.
pub fn in_repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// `callbox run` with this config file of the repository, once it takes calls.
pub fn run(config: &str) -> Program {
    run_file(&in_repository(config))
}

/// `callbox run` with this config file, once it takes calls.
pub fn run_file(config: &Path) -> Program {
    ready(start(config))
}

/// The same with a config in which we are strangers, so that no OPTIONS is answered.
pub fn run_for_strangers(config: &str) -> Program {
    run_unasked(&in_repository(config))
}

/// `callbox run` with this config file, once it says that it is ready: it may not listen for OPTIONS over UDP.
pub fn run_unasked(config: &Path) -> Program {
    let mut router = start(config);
    says_ready(&mut router);
    router
}

/// `callbox lab`: the router and its far ends, once it takes calls.
pub fn lab() -> Program {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callbox"));
    command.arg("lab").current_dir(env!("CARGO_MANIFEST_DIR"));
    ready(Program::start("callbox lab", command, true))
}

fn start(config: &Path) -> Program {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callbox"));
    command.arg("run").arg("--config").arg(config);
    Program::start("callbox run", command, true)
}

/// The same where it may write no more than the system lets it: a write that is too much fails, as on a full disk.
pub fn run_limited(config: &Path) -> Program {
    let mut command = Command::new("sh");
    let callbox = env!("CARGO_BIN_EXE_callbox");
    command.args(["-c", "trap '' XFSZ; exec \"$0\" run --config \"$1\"", callbox]).arg(config);
    ready(Program::start("callbox run", command, true))
}

fn says_ready(router: &mut Program) {
    router.await_line("it was ready", |line| line.contains("callbox ready").then_some(()));
}

fn ready(mut router: Program) -> Program {
    says_ready(&mut router);
    if !answers_options(ROUTER) {
        panic!("callbox says it is ready, but does not answer OPTIONS\n{}", router.tail());
    }
    router
}

/// The page that Prometheus reads.
pub fn metrics() -> String {
    let mut stream = TcpStream::connect("127.0.0.1:9090").expect("metrics are served");
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n").expect("a request");
    let mut page = String::new();
    stream.read_to_string(&mut page).expect("a page");
    page
}

/// Whether somebody answers OPTIONS with 200 there: asked up to a hundred times, 50 ms apart.
pub fn answers_options(to: &str) -> bool {
    answers_options_within(to, 100)
}

/// The same, asked so many times.
pub fn answers_options_within(to: &str, tries: u32) -> bool {
    let to: SocketAddr = to.parse().expect("an address");
    let socket = UdpSocket::bind((loopback(to), 0)).expect("a free port");
    socket.set_read_timeout(Some(Duration::from_millis(50))).expect("a timeout can be set");
    let own = socket.local_addr().expect("it is bound");
    let mut answer = [0; 4096];
    (0..tries).any(|try_number| {
        let request = format!(
            "OPTIONS sip:{to} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bK-ready-{try_number};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:ready@{own}>;tag=r{try_number}\r\nTo: <sip:{to}>\r\n\
             Call-ID: ready-{try_number}-{own}\r\nCSeq: 1 OPTIONS\r\nContact: <sip:{own}>\r\nContent-Length: 0\r\n\r\n"
        );
        // The socket is not connected, so a port that nobody holds yet shows as a silence and not as an error.
        socket.send_to(request.as_bytes(), to).expect("loopback takes datagrams");
        socket.recv(&mut answer).is_ok_and(|length| answer[..length].starts_with(b"SIP/2.0 200"))
    })
}

/// Whether somebody takes connections there: tried up to a hundred times, 50 ms apart.
pub fn takes_connections(to: SocketAddr) -> bool {
    (0..100).any(|_| {
        let is_there = TcpStream::connect(to).is_ok();
        if !is_there {
            std::thread::park_timeout(Duration::from_millis(50));
        }
        is_there
    })
}

/// This machine, as somebody at that address sees it.
fn loopback(peer: SocketAddr) -> IpAddr {
    if peer.is_ipv6() { Ipv6Addr::LOCALHOST.into() } else { Ipv4Addr::LOCALHOST.into() }
}
