//! The house keeps its floors: imports go down, the world stays at the edge, files stay small, nothing is left undone.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The floor from which on the world may be touched.
const EDGE: u32 = 5;

/// What belongs to the edge and above.
const WORLDLY: [&str; 9] =
    ["tokio", "rustls", "axum", "rusqlite", "std::net", "std::fs", "std::thread", "Instant::now", "SystemTime::now"];

/// The longest file, in lines.
const MAX_LINES: usize = 600;

/// One source file without its comments.
struct Source {
    path: PathBuf,
    module: String,
    text: String,
    lines: usize,
}

#[test]
fn imports_go_down_and_never_up_or_sideways() {
    let floors = floors();
    let mut found = Vec::new();
    for source in sources("src") {
        let Some(floor) = floors.get(&source.module) else { continue };
        for imported in imported_modules(&source.text) {
            match floors.get(&imported) {
                _ if imported == source.module => {}
                Some(below) if below < floor => {}
                Some(_) => found.push(format!("{} uses crate::{imported}", source.path.display())),
                None => found.push(format!("{} uses crate::{imported}, which has no floor", source.path.display())),
            }
        }
    }
    assert!(found.is_empty(), "imports that go up or sideways:\n{}", found.join("\n"));
}

#[test]
fn below_the_edge_nothing_touches_the_world() {
    let floors = floors();
    let mut found = Vec::new();
    for source in sources("src") {
        if floors.get(&source.module).is_some_and(|floor| *floor < EDGE) {
            for word in WORLDLY.into_iter().filter(|word| mentions(&source.text, word)) {
                found.push(format!("{} mentions {word}", source.path.display()));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_module_of_the_library_stands_on_a_floor() {
    let floors = floors();
    let mut missing: Vec<_> = sources("src").into_iter().map(|source| source.module).collect();
    missing.retain(|module| !matches!(module.as_str(), "lib" | "main") && !floors.contains_key(module));
    missing.dedup();
    assert!(missing.is_empty(), "modules that lib.rs does not list: {missing:?}");
    assert_eq!(floors.get("base"), Some(&0));
    assert_eq!(floors.get("edge"), Some(&EDGE));
}

#[test]
fn the_picture_of_the_house_shows_every_module_on_its_floor() {
    let page = std::fs::read_to_string(root().join("docs/architecture.md")).expect("docs/architecture.md");
    let picture = page.split("```").nth(1).expect("the picture is the first block");
    let (mut floor, mut module) = (None, String::new());
    let (mut shown, mut absent) = (BTreeMap::new(), Vec::new());
    for line in picture.lines() {
        if let Some(rest) = line.strip_prefix("── ") {
            floor = rest.split(' ').next().and_then(|number| number.parse::<u32>().ok());
        } else if let Some(rest) = line.strip_prefix("  ").filter(|rest| rest.starts_with(is_word)) {
            module = word(rest);
            shown.insert(module.clone(), floor.expect("a floor above every module"));
        }
        let inside = root().join("src").join(&module);
        let names = line.split_whitespace().map(|name| name.trim_end_matches([':', ';', ',']));
        for name in names.filter(|name| name.ends_with(".rs") || name.ends_with('/')) {
            if !is_below(&inside, name) {
                absent.push(format!("{module}: {name}"));
            }
        }
    }
    assert_eq!(shown, floors(), "the picture's modules and floors on the left, those of lib.rs on the right");
    assert!(absent.is_empty(), "the picture shows what is not there: {absent:?}");
}

/// Whether a folder or one of its own folders has this file or folder.
fn is_below(folder: &Path, name: &str) -> bool {
    let folders = std::fs::read_dir(folder).into_iter().flatten().map_while(Result::ok).map(|entry| entry.path());
    folder.join(name).exists() || folders.filter(|path| path.is_dir()).any(|path| path.join(name).exists())
}

#[test]
fn no_file_is_too_long_to_read() {
    let long: Vec<_> = everything()
        .into_iter()
        .filter(|source| source.lines > MAX_LINES)
        .map(|source| format!("{} has {} lines", source.path.display(), source.lines))
        .collect();
    assert!(long.is_empty(), "longer than {MAX_LINES} lines:\n{}", long.join("\n"));
}

#[test]
fn nothing_is_left_undone() {
    // Written in halves, so that this file does not find itself.
    let marks = [("to", "do!("), ("unimpl", "emented!("), ("TO", "DO"), ("FIX", "ME"), ("XX", "X")]
        .map(|(left, right)| format!("{left}{right}"));
    let mut found = Vec::new();
    for source in everything() {
        let text = std::fs::read_to_string(&source.path).expect("a file that was just read");
        for (at, line) in text.lines().enumerate() {
            if marks.iter().any(|mark| line.contains(mark.as_str())) {
                found.push(format!("{}:{} {}", source.path.display(), at + 1, line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Modules and their floors, as lib.rs lists them: `// floor 3: …` and the `pub mod` lines after it.
fn floors() -> BTreeMap<String, u32> {
    let text = std::fs::read_to_string(root().join("src/lib.rs")).expect("lib.rs");
    let mut floor = None;
    let mut floors = BTreeMap::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("// floor ") {
            floor = rest.split(':').next().and_then(|number| number.parse().ok());
        } else if let Some(module) = line.strip_prefix("pub mod ").and_then(|rest| rest.strip_suffix(';')) {
            floors.insert(module.to_owned(), floor.expect("a floor above every module"));
        }
    }
    floors
}

/// The modules named after `crate::`, also inside `crate::{…}`.
fn imported_modules(text: &str) -> Vec<String> {
    let mut modules = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        if text[..at].ends_with(|letter: char| is_word(letter) || letter == '$') {
            continue;
        }
        let rest = text[at + "crate::".len()..].trim_start();
        match rest.strip_prefix('{') {
            None => modules.push(word(rest)),
            Some(group) => modules.extend(group_members(group).iter().map(|member| word(member))),
        }
    }
    modules
}

/// The members of a brace group whose opening brace has been read.
fn group_members(group: &str) -> Vec<String> {
    let mut depth = 0;
    let mut members = vec![String::new()];
    for letter in group.chars() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => members.push(String::new()),
            _ if depth == 0 => members.last_mut().expect("never empty").push(letter),
            _ => {}
        }
    }
    members.retain(|member| !member.trim().is_empty());
    members
}

fn word(text: &str) -> String {
    text.trim_start().chars().take_while(|letter| is_word(*letter)).collect()
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// Whether a text has a word that does not continue on either side.
fn mentions(text: &str, needle: &str) -> bool {
    text.match_indices(needle)
        .any(|(at, _)| !text[..at].ends_with(is_word) && !text[at + needle.len()..].starts_with(is_word))
}

fn everything() -> Vec<Source> {
    ["src", "tests", "benches"].into_iter().flat_map(sources).collect()
}

fn sources(folder: &str) -> Vec<Source> {
    let mut paths = Vec::new();
    collect(&root().join(folder), &mut paths);
    paths.sort();
    paths.into_iter().map(|path| read(folder, path)).collect()
}

fn read(folder: &str, path: PathBuf) -> Source {
    let whole = std::fs::read_to_string(&path).expect("a readable source file");
    let inside = path.strip_prefix(root().join(folder)).expect("a path below its folder");
    let module = inside.iter().next().expect("a name").to_string_lossy().trim_end_matches(".rs").to_owned();
    let text = whole.lines().map(without_comment).collect::<Vec<_>>().join("\n");
    Source { module, text, lines: whole.lines().count(), path }
}

/// A line up to its comment. Two slashes after a colon stand in an address and not before a comment.
fn without_comment(line: &str) -> &str {
    let comment = line.match_indices("//").find(|(at, _)| !line[..*at].ends_with(':'));
    comment.map_or(line, |(at, _)| &line[..at])
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_reader_of_imports_sees_groups_and_paths_and_no_comments() {
    let text = "use crate::{\n  cache::Snapshot,\n  record::{Site, Trunk},\n};\nlet x = crate::base::now::Now;";
    assert_eq!(imported_modules(text), ["cache", "record", "base"]);
    assert_eq!(without_comment("use crate::app; // crate::lab"), "use crate::app; ");
    assert!(mentions("std::net::IpAddr", "std::net"));
    assert!(!mentions("core_std::network", "std::net"));
}
