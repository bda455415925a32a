//! What a host tells about a container instance, and what it can read of it.

use alloc::boxed::Box;

use super::attributes::{AVAILABILITY_ZONE, Attributes};
use super::error::NodeInfoError;
use super::ports::{MAX_PORTS, PortSet, Protocol};
use crate::id::NodeId;
use crate::placement::constraint::{Member, Version};
use crate::resources::{Resource, Resources};

/// A container instance as it registers: what tasks can have of it and what
/// constraints can ask about it.
///
/// ```
/// use warmstow_core::placement::view::{INSTANCE_TYPE, NodeInfo};
///
/// // An m4.large: 2 vCPU, 8 GiB less what the system keeps.
/// let node = NodeInfo::new(2_048, 7_985)
///     .zone("us-east-1a")
///     .attribute(INSTANCE_TYPE, "m4.large")
///     .enis(1);
/// assert!(node.agent_connected);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeInfo {
    /// CPU units and memory: `1..=`[`Resources::MAX`] of each. Memory is what
    /// the system reports less `ECS_RESERVED_MEMORY`.
    pub resources: Resources,
    /// Whole GPUs.
    pub gpus: u32,
    /// Network interfaces for tasks in `awsvpc` mode: one fewer than the
    /// instance type has, or the trunking table's number.
    pub enis: u32,
    /// Ports that no task can have; the agent's own unless changed.
    pub reserved_ports: PortSet,
    /// The attributes, built-in ones included.
    pub attributes: Attributes,
    /// Whether it takes new tasks: ACTIVE, and neither registering nor
    /// draining.
    pub active: bool,
    /// Whether its agent is connected; only then it takes new tasks.
    pub agent_connected: bool,
    /// The version of its agent.
    pub agent_version: Option<Version>,
    /// When it was registered, in seconds since 1970-01-01T00:00:00Z.
    pub registered_at_unix_s: Option<i64>,
    /// Its EC2 instance.
    pub ec2_instance_id: Option<Box<str>>,
}

impl NodeInfo {
    /// A node of that many CPU units and MiB: active, its agent connected, with
    /// the agent's reserved ports, without GPUs, interfaces and attributes.
    pub fn new(cpu_units: u32, memory_mib: u32) -> Self {
        Self {
            resources: Resources::new(cpu_units, memory_mib),
            gpus: 0,
            enis: 0,
            reserved_ports: PortSet::of_agent(),
            attributes: Attributes::default(),
            active: true,
            agent_connected: true,
            agent_version: None,
            registered_at_unix_s: None,
            ec2_instance_id: None,
        }
    }

    /// With that attribute; an empty `value` is none.
    #[must_use]
    pub fn attribute(mut self, name: &str, value: &str) -> Self {
        self.attributes.set(name, value);
        self
    }

    /// In that availability zone.
    #[must_use]
    pub fn zone(self, zone: &str) -> Self {
        self.attribute(AVAILABILITY_ZONE, zone)
    }

    /// With that many GPUs.
    #[must_use]
    pub fn gpus(mut self, gpus: u32) -> Self {
        self.gpus = gpus;
        self
    }

    /// With that many network interfaces for tasks.
    #[must_use]
    pub fn enis(mut self, enis: u32) -> Self {
        self.enis = enis;
        self
    }

    /// With that port kept from tasks.
    #[must_use]
    pub fn reserved_port(mut self, protocol: Protocol, port: u16) -> Self {
        self.reserved_ports.insert(protocol, port);
        self
    }

    /// With that agent; a text that is no version leaves it unknown.
    #[must_use]
    pub fn agent_version(mut self, version: &str) -> Self {
        self.agent_version = Version::parse(version);
        self
    }

    /// As that EC2 instance.
    #[must_use]
    pub fn ec2_instance_id(mut self, id: &str) -> Self {
        self.ec2_instance_id = Some(id.into());
        self
    }

    /// Registered then.
    #[must_use]
    pub fn registered_at_unix_s(mut self, seconds: i64) -> Self {
        self.registered_at_unix_s = Some(seconds);
        self
    }

    /// The availability zone.
    pub fn zone_name(&self) -> Option<&str> {
        self.attributes.get(AVAILABILITY_ZONE)
    }

    /// Whether it takes new tasks at all.
    pub(super) fn is_open(&self) -> bool {
        self.active && self.agent_connected
    }

    /// Whether it can be registered.
    pub(super) fn check(&self) -> Result<(), NodeInfoError> {
        for resource in [Resource::Cpu, Resource::Memory] {
            let amount = self.resources.get(resource);
            if !(1..=Resources::MAX).contains(&amount) {
                return Err(NodeInfoError::Amount { resource, amount });
            }
        }
        if self.reserved_ports.len() > MAX_PORTS {
            return Err(NodeInfoError::Ports { ports: self.reserved_ports.len() });
        }
        self.attributes.check().map_err(NodeInfoError::Attribute)
    }
}

/// A node on which nothing runs.
impl Member for NodeInfo {
    fn agent_connected(&self) -> bool {
        self.agent_connected
    }

    fn agent_version(&self) -> Option<&Version> {
        self.agent_version.as_ref()
    }

    fn ec2_instance_id(&self) -> Option<&str> {
        self.ec2_instance_id.as_deref()
    }

    fn registered_at_unix_s(&self) -> Option<i64> {
        self.registered_at_unix_s
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name)
    }

    fn running_tasks(&self) -> u32 {
        0
    }

    fn any_group(&self, _: &mut dyn FnMut(&str) -> bool) -> bool {
        false
    }
}

/// A node at one moment.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct NodeState<'a> {
    /// Its handle.
    pub id: NodeId,
    /// As it was registered or last changed.
    pub info: &'a NodeInfo,
    /// CPU units and memory that no task holds.
    pub free: Resources,
    /// GPUs that no task holds.
    pub gpus_free: u32,
    /// Network interfaces that no task holds.
    pub enis_free: u32,
    /// Every port that is taken, by tasks or by the node itself.
    pub ports_taken: &'a PortSet,
    /// The tasks that hold room.
    pub tasks: u32,
    /// Of these, the ones that were reported as running.
    pub running_tasks: u32,
}
