//! shuttle: whole regions, four to seven threads, every kind of call.
//!
//! Too many steps for loom's every interleaving: here are many random ones,
//! from two schedulers. Uniform choice (`check_random`) finds what takes many
//! switches; few switches at random depths (`check_pct`) find what takes a
//! long stretch without one. All orderings are taken as `SeqCst`: weak memory
//! is loom's.

use alloc::sync::Arc;
use alloc::vec::Vec;
// Not shuttle's: what the test notes is no step of the model.
use core::sync::atomic::{AtomicU64 as Note, Ordering};

use shuttle::rand::Rng;
use shuttle::{check_pct, check_random, thread};

use crate::function::{
    Control, FunctionSpec, Invocation, InvokeError, Region, RegionConfig, Start,
};
use crate::id::{FunctionId, InstanceId};
use crate::placement::NodeSpec;
use crate::resources::Resources;
use crate::time::{Duration, Instant};

const INSTANCES: u32 = 4;
/// The most that the account's limit and the reservation are set to.
const MOST: u32 = 4;
const MOST_RESERVED: u32 = 2;
const CALLS: usize = 4;
const LATER: Instant = Instant::from_secs(1);

/// Schedules of each scheduler.
fn schedules() -> usize {
    std::env::var("SHUTTLE_SCHEDULES").map_or(1_000, |count| count.parse().unwrap())
}

fn explore(body: impl Fn() + Clone + Send + Sync + 'static) {
    check_random(body.clone(), schedules());
    check_pct(body, schedules(), 3);
}

fn draw(below: usize) -> usize {
    shuttle::rand::thread_rng().gen_range(0..below)
}

/// A region on one node, and what its threads know that they hold.
struct Platform {
    region: Arc<Region>,
    functions: Vec<FunctionId>,
    /// Bit s: slot s has a request, by function. Set after an admission and
    /// cleared before its end, so never more than there are.
    busy: [Note; 2],
}

impl Platform {
    /// Two functions of `instances` each on a node with room for `room`.
    fn new(limit: u32, instances: u32, room: u32) -> (Arc<Self>, Control) {
        let config = RegionConfig {
            account_limit: limit,
            unreserved_minimum: 0,
            max_functions: 2,
            max_nodes: 1,
            ..RegionConfig::default()
        };
        let (region, mut control) = Region::new(config).unwrap();
        control.add_node(NodeSpec::new(Resources::new(room, room), 0)).unwrap();
        let spec = FunctionSpec {
            resources: Resources::new(1, 1),
            max_instances: instances,
            keep_alive: Duration::from_nanos(1),
            ..FunctionSpec::of_memory(128)
        };
        let functions =
            ["f", "g"].into_iter().map(|name| control.add_function(name, spec).unwrap()).collect();
        let busy = [Note::new(0), Note::new(0)];
        (Arc::new(Self { region, functions, busy }), control)
    }

    fn invoke(&self, which: usize) -> Result<Invocation, InvokeError> {
        let admitted = self.region.invoke(Instant::ZERO, self.functions[which])?;
        let bit = 1 << admitted.instance.slot.index();
        // ORDERING: SeqCst: notes of a test, not in the model.
        let before = self.busy[which].fetch_or(bit, Ordering::SeqCst);
        assert_eq!(before & bit, 0, "an instance was given twice");
        if admitted.start != Start::Warm {
            self.region.started(Instant::ZERO, &admitted.lease).unwrap();
        }
        Ok(admitted)
    }

    fn end(&self, which: usize, admitted: Invocation, fails: bool) {
        let bit = 1 << admitted.instance.slot.index();
        // ORDERING: SeqCst: notes of a test, not in the model.
        self.busy[which].fetch_and(!bit, Ordering::SeqCst);
        let stop = if fails {
            self.region.fail(Instant::ZERO, admitted.lease)
        } else {
            self.region.complete(Instant::ZERO, admitted.lease)
        };
        self.stop(stop.unwrap());
    }

    fn stop(&self, told: Option<InstanceId>) {
        if let Some(instance) = told {
            self.region.stopped(LATER, instance).unwrap();
        }
    }

    fn reap(&self, which: usize) {
        for instance in self.region.reap(LATER, self.functions[which]).unwrap() {
            self.stop(Some(instance));
        }
    }

    fn in_flight(&self, which: usize) -> u32 {
        // ORDERING: SeqCst: notes of a test, not in the model.
        self.busy[which].load(Ordering::SeqCst).count_ones()
    }

    /// After all requests: no unit, seat, vacancy or room is lost or minted.
    fn check(&self, control: &Control) {
        let account = self.region.account();
        let unreserved = control.account_limit() - control.reserved_sum();
        assert_eq!((account.in_flight(), account.limit()), (0, unreserved), "units lost");
        for (which, &function) in self.functions.iter().enumerate() {
            self.reap(which);
            let counters = self.region.counters(function).unwrap();
            assert_eq!((counters.in_flight, counters.instances), (0, 0), "seats lost");
            assert_eq!(counters.invocations(), counters.completions + counters.failures);
            let pool = self.region.function(function).unwrap().pool();
            let vacant: Vec<_> = core::iter::from_fn(|| pool.begin()).collect();
            assert_eq!(vacant.len() as u32, pool.config().max_instances, "vacancies lost");
        }
        for node in self.region.fleet().unwrap().nodes() {
            assert_eq!((node.free, node.instances), (node.spec.resources, 0), "room lost");
        }
    }
}

/// One thread: invokes, holds up to two requests, ends and fails them, reaps.
fn drive(platform: &Platform) {
    let mut held = Vec::new();
    for _ in 0..CALLS {
        let which = draw(2);
        match draw(8) {
            0 => platform.reap(which),
            1..5 if held.len() < 2 => {
                if let Ok(admitted) = platform.invoke(which) {
                    held.push((which, admitted));
                    // A request to the pool leaves at most the limit there, one
                    // to the reservation adds to at most as many.
                    let in_flight = platform.in_flight(0) + platform.in_flight(1);
                    assert!(in_flight <= MOST + MOST_RESERVED, "{in_flight} in flight");
                    assert!(platform.in_flight(1) <= MOST, "above the account's limit");
                }
            }
            turn => {
                if let Some((which, admitted)) = held.pop() {
                    platform.end(which, admitted, turn == 7);
                }
            }
        }
    }
    for (which, admitted) in held {
        platform.end(which, admitted, false);
    }
}

/// The one owner of the settings.
fn set(platform: &Platform, control: &mut Control) {
    for _ in 0..CALLS {
        match draw(3) {
            0 => {
                let limit = MOST_RESERVED + draw((MOST - MOST_RESERVED + 1) as usize) as u32;
                control.set_account_limit(limit).unwrap();
            }
            _ => {
                let reserved = [None, Some(0), Some(1), Some(MOST_RESERVED)][draw(4)];
                control.set_reserved_concurrency(platform.functions[0], reserved).unwrap();
            }
        }
    }
}

fn everything_at_once(drivers: usize) {
    let (platform, mut control) = Platform::new(MOST, INSTANCES, 6);
    let threads: Vec<_> = (0..drivers)
        .map(|_| {
            let platform = platform.clone();
            thread::spawn(move || drive(&platform))
        })
        .collect();
    set(&platform, &mut control);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    platform.check(&control);
}

#[test]
fn shuttle_everything_at_once_with_four_threads() {
    explore(|| everything_at_once(3));
}

#[test]
fn shuttle_everything_at_once_with_seven_threads() {
    explore(|| everything_at_once(6));
}

/// Ends a request; the whole path or a twin of it.
type End = fn(&Platform, Invocation);

/// Threads with one request at a time, and as many instances and as much room
/// as units: who is admitted finds an instance, nobody is throttled where there
/// is a unit for each thread, and no more instances start than there are units.
fn a_unit_brings_an_instance(threads: u32, units: u32, end: End) {
    let (platform, control) = Platform::new(units, units, units);
    let run = move |platform: &Platform| {
        for _ in 0..2 {
            match platform.invoke(0) {
                Ok(admitted) => end(platform, admitted),
                Err(InvokeError::Throttled(_)) if threads > units => {}
                Err(why) => panic!("refused early: {why}"),
            }
        }
    };
    let others: Vec<_> = (1..threads)
        .map(|_| {
            let platform = platform.clone();
            thread::spawn(move || run(&platform))
        })
        .collect();
    run(&platform);
    others.into_iter().for_each(|thread| thread.join().unwrap());
    let counters = platform.region.counters(platform.functions[0]).unwrap();
    assert!(counters.cold_starts <= u64::from(units), "an idle one was missed: {counters:?}");
    platform.check(&control);
}

const END: End = |platform, admitted| platform.end(0, admitted, false);

#[test]
fn shuttle_as_many_requests_as_units_are_never_refused() {
    explore(|| a_unit_brings_an_instance(4, 4, END));
}

#[test]
fn shuttle_eight_requests_of_eight_units_are_never_refused() {
    explore(|| a_unit_brings_an_instance(8, 8, END));
}

#[test]
fn shuttle_a_unit_brings_an_instance() {
    explore(|| a_unit_brings_an_instance(5, 2, END));
}

/// The unit before the seat: who gets it finds no instance.
#[test]
#[should_panic(expected = "refused early: all of the function's")]
fn shuttle_broken_complete_gives_the_unit_before_the_seat() {
    let broken: End = |platform, admitted| {
        let function = platform.region.function(admitted.lease.function()).unwrap();
        let bit = 1 << admitted.instance.slot.index();
        // ORDERING: SeqCst: notes of a test, not in the model.
        platform.busy[0].fetch_and(!bit, Ordering::SeqCst);
        function.gate().release(platform.region.account()).unwrap();
        function.pool().release(Instant::ZERO, admitted.lease.seat).unwrap();
    };
    explore(move || a_unit_brings_an_instance(5, 2, broken));
}

/// A failure that forgets the instance: its slot and room are lost.
#[test]
#[should_panic(expected = "lost")]
fn shuttle_broken_failure_that_nobody_reports_as_stopped() {
    explore(|| {
        let (platform, control) = Platform::new(2, 2, 2);
        let other = platform.clone();
        let thread = thread::spawn(move || drive(&other));
        if let Ok(admitted) = platform.invoke(0) {
            let bit = 1 << admitted.instance.slot.index();
            // ORDERING: SeqCst: notes of a test, not in the model.
            platform.busy[0].fetch_and(!bit, Ordering::SeqCst);
            let _ = platform.region.fail(Instant::ZERO, admitted.lease);
        }
        thread.join().unwrap();
        platform.check(&control);
    });
}
