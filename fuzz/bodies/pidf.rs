//! A PIDF-LO document that arrives: it is read within its limits or not at all, says nothing of itself in a log, and what
//! was read of it can be written.
use bytes::BytesMut;
use callbox::base::now::Wall;
use callbox::pidf::{Document, MOST_BYTES, Method, enclosed, read, write};
use callbox::record::{Civic, Grade, Shape};

/// Reads a document, and writes the place that was found.
///
/// # Panics
/// When something is made of a document that is too long or has a DTD, a place prints itself, or an address that was read
/// is lost when it is written.
pub fn check(data: &[u8]) {
    if let Some(inner) = enclosed(data) {
        // What was taken out stands alone.
        assert!(enclosed(&inner).is_some_and(|again| again == inner));
    }
    let Some(found) = read(data) else { return };
    assert!(data.len() <= MOST_BYTES);
    assert!(found.grade > Grade::None && (!found.firm || found.grade > Grade::Default));
    let shown = format!("{:?} {:?}", found.civic, found.shape);
    assert!(shown.replace("Some(<private>)", "None") == "None None", "{shown}");
    if let Some(shape) = found.shape.as_deref().and_then(callbox::record::Shape::center) {
        assert!(shape.latitude.abs() <= 90.0 && shape.longitude.abs() <= 180.0);
    }
    let (civic, shape) = (found.civic.as_deref().unwrap_or(Civic::NOTHING), found.shape.as_deref());
    let mut out = BytesMut::new();
    let document = Document {
        entity: "u-1@callbox.example",
        device: "d",
        civic,
        shape,
        method: Method::Manual,
        source: None,
        at: Wall::from_millis(0),
        now: Wall::from_millis(0),
        note: None,
        provider: "callbox.example",
        provider_info: None,
    };
    write(&mut out, &document);
    let back = read(&out);
    let kind = |shape: Option<&Shape>| shape.map(Shape::text);
    // What has no altitude is written as the area below it, and the longest ring has one corner more when it is closed.
    let is_whole = |shape: &Shape| match shape {
        Shape::Sphere { .. } | Shape::Ellipsoid { .. } | Shape::Prism { .. } => false,
        Shape::Polygon(ring) => ring.len() < 1000,
        _ => true,
    };
    if let Some(shape) = shape.filter(|shape| is_whole(shape)) {
        assert_eq!(kind(back.as_ref().and_then(|back| back.shape.as_deref())), Some(shape.text()));
    }
    if let Some(back) = back.and_then(|found| found.civic) {
        let lost = |text: &str| text.chars().any(|letter| letter.is_control() || letter >= '\u{fffe}');
        for (element, value) in civic.elements().filter(|(element, value)| element.text() != "country" && !lost(value))
        {
            assert_eq!(back.value(element), Some(value), "{}", element.text());
        }
    }
}
