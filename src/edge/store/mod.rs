//! What people edit, kept on disk: SQLite, one file. A change is on the disk before it is acknowledged, and whoever
//! follows learns of it, in this process or another.
mod copy;
mod fresh;
mod schema;
mod sqlite;

pub use copy::{back_up, of_backup, restore};
pub use fresh::Fresh;
pub use schema::NEWEST;
pub use sqlite::{KEPT_CHANGES, MOST_FOLLOWED, News, Store};

use std::path::PathBuf;

/// Why a store does not serve. It names files and never what they hold.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// There is none.
    #[error("there is no store at {}", .0.display())]
    Absent(PathBuf),
    /// A file that is there is something else.
    #[error("{} is no store of callbox; name another file", .0.display())]
    Foreign(PathBuf),
    /// It was written by a later callbox.
    #[error(
        "the store has schema {found} and this callbox knows {NEWEST}; use the callbox that wrote it, or a later one"
    )]
    Newer {
        /// The schema that it has.
        found: u32,
    },
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
    #[error("the store cannot be used: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The system's own word.
    #[error("the store cannot be used: {0}")]
    Io(#[from] std::io::Error),
}
