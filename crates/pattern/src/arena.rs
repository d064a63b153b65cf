//! Slices stored once: equal slices are equal numbers. States of automata, their sets of threads
//! and the nodes of products are kept in this way, end to end in one allocation, because there are
//! many and most are short.

use std::hash::{Hash, Hasher};

use hashbrown::HashTable;

use super::hash::NumberHasher;

/// See the module. Numbers are given out from 0, in the order of arrival.
#[derive(Debug)]
pub struct Arena<T> {
    items: Vec<T>,
    /// Where each slice ends; it begins where the one before ends.
    ends: Vec<u32>,
    ids: HashTable<u32>,
}

impl<T> Default for Arena<T> {
    fn default() -> Arena<T> {
        Arena {
            items: Vec::new(),
            ends: Vec::new(),
            ids: HashTable::new(),
        }
    }
}

fn hash<T: Hash>(slice: &[T]) -> u64 {
    let mut hasher = NumberHasher::default();
    for item in slice {
        item.hash(&mut hasher);
    }
    hasher.finish()
}

fn slice<'a, T>(items: &'a [T], ends: &[u32], id: u32) -> &'a [T] {
    let id = id as usize;
    let from = id.checked_sub(1).map_or(0, |before| ends[before]);
    &items[from as usize..ends[id] as usize]
}

impl<T: Copy + Eq + Hash> Arena<T> {
    /// How many numbers were given out.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The slice with this number, which must have been given out.
    pub fn get(&self, id: u32) -> &[T] {
        slice(&self.items, &self.ends, id)
    }

    /// The number of a slice that is known.
    pub fn find(&self, wanted: &[T]) -> Option<u32> {
        let known = self.ids.find(hash(wanted), |&id| self.get(id) == wanted);
        known.copied()
    }

    /// The number of a slice, which is a new one if it was not known.
    pub fn intern(&mut self, wanted: &[T]) -> u32 {
        if let Some(id) = self.find(wanted) {
            return id;
        }
        let id = self.push(wanted);
        let (items, ends) = (&self.items, &self.ends);
        self.ids
            .insert_unique(hash(wanted), id, |&id| hash(slice(items, ends, id)));
        id
    }

    /// A new number for a slice that [`Arena::find`] does not find.
    pub fn push(&mut self, new: &[T]) -> u32 {
        self.items.extend_from_slice(new);
        self.ends.push(self.items.len() as u32);
        self.ends.len() as u32 - 1
    }

    /// Forgets everything, and gives the memory back.
    pub fn clear(&mut self) {
        *self = Arena::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_slices_are_equal_numbers() {
        let mut arena: Arena<u32> = Arena::default();
        assert_eq!(arena.push(&[]), 0);
        assert_eq!(arena.find(&[]), None);
        let slices: [&[u32]; 4] = [&[1, 2], &[], &[1], &[2, 1]];
        let ids = slices.map(|slice| arena.intern(slice));
        assert_eq!(ids, [1, 2, 3, 4]);
        for n in 0..1_000 {
            arena.intern(&[n, n + 1, n * 7]);
        }
        assert_eq!(slices.map(|slice| arena.intern(slice)), ids);
        assert_eq!(
            ids.map(|id| arena.get(id).to_vec()),
            slices.map(<[u32]>::to_vec)
        );
        assert_eq!(arena.len(), 1_005);
        arena.clear();
        assert_eq!(arena.len(), 0);
        assert_eq!(arena.intern(&[7]), 0);
        assert_eq!(arena.get(0), [7]);
    }
}
