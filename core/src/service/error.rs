//! Why a call on a service is refused. Nothing has changed then.

use core::fmt;

use super::observed::{OrderKey, TaskKey};

/// An answer that nobody asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownOrder {
    /// The order.
    pub order: OrderKey,
}

impl fmt::Display for UnknownOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "order {} was never given, or was answered before", self.order)
    }
}

impl core::error::Error for UnknownOrder {}

/// A task that is none of the service's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownTask {
    /// The task.
    pub task: TaskKey,
}

impl fmt::Display for UnknownTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the service has no task {}", self.task)
    }
}

impl core::error::Error for UnknownTask {}

/// Why a service is not deleted. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeleteError {
    /// Without `force` a REPLICA service must be scaled to 0 first.
    ScaledAboveZero {
        /// Its desired count.
        desired: u32,
    },
    /// It was deleted before.
    NotActive,
}

impl fmt::Display for DeleteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ScaledAboveZero { desired } => write!(
                f,
                "the service cannot be stopped while it is scaled above 0: desiredCount is \
                 {desired}"
            ),
            Self::NotActive => f.write_str("the service is not active: it was deleted"),
        }
    }
}

impl core::error::Error for DeleteError {}
