//! The voice of the test IVR: ports, speech and paced packets, on a thread of its own beside the calls.
mod player;
mod recorded;
mod speech;
mod wave;

pub use recorded::{SPELLED, compress};
pub use speech::{Speaker, Speech};

use crate::b2bua::voice::{News, Order};
use crate::base::entropy::Entropy;
use crate::base::id::Handle;
use core::net::{IpAddr, SocketAddr};
use core::ops::RangeInclusive;
use core::time::Duration;
use player::Player;
use std::collections::HashMap;
use std::io;
use std::rc::Rc;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

/// How many orders may wait; what comes then is dropped, and the call ends as one without a port does.
const ORDERS: usize = 1024;
/// How much news may wait.
const NEWS: usize = 1024;

/// What the voice is set up with.
pub struct Setup {
    /// The ports that it may take.
    pub ports: RangeInclusive<u16>,
    /// What renders speech.
    pub speaker: Speaker,
    /// How many bytes of rendered speech are kept.
    pub kept_bytes: usize,
    /// After how long a call's port is given back, whatever the engine says.
    pub longest: Duration,
    /// Whether nothing may be sent beyond this machine.
    pub loopback_only: bool,
}

/// The engine's end of it.
pub struct Voice {
    orders: mpsc::Sender<Order>,
    news: mpsc::Receiver<(Handle, News)>,
}

impl Voice {
    /// Starts the thread.
    ///
    /// # Errors
    /// No thread, or no runtime for it.
    pub fn start(setup: Setup, chance: Entropy) -> io::Result<Voice> {
        let (orders, ordered) = mpsc::channel(ORDERS);
        let (tell, news) = mpsc::channel(NEWS);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let studio = move || {
            let speech = Rc::new(Speech::new(setup.speaker.clone(), setup.kept_bytes));
            let studio = Studio { next: *setup.ports.start(), setup, chance, speech, tell, lines: HashMap::new() };
            tokio::task::LocalSet::new().block_on(&runtime, studio.run(ordered));
        };
        let _thread = std::thread::Builder::new().name("callbox-voice".into()).spawn(studio)?;
        Ok(Voice { orders, news })
    }

    /// Gives an order.
    pub fn order(&self, order: Order) {
        if self.orders.try_send(order).is_err() {
            tracing::warn!("the test IVR's voice is too busy; an order is lost");
        }
    }

    /// The next news. A voice whose thread has ended has none for ever: whoever waits for it and for calls must not be
    /// woken by it again and again.
    pub async fn news(&mut self) -> (Handle, News) {
        match self.news.recv().await {
            Some(news) => news,
            None => core::future::pending().await,
        }
    }
}

/// The thread's end.
struct Studio {
    setup: Setup,
    chance: Entropy,
    speech: Rc<Speech>,
    tell: mpsc::Sender<(Handle, News)>,
    lines: HashMap<Handle, mpsc::Sender<Order>>,
    /// The port to try next.
    next: u16,
}

impl Studio {
    async fn run(mut self, mut ordered: mpsc::Receiver<Order>) {
        while let Some(order) = ordered.recv().await {
            match order {
                Order::Open { call, local, script } => {
                    Speech::prepare(&self.speech, script);
                    self.open(call, local).await;
                }
                Order::Close { call } => {
                    self.lines.remove(&call);
                }
                Order::Reach { call, .. } | Order::Read { call, .. } => {
                    if let Some(line) = self.lines.get(&call) {
                        // A line that takes no more orders is over.
                        let _over = line.try_send(order);
                    }
                }
            }
        }
    }

    async fn open(&mut self, call: Handle, local: IpAddr) {
        self.lines.retain(|_, line| !line.is_closed());
        let (news, socket) = match self.bind(local) {
            Some((port, socket)) => (News::Open(port), Some(socket)),
            None => (News::NoPort, None),
        };
        if let Some(socket) = socket {
            let (line, orders) = mpsc::channel(16);
            self.lines.insert(call, line);
            let player = Player {
                call,
                socket,
                speech: self.speech.clone(),
                tell: self.tell.clone(),
                chance: self.chance.bits(),
                loopback_only: self.setup.loopback_only,
            };
            let longest = self.setup.longest;
            tokio::task::spawn_local(async move {
                let _too_long = tokio::time::timeout(longest, player.run(orders)).await;
            });
        }
        let _leaving = self.tell.send((call, news)).await;
    }

    /// Takes the next free even port (RFC 3550 §11), at the address that callers see where it is one of ours, else at all.
    fn bind(&mut self, local: IpAddr) -> Option<(u16, UdpSocket)> {
        let (first, last) = (*self.setup.ports.start(), *self.setup.ports.end());
        for _ in 0..=(last.saturating_sub(first) / 2) {
            let port = if (first..=last).contains(&self.next) { self.next } else { first };
            self.next = port.saturating_add(2);
            if let Ok(socket) = open(local, port) {
                return Some((port, socket));
            }
        }
        tracing::warn!("no port is free for a test call");
        None
    }
}

fn open(local: IpAddr, port: u16) -> io::Result<UdpSocket> {
    let anywhere: IpAddr = match local {
        IpAddr::V4(_) => core::net::Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => core::net::Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = match std::net::UdpSocket::bind(SocketAddr::new(local, port)) {
        Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => {
            std::net::UdpSocket::bind(SocketAddr::new(anywhere, port))?
        }
        bound => bound?,
    };
    socket.set_nonblocking(true)?;
    UdpSocket::from_std(socket)
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::future::Future;
    use core::pin::pin;
    use core::task::{Context, Poll, Waker};

    #[test]
    fn a_voice_that_has_ended_wakes_nobody_who_waits_for_calls_too() {
        let (orders, _) = mpsc::channel(1);
        let (tell, news) = mpsc::channel(1);
        let mut voice = Voice { orders, news };
        drop(tell);
        assert_eq!(pin!(voice.news()).poll(&mut Context::from_waker(Waker::noop())), Poll::Pending);
    }
}
