//! Events and their words.
use super::board::Call;
use crate::base::id::Handle;
use crate::base::now::Wall;
use crate::record::Class;
use core::fmt;
use serde_json::{Map, Value, json};

/// What an agent may do with the call, and a desktop may show, while it lasts; the rest is blocked on the wire anyway.
pub const ALLOWED: [&str; 2] = ["device_settings", "end"];

/// What a desktop hides while it lasts.
pub const HIDDEN: [&str; 6] = ["save", "refresh", "hold", "transfer", "conference", "record"];

/// The number of an event, which tells it from those of other runs of the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventId {
    /// The run.
    pub run: u64,
    /// The event in it, from 1.
    pub number: u64,
}

/// Something that a desktop hears. It never prints what.
pub struct Event {
    /// Its number.
    pub id: EventId,
    /// Its word: `emergency.started`.
    pub name: &'static str,
    /// What it says, as JSON in one line.
    pub data: String,
}

impl EventId {
    /// Reads what its `Display` wrote; anything else is none of ours.
    pub fn read(text: &str) -> Option<EventId> {
        let (run, number) = text.split_once('-')?;
        Some(EventId { run: u64::from_str_radix(run, 16).ok()?, number: number.parse().ok()? })
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:x}-{}", self.run, self.number)
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Event({})", self.name)
    }
}

/// How far a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Started,
    Ringing,
    Answered,
    Ended,
}

impl Stage {
    const fn text(self) -> &'static str {
        match self {
            Stage::Started => "started",
            Stage::Ringing => "ringing",
            Stage::Answered => "answered",
            Stage::Ended => "ended",
        }
    }
}

/// The word of the event with which a call gets this far.
pub(super) fn name(class: Class, stage: Stage) -> &'static str {
    let names = match class {
        Class::Callback => ["callback.started", "callback.ringing", "callback.answered", "callback.ended"],
        Class::Test => ["test.started", "test.ringing", "test.answered", "test.ended"],
        _ => ["emergency.started", "emergency.ringing", "emergency.answered", "emergency.ended"],
    };
    names[stage as usize]
}

/// A call as it is. A test call has no banner, and nothing is taken from its caller.
pub(super) fn call(id: Handle, call: &Call, stage: Stage, at: Wall) -> Map<String, Value> {
    let is_shown = stage != Stage::Ended && call.class != Class::Test;
    let mut said = Map::new();
    let mut say = |name: &str, value: Value| said.insert(name.to_owned(), value);
    say("call", json!(&*id.text()));
    say("class", json!(call.class.text()));
    say("state", json!(stage.text()));
    say("since", json!(&*call.begun.wall.civil().xml_date_time()));
    say("at", json!(&*at.civil().xml_date_time()));
    say("service", json!(call.service.as_ref().map(|number| number.expose())));
    say("number", json!(call.line.as_ref().map(|number| number.expose())));
    say("banner", json!(is_shown));
    if is_shown {
        say("allowed_controls", json!(ALLOWED));
        say("ui", json!({ "hide": HIDDEN }));
    }
    if call.class == Class::Callback {
        say("let_through", json!(stage != Stage::Ended));
    }
    said
}
