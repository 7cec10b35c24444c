//! The words of notices: text with variables between double braces. Of a notice about a call, three cannot be taken out:
//! that there is a call, the callback number, and the location as it was signalled (47 CFR 9.3).
use super::{Notice, VARIABLES, Values};
use crate::base::hex::hex;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// What every notice about a call says.
pub const LOCKED: [&str; 3] = ["call", "callback", "location"];

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub why: String,
    /// What to do.
    pub remedy: String,
}

/// How a value is written where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escape {
    /// As it is.
    Plain,
    /// In one line, without controls: for headers and subjects.
    Line,
    /// Inside a string of JSON.
    Json,
    /// As a value of a form (`application/x-www-form-urlencoded`).
    Form,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(Box<str>),
    Variable(&'static str),
}

/// A text with variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text(Vec<Vec<Piece>>);

/// The template of one notice in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    subject: Text,
    body: Text,
    /// Which text it is: the beginning of its SHA-256.
    pub version: Arc<str>,
}

/// A subject and a text.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    /// The subject, in one line.
    pub subject: String,
    /// The text.
    pub body: String,
}

impl Text {
    /// Reads a text; `first` is the number of its first line.
    ///
    /// # Errors
    /// Every variable that there is none of, and every brace that does not close.
    pub fn read(text: &str, first: usize) -> Result<Text, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut lines = Vec::new();
        for (place, line) in text.lines().enumerate() {
            let mut fault =
                |why: String, remedy: &str| faults.push(Fault { line: first + place, why, remedy: remedy.into() });
            let mut pieces = Vec::new();
            let mut rest = line;
            while let Some((before, behind)) = rest.split_once("{{") {
                let Some((name, after)) = behind.split_once("}}") else {
                    fault("{{ does not close in this line".into(), "write }} behind the variable");
                    break;
                };
                pieces.push(Piece::Text(before.into()));
                match VARIABLES.iter().find(|(known, _)| *known == name.trim()) {
                    Some((known, _)) => pieces.push(Piece::Variable(known)),
                    None => {
                        let known: Vec<_> = VARIABLES.iter().map(|(name, _)| *name).collect();
                        fault("there is no such variable".into(), &format!("use one of {}", known.join(", ")));
                    }
                }
                rest = after;
            }
            pieces.push(Piece::Text(rest.into()));
            lines.push(pieces);
        }
        if faults.is_empty() { Ok(Text(lines)) } else { Err(faults) }
    }

    /// What of [`LOCKED`] it does not say.
    pub fn lacks(&self) -> Vec<&'static str> {
        let says = |wanted: &str| {
            let mut pieces = self.0.iter().flatten();
            pieces.any(|piece| matches!(piece, Piece::Variable(name) if *name == wanted))
        };
        LOCKED.into_iter().filter(|name| !says(name)).collect()
    }

    /// The text. A line of which all variables are empty is left out.
    pub fn render(&self, values: &Values, acknowledge: &str, escape: Escape) -> String {
        let mut out = String::new();
        for pieces in &self.0 {
            let value = |name: &str| match name {
                "acknowledge" => Cow::Borrowed(acknowledge),
                name => values.value(name).unwrap_or_default(),
            };
            let mut variables = pieces.iter().filter_map(|piece| match piece {
                Piece::Variable(name) => Some(value(name)),
                Piece::Text(_) => None,
            });
            let is_empty = variables.clone().next().is_some() && variables.all(|value| value.is_empty());
            if is_empty && escape == Escape::Plain {
                continue;
            }
            for piece in pieces {
                match piece {
                    Piece::Text(text) => out.push_str(text),
                    Piece::Variable(name) => put(&mut out, &value(name), escape),
                }
            }
            out.push('\n');
        }
        out.pop();
        out
    }
}

fn put(out: &mut String, value: &str, escape: Escape) {
    match escape {
        Escape::Plain => out.push_str(value),
        Escape::Line => out.extend(value.chars().map(|letter| if letter.is_control() { ' ' } else { letter })),
        Escape::Json => {
            let quoted = serde_json::Value::from(value).to_string();
            out.push_str(quoted.get(1..quoted.len() - 1).unwrap_or_default());
        }
        Escape::Form => {
            for byte in value.bytes() {
                match byte {
                    b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
                    _ => out.push_str(&format!("%{byte:02X}")),
                }
            }
        }
    }
}

impl Template {
    /// Reads the template of a notice: a line `Subject: …`, an empty line, and the text. Lines with `#` before them are for
    /// its owner alone.
    ///
    /// # Errors
    /// Everything that is wrong with it, with the lines.
    pub fn read(notice: Notice, text: &str) -> Result<Template, Vec<Fault>> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let comments = text.lines().take_while(|line| line.starts_with('#')).count();
        let mut lines = text.lines().skip(comments);
        let subject = lines.next().and_then(|line| line.strip_prefix("Subject:")).map(str::trim);
        let (Some(subject), Some("")) = (subject.filter(|subject| !subject.is_empty()), lines.next()) else {
            let why = "the template does not begin with a subject and an empty line".into();
            return Err(vec![Fault {
                line: comments + 1,
                why,
                remedy: "write `Subject: {{call}}` and an empty line".into(),
            }]);
        };
        let body: Vec<_> = lines.collect();
        let read = (Text::read(subject, comments + 1), Text::read(&body.join("\n"), comments + 3));
        let (subject, body) = match read {
            (Ok(subject), Ok(body)) => (subject, body),
            (subject, body) => {
                let faults = [subject.err(), body.err()].into_iter().flatten().flatten();
                return Err(faults.collect());
            }
        };
        if notice.is_of_call() {
            let faults: Vec<_> = body.lacks().into_iter().map(|name| lack(name, comments + 3)).collect();
            if !faults.is_empty() {
                return Err(faults);
            }
        }
        Ok(Template { subject, body, version: version(text) })
    }

    /// Writes it.
    pub fn render(&self, values: &Values, acknowledge: &str) -> Letter {
        Letter {
            subject: self.subject.render(values, acknowledge, Escape::Line),
            body: self.body.render(values, acknowledge, Escape::Plain),
        }
    }
}

/// The fault of a text that leaves out what no notice of a call may.
pub fn lack(name: &str, line: usize) -> Fault {
    let why = format!("{{{{{name}}}}} is left out, which every notice of a call says");
    Fault { line, why, remedy: format!("write {{{{{name}}}}} somewhere in the text") }
}

/// The beginning of a text's SHA-256.
pub fn version(text: &str) -> Arc<str> {
    hex(&Sha256::digest(text.as_bytes())[..6]).into()
}

/// The templates of all notices in all languages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Templates {
    by_language: HashMap<Arc<str>, HashMap<Notice, Template>>,
}

macro_rules! built_in {
    ($($language:literal: $($notice:ident $file:literal),+;)+) => {
        &[$($((
            $language,
            Notice::$notice,
            include_str!(concat!("../../conf/notices/", $language, "/", $file, ".txt")),
        )),+),+]
    };
}

/// The texts that are part of callbox.
pub const BUILT_IN: &[(&str, Notice, &str)] = built_in! {
    "en": EmergencyCall "emergency_call", CallFailed "call_failed", AbandonedCall "abandoned_call", Callback "callback",
        TestCall "test_call", RelayCall "relay_call", UnknownNetwork "unknown_network",
        LocationConflict "location_conflict", PendingLocation "pending_location", FeatureBlocked "feature_blocked",
        CallbackPoolEmpty "callback_pool_empty", TrunkDown "trunk_down";
    "es": EmergencyCall "emergency_call", CallFailed "call_failed", AbandonedCall "abandoned_call",
        TestCall "test_call";
};

/// The language in which every notice has a text.
pub const LANGUAGE: &str = "en";

impl Templates {
    /// Those that are part of callbox.
    pub fn built_in() -> Templates {
        let mut templates = Templates::default();
        for (language, notice, text) in BUILT_IN {
            // A test reads them all, so none is left out here.
            if let Ok(template) = Template::read(*notice, text) {
                templates.put(language, *notice, template);
            }
        }
        templates
    }

    /// Puts a template into the place of the one that there is.
    pub fn put(&mut self, language: &str, notice: Notice, template: Template) {
        self.by_language.entry(language.into()).or_default().insert(notice, template);
    }

    /// The template of a notice: in the first of these languages that has one, else in English.
    pub fn of(&self, notice: Notice, languages: &[&str]) -> Option<&Template> {
        let wanted = languages.iter().chain([&LANGUAGE]);
        wanted.filter_map(|language| self.by_language.get(*language)).find_map(|known| known.get(&notice))
    }

    /// All of them, with their versions, in order.
    pub fn all(&self) -> Vec<(&str, Notice, &Template)> {
        let of = self
            .by_language
            .iter()
            .flat_map(|(language, known)| known.iter().map(move |(notice, template)| (&**language, *notice, template)));
        let mut all: Vec<_> = of.collect();
        all.sort_unstable_by_key(|(language, notice, _)| (*language, *notice));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use crate::base::now::Wall;

    fn faults(notice: Notice, text: &str) -> Vec<(usize, String)> {
        let faults = Template::read(notice, text).expect_err("it is refused");
        faults.into_iter().map(|fault| (fault.line, fault.why)).collect()
    }

    #[test]
    fn a_template_that_would_take_out_the_callback_number_is_refused_with_its_line_and_what_to_do() {
        let text = "# ours\nSubject: {{call}}\n\n{{call}} at\n{{location}}\n";
        assert_eq!(
            faults(Notice::EmergencyCall, text),
            [(4, "{{callback}} is left out, which every notice of a call says".into())]
        );
        for gone in LOCKED {
            let kept: Vec<_> =
                LOCKED.iter().filter(|name| **name != gone).map(|name| format!("{{{{{name}}}}}")).collect();
            let text = format!("Subject: {{{{{gone}}}}}\n\n{}\n", kept.join("\n"));
            assert_eq!(faults(Notice::TestCall, &text).len(), 1, "{gone} in the subject is not enough");
        }
        assert!(Template::read(Notice::TrunkDown, "Subject: {{trunk}}\n\nIt is down.\n").is_ok());
    }

    #[test]
    fn what_is_no_variable_is_told_with_its_line() {
        let text = "Subject: a\n\n{{call}} {{callback}} {{location}}\n{{secret}}\n{{call\n";
        let told = faults(Notice::EmergencyCall, text);
        assert_eq!(told, [(4, "there is no such variable".into()), (5, "{{ does not close in this line".into())]);
        assert_eq!(faults(Notice::EmergencyCall, "Hello\n")[0].0, 1);
    }

    #[test]
    fn every_notice_has_words_in_english_and_all_that_are_part_of_callbox_are_sound() {
        for (language, notice, text) in BUILT_IN {
            assert_eq!(Template::read(*notice, text).err(), None, "{language} {}", notice.text());
        }
        let built_in = Templates::built_in();
        for notice in Notice::ALL {
            let letter =
                built_in.of(*notice, &["xx"]).expect("a template").render(&sample(*notice, Wall::default()), "");
            assert!(!letter.subject.is_empty() && !letter.body.is_empty());
        }
    }

    #[test]
    fn a_value_cannot_break_out_of_where_it_stands() {
        let values =
            Values { display: "a\"},\n{\"b\": &=\r\nBcc: x".into(), ..sample(Notice::EmergencyCall, Wall::default()) };
        let text = Text::read("<{{display}}>", 1).unwrap();
        assert_eq!(text.render(&values, "", Escape::Line), "<a\"}, {\"b\": &=  Bcc: x>");
        assert_eq!(text.render(&values, "", Escape::Json), "<a\\\"},\\n{\\\"b\\\": &=\\r\\nBcc: x>");
        assert_eq!(text.render(&values, "", Escape::Form), "<a%22%7D%2C%0A%7B%22b%22%3A%20%26%3D%0D%0ABcc%3A%20x>");
    }

    #[test]
    fn a_line_of_nothing_but_empty_variables_is_left_out_and_the_version_follows_the_text() {
        let values = Values { user: String::new(), ..sample(Notice::EmergencyCall, Wall::default()) };
        let text = Text::read("User: {{user}}\nSite: {{site}}\n\nend", 1).unwrap();
        assert_eq!(text.render(&values, "", Escape::Plain), "Site: hq\n\nend");
        assert_ne!(version("a"), version("b"));
        assert_eq!(version("a"), version("a"));
    }
}
