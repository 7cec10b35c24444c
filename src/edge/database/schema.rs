//! A schema by versions. Each step is the statements that lead from the version before to its own; what was released
//! is never edited.
use super::Trouble;
use crate::base::now::Wall;
use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;

/// How a file of ours came to be what it is.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    /// What marks a file of SQLite as one of these: four letters.
    pub mark: [u8; 4],
    /// The steps from nothing to the newest version.
    pub steps: &'static [&'static str],
}

impl Schema {
    /// The version that this program reads and writes.
    pub const fn newest(&self) -> u32 {
        self.steps.len() as u32
    }

    /// Brings a file to the newest version, all of it or nothing.
    ///
    /// # Errors
    /// A file that is none of these, or of a later version; what the database says.
    pub fn bring_up(&self, connection: &mut Connection, path: &Path, at: Wall) -> Result<(), Trouble> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found = self.found(&transaction, path)?;
        if found > self.newest() {
            return Err(self.newer(found));
        }
        for (version, step) in (1u32..).zip(self.steps).skip(found as usize) {
            transaction.execute_batch(step)?;
            transaction.execute("INSERT INTO schema (version, at) VALUES (?1, ?2)", (version, at.as_millis()))?;
        }
        transaction.execute_batch(&format!("PRAGMA application_id = {}", self.application()))?;
        transaction.commit()?;
        Ok(())
    }

    /// Whether a file has the newest schema.
    ///
    /// # Errors
    /// As [`Schema::bring_up`].
    pub fn is_newest(&self, connection: &Connection, path: &Path) -> Result<bool, Trouble> {
        match self.found(connection, path)? {
            found if found > self.newest() => Err(self.newer(found)),
            found => Ok(found == self.newest()),
        }
    }

    const fn application(&self) -> i32 {
        i32::from_be_bytes(self.mark)
    }

    const fn newer(&self, found: u32) -> Trouble {
        Trouble::Newer { found, known: self.newest() }
    }

    /// The version of a file; 0 of an empty one.
    fn found(&self, connection: &Connection, path: &Path) -> Result<u32, Trouble> {
        let number = |of: &str| connection.query_row(of, [], |row| row.get::<_, i64>(0));
        let tables = number("SELECT count(*) FROM sqlite_schema").map_err(|error| not_ours(error, path))?;
        if tables == 0 {
            return Ok(0);
        }
        if number("PRAGMA application_id")? != i64::from(self.application()) {
            return Err(Trouble::Foreign(path.into()));
        }
        Ok(u32::try_from(number("SELECT coalesce(max(version), 0) FROM schema")?).unwrap_or(u32::MAX))
    }
}

/// What the database says of a file that it cannot read as one of its own.
fn not_ours(error: rusqlite::Error, path: &Path) -> Trouble {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => Trouble::Foreign(path.into()),
        Some(rusqlite::ErrorCode::DatabaseCorrupt) => Trouble::Damaged(path.into()),
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATER: [&str; 3] = [
        "CREATE TABLE schema (version INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT;
         CREATE TABLE gardens (name TEXT) STRICT",
        "ALTER TABLE gardens ADD COLUMN fence TEXT NOT NULL DEFAULT ''",
        "CREATE TABLE fences (id TEXT)",
    ];

    fn versions(connection: &Connection) -> Vec<u32> {
        let mut rows = connection.prepare("SELECT version FROM schema ORDER BY version").unwrap();
        rows.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    }

    fn up(connection: &mut Connection, steps: &'static [&'static str]) -> Result<(), Trouble> {
        Schema { mark: *b"test", steps }.bring_up(connection, Path::new("a.db"), Wall::from_millis(7))
    }

    #[test]
    fn a_store_of_any_version_takes_the_steps_that_it_lacks_and_no_other() {
        for begun in 0..=LATER.len() {
            let mut store = Connection::open_in_memory().unwrap();
            up(&mut store, &LATER[..begun]).unwrap();
            if begun > 0 {
                store.execute("INSERT INTO gardens (name) VALUES ('rose')", []).unwrap();
            }
            up(&mut store, &LATER).unwrap();
            up(&mut store, &LATER).unwrap();
            assert_eq!(versions(&store), [1, 2, 3], "begun with {begun}");
            let kept: u32 = store.query_row("SELECT count(*) FROM gardens", [], |row| row.get(0)).unwrap();
            assert_eq!(kept, u32::from(begun > 0));
        }
    }

    #[test]
    fn a_step_that_fails_leaves_the_version_before() {
        let mut store = Connection::open_in_memory().unwrap();
        up(&mut store, &LATER[..1]).unwrap();
        static BROKEN: [&str; 3] = [LATER[0], LATER[1], "CREATE TABLE oops ("];
        assert!(up(&mut store, &BROKEN).is_err());
        assert_eq!(versions(&store), [1]);
        up(&mut store, &LATER).unwrap();
    }

    #[test]
    fn a_later_store_and_a_strangers_file_are_left_alone() {
        let mut store = Connection::open_in_memory().unwrap();
        up(&mut store, &LATER).unwrap();
        assert!(matches!(up(&mut store, &LATER[..1]), Err(Trouble::Newer { found: 3, known: 1 })));
        let mut strange = Connection::open_in_memory().unwrap();
        strange.execute_batch("CREATE TABLE recipes (name TEXT)").unwrap();
        assert!(matches!(up(&mut strange, &LATER), Err(Trouble::Foreign(_))));
    }
}
