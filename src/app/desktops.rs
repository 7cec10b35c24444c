//! What desktops hear, put together: the part of the witness that tells them.
use super::witness::Part;
use crate::account::Account;
use crate::base::now::Now;
use crate::cache::Cache;
use crate::config::settings::Http;
use crate::edge::clock::Clock;
use crate::edge::http::events::{Hub, Rules};
use crate::edge::metrics::{Page, desktops::Desktops as Counters};
use crate::fact::Fact;
use core::time::Duration;
use std::sync::Arc;
use tokio::sync::mpsc;

/// How many desks at which somebody sat down may wait to be looked at.
const ARRIVALS: usize = 4096;

/// How long the node waits for its streams to end when it leaves.
const END_WITHIN: Duration = Duration::from_secs(1);

/// An organisation and a desk at which somebody sat down.
pub type Arrival = (Arc<str>, Arc<str>);

/// Where desktops listen; and who sat down at a desk, for those who have something for it.
pub fn open(cache: Arc<Cache>, clock: Clock, settings: &Http, page: &Page) -> (Arc<Hub>, mpsc::Receiver<Arrival>) {
    let (arrived, arrivals) = mpsc::channel(ARRIVALS);
    // Phones that ask where they are find a connection all the same.
    let most = settings.max_event_streams.min(settings.max_connections / 4 * 3);
    let rules = Rules { most_streams: most as usize, arrived };
    (Arc::new(Hub::new(cache, clock, rules, Counters::on(page))), arrivals)
}

/// The part that the witness tells.
pub struct Desktops(pub Arc<Hub>);

impl Part for Desktops {
    fn name(&self) -> &'static str {
        "desktops"
    }

    fn account(&mut self, account: &Account) {
        self.0.tell(|board| board.account(account));
    }

    fn fact(&mut self, at: Now, fact: &Fact) {
        self.0.tell(|board| board.fact(at, fact));
    }

    fn on_time(&mut self, now: Now) {
        self.0.tell(|board| board.on_time(now));
    }
}

/// The node leaves: the last events are said, and the streams end so that clients connect again.
impl Drop for Desktops {
    fn drop(&mut self) {
        self.0.close();
        self.0.await_empty(END_WITHIN);
    }
}
