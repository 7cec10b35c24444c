//! Places on the earth as shapes (RFC 5491 §5), in WGS 84.
use core::fmt;

/// A point, in degrees north and east, and in meters above the ellipsoid where that is known. It never prints itself.
#[derive(Clone, Copy, PartialEq)]
pub struct Position {
    /// Degrees north, -90 to 90.
    pub latitude: f64,
    /// Degrees east, -180 to 180.
    pub longitude: f64,
    /// Meters above the ellipsoid.
    pub altitude: Option<f64>,
}

impl Position {
    /// A point on the earth; `None` for numbers that are none.
    pub fn new(latitude: f64, longitude: f64, altitude: Option<f64>) -> Option<Position> {
        let is_on_earth = (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude);
        let is_sound = is_on_earth && altitude.is_none_or(f64::is_finite);
        is_sound.then_some(Position { latitude, longitude, altitude })
    }
}

/// A shape in which somebody is. Lengths are in meters, angles in degrees from north towards east. It never prints
/// itself.
#[derive(Clone, PartialEq)]
#[allow(missing_docs, reason = "the fields are what RFC 5491 §5.2 calls them")]
pub enum Shape {
    Point(Position),
    /// The outer ring, closed: the last is the first.
    Polygon(Box<[Position]>),
    Circle {
        center: Position,
        radius: f64,
    },
    Ellipse {
        center: Position,
        semi_major: f64,
        semi_minor: f64,
        orientation: f64,
    },
    ArcBand {
        center: Position,
        inner: f64,
        outer: f64,
        start: f64,
        opening: f64,
    },
    Sphere {
        center: Position,
        radius: f64,
    },
    Ellipsoid {
        center: Position,
        semi_major: f64,
        semi_minor: f64,
        vertical: f64,
        orientation: f64,
    },
    /// The base, closed, and how far it reaches up.
    Prism {
        base: Box<[Position]>,
        height: f64,
    },
}

impl Shape {
    /// A point that stands for the shape: its center, of a ring the mean of its corners.
    pub fn center(&self) -> Option<Position> {
        match self {
            Shape::Point(center)
            | Shape::Circle { center, .. }
            | Shape::Ellipse { center, .. }
            | Shape::ArcBand { center, .. }
            | Shape::Sphere { center, .. }
            | Shape::Ellipsoid { center, .. } => Some(*center),
            Shape::Polygon(ring) | Shape::Prism { base: ring, .. } => middle(ring),
        }
    }

    /// The shape's name in a document.
    pub const fn text(&self) -> &'static str {
        match self {
            Shape::Point(_) => "Point",
            Shape::Polygon(_) => "Polygon",
            Shape::Circle { .. } => "Circle",
            Shape::Ellipse { .. } => "Ellipse",
            Shape::ArcBand { .. } => "ArcBand",
            Shape::Sphere { .. } => "Sphere",
            Shape::Ellipsoid { .. } => "Ellipsoid",
            Shape::Prism { .. } => "Prism",
        }
    }
}

/// The mean of a closed ring's corners. One that crosses the date line is taken apart there: it is nearer than the other
/// way around the earth.
#[allow(clippy::cast_precision_loss, reason = "a ring has few corners")]
fn middle(ring: &[Position]) -> Option<Position> {
    let (first, corners) = ring.split_first()?;
    let count = corners.len().max(1) as f64;
    let mean = |of: &dyn Fn(&Position) -> f64| corners.iter().map(of).sum::<f64>() / count;
    let near = |longitude: f64| longitude - 360.0 * ((longitude - first.longitude) / 360.0).round();
    let longitude = mean(&|corner| near(corner.longitude));
    let longitude = longitude - 360.0 * (longitude / 360.0).round();
    Position::new(mean(&|corner| corner.latitude), longitude, first.altitude)
}

macro_rules! private {
    ($($type:ident),+) => {
        $(impl fmt::Debug for $type {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("<private>")
            }
        })+
    };
}
private!(Position, Shape);

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(corners: &[(f64, f64)]) -> Shape {
        Shape::Polygon(corners.iter().filter_map(|&(north, east)| Position::new(north, east, None)).collect())
    }

    #[test]
    fn the_middle_of_a_ring_is_that_of_its_corners_across_the_date_line_too() {
        let square = ring(&[(0.0, 0.0), (2.0, 0.0), (2.0, 4.0), (0.0, 4.0), (0.0, 0.0)]);
        assert_eq!(square.center(), Position::new(1.0, 2.0, None));
        let across = ring(&[(0.0, 179.0), (2.0, 179.0), (2.0, -177.0), (0.0, -177.0), (0.0, 179.0)]);
        assert_eq!(across.center(), Position::new(1.0, -179.0, None));
        assert_eq!(ring(&[]).center(), None);
    }

    #[test]
    fn what_lies_on_no_earth_is_no_position_and_no_place_prints_itself() {
        for (north, east) in [(90.1, 0.0), (0.0, 180.5), (f64::NAN, 0.0), (0.0, f64::INFINITY)] {
            assert_eq!(Position::new(north, east, None), None);
        }
        assert_eq!(Position::new(0.0, 0.0, Some(f64::NAN)), None);
        assert_eq!(format!("{:?}", Position::new(1.0, 2.0, None).map(Shape::Point)), "Some(<private>)");
    }
}
