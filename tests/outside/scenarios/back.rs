//! Calls back: a PSAP reaches the phone that called, whatever number it was shown.
use super::*;
use crate::heard::Heard;
use crate::lab_config::LabConfig;
use crate::router::metrics;

const PBX: u16 = 5075;
const MAIN: &str = "+13125550100";

/// Two colleagues call 911 one behind the other, while the first is still on its way; both calls are over.
fn colleagues(lab: &mut Lab, first: &str, second: &str) {
    let mut calling = Caller::new("call").from(first).starts();
    for _ in 0..2000 {
        if !lab.ends[0].invites().is_empty() {
            break;
        }
        std::thread::park_timeout(std::time::Duration::from_millis(10));
    }
    Caller::new("call").from(second).calls();
    calling.finishes();
    lab.ends[0].finishes();
}

/// The INVITEs that somebody got, without copies.
fn invites(end: &Answerer) -> Vec<Heard> {
    let mut seen = Vec::new();
    let is_new = |invite: &Heard| {
        let id = invite.header("Call-ID");
        let is_new = !seen.contains(&id);
        seen.push(id);
        is_new
    };
    end.invites().into_iter().filter(is_new).collect()
}

/// The user part of the first SIP URI in a text.
fn user(text: &str) -> String {
    text.split("sip:").nth(1).and_then(|rest| rest.split('@').next()).unwrap_or_default().to_owned()
}

/// What the relay center was shown, in the order of the calls.
fn shown(lab: &Lab) -> Vec<String> {
    invites(&lab.ends[0]).iter().filter_map(|invite| invite.header("P-Asserted-Identity")).map(|it| user(&it)).collect()
}

/// Whom the PBX was asked for.
fn rung(lab: &Lab) -> Vec<String> {
    invites(&lab.ends[1]).iter().map(|invite| user(&invite.start())).collect()
}

#[test]
fn two_colleagues_behind_one_main_number_are_called_back_the_latest_first_though_nothing_can_be_lent() {
    let config = LabConfig::copied();
    config.lends_nothing();
    let mut lab = Lab::of_file(&config.file(), &[("relay-center", RELAY), ("phones", PBX)]);
    colleagues(&mut lab, "4117", "4119");
    assert_eq!(shown(&lab), [MAIN, MAIN], "the next rule applies, and the calls go on");
    Caller::new("calls-back").at(PSAP_1).dials(MAIN).from("+13125559110").calls();
    lab.ends[1].finishes();
    // Its phone is busy, also when it is asked once more; then the other.
    assert_eq!(rung(&lab), ["4119", "4119", "4117"]);
    let alerts: Vec<_> = invites(&lab.ends[1]).iter().map(|invite| invite.header("Alert-Info")).collect();
    assert_eq!(alerts, [None, Some("<urn:alert:priority:high>".to_owned()), None]);
    let told = metrics();
    assert!(told.contains("callbox_callback_pool_empty_total{site=\"hq\"} 2"), "{told}");
}

#[test]
fn two_colleagues_who_were_lent_numbers_are_called_back_each_by_its_own() {
    let mut lab = Lab::with(&[("relay-center", RELAY), ("phones", PBX)]);
    colleagues(&mut lab, "4117", "4121");
    let numbers = shown(&lab);
    assert_eq!(numbers, ["+13125550190", "+13125550191"]);
    for (number, phone) in numbers.iter().zip(["4117", "4121"]) {
        Caller::new("calls-back").at(PSAP_1).dials(number).from("+13125559110").calls();
        assert_eq!(rung(&lab).last().map(String::as_str), Some(phone));
    }
    assert_eq!(rung(&lab).len(), 2);
}

#[test]
fn a_psap_that_calls_back_hears_in_which_room_the_phone_is() {
    let mut lab = Lab::with(&[("psap", PSAP_1), ("phones", PBX)]);
    Caller::new("call").calls();
    lab.ends[0].finishes();
    // Its port is needed.
    drop(lab.ends.remove(0));
    let calling = Caller::new("calls-back-and-hears-where").at(PSAP_1).dials("+13125550123").from("+13125559110");
    let calling = calling.calls();
    lab.ends[0].finishes();
    assert_eq!(calling.requests(), ["UPDATE"]);
}
