//! The configured world at one moment.
use crate::record::site::{Named, plan_of};
use crate::record::{Boundaries, Callbacks, DialPlan, Ivr, Line, Models, Organisation, Site, Source, Trunk};
use foldhash::fast::RandomState;
use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

/// The configured world at one moment. Never changed, only replaced.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Our own domain, as it stands in From, PAI and Contact-free URIs: `callbox.example`.
    pub domain: Arc<str>,
    /// What our location URIs begin with, where we give any.
    pub location_url: Option<Arc<str>>,
    /// Organisations by id.
    pub organisations: Named<Organisation>,
    /// Organisations by company id, for those whose devices may ask where they are.
    pub companies: Named<Organisation>,
    /// Sites by id.
    pub sites: Named<Site>,
    /// Dial plans by country, upper case.
    pub dial_plans: Named<DialPlan>,
    /// Areas drawn on a map.
    pub boundaries: Arc<Boundaries>,
    /// What models of devices can do.
    pub models: Arc<Models>,
    /// Trunks in configured order.
    pub trunks: Vec<Arc<Trunk>>,
    /// Where calls come from.
    pub sources: Vec<Arc<Source>>,
    /// The lab alone: peers on loopback share one address and are told apart by their port.
    pub by_port: bool,
    /// Whether a site's own gateway gets a crisis call as it was dialled at sites with stage 2.
    pub pass_crisis_code: bool,
    /// How callback numbers are lent, and calls to them carried.
    pub callbacks: Callbacks,
    /// The test IVR that is part of callbox, where it is switched on.
    pub ivr: Option<Ivr>,
    /// The organisations whose contact center lets callbox manage its agents' presence.
    pub managing: HashSet<Arc<str>, RandomState>,
}

impl Snapshot {
    /// Whether location URIs at this host are ours.
    pub fn is_our_location_host(&self, host: &str) -> bool {
        let of_url = self.location_url.as_deref().and_then(|url| url.split("//").nth(1)?.split('/').next());
        of_url.into_iter().chain([&*self.domain]).any(|ours| ours.eq_ignore_ascii_case(host))
    }

    /// A trunk by name.
    pub fn trunk(&self, name: &str) -> Option<&Arc<Trunk>> {
        self.trunks.iter().find(|trunk| &*trunk.name == name)
    }

    /// Whether the presence of a line's user is managed: the user has one, and its organisation an adapter.
    pub fn is_managed(&self, line: &Line) -> bool {
        line.has_presence && self.managing.contains(&line.organisation)
    }

    /// A site by id.
    pub fn site(&self, id: &str) -> Option<&Arc<Site>> {
        self.sites.get(id)
    }

    /// What is known of a trunk as a sender of calls.
    pub fn source_of(&self, trunk: &str) -> Option<&Arc<Source>> {
        self.sources.iter().find(|source| &*source.trunk == trunk)
    }

    /// The dial plan of a country: its own, else `EU` in its member states, else one that is switched off and knows 112
    /// alone, so that there always is an answer.
    pub fn dial_plan(&self, country: &str) -> &Arc<DialPlan> {
        static UNKNOWN: LazyLock<Arc<DialPlan>> = LazyLock::new(Arc::default);
        plan_of(&self.dial_plans, country).unwrap_or(&UNKNOWN)
    }
}
