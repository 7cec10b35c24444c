//! Records by id, in the order in which they were read.
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use std::sync::Arc;

/// Records of one kind by id.
pub(super) struct ById<T> {
    records: Vec<Arc<T>>,
    places: HashMap<Arc<str>, usize, RandomState>,
}

impl<T> Default for ById<T> {
    fn default() -> ById<T> {
        ById { records: Vec::new(), places: HashMap::default() }
    }
}

impl<T> ById<T> {
    /// The record with an id.
    pub(super) fn get(&self, id: &str) -> Option<&Arc<T>> {
        self.places.get(id).map(|&place| &self.records[place])
    }

    /// Adds a record. `false` when another one has its id: that one stays.
    pub(super) fn insert(&mut self, id: &Arc<str>, record: T) -> bool {
        if self.places.contains_key(id) {
            return false;
        }
        self.places.insert(Arc::clone(id), self.records.len());
        self.records.push(Arc::new(record));
        true
    }

    /// The records, so that the same files always read the same.
    pub(super) fn records(&self) -> &[Arc<T>] {
        &self.records
    }

    /// The records alone.
    pub(super) fn into_records(self) -> Vec<Arc<T>> {
        self.records
    }
}
