//! How much is asked for, over time.

use alloc::vec::Vec;

use crate::math;
use crate::rng::Rng;
use crate::time::{Duration, Instant};

/// Requests per second over time: straight lines between points.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Load {
    /// In order of time, at least one.
    pub points: Vec<LoadPoint>,
    /// Begins again every so often; `None`: the last point holds for ever.
    pub repeat: Option<Duration>,
}

/// Load at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LoadPoint {
    /// When.
    pub at: Duration,
    /// Requests per second.
    pub per_s: f64,
}

/// A day's curve, lower at weekends: lowest half a day before and after its
/// peak, and a cosine between.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Week {
    /// Requests per second at night.
    pub low_per_s: f64,
    /// And at a weekday's peak.
    pub high_per_s: f64,
    /// The hour of the peak, UTC, 0 to 24.
    pub peak_hour: f64,
    /// Saturday's and Sunday's peak above the night, percent of a weekday's.
    pub weekend_percent: f64,
    /// How far each point is off the curve, either way at most, percent.
    pub noise_percent: f64,
}

impl Week {
    /// Between two points of a [`Load`] that it makes.
    pub const STEP: Duration = Duration::from_secs(600);

    /// Requests per second at that Unix time, without noise.
    pub fn at(&self, unix_s: i64) -> f64 {
        let weekday = (unix_s.div_euclid(86_400) + 3).rem_euclid(7); // 1970 began on a Thursday
        let height = if weekday < 5 { 1.0 } else { self.weekend_percent / 100.0 };
        let seconds = u32::try_from(unix_s.rem_euclid(86_400)).unwrap_or(0);
        let turns = (f64::from(seconds) / 3_600.0 - self.peak_hour) / 24.0;
        let share = f64::midpoint(1.0, math::cos(core::f64::consts::TAU * turns));
        self.low_per_s + (self.high_per_s - self.low_per_s) * height * share
    }

    /// The curve from `unix_s` on for `time`, with its noise drawn by `seed`.
    /// O(time).
    pub fn load(&self, unix_s: i64, time: Duration, seed: u64) -> Load {
        let mut rng = Rng::new(seed);
        let count = time.as_nanos() / Self::STEP.as_nanos() + 1;
        let point = |at: u64| {
            let seconds = at * (Self::STEP.as_nanos() / 1_000_000_000);
            let off = (2.0 * rng.uniform() - 1.0) * self.noise_percent / 100.0;
            let unix_s = unix_s.saturating_add(i64::try_from(seconds).unwrap_or(i64::MAX));
            LoadPoint { at: Duration::from_secs(seconds), per_s: self.at(unix_s) * (1.0 + off) }
        };
        Load { points: (0..=count).map(point).collect(), repeat: None }
    }
}

impl Load {
    /// Requests per second at `now`. O(log points).
    pub fn at(&self, now: Instant) -> f64 {
        let mut at = now.as_nanos();
        if let Some(repeat) = self.repeat {
            at %= repeat.as_nanos().max(1);
        }
        let at = Duration::from_nanos(at);
        let after = self.points.partition_point(|point| point.at <= at);
        let Some(next) = self.points.get(after) else {
            return self.points.last().map_or(0.0, |point| point.per_s);
        };
        let Some(before) = after.checked_sub(1).map(|before| self.points[before]) else {
            return next.per_s;
        };
        let span = next.at.as_secs_f64() - before.at.as_secs_f64();
        let share = (at.as_secs_f64() - before.at.as_secs_f64()) / span;
        before.per_s + (next.per_s - before.per_s) * share
    }
}
