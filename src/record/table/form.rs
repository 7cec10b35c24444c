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
    /// A number with or without decimals.
    Decimal,
    /// The corners of a polygon, north and east.
    Corners,
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
            Form::Decimal => text.parse::<f64>().ok().filter(|number| number.is_finite()).map(decimal),
            Form::Corners => corners(text).filter(|corners| !corners.is_empty()).map(|corners| {
                let corners = corners.iter().map(|(north, east)| [&decimal(*north), " ", &decimal(*east)].concat());
                corners.collect::<Vec<_>>().join("; ")
            }),
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

/// The corners of a polygon in degrees north and east, with semicolons between; the first is not repeated at the end.
pub(super) fn corners(text: &str) -> Option<Vec<(f64, f64)>> {
    let corner = |text: &str| {
        let mut numbers = text.split([' ', ',']).filter(|number| !number.is_empty()).map(str::parse::<f64>);
        match (numbers.next()?, numbers.next()?, numbers.next()) {
            (Ok(north), Ok(east), None) if north.is_finite() && east.is_finite() => Some((north, east)),
            _ => None,
        }
    };
    let mut corners = text.split(';').map(corner).collect::<Option<Vec<_>>>()?;
    if corners.len() > 1 && corners.first() == corners.last() {
        corners.pop();
    }
    Some(corners)
}

/// The shortest spelling that reads back as the same; there is no negative nothing.
fn decimal(number: f64) -> String {
    (number + 0.0).to_string()
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
        assert_eq!(Form::Decimal.canonical("-087.620"), "-87.62");
        assert_eq!(Form::Decimal.canonical("-0.0"), "0");
        assert_eq!(Form::Decimal.canonical("north"), "north");
        assert_eq!(Form::Corners.canonical("1.0 2;1 3.50 ; 2,3;1 2"), "1 2; 1 3.5; 2 3");
        assert_eq!(Form::Corners.canonical("1 2; 3"), "1 2; 3");
        assert_eq!(Form::Text.canonical("a\u{1f}b"), "a b");
    }
}
