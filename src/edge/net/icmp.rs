//! What ICMP says of datagrams that did not arrive. Linux keeps it in the socket's error queue (`ip(7)`, IP_RECVERR),
//! with the address that the datagram was for; so a dead target is known in a moment instead of after a second.
use core::net::SocketAddr;
use nix::sys::socket::{MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt};
use std::io::{self, IoSliceMut};
use std::os::fd::AsRawFd;
use tokio::net::UdpSocket;

/// How many notices are read at once.
const MOST: usize = 64;

/// Asks for notices on a socket.
pub fn listen(socket: &UdpSocket, is_ipv6: bool) -> io::Result<()> {
    if is_ipv6 {
        setsockopt(socket, sockopt::Ipv6RecvErr, &true)?;
    } else {
        setsockopt(socket, sockopt::Ipv4RecvErr, &true)?;
    }
    Ok(())
}

/// The peers that datagrams did not reach, as far as notices of it have come.
pub fn unreachable(socket: &UdpSocket) -> Vec<SocketAddr> {
    let mut found = Vec::new();
    for _ in 0..MOST {
        let mut control = nix::cmsg_space!([u8; 64]);
        let mut returned = [0; 64];
        let mut space = [IoSliceMut::new(&mut returned)];
        let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
        match recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut space, Some(&mut control), flags) {
            Ok(notice) => found.extend(notice.address.as_ref().and_then(address)),
            Err(_) => break,
        }
    }
    found.dedup();
    found
}

fn address(storage: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = storage.as_sockaddr_in().map(|address| SocketAddr::V4((*address).into()));
    v4.or_else(|| storage.as_sockaddr_in6().map(|address| SocketAddr::V6((*address).into())))
}
