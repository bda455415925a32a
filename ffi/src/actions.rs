//! What a region wants done: instances to start ahead of requests, and to stop.

use core::ffi::c_char;

use warmstow_core::function::{
    Keeper, KeeperAction, Lease, LeaseError, Prestart, Region, VersionAction,
};
use warmstow_core::id::InstanceId;
use warmstow_core::pool::Reaped;
use warmstow_core::time::Instant;

use crate::boundary::{self, Caller};
use crate::failure::Failure;
use crate::function::warmstow_function;
use crate::instance::warmstow_instance;
use crate::node::warmstow_node;
use crate::region::warmstow_region;
use crate::registry::Entry;

/// The hold of an instance that is started ahead of requests, from
/// warmstow_poll() or warmstow_start_ahead() until warmstow_prepared() or
/// warmstow_unprepared(). It is no lease. All-zero is none.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct warmstow_prestart {
    /// For warmstow to read; store and compare it as it is.
    pub bits: [u64; 2],
}

// A lease with the function's half inverted. Where a lease is asked for, that
// names a function of an index that no region has, and so does a lease here: a
// request's unit of concurrency is never given back by the wrong call.
impl warmstow_prestart {
    const NONE: Self = Self { bits: [0; 2] };

    const fn of(lease: Lease) -> Self {
        let [function, seat] = lease.into_bits();
        Self { bits: [!function, seat] }
    }

    fn to_core(self) -> Result<Lease, Failure> {
        Lease::from_bits([!self.bits[0], self.bits[1]]).ok_or(Failure::StalePrestart)
    }
}

/// A start ahead that cannot be reported, as a failure.
const fn prestart_failure(_: LeaseError) -> Failure {
    Failure::StalePrestart
}

/// What the host is to do.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum warmstow_action_kind {
    /// Nothing is left to do.
    WARMSTOW_ACTION_NONE = 0,
    /// Start this instance, then report warmstow_prepared() or
    /// warmstow_unprepared().
    WARMSTOW_ACTION_START = 1,
    /// Stop this instance, then report warmstow_stopped().
    WARMSTOW_ACTION_STOP = 2,
}

use warmstow_action_kind as K;

/// An action; see warmstow_poll().
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct warmstow_action {
    /// A warmstow_action_kind.
    pub kind: u32,
    /// Always 0.
    pub reserved_field: u32,
    /// With WARMSTOW_ACTION_START the hold of the instance; else null.
    pub prestart: warmstow_prestart,
    /// The instance; null with WARMSTOW_ACTION_NONE.
    pub instance: warmstow_instance,
    /// With WARMSTOW_ACTION_START the node to start it on; else, and in a region
    /// without a fleet, null.
    pub node: warmstow_node,
}

impl warmstow_action {
    fn none() -> Self {
        Self::stop(K::WARMSTOW_ACTION_NONE, None)
    }

    fn stop(kind: K, instance: Option<InstanceId>) -> Self {
        Self {
            kind: kind as u32,
            reserved_field: 0,
            prestart: warmstow_prestart::NONE,
            instance: warmstow_instance::of(instance),
            node: warmstow_node::of(None),
        }
    }

    fn start(Prestart { lease, instance, node }: Prestart) -> Self {
        Self {
            prestart: warmstow_prestart::of(lease),
            node: warmstow_node::of(node),
            ..Self::stop(K::WARMSTOW_ACTION_START, Some(instance))
        }
    }

    /// What a function with versions wants.
    fn of_version(action: VersionAction) -> Self {
        match action {
            VersionAction::Start(prestart) => Self::start(prestart),
            VersionAction::Stop(instance) => Self::stop(K::WARMSTOW_ACTION_STOP, Some(instance)),
            // None of this version of the library.
            _ => Self::none(),
        }
    }

    /// What the keeper wants and the region finds so.
    fn of_keeper(now: Instant, region: &Region, keeper: &mut Keeper) -> Option<Self> {
        loop {
            match keeper.poll_action(now)? {
                KeeperAction::Stop { instance } => {
                    // Busy since, or gone: the next report sets the keeper right.
                    if region.evict(now, instance) == Ok(Reaped::Stop) {
                        return Some(Self::stop(K::WARMSTOW_ACTION_STOP, Some(instance)));
                    }
                }
                KeeperAction::Prestart { function } => match region.prestart(now, function) {
                    Ok(prestart) => return Some(Self::start(prestart)),
                    Err(_) => keeper.handle_unprepared(now, function),
                },
            }
        }
    }
}

/// Writes the next thing to do to *action, or WARMSTOW_ACTION_NONE in
/// action->kind: call until then after each control-plane call on a function
/// with versions, after warmstow_advance(), and after reports to the keeper.
/// Each action is given once.
///
///   kind                    the host                 then reports
///   WARMSTOW_ACTION_START   initialises the instance warmstow_prepared() or
///                                                    warmstow_unprepared()
///   WARMSTOW_ACTION_STOP    stops the instance       warmstow_stopped(), and
///                                                    warmstow_keeper_stopped()
///                                                    if its function is kept
///
/// struct_size: sizeof *action. Errors: REGION_STALE, POISONED, NULL,
/// MISALIGNED, STRUCT_SIZE; then no action is lost. Any thread, control plane.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_poll(
    region: warmstow_region,
    now_ns: u64,
    action: *mut warmstow_action,
    struct_size: usize,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::on_region(region, |entry| {
        let out = caller.out_sized(action, struct_size, "action")?;
        let now = Instant::from_nanos(now_ns);
        let versions = entry.control()?.poll().map(warmstow_action::of_version);
        let next = match versions {
            Some(action) => Some(action),
            None => entry.keeper()?.and_then(|mut keeper| {
                warmstow_action::of_keeper(now, entry.region(), &mut keeper)
            }),
        };
        out.set(next.unwrap_or_else(warmstow_action::none));
        Ok(())
    })
}

/// Time has passed: provisioned instances are started at their pace, those that
/// are old or have crashed replaced, instances of replaced code stopped; then
/// warmstow_poll(). *next_ns is when to call this at the latest, UINT64_MAX for
/// never; NULL where that is not asked for. Call it too when a request of a
/// version has failed and its instance with it.
///
/// Errors: REGION_STALE, POISONED, MISALIGNED. O(functions with versions, and
/// their instances that are at work). Any thread, control plane.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_advance(
    region: warmstow_region,
    now_ns: u64,
    next_ns: *mut u64,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::on_region(region, |entry| {
        let out = caller.out_or_none(next_ns, "next_ns")?;
        let versions = entry.control()?.advance(Instant::from_nanos(now_ns));
        let kept = entry.keeper()?.and_then(|keeper| keeper.next_deadline());
        if let Some(out) = out {
            let next = versions.into_iter().chain(kept).min();
            out.set(next.map_or(u64::MAX, Instant::as_nanos));
        }
        Ok(())
    })
}

/// Starts an instance of a function ahead of requests, by the host's own wish.
/// It takes room on a node, no unit of concurrency and no token of the scaling
/// rate.
///
/// *action: WARMSTOW_ACTION_START, as of warmstow_poll(). struct_size: sizeof
/// *action. Errors: REGION_STALE, POISONED, FUNCTION_STALE, NULL, MISALIGNED,
/// STRUCT_SIZE; INSTANCE_LIMIT, NO_CAPACITY: refused; then *action is untouched
/// and nothing is held. O(nodes). Any thread; lock-free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_start_ahead(
    region: warmstow_region,
    now_ns: u64,
    function: warmstow_function,
    action: *mut warmstow_action,
    struct_size: usize,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::on_region(region, |entry| {
        let out = caller.out_sized(action, struct_size, "action")?;
        let started = entry.region().prestart(Instant::from_nanos(now_ns), function.id()?)?;
        out.set(warmstow_action::start(started));
        Ok(())
    })
}

/// Reports that an instance started ahead has initialised: it is idle from
/// now_ns on, and whoever wanted it (provisioned concurrency, the keeper) knows.
///
/// *stop: null, or the instance where it was drained meanwhile: the host stops
/// it, then reports warmstow_stopped(). Then warmstow_poll().
///
/// Errors: REGION_STALE, POISONED, PRESTART_STALE, NULL, MISALIGNED; then *stop
/// is untouched and nothing has changed. Any thread, control plane.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_prepared(
    region: warmstow_region,
    now_ns: u64,
    prestart: warmstow_prestart,
    stop: *mut warmstow_instance,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::on_region(region, |entry| {
        let out = caller.out(stop, "stop")?;
        let (now, lease) = (Instant::from_nanos(now_ns), prestart.to_core()?);
        let instance = entry.region().instance_of(&lease).map_err(prestart_failure)?;
        let stop = entry.control()?.prepared(now, lease).map_err(prestart_failure)?;
        tell_keeper(entry, |keeper| keeper.handle_prepared(now, instance))?;
        out.set(warmstow_instance::of(stop));
        Ok(())
    })
}

/// Reports that an instance started ahead has not come up. A batch of
/// provisioned concurrency that it was of has failed.
///
/// reason: why, NUL-terminated UTF-8 of at most 255 bytes, for
/// warmstow_provisioned_read(). *stop: null, or the instance, of which what is
/// left is to be stopped: then report warmstow_stopped(). Of provisioned
/// concurrency that is an action instead: warmstow_poll().
///
/// Errors: REGION_STALE, POISONED, PRESTART_STALE, NULL, MISALIGNED, LENGTH,
/// TEXT; then *stop is untouched and nothing has changed. Any thread, control
/// plane.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_unprepared(
    region: warmstow_region,
    now_ns: u64,
    prestart: warmstow_prestart,
    reason: *const c_char,
    stop: *mut warmstow_instance,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::on_region(region, |entry| {
        let reason = caller.text(reason, "reason")?;
        let out = caller.out(stop, "stop")?;
        let (now, lease) = (Instant::from_nanos(now_ns), prestart.to_core()?);
        let function = lease.function();
        let stop = entry.control()?.unprepared(now, lease, reason).map_err(prestart_failure)?;
        tell_keeper(entry, |keeper| keeper.handle_unprepared(now, function))?;
        out.set(warmstow_instance::of(stop));
        Ok(())
    })
}

/// Reports to the keeper, if there is one.
pub(crate) fn tell_keeper(entry: &Entry, tell: impl FnOnce(&mut Keeper)) -> Result<(), Failure> {
    if let Some(mut keeper) = entry.keeper()? {
        tell(&mut keeper);
    }
    Ok(())
}
