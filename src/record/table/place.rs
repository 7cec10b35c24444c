//! Buildings and the locations within them.
use super::fault::Faults;
use super::form::Form;
use super::kind::Kind;
use super::shape;
use super::sheet::{Column, Layout, Row, each_row, optional, required};
use super::{ById, Civic, File, Location};
use std::sync::Arc;

const DRAWN: [Column; 5] = shape::COLUMNS;

pub(super) const BUILDINGS: Layout =
    Layout { columns: &[required("id"), DRAWN[0], DRAWN[1], DRAWN[2], DRAWN[3], DRAWN[4]], civic: true, key: &[ID] };
pub(super) const LOCATIONS: Layout = Layout {
    columns: &[
        required("id"),
        required("building").names(&[Kind::Buildings]),
        optional("elin").form(Form::Number),
        optional("ecbn").form(Form::Number),
        optional("default").form(Form::Switch),
        DRAWN[0],
        DRAWN[1],
        DRAWN[2],
        DRAWN[3],
        DRAWN[4],
    ],
    civic: true,
    key: &[ID],
};
const ID: usize = 0;
const BUILDING: usize = 1;
const ELIN: usize = 2;
const ECBN: usize = 3;
const DEFAULT: usize = 4;
/// Where the columns of the shape begin.
const BUILDING_SHAPE: usize = 1;
const LOCATION_SHAPE: usize = 5;

/// Reads both files. A building is a location too, under its own id, so that a number may stand in a building of which
/// no more is known. What lies in a building lies in its shape.
pub(super) fn read(buildings: &[File<'_>], locations: &[File<'_>], faults: &mut Faults) -> ById<Location> {
    let mut places = ById::default();
    each_row(buildings, &BUILDINGS, faults, |row, faults| {
        let id: Arc<str> = row.cell(ID).into();
        let mut civic = Civic::default();
        row.civic(&mut civic, faults);
        let shape = shape::read(row, BUILDING_SHAPE, faults);
        let building = Location { shape, ..Location::new(Arc::clone(&id), id, civic) };
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
            shape: shape::read(row, LOCATION_SHAPE, faults).or_else(|| building.shape.clone()),
        };
        keep(&mut places, location, row, faults);
    });
    places
}

fn keep(places: &mut ById<Location>, place: Location, row: &Row<'_>, faults: &mut Faults) {
    if !places.insert(&Arc::clone(&place.id), place) {
        row.fault(ID, "another building or location has this id", "give each its own", faults);
    }
}
