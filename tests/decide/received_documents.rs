use callbox::pidf::{Conveyed, MOST_DEPTH, MOST_NODES, best, read};
use callbox::record::{Element, Grade};
use proptest::prelude::*;
use std::path::Path;

const NAMESPACES: &str = "xmlns=\"urn:ietf:params:xml:ns:pidf\" xmlns:dm=\"urn:ietf:params:xml:ns:pidf:data-model\" \
    xmlns:gp=\"urn:ietf:params:xml:ns:pidf:geopriv10\" xmlns:ca=\"urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr\" \
    xmlns:gml=\"http://www.opengis.net/gml\" xmlns:gs=\"http://www.opengis.net/pidflo/1.0\"";

const DOOR: &str = "<ca:civicAddress><ca:RD>Example</ca:RD><ca:HNO>100</ca:HNO></ca:civicAddress>";
const BUILDING: &str = "<ca:civicAddress><ca:BLD>East Tower</ca:BLD></ca:civicAddress>";
const TOWN: &str = "<ca:civicAddress><ca:A3>Chicago</ca:A3><ca:RD>Example</ca:RD></ca:civicAddress>";
const POINT: &str = "<gml:Point srsName=\"urn:ogc:def:crs:EPSG::4326\"><gml:pos>41.8 -87.6</gml:pos></gml:Point>";

fn geopriv(info: &str, method: &str) -> String {
    format!(
        "<gp:geopriv><gp:location-info>{info}</gp:location-info><gp:usage-rules/><gp:method>{method}</gp:method></gp:geopriv>"
    )
}

fn presence(content: &str) -> String {
    format!("<presence {NAMESPACES} entity=\"pres:a@b\">{content}</presence>")
}

fn device(info: &str, method: &str) -> String {
    presence(&format!("<dm:device id=\"d\">{}</dm:device>", geopriv(info, method)))
}

fn grade(document: &str) -> Option<(Grade, bool)> {
    read(document.as_bytes()).map(|Conveyed { grade, firm, .. }| (grade, firm))
}

#[test]
fn a_document_is_graded_by_what_it_names() {
    assert_eq!(grade(&device(DOOR, "Manual")), Some((Grade::Dispatchable, true)));
    assert_eq!(grade(&device(BUILDING, "Manual")), Some((Grade::BestAvailable, false)));
    assert_eq!(grade(&device(POINT, "GPS")), Some((Grade::BestAvailable, true)));
    assert_eq!(grade(&device(&format!("{POINT}{TOWN}"), "GPS")), Some((Grade::BestAvailable, true)));
    assert_eq!(grade(&device(TOWN, "Manual")), Some((Grade::Default, false)));
    assert_eq!(grade(&device(DOOR, " default\n")), Some((Grade::Default, false)));
    assert_eq!(grade(&device("", "Manual")), None);
    assert_eq!(grade(&presence("")), None);
}

#[test]
fn every_shape_is_one() {
    for shape in ["gs:Circle", "gs:Ellipse", "gs:ArcBand", "gml:Polygon", "gs:Sphere", "gs:Ellipsoid", "gs:Prism"] {
        assert_eq!(grade(&device(&format!("<{shape}/>"), "GPS")), Some((Grade::BestAvailable, true)), "{shape}");
    }
    assert_eq!(grade(&device("<gs:Square/>", "GPS")), None);
}

#[test]
fn the_examples_of_a_pbx_and_a_router_are_dispatchable() {
    for file in ["E1-invite-pbx-to-router.sip", "E2-invite-router-to-esrp.sip"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/examples").join(file);
        let message = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let start = message.find("<?xml").expect("a document");
        let end = message.find("</presence>").expect("its end") + "</presence>".len();
        let read = read(&message.as_bytes()[start..end]).expect("it reads");
        assert_eq!((read.grade, read.firm), (Grade::Dispatchable, true));
        let civic = read.civic.expect("a civic address");
        assert_eq!((civic.value(Element::Room), civic.value(Element::A1)), (Some("314B"), Some("CO")));
    }
}

#[test]
fn a_device_goes_before_a_tuple_and_a_person_comes_last() {
    let within = |holder: &str, info: &str| format!("<{holder} id=\"x\">{}</{holder}>", geopriv(info, "Manual"));
    let house = |number: &str| format!("<ca:civicAddress><ca:RD>R</ca:RD><ca:HNO>{number}</ca:HNO></ca:civicAddress>");
    let all = [within("dm:person", &house("3")), within("tuple", &house("2")), within("dm:device", &house("1"))];
    let chosen = |parts: &[String]| {
        let civic = read(presence(&parts.concat()).as_bytes()).and_then(|read| read.civic);
        civic.and_then(|civic| civic.value(Element::Hno).map(str::to_owned))
    };
    assert_eq!(chosen(&all).as_deref(), Some("1"));
    assert_eq!(chosen(&all[..2]).as_deref(), Some("2"));
    assert_eq!(chosen(&all[..1]).as_deref(), Some("3"));
    assert_eq!(chosen(&[within("dm:device", TOWN), all[1].clone()]).as_deref(), Some("2"), "a default yields");
}

#[test]
fn of_several_documents_the_first_that_can_stand_alone_serves() {
    let (town, building, door) = (device(TOWN, "Manual"), device(BUILDING, "Manual"), device(DOOR, "Manual"));
    let shape = device(POINT, "GPS");
    let chosen = |documents: &[&String]| {
        best(documents.iter().map(|document| document.as_bytes())).map(|one| (one.grade, one.firm))
    };
    assert_eq!(chosen(&[&town, &building, &shape, &door]), Some((Grade::BestAvailable, true)));
    assert_eq!(chosen(&[&town, &door, &shape]), Some((Grade::Dispatchable, true)));
    assert_eq!(chosen(&[&town, &building]), Some((Grade::BestAvailable, false)));
    assert_eq!(chosen(&[]), None);
    assert_eq!(chosen(&[&"garbage".to_owned(), &town]), Some((Grade::Default, false)));
}

#[test]
fn namespaces_count_and_prefixes_do_not() {
    let renamed = "<p:presence xmlns:p=\"urn:ietf:params:xml:ns:pidf\" entity=\"pres:a@b\"><p:tuple id=\"t\"><p:status>\
        <geopriv xmlns=\"urn:ietf:params:xml:ns:pidf:geopriv10\"><location-info>\
        <civicAddress xmlns=\"urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr\">\
        <RD> <![CDATA[A]]> &amp; &#66;\n</RD><HNO>1<!-- no -->2</HNO></civicAddress>\
        </location-info></geopriv></p:status></p:tuple></p:presence>";
    let civic = read(renamed.as_bytes()).and_then(|read| read.civic).expect("a civic address");
    assert_eq!((civic.value(Element::Rd), civic.value(Element::Hno)), (Some("A & B"), Some("12")));
    let foreign = device(DOOR, "Manual").replace("geopriv10:civicAddr\"", "geopriv10:another\"");
    assert_eq!(grade(&foreign), None);
}

#[test]
fn an_address_from_before_rfc_5139_has_its_street_in_a6() {
    let before = device(DOOR, "Manual").replace("civicAddr\"", "civicLoc\"").replace("ca:RD>", "ca:A6>");
    assert_eq!(grade(&before), Some((Grade::Dispatchable, true)));
}

#[test]
fn the_first_complete_address_of_several_languages_serves() {
    let info = format!("{TOWN}{DOOR}{}", DOOR.replace("Example", "Beispiel"));
    let civic = read(device(&info, "Manual").as_bytes()).and_then(|read| read.civic).expect("a civic address");
    assert_eq!(civic.value(Element::Rd), Some("Example"));
}

#[test]
fn byte_order_marks_utf_16_and_old_encodings_are_read() {
    let text = device(&DOOR.replace("Example", "Højbro"), "Manual");
    let units = |order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect::<Vec<u8>>();
    let encodings = [
        [b"\xef\xbb\xbf", text.as_bytes()].concat(),
        [&[0xff, 0xfe], &*units(u16::to_le_bytes)].concat(),
        [&[0xfe, 0xff], &*units(u16::to_be_bytes)].concat(),
        text.chars().map(|letter| u8::try_from(u32::from(letter)).expect("Latin-1")).collect(),
    ];
    for document in encodings {
        let civic = read(&document).and_then(|read| read.civic).expect("a civic address");
        assert_eq!(civic.value(Element::Rd), Some("Højbro"));
    }
}

#[test]
fn what_is_broken_off_or_has_a_dtd_or_unknown_entities_is_not_believed() {
    let whole = device(DOOR, "Manual");
    assert_eq!(grade(&whole[..whole.len() - 3]), None);
    assert_eq!(grade(&whole.replace("</gp:geopriv>", "")), None);
    assert_eq!(grade(&format!("<!DOCTYPE presence SYSTEM \"file:///etc/passwd\">{whole}")), None);
    let entity = format!("<!DOCTYPE p [<!ENTITY x \"Example\">]>{}", whole.replace("Example", "&x;"));
    assert_eq!(grade(&entity), None);
    assert_eq!(grade(&whole.replace("Example", "&x;")), None);
    assert_eq!(grade(""), None);
}

#[test]
fn a_document_past_a_limit_is_not_read() {
    let nested = |depth: usize| {
        let inner = format!("{}{}{}", "<a>".repeat(depth), "</a>".repeat(depth), geopriv(DOOR, "Manual"));
        presence(&format!("<dm:device id=\"d\">{inner}</dm:device>"))
    };
    assert!(grade(&nested(MOST_DEPTH - 2)).is_some());
    assert_eq!(grade(&nested(MOST_DEPTH - 1)), None);
    let wide = |nodes: usize| device(&format!("{DOOR}{}", "<a/>".repeat(nodes)), "Manual");
    assert!(grade(&wide(MOST_NODES - 100)).is_some());
    assert_eq!(grade(&wide(MOST_NODES)), None);
    let long = |bytes: usize| device(&format!("{DOOR}<a>{}</a>", "x".repeat(bytes)), "Manual");
    assert!(grade(&long(1_000_000)).is_some());
    assert_eq!(grade(&long(1 << 20)), None);
    let names: String = (0..100).map(|name| format!(" xmlns:n{name}=\"urn:{name}\"")).collect();
    assert_eq!(grade(&device(DOOR, "Manual").replace("<dm:device ", &format!("<dm:device{names} "))), None);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&bytes);
    }

    #[test]
    fn a_document_with_a_few_bytes_changed_never_makes_it_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut document = device(&format!("{POINT}{DOOR}"), "Manual").into_bytes();
        for (place, byte) in changes {
            let place = place.index(document.len());
            document[place] = byte;
        }
        let _ = read(&document);
    }
}
