//! Requests that wait: a bounded queue before a function.

use alloc::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use warmstow_core::function::{
    self, BacklogConfig, Dropped, InvokeError, OfferError, Offered, Overflow, Target,
};
use warmstow_core::time::{Duration, Instant};

use crate::arguments::{self, named};
use crate::errors;
use crate::handles::{Alias, Function, Invocation};
use crate::region::Region;

/// A bounded queue before a function, a version or an alias, for hosts that let a
/// request wait where AWS Lambda would refuse it.
///
/// ``target`` is a :class:`Function` or an :class:`Alias`. At most ``capacity``
/// requests wait, each for at most ``max_wait_s`` seconds; one more is refused, or
/// with ``overflow="drop_oldest"`` the oldest is dropped for it. First in, first
/// out. After each call carry out :meth:`actions`; call :meth:`advance` at
/// :attr:`next_deadline_ns`, and :meth:`freed` when a request has ended.
/// Thread-safe: calls wait for one another.
///
/// >>> region = Region(account_limit=1, unreserved_minimum=0)
/// >>> resize = region.add_function("resize")
/// >>> backlog = Backlog(region, resize, capacity=10)
/// >>> first = backlog.offer(0, 1)
/// >>> backlog.offer(1, 2) is None, len(backlog)
/// (True, 1)
/// >>> region.started(2, first.lease)
/// >>> region.complete(3, first.lease)
/// >>> backlog.freed(3)
/// >>> [action.request for action in backlog.actions()]
/// [2]
#[pyclass(frozen, module = "warmstow")]
pub(crate) struct Backlog {
    inner: Mutex<function::Backlog>,
}

/// What became of a request that waited.
#[pyclass(frozen, get_all, module = "warmstow")]
#[derive(Clone, Copy)]
pub(crate) struct BacklogAction {
    /// The host's number of it.
    request: u64,
    /// How long it waited, nanoseconds.
    waited_ns: u64,
    /// Where it runs, as of :meth:`Region.invoke`; ``None``: answer it that it
    /// does not run.
    invocation: Option<Invocation>,
    /// Why it does not: ``"too_late"``, ``"pushed_out"``, or the name of what is
    /// gone (``"UnknownFunction"``, ``"UnknownAlias"``).
    dropped: Option<&'static str>,
}

impl From<function::BacklogAction> for BacklogAction {
    fn from(action: function::BacklogAction) -> Self {
        match action {
            function::BacklogAction::Run { request, waited, invocation } => Self {
                request,
                waited_ns: waited.as_nanos(),
                invocation: Some(invocation.into()),
                dropped: None,
            },
            function::BacklogAction::Drop { request, waited, why } => Self {
                request,
                waited_ns: waited.as_nanos(),
                invocation: None,
                dropped: Some(match why {
                    Dropped::TooLate => "too_late",
                    Dropped::PushedOut => "pushed_out",
                    Dropped::Refused(error) => InvokeError::reason(&error),
                }),
            },
        }
    }
}

#[pymethods]
impl BacklogAction {
    fn __repr__(&self) -> String {
        let end = self.dropped.unwrap_or("runs");
        format!("BacklogAction(request={}, waited_ns={}, {end})", self.request, self.waited_ns)
    }
}

/// The host's number of a request.
fn request(value: &Bound<'_, PyAny>) -> PyResult<u64> {
    arguments::whole(value, "request")
}

/// What becomes of one request more.
fn overflow(value: &Bound<'_, PyAny>) -> PyResult<Overflow> {
    match arguments::text(value, "overflow")?.as_str() {
        "refuse" => Ok(Overflow::Refuse),
        "drop_oldest" => Ok(Overflow::DropOldest),
        other => Err(errors::config(format!("overflow is {other:?}: needs refuse or drop_oldest"))),
    }
}

/// A :class:`Function` or an :class:`Alias`.
fn target(value: &Bound<'_, PyAny>) -> PyResult<Target> {
    if let Ok(alias) = value.extract::<Alias>() {
        return Ok(Target::Alias(alias.0));
    }
    let function: Function = value.extract()?;
    Ok(Target::Function(function.0))
}

impl Backlog {
    fn lock(&self) -> MutexGuard<'_, function::Backlog> {
        // Core leaves its state whole even where a caller's thread ends in it.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl Backlog {
    /// Raises:
    ///     ConfigError: a capacity that is not 1 to 1,048,576, or no time to wait.
    #[new]
    #[pyo3(
        signature = (
            region, target, *, capacity, max_wait_s = Duration::from_secs(300),
            overflow = Overflow::Refuse,
        ),
        text_signature = "(region, target, *, capacity, max_wait_s=300.0, overflow=\"refuse\")"
    )]
    fn new(
        region: &Bound<'_, Region>,
        #[pyo3(from_py_with = target)] target: Target,
        #[pyo3(from_py_with = named::capacity)] capacity: u32,
        #[pyo3(from_py_with = named::max_wait_s)] max_wait_s: Duration,
        #[pyo3(from_py_with = overflow)] overflow: Overflow,
    ) -> PyResult<Self> {
        let config = BacklogConfig { capacity, max_wait: max_wait_s, overflow };
        let inner = function::Backlog::new(region.get().shared().core().clone(), target, config);
        Ok(Self { inner: Mutex::new(inner.map_err(errors::config)?) })
    }

    /// Admit a request, or let it wait behind those that do: then ``None``, and an
    /// action says what becomes of it. ``request`` is the host's own number of it,
    /// and of an alias the draw between its two versions.
    ///
    /// Raises:
    ///     ExhaustedError: as many wait as may (``"BacklogFull"``).
    ///     StaleHandleError: the function or the alias is gone, or foreign.
    fn offer(
        &self,
        #[pyo3(from_py_with = named::now_ns)] now_ns: u64,
        #[pyo3(from_py_with = request)] request: u64,
    ) -> PyResult<Option<Invocation>> {
        match self.lock().offer(Instant::from_nanos(now_ns), request) {
            Ok(Offered::Admitted(invocation)) => Ok(Some(invocation.into())),
            Ok(Offered::Waits { .. }) => Ok(None),
            Err(OfferError::Refused(error)) => Err(errors::invoke(error)),
            Err(error) => Err(errors::exhausted(&error, "BacklogFull")),
        }
    }

    /// Something may be free: a request ended, an instance stopped, a limit was
    /// raised. Those that wait are admitted, the oldest first.
    fn freed(&self, #[pyo3(from_py_with = named::now_ns)] now_ns: u64) {
        self.lock().handle_freed(Instant::from_nanos(now_ns));
    }

    /// Take back a request that waits; whether it did.
    fn withdraw(&self, #[pyo3(from_py_with = request)] request: u64) -> bool {
        self.lock().withdraw(request)
    }

    /// Change how it behaves; those that wait do so on the new terms.
    ///
    /// Raises:
    ///     ConfigError: as for a new one; nothing has changed.
    #[pyo3(signature = (now_ns, *, capacity, max_wait_s, overflow))]
    fn configure(
        &self,
        #[pyo3(from_py_with = named::now_ns)] now_ns: u64,
        #[pyo3(from_py_with = named::capacity)] capacity: u32,
        #[pyo3(from_py_with = named::max_wait_s)] max_wait_s: Duration,
        #[pyo3(from_py_with = overflow)] overflow: Overflow,
    ) -> PyResult<()> {
        let config = BacklogConfig { capacity, max_wait: max_wait_s, overflow };
        self.lock().set_config(Instant::from_nanos(now_ns), config).map_err(errors::config)
    }

    /// Time has passed: those that waited too long are dropped, and the oldest is
    /// tried again.
    fn advance(&self, #[pyo3(from_py_with = named::now_ns)] now_ns: u64) {
        self.lock().handle_time(Instant::from_nanos(now_ns));
    }

    /// What is to be done since the last call of this; each action is given once.
    fn actions(&self) -> Vec<BacklogAction> {
        let mut backlog = self.lock();
        core::iter::from_fn(|| backlog.poll_action()).map(BacklogAction::from).collect()
    }

    /// When to call :meth:`advance` at the latest; ``None``: none waits.
    #[getter]
    fn next_deadline_ns(&self) -> Option<u64> {
        self.lock().next_deadline().map(Instant::as_nanos)
    }

    /// What it has seen, by name: ``offered`` is the sum of all others and of those
    /// that wait.
    fn counts(&self) -> BTreeMap<&'static str, u64> {
        let counts = *self.lock().counts();
        BTreeMap::from([
            ("offered", counts.offered),
            ("admitted", counts.admitted),
            ("waited", counts.waited),
            ("refused", counts.refused),
            ("too_late", counts.too_late),
            ("pushed_out", counts.pushed_out),
            ("gone", counts.gone),
        ])
    }

    fn __len__(&self) -> usize {
        self.lock().len()
    }
}
