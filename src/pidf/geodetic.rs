//! One shape of a document, while it is read (RFC 5491 §5).
use crate::record::shape::{Position, Shape};
use quick_xml::XmlVersion;
use quick_xml::events::BytesStart;

/// The most corners that are read of one shape; RFC 5491 §5.1 asks for no more than 15.
pub const MOST_CORNERS: usize = 1000;

/// The shapes (RFC 5491 §5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Point,
    Polygon,
    Circle,
    Ellipse,
    ArcBand,
    Sphere,
    Ellipsoid,
    Prism,
}

/// What a shape is measured by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    Radius,
    SemiMajor,
    SemiMinor,
    Vertical,
    Orientation,
    Inner,
    Outer,
    Start,
    Opening,
    Height,
}

impl Kind {
    pub(super) fn read(name: &str) -> Option<Kind> {
        Some(match name {
            "Point" => Kind::Point,
            "Polygon" => Kind::Polygon,
            "Circle" => Kind::Circle,
            "Ellipse" => Kind::Ellipse,
            "ArcBand" => Kind::ArcBand,
            "Sphere" => Kind::Sphere,
            "Ellipsoid" => Kind::Ellipsoid,
            "Prism" => Kind::Prism,
            _ => return None,
        })
    }

    const fn is_solid(self) -> bool {
        matches!(self, Kind::Sphere | Kind::Ellipsoid | Kind::Prism)
    }
}

impl Measure {
    pub(super) fn read(name: &str) -> Option<Measure> {
        Some(match name {
            "radius" => Measure::Radius,
            "semiMajorAxis" => Measure::SemiMajor,
            "semiMinorAxis" => Measure::SemiMinor,
            "verticalAxis" => Measure::Vertical,
            "orientation" => Measure::Orientation,
            "innerRadius" => Measure::Inner,
            "outerRadius" => Measure::Outer,
            "startAngle" => Measure::Start,
            "openingAngle" => Measure::Opening,
            "height" => Measure::Height,
            _ => return None,
        })
    }

    const fn is_angle(self) -> bool {
        matches!(self, Measure::Orientation | Measure::Start | Measure::Opening)
    }
}

/// What is known of a shape so far.
pub(super) struct Outline {
    kind: Kind,
    /// How many numbers make a position.
    dimensions: usize,
    /// Whether the numbers are degrees of WGS 84, and all of them could be read.
    sound: bool,
    corners: Vec<Position>,
    measures: [Option<f64>; 10],
    /// The factor from the unit of the measure that is being read to meters or degrees.
    scale: Option<f64>,
}

impl Outline {
    /// A shape begins.
    pub(super) fn open(kind: Kind, tag: &BytesStart<'_>) -> Outline {
        let mut outline = Outline {
            kind,
            dimensions: if kind.is_solid() { 3 } else { 2 },
            sound: true,
            corners: Vec::new(),
            measures: [None; 10],
            scale: None,
        };
        outline.refer(tag);
        outline
    }

    /// Takes the reference system that an element names. `urn:ogc:def::crs:` is how RFC 5222 prints it by mistake. A
    /// system that we cannot compare with others makes the shape none.
    pub(super) fn refer(&mut self, tag: &BytesStart<'_>) {
        if let Some(name) = attribute(tag, "srsName") {
            match name.trim().rsplit(':').next() {
                Some("4326") => self.dimensions = 2,
                Some("4979") => self.dimensions = 3,
                _ => self.sound = false,
            }
        }
        if let Some(count) = attribute(tag, "srsDimension") {
            self.dimensions = if count.trim() == "3" { 3 } else { 2 };
        }
    }

    /// A measure begins: its unit (EPSG 9001 are meters, 9002 feet, 9101 radians, 9102 degrees).
    pub(super) fn unit(&mut self, measure: Measure, tag: &BytesStart<'_>) {
        let unit = attribute(tag, "uom");
        let unit = unit.as_deref().map(|unit| unit.trim().rsplit([':', '#']).next().unwrap_or_default());
        self.scale = match (unit, measure.is_angle()) {
            (None, _) | (Some("9001"), false) | (Some("9102"), true) => Some(1.0),
            (Some("9002"), false) => Some(0.3048),
            (Some("9101"), true) => Some(180.0 / core::f64::consts::PI),
            _ => None,
        };
    }

    /// A measure ends.
    pub(super) fn measure(&mut self, measure: Measure, text: &str) {
        let value = text.trim().parse::<f64>().ok().zip(self.scale.take()).map(|(value, scale)| value * scale);
        let is_sound = |value: &f64| value.is_finite() && (measure.is_angle() || *value >= 0.0);
        self.measures[measure as usize] = value.filter(is_sound);
    }

    /// One position, or a list of them, ends.
    pub(super) fn positions(&mut self, text: &str, is_list: bool) {
        let mut numbers = text.split_ascii_whitespace().map(|number| number.parse::<f64>().ok());
        loop {
            let Some(latitude) = numbers.next() else { return };
            let Some(longitude) = numbers.next() else { break };
            let altitude = match (is_list, self.dimensions) {
                (true, 2) => None,
                (true, _) => match numbers.next() {
                    Some(altitude) => altitude,
                    None => break,
                },
                (false, _) => numbers.next().flatten(),
            };
            let position = latitude.zip(longitude).and_then(|(north, east)| Position::new(north, east, altitude));
            match position {
                Some(position) if self.corners.len() < MOST_CORNERS => self.corners.push(position),
                _ => break,
            }
        }
        self.sound = false;
    }

    /// The shape ends. What has a center and no extent that can be read is its center.
    pub(super) fn finish(self) -> Option<Shape> {
        let center = *self.corners.first().filter(|_| self.sound)?;
        let length = |measure: Measure| self.measures[measure as usize];
        let shape = match self.kind {
            Kind::Point => None,
            Kind::Circle => length(Measure::Radius).map(|radius| Shape::Circle { center, radius }),
            Kind::Sphere => length(Measure::Radius).map(|radius| Shape::Sphere { center, radius }),
            Kind::Ellipse => self.axes().map(|(semi_major, semi_minor, orientation)| Shape::Ellipse {
                center,
                semi_major,
                semi_minor,
                orientation,
            }),
            Kind::Ellipsoid => {
                self.axes().zip(length(Measure::Vertical)).map(|((semi_major, semi_minor, orientation), vertical)| {
                    Shape::Ellipsoid { center, semi_major, semi_minor, vertical, orientation }
                })
            }
            Kind::ArcBand => {
                let radii = length(Measure::Inner).zip(length(Measure::Outer));
                let angles = length(Measure::Start).zip(length(Measure::Opening));
                let band = |((inner, outer), (start, opening))| Shape::ArcBand { center, inner, outer, start, opening };
                radii.zip(angles).map(band)
            }
            Kind::Polygon => return self.ring().map(Shape::Polygon),
            Kind::Prism => {
                let height = length(Measure::Height);
                let base = self.ring()?;
                return Some(match height {
                    Some(height) => Shape::Prism { base, height },
                    None => Shape::Polygon(base),
                });
            }
        };
        Some(shape.unwrap_or(Shape::Point(center)))
    }

    fn axes(&self) -> Option<(f64, f64, f64)> {
        let length = |measure: Measure| self.measures[measure as usize];
        Some((length(Measure::SemiMajor)?, length(Measure::SemiMinor)?, length(Measure::Orientation)?))
    }

    /// The corners as a ring that is closed; three at least.
    fn ring(self) -> Option<Box<[Position]>> {
        let mut ring = self.corners;
        let first = *ring.first()?;
        if ring.last() != Some(&first) {
            ring.push(first);
        }
        (ring.len() > 3).then(|| ring.into_boxed_slice())
    }
}

/// The value of an attribute without a prefix; one pass, whatever else there is.
fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let mut attributes = tag.attributes();
    let found = attributes.with_checks(false).flatten().find(|attribute| attribute.key.into_inner() == name)?;
    found.normalized_value(XmlVersion::Implicit1_0).ok().map(std::borrow::Cow::into_owned)
}
