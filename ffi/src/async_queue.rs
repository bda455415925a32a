//! Asynchronous invocation: events that wait to be tried, and to be tried again.

use warmstow_core::time::{Duration, Instant};
use warmstow_core::trigger::{
    AsyncAction, AsyncConfig, AsyncQueue, Condition, Destination, Destinations, EventKey, Outcome,
    ReportError,
};

use crate::boundary::{self, Caller, Growing};
use crate::failure::Failure;
use crate::status::warmstow_status as S;
use crate::table::Table;

/// The most asynchronous queues that are open at a time.
pub const WARMSTOW_MAX_ASYNC_QUEUES: u32 = 65_536;

/// The queue of a function's asynchronous invocations, by AWS Lambda's rules: two
/// retries, after one and two minutes; throttled ones from 1 s on, doubled up to 5
/// minutes, which costs no retry. It knows no function: any platform can be
/// behind it. From warmstow_async_queue_open() until warmstow_async_queue_close().
/// All-zero is none.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct warmstow_async_queue {
    /// For warmstow to read; store and compare it as it is.
    pub bits: u64,
}

/// Where an event goes in the end. In a configuration a sum of them.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum warmstow_destination {
    /// Nowhere.
    WARMSTOW_DESTINATION_NONE = 0,
    /// The destination for those that succeeded.
    WARMSTOW_DESTINATION_ON_SUCCESS = 1,
    /// The destination for those that failed.
    WARMSTOW_DESTINATION_ON_FAILURE = 2,
    /// The dead-letter queue.
    WARMSTOW_DESTINATION_DEAD_LETTER = 4,
}

use warmstow_destination as D;

/// How an attempt went.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum warmstow_outcome {
    /// The function returned.
    WARMSTOW_OUTCOME_SUCCEEDED = 0,
    /// The function failed, or ran into its timeout.
    WARMSTOW_OUTCOME_FAILED = 1,
    /// It was not run: throttled (429), or an error of the platform (5xx).
    WARMSTOW_OUTCOME_THROTTLED = 2,
}

/// By warmstow_outcome's numbers.
const OUTCOMES: [Outcome; 3] = [Outcome::Succeeded, Outcome::Failed, Outcome::Throttled];

/// Why an event has left its queue.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum warmstow_condition {
    /// It has not.
    WARMSTOW_CONDITION_NONE = 0,
    /// It succeeded.
    WARMSTOW_CONDITION_SUCCESS = 1,
    /// All of its attempts failed.
    WARMSTOW_CONDITION_RETRIES_EXHAUSTED = 2,
    /// It is older than it may be.
    WARMSTOW_CONDITION_EVENT_AGE_EXCEEDED = 3,
    /// The function is stopped by a reservation of 0.
    WARMSTOW_CONDITION_ZERO_RESERVED_CONCURRENCY = 4,
}

use warmstow_condition as C;

/// How a queue behaves; initialise by warmstow_async_config_default().
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct warmstow_async_config {
    /// sizeof(warmstow_async_config), as the program was compiled.
    pub struct_size: u32,
    /// The most events that wait or are in flight, at least 1; default 100,000.
    pub capacity: u32,
    /// Retries after function errors, 0 to 2; default 2.
    pub retries: u32,
    /// A sum of warmstow_destination; default none.
    pub destinations: u32,
    /// The greatest age in nanoseconds, 60 s to 6 h; default 6 h.
    pub max_age_ns: u64,
}

// SAFETY: repr(C) of integers, its size first.
unsafe impl Growing for warmstow_async_config {}

impl warmstow_async_config {
    fn to_core(self) -> Result<AsyncConfig, Failure> {
        let has = |one: D| self.destinations & one as u32 != 0;
        if self.destinations > 7 {
            let given = self.destinations;
            let message = format_args!("config.destinations is {given}: it must be 0 to 7");
            return Err(boundary::written(S::WARMSTOW_ERROR_ENUM, message));
        }
        Ok(AsyncConfig {
            max_age: Duration::from_nanos(self.max_age_ns),
            // What does not fit is beyond the bound, which names it.
            retries: u8::try_from(self.retries).unwrap_or(u8::MAX),
            capacity: self.capacity,
            destinations: Destinations {
                on_success: has(D::WARMSTOW_DESTINATION_ON_SUCCESS),
                on_failure: has(D::WARMSTOW_DESTINATION_ON_FAILURE),
                dead_letter: has(D::WARMSTOW_DESTINATION_DEAD_LETTER),
            },
        })
    }
}

/// What is to be done with an event.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum warmstow_async_action_kind {
    /// Nothing is left to do.
    WARMSTOW_ASYNC_NONE = 0,
    /// Invoke the function for it, then warmstow_async_queue_report().
    WARMSTOW_ASYNC_INVOKE = 1,
    /// Deliver it; it has left the queue.
    WARMSTOW_ASYNC_DELIVER = 2,
    /// It has left the queue and goes nowhere: forget it.
    WARMSTOW_ASYNC_FORGET = 3,
}

use warmstow_async_action_kind as K;

/// An action; see warmstow_async_queue_poll().
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct warmstow_async_action {
    /// A warmstow_async_action_kind.
    pub kind: u32,
    /// With WARMSTOW_ASYNC_INVOKE which attempt it is, from 1; throttled ones do
    /// not count. Else 0.
    pub attempt: u32,
    /// The event; 0 with WARMSTOW_ASYNC_NONE.
    pub event: u64,
    /// With WARMSTOW_ASYNC_DELIVER a warmstow_destination; else 0.
    pub destination: u32,
    /// A warmstow_condition.
    pub condition: u32,
}

impl warmstow_async_action {
    fn of(action: Option<AsyncAction>) -> Self {
        let (kind, event, attempt, to, condition) = match action {
            None => {
                let none = (D::WARMSTOW_DESTINATION_NONE, C::WARMSTOW_CONDITION_NONE);
                (K::WARMSTOW_ASYNC_NONE, EventKey(0), 0, none.0, none.1)
            }
            Some(AsyncAction::Invoke { event, attempt }) => {
                let none = (D::WARMSTOW_DESTINATION_NONE, C::WARMSTOW_CONDITION_NONE);
                (K::WARMSTOW_ASYNC_INVOKE, event, attempt.into(), none.0, none.1)
            }
            Some(AsyncAction::Deliver { event, to, condition }) => {
                (K::WARMSTOW_ASYNC_DELIVER, event, 0, destination(to), why(condition))
            }
            Some(AsyncAction::Forget { event, condition }) => {
                let nowhere = D::WARMSTOW_DESTINATION_NONE;
                (K::WARMSTOW_ASYNC_FORGET, event, 0, nowhere, why(condition))
            }
        };
        Self {
            kind: kind as u32,
            attempt,
            event: event.0,
            destination: to as u32,
            condition: condition as u32,
        }
    }
}

const fn destination(to: Destination) -> D {
    match to {
        Destination::OnSuccess => D::WARMSTOW_DESTINATION_ON_SUCCESS,
        Destination::OnFailure => D::WARMSTOW_DESTINATION_ON_FAILURE,
        Destination::DeadLetter => D::WARMSTOW_DESTINATION_DEAD_LETTER,
    }
}

const fn why(condition: Condition) -> C {
    match condition {
        Condition::Success => C::WARMSTOW_CONDITION_SUCCESS,
        Condition::RetriesExhausted => C::WARMSTOW_CONDITION_RETRIES_EXHAUSTED,
        Condition::EventAgeExceeded => C::WARMSTOW_CONDITION_EVENT_AGE_EXCEEDED,
        Condition::ZeroReservedConcurrency => C::WARMSTOW_CONDITION_ZERO_RESERVED_CONCURRENCY,
    }
}

/// What a queue has done, as sums by AWS CloudWatch's names, and holds.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct warmstow_async_metrics {
    /// AsyncEventsReceived.
    pub received: u64,
    /// Events that succeeded.
    pub succeeded: u64,
    /// AsyncEventsDropped: events that left without having succeeded.
    pub dropped: u64,
    /// DeadLetterErrors.
    pub dead_letter_errors: u64,
    /// DestinationDeliveryFailures.
    pub delivery_failures: u64,
    /// AsyncEventAge: how long the oldest event is in the queue; 0 without one.
    pub oldest_age_ns: u64,
    /// Events that it holds, in flight or waiting.
    pub events: u64,
}

static TABLE: Table<AsyncQueue> =
    Table::new("asynchronous queue", S::WARMSTOW_ERROR_ASYNC_QUEUE_STALE);

/// Writes AWS Lambda's settings to *config: 6 hours, two retries, no destination;
/// 100,000 events.
///
/// struct_size: sizeof *config. Errors: NULL, MISALIGNED, STRUCT_SIZE. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_async_config_default(
    config: *mut warmstow_async_config,
    struct_size: usize,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::call(|| {
        let out = caller.out_sized(config, struct_size, "config")?;
        let AsyncConfig { max_age, retries, capacity, .. } = AsyncConfig::default();
        out.set(warmstow_async_config {
            struct_size: warmstow_async_config::STRUCT_SIZE,
            capacity,
            retries: retries.into(),
            destinations: D::WARMSTOW_DESTINATION_NONE as u32,
            max_age_ns: max_age.as_nanos(),
        });
        Ok(())
    })
}

/// Opens a queue without events.
///
/// Errors: NULL, MISALIGNED, STRUCT_SIZE, ENUM, ASYNC_CONFIG, ASYNC_QUEUES_FULL;
/// then *queue is untouched. Any thread; allocates.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_async_queue_open(
    config: *const warmstow_async_config,
    queue: *mut warmstow_async_queue,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::call(|| {
        let config = caller.read(config, "config")?.to_core()?;
        let out = caller.out(queue, "queue")?;
        let made = AsyncQueue::new(config)
            .map_err(|error| boundary::written(S::WARMSTOW_ERROR_ASYNC_CONFIG, error))?;
        let full = S::WARMSTOW_ERROR_ASYNC_QUEUES_FULL;
        let bits = TABLE.open(made, WARMSTOW_MAX_ASYNC_QUEUES, full)?;
        out.set(warmstow_async_queue { bits });
        Ok(())
    })
}

/// Closes a queue; its events are forgotten.
///
/// Errors: ASYNC_QUEUE_STALE, also when closed twice. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_async_queue_close(queue: warmstow_async_queue) -> i32 {
    boundary::call(|| TABLE.close(queue.bits))
}

/// Changes how a queue behaves, for the events that it holds too; then
/// warmstow_async_queue_poll().
///
/// Errors: ASYNC_QUEUE_STALE, POISONED, NULL, MISALIGNED, STRUCT_SIZE, ENUM,
/// ASYNC_CONFIG; then it is as it was. O(events log events). Any thread; calls on
/// one queue wait for each other.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_async_queue_configure(
    queue: warmstow_async_queue,
    now_ns: u64,
    config: *const warmstow_async_config,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    TABLE.on(queue.bits, |queue| {
        let config = caller.read(config, "config")?.to_core()?;
        let set = queue.set_config(Instant::from_nanos(now_ns), config);
        set.map_err(|error| boundary::written(S::WARMSTOW_ERROR_ASYNC_CONFIG, error))
    })
}

/// Takes an event, due at once, and writes its number, from 1, to *event; then
/// warmstow_async_queue_poll().
///
/// Errors: ASYNC_QUEUE_STALE, POISONED, NULL, MISALIGNED, ASYNC_QUEUE_FULL; then
/// *event is untouched. O(log events). Any thread; calls on one queue wait for
/// each other.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_async_queue_accept(
    queue: warmstow_async_queue,
    now_ns: u64,
    event: *mut u64,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    TABLE.on(queue.bits, |queue| {
        let out = caller.out(event, "event")?;
        let taken = queue.accept(Instant::from_nanos(now_ns));
        let full = |error| boundary::written(S::WARMSTOW_ERROR_ASYNC_QUEUE_FULL, error);
        out.set(taken.map_err(full)?.0);
        Ok(())
    })
}

/// Reports how an attempt went, a warmstow_outcome; then
/// warmstow_async_queue_poll().
///
/// Errors: ASYNC_QUEUE_STALE, POISONED, ENUM, EVENT_UNKNOWN; then nothing has
/// changed. O(log events). Any thread; calls on one queue wait for each other.
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_async_queue_report(
    queue: warmstow_async_queue,
    now_ns: u64,
    event: u64,
    outcome: u32,
) -> i32 {
    TABLE.on(queue.bits, |queue| {
        let outcome = boundary::choose(outcome, &OUTCOMES, "outcome")?;
        let reported = queue.handle_outcome(Instant::from_nanos(now_ns), EventKey(event), outcome);
        reported
            .map_err(|error: ReportError| boundary::written(S::WARMSTOW_ERROR_EVENT_UNKNOWN, error))
    })
}

/// Reports that a delivery did not succeed: the event is lost to that
/// warmstow_destination.
///
/// Errors: ASYNC_QUEUE_STALE, POISONED, ENUM. Any thread; calls on one queue wait
/// for each other.
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_async_queue_undelivered(queue: warmstow_async_queue, to: u32) -> i32 {
    const ALL: [Destination; 3] =
        [Destination::OnSuccess, Destination::OnFailure, Destination::DeadLetter];
    TABLE.on(queue.bits, |queue| {
        let known = ALL.into_iter().find(|&one| destination(one) as u32 == to);
        let known = known.ok_or_else(|| {
            let message = format_args!("destination is {to}: it must be 1, 2 or 4");
            boundary::written(S::WARMSTOW_ERROR_ENUM, message)
        })?;
        queue.handle_undelivered(known);
        Ok(())
    })
}

/// Says whether the function is stopped by a reservation of 0 (stopped: not 0):
/// then events that are due go to where failures go, without an attempt; see
/// warmstow_async_queue_poll().
///
/// Errors: ASYNC_QUEUE_STALE, POISONED. Any thread; calls on one queue wait for
/// each other.
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_async_queue_set_stopped(
    queue: warmstow_async_queue,
    now_ns: u64,
    stopped: u32,
) -> i32 {
    TABLE.on(queue.bits, |queue| {
        queue.set_stopped(Instant::from_nanos(now_ns), stopped != 0);
        Ok(())
    })
}

/// Time has passed: what is due happens; then warmstow_async_queue_poll().
/// *next_ns is when to call this at the latest, UINT64_MAX for never; NULL where
/// that is not asked for.
///
/// Errors: ASYNC_QUEUE_STALE, POISONED, MISALIGNED. O(due log events). Any thread;
/// calls on one queue wait for each other.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_async_queue_advance(
    queue: warmstow_async_queue,
    now_ns: u64,
    next_ns: *mut u64,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    TABLE.on(queue.bits, |queue| {
        let next = caller.out_or_none(next_ns, "next_ns")?;
        queue.handle_time(Instant::from_nanos(now_ns));
        if let Some(next) = next {
            next.set(queue.next_deadline().map_or(u64::MAX, Instant::as_nanos));
        }
        Ok(())
    })
}

/// Writes the next thing to do to *action, or WARMSTOW_ASYNC_NONE in
/// action->kind: call until then after each call above. Each is given once.
///
/// struct_size: sizeof *action. Errors: ASYNC_QUEUE_STALE, POISONED, NULL,
/// MISALIGNED, STRUCT_SIZE; then no action is lost. Any thread; calls on one queue
/// wait for each other.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_async_queue_poll(
    queue: warmstow_async_queue,
    action: *mut warmstow_async_action,
    struct_size: usize,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    TABLE.on(queue.bits, |queue| {
        let out = caller.out_sized(action, struct_size, "action")?;
        out.set(warmstow_async_action::of(queue.poll_action()));
        Ok(())
    })
}

/// Writes what a queue has done and holds to *metrics.
///
/// struct_size: sizeof *metrics. Errors: ASYNC_QUEUE_STALE, POISONED, NULL,
/// MISALIGNED, STRUCT_SIZE; then *metrics is untouched. O(events). Any thread;
/// calls on one queue wait for each other.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_async_metrics_read(
    queue: warmstow_async_queue,
    now_ns: u64,
    metrics: *mut warmstow_async_metrics,
    struct_size: usize,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    TABLE.on(queue.bits, |queue| {
        let out = caller.out_sized(metrics, struct_size, "metrics")?;
        let sums = queue.metrics();
        let age = queue.oldest_age(Instant::from_nanos(now_ns));
        out.set(warmstow_async_metrics {
            received: sums.received,
            succeeded: sums.succeeded,
            dropped: sums.dropped,
            dead_letter_errors: sums.dead_letter_errors,
            delivery_failures: sums.delivery_failures,
            oldest_age_ns: age.map_or(0, Duration::as_nanos),
            events: queue.len() as u64,
        });
        Ok(())
    })
}
