//! Dialled digits against the site's table.
use super::{Class, codes};
use crate::record::{DialPlan, Number, Site};
use arrayvec::ArrayVec;

/// Longer than every code with a prefix and a calling code before it: what is longer cannot be one.
const LONGEST: usize = 24;

/// What was dialled, without escapes and visual separators.
type Digits = ArrayVec<u8, LONGEST>;

/// The code of the table that was dialled, and its class.
pub(super) fn code<'a>(site: &Site, plan: &'a DialPlan, user: &str) -> Option<(Class, &'a str)> {
    let digits = normalised(user)?;
    let classes = [Class::Emergency, Class::Test, Class::Crisis].into_iter();
    let mut table = classes.flat_map(|class| codes(plan, class).map(move |code| (class, code)));
    table.find(|(_, code)| is_code(&digits, code.as_bytes(), site, plan))
}

/// What was dialled, as a number for the receipt and for trunks that want digits.
pub(super) fn plain(user: &str) -> Option<Number> {
    let mut text = arrayvec::ArrayString::<{ 2 * LONGEST }>::new();
    for byte in unescaped(user) {
        text.try_push(char::from(byte?)).ok()?;
    }
    Number::read(&text)
}

/// Whether the digits are `[+] [prefix] [+] [calling code] code` and nothing else.
fn is_code(digits: &[u8], code: &[u8], site: &Site, plan: &DialPlan) -> bool {
    let Some(before) = digits.strip_suffix(code) else { return false };
    let is_outside = |before: &[u8]| {
        let before = before.strip_prefix(b"+").unwrap_or(before);
        before.is_empty() || before == plan.calling_code.as_bytes()
    };
    is_outside(before) || {
        let before = before.strip_prefix(b"+").unwrap_or(before);
        site.prefixes.iter().filter_map(|prefix| before.strip_prefix(prefix.as_bytes())).any(is_outside)
    }
}

/// `None` for what is too long or has letters that no code has.
fn normalised(user: &str) -> Option<Digits> {
    let mut digits = Digits::new();
    for byte in unescaped(user) {
        match byte? {
            b'-' | b'.' | b'(' | b')' | b' ' => {}
            kept => digits.try_push(kept).ok()?,
        }
    }
    if digits.last() == Some(&b'#') {
        digits.pop();
    }
    Some(digits)
}

/// The bytes of a user part with `%xx` undone, up to its parameters (RFC 4967: `911;phone-context=…`). An item is `None`
/// where an escape is broken.
fn unescaped(user: &str) -> impl Iterator<Item = Option<u8>> {
    let mut bytes = user.bytes().take_while(|&byte| byte != b';');
    core::iter::from_fn(move || {
        let byte = bytes.next()?;
        if byte != b'%' {
            return Some(Some(byte));
        }
        let high = bytes.next().and_then(hex);
        let low = bytes.next().and_then(hex);
        Some(high.zip(low).map(|(high, low)| high << 4 | low))
    })
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}
