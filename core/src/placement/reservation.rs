//! Room that one instance holds on one node.

use core::fmt;

use super::word::MAX_INSTANCES;
use crate::id::NodeId;
use crate::resources::{Resource, Resources};

/// Room held on a node until it is given to
/// [`Fleet::release`](super::Fleet::release).
///
/// Neither copied nor cloned, so that room is given back once. Dropping one
/// does not give the room back: only the host knows when the instance has
/// stopped. A host that keeps the parts elsewhere takes the reservation apart
/// and puts it together again when the instance has stopped.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "the room stays taken until the reservation is released"]
pub struct Reservation {
    node: NodeId,
    resources: Resources,
}

impl Reservation {
    /// Puts a reservation together from what [`Reservation::into_parts`] gave.
    ///
    /// Use each pair once: a second one gives back what another instance
    /// holds. [`Fleet::release`](super::Fleet::release) refuses what the
    /// node's instances cannot hold, but cannot tell them apart.
    pub const fn from_parts(node: NodeId, resources: Resources) -> Self {
        Self { node, resources }
    }

    /// Takes the reservation apart; the room stays taken.
    pub const fn into_parts(self) -> (NodeId, Resources) {
        (self.node, self.resources)
    }

    /// The node.
    pub const fn node(&self) -> NodeId {
        self.node
    }

    /// What is held of it.
    pub const fn resources(&self) -> Resources {
        self.resources
    }
}

/// Why a named node gave no room; nothing was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReserveError {
    /// No node of this fleet has that handle.
    Stale(NodeId),
    /// The node has too little left of a resource: CPU where both are short.
    Short {
        /// The resource.
        resource: Resource,
        /// What was left of it.
        free: u32,
        /// What was asked for.
        needed: u32,
    },
    /// The node holds [`MAX_INSTANCES`] instances.
    Full,
}

impl fmt::Display for ReserveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Stale(node) => write!(f, "node {node} is not of this fleet"),
            Self::Short { resource, free, needed } => {
                write!(f, "{}: {needed} {resource} needed, {free} free", resource.reason())
            }
            Self::Full => write!(f, "the node holds {MAX_INSTANCES} instances, the most it can"),
        }
    }
}

impl core::error::Error for ReserveError {}

/// Why room was not given back; the fleet is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReleaseError {
    /// No node of this fleet has that handle.
    Stale(NodeId),
    /// The node's instances do not hold that much: given back before, or not
    /// from this fleet.
    NotHeld {
        /// The node.
        node: NodeId,
    },
}

impl fmt::Display for ReleaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Stale(node) => write!(f, "node {node} is not of this fleet"),
            Self::NotHeld { node } => {
                write!(f, "more given back than the instances on node {node} hold")
            }
        }
    }
}

impl core::error::Error for ReleaseError {}

// Data-plane errors stay in two registers.
const _: () = assert!(size_of::<ReserveError>() <= 16 && size_of::<ReleaseError>() <= 16);
