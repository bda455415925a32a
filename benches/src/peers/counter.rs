//! A limit as most hosts write it: an atomic counter.

use core::sync::atomic::{AtomicU32, Ordering};

use crossbeam_utils::CachePadded;

/// What is in flight, on a cache line of its own.
#[derive(Debug, Default)]
pub(super) struct Counter(CachePadded<AtomicU32>);

impl Counter {
    /// Adds one unless `limit` is reached.
    #[inline]
    pub(super) fn try_take(&self, limit: u32) -> bool {
        let below = |value| (value < limit).then_some(value + 1);
        // ORDERING: AcqRel, pairs with the AcqRel in give_back(): who takes the
        // permit sees what its last holder did. Relaxed on failure: the value
        // is only compared with the limit.
        self.0.fetch_update(Ordering::AcqRel, Ordering::Relaxed, below).is_ok()
    }

    #[inline]
    pub(super) fn give_back(&self) {
        // ORDERING: AcqRel, pairs with the AcqRel in try_take().
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
