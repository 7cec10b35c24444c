//! A router that runs sees what is imported, and what is restored, in its next calls.
use crate::bench::{Bench, lab_tables, said};
use crate::program::Program;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// A number with an address of its own.
pub const LISTED: &str = "+13125550123";
/// A number without one.
const UNPLACED: &str = "+13125550124";

/// A router with the lab's tables in its store, a phone and a PSAP that is busy.
pub struct Scene {
    pub bench: Bench,
    router: Program,
    at: SocketAddr,
    phone: UdpSocket,
    psap: UdpSocket,
    calls: u32,
}

impl Scene {
    pub fn begin() -> Scene {
        let bind = || UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let (phone, psap) = (bind(), bind());
        let port = |socket: &UdpSocket| socket.local_addr().expect("it is bound").port();
        psap.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
        let bench = Bench::with_psap(port(&psap), port(&phone));
        bench.takes(&[&lab_tables()]);
        let mut router = Program::start("callbox run", bench.command("run"), true);
        let at = router.await_line("it was ready", |line| line.strip_prefix("callbox ready on ")?.parse().ok());
        Scene { bench, router, at, phone, psap, calls: 0 }
    }

    /// Calls 911 and gives what the PSAP is told. The PSAP is busy, so nothing of the call is left.
    pub fn call(&mut self, from: &str) -> String {
        self.calls += 1;
        let (phone, router, call) = (self.phone.local_addr().expect("it is bound"), self.at, self.calls);
        let sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
        let invite = format!(
            "INVITE sip:911@{router} SIP/2.0\r\nVia: SIP/2.0/UDP {phone};branch=z9hG4bK-follow-{call};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:{from}@{phone}>;tag=f{call}\r\nTo: <sip:911@{router}>\r\n\
             Call-ID: follow-{call}@{phone}\r\nCSeq: 1 INVITE\r\nContact: <sip:{from}@{phone}>\r\n\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
            sdp.len()
        );
        self.phone.send_to(invite.as_bytes(), router).expect("loopback takes datagrams");
        let mut bytes = vec![0; 65536];
        loop {
            let (length, peer) = self.psap.recv_from(&mut bytes).expect("the PSAP is called");
            let message = String::from_utf8_lossy(&bytes[..length]).into_owned();
            if message.starts_with("INVITE") {
                self.refuse(&message, peer);
                return message;
            }
        }
    }

    /// The router is gone at once, as by a power cut.
    pub fn kill(&mut self) {
        self.router.signal("KILL");
        let _status = self.router.await_end();
    }

    fn refuse(&self, invite: &str, peer: SocketAddr) {
        let head = invite.split("\r\n\r\n").next().unwrap_or_default();
        let kept = ["Via:", "From:", "To:", "Call-ID:", "CSeq:"];
        let lines = head.lines().filter(|line| kept.iter().any(|name| line.starts_with(name)));
        let lines: String = lines
            .map(|line| if line.starts_with("To:") { format!("{line};tag=busy\r\n") } else { format!("{line}\r\n") })
            .collect();
        let busy = format!("SIP/2.0 486 Busy Here\r\n{lines}Content-Length: 0\r\n\r\n");
        self.psap.send_to(busy.as_bytes(), peer).expect("loopback takes datagrams");
    }

    /// Calls until the PSAP is told `wanted`, which must be within a second.
    fn sees(&mut self, from: &str, wanted: &str) {
        self.call_until(from, wanted, true);
    }

    /// Calls until the PSAP is told `wanted` no more, which must be within a second.
    fn sees_no_more(&mut self, from: &str, wanted: &str) {
        self.call_until(from, wanted, false);
    }

    #[allow(clippy::disallowed_methods, reason = "a second is measured on the clock of who waits")]
    fn call_until(&mut self, from: &str, wanted: &str, is_there: bool) {
        let begun = Instant::now();
        loop {
            let told = self.call(from);
            if told.contains(wanted) == is_there {
                return;
            }
            assert!(begun.elapsed() < Duration::from_secs(1), "{wanted} there: {}, a second later:\n{told}", !is_there);
        }
    }
}

fn room(room: &str) -> String {
    format!(">{room}<")
}

#[test]
fn a_new_room_is_in_the_calls_and_in_what_explain_says_within_a_second_of_its_import() {
    let mut scene = Scene::begin();
    assert!(scene.call(LISTED).contains(&room("101")));
    let locations = "id,building,FLR,ROOM,elin\nhq-101,hq-main,1,109,+13125550111\n";
    scene.bench.takes(&[&scene.bench.write("locations.csv", locations)]);
    scene.sees(LISTED, &room("109"));
    let explained = scene.bench.command("explain").args(["911", "--from", "+13125550123"]).output().expect("it runs");
    assert!(said(&explained).contains("ROOM=109"), "{}", said(&explained));
}

#[test]
fn what_is_derived_changes_with_what_it_is_derived_from() {
    let mut scene = Scene::begin();
    let kept = scene.bench.path("kept.db");
    scene.bench.does("backup", &[&kept]);
    let building = "id,country,A1,A3,RD,STS,HNO,PC\nhq-main,US,IL,Chicago,Example,Plaza,102,60601\n";
    scene.bench.takes(&[&scene.bench.write("buildings.csv", building)]);
    scene.sees(LISTED, ">102<");
    let users = "id,organisation,site,location,lines\nnew,acme,hq,hq-301,+13125550124\n";
    scene.bench.takes(&[&scene.bench.write("users.csv", users)]);
    scene.sees(UNPLACED, &room("301"));
    assert!(scene.call(UNPLACED).contains(">102<"), "the user's place is in the building");
    scene.bench.takes(&[&scene.bench.write("users.csv", "id,organisation,site,location,lines\nnew,acme,hq,hq-301,\n")]);
    let numbers = "number,site,location,reachable\n+13125550123,hq,hq-217,yes\n";
    scene.bench.takes(&[&scene.bench.write("numbers.csv", numbers)]);
    scene.sees(LISTED, &room("217"));
    scene.sees_no_more(UNPLACED, &room("301"));
    scene.bench.does("restore", &[&kept]);
    scene.sees(LISTED, &room("101"));
    assert!(scene.call(LISTED).contains(">100<"), "the building is where it was");
}
