//! A function with versions beside a trivial sequential oracle: AWS Lambda's
//! rules of concurrency as plain sums.
//!
//! [`check`] plays a list of [`Action`]s on both. After every action:
//! * the same requests were admitted, to the same kind of pool, and refused for
//!   the same reason;
//! * the same settings were accepted and refused;
//! * claimed concurrency, what is provisioned, and the metrics are equal, and the
//!   identity of provisioned and spilled invocations holds;
//! * the function has never more in flight than its reservation, but for what ran
//!   before that was lowered, and what is provisioned beside that.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;

use warmstow_core::concurrency::ThrottleReason;
use warmstow_core::function::{
    Control, FunctionMetrics, FunctionSpec, InvokeError, Lease, Provisioning, Qualifier, Region,
    RegionConfig, Start, VersionAction, VersionedFunction,
};
use warmstow_core::id::{FunctionId, Lane};
use warmstow_core::time::Instant;

const ACCOUNT: u32 = 24;
const INSTANCES: u32 = 64;
/// Versions that can be published.
const VERSIONS: u32 = 3;

/// One call. Operands are taken modulo what there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// A request of a version, or of `$LATEST` (0).
    Invoke(u8),
    /// A request of another function, without a reservation.
    InvokeOther,
    /// The end of a request, the n-th that runs.
    Complete(u8),
    /// One that its instance does not survive.
    Fail(u8),
    /// The reservation.
    SetReserved(Option<u8>),
    /// Provisioned concurrency of a version.
    Provision(u8, u8),
    /// None of it.
    Deprovision(u8),
    /// A new version.
    Publish,
    /// New code of `$LATEST`.
    Update,
}

#[derive(Clone, Copy, Default)]
struct Batch {
    requested: u32,
    serving: u32,
    in_flight: u32,
    /// What its pool claims: more than `serving` only of a reservation, for what
    /// was in flight when that fell.
    gate: u32,
    /// Taken away: only its requests count.
    released: bool,
}

impl Batch {
    fn claim(self) -> u32 {
        if self.released { 0 } else { self.requested.max(self.serving) }
    }

    fn counts(self) -> u32 {
        self.claim().max(self.in_flight)
    }
}

#[derive(Default)]
struct Oracle {
    reserved: Option<u32>,
    on_demand: u32,
    other: u32,
    /// By the pool that the function says serves it.
    batches: BTreeMap<FunctionId, Batch>,
    metrics: FunctionMetrics,
    /// Requests on demand while their version had provisioned concurrency.
    spilled: u64,
}

impl Oracle {
    fn claims(&self) -> u32 {
        self.batches.values().map(|batch| batch.claim()).sum()
    }

    /// What a reservation leaves to requests on demand.
    fn left(&self) -> Option<u32> {
        let counted: u32 = self.batches.values().map(|batch| batch.counts()).sum();
        self.reserved.map(|reserved| reserved.saturating_sub(counted))
    }

    /// What the function claims whether it uses it or not.
    fn reserves(&self) -> u32 {
        let gates: u32 = self.batches.values().map(|b| b.gate).sum();
        let beside: u32 = self.batches.values().map(|b| b.claim().saturating_sub(b.gate)).sum();
        // What is kept for requests in flight is not claimed a second time.
        let room = self.reserved.map_or(u32::MAX, |reserved| reserved.saturating_sub(gates));
        gates + beside.min(room) + self.left().unwrap_or(0)
    }

    fn pool_limit(&self) -> u32 {
        ACCOUNT - self.reserves()
    }

    fn pool_in_flight(&self) -> u32 {
        let above: u32 = self.batches.values().map(|b| b.in_flight.saturating_sub(b.gate)).sum();
        self.other + self.on_demand.saturating_sub(self.left().unwrap_or(0)) + above
    }

    /// What is in flight, and provisioned beside it.
    fn uses(&self) -> u32 {
        self.on_demand + self.batches.values().map(|batch| batch.counts()).sum::<u32>()
    }

    /// What happens to a request on demand.
    fn on_demand(&self) -> Result<(), ThrottleReason> {
        match self.left() {
            Some(left) if self.on_demand >= left => {
                Err(ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded)
            }
            None if self.pool_in_flight() >= self.pool_limit() => {
                Err(ThrottleReason::ConcurrentInvocationLimitExceeded)
            }
            _ => Ok(()),
        }
    }

    /// Batches that are ready and fit are used.
    fn settle(&mut self) {
        let counted: u32 = self.batches.values().map(|batch| batch.counts()).sum();
        if self.reserved.is_none_or(|reserved| counted + self.on_demand <= reserved) {
            for batch in self.batches.values_mut().filter(|batch| !batch.released) {
                batch.serving = batch.requested;
            }
        }
        self.batches.retain(|_, batch| !batch.released || batch.in_flight > 0);
        for batch in self.batches.values_mut() {
            let kept = batch.in_flight.min(batch.gate.max(batch.claim()));
            batch.gate = batch.serving.max(self.reserved.map_or(0, |_| kept));
        }
        // A reservation takes back what the account counts, as far as it has room.
        let claimed: u32 = self.batches.values().map(|b| b.claim().max(b.gate)).sum();
        let mut room = self.reserved.unwrap_or(0).saturating_sub(claimed);
        for batch in self.batches.values_mut() {
            let has = batch.gate.max(batch.claim());
            let back = batch.in_flight.saturating_sub(has).min(room);
            if back > 0 {
                (batch.gate, room) = (has + back, room - back);
            }
        }
    }

    fn in_flight(&self) -> u32 {
        self.on_demand + self.batches.values().map(|batch| batch.in_flight).sum::<u32>()
    }
}

struct World {
    region: Arc<Region>,
    control: Control,
    function: VersionedFunction,
    other: FunctionId,
    running: Vec<Lease>,
    oracle: Oracle,
    now: u64,
    /// What ran when the reservation or what is provisioned last changed.
    tolerated: u32,
}

/// Plays `actions` on a function of an account and on the oracle.
///
/// # Panics
///
/// Where they differ.
pub(crate) fn check(actions: &[Action]) {
    let (region, mut control) = Region::new(RegionConfig {
        account_limit: ACCOUNT,
        unreserved_minimum: 0,
        max_functions: 512,
        ..RegionConfig::default()
    })
    .unwrap();
    let spec = FunctionSpec { max_instances: INSTANCES, ..FunctionSpec::of_memory(128) };
    let at_once = Provisioning::AT_ONCE;
    let function = VersionedFunction::new(&mut control, "f", spec, at_once).unwrap();
    let other = control.add_function("other", spec).unwrap();
    let (running, oracle) = (Vec::new(), Oracle::default());
    let mut world =
        World { region, control, function, other, running, oracle, now: 0, tolerated: 0 };
    for &action in actions {
        world.now += 1;
        world.play(action);
        world.act();
        world.oracle.settle();
        world.compare(action);
    }
    world.end();
}

impl World {
    fn now(&self) -> Instant {
        Instant::from_secs(self.now)
    }

    fn play(&mut self, action: Action) {
        let now = self.now();
        let (control, function) = (&mut self.control, &mut self.function);
        match action {
            Action::Invoke(version) => self.invoke(version),
            Action::InvokeOther => self.invoke_other(),
            Action::Complete(at) => self.finish(at, false),
            Action::Fail(at) => self.finish(at, true),
            Action::SetReserved(reserved) => {
                let reserved = reserved.map(|units| u32::from(units) % (ACCOUNT + 4));
                let claims = self.oracle.claims();
                let fits = reserved.is_none_or(|reserved| (claims..=ACCOUNT).contains(&reserved));
                let set = function.set_reserved(control, reserved);
                assert_eq!(set.is_ok(), fits, "{action:?}: {set:?}");
                if fits {
                    self.oracle.reserved = reserved;
                }
                self.tolerated = self.oracle.in_flight();
            }
            Action::Provision(version, units) => self.provision(version, units),
            Action::Deprovision(version) => {
                let number = u32::from(version) % VERSIONS + 1;
                let qualifier = Qualifier::Version(number);
                let pool = function.provisioned(qualifier).map(|view| view.pool);
                let gone = function.delete_provisioned(now, control, qualifier);
                assert_eq!(gone.is_ok(), function.version(number).is_some());
                if let Some(batch) = pool.and_then(|pool| self.oracle.batches.get_mut(&pool)) {
                    (batch.released, batch.serving) = (true, 0);
                }
                self.tolerated = self.oracle.in_flight();
            }
            Action::Publish => {
                let published = function.versions().last().unwrap_or(0);
                if published < VERSIONS {
                    function.publish(control).unwrap();
                }
            }
            Action::Update if self.control.names().len() < 400 => {
                let spec = *self.function.spec();
                self.function.update(now, &mut self.control, spec).unwrap();
            }
            Action::Update => {}
        }
    }

    fn provision(&mut self, version: u8, units: u8) {
        let (now, number) = (self.now(), u32::from(version) % VERSIONS + 1);
        let (qualifier, units) = (Qualifier::Version(number), u32::from(units) % (ACCOUNT + 4));
        let before = self.function.provisioned(qualifier);
        let own = before.as_ref().and_then(|view| self.oracle.batches.get(&view.pool));
        let own = own.copied().unwrap_or_default();
        let sum = self.oracle.claims() - own.claim() + units;
        let fits = sum <= self.oracle.reserved.unwrap_or(ACCOUNT);
        let exists = self.function.version(number).is_some();
        let put = self.function.put_provisioned(now, &mut self.control, qualifier, units);
        assert_eq!(put.is_ok(), exists && units > 0 && fits, "{put:?}");
        if put.is_ok() {
            let pool = self.function.provisioned(qualifier).unwrap().pool;
            let batch = self.oracle.batches.entry(pool).or_default();
            batch.requested = units;
            batch.serving = batch.serving.min(units);
        }
        self.tolerated = self.oracle.in_flight();
    }

    fn invoke(&mut self, version: u8) {
        let number = u32::from(version) % (VERSIONS + 1);
        let target = match number {
            0 => Some(self.function.latest()),
            _ => self.function.version(number),
        };
        let Some(target) = target else { return };
        let view = self.function.provisioned(Qualifier::Version(number));
        let pool = view.map(|view| view.pool);
        let batch = pool.and_then(|pool| self.oracle.batches.get(&pool)).copied();
        let batch = batch.filter(|batch| batch.serving > 0);
        let expected = match batch {
            Some(batch) if batch.in_flight < batch.serving => Ok(true),
            _ => self.oracle.on_demand().map(|()| false),
        };
        match (self.region.invoke_version(self.now(), target, Lane::FIRST), expected) {
            (Ok(invocation), Ok(provisioned)) => {
                assert_eq!(Some(invocation.instance.function) == pool, provisioned);
                if invocation.start == Start::Warm {
                    // A batch is ready before it is used.
                } else {
                    self.region.started(self.now(), &invocation.lease).unwrap();
                    self.oracle.metrics.cold_starts += 1;
                }
                self.running.push(invocation.lease);
                self.oracle.metrics.invocations += 1;
                if provisioned {
                    self.oracle.metrics.provisioned_invocations += 1;
                    self.batch(pool).unwrap().in_flight += 1;
                } else {
                    self.oracle.spilled += u64::from(batch.is_some());
                    self.oracle.on_demand += 1;
                }
            }
            (Err(error), Err(reason)) => {
                assert_eq!(error, InvokeError::Throttled(reason));
                self.oracle.metrics.throttles += 1;
            }
            (got, expected) => panic!("{got:?}, not {expected:?}"),
        }
    }

    fn batch(&mut self, pool: Option<FunctionId>) -> Option<&mut Batch> {
        self.oracle.batches.get_mut(&pool?)
    }

    fn invoke_other(&mut self) {
        let free = self.oracle.pool_in_flight() < self.oracle.pool_limit();
        match self.region.invoke(self.now(), self.other) {
            Ok(invocation) => {
                assert!(free);
                if invocation.start != Start::Warm {
                    self.region.started(self.now(), &invocation.lease).unwrap();
                }
                self.running.push(invocation.lease);
                self.oracle.other += 1;
            }
            Err(error) => {
                let reason = ThrottleReason::ConcurrentInvocationLimitExceeded;
                assert_eq!((free, error), (false, InvokeError::Throttled(reason)));
            }
        }
    }

    fn finish(&mut self, at: u8, fails: bool) {
        if self.running.is_empty() {
            return;
        }
        let at = usize::from(at) % self.running.len();
        let lease = self.running.swap_remove(at);
        let (now, of) = (self.now(), lease.function());
        let stop = match fails {
            true => self.region.fail(now, lease),
            false => self.region.complete(now, lease),
        };
        if let Some(instance) = stop.unwrap() {
            self.region.stopped(now, instance).unwrap();
        }
        self.oracle.metrics.failures += u64::from(fails && of != self.other);
        if of == self.other {
            self.oracle.other -= 1;
        } else if let Some(batch) = self.batch(Some(of)) {
            batch.in_flight -= 1;
        } else {
            self.oracle.on_demand -= 1;
        }
    }

    /// Time goes on by no time, and the host does what it is told.
    fn act(&mut self) {
        let now = self.now();
        loop {
            self.function.handle_time(now, &mut self.control);
            let mut idle = true;
            while let Some(action) = self.function.poll_action() {
                idle = false;
                match action {
                    VersionAction::Start(prestart) => {
                        let (function, control) = (&mut self.function, &mut self.control);
                        function.handle_prepared(now, control, prestart.lease).unwrap();
                    }
                    VersionAction::Stop(instance) => self.region.stopped(now, instance).unwrap(),
                    _ => unreachable!("no other action"),
                }
            }
            if idle {
                return;
            }
        }
    }

    fn compare(&mut self, action: Action) {
        let oracle = &self.oracle;
        for number in self.function.versions().collect::<Vec<_>>() {
            let view = self.function.provisioned(Qualifier::Version(number));
            let Some(view) = view else { continue };
            let batch = oracle.batches[&view.pool];
            assert_eq!((view.requested, view.available), (batch.requested, batch.serving));
        }
        let of = |function| self.region.counters(function).unwrap().in_flight;
        for (&pool, batch) in &oracle.batches {
            assert_eq!(of(pool), u64::from(batch.in_flight), "{action:?}");
        }
        let metrics = self.function.metrics(&self.region);
        let expected = FunctionMetrics {
            spillover_invocations: oracle.spilled,
            concurrent_executions: oracle.in_flight().into(),
            provisioned_executions: oracle.batches.values().map(|b| u64::from(b.in_flight)).sum(),
            provisioned_available: oracle
                .batches
                .values()
                .filter(|batch| !batch.released)
                .map(|batch| u64::from(batch.serving))
                .sum(),
            ..oracle.metrics
        };
        assert_eq!(metrics, expected, "{action:?}");
        let claimed = u64::from(oracle.reserves()) + u64::from(oracle.pool_in_flight());
        assert_eq!(self.control.claimed_concurrency(), claimed, "{action:?}");
        // AWS: "a function with both counts its reservation only".
        if let Some(reserved) = oracle.reserved {
            let own = claimed - u64::from(oracle.other);
            let (least, most) = (u64::from(reserved), u64::from(reserved.max(oracle.uses())));
            assert!((least..=most).contains(&own), "{action:?}: {own}");
        }
        if let Some(reserved) = oracle.reserved {
            self.tolerated = self.tolerated.min(oracle.in_flight());
            // Above a reservation that was lowered nothing runs on demand anew; what is
            // provisioned goes on.
            let provisioned: u32 = oracle.batches.values().map(|batch| batch.serving).sum();
            let most = reserved.max(self.tolerated + provisioned);
            assert!(oracle.in_flight() <= most, "{action:?}");
        }
    }

    /// Everything ends: the account is then as empty as a new one.
    fn end(mut self) {
        while !self.running.is_empty() {
            self.finish(0, false);
        }
        self.act();
        let control = &mut self.control;
        for number in 1..=VERSIONS {
            let qualifier = Qualifier::Version(number);
            let _ = self.function.delete_provisioned(Instant::MAX, control, qualifier);
        }
        self.function.set_reserved(control, None).unwrap();
        self.act();
        self.now += 1;
        self.act();
        assert_eq!(self.control.claimed_concurrency(), 0);
        assert_eq!(
            self.region.account().in_flight(),
            self.region.function(self.other).unwrap().gate().in_flight()
        );
        assert_eq!(self.control.reserved_sum(), 0);
        assert_eq!(self.function.next_deadline(), None, "all is swept");
    }
}
