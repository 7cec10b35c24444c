//! Where boundaries do not meet: what two of them hold, and what none of them holds though they lie around it.
use super::boundary::{Boundaries, METERS_A_DEGREE};
use super::shape::Position;
use geo::algorithm::bool_ops::{BooleanOps, unary_union};
use geo::{Area, BoundingRect, MultiPolygon, Orient, Polygon, orient::Direction};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The smallest seam that is told, in square meters: neighbours drawn by different hands always differ by a line's width.
pub const LEAST_SEAM: f64 = 100.0;

/// Two boundaries that hold the same ground, or ground that none holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Seam {
    /// The two that hold it, the one that decides first; `None` for a gap.
    pub both: Option<(Arc<str>, Arc<str>)>,
    /// How large it is, in square meters, within a percent or so.
    pub area: f64,
    /// Where its largest piece is: the middle of the box around it.
    pub near: Position,
}

impl Boundaries {
    /// Overlaps and gaps, the largest first. A gap is ground with boundaries all around it; what lies outside all of them
    /// is nobody's by intention.
    pub fn seams(&self) -> Vec<Seam> {
        let mut seams = self.overlaps();
        seams.extend(self.gaps());
        seams.retain(|seam| seam.area >= LEAST_SEAM);
        seams.sort_by(|one, other| other.area.total_cmp(&one.area));
        seams
    }

    fn overlaps(&self) -> Vec<Seam> {
        let mut found: BTreeMap<(usize, usize), Seam> = BTreeMap::new();
        for (one, other) in self.tree.intersection_candidates_with_other_tree(&self.tree) {
            if one.place >= other.place {
                continue;
            }
            let names = (Arc::clone(&self.names[one.place]), Arc::clone(&self.names[other.place]));
            for piece in one.polygon.intersection(&other.polygon) {
                let Some(seam) = seam(&piece, Some(names.clone())) else { continue };
                found.entry((one.place, other.place)).and_modify(|known| known.add(&seam)).or_insert(seam);
            }
        }
        found.into_values().collect()
    }

    fn gaps(&self) -> Vec<Seam> {
        // The union takes rings by the way they turn, and makers of maps do not agree on it.
        let parts: Vec<Polygon<f64>> = self.tree.iter().map(|part| part.polygon.orient(Direction::Default)).collect();
        let all: MultiPolygon<f64> = unary_union(&parts);
        let holes = all.iter().flat_map(|part| part.interiors().iter());
        holes.filter_map(|hole| seam(&Polygon::new(hole.clone(), Vec::new()), None)).collect()
    }
}

impl Seam {
    /// One more piece of the same two.
    fn add(&mut self, piece: &Seam) {
        if piece.area > self.area {
            self.near = piece.near;
        }
        self.area += piece.area;
    }
}

fn seam(piece: &Polygon<f64>, both: Option<(Arc<str>, Arc<str>)>) -> Option<Seam> {
    let around = piece.bounding_rect()?.center();
    let near = Position::new(around.y, around.x, None)?;
    let area = piece.unsigned_area() * METERS_A_DEGREE * METERS_A_DEGREE * near.latitude.to_radians().cos();
    Some(Seam { both, area, near })
}

#[cfg(test)]
mod tests {
    use super::super::Boundary;
    use super::*;
    use geo::{LineString, polygon};

    fn boxed(name: &str, (west, south): (f64, f64), (east, north): (f64, f64)) -> Boundary {
        let parts = polygon![(x: west, y: south), (x: west, y: north), (x: east, y: north), (x: east, y: south)];
        Boundary { name: name.into(), parts: parts.into() }
    }

    fn told(boundaries: Vec<Boundary>) -> Vec<String> {
        let seams = Boundaries::new(boundaries).seams();
        let say = |seam: &Seam| {
            let both = seam.both.as_ref().map_or("gap".into(), |(one, other)| format!("{one} {other}"));
            format!("{both} {:.0} km2 at {:.2} {:.2}", seam.area / 1e6, seam.near.latitude, seam.near.longitude)
        };
        seams.iter().map(say).collect()
    }

    #[test]
    fn neighbours_that_share_an_edge_have_no_seam() {
        let four = [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)];
        let of = |(at, (x, y)): (usize, (f64, f64))| boxed(&format!("b{at}"), (x, y), (x + 1.0, y + 1.0));
        assert_eq!(told(four.into_iter().enumerate().map(of).collect()), Vec::<String>::new());
    }

    #[test]
    fn what_two_hold_is_told_with_both_and_the_one_that_decides_first() {
        let two = vec![boxed("west", (0.0, 0.0), (1.0, 1.0)), boxed("east", (0.9, 0.0), (2.0, 1.0))];
        assert_eq!(told(two), ["west east 1239 km2 at 0.50 0.95"]);
        let within = vec![boxed("county", (0.0, 0.0), (1.0, 1.0)), boxed("city", (0.4, 0.4), (0.6, 0.6))];
        assert_eq!(told(within), ["county city 496 km2 at 0.50 0.50"]);
    }

    #[test]
    fn what_none_holds_is_told_where_they_lie_around_it_and_whichever_way_their_rings_turn() {
        let around = vec![
            boxed("south", (0.0, 0.0), (3.0, 1.0)),
            boxed("north", (0.0, 2.0), (3.0, 3.0)),
            boxed("west", (0.0, 1.0), (1.0, 2.0)),
            boxed("east", (2.0, 1.0), (3.0, 2.0)),
        ];
        assert_eq!(told(around.clone()), ["gap 12388 km2 at 1.50 1.50"]);
        let mut turned = around.clone();
        turned[1].parts.0[0].exterior_mut(|ring| ring.0.reverse());
        assert_eq!(told(turned), told(around));
        let apart = vec![boxed("one", (0.0, 0.0), (1.0, 1.0)), boxed("two", (5.0, 0.0), (6.0, 1.0))];
        assert_eq!(told(apart), Vec::<String>::new());
    }

    #[test]
    fn a_lake_is_a_gap_unless_somebody_has_it() {
        let ring = |from: f64, to: f64| LineString::from(vec![(from, from), (to, from), (to, to), (from, to)]);
        let shore = Polygon::new(ring(0.0, 3.0), vec![ring(1.0, 2.0)]);
        let shore = Boundary { name: "shore".into(), parts: MultiPolygon::new(vec![shore]) };
        assert_eq!(told(vec![shore.clone()]), ["gap 12388 km2 at 1.50 1.50"]);
        assert_eq!(told(vec![shore, boxed("lake", (1.0, 1.0), (2.0, 2.0))]), Vec::<String>::new());
    }
}
