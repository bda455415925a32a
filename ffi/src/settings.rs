//! A region from one settings file, in TOML or JSON.

use alloc::string::String;
use core::ffi::c_char;

use warmstow_core::settings::Settings;
use warmstow_core::time::Instant;

use crate::boundary::{self, Caller, Count};
use crate::failure::Failure;
use crate::owner::Owner;
use crate::region::{config_failure, warmstow_region};
use crate::registry;

/// Opens a region as a settings file describes it, with its nodes and
/// functions: those by warmstow_function_find(), and those with provisioned
/// concurrency by warmstow_versioned_find() too, whose requests go through
/// warmstow_invoke_version(). Where a function has provisioned concurrency or a
/// policy, warmstow_poll(). The host owns the region until
/// warmstow_region_close().
///
/// now_ns: when policies and provisioned concurrency begin.
/// settings: length bytes of UTF-8, TOML or JSON; no NUL needed. What can be
/// in it: the documentation of the crate warmstow-core, module `settings`.
/// Errors: NULL, LENGTH, TEXT, REGIONS_FULL, REGION_CONFIG: the line, the key
/// and what is wrong there are warmstow_last_error(); then *region is
/// untouched. Any thread; allocates.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_region_open_settings(
    settings: *const c_char,
    length: usize,
    now_ns: u64,
    region: *mut warmstow_region,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::call(|| {
        let out = caller.out(region, "region")?;
        let mut settings = read(caller, settings, length)?;
        settings.region.generation = registry::next_generation().ok_or(Failure::RegionsFull)?;
        let built = settings.build(Instant::from_nanos(now_ns)).map_err(config_failure)?;
        let owner = Owner::with(built.control, built.versioned);
        out.set(registry::open(built.region, owner, built.keeper)?);
        Ok(())
    })
}

/// What a settings file asks for that works and is not wise, such as a network
/// in one zone: a line of text each, all ended by one NUL.
///
/// settings: as warmstow_region_open_settings(). warnings: room for capacity
/// bytes, 1 or more; a longer text is cut there. *needed is what all of it
/// takes, its NUL too: 1 for no warnings. Errors: NULL, MISALIGNED, LENGTH,
/// TEXT, REGION_CONFIG; then warnings and *needed are untouched. Any thread;
/// allocates.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_settings_warnings(
    settings: *const c_char,
    length: usize,
    warnings: *mut c_char,
    capacity: usize,
    needed: *mut usize,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::call(|| {
        let needed = caller.out(needed, "needed")?;
        let capacity = Count { given: capacity, name: "capacity" };
        let mut room = caller.buffer(warnings.cast::<u8>(), capacity, "warnings")?;
        let mut text = String::new();
        for warning in read(caller, settings, length)?.warnings() {
            text.push_str(&warning);
            text.push('\n');
        }
        for byte in text.bytes().take(capacity.given - 1) {
            room.push(byte);
        }
        room.push(0);
        needed.set(text.len() + 1);
        Ok(())
    })
}

fn read(caller: Caller, settings: *const c_char, length: usize) -> Result<Settings, Failure> {
    let text = caller.long_text(settings, length, "settings")?;
    Settings::from_text(&text).map_err(config_failure)
}
