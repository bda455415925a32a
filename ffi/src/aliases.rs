//! Aliases: names that point to one version of a function, or to two by weight.

use core::ffi::c_char;

use warmstow_core::function::{AliasError, Routing, Weight};
use warmstow_core::id::AliasId;
use warmstow_core::time::Instant;

use crate::boundary::{self, Caller, Growing};
use crate::failure::Failure;
use crate::provisioned::provisioned_status;
use crate::region::warmstow_region;
use crate::status::warmstow_status as S;
use crate::versions::warmstow_versioned;

/// The weight of an alias's other version that takes all requests: 10,000
/// ten-thousandths.
pub const WARMSTOW_WEIGHT_ONE: u32 = 10_000;

/// An alias of a function with versions, until it is deleted. All-zero is no
/// alias.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct warmstow_alias {
    /// For warmstow to read; store and compare it as it is.
    pub bits: u64,
}

impl warmstow_alias {
    #[inline]
    pub(crate) fn id(self) -> Result<AliasId, Failure> {
        AliasId::from_bits(self.bits).ok_or(Failure::StaleAlias { bits: self.bits })
    }
}

/// Where an alias points; the program sets struct_size.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct warmstow_routing {
    /// sizeof(warmstow_routing), as the program was compiled.
    pub struct_size: u32,
    /// The version that requests go to: a published one.
    pub version: u32,
    /// Another published version for some of them; 0: none.
    pub other_version: u32,
    /// Its share of the requests in ten-thousandths, 0 to WARMSTOW_WEIGHT_ONE;
    /// 0 without another version.
    pub other_weight: u32,
}

// SAFETY: repr(C) of integers, its size first.
unsafe impl Growing for warmstow_routing {}

impl warmstow_routing {
    fn of_core(routing: Routing) -> Self {
        let of = |(version, weight): (u32, Weight)| (version, weight.ten_thousandths().into());
        let (other_version, other_weight) = routing.other.map_or((0, 0), of);
        let (struct_size, version) = (Self::STRUCT_SIZE, routing.version);
        Self { struct_size, version, other_version, other_weight }
    }

    fn to_core(self) -> Result<Routing, Failure> {
        let most = if self.other_version == 0 { 0 } else { WARMSTOW_WEIGHT_ONE };
        let weight = u16::try_from(self.other_weight).ok().and_then(Weight::new);
        let weight = weight.filter(|_| self.other_weight <= most).ok_or_else(|| {
            let given = self.other_weight;
            let message = format_args!("routing.other_weight is {given}: it must be 0 to {most}");
            boundary::written(S::WARMSTOW_ERROR_ROUTING, message)
        })?;
        let other = (self.other_version != 0).then_some((self.other_version, weight));
        Ok(Routing { version: self.version, other })
    }
}

/// An alias that was not made, changed or deleted, as a failure.
fn alias_failure(error: &AliasError) -> Failure {
    let status = match error {
        AliasError::Name { .. } => S::WARMSTOW_ERROR_ALIAS_NAME,
        AliasError::NameTaken { .. } => S::WARMSTOW_ERROR_ALIAS_TAKEN,
        AliasError::Unknown { .. } => S::WARMSTOW_ERROR_ALIAS_UNKNOWN,
        AliasError::NoVersion { .. } => S::WARMSTOW_ERROR_VERSION_UNKNOWN,
        AliasError::Full { .. } => S::WARMSTOW_ERROR_ALIASES_FULL,
        AliasError::Provisioned(error) => provisioned_status(error),
        _ => S::WARMSTOW_ERROR_ROUTING,
    };
    boundary::written(status, error)
}

/// Makes an alias of a function and writes what requests of it name to *alias:
/// for warmstow_invoke_alias().
///
/// name: NUL-terminated, 1 to 128 letters, digits, - and _, and no number;
/// copied. routing: published versions, never WARMSTOW_LATEST. How many aliases
/// a region can have is said when it is opened: warmstow_region_open_model().
///
/// Errors: REGION_STALE, POISONED, VERSIONED_STALE, NULL, MISALIGNED,
/// STRUCT_SIZE, LENGTH and TEXT (name), ALIAS_NAME, ALIAS_TAKEN,
/// VERSION_UNKNOWN, ROUTING, ALIASES_FULL; then *alias is untouched and nothing
/// has changed. Any thread, control plane.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_alias_create(
    region: warmstow_region,
    versioned: warmstow_versioned,
    name: *const c_char,
    routing: *const warmstow_routing,
    alias: *mut warmstow_alias,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::on_region(region, |entry| {
        let name = caller.text(name, "name")?;
        let routing = caller.read(routing, "routing")?.to_core()?;
        let out = caller.out(alias, "alias")?;
        let made = entry
            .control()?
            .on(versioned, |of, control| of.create_alias(control, name, routing))?;
        let made = made.map_err(|error| alias_failure(&error))?;
        out.set(warmstow_alias { bits: made.to_bits() });
        Ok(())
    })
}

/// Points an alias elsewhere: requests from now on go there, and its handle
/// stays good. What is provisioned through it moves: the old version's is
/// released, the new one's prepared (warmstow_poll()), and until that is ready
/// its requests run on demand.
///
/// Errors: REGION_STALE, POISONED, VERSIONED_STALE, NULL, MISALIGNED,
/// STRUCT_SIZE, LENGTH, TEXT, ALIAS_UNKNOWN, VERSION_UNKNOWN, ROUTING, and
/// where it has provisioned concurrency VERSION_PROVISIONED (so has its new
/// version), PROVISIONED, FUNCTIONS_FULL; then nothing has changed. Any thread,
/// control plane.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_alias_update(
    region: warmstow_region,
    now_ns: u64,
    versioned: warmstow_versioned,
    name: *const c_char,
    routing: *const warmstow_routing,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::on_region(region, |entry| {
        let name = caller.text(name, "name")?;
        let routing = caller.read(routing, "routing")?.to_core()?;
        let now = Instant::from_nanos(now_ns);
        let updated = entry
            .control()?
            .on(versioned, |of, control| of.update_alias(now, control, name, routing))?;
        updated.map_err(|error| alias_failure(&error))
    })
}

/// Deletes an alias and what is provisioned through it. Requests of it are
/// refused from now on as ALIAS_STALE; those in flight finish. The region can
/// have no other alias in its place.
///
/// Errors: REGION_STALE, POISONED, VERSIONED_STALE, NULL, LENGTH, TEXT,
/// ALIAS_UNKNOWN; then nothing has changed. Any thread, control plane.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_alias_delete(
    region: warmstow_region,
    now_ns: u64,
    versioned: warmstow_versioned,
    name: *const c_char,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::on_region(region, |entry| {
        let name = caller.text(name, "name")?;
        let now = Instant::from_nanos(now_ns);
        let deleted =
            entry.control()?.on(versioned, |of, control| of.delete_alias(now, control, name))?;
        deleted.map_err(|error| alias_failure(&error))
    })
}

/// Writes the handle of the alias of that name to *alias and where it points to
/// *routing.
///
/// struct_size: sizeof *routing. Errors: REGION_STALE, POISONED,
/// VERSIONED_STALE, NULL, MISALIGNED, STRUCT_SIZE, LENGTH, TEXT, ALIAS_UNKNOWN;
/// then *alias and *routing are untouched. Any thread, control plane.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_alias_read(
    region: warmstow_region,
    versioned: warmstow_versioned,
    name: *const c_char,
    alias: *mut warmstow_alias,
    routing: *mut warmstow_routing,
    struct_size: usize,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::on_region(region, |entry| {
        let name = caller.text(name, "name")?;
        let alias = caller.out(alias, "alias")?;
        let out = caller.out_sized(routing, struct_size, "routing")?;
        let control = entry.control()?;
        let of = control.versioned(versioned)?;
        let (Some(id), Some(routing)) = (of.alias(name), of.routing(name)) else {
            return Err(alias_failure(&AliasError::Unknown { name: name.to_owned() }));
        };
        alias.set(warmstow_alias { bits: id.to_bits() });
        out.set(warmstow_routing::of_core(routing));
        Ok(())
    })
}
