//! The stage: the engine, its clock, the good call and what may be expected of it.
use super::peers::{self, BRANCH, CALL_ID, FROM, SDP, TO, tagged_to, text};
use bytes::Bytes;
use callbox::b2bua::{Engine, Input, Setup};
use callbox::base::entropy::Entropy;
use callbox::base::now::{Mono, Now, Wall};
use callbox::cache::Cache;
use callbox::config::World;
use callbox::config::world::lab;
use callbox::sip::flow::{Flow, Transport};
use callbox::sip::message::{Message, Method, Name};
use core::net::SocketAddr;
use core::time::Duration;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

const CALLER: u16 = 5999;
const PSAP_1: u16 = 5070;
const PSAP_2: u16 = 5071;
const RELAY: u16 = 5072;

/// How long a call is kept that neither side speaks of.
const ORPHAN_SECS: u64 = 600;

/// How long all waits of a script may be together once the call is answered: less than [`ORPHAN_SECS`].
const TALK_MILLIS: u64 = 500_000;

/// How many messages one input may bring about, those that answer the answers included.
const MOST_SENT: usize = 256;

/// The lab; each scene has tables of its own, since callers are lent numbers of them.
static LAB: LazyLock<World> = LazyLock::new(|| lab().expect("the lab's files have no fault"));

/// What a line of a script does.
pub enum Event {
    /// The good call takes its next step.
    Step,
    /// A datagram from this address.
    Datagram(SocketAddr),
    /// A message on the caller's stream.
    Stream,
    /// The caller's stream ends.
    StreamClosed,
    /// What was sent to this address did not arrive.
    Unreachable(SocketAddr),
    /// The node is told to leave.
    Drain,
}

impl Event {
    /// What the first byte of a line means: a letter below, or any of them.
    pub fn of(who: u8) -> Event {
        let near = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        match who {
            b'+' => Event::Step,
            b'p' => Event::Datagram(near(PSAP_1)),
            b'q' => Event::Datagram(near(PSAP_2)),
            b'r' => Event::Datagram(near(RELAY)),
            b'g' => Event::Datagram(near(5074)),
            b's' => Event::Datagram(SocketAddr::from(([192, 0, 2, 66], 5060))),
            b't' => Event::Stream,
            b'k' => Event::StreamClosed,
            b'u' => Event::Unreachable(near(PSAP_1)),
            b'd' => Event::Drain,
            _ => Event::Datagram(near(CALLER)),
        }
    }
}

/// How far the good call is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Nothing,
    Invited,
    Rung,
    Answered,
    Talking,
    Over,
}

/// What a script did to the good call.
#[derive(Default)]
struct Meddled {
    /// It used words that only the call's own messages have.
    at_all: bool,
    /// Among them some that may end a call: BYE, CANCEL or a response.
    to_end_it: bool,
}

/// The engine with everyone around it.
pub struct Scene {
    engine: Engine,
    now: Mono,
    stage: Stage,
    meddled: Meddled,
    /// Whether everyone answers what they are asked.
    answering: bool,
    /// The good call's INVITE as it came to the PSAP.
    invite: Option<Message>,
    /// The answer that the caller got.
    answer: Option<Message>,
    /// Whether the caller's BYE was answered, and how; and whether the PSAP got one.
    bye: (Option<u16>, bool),
    /// The latest request to each port.
    asked: HashMap<u16, Message>,
    /// Branches and tags that only those know who were sent them.
    secrets: Vec<Vec<u8>>,
}

impl Scene {
    /// The lab without probes, and nobody has said anything.
    pub fn new() -> Scene {
        let ours = SocketAddr::from(([127, 0, 0, 1], 5060));
        let setup = Setup {
            shard: 0,
            listeners: vec![(Transport::Udp, ours), (Transport::Tcp, ours)],
            max_calls: 1000,
            emergency_reserve_percent: 10,
            orphan_max: Duration::from_secs(ORPHAN_SECS),
            relay_unknown: false,
        };
        let clock = Box::new(|| Mono::from_micros(0));
        let cache = Arc::new(Cache::default());
        LAB.clone().publish(&cache);
        Scene {
            engine: Engine::new(setup, cache, Entropy::seeded([9; 32]), clock),
            now: Mono::from_micros(0),
            stage: Stage::Nothing,
            meddled: Meddled::default(),
            answering: true,
            invite: None,
            answer: None,
            bye: (None, false),
            asked: HashMap::new(),
            secrets: [CALL_ID, BRANCH].map(|text| text.as_bytes().to_vec()).into(),
        }
    }

    /// Lets time pass: `0` to `9` are steps from nothing to a minute. While the good call is not answered yet, a wait
    /// is so short that all of them together make nobody late.
    pub fn wait(&mut self, step: u8) {
        const STEPS: [u64; 10] = [0, 1, 10, 100, 500, 1000, 4000, 10_000, 32_000, 60_000];
        let millis = STEPS[usize::from(step.wrapping_sub(b'0')) % STEPS.len()];
        let is_talking = self.stage == Stage::Talking;
        let end = self.now + Duration::from_millis(if is_talking { millis } else { millis.min(10) });
        if end.as_micros() / 1000 < TALK_MILLIS {
            self.until(end);
        }
    }

    /// Plays a line.
    pub fn play(&mut self, event: Event, words: &[u8]) {
        match event {
            Event::Step => self.step(),
            Event::Datagram(peer) => self.say(udp(peer), words),
            Event::Stream => self.say(stream(), words),
            Event::StreamClosed => self.input(Input::StreamClosed(stream())),
            Event::Unreachable(peer) => {
                self.meddled.at_all |= self.stage < Stage::Talking;
                self.meddled.to_end_it |= self.stage < Stage::Talking;
                self.input(Input::Unreachable(udp(peer)));
            }
            Event::Drain => self.input(Input::Drain),
        }
    }

    /// Plays the rest of the good call, ends it, and lets everything that is left run out.
    pub fn finish(mut self) {
        while self.stage < Stage::Talking {
            self.step();
        }
        let is_on = self.answer.is_some();
        assert!(is_on || self.meddled.at_all, "the good call was not answered");
        if let Some(answer) = self.answer.clone() {
            self.stage = Stage::Over;
            let bye = peers::request("BYE", &target(&answer), &text(&answer, Name::To), "z9hG4bKgoodbye", 1 << 30, "");
            self.input(Input::Received { flow: udp(caller()), bytes: bye.into() });
            assert!(self.bye == (Some(200), true) || self.meddled.at_all, "the BYE brought {:?}", self.bye);
            assert!(self.bye.0.is_some(), "the BYE was not answered");
        }
        self.until(self.now + Duration::from_secs(5));
        self.answering = false;
        self.until(self.now + Duration::from_secs(3 * ORPHAN_SECS));
        assert_eq!(self.engine.active_calls(), 0, "a call is left at the end of time");
        assert_eq!(self.engine.transactions(), 0, "a transaction is left at the end of time");
    }

    /// The good call's next step.
    fn step(&mut self) {
        self.stage = match self.stage {
            Stage::Nothing => {
                let invite = peers::request("INVITE", "sip:911@127.0.0.1", TO, BRANCH, 1, SDP);
                self.stage = Stage::Invited;
                self.input(Input::Received { flow: udp(caller()), bytes: invite.into() });
                Stage::Invited
            }
            Stage::Invited => self.far_end_answers(180, "", Stage::Rung),
            Stage::Rung => self.far_end_answers(200, SDP, Stage::Answered),
            Stage::Answered => {
                if let Some(answer) = self.answer.clone() {
                    let ack =
                        peers::request("ACK", &target(&answer), &text(&answer, Name::To), "z9hG4bKgoodack", 1, "");
                    self.input(Input::Received { flow: udp(caller()), bytes: ack.into() });
                }
                Stage::Talking
            }
            talking => talking,
        };
    }

    fn far_end_answers(&mut self, code: u16, sdp: &str, next: Stage) -> Stage {
        if let Some(invite) = &self.invite {
            let bytes = peers::response(invite, PSAP_1, code, sdp).into();
            self.input(Input::Received { flow: udp(([127, 0, 0, 1], PSAP_1).into()), bytes });
        }
        next
    }

    /// Somebody says what the script says.
    fn say(&mut self, flow: Flow, words: &[u8]) {
        let words = self.filled(flow.peer.port(), words);
        if self.secrets.iter().any(|secret| words.windows(secret.len()).any(|found| found == secret)) {
            self.meddled.at_all = true;
            let method = Message::read_head(Bytes::copy_from_slice(&words)).ok().and_then(|message| message.method());
            let harmless = !matches!(method, None | Some(Method::Bye | Method::Cancel));
            self.meddled.to_end_it |= !harmless || self.stage < Stage::Talking;
        }
        self.input(Input::Received { flow, bytes: words.into() });
    }

    /// A line's words with what its marks stand for. Of the latest request to who speaks: `$V` Via, `$F` From, `$T` To
    /// with a tag, `$I` Call-ID, `$C` CSeq, `$U` our Contact. Of the good caller: `$b` branch, `$f` From, `$t` To,
    /// `$i` Call-ID, `$u` our Contact. `$S` is a session description.
    fn filled(&self, port: u16, words: &[u8]) -> Vec<u8> {
        let asked = self.asked.get(&port);
        let of = |name| asked.map(|asked| text(asked, name)).unwrap_or_default();
        let mut pieces = words.split(|&byte| byte == b'$');
        let mut filled = pieces.next().unwrap_or_default().to_vec();
        for piece in pieces {
            let (mark, rest) = piece.split_at(piece.len().min(1));
            let meant = match mark {
                b"V" => of(Name::Via),
                b"F" => of(Name::From),
                b"T" => asked.map(|asked| tagged_to(asked, port)).unwrap_or_default(),
                b"I" => of(Name::CallId),
                b"C" => of(Name::CSeq),
                b"U" => self.invite.as_ref().or(asked).map(target).unwrap_or_default(),
                b"b" => BRANCH.to_owned(),
                b"f" => FROM.to_owned(),
                b"t" => self.answer.as_ref().map_or_else(|| TO.to_owned(), |answer| text(answer, Name::To)),
                b"i" => CALL_ID.to_owned(),
                b"u" => self.answer.as_ref().map(target).unwrap_or_default(),
                b"S" => SDP.to_owned(),
                _ => format!("${}", String::from_utf8_lossy(mark)),
            };
            filled.extend_from_slice(meant.as_bytes());
            filled.extend_from_slice(rest);
        }
        filled
    }

    fn moment(&self) -> Now {
        Now { mono: self.now, wall: Wall::from_millis(1_795_000_000_000 + self.now.as_micros() / 1000) }
    }

    fn until(&mut self, end: Mono) {
        while let Some(at) = self.engine.poll_timeout().filter(|at| *at <= end) {
            self.now = at.max(self.now);
            self.engine.on_time(self.moment());
            self.carry();
        }
        self.now = end;
    }

    fn input(&mut self, input: Input) {
        self.engine.handle(self.moment(), input);
        self.carry();
    }

    /// Takes what the engine sent to whom it was sent, and their answers back, until nobody says anything.
    fn carry(&mut self) {
        let mut sent = 0;
        loop {
            let transmits: Vec<_> = self.engine.drain_transmits().collect();
            self.engine.drain_accounts().for_each(drop);
            self.engine.drain_facts().for_each(drop);
            if transmits.is_empty() {
                return;
            }
            for transmit in transmits {
                sent += 1;
                assert!(sent <= MOST_SENT, "one input brought about {sent} messages");
                let message = Message::read(transmit.bytes).expect("what is written can be read");
                let answer = self.heard(transmit.flow.peer.port(), &message);
                if let Some(bytes) = answer.filter(|_| self.answering && transmit.flow.peer.ip() == caller().ip()) {
                    let flow = Flow { peer: transmit.flow.peer, ..transmit.flow };
                    self.engine.handle(self.moment(), Input::Received { flow, bytes: bytes.into() });
                }
            }
        }
    }

    /// Somebody got a message. What they say to it at once.
    fn heard(&mut self, port: u16, message: &Message) -> Option<String> {
        let of_good_caller = message.call_id() == Some(CALL_ID.as_bytes());
        let Some(method) = message.method() else {
            match (message.status(), message.cseq()) {
                (Some(200), Some((1, Method::Invite))) if of_good_caller && port == CALLER => {
                    self.keep(message.to().and_then(|to| to.tag()));
                    self.answer.get_or_insert_with(|| message.clone());
                }
                (Some(code), Some((_, Method::Bye))) if of_good_caller && self.stage == Stage::Over => {
                    self.bye.0 = Some(code);
                }
                _ => {}
            }
            return None;
        };
        self.keep(message.via().and_then(|via| via.branch()));
        self.asked.insert(port, message.clone());
        let in_dialog = message.to().is_some_and(|to| to.tag().is_some());
        match method {
            Method::Ack => None,
            Method::Invite if !in_dialog => self.rung(port, message),
            Method::Bye => {
                self.ended(port, message, of_good_caller);
                Some(peers::response(message, port, 200, ""))
            }
            Method::Invite => Some(peers::response(message, port, 200, SDP)),
            _ => Some(peers::response(message, port, 200, "")),
        }
    }

    /// A far end got an INVITE: the good call's rings when the script says so, others are answered each in its way.
    fn rung(&mut self, port: u16, message: &Message) -> Option<String> {
        if self.stage == Stage::Invited && self.invite.is_none() && port == PSAP_1 {
            self.keep(message.from().and_then(|from| from.tag()));
            self.keep(message.call_id());
            self.invite = Some(message.clone());
        }
        let is_good = self.invite.as_ref().is_some_and(|invite| invite.call_id() == message.call_id());
        let (code, sdp) = match port {
            _ if is_good => return None,
            PSAP_2 => (486, ""),
            RELAY => (200, SDP),
            _ => (180, ""),
        };
        Some(peers::response(message, port, code, sdp))
    }

    /// A side got a BYE.
    fn ended(&mut self, port: u16, bye: &Message, of_good_caller: bool) {
        let of_psap = self.invite.as_ref().is_some_and(|invite| invite.call_id() == bye.call_id());
        if of_good_caller || of_psap {
            let may = self.stage == Stage::Over || self.meddled.to_end_it;
            assert!(may, "a BYE to {port} that neither side asked for");
            self.bye.1 |= of_psap;
        }
    }

    fn keep(&mut self, secret: Option<&[u8]>) {
        self.secrets.extend(secret.filter(|secret| !secret.is_empty()).map(<[u8]>::to_vec));
    }
}

fn caller() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], CALLER))
}

/// The URI of a message's Contact.
fn target(message: &Message) -> String {
    message.contact().map(|contact| String::from_utf8_lossy(contact.uri.text).into_owned()).unwrap_or_default()
}

fn udp(peer: SocketAddr) -> Flow {
    Flow { transport: Transport::Udp, local: SocketAddr::from(([127, 0, 0, 1], 5060)), peer, connection: None }
}

/// The caller's stream.
fn stream() -> Flow {
    Flow { transport: Transport::Tcp, connection: Some(1), ..udp(caller()) }
}
