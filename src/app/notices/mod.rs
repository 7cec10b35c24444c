//! Notices, put together: the part of the witness that says who is told, the thread that sends, and the one that writes
//! down what is to be sent. None waits for another.
mod keeper;
mod post;

pub use post::{Channels, Heard, Post};

use super::control::Tidings;
use super::desktops::Arrival;
use super::witness::Part;
use crate::account::Account;
use crate::base::now::{Mono, Now};
use crate::cache::Cache;
use crate::config::notices::Notices as Config;
use crate::edge::behind;
use crate::edge::clock::Clock;
use crate::edge::http::acknowledge::Acknowledgement;
use crate::edge::http::events::Hub;
use crate::edge::metrics::{self, Page};
use crate::edge::{entropy, state::State};
use crate::fact::Fact;
use crate::notice::Draft;
use crate::notice::desk::Desk;
use arc_swap::ArcSwap;
use core::time::Duration;
use std::io;
use std::sync::Arc;
use tokio::sync::mpsc;

/// How many rows of drafts may wait for the thread that sends.
const ROWS: usize = 4096;

/// How long the log says nothing more of calls of which nobody is told.
const SAY_AGAIN: Duration = Duration::from_secs(60);

/// How many acknowledgements may wait for it.
const ACKNOWLEDGEMENTS: usize = 256;

/// The config of notices, which a reload replaces.
pub type Shared = Arc<ArcSwap<Config>>;

/// Responders' desks: where they listen, and at which somebody sat down.
pub struct Desks {
    /// Where they listen.
    pub events: Arc<Hub>,
    /// Where somebody has just begun to.
    pub arrivals: mpsc::Receiver<Arrival>,
}

/// Starts the threads. What is known of undelivered messages is read from the state.
///
/// # Errors
/// No thread, no source of chance, or a state that is gone.
pub fn start(
    config: &Shared,
    cache: Arc<Cache>,
    clock: Clock,
    state: &State,
    page: &Page,
    desks: Desks,
    tidings: Tidings,
) -> io::Result<(Box<dyn Part>, mpsc::Sender<Acknowledgement>)> {
    let (to, drafts) = mpsc::channel(ROWS);
    let (acknowledge, acknowledged) = mpsc::channel(ACKNOWLEDGEMENTS);
    let keeper =
        keeper::start(state.connect().map_err(io::Error::other)?, clock, metrics::Notices::on(page.clone()), tidings)?;
    let chance = entropy::from_system()?;
    let post = Post::new(Arc::clone(config), clock, chance, keeper, metrics::Notices::on(page.clone()), desks.events);
    let work = move || post.run(Heard { drafts, acknowledged, arrivals: desks.arrivals });
    let _thread = behind::thread("callbox-notices", work)?;
    let config = Arc::clone(config);
    let desk = Desk::new(cache, config.load().misdial);
    let notices =
        Notices { desk, config, to, lost: 0, counts: metrics::Notices::on(page.clone()), untold: 0, said: None };
    Ok((Box::new(notices), acknowledge))
}

/// The part that the witness tells.
struct Notices {
    desk: Desk,
    config: Shared,
    to: mpsc::Sender<Vec<Draft>>,
    lost: usize,
    counts: metrics::Notices,
    /// The emergency calls of which nobody is told and the log has not said it.
    untold: u64,
    said: Option<Mono>,
}

impl Notices {
    /// Says in the log that nobody is told of emergency calls: of the first at once, then once in a while.
    fn say_untold(&mut self, now: Mono) {
        if self.untold > 0 && self.said.is_none_or(|said| now.since(said) >= SAY_AGAIN) {
            let calls = core::mem::take(&mut self.untold);
            self.said = Some(now);
            tracing::warn!(calls, "emergency calls of which no recipient is told");
        }
    }

    /// Hands on what there is to send.
    fn hand_on(&mut self) {
        let drafts: Vec<_> = self.desk.drain().collect();
        let untold = self.desk.take_untold();
        if untold > 0 {
            self.counts.untold(untold);
            self.untold += untold;
        }
        let lost = self.desk.take_lost();
        if lost > 0 {
            (0..lost).for_each(|_| self.counts.count("all", "lost"));
            tracing::warn!(lost, "too many addresses were given or networks seen at once to tell of each");
        }
        if drafts.is_empty() {
            return;
        }
        let many = drafts.len();
        match self.to.try_send(drafts) {
            Ok(()) => self.lost = 0,
            Err(_) => {
                if self.lost == 0 {
                    tracing::error!("notices are lost: the thread that sends is behind");
                }
                self.lost += many;
                (0..many).for_each(|_| self.counts.count("all", "lost"));
            }
        }
    }
}

impl Part for Notices {
    fn name(&self) -> &'static str {
        "notices"
    }

    fn account(&mut self, account: &Account) {
        self.desk.account(account);
        self.hand_on();
    }

    fn fact(&mut self, at: Now, fact: &Fact) {
        self.desk.fact(at.wall, fact);
        self.hand_on();
    }

    fn on_time(&mut self, now: Now) {
        self.desk.set_misdial(self.config.load().misdial);
        self.desk.on_time(now);
        self.hand_on();
        self.say_untold(now.mono);
    }
}
