//! The replay: virtual time driving a region.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::audit;
use super::books::{End, Load, Summaries};
use super::config::{SimConfig, SimError};
use super::explain::StopCause;
use super::fleet::FleetBooks;
use super::flights::{Flight, Flights};
use super::function::{Defaults, FunctionState};
use super::keeping::Keeping;
use super::life::Course;
use super::provided;
use super::queue::{Event, EventQueue};
use super::report::{FunctionReport, Report};
use super::series::{Outcome, SeriesBooks};
use super::workload::{Arrival, Workload};
use crate::cost::{Architecture, PriceTable};
use crate::function::{Environment, Invocation, Region, RegionConfig, Start};
use crate::id::{FunctionId, InstanceId, NodeId, SlotId};
use crate::pool::Reaped;
use crate::time::{Duration, Instant};

/// Replays `workload` through a region as `config` says.
///
/// ```
/// use warmstow_core::function::FunctionSpec;
/// use warmstow_core::sim::{ColdStart, Poisson, SimConfig, SimFunction, replay};
///
/// let functions = vec![SimFunction::new("resize", FunctionSpec::of_memory(512))];
/// let config = SimConfig::new(functions, ColdStart::NONE);
/// let spec = "poisson:rate=0.9,warm=exp:1.991,cold=exp:2.244,duration=10000".parse()?;
/// let report = replay(config, Poisson::new(spec, 1)?)?;
/// assert_eq!(report.total.served(), report.total.invocations);
/// // Little's law: 0.9 a second times 1.99 s each.
/// assert!((report.total.mean_busy_instances - 1.79).abs() < 0.1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`SimError`] names the setting or the arrival that is wrong.
pub fn replay<W: Workload>(config: SimConfig, workload: W) -> Result<Report, SimError> {
    Replay::new(config, workload)?.finish()
}

/// A replay that the caller steps, so that it can show progress or stop.
///
/// ```
/// use warmstow_core::function::FunctionSpec;
/// use warmstow_core::sim::{Arrivals, ColdStart, Replay, SimConfig, SimFunction};
/// use warmstow_core::sim::{Trace, TraceSeconds};
///
/// let trace = Trace::from_seconds(
///     TraceSeconds {
///         arrival_s: &[0.0, 0.1, 5.0],
///         function: &[0, 0, 0],
///         duration_s: &[1.0, 1.0, 1.0],
///         cold_start_s: None,
///     },
///     None,
/// )?;
/// let functions = vec![SimFunction::new("resize", FunctionSpec::of_memory(512))];
/// let config = SimConfig::new(functions, ColdStart::new("det:0.2".parse()?, "det:0.3".parse()?));
/// let mut replay = Replay::new(config, Arrivals::new(&trace))?;
/// while replay.advance(1)? {
///     assert!(replay.now() <= replay.horizon());
/// }
/// let report = replay.finish()?;
/// assert_eq!((report.total.cold_starts, report.total.warm_starts), (2, 1));
/// assert_eq!(report.total.latency_ms.max, 1500.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Replay<W> {
    workload: W,
    /// The next arrival, already taken from the workload.
    next: Option<Arrival>,
    invocations: u64,
    now: Instant,
    last: Option<InstanceId>,
    world: World,
}

/// All but the workload.
#[derive(Debug)]
pub(super) struct World {
    pub(super) region: Arc<Region>,
    pub(super) functions: Vec<FunctionState>,
    pub(super) queue: EventQueue<Due, Expiry>,
    pub(super) keeping: Option<Keeping>,
    flights: Flights,
    load: Load,
    fleet: FleetBooks,
    series: Option<SeriesBooks>,
    pub(super) horizon: Instant,
    crash_rate: f64,
    prices: PriceTable,
    architecture: Architecture,
}

/// What becomes of a flight.
#[derive(Clone, Copy, Debug)]
pub(super) enum Due {
    /// Its cold start is over.
    Started(u32),
    /// It ends.
    Ended(u32),
    /// An instance started ahead is up.
    Prepared(u32),
}

/// What may expire.
#[derive(Clone, Copy, Debug)]
pub(super) enum Expiry {
    /// An instance, by its function's fixed keep-alive.
    Instance(InstanceId),
    /// Something that the keeper knows.
    Keeper,
}

// The niche of a handle: an expiry in the queue is 24 bytes.
const _: () = assert!(size_of::<Expiry>() == size_of::<InstanceId>());

pub(super) const NO_FLIGHT: SimError = SimError::Inconsistent { what: "requests in flight" };
pub(super) const REFUSED: SimError = SimError::Inconsistent { what: "the state of an instance" };

impl<W: Workload> Replay<W> {
    /// Builds the region of `config` at time 0; no request has arrived.
    ///
    /// # Errors
    /// [`SimError`] names the setting that is wrong.
    pub fn new(config: SimConfig, mut workload: W) -> Result<Self, SimError> {
        let horizon = workload.horizon();
        config.check(workload.functions(), horizon)?;
        let world = World::new(config, horizon)?;
        let next = workload.next();
        Ok(Self { workload, next, invocations: 0, now: Instant::ZERO, last: None, world })
    }

    /// Replays up to `max_arrivals` requests and what happens before them;
    /// `true`: there are more.
    ///
    /// # Errors
    /// An arrival that goes back in time, is after the horizon or names an
    /// unknown function. The replay stays before that arrival: the next call
    /// answers the same.
    pub fn advance(&mut self, max_arrivals: u64) -> Result<bool, SimError> {
        for _ in 0..max_arrivals {
            let Some(arrival) = self.next else {
                return Ok(false);
            };
            self.check(&arrival)?;
            self.world.run_until(arrival.at)?;
            self.now = arrival.at;
            self.last = self.world.arrive(&arrival)?;
            self.invocations += 1;
            self.next = self.workload.next();
        }
        Ok(self.next.is_some())
    }

    /// Replays the rest, lets requests in flight end, compares the region's
    /// counters with the books and reports.
    ///
    /// # Errors
    /// As [`Self::advance`].
    pub fn finish(mut self) -> Result<Report, SimError> {
        self.advance(u64::MAX)?;
        self.world.run_until(Instant::MAX)?;
        self.world.report()
    }

    /// When the last request arrived.
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// Where the observed time ends.
    pub const fn horizon(&self) -> Instant {
        self.world.horizon
    }

    /// How many requests have arrived.
    pub const fn invocations(&self) -> u64 {
        self.invocations
    }

    /// The instance that serves the last request that arrived; `None` where it
    /// was refused.
    pub const fn last_instance(&self) -> Option<InstanceId> {
        self.last
    }

    /// The region that is driven, for a look at its counters. Whoever invokes
    /// on it too makes the audit at the end fail.
    pub const fn region(&self) -> &Arc<Region> {
        &self.world.region
    }

    /// A function of the region by its position in the configuration.
    pub fn function(&self, index: u32) -> Option<FunctionId> {
        self.world.functions.get(index as usize).map(|function| function.id)
    }

    /// The request that arrives next, after all that happens before it; `None`:
    /// there is none.
    pub(super) fn upcoming(&mut self) -> Result<Option<Arrival>, SimError> {
        let Some(arrival) = self.next else { return Ok(None) };
        self.check(&arrival)?;
        self.world.run_until(arrival.at)?;
        Ok(Some(arrival))
    }

    pub(super) const fn world(&self) -> &World {
        &self.world
    }

    fn check(&self, arrival: &Arrival) -> Result<(), SimError> {
        let (invocation, at) = (self.invocations, arrival.at);
        if at < self.now {
            return Err(SimError::Backwards { invocation, at, before: self.now });
        }
        if at > self.world.horizon {
            return Err(SimError::BeyondHorizon { invocation, at, horizon: self.world.horizon });
        }
        let functions = u32::try_from(self.world.functions.len()).unwrap_or(u32::MAX);
        if arrival.function >= functions {
            let function = arrival.function;
            return Err(SimError::UnknownFunction { invocation, function, functions });
        }
        Ok(())
    }
}

impl World {
    fn new(config: SimConfig, horizon: Instant) -> Result<Self, SimError> {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let (region, mut control) = Region::new(RegionConfig {
            max_functions: count(config.functions.len() + config.provisioned()),
            max_nodes: count(config.nodes.len()),
            ..config.region
        })
        .map_err(SimError::Region)?;
        for (index, node) in config.nodes.iter().enumerate() {
            control.add_node(*node).map_err(|error| SimError::Node { index, error })?;
        }
        let fleet = FleetBooks::new(config.nodes.iter().map(|node| node.resources));
        let per_node = if config.series_per_node { config.nodes.len() } else { 0 };
        let series = config.series_bucket.map(|bucket| SeriesBooks::new(bucket, horizon, per_node));
        let defaults = Defaults {
            cold_start: config.cold_start,
            timeout: config.timeout,
            seed: config.seed,
            lifecycle: config.lifecycle,
        };
        let functions = config.functions.into_iter().enumerate();
        let functions = functions
            .map(|(index, function)| FunctionState::new(&mut control, index, function, &defaults))
            .collect::<Result<Vec<_>, _>>()?;
        let mut functions = functions;
        let provided = provided::provide(&mut control, &mut functions)?;
        let keeping = Keeping::new(&region, &functions)?;
        let mut world = Self {
            region,
            functions,
            queue: EventQueue::new(),
            keeping,
            flights: Flights::default(),
            load: Load::default(),
            fleet,
            series,
            horizon,
            crash_rate: config.crash_rate,
            prices: config.prices,
            architecture: config.architecture,
        };
        for (instance, node) in provided {
            let function = instance.function.index();
            world.start_instance(Instant::ZERO, function, instance.slot, node);
            *world.environment(instance)? = Environment::Ready;
        }
        Ok(world)
    }

    /// Carries out everything that happens up to and at `until`, but arrivals.
    fn run_until(&mut self, until: Instant) -> Result<(), SimError> {
        while let Some((now, event)) = self.queue.pop_until(until) {
            self.pass(now);
            match event {
                Event::Request(Due::Started(flight)) => self.started(now, flight)?,
                Event::Request(Due::Ended(flight)) => self.ended(now, flight)?,
                Event::Request(Due::Prepared(number)) => self.prepared(now, number)?,
                Event::Expiry(Expiry::Instance(instance)) => self.expired(now, instance)?,
                Event::Expiry(Expiry::Keeper) => self.keep_due(now)?,
            }
        }
        Ok(())
    }

    /// Closes the buckets of the series that are over at `now`.
    #[inline]
    fn pass(&mut self, now: Instant) {
        if let Some(series) = &mut self.series {
            series.pass(now, &self.load.instances, &self.load.busy, &self.fleet);
        }
    }

    /// Which instance takes it, if any.
    fn arrive(&mut self, arrival: &Arrival) -> Result<Option<InstanceId>, SimError> {
        let now = arrival.at;
        self.pass(now);
        let Some(function) = self.functions.get_mut(arrival.function as usize) else {
            return Err(NO_FLIGHT);
        };
        let crash = function.draw_crash(self.crash_rate);
        let id = function.id;
        let versioned = function.versioned.is_some();
        let invocation = match self.invoke(now, id, versioned) {
            Ok(invocation) => invocation,
            Err(error) => match self.retry(now, id, versioned, error)? {
                Some(invocation) => invocation,
                None => return Ok(None),
            },
        };
        let function = self.functions.get_mut(arrival.function as usize).ok_or(NO_FLIGHT)?;
        let cold = invocation.start != Start::Warm;
        // Of the pool that serves it, the function's own or the provisioned one.
        let index = invocation.instance.function.index();
        if index != arrival.function {
            function.books.counts.provisioned += 1;
        } else if function.versioned.is_some() {
            function.books.counts.spillovers += 1;
        }
        if let Start::Cold { node } = invocation.start {
            function.books.counts.cold += 1;
            self.start_instance(now, index, invocation.instance.slot, node);
            self.count(Outcome::Cold);
        } else {
            function.books.counts.warm += 1;
            self.count(Outcome::Warm);
        }
        let instance = invocation.instance;
        let course = self.course_of(arrival, instance, (cold, crash))?;
        self.admit(now, index, invocation, course)?;
        if self.functions.get(index as usize).is_some_and(|pool| pool.kept) {
            self.keep_invoked(now, instance)?;
        }
        Ok(Some(instance))
    }

    pub(super) fn count(&mut self, outcome: Outcome) {
        if let Some(series) = &mut self.series {
            series.count(outcome);
        }
    }

    pub(super) fn start_instance(
        &mut self,
        now: Instant,
        function: u32,
        slot: SlotId,
        node: Option<NodeId>,
    ) {
        let Some(function) = self.functions.get_mut(function as usize) else {
            return;
        };
        let node = node.map(NodeId::index);
        function.instances.start(slot, node);
        if let Some(node) = node {
            self.fleet.place(now, node, function.config.spec.resources);
        }
        let owner = function.owner;
        self.functions[owner].books.load.instances.add(now, 1);
        self.load.instances.add(now, 1);
    }

    /// Books an admitted request and schedules what becomes of it.
    fn admit(
        &mut self,
        now: Instant,
        index: u32,
        invocation: Invocation,
        (init, run, end): Course,
    ) -> Result<(), SimError> {
        let Invocation { lease, instance, start } = invocation;
        let function = self.functions.get_mut(index as usize).ok_or(NO_FLIGHT)?;
        let tracked = function.instances.get_mut(instance.slot).ok_or(REFUSED)?;
        tracked.in_flight += 1;
        let first = tracked.in_flight == 1;
        let owner = function.owner;
        let function = self.functions.get_mut(owner).ok_or(NO_FLIGHT)?;
        if first {
            function.books.load.busy.add(now, 1);
            self.load.busy.add(now, 1);
        }
        function.books.load.admit();
        self.load.admit();
        let starting = start != Start::Warm && init > Duration::ZERO;
        if starting {
            function.books.starting.add(now, 1);
        } else if start != Start::Warm {
            self.region.started(now, &lease).map_err(|_| REFUSED)?;
        }
        let slot = instance.slot;
        let flight = Flight { lease, slot, function: index, init, run, end };
        let number = self.flights.insert(flight);
        let runs = now.after(init);
        if starting {
            self.queue.push_request(runs, Due::Started(number));
        }
        self.queue.push_request(runs.after(run), Due::Ended(number));
        Ok(())
    }

    /// A cold start is over.
    fn started(&mut self, now: Instant, number: u32) -> Result<(), SimError> {
        let flight = self.flights.get(number).ok_or(NO_FLIGHT)?;
        self.region.started(now, &flight.lease).map_err(|_| REFUSED)?;
        let owner = self.functions.get(flight.function as usize).ok_or(NO_FLIGHT)?.owner;
        self.functions[owner].books.starting.remove(now.min(self.horizon), 1);
        Ok(())
    }

    /// A request ends.
    fn ended(&mut self, now: Instant, number: u32) -> Result<(), SimError> {
        let Flight { lease, slot, function: index, init, run, end } =
            self.flights.remove(number).ok_or(NO_FLIGHT)?;
        let resets = self.functions.get(index as usize).is_some_and(|function| function.resets);
        let stop = match end {
            End::Crash | End::Timeout if !resets => self.region.fail(now, lease),
            _ => self.region.complete(now, lease),
        };
        let stop = stop.map_err(|_| REFUSED)?;
        let function = self.functions.get_mut(index as usize).ok_or(NO_FLIGHT)?;
        let memory_mib = function.config.spec.resources.memory_mib;
        self.load.in_flight -= 1;
        let tracked = function.instances.get_mut(slot).ok_or(REFUSED)?;
        tracked.in_flight -= 1;
        let idle = tracked.in_flight == 0;
        let expires = idle && stop.is_none() && !tracked.expiry_pending && !function.kept;
        let (id, kept, keep_alive) = (function.id, function.kept, function.keep_alive);
        let owner = function.owner;
        let function = self.functions.get_mut(owner).ok_or(NO_FLIGHT)?;
        let provisioned = index as usize != owner;
        function.books.end(end, memory_mib, init, run, &self.prices, provisioned);
        if idle {
            let at = now.min(self.horizon);
            function.books.load.busy.remove(at, 1);
            self.load.busy.remove(at, 1);
        }
        let instance = InstanceId { function: id, slot };
        if kept {
            self.keep_ended(now, instance, stop.is_some())?;
        }
        if let Some(instance) = stop {
            return self.stop(now, instance, StopCause::Failed);
        }
        if expires {
            let at = now.after(keep_alive);
            self.schedule_expiry(at, instance)?;
        }
        Ok(())
    }

    /// Puts the expiry of `instance` into the queue, unless it comes after the
    /// observed time: then nobody would see it.
    fn schedule_expiry(&mut self, at: Instant, instance: InstanceId) -> Result<(), SimError> {
        if at > self.horizon {
            return Ok(());
        }
        let function = self.functions.get_mut(instance.function.index() as usize);
        let tracked = function.and_then(|function| function.instances.get_mut(instance.slot));
        tracked.ok_or(REFUSED)?.expiry_pending = true;
        self.queue.push_expiry(at, Expiry::Instance(instance));
        Ok(())
    }

    /// A keep-alive may have run out: the region decides. An instance used
    /// since is asked again when its idle time would end.
    fn expired(&mut self, now: Instant, instance: InstanceId) -> Result<(), SimError> {
        let function = self.functions.get_mut(instance.function.index() as usize);
        let Some(tracked) = function.and_then(|f| f.instances.get_mut(instance.slot)) else {
            return Ok(()); // It has stopped: crashed or timed out.
        };
        tracked.expiry_pending = false;
        match self.region.reap_instance(now, instance).map_err(|_| REFUSED)? {
            Reaped::Stop => self.stop(now, instance, StopCause::KeepAlive),
            Reaped::Busy => Ok(()),
            Reaped::Until(at) if at > now => self.schedule_expiry(at, instance),
            Reaped::Until(_) => Err(REFUSED),
        }
    }

    /// The host stops an instance, which takes no time.
    pub(super) fn stop(
        &mut self,
        now: Instant,
        instance: InstanceId,
        cause: StopCause,
    ) -> Result<(), SimError> {
        self.region.stopped(now, instance).map_err(|_| REFUSED)?;
        let function = self.functions.get_mut(instance.function.index() as usize);
        let function = function.ok_or(REFUSED)?;
        let tracked = function.instances.stop(instance.slot).ok_or(REFUSED)?;
        let kept = function.kept;
        let (owner, resources) = (function.owner, function.config.spec.resources);
        let function = self.functions.get_mut(owner).ok_or(REFUSED)?;
        let at = now.min(self.horizon);
        function.last_stop = Some((now, cause));
        function.books.load.instances.remove(at, 1);
        self.load.instances.remove(at, 1);
        if now <= self.horizon {
            function.books.stopped += 1;
        }
        if let Some(node) = tracked.node {
            self.fleet.free(at, node, resources);
        }
        if kept {
            self.keep_stopped(now, instance);
        }
        Ok(())
    }

    fn report(mut self) -> Result<Report, SimError> {
        if self.flights.len() != 0 || self.load.in_flight != 0 {
            return Err(NO_FLIGHT);
        }
        // The provisioned pools stand behind all functions, in their order.
        let owned = |at| self.functions.iter().rposition(|pool| pool.owner == at);
        let count = (0..self.functions.len()).filter(|&at| self.functions[at].owner == at).count();
        for (at, function) in self.functions[..count].iter().enumerate() {
            let pool = function.versioned.as_ref().and_then(|_| owned(at));
            let pool = pool.map(|pool| self.functions[pool].id);
            audit::function(&self.region, (function.id, pool), function)?;
        }
        self.functions.truncate(count);
        audit::fleet(&self.region, &self.fleet)?;
        let end = self.horizon;
        for function in &mut self.functions {
            function.books.latencies.sort_unstable();
            let (provisioned, time) = (function.config.provisioned, end.since(Instant::ZERO));
            let memory_mib = function.config.spec.resources.memory_mib;
            function.books.meter.provisioned(&self.prices, memory_mib, provisioned, time);
        }
        let summaries = Summaries { end, prices: self.prices, architecture: self.architecture };
        let books = |function: &FunctionState| function.config.spec.resources.memory_mib;
        let all = self.functions.iter().map(|function| (&function.books, books(function)));
        let total = summaries.all(all, &self.load);
        let (load, fleet) = (&self.load, &self.fleet);
        let series = self.series.map(|series| series.finish(&load.instances, &load.busy, fleet));
        let fleet = self.fleet.report(end);
        let functions = self.functions.into_iter().map(|function| FunctionReport {
            summary: summaries.one(&function.books, books(&function)),
            name: function.config.name,
        });
        let functions = functions.collect();
        Ok(Report { total, functions, fleet, series, horizon: end.since(Instant::ZERO) })
    }
}
