//! What devices and their users told, and the tokens that name them: written a moment after they changed, and found again
//! by the next start.
use super::State;
use super::kept::{KeptTyped, KeptWhereabouts};
use crate::base::now::Wall;
use crate::cache::typed::TYPED_FORGOTTEN_AFTER;
use crate::cache::unwritten::{Sum, Unwritten};
use crate::cache::whereabouts::FORGOTTEN_AFTER;
use crate::cache::{Cache, Named};
use crate::edge::behind;
use crate::edge::clock::Clock;
use crate::edge::database::Trouble;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use rusqlite::Connection;
use std::sync::Arc;
use std::thread::JoinHandle;

/// How often it is looked for what changed.
const EVERY: Duration = Duration::from_millis(50);
/// How long a disk that does not serve is left alone.
const AGAIN: Duration = Duration::from_secs(1);
/// How often what is long over is taken out.
const FORGET_EVERY: Duration = Duration::from_secs(60 * 60);
/// The most changes that become durable together.
const AT_ONCE: usize = 10_000;

/// What was found again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recalled {
    /// Devices that told where they are.
    pub devices: usize,
    /// Tokens.
    pub tokens: usize,
    /// Devices whose users gave addresses.
    pub typed: usize,
    /// Rows that could not be read, and are passed over.
    pub unreadable: usize,
}

/// Reads into the cache what was written before. What is over by now is left out.
///
/// # Errors
/// What the database says.
pub fn recall(connection: &Connection, cache: &Cache, now: Wall) -> Result<Recalled, Trouble> {
    let mut recalled = Recalled::default();
    let since = before(now, FORGOTTEN_AFTER);
    let mut rows = connection.prepare("SELECT device, at, told FROM whereabouts WHERE at >= ?1")?;
    let mut rows = rows.query([since])?;
    while let Some(row) = rows.next()? {
        let (device, at): (String, u64) = (row.get(0)?, row.get(1)?);
        match row.get_ref(2)?.as_str().ok().and_then(|text| serde_json::from_str::<KeptWhereabouts>(text).ok()) {
            Some(kept) => {
                cache.recall_whereabouts(device.into(), kept.told(Wall::from_millis(at)));
                recalled.devices += 1;
            }
            None => recalled.unreadable += 1,
        }
    }
    let mut rows = connection.prepare("SELECT device, addresses FROM typed WHERE seen >= ?1")?;
    let mut rows = rows.query([before(now, TYPED_FORGOTTEN_AFTER)])?;
    while let Some(row) = rows.next()? {
        match row.get_ref(1)?.as_str().ok().and_then(|text| serde_json::from_str::<Vec<KeptTyped>>(text).ok()) {
            Some(kept) => {
                let device: String = row.get(0)?;
                cache.recall_typed(device.into(), kept.into_iter().map(KeptTyped::typed).collect());
                recalled.typed += 1;
            }
            None => recalled.unreadable += 1,
        }
    }
    let all = "SELECT sum, device, organisation, expires FROM tokens WHERE expires >= ?1 ORDER BY expires";
    let mut rows = connection.prepare(all)?;
    let mut rows = rows.query([since])?;
    while let Some(row) = rows.next()? {
        let (device, organisation): (String, String) = (row.get(1)?, row.get(2)?);
        let expires = Wall::from_millis(row.get(3)?);
        match row.get_ref(0)?.as_blob().ok().and_then(|sum| Sum::try_from(sum).ok()) {
            Some(sum) => {
                let named = Named { device: device.into(), organisation: organisation.into(), expires };
                cache.recall_token(sum, named);
                recalled.tokens += 1;
            }
            None => recalled.unreadable += 1,
        }
    }
    Ok(recalled)
}

/// Writes for as long as it is kept; what waits when it goes is written first.
#[derive(Debug)]
pub struct Writing {
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Writing {
    /// Recalls what was written, and from then on writes what changes, on a thread of its own.
    ///
    /// # Errors
    /// What the database or the system says.
    pub fn start(state: &State, cache: Arc<Cache>, clock: Clock) -> Result<Writing, Trouble> {
        let connection = state.connect()?;
        let recalled = recall(&connection, &cache, clock.now().wall)?;
        if recalled != Recalled::default() {
            let Recalled { devices, tokens, typed, unreadable } = recalled;
            tracing::info!(devices, tokens, typed, unreadable, "what devices told is known again");
        }
        cache.note_changes();
        let is_over = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&is_over);
        let writer = Writer { connection, cache, clock };
        let thread = behind::thread("callbox-places", move || writer.run(&told))?;
        Ok(Writing { is_over, thread: Some(thread) })
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // It says itself what went wrong.
            let _ended = thread.join();
        }
    }
}

struct Writer {
    connection: Connection,
    cache: Arc<Cache>,
    clock: Clock,
}

impl Writer {
    fn run(mut self, is_over: &AtomicBool) {
        let mut forgotten = self.clock.now().mono;
        let mut known = String::new();
        loop {
            let is_last = is_over.load(Ordering::Acquire);
            let now = self.clock.now();
            if now.mono.since(forgotten) >= FORGET_EVERY {
                forgotten = now.mono;
                told(forget(&self.connection, now.wall), &mut known);
            }
            let done = self.write();
            let pause = if done.is_ok() { EVERY } else { AGAIN };
            told(done, &mut known);
            if is_last {
                return;
            }
            std::thread::park_timeout(pause);
        }
    }

    /// Writes what waits; what cannot be written waits on.
    fn write(&mut self) -> Result<(), Trouble> {
        let (waiting, lost) = self.cache.take_unwritten();
        if lost > 0 {
            tracing::error!(lost, "too much changes at once for what devices tell to be written");
        }
        let waiting: Vec<_> = waiting.into_iter().collect();
        for (number, some) in waiting.chunks(AT_ONCE).enumerate() {
            if let Err(trouble) = write_some(&mut self.connection, &self.cache, some) {
                self.cache.is_unwritten(waiting[number * AT_ONCE..].iter().cloned());
                return Err(trouble);
            }
        }
        Ok(())
    }
}

/// Says once what is wrong, and says it again when it changed.
fn told(done: Result<(), Trouble>, known: &mut String) {
    match done {
        Ok(()) => known.clear(),
        Err(trouble) if trouble.to_string() == *known => {}
        Err(trouble) => {
            *known = trouble.to_string();
            tracing::error!(%trouble, "what devices tell cannot be written; calls and answers go on from memory");
        }
    }
}

/// Writes what the names stand for now, all of it or nothing.
fn write_some(connection: &mut Connection, cache: &Cache, names: &[Unwritten]) -> Result<(), Trouble> {
    let transaction = connection.transaction()?;
    for name in names {
        match name {
            Unwritten::Whereabouts(device) => match cache.whereabouts(device) {
                Some(now) => {
                    let text = json(&KeptWhereabouts::from(&*now));
                    let put = "INSERT OR REPLACE INTO whereabouts (device, at, told) VALUES (?1, ?2, ?3)";
                    transaction.prepare_cached(put)?.execute((&**device, now.at.as_millis(), text))?
                }
                None => {
                    transaction.prepare_cached("DELETE FROM whereabouts WHERE device = ?1")?.execute([&**device])?
                }
            },
            Unwritten::Typed(device) => match cache.all_typed(device) {
                Some(all) => {
                    let text = json(&all.iter().map(KeptTyped::from).collect::<Vec<_>>());
                    let seen = all.iter().map(|typed| typed.seen.as_millis()).max().unwrap_or_default();
                    let put = "INSERT OR REPLACE INTO typed (device, seen, addresses) VALUES (?1, ?2, ?3)";
                    transaction.prepare_cached(put)?.execute((&**device, seen, text))?
                }
                None => transaction.prepare_cached("DELETE FROM typed WHERE device = ?1")?.execute([&**device])?,
            },
            Unwritten::Token(sum) => match cache.token_of(sum) {
                Some(named) => {
                    let put =
                        "INSERT OR REPLACE INTO tokens (sum, device, organisation, expires) VALUES (?1, ?2, ?3, ?4)";
                    let row = (sum.as_slice(), &*named.device, &*named.organisation, named.expires.as_millis());
                    transaction.prepare_cached(put)?.execute(row)?
                }
                None => transaction.prepare_cached("DELETE FROM tokens WHERE sum = ?1")?.execute([sum.as_slice()])?,
            },
        };
    }
    transaction.commit()?;
    Ok(())
}

/// What we keep has a text: neither its keys nor its numbers are of a kind that JSON has not.
fn json(kept: &impl serde::Serialize) -> String {
    serde_json::to_string(kept).unwrap_or_default()
}

/// Takes out what memory has forgotten.
fn forget(connection: &Connection, now: Wall) -> Result<(), Trouble> {
    let since = before(now, FORGOTTEN_AFTER);
    connection.execute("DELETE FROM whereabouts WHERE at < ?1", [since])?;
    connection.execute("DELETE FROM tokens WHERE expires < ?1", [since])?;
    connection.execute("DELETE FROM typed WHERE seen < ?1", [before(now, TYPED_FORGOTTEN_AFTER)])?;
    Ok(())
}

fn before(now: Wall, span: Duration) -> u64 {
    now.as_millis().saturating_sub(span.as_millis() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::entropy::Entropy;
    use crate::cache::{Typed, Whereabouts};
    use crate::record::surroundings::Surroundings;
    use crate::record::{AccessPoint, Attachment, Chassis, Civic, Element, Interface, Mac, Measurements, Number, Port};

    const DAY: u64 = 24 * 60 * 60 * 1000;

    fn told(at: u64) -> Whereabouts {
        let interface = Interface {
            at: Wall::from_millis(at - 7),
            is_virtual: false,
            switches: vec![Attachment { chassis: Chassis::read("10.1.0.1").unwrap(), port: Port::read("Gi1/0/7") }],
            access_points: vec![AccessPoint {
                bssid: Mac::new([2, 0, 0, 0, 0, 9]),
                serving: true,
                signal_dbm: Some(-61),
            }],
            gateway: Mac::read("02-00-00-00-77-01"),
            addresses: vec![[192, 168, 1, 20].into(), "2001:db8::1".parse().unwrap()],
        };
        let public = Some(([203, 0, 113, 7].into(), Wall::from_millis(at)));
        let measurements = Measurements { interfaces: vec![interface], public };
        let source = Some([203, 0, 113, 7].into());
        Whereabouts { measurements, at: Wall::from_millis(at), source, line: Number::read("+13125550123") }
    }

    fn typed(at: u64) -> Typed {
        let mut civic = Civic::default();
        for (element, value) in [(Element::Country, "US"), (Element::Rd, "Möwen & <Straße>"), (Element::Hno, "7")] {
            civic.set(element, value);
        }
        Typed::new(Surroundings::of(&told(at).measurements).unwrap(), civic, Wall::from_millis(at))
    }

    fn named(device: &str, expires: u64) -> Named {
        Named { device: device.into(), organisation: "acme".into(), expires: Wall::from_millis(expires) }
    }

    /// A node that is started, does this and ends.
    fn runs(state: &State, work: impl FnOnce(&Arc<Cache>, u64)) {
        let (cache, clock) = (Arc::new(Cache::default()), Clock::start());
        let _writing = Writing::start(state, Arc::clone(&cache), clock).unwrap();
        work(&cache, clock.now().wall.as_millis());
    }

    fn count(state: &State, table: &str) -> u64 {
        let all = format!("SELECT count(*) FROM {table}");
        state.connect().unwrap().query_row(&all, [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn what_was_told_given_and_issued_is_there_again_after_a_restart() {
        let home = tempfile::tempdir().unwrap();
        let state = State::take(home.path(), Wall::from_millis(7)).unwrap();
        let (mut token, mut at) = (String::new(), 0);
        runs(&state, |cache, now| {
            at = now;
            assert!(cache.tell_whereabouts(&"desk".into(), told(now)) && cache.keep_typed(&"desk".into(), typed(now)));
            token = cache.issue(named("desk", now + DAY), &mut Entropy::seeded([3; 32]));
        });
        runs(&state, |cache, _| {
            assert!(cache.whereabouts("desk").is_some_and(|again| *again == told(at)));
            assert!(cache.all_typed("desk").is_some_and(|again| *again == [typed(at)]));
            assert!(cache.typed("desk", &told(at).measurements).is_some());
            assert_eq!(cache.token(&token), Some(named("desk", at + DAY)));
            assert!(cache.withdraw_typed("desk", &typed(at).surroundings));
        });
        runs(&state, |cache, _| assert!(cache.all_typed("desk").is_none(), "what was taken back stays away"));
    }

    #[test]
    fn a_device_keeps_its_last_tokens_and_the_disk_no_others() {
        let home = tempfile::tempdir().unwrap();
        let state = State::take(home.path(), Wall::from_millis(7)).unwrap();
        let chance = &mut Entropy::seeded([3; 32]);
        let mut tokens = Vec::new();
        for _ in 0..3 {
            runs(&state, |cache, now| tokens.extend((0..3).map(|late| cache.issue(named("desk", now + late), chance))));
        }
        assert_eq!(count(&state, "tokens"), 4);
        runs(&state, |cache, _| {
            let holds: Vec<_> = tokens.iter().map(|token| cache.token(token).is_some()).collect();
            assert_eq!(holds, [false, false, false, false, false, true, true, true, true]);
        });
    }

    #[test]
    fn what_is_long_over_is_left_out_and_taken_out_and_what_cannot_be_read_harms_nothing_else() {
        let home = tempfile::tempdir().unwrap();
        let state = State::take(home.path(), Wall::from_millis(7)).unwrap();
        let connection = state.connect().unwrap();
        let now = Clock::start().now().wall.as_millis();
        runs(&state, |cache, _| {
            for (device, at) in [("old", now - 32 * DAY), ("new", now - DAY)] {
                cache.recall_whereabouts(device.into(), told(at));
                cache.is_unwritten([Unwritten::Whereabouts(device.into())]);
            }
            cache.issue(named("old", now - 32 * DAY), &mut Entropy::seeded([3; 32]));
            assert!(cache.keep_typed(&"old".into(), typed(now - 401 * DAY)));
        });
        connection.execute("INSERT INTO whereabouts VALUES ('broken', ?1, '{')", [now]).unwrap();
        let cache = Cache::default();
        let recalled = recall(&connection, &cache, Wall::from_millis(now)).unwrap();
        assert_eq!(recalled, Recalled { devices: 1, unreadable: 1, ..Recalled::default() });
        assert!(cache.whereabouts("new").is_some() && cache.whereabouts("old").is_none());
        forget(&connection, Wall::from_millis(now)).unwrap();
        assert_eq!(["whereabouts", "typed", "tokens"].map(|table| count(&state, table)), [2, 0, 0]);
    }

    #[test]
    fn what_cannot_be_written_waits_until_it_can() {
        let home = tempfile::tempdir().unwrap();
        let state = State::take(home.path(), Wall::from_millis(7)).unwrap();
        let cache = Arc::new(Cache::default());
        cache.note_changes();
        assert!(cache.tell_whereabouts(&"desk".into(), told(9)));
        let connection = state.connect().unwrap();
        connection.execute_batch("ALTER TABLE whereabouts RENAME TO away").unwrap();
        let mut writer = Writer { connection: state.connect().unwrap(), cache, clock: Clock::start() };
        assert!(writer.write().is_err());
        connection.execute_batch("ALTER TABLE away RENAME TO whereabouts").unwrap();
        writer.write().unwrap();
        assert_eq!(count(&state, "whereabouts"), 1);
    }
}
