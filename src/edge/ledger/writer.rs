//! The thread that writes the ledger. Whoever hands it an entry goes on at once; while the disk takes nothing, entries wait.
use super::super::database::Trouble;
use super::book::Book;
use super::calendar::{Calendar, Look};
use super::chain::{Entry, Kind};
use crate::base::entropy::Entropy;
use crate::base::now::{Now, Wall};
use crate::edge::behind;
use core::time::Duration;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// The most entries that wait for the disk. What finds no room is lost, and the ledger says so when it can be written again.
pub const MOST_WAITING: usize = 10_000;

/// How many entries are written at once.
const BATCH: usize = 256;

/// How long the disk is left alone after a commit: the next takes what came meanwhile, since each costs more than many
/// entries do. An entry after a pause goes at once.
const GATHER: Duration = Duration::from_millis(100);

/// How long a disk that takes nothing is left alone.
const AGAIN: Duration = Duration::from_secs(1);

/// How often it is looked for contents whose time is over.
const TIDY: Duration = Duration::from_secs(60 * 60);

/// What the thread tells of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// So many entries are on the disk.
    Written(u64),
    /// The node leaves, and so many could not be written.
    Lost(u64),
    /// Nothing can be written, and why; entries wait.
    Fails(String),
    /// It can be written again.
    Recovers,
    /// The calendar is not where it should be, by so many seconds; nothing is let go for a week.
    ClockMoved(u64),
}

/// How long contents are kept: given an organisation, and what tells the time.
pub struct Keeping {
    /// The time.
    pub now: Box<dyn Fn() -> Now + Send>,
    /// How long an organisation's receipts are kept.
    pub kept: Box<dyn Fn(&str) -> Duration + Send>,
}

/// The end that hands over.
#[derive(Debug)]
pub struct Writer {
    to: Option<SyncSender<Entry>>,
    lost: u64,
    leaving: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread with room for `room` entries.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn start(
        book: Book,
        chance: Entropy,
        keeping: Keeping,
        room: usize,
        told: impl Fn(Told) + Send + 'static,
    ) -> io::Result<Writer> {
        let (to, from) = sync_channel(room);
        let leaving = Arc::new(AtomicBool::new(false));
        let (told, left) = (Box::new(told), Arc::clone(&leaving));
        let (entry, moved) = book.last_seen().map_err(io::Error::other)?;
        let calendar = Calendar::new(entry, moved);
        let pen = Pen { book, chance, keeping, told, leaving: left, fails: false, calendar };
        let thread = behind::thread("callbox-ledger", move || pen.run(&from))?;
        Ok(Writer { to: Some(to), lost: 0, leaving, thread: Some(thread) })
    }

    /// Hands over an entry. `false` when it found no room: then it is counted, and the ledger says so later.
    pub fn keep(&mut self, entry: Entry) -> bool {
        let Some(to) = &self.to else { return false };
        if self.lost > 0 {
            let said = Entry {
                at: entry.at,
                kind: Kind::Loss,
                organisation: String::new(),
                call: String::new(),
                body: format!("{{\"entries\":{}}}", self.lost),
            };
            if to.try_send(said).is_ok() {
                self.lost = 0;
            }
        }
        let is_taken = to.try_send(entry).is_ok();
        self.lost += u64::from(!is_taken);
        is_taken
    }
}

/// Waits until what was handed over is written, or cannot be.
impl Drop for Writer {
    fn drop(&mut self) {
        self.to = None;
        self.leaving.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ended = thread.join();
        }
    }
}

struct Pen {
    book: Book,
    chance: Entropy,
    keeping: Keeping,
    told: Box<dyn Fn(Told) + Send>,
    leaving: Arc<AtomicBool>,
    fails: bool,
    calendar: Calendar,
}

impl Pen {
    fn run(mut self, from: &Receiver<Entry>) {
        self.tidy();
        loop {
            let first = match from.recv_timeout(TIDY) {
                Ok(first) => first,
                Err(RecvTimeoutError::Timeout) => {
                    self.tidy();
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let batch: Vec<Entry> = core::iter::once(first).chain(from.try_iter().take(BATCH - 1)).collect();
            if !self.write(&batch, from) {
                return;
            }
            if !self.leaving.load(Ordering::Acquire) {
                std::thread::park_timeout(GATHER);
            }
        }
    }

    /// Writes a batch, however long that takes; all others wait meanwhile. `false` when it cannot be and nobody is left who
    /// could hand over more.
    fn write(&mut self, batch: &[Entry], from: &Receiver<Entry>) -> bool {
        loop {
            match self.book.append(batch, &mut self.chance) {
                Ok(()) => {
                    if core::mem::take(&mut self.fails) {
                        (self.told)(Told::Recovers);
                    }
                    (self.told)(Told::Written(batch.len() as u64));
                    return true;
                }
                Err(trouble) => self.fail(&trouble),
            }
            if self.leaving.load(Ordering::Acquire) {
                (self.told)(Told::Lost(batch.len() as u64 + from.try_iter().count() as u64));
                return false;
            }
            std::thread::park_timeout(AGAIN);
        }
    }

    fn fail(&mut self, trouble: &Trouble) {
        if !core::mem::replace(&mut self.fails, true) {
            (self.told)(Told::Fails(trouble.to_string()));
        }
    }

    /// The ledger itself says that its clock moved.
    fn note_move(&mut self, from: Wall, to: Wall) {
        (self.told)(Told::ClockMoved(from.since(to).max(to.since(from)).as_secs()));
        let said = Entry {
            at: to.as_millis(),
            kind: Kind::Clock,
            organisation: String::new(),
            call: String::new(),
            body: format!("{{\"from\":{},\"to\":{}}}", from.as_millis(), to.as_millis()),
        };
        if let Err(trouble) = self.book.append(&[said], &mut self.chance) {
            self.fail(&trouble);
        }
    }

    /// Lets go of contents whose time is over, where the calendar can be believed.
    fn tidy(&mut self) {
        let now = (self.keeping.now)();
        match self.calendar.look(now) {
            Look::Steady => {}
            Look::Moved(from) => return self.note_move(from, now.wall),
            Look::Held => return,
        }
        let now = now.wall;
        let tidied = self.book.organisations().and_then(|organisations| {
            organisations.iter().try_for_each(|organisation| {
                let kept = (self.keeping.kept)(organisation);
                let millis = u64::try_from(kept.as_millis()).unwrap_or(u64::MAX);
                let until = Wall::from_millis(now.as_millis().saturating_sub(millis));
                self.book.let_go(organisation, until, now, &mut self.chance).map(drop)
            })
        });
        if let Err(trouble) = tidied {
            self.fail(&trouble);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::Connection;
    use std::path::Path;
    use std::sync::mpsc::channel;

    fn entry(at: u64, body: &str) -> Entry {
        Entry { at, kind: Kind::Receipt, organisation: "acme".into(), call: at.to_string(), body: body.into() }
    }

    fn book(folder: &Path) -> Book {
        Book::create(&folder.join("ledger.db"), Wall::default()).unwrap()
    }

    #[test]
    fn a_full_disk_leaves_the_ledger_whole_and_takes_entries_again_when_there_is_room() {
        let folder = tempfile::tempdir().unwrap();
        let (mut book, mut chance) = (book(folder.path()), Entropy::seeded([5; 32]));
        let pages = |book: &Book, most: u32| book.connection.pragma_update(None, "max_page_count", most).unwrap();
        pages(&book, 1);
        let large = "x".repeat(1 << 16);
        assert!(book.append(&[entry(1, "{}"), entry(2, &large)], &mut chance).is_err());
        assert_eq!(book.verify().unwrap().entries, 0, "all or none");
        pages(&book, 1 << 20);
        book.append(&[entry(1, "{}"), entry(2, &large)], &mut chance).unwrap();
        let verdict = book.verify().unwrap();
        assert_eq!((verdict.entries, verdict.wrong), (2, None));
    }

    #[test]
    fn that_nothing_can_be_written_is_told_once_and_that_it_can_be_again() {
        let folder = tempfile::tempdir().unwrap();
        let book = book(folder.path());
        book.connection.busy_timeout(Duration::ZERO).unwrap();
        let holder = Connection::open(folder.path().join("ledger.db")).unwrap();
        holder.execute_batch("BEGIN IMMEDIATE").unwrap();
        let (tell, told) = channel();
        let keeping = Keeping { now: Box::new(Now::default), kept: Box::new(|_| Duration::MAX) };
        let chance = Entropy::seeded([6; 32]);
        let mut writer = Writer::start(book, chance, keeping, 8, move |news| drop(tell.send(news))).unwrap();
        let next = || told.recv_timeout(Duration::from_secs(30)).unwrap();
        assert!(writer.keep(entry(1, "{}")));
        assert!(matches!(next(), Told::Fails(_)));
        assert!(writer.keep(entry(2, "{}")), "it waits");
        holder.execute_batch("COMMIT").unwrap();
        assert_eq!(next(), Told::Recovers);
        assert_eq!((next(), next()), (Told::Written(1), Told::Written(1)));
    }
}
