//! Service URNs (RFC 5031; the test services of RFC 6881 §17).
use super::Class;
use std::borrow::Cow;

const SOS: &str = "urn:service:sos";
const TEST: &str = "urn:service:test.sos";
const CRISIS: &str = "urn:service:counseling.suicide";

/// The longest URN that goes out with its sub-service; a longer one goes out as its parent.
const LONGEST: usize = 128;

/// The service of a class that was dialled by digits.
pub(super) const fn of(class: Class) -> &'static str {
    match class {
        Class::Test => TEST,
        Class::Crisis => CRISIS,
        Class::Emergency | Class::Other | Class::Callback => SOS,
    }
}

/// The class of what follows `urn:`, and the whole URN in lower case (RFC 5031 §4.1: case does not matter).
pub(super) fn read(text: &str) -> Option<(Class, Cow<'static, str>)> {
    // RFC 8141: what follows `?+`, `?=` or `#` is not part of the name; SIP parameters are not either.
    let name = text.split(['?', '#', ';']).next()?;
    let (scheme, name) = name.split_at_checked("service:".len())?;
    if !scheme.eq_ignore_ascii_case("service:") {
        return None;
    }
    let class = [Class::Emergency, Class::Test, Class::Crisis].into_iter().find(|&class| is_within(name, class))?;
    Some((class, canonical(name, class)))
}

/// Whether the name is that of the class's service or of a service below it, known or not.
fn is_within(name: &str, class: Class) -> bool {
    let top = top(class);
    name.split_at_checked(top.len())
        .is_some_and(|(start, rest)| start.eq_ignore_ascii_case(top) && (rest.is_empty() || rest.starts_with('.')))
}

fn top(class: Class) -> &'static str {
    &of(class)["urn:service:".len()..]
}

fn canonical(name: &str, class: Class) -> Cow<'static, str> {
    let below = name[top(class).len()..].strip_prefix('.').unwrap_or("");
    // RFC 5031 §4.1: a label is letters, digits and inner hyphens. Anything else does not travel; the parent does.
    let is_label =
        |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if below.is_empty() || name.len() > LONGEST || !below.split('.').all(is_label) {
        return Cow::Borrowed(of(class));
    }
    Cow::Owned(format!("{}.{}", of(class), below.to_ascii_lowercase()))
}
