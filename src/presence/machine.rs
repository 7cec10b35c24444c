//! All agents that have calls, or whose state is not yet what it was.
use super::life::{Life, Next};
use super::{Agent, Done, Happened, Kept, Note, Order, Outcome, Terms};
use crate::base::id::Handle;
use crate::base::now::{Mono, Now};
use std::collections::HashMap;

/// How many agents are kept in mind.
pub const MOST_AGENTS: usize = 10_000;

/// The presence of all agents.
#[derive(Debug, Default)]
pub struct Presence {
    lives: HashMap<Agent, Life>,
    calls: HashMap<Handle, Agent>,
    jobs: HashMap<u64, Agent>,
    /// The number of the last order or note.
    number: u64,
    /// No life is due before this moment.
    next: Option<Mono>,
    orders: Vec<Order>,
    notes: Vec<Note>,
    happened: Vec<Happened>,
}

impl Presence {
    /// Takes up what was going on when the node last ran.
    pub fn resume(&mut self, now: Now, kept: &[Kept]) {
        for kept in kept {
            self.lives.insert(kept.agent.clone(), Life::resume(now, kept));
            self.drive(now, &kept.agent);
        }
    }

    /// An emergency call of an agent begins. A call that began already changes nothing.
    pub fn begins(&mut self, now: Now, call: Handle, agent: &Agent, terms: Terms) {
        if self.calls.contains_key(&call) {
            return;
        }
        if self.lives.len() >= MOST_AGENTS && !self.lives.contains_key(agent) {
            return self.happens(agent, Outcome::NoRoom);
        }
        self.calls.insert(call, agent.clone());
        self.lives.entry(agent.clone()).or_insert_with(|| Life::begin(now, terms)).call(now, call);
        self.drive(now, agent);
    }

    /// A call is over. One that never began changes nothing.
    pub fn ends(&mut self, now: Now, call: Handle) {
        let Some(agent) = self.calls.remove(&call) else { return };
        let Some(life) = self.lives.get_mut(&agent) else { return };
        // Until when it stays must be found again.
        if life.over(now, call) && life.is_noted && life.is_wanted(now.mono) {
            self.keep(&agent);
        }
        self.drive(now, &agent);
    }

    /// The node leaves: all calls are over.
    pub fn leave(&mut self, now: Now) {
        for call in self.calls.keys().copied().collect::<Vec<_>>() {
            self.ends(now, call);
        }
    }

    /// Whether nothing is to be done before a callback can be expected no more.
    pub fn is_settled(&self) -> bool {
        self.lives.values().all(Life::is_waiting)
    }

    /// A note is on the disk.
    pub fn kept(&mut self, now: Now, note: u64, agent: &Agent) {
        if let Some(life) = self.lives.get_mut(agent).filter(|life| life.note == Some(note)) {
            life.written(now.mono);
            self.drive(now, agent);
        }
    }

    /// An order is carried out, or is not.
    pub fn done(&mut self, now: Now, job: u64, done: Done) {
        let Some(agent) = self.jobs.remove(&job) else { return };
        let Some(life) = self.lives.get_mut(&agent) else { return };
        life.job = None;
        let (outcome, is_news) = life.done(now.mono, done);
        if is_news {
            self.keep(&agent);
        }
        if let Some(outcome) = outcome {
            self.forget(&agent, outcome);
            self.happens(&agent, outcome);
        }
        self.drive(now, &agent);
    }

    /// Forgets what was to be undone, once there is nothing of ours to undo: a call may go on, and the agent may have chosen
    /// what looks like ours.
    fn forget(&mut self, agent: &Agent, outcome: Outcome) {
        let Some(life) = self.lives.get_mut(agent) else { return };
        if matches!(outcome, Outcome::Restored | Outcome::Left | Outcome::Already) && life.is_noted {
            life.is_noted = false;
            self.notes.push(Note::Forget(agent.clone()));
        }
    }

    /// Does what is due.
    pub fn on_time(&mut self, now: Now) {
        if self.next.is_none_or(|next| next > now.mono) {
            return;
        }
        self.next = None;
        let gone: Vec<Handle> = self.lives.values().flat_map(|life| life.forgotten(now.mono)).collect();
        for call in gone {
            self.ends(now, call);
        }
        for agent in self.lives.keys().cloned().collect::<Vec<_>>() {
            self.drive(now, &agent);
        }
    }

    /// When to call [`Presence::on_time`].
    pub const fn poll_timeout(&self) -> Option<Mono> {
        self.next
    }

    /// What adapters are to do.
    pub fn drain_orders(&mut self) -> impl Iterator<Item = Order> {
        self.orders.drain(..)
    }

    /// What is to be written down, in order.
    pub fn drain_notes(&mut self) -> impl Iterator<Item = Note> {
        self.notes.drain(..)
    }

    /// What happened.
    pub fn drain_happened(&mut self) -> impl Iterator<Item = Happened> {
        self.happened.drain(..)
    }

    /// How many agents have calls, or a state that is not yet what it was.
    pub fn len(&self) -> usize {
        self.lives.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.lives.is_empty()
    }

    /// Lets one life go on as far as it can.
    fn drive(&mut self, now: Now, agent: &Agent) {
        loop {
            let Some(life) = self.lives.get_mut(agent) else { return };
            match life.next(now.mono) {
                Next::Rest => break,
                Next::Keep => self.keep(agent),
                Next::Order(what) => {
                    self.number += 1;
                    life.job = Some(self.number);
                    self.jobs.insert(self.number, agent.clone());
                    self.orders.push(Order { job: self.number, agent: agent.clone(), what });
                }
                Next::Over(outcome) => return self.over(agent, outcome),
            }
        }
        let deadline = self.lives.get(agent).and_then(Life::deadline);
        self.next = [self.next, deadline].into_iter().flatten().min();
    }

    fn over(&mut self, agent: &Agent, outcome: Option<Outcome>) {
        let Some(life) = self.lives.remove(agent) else { return };
        for call in life.calls() {
            self.calls.remove(&call);
        }
        if life.is_noted {
            self.notes.push(Note::Forget(agent.clone()));
        }
        if let Some(outcome) = outcome {
            self.happens(agent, outcome);
        }
    }

    fn keep(&mut self, agent: &Agent) {
        let Some(life) = self.lives.get_mut(agent) else { return };
        self.number += 1;
        (life.note, life.is_noted) = (Some(self.number), true);
        self.notes.push(Note::Keep(Box::new(life.kept(agent, self.number))));
    }

    fn happens(&mut self, agent: &Agent, what: Outcome) {
        self.happened.push(Happened { adapter: agent.adapter.clone(), what });
    }
}
