//! Everything that a config says, with the files it names. Starting up is a reload from nothing.
use super::cases::{self, Case};
use super::complaint::Complaint;
use super::document::Document;
use super::settings::Settings;
use super::texts::Texts;
use super::{dial_plan, embedded, file, routes, snapshot};
use crate::cache::{Cache, Snapshot};
use crate::record::table::{self, Against, Fault, Files, Tables};
use std::path::Path;

/// Reads the config at `path` and every file that it names.
///
/// # Errors
/// Everything that is wrong, at once.
pub fn load(path: &Path) -> Result<World, Vec<Complaint>> {
    let (settings, document) = file::open(path)?;
    let mut complaints = Vec::new();
    let texts = Texts::read(&settings, &document, &mut complaints);
    if complaints.is_empty() { World::build(settings, &document, &texts) } else { Err(complaints) }
}

/// The lab's world, from inside the binary.
///
/// # Errors
/// None, unless the files in the binary are wrong, which a test shows.
pub fn lab() -> Result<World, Vec<Complaint>> {
    let (settings, document) = embedded::lab()?;
    World::build(settings, &document, &embedded::lab_texts())
}

/// A node's world, checked, before it is put to use.
#[derive(Clone, Debug)]
pub struct World {
    /// What this node is.
    pub settings: Settings,
    /// The part of the cache's snapshot that the config knows.
    pub snapshot: Snapshot,
    /// Organisations, sites, places and lines.
    pub tables: Tables,
    /// The owner's cases.
    pub cases: Vec<Case>,
}

impl World {
    /// Puts this world into the place of the one that the cache has. Calls that are under way keep what they were
    /// decided with.
    pub fn publish(self, cache: &Cache) -> Settings {
        cache.load(self.tables);
        cache.configure(&self.snapshot);
        self.settings
    }

    /// Runs the owner's cases against this world. Empty when all turn out as they say.
    pub fn run_cases(&self) -> Vec<Complaint> {
        let cache = Cache::default();
        let _settings = self.clone().publish(&cache);
        self.cases.iter().flat_map(|case| case.run(&cache)).collect()
    }

    pub(super) fn build(settings: Settings, document: &Document, texts: &Texts) -> Result<World, Vec<Complaint>> {
        let mut complaints = Vec::new();
        let plans = dial_plan::read_all(&texts.dial_plans, &mut complaints);
        let mut cases = Vec::new();
        for (name, text) in &texts.cases {
            cases.extend(cases::read(name, text, &mut complaints));
        }
        // A table is held against the dial plans, so a plan that is missing would be told of once more for every line.
        if !complaints.is_empty() {
            return Err(complaints);
        }
        let snapshot = snapshot::of(&settings, plans);
        let against = Against { dial_plans: &snapshot.dial_plans, trunks: &snapshot.trunks };
        match table::read(&files(texts), against) {
            Err(faults) => complaints.extend(faults.into_iter().map(complaint)),
            Ok(tables) => {
                routes::check(&settings, &snapshot, &tables, document, &texts.tables[1].0, &mut complaints);
                if complaints.is_empty() {
                    return Ok(World { settings, snapshot, tables, cases });
                }
            }
        }
        Err(complaints)
    }
}

fn files(texts: &Texts) -> Files<'_> {
    let [organisations, sites, buildings, locations, numbers] =
        texts.tables.each_ref().map(|(name, text)| table::File { name, text });
    Files { organisations, sites, buildings, locations, numbers }
}

/// A table's remedy is an order (`add it to the sites`), ours follows the word `try`.
fn complaint(fault: Fault) -> Complaint {
    Complaint {
        file: fault.file,
        line: usize::try_from(fault.line).ok().filter(|line| *line > 0),
        key: fault.column,
        why: fault.why,
        remedy: format!("to {}", fault.remedy),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lab_is_sound_and_its_cases_turn_out_as_they_say() {
        let lab = lab().unwrap();
        assert!(lab.cases.len() >= 10, "{} cases", lab.cases.len());
        assert_eq!(lab.run_cases(), []);
    }

    #[test]
    fn what_the_binary_holds_is_what_conf_holds() {
        let conf = Path::new(env!("CARGO_MANIFEST_DIR")).join("conf");
        let (settings, document) = file::open(&conf.join("lab.toml")).unwrap();
        let mut complaints = Vec::new();
        let disk = Texts::read(&settings, &document, &mut complaints);
        assert_eq!(complaints, []);
        let inside = embedded::lab_texts();
        let held = |texts: &Texts| {
            let all = texts.dial_plans.iter().chain(&texts.tables).chain(&texts.cases);
            all.map(|(_, text)| text.to_string()).collect::<Vec<_>>()
        };
        assert!(held(&disk) == held(&inside), "a file of conf/ is not in config::embedded");
    }

    #[test]
    fn every_file_that_is_missing_is_told_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("callbox.toml");
        std::fs::write(&path, include_str!("../../conf/lab.toml")).unwrap();
        let complaints = load(&path).unwrap_err();
        let keys: Vec<_> = complaints.iter().map(|complaint| complaint.key.as_str()).collect();
        assert_eq!(keys, ["node.dial_plans", "node.data", "node.data", "node.data", "node.data", "node.data"]);
        assert!(complaints.iter().all(|complaint| complaint.line.is_some()), "{complaints:?}");
    }
}
