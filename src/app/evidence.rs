//! Keeps the evidence: what the witness is told of emergency and test calls becomes entries of the ledger.
use super::control::{self, Tidings};
use super::witness::Part;
use crate::account::Account;
use crate::base::entropy::Entropy;
use crate::base::now::Now;
use crate::cache::Cache;
use crate::edge::clock::Clock;
use crate::edge::ledger::{Book, Entry, Gatherer, Keeping, MOST_WAITING, Told, Writer};
use crate::edge::metrics::Ledger as Counters;
use crate::fact::Fact;
use crate::record::site::RECEIPTS_KEPT;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// The ledger's file in the folder of what the node writes.
pub const FILE: &str = "ledger.db";

/// The part of the witness that keeps receipts.
pub struct Evidence {
    gatherer: Gatherer,
    writer: Writer,
    counters: Counters,
}

impl Evidence {
    /// Opens the ledger in `folder`, makes it if it is not there, and starts to write it.
    ///
    /// # Errors
    /// A file that is no ledger; what the system says.
    pub fn start(
        folder: &Path,
        cache: Arc<Cache>,
        clock: Clock,
        chance: Entropy,
        counters: Counters,
        tidings: Tidings,
    ) -> io::Result<Evidence> {
        let path = folder.join(FILE);
        let named = |trouble| io::Error::other(format!("the ledger {}: {trouble}", path.display()));
        let book = Book::create(&path, clock.now().wall).map_err(named)?;
        let (entries, head) = book.head().map_err(named)?;
        tracing::info!(entries, head = head.text(), "the ledger is open");
        let kept = move |organisation: &str| {
            cache.snapshot.load().organisations.get(organisation).map_or(RECEIPTS_KEPT, |known| known.receipts_kept)
        };
        let keeping = Keeping { now: Box::new(move || clock.now()), kept: Box::new(kept) };
        let told = counters.clone();
        let writer = Writer::start(book, chance, keeping, MOST_WAITING, move |news| tell(&told, &tidings, &news))?;
        Ok(Evidence { gatherer: Gatherer::default(), writer, counters })
    }

    fn keep(&mut self, entries: Vec<Entry>) {
        for entry in entries {
            if !self.writer.keep(entry) {
                self.counters.lost.increment(1);
            }
        }
    }
}

impl Part for Evidence {
    fn name(&self) -> &'static str {
        "evidence"
    }

    fn account(&mut self, account: &Account) {
        self.gatherer.account(account);
    }

    fn fact(&mut self, at: Now, fact: &Fact) {
        self.gatherer.fact(at, fact);
    }

    fn on_time(&mut self, now: Now) {
        let due = self.gatherer.due(now);
        self.keep(due);
    }
}

/// The node leaves: what is known of calls that are not over is kept as it is.
impl Drop for Evidence {
    fn drop(&mut self) {
        let rest = self.gatherer.rest();
        self.keep(rest);
    }
}

fn tell(counters: &Counters, tidings: &Tidings, news: &Told) {
    match news {
        Told::Written(entries) => counters.entries.increment(*entries),
        Told::Lost(entries) => {
            counters.lost.increment(*entries);
            tracing::error!(entries, "receipts are lost: the ledger could not be written before the node left");
        }
        Told::Fails(why) => {
            counters.failing.set(1.0);
            tracing::error!(%why, "the ledger cannot be written; receipts wait");
            control::happened(tidings, Fact::NotKept { what: "ledger", over: false });
        }
        Told::ClockMoved(secs) => {
            tracing::error!(secs, "the clock is not where it should be; the ledger lets go of nothing for a week");
        }
        Told::Recovers => {
            counters.failing.set(0.0);
            control::happened(tidings, Fact::NotKept { what: "ledger", over: true });
        }
    }
}
