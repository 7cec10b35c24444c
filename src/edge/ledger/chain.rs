//! How an entry is sealed, and how it is tied to the one before it.
use crate::base::hex::hex;
use core::fmt;
use sha2::{Digest, Sha256};

/// The length of a salt, in bytes: enough that nobody finds a content whose salt is gone by trying.
pub const SALT_LEN: usize = 16;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A call was decided. It stands for the call until its receipt is there, or for good when the node ended before.
    Begun,
    /// The receipt of a call that is over.
    Receipt,
    /// The contents of an organisation's entries up to a time were let go.
    Retention,
    /// So many entries could not be kept.
    Loss,
    /// The calendar was moved: from where it should have been, to where it was found.
    Clock,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 5] = [Kind::Begun, Kind::Receipt, Kind::Retention, Kind::Loss, Kind::Clock];

    /// The word in the file.
    pub const fn text(self) -> &'static str {
        match self {
            Kind::Begun => "begun",
            Kind::Receipt => "receipt",
            Kind::Retention => "retention",
            Kind::Loss => "loss",
            Kind::Clock => "clock",
        }
    }

    /// The kind of a word.
    pub fn read(text: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.text() == text)
    }
}

/// What is to be kept. It never prints itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// When it was, in milliseconds since 1970.
    pub at: u64,
    /// What it is.
    pub kind: Kind,
    /// Whose it is: an organisation's id; empty for the node's own.
    pub organisation: String,
    /// The call, as facts name it; empty for what is about none.
    pub call: String,
    /// What it says: JSON, one line.
    pub body: String,
}

impl fmt::Debug for Entry {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Entry({}, {})", self.kind.text(), self.call)
    }
}

/// A SHA-256 that depends on an entry and on all before it.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Link(pub [u8; 32]);

impl Link {
    /// In hexadecimal.
    pub fn text(&self) -> String {
        hex(&self.0)
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text())
    }
}

/// The seal of a content: SHA-256 of its salt and its bytes as they are kept.
pub fn seal(salt: &[u8], body: &str) -> [u8; 32] {
    Sha256::new().chain_update(salt).chain_update(body.as_bytes()).finalize().into()
}

/// What is tied besides the content's seal, and stays when the content goes.
#[derive(Clone, Copy)]
pub struct Label<'a> {
    /// Its place in the ledger, from 1.
    pub place: u64,
    /// When it was, in milliseconds since 1970.
    pub at: u64,
    /// The word of its kind.
    pub kind: &'a str,
    /// Whose it is.
    pub organisation: &'a str,
    /// The call.
    pub call: &'a str,
}

/// The link of an entry behind another one; the first is behind zeros.
pub fn link(before: Link, label: Label<'_>, seal: &[u8]) -> Link {
    let mut hash = Sha256::new().chain_update(b"callbox ledger 1\0").chain_update(before.0);
    hash.update(label.place.to_be_bytes());
    hash.update(label.at.to_be_bytes());
    // Each with its length, so that no two labels are the same bytes.
    for text in [label.kind, label.organisation, label.call] {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
    Link(hash.chain_update(seal).finalize().into())
}
