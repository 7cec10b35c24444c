//! Between the engine and the voice of its test IVR: what it is to do, and what it has to tell. The engine has no sound;
//! the edge has nothing else.
use crate::base::id::Handle;
use crate::ivr::Piece;
use crate::sdp::voice::Taken;
use core::net::IpAddr;
use std::sync::Arc;

/// What the voice is to do.
#[derive(Clone, Debug)]
pub enum Order {
    /// Take a port at this address for a call, and get the pieces ready that it will hear.
    Open {
        /// The call.
        call: Handle,
        /// Our address.
        local: IpAddr,
        /// What will be read.
        script: Arc<[Piece]>,
    },
    /// Talk to the caller this way from now on.
    Reach {
        /// The call.
        call: Handle,
        /// How.
        taken: Taken,
    },
    /// Read this, in place of what is being read.
    Read {
        /// The call.
        call: Handle,
        /// What.
        script: Arc<[Piece]>,
    },
    /// The call is over.
    Close {
        /// The call.
        call: Handle,
    },
}

/// What the voice has to tell of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// It has this port.
    Open(u16),
    /// It has no port.
    NoPort,
    /// The caller pressed a key.
    Key(u8),
    /// All was read.
    WasRead,
    /// As many packets as a test has were sent back (RFC 6881 ED-79).
    WasMirrored,
}
