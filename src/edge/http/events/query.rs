//! The query of an address.
use crate::desktop::Asked;

/// The longest query that is looked at, in bytes.
const MOST_BYTES: usize = 2048;

/// What stands in it.
#[derive(Default)]
pub(super) struct Query {
    pub(super) ticket: Option<String>,
    pub(super) asked: Asked,
    pub(super) last_event_id: Option<String>,
}

/// Reads a query. A name that there is none of, or that stands there twice, makes it none. A plus is a plus: it begins
/// telephone numbers, and no value has spaces.
pub(super) fn read(text: &str) -> Option<Query> {
    let mut query = Query::default();
    let text = Some(text).filter(|text| text.len() <= MOST_BYTES)?;
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=')?;
        let into = match name {
            "ticket" => &mut query.ticket,
            "user" => &mut query.asked.user,
            "number" => &mut query.asked.number,
            "instance" => &mut query.asked.instance,
            "mac" => &mut query.asked.mac,
            "desk" => &mut query.asked.desk,
            "last_event_id" => &mut query.last_event_id,
            _ => return None,
        };
        if into.replace(decoded(value)?).is_some() {
            return None;
        }
    }
    Some(query)
}

/// Percent-encoding undone (RFC 3986 §2.1).
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        if byte != b'%' {
            bytes.push(byte);
            rest = after;
            continue;
        }
        let (digits, after) = after.split_at_checked(2)?;
        let digits = core::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_may_begin_with_a_plus_as_it_is_or_encoded() {
        for text in ["number=+13125550123", "number=%2B13125550123&", "&number=%2b13125550123"] {
            let number = read(text).and_then(|query| query.asked.number);
            assert_eq!(number.as_deref(), Some("+13125550123"), "{text}");
        }
    }

    #[test]
    fn what_is_no_query_of_ours_is_none() {
        let long = format!("user={}", "a".repeat(MOST_BYTES));
        for text in ["user", "user=a&user=b", "company=acme", "user=%", "user=%4", "user=%+4", "user=%ff", &long] {
            assert!(read(text).is_none(), "{text}");
        }
        assert_eq!(read("").map(|query| query.asked.named()), Some(0));
    }
}
