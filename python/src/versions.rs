//! Functions with versions, aliases and provisioned concurrency.

use alloc::sync::Arc;
use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use warmstow_core::function::{
    self, FunctionSpec, Pace, ProvisionedStatus, ProvisionedView, Provisioning, Qualifier, Routing,
    ScalingRate, Weight,
};
use warmstow_core::time::{Duration, Instant};

use crate::actions::{Action, Prestart};
use crate::arguments::{self, named};
use crate::errors;
use crate::handles::{Alias, Function};
use crate::region::{Region, Shared};

/// Which version a call is about, as AWS Lambda's qualifiers.
pub(crate) enum Qualified {
    Latest,
    Version(u32),
    Alias(String),
}

impl Qualified {
    fn as_core(&self) -> Qualifier<'_> {
        match self {
            Self::Latest => Qualifier::Latest,
            Self::Version(number) => Qualifier::Version(*number),
            Self::Alias(name) => Qualifier::Alias(name),
        }
    }
}

/// A version's number, or text: one in digits, ``$LATEST`` or an alias.
pub(crate) fn qualifier(value: &Bound<'_, PyAny>) -> PyResult<Qualified> {
    let Ok(text) = value.extract::<String>() else {
        return arguments::whole(value, "qualifier").map(Qualified::Version);
    };
    Ok(match text.parse() {
        Ok(number) => Qualified::Version(number),
        Err(_) if text == "$LATEST" => Qualified::Latest,
        Err(_) => Qualified::Alias(text),
    })
}

/// How fast provisioned instances are started.
fn pace(value: &Bound<'_, PyAny>) -> PyResult<Pace> {
    const NEEDS: &str = "needs unlimited, with-requests, or function:COUNT/SECONDS";
    let text = arguments::text(value, "pace")?;
    let refuse = |why: &str| errors::config(format!("pace is {text:?}: {why}"));
    match text.as_str() {
        "unlimited" => Ok(Pace::Unlimited),
        "with-requests" => Ok(Pace::WithRequests),
        _ if !text.starts_with("function:") => Err(refuse(NEEDS)),
        _ => match text.parse() {
            Ok(ScalingRate::EachFunction(rate)) => Ok(Pace::EachFunction(rate)),
            Ok(_) => Err(refuse(NEEDS)),
            Err(error) => Err(refuse(&format!("{error}"))),
        },
    }
}

/// A weight of 0 to 1, of which four decimals matter.
fn weight(value: &Bound<'_, PyAny>) -> PyResult<Weight> {
    let share = arguments::number(value, "weight")?;
    // Written so that not-a-number fails.
    let fits = (0.0..=1.0).contains(&share);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 10,000")]
    let weight = fits.then(|| Weight::new((share * 10_000.0).round() as u16)).flatten();
    weight.ok_or_else(|| errors::config(format!("weight is {share}: needs 0 to 1")))
}

/// Where an alias is to point.
fn routing(version: u32, other: Option<u32>, weight: Option<Weight>) -> PyResult<Routing> {
    match (other, weight) {
        (Some(other), Some(weight)) => Ok(Routing { version, other: Some((other, weight)) }),
        (None, None) => Ok(Routing::to(version)),
        _ => Err(errors::config("other and weight are given together or not at all")),
    }
}

/// A function with versions, aliases and provisioned concurrency.
///
/// ``spec`` is the :class:`FunctionSpec` of ``$LATEST``; its reservation is of all
/// versions together. How provisioned concurrency is prepared: after
/// ``preparation_s`` seconds, at a ``pace`` (``"function:COUNT/SECONDS"``,
/// ``"with-requests"`` from the tokens of the region's scaling rate, or
/// ``"unlimited"``), each instance replaced at the age ``recycle_after_s``
/// (``None``: never). The defaults are AWS Lambda's.
///
/// Requests go through :meth:`Region.invoke` and :meth:`Region.invoke_alias`.
/// After each call here carry out :meth:`actions`; call :meth:`advance` at
/// :attr:`next_deadline_ns`, and when an instance has failed. Thread-safe: calls
/// wait for one another.
///
/// It takes one of the region's functions for each version ever published, each
/// update of ``$LATEST`` and each version with provisioned concurrency, for the
/// life of the region.
///
/// >>> region = Region(max_aliases=1)
/// >>> shop = VersionedFunction(region, FunctionSpec("shop", memory_mib=512))
/// >>> shop.publish()
/// 1
/// >>> live = shop.create_alias("live", 1)
/// >>> region.invoke_alias(0, live, draw=7).cold
/// True
#[pyclass(frozen, module = "warmstow")]
pub(crate) struct VersionedFunction {
    shared: Arc<Shared>,
    // Boxed: it is aligned to cache lines, and Python's allocator is not.
    inner: Mutex<Box<function::VersionedFunction>>,
}

// As much as Python aligns an object to.
const _: () = assert!(align_of::<VersionedFunction>() <= 16);

/// What is provisioned, as AWS Lambda's GetProvisionedConcurrencyConfig shows it.
#[pyclass(frozen, get_all, module = "warmstow")]
pub(crate) struct Provisioned {
    /// The version that it is for.
    version: u32,
    /// What was asked for.
    requested: u32,
    /// Instances that are ready.
    allocated: u32,
    /// What can be used: all of a batch or none of it.
    available: u32,
    /// ``IN_PROGRESS``, ``READY`` or ``FAILED``.
    status: &'static str,
    /// Why it failed.
    reason: Option<String>,
    /// The pool that serves it, for :meth:`Region.counters`.
    function: Function,
}

impl From<ProvisionedView> for Provisioned {
    fn from(view: ProvisionedView) -> Self {
        let status = view.status.as_str();
        let reason = match view.status {
            ProvisionedStatus::Failed { reason } => Some(reason),
            _ => None,
        };
        Self {
            version: view.version,
            requested: view.requested,
            allocated: view.allocated,
            available: view.available,
            status,
            reason,
            function: Function(view.pool),
        }
    }
}

#[pymethods]
impl Provisioned {
    fn __repr__(&self) -> String {
        let Self { version, requested, available, status, .. } = self;
        format!(
            "Provisioned(version={version}, requested={requested}, available={available}, \
             status={status})"
        )
    }
}

/// What all versions of a function have done, as sums, and do now, by the names of
/// AWS CloudWatch.
#[pyclass(frozen, get_all, module = "warmstow")]
pub(crate) struct FunctionMetrics {
    /// ``Invocations``: requests admitted; throttled ones are not among them.
    invocations: u64,
    /// Of these, those that started an instance.
    cold_starts: u64,
    /// ``ProvisionedConcurrencyInvocations``.
    provisioned_invocations: u64,
    /// ``ProvisionedConcurrencySpilloverInvocations``: on demand, because what is
    /// provisioned was all in use.
    spillover_invocations: u64,
    /// ``Throttles``, and requests refused for want of an instance or of room.
    throttles: u64,
    /// Requests that failed and their instance with them.
    failures: u64,
    /// ``ConcurrentExecutions``: in flight now.
    concurrent_executions: u64,
    /// ``ProvisionedConcurrentExecutions``.
    provisioned_executions: u64,
    /// Provisioned concurrency that can be used now.
    provisioned_available: u64,
    /// ``ProvisionedConcurrencyUtilization``: the share in use of it, 0 to 1.
    provisioned_utilization: f64,
}

impl From<function::FunctionMetrics> for FunctionMetrics {
    fn from(metrics: function::FunctionMetrics) -> Self {
        Self {
            invocations: metrics.invocations,
            cold_starts: metrics.cold_starts,
            provisioned_invocations: metrics.provisioned_invocations,
            spillover_invocations: metrics.spillover_invocations,
            throttles: metrics.throttles,
            failures: metrics.failures,
            concurrent_executions: metrics.concurrent_executions,
            provisioned_executions: metrics.provisioned_executions,
            provisioned_available: metrics.provisioned_available,
            provisioned_utilization: metrics.provisioned_utilization(),
        }
    }
}

impl VersionedFunction {
    pub(crate) fn of(shared: Arc<Shared>, inner: function::VersionedFunction) -> Self {
        Self { shared, inner: Mutex::new(Box::new(inner)) }
    }

    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.lock().name() == name
    }

    fn lock(&self) -> MutexGuard<'_, Box<function::VersionedFunction>> {
        // Core leaves its state whole even where a caller's thread ends in it.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl VersionedFunction {
    /// Raises:
    ///     ConfigError: as :meth:`Region.add_function`; or a pace out of range.
    #[new]
    #[pyo3(signature = (
        region, spec, *, preparation_s = Duration::from_secs(90),
        pace = Provisioning::LAMBDA.pace, recycle_after_s = Some(Duration::from_secs(14_400)),
    ), text_signature = "(region, spec, *, preparation_s=90.0, pace=\"function:6000/60:1\", \
        recycle_after_s=14400.0)")]
    fn new(
        region: &Bound<'_, Region>,
        #[pyo3(from_py_with = arguments::function_spec)] spec: (String, FunctionSpec),
        #[pyo3(from_py_with = named::preparation_s)] preparation_s: Duration,
        #[pyo3(from_py_with = pace)] pace: Pace,
        #[pyo3(from_py_with = named::recycle_after_s)] recycle_after_s: Option<Duration>,
    ) -> PyResult<Self> {
        let ((name, spec), preparation, recycle_after) = (spec, preparation_s, recycle_after_s);
        let provisioning = Provisioning { preparation, pace, recycle_after };
        let added = {
            let mut control = region.get().shared().control();
            function::VersionedFunction::new(&mut control, &name, spec, provisioning)
        };
        let added = added.map_err(|error| errors::config(format!("function {name:?}: {error}")))?;
        Ok(Self::of(region.get().shared().clone(), added))
    }

    /// Its name.
    #[getter]
    fn name(&self) -> String {
        self.lock().name().to_owned()
    }

    /// What requests of ``$LATEST`` name; it stays good over updates.
    #[getter]
    fn latest(&self) -> Function {
        Function(self.lock().latest())
    }

    /// The versions published and not deleted, in order.
    #[getter]
    fn versions(&self) -> Vec<u32> {
        self.lock().versions().collect()
    }

    /// What requests of a version name; ``None`` where it was never published or
    /// is deleted.
    fn version(&self, #[pyo3(from_py_with = named::version)] version: u32) -> Option<Function> {
        self.lock().version(version).map(Function)
    }

    /// The reservation of all versions together.
    #[getter]
    fn reserved_concurrency(&self) -> Option<u32> {
        self.lock().reserved_concurrency()
    }

    /// Give ``$LATEST`` new code or settings; a name and a reservation in ``spec``
    /// are not looked at. Requests in flight finish in the old instances, which are
    /// then stopped; none is dropped.
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

    /// Publish ``$LATEST`` as a version, which nobody can change; its number, from
    /// 1. Where nothing was updated since the last one that is the answer, and
    /// nothing is published, as at AWS.
    ///
    /// Raises:
    ///     ConfigError: the region has no room for one more function.
    fn publish(&self) -> PyResult<u32> {
        let (mut of, mut control) = (self.lock(), self.shared.control());
        of.publish(&mut control).map_err(errors::config)
    }

    /// Delete a version: requests of it are refused from now on, those in flight
    /// finish, and its instances are stopped.
    ///
    /// Raises:
    ///     ConfigError: no such version, an alias points to it, or it has
    ///         provisioned concurrency; nothing has changed.
    fn delete_version(
        &self,
        #[pyo3(from_py_with = named::now_ns)] now_ns: u64,
        #[pyo3(from_py_with = named::version)] version: u32,
    ) -> PyResult<()> {
        let (mut of, mut control) = (self.lock(), self.shared.control());
        let now = Instant::from_nanos(now_ns);
        of.delete_version(now, &mut control, version).map_err(errors::config)
    }

    /// Reserve concurrency for all versions together, or with ``None`` no longer.
    ///
    /// Raises:
    ///     ConfigError: more than the account can give, or less than is
    ///         provisioned; nothing has changed.
    fn set_reserved_concurrency(
        &self,
        #[pyo3(from_py_with = named::reserved)] reserved: Option<u32>,
    ) -> PyResult<()> {
        let (mut of, mut control) = (self.lock(), self.shared.control());
        of.set_reserved(&mut control, reserved).map_err(errors::config)
    }

    /// Make an alias of a published version, or of two: ``weight``, 0 to 1, is the
    /// share of the requests that goes to ``other``.
    ///
    /// Raises:
    ///     ConfigError: a name that is none or taken, a version that is not
    ///         published, the same one twice, or one alias more than the region's
    ///         ``max_aliases``.
    #[pyo3(signature = (name, version, *, other = None, weight = None))]
    fn create_alias(
        &self,
        #[pyo3(from_py_with = named::name)] name: String,
        #[pyo3(from_py_with = named::version)] version: u32,
        #[pyo3(from_py_with = named::other)] other: Option<u32>,
        #[pyo3(from_py_with = optional_weight)] weight: Option<Weight>,
    ) -> PyResult<Alias> {
        let routing = routing(version, other, weight)?;
        let (mut of, mut control) = (self.lock(), self.shared.control());
        of.create_alias(&mut control, &name, routing).map(Alias).map_err(errors::config)
    }

    /// Point an alias elsewhere: requests from now on go there, and its handle stays
    /// good. What is provisioned through it moves.
    ///
    /// Raises:
    ///     ConfigError: no such alias, a version that is not published, the same
    ///         one twice; or what is provisioned through it cannot move.
    #[pyo3(signature = (now_ns, name, version, *, other = None, weight = None))]
    fn update_alias(
        &self,
        #[pyo3(from_py_with = named::now_ns)] now_ns: u64,
        #[pyo3(from_py_with = named::name)] name: String,
        #[pyo3(from_py_with = named::version)] version: u32,
        #[pyo3(from_py_with = named::other)] other: Option<u32>,
        #[pyo3(from_py_with = optional_weight)] weight: Option<Weight>,
    ) -> PyResult<()> {
        let routing = routing(version, other, weight)?;
        let (mut of, mut control) = (self.lock(), self.shared.control());
        let now = Instant::from_nanos(now_ns);
        of.update_alias(now, &mut control, &name, routing).map_err(errors::config)
    }

    /// Delete an alias, and what is provisioned through it. Requests of it are
    /// refused from now on.
    ///
    /// Raises:
    ///     ConfigError: no such alias.
    fn delete_alias(
        &self,
        #[pyo3(from_py_with = named::now_ns)] now_ns: u64,
        #[pyo3(from_py_with = named::name)] name: String,
    ) -> PyResult<()> {
        let (mut of, mut control) = (self.lock(), self.shared.control());
        of.delete_alias(Instant::from_nanos(now_ns), &mut control, &name).map_err(errors::config)
    }

    /// What requests of an alias name; ``None`` where there is none of that name.
    fn alias(&self, #[pyo3(from_py_with = named::name)] name: String) -> Option<Alias> {
        self.lock().alias(&name).map(Alias)
    }

    /// Where an alias points: ``(version, other, weight)``; the last two are
    /// ``None`` where it points to one. ``None`` where there is no such alias.
    fn routing(
        &self,
        #[pyo3(from_py_with = named::name)] name: String,
    ) -> Option<(u32, Option<u32>, Option<f64>)> {
        let routing = self.lock().routing(&name)?;
        let share = |weight: Weight| f64::from(weight.ten_thousandths()) / 10_000.0;
        let other = routing.other;
        Some((routing.version, other.map(|(of, _)| of), other.map(|(_, weight)| share(weight))))
    }

    /// Ask for provisioned concurrency, or for another number of it.
    ///
    /// ``qualifier`` is a version's number or an alias's name. It can be used once
    /// all of it is ready; what is asked for is claimed at once.
    ///
    /// Raises:
    ///     ConfigError: ``$LATEST``, an unknown or already provisioned version, an
    ///         alias that points to two; a number that is 0, above the function's
    ///         instances, its reservation, or what the account can give.
    fn put_provisioned(
        &self,
        #[pyo3(from_py_with = named::now_ns)] now_ns: u64,
        #[pyo3(from_py_with = qualifier)] qualifier: Qualified,
        #[pyo3(from_py_with = named::requested)] requested: u32,
    ) -> PyResult<()> {
        let (mut of, mut control) = (self.lock(), self.shared.control());
        let (now, on) = (Instant::from_nanos(now_ns), qualifier.as_core());
        of.put_provisioned(now, &mut control, on, requested).map_err(errors::config)
    }

    /// Take provisioned concurrency away; where there is none nothing changes.
    ///
    /// Raises:
    ///     ConfigError: as :meth:`put_provisioned`, about the qualifier.
    fn delete_provisioned(
        &self,
        #[pyo3(from_py_with = named::now_ns)] now_ns: u64,
        #[pyo3(from_py_with = qualifier)] qualifier: Qualified,
    ) -> PyResult<()> {
        let (mut of, mut control) = (self.lock(), self.shared.control());
        let (now, on) = (Instant::from_nanos(now_ns), qualifier.as_core());
        of.delete_provisioned(now, &mut control, on).map_err(errors::config)
    }

    /// What is provisioned on a qualifier; ``None``: nothing.
    fn provisioned(
        &self,
        #[pyo3(from_py_with = qualifier)] qualifier: Qualified,
    ) -> Option<Provisioned> {
        self.lock().provisioned(qualifier.as_core()).map(Provisioned::from)
    }

    /// Report that an instance of a ``"start"`` has initialised.
    ///
    /// Raises:
    ///     StaleHandleError: it was reported before, or is foreign.
    fn prepared(
        &self,
        #[pyo3(from_py_with = named::now_ns)] now_ns: u64,
        prestart: Prestart,
    ) -> PyResult<()> {
        let lease = prestart.to_core().ok_or_else(errors::no_lease)?;
        let (mut of, mut control) = (self.lock(), self.shared.control());
        of.handle_prepared(Instant::from_nanos(now_ns), &mut control, lease).map_err(errors::lease)
    }

    /// Report that an instance of a ``"start"`` has not come up, and why. The batch
    /// that it was of has failed; in place of one that is replaced the old one
    /// stays.
    ///
    /// Raises:
    ///     StaleHandleError: it was reported before, or is foreign.
    fn unprepared(
        &self,
        #[pyo3(from_py_with = named::now_ns)] now_ns: u64,
        prestart: Prestart,
        #[pyo3(from_py_with = named::reason)] reason: String,
    ) -> PyResult<()> {
        let lease = prestart.to_core().ok_or_else(errors::no_lease)?;
        let (mut of, mut control) = (self.lock(), self.shared.control());
        let now = Instant::from_nanos(now_ns);
        of.handle_unprepared(now, &mut control, lease, &reason).map_err(errors::lease)
    }

    /// Time has passed: provisioned instances are started at their pace, old ones
    /// replaced, and replaced code's instances stopped.
    fn advance(&self, #[pyo3(from_py_with = named::now_ns)] now_ns: u64) {
        let (mut of, mut control) = (self.lock(), self.shared.control());
        of.handle_time(Instant::from_nanos(now_ns), &mut control);
    }

    /// What is to be done since the last call of this; each action is given once.
    fn actions(&self) -> Vec<Action> {
        let mut of = self.lock();
        core::iter::from_fn(|| of.poll_action()).filter_map(Action::of_version).collect()
    }

    /// When to call :meth:`advance` at the latest; ``None`` for never.
    #[getter]
    fn next_deadline_ns(&self) -> Option<u64> {
        self.lock().next_deadline().map(Instant::as_nanos)
    }

    /// What all versions together have done and do. O(instances).
    fn metrics(&self) -> FunctionMetrics {
        self.lock().metrics(self.shared.core()).into()
    }

    fn __repr__(&self) -> String {
        let of = self.lock();
        format!(
            "VersionedFunction({:?}, versions={:?})",
            of.name(),
            of.versions().collect::<Vec<_>>()
        )
    }
}

fn optional_weight(value: &Bound<'_, PyAny>) -> PyResult<Option<Weight>> {
    if value.is_none() { Ok(None) } else { weight(value).map(Some) }
}
