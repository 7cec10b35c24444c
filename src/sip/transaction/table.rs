//! Places for transactions: found by number, proven by nonce, used again.
use crate::base::id::Handle;

/// A table whose entries are named by a [`Handle`].
#[derive(Debug)]
pub struct Table<T> {
    shard: u8,
    places: Vec<Place<T>>,
    free: Vec<u32>,
}

#[derive(Debug)]
struct Place<T> {
    nonce: u64,
    entry: Option<T>,
}

impl<T> Table<T> {
    /// An empty table of this shard.
    pub fn new(shard: u8) -> Self {
        Self { shard, places: Vec::new(), free: Vec::new() }
    }

    /// Keeps an entry. `nonce` is chance.
    pub fn insert(&mut self, nonce: u64, entry: T) -> Handle {
        let place = Place { nonce, entry: Some(entry) };
        let slot = if let Some(slot) = self.free.pop() {
            self.places[slot as usize] = place;
            slot
        } else {
            self.places.push(place);
            (self.places.len() - 1) as u32
        };
        Handle { shard: self.shard, slot, nonce }
    }

    /// A name that no entry has.
    pub fn nowhere(&self, nonce: u64) -> Handle {
        Handle { shard: self.shard, slot: u32::MAX, nonce }
    }

    /// The entry that is named.
    pub fn get(&self, id: Handle) -> Option<&T> {
        let place = self.places.get(id.slot as usize)?;
        if place.nonce == id.nonce && id.shard == self.shard { place.entry.as_ref() } else { None }
    }

    /// The entry that is named, to be changed.
    pub fn get_mut(&mut self, id: Handle) -> Option<&mut T> {
        let place = self.places.get_mut(id.slot as usize)?;
        if place.nonce == id.nonce && id.shard == self.shard { place.entry.as_mut() } else { None }
    }

    /// The name of what is in a place, if the lower half of its nonce is this.
    pub fn in_place(&self, slot: u32, nonce: u32) -> Option<Handle> {
        let place = self.places.get(slot as usize).filter(|place| place.entry.is_some())?;
        (place.nonce as u32 == nonce).then_some(Handle { shard: self.shard, slot, nonce: place.nonce })
    }

    /// Takes the entry out.
    pub fn remove(&mut self, id: Handle) -> Option<T> {
        self.get(id)?;
        self.free.push(id.slot);
        self.places[id.slot as usize].entry.take()
    }

    /// All entries.
    pub fn iter(&self) -> impl Iterator<Item = (Handle, &T)> {
        self.places.iter().zip(0u32..).filter_map(|(place, slot)| {
            let entry = place.entry.as_ref()?;
            Some((Handle { shard: self.shard, slot, nonce: place.nonce }, entry))
        })
    }

    /// All entries, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.places.iter_mut().filter_map(|place| place.entry.as_mut())
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_good_for_one_use_of_its_place() {
        let mut table = Table::new(3);
        let first = table.insert(11, "first");
        assert_eq!(table.get(first), Some(&"first"));
        assert_eq!(table.remove(first), Some("first"));
        assert_eq!(table.remove(first), None);
        let second = table.insert(12, "second");
        assert_eq!(second.slot, first.slot);
        assert_eq!(table.get(first), None);
        assert_eq!(table.get(Handle { shard: 4, ..second }), None);
        assert_eq!(table.get(Handle { slot: 900, ..second }), None);
        assert_eq!(table.len(), 1);
    }
}
