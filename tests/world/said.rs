//! What was said in dialogs: each request reached the other side once or was refused, and whoever asked was answered.
use crate::agent::{Expected, Note};
use crate::wire::Mark;
use std::collections::{BTreeMap, BTreeSet};

struct Asked {
    method: &'static str,
    expected: Expected,
    code: Option<u16>,
    echoed: bool,
}

pub struct Sayings {
    complete: bool,
    asked: BTreeMap<Mark, Asked>,
    /// The transactions in which a mark reached someone.
    got: BTreeMap<Mark, BTreeSet<(String, u32)>>,
}

impl Sayings {
    pub fn new(complete: bool) -> Sayings {
        Sayings { complete, asked: BTreeMap::new(), got: BTreeMap::new() }
    }

    pub fn noted(&mut self, name: &str, note: Note) -> Option<String> {
        match note {
            Note::Asked { mark, method, expected } => {
                self.asked.insert(mark, Asked { method, expected, code: None, echoed: false });
                None
            }
            Note::Settled { mark, code, echoed } => {
                let asked = self.asked.get_mut(&mark)?;
                (asked.code, asked.echoed) = (Some(code), echoed);
                let unheard = code == 0 && self.complete;
                unheard.then(|| format!("{name} asked by {} in call {:x} and heard nothing", asked.method, mark.call))
            }
            Note::Got { mark, method, dialog, cseq } => {
                let asked = self.asked.get(&mark)?;
                let got = self.got.entry(mark).or_default();
                got.insert((dialog, cseq));
                let passes = matches!(asked.expected, Expected::Passed | Expected::Held);
                let wrong = asked.method != method || !passes || got.len() > 1;
                wrong.then(|| format!("{method} reached {name} in call {:x}, and may not, or twice", mark.call))
            }
            _ => None,
        }
    }

    /// What a mark was asked by, in words.
    pub fn asked_by(&self, mark: Mark) -> String {
        self.asked.get(&mark).map_or(String::new(), |asked| format!("{} to be {:?}", asked.method, asked.expected))
    }

    pub fn at_the_end(&self) -> Option<String> {
        self.asked.iter().find_map(|(mark, asked)| {
            let Asked { method, expected, code, echoed } = asked;
            let tell = |what: &str| Some(format!("{method} in call {:x}: {what}", mark.call));
            let reached = self.got.contains_key(mark);
            match (code, expected) {
                (None, _) => tell("whoever asked was never told"),
                (Some(200..=299), Expected::Refused) => tell("was granted"),
                (Some(200..=299), Expected::Passed | Expected::Held) if !reached => tell("was granted by nobody"),
                (Some(200..=299), Expected::Passed) if matches!(*method, "INVITE" | "UPDATE") && !echoed => {
                    tell("was answered with somebody else's words")
                }
                _ => None,
            }
        })
    }
}
