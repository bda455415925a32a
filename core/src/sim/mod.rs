//! Discrete-event simulation.
mod cold_start;
mod distribution;
mod minutes;
mod poisson;
mod queue;
mod trace;
mod workload;

pub use cold_start::ColdStart;
pub use distribution::{Distribution, DistributionError, Parameter, ParseDistributionError};
pub use minutes::{FunctionMinutes, MinutesError, PERCENTILES, expand_minutes};
pub use poisson::{ParsePoissonError, Poisson, PoissonError, PoissonSpec};
pub use trace::{Arrivals, Column, Trace, TraceColumns, TraceError, TraceSeconds};
pub use workload::{Arrival, Cold, Workload};
