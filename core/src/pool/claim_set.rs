//! A set of indices that any thread claims from and returns to: the idle seats
//! of a pool and its vacant slots.
//!
//! # Protocol
//!
//! ```text
//! leaf word   63             32 31              0
//!            +-----------------+-----------------+
//!            | insertions      | one bit a member|     exact
//!            +-----------------+-----------------+
//! hint word   one bit a leaf: "may have members"       advisory
//! ```
//!
//! *Who may write what.* A bit that is set belongs to the set. Whoever clears
//! it (one `fetch_and` or compare-exchange) owns that index alone, and only
//! the owner may set it again. An insertion is one `fetch_add` of the bits and
//! of 1 in the upper half: the bits are clear because the caller owns them, so
//! nothing carries.
//!
//! *Claiming* takes the lowest member of the first leaf whose hint is set.
//! Hints can be wrong either way for a moment; they save time and decide
//! nothing.
//!
//! *Proof of emptiness* (double collect). Before a claim answers "empty" it
//! reads every leaf twice. Each first read finds no bits, each second read
//! finds no bits, and the sums of the insertion counts are equal. A count only
//! rises, so equal sums mean that each leaf had no insertion between its two
//! reads; without insertion an empty leaf stays empty; so at the instant
//! between the two passes all leaves were empty at once. An unequal sum means
//! that another thread inserted: some thread always gets on (lock-free).
//!
//! # Orderings
//!
//! * Insertion is `AcqRel`. Release: pairs with the claim of that bit, so that
//!   the claimer sees what the last owner wrote to the slot and the seat.
//!   Acquire: an owner that inserts and then reads the slot word sees a drain
//!   whose withdrawal came before its insertion (`seat.rs` has the argument).
//! * Claim and withdrawal are `AcqRel`. Acquire pairs with insertion. Release
//!   pairs with the Acquire loads of a proof: a proof that saw this claim also
//!   sees every insertion the claimer made before it, so a member that moves
//!   from a leaf not yet read to a leaf already read cannot slip through.
//! * The loads of a proof are `Acquire`: the second pass stays behind the first.
//! * Hints are `Relaxed`: nothing is published through them.
//!
//! # ABA bound
//!
//! The counts have 32 bits. A proof is deceived only if leaves take exactly
//! such numbers of insertions between its two reads of them that the sum is the
//! same again, and one of them has wrapped: 2^32 insertions in that leaf. At 10
//! million a second the proving thread would have to sleep for 7 minutes, and
//! wake at the one exact count.

// Not the facade's hint; `slot.rs` says why.
use core::hint::spin_loop;

use crate::sync::{AtomicU64, Ordering};

/// Members in one leaf word. Few under loom, so that small models have
/// instances in several leaves and instances that straddle two.
pub(super) const LEAF_BITS: u32 = if cfg!(all(test, loom)) { 2 } else { 32 };
const MEMBERS: u64 = (1 << LEAF_BITS) - 1;
const ONE_INSERTION: u64 = 1 << LEAF_BITS;
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
    pub(super) leaves: &'a [AtomicU64],
}

/// How many leaf words `indices` indices need.
pub(super) const fn leaf_words(indices: usize) -> usize {
    indices.div_ceil(LEAF_BITS as usize)
}

/// How many hint words `indices` indices need.
pub(super) const fn hint_words(indices: usize) -> usize {
    leaf_words(indices).div_ceil(HINT_BITS)
}

impl<'a> ClaimSet<'a> {
    /// The set kept in these words; all-zero words are the empty set.
    #[inline]
    pub(super) const fn new(hints: &'a [AtomicU64], leaves: &'a [AtomicU64]) -> Self {
        Self { hints, leaves }
    }

    /// Puts the indices `mask` of `leaf` in. The caller owns them.
    #[inline]
    pub(super) fn insert(&self, leaf: usize, mask: u32) {
        // ORDERING: AcqRel. Release pairs with the Acquire of `withdraw` and
        // `claim_all`; Acquire pairs with the Release of a drain's `withdraw`.
        let before = self.leaves[leaf].fetch_add(ONE_INSERTION + u64::from(mask), Ordering::AcqRel);
        debug_assert_eq!(before & u64::from(mask), 0, "an index was inserted twice");
        if before & MEMBERS == 0 {
            self.set_hint(leaf);
        }
    }

    /// Takes out the lowest member, or proves that there was none.
    #[inline]
    pub(super) fn claim(&self) -> Result<u32, Epoch> {
        self.claim_by(|set| set.claim_hinted())
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
        // ORDERING: AcqRel. Acquire pairs with the Release of `insert`; Release
        // pairs with the Acquire of `prove_empty` and of a later `insert`.
        let before = self.leaves[leaf].fetch_and(!u64::from(mask), Ordering::AcqRel);
        members(before) & mask
    }

    /// Takes all of `mask` out of `leaf`, or nothing.
    pub(super) fn claim_all(&self, leaf: usize, mask: u32) -> bool {
        let word = &self.leaves[leaf];
        // ORDERING: Relaxed: only the compare-exchange decides.
        let mut seen = word.load(Ordering::Relaxed);
        while members(seen) & mask == mask {
            // ORDERING: AcqRel, as `withdraw`; the failed read decides nothing.
            match word.compare_exchange_weak(
                seen,
                seen & !u64::from(mask),
                Ordering::AcqRel,
                Ordering::Relaxed,
            ) {
                Ok(_) => return true,
                Err(now) => seen = now,
            }
            spin_loop();
        }
        false
    }

    /// Whether all of `mask` are members of `leaf`; a moment's view.
    pub(super) fn has(&self, leaf: usize, mask: u32) -> bool {
        // ORDERING: Relaxed: a view; whoever acts on it claims the bits.
        members(self.leaves[leaf].load(Ordering::Relaxed)) & mask == mask
    }

    /// Calls `visit` with the index of each member, lowest first; a moment's
    /// view that may be old when `visit` sees it.
    pub(super) fn for_each(&self, mut visit: impl FnMut(u32)) {
        for (leaf, word) in self.leaves.iter().enumerate() {
            // ORDERING: Relaxed: a view; whoever acts on it claims the bit.
            let mut bits = members(word.load(Ordering::Relaxed));
            while bits != 0 {
                visit(index_of(leaf, bits.trailing_zeros()));
                bits &= bits - 1;
            }
        }
    }

    /// The insertions so far. O(leaves).
    pub(super) fn epoch(&self) -> Epoch {
        // ORDERING: Acquire: reads made after this call stay after it. A caller
        // whose last read this is could do with Relaxed.
        Epoch(self.leaves.iter().map(|leaf| insertions(leaf.load(Ordering::Acquire))).sum())
    }

    /// Takes the lowest member of the first leaf that has a hint and a member.
    #[inline]
    fn claim_hinted(&self) -> Option<u32> {
        for (group, hints) in self.hints.iter().enumerate() {
            // ORDERING: Relaxed: advisory, see the protocol.
            let mut left = hints.load(Ordering::Relaxed);
            while left != 0 {
                let leaf = group * HINT_BITS + left.trailing_zeros() as usize;
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
            let bits = members(self.leaves[leaf].load(Ordering::Relaxed));
            if bits == 0 {
                return None;
            }
            let bit = bits.trailing_zeros();
            if self.withdraw(leaf, 1 << bit) != 0 {
                return Some(index_of(leaf, bit));
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
        for (leaf, word) in self.leaves.iter().enumerate() {
            // ORDERING: Acquire, pairs with the Release of `insert` and
            // `withdraw`, and keeps the second pass behind the first.
            let word = word.load(Ordering::Acquire);
            if members(word) != 0 {
                return Err(leaf);
            }
            sum = sum.wrapping_add(insertions(word));
        }
        Ok(Epoch(sum))
    }

    fn set_hint(&self, leaf: usize) {
        // ORDERING: Relaxed: advisory, see the protocol.
        self.hints[leaf / HINT_BITS].fetch_or(1 << (leaf % HINT_BITS), Ordering::Relaxed);
    }

    /// Clears a hint, and sets it again where a member came in meanwhile.
    fn clear_hint(&self, leaf: usize) {
        // ORDERING: Relaxed: advisory, see the protocol.
        self.hints[leaf / HINT_BITS].fetch_and(!(1 << (leaf % HINT_BITS)), Ordering::Relaxed);
        // ORDERING: Relaxed: advisory; what this read misses the proof finds.
        if members(self.leaves[leaf].load(Ordering::Relaxed)) != 0 {
            self.set_hint(leaf);
        }
    }
}

#[inline]
pub(super) const fn members(word: u64) -> u32 {
    (word & MEMBERS) as u32
}

#[inline]
const fn insertions(word: u64) -> u64 {
    word >> LEAF_BITS
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "a pool has at most 2^24 seats")]
const fn index_of(leaf: usize, bit: u32) -> u32 {
    leaf as u32 * LEAF_BITS + bit
}
