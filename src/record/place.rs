//! Dispatchable locations, and the lines that ring there.
use super::{Civic, Grade, Number, Shape};
use std::sync::Arc;

/// A dispatchable location: a building's address with floor and room as far as they are known.
#[derive(Clone, Debug, PartialEq)]
pub struct Location {
    /// Its name in our own tables: `hq-101`.
    pub id: Arc<str>,
    /// The building it is in, by our name for it.
    pub building: Arc<str>,
    /// The whole address: the building's and its own.
    pub civic: Civic,
    /// The number that a legacy trunk shows for this place (ELIN).
    pub elin: Option<Number>,
    /// The callback number of the place.
    pub ecbn: Option<Number>,
    /// Whether it only stands in for a place that is not known.
    pub default: bool,
    /// Where that is on the earth, as somebody drew it: of the place itself, else of its building. Never made of the
    /// address (RFC 6881 SP-11).
    pub shape: Option<Arc<Shape>>,
}

impl Location {
    /// A place of which no more is known than its address.
    pub fn new(id: Arc<str>, building: Arc<str>, civic: Civic) -> Location {
        Location { id, building, civic, elin: None, ecbn: None, default: false, shape: None }
    }

    /// How good it is.
    pub fn grade(&self) -> Grade {
        match Grade::of(&self.civic) {
            _ if self.default => Grade::Default,
            grade if self.shape.is_some() => grade.max(Grade::BestAvailable),
            grade => grade,
        }
    }

    /// Whether it can stand alone: it has a house number or a shape, and is no stand-in.
    pub fn is_firm(&self) -> bool {
        self.grade() > Grade::Default && (self.shape.is_some() || self.civic.is_dispatchable())
    }
}

/// A line: a number or an extension with what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The number in E.164 form, or the extension, under which it is listed.
    pub number: Number,
    /// The organisation it belongs to.
    pub organisation: Arc<str>,
    /// The user's site.
    pub site: Arc<str>,
    /// Where it rings, when it has an address.
    pub location: Option<Arc<Location>>,
    /// The callback number set for this line or its user.
    pub ecbn: Option<Number>,
    /// Whether the site lists the line's own number as reachable from outside.
    pub reachable: bool,
    /// Whether its user has a presence at a contact center. Where callbox manages that, calls back come by us.
    pub has_presence: bool,
}
