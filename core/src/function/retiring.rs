//! Pools that have been replaced, until they are empty.

use alloc::vec::Vec;

use super::Region;
use crate::id::{FunctionId, InstanceId};
use crate::time::{Duration, Instant};

/// How often pools that have been replaced are swept until they are empty.
pub(super) const SWEEP: Duration = Duration::from_secs(1);

/// Pools that are emptied.
#[derive(Debug, Default)]
pub(super) struct Retiring(Vec<FunctionId>);

impl Retiring {
    /// Empties a pool: idle instances are stopped from now on.
    pub(super) fn add(&mut self, region: &Region, pool: FunctionId) {
        if let Ok(of) = region.function(pool) {
            of.set_keep_alive(Duration::ZERO);
        }
        if !self.0.contains(&pool) {
            self.0.push(pool);
        }
    }

    /// Takes idle instances out of service, for the host to stop, and forgets the
    /// pools that are empty. O(pools and their instances that are at work).
    pub(super) fn sweep(
        &mut self,
        now: Instant,
        region: &Region,
        mut stop: impl FnMut(InstanceId),
    ) {
        self.0.retain(|&pool| {
            region.reap(now, pool).into_iter().flatten().for_each(&mut stop);
            region.counters(pool).is_ok_and(|counters| counters.instances > 0)
        });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn contains(&self, pool: FunctionId) -> bool {
        self.0.contains(&pool)
    }
}
