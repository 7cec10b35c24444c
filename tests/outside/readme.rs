//! README.md, run: each command of its `console` blocks, in order, beside one lab.
use crate::lab_ports::LabPorts;
use crate::program::Program;
use crate::router::{self, in_repository};
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// How the README calls the program.
const PROGRAM: [&str; 2] = ["cargo run --release -- ", "callbox "];

#[test]
fn what_the_readme_shows_is_what_comes_of_it() {
    let readme = std::fs::read_to_string(in_repository("README.md")).expect("README.md");
    let screens: Vec<Screen> = blocks(&readme, "console").iter().flat_map(|block| screens(block)).collect();
    assert!(screens.len() > 8, "the README shows only {} screens", screens.len());
    let folder = a_copy_of_conf();
    for config in blocks(&readme, "toml") {
        let name = config.lines().next().and_then(|line| line.strip_prefix("# ")).expect("the file's name comes first");
        std::fs::write(folder.path().join(name), config).expect("the folder is ours");
    }
    let _ports = LabPorts::locked();
    let mut lab = router::lab();
    for screen in &screens {
        let shown = masked(&screen.shown);
        match screen.command.as_deref() {
            Some(command) if program(command) == Some("lab") => assert_eq!(said(&lab), shown, "{command}"),
            Some(command) => {
                assert_eq!(masked(&run(command, folder.path(), &mut lab)), shown, "{command} shows something else");
            }
            None => told_by_the_lab(&mut lab, &shown),
        }
    }
}

/// A command and what it shows; without a command, what the lab shows meanwhile.
struct Screen {
    command: Option<String>,
    shown: String,
}

fn screens(block: &str) -> Vec<Screen> {
    let mut screens: Vec<Screen> = Vec::new();
    for line in block.lines() {
        match (line.strip_prefix("$ "), screens.last_mut()) {
            (Some(command), _) => screens.push(Screen { command: Some(command.into()), shown: String::new() }),
            (None, Some(screen)) => screen.shown.extend([line, "\n"]),
            (None, None) => screens.push(Screen { command: None, shown: format!("{line}\n") }),
        }
    }
    screens
}

/// The fenced blocks of a kind.
fn blocks(text: &str, kind: &str) -> Vec<String> {
    let fence = format!("```{kind}\n");
    let parts = text.split(&fence).skip(1);
    parts.map(|part| part.split("```").next().unwrap_or_default().to_owned()).collect()
}

/// The arguments of a command that calls the program.
fn program(command: &str) -> Option<&str> {
    PROGRAM.iter().find_map(|name| command.strip_prefix(name))
}

fn run(command: &str, folder: &Path, lab: &mut Program) -> String {
    let mut child = match program(command) {
        Some(arguments) => {
            let mut child = Command::new(env!("CARGO_BIN_EXE_callbox"));
            child.args(arguments.split(' '));
            child
        }
        None => {
            let mut child = Command::new("sh");
            child.args(["-c", command]);
            child
        }
    };
    let output = child.current_dir(folder).output().expect("the command starts");
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command} failed: {complaints}\n{}", lab.tail());
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What stands on the lab's screen, log lines aside.
fn said(lab: &Program) -> String {
    let is_log = |line: &str| line.split(' ').next().is_some_and(|time| time.len() > 20 && time.ends_with('Z'));
    let lines: Vec<_> = lab.said().iter().filter(|line| !is_log(line)).map(|line| format!("{line}\n")).collect();
    masked(&lines.concat())
}

/// Waits until the lab has said these lines, one after the other.
fn told_by_the_lab(lab: &mut Program, shown: &str) {
    let last = shown.lines().last().expect("a block has a line").to_owned();
    lab.await_line("what the README shows of the lab", |line| (masked(line).trim_end() == last).then_some(()));
    let said = said(lab);
    assert!(said.contains(shown), "the lab does not say\n{shown}but\n{said}");
}

/// A text without what differs from call to call: times, free ports, counts of packets, and how columns are aligned.
fn masked(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", masked_line(line))).collect()
}

fn masked_line(line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    let is_measured = |at: usize| {
        let before = at.checked_sub(1).map(|before| words[before]);
        let after = words.get(at + 1).copied().unwrap_or_default();
        let in_packets = before == Some("in") && after.starts_with('(');
        matches!(after, "──▶" | "◀──" | "ms" | "ms," | "s," | "µs" | "RTP") || in_packets
    };
    let mask = |(at, word): (usize, &&str)| {
        if word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') && is_measured(at) {
            return "N".to_owned();
        }
        match word.rsplit_once(':') {
            // The ports that a system gives away have five digits; those of the lab have four.
            Some((host, port)) if port.len() == 5 && port.parse::<u16>().is_ok() => format!("{host}:PORT"),
            _ => (*word).to_owned(),
        }
    };
    words.iter().enumerate().map(mask).collect::<Vec<_>>().join(" ")
}

fn a_copy_of_conf() -> TempDir {
    let folder = TempDir::new().expect("a temporary folder");
    let copied = Command::new("cp").arg("-r").arg(in_repository("conf")).arg(folder.path()).status();
    assert!(copied.expect("cp starts").success());
    folder
}

#[test]
fn masking_leaves_what_matters() {
    let line = "    254  ◀──  200 OK   contact sip:callbox@127.0.0.1:5060 · audio 127.0.0.1:45647";
    assert_eq!(masked_line(line), "N ◀── 200 OK contact sip:callbox@127.0.0.1:5060 · audio 127.0.0.1:PORT");
    assert_eq!(masked_line("heard 101 RTP packets: 440 Hz in 50 (a)"), "heard N RTP packets: 440 Hz in N (a)");
    assert_eq!(
        masked_line("callback  +13125550123 (the line's own number)"),
        "callback +13125550123 (the line's own number)"
    );
}
