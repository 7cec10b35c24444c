//! What the test IVR says to whoever dials 933: the caller's number, the number that a PSAP would call back, the address
//! with every element that is known, how it was found and how old it is, and where an emergency call would go.
//!
//! It is a list of pieces and no sound: [`Piece`]s are the units that the edge renders and keeps.
mod civic;
mod sentence;

pub use sentence::Sentence;

use crate::base::private::Private;
use crate::record::located::Caveat;
use crate::record::wiremap::Rule;
use crate::record::{Grade, Located, Number, Rung};
use core::time::Duration;

/// The most letters of one piece; what is longer is cut. No element of an address comes near.
pub const PIECE_CHARS: usize = 200;

/// The most pieces of one script.
pub const PIECES: usize = 96;

/// A piece of speech. The sentences are the same for everyone; the rest is private.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Piece {
    /// A sentence or label of ours.
    Fixed(Sentence),
    /// A text, read as words.
    Words(Private<String>),
    /// Letters and digits, read one by one.
    Spelled(Private<String>),
    /// The end of a sentence.
    Pause,
}

/// Where an emergency call of the same caller would go first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Onward {
    /// To a PSAP.
    Direct,
    /// To the relay center.
    Relay,
    /// By the site's own gateway.
    Gateway,
}

/// What the caller is to hear.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// The number that the call shows.
    pub caller: Option<Number>,
    /// The number that an emergency call would show.
    pub callback: Option<Number>,
    /// Where the caller is.
    pub located: &'a Located,
    /// Where an emergency call would go.
    pub onward: Onward,
}

/// Everything that is said, from the greeting to the keys.
pub fn script(told: &Told<'_>) -> Vec<Piece> {
    let mut out = Script(Vec::with_capacity(48));
    out.sentence(Sentence::Greeting);
    out.number(Sentence::YourNumberIs, told.caller, Sentence::NoNumber);
    out.number(Sentence::CallbackIs, told.callback, Sentence::NoCallback);
    match told.located.civic() {
        Some(address) => {
            out.fixed(Sentence::AddressIs);
            civic::read(address, &mut out);
        }
        None if told.located.grade > Grade::None => out.sentence(Sentence::AddressCannotBeRead),
        None => out.sentence(Sentence::NoAddress),
    }
    found(told.located, &mut out);
    out.sentence(match told.onward {
        Onward::Direct => Sentence::GoesDirect,
        Onward::Relay => Sentence::GoesToRelay,
        Onward::Gateway => Sentence::GoesByGateway,
    });
    out.keys();
    out.0.truncate(PIECES);
    out.0
}

/// What is said after the caller has reported that something is wrong.
pub fn noted() -> Vec<Piece> {
    let mut out = Script(Vec::new());
    out.sentence(Sentence::Noted);
    out.keys();
    out.0
}

/// What is said at the end.
pub fn goodbye() -> Vec<Piece> {
    vec![Piece::Fixed(Sentence::Goodbye), Piece::Pause]
}

/// How the place was found, how old that is, and what is wrong with it.
fn found(located: &Located, out: &mut Script) {
    let Some(winner) = located.candidates.first().filter(|winner| winner.grade > Grade::None) else { return };
    out.sentence(match winner.rung {
        Rung::Conveyed => Sentence::CameWithTheCall,
        Rung::Reference => Sentence::CameAsReference,
        Rung::Number => Sentence::IsOfTheNumber,
        Rung::Home => Sentence::IsOfThePhone,
        Rung::Typed => Sentence::YouGaveIt,
        Rung::Token | Rung::Wiremap | Rung::LastKnown => match located.wiremap.as_ref().map(|found| found.rule) {
            Some(Some(Rule::Port)) => Sentence::FoundByPort,
            Some(Some(Rule::Bssid)) => Sentence::FoundByAccessPoint,
            Some(_) => Sentence::FoundByNetwork,
            None => Sentence::YouGaveIt,
        },
    });
    if winner.age > Duration::ZERO {
        out.fixed(Sentence::ItWasSeen);
        let (count, unit) = age(winner.age);
        out.words(&count.to_string());
        out.sentence(unit);
    }
    match located.caveat {
        Some(Caveat::Conflict) => out.sentence(Sentence::TwoBuildings),
        Some(Caveat::Disputed) => out.sentence(Sentence::TwoRooms),
        Some(Caveat::Stale) | None => {}
    }
    match located.grade {
        Grade::Stale => out.sentence(Sentence::IsStale),
        Grade::Default => out.sentence(Sentence::IsDefault),
        Grade::None | Grade::BestAvailable | Grade::Dispatchable => {}
    }
}

/// An age in the largest unit that it has twice, rounded down.
fn age(age: Duration) -> (u64, Sentence) {
    match age.as_secs() {
        secs if secs < 120 => (secs, Sentence::SecondsAgo),
        secs if secs < 7200 => (secs / 60, Sentence::MinutesAgo),
        secs if secs < 172_800 => (secs / 3600, Sentence::HoursAgo),
        secs => (secs / 86_400, Sentence::DaysAgo),
    }
}

/// A script that is being written.
struct Script(Vec<Piece>);

impl Script {
    fn fixed(&mut self, sentence: Sentence) {
        self.0.push(Piece::Fixed(sentence));
    }

    fn sentence(&mut self, sentence: Sentence) {
        self.fixed(sentence);
        self.0.push(Piece::Pause);
    }

    fn words(&mut self, text: &str) {
        self.0.push(Piece::Words(Private::new(text.chars().take(PIECE_CHARS).collect())));
    }

    fn spelled(&mut self, text: &str) {
        self.0.push(Piece::Spelled(Private::new(text.chars().take(PIECE_CHARS).collect())));
    }

    fn number(&mut self, label: Sentence, number: Option<Number>, none: Sentence) {
        match number {
            Some(number) => {
                self.fixed(label);
                for group in groups(number.expose()) {
                    self.spelled(group);
                }
                self.0.push(Piece::Pause);
            }
            None => self.sentence(none),
        }
    }

    fn keys(&mut self) {
        self.sentence(Sentence::PressOne);
        self.sentence(Sentence::PressTwo);
    }
}

/// A number of North America in its usual groups, any other as it is.
fn groups(number: &str) -> Vec<&str> {
    let digits = number.strip_prefix("+1").filter(|digits| digits.len() == 10 && digits.is_ascii());
    match digits {
        Some(digits) => vec![&digits[..3], &digits[3..6], &digits[6..]],
        None => vec![number],
    }
}

#[cfg(test)]
mod tests;
