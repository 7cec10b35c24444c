//! What is dialled decides who is called and what they get to see; the scenarios of `answerer/` hold the headers
//! against the column of their trunk.
use super::*;
use crate::lab_config::LabConfig;

fn identity(end: &Answerer) -> String {
    end.invites()[0].header("P-Asserted-Identity").unwrap_or_default()
}

#[test]
fn a_911_call_shows_the_psap_the_number_and_the_room_of_the_caller() {
    let mut lab = Lab::with(&[("psap", PSAP_1)]);
    lab.carries(Caller::new("call").dials("911").from("+13125550123"));
    let invite = &lab.ends[0].invites()[0];
    assert!(identity(&lab.ends[0]).contains("<sip:+13125550123@callbox.example;user=phone>"));
    assert_eq!(invite.header("Max-Forwards").as_deref(), Some("69"));
    let body = String::from_utf8_lossy(&invite.bytes).into_owned();
    for element in ["HNO>100<", "RD>Example<", "STS>Plaza<", "A3>Chicago<", "FLR>1<", "ROOM>101<"] {
        assert!(body.contains(element), "{element} is missing in\n{body}");
    }
}

#[test]
fn a_911_call_with_the_sites_prefix_is_the_same_call() {
    let mut lab = Lab::with(&[("psap", PSAP_1)]);
    lab.carries(Caller::new("call").dials("9911"));
}

#[test]
fn a_call_to_the_emergency_service_urn_is_the_same_call() {
    let mut lab = Lab::with(&[("psap", PSAP_1)]);
    lab.carries(Caller::new("call").dials("urn:service:sos"));
}

#[test]
fn a_psap_of_the_old_network_sees_the_number_that_it_has_on_record_for_the_room() {
    let mut lab = Lab::of("tests/data/conf/legacy.toml", &[("legacy-psap", PSAP_1)]);
    lab.carries(Caller::new("call"));
}

#[test]
fn a_test_call_reaches_the_test_ivr_and_no_psap() {
    let config = LabConfig::copied();
    config.replace("before_trunks = true", "before_trunks = false");
    let mut lab = Lab::of_file(&config.file(), &[("test-ivr", IVR)]);
    let psap = Answerer::start("psap", PSAP_1);
    lab.carries(Caller::new("call").dials("933"));
    assert!(identity(&lab.ends[0]).contains("<sip:+13125550123@callbox.example;user=phone>"));
    assert!(psap.requests().is_empty());
}

#[test]
fn a_crisis_call_reaches_the_crisis_line_without_a_place() {
    let mut lab = Lab::with(&[("crisis-line", CRISIS)]);
    lab.carries(Caller::new("everyday-call").dials("988"));
}

#[test]
fn a_crisis_call_keeps_the_callers_privacy() {
    let mut lab = Lab::with(&[("crisis-line-private", CRISIS)]);
    lab.carries(Caller::new("private").dials("988"));
    let told = String::from_utf8_lossy(&lab.ends[0].invites()[0].bytes).into_owned();
    assert!(!told.contains("3125550123"), "{told}");
}

#[test]
fn an_everyday_call_goes_to_the_gateway_as_it_came() {
    let mut lab = Lab::with(&[("gateway", GATEWAY)]);
    lab.carries(Caller::new("everyday-call").dials("14155550166"));
    assert!(lab.ends[0].invites()[0].start().starts_with("INVITE sip:14155550166@"));
}

#[test]
fn a_911_call_of_a_site_that_is_not_switched_on_goes_by_its_gateway_with_the_number_as_dialled() {
    let mut lab = Lab::with(&[("gateway", GATEWAY)]);
    lab.carries(Caller::new("call").from("+13125550150"));
    assert!(lab.ends[0].invites()[0].start().starts_with("INVITE sip:911@"));
    assert!(identity(&lab.ends[0]).contains("+13125550150"));
}
