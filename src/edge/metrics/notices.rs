//! What becomes of notices, as numbers. Channels are `email` and the configured names of webhooks.
use super::Page;
use core::cell::RefCell;
use metrics::{Counter, Gauge};
use std::collections::HashMap;

/// The counters of notices.
pub struct Notices {
    page: Page,
    counts: RefCell<HashMap<(Box<str>, &'static str), Counter>>,
    up: RefCell<HashMap<Box<str>, Gauge>>,
    waiting: Gauge,
    untold: Counter,
    unkept: Counter,
}

impl Notices {
    /// Counters on a page.
    pub fn on(page: Page) -> Notices {
        let (waiting, untold, unkept) = metrics::with_local_recorder(&*page.0, || {
            let untold = metrics::counter!("callbox_notices_untold_total");
            (metrics::gauge!("callbox_notices_waiting"), untold, metrics::counter!("callbox_notices_unkept_total"))
        });
        Notices { page, counts: RefCell::default(), up: RefCell::default(), waiting, untold, unkept }
    }

    /// Counts what became of a message.
    pub fn count(&self, channel: &str, outcome: &'static str) {
        let mut counts = self.counts.borrow_mut();
        let register = || {
            let name = channel.to_owned();
            metrics::counter!("callbox_notices_total", "channel" => name, "outcome" => outcome)
        };
        let counter = counts
            .entry((channel.into(), outcome))
            .or_insert_with(|| metrics::with_local_recorder(&*self.page.0, register));
        counter.increment(1);
    }

    /// Says whether a channel takes messages.
    pub fn channel(&self, channel: &str, up: bool) {
        let register = || metrics::gauge!("callbox_notice_channel_up", "channel" => channel.to_owned());
        let mut channels = self.up.borrow_mut();
        let gauge =
            channels.entry(channel.into()).or_insert_with(|| metrics::with_local_recorder(&*self.page.0, register));
        gauge.set(if up { 1.0 } else { 0.0 });
    }

    /// Says how many messages are not delivered yet.
    pub fn waiting(&self, many: usize) {
        self.waiting.set(many as f64);
    }

    /// Counts emergency calls of which nobody is told.
    pub fn untold(&self, many: u64) {
        self.untold.increment(many);
    }

    /// Counts a time that the outbox could not be written.
    pub fn unkept(&self) {
        self.unkept.increment(1);
    }
}
