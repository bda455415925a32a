//! One leaf of a claim set: its members, and the permits parked beside them.
//!
//! # Protocol
//!
//! ```text
//! 63                    24  23  22       16 15               0
//! +-----------------------+----+-----------+-----------------+
//! | insertions            |open| permits   | one bit a member|
//! +-----------------------+----+-----------+-----------------+
//! ```
//!
//! *Members.* A bit that is set belongs to the set. Whoever clears it (one
//! read-modify-write) owns that index alone, and only the owner may set it
//! again. An insertion counts in the upper bits.
//!
//! *Permits.* A permit is a unit of concurrency that nobody uses. It is parked
//! with the seat that its request gives back, so that the next request takes
//! seat and permit in one compare-exchange on a word that its own thread used
//! last. To the pool a permit is a number: what it is a unit of, and when a
//! leaf may be open, `concurrency/parking.rs` and `function/admit.rs` say. The
//! steps are
//!
//! ```text
//!  take    permits - 1, and the lowest member with it if there is one, or
//!          by choice the permit alone
//!  park    permits + 1, and members in: into an open leaf, or one that this
//!          very step opens
//!  steal   permits - 1 if there is one, and shut
//!  unpark  permits = 0, and shut
//! ```
//!
//! *A leaf that was shut stays shut until it is opened anew.* Steal and unpark
//! count as an insertion, so that they change the word whatever it was: a
//! thread that decided to open the leaf on an older word fails.
//!
//! # Orderings
//!
//! * Insertion and park are `AcqRel`. Release: pairs with the claim of that bit
//!   or permit, so that the claimer sees what the last owner wrote to the slot
//!   and the seat, and what the last request did. Acquire: an owner that
//!   inserts and then reads the slot word sees a drain whose withdrawal came
//!   before its insertion (`seat.rs` has the argument).
//! * Claim, withdrawal and take are `AcqRel`. Acquire pairs with insertion.
//!   Release pairs with the Acquire loads of a proof of emptiness: a proof that
//!   saw this claim also sees every insertion that the claimer made before it,
//!   so a member that moves from a leaf not yet read to a leaf already read
//!   cannot slip through.
//! * Steal and unpark are `AcqRel`, and the load before a park is `Acquire`:
//!   who decides on a word to open the leaf has seen what the last thread that
//!   shut it did before, its closing of the limit above all.
//!
//! # ABA bound
//!
//! The insertions have 40 bits. A compare-exchange or a proof is deceived only
//! if a leaf takes a multiple of 2^40 insertions in the meantime: at 10 million
//! a second, 30 hours.

// Not the facade's hint; `slot.rs` says why.
use core::hint::spin_loop;

use crate::sync::{AtomicU64, Ordering};

/// Members in one leaf word. Few under loom, so that small models have
/// instances in several leaves and instances that straddle two.
pub(super) const LEAF_BITS: u32 = if cfg!(all(test, loom)) { 2 } else { 16 };
/// Insertions start at this bit.
pub(super) const INSERTION_SHIFT: u32 = 24;

const MEMBERS: u64 = (1 << LEAF_BITS) - 1;
const PERMIT_SHIFT: u32 = 16;
const ONE_PERMIT: u64 = 1 << PERMIT_SHIFT;
/// The most permits in one leaf: 7 bits. What comes on top goes elsewhere.
const MAX_PERMITS: u32 = (1 << 7) - 1;
const PERMITS: u64 = (MAX_PERMITS as u64) << PERMIT_SHIFT;
const OPEN: u64 = 1 << 23;
pub(super) const ONE_INSERTION: u64 = 1 << INSERTION_SHIFT;

const _: () = assert!(MEMBERS & PERMITS == 0 && PERMITS & OPEN == 0 && OPEN < ONE_INSERTION);

/// What a [`take`] got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// There was no permit; a member may be there.
    Nothing,
    /// A permit, and no member.
    Permit,
    /// A permit and the member of this bit.
    Both(u32),
}

#[inline]
pub(super) const fn members(word: u64) -> u32 {
    (word & MEMBERS) as u32
}

#[inline]
pub(super) const fn permits(word: u64) -> u32 {
    ((word & PERMITS) >> PERMIT_SHIFT) as u32
}

#[inline]
pub(super) const fn insertions(word: u64) -> u64 {
    word >> INSERTION_SHIFT
}

/// Puts the members `mask` in, which the caller owns; whether the leaf had
/// none before.
#[inline]
pub(super) fn insert(leaf: &AtomicU64, mask: u32) -> bool {
    // ORDERING: AcqRel. Release pairs with the Acquire of `withdraw`, `take`
    // and `claim_all`; Acquire pairs with the Release of a drain's `withdraw`.
    let before = leaf.fetch_add(ONE_INSERTION + u64::from(mask), Ordering::AcqRel);
    debug_assert_eq!(before & u64::from(mask), 0, "an index was inserted twice");
    members(before) == 0
}

/// Takes the members among `mask` out; the bits that it got.
#[inline]
pub(super) fn withdraw(leaf: &AtomicU64, mask: u32) -> u32 {
    // ORDERING: AcqRel. Acquire pairs with the Release of `insert` and `park`;
    // Release pairs with the Acquire of a proof and of a later `insert`.
    let before = leaf.fetch_and(!u64::from(mask), Ordering::AcqRel);
    members(before) & mask
}

/// Takes all of `mask` out, or nothing.
pub(super) fn claim_all(leaf: &AtomicU64, mask: u32) -> bool {
    // ORDERING: Relaxed: only the compare-exchange decides.
    let mut seen = leaf.load(Ordering::Relaxed);
    while members(seen) & mask == mask {
        // ORDERING: AcqRel, as `withdraw`; the failed read decides nothing.
        match leaf.compare_exchange_weak(
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

/// Takes a permit and the lowest member with it.
#[inline(always)]
pub(super) fn take(leaf: &AtomicU64) -> Taken {
    // The members lie lowest: the lowest bit of all is the lowest member.
    let lowest_out = |left| if members(left) == 0 { left } else { left & (left - 1) };
    match take_leaving(leaf, lowest_out).map(members) {
        None => Taken::Nothing,
        Some(0) => Taken::Permit,
        Some(bits) => Taken::Both(bits.trailing_zeros()),
    }
}

/// Takes a permit alone, for a request that finds its seat elsewhere; whether
/// there was one.
pub(super) fn take_permit(leaf: &AtomicU64) -> bool {
    take_leaving(leaf, |left| left).is_some()
}

/// Takes a permit and, of the rest of the word, leaves what `leave` makes of
/// it. The word before, if it had a permit.
#[inline(always)]
fn take_leaving(leaf: &AtomicU64, leave: impl Fn(u64) -> u64) -> Option<u64> {
    // ORDERING: Relaxed: only the compare-exchange decides.
    let mut seen = leaf.load(Ordering::Relaxed);
    while seen & PERMITS != 0 {
        let left = leave(seen - ONE_PERMIT);
        // ORDERING: AcqRel. Acquire pairs with the Release of `park`; Release
        // as in `withdraw`. The failed read decides nothing.
        match leaf.compare_exchange_weak(seen, left, Ordering::AcqRel, Ordering::Relaxed) {
            Ok(_) => return Some(seen),
            Err(now) => seen = now,
        }
        spin_loop();
    }
    None
}

/// Puts the members `mask` and a permit in, if the leaf is open or
/// `may_open`; whether the leaf had no members before. `None`: it is shut, or
/// full of permits, and nothing was put in.
///
/// `may_open` is asked after the leaf was read, and again after each time that
/// it changed: what it reads is at least as new as what last shut the leaf.
#[inline]
pub(super) fn park(
    leaf: &AtomicU64,
    mask: u32,
    mut may_open: impl FnMut() -> bool,
) -> Option<bool> {
    // ORDERING: Acquire, pairs with the Release of `steal` and `unpark`.
    let mut seen = leaf.load(Ordering::Acquire);
    loop {
        debug_assert_eq!(seen & u64::from(mask), 0, "an index was inserted twice");
        if seen & PERMITS == PERMITS || (seen & OPEN == 0 && !may_open()) {
            return None;
        }
        let more = seen.wrapping_add(ONE_INSERTION + ONE_PERMIT + u64::from(mask)) | OPEN;
        // ORDERING: AcqRel, as `insert`: Release pairs with the Acquire of
        // `take`. Acquire on failure, as the load above.
        match leaf.compare_exchange_weak(seen, more, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => return Some(members(seen) == 0),
            Err(now) => seen = now,
        }
        spin_loop();
    }
}

/// As [`park`] into a leaf that is open: the short way.
#[inline(always)]
pub(super) fn park_if_open(leaf: &AtomicU64, mask: u32) -> Option<bool> {
    // ORDERING: Relaxed: only the compare-exchange decides.
    let mut seen = leaf.load(Ordering::Relaxed);
    while seen & OPEN != 0 && seen & PERMITS != PERMITS {
        let more = seen.wrapping_add(ONE_INSERTION + ONE_PERMIT + u64::from(mask));
        // ORDERING: AcqRel, as `park`. The failed read decides nothing.
        match leaf.compare_exchange_weak(seen, more, Ordering::AcqRel, Ordering::Relaxed) {
            Ok(_) => return Some(members(seen) == 0),
            Err(now) => seen = now,
        }
        spin_loop();
    }
    None
}

/// Shuts the leaf and takes a permit, if `ours`; whether there was one.
///
/// `ours` is asked after the leaf was read: whether its permits are units of
/// the limit that the caller closes. Where they are not, nothing changes.
pub(super) fn steal(leaf: &AtomicU64, mut ours: impl FnMut() -> bool) -> bool {
    // ORDERING: Acquire: what `ours` reads is at least as new as what last
    // shut this leaf; pairs with the Release of `unpark`.
    let mut seen = leaf.load(Ordering::Acquire);
    loop {
        if !ours() {
            return false;
        }
        let any = seen & PERMITS != 0;
        let left = (seen & !OPEN) - if any { ONE_PERMIT } else { 0 };
        // ORDERING: AcqRel. Acquire pairs with the Release of `park`; Release
        // pairs with the Acquire of `park` and of a proof.
        match leaf.compare_exchange_weak(
            seen,
            left.wrapping_add(ONE_INSERTION),
            Ordering::AcqRel,
            Ordering::Acquire,
        ) {
            Ok(_) => return any,
            Err(now) => seen = now,
        }
        spin_loop();
    }
}

/// Shuts the leaf and takes all its permits; how many.
#[cfg(any(feature = "alloc", test))]
pub(super) fn unpark(leaf: &AtomicU64) -> u32 {
    // ORDERING: Relaxed: only the compare-exchange decides.
    let mut seen = leaf.load(Ordering::Relaxed);
    loop {
        let left = (seen & !OPEN & !PERMITS).wrapping_add(ONE_INSERTION);
        // ORDERING: AcqRel, as `steal`. The failed read decides nothing.
        match leaf.compare_exchange_weak(seen, left, Ordering::AcqRel, Ordering::Relaxed) {
            Ok(_) => return permits(seen),
            Err(now) => seen = now,
        }
        spin_loop();
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const SHUT: fn() -> bool = || false;
    const OPENS: fn() -> bool = || true;

    #[test]
    fn a_permit_is_taken_with_the_lowest_member() {
        let leaf = AtomicU64::new(0);
        assert!(insert(&leaf, 0b1000));
        assert_eq!(take(&leaf), Taken::Nothing, "a member without a permit stays");
        assert_eq!(park(&leaf, 0b0110, OPENS), Some(false));
        assert_eq!(take(&leaf), Taken::Both(1));
        assert_eq!(take(&leaf), Taken::Nothing);
        assert_eq!(withdraw(&leaf, 0b1111), 0b1100);
    }

    #[test]
    fn a_permit_outlives_its_member() {
        let leaf = AtomicU64::new(0);
        assert_eq!(park(&leaf, 1, OPENS), Some(true));
        assert_eq!(withdraw(&leaf, 1), 1);
        assert_eq!(take(&leaf), Taken::Permit);
        assert_eq!(take(&leaf), Taken::Nothing);
    }

    #[test]
    fn a_permit_is_taken_and_its_member_left() {
        let leaf = AtomicU64::new(0);
        assert!(!take_permit(&leaf));
        assert_eq!(park(&leaf, 0b10, OPENS), Some(true));
        assert!(take_permit(&leaf) && !take_permit(&leaf));
        assert_eq!(park_if_open(&leaf, 0b1), Some(false), "open, with its member");
    }

    #[test]
    fn a_shut_leaf_takes_no_permit_and_gives_those_it_has() {
        let leaf = AtomicU64::new(0);
        assert_eq!(park(&leaf, 1, SHUT), None);
        assert_eq!(leaf.load(Ordering::Relaxed), 0, "refused: nothing has changed");
        assert_eq!(park(&leaf, 1, OPENS), Some(true));
        assert_eq!(park_if_open(&leaf, 2), Some(false), "open by now");
        assert!(steal(&leaf, || true));
        assert_eq!(park(&leaf, 4, SHUT), None, "shut by the thief");
        assert_eq!(park_if_open(&leaf, 4), None);
        assert_eq!(take(&leaf), Taken::Both(0));
        assert!(!steal(&leaf, || true), "none is left");
    }

    #[test]
    fn a_thief_leaves_what_is_not_his() {
        let leaf = AtomicU64::new(0);
        park(&leaf, 1, OPENS);
        let before = leaf.load(Ordering::Relaxed);
        assert!(!steal(&leaf, || false));
        assert_eq!(leaf.load(Ordering::Relaxed), before);
        assert_eq!(unpark(&leaf), 1);
        assert_eq!((permits(leaf.load(Ordering::Relaxed)), unpark(&leaf)), (0, 0));
    }

    #[test]
    fn a_leaf_full_of_permits_takes_no_more() {
        let leaf = AtomicU64::new(0);
        for _ in 0..MAX_PERMITS {
            assert!(park(&leaf, 0, OPENS).is_some());
        }
        assert_eq!((park(&leaf, 1, OPENS), park_if_open(&leaf, 1)), (None, None));
        assert_eq!(unpark(&leaf), MAX_PERMITS);
    }

    #[test]
    fn every_shutting_changes_the_word_even_where_insertions_wrap() {
        let leaf = AtomicU64::new(u64::MAX << INSERTION_SHIFT);
        let mut seen = leaf.load(Ordering::Relaxed);
        for _ in 0..3 {
            unpark(&leaf);
            assert_ne!(leaf.load(Ordering::Relaxed), seen);
            seen = leaf.load(Ordering::Relaxed);
            steal(&leaf, || true);
            assert_ne!(leaf.load(Ordering::Relaxed), seen);
            seen = leaf.load(Ordering::Relaxed);
        }
        assert_eq!(seen & (MEMBERS | PERMITS | OPEN), 0, "nothing spills");
    }
}
