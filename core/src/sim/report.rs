//! What a replay found: the same keys for all functions and for each.

use alloc::string::String;
use alloc::vec::Vec;

use crate::cost::Cost;
use crate::time::Duration;

/// What a replay found.
///
/// Means are averages over the observed time [0, horizon]. Requests in flight
/// at the horizon are counted, timed and billed to their end; what they do
/// after the horizon is in no average.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Report {
    /// All functions together.
    pub total: Summary,
    /// Each function, in the order of the configuration.
    pub functions: Vec<FunctionReport>,
    /// The nodes; `None` where instances are not placed.
    pub fleet: Option<FleetReport>,
    /// Counts and averages over time, where they were asked for.
    pub series: Option<Series>,
    /// The length of the observed time.
    pub horizon: Duration,
}

/// What a replay found of one function.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct FunctionReport {
    /// Its name.
    pub name: String,
    /// The same keys as in total.
    pub summary: Summary,
}

/// The figures of one function, or of all.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Summary {
    /// Requests that arrived: warm starts, cold starts and refusals.
    pub invocations: u64,
    /// Requests served by an instance that was there.
    pub warm_starts: u64,
    /// Requests that started an instance.
    pub cold_starts: u64,
    /// Cold starts among the requests served; 0 where none was.
    pub cold_start_probability: f64,
    /// Requests refused, by reason, in the order of the names; only reasons
    /// that occurred.
    pub throttles: Vec<Refused>,
    /// Requests that reached their timeout.
    pub timeouts: u64,
    /// Requests that crashed; timeouts are not among them.
    pub errors: u64,
    /// The most requests in flight at a time.
    pub peak_concurrency: u64,
    /// The most instances at a time.
    pub peak_instances: u64,
    /// The mean number of instances.
    pub mean_instances: f64,
    /// The mean number of instances with a request, in initialisation or run.
    pub mean_busy_instances: f64,
    /// The mean number of instances without a request.
    pub mean_idle_instances: f64,
    /// The mean life of an instance, in seconds; 0 where none started. One
    /// that has not stopped by the horizon counts with its life so far: to
    /// leave it out would leave out the longest lives (the lowest-numbered
    /// instances of a busy function never stop). By Little's law it is the
    /// mean number of instances over the rate at which they start.
    pub mean_instance_lifespan_s: f64,
    /// How many instances had stopped by the horizon.
    pub stopped_instances: u64,
    /// How many instances were started ahead of any request.
    pub prewarmed_instances: u64,
    /// Requests served by provisioned concurrency.
    pub provisioned_invocations: u64,
    /// Requests of functions with provisioned concurrency that ran on demand.
    pub spillover_invocations: u64,
    /// From arrival to end, cold start included, of every request served,
    /// however it ended.
    pub latency_ms: LatencyMs,
    /// Memory held over the observed time.
    pub gb_seconds: GbSeconds,
    /// What the requests served cost.
    pub cost_usd: Cost,
}

impl Summary {
    /// Requests served: warm and cold starts.
    pub const fn served(&self) -> u64 {
        self.warm_starts + self.cold_starts
    }

    /// Requests refused, for any reason.
    pub fn throttled(&self) -> u64 {
        self.throttles.iter().map(|refused| refused.count).sum()
    }
}

/// How many requests were refused for one reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Refused {
    /// The reason, in AWS's words.
    pub reason: &'static str,
    /// How many.
    pub count: u64,
}

/// Percentiles of the latency, in milliseconds: exact, nearest rank; 0 where
/// no request was served.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct LatencyMs {
    /// The median.
    pub p50: f64,
    /// The 90th percentile.
    pub p90: f64,
    /// The 95th percentile.
    pub p95: f64,
    /// The 99th percentile.
    pub p99: f64,
    /// The longest.
    pub max: f64,
}

/// Memory held times how long, in GB-seconds (1,024 MiB for a second), within
/// the observed time. The three together are all the memory that instances
/// held.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct GbSeconds {
    /// With a request running.
    pub busy: f64,
    /// Waiting for a request.
    pub idle: f64,
    /// Starting: the cold start before a request runs.
    pub init: f64,
}

/// The nodes over the observed time.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct FleetReport {
    /// How many there are.
    pub nodes: u32,
    /// The mean number of nodes with an instance.
    pub mean_nodes_used: f64,
    /// The most nodes with an instance at a time.
    pub peak_nodes_used: u64,
    /// The mean share of the fleet's CPU that instances reserve, 0 to 1.
    pub mean_cpu_share: f64,
    /// The mean share of the fleet's memory that instances reserve, 0 to 1.
    pub mean_memory_share: f64,
    /// Each node, in the order of the configuration.
    pub per_node: Vec<NodeReport>,
}

/// One node over the observed time.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct NodeReport {
    /// The mean number of instances on it.
    pub mean_instances: f64,
    /// The most instances on it at a time.
    pub peak_instances: u64,
    /// The mean share of its CPU that instances reserve, 0 to 1.
    pub mean_cpu_share: f64,
    /// The mean share of its memory that instances reserve, 0 to 1.
    pub mean_memory_share: f64,
}

/// Counts and averages in buckets of equal length: bucket k is
/// [k * `bucket`, (k + 1) * `bucket`), the last one ends at the horizon.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Series {
    /// The length of a bucket.
    pub bucket: Duration,
    /// Requests that arrived.
    pub arrivals: Vec<u64>,
    /// Of them, served warm.
    pub warm: Vec<u64>,
    /// Of them, served by a cold start.
    pub cold: Vec<u64>,
    /// Of them, refused.
    pub throttles: Vec<u64>,
    /// The mean number of instances with a request.
    pub busy: Vec<f64>,
    /// The mean number of instances without one.
    pub idle: Vec<f64>,
    /// The mean number of instances.
    pub instances: Vec<f64>,
    /// The mean number of nodes with an instance; empty without nodes.
    pub nodes_used: Vec<f64>,
    /// The mean share of the fleet's CPU reserved; empty without nodes.
    pub cpu_share: Vec<f64>,
    /// The mean share of the fleet's memory reserved; empty without nodes.
    pub memory_share: Vec<f64>,
    /// The mean share of each node's memory reserved: all nodes of bucket 0,
    /// then of bucket 1. Empty unless asked for.
    pub node_memory_share: Vec<f64>,
}
