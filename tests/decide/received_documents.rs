use callbox::base::now::Wall;
use callbox::pidf::{Conveyed, MOST_DEPTH, MOST_NODES, MOST_PLACES, Method, best, read};
use callbox::record::{Element, Grade, Position, Shape};
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
fn the_number_by_which_a_carrier_knows_the_place_is_read_in_whoevers_namespace_and_of_the_best_address() {
    let elin = |info: &str| read(device(info, "Manual").as_bytes())?.elin.map(|number| number.expose().to_owned());
    let with = |element: &str| DOOR.replace("</ca:civicAddress>", &format!("{element}</ca:civicAddress>"));
    for element in ["<ca:ELIN>+1 312 555 0111</ca:ELIN>", "<x:ELIN xmlns:x=\"urn:x\">+13125550111</x:ELIN>"] {
        assert_eq!(elin(&with(element)).as_deref(), Some("+13125550111"), "{element}");
    }
    assert_eq!(elin(&format!("{}{DOOR}", TOWN.replace("<ca:A3>", "<ca:ELIN>1</ca:ELIN><ca:A3>"))), None);
    assert_eq!(elin(&with("<ca:ELIN>@</ca:ELIN>")), None);
    assert_eq!(elin(DOOR), None);
}

/// What is read of a shape as it stands in a document.
fn shape(text: &str) -> Option<Shape> {
    let read = read(device(text, "GPS").as_bytes())?;
    assert_eq!((read.grade, read.firm), (Grade::BestAvailable, true));
    read.shape.map(|shape| (*shape).clone())
}

fn at(north: f64, east: f64, up: impl Into<Option<f64>>) -> Position {
    Position::new(north, east, up.into()).expect("a place on the earth")
}

const FLAT: &str = "srsName=\"urn:ogc:def:crs:EPSG::4326\"";
const DEEP: &str = "srsName=\"urn:ogc:def:crs:EPSG::4979\"";

#[test]
fn every_shape_is_read() {
    let meters = |name: &str, value: &str| format!("<gs:{name} uom=\"urn:ogc:def:uom:EPSG::9001\">{value}</gs:{name}>");
    let degrees =
        |name: &str, value: &str| format!("<gs:{name} uom=\"urn:ogc:def:uom:EPSG::9102\"> {value} </gs:{name}>");
    let center = at(42.5463, -73.2512, None);
    let high = at(42.5463, -73.2512, 26.3);
    let flat =
        |name: &str, rest: &str| format!("<gs:{name} {FLAT}><gml:pos>42.5463 -73.2512</gml:pos>{rest}</gs:{name}>");
    let deep = |name: &str, rest: &str| {
        format!("<gs:{name} {DEEP}><gml:pos>42.5463 -73.2512 26.3</gml:pos>{rest}</gs:{name}>")
    };
    let axes =
        [meters("semiMajorAxis", "1275"), meters("semiMinorAxis", "670"), degrees("orientation", "43.2")].concat();
    let point =
        "<gml:Point srsName=\"urn:ogc:def::crs:EPSG::4979\"><gml:pos> -34.407\n150.883 24.8</gml:pos></gml:Point>";
    assert_eq!(shape(POINT), Some(Shape::Point(at(41.8, -87.6, None))));
    assert_eq!(shape(point), Some(Shape::Point(at(-34.407, 150.883, 24.8))));
    let circle = shape(&flat("Circle", &meters("radius", "\n 850.24 ")));
    assert_eq!(circle, Some(Shape::Circle { center, radius: 850.24 }));
    let ellipse = Shape::Ellipse { center, semi_major: 1275.0, semi_minor: 670.0, orientation: 43.2 };
    assert_eq!(shape(&flat("Ellipse", &axes)), Some(ellipse));
    let radii = [meters("innerRadius", "3594"), meters("outerRadius", "4148")].concat();
    let angles = [degrees("startAngle", "20"), degrees("openingAngle", "120")].concat();
    let band = Shape::ArcBand { center, inner: 3594.0, outer: 4148.0, start: 20.0, opening: 120.0 };
    assert_eq!(shape(&flat("ArcBand", &[radii, angles].concat())), Some(band));
    let sphere = shape(&deep("Sphere", &meters("radius", "850.24")));
    assert_eq!(sphere, Some(Shape::Sphere { center: high, radius: 850.24 }));
    let ellipsoid =
        Shape::Ellipsoid { center: high, semi_major: 1275.0, semi_minor: 670.0, vertical: 28.7, orientation: 43.2 };
    assert_eq!(shape(&deep("Ellipsoid", &[axes, meters("verticalAxis", "28.7")].concat())), Some(ellipsoid));
}

#[test]
fn a_ring_is_read_in_both_its_forms_and_without_its_holes() {
    let corners = [(43.311, -73.422), (43.111, -73.322), (43.111, -73.222), (43.311, -73.422)];
    let ring: Box<[Position]> = corners.iter().map(|&(north, east)| at(north, east, None)).collect();
    let listed: String = corners.iter().map(|(north, east)| format!("\n {north} {east}")).collect();
    let single: String = corners.iter().map(|(north, east)| format!("<gml:pos>{north} {east}</gml:pos>")).collect();
    let hole =
        "<gml:interior><gml:LinearRing><gml:posList>1 1 2 2 3 3 1 1</gml:posList></gml:LinearRing></gml:interior>";
    for corners in [format!("<gml:posList>{listed}</gml:posList>"), single] {
        let exterior = format!("<gml:exterior><gml:LinearRing>{corners}</gml:LinearRing></gml:exterior>");
        let polygon = shape(&format!("<gml:Polygon {FLAT}>{exterior}{hole}</gml:Polygon>"));
        assert_eq!(polygon, Some(Shape::Polygon(ring.clone())));
    }
    let base = "<gml:posList>42.5 -73.2 36.6 <!--A--> 42.6 -73.2 36.6 42.6 -73.3 36.6 42.5 -73.2 36.6</gml:posList>";
    let prism = format!(
        "<gs:Prism {DEEP}><gs:base><gml:Polygon><gml:exterior><gml:LinearRing>{base}</gml:LinearRing></gml:exterior>\
         </gml:Polygon></gs:base><gs:height uom=\"urn:ogc:def:uom:EPSG::9001\">2.4</gs:height></gs:Prism>"
    );
    let corner = |north, east| at(north, east, 36.6);
    let base = Box::new([corner(42.5, -73.2), corner(42.6, -73.2), corner(42.6, -73.3), corner(42.5, -73.2)]);
    assert_eq!(shape(&prism), Some(Shape::Prism { base, height: 2.4 }));
}

#[test]
fn a_shape_whose_extent_cannot_be_read_is_its_center_and_one_without_a_center_is_none() {
    let circle = |radius: &str| shape(&format!("<gs:Circle {FLAT}><gml:pos>42.5 -73.2</gml:pos>{radius}</gs:Circle>"));
    let center = Shape::Point(at(42.5, -73.2, None));
    for radius in ["", "<gs:radius>wide</gs:radius>", "<gs:radius>-1</gs:radius>", "<gs:radius uom=\"x\">1</gs:radius>"]
    {
        assert_eq!(circle(radius), Some(center.clone()), "{radius}");
    }
    let feet = "<gs:radius uom=\"urn:ogc:def:uom:EPSG::9002\">100</gs:radius>";
    assert_eq!(circle(feet), Some(Shape::Circle { center: at(42.5, -73.2, None), radius: 30.48 }));
    let none = [
        "<gs:Circle/>".to_owned(),
        "<gs:Square><gml:pos>42.5 -73.2</gml:pos></gs:Square>".into(),
        POINT.replace("41.8", "141.8"),
        POINT.replace("41.8 -87.6", "41.8"),
        POINT.replace("41.8 -87.6", "NaN inf"),
        POINT.replace("EPSG::4326", "EPSG::27700"),
        format!("<gml:Polygon {FLAT}><gml:posList>1 1 2 2 1 1</gml:posList></gml:Polygon>"),
        format!("<gml:Polygon {FLAT}><gml:posList>{}</gml:posList></gml:Polygon>", "1 1 ".repeat(2000)),
    ];
    for text in none {
        assert_eq!(grade(&device(&text, "GPS")), None, "{text:.200}");
        let beside = device(&format!("{text}{DOOR}"), "GPS");
        assert_eq!(grade(&beside), Some((Grade::Dispatchable, true)), "an address beside it is whole");
    }
}

#[test]
fn how_and_when_a_place_was_found_is_read() {
    let holder = |name: &str, stamp: &str| {
        let within = format!("<{name} id=\"d\">{}{stamp}</{name}>", geopriv(DOOR, "802.11"));
        read(presence(&within).as_bytes()).map(|read| (read.method, read.at))
    };
    let at = Some(Wall::from_millis(1_795_292_102_000));
    let method = Some(Method::Wifi);
    assert_eq!(holder("dm:device", "<dm:timestamp>2026-11-21T20:15:02Z</dm:timestamp>"), Some((method, at)));
    assert_eq!(holder("tuple", "<timestamp>2026-11-21T21:15:02+01:00</timestamp>"), Some((method, at)));
    assert_eq!(holder("dm:device", "<dm:timestamp>yesterday</dm:timestamp>"), Some((method, None)));
    assert_eq!(read(device(DOOR, "GPS").as_bytes()).map(|read| read.method), Some(None));
}

#[test]
fn every_element_of_a_civic_address_is_read_in_any_order_and_foreign_ones_are_passed_over() {
    let extension = "urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr:ext";
    let all: String = Element::ALL
        .iter()
        .rev()
        .map(|element| match element.is_extension() {
            true => format!("<e:{0} xmlns:e=\"{extension}\">v-{0}</e:{0}>", element.text()),
            false => format!("<ca:{0}>v-{0}</ca:{0}><x:{0} xmlns:x=\"urn:vendor\">no</x:{0}>", element.text()),
        })
        .collect();
    let document = device(&format!("<ca:civicAddress>{all}</ca:civicAddress>"), "Manual");
    let civic = read(document.as_bytes()).and_then(|read| read.civic).expect("a civic address");
    for element in Element::ALL {
        assert_eq!(civic.value(*element), Some(&*format!("v-{}", element.text())));
    }
    let misplaced = device(&DOOR.replace("</ca:civicAddress>", "<ca:STP>no</ca:STP></ca:civicAddress>"), "Manual");
    let civic = read(misplaced.as_bytes()).and_then(|read| read.civic).expect("a civic address");
    assert_eq!(civic.value(Element::Stp), None, "it has a namespace of its own");
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
fn of_what_breaks_off_all_that_was_whole_is_believed_and_of_what_has_a_dtd_nothing() {
    let whole = device(DOOR, "Manual");
    let sound = Some((Grade::Dispatchable, true));
    let cut = |at: &str| grade(whole.split_once(at).expect("it is there").0);
    assert_eq!((cut("</dm:device>"), cut("</presence>")), (sound, sound));
    assert_eq!((cut("</gp:geopriv>"), cut("</ca:civicAddress>")), (None, None), "it may yet say that it is a default");
    assert_eq!(grade(&whole.replace("</gp:geopriv>", "")), None);
    assert_eq!(grade(&format!("{whole}<")), sound);
    assert_eq!(grade(&whole.replace("</dm:device>", "</dm:person>")), sound);
    assert_eq!(grade(&format!("<!DOCTYPE presence SYSTEM \"file:///etc/passwd\">{whole}")), None);
    let entity = format!("<!DOCTYPE p [<!ENTITY x \"Example\">]>{}", whole.replace("Example", "&x;"));
    assert_eq!(grade(&entity), None);
    assert_eq!(grade(&whole.replace("</dm:device>", "<!DOCTYPE p></dm:device>")), None);
    assert_eq!(grade(&whole.replace("Example", "&x;")), Some((Grade::BestAvailable, false)), "the street is lost");
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
    let many =
        |count: usize| presence(&format!("{}{}", geopriv(TOWN, "Manual").repeat(count), geopriv(DOOR, "Manual")));
    assert_eq!(grade(&many(MOST_PLACES - 1)), Some((Grade::Dispatchable, true)));
    assert_eq!(grade(&many(MOST_PLACES)), Some((Grade::Default, false)));
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
