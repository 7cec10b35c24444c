//! Whose trunk it is (rulings: the organisation's rule for the number, its provider, the system's provider, the relay).
use super::Question;
use crate::record::{Number, Trunk};

/// By what right a trunk stands where it does; the first goes first, wherever the caller is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Claim {
    /// The organisation's own, for the number that was dialled.
    Rule,
    /// The organisation's own.
    Provider,
    /// Everybody's, for the number that was dialled.
    SystemRule,
    /// Everybody's.
    System,
}

impl Claim {
    /// The claim of a trunk to the calls of an organisation to a number of the dial plan. `None` when it takes none of
    /// them.
    pub fn of(trunk: &Trunk, organisation: &str, number: Option<&Number>) -> Option<Claim> {
        let is_own = trunk.organisations.iter().any(|own| **own == *organisation);
        let is_rule = number.is_some_and(|number| trunk.dials.contains(number));
        match (trunk.organisations.is_empty(), trunk.dials.is_empty()) {
            (true, true) => Some(Claim::System),
            (true, false) => is_rule.then_some(Claim::SystemRule),
            (false, true) => is_own.then_some(Claim::Provider),
            (false, false) => (is_own && is_rule).then_some(Claim::Rule),
        }
    }

    /// The reason for people.
    pub const fn text(self) -> &'static str {
        match self {
            Claim::Rule => "the organisation's rule for the number",
            Claim::Provider => "the organisation's provider",
            Claim::SystemRule => "the system's rule for the number",
            Claim::System => "the system's provider",
        }
    }

    pub(super) fn to(trunk: &Trunk, question: &Question<'_>) -> Option<Claim> {
        Claim::of(trunk, &question.site.organisation, question.number.as_ref())
    }
}
