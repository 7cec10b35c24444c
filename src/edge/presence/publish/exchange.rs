//! Requests and their answers, on a socket that is there for one publication: no call uses it, and none waits for it.
use super::Setup;
use crate::base::entropy::Entropy;
use crate::base::now::Now;
use crate::edge::clock::Clock;
use crate::edge::deliver::Failure;
use crate::sip::flow::{Flow, Transport};
use crate::sip::framing::{Frame, Framer};
use crate::sip::message::Message;
use crate::sip::transaction::{Event, Expiry, Layer};
use bytes::Bytes;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use core::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

/// The largest datagram, in bytes.
const DATAGRAM: usize = 65_535;

/// How long nothing but the clock is looked at, where no timer runs.
const TICK: Duration = Duration::from_secs(1);

/// The socket and the transactions on it.
pub(super) struct Exchange {
    socket: Socket,
    flow: Flow,
    layer: Layer<()>,
    clock: Clock,
    chance: Entropy,
}

enum Socket {
    Udp(UdpSocket),
    Tcp(TcpStream, Framer),
}

impl Exchange {
    /// Opens a way to the server.
    pub(super) async fn open(setup: &Setup, clock: Clock, chance: Entropy) -> Result<Exchange, Failure> {
        let gone = |_| Failure::Unreachable;
        let mut found = tokio::net::lookup_host(&*setup.server).await.map_err(gone)?;
        let may = |peer: &SocketAddr| !setup.loopback_only || peer.ip().to_canonical().is_loopback();
        let peer = found.find(may).ok_or(Failure::Unreachable)?;
        let any: IpAddr = if peer.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        let (socket, local) = match setup.transport {
            Transport::Udp => {
                let socket = UdpSocket::bind((any, 0)).await.map_err(gone)?;
                socket.connect(peer).await.map_err(gone)?;
                let local = socket.local_addr();
                (Socket::Udp(socket), local)
            }
            Transport::Tcp => {
                let stream = TcpStream::connect(peer).await.map_err(gone)?;
                let local = stream.local_addr();
                (Socket::Tcp(stream, Framer::default()), local)
            }
        };
        let connection = setup.transport.is_reliable().then_some(0);
        let flow = Flow { transport: setup.transport, local: local.map_err(gone)?, peer, connection };
        Ok(Exchange { socket, flow, layer: Layer::new(0), clock, chance })
    }

    /// Sends the request that is written with a Via, and waits for its final answer.
    pub(super) async fn ask(&mut self, write: impl FnOnce(&str) -> Bytes) -> Result<Message, Failure> {
        let id = self.layer.reserve((), &mut self.chance);
        let (transport, local) = (self.flow.transport.via(), self.flow.local);
        let request = write(&format!("SIP/2.0/{transport} {local};branch={};rport", id.branch()));
        let mut out = Vec::new();
        self.layer.start(self.clock.now(), id, self.flow, request, &mut out);
        loop {
            for transmit in out.drain(..) {
                self.socket.send(&transmit.bytes).await?;
            }
            let now = self.clock.now();
            let due = self.layer.next_deadline().map_or(TICK, |at| at.since(now.mono));
            tokio::select! {
                read = self.socket.receive() => {
                    // What is no message is none of ours.
                    let Some(message) = read?.and_then(|bytes| Message::read(bytes).ok()) else { continue };
                    let now = self.clock.now();
                    let event = self.layer.receive(now, self.flow, &message, &mut self.chance, &mut out);
                    let is_final = message.status().is_some_and(|code| code >= 200);
                    if is_final && matches!(event, Some(Event::Response { .. })) {
                        return Ok(message);
                    }
                }
                () = tokio::time::sleep(due) => {
                    if let Some(Expiry::Timeout { .. }) = self.fire(&mut out) {
                        return Err(Failure::Late);
                    }
                }
            }
        }
    }

    fn fire(&mut self, out: &mut Vec<crate::sip::transaction::Transmit>) -> Option<Expiry<()>> {
        let now: Now = self.clock.now();
        self.layer.fire(now, out)
    }
}

impl Socket {
    async fn send(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let sent = match self {
            Socket::Udp(socket) => socket.send(bytes).await.map(drop),
            Socket::Tcp(stream, _) => stream.write_all(bytes).await,
        };
        sent.map_err(|_| Failure::Unreachable)
    }

    /// The next message; `None` when what came makes none yet.
    async fn receive(&mut self) -> Result<Option<Bytes>, Failure> {
        match self {
            Socket::Udp(socket) => {
                let mut buffer = vec![0; DATAGRAM];
                let length = socket.recv(&mut buffer).await.map_err(|_| Failure::Unreachable)?;
                buffer.truncate(length);
                Ok(Some(buffer.into()))
            }
            Socket::Tcp(stream, framer) => {
                if let Some(message) = framed(framer)? {
                    return Ok(Some(message));
                }
                let mut buffer = [0; 4096];
                let length = stream.read(&mut buffer).await.map_err(|_| Failure::Unreachable)?;
                if length == 0 {
                    return Err(Failure::Unreachable);
                }
                framer.push(&buffer[..length]);
                framed(framer)
            }
        }
    }
}

fn framed(framer: &mut Framer) -> Result<Option<Bytes>, Failure> {
    for frame in framer {
        match frame {
            Ok(Frame::Message(bytes)) => return Ok(Some(bytes)),
            Ok(Frame::Ping) => {}
            Err(_) => return Err(Failure::Unreadable),
        }
    }
    Ok(None)
}
