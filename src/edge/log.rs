//! Log lines to standard error, as text for people or as JSON for collectors.
//!
//! Lines come from facts and carry what rulings on privacy allow: our own call id, trunk names, a peer's address.
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::reload;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{Layer, Registry};

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
}

impl Log {
    /// Starts the log of this process. Fails when one is running already.
    pub fn start(level: Level, format: Format) -> Result<Log, TryInitError> {
        let (filter, handle) = reload::Layer::new(targets(level));
        let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false);
        let lines = match format {
            Format::Text => lines.boxed(),
            Format::Json => lines.json().flatten_event(true).boxed(),
        };
        tracing_subscriber::registry().with(lines.with_filter(filter)).try_init()?;
        Ok(Log { filter: handle })
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
