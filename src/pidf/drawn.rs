//! A shape in a document that leaves (RFC 5491 §5.2), with how sure it is (RFC 7459 §4).
use super::text::push_all;
use crate::record::{Position, Shape};
use bytes::BytesMut;

const METERS: &str = "urn:ogc:def:uom:EPSG::9001";
const DEGREES: &str = "urn:ogc:def:uom:EPSG::9102";
const FLAT: &str = "urn:ogc:def:crs:EPSG::4326";
const WITH_HEIGHT: &str = "urn:ogc:def:crs:EPSG::4979";

/// What goes behind a shape that is more than a point: a person drew it, and readers may assume this much (RFC 7459
/// §4.1).
const CONFIDENCE: &str = "<con:confidence xmlns:con=\"urn:ietf:params:xml:ns:geopriv:conf\">95</con:confidence>";

/// Writes a shape for `location-info`. A body of which the altitude is not known is written as the area below it.
pub fn write_shape(out: &mut BytesMut, shape: &Shape) {
    let (radius, major, minor) = ("radius", "semiMajorAxis", "semiMinorAxis");
    match shape {
        Shape::Point(at) => {
            open(out, "gml:Point", at);
            position(out, at);
            return push_all(out, &["</gml:Point>"]);
        }
        Shape::Polygon(ring) => polygon(out, ring),
        Shape::Prism { base, height } => match base.first().filter(|at| at.altitude.is_some()) {
            Some(at) => {
                open(out, "gs:Prism", at);
                push_all(out, &["<gs:base>"]);
                polygon(out, base);
                push_all(out, &["</gs:base>"]);
                measure(out, "height", *height, METERS);
                push_all(out, &["</gs:Prism>"]);
            }
            None => polygon(out, base),
        },
        Shape::Circle { center, radius: length } => round(out, "gs:Circle", center, &[(radius, *length, METERS)]),
        Shape::Sphere { center, radius: length } => {
            let name = if center.altitude.is_some() { "gs:Sphere" } else { "gs:Circle" };
            round(out, name, center, &[(radius, *length, METERS)]);
        }
        Shape::Ellipse { center, semi_major, semi_minor, orientation } => {
            let turned = ("orientation", *orientation, DEGREES);
            let measures = [(major, *semi_major, METERS), (minor, *semi_minor, METERS), turned];
            round(out, "gs:Ellipse", center, &measures);
        }
        Shape::Ellipsoid { center, semi_major, semi_minor, vertical, orientation } => {
            let turned = ("orientation", *orientation, DEGREES);
            let (long, short) = ((major, *semi_major, METERS), (minor, *semi_minor, METERS));
            match center.altitude {
                Some(_) => {
                    let vertical = ("verticalAxis", *vertical, METERS);
                    round(out, "gs:Ellipsoid", center, &[long, short, vertical, turned]);
                }
                None => round(out, "gs:Ellipse", center, &[long, short, turned]),
            }
        }
        Shape::ArcBand { center, inner, outer, start, opening } => {
            let radii = [("innerRadius", *inner, METERS), ("outerRadius", *outer, METERS)];
            let angles = [("startAngle", *start, DEGREES), ("openingAngle", *opening, DEGREES)];
            round(out, "gs:ArcBand", center, &[radii[0], radii[1], angles[0], angles[1]]);
        }
    }
    push_all(out, &[CONFIDENCE]);
}

/// A shape with a center and these measures.
fn round(out: &mut BytesMut, name: &str, center: &Position, measures: &[(&str, f64, &str)]) {
    // What is flat has no altitude, whatever its center has.
    let is_solid = matches!(name, "gs:Sphere" | "gs:Ellipsoid");
    let center = Position { altitude: center.altitude.filter(|_| is_solid), ..*center };
    open(out, name, &center);
    position(out, &center);
    for &(name, value, unit) in measures {
        measure(out, name, value, unit);
    }
    push_all(out, &["</", name, ">"]);
}

fn polygon(out: &mut BytesMut, ring: &[Position]) {
    let Some(first) = ring.first() else { return };
    open(out, "gml:Polygon", first);
    push_all(out, &["<gml:exterior><gml:LinearRing>"]);
    ring.iter().for_each(|corner| position(out, corner));
    push_all(out, &["</gml:LinearRing></gml:exterior></gml:Polygon>"]);
}

/// Opens an element in the reference system that its positions need.
fn open(out: &mut BytesMut, name: &str, at: &Position) {
    let system = if at.altitude.is_some() { WITH_HEIGHT } else { FLAT };
    push_all(out, &["<", name, " xmlns:gml=\"http://www.opengis.net/gml\""]);
    if name.starts_with("gs:") {
        push_all(out, &[" xmlns:gs=\"http://www.opengis.net/pidflo/1.0\""]);
    }
    push_all(out, &[" srsName=\"", system, "\">"]);
}

fn position(out: &mut BytesMut, at: &Position) {
    push_all(out, &["<gml:pos>", &at.latitude.to_string(), " ", &at.longitude.to_string()]);
    if let Some(altitude) = at.altitude {
        push_all(out, &[" ", &altitude.to_string()]);
    }
    push_all(out, &["</gml:pos>"]);
}

fn measure(out: &mut BytesMut, name: &str, value: f64, unit: &str) {
    push_all(out, &["<gs:", name, " uom=\"", unit, "\">", &value.to_string(), "</gs:", name, ">"]);
}
