//! Areas drawn on a map, and how much of a caller's shape lies in each.
use super::shape::{Position, Shape};
use core::f64::consts::TAU;
use core::fmt;
use geo::{BoundingRect, Intersects, MultiPolygon, Point, Polygon};
use rstar::{AABB, RTree, RTreeObject};
use smallvec::SmallVec;
use std::sync::Arc;

/// How many points stand for the outline of what is round.
const CORNERS: u8 = 12;

/// Meters in a degree of latitude, anywhere within half a percent.
pub(super) const METERS_A_DEGREE: f64 = 111_320.0;

/// Wholly inside, in thousandths.
pub const WHOLE: u16 = 1000;

/// An area drawn on a map, in degrees east (x) and north (y) of WGS 84. It may have holes and several parts.
#[derive(Clone, PartialEq)]
pub struct Boundary {
    /// What routes call it.
    pub name: Arc<str>,
    /// Its parts.
    pub parts: MultiPolygon<f64>,
}

/// All boundaries, found by where they are.
#[derive(Clone, Default)]
pub struct Boundaries {
    pub(super) names: Vec<Arc<str>>,
    pub(super) tree: RTree<Part>,
}

/// How much of a shape lies in a boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Covered {
    /// The boundary's place in the order of the files.
    pub place: usize,
    /// How much of the shape it holds, in thousandths.
    pub share: u16,
}

/// What a shape lies in; mostly one boundary.
pub type Coverage = SmallVec<[Covered; 4]>;

#[derive(Clone)]
pub(super) struct Part {
    pub(super) place: usize,
    pub(super) polygon: Polygon<f64>,
    envelope: AABB<[f64; 2]>,
}

impl RTreeObject for Part {
    type Envelope = AABB<[f64; 2]>;

    fn envelope(&self) -> AABB<[f64; 2]> {
        self.envelope
    }
}

impl Boundaries {
    /// Boundaries in an order that decides where two hold the same.
    pub fn new(boundaries: Vec<Boundary>) -> Boundaries {
        let names = boundaries.iter().map(|boundary| Arc::clone(&boundary.name)).collect();
        let parts = boundaries.into_iter().enumerate().flat_map(|(place, boundary)| {
            boundary.parts.into_iter().filter_map(move |polygon| {
                let around = polygon.bounding_rect()?;
                let envelope = AABB::from_corners(around.min().into(), around.max().into());
                Some(Part { place, polygon, envelope })
            })
        });
        Boundaries { names, tree: RTree::bulk_load(parts.collect()) }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|name| &**name)
    }

    /// The place of a boundary in the order.
    pub fn place(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| &**known == name)
    }

    /// What holds a shape, and how much of it. Its outline and middle are looked up point by point, so that the cost has
    /// a limit whatever the shape is; a point on an edge is in all boundaries that have the edge.
    pub fn covering(&self, shape: &Shape) -> Coverage {
        let points = points_of(shape);
        let mut counts: SmallVec<[(usize, usize); 4]> = SmallVec::new();
        for point in &points {
            let at = [point.longitude, point.latitude];
            let mut here: SmallVec<[usize; 4]> = SmallVec::new();
            for part in self.tree.locate_in_envelope_intersecting(AABB::from_point(at)) {
                if !here.contains(&part.place) && part.polygon.intersects(&Point::from(at)) {
                    here.push(part.place);
                }
            }
            for place in here {
                match counts.iter_mut().find(|(known, _)| *known == place) {
                    Some((_, count)) => *count += 1,
                    None => counts.push((place, 1)),
                }
            }
        }
        let share = |count: usize| u16::try_from(count * usize::from(WHOLE) / points.len()).unwrap_or(WHOLE);
        counts.into_iter().map(|(place, count)| Covered { place, share: share(count) }).collect()
    }
}

/// Shows the names alone: they are configured.
impl fmt::Debug for Boundaries {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_list().entries(self.names()).finish()
    }
}

/// The points that stand for a shape: its middle, its corners, and halfway between.
fn points_of(shape: &Shape) -> SmallVec<[Position; 32]> {
    let mut points: SmallVec<[Position; 32]> = shape.center().into_iter().collect();
    let Some(&center) = points.first() else { return points };
    let mut around = |axes: (f64, f64), orientation: f64| {
        for corner in 0..CORNERS {
            let turn = TAU * f64::from(corner) / f64::from(CORNERS);
            let (ahead, aside) = (axes.0 * turn.cos(), axes.1 * turn.sin());
            let (sine, cosine) = orientation.to_radians().sin_cos();
            let (north, east) = (ahead * cosine - aside * sine, ahead * sine + aside * cosine);
            points.extend(moved(center, north, east));
            points.extend(moved(center, north / 2.0, east / 2.0));
        }
    };
    match shape {
        Shape::Point(_) => {}
        Shape::Circle { radius, .. } | Shape::Sphere { radius, .. } => around((*radius, *radius), 0.0),
        Shape::Ellipse { semi_major, semi_minor, orientation, .. }
        | Shape::Ellipsoid { semi_major, semi_minor, orientation, .. } => {
            around((*semi_major, *semi_minor), *orientation);
        }
        Shape::ArcBand { inner, outer, start, opening, .. } => {
            // Nobody is at the center of a band.
            points.clear();
            for step in 0..=CORNERS {
                let bearing = (start + opening * f64::from(step) / f64::from(CORNERS)).to_radians();
                for distance in [*inner, *outer] {
                    points.extend(moved(center, distance * bearing.cos(), distance * bearing.sin()));
                }
            }
        }
        Shape::Polygon(ring) | Shape::Prism { base: ring, .. } => points.extend(ring.iter().skip(1).copied()),
    }
    points
}

/// A point so many meters north and east of another; `None` beyond a pole.
fn moved(from: Position, north: f64, east: f64) -> Option<Position> {
    let latitude = from.latitude + north / METERS_A_DEGREE;
    let longitude = from.longitude + east / (METERS_A_DEGREE * from.latitude.to_radians().cos().max(1e-6));
    let longitude = longitude - 360.0 * (longitude / 360.0).round();
    Position::new(latitude, longitude, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::{LineString, polygon};

    fn square(name: &str, west: f64, east: f64) -> Boundary {
        let square = polygon![(x: west, y: 0.0), (x: east, y: 0.0), (x: east, y: 1.0), (x: west, y: 1.0)];
        Boundary { name: name.into(), parts: square.into() }
    }

    fn at(latitude: f64, longitude: f64) -> Position {
        Position::new(latitude, longitude, None).unwrap()
    }

    fn found(boundaries: &Boundaries, shape: &Shape) -> Vec<(usize, u16)> {
        let mut found: Vec<_> =
            boundaries.covering(shape).iter().map(|covered| (covered.place, covered.share)).collect();
        found.sort_unstable();
        found
    }

    #[test]
    fn a_point_is_in_the_boundary_around_it_and_on_an_edge_in_both() {
        let two = Boundaries::new(vec![square("west", 0.0, 1.0), square("east", 1.0, 2.0)]);
        assert_eq!(found(&two, &Shape::Point(at(0.5, 0.5))), [(0, WHOLE)]);
        assert_eq!(found(&two, &Shape::Point(at(0.5, 1.0))), [(0, WHOLE), (1, WHOLE)]);
        assert_eq!(found(&two, &Shape::Point(at(0.5, 2.5))), []);
        assert_eq!((two.place("east"), two.place("north")), (Some(1), None));
    }

    #[test]
    fn a_shape_over_an_edge_is_more_in_the_one_that_holds_more_of_it() {
        let two = Boundaries::new(vec![square("west", 0.0, 1.0), square("east", 1.0, 2.0)]);
        for shape in [
            Shape::Circle { center: at(0.5, 1.02), radius: 4000.0 },
            Shape::Ellipse { center: at(0.5, 1.02), semi_major: 4000.0, semi_minor: 1000.0, orientation: 90.0 },
            Shape::Polygon([at(0.4, 0.99), at(0.4, 1.2), at(0.6, 1.2), at(0.6, 0.99), at(0.4, 0.99)].into()),
            Shape::ArcBand { center: at(0.5, 1.02), inner: 500.0, outer: 4000.0, start: 0.0, opening: 300.0 },
        ] {
            let found = found(&two, &shape);
            assert_eq!(found.len(), 2, "{}", shape.text());
            assert!(found[1].1 > found[0].1, "{}: {found:?}", shape.text());
        }
        let turned = Shape::Ellipse { center: at(0.5, 1.02), semi_major: 4000.0, semi_minor: 1000.0, orientation: 0.0 };
        assert_eq!(found(&two, &turned), [(1, WHOLE)]);
    }

    #[test]
    fn a_hole_is_not_inside_and_an_island_is() {
        let ring = |from: f64, to: f64| LineString::from(vec![(from, from), (to, from), (to, to), (from, to)]);
        let lake = Polygon::new(ring(0.0, 3.0), vec![ring(1.0, 2.0)]);
        let island = Polygon::new(ring(1.4, 1.6), Vec::new());
        let one =
            Boundaries::new(vec![Boundary { name: "shore".into(), parts: MultiPolygon::new(vec![lake, island]) }]);
        assert_eq!(found(&one, &Shape::Point(at(0.5, 0.5))), [(0, WHOLE)]);
        assert_eq!(found(&one, &Shape::Point(at(1.2, 1.2))), []);
        assert_eq!(found(&one, &Shape::Point(at(1.5, 1.5))), [(0, WHOLE)]);
    }

    proptest::proptest! {
        #[test]
        fn no_shape_is_too_strange(north in -90.0..90.0, east in -180.0..180.0, size in 0.0..1e9, turn in -1e6..1e6) {
            let two = Boundaries::new(vec![square("west", 0.0, 1.0), square("east", 1.0, 2.0)]);
            let center = at(north, east);
            for shape in [
                Shape::Circle { center, radius: size },
                Shape::Ellipse { center, semi_major: size, semi_minor: size / 2.0, orientation: turn },
                Shape::ArcBand { center, inner: size / 2.0, outer: size, start: turn, opening: turn },
                Shape::Polygon([center].into()),
            ] {
                proptest::prop_assert!(two.covering(&shape).iter().all(|covered| covered.share <= WHOLE));
            }
        }
    }
}
