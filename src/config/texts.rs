//! The files beside a config: from the disk, or from inside the binary for the lab.
use super::complaint::Complaint;
use super::document::{Document, MAX_FILE_BYTES};
use super::settings::Settings;
use std::borrow::Cow;
use std::io;
use std::path::Path;

/// The longest CSV or GeoJSON file that is read, in bytes: some ten million lines.
pub const MAX_TABLE_BYTES: usize = 1 << 30;

/// The tables, in the order of [`Texts::tables`].
pub const TABLES: [&str; 8] = [
    "organisations.csv",
    "sites.csv",
    "buildings.csv",
    "locations.csv",
    "numbers.csv",
    "wiremap.csv",
    "devices.csv",
    "users.csv",
];

/// The tables that need not be there: whose phones do not move has no use for them.
const OPTIONAL: [&str; 3] = ["wiremap.csv", "devices.csv", "users.csv"];

/// A file's name for complaints, and what it holds.
pub type Text = (Cow<'static, str>, Cow<'static, str>);

/// The files that a config names.
#[derive(Default)]
pub struct Texts {
    /// Dial plans, by name of file.
    pub dial_plans: Vec<Text>,
    /// What models of devices can do, by name of file.
    pub models: Vec<Text>,
    /// Boundaries of areas, by name of file.
    pub boundaries: Vec<Text>,
    /// The tables, as [`TABLES`] has them.
    pub tables: [Text; TABLES.len()],
    /// Files of cases, by name of file.
    pub cases: Vec<Text>,
}

impl Texts {
    /// Reads all of them. What cannot be read is told to `complaints` and stays empty.
    pub fn read(settings: &Settings, document: &Document, complaints: &mut Vec<Complaint>) -> Texts {
        let node = &settings.node;
        let mut unreadable = |key: &str, path: &Path, error: &io::Error, remedy: &str| {
            let why = format!("{} cannot be read ({error})", path.display());
            complaints.push(document.complaint(key, why, remedy.into()));
        };
        let mut texts = Texts::default();
        match toml_files(&node.dial_plans) {
            Ok(files) => texts.dial_plans = files,
            Err(error) => {
                unreadable("node.dial_plans", &node.dial_plans, &error, "a folder with a TOML file for each country");
            }
        }
        match toml_files(&node.device_models) {
            Ok(files) => texts.models = files,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => unreadable("node.device_models", &node.device_models, &error, "a folder of models, or none"),
        }
        match files(&node.boundaries, "geojson", MAX_TABLE_BYTES) {
            Ok(files) => texts.boundaries = files,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => unreadable("node.boundaries", &node.boundaries, &error, "a folder of boundaries, or none"),
        }
        match toml_files(&node.cases) {
            Ok(files) => texts.cases = files,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => unreadable("node.cases", &node.cases, &error, "a folder of cases, or none"),
        }
        for (name, text) in TABLES.iter().zip(&mut texts.tables) {
            let path = node.data.join(name);
            match bounded(&path, MAX_TABLE_BYTES) {
                Ok(read) => *text = read,
                Err(error) if error.kind() == io::ErrorKind::NotFound && OPTIONAL.contains(name) => {}
                Err(error) => unreadable("node.data", &path, &error, "a folder with the tables that conf/lab has"),
            }
        }
        texts
    }
}

fn toml_files(folder: &Path) -> io::Result<Vec<Text>> {
    files(folder, "toml", MAX_FILE_BYTES)
}

/// The files of one kind in a folder, by name.
fn files(folder: &Path, kind: &str, most: usize) -> io::Result<Vec<Text>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == kind) {
            paths.push(path);
        }
    }
    paths.sort();
    paths.iter().map(|path| bounded(path, most)).collect()
}

fn bounded(path: &Path, most: usize) -> io::Result<Text> {
    if std::fs::metadata(path)?.len() > most as u64 {
        return Err(io::Error::other(format!("it is larger than {most} bytes")));
    }
    Ok((path.display().to_string().into(), std::fs::read_to_string(path)?.into()))
}
