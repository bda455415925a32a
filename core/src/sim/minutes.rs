//! Traces that count arrivals by the minute, expanded into requests.
//!
//! The form of the Azure Functions trace of 2019 (M. Shahrad et al.,
//! "Serverless in the Wild", USENIX ATC 2020): for each function the number of
//! arrivals in each minute, and the mean and seven percentiles of its durations.
//! What the trace does not say is chosen here:
//!
//! * within its minute an arrival is uniformly distributed, apart from every
//!   other; the trace has no times below the minute;
//! * a duration is drawn by inversion of the percentile curve, apart from the
//!   arrival: straight lines between the points, and above the 75th a bend that
//!   keeps the stated mean (`curve.rs`), so that the load is the trace's own;
//! * a duration is at least 1 ms: the trace rounds to whole milliseconds, so
//!   its zeros are short runs, not none.
//!
//! Every function draws from its own stream of the seed: leaving one out does
//! not change another.

use alloc::vec::Vec;
use core::fmt;

use super::curve::{DurationCurve, PERCENTILES};
use super::distribution::Distribution;
use super::trace::{Trace, TraceColumns};
use crate::rng::Rng;
use crate::time::Instant;

/// One function of a trace by the minute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FunctionMinutes<'a> {
    /// Arrivals in each minute.
    pub counts: &'a [u32],
    /// The percentiles [`PERCENTILES`] of its durations, in milliseconds,
    /// never decreasing.
    pub duration_ms: [f64; 7],
    /// The mean of its durations, in milliseconds; `None`: a straight line
    /// joins the upper percentiles too. A mean that the percentiles exclude
    /// gives the nearest one they allow.
    pub mean_ms: Option<f64>,
}

/// The longest duration, in milliseconds: the longest of any distribution.
const LIMIT_MS: f64 = Distribution::MAX_SECONDS * 1e3;
const MINUTE_NS: u64 = 60_000_000_000;

/// Expands `functions` into a trace over all their minutes.
///
/// A function's index is its position. Requests of one instant are ordered by
/// function. O(n log n) in the requests of a minute; 20 bytes a request.
///
/// ```
/// use warmstow_core::sim::{FunctionMinutes, expand_minutes};
///
/// let duration_ms = [10.0, 10.0, 20.0, 30.0, 40.0, 90.0, 100.0];
/// let function = FunctionMinutes { counts: &[3, 0, 2], duration_ms, mean_ms: Some(32.0) };
/// let trace = expand_minutes(&[function], 1)?;
/// assert_eq!(trace.len(), 5);
/// assert_eq!(trace.horizon().as_secs_f64(), 180.0);
/// # Ok::<(), warmstow_core::sim::MinutesError>(())
/// ```
///
/// # Errors
/// [`MinutesError`] names the function and value that is wrong.
pub fn expand_minutes(functions: &[FunctionMinutes<'_>], seed: u64) -> Result<Trace, MinutesError> {
    let (minutes, requests) = check(functions)?;
    let mut columns = TraceColumns {
        arrival_ns: Vec::with_capacity(requests),
        function: Vec::with_capacity(requests),
        duration_ns: Vec::with_capacity(requests),
        cold_start_ns: None,
    };
    let mut rngs: Vec<Rng> = (0u64..).take(functions.len()).map(|f| Rng::stream(seed, f)).collect();
    let curves: Vec<DurationCurve> =
        functions.iter().map(|f| DurationCurve::new(f.duration_ms, f.mean_ms)).collect();
    let mut minute_requests: Vec<(u64, u32, u64)> = Vec::new();
    for minute in 0..minutes {
        let start_ns = u64::try_from(minute).unwrap_or(u64::MAX).saturating_mul(MINUTE_NS);
        minute_requests.clear();
        let rows = functions.iter().zip(&curves).zip(&mut rngs);
        for (index, ((function, curve), rng)) in (0u32..).zip(rows) {
            for _ in 0..function.counts[minute] {
                let at_ns = start_ns + rng.below(MINUTE_NS);
                let duration = curve.at(rng.uniform());
                minute_requests.push((at_ns, index, duration.as_nanos()));
            }
        }
        // Stable: requests of one function at one instant stay as drawn.
        minute_requests.sort_by_key(|&(at_ns, function, _)| (at_ns, function));
        for &(at_ns, function, duration_ns) in &minute_requests {
            columns.arrival_ns.push(at_ns);
            columns.function.push(function);
            columns.duration_ns.push(duration_ns);
        }
    }
    let end = Instant::from_secs(60 * u64::try_from(minutes).unwrap_or(u64::MAX / 60));
    Ok(Trace::from_checked(columns, u32::try_from(functions.len()).unwrap_or(u32::MAX), end))
}

/// The number of minutes and of requests.
fn check(functions: &[FunctionMinutes<'_>]) -> Result<(usize, usize), MinutesError> {
    let Some(first) = functions.first() else {
        return Err(MinutesError::NoFunctions);
    };
    let minutes = first.counts.len();
    if minutes == 0 {
        return Err(MinutesError::NoMinutes);
    }
    if minutes > MAX_MINUTES {
        return Err(MinutesError::TooManyMinutes { minutes, limit: MAX_MINUTES });
    }
    let mut requests = 0u64;
    for (index, function) in functions.iter().enumerate() {
        if function.counts.len() != minutes {
            let got = function.counts.len();
            return Err(MinutesError::Length { function: index, minutes: got, expected: minutes });
        }
        check_curve(index, &function.duration_ms)?;
        check_mean(index, function.mean_ms)?;
        requests += function.counts.iter().map(|&count| u64::from(count)).sum::<u64>();
    }
    match usize::try_from(requests) {
        Ok(0) => Err(MinutesError::Empty),
        Ok(requests) if requests <= Trace::MAX_REQUESTS => Ok((minutes, requests)),
        _ => Err(MinutesError::TooLong { requests, limit: Trace::MAX_REQUESTS }),
    }
}

/// The most minutes: the longest time in a trace, 1e9 s.
const MAX_MINUTES: usize = 16_666_666;

fn check_curve(function: usize, curve_ms: &[f64; 7]) -> Result<(), MinutesError> {
    let mut before_ms = 0.0;
    for (&percentile, &value_ms) in PERCENTILES.iter().zip(curve_ms) {
        // Not-a-number is in no range.
        if !(0.0..=LIMIT_MS).contains(&value_ms) {
            return Err(MinutesError::BadDuration { function, percentile, value_ms });
        }
        if value_ms < before_ms {
            return Err(MinutesError::Unordered { function, percentile, value_ms, before_ms });
        }
        before_ms = value_ms;
    }
    Ok(())
}

fn check_mean(function: usize, mean_ms: Option<f64>) -> Result<(), MinutesError> {
    match mean_ms {
        Some(value_ms) if !(0.0..=LIMIT_MS).contains(&value_ms) => {
            Err(MinutesError::BadMean { function, value_ms })
        }
        _ => Ok(()),
    }
}

/// What is wrong with a trace by the minute. Functions count from 0.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum MinutesError {
    /// There is no function.
    NoFunctions,
    /// The first function has no minute.
    NoMinutes,
    /// No function is ever called.
    Empty,
    /// There are too many minutes.
    TooManyMinutes {
        /// How many.
        minutes: usize,
        /// The most.
        limit: usize,
    },
    /// A function has not as many minutes as the first.
    Length {
        /// Which one.
        function: usize,
        /// Its minutes.
        minutes: usize,
        /// The first one's.
        expected: usize,
    },
    /// The counts add up to too many requests.
    TooLong {
        /// How many.
        requests: u64,
        /// The most.
        limit: usize,
    },
    /// A percentile is no number, negative or too large.
    BadDuration {
        /// Which function's.
        function: usize,
        /// Which percentile.
        percentile: u32,
        /// Its value, in milliseconds.
        value_ms: f64,
    },
    /// A mean is no number, negative or too large.
    BadMean {
        /// Which function's.
        function: usize,
        /// Its value, in milliseconds.
        value_ms: f64,
    },
    /// A percentile is below the one before it.
    Unordered {
        /// Which function's.
        function: usize,
        /// Which percentile.
        percentile: u32,
        /// Its value, in milliseconds.
        value_ms: f64,
        /// The value of the percentile before it.
        before_ms: f64,
    },
}

impl fmt::Display for MinutesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NoFunctions => f.write_str("there is no function"),
            Self::NoMinutes => f.write_str("function 0 has no minute"),
            Self::Empty => f.write_str("no function is ever called"),
            Self::TooManyMinutes { minutes, limit } => {
                write!(f, "{minutes} minutes: at most {limit}")
            }
            Self::Length { function, minutes, expected } => {
                write!(f, "function {function} has {minutes} minutes, the first has {expected}")
            }
            Self::TooLong { requests, limit } => write!(f, "{requests} requests: at most {limit}"),
            Self::BadDuration { function, percentile, value_ms } => write!(
                f,
                "function {function}: percentile {percentile} of the duration is {value_ms} ms: \
                 must be from 0 to {LIMIT_MS}"
            ),
            Self::BadMean { function, value_ms } => write!(
                f,
                "function {function}: the mean of the duration is {value_ms} ms: must be from 0 \
                 to {LIMIT_MS}"
            ),
            Self::Unordered { function, percentile, value_ms, before_ms } => write!(
                f,
                "function {function}: percentile {percentile} of the duration is {value_ms} ms, \
                 below the one before it, {before_ms} ms"
            ),
        }
    }
}

impl core::error::Error for MinutesError {}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use alloc::string::ToString;

    const CURVE: [f64; 7] = [0.0, 10.0, 20.0, 40.0, 80.0, 200.0, 1000.0];

    #[test]
    fn counts_and_minutes_are_kept_and_rows_are_in_order() {
        let functions = [
            FunctionMinutes { counts: &[50, 0, 7], duration_ms: CURVE, mean_ms: None },
            FunctionMinutes { counts: &[5, 1, 0], duration_ms: CURVE, mean_ms: None },
        ];
        let trace = expand_minutes(&functions, 9).unwrap();
        assert_eq!(trace.len(), 63);
        assert!(trace.arrival_ns().is_sorted());
        for (index, function) in (0..).zip(&functions) {
            for (minute, &count) in (0..).zip(function.counts) {
                let rows = trace.arrival_ns().iter().zip(trace.function());
                let here = rows.filter(|&(&at, &f)| f == index && at / MINUTE_NS == minute);
                assert_eq!(here.count(), usize::try_from(count).unwrap());
            }
        }
        // The same through the checks of a trace from outside.
        let columns = TraceColumns {
            arrival_ns: trace.arrival_ns().into(),
            function: trace.function().into(),
            duration_ns: trace.duration_ns().into(),
            cold_start_ns: None,
        };
        assert_eq!(Trace::new(columns, Some(Instant::from_secs(180))), Ok(trace));
    }

    #[test]
    fn one_function_does_not_move_the_requests_of_another() {
        let first = FunctionMinutes { counts: &[20, 20], duration_ms: CURVE, mean_ms: None };
        let other = FunctionMinutes { counts: &[9, 31], duration_ms: CURVE, mean_ms: None };
        let alone = expand_minutes(&[first], 4).unwrap();
        let both = expand_minutes(&[first, other], 4).unwrap();
        let of_first = both.arrival_ns().iter().zip(both.function()).filter(|row| *row.1 == 0);
        assert!(of_first.map(|row| row.0).eq(alone.arrival_ns()));
    }

    #[test]
    fn bad_input_is_named() {
        let refused = |counts: &[u32], curve: [f64; 7]| {
            let good = FunctionMinutes { counts: &[1, 1], duration_ms: CURVE, mean_ms: None };
            let bad = FunctionMinutes { counts, duration_ms: curve, mean_ms: None };
            expand_minutes(&[good, bad], 0).unwrap_err().to_string()
        };
        assert_eq!(refused(&[1], CURVE), "function 1 has 1 minutes, the first has 2");
        let (mut nan, mut unordered) = (CURVE, CURVE);
        nan[2] = f64::NAN;
        unordered[3] = 19.0;
        assert_eq!(
            refused(&[1, 1], nan),
            "function 1: percentile 25 of the duration is NaN ms: must be from 0 to 1000000000000"
        );
        assert_eq!(
            refused(&[1, 1], unordered),
            "function 1: percentile 50 of the duration is 19 ms, below the one before it, 20 ms"
        );
        let mean = FunctionMinutes { counts: &[1], duration_ms: CURVE, mean_ms: Some(-1.0) };
        let refusal = expand_minutes(&[mean], 0).unwrap_err().to_string();
        assert!(refusal.starts_with("function 0: the mean of the duration is -1 ms"), "{refusal}");
        assert_eq!(expand_minutes(&[], 0), Err(MinutesError::NoFunctions));
        let idle = FunctionMinutes { counts: &[0], duration_ms: CURVE, mean_ms: None };
        assert_eq!(expand_minutes(&[idle], 0), Err(MinutesError::Empty));
    }
}
