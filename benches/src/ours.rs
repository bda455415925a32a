//! warmstow as a host uses it, and its parts alone.

use std::sync::Arc;

use warmstow_core::concurrency::{Account, Gate, Limits};
use warmstow_core::function::{Control, FunctionSpec, Lease, Region, RegionConfig};
use warmstow_core::id::{FunctionId, Lane};
use warmstow_core::pool::{Pool, PoolConfig, Seat};
use warmstow_core::sync::AtomicU64;
use warmstow_core::time::Instant;

use crate::{Subject, World};

/// A region: limits, a warm instance, counters, checked handles. `RESERVED`:
/// each function has a reservation of its own and leaves the account alone.
#[derive(Debug)]
pub struct WholeRegion<const RESERVED: bool> {
    region: Arc<Region>,
    functions: Vec<FunctionId>,
    /// The one owner of the settings.
    _control: Control,
}

impl<const RESERVED: bool> Subject for WholeRegion<RESERVED> {
    type Held<'a> = Lease;

    fn new(world: &World) -> Self {
        // High at first: warming up holds all instances of a function at once.
        let config = RegionConfig {
            account_limit: World::FAR,
            unreserved_minimum: 0,
            max_functions: world.functions,
            ..RegionConfig::default()
        };
        let (region, mut control) = Region::new(config).expect("the settings are valid");
        let spec = FunctionSpec {
            max_instances: world.instances,
            reserved_concurrency: RESERVED.then_some(world.instances),
            ..FunctionSpec::of_memory(128)
        };
        let mut add = |index| {
            let function = control.add_function(&format!("f{index}"), spec);
            function.expect("the function is valid")
        };
        let functions: Vec<FunctionId> = (0..world.functions).map(&mut add).collect();
        for function in &functions {
            warm_up(&region, *function, world.instances);
        }
        control.set_account_limit(world.account_limit).expect("the limit is in range");
        Self { region, functions, _control: control }
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "a thread's number")]
    fn acquire(&self, thread: usize, function: usize, now_ns: u64) -> Option<Lease> {
        let function = self.functions[function];
        let now = Instant::from_nanos(now_ns);
        let invocation = self.region.invoke_in(now, function, Lane::new(thread as u32));
        invocation.ok().map(|invocation| invocation.lease)
    }

    #[inline]
    fn release(&self, _thread: usize, _function: usize, now_ns: u64, held: Lease) {
        let completed = self.region.complete(Instant::from_nanos(now_ns), held);
        debug_assert_eq!(completed, Ok(None), "a held lease of a serving instance");
    }
}

/// Starts every instance of `function` and leaves it idle.
fn warm_up(region: &Region, function: FunctionId, instances: u32) {
    let cold = || region.invoke(Instant::ZERO, function).expect("far from the limits").lease;
    let leases: Vec<Lease> = (0..instances).map(|_| cold()).collect();
    for lease in leases {
        region.started(Instant::ZERO, &lease).expect("the lease is held");
        region.complete(Instant::ZERO, lease).expect("the lease is held");
    }
}

/// Pools of warm instances without limits: claim and release.
#[derive(Debug)]
pub struct PoolAlone {
    pools: Vec<Pool<Box<[AtomicU64]>>>,
}

impl Subject for PoolAlone {
    type Held<'a> = Seat;

    fn new(world: &World) -> Self {
        let pool = |_| {
            let pool = Pool::new(PoolConfig::new(world.instances)).expect("the shape is valid");
            let cold = || pool.begin().expect("room for every instance").start(0).seat;
            let started: Vec<Seat> = (0..world.instances).map(|_| cold()).collect();
            for seat in started {
                pool.started(&seat).expect("the seat is held");
                pool.release(Instant::ZERO, seat).expect("the seat is held");
            }
            pool
        };
        Self { pools: (0..world.functions).map(pool).collect() }
    }

    #[inline]
    fn acquire(&self, _thread: usize, function: usize, now_ns: u64) -> Option<Seat> {
        self.pools[function].claim(Instant::from_nanos(now_ns)).map(|claim| claim.seat)
    }

    #[inline]
    fn release(&self, _thread: usize, function: usize, now_ns: u64, held: Seat) {
        let released = self.pools[function].release(Instant::from_nanos(now_ns), held);
        debug_assert_eq!(released, Ok(None), "a held seat of a serving instance");
    }
}

/// The limits without instances: a function's unit and the account's.
#[derive(Debug)]
pub struct LimitsAlone {
    account: Account,
    gates: Vec<Gate>,
}

impl Subject for LimitsAlone {
    type Held<'a> = ();

    fn new(world: &World) -> Self {
        let (_, account) = Limits::new(world.account_limit, 0);
        Self { account, gates: (0..world.functions).map(|_| Gate::new()).collect() }
    }

    #[inline]
    fn acquire(&self, _thread: usize, function: usize, _now_ns: u64) -> Option<()> {
        self.gates[function].try_acquire(&self.account).ok()
    }

    #[inline]
    fn release(&self, _thread: usize, function: usize, _now_ns: u64, (): ()) {
        let released = self.gates[function].release(&self.account);
        debug_assert_eq!(released, Ok(()), "a unit is held");
    }
}
