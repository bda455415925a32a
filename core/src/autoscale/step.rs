//! Step scaling: steps by how far an alarm is breached.
//!
//! Source: Application Auto Scaling API Reference, "StepAdjustment" and
//! "StepScalingPolicyConfiguration"; Amazon EC2 Auto Scaling User Guide, "Step
//! and simple scaling policies" for the rounding of percentages.

use alloc::vec::Vec;
use core::fmt;

use super::bounds::{Capacity, Direction};
use super::policy::{
    Evidence, Hold, Policy, PolicyKind, Proposal, ScaleIn, Vote, cooldown, minute,
};
use super::window::{Alarm, AlarmError, AlarmState, Statistic, Window};
use crate::time::{Duration, Instant};

/// What a step's number means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum AdjustmentType {
    /// Added to the running count.
    ChangeInCapacity,
    /// The new count.
    ExactCapacity,
    /// Percent of the running count, added to it.
    PercentChangeInCapacity,
}

/// One step: for breaches of a size between two bounds, both relative to the
/// threshold.
///
/// Of an alarm that breaches from above, the lower bound is inclusive and the
/// upper exclusive; of one that breaches from below it is the reverse.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct StepAdjustment {
    /// The lower bound; `None` is minus infinity.
    #[cfg_attr(feature = "serde", serde(default))]
    pub lower: Option<f64>,
    /// The upper bound; `None` is infinity.
    #[cfg_attr(feature = "serde", serde(default))]
    pub upper: Option<f64>,
    /// By the adjustment type.
    pub adjustment: i32,
}

impl StepAdjustment {
    fn covers(&self, breach: f64, above: bool) -> bool {
        let (lower, upper) = (self.lower, self.upper);
        if above {
            lower.is_none_or(|lower| breach >= lower) && upper.is_none_or(|upper| breach < upper)
        } else {
            lower.is_none_or(|lower| breach > lower) && upper.is_none_or(|upper| breach <= upper)
        }
    }
}

/// The settings of a step scaling policy.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct StepScaling {
    /// When it acts.
    pub alarm: Alarm,
    /// What the steps' numbers mean.
    pub adjustment_type: AdjustmentType,
    /// The steps, 1 to [`StepScaling::MAX_STEPS`], in any order.
    pub steps: Vec<StepAdjustment>,
    /// The least change of a [`AdjustmentType::PercentChangeInCapacity`]; 0 for
    /// none.
    #[cfg_attr(feature = "serde", serde(default))]
    pub min_adjustment_magnitude: u32,
    /// Wait after a step; 300 s.
    #[cfg_attr(
        feature = "serde",
        serde(default = "cooldown", rename = "cooldown_s", with = "super::seconds")
    )]
    pub cooldown: Duration,
    /// The length of a metric period; 60 s.
    #[cfg_attr(
        feature = "serde",
        serde(default = "minute", rename = "period_s", with = "super::seconds")
    )]
    pub period: Duration,
    /// How the data of a period become its datapoint.
    #[cfg_attr(feature = "serde", serde(default))]
    pub statistic: Statistic,
    /// How the breaching datapoints of the evaluated periods become the value
    /// whose breach chooses the step (`MetricAggregationType`).
    #[cfg_attr(feature = "serde", serde(default))]
    pub aggregation: Statistic,
}

/// Settings of a [`StepScaling`] that cannot hold; after AWS's validation.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum StepError {
    /// No step.
    NoSteps,
    /// More steps than [`StepScaling::MAX_STEPS`].
    TooManySteps(usize),
    /// A bound is no finite number; `None` stands for the infinities.
    NotFinite(f64),
    /// A step without any bound.
    NoBound,
    /// A step whose lower bound is not below its upper bound.
    Empty {
        /// The lower bound.
        lower: f64,
        /// The upper bound.
        upper: f64,
    },
    /// More than one step reaches down to minus infinity.
    TwoWithoutLower,
    /// More than one step reaches up to infinity.
    TwoWithoutUpper,
    /// Two steps overlap: one begins before the other ends.
    Overlap {
        /// Where the first ends.
        upper: f64,
        /// Where the next begins.
        lower: f64,
    },
    /// Two steps leave a gap.
    Gap {
        /// Where the first ends.
        upper: f64,
        /// Where the next begins.
        lower: f64,
    },
    /// A step has a negative lower bound and none reaches down to minus
    /// infinity.
    NoLowest(f64),
    /// A step has a positive upper bound and none reaches up to infinity.
    NoHighest(f64),
    /// An exact capacity below 0.
    NegativeCapacity(i32),
    /// A least magnitude of a change that is not in percent.
    MagnitudeWithoutPercent(u32),
    /// A period without length.
    ZeroPeriod,
    /// The alarm's settings.
    Alarm(AlarmError),
}

impl fmt::Display for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSteps => f.write_str("at least one step adjustment is required"),
            Self::TooManySteps(count) => {
                write!(f, "{count} step adjustments: {} at most", StepScaling::MAX_STEPS)
            }
            Self::NotFinite(value) => write!(f, "bound {value}: must be finite, or left out"),
            Self::NoBound => f.write_str("a step adjustment needs a lower or an upper bound"),
            Self::Empty { lower, upper } => {
                write!(f, "lower bound {lower} is not below upper bound {upper}")
            }
            Self::TwoWithoutLower => f.write_str("two step adjustments have no lower bound"),
            Self::TwoWithoutUpper => f.write_str("two step adjustments have no upper bound"),
            Self::Overlap { upper, lower } => {
                write!(f, "step adjustments overlap: one ends at {upper}, one begins at {lower}")
            }
            Self::Gap { upper, lower } => {
                write!(f, "step adjustments leave a gap from {upper} to {lower}")
            }
            Self::NoLowest(lower) => {
                write!(f, "lower bound {lower} is negative, so one step adjustment must have none")
            }
            Self::NoHighest(upper) => {
                write!(f, "upper bound {upper} is positive, so one step adjustment must have none")
            }
            Self::NegativeCapacity(value) => {
                write!(f, "exact capacity {value}: must not be negative")
            }
            Self::MagnitudeWithoutPercent(value) => {
                write!(f, "min_adjustment_magnitude {value}: only with PercentChangeInCapacity")
            }
            Self::ZeroPeriod => f.write_str("period 0 s: must be over 0"),
            Self::Alarm(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for StepError {}

/// `percent` of `running`, rounded toward zero, but never to 0: above 0 and
/// below 1 is 1, below 0 and above -1 is -1. Exact.
///
/// ```
/// use warmstow_core::autoscale::percent_of;
///
/// assert_eq!(percent_of(10, 25), 2); // 2.5
/// assert_eq!(percent_of(10, -25), -2);
/// assert_eq!(percent_of(3, 10), 1); // 0.3
/// assert_eq!(percent_of(3, -10), -1);
/// assert_eq!(percent_of(0, 50), 0);
/// ```
pub fn percent_of(running: u32, percent: i32) -> i64 {
    let hundredths = i64::from(running) * i64::from(percent);
    let whole = hundredths / 100;
    if whole == 0 { hundredths.signum() } else { whole }
}

impl StepScaling {
    /// The most steps of a policy (Application Auto Scaling's quota).
    pub const MAX_STEPS: usize = 20;

    /// AWS's defaults: a cooldown of 300 s, periods of 60 s, means.
    pub const fn new(
        alarm: Alarm,
        adjustment_type: AdjustmentType,
        steps: Vec<StepAdjustment>,
    ) -> Self {
        Self {
            alarm,
            adjustment_type,
            steps,
            min_adjustment_magnitude: 0,
            cooldown: cooldown(),
            period: minute(),
            statistic: Statistic::Average,
            aggregation: Statistic::Average,
        }
    }

    /// The policy, its first period open. O(steps log steps).
    ///
    /// # Errors
    /// [`StepError`] names the setting that cannot hold.
    pub fn start(self, now: Instant) -> Result<StepPolicy, StepError> {
        self.alarm.check().map_err(StepError::Alarm)?;
        if self.period == Duration::ZERO {
            return Err(StepError::ZeroPeriod);
        }
        let percent = self.adjustment_type == AdjustmentType::PercentChangeInCapacity;
        if self.min_adjustment_magnitude > 0 && !percent {
            return Err(StepError::MagnitudeWithoutPercent(self.min_adjustment_magnitude));
        }
        check_steps(&self.steps)?;
        if self.adjustment_type == AdjustmentType::ExactCapacity {
            let negative = self.steps.iter().map(|step| step.adjustment).find(|value| *value < 0);
            if let Some(value) = negative {
                return Err(StepError::NegativeCapacity(value));
            }
        }
        let window = Window::new(now, self.period, self.statistic, self.alarm.periods);
        Ok(StepPolicy { settings: self, window })
    }

    /// Where the step for a metric of `value` leads from `running`; `None`
    /// where no step covers it. O(steps).
    pub fn wanted(&self, running: u32, value: f64) -> Option<u32> {
        let breach = value - self.alarm.threshold;
        let above = self.alarm.comparison.is_above();
        let step = self.steps.iter().find(|step| step.covers(breach, above))?;
        let change = match self.adjustment_type {
            AdjustmentType::ExactCapacity => {
                return u32::try_from(step.adjustment).ok();
            }
            AdjustmentType::ChangeInCapacity => i64::from(step.adjustment),
            AdjustmentType::PercentChangeInCapacity => {
                let change = percent_of(running, step.adjustment);
                let least = i64::from(self.min_adjustment_magnitude);
                // From nothing, the magnitude alone, in the step's direction.
                let sign = i64::from(step.adjustment.signum());
                if change.abs() < least { sign * least } else { change }
            }
        };
        let wanted = (i64::from(running) + change).clamp(0, i64::from(u32::MAX));
        u32::try_from(wanted).ok()
    }
}

fn check_steps(steps: &[StepAdjustment]) -> Result<(), StepError> {
    if steps.is_empty() {
        return Err(StepError::NoSteps);
    }
    if steps.len() > StepScaling::MAX_STEPS {
        return Err(StepError::TooManySteps(steps.len()));
    }
    for step in steps {
        let bounds = [step.lower, step.upper];
        if let Some(value) = bounds.into_iter().flatten().find(|value| !value.is_finite()) {
            return Err(StepError::NotFinite(value));
        }
        match bounds {
            [None, None] => return Err(StepError::NoBound),
            [Some(lower), Some(upper)] if lower >= upper => {
                return Err(StepError::Empty { lower, upper });
            }
            _ => {}
        }
    }
    if steps.iter().filter(|step| step.lower.is_none()).count() > 1 {
        return Err(StepError::TwoWithoutLower);
    }
    if steps.iter().filter(|step| step.upper.is_none()).count() > 1 {
        return Err(StepError::TwoWithoutUpper);
    }
    let mut sorted: Vec<_> = steps.iter().collect();
    let key = |step: &StepAdjustment| step.lower.unwrap_or(f64::NEG_INFINITY);
    sorted.sort_by(|a, b| key(a).total_cmp(&key(b)));
    for pair in sorted.windows(2) {
        let (upper, lower) = (pair[0].upper.unwrap_or(f64::INFINITY), key(pair[1]));
        if upper > lower {
            return Err(StepError::Overlap { upper, lower });
        }
        if upper < lower {
            return Err(StepError::Gap { upper, lower });
        }
    }
    // Contiguous: the first is the lowest, the last the highest.
    if let Some(lower) = sorted[0].lower.filter(|lower| *lower < 0.0) {
        return Err(StepError::NoLowest(lower));
    }
    if let Some(upper) = sorted[sorted.len() - 1].upper.filter(|upper| *upper > 0.0) {
        return Err(StepError::NoHighest(upper));
    }
    Ok(())
}

/// A [`StepScaling`] at work.
#[derive(Clone, Debug)]
pub struct StepPolicy {
    settings: StepScaling,
    window: Window,
}

impl StepPolicy {
    fn vote(&self, running: u32) -> Vote {
        let alarm = self.settings.alarm;
        let value = match alarm.state(&self.window, self.settings.aggregation) {
            AlarmState::Ok => return Vote::Hold(Hold::WithinThresholds),
            AlarmState::InsufficientData => return Vote::Hold(Hold::InsufficientData),
            AlarmState::Breached { value } => value,
        };
        let Some(wanted) = self.settings.wanted(running, value) else {
            return Vote::Hold(Hold::NoStepForBreach);
        };
        let evidence = Evidence { value, threshold: alarm.threshold, periods: alarm.periods };
        let proposal = Proposal { wanted, evidence };
        match wanted.cmp(&running) {
            core::cmp::Ordering::Greater => Vote::Out(proposal),
            core::cmp::Ordering::Less => Vote::In(proposal),
            core::cmp::Ordering::Equal => Vote::Hold(Hold::NoWholeStep),
        }
    }
}

impl Policy for StepPolicy {
    fn kind(&self) -> PolicyKind {
        PolicyKind::Step
    }

    fn observe(&mut self, now: Instant, value: f64) {
        self.window.observe(now, value);
    }

    fn evaluate(&mut self, now: Instant, capacity: Capacity) -> Option<Vote> {
        self.window.turn(now).then(|| self.vote(capacity.running))
    }

    fn next_deadline(&self) -> Instant {
        self.window.next_deadline()
    }

    fn cooldown(&self, _direction: Direction) -> Duration {
        self.settings.cooldown
    }

    fn scale_in(&self) -> ScaleIn {
        ScaleIn::Alone
    }
}
