//! Which blocks of nodes have one of a given class: hints that lead a search
//! to room without a look at every node.
//!
//! # Layout
//!
//! The grid has a cell for each pair of classes ([`class`](super::class)), and
//! the nodes are cut into blocks of neighbours. One bit a cell and block:
//!
//! ```text
//! words[0 .. C]        row r     bit k: cell (r, k) has a block; C classes
//! words[C .. 2C]       column k  bit r: the same
//! then for each cell   tops      bit i of all: leaf i is not 0; none for one leaf
//!                      leaves    bit b of all: block b has a node of the cell
//! ```
//!
//! # Who may write what
//!
//! Every bit is a hint: the truth is the node's own `Free` word, which whoever
//! follows a hint reads and takes by CAS. So a wrong bit can cost time or lead
//! to a node that is not the best, but never to one without room, and never to
//! a refusal: that is proved by a scan of the words (`capacity`).
//!
//! | bit | set | cleared |
//! |---|---|---|
//! | leaf | by who changed a `Free` word into the cell, after that | by who changed one out of it, or found none there, unless another is there |
//! | top | by who made the leaf other than 0, after that | by who made or found the leaf 0 |
//! | row, column | by who made the first leaf or top of the cell other than 0, after that | by who made the last one 0 |
//!
//! # No hint is lost at rest
//!
//! Once every call has returned, each node's bits are set, on all three levels.
//! Whoever clears a bit looks again at what it stands for, and sets it anew
//! where something is there. Setter and clearer both do a read-modify-write on
//! the bit's word, and its order decides: if the setter's comes second, the bit
//! stays; if the clearer's does, its Acquire pairs with the setter's Release,
//! so its second look sees what the setter saw. The other way around, a bit
//! that stands for nothing may stay; a search clears it when it comes by.

use super::class::{Cell, Scale, Shape};
use crate::sync::{AtomicU64, Ordering};

/// Where each bit of a fleet's index is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    pub(super) shape: Shape,
    leaves: u32,
    tops: u32,
}

impl Grid {
    /// The grid for `max_nodes`; none where a scan is as good.
    pub(super) const fn new(shape: Shape, max_nodes: u32) -> Option<Self> {
        if max_nodes <= shape.scanned {
            return None;
        }
        let leaves = max_nodes.div_ceil(1 << shape.block_bits).div_ceil(u64::BITS);
        let tops = if leaves == 1 { 0 } else { leaves.div_ceil(u64::BITS) };
        Some(Self { shape, leaves, tops })
    }

    /// How many words it takes.
    pub(super) const fn words(self) -> usize {
        let classes = self.shape.classes() as usize;
        2 * classes + classes * classes * self.words_per_cell()
    }

    const fn words_per_cell(self) -> usize {
        self.tops as usize + self.leaves as usize
    }

    /// The tops, then the leaves of `cell`.
    #[inline]
    fn cell(self, words: &[AtomicU64], cell: Cell) -> (&[AtomicU64], &[AtomicU64]) {
        let number = (cell.cpu << self.shape.class_bits | cell.memory) as usize;
        let start = 2 * self.shape.classes() as usize + number * self.words_per_cell();
        words[start..start + self.words_per_cell()].split_at(self.tops as usize)
    }

    /// The row and the column of `cell`, with its bit in each.
    #[inline]
    fn lines(self, words: &[AtomicU64], cell: Cell) -> [(&AtomicU64, u64); 2] {
        let column = (self.shape.classes() + cell.memory) as usize;
        [(&words[cell.cpu as usize], 1 << cell.memory), (&words[column], 1 << cell.cpu)]
    }

    /// The classes of memory that have a block where CPU is of `class`.
    #[inline]
    pub(super) fn row(self, words: &[AtomicU64], class: u32) -> u64 {
        // ORDERING: Relaxed: a hint, the node it leads to is read anew.
        words[class as usize].load(Ordering::Relaxed)
    }

    /// The classes of CPU that have a block where memory is of `class`.
    #[inline]
    pub(super) fn column(self, words: &[AtomicU64], class: u32) -> u64 {
        // ORDERING: Relaxed: as in row.
        words[(self.shape.classes() + class) as usize].load(Ordering::Relaxed)
    }

    /// A node of `block` has come into `cell`.
    #[inline]
    pub(super) fn set(self, words: &[AtomicU64], cell: Cell, block: u32) {
        let leaf = block / u64::BITS;
        let word = &self.cell(words, cell).1[leaf as usize];
        // ORDERING: Release, pairs with the Acquire in clear, whose second look
        // then sees the node.
        if word.fetch_or(bit(block), Ordering::Release) == 0 {
            self.raise(words, cell, leaf);
        }
    }

    /// A node of `block` has left `cell`: clears the bit if it was the last.
    /// `still` says whether another is there.
    #[inline]
    pub(super) fn clear(
        self,
        words: &[AtomicU64],
        cell: Cell,
        block: u32,
        still: impl Fn() -> bool,
    ) {
        if still() {
            return;
        }
        let leaf = block / u64::BITS;
        let word = &self.cell(words, cell).1[leaf as usize];
        // ORDERING: Acquire, pairs with the Release in set, so that the second
        // look sees the node of each bit that this cleared.
        let before = word.fetch_and(!bit(block), Ordering::Acquire);
        if before & !bit(block) == 0 {
            self.lower(words, cell, leaf);
        }
        if still() {
            self.set(words, cell, block);
        }
    }

    /// A leaf has become other than 0: so are the levels above it.
    fn raise(self, words: &[AtomicU64], cell: Cell, leaf: u32) {
        let (tops, _) = self.cell(words, cell);
        if let Some(top) = tops.get((leaf / u64::BITS) as usize) {
            // ORDERING: Release, as in set: pairs with lower.
            if top.fetch_or(bit(leaf), Ordering::Release) != 0 {
                return;
            }
        }
        for (line, bit) in self.lines(words, cell) {
            // ORDERING: Release, as in set: pairs with lower.
            line.fetch_or(bit, Ordering::Release);
        }
    }

    /// A leaf is 0: so may be the levels above it.
    #[cold]
    fn lower(self, words: &[AtomicU64], cell: Cell, leaf: u32) {
        let (tops, leaves) = self.cell(words, cell);
        if let Some(top) = tops.get((leaf / u64::BITS) as usize) {
            // ORDERING: Acquire, as in clear: pairs with raise.
            let before = top.fetch_and(!bit(leaf), Ordering::Acquire);
            if any(&leaves[leaf as usize..=leaf as usize]) {
                self.raise(words, cell, leaf);
                return;
            }
            if before & !bit(leaf) != 0 {
                return;
            }
        }
        let below = if tops.is_empty() { leaves } else { tops };
        if any(below) {
            return;
        }
        for (line, bit) in self.lines(words, cell) {
            // ORDERING: Acquire, as in clear: pairs with raise.
            line.fetch_and(!bit, Ordering::Acquire);
        }
        if any(below) {
            for (line, bit) in self.lines(words, cell) {
                // ORDERING: Release, as in set: pairs with another's lower, which
                // then sees below what this thread saw.
                line.fetch_or(bit, Ordering::Release);
            }
        }
    }

    /// The first block from number `from` on that has a node of `cell`, as the
    /// hints say.
    #[inline]
    pub(super) fn next(self, words: &[AtomicU64], cell: Cell, from: u32) -> Option<u32> {
        let (tops, leaves) = self.cell(words, cell);
        let mut leaf = from / u64::BITS;
        let mut mask = u64::MAX << (from % u64::BITS);
        loop {
            if !tops.is_empty() {
                let found = next_bit(tops, leaf)?;
                mask = if found == leaf { mask } else { u64::MAX };
                leaf = found;
            }
            let word = leaves.get(leaf as usize)?;
            // ORDERING: Relaxed: as in row.
            let blocks = word.load(Ordering::Relaxed);
            if blocks & mask != 0 {
                return Some(leaf * u64::BITS + (blocks & mask).trailing_zeros());
            }
            if blocks == 0 {
                self.lower(words, cell, leaf);
            }
            leaf += 1;
            mask = u64::MAX;
        }
    }
}

/// A fleet's index: its grid and what its nodes are measured by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Index<'a> {
    pub(super) grid: Grid,
    pub(super) scale: Scale,
    pub(super) words: &'a [AtomicU64],
}

impl Index<'_> {
    /// A node of `block` has moved between cells; `any` says whether the block
    /// has a node of a cell.
    #[inline]
    pub(super) fn moved(self, block: u32, from: Cell, to: Cell, any: impl Fn(Cell) -> bool) {
        if from != to {
            self.grid.set(self.words, to, block);
            self.grid.clear(self.words, from, block, || any(from));
        }
    }
}

#[inline]
const fn bit(number: u32) -> u64 {
    1 << (number % u64::BITS)
}

/// Whether one of `words` is not 0.
#[inline]
fn any(words: &[AtomicU64]) -> bool {
    // ORDERING: Relaxed: the caller's read-modify-write on the word above has
    // acquired what its setter saw.
    words.iter().any(|word| word.load(Ordering::Relaxed) != 0)
}

/// The first bit set of `words` from number `from` on.
#[inline]
fn next_bit(words: &[AtomicU64], from: u32) -> Option<u32> {
    let mut mask = u64::MAX << (from % u64::BITS);
    let mut number = from / u64::BITS;
    loop {
        // ORDERING: Relaxed: a hint, as in Grid::row.
        let bits = words.get(number as usize)?.load(Ordering::Relaxed) & mask;
        if bits != 0 {
            return Some(number * u64::BITS + bits.trailing_zeros());
        }
        mask = u64::MAX;
        number += 1;
    }
}
