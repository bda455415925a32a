//! Functions with versions: publish, update, delete, and what all versions
//! together have done.

use core::ffi::c_char;

use warmstow_core::function::{
    FunctionMetrics, FunctionSpec, ProvisionedError, VersionError, VersionedFunction,
};
use warmstow_core::time::Instant;

use crate::boundary::{self, Caller, Count};
use crate::failure::Failure;
use crate::function::{function_failure, reserved, warmstow_function, warmstow_function_spec};
use crate::provisioned::warmstow_provisioning;
use crate::region::warmstow_region;
use crate::status::warmstow_status as S;

/// As a version: $LATEST, the one that can be changed.
pub const WARMSTOW_LATEST: u32 = 0;

/// A function with versions, for the life of the region. All-zero is none.
///
/// Each version is a warmstow_function of its own, which requests name in
/// warmstow_invoke_version(). All share one reservation and one request rate.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct warmstow_versioned {
    /// For warmstow to read; store and compare it as it is.
    pub bits: u64,
}

/// What all versions of a function have done and do, in AWS's words: sums since
/// it was added, and levels now; see warmstow_versioned_metrics_read().
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct warmstow_versioned_metrics {
    /// Invocations: requests admitted; throttled ones are not among them.
    pub invocations: u64,
    /// Of these, those that started an instance.
    pub cold_starts: u64,
    /// ProvisionedConcurrencyInvocations.
    pub provisioned_invocations: u64,
    /// ProvisionedConcurrencySpilloverInvocations: admitted on demand because
    /// what is provisioned was all in use.
    pub spillover_invocations: u64,
    /// Requests refused, for whatever reason.
    pub throttles: u64,
    /// Requests that failed and their instance with them.
    pub failures: u64,
    /// ConcurrentExecutions: requests in flight.
    pub concurrent_executions: u64,
    /// ProvisionedConcurrentExecutions: of these, on provisioned concurrency.
    pub provisioned_executions: u64,
    /// Provisioned concurrency that can be used now.
    pub provisioned_available: u64,
    /// ProvisionedConcurrencyUtilization: the share of it in use, 0 to 1; 0 of
    /// nothing. What a scaler's target tracking reads.
    pub provisioned_utilization: f64,
}

impl warmstow_versioned_metrics {
    fn of(metrics: &FunctionMetrics) -> Self {
        Self {
            invocations: metrics.invocations,
            cold_starts: metrics.cold_starts,
            provisioned_invocations: metrics.provisioned_invocations,
            spillover_invocations: metrics.spillover_invocations,
            throttles: metrics.throttles,
            failures: metrics.failures,
            concurrent_executions: metrics.concurrent_executions,
            provisioned_executions: metrics.provisioned_executions,
            provisioned_available: metrics.provisioned_available,
            provisioned_utilization: metrics.provisioned_utilization(),
        }
    }
}

fn unknown(version: u32) -> Failure {
    let message = format_args!("there is no version {version}");
    boundary::written(S::WARMSTOW_ERROR_VERSION_UNKNOWN, message)
}

/// The function that serves a version, or `$LATEST`.
fn pool_of(of: &VersionedFunction, version: u32) -> Result<warmstow_function, Failure> {
    let pool = if version == WARMSTOW_LATEST { Some(of.latest()) } else { of.version(version) };
    let pool = pool.ok_or_else(|| unknown(version))?;
    Ok(warmstow_function { bits: pool.to_bits() })
}

/// Adds a function of which versions can be published. It has $LATEST alone,
/// which can be invoked from now on. Its reservation, if spec has one, is of
/// all its versions together.
///
/// It takes one of the region's functions for each version ever published, for
/// each update of $LATEST and for each version with provisioned concurrency.
///
/// name: as in warmstow_function_add(); the functions of its versions are named
/// "name:$LATEST", "name:1" and so on. provisioning: how provisioned concurrency
/// of it is prepared.
///
/// Errors: REGION_STALE, POISONED, NULL, MISALIGNED, STRUCT_SIZE, NOT_ZERO,
/// LENGTH and TEXT (name), ENUM, NAME_EMPTY, NAME_TAKEN, FUNCTION_SPEC (also a
/// pace out of range), FUNCTION_TOO_LARGE, FUNCTIONS_FULL, RESERVED; then
/// *versioned is untouched and the region as it was. Any thread, control plane;
/// allocates the instances of $LATEST.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_versioned_add(
    region: warmstow_region,
    name: *const c_char,
    spec: *const warmstow_function_spec,
    provisioning: *const warmstow_provisioning,
    versioned: *mut warmstow_versioned,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::on_region(region, |entry| {
        let name = caller.text(name, "name")?;
        let spec = caller.read(spec, "spec")?.to_core("spec")?;
        let provisioning = caller.read(provisioning, "provisioning")?.to_core()?;
        let out = caller.out(versioned, "versioned")?;
        let added = entry
            .control()?
            .add(|control| VersionedFunction::new(control, name, spec, provisioning));
        out.set(added.map_err(|error| function_failure(&error))?);
        Ok(())
    })
}

/// Writes the handle of the function with versions of that name to *versioned.
///
/// Errors: REGION_STALE, POISONED, NULL, MISALIGNED, LENGTH, TEXT,
/// NAME_UNKNOWN; then *versioned is untouched. O(such functions). Any thread,
/// control plane.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_versioned_find(
    region: warmstow_region,
    name: *const c_char,
    versioned: *mut warmstow_versioned,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::on_region(region, |entry| {
        let name = caller.text(name, "name")?;
        let out = caller.out(versioned, "versioned")?;
        out.set(entry.control()?.find(name).ok_or(Failure::UnknownName)?);
        Ok(())
    })
}

/// Gives $LATEST new code or settings; a reservation in spec is not looked at.
/// Requests from now on start new instances; those in flight finish in the old
/// ones, which are then stopped: see warmstow_poll(). None is dropped, and the
/// handle of $LATEST stays good.
///
/// Errors: REGION_STALE, POISONED, VERSIONED_STALE, NULL, MISALIGNED,
/// STRUCT_SIZE, NOT_ZERO, ENUM, FUNCTION_SPEC, FUNCTION_TOO_LARGE,
/// FUNCTIONS_FULL; then $LATEST is as it was. Any thread, control plane;
/// allocates.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_versioned_update(
    region: warmstow_region,
    now_ns: u64,
    versioned: warmstow_versioned,
    spec: *const warmstow_function_spec,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::on_region(region, |entry| {
        let spec = caller.read(spec, "spec")?.to_core("spec")?;
        let now = Instant::from_nanos(now_ns);
        let updated =
            entry.control()?.on(versioned, |of, control| of.update(now, control, spec))?;
        updated.map_err(|error| function_failure(&error))
    })
}

/// Publishes $LATEST as a version, which nobody can change, and writes its
/// number, from 1, to *version. Where nothing was updated since the last one,
/// that is the answer and nothing is published, as at AWS.
///
/// Errors: REGION_STALE, POISONED, VERSIONED_STALE, NULL, MISALIGNED,
/// FUNCTIONS_FULL; then *version is untouched. Any thread, control plane;
/// allocates the version's instances.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_versioned_publish(
    region: warmstow_region,
    versioned: warmstow_versioned,
    version: *mut u32,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::on_region(region, |entry| {
        let out = caller.out(version, "version")?;
        let published = entry.control()?.on(versioned, VersionedFunction::publish)?;
        out.set(published.map_err(|error| function_failure(&error))?);
        Ok(())
    })
}

/// Writes what requests of a version name to *function: for
/// warmstow_invoke_version(), warmstow_reap(), warmstow_counters_read() and so
/// on. version: its number, or WARMSTOW_LATEST.
///
/// Errors: REGION_STALE, POISONED, VERSIONED_STALE, NULL, MISALIGNED,
/// VERSION_UNKNOWN; then *function is untouched. Any thread, control plane.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_versioned_version(
    region: warmstow_region,
    versioned: warmstow_versioned,
    version: u32,
    function: *mut warmstow_function,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::on_region(region, |entry| {
        let out = caller.out(function, "function")?;
        out.set(pool_of(entry.control()?.versioned(versioned)?, version)?);
        Ok(())
    })
}

/// Writes the settings of a version to *spec: those of $LATEST when it was
/// published, with the reservation of all versions together. version: its
/// number, or WARMSTOW_LATEST.
///
/// struct_size: sizeof *spec. Errors: REGION_STALE, POISONED, VERSIONED_STALE,
/// NULL, MISALIGNED, STRUCT_SIZE, VERSION_UNKNOWN; then *spec is untouched. Any
/// thread, control plane.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_versioned_spec_read(
    region: warmstow_region,
    versioned: warmstow_versioned,
    version: u32,
    spec: *mut warmstow_function_spec,
    struct_size: usize,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::on_region(region, |entry| {
        let out = caller.out_sized(spec, struct_size, "spec")?;
        let control = entry.control()?;
        let of = control.versioned(versioned)?;
        let latest = (version == WARMSTOW_LATEST).then(|| of.spec());
        let spec = latest.or_else(|| of.version_spec(version)).ok_or_else(|| unknown(version))?;
        let reserved_concurrency = of.reserved_concurrency();
        out.set(warmstow_function_spec::of_core(&FunctionSpec { reserved_concurrency, ..*spec }));
        Ok(())
    })
}

/// Writes the numbers of the versions that are published and not deleted, in
/// order, to versions, up to capacity of them, and how many there are to
/// *count: where that is more than capacity, some are not written.
///
/// Errors: REGION_STALE, POISONED, VERSIONED_STALE, NULL, MISALIGNED, LENGTH
/// (capacity 0); then versions and *count are untouched. Any thread, control
/// plane.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_versioned_list(
    region: warmstow_region,
    versioned: warmstow_versioned,
    versions: *mut u32,
    capacity: usize,
    count: *mut usize,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::on_region(region, |entry| {
        let capacity = Count { given: capacity, name: "capacity" };
        let mut room = caller.buffer(versions, capacity, "versions")?;
        let count = caller.out(count, "count")?;
        let control = entry.control()?;
        let of = control.versioned(versioned)?;
        of.versions().take(room.capacity()).for_each(|version| room.push(version));
        count.set(of.versions().count());
        Ok(())
    })
}

/// Deletes a version: requests of it are refused from now on, those in flight
/// finish, and its instances are stopped, see warmstow_poll(). Its number is
/// not used again.
///
/// Errors: REGION_STALE, POISONED, VERSIONED_STALE, VERSION_UNKNOWN (also
/// WARMSTOW_LATEST), VERSION_IN_USE; then nothing has changed. Any thread,
/// control plane.
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_versioned_delete(
    region: warmstow_region,
    now_ns: u64,
    versioned: warmstow_versioned,
    version: u32,
) -> i32 {
    boundary::on_region(region, |entry| {
        let now = Instant::from_nanos(now_ns);
        let deleted = entry
            .control()?
            .on(versioned, |of, control| of.delete_version(now, control, version))?;
        deleted.map_err(|error| {
            let status = match error {
                VersionError::Unknown { .. } => S::WARMSTOW_ERROR_VERSION_UNKNOWN,
                _ => S::WARMSTOW_ERROR_VERSION_IN_USE,
            };
            boundary::written(status, error)
        })
    })
}

/// Sets the reservation of all versions together; WARMSTOW_UNRESERVED removes
/// it. What is provisioned counts as used of it.
///
/// Errors: REGION_STALE, POISONED, VERSIONED_STALE, RESERVED (more than the
/// account can give, or less than is provisioned); then nothing has changed.
/// Any thread, control plane.
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_versioned_set_reserved(
    region: warmstow_region,
    versioned: warmstow_versioned,
    reserved_concurrency: u32,
) -> i32 {
    boundary::on_region(region, |entry| {
        let wanted = reserved(reserved_concurrency);
        let set = entry.control()?.on(versioned, |of, control| of.set_reserved(control, wanted))?;
        set.map_err(|error: ProvisionedError| boundary::written(S::WARMSTOW_ERROR_RESERVED, error))
    })
}

/// Writes what all versions of a function have done and do to *metrics.
///
/// struct_size: sizeof *metrics. A moment's view; at rest it is exact:
/// invocations are those on provisioned concurrency, those that spilled over
/// it, and those of versions without any. O(instances of all versions).
///
/// Errors: REGION_STALE, POISONED, VERSIONED_STALE, NULL, MISALIGNED,
/// STRUCT_SIZE; then *metrics is untouched. Any thread, control plane.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_versioned_metrics_read(
    region: warmstow_region,
    versioned: warmstow_versioned,
    metrics: *mut warmstow_versioned_metrics,
    struct_size: usize,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::on_region(region, |entry| {
        let out = caller.out_sized(metrics, struct_size, "metrics")?;
        let control = entry.control()?;
        let metrics = control.versioned(versioned)?.metrics(entry.region());
        out.set(warmstow_versioned_metrics::of(&metrics));
        Ok(())
    })
}
