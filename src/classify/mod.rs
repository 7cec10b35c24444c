//! What kind of call it is (rulings: one table per country and site, exact match, never by substring).
use crate::record::{DialPlan, Site};

/// A call's class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// 911, 112, `urn:service:sos` and its kin.
    Emergency,
    /// 933, `urn:service:test.sos`.
    Test,
    /// 988, `urn:service:counseling.suicide`.
    Crisis,
    /// Everything else.
    Other,
}

/// What was dialled, in plain words: the parts of the Request-URI (or of To, where the Request-URI has no user).
#[derive(Clone, Copy, Debug)]
pub enum Dialled<'a> {
    /// `urn:`, without `urn:`: `service:sos.fire`.
    Urn(&'a str),
    /// The user part of a `sip:` or `sips:` URI or the number of a `tel:` URI, still escaped; with the URI's
    /// parameters (`phone-context=+1;user=dialstring`).
    Number(&'a str, &'a str),
}

/// The decision, with what goes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classified {
    /// The class.
    pub class: Class,
    /// The number of the table that matched (`911` for `9911`), or what was dialled with separators left out.
    pub number: String,
    /// The service URN for i3 trunks, with the sub-service kept: `urn:service:sos.fire`; `urn:service:sos` for digits.
    /// `None` for `other`.
    pub service: Option<String>,
}

/// Classifies a call of a site.
pub fn decide(site: &Site, plan: &DialPlan, dialled: Dialled<'_>) -> Classified {
    let _ = (site, plan, dialled);
    todo!()
}
