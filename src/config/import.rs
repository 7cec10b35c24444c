//! The way into the store: files or a backup, checked whole against the config and what is stored, then one change.
use super::complaint::{Complaint, ordered};
use super::document::Document;
use super::settings::Settings;
use super::texts::{self, Text, Texts};
use super::world::{self, Ground, World, complaint};
use super::{file, notices, routes};
use crate::edge::clock::Clock;
use crate::edge::store::{self, MOST_LOOKED_UP, Store, Trouble};
use crate::record::table::plan::{Lines, Linked, Plan, Refusal, Stored, Wish, plan};
use crate::record::table::{File, Kind, Tables};
use std::path::{Path, PathBuf};

/// How often a change is planned anew because somebody else was faster.
const TRIES: usize = 5;

/// What is to be imported, and how.
#[derive(Clone, Debug, Default)]
pub struct Order {
    /// Files and folders of files, named as the tables.
    pub from: Vec<PathBuf>,
    /// Whether a file is the whole of its table.
    pub replace: bool,
    /// Whether lines that name what goes lose that name.
    pub detach: bool,
    /// Whether nothing is changed.
    pub dry_run: bool,
    /// Who says so.
    pub author: String,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What changed, or would.
    pub plan: Plan,
    /// The version of the store that has it; `None` when nothing was changed.
    pub version: Option<u64>,
}

/// Why nothing was changed.
#[derive(Debug)]
pub enum Refused {
    /// What is wrong with config and tables, as they would be.
    Complaints(Vec<Complaint>),
    /// Lines name what would go.
    Linked(Vec<Linked>),
    /// The store does not serve.
    Store(Trouble),
}

impl From<Trouble> for Refused {
    fn from(trouble: Trouble) -> Refused {
        Refused::Store(trouble)
    }
}

/// Imports files into the store of a config, which is made if it is not there.
///
/// # Errors
/// Everything that is wrong, and nothing is changed then.
pub fn import(config: &Path, order: &Order) -> Result<Outcome, Refused> {
    let files = read(&order.from).map_err(Refused::Complaints)?;
    let files = files.iter().map(|(kind, (name, text))| (*kind, File::csv(name, text))).collect();
    let wish = Wish { files, replace: order.replace, detach: order.detach };
    let now = Clock::start().now().wall;
    let place = Place::of(config)?;
    // What is only looked at is not made.
    let mut store = match order.dry_run && !place.store.exists() {
        true => Store::in_memory(now)?,
        false => Store::create(&place.store, now)?,
    };
    for _ in 1..TRIES {
        match import_once(&place, &mut store, &wish, order) {
            Err(Refused::Store(Trouble::Moved)) => {}
            told => return told,
        }
    }
    import_once(&place, &mut store, &wish, order)
}

fn import_once(place: &Place, store: &mut Store, wish: &Wish<'_>, order: &Order) -> Result<Outcome, Refused> {
    let (Planned { plan, tables }, base) = planned(place, store, wish)?;
    let sites = wish.files.iter().find(|(kind, _)| *kind == Kind::Sites).map_or("sites.csv", |(_, file)| file.name());
    let mut complaints = Vec::new();
    routes::check(&place.settings, &place.ground.snapshot, &tables, &place.document, sites, &mut complaints);
    let notices = notices::of(&place.settings, &place.texts.notices, &place.document, &mut complaints);
    notices::check_recipients(&notices, &tables.recipients, Kind::Recipients.file(), &mut complaints);
    if !complaints.is_empty() {
        return Err(Refused::Complaints(ordered(complaints)));
    }
    if order.dry_run || plan.edits.is_empty() {
        return Ok(Outcome { plan, version: None });
    }
    let now = Clock::start().now().wall;
    let summary = format!("import of {} lines", plan.edits.len());
    let version = store.append(base, &plan.edits, &order.author, &summary, now)?;
    Ok(Outcome { plan, version: Some(version) })
}

/// A plan, and the tables that it was checked with.
struct Planned {
    plan: Plan,
    tables: Tables,
}

/// Plans an import for the version of the store that comes with it: against what is near, where that is enough, and
/// against all that is stored, where not or where something is wrong.
fn planned(place: &Place, store: &Store, wish: &Wish<'_>) -> Result<(Planned, u64), Refused> {
    let against = world::against(&place.ground.snapshot);
    if !wish.replace
        && let Some((near, base)) = near(place, store, wish)?
        && let Ok((plan, tables)) = plan(&near, wish, against)
    {
        return Ok((Planned { plan, tables }, base));
    }
    let (stored, base) = store.lines()?;
    let (plan, tables) = plan(&stored, wish, against).map_err(|refusal| match refusal {
        Refusal::Faults(faults) => Refused::Complaints(faults.into_iter().map(complaint).collect()),
        Refusal::Linked(linked) => Refused::Linked(linked),
    })?;
    Ok((Planned { plan, tables }, base))
}

/// What is near the lines that are wished for, where looking it up is worth it.
fn near(place: &Place, store: &Store, wish: &Wish<'_>) -> Result<Option<(Stored, u64)>, Refused> {
    let Ok(mut wanted) = Lines::of(wish) else { return Ok(None) };
    if wanted.count() > MOST_LOOKED_UP {
        return Ok(None);
    }
    let areas = place.settings.trunks.iter().flat_map(|trunk| &trunk.areas);
    let places = areas.flat_map(|area| [area.building.as_deref(), area.location.as_deref()]).flatten();
    let near = store.at_once(|store| Ok::<_, Trouble>((store.near(&mut wanted, places)?, store.version()?)))?;
    Ok(match near {
        (Some(near), base) => Some((near, base)),
        (None, _) => None,
    })
}

/// Puts a backup into the place of all that the store of a config holds. Returns the version of the change.
///
/// # Errors
/// As [`import`].
pub fn restore(config: &Path, from: &Path, author: &str) -> Result<u64, Refused> {
    let now = Clock::start().now().wall;
    let backup = store::of_backup(from, now)?;
    let Place { settings, document, store, mut texts, .. } = Place::of(config)?;
    let (tables, version) = backup.kept()?;
    texts.take(tables, version);
    World::build(settings, &document, &texts, Vec::new(), crate::base::hands::InTurn).map_err(Refused::Complaints)?;
    let mut store = Store::create(&store, now)?;
    Ok(store::restore(&mut store, &backup, author, now)?)
}

/// The store of a config that can be read, whatever its tables say.
///
/// # Errors
/// A config that is wrong or has no store; a store that does not serve.
pub fn open(config: &Path) -> Result<Store, Refused> {
    Ok(Store::open(&Place::of(config)?.store, Clock::start().now().wall)?)
}

/// A config, the store that it names and all that its tables must fit.
struct Place {
    settings: Settings,
    document: Document,
    store: PathBuf,
    texts: Texts,
    ground: Ground,
}

impl Place {
    fn of(config: &Path) -> Result<Place, Refused> {
        let (settings, document) = file::open(config).sound().map_err(Refused::Complaints)?;
        let Some(store) = settings.node.store.clone() else {
            let why = "is not set, so there is nothing to import into".to_owned();
            let remedy = "store = \"callbox.db\" in [node]".to_owned();
            return Err(Refused::Complaints(vec![document.complaint("node.store", why, remedy)]));
        };
        let mut complaints = Vec::new();
        let texts = Texts::beside(&settings, &document, &mut complaints);
        let ground = Ground::lay(&settings, &texts, complaints).and_then(Ground::sound).map_err(Refused::Complaints)?;
        Ok(Place { settings, document, store, texts, ground })
    }
}

/// Reads the files: each is the table of its name, and of a folder those are taken that are named as tables.
fn read(from: &[PathBuf]) -> Result<Vec<(Kind, Text)>, Vec<Complaint>> {
    let mut files = Vec::new();
    let mut complaints = Vec::new();
    let mut complain = |path: &Path, why: String, remedy: &str| {
        let file = path.display().to_string();
        complaints.push(Complaint { file, line: None, key: String::new(), why, remedy: remedy.into() });
    };
    for path in from {
        if path.is_dir() {
            let before = files.len();
            files.extend(
                Kind::ALL.map(|kind| (kind, path.join(kind.file()))).into_iter().filter(|(_, at)| at.is_file()),
            );
            if files.len() == before {
                complain(
                    path,
                    "has no file that is named as a table".into(),
                    "a folder with organisations.csv, sites.csv …",
                );
            }
        } else {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
            match Kind::ALL.into_iter().find(|kind| kind.file() == name) {
                Some(kind) => files.push((kind, path.clone())),
                None => complain(path, "is not named as a table".into(), "numbers.csv, wiremap.csv, users.csv …"),
            }
        }
    }
    let mut texts = Vec::new();
    for (kind, path) in files {
        match texts::bounded(&path, texts::MAX_TABLE_BYTES) {
            Ok(text) => texts.push((kind, text)),
            Err(error) => {
                complain(&path, format!("cannot be read ({error})"), "a file in UTF-8 that this user may read")
            }
        }
    }
    if complaints.is_empty() { Ok(texts) } else { Err(complaints) }
}
