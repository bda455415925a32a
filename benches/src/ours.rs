//! warmstow's parts as subjects.

use std::sync::Arc;

use warmstow_core::concurrency::{Account, Gate, Limits};
use warmstow_core::function::{Control, FunctionSpec, Lease, Region, RegionConfig};
use warmstow_core::id::FunctionId;
use warmstow_core::pool::{Pool, PoolConfig, Seat};
use warmstow_core::sync::AtomicU64;
use warmstow_core::time::Instant;

use crate::{ACCOUNT_LIMIT, INSTANCES, Subject};

/// A pool of warm instances without limits: claim and release.
#[derive(Debug)]
pub struct PoolAlone {
    pool: Pool<Box<[AtomicU64]>>,
}

impl Default for PoolAlone {
    fn default() -> Self {
        let pool = Pool::new(PoolConfig::new(INSTANCES)).expect("the shape is valid");
        let cold = || pool.begin().expect("room for every instance").start(0).seat;
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

/// The limits without instances: a function's unit and the account's.
#[derive(Debug)]
pub struct GateAlone {
    account: Account,
    gate: Gate,
}

impl Default for GateAlone {
    fn default() -> Self {
        let (_, account) = Limits::new(ACCOUNT_LIMIT, 0);
        Self { account, gate: Gate::new() }
    }
}

impl Subject for GateAlone {
    type Held = ();

    #[inline]
    fn acquire(&self, _now_ns: u64) -> Option<()> {
        self.gate.try_acquire(&self.account).ok()
    }

    #[inline]
    fn release(&self, _now_ns: u64, (): ()) {
        let released = self.gate.release(&self.account);
        debug_assert_eq!(released, Ok(()), "a unit is held");
    }
}

/// A region as a host uses it: limits, a warm instance, counters, checked handles.
#[derive(Debug)]
pub struct WholeRegion {
    region: Arc<Region>,
    function: FunctionId,
    /// The one owner of the settings.
    _control: Control,
}

impl WholeRegion {
    /// A region whose instances are all idle; `reserved`: its function has a
    /// reservation of its own and leaves the account's word alone.
    pub fn new(reserved: bool) -> Self {
        let config = RegionConfig { account_limit: ACCOUNT_LIMIT, ..RegionConfig::default() };
        let (region, mut control) = Region::new(config).expect("the settings are valid");
        let spec = FunctionSpec {
            max_instances: INSTANCES,
            reserved_concurrency: reserved.then_some(INSTANCES),
            ..FunctionSpec::of_memory(128)
        };
        let function = control.add_function("f", spec).expect("the function is valid");
        let cold = || region.invoke(Instant::ZERO, function).expect("far from the limits").lease;
        let leases: Vec<Lease> = (0..INSTANCES).map(|_| cold()).collect();
        for lease in leases {
            region.started(Instant::ZERO, &lease).expect("the lease is held");
            region.complete(Instant::ZERO, lease).expect("the lease is held");
        }
        Self { region, function, _control: control }
    }
}

impl Subject for WholeRegion {
    type Held = Lease;

    #[inline]
    fn acquire(&self, now_ns: u64) -> Option<Lease> {
        let invocation = self.region.invoke(Instant::from_nanos(now_ns), self.function);
        invocation.ok().map(|invocation| invocation.lease)
    }

    #[inline]
    fn release(&self, now_ns: u64, held: Lease) {
        let completed = self.region.complete(Instant::from_nanos(now_ns), held);
        debug_assert_eq!(completed, Ok(None), "a held lease of a serving instance");
    }
}
