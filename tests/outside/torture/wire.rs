//! The caller's end of the wire: datagrams, or one stream.
use super::text::Text;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long something that must come may take, on a slow machine too.
const PATIENCE: Duration = Duration::from_secs(15);

/// The ports that the Vias of the torture messages name: without rport, answers go there (RFC 3261 §18.2.2).
const PORTS: [u16; 5] = [5060, 5050, 6050, 19823, 5070];

/// What came.
#[derive(Debug)]
pub enum Came {
    Message(Text),
    /// The stream ended.
    End,
    Nothing,
}

pub enum Wire {
    Datagrams(Datagrams),
    Stream(Stream),
}

/// Sockets on 127.0.0.2, which is a phone of the PBX in the lab.
pub struct Datagrams {
    socket: UdpSocket,
    came: Receiver<Text>,
    leaving: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

pub struct Stream {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Wire {
    pub fn datagrams() -> Wire {
        let (sender, came) = channel();
        let leaving = Arc::new(AtomicBool::new(false));
        let sockets = PORTS.map(|port| UdpSocket::bind(("127.0.0.2", port)).expect("127.0.0.2 is ours"));
        let socket = sockets[0].try_clone().expect("a socket can be cloned");
        let threads = sockets.map(|socket| {
            let (sender, leaving) = (sender.clone(), leaving.clone());
            socket.set_read_timeout(Some(Duration::from_millis(50))).expect("a timeout can be set");
            std::thread::spawn(move || {
                let mut buffer = vec![0; 65_535];
                while !leaving.load(Ordering::Relaxed) {
                    if let Ok(length) = socket.recv(&mut buffer)
                        && sender.send(Text::of(&buffer[..length])).is_err()
                    {
                        return;
                    }
                }
            })
        });
        Wire::Datagrams(Datagrams { socket, came, leaving, threads: threads.into() })
    }

    pub fn stream() -> Wire {
        let stream = TcpStream::connect(crate::router::ROUTER).expect("the router listens");
        Wire::Stream(Stream { stream, buffer: Vec::new() })
    }

    /// What a Via of ours says: transport and sent-by.
    pub fn via(&self) -> String {
        match self {
            Wire::Datagrams(_) => "UDP 127.0.0.2:5060".to_owned(),
            Wire::Stream(stream) => format!("TCP {}", stream.stream.local_addr().expect("it is connected")),
        }
    }

    /// Sends; a stream that the router closed meanwhile takes nothing, which its end will show.
    pub fn send(&mut self, bytes: &[u8]) {
        match self {
            Wire::Datagrams(datagrams) => {
                datagrams.socket.send_to(bytes, crate::router::ROUTER).expect("loopback takes datagrams");
            }
            Wire::Stream(stream) => {
                let _ended = stream.stream.write_all(bytes);
            }
        }
    }

    /// The next message, waited for.
    pub fn await_next(&mut self) -> Came {
        self.next(PATIENCE)
    }

    /// The first message that is no provisional response and has this Call-ID. What else comes is a copy of something
    /// before it.
    pub fn await_final(&mut self, call_id: Option<&str>) -> Came {
        loop {
            match self.await_next() {
                Came::Message(text) if text.field("Call-ID").as_deref() != call_id => {}
                Came::Message(text) if text.status().is_some_and(|status| status < 200) => {}
                came => return came,
            }
        }
    }

    fn next(&mut self, patience: Duration) -> Came {
        match self {
            Wire::Datagrams(datagrams) => datagrams.came.recv_timeout(patience).map_or(Came::Nothing, Came::Message),
            Wire::Stream(stream) => stream.next(patience),
        }
    }
}

impl Drop for Datagrams {
    fn drop(&mut self) {
        self.leaving.store(true, Ordering::Relaxed);
        // The ports are free when the threads have ended; that one failed shows in what did not come.
        for thread in self.threads.drain(..) {
            let _failed = thread.join();
        }
    }
}

impl Stream {
    fn next(&mut self, patience: Duration) -> Came {
        self.stream.set_read_timeout(Some(patience)).expect("a timeout can be set");
        loop {
            if let Some(text) = self.cut() {
                return Came::Message(text);
            }
            let mut buffer = [0; 4096];
            match self.stream.read(&mut buffer) {
                Ok(0) => return Came::End,
                Ok(length) => self.buffer.extend_from_slice(&buffer[..length]),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    return Came::Nothing;
                }
                Err(_) => return Came::End,
            }
        }
    }

    /// Takes a whole message off the buffer; the router writes Content-Length into each.
    fn cut(&mut self) -> Option<Text> {
        let line_ends = self.buffer.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        self.buffer.drain(..line_ends);
        let head = self.buffer.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
        let length: usize = Text::of(&self.buffer[..head]).field("Content-Length")?.parse().ok()?;
        (self.buffer.len() >= head + length).then(|| Text::of(&self.buffer.drain(..head + length).collect::<Vec<_>>()))
    }
}
