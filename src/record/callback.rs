//! How numbers are lent to callers, and how calls to them are carried to who called. From `conf/`.
use super::Number;
use crate::base::private::Private;
use core::time::Duration;
use std::sync::Arc;

/// The longest that a number is kept for a caller, from dialling on or from the end of its last call on.
pub const LONGEST: Duration = Duration::from_secs(3 * 3600);

/// How long numbers are lent, and how calls to them are carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Callbacks {
    /// How long a caller keeps its number from dialling on.
    pub lease: Duration,
    /// How long it keeps it at least after the last call that has to do with it.
    pub after: Duration,
    /// With this share of a pool free, or less, in percent, somebody is to know.
    pub low_percent: u8,
    /// After how long the next are called too.
    pub step: Duration,
    /// How long after an emergency call one from the domain of its PSAP is a call back (RFC 6881 ED-69).
    pub recent: Duration,
    /// A caller who hangs up this soon has perhaps misdialled.
    pub misdial: Duration,
    /// How long the line of such a caller is kept free of other calls.
    pub kept_free: Duration,
}

impl Default for Callbacks {
    fn default() -> Callbacks {
        Callbacks {
            lease: Duration::from_secs(3600),
            after: Duration::from_secs(1800),
            low_percent: 20,
            step: Duration::from_secs(20),
            recent: Duration::from_secs(300),
            misdial: Duration::from_secs(10),
            kept_free: Duration::from_secs(300),
        }
    }
}

/// Which callback number a site prefers for its callers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preference {
    /// Their own, as far as they have one.
    #[default]
    Own,
    /// One of the pool, so that every call back comes by us.
    Lease,
}

impl Preference {
    /// The word for tables.
    pub fn read(text: &str) -> Option<Preference> {
        match text {
            "own" => Some(Preference::Own),
            "lease" => Some(Preference::Lease),
            _ => None,
        }
    }
}

/// Who takes a call back when who called does not: a number or extension of the site's PBX, or a SIP URI. It never
/// prints itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Guard {
    /// A number or extension.
    Number(Number),
    /// A SIP URI.
    Uri(Private<Arc<str>>),
}

impl Guard {
    /// Reads a number in international form, an extension of digits, or a SIP URI.
    pub fn read(text: &str) -> Option<Guard> {
        if text.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("sip:")) {
            let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>' | b'"' | b',' | b'?');
            let is_sound = text.len() > 4 && text.len() <= 255 && text.bytes().all(is_plain);
            return is_sound.then(|| Guard::Uri(Private::new(text.into())));
        }
        let is_dialled =
            |number: &Number| number.is_e164() || number.expose().bytes().all(|byte| byte.is_ascii_digit());
        Number::read(text).filter(is_dialled).map(Guard::Number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_desk_is_a_number_an_extension_or_a_uri_and_does_not_print_itself() {
        for text in ["+1 312 555 0199", "4100", "sip:desk@192.0.2.9:5060;transport=tcp"] {
            let desk = Guard::read(text).unwrap();
            assert!(!format!("{desk:?}").contains(['4', '9']), "{desk:?}");
        }
        for text in ["", "sip:", "desk", "sip:a@b\r\nX: y", "sip:<a@b>", "tel:+13125550199", "sip:a@b?Replaces=c"] {
            assert_eq!(Guard::read(text), None, "{text}");
        }
    }
}
