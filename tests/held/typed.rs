//! Addresses that users give for the networks that their clients are on.
use crate::devices::{Lis, device};
use crate::requests::NOW;
use callbox::base::entropy::Entropy;
use callbox::held::client::{Asked, Given, Refused, Told, given, located, withdrawn};
use callbox::held::{Asker, Terms};
use core::time::Duration;

const CLIENT: &str = "\"instance\": \"urn:uuid:00000000-0000-1000-8000-020000000a04\", \"signing_in\": true";
const HOME: &str = "{\"gateway\": \"02-00-00-00-77-01\", \"addresses\": [\"192.168.1.20\"]}";
const HOTEL: &str = "{\"gateway\": \"02-00-00-00-77-02\", \"addresses\": [\"192.168.1.20\"]}";
const DESK: &str = "{\"switch\": {\"chassis\": \"02-00-00-00-01-01\", \"port\": \"7\"}}";
const CIVIC: &str = "\"country\": \"US\", \"A1\": \"IL\", \"A3\": \"Springfield\", \"RD\": \"Sample\", \"STS\": \"Street\", \
                     \"HNO\": \"7\", \"FLR\": \"2\"";

fn asker() -> Asker {
    Asker { organisation: "acme".into(), proven: true, address: [203, 0, 113, 7].into() }
}

fn terms() -> Terms {
    Terms { public_url: Some("https://lis.example".into()), lifetime: Duration::from_secs(3600) }
}

fn says(interfaces: &str) -> String {
    format!("{{{CLIENT}, \"interfaces\": [{interfaces}]}}")
}

fn asks(lis: &Lis, json: &str) -> Told {
    let asked: Asked = serde_json::from_str(json).expect("what a client says");
    located(&lis.cache, &terms(), &asker(), &asked, NOW, &mut Entropy::seeded([3; 32])).expect("it is listed")
}

fn gives(lis: &Lis, json: &str) -> Result<Told, Refused> {
    let what: Given = serde_json::from_str(json).expect("what a client says");
    given(&lis.cache, &terms(), &asker(), &what, NOW, &mut Entropy::seeded([3; 32]))
}

fn with(says: &str, civic: &str) -> String {
    says.replacen('{', &format!("{{\"civic\": {{{civic}}}, "), 1)
}

/// Grade, how it was found, and what to do.
fn outcome(told: &Told) -> (&str, Option<&str>, &str) {
    (told.grade, told.found_by, told.action)
}

const KNOWN: (&str, Option<&str>, &str) = ("dispatchable", Some("typed"), "none");
const UNKNOWN: (&str, Option<&str>, &str) = ("none", None, "prompt");

#[test]
fn an_address_that_was_given_holds_until_its_network_is_left_and_comes_back_with_it() {
    let lis = Lis::new();
    assert_eq!(outcome(&asks(&lis, &says(HOME))), UNKNOWN);
    let told = gives(&lis, &with(&says(HOME), CIVIC)).expect("a sound address");
    assert_eq!(outcome(&told), KNOWN);
    let place = told.location.expect("a place");
    assert_eq!((place.method, place.civic.get("HNO").map(String::as_str)), ("Manual", Some("7")));
    assert_eq!(outcome(&asks(&lis, &says(HOME))), KNOWN);
    assert_eq!(outcome(&asks(&lis, &says(HOTEL))), UNKNOWN);
    assert_eq!(outcome(&asks(&lis, &says(HOME))), KNOWN, "it is back and nobody is asked again");
    assert_eq!(outcome(&asks(&lis, &says(DESK))), ("dispatchable", Some("wiremap"), "none"));
}

#[test]
fn each_network_has_its_own_address_and_the_last_one_holds() {
    let lis = Lis::new();
    let number = |told: &Told| told.location.as_ref().and_then(|place| place.civic.get("HNO").cloned());
    gives(&lis, &with(&says(HOME), CIVIC)).expect("home");
    gives(&lis, &with(&says(HOTEL), &CIVIC.replace("\"7\"", "\"12\""))).expect("a hotel");
    assert_eq!(number(&asks(&lis, &says(HOME))).as_deref(), Some("7"));
    gives(&lis, &with(&says(HOME), &CIVIC.replace("\"7\"", "\"9\""))).expect("home, mended");
    assert_eq!(number(&asks(&lis, &says(HOME))).as_deref(), Some("9"));
    assert_eq!(number(&asks(&lis, &says(HOTEL))).as_deref(), Some("12"));
}

#[test]
fn an_address_that_is_taken_back_is_gone_from_its_network_alone() {
    let lis = Lis::new();
    gives(&lis, &with(&says(HOME), CIVIC)).expect("home");
    gives(&lis, &with(&says(HOTEL), CIVIC)).expect("a hotel");
    let takes_back = |interfaces: &str| {
        let asked: Asked = serde_json::from_str(&says(interfaces)).expect("what a client says");
        withdrawn(&lis.cache, &terms(), &asker(), &asked, NOW, &mut Entropy::seeded([3; 32]))
    };
    assert!(takes_back(HOME).map(|told| outcome(&told) == UNKNOWN).expect("it was there"));
    let again = takes_back(HOME).err().expect("it is gone");
    assert_eq!((again.errors[0].field.as_str(), again.errors[0].error), ("interfaces", "unknown"));
    assert_eq!(outcome(&asks(&lis, &says(HOTEL))), KNOWN);
}

#[test]
fn the_address_is_told_by_held_too_as_one_that_a_person_entered() {
    let lis = Lis::new();
    let token = gives(&lis, &with(&says(HOME), CIVIC)).expect("a sound address").token.expect("a token");
    let (text, code) = lis.at(&token);
    assert!(code.is_none() && text.contains("<ca:HNO>7</ca:HNO>"), "{text}");
    assert!(text.contains("<gp:method>Manual</gp:method>") && !text.contains("lmsrc"), "{text}");
    let by_another = lis.ask_from([127, 0, 0, 1], &device("<uri>tel:4119</uri>"));
    assert!(by_another.0.contains("<ca:HNO>7</ca:HNO>"), "{}", by_another.0);
}

#[test]
fn what_is_wrong_with_an_address_is_told_field_by_field_and_nothing_is_kept() {
    let lis = Lis::new();
    let wrong = |json: &str| {
        let refused = gives(&lis, json).err().unwrap_or_else(|| panic!("{json} was taken"));
        refused.errors.into_iter().map(|wrong| (wrong.field, wrong.error)).collect::<Vec<_>>()
    };
    let one = |field: &str, error| vec![(field.to_owned(), error)];
    assert_eq!(wrong(&with(&says(HOME), &CIVIC.replace("\"HNO\": \"7\", ", ""))), one("HNO", "missing"));
    assert_eq!(wrong(&with(&says(HOME), &CIVIC.replace("\"IL\"", "\"Illinois\""))), one("A1", "unknown"));
    assert_eq!(wrong(&with(&says(HOME), "")).len(), 4);
    assert_eq!(
        wrong(&with("{\"interfaces\": [{\"gateway\": \"02-00-00-00-77-01\"}]}", CIVIC)),
        one("instance", "missing")
    );
    assert_eq!(wrong(&with(&says(""), CIVIC)), one("interfaces", "missing"));
    assert_eq!(wrong(&with("{\"number\": \"+13125559999\", \"interfaces\": [{}]}", CIVIC)), one("number", "unknown"));
    let depot = format!("{{\"number\": \"+13125550170\", \"interfaces\": [{HOME}]}}");
    assert_eq!(wrong(&with(&depot, CIVIC)), one("number", "not_served"));
    assert_eq!(outcome(&asks(&lis, &says(HOME))), UNKNOWN);
}

/// The words for what was seen, and of whom.
fn seen(lis: &Lis) -> Vec<String> {
    let (seen, lost) = lis.cache.take_sightings();
    assert_eq!(lost, 0);
    let words = |one: &callbox::cache::Sighting| {
        let what = if one.given.is_some() { "given" } else { "unknown" };
        format!("{what} {} {}", one.device.as_deref().unwrap_or("-"), one.site.as_deref().unwrap_or("-"))
    };
    seen.iter().map(words).collect()
}

#[test]
fn who_asks_from_a_network_that_nobody_has_entered_is_seen_and_so_is_a_new_address() {
    let lis = Lis::new();
    asks(&lis, &says(DESK));
    assert_eq!(seen(&lis), [""; 0], "the wiremap knows this switch");
    asks(&lis, &says(HOME));
    assert_eq!(seen(&lis), ["unknown hq-soft-1 hq"]);
    gives(&lis, &with(&says(HOME), CIVIC)).expect("a sound address");
    assert_eq!(seen(&lis), ["unknown hq-soft-1 hq", "given hq-soft-1 hq"]);
    asks(&lis, &says(HOME));
    gives(&lis, &with(&says(HOME), CIVIC)).expect("the same again");
    assert_eq!(seen(&lis), [""; 0], "nothing of this is news");
    gives(&lis, &with(&says(HOME), &CIVIC.replace("\"7\"", "\"9\""))).expect("they moved next door");
    assert_eq!(seen(&lis), ["given hq-soft-1 hq"]);
}
