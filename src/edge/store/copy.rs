//! A store as one file to keep elsewhere, and back again, while others read and change it.
use super::super::database::private;
use super::sqlite::{note, version};
use super::{Store, Trouble};
use crate::base::now::Wall;
use crate::record::table::Kind;
use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use std::path::Path;

/// Writes what the store holds at this moment to a file that is not there yet.
///
/// # Errors
/// A file that is there; what the database or the system says.
pub fn back_up(store: &Store, to: &Path) -> Result<(), Trouble> {
    let mut copy = Connection::open(private(to, true)?)?;
    Backup::new(&store.connection, &mut copy)?.step(-1)?;
    // One file and not three: what is copied elsewhere must be whole.
    copy.pragma_update(None, "journal_mode", "DELETE")?;
    copy.pragma_update(None, "synchronous", "FULL")?;
    copy.close().map_err(|(_, error)| error)?;
    std::fs::File::open(to)?.sync_all()?;
    Ok(())
}

/// What a backup holds, in memory and in the newest schema. The file is not changed.
///
/// # Errors
/// A file that is no store, is damaged or is of a later version.
pub fn of_backup(from: &Path, now: Wall) -> Result<Store, Trouble> {
    if !from.exists() {
        return Err(Trouble::Absent(from.into()));
    }
    let mut connection = Connection::open_in_memory()?;
    Backup::new(&Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_ONLY)?, &mut connection)
        .and_then(|copying| copying.step(-1))
        .map_err(|_| Trouble::Foreign(from.into()))?;
    let sound = connection.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0));
    if sound.is_ok_and(|sound| sound != "ok") {
        return Err(Trouble::Damaged(from.into()));
    }
    super::SCHEMA.bring_up(&mut connection, from, now)?;
    Ok(Store { connection })
}

/// Puts what a backup holds into the place of all that the store holds, as one change of it. Returns its version.
///
/// # Errors
/// What the database says. The store is as it was then.
pub fn restore(store: &mut Store, backup: &Store, author: &str, now: Wall) -> Result<u64, Trouble> {
    let transaction = store.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let next = version(&transaction)? + 1;
    for kind in Kind::ALL {
        let names: Vec<_> = kind.columns().map(|name| format!("\"{name}\"")).collect();
        let (width, names) = (names.len(), names.join(", "));
        transaction.execute(&format!("DELETE FROM {}", kind.text()), [])?;
        let values = vec!["?"; width].join(", ");
        let mut put = transaction
            .prepare(&format!("INSERT INTO {} ({names}, version) VALUES ({values}, {next})", kind.text()))?;
        let mut rows = backup.connection.prepare(&format!("SELECT {names} FROM {}", kind.text()))?;
        let mut rows = rows.query([])?;
        while let Some(row) = rows.next()? {
            for at in 0..width {
                put.raw_bind_parameter(at + 1, row.get_ref(at)?.as_str().unwrap_or(""))?;
            }
            put.raw_execute()?;
        }
    }
    note(&transaction, next, author, "restored from a backup", true, now)?;
    transaction.commit()?;
    Ok(next)
}
