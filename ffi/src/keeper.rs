//! The keeper: which idle instances are worth their memory, by a policy for
//! each function.

use core::ffi::c_char;

use warmstow_core::function::NoRoom;
use warmstow_core::function::keep_alive::{KeepAlivePolicy, ParsePolicyError};
use warmstow_core::id::InstanceId;
use warmstow_core::time::{Duration, Instant};

use crate::actions::tell_keeper;
use crate::boundary::{self, Caller, Count};
use crate::failure::Failure;
use crate::function::warmstow_function;
use crate::instance::warmstow_instance;
use crate::region::warmstow_region;
use crate::registry::Entry;
use crate::status::warmstow_status as S;

/// Keeps a function by a policy from now on, in place of its keep-alive; it may
/// be called again with another policy at any time. Functions of one policy
/// share what it learns. Of a function that has instances, idle ones are taken
/// over as if they had become idle now, busy ones when they end. Then
/// warmstow_poll().
///
/// policy: NUL-terminated, one of
///
///   fixed:600s     each idle instance for that time; in ms, s, m or h
///   histogram      by the function's idle times (Shahrad et al., ATC 2020)
///   greedy-dual    until memory is short (FaasCache, ASPLOS 2021)
///   lru, lru:1h    until memory is short, or for that time
///   adaptive:100   while the chance of use pays for the memory; a cold start
///                  is worth so many GB-seconds
///
/// cold_start_ns: how long a cold start of the function is expected to take.
///
/// The host reports what happens to the function's instances:
/// warmstow_keeper_invoked(), _ended() and _stopped(); from any thread, a late
/// report costs accuracy and never a request. It calls warmstow_advance() when
/// that says, and carries warmstow_poll() out. Functions that are not kept cost
/// nothing and need no reports.
///
/// Errors: REGION_STALE, POISONED, FUNCTION_STALE, NULL, LENGTH, TEXT,
/// KEEP_ALIVE_POLICY; then nothing has changed. O(instances of the function).
/// Any thread; calls on one region's keeper wait for each other.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_keeper_keep(
    region: warmstow_region,
    now_ns: u64,
    function: warmstow_function,
    policy: *const c_char,
    cold_start_ns: u64,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::on_region(region, |entry| {
        let text = caller.text(policy, "policy")?;
        let policy: KeepAlivePolicy = text.parse().map_err(|error: ParsePolicyError| {
            let message = format_args!("policy is {text:?}: {error}");
            boundary::written(S::WARMSTOW_ERROR_KEEP_ALIVE_POLICY, message)
        })?;
        let function = function.id()?;
        entry.region().function(function)?;
        let (now, cold_start) = (Instant::from_nanos(now_ns), Duration::from_nanos(cold_start_ns));
        Ok(entry.keeper_or_new()?.set_policy(now, function, policy, cold_start)?)
    })
}

/// Gives a function back to the region's own fixed keep-alive, keep_alive_ns.
///
/// Errors: REGION_STALE, POISONED, FUNCTION_STALE. Any thread; as
/// warmstow_keeper_keep().
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_keeper_release(
    region: warmstow_region,
    function: warmstow_function,
    keep_alive_ns: u64,
) -> i32 {
    boundary::on_region(region, |entry| {
        let (function, keep_alive) = (function.id()?, Duration::from_nanos(keep_alive_ns));
        Ok(entry.keeper_or_new()?.release(function, keep_alive)?)
    })
}

/// Writes the policy that keeps a function to policy, capacity bytes with its
/// NUL, cut where it is longer (64 bytes hold any): as warmstow_keeper_keep()
/// reads it; empty where the function is not kept.
///
/// Errors: REGION_STALE, POISONED, FUNCTION_STALE, NULL, LENGTH; then policy is
/// untouched. Any thread; as warmstow_keeper_keep().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_keeper_policy(
    region: warmstow_region,
    function: warmstow_function,
    policy: *mut c_char,
    capacity: usize,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::on_region(region, |entry| {
        let capacity = Count { given: capacity, name: "capacity" };
        let room = caller.buffer(policy.cast::<u8>(), capacity, "policy")?;
        let function = function.id()?;
        entry.region().function(function)?;
        let policy = entry.keeper()?.and_then(|keeper| keeper.policy_of(function));
        room.text(&policy.map(|policy| policy.to_string()).unwrap_or_default());
        Ok(())
    })
}

/// An instance that there may be or have been: a report may come late.
fn known(entry: &Entry, instance: warmstow_instance) -> Result<InstanceId, Failure> {
    let id = instance.id()?;
    let of = entry.region().function(id.function);
    let known = of.is_ok_and(|of| id.slot.index() < of.spec().max_instances);
    if known { Ok(id) } else { Err(Failure::StaleInstance { bits: instance.bits }) }
}

/// Reports that a request has got an instance: warmstow_invocation's. One of a
/// function that is not kept changes nothing.
///
/// Errors: REGION_STALE, POISONED, INSTANCE_STALE (null, or of no function of
/// the region). O(1), and O(levels) at times. Any thread; as
/// warmstow_keeper_keep().
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_keeper_invoked(
    region: warmstow_region,
    now_ns: u64,
    instance: warmstow_instance,
) -> i32 {
    boundary::on_region(region, |entry| {
        let (now, instance) = (Instant::from_nanos(now_ns), known(entry, instance)?);
        tell_keeper(entry, |keeper| keeper.handle_invoked(now, instance))
    })
}

/// Reports that a request of an instance has ended. stopping: not 0 where
/// warmstow_complete() or warmstow_fail() named the instance for stopping.
///
/// Errors: REGION_STALE, POISONED, INSTANCE_STALE (null, or of no function of
/// the region). O(log of the levels that wait). Any thread; as
/// warmstow_keeper_keep().
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_keeper_ended(
    region: warmstow_region,
    now_ns: u64,
    instance: warmstow_instance,
    stopping: u32,
) -> i32 {
    boundary::on_region(region, |entry| {
        let (now, instance) = (Instant::from_nanos(now_ns), known(entry, instance)?);
        tell_keeper(entry, |keeper| keeper.handle_ended(now, instance, stopping != 0))
    })
}

/// Reports that an instance has stopped, for whatever reason, beside
/// warmstow_stopped().
///
/// Errors: REGION_STALE, POISONED, INSTANCE_STALE (null, or of no function of
/// the region). O(levels). Any thread; as warmstow_keeper_keep().
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_keeper_stopped(
    region: warmstow_region,
    now_ns: u64,
    instance: warmstow_instance,
) -> i32 {
    boundary::on_region(region, |entry| {
        let (now, instance) = (Instant::from_nanos(now_ns), known(entry, instance)?);
        tell_keeper(entry, |keeper| keeper.handle_stopped(now, instance))
    })
}

/// An instance of a function found no room (NO_CAPACITY): plans which idle
/// instances of kept functions are stopped for it, no more than it needs and
/// those worth least first. warmstow_poll() names them; once they have stopped,
/// invoke again. Without a fleet there is nothing to do.
///
/// Errors: REGION_STALE, POISONED, FUNCTION_STALE, NO_ROOM (no node would have
/// room without its idle instances); then nothing is to be stopped.
/// O(instances x log instances). Any thread; as warmstow_keeper_keep().
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_keeper_make_room(
    region: warmstow_region,
    now_ns: u64,
    function: warmstow_function,
) -> i32 {
    boundary::on_region(region, |entry| {
        let (now, function) = (Instant::from_nanos(now_ns), function.id()?);
        entry.keeper_or_new()?.make_room(now, function).map_err(|error| match error {
            NoRoom::UnknownFunction(error) => error.into(),
            _ => boundary::written(S::WARMSTOW_ERROR_NO_ROOM, error),
        })
    })
}
