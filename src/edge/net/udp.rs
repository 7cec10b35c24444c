//! UDP sockets: read until empty, up to a burst at a time, then answered at once.
//!
//! One system call reads what is there and tells whether more is. The runtime watches a socket for reading alone: to be
//! told that it can be written to costs a wake for every datagram that leaves, and it nearly always can.
use super::{Arrival, News, icmp};
use crate::sip::flow::{Flow, Transport};
use bytes::Bytes;
use core::net::SocketAddr;
use core::task::{Context, Poll};
use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg};
use socket2::{Domain, Protocol, Socket, Type};
use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSliceMut};
use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::mpsc;

/// How many datagrams are read before the first is answered.
pub const BURST: usize = 64;

/// How many datagrams one system call reads.
const TOGETHER: usize = 8;

/// The largest datagram.
const LARGEST: usize = 65_535;

/// How much a socket may hold in each direction: some seconds of a full load.
const SOCKET_BYTES: usize = 8 << 20;

/// How many datagrams wait for a socket that is full; more than that are dropped, as a network would, and SIP sends
/// them again.
const BACKLOG: usize = 4096;

struct Port {
    socket: Arc<AsyncFd<UdpSocket>>,
    /// Our address as peers see it.
    seen: SocketAddr,
    /// One set a socket: the kernel leaves the length of its kind of address in it.
    headers: MultiHeaders<SockaddrStorage>,
    backlog: VecDeque<(SocketAddr, Bytes)>,
    /// The same socket, watched for writing while there is a backlog.
    full: Option<AsyncFd<UdpSocket>>,
}

/// All UDP listeners of a shard.
pub struct Datagrams {
    ports: Vec<Port>,
    buffers: Box<[u8]>,
}

impl Datagrams {
    /// Listens on each address; the second of each pair is the one that peers see. `news` hears of datagrams that did
    /// not arrive, from tasks of the surrounding runtime.
    pub fn bind(addresses: &[(SocketAddr, SocketAddr)], news: &mpsc::Sender<News>) -> io::Result<Datagrams> {
        let ports = addresses.iter().map(|(address, seen)| port(*address, *seen, news)).collect::<io::Result<_>>()?;
        Ok(Datagrams { ports, buffers: vec![0; LARGEST * TOGETHER].into() })
    }

    /// Where the listeners are; a port that was asked for as 0 has its number here.
    pub fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.ports.iter().map(|port| port.seen)
    }

    /// Ready when a socket has something to say.
    pub fn poll_ready(&self, context: &mut Context<'_>) -> Poll<()> {
        for port in &self.ports {
            if port.socket.poll_read_ready(context).is_ready() {
                return Poll::Ready(());
            }
            if port.full.as_ref().is_some_and(|full| full.poll_write_ready(context).is_ready()) {
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
            let Port { socket, seen, headers, .. } = port;
            while left > 0 {
                // Whoever reads less than there is room for has emptied the socket: the runtime is told so by the same
                // error as by a read that finds nothing, and that read is saved.
                let more = socket.try_io(Interest::READABLE, |socket| {
                    let count = read(socket, headers, &mut self.buffers, |peer, bytes| {
                        let flow = Flow { transport: Transport::Udp, local: *seen, peer, connection: None };
                        taken(Arrival::Message(flow, Bytes::copy_from_slice(bytes)));
                    })?;
                    left = left.saturating_sub(count);
                    if count < TOGETHER { Err(ErrorKind::WouldBlock.into()) } else { Ok(()) }
                });
                match more {
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    // An error is the ICMP notice of an earlier datagram, which is in the error queue too.
                    Ok(()) | Err(_) => {}
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
        match offer(port.socket.get_ref(), flow.peer, bytes) {
            Offered::Sent => {}
            Offered::Full => port.keep(flow.peer, bytes),
            Offered::Refused => failed(Arrival::Unreachable(*flow)),
        }
    }
}

/// Reads datagrams with one system call, as many as are there and at most [`TOGETHER`]; gives how many.
fn read(
    socket: &UdpSocket,
    headers: &mut MultiHeaders<SockaddrStorage>,
    buffers: &mut [u8],
    mut taken: impl FnMut(SocketAddr, &[u8]),
) -> io::Result<usize> {
    let mut buffers = buffers.chunks_exact_mut(LARGEST);
    let mut space: [_; TOGETHER] = core::array::from_fn(|_| [IoSliceMut::new(buffers.next().unwrap_or_default())]);
    let mut count = 0;
    for datagram in recvmmsg(socket.as_raw_fd(), headers, &mut space, MsgFlags::MSG_DONTWAIT, None)? {
        count += 1;
        // A datagram without a sender cannot be answered; the kernel has none.
        let Some(peer) = datagram.address.as_ref().and_then(icmp::address) else { continue };
        taken(peer, datagram.iovs().next().unwrap_or_default());
    }
    Ok(count)
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
        match socket.send_to(bytes, peer) {
            Ok(_) => return Offered::Sent,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Offered::Full,
            Err(_) => {}
        }
    }
    Offered::Refused
}

impl Port {
    fn keep(&mut self, peer: SocketAddr, bytes: &Bytes) {
        if self.full.is_none() {
            // Without it the backlog waits for the next datagram that comes in.
            let socket = self.socket.get_ref().try_clone();
            self.full = socket.and_then(|socket| watch(socket, Interest::WRITABLE)).ok();
        }
        if self.backlog.len() < BACKLOG {
            self.backlog.push_back((peer, bytes.clone()));
        }
    }

    fn flush(&mut self) {
        while let Some((peer, bytes)) = self.backlog.front() {
            let offered = offer(self.socket.get_ref(), *peer, bytes);
            if matches!(offered, Offered::Full) {
                if let Some(full) = &self.full {
                    // To be told of the next time.
                    let _noted =
                        full.try_io(Interest::WRITABLE, |_| io::Result::<()>::Err(ErrorKind::WouldBlock.into()));
                }
                return;
            }
            // Sent, or refused for good; SIP notices by the missing answer.
            self.backlog.pop_front();
        }
        self.full = None;
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
    let socket = watch(socket.into(), Interest::READABLE | Interest::ERROR)?;
    let socket = Arc::new(socket);
    let bound = socket.get_ref().local_addr()?;
    let seen = if seen.port() == 0 { SocketAddr::new(seen.ip(), bound.port()) } else { seen };
    icmp::ask(socket.get_ref(), address.is_ipv6())?;
    tokio::spawn(icmp::listen(socket.clone(), seen, news.clone()));
    let headers = MultiHeaders::preallocate(TOGETHER, None);
    Ok(Port { socket, seen, headers, backlog: VecDeque::new(), full: None })
}

/// Asks the runtime to watch a socket for this and nothing else.
#[expect(deprecated, reason = "its successor is unsafe for what a UdpSocket gives anyway: one descriptor, its own")]
fn watch(socket: UdpSocket, interest: Interest) -> io::Result<AsyncFd<UdpSocket>> {
    AsyncFd::with_interest(socket, interest)
}
