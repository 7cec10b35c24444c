//! Sockets: bytes in, bytes out. What they mean is not known here.
pub mod icmp;
pub mod tcp;
pub mod udp;

pub use tcp::Streams;
pub use udp::Datagrams;

use crate::sip::flow::Flow;
use bytes::Bytes;
use core::net::SocketAddr;
use tokio::net::TcpStream;

/// What the tasks of sockets tell their shard.
pub enum News {
    /// For the engine.
    Arrival(Arrival),
    /// A peer connected to the listener that is seen at this address.
    Accepted(TcpStream, SocketAddr),
    /// A connection is gone.
    Gone(u64),
}

/// How much news waits for a shard before the tasks wait for it.
pub const NEWS: usize = 1024;

/// What the network says. It has no `Debug`: messages are private.
pub enum Arrival {
    /// A datagram, or a message cut out of a stream.
    Message(Flow, Bytes),
    /// What was sent to this peer did not arrive.
    Unreachable(Flow),
    /// A stream that we opened is there.
    StreamOpen(SocketAddr),
    /// A stream is gone.
    StreamClosed(Flow),
}
