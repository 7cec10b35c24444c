//! Where a message came from and where its answer goes.
use core::net::SocketAddr;

/// How messages travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Datagrams; may be lost, doubled, reordered.
    Udp,
    /// A TCP stream; framed by Content-Length (RFC 3261 §18.3).
    Tcp,
}

impl Transport {
    /// Whether the transport itself repeats what was lost (RFC 3261 §17: no retransmission timers).
    pub const fn is_reliable(self) -> bool {
        matches!(self, Transport::Tcp)
    }

    /// As it is written in a Via: `UDP`, `TCP`.
    pub const fn via(self) -> &'static str {
        match self {
            Transport::Udp => "UDP",
            Transport::Tcp => "TCP",
        }
    }

    /// As it is written in a URI's `transport` parameter: `udp`, `tcp`.
    pub const fn param(self) -> &'static str {
        match self {
            Transport::Udp => "udp",
            Transport::Tcp => "tcp",
        }
    }
}

/// A path between one of our listeners and a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Flow {
    /// How messages travel on it.
    pub transport: Transport,
    /// The address of ours that the peer sees: where the listener is bound, with the concrete address when it is bound
    /// to all.
    pub local: SocketAddr,
    /// The peer's address.
    pub peer: SocketAddr,
    /// Which connection, for streams: the edge's number for it, never used twice. `None` for datagrams, and for a
    /// stream that is still to be opened.
    pub connection: Option<u64>,
}

impl Flow {
    /// Whether both are the same open stream.
    pub fn is_connection(&self, other: &Flow) -> bool {
        self.connection.is_some() && (self.transport, self.connection) == (other.transport, other.connection)
    }
}
