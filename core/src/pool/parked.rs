//! Requests whose permit lies with the seat: claimed and given back in one
//! step on one word, and looked for where others need it.
//!
//! What a permit is a unit of is the caller's to know (`leaf.rs` has the
//! protocol of the word, `function/admit.rs` that of the limits).

use super::instances::Pool;
use super::leaf::{self, Taken};
use super::{Claim, Pick, Seat, SeatError};
use crate::id::{Lane, SlotId};
use crate::sync::Storage;
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

impl<W: Storage> Pool<W> {
    /// Takes a permit from the leaf where `lane` begins, with the lowest free
    /// seat there if there is one.
    #[inline]
    pub(crate) fn claim_parked(&self, lane: Lane) -> Parked {
        let leaf = self.layout.first_leaf(lane);
        match leaf::take(self.idle_leaf(leaf)) {
            Taken::Nothing => Parked::Nothing,
            Taken::Permit => Parked::Permit,
            Taken::Both(bit) => {
                let seat = self.take_seat(self.layout.idle.index(leaf, bit));
                seat.map_or(Parked::Permit, Parked::Claim)
            }
        }
    }

    /// As [`Pool::release`], and parks the request's permit with the seat: in
    /// an open leaf, or in one of a chunk that `may_open`. The bool says
    /// whether it did; if not, the permit is still the caller's.
    #[inline]
    pub(crate) fn release_parking(
        &self,
        now: Instant,
        held: Seat,
        mut may_open: impl FnMut(u32) -> bool,
    ) -> Result<(Option<SlotId>, bool), SeatError> {
        let mut parked = false;
        let stop = self.release_with(now, held, |leaf, bit| {
            let word = self.idle_leaf(leaf);
            match leaf::park(word, bit, || may_open(self.layout.chunk_of(leaf))) {
                Some(was_empty) => {
                    parked = true;
                    if was_empty {
                        self.idle().set_hint(leaf);
                    }
                }
                None => self.idle().insert(leaf, bit),
            }
        })?;
        Ok((stop, parked))
    }

    /// Whether requests of this pool may park: those of an order that looks at
    /// all instances take their permit first and their seat by that order.
    #[inline]
    pub(crate) const fn parks(&self) -> bool {
        matches!(self.config().pick, Pick::Packed)
    }

    /// Shuts the leaves of `chunks` one by one until one gives a permit;
    /// whether one did. `ours`: see [`leaf::steal`]. O(leaves of the chunks).
    pub(crate) fn steal(&self, chunks: u32, mut ours: impl FnMut() -> bool) -> bool {
        self.leaves_of(chunks).any(|leaf| leaf::steal(self.idle_leaf(leaf), &mut ours))
    }

    /// Shuts the leaves of `chunks` and takes all their permits; how many.
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
