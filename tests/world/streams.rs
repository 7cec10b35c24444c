//! Connections of the world, as the edge keeps them: one to a peer, either side's, in order, until it breaks.
use crate::chance::Chance;
use crate::net::{Fate, Weather};
use callbox::sip::flow::{Flow, Transport};
use core::net::SocketAddr;

/// The port that a peer connects from: its own and this.
pub const EPHEMERAL: u16 = 2000;

struct Stream {
    id: u64,
    home: u16,
    flow: Flow,
    /// The last arrivals each way: nothing overtakes.
    at_engine: u64,
    at_peer: u64,
}

#[derive(Default)]
pub struct Streams {
    alive: Vec<Stream>,
    last: u64,
}

/// When something sent arrives.
pub struct Carried {
    pub id: u64,
    pub at: u64,
    /// The connection had to be opened first: it is there at this moment.
    pub opened: Option<u64>,
}

impl Streams {
    pub fn flow(&self, id: u64) -> Option<Flow> {
        self.alive.iter().find(|stream| stream.id == id).map(|stream| stream.flow)
    }

    /// Ends a connection; its flow, if there was one.
    pub fn end(&mut self, id: u64) -> Option<Flow> {
        let at = self.alive.iter().position(|stream| stream.id == id)?;
        Some(self.alive.remove(at).flow)
    }

    /// One that is there now, to be broken.
    pub fn any(&self, chance: &mut Chance) -> Option<u64> {
        let ids: Vec<u64> = self.alive.iter().map(|stream| stream.id).collect();
        if ids.is_empty() { None } else { Some(chance.pick(&ids)) }
    }

    /// Sends from the engine: on the flow's connection, else on one to that address, else on a new one.
    pub fn send_to_peer(&mut self, weather: &Weather, chance: &mut Chance, now: u64, flow: Flow, home: u16) -> Carried {
        let known = self.alive.iter().position(|stream| Some(stream.id) == flow.connection);
        let known = known.or_else(|| self.alive.iter().rposition(|stream| stream.flow.peer == flow.peer));
        let (at, opened) = match known {
            Some(at) => (at, None),
            None => {
                let opened = now + weather.way(chance);
                self.open(home, flow, opened);
                (self.alive.len() - 1, Some(opened))
            }
        };
        let stream = &mut self.alive[at];
        stream.at_peer = stream.at_peer.max(now + weather.way(chance));
        Carried { id: stream.id, at: stream.at_peer, opened }
    }

    /// Sends from a peer: on a connection that is there, else on a new one.
    pub fn send_to_engine(&mut self, weather: &Weather, chance: &mut Chance, now: u64, home: u16) -> Carried {
        let at = self.alive.iter().rposition(|stream| stream.home == home).unwrap_or_else(|| {
            let flow = Flow {
                transport: Transport::Tcp,
                local: SocketAddr::from(([127, 0, 0, 1], 5060)),
                peer: SocketAddr::from(([127, 0, 0, 1], home + EPHEMERAL)),
                connection: None,
            };
            self.open(home, flow, now);
            self.alive.len() - 1
        });
        let stream = &mut self.alive[at];
        stream.at_engine = stream.at_engine.max(now + weather.way(chance));
        Carried { id: stream.id, at: stream.at_engine, opened: None }
    }

    fn open(&mut self, home: u16, flow: Flow, at: u64) {
        self.last += 1;
        let flow = Flow { connection: Some(self.last), ..flow };
        self.alive.push(Stream { id: self.last, home, flow, at_engine: at, at_peer: at });
    }
}

/// What the trace says of something on a stream.
pub fn fate(carried: &Carried) -> Fate {
    Fate::Arrives(vec![carried.at])
}
