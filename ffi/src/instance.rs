//! Instances: drain, reap, stop, and the node they are on.

use warmstow_core::id::{InstanceId, SlotId};
use warmstow_core::pool::Reaped;
use warmstow_core::time::Instant;

use crate::boundary::{self, Caller, Count};
use crate::failure::Failure;
use crate::function::warmstow_function;
use crate::node::{WARMSTOW_NO_INDEX, warmstow_node};
use crate::region::warmstow_region;

/// An instance of a function (Lambda's execution environment), from the
/// invocation that starts it until warmstow_stopped(). All-zero is no instance.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct warmstow_instance {
    /// For warmstow to read; store and compare it as it is.
    pub bits: [u64; 2],
}

impl warmstow_instance {
    #[inline]
    pub(crate) fn of(instance: Option<InstanceId>) -> Self {
        Self { bits: instance.map_or([0; 2], InstanceId::to_bits) }
    }

    pub(crate) fn id(self) -> Result<InstanceId, Failure> {
        InstanceId::from_bits(self.bits).ok_or(Failure::StaleInstance { bits: self.bits })
    }
}

/// What warmstow_reap_instance() found.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum warmstow_reaped {
    /// It was idle for its keep-alive: stop it, then report warmstow_stopped().
    WARMSTOW_REAPED_STOP = 0,
    /// It starts, serves a request, or is being stopped already.
    WARMSTOW_REAPED_BUSY = 1,
    /// It is idle and may stay until the time given, if no request comes.
    WARMSTOW_REAPED_UNTIL = 2,
}

/// Takes an instance out of service: it gets no more requests and those in
/// flight finish. Draining it again while it serves any changes nothing.
///
/// *stop: the instance if it serves no request: the host stops it, then reports
/// warmstow_stopped(); else null, and the end of its last request names it.
///
/// Errors: REGION_STALE, POISONED, INSTANCE_STALE (also once a call has named
/// it for stopping: draining it is done), NULL, MISALIGNED; then *stop is
/// untouched. Any thread; lock-free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_drain(
    region: warmstow_region,
    now_ns: u64,
    instance: warmstow_instance,
    stop: *mut warmstow_instance,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::on_region(region, |entry| {
        let out = caller.out(stop, "stop")?;
        let stop = entry.region().drain(Instant::from_nanos(now_ns), instance.id()?)?;
        out.set(warmstow_instance::of(stop));
        Ok(())
    })
}

/// Writes instances of a function that are to be stopped now to instances, up
/// to capacity of them, and their number to *count: those idle for the
/// keep-alive or longer, and those drained that no call has named. For each
/// the host stops it, then reports warmstow_stopped().
///
/// Where *count is capacity there may be more: call again. None is taken that
/// is not written. Entries past *count are untouched. O(instances).
///
/// Errors: REGION_STALE, POISONED, FUNCTION_STALE, NULL, MISALIGNED, LENGTH
/// (capacity 0); then instances and *count are untouched. Any thread;
/// lock-free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_reap(
    region: warmstow_region,
    now_ns: u64,
    function: warmstow_function,
    instances: *mut warmstow_instance,
    capacity: usize,
    count: *mut usize,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::on_region(region, |entry| {
        let mut instances =
            caller.buffer(instances, Count { given: capacity, name: "capacity" }, "instances")?;
        let count = caller.out(count, "count")?;
        let mut reap = entry.region().reap(Instant::from_nanos(now_ns), function.id()?)?;
        // A step takes an instance, so there is none without room for it.
        while !instances.is_full()
            && let Some(instance) = reap.next()
        {
            instances.push(warmstow_instance::of(Some(instance)));
        }
        count.set(instances.count());
        Ok(())
    })
}

/// Takes one instance out of service if it was idle for its keep-alive; else
/// says until when it may stay. For hosts with a timer for each instance. O(1).
///
/// *answer: a warmstow_reaped. *until_ns: with WARMSTOW_REAPED_UNTIL the time
/// at which to ask again; else 0. Errors: REGION_STALE, POISONED,
/// INSTANCE_STALE, NULL, MISALIGNED; then both are untouched. Any thread;
/// lock-free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_reap_instance(
    region: warmstow_region,
    now_ns: u64,
    instance: warmstow_instance,
    answer: *mut u32,
    until_ns: *mut u64,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::on_region(region, |entry| {
        let answer = caller.out(answer, "answer")?;
        let until_ns = caller.out(until_ns, "until_ns")?;
        let now = Instant::from_nanos(now_ns);
        let (reaped, until) = match entry.region().reap_instance(now, instance.id()?)? {
            Reaped::Stop => (warmstow_reaped::WARMSTOW_REAPED_STOP, Instant::ZERO),
            Reaped::Busy => (warmstow_reaped::WARMSTOW_REAPED_BUSY, Instant::ZERO),
            Reaped::Until(until) => (warmstow_reaped::WARMSTOW_REAPED_UNTIL, until),
        };
        answer.set(reaped as u32);
        until_ns.set(until.as_nanos());
        Ok(())
    })
}

/// Reports that the host has stopped an instance: its room on the node is free
/// again and its handle stale.
///
/// Errors: REGION_STALE, POISONED, INSTANCE_STALE, NOT_STOPPING; then nothing
/// has changed. Any thread; lock-free.
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_stopped(
    region: warmstow_region,
    now_ns: u64,
    instance: warmstow_instance,
) -> i32 {
    boundary::on_region(region, |entry| {
        Ok(entry.region().stopped(Instant::from_nanos(now_ns), instance.id()?)?)
    })
}

/// Writes the node that an instance is on to *node; null where the region has
/// no fleet.
///
/// Errors: REGION_STALE, POISONED, INSTANCE_STALE, NULL, MISALIGNED; then *node
/// is untouched. Any thread; lock-free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_instance_node(
    region: warmstow_region,
    instance: warmstow_instance,
    node: *mut warmstow_node,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::on_region(region, |entry| {
        let out = caller.out(node, "node")?;
        let node = entry.region().node_of(instance.id()?)?;
        out.set(warmstow_node::of(node));
        Ok(())
    })
}

/// The instance's number within its function, 0 to max_instances - 1: an index
/// for a table of the host's. No two instances of a function have the same at
/// one time; the next after warmstow_stopped() may. WARMSTOW_NO_INDEX for a
/// null handle. Any thread; the handle is not checked.
///
/// What one thread wrote to that entry of the host's table before it completed
/// a request is visible to the thread whose warmstow_invoke() then gets the
/// instance.
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_instance_index(instance: warmstow_instance) -> u32 {
    SlotId::from_bits(instance.bits[1]).map_or(WARMSTOW_NO_INDEX, SlotId::index)
}
