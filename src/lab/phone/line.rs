//! The phone's line: its sockets, its clock, and the ladder that it prints while the call goes on.
use super::{Act, Ladder, Outcome, Phone, Wanted};
use crate::edge::clock::Clock;
use crate::edge::entropy;
use crate::lab::end::loopback;
use crate::lab::media::{self, Ear, Plays, Sound};
use crate::lab::stream::Incoming;
use crate::lab::{NotStarted, tone};
use crate::sip::flow::{Flow, Transport};
use bytes::Bytes;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::io;
use std::sync::PoisonError;
use tokio::io::AsyncWriteExt;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::net::{TcpStream, UdpSocket};
use tokio::sync::watch;
use tokio::time::sleep_until;

/// Places one call to `target` and gives how it ended and what was heard. Each line of the ladder goes to `print`; when
/// `put_down` ends, so does the call.
pub async fn call(
    wanted: Wanted,
    target: SocketAddr,
    transport: Transport,
    mut print: impl FnMut(String),
    put_down: impl Future<Output = ()>,
) -> Result<(Outcome, Sound), NotStarted> {
    if !target.ip().is_loopback() {
        return Err(NotStarted::NotLoopback(target));
    }
    let ours = match target.ip() {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
    };
    let socket = Socket::open(ours, target, transport).await?;
    let sound = loopback(SocketAddr::new(ours, 0)).await?;
    let mut chance = entropy::from_system().map_err(NotStarted::Chance)?;
    let plays =
        Plays { hertz: tone::PHONE, packets: None, echo: false, keys: wanted.keys.clone().into_bytes(), keeps: true };
    let (peer, listener) = watch::channel(None);
    let (ear, at) = (Ear::default(), local(&sound)?);
    let talk = media::talk(sound, plays, listener, ear.clone(), chance.bits());
    let clock = Clock::start();
    let flow = Flow { transport, local: socket.local()?, peer: target, connection: None };
    print(Ladder::title(&wanted, flow));
    let ladder = Ladder::new(clock.now().mono);
    let desk = Desk { phone: Phone::new(wanted, flow, at, chance), socket, clock, ladder, peer, print };
    let outcome = tokio::select! {
        outcome = desk.run(put_down) => outcome,
        () = talk => Outcome::Failed("the sound ended".into()),
    };
    let sound = ear.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Ok((outcome, sound))
}

/// The phone with all that it needs to go through its call.
struct Desk<P> {
    phone: Phone,
    socket: Socket,
    clock: Clock,
    ladder: Ladder,
    peer: watch::Sender<Option<SocketAddr>>,
    print: P,
}

impl<P: FnMut(String)> Desk<P> {
    async fn run(mut self, put_down: impl Future<Output = ()>) -> Outcome {
        let mut put_down = core::pin::pin!(put_down);
        let mut lifted = true;
        let dialled = self.phone.dial(self.clock.now().mono);
        let mut over = self.carry_out(dialled).await;
        while over.is_none() {
            let due = self.phone.due().map(|due| self.clock.instant_of(due));
            let acts = tokio::select! {
                came = self.socket.receive() => match came {
                    Ok(bytes) => self.hear(bytes),
                    Err(error) => return Outcome::Failed(error.to_string()),
                },
                () = async { match due { Some(due) => sleep_until(due.into()).await, None => core::future::pending().await } } => {
                    self.phone.wake(self.clock.now().mono)
                }
                () = &mut put_down, if lifted => {
                    lifted = false;
                    self.phone.put_down(self.clock.now().mono)
                }
            };
            over = self.carry_out(acts).await;
        }
        over.unwrap_or(Outcome::Silence)
    }

    fn hear(&mut self, bytes: Bytes) -> Vec<Act> {
        let now = self.clock.now().mono;
        match self.phone.codec().read(bytes) {
            Ok(heard) => {
                (self.print)(self.ladder.line(now, false, &heard.message));
                self.phone.hear(now, &heard)
            }
            Err(refused) => {
                (self.print)(self.ladder.remark(now, &format!("could not read a message: {refused}")));
                Vec::new()
            }
        }
    }

    async fn carry_out(&mut self, acts: Vec<Act>) -> Option<Outcome> {
        let mut over = None;
        for act in acts {
            let now = self.clock.now().mono;
            let sent = match act {
                Act::Send(message, bytes) => {
                    (self.print)(self.ladder.line(now, true, &message));
                    self.socket.send(&bytes).await
                }
                Act::Again(bytes) => {
                    (self.print)(self.ladder.again(now, &bytes));
                    self.socket.send(&bytes).await
                }
                Act::Play(peer) => {
                    self.peer.send_replace(peer);
                    Ok(())
                }
                Act::Done(outcome) => {
                    over = Some(outcome);
                    Ok(())
                }
            };
            if let Err(error) = sent {
                return Some(Outcome::Failed(error.to_string()));
            }
        }
        over
    }
}

/// The phone's way to its router.
enum Socket {
    Udp(UdpSocket, SocketAddr, Vec<u8>),
    Tcp(OwnedWriteHalf, Incoming),
}

impl Socket {
    async fn open(ours: IpAddr, target: SocketAddr, transport: Transport) -> Result<Socket, NotStarted> {
        Ok(match transport {
            Transport::Udp => Socket::Udp(loopback(SocketAddr::new(ours, 0)).await?, target, vec![0; 65_536]),
            Transport::Tcp => {
                let stream = TcpStream::connect(target).await.map_err(|error| NotStarted::Connect(target, error))?;
                let (reader, writer) = stream.into_split();
                Socket::Tcp(writer, Incoming::new(reader))
            }
        })
    }

    fn local(&self) -> Result<SocketAddr, NotStarted> {
        match self {
            Socket::Udp(udp, ..) => local(udp),
            Socket::Tcp(writer, _) => writer.local_addr().map_err(no_address),
        }
    }

    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Socket::Udp(udp, target, _) => udp.send_to(bytes, *target).await.map(|_| ()),
            Socket::Tcp(writer, _) => writer.write_all(bytes).await,
        }
    }

    /// The next message; a port unreachable is not an end, since whoever is called may still start.
    async fn receive(&mut self) -> io::Result<Bytes> {
        match self {
            Socket::Udp(udp, _, buffer) => loop {
                if let Ok((len, _)) = udp.recv_from(buffer).await {
                    return Ok(Bytes::copy_from_slice(&buffer[..len]));
                }
            },
            Socket::Tcp(_, incoming) => incoming
                .next()
                .await?
                .ok_or_else(|| io::Error::new(io::ErrorKind::UnexpectedEof, "it closed the connection")),
        }
    }
}

fn local(socket: &UdpSocket) -> Result<SocketAddr, NotStarted> {
    socket.local_addr().map_err(no_address)
}

fn no_address(error: io::Error) -> NotStarted {
    NotStarted::Bind(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0), error)
}
