//! The rates of a region: how fast requests may come and instances be started.
//!
//! | what | against | asked | reason of a refusal |
//! |---|---|---|---|
//! | requests of all functions | so many times the account's limit, a second | each request, but for `Region::invoke_unmetered` | `FunctionInvocationRateLimitExceeded` |
//! | requests of a reserved function | so many times its reservation, a second | each of its requests, first | `ReservedFunctionInvocationRateLimitExceeded` |
//! | new instances | a [`ScalingRate`] | each cold start, last | [`InvokeError::ScalingRate`] |
//!
//! AWS's factor is 10 (Lambda Developer Guide, "Lambda quotas" and
//! "Understanding Lambda function scaling"). All are off unless set; then a
//! warm request looks at nothing but a setting that never changes.
//!
//! # What AWS does not say
//!
//! * A request counts against a rate when it is asked, whatever becomes of it
//!   then: one that is throttled for want of concurrency has spent its token,
//!   and one that the account's rate refuses has spent its function's.
//! * A second's worth may come at once.
//! * A reservation of 0 stops its function for want of concurrency, before any
//!   rate is asked.
//! * Which of its six reasons a refusal by the scaling rate carries: those of
//!   a rate, as it is one (of the function, reserved or not): a reason of
//!   concurrency would tell its reader to raise a limit that is not reached.
//!   Counts and reports keep it apart (`ScalingRateExceeded`).
//! * A cold start that is refused for want of a free instance or of room has
//!   spent no token.

use core::fmt;
use core::str::FromStr;

use super::InvokeError;
#[cfg(feature = "alloc")]
use crate::concurrency::ThrottleReason;
use crate::concurrency::{Rate, RateError, TokenBucket};
use crate::time::{Duration, Instant};

/// How fast instances may be started for requests.
///
/// Only a cold start spends a token. Instances that are started ahead of
/// requests have a pace of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ScalingRate {
    /// As fast as requests come.
    #[default]
    Unlimited,
    /// Each function at this rate, whatever the others do:
    /// [`Rate::LAMBDA_SCALING`].
    EachFunction(Rate),
    /// All functions together: [`Rate::lambda_scaling_2019`].
    Together(Rate),
}

impl ScalingRate {
    /// AWS Lambda's since November 2023.
    pub const LAMBDA: Self = Self::EachFunction(Rate::LAMBDA_SCALING);

    #[cfg(feature = "alloc")]
    /// Of each function, where it has one of its own.
    pub(super) const fn of_each(self) -> Option<Rate> {
        match self {
            Self::EachFunction(rate) => Some(rate),
            _ => None,
        }
    }

    #[cfg(feature = "alloc")]
    /// Of all together.
    pub(super) const fn of_all(self) -> Option<Rate> {
        match self {
            Self::Together(rate) => Some(rate),
            _ => None,
        }
    }

    pub(super) const fn check(self) -> Result<(), RateError> {
        match self {
            Self::Unlimited => Ok(()),
            Self::EachFunction(rate) | Self::Together(rate) => rate.check(),
        }
    }
}

/// The text is no [`ScalingRate`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseScalingRateError {
    /// It has none of the forms.
    Form,
    /// Its numbers are out of range.
    Rate(RateError),
}

impl fmt::Display for ParseScalingRateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form => f.write_str(
                "a scaling rate is `unlimited`, `lambda`, `lambda-2019:BURST`, or \
                 `function:COUNT/SECONDS` or `region:COUNT/SECONDS`, each with `:BURST` or without",
            ),
            Self::Rate(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for ParseScalingRateError {}

impl fmt::Display for ScalingRate {
    /// The text that [`FromStr`] reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, rate) = match self {
            Self::Unlimited => return f.write_str("unlimited"),
            Self::EachFunction(rate) => ("function", rate),
            Self::Together(rate) => ("region", rate),
        };
        write!(f, "{kind}:{}/{}:{}", rate.count, rate.per.as_secs_f64(), rate.burst)
    }
}

impl FromStr for ScalingRate {
    type Err = ParseScalingRateError;

    /// `unlimited`; `lambda`; `lambda-2019:3000`; `function:1000/10` (a thousand
    /// every 10 s for each function, and as many at once) or with another burst
    /// `function:1000/10:500`; the same with `region` for all together. The
    /// seconds may have an `s` behind them.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form = ParseScalingRateError::Form;
        let number = |text: &str| text.parse::<u32>().map_err(|_| form);
        let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
        let parsed = match (kind, rest) {
            ("unlimited", "") => Self::Unlimited,
            ("lambda", "") => Self::LAMBDA,
            ("lambda-2019", burst) => Self::Together(Rate::lambda_scaling_2019(number(burst)?)),
            ("function" | "region", rest) => {
                let (rate, burst) = rest.split_once(':').unwrap_or((rest, ""));
                let (count, seconds) = rate.split_once('/').ok_or(form)?;
                let seconds = seconds.strip_suffix('s').unwrap_or(seconds);
                let seconds: f64 = seconds.parse().map_err(|_| form)?;
                let count = number(count)?;
                let burst = if burst.is_empty() { count } else { number(burst)? };
                let rate = Rate { count, per: Duration::from_secs_f64(seconds), burst };
                if kind == "region" { Self::Together(rate) } else { Self::EachFunction(rate) }
            }
            _ => return Err(form),
        };
        parsed.check().map_err(ParseScalingRateError::Rate)?;
        Ok(parsed)
    }
}

/// The buckets of a function, or of all functions together.
#[derive(Debug)]
pub(super) struct Buckets {
    #[cfg(feature = "alloc")]
    pub(super) requests: TokenBucket,
    pub(super) starts: TokenBucket,
}

impl Buckets {
    pub(super) fn unlimited() -> Self {
        Self {
            #[cfg(feature = "alloc")]
            requests: TokenBucket::unlimited(),
            starts: TokenBucket::unlimited(),
        }
    }

    #[cfg(feature = "alloc")]
    /// Sets how often requests may come: `factor` times a concurrency of
    /// `limit`, a second. A limit of 0 admits none anyway.
    pub(super) fn set_requests(&self, factor: u32, limit: u32) {
        let rate = Rate::per_second(u64::from(factor) * u64::from(limit));
        let set = self.requests.set(rate);
        debug_assert!(set.is_ok(), "a rate by the second is in range");
    }
}

#[cfg(feature = "sim")]
impl super::Region {
    /// How long from `now` until one more request of a function may come, or of all
    /// together; `None`: it may now.
    pub(crate) fn requests_wait(
        &self,
        now: Instant,
        function: Option<crate::id::FunctionId>,
    ) -> Option<Duration> {
        let requests = match function {
            Some(function) => &self.function(function).ok()?.quota.buckets.requests,
            None => &self.buckets.requests,
        };
        requests.look(now).err()
    }
}

/// Whether a start at `now` would be too early.
pub(super) fn look(starts: &TokenBucket, now: Instant, reserved: bool) -> Result<(), InvokeError> {
    starts.look(now).map_err(|retry_after| InvokeError::ScalingRate { reserved, retry_after })
}

/// Takes a start's token.
pub(super) fn take(starts: &TokenBucket, now: Instant, reserved: bool) -> Result<(), InvokeError> {
    starts.take(now).map_err(|retry_after| InvokeError::ScalingRate { reserved, retry_after })
}

#[cfg(feature = "alloc")]
/// Asks for a request of a function, its own rate first.
pub(super) fn request(
    own: &TokenBucket,
    account: &TokenBucket,
    now: Instant,
) -> Result<(), ThrottleReason> {
    own.take(now).map_err(|_| ThrottleReason::ReservedFunctionInvocationRateLimitExceeded)?;
    account.take(now).map_err(|_| ThrottleReason::FunctionInvocationRateLimitExceeded)
}
