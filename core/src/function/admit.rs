//! Admission: a unit of the function's limit, wherever it is.
//!
//! A unit that nobody uses is counted by a gate and, without a reservation, by
//! the account; or it is a permit parked with an idle seat, which the same
//! words go on counting. So a request that takes seat and permit in one step
//! touches no counter, and one that finds its counter full looks through the
//! places where permits are parked before it is refused. Why that is exact is
//! told in `concurrency/parking.rs`; this is the order of the steps:
//!
//! ```text
//!  admit     0  little of the own reservation left: a permit that lies in a
//!               leaf nearby, which stays as it is
//!            1  the gate's own admission (`concurrency/gate.rs`)
//!            2  full: close the limit that is; visit each open leaf under it,
//!               shut it, take a permit if it has one
//!            3  taken from another function: hand it over, gate to gate; the
//!               account's counter has it throughout
//!            4  none: the gate once more; full, and the mode the same: refuse
//!  complete  5  park, if the leaf is open or may be opened; else give back
//!  settings  6  hold the limit, unpark all, give back; change it; resume
//!               (`settings.rs`)
//! ```
//!
//! In step 3 a function may be switched between its limits by the owner of the
//! limits. Whether the permit is a unit of the account's is what the other gate
//! says when it leaves it, and whether it may stay one is what the own gate
//! says when it enters it; in both cases it is given back where not.

// Not the facade's hint; `concurrency/parking.rs` says why.
use core::hint::spin_loop;

use super::Function;
use crate::concurrency::{Account, Load, Parking, ThrottleReason, TokenBucket};
use crate::id::Lane;
use crate::sync::Storage;

/// The functions of one account, in 32 chunks.
pub(super) trait Peers<W> {
    /// Whether it finds all of them: only who does can prove that nothing is
    /// parked of the account's limit.
    const ALL: bool;

    /// The rate at which instances of all together may be started, if there is
    /// one.
    fn starts(&self) -> Option<&TokenBucket> {
        None
    }

    /// Calls `visit` with the functions of `chunks` until it answers true;
    /// whether it did.
    fn any(&self, chunks: u32, visit: &mut dyn FnMut(&Function<W>) -> bool) -> bool;
}

/// For a function whose account parks nothing: nobody could find it.
pub(super) struct Alone;

impl<W> Peers<W> for Alone {
    const ALL: bool = false;

    fn any(&self, _chunks: u32, _visit: &mut dyn FnMut(&Function<W>) -> bool) -> bool {
        false
    }
}

impl<W: Storage> Function<W> {
    /// Takes a unit for a request, from the counters or from where it is
    /// parked.
    #[inline]
    pub(super) fn admit(
        &self,
        account: &Account,
        peers: &impl Peers<W>,
    ) -> Result<(), ThrottleReason> {
        match self.gate().try_acquire(account) {
            Ok(()) => Ok(()),
            Err(reason) => self.reclaim(account, peers, reason),
        }
    }

    /// Whether a permit of the function's own reservation lay nearby, where
    /// little of that is left. After a burst nearly all of them lie with the
    /// instances that it started; a lane that had none would get its units from
    /// the counter for ever, too near the limit to park them.
    #[inline]
    pub(super) fn permit_nearby(&self, lane: Lane) -> bool {
        self.gate().own_load_with_one_more() == Some(Load::High)
            && self.pool.parks()
            && self.pool.permit_nearby(lane)
    }

    /// Steps 2 to 4, after a counter was full for `reason`.
    #[inline(never)]
    fn reclaim<P: Peers<W>>(
        &self,
        account: &Account,
        peers: &P,
        reason: ThrottleReason,
    ) -> Result<(), ThrottleReason> {
        let mut reason = reason;
        loop {
            if !P::ALL && reason == ThrottleReason::ConcurrentInvocationLimitExceeded {
                return Err(reason);
            }
            let parking = self.parking(account, reason);
            let mode = parking.close();
            if !mode.is_closed() && self.steal(account, peers, reason, mode.chunks()) {
                return Ok(());
            }
            match self.gate().try_acquire(account) {
                Ok(()) => return Ok(()),
                Err(again) if again == reason && parking.mode() == mode => {
                    parking.settle(mode);
                    return Err(reason);
                }
                Err(again) => reason = again,
            }
            spin_loop();
        }
    }

    /// The mode word of the limit that gave `reason`.
    fn parking<'a>(&'a self, account: &'a Account, reason: ThrottleReason) -> &'a Parking {
        match reason {
            ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded => {
                self.gate().parking()
            }
            _ => account.parking(),
        }
    }

    /// Steps 2 and 3: a permit from a leaf of `chunks` under that limit, which
    /// is shut; whether there was one. Visits all leaves if there was none.
    fn steal(
        &self,
        account: &Account,
        peers: &impl Peers<W>,
        reason: ThrottleReason,
        chunks: u32,
    ) -> bool {
        if reason == ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded {
            // Its own permits count at its gate, whatever limit they are of.
            return self.pool.steal(chunks, || true);
        }
        peers.any(chunks, &mut |other| {
            let chunks = other.gate().parking().opened();
            let unreserved = || other.gate().reserved().is_none();
            while other.pool.steal(chunks, unreserved) {
                if core::ptr::eq(self, other)
                    || (other.gate().detach() && self.gate().attach(account))
                {
                    return true;
                }
            }
            false
        })
    }

    /// Step 5: whether a leaf of that chunk may be opened: far enough from the
    /// limit, and under no word that closes.
    #[inline(never)]
    pub(super) fn may_open(&self, account: &Account, chunk: u32) -> bool {
        let load = self.gate().load_of(account);
        self.pool.parks()
            && !self.quota.is_shared()
            && self.gate().parking().open(chunk, load)
            // Which limit its permits are of is read after its own word: a
            // switch holds that.
            && (self.gate().reserved().is_some() || account.parking().open(self.chunk, load))
            // And the limit after both: one that was lowered meanwhile below
            // what is in use may not have this unit back.
            && self.gate().load_of(account) != Load::High
    }

    /// Step 6: shuts the leaves of `chunks` and gives their permits back.
    #[cfg(any(feature = "alloc", test))]
    pub(super) fn unpark(&self, account: &Account, chunks: u32) {
        let units = self.pool.unpark(chunks);
        let counted = self.gate().release_many(account, units);
        debug_assert!(counted.is_ok(), "a parked permit is counted by its gate");
    }

    /// Requests in flight, those of the other versions that share its gate among
    /// them: a moment's view, exact at rest. O(leaves of the idle set).
    pub fn in_flight(&self) -> u32 {
        self.gate().in_flight().saturating_sub(self.pool.parked())
    }
}
