//! What is wrong with a config, said so that its owner can put it right.
use core::fmt;

/// The exit code of a command whose config is refused (`EX_USAGE` of sysexits.h).
pub const EXIT_CODE: u8 = 64;

/// One complaint. It reads `file:line key: why; try …`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The file as its owner named it, or `environment`.
    pub file: String,
    /// The line, from 1; `None` where there is none to point at.
    pub line: Option<usize>,
    /// The key with its tables, as `trunk[0].port`; empty when the complaint is about the file.
    pub key: String,
    /// What is wrong with it.
    pub why: String,
    /// What would put it right.
    pub remedy: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(out, ":{line}")?;
        }
        if !self.key.is_empty() {
            write!(out, " {}", self.key)?;
        }
        write!(out, ": {}; try {}", self.why, self.remedy)
    }
}

/// Complaints in the order in which their owner reads the files.
pub fn ordered(mut complaints: Vec<Complaint>) -> Vec<Complaint> {
    complaints.sort_by(|left, right| (&left.file, left.line).cmp(&(&right.file, right.line)));
    complaints
}

/// The known word that is nearest to a mistyped one, when it is near enough to be what was meant.
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed: String = typed.chars().take(64).collect();
    let furthest = (typed.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|word| (distance(&typed, word), word))
        .min()
        .filter(|(distance, word)| *distance <= furthest || word.starts_with(&typed) || typed.starts_with(word))
        .map(|(_, word)| word)
}

/// Levenshtein's distance: insertions, deletions and replacements of one letter.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (at, letter) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (column, other) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_reads_file_line_key_why_and_remedy() {
        let mut complaint = Complaint {
            file: "conf/lab.toml".into(),
            line: Some(12),
            key: "trunk[0].port".into(),
            why: "is not a port".into(),
            remedy: "5060".into(),
        };
        assert_eq!(complaint.to_string(), "conf/lab.toml:12 trunk[0].port: is not a port; try 5060");
        complaint.line = None;
        complaint.key.clear();
        assert_eq!(complaint.to_string(), "conf/lab.toml: is not a port; try 5060");
    }

    #[test]
    fn a_slip_of_the_finger_finds_its_word_and_a_strange_word_finds_none() {
        let known = ["host", "port", "priority", "no_ring_after_ms"];
        assert_eq!(nearest("prot", known), None, "two letters of four are too many to guess from");
        assert_eq!(nearest("prt", known), Some("port"));
        assert_eq!(nearest("no_ring_after", known), Some("no_ring_after_ms"));
        assert_eq!(nearest("colour", known), None);
    }
}
