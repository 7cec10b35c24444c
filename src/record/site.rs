//! Organisations, sites and dial plans.
use super::wiremap::{Network, Order, Windows};
use super::{Civic, Guard, Number, Preference, Zone};
use core::time::Duration;
use std::collections::HashMap;
use std::sync::Arc;

/// A customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organisation {
    /// Its name in our own tables: `acme`.
    pub id: Arc<str>,
    /// Its name for people.
    pub name: String,
    /// Which rule of its wiremap is believed before which.
    pub wiremap_order: Order,
    /// How long what a rule told holds.
    pub windows: Windows,
    /// Networks of tunnels into its own: an address in one says nothing of where a device is.
    pub vpn: Vec<Network>,
    /// Whether a number's address may stand in for devices that ask where they are.
    pub did_fallback: DidFallback,
    /// How its devices prove that they are its own, when they may ask where they are.
    pub company: Option<Company>,
    /// How long the contents of its receipts are kept.
    pub receipts_kept: Duration,
    /// Who pays for its calls that the relay center takes.
    pub relay_bearer: Bearer,
}

/// How long receipts are kept where an organisation says nothing else: three years.
pub const RECEIPTS_KEPT: Duration = Duration::from_secs(1096 * 24 * 60 * 60);

/// Who pays for what the relay center does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Bearer {
    /// Whoever runs this node for the organisation.
    Partner,
    /// The organisation.
    #[default]
    Customer,
    /// Each of the two half.
    Split,
}

impl Bearer {
    /// All bearers.
    pub const ALL: [Bearer; 3] = [Bearer::Partner, Bearer::Customer, Bearer::Split];

    /// The word for tables and people.
    pub const fn text(self) -> &'static str {
        match self {
            Bearer::Partner => "partner",
            Bearer::Customer => "customer",
            Bearer::Split => "split",
        }
    }
}

impl Organisation {
    /// An organisation of which nothing is set but its names.
    pub fn new(id: &str, name: &str) -> Organisation {
        Organisation {
            id: id.into(),
            name: name.to_owned(),
            wiremap_order: Order::default(),
            windows: Windows::default(),
            vpn: Vec::new(),
            did_fallback: DidFallback::default(),
            company: None,
            receipts_kept: RECEIPTS_KEPT,
            relay_bearer: Bearer::default(),
        }
    }
}

/// Whether a number's address may stand in where a device that asks was not told where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DidFallback {
    /// For desk phones.
    pub desk: bool,
    /// For clients on computers and tablets.
    pub soft: bool,
}

/// A desk phone mostly stands where its number's address says; a client mostly does not.
impl Default for DidFallback {
    fn default() -> DidFallback {
        DidFallback { desk: true, soft: false }
    }
}

/// What an organisation's devices show to the location server. It never prints itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Company {
    /// The user name that they give.
    pub id: Arc<str>,
    /// SHA-256 of the secrets that hold: one, and while it is changed two.
    pub secrets: Vec<[u8; 32]>,
}

impl core::fmt::Debug for Company {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.write_str("<private>")
    }
}

/// A site: the admin container of users and phones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Its name in our own tables: `hq`.
    pub id: Arc<str>,
    /// The organisation it belongs to.
    pub organisation: Arc<str>,
    /// ISO 3166-1 country, upper case: which dial plan holds.
    pub country: Arc<str>,
    /// Digits that the site's phones dial before an outside number: `9`.
    pub prefixes: Vec<Box<str>>,
    /// Stage 1: location requests and 933 are ours.
    pub stage1: bool,
    /// Stage 2: 911 and 988 are ours.
    pub stage2: bool,
    /// The callback number for lines that have nothing better.
    pub ecbn: Option<Number>,
    /// Callback numbers to lease.
    pub pool: Vec<Number>,
    /// Which callback number comes first.
    pub callback_first: Preference,
    /// The security desk.
    pub desk: Option<Guard>,
    /// Its time zone: the one that is entered, else the one of its address.
    pub zone: Option<Zone>,
    /// The address of the site's building: what a call without a known place may carry as its default location.
    pub civic: Civic,
    /// The site's own PSTN gateway, by trunk name.
    pub gateway: Option<Arc<str>>,
}

/// A country's numbers and what they mean; from `conf/dial-plan/<cc>.toml`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DialPlan {
    /// ISO 3166-1 country (or `EU`), upper case.
    pub country: Arc<str>,
    /// The country calling code without `+`; empty where there is no single one.
    pub calling_code: String,
    /// Whether callbox routes emergency calls of this country; else they go by the site's gateway.
    pub switched_on: bool,
    /// Numbers of class `emergency`; 112 is one of them everywhere and need not be listed.
    pub emergency: Vec<String>,
    /// Numbers of class `test`.
    pub test: Vec<String>,
    /// Numbers of class `crisis`.
    pub crisis: Vec<String>,
}

/// The number that is an emergency call in every country (3GPP TS 22.101 §10.1).
pub const EVERYWHERE: &str = "112";

impl DialPlan {
    /// Every code of the plan, 112 included: no extension may have one of these.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        let listed = self.emergency.iter().chain(&self.test).chain(&self.crisis);
        listed.map(String::as_str).chain(core::iter::once(EVERYWHERE))
    }
}

/// Things by their ids or names.
pub type Named<T> = HashMap<Arc<str>, Arc<T>, foldhash::fast::RandomState>;

/// The plan that holds in a country: its own, else `EU` in the member states of the European Union, where 112 is the
/// one emergency number of all (Directive (EU) 2018/1972, Article 109).
pub fn plan_of<'a>(plans: &'a Named<DialPlan>, country: &str) -> Option<&'a Arc<DialPlan>> {
    const EUROPEAN_UNION: [&str; 27] = [
        "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU",
        "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
    ];
    plans.get(country).or_else(|| EUROPEAN_UNION.contains(&country).then(|| plans.get("EU")).flatten())
}
