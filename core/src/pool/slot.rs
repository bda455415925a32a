//! The slot word: one instance's life, from its start until it has stopped.
//!
//! # Protocol
//!
//! ```text
//! 63          36 35             14 13             3 2      0
//! +-------------+-----------------+----------------+--------+
//! | generation  | place           | seats collected| state  |
//! +-------------+-----------------+----------------+--------+
//!
//!            1 start            2 started
//!  Vacant ------------> Starting ------------> Active
//!    ^                     |                     |   \
//!    |                     | 3 drain     3 drain |    \ 6 reap
//!    |                     v                     |     \
//!    |                  Draining <---------------+      |
//!    |                     | 4 the last seat is         |
//!    |                     v   collected                v
//!    |                  Drained ----------------> Stopping
//!    |                            5 reported            |
//!    +--------------------------------------------------+
//!       7 stopped (generation + 1; at its end: Retired)
//! ```
//!
//! An instance has as many *seats* as requests it serves at a time. Each seat
//! is, at any instant, in exactly one place: in the idle set, in a lease, in
//! the hands of a thread in the middle of a call, or collected. The generation
//! cannot change until every seat is collected, so **whoever holds a seat pins
//! the generation**. That is why a holder may act on the slot word it reads.
//!
//! *Who may do which transition.* 1: the thread that owns the vacant index.
//! 2: the holder of the lease that started it. 3: anyone with the handle; or
//! the holder of a seat that failed. 4: whoever collects the last seat. 5: the
//! one whose compare-exchange wins, and that one tells the host. 6: a thread
//! that holds every seat. 7: anyone with the handle, once.
//!
//! All transitions are read-modify-writes on this one word, which gives them
//! one order. They are `AcqRel`: Release publishes what the thread did before
//! the transition, Acquire shows what came before the state that it leaves.
//!
//! # ABA bound
//!
//! The generation has 28 bits and is never reused: a slot whose generation
//! would wrap is retired for good (after 268,435,455 instances in that one
//! slot; at one a second, eight years).

// Not the facade's hint, which yields to loom: a retry in a pool means that
// another thread got on, so it ends without help, and loom leaves a thread that
// has yielded out of schedules that it comes back to, which hid real faults.
use core::hint::spin_loop;
use core::num::NonZeroU32;

use crate::sync::{AtomicU64, Ordering};

/// The largest place that a slot can remember: 22 bits.
pub const MAX_PLACE: u32 = (1 << PLACE_BITS) - 1;
/// The last generation of a slot.
pub(super) const MAX_GENERATION: u32 = (1 << 28) - 1;

const PLACE_BITS: u32 = 22;
const COLLECTED_BITS: u32 = 11;
// The state lies lowest, where it is tested without a shift.
const STATE_MASK: u64 = 7;
const COLLECTED_SHIFT: u32 = 3;
const PLACE_SHIFT: u32 = COLLECTED_SHIFT + COLLECTED_BITS;
const GENERATION_SHIFT: u32 = PLACE_SHIFT + PLACE_BITS;

const _: () = assert!(GENERATION_SHIFT + 28 == 64, "the fields fill the word");
const _: () = assert!(super::PoolConfig::MAX_INSTANCE_CONCURRENCY < 1 << COLLECTED_BITS);

/// Where an instance is in its life; see the file's picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Vacant,
    Starting,
    Active,
    Draining,
    Drained,
    Stopping,
    Retired,
}

/// The unpacked word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) generation: u32,
    pub(super) state: State,
    pub(super) collected: u32,
    pub(super) place: u32,
}

impl Slot {
    /// A slot that never held an instance.
    pub(super) const NEW: Self = Self::vacant(1);

    pub(super) const fn vacant(generation: u32) -> Self {
        Self { generation, state: State::Vacant, collected: 0, place: 0 }
    }

    #[inline]
    pub(super) const fn pack(self) -> u64 {
        (self.generation as u64) << GENERATION_SHIFT
            | (self.place as u64) << PLACE_SHIFT
            | (self.collected as u64) << COLLECTED_SHIFT
            | self.state as u64
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "fields narrower than 32 bits")]
    pub(super) const fn unpack(word: u64) -> Self {
        let state = match word & STATE_MASK {
            0 => State::Vacant,
            1 => State::Starting,
            2 => State::Active,
            3 => State::Draining,
            4 => State::Drained,
            5 => State::Stopping,
            _ => State::Retired,
        };
        Self {
            generation: (word >> GENERATION_SHIFT) as u32,
            state,
            collected: (word >> COLLECTED_SHIFT) as u32 & ((1 << COLLECTED_BITS) - 1),
            place: (word >> PLACE_SHIFT) as u32 & MAX_PLACE,
        }
    }

    /// The generation as a handle carries it; a slot's is never 0.
    pub(super) fn handle_generation(self) -> NonZeroU32 {
        NonZeroU32::new(self.generation).unwrap_or(NonZeroU32::MIN)
    }

    /// How many instances this slot has held, this one included.
    pub(super) const fn starts(self) -> u64 {
        match self.state {
            State::Vacant => self.generation as u64 - 1,
            _ => self.generation as u64,
        }
    }
}

/// Reads a slot.
///
/// A holder of a seat reads a word at least as new as the one under which it
/// got its seat, because claiming the seat is an Acquire.
#[inline]
pub(super) fn read(word: &AtomicU64) -> Slot {
    // ORDERING: Acquire, pairs with the Release of `update`.
    Slot::unpack(word.load(Ordering::Acquire))
}

/// Reads a slot if it is in service.
#[inline]
pub(super) fn read_active(word: &AtomicU64) -> Option<Slot> {
    // ORDERING: Acquire, pairs with the Release of `update`.
    let word = word.load(Ordering::Acquire);
    (word & STATE_MASK == State::Active as u64).then(|| Slot::unpack(word))
}

/// Whether a slot is in service.
#[inline]
pub(super) fn is_active(word: &AtomicU64) -> bool {
    read_active(word).is_some()
}

/// Replaces a slot by what `step` makes of it; `None` leaves it. Returns the
/// slot before and after.
#[inline]
pub(super) fn update(
    word: &AtomicU64,
    mut step: impl FnMut(Slot) -> Option<Slot>,
) -> Result<(Slot, Slot), Slot> {
    // ORDERING: Acquire, pairs with the Release of the exchange below.
    let mut seen = word.load(Ordering::Acquire);
    loop {
        let before = Slot::unpack(seen);
        let Some(after) = step(before) else { return Err(before) };
        // ORDERING: AcqRel: every transition sees and publishes, see the
        // protocol; Acquire on failure because `step` judges that word next.
        match word.compare_exchange_weak(seen, after.pack(), Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => return Ok((before, after)),
            Err(now) => seen = now,
        }
        spin_loop();
    }
}

/// Transition 4: counts `seats` collected of `total`.
pub(super) const fn collect(slot: Slot, seats: u32, total: u32) -> Slot {
    let collected = slot.collected + seats;
    let state = if collected == total { State::Drained } else { State::Draining };
    Slot { state, collected, ..slot }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn every_field_survives_packing() {
        let slot = Slot {
            generation: MAX_GENERATION,
            state: State::Drained,
            collected: 1_600,
            place: MAX_PLACE,
        };
        assert_eq!(Slot::unpack(slot.pack()), slot);
        assert_eq!(Slot::unpack(Slot::NEW.pack()), Slot::NEW);
    }
}
