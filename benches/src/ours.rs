//! warmstow's parts as subjects.

use warmstow_core::pool::{Pool, PoolConfig, Seat};
use warmstow_core::sync::AtomicU64;
use warmstow_core::time::Instant;

use crate::{INSTANCES, Subject};

/// A pool of warm instances without limits: claim and release.
#[derive(Debug)]
pub struct PoolAlone {
    pool: Pool<Box<[AtomicU64]>>,
}

impl Default for PoolAlone {
    fn default() -> Self {
        let pool = Pool::new(PoolConfig::new(INSTANCES)).expect("the shape is valid");
        let cold = || pool.start(pool.begin().expect("room for every instance"), 0).seat;
        let started: Vec<Seat> = (0..INSTANCES).map(|_| cold()).collect();
        for seat in started {
            pool.started(&seat).expect("the seat is held");
            pool.release(Instant::ZERO, seat).expect("the seat is held");
        }
        Self { pool }
    }
}

impl Subject for PoolAlone {
    type Held = Seat;

    #[inline]
    fn acquire(&self, now_ns: u64) -> Option<Seat> {
        self.pool.claim(Instant::from_nanos(now_ns)).map(|claim| claim.seat)
    }

    #[inline]
    fn release(&self, now_ns: u64, held: Seat) {
        let released = self.pool.release(Instant::from_nanos(now_ns), held);
        debug_assert_eq!(released, Ok(None), "a held seat of a serving instance");
    }
}
