//! The ways a call can come in, and what is wrong with it that must not matter.
use super::*;

#[test]
fn a_call_comes_over_tcp() {
    let mut lab = Lab::with(&[("psap", PSAP_1)]);
    lab.carries(Caller::new("call").over_tcp());
}

#[test]
fn a_call_over_tcp_is_ended_by_the_psap_on_the_same_connection() {
    let mut lab = Lab::with(&[("hangs-up", PSAP_1)]);
    lab.carries(Caller::new("is-hung-up-on").over_tcp());
}

#[test]
fn a_call_comes_over_ipv6() {
    let mut lab = Lab::with(&[("psap", PSAP_1)]);
    lab.carries(Caller::new("call").over_ipv6().dials("sip:911@[::1]:5060"));
}

#[test]
fn a_call_full_of_defects_arrives() {
    let mut lab = Lab::with(&[("psap", PSAP_1)]);
    lab.carries(Caller::new("is-full-of-defects"));
}
