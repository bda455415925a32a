//! A count that changes over time, and its time integral.

use crate::time::{Duration, Instant};

/// How many there are, and the sum of how many times how long.
///
/// Whole numbers throughout, so the integral is exact and the order in which
/// levels are summed does not matter.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Level {
    value: u64,
    peak: u64,
    integral: u128,
    since: Instant,
}

impl Level {
    /// How many there are now.
    pub(super) const fn value(&self) -> u64 {
        self.value
    }

    /// The most there ever were.
    pub(super) const fn peak(&self) -> u64 {
        self.peak
    }

    /// `count` more from `now` on. `now` is clamped to the horizon by the
    /// caller and never goes back.
    #[inline]
    pub(super) fn add(&mut self, now: Instant, count: u64) {
        self.settle(now);
        self.value += count;
        self.peak = self.peak.max(self.value);
    }

    /// `count` fewer from `now` on.
    #[inline]
    pub(super) fn remove(&mut self, now: Instant, count: u64) {
        self.settle(now);
        debug_assert!(self.value >= count, "{count} taken off {}", self.value);
        self.value = self.value.saturating_sub(count);
    }

    /// Brings the integral up to `now`.
    #[inline]
    fn settle(&mut self, now: Instant) {
        self.integral = self.integral(now);
        self.since = now;
    }

    /// The integral from 0 to `now`, in count times nanoseconds.
    #[inline]
    pub(super) fn integral(&self, now: Instant) -> u128 {
        self.integral + u128::from(self.value) * u128::from(now.since(self.since).as_nanos())
    }

    /// The time average from 0 to `end`.
    pub(super) fn mean(&self, end: Instant) -> f64 {
        mean(self.integral(end), end.since(Instant::ZERO))
    }
}

/// `integral` over `time`; 0 where there is no time.
pub(super) fn mean(integral: u128, time: Duration) -> f64 {
    if time == Duration::ZERO { 0.0 } else { integral as f64 / time.as_nanos() as f64 }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_average_weighs_each_level_by_its_time() {
        let at = Instant::from_nanos;
        let mut level = Level::default();
        level.add(at(10), 3);
        level.remove(at(30), 2);
        assert_eq!(level.integral(at(40)), 70);
        assert_eq!((level.mean(at(100)), level.value(), level.peak()), (1.3, 1, 3));
        assert_eq!(Level::default().mean(Instant::ZERO), 0.0);
    }
}
