//! What all versions of a function share: its gate and its rates.
//!
//! Most functions have one pool of instances and keep theirs in place. A
//! function with versions has a pool for each, behind one quota.

use core::ops::Deref;

use super::rates::Buckets;
use crate::concurrency::Gate;

/// A function's concurrency and rates, whatever its versions.
#[derive(Debug)]
pub(super) struct Quota {
    pub(super) gate: Gate,
    pub(super) buckets: Buckets,
}

/// A pool's quota: its own, or one that it shares.
#[derive(Debug)]
pub(super) enum Share {
    Own(Quota),
    #[cfg(feature = "alloc")]
    Of(alloc::sync::Arc<Quota>),
}

impl Quota {
    pub(super) fn new() -> Self {
        Self { gate: Gate::new(), buckets: Buckets::unlimited() }
    }
}

impl Share {
    pub(super) fn own() -> Self {
        Self::Own(Quota::new())
    }

    /// Whether other pools share it. Their permits are never parked: who
    /// refuses one looks through one pool.
    pub(super) const fn is_shared(&self) -> bool {
        !matches!(self, Self::Own(_))
    }
}

impl Deref for Share {
    type Target = Quota;

    #[inline]
    fn deref(&self) -> &Quota {
        match self {
            Self::Own(quota) => quota,
            #[cfg(feature = "alloc")]
            Self::Of(quota) => quota,
        }
    }
}
