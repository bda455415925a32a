//! The words of a pool, by what they hold.

use super::claim_set::ClaimSet;
use super::instances::Pool;
use super::slot::Slot;
use crate::id::SlotId;
use crate::sync::{AtomicU64, Ordering, Storage};
use crate::time::Instant;

/// A seat's word, and those of the instance that it is in.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) instance: u32,
    pub(super) slot: &'a AtomicU64,
    pub(super) last_used: &'a AtomicU64,
    pub(super) seat: &'a AtomicU64,
}

impl<W: Storage> Pool<W> {
    /// The idle seats.
    #[inline]
    pub(super) fn idle(&self) -> ClaimSet<'_> {
        self.layout.idle_set(self.words.words())
    }

    /// The vacant slots.
    #[inline]
    pub(super) fn vacant(&self) -> ClaimSet<'_> {
        self.layout.vacant_set(self.words.words())
    }

    /// One leaf of the idle seats.
    #[inline]
    pub(super) fn idle_leaf(&self, leaf: usize) -> &AtomicU64 {
        self.layout.idle_leaf(self.words.words(), leaf)
    }

    /// Puts a slot's index back among the vacant ones. The caller owns it.
    pub(super) fn vacate(&self, instance: u32) {
        let vacant = self.vacant();
        vacant.insert(vacant.shape.leaf_of(instance), vacant.shape.bit(instance));
    }

    /// Calls `visit` with each leaf that holds seats of the instance, and the
    /// bits of its seats there.
    #[inline]
    pub(super) fn for_each_leaf(&self, instance: u32, visit: impl FnMut(usize, u32)) {
        let first = instance << self.layout.stride;
        self.layout.idle.for_each_leaf(first, first + self.config.instance_concurrency, visit);
    }

    /// The leaf and the bit of a seat.
    #[inline]
    pub(super) const fn leaf_and_bit(&self, seat: u32) -> (usize, u32) {
        (self.layout.idle.leaf_of(seat), self.layout.idle.bit(seat))
    }

    /// The instance that a seat is in.
    #[inline]
    pub(super) const fn instance_of(&self, seat: u32) -> u32 {
        seat >> self.layout.stride
    }

    /// Which seat of its instance an index is.
    #[inline]
    pub(super) const fn seat_in_instance(&self, seat: u32) -> u32 {
        seat & ((1 << self.layout.stride) - 1)
    }

    #[inline]
    pub(super) fn slot_id(&self, instance: u32, slot: Slot) -> SlotId {
        SlotId::new(instance, slot.handle_generation())
    }

    /// The slot that a handle names, if the index is one of this pool.
    #[inline]
    pub(super) fn index_of(&self, slot: SlotId) -> Option<u32> {
        (slot.index() < self.config.max_instances).then_some(slot.index())
    }

    /// Slot word, last use and seat word of a plain pool's seat.
    #[inline]
    pub(super) fn plain_record(&self, seat: u32) -> Option<&[AtomicU64; 3]> {
        // Of two u32: it cannot wrap, so one comparison checks the range.
        let first = self.layout.records as usize + 3 * seat as usize;
        self.words.words().get(first..first + 3)?.first_chunk()
    }

    /// The words around a seat; `None` for an index that is no seat's.
    #[inline]
    pub(super) fn around(&self, seat: u32) -> Option<Around<'_>> {
        let (instance, own) = (self.instance_of(seat), self.seat_in_instance(seat));
        if instance >= self.config.max_instances || own >= self.config.instance_concurrency {
            return None;
        }
        let first = self.layout.records as usize + instance as usize * self.layout.record;
        let record = self.words.words().get(first..)?;
        let [slot, last_used, seats @ ..] = record else { return None };
        Some(Around { instance, slot, last_used, seat: seats.get(own as usize)? })
    }

    /// Slot word, last use, and a word for each seat.
    #[inline]
    fn record(&self, instance: u32) -> &[AtomicU64] {
        let first = self.layout.records as usize + instance as usize * self.layout.record;
        &self.words.words()[first..][..self.layout.record]
    }

    #[inline]
    pub(super) fn slot_word(&self, instance: u32) -> &AtomicU64 {
        &self.record(instance)[0]
    }

    #[inline]
    pub(super) fn last_used_word(&self, instance: u32) -> &AtomicU64 {
        &self.record(instance)[1]
    }

    /// When the instance's last request was given back.
    #[inline]
    pub(super) fn last_used(&self, instance: u32) -> Instant {
        // ORDERING: Relaxed: exact for whoever holds all its seats; else a hint.
        Instant::from_nanos(self.last_used_word(instance).load(Ordering::Relaxed))
    }

    #[inline]
    pub(super) fn seat_word(&self, seat: u32) -> &AtomicU64 {
        &self.record(self.instance_of(seat))[2 + self.seat_in_instance(seat) as usize]
    }
}
