//! Walks of calls back: callers get numbers, PSAPs and strangers call them back by every name that leads to them, while
//! the PBX starts anew, refuses, forwards and falls silent, and the node is killed and started again. Datagrams arrive at
//! once here; what is drawn is who does what and when. `BACK=12 cargo test --test world whoever_calls_back` takes one walk
//! again, `BACK=100..200` takes others.
use crate::chance::Chance;
use crate::machines::SECS;
use crate::wire::Msg;
use bytes::Bytes;
use callbox::b2bua::{Engine, Input, Setup};
use callbox::base::entropy::Entropy;
use callbox::base::now::{Mono, Now, Wall};
use callbox::cache::leases::Change;
use callbox::cache::{Cache, Leases};
use callbox::config::world::{self, lab};
use callbox::record::{Guard, Holder, Number, Site, Trunk, Window};
use callbox::sip::flow::{Flow, Transport};
use core::net::SocketAddr;
use core::time::Duration;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

const PHONES: u16 = 5999;
const PBX: u16 = 5075;
const RELAY: u16 = 5072;
const GATEWAY: u16 = 5074;
const PSAPS: [u16; 2] = [5070, 5071];
const VOICEMAIL: u16 = 5078;
const DESK: &str = "4100";

/// Who calls for help: what it shows, and the port of its own Contact.
const CALLERS: [(&str, Option<u16>); 6] = [
    ("4117", None),
    ("4119", None),
    ("4121", None),
    ("4123", Some(5990)),
    ("4125", Some(5991)),
    ("+13125550124", None),
];

static LAB: LazyLock<world::World> = LazyLock::new(|| lab().expect("the lab's files have no fault"));

/// What is true of a caller, as far as its PSAP was told.
#[derive(Clone, Default)]
struct Truth {
    number: Option<String>,
    contact: Option<String>,
    until: u64,
    /// Who called last has the highest.
    rank: u64,
}

/// How somebody answers an INVITE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Temper {
    Answers,
    RingsAndAnswers,
    Rings,
    Refuses(u16),
    Forwards(u16),
    /// It was forwarded, and nobody is at home there either.
    Voicemail,
    Silent,
    Gone,
}

const TEMPERS: [(u64, Temper); 11] = [
    (3, Temper::Answers),
    (3, Temper::RingsAndAnswers),
    (2, Temper::Rings),
    (1, Temper::Refuses(302)),
    (1, Temper::Refuses(404)),
    (2, Temper::Refuses(486)),
    (1, Temper::Refuses(603)),
    (1, Temper::Forwards(181)),
    (1, Temper::Forwards(182)),
    (1, Temper::Silent),
    (1, Temper::Gone),
];

/// An INVITE of ours that somebody has not answered yet.
struct Open {
    port: u16,
    invite: Msg,
    temper: Temper,
    at: u64,
}

/// The call that somebody places now.
#[derive(Default)]
struct Placed {
    port: u16,
    invite: Msg,
    code: u16,
    answer: Option<Msg>,
    /// The INVITEs that left for it: to whom, and what.
    left: Vec<(u16, Msg)>,
}

struct Back {
    seed: u64,
    engine: Engine,
    cache: Arc<Cache>,
    chance: Chance,
    now: u64,
    pool: Vec<Number>,
    /// What the disk has of windows and of numbers that have become free.
    disk: HashMap<Holder, Window>,
    used: HashMap<Number, u64>,
    truth: Vec<Truth>,
    rank: u64,
    serial: u64,
    open: Vec<Open>,
    /// Who talks: the Call-ID of the INVITE that it took.
    talking: Vec<String>,
    placed: Placed,
    trace: String,
    seen: HashMap<&'static str, u32>,
}

fn cache(pool: &[Number]) -> Arc<Cache> {
    let (cache, mut lab) = (Arc::new(Cache::default()), LAB.clone());
    lab.snapshot.ivr = None;
    lab.publish(&cache);
    cache.snapshot.rcu(|held| {
        let mut next = (**held).clone();
        let hq = (**next.site("hq").expect("the lab's site")).clone();
        let site = Site { pool: pool.to_vec(), desk: Guard::read(DESK), ..hq };
        next.sites.insert("hq".into(), Arc::new(site));
        for trunk in &mut next.trunks {
            *trunk = Arc::new(Trunk { probe: false, ..(**trunk).clone() });
        }
        next
    });
    cache
}

fn engine(cache: &Arc<Cache>, chance: &mut Chance) -> Engine {
    let udp = SocketAddr::from(([127, 0, 0, 1], 5060));
    let setup = Setup {
        shard: 0,
        listeners: vec![(Transport::Udp, udp)],
        max_calls: 1000,
        emergency_reserve_percent: 20,
        relay_unknown: false,
        orphan_max: Duration::from_secs(3600),
    };
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&chance.bits().to_le_bytes());
    Engine::new(setup, Arc::clone(cache), Entropy::seeded(seed), Box::new(|| Mono::from_micros(0)))
}

fn flow_to(port: u16) -> Flow {
    let at = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
    Flow { transport: Transport::Udp, local: at(5060), peer: at(port), connection: None }
}

fn session(who: &str) -> String {
    format!("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns={who}\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n")
}

/// The user part of a request's URI.
fn user(request: &Msg) -> &str {
    let uri = request.start.split(' ').nth(1).unwrap_or_default().trim_start_matches("sip:");
    uri.split('@').next().unwrap_or_default()
}

fn shown(invite: &Msg) -> String {
    let value = invite.get("P-Asserted-Identity");
    value.split_once("sip:").and_then(|(_, rest)| rest.split_once('@')).map_or("", |(user, _)| user).to_owned()
}

impl Back {
    fn new(seed: u64) -> Back {
        let mut chance = Chance::new(seed);
        let size = chance.pick(&[10, 10, 3, 0]);
        let pool: Vec<Number> = (0..size).filter_map(|at| Number::read(&format!("+1312555019{at}"))).collect();
        let cache = cache(&pool);
        let engine = engine(&cache, &mut chance);
        Back {
            seed,
            engine,
            cache,
            chance,
            now: 0,
            pool,
            disk: HashMap::new(),
            used: HashMap::new(),
            truth: vec![Truth::default(); CALLERS.len()],
            rank: 0,
            serial: 0,
            open: Vec::new(),
            talking: Vec::new(),
            placed: Placed::default(),
            trace: String::new(),
            seen: HashMap::new(),
        }
    }

    fn is_lent(&self, number: &str) -> bool {
        self.pool.iter().any(|own| own.expose() == number)
    }

    fn note(&mut self, text: &str) {
        let secs = self.now / SECS;
        writeln!(self.trace, "{secs:>6} {text}").expect("a string grows");
    }

    fn hold(&mut self, holds: bool, broken: impl FnOnce() -> String) {
        assert!(holds, "BACK={}\n{}\n{}", self.seed, broken(), self.trace);
    }

    fn input(&mut self, input: Input) {
        let wall = Wall::from_millis(1_795_000_000_000 + self.now / 1000);
        self.engine.handle(Now { mono: Mono::from_micros(self.now), wall }, input);
        self.carry();
    }

    fn say(&mut self, port: u16, message: &Msg) {
        self.note(&format!("{port} -> {} {}", message.word(), user(message)));
        self.input(Input::Received { flow: flow_to(port), bytes: Bytes::from(message.text()) });
    }

    /// Takes what the engine sent and what must be kept.
    fn carry(&mut self) {
        for change in self.engine.drain_changes() {
            match change {
                Change::Put(window, _) => {
                    self.disk.insert(window.caller.holder.clone(), Window::clone(&window));
                }
                Change::Gone(holder, freed) => {
                    self.used.extend(freed);
                    self.disk.remove(&holder);
                }
            }
        }
        self.engine.drain_facts();
        self.engine.drain_accounts();
        self.engine.drain_orders();
        let sent: Vec<_> = self.engine.drain_transmits().collect();
        for transmit in sent {
            let message = Msg::read(&transmit.bytes).expect("we write messages that can be read");
            self.hears(transmit.flow.peer.port(), message);
        }
    }

    /// Steps the clock.
    fn pass(&mut self, micros: u64) {
        let end = self.now + micros;
        loop {
            let engine = self.engine.poll_timeout().map(Mono::as_micros);
            let peers = self.open.iter().map(|open| open.at).min();
            let Some(next) = [engine, peers].into_iter().flatten().min().filter(|next| *next <= end) else { break };
            self.now = self.now.max(next);
            if let Some(at) = self.open.iter().position(|open| open.at <= self.now) {
                let open = self.open.remove(at);
                self.act(open);
            } else {
                let wall = Wall::from_millis(1_795_000_000_000 + self.now / 1000);
                self.engine.on_time(Now { mono: Mono::from_micros(self.now), wall });
                self.carry();
            }
        }
        self.now = end;
    }

    fn hears(&mut self, port: u16, message: Msg) {
        self.note(&format!("{port} <- {} {}", message.word(), if message.is_request() { user(&message) } else { "" }));
        if !message.is_request() {
            return self.answered(port, message);
        }
        match message.method() {
            "INVITE" if message.receiver_tag().is_empty() => self.rung(port, message),
            "ACK" => {}
            "CANCEL" => {
                self.say(port, &Msg::response(&message, 200, "t"));
                let is_its = |open: &Open| open.invite.branch() == message.branch();
                if let Some(at) = self.open.iter().position(is_its) {
                    let mut open = self.open.remove(at);
                    // The answer of a voicemail crosses the CANCEL sometimes.
                    let crosses = open.temper == Temper::Voicemail && self.chance.percent(50);
                    if crosses {
                        self.take(&open, "voicemail");
                    } else {
                        open.temper = Temper::Refuses(487);
                        self.act(open);
                    }
                }
            }
            method => {
                if method == "BYE" {
                    self.talking.retain(|id| id != message.call_id());
                }
                self.say(port, &Msg::response(&message, 200, "t"));
            }
        }
    }

    /// The answer to the call that is placed.
    fn answered(&mut self, port: u16, response: Msg) {
        let is_its = response.call_id() == self.placed.invite.call_id() && response.method() == "INVITE";
        if !is_its || response.code() < 200 || self.placed.code > 0 && self.placed.answer.is_none() {
            return;
        }
        let target = if response.code() < 300 { response.contact() } else { "sip:callbox@127.0.0.1".to_owned() };
        let mut ack = Msg::request("ACK", &target);
        let is_refusal = response.code() >= 300;
        let via = self.placed.invite.get("Via").to_owned();
        let via = if is_refusal { via } else { via.replace("branch=z9hG4bKb", "branch=z9hG4bKack") };
        ack.put("Via", &via).put("From", self.placed.invite.get("From")).put("To", response.get("To"));
        ack.put("Call-ID", response.call_id()).put("CSeq", "1 ACK");
        if self.placed.code == 0 {
            self.placed.code = response.code();
            self.placed.answer = (!is_refusal).then_some(response);
        }
        self.say(port, &ack);
    }

    fn rung(&mut self, port: u16, invite: Msg) {
        if self.placed.left.iter().any(|(_, known)| known.branch() == invite.branch()) {
            return;
        }
        let temper = match port {
            PBX | 5990 | 5991 => self.chance.weighted(&TEMPERS),
            _ => Temper::Answers,
        };
        self.placed.left.push((port, invite.clone()));
        if temper == Temper::Gone {
            return self.input(Input::Unreachable(flow_to(port)));
        }
        if temper == Temper::Silent {
            return;
        }
        let at = self.now + 10_000;
        self.open.push(Open { port, invite, temper, at });
    }

    fn act(&mut self, mut open: Open) {
        let reply = |code: u16| Msg::response(&open.invite, code, "t");
        match open.temper {
            Temper::Answers => {
                let who = user(&open.invite).to_owned();
                self.take(&open, &who);
            }
            Temper::RingsAndAnswers | Temper::Rings => {
                let mut ringing = reply(180);
                ringing.put("Contact", &format!("<sip:phone@127.0.0.1:{}>", open.port));
                let is_left = open.temper == Temper::Rings;
                open.temper = if is_left { Temper::Silent } else { Temper::Answers };
                open.at = self.now + if is_left { 4000 * SECS } else { self.chance.between(1, 30) * SECS };
                let port = open.port;
                self.open.push(open);
                self.say(port, &ringing);
            }
            Temper::Forwards(code) => {
                let (diverting, port) = (reply(code), open.port);
                (open.temper, open.at) = (Temper::Voicemail, self.now + 2 * SECS);
                self.open.push(open);
                self.say(port, &diverting);
            }
            Temper::Voicemail => self.take(&open, "voicemail"),
            Temper::Refuses(code) => {
                let mut refusal = reply(code);
                refusal.put("Contact", &format!("<sip:voicemail@127.0.0.1:{VOICEMAIL}>"));
                self.say(open.port, &refusal);
            }
            Temper::Silent | Temper::Gone => {}
        }
    }

    /// Somebody takes a call.
    fn take(&mut self, open: &Open, who: &str) {
        let mut answer = Msg::response(&open.invite, 200, "t");
        answer.put("Contact", &format!("<sip:phone@127.0.0.1:{}>", open.port));
        answer.carry("application/sdp", session(who));
        self.talking.push(open.invite.call_id().to_owned());
        self.say(open.port, &answer);
    }

    /// Somebody calls, and waits for so long at most.
    fn place(&mut self, port: u16, from: &str, uri: &str, contact: &str, marks: &[(&str, &str)]) {
        self.serial += 1;
        let serial = self.serial;
        let mut invite = Msg::request("INVITE", uri);
        invite.put("Via", &format!("SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bKb{serial}"));
        invite.put("Max-Forwards", "70").put("From", &format!("<sip:{from}@walk.example>;tag=b{serial}"));
        invite.put("To", &format!("<{uri}>")).put("Call-ID", &format!("back{serial}@walk.example"));
        invite.put("CSeq", "1 INVITE").put("Contact", contact);
        for (name, value) in marks {
            invite.put(name, value);
        }
        invite.carry("application/sdp", session("caller"));
        self.placed = Placed { port, invite: invite.clone(), ..Placed::default() };
        self.say(port, &invite);
        for _ in 0..40 {
            if self.placed.code > 0 {
                break;
            }
            self.pass(10 * SECS);
        }
        self.pass(SECS);
    }

    /// Ends the call that is placed.
    fn hang_up(&mut self) {
        let Some(answer) = self.placed.answer.take() else { return };
        let mut bye = Msg::request("BYE", &answer.contact());
        let via = self.placed.invite.get("Via").replace("branch=z9hG4bKb", "branch=z9hG4bKbye");
        bye.put("Via", &via).put("Max-Forwards", "70").put("From", self.placed.invite.get("From"));
        bye.put("To", answer.get("To")).put("Call-ID", answer.call_id()).put("CSeq", "2 BYE");
        let port = self.placed.port;
        self.say(port, &bye);
        self.pass(40 * SECS);
        let left = self.talking.clone();
        self.hold(left.is_empty(), || format!("{left:?} talk though the call is over"));
        self.open.clear();
    }

    fn calls_for_help(&mut self, who: usize) {
        let (from, own) = CALLERS[who];
        let contact =
            own.map_or("<sip:desk@127.0.0.1:5999>".to_owned(), |port| format!("<sip:{from}@127.0.0.1:{port};gr=desk>"));
        self.place(PHONES, from, "sip:911@127.0.0.1:5060", &contact, &[]);
        let code = self.placed.code;
        self.hold(code == 200, || format!("an emergency call of {from} heard {code}"));
        let left: Vec<Msg> = self.placed.left.iter().map(|(_, invite)| invite.clone()).collect();
        let now = self.now;
        for invite in left {
            let number = shown(&invite);
            let others = self.truth.iter().enumerate().filter(|(other, truth)| *other != who && truth.until > now);
            let is_theirs = others.filter(|(_, truth)| truth.number.as_ref() == Some(&number)).count() > 0;
            let is_lent = self.is_lent(&number);
            self.hold(!(is_lent && is_theirs), || format!("{from} shows {number}, which is another's"));
            let before = self.truth[who].number.clone().filter(|_| self.truth[who].until > now);
            let keeps = before.as_ref().is_none_or(|before| *before == number || !self.is_lent(before));
            self.hold(keeps, || format!("{from} had {before:?} and shows {number}"));
            self.rank += 1;
            let contact = Some(invite.contact());
            *self.seen.entry(if is_lent { "lent" } else { "shared" }).or_default() += 1;
            let until = self.truth[who].until.max(now + 3590 * SECS);
            self.truth[who] = Truth { number: Some(number), contact, until, rank: self.rank };
        }
        let talks = self.chance.between(1, 600) * SECS;
        self.pass(talks);
        self.hang_up();
        self.truth[who].until = self.truth[who].until.max(self.now + 1700 * SECS);
    }

    /// Somebody calls a caller back, by one of the names that lead to it.
    fn calls_back(&mut self, who: usize) {
        let truth = self.truth[who].clone();
        let (Some(number), Some(contact)) = (truth.number, truth.contact) else { return };
        let is_open = truth.until > self.now + 500 * SECS;
        let is_lent = self.is_lent(&number);
        let by_contact = self.chance.percent(30) && contact.contains("cb-");
        let uri = match by_contact {
            true => contact,
            false => format!("sip:{}@callbox.example", if self.chance.percent(30) { &number[1..] } else { &number }),
        };
        let port = self.chance.pick(&[PSAPS[0], PSAPS[1], RELAY, GATEWAY, PHONES]);
        let is_help = PSAPS.contains(&port) || port == RELAY;
        let marked = self.chance.percent(60);
        let marks: &[(&str, &str)] = if marked { &[("Priority", "psap-callback")] } else { &[] };
        let is_call_back = is_open && (by_contact || is_lent || (marked && is_help));
        self.place(port, "+13125559110", &uri, &format!("<sip:back@127.0.0.1:{port}>"), marks);
        let left: Vec<(u16, String)> =
            self.placed.left.iter().map(|(port, invite)| (*port, invite.start.clone())).collect();
        self.hold(left.iter().all(|(port, _)| *port != VOICEMAIL), || "voicemail was called".to_owned());
        if is_call_back {
            self.reaches(who, by_contact || is_lent, &left);
        }
        let talking = self.talking.len();
        let is_answered = self.placed.answer.is_some();
        self.hold(talking == usize::from(is_answered), || format!("{talking} talk in one call back"));
        if self.chance.percent(10) {
            return self.restart();
        }
        self.hang_up();
    }

    /// What holds of a call back to one whose window is open.
    fn reaches(&mut self, who: usize, is_own: bool, left: &[(u16, String)]) {
        let number = self.truth[who].number.clone();
        let now = self.now;
        let sharing = |truth: &Truth| truth.number == number && truth.until > now;
        // By a number that several have shown the latest of them is meant.
        let meant = match is_own {
            true => who,
            false => (0..CALLERS.len())
                .filter(|one| sharing(&self.truth[*one]))
                .max_by_key(|one| self.truth[*one].rank)
                .unwrap_or(who),
        };
        let targets = |one: usize| {
            let (line, own) = CALLERS[one];
            let user = if line.starts_with('+') { ";user=phone" } else { "" };
            let at_pbx = format!("INVITE sip:{line}@127.0.0.1:{PBX}{user} SIP/2.0");
            own.map(|port| format!("INVITE sip:{line}@127.0.0.1:{port};gr=desk SIP/2.0")).into_iter().chain([at_pbx])
        };
        let first = left.first().map(|(_, start)| start.clone());
        let wanted = targets(meant).next();
        self.hold(first == wanted, || format!("{wanted:?} was meant and {first:?} rang"));
        let code = self.placed.code;
        self.hold(code == 200, || format!("a call back in its window heard {code}"));
        let others = (0..CALLERS.len()).filter(|one| *one == meant || !is_own);
        let allowed: Vec<String> = others.flat_map(targets).collect();
        let desk = format!("INVITE sip:{DESK}@127.0.0.1:{PBX} SIP/2.0");
        for (port, start) in left {
            let may = allowed.contains(start) || *start == desk || *port == RELAY;
            self.hold(may, || format!("{start} rang in a call back to {}", CALLERS[meant].0));
        }
        let heard = self.placed.answer.as_ref().map(|answer| answer.body.clone()).unwrap_or_default();
        self.hold(!heard.contains("s=voicemail"), || "whoever calls back talks to a voicemail".to_owned());
        let line = CALLERS[meant].0;
        let answered = match () {
            () if heard.contains(&format!("s={line}\r\n")) => "the caller answered",
            () if heard.contains(&format!("s={DESK}\r\n")) => "the desk answered",
            () => "somebody behind answered",
        };
        *self.seen.entry(answered).or_default() += 1;
        self.truth[meant].until = self.truth[meant].until.max(self.now + 1700 * SECS);
    }

    /// The node is killed and started again; its clock goes on.
    fn restart(&mut self) {
        self.note("the node is killed");
        *self.seen.entry("restarts").or_default() += 1;
        (self.placed, self.talking) = (Placed::default(), Vec::new());
        self.open.clear();
        self.cache = cache(&self.pool);
        let leases = Leases::default();
        let kept: Vec<_> = self.disk.values().map(|window| (window.clone(), Duration::ZERO)).collect();
        let used: Vec<_> = self.used.iter().map(|(number, rank)| (*number, *rank)).collect();
        let snapshot = self.cache.snapshot.load_full();
        let sites = snapshot.sites.values().map(AsRef::as_ref);
        let changes = leases.restore(kept, used, Some(sites), &snapshot.callbacks, Mono::from_micros(self.now));
        for change in changes {
            match change {
                Change::Put(window, _) => drop(self.disk.insert(window.caller.holder.clone(), Window::clone(&window))),
                Change::Gone(holder, freed) => {
                    self.used.extend(freed);
                    self.disk.remove(&holder);
                }
            }
        }
        if let Some(cache) = Arc::get_mut(&mut self.cache) {
            cache.leases = leases;
        }
        self.engine = engine(&self.cache, &mut self.chance);
        self.input(Input::Configured);
    }

    fn walk(mut self) -> (HashMap<&'static str, u32>, String) {
        for _ in 0..30 {
            let who = usize::try_from(self.chance.between(0, CALLERS.len() as u64 - 1)).unwrap_or(0);
            match self.chance.between(0, 9) {
                0..=3 => self.calls_for_help(who),
                4..=7 => self.calls_back(who),
                8 => self.restart(),
                _ => {
                    let pause = self.chance.between(1, 3000) * SECS;
                    self.pass(pause);
                }
            }
        }
        (self.seen, self.trace)
    }
}

/// The seeds of the walks, or those that `BACK` names: `12`, or `100..200`.
fn seeds() -> core::ops::Range<u64> {
    let Ok(named) = std::env::var("BACK") else { return 0..60 };
    let (first, behind) = named.split_once("..").unwrap_or((&named, ""));
    let first = first.parse().expect("a seed is a number");
    first..behind.parse().unwrap_or(first + 1)
}

#[test]
fn whoever_calls_back_reaches_who_called_and_a_number_has_one_holder_whatever_pbx_and_node_do() {
    let mut seen: HashMap<&str, u32> = HashMap::new();
    for seed in seeds() {
        for (met, times) in Back::new(seed).walk().0 {
            *seen.entry(met).or_default() += times;
        }
    }
    // The walks are worth their time only while all of this happens on them.
    for met in ["lent", "shared", "restarts", "the caller answered", "the desk answered", "somebody behind answered"] {
        assert!(seen.contains_key(met) || seeds() != (0..60), "{met} in {seen:?}");
    }
    assert_eq!(Back::new(7).walk().1, Back::new(7).walk().1, "a seed is a walk");
}
