//! In which spelling a cell is kept.
use crate::record::wiremap::Network;
use crate::record::{Mac, Number, device};
use core::net::IpAddr;

/// What a cell holds. Two spellings of one thing are one cell, so that a file that is read again changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Text as it stands.
    Text,
    /// Yes or no.
    Switch,
    /// A number or extension.
    Number,
    /// A hardware address.
    Mac,
    /// What a switch says of itself: mostly a hardware address.
    Chassis,
    /// A network.
    Network,
    /// An IP address.
    Address,
    /// An instance id.
    Instance,
}

impl Form {
    /// The one spelling of what a cell says. What cannot be read stays as it is, for its fault to be told elsewhere.
    pub(super) fn canonical(self, text: &str) -> String {
        let read = match self {
            Form::Text => None,
            Form::Switch => switch(text).map(|on| if on { "yes" } else { "no" }.to_owned()),
            Form::Number => Number::read(text).map(|number| number.expose().to_owned()),
            Form::Mac => Mac::read(text).map(Mac::expose),
            Form::Chassis => Mac::read(text).map(Mac::expose).or_else(|| address(text)),
            Form::Network => Network::read(text).map(Network::expose),
            Form::Address => address(text),
            Form::Instance => device::instance(text).map(|instance| instance.to_string()),
        };
        read.unwrap_or_else(|| text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect())
    }
}

/// Yes or no in the words that people use.
pub(super) fn switch(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "true" | "on" | "1" => Some(true),
        "no" | "false" | "off" | "0" => Some(false),
        _ => None,
    }
}

fn address(text: &str) -> Option<String> {
    text.parse::<IpAddr>().ok().map(|address| address.to_canonical().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_has_one_spelling_and_keeps_what_it_cannot_read() {
        assert_eq!(Form::Mac.canonical("0200.0000.0a01"), "02-00-00-00-0A-01");
        assert_eq!(Form::Chassis.canonical("02:00:00:00:0a:01"), "02-00-00-00-0A-01");
        assert_eq!(Form::Chassis.canonical("Gi1/12"), "Gi1/12");
        assert_eq!(Form::Network.canonical("10.1.4.7"), "10.1.4.7/32");
        assert_eq!(Form::Address.canonical("::ffff:192.0.2.1"), "192.0.2.1");
        assert_eq!(Form::Number.canonical("+1 (312) 555-0123"), "+13125550123");
        assert_eq!(Form::Switch.canonical("On"), "yes");
        assert_eq!(Form::Mac.canonical("02-00"), "02-00");
        assert_eq!(Form::Text.canonical("a\u{1f}b"), "a b");
    }
}
