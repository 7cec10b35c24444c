//! What desktops hear, as numbers. Nothing says whose they are.
use super::Page;
use metrics::{Counter, Gauge};

/// What became of a request for a stream or a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A stream began.
    Stream,
    /// A ticket was given.
    Ticket,
    /// Neither.
    Refused,
}

impl Outcome {
    const ALL: [Outcome; 3] = [Outcome::Stream, Outcome::Ticket, Outcome::Refused];

    const fn text(self) -> &'static str {
        match self {
            Outcome::Stream => "stream",
            Outcome::Ticket => "ticket",
            Outcome::Refused => "refused",
        }
    }
}

/// The counters of desktops.
pub struct Desktops {
    requests: [Counter; Outcome::ALL.len()],
    streams: Gauge,
    events: Counter,
    cut_off: Counter,
}

impl Desktops {
    /// Counters on a page.
    pub fn on(page: &Page) -> Desktops {
        metrics::with_local_recorder(&*page.0, || Desktops {
            requests: Outcome::ALL
                .map(|outcome| metrics::counter!("callbox_event_requests_total", "outcome" => outcome.text())),
            streams: metrics::gauge!("callbox_event_streams"),
            events: metrics::counter!("callbox_events_total"),
            cut_off: metrics::counter!("callbox_event_streams_cut_off_total"),
        })
    }

    /// Counts a request.
    pub fn request(&self, outcome: Outcome) {
        self.requests[outcome as usize].increment(1);
    }

    /// Says how many streams there are.
    pub fn streams(&self, many: usize) {
        self.streams.set(many as f64);
    }

    /// Counts an event for one stream.
    pub fn event(&self) {
        self.events.increment(1);
    }

    /// Counts a stream that was cut off, since its reader was too slow or its place was needed.
    pub fn cut_off(&self) {
        self.cut_off.increment(1);
    }
}
