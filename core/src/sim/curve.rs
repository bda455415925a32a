//! The distribution of a function's durations as the Azure trace gives it:
//! seven percentiles and a mean.

use crate::math;
use crate::time::Duration;

/// The percentiles that the trace gives.
pub const PERCENTILES: [u32; 7] = [0, 1, 25, 50, 75, 99, 100];

const SHORTEST: Duration = Duration::from_millis(1);
/// The largest power of the last hundredth: it then adds less than a
/// thousandth of its height to the mean.
const STEEPEST: f64 = 1_000.0;

/// Seven percentiles, and the shape of what lies above the 99th.
///
/// Straight lines join the points, but for the last two. Up to the 99th the
/// points lie close and the line is a fair guess; between the 99th and the
/// longest run that ever was there can be a factor of forty, and a straight
/// line would let one request in a hundred run for half of that. There the
/// curve is `p99 + (p100 - p99) * v^k` over `v` from 0 to 1, with the `k` that
/// gives the whole the mean that the trace states. Without a mean `k` is 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct DurationCurve {
    points_ms: [f64; 7],
    tail_power: f64,
}

impl DurationCurve {
    pub(super) fn new(points_ms: [f64; 7], mean_ms: Option<f64>) -> Self {
        let tail_power = mean_ms.map_or(1.0, |mean_ms| tail_power(&points_ms, mean_ms));
        Self { points_ms, tail_power }
    }

    /// The duration at quantile `u`, 0 to 1; at least 1 ms.
    pub(super) fn at(&self, u: f64) -> Duration {
        let at = u * 100.0;
        let [.., p99, longest] = self.points_ms;
        let ms = if at >= 99.0 {
            p99 + (longest - p99) * math::pow((at - 99.0).min(1.0), self.tail_power)
        } else {
            self.on_a_line(at)
        };
        Duration::from_secs_f64(ms / 1e3).max(SHORTEST)
    }

    /// The value at percentile `at`, below 99.
    fn on_a_line(&self, at: f64) -> f64 {
        let mut low = 0;
        while at >= f64::from(PERCENTILES[low + 1]) {
            low += 1;
        }
        let (left, right) = (f64::from(PERCENTILES[low]), f64::from(PERCENTILES[low + 1]));
        let (from, to) = (self.points_ms[low], self.points_ms[low + 1]);
        from + (to - from) * (at - left) / (right - left)
    }
}

/// The power that gives the curve its mean, or comes closest: the mean of
/// `v^k` over 0 to 1 is `1 / (k + 1)`.
fn tail_power(points_ms: &[f64; 7], mean_ms: f64) -> f64 {
    let [.., p99, longest] = *points_ms;
    if longest <= p99 {
        return 1.0;
    }
    let body: f64 = (0..5)
        .map(|low| {
            let width = f64::from(PERCENTILES[low + 1] - PERCENTILES[low]) / 100.0;
            width * (points_ms[low] + points_ms[low + 1]) / 2.0
        })
        .sum();
    let share = ((mean_ms - body) / 0.01 - p99) / (longest - p99);
    (1.0 / share.clamp(1.0 / (STEEPEST + 1.0), 1.0)) - 1.0
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const POINTS: [f64; 7] = [0.0, 10.0, 20.0, 40.0, 80.0, 200.0, 1000.0];
    /// The mean of seven points joined by straight lines.
    const STRAIGHT: f64 = 65.75;

    fn mean(curve: &DurationCurve) -> f64 {
        let draws = 1_000_000;
        let total: f64 = (0..draws)
            .map(|i| curve.at((f64::from(i) + 0.5) / f64::from(draws)).as_secs_f64())
            .sum();
        total / f64::from(draws) * 1e3
    }

    #[test]
    fn the_points_lie_on_the_curve_and_a_run_lasts_a_millisecond() {
        let curve = DurationCurve::new(POINTS, None);
        for (u, ms) in [(0.0, 1), (0.01, 10), (0.25, 20), (0.375, 30), (0.5, 40), (0.995, 600)] {
            assert_eq!(curve.at(u), Duration::from_millis(ms), "at {u}");
        }
        let bent = DurationCurve::new(POINTS, Some(63.0));
        assert_eq!(bent.at(0.99), Duration::from_millis(200));
        assert_eq!(bent.at(1.0), Duration::from_millis(1000));
    }

    #[test]
    fn the_curve_has_the_mean_that_the_trace_states() {
        for wanted in [62.0, 63.5, STRAIGHT, 68.0] {
            let got = mean(&DurationCurve::new(POINTS, Some(wanted)));
            assert!((got - wanted).abs() < 0.05, "{got} for {wanted}");
        }
        assert!((mean(&DurationCurve::new(POINTS, None)) - STRAIGHT).abs() < 0.05);
    }

    #[test]
    fn a_mean_that_the_points_exclude_gives_the_nearest_they_allow() {
        let (low, high) = (mean(&DurationCurve::new(POINTS, Some(0.0))), 69.75);
        assert!((low - 61.75).abs() < 0.05, "all of the last hundredth at the 99th: {low}");
        let got = mean(&DurationCurve::new(POINTS, Some(1e6)));
        assert!((got - high).abs() < 0.05, "all of it at the 100th: {got}");
        let flat = DurationCurve::new([5.0; 7], Some(9.0));
        assert_eq!(flat.at(0.999), Duration::from_millis(5));
    }
}
