//! TCP at the lab's ends: connections that are cut into messages by [`crate::sip::framing`].
use super::NotStarted;
use crate::sip::flow::{Flow, Transport};
use crate::sip::framing::{Frame, Framer};
use bytes::Bytes;
use core::net::SocketAddr;
use core::time::Duration;
use std::collections::HashMap;
use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How long a peer may take to accept a message.
const WRITE: Duration = Duration::from_secs(2);
/// The most connections that an end keeps.
const CONNECTIONS: usize = 256;
/// Messages that wait for an end; the connections wait with them.
const WAITING: usize = 64;
/// How often a free port is looked for that both UDP and TCP may have.
const TRIES: usize = 32;

/// A UDP socket and a TCP listener on the same loopback address. Port 0 takes a free one.
pub async fn bind_both(at: SocketAddr) -> Result<(UdpSocket, TcpListener), NotStarted> {
    let mut last = None;
    for _ in 0..TRIES {
        let udp = super::end::loopback(at).await?;
        let local = udp.local_addr().map_err(|error| NotStarted::Bind(at, error))?;
        match TcpListener::bind(local).await {
            Ok(tcp) => return Ok((udp, tcp)),
            Err(error) if at.port() != 0 => return Err(NotStarted::Bind(at, error)),
            Err(error) => last = Some(error),
        }
    }
    Err(NotStarted::Bind(at, last.unwrap_or_else(|| io::ErrorKind::AddrInUse.into())))
}

/// The connections of one end.
pub struct Streams {
    listener: TcpListener,
    local: SocketAddr,
    writers: HashMap<u64, OwnedWriteHalf>,
    opened: u64,
    post: mpsc::Sender<(Flow, Option<Bytes>)>,
    inbox: mpsc::Receiver<(Flow, Option<Bytes>)>,
    readers: JoinSet<()>,
}

impl Streams {
    /// Connections to this listener, whose address is `local`.
    pub fn new(listener: TcpListener, local: SocketAddr) -> Streams {
        let (post, inbox) = mpsc::channel(WAITING);
        Streams { listener, local, writers: HashMap::new(), opened: 0, post, inbox, readers: JoinSet::new() }
    }

    /// The next message of any connection. Dropping this future loses nothing.
    pub async fn next(&mut self) -> (Flow, Bytes) {
        loop {
            tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, peer)) if self.writers.len() < CONNECTIONS => self.take(stream, peer),
                    // One that we have no place for.
                    Ok(_) => {}
                    // The system has no place for it; so that it may find one, others go first.
                    Err(_) => tokio::task::yield_now().await,
                },
                // The channel stays open: this value has a sender of it.
                Some((flow, bytes)) = self.inbox.recv() => match bytes {
                    Some(bytes) => return (flow, bytes),
                    None => {
                        self.writers.remove(&flow.connection.unwrap_or_default());
                        while self.readers.try_join_next().is_some() {}
                    }
                },
            }
        }
    }

    /// Sends on the connection of `flow`.
    pub async fn send(&mut self, flow: Flow, bytes: &[u8]) -> io::Result<()> {
        let writer = self.writers.get_mut(&flow.connection.unwrap_or_default());
        let writer = writer.ok_or(io::ErrorKind::NotConnected)?;
        timeout(WRITE, writer.write_all(bytes)).await.map_err(|_| io::ErrorKind::TimedOut)?
    }

    fn take(&mut self, stream: TcpStream, peer: SocketAddr) {
        let (reader, writer) = stream.into_split();
        self.opened += 1;
        self.writers.insert(self.opened, writer);
        let flow = Flow { transport: Transport::Tcp, local: self.local, peer, connection: Some(self.opened) };
        let post = self.post.clone();
        self.readers.spawn(async move {
            let mut incoming = Incoming::new(reader);
            while let Ok(Some(bytes)) = incoming.next().await {
                if post.send((flow, Some(bytes))).await.is_err() {
                    return;
                }
            }
            // Nobody listens only when the end itself is gone.
            let _ = post.send((flow, None)).await;
        });
    }
}

/// A connection's reading half, cut into messages.
pub struct Incoming {
    reader: OwnedReadHalf,
    framer: Framer,
    buffer: Vec<u8>,
}

impl Incoming {
    /// Reads from here.
    pub fn new(reader: OwnedReadHalf) -> Incoming {
        Incoming { reader, framer: Framer::default(), buffer: vec![0; 16_384] }
    }

    /// The next message; `None` when the connection has ended. Keep-alives are passed over. Dropping this future loses
    /// nothing.
    pub async fn next(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            for frame in self.framer.by_ref() {
                match frame {
                    Ok(Frame::Message(bytes)) => return Ok(Some(bytes)),
                    Ok(Frame::Ping) => {}
                    Err(broken) => return Err(io::Error::new(io::ErrorKind::InvalidData, broken.why)),
                }
            }
            let len = self.reader.read(&mut self.buffer).await?;
            if len == 0 {
                return Ok(None);
            }
            self.framer.push(&self.buffer[..len]);
        }
    }
}
