//! The readers of traces: columns in nanoseconds and in seconds, counts by the
//! minute, and the text of a Poisson process, against their rules written down
//! a second time. What is accepted is also replayed, through the C ABI where it
//! has a way in: the books must balance.

mod values;

use warmstow::{
    warmstow_distribution, warmstow_function_spec, warmstow_function_spec_default,
    warmstow_replay_config, warmstow_replay_config_default, warmstow_replay_trace, warmstow_report,
    warmstow_status, warmstow_trace,
};
use warmstow_core::sim::{
    FunctionMinutes, PoissonSpec, Trace, TraceColumns, TraceError, TraceSeconds, expand_minutes,
};
use warmstow_core::time::Instant;

use crate::head;

/// The longest time in a trace, in nanoseconds and in seconds.
const LIMIT_NS: u64 = 1_000_000_000_000_000_000;
const LIMIT_S: f64 = 1e9;
/// The most rows or counts of one input.
const MAX_ROWS: usize = 64;
/// Functions that a replay knows.
const FUNCTIONS: u32 = 3;

/// An input of the target `traces`.
#[derive(Debug)]
pub enum Case {
    /// Columns in nanoseconds, and where the observed time ends.
    Nanoseconds(TraceColumns, Option<u64>),
    /// Columns in seconds.
    Seconds(Seconds),
    /// Counts by the minute, with percentiles and the mean of the durations.
    Minutes(Vec<(Vec<u32>, [f64; 7], Option<f64>)>),
    /// Text.
    Poisson(String),
}

/// Columns in seconds.
#[derive(Debug)]
pub struct Seconds {
    arrival_s: Vec<f64>,
    function: Vec<u32>,
    duration_s: Vec<f64>,
    cold_start_s: Option<Vec<f64>>,
    horizon_s: Option<f64>,
}

impl crate::Case for Case {
    fn from_bytes(data: &[u8]) -> Self {
        let ([kind, flags], rest) = head(data);
        match kind % 4 {
            0 => values::nanoseconds(flags, rest),
            1 => values::seconds(flags, rest),
            2 => values::minutes(flags, rest),
            _ => Self::Poisson(values::poisson(flags, rest)),
        }
    }

    fn check(&self) {
        match self {
            Self::Nanoseconds(columns, horizon) => check_nanoseconds(columns, *horizon),
            Self::Seconds(seconds) => check_seconds(seconds),
            Self::Minutes(functions) => check_minutes(functions),
            Self::Poisson(text) => check_poisson(text),
        }
    }
}

/// Whether the rules accept the columns; else the first row at fault, if the
/// fault is in a row.
fn verdict(columns: &TraceColumns, horizon: Option<u64>) -> Result<(), Option<usize>> {
    let rows = columns.arrival_ns.len();
    let cold = columns.cold_start_ns.as_ref();
    let same = [columns.function.len(), columns.duration_ns.len(), cold.map_or(rows, Vec::len)];
    if rows == 0 || same.iter().any(|&length| length != rows) {
        return Err(None);
    }
    if horizon.is_some_and(|end| end > LIMIT_NS) {
        return Err(None);
    }
    for row in 0..rows {
        let at = columns.arrival_ns[row];
        let cold = cold.map_or(0, |column| column[row]);
        let too_long = at.max(columns.duration_ns[row]).max(cold) > LIMIT_NS;
        let backwards = row > 0 && at < columns.arrival_ns[row - 1];
        let late = horizon.is_some_and(|end| at > end);
        if too_long || backwards || late || columns.function[row] == u32::MAX {
            return Err(Some(row));
        }
    }
    Ok(())
}

fn check_nanoseconds(columns: &TraceColumns, horizon: Option<u64>) {
    let made = Trace::new(columns.clone(), horizon.map(Instant::from_nanos));
    assert_eq!(made.as_ref().map(|_| ()).map_err(TraceError::row), verdict(columns, horizon));
    match &made {
        Ok(trace) => check_trace(trace),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    if columns.cold_start_ns.is_none() && columns.arrival_ns.len() == columns.function.len() {
        check_abi(columns, horizon, made.is_ok());
    }
}

fn check_trace(trace: &Trace) {
    assert!(trace.arrival_ns().is_sorted());
    assert!(trace.arrival_ns().last().is_some_and(|&last| last <= trace.horizon().as_nanos()));
    assert!(trace.function().iter().all(|&function| function < trace.functions()));
}

fn check_seconds(seconds: &Seconds) {
    let columns = TraceSeconds {
        arrival_s: &seconds.arrival_s,
        function: &seconds.function,
        duration_s: &seconds.duration_s,
        cold_start_s: seconds.cold_start_s.as_deref(),
    };
    let bad = |value: &f64| !(0.0..=LIMIT_S).contains(value);
    let cold = seconds.cold_start_s.iter().flatten();
    let values = seconds.arrival_s.iter().chain(&seconds.duration_s).chain(cold);
    let any_bad = values.chain(&seconds.horizon_s).any(bad);
    match Trace::from_seconds(columns, seconds.horizon_s) {
        Ok(trace) => {
            assert!(!any_bad, "accepted a value out of range");
            check_trace(&trace);
            let nanos = |value: &f64| (value * 1e9).round() as u64;
            let off = |(ns, s): (&u64, &f64)| ns.abs_diff(nanos(s)) > 1 + ns / (1 << 50);
            assert!(!trace.arrival_ns().iter().zip(&seconds.arrival_s).any(off));
            assert!(!trace.duration_ns().iter().zip(&seconds.duration_s).any(off));
        }
        Err(error) => assert!(error.row().is_none_or(|row| row < seconds.arrival_s.len())),
    }
}

fn check_minutes(functions: &[(Vec<u32>, [f64; 7], Option<f64>)]) {
    let minutes: Vec<_> = functions
        .iter()
        .map(|(counts, duration_ms, mean_ms)| FunctionMinutes {
            counts,
            duration_ms: *duration_ms,
            mean_ms: *mean_ms,
        })
        .collect();
    let in_range = |value: &f64| (0.0..=LIMIT_S * 1e3).contains(value);
    let length = functions.first().map_or(0, |(counts, ..)| counts.len());
    let sound = functions.iter().all(|(counts, curve, mean)| {
        counts.len() == length
            && curve.iter().chain(mean).all(in_range)
            && curve.is_sorted_by(|a, b| a <= b)
    });
    let requests: u64 =
        functions.iter().flat_map(|(counts, ..)| counts).map(|&n| u64::from(n)).sum();
    let accepted = sound && requests > 0;
    let expanded = expand_minutes(&minutes, 7);
    assert_eq!(expanded.is_ok(), accepted, "{:?}", expanded.err());
    if let Ok(trace) = expanded {
        assert_eq!(trace.len() as u64, requests);
        assert_eq!(trace.horizon(), Instant::from_secs(60 * length as u64));
        check_trace(&trace);
        assert_eq!(Ok(trace), expand_minutes(&minutes, 7), "the same seed, another trace");
    }
}

/// What is read prints as what is read again.
fn check_poisson(text: &str) {
    match text.parse::<PoissonSpec>() {
        Ok(spec) => {
            assert!(spec.rate_per_s > 0.0 && spec.duration_s > 0.0);
            assert!(spec.rate_per_s * spec.duration_s <= PoissonSpec::MAX_REQUESTS);
            assert_eq!(spec.to_string().parse::<PoissonSpec>(), Ok(spec));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// The same columns through the C ABI: the same verdict, and every request
/// accounted for.
fn check_abi(columns: &TraceColumns, horizon: Option<u64>, sound: bool) {
    // Unlike the core's, a horizon of 0 is none, and the lengths are one.
    if horizon == Some(0) || columns.duration_ns.len() != columns.arrival_ns.len() {
        return;
    }
    let known = columns.function.iter().all(|&function| function < FUNCTIONS);
    let functions = [function_spec(); FUNCTIONS as usize];
    let mut config = config();
    config.functions = functions.as_ptr();
    config.function_count = functions.len();
    let trace = warmstow_trace {
        struct_size: size_of::<warmstow_trace>() as u32,
        reserved_field: 0,
        rows: columns.arrival_ns.len(),
        arrival_ns: columns.arrival_ns.as_ptr(),
        function: columns.function.as_ptr(),
        duration_ns: columns.duration_ns.as_ptr(),
        cold_start_ns: core::ptr::null(),
        horizon_ns: horizon.unwrap_or(0),
    };
    let mut total = core::mem::MaybeUninit::<warmstow_report>::uninit();
    let size = size_of::<warmstow_report>();
    let none = core::ptr::null_mut();
    // SAFETY: the columns are as long as `rows` says and outlive the call.
    let status = unsafe {
        warmstow_replay_trace(&raw const config, &raw const trace, total.as_mut_ptr(), none, size)
    };
    let timeless = columns.arrival_ns.last() == Some(&0) && horizon.is_none();
    if status == warmstow_status::WARMSTOW_OK as i32 {
        assert!(sound && known);
        // SAFETY: written where the call answers OK.
        let total = unsafe { total.assume_init() };
        let refused: u64 = total.refusals.iter().sum();
        assert_eq!(total.invocations, columns.arrival_ns.len() as u64);
        assert_eq!(total.warm_starts + total.cold_starts + refused, total.invocations);
    } else {
        assert!(!(sound && known) || timeless, "refused a sound trace: {status}");
        let trace = warmstow_status::WARMSTOW_ERROR_TRACE as i32;
        let length = warmstow_status::WARMSTOW_ERROR_LENGTH as i32;
        assert!(status == trace || status == length && columns.arrival_ns.is_empty(), "{status}");
    }
}

fn function_spec() -> warmstow_function_spec {
    let mut spec = core::mem::MaybeUninit::<warmstow_function_spec>::uninit();
    let size = size_of::<warmstow_function_spec>();
    // SAFETY: a place for one, of that size.
    let status = unsafe { warmstow_function_spec_default(spec.as_mut_ptr(), size) };
    assert_eq!(status, 0);
    // SAFETY: written where the call answers OK.
    unsafe { spec.assume_init() }
}

/// Two requests at a time, so that some are refused.
fn config() -> warmstow_replay_config {
    let mut config = core::mem::MaybeUninit::<warmstow_replay_config>::uninit();
    let size = size_of::<warmstow_replay_config>();
    // SAFETY: a place for one, of that size.
    let status = unsafe { warmstow_replay_config_default(config.as_mut_ptr(), size) };
    assert_eq!(status, 0);
    // SAFETY: written where the call answers OK.
    let config = unsafe { config.assume_init() };
    let cold = warmstow_distribution { kind: 1, reserved_field: 0, mean_s: 0.5, cv: 0.0 };
    warmstow_replay_config { account_limit: 2, cold_start_code: cold, ..config }
}
