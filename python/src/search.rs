//! Searches that a clock or a budget ends, with a look for an interrupt now and
//! then.

use core::time::Duration;
use std::time::Instant;

use pyo3::prelude::*;
use warmstow_core::time;

/// Work between two looks at the clock: some tenths of a millisecond.
const STEP: u64 = 1 << 14;
/// Steps between two looks for an interrupt.
const STEPS: u32 = 64;

/// Has `advance` spend about so much work; whether more can be gained.
pub(crate) fn advance(
    py: Python<'_>,
    work: u64,
    advance: impl Fn(u64) -> bool + Sync,
) -> PyResult<bool> {
    let mut left = work.max(1);
    loop {
        let step = left.min(STEP * u64::from(STEPS));
        let more = py.detach(|| advance(step));
        left -= step;
        if !more || left == 0 {
            return Ok(more);
        }
        py.check_signals()?;
    }
}

/// Has `advance` spend so much time by the clock; whether more can be gained.
pub(crate) fn run(
    py: Python<'_>,
    time: time::Duration,
    advance: impl Fn(u64) -> bool + Sync,
) -> PyResult<bool> {
    let end = Instant::now() + Duration::from_nanos(time.as_nanos());
    loop {
        let (more, over) = py.detach(|| {
            let mut more = true;
            for _ in 0..STEPS {
                more = advance(STEP);
                if !more || Instant::now() >= end {
                    return (more, true);
                }
            }
            (more, false)
        });
        if over {
            return Ok(more);
        }
        py.check_signals()?;
    }
}
