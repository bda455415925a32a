//! Handles as Python holds them: small, immutable, compared by value.
//!
//! Each is a copy of the core's bits. Using one too late, twice, or with
//! another region is refused there as stale and changes nothing.

use alloc::collections::BTreeMap;

use pyo3::prelude::*;
use warmstow_core::concurrency::ThrottleReason;
use warmstow_core::function::{self, Start};
use warmstow_core::id::{AliasId, FunctionId, InstanceId};
use warmstow_core::placement::NodeView;

/// A function of a region; from :meth:`Region.add_function`.
///
/// Immutable, hashable, and safe to share between threads.
#[pyclass(frozen, eq, hash, module = "warmstow", from_py_object)]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Function(pub(crate) FunctionId);

#[pymethods]
impl Function {
    fn __repr__(&self) -> String {
        format!("Function({})", self.0)
    }
}

/// An alias of a function with versions; from
/// :meth:`VersionedFunction.create_alias`.
///
/// Immutable, hashable, and safe to share between threads.
#[pyclass(frozen, eq, hash, module = "warmstow", from_py_object)]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Alias(pub(crate) AliasId);

#[pymethods]
impl Alias {
    fn __repr__(&self) -> String {
        format!("Alias({})", self.0)
    }
}

/// An instance: one execution environment of a function.
///
/// Immutable, hashable, and safe to share between threads.
#[pyclass(frozen, eq, hash, module = "warmstow", from_py_object)]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Instance(pub(crate) InstanceId);

#[pymethods]
impl Instance {
    /// The function that it is an instance of.
    #[getter]
    fn function(&self) -> Function {
        Function(self.0.function)
    }

    fn __repr__(&self) -> String {
        format!("Instance({})", self.0)
    }
}

/// A request's hold on an instance; given back once, by
/// :meth:`Region.complete` or :meth:`Region.fail`.
///
/// Immutable and safe to share between threads: of two that give it back, one
/// succeeds and the other gets :class:`StaleHandleError`.
#[pyclass(frozen, eq, hash, module = "warmstow", from_py_object)]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Lease([u64; 2]);

impl Lease {
    /// The core's lease; a copy given back before is refused there.
    pub(crate) fn to_core(self) -> Option<function::Lease> {
        function::Lease::from_bits(self.0)
    }
}

#[pymethods]
impl Lease {
    fn __repr__(&self) -> String {
        format!("Lease({:#x}, {:#x})", self.0[0], self.0[1])
    }
}

/// An admitted request: where it runs, and what gives that back.
#[pyclass(frozen, get_all, module = "warmstow")]
#[derive(Clone, Copy)]
pub(crate) struct Invocation {
    /// The hold, given back by :meth:`Region.complete` or :meth:`Region.fail`.
    lease: Lease,
    /// The instance that serves the request.
    instance: Instance,
    /// Whether the instance must be started first. When it is up, say so with
    /// :meth:`Region.started`.
    cold: bool,
    /// Index of the node on which to start it; ``None`` for a warm start, or
    /// in a region without nodes.
    node: Option<u32>,
}

impl From<function::Invocation> for Invocation {
    fn from(invocation: function::Invocation) -> Self {
        let (cold, node) = match invocation.start {
            Start::Warm => (false, None),
            Start::Cold { node } => (true, node.map(|node| node.index())),
        };
        Self {
            lease: Lease(invocation.lease.into_bits()),
            instance: Instance(invocation.instance),
            cold,
            node,
        }
    }
}

#[pymethods]
impl Invocation {
    fn __repr__(&self) -> String {
        let kind = if self.cold { "cold" } else { "warm" };
        format!("Invocation({kind}, instance={})", self.instance.0)
    }
}

/// What a function has done since it was added, and does now.
///
/// A snapshot: counts of different kinds can be one call apart where other
/// threads work meanwhile.
#[pyclass(frozen, get_all, module = "warmstow")]
pub(crate) struct Counters {
    /// Requests that an idle instance took.
    warm_starts: u64,
    /// Requests that started an instance.
    cold_starts: u64,
    /// Requests completed.
    completions: u64,
    /// Requests failed.
    failures: u64,
    /// Requests refused, by reason; only reasons that occurred.
    refusals: BTreeMap<&'static str, u64>,
    /// Requests in flight now.
    in_flight: u64,
    /// Instances now, from starting to stopping.
    instances: u32,
    /// Instances with nothing to do now.
    idle_instances: u32,
}

impl From<function::Counters> for Counters {
    fn from(counters: function::Counters) -> Self {
        let throttles = ThrottleReason::ALL.iter().map(|reason| reason.as_str());
        let mut refusals: BTreeMap<_, _> = throttles.zip(counters.throttles).collect();
        refusals.insert("InstanceLimitExceeded", counters.instance_limits);
        refusals.insert("ScalingRateExceeded", counters.scaling_rates);
        refusals.insert("RESOURCE:CPU", counters.no_cpu);
        refusals.insert("RESOURCE:MEMORY", counters.no_memory);
        refusals.retain(|_, count| *count > 0);
        Self {
            warm_starts: counters.warm_starts,
            cold_starts: counters.cold_starts,
            completions: counters.completions,
            failures: counters.failures,
            refusals,
            in_flight: counters.in_flight,
            instances: counters.instances,
            idle_instances: counters.idle_instances,
        }
    }
}

#[pymethods]
impl Counters {
    fn __repr__(&self) -> String {
        format!(
            "Counters(warm_starts={}, cold_starts={}, completions={}, failures={}, refusals={:?}, \
             in_flight={}, instances={}, idle_instances={})",
            self.warm_starts,
            self.cold_starts,
            self.completions,
            self.failures,
            self.refusals,
            self.in_flight,
            self.instances,
            self.idle_instances
        )
    }
}

/// A node as it is now: what it has, and what of that is free.
#[pyclass(frozen, get_all, module = "warmstow")]
pub(crate) struct Node {
    /// Its position, from 0.
    index: u32,
    /// CPU units it has, 1,024 a vCPU.
    cpu_units: u32,
    /// Memory it has, MiB.
    memory_mib: u32,
    /// Its availability zone.
    zone: u8,
    /// CPU units that no instance holds.
    free_cpu_units: u32,
    /// Memory that no instance holds, MiB.
    free_memory_mib: u32,
    /// Instances placed on it.
    instances: u32,
}

impl From<NodeView> for Node {
    fn from(view: NodeView) -> Self {
        Self {
            index: view.id.index(),
            cpu_units: view.spec.resources.cpu_units,
            memory_mib: view.spec.resources.memory_mib,
            zone: view.spec.zone,
            free_cpu_units: view.free.cpu_units,
            free_memory_mib: view.free.memory_mib,
            instances: view.instances,
        }
    }
}

#[pymethods]
impl Node {
    fn __repr__(&self) -> String {
        format!(
            "Node(index={}, free_cpu_units={} of {}, free_memory_mib={} of {}, zone={}, \
             instances={})",
            self.index,
            self.free_cpu_units,
            self.cpu_units,
            self.free_memory_mib,
            self.memory_mib,
            self.zone,
            self.instances
        )
    }
}
