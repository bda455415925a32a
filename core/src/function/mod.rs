//! The path of an invocation: may it run, on what, and where.
//!
//! ```text
//!  invoke(now)
//!    |  concurrency: a unit of the function's or the account's limit
//!    |      none left -> Throttled(reason)
//!    |  pool: a seat of an idle instance -> warm start
//!    |      none idle and no slot vacant -> InstanceLimit
//!    |      instances started too fast -> ScalingRate
//!    |  placement: room on a node for a new instance
//!    |      no node has room -> NoCapacity(why)
//!    v  cold start
//! ```
//!
//! A refusal gives back what the steps before it took, in reverse order, and
//! leaves no trace but a counter.
//!
//! [`Function`] is this path for one function and needs no allocator.
//! [`Region`] is many functions of one account on one fleet, addressed by
//! handles (feature `alloc`): the data plane, shared by all threads. Its one
//! [`Control`] is the control plane: it adds nodes and functions and sets
//! limits, while requests are in flight.
//!
//! ```
//! use warmstow_core::function::{FunctionSpec, Region, RegionConfig, Start};
//! use warmstow_core::time::Instant;
//!
//! let (region, mut control) = Region::new(RegionConfig::default())?;
//! let resize = control.add_function("resize", FunctionSpec::of_memory(512))?;
//!
//! let now = Instant::from_secs;
//! let first = region.invoke(now(0), resize)?;
//! assert_eq!(first.start, Start::Cold { node: None });
//! region.started(now(1), &first.lease)?; // the host has initialised it
//! assert_eq!(region.complete(now(2), first.lease)?, None);
//!
//! let second = region.invoke(now(3), resize)?;
//! assert_eq!(second.start, Start::Warm);
//! assert_eq!(second.instance, first.instance);
//! region.complete(now(4), second.lease)?;
//!
//! for idle in region.reap(now(604), resize)? {
//!     region.stopped(now(604), idle)?; // once the host has stopped it
//! }
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! # What the host carries out
//!
//! | answer | the host | then reports |
//! |---|---|---|
//! | `Start::Warm` | runs the request in that instance | `complete` or `fail` |
//! | `Start::Cold { node }` | starts the instance on that node | `started`, then as above; or `fail` |
//! | `Some(instance)` from `complete`, `fail`, `drain`; an item of `reap`; `Reaped::Stop` | stops the instance | `stopped` |
//!
//! How long an idle instance stays is the function's fixed keep-alive, or what a
//! policy of [`keep_alive`] says by way of a [`Keeper`], which also starts
//! instances ahead and makes room. Where a host lets requests wait rather than
//! refuse them, a [`Backlog`] holds them.
//!
//! # How exact
//!
//! Each limit is one counter and each counter is exact. A request that is
//! refused for want of an instance or of room has held a unit of its limit for
//! the length of that call; another request may be throttled on account of it.

mod admit;
mod counters;
mod error;
mod invoke;
mod lease;
mod lifecycle;
mod prestart;
mod quota;
mod rates;
mod spec;

#[cfg(feature = "alloc")]
mod alias;
#[cfg(feature = "alloc")]
mod allocation;
#[cfg(feature = "alloc")]
mod backlog;
#[cfg(feature = "alloc")]
mod config;
#[cfg(feature = "alloc")]
mod control;
#[cfg(feature = "alloc")]
pub mod keep_alive;
#[cfg(feature = "alloc")]
mod keeper;
#[cfg(feature = "alloc")]
mod network;
#[cfg(feature = "alloc")]
mod provisioned;
#[cfg(feature = "alloc")]
mod region;
#[cfg(feature = "alloc")]
mod retiring;
#[cfg(feature = "alloc")]
mod routes;
#[cfg(any(feature = "alloc", test))]
mod settings;
#[cfg(feature = "alloc")]
mod tenants;
#[cfg(feature = "alloc")]
mod version;

#[cfg(test)]
mod tests;

pub use counters::Counters;
pub use error::{InstanceError, InvokeError, LeaseError, UnknownFunction};
pub use invoke::{Admitted, Function, Start};
pub use lease::Lease;
pub use lifecycle::{
    Ended, Environment, INIT_LIMIT, Invoked, LambdaSettings, LambdaSettingsError, Work,
};
pub use prestart::Started;
pub use rates::{ParseScalingRateError, ScalingRate};
pub use spec::{FunctionSpec, SpecError};

#[cfg(feature = "alloc")]
pub use alias::{AliasError, Routing};
#[cfg(feature = "alloc")]
pub use backlog::{
    Backlog, BacklogAction, BacklogConfig, BacklogConfigError, BacklogCounts, Dropped, MAX_BACKLOG,
    OfferError, Offered, Overflow, Target,
};
#[cfg(feature = "alloc")]
pub use config::{ConfigError, FunctionError, RegionConfig, SettingError};
#[cfg(feature = "alloc")]
pub use control::Control;
#[cfg(feature = "alloc")]
pub use keeper::{Keeper, KeeperAction, NoRoom};
#[cfg(feature = "alloc")]
pub use network::{
    InterfaceLimit, Interfaces, Network, NetworkError, NetworkWarning, NoInternet, Role, RoleError,
    Route, SecurityGroup, Subnet,
};
#[cfg(feature = "alloc")]
pub use provisioned::{
    Pace, ProvisionedError, ProvisionedStatus, ProvisionedView, Provisioning, Qualifier,
};
#[cfg(feature = "alloc")]
pub use region::{Invocation, Reap, Region};
#[cfg(feature = "alloc")]
pub use routes::{Prestart, Weight};
#[cfg(feature = "alloc")]
pub use tenants::{MAX_TENANT_ID, TenantError, TenantFunction};
#[cfg(feature = "alloc")]
pub use version::{FunctionMetrics, VersionAction, VersionError, VersionedFunction};
