//! The owner's own cases: who dials what, and what must come of it. `callbox check` runs them through the very function
//! that decides calls.
use super::complaint::Complaint;
use super::document::Document;
use super::table::{Reader, table};
use super::value::Setting;
use crate::b2bua::intake::Asked;
use crate::b2bua::story::{self, Decision, View};
use crate::base::now::{Mono, Wall};
use crate::cache::Cache;
use crate::record::{Class, Number};

table! {
    /// A call that is decided and not made.
    Wanted {
        /// What the case shows, in your own words.
        [required] name: String = "911 from the front desk".into(),
        /// What is dialled, as the phone sends it: digits or a URN.
        [required] dial: String = "911".into(),
        /// The caller's number or extension. Empty: none is shown.
        from: Option<Number> = None,
        /// The trunk that the call comes from. Empty: that of the first source.
        source: Option<String> = None,
        /// The class that it must get: emergency, test, crisis or other. Empty: not looked at, and so are all below.
        class: Option<Class> = None,
        /// The trunk that must be tried first; `own-ivr` where callbox itself must answer a test call, `none` where the call must be refused.
        trunk: Option<String> = None,
        /// The location that must be found; `none` where no place must be.
        location: Option<String> = None,
        /// The callback number that must be shown.
        callback: Option<Number> = None,
    }
}

/// A case and where it stands.
#[derive(Clone, Debug)]
pub struct Case {
    /// What is asked and what must come of it.
    pub wanted: Wanted,
    file: String,
    line: Option<usize>,
}

/// Reads a file of cases: `[[case]]`. What is wrong is told to `complaints`.
pub fn read(file: &str, text: &str, complaints: &mut Vec<Complaint>) -> Vec<Case> {
    let (document, values) = Document::parse(file, text, &[], complaints);
    let Some(values) = values else { return Vec::new() };
    let mut reader = Reader::new(&document, "", values, complaints);
    let wanted: Vec<Wanted> = reader.tables("case");
    reader.refuse_the_rest(&["case"]);
    let place = |at: usize| document.complaint(&format!("case[{at}]"), String::new(), String::new());
    let case = |(at, wanted)| {
        let Complaint { file, line, .. } = place(at);
        Case { wanted, file, line }
    };
    wanted.into_iter().enumerate().map(case).collect()
}

impl Case {
    /// Decides the call and tells how it differs from what is wanted.
    pub fn run(&self, cache: &Cache) -> Vec<Complaint> {
        let snapshot = cache.snapshot.load();
        let wanted = &self.wanted;
        let named = wanted.source.as_deref();
        let source = snapshot.sources.iter().find(|source| named.is_none_or(|named| *source.trunk == *named));
        let Some(source) = source else {
            return vec![self.complaint(
                "source",
                "there is no source of this trunk".into(),
                "the trunk of a [[source]]",
            )];
        };
        let asked = Asked::by_hand(source, &wanted.dial, wanted.from);
        let view = View {
            cache,
            snapshot: &snapshot,
            is_dead: &|_| false,
            clock: &Mono::default,
            mono: Mono::default(),
            wall: Wall::default(),
            chance: 0,
        };
        match story::advance(&view, &asked) {
            Some(decision) => self.compare(&decision),
            None => vec![self.complaint("source", "its default site is not known".into(), "a site of sites.csv")],
        }
    }

    fn compare(&self, decision: &Decision) -> Vec<Complaint> {
        let mut complaints = Vec::new();
        let mut differ = |key: &str, found: String| {
            complaints.push(self.complaint(
                key,
                format!("is {found} ({})", self.wanted.name),
                "another config or case",
            ));
        };
        let class = decision.classified.class;
        if self.wanted.class.is_some_and(|wanted| wanted != class) {
            differ("class", class.written());
        }
        let trunk = decision.plan.first();
        if self.wanted.trunk.as_deref().is_some_and(|wanted| wanted != trunk) {
            differ("trunk", format!("\"{trunk}\""));
        }
        let location = decision.located.stands_at().map_or("none", |place| &place.id);
        if self.wanted.location.as_deref().is_some_and(|wanted| wanted != location) {
            differ("location", format!("\"{location}\""));
        }
        let callback = decision.callback.map(|shown| shown.number);
        if self.wanted.callback.is_some() && self.wanted.callback != callback {
            // Numbers are private, also in what a check prints.
            differ("callback", if callback.is_some() { "another number" } else { "not there" }.into());
        }
        complaints
    }

    fn complaint(&self, key: &str, why: String, remedy: &str) -> Complaint {
        Complaint { file: self.file.clone(), line: self.line, key: key.into(), why, remedy: remedy.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::world;
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let cache = Cache::default();
        let _settings = world::lab().unwrap().publish(&cache);
        let mut complaints = Vec::new();
        for case in read("a.toml", text, &mut complaints) {
            complaints.extend(case.run(&cache));
        }
        complaints.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_case_that_turns_out_otherwise_says_what_came_of_it_and_shows_no_number() {
        let text = "[[case]]\nname = \"wrong\"\ndial = \"933\"\nfrom = \"+13125550123\"\nclass = \"emergency\"\n\
                    trunk = \"psap-1\"\nlocation = \"hq-217\"\ncallback = \"+13125550124\"\n";
        assert_eq!(
            told(text),
            [
                "a.toml:1 class: is \"test\" (wrong); try another config or case",
                "a.toml:1 trunk: is \"own-ivr\" (wrong); try another config or case",
                "a.toml:1 location: is \"hq-101\" (wrong); try another config or case",
                "a.toml:1 callback: is another number (wrong); try another config or case",
            ]
        );
    }

    #[test]
    fn a_case_from_nowhere_and_a_key_that_is_none_are_told() {
        let text = "[[case]]\nname = \"a\"\ndial = \"911\"\nsource = \"nobody\"\n";
        assert_eq!(told(text), ["a.toml:1 source: there is no source of this trunk; try the trunk of a [[source]]"]);
        let text = "[[case]]\nname = \"a\"\ndial = \"911\"\nclas = \"test\"\n";
        assert_eq!(told(text), ["a.toml:4 case[0].clas: is not a key that callbox knows; try class"]);
    }
}
