//! Those who have used a number, in the order in which a call back asks them. In a flood of calls it may be everybody's: then
//! none of them costs more than its place in a tree.
use crate::record::{Holder, Number, Window};
use core::cmp::Reverse;
use core::hash::{BuildHasher, Hash};
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use std::collections::BTreeSet;

/// A holder's place: first those who show the number wherever they may, and of them the one who called last.
type Place = (bool, Reverse<u64>, Holder);

/// Those who have used one number: mostly one.
#[derive(Debug)]
pub(super) enum Holders {
    One(Place),
    More(BTreeSet<Place>),
}

impl Holders {
    /// All of them, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Holder> {
        let (one, more) = match self {
            Holders::One(place) => (Some(place), None),
            Holders::More(places) => (None, Some(places)),
        };
        one.into_iter().chain(more.into_iter().flatten()).map(|(_, _, holder)| holder)
    }

    fn insert(&mut self, place: Place) {
        match self {
            Holders::One(known) if *known == place => {}
            Holders::One(known) => *self = Holders::More(BTreeSet::from([known.clone(), place])),
            Holders::More(places) => drop(places.insert(place)),
        }
    }

    /// Takes one out. Whether nobody is left.
    fn remove(&mut self, place: &Place) -> bool {
        match self {
            Holders::One(known) => known == place,
            Holders::More(places) => {
                places.remove(place);
                places.is_empty()
            }
        }
    }
}

/// Enters a window's holder under a name of it, and under this number.
pub(super) fn enter<K: Eq + Hash>(
    names: &mut HashMap<K, Holders, impl BuildHasher>,
    name: K,
    window: &Window,
    number: Number,
) {
    let place = place(window, number);
    match names.entry(name) {
        Entry::Occupied(mut known) => known.get_mut().insert(place),
        Entry::Vacant(free) => drop(free.insert(Holders::One(place))),
    }
}

/// Takes it out again. Neither its rank nor what it was lent may have changed meanwhile.
pub(super) fn forget<K: Eq + Hash>(
    names: &mut HashMap<K, Holders, impl BuildHasher>,
    name: &K,
    window: &Window,
    number: Number,
) {
    if names.get_mut(name).is_some_and(|holders| holders.remove(&place(window, number))) {
        names.remove(name);
    }
}

fn place(window: &Window, number: Number) -> Place {
    (window.has_another(number), Reverse(window.rank), window.caller.holder.clone())
}
