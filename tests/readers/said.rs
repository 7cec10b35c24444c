//! What a reader makes of a message, in words that all readers can be compared in.
use std::fmt;

/// A part of a message that is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Whether it is a message at all.
    Message,
    /// Method and Request-URI, or the status code.
    Start,
    CallId,
    CSeq,
    FromTag,
    ToTag,
    /// The branch of the topmost Via.
    Branch,
    Length,
    /// The names of all header fields in order, each as its long name in small letters.
    Names,
    /// Their values, folds as one space.
    Values,
    Body,
}

/// What a reader makes of one part.
#[derive(Clone)]
pub enum Part {
    Absent,
    /// It is there and cannot be read, and why.
    Unreadable(String),
    Is(Vec<u8>),
}

/// What a reader makes of a message.
pub type Said = Vec<(What, Part)>;

/// One part that two readers make different things of.
#[derive(Debug)]
pub struct Difference {
    pub what: What,
    pub ours: Part,
    pub theirs: Part,
}

impl Part {
    /// What is there and can be read.
    pub fn is(bytes: impl Into<Vec<u8>>) -> Part {
        Part::Is(bytes.into())
    }

    /// What may be absent.
    pub fn maybe(bytes: Option<impl Into<Vec<u8>>>) -> Part {
        bytes.map_or(Part::Absent, Part::is)
    }

    /// What was read; nothing when it was not.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Part::Is(bytes) => bytes,
            Part::Absent | Part::Unreadable(_) => b"",
        }
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Part::Absent => write!(out, "absent"),
            Part::Unreadable(why) => write!(out, "unreadable ({why})"),
            Part::Is(bytes) => write!(out, "`{}`", bytes.escape_ascii()),
        }
    }
}

/// Names and values of all header fields, as the two parts that are compared.
pub fn fields(fields: impl Iterator<Item = (Vec<u8>, Vec<u8>)>) -> [(What, Part); 2] {
    let (mut names, mut values) = (Vec::new(), Vec::new());
    for (name, value) in fields {
        names.extend(name.to_ascii_lowercase());
        names.push(b'\n');
        values.extend(value);
        values.push(b'\n');
    }
    [(What::Names, Part::Is(names)), (What::Values, Part::Is(values))]
}

/// Why a part cannot be read is no difference.
impl PartialEq for Part {
    fn eq(&self, other: &Part) -> bool {
        match (self, other) {
            (Part::Is(one), Part::Is(other)) => one == other,
            (one, other) => core::mem::discriminant(one) == core::mem::discriminant(other),
        }
    }
}

/// Where two readers differ. When one takes the message for none, that is the whole difference.
pub fn differences(ours: &Result<Said, String>, theirs: &Result<Said, String>) -> Vec<Difference> {
    let is_there = |said: &Result<Said, String>| match said {
        Ok(_) => Part::is(*b"read"),
        Err(why) => Part::Unreadable(why.clone()),
    };
    let (Ok(ours), Ok(theirs)) = (ours, theirs) else {
        let message = Difference { what: What::Message, ours: is_there(ours), theirs: is_there(theirs) };
        return if message.ours == message.theirs { Vec::new() } else { vec![message] };
    };
    let pairs = ours.iter().zip(theirs).filter(|(ours, theirs)| ours.1 != theirs.1);
    let found = pairs.map(|((what, ours), (same, theirs))| {
        assert_eq!(what, same, "all readers tell of the same parts in the same order");
        Difference { what: *what, ours: ours.clone(), theirs: theirs.clone() }
    });
    found.collect()
}
