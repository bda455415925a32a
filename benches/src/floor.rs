//! The least that any lock-free implementation pays: read-modify-writes alone.

use core::sync::atomic::{AtomicU64, Ordering};

use crossbeam_utils::CachePadded;

use crate::Subject;

/// `PAIRS` words on cache lines of their own: one read-modify-write on each to
/// acquire and one to release. It admits and gives out nothing.
#[derive(Debug)]
pub struct Floor<const PAIRS: usize> {
    words: [CachePadded<AtomicU64>; PAIRS],
}

impl<const PAIRS: usize> Default for Floor<PAIRS> {
    fn default() -> Self {
        Self { words: core::array::from_fn(|_| CachePadded::default()) }
    }
}

impl<const PAIRS: usize> Subject for Floor<PAIRS> {
    type Held = ();

    #[inline]
    fn acquire(&self, _now_ns: u64) -> Option<()> {
        for word in &self.words {
            word.fetch_add(1, Ordering::AcqRel);
        }
        Some(())
    }

    #[inline]
    fn release(&self, _now_ns: u64, (): ()) {
        for word in &self.words {
            word.fetch_sub(1, Ordering::AcqRel);
        }
    }
}
