//! The config file and the environment over it.
use super::check;
use super::complaint::Complaint;
use super::document::Document;
use super::settings::Settings;
use super::table::Reader;
use std::path::{Path, PathBuf};

/// Reads the config at `path` with this process's environment over it. Everything that is wrong is told at once.
pub(super) fn open(path: &Path) -> Result<(Settings, Document), Vec<Complaint>> {
    let file = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| {
        vec![Complaint {
            file: file.clone(),
            line: None,
            key: String::new(),
            why: format!("cannot be read ({error})"),
            remedy: "--config with the path of a config that this user may read".into(),
        }]
    })?;
    let (mut settings, document) = read(&file, &text, &environment())?;
    settings.stand_in(path.parent().unwrap_or(Path::new("")));
    Ok((settings, document))
}

/// Reads a config from its text; `environment` is name and value of variables. Paths stay as they are written.
pub fn read(file: &str, text: &str, environment: &[(String, String)]) -> Result<(Settings, Document), Vec<Complaint>> {
    let mut complaints = Vec::new();
    let (document, values) = Document::parse(file, text, environment, &mut complaints);
    if let Some(values) = values {
        let settings = Settings::read(&mut Reader::new(&document, "", values, &mut complaints));
        if complaints.is_empty() {
            check::settings(&settings, &document, &mut complaints);
        }
        if complaints.is_empty() {
            return Ok((settings, document));
        }
    }
    complaints.sort_by(|left, right| (&left.file, left.line).cmp(&(&right.file, right.line)));
    Err(complaints)
}

fn environment() -> Vec<(String, String)> {
    let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
    let mut variables: Vec<_> = std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect();
    variables.retain(|(name, _)| name.starts_with("CALLBOX_"));
    variables.sort_unstable();
    variables
}

impl Settings {
    /// Makes its paths begin at `folder`, where they do not begin with a slash.
    fn stand_in(&mut self, folder: &Path) {
        let stand = |path: &mut PathBuf| *path = folder.join(&*path);
        stand(&mut self.node.data);
        stand(&mut self.node.dial_plans);
        stand(&mut self.node.cases);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        read("a.toml", text, &[]).map(|_| ()).unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn all_complaints_come_at_once_each_with_line_key_reason_and_remedy() {
        let text = "[node]\ndomain = \"sip.example.com\"\nmax_call = 5\nloopback_only = \"maybe\"\n[[trunk]]\nname = \"psap-1\"\nkind = \"psap\"\n\
                    port = 70000\n[lgo]\n";
        assert_eq!(
            told(text),
            [
                "a.toml:3 node.max_call: is not a key that callbox knows; try max_calls",
                "a.toml:4 node.loopback_only: is not true or false; try true",
                "a.toml:5 trunk[0].host: is not set; try host = \"text\"",
                "a.toml:7 trunk[0].kind: is not psap-i3, psap-legacy, relay, test, crisis, gateway or pbx; \
                 try \"psap-i3\"",
                "a.toml:8 trunk[0].port: is not a whole number up to 65535; try 5060",
                "a.toml:9 lgo: is not a key that callbox knows; try one of node, unknown_source, metrics, log, listener, \
                 trunk, source",
            ]
        );
    }

    #[test]
    fn a_file_that_is_not_there_is_one_complaint_and_no_panic() {
        let complaints = open(Path::new("/nowhere/callbox.toml")).map(|_| ()).unwrap_err();
        assert_eq!(complaints.len(), 1);
        assert!(complaints[0].to_string().starts_with("/nowhere/callbox.toml: cannot be read"));
    }

    #[test]
    fn variables_set_what_the_file_does_not_and_wrong_ones_are_blamed_on_the_environment() {
        let text = "[node]\ndomain = \"a.example\"\n[[listener]]\ntransport = \"udp\"\naddress = \"127.0.0.1:0\"\n[[trunk]]\nname = \"a\"\n\
                    kind = \"relay\"\nhost = \"192.0.2.1\"\n";
        let set = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let (settings, _) =
            read("a.toml", text, &[set("CALLBOX_NODE__MAX_CALLS", "7"), set("CALLBOX_LOG", "debug")]).unwrap();
        assert_eq!(settings.node.max_calls, 7);
        assert_eq!(settings.log.level, crate::edge::log::Level::Debug);
        let complaints = read("a.toml", text, &[set("CALLBOX_NODE__MAX_CALLS", "many")]).map(|_| ()).unwrap_err();
        assert_eq!(complaints[0].to_string(), "environment node.max_calls: is not a whole number; try 1000");
    }
}
