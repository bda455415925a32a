//! The only door to atomics: native, `portable-atomic`, loom or shuttle.
//!
//! Every other file of the crate takes its atomics from here, so that the same
//! source runs on the host, on targets without 64-bit atomics and under the
//! model checkers. `core/tests/tidy.rs` holds the rule.
//!
//! loom and shuttle are chosen by `cfg(all(test, loom))` and
//! `cfg(all(test, shuttle))`: they stay development dependencies and can never
//! replace the atomics of a user's build. loom goes through every interleaving
//! of a few steps, with the memory model; shuttle through many of the longest
//! compositions, all orderings taken as `SeqCst`.

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

#[cfg(all(test, shuttle))]
pub use shuttle::sync::atomic::AtomicU64;
#[cfg(all(test, shuttle))]
pub(crate) use shuttle::sync::atomic::Ordering;

#[cfg(all(
    not(all(test, any(loom, shuttle))),
    target_has_atomic = "64",
    not(feature = "portable-atomic")
))]
pub use core::sync::atomic::AtomicU64;
#[cfg(all(
    not(all(test, any(loom, shuttle))),
    target_has_atomic = "64",
    not(feature = "portable-atomic")
))]
pub(crate) use core::sync::atomic::Ordering;

#[cfg(all(
    not(all(test, any(loom, shuttle))),
    any(not(target_has_atomic = "64"), feature = "portable-atomic")
))]
pub use portable_atomic::AtomicU64;
#[cfg(all(
    not(all(test, any(loom, shuttle))),
    any(not(target_has_atomic = "64"), feature = "portable-atomic")
))]
pub(crate) use portable_atomic::Ordering;

/// Tells the processor, or the model checker, that the caller is in a retry
/// loop.
#[inline]
pub(crate) fn spin_loop() {
    #[cfg(all(test, loom))]
    loom::thread::yield_now();
    #[cfg(all(test, shuttle))]
    shuttle::hint::spin_loop();
    #[cfg(not(all(test, any(loom, shuttle))))]
    core::hint::spin_loop();
}
