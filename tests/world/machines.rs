//! The transactions of a peer over datagrams (RFC 3261 §17 with RFC 6026), in the plainest form: what to send again, and
//! until when. Times are microseconds.
use crate::wire::{Mark, Msg};

pub const MILLIS: u64 = 1000;
pub const SECS: u64 = 1_000_000;
pub const T1: u64 = 500 * MILLIS;
pub const T2: u64 = 4 * SECS;
pub const PATIENCE: u64 = 32 * SECS;
const T4: u64 = 5 * SECS;

/// Something that is sent again in growing pauses.
#[derive(Clone, Copy, Debug)]
pub struct Repeat {
    pub at: u64,
    pause: u64,
    longest: u64,
}

impl Repeat {
    pub fn from(now: u64, longest: u64) -> Repeat {
        Repeat { at: now + T1, pause: T1, longest }
    }

    fn again(&mut self, now: u64) {
        self.pause = (self.pause * 2).min(self.longest);
        self.at = now + self.pause;
    }
}

/// How far a request has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Asked,
    Provisional,
    Final,
}

/// A request of the peer.
#[derive(Clone, Debug)]
pub struct Client {
    pub request: Msg,
    pub mark: Option<Mark>,
    pub dialog: usize,
    pub stage: Stage,
    pub repeat: Option<Repeat>,
    pub end: Option<u64>,
    /// Hung up: a CANCEL goes out as soon as it may.
    pub unwanted: bool,
    /// Waits no longer than until `end`: it was cancelled, or its dialog is over.
    pub bounded: bool,
    /// The ACK to a refusal.
    pub ack: Option<String>,
}

impl Client {
    pub fn new(now: u64, request: Msg, dialog: usize) -> Client {
        let longest = if request.method() == "INVITE" { u64::MAX } else { T2 };
        Client {
            mark: request.mark(),
            dialog,
            stage: Stage::Asked,
            repeat: (!request.is_streamed()).then(|| Repeat::from(now, longest)),
            request,
            end: Some(now + PATIENCE),
            unwanted: false,
            bounded: false,
            ack: None,
        }
    }

    pub fn is_invite(&self) -> bool {
        self.request.method() == "INVITE"
    }

    pub fn is_open(&self) -> bool {
        self.stage != Stage::Final
    }

    /// A response came; whether it is the first final one.
    pub fn heard(&mut self, now: u64, code: u16) -> bool {
        if self.stage == Stage::Final {
            return false;
        }
        if code < 200 {
            self.stage = Stage::Provisional;
            if self.is_invite() {
                self.repeat = None;
                self.end = self.end.filter(|_| self.bounded);
            }
            return false;
        }
        (self.stage, self.repeat) = (Stage::Final, None);
        self.end = Some(now + if self.is_invite() { PATIENCE } else { T4 });
        true
    }

    /// What is due: bytes to send again.
    pub fn fire(&mut self, now: u64) -> Option<String> {
        let repeat = self.repeat.as_mut().filter(|repeat| repeat.at <= now)?;
        repeat.again(now);
        Some(self.request.text())
    }

    pub fn deadline(&self) -> Option<u64> {
        [self.repeat.map(|repeat| repeat.at), self.end].into_iter().flatten().min()
    }
}

/// A reliable provisional response that waits for its PRACK (RFC 3262 §3).
#[derive(Clone, Debug)]
pub struct Reliable {
    pub rseq: u32,
    pub text: String,
    pub repeat: Repeat,
    pub until: u64,
}

/// A request that came to the peer.
#[derive(Clone, Debug)]
pub struct Server {
    pub id: u64,
    pub request: Msg,
    /// The last response.
    pub said: Option<Msg>,
    pub code: u16,
    pub repeat: Option<Repeat>,
    pub end: Option<u64>,
    pub acked: bool,
    /// Whether nothing is ever said to it.
    pub mute: bool,
    pub reliable: Option<Reliable>,
    pub rseq: u32,
    pub dialog: Option<usize>,
}

impl Server {
    pub fn new(id: u64, request: Msg) -> Server {
        Server {
            id,
            request,
            said: None,
            code: 0,
            repeat: None,
            end: None,
            acked: false,
            mute: false,
            reliable: None,
            rseq: 0,
            dialog: None,
        }
    }

    pub fn is_invite(&self) -> bool {
        self.request.method() == "INVITE"
    }

    /// Whether it waits for a final response.
    pub fn is_open(&self) -> bool {
        self.code < 200 && !self.mute
    }

    pub fn said(&mut self, now: u64, response: Msg) {
        self.code = response.code();
        self.said = Some(response);
        if self.code >= 200 {
            self.end = Some(now + PATIENCE);
            let repeats = self.is_invite() && (self.code < 300 || !self.request.is_streamed());
            self.repeat = repeats.then(|| Repeat::from(now, T2));
            self.reliable = None;
        }
    }

    /// The ACK came.
    pub fn acknowledged(&mut self, now: u64) {
        (self.acked, self.repeat, self.end) = (true, None, Some(now + T4));
    }

    /// What is due: bytes to send again.
    pub fn fire(&mut self, now: u64) -> Option<String> {
        if let Some(reliable) = self.reliable.as_mut().filter(|reliable| reliable.repeat.at <= now) {
            reliable.repeat.again(now);
            return Some(reliable.text.clone());
        }
        let repeat = self.repeat.as_mut().filter(|repeat| repeat.at <= now)?;
        repeat.again(now);
        self.said.as_ref().map(Msg::text)
    }

    pub fn deadline(&self) -> Option<u64> {
        let reliable = self.reliable.as_ref().map(|reliable| reliable.repeat.at.min(reliable.until));
        [self.repeat.map(|repeat| repeat.at), self.end, reliable].into_iter().flatten().min()
    }
}
