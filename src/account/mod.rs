//! What is known of one emergency or test call, for those who must be told of it and for the evidence that is kept: who
//! calls, from where, which number reaches the caller, and what each trunk was told.
//!
//! All of it is private. It goes to the thread that notifies and keeps records, and never to a log: facts are for that. A
//! crisis call has no account.
use crate::base::hex::hex;
use crate::base::id::Handle;
use crate::base::now::Now;
use crate::base::private::Private;
use crate::record::{Class, Line, Located, Number, Profile, Site};
use bytes::Bytes;
use core::fmt;
use core::time::Duration;
use sha2::{Digest, Sha256};
use smallvec::SmallVec;
use std::sync::Arc;

/// News of one call, for several who keep it. It never prints what it knows.
#[derive(Clone)]
pub struct Account {
    /// The call, as facts name it.
    pub call: Handle,
    /// When this was known.
    pub at: Now,
    /// Its class: an emergency or a test call.
    pub class: Class,
    /// What is known.
    pub news: News,
}

/// What an account tells. The first of a call is always [`News::Decided`].
#[derive(Clone)]
pub enum News {
    /// It is known who calls, from where, and whom to ask; nothing has left yet.
    Decided(Arc<Particulars>),
    /// An INVITE leaves: what it says of the caller and the place.
    Signalled(Arc<Signalled>),
    /// A location that the caller brought by reference was learnt after the INVITE had left.
    Learnt(Arc<Learnt>),
}

/// Who calls, from where, and which way the call goes.
pub struct Particulars {
    /// What leads a call back to the caller; of a call back, what led it there. Whoever has it may call back, so what is
    /// told is [`Particulars::incident`].
    pub token: Handle,
    /// The trunk that the call came from.
    pub source: Arc<str>,
    /// The organisation.
    pub organisation: Arc<str>,
    /// The site whose rules hold.
    pub site: Arc<Site>,
    /// The caller's line, when it is listed.
    pub line: Option<Arc<Line>>,
    /// Whose line it is.
    pub user: Option<Arc<str>>,
    /// The caller's device, when it is told: its id.
    pub device: Option<Arc<str>>,
    /// The number that the caller shows.
    pub number: Option<Number>,
    /// The name that the caller shows.
    pub display: Option<Private<Box<str>>>,
    /// The number of the dial plan that was meant: `911`.
    pub service: Option<Number>,
    /// What was dialled, with separators left out: `9911`. `None` where it was no number.
    pub dialled: Option<Number>,
    /// The number that reaches the caller, and our word for where it is from.
    pub callback: Option<(Number, &'static str)>,
    /// Where the caller is: the winner, the losers and why.
    pub located: Arc<Located>,
    /// Whether the device belongs to another place than the one where it was seen.
    pub moved: bool,
    /// Which way: `direct`, `relay`, `gateway`, `test`.
    pub way: &'static str,
    /// Why it goes to the relay center, where it does: the word that the cost report counts.
    pub cause: Option<&'static str>,
    /// The trunks to be asked, in order.
    pub targets: SmallVec<[Arc<str>; 6]>,
    /// The steps of the decision and the time of each.
    pub steps: SmallVec<[(&'static str, Duration); 5]>,
}

impl Particulars {
    /// What a call and the calls back to its caller have in common: 32 hexadecimal digits.
    pub fn incident(&self) -> String {
        hex(&Sha256::digest(self.token.text().as_bytes())[..16])
    }

    /// The building where the caller is, where the place is one of ours.
    pub fn building(&self) -> Option<&Arc<str>> {
        self.located.stands_at().map(|place| &place.building)
    }

    /// The place where the caller is, where it is one of ours: its id.
    pub fn place(&self) -> Option<&Arc<str>> {
        self.located.stands_at().map(|place| &place.id)
    }
}

/// What one INVITE of ours says.
pub struct Signalled {
    /// The trunk that it goes to.
    pub trunk: Arc<str>,
    /// How it is written.
    pub profile: Profile,
    /// The number that it shows: the callback number, or on a legacy trunk that of the place.
    pub number: Option<Number>,
    /// The location documents (PIDF-LO) that it carries, byte for byte and in order: those that came and ours.
    pub documents: SmallVec<[Private<Bytes>; 1]>,
    /// The location URIs that it carries, in order.
    pub references: SmallVec<[Private<Box<str>>; 1]>,
}

/// A location that came late.
pub struct Learnt {
    /// Where it was kept.
    pub reference: Private<Box<str>>,
    /// The document, byte for byte.
    pub document: Private<Bytes>,
}

/// Shows of which call and what kind of news.
impl fmt::Debug for Account {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let news = match &self.news {
            News::Decided(_) => "decided",
            News::Signalled(_) => "signalled",
            News::Learnt(_) => "learnt",
        };
        write!(out, "Account({}, {news})", self.call.text())
    }
}
