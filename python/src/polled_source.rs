//! An event source that is polled: batches, pollers, their scaling.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use warmstow_core::time::{Duration, Instant};
use warmstow_core::trigger::{self, BatchEnd, BatchKey, PolledAction, PolledConfig, PollerScaling};

use crate::arguments::{self, named};
use crate::errors;

/// A queue that is polled in batches for a function, as AWS Lambda polls Amazon
/// SQS.
///
/// A batch has up to ``batch_size`` messages (1 to 10,000; above 10 with a window
/// of 1 s or more) and waits up to ``window_s`` to be full. As many batches run at
/// a time as there are pollers: ``scaling`` is ``"lambda"`` (5, and 300 more each
/// minute, up to 1,250), ``"lambda-2022"`` (60 more, up to 1,000), or
/// ``(initial, per_minute, most)``; and at most ``maximum_concurrency``, 2 to
/// 1,000.
///
/// Say how many messages are visible (:meth:`messages`), carry out
/// :meth:`batches`, and report each (:meth:`ended`); call :meth:`advance` at
/// :attr:`next_deadline_ns`. Thread-safe: calls wait for one another.
///
/// >>> source = PolledSource()
/// >>> source.messages(0, 25)
/// >>> source.batches()
/// [(1, 10), (2, 10), (3, 5)]
#[pyclass(frozen, module = "warmstow")]
pub(crate) struct PolledSource {
    inner: Mutex<trigger::PolledSource>,
}

fn scaling(value: &Bound<'_, PyAny>) -> PyResult<PollerScaling> {
    const NEEDS: &str = "needs lambda, lambda-2022, or (initial, per_minute, most)";
    if let Ok(text) = value.extract::<String>() {
        return match text.as_str() {
            "lambda" => Ok(PollerScaling::LAMBDA),
            "lambda-2022" => Ok(PollerScaling::LAMBDA_2022),
            _ => Err(errors::config(format!("scaling is {text:?}: {NEEDS}"))),
        };
    }
    let three: (Bound<'_, PyAny>, Bound<'_, PyAny>, Bound<'_, PyAny>) = value
        .extract()
        .map_err(|_| errors::config(format!("scaling is {}: {NEEDS}", arguments::shown(value))))?;
    Ok(PollerScaling {
        initial: arguments::whole(&three.0, "initial")?,
        per_minute: arguments::whole(&three.1, "per_minute")?,
        most: arguments::whole(&three.2, "most")?,
    })
}

fn end(value: &Bound<'_, PyAny>) -> PyResult<BatchEnd> {
    match arguments::text(value, "end")?.as_str() {
        "succeeded" => Ok(BatchEnd::Succeeded),
        "failed" => Ok(BatchEnd::Failed),
        "throttled" => Ok(BatchEnd::Throttled),
        other => {
            Err(errors::config(format!("end is {other:?}: needs succeeded, failed or throttled")))
        }
    }
}

impl PolledSource {
    fn lock(&self) -> MutexGuard<'_, trigger::PolledSource> {
        // Core leaves its state whole even where a caller's thread ends in it.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl PolledSource {
    /// Raises:
    ///     ConfigError: a value out of range.
    #[new]
    #[pyo3(
        signature = (
            *, batch_size = 10, window_s = Duration::ZERO, maximum_concurrency = None,
            scaling = PollerScaling::LAMBDA,
        ),
        text_signature = "(*, batch_size=10, window_s=0.0, maximum_concurrency=None, \
            scaling=\"lambda\")"
    )]
    fn new(
        #[pyo3(from_py_with = named::batch_size)] batch_size: u32,
        #[pyo3(from_py_with = named::window_s)] window_s: Duration,
        #[pyo3(from_py_with = named::maximum_concurrency)] maximum_concurrency: Option<u32>,
        #[pyo3(from_py_with = scaling)] scaling: PollerScaling,
    ) -> PyResult<Self> {
        let config = PolledConfig { batch_size, window: window_s, maximum_concurrency, scaling };
        let inner = trigger::PolledSource::new(config).map_err(errors::config)?;
        Ok(Self { inner: Mutex::new(inner) })
    }

    /// Change how it is polled; what is left out is as at first. Batches in flight
    /// go on.
    ///
    /// Raises:
    ///     ConfigError: a value out of range; nothing has changed.
    #[pyo3(
        signature = (
            now_ns, *, batch_size = 10, window_s = Duration::ZERO, maximum_concurrency = None,
            scaling = PollerScaling::LAMBDA,
        ),
        text_signature = "(self, /, now_ns, *, batch_size=10, window_s=0.0, \
            maximum_concurrency=None, scaling=\"lambda\")"
    )]
    fn configure(
        &self,
        #[pyo3(from_py_with = named::now_ns)] now_ns: u64,
        #[pyo3(from_py_with = named::batch_size)] batch_size: u32,
        #[pyo3(from_py_with = named::window_s)] window_s: Duration,
        #[pyo3(from_py_with = named::maximum_concurrency)] maximum_concurrency: Option<u32>,
        #[pyo3(from_py_with = scaling)] scaling: PollerScaling,
    ) -> PyResult<()> {
        let config = PolledConfig { batch_size, window: window_s, maximum_concurrency, scaling };
        self.lock().set_config(Instant::from_nanos(now_ns), config).map_err(errors::config)
    }

    /// So many messages are visible now, those in flight not among them.
    fn messages(
        &self,
        #[pyo3(from_py_with = named::now_ns)] now_ns: u64,
        #[pyo3(from_py_with = named::visible)] visible: u64,
    ) {
        self.lock().handle_messages(Instant::from_nanos(now_ns), visible);
    }

    /// Report how a batch went: ``"succeeded"`` (also in part), ``"failed"`` or
    /// ``"throttled"``.
    ///
    /// Raises:
    ///     StaleHandleError: it is not in flight; nothing has changed.
    fn ended(
        &self,
        #[pyo3(from_py_with = named::now_ns)] now_ns: u64,
        #[pyo3(from_py_with = named::batch)] batch: u64,
        #[pyo3(from_py_with = end)] end: BatchEnd,
    ) -> PyResult<()> {
        let now = Instant::from_nanos(now_ns);
        self.lock().handle_end(now, BatchKey(batch), end).map_err(errors::stale)
    }

    /// Time has passed: let everything happen that is due.
    fn advance(&self, #[pyo3(from_py_with = named::now_ns)] now_ns: u64) {
        self.lock().handle_time(Instant::from_nanos(now_ns));
    }

    /// The batches to begin since the last call of this, as ``(batch, messages)``:
    /// receive at most so many messages and invoke the function with them.
    fn batches(&self) -> Vec<(u64, u32)> {
        let mut source = self.lock();
        let next = || source.poll_action();
        core::iter::from_fn(next)
            .map(|PolledAction::Invoke { batch, messages }| (batch.0, messages))
            .collect()
    }

    /// When to call :meth:`advance` at the latest; ``None`` for never.
    #[getter]
    fn next_deadline_ns(&self) -> Option<u64> {
        self.lock().next_deadline().map(Instant::as_nanos)
    }

    /// Batches in flight.
    #[getter]
    fn in_flight(&self) -> usize {
        self.lock().in_flight()
    }

    /// Batches that may be in flight now.
    #[getter]
    fn concurrency(&self) -> u32 {
        self.lock().concurrency()
    }
}
