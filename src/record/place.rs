//! Dispatchable locations, and the lines that ring there.
use super::{Civic, Number};
use std::sync::Arc;

/// A dispatchable location: a building's address with floor and room as far as they are known.
#[derive(Clone, Debug, PartialEq, Eq)]
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
}

/// A line: a number or an extension with what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
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
}
