//! The data plane allocates nothing after construction: counted over a million
//! requests, and over every path that a request and its instance can take.

#![cfg(feature = "alloc")]

extern crate alloc;

use alloc::sync::Arc;
use core::alloc::{GlobalAlloc, Layout};
use core::cell::Cell;
use std::alloc::System;

use warmstow_core::function::{Control, FunctionSpec, Region, RegionConfig, Start};
use warmstow_core::id::FunctionId;
use warmstow_core::placement::{NodeSpec, SpreadBy, Strategy};
use warmstow_core::resources::{Resource, Resources};
use warmstow_core::time::{Duration, Instant};

struct Counting;

thread_local! {
    /// Allocations of this thread, so that tests beside this one do not count.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    ALLOCATIONS.with(|allocations| allocations.set(allocations.get() + 1));
}

// SAFETY: passes every call on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often `work` allocates.
fn allocations(work: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

/// A region on a fleet of two nodes with room for 16 instances of its function.
fn region(strategy: Strategy) -> (Arc<Region>, Control, FunctionId) {
    let config = RegionConfig { max_nodes: 2, strategy, ..RegionConfig::default() };
    let (region, mut control) = Region::new(config).unwrap();
    for zone in [0, 1] {
        control.add_node(NodeSpec::new(Resources::new(8 * 1_024, 8 * 1_024), zone)).unwrap();
    }
    let spec = FunctionSpec {
        resources: Resources::new(1_024, 1_024),
        keep_alive: Duration::from_secs(1),
        ..FunctionSpec::of_memory(1_024)
    };
    let function = control.add_function("f", spec).unwrap();
    (region, control, function)
}

#[test]
fn the_count_bites() {
    assert_eq!(allocations(|| drop(core::hint::black_box(Box::new(1)))), 1);
}

#[test]
fn a_million_requests_allocate_nothing() {
    let (region, _control, function) = region(Strategy::default());
    let cold = region.invoke(Instant::ZERO, function).unwrap();
    region.started(Instant::ZERO, &cold.lease).unwrap();
    region.complete(Instant::ZERO, cold.lease).unwrap();
    let work = || {
        for request in 1..=1_000_000 {
            let now = Instant::from_nanos(request);
            let warm = region.invoke(now, function).unwrap();
            assert_eq!(warm.start, Start::Warm);
            assert_eq!(region.complete(now, warm.lease), Ok(None));
        }
    };
    assert_eq!(allocations(work), 0);
    assert_eq!(region.counters(function).unwrap().warm_starts, 1_000_000);
}

/// Cold starts until the fleet is full, a refusal, failures, a drain, and the
/// end of every instance.
fn a_life_of_instances(region: &Region, function: FunctionId, start: Instant) {
    let mut leases: [_; 16] = core::array::from_fn(|_| {
        let cold = region.invoke(start, function).unwrap();
        region.started(start, &cold.lease).unwrap();
        Some((cold.lease, cold.instance))
    });
    assert!(region.invoke(start, function).is_err(), "the fleet is full");
    for (number, held) in leases.iter_mut().enumerate() {
        let (lease, instance) = held.take().unwrap();
        let stop = match number % 3 {
            0 => region.fail(start, lease).unwrap(),
            1 => {
                assert_eq!(region.drain(start, instance), Ok(None));
                region.complete(start, lease).unwrap()
            }
            _ => region.complete(start, lease).unwrap(),
        };
        if let Some(instance) = stop {
            region.stopped(start, instance).unwrap();
        }
    }
    let later = start.after(Duration::from_secs(1));
    for instance in region.reap(later, function).unwrap() {
        region.stopped(later, instance).unwrap();
    }
    assert_eq!(region.counters(function).unwrap().instances, 0);
}

#[test]
fn every_path_of_an_instance_allocates_nothing() {
    let strategies = [
        Strategy::Binpack(Resource::Cpu),
        Strategy::Spread(SpreadBy::Zone),
        Strategy::Spread(SpreadBy::Node),
        Strategy::Random,
    ];
    for strategy in strategies {
        let (region, mut control, function) = region(strategy);
        let work = || {
            for round in 0..100 {
                a_life_of_instances(&region, function, Instant::from_secs(2 * round));
            }
        };
        assert_eq!(allocations(work), 0, "{strategy:?}");

        let settings = || {
            control.set_account_limit(500).unwrap();
            control.set_reserved_concurrency(function, Some(0)).unwrap();
            assert!(region.invoke(Instant::ZERO, function).is_err(), "reserved 0 stops it");
            control.set_reserved_concurrency(function, None).unwrap();
        };
        assert_eq!(allocations(settings), 0, "settings change in place");
    }
}
