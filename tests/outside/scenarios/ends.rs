//! Every way a call can end.
use super::*;

#[test]
fn a_call_is_answered_and_the_caller_hangs_up() {
    let mut lab = Lab::with(&[("psap", PSAP_1)]);
    lab.carries(Caller::new("call"));
    assert_eq!(lab.ends[0].requests(), WHOLE_CALL);
}

#[test]
fn a_call_is_answered_and_the_psap_hangs_up() {
    let mut lab = Lab::with(&[("hangs-up", PSAP_1)]);
    lab.carries(Caller::new("is-hung-up-on"));
}

#[test]
fn a_caller_who_gives_up_while_it_rings_is_told_so_and_the_psap_is_cancelled() {
    let mut lab = Lab::with(&[("rings-until-cancelled", PSAP_1)]);
    lab.carries(Caller::new("gives-up-while-it-rings"));
    assert_eq!(lab.ends[0].requests(), ["INVITE", "CANCEL", "ACK"]);
}

#[test]
fn a_caller_who_gives_up_before_it_rings_is_told_so_and_the_psap_is_cancelled() {
    let mut lab = Lab::with(&[("tries-until-cancelled", PSAP_1)]);
    lab.carries(Caller::new("gives-up-before-it-rings"));
    assert_eq!(lab.ends[0].requests(), ["INVITE", "CANCEL", "ACK"]);
}

#[test]
fn when_everybody_refuses_the_caller_gets_a_503_that_asks_for_no_patience() {
    let ends = [("busy", PSAP_1), ("out-of-service", PSAP_2), ("out-of-service", RELAY), ("busy", GATEWAY)];
    Lab::with(&ends).carries(Caller::new("is-out-of-luck"));
}

#[test]
fn a_stranger_gets_403_and_nobody_is_called() {
    let _ports = LabPorts::locked();
    let psap = Answerer::start("psap", PSAP_1);
    let _router = router::run_for_strangers("tests/data/conf/strangers.toml");
    Caller::new("is-forbidden").calls();
    assert!(psap.requests().is_empty());
}

#[test]
fn a_stranger_gets_silence_to_everything_but_an_invite() {
    let _ports = LabPorts::locked();
    let _router = router::run_for_strangers("tests/data/conf/strangers.toml");
    assert!(!router::answers_options_within(router::ROUTER, 10));
}
