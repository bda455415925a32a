//! One function's counter, and the protocol by which it is switched between
//! the account's pool and a reservation while requests run.
//!
//! # The word
//!
//! ```text
//!   63            32 31             0
//!  |   in_flight    |    reserved    |      reserved = u32::MAX: none
//! ```
//!
//! Who holds what at the account follows from the word alone:
//!
//! ```text
//!   charged = in_flight                      without a reservation
//!   charged = max(0, in_flight - reserved)   with one; 0 but after a lowering
//! ```
//!
//! # The steps
//!
//! G is the gate's word; A and L are the account's count and limit, which are
//! one word. Each line is one atomic step.
//!
//! ```text
//!  acquire, reserved     1  G: in_flight + 1 if below reserved, else refuse
//!  acquire, unreserved   2  A + 1 if below L, else refuse
//!                        3  G: in_flight + 1 if still unreserved
//!                        4  else A - 1, and again from the top
//!  release               5  G: in_flight - 1 if above 0, else refuse
//!                        6  A - 1 if that lowered `charged`
//!  hand over to gate H   5  G: in_flight - 1
//!                        3  H: in_flight + 1 if that lowered `charged` and H
//!                           is still unreserved
//!                        4  else A - 1
//!  claim more (by d)     7  L - w, w = d less what 8 moves, as far as seen
//!                        8  G: the new mode, if w still covers it, else 7
//!                        9  L - (d - w) and A - moved, at once
//!  claim less (by d)    10  L + d and A + d, at once
//!                       11  G: the new mode
//!                       12  A - (d less what 11 charged)
//!  account limit        13  L: the new value
//! ```
//!
//! Steps 7 to 13 have one caller at a time: `Limits` is taken by `&mut`. By
//! `moved` and `charged` is meant how far the step lowered or raised the
//! gate's `charged`. Claiming more: `0 <= moved <= d`; less: `0 <= charged
//! <= d`, because `charged` falls by at most one for each unit of reservation.
//!
//! # What holds at every instant
//!
//! 1. *A never rises by an admission above L.* Step 2 is one compare-and-swap
//!    on the word that holds both. Step 10 raises both alike.
//! 2. *No unit is lost or minted.* `A = sum of charged + units on the way`:
//!    those of acquires between 2 and 3 or 4, of releases between 5 and 6, of
//!    the owner between 8 and 9 (`moved`) or 10 and 12 (`d`, then `d -
//!    charged`). Every one of these is counted in A and held by no request, so
//!    that `L - A` is never more than what is free, and A never underflows.
//!    Between 7 and 9 L is higher than it will be by `d - w <= moved`, which A
//!    counts too much from step 8 on. At rest nothing is on the way: `A = sum
//!    of charged`, `L = account limit - sum of reserved`.
//! 3. *A function never rises by an admission above the reservation in force.*
//!    Steps 1 and 3 are compare-and-swaps on the word that holds the mode, so
//!    an acquire that took its unit before a switch cannot enter after it.
//! 4. *A refusal is exact against the word that refused.* It read that word
//!    full at some instant during the call. What that word counts and nobody
//!    holds are the units on the way of 2, so a call is refused early only
//!    while another one on the same units has not returned:
//!    * of a function in mid-change between pool and reservation, its own
//!      requests: until the change returns, the units that it moves are free
//!      for nobody, so that these requests may meet the account's limit;
//!    * of other functions, when a call of `set_reserved` and calls of
//!      `try_acquire` or `release` on that gate overlap: by at most one unit
//!      for each of the latter. Without such calls step 7 withdraws exactly
//!      what was free and is the instant at which the change takes effect.
//!    * Between two reservations, and by `set_account_limit`, never by this
//!      protocol; in a region what is parked is on the way meanwhile
//!      (`function/settings.rs`).
//! 5. *A reserved function touches its own word only* (steps 1 and 5), except
//!    while it has more in flight than reserved (step 6).
//!
//! # Progress
//!
//! Lock-free: each loop repeats only because another step on that word was
//! done. Step 4 needs a switch for each turn, step 7 can repeat at most `d`
//! times. A thread stopped anywhere holds back at most the units it had on the
//! way.
//!
//! # Orderings
//!
//! Every step that changes a word is a compare-and-swap with `AcqRel`. Within a word that makes a
//! unit a semaphore's: who takes it sees what its last holder did. Between the
//! words it carries the order of steps: who reads in G the effect of 3, 8 or
//! 11 has 2, 7 or 10 behind it, so the subtraction that follows (6, 9 or 12)
//! comes later than the addition it takes back.
//!
//! The same word may return (reserve, then unreserve) while an acquire stands
//! between 2 and 3. That is harmless: the step depends on the word alone and
//! the unit it brings is counted in A.

use core::fmt;

use super::parking::{Load, Parking};
use super::{Account, ThrottleReason};
use crate::sync::{AtomicU64, Ordering, spin_loop};

/// One request in flight, as part of the word.
pub(super) const ONE: u64 = 1 << 32;

/// The reserved half of a function without a reservation.
const UNRESERVED: u32 = u32::MAX;

/// The largest reservation: `u32::MAX` stands for none.
pub(super) const MAX_RESERVED: u32 = u32::MAX - 1;

/// One function's concurrency counter: its reservation, if it has one, and
/// its requests in flight.
///
/// A gate belongs to one [`Account`]: pass the same to every call. Every method
/// may be called from any thread at any time; no call blocks or allocates. A
/// gate is 8 bytes; keep those of busy functions in different cache lines.
///
/// ```
/// use warmstow_core::concurrency::{Gate, Limits, ThrottleReason};
///
/// let (mut limits, account) = Limits::new(1_000, 100);
/// let gate = Gate::new();
/// limits.set_reserved(&account, &gate, Some(1))?;
///
/// gate.try_acquire(&account)?;
/// assert_eq!(
///     gate.try_acquire(&account),
///     Err(ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded)
/// );
/// gate.release(&account)?;
/// assert_eq!((gate.in_flight(), gate.reserved()), (0, Some(1)));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[repr(align(64))]
pub struct Gate {
    pub(super) word: AtomicU64,
    parking: Parking,
}

/// The word, unpacked.
#[derive(Clone, Copy)]
pub(super) struct Word(pub(super) u64);

impl Word {
    #[inline]
    fn new(in_flight: u32, reserved: Option<u32>) -> Self {
        let reserved = reserved.unwrap_or(UNRESERVED);
        Self(u64::from(in_flight) << 32 | u64::from(reserved))
    }

    #[inline]
    pub(super) fn in_flight(self) -> u32 {
        (self.0 >> 32) as u32
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the low half")]
    pub(super) fn reserved(self) -> Option<u32> {
        match self.0 as u32 {
            UNRESERVED => None,
            reserved => Some(reserved),
        }
    }

    /// Units that the function holds at the account.
    #[inline]
    pub(super) fn charged(self) -> u32 {
        self.in_flight().saturating_sub(self.reserved().unwrap_or(0))
    }

    /// The same requests in flight in another mode.
    #[inline]
    pub(super) fn with_reserved(self, reserved: Option<u32>) -> Self {
        Self::new(self.in_flight(), reserved)
    }
}

/// How an attempt to enter in one mode ended.
enum Entry {
    Admitted,
    Refused(ThrottleReason),
    /// The mode is another by now: this is the word.
    Switched(Word),
}

impl Gate {
    /// No reservation and nothing in flight.
    pub fn new() -> Self {
        Self { word: AtomicU64::new(Word::new(0, None).0), parking: Parking::held() }
    }

    /// Units that this function has: its requests in flight, and in a region
    /// also the permits parked with its idle instances. One load.
    pub fn in_flight(&self) -> u32 {
        self.load().in_flight()
    }

    /// The function's reserved concurrency; `None` if it shares the account's
    /// pool. One load.
    pub fn reserved(&self) -> Option<u32> {
        self.load().reserved()
    }

    /// Admits one request, which ends by [`release`](Self::release).
    ///
    /// Costs one compare-and-swap with a reservation, and does not look at
    /// `account` then; two without.
    ///
    /// # Errors
    ///
    /// * [`ReservedFunctionConcurrentInvocationLimitExceeded`][own]: the
    ///   reservation is all in use, or is 0;
    /// * [`ConcurrentInvocationLimitExceeded`][pool]: there is no reservation
    ///   and the account's unreserved concurrency is all in use.
    ///
    /// At some instant during the call that counter was full. While a
    /// reservation is made or taken away, the units that this moves count for
    /// nobody until it has returned.
    ///
    /// [own]: ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded
    /// [pool]: ThrottleReason::ConcurrentInvocationLimitExceeded
    #[inline]
    pub fn try_acquire(&self, account: &Account) -> Result<(), ThrottleReason> {
        let mut seen = self.load();
        loop {
            let entry = match seen.reserved() {
                Some(_) => self.enter_reserved(seen),
                None => self.enter_unreserved(account, seen),
            };
            match entry {
                Entry::Admitted => return Ok(()),
                Entry::Refused(reason) => return Err(reason),
                Entry::Switched(now) => seen = now,
            }
            spin_loop();
        }
    }

    /// Ends one admitted request. It may end after any change of limits, and
    /// on another thread than it began. One or two compare-and-swaps;
    /// lock-free.
    ///
    /// # Errors
    ///
    /// [`NotHeld`] if nothing is in flight, which is a bug of the caller's;
    /// nothing has changed. Who holds a unit never gets it. A surplus release
    /// while others are in flight cannot be told from theirs.
    ///
    /// # Panics
    ///
    /// In builds with debug assertions, if `account` is not the gate's own and
    /// has too little in flight. In others its count stops at 0.
    #[inline]
    pub fn release(&self, account: &Account) -> Result<(), NotHeld> {
        self.release_many(account, 1)
    }

    /// Steps 5 and 6 for `units` at once, all of them or none.
    #[inline]
    pub(crate) fn release_many(&self, account: &Account, units: u32) -> Result<(), NotHeld> {
        let lowered = self.leave(units)?;
        if lowered > 0 {
            account.give_back(lowered);
        }
        Ok(())
    }

    /// Step 5 for one unit, which then belongs to the caller if it is one of
    /// the account's: true. It must go on to [`attach`](Self::attach).
    #[inline]
    #[must_use]
    pub(crate) fn detach(&self) -> bool {
        let lowered = self.leave(1);
        debug_assert!(lowered.is_ok(), "a permit is counted by its gate");
        lowered == Ok(1)
    }

    /// Step 5: `units` less in flight; by how much that lowered `charged`.
    #[inline]
    fn leave(&self, units: u32) -> Result<u32, NotHeld> {
        let mut seen = self.load();
        // Not a subtraction that is taken back at 0: between the two the word
        // would read as full, and a second surplus release would find units.
        while seen.in_flight() >= units {
            let after = Word(seen.0 - u64::from(units) * ONE);
            // ORDERING: AcqRel. Release pairs with the Acquire in `enter`: who
            // is admitted next sees what this request did. Acquire pairs with
            // the Release in `switch`: a charge made there precedes its return
            // here. A failure reads as `load` does.
            match self.word.compare_exchange_weak(
                seen.0,
                after.0,
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => return Ok(seen.charged() - after.charged()),
                Err(now) => seen = Word(now),
            }
            spin_loop();
        }
        Err(NotHeld)
    }

    /// Whether the function's permits may be parked.
    #[inline]
    pub(crate) const fn parking(&self) -> &Parking {
        &self.parking
    }

    /// How much of what the function may have is in use: of its reservation, or
    /// of the account's pool. A moment's view.
    #[inline]
    pub(crate) fn load_of(&self, account: &Account) -> Load {
        let seen = self.load();
        seen.reserved().map_or_else(|| account.load(), |most| Load::of(seen.in_flight(), most))
    }

    /// How much of the reservation would be in use with one request more;
    /// `None` where there is none.
    #[inline]
    pub(crate) fn own_load_with_one_more(&self) -> Option<Load> {
        let seen = self.load();
        seen.reserved().map(|most| Load::of(seen.in_flight().saturating_add(1), most))
    }

    /// Step 1.
    #[inline]
    fn enter_reserved(&self, mut seen: Word) -> Entry {
        while let Some(reserved) = seen.reserved() {
            if seen.in_flight() >= reserved {
                return Entry::Refused(
                    ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded,
                );
            }
            match self.enter(seen) {
                Ok(()) => return Entry::Admitted,
                Err(now) => seen = now,
            }
            spin_loop();
        }
        Entry::Switched(seen)
    }

    /// Steps 2 to 4.
    #[inline]
    fn enter_unreserved(&self, account: &Account, mut seen: Word) -> Entry {
        if !account.try_take() {
            // The account's word counts only if the function was still its.
            let now = self.load();
            return match now.reserved() {
                Some(_) => Entry::Switched(now),
                None => Entry::Refused(ThrottleReason::ConcurrentInvocationLimitExceeded),
            };
        }
        match self.attach_seen(account, &mut seen) {
            true => Entry::Admitted,
            false => Entry::Switched(seen),
        }
    }

    /// Steps 3 and 4 with a unit of the account's in hand: one more in flight,
    /// if the function is still unreserved; else the unit is given back.
    #[inline]
    #[must_use]
    pub(crate) fn attach(&self, account: &Account) -> bool {
        self.attach_seen(account, &mut self.load())
    }

    #[inline]
    fn attach_seen(&self, account: &Account, seen: &mut Word) -> bool {
        while seen.reserved().is_none() {
            match self.enter(*seen) {
                Ok(()) => return true,
                Err(now) => *seen = now,
            }
            spin_loop();
        }
        account.give_back(1);
        false
    }

    /// One more in flight if the word is still `seen`; else the word.
    #[inline]
    fn enter(&self, seen: Word) -> Result<(), Word> {
        // No overflow: below a reservation, or counted by the account's word.
        // ORDERING: AcqRel. Acquire pairs with the Release in `release` and
        // `switch`. Release pairs with the Acquire in `switch` and `release`:
        // the account's unit was taken before this makes it movable.
        match self.word.compare_exchange_weak(
            seen.0,
            seen.0.wrapping_add(ONE),
            Ordering::AcqRel,
            Ordering::Acquire,
        ) {
            Ok(_) => Ok(()),
            Err(now) => Err(Word(now)),
        }
    }

    #[inline]
    pub(super) fn load(&self) -> Word {
        // ORDERING: Acquire, pairs with the Releases in `enter`, `release` and
        // `switch`.
        Word(self.word.load(Ordering::Acquire))
    }

    /// The word itself, for models of the whole path.
    #[cfg(all(test, loom))]
    pub(crate) const fn word(&self) -> &AtomicU64 {
        &self.word
    }

    /// Sets the mode if the word is still `seen`; else the word. For the owner
    /// of the limits alone.
    pub(super) fn switch(&self, seen: Word, reserved: Option<u32>) -> Result<(), Word> {
        // ORDERING: AcqRel. Release pairs with the Acquire in `enter` and
        // `release`: who meets the new mode finds the account ready for it.
        // Acquire pairs with the Release in `enter`: the units to be moved are
        // at the account.
        match self.word.compare_exchange_weak(
            seen.0,
            seen.with_reserved(reserved).0,
            Ordering::AcqRel,
            Ordering::Acquire,
        ) {
            Ok(_) => Ok(()),
            Err(now) => Err(Word(now)),
        }
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.load();
        f.debug_struct("Gate")
            .field("reserved", &word.reserved())
            .field("in_flight", &word.in_flight())
            .finish()
    }
}

/// A release at a gate with nothing in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotHeld;

impl fmt::Display for NotHeld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("released 1 unit of concurrency with 0 in flight")
    }
}

impl core::error::Error for NotHeld {}
