//! The only door to atomics: native, `portable-atomic` or loom.
//!
//! Every other file of the crate takes its atomics from here, so that the same
//! source runs on the host, on targets without 64-bit atomics and under the
//! loom model checker. `core/tests/tidy.rs` holds the rule.
//!
//! loom is chosen by `cfg(all(test, loom))`: it stays a development dependency
//! and can never replace the atomics of a user's build.

#[cfg(all(test, loom))]
pub(crate) mod model;
mod storage;

pub use storage::Storage;
#[cfg(feature = "alloc")]
pub(crate) use storage::boxed;

#[cfg(all(test, loom))]
pub use loom::sync::atomic::AtomicU64;
#[cfg(all(test, loom))]
pub(crate) use loom::sync::atomic::Ordering;

#[cfg(all(not(all(test, loom)), target_has_atomic = "64", not(feature = "portable-atomic")))]
pub use core::sync::atomic::AtomicU64;
#[cfg(all(not(all(test, loom)), target_has_atomic = "64", not(feature = "portable-atomic")))]
pub(crate) use core::sync::atomic::Ordering;

#[cfg(all(
    not(all(test, loom)),
    any(not(target_has_atomic = "64"), feature = "portable-atomic")
))]
pub use portable_atomic::AtomicU64;
#[cfg(all(
    not(all(test, loom)),
    any(not(target_has_atomic = "64"), feature = "portable-atomic")
))]
pub(crate) use portable_atomic::Ordering;

/// Tells the processor, or loom, that the caller is in a retry loop.
#[inline]
pub(crate) fn spin_loop() {
    #[cfg(all(test, loom))]
    loom::thread::yield_now();
    #[cfg(not(all(test, loom)))]
    core::hint::spin_loop();
}
