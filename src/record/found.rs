//! What the wiremap says of a device, as a receipt keeps it.
use super::wiremap::Rule;
use super::{Grade, Location};
use core::time::Duration;
use smallvec::SmallVec;
use std::sync::Arc;

/// The most matches that are kept of one device.
pub const MOST_HITS: usize = 32;

/// What matched; a device on one cable has no more than fit in place.
pub type Hits = SmallVec<[Hit; 4]>;

/// What one network element told.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// The rule that matched.
    pub rule: Rule,
    /// The place that the row names.
    pub place: Arc<Location>,
    /// How long ago the device saw the element.
    pub age: Duration,
    /// What became of it.
    pub verdict: Verdict,
}

/// Why a hit won or lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It is where the device is.
    Won,
    /// It names the same place as the winner, or one that the winner is in.
    Agrees,
    /// Another rule comes first.
    Order,
    /// It serves many rooms, and a finer one names one in the same building.
    Coarser,
    /// A finer one disagrees and was seen five minutes later or more.
    Older,
    /// Two fine ones disagree and neither is much fresher: the building is all that is sure.
    Disputed,
    /// Another building is named as well.
    Conflict,
    /// It tells where traffic leaves the network, and a port or an access point names another building.
    Exit,
    /// Older than its rule's window.
    Stale,
    /// Another access point is the one in use, or is stronger.
    Fainter,
}

impl Verdict {
    /// The reason for people.
    pub const fn text(self) -> &'static str {
        match self {
            Verdict::Won => "won",
            Verdict::Agrees => "lost: names the winner's place, no closer",
            Verdict::Order => "lost: another rule comes first",
            Verdict::Coarser => "lost: a port or an access point names a place in this building",
            Verdict::Older => "lost: another was seen five minutes later or more",
            Verdict::Disputed => "lost: another in this building disagrees",
            Verdict::Conflict => "lost: two buildings are named",
            Verdict::Exit => "lost: only where traffic leaves, and a port or an access point names another building",
            Verdict::Stale => "lost: older than its window",
            Verdict::Fainter => "lost: another access point is in use or stronger",
        }
    }
}

/// What the wiremap makes of a device's measurements.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// The place, when it is one: that of the winner, or the building when its rooms are disputed.
    pub place: Option<Arc<Location>>,
    /// How good it is.
    pub grade: Grade,
    /// The rule that matched; `None` when rooms are disputed or buildings in conflict.
    pub rule: Option<Rule>,
    /// How old the knowledge is.
    pub age: Duration,
    /// Two rooms of one building are named and nothing tells which.
    pub degraded: bool,
    /// Two buildings are named.
    pub conflict: bool,
    /// Everything that matched, the winner first.
    pub hits: Hits,
}
