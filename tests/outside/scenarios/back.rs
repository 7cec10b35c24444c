//! Calls back: a PSAP reaches the phone that called, whatever number it was shown.
use super::*;
use crate::lab_config::LabConfig;
use crate::router::metrics;

const PBX: u16 = 5075;
const MAIN: &str = "+13125550100";

/// Two colleagues call 911 one behind the other, while the first is still on its way; both calls are over.
fn colleagues(lab: &mut Lab, first: &str, second: &str) {
    let mut calling = Caller::new("call").from(first).starts();
    for _ in 0..400 {
        if !lab.ends[0].invites().is_empty() {
            break;
        }
        std::thread::park_timeout(std::time::Duration::from_millis(10));
    }
    Caller::new("call").from(second).calls();
    calling.finishes();
    lab.ends[0].finishes();
}

/// What the relay center was shown, in the order of the calls.
fn shown(lab: &Lab) -> Vec<String> {
    let identity = |heard: &crate::heard::Heard| heard.header("P-Asserted-Identity").unwrap_or_default();
    let number = |value: String| value.split("sip:").nth(1).and_then(|rest| rest.split('@').next()).map(str::to_owned);
    let mut shown: Vec<String> = lab.ends[0].invites().iter().map(identity).filter_map(number).collect();
    shown.dedup();
    shown
}

/// Whom the PBX was asked for.
fn rung(lab: &Lab) -> Vec<String> {
    let user = |start: &str| start.split("sip:").nth(1).and_then(|rest| rest.split('@').next()).map(str::to_owned);
    lab.ends[1].invites().iter().filter_map(|invite| user(&invite.start())).collect()
}

#[test]
fn two_colleagues_behind_one_main_number_are_called_back_the_latest_first_though_nothing_can_be_lent() {
    let config = LabConfig::copied();
    config.lends_nothing();
    let mut lab = Lab::of_file(&config.file(), &[("relay-center", RELAY), ("phones", PBX)]);
    colleagues(&mut lab, "4117", "4119");
    assert_eq!(shown(&lab), [MAIN], "the next rule applies, and the calls go on");
    Caller::new("calls-back").at(PSAP_1).dials(MAIN).from("+13125559110").calls();
    lab.ends[1].finishes();
    // Its phone is busy, also when it is asked once more; then the other.
    assert_eq!(rung(&lab), ["4119", "4119", "4117"]);
    let alerts: Vec<_> = lab.ends[1].invites().iter().map(|invite| invite.header("Alert-Info")).collect();
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
