//! Metric periods, as CloudWatch keeps them, and the alarms over them.
//!
//! Data are gathered into periods that begin at multiples of their length from
//! the host's origin; a period without data is a missing datapoint. An alarm
//! looks at the last closed periods.

use alloc::collections::VecDeque;
use core::fmt;

use crate::time::{Duration, Instant};

/// How the data of one period become its datapoint, or datapoints one value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Statistic {
    /// The mean.
    #[default]
    Average,
    /// The largest.
    Maximum,
    /// The least.
    Minimum,
    /// All together.
    Sum,
}

/// Data of one period so far.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Data {
    count: u32,
    sum: f64,
    least: f64,
    most: f64,
}

impl Data {
    const NONE: Self = Self { count: 0, sum: 0.0, least: f64::INFINITY, most: f64::NEG_INFINITY };

    fn add(&mut self, value: f64) {
        self.count = self.count.saturating_add(1);
        self.sum += value;
        self.least = self.least.min(value);
        self.most = self.most.max(value);
    }

    fn value(&self, statistic: Statistic) -> Option<f64> {
        (self.count > 0).then(|| match statistic {
            Statistic::Average => self.sum / f64::from(self.count),
            Statistic::Maximum => self.most,
            Statistic::Minimum => self.least,
            Statistic::Sum => self.sum,
        })
    }
}

impl Statistic {
    /// Over some values; `None` where there are none.
    pub fn of(self, values: impl IntoIterator<Item = f64>) -> Option<f64> {
        let mut data = Data::NONE;
        values.into_iter().for_each(|value| data.add(value));
        data.value(self)
    }
}

/// The last periods of one metric.
///
/// Time that goes backwards is taken as the latest seen.
#[derive(Clone, Debug)]
pub struct Window {
    period: Duration,
    statistic: Statistic,
    /// Closed periods, the newest last; at most `keep`.
    closed: VecDeque<Option<f64>>,
    keep: usize,
    /// Number of the open period since the origin.
    open: u64,
    data: Data,
    /// Whether a period has closed since that was last asked.
    ended: bool,
}

impl Window {
    /// Of the last `keep` periods; the one that `now` is in is open. A period
    /// of zero is taken as one nanosecond.
    pub fn new(now: Instant, period: Duration, statistic: Statistic, keep: u32) -> Self {
        let period = Duration::from_nanos(period.as_nanos().max(1));
        let keep = usize::try_from(keep.max(1)).unwrap_or(usize::MAX);
        let open = now.as_nanos() / period.as_nanos();
        Self {
            period,
            statistic,
            closed: VecDeque::new(),
            keep,
            open,
            data: Data::NONE,
            ended: false,
        }
    }

    /// Adds a datum to the open period, after closing those that have ended.
    /// A value that is no finite number is ignored. O(periods kept).
    pub fn observe(&mut self, now: Instant, value: f64) {
        self.close(now);
        if value.is_finite() {
            self.data.add(value);
        }
    }

    /// Closes the periods that have ended by `now`; how many. O(periods kept).
    pub fn close(&mut self, now: Instant) -> u64 {
        let at = now.as_nanos() / self.period.as_nanos();
        let ended = at.saturating_sub(self.open);
        if ended == 0 {
            return 0;
        }
        let first = self.data.value(self.statistic);
        self.data = Data::NONE;
        self.open = at;
        self.ended = true;
        self.push(first);
        // Beyond what is kept, one missing period is like another.
        let keep = u64::try_from(self.keep).unwrap_or(u64::MAX);
        for _ in 1..ended.min(keep.saturating_add(1)) {
            self.push(None);
        }
        ended
    }

    /// Closes as [`Window::close`] does; whether a period has ended since the
    /// last call of this, by this call or by another.
    pub fn turn(&mut self, now: Instant) -> bool {
        self.close(now);
        core::mem::take(&mut self.ended)
    }

    fn push(&mut self, datapoint: Option<f64>) {
        if self.closed.len() == self.keep {
            self.closed.pop_front();
        }
        self.closed.push_back(datapoint);
    }

    /// When the open period ends.
    pub const fn next_deadline(&self) -> Instant {
        let end = self.open.saturating_add(1).saturating_mul(self.period.as_nanos());
        Instant::from_nanos(end)
    }

    /// The last `count` closed periods, the newest first; fewer where fewer
    /// have been. `None` is a period without data.
    pub fn last(&self, count: u32) -> impl Iterator<Item = Option<f64>> {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        self.closed.iter().rev().take(count).copied()
    }
}

/// On which side of its threshold a datapoint breaches it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Comparison {
    /// Above it.
    GreaterThan,
    /// At it or above.
    GreaterOrEqual,
    /// Below it.
    LessThan,
    /// At it or below.
    LessOrEqual,
}

impl Comparison {
    /// Whether `value` breaches `threshold`.
    pub const fn breaches(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::GreaterThan => value > threshold,
            Self::GreaterOrEqual => value >= threshold,
            Self::LessThan => value < threshold,
            Self::LessOrEqual => value <= threshold,
        }
    }

    /// Whether it breaches from above.
    pub const fn is_above(self) -> bool {
        matches!(self, Self::GreaterThan | Self::GreaterOrEqual)
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::GreaterThan => ">",
            Self::GreaterOrEqual => ">=",
            Self::LessThan => "<",
            Self::LessOrEqual => "<=",
        })
    }
}

/// What a period without data counts as (CloudWatch's `TreatMissingData`).
///
/// CloudWatch also looks further back for data that are late. This one does
/// not: the host gives data with their time, so what is missing is missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum MissingData {
    /// Nothing can be said: no action.
    #[default]
    Missing,
    /// A breach.
    Breaching,
    /// No breach.
    NotBreaching,
}

/// `datapoints` of the last `periods` breach the threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Alarm {
    /// Which side breaches.
    pub comparison: Comparison,
    /// The threshold, in the metric's unit.
    pub threshold: f64,
    /// How many must breach, at least 1.
    #[cfg_attr(feature = "serde", serde(default = "Alarm::one"))]
    pub datapoints: u32,
    /// Of how many, at least `datapoints` and at most [`Alarm::MAX_PERIODS`].
    #[cfg_attr(feature = "serde", serde(default = "Alarm::one"))]
    pub periods: u32,
    /// What a missing datapoint is.
    #[cfg_attr(feature = "serde", serde(default))]
    pub missing: MissingData,
}

/// What an alarm says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum AlarmState {
    /// Too few breaches.
    Ok,
    /// Enough breaches.
    Breached {
        /// The breaching datapoints of the evaluated periods in one value, by
        /// the statistic asked for; the threshold where all were missing.
        value: f64,
    },
    /// Data are missing that could decide it.
    InsufficientData,
}

/// An alarm that could never or always be raised.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum AlarmError {
    /// The threshold is no finite number.
    Threshold(f64),
    /// `datapoints` of `periods`: not 1 to `periods`, or more periods than
    /// [`Alarm::MAX_PERIODS`].
    Datapoints {
        /// How many must breach.
        datapoints: u32,
        /// Of how many.
        periods: u32,
    },
}

impl fmt::Display for AlarmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Threshold(value) => write!(f, "threshold {value}: must be a finite number"),
            Self::Datapoints { datapoints, periods } => write!(
                f,
                "{datapoints} datapoints of {periods} periods: must be 1 to the periods, which \
                 are {} at most",
                Alarm::MAX_PERIODS
            ),
        }
    }
}

impl core::error::Error for AlarmError {}

impl Alarm {
    /// The most periods one alarm looks at: a day of minutes, as CloudWatch.
    pub const MAX_PERIODS: u32 = 1_440;

    #[cfg(feature = "serde")]
    const fn one() -> u32 {
        1
    }

    /// `count` of `count` periods must breach.
    pub const fn consecutive(comparison: Comparison, threshold: f64, count: u32) -> Self {
        let missing = MissingData::Missing;
        Self { comparison, threshold, datapoints: count, periods: count, missing }
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// [`AlarmError`] names what is out of range.
    pub fn check(&self) -> Result<(), AlarmError> {
        let (datapoints, periods) = (self.datapoints, self.periods);
        if !self.threshold.is_finite() {
            return Err(AlarmError::Threshold(self.threshold));
        }
        if datapoints == 0 || datapoints > periods || periods > Self::MAX_PERIODS {
            return Err(AlarmError::Datapoints { datapoints, periods });
        }
        Ok(())
    }

    /// What it says of the window's last closed periods; `statistic` makes one
    /// value of the datapoints that breach. O(periods).
    ///
    /// Before so many periods have closed there is no breach by missing ones:
    /// a policy just made does not act.
    pub fn state(&self, window: &Window, statistic: Statistic) -> AlarmState {
        let last = || window.last(self.periods);
        let breaches = |value: f64| self.comparison.breaches(value, self.threshold);
        let present = last().flatten().filter(|value| breaches(*value)).count();
        let absent = last().filter(Option::is_none).count();
        let seen = last().count();
        let [present, absent, seen] =
            [present, absent, seen].map(|n| u32::try_from(n).unwrap_or(u32::MAX));
        let breached = match self.missing {
            MissingData::Breaching => present + absent,
            MissingData::Missing | MissingData::NotBreaching => present,
        };
        if breached >= self.datapoints {
            let value = statistic.of(last().flatten().filter(|value| breaches(*value)));
            return AlarmState::Breached { value: value.unwrap_or(self.threshold) };
        }
        let unknown = match self.missing {
            MissingData::Missing => absent + (self.periods - seen.min(self.periods)),
            _ => self.periods - seen.min(self.periods),
        };
        if breached + unknown >= self.datapoints {
            AlarmState::InsufficientData
        } else {
            AlarmState::Ok
        }
    }
}
