//! A TOML text with the line of every key, and the environment laid over it.
use super::complaint::Complaint;
use config::{Config, Environment, File, FileFormat, Map, Value, ValueKind};
use core::ops::Range;
use std::collections::{BTreeSet, HashMap};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The longest config file that is read, in bytes.
pub const MAX_FILE_BYTES: usize = 4 << 20;

/// The prefix of environment variables that are settings: `CALLBOX_NODE__MAX_CALLS` is `node.max_calls`.
const PREFIX: &str = "CALLBOX_";

/// One text, parsed as far as it goes.
#[derive(Debug)]
pub struct Document {
    file: String,
    lines: HashMap<String, usize>,
    from_environment: BTreeSet<String>,
}

impl Document {
    /// Parses a text and lays variables over it. Returns the document and its values; what is no TOML is told to
    /// `complaints`, and then there are no values.
    pub fn parse(
        file: &str,
        text: &str,
        environment: &[(String, String)],
        complaints: &mut Vec<Complaint>,
    ) -> (Document, Option<Map<String, Value>>) {
        let mut document = Document { file: file.to_owned(), lines: HashMap::new(), from_environment: BTreeSet::new() };
        if text.len() > MAX_FILE_BYTES {
            complaints.push(document.complaint(
                "",
                format!("is larger than {MAX_FILE_BYTES} bytes"),
                "several smaller files".into(),
            ));
            return (document, None);
        }
        let (table, errors) = DeTable::parse_recoverable(text);
        let starts = line_starts(text);
        document.note_lines("", table.get_ref(), &starts);
        for error in &errors {
            let mut complaint = document.complaint("", error.message().to_owned(), "valid TOML".into());
            complaint.line = error.span().map(|span| line_of(&starts, span.start));
            complaints.push(complaint);
        }
        if !errors.is_empty() {
            return (document, None);
        }
        let values = document.layered(text, environment, complaints);
        (document, values)
    }

    /// A complaint about the key at `path`, with its line, or that of the nearest table around it.
    pub fn complaint(&self, path: &str, why: String, remedy: String) -> Complaint {
        let (file, line) = if self.from_environment.contains(path) {
            ("environment".to_owned(), None)
        } else {
            (self.file.clone(), self.line(path))
        };
        Complaint { file, line, key: path.to_owned(), why, remedy }
    }

    fn line(&self, mut path: &str) -> Option<usize> {
        loop {
            if let Some(line) = self.lines.get(path) {
                return Some(*line);
            }
            path = path.rsplit_once(['.', '['])?.0;
        }
    }

    fn note_lines(&mut self, path: &str, table: &DeTable<'_>, starts: &[usize]) {
        for (key, value) in table {
            let path = if path.is_empty() { key.get_ref().to_string() } else { format!("{path}.{}", key.get_ref()) };
            self.lines.insert(path.clone(), line_of(starts, key.span().start));
            self.note_value(&path, value, starts);
        }
    }

    fn note_value(&mut self, path: &str, value: &Spanned<DeValue<'_>>, starts: &[usize]) {
        match value.get_ref() {
            DeValue::Table(table) => self.note_lines(path, table, starts),
            DeValue::Array(values) => {
                for (at, value) in values.iter().enumerate() {
                    let path = format!("{path}[{at}]");
                    let Range { start, .. } = value.span();
                    self.lines.insert(path.clone(), line_of(starts, start));
                    self.note_value(&path, value, starts);
                }
            }
            _ => {}
        }
    }

    fn layered(
        &mut self,
        text: &str,
        environment: &[(String, String)],
        complaints: &mut Vec<Complaint>,
    ) -> Option<Map<String, Value>> {
        let variables = self.variables(environment, complaints);
        let layers = Config::builder()
            .add_source(File::from_str(text, FileFormat::Toml))
            .add_source(
                Environment::with_prefix("CALLBOX").prefix_separator("_").separator("__").source(Some(variables)),
            )
            .build();
        match layers {
            Ok(Config { cache: Value { kind: ValueKind::Table(values), .. }, .. }) => Some(values),
            Ok(_) => None,
            Err(error) => {
                complaints.push(self.complaint("", error.to_string(), "valid TOML".into()));
                None
            }
        }
    }

    /// The variables that are settings. One that names no `table.key` is refused here; one that names an unknown key
    /// is refused with the keys of the file.
    fn variables(&mut self, environment: &[(String, String)], complaints: &mut Vec<Complaint>) -> Map<String, String> {
        let mut variables = Map::new();
        for (name, value) in environment {
            let Some(setting) = name.strip_prefix(PREFIX) else { continue };
            let setting = if setting == "LOG" { "LOG__LEVEL" } else { setting };
            let path = setting.to_ascii_lowercase().replace("__", ".");
            let plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            if !path.split_once('.').is_some_and(|(table, key)| plain(table) && plain(key)) {
                complaints.push(Complaint {
                    file: "environment".into(),
                    line: None,
                    key: name.clone(),
                    why: "is not a setting".into(),
                    remedy: "CALLBOX_TABLE__KEY, as in CALLBOX_NODE__MAX_CALLS".into(),
                });
                continue;
            }
            self.from_environment.insert(path);
            variables.insert(format!("{PREFIX}{setting}"), value.clone());
        }
        variables
    }
}

fn line_starts(text: &str) -> Vec<usize> {
    core::iter::once(0)
        .chain(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1))
        .collect()
}

fn line_of(starts: &[usize], at: usize) -> usize {
    starts.partition_point(|start| *start <= at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_syntax_error_is_told_with_its_line() {
        let mut complaints = Vec::new();
        let (_, values) = Document::parse("a.toml", "one = \ntwo = 2\nthree = [\n", &[], &mut complaints);
        assert!(values.is_none());
        let mut lines: Vec<_> = complaints.iter().map(|complaint| complaint.line).collect();
        lines.sort_unstable();
        assert_eq!(lines, [Some(1), Some(3)]);
    }

    #[test]
    fn a_key_that_is_not_there_has_the_line_of_its_table() {
        let (document, _) = Document::parse("a.toml", "\n[node]\nname = 'x'\n", &[], &mut Vec::new());
        assert_eq!(document.complaint("node.domain", String::new(), String::new()).line, Some(2));
        assert_eq!(document.complaint("node.name", String::new(), String::new()).line, Some(3));
        assert_eq!(document.complaint("trunk[0].name", String::new(), String::new()).line, None);
    }

    #[test]
    fn the_environment_goes_over_the_file_and_is_blamed_for_its_own() {
        let environment =
            [("CALLBOX_NODE__NAME".to_owned(), "y".to_owned()), ("CALLBOX_ODD".to_owned(), "1".to_owned())];
        let mut complaints = Vec::new();
        let (document, values) = Document::parse("a.toml", "[node]\nname = 'x'\n", &environment, &mut complaints);
        let node = values.unwrap().remove("node").unwrap().into_table().unwrap();
        assert_eq!(node["name"].clone().into_string().unwrap(), "y");
        assert_eq!(complaints.len(), 1, "{complaints:?}");
        assert_eq!(complaints[0].key, "CALLBOX_ODD");
        assert_eq!(document.complaint("node.name", "is odd".into(), "z".into()).file, "environment");
    }
}
