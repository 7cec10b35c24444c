//! Who is told, how and in which words: templates, mail server and webhooks, read and checked.
use super::complaint::Complaint;
use super::document::{Document, MAX_FILE_BYTES};
use super::settings::{Mail, Settings, Webhook};
use super::texts::{Text, bounded};
use crate::base::private::Private;
use crate::edge::deliver::{mail, webhook};
use crate::notice::template::{self, Escape, Fault, Template, Templates};
use crate::notice::{Channel, Notice};
use crate::record::Recipient;
use core::time::Duration;
use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// The shortest secret of a webhook, in bytes.
const SHORTEST_SECRET: usize = 16;

/// The files that notices need.
#[derive(Clone, Default)]
pub struct NoticeTexts {
    /// Templates, each with its language.
    templates: Vec<(String, Text)>,
    /// The body of each webhook, where it has a template.
    bodies: Vec<Option<Text>>,
    /// The secret of each webhook that is in a file.
    secrets: Vec<Option<Private<String>>>,
    /// Issuers of certificates.
    issuers: Option<Text>,
}

/// A webhook, ready to be used.
#[derive(Clone, PartialEq)]
pub struct Hook {
    /// Its name.
    pub name: Arc<str>,
    /// Where it is.
    pub setup: webhook::Setup,
    /// Its body, where it has a template of its own.
    pub body: Option<template::Text>,
    /// Its headers.
    pub headers: Vec<(String, template::Text)>,
    /// How values are written in its body.
    pub escape: Escape,
    /// Its media type.
    pub content_type: String,
}

/// Shows its name: headers may have secrets.
impl core::fmt::Debug for Hook {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(out, "Hook({})", self.name)
    }
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Notices {
    /// The words.
    pub templates: Arc<Templates>,
    /// The language of who names none.
    pub language: String,
    /// Within which time of its beginning a call counts as dialled by mistake.
    pub misdial: Duration,
    /// How long a message is tried.
    pub lifetime: Duration,
    /// After how long without an acknowledgement the next step of a group is told.
    pub step_after: Duration,
    /// What the address of an acknowledgement begins with.
    pub link: Option<String>,
    /// The mail server.
    pub mail: Option<mail::Setup>,
    /// The webhooks.
    pub hooks: Vec<Hook>,
    /// Issuers of certificates that are trusted beside the system's, in PEM.
    pub issuers: Option<Arc<str>>,
    /// Whether desks can listen anywhere.
    pub desks: bool,
}

impl NoticeTexts {
    /// Reads all of them. What cannot be read is told to `complaints`.
    pub fn read(settings: &Settings, document: &Document, complaints: &mut Vec<Complaint>) -> NoticeTexts {
        let mut texts = NoticeTexts::default();
        let mut unreadable = |key: String, path: &Path, error: &io::Error, remedy: &str| {
            let why = format!("{} cannot be read ({error})", path.display());
            complaints.push(document.complaint(&key, why, remedy.into()));
        };
        let folder = &settings.notices.templates;
        match templates(folder) {
            Ok(found) => texts.templates = found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                unreadable(
                    "notices.templates".into(),
                    folder,
                    &error,
                    "a folder with one of templates a language, or none",
                );
            }
        }
        let mut file = |key: String, path: Option<&Path>| {
            let path = path?;
            bounded(path, MAX_FILE_BYTES)
                .inspect_err(|error| unreadable(key, path, error, "a file that callbox may read"))
                .ok()
        };
        for (at, hook) in settings.webhooks.iter().enumerate() {
            texts.bodies.push(file(format!("webhook[{at}].body"), hook.body.as_deref()));
            let secret = file(format!("webhook[{at}].secret_file"), hook.secret_file.as_deref());
            texts.secrets.push(secret.map(|(_, text)| Private::new(text.trim().to_owned())));
        }
        texts.issuers = file("notices.issuers".into(), settings.notices.issuers.as_deref());
        texts
    }
}

/// The templates of all languages: a folder each.
fn templates(folder: &Path) -> io::Result<Vec<(String, Text)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let language = path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
        let (Some(language), true) = (language, path.is_dir()) else { continue };
        for file in std::fs::read_dir(&path)? {
            let file = file?.path();
            if file.extension().is_some_and(|extension| extension == "txt") {
                found.push((language.clone(), bounded(&file, MAX_FILE_BYTES)?));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Puts it all together.
pub fn of(settings: &Settings, texts: &NoticeTexts, document: &Document, complaints: &mut Vec<Complaint>) -> Notices {
    let notices = &settings.notices;
    let mut all = Templates::built_in();
    for (language, (file, text)) in &texts.templates {
        let word = Path::new(&**file).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let Some(notice) = Notice::read(word) else {
            let known: Vec<_> = Notice::ALL.iter().map(|notice| notice.text()).collect();
            let why = "is named like no notice".into();
            let remedy = format!("one of {}, with .txt", known.join(", "));
            complaints.push(Complaint { file: file.to_string(), line: None, key: String::new(), why, remedy });
            continue;
        };
        match Template::read(notice, text) {
            Ok(template) => all.put(language, notice, template),
            Err(faults) => complaints.extend(faults.into_iter().map(|fault| in_file(file, fault))),
        }
    }
    if all.all().iter().all(|(language, ..)| *language != notices.language) {
        let why = "is a language without templates".into();
        complaints.push(document.complaint("notices.language", why, "\"en\"".into()));
    }
    let issuers: Option<Arc<str>> = texts.issuers.as_ref().map(|(_, text)| (**text).into());
    let hooks = settings.webhooks.iter().enumerate();
    let hooks = hooks.filter_map(|(at, one)| hook(settings, texts, at, one, document, complaints)).collect();
    let public_url = settings.http.address.and(settings.http.public_url.as_deref());
    Notices {
        templates: Arc::new(all),
        language: notices.language.clone(),
        misdial: Duration::from_secs(settings.callback.misdial_secs.into()),
        lifetime: Duration::from_secs(u64::from(notices.keep_trying_hours) * 3600),
        step_after: Duration::from_secs(notices.step_after_secs.into()),
        link: public_url.map(|url| [url.trim_end_matches('/'), "/notices/"].concat()),
        mail: mail_of(settings, &settings.mail, issuers.as_deref(), document, complaints),
        hooks,
        issuers,
        desks: settings.http.address.is_some(),
    }
}

fn in_file(file: &str, fault: Fault) -> Complaint {
    let Fault { line, why, remedy } = fault;
    Complaint { file: file.to_owned(), line: Some(line), key: String::new(), why, remedy: format!("to {remedy}") }
}

fn mail_of(
    settings: &Settings,
    mail: &Mail,
    issuers: Option<&str>,
    document: &Document,
    complaints: &mut Vec<Complaint>,
) -> Option<mail::Setup> {
    let host = mail.host.clone()?;
    let mut complain = |key: &str, why: &str, remedy: &str| {
        complaints.push(document.complaint(key, why.into(), remedy.into()));
    };
    let fallback = format!("callbox@{}", settings.node.domain);
    let from = mail.from.clone().unwrap_or(fallback);
    let login = mail.user.clone().zip(mail.password.clone());
    if mail.user.is_some() != mail.password.is_some() {
        complain("mail.password", "is half of a login", "user and password, or neither");
    }
    if mail.security == mail::Security::None && !is_here(&host) {
        complain("mail.security", "lets everybody on the way read what is sent", "\"starttls\" or \"tls\"");
    }
    if settings.node.loopback_only && !is_here(&host) {
        complain("mail.host", "is not on this machine, and node.loopback_only is set", "\"127.0.0.1\"");
    }
    let setup = mail::Setup {
        host,
        port: mail.port,
        security: mail.security,
        login,
        from,
        fallback: mail.fallback_from.clone(),
        issuers: issuers.map(|text| text.as_bytes().to_vec()),
        within: Duration::from_secs(mail.timeout_secs.max(1).into()),
        domain: settings.node.domain.clone(),
    };
    if let Err(why) = crate::edge::deliver::Mail::new(&setup) {
        complain("mail.from", &format!("does not serve: {why}"), "\"callbox@example.com\"");
    }
    Some(setup)
}

/// Whether a host is this machine.
pub(super) fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse::<core::net::IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
}

fn hook(
    settings: &Settings,
    texts: &NoticeTexts,
    at: usize,
    hook: &Webhook,
    document: &Document,
    complaints: &mut Vec<Complaint>,
) -> Option<Hook> {
    let before = complaints.len();
    let mut complain = |key: &str, why: &str, remedy: &str| {
        complaints.push(document.complaint(&format!("webhook[{at}].{key}"), why.into(), remedy.into()));
    };
    let is_name =
        |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !is_name(&hook.name) || hook.name == Channel::Email.text() {
        complain("name", "is no name for a webhook", "small letters, digits and hyphens");
    }
    if settings.webhooks[..at].iter().any(|other| other.name == hook.name) {
        complain("name", "is the name of another webhook", "a name of its own");
    }
    let secret = texts.secrets.get(at).cloned().flatten().or_else(|| hook.secret.clone());
    let secret = secret.unwrap_or_default();
    check_secret(&secret, &mut |why, remedy| complain("secret", why, remedy));
    let setup = webhook::Setup {
        url: hook.url.clone(),
        secret,
        within: Duration::from_secs(hook.timeout_secs.max(1).into()),
        loopback_only: settings.node.loopback_only,
    };
    check_url(&setup, &mut |why, remedy| complain("url", why, remedy));
    let escape = match hook.content_type.split(';').next().unwrap_or_default().trim() {
        "application/json" => Escape::Json,
        "application/x-www-form-urlencoded" => Escape::Form,
        _ => Escape::Plain,
    };
    let mut headers = vec![];
    for header in &hook.headers {
        let read = header.expose().split_once(':').and_then(|(name, value)| {
            let name = name.trim();
            let is_token = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            Some((name.to_owned(), template::Text::read(value.trim(), 1).ok().filter(|_| is_token)?))
        });
        match read {
            Some(header) => headers.push(header),
            None => {
                complain("headers", "has one that is none, or a variable that there is none of", "\"X-Site: {{site}}\"")
            }
        }
    }
    let body = texts.bodies.get(at).and_then(Option::as_ref).and_then(|(file, text)| body(file, text, complaints));
    (complaints.len() == before).then(|| Hook {
        name: hook.name.as_str().into(),
        setup,
        body,
        headers,
        escape,
        content_type: hook.content_type.clone(),
    })
}

/// Whether a webhook can be reached at its address, and what is said to it stays between it and us.
pub(super) fn check_url(setup: &webhook::Setup, complain: &mut dyn FnMut(&str, &str)) {
    let roots = Arc::new(tokio_rustls::rustls::RootCertStore::empty());
    if let Err(why) = webhook::Webhook::new(setup, &roots) {
        complain(&format!("does not serve: {why}"), "\"https://hooks.example.com/callbox\"");
    }
    let host = setup.url.split("//").nth(1).unwrap_or_default().split(['/', ':']).next().unwrap_or_default();
    if setup.url.starts_with("http://") && !is_here(host) && !setup.url.starts_with("http://[::1]") {
        complain("lets everybody on the way read what is sent", "https://");
    }
}

/// Whether a secret is long enough to be one.
pub(super) fn check_secret(secret: &Private<String>, complain: &mut dyn FnMut(&str, &str)) {
    if secret.expose().len() < SHORTEST_SECRET {
        complain("is not there, or shorter than 16 characters", "secret_file with one of 32 random letters");
    }
}

/// The body of a webhook says what every notice of a call says.
fn body(file: &str, text: &str, complaints: &mut Vec<Complaint>) -> Option<template::Text> {
    match template::Text::read(text, 1) {
        Ok(body) => {
            let lacks = body.lacks();
            complaints.extend(lacks.iter().map(|name| in_file(file, template::lack(name, 1))));
            lacks.is_empty().then_some(body)
        }
        Err(faults) => {
            complaints.extend(faults.into_iter().map(|fault| in_file(file, fault)));
            None
        }
    }
}

/// Whether every recipient can be told.
pub fn check_recipients(notices: &Notices, recipients: &[Arc<Recipient>], file: &str, complaints: &mut Vec<Complaint>) {
    let hooks: HashSet<&str> = notices.hooks.iter().map(|hook| &*hook.name).collect();
    let mut complain = |recipient: &Recipient, why: &str, remedy: &str| {
        let why = format!("{} {why}", recipient.id);
        complaints.push(Complaint { file: file.to_owned(), line: None, key: "to".into(), why, remedy: remedy.into() });
    };
    for recipient in recipients {
        match recipient.channel {
            Channel::Email if notices.mail.is_none() => {
                complain(recipient, "is told by e-mail, and there is no mail server", "[mail] with host in the config");
            }
            Channel::Webhook if !recipient.to.iter().all(|to| hooks.contains(&**to)) => {
                complain(
                    recipient,
                    "names a webhook that there is none of",
                    "a [[webhook]] with this name in the config",
                );
            }
            Channel::Desktop if !notices.desks => {
                complain(recipient, "is told at a desk, and desks cannot listen", "[http] with address in the config");
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::file;
    use super::*;

    fn told(config: &str, texts: &NoticeTexts) -> (Notices, Vec<String>) {
        let reading = file::read("callbox.toml", config, &[]);
        let (settings, document) = reading.read.expect("it is TOML");
        let mut complaints = Vec::new();
        let notices = of(&settings, texts, &document, &mut complaints);
        (notices, complaints.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_template_of_the_owner_takes_the_place_of_ours_and_a_wrong_one_is_told_with_file_and_line() {
        let template =
            |name: &str, text: &'static str| ("en".to_owned(), (format!("notices/en/{name}.txt").into(), text.into()));
        let sound = "Subject: {{call}}\n\n{{callback}} {{call}}\n{{location}}\n";
        let texts = NoticeTexts { templates: vec![template("emergency_call", sound)], ..NoticeTexts::default() };
        let (notices, complaints) = told("", &texts);
        assert_eq!(complaints, Vec::<String>::new());
        let mine = notices.templates.of(Notice::EmergencyCall, &["en"]).map(|template| &*template.version);
        assert_eq!(mine, Some(&*template::version(sound)));
        let wrong = vec![template("emergency_call", "Subject: a\n\n{{call}} {{location}}\n"), template("fire", sound)];
        let (_, complaints) = told("", &NoticeTexts { templates: wrong, ..NoticeTexts::default() });
        let begin = "notices/en/emergency_call.txt:3: {{callback}} is left out, which every notice of a call says; try to write";
        assert!(complaints[0].starts_with(begin), "{complaints:?}");
        assert!(complaints[1].starts_with("notices/en/fire.txt: is named like no notice"), "{complaints:?}");
    }

    #[test]
    fn a_desk_needs_a_place_where_it_can_listen() {
        use crate::record::recipient::{self, Scope};
        let desk = Recipient {
            id: "front".into(),
            organisation: "acme".into(),
            scope: Scope::Organisation("acme".into()),
            notices: recipient::Notices::of([]),
            channel: Channel::Desktop,
            to: vec!["front".into()],
            language: None,
            group: None,
            step: 0,
        };
        for (config, faults) in [("", 1), ("[http]\naddress = \"127.0.0.1:8080\"\n", 0)] {
            let (notices, mut complaints) = (told(config, &NoticeTexts::default()).0, Vec::new());
            check_recipients(&notices, &[Arc::new(desk.clone())], "recipients.csv", &mut complaints);
            assert_eq!(complaints.len(), faults, "{complaints:?}");
        }
    }

    #[test]
    fn what_would_leave_unprotected_or_unsigned_is_refused() {
        let config = "[mail]\nhost = \"mail.example.com\"\nsecurity = \"none\"\nuser = \"callbox\"\n\
                      [[webhook]]\nname = \"desk\"\nurl = \"http://hooks.example.com/\"\nsecret = \"short\"\n\
                      headers = [\"X-Site: {{site}}\", \"no header\"]\n";
        let body = "{\"a\": \"{{call}}\", \"b\": \"{{location}}\"}";
        let texts = NoticeTexts { bodies: vec![Some(("desk.json".into(), body.into()))], ..NoticeTexts::default() };
        let (_, complaints) = told(config, &texts);
        for begin in [
            "callbox.toml:1 mail.password: is half of a login",
            "callbox.toml:3 mail.security: lets everybody",
            "callbox.toml:8 webhook[0].secret: is not there, or shorter",
            "callbox.toml:7 webhook[0].url: lets everybody",
            "callbox.toml:9 webhook[0].headers: has one that is none",
            "desk.json:1: {{callback}} is left out",
        ] {
            assert!(complaints.iter().any(|told| told.starts_with(begin)), "{begin}: {complaints:#?}");
        }
        assert!(complaints.iter().all(|told| !told.contains("short\"")), "no complaint shows a secret");
    }
}
