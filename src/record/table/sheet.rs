//! One CSV file: its header and its rows.
use super::cells::BETWEEN;
use super::fault::{Fault, Faults};
use super::form::{Form, switch};
use super::kind::Kind;
use super::{ById, Civic, Element, File, Number};
use csv::{ReaderBuilder, StringRecord, Trim};

/// A column that a sheet may have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    /// Its name in the header.
    pub(super) name: &'static str,
    /// Whether the file must have it and every row must fill it.
    pub(super) required: bool,
    /// What its cells hold.
    pub(super) form: Form,
    /// Whether a cell may hold several, with spaces or semicolons between.
    pub(super) list: bool,
    /// The tables whose lines its cells name.
    pub(super) names: &'static [Kind],
}

/// A column that every row fills.
pub(super) const fn required(name: &'static str) -> Column {
    Column { name, required: true, form: Form::Text, list: false, names: &[] }
}

/// A column that may be empty or absent.
pub(super) const fn optional(name: &'static str) -> Column {
    Column { required: false, ..required(name) }
}

impl Column {
    /// The same with cells of a form.
    pub(super) const fn form(self, form: Form) -> Column {
        Column { form, ..self }
    }

    /// The same with several in a cell.
    pub(super) const fn list(self) -> Column {
        Column { list: true, ..self }
    }

    /// The same with cells that name a line of one of these tables.
    pub(super) const fn names(self, names: &'static [Kind]) -> Column {
        Column { names, ..self }
    }
}

/// What a sheet may have in its header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    /// Columns by name; a row's cells are asked for by their place in this list.
    pub(super) columns: &'static [Column],
    /// Whether the elements of a civic address may be columns too, by their RFC 5139 names.
    pub(super) civic: bool,
    /// The columns that tell a row from all others.
    pub(super) key: &'static [usize],
}

/// Where the layout's columns and the civic elements stand in this file.
struct Header {
    columns: Vec<Option<usize>>,
    elements: Vec<(Element, usize)>,
    width: usize,
}

/// One row.
pub(super) struct Row<'a> {
    file: &'a str,
    line: u64,
    layout: &'static Layout,
    header: &'a Header,
    record: &'a StringRecord,
}

/// Reads the files of a table row by row and notes what is wrong with their shape. Rows that lack a required cell are not
/// handed on.
pub(super) fn each_row(
    files: &[File<'_>],
    layout: &'static Layout,
    faults: &mut Faults,
    mut each: impl FnMut(&Row<'_>, &mut Faults),
) {
    for file in files {
        rows_of(file, layout, faults, &mut each);
    }
}

fn rows_of(
    file: &File<'_>,
    layout: &'static Layout,
    faults: &mut Faults,
    each: &mut impl FnMut(&Row<'_>, &mut Faults),
) {
    if file.is_kept {
        return kept_rows_of(file, layout, faults, each);
    }
    let text = file.text.strip_prefix('\u{feff}').unwrap_or(file.text);
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .comment(Some(b'#'))
        .trim(Trim::All)
        .from_reader(text.as_bytes());
    let mut record = StringRecord::new();
    let mut header = None;
    loop {
        match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) => {}
            Err(_) => {
                faults.add(whole_line(file.name, 0, "this is no CSV", "save it as comma-separated text in UTF-8"));
                return;
            }
        }
        let line = record.position().map_or(0, csv::Position::line);
        let Some(header) = &header else {
            match Header::read(file.name, line, layout, &record, faults) {
                Some(read) => header = Some(read),
                None => return,
            }
            continue;
        };
        let row = Row { file: file.name, line, layout, header, record: &record };
        if row.is_whole(faults) {
            each(&row, faults);
        }
    }
    if header.is_none() {
        faults.add(whole_line(file.name, 1, "the file is empty", &format!("begin it with {}", layout.wanted())));
    }
}

/// The same for lines as they are kept: every column in its place, and no header.
fn kept_rows_of(
    file: &File<'_>,
    layout: &'static Layout,
    faults: &mut Faults,
    each: &mut impl FnMut(&Row<'_>, &mut Faults),
) {
    let own = layout.columns.len();
    let elements = if layout.civic { Element::ALL } else { &[] };
    let header = Header {
        columns: (0..own).map(Some).collect(),
        elements: elements.iter().copied().zip(own..).collect(),
        width: own + elements.len(),
    };
    let mut record = StringRecord::new();
    // As the line of the CSV file that an export writes, whose first line is its header.
    for (line, text) in (2..).zip(file.text.split_terminator('\n')) {
        record.clear();
        text.split(BETWEEN).for_each(|cell| record.push_field(cell.trim()));
        (record.len()..header.width).for_each(|_| record.push_field(""));
        let row = Row { file: file.name, line, layout, header: &header, record: &record };
        if row.is_whole(faults) {
            each(&row, faults);
        }
    }
}

fn nth(place: usize) -> String {
    format!("column {}", place + 1)
}

fn whole_line(file: &str, line: u64, why: &str, remedy: &str) -> Fault {
    Fault { file: file.into(), line, column: String::new(), why: why.into(), remedy: remedy.into() }
}

impl Layout {
    fn wanted(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|column| column.name).collect();
        let elements = if self.civic { " and the elements of a civic address (country, A1, RD, HNO …)" } else { "" };
        format!("the columns {}{elements}", names.join(","))
    }
}

impl Header {
    fn read(file: &str, line: u64, layout: &Layout, record: &StringRecord, faults: &mut Faults) -> Option<Header> {
        let mut header =
            Header { columns: vec![None; layout.columns.len()], elements: Vec::new(), width: record.len() };
        let mut sound = true;
        let mut complain = |column: &str, why: &str, remedy: String| {
            sound = false;
            faults.add(Fault { file: file.into(), line, column: column.into(), why: why.into(), remedy });
        };
        for (place, name) in record.iter().enumerate() {
            let known = layout.columns.iter().position(|column| column.name.eq_ignore_ascii_case(name));
            let element = Element::ALL.iter().find(|element| element.text().eq_ignore_ascii_case(name));
            let twice = match (known, element) {
                (Some(column), _) => header.columns[column].replace(place).is_some(),
                (None, Some(&element)) if layout.civic => {
                    let twice = header.elements.iter().any(|(seen, _)| *seen == element);
                    header.elements.push((element, place));
                    twice
                }
                _ => {
                    // Not by its name: in a file without a header, that is somebody's number or address.
                    complain(&nth(place), "no such column", format!("use {}", layout.wanted()));
                    false
                }
            };
            if twice {
                complain(&nth(place), "the column is there twice", "keep one of them".into());
            }
        }
        for (column, place) in layout.columns.iter().zip(&header.columns) {
            if column.required && place.is_none() {
                complain(column.name, "the column is missing", format!("use {}", layout.wanted()));
            }
        }
        sound.then_some(header)
    }
}

impl Row<'_> {
    /// The cell of the layout's column, without spaces around it; empty when it is empty or absent.
    pub(super) fn cell(&self, column: usize) -> &str {
        self.header.columns[column].and_then(|place| self.record.get(place)).unwrap_or("")
    }

    /// Notes a fault of the cell in the layout's column.
    pub(super) fn fault(&self, column: usize, why: &str, remedy: &str, faults: &mut Faults) {
        let mut fault = whole_line(self.file, self.line, why, remedy);
        fault.column = self.layout.columns[column].name.into();
        faults.add(fault);
    }

    /// Sets the civic elements that the row fills.
    pub(super) fn civic(&self, civic: &mut Civic, faults: &mut Faults) {
        for &(element, place) in &self.header.elements {
            let value = self.record.get(place).unwrap_or("");
            if element == Element::Country && !value.is_empty() && !is_country(value) {
                let mut fault = whole_line(self.file, self.line, "this is no country code", COUNTRY_REMEDY);
                fault.column = element.text().into();
                faults.add(fault);
            } else if !value.is_empty() {
                civic.set(element, value);
            }
        }
    }

    /// The element of a civic address in this row; empty when it is empty or absent.
    pub(super) fn element(&self, element: Element) -> &str {
        let place = self.header.elements.iter().find(|(known, _)| *known == element);
        place.and_then(|&(_, place)| self.record.get(place)).unwrap_or("")
    }

    /// The words of a cell, with spaces or semicolons between.
    pub(super) fn words(&self, column: usize) -> impl Iterator<Item = &str> {
        self.cell(column).split([' ', ';']).filter(|word| !word.is_empty())
    }

    /// What a cell says, read by `read`; a fault when it cannot be. An empty cell is `None`.
    pub(super) fn read<T>(
        &self,
        column: usize,
        read: impl Fn(&str) -> Option<T>,
        (why, remedy): (&str, &str),
        faults: &mut Faults,
    ) -> Option<T> {
        let cell = self.cell(column);
        let value = read(cell);
        if value.is_none() && !cell.is_empty() {
            self.fault(column, why, remedy, faults);
        }
        value
    }

    /// The record that a cell names; a fault when there is none. An empty cell is `None`.
    pub(super) fn known<'k, T>(
        &self,
        column: usize,
        records: &'k ById<T>,
        (why, remedy): (&str, &str),
        faults: &mut Faults,
    ) -> Option<&'k std::sync::Arc<T>> {
        let found = records.get(self.cell(column));
        if found.is_none() && !self.cell(column).is_empty() {
            self.fault(column, why, remedy, faults);
        }
        found
    }

    /// A yes or no; an empty cell is no.
    pub(super) fn switch(&self, column: usize, faults: &mut Faults) -> bool {
        self.switch_or(column, false, faults)
    }

    /// A yes or no; an empty cell is what is usual.
    pub(super) fn switch_or(&self, column: usize, usual: bool, faults: &mut Faults) -> bool {
        let cell = self.cell(column);
        if cell.is_empty() {
            return usual;
        }
        switch(cell).unwrap_or_else(|| {
            self.fault(column, "this is neither yes nor no", "write yes or no", faults);
            usual
        })
    }

    /// An ISO 3166-1 country in upper case.
    pub(super) fn country(&self, column: usize, faults: &mut Faults) -> Option<String> {
        if is_country(self.cell(column)) {
            return Some(self.cell(column).to_owned());
        }
        self.fault(column, "this is no country code", COUNTRY_REMEDY, faults);
        None
    }

    /// A telephone number that anybody can dial: E.164 with `+`. An empty cell is `None`.
    pub(super) fn outside_number(&self, column: usize, faults: &mut Faults) -> Option<Number> {
        self.outside_number_of(column, self.cell(column), faults)
    }

    /// Several of them, with spaces or semicolons between.
    pub(super) fn outside_numbers(&self, column: usize, faults: &mut Faults) -> Vec<Number> {
        self.words(column).filter_map(|cell| self.outside_number_of(column, cell, faults)).collect()
    }

    fn outside_number_of(&self, column: usize, cell: &str, faults: &mut Faults) -> Option<Number> {
        if cell.is_empty() {
            return None;
        }
        let number = Number::read(cell).filter(Number::is_e164);
        if number.is_none() {
            self.fault(column, "this is no number in international form", "write it as +13125550123", faults);
        }
        number
    }

    fn is_whole(&self, faults: &mut Faults) -> bool {
        if self.record.len() != self.header.width {
            let why = format!("the line has {} cells, the header {}", self.record.len(), self.header.width);
            faults.add(whole_line(self.file, self.line, &why, "check its commas and quotes"));
            return false;
        }
        let mut whole = true;
        for (column, wanted) in self.layout.columns.iter().enumerate() {
            if wanted.required && self.cell(column).is_empty() {
                self.fault(column, "the cell is empty", "fill it, or take the line out", faults);
                whole = false;
            }
        }
        whole
    }
}

const COUNTRY_REMEDY: &str = "write the two capital letters of ISO 3166-1, as US";

fn is_country(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}
