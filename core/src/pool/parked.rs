//! Requests whose permit lies with the seat: claimed and given back in one
//! step on one word, and looked for where others need it.
//!
//! What a permit is a unit of is the caller's to know (`leaf.rs` has the
//! protocol of the word, `function/admit.rs` that of the limits).

use super::instances::Pool;
use super::leaf::{self, Taken};
use super::{Claim, Pick, Seat, SeatError, seat, slot};
use crate::id::{Lane, SlotId};
use crate::sync::{Ordering, Storage};
use crate::time::Instant;

/// What a lane had.
#[derive(Debug)]
pub(crate) enum Parked {
    /// A seat and a permit for it.
    Claim(Claim),
    /// A permit and no seat.
    Permit,
    /// No permit.
    Nothing,
}

/// How far the short way of a release came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Short {
    /// All the way: seat and permit are in the leaf.
    Parked,
    /// They are, but the leaf has no hint, or the instance is being drained.
    ParkedFirst,
    /// The seat is given back; the leaf takes no permit.
    GivenBack,
    /// The lease is not of a seat that is held.
    Stale,
    /// Not a case for the short way; nothing has changed.
    Unfit,
}

/// How many leaves [`Pool::permit_nearby`] looks at: a bound on its cost.
const NEARBY: usize = 8;

impl<W: Storage> Pool<W> {
    /// Takes a permit from the leaf where `lane` begins, with the lowest free
    /// seat there if there is one.
    #[inline(always)]
    pub(crate) fn claim_parked(&self, lane: Lane) -> Parked {
        let leaf = self.layout.first_leaf(lane);
        let seat = match leaf::take(self.idle_leaf(leaf)) {
            Taken::Nothing => return Parked::Nothing,
            Taken::Permit => return Parked::Permit,
            Taken::Both(bit) => self.layout.idle.index(leaf, bit),
        };
        if self.layout.plain
            && let Some([slot, _, word]) = self.plain_record(seat)
            && let Some(slot) = slot::read_active(slot)
        {
            let slot = self.slot_id(seat, slot);
            return Parked::Claim(Claim { slot, seat: seat::take(word, seat) });
        }
        self.take_at_length(seat)
    }

    /// Takes a permit that lies in one of the next few leaves after that where
    /// `lane` begins. It leaves the seats there: which of them is next is the
    /// order's to say.
    pub(crate) fn permit_nearby(&self, lane: Lane) -> bool {
        let (first, leaves) = (self.layout.first_leaf(lane), self.layout.idle.leaves);
        let mut nearby = (1..leaves.min(NEARBY + 1)).map(|step| (first + step) % leaves);
        nearby.any(|leaf| leaf::take_permit(self.idle_leaf(leaf)))
    }

    #[inline(never)]
    fn take_at_length(&self, seat: u32) -> Parked {
        self.take_seat(seat).map_or(Parked::Permit, Parked::Claim)
    }

    /// The steps of [`Pool::release_with`] for a seat of a plain pool in
    /// service, into an open leaf: what nearly every request of one does.
    #[inline(always)]
    pub(crate) fn release_shortly(&self, now: Instant, held: &Seat) -> Short {
        if !self.layout.plain {
            return Short::Unfit;
        }
        // Beyond the last seat are words that are zero for good, or none.
        let Some([slot, last_used, seat]) = self.plain_record(held.index()) else {
            return Short::Stale;
        };
        let Some(word) = seat::held(seat, held) else { return Short::Stale };
        // ORDERING: Relaxed: the owner of the only seat is the only writer.
        let before = last_used.load(Ordering::Relaxed);
        if !slot::is_active(slot) || now.as_nanos() < before {
            return Short::Unfit;
        }
        if !seat::give_back(seat, word) {
            return Short::Stale;
        }
        // ORDERING: Relaxed: as above; published by the insertion of the index.
        last_used.store(now.as_nanos(), Ordering::Relaxed);
        let (leaf, bit) = self.leaf_and_bit(held.index());
        match leaf::park_if_open(self.idle_leaf(leaf), bit) {
            None => Short::GivenBack,
            // A drain that came before the insertion did not see the seat; this
            // read sees the drain (`seat.rs`).
            Some(false) if slot::is_active(slot) => Short::Parked,
            Some(_) => Short::ParkedFirst,
        }
    }

    /// The rest of a release of which the short way did `so_far`: as
    /// [`Pool::release`], and parks the request's permit with the seat, in an
    /// open leaf or in one of a chunk that `may_open`. The bool says whether it
    /// did; if not, the permit is still the caller's.
    pub(crate) fn release_parking(
        &self,
        now: Instant,
        held: Seat,
        so_far: Short,
        may_open: impl FnMut(u32) -> bool,
    ) -> Result<(Option<SlotId>, bool), SeatError> {
        let (leaf, bit) = self.leaf_and_bit(held.index());
        let mut parked = true;
        match so_far {
            Short::Parked => return Ok((None, true)),
            Short::Stale => return Err(SeatError::Stale),
            Short::Unfit => {
                // Not called for a seat that is collected: its permit stays
                // with the caller.
                parked = false;
                let insert = |leaf, bit| parked = self.insert_parking(leaf, bit, may_open);
                return Ok((self.release_with(now, held, insert)?, parked));
            }
            Short::GivenBack => parked = self.insert_parking(leaf, bit, may_open),
            Short::ParkedFirst => self.idle().set_hint(leaf),
        }
        let instance = self.instance_of(held.index());
        // As at the end of `release_shortly`.
        let in_service = slot::is_active(self.slot_word(instance));
        Ok((if in_service { None } else { self.recheck(instance, leaf, bit) }, parked))
    }

    /// Puts a seat in, and its permit with it if that may be; whether it was.
    fn insert_parking(&self, leaf: usize, bit: u32, mut may_open: impl FnMut(u32) -> bool) -> bool {
        let word = self.idle_leaf(leaf);
        match leaf::park(word, bit, || may_open(self.layout.chunk_of(leaf))) {
            Some(was_empty) => {
                if was_empty {
                    self.idle().set_hint(leaf);
                }
                true
            }
            None => {
                self.idle().insert(leaf, bit);
                false
            }
        }
    }

    /// Whether requests of this pool may park: those of an order that looks at
    /// all instances take their permit first and their seat by that order.
    #[inline]
    pub(crate) const fn parks(&self) -> bool {
        matches!(self.config.pick, Pick::Packed)
    }

    /// Shuts the leaves of `chunks` one by one until one gives a permit;
    /// whether one did. `ours`: see [`leaf::steal`]. O(leaves of the chunks).
    pub(crate) fn steal(&self, chunks: u32, mut ours: impl FnMut() -> bool) -> bool {
        self.leaves_of(chunks).any(|leaf| leaf::steal(self.idle_leaf(leaf), &mut ours))
    }

    /// Shuts the leaves of `chunks` and takes all their permits; how many.
    #[cfg(any(feature = "alloc", test))]
    pub(crate) fn unpark(&self, chunks: u32) -> u32 {
        self.leaves_of(chunks).map(|leaf| leaf::unpark(self.idle_leaf(leaf))).sum()
    }

    /// How many permits are parked; a moment's view. O(leaves).
    pub(crate) fn parked(&self) -> u32 {
        self.idle().parked()
    }

    fn leaves_of(&self, chunks: u32) -> impl Iterator<Item = usize> {
        let chosen = (0..u32::BITS).filter(move |chunk| chunks >> chunk & 1 == 1);
        chosen.flat_map(|chunk| self.layout.leaves_of(chunk))
    }
}
