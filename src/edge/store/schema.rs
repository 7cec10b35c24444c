//! The schema by versions. Each step is the statements that lead from the version before to its own; what was released
//! is never edited.
use super::Trouble;
use crate::base::now::Wall;
use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;

/// The steps from nothing to the newest version.
const STEPS: [&str; 2] = [include_str!("1.sql"), include_str!("2.sql")];

/// The version that this program reads and writes.
pub const NEWEST: u32 = STEPS.len() as u32;

/// What marks a file of SQLite as ours: `cbox`.
const APPLICATION: i32 = i32::from_be_bytes(*b"cbox");

/// Brings a store to the newest version, all of it or nothing.
pub(super) fn bring_up(connection: &mut Connection, path: &Path, at: Wall) -> Result<(), Trouble> {
    step_up(connection, path, at, &STEPS)
}

/// Whether a store has the newest schema.
pub(super) fn is_newest(connection: &Connection, path: &Path) -> Result<bool, Trouble> {
    match found(connection, path)? {
        found if found > NEWEST => Err(Trouble::Newer { found }),
        found => Ok(found == NEWEST),
    }
}

/// The version of a store; 0 of an empty file.
fn found(connection: &Connection, path: &Path) -> Result<u32, Trouble> {
    let number = |of: &str| connection.query_row(of, [], |row| row.get::<_, i64>(0));
    let tables = number("SELECT count(*) FROM sqlite_schema").map_err(|error| not_ours(error, path))?;
    if tables == 0 {
        return Ok(0);
    }
    if number("PRAGMA application_id")? != i64::from(APPLICATION) {
        return Err(Trouble::Foreign(path.into()));
    }
    Ok(u32::try_from(number("SELECT coalesce(max(version), 0) FROM schema")?).unwrap_or(u32::MAX))
}

/// What the database says of a file that it cannot read as one of its own.
fn not_ours(error: rusqlite::Error, path: &Path) -> Trouble {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => Trouble::Foreign(path.into()),
        Some(rusqlite::ErrorCode::DatabaseCorrupt) => Trouble::Damaged(path.into()),
        _ => error.into(),
    }
}

fn step_up(connection: &mut Connection, path: &Path, at: Wall, steps: &[&str]) -> Result<(), Trouble> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = found(&transaction, path)?;
    if found as usize > steps.len() {
        return Err(Trouble::Newer { found });
    }
    for (version, step) in (1u32..).zip(steps).skip(found as usize) {
        transaction.execute_batch(step)?;
        transaction.execute("INSERT INTO schema (version, at) VALUES (?1, ?2)", (version, at.as_millis()))?;
    }
    transaction.execute_batch(&format!("PRAGMA application_id = {APPLICATION}"))?;
    transaction.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATER: [&str; 3] =
        [STEPS[0], "ALTER TABLE sites ADD COLUMN fence TEXT NOT NULL DEFAULT ''", "CREATE TABLE fences (id TEXT)"];

    fn versions(connection: &Connection) -> Vec<u32> {
        let mut rows = connection.prepare("SELECT version FROM schema ORDER BY version").unwrap();
        rows.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    }

    fn up(connection: &mut Connection, steps: &[&str]) -> Result<(), Trouble> {
        step_up(connection, Path::new("a.db"), Wall::from_millis(7), steps)
    }

    #[test]
    fn a_store_of_any_version_takes_the_steps_that_it_lacks_and_no_other() {
        for begun in 0..=LATER.len() {
            let mut store = Connection::open_in_memory().unwrap();
            up(&mut store, &LATER[..begun]).unwrap();
            if begun > 0 {
                let row = "INSERT INTO changes VALUES (1, 2, 'somebody', 'something', 0)";
                store.execute(row, []).unwrap();
            }
            up(&mut store, &LATER).unwrap();
            up(&mut store, &LATER).unwrap();
            assert_eq!(versions(&store), [1, 2, 3], "begun with {begun}");
            let kept: u32 = store.query_row("SELECT count(*) FROM changes", [], |row| row.get(0)).unwrap();
            assert_eq!(kept, u32::from(begun > 0));
        }
    }

    #[test]
    fn a_step_that_fails_leaves_the_version_before() {
        let mut store = Connection::open_in_memory().unwrap();
        up(&mut store, &LATER[..1]).unwrap();
        let broken = [LATER[0], LATER[1], "CREATE TABLE oops ("];
        assert!(up(&mut store, &broken).is_err());
        assert_eq!(versions(&store), [1]);
        up(&mut store, &LATER).unwrap();
    }

    #[test]
    fn a_later_store_and_a_strangers_file_are_left_alone() {
        let mut store = Connection::open_in_memory().unwrap();
        up(&mut store, &LATER).unwrap();
        assert!(matches!(up(&mut store, &LATER[..1]), Err(Trouble::Newer { found: 3 })));
        let mut strange = Connection::open_in_memory().unwrap();
        strange.execute_batch("CREATE TABLE recipes (name TEXT)").unwrap();
        assert!(matches!(up(&mut strange, &LATER), Err(Trouble::Foreign(_))));
    }
}
