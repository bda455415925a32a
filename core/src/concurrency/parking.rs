//! Whether the permits of a limit may be parked with idle instances, and the
//! proof that none is where a request is refused.
//!
//! # The idea
//!
//! A request that ends gives its unit back to the limit's counter, which all
//! threads share. Far from the limit that is waste: the unit may as well lie
//! with the idle instance until the next request takes both. The counter goes
//! on counting it, so no limit can be passed; what is at stake is *exact
//! refusal*: a counter that reads full no longer proves that nothing is free.
//!
//! # Protocol
//!
//! Each limit (the account's unreserved concurrency, a function's reservation)
//! has one mode word:
//!
//! ```text
//! 63            34 33   32 31            0
//! +---------------+-------+---------------+
//! | epoch         | state | opened chunks |
//! +---------------+-------+---------------+
//!
//!           1 close           2 settle
//!   Open ------------> Closing --------> Closed        4 hold: from any
//!    ^                    |                 |          5 resume: Held -> Open
//!    +--------------------+-----------------+
//!                     3 reopen
//! ```
//!
//! Permits are parked in *leaves*, words of a pool (`pool/leaf.rs`), which are
//! open or shut. A *chunk* is a part of the leaves: of one pool's for a
//! function's word, and of the functions for the account's. A leaf is under
//! its function's word always, and under the account's too while the function
//! has no reservation.
//!
//! *Opening a leaf:* read the leaf; then, of each word above it, the function's
//! first, have its chunk in an Open word, by a look or by a compare-exchange; then compare-exchange
//! the leaf. *Refusing:* read the counter full; close (1); then visit each leaf
//! in an opened chunk, shutting it by a read-modify-write that changes it, and
//! take a permit if it has one; if none had, read the counter again; if it is
//! full and the mode still the same, settle (2) and refuse.
//! *Reopening* (3) is done by a request that ends, once at most half of the
//! limit is in use; that decides nothing but cost.
//!
//! # What holds
//!
//! *While the word is Closed, every leaf under it is shut and has no permit.*
//! Take a thread that opens a leaf, and one that closed, visited and settled.
//! If the opener's look at the word came before the closing in the word's
//! order, its chunk is among those that the closer saw, so the closer changed
//! the leaf. The opener read the leaf before its look: either its exchange
//! fails, or it came before the closer's visit, which shut the leaf. If the
//! look came after the closing, it did not see Open, or it saw the Open of a
//! later epoch, and then `settle` of the old one has failed or is undone. A
//! shut leaf gains no permit, so all that were found empty stay so.
//!
//! *A refusal is exact.* The mode was the same before the counter was read and
//! after, and Closed (or Closing, with each leaf visited by this very thread):
//! at the instant at which the counter read full no permit was parked. Permits
//! are never on the way: a visit takes one for the request that makes it.
//! Where only the owner of the limits may open (Held), a visit proves the
//! same; what that owner has unparked and not yet given back is the one
//! exception, for the length of its call.
//!
//! *Lock-free:* each loop repeats only because another thread opened a chunk (32
//! at most between two closings), closed, reopened or held: each closing
//! follows a full counter, each reopening a request that ended.
//!
//! # Orderings
//!
//! Every change is `AcqRel` and every look `Acquire`. Release of 1 pairs with
//! the Acquire in `open`: with the leaf's own edge it makes an opener that read
//! the leaf after a visit see the closing. Release in `open` pairs with the
//! Acquire of 1 and of `opened`: the closer sees the chunk, and what the opener
//! knew. Release of 3 and 5 pairs with the last look of a refusal: with the
//! counter's own edge, who reads a unit that was counted after a reopening
//! sees it. A function's entry is published before a read-modify-write of the
//! account's word and its own word opened after that, so that who closes after
//! an opener's look finds the entry (`function/control.rs`).
//!
//! # ABA bound
//!
//! The epoch has 30 bits: a refusal is deceived, or an old closing settled over
//! a later one, whose opened chunks are then forgotten, only if the mode changed
//! a multiple of 2^30 times between its looks.

// Not the facade's hint, which yields to loom: a retry means that another
// thread got on, and loom leaves a thread that yielded out of some schedules.
use core::hint::spin_loop;

use crate::sync::{AtomicU64, Ordering};

const CHUNKS: u64 = u32::MAX as u64;
const STATE_SHIFT: u32 = 32;
const STATE: u64 = 3 << STATE_SHIFT;
const OPEN: u64 = 0;
const CLOSING: u64 = 1 << STATE_SHIFT;
const CLOSED: u64 = 2 << STATE_SHIFT;
const HELD: u64 = 3 << STATE_SHIFT;
const ONE_EPOCH: u64 = 1 << 34;

/// How much of a limit is in use, parked permits among it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Load {
    /// Up to a half.
    Low,
    /// Up to seven eighths: as long as the limit is open, leaves may be opened.
    Middle,
    /// More: no further leaf is opened. Those that are open go on taking permits.
    High,
}

impl Load {
    #[inline]
    pub(super) const fn of(in_use: u32, limit: u32) -> Self {
        if in_use <= limit / 2 {
            Self::Low
        } else if in_use <= limit - limit / 8 {
            Self::Middle
        } else {
            Self::High
        }
    }
}

/// The mode word of one limit.
#[derive(Debug)]
pub(crate) struct Parking {
    pub(super) word: AtomicU64,
}

/// The mode at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mode(u64);

impl Mode {
    /// Whether it is proved that no permit is parked.
    #[inline]
    pub(crate) const fn is_closed(self) -> bool {
        self.state() == CLOSED
    }

    /// The chunks in which a leaf may be open or have permits.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the low half")]
    pub(crate) const fn chunks(self) -> u32 {
        self.0 as u32
    }

    /// The word that ends a hold, for a twin of `resume`.
    #[cfg(all(test, loom))]
    pub(super) const fn resumed(self) -> u64 {
        self.next(OPEN, 0).0
    }

    const fn state(self) -> u64 {
        self.0 & STATE
    }

    /// In `state`, with these chunks, of the next epoch.
    const fn next(self, state: u64, chunks: u32) -> Self {
        Self((self.0 & !STATE & !CHUNKS).wrapping_add(ONE_EPOCH) | state | chunks as u64)
    }
}

impl Parking {
    /// Never to be opened but by [`resume`](Self::resume): for a limit whose
    /// permits nobody could find.
    pub(crate) fn held() -> Self {
        Self { word: AtomicU64::new(HELD) }
    }

    /// The mode now.
    #[inline]
    pub(crate) fn mode(&self) -> Mode {
        // ORDERING: Acquire, pairs with the Release of every change.
        Mode(self.word.load(Ordering::Acquire))
    }

    /// Whether a leaf of `chunk` may be opened at this `load`; reopens (3) if
    /// the limit is closed and the load is low.
    #[inline]
    pub(crate) fn open(&self, chunk: u32, load: Load) -> bool {
        if load == Load::High {
            return false;
        }
        let bit = 1 << (chunk % u32::BITS);
        let mut seen = self.mode();
        loop {
            let wanted = match seen.state() {
                OPEN if seen.chunks() & bit != 0 => return true,
                OPEN => Mode(seen.0 | u64::from(bit)),
                _ if load != Load::Low => return false,
                // Not all leaves may have been visited: the chunks stay.
                CLOSING => seen.next(OPEN, seen.chunks() | bit),
                CLOSED => seen.next(OPEN, bit),
                _ => return false,
            };
            match self.replace(seen, wanted) {
                Ok(()) => return true,
                Err(now) => seen = now,
            }
            spin_loop();
        }
    }

    /// Closes (1); the mode that is in force then: Closing, Closed or Held.
    #[inline]
    pub(crate) fn close(&self) -> Mode {
        let mut seen = self.mode();
        while seen.state() == OPEN {
            let closing = Mode(seen.0 | CLOSING);
            match self.replace(seen, closing) {
                Ok(()) => return closing,
                Err(now) => seen = now,
            }
            spin_loop();
        }
        seen
    }

    /// Settles (2) a closing in which no leaf had a permit; not if the mode
    /// has changed since.
    pub(crate) fn settle(&self, closing: Mode) {
        if closing.state() == CLOSING {
            let closed = Mode(closing.0 & !STATE & !CHUNKS | CLOSED);
            // That it fails means that it is settled, reopened or held.
            let _ = self.replace(closing, closed);
        }
    }

    /// Holds (4): nothing is opened until [`resume`](Self::resume). For the
    /// owner of the limits alone.
    #[cfg(any(feature = "alloc", test))]
    pub(crate) fn hold(&self) -> Mode {
        let mut seen = self.mode();
        loop {
            let held = seen.next(HELD, seen.chunks());
            match self.replace(seen, held) {
                Ok(()) => return held,
                Err(now) => seen = now,
            }
            spin_loop();
        }
    }

    /// Ends a hold (5), once every leaf of its chunks was shut.
    #[cfg(any(feature = "alloc", test))]
    pub(crate) fn resume(&self) {
        let held = self.mode();
        debug_assert_eq!(held.state(), HELD, "only a hold is resumed");
        // ORDERING: AcqRel. Release pairs with the Acquire of `open`: who opens
        // sees the limits that were set meanwhile. In a held word the owner
        // alone writes.
        self.word.swap(held.next(OPEN, 0).0, Ordering::AcqRel);
    }

    /// The opened chunks, for a thread that visits the leaves under this word
    /// because it closed another word above them.
    pub(crate) fn opened(&self) -> u32 {
        // A read-modify-write: an opener that comes later in this word's order
        // sees what this thread closed before.
        // ORDERING: AcqRel, pairs with the Release and Acquire in `open`.
        Mode(self.word.fetch_add(0, Ordering::AcqRel)).chunks()
    }

    /// Writes `new` if the mode is still `seen`; else the mode.
    #[inline]
    fn replace(&self, seen: Mode, new: Mode) -> Result<(), Mode> {
        // ORDERING: AcqRel, and Acquire on failure: see the protocol.
        match self.word.compare_exchange(seen.0, new.0, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => Ok(()),
            Err(now) => Err(Mode(now)),
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn open() -> Parking {
        let parking = Parking::held();
        parking.resume();
        parking
    }

    #[test]
    fn a_held_limit_is_not_opened_or_closed() {
        let parking = Parking::held();
        assert!(!parking.open(0, Load::Low));
        let mode = parking.close();
        assert!(!mode.is_closed());
        parking.settle(mode);
        assert_eq!(parking.mode(), mode);
    }

    #[test]
    fn a_closing_is_settled_once_and_knows_what_was_opened() {
        let parking = open();
        assert!(
            parking.open(3, Load::Low)
                && parking.open(31, Load::Low)
                && parking.open(35, Load::Low)
        );
        let closing = parking.close();
        assert_eq!((closing.chunks(), closing.is_closed()), (1 << 3 | 1 << 31, false));
        parking.settle(closing);
        assert!(parking.close().is_closed());
        assert_eq!(parking.mode().chunks(), 0, "every leaf was visited");
    }

    #[test]
    fn a_reopening_undoes_a_closing_and_keeps_what_was_not_visited() {
        let parking = open();
        parking.open(3, Load::Low);
        let closing = parking.close();
        assert!(parking.open(4, Load::Low));
        assert_eq!(parking.mode().chunks(), 1 << 3 | 1 << 4);
        parking.settle(closing);
        assert!(!parking.mode().is_closed(), "settled too late");
        assert_ne!(parking.close(), closing, "another epoch");
    }

    #[test]
    fn a_loaded_limit_is_not_reopened_and_a_nearly_full_one_not_opened() {
        let loads = [0, 50, 51, 88, 89, 100].map(|in_use| Load::of(in_use, 100));
        let (low, middle, high) = (Load::Low, Load::Middle, Load::High);
        assert_eq!(loads, [low, low, middle, middle, high, high]);
        assert_eq!([0, 1].map(|in_use| Load::of(in_use, 1)), [low, middle]);
        let parking = open();
        assert!(!parking.open(0, high) && parking.open(0, middle));
        parking.settle(parking.close());
        assert!(!parking.open(0, middle) && parking.open(0, low));
    }

    #[test]
    fn a_hold_ends_every_mode_and_a_resumption_forgets_the_chunks() {
        let parking = open();
        parking.open(7, Load::Low);
        let closing = parking.close();
        assert_eq!(parking.hold().chunks(), 1 << 7);
        parking.settle(closing);
        assert!(!parking.open(7, Load::Low));
        parking.resume();
        assert_eq!(parking.opened(), 0);
        assert!(parking.open(7, Load::Low));
    }

    #[test]
    fn the_epoch_wraps_without_touching_the_rest() {
        let parking = Parking { word: AtomicU64::new(u64::MAX << 34 | CLOSED) };
        assert!(parking.open(1, Load::Low));
        assert_eq!(parking.mode(), Mode(2));
    }
}
