//! Whom an emergency call from a place reaches (RFC 7840).
use super::subject::Subject;
use crate::cache::Snapshot;
use crate::classify::first_code;
use crate::location::Located;
use crate::record::site::EVERYWHERE;
use crate::record::{Class, Site};
use crate::routing::{self, Question, Way};

/// Where to send an emergency call. It is always to us, who know the place when the call comes: a PSAP's own address would
/// lead around callback numbers, the relay center and the next PSAP, and its trunk answers none but us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// A SIP URI.
    pub destination: String,
    /// Whether no PSAP is known to serve the place.
    pub is_default: bool,
}

impl Route {
    /// The service that is routed: our routes tell none of those below it apart (RFC 5031 §4.2).
    pub const SERVICE: &str = "urn:service:sos";
}

/// The route of an emergency call from a place of a user of this site.
pub(super) fn route(snapshot: &Snapshot, site: Option<&Site>, located: &Located, subject: &Subject) -> Route {
    let plan = site.map(|site| snapshot.dial_plan(&site.country));
    let is_direct = site.zip(plan).is_some_and(|(site, plan)| {
        let question = Question {
            class: Class::Emergency,
            number: first_code(plan, Class::Emergency),
            site,
            country_on: plan.switched_on,
            located,
            line_known: subject.line.is_some() || subject.device.is_some(),
            relay_other: None,
            leave_out: None,
            chance: 0,
        };
        routing::decide(snapshot, &question, &|_| false).way == Way::Direct
    });
    let code = plan.and_then(|plan| plan.emergency.first()).map_or(EVERYWHERE, String::as_str);
    Route { destination: format!("sip:{code}@{}", snapshot.domain), is_default: !is_direct }
}
