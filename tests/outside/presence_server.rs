//! A presence server that others wrote: Kamailio puts together what an agent's phone and callbox publish, and tells watchers.
use crate::lab_config::LabConfig;
use crate::lab_ports::LabPorts;
use crate::noticed::within;
use crate::phone::{Phone, answers, field, invite, read, says, socket};
use crate::presence::{agent, kept_text};
use crate::program::{Program, installed};
use crate::router::{self, answers_options};
use crate::sipp::free_port;
use std::net::UdpSocket;
use std::process::Command;
use tempfile::TempDir;

const ANN: &str = "sip:ann@center.example";

/// What the agent's own phone publishes.
const OWN: &str = "<?xml version=\"1.0\"?><presence xmlns=\"urn:ietf:params:xml:ns:pidf\" entity=\"sip:ann@center.example\">\
                   <tuple id=\"desk\"><status><basic>open</basic></status></tuple></presence>";

/// A presence server, until the value goes.
struct Server {
    port: u16,
    _program: Program,
    _folder: TempDir,
}

impl Server {
    fn start() -> Server {
        let port = free_port();
        let folder = TempDir::new().expect("a temporary folder");
        let file = folder.path().join("kamailio.cfg");
        let config = include_str!("presence.cfg").replace("OWN", &port.to_string());
        let config = config.replace("FOLDER", folder.path().to_str().expect("a temporary folder's name is text"));
        std::fs::write(&file, config).expect("the folder is ours");
        std::fs::write(folder.path().join("version"), "table_name(string) table_version(int)\n").expect("ours too");
        let mut command = Command::new(installed("kamailio"));
        command.args(["-DD", "-E", "-f"]).arg(&file).arg("-Y").arg(folder.path());
        let mut program = Program::start_with_children("kamailio (presence)", command);
        assert!(answers_options(&format!("127.0.0.1:{port}")), "Kamailio is not there\n{}", program.tail());
        Server { port, _program: program, _folder: folder }
    }
}

/// Sends a request about the agent to the presence server.
fn sends(from: &UdpSocket, server: &Server, method: &str, more: &str) {
    let own = from.local_addr().expect("it is bound");
    let request = format!(
        "{method} {ANN} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bK-{method}-{own};rport\r\nMax-Forwards: 70\r\n\
         From: <{ANN}>;tag={method}\r\nTo: <{ANN}>\r\nCall-ID: {method}-{own}\r\nCSeq: 1 {method}\r\n\
         Contact: <sip:ann@{own}>\r\nEvent: presence\r\nExpires: 600\r\n{more}"
    );
    from.send_to(request.as_bytes(), ("127.0.0.1", server.port)).expect("loopback takes datagrams");
}

/// Somebody who looks at the agent.
struct Watcher(UdpSocket);

impl Watcher {
    fn of(server: &Server) -> Watcher {
        let watcher = socket("127.0.0.1:0");
        sends(&watcher, server, "SUBSCRIBE", "Accept: application/pidf+xml\r\nContent-Length: 0\r\n\r\n");
        Watcher(watcher)
    }

    /// The first news that are so.
    fn sees(&self, what: &str, is_so: impl Fn(&str) -> bool) -> String {
        let mut seen = Vec::new();
        for _ in 0..200 {
            let Some((text, peer)) = read(&self.0) else { continue };
            if !text.starts_with("NOTIFY ") {
                continue;
            }
            says(&self.0, peer, &text, "200 OK");
            let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body).to_owned();
            if is_so(&body) {
                return body;
            }
            seen.push(body);
        }
        panic!("the watcher never saw {what}: {seen:#?}");
    }

    fn sees_do_not_disturb(&self) {
        let body = self.sees("do-not-disturb", |body| body.contains("id=\"callbox\""));
        for part in ["<basic>open</basic>", "<basic>closed</basic>", "busy/>", "Do not disturb", "id=\"desk\""] {
            assert!(body.contains(part), "no {part} in {body}");
        }
    }

    /// Kamailio shows what goes once more, closed and without all else; who asks then sees none of it.
    fn sees_its_end(&self, server: &Server) {
        self.sees("the end", |body| body.contains("id=\"desk\"") && !body.contains("busy/>") && !body.contains("note"));
        // It tells before it forgets.
        within("it is gone", || {
            let body = Watcher::of(server).sees("anything", |body| body.contains("id=\"desk\""));
            (!body.contains("callbox")).then_some(())
        });
    }

    fn sees_the_agents_own_alone(&self) {
        self.sees("the agent's own", |body| body.contains("id=\"desk\"") && !body.contains("callbox"));
    }
}

#[test]
fn kamailio_shows_watchers_do_not_disturb_beside_what_the_agent_publishes_and_then_no_more() {
    let _ports = LabPorts::locked();
    let server = Server::start();
    let desk = socket("127.0.0.1:0");
    let body = format!("Content-Type: application/pidf+xml\r\nContent-Length: {}\r\n\r\n{OWN}", OWN.len());
    sends(&desk, &server, "PUBLISH", &body);
    let answer = (0..200).find_map(|_| read(&desk)).expect("an answer").0;
    assert!(answer.starts_with("SIP/2.0 200 ") && !field(&answer, "SIP-ETag").is_empty(), "{answer}");
    let watcher = Watcher::of(&server);
    watcher.sees_the_agents_own_alone();
    for transport in ["udp", "tcp"] {
        let config = LabConfig::copied();
        config.replace("[node]\n", "[node]\nstate = \"kept\"\n");
        config.append(
            "lab.toml",
            &format!(
                "\n[[presence]]\nname = \"center\"\norganisation = \"acme\"\nkind = \"publish\"\n\
                 server = \"127.0.0.1:{}\"\ntransport = \"{transport}\"\ndo_not_disturb = \"Do not disturb\"\n\
                 auth_user = \"callbox\"\nauth_password = \"a password\"\n",
                server.port
            ),
        );
        agent(&config, ANN);
        let psap = UdpSocket::bind("127.0.0.1:5070").expect("the PSAP's port");
        let mut router = router::run_file(&config.file());
        let mut phone = Phone::calls("911", "+13125550123");
        let (call, peer) = invite(&psap);
        answers(&psap, peer, &call);
        phone.is_answered();
        watcher.sees_do_not_disturb();
        phone.hangs_up();
        watcher.sees_its_end(&server);
        let mut phone = Phone::calls("911", "+13125550123");
        let (call, peer) = invite(&psap);
        answers(&psap, peer, &call);
        phone.is_answered();
        watcher.sees_do_not_disturb();
        // By its name it is taken away.
        kept_text(&config.file().with_file_name("kept"), "token");
        router.signal("KILL");
        router.await_end();
        let _router = router::run_file(&config.file());
        watcher.sees_its_end(&server);
    }
}
