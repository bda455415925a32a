//! What a replay found, as one flat struct: the same for all functions and for
//! each.

use warmstow_core::sim::{FleetReport, Report, Summary};

use crate::boundary::{Buffer, Caller, Count, Out};
use crate::failure::Failure;
use crate::status::{WARMSTOW_REFUSAL_COUNT, warmstow_refusal};

/// What a replay found, of all functions or of one. Means are averages over the
/// observed time; requests in flight at its end are counted, timed and charged
/// to their own end.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct warmstow_report {
    /// Requests that arrived: warm_starts + cold_starts + all refusals.
    pub invocations: u64,
    /// Requests that an idle instance served.
    pub warm_starts: u64,
    /// Requests that started an instance.
    pub cold_starts: u64,
    /// Requests refused, indexed by warmstow_refusal.
    pub refusals: [u64; WARMSTOW_REFUSAL_COUNT],
    /// Requests that reached their timeout.
    pub timeouts: u64,
    /// Requests that crashed.
    pub errors: u64,
    /// The most requests in flight at a time.
    pub peak_concurrency: u64,
    /// The most instances at a time.
    pub peak_instances: u64,
    /// Instances that had stopped by the end of the observed time.
    pub stopped_instances: u64,
    /// Cold starts among the requests served; 0 where none was.
    pub cold_start_probability: f64,
    /// The mean number of instances.
    pub mean_instances: f64,
    /// The mean number of instances with a request, starting or running.
    pub mean_busy_instances: f64,
    /// The mean number of instances without a request.
    pub mean_idle_instances: f64,
    /// The mean life of an instance in seconds, over all that started: one that
    /// has not stopped by the end of the observed time counts with its life so
    /// far. 0 where none started.
    pub mean_instance_lifespan_s: f64,
    /// Median latency of the requests served, cold start included, in
    /// milliseconds. Exact, nearest rank; 0 where none was served.
    pub latency_p50_ms: f64,
    /// The 90th percentile.
    pub latency_p90_ms: f64,
    /// The 95th percentile.
    pub latency_p95_ms: f64,
    /// The 99th percentile.
    pub latency_p99_ms: f64,
    /// The longest.
    pub latency_max_ms: f64,
    /// Memory of instances that run a request, in GB-seconds (1024 MiB).
    pub busy_gb_seconds: f64,
    /// Memory of instances that wait for a request.
    pub idle_gb_seconds: f64,
    /// Memory of instances that start.
    pub init_gb_seconds: f64,
    /// What the requests cost, in US dollars, at AWS Lambda's prices.
    pub cost_requests_usd: f64,
    /// What the time they ran costs.
    pub cost_duration_usd: f64,
    /// What provisioned concurrency costs.
    pub cost_provisioned_usd: f64,
    /// The sum.
    pub cost_total_usd: f64,
    /// Nodes configured. This and what follows is of the fleet, and 0 in a
    /// function's report and where there are no nodes.
    pub nodes: u64,
    /// The most nodes with an instance at a time.
    pub peak_nodes_used: u64,
    /// The mean number of nodes with an instance.
    pub mean_nodes_used: f64,
    /// The mean share of the fleet's CPU that instances hold, 0 to 1.
    pub mean_cpu_share: f64,
    /// The mean share of the fleet's memory that instances hold, 0 to 1.
    pub mean_memory_share: f64,
}

impl warmstow_report {
    fn of(summary: &Summary, fleet: Option<&FleetReport>) -> Self {
        let mut refusals = [0; WARMSTOW_REFUSAL_COUNT];
        for refused in &summary.throttles {
            if let Some(index) = warmstow_refusal::index_of(refused.reason) {
                refusals[index] = refused.count;
            }
        }
        Self {
            invocations: summary.invocations,
            warm_starts: summary.warm_starts,
            cold_starts: summary.cold_starts,
            refusals,
            timeouts: summary.timeouts,
            errors: summary.errors,
            peak_concurrency: summary.peak_concurrency,
            peak_instances: summary.peak_instances,
            stopped_instances: summary.stopped_instances,
            cold_start_probability: summary.cold_start_probability,
            mean_instances: summary.mean_instances,
            mean_busy_instances: summary.mean_busy_instances,
            mean_idle_instances: summary.mean_idle_instances,
            mean_instance_lifespan_s: summary.mean_instance_lifespan_s,
            latency_p50_ms: summary.latency_ms.p50,
            latency_p90_ms: summary.latency_ms.p90,
            latency_p95_ms: summary.latency_ms.p95,
            latency_p99_ms: summary.latency_ms.p99,
            latency_max_ms: summary.latency_ms.max,
            busy_gb_seconds: summary.gb_seconds.busy,
            idle_gb_seconds: summary.gb_seconds.idle,
            init_gb_seconds: summary.gb_seconds.init,
            cost_requests_usd: summary.cost_usd.requests,
            cost_duration_usd: summary.cost_usd.duration,
            cost_provisioned_usd: summary.cost_usd.provisioned,
            cost_total_usd: summary.cost_usd.total,
            nodes: fleet.map_or(0, |fleet| u64::from(fleet.nodes)),
            peak_nodes_used: fleet.map_or(0, |fleet| fleet.peak_nodes_used),
            mean_nodes_used: fleet.map_or(0.0, |fleet| fleet.mean_nodes_used),
            mean_cpu_share: fleet.map_or(0.0, |fleet| fleet.mean_cpu_share),
            mean_memory_share: fleet.map_or(0.0, |fleet| fleet.mean_memory_share),
        }
    }
}

/// Checked places for the reports, written only when the replay is done.
pub(crate) struct Places {
    total: Out<warmstow_report>,
    functions: Option<Buffer<warmstow_report>>,
}

impl Places {
    pub(crate) fn check(
        caller: Caller,
        total: *mut warmstow_report,
        functions: *mut warmstow_report,
        function_count: Count,
        struct_size: usize,
    ) -> Result<Self, Failure> {
        let total = caller.out_sized(total, struct_size, "total")?;
        let functions = if functions.is_null() {
            None
        } else {
            Some(caller.buffer(functions, function_count, "functions")?)
        };
        Ok(Self { total, functions })
    }

    pub(crate) fn write(self, report: &Report) {
        if let Some(mut functions) = self.functions {
            for function in &report.functions {
                functions.push(warmstow_report::of(&function.summary, None));
            }
        }
        self.total.set(warmstow_report::of(&report.total, report.fleet.as_ref()));
    }
}
