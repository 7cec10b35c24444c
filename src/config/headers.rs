//! Header lines that an operator adds.
use crate::sip::message::Name;

/// The longest line, in bytes.
const LONGEST: usize = 512;

/// A line as name and value. `None` for one that is none, and for headers that make a message what it is: those are
/// written for each message and nobody adds to them.
pub fn split(line: &str) -> Option<(Box<str>, Box<str>)> {
    let (name, value) = line.split_once(':')?;
    let (name, value) = (name.trim(), value.trim());
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte);
    let is_name = !name.is_empty() && name.bytes().all(is_token);
    let is_value = !value.is_empty() && value.chars().all(|letter| !letter.is_control());
    (line.len() <= LONGEST && is_name && is_value && is_free(name)).then(|| (name.into(), value.into()))
}

fn is_free(name: &str) -> bool {
    matches!(
        Name::read(name.as_bytes()),
        Name::Other | Name::AlertInfo | Name::CallInfo | Name::Subject | Name::Diversion | Name::HistoryInfo
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_split_and_what_would_bend_the_message_is_refused() {
        let both = |name: &str, value: &str| Some((name.into(), value.into()));
        assert_eq!(split("X-Bypass: all; now"), both("X-Bypass", "all; now"));
        assert_eq!(split("Alert-Info:<urn:alert:service:normal>"), both("Alert-Info", "<urn:alert:service:normal>"));
        for wrong in
            ["", "X-Bypass", ": all", "X Bypass: all", "X: ", "X: a\r\nVia: b", "Via: a", "v: a", "Contact: <a>"]
        {
            assert_eq!(split(wrong), None, "{wrong}");
        }
    }
}
