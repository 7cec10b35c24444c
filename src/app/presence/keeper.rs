//! Writes down what must be undone after a crash. It has a thread of its own, since a disk may be slow or full.
use crate::edge::behind;
use crate::edge::metrics::Presence;
use crate::edge::state::presence::Book;
use crate::presence::{Agent, Kept, Note};
use core::time::Duration;
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// How many notes are written at once.
const BATCH: usize = 1000;

/// How soon a disk that failed is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// The end that takes notes.
pub struct Keeper {
    to: Option<Sender<Note>>,
    /// The notes that are on the disk, by number.
    pub written: UnboundedReceiver<(u64, Agent)>,
    /// What was to be undone when the node last ran.
    pub left: Vec<Kept>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Takes a note.
    pub fn note(&self, note: Note) {
        if let Some(to) = &self.to {
            // Without the thread nothing is kept, as it has said itself.
            let _kept = to.send(note);
        }
    }
}

/// The last notes are written before the node leaves.
impl Drop for Keeper {
    fn drop(&mut self) {
        self.to = None;
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

/// Reads what is left, and starts the thread.
///
/// # Errors
/// What the database or the system says.
pub fn start(connection: Connection, counts: Presence) -> io::Result<Keeper> {
    let book = Book::new(connection);
    let left = book.open().map_err(io::Error::other)?;
    let (to, from) = channel();
    let (tell, written) = unbounded_channel();
    let tell = move |note: &Note| {
        if let Note::Keep(kept) = note {
            // Who waited may have gone meanwhile.
            let _told = tell.send((kept.note, kept.agent.clone()));
        }
    };
    let work = move || run(book, &from, tell, &counts);
    let thread = behind::thread("callbox-agents", work)?;
    Ok(Keeper { to: Some(to), written, left, thread: Some(thread) })
}

fn run(mut book: Book, from: &Receiver<Note>, tell: impl Fn(&Note), counts: &Presence) {
    // Of each agent the latest: what was written before it is nobody's business any more.
    let mut notes: BTreeMap<Agent, Note> = BTreeMap::new();
    let mut fails = false;
    loop {
        match from.recv_timeout(AGAIN) {
            Ok(note) => drop(notes.insert(of(&note), note)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) if notes.is_empty() || fails => return,
            Err(RecvTimeoutError::Disconnected) => {}
        }
        notes.extend(from.try_iter().take(BATCH).map(|note| (of(&note), note)));
        if notes.is_empty() {
            continue;
        }
        match book.write(notes.values()) {
            Ok(()) => {
                notes.values().for_each(&tell);
                notes.clear();
                if core::mem::take(&mut fails) {
                    tracing::info!("presence is kept again");
                }
            }
            Err(error) => {
                counts.unkept();
                if !core::mem::replace(&mut fails, true) {
                    tracing::error!(%error, "presence cannot be kept; what is set now stays after a crash");
                }
            }
        }
    }
}

fn of(note: &Note) -> Agent {
    match note {
        Note::Keep(kept) => kept.agent.clone(),
        Note::Forget(agent) => agent.clone(),
    }
}
