//! Calls that began with a To tag which we never gave: an emergency call is taken all the same (rulings 1), and what
//! follows in it has that tag and not our handle.
use crate::base::id::Handle;
use crate::sip::dialog::Dialog;
use core::hash::{BuildHasher, Hasher};
use hashbrown::HashMap;

/// Our handles in such calls, by Call-ID and tags.
#[derive(Debug, Default)]
pub struct Foreign {
    handles: HashMap<u64, Handle, foldhash::fast::RandomState>,
}

impl Foreign {
    /// A call began; nothing is kept where the tag is our own.
    pub fn enter(&mut self, dialog: &Dialog, handle: Handle) {
        if Handle::read(dialog.local_tag()) != Some(handle) {
            self.handles.insert(self.key_of(dialog), handle);
        }
    }

    /// A call is over.
    pub fn leave(&mut self, dialog: &Dialog) {
        if !self.handles.is_empty() {
            self.handles.remove(&self.key_of(dialog));
        }
    }

    /// Where Call-ID, our tag and the other tag lead to: our tag is our handle, but in such a call.
    pub fn handle_of(&self, names: [&[u8]; 3]) -> Option<Handle> {
        let found = if self.handles.is_empty() { None } else { self.handles.get(&self.hash(names)).copied() };
        found.or_else(|| Handle::read(names[1]))
    }

    fn key_of(&self, dialog: &Dialog) -> u64 {
        self.hash([dialog.call_id(), dialog.local_tag(), dialog.remote_tag()])
    }

    fn hash(&self, names: [&[u8]; 3]) -> u64 {
        let mut hasher = self.handles.hasher().build_hasher();
        for name in names {
            hasher.write_usize(name.len());
            hasher.write(name);
        }
        hasher.finish()
    }
}
