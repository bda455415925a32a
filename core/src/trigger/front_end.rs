//! An API front end: so many requests a second, whatever the functions behind it
//! could do.
//!
//! Amazon API Gateway's throttling is such a token bucket, for an account in a
//! region, a stage or a route: it answers 429 by itself, before the function is
//! asked (API Gateway Developer Guide, "Throttle requests to your REST APIs").

use core::fmt;

use crate::concurrency::{Rate, RateError, TokenBucket};
use crate::time::{Duration, Instant};

/// The front end answers 429: the function was not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateExceeded {
    /// When the next request may pass, if no other takes its token.
    pub retry_after: Duration,
}

impl fmt::Display for RateExceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "429 Too Many Requests: the next one in {}", self.retry_after)
    }
}

impl core::error::Error for RateExceeded {}

/// A front end with a rate of its own. Lock-free; any thread.
///
/// ```
/// use warmstow_core::concurrency::Rate;
/// use warmstow_core::time::{Duration, Instant};
/// use warmstow_core::trigger::FrontEnd;
///
/// let two_a_second = Rate { count: 2, per: Duration::from_secs(1), burst: 1 };
/// let door = FrontEnd::new(two_a_second)?;
/// let at = |millis| Instant::ZERO.after(Duration::from_millis(millis));
/// assert!(door.admit(at(0)).is_ok());
/// let refused = door.admit(at(100)).unwrap_err();
/// assert_eq!(refused.retry_after, Duration::from_millis(400));
/// assert!(door.admit(at(500)).is_ok());
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct FrontEnd {
    bucket: TokenBucket,
}

impl FrontEnd {
    /// API Gateway's default for an account in most regions: 10,000 requests a
    /// second, and a burst of 5,000.
    pub const API_GATEWAY: Rate = Rate { count: 10_000, per: Duration::from_secs(1), burst: 5_000 };

    /// A front end of that rate.
    ///
    /// # Errors
    ///
    /// The rate is none.
    pub fn new(rate: Rate) -> Result<Self, RateError> {
        Ok(Self { bucket: TokenBucket::new(rate)? })
    }

    /// Changes the rate, for all threads at once.
    ///
    /// # Errors
    ///
    /// The rate is none; the one before stays.
    pub fn set_rate(&self, rate: Rate) -> Result<(), RateError> {
        self.bucket.set(Some(rate))
    }

    /// Lets a request pass to the function, or not. O(1).
    ///
    /// # Errors
    ///
    /// Too many came before it.
    pub fn admit(&self, now: Instant) -> Result<(), RateExceeded> {
        self.bucket.take(now).map_err(|retry_after| RateExceeded { retry_after })
    }
}
