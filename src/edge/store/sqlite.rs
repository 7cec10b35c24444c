//! The file itself: lines in, lines out, and what changed since.
use super::super::database::{be_patient, prepare, private};
use super::{SCHEMA, Trouble};
use crate::base::now::Wall;
use crate::record::table::plan::{Edit, Stored};
use crate::record::table::{Cells, Kept, Key, Kind, Writer};
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior, params_from_iter};
use std::path::Path;

/// The most lines of one change that are followed one by one. After a larger one, all is read anew.
pub const MOST_FOLLOWED: usize = 10_000;

/// How many changes back it is known what each touched. Who is further behind reads all anew.
pub const KEPT_CHANGES: u64 = 10_000;

/// An open store.
#[derive(Debug)]
pub struct Store {
    pub(super) connection: Connection,
}

/// What happened since a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// These lines came, changed or went; each is named once.
    Touched(Vec<(Kind, Key)>),
    /// Too much to list.
    All,
}

impl Store {
    /// Opens the store at `path`, and makes it if it is not there. An older one is brought to the newest schema.
    ///
    /// # Errors
    /// A file that is no store, is one of a later version, or cannot be read and written.
    pub fn create(path: &Path, now: Wall) -> Result<Store, Trouble> {
        let mut connection = Connection::open(private(path, false)?)?;
        prepare(&connection)?;
        SCHEMA.bring_up(&mut connection, path, now)?;
        Ok(Store { connection })
    }

    /// Opens the store at `path`.
    ///
    /// # Errors
    /// As [`Store::create`]; and [`Trouble::Absent`] when there is none.
    pub fn open(path: &Path, now: Wall) -> Result<Store, Trouble> {
        if !path.exists() {
            return Err(Trouble::Absent(path.into()));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags)?;
        prepare(&connection)?;
        SCHEMA.bring_up(&mut connection, path, now)?;
        Ok(Store { connection })
    }

    /// Opens the store at `path` to look at it alone. An older one is read as the newest schema would have it, and stays
    /// as it is.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn look(path: &Path, now: Wall) -> Result<Store, Trouble> {
        if !path.exists() {
            return Err(Trouble::Absent(path.into()));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        be_patient(&connection)?;
        match SCHEMA.is_newest(&connection, path)? {
            true => Ok(Store { connection }),
            false => super::of_backup(path, now),
        }
    }

    /// A store that nobody keeps.
    pub fn in_memory(now: Wall) -> Result<Store, Trouble> {
        let mut connection = Connection::open_in_memory()?;
        SCHEMA.bring_up(&mut connection, Path::new(""), now)?;
        Ok(Store { connection })
    }

    /// The version of the last change; 0 before the first.
    pub fn version(&self) -> Result<u64, Trouble> {
        Ok(version(&self.connection)?)
    }

    /// Does several readings of one and the same version.
    pub fn at_once<T, E: From<Trouble>>(&self, work: impl FnOnce(&Store) -> Result<T, E>) -> Result<T, E> {
        if !self.connection.is_autocommit() {
            return work(self);
        }
        let transaction = self.connection.unchecked_transaction().map_err(Trouble::from)?;
        let done = work(self);
        transaction.finish().map_err(Trouble::from)?;
        done
    }

    /// All lines and the version that they are.
    pub fn lines(&self) -> Result<(Stored, u64), Trouble> {
        self.at_once(|store| {
            let mut stored = Stored::default();
            for kind in Kind::ALL {
                store.each_line(kind, |cells| stored[kind.place()].push(Cells::new(cells)))?;
            }
            Ok((stored, store.version()?))
        })
    }

    /// All tables as CSV files, in the order of their keys, and the version that they are.
    pub fn texts(&self) -> Result<(Vec<(Kind, String)>, u64), Trouble> {
        self.at_once(|store| {
            let mut texts = Vec::new();
            for kind in Kind::ALL {
                let mut text = Writer::new(kind);
                store.each_line(kind, |cells| text.line(cells))?;
                texts.push((kind, text.text()));
            }
            Ok((texts, store.version()?))
        })
    }

    /// All tables as they are kept, to be read, and the version that they are.
    pub fn kept(&self) -> Result<(Vec<(Kind, String)>, u64), Trouble> {
        self.at_once(|store| {
            let mut texts = Vec::new();
            for kind in Kind::ALL {
                let mut text = Kept::default();
                store.each_line(kind, |cells| text.line(cells))?;
                texts.push((kind, text.text()));
            }
            Ok((texts, store.version()?))
        })
    }

    pub(super) fn each_line(
        &self,
        kind: Kind,
        mut each: impl for<'l> FnMut(&mut dyn Iterator<Item = &'l str>),
    ) -> Result<(), Trouble> {
        let width = kind.columns().count();
        let mut rows = self.connection.prepare_cached(&select(kind))?;
        let mut rows = rows.query([])?;
        while let Some(row) = rows.next()? {
            // A column of a STRICT table that is TEXT NOT NULL is text.
            each(&mut (0..width).map(|at| text(row, at).unwrap_or("")));
        }
        Ok(())
    }

    /// Makes a change that was planned for the version `base`. When this returns, it is on the disk.
    ///
    /// # Errors
    /// [`Trouble::Moved`] when the store has another version; what the database says. Nothing is changed then.
    pub fn append(
        &mut self,
        base: u64,
        edits: &[Edit],
        author: &str,
        summary: &str,
        now: Wall,
    ) -> Result<u64, Trouble> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if version(&transaction)? != base {
            return Err(Trouble::Moved);
        }
        let next = base + 1;
        let is_whole = edits.len() > MOST_FOLLOWED;
        for edit in edits {
            let (kind, key) = apply(&transaction, edit, next)?;
            if !is_whole {
                let mut touch = transaction.prepare_cached("INSERT OR IGNORE INTO touched VALUES (?1, ?2, ?3)")?;
                touch.execute((next, kind.text(), key.expose()))?;
            }
        }
        note(&transaction, next, author, summary, is_whole, now)?;
        transaction.commit()?;
        Ok(next)
    }

    /// What happened since a version, and the version now.
    pub fn since(&self, seen: u64) -> Result<(News, u64), Trouble> {
        self.at_once(|store| store.news(seen))
    }

    fn news(&self, seen: u64) -> Result<(News, u64), Trouble> {
        let now = self.version()?;
        let listed = "SELECT count(*), coalesce(max(is_whole), 0) FROM changes WHERE version > ?1";
        let (changes, is_whole): (u64, bool) =
            self.connection.query_row(listed, [seen], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if now < seen || is_whole || changes != now - seen || changes > KEPT_CHANGES {
            return Ok((News::All, now));
        }
        let mut touched = Vec::new();
        let mut rows = self.connection.prepare_cached("SELECT DISTINCT kind, key FROM touched WHERE version > ?1")?;
        let mut rows = rows.query([seen])?;
        while let Some(row) = rows.next()? {
            let Some(kind) = Kind::read(text(row, 0)?) else { return Ok((News::All, now)) };
            touched.push((kind, Key::stored(text(row, 1)?)));
        }
        Ok((if touched.len() > MOST_FOLLOWED { News::All } else { News::Touched(touched) }, now))
    }

    /// A number that is another one whenever somebody else changed the file. Asking costs microseconds.
    pub fn pulse(&self) -> Result<i64, Trouble> {
        Ok(self.connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?)
    }

    /// The line with a key.
    pub fn line(&self, kind: Kind, key: &Key) -> Result<Option<Cells>, Trouble> {
        let wanted: Vec<_> =
            kind.key().iter().zip(1..).map(|(&at, n)| format!("\"{}\" = ?{n}", column(kind, at))).collect();
        let found = self.some(kind, &wanted.join(" AND "), key.iter())?;
        Ok(found.into_iter().next())
    }

    /// The lines with a value in a column.
    pub fn lines_with(&self, kind: Kind, column: &str, value: &str) -> Result<Vec<Cells>, Trouble> {
        self.some(kind, &format!("\"{column}\" = ?1 AND \"{column}\" <> ''"), [value].into_iter())
    }

    /// The lines of an organisation with a value in another column.
    pub(super) fn lines_of(
        &self,
        kind: Kind,
        organisation: &str,
        column: &str,
        value: &str,
    ) -> Result<Vec<Cells>, Trouble> {
        let wanted = format!("organisation = ?1 AND \"{column}\" = ?2 AND \"{column}\" <> ''");
        self.some(kind, &wanted, [organisation, value].into_iter())
    }

    /// Two columns of every line of an organisation.
    pub(super) fn each_of(
        &self,
        kind: Kind,
        organisation: &str,
        columns: [&str; 2],
        mut each: impl FnMut([&str; 2]),
    ) -> Result<(), Trouble> {
        let [one, other] = columns;
        let wanted = format!("SELECT \"{one}\", \"{other}\" FROM {} WHERE organisation = ?1", kind.text());
        let mut rows = self.connection.prepare_cached(&wanted)?;
        let mut rows = rows.query([organisation])?;
        while let Some(row) = rows.next()? {
            each([text(row, 0)?, text(row, 1)?]);
        }
        Ok(())
    }

    fn some<'a>(&self, kind: Kind, wanted: &str, values: impl Iterator<Item = &'a str>) -> Result<Vec<Cells>, Trouble> {
        let mut rows = self.connection.prepare_cached(&format!("{} WHERE {wanted}", select(kind)))?;
        let mut rows = rows.query(params_from_iter(values))?;
        let mut lines = Vec::new();
        while let Some(row) = rows.next()? {
            let cells: Result<Vec<&str>, _> = (0..kind.columns().count()).map(|at| text(row, at)).collect();
            lines.push(Cells::new(cells?));
        }
        Ok(lines)
    }
}

/// Says in the book of changes that one was made, and forgets what those long ago touched.
pub(super) fn note(
    transaction: &Transaction<'_>,
    next: u64,
    author: &str,
    summary: &str,
    is_whole: bool,
    now: Wall,
) -> Result<(), Trouble> {
    transaction.execute(
        "INSERT INTO changes VALUES (?1, ?2, ?3, ?4, ?5)",
        (next, now.as_millis(), author, summary, is_whole),
    )?;
    transaction.execute("DELETE FROM touched WHERE version <= ?1", [next.saturating_sub(KEPT_CHANGES)])?;
    Ok(())
}

pub(super) fn version(connection: &Connection) -> Result<u64, rusqlite::Error> {
    connection.prepare_cached("SELECT coalesce(max(version), 0) FROM changes")?.query_row([], |row| row.get(0))
}

fn apply(transaction: &Transaction<'_>, edit: &Edit, version: u64) -> Result<(Kind, Key), Trouble> {
    match edit {
        Edit::Put { kind, line, .. } => {
            let names: Vec<_> = kind.columns().map(|name| format!("\"{name}\"")).collect();
            let values: Vec<_> = (1..=names.len()).map(|at| format!("?{at}")).collect();
            let put = format!(
                "INSERT OR REPLACE INTO {} ({}, version) VALUES ({}, {version})",
                kind.text(),
                names.join(", "),
                values.join(", ")
            );
            transaction.prepare_cached(&put)?.execute(params_from_iter(line.iter()))?;
            Ok((*kind, line.key(*kind)))
        }
        Edit::Remove { kind, key } => {
            let wanted: Vec<_> =
                kind.key().iter().zip(1..).map(|(&at, n)| format!("\"{}\" = ?{n}", column(*kind, at))).collect();
            let remove = format!("DELETE FROM {} WHERE {}", kind.text(), wanted.join(" AND "));
            transaction.prepare_cached(&remove)?.execute(params_from_iter(key.iter()))?;
            Ok((*kind, key.clone()))
        }
    }
}

fn text<'r>(row: &'r rusqlite::Row<'_>, at: usize) -> Result<&'r str, rusqlite::Error> {
    row.get_ref(at)?
        .as_str()
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(at, rusqlite::types::Type::Text, Box::new(error)))
}

fn select(kind: Kind) -> String {
    let names: Vec<_> = kind.columns().map(|name| format!("\"{name}\"")).collect();
    format!("SELECT {} FROM {}", names.join(", "), kind.text())
}

fn column(kind: Kind, at: usize) -> &'static str {
    kind.columns().nth(at).unwrap_or_default()
}
