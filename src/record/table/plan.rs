//! What an import would change, told before anything is changed.
use super::cells::{self, Cells, Kept as Text, Key};
use super::fault::{Fault, Faults};
use super::kind::{KINDS, Kind};
use super::{Against, File, Files, Tables, read};
use std::collections::{HashMap, HashSet};

/// What is stored, by the place of its table among [`Kind::ALL`].
pub type Stored = [Vec<Cells>; KINDS];

/// What is wished for.
#[derive(Clone, Debug, Default)]
pub struct Wish<'a> {
    /// The files, each with its table.
    pub files: Vec<(Kind, File<'a>)>,
    /// Whether a file is the whole of its table, so that lines that it does not have go. Else they stay.
    pub replace: bool,
    /// Whether lines that name what goes lose that name. Else nothing that is named goes.
    pub detach: bool,
}

/// One change of one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// A line comes, or takes the place of the one with its key.
    Put {
        /// Its table.
        kind: Kind,
        /// The line.
        line: Cells,
        /// What was there.
        before: Option<Cells>,
    },
    /// A line goes.
    Remove {
        /// Its table.
        kind: Kind,
        /// Its key.
        key: Key,
    },
}

/// A line that names another one that is to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linked {
    /// Its table.
    pub kind: Kind,
    /// Its key.
    pub key: Key,
    /// The column with the name.
    pub column: &'static str,
    /// Whether it cannot do without: then it cannot be detached.
    pub is_needed: bool,
    /// The table of the line that is to go.
    pub of: Kind,
    /// The key of the line that is to go.
    pub to: Key,
}

/// What would change, in the order in which tables refer to each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The changes.
    pub edits: Vec<Edit>,
    /// The lines that lose a name; they are among the changes.
    pub detached: Vec<Linked>,
    /// How many lines of the files are stored as they are.
    pub same: usize,
}

/// Why nothing is changed.
#[derive(Debug)]
pub enum Refusal {
    /// The tables would not be sound.
    Faults(Vec<Fault>),
    /// Something that is named would go.
    Linked(Vec<Linked>),
}

/// Compares files with what is stored, and reads the tables as they would be.
///
/// # Errors
/// Every fault of the files, alone or together with what is stored; or, before that, every line that names one that would go.
pub fn plan(stored: &Stored, wish: &Wish<'_>, against: Against<'_>) -> Result<(Plan, Tables), Refusal> {
    let mut wanted = Lines::of(wish).map_err(Refusal::Faults)?;
    wanted.say_whose(stored);
    let sheet = Sheet::new(stored, wish, &wanted);
    let (kept, detached) = sheet.kept(stored);
    if !wish.detach && !detached.is_empty() || detached.iter().any(|linked| linked.is_needed) {
        return Err(Refusal::Linked(detached));
    }
    let tables = check(&kept, wish, against).map_err(Refusal::Faults)?;
    let (edits, same) = sheet.edits(&kept, &wanted);
    Ok((Plan { edits, detached, same }, tables))
}

/// The lines of the files.
#[derive(Debug, Default)]
pub struct Lines([Vec<Cells>; KINDS]);

impl Lines {
    /// The lines of what is wished for.
    ///
    /// # Errors
    /// What is wrong with the shape of the files. What is wrong with what their lines say, [`plan`] tells.
    pub fn of(wish: &Wish<'_>) -> Result<Lines, Vec<Fault>> {
        let mut faults = Faults::default();
        let mut lines = Lines::default();
        for (kind, file) in &wish.files {
            lines.0[kind.place()].extend(cells::lines(*kind, file, &mut faults));
        }
        faults.or(lines)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }

    /// All of them, each with its table.
    pub fn iter(&self) -> impl Iterator<Item = (Kind, &Cells)> {
        Kind::ALL.into_iter().flat_map(|kind| self.0[kind.place()].iter().map(move |line| (kind, line)))
    }

    /// Fills in the organisation of numbers: that of their site, from the files or from what is stored.
    pub fn say_whose(&mut self, stored: &Stored) {
        const SITE: usize = 1;
        const ORGANISATION: usize = 5;
        let sites = stored[Kind::Sites.place()].iter().chain(&self.0[Kind::Sites.place()]);
        let whose: HashMap<String, String> =
            sites.map(|site| (site.cell(0).to_owned(), site.cell(1).to_owned())).collect();
        for number in &mut self.0[Kind::Numbers.place()] {
            if number.cell(ORGANISATION).is_empty()
                && let Some(organisation) = whose.get(number.cell(SITE))
            {
                *number = number.with(ORGANISATION, organisation);
            }
        }
    }
}

/// What is stored, by key, and what goes.
struct Sheet<'a> {
    before: [HashMap<Key, &'a Cells>; KINDS],
    wanted: [HashSet<Key>; KINDS],
    gone: [HashSet<Key>; KINDS],
}

/// What stays as it is stored, and what stays but loses a name.
#[derive(Default)]
struct Kept<'a> {
    as_it_is: [Vec<&'a Cells>; KINDS],
    detached: [Vec<Cells>; KINDS],
}

impl<'a> Sheet<'a> {
    fn new(stored: &'a Stored, wish: &Wish<'_>, wanted: &Lines) -> Sheet<'a> {
        let keys = |kind: Kind, lines: &[Cells]| lines.iter().map(|line| line.key(kind)).collect::<HashSet<_>>();
        let wanted = Kind::ALL.map(|kind| keys(kind, &wanted.0[kind.place()]));
        let before = Kind::ALL
            .map(|kind| stored[kind.place()].iter().map(|line| (line.key(kind), line)).collect::<HashMap<_, _>>());
        let gone = Kind::ALL.map(|kind| {
            let is_whole = wish.replace && wish.files.iter().any(|(of, _)| *of == kind);
            let goes = |key: &&Key| is_whole && !wanted[kind.place()].contains(*key);
            before[kind.place()].keys().filter(goes).cloned().collect::<HashSet<_>>()
        });
        Sheet { before, wanted, gone }
    }

    /// What stays beside the files, and what of it names something that goes.
    fn kept(&self, stored: &'a Stored) -> (Kept<'a>, Vec<Linked>) {
        let (mut kept, mut all) = (Kept::default(), Vec::new());
        for kind in Kind::ALL {
            let place = kind.place();
            let is_named = kind.layout().columns.iter().any(|column| self.goes_any(column.names));
            for line in &stored[place] {
                let key = line.key(kind);
                if self.wanted[place].contains(&key) || self.gone[place].contains(&key) {
                    continue;
                }
                let linked = if is_named { self.linked(kind, line) } else { Vec::new() };
                if linked.is_empty() {
                    kept.as_it_is[place].push(line);
                } else {
                    kept.detached[place].push(without(kind, line, &linked));
                    all.extend(linked);
                }
            }
        }
        (kept, all)
    }

    fn goes_any(&self, kinds: &[Kind]) -> bool {
        kinds.iter().any(|kind| !self.gone[kind.place()].is_empty())
    }

    /// What a line names that goes.
    fn linked(&self, kind: Kind, line: &Cells) -> Vec<Linked> {
        named(kind, line)
            .into_iter()
            .filter(|(_, of, to)| self.gone[of.place()].contains(to))
            .map(|(column, of, to)| {
                let column = &kind.layout().columns[column];
                Linked { kind, key: line.key(kind), column: column.name, is_needed: column.required, of, to }
            })
            .collect()
    }

    fn edits(&self, kept: &Kept<'_>, wanted: &Lines) -> (Vec<Edit>, usize) {
        let (mut edits, mut same) = (Vec::new(), 0);
        for kind in Kind::ALL {
            let place = kind.place();
            for line in kept.detached[place].iter().chain(&wanted.0[place]) {
                match self.before[place].get(&line.key(kind)) {
                    Some(before) if *before == line => same += 1,
                    before => {
                        let before = before.map(|before| (*before).clone());
                        edits.push(Edit::Put { kind, line: line.clone(), before });
                    }
                }
            }
            let mut gone: Vec<&Key> = self.gone[place].iter().collect();
            gone.sort();
            edits.extend(gone.into_iter().map(|key| Edit::Remove { kind, key: key.clone() }));
        }
        (edits, same)
    }
}

/// What a line names: the column, and the table and key of each line that it could be.
pub fn named(kind: Kind, line: &Cells) -> Vec<(usize, Kind, Key)> {
    let layout = kind.layout();
    let organisation = layout.columns.iter().position(|column| column.names == [Kind::Organisations]);
    let organisation = organisation.map_or("", |column| line.cell(column));
    let mut named = Vec::new();
    for (at, column) in layout.columns.iter().enumerate().filter(|(_, column)| !column.names.is_empty()) {
        let cell = line.cell(at);
        let words = if column.list { cell.split(' ').collect() } else { vec![cell] };
        for word in words.into_iter().filter(|word| !word.is_empty()) {
            named.extend(column.names.iter().map(|&of| match of {
                Kind::Numbers => (at, of, Key::new([organisation, word])),
                _ => (at, of, Key::new([word])),
            }));
        }
    }
    named
}

/// The line without these names.
fn without(kind: Kind, line: &Cells, linked: &[Linked]) -> Cells {
    let mut line = line.clone();
    for linked in linked {
        let columns = kind.layout().columns;
        let Some(column) = columns.iter().position(|column| column.name == linked.column) else { continue };
        let name = linked.to.iter().last().unwrap_or("");
        let cell = line.cell(column);
        let rest: Vec<&str> = if columns[column].list { cell.split(' ').collect() } else { vec![cell] };
        line = line.with(column, &rest.into_iter().filter(|word| *word != name).collect::<Vec<_>>().join(" "));
    }
    line
}

/// Reads the tables as they would be.
fn check(kept: &Kept<'_>, wish: &Wish<'_>, against: Against<'_>) -> Result<Tables, Vec<Fault>> {
    let texts = Kind::ALL.map(|kind| {
        let mut text = Text::default();
        let lines = kept.as_it_is[kind.place()].iter().copied().chain(&kept.detached[kind.place()]);
        lines.for_each(|line| text.line(line.iter()));
        (format!("store/{}", kind.file()), text.text())
    });
    let mut files = Files::default();
    for (kind, (name, text)) in Kind::ALL.into_iter().zip(&texts) {
        files.add(kind, File::kept(name, text));
    }
    wish.files.iter().for_each(|(kind, file)| files.add(*kind, *file));
    read(&files, against)
}
