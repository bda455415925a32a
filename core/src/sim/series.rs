//! Counts and time averages in buckets of equal length, for plots.

use alloc::vec::Vec;

use super::fleet::{FleetBooks, ratio};
use super::level::{Level, mean};
use super::report::Series;
use crate::time::{Duration, Instant};

/// The most buckets of a series.
pub(super) const MAX_BUCKETS: u64 = 1_000_000;

/// What a request came to, for the counts of its bucket.
#[derive(Clone, Copy, Debug)]
pub(super) enum Outcome {
    Warm,
    Cold,
    Refused,
}

/// The series so far and the bucket being filled.
#[derive(Debug)]
pub(super) struct SeriesBooks {
    series: Series,
    horizon: Instant,
    start: Instant,
    end: Instant,
    counts: [u64; 3],
    /// The integrals at `start`: instances, busy, nodes used, CPU, memory.
    before: [u128; 5],
    /// The memory integral of each node at `start`; empty: not asked for.
    nodes_before: Vec<u128>,
}

impl SeriesBooks {
    /// Buckets of `bucket`, over zero, up to `horizon`, over zero.
    pub(super) fn new(bucket: Duration, horizon: Instant, per_node: usize) -> Self {
        let series = Series {
            bucket,
            arrivals: Vec::new(),
            warm: Vec::new(),
            cold: Vec::new(),
            throttles: Vec::new(),
            busy: Vec::new(),
            idle: Vec::new(),
            instances: Vec::new(),
            nodes_used: Vec::new(),
            cpu_share: Vec::new(),
            memory_share: Vec::new(),
            node_memory_share: Vec::new(),
        };
        Self {
            series,
            horizon,
            start: Instant::ZERO,
            end: Instant::ZERO.after(bucket).min(horizon),
            counts: [0; 3],
            before: [0; 5],
            nodes_before: alloc::vec![0; per_node],
        }
    }

    /// Counts a request in the bucket of the last [`Self::pass`].
    #[inline]
    pub(super) const fn count(&mut self, outcome: Outcome) {
        self.counts[outcome as usize] += 1;
    }

    /// Closes the buckets that end at or before `now`; before anything that
    /// happens at `now`. What happens at the horizon is in the last bucket.
    #[inline]
    pub(super) fn pass(
        &mut self,
        now: Instant,
        instances: &Level,
        busy: &Level,
        fleet: &FleetBooks,
    ) {
        while now >= self.end && self.end < self.horizon {
            self.close(instances, busy, fleet);
        }
    }

    /// Closes the last bucket too.
    pub(super) fn finish(mut self, instances: &Level, busy: &Level, fleet: &FleetBooks) -> Series {
        self.pass(self.horizon, instances, busy, fleet);
        self.close(instances, busy, fleet);
        self.series
    }

    fn close(&mut self, instances: &Level, busy: &Level, fleet: &FleetBooks) {
        let (end, length) = (self.end, self.end.since(self.start));
        let levels = [instances, busy, &fleet.used, &fleet.cpu, &fleet.memory];
        let after = levels.map(|level| level.integral(end));
        let mut means = [0.0; 5];
        for ((mean_of, after), before) in means.iter_mut().zip(after).zip(self.before) {
            *mean_of = mean(after - before, length);
        }
        let idle = mean((after[0] - self.before[0]) - (after[1] - self.before[1]), length);
        let series = &mut self.series;
        let [warm, cold, throttles] = self.counts;
        series.arrivals.push(warm + cold + throttles);
        series.warm.push(warm);
        series.cold.push(cold);
        series.throttles.push(throttles);
        series.instances.push(means[0]);
        series.busy.push(means[1]);
        series.idle.push(idle);
        if !fleet.is_empty() {
            series.nodes_used.push(means[2]);
            series.cpu_share.push(fleet.cpu_share(means[3]));
            series.memory_share.push(fleet.memory_share(means[4]));
        }
        for (before, (total, after)) in
            self.nodes_before.iter_mut().zip(fleet.memory_integrals(end))
        {
            series.node_memory_share.push(ratio(mean(after - *before, length), total));
            *before = after;
        }
        (self.before, self.counts, self.start) = (after, [0; 3], end);
        self.end = end.after(series.bucket).min(self.horizon);
    }
}
