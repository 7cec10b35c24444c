//! What the contact center shows of an agent who has an emergency call: do-not-disturb while the call lasts, and then what
//! was before, unless the agent changed it meanwhile.
//!
//! [`Presence`] has no sockets and no clock. It is told when calls begin and end and what became of its orders; it says
//! what to ask and set next, and what must be found again after a crash. No call waits for it.
mod life;
mod machine;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod walk;

pub use machine::Presence;

use crate::base::now::Wall;
use crate::base::private::Private;
use core::fmt;
use core::time::Duration;
use std::sync::Arc;

/// How an adapter shows do-not-disturb.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// It is set in the place of the agent's state, which is read before and set again afterwards.
    Replaces,
    /// It is published beside what the agent publishes, and taken away afterwards (RFC 3903).
    Adds,
}

impl Manner {
    /// The word for what is kept.
    pub const fn text(self) -> &'static str {
        match self {
            Manner::Replaces => "webhook",
            Manner::Adds => "publish",
        }
    }

    /// What [`Manner::text`] gave.
    pub fn read(text: &str) -> Option<Manner> {
        [Manner::Replaces, Manner::Adds].into_iter().find(|manner| manner.text() == text)
    }
}

/// Somebody at a contact center. It never prints who.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Agent {
    /// The adapter that leads there, by its name in the config.
    pub adapter: Arc<str>,
    /// Who it is there.
    pub key: Private<Arc<str>>,
}

impl fmt::Debug for Agent {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Agent({})", self.adapter)
    }
}

/// A state in the contact center's own words.
pub type State = Private<Arc<str>>;

/// What holds for an agent's adapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How do-not-disturb is shown.
    pub manner: Manner,
    /// Do-not-disturb in the contact center's words.
    pub ours: State,
    /// How long it stays for callbacks; `None`: as long as the call.
    pub hold: Option<Hold>,
}

/// How long somebody may call back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// From dialling on.
    pub lease: Duration,
    /// At least from the end of the last call on.
    pub after: Duration,
}

/// Something that the adapter is to do for an agent. There is one at a time for each agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Its number, for [`Presence::done`].
    pub job: u64,
    /// For whom.
    pub agent: Agent,
    /// What.
    pub what: What,
}

/// What an adapter can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Tell the present state.
    Read,
    /// Set a state, if the present one is still `expected`.
    Set {
        /// The state.
        state: State,
        /// What the present one is believed to be.
        expected: State,
        /// Whether this is the end of do-not-disturb.
        is_end: bool,
    },
    /// Publish do-not-disturb, or refresh what was published.
    Publish {
        /// Do-not-disturb in words.
        ours: State,
        /// What names the publication that is refreshed.
        token: Option<Arc<str>>,
    },
    /// Take the publication away.
    Remove {
        /// What names it.
        token: Arc<str>,
    },
}

/// What became of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// This is the present state.
    State(State),
    /// It is set, published or taken away.
    Taken {
        /// What names the publication.
        token: Option<Arc<str>>,
        /// How long it lasts unless it is refreshed.
        lasts: Option<Duration>,
    },
    /// The present state is not the expected one.
    Changed,
    /// It failed, or nobody knows: it may have been carried out all the same.
    Failed,
}

/// Something to be written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// What must be undone after a crash, in the place of what was written of this agent before.
    Keep(Box<Kept>),
    /// There is nothing to undo any more.
    Forget(Agent),
}

/// What must be undone after a crash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The number of this note, for [`Presence::kept`].
    pub note: u64,
    /// Whose state it is.
    pub agent: Agent,
    /// How, and until when.
    pub terms: Terms,
    /// What was before.
    pub before: Option<State>,
    /// What names the publication.
    pub token: Option<Arc<str>>,
    /// When the last call began.
    pub began: Wall,
    /// When the last call ended; `None` as long as one lasts.
    pub ended: Option<Wall>,
}

/// What happened to an agent's state at an adapter, for counting and for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happened {
    /// The adapter.
    pub adapter: Arc<str>,
    /// What.
    pub what: Outcome,
}

/// What can happen to an agent's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Do-not-disturb is shown.
    Shown,
    /// What was before is there again.
    Restored,
    /// The agent changed it meanwhile, and it stays so.
    Left,
    /// It was do-not-disturb before, and stays so.
    Already,
    /// Nobody knows whether it was published; what was expires by itself.
    Expires,
    /// It could not be restored for so long that it is given up.
    GivenUp,
    /// Too many agents have calls.
    NoRoom,
}

impl Outcome {
    /// The word for metrics.
    pub const fn text(self) -> &'static str {
        match self {
            Outcome::Shown => "shown",
            Outcome::Restored => "restored",
            Outcome::Left => "left",
            Outcome::Already => "already",
            Outcome::Expires => "expires",
            Outcome::GivenUp => "given_up",
            Outcome::NoRoom => "no_room",
        }
    }
}
