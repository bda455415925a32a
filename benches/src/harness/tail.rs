//! The tail: single pairs timed one by one.

use core::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use super::{Clock, Requests};
use crate::Subject;

/// How long single pairs took, in nanoseconds, the clock's own cost taken off.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Tail {
    /// Half of them took no longer.
    pub p50_ns: f64,
    /// 99 in 100.
    pub p99_ns: f64,
    /// 999 in 1,000.
    pub p999_ns: f64,
}

/// Times, in ticks.
pub(super) type Ticks = Histogram<u64>;

/// Times single requests for `duration`.
pub(super) fn record<S: Subject>(
    requests: &mut Requests<'_, S>,
    clock: &Clock,
    duration: Duration,
) -> Ticks {
    let mut ticks = empty();
    let end = clock.ticks() + clock.ticks_in(duration);
    loop {
        let from = clock.ticks();
        requests.make(1);
        let to = clock.ticks();
        ticks.saturating_record(clock.net(from, to).max(1));
        if to >= end {
            return ticks;
        }
    }
}

/// No times; from one tick to some seconds, to 3 digits.
pub(super) fn empty() -> Ticks {
    Histogram::new_with_bounds(1, 1 << 34, 3).expect("the bounds are in order")
}

impl Tail {
    pub(super) fn of(ticks: &Ticks, clock: &Clock) -> Self {
        let at = |quantile| clock.ns(ticks.value_at_quantile(quantile));
        Self { p50_ns: at(0.5), p99_ns: at(0.99), p999_ns: at(0.999) }
    }
}
