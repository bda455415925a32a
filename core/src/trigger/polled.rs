//! An event source that is polled: messages in batches, as many at a time as its
//! pollers are.
//!
//! AWS Lambda's event source mapping of an Amazon SQS queue (Developer Guide,
//! "Using Lambda with Amazon SQS", "Scaling behavior"). The queue itself is the
//! host's: which message is visible, how often it was received and when it goes
//! to the queue's dead-letter queue. Here it is decided when a batch is taken,
//! how large it may be and how many run at a time.
//!
//! ```text
//!   handle_messages(visible) --> a full batch, or its window is over
//!                                 and fewer run than there are pollers
//!                                       |
//!                                       v
//!                            Invoke { batch, messages } --> handle_end
//! ```
//!
//! # What is chosen
//!
//! * Pollers are added at each full minute for which messages were left over, and
//!   are as at first again once nothing is visible and nothing runs.
//! * A throttle halves the pollers, to 1 at least and unless they are a fixed
//!   number, and nothing is taken for 1 s, doubled by each throttle in a row up to
//!   60 s; AWS says that it backs off.
//! * Messages of a batch that failed come back when the host says that they are
//!   visible again.

use alloc::collections::{BTreeSet, VecDeque};
use core::fmt;

use crate::time::{Duration, Instant};

const MAX_BATCH: u32 = 10_000;
/// Above so many a batch needs a window.
const PLAIN_BATCH: u32 = 10;
const MAX_WINDOW: Duration = Duration::from_secs(300);
const MINUTE: Duration = Duration::from_secs(60);
const FIRST_BACKOFF: Duration = Duration::from_secs(1);
const CONCURRENCY: core::ops::RangeInclusive<u32> = 2..=1_000;

/// How fast pollers are added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PollerScaling {
    /// Batches at a time at first.
    pub initial: u32,
    /// So many more each minute; 0: a fixed number of them, whatever happens.
    pub per_minute: u32,
    /// At most.
    pub most: u32,
}

impl PollerScaling {
    /// AWS Lambda's until late 2023: 5, 60 more a minute, 1,000 at most.
    pub const LAMBDA_2022: Self = Self { initial: 5, per_minute: 60, most: 1_000 };
    /// Since: 300 more a minute, 1,250 at most.
    pub const LAMBDA: Self = Self { initial: 5, per_minute: 300, most: 1_250 };

    /// Whether there are always as many as at first: provisioned pollers.
    const fn is_fixed(self) -> bool {
        self.per_minute == 0
    }
}

/// How a source is polled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PolledConfig {
    /// Messages in a batch, 1 to 10,000; above 10 with a window of 1 s or more.
    pub batch_size: u32,
    /// `MaximumBatchingWindow`: how long a batch waits to be full, up to 300 s.
    pub window: Duration,
    /// `MaximumConcurrency`: batches at a time, 2 to 1,000; `None`: as many as
    /// there are pollers.
    pub maximum_concurrency: Option<u32>,
    /// How fast pollers are added.
    pub scaling: PollerScaling,
}

/// AWS Lambda's for Amazon SQS: 10 messages, no window.
impl Default for PolledConfig {
    fn default() -> Self {
        Self {
            batch_size: PLAIN_BATCH,
            window: Duration::ZERO,
            maximum_concurrency: None,
            scaling: PollerScaling::LAMBDA,
        }
    }
}

/// Why a configuration is none; nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PolledConfigError {
    /// A batch out of range.
    BatchSize {
        /// The value.
        batch_size: u32,
    },
    /// A batch of more than 10 without a window of 1 s.
    NeedsWindow {
        /// The size of the batch.
        batch_size: u32,
    },
    /// A window out of range.
    Window {
        /// The value.
        window: Duration,
    },
    /// A concurrency out of range.
    MaximumConcurrency {
        /// The value.
        maximum_concurrency: u32,
    },
    /// No pollers at first, or more than the most.
    Scaling {
        /// The value.
        scaling: PollerScaling,
    },
}

impl fmt::Display for PolledConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BatchSize { batch_size } => {
                write!(f, "BatchSize of {batch_size}: 1 to {MAX_BATCH} are possible")
            }
            Self::NeedsWindow { batch_size } => write!(
                f,
                "BatchSize of {batch_size}: above {PLAIN_BATCH} \
                 MaximumBatchingWindowInSeconds must be at least 1"
            ),
            Self::Window { window } => {
                write!(f, "MaximumBatchingWindowInSeconds of {window}: at most {MAX_WINDOW}")
            }
            Self::MaximumConcurrency { maximum_concurrency } => {
                let (least, most) = (CONCURRENCY.start(), CONCURRENCY.end());
                write!(
                    f,
                    "MaximumConcurrency of {maximum_concurrency}: {least} to {most} are possible"
                )
            }
            Self::Scaling { scaling: PollerScaling { initial, most, .. } } => {
                write!(f, "{initial} pollers at first and {most} at most: 1 or more, and no fewer")
            }
        }
    }
}

impl core::error::Error for PolledConfigError {}

impl PolledConfig {
    fn check(&self) -> Result<(), PolledConfigError> {
        let Self { batch_size, window, maximum_concurrency, scaling } = *self;
        if batch_size == 0 || batch_size > MAX_BATCH {
            return Err(PolledConfigError::BatchSize { batch_size });
        }
        if window > MAX_WINDOW {
            return Err(PolledConfigError::Window { window });
        }
        if batch_size > PLAIN_BATCH && window < Duration::from_secs(1) {
            return Err(PolledConfigError::NeedsWindow { batch_size });
        }
        let beyond = |most: &u32| !CONCURRENCY.contains(most);
        if let Some(maximum_concurrency) = maximum_concurrency.filter(beyond) {
            return Err(PolledConfigError::MaximumConcurrency { maximum_concurrency });
        }
        if scaling.initial == 0 || scaling.most < scaling.initial {
            return Err(PolledConfigError::Scaling { scaling });
        }
        Ok(())
    }
}

/// A batch in flight. Numbers are never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BatchKey(pub u64);

/// How a batch went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchEnd {
    /// The function returned; of a partial failure too.
    Succeeded,
    /// The function failed.
    Failed,
    /// It was throttled: its messages become visible again.
    Throttled,
}

/// What the host is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolledAction {
    /// Receive up to so many messages and invoke the function with them; then
    /// report [`PolledSource::handle_end`].
    Invoke {
        /// The batch.
        batch: BatchKey,
        /// At most so many.
        messages: u32,
    },
}

/// A report on a batch that is not in flight; nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownBatch {
    /// The batch.
    pub batch: BatchKey,
}

impl fmt::Display for UnknownBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "batch {} is not in flight", self.batch.0)
    }
}

impl core::error::Error for UnknownBatch {}

/// A source that is polled; see the [module](self).
///
/// ```
/// use warmstow_core::time::Instant;
/// use warmstow_core::trigger::{PolledAction, PolledConfig, PolledSource};
///
/// let mut source = PolledSource::new(PolledConfig::default())?;
/// source.handle_messages(Instant::ZERO, 25);
/// let sizes = core::iter::from_fn(|| source.poll_action());
/// let sizes = sizes.map(|PolledAction::Invoke { messages, .. }| messages);
/// assert_eq!(sizes.collect::<Vec<_>>(), [10, 10, 5]);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct PolledSource {
    config: PolledConfig,
    visible: u64,
    /// When the batch that is not yet full began to wait.
    waits_since: Option<Instant>,
    in_flight: BTreeSet<BatchKey>,
    pollers: u32,
    /// Since when messages have been left over without a poller more.
    short_since: Option<Instant>,
    backoff: Duration,
    rests_until: Instant,
    actions: VecDeque<PolledAction>,
    next: u64,
    now: Instant,
}

impl PolledSource {
    /// A source without messages.
    ///
    /// # Errors
    ///
    /// A value of `config` out of range.
    pub fn new(config: PolledConfig) -> Result<Self, PolledConfigError> {
        config.check()?;
        Ok(Self {
            config,
            visible: 0,
            waits_since: None,
            in_flight: BTreeSet::new(),
            pollers: config.scaling.initial,
            short_since: None,
            backoff: FIRST_BACKOFF,
            rests_until: Instant::ZERO,
            actions: VecDeque::new(),
            next: 0,
            now: Instant::ZERO,
        })
    }

    /// Changes how it is polled; batches in flight go on.
    ///
    /// # Errors
    ///
    /// A value of `config` out of range.
    pub fn set_config(
        &mut self,
        now: Instant,
        config: PolledConfig,
    ) -> Result<(), PolledConfigError> {
        config.check()?;
        self.config = config;
        self.pollers = match config.scaling.is_fixed() {
            true => config.scaling.initial,
            false => self.pollers.min(config.scaling.most),
        };
        self.handle_time(now);
        Ok(())
    }

    /// How it is polled.
    pub const fn config(&self) -> &PolledConfig {
        &self.config
    }

    /// How many messages are visible now, those in flight not among them.
    pub fn handle_messages(&mut self, now: Instant, visible: u64) {
        self.visible = visible;
        self.handle_time(now);
    }

    /// How a batch went.
    ///
    /// # Errors
    ///
    /// It is not in flight.
    pub fn handle_end(
        &mut self,
        now: Instant,
        batch: BatchKey,
        end: BatchEnd,
    ) -> Result<(), UnknownBatch> {
        if !self.in_flight.remove(&batch) {
            return Err(UnknownBatch { batch });
        }
        self.now = self.now.max(now);
        if end == BatchEnd::Throttled {
            if !self.config.scaling.is_fixed() {
                self.pollers = (self.pollers / 2).max(1);
            }
            self.short_since = None;
            self.rests_until = self.now.after(self.backoff);
            self.backoff = self.backoff.plus(self.backoff).min(MINUTE);
        } else {
            self.backoff = FIRST_BACKOFF;
        }
        self.handle_time(now);
        Ok(())
    }

    /// Lets everything happen that is due by `now`.
    pub fn handle_time(&mut self, now: Instant) {
        self.now = self.now.max(now);
        self.grow();
        self.take();
        if self.visible == 0 && self.in_flight.is_empty() {
            self.pollers = self.config.scaling.initial;
        }
        // Left over although a batch is ready: for want of pollers.
        let short = self.visible > 0 && self.is_ready() && self.rests_until <= self.now;
        self.short_since = short.then(|| self.short_since.unwrap_or(self.now));
    }

    /// The next thing to do.
    pub fn poll_action(&mut self) -> Option<PolledAction> {
        self.actions.pop_front()
    }

    /// When [`handle_time`](Self::handle_time) is due at the latest; `None`:
    /// nothing waits for time.
    pub fn next_deadline(&self) -> Option<Instant> {
        if self.visible == 0 {
            return None;
        }
        let grows = self
            .short_since
            .filter(|_| !self.config.scaling.is_fixed() && self.pollers < self.config.scaling.most);
        let grows = grows.map(|since| since.after(MINUTE));
        let full = self.waits_since.map(|since| since.after(self.config.window));
        let rests = Some(self.rests_until);
        [grows, full, rests].into_iter().flatten().filter(|at| *at > self.now).min()
    }

    /// Batches in flight.
    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// Batches that may be in flight now.
    pub fn concurrency(&self) -> u32 {
        self.pollers.min(self.config.maximum_concurrency.unwrap_or(u32::MAX))
    }

    /// Adds the pollers of every full minute since messages were left over.
    fn grow(&mut self) {
        let (scaling, Some(since)) = (self.config.scaling, self.short_since) else { return };
        let minutes = self.now.since(since).as_nanos() / MINUTE.as_nanos();
        if minutes == 0 || scaling.is_fixed() {
            return;
        }
        let minute = Duration::from_nanos(minutes.saturating_mul(MINUTE.as_nanos()));
        self.short_since = Some(since.after(minute));
        let more = u64::from(scaling.per_minute).saturating_mul(minutes);
        let pollers = u64::from(self.pollers).saturating_add(more).min(scaling.most.into());
        self.pollers = u32::try_from(pollers).unwrap_or(u32::MAX);
    }

    /// Whether the next batch need not wait to be fuller.
    fn is_ready(&self) -> bool {
        let over =
            self.waits_since.is_some_and(|since| since.after(self.config.window) <= self.now);
        self.visible >= u64::from(self.config.batch_size) || over
    }

    fn take(&mut self) {
        while self.visible > 0 {
            self.waits_since.get_or_insert(self.now);
            let room = self.in_flight.len() < self.concurrency() as usize;
            if !room || !self.is_ready() || self.rests_until > self.now {
                return;
            }
            let most = self.config.batch_size;
            let messages = u32::try_from(self.visible).map_or(most, |visible| visible.min(most));
            self.visible -= u64::from(messages);
            self.waits_since = None;
            self.next += 1;
            let batch = BatchKey(self.next);
            self.in_flight.insert(batch);
            self.actions.push_back(PolledAction::Invoke { batch, messages });
        }
        self.waits_since = None;
    }
}
