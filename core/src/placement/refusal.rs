//! Why no node of a fleet had room.

use core::fmt;

use super::lanes::Tally;
use super::word::MAX_INSTANCES;
use crate::resources::{Resource, Resources};

/// Why no node had room for an instance, node by node summed up.
///
/// A node that is short of both resources counts for both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Refusal {
    /// The resource that most nodes were short of; CPU where they are equal,
    /// so also where no node was short of either (see `full` and `nodes`).
    pub resource: Resource,
    /// What the instance needs.
    pub needed: Resources,
    /// The nodes looked at: all of the fleet.
    pub nodes: u32,
    /// Of these, the nodes with too few CPU units left.
    pub short_of_cpu: u32,
    /// Of these, the nodes with too little memory left.
    pub short_of_memory: u32,
    /// Of these, the nodes that hold [`MAX_INSTANCES`] instances.
    pub full: u32,
    /// The most of each resource that one node had left. The two may be of
    /// different nodes.
    pub largest_free: Resources,
}

impl Refusal {
    /// Why none of the nodes of `tally` has room for `needed`; `None` where one
    /// has.
    pub(super) fn explain(needed: Resources, tally: Tally) -> Option<Self> {
        let Tally { nodes, with_room, short_of_cpu, short_of_memory, full, largest_free } = tally;
        if with_room {
            return None;
        }
        let by_memory = short_of_memory > short_of_cpu;
        let resource = if by_memory { Resource::Memory } else { Resource::Cpu };
        Some(Self { resource, needed, nodes, short_of_cpu, short_of_memory, full, largest_free })
    }

    /// How many nodes were short of `resource`.
    pub const fn short_of(&self, resource: Resource) -> u32 {
        match resource {
            Resource::Cpu => self.short_of_cpu,
            Resource::Memory => self.short_of_memory,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nodes == 0 {
            return write!(f, "no room for {}: the fleet has no nodes", self.needed);
        }
        write!(
            f,
            "{}: no room for {}; of {} nodes",
            self.resource.reason(),
            self.needed,
            self.nodes
        )?;
        for resource in [Resource::Cpu, Resource::Memory] {
            write!(
                f,
                " {} short of {resource} (largest free {}),",
                self.short_of(resource),
                self.largest_free.get(resource)
            )?;
        }
        write!(f, " {} with {MAX_INSTANCES} instances", self.full)
    }
}

impl core::error::Error for Refusal {}
