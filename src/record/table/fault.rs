//! What is wrong with a table, said so that it can be mended.
use core::fmt;

/// The most faults that one reading reports; a file that is wrong throughout need not be listed line by line.
pub const MOST_FAULTS: usize = 1000;

/// One fault of a table. It names places in files and never what stands there: cells hold numbers and addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file, as it was named to us.
    pub file: String,
    /// The line, from 1.
    pub line: u64,
    /// The column's name; empty when the fault is the whole line's.
    pub column: String,
    /// What is wrong.
    pub why: String,
    /// What to do.
    pub remedy: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.file, self.line)?;
        if !self.column.is_empty() {
            write!(out, " {}", self.column)?;
        }
        write!(out, ": {}; {}", self.why, self.remedy)
    }
}

impl core::error::Error for Fault {}

/// All faults found so far.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    /// Adds a fault, up to [`MOST_FAULTS`].
    pub(super) fn add(&mut self, fault: Fault) {
        if self.0.len() < MOST_FAULTS {
            self.0.push(fault);
        }
    }

    /// Adds what was found elsewhere.
    pub(super) fn add_all(&mut self, others: Faults) {
        others.0.into_iter().for_each(|fault| self.add(fault));
    }

    /// `value` when nothing was found wrong.
    pub(super) fn or<T>(self, value: T) -> Result<T, Vec<Fault>> {
        if self.0.is_empty() { Ok(value) } else { Err(self.0) }
    }
}
