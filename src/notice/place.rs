//! A location as people read it, from the very documents that a trunk was sent.
use crate::pidf;
use crate::record::shape::Position;
use crate::record::{Civic, Element, Shape};
use Element::{
    A1, A2, A3, A4, A5, A6, AddCode, Bld, Country, Flr, Hno, Hnp, Hns, Lmk, Loc, Mp, Nam, Pc, Pcn, Plc, Pn, PoBox, Pod,
    Pom, Prd, Prm, Rd, RdBr, RdSec, RdSubBr, Room, Seat, Stp, Sts, Unit,
};

/// The lines of an address: what stands before each, and its elements.
const LINES: [(&str, &[Element]); 17] = [
    ("", &[Nam]),
    ("", &[Hnp, Hno, Hns, Prm, Prd, Stp, Rd, Sts, Pod, Pom, RdSec, RdBr, RdSubBr]),
    ("", &[A6, A5, A4, A3, A2, A1, Pc, Country]),
    ("Building: ", &[Bld]),
    ("Floor: ", &[Flr]),
    ("Unit: ", &[Unit]),
    ("Room: ", &[Room]),
    ("Seat: ", &[Seat]),
    ("Location: ", &[Loc]),
    ("Landmark: ", &[Lmk]),
    ("Place type: ", &[Plc]),
    ("Pole: ", &[Pn]),
    ("Milepost: ", &[Mp]),
    ("Postal community: ", &[Pcn]),
    ("Post box: ", &[PoBox]),
    ("Additional code: ", &[AddCode]),
    ("", &[]),
];

/// An address in lines: every element that it has, once.
pub fn address(civic: &Civic) -> String {
    let mut lines = Vec::new();
    for (label, elements) in LINES {
        let values: Vec<_> = elements.iter().filter_map(|element| civic.value(*element)).collect();
        if !values.is_empty() {
            lines.push([label, &values.join(" ")].concat());
        }
    }
    lines.join("\n")
}

/// A location document in lines. What we cannot read is said to be in the document itself, which goes along.
pub fn document(document: &[u8]) -> String {
    let Some(read) = pidf::read(document) else { return "(see the location document)".into() };
    let civic = read.civic.as_deref().map(address);
    let shape = read.shape.as_deref().map(shape);
    civic.into_iter().chain(shape).filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n")
}

fn shape(shape: &Shape) -> String {
    let at = |position: &Position| {
        let height = position.altitude.map(|meters| format!(", {meters} m")).unwrap_or_default();
        format!("{}, {}{height}", position.latitude, position.longitude)
    };
    match shape {
        Shape::Point(position) => format!("Coordinates: {}", at(position)),
        Shape::Circle { center, radius } | Shape::Sphere { center, radius } => {
            format!("Coordinates: {}, within {radius} m", at(center))
        }
        Shape::Ellipse { center, semi_major, .. } | Shape::Ellipsoid { center, semi_major, .. } => {
            format!("Coordinates: {}, within {semi_major} m", at(center))
        }
        Shape::ArcBand { center, outer, .. } => format!("Coordinates: {}, within {outer} m", at(center)),
        Shape::Polygon(corners) => within(corners.first().map(at)),
        Shape::Prism { base, .. } => within(base.first().map(at)),
    }
}

fn within(corner: Option<String>) -> String {
    format!("Coordinates: an area with a corner at {}", corner.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_of_an_address_is_in_its_lines_once() {
        let mut civic = Civic::default();
        for element in Element::ALL {
            civic.set(*element, &format!("<{}>", element.text()));
        }
        let text = address(&civic);
        for element in Element::ALL {
            assert_eq!(text.matches(&format!("<{}>", element.text())).count(), 1, "{}", element.text());
        }
    }
}
