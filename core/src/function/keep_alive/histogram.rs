//! The hybrid histogram: unload at once, load again before the next request.
//!
//! M. Shahrad et al., "Serverless in the Wild: Characterizing and Optimizing the
//! Serverless Workload at a Large Cloud Provider", USENIX ATC 2020. Of each
//! function the idle times are counted in 240 bins of a minute; one that is
//! longer is out of bounds. At the end of an execution:
//!
//! 1. half of the idle times or more out of bounds: the next one is forecast as
//!    f; the function is loaded at 0.85 f and kept for 0.30 f;
//! 2. bins too even to say anything (coefficient of variation of the counts
//!    below 2; so too with none): kept for the whole range, 4 hours;
//! 3. else loaded at the 5th percentile's bin, rounded down, less 10 %, and kept
//!    until the 99th percentile's, rounded up, plus 10 %.
//!
//! A load at 0 means that it stays loaded.
//!
//! # What is chosen where the paper does not say
//!
//! * An idle time is counted for every request: 0 where the function was busy.
//! * Every level of a function is kept by the function's one histogram.
//! * The window of rule 3 closes at its time since the execution, not since the
//!   load: that is what the 99th percentile is of. It takes less memory than
//!   the other reading.
//! * The forecast. The paper fits an ARIMA model to few, long, out-of-bounds
//!   idle times. Its substitute here is simple exponential smoothing (Holt,
//!   1957) of the idle times that are out of bounds, s <- s + (x - s) / 2,
//!   which is ARIMA(0, 1, 1) with its coefficient fixed: no fit that can fail,
//!   and the same bits on every target.

use super::{ByIndex, Gap, KeepAlive, Profile, Window};
use crate::time::{Duration, Instant};

/// Bins of a minute: 4 hours.
const BINS: usize = 240;
const BIN: Duration = Duration::from_secs(60);
/// The range of the histogram.
const RANGE: Duration = Duration::from_secs(60 * BINS as u64);

/// The hybrid histogram policy; the head of its file says how it decides.
#[derive(Debug)]
pub struct Histogram {
    functions: ByIndex<IdleTimes>,
}

#[derive(Debug)]
struct IdleTimes {
    bins: [u32; BINS],
    /// Within the bins.
    within: u64,
    /// The sum of the squares of the bins' counts.
    squares: u128,
    out_of_bounds: u64,
    forecast: Duration,
}

impl Default for IdleTimes {
    fn default() -> Self {
        Self { bins: [0; BINS], within: 0, squares: 0, out_of_bounds: 0, forecast: Duration::ZERO }
    }
}

impl Histogram {
    /// No function yet.
    pub const fn new() -> Self {
        Self { functions: ByIndex::new() }
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

impl KeepAlive for Histogram {
    fn adopt(&mut self, function: u32, _profile: Profile) {
        self.functions.entry(function);
    }

    fn handle_rise(&mut self, _now: Instant, function: u32, level: u32, gap: Option<Duration>) {
        let idle_times = self.functions.entry(function);
        match gap {
            _ if level > 1 => idle_times.count(Duration::ZERO),
            Some(gap) => idle_times.count(gap),
            // The first request of all ends no idle time.
            None => {}
        }
    }

    fn window(&mut self, _now: Instant, gap: Gap) -> Option<Window> {
        let window = self.functions.entry(gap.function).window();
        (window.until > gap.idle_for).then_some(window)
    }
}

impl IdleTimes {
    fn count(&mut self, idle: Duration) {
        let bin = usize::try_from(idle.as_nanos() / BIN.as_nanos()).unwrap_or(usize::MAX);
        if let Some(count) = self.bins.get_mut(bin) {
            // (c + 1)^2 = c^2 + 2 c + 1. Counts stop at 2^32: percentiles of
            // four thousand million idle times do not move.
            if *count < u32::MAX {
                self.squares += 2 * u128::from(*count) + 1;
                *count += 1;
                self.within += 1;
            }
        } else {
            let (seen, forecast) = (self.out_of_bounds, self.forecast.as_nanos());
            let smoothed = forecast / 2 + idle.as_nanos() / 2;
            self.forecast = if seen == 0 { idle } else { Duration::from_nanos(smoothed) };
            self.out_of_bounds += 1;
        }
    }

    fn window(&self) -> Window {
        let all = self.within + self.out_of_bounds;
        if all > 0 && 2 * self.out_of_bounds >= all {
            return Window {
                from: scaled(self.forecast, 85, 100),
                until: scaled(self.forecast, 115, 100),
            };
        }
        if !self.is_representative() {
            return Window::for_the_first(RANGE);
        }
        let (head, tail) = (self.percentile_bin(5), self.percentile_bin(99) + 1);
        Window { from: scaled(minutes(head), 90, 100), until: scaled(minutes(tail), 110, 100) }
    }

    /// Whether the coefficient of variation of the bins' counts is 2 or more:
    /// mean of squares - square of mean >= 4 x square of mean, times the bins
    /// squared. With the divisor BINS of a population.
    fn is_representative(&self) -> bool {
        let bins = BINS as u128;
        let sum = u128::from(self.within);
        sum > 0 && bins * self.squares >= 5 * sum * sum
    }

    /// The bin that the percentile is in.
    fn percentile_bin(&self, percent: u64) -> u64 {
        let mut below = 0;
        for (bin, &count) in (0..).zip(&self.bins) {
            below += u64::from(count);
            if below * 100 >= self.within * percent {
                return bin;
            }
        }
        BINS as u64 - 1
    }
}

const fn minutes(bins: u64) -> Duration {
    Duration::from_nanos(BIN.as_nanos() * bins)
}

/// `time` x `numerator` / `denominator`, without overflow.
fn scaled(time: Duration, numerator: u64, denominator: u64) -> Duration {
    let nanos = u128::from(time.as_nanos()) * u128::from(numerator) / u128::from(denominator);
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}
