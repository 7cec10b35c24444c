//! What the call path reads: tables in memory that other threads write, and one snapshot that is swapped whole.
use crate::record::{DialPlan, Line, Location, Number, Organisation, Site, Source, Trunk};
use arc_swap::ArcSwap;
use dashmap::DashMap;
use std::collections::HashMap;
use std::sync::Arc;

/// The configured world at one moment. Never changed, only replaced.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Our own domain, as it stands in From, PAI and Contact-free URIs: `callbox.example`.
    pub domain: Arc<str>,
    /// Organisations by id.
    pub organisations: HashMap<Arc<str>, Arc<Organisation>>,
    /// Sites by id.
    pub sites: HashMap<Arc<str>, Arc<Site>>,
    /// Dial plans by country, upper case.
    pub dial_plans: HashMap<Arc<str>, Arc<DialPlan>>,
    /// Trunks in configured order.
    pub trunks: Vec<Arc<Trunk>>,
    /// Where calls come from.
    pub sources: Vec<Arc<Source>>,
}

/// Everything the call path may look at.
#[derive(Debug, Default)]
pub struct Cache {
    /// Lines by organisation and number or extension.
    pub lines: DashMap<(Arc<str>, Number), Arc<Line>, foldhash::fast::RandomState>,
    /// Locations by id.
    pub locations: DashMap<Arc<str>, Arc<Location>, foldhash::fast::RandomState>,
    /// The snapshot.
    pub snapshot: ArcSwap<Snapshot>,
}
