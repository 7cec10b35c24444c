//! Writes down what is to be sent and what became of it. It has a thread of its own, since a disk may be slow or full: the
//! messages leave all the same.
use crate::app::control::{self, Tidings};
use crate::edge::behind;
use crate::edge::clock::Clock;
use crate::edge::metrics::Notices;
use crate::edge::state::outbox::{Kept, Note, Outbox};
use crate::fact::Fact;
use core::time::Duration;
use rusqlite::Connection;
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};

/// How many notes may wait for the disk.
const WAITING: usize = 60_000;
/// How many are written at once.
const BATCH: usize = 1000;
/// How soon a disk that failed is tried again.
const AGAIN: Duration = Duration::from_secs(5);
/// How long what became of messages is kept.
const KEPT: u64 = 7 * 24 * 60 * 60 * 1000;

/// The end that takes notes.
pub struct Keeper {
    to: SyncSender<Note>,
    /// What was not delivered when the node last ran.
    pub left: Vec<Kept>,
    /// The number of the last message.
    pub last: u64,
}

impl Keeper {
    /// Takes a note; one that finds no room is lost, and its message is sent all the same.
    pub fn note(&self, note: Note) {
        let _kept = self.to.try_send(note);
    }
}

/// Reads what is left, and starts the thread. What cannot be read stays where it is; new messages leave all the same, with
/// numbers that nobody had.
///
/// # Errors
/// What the system says.
pub fn start(connection: Connection, clock: Clock, counts: Notices, tidings: Tidings) -> io::Result<Keeper> {
    let outbox = Outbox::new(connection);
    let kept = outbox.open().and_then(|left| Ok((left, outbox.last()?)));
    let (left, last) = kept.unwrap_or_else(|error| {
        tracing::error!(%error, "the outbox cannot be read; notices are sent all the same");
        (Vec::new(), clock.now().wall.as_millis())
    });
    let (to, from) = sync_channel(WAITING);
    let work = move || run(outbox, &from, clock, &counts, &tidings);
    let _thread = behind::thread("callbox-outbox", work)?;
    Ok(Keeper { to, left, last })
}

fn run(mut outbox: Outbox, from: &Receiver<Note>, clock: Clock, counts: &Notices, tidings: &Tidings) {
    let mut notes: Vec<Note> = Vec::new();
    let mut fails = false;
    let mut swept = None;
    loop {
        match from.recv_timeout(AGAIN) {
            Ok(note) => notes.push(note),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        notes.extend(from.try_iter().take(BATCH));
        let now = clock.now();
        if swept.is_none_or(|at| now.mono.since(at) > Duration::from_secs(3600)) {
            swept = Some(now.mono);
            let before = crate::base::now::Wall::from_millis(now.wall.as_millis().saturating_sub(KEPT));
            // What cannot be forgotten now is forgotten in an hour.
            let _forgotten = outbox.forget(before);
        }
        if notes.is_empty() {
            continue;
        }
        match outbox.write(&notes, now.wall) {
            Ok(()) => {
                notes.clear();
                if core::mem::take(&mut fails) {
                    control::happened(tidings, Fact::NotKept { what: "outbox", over: true });
                }
            }
            Err(error) => {
                counts.unkept();
                if !core::mem::replace(&mut fails, true) {
                    tracing::error!(%error, "the outbox cannot be written; notices are sent all the same");
                    control::happened(tidings, Fact::NotKept { what: "outbox", over: false });
                }
                notes.truncate(WAITING);
            }
        }
    }
}
