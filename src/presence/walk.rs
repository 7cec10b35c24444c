//! Walks through a world in which adapters fail, hang and answer too late, agents change their minds and the node crashes.
//! When all is quiet again, every agent has the state that it chose last.
use super::*;
use crate::base::entropy::Entropy;
use crate::base::id::Handle;
use crate::base::now::{Mono, Now};
use std::collections::{BTreeMap, VecDeque};

const AGENTS: u64 = 3;

/// What the contact center knows of an agent.
struct Far {
    state: State,
    /// What the agent chose last.
    chosen: State,
    /// What is published, by its token.
    published: Vec<Arc<str>>,
}

struct World {
    chance: Entropy,
    secs: u64,
    started: u64,
    it: Presence,
    far: BTreeMap<Agent, Far>,
    disk: BTreeMap<Agent, Kept>,
    notes: VecDeque<Note>,
    orders: VecDeque<Order>,
    calls: Vec<Handle>,
    number: u32,
    log: Vec<String>,
}

impl World {
    fn new(seed: u32) -> World {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&seed.to_be_bytes());
        let far = (0..AGENTS).map(|nth| {
            let far = Far { state: state("available"), chosen: state("available"), published: Vec::new() };
            (agent(nth), far)
        });
        World {
            chance: Entropy::seeded(bytes),
            secs: 0,
            started: 0,
            it: Presence::default(),
            far: far.collect(),
            disk: BTreeMap::new(),
            notes: VecDeque::new(),
            orders: VecDeque::new(),
            calls: Vec::new(),
            number: 0,
            log: Vec::new(),
        }
    }

    fn now(&self) -> Now {
        let wall = Wall::from_millis(1_800_000_000_000 + self.secs * 1000);
        Now { mono: Mono::from_micros((self.secs - self.started) * 1_000_000), wall }
    }

    fn step(&mut self, is_calm: bool) {
        let now = self.now();
        self.it.on_time(now);
        self.notes.extend(self.it.drain_notes());
        self.orders.extend(self.it.drain_orders());
        match self.chance.below(if is_calm { 3 } else { 9 }) {
            0 => self.pass(1),
            1 => self.write(),
            2 => self.carry_out(is_calm),
            3 => {
                let secs = self.chance.below(40);
                self.pass(secs);
            }
            4 => self.begin(),
            5 => self.end(),
            6 if self.chance.below(3) == 0 => self.choose(),
            7 if self.chance.below(10) == 0 => self.crash(),
            _ => {}
        }
    }

    /// Time goes on. The disk is slow, and not as slow as that.
    fn pass(&mut self, secs: u64) {
        while !self.notes.is_empty() {
            self.write();
        }
        self.secs += secs;
    }

    fn write(&mut self) {
        let now = self.now();
        match self.notes.pop_front() {
            Some(Note::Keep(kept)) => {
                self.it.kept(now, kept.note, &kept.agent);
                self.disk.insert(kept.agent.clone(), *kept);
            }
            Some(Note::Forget(agent)) => drop(self.disk.remove(&agent)),
            None => {}
        }
    }

    /// Does one of the orders, in any order among agents; or does it and does not say so; or does nothing.
    fn carry_out(&mut self, is_calm: bool) {
        if self.orders.is_empty() {
            return;
        }
        let nth = self.chance.below(self.orders.len() as u64) as usize;
        let Some(order) = self.orders.remove(nth) else { return };
        let luck = if is_calm { 9 } else { self.chance.below(10) };
        let done = if luck == 0 { Done::Failed } else { self.does(&order) };
        let what = match &order.what {
            What::Set { state, expected, .. } => format!("set {} for {}", state.expose(), expected.expose()),
            other => format!("{other:?}"),
        };
        self.log.push(format!("{} {} {what} {luck}: {}", self.secs, order.agent.key.expose(), shown(&done)));
        let now = self.now();
        self.it.done(now, order.job, if luck == 1 { Done::Failed } else { done });
    }

    fn does(&mut self, order: &Order) -> Done {
        self.number += 1;
        let name: Arc<str> = format!("t{}", self.number).into();
        let Some(far) = self.far.get_mut(&order.agent) else { return Done::Failed };
        let lasts = Some(Duration::from_secs(60));
        match &order.what {
            What::Read => Done::State(far.state.clone()),
            What::Set { expected, .. } if *expected != far.state => Done::Changed,
            What::Set { state, .. } => {
                far.state = state.clone();
                Done::Taken { token: None, lasts: None }
            }
            What::Publish { token, .. } => {
                far.published.retain(|known| Some(known) != token.as_ref());
                far.published.push(name.clone());
                Done::Taken { token: Some(name), lasts }
            }
            What::Remove { token } => {
                far.published.retain(|known| known != token);
                Done::Taken { token: None, lasts: None }
            }
        }
    }

    fn begin(&mut self) {
        self.number += 1;
        let call = Handle { shard: 0, slot: self.number, nonce: 1 };
        let who = agent(self.chance.below(AGENTS));
        let hold = Hold { lease: Duration::from_secs(90), after: Duration::from_secs(30) };
        let is_added = who.key.expose().ends_with('2');
        let manner = if is_added { Manner::Adds } else { Manner::Replaces };
        let hold = who.key.expose().ends_with('1').then_some(hold);
        self.calls.push(call);
        self.it.begins(self.now(), call, &who, Terms { manner, ours: state("dnd"), hold });
    }

    fn end(&mut self) {
        if !self.calls.is_empty() {
            let nth = self.chance.below(self.calls.len() as u64) as usize;
            let call = self.calls.swap_remove(nth);
            self.it.ends(self.now(), call);
        }
    }

    fn choose(&mut self) {
        let who = agent(self.chance.below(AGENTS));
        let words = ["available", "lunch", "meeting"];
        let word = state(words[self.chance.below(3) as usize]);
        let Some(far) = self.far.get_mut(&who) else { return };
        (far.state, far.chosen) = (word.clone(), word);
        self.log.push(format!("{} {} chooses {}", self.secs, who.key.expose(), far.state.expose()));
    }

    /// What was not on the disk is lost; what was under way arrives or does not.
    fn crash(&mut self) {
        self.log.push(format!("{} crash", self.secs));
        for order in core::mem::take(&mut self.orders) {
            if self.chance.below(2) == 0 {
                let _untold = self.does(&order);
                self.log.push(format!("{} {} arrives in the crash", self.secs, order.agent.key.expose()));
            }
        }
        self.notes.clear();
        self.calls.clear();
        (self.it, self.started) = (Presence::default(), self.secs);
        let kept: Vec<_> = self.disk.values().cloned().collect();
        self.it.resume(self.now(), &kept);
    }
}

fn shown(done: &Done) -> String {
    match done {
        Done::State(state) => state.expose().to_string(),
        other => format!("{other:?}"),
    }
}

fn state(text: &str) -> State {
    Private::new(text.into())
}

fn agent(nth: u64) -> Agent {
    Agent { adapter: "center".into(), key: Private::new(format!("agent-{nth}").into()) }
}

#[test]
fn whatever_fails_every_agent_has_in_the_end_the_state_that_it_chose_last() {
    for seed in 0..200 {
        let mut world = World::new(seed);
        for _ in 0..600 {
            world.step(false);
        }
        while !world.calls.is_empty() {
            world.end();
        }
        let mut steps = 0;
        while !world.it.is_empty() || !world.notes.is_empty() {
            world.step(true);
            steps += 1;
            assert!(steps < 100_000, "seed {seed}: it never ends\n{:?}\n{}", world.it, world.log.join("\n"));
        }
        world.notes.extend(world.it.drain_notes());
        while !world.notes.is_empty() {
            world.write();
        }
        for (agent, far) in &world.far {
            let is_right = far.state == far.chosen;
            let (state, chosen) = (far.state.expose(), far.chosen.expose());
            let who = agent.key.expose();
            assert!(is_right, "seed {seed}: {who} is {state} and chose {chosen}\n{}", world.log.join("\n"));
        }
        assert!(world.disk.is_empty(), "seed {seed}: nothing is left to undo");
    }
}
