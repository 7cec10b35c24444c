//! The shape of a place on the earth, from the columns of a building or location.
use super::fault::Faults;
use super::form::{Form, corners};
use super::sheet::{Column, Row, optional};
use crate::record::{Position, Shape};
use std::sync::Arc;

/// The most corners of a shape of ours (RFC 5491 §5.1).
pub const MOST_CORNERS: usize = 15;
/// The longest radius, in meters: what is larger is no place.
const LONGEST: f64 = 100_000.0;

/// The columns: a point by latitude and longitude, with an altitude or a radius or both, or the corners of a polygon.
pub(super) const COLUMNS: [Column; 5] = [
    optional("latitude").form(Form::Decimal),
    optional("longitude").form(Form::Decimal),
    optional("altitude").form(Form::Decimal),
    optional("radius").form(Form::Decimal),
    optional("polygon").form(Form::Corners),
];
const LATITUDE: usize = 0;
const LONGITUDE: usize = 1;
const ALTITUDE: usize = 2;
const RADIUS: usize = 3;
const POLYGON: usize = 4;

/// The shape that a row draws, if it draws one; its columns begin at `first`.
pub(super) fn read(row: &Row<'_>, first: usize, faults: &mut Faults) -> Option<Arc<Shape>> {
    let is_there = |column: usize| !row.cell(first + column).is_empty();
    let altitude = row.read(first + ALTITUDE, number, NO_NUMBER, faults);
    let fault = match (is_there(LATITUDE) || is_there(LONGITUDE), is_there(POLYGON)) {
        (true, false) => return point(row, first, altitude, faults).map(Arc::new),
        (true, true) => (POLYGON, "there are a point and a polygon", "keep one of them"),
        (false, true) if is_there(RADIUS) => (RADIUS, "a polygon has no radius", "leave it out"),
        (false, true) => match polygon(row.cell(first + POLYGON), altitude) {
            Ok(shape) => return Some(Arc::new(shape)),
            Err(why) => (POLYGON, why, "write 3 to 15 corners as 41.88 -87.62; 41.89 -87.62; 41.89 -87.63"),
        },
        (false, false) => {
            let alone = [ALTITUDE, RADIUS].into_iter().find(|&column| is_there(column))?;
            (alone, "it is the measure of no shape", "write latitude and longitude too")
        }
    };
    row.fault(first + fault.0, fault.1, fault.2, faults);
    None
}

/// A point, or what lies within a radius of it.
fn point(row: &Row<'_>, first: usize, altitude: Option<f64>, faults: &mut Faults) -> Option<Shape> {
    let radius = row.read(first + RADIUS, length, ("this is no length of a place in meters", "write it as 25"), faults);
    let [latitude, longitude] = [LATITUDE, LONGITUDE].map(|column| {
        if row.cell(first + column).is_empty() {
            row.fault(first + column, "half of the point is missing", BOTH, faults);
        }
        row.read(first + column, number, NO_NUMBER, faults)
    });
    let Some(center) = Position::new(latitude?, longitude?, altitude) else {
        row.fault(first + LATITUDE, "this is no point on the earth", BOTH, faults);
        return None;
    };
    Some(match (radius, altitude) {
        (None, _) => Shape::Point(center),
        (Some(radius), None) => Shape::Circle { center, radius },
        (Some(radius), Some(_)) => Shape::Sphere { center, radius },
    })
}

const NO_NUMBER: (&str, &str) = ("this is no number", "write it as 41.8822");
const BOTH: &str = "write degrees north as latitude, -90 to 90, and degrees east as longitude, -180 to 180";

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

fn length(text: &str) -> Option<f64> {
    number(text).filter(|length| *length > 0.0 && *length <= LONGEST)
}

/// A polygon without crossings, closed and counter-clockwise (RFC 5491 §5.2.2).
fn polygon(text: &str, altitude: Option<f64>) -> Result<Shape, &'static str> {
    let corners = corners(text).ok_or("these are no corners")?;
    if !(3..=MOST_CORNERS).contains(&corners.len()) {
        return Err("a polygon has 3 to 15 corners");
    }
    let ring = corners.iter().map(|&(north, east)| Position::new(north, east, altitude));
    let mut ring: Vec<Position> = ring.collect::<Option<_>>().ok_or("a corner is no point on the earth")?;
    // Across the date line the nearer way around the earth counts.
    let flat = |east: f64| east - 360.0 * ((east - corners[0].1) / 360.0).round();
    let flat: Vec<(f64, f64)> = corners.iter().map(|&(north, east)| (flat(east), north)).collect();
    if crosses_itself(&flat) {
        return Err("the polygon's edges cross or touch each other");
    }
    if area(&flat) < 0.0 {
        ring.reverse();
    }
    ring.push(ring[0]);
    Ok(Shape::Polygon(ring.into()))
}

/// Twice the area of a ring that is not closed, east and north; less than nothing when it goes clockwise.
fn area(ring: &[(f64, f64)]) -> f64 {
    edges(ring).map(|((x, y), (next_x, next_y))| x * next_y - next_x * y).sum()
}

fn edges(ring: &[(f64, f64)]) -> impl Iterator<Item = ((f64, f64), (f64, f64))> {
    ring.iter().copied().zip(ring.iter().copied().cycle().skip(1))
}

/// Whether two edges have more in common than the corner between them.
fn crosses_itself(ring: &[(f64, f64)]) -> bool {
    let edges: Vec<_> = edges(ring).collect();
    let count = edges.len();
    let pairs = (0..count).flat_map(|one| (one + 1..count).map(move |other| (one, other)));
    pairs.into_iter().any(|(one, other)| {
        let ((a, b), (c, d)) = (edges[one], edges[other]);
        match () {
            // Neighbours share a corner; they have more in common when one turns back onto the other.
            () if b == c && a == d => true,
            () if other == one + 1 => a == b || turn(a, b, d) == 0.0 && between(b, a, d).is_gt(),
            () if one == 0 && other == count - 1 => c == d || turn(c, d, b) == 0.0 && between(d, c, b).is_gt(),
            () => meet((a, b), (c, d)),
        }
    })
}

/// On which side of the line from `a` to `b` a point lies.
fn turn(a: (f64, f64), b: (f64, f64), point: (f64, f64)) -> f64 {
    (b.0 - a.0) * (point.1 - a.1) - (b.1 - a.1) * (point.0 - a.0)
}

/// Whether two points are on the same side of a corner, all three on one line.
fn between(corner: (f64, f64), one: (f64, f64), other: (f64, f64)) -> core::cmp::Ordering {
    let along = (one.0 - corner.0) * (other.0 - corner.0) + (one.1 - corner.1) * (other.1 - corner.1);
    along.total_cmp(&0.0)
}

fn meet((a, b): ((f64, f64), (f64, f64)), (c, d): ((f64, f64), (f64, f64))) -> bool {
    let apart = |from: f64, to: f64, other_from: f64, other_to: f64| {
        from.max(to) < other_from.min(other_to) || other_from.max(other_to) < from.min(to)
    };
    if apart(a.0, b.0, c.0, d.0) || apart(a.1, b.1, c.1, d.1) {
        return false;
    }
    turn(a, b, c) * turn(a, b, d) <= 0.0 && turn(c, d, a) * turn(c, d, b) <= 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corners_of(text: &str) -> Result<Vec<(f64, f64)>, &'static str> {
        match polygon(text, None)? {
            Shape::Polygon(ring) => Ok(ring.iter().map(|at| (at.latitude, at.longitude)).collect()),
            _ => Err("no polygon"),
        }
    }

    #[test]
    fn a_polygon_is_closed_and_goes_counter_clockwise_however_it_was_written() {
        let wanted = [(0.0, 0.0), (0.0, 2.0), (1.0, 2.0), (1.0, 0.0), (0.0, 0.0)];
        assert_eq!(corners_of("0 0; 0 2; 1 2; 1 0").unwrap(), wanted);
        assert_eq!(corners_of("0 0; 0 2; 1 2; 1 0; 0 0").unwrap(), wanted);
        let clockwise = corners_of("1 0; 1 2; 0 2; 0 0").unwrap();
        assert_eq!(clockwise, [(0.0, 0.0), (0.0, 2.0), (1.0, 2.0), (1.0, 0.0), (0.0, 0.0)]);
        let across = corners_of("0 179; 0 -179; 1 -179; 1 179").unwrap();
        assert_eq!(across[1], (0.0, -179.0));
    }

    #[test]
    fn a_polygon_that_crosses_itself_or_has_no_inside_is_none() {
        for wrong in [
            "0 0; 1 1; 0 1; 1 0",
            "0 0; 0 1",
            "0 0; 0 1; 0 2",
            "0 0; 0 2; 0 1; 1 1",
            "0 0; 0 0; 1 1; 1 0",
            "0 0; 2 0; 2 2; 1 0; 0 2",
            "91 0; 0 1; 1 1",
            "0 0; 0 1; 1",
            "",
        ] {
            assert!(corners_of(wrong).is_err(), "{wrong}");
        }
        let many: Vec<String> = (0..16).map(|corner| format!("{} {}", corner * corner, corner)).collect();
        assert!(corners_of(&many.join(";")).is_err());
    }
}
