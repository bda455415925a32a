//! The peers: what a platform would write today from the usual parts.
//!
//! Each keeps an account's and a function's limit exactly, hands out a warm
//! instance and notes when it was last used. None checks handles, counts
//! starts, or can take one particular idle instance out of service, all of
//! which ours do in the same call.

mod counted;
mod counter;
mod mapped;
mod mutexes;
mod object_pools;
mod queues;
mod semaphores;

pub use counted::{Counted, IdleSet};
pub use mapped::{DashMapPeer, HashbrownTable, ParkingLotPeer, StdTable, Table};
pub use mutexes::{GlobalMutex, MutexEach};
pub use object_pools::{LinearPool, MutexStack, NewInstance, Opool, ShardedSlab, Slot};
pub use queues::{BoundedQueue, UnboundedQueue};
pub use semaphores::{Permitted, Semaphores};

use crate::World;

/// An idle instance and when it was last used, in nanoseconds.
type Idle = (u32, u64);

fn all_idle(instances: u32) -> impl Iterator<Item = Idle> {
    (0..instances).map(|instance| (instance, 0))
}

/// One function behind a lock: what is in flight, and its idle instances, the
/// one used last at the end. That end is taken from: the others may expire.
#[derive(Debug)]
pub struct Guarded {
    in_flight: u32,
    limit: u32,
    idle: Vec<Idle>,
}

impl Guarded {
    fn new(world: &World) -> Self {
        Self { in_flight: 0, limit: world.instances, idle: all_idle(world.instances).collect() }
    }

    #[inline]
    fn take(&mut self) -> Option<u32> {
        if self.in_flight >= self.limit {
            return None;
        }
        let (instance, _) = self.idle.pop()?;
        self.in_flight += 1;
        Some(instance)
    }

    #[inline]
    fn give_back(&mut self, instance: u32, now_ns: u64) {
        self.idle.push((instance, now_ns));
        self.in_flight -= 1;
    }
}

/// The id of a function as a host has it, so that maps really hash.
#[inline]
const fn key(function: usize) -> u64 {
    0xfeed_0000 + function as u64
}
