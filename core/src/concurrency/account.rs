//! The account's unreserved counter: its limit and what is in flight against
//! it, in one word.
//!
//! ```text
//!   63            32 31             0
//!  |   in_flight    |     limit      |
//! ```
//!
//! * `limit`: the account limit less the sum of all reservations. Written by
//!   the owner of [`Limits`](super::Limits) alone.
//! * `in_flight`: units taken by functions without a reservation, and what a
//!   function has in flight above a reservation that was lowered under it.
//!   Raised by an admission only below `limit`, in one compare-and-swap, so
//!   that no admission can carry it above and a refusal has read a full word.
//!
//! `in_flight` sits in the high half: giving units back is one subtraction
//! that cannot reach the limit. It cannot overflow either: an admission stays
//! at or below a 32-bit limit, and the owner's charge checks.

use core::fmt;

use crate::sync::{AtomicU64, Ordering, spin_loop};

/// One unit in flight, as part of the word.
pub(super) const ONE: u64 = 1 << 32;

/// The unreserved concurrency of an account in a Region: what functions
/// without a reservation share.
///
/// Made by [`Limits::new`](super::Limits::new), taken from by
/// [`Gate::try_acquire`](super::Gate::try_acquire). Every method may be called
/// from any thread at any time, and costs one load of one word.
// The hottest word of all: alone in its cache line and the one fetched with it.
#[repr(align(128))]
pub struct Account {
    pub(super) word: AtomicU64,
}

/// The word, unpacked.
#[derive(Clone, Copy)]
pub(super) struct Counts(u64);

impl Counts {
    #[inline]
    fn new(in_flight: u32, limit: u32) -> Self {
        Self(u64::from(in_flight) << 32 | u64::from(limit))
    }

    #[inline]
    pub(super) fn in_flight(self) -> u32 {
        (self.0 >> 32) as u32
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the low half")]
    pub(super) fn limit(self) -> u32 {
        self.0 as u32
    }
}

impl Account {
    /// Nothing in flight against `limit`.
    pub(super) fn new(limit: u32) -> Self {
        Self { word: AtomicU64::new(Counts::new(0, limit).0) }
    }

    /// Both halves at one instant.
    #[inline]
    pub(super) fn counts(&self) -> Counts {
        // ORDERING: Acquire, pairs with the Releases below: who reads a count
        // also sees what those who counted did before.
        Counts(self.word.load(Ordering::Acquire))
    }

    /// Requests in flight that count against the pool: all of functions
    /// without a reservation, and those above a reservation that was lowered
    /// below what was in flight.
    pub fn in_flight(&self) -> u32 {
        self.counts().in_flight()
    }

    /// The unreserved concurrency: account limit less all reservations
    /// (`UnreservedConcurrentExecutions` of Lambda's `GetAccountSettings`).
    ///
    /// While a reservation is being changed it reads the old value, the new one
    /// or one between.
    pub fn limit(&self) -> u32 {
        self.counts().limit()
    }

    /// Claimed concurrency: unreserved requests in flight and every
    /// reservation, used or not, of an account whose limit is `account_limit`
    /// (CloudWatch metric `ClaimedAccountConcurrency`; Lambda Developer Guide,
    /// "Monitoring concurrency").
    ///
    /// Both parts are of one instant. Above `account_limit` only until
    /// requests end that were running when a limit was lowered or a
    /// reservation made.
    pub fn claimed(&self, account_limit: u32) -> u64 {
        let counts = self.counts();
        u64::from(counts.in_flight()) + u64::from(account_limit.saturating_sub(counts.limit()))
    }

    /// Takes one unit if one is free.
    #[inline]
    #[must_use]
    pub(super) fn try_take(&self) -> bool {
        let mut seen = self.counts();
        while seen.in_flight() < seen.limit() {
            // ORDERING: AcqRel. Acquire pairs with the Release in `give_back`:
            // who takes a unit sees what its last holder did. Release pairs
            // with the Acquire in `counts`. A failure reads as `counts` does.
            match self.word.compare_exchange_weak(
                seen.0,
                seen.0 + ONE,
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => return true,
                Err(now) => seen = Counts(now),
            }
            spin_loop();
        }
        false
    }

    /// Gives `units` back that were taken before.
    #[inline]
    pub(super) fn give_back(&self, units: u32) {
        // ORDERING: AcqRel. Release pairs with the Acquire in `try_take`: the
        // next holder sees what this one did. Acquire, so that units of
        // several holders hand on what each of them saw.
        let before = self.word.fetch_sub(u64::from(units) * ONE, Ordering::AcqRel);
        debug_assert!(
            Counts(before).in_flight() >= units,
            "gave back {units} units of {}: a gate belongs to one account",
            Counts(before).in_flight()
        );
    }

    /// Sets the limit and, at the same instant, gives back `units`.
    pub(super) fn set_limit(&self, limit: u32, units: u32) {
        let done = self.rewrite(limit, |in_flight| in_flight.checked_sub(units));
        debug_assert!(done.is_ok(), "gave back more than was taken");
    }

    /// Sets the limit and, at the same instant, takes `units` whether they are
    /// free or not; the units in flight if the count would overflow.
    pub(super) fn set_limit_charged(&self, limit: u32, units: u32) -> Result<(), u32> {
        self.rewrite(limit, |in_flight| in_flight.checked_add(units))
    }

    /// For the owner of the limits alone: writes `limit` beside a new count.
    fn rewrite(&self, limit: u32, count: impl Fn(u32) -> Option<u32>) -> Result<(), u32> {
        let mut seen = self.counts();
        loop {
            let Some(in_flight) = count(seen.in_flight()) else {
                return Err(seen.in_flight());
            };
            // ORDERING: AcqRel. Release pairs with the Acquire in `try_take`
            // and `counts`; Acquire as in `give_back`.
            match self.word.compare_exchange_weak(
                seen.0,
                Counts::new(in_flight, limit).0,
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => return Ok(()),
                Err(now) => seen = Counts(now),
            }
            spin_loop();
        }
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.counts();
        f.debug_struct("Account")
            .field("limit", &counts.limit())
            .field("in_flight", &counts.in_flight())
            .finish()
    }
}
