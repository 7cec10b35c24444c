//! Follows the store: what somebody changed is in the cache a moment later, whichever process changed it.
use crate::cache::{Cache, Gone};
use crate::config::world::against;
use crate::edge::clock::Clock;
use crate::edge::store::{Fresh, News, Store, Trouble};
use crate::record::Number;
use crate::record::table::{self, Fault, File, Files, Key, Kind, Tables};
use core::time::Duration;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// How often it is asked whether anything changed.
const EVERY: Duration = Duration::from_millis(10);

/// How long a store that does not serve is left alone.
const AGAIN: Duration = Duration::from_secs(1);

/// Held while the cache takes what was read from files or from the store, so that the older of the two never comes last.
pub type Turn = Arc<Mutex<()>>;

/// Follows a store.
#[derive(Debug)]
pub struct Follower {
    cache: Arc<Cache>,
    clock: Clock,
    path: PathBuf,
    seen: u64,
    turn: Turn,
}

/// Why a change could not be taken.
#[derive(Debug)]
pub enum NotTaken {
    /// The store does not serve.
    Trouble(Trouble),
    /// The tables are not sound; the first fault tells where.
    Unsound(Vec<Fault>),
}

impl From<Trouble> for NotTaken {
    fn from(trouble: Trouble) -> NotTaken {
        NotTaken::Trouble(trouble)
    }
}

impl Follower {
    /// Follows the store at `path` from the version that the cache has.
    pub fn new(cache: Arc<Cache>, clock: Clock, path: &Path, seen: u64, turn: Turn) -> Follower {
        Follower { cache, clock, path: path.into(), seen, turn }
    }

    /// Follows for as long as the node lives.
    pub fn run(mut self) {
        let mut known = String::new();
        loop {
            let told = Store::open(&self.path, self.clock.now().wall).and_then(|store| self.follow(store));
            if let Err(trouble) = told
                && trouble.to_string() != known
            {
                tracing::error!(%trouble, "the store cannot be followed; what is known stays");
                known = trouble.to_string();
            }
            std::thread::park_timeout(AGAIN);
        }
    }

    fn follow(&mut self, store: Store) -> Result<(), Trouble> {
        let mut pulse = None;
        loop {
            let now = Some(store.pulse()?);
            if now != pulse {
                pulse = now;
                match self.catch_up(&store) {
                    Ok(None) => {}
                    Ok(Some(lines)) => tracing::info!(version = self.seen, lines, "change of the store taken"),
                    Err(NotTaken::Trouble(trouble)) => return Err(trouble),
                    Err(NotTaken::Unsound(faults)) => {
                        for fault in faults.iter().take(10) {
                            tracing::error!(%fault, "change of the store not taken; what was known before stays");
                        }
                    }
                }
            }
            std::thread::park_timeout(EVERY);
        }
    }

    /// Brings the cache to the store's version. Returns how many lines that took, if there was anything new.
    ///
    /// # Errors
    /// A store that does not serve, or tables that are not sound. The cache is as it was then.
    pub fn catch_up(&mut self, store: &Store) -> Result<Option<usize>, NotTaken> {
        let turn = Arc::clone(&self.turn);
        let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = store.at_once(|store| {
            let (news, version) = store.since(self.seen)?;
            if version == self.seen {
                return Ok(None);
            }
            let fresh = match news {
                News::All => None,
                News::Touched(touched) => store.fresh(self.with_lines(touched), |number| self.user_of(number))?,
            };
            let lines = match fresh {
                Some(fresh) => self.take_some(&fresh)?,
                None => self.take_all(store)?,
            };
            Ok::<_, NotTaken>(Some((lines, version)))
        })?;
        Ok(taken.map(|(lines, version)| {
            self.seen = version;
            lines
        }))
    }

    /// What was touched, and the lines that users had before: they may have lost them.
    fn with_lines(&self, mut touched: Vec<(Kind, Key)>) -> Vec<(Kind, Key)> {
        let users = touched.iter().filter(|(kind, _)| *kind == Kind::Users);
        let users: Vec<_> = users.filter_map(|(_, key)| self.cache.user(key.expose())).collect();
        for user in users {
            let lines = user.lines.iter().map(|line| Key::new([&*user.organisation, line.expose()]));
            touched.extend(lines.map(|key| (Kind::Numbers, key)));
        }
        touched
    }

    /// Whose a number is, as far as the cache knows.
    fn user_of(&self, number: &Key) -> Option<Key> {
        let mut cells = number.iter();
        let (organisation, number) = (cells.next()?, cells.next().and_then(Number::read)?);
        let user = self.cache.user_of_line(&organisation.into(), number)?;
        Some(Key::new([&*user.id]))
    }

    fn take_some(&self, fresh: &Fresh) -> Result<usize, NotTaken> {
        let Tables { organisations, sites, locations, lines, wiremap, devices, users, recipients } =
            self.read(&fresh.texts())?;
        let has = |kind, id: &str| fresh.has(kind, &Key::new([id]));
        let tables = Tables {
            organisations: kept(organisations, |one| has(Kind::Organisations, &one.id)),
            sites: kept(sites, |one| has(Kind::Sites, &one.id)),
            locations: kept(locations, |one| has(Kind::Buildings, &one.id) || has(Kind::Locations, &one.id)),
            lines: kept(lines, |one| fresh.has(Kind::Numbers, &Key::new([&*one.organisation, one.number.expose()]))),
            // Nothing names a line of the wiremap, so none is there that did not change.
            wiremap,
            devices: kept(devices, |one| has(Kind::Devices, &one.id)),
            users: kept(users, |one| has(Kind::Users, &one.id)),
            recipients: kept(recipients, |one| has(Kind::Recipients, &one.id)),
        };
        let gone = gone(fresh.gone());
        let many = count(&tables) + fresh.gone().len();
        self.cache.apply(tables, &gone);
        Ok(many)
    }

    fn take_all(&self, store: &Store) -> Result<usize, NotTaken> {
        let (texts, _) = store.kept()?;
        let tables = self.read(&texts)?;
        let many = count(&tables);
        self.cache.load(tables);
        Ok(many)
    }

    fn read(&self, texts: &[(Kind, String)]) -> Result<Tables, NotTaken> {
        let mut files = Files::default();
        texts.iter().for_each(|(kind, text)| files.add(*kind, File::kept(kind.file(), text)));
        table::read(&files, against(&self.cache.snapshot.load())).map_err(NotTaken::Unsound)
    }
}

fn kept<T>(mut records: Vec<Arc<T>>, is_fresh: impl Fn(&T) -> bool) -> Vec<Arc<T>> {
    records.retain(|record| is_fresh(record));
    records
}

fn count(tables: &Tables) -> usize {
    let Tables { organisations, sites, locations, lines, wiremap, devices, users, recipients } = tables;
    let people = organisations.len() + sites.len() + users.len() + recipients.len();
    people + locations.len() + lines.len() + wiremap.len() + devices.len()
}

/// What went, as the cache knows it.
fn gone(keys: &[(Kind, Key)]) -> Gone {
    let mut gone = Gone::default();
    let mut wiremap = table::Kept::default();
    for (kind, key) in keys {
        let cells: Vec<&str> = key.iter().collect();
        let id = || cells.first().copied().unwrap_or_default().into();
        match kind {
            Kind::Organisations => gone.organisations.push(id()),
            Kind::Sites => gone.sites.push(id()),
            Kind::Buildings | Kind::Locations => gone.places.push(id()),
            Kind::Devices => gone.devices.push(id()),
            Kind::Users => gone.users.push(id()),
            Kind::Recipients => gone.recipients.push(id()),
            Kind::Numbers => {
                gone.lines.extend(cells.get(1).and_then(|text| Number::read(text)).map(|line| (id(), line)))
            }
            // The key is the whole line but for its place, which stands second.
            Kind::Wiremap => wiremap.line(cells[..1].iter().copied().chain([""]).chain(cells[1..].iter().copied())),
        }
    }
    gone.wiremap = table::wiremap_keys(&File::kept(Kind::Wiremap.file(), &wiremap.text()));
    gone
}
