//! The sound of a call at one end: a paced RTP stream, a tone, an echo, and an ear.
use super::tone::{Tone, pitch};
use crate::edge::rtp::{self, PACKET, PCMU, SAMPLES, Stream};
use core::net::SocketAddr;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

/// The most sound that waits to be echoed, in samples: 400 ms.
const WAITING: usize = SAMPLES * 20;

/// How many packets pass before the phone presses its first key, and between two keys.
const BETWEEN_KEYS: u32 = 200;
/// The payload type of keys: the one that the lab's offers name (RFC 4733).
const EVENTS: u8 = 101;

/// What an end plays.
#[derive(Clone, Debug)]
pub struct Plays {
    /// Its tone, in hertz.
    pub hertz: u16,
    /// For how many packets it plays it; `None`: as long as the call lasts.
    pub packets: Option<u32>,
    /// Whether it plays back what it hears when the tone is over.
    pub echo: bool,
    /// Keys that it presses, one every four seconds.
    pub keys: Vec<u8>,
    /// Whether it keeps what it hears.
    pub keeps: bool,
}

/// What an end heard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sound {
    /// Packets that came.
    pub packets: u32,
    /// How many of them had one clear pitch, by pitch in hertz.
    pub pitches: BTreeMap<u16, u32>,
    /// How many were loud without one: somebody speaks.
    pub voiced: u32,
    /// What was heard, in samples of 16 bits, where it is kept.
    pub kept: Vec<i16>,
}

/// A [`Sound`] that is still being heard.
pub type Ear = Arc<Mutex<Sound>>;

/// Plays and listens until it is dropped. It sends where `peer` says, once that says something, and to nothing that is
/// not loopback. `chance` numbers the stream.
pub async fn talk(socket: UdpSocket, plays: Plays, peer: watch::Receiver<Option<SocketAddr>>, ear: Ear, chance: u64) {
    let mut stream = Stream::new(chance);
    let mut tone = Tone::new(plays.hertz);
    let mut left = plays.packets.unwrap_or(u32::MAX);
    let mut keys = Keys { left: plays.keys.iter().copied().collect(), wait: BETWEEN_KEYS, pressed: None };
    let mut heard: VecDeque<u8> = VecDeque::with_capacity(WAITING);
    let mut ticks = interval(PACKET);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut buffer = [0u8; 2048];
    loop {
        tokio::select! {
            _ = ticks.tick() => {
                let target = peer.borrow().filter(|peer| peer.ip().is_loopback());
                let Some(target) = target else { continue };
                if let Some((begun, event)) = keys.packet(stream.timestamp()) {
                    let mut packet = Vec::with_capacity(rtp::HEADER_LEN + event.len());
                    stream.write_event(EVENTS, begun, &event, &mut packet);
                    let _ = socket.send_to(&packet, target).await;
                    continue;
                }
                let payload = if left > 0 {
                    left -= 1;
                    tone.packet()
                } else if plays.echo && heard.len() >= SAMPLES {
                    let mut oldest = heard.drain(..SAMPLES);
                    core::array::from_fn(|_| oldest.next().unwrap_or(0xff))
                } else {
                    stream.silence();
                    continue;
                };
                let mut packet = Vec::with_capacity(rtp::HEADER_LEN + SAMPLES);
                stream.write(&payload, &mut packet);
                // What the peer no longer takes is lost, as sound is.
                let _ = socket.send_to(&packet, target).await;
            }
            came = socket.recv_from(&mut buffer) => {
                // A port unreachable from an earlier packet shows here; the peer may still begin to listen.
                let Ok((len, _)) = came else { continue };
                let Some(packet) = rtp::read(&buffer[..len]).filter(|packet| packet.payload_type == PCMU) else { continue };
                note(&ear, packet.payload, plays.keeps);
                if plays.echo {
                    heard.extend(packet.payload);
                    let over = heard.len().saturating_sub(WAITING);
                    heard.drain(..over);
                }
            }
        }
    }
}

fn note(ear: &Ear, payload: &[u8], keeps: bool) {
    let mut sound = ear.lock().unwrap_or_else(PoisonError::into_inner);
    sound.packets += 1;
    match pitch(payload) {
        Some(hertz) => *sound.pitches.entry(hertz).or_default() += 1,
        None => sound.voiced += u32::from(payload.iter().any(|byte| rtp::from_ulaw(*byte).unsigned_abs() > 1000)),
    }
    if keeps {
        sound.kept.extend(payload.iter().map(|byte| rtp::from_ulaw(*byte)));
    }
}

/// Keys that are still to be pressed, and the one that is.
struct Keys {
    left: VecDeque<u8>,
    /// Packets until the next is pressed.
    wait: u32,
    /// The event, when it began, and how many packets of it left.
    pressed: Option<(u8, u32, u8)>,
}

impl Keys {
    /// The packet of a key for this moment, and when the key was pressed: five while it is held, and three that say that
    /// it was let go (RFC 4733 §2.5.1.4).
    fn packet(&mut self, timestamp: u32) -> Option<(u32, [u8; 4])> {
        if self.pressed.is_none() {
            self.wait = self.wait.saturating_sub(1);
            let key = (self.wait == 0).then(|| self.left.pop_front()).flatten()?;
            let event = b"0123456789*#ABCD".iter().position(|known| known.eq_ignore_ascii_case(&key))?;
            self.pressed = Some((event as u8, timestamp, 0));
        }
        let (event, begun, sent) = self.pressed?;
        let held = u16::from(sent.min(5) + 1) * SAMPLES as u16;
        let end = if sent >= 5 { 0x80 } else { 0 };
        let [high, low] = held.to_be_bytes();
        self.pressed = (sent < 7).then_some((event, begun, sent + 1));
        if self.pressed.is_none() {
            self.wait = BETWEEN_KEYS;
        }
        Some((begun, [event, end | 10, high, low]))
    }
}
