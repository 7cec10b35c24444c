//! `callbox explain` as its user sees it: a device that is plugged in somewhere, in the lab.
use std::process::Command;

/// The printed lines, with single blanks, or what is wrong with the arguments.
fn explain(arguments: &[&str]) -> Result<Vec<String>, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_callbox"))
        .arg("explain")
        .args(arguments)
        .env_remove("CALLBOX_LOG")
        .output()
        .expect("callbox starts");
    let text = String::from_utf8_lossy(&output.stdout);
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    match output.status.success() {
        true => Ok(text.lines().map(words).collect()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

fn has(lines: &[String], wanted: &[&str]) {
    for wanted in wanted {
        assert!(lines.iter().any(|line| line == wanted), "{wanted:?} is missing in {lines:#?}");
    }
}

#[test]
fn the_port_of_a_switch_leads_an_extension_without_an_address_to_the_psap_with_its_room() {
    let told = explain(&["911", "--from", "4117", "--switch", "0200.0000.0101", "--port", "7"]).expect("an answer");
    has(
        &told,
        &[
            "device hq-desk-1, by its line",
            "location wiremap, dispatchable: won: it names a house number",
            "port names hq-217: won",
            "address country=US A1=IL A3=Chicago RD=Example STS=Plaza HNO=100 FLR=2 PC=60601 ROOM=217",
            "way direct",
        ],
    );
    assert!(told.iter().any(|line| line.starts_with("targets 1. psap-1")), "{told:#?}");
}

#[test]
fn the_losers_are_told_with_the_reason_why_each_lost() {
    let told = explain(&["911", "--from", "+13125550123", "--bssid", "02:00:00:00:00:11", "--address", "10.1.4.77"]);
    has(
        &told.expect("an answer"),
        &[
            "location wiremap, dispatchable: won: it names a house number",
            "address of the number, dispatchable: lost: an earlier one holds",
            "bssid names hq-301: won",
            "subnet names hq-4: lost: a port or an access point names a place in this building",
        ],
    );
    let told = explain(&["911", "--bssid", "020000000011", "--switch", "02-00-00-00-01-01", "--port", "7"]);
    has(
        &told.expect("an answer"),
        &[
            "port names hq-217: lost: another in this building disagrees",
            "bssid names hq-301: lost: another in this building disagrees",
            "address country=US A1=IL A3=Chicago RD=Example STS=Plaza HNO=100 PC=60601",
        ],
    );
}

#[test]
fn a_network_that_no_row_knows_is_said_and_the_number_decides() {
    let told = explain(&["911", "--from", "4117", "--address", "10.1.5.77"]).expect("an answer");
    has(&told, &["the wiremap has no line for where the device is attached"]);
    assert!(told.iter().any(|line| line.starts_with("way relay")), "{told:#?}");
}

#[test]
fn what_is_no_hardware_address_is_said_with_a_remedy() {
    let wrong = explain(&["911", "--bssid", "0200"]).expect_err("a complaint");
    assert!(wrong.contains("--bssid is no hardware address; try 02-00-00-00-00-11"), "{wrong}");
    assert!(explain(&["911", "--port", "7"]).is_err(), "a port needs its switch");
}
