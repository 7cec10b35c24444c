//! What the node itself writes and must find again after a crash, in a folder that is its alone. It is a file beside the
//! store and not part of it, so that a long import makes nobody wait who has a call to remember.
//!
//! Each part has a file here, tables of its own, and its own connection on its own thread; nothing here is on the path of
//! a call.
mod kept;
pub mod leases;
pub mod outbox;
pub mod presence;
mod up;
pub mod whereabouts;

use super::database::{Schema, Trouble, be_patient, keep_little, prepare, private};
use crate::base::now::Wall;
use rusqlite::{Connection, OpenFlags};
use std::fs::{File, TryLockError};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Every version that the file ever had. What was released is never edited.
const SCHEMA: Schema = Schema {
    mark: *b"cbxs",
    steps: &[
        include_str!("1.sql"),
        include_str!("2.sql"),
        include_str!("3.sql"),
        include_str!("4.sql"),
        include_str!("5.sql"),
    ],
};

/// The file.
const FILE: &str = "state.db";

/// The folder, held for as long as this is kept.
#[derive(Debug)]
pub struct State {
    folder: PathBuf,
    /// Given up when the process ends, however it ends.
    _lock: File,
}

impl State {
    /// Takes the folder, which is made if it is not there, and brings its file to the newest schema.
    ///
    /// # Errors
    /// [`Trouble::InUse`] when another router has it; a file of a later version or that is something else; what the
    /// system says.
    pub fn take(folder: &Path, now: Wall) -> Result<State, Trouble> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let lock = File::options().write(true).open(private(&folder.join("state.lock"), false)?)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Trouble::InUse(folder.into())),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let state = State { folder: folder.into(), _lock: lock };
        let path = state.path();
        let mut connection = Connection::open(private(&path, false)?)?;
        prepare(&connection)?;
        SCHEMA.bring_up(&mut connection, &path, now)?;
        Ok(state)
    }

    /// A connection for a part and its thread.
    ///
    /// # Errors
    /// What the database says.
    pub fn connect(&self) -> Result<Connection, Trouble> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(self.path(), flags)?;
        prepare(&connection)?;
        keep_little(&connection)?;
        Ok(connection)
    }

    /// A connection for who only looks, also while a router has the folder. `None` where no router ever wrote, or one that
    /// kept other things.
    ///
    /// # Errors
    /// A file of a later version or that is something else; what the database says.
    pub fn look(folder: &Path) -> Result<Option<Connection>, Trouble> {
        let path = folder.join(FILE);
        if !path.exists() {
            return Ok(None);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&path, flags)?;
        be_patient(&connection)?;
        Ok(SCHEMA.is_newest(&connection, &path)?.then_some(connection))
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn path(&self) -> PathBuf {
        self.folder.join(FILE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Wall = Wall::from_millis(7);

    #[test]
    fn a_folder_is_made_for_its_owner_alone_and_taken_by_one_router_at_a_time() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("a/b");
        let state = State::take(&folder, NOW).unwrap();
        let rights = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((rights(&folder), rights(&folder.join("state.db"))), (0o700, 0o600));
        assert!(matches!(State::take(&folder, NOW), Err(Trouble::InUse(_))));
        drop(state);
        assert!(State::take(&folder, NOW).is_ok());
    }

    #[test]
    fn what_one_connection_wrote_another_reads_after_the_folder_was_taken_anew() {
        let home = tempfile::tempdir().unwrap();
        let state = State::take(home.path(), NOW).unwrap();
        state.connect().unwrap().execute("UPDATE schema SET at = 9", []).unwrap();
        drop(state);
        let state = State::take(home.path(), NOW).unwrap();
        let at: i64 = state.connect().unwrap().query_row("SELECT at FROM schema", [], |row| row.get(0)).unwrap();
        assert_eq!(at, 9);
    }

    #[test]
    fn a_file_that_is_something_else_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("state.db"), "a shopping list, and a long one, so that it could be a database")
            .unwrap();
        assert!(matches!(State::take(home.path(), NOW), Err(Trouble::Foreign(_) | Trouble::Sqlite(_))));
    }
}
