//! A copy of the lab's config that a test may change.
use crate::router::in_repository;
use crate::sipp::Wire;
use std::io::Write;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The copy, until the value goes.
pub struct LabConfig {
    folder: TempDir,
}

impl LabConfig {
    /// The lab as it is.
    pub fn copied() -> LabConfig {
        let folder = TempDir::new().expect("a temporary folder");
        copy(&in_repository("conf"), folder.path());
        LabConfig { folder }
    }

    /// The config file.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("lab.toml")
    }

    /// Changes the file as an editor would.
    pub fn replace(&self, before: &str, after: &str) {
        let text = std::fs::read_to_string(self.file()).expect("the config reads");
        assert!(text.contains(before), "the lab's config has no {before:?} any more");
        std::fs::write(self.file(), text.replacen(before, after, 1)).expect("the config writes");
    }

    /// Adds a PSAP that serves this room, and is not asked between calls.
    pub fn psap(&self, name: &str, wire: Wire, room: &str) {
        self.psap_of(name, wire, &format!("{{ location = \"{room}\" }}"));
    }

    /// The same for any area.
    pub fn psap_of(&self, name: &str, wire: Wire, area: &str) {
        let (host, port) = (wire.own.ip(), wire.own.port());
        let transport = if wire.stream { "tcp" } else { "udp" };
        self.append(
            "lab.toml",
            &format!(
                "\n[[trunk]]\nname = \"{name}\"\nkind = \"psap-i3\"\nhost = \"{host}\"\nport = {port}\n\
                 transport = \"{transport}\"\nprobe = \"calls_only\"\nareas = [{area}]\n"
            ),
        );
    }

    /// Adds a room.
    pub fn room(&self, name: &str) {
        self.append("lab/locations.csv", &format!("{name},hq-main,1,{name},\n"));
    }

    /// Adds a line whose phone is in this room.
    pub fn line(&self, number: &str, room: &str) {
        self.append("lab/numbers.csv", &format!("{number},hq,{room},,yes\n"));
    }

    /// Lets a socket of the lab's switch lead to this room.
    pub fn socket(&self, port: &str, room: &str) {
        self.append("lab/wiremap.csv", &format!("acme,{room},02-00-00-00-01-01,{port},,,,\n"));
    }

    /// Gives an extension that has none this address.
    pub fn gives_address(&self, extension: &str, room: &str) {
        let path = self.folder.path().join("lab/numbers.csv");
        let text = std::fs::read_to_string(&path).expect("the table reads");
        let line = format!("{extension},hq,,");
        assert!(text.contains(&line), "{extension} has an address");
        std::fs::write(&path, text.replace(&line, &format!("{extension},hq,{room},"))).expect("the table writes");
    }

    /// Takes the callback numbers from the lab's site, whose callers are to show one before all others.
    pub fn lends_nothing(&self) {
        let path = self.folder.path().join("lab/sites.csv");
        let text = std::fs::read_to_string(&path).expect("the table reads");
        let kept = |line: &str| {
            let mut cells: Vec<&str> = line.split(',').collect();
            cells.get_mut(7).into_iter().filter(|cell| cell.starts_with('+')).for_each(|cell| *cell = "");
            let more = match cells[0] {
                "id" => ",callback_first",
                "hq" => ",lease",
                first if first.starts_with('#') => "",
                _ => ",",
            };
            cells.join(",") + more
        };
        let lines: Vec<String> = text.lines().map(kept).collect();
        std::fs::write(&path, lines.join("\n") + "\n").expect("the table writes");
    }

    /// Lets no number's address stand in for a desk phone that asks where it is.
    pub fn trusts_numbers_of_no_phone(&self) {
        let path = self.folder.path().join("lab/organisations.csv");
        let text = std::fs::read_to_string(&path).expect("the table reads");
        let more = text.trim_end().replace(",secrets\nacme,", ",secrets,did_fallback_desk\nacme,");
        std::fs::write(&path, format!("{more},no\n")).expect("the table writes");
    }

    /// Changes the secrets of the lab's organisation.
    pub fn secrets(&self, change: &dyn Fn(&str) -> String) {
        let path = self.folder.path().join("lab/organisations.csv");
        let text = std::fs::read_to_string(&path).expect("the table reads");
        let (rest, secrets) = text.trim_end().rsplit_once(',').expect("secrets are the last column");
        std::fs::write(&path, format!("{rest},{}\n", change(secrets))).expect("the table writes");
    }

    /// Adds lines to a file.
    pub fn append(&self, file: &str, lines: &str) {
        let opened = std::fs::File::options().append(true).open(self.folder.path().join(file));
        opened.and_then(|mut file| file.write_all(lines.as_bytes())).expect("the copy is ours");
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("the folder reads") {
        let (from, name) = entry.map(|entry| (entry.path(), entry.file_name())).expect("the entry reads");
        let to = to.join(name);
        if from.is_dir() {
            std::fs::create_dir(&to).expect("a folder can be made");
            copy(&from, &to);
        } else {
            std::fs::copy(&from, &to).expect("a file can be copied");
        }
    }
}
