//! Scalers: data in, decisions out.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use pyo3::types::PyString;
use warmstow_core::autoscale::{
    self, Bounds, Cause, Direction, Outcome, ScalerConfig, Suppression, Suspended,
};
use warmstow_core::time::Instant;

use crate::arguments::named;
use crate::errors;

/// Decides how much capacity is desired: of a service, or of a function's
/// provisioned concurrency.
///
/// ``config`` is a mapping (or the same as JSON text) with ``min``, ``max``,
/// ``running``, and maybe ``policies``, ``scheduled``, ``suspended`` and
/// ``unix_s_at_origin``. A policy has a ``name``, the ``metric`` that it reads
/// and a ``rule``: ``{"target_tracking": {"target": 50}}``,
/// ``{"step": {...}}`` or ``{"concurrency_based": {}}``.
///
/// Call what happened with the time of your own clock in nanoseconds, then
/// read :meth:`decisions`; call :meth:`advance` at :attr:`next_deadline_ns`.
/// Thread-safe: calls wait for one another.
///
/// >>> scaler = Scaler({"min": 1, "max": 9, "running": 4, "policies": [
/// ...     {"name": "cpu", "metric": "cpu", "rule": {"target_tracking": {"target": 50}}}]})
/// >>> for minute in range(3):
/// ...     scaler.observe(minute * 60_000_000_000, "cpu", 80.0)
/// >>> scaler.advance(180_000_000_000)
/// >>> [decision.desired for decision in scaler.decisions()]
/// [7]
#[pyclass(frozen, module = "warmstow")]
pub(crate) struct Scaler {
    inner: Mutex<autoscale::Scaler>,
}

/// What a scaler decided, and why; ``str()`` says it in a sentence.
#[pyclass(frozen, module = "warmstow", get_all)]
#[derive(Clone)]
pub(crate) struct Decision {
    /// When, nanoseconds.
    at_ns: u64,
    /// What ran.
    running: u32,
    /// The desired capacity before.
    before: u32,
    /// The desired capacity now: set it, where it differs from ``before``.
    desired: u32,
    /// Who asked: ``"policy"``, ``"scheduled"`` or ``"bounds"``.
    cause: &'static str,
    /// The name of the policy or of the scheduled action.
    name: Option<String>,
    /// ``"out"`` or ``"in"``, of a policy.
    direction: Option<&'static str>,
    /// The capacity that the policy wanted.
    wanted: Option<u32>,
    /// The metric that it saw.
    value: Option<f64>,
    /// The threshold that the metric breached.
    threshold: Option<f64>,
    /// Why nothing came of it; ``None`` where something did.
    suppressed: Option<&'static str>,
    text: String,
}

#[pymethods]
impl Decision {
    fn __str__(&self) -> &str {
        &self.text
    }

    fn __repr__(&self) -> String {
        format!("Decision({:?})", self.text)
    }
}

impl Decision {
    fn of(decision: &autoscale::Decision, scaler: &autoscale::Scaler) -> Self {
        let mut flat = Self {
            at_ns: decision.at.as_nanos(),
            running: decision.running,
            before: decision.from,
            desired: decision.from,
            cause: "bounds",
            name: None,
            direction: None,
            wanted: None,
            value: None,
            threshold: None,
            suppressed: None,
            text: decision.to_string(),
        };
        match decision.cause {
            Cause::Policy { policy, direction, wanted, evidence, .. } => {
                flat.cause = "policy";
                flat.name = scaler.policy_name(policy).map(str::to_owned);
                flat.direction = Some(if direction == Direction::Out { "out" } else { "in" });
                flat.wanted = Some(wanted);
                flat.value = Some(evidence.value);
                flat.threshold = Some(evidence.threshold);
            }
            Cause::Scheduled { action, .. } => {
                flat.cause = "scheduled";
                flat.name = scaler.action_name(action).map(str::to_owned);
            }
            Cause::Bounds(_) => {}
        }
        match decision.outcome {
            Outcome::Scaled { to, .. } => flat.desired = to,
            Outcome::Suppressed(why) => flat.suppressed = Some(key(why)),
        }
        flat
    }
}

const fn key(why: Suppression) -> &'static str {
    match why {
        Suppression::Cooldown { .. } => "cooldown",
        Suppression::Deployment => "deployment",
        Suppression::Suspended => "suspended",
        Suppression::AtBound(_) => "at_bound",
        Suppression::AlreadyDesired => "already_desired",
        Suppression::Vetoed { .. } => "vetoed",
        Suppression::LargerWins { .. } => "larger_wins",
        Suppression::BoundsCross { .. } => "bounds_cross",
        _ => "other",
    }
}

impl Scaler {
    fn lock(&self) -> MutexGuard<'_, autoscale::Scaler> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The configuration as JSON text.
fn json(config: &Bound<'_, PyAny>) -> PyResult<String> {
    if let Ok(text) = config.cast::<PyString>() {
        return text.extract();
    }
    let dumped = config.py().import("json")?.call_method1("dumps", (config,));
    let refuse = |error: PyErr| errors::config(format!("config is no JSON: {error}"));
    dumped.map_err(refuse)?.extract()
}

#[pymethods]
impl Scaler {
    /// Start with the first periods open at ``now_ns``.
    #[new]
    #[pyo3(signature = (config, *, now_ns = 0))]
    fn new(
        config: &Bound<'_, PyAny>,
        #[pyo3(from_py_with = named::now_ns)] now_ns: u64,
    ) -> PyResult<Self> {
        let config = ScalerConfig::from_json(&json(config)?).map_err(errors::config)?;
        let scaler = config.start(Instant::from_nanos(now_ns)).map_err(errors::config)?;
        Ok(Self { inner: Mutex::new(scaler) })
    }

    /// A datum of a metric; periods that have ended are evaluated first.
    fn observe(
        &self,
        #[pyo3(from_py_with = named::now_ns)] now_ns: u64,
        #[pyo3(from_py_with = named::metric)] metric: String,
        #[pyo3(from_py_with = named::value)] value: f64,
    ) -> PyResult<()> {
        let mut scaler = self.lock();
        let known = scaler.metric(&metric);
        let known = known
            .ok_or_else(|| errors::config(format!("metric is {metric:?}: no policy reads it")))?;
        scaler.handle_datum(Instant::from_nanos(now_ns), known, value).map_err(errors::config)
    }

    /// So much runs now.
    fn set_running(
        &self,
        #[pyo3(from_py_with = named::now_ns)] now_ns: u64,
        #[pyo3(from_py_with = named::running)] running: u32,
    ) {
        self.lock().handle_running(Instant::from_nanos(now_ns), running);
    }

    /// Someone else set the desired capacity.
    fn set_desired(
        &self,
        #[pyo3(from_py_with = named::now_ns)] now_ns: u64,
        #[pyo3(from_py_with = named::desired)] desired: u32,
    ) {
        self.lock().handle_desired(Instant::from_nanos(now_ns), desired);
    }

    /// Set the bounds; a desired capacity beyond them is brought to them.
    fn set_bounds(
        &self,
        #[pyo3(from_py_with = named::now_ns)] now_ns: u64,
        #[pyo3(from_py_with = named::min_capacity)] min_capacity: u32,
        #[pyo3(from_py_with = named::max_capacity)] max_capacity: u32,
    ) -> PyResult<()> {
        let bounds = Bounds::new(min_capacity, max_capacity).map_err(errors::config)?;
        self.lock().handle_bounds(Instant::from_nanos(now_ns), bounds);
        Ok(())
    }

    /// A deployment is under way or has ended: nothing is scaled in during one.
    #[pyo3(signature = (now_ns, *, under_way))]
    fn set_deployment(
        &self,
        #[pyo3(from_py_with = named::now_ns)] now_ns: u64,
        #[pyo3(from_py_with = named::under_way)] under_way: bool,
    ) {
        self.lock().handle_deployment(Instant::from_nanos(now_ns), under_way);
    }

    /// Suspend activities; those not named are resumed.
    #[pyo3(signature = (now_ns, *, scale_out = false, scale_in = false, scheduled = false))]
    fn suspend(
        &self,
        #[pyo3(from_py_with = named::now_ns)] now_ns: u64,
        #[pyo3(from_py_with = named::scale_out)] scale_out: bool,
        #[pyo3(from_py_with = named::scale_in)] scale_in: bool,
        #[pyo3(from_py_with = named::scheduled)] scheduled: bool,
    ) {
        let suspended = Suspended { scale_out, scale_in, scheduled };
        self.lock().handle_suspended(Instant::from_nanos(now_ns), suspended);
    }

    /// Time has passed: carry out what is scheduled, evaluate what has ended.
    fn advance(&self, #[pyo3(from_py_with = named::now_ns)] now_ns: u64) {
        self.lock().handle_time(Instant::from_nanos(now_ns));
    }

    /// The decisions since the last call of this, the oldest first. One that
    /// was suppressed is reported once, until something else is decided.
    fn decisions(&self) -> Vec<Decision> {
        let mut scaler = self.lock();
        let mut decided = Vec::new();
        while let Some(decision) = scaler.poll_action() {
            decided.push(Decision::of(&decision, &scaler));
        }
        decided
    }

    /// When to call :meth:`advance` next; ``None`` for never.
    #[getter]
    fn next_deadline_ns(&self) -> Option<u64> {
        self.lock().next_deadline().map(Instant::as_nanos)
    }

    /// What is desired now.
    #[getter]
    fn desired(&self) -> u32 {
        self.lock().scalable().capacity.desired
    }

    /// The bounds in force, ``(min, max)``.
    #[getter]
    fn bounds(&self) -> (u32, u32) {
        let bounds = self.lock().scalable().bounds;
        (bounds.min(), bounds.max())
    }
}
