//! Where the caller is.
pub mod fusion;
mod ladder;
pub mod wiremap;

pub use crate::record::{Candidate, Grade, Located, Rung};
pub use ladder::decide;

use crate::pidf::Conveyed;
use crate::record::{Found, Line};

/// What is known of the caller's whereabouts when the question is asked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'a> {
    /// The caller's line.
    pub line: Option<&'a Line>,
    /// What the PIDF-LO in the INVITE says, the best of several.
    pub conveyed: Option<&'a Conveyed>,
    /// What the wiremap says of the caller's device.
    pub found: Option<&'a Found>,
    /// Whether the INVITE has location URIs that are not ours.
    pub reference: bool,
}
