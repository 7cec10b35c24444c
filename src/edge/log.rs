//! Log lines to standard error, as text for people or as JSON for collectors.
//!
//! Lines come from facts and carry what rulings on privacy allow: our own call id, trunk names, a peer's address.
//!
//! A thread of its own writes them. Whoever collects them may stop reading, and a pipe that is full stops who writes into
//! it: that must never be the thread of the calls. Lines that find no room are counted and gone.
use tracing::level_filters::LevelFilter;
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::reload;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{Layer, Registry};

/// How many lines wait for whoever reads them.
const WAITING: usize = 16_384;

/// The least that a line must matter to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Nothing is written.
    Off,
    /// Something is lost.
    Error,
    /// Something is wrong and was got around.
    Warn,
    /// The steps of a call.
    Info,
    /// What a step looked at.
    Debug,
    /// Everything.
    Trace,
}

/// What a line looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// A running log; its level can be changed.
#[derive(Clone, Debug)]
pub struct Log {
    filter: reload::Handle<Targets, Registry>,
    lost: ErrorCounter,
}

/// Writes what still waits when it is dropped, or gives up after a second.
#[derive(Debug)]
pub struct Rest {
    _worker: WorkerGuard,
}

impl Log {
    /// Starts the log of this process, which ends with the second value.
    ///
    /// # Errors
    /// One is running already.
    pub fn start(level: Level, format: Format) -> Result<(Log, Rest), TryInitError> {
        let (filter, handle) = reload::Layer::new(targets(level));
        let (writer, worker) = NonBlockingBuilder::default()
            .buffered_lines_limit(WAITING)
            .lossy(true)
            .thread_name("callbox-log")
            .finish(std::io::stderr());
        let lost = writer.error_counter();
        let lines = tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(false);
        let lines = match format {
            Format::Text => lines.boxed(),
            Format::Json => lines.json().flatten_event(true).boxed(),
        };
        tracing_subscriber::registry().with(lines.with_filter(filter)).try_init()?;
        Ok((Log { filter: handle, lost }, Rest { _worker: worker }))
    }

    /// How many lines found no room.
    pub fn lost(&self) -> u64 {
        self.lost.dropped_lines() as u64
    }

    /// Sets another level. The format stays: a collector that reads JSON does not expect it to change.
    pub fn set_level(&self, level: Level) {
        // The handle fails only when the log is gone with the process.
        let _gone = self.filter.reload(targets(level));
    }
}

/// Our own lines from `level` on; other crates' lines only when they warn, since they do not know what is private.
fn targets(level: Level) -> Targets {
    let ours = match level {
        Level::Off => LevelFilter::OFF,
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
        Level::Trace => LevelFilter::TRACE,
    };
    Targets::new().with_default(ours.min(LevelFilter::WARN)).with_target("callbox", ours)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::Level as Of;

    #[test]
    fn other_crates_are_quiet_below_a_warning_at_any_level() {
        let trace = targets(Level::Trace);
        assert!(trace.would_enable("callbox::b2bua", &Of::TRACE));
        assert!(!trace.would_enable("hickory_resolver", &Of::INFO));
        assert!(trace.would_enable("hickory_resolver", &Of::WARN));
        assert!(!targets(Level::Off).would_enable("hickory_resolver", &Of::ERROR));
    }
}
