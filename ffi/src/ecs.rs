//! Amazon ECS's calls on clusters, task definitions, tasks and services, in AWS's
//! JSON; and the host that carries them out.

use alloc::string::String;
use core::ffi::c_char;

use warmstow_core::service::api::{ApiError, Ecs};
use warmstow_core::time::Instant;

use crate::boundary::{self, Caller, Count};
use crate::failure::Failure;
use crate::status::warmstow_status as S;
use crate::table::Table;

/// The most accounts that are open at a time.
pub const WARMSTOW_MAX_ECS: u32 = 65_536;

/// The clusters, task definitions and services of one account in one region.
/// From warmstow_ecs_open() until warmstow_ecs_close(). All-zero is none.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct warmstow_ecs {
    /// For warmstow to read; store and compare it as it is.
    pub bits: u64,
}

/// An account and the text that its last call gave.
struct Account {
    ecs: Ecs,
    answer: String,
}

static TABLE: Table<Account> = Table::new("account", S::WARMSTOW_ERROR_ECS_STALE);

fn refused(error: ApiError) -> Failure {
    boundary::written(S::WARMSTOW_ERROR_ECS_REFUSED, error)
}

/// Opens an account without clusters and task definitions. region and account
/// (NUL-terminated) are in its ARNs.
///
/// Errors: NULL, LENGTH, TEXT, ECS_FULL; then *ecs is untouched. Any thread;
/// allocates.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_ecs_open(
    region: *const c_char,
    account: *const c_char,
    ecs: *mut warmstow_ecs,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::call(|| {
        let (region, account) = (caller.text(region, "region")?, caller.text(account, "account")?);
        let out = caller.out(ecs, "ecs")?;
        let opened = Account { ecs: Ecs::new(region, account), answer: String::new() };
        let bits = TABLE.open(opened, WARMSTOW_MAX_ECS, S::WARMSTOW_ERROR_ECS_FULL)?;
        out.set(warmstow_ecs { bits });
        Ok(())
    })
}

/// Closes an account. Its handle is stale from now on.
///
/// Errors: ECS_STALE, also when closed twice. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_ecs_close(ecs: warmstow_ecs) -> i32 {
    boundary::call(|| TABLE.close(ecs.bits))
}

/// Carries out one operation of Amazon ECS: "RunTask" or "run-task". request:
/// length bytes of AWS's JSON; 0 bytes are {}. What is due by now_ns happens
/// first. *needed is what the answer takes with its NUL; read it with
/// warmstow_ecs_answer().
///
/// Errors: ECS_STALE, POISONED, NULL, LENGTH, TEXT, ECS_REFUSED (the operation
/// or the request is none, or AWS would refuse the call: its code, a colon and
/// what is wrong are warmstow_last_error()); then *needed and the answer before
/// are untouched, and so are clusters and services. Any thread; calls on one
/// account wait for each other; allocates.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_ecs_call(
    ecs: warmstow_ecs,
    now_ns: u64,
    operation: *const c_char,
    request: *const c_char,
    length: usize,
    needed: *mut usize,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    TABLE.on(ecs.bits, |account| {
        let operation = caller.text(operation, "operation")?;
        let request = caller.long_text(request, length, "request")?;
        let out = caller.out(needed, "needed")?;
        let now = Instant::from_nanos(now_ns);
        account.answer = account.ecs.call(now, operation, &request).map_err(refused)?;
        out.set(account.answer.len() + 1);
        Ok(())
    })
}

/// The text that the last warmstow_ecs_call() or warmstow_ecs_poll() of the
/// account gave, into capacity bytes with its NUL; a longer one is cut there, at
/// a character. It stays until the next of them.
///
/// Errors: ECS_STALE, POISONED, NULL, LENGTH. Any thread; where several threads
/// call one account, each must keep the others out between call and answer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_ecs_answer(
    ecs: warmstow_ecs,
    answer: *mut c_char,
    capacity: usize,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    TABLE.on(ecs.bits, |account| {
        let capacity = Count { given: capacity, name: "capacity" };
        caller.buffer(answer.cast::<u8>(), capacity, "answer")?.text(&account.answer);
        Ok(())
    })
}

/// The next thing that the host shall do, as JSON for warmstow_ecs_answer();
/// *needed is what it takes with its NUL, 0 where that was all. Such as
///
///   {"action":"StartContainer","cluster":"c","task":"arn:...","container":"web"}
///
/// The actions are AttachTrunk, DetachTrunk (instance), Provision (task, maybe
/// instance), Deprovision, Activate, Deactivate (task), StartContainer,
/// StopContainer, KillContainer (task, container), RegisterTarget,
/// DeregisterTarget (service, task), and the news TaskChanged (task, from, to)
/// and InstanceChanged (instance, to). How each is answered:
/// warmstow_ecs_report().
///
/// Errors: ECS_STALE, POISONED, NULL; then nothing was taken. Any thread;
/// allocates.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_ecs_poll(ecs: warmstow_ecs, needed: *mut usize) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    TABLE.on(ecs.bits, |account| {
        let out = caller.out(needed, "needed")?;
        let action = account.ecs.poll_json();
        out.set(action.as_ref().map_or(0, |text| text.len() + 1));
        account.answer = action.unwrap_or_default();
        Ok(())
    })
}

/// Takes in what happened in a cluster: length bytes of JSON, such as
///
///   {"event":"ContainerStarted","cluster":"c","task":"arn:...","container":"web"}
///
/// The events are AgentConnected, AgentDisconnected, TrunkAttached,
/// TrunkDetached (instance), TrunkFailed, InstanceLost (instance, reason),
/// Provisioned, Deprovisioned, Activated, Deactivated, SpotInterruption (task),
/// ProvisionFailed (task, reason), ContainerStarted (task, container),
/// ContainerFailed (task, container, reason), ContainerExited (task, container,
/// exitCode), ContainerHealth (task, container, health), MemoryUsed (task,
/// container, memoryMib), TargetHealth (service, task, health) and TargetIdle
/// (service, task). Tasks and instances are ARNs or the ids in them; health is
/// HEALTHY, UNHEALTHY or UNKNOWN.
///
/// Errors: ECS_STALE, POISONED, NULL, LENGTH, TEXT, ECS_REFUSED (no such event,
/// or it cannot be; also an answer given twice); then nothing has changed. Any
/// thread; allocates.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_ecs_report(
    ecs: warmstow_ecs,
    now_ns: u64,
    event: *const c_char,
    length: usize,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    TABLE.on(ecs.bits, |account| {
        let event = caller.long_text(event, length, "event")?;
        account.ecs.handle_json(Instant::from_nanos(now_ns), &event).map_err(refused)
    })
}

/// Lets everything happen that is due by now_ns.
///
/// Errors: ECS_STALE, POISONED. Any thread; allocates.
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_ecs_advance(ecs: warmstow_ecs, now_ns: u64) -> i32 {
    TABLE.on(ecs.bits, |account| {
        account.ecs.handle_time(Instant::from_nanos(now_ns));
        Ok(())
    })
}

/// When warmstow_ecs_advance() is due at the latest; UINT64_MAX for never.
///
/// Errors: ECS_STALE, POISONED, NULL; then *deadline_ns is untouched. Any
/// thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_ecs_next_deadline(
    ecs: warmstow_ecs,
    deadline_ns: *mut u64,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    TABLE.on(ecs.bits, |account| {
        let out = caller.out(deadline_ns, "deadline_ns")?;
        out.set(account.ecs.next_deadline().map_or(u64::MAX, Instant::as_nanos));
        Ok(())
    })
}

/// Plays a host that does at once all that it is asked, step by step up to
/// now_ns: containers start, and stop when they are told to; targets are healthy
/// as soon as they are registered. In place of warmstow_ecs_poll() and
/// warmstow_ecs_report(), for who only wants to see what would happen.
///
/// Errors: ECS_STALE, POISONED. Any thread; allocates.
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_ecs_settle(ecs: warmstow_ecs, now_ns: u64) -> i32 {
    TABLE.on(ecs.bits, |account| {
        account.ecs.settle(Instant::from_nanos(now_ns));
        Ok(())
    })
}

/// Says which availability zone a subnet is in (both NUL-terminated), so that
/// tasks with awsvpc that name it run there. A subnet that was not told of is in
/// any zone.
///
/// Errors: ECS_STALE, POISONED, NULL, LENGTH, TEXT. Any thread; allocates.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_ecs_put_subnet(
    ecs: warmstow_ecs,
    subnet: *const c_char,
    zone: *const c_char,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    TABLE.on(ecs.bits, |account| {
        let (subnet, zone) = (caller.text(subnet, "subnet")?, caller.text(zone, "zone")?);
        account.ecs.put_subnet(subnet, zone);
        Ok(())
    })
}
