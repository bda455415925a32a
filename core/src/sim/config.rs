//! What a replay is asked to simulate, and why it is refused.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::cold_start::ColdStart;
use super::life::Lifecycle;
use super::series::MAX_BUCKETS;
use crate::cost::{Architecture, PriceError, PriceTable};
use crate::function::keep_alive::KeepAlivePolicy;
use crate::function::{ConfigError, FunctionError, FunctionSpec, ProvisionedError, RegionConfig};
use crate::placement::{NodeError, NodeSpec};
use crate::time::{Duration, Instant};

/// One function of a replay.
#[derive(Clone, Debug, PartialEq)]
pub struct SimFunction {
    /// Its name, unlike any other.
    pub name: String,
    /// Its size and limits.
    pub spec: FunctionSpec,
    /// How long its cold starts take; `None`: [`SimConfig::cold_start`].
    pub cold_start: Option<ColdStart>,
    /// How long a request may run; `None`: [`SimConfig::timeout`].
    pub timeout: Option<Duration>,
    /// Provisioned concurrency, ready when the observed time begins; 0: none.
    pub provisioned: u32,
    /// Who decides how long its instances stay idle; `None`: the keep-alive of
    /// `spec`, which is [`KeepAlivePolicy::Fixed`] without stops for want of
    /// room. The cold start that a policy expects is the mean of the stages.
    pub keep_alive: Option<KeepAlivePolicy>,
}

impl SimFunction {
    /// A function with the replay's cold start and timeout.
    pub fn new(name: impl Into<String>, spec: FunctionSpec) -> Self {
        let (cold_start, timeout, keep_alive) = (None, None, None);
        Self { name: name.into(), spec, cold_start, timeout, provisioned: 0, keep_alive }
    }
}

/// What a replay simulates.
#[derive(Clone, Debug, PartialEq)]
pub struct SimConfig {
    /// The region. Its `max_functions` and `max_nodes` are not used: there are
    /// as many as the lists below have.
    pub region: RegionConfig,
    /// The nodes that instances are placed on; empty: no placement.
    pub nodes: Vec<NodeSpec>,
    /// The functions; [`Arrival::function`](super::Arrival::function) is the
    /// position here.
    pub functions: Vec<SimFunction>,
    /// How long cold starts take, where the workload does not say.
    pub cold_start: ColdStart,
    /// How long a request may run; `None`: as long as it likes. A request
    /// that would run longer ends then, and its instance with it. The cold
    /// start is not part of the run, as AWS Lambda counts it; of a
    /// [`Cold::Whole`](super::Cold::Whole) request all is.
    pub timeout: Option<Duration>,
    /// The share of requests served that crash, 0 to 1: drawn for each. A
    /// crash comes at a uniformly drawn point of the run and ends the instance
    /// too.
    pub crash_rate: f64,
    /// Whether it does: what becomes of an instance after a timeout or a crash.
    pub lifecycle: Lifecycle,
    /// What cold starts and crashes are drawn from. Each function draws from
    /// its own streams.
    pub seed: u64,
    /// The length of a bucket of [`Report::series`](super::Report::series);
    /// `None`: no series.
    pub series_bucket: Option<Duration>,
    /// Whether the series has each node's memory too.
    pub series_per_node: bool,
    /// What is charged.
    pub prices: PriceTable,
    /// What the functions run on.
    pub architecture: Architecture,
}

impl SimConfig {
    /// `functions` in a region with AWS's limits, without nodes, timeout,
    /// crashes or series, at AWS's prices on x86, seed 0.
    pub fn new(functions: Vec<SimFunction>, cold_start: ColdStart) -> Self {
        Self {
            region: RegionConfig::default(),
            nodes: Vec::new(),
            functions,
            cold_start,
            timeout: None,
            crash_rate: 0.0,
            lifecycle: Lifecycle::Ends,
            seed: 0,
            series_bucket: None,
            series_per_node: false,
            prices: PriceTable::AWS_US_EAST_1,
            architecture: Architecture::X86,
        }
    }

    /// How many functions have provisioned concurrency.
    pub(super) fn provisioned(&self) -> usize {
        self.functions.iter().filter(|function| function.provisioned > 0).count()
    }

    /// Checks what the region does not.
    pub(super) fn check(&self, functions: u32, horizon: Instant) -> Result<(), SimError> {
        // Not-a-number is in no range.
        if !(0.0..=1.0).contains(&self.crash_rate) {
            return Err(SimError::CrashRate { value: self.crash_rate });
        }
        self.prices.check().map_err(SimError::Price)?;
        if horizon == Instant::ZERO {
            return Err(SimError::NoTime);
        }
        if let Some(bucket) = self.series_bucket {
            let buckets = match bucket.as_nanos() {
                0 => u64::MAX,
                nanos => horizon.as_nanos().div_ceil(nanos),
            };
            if buckets > MAX_BUCKETS {
                return Err(SimError::SeriesBucket { bucket, buckets, limit: MAX_BUCKETS });
            }
        }
        let have = u32::try_from(self.functions.len()).unwrap_or(u32::MAX);
        if functions > have {
            return Err(SimError::MissingFunctions { workload: functions, functions: have });
        }
        Ok(())
    }
}

/// Why a replay cannot start or go on.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum SimError {
    /// The region's settings.
    Region(ConfigError),
    /// A node.
    Node {
        /// Its position.
        index: usize,
        /// What is wrong with it.
        error: NodeError,
    },
    /// A function.
    Function {
        /// Its position.
        index: usize,
        /// Its name.
        name: String,
        /// What is wrong with it.
        error: FunctionError,
    },
    /// The provisioned concurrency of a function.
    Provisioned {
        /// Its position.
        index: usize,
        /// Its name.
        name: String,
        /// What is wrong with it.
        error: ProvisionedError,
    },
    /// There is no room for the provisioned concurrency of a function.
    NotProvided {
        /// Its position.
        index: usize,
        /// Its name.
        name: String,
        /// What is short.
        reason: String,
    },
    /// The crash rate is no number from 0 to 1.
    CrashRate {
        /// The value.
        value: f64,
    },
    /// The prices.
    Price(PriceError),
    /// The series would have too many buckets, or buckets of no length.
    SeriesBucket {
        /// The length of a bucket.
        bucket: Duration,
        /// How many there would be.
        buckets: u64,
        /// The most.
        limit: u64,
    },
    /// The observed time has no length: averages mean nothing. Give the trace
    /// a horizon.
    NoTime,
    /// The workload names more functions than are configured.
    MissingFunctions {
        /// How many the workload names.
        workload: u32,
        /// How many are configured.
        functions: u32,
    },
    /// An arrival names a function that the workload did not announce.
    UnknownFunction {
        /// The arrival, from 0.
        invocation: u64,
        /// The function's index.
        function: u32,
        /// How many are configured.
        functions: u32,
    },
    /// An arrival is before the one before it.
    Backwards {
        /// The arrival, from 0.
        invocation: u64,
        /// When it arrives.
        at: Instant,
        /// When the one before it did.
        before: Instant,
    },
    /// An arrival is after the workload's horizon.
    BeyondHorizon {
        /// The arrival, from 0.
        invocation: u64,
        /// When it arrives.
        at: Instant,
        /// Where the observed time ends.
        horizon: Instant,
    },
    /// The region and the replay's books disagree: an error in this library.
    Inconsistent {
        /// About what.
        what: &'static str,
    },
}

impl fmt::Display for SimError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Region(error) => error.fmt(f),
            Self::Node { index, error } => write!(f, "node {index}: {error}"),
            Self::Function { name, error, .. } => write!(f, "function {name:?}: {error}"),
            Self::Provisioned { name, error, .. } => write!(f, "function {name:?}: {error}"),
            Self::NotProvided { name, reason, .. } => {
                write!(f, "function {name:?}: provisioned concurrency: {reason}")
            }
            Self::CrashRate { value } => write!(f, "crash_rate {value}: must be from 0 to 1"),
            Self::Price(error) => error.fmt(f),
            Self::SeriesBucket { bucket, buckets, limit } => {
                write!(f, "series_bucket {bucket} gives {buckets} buckets: at most {limit}")
            }
            Self::NoTime => f.write_str(
                "the trace ends at 0 s and averages need time: give it a horizon, or requests \
                 that last",
            ),
            Self::MissingFunctions { workload, functions } => {
                write!(f, "the workload names {workload} functions, {functions} are configured")
            }
            Self::UnknownFunction { invocation, function, functions } => write!(
                f,
                "arrival {invocation} is for function {function}, {functions} are configured"
            ),
            Self::Backwards { invocation, at, before } => {
                write!(f, "arrival {invocation} goes back to {at} after {before}")
            }
            Self::BeyondHorizon { invocation, at, horizon } => {
                write!(f, "arrival {invocation} at {at} is after the horizon, {horizon}")
            }
            Self::Inconsistent { what } => {
                write!(f, "the region and the simulator disagree about {what}: a defect")
            }
        }
    }
}

impl core::error::Error for SimError {}
