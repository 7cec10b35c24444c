//! The file itself: lines in, lines out, and what changed since.
use super::{Trouble, schema};
use crate::base::now::Wall;
use crate::record::table::plan::{Edit, Stored};
use crate::record::table::{Cells, Key, Kind, Writer};
use core::time::Duration;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior, params_from_iter};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// The most lines of one change that are followed one by one. After a larger one, all is read anew.
pub const MOST_FOLLOWED: usize = 10_000;

/// How many changes back it is known what each touched. Who is further behind reads all anew.
pub const KEPT_CHANGES: u64 = 10_000;

/// How long a change waits for another one to finish.
const PATIENCE: Duration = Duration::from_secs(30);

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
        let is_new = !path.exists();
        let mut connection = Connection::open(path)?;
        if is_new {
            // It holds what is nobody else's business.
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        }
        prepare(&connection)?;
        schema::bring_up(&mut connection, path, now)?;
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
        schema::bring_up(&mut connection, path, now)?;
        Ok(Store { connection })
    }

    /// A store that nobody keeps.
    pub fn in_memory(now: Wall) -> Result<Store, Trouble> {
        let mut connection = Connection::open_in_memory()?;
        schema::bring_up(&mut connection, Path::new(""), now)?;
        Ok(Store { connection })
    }

    /// The version of the last change; 0 before the first.
    pub fn version(&self) -> Result<u64, Trouble> {
        Ok(version(&self.connection)?)
    }

    /// All lines and the version that they are.
    pub fn lines(&mut self) -> Result<(Stored, u64), Trouble> {
        let transaction = self.connection.transaction()?;
        let mut stored = Stored::default();
        for kind in Kind::ALL {
            each_line(&transaction, kind, |cells| stored[kind.place()].push(Cells::new(cells)))?;
        }
        let version = version(&transaction)?;
        Ok((stored, version))
    }

    /// All tables as CSV files, in the order of their keys, and the version that they are.
    pub fn texts(&mut self) -> Result<(Vec<(Kind, String)>, u64), Trouble> {
        let transaction = self.connection.transaction()?;
        let mut texts = Vec::new();
        for kind in Kind::ALL {
            let mut text = Writer::new(kind);
            each_line(&transaction, kind, |cells| text.line(cells))?;
            texts.push((kind, text.text()));
        }
        let version = version(&transaction)?;
        Ok((texts, version))
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
    pub fn since(&mut self, seen: u64) -> Result<(News, u64), Trouble> {
        let transaction = self.connection.transaction()?;
        let now = version(&transaction)?;
        let listed = "SELECT count(*), coalesce(max(is_whole), 0) FROM changes WHERE version > ?1";
        let (changes, is_whole): (u64, bool) =
            transaction.query_row(listed, [seen], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if now < seen || is_whole || changes != now - seen || changes > KEPT_CHANGES {
            return Ok((News::All, now));
        }
        let mut touched = Vec::new();
        let mut rows = transaction.prepare_cached("SELECT DISTINCT kind, key FROM touched WHERE version > ?1")?;
        let mut rows = rows.query([seen])?;
        while let Some(row) = rows.next()? {
            let Some(kind) = Kind::read(row.get_ref(0)?.as_str().unwrap_or("")) else { continue };
            touched.push((kind, Key::stored(row.get_ref(1)?.as_str().unwrap_or(""))));
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

/// What every connection is set to. With `FULL` a commit has reached the disk when it returns.
pub(super) fn prepare(connection: &Connection) -> Result<(), Trouble> {
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
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

fn each_line(
    transaction: &Transaction<'_>,
    kind: Kind,
    mut each: impl for<'l> FnMut(&mut dyn Iterator<Item = &'l str>),
) -> Result<(), Trouble> {
    let width = kind.columns().count();
    let mut rows = transaction.prepare(&select(kind))?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        // A column of a STRICT table that is TEXT NOT NULL is text.
        each(&mut (0..width).map(|at| text(row, at).unwrap_or("")));
    }
    Ok(())
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
