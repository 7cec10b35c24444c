//! A target that does not take the call is followed by the next.
use super::*;

#[test]
fn after_a_busy_psap_comes_the_next() {
    Lab::with(&[("busy", PSAP_1), ("psap", PSAP_2)]).carries(Caller::new("call"));
}

#[test]
fn after_a_psap_that_asks_for_patience_comes_the_next_at_once() {
    let mut lab = Lab::with(&[("out-of-service", PSAP_1), ("psap", PSAP_2)]);
    lab.carries(Caller::new("call"));
    let waited = lab.ends[1].invites()[0].at - lab.ends[0].invites()[0].at;
    assert!(waited < 0.5, "the next PSAP waited {waited} s");
}

#[test]
fn after_a_silent_psap_comes_the_next_within_the_second() {
    let mut lab = Lab::with(&[("psap", PSAP_2)]);
    let mut silent = Answerer::start("silent", PSAP_1);
    lab.carries(Caller::new("call"));
    silent.reaches("invited");
    // The INVITE and at most its repetitions of the first second and a half; nothing after the other had the call.
    assert_eq!(silent.requests(), ["INVITE"]);
    assert!(silent.invites().len() <= 3, "{} copies of the INVITE", silent.invites().len());
    let waited = lab.ends[0].invites()[0].at - silent.invites()[0].at;
    assert!((0.8..2.0).contains(&waited), "the next PSAP waited {waited} s");
}

#[test]
fn a_psap_that_rings_too_late_is_cancelled_at_once() {
    let mut lab = Lab::with(&[("rings-too-late", PSAP_1), ("hangs-up-late", PSAP_2)]);
    lab.carries(Caller::new("is-hung-up-on"));
    assert_eq!(lab.ends[0].requests(), ["INVITE", "CANCEL", "ACK"]);
}

#[test]
fn a_psap_that_answers_too_late_is_hung_up_on_at_once() {
    let mut lab = Lab::with(&[("answers-too-late", PSAP_1), ("hangs-up-late", PSAP_2)]);
    lab.carries(Caller::new("is-hung-up-on"));
    assert_eq!(lab.ends[0].requests(), WHOLE_CALL);
}

#[test]
fn after_psaps_that_are_not_there_comes_the_relay_center() {
    Lab::with(&[("relay-center", RELAY)]).carries(Caller::new("call"));
}

#[test]
fn a_carrier_that_asks_who_we_are_is_told_and_takes_the_call() {
    let mut lab = Lab::of("tests/data/conf/digest.toml", &[("asks-who-we-are", PSAP_1)]);
    lab.carries(Caller::new("call"));
    assert_eq!(lab.ends[0].requests(), ["INVITE", "ACK", "INVITE", "ACK", "BYE"]);
}
