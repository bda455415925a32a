//! Scalers: autoscaling of one service or of a function's provisioned
//! concurrency, from data and time to decisions.

use alloc::string::ToString;
use core::ffi::c_char;

use warmstow_core::autoscale::{
    Bounds, Cause, Decision, Direction, MetricId, Outcome, Scaler, ScalerConfig, ScalerError,
    Suppression, Suspended,
};
use warmstow_core::time::Instant;

use crate::boundary::{self, Caller, Count};
use crate::failure::Failure;
use crate::status::warmstow_status as S;
use crate::table::Table;

/// The most scalers that are open at a time.
pub const WARMSTOW_MAX_SCALERS: u32 = 65_536;

/// Steps out of policies are suspended; see warmstow_scaler_suspend().
pub const WARMSTOW_SUSPEND_SCALE_OUT: u32 = 1;
/// Steps in of policies are suspended.
pub const WARMSTOW_SUSPEND_SCALE_IN: u32 = 2;
/// Scheduled actions are suspended: those due meanwhile are lost.
pub const WARMSTOW_SUSPEND_SCHEDULED: u32 = 4;

/// An open scaler. From warmstow_scaler_open() until warmstow_scaler_close().
/// All-zero is no scaler.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct warmstow_scaler {
    /// For warmstow to read; store and compare it as it is.
    pub bits: u64,
}

/// Who asked for a decision.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum warmstow_cause {
    /// There was no decision left.
    WARMSTOW_CAUSE_NONE = 0,
    /// A policy.
    WARMSTOW_CAUSE_POLICY = 1,
    /// A scheduled action.
    WARMSTOW_CAUSE_SCHEDULED = 2,
    /// Bounds that were set.
    WARMSTOW_CAUSE_BOUNDS = 3,
}

/// Why a step that was wanted was not taken.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum warmstow_suppression {
    /// It was taken.
    WARMSTOW_SUPPRESSION_NONE = 0,
    /// A cooldown runs; of a step out, as much was added within it.
    WARMSTOW_SUPPRESSION_COOLDOWN = 1,
    /// Nothing is scaled in during a deployment.
    WARMSTOW_SUPPRESSION_DEPLOYMENT = 2,
    /// It is suspended.
    WARMSTOW_SUPPRESSION_SUSPENDED = 3,
    /// The capacity is at its bound.
    WARMSTOW_SUPPRESSION_AT_BOUND = 4,
    /// As much is desired already.
    WARMSTOW_SUPPRESSION_ALREADY_DESIRED = 5,
    /// A policy that must agree to a step in did not.
    WARMSTOW_SUPPRESSION_VETOED = 6,
    /// Another policy wanted more capacity.
    WARMSTOW_SUPPRESSION_LARGER_WINS = 7,
    /// The bounds of a scheduled action would cross.
    WARMSTOW_SUPPRESSION_BOUNDS_CROSS = 8,
    /// Another reason, of a later version: see the text.
    WARMSTOW_SUPPRESSION_OTHER = 9,
}

/// A decision; see warmstow_scaler_poll().
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct warmstow_decision {
    /// When.
    pub at_ns: u64,
    /// The metric, of a policy's decision; else 0.
    pub value: f64,
    /// The threshold that it breaches.
    pub threshold: f64,
    /// A warmstow_cause; WARMSTOW_CAUSE_NONE where there was no decision.
    pub cause: u32,
    /// The number of the policy or of the scheduled action, in the order of the
    /// configuration, from 0.
    pub index: u32,
    /// 1: a policy wants more; -1: less; 0: no policy's decision.
    pub direction: i32,
    /// The capacity that the policy wanted; else 0.
    pub wanted: u32,
    /// What ran.
    pub running: u32,
    /// The desired capacity before.
    pub from: u32,
    /// The desired capacity now: set it, where it differs.
    pub to: u32,
    /// A warmstow_suppression.
    pub suppression: u32,
    /// The bounds in force.
    pub min: u32,
    /// The bounds in force.
    pub max: u32,
}

static TABLE: Table<Scaler> = Table::new("scaler", S::WARMSTOW_ERROR_SCALER_STALE);

/// Runs a call on an open scaler; a panic poisons it.
fn on_scaler(
    scaler: warmstow_scaler,
    work: impl FnOnce(&mut Scaler) -> Result<(), Failure>,
) -> i32 {
    TABLE.on(scaler.bits, work)
}

/// Opens a scaler from its configuration, a text in JSON of `length` bytes:
///
///     {"min": 2, "max": 20, "running": 4, "unix_s_at_origin": 1767571200,
///      "policies": [
///       {"name": "cpu", "metric": "cpu", "rule": {"target_tracking":
///         {"target": 50, "scale_out_cooldown_s": 300, "scale_in_cooldown_s": 300,
///          "disable_scale_in": false, "period_s": 60}}},
///       {"name": "queue", "metric": "depth", "rule": {"step":
///         {"alarm": {"comparison": "greater_or_equal", "threshold": 100, "periods": 1},
///          "adjustment_type": "ChangeInCapacity", "cooldown_s": 300,
///          "steps": [{"lower": 0, "adjustment": 2}]}}},
///       {"name": "kpa", "metric": "concurrency", "rule": {"concurrency_based": {}}}],
///      "scheduled": [
///       {"name": "night", "schedule": "cron(0 22 * * ? *)", "min": 2, "max": 4}]}
///
/// What has a default may be left out; a name that is none is an error. `min`,
/// `max` and `running` have none.
///
/// Errors: NULL, TEXT, SCALER_CONFIG, SCALERS_FULL; then *scaler is untouched.
/// Any thread; allocates.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_scaler_open(
    config: *const c_char,
    length: usize,
    now_ns: u64,
    scaler: *mut warmstow_scaler,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::call(|| {
        let text = caller.long_text(config, length, "config")?;
        let out = caller.out(scaler, "scaler")?;
        let config = ScalerConfig::from_json(&text);
        let opened = config.and_then(|config| config.start(Instant::from_nanos(now_ns)));
        let opened =
            opened.map_err(|error| boundary::written(S::WARMSTOW_ERROR_SCALER_CONFIG, error))?;
        out.set(open(opened)?);
        Ok(())
    })
}

fn open(scaler: Scaler) -> Result<warmstow_scaler, Failure> {
    let full = S::WARMSTOW_ERROR_SCALERS_FULL;
    let bits = TABLE.open(scaler, WARMSTOW_MAX_SCALERS, full)?;
    Ok(warmstow_scaler { bits })
}

/// Closes a scaler. Its handle is stale from now on.
///
/// Errors: SCALER_STALE, also when closed twice. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_scaler_close(scaler: warmstow_scaler) -> i32 {
    boundary::call(|| TABLE.close(scaler.bits))
}

/// The number of the metric of that name, for warmstow_scaler_observe().
///
/// Errors: SCALER_STALE, POISONED, NULL, LENGTH, TEXT, METRIC_UNKNOWN. Any
/// thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_scaler_metric(
    scaler: warmstow_scaler,
    name: *const c_char,
    metric: *mut u32,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    on_scaler(scaler, |scaler| {
        let name = caller.text(name, "name")?;
        let out = caller.out(metric, "metric")?;
        let known = scaler.metric(name).ok_or_else(|| {
            let message = format_args!("no policy reads a metric {name:?}");
            boundary::written(S::WARMSTOW_ERROR_METRIC_UNKNOWN, message)
        })?;
        out.set(known.number());
        Ok(())
    })
}

/// A datum of a metric, as of now_ns. Periods that have ended are evaluated
/// first; then warmstow_scaler_poll().
///
/// Errors: SCALER_STALE, POISONED, METRIC_UNKNOWN, DATUM (no finite number);
/// then nothing has changed. Any thread; calls on one scaler wait for each
/// other.
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_scaler_observe(
    scaler: warmstow_scaler,
    now_ns: u64,
    metric: u32,
    value: f64,
) -> i32 {
    on_scaler(scaler, |scaler| {
        let now = Instant::from_nanos(now_ns);
        scaler.handle_datum(now, MetricId::new(metric), value).map_err(|error| {
            let status = match error {
                ScalerError::UnknownMetric(_) => S::WARMSTOW_ERROR_METRIC_UNKNOWN,
                _ => S::WARMSTOW_ERROR_DATUM,
            };
            boundary::written(status, error)
        })
    })
}

/// So much runs now (tasks, or provisioned concurrency allocated).
///
/// Errors: SCALER_STALE, POISONED. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_scaler_running(
    scaler: warmstow_scaler,
    now_ns: u64,
    running: u32,
) -> i32 {
    on_scaler(scaler, |scaler| {
        scaler.handle_running(Instant::from_nanos(now_ns), running);
        Ok(())
    })
}

/// Someone else set the desired capacity.
///
/// Errors: SCALER_STALE, POISONED. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_scaler_desired(
    scaler: warmstow_scaler,
    now_ns: u64,
    desired: u32,
) -> i32 {
    on_scaler(scaler, |scaler| {
        scaler.handle_desired(Instant::from_nanos(now_ns), desired);
        Ok(())
    })
}

/// A deployment is under way (not 0) or has ended (0): nothing is scaled in
/// during one.
///
/// Errors: SCALER_STALE, POISONED. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_scaler_deployment(
    scaler: warmstow_scaler,
    now_ns: u64,
    under_way: u32,
) -> i32 {
    on_scaler(scaler, |scaler| {
        scaler.handle_deployment(Instant::from_nanos(now_ns), under_way != 0);
        Ok(())
    })
}

/// Suspends activities: a sum of WARMSTOW_SUSPEND_...; 0 resumes all.
///
/// Errors: SCALER_STALE, POISONED, ENUM (another bit). Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_scaler_suspend(
    scaler: warmstow_scaler,
    now_ns: u64,
    activities: u32,
) -> i32 {
    on_scaler(scaler, |scaler| {
        if activities > 7 {
            let message = format_args!("activities is {activities}: it must be 0 to 7");
            return Err(boundary::written(S::WARMSTOW_ERROR_ENUM, message));
        }
        let suspended = Suspended {
            scale_out: activities & WARMSTOW_SUSPEND_SCALE_OUT != 0,
            scale_in: activities & WARMSTOW_SUSPEND_SCALE_IN != 0,
            scheduled: activities & WARMSTOW_SUSPEND_SCHEDULED != 0,
        };
        scaler.handle_suspended(Instant::from_nanos(now_ns), suspended);
        Ok(())
    })
}

/// Sets the bounds; a desired capacity beyond them is brought to them at once.
///
/// Errors: SCALER_STALE, POISONED, SCALER_CONFIG (min above max); then the
/// bounds are as they were. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_scaler_bounds(
    scaler: warmstow_scaler,
    now_ns: u64,
    min: u32,
    max: u32,
) -> i32 {
    on_scaler(scaler, |scaler| {
        let bounds = Bounds::new(min, max);
        let bounds =
            bounds.map_err(|error| boundary::written(S::WARMSTOW_ERROR_SCALER_CONFIG, error))?;
        scaler.handle_bounds(Instant::from_nanos(now_ns), bounds);
        Ok(())
    })
}

/// Time has passed: what is scheduled is carried out and policies whose
/// periods have ended decide; then warmstow_scaler_poll(). *next_ns is when to
/// call this next, UINT64_MAX for never; NULL where that is not asked for.
///
/// Errors: SCALER_STALE, POISONED, MISALIGNED. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_scaler_advance(
    scaler: warmstow_scaler,
    now_ns: u64,
    next_ns: *mut u64,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    on_scaler(scaler, |scaler| {
        let next = caller.out_or_none(next_ns, "next_ns")?;
        scaler.handle_time(Instant::from_nanos(now_ns));
        if let Some(next) = next {
            next.set(scaler.next_deadline().map_or(u64::MAX, Instant::as_nanos));
        }
        Ok(())
    })
}

/// The next decision that was not polled, or WARMSTOW_CAUSE_NONE in
/// decision->cause: call until then after each call above. One that was
/// suppressed is reported once, until something else is decided.
///
/// struct_size: sizeof *decision. text, of `capacity` bytes: a sentence that
/// says who wanted what and why, cut where it is longer, with its NUL; NULL
/// where it is not asked for, and then `capacity` is 0.
///
/// Errors: SCALER_STALE, POISONED, NULL, MISALIGNED, STRUCT_SIZE, LENGTH; then
/// the decision is not lost. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_scaler_poll(
    scaler: warmstow_scaler,
    decision: *mut warmstow_decision,
    struct_size: usize,
    text: *mut c_char,
    capacity: usize,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    on_scaler(scaler, |scaler| {
        let out = caller.out_sized(decision, struct_size, "decision")?;
        let count = Count { given: capacity, name: "capacity" };
        let text = caller.buffer_or_none(text.cast::<u8>(), count, "text")?;
        let decided = scaler.poll_action();
        if let Some(text) = text {
            text.text(&decided.as_ref().map(Decision::to_string).unwrap_or_default());
        }
        out.set(warmstow_decision::of(decided.as_ref(), scaler));
        Ok(())
    })
}

impl warmstow_decision {
    fn of(decision: Option<&Decision>, scaler: &Scaler) -> Self {
        let bounds = scaler.scalable().bounds;
        let mut flat = Self {
            at_ns: 0,
            value: 0.0,
            threshold: 0.0,
            cause: warmstow_cause::WARMSTOW_CAUSE_NONE as u32,
            index: 0,
            direction: 0,
            wanted: 0,
            running: 0,
            from: 0,
            to: 0,
            suppression: warmstow_suppression::WARMSTOW_SUPPRESSION_NONE as u32,
            min: bounds.min(),
            max: bounds.max(),
        };
        let Some(decision) = decision else { return flat };
        flat.at_ns = decision.at.as_nanos();
        flat.running = decision.running;
        flat.from = decision.from;
        let cause = match decision.cause {
            Cause::Policy { policy, direction, wanted, evidence, .. } => {
                flat.index = policy;
                flat.direction = if direction == Direction::Out { 1 } else { -1 };
                flat.wanted = wanted;
                flat.value = evidence.value;
                flat.threshold = evidence.threshold;
                warmstow_cause::WARMSTOW_CAUSE_POLICY
            }
            Cause::Scheduled { action, .. } => {
                flat.index = action;
                warmstow_cause::WARMSTOW_CAUSE_SCHEDULED
            }
            Cause::Bounds(_) => warmstow_cause::WARMSTOW_CAUSE_BOUNDS,
        };
        flat.cause = cause as u32;
        match decision.outcome {
            Outcome::Scaled { to, .. } => flat.to = to,
            Outcome::Suppressed(why) => {
                flat.to = decision.from;
                flat.suppression = warmstow_suppression::of(why) as u32;
            }
        }
        flat
    }
}

impl warmstow_suppression {
    const fn of(why: Suppression) -> Self {
        match why {
            Suppression::Cooldown { .. } => Self::WARMSTOW_SUPPRESSION_COOLDOWN,
            Suppression::Deployment => Self::WARMSTOW_SUPPRESSION_DEPLOYMENT,
            Suppression::Suspended => Self::WARMSTOW_SUPPRESSION_SUSPENDED,
            Suppression::AtBound(_) => Self::WARMSTOW_SUPPRESSION_AT_BOUND,
            Suppression::AlreadyDesired => Self::WARMSTOW_SUPPRESSION_ALREADY_DESIRED,
            Suppression::Vetoed { .. } => Self::WARMSTOW_SUPPRESSION_VETOED,
            Suppression::LargerWins { .. } => Self::WARMSTOW_SUPPRESSION_LARGER_WINS,
            Suppression::BoundsCross { .. } => Self::WARMSTOW_SUPPRESSION_BOUNDS_CROSS,
            _ => Self::WARMSTOW_SUPPRESSION_OTHER,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_poisons_its_scaler_and_no_other() {
        let text = r#"{"min": 1, "max": 2, "running": 1}"#;
        let start = || ScalerConfig::from_json(text).unwrap().start(Instant::ZERO).unwrap();
        let (broken, sound) = (open(start()).unwrap(), open(start()).unwrap());
        let status = on_scaler(broken, |_| panic!("a bug"));
        assert_eq!(status, S::WARMSTOW_ERROR_PANIC as i32);
        let again = warmstow_scaler_running(broken, 0, 1);
        assert_eq!(again, S::WARMSTOW_ERROR_POISONED as i32);
        assert_eq!(warmstow_scaler_running(sound, 0, 1), 0);
        assert_eq!(warmstow_scaler_close(broken), 0, "closing still works");
        assert_eq!(warmstow_scaler_close(sound), 0);
    }
}
