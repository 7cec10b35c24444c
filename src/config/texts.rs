//! The files beside a config: from the disk, or from inside the binary for the lab.
use super::complaint::Complaint;
use super::document::{Document, MAX_FILE_BYTES};
use super::notices::NoticeTexts;
use super::presence;
use super::settings::Settings;
use crate::edge::clock::Clock;
use crate::edge::http::tls::Certificate;
use crate::edge::store::Store;
use crate::record::table::Kind;
use std::borrow::Cow;
use std::io;
use std::path::Path;

/// The longest CSV or GeoJSON file that is read, in bytes: some ten million lines.
pub const MAX_TABLE_BYTES: usize = 1 << 30;

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
    /// The tables that are there.
    pub tables: Vec<(Kind, Text)>,
    /// The version of the store that they are, where there is one.
    pub version: Option<u64>,
    /// Files of cases, by name of file.
    pub cases: Vec<Text>,
    /// What notices need.
    pub notices: NoticeTexts,
    /// The secret of each contact center that is in a file.
    pub presence: presence::Secrets,
}

impl Texts {
    /// The name of a table's file, for complaints.
    pub fn name_of(&self, kind: Kind) -> String {
        let file = self.tables.iter().find(|(known, _)| *known == kind);
        file.map_or_else(|| kind.file().to_owned(), |(_, (name, _))| name.to_string())
    }

    /// Reads all of them. What cannot be read is told to `complaints` and stays empty.
    pub fn read(settings: &Settings, document: &Document, complaints: &mut Vec<Complaint>) -> Texts {
        let mut texts = Texts::beside(settings, document, complaints);
        match &settings.node.store {
            Some(path) => texts.read_store(path, document, complaints),
            None => texts.read_data(&settings.node.data, document, complaints),
        }
        texts
    }

    /// Reads what tables stand on, and no tables.
    pub fn beside(settings: &Settings, document: &Document, complaints: &mut Vec<Complaint>) -> Texts {
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
        texts.notices = NoticeTexts::read(settings, document, complaints);
        texts.presence = presence::secrets(settings, document, complaints);
        let http = &settings.http;
        if let Some((certificate, key)) = http.tls_certificate.as_deref().zip(http.tls_key.as_deref())
            && let Err(why) = Certificate::load(certificate, key)
        {
            let remedy = "a PEM file, and its key in tls_key";
            complaints.push(document.complaint("http.tls_certificate", why, remedy.into()));
        }
        texts
    }

    fn read_data(&mut self, data: &Path, document: &Document, complaints: &mut Vec<Complaint>) {
        for kind in Kind::ALL {
            let path = data.join(kind.file());
            match bounded(&path, MAX_TABLE_BYTES) {
                Ok(read) => self.tables.push((kind, read)),
                Err(error) if error.kind() == io::ErrorKind::NotFound && kind.is_optional() => {}
                Err(error) => {
                    let why = format!("{} cannot be read ({error})", path.display());
                    complaints.push(document.complaint(
                        "node.data",
                        why,
                        "a folder with the tables that conf/lab has".into(),
                    ));
                }
            }
        }
    }

    fn read_store(&mut self, path: &Path, document: &Document, complaints: &mut Vec<Complaint>) {
        match Store::look(path, Clock::start().now().wall).and_then(|store| store.kept()) {
            Ok((tables, version)) => self.take(tables, version),
            Err(trouble) => {
                let remedy = "`callbox import` with the tables, or `callbox restore`".into();
                complaints.push(document.complaint("node.store", trouble.to_string(), remedy));
            }
        }
    }

    /// Takes what a store holds for its tables.
    pub fn take(&mut self, tables: Vec<(Kind, String)>, version: u64) {
        let named = |(kind, text): (Kind, String)| (kind, (format!("store/{}", kind.file()).into(), text.into()));
        self.tables = tables.into_iter().map(named).collect();
        self.version = Some(version);
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

/// Reads a file of text that is no longer than `most` bytes.
pub(super) fn bounded(path: &Path, most: usize) -> io::Result<Text> {
    if std::fs::metadata(path)?.len() > most as u64 {
        return Err(io::Error::other(format!("it is larger than {most} bytes")));
    }
    Ok((path.display().to_string().into(), std::fs::read_to_string(path)?.into()))
}
