//! How often something may happen: a token bucket in one word.
//!
//! # Protocol
//!
//! The bucket holds up to `burst` tokens and gains one each `interval`. Its
//! word is neither a count nor a time of the last look but the *time at which
//! it will be full again* (the generic cell rate algorithm, ITU-T I.371, which
//! calls it the theoretical arrival time), in nanoseconds:
//!
//! ```text
//!   tokens(now) = burst                                  if full_at <= now
//!                 burst - ceil((full_at - now) / interval)  else, at least 0
//!
//!   take(now)   1  read full_at
//!               2  refuse if full_at > now + (burst - 1) * interval
//!               3  compare-exchange full_at by max(full_at, now) + interval;
//!                  if it changed meanwhile, again from 2
//! ```
//!
//! No other step writes the word. A full bucket gains nothing (`max`), so what
//! is not used is not saved up.
//!
//! # What holds
//!
//! 1. *Never too often.* Say takes at times t1 <= t2 <= ... succeed, in the
//!    word's order. Each raises `full_at` by an interval at least, and the k-th
//!    after one at t leaves it at `t + k * interval` at least; step 2 holds it
//!    to `now + burst * interval` at most. So in any time of length d at most
//!    `burst + d / interval` succeed. There is no window at whose edge twice as
//!    many could.
//! 2. *Refused only if no token is there.* The word that step 2 read is the
//!    whole state, and it was the state at that instant.
//! 3. *Time that goes back gains nothing.* `full_at` never falls. A take whose
//!    time is before another's finds the tokens that there are at its own time,
//!    with what was taken since already gone: it can be refused, by the
//!    difference of the two clocks, and can never be admitted too much. So two
//!    threads whose clocks differ by a microsecond lose a microsecond's tokens.
//!
//! # Settings
//!
//! `interval` and `tolerance`, (burst - 1) * interval, are words of their own,
//! written by one owner. A take may read one from before a change and one from
//! after it; what that admits, one of the two settings or a bucket of the two
//! mixed would have. Time until full is kept over a change, not tokens: half a
//! bucket stays half a bucket where the burst is so many intervals' worth
//! of one time, as that of requests is.
//!
//! # Whole nanoseconds
//!
//! The interval is `per / count` rounded up, so that the rate is never above
//! what was asked for. It is exact where `count` divides `per` in nanoseconds,
//! as in AWS's own rates; else slower by less than one part in `interval`.
//!
//! # Orderings, progress, bounds
//!
//! Relaxed throughout: a token hands nothing over, and one word's
//! modification order is all that 1 and 2 rest on. Lock-free: step 3 repeats
//! only because another take succeeded. The word is a time, so it wraps after
//! 584 years; a take that would pass the end of time is refused.

use core::fmt;

use crate::sync::{AtomicU64, Ordering};
use crate::time::{Duration, Instant};

// Not the facade's hint; `concurrency/parking.rs` says why.
use core::hint::spin_loop;

/// So many in each period, and at most so many at once after a rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Rate {
    /// How many in each period, 1 to as many as it has nanoseconds.
    pub count: u32,
    /// The period.
    pub per: Duration,
    /// The most at once: what a bucket that has rested holds. 1 or more.
    pub burst: u32,
}

impl Rate {
    /// AWS Lambda's scaling rate of each function: 1,000 new execution
    /// environments every 10 s, refilled continuously, never more than 1,000
    /// saved up (Lambda Developer Guide, "Understanding Lambda function
    /// scaling").
    pub const LAMBDA_SCALING: Self =
        Self { count: 1_000, per: Duration::from_secs(10), burst: 1_000 };

    /// AWS Lambda's scaling rate of a whole region until late 2023: an initial
    /// burst, then 500 more each minute (Lambda Developer Guide of 2019 to
    /// 2022, "Lambda function scaling"). `burst` was 3,000 (US West, US East 1,
    /// Europe West), 1,000 (Tokyo, Frankfurt, US East 2) or 500.
    ///
    /// Taken as a bucket: the guide does not say how the burst comes back.
    pub const fn lambda_scaling_2019(burst: u32) -> Self {
        Self { count: 500, per: Duration::from_secs(60), burst }
    }

    /// `count` a second, and a second's worth at once; above 10^9 that many.
    /// `None` for 0.
    pub fn per_second(count: u64) -> Option<Self> {
        let count = u32::try_from(count.min(1_000_000_000)).unwrap_or(u32::MAX);
        let per = Duration::from_secs(1);
        (count > 0).then_some(Self { count, per, burst: count })
    }

    /// Checks the ranges.
    ///
    /// # Errors
    ///
    /// Which of the three is out of range.
    pub const fn check(&self) -> Result<(), RateError> {
        let nanos = self.per.as_nanos();
        if self.count == 0 || self.count as u64 > nanos {
            return Err(RateError::Count { count: self.count, per: self.per });
        }
        if self.burst == 0 || self.interval().checked_mul(self.burst as u64).is_none() {
            return Err(RateError::Burst { burst: self.burst });
        }
        Ok(())
    }

    /// Nanoseconds from one to the next.
    const fn interval(&self) -> u64 {
        self.per.as_nanos().div_ceil(self.count as u64)
    }
}

/// Why a [`Rate`] is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RateError {
    /// The count is 0, or above one a nanosecond.
    Count {
        /// The count.
        count: u32,
        /// Its period.
        per: Duration,
    },
    /// The burst is 0, or takes longer to refill than time lasts.
    Burst {
        /// The burst.
        burst: u32,
    },
}

impl fmt::Display for RateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Count { count, per } => {
                write!(f, "a rate of {count} in {per}: it must be 1 to one a nanosecond")
            }
            Self::Burst { burst } => {
                write!(f, "a burst of {burst}: it must be 1 or more, refilled within 584 years")
            }
        }
    }
}

impl core::error::Error for RateError {}

/// A rate that is kept: tokens taken by any thread, refilled by time.
///
/// A new bucket is full. Every method takes `&self`, may be called from any
/// thread and never blocks. 24 bytes; one that is used often belongs in a cache
/// line of its own.
///
/// ```
/// use warmstow_core::concurrency::{Rate, TokenBucket};
/// use warmstow_core::time::{Duration, Instant};
///
/// let bucket = TokenBucket::new(Rate { count: 10, per: Duration::from_secs(1), burst: 2 })?;
/// let at = Instant::from_nanos;
/// assert_eq!([bucket.take(at(0)), bucket.take(at(0))], [Ok(()); 2]);
/// // The next token comes 100 ms after the first was taken.
/// assert_eq!(bucket.take(at(40_000_000)), Err(Duration::from_millis(60)));
/// assert_eq!(bucket.take(at(100_000_000)), Ok(()));
/// # Ok::<(), warmstow_core::concurrency::RateError>(())
/// ```
pub struct TokenBucket {
    pub(super) full_at: AtomicU64,
    /// 0: no limit.
    interval: AtomicU64,
    tolerance: AtomicU64,
}

impl TokenBucket {
    /// A full bucket.
    ///
    /// # Errors
    ///
    /// What of `rate` is out of range.
    pub fn new(rate: Rate) -> Result<Self, RateError> {
        let bucket = Self::unlimited();
        bucket.set(Some(rate))?;
        Ok(bucket)
    }

    /// A bucket that always has a token, until a rate is set.
    pub fn unlimited() -> Self {
        let zero = || AtomicU64::new(0);
        Self { full_at: zero(), interval: zero(), tolerance: zero() }
    }

    /// Sets the rate; `None`: no limit. The time until the bucket is full stays
    /// what it is. For one owner at a time.
    ///
    /// # Errors
    ///
    /// What of `rate` is out of range; then it is as it was.
    pub fn set(&self, rate: Option<Rate>) -> Result<(), RateError> {
        let (interval, tolerance) = match rate {
            None => (0, 0),
            Some(rate) => {
                rate.check()?;
                let interval = rate.interval();
                (interval, interval.saturating_mul(u64::from(rate.burst) - 1))
            }
        };
        // ORDERING: Relaxed, both: settings that publish nothing; see above.
        self.tolerance.store(tolerance, Ordering::Relaxed);
        // ORDERING: Relaxed: as above.
        self.interval.store(interval, Ordering::Relaxed);
        Ok(())
    }

    /// Takes a token. One load, and one compare-exchange if it succeeds; one
    /// load where there is no limit.
    ///
    /// # Errors
    ///
    /// There is none at `now`; the time until there is, if nobody takes it.
    #[inline]
    pub fn take(&self, now: Instant) -> Result<(), Duration> {
        let interval = self.interval();
        if interval == 0 {
            return Ok(());
        }
        let latest = self.latest(now);
        let mut seen = self.seen();
        loop {
            if seen > latest {
                return Err(Duration::from_nanos(seen - latest));
            }
            let Some(after) = seen.max(now.as_nanos()).checked_add(interval) else {
                return Err(Duration::MAX);
            };
            // ORDERING: Relaxed: hands nothing over; see the protocol.
            match self.full_at.compare_exchange_weak(
                seen,
                after,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Ok(()),
                Err(now) => seen = now,
            }
            spin_loop();
        }
    }

    /// Whether there is a token at `now`: what [`take`](Self::take) would
    /// answer, without taking it. Two or three loads.
    ///
    /// # Errors
    ///
    /// The time until there is one.
    #[inline]
    pub fn look(&self, now: Instant) -> Result<(), Duration> {
        match self.interval() {
            0 => Ok(()),
            _ => match self.seen().checked_sub(self.latest(now)) {
                None | Some(0) => Ok(()),
                Some(wait) => Err(Duration::from_nanos(wait)),
            },
        }
    }

    /// The tokens at `now`; `None` where there is no limit. A moment's view.
    pub fn tokens(&self, now: Instant) -> Option<u64> {
        let interval = self.interval();
        if interval == 0 {
            return None;
        }
        // ORDERING: Relaxed: a setting that publishes nothing.
        let burst = self.tolerance.load(Ordering::Relaxed) / interval + 1;
        let missing = self.seen().saturating_sub(now.as_nanos()).div_ceil(interval);
        Some(burst.saturating_sub(missing))
    }

    #[inline]
    fn interval(&self) -> u64 {
        // ORDERING: Relaxed: a setting that publishes nothing.
        self.interval.load(Ordering::Relaxed)
    }

    #[inline]
    fn seen(&self) -> u64 {
        // ORDERING: Relaxed: the whole state, whenever it was read.
        self.full_at.load(Ordering::Relaxed)
    }

    /// The latest time of being full at which there is a token at `now`.
    #[inline]
    fn latest(&self, now: Instant) -> u64 {
        // ORDERING: Relaxed: a setting that publishes nothing.
        now.as_nanos().saturating_add(self.tolerance.load(Ordering::Relaxed))
    }
}

impl fmt::Debug for TokenBucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenBucket")
            .field("full_at", &Instant::from_nanos(self.seen()))
            .field("interval", &Duration::from_nanos(self.interval()))
            .finish_non_exhaustive()
    }
}
