//! What becomes of agents' presence, as numbers. Adapters are the configured names of contact centers.
use super::Page;
use core::cell::RefCell;
use metrics::{Counter, Gauge};
use std::collections::HashMap;

/// The counters of presence.
pub struct Presence {
    page: Page,
    counts: RefCell<HashMap<(Box<str>, &'static str), Counter>>,
    up: RefCell<HashMap<Box<str>, Gauge>>,
    agents: Gauge,
    unkept: Counter,
}

impl Presence {
    /// Counters on a page.
    pub fn on(page: Page) -> Presence {
        let (agents, unkept) = metrics::with_local_recorder(&*page.0, || {
            (metrics::gauge!("callbox_presence_agents"), metrics::counter!("callbox_presence_unkept_total"))
        });
        Presence { page, counts: RefCell::default(), up: RefCell::default(), agents, unkept }
    }

    /// Counts what became of an agent's state, or of a try.
    pub fn count(&self, adapter: &str, outcome: &'static str) {
        let mut counts = self.counts.borrow_mut();
        let register = || {
            let name = adapter.to_owned();
            metrics::counter!("callbox_presence_total", "adapter" => name, "outcome" => outcome)
        };
        let counter = counts
            .entry((adapter.into(), outcome))
            .or_insert_with(|| metrics::with_local_recorder(&*self.page.0, register));
        counter.increment(1);
    }

    /// Says whether a contact center does what it is asked.
    pub fn adapter(&self, adapter: &str, up: bool) {
        let register = || metrics::gauge!("callbox_presence_adapter_up", "adapter" => adapter.to_owned());
        let mut adapters = self.up.borrow_mut();
        let gauge =
            adapters.entry(adapter.into()).or_insert_with(|| metrics::with_local_recorder(&*self.page.0, register));
        gauge.set(if up { 1.0 } else { 0.0 });
    }

    /// Says how many agents have a state that is not yet what it was.
    pub fn agents(&self, many: usize) {
        self.agents.set(many as f64);
    }

    /// Counts a time that it could not be written down.
    pub fn unkept(&self) {
        self.unkept.increment(1);
    }
}
