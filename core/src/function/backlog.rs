//! Requests that wait: a bounded queue before a function, for hosts that let a
//! request wait where AWS Lambda would refuse it.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use core::fmt;

use super::{Invocation, InvokeError, Region};
use crate::id::{AliasId, FunctionId, Lane};
use crate::time::{Duration, Instant};

/// Most requests that a backlog can be told to hold.
pub const MAX_BACKLOG: u32 = 1 << 20;
/// Between two looks at the oldest while nothing is reported to end.
const LOOK: Duration = Duration::from_millis(100);
/// A look is never due at once.
const SOON: Duration = Duration::from_nanos(1);

/// Where a backlog's requests go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A function, or a version of one ([`Region::invoke_version`]).
    Function(FunctionId),
    /// An alias ([`Region::invoke_alias`]); a request's own number is its draw.
    Alias(AliasId),
}

/// What becomes of a request that finds the backlog full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Overflow {
    /// It is refused.
    #[default]
    Refuse,
    /// It waits, and the oldest is dropped: for requests that are worth less the
    /// longer they wait.
    DropOldest,
}

/// How a backlog behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct BacklogConfig {
    /// The most that wait, 1 to [`MAX_BACKLOG`].
    pub capacity: u32,
    /// The longest that one waits; above 0.
    pub max_wait: Duration,
    /// What becomes of one more.
    pub overflow: Overflow,
}

impl BacklogConfig {
    /// As Knative's queue-proxy: ten times what an instance serves at once wait,
    /// for up to 300 s (its default timeout), and one more is refused.
    pub const fn knative(instance_concurrency: u32) -> Self {
        let capacity = instance_concurrency.saturating_mul(10);
        let capacity = if capacity > MAX_BACKLOG { MAX_BACKLOG } else { capacity };
        Self { capacity, max_wait: Duration::from_secs(300), overflow: Overflow::Refuse }
    }

    const fn check(&self) -> Result<(), BacklogConfigError> {
        if self.capacity == 0 || self.capacity > MAX_BACKLOG {
            return Err(BacklogConfigError::Capacity { capacity: self.capacity });
        }
        if self.max_wait.as_nanos() == 0 {
            return Err(BacklogConfigError::MaxWait);
        }
        Ok(())
    }
}

/// Why a configuration is none; nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BacklogConfigError {
    /// Not 1 to [`MAX_BACKLOG`].
    Capacity {
        /// The value.
        capacity: u32,
    },
    /// No time to wait.
    MaxWait,
}

impl fmt::Display for BacklogConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Capacity { capacity } => {
                write!(f, "a backlog of {capacity}: 1 to {MAX_BACKLOG} are possible")
            }
            Self::MaxWait => f.write_str("a wait of 0 s: it must be longer"),
        }
    }
}

impl core::error::Error for BacklogConfigError {}

/// What became of a request that was offered.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "an admitted request holds a seat"]
pub enum Offered {
    /// It runs, as [`Region::invoke`] says.
    Admitted(Invocation),
    /// It waits: an action says what becomes of it.
    Waits {
        /// So many wait before it.
        ahead: u32,
    },
}

/// Why a request is refused. It does not wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OfferError {
    /// By what waiting does not change.
    Refused(InvokeError),
    /// As many wait as can.
    Full {
        /// How many that is.
        capacity: u32,
    },
}

impl fmt::Display for OfferError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => error.fmt(f),
            Self::Full { capacity } => {
                write!(f, "{capacity} requests wait already, as many as may")
            }
        }
    }
}

impl core::error::Error for OfferError {}

/// Why a request that waited does not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dropped {
    /// It waited for the longest that it may.
    TooLate,
    /// It was the oldest when one more came.
    PushedOut,
    /// What it would run on is gone.
    Refused(InvokeError),
}

/// What the host of a [`Backlog`] is to do.
#[derive(Debug, PartialEq, Eq)]
pub enum BacklogAction {
    /// Run this request, as after [`Region::invoke`].
    Run {
        /// The host's number of it.
        request: u64,
        /// How long it waited.
        waited: Duration,
        /// Its seat.
        invocation: Invocation,
    },
    /// Answer this request that it does not run.
    Drop {
        /// The host's number of it.
        request: u64,
        /// How long it waited.
        waited: Duration,
        /// Why.
        why: Dropped,
    },
}

/// What a backlog has seen. `offered` is the sum of all others and of those that
/// wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct BacklogCounts {
    /// Requests offered.
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
    /// Dropped because their function was gone.
    pub gone: u64,
}

/// A bounded queue before a function.
///
/// Knative's activator and queue-proxy and OpenWhisk's run buffer are such
/// queues. A `Backlog` is one for a function, a version or an alias: first in,
/// first out, with a bound on how many wait and for how long, and a rule for the
/// request that is one too many.
///
/// ```text
///  offer(now) --admitted--> Offered::Admitted
///      | refused for now                 handle_freed, handle_time
///      v                                     |
///  [ waiting, oldest first ] --admitted------+--> BacklogAction::Run
///      | waited too long, or pushed out --------> BacklogAction::Drop
/// ```
///
/// **The contract** is that of every control plane here: call a method, take
/// [`poll_action`](Self::poll_action) until it is `None`, come back at
/// [`next_deadline`](Self::next_deadline). One owner; requests that find room
/// at once may go to the region beside it, from any thread, as long as
/// [`is_empty`](Self::is_empty): else they would overtake those that wait.
///
/// # What is chosen
///
/// * What waits: every refusal that may end by itself, of concurrency, rates,
///   instances and room. A handle that names nothing is refused at once.
/// * The oldest is looked at when something ends, and else every 100 ms, or when
///   the scaling rate says that the next instance may start. Each look that is
///   refused counts among the function's refusals.
/// * A function stopped by a reservation of 0 keeps its requests waiting until
///   their time is over: the reservation may be raised.
///
/// ```
/// use warmstow_core::function::{
///     Backlog, BacklogAction, BacklogConfig, FunctionSpec, Offered, Region, RegionConfig, Target,
/// };
/// use warmstow_core::time::Instant;
///
/// let config = RegionConfig { account_limit: 1, unreserved_minimum: 0, ..RegionConfig::default() };
/// let (region, mut control) = Region::new(config)?;
/// let resize = control.add_function("resize", FunctionSpec::of_memory(512))?;
/// let to = Target::Function(resize);
/// let mut backlog = Backlog::new(region.clone(), to, BacklogConfig::knative(1))?;
///
/// let at = Instant::from_secs;
/// let Offered::Admitted(first) = backlog.offer(at(0), 1)? else { panic!("there is room") };
/// assert_eq!(backlog.offer(at(1), 2)?, Offered::Waits { ahead: 0 });
///
/// region.started(at(2), &first.lease)?;
/// region.complete(at(3), first.lease)?;
/// backlog.handle_freed(at(3));
/// let Some(BacklogAction::Run { request: 2, .. }) = backlog.poll_action() else { panic!() };
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Backlog {
    region: Arc<Region>,
    target: Target,
    config: BacklogConfig,
    /// When each came and its number, the oldest first.
    waiting: VecDeque<(Instant, u64)>,
    actions: VecDeque<BacklogAction>,
    /// When the oldest is looked at again.
    look_at: Option<Instant>,
    now: Instant,
    counts: BacklogCounts,
}

impl Backlog {
    /// A backlog in which nothing waits.
    ///
    /// # Errors
    ///
    /// A value of `config` out of range.
    pub fn new(
        region: Arc<Region>,
        target: Target,
        config: BacklogConfig,
    ) -> Result<Self, BacklogConfigError> {
        config.check()?;
        Ok(Self {
            region,
            target,
            config,
            waiting: VecDeque::new(),
            actions: VecDeque::new(),
            look_at: None,
            now: Instant::ZERO,
            counts: BacklogCounts::default(),
        })
    }

    /// Changes how it behaves. Those that wait do so on the new terms; those that
    /// are more than the new capacity are let stay.
    ///
    /// # Errors
    ///
    /// A value of `config` out of range.
    pub fn set_config(
        &mut self,
        now: Instant,
        config: BacklogConfig,
    ) -> Result<(), BacklogConfigError> {
        config.check()?;
        self.config = config;
        self.handle_time(now);
        Ok(())
    }

    /// How it behaves.
    pub const fn config(&self) -> &BacklogConfig {
        &self.config
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// What it has seen.
    pub const fn counts(&self) -> &BacklogCounts {
        &self.counts
    }

    /// How long the oldest has waited.
    pub fn oldest_wait(&self, now: Instant) -> Option<Duration> {
        self.waiting.front().map(|(came, _)| now.since(*came))
    }

    /// Admits a request, or lets it wait behind those that do. `request` is the
    /// host's own number for it. What is due by `now` happens first.
    /// As [`Region::invoke`], plus O(1) amortised.
    ///
    /// # Errors
    ///
    /// As many wait as may, or waiting would not help.
    pub fn offer(&mut self, now: Instant, request: u64) -> Result<Offered, OfferError> {
        self.handle_time(now);
        self.counts.offered += 1;
        if self.waiting.is_empty() {
            match self.invoke(request) {
                Ok(invocation) => {
                    self.counts.admitted += 1;
                    return Ok(Offered::Admitted(invocation));
                }
                Err(error) if !may_pass(&error) => {
                    self.counts.refused += 1;
                    return Err(OfferError::Refused(error));
                }
                Err(error) => self.look_after(&error),
            }
        }
        let capacity = self.config.capacity;
        if self.waiting.len() >= capacity as usize {
            if self.config.overflow == Overflow::Refuse {
                self.counts.refused += 1;
                return Err(OfferError::Full { capacity });
            }
            if let Some(oldest) = self.waiting.pop_front() {
                self.counts.pushed_out += 1;
                self.drop_request(oldest, Dropped::PushedOut);
            }
        }
        // At most MAX_BACKLOG wait.
        let ahead = u32::try_from(self.waiting.len()).unwrap_or(u32::MAX);
        self.waiting.push_back((self.now, request));
        Ok(Offered::Waits { ahead })
    }

    /// Something may be free: a request ended, an instance stopped, a limit was
    /// raised. Those that wait are admitted, oldest first, until one is refused.
    /// O(admitted), each as [`Region::invoke`].
    pub fn handle_freed(&mut self, now: Instant) {
        self.expire(now);
        self.look_at = None;
        while let Some(&(came, request)) = self.waiting.front() {
            let waited = self.now.since(came);
            match self.invoke(request) {
                Ok(invocation) => {
                    self.counts.waited += 1;
                    self.actions.push_back(BacklogAction::Run { request, waited, invocation });
                }
                Err(error) if may_pass(&error) => {
                    self.look_after(&error);
                    return;
                }
                Err(error) => {
                    self.counts.gone += 1;
                    self.drop_request((came, request), Dropped::Refused(error));
                }
            }
            self.waiting.pop_front();
        }
    }

    /// Takes back a request that waits, such as one whose client has gone; whether
    /// it did. O(waiting).
    pub fn withdraw(&mut self, request: u64) -> bool {
        let at = self.waiting.iter().position(|(_, waiting)| *waiting == request);
        let found = at.and_then(|at| self.waiting.remove(at)).is_some();
        self.counts.offered -= u64::from(found);
        found
    }

    /// Lets everything happen that is due by `now`: those that waited too long are
    /// dropped, and the oldest is looked at again.
    pub fn handle_time(&mut self, now: Instant) {
        self.expire(now);
        if self.look_at.is_some_and(|at| at <= self.now) {
            self.handle_freed(now);
        }
    }

    /// The next thing to do.
    pub fn poll_action(&mut self) -> Option<BacklogAction> {
        self.actions.pop_front()
    }

    /// When [`handle_time`](Self::handle_time) is due at the latest; `None`: none
    /// waits.
    pub fn next_deadline(&self) -> Option<Instant> {
        let (came, _) = self.waiting.front()?;
        let expires = came.after(self.config.max_wait);
        Some(self.look_at.map_or(expires, |look| look.min(expires)))
    }

    fn invoke(&self, request: u64) -> Result<Invocation, InvokeError> {
        match self.target {
            Target::Function(of) => self.region.invoke_version(self.now, of, Lane::FIRST),
            Target::Alias(of) => self.region.invoke_alias(self.now, of, request, Lane::FIRST),
        }
    }

    fn look_after(&mut self, error: &InvokeError) {
        let after = match error {
            InvokeError::ScalingRate { retry_after, .. } => (*retry_after).max(SOON),
            _ => LOOK,
        };
        self.look_at = Some(self.now.after(after));
    }

    fn expire(&mut self, now: Instant) {
        self.now = self.now.max(now);
        while let Some(&(came, request)) = self.waiting.front()
            && came.after(self.config.max_wait) <= self.now
        {
            self.waiting.pop_front();
            self.counts.too_late += 1;
            self.drop_request((came, request), Dropped::TooLate);
        }
    }

    fn drop_request(&mut self, (came, request): (Instant, u64), why: Dropped) {
        let waited = self.now.since(came);
        self.actions.push_back(BacklogAction::Drop { request, waited, why });
    }
}

/// Whether a refusal may end by itself.
const fn may_pass(error: &InvokeError) -> bool {
    !matches!(error, InvokeError::UnknownFunction(_) | InvokeError::UnknownAlias { .. })
}
