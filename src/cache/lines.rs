//! Which line a caller's number is.
use super::Cache;
use crate::record::{Line, Number};
use std::sync::Arc;

impl Cache {
    /// The line that an organisation lists under a number as the caller shows it: `+13125550123`, `13125550123`,
    /// `3125550123` with the calling code `1` (without `+`), or the extension `4117`.
    pub fn line(&self, organisation: &Arc<str>, shown: Number, calling_code: &str) -> Option<Arc<Line>> {
        let listed = |number| self.lines.get(&(Arc::clone(organisation), number)).map(|line| Arc::clone(&line));
        listed(shown).or_else(|| {
            let digits = shown.expose();
            if digits.len() < SHORTEST_OUTSIDE || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            let outside = |code: &str| {
                let mut text = arrayvec::ArrayString::<{ crate::record::number::NUMBER_LEN }>::new();
                let parts = ["+", code, digits];
                parts.iter().try_for_each(|part| text.try_push_str(part)).ok()?;
                Number::read(&text)
            };
            outside("").and_then(listed).or_else(|| outside(calling_code).and_then(listed))
        })
    }
}

/// Digits of the shortest number in E.164 form.
const SHORTEST_OUTSIDE: usize = 7;
