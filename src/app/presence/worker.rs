//! The thread that speaks with contact centers: it hears of calls, and carries out what the machine orders.
use super::keeper::Keeper;
use super::{Heard, LEAVING, Shared};
use crate::base::entropy::Entropy;
use crate::base::now::Mono;
use crate::config::presence::Presences;
use crate::edge::clock::Clock;
use crate::edge::deliver::{Failure, webhook};
use crate::edge::metrics::Presence as Counts;
use crate::edge::presence::Adapter;
use crate::presence::{Done, Order, Outcome, Presence};
use core::time::Duration;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use tokio::sync::mpsc::Receiver;
use tokio::task::{Id, JoinSet};

/// How many orders one contact center has at a time: one that hangs makes no other wait.
const AT_A_TIME: usize = 16;

/// After how many failures in a row a contact center counts as dead.
const DEAD_AFTER: u32 = 3;

/// How long nothing but the clock is looked at.
const TICK: Duration = Duration::from_secs(1);

/// The thread's work.
pub struct Worker {
    shared: Shared,
    config: Arc<Presences>,
    centers: HashMap<Arc<str>, Center>,
    presence: Presence,
    clock: Clock,
    chance: Entropy,
    counts: Counts,
    jobs: JoinSet<Result<Done, Failure>>,
    /// Of whom a job is, and which.
    under_way: HashMap<Id, (Arc<str>, u64)>,
}

/// One contact center.
#[derive(Default)]
struct Center {
    adapter: Option<Arc<Adapter>>,
    waiting: VecDeque<Order>,
    busy: usize,
    failures: u32,
}

impl Worker {
    /// A thread's work.
    pub fn new(shared: Shared, clock: Clock, chance: Entropy, counts: Counts) -> Worker {
        let config = Arc::new(Presences::default());
        let (centers, presence, jobs) = (HashMap::new(), Presence::default(), JoinSet::new());
        Worker { shared, config, centers, presence, clock, chance, counts, jobs, under_way: HashMap::new() }
    }

    /// Runs until the node leaves, and then until all is as it was, or the time for that is over.
    pub fn run(self, heard: Receiver<Heard>, keeper: Keeper) {
        match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime.block_on(self.tend(heard, keeper)),
            Err(error) => tracing::error!(%error, "no runtime for presence; calls go on"),
        }
    }

    async fn tend(mut self, mut heard: Receiver<Heard>, mut keeper: Keeper) {
        self.follow();
        self.presence.resume(self.clock.now(), &core::mem::take(&mut keeper.left));
        let mut leaves: Option<Mono> = None;
        loop {
            self.follow();
            self.presence.on_time(self.clock.now());
            self.carry_out(&keeper);
            let now = self.clock.now();
            if leaves.is_some_and(|at| at <= now.mono || self.presence.is_settled()) {
                return;
            }
            let due = self.presence.poll_timeout().map_or(TICK, |at| at.since(now.mono)).min(TICK);
            tokio::select! {
                news = heard.recv(), if leaves.is_none() => match news {
                    Some(Heard::Begins(call, agent, terms)) => {
                        self.presence.begins(self.clock.now(), call, &agent, terms);
                    }
                    Some(Heard::Ends(call)) => self.presence.ends(self.clock.now(), call),
                    None => {
                        leaves = Some(now.mono + LEAVING);
                        self.presence.leave(self.clock.now());
                    }
                },
                Some((note, agent)) = keeper.written.recv() => {
                    self.presence.kept(self.clock.now(), note, &agent);
                }
                Some(done) = self.jobs.join_next_with_id() => match done {
                    Ok((id, done)) => self.done(id, done),
                    Err(defect) => self.done(defect.id(), Err(Failure::Unreadable)),
                },
                () = tokio::time::sleep(due) => {}
            }
        }
    }

    /// Takes a config that was read again.
    fn follow(&mut self) {
        let current = self.shared.load();
        if Arc::ptr_eq(&current, &self.config) {
            return;
        }
        self.config = Arc::clone(&current);
        let roots = match self.config.adapters.is_empty() {
            true => Arc::new(tokio_rustls::rustls::RootCertStore::empty()),
            false => webhook::roots(self.config.issuers.as_deref().map(str::as_bytes)),
        };
        // One that went is kept for what is still to be restored there.
        for adapter in &self.config.adapters {
            // The config was checked, so nothing is left out.
            let ready = Adapter::new(&adapter.setup, &roots).ok().map(Arc::new);
            self.centers.entry(Arc::clone(&adapter.name)).or_default().adapter = ready;
        }
    }

    /// Begins what was ordered, writes down what must be, and counts what happened.
    fn carry_out(&mut self, keeper: &Keeper) {
        self.presence.drain_notes().for_each(|note| keeper.note(note));
        for order in self.presence.drain_orders() {
            self.centers.entry(Arc::clone(&order.agent.adapter)).or_default().waiting.push_back(order);
        }
        for center in self.centers.values_mut() {
            while center.busy < AT_A_TIME
                && let Some(order) = center.waiting.pop_front()
            {
                center.busy += 1;
                let (adapter, clock, chance) = (center.adapter.clone(), self.clock, self.chance.branch());
                let Order { job, agent, what } = order;
                let name = Arc::clone(&agent.adapter);
                let task = self.jobs.spawn(async move {
                    let adapter = adapter.ok_or(Failure::NoChannel)?;
                    adapter.carry_out(&what, agent.key.expose(), clock, chance).await
                });
                self.under_way.insert(task.id(), (name, job));
            }
        }
        for happened in self.presence.drain_happened() {
            self.counts.count(&happened.adapter, happened.what.text());
            let adapter = &*happened.adapter;
            match happened.what {
                Outcome::GivenUp => tracing::error!(adapter, "an agent's presence is not restored and is given up"),
                Outcome::NoRoom => {
                    tracing::error!(adapter, "too many agents have emergency calls; one keeps its presence")
                }
                Outcome::Expires => tracing::warn!(adapter, "a presence that may be published expires by itself"),
                what => tracing::debug!(adapter, what = what.text(), "presence"),
            }
        }
        self.counts.agents(self.presence.len());
    }

    fn done(&mut self, id: Id, done: Result<Done, Failure>) {
        let Some((name, job)) = self.under_way.remove(&id) else { return };
        let center = self.centers.entry(Arc::clone(&name)).or_default();
        center.busy = center.busy.saturating_sub(1);
        let adapter = &*name;
        match done {
            Ok(done) => {
                if center.failures >= DEAD_AFTER {
                    tracing::info!(adapter, "a contact center is back");
                }
                center.failures = 0;
                self.counts.adapter(adapter, true);
                self.presence.done(self.clock.now(), job, done);
            }
            Err(failure) => {
                center.failures = center.failures.saturating_add(1);
                let (why, code) = (failure.text(), failure.code());
                tracing::debug!(adapter, why, code, "presence not taken");
                if center.failures == DEAD_AFTER {
                    self.counts.adapter(adapter, false);
                    tracing::error!(adapter, why, code, "a contact center does not take presence; it is tried again");
                }
                self.counts.count(adapter, why);
                self.presence.done(self.clock.now(), job, Done::Failed);
            }
        }
    }
}
