//! The composed path under loom: limit, pool and fleet of one function.

use loom::sync::Arc;
use loom::thread;

use crate::concurrency::{Account, Limits};
use crate::function::{Admitted, Function, FunctionSpec, InvokeError, Start};
use crate::placement::{Fleet, NodeSpec, Strategy};
use crate::resources::{Resource, Resources};
use crate::sync::AtomicU64;
use crate::time::{Duration, Instant};

type Words = alloc::boxed::Box<[AtomicU64]>;

const STRATEGY: Strategy = Strategy::Binpack(Resource::Memory);

struct Platform {
    account: Account,
    fleet: Fleet<Words>,
    function: Function<Words>,
}

impl Platform {
    /// `limit` units, `instances` slots, room for `room` instances.
    fn new(limit: u32, instances: u32, room: u32) -> Arc<Self> {
        let (_limits, account) = Limits::new(limit, 0);
        let fleet = Fleet::new(1, core::num::NonZeroU32::MIN, 0).unwrap();
        fleet.add_node(NodeSpec::new(Resources::new(room, room), 0)).unwrap();
        let spec = FunctionSpec {
            resources: Resources::new(1, 1),
            max_instances: instances,
            keep_alive: Duration::from_nanos(10),
            ..FunctionSpec::of_memory(128)
        };
        Arc::new(Self { account, fleet, function: Function::new(&spec).unwrap() })
    }

    fn invoke(&self) -> Result<Admitted, InvokeError> {
        self.function.invoke(Instant::ZERO, &self.account, Some(&self.fleet), STRATEGY)
    }

    /// Serves a request to its end; whether it was admitted.
    fn serve(&self) -> bool {
        let Ok(admitted) = self.invoke() else { return false };
        if admitted.start != Start::Warm {
            self.function.started(&admitted.seat).unwrap();
        }
        let stop = self.function.complete(Instant::ZERO, &self.account, admitted.seat).unwrap();
        if let Some(slot) = stop {
            self.function.stopped(Some(&self.fleet), slot).unwrap();
        }
        true
    }

    /// At rest: no unit, seat or room is lost.
    fn check(&self) {
        assert_eq!(self.account.in_flight(), 0);
        for slot in self.function.reap(Instant::MAX) {
            self.function.stopped(Some(&self.fleet), slot).unwrap();
        }
        let counters = self.function.counters();
        assert_eq!((counters.in_flight, counters.instances), (0, 0));
        for node in self.fleet.nodes() {
            assert_eq!(node.free, node.spec.resources);
        }
    }
}

#[test]
fn loom_two_requests_of_one_limit() {
    loom::model(|| {
        let platform = Platform::new(1, 2, 2);
        let other = platform.clone();
        let thread = thread::spawn(move || other.serve());
        let here = platform.serve();
        let there = thread.join().unwrap();
        assert!(here || there, "one of them finds the unit free");
        platform.check();
    });
}

#[test]
fn loom_a_request_with_a_unit_finds_the_seat_that_came_with_it() {
    loom::model(|| {
        // One unit, one slot: whoever is admitted must find the instance.
        let platform = Platform::new(1, 1, 1);
        assert!(platform.serve());
        let other = platform.clone();
        let thread = thread::spawn(move || match other.invoke() {
            Ok(admitted) => {
                assert_eq!(admitted.start, Start::Warm);
                let done = other.function.complete(Instant::ZERO, &other.account, admitted.seat);
                assert_eq!(done, Ok(None));
            }
            Err(refused) => assert!(matches!(refused, InvokeError::Throttled(_)), "{refused}"),
        });
        match platform.invoke() {
            Ok(admitted) => {
                assert_eq!(admitted.start, Start::Warm);
                let (account, function) = (&platform.account, &platform.function);
                assert_eq!(function.complete(Instant::ZERO, account, admitted.seat), Ok(None));
            }
            Err(refused) => assert!(matches!(refused, InvokeError::Throttled(_)), "{refused}"),
        }
        thread.join().unwrap();
        platform.check();
    });
}

#[test]
#[should_panic(expected = "the seat came after the unit")]
fn loom_broken_complete_gives_the_unit_before_the_seat() {
    loom::model(|| {
        let platform = Platform::new(1, 1, 1);
        assert!(platform.serve());
        let held = platform.invoke().unwrap();
        let other = platform.clone();
        let thread = thread::spawn(move || {
            if let Err(InvokeError::InstanceLimit { .. }) = other.invoke() {
                panic!("the seat came after the unit");
            }
        });
        platform.function.gate().release(&platform.account).unwrap();
        platform.function.pool().release(Instant::ZERO, held.seat).unwrap();
        thread.join().unwrap();
    });
}

#[test]
fn loom_a_request_against_the_reaper() {
    loom::model(|| {
        let platform = Platform::new(1, 1, 1);
        assert!(platform.serve());
        let other = platform.clone();
        let thread = thread::spawn(move || {
            for slot in other.function.reap(Instant::from_secs(1)) {
                other.function.stopped(Some(&other.fleet), slot).unwrap();
            }
        });
        // Served warm, served cold, or refused because the one instance is
        // being stopped; never lost.
        platform.serve();
        thread.join().unwrap();
        platform.check();
    });
}

#[test]
fn loom_two_cold_starts_of_one_room() {
    loom::model(|| {
        let platform = Platform::new(2, 2, 1);
        let other = platform.clone();
        let thread = thread::spawn(move || other.serve());
        let here = platform.serve();
        let there = thread.join().unwrap();
        assert!(here || there);
        platform.check();
    });
}

#[test]
fn loom_a_completion_against_a_drain() {
    loom::model(|| {
        let platform = Platform::new(1, 1, 1);
        let held = platform.invoke().unwrap();
        platform.function.started(&held.seat).unwrap();
        let slot = held.slot;
        let other = platform.clone();
        let thread = thread::spawn(move || other.function.drain(slot).unwrap());
        let done = platform.function.complete(Instant::ZERO, &platform.account, held.seat).unwrap();
        let drained = thread.join().unwrap();
        assert!(done.is_none() || drained.is_none(), "one of them reports it");
        let stop = done.or(drained).expect("one of them reports it");
        platform.function.stopped(Some(&platform.fleet), stop).unwrap();
        platform.check();
    });
}
