//! Where the caller is.
pub mod device;
pub mod fusion;
mod ladder;
pub mod wiremap;

pub use crate::record::{Candidate, Grade, Located, Rung};
pub use ladder::decide;

use crate::base::now::Wall;
use crate::pidf::Conveyed;
use crate::record::wiremap::Windows;
use crate::record::{Found, Ladder, Line, Location};
use std::sync::Arc;

/// What is known of the caller's whereabouts when the question is asked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'a> {
    /// The caller's line.
    pub line: Option<&'a Line>,
    /// Where the caller's device belongs, when it is one that stays.
    pub home: Option<&'a Arc<Location>>,
    /// Whether neither the address of the line nor the device's home may stand in: the device asks where it is, and was not
    /// told.
    pub line_barred: bool,
    /// How long what a network element told holds at the caller's organisation.
    pub windows: Windows,
    /// Whether a token of ours named the device.
    pub by_token: bool,
    /// What the PIDF-LO in the INVITE says, the best of several.
    pub conveyed: Option<&'a Conveyed>,
    /// What the wiremap says of the caller's device.
    pub found: Option<&'a Found>,
    /// The address that the user gave for the network that the device is on.
    pub typed: Option<&'a Arc<Location>>,
    /// Whether the INVITE has location URIs that are not ours.
    pub reference: bool,
    /// What one of them led to, where it was asked in time.
    pub fetched: Option<&'a Conveyed>,
    /// Which rung comes before which.
    pub order: Ladder,
    /// Now, for the age of documents.
    pub now: Wall,
}
