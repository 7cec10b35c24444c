//! The config explained, written from the code: `conf/callbox.toml` and the pages of `docs/reference/`.
use super::settings::{Page, pages};
use super::table::Key;
use core::fmt::Write;

/// The widest line of an explanation, in letters.
const WIDTH: usize = 100;

/// `conf/callbox.toml`: every key, commented, at its default. Required keys show an example.
pub fn example() -> String {
    let mut out = String::from(
        "# callbox, with every key at its default. Take the # away from what you change, and copy the tables in double\n\
         # brackets as often as you need them. `callbox check --config FILE` tells everything that is wrong at once.\n\
         # A variable of the environment goes over this file: CALLBOX_NODE__MAX_CALLS is max_calls of [node].\n",
    );
    for page in pages() {
        let _ = write!(out, "\n{}\n", comment(&page.about));
        let _ = writeln!(out, "{}{}", if page.several { "#" } else { "" }, header(&page));
        for key in &page.keys {
            let required = if key.required { " Required; this is an example." } else { "" };
            let _ = writeln!(out, "\n{}", comment(&format!("{}{required}", key.about)));
            let _ = writeln!(out, "#{} = {}", key.name, key.default);
        }
    }
    out
}

/// `docs/reference/config.md`.
pub fn config_page() -> String {
    let mut out = String::from(
        "# The config\n\nWritten from the code by `callbox::config::reference`; a test compares. `conf/callbox.toml` is the \
         same to copy.\n\nA config is one TOML file. Variables of the environment go over it: `CALLBOX_NODE__MAX_CALLS` \
         is `max_calls` of `[node]`, and `CALLBOX_LOG` is `level` of `[log]`. Unknown keys are refused. All complaints \
         come at once, each as `file:line key: why; try …`, and the exit code is 64. `SIGHUP` reads the file again and \
         touches no call.\n",
    );
    for page in pages() {
        let _ = write!(out, "\n## `{}`\n\n{}\n\n", header(&page), page.about);
        out.push_str("| key | default | what it does |\n|---|---|---|\n");
        for Key { name, default, required, about, .. } in &page.keys {
            let default = if *required { format!("required, as `{default}`") } else { format!("`{default}`") };
            let _ = writeln!(out, "| `{name}` | {default} | {} |", about.replace('|', "\\|"));
        }
    }
    out
}

fn header(page: &Page) -> String {
    if page.several { format!("[[{}]]", page.name) } else { format!("[{}]", page.name) }
}

/// A text as comment lines of TOML.
fn comment(text: &str) -> String {
    let mut lines = vec![String::from("#")];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is always a line");
        if line.len() > 1 && line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push(format!("# {word}"));
        } else {
            line.push(' ');
            line.push_str(word);
        }
    }
    lines.join("\n")
}
