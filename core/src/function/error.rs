//! Why a call on the data plane is refused.

use core::fmt;

use crate::concurrency::ThrottleReason;
use crate::id::{AliasId, FunctionId, InstanceId};
use crate::placement::Refusal;
use crate::pool::SeatError;
use crate::time::Duration;

/// A handle that names no function of this region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownFunction {
    /// The handle.
    pub function: FunctionId,
}

impl fmt::Display for UnknownFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is no function of this region", self.function)
    }
}

impl core::error::Error for UnknownFunction {}

/// Why an invocation is refused. It holds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvokeError {
    /// A handle of another region, or of none.
    UnknownFunction(UnknownFunction),
    /// An alias that was deleted, or is of another region.
    UnknownAlias {
        /// The handle.
        alias: AliasId,
    },
    /// A concurrency limit is reached; AWS Lambda answers 429
    /// `TooManyRequestsException` with this reason.
    Throttled(ThrottleReason),
    /// Every instance that the function may have serves as many requests as
    /// it can.
    InstanceLimit {
        /// The most instances of the function.
        max_instances: u32,
    },
    /// No instance is idle and the next one may not be started yet: see
    /// [`ScalingRate`](super::ScalingRate).
    ScalingRate {
        /// Whether the function has reserved concurrency.
        reserved: bool,
        /// When the next one may, if no other request takes it.
        retry_after: Duration,
    },
    /// No instance is idle and no node has room for another one.
    NoCapacity(Refusal),
}

impl InvokeError {
    /// The key of this refusal in counts and reports: AWS's throttle reason,
    /// `ScalingRateExceeded`, `InstanceLimitExceeded`, ECS's `RESOURCE:CPU` or `RESOURCE:MEMORY`,
    /// `UnknownFunction` or `UnknownAlias`.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::UnknownFunction(_) => "UnknownFunction",
            Self::UnknownAlias { .. } => "UnknownAlias",
            Self::Throttled(reason) => reason.as_str(),
            Self::InstanceLimit { .. } => "InstanceLimitExceeded",
            Self::ScalingRate { .. } => "ScalingRateExceeded",
            Self::NoCapacity(refusal) => refusal.resource.reason(),
        }
    }

    /// The reason that AWS Lambda's 429 `TooManyRequestsException` would carry
    /// for this refusal; `None` where Lambda has no such refusal.
    ///
    /// Which one a refusal by the scaling rate carries AWS does not say: here
    /// it is that of the function's invocation rate, reserved or not.
    pub const fn throttle_reason(&self) -> Option<ThrottleReason> {
        match self {
            Self::Throttled(reason) => Some(*reason),
            Self::ScalingRate { reserved: true, .. } => {
                Some(ThrottleReason::ReservedFunctionInvocationRateLimitExceeded)
            }
            Self::ScalingRate { reserved: false, .. } => {
                Some(ThrottleReason::FunctionInvocationRateLimitExceeded)
            }
            _ => None,
        }
    }
}

impl From<UnknownFunction> for InvokeError {
    fn from(error: UnknownFunction) -> Self {
        Self::UnknownFunction(error)
    }
}

impl fmt::Display for InvokeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownFunction(error) => error.fmt(f),
            Self::UnknownAlias { alias } => write!(f, "{alias} is no alias of this region"),
            Self::Throttled(reason) => write!(f, "throttled: {reason}"),
            Self::InstanceLimit { max_instances } => {
                write!(f, "all of the function's {max_instances} instances are busy")
            }
            Self::ScalingRate { retry_after, .. } => {
                write!(f, "instances are started too fast: the next one in {retry_after}")
            }
            Self::NoCapacity(refusal) => refusal.fmt(f),
        }
    }
}

impl core::error::Error for InvokeError {}

/// Why a lease cannot be used. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LeaseError {
    /// It was completed or failed before, or is of another region.
    Stale,
    /// `complete` before `started`.
    NotStarted,
    /// `started` for an instance that had reported it.
    AlreadyStarted,
}

impl From<SeatError> for LeaseError {
    fn from(error: SeatError) -> Self {
        match error {
            SeatError::Stale => Self::Stale,
            SeatError::NotStarted => Self::NotStarted,
            SeatError::AlreadyStarted => Self::AlreadyStarted,
        }
    }
}

impl fmt::Display for LeaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stale => {
                "stale lease: it was completed or failed before, or is of another region"
            }
            Self::NotStarted => "the instance has not reported that it started",
            Self::AlreadyStarted => "the instance has reported before that it started",
        })
    }
}

impl core::error::Error for LeaseError {}

/// Why an instance cannot be acted on. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InstanceError {
    /// It has stopped, or is of another region.
    Stale {
        /// The handle.
        instance: InstanceId,
    },
    /// `stopped` was reported for an instance that was not told to stop.
    NotStopping {
        /// The handle.
        instance: InstanceId,
    },
}

impl fmt::Display for InstanceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stale { instance } => {
                write!(
                    f,
                    "stale instance {instance}: it was told to stop, has stopped, or is of another \
                     region"
                )
            }
            Self::NotStopping { instance } => {
                write!(f, "instance {instance} was not told to stop, so it cannot have stopped")
            }
        }
    }
}

impl core::error::Error for InstanceError {}
