//! Concurrency-based scaling: Knative's pod autoscaler (KPA).
//!
//! Source: knative/serving `pkg/autoscaler/scaling/autoscaler.go`, its
//! configuration map `config-autoscaler` for the defaults, and
//! `pkg/reconciler/autoscaling/kpa/scaler.go` for scaling to zero. Two means
//! of the same metric, over a stable and a panic window, each divided by the
//! target for one instance; the panic one takes over while it asks for twice
//! what is ready, and then nothing is scaled in.

use core::fmt;

use super::bounds::{Capacity, Direction};
use super::policy::{Evidence, Hold, Policy, PolicyKind, Proposal, ScaleIn, Vote};
use crate::math;
use crate::time::{Duration, Instant};

/// The longest stable window, in seconds (Knative: one hour).
const MAX_WINDOW_S: u32 = 3_600;

/// The settings of a concurrency-based policy.
///
/// The metric is the concurrency over all instances: requests in flight. Give
/// a datum each second; several in a second are averaged, a second without one
/// between two with counts as 0.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct ConcurrencyBased {
    /// Requests an instance takes at once; 100.
    pub instance_concurrency: f64,
    /// The share of it that is aimed at; 0.7.
    pub target_utilization: f64,
    /// The stable window in whole seconds, 6 to 3600; 60.
    pub stable_window_s: u32,
    /// The panic window as a share of the stable one, 0.01 to 1; 0.1.
    pub panic_window_share: f64,
    /// Panic begins when the panic mean asks for that many times what is
    /// ready; 2.
    pub panic_threshold: f64,
    /// The largest growth in one tick, as a factor; 1000.
    pub max_scale_up_rate: f64,
    /// The largest shrinkage in one tick, as a divisor; 2.
    pub max_scale_down_rate: f64,
    /// Between two decisions; 2 s.
    #[cfg_attr(feature = "serde", serde(rename = "tick_s", with = "super::seconds"))]
    pub tick: Duration,
    /// How long the last instance stays after the stable window saw no
    /// request; 30 s.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "scale_to_zero_grace_s", with = "super::seconds")
    )]
    pub scale_to_zero_grace: Duration,
    /// The least that is asked for while anything is; 1.
    pub activation_scale: u32,
    /// Requests beyond those in flight that must find room without a queue in
    /// front of the instances; 211. Negative: always a queue; 0: only at zero.
    pub target_burst_capacity: f64,
}

impl Default for ConcurrencyBased {
    fn default() -> Self {
        Self {
            instance_concurrency: 100.0,
            target_utilization: 0.7,
            stable_window_s: 60,
            panic_window_share: 0.1,
            panic_threshold: 2.0,
            max_scale_up_rate: 1_000.0,
            max_scale_down_rate: 2.0,
            tick: Duration::from_secs(2),
            scale_to_zero_grace: Duration::from_secs(30),
            activation_scale: 1,
            target_burst_capacity: 211.0,
        }
    }
}

/// A setting of a [`ConcurrencyBased`] that is out of range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConcurrencyError {
    /// Which one.
    pub setting: &'static str,
    /// What was given.
    pub value: f64,
    /// What it must be.
    pub must: &'static str,
}

impl fmt::Display for ConcurrencyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: must be {}", self.setting, self.value, self.must)
    }
}

impl core::error::Error for ConcurrencyError {}

impl ConcurrencyBased {
    /// Checks the settings; the ranges are Knative's.
    ///
    /// # Errors
    /// [`ConcurrencyError`] names the first that is out of range.
    pub fn check(&self) -> Result<(), ConcurrencyError> {
        let window = f64::from(self.stable_window_s);
        let tick_s = self.tick.as_secs_f64();
        let finite_over = |value: f64, least: f64| value.is_finite() && value > least;
        let rules: [(&'static str, f64, bool, &'static str); 9] = [
            (
                "instance_concurrency",
                self.instance_concurrency,
                finite_over(self.instance_concurrency, 0.0),
                "a finite number above 0",
            ),
            (
                "target_utilization",
                self.target_utilization,
                self.target_utilization > 0.0 && self.target_utilization <= 1.0,
                "above 0 and at most 1",
            ),
            (
                "stable_window_s",
                window,
                (6..=MAX_WINDOW_S).contains(&self.stable_window_s),
                "6 to 3600",
            ),
            (
                "panic_window_share",
                self.panic_window_share,
                (0.01..=1.0).contains(&self.panic_window_share),
                "0.01 to 1",
            ),
            (
                "panic_threshold",
                self.panic_threshold,
                finite_over(self.panic_threshold, 1.0),
                "a finite number above 1",
            ),
            (
                "max_scale_up_rate",
                self.max_scale_up_rate,
                finite_over(self.max_scale_up_rate, 1.0),
                "a finite number above 1",
            ),
            (
                "max_scale_down_rate",
                self.max_scale_down_rate,
                finite_over(self.max_scale_down_rate, 1.0),
                "a finite number above 1",
            ),
            ("tick_s", tick_s, self.tick > Duration::ZERO, "above 0"),
            (
                "target_burst_capacity",
                self.target_burst_capacity,
                self.target_burst_capacity.is_finite(),
                "a finite number",
            ),
        ];
        match rules.into_iter().find(|(_, _, holds, _)| !holds) {
            Some((setting, value, _, must)) => Err(ConcurrencyError { setting, value, must }),
            None => Ok(()),
        }
    }

    /// The policy, with `ready` instances at the start: with more than one it
    /// begins in panic, so that it does not scale in for want of data.
    ///
    /// # Errors
    /// [`ConcurrencyError`] names the setting that is out of range.
    pub fn start(self, now: Instant, ready: u32) -> Result<ConcurrencyPolicy, ConcurrencyError> {
        self.check()?;
        let panic_since = (ready > 1).then_some(now);
        Ok(ConcurrencyPolicy {
            settings: self,
            seconds: Seconds::default(),
            next_tick: now.after(self.tick),
            panic_since,
            panic_most: ready,
            idle_since: None,
            last: None,
        })
    }

    /// Requests in flight that one instance is to have.
    pub fn target(&self) -> f64 {
        self.instance_concurrency * self.target_utilization
    }

    /// The panic window in whole seconds, at least 1.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "from 1 to the stable window"
    )]
    fn panic_window_s(&self) -> u64 {
        let seconds = f64::from(self.stable_window_s) * self.panic_window_share;
        (math::floor(seconds + 0.5) as u64).max(1)
    }
}

/// Means of each second, as Knative's timed buckets of one second.
#[derive(Clone, Debug, Default)]
struct Seconds {
    /// Sum and count by second, the newest last; no gaps.
    buckets: alloc::collections::VecDeque<(f64, u32)>,
    /// The newest bucket's second.
    newest: u64,
}

impl Seconds {
    fn add(&mut self, second: u64, value: f64, keep: u64) {
        if self.buckets.is_empty() || second > self.newest.saturating_add(keep) {
            self.buckets.clear();
            self.buckets.push_back((0.0, 0));
            self.newest = second;
        }
        while self.newest < second {
            self.newest += 1;
            self.buckets.push_back((0.0, 0));
        }
        while self.buckets.len() as u64 > keep {
            self.buckets.pop_front();
        }
        if let Some((sum, count)) = self.buckets.back_mut() {
            *sum += value;
            *count = count.saturating_add(1);
        }
    }

    /// The mean over the `window` seconds up to `second`, over those since the
    /// first datum; `None` where none of them has data.
    fn mean(&self, second: u64, window: u64) -> Option<f64> {
        let first = second.saturating_sub(window - 1);
        if self.buckets.is_empty() || self.newest < first {
            return None;
        }
        let oldest = self.newest + 1 - self.buckets.len() as u64;
        let mut sum = 0.0;
        for (second, (total, count)) in (oldest..).zip(&self.buckets) {
            if second >= first && *count > 0 {
                sum += total / f64::from(*count);
            }
        }
        let seconds = second + 1 - first.max(oldest);
        #[expect(clippy::cast_precision_loss, reason = "an hour of seconds at most")]
        let seconds = seconds as f64;
        Some(sum / seconds)
    }
}

/// What one tick came to.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ConcurrencyTick {
    /// The instances wanted, before bounds.
    pub desired: u32,
    /// The mean over the stable window.
    pub stable: f64,
    /// The mean over the panic window.
    pub panic: f64,
    /// Whether it is in panic.
    pub panicking: bool,
    /// Requests that would find room without a queue, beyond the burst that
    /// must. Below 0, a queue (Knative's activator) belongs in front.
    pub excess_burst_capacity: f64,
}

/// A [`ConcurrencyBased`] at work.
#[derive(Clone, Debug)]
pub struct ConcurrencyPolicy {
    settings: ConcurrencyBased,
    seconds: Seconds,
    next_tick: Instant,
    panic_since: Option<Instant>,
    panic_most: u32,
    /// Since when nothing has been wanted.
    idle_since: Option<Instant>,
    last: Option<ConcurrencyTick>,
}

const fn second_of(now: Instant) -> u64 {
    now.as_nanos() / 1_000_000_000
}

/// As Go converts: toward zero, within the range.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturates, which is the largest capacity there is"
)]
const fn whole(value: f64) -> u32 {
    value as u32
}

impl ConcurrencyPolicy {
    /// What the last tick came to, with the means behind it.
    pub const fn last_tick(&self) -> Option<ConcurrencyTick> {
        self.last
    }

    /// One decision with `ready` instances; `None` without data. O(window).
    pub fn tick(&mut self, now: Instant, ready: u32) -> Option<ConcurrencyTick> {
        let settings = self.settings;
        let second = second_of(now);
        let stable = self.seconds.mean(second, u64::from(settings.stable_window_s))?;
        let panic = self.seconds.mean(second, settings.panic_window_s()).unwrap_or(0.0);
        let base = f64::from(ready.max(1));
        let most = math::ceil(settings.max_scale_up_rate * base);
        let least = math::floor(base / settings.max_scale_down_rate);
        let wanted_stable = math::ceil(stable / settings.target());
        let wanted_panic = math::ceil(panic / settings.target());
        let limit = |wanted: f64| {
            let limited = whole(wanted.max(least).min(most));
            if wanted > 0.0 { limited.max(settings.activation_scale) } else { limited }
        };
        self.panic_or_not(now, wanted_panic / base >= settings.panic_threshold);
        let mut desired = limit(wanted_stable);
        if self.panic_since.is_some() {
            self.panic_most = self.panic_most.max(desired).max(limit(wanted_panic));
            desired = self.panic_most;
        }
        let excess_burst_capacity = if settings.target_burst_capacity == 0.0 {
            0.0
        } else if settings.target_burst_capacity < 0.0 {
            -1.0
        } else {
            let total = f64::from(ready) * settings.instance_concurrency;
            math::floor(total - settings.target_burst_capacity - panic)
        };
        let panicking = self.panic_since.is_some();
        let tick = ConcurrencyTick { desired, stable, panic, panicking, excess_burst_capacity };
        self.last = Some(tick);
        Some(tick)
    }

    fn panic_or_not(&mut self, now: Instant, over: bool) {
        let window = Duration::from_secs(u64::from(self.settings.stable_window_s));
        match self.panic_since {
            _ if over => self.panic_since = Some(now),
            Some(since) if since.after(window) < now => {
                self.panic_since = None;
                self.panic_most = 0;
            }
            _ => {}
        }
    }

    /// The vote of a tick, and the last instance's grace.
    fn vote(&mut self, now: Instant, capacity: Capacity) -> Vote {
        let Some(tick) = self.tick(now, capacity.running) else {
            return Vote::Hold(Hold::InsufficientData);
        };
        let mut wanted = tick.desired;
        let running = capacity.running;
        if wanted > 0 {
            self.idle_since = None;
        } else if running > 0 {
            let since = *self.idle_since.get_or_insert(now);
            if now.since(since) < self.settings.scale_to_zero_grace {
                if running == 1 {
                    return Vote::Hold(Hold::ZeroGrace);
                }
                wanted = 1;
            }
        }
        let value = if tick.panicking { tick.panic } else { tick.stable };
        let threshold = self.settings.target();
        let evidence = Evidence { value, threshold, periods: 1 };
        let proposal = Proposal { wanted, evidence };
        match wanted.cmp(&running) {
            core::cmp::Ordering::Greater => Vote::Out(proposal),
            core::cmp::Ordering::Less => Vote::In(proposal),
            core::cmp::Ordering::Equal if tick.panicking => Vote::Hold(Hold::Panic),
            core::cmp::Ordering::Equal => Vote::Hold(Hold::WithinThresholds),
        }
    }
}

impl Policy for ConcurrencyPolicy {
    fn kind(&self) -> PolicyKind {
        PolicyKind::ConcurrencyBased
    }

    fn observe(&mut self, now: Instant, value: f64) {
        if value.is_finite() {
            let keep = u64::from(self.settings.stable_window_s);
            self.seconds.add(second_of(now), value, keep);
        }
    }

    fn evaluate(&mut self, now: Instant, capacity: Capacity) -> Option<Vote> {
        if now < self.next_tick {
            return None;
        }
        self.next_tick = now.after(self.settings.tick);
        Some(self.vote(now, capacity))
    }

    fn next_deadline(&self) -> Instant {
        self.next_tick
    }

    fn cooldown(&self, _direction: Direction) -> Duration {
        Duration::ZERO
    }

    fn scale_in(&self) -> ScaleIn {
        ScaleIn::Alone
    }
}
