//! A location client that others wrote: Kamailio's `lost` asks where a phone is, by value and by reference, and routes a
//! call with what it is told.
use crate::held::{HELD, LAB, asked, assert_says};
use crate::lab_ports::LabPorts;
use crate::program::{Program, installed};
use crate::router::{self, answers_options};
use crate::sipp::free_port;
use std::net::UdpSocket;
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

/// The phone of extension 4117 at the socket of room 217.
pub const PLUGGED_IN: &str = "<locationRequest xmlns=\"urn:ietf:params:xml:ns:geopriv:held\">\
    <device xmlns=\"urn:ietf:params:xml:ns:geopriv:held:id\"><mac>02-00-00-00-0A-01</mac></device>\
    <measurements xmlns=\"urn:ietf:params:xml:ns:geopriv:lm\"><lldp xmlns=\"urn:ietf:params:xml:ns:geopriv:lm:lldp\">\
    <chassis type=\"4\">020000000101</chassis><port type=\"5\">37</port></lldp></measurements></locationRequest>";

#[test]
fn kamailio_learns_where_a_phone_is_and_its_call_arrives_with_that_place() {
    let _ports = LabPorts::locked();
    let psap = UdpSocket::bind("127.0.0.1:5070").expect("the PSAP's port");
    let _router = router::run("conf/lab.toml");
    assert_says(&asked("POST", &format!("{HELD}{LAB}"), PLUGGED_IN), "200", &["<ca:ROOM>217</ca:ROOM>"]);
    let own = free_port();
    let folder = TempDir::new().expect("a temporary folder");
    let file = folder.path().join("kamailio.cfg");
    std::fs::write(&file, include_str!("lost.cfg").replace("OWN", &own.to_string())).expect("the folder is ours");
    let mut command = Command::new(installed("kamailio"));
    command.args(["-DD", "-E", "-f"]).arg(&file).arg("-Y").arg(folder.path());
    let mut kamailio = Program::start_with_children("kamailio (lost)", command);
    let there = format!("127.0.0.1:{own}");
    assert!(answers_options(&there), "Kamailio is not there\n{}", kamailio.tail());
    let phone = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    phone.send_to(invite(&phone).as_bytes(), &there).expect("loopback takes datagrams");
    let arrived = invite_at(&psap).unwrap_or_else(|| {
        let mut answer = [0; 4096];
        let length = phone.recv(&mut answer).unwrap_or(0);
        panic!("no INVITE came; the phone heard {}\n{}", String::from_utf8_lossy(&answer[..length]), kamailio.tail())
    });
    assert!(arrived.starts_with("INVITE "), "{arrived}");
    assert!(arrived.contains("<ca:ROOM>217</ca:ROOM>"), "its location URI leads to the room: {arrived}");
}

fn invite(phone: &UdpSocket) -> String {
    phone.set_read_timeout(Some(Duration::from_millis(500))).expect("a timeout can be set");
    let own = phone.local_addr().expect("it is bound");
    let session = format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {} RTP/AVP 0\r\n",
        own.port() + 1
    );
    format!(
        "INVITE sip:911@callbox.example SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bK-lost-1;rport\r\n\
         Max-Forwards: 70\r\nFrom: <sip:4117@callbox.example>;tag=l1\r\nTo: <sip:911@callbox.example>\r\n\
         Call-ID: lost-1-{own}\r\nCSeq: 1 INVITE\r\nContact: <sip:4117@{own}>\r\n\
         Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{session}",
        session.len()
    )
}

/// The first INVITE that comes to a PSAP, to which OPTIONS are nothing.
pub fn invite_at(psap: &UdpSocket) -> Option<String> {
    psap.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout can be set");
    let mut buffer = [0; 65_536];
    (0..20).find_map(|_| {
        let length = psap.recv(&mut buffer).ok()?;
        let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
        text.starts_with("INVITE ").then_some(text)
    })
}
