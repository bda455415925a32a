//! When to be warm, given how an idle time is distributed: an exact optimum.
//!
//! An idle time ends in bin b with weight w(b), or beyond all bins. Let s(b) be
//! the weight of those that reach the end of bin b. While warm, memory costs its
//! price a second; an idle time that ends while cold costs a cold start, 1; and
//! an instance started ahead costs `restart`. From the last bin back, the least
//! cost from the beginning of a bin on is
//!
//! ```text
//! warm(b) = price * length(b) * (s(b) + w(b) / 2) + min(warm(b+1), cold(b+1))
//! cold(b) = w(b) + min(cold(b+1), warm(b+1) + restart * s(b))
//! ```
//!
//! and the idle time begins warm for nothing, as the instance is there. Where
//! restarts are free, this is to be warm exactly while the hazard, the chance
//! that the idle time ends in the next second given that it has not yet, is
//! above the price: the marginal rule of economics, and of ski rental with a
//! known distribution.

use alloc::vec::Vec;

use super::Window;
use super::gaps::{self, BINS};
use crate::time::Duration;

/// What things cost, in cold starts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Costs {
    /// One instance idle for one second.
    pub(super) second: f64,
    /// One instance started ahead.
    pub(super) restart: f64,
    /// How long before it is wanted a start ahead begins.
    pub(super) lead: Duration,
}

/// An idle time's distribution: any weights.
#[derive(Debug)]
pub(super) struct Weights {
    pub(super) bins: [f64; BINS],
    pub(super) beyond: f64,
}

impl Weights {
    /// The chance that an idle time which has come to `idle_for` ends in the
    /// next second; 0 beyond the last bin.
    pub(super) fn hazard(&self, idle_for: Duration) -> f64 {
        let Some(bin) = gaps::bin(idle_for) else { return 0.0 };
        let ends = self.bins[bin];
        let survives = self.bins[bin + 1..].iter().sum::<f64>() + self.beyond;
        ends / (gaps::length_s(bin) * (survives + 0.5 * ends))
    }
}

/// What is best after a bin.
#[derive(Clone, Copy, Debug, Default)]
struct Next {
    /// If warm: to stay so.
    stay: bool,
    /// If cold: to start ahead.
    start: bool,
}

/// Writes the windows of least cost, in order of time; O(bins).
pub(super) fn plan(weights: &Weights, costs: Costs, windows: &mut Vec<Window>) {
    let mut next = [Next::default(); BINS];
    let (mut warm, mut cold, mut survives) = (0.0, 0.0, weights.beyond);
    for bin in (0..BINS).rev() {
        let (weight, length_s) = (weights.bins[bin], gaps::length_s(bin));
        let restarted = warm + costs.restart * survives;
        next[bin] = Next { stay: warm <= cold, start: restarted < cold };
        let memory = costs.second * length_s * (survives + 0.5 * weight);
        (warm, cold) = (memory + warm.min(cold), weight + cold.min(restarted));
        survives += weight;
    }
    windows.clear();
    let mut is_warm = warm <= cold;
    for (bin, next) in next.iter().enumerate() {
        if is_warm {
            extend(windows, bin, costs.lead);
        }
        is_warm = if is_warm { next.stay } else { next.start };
    }
}

/// Adds a warm bin: to the last window if it comes up to it.
fn extend(windows: &mut Vec<Window>, bin: usize, lead: Duration) {
    let (begin, until) = (gaps::begin(bin), gaps::end(bin));
    let early = begin.as_nanos().saturating_sub(lead.as_nanos());
    match windows.last_mut() {
        Some(last) if last.until.as_nanos() >= early => last.until = until,
        _ => windows.push(Window { from: Duration::from_nanos(early), until }),
    }
}
