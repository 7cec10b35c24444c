//! Organisations, sites and dial plans.
use super::{Civic, Number};
use std::sync::Arc;

/// A customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organisation {
    /// Its name in our own tables: `acme`.
    pub id: Arc<str>,
    /// Its name for people.
    pub name: String,
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
    /// The country calling code without `+`.
    pub calling_code: String,
    /// Whether callbox routes emergency calls of this country; else they go by the site's gateway.
    pub switched_on: bool,
    /// Numbers of class `emergency`.
    pub emergency: Vec<String>,
    /// Numbers of class `test`.
    pub test: Vec<String>,
    /// Numbers of class `crisis`.
    pub crisis: Vec<String>,
}
