//! How long the system has been running: the one clock that nobody sets and that goes on while we do not.
use core::time::Duration;

/// Which run of the system it is, and how long it has lasted. Empty where the system does not tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Up {
    /// The run.
    pub boot: String,
    /// How long it has lasted.
    pub span: Duration,
}

impl Up {
    /// Reads both (proc(5): `boot_id`, `uptime`).
    pub fn now() -> Up {
        let read = |path: &str| std::fs::read_to_string(path).ok();
        let told = read("/proc/sys/kernel/random/boot_id").zip(read("/proc/uptime"));
        told.and_then(|(boot, uptime)| {
            let secs: f64 = uptime.split_whitespace().next()?.parse().ok()?;
            let span = Duration::try_from_secs_f64(secs).ok()?;
            Some(Up { boot: boot.trim().to_owned(), span })
        })
        .unwrap_or_default()
    }
}
