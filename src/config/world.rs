//! Everything that a config says, with the files it names. Starting up is a reload from nothing.
use super::cases::{self, Case};
use super::complaint::{Complaint, ordered};
use super::document::Document;
use super::file::Reading;
use super::notices::{self, Notices};
use super::presence::{self, Presences};
use super::settings::Settings;
use super::texts::Texts;
use super::{boundaries, dial_plan, embedded, file, models, routes, snapshot};
use crate::base::hands::{Hands, InTurn};
use crate::cache::{Cache, Snapshot};
use crate::record::table::{self, Against, Fault, File, Files, Kind, Tables};
use std::path::Path;
use std::sync::Arc;

/// Reads the config at `path` and every file that it names.
///
/// # Errors
/// Everything that is wrong, at once.
pub fn load(path: &Path) -> Result<World, Vec<Complaint>> {
    load_by(InTurn, path)
}

/// The same by other hands.
///
/// # Errors
/// As [`load`].
pub fn load_by(hands: impl Hands, path: &Path) -> Result<World, Vec<Complaint>> {
    let Reading { read, mut complaints } = file::open(path);
    let Some((settings, document)) = read else { return Err(ordered(complaints)) };
    let texts = Texts::read(&settings, &document, &mut complaints);
    World::build(settings, &document, &texts, complaints, hands)
}

/// The lab's world, from inside the binary.
///
/// # Errors
/// None, unless the files in the binary are wrong, which a test shows.
pub fn lab() -> Result<World, Vec<Complaint>> {
    let (settings, document) = embedded::lab().sound()?;
    World::build(settings, &document, &embedded::lab_texts(), Vec::new(), InTurn)
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
    /// The version of the store that the tables are, where there is one.
    pub version: Option<u64>,
    /// The owner's cases.
    pub cases: Vec<Case>,
    /// How notices are sent, and in which words.
    pub notices: Arc<Notices>,
    /// The contact centers whose agents' presence is managed.
    pub presences: Arc<Presences>,
}

impl World {
    /// Puts this world into the place of the one that the cache has. Calls that are under way keep what they were
    /// decided with.
    pub fn publish(self, cache: &Cache) -> Settings {
        self.publish_by(InTurn, cache)
    }

    /// The same by other hands.
    pub fn publish_by(self, hands: impl Hands, cache: &Cache) -> Settings {
        cache.load_by(hands, self.tables);
        cache.configure(&self.snapshot);
        self.settings
    }

    /// Runs the owner's cases against this world. Empty when all turn out as they say.
    pub fn run_cases(&self) -> Vec<Complaint> {
        let cache = Cache::default();
        let _settings = self.clone().publish(&cache);
        self.cases.iter().flat_map(|case| case.run(&cache)).collect()
    }

    /// Puts a world together out of its texts. `complaints` are those about the settings; a step whose ground they take
    /// away is left out, so that no complaint follows from another.
    pub(super) fn build(
        settings: Settings,
        document: &Document,
        texts: &Texts,
        complaints: Vec<Complaint>,
        hands: impl Hands,
    ) -> Result<World, Vec<Complaint>> {
        let Ground { snapshot, cases, mut complaints } = Ground::lay(&settings, texts, complaints)?;
        let tables = match table::read_by(hands, &files(texts), against(&snapshot)) {
            Ok(tables) => tables,
            Err(faults) => {
                complaints.extend(faults.into_iter().map(complaint));
                return Err(ordered(complaints));
            }
        };
        if complaints.is_empty() {
            routes::check(&settings, &snapshot, &tables, document, &texts.name_of(Kind::Sites), &mut complaints);
        }
        let notices = notices::of(&settings, &texts.notices, document, &mut complaints);
        notices::check_recipients(&notices, &tables.recipients, &texts.name_of(Kind::Recipients), &mut complaints);
        let notices = Arc::new(notices);
        let presences = Arc::new(presence::of(&settings, &texts.presence, &notices, document, &mut complaints));
        presence::check_organisations(&settings, &tables, document, &mut complaints);
        presence::check_users(&presences, &tables.users, &texts.name_of(Kind::Users), &mut complaints);
        let version = texts.version;
        if complaints.is_empty() {
            Ok(World { settings, snapshot, tables, version, cases, notices, presences })
        } else {
            Err(ordered(complaints))
        }
    }
}

/// What the tables stand on.
pub(super) struct Ground {
    /// The part of the cache's snapshot that the config knows.
    pub(super) snapshot: Snapshot,
    cases: Vec<Case>,
    complaints: Vec<Complaint>,
}

impl Ground {
    /// Reads cases, dial plans, models and boundaries.
    pub(super) fn lay(
        settings: &Settings,
        texts: &Texts,
        mut complaints: Vec<Complaint>,
    ) -> Result<Ground, Vec<Complaint>> {
        let mut cases = Vec::new();
        for (name, text) in &texts.cases {
            cases.extend(cases::read(name, text, &mut complaints));
        }
        let ground = complaints.iter().any(|one| ["trunk", "node"].iter().any(|table| one.key.starts_with(table)));
        let before = complaints.len();
        let plans = dial_plan::read_all(&texts.dial_plans, &mut complaints);
        let models = models::read_all(&texts.models, &mut complaints);
        let boundaries = boundaries::read_all(&texts.boundaries, &mut complaints);
        if ground || complaints.len() > before {
            return Err(ordered(complaints));
        }
        Ok(Ground { snapshot: snapshot::of(settings, plans, models, boundaries), cases, complaints })
    }

    /// Itself, when nothing is wrong with it.
    pub(super) fn sound(self) -> Result<Ground, Vec<Complaint>> {
        if self.complaints.is_empty() { Ok(self) } else { Err(ordered(self.complaints)) }
    }
}

/// What tables must fit.
pub fn against(snapshot: &Snapshot) -> Against<'_> {
    Against { dial_plans: &snapshot.dial_plans, trunks: &snapshot.trunks, models: &snapshot.models }
}

fn files(texts: &Texts) -> Files<'_> {
    let mut files = Files::default();
    for (kind, (name, text)) in &texts.tables {
        files.add(*kind, if texts.version.is_some() { File::kept(name, text) } else { File::csv(name, text) });
    }
    files
}

/// A table's remedy is an order (`add it to the sites`), ours follows the word `try`.
pub(super) fn complaint(fault: Fault) -> Complaint {
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
        let (settings, document) = file::open(&conf.join("lab.toml")).sound().unwrap();
        let mut complaints = Vec::new();
        let disk = Texts::read(&settings, &document, &mut complaints);
        assert_eq!(complaints, []);
        let inside = embedded::lab_texts();
        let held = |texts: &Texts| {
            let mut tables: Vec<_> = texts.tables.iter().collect();
            tables.sort_by_key(|(kind, _)| *kind);
            let all = [&texts.dial_plans, &texts.models, &texts.cases].into_iter().flatten();
            all.chain(tables.into_iter().map(|(_, text)| text)).map(|(_, text)| text.to_string()).collect::<Vec<_>>()
        };
        assert!(held(&disk) == held(&inside), "a file of conf/ is not in config::embedded");
    }

    #[test]
    fn faults_of_all_files_are_told_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let config = "[node]\ndomain = \"a.example\"\n[[listener]]\ntransport = \"upd\"\naddress = \"127.0.0.1:5060\"\n\
                      [[trunk]]\nname = \"relay\"\nkind = \"relay\"\nhost = \"192.0.2.1\"\n";
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            path
        };
        let path = write("callbox.toml", config);
        write("dial-plan/us.toml", "country = \"US\"\ncalling_code = \"1\"\nemergency = [\"911\"]\n");
        write("cases/a.toml", "[[case]]\nname = \"a\"\n");
        write("data/organisations.csv", "id,name\nacme,Acme\n");
        write("data/sites.csv", "id,organisation,country,stage1,stage2\nhq,acme,FR,yes,yes\n");
        write("data/buildings.csv", "id,country\n");
        write("data/locations.csv", "id,building\n");
        write("data/numbers.csv", "number,site\n+13125550123,hp\n");
        let told: Vec<_> = load(&path).unwrap_err().iter().map(ToString::to_string).collect();
        let at = |file: &str| format!("{}/{file}", folder.path().display());
        assert_eq!(told.len(), 4, "{told:#?}");
        assert!(told[0].starts_with(&at("callbox.toml:4 listener[0].transport: is not udp or tcp")), "{told:#?}");
        assert!(told[1].starts_with(&at("cases/a.toml:1 case[0].dial: is not set; try dial = \"911\"")), "{told:#?}");
        assert!(told[2].starts_with(&at("data/numbers.csv:2 site: no such site")), "{told:#?}");
        assert!(told[3].starts_with(&at("data/sites.csv:2 country: no dial plan")), "{told:#?}");
    }

    #[test]
    fn every_file_that_is_missing_is_told_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("callbox.toml");
        std::fs::write(&path, include_str!("../../conf/lab.toml")).unwrap();
        let complaints = load(&path).unwrap_err();
        let keys: Vec<_> = complaints.iter().map(|complaint| complaint.key.as_str()).collect();
        assert_eq!(keys, ["node.data", "node.data", "node.data", "node.data", "node.data", "node.dial_plans"]);
        assert!(complaints.iter().all(|complaint| complaint.line.is_some()), "{complaints:?}");
    }
}
