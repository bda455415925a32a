//! Entries with handles: an index, and a generation that changes with the
//! entry, so that a stale handle is refused.

use alloc::vec::Vec;
use core::num::NonZeroU32;

/// A growing list of entries; a free place is used again under its next
/// generation, and retired after its last.
#[derive(Debug)]
pub(super) struct Table<T> {
    places: Vec<Place<T>>,
    free: Vec<u32>,
}

#[derive(Debug)]
struct Place<T> {
    generation: NonZeroU32,
    entry: Option<T>,
}

impl<T> Table<T> {
    pub(super) const fn new() -> Self {
        Self { places: Vec::new(), free: Vec::new() }
    }

    /// Whether a new entry would be one more than `most`.
    pub(super) fn is_full(&self, most: u32) -> bool {
        self.free.is_empty() && self.places.len() >= most as usize
    }

    /// Adds an entry: its index and generation. O(1).
    pub(super) fn insert(&mut self, entry: T) -> (u32, NonZeroU32) {
        if let Some(index) = self.free.pop()
            && let Some(place) = self.places.get_mut(index as usize)
        {
            place.entry = Some(entry);
            return (index, place.generation);
        }
        let index = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        self.places.push(Place { generation: NonZeroU32::MIN, entry: Some(entry) });
        (index, NonZeroU32::MIN)
    }

    pub(super) fn get(&self, index: u32, generation: NonZeroU32) -> Option<&T> {
        let place = self.places.get(index as usize)?;
        place.entry.as_ref().filter(|_| place.generation == generation)
    }

    pub(super) fn get_mut(&mut self, index: u32, generation: NonZeroU32) -> Option<&mut T> {
        let place = self.places.get_mut(index as usize)?;
        place.entry.as_mut().filter(|_| place.generation == generation)
    }

    /// The entry at that index in its present generation.
    pub(super) fn at(&self, index: u32) -> Option<&T> {
        self.places.get(index as usize)?.entry.as_ref()
    }

    pub(super) fn at_mut(&mut self, index: u32) -> Option<&mut T> {
        self.places.get_mut(index as usize)?.entry.as_mut()
    }

    /// The generation of the entry at that index.
    pub(super) fn generation(&self, index: u32) -> Option<NonZeroU32> {
        let place = self.places.get(index as usize)?;
        place.entry.is_some().then_some(place.generation)
    }

    /// Takes an entry out. O(1).
    pub(super) fn remove(&mut self, index: u32, generation: NonZeroU32) -> Option<T> {
        let place = self.places.get_mut(index as usize)?;
        if place.generation != generation {
            return None;
        }
        let entry = place.entry.take()?;
        if let Some(next) = place.generation.checked_add(1) {
            place.generation = next;
            self.free.push(index);
        }
        Some(entry)
    }

    /// The entries with their handles' parts, by index.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, NonZeroU32, &T)> {
        let places = (0..).zip(&self.places);
        places.filter_map(|(index, place)| {
            place.entry.as_ref().map(|entry| (index, place.generation, entry))
        })
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_used_again_under_another_generation() {
        let mut table = Table::new();
        let (first, old) = table.insert('a');
        assert_eq!(table.remove(first, old), Some('a'));
        assert_eq!(table.remove(first, old), None);
        let (again, new) = table.insert('b');
        assert_eq!(again, first);
        assert_eq!((table.get(first, old), table.get(first, new)), (None, Some(&'b')));
    }

    #[test]
    fn a_place_is_retired_after_its_last_generation() {
        let mut table = Table::new();
        let (index, _) = table.insert('a');
        table.places[0].generation = NonZeroU32::MAX;
        assert_eq!(table.remove(index, NonZeroU32::MAX), Some('a'));
        assert!(table.is_full(1) && !table.is_full(2));
        assert_eq!(table.insert('b').0, 1);
    }
}
