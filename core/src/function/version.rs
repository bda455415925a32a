//! Versions of a function: the one owner of their settings.
//!
//! ```text
//!  $LATEST --publish--> version 1, 2, 3 ...     unchangeable
//!     |                     ^        ^
//!   update              alias "live" points to one, or to two by weight
//!     v                     ^
//!  its successor        provisioned concurrency is of a version, or of an
//!                       alias for the version that it points to
//! ```
//!
//! Each version has a pool of instances of its own in the region; all share the
//! function's gate, so that its reservation is of all together (AWS: "reserved
//! concurrency applies to the function as a whole, including versions and
//! aliases"). What is provisioned for a version is a pool and a gate more.
//!
//! # The contract
//!
//! [`VersionedFunction`] is a control plane: `&mut self`, deterministic, no
//! clock. Call a method; carry out [`poll_action`](VersionedFunction::poll_action)
//! until it is empty; call [`handle_time`](VersionedFunction::handle_time) again
//! at [`next_deadline`](VersionedFunction::next_deadline), and after an instance
//! has crashed ([`Region::fail`]), which nothing else tells it. Requests go through
//! [`Region::invoke_version`] and [`Region::invoke_alias`] meanwhile, on any
//! thread, and see each change at once.
//!
//! | action | the host | then reports |
//! |---|---|---|
//! | `Start` | initialises that instance | `handle_prepared`, or `handle_unprepared` |
//! | `Stop` | stops it | [`Region::stopped`] |
//!
//! # Which of a region's functions are taken
//!
//! One for each version ever published, one for each update of `$LATEST`, and
//! one for each version that has had provisioned concurrency: a region's
//! functions stay for its life. [`RegionConfig::max_functions`] bounds them.
//!
//! [`RegionConfig::max_functions`]: super::RegionConfig::max_functions

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use super::alias::Alias;
use super::allocation::Allocation;
use super::quota::{Quota, Share};
use super::retiring::{Retiring, SWEEP};
use super::{
    Control, FunctionError, FunctionSpec, Prestart, ProvisionedError, Provisioning, Region,
    RegionConfig,
};
use crate::concurrency::{LimitError, TokenBucket};
use crate::id::{FunctionId, InstanceId};
use crate::time::Instant;

/// What the host of a [`VersionedFunction`] is to do.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VersionAction {
    /// Initialise this instance, then report how that went.
    Start(Prestart),
    /// Stop this instance, then report [`Region::stopped`].
    Stop(InstanceId),
}

/// A function's metrics as AWS CloudWatch names them, as sums since it was added
/// and as levels now (Developer Guide, "Monitoring concurrency").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FunctionMetrics {
    /// `Invocations`: requests admitted; throttled ones are not among them.
    pub invocations: u64,
    /// Of these, those that started an instance.
    pub cold_starts: u64,
    /// `ProvisionedConcurrencyInvocations`: of these, those on provisioned
    /// concurrency.
    pub provisioned_invocations: u64,
    /// `ProvisionedConcurrencySpilloverInvocations`: of these, those that ran on
    /// demand because it was all in use.
    pub spillover_invocations: u64,
    /// Requests refused, for whatever reason: `Throttles`, and refusals for want
    /// of an instance or of room.
    pub throttles: u64,
    /// Requests that failed in a way that their instance did not survive.
    pub failures: u64,
    /// `ConcurrentExecutions`: in flight now.
    pub concurrent_executions: u64,
    /// `ProvisionedConcurrentExecutions`: of these, on provisioned concurrency.
    pub provisioned_executions: u64,
    /// Provisioned concurrency that can be used now.
    pub provisioned_available: u64,
}

impl FunctionMetrics {
    /// `ProvisionedConcurrencyUtilization`: the share in use of what can be
    /// used, 0 to 1; 0 of nothing.
    pub fn provisioned_utilization(&self) -> f64 {
        match self.provisioned_available {
            0 => 0.0,
            all => self.provisioned_executions as f64 / all as f64,
        }
    }
}

/// A published version.
#[derive(Debug)]
pub(super) struct Version {
    pub(super) number: u32,
    pub(super) pool: FunctionId,
    pub(super) spec: FunctionSpec,
}

/// A function with versions, aliases and provisioned concurrency; see the
/// [module](super).
pub struct VersionedFunction {
    pub(super) name: String,
    pub(super) quota: Arc<Quota>,
    pub(super) reserved: Option<u32>,
    spec: FunctionSpec,
    latest: FunctionId,
    updates: u32,
    /// Whether `$LATEST` is another than the last version published.
    changed: bool,
    published: u32,
    pub(super) versions: Vec<Version>,
    pub(super) aliases: Vec<Alias>,
    pub(super) provisioning: Provisioning,
    pub(super) pace: TokenBucket,
    pub(super) allocations: Vec<Allocation>,
    /// Pools that are emptied: of replaced code, deleted versions, and of
    /// provisioned concurrency that was taken away.
    pub(super) retiring: Retiring,
    /// Of these, pools of provisioned concurrency whose requests still count.
    pub(super) releasing: Vec<FunctionId>,
    /// Pools of provisioned concurrency that are empty.
    pub(super) spares: Vec<FunctionId>,
    /// Every pool of requests on demand, and every provisioned one.
    pub(super) pools: Vec<FunctionId>,
    pub(super) provisioned_pools: Vec<FunctionId>,
    pub(super) sweep_at: Option<Instant>,
    pub(super) actions: VecDeque<VersionAction>,
}

impl VersionedFunction {
    /// A function of `$LATEST` alone. Its reservation, if it has one, is
    /// `spec`'s.
    ///
    /// # Errors
    ///
    /// As [`Control::add_function`]; or a rate of `provisioning` out of range.
    pub fn new(
        control: &mut Control,
        name: &str,
        spec: FunctionSpec,
        provisioning: Provisioning,
    ) -> Result<Self, FunctionError> {
        Self::named(control, name, &format!("{name}:$LATEST"), spec, provisioning)
    }

    /// As [`VersionedFunction::new`], with a name for the pool of `$LATEST`.
    fn named(
        control: &mut Control,
        name: &str,
        pool_name: &str,
        spec: FunctionSpec,
        provisioning: Provisioning,
    ) -> Result<Self, FunctionError> {
        if name.is_empty() {
            return Err(FunctionError::NoName);
        }
        let pace = provisioning.bucket().map_err(FunctionError::Rate)?;
        let quota = Arc::new(Quota::new());
        let starts = control.region().config().scaling_rate.of_each();
        quota.buckets.starts.set(starts).map_err(FunctionError::Rate)?;
        let reserved = spec.reserved_concurrency;
        let spec = FunctionSpec { reserved_concurrency: None, ..spec };
        if reserved.is_some() {
            control.reserve_gate(&quota.gate, reserved)?;
        }
        let pool = Share::Of(quota.clone());
        let latest = control.add_pool(pool_name, spec, pool);
        let latest = latest.inspect_err(|_| {
            // The reservation goes back: it was alone behind its gate.
            let back = control.reserve_gate(&quota.gate, None);
            debug_assert!(back.is_ok(), "nothing is in flight");
        })?;
        let function = Self {
            name: name.to_string(),
            quota,
            reserved,
            spec,
            latest,
            updates: 0,
            changed: true,
            published: 0,
            versions: Vec::new(),
            aliases: Vec::new(),
            provisioning,
            pace,
            allocations: Vec::new(),
            retiring: Retiring::default(),
            releasing: Vec::new(),
            spares: Vec::new(),
            pools: alloc::vec![latest],
            provisioned_pools: Vec::new(),
            sweep_at: None,
            actions: VecDeque::new(),
        };
        function.meter(control.region().config());
        Ok(function)
    }

    /// A function that has one version, 1, which is also `$LATEST` until that is
    /// updated: for hosts that want provisioned concurrency and no versions.
    ///
    /// # Errors
    ///
    /// As [`VersionedFunction::new`].
    pub fn published(
        control: &mut Control,
        name: &str,
        spec: FunctionSpec,
        provisioning: Provisioning,
    ) -> Result<Self, FunctionError> {
        let mut function = Self::named(control, name, name, spec, provisioning)?;
        let (pool, spec) = (function.latest, function.spec);
        function.versions.push(Version { number: 1, pool, spec });
        (function.published, function.changed) = (1, false);
        Ok(function)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What requests of `$LATEST` name. It stays good over updates, but for the
    /// first one of a function that was [`published`](Self::published) so.
    pub const fn latest(&self) -> FunctionId {
        self.latest
    }

    /// What requests of a version name; `None` where it was never published or
    /// is deleted.
    pub fn version(&self, number: u32) -> Option<FunctionId> {
        self.find(number).map(|version| version.pool)
    }

    /// The settings of a version: those of `$LATEST` when it was published.
    pub fn version_spec(&self, number: u32) -> Option<&FunctionSpec> {
        self.find(number).map(|version| &version.spec)
    }

    /// The versions published and not deleted, in order.
    pub fn versions(&self) -> impl Iterator<Item = u32> {
        self.versions.iter().map(|version| version.number)
    }

    /// The settings of `$LATEST`.
    pub const fn spec(&self) -> &FunctionSpec {
        &self.spec
    }

    /// The reservation of all versions together.
    pub const fn reserved_concurrency(&self) -> Option<u32> {
        self.reserved
    }

    pub(super) fn find(&self, number: u32) -> Option<&Version> {
        self.versions.iter().find(|version| version.number == number)
    }

    /// Gives `$LATEST` new code or settings (a reservation in `spec` is not
    /// looked at: [`set_reserved`](Self::set_reserved)). Requests from now on
    /// start new instances; those in flight finish in the old ones, which are
    /// then stopped. None is dropped.
    ///
    /// # Errors
    ///
    /// As [`Control::add_function`]; `$LATEST` is as it was.
    pub fn update(
        &mut self,
        now: Instant,
        control: &mut Control,
        spec: FunctionSpec,
    ) -> Result<(), FunctionError> {
        let spec = FunctionSpec { reserved_concurrency: None, ..spec };
        let name = format!("{}:$LATEST#{}", self.name, self.updates + 1);
        let next = control.add_pool(&name, spec, Share::Of(self.quota.clone()))?;
        self.updates += 1;
        self.pools.push(next);
        let region = control.region().clone();
        if self.versions.iter().any(|version| version.pool == self.latest) {
            self.latest = next;
            (self.spec, self.changed) = (spec, true);
            return Ok(());
        }
        // The handle stays the first one: its successor is always the last.
        let last = region.last_of(self.latest);
        for old in [Some(self.latest), last].into_iter().flatten() {
            if let Ok(of) = region.function(old) {
                of.links.replace(next);
            }
        }
        self.retiring.add(&region, last.unwrap_or(self.latest));
        (self.spec, self.changed) = (spec, true);
        self.handle_time(now, control);
        Ok(())
    }

    /// Publishes `$LATEST` as a version, which nobody can change, and gives its
    /// number. Where nothing was updated since the last one, that is the answer
    /// and nothing is published (AWS: "Lambda doesn't publish a version if the
    /// function's configuration and code haven't changed since the last
    /// version").
    ///
    /// # Errors
    ///
    /// As [`Control::add_function`].
    pub fn publish(&mut self, control: &mut Control) -> Result<u32, FunctionError> {
        if !self.changed && self.find(self.published).is_some() {
            return Ok(self.published);
        }
        let number = self.published + 1;
        let name = format!("{}:{number}", self.name);
        let pool = control.add_pool(&name, self.spec, Share::Of(self.quota.clone()))?;
        self.pools.push(pool);
        self.versions.push(Version { number, pool, spec: self.spec });
        (self.published, self.changed) = (number, false);
        Ok(number)
    }

    /// Deletes a version: requests of it are refused from now on, those in
    /// flight finish, and its instances are stopped.
    ///
    /// # Errors
    ///
    /// No such version, one that an alias points to, or one with provisioned
    /// concurrency.
    pub fn delete_version(
        &mut self,
        now: Instant,
        control: &mut Control,
        number: u32,
    ) -> Result<(), VersionError> {
        let at = self.versions.iter().position(|version| version.number == number);
        let at = at.ok_or(VersionError::Unknown { version: number })?;
        if let Some(alias) = self.aliases.iter().find(|alias| alias.names(number)) {
            return Err(VersionError::Aliased { version: number, alias: alias.name.clone() });
        }
        if self.allocations.iter().any(|allocation| allocation.version == number) {
            return Err(VersionError::Provisioned { version: number });
        }
        let region = control.region().clone();
        let version = self.versions.remove(at);
        if let Ok(of) = region.function(version.pool) {
            of.links.delete();
        }
        self.retiring.add(&region, version.pool);
        self.handle_time(now, control);
        Ok(())
    }

    /// Sets or, with `None`, removes the reservation of all versions together.
    ///
    /// # Errors
    ///
    /// One that the account cannot give, or below what is provisioned.
    pub fn set_reserved(
        &mut self,
        control: &mut Control,
        reserved: Option<u32>,
    ) -> Result<(), ProvisionedError> {
        let provisioned = self.claimed();
        if let Some(reserved) = reserved
            && u64::from(reserved) < provisioned
        {
            return Err(ProvisionedError::AboveReserved { requested: provisioned, reserved });
        }
        let before = core::mem::replace(&mut self.reserved, reserved);
        if let Err(error) = self.settle(control) {
            self.reserved = before;
            let undone = self.settle(control);
            debug_assert!(undone.is_ok(), "as it was before");
            return Err(ProvisionedError::Limit(error));
        }
        self.meter(control.region().config());
        Ok(())
    }

    /// The rate of requests of all versions together follows the reservation.
    fn meter(&self, config: &RegionConfig) {
        let factor = config.requests_per_concurrency;
        self.quota.buckets.set_requests(factor, self.reserved.unwrap_or(0));
    }

    /// Goes on with what takes time: provisioned instances are started, those
    /// that are old replaced, and replaced pools emptied. O(pools and their
    /// instances that are at work).
    pub fn handle_time(&mut self, now: Instant, control: &mut Control) {
        self.provision(now, control);
        let region = control.region().clone();
        let actions = &mut self.actions;
        self.retiring.sweep(now, &region, |idle| actions.push_back(VersionAction::Stop(idle)));
        // What a shrunken allocation still had in flight may be over.
        let settled = self.settle(control);
        debug_assert!(settled.is_ok(), "the sum is what it was");
        self.collect_spares(&region);
        let waits = !self.retiring.is_empty()
            || !self.releasing.is_empty()
            || self.reserved.is_some_and(|_| self.overhangs(&region))
            || self.allocations.iter().any(Allocation::waits);
        self.sweep_at = waits.then(|| now.after(SWEEP));
    }

    /// What all versions together have done and do, in AWS's words. O(seats of
    /// all of its pools); a moment's view, exact at rest.
    pub fn metrics(&self, region: &Region) -> FunctionMetrics {
        let mut metrics = FunctionMetrics::default();
        for (pools, provisioned) in [(&self.pools, false), (&self.provisioned_pools, true)] {
            for counters in pools.iter().filter_map(|&pool| region.counters(pool).ok()) {
                metrics.invocations += counters.invocations();
                metrics.cold_starts += counters.cold_starts;
                metrics.failures += counters.failures;
                metrics.concurrent_executions += counters.in_flight;
                if provisioned {
                    metrics.provisioned_invocations += counters.invocations();
                    metrics.provisioned_executions += counters.in_flight;
                } else {
                    // Refused where it is provisioned, a request spills.
                    metrics.throttles += counters.refusals();
                    metrics.spillover_invocations += counters.spillovers;
                }
            }
        }
        let available = self.allocations.iter().map(|one| u64::from(one.serving));
        metrics.provisioned_available = available.sum();
        metrics
    }

    /// The next thing to do.
    pub fn poll_action(&mut self) -> Option<VersionAction> {
        self.actions.pop_front()
    }

    /// When to call [`handle_time`](Self::handle_time) at the latest; `None`:
    /// nothing takes time.
    pub fn next_deadline(&self) -> Option<Instant> {
        let each = self.allocations.iter();
        let provision = each.filter_map(|allocation| allocation.deadline(&self.provisioning));
        provision.chain(self.sweep_at).min()
    }
}

impl fmt::Debug for VersionedFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VersionedFunction")
            .field("name", &self.name)
            .field("reserved", &self.reserved)
            .field("versions", &self.versions)
            .field("aliases", &self.aliases)
            .field("allocations", &self.allocations)
            .finish_non_exhaustive()
    }
}

/// Why a version was not deleted. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VersionError {
    /// It was never published, or is deleted.
    Unknown {
        /// Its number.
        version: u32,
    },
    /// An alias points to it.
    Aliased {
        /// Its number.
        version: u32,
        /// The alias.
        alias: String,
    },
    /// It has provisioned concurrency.
    Provisioned {
        /// Its number.
        version: u32,
    },
}

impl VersionError {
    /// AWS Lambda's name of the exception.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "ResourceNotFoundException",
            Self::Aliased { .. } | Self::Provisioned { .. } => "ResourceConflictException",
        }
    }
}

impl fmt::Display for VersionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { version } => write!(f, "there is no version {version}"),
            Self::Aliased { version, alias } => {
                write!(f, "version {version} cannot be deleted: alias {alias:?} points to it")
            }
            Self::Provisioned { version } => {
                write!(f, "version {version} cannot be deleted: it has provisioned concurrency")
            }
        }
    }
}

impl core::error::Error for VersionError {}

impl From<LimitError> for ProvisionedError {
    /// A claim of what is to be provisioned was refused.
    fn from(error: LimitError) -> Self {
        Self::Limit(error.of_provisioned())
    }
}
