//! Invocations: invoke, started, complete, fail. This is the hot path.

use warmstow_core::function::{Invocation, InvokeError, Lease, LeaseError, Start};
use warmstow_core::id::Lane;
use warmstow_core::time::Instant;

use crate::aliases::warmstow_alias;
use crate::boundary::{self, Caller, Out};
use crate::failure::Failure;
use crate::function::warmstow_function;
use crate::instance::warmstow_instance;
use crate::node::warmstow_node;
use crate::region::warmstow_region;
use crate::status::warmstow_refusal;

/// One request's hold of an instance and of a unit of concurrency, from
/// warmstow_invoke() until it is completed or failed. All-zero is no lease.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct warmstow_lease {
    /// For warmstow to read; store and compare it as it is.
    pub bits: [u64; 2],
}

impl warmstow_lease {
    #[inline]
    fn to_core(self) -> Result<Lease, Failure> {
        Lease::from_bits(self.bits).ok_or(Failure::Lease(LeaseError::Stale))
    }
}

/// How an invocation found its instance.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum warmstow_start {
    /// An idle instance took it: run the request in it.
    WARMSTOW_START_WARM = 0,
    /// Start this instance for it, report warmstow_started(), run the request.
    WARMSTOW_START_COLD = 1,
}

/// What warmstow_invoke() answers.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct warmstow_invocation {
    /// The hold; null where refused.
    pub lease: warmstow_lease,
    /// The instance that serves it; null where refused.
    pub instance: warmstow_instance,
    /// Cold start: the node to start the instance on. Null for a warm start,
    /// where the region has no fleet, and where refused.
    pub node: warmstow_node,
    /// A warmstow_start.
    pub start: u32,
    /// A warmstow_refusal; WARMSTOW_REFUSAL_NONE where admitted.
    pub refusal: u32,
}

/// Admits a request of a function and says which instance serves it. The host
/// owns the lease: it ends it by warmstow_complete() or warmstow_fail(), once.
///
/// now_ns: the host's clock, see above. With an idle instance O(1), else
/// O(nodes).
///
/// Errors: REGION_STALE, POISONED, FUNCTION_STALE, NULL, MISALIGNED; then
/// *invocation is untouched. THROTTLED, INSTANCE_LIMIT, NO_CAPACITY: refused;
/// then nothing is held and *invocation is null but for its refusal. Any
/// thread; lock-free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_invoke(
    region: warmstow_region,
    now_ns: u64,
    function: warmstow_function,
    invocation: *mut warmstow_invocation,
) -> i32 {
    // SAFETY: the caller's promise is this function's own.
    unsafe { warmstow_invoke_in(region, now_ns, function, 0, invocation) }
}

/// As warmstow_invoke(), for a host of several threads: give each that invokes
/// a lane of its own, from 0. Threads of different lanes share no cache line as
/// long as each finds an idle instance in its lane and the limits are far.
///
/// lane: any number; beyond the 16 that a region has they fold over. It is a
/// hint about cost: every lane finds every instance and every unit.
/// warmstow_invoke() is lane 0.
///
/// Errors: as warmstow_invoke(). Any thread; lock-free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_invoke_in(
    region: warmstow_region,
    now_ns: u64,
    function: warmstow_function,
    lane: u32,
    invocation: *mut warmstow_invocation,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::on_region(region, |entry| {
        let out = caller.out(invocation, "invocation")?;
        let now = Instant::from_nanos(now_ns);
        answer(out, entry.region().invoke_in(now, function.id()?, Lane::new(lane)))
    })
}

impl warmstow_invocation {
    #[inline(always)]
    pub(crate) fn of(admitted: Invocation) -> Self {
        let (start, node) = match admitted.start {
            Start::Warm => (warmstow_start::WARMSTOW_START_WARM, None),
            Start::Cold { node } => (warmstow_start::WARMSTOW_START_COLD, node),
        };
        Self {
            lease: warmstow_lease { bits: admitted.lease.into_bits() },
            instance: warmstow_instance::of(Some(admitted.instance)),
            node: warmstow_node::of(node),
            start: start as u32,
            refusal: warmstow_refusal::WARMSTOW_REFUSAL_NONE as u32,
        }
    }

    /// Nothing is held.
    pub(crate) fn none(refusal: warmstow_refusal) -> Self {
        Self {
            lease: warmstow_lease { bits: [0; 2] },
            instance: warmstow_instance::of(None),
            node: warmstow_node::of(None),
            start: warmstow_start::WARMSTOW_START_WARM as u32,
            refusal: refusal as u32,
        }
    }
}

/// Writes what became of a request.
#[inline(always)]
fn answer(
    out: Out<warmstow_invocation>,
    admitted: Result<Invocation, InvokeError>,
) -> Result<(), Failure> {
    match admitted {
        Ok(admitted) => {
            out.set(warmstow_invocation::of(admitted));
            Ok(())
        }
        Err(InvokeError::UnknownFunction(error)) => Err(error.into()),
        Err(InvokeError::UnknownAlias { alias }) => {
            Err(Failure::StaleAlias { bits: alias.to_bits() })
        }
        Err(refused) => {
            out.set(warmstow_invocation::none(warmstow_refusal::of(&refused)));
            Err(refused.into())
        }
    }
}

/// Admits a request of a version of a function: its provisioned concurrency
/// first, else on demand. Otherwise as warmstow_invoke_in(), one read dearer; a
/// function without versions can be named too.
///
/// version: of warmstow_versioned_version(). Errors: as warmstow_invoke();
/// FUNCTION_STALE also where the version was deleted. Any thread; lock-free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_invoke_version(
    region: warmstow_region,
    now_ns: u64,
    version: warmstow_function,
    lane: u32,
    invocation: *mut warmstow_invocation,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::on_region(region, |entry| {
        let out = caller.out(invocation, "invocation")?;
        let (now, lane) = (Instant::from_nanos(now_ns), Lane::new(lane));
        answer(out, entry.region().invoke_version(now, version.id()?, lane))
    })
}

/// Admits a request of the version that an alias points to; of two, draw says
/// which: any number, such as that of the request, each as good as a random
/// one, and the same one always the same. Otherwise as
/// warmstow_invoke_version().
///
/// Errors: as warmstow_invoke_version(); ALIAS_STALE: the alias's handle is
/// null, it was deleted, or it is of another region. Any thread; lock-free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_invoke_alias(
    region: warmstow_region,
    now_ns: u64,
    alias: warmstow_alias,
    draw: u64,
    lane: u32,
    invocation: *mut warmstow_invocation,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::on_region(region, |entry| {
        let out = caller.out(invocation, "invocation")?;
        let (now, lane) = (Instant::from_nanos(now_ns), Lane::new(lane));
        answer(out, entry.region().invoke_alias(now, alias.id()?, draw, lane))
    })
}

/// As warmstow_invoke_version(), whatever the rates of requests: of the function,
/// of the account, and of provisioned concurrency. Every limit of concurrency
/// holds, and so does the scaling rate. For events that AWS services send
/// asynchronously, which AWS Lambda holds to no rate.
///
/// Errors: as warmstow_invoke_version(). Any thread; lock-free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_invoke_unmetered(
    region: warmstow_region,
    now_ns: u64,
    version: warmstow_function,
    lane: u32,
    invocation: *mut warmstow_invocation,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::on_region(region, |entry| {
        let out = caller.out(invocation, "invocation")?;
        let (now, lane) = (Instant::from_nanos(now_ns), Lane::new(lane));
        answer(out, entry.region().invoke_unmetered(now, version.id()?, lane))
    })
}

/// As warmstow_invoke_alias(), whatever the rates of requests: see
/// warmstow_invoke_unmetered().
///
/// Errors: as warmstow_invoke_alias(). Any thread; lock-free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_invoke_alias_unmetered(
    region: warmstow_region,
    now_ns: u64,
    alias: warmstow_alias,
    draw: u64,
    lane: u32,
    invocation: *mut warmstow_invocation,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::on_region(region, |entry| {
        let out = caller.out(invocation, "invocation")?;
        let (now, lane) = (Instant::from_nanos(now_ns), Lane::new(lane));
        answer(out, entry.region().invoke_alias_unmetered(now, alias.id()?, draw, lane))
    })
}

/// Reports that the instance of a cold start has initialised; its request goes
/// on.
///
/// Errors: REGION_STALE, POISONED, LEASE_STALE, ALREADY_STARTED; then nothing
/// has changed. Any thread; lock-free.
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_started(
    region: warmstow_region,
    now_ns: u64,
    lease: warmstow_lease,
) -> i32 {
    boundary::on_region(region, |entry| {
        let lease = lease.to_core()?;
        Ok(entry.region().started(Instant::from_nanos(now_ns), &lease)?)
    })
}

/// Reports that a request is done, well or with an error that its instance
/// survives, and ends its lease. The instance's idle time starts at now_ns.
///
/// *stop: null, or an instance that was draining and is now empty: the host
/// stops it, then reports warmstow_stopped(). It is named once.
///
/// Errors: REGION_STALE, POISONED, LEASE_STALE, NOT_STARTED, NULL, MISALIGNED;
/// then *stop is untouched and the lease as it was. Any thread; lock-free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_complete(
    region: warmstow_region,
    now_ns: u64,
    lease: warmstow_lease,
    stop: *mut warmstow_instance,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::on_region(region, |entry| {
        let out = caller.out(stop, "stop")?;
        let stop = entry.region().complete(Instant::from_nanos(now_ns), lease.to_core()?)?;
        out.set(warmstow_instance::of(stop));
        Ok(())
    })
}

/// Reports that a request failed in a way that its instance does not survive
/// (crash, timeout, failed start), and ends its lease. The instance takes no
/// more requests.
///
/// *stop: the instance once it serves no other request: the host stops it, then
/// reports warmstow_stopped(); else null. It is named once.
///
/// Errors: REGION_STALE, POISONED, LEASE_STALE, NULL, MISALIGNED; then *stop is
/// untouched and the lease as it was. Any thread; lock-free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_fail(
    region: warmstow_region,
    now_ns: u64,
    lease: warmstow_lease,
    stop: *mut warmstow_instance,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::on_region(region, |entry| {
        let out = caller.out(stop, "stop")?;
        let stop = entry.region().fail(Instant::from_nanos(now_ns), lease.to_core()?)?;
        out.set(warmstow_instance::of(stop));
        Ok(())
    })
}
