//! What an instance must have free for a task, by the rule of the Amazon ECS agent.

use alloc::vec::Vec;
use core::fmt;

use super::{NetworkMode, Protocol, ResourceKind, TaskDefinition, network};
use crate::resources::Resources;

/// What is subtracted from an instance for one task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requirements {
    /// CPU units and memory.
    pub resources: Resources,
    /// Whole GPUs.
    pub gpus: u32,
    /// Network interfaces: 1 with `awsvpc`, else 0.
    pub enis: u32,
    /// Fixed ports of the instance, in order.
    pub ports: Vec<(Protocol, u16)>,
}

impl fmt::Display for Requirements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} gpus, {} enis, ports", self.resources, self.gpus, self.enis)?;
        for (protocol, port) in &self.ports {
            write!(f, " {port}/{}", protocol.as_str())?;
        }
        Ok(())
    }
}

impl TaskDefinition {
    /// What an instance must have free for a task of a definition that passed
    /// [`check`](Self::check). O(containers · their entries).
    ///
    /// The rule is `ToHostResources` of the agent (`agent/api/task/task.go`): CPU is
    /// the task's if given, else the sum of the containers'; memory is the task's
    /// if given, else the sum of each container's `memoryReservation` if above 0,
    /// else of its `memory`. Ports count only outside `awsvpc` and where they are
    /// fixed.
    pub fn requirements(&self) -> Requirements {
        let containers = || self.container_definitions.iter();
        let cpu = self.cpu.unwrap_or_else(|| containers().map(|one| one.cpu).sum());
        let reserved = || containers().map(|one| one.reserved_memory()).sum();
        let memory = self.memory.unwrap_or_else(reserved);
        let amount = |number: i64| u32::try_from(number.max(0)).unwrap_or(u32::MAX);
        let gpus = containers().flat_map(|one| &one.resource_requirements);
        let gpus = gpus.filter(|needed| needed.kind == ResourceKind::Gpu);
        Requirements {
            resources: Resources::new(amount(cpu), amount(memory)),
            gpus: gpus.filter_map(|needed| needed.value.parse::<u32>().ok()).sum(),
            enis: u32::from(self.network_mode() == NetworkMode::Awsvpc),
            ports: network::host_ports(self),
        }
    }
}

/// The CPU shares that Docker is given for `cpu` CPU units of a container: at
/// least 2, at most 262,144 (the agent's bounds). On Linux they are no limit: idle
/// CPU is shared in their ratio. On Windows a container's CPU is absolute, and the
/// host is to enforce it; the scheduler subtracts the same on both.
pub fn docker_cpu_shares(cpu: i64) -> u32 {
    u32::try_from(cpu.clamp(2, 262_144)).unwrap_or(2)
}
