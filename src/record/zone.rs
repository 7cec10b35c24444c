//! The local time of a site: what its people see on the wall when they read of a call.
use crate::base::now::Wall;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::sync::Arc;

/// A time zone of the IANA database, whose rules are part of the program: to look one up asks nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    name: Arc<str>,
    rules: TimeZone,
}

impl Zone {
    /// The zone of a name, as `America/Chicago`.
    pub fn read(name: &str) -> Option<Zone> {
        let rules = jiff::tz::TimeZoneDatabase::bundled().get(name.trim()).ok()?;
        Some(Zone { name: rules.iana_name()?.into(), rules })
    }

    /// The zone of an address, where its country or state has one alone; a state or province that is cut in two has none
    /// here, since nobody is told a wrong hour.
    pub fn of_address(country: &str, state: &str) -> Option<Zone> {
        let is_there = |(countries, states, _): &&(&str, &str, &str)| {
            let has = |list: &str, word: &str| list.split(' ').any(|one| one.eq_ignore_ascii_case(word));
            has(countries, country) && (states.is_empty() || has(states, state))
        };
        WHOLE.iter().find(is_there).and_then(|(_, _, name)| Zone::read(name))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A moment by its clocks, with its distance from UTC: `2026-11-21T14:15:02-06:00`.
    pub fn date_time(&self, at: Wall) -> String {
        let millis = i64::try_from(at.as_millis() / 1000 * 1000).unwrap_or(i64::MAX);
        let Ok(moment) = Timestamp::from_millisecond(millis) else { return String::new() };
        moment.display_with_offset(self.rules.to_offset(moment)).to_string()
    }
}

/// Countries and their states that lie in one zone.
const WHOLE: [(&str, &str, &str); 29] = [
    ("US", "CT DC DE GA MA MD ME NC NH NJ NY OH PA RI SC VA VT WV", "America/New_York"),
    ("US", "AR IA IL LA MN MO MS OK WI", "America/Chicago"),
    ("US", "CO MT NM UT WY", "America/Denver"),
    ("US", "CA WA", "America/Los_Angeles"),
    ("US", "HI", "Pacific/Honolulu"),
    ("US", "PR", "America/Puerto_Rico"),
    ("CA", "AB", "America/Edmonton"),
    ("CA", "MB", "America/Winnipeg"),
    ("CA", "NB NS PE", "America/Halifax"),
    ("AU", "VIC", "Australia/Melbourne"),
    ("AU", "QLD", "Australia/Brisbane"),
    ("AU", "TAS", "Australia/Hobart"),
    ("GB", "", "Europe/London"),
    ("IE", "", "Europe/Dublin"),
    ("DE", "", "Europe/Berlin"),
    ("FR", "", "Europe/Paris"),
    ("NL", "", "Europe/Amsterdam"),
    ("BE", "", "Europe/Brussels"),
    ("LU", "", "Europe/Luxembourg"),
    ("AT", "", "Europe/Vienna"),
    ("CH", "", "Europe/Zurich"),
    ("IT", "", "Europe/Rome"),
    ("PL", "", "Europe/Warsaw"),
    ("CZ SK", "", "Europe/Prague"),
    ("HU", "", "Europe/Budapest"),
    ("DK", "", "Europe/Copenhagen"),
    ("SE", "", "Europe/Stockholm"),
    ("NO", "", "Europe/Oslo"),
    ("FI", "", "Europe/Helsinki"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_by_the_clocks_of_the_place_in_summer_and_in_winter() {
        let chicago = Zone::read("America/Chicago").unwrap();
        let told = |text: &str| chicago.date_time(Wall::read(text).unwrap());
        assert_eq!(told("2026-11-21T20:15:02Z"), "2026-11-21T14:15:02-06:00");
        assert_eq!(told("2026-07-21T20:15:02.9Z"), "2026-07-21T15:15:02-05:00");
        assert_eq!(told("2026-11-01T06:30:00Z"), "2026-11-01T01:30:00-05:00", "the first half past one of that night");
        assert_eq!(told("2026-11-01T07:30:00Z"), "2026-11-01T01:30:00-06:00", "and the second");
        assert_eq!(Zone::read("america/chicago").unwrap().name(), "America/Chicago");
        assert_eq!((Zone::read("Chicago"), Zone::read("")), (None, None));
    }

    #[test]
    fn an_address_has_a_zone_where_its_state_or_country_has_one_alone() {
        let of = |country: &str, state: &str| Zone::of_address(country, state).map(|zone| zone.name().to_owned());
        assert_eq!(of("US", "IL").as_deref(), Some("America/Chicago"));
        assert_eq!(of("US", "IN"), None, "Indiana has two");
        assert_eq!(of("US", ""), None);
        assert_eq!(of("DE", "Bayern").as_deref(), Some("Europe/Berlin"));
        for (countries, states, name) in WHOLE {
            let (country, state) = (countries.split(' ').next().unwrap(), states.split(' ').next().unwrap());
            assert_eq!(of(country, state).as_deref(), Some(name), "{countries} {states}");
        }
    }
}
