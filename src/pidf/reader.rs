//! A PIDF-LO document that arrives, read for what decides a call (RFC 4119, RFC 5139, RFC 5491, RFC 6848). What is not
//! understood is passed over, and what is broken takes nothing away that is whole: the document travels as it came.
use super::geodetic::{Kind, Measure, Outline};
use super::text::{decoded, resolved};
use crate::base::now::Wall;
use crate::record::{Civic, Element, Grade, Number, Shape};
use arrayvec::ArrayVec;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};
use quick_xml::reader::NsReader;

/// The longest document that is read, in bytes.
pub const MOST_BYTES: usize = 1 << 20;
/// The deepest nesting that is read.
pub const MOST_DEPTH: usize = 64;
/// The most tags, texts and comments that are read.
pub const MOST_NODES: usize = 20_000;
/// The most places that are read of one document; each `device`, `tuple` and `person` has one (RFC 5491 §3 rule 1).
pub const MOST_PLACES: usize = 64;
/// The most namespace declarations at one point: every name is looked up among them.
const MOST_NAMESPACES: usize = 64;

const PIDF: &str = "urn:ietf:params:xml:ns:pidf";
const DATA_MODEL: &str = "urn:ietf:params:xml:ns:pidf:data-model";
const GEOPRIV: &str = "urn:ietf:params:xml:ns:pidf:geopriv10";
const CIVIC: &str = "urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr";
const CIVIC_EXTENSION: &str = "urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr:ext";
/// RFC 4119's civic addresses, before RFC 5139.
const CIVIC_BEFORE: &str = "urn:ietf:params:xml:ns:pidf:geopriv10:civicLoc";
const GML: &str = "http://www.opengis.net/gml";
const SHAPES: &str = "http://www.opengis.net/pidflo/1.0";

/// One `geopriv` of a document.
#[derive(Default)]
pub(super) struct Said {
    holder: Holder,
    /// The first civic address of the best grade: the same place may stand there in several languages.
    pub(super) civic: Option<Civic>,
    /// The first shape.
    pub(super) shape: Option<Shape>,
    /// The number that a carrier knows the place of the address by, in whoever's namespace.
    pub(super) elin: Option<Number>,
    /// The text of `method`.
    pub(super) method: String,
    /// When this was so.
    pub(super) at: Option<Wall>,
}

/// Reads a document, whatever its prefixes and encoding: what its parts say, in the order of reading (RFC 5491 §3 rule
/// 8). Of one that breaks off, or is deeper or has more parts than the limits allow, what was whole before. Nothing of
/// one that is too long or has a DTD.
pub(super) fn read(document: &[u8]) -> Vec<Said> {
    if document.len() > MOST_BYTES {
        return Vec::new();
    }
    let mut reading = Reading::default();
    match decoded(document) {
        Some(text) if reading.walk(&text).is_some() => {}
        // A DTD may have changed what all names mean.
        _ if reading.refused => return Vec::new(),
        _ => reading.said.truncate(reading.whole),
    }
    reading.said.sort_by_key(|said| said.holder);
    reading.said
}

/// Who has the `geopriv`, in the order of reading.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Holder {
    Device,
    Tuple,
    Person,
    #[default]
    Nobody,
}

/// What an open element means to us.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Holder(Holder),
    Nothing,
    Geopriv,
    LocationInfo,
    Method,
    Timestamp,
    Civic,
    Part(Element),
    Elin,
    Shape(Kind),
    Hole,
    Positions { is_list: bool },
    Measure(Measure),
}

#[derive(Default)]
struct Reading {
    open: ArrayVec<Meaning, MOST_DEPTH>,
    said: Vec<Said>,
    /// How many of them are closed.
    whole: usize,
    /// How many there were when the holder that is open began.
    held_from: usize,
    civic: Civic,
    elin: Option<Number>,
    outline: Option<Outline>,
    text: String,
    /// Whether the text that is being read has a reference to an entity that nobody declared.
    garbled: bool,
    refused: bool,
}

impl Reading {
    /// `None` where the document breaks off, is refused, or is beyond a limit.
    fn walk(&mut self, text: &str) -> Option<()> {
        let mut reader = NsReader::from_str(text);
        reader.resolver_mut().set_max_namespace_bindings(MOST_NAMESPACES);
        for _ in 0..MOST_NODES {
            match reader.read_event().ok()? {
                Event::Start(tag) => self.opens(&reader, &tag)?,
                Event::Empty(tag) => {
                    self.opens(&reader, &tag)?;
                    self.closes();
                }
                Event::End(_) => self.closes(),
                Event::Text(text) => self.text(&text.xml10_content()),
                Event::CData(text) => self.text(&text.xml10_content()),
                Event::GeneralRef(reference) => match resolved(&reference) {
                    Some(letter) => self.text(letter.encode_utf8(&mut [0; 4])),
                    None => self.garbled = true,
                },
                Event::DocType(_) => {
                    self.refused = true;
                    return None;
                }
                Event::Eof => return self.open.is_empty().then_some(()),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            }
        }
        None
    }

    fn within(&self, wanted: impl Fn(&Meaning) -> bool) -> bool {
        self.open.iter().any(wanted)
    }

    fn meaning(&self, reader: &NsReader<&[u8]>, tag: &BytesStart<'_>) -> Meaning {
        let (namespace, local) = reader.resolver().resolve_element(tag.name());
        let ResolveResult::Bound(Namespace(namespace)) = namespace else { return Meaning::Nothing };
        let within = |meaning| self.open.contains(&meaning);
        match (namespace, local.into_inner()) {
            (PIDF, "tuple") => Meaning::Holder(Holder::Tuple),
            (DATA_MODEL, "device") => Meaning::Holder(Holder::Device),
            (DATA_MODEL, "person") => Meaning::Holder(Holder::Person),
            (PIDF | DATA_MODEL, "timestamp") => Meaning::Timestamp,
            (GEOPRIV, "geopriv") if !within(Meaning::Geopriv) && self.said.len() < MOST_PLACES => Meaning::Geopriv,
            (GEOPRIV, "location-info") if within(Meaning::Geopriv) => Meaning::LocationInfo,
            (GEOPRIV, "method") if within(Meaning::Geopriv) => Meaning::Method,
            (CIVIC | CIVIC_BEFORE, "civicAddress") if within(Meaning::LocationInfo) => Meaning::Civic,
            // No RFC names it; those who use it have namespaces of their own.
            (_, "ELIN") if self.open.last() == Some(&Meaning::Civic) => Meaning::Elin,
            (CIVIC | CIVIC_BEFORE | CIVIC_EXTENSION, local) if self.open.last() == Some(&Meaning::Civic) => {
                part(namespace, local)
            }
            (GML | SHAPES, local) if within(Meaning::LocationInfo) => self.geometry(local),
            _ => Meaning::Nothing,
        }
    }

    /// What an element means inside a shape, or that it begins one.
    fn geometry(&self, local: &str) -> Meaning {
        if !self.within(|open| matches!(open, Meaning::Shape(_))) {
            return Kind::read(local).map_or(Meaning::Nothing, Meaning::Shape);
        }
        match local {
            "pos" => Meaning::Positions { is_list: false },
            "posList" => Meaning::Positions { is_list: true },
            "interior" => Meaning::Hole,
            _ => Measure::read(local).map_or(Meaning::Nothing, Meaning::Measure),
        }
    }

    /// `None` when it is nested too deeply.
    fn opens(&mut self, reader: &NsReader<&[u8]>, tag: &BytesStart<'_>) -> Option<()> {
        let meaning = self.meaning(reader, tag);
        match meaning {
            Meaning::Holder(_) => self.held_from = self.said.len(),
            Meaning::Geopriv => {
                let holder = self.open.iter().rev().find_map(|open| match open {
                    Meaning::Holder(holder) => Some(*holder),
                    _ => None,
                });
                self.said.push(Said { holder: holder.unwrap_or_default(), ..Said::default() });
            }
            Meaning::Shape(kind) => self.outline = Some(Outline::open(kind, tag)),
            Meaning::Civic => (self.civic, self.elin) = (Civic::default(), None),
            Meaning::Measure(measure) => self.outline.iter_mut().for_each(|outline| outline.unit(measure, tag)),
            Meaning::Positions { .. } => self.outline.iter_mut().for_each(|outline| outline.refer(tag)),
            _ => {}
        }
        self.text.clear();
        self.garbled = false;
        self.open.try_push(meaning).ok()
    }

    fn closes(&mut self) {
        let Some(meaning) = self.open.pop() else { return };
        let text = core::mem::take(&mut self.text);
        let (text, garbled) = (text.trim(), core::mem::take(&mut self.garbled));
        match meaning {
            // The time follows what it is the time of.
            Meaning::Timestamp => {
                let at = Wall::read(text);
                self.said.iter_mut().skip(self.held_from).for_each(|said| said.at = at);
            }
            Meaning::Geopriv => self.whole = self.said.len(),
            Meaning::Part(element) if !garbled => self.civic.set(element, text),
            Meaning::Elin if !garbled => self.elin = Number::read(text),
            Meaning::Positions { is_list } if !self.open.contains(&Meaning::Hole) => {
                self.outline.iter_mut().for_each(|outline| outline.positions(text, is_list));
            }
            Meaning::Measure(measure) => self.outline.iter_mut().for_each(|outline| outline.measure(measure, text)),
            Meaning::Method | Meaning::Civic | Meaning::Shape(_) => self.keep(meaning, text),
            _ => {}
        }
    }

    /// Keeps what a `geopriv` says, beside what it said before.
    fn keep(&mut self, meaning: Meaning, text: &str) {
        let (civic, elin) = (core::mem::take(&mut self.civic), self.elin.take());
        let outline = self.outline.take();
        let Some(said) = self.said.last_mut() else { return };
        match meaning {
            Meaning::Method => text.clone_into(&mut said.method),
            Meaning::Civic if Grade::of(&civic) > said.civic.as_ref().map_or(Grade::None, Grade::of) => {
                (said.civic, said.elin) = (Some(civic), elin);
            }
            Meaning::Shape(_) if said.shape.is_none() => said.shape = outline.and_then(Outline::finish),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        let wanted = |open: &Meaning| {
            use Meaning::{Elin, Measure, Method, Part, Positions, Timestamp};
            matches!(open, Part(_) | Elin | Method | Timestamp | Positions { .. } | Measure(_))
        };
        if self.open.last().is_some_and(wanted) {
            self.text.push_str(text);
        }
    }
}

/// An element of a civic address. Before RFC 5139 the street stood in A6.
fn part(namespace: &str, local: &str) -> Meaning {
    let is_here =
        |element: &&Element| element.text() == local && element.is_extension() == (namespace == CIVIC_EXTENSION);
    match Element::ALL.iter().find(is_here) {
        Some(Element::A6) if namespace == CIVIC_BEFORE => Meaning::Part(Element::Rd),
        element => element.map_or(Meaning::Nothing, |&element| Meaning::Part(element)),
    }
}
