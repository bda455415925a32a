//! Many threads on one region: no limit is ever exceeded, nothing is lost.

use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread;

use crate::function::{FunctionSpec, InvokeError, Region, RegionConfig, Start};
use crate::id::FunctionId;
use crate::placement::NodeSpec;
use crate::resources::Resources;
use crate::rng::Rng;
use crate::time::{Duration, Instant};

const THREADS: u64 = 4;
const CALLS: u64 = 60_000;
const LIMIT: u32 = 140;
const RESERVED: u32 = 20;

#[expect(clippy::cast_possible_truncation, reason = "below a length")]
fn below(rng: &mut Rng, length: usize) -> usize {
    rng.below(length as u64) as usize
}

/// One thread's requests over `functions`; how many it has in flight is
/// counted in `in_flight`, which must never pass the limits.
fn drive(
    region: &Region,
    functions: &[FunctionId],
    in_flight: &[AtomicI64],
    most: &[i64],
    seed: u64,
) {
    let mut rng = Rng::new(seed);
    let mut held = Vec::new();
    for call in 0..CALLS {
        let now = Instant::from_nanos(call * 1_000);
        let which = below(&mut rng, functions.len());
        if rng.below(2) == 0 {
            match region.invoke(now, functions[which]) {
                Ok(invocation) => {
                    let running = in_flight[which].fetch_add(1, Ordering::SeqCst) + 1;
                    assert!(running <= most[which], "{running} in flight of {}", most[which]);
                    if invocation.start != Start::Warm {
                        region.started(now, &invocation.lease).unwrap();
                    }
                    held.push((which, invocation.lease));
                }
                Err(InvokeError::UnknownFunction(unknown)) => panic!("{unknown}"),
                Err(_refused) => {}
            }
        } else if !held.is_empty() {
            let (which, lease) = held.swap_remove(below(&mut rng, held.len()));
            in_flight[which].fetch_sub(1, Ordering::SeqCst);
            let ended = if rng.below(16) == 0 {
                region.fail(now, lease)
            } else {
                region.complete(now, lease)
            };
            if let Some(instance) = ended.unwrap() {
                region.stopped(now, instance).unwrap();
            }
        }
    }
    for (which, lease) in held {
        in_flight[which].fetch_sub(1, Ordering::SeqCst);
        if let Some(instance) = region.complete(Instant::from_secs(1), lease).unwrap() {
            region.stopped(Instant::from_secs(1), instance).unwrap();
        }
    }
}

#[test]
fn threads_share_a_region_without_losing_or_minting_anything() {
    let config = RegionConfig { account_limit: LIMIT, max_nodes: 4, ..RegionConfig::default() };
    let (region, mut control) = Region::new(config).unwrap();
    for zone in 0..4 {
        control.add_node(NodeSpec::new(Resources::new(100_000, 4_000), zone)).unwrap();
    }
    let spec = FunctionSpec {
        resources: Resources::new(10, 100),
        keep_alive: Duration::from_nanos(50_000),
        ..FunctionSpec::of_memory(128)
    };
    let reserved = FunctionSpec { reserved_concurrency: Some(RESERVED), ..spec };
    let small = FunctionSpec { max_instances: 3, instance_concurrency: 4, ..spec };
    let functions = [
        control.add_function("shared", spec).unwrap(),
        control.add_function("reserved", reserved).unwrap(),
        control.add_function("small", small).unwrap(),
    ];
    let most = [i64::from(LIMIT - RESERVED), i64::from(RESERVED), 12];
    let in_flight: Vec<_> = (0..3).map(|_| AtomicI64::new(0)).collect();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let drivers: Vec<_> = (0..THREADS)
            .map(|seed| {
                let (region, functions, in_flight) = (&region, &functions, &in_flight);
                scope.spawn(move || drive(region, functions, in_flight, &most, seed))
            })
            .collect();
        scope.spawn(|| {
            let mut now = Instant::ZERO;
            while !done.load(Ordering::SeqCst) {
                now = now.after(Duration::from_nanos(10_000));
                for function in functions {
                    for instance in region.reap(now, function).unwrap() {
                        region.stopped(now, instance).unwrap();
                    }
                }
                thread::yield_now();
            }
        });
        for driver in drivers {
            driver.join().unwrap();
        }
        done.store(true, Ordering::SeqCst);
    });
    for function in functions {
        for instance in region.reap(Instant::MAX, function).unwrap() {
            region.stopped(Instant::MAX, instance).unwrap();
        }
        let counters = region.counters(function).unwrap();
        assert_eq!((counters.in_flight, counters.instances), (0, 0), "{counters:?}");
        assert_eq!(counters.invocations(), counters.completions + counters.failures);
    }
    assert_eq!(region.unreserved_in_flight(), 0);
    for node in region.fleet().unwrap().nodes() {
        assert_eq!((node.free, node.instances), (node.spec.resources, 0));
    }
}
