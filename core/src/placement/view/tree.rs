//! The least of many keys, kept as they change.
//!
//! Blocks of eight keys, the least of each block in the level above, up to one
//! key. A change looks at one block a level, and stops where the least of the
//! block stays. For a draw among equals each level also counts how many leaves
//! have the block's least key.

use alloc::vec;
use alloc::vec::Vec;

/// Keys in a block.
const WIDTH: usize = 8;

/// The key of a leaf that must not be chosen.
pub(super) const NEVER: u128 = u128::MAX;

/// A tree over a fixed number of leaves.
#[derive(Debug)]
pub(super) struct Tree {
    /// The leaves first; each level a multiple of [`WIDTH`], the last one block.
    levels: Vec<Vec<u128>>,
    /// How many leaves have that key, at the same places; where draws need it.
    ties: Vec<Vec<u32>>,
}

impl Tree {
    /// A tree over `leaves`, which counts equals if `counts`. O(leaves).
    pub(super) fn new(mut leaves: Vec<u128>, counts: bool) -> Self {
        let mut levels = vec![];
        let mut ties = vec![];
        let mut counted: Vec<u32> = if counts { vec![1; leaves.len()] } else { vec![] };
        loop {
            let padded = leaves.len().max(1).next_multiple_of(WIDTH);
            leaves.resize(padded, NEVER);
            let above: Vec<u128> = leaves.chunks(WIDTH).map(least).collect();
            if counts {
                counted.resize(padded, 0);
                let blocks = leaves.chunks(WIDTH).zip(counted.chunks(WIDTH)).zip(&above);
                let counted_above =
                    blocks.map(|((keys, ties), least)| ties_of(keys, ties, *least)).collect();
                ties.push(core::mem::replace(&mut counted, counted_above));
            }
            let blocks = above.len();
            levels.push(core::mem::replace(&mut leaves, above));
            if blocks == 1 {
                return Self { levels, ties };
            }
        }
    }

    /// The least key; [`NEVER`] where there is none. O(1).
    #[inline]
    pub(super) fn least(&self) -> u128 {
        self.levels.last().map_or(NEVER, |top| least(top))
    }

    /// The key of a leaf.
    #[cfg(all(test, not(loom)))]
    pub(super) fn get(&self, leaf: usize) -> u128 {
        self.levels.first().and_then(|leaves| leaves.get(leaf)).copied().unwrap_or(NEVER)
    }

    /// Changes the key of a leaf. O(log leaves).
    #[inline]
    pub(super) fn set(&mut self, leaf: usize, key: u128) {
        let counts = !self.ties.is_empty();
        let (mut place, mut key, mut tied) = (leaf, key, 1);
        for level in 0..self.levels.len() {
            let Some(old) = self.levels.get_mut(level).and_then(|keys| keys.get_mut(place)) else {
                return;
            };
            let before = core::mem::replace(old, key);
            let mut same = before == key;
            if let Some(ties) = self.ties.get_mut(level).and_then(|ties| ties.get_mut(place)) {
                same &= core::mem::replace(ties, tied) == tied;
            }
            if same {
                return;
            }
            let start = place - place % WIDTH;
            let keys = self.levels.get(level).and_then(|keys| keys.get(start..start + WIDTH));
            key = least(keys.unwrap_or(&[]));
            if counts {
                let ties = self.ties.get(level).and_then(|ties| ties.get(start..start + WIDTH));
                tied = ties_of(keys.unwrap_or(&[]), ties.unwrap_or(&[]), key);
            }
            place /= WIDTH;
        }
    }

    /// How many leaves have the least key; where equals are counted.
    pub(super) fn ties(&self) -> u32 {
        let top = self.levels.last().zip(self.ties.last());
        top.map_or(0, |(keys, ties)| ties_of(keys, ties, self.least()))
    }

    /// How many leaves before `leaf` have the least key. O(log leaves).
    pub(super) fn ties_before(&self, leaf: usize) -> u32 {
        if self.levels.first().is_none_or(|leaves| leaf >= leaves.len()) {
            return self.ties();
        }
        let least = self.least();
        let mut place = leaf;
        let mut before = 0;
        for (keys, ties) in self.levels.iter().zip(&self.ties) {
            let block = place - place % WIDTH..place;
            let (keys, ties) = (keys.get(block.clone()), ties.get(block));
            before += ties_of(keys.unwrap_or(&[]), ties.unwrap_or(&[]), least);
            place /= WIDTH;
        }
        before
    }
}

#[inline]
fn least(keys: &[u128]) -> u128 {
    keys.iter().copied().fold(NEVER, u128::min)
}

fn ties_of(keys: &[u128], ties: &[u32], least: u128) -> u32 {
    keys.iter().zip(ties).filter(|(key, _)| **key == least).map(|(_, ties)| *ties).sum()
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::rng::Rng;

    #[test]
    fn the_least_and_its_ties_are_those_of_a_plain_list() {
        let mut draws = Rng::new(5);
        for leaves in [0, 1, 7, 8, 9, 64, 65, 700] {
            let mut list: Vec<u128> = (0..leaves).map(|_| draws.below(6).into()).collect();
            let mut tree = Tree::new(list.clone(), true);
            let mut plain = Tree::new(list.clone(), false);
            for _ in 0..300 {
                let least = list.iter().copied().min().unwrap_or(NEVER);
                assert_eq!((tree.least(), plain.least()), (least, least));
                if list.is_empty() {
                    break;
                }
                let ties = |upto: usize| list[..upto].iter().filter(|key| **key == least).count();
                assert_eq!(tree.ties() as usize, ties(leaves));
                assert_eq!(tree.ties_before(leaves) as usize, ties(leaves));
                let at = usize::try_from(draws.below(leaves as u64)).unwrap();
                assert_eq!(tree.ties_before(at) as usize, ties(at));
                let key = if draws.below(3) == 0 { NEVER } else { draws.below(6).into() };
                list[at] = key;
                tree.set(at, key);
                plain.set(at, key);
                assert_eq!(plain.get(at), key);
            }
        }
    }
}
