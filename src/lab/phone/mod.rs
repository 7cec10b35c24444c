//! The lab's phone: it places one call, says something, listens, and hangs up (RFC 3261 §13.2, §9.1, §15). Without a
//! socket or clock of its own; [`mod@line`] gives it both.
mod answer;
mod ladder;
pub mod line;
#[cfg(test)]
mod tests;
mod words;

pub use ladder::Ladder;
pub use words::{OWN, Wanted};

use super::message::{First, Heard, Message};
use super::repeat::{PATIENCE, Repeat, T2, Turn};
use super::{Codec, sdp};
use crate::base::entropy::Entropy;
use crate::base::now::Mono;
use crate::sip::flow::Flow;
use bytes::Bytes;
use core::net::SocketAddr;
use core::time::Duration;
use words::Words;

/// How long the phone lets it ring.
const RINGS: Duration = Duration::from_secs(180);

/// What the phone wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Send this message, whose bytes are these.
    Send(Message, Bytes),
    /// Send these bytes again.
    Again(Bytes),
    /// Play to this media address, or to none.
    Play(Option<SocketAddr>),
    /// The call is over.
    Done(Outcome),
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was answered.
    Answered {
        /// From the INVITE to the 200.
        after: Duration,
        /// From the 200 to the BYE.
        talked: Duration,
        /// Whether the far side hung up.
        by_far_side: bool,
    },
    /// It was refused.
    Refused(u16, String),
    /// We gave up before it was answered, as we were told.
    Cancelled,
    /// Nothing final came in 32 seconds.
    Silence,
    /// It could not be carried on.
    Failed(String),
}

impl Outcome {
    /// Whether somebody answered.
    pub const fn is_answered(&self) -> bool {
        matches!(self, Outcome::Answered { .. })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The INVITE left and nothing came.
    Calling,
    /// A provisional response came.
    Proceeding,
    /// We want to send a CANCEL, which waits for the first provisional response (RFC 3261 §9.1).
    Regretting,
    /// We sent a CANCEL.
    Cancelling,
    /// Answered.
    Up,
    /// We sent a BYE.
    HangingUp,
    /// Over.
    Done,
}

/// The phone, in its one call.
pub struct Phone {
    wanted: Wanted,
    codec: Codec,
    flow: Flow,
    media: SocketAddr,
    chance: Entropy,
    words: Words,
    stage: Stage,
    invite: Message,
    /// What is repeated: the INVITE, the CANCEL or the BYE.
    repeat: Option<Repeat>,
    /// The 200 to a re-INVITE, until its ACK comes, and what it answers.
    answer: Option<Repeat>,
    answered: Option<(String, Bytes)>,
    ack: Option<Bytes>,
    dialled_at: Mono,
    up_at: Option<Mono>,
    give_up_at: Option<Mono>,
    version: u32,
    out: Vec<Act>,
}

impl Phone {
    /// A phone at `flow.local` that calls `flow.peer` and has its media at `media`.
    pub fn new(wanted: Wanted, flow: Flow, media: SocketAddr, mut chance: Entropy) -> Phone {
        let codec = wanted.codec();
        let words = Words::new(&wanted, flow, &mut chance);
        let invite = words.invite(&wanted, sdp::offer(media, 1));
        Phone {
            wanted,
            codec,
            flow,
            media,
            chance,
            words,
            stage: Stage::Calling,
            invite,
            repeat: None,
            answer: None,
            answered: None,
            ack: None,
            dialled_at: Mono::default(),
            up_at: None,
            give_up_at: None,
            version: 1,
            out: Vec::new(),
        }
    }

    /// Who reads what comes in.
    pub const fn codec(&self) -> Codec {
        self.codec
    }

    /// Dials.
    pub fn dial(&mut self, now: Mono) -> Vec<Act> {
        self.dialled_at = now;
        self.give_up_at = Some(now + self.wanted.cancel_after.unwrap_or(RINGS));
        let invite = self.invite.clone();
        self.ask(now, invite, PATIENCE);
        core::mem::take(&mut self.out)
    }

    /// Takes what came in.
    pub fn hear(&mut self, now: Mono, heard: &Heard) -> Vec<Act> {
        if heard.call_id != self.words.call_id {
            self.respond_to_stranger(heard);
        } else {
            match &heard.message.first {
                First::Response(code, reason) => match heard.cseq_method.as_str() {
                    "INVITE" if heard.branch == self.words.branch => self.invite_response(now, heard, *code, reason),
                    "BYE" if *code >= 200 => self.over(now, false),
                    "CANCEL" if *code >= 200 => self.await_end(now),
                    _ => {}
                },
                First::Request(..) => self.request(now, heard),
            }
        }
        core::mem::take(&mut self.out)
    }

    /// When [`Phone::wake`] is to be called next.
    pub fn due(&self) -> Option<Mono> {
        let repeats = [&self.repeat, &self.answer].into_iter().flatten().map(Repeat::due);
        repeats.chain(self.give_up_at).min()
    }

    /// Does what time asks for.
    pub fn wake(&mut self, now: Mono) -> Vec<Act> {
        if self.give_up_at.is_some_and(|at| at <= now) {
            self.hang_up(now);
        }
        match self.repeat.as_mut().map(|repeat| repeat.turn(now)) {
            Some(Turn::Again(bytes, _)) => self.out.push(Act::Again(bytes)),
            Some(Turn::GiveUp) if self.stage == Stage::HangingUp => self.over(now, false),
            Some(Turn::GiveUp) => self.done(Outcome::Silence),
            Some(Turn::Wait) | None => {}
        }
        match self.answer.as_mut().map(|answer| answer.turn(now)) {
            Some(Turn::Again(bytes, _)) => self.out.push(Act::Again(bytes)),
            Some(Turn::GiveUp) => self.answer = None,
            Some(Turn::Wait) | None => {}
        }
        core::mem::take(&mut self.out)
    }

    /// The caller puts the receiver down: CANCEL or BYE, whichever the call is ready for.
    pub fn put_down(&mut self, now: Mono) -> Vec<Act> {
        self.hang_up(now);
        core::mem::take(&mut self.out)
    }

    fn hang_up(&mut self, now: Mono) {
        self.give_up_at = None;
        match self.stage {
            Stage::Calling => self.stage = Stage::Regretting,
            Stage::Proceeding => self.cancel(now),
            Stage::Up => {
                self.stage = Stage::HangingUp;
                let bye = self.words.inside("BYE", &mut self.chance);
                self.ask(now, bye, T2);
            }
            Stage::Regretting | Stage::Cancelling | Stage::HangingUp | Stage::Done => {}
        }
    }

    fn cancel(&mut self, now: Mono) {
        self.stage = Stage::Cancelling;
        let cancel = self.words.cancel(&self.invite);
        self.ask(now, cancel, T2);
    }

    fn invite_response(&mut self, now: Mono, heard: &Heard, code: u16, reason: &str) {
        match (code, self.stage) {
            (..200, Stage::Calling) => {
                self.stage = Stage::Proceeding;
                self.repeat = None;
                self.early_media(heard);
            }
            (..200, Stage::Proceeding) => self.early_media(heard),
            (..200, Stage::Regretting) => self.cancel(now),
            (200..300, Stage::Calling | Stage::Proceeding | Stage::Regretting | Stage::Cancelling) => {
                self.pick_up(now, heard);
            }
            (200..300, _) => self.out.extend(self.ack.clone().map(Act::Again)),
            (300.., Stage::Calling | Stage::Proceeding | Stage::Regretting | Stage::Cancelling) => {
                let cancelled = code == 487 && self.stage == Stage::Cancelling;
                let ack = self.words.ack_of_refusal(&self.invite, heard);
                self.say(ack);
                self.done(if cancelled { Outcome::Cancelled } else { Outcome::Refused(code, reason.into()) });
            }
            _ => {}
        }
    }

    /// The CANCEL arrived; what is left is the INVITE's own end (RFC 3261 §9.1).
    fn await_end(&mut self, now: Mono) {
        if self.stage == Stage::Cancelling {
            self.repeat = Some(Repeat::once(now, Bytes::new(), self.flow));
        }
    }

    fn early_media(&mut self, heard: &Heard) {
        self.out.extend(sdp::audio_of(&heard.message.body).map(|peer| Act::Play(Some(peer))));
    }

    /// The far side answered: ACK, and talk; or hang up at once when we had wanted to cancel.
    fn pick_up(&mut self, now: Mono, heard: &Heard) {
        let unwanted = matches!(self.stage, Stage::Regretting | Stage::Cancelling);
        self.stage = Stage::Up;
        self.repeat = None;
        self.up_at = Some(now);
        self.words.establish(heard);
        let ack = self.words.ack_of_answer(&mut self.chance);
        if let Some(bytes) = self.say(ack) {
            self.ack = Some(bytes);
        }
        self.early_media(heard);
        if unwanted {
            self.hang_up(now);
        } else {
            self.give_up_at = Some(now + self.wanted.talk);
        }
    }

    fn over(&mut self, now: Mono, by_far_side: bool) {
        let Some(up_at) = self.up_at else { return };
        let after = up_at.since(self.dialled_at);
        self.done(Outcome::Answered { after, talked: now.since(up_at), by_far_side });
    }

    fn done(&mut self, outcome: Outcome) {
        if self.stage != Stage::Done {
            self.stage = Stage::Done;
            (self.repeat, self.answer, self.give_up_at) = (None, None, None);
            self.out.push(Act::Play(None));
            self.out.push(Act::Done(outcome));
        }
    }

    /// Sends a request and repeats it until something final or, for an INVITE, anything comes.
    fn ask(&mut self, now: Mono, request: Message, longest: Duration) {
        if let Some(bytes) = self.say(request) {
            self.repeat = Some(if self.flow.transport.is_reliable() {
                Repeat::once(now, bytes, self.flow)
            } else {
                Repeat::new(now, bytes, self.flow, longest)
            });
        }
    }

    fn say(&mut self, message: Message) -> Option<Bytes> {
        match self.codec.write(&message) {
            Ok(bytes) => {
                self.out.push(Act::Send(message, bytes.clone()));
                Some(bytes)
            }
            Err(refused) => {
                self.done(Outcome::Failed(refused.to_string()));
                None
            }
        }
    }
}
