//! What people edit, kept on disk: SQLite, one file. A change is on the disk before it is acknowledged, and whoever
//! follows learns of it, in this process or another.
mod copy;
mod fresh;
mod near;
mod sqlite;

pub use super::database::Trouble;
pub use copy::{back_up, of_backup, restore};
pub use fresh::Fresh;
pub use near::MOST_LOOKED_UP;
pub use sqlite::{KEPT_CHANGES, MOST_FOLLOWED, News, Store};

use super::database::Schema;

/// Every version that a store ever had. What was released is never edited.
const SCHEMA: Schema = Schema {
    mark: *b"cbox",
    steps: &[
        include_str!("1.sql"),
        include_str!("2.sql"),
        include_str!("3.sql"),
        include_str!("4.sql"),
        include_str!("5.sql"),
        include_str!("6.sql"),
        include_str!("7.sql"),
        include_str!("8.sql"),
        include_str!("9.sql"),
    ],
};

/// The version that this program reads and writes.
pub const NEWEST: u32 = SCHEMA.newest();
