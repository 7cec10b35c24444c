//! The table of calls: a place and a nonce each, and a limit of which the last part is for emergency calls alone.
use super::call::Call;
use crate::base::id::Handle;
use crate::classify::Class;
use crate::record::{Line, Number};
use hashbrown::HashMap;
use smallvec::SmallVec;
use std::sync::Arc;

/// All calls of an engine.
#[derive(Default)]
pub struct Table {
    slots: Vec<Slot>,
    free: Vec<u32>,
    live: usize,
    /// The emergency calls and calls back of each line that has any: an everyday call to it asks, however many calls of
    /// others there are.
    of_lines: HashMap<(Arc<str>, Number), SmallVec<[Handle; 1]>, foldhash::fast::RandomState>,
}

#[derive(Default)]
struct Slot {
    nonce: u64,
    call: Option<Box<Call>>,
}

impl Table {
    /// How many calls there are.
    pub fn len(&self) -> usize {
        self.live
    }

    /// Whether a call of this class still has room: only emergency, crisis and calls back may take the reserve.
    pub fn has_room(&self, class: Class, max_calls: usize, reserve_percent: usize) -> bool {
        let reserve = max_calls * reserve_percent.min(100) / 100;
        match class {
            Class::Emergency | Class::Crisis | Class::Callback => self.live < max_calls,
            Class::Test | Class::Other => self.live < max_calls - reserve,
        }
    }

    /// A free place.
    pub fn reserve(&mut self) -> u32 {
        if let Some(slot) = self.free.pop() {
            return slot;
        }
        self.slots.push(Slot::default());
        u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
    }

    /// Gives a reserved place back unused.
    pub fn release(&mut self, slot: u32) {
        self.free.push(slot);
    }

    /// Says that a call begins in its reserved place; [`Table::put_back`] or [`Table::remove`] follows.
    pub fn begin(&mut self, call: &Call) {
        if let Some(slot) = self.slots.get_mut(call.key.slot as usize) {
            slot.nonce = call.key.nonce;
            self.live += 1;
            if let Some(line) = line_in_need(call) {
                self.of_lines.entry(name(line)).or_default().push(call.key);
            }
        }
    }

    /// The emergency calls of a line and the calls back to it.
    pub fn of_line(&self, line: &Line) -> impl Iterator<Item = &Call> {
        let keys = self.of_lines.get(&name(line)).into_iter().flatten();
        keys.filter_map(|key| self.at(key.slot))
    }

    /// The call at a place, whatever its nonce.
    pub fn at(&self, slot: u32) -> Option<&Call> {
        self.slots.get(slot as usize)?.call.as_deref()
    }

    /// All calls, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Call> {
        self.slots.iter().filter_map(|slot| slot.call.as_deref())
    }

    /// Takes a call out to work on it; [`Table::put_back`] or [`Table::remove`] follows.
    pub fn take(&mut self, key: Handle) -> Option<Box<Call>> {
        let slot = self.slots.get_mut(key.slot as usize)?;
        if slot.nonce == key.nonce { slot.call.take() } else { None }
    }

    /// Takes the call at a place out, whatever its nonce: the caller checks which of its dialogs is meant.
    pub fn take_at(&mut self, slot: u32) -> Option<Box<Call>> {
        self.slots.get_mut(slot as usize)?.call.take()
    }

    /// Puts a call back after work.
    pub fn put_back(&mut self, call: Box<Call>) {
        if let Some(slot) = self.slots.get_mut(call.key.slot as usize) {
            slot.call = Some(call);
        }
    }

    /// Forgets a call that was taken out.
    pub fn remove(&mut self, call: &Call) {
        if let Some(slot) = self.slots.get_mut(call.key.slot as usize) {
            *slot = Slot::default();
            self.free.push(call.key.slot);
            self.live -= 1;
        }
        let Some(line) = line_in_need(call).map(name) else { return };
        if let Some(calls) = self.of_lines.get_mut(&line) {
            calls.retain(|key| *key != call.key);
            if calls.is_empty() {
                self.of_lines.remove(&line);
            }
        }
    }
}

/// The line of ours whose emergency call this is, or to which it is a call back.
fn line_in_need(call: &Call) -> Option<&Line> {
    call.line.as_deref().filter(|_| matches!(call.class, Class::Emergency | Class::Callback))
}

fn name(line: &Line) -> (Arc<str>, Number) {
    (Arc::clone(&line.organisation), line.number)
}
