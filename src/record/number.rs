//! Telephone numbers and extensions.
use arrayvec::ArrayString;
use core::fmt;

/// The longest number or extension kept, in bytes.
pub const NUMBER_LEN: usize = 32;

/// A telephone number in E.164 form (`+13125550123`) or an extension (`4117`): `+` and digits, or digits alone, or the
/// user part of a SIP URI. It never prints itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(ArrayString<NUMBER_LEN>);

impl Number {
    /// Reads a number as a person or a PBX writes it: visual separators `-.()` and spaces are left out. `None` when
    /// nothing is left, when it is longer than [`NUMBER_LEN`], or has a control or a quote in it.
    pub fn read(text: &str) -> Option<Number> {
        let mut kept = ArrayString::new();
        for letter in text.chars() {
            match letter {
                '-' | '.' | '(' | ')' | ' ' => {}
                _ if letter.is_ascii_graphic() && !matches!(letter, '"' | '<' | '>' | '@' | ';' | ',') => {
                    kept.try_push(letter).ok()?;
                }
                _ => return None,
            }
        }
        (!kept.is_empty()).then_some(Number(kept))
    }

    /// The number's text, for the wire.
    pub fn expose(&self) -> &str {
        self.0.as_str()
    }

    /// Whether it is in E.164 form: `+` and 7 to 15 digits.
    pub fn is_e164(&self) -> bool {
        self.0
            .strip_prefix('+')
            .is_some_and(|digits| (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()))
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("<private>")
    }
}
