//! The contact centers whose agents' presence is managed, read and checked.
use super::complaint::{Complaint, nearest};
use super::document::{Document, MAX_FILE_BYTES};
use super::notices::{Notices, check_secret, check_url, is_here};
use super::settings::{Presence, Settings};
use super::texts::bounded;
use crate::base::private::Private;
use crate::edge::deliver::webhook;
use crate::edge::presence::{Setup, hook, publish};
use crate::presence::{Hold, Manner, Terms};
use crate::record::User;
use crate::record::table::Tables;
use core::time::Duration;
use std::sync::Arc;

/// The secret of each contact center that is in a file, in their order.
pub type Secrets = Vec<Option<Private<String>>>;

/// The longest word for do-not-disturb, in bytes.
const LONGEST_WORD: usize = 255;

/// The shortest life of a publication, in seconds: it is refreshed at half of it.
const SHORTEST_LIFE: u32 = 60;

/// The longest, in seconds.
const LONGEST_LIFE: u32 = 3600;

/// All of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Presences {
    /// The contact centers, at most one of an organisation.
    pub adapters: Vec<Adapter>,
    /// Issuers of certificates that are trusted beside the system's, in PEM.
    pub issuers: Option<Arc<str>>,
}

/// One contact center.
#[derive(Clone, Debug, PartialEq)]
pub struct Adapter {
    /// Its name.
    pub name: Arc<str>,
    /// Whose agents it has.
    pub organisation: Arc<str>,
    /// How do-not-disturb is shown there, and until when.
    pub terms: Terms,
    /// How it is reached.
    pub setup: Setup,
}

impl Presences {
    /// The contact center of an organisation.
    pub fn of(&self, organisation: &str) -> Option<&Adapter> {
        self.adapters.iter().find(|adapter| *adapter.organisation == *organisation)
    }
}

/// Reads the secrets that are in files. What cannot be read is told to `complaints`.
pub fn secrets(settings: &Settings, document: &Document, complaints: &mut Vec<Complaint>) -> Secrets {
    let mut read = |(at, presence): (usize, &Presence)| {
        let path = presence.secret_file.as_deref()?;
        match bounded(path, MAX_FILE_BYTES) {
            Ok((_, text)) => Some(Private::new(text.trim().to_owned())),
            Err(error) => {
                let why = format!("{} cannot be read ({error})", path.display());
                let key = format!("presence[{at}].secret_file");
                complaints.push(document.complaint(&key, why, "a file that callbox may read".into()));
                None
            }
        }
    };
    settings.presences.iter().enumerate().map(&mut read).collect()
}

/// Puts them together.
pub fn of(
    settings: &Settings,
    secrets: &Secrets,
    notices: &Notices,
    document: &Document,
    complaints: &mut Vec<Complaint>,
) -> Presences {
    let adapters = settings.presences.iter().enumerate().filter_map(|(at, presence)| {
        let before = complaints.len();
        let mut complain = |key: &str, why: &str, remedy: &str| {
            complaints.push(document.complaint(&format!("presence[{at}].{key}"), why.into(), remedy.into()));
        };
        names(&settings.presences, at, &mut complain);
        let secret = secrets.get(at).cloned().flatten().or_else(|| presence.secret.clone()).unwrap_or_default();
        let setup = match presence.kind {
            Manner::Replaces => hook(settings, presence, secret, &mut complain),
            Manner::Adds => publisher(settings, presence, &mut complain),
        };
        let terms = terms(settings, presence);
        let (name, organisation) = (presence.name.as_str().into(), presence.organisation.as_str().into());
        setup.filter(|_| complaints.len() == before).map(|setup| Adapter { name, organisation, terms, setup })
    });
    Presences { adapters: adapters.collect(), issuers: notices.issuers.clone() }
}

type Complain<'a> = dyn FnMut(&str, &str, &str) + 'a;

fn names(all: &[Presence], at: usize, complain: &mut Complain<'_>) {
    let (presence, others) = (&all[at], &all[..at]);
    let is_sound = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if presence.name.is_empty() || !presence.name.bytes().all(is_sound) {
        complain("name", "is no name for a contact center", "small letters, digits and hyphens");
    }
    if others.iter().any(|other| other.name == presence.name) {
        complain("name", "is the name of another contact center", "a name of its own");
    }
    if others.iter().any(|other| other.organisation == presence.organisation) {
        complain("organisation", "has another contact center already", "one for each organisation");
    }
    let word = &presence.do_not_disturb;
    if word.trim().is_empty() || word.len() > LONGEST_WORD || word.contains(char::is_control) {
        complain("do_not_disturb", "is no word for a state", "\"do_not_disturb\"");
    }
}

fn terms(settings: &Settings, presence: &Presence) -> Terms {
    let secs = |secs: u32| Duration::from_secs(secs.into());
    let callback = &settings.callback;
    let hold = || Hold { lease: secs(callback.lease_secs), after: secs(callback.lease_after_secs) };
    Terms {
        manner: presence.kind,
        ours: Private::new(presence.do_not_disturb.as_str().into()),
        hold: presence.hold_for_callback.then(hold),
    }
}

fn within(presence: &Presence) -> Duration {
    Duration::from_secs(presence.timeout_secs.max(1).into())
}

fn hook(
    settings: &Settings,
    presence: &Presence,
    secret: Private<String>,
    complain: &mut Complain<'_>,
) -> Option<Setup> {
    check_secret(&secret, &mut |why, remedy| complain("secret", why, remedy));
    if presence.server.is_some() {
        complain("server", "is for kind = \"publish\"", "read_url and set_url");
    }
    let mut address = |key: &str, url: &Option<String>| {
        let Some(url) = url else {
            complain(key, "is not set", "\"https://center.example.com/presence\"");
            return None;
        };
        let setup = webhook::Setup {
            url: url.clone(),
            secret: secret.clone(),
            within: within(presence),
            loopback_only: settings.node.loopback_only,
        };
        check_url(&setup, &mut |why, remedy| complain(key, why, remedy));
        Some(setup)
    };
    let (read, set) = (address("read_url", &presence.read_url), address("set_url", &presence.set_url));
    Some(Setup::Webhook(hook::Setup { read: read?, set: set? }))
}

fn publisher(settings: &Settings, presence: &Presence, complain: &mut Complain<'_>) -> Option<Setup> {
    for (key, is_set) in [("read_url", presence.read_url.is_some()), ("set_url", presence.set_url.is_some())] {
        if is_set {
            complain(key, "is for kind = \"webhook\"", "server");
        }
    }
    if presence.auth_user.is_some() != presence.auth_password.is_some() {
        complain("auth_password", "is half of a login", "auth_user and auth_password, or neither");
    }
    if !(SHORTEST_LIFE..=LONGEST_LIFE).contains(&presence.expires_secs) {
        complain("expires_secs", "is shorter than a minute or longer than an hour", "300");
    }
    let server = presence.server.clone().filter(|server| {
        let port = server.rsplit_once(':').map(|(host, port)| (host, port.parse::<u16>()));
        matches!(port, Some((host, Ok(1..))) if !host.is_empty() && !host.contains(['/', '@', ' ']))
    });
    if server.is_none() {
        complain("server", "is no host with a port", "\"presence.example.com:5060\"");
    }
    let host = server.as_deref().and_then(|server| server.rsplit_once(':')).map_or("", |(host, _)| host);
    if settings.node.loopback_only && server.is_some() && !is_here(host.trim_matches(['[', ']'])) {
        complain("server", "is not on this machine, and node.loopback_only is set", "\"127.0.0.1:5060\"");
    }
    Some(Setup::Publish(publish::Setup {
        server: server?,
        transport: presence.transport,
        expires: presence.expires_secs,
        login: presence.auth_user.clone().zip(presence.auth_password.clone()),
        domain: settings.node.domain.as_str().into(),
        within: within(presence),
        loopback_only: settings.node.loopback_only,
    }))
}

/// Whether every contact center is somebody's.
pub fn check_organisations(settings: &Settings, tables: &Tables, document: &Document, complaints: &mut Vec<Complaint>) {
    for (at, presence) in settings.presences.iter().enumerate() {
        if !tables.organisations.iter().any(|organisation| *organisation.id == *presence.organisation) {
            let known = tables.organisations.iter().map(|organisation| &*organisation.id);
            let remedy = nearest(&presence.organisation, known).unwrap_or("an organisation of organisations.csv");
            let key = format!("presence[{at}].organisation");
            complaints.push(document.complaint(&key, "there is no such organisation".into(), remedy.into()));
        }
    }
}

/// Whether what is published can be: it needs a SIP URI.
pub fn check_users(presences: &Presences, users: &[Arc<User>], file: &str, complaints: &mut Vec<Complaint>) {
    if presences.adapters.iter().all(|adapter| adapter.terms.manner == Manner::Replaces) {
        return;
    }
    for user in users {
        let Some(key) = &user.presence else { continue };
        let adapter = presences.of(&user.organisation);
        let is_published = adapter.is_some_and(|adapter| adapter.terms.manner == Manner::Adds);
        if is_published && !publish::is_address(key.expose()) {
            let why = format!("{} has no SIP URI there, and its organisation's presence is published", user.id);
            let remedy = "sip:name@host".to_owned();
            complaints.push(Complaint { file: file.to_owned(), line: None, key: "presence".into(), why, remedy });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::file;
    use super::*;

    fn told(config: &str) -> (Presences, Vec<String>) {
        let reading = file::read("callbox.toml", config, &[]);
        let (settings, document) = reading.read.expect("it is TOML");
        let mut complaints = Vec::new();
        let secrets = secrets(&settings, &document, &mut complaints);
        let presences = of(&settings, &secrets, &Notices::default(), &document, &mut complaints);
        (presences, complaints.iter().map(ToString::to_string).collect())
    }

    const HOOK: &str = "[[presence]]\nname = \"center\"\norganisation = \"acme\"\nkind = \"webhook\"\n\
                        read_url = \"https://a.example/read\"\nset_url = \"https://a.example/set\"\n\
                        secret = \"sixteen letters!\"\n";
    const PUBLISH: &str = "[[presence]]\nname = \"sip\"\norganisation = \"other\"\nkind = \"publish\"\n\
                           server = \"presence.example:5060\"\nhold_for_callback = true\n";

    #[test]
    fn contact_centers_are_read_each_with_what_its_kind_needs() {
        let (presences, complaints) = told(&[HOOK, PUBLISH].concat());
        assert_eq!(complaints, Vec::<String>::new());
        let manner = |organisation| presences.of(organisation).map(|adapter| adapter.terms.manner);
        assert_eq!(
            (manner("acme"), manner("other"), manner("third")),
            (Some(Manner::Replaces), Some(Manner::Adds), None)
        );
        assert_eq!(presences.of("acme").and_then(|adapter| adapter.terms.hold), None);
        let hold = Hold { lease: Duration::from_secs(3600), after: Duration::from_secs(1800) };
        assert_eq!(presences.of("other").and_then(|adapter| adapter.terms.hold), Some(hold));
    }

    #[test]
    fn what_does_not_serve_is_told_with_its_line_its_reason_and_a_remedy() {
        let wrong = HOOK.replace("https://a.example/set", "http://a.example/set").replace("sixteen", "six");
        let (presences, complaints) = told(&(wrong + &PUBLISH.replace(":5060", "").replace("other", "acme")));
        assert_eq!(presences.adapters, []);
        let begins = |at: usize, text: &str| assert!(complaints[at].starts_with(text), "{complaints:#?}");
        assert_eq!(complaints.len(), 4, "{complaints:#?}");
        begins(0, "callbox.toml:7 presence[0].secret: is not there, or shorter");
        begins(1, "callbox.toml:6 presence[0].set_url: lets everybody on the way read");
        begins(2, "callbox.toml:10 presence[1].organisation: has another contact center already; try one for each");
        begins(3, "callbox.toml:12 presence[1].server: is no host with a port; try \"presence.example.com:5060\"");
    }

    #[test]
    fn a_node_that_stays_on_its_machine_publishes_nowhere_else() {
        let (_, complaints) = told(&["[node]\nloopback_only = true\n", PUBLISH].concat());
        assert_eq!(complaints.len(), 1, "{complaints:#?}");
        assert!(complaints[0].contains("presence[0].server: is not on this machine"), "{complaints:#?}");
        let here = PUBLISH.replace("presence.example", "[::1]");
        assert_eq!(told(&["[node]\nloopback_only = true\n", &here].concat()).1, Vec::<String>::new());
    }

    #[test]
    fn who_is_published_has_a_sip_uri() {
        let (presences, _) = told(PUBLISH);
        let user = |key: &str| {
            Arc::new(User {
                id: "ann".into(),
                organisation: "other".into(),
                site: "hq".into(),
                location: None,
                lines: Vec::new(),
                devices: Vec::new(),
                ecbn: None,
                did_fallback: None,
                presence: Some(Private::new(key.into())),
            })
        };
        let mut complaints = Vec::new();
        check_users(&presences, &[user("sip:ann@a.example"), user("ann-17")], "users.csv", &mut complaints);
        assert_eq!(complaints.len(), 1);
        assert!(!complaints[0].to_string().contains("ann-17"), "{}", complaints[0]);
    }
}
