//! What is counted of one function, and the summary made of it.

use alloc::vec::Vec;

use super::level::{Level, mean};
use super::percentile::nearest_rank;
use super::report::{GbSeconds, LatencyMs, Refused, Summary};
use crate::cost::{Architecture, Meter, PriceTable};
use crate::time::{Duration, Instant};

/// How a request ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Complete,
    Crash,
    Timeout,
}

/// How many requests came to what.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    pub(super) warm: u64,
    pub(super) cold: u64,
    pub(super) refused: Vec<Refused>,
    /// Refusals for want of room after which the request was invoked again.
    pub(super) repeated: Vec<Refused>,
    pub(super) timeouts: u64,
    pub(super) crashes: u64,
    /// Of those served, by provisioned concurrency.
    pub(super) provisioned: u64,
    /// Of those served, on demand beside it.
    pub(super) spillovers: u64,
}

impl Counts {
    /// Counts a refusal. There are ten reasons at most.
    pub(super) fn refuse(&mut self, reason: &'static str, count: u64) {
        tally(&mut self.refused, reason, count);
    }

    /// Counts a refusal after which room was made.
    pub(super) fn repeat(&mut self, reason: &'static str) {
        tally(&mut self.repeated, reason, 1);
    }

    /// How often the region refused for `reason`, whatever came of it.
    pub(super) fn refused_for(&self, reason: &str) -> u64 {
        let all = self.refused.iter().chain(&self.repeated);
        all.filter(|refused| refused.reason == reason).map(|refused| refused.count).sum()
    }

    fn merge(&mut self, other: &Self) {
        self.warm += other.warm;
        self.cold += other.cold;
        self.timeouts += other.timeouts;
        self.crashes += other.crashes;
        self.provisioned += other.provisioned;
        self.spillovers += other.spillovers;
        for refused in &other.refused {
            self.refuse(refused.reason, refused.count);
        }
    }
}

fn tally(counts: &mut Vec<Refused>, reason: &'static str, count: u64) {
    match counts.iter_mut().find(|refused| refused.reason == reason) {
        Some(refused) => refused.count += count,
        None => counts.push(Refused { reason, count }),
    }
}

/// Instances and requests at this moment and over time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Load {
    pub(super) instances: Level,
    /// Instances with a request, starting or running.
    pub(super) busy: Level,
    pub(super) in_flight: u64,
    pub(super) peak_in_flight: u64,
}

impl Load {
    #[inline]
    pub(super) fn admit(&mut self) {
        self.in_flight += 1;
        self.peak_in_flight = self.peak_in_flight.max(self.in_flight);
    }
}

/// The books of one function.
#[derive(Debug, Default)]
pub(super) struct Books {
    pub(super) counts: Counts,
    pub(super) load: Load,
    /// Instances before their first request runs.
    pub(super) starting: Level,
    /// Of each request served, in nanoseconds.
    pub(super) latencies: Vec<u64>,
    pub(super) meter: Meter,
    /// Instances that stopped within the observed time.
    pub(super) stopped: u64,
    /// Instances started ahead of any request.
    pub(super) prewarms: u64,
}

impl Books {
    /// A request is over: it took `init` to start and `run` to run.
    #[inline]
    pub(super) fn end(
        &mut self,
        end: End,
        memory_mib: u32,
        init: Duration,
        run: Duration,
        prices: &PriceTable,
        provisioned: bool,
    ) {
        self.load.in_flight -= 1;
        match end {
            End::Complete => {}
            End::Crash => self.counts.crashes += 1,
            End::Timeout => self.counts.timeouts += 1,
        }
        self.latencies.push(init.plus(run).as_nanos());
        if provisioned {
            self.meter.provisioned_request(prices, memory_mib, run);
        } else {
            self.meter.request(prices, memory_mib, init, run);
        }
    }

    /// Memory held from 0 to `end` by instances of `memory_mib`.
    fn gb_seconds(&self, memory_mib: u32, end: Instant) -> GbSeconds {
        let gb_seconds = |integral: u128| integral as f64 * f64::from(memory_mib) / 1024.0 / 1e9;
        let (instances, busy) = (self.load.instances.integral(end), self.load.busy.integral(end));
        let init = self.starting.integral(end);
        GbSeconds {
            busy: gb_seconds(busy - init),
            idle: gb_seconds(instances - busy),
            init: gb_seconds(init),
        }
    }
}

/// Makes summaries of books that are complete.
#[derive(Debug)]
pub(super) struct Summaries {
    pub(super) end: Instant,
    pub(super) prices: PriceTable,
    pub(super) architecture: Architecture,
}

impl Summaries {
    /// Of one function, whose latencies are sorted.
    pub(super) fn one(&self, books: &Books, memory_mib: u32) -> Summary {
        self.make(
            &books.counts,
            &books.load,
            [books.stopped, books.prewarms],
            &[&books.latencies],
            &books.meter,
            books.gb_seconds(memory_mib, self.end),
        )
    }

    /// Of all functions together; `load` is theirs.
    pub(super) fn all<'a>(
        &self,
        functions: impl Iterator<Item = (&'a Books, u32)>,
        load: &Load,
    ) -> Summary {
        let (mut counts, mut stopped) = (Counts::default(), [0; 2]);
        let (mut meter, mut gb_seconds) = (Meter::default(), GbSeconds::default());
        let mut latencies: Vec<&[u64]> = Vec::new();
        for (books, memory_mib) in functions {
            counts.merge(&books.counts);
            stopped[0] += books.stopped;
            stopped[1] += books.prewarms;
            meter.merge(&books.meter);
            let held = books.gb_seconds(memory_mib, self.end);
            gb_seconds.busy += held.busy;
            gb_seconds.idle += held.idle;
            gb_seconds.init += held.init;
            latencies.push(&books.latencies);
        }
        self.make(&counts, load, stopped, &latencies, &meter, gb_seconds)
    }

    fn make(
        &self,
        counts: &Counts,
        load: &Load,
        [stopped, prewarmed]: [u64; 2],
        latencies: &[&[u64]],
        meter: &Meter,
        gb_seconds: GbSeconds,
    ) -> Summary {
        let (warm, cold) = (counts.warm, counts.cold);
        let mut throttles = counts.refused.clone();
        throttles.sort_unstable_by_key(|refused| refused.reason);
        let refused: u64 = throttles.iter().map(|refused| refused.count).sum();
        let time = self.end.since(Instant::ZERO);
        let (instances, busy) = (load.instances.integral(self.end), load.busy.integral(self.end));
        Summary {
            invocations: warm + cold + refused,
            warm_starts: warm,
            cold_starts: cold,
            cold_start_probability: match warm + cold {
                0 => 0.0,
                served => cold as f64 / served as f64,
            },
            throttles,
            timeouts: counts.timeouts,
            errors: counts.crashes,
            peak_concurrency: load.peak_in_flight,
            peak_instances: load.instances.peak(),
            mean_instances: mean(instances, time),
            mean_busy_instances: mean(busy, time),
            mean_idle_instances: mean(instances - busy, time),
            mean_instance_lifespan_s: match cold + prewarmed {
                0 => 0.0,
                started => instances as f64 / started as f64 / 1e9,
            },
            stopped_instances: stopped,
            prewarmed_instances: prewarmed,
            provisioned_invocations: counts.provisioned,
            spillover_invocations: counts.spillovers,
            latency_ms: latency_ms(latencies),
            gb_seconds,
            cost_usd: meter.cost(&self.prices, self.architecture),
        }
    }
}

fn latency_ms(sorted: &[&[u64]]) -> LatencyMs {
    let ms = |per_mille| nearest_rank(sorted, per_mille) as f64 / 1e6;
    LatencyMs { p50: ms(500), p90: ms(900), p95: ms(950), p99: ms(990), max: ms(1000) }
}
