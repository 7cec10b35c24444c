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

/// What an end plays.
#[derive(Clone, Copy, Debug)]
pub struct Plays {
    /// Its tone, in hertz.
    pub hertz: u16,
    /// For how many packets it plays it; `None`: as long as the call lasts.
    pub packets: Option<u32>,
    /// Whether it plays back what it hears when the tone is over.
    pub echo: bool,
}

/// What an end heard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sound {
    /// Packets that came.
    pub packets: u32,
    /// How many of them had one clear pitch, by pitch in hertz.
    pub pitches: BTreeMap<u16, u32>,
}

/// A [`Sound`] that is still being heard.
pub type Ear = Arc<Mutex<Sound>>;

/// Plays and listens until it is dropped. It sends where `peer` says, once that says something, and to nothing that is
/// not loopback. `chance` numbers the stream.
pub async fn talk(socket: UdpSocket, plays: Plays, peer: watch::Receiver<Option<SocketAddr>>, ear: Ear, chance: u64) {
    let mut stream = Stream::new(chance);
    let mut tone = Tone::new(plays.hertz);
    let mut left = plays.packets.unwrap_or(u32::MAX);
    let mut heard: VecDeque<u8> = VecDeque::with_capacity(WAITING);
    let mut ticks = interval(PACKET);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut buffer = [0u8; 2048];
    loop {
        tokio::select! {
            _ = ticks.tick() => {
                let target = peer.borrow().filter(|peer| peer.ip().is_loopback());
                let Some(target) = target else { continue };
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
                note(&ear, packet.payload);
                if plays.echo {
                    heard.extend(packet.payload);
                    let over = heard.len().saturating_sub(WAITING);
                    heard.drain(..over);
                }
            }
        }
    }
}

fn note(ear: &Ear, payload: &[u8]) {
    let mut sound = ear.lock().unwrap_or_else(PoisonError::into_inner);
    sound.packets += 1;
    if let Some(hertz) = pitch(payload) {
        *sound.pitches.entry(hertz).or_default() += 1;
    }
}
