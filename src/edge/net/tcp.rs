//! TCP: listeners, the connections they take and the ones that we open.
//!
//! Each connection has one task that reads, cuts and writes. Whatever goes wrong with it ends that connection alone.
use super::{Arrival, News};
use crate::sip::flow::{Flow, Transport};
use crate::sip::framing::{Broken, Frame, Framer};
use crate::sip::message::{Message, Method};
use crate::sip::respond;
use bytes::{Bytes, BytesMut};
use core::net::SocketAddr;
use core::time::Duration;
use socket2::{Domain, Protocol, Socket, Type};
use std::collections::HashMap;
use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::WriteHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::Instant;

/// How many connections are kept.
const CONNECTIONS: usize = 4096;
/// How many messages wait for a peer that reads slowly, before its connection is closed.
const QUEUE: usize = 256;
/// How long a connection may take to open.
const OPENING: Duration = Duration::from_secs(5);
/// How long a peer may take to write a message.
const REST: Duration = Duration::from_secs(10);
/// How long a stream that cannot be read on waits for the answers that are on their way.
const LEAVING: Duration = Duration::from_millis(200);
/// A connection between messages may be silent for as long as it likes: dialogs live on it.
const FOREVER: Duration = Duration::from_secs(30 * 365 * 24 * 3600);
/// How many connection requests wait to be taken.
const WAITING: i32 = 1024;

struct Connection {
    flow: Flow,
    queue: mpsc::Sender<Bytes>,
}

/// All TCP listeners and connections of a shard. Lives on one thread, inside a runtime of its own.
pub struct Streams {
    connections: HashMap<u64, Connection>,
    /// The connection that requests to a peer use.
    by_peer: HashMap<SocketAddr, u64>,
    next: u64,
    news: mpsc::Sender<News>,
    seen: Vec<SocketAddr>,
}

impl Streams {
    /// Listens on each address; the second of each pair is the one that peers see.
    /// `news` hears of connections and of what comes on them.
    pub fn bind(addresses: &[(SocketAddr, SocketAddr)], news: mpsc::Sender<News>) -> io::Result<Streams> {
        let mut seen = Vec::new();
        for (address, advertised) in addresses {
            let listener = listen(*address)?;
            let port = listener.local_addr()?.port();
            let advertised = if advertised.port() == 0 { SocketAddr::new(advertised.ip(), port) } else { *advertised };
            seen.push(advertised);
            tokio::spawn(accept(listener, advertised, news.clone()));
        }
        let (connections, by_peer) = (HashMap::new(), HashMap::new());
        Ok(Streams { connections, by_peer, next: 1, news, seen })
    }

    /// Where the listeners are.
    pub fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.seen.iter().copied()
    }

    /// Takes news; what is for the engine comes back.
    pub fn learn(&mut self, news: News) -> Option<Arrival> {
        match news {
            News::Arrival(arrival) => return Some(arrival),
            News::Accepted(stream, seen) => {
                if let (Ok(peer), true) = (stream.peer_addr(), self.connections.len() < CONNECTIONS) {
                    let flow = Flow { transport: Transport::Tcp, local: seen, peer, connection: None };
                    let (flow, queue) = self.enter(flow);
                    tokio::spawn(serve(stream, flow, queue, self.news.clone(), false));
                }
            }
            News::Gone(id) => {
                if let Some(connection) = self.connections.remove(&id) {
                    self.by_peer.retain(|_, known| *known != id);
                    return Some(Arrival::StreamClosed(connection.flow));
                }
            }
        }
        None
    }

    /// Sends a message on the flow's connection, else on one to that peer, else on a new one.
    pub fn send(&mut self, flow: &Flow, bytes: Bytes, failed: impl FnOnce(Arrival)) {
        let known = flow.connection.filter(|id| self.connections.contains_key(id));
        let id = known.or_else(|| self.by_peer.get(&flow.peer).copied());
        let queued = match id.and_then(|id| self.connections.get(&id)) {
            Some(connection) => connection.queue.try_send(bytes).is_ok(),
            None if self.connections.len() < CONNECTIONS => {
                let (opened, queue) = self.enter(*flow);
                let new = opened.connection.and_then(|id| self.connections.get(&id));
                let queued = new.is_some_and(|new| new.queue.try_send(bytes).is_ok());
                tokio::spawn(open(opened, queue, self.news.clone()));
                queued
            }
            None => false,
        };
        if !queued {
            failed(Arrival::Unreachable(*flow));
        }
    }

    fn enter(&mut self, flow: Flow) -> (Flow, mpsc::Receiver<Bytes>) {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let id = self.next;
        self.next += 1;
        let flow = Flow { connection: Some(id), ..flow };
        self.connections.insert(id, Connection { flow, queue });
        self.by_peer.insert(flow.peer, id);
        (flow, waiting)
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(WAITING)?;
    TcpListener::from_std(socket.into())
}

async fn accept(listener: TcpListener, seen: SocketAddr, news: mpsc::Sender<News>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                if news.send(News::Accepted(stream, seen)).await.is_err() {
                    return;
                }
            }
            // Out of descriptors, or the peer left meanwhile: the others can still connect.
            Err(_) => tokio::task::yield_now().await,
        }
    }
}

async fn open(flow: Flow, queue: mpsc::Receiver<Bytes>, news: mpsc::Sender<News>) {
    match tokio::time::timeout(OPENING, TcpStream::connect(flow.peer)).await {
        Ok(Ok(stream)) => {
            tell(&news, News::Arrival(Arrival::StreamOpen(flow.peer))).await;
            serve(stream, flow, queue, news, true).await;
        }
        Ok(Err(_)) | Err(_) => {
            tell(&news, News::Arrival(Arrival::Unreachable(flow))).await;
            if let Some(id) = flow.connection {
                tell(&news, News::Gone(id)).await;
            }
        }
    }
}

async fn serve(stream: TcpStream, flow: Flow, queue: mpsc::Receiver<Bytes>, news: mpsc::Sender<News>, ours: bool) {
    // Nagle's delay would hold an ACK back behind a request (RFC 896); a failure costs milliseconds and nothing else.
    let _delayed = stream.set_nodelay(true);
    let ended = converse(stream, flow, queue, &news).await;
    if ours && ended == Ended::Broken {
        tell(&news, News::Arrival(Arrival::Unreachable(flow))).await;
    }
    if let Some(id) = flow.connection {
        tell(&news, News::Gone(id)).await;
    }
}

#[derive(PartialEq, Eq)]
enum Ended {
    ByPeer,
    Broken,
}

async fn converse(
    mut stream: TcpStream,
    flow: Flow,
    mut queue: mpsc::Receiver<Bytes>,
    news: &mpsc::Sender<News>,
) -> Ended {
    let (mut from_peer, mut to_peer) = stream.split();
    let mut framer = Framer::default();
    let mut buffer = vec![0; 16 * 1024];
    let (mut is_inside, mut deadline) = (false, Instant::now() + FOREVER);
    loop {
        tokio::select! {
            read = tokio::time::timeout_at(deadline, from_peer.read(&mut buffer)) => {
                let Ok(Ok(length)) = read else { return Ended::Broken };
                if length == 0 {
                    return Ended::ByPeer;
                }
                framer.push(&buffer[..length]);
                let (was_inside, mut has_cut) = (is_inside, false);
                for frame in framer.by_ref() {
                    has_cut = true;
                    match frame {
                        Ok(Frame::Message(bytes)) => tell(news, News::Arrival(Arrival::Message(flow, bytes))).await,
                        Ok(Frame::Ping) => {
                            if to_peer.write_all(b"\r\n").await.is_err() {
                                return Ended::Broken;
                            }
                        }
                        // Where the next message begins is not known any more (RFC 3261 §18.3).
                        Err(broken) => {
                            let _refusal = take_leave(&mut to_peer, &mut queue, flow, broken).await;
                            return Ended::Broken;
                        }
                    }
                }
                // The time runs from the first byte of a message: one byte a second is not patience enough.
                is_inside = framer.is_inside_message();
                if !is_inside {
                    deadline = Instant::now() + FOREVER;
                } else if has_cut || !was_inside {
                    deadline = Instant::now() + REST;
                }
            }
            bytes = queue.recv() => {
                let Some(bytes) = bytes else { return Ended::ByPeer };
                if to_peer.write_all(&bytes).await.is_err() {
                    return Ended::Broken;
                }
            }
        }
    }
}

/// Writes what is still owed for the messages in front of the one that cannot be framed, and ends the stream.
async fn take_leave(
    to_peer: &mut WriteHalf<'_>,
    queue: &mut mpsc::Receiver<Bytes>,
    flow: Flow,
    broken: Broken,
) -> io::Result<()> {
    refuse(to_peer, flow, broken).await?;
    let owed = async {
        while let Some(bytes) = queue.recv().await {
            to_peer.write_all(&bytes).await?;
        }
        io::Result::Ok(())
    };
    tokio::time::timeout(LEAVING, owed).await.unwrap_or(Ok(()))?;
    to_peer.shutdown().await
}

/// Answers 400 to a request whose end cannot be told, where its head allows an answer (RFC 3261 §18.3).
async fn refuse(to_peer: &mut WriteHalf<'_>, flow: Flow, broken: Broken) -> io::Result<()> {
    let Ok(request) = Message::read_head(broken.head) else { return Ok(()) };
    if request.via().is_none() || matches!(request.method(), None | Some(Method::Ack)) {
        return Ok(());
    }
    let tag = Some(&b"unframed"[..]);
    let response = respond::respond(BytesMut::new(), &request, flow.peer, 400, "", tag, false).finish(None);
    to_peer.write_all(&response).await
}

async fn tell(news: &mpsc::Sender<News>, what: News) {
    // The receiver is gone only when the node stops.
    let _stopped = news.send(what).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_waits_on_a_connection_for_more_to_send() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (ours, same, _peer) = runtime.block_on(async {
            let listener = listen(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port");
            let peer = TcpStream::connect(listener.local_addr().expect("it listens")).await.expect("it listens");
            let (ours, _) = listener.accept().await.expect("the peer connects");
            let ours = ours.into_std().expect("nothing is under way on it");
            let same = ours.try_clone().expect("a descriptor");
            (ours, same, peer)
        });
        assert!(!same.nodelay().expect("an option that streams have"));
        let (_queue, waiting) = mpsc::channel(1);
        let (news, mut heard) = mpsc::channel(1);
        let peer = same.peer_addr().expect("it is connected");
        let local = same.local_addr().expect("it is connected");
        let flow = Flow { transport: Transport::Tcp, local, peer, connection: Some(1) };
        drop(_peer);
        runtime.block_on(async {
            let ours = TcpStream::from_std(ours).expect("a stream");
            serve(ours, flow, waiting, news, false).await;
            assert!(matches!(heard.recv().await, Some(News::Gone(1))));
        });
        assert!(same.nodelay().expect("an option that streams have"));
    }
}
