//! What ICMP says of datagrams that did not arrive. Linux keeps it in the socket's error queue (`ip(7)`, IP_RECVERR),
//! with the address that the datagram was for; so a dead target is known in a moment instead of after a second.
use super::{Arrival, News};
use crate::sip::flow::{Flow, Transport};
use core::net::SocketAddr;
use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt};
use std::io::{self, IoSliceMut};
use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::mpsc;

/// Asks for notices on a socket.
pub fn ask(socket: &UdpSocket, is_ipv6: bool) -> io::Result<()> {
    if is_ipv6 {
        setsockopt(socket, sockopt::Ipv6RecvErr, &true)?;
    } else {
        setsockopt(socket, sockopt::Ipv4RecvErr, &true)?;
    }
    Ok(())
}

/// Tells of each notice for as long as the socket lives; `seen` is our address on it.
pub async fn listen(socket: Arc<AsyncFd<UdpSocket>>, seen: SocketAddr, news: mpsc::Sender<News>) {
    while let Ok(peer) = socket.async_io(Interest::ERROR, notice).await {
        let Some(peer) = peer else { continue };
        let flow = Flow { transport: Transport::Udp, local: seen, peer, connection: None };
        if news.send(News::Arrival(Arrival::Unreachable(flow))).await.is_err() {
            return;
        }
    }
}

/// The next notice: whom the datagram was for, if it says so.
fn notice(socket: &UdpSocket) -> io::Result<Option<SocketAddr>> {
    let mut control = nix::cmsg_space!([u8; 64]);
    let mut returned = [0; 64];
    let mut space = [IoSliceMut::new(&mut returned)];
    let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
    match recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut space, Some(&mut control), flags) {
        Ok(notice) => Ok(notice.address.as_ref().and_then(address)),
        Err(Errno::EAGAIN) => Err(io::ErrorKind::WouldBlock.into()),
        // The pending error itself, told once beside its notice.
        Err(_) => Ok(None),
    }
}

/// The address in the kernel's form, if it is one of the Internet.
pub fn address(storage: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = storage.as_sockaddr_in().map(|address| SocketAddr::V4((*address).into()));
    v4.or_else(|| storage.as_sockaddr_in6().map(|address| SocketAddr::V6((*address).into())))
}
