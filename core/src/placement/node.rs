//! What a host tells about a node, and what it can read of it later.

use core::fmt;

use crate::id::NodeId;
use crate::resources::{Resource, Resources};

/// Zones are numbered below this: `0..64`.
pub const MAX_ZONES: u8 = 64;

/// A node as it is registered: what it has, and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct NodeSpec {
    /// What instances can have of it: `1..=`[`Resources::MAX`] of each. Leave
    /// out what the system keeps for itself, as Amazon ECS does with
    /// `ECS_RESERVED_MEMORY`.
    pub resources: Resources,
    /// The host's number for the availability zone, below [`MAX_ZONES`].
    pub zone: u8,
}

impl NodeSpec {
    /// A node of `resources` in `zone`; checked by
    /// [`Fleet::add_node`](super::Fleet::add_node).
    pub const fn new(resources: Resources, zone: u8) -> Self {
        Self { resources, zone }
    }

    /// Whether the node can be registered. O(1).
    pub(super) fn check(self) -> Result<(), NodeError> {
        for resource in [Resource::Cpu, Resource::Memory] {
            let amount = self.resources.get(resource);
            if amount == 0 {
                return Err(NodeError::Zero { resource });
            }
            if amount > Resources::MAX {
                return Err(NodeError::TooLarge { resource, amount });
            }
        }
        if self.zone >= MAX_ZONES {
            return Err(NodeError::Zone { zone: self.zone });
        }
        Ok(())
    }
}

/// A node at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct NodeView {
    /// The node's handle.
    pub id: NodeId,
    /// As it was registered.
    pub spec: NodeSpec,
    /// What no instance holds of it.
    pub free: Resources,
    /// The instances that hold the rest, at most
    /// [`MAX_INSTANCES`](super::MAX_INSTANCES).
    pub instances: u32,
}

/// Why a node was not registered; the fleet is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NodeError {
    /// The node has nothing of a resource.
    Zero {
        /// The resource.
        resource: Resource,
    },
    /// The node has more of a resource than [`Resources::MAX`].
    TooLarge {
        /// The resource.
        resource: Resource,
        /// The amount refused.
        amount: u32,
    },
    /// The zone is not below [`MAX_ZONES`].
    Zone {
        /// The zone refused.
        zone: u8,
    },
    /// The fleet has as many nodes as it was made for.
    Full {
        /// That number.
        max_nodes: u32,
    },
}

impl fmt::Display for NodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Zero { resource } => {
                write!(f, "a node of 0 {resource}: at least 1 is needed")
            }
            Self::TooLarge { resource, amount } => {
                write!(f, "a node of {amount} {resource}: at most {} is possible", Resources::MAX)
            }
            Self::Zone { zone } => {
                write!(f, "zone {zone} of a node: at most {} is possible", MAX_ZONES - 1)
            }
            Self::Full { max_nodes } => {
                write!(f, "one node more than the {max_nodes} that the fleet was made for")
            }
        }
    }
}

impl core::error::Error for NodeError {}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_node_of_zero_memory_is_refused_naming_the_value() {
        let error = NodeSpec::new(Resources::new(1_024, 0), 0).check().unwrap_err();
        assert_eq!(error, NodeError::Zero { resource: Resource::Memory });
        assert_eq!(error.to_string(), "a node of 0 memory_mib: at least 1 is needed");
    }

    #[test]
    fn a_node_larger_than_its_word_is_refused_naming_value_and_limit() {
        let error = NodeSpec::new(Resources::new(1 << 24, 1), 0).check().unwrap_err();
        assert_eq!(error, NodeError::TooLarge { resource: Resource::Cpu, amount: 1 << 24 });
        assert_eq!(error.to_string(), "a node of 16777216 cpu_units: at most 16777215 is possible");
        assert!(NodeSpec::new(Resources::new(Resources::MAX, Resources::MAX), 63).check().is_ok());
    }

    #[test]
    fn the_first_zone_out_of_range_is_refused() {
        let error = NodeSpec::new(Resources::new(1, 1), 64).check().unwrap_err();
        assert_eq!(error, NodeError::Zone { zone: 64 });
        assert_eq!(error.to_string(), "zone 64 of a node: at most 63 is possible");
    }
}
