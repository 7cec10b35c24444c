//! Whom to ask, in what order.
mod area;
mod claim;
pub mod health;
mod plan;

pub use claim::Claim;

use crate::base::private::Private;
use crate::cache::Snapshot;
use crate::record::{Class, Located, Number, OWN_IVR, Site, Trunk};
use core::net::SocketAddr;
use std::sync::Arc;

/// Why a call goes to the relay center; the cost report counts these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The user or number has no address.
    UserNoAddress,
    /// The configuration is incomplete: a site without routes, for one.
    AdminConfig,
    /// Nothing is known of the caller.
    UnknownDevice,
    /// Only something too old.
    Stale,
    /// Evidence that names two buildings.
    Conflict,
}

/// Which way a call goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    /// To PSAP trunks, then the relay, then the gateway.
    Direct,
    /// To the relay, then PSAP trunks with the default location, then the gateway.
    Relay(Cause),
    /// To the site's own gateway: a site or country that is not switched on.
    Gateway,
    /// To the test IVR.
    Test,
    /// To the crisis line, then the gateway as +18002738255.
    Crisis,
    /// To the trunk that the source's route names.
    Other,
    /// Back to who called.
    Callback,
    /// Nowhere: an `other` call of a source that may not place any (404).
    Refused,
}

impl Cause {
    /// The word that the cost report counts.
    pub const fn text(self) -> &'static str {
        match self {
            Cause::UserNoAddress => "user_no_address",
            Cause::AdminConfig => "admin_config",
            Cause::UnknownDevice => "unknown_device",
            Cause::Stale => "stale",
            Cause::Conflict => "conflict",
        }
    }
}

impl Way {
    /// The word alone, without a cause.
    pub const fn word(self) -> &'static str {
        match self {
            Way::Relay(_) => "relay",
            _ => self.text(),
        }
    }

    /// The word for logs and people.
    pub const fn text(self) -> &'static str {
        match self {
            Way::Direct => "direct",
            Way::Relay(Cause::UserNoAddress) => "relay: user_no_address",
            Way::Relay(Cause::AdminConfig) => "relay: admin_config",
            Way::Relay(Cause::UnknownDevice) => "relay: unknown_device",
            Way::Relay(Cause::Stale) => "relay: stale",
            Way::Relay(Cause::Conflict) => "relay: conflict",
            Way::Gateway => "gateway",
            Way::Test => "test",
            Way::Crisis => "crisis",
            Way::Other => "other",
            Way::Callback => "callback",
            Way::Refused => "refused",
        }
    }
}

/// One target and what it is sent.
#[derive(Clone, Debug)]
pub struct Target {
    /// The trunk.
    pub trunk: Arc<Trunk>,
    /// Which of its addresses, where it has several; `None`: the one that it has when the INVITE leaves.
    pub at: Option<SocketAddr>,
    /// A number that replaces the dialled one in the Request-URI: +18002738255 for 988 by a gateway.
    pub dial: Option<&'static str>,
    /// Where a call back goes.
    pub rung: Option<Rung>,
    /// Whether the default location is attached (relay call that falls back to a PSAP).
    pub with_default: bool,
}

/// One whom a call back asks.
#[derive(Clone, Debug)]
pub struct Rung {
    /// The Request-URI.
    pub uri: Private<Arc<str>>,
    /// Those of one step are called at the same time.
    pub step: u8,
    /// Whether it is asked a second time when it refuses.
    pub second: Second,
}

/// Whether whoever refuses a call back is asked once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Second {
    /// No.
    Never,
    /// When it refuses.
    Due,
    /// This is the second time.
    Now,
}

/// Targets in order.
pub type Targets = Vec<Target>;

/// When the built-in IVR has its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Before all targets.
    First,
    /// When no target has taken the call.
    Last,
}

/// The plan of a call: the list that never ends early.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Which way.
    pub way: Way,
    /// The targets in order; those known to be dead last.
    pub targets: Targets,
    /// Whether the built-in IVR takes the call: before all targets, or after them.
    pub own_ivr: Option<Turn>,
}

impl Plan {
    /// The name of who is asked first: a trunk's, [`OWN_IVR`], or `none`.
    pub fn first(&self) -> &str {
        match (self.own_ivr, self.targets.first()) {
            (Some(Turn::First), _) | (Some(Turn::Last), None) => OWN_IVR,
            (_, Some(target)) => &target.trunk.name,
            (None, None) => "none",
        }
    }
}

/// What routing looks at.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The class.
    pub class: Class,
    /// The number of the dial plan that was meant: `911`.
    pub number: Option<Number>,
    /// The caller's site.
    pub site: &'a Site,
    /// Whether the site's country is switched on.
    pub country_on: bool,
    /// Where the caller is.
    pub located: &'a Located,
    /// Whether the caller's line is listed at all.
    pub line_known: bool,
    /// The trunk that `other` calls of this source go to.
    pub relay_other: Option<&'a str>,
    /// A trunk to leave out: a call that loops back to us goes to the next one.
    pub leave_out: Option<&'a str>,
    /// Chance for the weights, 64 bits.
    pub chance: u64,
}

/// Plans a call. `is_dead` tells a trunk that is known not to answer; it goes last, never away.
pub fn decide(snapshot: &Snapshot, question: &Question<'_>, is_dead: &dyn Fn(&Trunk) -> bool) -> Plan {
    let (way, mut targets) = plan::list(snapshot, question);
    targets.retain(|target| question.leave_out != Some(&*target.trunk.name));
    if targets.iter().any(|target| is_dead(&target.trunk)) {
        // Stable: the order within the living and within the dead stays.
        targets.sort_by_cached_key(|target| is_dead(&target.trunk));
    }
    let own_ivr = snapshot.ivr.filter(|_| way == Way::Test).map(|ivr| if ivr.first { Turn::First } else { Turn::Last });
    Plan { way, targets, own_ivr }
}
