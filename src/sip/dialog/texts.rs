//! What a dialog keeps in words, in one piece of memory.

/// The words of a dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// The Call-ID.
    CallId,
    /// Our tag.
    LocalTag,
    /// The peer's tag, or nothing.
    RemoteTag,
    /// Our From or To value, tag included.
    Local,
    /// The peer's From or To value, tag included.
    Remote,
    /// The URI at which the peer is reached.
    Target,
    /// The first element of the route set, or nothing.
    FirstRoute,
    /// The other elements, with commas between them.
    OtherRoutes,
}

const WORDS: usize = 8;

/// All words, one behind the other.
pub struct Texts {
    bytes: Box<[u8]>,
    ends: [u32; WORDS],
}

impl Texts {
    /// Words in the order of [`Word`].
    pub fn new(words: [&[u8]; WORDS]) -> Self {
        let mut bytes = Vec::with_capacity(words.iter().map(|word| word.len()).sum());
        let ends = words.map(|word| {
            bytes.extend_from_slice(word);
            bytes.len() as u32
        });
        Self { bytes: bytes.into_boxed_slice(), ends }
    }

    /// One word.
    pub fn word(&self, word: Word) -> &[u8] {
        let index = word as usize;
        let from = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.bytes[from as usize..self.ends[index] as usize]
    }

    /// All words, to be put together anew with some of them changed.
    pub fn words(&self) -> [&[u8]; WORDS] {
        use Word::{CallId, FirstRoute, Local, LocalTag, OtherRoutes, Remote, RemoteTag, Target};
        [CallId, LocalTag, RemoteTag, Local, Remote, Target, FirstRoute, OtherRoutes].map(|word| self.word(word))
    }
}
