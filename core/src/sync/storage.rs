//! Where a lock-free structure keeps its words: on the heap, in a
//! fixed-capacity array, or in memory that the caller lends.

use super::AtomicU64;

/// Memory for the words of a pool or a fleet.
///
/// A structure lays all its arrays out in one run of 64-bit words and never
/// asks for more, so it works without an allocator:
///
/// * `Box<[AtomicU64]>` (feature `alloc`): the owned form;
/// * [`heapless::Vec<AtomicU64, N>`](heapless::Vec): the fixed-capacity form;
/// * `&[AtomicU64]`: memory that the caller lends.
///
/// An implementation returns the same words at every call. One that does not
/// breaks the structure's answers, but not memory safety.
pub trait Storage {
    /// The words. Their number does not change.
    fn words(&self) -> &[AtomicU64];
}

impl Storage for &[AtomicU64] {
    #[inline]
    fn words(&self) -> &[AtomicU64] {
        self
    }
}

impl<const N: usize> Storage for heapless::Vec<AtomicU64, N> {
    #[inline]
    fn words(&self) -> &[AtomicU64] {
        self
    }
}

#[cfg(feature = "alloc")]
impl Storage for alloc::boxed::Box<[AtomicU64]> {
    #[inline]
    fn words(&self) -> &[AtomicU64] {
        self
    }
}

/// `count` zeroed words on the heap.
#[cfg(feature = "alloc")]
pub(crate) fn boxed(count: usize) -> alloc::boxed::Box<[AtomicU64]> {
    (0..count).map(|_| AtomicU64::new(0)).collect()
}
