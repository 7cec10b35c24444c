//! What must be read again when lines changed: they themselves, what is derived from them, and all that these name.
use super::{MOST_FOLLOWED, Store, Trouble};
use crate::record::table::plan::named;
use crate::record::table::{Cells, Kept, Key, Kind};
use std::collections::BTreeMap;

/// Lines to be read again.
#[derive(Debug, Default)]
pub struct Fresh {
    lines: BTreeMap<(Kind, Key), Line>,
    gone: Vec<(Kind, Key)>,
}

#[derive(Debug)]
struct Line {
    cells: Cells,
    /// Whether it changed, or is derived from what did; else it is only named by such a line.
    is_fresh: bool,
}

impl Store {
    /// Collects what must be read again when `touched` came, changed or went. `user_of` says whose a number was so far: a
    /// number has what its user has. `None` when that is more than [`MOST_FOLLOWED`] lines.
    pub fn fresh(
        &self,
        touched: Vec<(Kind, Key)>,
        user_of: impl Fn(&Key) -> Option<Key>,
    ) -> Result<Option<Fresh>, Trouble> {
        let mut fresh = Fresh::default();
        let mut waiting: Vec<_> = touched.into_iter().map(|(kind, key)| (kind, key, true)).collect();
        while let Some((kind, key, is_fresh)) = waiting.pop() {
            match fresh.lines.get_mut(&(kind, key.clone())) {
                Some(line) if line.is_fresh || !is_fresh => continue,
                Some(line) => line.is_fresh = true,
                None => {
                    let Some(cells) = self.line(kind, &key)? else {
                        if is_fresh {
                            fresh.gone.push((kind, key));
                        }
                        continue;
                    };
                    waiting.extend(named(kind, &cells).into_iter().map(|(_, of, to)| (of, to, false)));
                    fresh.lines.insert((kind, key.clone()), Line { cells, is_fresh });
                }
            }
            if is_fresh && kind == Kind::Numbers {
                waiting.extend(user_of(&key).map(|user| (Kind::Users, user, false)));
            }
            if is_fresh {
                self.derived(kind, &key, &fresh.lines[&(kind, key.clone())].cells, &mut waiting)?;
            }
            if fresh.lines.len() + waiting.len() > MOST_FOLLOWED {
                return Ok(None);
            }
        }
        Ok(Some(fresh))
    }

    /// What a line is part of: a building's address is in its places and sites, a place in its lines.
    fn derived(
        &self,
        kind: Kind,
        key: &Key,
        cells: &Cells,
        waiting: &mut Vec<(Kind, Key, bool)>,
    ) -> Result<(), Trouble> {
        let dependents: &[(Kind, &str)] = match kind {
            Kind::Buildings => &[
                (Kind::Locations, "building"),
                (Kind::Sites, "building"),
                (Kind::Numbers, "location"),
                (Kind::Users, "location"),
            ],
            Kind::Locations => &[(Kind::Numbers, "location"), (Kind::Users, "location")],
            Kind::Users => {
                let lines = named(kind, cells).into_iter().filter(|(_, of, _)| *of == Kind::Numbers);
                waiting.extend(lines.map(|(_, of, to)| (of, to, true)));
                return Ok(());
            }
            _ => return Ok(()),
        };
        let id = key.expose();
        for &(kind, column) in dependents {
            let lines = self.lines_with(kind, column, id)?;
            waiting.extend(lines.iter().map(|line| (kind, line.key(kind), true)));
        }
        Ok(())
    }
}

impl Fresh {
    /// The lines as tables, those that are only named among them.
    pub fn texts(&self) -> Vec<(Kind, String)> {
        let of = |kind: Kind| {
            let mut text = Kept::default();
            let lines = self.lines.iter().filter(|((of, _), _)| *of == kind);
            lines.for_each(|(_, line)| text.line(line.cells.iter()));
            (kind, text.text())
        };
        Kind::ALL.into_iter().map(of).collect()
    }

    /// Whether a line with this key changed or is derived from one that did.
    pub fn has(&self, kind: Kind, key: &Key) -> bool {
        self.lines.get(&(kind, key.clone())).is_some_and(|line| line.is_fresh)
    }

    /// What is there no more.
    pub fn gone(&self) -> &[(Kind, Key)] {
        &self.gone
    }
}
