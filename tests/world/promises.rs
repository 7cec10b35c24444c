//! What is promised, held against everything that passes between the engine and its peers, step by step, and against
//! what the peers know.
use crate::agent::{Agent, Note};
use crate::ledger::{Call, Leg};
use crate::machines::{PATIENCE, SECS};
use crate::net::{Fate, Weather};
use crate::phone::Order;
use crate::said::Sayings;
use crate::talk::TARGETS;
use crate::tally::Tally;
use crate::trace::{Trace, who};
use crate::voice::{SPEAKER, speaks};
use crate::wire::Msg;
use callbox::b2bua::voice::News;
use callbox::base::id::Handle;
use callbox::fact::Fact;
use std::collections::{BTreeMap, HashMap};

/// How long a caller may hear nothing while nobody rings: each of at most four targets is asked twice and passed over
/// after 12 s at most; of each round the last has timer C (181 s), and its CANCEL another 32 s.
const DEADLINE: u64 = (8 * 12 + 2 * (181 + 32)) * SECS;

/// More transactions than the calls of a walk can have at one moment.
const MANY_TRANSACTIONS: usize = 1000;

pub struct Promises {
    trace: Trace,
    broken: Option<String>,
    pub calls: BTreeMap<u64, Call>,
    /// The calls of callers' Call-IDs.
    callers: HashMap<String, u64>,
    /// The attempts, by the Call-ID that we gave them.
    legs: HashMap<String, Leg>,
    sayings: Sayings,
    /// Facts of each call: arrived, answered, ended.
    facts: HashMap<Handle, [u32; 3]>,
    crisis_facts: usize,
    no_room: bool,
    complete: bool,
    max_calls: usize,
    active: usize,
    pub tally: Tally,
}

impl Promises {
    pub fn new(weather: &Weather, max_calls: usize) -> Promises {
        let mut trace = Trace::default();
        trace.note(0, &format!("{weather:?}, room for {max_calls} calls"));
        Promises {
            trace,
            broken: None,
            calls: BTreeMap::new(),
            callers: HashMap::new(),
            legs: HashMap::new(),
            sayings: Sayings::new(weather.is_complete()),
            facts: HashMap::new(),
            crisis_facts: 0,
            no_room: false,
            complete: weather.is_complete(),
            max_calls,
            active: 0,
            tally: Tally::default(),
        }
    }

    pub fn ordered(&mut self, order: &Order) {
        self.trace.note(0, &format!("call {:x} is to be {order:?}", order.call));
        self.calls.insert(order.call, Call::new(order));
    }

    /// The first broken promise, with all that happened before.
    pub fn verdict(&self) -> Result<(), String> {
        self.broken.as_ref().map_or(Ok(()), |broken| Err(format!("{broken}\n{}", self.trace.text())))
    }

    /// All that happened.
    pub fn story(&self) -> String {
        self.trace.text()
    }

    pub fn broken(&mut self, what: String) {
        self.broken.get_or_insert(what);
    }

    fn hold(&mut self, kept: bool, what: impl FnOnce() -> String) {
        if !kept {
            self.broken(what());
        }
    }

    /// The network says that this port is not there.
    pub fn refused(&mut self, now: u64, port: u16) {
        self.trace.note(now, &format!("network -> callbox: {} is not there", who(port)));
        for leg in self.legs.values_mut().filter(|leg| leg.port == port) {
            leg.notices += 1;
        }
    }

    /// A connection is gone.
    pub fn stream_ended(&mut self, now: u64, port: u16) {
        self.tally.count("broken streams".to_owned());
        self.trace.note(now, &format!("the connection with {} is gone", who(port)));
        for leg in self.legs.values_mut().filter(|leg| leg.port == port && leg.streamed) {
            leg.notices += 2;
        }
    }

    /// The test IVR told something.
    pub fn spoken(&mut self, now: u64, news: News) {
        self.trace.note(now, &format!("{SPEAKER} -> callbox: {news:?}"));
    }

    /// A peer sent something.
    pub fn said(&mut self, now: u64, port: u16, text: &str, fate: &Fate) {
        self.tally.messages += 1;
        if let Ok(message) = Msg::read(text.as_bytes()) {
            self.count_streamed(&message);
            self.trace.message(now, &who(port), "callbox", &message, fate);
        }
    }

    fn count_streamed(&mut self, message: &Msg) {
        if message.is_streamed() {
            self.tally.count("messages on streams".to_owned());
        }
    }

    /// The engine has something in its hands.
    pub fn came(&mut self, now: u64, _port: u16, message: &Msg) {
        let id = message.call_id();
        if let Some(leg) = self.legs.get_mut(id) {
            let two_hundred = leg.came(now, message);
            let call = leg.call;
            if let Some(call) = self.calls.get_mut(&call) {
                call.last_2xx = two_hundred.or(call.last_2xx.take());
                call.far_bye |= message.is_request() && message.method() == "BYE";
                call.far_unknown += u8::from(message.code() == 481);
                call.referred |= message.word() == "REFER" && message.get("Refer-To").contains("desk@");
            }
            return;
        }
        let begins = message.word() == "INVITE" && message.receiver_tag().is_empty();
        if let Some(mark) = message.mark().filter(|_| begins) {
            self.callers.insert(id.to_owned(), mark.call);
        }
        let Some(call) = self.callers.get(id).and_then(|call| self.calls.get_mut(call)) else { return };
        match message.word().as_str() {
            "INVITE" if message.receiver_tag().is_empty() => {
                call.arrived.get_or_insert(now);
                call.tag = message.sender_tag().to_owned();
            }
            "CANCEL" => call.cancelled = true,
            "BYE" => call.caller_bye = true,
            _ => call.caller_unknown += u8::from(message.code() == 481),
        }
    }

    /// The engine sent something.
    pub fn left(&mut self, now: u64, port: u16, bytes: &[u8], fate: &Fate) {
        self.tally.messages += 1;
        let message = match Msg::read(bytes) {
            Ok(message) => message,
            Err(fault) => return self.broken(format!("wrote what cannot be read: {fault}")),
        };
        self.count_streamed(&message);
        let is_probe = message.method() == "OPTIONS" && message.receiver_tag().is_empty() && message.is_request();
        if !is_probe {
            self.trace.message(now, "callbox", &who(port), &message, fate);
        }
        if message.word() == "INVITE" && message.receiver_tag().is_empty() {
            self.attempted(now, port, &message);
        }
        if let Some(leg) = self.legs.get_mut(message.call_id()) {
            let call = leg.call;
            leg.left(&message);
            if message.word() == "BYE" {
                self.hung_up_on_far(call, &message);
            }
            return;
        }
        if let Some(call) = self.callers.get(message.call_id()).copied() {
            self.told_caller(now, call, &message);
        }
    }

    fn attempted(&mut self, now: u64, port: u16, invite: &Msg) {
        let Some(mark) = invite.mark() else {
            return self.broken("an INVITE lost its mark".to_owned());
        };
        let Some(call) = self.calls.get(&mark.call) else {
            return self.broken(format!("an INVITE of no call went to {}", who(port)));
        };
        let plan = call.plan.contains(&port) || (call.referred && TARGETS.contains(&port));
        let (over, is_lost, referred) = (call.final_out.is_some(), call.is_lost(), call.referred);
        self.hold(plan, || format!("call {:x} went to {}", mark.call, who(port)));
        self.hold(!over || is_lost || referred, || {
            format!("call {:x} had its answer and went to {}", mark.call, who(port))
        });
        if over && is_lost && !self.legs.contains_key(invite.call_id()) {
            self.brought(mark.call);
        }
        let leg =
            self.legs.entry(invite.call_id().to_owned()).or_insert_with(|| Leg::new(mark.call, port, now, invite));
        leg.asked(now, invite);
    }

    /// A call is brought back from a far end that has lost it: who had it before has it no more.
    fn brought(&mut self, number: u64) {
        self.tally.count("brought back".to_owned());
        self.legs.values_mut().filter(|leg| leg.call == number).for_each(Leg::lost);
        self.with(number, |call| call.winner = None);
    }

    /// A BYE to a far end: to one who was let go at any time, to the one who has the call only for a reason.
    fn hung_up_on_far(&mut self, call: u64, bye: &Msg) {
        let Some(state) = self.calls.get(&call) else { return };
        let is_winner = state.winner.as_deref() == Some(bye.receiver_tag());
        // A copy of its answer that comes after its own BYE gets another.
        let reason = state.caller_bye || state.caller_unknown >= 2 || state.far_bye;
        let (endures, no_ack) = (state.endures, !state.punctual);
        self.hold(!is_winner || reason || state.referred || (!endures && (no_ack || !self.complete)), || {
            format!("call {call:x} was taken from the one who answered")
        });
    }

    fn told_caller(&mut self, now: u64, number: u64, message: &Msg) {
        let Some(call) = self.calls.get_mut(&number) else { return };
        if message.is_request() {
            if message.method() == "BYE" {
                let reason = call.far_bye || call.far_unknown >= 2 || call.is_ivr;
                let forgiven = !call.endures && (!call.punctual || !self.complete);
                self.hold(reason || forgiven, || format!("call {number:x} was hung up on its caller"));
            }
            return;
        }
        if message.word() == "481 BYE" || message.method() != "INVITE" || message.cseq() != 1 {
            return;
        }
        let code = message.code();
        if code >= 300 && ["Retry-After", "Geolocation-Error"].iter().any(|name| !message.get(name).is_empty()) {
            return self.broken(format!("call {number:x} was told what is not for callers"));
        }
        if code < 200 {
            return;
        }
        match call.final_out {
            Some(first) => self.hold(first == code, || format!("call {number:x} was told {first} and then {code}")),
            None => {
                call.final_out = Some(code);
                let talks = self.legs.values().filter(|leg| leg.call == number).find_map(Leg::talks);
                call.is_ivr = code < 300 && speaks(&message.body);
                call.winner = talks.or_else(|| call.last_2xx.clone()).filter(|_| code < 300);
                self.first_final(now, number, code);
            }
        }
    }

    /// The caller has its answer: 200, 487 for one who gave up, or 503 when nobody could.
    fn first_final(&mut self, now: u64, number: u64, code: u16) {
        let call = &self.calls[&number];
        let gave_up = call.cancelled || call.caller_bye;
        if code == 487 && gave_up {
            return;
        }
        if code < 300 {
            let known = call.winner.is_some() || call.is_ivr;
            return self.hold(known, || format!("call {number:x} was answered by nobody"));
        }
        let plan = call.plan.clone();
        if !call.is_hard_to_lose {
            return;
        }
        self.hold(code == 503, || format!("call {number:x} was refused with {code}"));
        if self.active >= self.max_calls {
            self.no_room = true;
            return;
        }
        // It was delivered; the answer waited for the caller's PRACK, and the far end for nothing.
        if self.legs.values().any(|leg| leg.call == number && leg.had_enough()) {
            return;
        }
        for port in plan {
            let tried = self.legs.values().any(|leg| leg.call == number && leg.port == port && leg.has_failed(now));
            self.hold(tried, || format!("call {number:x} was given up while {} might have taken it", who(port)));
        }
    }

    /// After everything that one input led to.
    pub fn after_step(&mut self, now: u64, facts: &[Fact], (active, transactions): (usize, usize)) {
        self.active = active;
        let max_calls = self.max_calls;
        self.hold(active <= max_calls, || format!("{active} calls where {max_calls} have room"));
        self.hold(transactions < MANY_TRANSACTIONS, || format!("{transactions} transactions"));
        for fact in facts {
            match fact {
                Fact::CrisisCall => self.crisis_facts += 1,
                Fact::Transferred { .. } => self.tally.count("transferred".to_owned()),
                Fact::TransferFailed { .. } => self.tally.count("not transferred".to_owned()),
                Fact::Arrived { call, .. } => self.facts.entry(*call).or_default()[0] += 1,
                Fact::Answered { call, .. } => self.facts.entry(*call).or_default()[1] += 1,
                Fact::Ended { call, .. } => self.facts.entry(*call).or_default()[2] += 1,
                _ => {}
            }
        }
        let mut faults = Vec::new();
        for (number, call) in &self.calls {
            let legs = || self.legs.values().filter(|leg| leg.call == *number);
            let talking: usize = legs().map(Leg::talking).sum();
            // Who has transferred talks on until the caller is with the other, and lingers for half a minute.
            if talking > 1 + usize::from(call.referred)
                || (talking == 1 && call.final_out.is_some_and(|code| code >= 300))
            {
                faults.push(format!("{talking} far ends talk in call {number:x}"));
            }
            let Some(arrived) = call.arrived.filter(|_| call.is_waiting()) else { continue };
            let rang = legs().filter_map(|leg| leg.rang_until(now)).max().unwrap_or(arrived).max(arrived);
            if now > rang + DEADLINE {
                faults.push(format!("the caller of {number:x} waits for nobody"));
            }
        }
        self.broken = self.broken.take().or_else(|| faults.into_iter().next());
    }

    /// A peer knows something.
    pub fn noted(&mut self, now: u64, name: &str, note: Note) {
        match note {
            Note::Fault(what) => self.broken(what),
            Note::Dialled { call } => self.with(call, |call| call.dialled = Some(now)),
            Note::Hears { call, tag } if tag == SPEAKER => {
                let dialled = self.calls.get(&call).map_or("", |call| call.dialled_number);
                self.tally.count(format!("{dialled} heard {SPEAKER}"));
                self.hold(dialled == "933", || format!("{SPEAKER} has call {call:x}"));
            }
            Note::Hears { call, tag } => {
                let winner = self.calls.get(&call).and_then(|call| call.winner.clone()).unwrap_or_default();
                self.hold(winner == tag, || format!("{winner} has call {call:x} and its caller talks to {tag}"));
            }
            Note::GaveUp { call } => self.with(call, |call| call.gave_up = true),
            Note::Final { call, code } => {
                self.with(call, |call| call.heard = Some(code));
                let dialled = self.calls.get(&call).map_or("", |call| call.dialled_number);
                self.tally.count(format!("{dialled} heard {code}"));
                let complete = self.complete;
                self.hold(code != 0 || !complete, || format!("the caller of {call:x} never had an answer"));
            }
            Note::Unacknowledged { call } => {
                let Some(state) = self.calls.get(&call) else { return };
                let owed = self.complete && (state.punctual || !state.offerless);
                self.trace.note(now, &format!("{name}: nobody acknowledged my 200"));
                // The caller's own ACK is its own; a re-INVITE's crosses a BYE sometimes.
                let ended = state.caller_bye || state.far_bye;
                self.hold(!owed || ended, || format!("an answer in call {call:x} was never acknowledged"));
            }
            note => {
                if let Note::Settled { mark, code, .. } = &note {
                    let asked = self.sayings.asked_by(*mark);
                    self.tally.count(format!("{asked}: {code}"));
                }
                let fault = self.sayings.noted(name, note);
                self.broken = self.broken.take().or(fault);
            }
        }
    }

    fn with(&mut self, call: u64, change: impl FnOnce(&mut Call)) {
        if let Some(call) = self.calls.get_mut(&call) {
            change(call);
        }
    }

    /// When everybody has gone home and time has passed.
    pub fn at_the_end(&mut self, now: u64, left: (usize, usize), agents: &[Agent]) {
        self.trace.note(now, "the end");
        self.hold(left == (0, 0), || format!("{} calls and {} transactions are left over", left.0, left.1));
        let restless = agents.iter().find(|agent| !agent.is_idle()).map(|agent| agent.name);
        self.hold(restless.is_none(), || format!("{restless:?} still has something open"));
        self.tally.walks = 1;
        let fault = self.sayings.at_the_end();
        self.broken = self.broken.take().or(fault);
        let unheard = self.calls.iter().find(|(_, call)| call.dialled.is_some() && call.heard.is_none());
        let unheard = unheard.map(|(number, _)| *number);
        self.hold(unheard.is_none(), || format!("the caller of {unheard:x?} heard nothing final"));
        let odd = self.facts.values().find(|[arrived, answered, ended]| (*arrived, *ended) != (1, 1) || *answered > 1);
        let odd = odd.copied();
        self.hold(odd.is_none(), || format!("arrived, answered, ended in the facts of a call: {odd:?}"));
        let crisis = self.calls.values().filter(|call| call.is_crisis && call.arrived.is_some()).count();
        let (counted, no_room) = (self.crisis_facts, self.no_room);
        self.hold(counted == crisis || no_room, || format!("{crisis} crisis calls left {counted} facts"));
    }
}

/// How long a target that says nothing has before it counts as failed: its transaction's own time (timer B).
pub const SILENCE: u64 = PATIENCE;
