//! The windows in which callers are called back, and the numbers that are lent: kept as they change, read before the
//! first call.
use super::State;
use super::up::Up;
use crate::base::id::Handle;
use crate::base::now::{Mono, Now};
use crate::base::private::Private;
use crate::cache::leases::Change;
use crate::edge::behind;
use crate::edge::clock::Clock;
use crate::edge::database::{Trouble, whole};
use crate::record::{Caller, Holder, Number, Window};
use core::time::Duration;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use rusqlite::{Connection, Row};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// How many changes wait for the disk at most.
const WAITING: usize = 65_536;
/// How many are written at once.
const BATCH: usize = 256;
/// How long after a disk that takes nothing is tried again.
const AGAIN: Duration = Duration::from_secs(1);
/// A window that was kept longer ago than this is over, whatever the clocks say: none lasts that long.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// What was kept.
#[derive(Debug)]
pub struct Kept {
    /// The windows, their times as of now, and how long ago each ended.
    pub windows: Vec<(Window, Duration)>,
    /// When each number has become free, as a rank.
    pub used: Vec<(Number, u64)>,
    /// Whether everything was kept when the router last ended.
    pub is_whole: bool,
}

/// How long the disk is left alone after a commit: the next takes what came meanwhile, since each costs more than many
/// changes do. A change after a pause goes at once.
const GATHER: Duration = Duration::from_millis(20);

/// Keeps windows on a thread of its own.
#[derive(Debug)]
pub struct Keeper {
    changes: Option<SyncSender<Change>>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Reads what was kept and begins to keep.
    ///
    /// # Errors
    /// What the database or the system says.
    pub fn start(state: &State, clock: Clock) -> Result<(Keeper, Kept), Trouble> {
        let connection = state.connect()?;
        let up = Up::now();
        let kept = read(&connection, clock.now(), &up)?;
        connection.execute("DELETE FROM windows_closed", [])?;
        let (changes, received) = sync_channel(WAITING);
        let work = move || Writing { connection, clock, up, waiting: HashMap::default(), is_well: true }.run(&received);
        let thread = behind::thread("callbox-leases", work)?;
        Ok((Keeper { changes: Some(changes), thread: Some(thread) }, kept))
    }

    /// Hands a change over. What finds no room is told in the log: after a crash it would be missing.
    pub fn keep(&self, change: Change) {
        if self.changes.as_ref().is_none_or(|changes| changes.try_send(change).is_err()) {
            tracing::error!("a callback window is not kept: the disk is too slow; calls go on");
        }
    }
}

/// What is still waiting is written before the router ends.
impl Drop for Keeper {
    fn drop(&mut self) {
        self.changes = None;
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has told so itself; what it kept is there.
            let _ended = thread.join();
        }
    }
}

struct Writing {
    connection: Connection,
    clock: Clock,
    up: Up,
    /// The newest of each window that is not on the disk yet.
    waiting: HashMap<Holder, Change, RandomState>,
    is_well: bool,
}

impl Writing {
    fn run(mut self, changes: &Receiver<Change>) {
        loop {
            let first = match self.waiting.is_empty() {
                true => changes.recv().map_err(|_| RecvTimeoutError::Disconnected),
                false => changes.recv_timeout(AGAIN),
            };
            match first {
                Ok(change) => self.take(change),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            changes.try_iter().take(BATCH).for_each(|change| self.take(change));
            self.write();
            std::thread::park_timeout(GATHER);
        }
        self.write();
        let is_whole = self.waiting.is_empty();
        let closed = || self.connection.execute("INSERT INTO windows_closed VALUES (?1)", [self.wall()]);
        if let Some(Err(error)) = is_whole.then(closed) {
            tracing::error!(%error, "callback windows could not be closed");
        }
    }

    fn take(&mut self, change: Change) {
        let holder = match &change {
            Change::Put(window, _) => window.caller.holder.clone(),
            Change::Gone(holder, _) => holder.clone(),
        };
        self.waiting.insert(holder, change);
    }

    fn wall(&self) -> i64 {
        millis(Duration::from_millis(self.clock.now().wall.as_millis()))
    }

    fn write(&mut self) {
        self.up.go_on();
        match write(&self.connection, self.waiting.values(), self.clock.now(), &self.up) {
            Ok(()) => {
                self.waiting.clear();
                if !core::mem::replace(&mut self.is_well, true) {
                    tracing::info!("callback windows are kept again");
                }
            }
            Err(error) if core::mem::replace(&mut self.is_well, false) => {
                tracing::error!(%error, "callback windows cannot be kept; calls go on, and it is tried again");
            }
            Err(_) => {}
        }
    }
}

fn write<'a>(
    connection: &Connection,
    changes: impl Iterator<Item = &'a Change>,
    now: Now,
    up: &Up,
) -> rusqlite::Result<()> {
    whole(connection, |transaction| {
        for change in changes {
            match change {
                Change::Put(window, as_of) => put(transaction, window, *as_of, now, up)?,
                Change::Gone(holder, freed) => {
                    transaction.prepare_cached("DELETE FROM windows WHERE holder = ?1")?.execute([holder.expose()])?;
                    if let Some((number, rank)) = freed {
                        let rank = i64::try_from(*rank).unwrap_or(i64::MAX);
                        let mut keep = transaction.prepare_cached("INSERT OR REPLACE INTO freed VALUES (?1, ?2)")?;
                        keep.execute((number.expose(), rank))?;
                    }
                }
            }
        }
        Ok(())
    })
}

fn put(connection: &Connection, window: &Window, as_of: Mono, now: Now, up: &Up) -> rusqlite::Result<()> {
    let caller = &window.caller;
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO windows VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, \
             ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23)",
        )?
        .execute(rusqlite::params![
            caller.holder.expose(),
            &*caller.organisation,
            &*caller.site,
            &*caller.source,
            text(&caller.line),
            text(&caller.shown),
            caller.device.as_deref().unwrap_or_default(),
            caller.contact.as_ref().map_or("", |contact| contact.expose()),
            caller.place.as_deref().unwrap_or_default(),
            words(caller.asked.iter().map(|trunk| &**trunk)),
            words(window.tokens.iter().map(|token| token.text())),
            text(&window.lent),
            text(&window.elin),
            words(window.shared.iter().map(Number::expose)),
            i64::try_from(window.rank).unwrap_or(i64::MAX),
            window.open,
            millis(window.until.since(now.mono)),
            millis(window.kept_free.map_or(Duration::ZERO, |until| until.since(now.mono))),
            window.ended.is_some(),
            millis(window.ended.map_or(Duration::ZERO, |ended| now.mono.since(ended.min(as_of)))),
            millis(Duration::from_millis(now.wall.as_millis())),
            &up.boot,
            millis(up.span),
        ])?;
    Ok(())
}

fn text(number: &Option<Number>) -> &str {
    number.as_ref().map_or("", Number::expose)
}

/// Words with spaces between them.
fn words(words: impl Iterator<Item = impl AsRef<str>>) -> String {
    let mut text = String::new();
    for word in words {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word.as_ref());
    }
    text
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

fn span(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

/// What was kept, with its times as of now.
fn read(connection: &Connection, now: Now, up: &Up) -> Result<Kept, Trouble> {
    let is_whole = connection.query_row("SELECT count(*) FROM windows_closed", [], |row| row.get::<_, i64>(0))? > 0;
    let mut statement = connection.prepare("SELECT * FROM windows")?;
    let windows = statement.query_map([], |row| window(row, now, up))?.collect::<Result<Vec<_>, _>>()?;
    let mut statement = connection.prepare("SELECT number, rank FROM freed")?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
    let mut used = Vec::new();
    for row in rows {
        let (number, rank) = row?;
        used.extend(Number::read(&number).map(|number| (number, u64::try_from(rank).unwrap_or(0))));
    }
    Ok(Kept { windows, used, is_whole })
}

/// A window as it is now. As long as the system was not started anew, its own clock tells how long ago it was kept;
/// else no time has passed for it: a calendar that was set meanwhile ends no window early, and a number that is kept for
/// too long does less harm than one that two have.
fn window(row: &Row<'_>, now: Now, up: &Up) -> rusqlite::Result<(Window, Duration)> {
    let text = |name: &str| row.get::<_, String>(name);
    let time = |name: &str| row.get::<_, i64>(name).map(span);
    let number = |name: &str| text(name).map(|text| Number::read(&text));
    let some = |text: String| (!text.is_empty()).then_some(text);
    let passed = match text("boot")? == up.boot && !up.boot.is_empty() {
        true => up.span.saturating_sub(time("up_ms")?),
        false => Duration::ZERO,
    };
    let by_calendar = Duration::from_millis(now.wall.as_millis()).saturating_sub(time("at")?);
    let is_ancient = by_calendar > LONGEST;
    let kept = time("left_ms")?;
    let left = kept.saturating_sub(passed);
    let overdue = if is_ancient { LONGEST } else { passed.saturating_sub(kept) };
    let kept_free = time("kept_free_ms")?.saturating_sub(passed);
    let ended = time("ended_ms_ago")? + passed;
    let window = Window {
        caller: Caller {
            holder: Holder::read(&text("holder")?),
            organisation: text("organisation")?.into(),
            site: text("site")?.into(),
            source: text("source")?.into(),
            line: number("line")?,
            shown: number("shown")?,
            device: some(text("device")?).map(Into::into),
            contact: some(text("contact")?).map(|contact| Private::new(contact.into())),
            place: some(text("place")?).map(Into::into),
            asked: text("asked")?.split_whitespace().map(Into::into).collect(),
        },
        tokens: text("tokens")?.split_whitespace().filter_map(|token| Handle::read(token.as_bytes())).collect(),
        lent: number("lent")?,
        elin: number("elin")?,
        shared: text("shared")?.split_whitespace().filter_map(Number::read).collect(),
        rank: u64::try_from(row.get::<_, i64>("rank")?).unwrap_or(0),
        open: if is_ancient { 0 } else { row.get("open")? },
        until: if is_ancient { now.mono } else { now.mono + left },
        ended: row.get::<_, bool>("has_ended")?.then(|| now.mono - ended),
        kept_free: (!kept_free.is_zero() && !is_ancient).then(|| now.mono + kept_free),
    };
    Ok((window, overdue))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::now::Wall;
    use std::sync::Arc;

    const DAY: u64 = 1_795_000_000_000;

    fn now(secs: u64, wall: u64) -> Now {
        Now { mono: Mono::from_micros(secs * 1_000_000), wall: Wall::from_millis(wall) }
    }

    fn up(boot: &str, secs: u64) -> Up {
        Up { boot: boot.into(), span: Duration::from_secs(secs) }
    }

    fn window() -> Window {
        Window {
            caller: Caller {
                holder: Holder::device("desk-1"),
                organisation: "acme".into(),
                site: "hq".into(),
                source: "pbx".into(),
                line: Number::read("4117"),
                shown: Number::read("4117"),
                device: Some("desk-1".into()),
                contact: Some(Private::new("sip:4117@192.0.2.7;gr=1".into())),
                place: Some("hq-217".into()),
                asked: ["psap-1".into(), "relay".into()].into_iter().collect(),
            },
            tokens: [Handle { shard: 0, slot: 7, nonce: 9 }].into_iter().collect(),
            lent: Number::read("+13125550190"),
            elin: None,
            shared: Number::read("+13125550100").into_iter().collect(),
            rank: 3,
            open: 1,
            until: Mono::from_micros(3_700_000_000),
            ended: None,
            kept_free: None,
        }
    }

    /// A state into which the window went a hundred seconds after the router began.
    fn state() -> (tempfile::TempDir, State, Connection) {
        let home = tempfile::tempdir().unwrap();
        let state = State::take(home.path(), Wall::from_millis(DAY)).unwrap();
        let connection = state.connect().unwrap();
        let change = Change::Put(Arc::new(window()), Mono::from_micros(100_000_000));
        write(&connection, [&change].into_iter(), now(100, DAY), &up("a", 5000)).unwrap();
        (home, state, connection)
    }

    #[test]
    fn a_window_is_found_again_with_the_time_that_it_has_left() {
        let (_home, _state, connection) = state();
        let kept = read(&connection, now(0, DAY + 600_000), &up("a", 5600)).unwrap();
        let (found, overdue) = &kept.windows[0];
        assert_eq!(*found, Window { until: Mono::from_micros(3_000_000_000), ..window() });
        assert!(overdue.is_zero() && kept.is_whole);
        let late = read(&connection, now(0, DAY), &up("a", 5000 + 4000)).unwrap();
        assert_eq!(late.windows[0].1, Duration::from_secs(400), "it would be over for so long, were there no call");
    }

    #[test]
    fn a_calendar_that_was_set_while_the_router_was_away_ends_no_window() {
        let (_home, _state, connection) = state();
        for wall in [DAY - 3_600_000, DAY + 3_600_000, DAY + 7_200_000] {
            let found = |up: &Up| read(&connection, now(0, wall), up).unwrap().windows[0].0.until;
            assert_eq!(found(&up("a", 5060)), Mono::from_micros(3_540_000_000), "the system's clock tells");
            assert_eq!(
                found(&up("b", 10)),
                Mono::from_micros(3_600_000_000),
                "and when it has begun anew, nothing does"
            );
        }
        let years = read(&connection, now(9, DAY + 90 * 86_400_000), &up("b", 10)).unwrap();
        assert!(years.windows[0].0.is_over(now(9, 0).mono));
    }

    #[test]
    fn what_is_over_is_gone_and_its_number_goes_behind_all_others() {
        let (_home, _state, connection) = state();
        let gone = Change::Gone(Holder::device("desk-1"), Number::read("+13125550190").map(|number| (number, 8)));
        write(&connection, [&gone].into_iter(), now(200, DAY), &up("a", 5100)).unwrap();
        let kept = read(&connection, now(0, DAY), &up("a", 5100)).unwrap();
        assert!(kept.windows.is_empty());
        assert_eq!(kept.used, [(Number::read("+13125550190").unwrap(), 8)]);
    }

    #[test]
    fn a_router_that_ends_by_itself_says_so_and_one_that_is_killed_does_not() {
        let (_home, state, connection) = state();
        let clock = Clock::start();
        let (keeper, kept) = Keeper::start(&state, clock).unwrap();
        assert!(kept.is_whole, "a new state has nothing to miss");
        let killed = read(&connection, clock.now(), &Up::now()).unwrap();
        assert!(!killed.is_whole);
        keeper.keep(Change::Gone(Holder::device("desk-1"), None));
        drop(keeper);
        let kept = read(&connection, clock.now(), &Up::now()).unwrap();
        assert!(kept.is_whole && kept.windows.is_empty());
    }
}
