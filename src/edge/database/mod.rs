//! Files of SQLite as we keep them: nobody else reads them, a commit is on the disk when it returns, and each has a schema
//! by versions.
mod schema;

pub use schema::Schema;

use core::time::Duration;
use rusqlite::Connection;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// How long a change waits for another one to finish.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why a file does not serve. It names files and never what they hold.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// There is none.
    #[error("there is no store at {}", .0.display())]
    Absent(PathBuf),
    /// A file that is there is something else.
    #[error("{} is not what callbox keeps there; name another file", .0.display())]
    Foreign(PathBuf),
    /// It was written by a later callbox.
    #[error("it has schema {found} and this callbox knows {known}; use the callbox that wrote it, or a later one")]
    Newer {
        /// The schema that it has.
        found: u32,
        /// The newest that this program knows.
        known: u32,
    },
    /// Another router works with it.
    #[error("{} is in use by another callbox; stop that one, or give this one a folder of its own", .0.display())]
    InUse(PathBuf),
    /// It changed between the look at it and the change.
    #[error("the store was changed by somebody else meanwhile; try again")]
    Moved,
    /// A file to be made is there already.
    #[error("{} is there already; name another file", .0.display())]
    InTheWay(PathBuf),
    /// Its pages do not fit together.
    #[error("{} is damaged; restore a backup", .0.display())]
    Damaged(PathBuf),
    /// The database's own word.
    #[error("the database cannot be used: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The system's own word.
    #[error("the database cannot be used: {0}")]
    Io(#[from] std::io::Error),
}

/// The path of a file that is there and that its owner alone can read: what it holds is nobody else's business. One that
/// was there keeps the rights that it has, unless it must be new.
///
/// # Errors
/// What the system says; [`Trouble::InTheWay`].
pub fn private(path: &Path, must_be_new: bool) -> Result<&Path, Trouble> {
    let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match made {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && must_be_new => {
            Err(Trouble::InTheWay(path.into()))
        }
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error.into()),
        _ => Ok(path),
    }
}

/// Sets a connection to what all of ours are set to. With `FULL` a commit has reached the disk when it returns.
///
/// # Errors
/// What the database says.
pub fn prepare(connection: &Connection) -> Result<(), Trouble> {
    be_patient(connection)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// How much of its file a connection that mostly writes keeps in memory, in KiB: what one commit touches.
const KEPT_KIB: i32 = 512;

/// Lets a connection that mostly writes keep little of its file in memory: it reads nothing of that again.
///
/// # Errors
/// What the database says.
pub fn keep_little(connection: &Connection) -> Result<(), Trouble> {
    // Below zero it is a size, above a number of pages.
    Ok(connection.pragma_update(None, "cache_size", -KEPT_KIB)?)
}

/// Does work in one transaction: all of it is kept, or nothing. For who writes all the time: what begins and ends it is read
/// once by the database and kept, as the statements of the work should be.
///
/// # Errors
/// What the work or the database says.
pub fn whole<T>(connection: &Connection, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
    let run = |statement| connection.prepare_cached(statement)?.execute([]).map(drop);
    run("BEGIN IMMEDIATE")?;
    let done = work(connection).and_then(|done| run("COMMIT").map(|()| done));
    if done.is_err() && !connection.is_autocommit() {
        // Where even this fails, the next one cannot begin and says so.
        let _undone = run("ROLLBACK");
    }
    done
}

/// Lets a connection wait for what others are writing.
///
/// # Errors
/// What the database says.
pub fn be_patient(connection: &Connection) -> Result<(), Trouble> {
    Ok(connection.busy_timeout(PATIENCE)?)
}
