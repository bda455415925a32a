//! A small platform for loom: one account, one node, one function, and two
//! threads that use it.

use alloc::sync::Arc;
use alloc::vec::Vec;
use std::sync::Mutex;

use loom::thread;

use crate::concurrency::{Account, Limits};
use crate::function::{Admitted, Function, FunctionSpec, InvokeError, Start};
use crate::id::SlotId;
use crate::placement::{Fleet, NodeSpec, Strategy};
use crate::resources::{Resource, Resources};
use crate::sync::{AtomicU64, Storage, model};
use crate::time::{Duration, Instant};

pub(super) const STRATEGY: Strategy = Strategy::Binpack(Resource::Memory);

/// Words that the platform looks at beside the structure that owns them.
#[derive(Clone)]
pub(super) struct Lent(Arc<[AtomicU64]>);

impl Lent {
    pub(super) fn new(words: usize) -> Self {
        Self((0..words).map(|_| AtomicU64::new(0)).collect())
    }
}

impl Storage for Lent {
    fn words(&self) -> &[AtomicU64] {
        &self.0
    }
}

/// What a model's platform has.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    /// The account's limit.
    pub(super) limit: u32,
    /// The function's reservation at the start.
    pub(super) reserved: Option<u32>,
    pub(super) instances: u32,
    /// Requests of one instance.
    pub(super) concurrency: u32,
    /// So many instances fit on the node.
    pub(super) room: u32,
}

impl Shape {
    pub(super) const fn new(limit: u32, instances: u32, room: u32) -> Self {
        Self { limit, reserved: None, instances, concurrency: 1, room }
    }
}

/// A request in flight, or why it is not.
pub(super) type Invoked = Result<Admitted, InvokeError>;

/// How a request that has ended began, or why it did not.
pub(super) type Answer = Result<Start, InvokeError>;

pub(super) struct Platform {
    pub(super) shape: Shape,
    /// Taken by one thread at most: never contended.
    limits: Mutex<Limits>,
    pub(super) account: Account,
    pub(super) fleet: Fleet<Lent>,
    pub(super) function: Function<Lent>,
    nodes: Lent,
    pool: Lent,
}

impl Platform {
    fn new(shape: Shape) -> Self {
        let spec = FunctionSpec {
            resources: Resources::new(1, 1),
            max_instances: shape.instances,
            instance_concurrency: shape.concurrency,
            keep_alive: Duration::from_nanos(10),
            ..FunctionSpec::of_memory(128)
        };
        let nodes = Lent::new(crate::placement::words(1));
        let fleet = Fleet::new_in(nodes.clone(), core::num::NonZeroU32::MIN, 0).unwrap();
        fleet.add_node(NodeSpec::new(Resources::new(shape.room, shape.room), 0)).unwrap();
        let pool = Lent::new(spec.pool().words());
        let function = Function::new_in(pool.clone(), &spec).unwrap();
        let (mut limits, account) = Limits::new(shape.limit, 0);
        limits.set_reserved(&account, function.gate(), shape.reserved).unwrap();
        Self { shape, limits: Mutex::new(limits), account, fleet, function, nodes, pool }
    }

    /// Those of the limits, of the pool's sets and slots, and what is free on
    /// the node. Not those that are also written by plain stores: an
    /// instance's last use and its seats.
    fn words(&self) -> impl Iterator<Item = &AtomicU64> {
        let record = 2 + self.shape.concurrency as usize;
        let records = self.pool.0.len() - self.shape.instances as usize * record;
        let (sets, records) = self.pool.0.split_at(records);
        [self.account.word(), self.function.gate().word(), &self.nodes.0[0]]
            .into_iter()
            .chain(sets)
            .chain(records.iter().step_by(record))
    }

    pub(super) fn invoke(&self) -> Invoked {
        self.function.invoke(Instant::ZERO, &self.account, Some(&self.fleet), STRATEGY)
    }

    /// A request in an instance in service.
    pub(super) fn busy(&self) -> Admitted {
        let admitted = self.invoke().unwrap();
        if admitted.start != Start::Warm {
            self.function.started(&admitted.seat).unwrap();
        }
        admitted
    }

    /// `instances` in service without a request.
    pub(super) fn idle(&self, instances: usize) -> Vec<SlotId> {
        let busy: Vec<_> = (0..instances).map(|_| self.busy()).collect();
        busy.into_iter()
            .map(|admitted| {
                let slot = admitted.slot;
                self.complete(admitted);
                slot
            })
            .collect()
    }

    /// Completes a request, and stops its instance if it is told to.
    pub(super) fn complete(&self, admitted: Admitted) {
        let done = self.function.complete(Instant::ZERO, &self.account, admitted.seat);
        self.stop(done.unwrap());
    }

    /// Fails a request, and stops its instance.
    pub(super) fn fail(&self, admitted: Admitted) {
        let done = self.function.fail(Instant::ZERO, &self.account, admitted.seat);
        self.stop(done.unwrap());
    }

    pub(super) fn stop(&self, told: Option<SlotId>) {
        if let Some(slot) = told {
            self.function.stopped(Some(&self.fleet), slot).unwrap();
        }
    }

    /// Serves a request to its end, if it was admitted; how it started.
    pub(super) fn end(&self, answer: Invoked) -> Answer {
        let admitted = answer?;
        let start = admitted.start;
        if start != Start::Warm {
            self.function.started(&admitted.seat).unwrap();
        }
        self.complete(admitted);
        Ok(start)
    }

    /// A whole request.
    pub(super) fn serve(&self) -> Answer {
        self.end(self.invoke())
    }

    /// Stops what has been idle for the keep-alive.
    pub(super) fn reap(&self) {
        for slot in self.function.reap(Instant::from_secs(1)) {
            self.stop(Some(slot));
        }
    }

    pub(super) fn set_reserved(&self, reserved: Option<u32>) {
        let mut limits = self.limits.lock().unwrap();
        limits.set_reserved(&self.account, self.function.gate(), reserved).unwrap();
    }

    pub(super) fn set_account_limit(&self, limit: u32) {
        self.limits.lock().unwrap().set_account_limit(&self.account, limit).unwrap();
    }

    /// After all requests have ended: no unit, seat, vacancy or room is lost.
    pub(super) fn check(&self) {
        let gate = self.function.gate();
        assert_eq!((self.account.in_flight(), gate.in_flight()), (0, 0), "units lost");
        {
            let limits = self.limits.lock().unwrap();
            let unreserved = limits.account_limit() - gate.reserved().unwrap_or(0);
            assert_eq!(self.account.limit(), unreserved);
        }
        self.reap();
        let counters = self.function.counters();
        assert_eq!((counters.in_flight, counters.instances), (0, 0), "seats lost");
        for node in self.fleet.nodes() {
            assert_eq!(node.free, node.spec.resources, "room lost");
        }
        let pool = self.function.pool();
        let vacant: Vec<_> = core::iter::from_fn(|| pool.begin()).collect();
        assert_eq!(vacant.len(), self.shape.instances as usize, "vacancies lost");
    }
}

/// What one of two threads does with what it was given.
pub(super) type Part<X, A> = fn(&Platform, X) -> A;

/// Runs `theirs` beside `mine` under every interleaving, gives `judge` what
/// came out, and checks that nothing was lost. `prepare` brings the platform
/// into its first state, and hands each of the two what it needs.
pub(super) fn race<X: 'static, Y: 'static, A: 'static, B: 'static>(
    shape: Shape,
    prepare: fn(&Platform) -> (X, Y),
    theirs: Part<X, A>,
    mine: Part<Y, B>,
    judge: impl Fn(&Platform, A, B) + Copy + Send + Sync + 'static,
) {
    model::long_model(2, move |touches| {
        let platform = Arc::new(Platform::new(shape));
        let (for_them, for_me) = prepare(&platform);
        let other = platform.clone();
        let thread = thread::spawn(move || {
            touches.of(1).all(other.words());
            theirs(&other, for_them)
        });
        touches.of(0).all(platform.words());
        let here = mine(&platform, for_me);
        let there = thread.join().unwrap();
        judge(&platform, there, here);
        platform.check();
    });
}

/// Nothing to prepare.
pub(super) fn fresh(_: &Platform) -> ((), ()) {
    ((), ())
}

pub(super) fn is_throttled<T>(answer: &Result<T, InvokeError>) -> bool {
    matches!(answer, Err(InvokeError::Throttled(_)))
}

pub(super) fn is_instance_limit<T>(answer: &Result<T, InvokeError>) -> bool {
    matches!(answer, Err(InvokeError::InstanceLimit { .. }))
}

pub(super) fn is_no_capacity<T>(answer: &Result<T, InvokeError>) -> bool {
    matches!(answer, Err(InvokeError::NoCapacity(_)))
}
