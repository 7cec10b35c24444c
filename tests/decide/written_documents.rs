use crate::world::{chicago, civic};
use crate::xmllint::assert_valid;
use bytes::BytesMut;
use callbox::base::now::Wall;
use callbox::pidf::{self, Document, Method};
use callbox::record::{Civic, Element, Grade, Position, Shape};

const AT: Wall = Wall::from_millis(1_795_292_102_000);

fn document(civic: &Civic) -> Document<'_> {
    Document {
        entity: "u-4f1c9e@callbox.example",
        device: "dev-1",
        civic,
        shape: None,
        method: Method::Manual,
        source: None,
        at: AT,
        now: AT,
        note: None,
        provider: "callbox.example",
        provider_info: Some("cid:pi-7b0d@callbox.example"),
    }
}

fn written(document: &Document<'_>) -> String {
    let mut out = BytesMut::new();
    pidf::write(&mut out, document);
    String::from_utf8(out.to_vec()).expect("UTF-8")
}

#[test]
fn a_document_is_valid_and_says_where_how_when_and_by_whom() {
    let mut civic = chicago();
    civic.set(Element::Room, "101");
    civic.set(Element::Flr, "1");
    let text = written(&document(&civic));
    assert_valid("all.xsd", &text);
    let tree = roxmltree::Document::parse(&text).expect("XML");
    let value = |name: &str| tree.descendants().find(|node| node.has_tag_name(name)).and_then(|node| node.text());
    let geopriv = |name: &str| {
        let name = ("urn:ietf:params:xml:ns:pidf:geopriv10", name);
        tree.descendants().find(|node| node.has_tag_name(name)).and_then(|node| node.text())
    };
    assert_eq!(tree.root_element().attribute("entity"), Some("pres:u-4f1c9e@callbox.example"));
    assert_eq!(geopriv("method"), Some("Manual"));
    assert_eq!(value("retransmission-allowed"), Some("true"));
    let address = tree.descendants().find(|node| node.tag_name().name() == "civicAddress").expect("an address");
    let elements: Vec<(&str, &str)> =
        address.children().map(|node| (node.tag_name().name(), node.text().unwrap_or(""))).collect();
    let expected = [
        ("country", "US"),
        ("A1", "IL"),
        ("A3", "Chicago"),
        ("RD", "Example"),
        ("STS", "Plaza"),
        ("HNO", "100"),
        ("FLR", "1"),
        ("PC", "60601"),
        ("ROOM", "101"),
    ];
    assert_eq!(elements, expected);
    assert!(text.contains("<dm:timestamp>2026-11-21T20:15:02Z</dm:timestamp>"), "{text}");
    assert!(text.contains("<gbp:retention-expiry>2026-11-22T20:15:02Z</gbp:retention-expiry>"), "{text}");
    assert!(text.contains("ref=\"cid:pi-7b0d@callbox.example\""), "{text}");
}

#[test]
fn every_element_and_method_makes_a_valid_document() {
    let mut civic = Civic::default();
    for element in Element::ALL {
        civic.set(*element, if *element == Element::Country { "us" } else { "x" });
    }
    let methods = [Method::Manual, Method::Wiremap, Method::Dhcp, Method::Wifi, Method::Derived, Method::Default];
    for method in methods {
        assert_valid("all.xsd", &written(&Document { method, provider_info: None, ..document(&civic) }));
    }
}

#[test]
fn whatever_stands_in_an_address_the_document_stays_valid_and_reads_back() {
    let hostile = "<ca:HNO>1</ca:HNO>&amp; \"Küche\" ]]> 台北 \u{0}\u{b}\u{ffff}<!--";
    let civic =
        civic(&[(Element::Country, "Narnia"), (Element::Nam, hostile), (Element::Rd, "A & B"), (Element::Hno, "1")]);
    let text = written(&Document {
        entity: "u \"<>&@callbox.example",
        device: "4 \"<>&é",
        provider: "callbox.example/<>",
        provider_info: Some("cid:\"<&>"),
        ..document(&civic)
    });
    assert_valid("all.xsd", &text);
    let read = pidf::read(text.as_bytes()).expect("our own document reads");
    let back = read.civic.expect("a civic address");
    assert_eq!(back.value(Element::Nam), Some("<ca:HNO>1</ca:HNO>&amp; \"Küche\" ]]> 台北 <!--"));
    assert_eq!((back.value(Element::Rd), back.value(Element::Country)), (Some("A & B"), None));
    assert_eq!((read.grade, read.firm), (Grade::Dispatchable, true));
}

#[test]
fn what_is_written_as_a_default_is_read_as_one() {
    let civic = chicago();
    let text = written(&Document { method: Method::Default, ..document(&civic) });
    let read = pidf::read(text.as_bytes()).expect("our own document reads");
    assert_eq!((read.grade, read.firm), (Grade::Default, false));
}

#[test]
fn the_device_id_tells_no_more_than_the_pseudonym() {
    let civic = chicago();
    let id = |document: &Document<'_>| {
        let text = written(document);
        let (_, rest) = text.split_once("<dm:deviceID>").expect("a device id");
        rest.split_once('<').map(|(id, _)| id.to_owned())
    };
    let first = id(&document(&civic));
    assert_eq!(first, id(&document(&civic)));
    assert_ne!(first, id(&Document { entity: "u-2@callbox.example", ..document(&civic) }));
    assert_eq!(first.as_deref().map(|id| (id.len(), &id[..9], &id[23..24])), Some((45, "urn:uuid:", "8")));
}

#[test]
fn a_shape_stands_before_the_address_and_reads_back_and_all_but_a_point_say_how_sure_they_are() {
    let at = |north, east, up| Position::new(north, east, up).expect("a place on the earth");
    let (flat, high) = (at(41.8822, -87.6295, None), at(41.8822, -87.6295, Some(181.5)));
    let ring = |up| [at(0.0, 0.0, up), at(0.0, 0.5, up), at(0.25, 0.5, up), at(0.0, 0.0, up)];
    let shapes = [
        Shape::Point(flat),
        Shape::Point(high),
        Shape::Circle { center: flat, radius: 25.0 },
        Shape::Sphere { center: high, radius: 12.5 },
        Shape::Polygon(ring(None).into()),
        Shape::Polygon(ring(Some(3.0)).into()),
        Shape::Ellipse { center: flat, semi_major: 20.0, semi_minor: 10.0, orientation: 45.0 },
        Shape::ArcBand { center: flat, inner: 10.0, outer: 20.0, start: 30.0, opening: 60.0 },
        Shape::Ellipsoid { center: high, semi_major: 9.0, semi_minor: 8.0, vertical: 3.0, orientation: 7.0 },
        Shape::Prism { base: ring(Some(3.0)).into(), height: 2.5 },
    ];
    let civic = chicago();
    for shape in &shapes {
        let text = written(&Document { shape: Some(shape), ..document(&civic) });
        assert_valid("all.xsd", &text);
        let read = pidf::read(text.as_bytes()).expect("a place");
        assert_eq!((read.grade, read.civic.as_deref()), (Grade::Dispatchable, Some(&civic)));
        assert!(read.shape.as_deref() == Some(shape), "{text}");
        assert!(text.find(":pos>") < text.find("<ca:civicAddress"), "the coarser comes first: {text}");
        assert_eq!(text.contains(">95</con:confidence>"), !matches!(shape, Shape::Point(_)), "{text}");
        let alone = written(&Document { shape: Some(shape), ..document(Civic::NOTHING) });
        assert_valid("all.xsd", &alone);
        assert!(!alone.contains("civicAddress>"), "{alone}");
    }
}

#[test]
fn the_blocks_about_provider_and_service_are_valid() {
    let mut out = BytesMut::new();
    pidf::write_provider_info(&mut out, "7b0d@callbox.example", "A & <B>", "sip:desk@callbox.example");
    let text = String::from_utf8(out.to_vec()).expect("UTF-8");
    assert_valid("EmergencyCallData_ProviderInfo.xsd", &text);
    assert!(text.contains("<pi:DataProviderReference>7b0d@callbox.example</pi:DataProviderReference>"), "{text}");
    assert!(text.contains("A &amp; &lt;B&gt;"), "{text}");
    out.clear();
    pidf::write_service_info(&mut out, "7b0d@callbox.example", "Fixed");
    let text = String::from_utf8(out.to_vec()).expect("UTF-8");
    assert_valid("EmergencyCallData_ServiceInfo.xsd", &text);
    assert!(text.contains("<svc:ServiceMobility>Fixed</svc:ServiceMobility>"), "{text}");
}

#[test]
fn the_blocks_about_device_subscriber_and_place_are_valid() {
    let text = |write: &dyn Fn(&mut BytesMut)| {
        let mut out = BytesMut::new();
        write(&mut out);
        String::from_utf8(out.to_vec()).expect("UTF-8")
    };
    for model in [None, Some("A <B> & C")] {
        let device = text(&|out| pidf::write_device_info(out, "7b0d@callbox.example", "fixed", model));
        assert_valid("EmergencyCallData_DeviceInfo.xsd", &device);
        assert!(!device.contains("UniqueDeviceID"), "nobody is told which device it is");
    }
    for privacy in [true, false] {
        let subscriber =
            text(&|out| pidf::write_subscriber_info(out, "7b0d@callbox.example", "Acme & <Sons>", privacy));
        assert_valid("EmergencyCallData_SubscriberInfo.xsd", &subscriber);
        assert!(subscriber.contains(&format!("privacyRequested=\"{privacy}\"")), "{subscriber}");
    }
    let comment = text(&|out| pidf::write_comment(out, "7b0d@callbox.example", "here & <there>"));
    assert_valid("EmergencyCallData_Comment.xsd", &comment);
    assert!(comment.contains("here &amp; &lt;there&gt;"), "{comment}");
}

#[test]
fn what_is_old_says_so_and_may_be_kept_from_now_on() {
    let civic = chicago();
    let now = Wall::from_millis(AT.as_millis() + 40 * 24 * 3600 * 1000);
    let text = written(&Document { now, note: Some("It may have <moved>."), ..document(&civic) });
    assert_valid("all.xsd", &text);
    assert!(text.contains("<dm:timestamp>2026-11-21T20:15:02Z</dm:timestamp>"), "{text}");
    assert!(text.contains("<gbp:retention-expiry>2027-01-01T20:15:02Z</gbp:retention-expiry>"), "{text}");
    assert!(text.contains("<dm:note xml:lang=\"en\">It may have &lt;moved&gt;.</dm:note>"), "{text}");
}
