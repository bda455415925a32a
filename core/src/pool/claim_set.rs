//! A set of indices that any thread claims from and returns to: the idle seats
//! of a pool and its vacant slots.
//!
//! # Protocol
//!
//! ```text
//! leaf word   members, parked permits, insertions      exact: `leaf.rs`
//! hint word   one bit a leaf: "may have members"       advisory
//! ```
//!
//! *Claiming* takes the lowest member of the first leaf whose hint is set,
//! from the claimer's own leaf on and around. Hints can be wrong either way for
//! a moment; they save time and decide nothing.
//!
//! *Proof of emptiness* (double collect). Before a claim answers "empty" it
//! reads every leaf twice. Each first read finds no bits, each second read
//! finds no bits, and the sums of the insertion counts are equal. A count only
//! rises, so equal sums mean that each leaf had no insertion between its two
//! reads; without insertion an empty leaf stays empty; so at the instant
//! between the two passes all leaves were empty at once. An unequal sum means
//! that another thread inserted or shut a leaf (which counts as an insertion and
//! brings no member): some thread always gets on (lock-free).
//!
//! # Orderings
//!
//! Those of the leaves are told in `leaf.rs`. The loads of a proof are
//! `Acquire`: they pair with the Release of insertions and claims, and the
//! second pass stays behind the first. Hints are `Relaxed`: nothing is
//! published through them.

// Not the facade's hint; `slot.rs` says why.
use core::hint::spin_loop;

use super::leaf::{self, insertions, members};
use super::shape::SetShape;
use crate::sync::{AtomicU64, Ordering};

/// Leaves under one hint word.
const HINT_BITS: usize = 64;

/// The number of insertions so far, over all leaves. Equal epochs around a
/// step mean that nothing was inserted during it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Epoch(u64);

/// A set over words that someone else keeps; see the file's protocol.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClaimSet<'a> {
    pub(super) hints: &'a [AtomicU64],
    /// The leaf words, with the spacing of the shape.
    pub(super) words: &'a [AtomicU64],
    pub(super) shape: SetShape,
}

/// How many hint words so many leaves need.
pub(super) const fn hint_words(leaves: usize) -> usize {
    leaves.div_ceil(HINT_BITS)
}

impl<'a> ClaimSet<'a> {
    /// The set kept in these words; all-zero words are the empty set.
    #[inline]
    pub(super) const fn new(
        hints: &'a [AtomicU64],
        words: &'a [AtomicU64],
        shape: SetShape,
    ) -> Self {
        Self { hints, words, shape }
    }

    #[inline]
    pub(super) fn leaf(&self, leaf: usize) -> &'a AtomicU64 {
        &self.words[leaf << self.shape.spacing]
    }

    fn leaves(&self) -> impl Iterator<Item = &'a AtomicU64> {
        self.words.iter().step_by(1 << self.shape.spacing).take(self.shape.leaves)
    }

    /// Puts the indices `mask` of `leaf` in. The caller owns them.
    #[inline]
    pub(super) fn insert(&self, leaf: usize, mask: u32) {
        if leaf::insert(self.leaf(leaf), mask) {
            self.set_hint(leaf);
        }
    }

    /// Takes out the lowest member from leaf `first` on and around, or proves
    /// that there was none.
    #[inline]
    pub(super) fn claim(&self, first: usize) -> Result<u32, Epoch> {
        self.claim_by(|set| set.claim_hinted(first))
    }

    /// Takes out a member that `choose` finds, or proves that there was none.
    /// `choose` may miss members: the proof finds them and it is asked again.
    #[inline]
    pub(super) fn claim_by(
        &self,
        mut choose: impl FnMut(&Self) -> Option<u32>,
    ) -> Result<u32, Epoch> {
        loop {
            if let Some(index) = choose(self) {
                return Ok(index);
            }
            match self.prove_empty() {
                Ok(epoch) => return Err(epoch),
                Err(leaf) => self.set_hint(leaf),
            }
            spin_loop();
        }
    }

    /// Takes the members among `mask` of `leaf` out; the bits that it got.
    #[inline]
    pub(super) fn withdraw(&self, leaf: usize, mask: u32) -> u32 {
        leaf::withdraw(self.leaf(leaf), mask)
    }

    /// Takes all of `mask` out of `leaf`, or nothing.
    pub(super) fn claim_all(&self, leaf: usize, mask: u32) -> bool {
        leaf::claim_all(self.leaf(leaf), mask)
    }

    /// Whether all of `mask` are members of `leaf`; a moment's view.
    pub(super) fn has(&self, leaf: usize, mask: u32) -> bool {
        // ORDERING: Relaxed: a view; whoever acts on it claims the bits.
        members(self.leaf(leaf).load(Ordering::Relaxed)) & mask == mask
    }

    /// The permits parked in the set; a moment's view. O(leaves).
    pub(super) fn parked(&self) -> u32 {
        // ORDERING: Relaxed: a view, exact at rest.
        self.leaves().map(|leaf| leaf::permits(leaf.load(Ordering::Relaxed))).sum()
    }

    /// Calls `visit` with the index of each member, lowest first; a moment's
    /// view that may be old when `visit` sees it.
    pub(super) fn for_each(&self, mut visit: impl FnMut(u32)) {
        for (leaf, word) in self.leaves().enumerate() {
            // ORDERING: Relaxed: a view; whoever acts on it claims the bit.
            let mut bits = members(word.load(Ordering::Relaxed));
            while bits != 0 {
                visit(self.shape.index(leaf, bits.trailing_zeros()));
                bits &= bits - 1;
            }
        }
    }

    /// The insertions so far. O(leaves).
    pub(super) fn epoch(&self) -> Epoch {
        let count = |leaf: &AtomicU64| {
            // ORDERING: Acquire: reads made after this call stay after it. A
            // caller whose last read this is could do with Relaxed.
            insertions(leaf.load(Ordering::Acquire))
        };
        Epoch(self.leaves().map(count).fold(0, u64::wrapping_add))
    }

    /// Takes the lowest member of the first leaf, from `first` on and around,
    /// that has a hint and a member.
    #[inline]
    fn claim_hinted(&self, first: usize) -> Option<u32> {
        let behind = || self.claim_hinted_in(0, first);
        self.claim_hinted_in(first, self.shape.leaves).or_else(behind)
    }

    fn claim_hinted_in(&self, from: usize, to: usize) -> Option<u32> {
        let groups = self.hints.get(from / HINT_BITS..hint_words(to)).unwrap_or_default();
        for (group, hints) in (from / HINT_BITS..).zip(groups) {
            let start = group * HINT_BITS;
            // ORDERING: Relaxed: advisory, see the protocol.
            let mut left = hints.load(Ordering::Relaxed) & (u64::MAX << from.saturating_sub(start));
            while left != 0 {
                let leaf = start + left.trailing_zeros() as usize;
                if leaf >= to {
                    return None;
                }
                if let Some(index) = self.claim_in(leaf) {
                    return Some(index);
                }
                self.clear_hint(leaf);
                left &= left - 1;
            }
        }
        None
    }

    /// Takes the lowest member of `leaf`.
    #[inline]
    pub(super) fn claim_in(&self, leaf: usize) -> Option<u32> {
        loop {
            // ORDERING: Relaxed: `withdraw` decides.
            let bits = members(self.leaf(leaf).load(Ordering::Relaxed));
            if bits == 0 {
                return None;
            }
            let bit = bits.trailing_zeros();
            if self.withdraw(leaf, 1 << bit) != 0 {
                return Some(self.shape.index(leaf, bit));
            }
            spin_loop();
        }
    }

    /// The double collect: proves that at one instant during this call there
    /// was no member, or names a leaf that has one.
    pub(super) fn prove_empty(&self) -> Result<Epoch, usize> {
        let mut first = self.collect()?;
        loop {
            let second = self.collect()?;
            if first == second {
                return Ok(first);
            }
            first = second;
            spin_loop();
        }
    }

    /// One pass over the leaves: the insertions so far, or a leaf with members.
    fn collect(&self) -> Result<Epoch, usize> {
        let mut sum = 0_u64;
        for (leaf, word) in self.leaves().enumerate() {
            // ORDERING: Acquire, pairs with the Release of `insert`, `park` and
            // `withdraw`, and keeps the second pass behind the first.
            let word = word.load(Ordering::Acquire);
            if members(word) != 0 {
                return Err(leaf);
            }
            sum = sum.wrapping_add(insertions(word));
        }
        Ok(Epoch(sum))
    }

    /// Sets a hint; a line that is written by none stays with all.
    pub(super) fn set_hint(&self, leaf: usize) {
        let (word, bit) = (&self.hints[leaf / HINT_BITS], 1 << (leaf % HINT_BITS));
        // ORDERING: Relaxed: advisory, see the protocol.
        if word.load(Ordering::Relaxed) & bit == 0 {
            // ORDERING: Relaxed: advisory, see the protocol.
            word.fetch_or(bit, Ordering::Relaxed);
        }
    }

    /// Clears a hint, and sets it again where a member came in meanwhile.
    fn clear_hint(&self, leaf: usize) {
        // ORDERING: Relaxed: advisory, see the protocol.
        self.hints[leaf / HINT_BITS].fetch_and(!(1 << (leaf % HINT_BITS)), Ordering::Relaxed);
        // ORDERING: Relaxed: advisory; what this read misses the proof finds.
        if members(self.leaf(leaf).load(Ordering::Relaxed)) != 0 {
            self.set_hint(leaf);
        }
    }
}
