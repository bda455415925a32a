//! Calls of Amazon ECS: one door, in AWS's JSON.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use warmstow_core::service::api;
use warmstow_core::time::Instant;

use crate::arguments::named;
use crate::errors;

/// The clusters, task definitions and services of one account in one region.
///
/// :meth:`call` takes AWS's operations with requests in AWS's JSON, and
/// answers in AWS's JSON. Nothing runs: with ``settle`` (the default) each
/// call plays a host that starts and stops containers at once.
///
/// Any method may be called from any thread; calls wait for one another.
#[pyclass(frozen, module = "warmstow")]
pub(crate) struct Ecs(Mutex<api::Ecs>);

impl Ecs {
    fn account(&self) -> MutexGuard<'_, api::Ecs> {
        // Core leaves its state whole even where a caller's thread ends in it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl Ecs {
    #[new]
    #[pyo3(
        signature = (*, region = "us-east-1".to_owned(), account = "123456789012".to_owned()),
        text_signature = "(*, region=\"us-east-1\", account=\"123456789012\")"
    )]
    fn new(
        #[pyo3(from_py_with = named::region)] region: String,
        #[pyo3(from_py_with = named::account)] account: String,
    ) -> Self {
        Self(Mutex::new(api::Ecs::new(&region, &account)))
    }

    /// Carry out one operation (``"run-task"`` or ``"RunTask"``); the answer
    /// as JSON text. ``now_ns`` is the host's clock, from any fixed moment.
    ///
    /// Raises ``ApiError`` with AWS's code where the call is refused.
    #[pyo3(
        signature = (operation, request = "{}".to_owned(), *, now_ns = 0, settle = true),
        text_signature = "(self, /, operation, request=\"{}\", *, now_ns=0, settle=True)"
    )]
    fn call(
        &self,
        #[pyo3(from_py_with = named::operation)] operation: String,
        #[pyo3(from_py_with = named::request)] request: String,
        #[pyo3(from_py_with = named::now_ns)] now_ns: u64,
        settle: bool,
    ) -> PyResult<String> {
        let now = Instant::from_nanos(now_ns);
        let mut account = self.account();
        if settle {
            account.settle(now);
        }
        let answer = account.call(now, &operation, &request);
        if settle {
            account.settle(now);
        }
        answer.map_err(errors::api)
    }

    /// The next thing that the host shall do, as JSON text; ``None`` when that
    /// is all. For hosts that run containers: with ``settle=False`` in
    /// :meth:`call`.
    ///
    /// >>> {"action": "StartContainer", "cluster": "c", "task": "arn:...",
    /// ...  "container": "web"}
    ///
    /// ``AttachTrunk`` and ``DetachTrunk`` (``instance``), ``Provision``,
    /// ``Deprovision``, ``Activate`` and ``Deactivate`` (``task``),
    /// ``StartContainer``, ``StopContainer`` and ``KillContainer`` (``task``,
    /// ``container``), ``RegisterTarget`` and ``DeregisterTarget`` (``service``,
    /// ``task``); and the news ``TaskChanged`` and ``InstanceChanged``.
    #[pyo3(text_signature = "(self, /)")]
    fn poll(&self) -> Option<String> {
        self.account().poll_json()
    }

    /// Take in what happened, as JSON text with ``event``, ``cluster`` and what
    /// it is about, such as ``ContainerStarted`` with ``task`` and ``container``,
    /// ``ContainerExited`` with ``exitCode`` too, ``TargetHealth`` with
    /// ``service``, ``task`` and ``health``.
    ///
    /// Raises ``ApiError`` where it cannot be; nothing has changed.
    #[pyo3(
        signature = (event, *, now_ns = 0),
        text_signature = "(self, /, event, *, now_ns=0)"
    )]
    fn report(
        &self,
        #[pyo3(from_py_with = named::event)] event: String,
        #[pyo3(from_py_with = named::now_ns)] now_ns: u64,
    ) -> PyResult<()> {
        let handled = self.account().handle_json(Instant::from_nanos(now_ns), &event);
        handled.map_err(errors::api)
    }

    /// Let everything happen that is due by ``now_ns``.
    #[pyo3(signature = (now_ns), text_signature = "(self, /, now_ns)")]
    fn advance(&self, #[pyo3(from_py_with = named::now_ns)] now_ns: u64) {
        self.account().handle_time(Instant::from_nanos(now_ns));
    }

    /// When :meth:`advance` is due at the latest; ``None`` for never.
    #[getter]
    fn next_deadline_ns(&self) -> Option<u64> {
        self.account().next_deadline().map(Instant::as_nanos)
    }

    /// Say which availability zone a subnet is in: tasks with ``awsvpc`` that
    /// name it run there. One that was not told of is in any zone.
    #[pyo3(
        signature = (subnet, availability_zone),
        text_signature = "(self, /, subnet, availability_zone)"
    )]
    fn put_subnet(
        &self,
        #[pyo3(from_py_with = named::subnet)] subnet: String,
        #[pyo3(from_py_with = named::availability_zone)] availability_zone: String,
    ) {
        self.account().put_subnet(&subnet, &availability_zone);
    }

    fn __repr__(&self) -> &'static str {
        "Ecs()"
    }
}

/// The operations that :meth:`Ecs.call` takes, each with a request to fill in.
#[pyfunction]
pub(crate) fn ecs_operations() -> Vec<(&'static str, &'static str)> {
    api::operations().collect()
}
