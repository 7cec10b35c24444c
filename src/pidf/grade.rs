//! What a PIDF-LO document that arrives is worth. It is read for that alone and forwarded as it came.
use super::text::{decoded, resolved};
use crate::record::{Civic, Element, Grade};
use arrayvec::ArrayVec;
use quick_xml::events::Event;
use quick_xml::name::{Namespace, QName, ResolveResult};
use quick_xml::reader::NsReader;
use std::sync::Arc;

/// The longest document that is read, in bytes.
pub const MOST_BYTES: usize = 1 << 20;
/// The deepest nesting that is read.
pub const MOST_DEPTH: usize = 64;
/// The most tags, texts and comments that are read.
pub const MOST_NODES: usize = 20_000;
/// The most namespace declarations at one point: every name is looked up among them.
const MOST_NAMESPACES: usize = 64;

const PIDF: &str = "urn:ietf:params:xml:ns:pidf";
const DATA_MODEL: &str = "urn:ietf:params:xml:ns:pidf:data-model";
const GEOPRIV: &str = "urn:ietf:params:xml:ns:pidf:geopriv10";
const CIVIC: &str = "urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr";
/// RFC 4119's civic addresses, before RFC 5139.
const CIVIC_BEFORE: &str = "urn:ietf:params:xml:ns:pidf:geopriv10:civicLoc";
const GML: &str = "http://www.opengis.net/gml";
const SHAPES: &str = "http://www.opengis.net/pidflo/1.0";

/// What a document in an INVITE says of the caller's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conveyed {
    /// How good it is.
    pub grade: Grade,
    /// Whether it can stand alone: a house number or a shape, and not marked as a mere default.
    pub firm: bool,
    /// The civic address, when there is one.
    pub civic: Option<Arc<Civic>>,
}

/// The best of several documents, in the order in which they stand in the body (RFC 5491 §3 rule 9): the first that
/// can stand alone, else the first of the best grade. `None` when none says anything.
pub fn best<'a>(documents: impl IntoIterator<Item = &'a [u8]>) -> Option<Conveyed> {
    documents.into_iter().filter_map(read).reduce(better)
}

/// Reads a document, whatever its prefixes and encoding. `None` when it cannot be read within the limits, has a DTD, or
/// names no place.
pub fn read(document: &[u8]) -> Option<Conveyed> {
    if document.len() > MOST_BYTES {
        return None;
    }
    let text = decoded(document)?;
    let mut reader = NsReader::from_str(&text);
    reader.resolver_mut().set_max_namespace_bindings(MOST_NAMESPACES);
    let mut reading = Reading::default();
    for _ in 0..MOST_NODES {
        match reader.read_event().ok()? {
            Event::Start(tag) => reading.opens(meaning(&reader, tag.name(), &reading))?,
            Event::Empty(tag) => {
                reading.opens(meaning(&reader, tag.name(), &reading))?;
                reading.closes();
            }
            Event::End(_) => reading.closes(),
            Event::Text(text) => reading.text(&text.xml10_content()),
            Event::CData(text) => reading.text(&text.xml10_content()),
            Event::GeneralRef(reference) => reading.text(resolved(&reference)?.encode_utf8(&mut [0; 4])),
            Event::DocType(_) => return None,
            Event::Eof => return reading.result(),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
    None
}

fn better(first: Conveyed, second: Conveyed) -> Conveyed {
    if (second.firm, second.grade) > (first.firm, first.grade) && !first.firm { second } else { first }
}

/// What an open element means to us. The order of the holders is the order of reading (RFC 5491 §3 rule 8).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Meaning {
    Device,
    Tuple,
    Person,
    Nothing,
    Geopriv,
    LocationInfo,
    Method,
    Civic,
    Part(Element),
    Shape,
}

/// One `geopriv`.
struct Found {
    holder: Meaning,
    civic: Option<Civic>,
    shape: bool,
    default: bool,
}

#[derive(Default)]
struct Reading {
    open: ArrayVec<Meaning, MOST_DEPTH>,
    found: Vec<Found>,
    civic: Civic,
    text: String,
}

fn meaning(reader: &NsReader<&[u8]>, name: QName<'_>, reading: &Reading) -> Meaning {
    let (namespace, local) = reader.resolver().resolve_element(name);
    let ResolveResult::Bound(Namespace(namespace)) = namespace else { return Meaning::Nothing };
    let within = |meaning| reading.open.contains(&meaning);
    match (namespace, local.into_inner()) {
        (PIDF, "tuple") => Meaning::Tuple,
        (DATA_MODEL, "device") => Meaning::Device,
        (DATA_MODEL, "person") => Meaning::Person,
        (GEOPRIV, "geopriv") if !within(Meaning::Geopriv) => Meaning::Geopriv,
        (GEOPRIV, "location-info") if within(Meaning::Geopriv) => Meaning::LocationInfo,
        (GEOPRIV, "method") if within(Meaning::Geopriv) => Meaning::Method,
        (CIVIC | CIVIC_BEFORE, "civicAddress") if within(Meaning::LocationInfo) => Meaning::Civic,
        (CIVIC | CIVIC_BEFORE, local) if reading.open.last() == Some(&Meaning::Civic) => {
            let element = Element::ALL.iter().find(|element| element.text() == local);
            // Before RFC 5139 the street stood in A6.
            let before =
                |element| if element == Element::A6 && namespace == CIVIC_BEFORE { Element::Rd } else { element };
            element.map_or(Meaning::Nothing, |&element| Meaning::Part(before(element)))
        }
        (GML, "Point" | "Polygon") | (SHAPES, "Circle" | "Ellipse" | "ArcBand" | "Sphere" | "Ellipsoid" | "Prism")
            if within(Meaning::LocationInfo) =>
        {
            Meaning::Shape
        }
        _ => Meaning::Nothing,
    }
}

impl Reading {
    /// `None` when it is nested too deeply.
    fn opens(&mut self, meaning: Meaning) -> Option<()> {
        match meaning {
            Meaning::Geopriv => {
                let holder = self.open.iter().rev().find(|holder| **holder < Meaning::Nothing);
                let holder = holder.copied().unwrap_or(Meaning::Nothing);
                self.found.push(Found { holder, civic: None, shape: false, default: false });
            }
            Meaning::Shape => self.found.last_mut().into_iter().for_each(|found| found.shape = true),
            Meaning::Civic => self.civic = Civic::default(),
            Meaning::Part(_) | Meaning::Method => self.text.clear(),
            _ => {}
        }
        self.open.try_push(meaning).ok()
    }

    fn closes(&mut self) {
        let Some(found) = self.found.last_mut() else {
            self.open.pop();
            return;
        };
        match self.open.pop() {
            Some(Meaning::Part(element)) => self.civic.set(element, self.text.trim()),
            Some(Meaning::Method) => found.default = self.text.trim().eq_ignore_ascii_case("default"),
            Some(Meaning::Civic) => {
                // The same place may stand there in several languages: the first complete one serves.
                let civic = core::mem::take(&mut self.civic);
                let held = found.civic.as_ref().map_or(Grade::None, Grade::of);
                if Grade::of(&civic) > held {
                    found.civic = Some(civic);
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if matches!(self.open.last(), Some(Meaning::Part(_) | Meaning::Method)) {
            self.text.push_str(text);
        }
    }

    /// `None` when the document broke off or names no place.
    fn result(mut self) -> Option<Conveyed> {
        if !self.open.is_empty() {
            return None;
        }
        self.found.sort_by_key(|found| found.holder);
        self.found.into_iter().filter_map(Found::graded).reduce(better)
    }
}

impl Found {
    fn graded(self) -> Option<Conveyed> {
        let by_civic = self.civic.as_ref().map_or(Grade::None, Grade::of);
        let grade = if self.shape { by_civic.max(Grade::BestAvailable) } else { by_civic };
        let grade = if self.default { grade.min(Grade::Default) } else { grade };
        let firm = !self.default && (self.shape || grade == Grade::Dispatchable);
        (grade > Grade::None).then(|| Conveyed { grade, firm, civic: self.civic.map(Arc::new) })
    }
}
