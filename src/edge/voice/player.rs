//! One test call's sound: what is read, packet by packet; keys and test packets that come in.
use super::speech::Speech;
use crate::b2bua::voice::{News, Order};
use crate::base::id::Handle;
use crate::edge::rtp::{self, PACKET, SAMPLES, Stream};
use crate::ivr::Piece;
use crate::sdp::voice::{Codec, Mirror, Taken};
use core::net::SocketAddr;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

/// µ-law's silence.
const SILENCE: u8 = 0xff;
/// How many packets of a test are sent back (RFC 6881 ED-79).
const MIRRORED: u32 = 3;
/// The longest packet that is taken, in bytes.
const LONGEST: usize = 2048;

/// What one call's sound needs.
pub(super) struct Player {
    pub call: Handle,
    pub socket: UdpSocket,
    pub speech: Rc<Speech>,
    pub tell: mpsc::Sender<(Handle, News)>,
    pub chance: u64,
    pub loopback_only: bool,
}

/// What is being read.
struct Reading {
    /// Pieces, in order, as they are rendered.
    pieces: mpsc::Receiver<Arc<[u8]>>,
    /// Who renders them; it ends with the reading.
    renders: JoinHandle<()>,
    /// What is left of those that came.
    left: VecDeque<u8>,
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.renders.abort();
    }
}

impl Player {
    /// Plays and listens until nobody gives orders any more.
    pub(super) async fn run(self, mut orders: mpsc::Receiver<Order>) {
        let mut stream = Stream::new(self.chance);
        let (mut taken, mut reading) = (None, None);
        let mut ears = Ears::default();
        let mut ticks = interval(PACKET);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let mut buffer = [0u8; LONGEST];
        loop {
            tokio::select! {
                order = orders.recv() => match order {
                    Some(Order::Reach { taken: now, .. }) => taken = Some(now),
                    Some(Order::Read { script, .. }) => reading = Some(self.begin(script)),
                    Some(_) => {}
                    None => return,
                },
                _ = ticks.tick() => {
                    let Some(taken) = taken.as_ref().filter(|taken: &&Taken| taken.mirror.is_none()) else { continue };
                    let payload = self.next(&mut reading).await;
                    self.play(&mut stream, taken, &payload).await;
                }
                came = self.socket.recv_from(&mut buffer) => {
                    // A port unreachable of an earlier packet shows here; the phone may still begin to listen.
                    let (Ok((length, from)), Some(taken)) = (came, taken.as_ref()) else { continue };
                    if taken.to.is_none_or(|to| to.ip().to_canonical() == from.ip().to_canonical()) {
                        self.hear(&mut ears, &mut stream, taken, &buffer[..length]).await;
                    }
                }
            }
        }
    }

    fn begin(&self, script: Arc<[Piece]>) -> Reading {
        let (render, pieces) = mpsc::channel(4);
        let speech = self.speech.clone();
        let renders = tokio::task::spawn_local(async move {
            for piece in script.iter() {
                if render.send(speech.rendered(piece).await).await.is_err() {
                    return;
                }
            }
        });
        Reading { pieces, renders, left: VecDeque::new() }
    }

    /// The next packet's worth: silence where nothing is read, or the next piece is not rendered yet.
    async fn next(&self, reading: &mut Option<Reading>) -> [u8; SAMPLES] {
        let mut payload = [SILENCE; SAMPLES];
        let Some(current) = reading else { return payload };
        while current.left.len() < SAMPLES {
            match current.pieces.try_recv() {
                Ok(piece) => current.left.extend(piece.iter()),
                Err(mpsc::error::TryRecvError::Empty) => break,
                Err(mpsc::error::TryRecvError::Disconnected) => {
                    let is_over = current.left.is_empty();
                    if is_over {
                        *reading = None;
                        let _leaving = self.tell.send((self.call, News::WasRead)).await;
                        return payload;
                    }
                    break;
                }
            }
        }
        for (sample, byte) in payload.iter_mut().zip(current.left.drain(..SAMPLES.min(current.left.len()))) {
            *sample = byte;
        }
        payload
    }

    async fn play(&self, stream: &mut Stream, taken: &Taken, payload: &[u8; SAMPLES]) {
        let Some(to) = self.allowed(taken) else { return stream.silence() };
        let mut packet = Vec::with_capacity(rtp::HEADER_LEN + SAMPLES);
        match taken.codec {
            Codec::Ulaw => stream.write_as(taken.payload, payload, &mut packet),
            Codec::Alaw => {
                let payload = payload.map(|byte| rtp::to_alaw(rtp::from_ulaw(byte)));
                stream.write_as(taken.payload, &payload, &mut packet);
            }
        }
        // What the phone does not take is lost, as sound is.
        let _lost = self.socket.send_to(&packet, to).await;
    }

    fn allowed(&self, taken: &Taken) -> Option<SocketAddr> {
        taken.to.filter(|to| !self.loopback_only || to.ip().to_canonical().is_loopback())
    }

    async fn hear(&self, ears: &mut Ears, stream: &mut Stream, taken: &Taken, bytes: &[u8]) {
        let Some(packet) = rtp::read(bytes) else { return };
        if let Some(mirror) = taken.mirror {
            return self.mirror(ears, stream, taken, mirror, bytes).await;
        }
        if Some(packet.payload_type) == taken.events
            && let Some(key) = ears.key(packet.timestamp, packet.payload)
        {
            // A flood of keys is none of a person.
            let _flood = self.tell.try_send((self.call, News::Key(key)));
        }
    }

    /// Sends a test packet back (RFC 6849 §6, §7).
    async fn mirror(&self, ears: &mut Ears, stream: &mut Stream, taken: &Taken, mirror: Mirror, bytes: &[u8]) {
        let (Some(packet), Some(to)) = (rtp::read(bytes), self.allowed(taken)) else { return };
        if packet.payload_type != taken.payload || ears.mirrored >= MIRRORED {
            return;
        }
        let mut out = Vec::with_capacity(bytes.len() + 16);
        match mirror {
            Mirror::Media => stream.write_as(taken.payload, packet.payload, &mut out),
            Mirror::Payload(format) => stream.write_as(format, packet.payload, &mut out),
            Mirror::Whole(format) => {
                // When it came, and all of it; the two bits of the version say that it is in one piece (§7.1.2).
                let mut whole = stream.timestamp().to_be_bytes().to_vec();
                whole.extend_from_slice(bytes);
                stream.write_as(format, &whole, &mut out);
            }
        }
        ears.mirrored += 1;
        let _lost = self.socket.send_to(&out, to).await;
        if ears.mirrored == MIRRORED {
            let _leaving = self.tell.send((self.call, News::WasMirrored)).await;
        }
    }
}

/// What was heard so far.
#[derive(Default)]
struct Ears {
    /// The event that the last packet with keys was of, by its timestamp.
    event: Option<u32>,
    mirrored: u32,
}

impl Ears {
    /// The key of an event's first packet; the packets that follow tell how long it is held (RFC 4733 §2.5.1.2).
    fn key(&mut self, timestamp: u32, payload: &[u8]) -> Option<u8> {
        let event = *payload.first().filter(|_| payload.len() >= 4)?;
        let is_new = self.event.replace(timestamp) != Some(timestamp);
        let keys = b"0123456789*#ABCD";
        keys.get(usize::from(event)).copied().filter(|_| is_new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_held_counts_once_and_the_same_key_again_counts_again() {
        let mut ears = Ears::default();
        assert_eq!(ears.key(160, &[1, 10, 0, 160]), Some(b'1'));
        assert_eq!(ears.key(160, &[1, 10, 1, 64]), None);
        assert_eq!(ears.key(160, &[1, 0x8a, 1, 64]), None);
        assert_eq!(ears.key(1760, &[1, 10, 0, 160]), Some(b'1'));
        assert_eq!(ears.key(3200, &[11, 10, 0, 160]), Some(b'#'));
        assert_eq!((ears.key(4800, &[16, 10, 0, 160]), ears.key(6400, &[1])), (None, None));
    }
}
