//! A small XML document as a tree, within limits.
use crate::pidf::text::{decoded, resolved};
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, PrefixDeclaration, ResolveResult};
use quick_xml::reader::NsReader;

/// The longest request that is read, in bytes.
pub const MOST_BYTES: usize = 64 << 10;
/// The deepest nesting that is read.
pub const MOST_DEPTH: usize = 16;
/// The most tags, texts and comments that are read.
pub const MOST_NODES: usize = 4000;
/// The most attributes of one element: each is compared with all others.
pub const MOST_ATTRIBUTES: usize = 32;
/// The most namespace declarations at one point: every name is looked up among them.
const MOST_NAMESPACES: usize = 64;

/// One element. It never prints itself.
#[derive(Default)]
pub(super) struct Element {
    /// Its namespace; empty when it has none.
    pub(super) namespace: String,
    /// Its name without a prefix.
    pub(super) name: String,
    /// Its attributes without a namespace, by name.
    attributes: Vec<(String, String)>,
    /// Its own text, without that of elements in it.
    text: String,
    /// The elements in it.
    pub(super) children: Vec<Element>,
}

impl Element {
    /// Whether it is this element.
    pub(super) fn is(&self, namespace: &str, name: &str) -> bool {
        self.namespace == namespace && self.name == name
    }

    /// The value of an attribute without a namespace, without white space around it.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(own, _)| own == name).map(|(_, value)| value.trim())
    }

    /// Whether an attribute says yes (XML Schema's `boolean`).
    pub(super) fn is_set(&self, name: &str) -> bool {
        matches!(self.attribute(name), Some("true" | "1"))
    }

    /// The text without white space around it.
    pub(super) fn text(&self) -> &str {
        self.text.trim()
    }

    /// The elements in it of this namespace.
    pub(super) fn in_namespace<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.namespace == namespace)
    }

    /// The first element in it of its own namespace and this name.
    pub(super) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.is(&self.namespace, name))
    }
}

/// Reads a document. `None` when it is not well formed, has a DTD, or is beyond a limit.
pub(super) fn read(document: &[u8]) -> Option<Element> {
    if document.len() > MOST_BYTES {
        return None;
    }
    let text = decoded(document)?;
    let mut reader = NsReader::from_str(&text);
    reader.resolver_mut().set_max_namespace_bindings(MOST_NAMESPACES);
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    for _ in 0..MOST_NODES {
        match reader.read_event().ok()? {
            Event::Start(tag) if open.len() < MOST_DEPTH && root.is_none() => open.push(element(&reader, &tag)?),
            Event::Empty(tag) if open.len() < MOST_DEPTH && root.is_none() => {
                close(element(&reader, &tag)?, &mut open, &mut root);
            }
            Event::End(_) => close(open.pop()?, &mut open, &mut root),
            Event::Text(text) => push(&mut open, &text.xml10_content())?,
            Event::CData(text) => push(&mut open, &text.xml10_content())?,
            Event::GeneralRef(reference) => push(&mut open, resolved(&reference)?.encode_utf8(&mut [0; 4]))?,
            Event::Start(_) | Event::Empty(_) | Event::DocType(_) => return None,
            Event::Eof => return root.filter(|_| open.is_empty()),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
    None
}

fn close(element: Element, open: &mut [Element], root: &mut Option<Element>) {
    match open.last_mut() {
        Some(parent) => parent.children.push(element),
        None => *root = Some(element),
    }
}

/// `None` for text outside the document element.
fn push(open: &mut [Element], text: &str) -> Option<()> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return None,
    }
    Some(())
}

/// `None` when its prefix is not bound or an attribute is not well formed.
fn element(reader: &NsReader<&[u8]>, tag: &BytesStart<'_>) -> Option<Element> {
    let (namespace, local) = reader.resolver().resolve_element(tag.name());
    let namespace = match namespace {
        ResolveResult::Bound(Namespace(namespace)) => namespace.to_owned(),
        ResolveResult::Unbound => String::new(),
        ResolveResult::Unknown(_) => return None,
    };
    let mut element = Element { namespace, name: local.into_inner().to_owned(), ..Element::default() };
    for (count, attribute) in tag.attributes().with_checks(true).enumerate() {
        let attribute = attribute.ok().filter(|_| count < MOST_ATTRIBUTES)?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?;
        let declares: Option<PrefixDeclaration<'_>> = attribute.key.as_namespace_binding();
        if declares.is_none() && attribute.key.prefix().is_none() {
            element.attributes.push((attribute.key.local_name().into_inner().to_owned(), value.into_owned()));
        }
    }
    Some(element)
}
