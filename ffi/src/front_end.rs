//! An API front end: so many requests a second, else 429.

use warmstow_core::concurrency::{Rate, RateError};
use warmstow_core::time::{Duration, Instant};
use warmstow_core::trigger::FrontEnd;

use crate::boundary::{self, Caller};
use crate::failure::Failure;
use crate::status::warmstow_status as S;
use crate::table::Table;

/// The most front ends that are open at a time.
pub const WARMSTOW_MAX_FRONT_ENDS: u32 = 65_536;

/// Requests a second of Amazon API Gateway, for an account in most regions.
pub const WARMSTOW_API_GATEWAY_RATE: u32 = 10_000;

/// Its burst.
pub const WARMSTOW_API_GATEWAY_BURST: u32 = 5_000;

/// A front end with a rate of its own, as Amazon API Gateway's: it answers 429 by
/// itself, before a function is asked. From warmstow_front_end_open() until
/// warmstow_front_end_close(). All-zero is none.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct warmstow_front_end {
    /// For warmstow to read; store and compare it as it is.
    pub bits: u64,
}

static TABLE: Table<FrontEnd> = Table::new("front end", S::WARMSTOW_ERROR_FRONT_END_STALE);

const fn rate(count: u32, burst: u32) -> Rate {
    Rate { count, per: Duration::from_secs(1), burst }
}

fn failure(error: RateError) -> Failure {
    boundary::written(S::WARMSTOW_ERROR_FRONT_END_RATE, error)
}

/// Opens a front end of so many requests a second, and up to burst at once.
///
/// Errors: NULL, MISALIGNED, FRONT_END_RATE, FRONT_ENDS_FULL; then *front_end is
/// untouched. Any thread; allocates.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_front_end_open(
    rate_per_s: u32,
    burst: u32,
    front_end: *mut warmstow_front_end,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::call(|| {
        let out = caller.out(front_end, "front_end")?;
        let made = FrontEnd::new(rate(rate_per_s, burst)).map_err(failure)?;
        let full = S::WARMSTOW_ERROR_FRONT_ENDS_FULL;
        let bits = TABLE.open(made, WARMSTOW_MAX_FRONT_ENDS, full)?;
        out.set(warmstow_front_end { bits });
        Ok(())
    })
}

/// Closes a front end.
///
/// Errors: FRONT_END_STALE, also when closed twice. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_front_end_close(front_end: warmstow_front_end) -> i32 {
    boundary::call(|| TABLE.close(front_end.bits))
}

/// Changes the rate, for all threads at once.
///
/// Errors: FRONT_END_STALE, POISONED, FRONT_END_RATE; then the one before stays.
/// Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_front_end_set_rate(
    front_end: warmstow_front_end,
    rate_per_s: u32,
    burst: u32,
) -> i32 {
    TABLE.on(front_end.bits, |door| door.set_rate(rate(rate_per_s, burst)).map_err(failure))
}

/// Lets a request pass to the function, or not.
///
/// *retry_after_ns: 0 where it passes; with RATE_EXCEEDED, in how long the next
/// one may, if no other takes its place.
///
/// Errors: FRONT_END_STALE, POISONED, NULL, MISALIGNED; then *retry_after_ns is
/// untouched. RATE_EXCEEDED: answer the request 429. O(1). Any thread; calls on
/// one front end wait for each other.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_front_end_admit(
    front_end: warmstow_front_end,
    now_ns: u64,
    retry_after_ns: *mut u64,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    TABLE.on(front_end.bits, |door| {
        let out = caller.out(retry_after_ns, "retry_after_ns")?;
        match door.admit(Instant::from_nanos(now_ns)) {
            Ok(()) => {
                out.set(0);
                Ok(())
            }
            Err(refused) => {
                out.set(refused.retry_after.as_nanos());
                Err(boundary::written(S::WARMSTOW_ERROR_RATE_EXCEEDED, refused))
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_of_api_gateway_is_the_core_s() {
        let written = rate(WARMSTOW_API_GATEWAY_RATE, WARMSTOW_API_GATEWAY_BURST);
        assert_eq!(written, FrontEnd::API_GATEWAY);
    }
}
