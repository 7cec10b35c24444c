//! UDP sockets: read until empty, up to a burst at a time, then answered at once.
use super::{Arrival, News, icmp};
use crate::sip::flow::{Flow, Transport};
use bytes::Bytes;
use core::net::SocketAddr;
use core::task::{Context, Poll};
use socket2::{Domain, Protocol, Socket, Type};
use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::rc::Rc;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::task::spawn_local;

/// How many datagrams are read before the first is answered.
pub const BURST: usize = 64;

/// The largest datagram.
const LARGEST: usize = 65_535;

/// How much a socket may hold in each direction: some seconds of a full load.
const SOCKET_BYTES: usize = 8 << 20;

/// How many datagrams wait for a socket that is full; more than that are dropped, as a network would, and SIP sends
/// them again.
const BACKLOG: usize = 4096;

struct Port {
    socket: Rc<UdpSocket>,
    /// Our address as peers see it.
    seen: SocketAddr,
    backlog: VecDeque<(SocketAddr, Bytes)>,
}

/// All UDP listeners of a shard.
pub struct Datagrams {
    ports: Vec<Port>,
    buffer: Box<[u8]>,
}

impl Datagrams {
    /// Listens on each address; the second of each pair is the one that peers see. `news` hears of datagrams that did
    /// not arrive, from tasks in the surrounding [`tokio::task::LocalSet`].
    pub fn bind(addresses: &[(SocketAddr, SocketAddr)], news: &mpsc::Sender<News>) -> io::Result<Datagrams> {
        let ports = addresses.iter().map(|(address, seen)| port(*address, *seen, news)).collect::<io::Result<_>>()?;
        Ok(Datagrams { ports, buffer: vec![0; LARGEST].into() })
    }

    /// Where the listeners are; a port that was asked for as 0 has its number here.
    pub fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.ports.iter().map(|port| port.seen)
    }

    /// Ready when a socket has something to say.
    pub fn poll_ready(&self, context: &mut Context<'_>) -> Poll<()> {
        for port in &self.ports {
            if port.socket.poll_recv_ready(context).is_ready() {
                return Poll::Ready(());
            }
            if !port.backlog.is_empty() && port.socket.poll_send_ready(context).is_ready() {
                return Poll::Ready(());
            }
        }
        Poll::Pending
    }

    /// Reads what is there, up to a burst.
    pub fn receive(&mut self, mut taken: impl FnMut(Arrival)) {
        let mut left = BURST;
        for port in &mut self.ports {
            port.flush();
            while left > 0 {
                left -= 1;
                match port.socket.try_recv_from(&mut self.buffer) {
                    Ok((length, peer)) => {
                        let flow = Flow { transport: Transport::Udp, local: port.seen, peer, connection: None };
                        taken(Arrival::Message(flow, Bytes::copy_from_slice(&self.buffer[..length])));
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    // An ICMP error of an earlier datagram; its notice is in the error queue.
                    Err(_) => {}
                }
            }
        }
    }

    /// Sends a datagram from the listener that the flow names.
    pub fn send(&mut self, flow: &Flow, bytes: &Bytes, mut failed: impl FnMut(Arrival)) {
        let Some(port) = self.ports.iter_mut().find(|port| port.seen == flow.local) else {
            return failed(Arrival::Unreachable(*flow));
        };
        if !port.backlog.is_empty() {
            return port.keep(flow.peer, bytes);
        }
        match offer(&port.socket, flow.peer, bytes) {
            Offered::Sent => {}
            Offered::Full => port.keep(flow.peer, bytes),
            Offered::Refused => failed(Arrival::Unreachable(*flow)),
        }
    }
}

/// What became of a datagram.
enum Offered {
    Sent,
    Full,
    Refused,
}

/// Offers a datagram to the socket, twice: a pending ICMP error of an earlier one, to whomever, fails the next call.
fn offer(socket: &UdpSocket, peer: SocketAddr, bytes: &Bytes) -> Offered {
    for _ in 0..2 {
        match socket.try_send_to(bytes, peer) {
            Ok(_) => return Offered::Sent,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Offered::Full,
            Err(_) => {}
        }
    }
    Offered::Refused
}

impl Port {
    fn keep(&mut self, peer: SocketAddr, bytes: &Bytes) {
        if self.backlog.len() < BACKLOG {
            self.backlog.push_back((peer, bytes.clone()));
        }
    }

    fn flush(&mut self) {
        while let Some((peer, bytes)) = self.backlog.front() {
            match offer(&self.socket, *peer, bytes) {
                Offered::Full => return,
                // Sent, or refused for good; SIP notices by the missing answer.
                Offered::Sent | Offered::Refused => self.backlog.pop_front(),
            };
        }
    }
}

fn port(address: SocketAddr, seen: SocketAddr, news: &mpsc::Sender<News>) -> io::Result<Port> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_recv_buffer_size(SOCKET_BYTES)?;
    socket.set_send_buffer_size(SOCKET_BYTES)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    let socket = Rc::new(UdpSocket::from_std(socket.into())?);
    let bound = socket.local_addr()?;
    let seen = if seen.port() == 0 { SocketAddr::new(seen.ip(), bound.port()) } else { seen };
    icmp::ask(&socket, address.is_ipv6())?;
    spawn_local(icmp::listen(socket.clone(), seen, news.clone()));
    Ok(Port { socket, seen, backlog: VecDeque::new() })
}
