//! Requests that wait: a bounded queue before a function.

use warmstow_core::function::{
    Backlog, BacklogAction, BacklogConfig, BacklogCounts, Dropped, InvokeError, OfferError,
    Offered, Overflow, Target,
};
use warmstow_core::time::{Duration, Instant};

use crate::aliases::warmstow_alias;
use crate::boundary::{self, Caller, Growing};
use crate::failure::Failure;
use crate::function::warmstow_function;
use crate::invocation::warmstow_invocation;
use crate::region::warmstow_region;
use crate::registry::{self, Entry};
use crate::status::{warmstow_refusal, warmstow_status as S};
use crate::table::Table;

/// The most backlogs that are open at a time.
pub const WARMSTOW_MAX_BACKLOGS: u32 = 65_536;

/// A bounded queue before a function, a version, a tenant or an alias, for hosts
/// that let a request wait where AWS Lambda would refuse it: first in, first out.
/// From warmstow_backlog_open() until warmstow_backlog_close(). All-zero is none.
///
/// Requests that find room at once may go to warmstow_invoke() beside it as long
/// as none waits; else they would overtake those that do.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct warmstow_backlog {
    /// For warmstow to read; store and compare it as it is.
    pub bits: u64,
}

/// What becomes of a request that finds a backlog full.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum warmstow_overflow {
    /// It is refused.
    WARMSTOW_OVERFLOW_REFUSE = 0,
    /// It waits, and the oldest is dropped.
    WARMSTOW_OVERFLOW_DROP_OLDEST = 1,
}

/// By warmstow_overflow's numbers.
const OVERFLOWS: [Overflow; 2] = [Overflow::Refuse, Overflow::DropOldest];

/// How a backlog behaves; initialise by warmstow_backlog_config_default().
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct warmstow_backlog_config {
    /// sizeof(warmstow_backlog_config), as the program was compiled.
    pub struct_size: u32,
    /// The most that wait, 1 to 2^20.
    pub capacity: u32,
    /// A warmstow_overflow.
    pub overflow: u32,
    /// Always 0.
    pub reserved_field: u32,
    /// The longest that one waits, in nanoseconds; above 0.
    pub max_wait_ns: u64,
}

// SAFETY: repr(C) of integers, its size first.
unsafe impl Growing for warmstow_backlog_config {}

impl warmstow_backlog_config {
    fn to_core(self) -> Result<BacklogConfig, Failure> {
        boundary::unused(self.reserved_field, "config")?;
        Ok(BacklogConfig {
            capacity: self.capacity,
            max_wait: Duration::from_nanos(self.max_wait_ns),
            overflow: boundary::choose(self.overflow, &OVERFLOWS, "config.overflow")?,
        })
    }
}

/// What is to be done with a request that waited.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum warmstow_backlog_action_kind {
    /// Nothing is left to do.
    WARMSTOW_BACKLOG_NONE = 0,
    /// Run it, as after warmstow_invoke().
    WARMSTOW_BACKLOG_RUN = 1,
    /// Answer it: it waited for the longest that it may.
    WARMSTOW_BACKLOG_TOO_LATE = 2,
    /// Answer it: it was the oldest when one more came.
    WARMSTOW_BACKLOG_PUSHED_OUT = 3,
    /// Answer it: the version or alias that it would run on was deleted.
    WARMSTOW_BACKLOG_GONE = 4,
}

use warmstow_backlog_action_kind as K;

/// An action; see warmstow_backlog_poll().
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct warmstow_backlog_action {
    /// A warmstow_backlog_action_kind.
    pub kind: u32,
    /// Always 0.
    pub reserved_field: u32,
    /// The host's number of the request.
    pub request: u64,
    /// How long it waited.
    pub waited_ns: u64,
    /// With WARMSTOW_BACKLOG_RUN what it holds; else null.
    pub invocation: warmstow_invocation,
}

impl warmstow_backlog_action {
    fn of(action: Option<BacklogAction>) -> Self {
        let none = warmstow_invocation::none(warmstow_refusal::WARMSTOW_REFUSAL_NONE);
        let (kind, request, waited, invocation) = match action {
            None => (K::WARMSTOW_BACKLOG_NONE, 0, Duration::ZERO, none),
            Some(BacklogAction::Run { request, waited, invocation }) => {
                let held = warmstow_invocation::of(invocation);
                (K::WARMSTOW_BACKLOG_RUN, request, waited, held)
            }
            Some(BacklogAction::Drop { request, waited, why }) => {
                let kind = match why {
                    Dropped::TooLate => K::WARMSTOW_BACKLOG_TOO_LATE,
                    Dropped::PushedOut => K::WARMSTOW_BACKLOG_PUSHED_OUT,
                    Dropped::Refused(_) => K::WARMSTOW_BACKLOG_GONE,
                };
                (kind, request, waited, none)
            }
        };
        let waited_ns = waited.as_nanos();
        Self { kind: kind as u32, reserved_field: 0, request, waited_ns, invocation }
    }
}

/// What a backlog has seen: offered is the sum of all others.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct warmstow_backlog_counts {
    /// Requests offered, but those that were taken back.
    pub offered: u64,
    /// Admitted at once.
    pub admitted: u64,
    /// Admitted after they waited.
    pub waited: u64,
    /// Refused when they were offered.
    pub refused: u64,
    /// Dropped after the longest wait.
    pub too_late: u64,
    /// Dropped for one more.
    pub pushed_out: u64,
    /// Dropped because what they would run on was deleted.
    pub gone: u64,
    /// Waiting now.
    pub waiting: u64,
}

impl warmstow_backlog_counts {
    fn of(counts: &BacklogCounts, waiting: usize) -> Self {
        Self {
            offered: counts.offered,
            admitted: counts.admitted,
            waited: counts.waited,
            refused: counts.refused,
            too_late: counts.too_late,
            pushed_out: counts.pushed_out,
            gone: counts.gone,
            waiting: waiting as u64,
        }
    }
}

/// A backlog and the region that it is of.
struct Waiting {
    region: warmstow_region,
    backlog: Backlog,
}

static TABLE: Table<Waiting> = Table::new("backlog", S::WARMSTOW_ERROR_BACKLOG_STALE);

/// Runs a call on an open backlog of an open region; a panic poisons both.
fn on_backlog(
    backlog: warmstow_backlog,
    work: impl FnOnce(&mut Backlog) -> Result<(), Failure>,
) -> i32 {
    TABLE.on(backlog.bits, |waiting| {
        registry::find(waiting.region)?.run(|_| work(&mut waiting.backlog))
    })
}

/// Writes the default settings to *config, as of Knative's queue-proxy: ten times
/// instance_concurrency wait, for up to 300 s, and one more is refused.
///
/// struct_size: sizeof *config. Errors: NULL, MISALIGNED, STRUCT_SIZE. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_backlog_config_default(
    instance_concurrency: u32,
    config: *mut warmstow_backlog_config,
    struct_size: usize,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::call(|| {
        let out = caller.out_sized(config, struct_size, "config")?;
        let BacklogConfig { capacity, max_wait, .. } = BacklogConfig::knative(instance_concurrency);
        out.set(warmstow_backlog_config {
            struct_size: warmstow_backlog_config::STRUCT_SIZE,
            capacity,
            overflow: warmstow_overflow::WARMSTOW_OVERFLOW_REFUSE as u32,
            reserved_field: 0,
            max_wait_ns: max_wait.as_nanos(),
        });
        Ok(())
    })
}

/// Opens a backlog before what serves as a target.
fn open(
    caller: Caller,
    region: warmstow_region,
    target: impl FnOnce(&Entry) -> Result<Target, Failure>,
    config: *const warmstow_backlog_config,
    backlog: *mut warmstow_backlog,
) -> i32 {
    boundary::on_region(region, |entry| {
        let config = caller.read(config, "config")?.to_core()?;
        let out = caller.out(backlog, "backlog")?;
        let made = Backlog::new(entry.shared(), target(entry)?, config);
        let made =
            made.map_err(|error| boundary::written(S::WARMSTOW_ERROR_BACKLOG_CONFIG, error))?;
        let full = S::WARMSTOW_ERROR_BACKLOGS_FULL;
        let bits = TABLE.open(Waiting { region, backlog: made }, WARMSTOW_MAX_BACKLOGS, full)?;
        out.set(warmstow_backlog { bits });
        Ok(())
    })
}

/// Opens a backlog before a function, a version or a tenant. Close it before its
/// region: after that its calls answer REGION_STALE.
///
/// Errors: REGION_STALE, POISONED, FUNCTION_STALE, NULL, MISALIGNED, STRUCT_SIZE,
/// NOT_ZERO, ENUM, BACKLOG_CONFIG, BACKLOGS_FULL; then *backlog is untouched. Any
/// thread; allocates.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_backlog_open(
    region: warmstow_region,
    function: warmstow_function,
    config: *const warmstow_backlog_config,
    backlog: *mut warmstow_backlog,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    let target = |entry: &Entry| {
        let id = function.id()?;
        entry.region().function(id)?;
        Ok(Target::Function(id))
    };
    open(caller, region, target, config, backlog)
}

/// Opens a backlog before an alias; a request's number is its draw between the
/// alias's two versions.
///
/// Errors: as warmstow_backlog_open(), with ALIAS_STALE for FUNCTION_STALE: a null
/// alias. Of one that was deleted, or is of another region, offers answer so. Any
/// thread; allocates.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_backlog_open_alias(
    region: warmstow_region,
    alias: warmstow_alias,
    config: *const warmstow_backlog_config,
    backlog: *mut warmstow_backlog,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    open(caller, region, |_| Ok(Target::Alias(alias.id()?)), config, backlog)
}

/// Closes a backlog; those that wait in it are forgotten. Poll it to its end
/// before: what a WARMSTOW_BACKLOG_RUN holds that nobody polled stays held.
///
/// Errors: BACKLOG_STALE, also when closed twice. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_backlog_close(backlog: warmstow_backlog) -> i32 {
    boundary::call(|| TABLE.close(backlog.bits))
}

/// Changes how a backlog behaves. Those that wait do so on the new terms; those
/// that are more than the new capacity are let stay. Then warmstow_backlog_poll().
///
/// Errors: BACKLOG_STALE, REGION_STALE, POISONED, NULL, MISALIGNED, STRUCT_SIZE,
/// NOT_ZERO, ENUM, BACKLOG_CONFIG; then it is as it was. Any thread; calls on one
/// backlog wait for each other.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_backlog_configure(
    backlog: warmstow_backlog,
    now_ns: u64,
    config: *const warmstow_backlog_config,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    on_backlog(backlog, |backlog| {
        let config = caller.read(config, "config")?.to_core()?;
        let set = backlog.set_config(Instant::from_nanos(now_ns), config);
        set.map_err(|error| boundary::written(S::WARMSTOW_ERROR_BACKLOG_CONFIG, error))
    })
}

/// Admits a request, or lets it wait behind those that do. request: the host's own
/// number of it.
///
/// *place: 0 where it is admitted: *invocation is as of warmstow_invoke(). Else
/// its place among those that wait, from 1, and *invocation is null:
/// warmstow_backlog_poll() says what becomes of it. What is due by now_ns happens
/// first, so poll in any case.
///
/// Errors: BACKLOG_STALE, REGION_STALE, POISONED, NULL, MISALIGNED; BACKLOG_FULL,
/// FUNCTION_STALE, ALIAS_STALE: refused. Then *invocation and *place are
/// untouched. O(1) beside warmstow_invoke(). Any thread; calls on one backlog wait
/// for each other.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_backlog_offer(
    backlog: warmstow_backlog,
    now_ns: u64,
    request: u64,
    invocation: *mut warmstow_invocation,
    place: *mut u32,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    on_backlog(backlog, |backlog| {
        let out = caller.out(invocation, "invocation")?;
        let place = caller.out(place, "place")?;
        match backlog.offer(Instant::from_nanos(now_ns), request) {
            Ok(Offered::Admitted(invocation)) => {
                out.set(warmstow_invocation::of(invocation));
                place.set(0);
                Ok(())
            }
            Ok(Offered::Waits { ahead }) => {
                out.set(warmstow_invocation::none(warmstow_refusal::WARMSTOW_REFUSAL_NONE));
                place.set(ahead + 1);
                Ok(())
            }
            Err(OfferError::Refused(InvokeError::UnknownAlias { alias })) => {
                Err(Failure::StaleAlias { bits: alias.to_bits() })
            }
            Err(OfferError::Refused(error)) => Err(error.into()),
            Err(error) => Err(boundary::written(S::WARMSTOW_ERROR_BACKLOG_FULL, error)),
        }
    })
}

/// Reports that something may be free: a request ended, an instance stopped, a
/// limit was raised. Those that wait are admitted, the oldest first, until one
/// is refused; then warmstow_backlog_poll().
///
/// Errors: BACKLOG_STALE, REGION_STALE, POISONED. O(admitted). Any thread; calls
/// on one backlog wait for each other.
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_backlog_freed(backlog: warmstow_backlog, now_ns: u64) -> i32 {
    on_backlog(backlog, |backlog| {
        backlog.handle_freed(Instant::from_nanos(now_ns));
        Ok(())
    })
}

/// Takes back a request that waits, such as one whose client has gone. *found: 1
/// where it waited, else 0.
///
/// Errors: BACKLOG_STALE, REGION_STALE, POISONED, NULL, MISALIGNED. O(waiting).
/// Any thread; calls on one backlog wait for each other.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_backlog_withdraw(
    backlog: warmstow_backlog,
    request: u64,
    found: *mut u32,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    on_backlog(backlog, |backlog| {
        let out = caller.out(found, "found")?;
        out.set(backlog.withdraw(request).into());
        Ok(())
    })
}

/// Time has passed: those that waited too long are dropped, and the oldest is
/// tried again; then warmstow_backlog_poll(). *next_ns is when to call this at the
/// latest, UINT64_MAX where none waits; NULL where that is not asked for.
///
/// Errors: BACKLOG_STALE, REGION_STALE, POISONED, MISALIGNED. Any thread; calls on
/// one backlog wait for each other.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_backlog_advance(
    backlog: warmstow_backlog,
    now_ns: u64,
    next_ns: *mut u64,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    on_backlog(backlog, |backlog| {
        let next = caller.out_or_none(next_ns, "next_ns")?;
        backlog.handle_time(Instant::from_nanos(now_ns));
        if let Some(next) = next {
            next.set(backlog.next_deadline().map_or(u64::MAX, Instant::as_nanos));
        }
        Ok(())
    })
}

/// Writes the next thing to do to *action, or WARMSTOW_BACKLOG_NONE in
/// action->kind: call until then after each call above. Each is given once.
///
/// struct_size: sizeof *action. Errors: BACKLOG_STALE, REGION_STALE, POISONED,
/// NULL, MISALIGNED, STRUCT_SIZE; then no action is lost. Any thread; calls on one
/// backlog wait for each other.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_backlog_poll(
    backlog: warmstow_backlog,
    action: *mut warmstow_backlog_action,
    struct_size: usize,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    on_backlog(backlog, |backlog| {
        let out = caller.out_sized(action, struct_size, "action")?;
        out.set(warmstow_backlog_action::of(backlog.poll_action()));
        Ok(())
    })
}

/// Writes what a backlog has seen to *counts.
///
/// struct_size: sizeof *counts. Errors: BACKLOG_STALE, REGION_STALE, POISONED,
/// NULL, MISALIGNED, STRUCT_SIZE; then *counts is untouched. Any thread; calls on
/// one backlog wait for each other.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_backlog_counts_read(
    backlog: warmstow_backlog,
    counts: *mut warmstow_backlog_counts,
    struct_size: usize,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    on_backlog(backlog, |backlog| {
        let out = caller.out_sized(counts, struct_size, "counts")?;
        out.set(warmstow_backlog_counts::of(backlog.counts(), backlog.len()));
        Ok(())
    })
}
