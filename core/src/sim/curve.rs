//! The distribution of a function's durations as the Azure trace gives it:
//! seven percentiles and a mean.

use crate::math;
use crate::time::Duration;

/// The percentiles that the trace gives.
pub const PERCENTILES: [u32; 7] = [0, 1, 25, 50, 75, 99, 100];

const SHORTEST: Duration = Duration::from_millis(1);
/// The largest power: the bend then adds less than a thousandth of its room.
const STEEPEST: f64 = 1_000.0;

/// The point from which on the curve is bent: the 75th percentile.
const BEND: usize = 4;

/// Seven percentiles, and how the curve between the last three is bent.
///
/// Straight lines join the points up to the 75th. Above it the points lie far
/// apart (from the 99th to the longest run that ever was there can be a factor
/// of forty), and straight lines would make the load half as large again as it
/// was. There each of the two pieces is `low + (high - low) * v^k` over `v`
/// from 0 to 1, with the one `k` that gives the whole the mean that the trace
/// states. Without a mean `k` is 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct DurationCurve {
    points_ms: [f64; 7],
    power: f64,
}

impl DurationCurve {
    pub(super) fn new(points_ms: [f64; 7], mean_ms: Option<f64>) -> Self {
        Self { points_ms, power: mean_ms.map_or(1.0, |mean_ms| power(&points_ms, mean_ms)) }
    }

    /// The duration at quantile `u`, 0 to 1; at least 1 ms.
    pub(super) fn at(&self, u: f64) -> Duration {
        let at = (u * 100.0).clamp(0.0, 100.0);
        let low = (1..PERCENTILES.len() - 1)
            .rev()
            .find(|&point| at >= f64::from(PERCENTILES[point]))
            .unwrap_or(0);
        let (from, to) = (self.points_ms[low], self.points_ms[low + 1]);
        let left = f64::from(PERCENTILES[low]);
        let way = (at - left) / (f64::from(PERCENTILES[low + 1]) - left);
        let way = if low >= BEND { math::pow(way, self.power) } else { way };
        Duration::from_secs_f64((from + (to - from) * way) / 1e3).max(SHORTEST)
    }
}

/// The power that gives the curve its mean, or comes closest: the mean of
/// `v^k` over 0 to 1 is `1 / (k + 1)`.
fn power(points_ms: &[f64; 7], mean_ms: f64) -> f64 {
    // The least mean that the points allow, and what the bend can add to it.
    let (mut least, mut room) = (0.0, 0.0);
    for low in 0..PERCENTILES.len() - 1 {
        let width = f64::from(PERCENTILES[low + 1] - PERCENTILES[low]) / 100.0;
        let rise = points_ms[low + 1] - points_ms[low];
        least += width * points_ms[low];
        if low >= BEND {
            room += width * rise;
        } else {
            least += width * rise / 2.0;
        }
    }
    if room <= 0.0 {
        return 1.0;
    }
    let share = (mean_ms - least) / room;
    1.0 / share.clamp(1.0 / (STEEPEST + 1.0), 1.0) - 1.0
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const POINTS: [f64; 7] = [0.0, 10.0, 20.0, 40.0, 80.0, 200.0, 1000.0];
    /// The mean of seven points joined by straight lines.
    const STRAIGHT: f64 = 65.75;
    const LEAST: f64 = 47.35;
    const MOST: f64 = 84.15;

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
        for wanted in [50.0, 60.0, STRAIGHT, 80.0] {
            let got = mean(&DurationCurve::new(POINTS, Some(wanted)));
            assert!((got - wanted).abs() < 0.05, "{got} for {wanted}");
        }
        assert!((mean(&DurationCurve::new(POINTS, None)) - STRAIGHT).abs() < 0.05);
    }

    #[test]
    fn a_mean_that_the_points_exclude_gives_the_nearest_they_allow() {
        let low = mean(&DurationCurve::new(POINTS, Some(0.0)));
        assert!((low - LEAST).abs() < 0.1, "all above the 75th at its lower point: {low}");
        let high = mean(&DurationCurve::new(POINTS, Some(1e6)));
        assert!((high - MOST).abs() < 0.1, "all above the 75th at its upper point: {high}");
        let flat = DurationCurve::new([5.0; 7], Some(9.0));
        assert_eq!(flat.at(0.999), Duration::from_millis(5));
    }
}
