//! A PSAP calls back after the router was killed and the caller's PBX was started anew.
use crate::lab_config::LabConfig;
use crate::lab_ports::LabPorts;
use crate::lost::invite_at;
use crate::program::DEADLINE;
use crate::router;
use rusqlite::{Connection, OpenFlags};
use std::net::UdpSocket;
use std::path::Path;
use std::time::Duration;

const SESSION: &str =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n";

/// An INVITE from this socket.
pub fn invites(from: &UdpSocket, number: &str, to: &str, mark: &str) {
    let own = from.local_addr().expect("it is bound");
    let invite = format!(
        "INVITE sip:{to}@callbox.example SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bK-back-{to};rport\r\n\
         Max-Forwards: 70\r\nFrom: <sip:{number}@callbox.example>;tag=b1\r\nTo: <sip:{to}@callbox.example>\r\n\
         Call-ID: back-{to}-{own}\r\nCSeq: 1 INVITE\r\nContact: <sip:{own}>\r\n{mark}Content-Type: application/sdp\r\n\
         Content-Length: {}\r\n\r\n{SESSION}",
        SESSION.len()
    );
    from.send_to(invite.as_bytes(), router::ROUTER).expect("loopback takes datagrams");
}

/// Waits until the state knows of a number that is lent.
fn lent(state: &Path) -> String {
    let look = || -> rusqlite::Result<String> {
        let file = Connection::open_with_flags(state.join("state.db"), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        file.query_row("SELECT lent FROM windows WHERE lent <> ''", [], |row| row.get(0))
    };
    let found = (0..200).find_map(|_| {
        let found = look().ok();
        if found.is_none() {
            std::thread::park_timeout(Duration::from_millis(20));
        }
        found
    });
    found.expect("a number is lent, and kept")
}

#[test]
fn a_psap_that_calls_back_reaches_the_phone_though_router_and_pbx_were_started_anew() {
    let _ports = LabPorts::locked();
    let relay = UdpSocket::bind("127.0.0.1:5072").expect("the relay center's port");
    let config = LabConfig::copied();
    config.replace("[node]\n", "[node]\nstate = \"kept\"\n");
    let state = config.file().with_file_name("kept");
    let mut router = router::run_file(&config.file());
    let phone = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    invites(&phone, "4117", "911", "");
    let called = invite_at(&relay).expect("the call arrives");
    assert!(called.contains("P-Asserted-Identity: <sip:+13125550190@"), "{called}");
    assert_eq!(lent(&state), "+13125550190");
    router.signal("KILL");
    router.await_end();
    drop(phone);
    let _router = router::run_file(&config.file());
    let pbx = UdpSocket::bind("127.0.0.1:5075").expect("the PBX's port");
    let carrier = UdpSocket::bind("127.0.0.1:5074").expect("the carrier's port");
    invites(&carrier, "+13125559110", "+13125550190", "");
    let back = invite_at(&pbx).expect("the PBX is called");
    assert!(back.starts_with("INVITE sip:4117@127.0.0.1:5075 "), "{back}");
    assert!(back.contains("Priority: psap-callback\r\n"), "{back}");
    // Another extension that calls now is lent another number, and none of those that were next in line.
    let other = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    invites(&other, "4119", "911", "");
    let called = (0..50).find_map(|_| invite_at(&relay).filter(|invite| invite.contains("sip:+13125550193@")));
    assert!(called.is_some(), "0191 and 0192 rest after the crash");
}

#[test]
fn a_phone_that_marks_its_call_as_a_call_back_makes_an_everyday_call_without_the_mark() {
    let _ports = LabPorts::locked();
    let gateway = UdpSocket::bind("127.0.0.1:5074").expect("the gateway's port");
    let pbx = UdpSocket::bind("127.0.0.1:5075").expect("the PBX's port");
    let _router = router::run("conf/lab.toml");
    let phone = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    invites(&phone, "4119", "+13125550123", "Priority: psap-callback\r\nResource-Priority: esnet.0\r\n");
    let passed = invite_at(&gateway).expect("it goes where everyday calls go");
    assert!(passed.starts_with("INVITE sip:+13125550123@127.0.0.1:5074"), "{passed}");
    assert!(!passed.contains("psap-callback"), "{passed}");
    pbx.set_nonblocking(true).expect("a socket can be told");
    assert!(pbx.recv(&mut [0; 2048]).is_err(), "no phone rings");
}

#[test]
fn a_line_in_an_emergency_call_is_busy_for_an_everyday_call() {
    let _ports = LabPorts::locked();
    let psap = UdpSocket::bind("127.0.0.1:5070").expect("the PSAP's port");
    let carrier = UdpSocket::bind("127.0.0.1:5074").expect("the carrier's port");
    let _router = router::run("conf/lab.toml");
    let phone = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    invites(&phone, "+13125550123", "911", "");
    invite_at(&psap).expect("the call arrives");
    invites(&carrier, "+17735550142", "+13125550123", "");
    carrier.set_read_timeout(Some(DEADLINE)).expect("a timeout can be set");
    let mut room = [0; 65_536];
    let answer = (0..100).find_map(|_| {
        let length = carrier.recv(&mut room).expect("an answer");
        let text = String::from_utf8_lossy(&room[..length]).into_owned();
        (text.starts_with("SIP/2.0 ") && !text.starts_with("SIP/2.0 1")).then_some(text)
    });
    let answer = answer.expect("a final answer");
    assert!(answer.starts_with("SIP/2.0 486 ") && answer.contains("\r\nCSeq: 1 INVITE\r\n"), "{answer}");
}
