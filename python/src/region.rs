//! A live region: the data plane as it is, the control plane behind a lock.

use alloc::sync::Arc;
use core::num::NonZeroU32;
use core::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use warmstow_core::function::{self, Control, FunctionSpec, RegionConfig, ScalingRate};
use warmstow_core::id::Lane;
use warmstow_core::placement::{NodeSpec, Strategy};
use warmstow_core::pool::Pick;
use warmstow_core::resources::Resources;
use warmstow_core::time::{Duration, Instant};

use crate::arguments::{self, named};
use crate::errors;
use crate::handles::{Alias, Counters, Function, Instance, Invocation, Lease, Node};
use crate::keeper::Keeper;
use crate::settings;
use crate::versions::VersionedFunction;

/// Functions that share an account's concurrency and a fleet of nodes.
///
/// The region decides; its host carries out. The host passes its own
/// monotonic clock as ``now_ns`` (nanoseconds since any fixed moment), starts
/// and stops the instances that it is told to, and reports what happened.
///
/// Any method may be called from any thread. Those that requests go through
/// (:meth:`invoke`, :meth:`started`, :meth:`complete`, :meth:`fail`) are
/// lock-free; those that change settings wait for one another.
#[pyclass(frozen, module = "warmstow")]
pub(crate) struct Region {
    shared: Arc<Shared>,
    /// Of a settings file: those with provisioned concurrency, and who keeps those
    /// with a policy.
    versioned: Vec<Py<VersionedFunction>>,
    keeper: Option<Py<Keeper>>,
}

/// Both planes of a region, which what belongs to it shares.
pub(crate) struct Shared {
    region: Arc<function::Region>,
    control: Mutex<Control>,
}

impl Region {
    fn new_of(region: Arc<function::Region>, control: Control) -> Self {
        let shared = Arc::new(Shared { region, control: Mutex::new(control) });
        Self { shared, versioned: Vec::new(), keeper: None }
    }

    pub(crate) const fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    fn control(&self) -> MutexGuard<'_, Control> {
        self.shared.control()
    }
}

impl Shared {
    pub(crate) const fn core(&self) -> &Arc<function::Region> {
        &self.region
    }

    pub(crate) fn control(&self) -> MutexGuard<'_, Control> {
        // Core leaves its state whole even where a caller's thread ends in it.
        self.control.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Another generation for each region of the process, so that they refuse
/// each other's handles.
fn next_generation() -> NonZeroU32 {
    static LAST: AtomicU32 = AtomicU32::new(0);
    loop {
        // ORDERING: Relaxed: the number only has to be another one each time.
        let next = LAST.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        if let Some(generation) = NonZeroU32::new(next) {
            return generation;
        }
    }
}

#[pymethods]
impl Region {
    #[new]
    #[expect(clippy::too_many_arguments, reason = "all by name, all with defaults")]
    #[pyo3(signature = (
        *, account_limit = 1000, unreserved_minimum = 100, nodes = None, max_nodes = None,
        strategy = Strategy::default(), max_functions = 1024, seed = 0,
        scaling_rate = ScalingRate::Unlimited, requests_per_concurrency = 0, max_aliases = 0,
    ), text_signature = "(*, account_limit=1000, unreserved_minimum=100, nodes=None, \
        max_nodes=None, strategy=\"binpack:memory\", max_functions=1024, seed=0, scaling_rate=\"unlimited\", \
        requests_per_concurrency=0, max_aliases=0)")]
    fn new(
        #[pyo3(from_py_with = named::account_limit)] account_limit: u32,
        #[pyo3(from_py_with = named::unreserved_minimum)] unreserved_minimum: u32,
        nodes: Option<&Bound<'_, PyAny>>,
        #[pyo3(from_py_with = named::max_nodes)] max_nodes: Option<u32>,
        #[pyo3(from_py_with = named::strategy)] strategy: Strategy,
        #[pyo3(from_py_with = named::max_functions)] max_functions: u32,
        #[pyo3(from_py_with = named::seed)] seed: u64,
        #[pyo3(from_py_with = named::scaling_rate)] scaling_rate: ScalingRate,
        #[pyo3(from_py_with = named::requests_per_concurrency)] requests_per_concurrency: u32,
        #[pyo3(from_py_with = named::max_aliases)] max_aliases: u32,
    ) -> PyResult<Self> {
        let nodes = nodes.map_or_else(|| Ok(Vec::new()), arguments::nodes)?;
        let given = u32::try_from(nodes.len()).unwrap_or(u32::MAX);
        let config = RegionConfig {
            account_limit,
            unreserved_minimum,
            max_functions,
            max_nodes: max_nodes.unwrap_or(given),
            strategy,
            seed,
            scaling_rate,
            requests_per_concurrency,
            max_aliases,
            generation: next_generation(),
            ..RegionConfig::default()
        };
        let (region, mut control) = function::Region::new(config).map_err(errors::config)?;
        for (index, node) in nodes.into_iter().enumerate() {
            let refuse = |error| errors::config(format!("node {index}: {error}"));
            control.add_node(node).map_err(refuse)?;
        }
        Ok(Self::new_of(region, control))
    }

    /// A region as a settings file describes it, with its nodes and functions.
    ///
    /// ``text`` is the file's content, TOML or JSON; policies and provisioned
    /// concurrency begin at ``now_ns``: see :meth:`versioned` and :attr:`keeper`.
    ///
    /// Raises:
    ///     ConfigError: the line, the key and what is wrong there.
    #[staticmethod]
    #[pyo3(signature = (text, *, now_ns = 0))]
    fn from_settings(
        py: Python<'_>,
        #[pyo3(from_py_with = named::text)] text: String,
        #[pyo3(from_py_with = named::now_ns)] now_ns: u64,
    ) -> PyResult<Self> {
        let mut settings = settings::read(&text)?;
        settings.region.generation = next_generation();
        let built = settings.build(Instant::from_nanos(now_ns)).map_err(errors::config)?;
        let mut region = Self::new_of(built.region, built.control);
        let of = |of| Py::new(py, VersionedFunction::of(region.shared.clone(), of));
        region.versioned = built.versioned.into_iter().map(of).collect::<PyResult<_>>()?;
        let keeper = built.keeper.map(|keeper| Keeper::of(region.shared.clone(), keeper));
        region.keeper = keeper.map(|keeper| Py::new(py, keeper)).transpose()?;
        Ok(region)
    }

    /// A function of the settings file with provisioned concurrency, as its version
    /// 1; ``None`` where there is none of that name.
    fn versioned(
        &self,
        py: Python<'_>,
        #[pyo3(from_py_with = named::name)] name: String,
    ) -> Option<Py<VersionedFunction>> {
        let found = self.versioned.iter().find(|of| of.get().is_called(&name));
        found.map(|of| of.clone_ref(py))
    }

    /// Who keeps the functions of the settings file that have a policy; ``None``:
    /// none has.
    #[getter]
    fn keeper(&self, py: Python<'_>) -> Option<Py<Keeper>> {
        self.keeper.as_ref().map(|keeper| keeper.clone_ref(py))
    }

    /// Add a node; returns its index, from 0.
    ///
    /// ``cpu_units`` are 1,024 a vCPU, ``memory_mib`` is MiB, ``zone`` 0 to 63.
    ///
    /// Raises:
    ///     ConfigError: no CPU or memory, too much of it, or one node more
    ///         than the ``max_nodes`` that the region was built for.
    #[pyo3(signature = (*, cpu_units, memory_mib, zone = 0))]
    fn add_node(
        &self,
        #[pyo3(from_py_with = arguments::node_cpu_units)] cpu_units: u32,
        #[pyo3(from_py_with = named::memory_mib)] memory_mib: u32,
        #[pyo3(from_py_with = named::zone)] zone: u8,
    ) -> PyResult<u32> {
        let spec = NodeSpec::new(Resources::new(cpu_units, memory_mib), zone);
        let node = self.control().add_node(spec).map_err(errors::config)?;
        Ok(node.index())
    }

    /// Add a function; its pool of instances is set aside at once.
    ///
    /// See :class:`FunctionSpec` for what the arguments mean.
    ///
    /// Raises:
    ///     ConfigError: an empty or taken name, a value out of range, an
    ///         instance larger than any node, a reservation that the account
    ///         cannot give, or one function more than ``max_functions``.
    #[pyo3(signature = (
        name, *, memory_mib = 128, cpu_units = None, max_instances = 1000,
        instance_concurrency = 1, reserved_concurrency = None, keep_alive_s = Duration::from_secs(600),
        pick = Pick::Packed,
    ), text_signature = "(self, /, name, *, memory_mib=128, cpu_units=None, max_instances=1000, \
        instance_concurrency=1, reserved_concurrency=None, keep_alive_s=600.0, pick=\"packed\")")]
    #[expect(clippy::too_many_arguments, reason = "all by name, all with defaults")]
    fn add_function(
        &self,
        #[pyo3(from_py_with = named::name)] name: String,
        #[pyo3(from_py_with = named::memory_mib)] memory_mib: u32,
        #[pyo3(from_py_with = named::cpu_units)] cpu_units: Option<u32>,
        #[pyo3(from_py_with = named::max_instances)] max_instances: u32,
        #[pyo3(from_py_with = named::instance_concurrency)] instance_concurrency: u32,
        #[pyo3(from_py_with = named::reserved_concurrency)] reserved_concurrency: Option<u32>,
        #[pyo3(from_py_with = named::keep_alive_s)] keep_alive_s: Duration,
        #[pyo3(from_py_with = named::pick)] pick: Pick,
    ) -> PyResult<Function> {
        let spec = FunctionSpec {
            resources: arguments::resources(memory_mib, cpu_units),
            max_instances,
            instance_concurrency,
            reserved_concurrency,
            keep_alive: keep_alive_s,
            pick,
        };
        let added = self.control().add_function(&name, spec);
        let refuse = |error| errors::config(format!("function {name:?}: {error}"));
        added.map(Function).map_err(refuse)
    }

    /// The function of that name, or ``None``.
    fn function(&self, #[pyo3(from_py_with = named::name)] name: String) -> Option<Function> {
        self.control().function(&name).map(Function)
    }

    /// Admit a request of a function, a version or a tenant: lease a warm
    /// instance, or make room for a new one.
    ///
    /// Lock-free. Where the invocation is ``cold``, the host starts the
    /// instance and reports :meth:`started`, or :meth:`fail`. What is provisioned
    /// for a version is used first. Not ``metered``: whatever the rates of requests,
    /// for events that AWS services send asynchronously; every limit of
    /// concurrency holds.
    ///
    /// Raises:
    ///     ThrottledError: a concurrency limit is reached; nothing is held.
    ///     ExhaustedError: no node has room for another instance, or the
    ///         function has as many as it may; nothing is held.
    ///     StaleHandleError: the function is of another region, or a version that
    ///         was deleted.
    #[pyo3(signature = (now_ns, function, *, metered=true))]
    fn invoke(
        &self,
        #[pyo3(from_py_with = named::now_ns)] now_ns: u64,
        function: Function,
        #[pyo3(from_py_with = named::metered)] metered: bool,
    ) -> PyResult<Invocation> {
        let (region, now) = (&self.shared.region, Instant::from_nanos(now_ns));
        let admitted = if metered {
            region.invoke_version(now, function.0, Lane::FIRST)
        } else {
            region.invoke_unmetered(now, function.0, Lane::FIRST)
        };
        admitted.map(Invocation::from).map_err(errors::invoke)
    }

    /// The same of the version that an alias points to; of two the ``draw``
    /// decides: any number, such as that of the request.
    ///
    /// Raises:
    ///     StaleHandleError: the alias is of another region, or was deleted; else
    ///         as :meth:`invoke`.
    #[pyo3(signature = (now_ns, alias, *, draw, metered=true))]
    fn invoke_alias(
        &self,
        #[pyo3(from_py_with = named::now_ns)] now_ns: u64,
        alias: Alias,
        #[pyo3(from_py_with = named::draw)] draw: u64,
        #[pyo3(from_py_with = named::metered)] metered: bool,
    ) -> PyResult<Invocation> {
        let (region, now) = (&self.shared.region, Instant::from_nanos(now_ns));
        let admitted = if metered {
            region.invoke_alias(now, alias.0, draw, Lane::FIRST)
        } else {
            region.invoke_alias_unmetered(now, alias.0, draw, Lane::FIRST)
        };
        admitted.map(Invocation::from).map_err(errors::invoke)
    }

    /// Report that the instance of a cold invocation is up. Lock-free.
    ///
    /// Raises:
    ///     StaleHandleError: the lease was given back before, or is foreign.
    ///     WarmstowError: it was reported before, or the start was warm.
    fn started(
        &self,
        #[pyo3(from_py_with = named::now_ns)] now_ns: u64,
        lease: Lease,
    ) -> PyResult<()> {
        let held = lease.to_core().ok_or_else(errors::no_lease)?;
        self.shared.region.started(Instant::from_nanos(now_ns), &held).map_err(errors::lease)
    }

    /// Report that a request has ended well; its instance is idle from now.
    ///
    /// Returns the instance if it must be stopped now (it was drained): stop
    /// it, then report :meth:`stopped`. Lock-free.
    ///
    /// Raises:
    ///     StaleHandleError: the lease was given back before, or is foreign.
    ///     WarmstowError: the instance was never reported as started.
    fn complete(
        &self,
        #[pyo3(from_py_with = named::now_ns)] now_ns: u64,
        lease: Lease,
    ) -> PyResult<Option<Instance>> {
        let held = lease.to_core().ok_or_else(errors::no_lease)?;
        let ended = self.shared.region.complete(Instant::from_nanos(now_ns), held);
        ended.map(|stop| stop.map(Instance)).map_err(errors::lease)
    }

    /// Report that a request has ended badly: a crash, a timeout, or a start
    /// that failed. Its instance takes no more requests.
    ///
    /// Returns the instance once no request is left in it: stop it, then
    /// report :meth:`stopped`. Lock-free.
    ///
    /// Raises:
    ///     StaleHandleError: the lease was given back before, or is foreign.
    fn fail(
        &self,
        #[pyo3(from_py_with = named::now_ns)] now_ns: u64,
        lease: Lease,
    ) -> PyResult<Option<Instance>> {
        let held = lease.to_core().ok_or_else(errors::no_lease)?;
        let ended = self.shared.region.fail(Instant::from_nanos(now_ns), held);
        ended.map(|stop| stop.map(Instance)).map_err(errors::lease)
    }

    /// Let an instance take no more requests.
    ///
    /// Returns it if it has none now: stop it, then report :meth:`stopped`.
    /// Draining it again while it has requests changes nothing; once it was
    /// handed over to be stopped, here or elsewhere, it is stale.
    ///
    /// Raises:
    ///     StaleHandleError: the instance was told to stop, has stopped, or is
    ///         foreign.
    fn drain(
        &self,
        #[pyo3(from_py_with = named::now_ns)] now_ns: u64,
        instance: Instance,
    ) -> PyResult<Option<Instance>> {
        let drained = self.shared.region.drain(Instant::from_nanos(now_ns), instance.0);
        drained.map(|stop| stop.map(Instance)).map_err(errors::instance)
    }

    /// Take the instances of a function that were idle for its keep-alive.
    ///
    /// Stop each, then report :meth:`stopped`. O(instances).
    ///
    /// Raises:
    ///     StaleHandleError: the function is of another region.
    fn reap(
        &self,
        #[pyo3(from_py_with = named::now_ns)] now_ns: u64,
        function: Function,
    ) -> PyResult<Vec<Instance>> {
        let expired = self.shared.region.reap(Instant::from_nanos(now_ns), function.0);
        Ok(expired.map_err(errors::unknown)?.map(Instance).collect())
    }

    /// Report that an instance that had to be stopped has stopped; what it
    /// took of its node is free from now.
    ///
    /// Raises:
    ///     StaleHandleError: the instance has stopped before, or is foreign.
    ///     WarmstowError: it did not have to stop.
    fn stopped(
        &self,
        #[pyo3(from_py_with = named::now_ns)] now_ns: u64,
        instance: Instance,
    ) -> PyResult<()> {
        self.shared
            .region
            .stopped(Instant::from_nanos(now_ns), instance.0)
            .map_err(errors::instance)
    }

    /// What a function has done so far. O(instances).
    ///
    /// Raises:
    ///     StaleHandleError: the function is of another region.
    fn counters(&self, function: Function) -> PyResult<Counters> {
        self.shared.region.counters(function.0).map(Counters::from).map_err(errors::unknown)
    }

    /// The nodes as they are now, by index.
    fn nodes(&self) -> Vec<Node> {
        self.shared
            .region
            .fleet()
            .map_or_else(Vec::new, |fleet| fleet.nodes().map(Node::from).collect())
    }

    /// Change the account's limit. Requests in flight above it go on.
    ///
    /// Raises:
    ///     ConfigError: the reservations would leave less than the unreserved
    ///         minimum.
    fn set_account_limit(&self, #[pyo3(from_py_with = named::limit)] limit: u32) -> PyResult<()> {
        self.control().set_account_limit(limit).map_err(errors::config)
    }

    /// Reserve concurrency for a function, or with ``None`` no longer.
    ///
    /// It is both what the function can always reach and what it never
    /// exceeds; 0 refuses all its requests.
    ///
    /// Raises:
    ///     ConfigError: too little would be left for the other functions.
    ///     StaleHandleError: the function is of another region.
    fn set_reserved_concurrency(
        &self,
        function: Function,
        #[pyo3(from_py_with = named::reserved)] reserved: Option<u32>,
    ) -> PyResult<()> {
        self.control().set_reserved_concurrency(function.0, reserved).map_err(errors::setting)
    }

    /// Change how long a function's instances stay idle, seconds.
    ///
    /// Raises:
    ///     ConfigError: not a number of seconds from 0.
    ///     StaleHandleError: the function is of another region.
    fn set_keep_alive(
        &self,
        function: Function,
        #[pyo3(from_py_with = named::keep_alive_s)] keep_alive_s: Duration,
    ) -> PyResult<()> {
        self.control().set_keep_alive(function.0, keep_alive_s).map_err(errors::unknown)
    }

    /// The account's limit of concurrent requests.
    #[getter]
    fn account_limit(&self) -> u32 {
        self.control().account_limit()
    }

    /// Concurrency that functions have for themselves: all reservations, and what
    /// is provisioned of functions without one.
    #[getter]
    fn reserved_concurrency(&self) -> u32 {
        self.control().reserved_sum()
    }

    /// Requests in flight of functions without a reservation.
    #[getter]
    fn unreserved_in_flight(&self) -> u32 {
        self.shared.region.unreserved_in_flight()
    }

    /// What counts against the account's limit now: unreserved requests in
    /// flight and all reservations (AWS's ClaimedAccountConcurrency).
    #[getter]
    fn claimed_concurrency(&self) -> u64 {
        self.control().claimed_concurrency()
    }

    fn __repr__(&self) -> String {
        let control = self.control();
        format!(
            "Region(account_limit={}, claimed_concurrency={})",
            control.account_limit(),
            control.claimed_concurrency()
        )
    }
}
