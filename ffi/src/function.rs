//! Functions: add and find them, and change their settings.

use core::ffi::c_char;
use core::fmt;

use warmstow_core::function::{FunctionError, FunctionSpec, SettingError};
use warmstow_core::id::FunctionId;
use warmstow_core::pool::Pick;
use warmstow_core::resources::Resources;
use warmstow_core::time::Duration;

use crate::boundary::{self, Caller, Growing};
use crate::failure::Failure;
use crate::node::WARMSTOW_NO_INDEX;
use crate::region::warmstow_region;
use crate::status::warmstow_status as S;

/// As a reserved concurrency: none, the function shares the account's
/// unreserved concurrency.
pub const WARMSTOW_UNRESERVED: u32 = 0xFFFF_FFFF;

/// A function of a region, for the life of the region. All-zero is no function.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct warmstow_function {
    /// For warmstow to read; store and compare it as it is.
    pub bits: u64,
}

impl warmstow_function {
    #[inline]
    pub(crate) fn id(self) -> Result<FunctionId, Failure> {
        FunctionId::from_bits(self.bits).ok_or(Failure::StaleFunction { bits: self.bits })
    }
}

/// Which idle instance a warm start takes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum warmstow_pick {
    /// The lowest-numbered one: the load packs onto few instances. O(1).
    WARMSTOW_PICK_PACKED = 0,
    /// The one used most recently. O(instances).
    WARMSTOW_PICK_MOST_RECENT = 1,
    /// The one used least recently. O(instances).
    WARMSTOW_PICK_LEAST_RECENT = 2,
}

/// By warmstow_pick's numbers.
const PICKS: [Pick; 3] = [Pick::Packed, Pick::MostRecent, Pick::LeastRecent];

/// The settings of a function; initialise by warmstow_function_spec_default().
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct warmstow_function_spec {
    /// sizeof(warmstow_function_spec), as the program was compiled.
    pub struct_size: u32,
    /// Memory of an instance in MiB, 1 to 2^24 - 1; default 128.
    pub memory_mib: u32,
    /// CPU units of an instance; 1024 are one vCPU. Up to 2^24 - 1; default 0:
    /// in proportion to memory as AWS Lambda has it, one vCPU at 1769 MiB.
    pub cpu_units: u32,
    /// The most instances at a time, at least 1; default 1000. An instance
    /// takes about 26 bytes, whether it runs or not.
    pub max_instances: u32,
    /// The most requests at a time in one instance, 1 to 1600; default 1.
    pub instance_concurrency: u32,
    /// Reserved concurrency: what the function can always reach and never
    /// exceed; 0 stops it. Default WARMSTOW_UNRESERVED.
    pub reserved_concurrency: u32,
    /// A warmstow_pick; default WARMSTOW_PICK_PACKED.
    pub pick: u32,
    /// Always 0.
    pub reserved_field: u32,
    /// How long an instance stays idle before it is reaped, in nanoseconds;
    /// default 600 s.
    pub keep_alive_ns: u64,
}

// SAFETY: repr(C) of integers, its size first.
unsafe impl Growing for warmstow_function_spec {}

impl warmstow_function_spec {
    pub(crate) fn of_core(spec: &FunctionSpec) -> Self {
        let pick = (0..).zip(PICKS).find(|(_, pick)| *pick == spec.pick);
        Self {
            struct_size: Self::STRUCT_SIZE,
            memory_mib: spec.resources.memory_mib,
            cpu_units: spec.resources.cpu_units,
            max_instances: spec.max_instances,
            instance_concurrency: spec.instance_concurrency,
            reserved_concurrency: spec.reserved_concurrency.unwrap_or(WARMSTOW_UNRESERVED),
            pick: pick.map_or(u32::MAX, |(number, _)| number),
            reserved_field: 0,
            keep_alive_ns: spec.keep_alive.as_nanos(),
        }
    }

    /// Checks it for the core; `argument` names it for the host.
    pub(crate) fn to_core(self, argument: impl fmt::Display) -> Result<FunctionSpec, Failure> {
        boundary::unused(self.reserved_field, &argument)?;
        let resources = match self.cpu_units {
            0 => Resources::of_lambda_memory(self.memory_mib),
            cpu_units => Resources::new(cpu_units, self.memory_mib),
        };
        Ok(FunctionSpec {
            resources,
            max_instances: self.max_instances,
            instance_concurrency: self.instance_concurrency,
            reserved_concurrency: reserved(self.reserved_concurrency),
            keep_alive: Duration::from_nanos(self.keep_alive_ns),
            pick: boundary::choose(self.pick, &PICKS, format_args!("{argument}.pick"))?,
        })
    }
}

pub(crate) fn reserved(value: u32) -> Option<u32> {
    (value != WARMSTOW_UNRESERVED).then_some(value)
}

/// Fills in the defaults, struct_size among them.
///
/// struct_size: sizeof *spec. Errors: NULL, MISALIGNED, STRUCT_SIZE; then *spec
/// is untouched. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_function_spec_default(
    spec: *mut warmstow_function_spec,
    struct_size: usize,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::call(|| {
        let spec = caller.out_sized(spec, struct_size, "spec")?;
        let default = warmstow_function_spec::of_core(&FunctionSpec::of_memory(128));
        spec.set(warmstow_function_spec { cpu_units: 0, ..default });
        Ok(())
    })
}

/// Adds a function. It can be invoked from now on and stays for the life of the
/// region; a reserved concurrency of 0 stops it.
///
/// name: NUL-terminated UTF-8 of 1 to 255 bytes, copied. Errors: REGION_STALE,
/// POISONED, NULL, MISALIGNED, STRUCT_SIZE, NOT_ZERO, LENGTH and TEXT (name),
/// ENUM (pick), NAME_EMPTY, NAME_TAKEN, FUNCTION_SPEC, FUNCTION_TOO_LARGE,
/// FUNCTIONS_FULL, RESERVED; then *function is untouched and the region as it
/// was. Any thread, control plane; allocates the function's instances.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_function_add(
    region: warmstow_region,
    name: *const c_char,
    spec: *const warmstow_function_spec,
    function: *mut warmstow_function,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::on_region(region, |entry| {
        let name = caller.text(name, "name")?;
        let spec = caller.read(spec, "spec")?.to_core("spec")?;
        let out = caller.out(function, "function")?;
        let function =
            entry.control()?.add_function(name, spec).map_err(|e| function_failure(&e))?;
        out.set(warmstow_function { bits: function.to_bits() });
        Ok(())
    })
}

/// A function that cannot be added, as a failure.
pub(crate) fn function_failure(error: &FunctionError) -> Failure {
    let status = match error {
        FunctionError::NoName => S::WARMSTOW_ERROR_NAME_EMPTY,
        FunctionError::NameTaken { .. } => S::WARMSTOW_ERROR_NAME_TAKEN,
        FunctionError::Full { .. } => S::WARMSTOW_ERROR_FUNCTIONS_FULL,
        FunctionError::Fit(_) => S::WARMSTOW_ERROR_FUNCTION_TOO_LARGE,
        FunctionError::Limit(_) => S::WARMSTOW_ERROR_RESERVED,
        _ => S::WARMSTOW_ERROR_FUNCTION_SPEC,
    };
    boundary::written(status, error)
}

/// Writes the handle of the function of that name to *function.
///
/// name: as in warmstow_function_add(). Errors: REGION_STALE, POISONED, NULL,
/// MISALIGNED, LENGTH, TEXT, NAME_UNKNOWN; then *function is untouched. Any
/// thread, control plane.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_function_find(
    region: warmstow_region,
    name: *const c_char,
    function: *mut warmstow_function,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::on_region(region, |entry| {
        let name = caller.text(name, "name")?;
        let out = caller.out(function, "function")?;
        let found = entry.control()?.function(name).ok_or(Failure::UnknownName)?;
        out.set(warmstow_function { bits: found.to_bits() });
        Ok(())
    })
}

/// Writes a function's settings as they are now to *spec.
///
/// struct_size: sizeof *spec. Errors: REGION_STALE, POISONED, FUNCTION_STALE,
/// NULL, MISALIGNED, STRUCT_SIZE; then *spec is untouched. Any thread;
/// lock-free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_function_spec_read(
    region: warmstow_region,
    function: warmstow_function,
    spec: *mut warmstow_function_spec,
    struct_size: usize,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::on_region(region, |entry| {
        let out = caller.out_sized(spec, struct_size, "spec")?;
        let function = entry.region().function(function.id()?)?;
        out.set(warmstow_function_spec::of_core(&FunctionSpec {
            reserved_concurrency: function.gate().reserved(),
            keep_alive: function.keep_alive(),
            ..*function.spec()
        }));
        Ok(())
    })
}

/// Sets a function's reserved concurrency; WARMSTOW_UNRESERVED removes it.
/// Requests in flight above it go on.
///
/// Errors: REGION_STALE, POISONED, FUNCTION_STALE, FUNCTION_VERSIONED,
/// RESERVED; then nothing has changed. Any thread, control plane; requests are
/// admitted meanwhile.
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_function_set_reserved(
    region: warmstow_region,
    function: warmstow_function,
    reserved_concurrency: u32,
) -> i32 {
    boundary::on_region(region, |entry| {
        let function = function.id()?;
        let set =
            entry.control()?.set_reserved_concurrency(function, reserved(reserved_concurrency));
        set.map_err(|error| match error {
            SettingError::UnknownFunction(error) => error.into(),
            SettingError::Versioned { .. } => {
                boundary::written(S::WARMSTOW_ERROR_FUNCTION_VERSIONED, error)
            }
            _ => boundary::written(S::WARMSTOW_ERROR_RESERVED, error),
        })
    })
}

/// Sets how long a function's instances stay idle, in nanoseconds; holds from
/// the next reap on.
///
/// Errors: REGION_STALE, POISONED, FUNCTION_STALE. Any thread, control plane.
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_function_set_keep_alive(
    region: warmstow_region,
    function: warmstow_function,
    keep_alive_ns: u64,
) -> i32 {
    boundary::on_region(region, |entry| {
        let keep_alive = Duration::from_nanos(keep_alive_ns);
        Ok(entry.control()?.set_keep_alive(function.id()?, keep_alive)?)
    })
}

/// The function's number in its region, in the order of their adding, from 0:
/// an index for a table of the host's. WARMSTOW_NO_INDEX for a null handle. Any
/// thread; the handle is not checked.
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_function_index(function: warmstow_function) -> u32 {
    FunctionId::from_bits(function.bits).map_or(WARMSTOW_NO_INDEX, FunctionId::index)
}
