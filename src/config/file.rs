//! The config file and the environment over it.
use super::check;
use super::complaint::Complaint;
use super::document::Document;
use super::settings::Settings;
use super::table::Reader;
use std::path::{Path, PathBuf};

/// A config as far as it could be read, and everything that is wrong with it.
pub struct Reading {
    /// The settings and the text they come from; `None` when the file is not there or no TOML. With complaints, what
    /// they are about has its default.
    pub read: Option<(Settings, Document)>,
    /// Everything that is wrong with it.
    pub complaints: Vec<Complaint>,
}

/// The settings of the config at `path`, with this process's environment over it. The files that it names are not read.
///
/// # Errors
/// Everything that is wrong with it.
pub fn settings(path: &Path) -> Result<Settings, Vec<Complaint>> {
    open(path).sound().map(|(settings, _)| settings)
}

/// Reads the config at `path` with this process's environment over it.
pub(super) fn open(path: &Path) -> Reading {
    let file = path.display().to_string();
    match std::fs::read_to_string(path) {
        Ok(text) => {
            let mut reading = read(&file, &text, &environment());
            if let Some((settings, _)) = &mut reading.read {
                settings.stand_in(path.parent().unwrap_or(Path::new("")));
            }
            reading
        }
        Err(error) => {
            let why = format!("cannot be read ({error})");
            let remedy = "--config with the path of a config that this user may read".into();
            let complaints = vec![Complaint { file, line: None, key: String::new(), why, remedy }];
            Reading { read: None, complaints }
        }
    }
}

/// Reads a config from its text; `environment` is name and value of variables. Paths stay as they are written.
pub fn read(file: &str, text: &str, environment: &[(String, String)]) -> Reading {
    let mut complaints = Vec::new();
    let (document, values) = Document::parse(file, text, environment, &mut complaints);
    let read = values.map(|values| {
        let settings = Settings::read(&mut Reader::new(&document, "", values, &mut complaints));
        check::settings(&settings, &document, &mut complaints);
        (settings, document)
    });
    Reading { read, complaints }
}

impl Reading {
    /// The settings, when nothing is wrong.
    pub fn sound(self) -> Result<(Settings, Document), Vec<Complaint>> {
        match self.read {
            Some(read) if self.complaints.is_empty() => Ok(read),
            _ => Err(self.complaints),
        }
    }
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
        self.node.store.iter_mut().chain(&mut self.node.state).for_each(stand);
        stand(&mut self.node.dial_plans);
        stand(&mut self.node.device_models);
        stand(&mut self.node.boundaries);
        stand(&mut self.node.cases);
        stand(&mut self.client.trusted_certificates);
        stand(&mut self.notices.templates);
        self.notices.issuers.iter_mut().for_each(stand);
        for hook in &mut self.webhooks {
            hook.body.iter_mut().chain(&mut hook.secret_file).for_each(stand);
        }
        self.http.tls_certificate.iter_mut().chain(&mut self.http.tls_key).for_each(stand);
    }
}

#[cfg(test)]
mod tests {
    use super::super::complaint::ordered;
    use super::*;

    fn told(text: &str) -> Vec<String> {
        ordered(read("a.toml", text, &[]).complaints).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn all_complaints_come_at_once_each_with_line_key_reason_and_remedy() {
        let text = "[node]\ndomain = \"sip.example.com\"\nmax_call = 5\nloopback_only = \"maybe\"\n[[trunk]]\nname = \"psap-1\"\nkind = \"psap\"\n\
                    port = 70000\n[lgo]\n";
        assert_eq!(
            told(text),
            [
                "a.toml listener: there is no listener, so no call can come in; try [[listener]] with \
                 transport = \"udp\" and address = \"192.0.2.1:5060\"",
                "a.toml:3 node.max_call: is not a key that callbox knows; try max_calls",
                "a.toml:4 node.loopback_only: is not true or false; try true",
                "a.toml:5 trunk[0].host: is not set; try host = \"192.0.2.10\"",
                "a.toml:7 trunk[0].kind: is not psap-i3, psap-legacy, relay, test, crisis, gateway or pbx; \
                 try \"psap-i3\"",
                "a.toml:8 trunk[0].port: is not a whole number up to 65535; try 5060",
                "a.toml:9 lgo: is not a key that callbox knows; try one of node, unknown_source, metrics, http, client, \
                 ivr, callback, notices, mail, log, listener, trunk, source, webhook, presence",
            ]
        );
    }

    #[test]
    fn a_file_that_is_not_there_is_one_complaint_and_no_panic() {
        let complaints = open(Path::new("/nowhere/callbox.toml")).complaints;
        assert_eq!(complaints.len(), 1);
        assert!(complaints[0].to_string().starts_with("/nowhere/callbox.toml: cannot be read"));
    }

    #[test]
    fn variables_set_what_the_file_does_not_and_wrong_ones_are_blamed_on_the_environment() {
        let text = "[node]\ndomain = \"a.example\"\n[[listener]]\ntransport = \"udp\"\naddress = \"127.0.0.1:0\"\n[[trunk]]\nname = \"a\"\n\
                    kind = \"relay\"\nhost = \"192.0.2.1\"\n";
        let set = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let (settings, _) =
            read("a.toml", text, &[set("CALLBOX_NODE__MAX_CALLS", "7"), set("CALLBOX_LOG", "debug")]).sound().unwrap();
        assert_eq!(settings.node.max_calls, 7);
        assert_eq!(settings.log.level, crate::edge::log::Level::Debug);
        let complaints = read("a.toml", text, &[set("CALLBOX_NODE__MAX_CALLS", "many")]).complaints;
        assert_eq!(complaints[0].to_string(), "environment node.max_calls: is not a whole number; try 1000");
    }
}
