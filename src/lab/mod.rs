//! Far ends for trying things out, and a phone: PSAPs, a relay center, a crisis line, a gateway, a PBX and a test IVR
//! that ring, answer, play a tone and echo what they hear. They listen on loopback, they send to loopback, and nothing
//! here can reach a real emergency number.
mod end;
mod media;
pub mod message;
mod own_codec;
pub mod phone;
mod repeat;
mod reply;
mod rsip_codec;
mod sdp;
mod stream;
mod temper;
mod told;
mod tone;
mod uas;

pub use end::Running;
pub use media::Sound;
pub use message::{Codec, Heard, Message};
pub use temper::Temper;
pub use uas::Order;

use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// A far end to be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// Its name: `psap-1`.
    pub name: Arc<str>,
    /// Where it listens, over UDP and TCP; port 0 takes a free one.
    pub at: SocketAddr,
    /// What reads and writes its messages.
    pub codec: Codec,
    /// How it treats those who call.
    pub temper: Temper,
    /// Whether it tells who called and from where. A crisis line does not.
    pub shows_caller: bool,
}

impl End {
    /// An end that answers, on a free port of 127.0.0.1, with our own reader and writer.
    pub fn new(name: &str) -> End {
        let at = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
        End { name: name.into(), at, codec: Codec::Own, temper: Temper::ANSWERS, shows_caller: true }
    }

    /// The same at another address.
    pub fn at(self, at: SocketAddr) -> End {
        End { at, ..self }
    }

    /// The same with another temperament.
    pub fn with(self, temper: Temper) -> End {
        End { temper, ..self }
    }

    /// The same, built on another reader and writer.
    pub fn speaking(self, codec: Codec) -> End {
        End { codec, ..self }
    }
}

/// The lab's far ends, on their fixed ports of 127.0.0.1.
pub fn ends() -> Vec<End> {
    let end =
        |name, port, codec| End::new(name).at(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)).speaking(codec);
    vec![
        end("psap-1", 5070, Codec::Own),
        end("psap-2", 5071, Codec::Own),
        end("relay", 5072, Codec::Rsip),
        End { shows_caller: false, ..end("crisis", 5073, Codec::Rsip) },
        end("gateway", 5074, Codec::Rsip),
        end("pbx", 5075, Codec::Rsip),
        end("ivr", 5076, Codec::Rsip),
    ]
}

/// Why a far end or the phone could not start.
#[derive(Debug, thiserror::Error)]
pub enum NotStarted {
    /// The lab speaks on loopback and nowhere else.
    #[error("{0} is not a loopback address: the lab only ever listens on and sends to 127.0.0.0/8 and ::1")]
    NotLoopback(SocketAddr),
    /// The operating system refused the address.
    #[error("{0}: {1}")]
    Bind(SocketAddr, #[source] std::io::Error),
    /// Nobody takes the phone's connection.
    #[error("no connection to {0}: {1}")]
    Connect(SocketAddr, #[source] std::io::Error),
    /// The operating system has no source of chance.
    #[error("no chance from the operating system: {0}")]
    Chance(#[source] std::io::Error),
}

/// Starts far ends. Each tells what happens to it through `tell`: its name and a line.
pub async fn start(ends: &[End], tell: impl Fn(&str, &str) + Send + Sync + 'static) -> Result<Running, NotStarted> {
    end::start(ends, Arc::new(tell)).await
}
