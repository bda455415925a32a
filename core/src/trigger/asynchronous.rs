//! Asynchronous invocation: a queue of events before a function.
//!
//! The caller hands an event over and is gone. The queue invokes the function,
//! tries again, and in the end delivers the event to a destination or drops it
//! (AWS Lambda Developer Guide, "Asynchronous invocation", "Error handling for
//! asynchronous invocation").
//!
//! ```text
//!   accept --> [ due ] --Invoke--> [ in flight ] --Succeeded--> OnSuccess
//!                ^ 1 min, then 2 min   | Failed, retries left
//!                +---------------------+
//!                ^ 1 s, doubled, 5 min | Throttled: costs no retry
//!                +---------------------+
//!                                      | Failed, none left ---> OnFailure, DeadLetter
//!   [ due ] older than its greatest age ----------------------> OnFailure, DeadLetter
//!   stopped (reserved concurrency of 0): all that is due -----> OnFailure, DeadLetter
//! ```
//!
//! # What is chosen
//!
//! * An event in flight at its greatest age is not recalled; if it then fails it
//!   has exceeded its age. One that waits does so at that moment.
//! * With a dead-letter queue and a destination for failures, both get the event.
//! * The back-off after throttles begins anew after a function error.
//! * The queue is bounded ([`AsyncConfig::capacity`]): AWS states no bound.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use core::fmt;

use crate::time::{Duration, Instant};

const YOUNGEST: Duration = Duration::from_secs(60);
const OLDEST: Duration = Duration::from_secs(21_600);
const MAX_RETRIES: u8 = 2;
/// Waits before the first and the second retry.
const RETRY_AFTER: [Duration; MAX_RETRIES as usize] =
    [Duration::from_secs(60), Duration::from_secs(120)];
const FIRST_BACKOFF: Duration = Duration::from_secs(1);
const LAST_BACKOFF: Duration = Duration::from_secs(300);

/// An event of one queue. Numbers are never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventKey(pub u64);

impl fmt::Display for EventKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "event {}", self.0)
    }
}

/// Where events go in the end, of what is set up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Destinations {
    /// Those that succeeded.
    pub on_success: bool,
    /// Those that failed.
    pub on_failure: bool,
    /// Those that failed, to the dead-letter queue.
    pub dead_letter: bool,
}

/// How a queue behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AsyncConfig {
    /// `MaximumEventAge`: 60 s to 6 h.
    pub max_age: Duration,
    /// `MaximumRetryAttempts`: 0 to 2, after function errors.
    pub retries: u8,
    /// The most events that wait or are in flight, 1 or more.
    pub capacity: u32,
    /// Where events go in the end.
    pub destinations: Destinations,
}

/// AWS Lambda's: 6 hours, two retries, no destination; 100,000 events.
impl Default for AsyncConfig {
    fn default() -> Self {
        let destinations = Destinations::default();
        Self { max_age: OLDEST, retries: MAX_RETRIES, capacity: 100_000, destinations }
    }
}

/// Why a configuration is none; nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AsyncConfigError {
    /// An age out of range.
    MaxAge {
        /// The value.
        max_age: Duration,
    },
    /// More retries than there can be.
    Retries {
        /// The value.
        retries: u8,
    },
    /// No room for any event.
    Capacity,
}

impl fmt::Display for AsyncConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MaxAge { max_age } => write!(
                f,
                "MaximumEventAgeInSeconds of {max_age}: {YOUNGEST} to {OLDEST} are possible"
            ),
            Self::Retries { retries } => {
                write!(f, "MaximumRetryAttempts of {retries}: 0 to {MAX_RETRIES} are possible")
            }
            Self::Capacity => f.write_str("a queue for 0 events: it must hold 1 or more"),
        }
    }
}

impl core::error::Error for AsyncConfigError {}

impl AsyncConfig {
    fn check(&self) -> Result<(), AsyncConfigError> {
        if self.max_age < YOUNGEST || self.max_age > OLDEST {
            return Err(AsyncConfigError::MaxAge { max_age: self.max_age });
        }
        if self.retries > MAX_RETRIES {
            return Err(AsyncConfigError::Retries { retries: self.retries });
        }
        if self.capacity == 0 { Err(AsyncConfigError::Capacity) } else { Ok(()) }
    }
}

/// The queue holds as many events as it may; this one was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueFull {
    /// How many that is.
    pub capacity: u32,
}

impl fmt::Display for QueueFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} events are in the queue, as many as may", self.capacity)
    }
}

impl core::error::Error for QueueFull {}

/// A report on an event that is not in flight; nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportError {
    /// The event.
    pub event: EventKey,
}

impl fmt::Display for ReportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not in flight", self.event)
    }
}

impl core::error::Error for ReportError {}

/// How an attempt went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The function returned.
    Succeeded,
    /// The function failed or ran into its timeout.
    Failed,
    /// It was not run: throttled (429), or an error of the platform (5xx).
    Throttled,
}

/// Where an event is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Destination {
    /// The destination for successes.
    OnSuccess,
    /// The destination for failures.
    OnFailure,
    /// The dead-letter queue.
    DeadLetter,
}

/// Why it is delivered there, as AWS's invocation records say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It succeeded.
    Success,
    /// All of its attempts failed.
    RetriesExhausted,
    /// It is older than it may be.
    EventAgeExceeded,
    /// The function has a reservation of 0.
    ZeroReservedConcurrency,
}

impl Condition {
    /// AWS's word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "Success",
            Self::RetriesExhausted => "RetriesExhausted",
            Self::EventAgeExceeded => "EventAgeExceeded",
            Self::ZeroReservedConcurrency => "ZeroReservedConcurrency",
        }
    }
}

/// What the host is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsyncAction {
    /// Invoke the function for this event, then report how that went.
    Invoke {
        /// The event.
        event: EventKey,
        /// Which attempt it is, from 1; throttled ones are not counted.
        attempt: u8,
    },
    /// Deliver this event, which has left the queue.
    Deliver {
        /// The event.
        event: EventKey,
        /// Where.
        to: Destination,
        /// Why.
        condition: Condition,
    },
    /// This event has left the queue and goes nowhere: the host forgets it.
    Forget {
        /// The event.
        event: EventKey,
        /// Why.
        condition: Condition,
    },
}

/// Sums since the queue began, by AWS CloudWatch's names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct AsyncMetrics {
    /// `AsyncEventsReceived`.
    pub received: u64,
    /// Events that succeeded.
    pub succeeded: u64,
    /// `AsyncEventsDropped`: events that left without having succeeded.
    pub dropped: u64,
    /// `DeadLetterErrors`: reported by the host.
    pub dead_letter_errors: u64,
    /// `DestinationDeliveryFailures`: reported by the host.
    pub delivery_failures: u64,
}

#[derive(Clone, Copy, Debug)]
struct Event {
    accepted: Instant,
    /// Function errors so far.
    errors: u8,
    /// The next wait after a throttle.
    backoff: Duration,
    /// When it is due; `None`: it is in flight.
    due: Option<Instant>,
}

/// The queue of a function's asynchronous invocations; see the [module](self).
///
/// ```
/// use warmstow_core::time::Instant;
/// use warmstow_core::trigger::{AsyncAction, AsyncConfig, AsyncQueue, Outcome};
///
/// let mut queue = AsyncQueue::new(AsyncConfig::default())?;
/// let at = Instant::from_secs;
/// let event = queue.accept(at(0))?;
/// assert_eq!(queue.poll_action(), Some(AsyncAction::Invoke { event, attempt: 1 }));
/// queue.handle_outcome(at(1), event, Outcome::Failed)?;
/// assert_eq!(queue.next_deadline(), Some(at(61)));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct AsyncQueue {
    config: AsyncConfig,
    events: BTreeMap<EventKey, Event>,
    /// Those that wait, by when something is to happen to them.
    due: BTreeSet<(Instant, EventKey)>,
    actions: VecDeque<AsyncAction>,
    stopped: bool,
    next: u64,
    now: Instant,
    metrics: AsyncMetrics,
}

impl AsyncQueue {
    /// A queue without events.
    ///
    /// # Errors
    ///
    /// A value of `config` out of range.
    pub fn new(config: AsyncConfig) -> Result<Self, AsyncConfigError> {
        config.check()?;
        Ok(Self {
            config,
            events: BTreeMap::new(),
            due: BTreeSet::new(),
            actions: VecDeque::new(),
            stopped: false,
            next: 0,
            now: Instant::ZERO,
            metrics: AsyncMetrics::default(),
        })
    }

    /// Changes how it behaves, for the events that it holds too. O(events log
    /// events).
    ///
    /// # Errors
    ///
    /// A value of `config` out of range.
    pub fn set_config(
        &mut self,
        now: Instant,
        config: AsyncConfig,
    ) -> Result<(), AsyncConfigError> {
        config.check()?;
        self.config = config;
        // When each expires has changed.
        let waiting = self.events.iter().filter_map(|(key, of)| Some((*key, of.due?, *of)));
        let entries = waiting.map(|(key, due, of)| (self.wakes(&of, due), key));
        self.due = entries.collect();
        self.handle_time(now);
        Ok(())
    }

    /// How it behaves.
    pub const fn config(&self) -> &AsyncConfig {
        &self.config
    }

    /// Says whether the function is stopped by a reservation of 0: then events
    /// that are due go to where failures go, without an attempt.
    pub fn set_stopped(&mut self, now: Instant, stopped: bool) {
        self.stopped = stopped;
        self.handle_time(now);
    }

    /// Takes an event; it is due at once. O(log events).
    ///
    /// # Errors
    ///
    /// The queue is full.
    pub fn accept(&mut self, now: Instant) -> Result<EventKey, QueueFull> {
        self.handle_time(now);
        let capacity = self.config.capacity;
        if self.events.len() >= capacity as usize {
            return Err(QueueFull { capacity });
        }
        self.next += 1;
        let key = EventKey(self.next);
        let event =
            Event { accepted: self.now, errors: 0, backoff: FIRST_BACKOFF, due: Some(self.now) };
        self.events.insert(key, event);
        self.due.insert((self.now, key));
        self.metrics.received += 1;
        self.handle_time(now);
        Ok(key)
    }

    /// How an attempt went. O(log events).
    ///
    /// # Errors
    ///
    /// The event is not in flight.
    pub fn handle_outcome(
        &mut self,
        now: Instant,
        event: EventKey,
        outcome: Outcome,
    ) -> Result<(), ReportError> {
        let Some(of) = self.events.get_mut(&event).filter(|of| of.due.is_none()) else {
            return Err(ReportError { event });
        };
        self.now = self.now.max(now);
        let wait = match outcome {
            Outcome::Succeeded => {
                self.leave(event, Condition::Success);
                self.handle_time(now);
                return Ok(());
            }
            Outcome::Failed => {
                of.errors += 1;
                of.backoff = FIRST_BACKOFF;
                let retry = of.errors <= self.config.retries;
                RETRY_AFTER.get(usize::from(of.errors) - 1).copied().filter(|_| retry)
            }
            Outcome::Throttled => {
                let wait = of.backoff;
                of.backoff = wait.plus(wait).min(LAST_BACKOFF);
                Some(wait)
            }
        };
        match wait {
            Some(wait) => {
                let due = self.now.after(wait);
                of.due = Some(due);
                let of = *of;
                self.due.insert((self.wakes(&of, due), event));
            }
            None if of.accepted.after(self.config.max_age) <= self.now => {
                self.leave(event, Condition::EventAgeExceeded);
            }
            None => self.leave(event, Condition::RetriesExhausted),
        }
        self.handle_time(now);
        Ok(())
    }

    /// A delivery did not succeed; the event is lost to that destination.
    pub const fn handle_undelivered(&mut self, to: Destination) {
        match to {
            Destination::DeadLetter => self.metrics.dead_letter_errors += 1,
            _ => self.metrics.delivery_failures += 1,
        }
    }

    /// Lets everything happen that is due by `now`. O(due log events).
    pub fn handle_time(&mut self, now: Instant) {
        self.now = self.now.max(now);
        while let Some(&(at, key)) = self.due.first()
            && at <= self.now
        {
            self.due.pop_first();
            let Some(of) = self.events.get_mut(&key) else { continue };
            if of.accepted.after(self.config.max_age) <= self.now {
                self.leave(key, Condition::EventAgeExceeded);
            } else if self.stopped {
                self.leave(key, Condition::ZeroReservedConcurrency);
            } else {
                of.due = None;
                let attempt = of.errors + 1;
                self.actions.push_back(AsyncAction::Invoke { event: key, attempt });
            }
        }
    }

    /// The next thing to do.
    pub fn poll_action(&mut self) -> Option<AsyncAction> {
        self.actions.pop_front()
    }

    /// When [`handle_time`](Self::handle_time) is due at the latest.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.due.first().map(|(at, _)| *at)
    }

    /// How many events it holds, in flight or waiting.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Sums since the queue began.
    pub const fn metrics(&self) -> &AsyncMetrics {
        &self.metrics
    }

    /// `AsyncEventAge`: how long the oldest event is in the queue. O(events).
    pub fn oldest_age(&self, now: Instant) -> Option<Duration> {
        self.events.values().map(|of| now.since(of.accepted)).max()
    }

    /// When something is to happen to an event that is due at `due`.
    fn wakes(&self, of: &Event, due: Instant) -> Instant {
        due.min(of.accepted.after(self.config.max_age))
    }

    /// The event leaves the queue.
    fn leave(&mut self, event: EventKey, condition: Condition) {
        self.events.remove(&event);
        let Destinations { on_success, on_failure, dead_letter } = self.config.destinations;
        let succeeded = condition == Condition::Success;
        if succeeded {
            self.metrics.succeeded += 1;
        } else {
            self.metrics.dropped += 1;
        }
        let to = [
            (Destination::OnSuccess, on_success && succeeded),
            (Destination::OnFailure, on_failure && !succeeded),
            (Destination::DeadLetter, dead_letter && !succeeded),
        ];
        let mut delivered = false;
        for (to, _) in to.into_iter().filter(|(_, wanted)| *wanted) {
            delivered = true;
            self.actions.push_back(AsyncAction::Deliver { event, to, condition });
        }
        if !delivered {
            self.actions.push_back(AsyncAction::Forget { event, condition });
        }
    }
}
