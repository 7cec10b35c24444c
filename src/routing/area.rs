//! Which trunk serves a place, and how narrowly.
use super::Question;
use crate::cache::Snapshot;
use crate::record::boundary::{Coverage, WHOLE};
use crate::record::{Area, Boundaries, Civic, Element, Trunk};

/// Where a call is, as far as routes care.
#[derive(Clone)]
pub(super) struct Whereabouts<'a> {
    civic: &'a Civic,
    boundaries: &'a Boundaries,
    /// The boundaries that hold the caller's shape.
    covered: Coverage,
    country: &'a str,
    building: Option<&'a str>,
    location: Option<&'a str>,
}

impl<'a> Whereabouts<'a> {
    /// The caller's place; the site's only when no place is known.
    pub(super) fn of(snapshot: &'a Snapshot, question: &Question<'a>) -> Whereabouts<'a> {
        let located = question.located;
        let own = located.stands_at().or(located.place.as_ref().filter(|_| located.conveyed.is_none()));
        let site = Whereabouts::of_site(snapshot, question);
        let shape = located.shape.as_deref().filter(|_| !snapshot.boundaries.is_empty());
        let covered = shape.map(|shape| snapshot.boundaries.covering(shape)).unwrap_or_default();
        match (located.civic(), shape) {
            (Some(civic), _) => Whereabouts {
                civic,
                covered,
                building: own.map(|place| &*place.building),
                location: own.map(|place| &*place.id),
                ..site
            },
            // A known place counts and not the site's, even where no boundary holds it.
            (None, Some(_)) => Whereabouts { civic: Civic::NOTHING, covered, ..site },
            (None, None) => site,
        }
    }

    /// The user's site.
    pub(super) fn of_site(snapshot: &'a Snapshot, question: &Question<'a>) -> Whereabouts<'a> {
        let site = question.site;
        Whereabouts {
            civic: &site.civic,
            boundaries: &snapshot.boundaries,
            covered: Coverage::new(),
            country: &site.country,
            building: None,
            location: None,
        }
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

    /// How closely an area fits; `None` when this is not in it.
    fn fit(&self, area: &Area) -> Option<Fit> {
        if !self.is_within(area) {
            return None;
        }
        let fit = Fit { width: width_of(area), outside: 0, place: 0 };
        let Some(name) = &area.boundary else { return Some(fit) };
        let place = self.boundaries.place(name)?;
        let covered = self.covered.iter().find(|covered| covered.place == place)?;
        // What is more exact than the boundary decides alone.
        let decides = fit.width == BOUNDARY;
        Some(if decides { Fit { outside: WHOLE - covered.share, place, ..fit } } else { fit })
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

/// How closely a trunk serves a place; less is closer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Fit {
    /// 0 for a route of this very location, up to [`EVERYWHERE`].
    width: u8,
    /// How much of the caller's shape is outside the boundary, in thousandths.
    outside: u16,
    /// The boundary's place: of two that hold the same the first decides, and not chance.
    place: usize,
}

/// The width of a trunk without areas.
const EVERYWHERE: u8 = 7;
/// The width of a boundary: behind our own names for a place, before its address.
const BOUNDARY: u8 = 2;

/// How closely a trunk serves a place. `None` when it does not serve it.
pub(super) fn fit(trunk: &Trunk, whereabouts: &Whereabouts<'_>) -> Option<Fit> {
    if trunk.areas.is_empty() {
        return Some(Fit { width: EVERYWHERE, outside: 0, place: 0 });
    }
    trunk.areas.iter().filter_map(|area| whereabouts.fit(area)).min()
}

fn width_of(area: &Area) -> u8 {
    let Area { country, state, county, city, boundary, building, location } = area;
    let narrowest = [location, building, boundary, city, county, state, country].into_iter().zip(0..);
    narrowest.into_iter().find_map(|(part, width)| part.as_ref().map(|_| width)).unwrap_or(EVERYWHERE)
}

fn same_letters(one: &str, other: &str) -> bool {
    let lower =
        |text: &str| text.trim().chars().flat_map(char::to_lowercase).collect::<smallvec::SmallVec<[char; 48]>>();
    one.eq_ignore_ascii_case(other) || (!(one.is_ascii() && other.is_ascii()) && lower(one) == lower(other))
}
