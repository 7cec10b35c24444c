//! What a request is answered, with the lab's tables.
use crate::requests::{THIRD_PARTY, about, request};
use crate::xmllint::assert_valid;
use bytes::BytesMut;
use callbox::base::entropy::Entropy;
use callbox::base::now::Wall;
use callbox::cache::Cache;
use callbox::config::world;
use callbox::held::{Asker, Code, Error, Terms, answer, read, write_error};
use core::time::Duration;

const AT: Wall = Wall::from_millis(1_795_292_102_000);

fn lab() -> Cache {
    let cache = Cache::default();
    let _settings = world::lab().expect("the lab is sound").publish(&cache);
    cache
}

/// Without location URIs.
fn terms() -> Terms {
    Terms { public_url: None, lifetime: Duration::from_secs(3600) }
}

fn acme() -> Asker {
    Asker { organisation: "acme".into(), proven: true, address: [192, 0, 2, 117].into() }
}

fn answered(asker: &Asker, text: &str) -> (String, Option<Code>) {
    let request = read(text.as_bytes(), AT).expect("a request");
    let (out, code) = answer(&lab(), &terms(), asker, &request, AT, &mut Entropy::seeded([3; 32]));
    let text = String::from_utf8(out.to_vec()).expect("UTF-8");
    assert_valid("held.xsd", &text);
    (text, code)
}

/// Compares with a file of `documents/`, whose lines end with a line feed alone; with `BLESS` set, writes it.
fn assert_golden(name: &str, text: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/held/documents").join(name);
    let text = text.replace("\r\n", "\n");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &text).expect("the golden file writes");
    }
    assert_eq!(text, std::fs::read_to_string(&path).expect("a golden file"), "{name}");
}

#[test]
fn a_number_is_answered_with_its_room_and_with_the_identity_that_led_there() {
    let (text, code) = answered(&acme(), &about("<uri>tel:+13125550123</uri>"));
    assert_eq!(code, None, "{text}");
    assert_golden("number-response.xml", &text);
}

#[test]
fn two_answers_cannot_be_told_to_be_about_one_device() {
    let request = read(THIRD_PARTY.as_bytes(), AT).expect("a request");
    let chance = &mut Entropy::seeded([3; 32]);
    let cache = lab();
    let entity = |out: BytesMut| {
        let text = String::from_utf8(out.to_vec()).expect("UTF-8");
        text.split("entity=\"").nth(1).and_then(|rest| rest.split('"').next()).map(str::to_owned).expect("an entity")
    };
    let mut ask = || entity(answer(&cache, &terms(), &acme(), &request, AT, chance).0);
    assert_ne!(ask(), ask());
}

#[test]
fn numbers_are_found_as_people_write_them() {
    for text in ["tel:13125550123", "tel:3125550123", "sip:+13125550123@callbox.example"] {
        assert_eq!(answered(&acme(), &about(&format!("<uri>{text}</uri>"))).1, None, "{text}");
    }
}

#[test]
fn what_cannot_be_located_is_told_by_its_code() {
    let unknown = Some(Code::LocationUnknown);
    let bad = Some(Code::BadIdentifier);
    for (identities, expected) in [
        ("<uri>tel:+13125550124</uri>", unknown),
        ("<uri>tel:4117</uri>", unknown),
        // The site has no stage 1.
        ("<uri>tel:+13125550170</uri>", unknown),
        ("<mac>02-00-00-00-01-01</mac>", unknown),
        ("<ip v=\"4\">192.0.2.117</ip>", unknown),
        ("<uri>tel:+13125559999</uri>", bad),
        ("<uri>tel:+13125550123</uri><uri>tel:+13125550124</uri>", bad),
        ("<ip v=\"4\">192.0.2</ip><uri>tel:+13125550123</uri>", bad),
        ("<nai>a@b.example</nai>", bad),
    ] {
        assert_eq!(answered(&acme(), &about(identities)).1, expected, "{identities}");
    }
    assert_eq!(answered(&acme(), &request("")).1, unknown);
    let (text, _) = answered(&acme(), &about("<nai>a@b.example</nai>"));
    assert!(text.contains("id\">mac ip uri</requiredIdentifiers>"), "{text}");
}

#[test]
fn nobody_learns_about_another_organisation_or_without_proof_about_another_device() {
    let number = about("<uri>tel:+13125550123</uri>");
    let other = Asker { organisation: "other".into(), ..acme() };
    assert_eq!(answered(&other, &number).1, Some(Code::BadIdentifier));
    let stranger = Asker { proven: false, ..acme() };
    assert_eq!(answered(&stranger, &number).1, Some(Code::BadIdentifier));
    assert_eq!(answered(&stranger, &about("<ip v=\"4\">192.0.2.117</ip>")).1, Some(Code::LocationUnknown));
}

#[test]
fn an_exact_request_gets_these_forms_and_no_other_or_an_error() {
    let number = "<device xmlns=\"urn:ietf:params:xml:ns:geopriv:held:id\"><uri>tel:+13125550123</uri></device>";
    for (forms, expected) in [
        ("<locationType exact=\"true\">civic</locationType>", None),
        ("<locationType exact=\"true\">geodetic</locationType>", Some(Code::CannotProvideLiType)),
        ("<locationType exact=\"true\">locationURI</locationType>", Some(Code::CannotProvideLiType)),
        ("<locationType exact=\"true\">civic geodetic</locationType>", Some(Code::CannotProvideLiType)),
        ("<locationType exact=\"true\">any</locationType>", None),
        ("<locationType>geodetic</locationType>", None),
        ("<locationType>locationURI</locationType>", None),
    ] {
        let (text, code) = answered(&acme(), &request(&format!("{forms}{number}")));
        assert_eq!(code, expected, "{forms}");
        assert!(!text.contains("locationUriSet"), "{text}");
    }
}

#[test]
fn every_error_is_valid_and_speaks_a_language() {
    let mut all = String::new();
    for code in Code::ALL {
        let mut out = BytesMut::new();
        write_error(
            &mut out,
            &Error { code, message: "it is <so> & not else", required: &["mac", "ip"], wanting: &[] },
        );
        let text = String::from_utf8(out.to_vec()).expect("UTF-8");
        assert_valid("held.xsd", &text);
        all.push_str(&text);
    }
    assert_golden("errors.txt", &all);
}
