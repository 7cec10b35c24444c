//! What is written about callbox is what its code says. `BLESS=1 cargo test --test reference` writes the files anew.
use callbox::config::{Settings, file, reference, settings};
use std::fmt::Write;
use std::path::{Path, PathBuf};

#[test]
fn the_example_config_shows_what_the_code_says() {
    compare("conf/callbox.toml", &reference::example());
}

#[test]
fn the_page_of_the_config_shows_what_the_code_says() {
    compare("docs/reference/config.md", &reference::config_page());
}

#[test]
fn the_page_of_limits_shows_what_the_code_says() {
    compare("docs/reference/limits.md", &limits_page());
}

#[test]
fn the_example_config_with_every_key_uncommented_is_the_default() {
    let text: String = reference::example()
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(key) if !key.starts_with([' ', '#']) && !key.is_empty() => format!("{key}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    // The example's source names a trunk `pbx` that the example does not have; everything else is sound.
    let pbx = "[[trunk]]\nname = \"pbx\"\nkind = \"pbx\"\nhost = \"192.0.2.20\"\n";
    let (read, _) =
        file::read("conf/callbox.toml", &format!("{text}{pbx}"), &[]).sound().expect("the example is sound");
    let default = Settings::default();
    assert_eq!(
        (&read.node, &read.unknown_source, &read.metrics, &read.log),
        (&default.node, &default.unknown_source, &default.metrics, &default.log)
    );
    assert_eq!(read.listeners, [settings::Listener::default()]);
    assert_eq!(read.trunks[0], settings::Trunk::default());
    assert_eq!(read.sources, [settings::Source::default()]);
}

/// Every constant named `MAX_…`, `MOST_…`, `…_MAX`, `…_LEN` or `…_LIMIT` in `src/`, and all of modules named `limits`, with its value and what it bounds.
fn limits_page() -> String {
    let mut out = String::from(
        "# Limits\n\nWritten from the constants of the code; a test compares. What can be set stands in \
         [config.md](config.md) instead.\n\n| limit | value | what it bounds |\n|---|---|---|\n",
    );
    for path in sources() {
        let text = std::fs::read_to_string(&path).expect("a readable source file");
        let module = module_of(&path);
        let mut about: Vec<&str> = Vec::new();
        for line in text.lines().map(str::trim) {
            if let Some(doc) = line.strip_prefix("///") {
                about.push(doc.trim());
                continue;
            }
            if let Some((name, value)) = limit(line, module.ends_with("limits")) {
                assert!(!about.is_empty(), "{name} in {} says nothing of itself", path.display());
                let _ = writeln!(out, "| `{module}::{name}` | {value} | {} |", prose(&about));
            }
            if !line.starts_with("#[") {
                about.clear();
            }
        }
    }
    out
}

/// A comment as a cell of a table.
fn prose(about: &[&str]) -> String {
    about.join(" ").replace('|', "\\|").replace("[`", "`").replace("`]", "`")
}

/// A constant's name and value, when the line declares a limit; all constants do in a module of limits.
fn limit(line: &str, all: bool) -> Option<(&str, String)> {
    let (name, rest) = line.strip_prefix("pub ").unwrap_or(line).strip_prefix("const ")?.split_once(':')?;
    let named = all
        || ["MAX_", "MOST_"].iter().any(|begin| name.starts_with(begin))
        || ["_MAX", "_LEN", "_LIMIT"].iter().any(|end| name.ends_with(end));
    let value = rest.split_once('=')?.1.trim().strip_suffix(';')?;
    let written = computed(value).map_or_else(|| format!("`{value}`"), |number| number.to_string());
    named.then_some((name, written))
}

/// The number that a literal, a product or a shift of literals says.
fn computed(value: &str) -> Option<u64> {
    if let Some((left, right)) = value.split_once(" * ") {
        return computed(left)?.checked_mul(computed(right)?);
    }
    if let Some((left, right)) = value.split_once(" << ") {
        return computed(left)?.checked_shl(u32::try_from(computed(right)?).ok()?);
    }
    value.replace('_', "").parse().ok()
}

fn module_of(path: &Path) -> String {
    let inside = path.strip_prefix(root().join("src")).expect("a path below src").with_extension("");
    let parts: Vec<_> = inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    parts.join("::").trim_end_matches("::mod").to_owned()
}

fn sources() -> Vec<PathBuf> {
    let mut folders = vec![root().join("src")];
    let mut paths = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a readable folder") {
            let path = entry.expect("a readable folder").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                paths.push(path);
            }
        }
    }
    paths.sort();
    paths
}

fn compare(path: &str, wanted: &str) {
    if std::env::var_os("BLESS").is_some() {
        let path = root().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder that can be made");
        std::fs::write(path, wanted).expect("a file that can be written");
        return;
    }
    let found = read(path);
    let differs = found.lines().zip(wanted.lines()).position(|(found, wanted)| found != wanted);
    assert!(
        found == wanted,
        "{path} is not what the code says (line {}); BLESS=1 cargo test --test reference writes it",
        differs.map_or_else(|| "past the end".to_owned(), |line| (line + 1).to_string())
    );
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_default()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
