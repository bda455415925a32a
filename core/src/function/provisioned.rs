//! Provisioned concurrency: instances that are there before their requests.
//!
//! ```text
//!            put                        the whole batch is ready
//!   (none) -------> IN_PROGRESS ------------------------------> READY
//!      ^                 |  ^                                     |
//!      |        a start  |  |  put another number                 |
//!      |        failed   v  +--------------<----------------------+
//!      +----------- FAILED            (a smaller one is READY at once)
//!       delete: from any
//! ```
//!
//! What is asked for is claimed at once: of the function's reservation, or else
//! of the account's unreserved concurrency, used or not. It can be used once all
//! of it is ready (Developer Guide, "Configuring provisioned concurrency": "no
//! environments are accessible until all have been allocated"); until then a
//! larger number keeps what was ready before, and so does one that fails.
//!
//! The batch lives in a pool of its own, behind a gate whose reservation is what
//! can be used. A second gate, through which nobody goes, claims the rest. So a
//! request is of that pool or it is not, and ends where it was admitted, whatever
//! is configured by then.
//!
//! # What AWS does not say
//!
//! * A batch of which one start fails is FAILED, its claim returned and its
//!   instances stopped. Nothing is tried again until the next `put`.
//! * Concurrency that is provisioned through an alias serves all requests of
//!   the version that it points to.
//! * An instance that crashes is replaced, also of what a failed batch left; it is
//!   not allocated meanwhile, and a batch is not ready without it. Until then a
//!   request can start one in its place, cold. What finds no room is tried again
//!   every second.
//! * What a smaller number, a deleted or a moved configuration leaves in flight
//!   counts against a reservation until it ends: the function never passes it.
//!   For the same reason a batch waits for requests on demand that are above
//!   what a reservation leaves beside it.

use alloc::string::{String, ToString};
use core::fmt;

use super::allocation::{Holder, Provided};
use super::{Control, FunctionError, Lease, LeaseError, VersionedFunction};
use crate::concurrency::{LimitError, Rate, RateError, TokenBucket};
use crate::id::FunctionId;
use crate::time::{Duration, Instant};

/// How fast provisioned instances are started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// All at once.
    Unlimited,
    /// Those of each function at this rate.
    EachFunction(Rate),
    /// By the region's own scaling rate, from the same tokens as requests.
    WithRequests,
}

/// How provisioned concurrency is prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Provisioning {
    /// From the request to the first start.
    pub preparation: Duration,
    /// How fast starts follow.
    pub pace: Pace,
    /// The age at which an instance is replaced; `None`: never.
    pub recycle_after: Option<Duration>,
}

impl Provisioning {
    /// AWS Lambda's: one to two minutes of preparation (taken as 90 s), then up to
    /// 6,000 environments a minute for each function; replaced every few hours
    /// (taken as 4).
    pub const LAMBDA: Self = Self {
        preparation: Duration::from_secs(90),
        pace: Pace::EachFunction(Rate { count: 6_000, per: Duration::from_secs(60), burst: 1 }),
        recycle_after: Some(Duration::from_secs(4 * 3_600)),
    };
    /// AWS Lambda's of 2022: by the regional burst that requests use too. For a
    /// region of [`Rate::lambda_scaling_2019`].
    pub const LAMBDA_2022: Self = Self { pace: Pace::WithRequests, ..Self::LAMBDA };
    /// As fast as the host initialises, and kept for good.
    pub const AT_ONCE: Self =
        Self { preparation: Duration::ZERO, pace: Pace::Unlimited, recycle_after: None };

    pub(super) fn bucket(&self) -> Result<TokenBucket, RateError> {
        match self.pace {
            Pace::EachFunction(rate) => TokenBucket::new(rate),
            _ => Ok(TokenBucket::unlimited()),
        }
    }
}

/// What provisioned concurrency is configured on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Qualifier<'a> {
    /// `$LATEST`, which can have none.
    Latest,
    /// A published version.
    Version(u32),
    /// An alias: its version, and the next one when it is pointed elsewhere.
    Alias(&'a str),
}

/// Where a configuration stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProvisionedStatus {
    /// The batch is not ready.
    InProgress,
    /// All that was asked for can be used.
    Ready,
    /// A start failed.
    Failed {
        /// Why.
        reason: String,
    },
}

impl ProvisionedStatus {
    /// AWS Lambda's name of it.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Ready => "READY",
            Self::Failed { .. } => "FAILED",
        }
    }
}

/// A configuration of provisioned concurrency, as AWS Lambda's
/// `GetProvisionedConcurrencyConfig` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvisionedView {
    /// The version that it is for.
    pub version: u32,
    /// What was asked for.
    pub requested: u32,
    /// Instances that are ready.
    pub allocated: u32,
    /// What can be used: all of a batch or none of it.
    pub available: u32,
    /// Where it stands.
    pub status: ProvisionedStatus,
    /// The pool that serves it, for its counters.
    pub pool: FunctionId,
}

impl VersionedFunction {
    /// Asks for provisioned concurrency, or for another number of it.
    ///
    /// # Errors
    ///
    /// `$LATEST`, an unknown or already provisioned version, an alias while it
    /// points to two; a number that is 0, above the function's instances, its
    /// reservation, or what the account can give.
    pub fn put_provisioned(
        &mut self,
        now: Instant,
        control: &mut Control,
        qualifier: Qualifier<'_>,
        requested: u32,
    ) -> Result<(), ProvisionedError> {
        if requested == 0 {
            return Err(ProvisionedError::Requested { value: requested });
        }
        let (holder, version) = self.holder(qualifier)?;
        let (at, new) = match self.allocation_of(&holder) {
            Some(at) => (at, false),
            None => (self.allocations.len(), true),
        };
        self.check(at, version, requested)?;
        if new {
            let allocation = self.allocate(now, control, holder, version)?;
            self.allocations.push(allocation);
        }
        let serving = self.allocations[at].serving.min(requested);
        if let Err(error) = self.claim(control, at, serving, requested - serving) {
            if new {
                // Nothing was started in its pool.
                let allocation = self.allocations.remove(at);
                self.spares.push(allocation.pool);
            }
            return Err(error.into());
        }
        let allocation = &mut self.allocations[at];
        allocation.requested = requested;
        if requested > serving {
            allocation.status = ProvisionedStatus::InProgress;
            allocation.next_start = now.after(self.provisioning.preparation);
        } else {
            allocation.status = ProvisionedStatus::Ready;
        }
        let region = control.region().clone();
        self.trim(now, &region, at);
        self.handle_time(now, control);
        Ok(())
    }

    /// Takes provisioned concurrency away. Requests in flight finish, and its
    /// instances are stopped. Where there is none, nothing changes, as at AWS.
    ///
    /// # Errors
    ///
    /// As of [`put_provisioned`](Self::put_provisioned), about the qualifier.
    pub fn delete_provisioned(
        &mut self,
        now: Instant,
        control: &mut Control,
        qualifier: Qualifier<'_>,
    ) -> Result<(), ProvisionedError> {
        let (holder, _) = self.holder(qualifier)?;
        if let Some(at) = self.allocation_of(&holder) {
            self.release(now, control, at);
            self.handle_time(now, control);
        }
        Ok(())
    }

    /// What is provisioned on a qualifier; `None`: nothing.
    pub fn provisioned(&self, qualifier: Qualifier<'_>) -> Option<ProvisionedView> {
        let holder = match qualifier {
            Qualifier::Latest => return None,
            Qualifier::Version(version) => Holder::Version(version),
            Qualifier::Alias(name) => Holder::Alias(name.to_string()),
        };
        let allocation = &self.allocations[self.allocation_of(&holder)?];
        Some(ProvisionedView {
            version: allocation.version,
            requested: allocation.requested,
            allocated: allocation.ready(),
            available: allocation.serving,
            status: allocation.status.clone(),
            pool: allocation.pool,
        })
    }

    /// What is provisioned in all, ready or not.
    pub fn claimed(&self) -> u64 {
        self.allocations.iter().map(|allocation| u64::from(allocation.claim())).sum()
    }

    /// Reports that an instance of a `Start` has initialised.
    ///
    /// # Errors
    ///
    /// A stale lease.
    pub fn handle_prepared(
        &mut self,
        now: Instant,
        control: &mut Control,
        lease: Lease,
    ) -> Result<(), LeaseError> {
        let region = control.region().clone();
        let (pool, instance) = (lease.function(), region.instance_of(&lease)?);
        self.stop(region.prepared(now, lease)?);
        let mut old = None;
        if let Some(allocation) = self.allocations.iter_mut().find(|one| one.pool == pool) {
            let mut own = allocation.instances.iter_mut();
            if let Some(one) = own.find(|one| one.instance == instance) {
                one.ready = true;
                old = allocation.replacing.take_if(|(_, new)| *new == instance);
            }
        }
        if let Some((old, _)) = old {
            self.stop(region.drain(now, old.instance).ok().flatten());
        }
        self.handle_time(now, control);
        Ok(())
    }

    /// Reports that an instance of a `Start` has not come up. The batch that it
    /// was of has failed; in place of one that is replaced the old one stays.
    ///
    /// # Errors
    ///
    /// A stale lease.
    pub fn handle_unprepared(
        &mut self,
        now: Instant,
        control: &mut Control,
        lease: Lease,
        reason: &str,
    ) -> Result<(), LeaseError> {
        let region = control.region().clone();
        let (pool, instance) = (lease.function(), region.instance_of(&lease)?);
        self.stop(region.unprepared(now, lease)?);
        if let Some(at) = self.allocations.iter().position(|one| one.pool == pool) {
            let allocation = &mut self.allocations[at];
            allocation.instances.retain(|one| one.instance != instance);
            if let Some((old, _)) = allocation.replacing.take_if(|(_, new)| *new == instance) {
                // It has its whole age again: no start in a loop.
                allocation.instances.push(Provided { since: now, ..old });
            } else if allocation.in_progress() {
                self.fail(now, control, at, reason);
            }
        }
        self.handle_time(now, control);
        Ok(())
    }

    pub(super) fn allocation_of(&self, holder: &Holder) -> Option<usize> {
        self.allocations.iter().position(|allocation| allocation.holder == *holder)
    }

    fn holder(&self, qualifier: Qualifier<'_>) -> Result<(Holder, u32), ProvisionedError> {
        match qualifier {
            Qualifier::Latest => Err(ProvisionedError::Latest),
            Qualifier::Version(version) => match self.version(version) {
                Some(_) => Ok((Holder::Version(version), version)),
                None => Err(ProvisionedError::UnknownVersion { version }),
            },
            Qualifier::Alias(name) => {
                let alias = || name.to_string();
                let routing = self.routing(name);
                let routing =
                    routing.ok_or_else(|| ProvisionedError::UnknownAlias { alias: alias() })?;
                if routing.other.is_some() {
                    return Err(ProvisionedError::Routed { alias: alias() });
                }
                Ok((Holder::Alias(alias()), routing.version))
            }
        }
    }

    /// Whether the allocation `at` may be so much of that version.
    pub(super) fn check(
        &self,
        at: usize,
        version: u32,
        requested: u32,
    ) -> Result<(), ProvisionedError> {
        let others = || self.allocations.iter().enumerate().filter(|&(other, _)| other != at);
        if others().any(|(_, other)| other.version == version) {
            return Err(ProvisionedError::VersionProvisioned { version });
        }
        let spec = self.version_spec(version);
        let max_instances = spec.ok_or(ProvisionedError::UnknownVersion { version })?.max_instances;
        if requested > max_instances {
            return Err(ProvisionedError::MaxInstances { requested, max_instances });
        }
        let sum: u64 = others().map(|(_, other)| u64::from(other.claim())).sum();
        let requested = sum + u64::from(requested);
        match self.reserved {
            Some(reserved) if requested > u64::from(reserved) => {
                Err(ProvisionedError::AboveReserved { requested, reserved })
            }
            _ => Ok(()),
        }
    }
}

/// Why provisioned concurrency cannot be set. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProvisionedError {
    /// Less than 1 was asked for.
    Requested {
        /// What was asked for.
        value: u32,
    },
    /// `$LATEST` can have none.
    Latest,
    /// That version is not published.
    UnknownVersion {
        /// Its number.
        version: u32,
    },
    /// The function has no such alias.
    UnknownAlias {
        /// Its name.
        alias: String,
    },
    /// The alias points to two versions.
    Routed {
        /// Its name.
        alias: String,
    },
    /// That version has some already, of its own or through another alias.
    VersionProvisioned {
        /// Its number.
        version: u32,
    },
    /// More than the function's instances.
    MaxInstances {
        /// What was asked for.
        requested: u32,
        /// [`FunctionSpec::max_instances`](super::FunctionSpec::max_instances).
        max_instances: u32,
    },
    /// More than the function has reserved.
    AboveReserved {
        /// What would be provisioned in all.
        requested: u64,
        /// The reservation.
        reserved: u32,
    },
    /// The account cannot give it.
    Limit(LimitError),
    /// No pool for it.
    Pool(FunctionError),
}

impl ProvisionedError {
    /// AWS Lambda's name of the exception.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Requested { .. } => "ValidationException",
            Self::UnknownVersion { .. } | Self::UnknownAlias { .. } => "ResourceNotFoundException",
            Self::VersionProvisioned { .. } => "ResourceConflictException",
            Self::Pool(_) => "ServiceException",
            _ => "InvalidParameterValueException",
        }
    }
}

impl fmt::Display for ProvisionedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requested { value } => {
                write!(f, "provisioned concurrency {value}: it must be 1 or more")
            }
            // The first sentences are AWS's own.
            Self::Latest => f.write_str(
                "Provisioned Concurrency Configs cannot be applied to unpublished function \
                 versions.",
            ),
            Self::UnknownVersion { version } => write!(f, "version {version} is not published"),
            Self::UnknownAlias { alias } => write!(f, "the function has no alias {alias:?}"),
            Self::Routed { alias } => write!(
                f,
                "alias {alias:?} points to two versions: provisioned concurrency can be managed \
                 on it once it points to one"
            ),
            Self::VersionProvisioned { version } => {
                write!(f, "version {version} has provisioned concurrency already")
            }
            Self::MaxInstances { requested, max_instances } => write!(
                f,
                "provisioned concurrency {requested} is above the function's {max_instances} \
                 instances"
            ),
            Self::AboveReserved { requested, reserved } => write!(
                f,
                "Requested Provisioned Concurrency should not be greater than the \
                 reservedConcurrentExecution for function: {requested} of {reserved}"
            ),
            Self::Limit(error) => error.fmt(f),
            Self::Pool(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for ProvisionedError {}
