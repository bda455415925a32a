//! Replays: virtual time through the objects that a live host uses.

use warmstow_core::cost::Architecture;
use warmstow_core::function::{FunctionError, RegionConfig};
use warmstow_core::sim::{
    Arrivals, ColdStart, Distribution, DistributionError, Lifecycle, Poisson, PoissonSpec,
    SimConfig, SimError, SimFunction, Trace, TraceColumns, Workload, replay,
};
use warmstow_core::time::{Duration, Instant};

use crate::boundary::{self, Caller, Count, Growing};
use crate::failure::Failure;
use crate::function::{function_failure, warmstow_function_spec};
use crate::node::{node_failure, warmstow_node_spec};
use crate::region::{config_failure, strategy};
use crate::replay_report::{Places, warmstow_report};
use crate::status::warmstow_status as S;

/// The shape of a random length of time.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum warmstow_distribution_kind {
    /// None given: it takes no time, but where it says otherwise.
    WARMSTOW_DISTRIBUTION_NONE = 0,
    /// Always the mean.
    WARMSTOW_DISTRIBUTION_DETERMINISTIC = 1,
    /// Exponential.
    WARMSTOW_DISTRIBUTION_EXPONENTIAL = 2,
    /// Lognormal.
    WARMSTOW_DISTRIBUTION_LOGNORMAL = 3,
}

/// A random length of time. All-zero is none.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct warmstow_distribution {
    /// A warmstow_distribution_kind.
    pub kind: u32,
    /// Always 0.
    pub reserved_field: u32,
    /// The mean in seconds, 0 to 1e9 (exponential, lognormal: above 0).
    pub mean_s: f64,
    /// Standard deviation over mean; lognormal only.
    pub cv: f64,
}

/// What a replay simulates; initialise by warmstow_replay_config_default().
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct warmstow_replay_config {
    /// sizeof(warmstow_replay_config), as the program was compiled.
    pub struct_size: u32,
    /// The most requests in flight over all functions; default 1000, as AWS.
    pub account_limit: u32,
    /// What reservations must leave of it; default 100, as AWS.
    pub unreserved_minimum: u32,
    /// A warmstow_strategy; default WARMSTOW_STRATEGY_BINPACK_MEMORY.
    pub strategy: u32,
    /// What cold starts, crashes, arrivals and WARMSTOW_STRATEGY_RANDOM are
    /// drawn from; default 0.
    pub seed: u64,
    /// The nodes that instances are placed on; default NULL: no placement.
    pub nodes: *const warmstow_node_spec,
    /// How many nodes; default 0.
    pub node_count: usize,
    /// The functions: a request names one by its position. Default NULL: to be
    /// set.
    pub functions: *const warmstow_function_spec,
    /// How many functions; default 0: to be set.
    pub function_count: usize,
    /// How long the environment of a cold start takes; default none.
    pub cold_start_environment: warmstow_distribution,
    /// How long the function's own initialisation takes after that; default
    /// none.
    pub cold_start_code: warmstow_distribution,
    /// How long a request may run, cold start not counted, in nanoseconds;
    /// default 0: as long as it likes. One that would run longer ends then and
    /// its instance with it.
    pub timeout_ns: u64,
    /// The share of requests served that crash, 0 to 1; default 0.
    pub crash_rate: f64,
    /// 1: functions run on Arm and are charged so; default 0: x86.
    pub arm: u32,
    /// 1: as on AWS Lambda, an instance is reset by a crash or a timeout, and
    /// initialised again within its next request, under the timeout; an init of
    /// more than 10 s is tried again within the first one. Default 0: it ends.
    pub resets: u32,
}

// SAFETY: repr(C) of numbers and pointers, its size first.
unsafe impl Growing for warmstow_replay_config {}

/// A trace: columns of equal length, sorted by arrival.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct warmstow_trace {
    /// sizeof(warmstow_trace), as the program was compiled.
    pub struct_size: u32,
    /// Always 0.
    pub reserved_field: u32,
    /// How many requests, 1 to 1e9.
    pub rows: usize,
    /// When each arrives, in nanoseconds from the start; never before the one
    /// before it.
    pub arrival_ns: *const u64,
    /// The function of each: its position in the configuration.
    pub function: *const u32,
    /// How long each runs, in nanoseconds.
    pub duration_ns: *const u64,
    /// How long each would initialise if it met no idle instance, in
    /// nanoseconds; NULL: drawn as the configuration says.
    pub cold_start_ns: *const u64,
    /// Where the observed time ends, in nanoseconds, at or after the last
    /// arrival. 0: where the last request to end would if each ran on arrival,
    /// after its own cold_start_ns where that column is given; a cold start
    /// drawn as the configuration says is not in it.
    pub horizon_ns: u64,
}

// SAFETY: repr(C) of numbers and pointers, its size first.
unsafe impl Growing for warmstow_trace {}

/// Requests of one function that arrive at random (a Poisson process).
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct warmstow_poisson {
    /// sizeof(warmstow_poisson), as the program was compiled.
    pub struct_size: u32,
    /// Always 0.
    pub reserved_field: u32,
    /// Arrivals a second, above 0.
    pub rate_per_s: f64,
    /// The observed time in seconds, above 0.
    pub duration_s: f64,
    /// How long a request runs in an instance that was idle.
    pub warm: warmstow_distribution,
    /// How long a request that starts an instance takes in all; none: the
    /// configuration's cold start, then as a warm one.
    pub cold: warmstow_distribution,
}

// SAFETY: repr(C) of numbers, its size first.
unsafe impl Growing for warmstow_poisson {}

/// Fills in the defaults, struct_size among them.
///
/// struct_size: sizeof *config. Errors: NULL, MISALIGNED, STRUCT_SIZE; then
/// *config is untouched. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_replay_config_default(
    config: *mut warmstow_replay_config,
    struct_size: usize,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::call(|| {
        let config = caller.out_sized(config, struct_size, "config")?;
        let default = RegionConfig::default();
        let none = warmstow_distribution { kind: 0, reserved_field: 0, mean_s: 0.0, cv: 0.0 };
        config.set(warmstow_replay_config {
            struct_size: warmstow_replay_config::STRUCT_SIZE,
            account_limit: default.account_limit,
            unreserved_minimum: default.unreserved_minimum,
            strategy: 0,
            seed: 0,
            nodes: core::ptr::null(),
            node_count: 0,
            functions: core::ptr::null(),
            function_count: 0,
            cold_start_environment: none,
            cold_start_code: none,
            timeout_ns: 0,
            crash_rate: 0.0,
            arm: 0,
            resets: 0,
        });
        Ok(())
    })
}

/// Replays a trace and writes what it found to *total and, by function, to
/// functions (NULL: not wanted; else as many as the configuration has).
///
/// struct_size: sizeof *total. Works in this thread until it is done, on a
/// copy of the trace; opens no region of the host's. The same arguments give
/// the same report, bit for bit.
///
/// Errors: NULL, MISALIGNED, STRUCT_SIZE, NOT_ZERO, LENGTH, ENUM, TRACE (the
/// message names the row, from 0), DISTRIBUTION, REPLAY_CONFIG, NODE_SPEC,
/// FUNCTION_SPEC, FUNCTION_TOO_LARGE, RESERVED; then *total and
/// functions are untouched. Any thread; allocates.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_replay_trace(
    config: *const warmstow_replay_config,
    trace: *const warmstow_trace,
    total: *mut warmstow_report,
    functions: *mut warmstow_report,
    struct_size: usize,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::call(|| {
        let config = read_config(caller, config)?;
        let count = function_count(config.functions.len());
        let places = Places::check(caller, total, functions, count, struct_size)?;
        let trace = read_trace(caller, trace)?;
        run(config, Arrivals::new(&trace), places)
    })
}

/// Replays requests that arrive at random, all of function 0, and writes what
/// it found as warmstow_replay_trace() does.
///
/// Requests are drawn from the configuration's seed, as the replay goes.
///
/// Errors: as of warmstow_replay_trace(); REPLAY_CONFIG also for the rate and
/// the duration. Any thread; allocates.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_replay_poisson(
    config: *const warmstow_replay_config,
    poisson: *const warmstow_poisson,
    total: *mut warmstow_report,
    functions: *mut warmstow_report,
    struct_size: usize,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::call(|| {
        let config = read_config(caller, config)?;
        let count = function_count(config.functions.len());
        let places = Places::check(caller, total, functions, count, struct_size)?;
        let poisson = caller.read(poisson, "poisson")?;
        let cold = distribution(&poisson.cold, "cold")?;
        let spec = PoissonSpec {
            rate_per_s: poisson.rate_per_s,
            warm: distribution(&poisson.warm, "warm")?,
            cold: (poisson.cold.kind != 0).then_some(cold),
            duration_s: poisson.duration_s,
        };
        let workload = Poisson::new(spec, config.seed)
            .map_err(|error| boundary::written(S::WARMSTOW_ERROR_REPLAY_CONFIG, error))?;
        run(config, workload, places)
    })
}

fn run(config: SimConfig, workload: impl Workload, places: Places) -> Result<(), Failure> {
    places.write(&replay(config, workload).map_err(sim_failure)?);
    Ok(())
}

/// A number of functions, as the configuration calls it.
const fn function_count(given: usize) -> Count {
    Count { given, name: "function_count" }
}

fn read_config(
    caller: Caller,
    config: *const warmstow_replay_config,
) -> Result<SimConfig, Failure> {
    let config = caller.read(config, "config")?;
    let node_count = Count { given: config.node_count, name: "node_count" };
    let nodes = caller.read_all(config.nodes, node_count, "nodes")?;
    let functions =
        caller.read_all(config.functions, function_count(config.function_count), "functions")?;
    if functions.is_empty() {
        let error = "function_count is 0: a replay needs at least 1";
        return Err(boundary::written(S::WARMSTOW_ERROR_REPLAY_CONFIG, error));
    }
    let named = |(index, spec): (usize, warmstow_function_spec)| -> Result<_, Failure> {
        let spec = spec.to_core(format_args!("functions[{index}]"))?;
        Ok(SimFunction::new(index.to_string(), spec))
    };
    let functions = functions.into_iter().enumerate().map(named).collect::<Result<_, _>>()?;
    let cold_start = ColdStart {
        environment: distribution(&config.cold_start_environment, "cold_start_environment")?,
        code: distribution(&config.cold_start_code, "cold_start_code")?,
    };
    let default = SimConfig::new(functions, cold_start);
    Ok(SimConfig {
        region: RegionConfig {
            account_limit: config.account_limit,
            unreserved_minimum: config.unreserved_minimum,
            strategy: strategy(config.strategy)?,
            seed: config.seed,
            ..RegionConfig::default()
        },
        nodes: nodes.into_iter().map(|node| node.to_core()).collect::<Result<_, _>>()?,
        timeout: (config.timeout_ns != 0).then(|| Duration::from_nanos(config.timeout_ns)),
        crash_rate: config.crash_rate,
        lifecycle: boundary::choose(
            config.resets,
            &[Lifecycle::Ends, Lifecycle::Resets],
            "resets",
        )?,
        seed: config.seed,
        architecture: boundary::choose(config.arm, &[Architecture::X86, Architecture::Arm], "arm")?,
        ..default
    })
}

fn read_trace(caller: Caller, trace: *const warmstow_trace) -> Result<Trace, Failure> {
    let trace = caller.read(trace, "trace")?;
    boundary::unused(trace.reserved_field, "trace")?;
    // Before a column is read: a wrong number would read past its end.
    let rows = Count { given: trace.rows, name: "rows" };
    rows.within(1, Trace::MAX_REQUESTS)?;
    let cold_start_ns = if trace.cold_start_ns.is_null() {
        None
    } else {
        Some(caller.copy(trace.cold_start_ns, rows, "cold_start_ns")?)
    };
    let columns = TraceColumns {
        arrival_ns: caller.copy(trace.arrival_ns, rows, "arrival_ns")?,
        function: caller.copy(trace.function, rows, "function")?,
        duration_ns: caller.copy(trace.duration_ns, rows, "duration_ns")?,
        cold_start_ns,
    };
    let horizon = (trace.horizon_ns != 0).then(|| Instant::from_nanos(trace.horizon_ns));
    Trace::new(columns, horizon).map_err(|e| boundary::written(S::WARMSTOW_ERROR_TRACE, e))
}

/// A distribution; none takes no time.
fn distribution(
    given: &warmstow_distribution,
    argument: &'static str,
) -> Result<Distribution, Failure> {
    type Make = fn(&warmstow_distribution) -> Result<Distribution, DistributionError>;
    const KINDS: [Make; 4] = [
        |_| Ok(Distribution::default()),
        |given| Distribution::deterministic(given.mean_s),
        |given| Distribution::exponential(given.mean_s),
        |given| Distribution::lognormal(given.mean_s, given.cv),
    ];
    boundary::unused(given.reserved_field, argument)?;
    boundary::choose(given.kind, &KINDS, format_args!("{argument}.kind"))?(given).map_err(|error| {
        boundary::written(S::WARMSTOW_ERROR_DISTRIBUTION, format_args!("{argument}: {error}"))
    })
}

fn sim_failure(error: SimError) -> Failure {
    let status = match &error {
        SimError::Region(error) => config_failure(*error).status(),
        SimError::Node { error, .. } => node_failure(*error).status(),
        SimError::Function { error: FunctionError::Full { .. }, .. } => {
            S::WARMSTOW_ERROR_REPLAY_CONFIG
        }
        SimError::Function { error, .. } => function_failure(error).status(),
        SimError::NoTime
        | SimError::MissingFunctions { .. }
        | SimError::UnknownFunction { .. }
        | SimError::Backwards { .. }
        | SimError::BeyondHorizon { .. } => S::WARMSTOW_ERROR_TRACE,
        SimError::Inconsistent { .. } => S::WARMSTOW_ERROR_REPLAY_INCONSISTENT,
        _ => S::WARMSTOW_ERROR_REPLAY_CONFIG,
    };
    boundary::written(status, error)
}
