//! Functions with a pool of instances for each tenant.

use core::ffi::c_char;

use warmstow_core::concurrency::LimitError;
use warmstow_core::function::{TenantError, TenantFunction};
use warmstow_core::time::Instant;

use crate::boundary::{self, Caller};
use crate::function::{function_failure, reserved, warmstow_function, warmstow_function_spec};
use crate::region::warmstow_region;
use crate::status::warmstow_status as S;

/// A function of tenants, for the life of the region. All-zero is none.
///
/// An instance of it serves requests of one tenant only, for all its life, as in
/// AWS Lambda's tenant isolation mode PER_TENANT. Each tenant is a
/// warmstow_function of its own, which requests name in
/// warmstow_invoke_version(). All share one reservation and one request rate.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct warmstow_tenants {
    /// For warmstow to read; store and compare it as it is.
    pub bits: u64,
}

/// Adds a function without tenants yet. Its reservation, if spec has one, is of
/// all tenants together; its max_instances bound those of each.
///
/// name: NUL-terminated, 1 to 255 bytes of UTF-8; the functions of its tenants are
/// named "name:tenant#0" and so on.
///
/// Errors: REGION_STALE, POISONED, NULL, MISALIGNED, STRUCT_SIZE, NOT_ZERO, LENGTH
/// and TEXT (name), ENUM, NAME_EMPTY, NAME_TAKEN (for the life of the region),
/// FUNCTION_SPEC, FUNCTION_TOO_LARGE, RESERVED; then *tenants is untouched and the
/// region as it was. Any thread, control plane.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_tenants_add(
    region: warmstow_region,
    name: *const c_char,
    spec: *const warmstow_function_spec,
    tenants: *mut warmstow_tenants,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::on_region(region, |entry| {
        let name = caller.text(name, "name")?;
        let spec = caller.read(spec, "spec")?.to_core("spec")?;
        let out = caller.out(tenants, "tenants")?;
        let added =
            entry.control()?.add_tenants(|control| TenantFunction::new(control, name, spec));
        out.set(added.map_err(|error| function_failure(&error))?);
        Ok(())
    })
}

/// Writes what requests of a tenant name to *function, from its first request on
/// and for ever: keep it. A new tenant takes one of the region's functions, for
/// the life of the region, and one more for each update.
///
/// tenant: NUL-terminated, 1 to 255 letters, digits, spaces and ._:/=+-@
///
/// Errors: REGION_STALE, POISONED, TENANTS_STALE, NULL, MISALIGNED, LENGTH, TEXT,
/// TENANT_ID, FUNCTION_SPEC, FUNCTION_TOO_LARGE, FUNCTIONS_FULL; then *function is
/// untouched and nothing has changed. O(log tenants), and for a new one as
/// warmstow_function_add(). Any thread, control plane.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_tenants_tenant(
    region: warmstow_region,
    tenants: warmstow_tenants,
    tenant: *const c_char,
    function: *mut warmstow_function,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::on_region(region, |entry| {
        let tenant = caller.text(tenant, "tenant")?;
        let out = caller.out(function, "function")?;
        let serves =
            entry.control()?.on_tenants(tenants, |of, control| of.tenant(control, tenant))?;
        let serves = serves.map_err(|error| match error {
            TenantError::Function(error) => function_failure(&error),
            _ => boundary::written(S::WARMSTOW_ERROR_TENANT_ID, error),
        })?;
        out.set(warmstow_function { bits: serves.to_bits() });
        Ok(())
    })
}

/// Replaces code and settings for every tenant; a reservation in spec is not
/// looked at. Requests in flight finish in the old instances, which are then
/// stopped: see warmstow_poll(). None is dropped, and handles stay good.
///
/// Errors: REGION_STALE, POISONED, TENANTS_STALE, NULL, MISALIGNED, STRUCT_SIZE,
/// NOT_ZERO, ENUM, FUNCTION_SPEC, FUNCTION_TOO_LARGE, FUNCTIONS_FULL; then all go
/// on as they are. O(tenants), each as warmstow_function_add(). Any thread,
/// control plane; allocates.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_tenants_update(
    region: warmstow_region,
    now_ns: u64,
    tenants: warmstow_tenants,
    spec: *const warmstow_function_spec,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::on_region(region, |entry| {
        let spec = caller.read(spec, "spec")?.to_core("spec")?;
        let now = Instant::from_nanos(now_ns);
        let updated =
            entry.control()?.on_tenants(tenants, |of, control| of.update(now, control, spec))?;
        updated.map_err(|error| function_failure(&error))
    })
}

/// Sets the reservation of all tenants together; WARMSTOW_UNRESERVED removes it.
///
/// Errors: REGION_STALE, POISONED, TENANTS_STALE, RESERVED (more than the account
/// can give); then nothing has changed. Any thread, control plane.
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_tenants_set_reserved(
    region: warmstow_region,
    tenants: warmstow_tenants,
    reserved_concurrency: u32,
) -> i32 {
    boundary::on_region(region, |entry| {
        let wanted = reserved(reserved_concurrency);
        let set =
            entry.control()?.on_tenants(tenants, |of, control| of.set_reserved(control, wanted))?;
        set.map_err(|error: LimitError| boundary::written(S::WARMSTOW_ERROR_RESERVED, error))
    })
}
