//! Replay of a workload in virtual time, through the same code that runs live.
//!
//! A [`Replay`] builds a [`Region`](crate::function::Region) and plays its
//! host: it calls `invoke` for every arrival of a [`Workload`], carries out
//! what the region answers, and reports `started`, `complete`, `fail` and
//! `stopped` when virtual time comes to them. Which instance serves a request,
//! whether it is throttled, where an instance goes and when it expires are the
//! region's decisions; there is no second copy of them here. What the host of
//! a real fleet would see is what a [`Report`] says.
//!
//! ```text
//!            arrival --> invoke --refused--> counted by reason
//!                          |
//!             warm --------+-------- cold: starts an instance
//!              |                      |  environment + code (ColdStart)
//!              |                      v
//!              |                   started
//!              +------> runs <--------+
//!                        |  its duration, its timeout or a crash
//!          complete -----+----- fail: the instance stops
//!              |                      |
//!    idle for its keep-alive          |
//!              | reap_instance        |
//!              +-----> stopped <------+
//! ```
//!
//! Services of containers are played by [`containers`]: deployments, autoscaling
//! and the instances beneath, from one scenario to one report and its bill.
//!
//! # What happens at one instant
//!
//! First cold starts and requests end, in the order in which they were
//! scheduled; then instances expire; then requests arrive, in the order of the
//! workload. So a request can take the instance that another leaves at its own
//! instant, and cannot take one whose keep-alive is over at it.
//!
//! # What is chosen where the modelled systems do not say
//!
//! * An instance is busy through its cold start and the request that caused it
//!   (AWS Lambda's documented behaviour).
//! * A request that crashes or times out ends its instance; the next one
//!   starts another.
//! * Stopping an instance takes no time and its room is free at once.
//! * An idle instance keeps its room on its node until its fixed keep-alive is
//!   over: none is stopped to make room for another. One that is kept by another
//!   [policy](crate::function::keep_alive) goes if an instance finds no room;
//!   the request that caused it is then served.
//! * An instance started ahead of any request takes as long to start as another;
//!   its memory counts as idle from the beginning, and its start is free.
//! * Provisioned concurrency is ready when the observed time begins and is
//!   billed for all of it.
//! * A refused request is gone: nobody retries it.
//!
//! # The same twice
//!
//! Virtual time is whole nanoseconds; integrals are whole numbers; random
//! numbers are drawn from [`Rng`](crate::rng::Rng) by seed, apart for each
//! function and purpose; floating point is `libm`'s. So the same
//! configuration, workload and seed give the same report, bit for bit, on
//! every target. The audit at the end of each replay compares the region's
//! own counters with the books.

mod audit;
mod books;
mod cold_start;
mod config;
pub mod containers;
mod curve;
mod distribution;
mod explain;
mod fleet;
mod flights;
mod function;
mod keeping;
mod level;
mod life;
mod minutes;
mod percentile;
mod poisson;
mod provided;
mod queue;
mod refusals;
mod replay;
mod report;
mod series;
#[cfg(all(test, not(loom)))]
mod tests;
mod trace;
mod workload;

pub use cold_start::ColdStart;
pub use config::{SimConfig, SimError, SimFunction};
pub use curve::PERCENTILES;
pub use distribution::{Distribution, DistributionError, Parameter, ParseDistributionError};
pub use explain::{ColdCause, Explanation, Fate, NodeChoice, StopCause};
pub use life::Lifecycle;
pub use minutes::{FunctionMinutes, MinutesError, expand_minutes};
pub use poisson::{ParsePoissonError, Poisson, PoissonError, PoissonSpec};
// Hidden: the benches measure the very queue that replays use. It is no part of
// the interface.
#[doc(hidden)]
pub use queue::RadixQueue;
pub use refusals::{Held, Holder};
pub use replay::{Replay, replay};
pub use report::{
    FleetReport, FunctionReport, GbSeconds, LatencyMs, NodeReport, Refused, Report, Series, Summary,
};
pub use trace::{Arrivals, Column, Trace, TraceColumns, TraceError, TraceSeconds};
pub use workload::{Arrival, Cold, Workload};
