//! Provisioned concurrency: instances that are there before their requests.

use core::ffi::c_char;

use warmstow_core::concurrency::Rate;
use warmstow_core::function::{Pace, ProvisionedError, ProvisionedStatus, Provisioning, Qualifier};
use warmstow_core::time::{Duration, Instant};

use crate::boundary::{self, Caller, Count, Growing};
use crate::failure::Failure;
use crate::function::{function_failure, warmstow_function};
use crate::region::warmstow_region;
use crate::status::warmstow_status as S;
use crate::versions::warmstow_versioned;

/// How provisioned concurrency is prepared, as a whole; see
/// warmstow_provisioning_default().
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum warmstow_provisioning_profile {
    /// As fast as the host initialises, and kept for good.
    WARMSTOW_PROVISIONING_AT_ONCE = 0,
    /// AWS Lambda's: 90 s of preparation, then up to 6000 instances a minute for
    /// each function; replaced after 4 hours.
    WARMSTOW_PROVISIONING_LAMBDA = 1,
    /// AWS Lambda's of 2022: by the burst of the region, which requests use too.
    WARMSTOW_PROVISIONING_LAMBDA_2022 = 2,
}

/// By warmstow_provisioning_profile's numbers.
const PROFILES: [Provisioning; 3] =
    [Provisioning::AT_ONCE, Provisioning::LAMBDA, Provisioning::LAMBDA_2022];

/// How fast provisioned instances are started.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum warmstow_pace {
    /// All at once.
    WARMSTOW_PACE_UNLIMITED = 0,
    /// Those of each function at the rate pace_count in pace_per_ns.
    WARMSTOW_PACE_EACH_FUNCTION = 1,
    /// By the region's scaling rate, where that is of all functions together:
    /// from the same tokens as requests.
    WARMSTOW_PACE_WITH_REQUESTS = 2,
}

use warmstow_pace as P;

/// By warmstow_pace's numbers.
const PACES: [P; 3] =
    [P::WARMSTOW_PACE_UNLIMITED, P::WARMSTOW_PACE_EACH_FUNCTION, P::WARMSTOW_PACE_WITH_REQUESTS];

/// How provisioned concurrency of a function is prepared; initialise by
/// warmstow_provisioning_default().
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct warmstow_provisioning {
    /// sizeof(warmstow_provisioning), as the program was compiled.
    pub struct_size: u32,
    /// A warmstow_pace.
    pub pace: u32,
    /// With WARMSTOW_PACE_EACH_FUNCTION: so many starts in each period, at least
    /// 1. Else not looked at.
    pub pace_count: u32,
    /// With WARMSTOW_PACE_EACH_FUNCTION: the most starts at once, at least 1.
    pub pace_burst: u32,
    /// With WARMSTOW_PACE_EACH_FUNCTION: the period, in nanoseconds.
    pub pace_per_ns: u64,
    /// From the request to the first start, in nanoseconds.
    pub preparation_ns: u64,
    /// The age at which an instance is replaced, in nanoseconds; UINT64_MAX:
    /// never.
    pub recycle_after_ns: u64,
}

// SAFETY: repr(C) of integers, its size first.
unsafe impl Growing for warmstow_provisioning {}

impl warmstow_provisioning {
    fn of_core(provisioning: &Provisioning) -> Self {
        let (pace, rate) = match provisioning.pace {
            Pace::Unlimited => (P::WARMSTOW_PACE_UNLIMITED, None),
            Pace::EachFunction(rate) => (P::WARMSTOW_PACE_EACH_FUNCTION, Some(rate)),
            Pace::WithRequests => (P::WARMSTOW_PACE_WITH_REQUESTS, None),
        };
        Self {
            struct_size: Self::STRUCT_SIZE,
            pace: pace as u32,
            pace_count: rate.map_or(0, |rate| rate.count),
            pace_burst: rate.map_or(0, |rate| rate.burst),
            pace_per_ns: rate.map_or(0, |rate| rate.per.as_nanos()),
            preparation_ns: provisioning.preparation.as_nanos(),
            recycle_after_ns: provisioning.recycle_after.map_or(u64::MAX, Duration::as_nanos),
        }
    }

    pub(crate) fn to_core(self) -> Result<Provisioning, Failure> {
        let rate = Rate {
            count: self.pace_count,
            per: Duration::from_nanos(self.pace_per_ns),
            burst: self.pace_burst,
        };
        let pace = match boundary::choose(self.pace, &PACES, "provisioning.pace")? {
            P::WARMSTOW_PACE_UNLIMITED => Pace::Unlimited,
            P::WARMSTOW_PACE_EACH_FUNCTION => Pace::EachFunction(rate),
            P::WARMSTOW_PACE_WITH_REQUESTS => Pace::WithRequests,
        };
        let recycle_after = Some(self.recycle_after_ns).filter(|age| *age != u64::MAX);
        Ok(Provisioning {
            preparation: Duration::from_nanos(self.preparation_ns),
            pace,
            recycle_after: recycle_after.map(Duration::from_nanos),
        })
    }
}

/// Where a configuration of provisioned concurrency stands.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum warmstow_provisioned_status {
    /// There is none.
    WARMSTOW_PROVISIONED_NONE = 0,
    /// AWS's IN_PROGRESS: the batch is not ready.
    WARMSTOW_PROVISIONED_IN_PROGRESS = 1,
    /// AWS's READY: all that was asked for can be used.
    WARMSTOW_PROVISIONED_READY = 2,
    /// AWS's FAILED: a start failed. What was ready before can be used; the rest
    /// has been given back, and nothing is tried again until the next put.
    WARMSTOW_PROVISIONED_FAILED = 3,
}

use warmstow_provisioned_status as V;

/// A configuration of provisioned concurrency as it is now; see
/// warmstow_provisioned_read().
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct warmstow_provisioned_view {
    /// The version that it is for.
    pub version: u32,
    /// What was asked for.
    pub requested: u32,
    /// Instances that are ready.
    pub allocated: u32,
    /// What can be used: all of a batch or none of it.
    pub available: u32,
    /// A warmstow_provisioned_status; WARMSTOW_PROVISIONED_NONE where there is
    /// none, and then the rest is 0.
    pub status: u32,
    /// Always 0.
    pub reserved_field: u32,
    /// The function that serves it, for warmstow_counters_read(). Requests name
    /// the version or the alias, not this.
    pub pool: warmstow_function,
}

/// The status of a refused change of provisioned concurrency.
pub(crate) const fn provisioned_status(error: &ProvisionedError) -> S {
    match error {
        ProvisionedError::UnknownVersion { .. } => S::WARMSTOW_ERROR_VERSION_UNKNOWN,
        ProvisionedError::UnknownAlias { .. } => S::WARMSTOW_ERROR_ALIAS_UNKNOWN,
        ProvisionedError::VersionProvisioned { .. } => S::WARMSTOW_ERROR_VERSION_PROVISIONED,
        ProvisionedError::Pool(_) => S::WARMSTOW_ERROR_FUNCTIONS_FULL,
        _ => S::WARMSTOW_ERROR_PROVISIONED,
    }
}

fn provisioned_failure(error: &ProvisionedError) -> Failure {
    match error {
        ProvisionedError::Pool(error) => function_failure(error),
        _ => boundary::written(provisioned_status(error), error),
    }
}

/// A text as AWS's qualifiers are: `$LATEST`, a version's number, an alias.
fn qualifier(text: &str) -> Qualifier<'_> {
    let number = text.bytes().all(|byte| byte.is_ascii_digit());
    match text {
        "$LATEST" => Qualifier::Latest,
        // A number that is too large is as unknown as an alias of that name.
        _ if number => text.parse().map_or(Qualifier::Alias(text), Qualifier::Version),
        _ => Qualifier::Alias(text),
    }
}

/// Fills in the settings of a profile, struct_size among them.
///
/// profile: a warmstow_provisioning_profile. struct_size: sizeof *provisioning.
/// Errors: NULL, MISALIGNED, STRUCT_SIZE, ENUM; then *provisioning is untouched.
/// Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_provisioning_default(
    profile: u32,
    provisioning: *mut warmstow_provisioning,
    struct_size: usize,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::call(|| {
        let out = caller.out_sized(provisioning, struct_size, "provisioning")?;
        let profile = boundary::choose(profile, &PROFILES, "profile")?;
        out.set(warmstow_provisioning::of_core(&profile));
        Ok(())
    })
}

/// Asks for provisioned concurrency, or for another number of it: so many
/// instances that are ready before their requests. What is asked for is claimed
/// at once, of the function's reservation or else of the account's unreserved
/// concurrency. Carry out warmstow_poll() until it is ready; all of a batch can
/// be used once all of it is.
///
/// qualifier: as at AWS, a text: a version's number ("3") or an alias. At
/// $LATEST there can be none, nor on an alias that points to two versions.
///
/// Errors: REGION_STALE, POISONED, VERSIONED_STALE, NULL, LENGTH, TEXT,
/// VERSION_UNKNOWN, ALIAS_UNKNOWN, VERSION_PROVISIONED, PROVISIONED (0, above
/// the function's instances or its reservation, more than the account can give),
/// FUNCTIONS_FULL; then nothing has changed. Any thread, control plane.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_provisioned_put(
    region: warmstow_region,
    now_ns: u64,
    versioned: warmstow_versioned,
    qualifier: *const c_char,
    requested: u32,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::on_region(region, |entry| {
        let on = self::qualifier(caller.text(qualifier, "qualifier")?);
        let now = Instant::from_nanos(now_ns);
        let put = entry
            .control()?
            .on(versioned, |of, control| of.put_provisioned(now, control, on, requested))?;
        put.map_err(|error| provisioned_failure(&error))
    })
}

/// Takes provisioned concurrency away. Requests in flight finish, and its
/// instances are stopped: see warmstow_poll(). Where there is none, nothing
/// changes, as at AWS.
///
/// Errors: as of warmstow_provisioned_put(), about the qualifier.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_provisioned_delete(
    region: warmstow_region,
    now_ns: u64,
    versioned: warmstow_versioned,
    qualifier: *const c_char,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::on_region(region, |entry| {
        let on = self::qualifier(caller.text(qualifier, "qualifier")?);
        let now = Instant::from_nanos(now_ns);
        let deleted = entry
            .control()?
            .on(versioned, |of, control| of.delete_provisioned(now, control, on))?;
        deleted.map_err(|error| provisioned_failure(&error))
    })
}

/// Writes what is provisioned on a qualifier to *view.
///
/// struct_size: sizeof *view. reason, of capacity bytes: why it has failed, cut
/// where it is longer, with its NUL; empty where it has not. NULL where that is
/// not asked for, and then capacity is 0.
///
/// Errors: REGION_STALE, POISONED, VERSIONED_STALE, NULL, MISALIGNED,
/// STRUCT_SIZE, LENGTH, TEXT; then *view and reason are untouched. Any thread,
/// control plane.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_provisioned_read(
    region: warmstow_region,
    versioned: warmstow_versioned,
    qualifier: *const c_char,
    view: *mut warmstow_provisioned_view,
    struct_size: usize,
    reason: *mut c_char,
    capacity: usize,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::on_region(region, |entry| {
        let on = self::qualifier(caller.text(qualifier, "qualifier")?);
        let out = caller.out_sized(view, struct_size, "view")?;
        let count = Count { given: capacity, name: "capacity" };
        let room = caller.buffer_or_none(reason.cast::<u8>(), count, "reason")?;
        let now = entry.control()?.versioned(versioned)?.provisioned(on);
        let (status, why) = match now.as_ref().map(|view| &view.status) {
            None => (V::WARMSTOW_PROVISIONED_NONE, ""),
            Some(ProvisionedStatus::InProgress) => (V::WARMSTOW_PROVISIONED_IN_PROGRESS, ""),
            Some(ProvisionedStatus::Ready) => (V::WARMSTOW_PROVISIONED_READY, ""),
            Some(ProvisionedStatus::Failed { reason }) => {
                (V::WARMSTOW_PROVISIONED_FAILED, &**reason)
            }
        };
        if let Some(room) = room {
            room.text(why);
        }
        let (version, requested, allocated, available, pool) =
            now.as_ref().map_or((0, 0, 0, 0, 0), |view| {
                let pool = view.pool.to_bits();
                (view.version, view.requested, view.allocated, view.available, pool)
            });
        out.set(warmstow_provisioned_view {
            version,
            requested,
            allocated,
            available,
            status: status as u32,
            reserved_field: 0,
            pool: warmstow_function { bits: pool },
        });
        Ok(())
    })
}
