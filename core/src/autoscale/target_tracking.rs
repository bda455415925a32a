//! Target tracking: capacity in proportion to how far a metric is off target.
//!
//! Source: Application Auto Scaling User Guide, "Target tracking scaling
//! policies". AWS publishes neither the formula nor its rounding; it says
//! "proportional" and "rounds conservatively". Chosen here: to the smallest
//! whole capacity at which the metric would be at the target or below it,
//! ceil(running x metric / target).

use core::fmt;

use super::bounds::{Capacity, Direction};
use super::policy::{
    Evidence, Hold, Policy, PolicyKind, Proposal, ScaleIn, Vote, cooldown, minute,
};
use super::window::{Alarm, AlarmState, Comparison, Statistic, Window};
use crate::math;
use crate::time::{Duration, Instant};

/// The settings of a target tracking policy.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct TargetTracking {
    /// Where the metric is held, in its unit; above 0.
    pub target: f64,
    /// How the data of a period become its datapoint. Default: the mean.
    #[cfg_attr(feature = "serde", serde(default))]
    pub statistic: Statistic,
    /// The length of a period: 60 s, or 20 s for high-resolution metrics.
    #[cfg_attr(
        feature = "serde",
        serde(default = "minute", rename = "period_s", with = "super::seconds")
    )]
    pub period: Duration,
    /// Periods above the target before a step out; 3.
    #[cfg_attr(feature = "serde", serde(default = "three"))]
    pub out_periods: u32,
    /// Periods below the low threshold before a step in; 15.
    #[cfg_attr(feature = "serde", serde(default = "fifteen"))]
    pub in_periods: u32,
    /// How far below the target the low threshold is, as a share of it; 0.1.
    #[cfg_attr(feature = "serde", serde(default = "tenth"))]
    pub in_margin: f64,
    /// Wait after a step out; 300 s.
    #[cfg_attr(
        feature = "serde",
        serde(default = "cooldown", rename = "scale_out_cooldown_s", with = "super::seconds")
    )]
    pub scale_out_cooldown: Duration,
    /// Wait after a step in; 300 s.
    #[cfg_attr(
        feature = "serde",
        serde(default = "cooldown", rename = "scale_in_cooldown_s", with = "super::seconds")
    )]
    pub scale_in_cooldown: Duration,
    /// Whether it never scales in.
    #[cfg_attr(feature = "serde", serde(default))]
    pub disable_scale_in: bool,
}

const fn three() -> u32 {
    3
}

const fn fifteen() -> u32 {
    15
}

const fn tenth() -> f64 {
    0.1
}

/// Settings of a [`TargetTracking`] that cannot hold.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum TargetTrackingError {
    /// The target is not a finite number above 0.
    Target(f64),
    /// The low threshold is not between 0 and the target.
    InMargin(f64),
    /// A number of periods is 0 or above [`Alarm::MAX_PERIODS`].
    Periods(u32),
    /// A period without length.
    ZeroPeriod,
}

impl fmt::Display for TargetTrackingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Target(value) => write!(f, "target {value}: must be a finite number above 0"),
            Self::InMargin(value) => write!(f, "in_margin {value}: must be from 0 to below 1"),
            Self::Periods(count) => {
                write!(f, "{count} periods: must be 1 to {}", Alarm::MAX_PERIODS)
            }
            Self::ZeroPeriod => f.write_str("period 0 s: must be over 0"),
        }
    }
}

impl core::error::Error for TargetTrackingError {}

impl TargetTracking {
    /// AWS's defaults for a metric of one datum or more a minute.
    pub const fn new(target: f64) -> Self {
        Self {
            target,
            statistic: Statistic::Average,
            period: minute(),
            out_periods: three(),
            in_periods: fifteen(),
            in_margin: tenth(),
            scale_out_cooldown: cooldown(),
            scale_in_cooldown: cooldown(),
            disable_scale_in: false,
        }
    }

    /// For a metric in periods of 20 s (the `...HighResolution` metrics of
    /// ECS). AWS does not publish its alarms; chosen here: 3 periods out (60 s)
    /// and the same 15 minutes in (45 periods).
    #[must_use]
    pub const fn high_resolution(self) -> Self {
        Self { period: Duration::from_secs(20), out_periods: 3, in_periods: 45, ..self }
    }

    /// For a function's provisioned concurrency by
    /// `ProvisionedConcurrencyUtilization` (0 to 1; 0.7 is usual): out after 3
    /// minutes of it, in after 15, by the mean, without a cooldown (AWS Lambda
    /// Developer Guide, "Managing provisioned concurrency with Application Auto
    /// Scaling"; the default of 0 s is that of the CDK's documentation).
    ///
    /// ```
    /// use warmstow_core::autoscale::{
    ///     Bounds, Direction, Policy, Scalable, Scaler, TargetTracking,
    /// };
    /// use warmstow_core::time::Instant;
    ///
    /// let allocated = Scalable::new(Bounds::new(1, 50)?, 10);
    /// let mut scaler = Scaler::new(Instant::ZERO, allocated);
    /// let policy = TargetTracking::provisioned_concurrency(0.7).start(Instant::ZERO)?;
    /// let metric = scaler.add_policy("utilization", "utilization", Box::new(policy))?;
    /// for minute in 0..3 {
    ///     scaler.handle_datum(Instant::from_secs(60 * minute), metric, 0.95)?;
    /// }
    /// scaler.handle_time(Instant::from_secs(180));
    /// // ceil(10 x 0.95 / 0.7)
    /// assert_eq!(scaler.poll_action().and_then(|decision| decision.scaled_to()), Some(14));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn provisioned_concurrency(target: f64) -> Self {
        let none = Duration::ZERO;
        Self { scale_out_cooldown: none, scale_in_cooldown: none, ..Self::new(target) }
    }

    /// The policy, its first period open.
    ///
    /// # Errors
    /// [`TargetTrackingError`] names the setting that is out of range.
    pub fn start(self, now: Instant) -> Result<TargetTrackingPolicy, TargetTrackingError> {
        if !(self.target > 0.0 && self.target.is_finite()) {
            return Err(TargetTrackingError::Target(self.target));
        }
        if !(0.0..1.0).contains(&self.in_margin) {
            return Err(TargetTrackingError::InMargin(self.in_margin));
        }
        for periods in [self.out_periods, self.in_periods] {
            if periods == 0 || periods > Alarm::MAX_PERIODS {
                return Err(TargetTrackingError::Periods(periods));
            }
        }
        if self.period == Duration::ZERO {
            return Err(TargetTrackingError::ZeroPeriod);
        }
        let keep = self.out_periods.max(self.in_periods);
        let window = Window::new(now, self.period, self.statistic, keep);
        Ok(TargetTrackingPolicy { settings: self, window })
    }

    /// The low threshold.
    pub fn low_threshold(&self) -> f64 {
        self.target * (1.0 - self.in_margin)
    }
}

/// A [`TargetTracking`] at work.
#[derive(Clone, Debug)]
pub struct TargetTrackingPolicy {
    settings: TargetTracking,
    window: Window,
}

/// The least capacity at which the metric would be at `target` or below, were
/// the load spread over it: ceil(`running` x `metric` / `target`).
///
/// A billionth above a whole number counts as that number, so that decimal
/// metrics that have no exact binary form do not cost one more.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturates, which is the largest capacity there is"
)]
pub fn proportional(running: u32, metric: f64, target: f64) -> u32 {
    let exact = f64::from(running) * metric / target;
    math::ceil(exact - exact * 1e-9) as u32
}

impl TargetTrackingPolicy {
    fn alarm(&self, direction: Direction) -> Alarm {
        let settings = &self.settings;
        match direction {
            Direction::Out => {
                Alarm::consecutive(Comparison::GreaterThan, settings.target, settings.out_periods)
            }
            Direction::In => {
                let low = settings.low_threshold();
                Alarm::consecutive(Comparison::LessThan, low, settings.in_periods)
            }
        }
    }

    /// What the newest datapoint asks for, as evidence of `direction`'s alarm.
    fn proposal(&self, direction: Direction, running: u32) -> Option<Proposal> {
        let value = self.window.last(1).flatten().next()?;
        let alarm = self.alarm(direction);
        let evidence = Evidence { value, threshold: alarm.threshold, periods: alarm.periods };
        let wanted = proportional(running, value, self.settings.target);
        Some(Proposal { wanted, evidence })
    }

    fn vote(&self, running: u32) -> Vote {
        let statistic = Statistic::Average;
        let high = self.alarm(Direction::Out).state(&self.window, statistic);
        if let AlarmState::Breached { .. } = high {
            let Some(proposal) = self.proposal(Direction::Out, running) else {
                return Vote::Hold(Hold::InsufficientData);
            };
            // From nothing, in proportion to nothing, the smallest step.
            let wanted = proposal.wanted.max(running.saturating_add(1));
            return Vote::Out(Proposal { wanted, ..proposal });
        }
        let low = self.alarm(Direction::In).state(&self.window, statistic);
        match low {
            AlarmState::Breached { .. } => {
                let Some(proposal) = self.proposal(Direction::In, running) else {
                    return Vote::Hold(Hold::InsufficientData);
                };
                if self.settings.disable_scale_in {
                    Vote::Hold(Hold::ScaleInDisabled)
                } else if proposal.wanted >= running {
                    Vote::Hold(Hold::NoWholeStep)
                } else {
                    Vote::In(proposal)
                }
            }
            AlarmState::InsufficientData => Vote::Hold(Hold::InsufficientData),
            AlarmState::Ok if high == AlarmState::InsufficientData => {
                Vote::Hold(Hold::InsufficientData)
            }
            AlarmState::Ok => Vote::Hold(Hold::WithinThresholds),
        }
    }
}

impl Policy for TargetTrackingPolicy {
    fn kind(&self) -> PolicyKind {
        PolicyKind::TargetTracking
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

    fn cooldown(&self, direction: Direction) -> Duration {
        match direction {
            Direction::Out => self.settings.scale_out_cooldown,
            Direction::In => self.settings.scale_in_cooldown,
        }
    }

    fn scale_in(&self) -> ScaleIn {
        if self.settings.disable_scale_in { ScaleIn::Never } else { ScaleIn::Together }
    }
}
