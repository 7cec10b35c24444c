//! A day of one desk phone: it is plugged in and asks where it is, tests, moves, calls for help, and moves once more when
//! nobody tells it where it is.
use crate::held::{HELD, LAB, asked, assert_says};
use crate::ivr::{self, Ear};
use crate::lab_config::LabConfig;
use crate::lab_ports::LabPorts;
use crate::router;
use std::net::UdpSocket;
use std::process::Command;
use std::time::Duration;

/// The phone of extension 4117 at a socket of the lab's switch, as its LLDP says.
fn plugs_in(socket: &str, room: &str) {
    let request = format!(
        "<locationRequest xmlns=\"urn:ietf:params:xml:ns:geopriv:held\">\
         <device xmlns=\"urn:ietf:params:xml:ns:geopriv:held:id\"><mac>02-00-00-00-0A-01</mac></device>\
         <measurements xmlns=\"urn:ietf:params:xml:ns:geopriv:lm\"><lldp xmlns=\"urn:ietf:params:xml:ns:geopriv:lm:lldp\">\
         <chassis type=\"4\">020000000101</chassis><port type=\"5\">{socket}</port></lldp></measurements></locationRequest>"
    );
    assert_says(&asked("POST", &format!("{HELD}{LAB}"), &request), "200", &[&format!("<ca:ROOM>{room}</ca:ROOM>")]);
}

/// Whoever is called at a port, and waits for it no longer than half a second at a time.
fn far_end(port: u16) -> UdpSocket {
    let socket = UdpSocket::bind(("127.0.0.1", port)).expect("the far end's port");
    socket.set_read_timeout(Some(Duration::from_millis(500))).expect("a timeout can be set");
    socket
}

/// What a far end hears of an emergency call of the phone.
fn calls_for_help(psap: &UdpSocket) -> String {
    let phone = || {
        Command::new(env!("CARGO_BIN_EXE_callbox"))
            .args(["call", "911", "--from", "4117", "--cancel-after", "300"])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("callbox starts")
    };
    let mut bytes = [0; 16_384];
    // Copies of an earlier call are none of this one.
    while psap.recv(&mut bytes).is_ok() {}
    let mut phone = phone();
    let invite = (0..60).find_map(|_| {
        let length = psap.recv(&mut bytes).ok()?;
        let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
        text.starts_with("INVITE ").then_some(text)
    });
    // It waits for nothing that is looked at here.
    let _ = phone.kill();
    let _ = phone.wait();
    invite.expect("the PSAP is called")
}

#[test]
fn a_day_in_the_lab() {
    let _ports = LabPorts::locked();
    let (psap, relay) = (far_end(5070), far_end(5072));
    let config = LabConfig::copied();
    config.socket("8", "hq-301");
    config.gives_address("4117", "hq-101");
    let router = router::run_file(&config.file());

    plugs_in("37", "217");
    let (_, sound) = ivr::dials(&["933", "--from", "4117", "--seconds", "46"]);
    let mut ear = Ear::new(&sound);
    for words in ["4 1 1 7 ", "Floor", "Room", "2 1 7 ", "It was found by the network socket that your phone uses."] {
        ear.hears(words);
    }

    plugs_in("38", "301");
    assert!(calls_for_help(&psap).contains("<ca:ROOM>301</ca:ROOM>"), "the PSAP is told the new room");

    // The location server knows nothing of the phone, and nobody answers it: what is left is the number's address.
    drop(router);
    let router = router::run_file(&config.file());
    let invite = calls_for_help(&psap);
    assert!(invite.contains("<ca:ROOM>101</ca:ROOM>") && !invite.contains("<ca:ROOM>301</ca:ROOM>"), "{invite}");
    drop(router);

    // An organisation whose phones move may not want it: then people at the relay center ask the caller.
    config.trusts_numbers_of_no_phone();
    let _router = router::run_file(&config.file());
    let invite = calls_for_help(&relay);
    assert!(!invite.contains("<ca:ROOM>"), "{invite}");
    let explained = Command::new(env!("CARGO_BIN_EXE_callbox"))
        .args(["explain", "911", "--from", "4117", "--config"])
        .arg(config.file())
        .output()
        .expect("callbox starts");
    let explained = String::from_utf8_lossy(&explained.stdout).into_owned();
    assert!(explained.contains("user_no_address"), "{explained}");
}
