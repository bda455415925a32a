//! Why a request was refused, in AWS's words.

use core::fmt;

/// The reason of a refusal: AWS Lambda's `ThrottleReason`, all six of it
/// (botocore, `lambda/2015-03-31`, shape `ThrottleReason`).
///
/// AWS answers such a request with 429 `TooManyRequestsException`. Admission
/// by concurrency gives the first two; the others belong to rates.
///
/// ```
/// use warmstow_core::concurrency::ThrottleReason;
///
/// let reason = ThrottleReason::ConcurrentInvocationLimitExceeded;
/// assert_eq!(reason.as_str(), "ConcurrentInvocationLimitExceeded");
/// assert_eq!(ThrottleReason::ALL[reason.index()], reason);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ThrottleReason {
    /// The account's unreserved concurrency is all in use.
    ConcurrentInvocationLimitExceeded,
    /// The function's reserved concurrency is all in use, or is 0.
    ReservedFunctionConcurrentInvocationLimitExceeded,
    /// The account's requests per second, met by an unreserved function.
    FunctionInvocationRateLimitExceeded,
    /// The requests per second of a function with reserved concurrency.
    ReservedFunctionInvocationRateLimitExceeded,
    /// The caller's own request rate.
    CallerRateLimitExceeded,
    /// Too many snapshots (SnapStart) are being created at once.
    ConcurrentSnapshotCreateLimitExceeded,
}

impl ThrottleReason {
    /// Every reason, in the order of [`index`](Self::index).
    pub const ALL: [Self; 6] = [
        Self::ConcurrentInvocationLimitExceeded,
        Self::ReservedFunctionConcurrentInvocationLimitExceeded,
        Self::FunctionInvocationRateLimitExceeded,
        Self::ReservedFunctionInvocationRateLimitExceeded,
        Self::CallerRateLimitExceeded,
        Self::ConcurrentSnapshotCreateLimitExceeded,
    ];

    /// The position in [`ALL`](Self::ALL), from 0 to 5. It never changes.
    #[inline]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// AWS's exact name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ConcurrentInvocationLimitExceeded => "ConcurrentInvocationLimitExceeded",
            Self::ReservedFunctionConcurrentInvocationLimitExceeded => {
                "ReservedFunctionConcurrentInvocationLimitExceeded"
            }
            Self::FunctionInvocationRateLimitExceeded => "FunctionInvocationRateLimitExceeded",
            Self::ReservedFunctionInvocationRateLimitExceeded => {
                "ReservedFunctionInvocationRateLimitExceeded"
            }
            Self::CallerRateLimitExceeded => "CallerRateLimitExceeded",
            Self::ConcurrentSnapshotCreateLimitExceeded => "ConcurrentSnapshotCreateLimitExceeded",
        }
    }
}

impl fmt::Display for ThrottleReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl core::error::Error for ThrottleReason {}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn each_reason_stands_at_its_index_under_its_own_name() {
        for (index, reason) in ThrottleReason::ALL.into_iter().enumerate() {
            assert_eq!(reason.index(), index);
            assert_eq!(std::format!("{reason}"), std::format!("{reason:?}"));
        }
    }
}
