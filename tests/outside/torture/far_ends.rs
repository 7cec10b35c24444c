//! The lab's far ends in this process, fast enough for a call after every message: PSAP and relay center answer each call
//! at once, the gateway knows no number.
use super::text::Text;
use std::collections::HashSet;
use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

pub const PSAP: u16 = 5070;
pub const RELAY: u16 = 5072;
pub const GATEWAY: u16 = 5074;

/// An INVITE with this header is answered a hundred times, by a hundred that say they are it.
pub const MANY_ANSWERS: &str = "Many-Answers";

/// What every far end offers or answers.
pub const SESSION: &str =
    "v=0\r\no=far 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n";

/// An INVITE that arrived.
pub struct Heard {
    pub port: u16,
    pub invite: Text,
}

/// The far ends, until the value goes.
pub struct FarEnds {
    pub heard: Receiver<Heard>,
    leaving: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl FarEnds {
    pub fn start() -> FarEnds {
        let (sender, heard) = channel();
        let leaving = Arc::new(AtomicBool::new(false));
        let threads = [PSAP, RELAY, GATEWAY].into_iter().map(|port| {
            let socket = UdpSocket::bind(("127.0.0.1", port)).expect("the lab's ports are ours");
            socket.set_read_timeout(Some(Duration::from_millis(50))).expect("a timeout can be set");
            let (sender, leaving) = (sender.clone(), leaving.clone());
            std::thread::spawn(move || attend(port, &socket, &sender, &leaving))
        });
        FarEnds { heard, threads: threads.collect(), leaving }
    }
}

impl Drop for FarEnds {
    fn drop(&mut self) {
        self.leaving.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let ended = thread.join();
            assert!(ended.is_ok() || std::thread::panicking(), "a far end failed");
        }
    }
}

fn attend(port: u16, socket: &UdpSocket, heard: &Sender<Heard>, leaving: &AtomicBool) {
    let (mut buffer, mut known) = (vec![0; 65_535], HashSet::new());
    while !leaving.load(Ordering::Relaxed) {
        let Ok((length, peer)) = socket.recv_from(&mut buffer) else { continue };
        let request = Text::of(&buffer[..length]);
        let responses = responses(port, &request);
        // Told before it is answered, so that who has the answer finds it here.
        if request.method() == "INVITE" && known.insert(request.field("Call-ID")) {
            // The test may have ended already.
            let _ended = heard.send(Heard { port, invite: request });
        }
        for response in responses {
            socket.send_to(response.as_bytes(), peer).expect("loopback takes datagrams");
        }
    }
}

fn responses(port: u16, request: &Text) -> Vec<String> {
    match request.method() {
        "ACK" => Vec::new(),
        "INVITE" if port == GATEWAY => vec![response(request, "404 Not Found", "")],
        "INVITE" if request.field(MANY_ANSWERS).is_some() => (0..100)
            .map(|number| response(request, "200 OK", SESSION).replacen(";tag=far", &format!(";tag=far{number}"), 1))
            .collect(),
        "INVITE" => vec![response(request, "180 Ringing", ""), response(request, "200 OK", SESSION)],
        _ => vec![response(request, "200 OK", "")],
    }
}

fn response(request: &Text, status: &str, session: &str) -> String {
    let mut to = request.field("To").unwrap_or_default();
    if !to.contains(";tag=") {
        to.push_str(";tag=far");
    }
    let mut out = format!("SIP/2.0 {status}\r\n");
    for name in ["Via", "From", "Call-ID", "CSeq"] {
        for value in request.fields(name) {
            out.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    let content_type = if session.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    out.push_str(&format!(
        "To: {to}\r\nContact: <sip:far@127.0.0.1>\r\n{content_type}Content-Length: {}\r\n\r\n{session}",
        session.len()
    ));
    out
}
