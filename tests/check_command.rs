//! `callbox check` as its user sees it.
use std::process::{Command, Output};

fn check(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_callbox"))
        .arg("check")
        .args(arguments)
        .env_remove("CALLBOX_LOG")
        .envs(environment.iter().copied())
        .output()
        .expect("callbox starts")
}

fn lab() -> String {
    format!("{}/conf/lab.toml", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn a_sound_config_is_ok_and_says_what_it_would_run() {
    let output = check(&["--config", &lab()], &[]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.starts_with("OK\n"), "{text}");
    assert!(text.contains("as they should be"), "{text}");
}

#[test]
fn a_bad_config_ends_with_64_and_every_complaint_on_a_line_of_its_own() {
    let environment = [("CALLBOX_NODE__MAX_CALLS", "none"), ("CALLBOX_LOG", "loud"), ("CALLBOX_NODE__MAXCALLS", "1")];
    let output = check(&["--config", &lab()], &environment);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(64), "{text}");
    assert!(output.stdout.is_empty());
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines,
        [
            "environment node.max_calls: is not a whole number; try 1000",
            "environment node.maxcalls: is not a key that callbox knows; try max_calls",
            "environment log.level: is not off, error, warn, info, debug or trace; try \"info\"",
            "callbox: 3 complaints",
        ]
    );
}
