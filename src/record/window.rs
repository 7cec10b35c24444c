//! The time in which whoever placed an emergency call is called back.
use super::Number;
use crate::base::id::Handle;
use crate::base::now::Mono;
use crate::base::private::Private;
use arrayvec::ArrayString;
use core::fmt;
use smallvec::SmallVec;
use std::sync::Arc;

/// The most calls of one caller whose tokens lead to it.
pub const MOST_TOKENS: usize = 8;

/// Whose window it is: a device, else what the call showed of one, else a line, else a number at a trunk. It never
/// prints itself.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Holder(Arc<str>);

impl Holder {
    /// A device by its id.
    pub fn device(id: &str) -> Holder {
        Holder::of(&["device/", id])
    }

    /// A phone of which nothing is known but the instance id of its Contact, at a trunk, with the number that it shows:
    /// an exchange may put an instance of its own into all its calls.
    pub fn instance(trunk: &str, instance: &str, number: Option<Number>) -> Holder {
        let number = number.as_ref().map_or("", Number::expose);
        Holder::of(&["instance/", trunk, "/", number, "/", instance])
    }

    /// A line of an organisation.
    pub fn line(organisation: &str, number: Number) -> Holder {
        Holder::of(&["line/", organisation, "/", number.expose()])
    }

    /// A number that is in no table, at a trunk.
    pub fn number(trunk: &str, number: Number) -> Holder {
        Holder::of(&["number/", trunk, "/", number.expose()])
    }

    /// A caller of whom nothing is known at all: this call alone.
    pub fn call(token: Handle) -> Holder {
        Holder::of(&["call/", &token.text()])
    }

    /// Nobody: a number that rests, since somebody may have it of whom nothing is known.
    pub fn nobody(number: Number) -> Holder {
        Holder::of(&["nobody/", number.expose()])
    }

    fn of(parts: &[&str]) -> Holder {
        /// What the usual text fits in.
        const USUAL: usize = 128;
        let mut text = ArrayString::<USUAL>::new();
        match parts.iter().try_for_each(|part| text.try_push_str(part)) {
            Ok(()) => Holder(text.as_str().into()),
            Err(_) => Holder(parts.concat().into()),
        }
    }

    /// Reads what [`Holder::expose`] gave.
    pub fn read(text: &str) -> Holder {
        Holder(text.into())
    }

    /// Its text, for the state of the node.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Holder {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("<private>")
    }
}

/// What is known of a caller, as far as a call back needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub holder: Holder,
    /// Its organisation.
    pub organisation: Arc<str>,
    /// Its site.
    pub site: Arc<str>,
    /// The trunk that its call came by.
    pub source: Arc<str>,
    /// Its line, where it is listed.
    pub line: Option<Number>,
    /// The number or extension that it showed at its trunk.
    pub shown: Option<Number>,
    /// Its device.
    pub device: Option<Arc<str>>,
    /// The Contact of its call, where it is the device's own and no exchange's.
    pub contact: Option<Private<Box<str>>>,
    /// Where it was, by our name for the place.
    pub place: Option<Arc<str>>,
    /// The trunks that its call went to.
    pub asked: SmallVec<[Arc<str>; 4]>,
}

/// A window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Who is called back.
    pub caller: Caller,
    /// The tokens of its calls, the latest first.
    pub tokens: SmallVec<[Handle; 2]>,
    /// The number that was lent to it and to nobody else.
    pub lent: Option<Number>,
    /// The number of its place, which is for such calls alone (ELIN).
    pub elin: Option<Number>,
    /// Numbers under which others are called, too: ECBNs, and its own.
    pub shared: SmallVec<[Number; 2]>,
    /// Who called last has the highest.
    pub rank: u64,
    /// How many calls that have to do with it are going on: it does not end meanwhile.
    pub open: u32,
    /// When it ends, once there is none.
    pub until: Mono,
    /// When the last of them ended.
    pub ended: Option<Mono>,
    /// Until when its line takes no other calls, since its caller may have misdialled.
    pub kept_free: Option<Mono>,
}

impl Window {
    /// All numbers that lead to it.
    pub fn numbers(&self) -> impl Iterator<Item = Number> {
        self.lent.into_iter().chain(self.elin).chain(self.shared.iter().copied())
    }

    /// Whether everyone who dials this number in the window wants its caller.
    pub fn is_for_calls_back(&self, number: Number) -> bool {
        self.lent == Some(number) || self.elin == Some(number)
    }

    /// Whether its caller shows another number than this wherever it may: one that was lent to it.
    pub fn has_another(&self, number: Number) -> bool {
        self.lent.is_some() && !self.is_for_calls_back(number)
    }

    /// Whether it is over.
    pub fn is_over(&self, now: Mono) -> bool {
        self.open == 0 && self.until <= now
    }
}
