use crate::world::{plan, site};
use callbox::classify::{Class, Classified, Dialled, decide};
use callbox::record::{DialPlan, Number, Site};
use proptest::prelude::*;

fn digits(site: &Site, plan: &DialPlan, user: &str) -> Class {
    decide(site, plan, Dialled::Number(user, "")).class
}

fn urn(text: &str) -> Classified {
    decide(&site("US", &[]), &plan("us"), Dialled::Urn(text))
}

fn number(classified: &Classified) -> Option<&str> {
    classified.number.as_ref().map(Number::expose)
}

#[test]
fn every_way_to_dial_911_at_a_site_with_prefix_9_is_an_emergency_call() {
    let (site, plan) = (site("US", &["9"]), plan("us"));
    let ways = [
        "911",
        "9911",
        "+911",
        "+1911",
        "1911",
        "9-1-1",
        "%39%31%31",
        "911#",
        "(9) 911",
        "9.1.1",
        "9 911",
        "91911",
        "9+1911",
        "+9911",
        "%2b1911",
        "911%23",
        "112",
        "9112",
        "+112",
        "911;phone-context=pbx.example",
        "1112",
    ];
    for dialled in ways {
        let classified = decide(&site, &plan, Dialled::Number(dialled, ""));
        assert_eq!(classified.class, Class::Emergency, "{dialled}");
        assert_eq!(classified.service.as_deref(), Some("urn:service:sos"), "{dialled}");
        let code = if dialled.contains("112") { "112" } else { "911" };
        assert_eq!(number(&classified), Some(code), "{dialled}");
    }
}

#[test]
fn a_number_that_only_contains_a_code_is_none() {
    let (with, without, plan) = (site("US", &["9"]), site("US", &[]), plan("us"));
    let numbers = [
        "19115551212",
        "+19115551212",
        "+19115550100",
        "9113",
        "4085559110",
        "0911",
        "9110",
        "99911",
        "++911",
        "911911",
        "+44911",
        "911a",
        "sos",
        "",
        "#",
        "+",
        "9",
        "91",
        "%39%31",
        "911##",
        "911%",
        "911%3",
        "911%zz",
        "9\u{661}1",
        "911,911",
        "11911",
        "1",
        "+1",
        "anonymous",
        "88911",
    ];
    for dialled in numbers {
        assert_eq!(digits(&with, &plan, dialled), Class::Other, "{dialled}");
        assert_eq!(digits(&without, &plan, dialled), Class::Other, "{dialled}");
    }
}

#[test]
fn the_prefix_counts_only_where_the_site_has_it() {
    let plan = plan("us");
    assert_eq!(digits(&site("US", &[]), &plan, "9112"), Class::Other);
    assert_eq!(digits(&site("US", &["9"]), &plan, "9112"), Class::Emergency);
    assert_eq!(digits(&site("US", &["8"]), &plan, "9911"), Class::Other);
    assert_eq!(digits(&site("US", &["8", "9"]), &plan, "8911"), Class::Emergency);
}

#[test]
fn test_and_crisis_codes_are_classes_of_their_own_with_the_same_ways_to_dial() {
    let (site, plan) = (site("US", &["9"]), plan("us"));
    for dialled in ["988", "+988", "9988", "1988", "+1988", "9-8-8"] {
        let classified = decide(&site, &plan, Dialled::Number(dialled, ""));
        assert_eq!((classified.class, number(&classified)), (Class::Crisis, Some("988")), "{dialled}");
        assert_eq!(classified.service.as_deref(), Some("urn:service:counseling.suicide"));
    }
    for dialled in ["933", "9933", "+1933"] {
        let classified = decide(&site, &plan, Dialled::Number(dialled, ""));
        assert_eq!((classified.class, number(&classified)), (Class::Test, Some("933")), "{dialled}");
        assert_eq!(classified.service.as_deref(), Some("urn:service:test.sos"));
    }
}

#[test]
fn each_country_has_its_own_codes_and_112_is_one_everywhere() {
    let table = [
        ("us", &["911", "112"][..], &["933"][..], &["988"][..], &["999", "000", "110", "119", "111", "211"][..]),
        ("ca", &["911", "112"], &["933"], &["988"], &["999", "000", "811"]),
        ("gb", &["999", "112", "+44999", "44112"], &[], &[], &["911", "933", "988", "101", "111", "18000"]),
        ("dk", &["112", "+45112"], &[], &[], &["911", "999", "114", "933", "988"]),
        ("eu", &["112", "+112"], &[], &[], &["911", "110", "933"]),
        ("au", &["000", "112", "+61000"], &[], &[], &["911", "106", "933", "00", "0000"]),
    ];
    for (country, emergency, test, crisis, other) in table {
        let (site, plan) = (site(&country.to_uppercase(), &[]), plan(country));
        for (class, codes) in
            [(Class::Emergency, emergency), (Class::Test, test), (Class::Crisis, crisis), (Class::Other, other)]
        {
            for code in codes {
                assert_eq!(digits(&site, &plan, code), class, "{code} in {country}");
            }
        }
    }
    assert_eq!(digits(&site("ZZ", &[]), &DialPlan::default(), "112"), Class::Emergency);
    assert_eq!(digits(&site("ZZ", &[]), &DialPlan::default(), "911"), Class::Other);
}

#[test]
fn only_the_countries_with_routes_are_switched_on() {
    let on: Vec<bool> = ["us", "ca", "gb", "dk", "eu", "au"].map(|country| plan(country).switched_on).into();
    assert_eq!(on, [true, true, true, true, false, false]);
}

#[test]
fn every_sos_service_is_an_emergency_call_and_keeps_its_name() {
    let known = ["ambulance", "animal-control", "fire", "gas", "marine", "mountain", "physician", "poison", "police"];
    for below in known.iter().copied().chain(["ecall.automatic", "something-new"]) {
        let classified = urn(&format!("service:sos.{below}"));
        assert_eq!(classified.class, Class::Emergency);
        assert_eq!(classified.service.as_deref(), Some(format!("urn:service:sos.{below}").as_str()));
        assert_eq!(number(&classified), Some("911"));
    }
}

#[test]
fn service_urns_compare_in_any_case_and_by_whole_labels() {
    assert_eq!(urn("SERVICE:SOS").class, Class::Emergency);
    assert_eq!(urn("Service:Sos.FIRE").service.as_deref(), Some("urn:service:sos.fire"));
    assert_eq!(urn("service:test.sos.fire").class, Class::Test);
    assert_eq!(urn("service:TEST.sos").service.as_deref(), Some("urn:service:test.sos"));
    assert_eq!(urn("service:counseling.suicide").class, Class::Crisis);
    for other in
        ["service:sosx", "service:counseling", "service:test", "service:test.sosa", "nena:service:sos", "", "sos"]
    {
        assert_eq!(urn(other), Classified { class: Class::Other, number: None, service: None }, "{other}");
    }
}

#[test]
fn a_sub_service_that_is_no_label_goes_out_as_its_parent() {
    let long = format!("service:sos.{}", "a".repeat(5000));
    for dialled in ["service:sos.", "service:sos..fire", "service:sos.a b", "service:sos.\r\nVia: x", &long] {
        let classified = urn(dialled);
        assert_eq!(classified.class, Class::Emergency);
        assert_eq!(classified.service.as_deref(), Some("urn:service:sos"));
    }
    assert_eq!(urn("service:sos.fire?a=b").service.as_deref(), Some("urn:service:sos.fire"));
}

#[test]
fn a_test_urn_in_a_country_without_a_test_code_has_no_number() {
    let classified = decide(&site("DK", &[]), &plan("dk"), Dialled::Urn("service:test.sos"));
    assert_eq!((classified.class, classified.number), (Class::Test, None));
}

#[test]
fn parameters_never_make_or_unmake_an_emergency_call() {
    let (site, plan) = (site("US", &[]), plan("us"));
    for params in ["phone-context=+1", "phone-context=+44", "phone-context=a@b;user=dialstring", "user=phone"] {
        assert_eq!(decide(&site, &plan, Dialled::Number("911", params)).class, Class::Emergency, "{params}");
    }
    assert_eq!(decide(&site, &plan, Dialled::Number("5551212", "phone-context=+1911")).class, Class::Other);
}

#[test]
fn an_ordinary_number_is_kept_without_separators_and_never_printed() {
    let classified = decide(&site("US", &[]), &plan("us"), Dialled::Number("+1 (312) 555-0177", ""));
    assert_eq!(number(&classified), Some("+13125550177"));
    assert!(!format!("{classified:?}").contains("0177"));
    assert!(!format!("{:?}", Dialled::Number("+13125550177", "")).contains("0177"));
    assert_eq!(decide(&site("US", &[]), &plan("us"), Dialled::Number(&"1".repeat(9000), "")).number, None);
}

proptest! {
    /// The reference: strip, then try each reading one after the other.
    #[test]
    fn digits_are_a_code_exactly_when_prefix_plus_and_calling_code_leave_one(
        dialled in "[+]?[0189]{0,3}[+]?[1]?(911|112|933|988|91|9110)[#]?",
    ) {
        let (site, plan) = (site("US", &["9", "8"]), plan("us"));
        let bare = dialled.strip_suffix('#').unwrap_or(&dialled);
        let plus = |text: &str| text.strip_prefix('+').unwrap_or(text).to_owned();
        let mut readings = vec![plus(bare)];
        for prefix in ["9", "8"] {
            readings.extend(plus(bare).strip_prefix(prefix).map(plus));
        }
        let without: Vec<String> = readings.iter().filter_map(|one| one.strip_prefix('1')).map(str::to_owned).collect();
        readings.extend(without);
        let has = |codes: &[&str]| codes.iter().any(|code| readings.iter().any(|reading| reading == code));
        let expected = if has(&["911", "112"]) {
            Class::Emergency
        } else if has(&["933"]) {
            Class::Test
        } else if has(&["988"]) {
            Class::Crisis
        } else {
            Class::Other
        };
        prop_assert_eq!(digits(&site, &plan, &dialled), expected);
    }

    #[test]
    fn nothing_that_is_dialled_makes_it_panic(user in ".*", name in ".*") {
        let (site, plan) = (site("US", &["9"]), plan("us"));
        let _ = decide(&site, &plan, Dialled::Number(&user, &name));
        let _ = decide(&site, &plan, Dialled::Urn(&name));
        let _ = decide(&site, &plan, Dialled::Urn(&format!("service:sos{name}")));
    }
}
