//! Which trunk serves a place, and how narrowly.
use super::Question;
use crate::record::{Area, Civic, Element, Trunk};

/// Where a call is, as far as routes care.
#[derive(Clone, Copy)]
pub(super) struct Whereabouts<'a> {
    civic: &'a Civic,
    country: &'a str,
    building: Option<&'a str>,
    location: Option<&'a str>,
}

impl<'a> Whereabouts<'a> {
    /// The caller's place; the site's only when no place is known.
    pub(super) fn of(question: &Question<'a>) -> Whereabouts<'a> {
        let located = question.located;
        let own = located.stands_at().or(located.place.as_ref().filter(|_| located.conveyed.is_none()));
        let site = Whereabouts::of_site(question);
        match located.civic() {
            Some(civic) => Whereabouts {
                civic,
                building: own.map(|place| &*place.building),
                location: own.map(|place| &*place.id),
                ..site
            },
            None => site,
        }
    }

    /// The user's site.
    pub(super) fn of_site(question: &Question<'a>) -> Whereabouts<'a> {
        let site = question.site;
        Whereabouts { civic: &site.civic, country: &site.country, building: None, location: None }
    }

    /// Whether this is known to be elsewhere than `site`: in another country or another state. A neighbouring town is
    /// not elsewhere: the PSAP that a site's gateway reaches can hand over within its state, and the gateway is the
    /// last hope.
    pub(super) fn is_away_from(&self, site: &Whereabouts<'_>) -> bool {
        let differs = |one: Option<&str>, other: Option<&str>| {
            one.zip(other).is_some_and(|(one, other)| !same_letters(one, other))
        };
        differs(Some(self.country()), Some(site.country()))
            || differs(self.civic.value(Element::A1), site.civic.value(Element::A1))
    }

    fn country(&self) -> &str {
        self.civic.value(Element::Country).unwrap_or(self.country)
    }

    fn is_within(&self, area: &Area) -> bool {
        let matches = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| found.is_some_and(|found| same_letters(wanted, found)))
        };
        matches(&area.country, Some(self.country()))
            && matches(&area.state, self.civic.value(Element::A1))
            && matches(&area.county, self.civic.value(Element::A2))
            && matches(&area.city, self.civic.value(Element::A3))
            && matches(&area.building, self.building)
            && matches(&area.location, self.location)
    }
}

/// How widely a trunk serves a place: 0 for a route of this very location, 6 for a trunk that serves everywhere. `None`
/// when it does not serve it.
pub(super) fn width(trunk: &Trunk, whereabouts: &Whereabouts<'_>) -> Option<u8> {
    if trunk.areas.is_empty() {
        return Some(6);
    }
    trunk.areas.iter().filter(|area| whereabouts.is_within(area)).map(width_of).min()
}

fn width_of(area: &Area) -> u8 {
    let narrowest =
        [&area.location, &area.building, &area.city, &area.county, &area.state, &area.country].into_iter().zip(0..);
    narrowest.into_iter().find_map(|(part, width)| part.as_ref().map(|_| width)).unwrap_or(6)
}

fn same_letters(one: &str, other: &str) -> bool {
    let lower =
        |text: &str| text.trim().chars().flat_map(char::to_lowercase).collect::<smallvec::SmallVec<[char; 48]>>();
    one.eq_ignore_ascii_case(other) || (!(one.is_ascii() && other.is_ascii()) && lower(one) == lower(other))
}
