//! A line of a table as its cells, each in its one spelling: what is compared, kept and written.
use super::fault::Faults;
use super::kind::Kind;
use super::sheet::{Row, each_row};
use super::{Element, File};
use core::fmt;

/// What stands between two cells: no cell has it, since control characters become spaces.
pub(super) const BETWEEN: char = '\u{1f}';

/// A line of a table: a cell for each of [`Kind::columns`]. It never prints itself.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cells(Box<str>);

/// What tells a line from all others of its table: its key cells. It never prints itself.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Box<str>);

impl Cells {
    /// The line with these cells. A missing one at the end is empty.
    pub fn new<'a>(cells: impl IntoIterator<Item = &'a str>) -> Cells {
        Cells(joined(cells))
    }

    /// The cells.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.split(BETWEEN)
    }

    /// A cell.
    pub fn cell(&self, column: usize) -> &str {
        self.iter().nth(column).unwrap_or("")
    }

    /// The same with another value in a cell.
    pub fn with(&self, column: usize, value: &str) -> Cells {
        Cells::new(self.iter().enumerate().map(|(at, cell)| if at == column { value } else { cell }))
    }

    /// What tells it from all others of its table.
    pub fn key(&self, kind: Kind) -> Key {
        Key(joined(kind.key().iter().map(|&column| self.cell(column))))
    }
}

impl Key {
    /// The key with these cells.
    pub fn new<'a>(cells: impl IntoIterator<Item = &'a str>) -> Key {
        Key(joined(cells))
    }

    /// Its cells.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.split(BETWEEN)
    }

    /// For the store: its cells with a separator that no cell has.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What [`Key::expose`] gave.
    pub fn stored(text: &str) -> Key {
        Key(text.into())
    }

    /// For its owner: the cells that say something.
    pub fn shown(&self) -> String {
        self.iter().filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

impl fmt::Debug for Cells {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("<private>")
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("<private>")
    }
}

fn joined<'a>(cells: impl IntoIterator<Item = &'a str>) -> Box<str> {
    let mut text = String::new();
    for (at, cell) in cells.into_iter().enumerate() {
        if at > 0 {
            text.push(BETWEEN);
        }
        text.push_str(cell);
    }
    text.into()
}

/// Reads the lines of a file. What is wrong with its shape goes to `faults`; what is wrong with what its cells say is
/// told by [`super::read`].
pub(super) fn lines(kind: Kind, file: &File<'_>, faults: &mut Faults) -> Vec<Cells> {
    let mut lines = Vec::new();
    each_row(core::slice::from_ref(file), kind.layout(), faults, |row, _| lines.push(of_row(kind, row)));
    lines
}

fn of_row(kind: Kind, row: &Row<'_>) -> Cells {
    let layout = kind.layout();
    let own = layout.columns.iter().enumerate().map(|(at, column)| match column.list {
        true => row.words(at).map(|word| column.form.canonical(word)).collect::<Vec<_>>().join(" "),
        false => column.form.canonical(row.cell(at)),
    });
    let elements = if layout.civic { Element::ALL } else { &[] };
    let elements = elements.iter().map(|&element| super::form::Form::Text.canonical(row.element(element)));
    let cells: Vec<String> = own.chain(elements).collect();
    Cells::new(cells.iter().map(String::as_str))
}

/// Lines one after the other in the spelling in which they are kept. They need not become CSV to be read.
#[derive(Default)]
pub struct Kept(String);

impl Kept {
    /// Adds a line. Cells missing at its end are empty.
    pub fn line<'a>(&mut self, cells: impl IntoIterator<Item = &'a str>) {
        for (at, cell) in cells.into_iter().enumerate() {
            if at > 0 {
                self.0.push(BETWEEN);
            }
            self.0.push_str(cell);
        }
        self.0.push('\n');
    }

    /// The text, for [`File::kept`].
    pub fn text(self) -> String {
        self.0
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("<private>")
    }
}

/// Writes lines as a CSV file, the names of the columns first.
pub struct Writer {
    kind: Kind,
    out: csv::Writer<Vec<u8>>,
}

impl Writer {
    /// A file with its first line.
    pub fn new(kind: Kind) -> Writer {
        // A cell at the beginning of a line is no comment, whatever it begins with.
        let out = csv::WriterBuilder::new().comment(Some(b'#')).from_writer(Vec::new());
        let mut writer = Writer { kind, out };
        writer.record(kind.columns());
        writer
    }

    /// Adds a line.
    pub fn line<'a>(&mut self, cells: impl IntoIterator<Item = &'a str>) {
        self.record(cells);
    }

    /// The text.
    pub fn text(self) -> String {
        // Everything that went in was text, and a vector takes whatever is written.
        self.out.into_inner().ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
    }

    fn record<'a>(&mut self, cells: impl IntoIterator<Item = &'a str>) {
        let width = self.kind.columns().count();
        let cells = cells.into_iter().chain(core::iter::repeat("")).take(width);
        // A line of one empty cell would be an empty line; no table has one column. Writing to a vector cannot fail.
        let _written = self.out.write_record(cells);
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Writer({:?})", self.kind)
    }
}
