//! What a target's refusals have taken out of its INVITE, and what they have put into it. Nothing is ever put back, so
//! that every further INVITE to a target differs from all before it and the asking has an end.
use crate::base::entropy::Entropy;
use crate::record::Trunk;
use crate::sip::digest::{Credentials, Identity};
use crate::sip::message::{Message, Name, multipart};

/// How often one trunk is asked again in one call, whatever it says.
const MOST: u8 = 8;

/// The longest session interval that a peer may ask for, in seconds; a target that asks for more gets no timer.
pub const LONGEST_SECS: u32 = 86_400;

/// Extensions that we name in Supported.
const EXTENSIONS: [&str; 5] = ["100rel", "timer", "replaces", "geolocation-http", "geolocation-sip"];

/// How much goes along with the INVITE: each step of the ladder is less than the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Load {
    /// All that the profile has.
    #[default]
    All,
    /// The offer and locations by value; no other part (RFC 7852).
    Locations,
    /// The offer alone; locations by reference stay in their header.
    Offer,
    /// The offer alone, and no extension is named.
    Bare,
}

impl Load {
    /// The next step; `None` at the end of the ladder.
    fn less(self) -> Option<Load> {
        match self {
            Load::All => Some(Load::Locations),
            Load::Locations => Some(Load::Offer),
            Load::Offer => Some(Load::Bare),
            Load::Bare => None,
        }
    }

    /// What went, for the log.
    const fn went(self) -> &'static str {
        match self {
            Load::All => "nothing",
            Load::Locations => "additional_data",
            Load::Offer => "location",
            Load::Bare => "extensions",
        }
    }
}

/// On what terms a trunk takes this call.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// How much goes along.
    pub load: Load,
    /// The shortest session interval that it accepts, in seconds, where it has named one (RFC 4028 §7.3).
    pub min_se: Option<u32>,
    /// Who we are, where it has asked.
    pub credentials: Option<Box<Credentials>>,
    /// Extensions that it does not have, by their place in [`EXTENSIONS`].
    refused: u8,
    /// How often it was asked again.
    again: u8,
}

impl Terms {
    /// Whether the INVITE may name this extension.
    pub fn allows(&self, extension: &str) -> bool {
        let place = EXTENSIONS.iter().position(|known| *known == extension);
        self.load != Load::Bare && place.is_none_or(|place| self.refused & (1 << place) == 0)
    }

    /// Learns from a refusal of an INVITE that carried so much. `ladder`: whether the call may go without what describes
    /// it. The word for what is changed; `None` when the target refuses the call itself, or all that can be changed has
    /// been.
    pub fn learn(
        &mut self,
        refusal: &Message,
        carried: Load,
        ladder: bool,
        identity: Option<Identity<'_>>,
        chance: &mut Entropy,
    ) -> Option<&'static str> {
        if self.again >= MOST {
            return None;
        }
        let learnt = match refusal.status()? {
            401 | 407 => {
                let answer = Credentials::after(refusal, identity?, self.credentials.as_deref(), chance)?;
                self.credentials = Some(Box::new(answer));
                Some("credentials")
            }
            422 => self.lengthen(refusal),
            420 => self.drop_extensions(refusal).or_else(|| if ladder { self.step_down(carried) } else { None }),
            415 if ladder => match takes_multiparts(refusal) {
                true => self.step_down(carried),
                false => self.step_down(carried.max(Load::Locations)),
            },
            400 | 413 | 488 | 513 if ladder => self.step_down(carried),
            _ => None,
        };
        if learnt.is_some() {
            self.again += 1;
        }
        learnt
    }

    fn step_down(&mut self, carried: Load) -> Option<&'static str> {
        self.load = carried.max(self.load).less()?;
        Some(self.load.went())
    }

    /// RFC 3261 §21.4.15: what is listed as unsupported is left out. We require nothing of a target, so that one which
    /// refuses is taken at its word about what we merely support.
    fn drop_extensions(&mut self, refusal: &Message) -> Option<&'static str> {
        let before = self.refused;
        for tag in refusal.list(Name::Unsupported) {
            self.refuse(tag);
        }
        (self.refused != before).then_some("extensions")
    }

    /// RFC 4028 §7.3. One that finds our interval too short and names none that is longer gets no timer at all.
    fn lengthen(&mut self, refusal: &Message) -> Option<&'static str> {
        let asked = refusal.number(Name::MinSe).unwrap_or(0);
        if (self.interval_secs() + 1..=LONGEST_SECS).contains(&asked) {
            self.min_se = Some(asked);
            return Some("session_interval");
        }
        let was_allowed = self.allows("timer");
        self.refuse(b"timer");
        was_allowed.then_some("session_interval")
    }

    fn refuse(&mut self, extension: &[u8]) {
        let place = EXTENSIONS.iter().position(|known| known.as_bytes().eq_ignore_ascii_case(extension));
        self.refused |= place.map_or(0, |place| 1 << place);
    }

    /// The session interval to ask for, in seconds.
    pub fn interval_secs(&self) -> u32 {
        self.min_se.unwrap_or(0).max(super::headers::SESSION_SECS)
    }
}

/// Who we are to a trunk, where that is configured.
pub fn identity(trunk: &Trunk) -> Option<Identity<'_>> {
    let login = trunk.login.as_deref()?;
    Some(Identity { user: &login.user, password: &login.password, realm: login.realm.as_deref() })
}

/// Whether a 415 leaves hope for a body of several parts. Its Accept says what may come instead (RFC 3261 §8.1.3.5);
/// without one nothing is known.
fn takes_multiparts(refusal: &Message) -> bool {
    let mut accepted = refusal.list(Name::Accept).peekable();
    let several = ["multipart/mixed", "multipart/*", "*/*"];
    accepted.peek().is_none() || accepted.any(|value| several.iter().any(|kind| multipart::is_type(value, kind)))
}
