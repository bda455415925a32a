//! A function with a pool of instances for each tenant.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use super::quota::{Quota, Share};
use super::retiring::{Retiring, SWEEP};
use super::{Control, FunctionError, FunctionSpec};
use crate::concurrency::LimitError;
use crate::id::{FunctionId, InstanceId};
use crate::time::Instant;

/// Longest identifier of a tenant, in characters (AWS Lambda API, `Invoke`).
pub const MAX_TENANT_ID: usize = 256;

/// Why a tenant has no pool; nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TenantError {
    /// Not 1 to [`MAX_TENANT_ID`] letters, digits, spaces and `._:/=+-@`.
    Id {
        /// The identifier.
        id: String,
    },
    /// Its pool cannot be added.
    Function(FunctionError),
}

impl From<FunctionError> for TenantError {
    fn from(error: FunctionError) -> Self {
        Self::Function(error)
    }
}

impl fmt::Display for TenantError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id { id } => write!(
                f,
                "{id:?} is no tenant: it has 1 to {MAX_TENANT_ID} letters, digits, spaces and \
                 ._:/=+-@"
            ),
            Self::Function(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for TenantError {}

fn check(id: &str) -> Result<(), TenantError> {
    let known = |c: char| c.is_ascii_alphanumeric() || "._:/=+-@ ".contains(c);
    if !id.is_empty() && id.len() <= MAX_TENANT_ID && id.chars().all(known) {
        return Ok(());
    }
    Err(TenantError::Id { id: id.to_string() })
}

/// A tenant: what its requests name, and the pool that serves them now.
#[derive(Clone, Copy, Debug)]
struct Tenant {
    handle: FunctionId,
    pool: FunctionId,
}

/// A function with a pool of instances for each tenant.
///
/// AWS Lambda's tenant isolation (Developer Guide, "Tenant isolation"; mode
/// `PER_TENANT`): an environment serves requests of one tenant only, for all its
/// life, and the key of the warm pool is the function and the tenant. All pools
/// share the function's gate: its reservation is of all tenants together.
///
/// ```text
///  tenant(control, "blue") --> a pool's handle, the same each time
///       |  any thread: Region::invoke_version(now, handle, lane)
///  update(now, control, spec)   each pool replaced; handles stay good
/// ```
///
/// # What is chosen
///
/// * A tenant's pool is one of the region's functions for as long as the region
///   lives, so that no request can ever meet another tenant's instance; the
///   region's `max_functions` bounds how many tenants there are, and how often
///   they are updated.
/// * AWS's bound of 2,500 environments, idle ones too, for 1,000 units of
///   concurrency is not enforced: [`FunctionSpec::max_instances`] bounds those of
///   each tenant.
/// * As at AWS there is no provisioned concurrency here.
///
/// ```
/// use warmstow_core::function::{FunctionSpec, Region, RegionConfig, Start, TenantFunction};
/// use warmstow_core::id::Lane;
/// use warmstow_core::time::Instant;
///
/// let (region, mut control) = Region::new(RegionConfig::default())?;
/// let mut shop = TenantFunction::new(&mut control, "shop", FunctionSpec::of_memory(512))?;
/// let (blue, green) = (shop.tenant(&mut control, "blue")?, shop.tenant(&mut control, "green")?);
///
/// let at = Instant::from_secs;
/// let first = region.invoke_version(at(0), blue, Lane::FIRST)?;
/// region.started(at(1), &first.lease)?;
/// region.complete(at(2), first.lease)?;
/// // Blue's idle instance is not green's.
/// let second = region.invoke_version(at(3), green, Lane::FIRST)?;
/// assert_ne!(second.start, Start::Warm);
/// assert_eq!(region.invoke_version(at(3), blue, Lane::FIRST)?.start, Start::Warm);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct TenantFunction {
    name: String,
    spec: FunctionSpec,
    quota: Arc<Quota>,
    reserved: Option<u32>,
    tenants: BTreeMap<String, Tenant>,
    updates: u32,
    retiring: Retiring,
    sweep_at: Option<Instant>,
    stops: VecDeque<InstanceId>,
}

impl TenantFunction {
    /// A function without tenants. Its reservation, if it has one, is `spec`'s.
    /// Its name is taken for the life of the region.
    ///
    /// # Errors
    ///
    /// An empty or taken name, a specification out of range, an instance larger
    /// than any node, or a reservation that does not leave the unreserved minimum.
    pub fn new(
        control: &mut Control,
        name: &str,
        spec: FunctionSpec,
    ) -> Result<Self, FunctionError> {
        control.check_name(name)?;
        control.check_spec(&spec)?;
        let quota = Arc::new(Quota::new());
        let starts = control.region().config().scaling_rate.of_each();
        quota.buckets.starts.set(starts).map_err(FunctionError::Rate)?;
        let reserved = spec.reserved_concurrency;
        control.reserve_gate(&quota.gate, reserved)?;
        control.claim_name(name);
        let function = Self {
            name: name.to_string(),
            spec: FunctionSpec { reserved_concurrency: None, ..spec },
            quota,
            reserved,
            tenants: BTreeMap::new(),
            updates: 0,
            retiring: Retiring::default(),
            sweep_at: None,
            stops: VecDeque::new(),
        };
        function.meter(control);
        Ok(function)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What requests of a tenant name, from its first request on and for ever:
    /// hosts keep it. O(log tenants), and for a new one as
    /// [`Control::add_function`].
    ///
    /// # Errors
    ///
    /// An identifier that is none, or no room for one more function.
    pub fn tenant(&mut self, control: &mut Control, id: &str) -> Result<FunctionId, TenantError> {
        if let Some(tenant) = self.tenants.get(id) {
            return Ok(tenant.handle);
        }
        check(id)?;
        let pool = self.add_pool(control, id, self.spec)?;
        self.tenants.insert(id.to_string(), Tenant { handle: pool, pool });
        Ok(pool)
    }

    /// The tenants and the pools that serve them now, by identifier.
    pub fn tenants(&self) -> impl ExactSizeIterator<Item = (&str, FunctionId)> {
        self.tenants.iter().map(|(id, tenant)| (id.as_str(), tenant.pool))
    }

    /// Sets or takes away the reservation of all tenants together.
    ///
    /// # Errors
    ///
    /// It does not leave the unreserved minimum.
    pub fn set_reserved(
        &mut self,
        control: &mut Control,
        reserved: Option<u32>,
    ) -> Result<(), LimitError> {
        control.reserve_gate(&self.quota.gate, reserved)?;
        self.reserved = reserved;
        self.meter(control);
        Ok(())
    }

    /// The reservation.
    pub const fn reserved(&self) -> Option<u32> {
        self.reserved
    }

    /// Replaces code and settings for every tenant: requests that run end where
    /// they are, and the next ones start new instances. Its reservation stays.
    /// O(tenants), each as [`Control::add_function`].
    ///
    /// # Errors
    ///
    /// `spec` cannot be, or the region has no room for a pool more for each tenant;
    /// then all of them go on as they are.
    pub fn update(
        &mut self,
        now: Instant,
        control: &mut Control,
        spec: FunctionSpec,
    ) -> Result<(), FunctionError> {
        let spec = FunctionSpec { reserved_concurrency: None, ..spec };
        // Without tenants there is no pool to refuse it.
        control.check_spec(&spec)?;
        control.check_room_for(self.tenants.len())?;
        self.updates += 1;
        let region = control.region().clone();
        let ids: Vec<String> = self.tenants.keys().cloned().collect();
        for id in ids {
            // What could refuse the first would have refused it alone.
            let next = self.add_pool(control, &id, spec)?;
            let Some(tenant) = self.tenants.get_mut(&id) else { continue };
            for old in [tenant.handle, tenant.pool] {
                if let Ok(of) = region.function(old) {
                    of.links.replace(next);
                }
            }
            self.retiring.add(&region, tenant.pool);
            tenant.pool = next;
        }
        self.spec = spec;
        self.handle_time(now, control);
        Ok(())
    }

    /// Goes on emptying the pools that were replaced.
    pub fn handle_time(&mut self, now: Instant, control: &Control) {
        let stops = &mut self.stops;
        self.retiring.sweep(now, control.region(), |idle| stops.push_back(idle));
        self.sweep_at = (!self.retiring.is_empty()).then(|| now.after(SWEEP));
    }

    /// The next instance to stop; then [`Region::stopped`](super::Region::stopped).
    pub fn poll_stop(&mut self) -> Option<InstanceId> {
        self.stops.pop_front()
    }

    /// When [`handle_time`](Self::handle_time) is due at the latest.
    pub const fn next_deadline(&self) -> Option<Instant> {
        self.sweep_at
    }

    fn add_pool(
        &self,
        control: &mut Control,
        id: &str,
        spec: FunctionSpec,
    ) -> Result<FunctionId, FunctionError> {
        let mut name = format!("{}:{id}#{}", self.name, self.updates);
        // "a:b" of `shop` and `b` of "shop:a" come to the same.
        while control.function(&name).is_some() {
            name.push('+');
        }
        control.add_pool(&name, spec, Share::Of(self.quota.clone()))
    }

    /// The rate of requests of all tenants together follows the reservation.
    fn meter(&self, control: &Control) {
        let factor = control.region().config().requests_per_concurrency;
        self.quota.buckets.set_requests(factor, self.reserved.unwrap_or(0));
    }
}
