//! Sockets: bytes in, bytes out. What they mean is not known here.
pub mod icmp;
pub mod tcp;
pub mod udp;

pub use tcp::Streams;
pub use udp::Datagrams;

use crate::sip::flow::Flow;
use bytes::Bytes;
use core::net::SocketAddr;

/// What the network says.
#[derive(Debug)]
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
