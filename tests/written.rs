//! What the pages in `docs/` say of the code: invariants, headings and tables.
use std::path::{Path, PathBuf};

#[test]
fn every_invariant_names_a_test_that_exists() {
    let page = read("docs/architecture.md");
    let invariants: Vec<_> = page.split("\n\n").filter(|part| part.contains("**Invariant:**")).collect();
    assert!(invariants.len() > 10, "only {} invariants", invariants.len());
    for invariant in invariants {
        assert!(invariant.starts_with("**Invariant:**"), "an invariant is a paragraph of its own: {invariant}");
        let held_by: Vec<_> = code(invariant).into_iter().filter_map(|name| name.split_once(".rs::")).collect();
        assert!(!held_by.is_empty(), "nothing holds: {invariant}");
        for (file, test) in held_by {
            let text = read(&format!("{file}.rs"));
            assert!(text.contains(&format!("fn {test}(")), "{file}.rs has no test {test}");
        }
    }
}

#[test]
fn the_life_of_a_call_has_the_headings_of_the_story() {
    let story = read("src/b2bua/story.rs");
    let steps: Vec<_> = story.lines().filter_map(|line| line.trim().strip_prefix("// ")).filter(is_numbered).collect();
    let page = read("docs/life-of-a-call.md");
    let headings: Vec<_> = page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    assert!(steps.len() == 5 && headings.len() > 5, "{steps:?} {headings:?}");
    assert_eq!(headings[..5], steps);
    for (place, heading) in headings.iter().enumerate().skip(5) {
        let (number, file) = heading.split_once(' ').expect("a number and a name");
        assert_eq!(number, (place + 1).to_string());
        let there = [format!("src/b2bua/{file}.rs"), format!("src/b2bua/{file}/mod.rs")];
        assert!(there.iter().any(|path| root().join(path).exists()), "there is no {file} in src/b2bua");
    }
}

fn is_numbered(line: &&str) -> bool {
    line.starts_with(|letter: char| letter.is_ascii_digit())
}

#[test]
fn the_page_of_libraries_has_a_line_for_each() {
    let page = read("docs/decisions/0014-libraries.md");
    let rows: Vec<_> = page.lines().filter(|line| line.starts_with('|')).collect();
    let told: Vec<_> =
        rows.iter().filter_map(|row| row.split('|').nth(2)).flat_map(|cell| cell.split([' ', ',', ';'])).collect();
    let manifest = read("Cargo.toml");
    let tables = manifest
        .split("\n[")
        .filter(|table| table.starts_with("dependencies]") || table.starts_with("dev-dependencies]"));
    let lines = tables.flat_map(str::lines).filter_map(|line| line.split_once(" = "));
    let missing: Vec<_> = lines.map(|(name, _)| name).filter(|name| !told.contains(name)).collect();
    assert!(missing.is_empty(), "no word on {missing:?}");
}

#[test]
fn every_link_from_page_to_page_leads_somewhere() {
    let mut pages: Vec<_> = ["", "docs", "docs/decisions", "docs/reference"].into_iter().flat_map(pages_in).collect();
    pages.sort();
    assert!(pages.len() > 15, "{pages:?}");
    let mut dead = Vec::new();
    for page in pages {
        let text = std::fs::read_to_string(&page).expect("a readable page");
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
        for target in targets.filter(|target| !target.is_empty() && !target.contains("://")) {
            if !page.parent().is_some_and(|folder| folder.join(target).exists()) {
                dead.push(format!("{}: {target}", page.display()));
            }
        }
    }
    assert!(dead.is_empty(), "{dead:?}");
}

fn pages_in(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join(folder)).expect("a folder of pages");
    let paths = entries.map_while(Result::ok).map(|entry| entry.path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}

#[test]
fn the_table_of_metrics_is_what_the_code_says() {
    let parts = [
        "src/edge/metrics/desktops.rs",
        "src/edge/metrics/notices.rs",
        "src/edge/metrics/presence.rs",
        "src/edge/metrics.rs",
    ];
    let code = parts.map(read).concat();
    let described = code.split("fn describe()").nth(1).and_then(|rest| rest.split("\n}").next()).expect("fn describe");
    let mut wanted: Vec<_> = described.lines().filter_map(|line| metric(&code, line)).collect();
    let page = read("docs/operating.md");
    let mut told: Vec<_> = page.lines().filter(|line| line.starts_with("| `callbox_")).map(str::to_owned).collect();
    wanted.sort();
    told.sort();
    assert!(wanted.len() > 10);
    assert_eq!(told, wanted);
}

/// The row of a metric: `counter!("name", "what it is");` with the labels with which it is registered.
fn metric(code: &str, line: &str) -> Option<String> {
    let (kind, rest) = line.trim().split_once("!(")?;
    let mut texts = rest.split('"').skip(1).step_by(2);
    let (name, what) = (texts.next()?, texts.next()?);
    let registered = arguments(code.split(&format!("{kind}!(\"{name}\"")).nth(1)?);
    let before = registered.split("\" =>");
    let labels: Vec<_> = before.filter_map(|part| part.rsplit('"').next().filter(|word| is_word(word))).collect();
    let labels: Vec<_> = labels.iter().map(|label| format!("`{label}`")).collect();
    let labels = if labels.is_empty() { String::new() } else { format!("{} ", labels.join(", ")) };
    Some(format!("| `{name}` | {kind} | {labels}| {what} |"))
}

#[test]
fn the_table_of_log_lines_is_what_the_code_says() {
    let code = read("src/app/narrate.rs");
    let levels = ["info", "warn", "debug", "error"];
    let mut wanted = Vec::new();
    for level in levels {
        for rest in code.split(&format!("{level}!(")).skip(1) {
            wanted.push(format!("| {level} | {} |", arguments(rest).rsplit('"').nth(1).unwrap_or_default()));
        }
    }
    let page = read("docs/operating.md");
    let rows = page.lines().filter(|line| levels.iter().any(|level| line.starts_with(&format!("| {level} | "))));
    let mut told: Vec<_> = rows.filter_map(|row| row.rsplit_once(" | ").map(|(row, _)| format!("{row} |"))).collect();
    wanted.sort();
    told.sort();
    assert!(wanted.len() > 10);
    assert_eq!(told, wanted);
}

/// What a row says of itself: id, state, and the tests that it names.
struct Row<'a> {
    id: &'a str,
    state: &'a str,
    tests: usize,
}

/// The rows of the page of RFCs that have a state, and those of its tables of torture messages.
fn rows_of_rfcs(page: &str) -> (Vec<Row<'_>>, Vec<Row<'_>>) {
    let (mut rows, mut messages) = (Vec::new(), Vec::new());
    let mut heads: Vec<&str> = Vec::new();
    for line in page.lines() {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        match (line.starts_with('|'), heads.first()) {
            (false, _) => heads.clear(),
            (true, None) => heads = cells,
            _ if cells[0].starts_with("---") => {}
            (true, Some(&"row")) => {
                let tests = code(cells[4]).iter().filter(|name| name.contains(".rs::")).count();
                rows.push(Row { id: cells[0], state: cells[2], tests });
            }
            (true, Some(head)) if head.starts_with("message of ") => {
                let state = cells[4].split(':').next().unwrap_or_default();
                messages.push(Row { id: cells[0], state, tests: 0 });
            }
            _ => {}
        }
    }
    (rows, messages)
}

#[test]
fn every_test_and_file_on_the_page_of_rfcs_exists() {
    let page = read("docs/rfc.md");
    for name in code(&page) {
        if let Some((file, test)) = name.split_once(".rs::") {
            let text = read(&format!("{file}.rs"));
            let before = text.split(&format!("fn {test}(")).next().filter(|before| before.len() < text.len());
            let is_test = before
                .and_then(|before| before.rsplit('}').next())
                .is_some_and(|it| it.contains("#[test]") || it.contains("#[tokio::test]"));
            assert!(is_test, "{file}.rs has no test {test}");
        } else if name.contains('/') {
            assert!(root().join(name).is_file(), "there is no {name}");
        }
    }
}

#[test]
fn no_row_of_the_page_of_rfcs_is_called_implemented_without_a_test() {
    let page = read("docs/rfc.md");
    let (rows, messages) = rows_of_rfcs(&page);
    assert!(rows.len() > 200 && messages.len() == 62, "{} rows, {} messages", rows.len(), messages.len());
    let kind = |row: &Row<'_>| row.state.split(':').next().unwrap_or_default().to_owned();
    let states = ["implemented", "own rule", "partly", "no test yet", "not", "later"];
    for row in rows.iter().chain(&messages) {
        assert!(states.contains(&&*kind(row)), "{} is {}", row.id, row.state);
        assert_eq!(
            rows.iter().chain(&messages).filter(|other| other.id == row.id).count(),
            1,
            "{} stands twice",
            row.id
        );
    }
    for row in rows.iter().filter(|row| ["implemented", "own rule"].contains(&&*kind(row))) {
        assert!(row.tests > 0, "nothing shows {}", row.id);
    }
    for state in states {
        let count = rows.iter().filter(|row| kind(row) == state).count();
        assert!(page.contains(&format!("\n| {state} | {count} |\n")), "{count} rows are {state}");
    }
    let listed = page.split("## No test yet").nth(1).and_then(|rest| rest.split(": ").nth(1)).expect("the list");
    let listed = listed.trim().trim_end_matches('.').split(',').map(str::trim);
    let listed: Vec<_> = listed.filter(|id| *id != "none").collect();
    let wanted = rows.iter().chain(&messages).filter(|row| row.state == "no test yet").map(|row| row.id);
    assert_eq!(listed, wanted.collect::<Vec<_>>());
}

#[test]
fn the_page_of_rfcs_has_a_line_for_each_that_the_code_cites_and_for_each_torture_message() {
    let page = read("docs/rfc.md");
    let mut missing = Vec::new();
    for file in sources(&root().join("src")) {
        let text = std::fs::read_to_string(&file).expect("a readable file");
        for rest in text.split("RFC ").skip(1) {
            let number: String = rest.chars().take_while(char::is_ascii_digit).collect();
            if !number.is_empty() && !page.contains(&format!("\n| {number} | ")) {
                missing.push(number);
            }
        }
    }
    let table = read("tests/outside/torture/table.rs");
    let messages = table.split("row(\"").skip(1).filter_map(|rest| rest.split('"').next());
    missing.extend(messages.filter(|name| !page.contains(&format!("\n| {name} | "))).map(str::to_owned));
    assert!(missing.is_empty(), "no word on {missing:?}");
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a readable folder");
    let paths = entries.map(|entry| entry.expect("a readable folder").path());
    paths.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

/// A text up to the end of the parenthesis that was opened before it.
fn arguments(text: &str) -> &str {
    let mut depth = 1;
    let end = text.char_indices().find(|(_, letter)| {
        depth += i32::from(*letter == '(') - i32::from(*letter == ')');
        depth == 0
    });
    end.map_or(text, |(at, _)| &text[..at])
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
}

/// What stands between backticks.
fn code(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
