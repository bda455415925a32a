//! Counters: what a function has done.

use warmstow_core::concurrency::ThrottleReason;
use warmstow_core::function::Counters;

use crate::boundary::{self, Caller};
use crate::function::warmstow_function;
use crate::region::warmstow_region;
use crate::status::{WARMSTOW_REFUSAL_COUNT, warmstow_refusal as R};

/// Counts since a function was added; each only rises, but for the last three,
/// which are of this moment.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct warmstow_counters {
    /// Invocations that an idle instance took.
    pub warm_starts: u64,
    /// Invocations that started an instance.
    pub cold_starts: u64,
    /// Invocations completed.
    pub completions: u64,
    /// Invocations failed.
    pub failures: u64,
    /// Invocations refused, indexed by warmstow_refusal.
    pub refusals: [u64; WARMSTOW_REFUSAL_COUNT],
    /// Requests in flight.
    pub in_flight: u64,
    /// Instances, from starting to stopping.
    pub instances: u32,
    /// Started instances without a request.
    pub idle_instances: u32,
}

impl warmstow_counters {
    fn of(counters: &Counters) -> Self {
        let mut refusals = [0; WARMSTOW_REFUSAL_COUNT];
        for reason in ThrottleReason::ALL {
            refusals[R::of_throttle(reason) as usize] = counters.throttles[reason.index()];
        }
        refusals[R::WARMSTOW_REFUSAL_INSTANCE_LIMIT as usize] = counters.instance_limits;
        refusals[R::WARMSTOW_REFUSAL_NO_CPU as usize] = counters.no_cpu;
        refusals[R::WARMSTOW_REFUSAL_NO_MEMORY as usize] = counters.no_memory;
        refusals[R::WARMSTOW_REFUSAL_SCALING_RATE as usize] = counters.scaling_rates;
        Self {
            warm_starts: counters.warm_starts,
            cold_starts: counters.cold_starts,
            completions: counters.completions,
            failures: counters.failures,
            refusals,
            in_flight: counters.in_flight,
            instances: counters.instances,
            idle_instances: counters.idle_instances,
        }
    }
}

/// Writes what a function has done to *counters. O(instances).
///
/// struct_size: sizeof *counters. While other threads work, counts can be one
/// call apart; at rest they are exact: warm_starts + cold_starts = completions
/// + failures + in_flight.
///
/// Errors: REGION_STALE, POISONED, FUNCTION_STALE, NULL, MISALIGNED,
/// STRUCT_SIZE; then *counters is untouched. Any thread; lock-free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_counters_read(
    region: warmstow_region,
    function: warmstow_function,
    counters: *mut warmstow_counters,
    struct_size: usize,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::on_region(region, |entry| {
        let out = caller.out_sized(counters, struct_size, "counters")?;
        let counters = entry.region().counters(function.id()?)?;
        out.set(warmstow_counters::of(&counters));
        Ok(())
    })
}
