//! The seat word: which request holds a seat of an instance, so that a lease
//! given back twice, or long ago, is refused.
//!
//! # Protocol
//!
//! ```text
//! 63                                    1   0
//! +--------------------------------------+------+
//! | sequence: how often it was taken     | held |
//! +--------------------------------------+------+
//! ```
//!
//! *Taking* a seat: the thread that claimed the seat's index from the idle set
//! owns the word and stores `sequence + 1 | held`. No other write can fall in
//! between, for the only other writer is a compare-exchange from a *held*
//! value, and the word is not held.
//!
//! *Giving back*: a compare-exchange from `(sequence, held)` to `(sequence,
//! free)`. Of two threads with one lease exactly one wins; the other, and any
//! lease from before, is stale. The winner owns the seat and puts its index
//! back into the idle set, or collects it where the instance drains:
//!
//! ```text
//! giver back                          drainer
//!   insert the index (leaf RMW)         Active -> Draining (slot RMW)
//!   read the slot; if Draining:         withdraw all indices (leaf RMW)
//!     withdraw the index, collect it    collect what it got
//! ```
//!
//! Both touch the same leaf word with a read-modify-write. If the drainer's
//! comes first, the giver's insertion acquires it and its read of the slot
//! sees Draining. If it comes second, it takes the index itself. So a seat is
//! collected exactly once and never left behind in the set.
//!
//! Sums of sequences count starts for free: no counter on the hot path.
//!
//! A lease is the seat's index above the low 40 bits of the word under which
//! it is held. These have the bit `held`, so no lease is zero, and one
//! comparison tells whether the word still is that of the lease.
//!
//! # ABA bound
//!
//! A lease carries 39 bits of the sequence. A stale one is mistaken for the
//! holder's only after exactly a multiple of 2^39 requests on that one seat
//! (at a million a second, 6 days).

use core::num::NonZeroU64;

use crate::sync::{AtomicU64, Ordering};

const HELD: u64 = 1;
const ONE_MORE: u64 = 2;
/// Bits of a lease that are of the word.
const WORD_BITS: u32 = 40;
const WORD_MASK: u64 = (1 << WORD_BITS) - 1;

const _: () = assert!(super::PoolConfig::MAX_SEATS == 1 << (64 - WORD_BITS));

/// A held seat: one request's place in an instance.
///
/// It cannot be copied, so giving it back twice does not compile; as bits,
/// which a host in another language keeps, a second use is refused.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a seat is held until it is given back"]
pub struct Seat(NonZeroU64);

impl Seat {
    /// The seat of that index, held under `word`.
    #[inline]
    const fn new(index: u32, word: u64) -> Self {
        let bits = (index as u64) << WORD_BITS | word & WORD_MASK;
        // Never the other arm: a word under which a seat is held is odd.
        Self(match NonZeroU64::new(bits) {
            Some(bits) => bits,
            None => NonZeroU64::MIN,
        })
    }

    /// The seat as 64 bits, never zero.
    #[inline]
    pub const fn into_bits(self) -> u64 {
        self.0.get()
    }

    /// The seat that gave these bits; `None` for zero. Bits from elsewhere are
    /// refused where they are used.
    #[inline]
    pub const fn from_bits(bits: u64) -> Option<Self> {
        match NonZeroU64::new(bits) {
            Some(bits) => Some(Self(bits)),
            None => None,
        }
    }

    /// The index in the idle set.
    #[inline]
    pub(super) const fn index(&self) -> u32 {
        (self.0.get() >> WORD_BITS) as u32
    }
}

/// Takes the seat; the caller owns its index.
#[inline]
pub(super) fn take(word: &AtomicU64, index: u32) -> Seat {
    // ORDERING: Relaxed: the owner of the index is the only writer, and its
    // claim acquired what the last owner released.
    let before = word.load(Ordering::Relaxed);
    debug_assert_eq!(before & HELD, 0, "a seat in the idle set was held");
    let taken = before.wrapping_add(ONE_MORE) | HELD;
    // ORDERING: Relaxed: publishes nothing; who gives the seat back reads the
    // word by a read-modify-write, hence its newest value.
    word.store(taken, Ordering::Relaxed);
    Seat::new(index, taken)
}

/// A word under which a seat is held.
#[derive(Clone, Copy)]
pub(super) struct HeldWord(u64);

/// The word, if the seat is still held under its sequence.
#[inline]
pub(super) fn held(word: &AtomicU64, seat: &Seat) -> Option<HeldWord> {
    // ORDERING: Relaxed: a holder sees its own take; for others `give_back`
    // decides.
    let seen = word.load(Ordering::Relaxed);
    // A seat from foreign bits may be even: it holds nothing.
    let same = (seen ^ seat.0.get()) & WORD_MASK == 0;
    (same && seen & HELD != 0).then_some(HeldWord(seen))
}

/// Gives the seat back; false where another thread has. On true the caller
/// owns the seat's index.
#[inline]
pub(super) fn give_back(word: &AtomicU64, HeldWord(seen): HeldWord) -> bool {
    // Not in a loop: a held word changes only by being given back.
    // ORDERING: Relaxed: exclusive by the value; what the holder wrote is
    // published by the insertion of the index that follows.
    word.compare_exchange(seen, seen & !HELD, Ordering::Relaxed, Ordering::Relaxed).is_ok()
}

/// How often the seat was taken, and whether it is held now.
pub(super) fn tally(word: &AtomicU64) -> (u64, bool) {
    // ORDERING: Relaxed: statistic only.
    let word = word.load(Ordering::Relaxed);
    (word >> 1, word & HELD != 0)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_seat_is_given_back_once() {
        let word = AtomicU64::new(0);
        let bits = take(&word, 7).into_bits();
        let again = || held(&word, &Seat::from_bits(bits).unwrap());
        let first = again().unwrap();
        assert!(give_back(&word, first));
        assert!(!give_back(&word, first), "twice");
        assert!(again().is_none());
        let _held = take(&word, 7);
        assert!(again().is_none(), "stale while another holds it");
        assert!(!give_back(&word, first), "and by an old look");
    }

    #[test]
    fn bits_are_never_zero_even_where_the_sequence_wraps() {
        for before in [WORD_MASK & !HELD, !HELD] {
            let word = AtomicU64::new(before);
            let seat = take(&word, 0);
            assert_eq!(seat.0.get(), HELD);
            assert!(held(&word, &seat).is_some_and(|seen| give_back(&word, seen)));
        }
        assert_eq!(Seat::from_bits(0), None);
    }

    #[test]
    fn bits_of_a_free_word_hold_nothing() {
        let word = AtomicU64::new(4);
        assert!(held(&word, &Seat::from_bits(4).unwrap()).is_none());
    }
}
