//! Presence, put together: the part of the witness that hears of agents' calls, the thread that speaks with contact
//! centers, and the one that writes down what must be undone. No call waits for any of them.
mod keeper;
mod worker;

use super::witness::Part;
use crate::account::{Account, News};
use crate::base::id::Handle;
use crate::base::now::Now;
use crate::cache::Cache;
use crate::config::presence::Presences;
use crate::edge::behind;
use crate::edge::clock::Clock;
use crate::edge::metrics::{self, Page};
use crate::edge::{entropy, state::State};
use crate::fact::Fact;
use crate::presence::{Agent, Terms};
use crate::record::Class;
use arc_swap::ArcSwap;
use core::time::Duration;
use std::collections::{HashSet, VecDeque};
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use worker::Worker;

/// How much may wait for the thread that speaks with contact centers.
const WAITING: usize = 4096;

/// How long a node that leaves waits until what was before is there again. What is not then is restored by the next start.
const LEAVING: Duration = Duration::from_secs(10);

/// The config of presence, which a reload replaces.
pub type Shared = Arc<ArcSwap<Presences>>;

/// What the thread is told.
enum Heard {
    /// An agent's emergency call begins.
    Begins(Handle, Agent, Terms),
    /// One that began is over.
    Ends(Handle),
}

/// Starts the threads. What must be undone is read from the state.
///
/// # Errors
/// No thread, no source of chance, or a state that cannot be read.
pub fn start(
    config: &Shared,
    cache: Arc<Cache>,
    clock: Clock,
    state: &State,
    page: &Page,
) -> io::Result<Box<dyn Part>> {
    let (to, heard) = mpsc::channel(WAITING);
    let connection = state.connect().map_err(io::Error::other)?;
    let keeper = keeper::start(connection, metrics::Presence::on(page.clone()))?;
    let counts = metrics::Presence::on(page.clone());
    let worker = Worker::new(Arc::clone(config), clock, entropy::from_system()?, counts);
    let (leaving, left) = std::sync::mpsc::channel();
    let work = move || {
        worker.run(heard, keeper);
        // Nobody may wait for it any more.
        let _told = leaving.send(());
    };
    let thread = behind::thread("callbox-presence", work)?;
    let config = Arc::clone(config);
    Ok(Box::new(Ear {
        cache,
        config,
        to: Some(to),
        known: HashSet::new(),
        unsaid: VecDeque::new(),
        leaving: Some((left, thread)),
    }))
}

/// The part that the witness tells.
struct Ear {
    cache: Arc<Cache>,
    config: Shared,
    /// `None` when the node leaves.
    to: Option<mpsc::Sender<Heard>>,
    /// The calls that have begun.
    known: HashSet<Handle>,
    /// What found no room: an end that is lost would leave do-not-disturb behind.
    unsaid: VecDeque<Heard>,
    leaving: Option<(std::sync::mpsc::Receiver<()>, JoinHandle<()>)>,
}

impl Ear {
    /// The agent who calls, when its presence is managed.
    fn agent(&self, account: &Account) -> Option<(Agent, Terms)> {
        let News::Decided(particulars) = &account.news else { return None };
        if account.class != Class::Emergency {
            return None;
        }
        let config = self.config.load();
        let adapter = config.of(&particulars.organisation)?;
        let user = self.cache.user(particulars.user.as_deref()?)?;
        let key = user.presence.clone()?;
        Some((Agent { adapter: Arc::clone(&adapter.name), key }, adapter.terms.clone()))
    }

    fn say(&mut self, heard: Heard) {
        self.unsaid.push_back(heard);
        self.say_on();
    }

    fn say_on(&mut self) {
        let Some(to) = &self.to else { return };
        loop {
            match to.try_reserve() {
                Ok(room) => match self.unsaid.pop_front() {
                    Some(heard) => room.send(heard),
                    None => return,
                },
                Err(TrySendError::Full(())) => return,
                // There is nobody any more who could do anything.
                Err(TrySendError::Closed(())) => return self.unsaid.clear(),
            }
        }
    }
}

impl Part for Ear {
    fn name(&self) -> &'static str {
        "presence"
    }

    fn account(&mut self, account: &Account) {
        if let Some((agent, terms)) = self.agent(account)
            && self.known.insert(account.call)
        {
            self.say(Heard::Begins(account.call, agent, terms));
        }
    }

    fn fact(&mut self, _at: Now, fact: &Fact) {
        if let Fact::Ended { call, .. } = fact
            && self.known.remove(call)
        {
            self.say(Heard::Ends(*call));
        }
    }

    fn on_time(&mut self, _now: Now) {
        self.say_on();
    }
}

/// The node leaves, and all calls are gone with it.
impl Drop for Ear {
    fn drop(&mut self) {
        self.to = None;
        if let Some((left, thread)) = self.leaving.take()
            && left.recv_timeout(LEAVING).is_ok()
        {
            let _ended = thread.join();
        }
    }
}
