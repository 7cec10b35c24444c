//! What phones and users told is not lost with the router.
use crate::held::{HELD, LAB, asked, asked_at, assert_says};
use crate::lab_config::LabConfig;
use crate::lab_ports::LabPorts;
use crate::lost::{PLUGGED_IN, invite_at};
use crate::router;
use rusqlite::{Connection, OpenFlags};
use std::net::UdpSocket;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Waits until a table of the state has so many lines.
fn has_lines(state: &Path, table: &str, wanted: u64) {
    let count = || -> rusqlite::Result<u64> {
        let file = Connection::open_with_flags(state.join("state.db"), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        file.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))
    };
    let is_there = (0..200).any(|_| {
        let found = count().is_ok_and(|found| found >= wanted);
        if !found {
            std::thread::park_timeout(Duration::from_millis(20));
        }
        found
    });
    assert!(is_there, "{table} has not {wanted} lines: {:?}", count());
}

/// An emergency call of a line that two phones share, with a location URI or without.
fn calls(from: &str, uri: Option<&str>) {
    let phone = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let own = phone.local_addr().expect("it is bound");
    let session = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n";
    let geolocation = uri.map(|uri| format!("Geolocation: <{uri}>\r\n")).unwrap_or_default();
    let invite = format!(
        "INVITE sip:911@callbox.example SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bK-kept-{from};rport\r\n\
         Max-Forwards: 70\r\nFrom: <sip:{from}@callbox.example>;tag=k1\r\nTo: <sip:911@callbox.example>\r\n\
         Call-ID: kept-{from}-{own}\r\nCSeq: 1 INVITE\r\nContact: <sip:{from}@{own}>\r\n{geolocation}\
         Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{session}",
        session.len()
    );
    phone.send_to(invite.as_bytes(), router::ROUTER).expect("loopback takes datagrams");
}

#[test]
fn a_router_whose_state_is_damaged_carries_calls() {
    let _ports = LabPorts::locked();
    let psap = UdpSocket::bind("127.0.0.1:5070").expect("the PSAP's port");
    let config = LabConfig::copied();
    config.replace("[node]\n", "[node]\nstate = \"kept\"\n");
    let state = config.file().with_file_name("kept");
    std::fs::create_dir(&state).expect("the folder is ours");
    std::fs::write(state.join("state.db"), "no database ".repeat(1000)).expect("the folder is ours");
    let _router = router::run_file(&config.file());
    calls("+13125550123", None);
    assert!(invite_at(&psap).is_some_and(|arrived| arrived.contains("<ca:ROOM>101</ca:ROOM>")), "the call arrives");
    let left = std::fs::read_to_string(state.join("state.db")).expect("it is there");
    assert!(left.starts_with("no database "), "what is damaged is left for people to look at");
}

#[test]
fn a_router_whose_outbox_is_damaged_carries_calls_and_tells_of_them() {
    let _ports = LabPorts::locked();
    let psap = UdpSocket::bind("127.0.0.1:5070").expect("the PSAP's port");
    let config = LabConfig::copied();
    config.replace("[node]\n", "[node]\nstate = \"kept\"\n");
    let state = config.file().with_file_name("kept");
    drop(router::run_file(&config.file()));
    let file = Connection::open(state.join("state.db")).expect("the state");
    file.execute_batch("DROP TABLE outbox").expect("a table that is there");
    drop(file);
    let mut router = router::run_file(&config.file());
    router.await_line("it was told", |line| line.contains("the outbox cannot be read").then_some(()));
    calls("+13125550123", None);
    assert!(invite_at(&psap).is_some_and(|arrived| arrived.contains("<ca:ROOM>101</ca:ROOM>")), "the call arrives");
    router.await_line("somebody would be told", |line| line.contains("of which no recipient is told").then_some(()));
}

#[test]
fn a_router_that_was_killed_still_knows_where_its_phones_are_and_what_their_users_gave() {
    let _ports = LabPorts::locked();
    let psap = UdpSocket::bind("127.0.0.1:5070").expect("the PSAP's port");
    let config = LabConfig::copied();
    config.replace("[node]\n", "[node]\nstate = \"kept\"\n");
    let state = config.file().with_file_name("kept");
    let mut router = router::run_file(&config.file());
    let told = asked("POST", &format!("{HELD}{LAB}"), PLUGGED_IN);
    let uri = told.split("<locationURI>").nth(1).and_then(|rest| rest.split('<').next()).expect("a location URI");
    let client = "{\"instance\":\"urn:uuid:00000000-0000-1000-8000-020000000a04\",\
                  \"interfaces\":[{\"gateway\":\"02-00-00-00-77-01\"}],\"civic\":{\"country\":\"US\",\"A1\":\"IL\",\
                  \"A3\":\"Springfield\",\"RD\":\"Sample\",\"HNO\":\"7\"}}";
    let json = format!("Content-Type: application/json\r\n{LAB}");
    assert_says(&asked_at("/client/v1/address", "POST", &json, client), "200", &["\"found_by\":\"typed\""]);
    for (table, lines) in [("tokens", 2), ("whereabouts", 2), ("typed", 1)] {
        has_lines(&state, table, lines);
    }
    router.signal("KILL");
    router.await_end();
    let _router = router::run_file(&config.file());
    calls("4118", Some(uri));
    let arrived = invite_at(&psap).expect("the call arrives");
    assert!(arrived.contains("<ca:ROOM>217</ca:ROOM>"), "the URI of before leads to the room: {arrived}");
    let path = uri.split_once(":8080").map(|(_, path)| path).expect("a path");
    assert_says(&asked_at(path, "GET", "", ""), "200", &["<ca:ROOM>217</ca:ROOM>"]);
    calls("4119", None);
    let home = (0..20).find_map(|_| invite_at(&psap).filter(|invite| invite.contains("Springfield")));
    assert!(home.is_some_and(|invite| invite.contains("<ca:HNO>7</ca:HNO>")), "what the user gave");
    let explains = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_callbox"));
        command.arg("explain").args(arguments).arg("--config").arg(config.file());
        String::from_utf8_lossy(&command.output().expect("callbox starts").stdout).into_owned()
    };
    let told = explains(&["911", "--from", "4119"]);
    assert!(told.contains("given by the user, dispatchable: won"), "{told}");
    let token = uri.rsplit('/').next().expect("a token");
    let told = explains(&["911", "--from", "4118", "--token", token]);
    assert!(told.contains("hq-desk-1, by its token") && told.contains("ROOM=217"), "{told}");
    assert_eq!(explains(&["911", "--token", "none"]), "", "nobody was given it");
}
