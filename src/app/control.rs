//! What the operating system asks of a running node: SIGHUP reads the config again, SIGTERM and SIGINT let calls finish.
use crate::fact::Fact;
use std::sync::Arc;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

/// What the shard is told from outside.
#[derive(Debug)]
pub enum Control {
    /// The snapshot was replaced; these are its trunks.
    Configured {
        /// Their names.
        trunks: Vec<Arc<str>>,
    },
    /// Something happened on another thread.
    Happened(Fact),
    /// Take no new calls; leave when the last one has ended.
    Drain,
    /// Leave now.
    Stop,
}

/// Where other threads tell the shard what happened. They wait until it has room; the shard never waits for them.
pub type Tidings = mpsc::Sender<Control>;

/// Tells what happened.
pub fn happened(tidings: &Tidings, fact: Fact) {
    // It fails when the shard is gone: then nobody counts any more.
    let _told = tidings.blocking_send(Control::Happened(fact));
}

/// The signals that a node listens to.
pub struct Signals {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
}

/// What a signal means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Read the config again.
    Reload,
    /// Finish and leave; at once when it is said a second time.
    Leave,
}

impl Signals {
    /// Listens from now on.
    pub fn new() -> std::io::Result<Signals> {
        Ok(Signals {
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// The next wish.
    pub async fn next(&mut self) -> Wish {
        tokio::select! {
            _ = self.hangup.recv() => Wish::Reload,
            _ = self.terminate.recv() => Wish::Leave,
            _ = self.interrupt.recv() => Wish::Leave,
        }
    }
}

/// Carries wishes out for as long as the shard lives: `reload` reads the config and gives the trunks' names, if it could be
/// taken.
pub async fn listen(
    mut signals: Signals,
    shard: mpsc::Sender<Control>,
    mut reload: impl FnMut() -> Option<Vec<Arc<str>>>,
) {
    let mut leaving = false;
    loop {
        let told = match signals.next().await {
            Wish::Reload => match reload() {
                Some(trunks) => Control::Configured { trunks },
                None => continue,
            },
            Wish::Leave if leaving => Control::Stop,
            Wish::Leave => {
                leaving = true;
                Control::Drain
            }
        };
        if shard.send(told).await.is_err() {
            return;
        }
    }
}
