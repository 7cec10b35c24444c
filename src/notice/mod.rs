//! Who is told of what, in which words, and when again. Nothing here sends: [`desk`] turns accounts and facts into drafts,
//! [`template`] into text, and [`queue`] says which of them is due.
pub mod desk;
pub mod place;
pub mod queue;
pub mod template;
mod values;

pub use crate::record::recipient::{Channel, Notice};
pub use values::{VARIABLES, Values, sample};

use crate::base::id::Handle;
use std::sync::Arc;

/// Something for one address. It never prints what or to whom.
#[derive(Clone)]
pub struct Draft {
    /// Of what.
    pub notice: Notice,
    /// The call, where it is about one.
    pub call: Option<Handle>,
    /// How.
    pub channel: Channel,
    /// To whom: an e-mail address, the name of a webhook, or that of a desk behind its organisation's.
    pub to: Arc<str>,
    /// In which language; `None`: that of the node.
    pub language: Option<Arc<str>>,
    /// Those who answer for each other.
    pub group: Option<Arc<str>>,
    /// The step in the group.
    pub step: u8,
    /// What there is to say.
    pub values: Arc<Values>,
}

impl core::fmt::Debug for Draft {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(out, "Draft({}, {})", self.notice.text(), self.channel.text())
    }
}
