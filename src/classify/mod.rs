//! What kind of call it is: one table per country and site, exact match after normalisation, never by substring.
mod digits;
mod service;

pub use crate::record::Class;

use crate::record::{DialPlan, Number, Site};
use std::borrow::Cow;

/// What was dialled, in plain words: the parts of the Request-URI (or of To, where the Request-URI has no user).
#[derive(Clone, Copy)]
pub enum Dialled<'a> {
    /// `urn:`, without `urn:`: `service:sos.fire`.
    Urn(&'a str),
    /// The user part of a `sip:` or `sips:` URI or the number of a `tel:` URI, still escaped; with the URI's
    /// parameters (`phone-context=+1;user=dialstring`). They never change the class: whatever the context, who dials a
    /// code of the table means it (RFC 4967, RFC 3966 §5.1.4).
    Number(&'a str, &'a str),
}

impl core::fmt::Debug for Dialled<'_> {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.write_str(match self {
            Dialled::Urn(_) => "Urn",
            Dialled::Number(..) => "Number",
        })
    }
}

/// The decision, with what goes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classified {
    /// The class.
    pub class: Class,
    /// The number of the table that matched (`911` for `9911`); for a service URN the first number of its class; for
    /// `other` what was dialled with separators left out. `None` when the table has no number for the URN, or when what
    /// was dialled is no number at all.
    pub number: Option<Number>,
    /// The service URN for i3 trunks, with the sub-service kept: `urn:service:sos.fire`; `urn:service:sos` for digits.
    /// `None` for `other`.
    pub service: Option<Cow<'static, str>>,
}

/// Classifies a call of a site.
pub fn decide(site: &Site, plan: &DialPlan, dialled: Dialled<'_>) -> Classified {
    match dialled {
        Dialled::Urn(text) => match service::read(text) {
            Some((class, service)) => Classified { class, number: first_code(plan, class), service: Some(service) },
            None => Classified { class: Class::Other, number: None, service: None },
        },
        Dialled::Number(user, _) => match digits::code(site, plan, user) {
            Some((class, code)) => {
                Classified { class, number: Number::read(code), service: Some(Cow::Borrowed(service::of(class))) }
            }
            None => Classified { class: Class::Other, number: digits::plain(user), service: None },
        },
    }
}

/// The codes of a class, the most usual first.
fn codes(plan: &DialPlan, class: Class) -> impl Iterator<Item = &str> {
    let (listed, everywhere): (&[String], _) = match class {
        Class::Emergency => (&plan.emergency, Some(crate::record::site::EVERYWHERE)),
        Class::Test => (&plan.test, None),
        Class::Crisis => (&plan.crisis, None),
        Class::Other | Class::Callback => (&[], None),
    };
    listed.iter().map(String::as_str).chain(everywhere)
}

/// The most usual number of a class.
pub fn first_code(plan: &DialPlan, class: Class) -> Option<Number> {
    codes(plan, class).next().and_then(Number::read)
}
