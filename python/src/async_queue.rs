//! Asynchronous invocation: events that wait to be tried, and to be tried again.

use alloc::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use warmstow_core::time::{Duration, Instant};
use warmstow_core::trigger::{self, AsyncConfig, Destination, Destinations, EventKey, Outcome};

use crate::arguments::{self, named};
use crate::errors;

/// The queue of a function's asynchronous invocations, by AWS Lambda's rules.
///
/// An event that fails is tried again after 1 and after 2 more minutes, up to
/// ``retries`` times; one that is throttled after 1 s, doubled up to 5 min, which
/// costs no retry. One that is older than ``max_age_s``, or has no retries left,
/// goes to where failures go: with ``on_failure`` to that destination, with
/// ``dead_letter`` to the dead-letter queue. It holds ``capacity`` events.
///
/// After each call carry out :meth:`actions`; call :meth:`advance` at
/// :attr:`next_deadline_ns`. It knows no function: any platform can be behind it.
/// Thread-safe: calls wait for one another.
///
/// >>> queue = AsyncQueue(dead_letter=True, retries=0)
/// >>> event = queue.accept(0)
/// >>> [action.kind for action in queue.actions()]
/// ['invoke']
/// >>> queue.report(1, event, "failed")
/// >>> [(action.to, action.condition) for action in queue.actions()]
/// [('dead_letter', 'RetriesExhausted')]
#[pyclass(frozen, module = "warmstow")]
pub(crate) struct AsyncQueue {
    inner: Mutex<trigger::AsyncQueue>,
}

/// What is to be done with an event.
#[pyclass(frozen, get_all, module = "warmstow")]
#[derive(Clone, Copy)]
pub(crate) struct AsyncAction {
    /// ``"invoke"``: invoke the function for it, then :meth:`AsyncQueue.report`.
    /// ``"deliver"``: deliver it; it has left the queue. ``"forget"``: it has left
    /// the queue and goes nowhere.
    kind: &'static str,
    /// The event.
    event: u64,
    /// With ``"invoke"``, which attempt it is, from 1; throttled ones do not count.
    attempt: Option<u8>,
    /// With ``"deliver"``, where: ``"on_success"``, ``"on_failure"`` or
    /// ``"dead_letter"``.
    to: Option<&'static str>,
    /// Why it has left: ``"Success"``, ``"RetriesExhausted"``,
    /// ``"EventAgeExceeded"`` or ``"ZeroReservedConcurrency"``.
    condition: Option<&'static str>,
}

impl From<trigger::AsyncAction> for AsyncAction {
    fn from(action: trigger::AsyncAction) -> Self {
        use trigger::AsyncAction as A;
        let left = |kind, event: EventKey, to, condition: trigger::Condition| {
            let (event, condition) = (event.0, Some(condition.as_str()));
            Self { kind, event, attempt: None, to, condition }
        };
        match action {
            A::Invoke { event, attempt } => Self {
                kind: "invoke",
                event: event.0,
                attempt: Some(attempt),
                to: None,
                condition: None,
            },
            A::Deliver { event, to, condition } => {
                left("deliver", event, Some(name(to)), condition)
            }
            A::Forget { event, condition } => left("forget", event, None, condition),
        }
    }
}

const fn name(destination: Destination) -> &'static str {
    match destination {
        Destination::OnSuccess => "on_success",
        Destination::OnFailure => "on_failure",
        Destination::DeadLetter => "dead_letter",
    }
}

/// An event's number.
fn event(value: &Bound<'_, PyAny>) -> PyResult<u64> {
    arguments::whole(value, "event")
}

fn destination(value: &Bound<'_, PyAny>) -> PyResult<Destination> {
    const ALL: [Destination; 3] =
        [Destination::OnSuccess, Destination::OnFailure, Destination::DeadLetter];
    let text = arguments::text(value, "to")?;
    ALL.into_iter().find(|&of| name(of) == text).ok_or_else(|| {
        errors::config(format!("to is {text:?}: needs on_success, on_failure or dead_letter"))
    })
}

fn outcome(value: &Bound<'_, PyAny>) -> PyResult<Outcome> {
    match arguments::text(value, "outcome")?.as_str() {
        "succeeded" => Ok(Outcome::Succeeded),
        "failed" => Ok(Outcome::Failed),
        "throttled" => Ok(Outcome::Throttled),
        other => Err(errors::config(format!(
            "outcome is {other:?}: needs succeeded, failed or throttled"
        ))),
    }
}

#[pymethods]
impl AsyncAction {
    fn __repr__(&self) -> String {
        let why = self.condition.map(|condition| format!(", {condition}")).unwrap_or_default();
        format!("AsyncAction({}, event={}{why})", self.kind, self.event)
    }
}

impl AsyncQueue {
    fn lock(&self) -> MutexGuard<'_, trigger::AsyncQueue> {
        // Core leaves its state whole even where a caller's thread ends in it.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl AsyncQueue {
    /// Raises:
    ///     ConfigError: ``max_age_s`` not 60 to 21,600, ``retries`` not 0 to 2, or
    ///         no capacity.
    #[new]
    #[pyo3(
        signature = (
            *, max_age_s = Duration::from_secs(21_600), retries = 2, capacity = 100_000,
            on_success = false, on_failure = false, dead_letter = false,
        ),
        text_signature = "(*, max_age_s=21600.0, retries=2, capacity=100000, \
            on_success=False, on_failure=False, dead_letter=False)"
    )]
    fn new(
        #[pyo3(from_py_with = named::max_age_s)] max_age_s: Duration,
        #[pyo3(from_py_with = named::retries)] retries: u8,
        #[pyo3(from_py_with = named::capacity)] capacity: u32,
        #[pyo3(from_py_with = named::on_success)] on_success: bool,
        #[pyo3(from_py_with = named::on_failure)] on_failure: bool,
        #[pyo3(from_py_with = named::dead_letter)] dead_letter: bool,
    ) -> PyResult<Self> {
        let destinations = Destinations { on_success, on_failure, dead_letter };
        let config = AsyncConfig { max_age: max_age_s, retries, capacity, destinations };
        let inner = trigger::AsyncQueue::new(config).map_err(errors::config)?;
        Ok(Self { inner: Mutex::new(inner) })
    }

    /// Change how it behaves, for events that wait too; what is left out is as at
    /// first. Events in flight go on.
    ///
    /// Raises:
    ///     ConfigError: as above; nothing has changed.
    #[pyo3(
        signature = (
            now_ns, *, max_age_s = Duration::from_secs(21_600), retries = 2, capacity = 100_000,
            on_success = false, on_failure = false, dead_letter = false,
        ),
        text_signature = "(self, /, now_ns, *, max_age_s=21600.0, retries=2, capacity=100000, \
            on_success=False, on_failure=False, dead_letter=False)"
    )]
    #[expect(clippy::too_many_arguments, reason = "keywords of Python")]
    fn configure(
        &self,
        #[pyo3(from_py_with = named::now_ns)] now_ns: u64,
        #[pyo3(from_py_with = named::max_age_s)] max_age_s: Duration,
        #[pyo3(from_py_with = named::retries)] retries: u8,
        #[pyo3(from_py_with = named::capacity)] capacity: u32,
        #[pyo3(from_py_with = named::on_success)] on_success: bool,
        #[pyo3(from_py_with = named::on_failure)] on_failure: bool,
        #[pyo3(from_py_with = named::dead_letter)] dead_letter: bool,
    ) -> PyResult<()> {
        let destinations = Destinations { on_success, on_failure, dead_letter };
        let config = AsyncConfig { max_age: max_age_s, retries, capacity, destinations };
        self.lock().set_config(Instant::from_nanos(now_ns), config).map_err(errors::config)
    }

    /// Take an event, due at once; its number.
    ///
    /// Raises:
    ///     ExhaustedError: the queue is full (``"QueueFull"``).
    fn accept(&self, #[pyo3(from_py_with = named::now_ns)] now_ns: u64) -> PyResult<u64> {
        let taken = self.lock().accept(Instant::from_nanos(now_ns));
        taken.map(|event| event.0).map_err(|error| errors::exhausted(&error, "QueueFull"))
    }

    /// Report how an attempt went: ``"succeeded"``, ``"failed"`` (also by its
    /// timeout) or ``"throttled"`` (429, or an error of the platform).
    ///
    /// Raises:
    ///     StaleHandleError: the event is not in flight; nothing has changed.
    fn report(
        &self,
        #[pyo3(from_py_with = named::now_ns)] now_ns: u64,
        #[pyo3(from_py_with = event)] event: u64,
        #[pyo3(from_py_with = outcome)] outcome: Outcome,
    ) -> PyResult<()> {
        let now = Instant::from_nanos(now_ns);
        self.lock().handle_outcome(now, EventKey(event), outcome).map_err(errors::stale)
    }

    /// Report that a delivery did not succeed; the event is lost to it.
    fn undelivered(&self, #[pyo3(from_py_with = destination)] to: Destination) {
        self.lock().handle_undelivered(to);
    }

    /// Say whether the function is stopped by a reservation of 0: then events that
    /// are due go to where failures go, without an attempt.
    fn set_stopped(
        &self,
        #[pyo3(from_py_with = named::now_ns)] now_ns: u64,
        #[pyo3(from_py_with = named::stopped)] stopped: bool,
    ) {
        self.lock().set_stopped(Instant::from_nanos(now_ns), stopped);
    }

    /// Time has passed: let everything happen that is due.
    fn advance(&self, #[pyo3(from_py_with = named::now_ns)] now_ns: u64) {
        self.lock().handle_time(Instant::from_nanos(now_ns));
    }

    /// What is to be done since the last call of this; each action is given once.
    fn actions(&self) -> Vec<AsyncAction> {
        let mut queue = self.lock();
        core::iter::from_fn(|| queue.poll_action()).map(AsyncAction::from).collect()
    }

    /// When to call :meth:`advance` at the latest; ``None`` for never.
    #[getter]
    fn next_deadline_ns(&self) -> Option<u64> {
        self.lock().next_deadline().map(Instant::as_nanos)
    }

    /// ``AsyncEventAge``: how long the oldest event is in the queue, nanoseconds.
    fn oldest_age_ns(&self, #[pyo3(from_py_with = named::now_ns)] now_ns: u64) -> Option<u64> {
        self.lock().oldest_age(Instant::from_nanos(now_ns)).map(Duration::as_nanos)
    }

    /// Sums since the queue began, by AWS CloudWatch's names.
    fn metrics(&self) -> BTreeMap<&'static str, u64> {
        let metrics = *self.lock().metrics();
        BTreeMap::from([
            ("AsyncEventsReceived", metrics.received),
            ("AsyncEventsDropped", metrics.dropped),
            ("DeadLetterErrors", metrics.dead_letter_errors),
            ("DestinationDeliveryFailures", metrics.delivery_failures),
        ])
    }

    fn __len__(&self) -> usize {
        self.lock().len()
    }
}
