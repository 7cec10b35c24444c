//! What the pages in `docs/` say of the code: invariants, headings and tables.
use std::path::Path;

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
