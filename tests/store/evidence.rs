//! The ledger of a router: what its commands say, and that a power cut leaves it whole.
use crate::bench::{Bench, said, text};
use crate::followed::{LISTED, Scene};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

fn ledger(bench: &Bench, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callbox"));
    command.args(arguments).arg("--config").arg(bench.path("callbox.toml")).output().expect("callbox runs")
}

/// The first receipt, which must be there within some seconds of its call's end.
#[allow(clippy::disallowed_methods, reason = "some seconds are measured on the clock of who waits")]
fn receipt(bench: &Bench) -> serde_json::Value {
    let begun = Instant::now();
    loop {
        let output = ledger(bench, &["ledger", "export", "--organisation", "acme", "--from", "2026-01-01"]);
        assert!(output.status.success(), "{}", said(&output));
        let lines = text(&output.stdout);
        let mut entries = lines.lines().map(|line| serde_json::from_str(line).expect("a line is JSON"));
        if let Some(entry) = entries.find(|entry: &serde_json::Value| entry["kind"] == "receipt") {
            return entry;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "no receipt in {lines}");
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

#[test]
fn a_call_leaves_its_receipt_a_power_cut_leaves_the_ledger_whole_and_a_change_is_found() {
    let mut scene = Scene::begin();
    scene.call(LISTED);
    let entry = receipt(&scene.bench);
    let content = &entry["content"];
    assert_eq!((&content["decision"]["number"], &content["decision"]["place"]), (&LISTED.into(), &"hq-101".into()));
    assert_eq!((&content["attempts"][0]["trunk"], &content["attempts"][0]["code"]), (&"psap-1".into(), &486.into()));
    scene.call(LISTED);
    scene.kill();
    let bench = &scene.bench;
    let verified = ledger(bench, &["ledger", "verify"]);
    assert!(verified.status.success(), "{}", said(&verified));
    assert!(text(&verified.stdout).contains(" entries, 0 without content that was due, head "), "{}", said(&verified));
    let head = entry["head"].as_str().expect("it has one");
    assert!(ledger(bench, &["ledger", "verify", "--head", head]).status.success());
    let cut = ledger(bench, &["ledger", "verify", "--head", &head.replace(|digit: char| digit.is_ascii_digit(), "a")]);
    assert!(!cut.status.success(), "{}", said(&cut));
    let report = ledger(bench, &["report", "misdials", "--within", "30"]);
    assert!(text(&report.stdout).starts_with("organisation,site,caller,dialled,calls,short\n"), "{}", said(&report));
    let file = rusqlite::Connection::open(bench.path("ledger.db")).expect("the ledger");
    file.execute_batch("DROP TRIGGER entries_hold; UPDATE entries SET body = '{}' WHERE place = 1").expect("it is SQL");
    let verified = ledger(bench, &["ledger", "verify"]);
    assert_eq!(verified.status.code(), Some(1));
    assert!(text(&verified.stderr).contains("entry 1: its content is not what was sealed"), "{}", said(&verified));
    let elsewhere = bench.write(
        "a/callbox.toml",
        &std::fs::read_to_string(bench.path("callbox.toml")).expect("a config").replace("store = \"callbox.db\"", ""),
    );
    let none = Command::new(env!("CARGO_BIN_EXE_callbox"))
        .args(["ledger", "verify", "--config"])
        .arg(elsewhere)
        .output()
        .expect("it runs");
    assert_eq!(none.status.code(), Some(64), "{}", said(&none));
}
