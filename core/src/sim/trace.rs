//! A trace in memory: checked columns, and the workload that reads them.

use alloc::vec::Vec;
use core::borrow::Borrow;
use core::fmt;

use super::workload::{Arrival, Cold, Workload};
use crate::time::{Duration, Instant};

/// Columns of equal length, one row a request, in nanoseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TraceColumns {
    /// When each request arrives, never before the row above.
    pub arrival_ns: Vec<u64>,
    /// Which function it calls: an index from 0.
    pub function: Vec<u32>,
    /// How long it runs on a warm instance.
    pub duration_ns: Vec<u64>,
    /// How much longer it takes where it starts its instance; `None`: drawn
    /// from the replay's [`ColdStart`](super::ColdStart).
    pub cold_start_ns: Option<Vec<u64>>,
}

/// The same in seconds, as files have it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TraceSeconds<'a> {
    /// See [`TraceColumns::arrival_ns`].
    pub arrival_s: &'a [f64],
    /// See [`TraceColumns::function`].
    pub function: &'a [u32],
    /// See [`TraceColumns::duration_ns`].
    pub duration_s: &'a [f64],
    /// See [`TraceColumns::cold_start_ns`].
    pub cold_start_s: Option<&'a [f64]>,
}

/// A checked, immutable trace: 20 bytes a request, 28 with cold starts.
///
/// ```
/// use warmstow_core::sim::{Trace, TraceSeconds};
///
/// let columns = TraceSeconds {
///     arrival_s: &[0.0, 0.5],
///     function: &[0, 0],
///     duration_s: &[1.0, -1.0],
///     cold_start_s: None,
/// };
/// let error = Trace::from_seconds(columns, None).unwrap_err();
/// assert_eq!(error.to_string(), "row 1: duration_s -1 is negative");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    columns: TraceColumns,
    functions: u32,
    horizon: Instant,
}

/// The longest length of time in a trace, in nanoseconds (about 31 years), so
/// that an arrival, its cold start and its duration never overflow a sum.
const LIMIT_NS: u64 = 1_000_000_000_000_000_000;

/// [`LIMIT_NS`] in seconds.
const LIMIT_S: f64 = 1e9;

impl Trace {
    /// The most requests: 20 GB of columns.
    pub const MAX_REQUESTS: usize = 1_000_000_000;

    /// Checks `columns`. Observed time ends at `horizon`, or where it is
    /// `None` when the last request to end would: its arrival, its own cold
    /// start where there is that column, and its duration. Cold starts that the
    /// replay draws are not known here. O(rows), no allocation.
    ///
    /// # Errors
    /// [`TraceError`] names the first row that is wrong and its value.
    pub fn new(columns: TraceColumns, horizon: Option<Instant>) -> Result<Self, TraceError> {
        let rows = columns.arrival_ns.len();
        let cold = columns.cold_start_ns.as_ref().map(Vec::len);
        check_lengths(rows, columns.function.len(), columns.duration_ns.len(), cold)?;
        if let Some(horizon) = horizon {
            check_ns(None, Column::Horizon, horizon.as_nanos())?;
        }
        let (mut before, mut end, mut functions) = (Instant::ZERO, Instant::ZERO, 0);
        for row in 0..rows {
            let at = Instant::from_nanos(columns.arrival_ns[row]);
            let cold = columns.cold_start_ns.as_ref().map_or(0, |column| column[row]);
            check_ns(Some(row), Column::Arrival, at.as_nanos())?;
            check_ns(Some(row), Column::Duration, columns.duration_ns[row])?;
            check_ns(Some(row), Column::ColdStart, cold)?;
            if at < before {
                return Err(TraceError::Backwards { row, at, before });
            }
            if let Some(horizon) = horizon
                && at > horizon
            {
                return Err(TraceError::BeyondHorizon { row, at, horizon });
            }
            // One below the largest u32, so that the count of functions fits.
            let function = columns.function[row];
            let Some(count) = function.checked_add(1) else {
                return Err(TraceError::Function { row, function });
            };
            let service = Duration::from_nanos(cold + columns.duration_ns[row]);
            (before, end) = (at, end.max(at.after(service)));
            functions = functions.max(count);
        }
        Ok(Self { columns, functions, horizon: horizon.unwrap_or(end) })
    }

    /// Checks and converts columns in seconds, to the nearest nanosecond.
    ///
    /// # Errors
    /// [`TraceError`] names the first row that is wrong and its value:
    /// no number, negative, too large, before its predecessor.
    pub fn from_seconds(
        columns: TraceSeconds<'_>,
        horizon_s: Option<f64>,
    ) -> Result<Self, TraceError> {
        let TraceSeconds { arrival_s, function, duration_s, cold_start_s } = columns;
        let cold = cold_start_s.map(<[f64]>::len);
        check_lengths(arrival_s.len(), function.len(), duration_s.len(), cold)?;
        let horizon = match horizon_s {
            Some(value) => Some(Instant::from_nanos(to_ns(None, Column::Horizon, value)?)),
            None => None,
        };
        let column = |column: Column, values: &[f64]| -> Result<Vec<u64>, TraceError> {
            let rows = values.iter().enumerate();
            rows.map(|(row, &value)| to_ns(Some(row), column, value)).collect()
        };
        let columns = TraceColumns {
            arrival_ns: column(Column::Arrival, arrival_s)?,
            function: function.to_vec(),
            duration_ns: column(Column::Duration, duration_s)?,
            cold_start_ns: match cold_start_s {
                Some(values) => Some(column(Column::ColdStart, values)?),
                None => None,
            },
        };
        Self::new(columns, horizon)
    }

    /// The number of requests, at least 1.
    pub const fn len(&self) -> usize {
        self.columns.arrival_ns.len()
    }

    /// Always `false`: an empty trace is refused.
    pub const fn is_empty(&self) -> bool {
        self.columns.arrival_ns.is_empty()
    }

    /// Where the observed time ends.
    pub const fn horizon(&self) -> Instant {
        self.horizon
    }

    /// The largest function index plus one.
    pub const fn functions(&self) -> u32 {
        self.functions
    }

    /// When each request arrives, in nanoseconds, never decreasing.
    pub fn arrival_ns(&self) -> &[u64] {
        &self.columns.arrival_ns
    }

    /// Which function each request calls.
    pub fn function(&self) -> &[u32] {
        &self.columns.function
    }

    /// How long each request runs, in nanoseconds.
    pub fn duration_ns(&self) -> &[u64] {
        &self.columns.duration_ns
    }

    /// How much longer each request takes if cold, in nanoseconds.
    pub fn cold_start_ns(&self) -> Option<&[u64]> {
        self.columns.cold_start_ns.as_deref()
    }

    pub(super) const fn from_checked(columns: TraceColumns, functions: u32, end: Instant) -> Self {
        Self { columns, functions, horizon: end }
    }
}

fn check_lengths(
    rows: usize,
    functions: usize,
    durations: usize,
    cold_starts: Option<usize>,
) -> Result<(), TraceError> {
    let others = [
        (Column::Function, functions),
        (Column::Duration, durations),
        (Column::ColdStart, cold_starts.unwrap_or(rows)),
    ];
    for (column, length) in others {
        if length != rows {
            return Err(TraceError::Length { column, rows: length, expected: rows });
        }
    }
    match rows {
        0 => Err(TraceError::Empty),
        rows if rows > Trace::MAX_REQUESTS => {
            Err(TraceError::TooLong { rows, limit: Trace::MAX_REQUESTS })
        }
        _ => Ok(()),
    }
}

fn check_ns(row: Option<usize>, column: Column, nanos: u64) -> Result<(), TraceError> {
    if nanos <= LIMIT_NS {
        return Ok(());
    }
    let value_s = Duration::from_nanos(nanos).as_secs_f64();
    Err(TraceError::TooLarge { row, column, value_s, limit_s: LIMIT_S })
}

fn to_ns(row: Option<usize>, column: Column, value: f64) -> Result<u64, TraceError> {
    if value.is_nan() {
        return Err(TraceError::NotANumber { row, column });
    }
    if value < 0.0 {
        return Err(TraceError::Negative { row, column, value });
    }
    if value > LIMIT_S {
        return Err(TraceError::TooLarge { row, column, value_s: value, limit_s: LIMIT_S });
    }
    Ok(Duration::from_secs_f64(value).as_nanos())
}

/// A column of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Column {
    /// When a request arrives.
    Arrival,
    /// Which function it calls.
    Function,
    /// How long it runs.
    Duration,
    /// How much longer it takes if cold.
    ColdStart,
    /// Not a column: the end of the observed time.
    Horizon,
}

impl fmt::Display for Column {
    /// The name in a canonical csv file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Arrival => "timestamp_s",
            Self::Function => "function",
            Self::Duration => "duration_s",
            Self::ColdStart => "cold_start_s",
            Self::Horizon => "horizon_s",
        })
    }
}

/// What is wrong with a trace. Rows count from 0; `None` is the horizon.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum TraceError {
    /// It has no request.
    Empty,
    /// A column is not as long as the column of arrivals.
    Length {
        /// Which one.
        column: Column,
        /// Its length.
        rows: usize,
        /// The length of the column of arrivals.
        expected: usize,
    },
    /// It has too many requests.
    TooLong {
        /// How many.
        rows: usize,
        /// The most.
        limit: usize,
    },
    /// A value is not a number.
    NotANumber {
        /// Where.
        row: Option<usize>,
        /// In which column.
        column: Column,
    },
    /// A value is negative.
    Negative {
        /// Where.
        row: Option<usize>,
        /// In which column.
        column: Column,
        /// The value, in seconds.
        value: f64,
    },
    /// A value is too large.
    TooLarge {
        /// Where.
        row: Option<usize>,
        /// In which column.
        column: Column,
        /// The value, in seconds.
        value_s: f64,
        /// The largest, in seconds.
        limit_s: f64,
    },
    /// A function index is the largest `u32`, which leaves none to count with.
    Function {
        /// Where.
        row: usize,
        /// The index.
        function: u32,
    },
    /// A request arrives before the one above it.
    Backwards {
        /// Where.
        row: usize,
        /// When it arrives.
        at: Instant,
        /// When the row above arrives.
        before: Instant,
    },
    /// A request arrives after the observed time has ended.
    BeyondHorizon {
        /// Where.
        row: usize,
        /// When it arrives.
        at: Instant,
        /// Where the observed time ends.
        horizon: Instant,
    },
}

impl TraceError {
    /// The row it is about, from 0.
    pub const fn row(&self) -> Option<usize> {
        match *self {
            Self::Empty | Self::Length { .. } | Self::TooLong { .. } => None,
            Self::NotANumber { row, .. }
            | Self::Negative { row, .. }
            | Self::TooLarge { row, .. } => row,
            Self::Function { row, .. }
            | Self::Backwards { row, .. }
            | Self::BeyondHorizon { row, .. } => Some(row),
        }
    }

    /// The column it is about.
    pub const fn column(&self) -> Option<Column> {
        match *self {
            Self::Empty | Self::TooLong { .. } => None,
            Self::Length { column, .. }
            | Self::NotANumber { column, .. }
            | Self::Negative { column, .. }
            | Self::TooLarge { column, .. } => Some(column),
            Self::Function { .. } => Some(Column::Function),
            Self::Backwards { .. } | Self::BeyondHorizon { .. } => Some(Column::Arrival),
        }
    }
}

impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(row) = self.row() {
            write!(f, "row {row}: ")?;
        }
        match *self {
            Self::Empty => f.write_str("the trace has no request"),
            Self::Length { column, rows, expected } => {
                write!(f, "column {column} has {rows} rows, timestamp_s has {expected}")
            }
            Self::TooLong { rows, limit } => write!(f, "{rows} requests: at most {limit}"),
            Self::NotANumber { column, .. } => write!(f, "{column} is not a number"),
            Self::Negative { column, value, .. } => write!(f, "{column} {value} is negative"),
            Self::TooLarge { column, value_s, limit_s, .. } => {
                write!(f, "{column} {value_s} is too large: at most {limit_s}")
            }
            Self::Function { function, .. } => {
                write!(f, "function index {function}: at most {}", u32::MAX - 1)
            }
            Self::Backwards { at, before, .. } => {
                write!(f, "timestamp_s goes back to {at} after {before}")
            }
            Self::BeyondHorizon { at, horizon, .. } => {
                write!(f, "timestamp_s {at} is after the horizon, {horizon}")
            }
        }
    }
}

impl core::error::Error for TraceError {}

/// The requests of a trace, in order: a [`Workload`].
///
/// `T` is a [`Trace`], `&Trace` or `Arc<Trace>`, so several replays can read
/// one trace at the same time.
#[derive(Clone, Debug)]
pub struct Arrivals<T> {
    trace: T,
    row: usize,
}

impl<T: Borrow<Trace>> Arrivals<T> {
    /// From the first row.
    pub const fn new(trace: T) -> Self {
        Self { trace, row: 0 }
    }
}

impl<T: Borrow<Trace>> Workload for Arrivals<T> {
    #[inline]
    fn next(&mut self) -> Option<Arrival> {
        let columns = &self.trace.borrow().columns;
        let row = self.row;
        let arrival = Arrival {
            at: Instant::from_nanos(*columns.arrival_ns.get(row)?),
            function: *columns.function.get(row)?,
            duration: Duration::from_nanos(*columns.duration_ns.get(row)?),
            cold: match &columns.cold_start_ns {
                Some(column) => Cold::Extra(Duration::from_nanos(*column.get(row)?)),
                None => Cold::Stages,
            },
        };
        self.row += 1;
        Some(arrival)
    }

    fn functions(&self) -> u32 {
        self.trace.borrow().functions
    }

    fn horizon(&self) -> Instant {
        self.trace.borrow().horizon
    }
}
