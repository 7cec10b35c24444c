//! What each side may do while they talk.
use super::*;

#[test]
fn a_caller_who_moves_its_media_is_followed() {
    let mut lab = Lab::with(&[("is-reinvited", PSAP_1)]);
    lab.carries(Caller::new("moves-its-media"));
}

#[test]
fn a_psap_may_move_its_media_and_hold_the_caller() {
    let mut lab = Lab::with(&[("reinvites", PSAP_1)]);
    lab.carries(Caller::new("is-reinvited"));
}

#[test]
fn a_callers_hold_is_refused_and_the_psap_never_hears_of_it() {
    let mut lab = Lab::with(&[("psap", PSAP_1)]);
    lab.carries(Caller::new("holds"));
    assert_eq!(lab.ends[0].requests(), WHOLE_CALL);
}

#[test]
fn a_callers_transfer_is_refused_and_the_psap_never_hears_of_it() {
    let mut lab = Lab::with(&[("psap", PSAP_1)]);
    lab.carries(Caller::new("transfers"));
    assert_eq!(lab.ends[0].requests(), WHOLE_CALL);
}

#[test]
fn a_psaps_transfer_leads_the_caller_to_another_and_its_pbx_sees_no_refer() {
    let mut lab = Lab::with(&[("transfers", PSAP_1), ("takes-transfer", PSAP_2)]);
    let mut calling = Caller::new("is-transferred").starts();
    calling.finishes();
    lab.ends.iter_mut().for_each(Answerer::finishes);
    assert_eq!(calling.requests(), ["INVITE", "ACK"]);
    assert_eq!(lab.ends[1].requests(), WHOLE_CALL);
}
