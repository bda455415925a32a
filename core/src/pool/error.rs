//! Why a seat or an instance is refused.

use core::fmt;

use crate::id::SlotId;

/// Why a seat cannot be used. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SeatError {
    /// The seat was given back before, or is not held in this pool. (A seat
    /// of another pool that is held there under the same number here cannot be
    /// told apart: the region's leases name their function.)
    Stale,
    /// The instance has not started: call `started` first, or fail it.
    NotStarted,
    /// `started` was called before for this instance.
    AlreadyStarted,
}

impl fmt::Display for SeatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stale => "stale lease: it was given back before, or is not of this pool",
            Self::NotStarted => "the instance has not reported that it started",
            Self::AlreadyStarted => "the instance has reported before that it started",
        })
    }
}

impl core::error::Error for SeatError {}

/// Why an instance cannot be acted on. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SlotError {
    /// The instance has stopped, or is not of this pool.
    Stale {
        /// The handle.
        slot: SlotId,
    },
    /// `stopped` was reported for an instance that was not told to stop.
    NotStopping {
        /// The handle.
        slot: SlotId,
    },
}

impl fmt::Display for SlotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stale { slot } => {
                write!(
                    f,
                    "stale instance {slot}: it was told to stop, has stopped, or is not of this pool"
                )
            }
            Self::NotStopping { slot } => {
                write!(f, "instance {slot} was not told to stop, so it cannot have stopped")
            }
        }
    }
}

impl core::error::Error for SlotError {}
