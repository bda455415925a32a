//! An API front end: so many requests a second, else 429.

use pyo3::prelude::*;
use warmstow_core::concurrency::Rate;
use warmstow_core::time::{Duration, Instant};
use warmstow_core::trigger;

use crate::arguments::named;
use crate::errors;

/// A front end with a rate of its own, as Amazon API Gateway's: it answers 429 by
/// itself, before a function is asked.
///
/// ``rate_per_s`` requests a second, and up to ``burst`` at once; the defaults are
/// API Gateway's for an account in most regions. Lock-free; any thread.
///
/// >>> door = FrontEnd(rate_per_s=2, burst=1)
/// >>> door.admit(0), door.admit(100_000_000), door.admit(500_000_000)
/// (None, 400000000, None)
#[pyclass(frozen, module = "warmstow")]
pub(crate) struct FrontEnd(trigger::FrontEnd);

fn rate(count: u32, burst: u32) -> Rate {
    Rate { count, per: Duration::from_secs(1), burst }
}

#[pymethods]
impl FrontEnd {
    /// Raises:
    ///     ConfigError: a rate or a burst out of range.
    #[new]
    #[pyo3(signature = (*, rate_per_s = 10_000, burst = 5_000))]
    fn new(
        #[pyo3(from_py_with = named::rate_per_s)] rate_per_s: u32,
        #[pyo3(from_py_with = named::burst)] burst: u32,
    ) -> PyResult<Self> {
        trigger::FrontEnd::new(rate(rate_per_s, burst)).map(Self).map_err(errors::config)
    }

    /// Let a request pass to the function: ``None``. Else it is answered 429, and
    /// this is in how many nanoseconds the next may pass, if no other takes its
    /// place.
    fn admit(&self, #[pyo3(from_py_with = named::now_ns)] now_ns: u64) -> Option<u64> {
        let admitted = self.0.admit(Instant::from_nanos(now_ns));
        admitted.err().map(|refused| refused.retry_after.as_nanos())
    }

    /// Change the rate, for all threads at once.
    ///
    /// Raises:
    ///     ConfigError: a rate or a burst out of range; the one before stays.
    #[pyo3(signature = (*, rate_per_s, burst))]
    fn set_rate(
        &self,
        #[pyo3(from_py_with = named::rate_per_s)] rate_per_s: u32,
        #[pyo3(from_py_with = named::burst)] burst: u32,
    ) -> PyResult<()> {
        self.0.set_rate(rate(rate_per_s, burst)).map_err(errors::config)
    }
}
