//! Buildings and the locations within them.
use super::fault::Faults;
use super::form::Form;
use super::kind::Kind;
use super::sheet::{Layout, Row, each_row, optional, required};
use super::{ById, Civic, File, Location};
use std::sync::Arc;

pub(super) const BUILDINGS: Layout = Layout { columns: &[required("id")], civic: true, key: &[ID] };
pub(super) const LOCATIONS: Layout = Layout {
    columns: &[
        required("id"),
        required("building").names(&[Kind::Buildings]),
        optional("elin").form(Form::Number),
        optional("ecbn").form(Form::Number),
        optional("default").form(Form::Switch),
    ],
    civic: true,
    key: &[ID],
};
const ID: usize = 0;
const BUILDING: usize = 1;
const ELIN: usize = 2;
const ECBN: usize = 3;
const DEFAULT: usize = 4;

/// Reads both files. A building is a location too, under its own id, so that a number may stand in a building of which
/// no more is known.
pub(super) fn read(buildings: &[File<'_>], locations: &[File<'_>], faults: &mut Faults) -> ById<Location> {
    let mut places = ById::new();
    each_row(buildings, &BUILDINGS, faults, |row, faults| {
        let id: Arc<str> = row.cell(ID).into();
        let mut civic = Civic::default();
        row.civic(&mut civic, faults);
        let building = Location { id: Arc::clone(&id), building: id, civic, elin: None, ecbn: None, default: false };
        keep(&mut places, building, row, faults);
    });
    each_row(locations, &LOCATIONS, faults, |row, faults| {
        let building = match places.get(row.cell(BUILDING)) {
            Some(place) if place.id == place.building => Arc::clone(place),
            _ => return row.fault(BUILDING, "no such building", "add it to the buildings", faults),
        };
        let mut civic = building.civic.clone();
        row.civic(&mut civic, faults);
        let location = Location {
            id: row.cell(ID).into(),
            building: Arc::clone(&building.id),
            civic,
            elin: row.outside_number(ELIN, faults),
            ecbn: row.outside_number(ECBN, faults),
            default: row.switch(DEFAULT, faults),
        };
        keep(&mut places, location, row, faults);
    });
    places
}

fn keep(places: &mut ById<Location>, place: Location, row: &Row<'_>, faults: &mut Faults) {
    if places.contains_key(&place.id) {
        row.fault(ID, "another building or location has this id", "give each its own", faults);
    } else {
        places.insert(Arc::clone(&place.id), Arc::new(place));
    }
}
