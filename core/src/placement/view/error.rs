//! Why a call to a view is refused; the view is as it was.

use core::fmt;

use super::attributes::AttributeError;
use super::ports::MAX_PORTS;
use super::reason::{Reason, Unplaced};
use crate::placement::constraint::MAX_CONSTRAINTS;
use crate::resources::{Resource, Resources};

/// A handle that names nothing in this view, or nothing any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stale;

impl fmt::Display for Stale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the handle names nothing in this view, or nothing any more")
    }
}

impl core::error::Error for Stale {}

/// Why a node is not registered or changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NodeInfoError {
    /// No node of this view has that handle.
    Stale,
    /// Not `1..=`[`Resources::MAX`] of a resource.
    Amount {
        /// The resource.
        resource: Resource,
        /// The amount refused.
        amount: u32,
    },
    /// More than [`MAX_PORTS`] reserved ports.
    Ports {
        /// How many there are.
        ports: usize,
    },
    /// An attribute that is none.
    Attribute(AttributeError),
    /// The view has [`MAX_NODES`](super::MAX_NODES) nodes.
    Full,
    /// Less than its tasks hold.
    InUse(Reason),
}

impl fmt::Display for NodeInfoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stale => Stale.fmt(f),
            Self::Amount { resource, amount } => {
                write!(f, "a node of {amount} {resource}: 1 to {} are possible", Resources::MAX)
            }
            Self::Ports { ports } => write!(f, "{ports} reserved ports, {MAX_PORTS} at most"),
            Self::Attribute(error) => error.fmt(f),
            Self::Full => write!(f, "one node more than the {} of a view", super::MAX_NODES),
            Self::InUse(reason) => write!(f, "less than the tasks on the node hold: {reason}"),
        }
    }
}

impl core::error::Error for NodeInfoError {}

/// Why a request is not prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestError {
    /// More of a resource than [`Resources::MAX`].
    TooLarge {
        /// The resource.
        resource: Resource,
        /// The amount refused.
        amount: u32,
    },
    /// More than [`MAX_PORTS`] host ports.
    Ports {
        /// How many there are.
        ports: usize,
    },
    /// More than [`MAX_CONSTRAINTS`] constraints.
    Constraints {
        /// How many there are.
        constraints: usize,
    },
    /// A topology spread that allows no skew at all.
    MaxSkew {
        /// Which of the constraints.
        constraint: usize,
    },
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::TooLarge { resource, amount } => {
                write!(f, "a task of {amount} {resource}: at most {} is possible", Resources::MAX)
            }
            Self::Ports { ports } => write!(f, "{ports} host ports, {MAX_PORTS} at most"),
            Self::Constraints { constraints } => {
                write!(f, "{constraints} constraints, {MAX_CONSTRAINTS} at most")
            }
            Self::MaxSkew { constraint } => {
                write!(f, "constraint {constraint}: a skew of 0, 1 or more is possible")
            }
        }
    }
}

impl core::error::Error for RequestError {}

/// Why a named node gives no room; nothing was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CommitError {
    /// The request or the node is none of this view, or none any more.
    Stale,
    /// The node is short of something; the first such reason.
    Short(Reason),
}

impl fmt::Display for CommitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stale => Stale.fmt(f),
            Self::Short(reason) => reason.fmt(f),
        }
    }
}

impl core::error::Error for CommitError {}

/// Why no node is chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlaceError {
    /// The request is none of this view, or none any more.
    Stale,
    /// No node may take the task: each node's reasons.
    Unplaced(Unplaced),
}

impl PlaceError {
    /// Each node's reasons, where that is why.
    pub fn unplaced(&self) -> Option<&Unplaced> {
        match self {
            Self::Unplaced(unplaced) => Some(unplaced),
            Self::Stale => None,
        }
    }
}

impl fmt::Display for PlaceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stale => Stale.fmt(f),
            Self::Unplaced(unplaced) => unplaced.fmt(f),
        }
    }
}

impl core::error::Error for PlaceError {}
