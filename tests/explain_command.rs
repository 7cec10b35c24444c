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
fn whose_trunk_goes_first_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let conf = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("conf");
    let own = |name: &str, keys: &str| {
        format!("\n[[trunk]]\nname = \"{name}\"\nkind = \"psap-i3\"\nhost = \"127.0.0.1\"\nport = 5099\n{keys}\n")
    };
    let text = std::fs::read_to_string(conf.join("lab.toml")).expect("the lab's config");
    // What it names stands where it stood.
    let at = |text: String, key: &str, path: &str| {
        text.replace(&format!("{key} = \"{path}\""), &format!("{key} = \"{}\"", conf.join(path).display()))
    };
    let text = at(at(text, "data", "lab"), "dial_plans", "dial-plan").replace("cases = \"cases\"\n", "");
    let text = text
        + &own("acme-own", "organisations = [\"acme\"]")
        + &own("acme-112", "organisations = [\"acme\"]\ndials = [\"112\"]");
    let file = folder.path().join("callbox.toml");
    std::fs::write(&file, text).expect("the folder is ours");
    let file = file.to_str().expect("a path");
    let told = explain(&["112", "--from", "+13125550123", "--config", file]).expect("an answer");
    let starts = |wanted: &str| assert!(told.iter().any(|line| line.starts_with(wanted)), "{wanted}: {told:#?}");
    starts("targets 1. acme-112, the organisation's rule for the number");
    starts("2. acme-own, the organisation's provider");
    starts("3. psap-1, shows");
}

#[test]
fn what_is_no_hardware_address_is_said_with_a_remedy() {
    let wrong = explain(&["911", "--bssid", "0200"]).expect_err("a complaint");
    assert!(wrong.contains("--bssid is no hardware address; try 02-00-00-00-00-11"), "{wrong}");
    assert!(explain(&["911", "--port", "7"]).is_err(), "a port needs its switch");
}
