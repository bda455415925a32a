//! Functions with a pool of instances for each tenant.

use alloc::sync::Arc;
use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use warmstow_core::function::{self, FunctionSpec};
use warmstow_core::time::Instant;

use crate::arguments::{self, named};
use crate::errors;
use crate::handles::{Function, Instance};
use crate::region::{Region, Shared};

/// A function whose instances serve requests of one tenant each, as AWS Lambda's
/// tenant isolation mode ``PER_TENANT``.
///
/// ``spec`` is a :class:`FunctionSpec`; its reservation is of all tenants
/// together, its ``max_instances`` of each. A tenant's pool is one of the region's
/// functions for the life of the region, and each update takes one more for each
/// tenant. Thread-safe: calls wait for one another.
///
/// >>> region = Region()
/// >>> shop = TenantFunction(region, FunctionSpec("shop"))
/// >>> blue, green = shop.tenant("blue"), shop.tenant("green")
/// >>> first = region.invoke(0, blue)
/// >>> region.started(1, first.lease)
/// >>> region.complete(2, first.lease)
/// >>> region.invoke(3, green).cold, region.invoke(3, blue).cold
/// (True, False)
#[pyclass(frozen, module = "warmstow")]
pub(crate) struct TenantFunction {
    shared: Arc<Shared>,
    inner: Mutex<function::TenantFunction>,
}

impl TenantFunction {
    fn lock(&self) -> MutexGuard<'_, function::TenantFunction> {
        // Core leaves its state whole even where a caller's thread ends in it.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl TenantFunction {
    /// Raises:
    ///     ConfigError: an empty or taken name, a specification out of range, an
    ///         instance larger than any node, or a reservation that the account
    ///         cannot give.
    #[new]
    fn new(
        region: &Bound<'_, Region>,
        #[pyo3(from_py_with = arguments::function_spec)] spec: (String, FunctionSpec),
    ) -> PyResult<Self> {
        let (name, spec) = spec;
        let added =
            function::TenantFunction::new(&mut region.get().shared().control(), &name, spec);
        let added = added.map_err(|error| errors::config(format!("function {name:?}: {error}")))?;
        Ok(Self { shared: region.get().shared().clone(), inner: Mutex::new(added) })
    }

    /// Its name.
    #[getter]
    fn name(&self) -> String {
        self.lock().name().to_owned()
    }

    /// What requests of a tenant name, from its first request on: keep it.
    ///
    /// Raises:
    ///     ConfigError: not 1 to 256 letters, digits, spaces and ``._:/=+-@``, or
    ///         no room for one more function.
    fn tenant(&self, #[pyo3(from_py_with = named::tenant)] tenant: String) -> PyResult<Function> {
        let (mut of, mut control) = (self.lock(), self.shared.control());
        of.tenant(&mut control, &tenant).map(Function).map_err(errors::config)
    }

    /// The tenants and the pools that serve them now, for :meth:`Region.counters`.
    fn tenants(&self) -> Vec<(String, Function)> {
        let of = self.lock();
        of.tenants().map(|(tenant, pool)| (tenant.to_owned(), Function(pool))).collect()
    }

    /// The reservation of all tenants together.
    #[getter]
    fn reserved_concurrency(&self) -> Option<u32> {
        self.lock().reserved()
    }

    /// Reserve concurrency for all tenants together, or with ``None`` no longer.
    ///
    /// Raises:
    ///     ConfigError: too little would be left for the other functions.
    fn set_reserved_concurrency(
        &self,
        #[pyo3(from_py_with = named::reserved)] reserved: Option<u32>,
    ) -> PyResult<()> {
        let (mut of, mut control) = (self.lock(), self.shared.control());
        of.set_reserved(&mut control, reserved).map_err(errors::config)
    }

    /// Replace code and settings for every tenant; a name and a reservation in
    /// ``spec`` are not looked at. No request in flight is dropped, and handles stay
    /// good.
    ///
    /// Raises:
    ///     ConfigError: as :meth:`Region.add_function`; nothing has changed.
    fn update(
        &self,
        #[pyo3(from_py_with = named::now_ns)] now_ns: u64,
        #[pyo3(from_py_with = arguments::function_spec)] spec: (String, FunctionSpec),
    ) -> PyResult<()> {
        let (mut of, mut control) = (self.lock(), self.shared.control());
        of.update(Instant::from_nanos(now_ns), &mut control, spec.1).map_err(errors::config)
    }

    /// Time has passed: go on emptying the pools that were replaced.
    fn advance(&self, #[pyo3(from_py_with = named::now_ns)] now_ns: u64) {
        let (mut of, control) = (self.lock(), self.shared.control());
        of.handle_time(Instant::from_nanos(now_ns), &control);
    }

    /// The instances to stop since the last call of this: stop each, then report
    /// :meth:`Region.stopped`.
    fn stops(&self) -> Vec<Instance> {
        let mut of = self.lock();
        core::iter::from_fn(|| of.poll_stop()).map(Instance).collect()
    }

    /// When to call :meth:`advance` at the latest; ``None`` for never.
    #[getter]
    fn next_deadline_ns(&self) -> Option<u64> {
        self.lock().next_deadline().map(Instant::as_nanos)
    }
}
