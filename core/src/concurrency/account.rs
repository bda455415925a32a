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
//! `in_flight` cannot overflow: an admission stays at or below a 32-bit limit,
//! and the owner's charge checks. It stops at 0 where a gate of another account
//! gives back what was never taken here.

use core::fmt;
use core::ops::Deref;

use super::parking::{Load, Parking};
use crate::sync::{AtomicU64, Ordering, spin_loop};

/// One unit in flight, as part of the word.
pub(super) const ONE: u64 = 1 << 32;

/// The unreserved concurrency of an account in a Region: what functions
/// without a reservation share.
///
/// Made by [`Limits::new`](super::Limits::new), taken from by
/// [`Gate::try_acquire`](super::Gate::try_acquire). Every method may be called
/// from any thread at any time, and costs one load of one word. 256 bytes.
pub struct Account {
    /// Near the limit the hottest word of all.
    pub(super) word: Alone<AtomicU64>,
    /// Read by every refusal, rarely written.
    parking: Alone<Parking>,
}

/// Alone in its cache line and the one fetched with it.
#[repr(align(128))]
pub(super) struct Alone<T>(T);

impl<T> Deref for Alone<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
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
        let word = AtomicU64::new(Counts::new(0, limit).0);
        Self { word: Alone(word), parking: Alone(Parking::held()) }
    }

    /// Whether its permits may be parked.
    #[inline]
    pub(crate) fn parking(&self) -> &Parking {
        &self.parking
    }

    /// How much of the limit is in use: a moment's view.
    #[inline]
    pub(crate) fn load(&self) -> Load {
        let counts = self.counts();
        Load::of(counts.in_flight(), counts.limit())
    }

    /// Both halves at one instant.
    #[inline]
    pub(super) fn counts(&self) -> Counts {
        // ORDERING: Acquire, pairs with the Release in `replace`: who reads a
        // count also sees what those who counted did before.
        Counts(self.word.load(Ordering::Acquire))
    }

    /// Units in use that count against the pool: all requests of functions
    /// without a reservation, and those above a reservation that was lowered
    /// below what was in flight. In a region the permits parked with idle
    /// instances are among them; see
    /// [`Region::unreserved_in_flight`](crate::function::Region::unreserved_in_flight).
    pub fn in_flight(&self) -> u32 {
        self.counts().in_flight()
    }

    /// What functions without a reservation share: the account limit less all
    /// reservations and, in a region, less what is provisioned of functions
    /// without one. (`UnreservedConcurrentExecutions` of Lambda's
    /// `GetAccountSettings` is the limit less the reservations alone.)
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
            match self.replace(seen, Counts(seen.0 + ONE)) {
                Ok(()) => return true,
                Err(now) => seen = now,
            }
            spin_loop();
        }
        false
    }

    /// Gives `units` back that were taken before.
    #[inline]
    pub(super) fn give_back(&self, units: u32) {
        let before = self.lower(units, |seen| seen.limit());
        debug_assert!(
            before.in_flight() >= units,
            "gave back {units} units of {}: a gate belongs to one account",
            before.in_flight()
        );
    }

    /// Sets the limit and, at the same instant, gives back `units`.
    pub(super) fn set_limit(&self, limit: u32, units: u32) {
        let before = self.lower(units, |_| limit);
        debug_assert!(before.in_flight() >= units, "gave back more than was taken");
    }

    /// Sets the limit and, at the same instant, takes `units` whether they are
    /// free or not; the units in flight if the count would overflow.
    pub(super) fn set_limit_charged(&self, limit: u32, units: u32) -> Result<(), u32> {
        let mut seen = self.counts();
        loop {
            let Some(in_flight) = seen.in_flight().checked_add(units) else {
                return Err(seen.in_flight());
            };
            match self.replace(seen, Counts::new(in_flight, limit)) {
                Ok(()) => return Ok(()),
                Err(now) => seen = now,
            }
            spin_loop();
        }
    }

    /// Gives `units` back beside `limit`; the word before. What was never taken
    /// here stops at 0: with a gate of another account, which the callers
    /// assert against, a count below 0 would be one that refuses all for good.
    #[inline]
    fn lower(&self, units: u32, limit: impl Fn(Counts) -> u32) -> Counts {
        let mut seen = self.counts();
        loop {
            let in_flight = seen.in_flight().saturating_sub(units);
            match self.replace(seen, Counts::new(in_flight, limit(seen))) {
                Ok(()) => return seen,
                Err(now) => seen = now,
            }
            spin_loop();
        }
    }

    /// Writes `new` if the word is still `seen`; else the word.
    #[inline]
    fn replace(&self, seen: Counts, new: Counts) -> Result<(), Counts> {
        // ORDERING: AcqRel. Release pairs with the Acquire here and in
        // `counts`: who takes a unit sees what its last holder did. Acquire,
        // so that units of several holders hand on what each of them saw.
        match self.word.compare_exchange_weak(seen.0, new.0, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => Ok(()),
            Err(now) => Err(Counts(now)),
        }
    }

    /// The word itself, for models of the whole path.
    #[cfg(all(test, loom))]
    pub(crate) fn word(&self) -> &AtomicU64 {
        &self.word
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
