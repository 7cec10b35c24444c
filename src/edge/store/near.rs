//! The few lines that decide whether some others fit, so that a single change need not read all that is stored.
use super::{Store, Trouble};
use crate::record::table::plan::{Lines, Stored, named};
use crate::record::table::{Cells, Key, Kind};
use std::collections::{HashMap, HashSet};

/// The most lines of an import whose neighbours are looked up one by one. For more, all is read.
pub const MOST_LOOKED_UP: usize = 1000;

/// The most neighbours that are looked up. With more, all is read.
const MOST_NEIGHBOURS: usize = 20_000;

impl Store {
    /// Collects of what is stored what `wanted` could be at odds with, if it took the places of the lines with its keys:
    /// these lines, all that they or their neighbours name, whatever must not have the same name or number, and all
    /// organisations and sites, which are few and on which the config depends. `places` are collected too. `None` when
    /// that is too much, or when what would change has an effect on lines that no look-up finds.
    ///
    /// What fits here fits all that is stored, as long as that was sound. What does not is to be held against all of it:
    /// the words of a refusal name lines of whole tables.
    pub fn near<'p>(
        &self,
        wanted: &mut Lines,
        places: impl Iterator<Item = &'p str>,
    ) -> Result<Option<Stored>, Trouble> {
        let mut near = Near { store: self, waiting: Vec::new(), seen: HashSet::new(), stored: Stored::default() };
        for kind in [Kind::Organisations, Kind::Sites] {
            self.each_line(kind, |cells| near.stored[kind.place()].push(Cells::new(cells)))?;
        }
        wanted.say_whose(&near.stored);
        near.take_first();
        for id in places {
            near.waiting.extend([(Kind::Buildings, Key::new([id])), (Kind::Locations, Key::new([id]))]);
        }
        if wanted.count() > MOST_LOOKED_UP || !near.beside(wanted)? {
            return Ok(None);
        }
        near.collect()
    }
}

struct Near<'s> {
    store: &'s Store,
    /// What is still to be looked up.
    waiting: Vec<(Kind, Key)>,
    seen: HashSet<(Kind, Key)>,
    stored: Stored,
}

impl Near<'_> {
    /// Organisations and sites are there already; what they name is not.
    fn take_first(&mut self) {
        for kind in [Kind::Organisations, Kind::Sites] {
            for line in &self.stored[kind.place()] {
                self.seen.insert((kind, line.key(kind)));
                self.waiting.extend(named(kind, line).into_iter().map(|(_, of, to)| (of, to)));
            }
        }
    }

    /// Lines that must not say the same as a wanted one. `false` when they cannot be told by look-ups.
    fn beside(&mut self, wanted: &Lines) -> Result<bool, Trouble> {
        let mut new_lines: HashMap<&str, Vec<&str>> = HashMap::new();
        for (kind, line) in wanted.iter() {
            let key = line.key(kind);
            let before = self.store.line(kind, &key)?;
            let cell = |name: &str| line.cell(column(kind, name));
            let had = |name: &str| before.as_ref().map(|before| before.cell(column(kind, name)));
            let differs = |name: &str| had(name).is_some_and(|had| had != cell(name));
            match kind {
                Kind::Organisations | Kind::Wiremap | Kind::Recipients => {}
                // A building and a location share their names.
                Kind::Buildings | Kind::Locations => {
                    self.waiting.extend([(Kind::Buildings, key.clone()), (Kind::Locations, key.clone())]);
                }
                // Every number and user of a site depends on these two.
                Kind::Sites if differs("organisation") || differs("country") => return Ok(false),
                // Recipients of a site or a user are of its organisation.
                Kind::Devices | Kind::Users if differs("organisation") => return Ok(false),
                Kind::Sites => {}
                Kind::Devices => {
                    for name in ["mac", "instance"].into_iter().filter(|name| had(name) != Some(cell(name))) {
                        let others = self.store.lines_of(kind, cell("organisation"), name, cell(name))?;
                        self.waiting.extend(others.iter().map(|other| (kind, other.key(kind))));
                    }
                }
                // A user's lines are at the user's site.
                Kind::Numbers if differs("site") => {
                    new_lines.entry(cell("organisation")).or_default().push(cell("number"));
                }
                Kind::Numbers => {}
                Kind::Users => {
                    let had: HashSet<&str> = had("lines").unwrap_or("").split(' ').collect();
                    let more = cell("lines").split(' ').filter(|number| !number.is_empty() && !had.contains(number));
                    new_lines.entry(cell("organisation")).or_default().extend(more);
                }
            }
            self.waiting.extend(named(kind, line).into_iter().map(|(_, of, to)| (of, to)));
            self.waiting.push((kind, key));
        }
        self.users_of(&new_lines)?;
        Ok(true)
    }

    /// The users who have lines that come to somebody: no index finds one of several numbers in a cell, so the users of
    /// the organisation are gone through.
    fn users_of(&mut self, lines: &HashMap<&str, Vec<&str>>) -> Result<(), Trouble> {
        for (organisation, numbers) in lines.iter().filter(|(_, numbers)| !numbers.is_empty()) {
            let numbers: HashSet<&str> = numbers.iter().copied().collect();
            let waiting = &mut self.waiting;
            self.store.each_of(Kind::Users, organisation, ["id", "lines"], |[id, lines]| {
                if lines.split(' ').any(|number| numbers.contains(number)) {
                    waiting.push((Kind::Users, Key::new([id])));
                }
            })?;
        }
        Ok(())
    }

    /// Looks up what is waiting, and all that it names.
    fn collect(mut self) -> Result<Option<Stored>, Trouble> {
        let mut count = 0;
        while let Some((kind, key)) = self.waiting.pop() {
            if !self.seen.insert((kind, key.clone())) {
                continue;
            }
            let Some(line) = self.store.line(kind, &key)? else { continue };
            count += 1;
            if count > MOST_NEIGHBOURS {
                return Ok(None);
            }
            self.waiting.extend(named(kind, &line).into_iter().map(|(_, of, to)| (of, to)));
            self.stored[kind.place()].push(line);
        }
        Ok(Some(self.stored))
    }
}

/// The place of a column that its table has.
fn column(kind: Kind, name: &str) -> usize {
    kind.columns().position(|column| column == name).unwrap_or(usize::MAX)
}
