//! Who is told, by whose calls they are told of.
use crate::record::Recipient;
use crate::record::recipient::{Channel, Scope};
use dashmap::DashMap;
use foldhash::fast::RandomState;
use std::collections::HashSet;
use std::sync::Arc;

/// The recipients of all organisations.
#[derive(Default)]
pub struct Recipients {
    by_id: DashMap<Arc<str>, Arc<Recipient>, RandomState>,
    by_scope: DashMap<Scope, Vec<Arc<Recipient>>, RandomState>,
}

impl Recipients {
    /// Who is told of calls of this scope.
    pub fn of(&self, scope: &Scope) -> Vec<Arc<Recipient>> {
        self.by_scope.get(scope).map(|found| found.clone()).unwrap_or_default()
    }

    /// All organisations that have recipients, each with those for all of its calls.
    pub fn of_organisations(&self) -> Vec<Arc<Recipient>> {
        let whole = self.by_scope.iter().filter(|one| matches!(one.key(), Scope::Organisation(_)));
        whole.flat_map(|one| one.value().clone()).collect()
    }

    /// The desk of this name, where a recipient of the organisation names it.
    pub fn desk(&self, organisation: &str, name: &str) -> Option<Arc<str>> {
        let own = |one: &Recipient| *one.organisation == *organisation && one.channel == Channel::Desktop;
        self.by_id.iter().filter(|one| own(one)).find_map(|one| one.to.iter().find(|to| ***to == *name).cloned())
    }

    /// Adds one, or puts it in the place of the one with its id.
    pub fn insert(&self, recipient: Arc<Recipient>) {
        self.remove(&Arc::clone(&recipient.id));
        self.by_scope.entry(recipient.scope.clone()).or_default().push(Arc::clone(&recipient));
        self.by_id.insert(Arc::clone(&recipient.id), recipient);
    }

    /// Takes one out.
    pub fn remove(&self, id: &str) {
        let Some((_, recipient)) = self.by_id.remove(id) else { return };
        if let Some(mut found) = self.by_scope.get_mut(&recipient.scope) {
            found.retain(|one| one.id != recipient.id);
        }
        self.by_scope.remove_if(&recipient.scope, |_, found| found.is_empty());
    }

    /// Takes these for all there are.
    pub(super) fn load(&self, recipients: Vec<Arc<Recipient>>) {
        let kept: HashSet<Arc<str>> = recipients.iter().map(|one| Arc::clone(&one.id)).collect();
        recipients.into_iter().for_each(|recipient| self.insert(recipient));
        let gone: Vec<_> = self.by_id.iter().map(|one| Arc::clone(one.key())).filter(|id| !kept.contains(id)).collect();
        gone.iter().for_each(|id| self.remove(id));
    }
}

impl core::fmt::Debug for Recipients {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(out, "Recipients({})", self.by_id.len())
    }
}
