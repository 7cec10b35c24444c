//! What a PIDF-LO document that arrives is worth.
use super::Method;
use super::reader::{self, Said};
use crate::base::now::Wall;
use crate::record::{Civic, Grade, Number, Shape};
use std::sync::Arc;

/// What a document in an INVITE says of the caller's place.
#[derive(Clone, Debug, PartialEq)]
pub struct Conveyed {
    /// How good it is.
    pub grade: Grade,
    /// Whether it can stand alone: a house number or a shape, and not marked as a mere default.
    pub firm: bool,
    /// The civic address, when there is one.
    pub civic: Option<Arc<Civic>>,
    /// The number that a carrier is said to know the place of the address by (ELIN).
    pub elin: Option<Number>,
    /// The shape, when there is one.
    pub shape: Option<Arc<Shape>>,
    /// How it was found, when the document says so and we have a word for it.
    pub method: Option<Method>,
    /// When it was so, when the document says it.
    pub at: Option<Wall>,
}

/// The best of several documents, in the order in which they stand in the body (RFC 5491 §3 rule 9): the first that
/// can stand alone, else the first of the best grade. `None` when none says anything.
pub fn best(documents: impl IntoIterator<Item: AsRef<[u8]>>) -> Option<Conveyed> {
    documents.into_iter().filter_map(|document| read(document.as_ref())).reduce(better)
}

/// Reads a document, whatever its prefixes and encoding. What is broken off or not understood takes nothing away that is
/// whole. `None` when it names no place, and when it has a DTD.
pub fn read(document: &[u8]) -> Option<Conveyed> {
    reader::read(document).into_iter().filter_map(graded).reduce(better)
}

fn better(first: Conveyed, second: Conveyed) -> Conveyed {
    if (second.firm, second.grade) > (first.firm, first.grade) && !first.firm { second } else { first }
}

fn graded(said: Said) -> Option<Conveyed> {
    let method = Method::read(&said.method);
    let is_default = method == Some(Method::Default);
    let by_civic = said.civic.as_ref().map_or(Grade::None, Grade::of);
    let grade = if said.shape.is_some() { by_civic.max(Grade::BestAvailable) } else { by_civic };
    let grade = if is_default { grade.min(Grade::Default) } else { grade };
    let firm = !is_default && (said.shape.is_some() || grade == Grade::Dispatchable);
    (grade > Grade::None).then(|| Conveyed {
        grade,
        firm,
        civic: said.civic.map(Arc::new),
        elin: said.elin,
        shape: said.shape.map(Arc::new),
        method,
        at: said.at,
    })
}
