//! The whole configured world: the config, the dial plans and the tables that it names. Start-up is a reload from
//! nothing, so both read it here.
use super::complaint::Complaint;
use super::settings::Settings;
use super::{dial_plan, embedded, file, snapshot};
use crate::cache::{Cache, Snapshot};
use crate::record::DialPlan;
use crate::record::table::{self, Against, Fault, File, Files, Tables};
use std::path::Path;

/// Everything that a node is configured with.
#[derive(Debug)]
pub struct World {
    /// The config.
    pub settings: Settings,
    /// What the call path reads of it.
    pub snapshot: Snapshot,
    /// What the tables hold.
    pub tables: Tables,
}

impl World {
    /// Puts it into the cache: calls that are decided from now on see it.
    pub fn publish(self, cache: &Cache) -> Settings {
        cache.configure(&self.snapshot);
        cache.load(self.tables);
        self.settings
    }
}

/// The names of the tables, in the order of [`Files`].
const TABLES: [&str; 5] = ["organisations.csv", "sites.csv", "buildings.csv", "locations.csv", "numbers.csv"];

/// Reads the config at `path` and all that it names.
///
/// # Errors
/// Everything that is wrong with any of the files, at once.
pub fn load(path: &Path) -> Result<World, Vec<Complaint>> {
    let settings = file::load(path)?;
    let mut complaints = Vec::new();
    let plans = plans_in(&settings.node.dial_plans, &mut complaints);
    let texts = TABLES.map(|name| text_of(&settings.node.data.join(name), &mut complaints));
    if !complaints.is_empty() {
        return Err(complaints);
    }
    let names = TABLES.map(|name| settings.node.data.join(name).display().to_string());
    assemble(settings, plans, &names, &texts)
}

/// The lab's world, out of the binary.
///
/// # Errors
/// None, unless the files in the binary are wrong, which a test shows.
pub fn lab() -> Result<World, Vec<Complaint>> {
    let settings = embedded::lab_settings()?;
    let mut complaints = Vec::new();
    let plans =
        embedded::DIAL_PLANS.iter().filter_map(|(name, text)| dial_plan::read(name, text, &mut complaints)).collect();
    if !complaints.is_empty() {
        return Err(complaints);
    }
    let names = TABLES.map(|name| format!("conf/lab/{name}"));
    assemble(settings, plans, &names, &embedded::LAB_TABLES.map(str::to_owned))
}

fn assemble(
    settings: Settings,
    plans: Vec<DialPlan>,
    names: &[String; 5],
    texts: &[String; 5],
) -> Result<World, Vec<Complaint>> {
    let snapshot = snapshot::of(&settings, plans);
    let file = |place: usize| File { name: &names[place], text: &texts[place] };
    let files =
        Files { organisations: file(0), sites: file(1), buildings: file(2), locations: file(3), numbers: file(4) };
    let against = Against { dial_plans: &snapshot.dial_plans, trunks: &snapshot.trunks };
    let tables = table::read(&files, against).map_err(|faults| faults.into_iter().map(of_fault).collect::<Vec<_>>())?;
    let complaints: Vec<_> = settings
        .sources
        .iter()
        .filter(|source| !tables.sites.iter().any(|site| *site.id == *source.default_site))
        .map(|source| Complaint {
            file: names[1].clone(),
            line: None,
            key: "id".into(),
            why: format!("has no site {}, the default site of the source {}", source.default_site, source.trunk),
            remedy: "a line for that site, or another default_site".into(),
        })
        .collect();
    if complaints.is_empty() { Ok(World { settings, snapshot, tables }) } else { Err(complaints) }
}

fn of_fault(fault: Fault) -> Complaint {
    Complaint {
        file: fault.file,
        line: usize::try_from(fault.line).ok(),
        key: fault.column,
        why: fault.why,
        remedy: fault.remedy,
    }
}

fn plans_in(folder: &Path, complaints: &mut Vec<Complaint>) -> Vec<DialPlan> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            complaints.push(unreadable(folder, &error));
            return Vec::new();
        }
    };
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    let read = |path: &std::path::PathBuf| {
        let text = text_of(path, complaints);
        dial_plan::read(&path.display().to_string(), &text, complaints)
    };
    paths.iter().filter_map(read).collect()
}

fn text_of(path: &Path, complaints: &mut Vec<Complaint>) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| {
        complaints.push(unreadable(path, &error));
        String::new()
    })
}

fn unreadable(path: &Path, error: &std::io::Error) -> Complaint {
    Complaint {
        file: path.display().to_string(),
        line: None,
        key: String::new(),
        why: format!("cannot be read ({error})"),
        remedy: "a file or folder that this user may read".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lab_in_the_binary_is_the_lab_in_the_files() {
        let inside = lab().unwrap();
        let outside = load(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/conf/lab.toml"))).unwrap();
        assert_eq!(inside.tables.lines, outside.tables.lines);
        assert_eq!(inside.tables.sites, outside.tables.sites);
        assert_eq!(inside.snapshot.dial_plans, outside.snapshot.dial_plans);
        assert_eq!(inside.snapshot.trunks, outside.snapshot.trunks);
    }
}
