//! A far end's sockets and its task: what [`super::uas`] decides is carried out here.
use super::media::{self, Ear, Plays, Sound};
use super::message::Heard;
use super::stream::{Streams, bind_both};
use super::uas::{Do, Order, Uas};
use super::{Codec, End, NotStarted, Temper, sdp, tone};
use crate::base::entropy::Entropy;
use crate::base::now::Mono;
use crate::edge::clock::Clock;
use crate::edge::entropy;
use crate::sip::flow::{Flow, Transport};
use bytes::Bytes;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::sleep_until;

/// How many of the messages that came to it an end remembers.
const REMEMBERED: usize = 4096;
/// Orders that wait for an end.
const ORDERS: usize = 16;

type Tell = Arc<dyn Fn(&str, &str) + Send + Sync>;
type Memory = Arc<Mutex<VecDeque<Heard>>>;

/// Far ends that run until this is dropped.
pub struct Running {
    ends: Vec<Handle>,
    _tasks: JoinSet<()>,
}

struct Handle {
    name: Arc<str>,
    at: SocketAddr,
    memory: Memory,
    ear: Ear,
    news: watch::Receiver<u64>,
    orders: mpsc::Sender<Told>,
}

enum Told {
    Order(Order),
    Temper(Temper),
}

impl Running {
    /// Where an end listens; `None` when there is none of that name.
    pub fn address(&self, name: &str) -> Option<SocketAddr> {
        self.end(name).map(|end| end.at)
    }

    /// All that came to an end, oldest first: requests and responses, as its reader understood them and as they came.
    pub fn received(&self, name: &str) -> Vec<Heard> {
        let of = |end: &Handle| end.memory.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect();
        self.end(name).map(of).unwrap_or_default()
    }

    /// What an end heard of its callers' voices.
    pub fn sound(&self, name: &str) -> Sound {
        let of = |end: &Handle| end.ear.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.end(name).map(of).unwrap_or_default()
    }

    /// Waits until something that came to an end satisfies `wanted`, and gives the first that does. It waits for ever
    /// when nothing will: callers set their own deadline.
    pub async fn until(&self, name: &str, wanted: impl Fn(&Heard) -> bool) -> Option<Heard> {
        let end = self.end(name)?;
        let mut news = end.news.clone();
        loop {
            news.borrow_and_update();
            if let Some(found) = self.received(name).into_iter().find(|heard| wanted(heard)) {
                return Some(found);
            }
            news.changed().await.ok()?;
        }
    }

    /// Has an end do something in all calls that it has up.
    pub async fn order(&self, name: &str, order: Order) {
        self.tell(name, Told::Order(order)).await;
    }

    /// Changes how an end treats the calls to come.
    pub async fn set_temper(&self, name: &str, temper: Temper) {
        self.tell(name, Told::Temper(temper)).await;
    }

    async fn tell(&self, name: &str, told: Told) {
        if let Some(end) = self.end(name) {
            // The task ends only with this value, so there is always someone who takes it.
            let _ = end.orders.send(told).await;
        }
    }

    fn end(&self, name: &str) -> Option<&Handle> {
        self.ends.iter().find(|end| &*end.name == name)
    }
}

/// Binds all ends, then starts them.
pub async fn start(ends: &[End], tell: Tell) -> Result<Running, NotStarted> {
    let mut running = Running { ends: Vec::new(), _tasks: JoinSet::new() };
    for end in ends {
        let (socket, listener) = bind_both(end.at).await?;
        let at = socket.local_addr().map_err(|error| NotStarted::Bind(end.at, error))?;
        let (memory, ear): (Memory, Ear) = Default::default();
        let (heard, news) = watch::channel(0);
        let (orders, inbox) = mpsc::channel(ORDERS);
        running.ends.push(Handle {
            name: end.name.clone(),
            at,
            memory: memory.clone(),
            ear: ear.clone(),
            news,
            orders,
        });
        let mut task = Task {
            name: end.name.clone(),
            codec: end.codec,
            uas: Uas::new(end.codec, end.temper, end.shows_caller, entropy::from_system().map_err(NotStarted::Chance)?),
            socket,
            streams: Streams::new(listener, at),
            at,
            clock: Clock::start(),
            chance: entropy::from_system().map_err(NotStarted::Chance)?,
            tell: tell.clone(),
            memory,
            ear,
            heard,
            waiting: HashMap::new(),
            playing: HashMap::new(),
            talks: JoinSet::new(),
        };
        running._tasks.spawn(async move { task.run(inbox).await });
    }
    Ok(running)
}

/// A datagram socket on loopback.
pub async fn loopback(at: SocketAddr) -> Result<UdpSocket, NotStarted> {
    if !at.ip().is_loopback() {
        return Err(NotStarted::NotLoopback(at));
    }
    UdpSocket::bind(at).await.map_err(|error| NotStarted::Bind(at, error))
}

struct Task {
    name: Arc<str>,
    codec: Codec,
    uas: Uas,
    socket: UdpSocket,
    streams: Streams,
    at: SocketAddr,
    clock: Clock,
    chance: Entropy,
    tell: Tell,
    memory: Memory,
    ear: Ear,
    heard: watch::Sender<u64>,
    /// Media sockets of calls that do not play yet, by their address.
    waiting: HashMap<SocketAddr, UdpSocket>,
    playing: HashMap<SocketAddr, (AbortHandle, watch::Sender<Option<SocketAddr>>)>,
    talks: JoinSet<()>,
}

impl Task {
    async fn run(&mut self, mut inbox: mpsc::Receiver<Told>) {
        let mut buffer = vec![0; 65_536];
        loop {
            let due = self.uas.due().map(|due| self.clock.instant_of(due));
            let todo = tokio::select! {
                came = self.socket.recv_from(&mut buffer) => match came {
                    Ok((len, peer)) => {
                        let flow = Flow { transport: Transport::Udp, local: self.at, peer, connection: None };
                        self.hear(flow, Bytes::copy_from_slice(&buffer[..len])).await
                    }
                    // A port unreachable from an earlier response; the next datagram is not affected.
                    Err(_) => continue,
                },
                (flow, bytes) = self.streams.next() => self.hear(flow, bytes).await,
                () = async { match due { Some(due) => sleep_until(due.into()).await, None => core::future::pending().await } } => {
                    self.uas.wake(self.now())
                }
                told = inbox.recv() => match told {
                    Some(Told::Order(order)) => self.uas.order(self.now(), order),
                    Some(Told::Temper(temper)) => { self.uas.set_temper(temper); continue }
                    None => return,
                },
            };
            self.carry_out(todo).await;
        }
    }

    fn now(&self) -> Mono {
        self.clock.now().mono
    }

    async fn hear(&mut self, flow: Flow, bytes: Bytes) -> Vec<Do> {
        if bytes.iter().all(|byte| matches!(byte, b'\r' | b'\n')) {
            return Vec::new();
        }
        let heard = match self.codec.read(bytes) {
            Ok(heard) => heard,
            Err(refused) => return vec![Do::Tell(format!("could not read a message: {refused}"))],
        };
        let media = if self.uas.wants_media(&heard) { self.media(&heard).await } else { None };
        self.remember(heard.clone());
        self.uas.hear(self.now(), flow, &heard, media)
    }

    /// A media socket of the family that the caller's is of: sound does not pass through the router.
    async fn media(&mut self, invite: &Heard) -> Option<SocketAddr> {
        let ours = match sdp::audio_of(&sdp::in_body(&invite.message)) {
            Some(SocketAddr::V6(_)) => IpAddr::V6(Ipv6Addr::LOCALHOST),
            Some(SocketAddr::V4(_)) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            None => self.at.ip(),
        };
        let socket = UdpSocket::bind(SocketAddr::new(ours, 0)).await.ok()?;
        let at = socket.local_addr().ok()?;
        self.waiting.insert(at, socket);
        Some(at)
    }

    fn remember(&self, heard: Heard) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.len() == REMEMBERED {
            memory.pop_front();
        }
        memory.push_back(heard);
        drop(memory);
        self.heard.send_modify(|count| *count += 1);
    }

    async fn carry_out(&mut self, todo: Vec<Do>) {
        for one in todo {
            match one {
                Do::Send(flow, bytes) => self.send(flow, &bytes).await,
                Do::Tell(line) => (self.tell)(&self.name, &line),
                Do::Play(media, peer) => self.play(media, peer),
                Do::Hush(media) => {
                    self.waiting.remove(&media);
                    if let Some((talk, _)) = self.playing.remove(&media) {
                        talk.abort();
                    }
                    while self.talks.try_join_next().is_some() {}
                }
            }
        }
    }

    async fn send(&mut self, flow: Flow, bytes: &Bytes) {
        if !flow.peer.ip().is_loopback() {
            return (self.tell)(&self.name, "kept back a message to an address that is not loopback");
        }
        let sent = match flow.transport {
            Transport::Udp => self.socket.send_to(bytes, flow.peer).await.map(|_| ()),
            Transport::Tcp => self.streams.send(flow, bytes).await,
        };
        if let Err(error) = sent {
            (self.tell)(&self.name, &format!("could not send: {error}"));
        }
    }

    fn play(&mut self, media: SocketAddr, peer: Option<SocketAddr>) {
        if let Some((_, target)) = self.playing.get(&media) {
            target.send_replace(peer);
        }
        let Some(socket) = self.waiting.remove(&media) else { return };
        let (target, peer) = watch::channel(peer);
        let plays = Plays { hertz: tone::FAR_END, packets: Some(50), echo: true, keys: Vec::new(), keeps: false };
        let talk = self.talks.spawn(media::talk(socket, plays, peer, self.ear.clone(), self.chance.bits()));
        self.playing.insert(media, (talk, target));
    }
}
