//! What a task needs of a node, and what a request to place it says.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::chain::Chain;
use super::error::RequestError;
use super::ports::{MAX_PORTS, PortSet, Protocol};
use crate::placement::constraint::{Constraint, MAX_CONSTRAINTS};
use crate::resources::{Resource, Resources};

/// What a task takes of a node, and what the node has to have.
///
/// The amounts are those that the container agent subtracts: the task's own
/// CPU units and memory, else the sums over its containers, of
/// `memoryReservation` where that is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskRequirements {
    /// CPU units and memory, each at most [`Resources::MAX`]; 0 takes none.
    pub resources: Resources,
    /// Whole GPUs.
    pub gpus: u32,
    /// Network interfaces: 1 in network mode `awsvpc`, otherwise 0.
    pub enis: u32,
    /// Host ports. Dynamic ones (host port 0) and those of `awsvpc` tasks do
    /// not belong here.
    pub ports: PortSet,
    /// Attributes that the node must have (`requiresAttributes`).
    pub attributes: Vec<AttributeRequirement>,
    /// The availability zones of the task's subnets; empty for any.
    pub zones: Vec<Box<str>>,
}

/// An attribute that the node must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeRequirement {
    /// The attribute.
    pub name: Box<str>,
    /// The value it must have; `None` for any.
    pub value: Option<Box<str>>,
}

impl TaskRequirements {
    /// That many CPU units and MiB, and nothing else.
    pub fn new(cpu_units: u32, memory_mib: u32) -> Self {
        Self { resources: Resources::new(cpu_units, memory_mib), ..Self::default() }
    }

    /// And that many GPUs.
    #[must_use]
    pub fn gpus(mut self, gpus: u32) -> Self {
        self.gpus = gpus;
        self
    }

    /// And a network interface (network mode `awsvpc`).
    #[must_use]
    pub fn eni(mut self) -> Self {
        self.enis = 1;
        self
    }

    /// And that TCP port of the host; 0 takes none.
    #[must_use]
    pub fn tcp_port(mut self, port: u16) -> Self {
        self.ports.insert(Protocol::Tcp, port);
        self
    }

    /// And that UDP port of the host; 0 takes none.
    #[must_use]
    pub fn udp_port(mut self, port: u16) -> Self {
        self.ports.insert(Protocol::Udp, port);
        self
    }

    /// On a node with that attribute, of that value where one is given.
    #[must_use]
    pub fn attribute(mut self, name: &str, value: Option<&str>) -> Self {
        let value = value.map(Box::from);
        self.attributes.push(AttributeRequirement { name: name.into(), value });
        self
    }

    /// In that zone, or in another one that is named so.
    #[must_use]
    pub fn zone(mut self, zone: &str) -> Self {
        self.zones.push(zone.into());
        self
    }
}

/// What to place, and how.
///
/// ```
/// use warmstow_core::placement::constraint::Constraint;
/// use warmstow_core::placement::view::{Chain, PlacementRequest, TaskRequirements};
///
/// let request = PlacementRequest::new("family:batch", TaskRequirements::new(1_024, 2_048))
///     .strategies(Chain::parse(&["spread:attribute:rack", "binpack:memory"])?)
///     .constraint(Constraint::DistinctInstance);
/// assert_eq!(request.strategies.to_string(), "spread:attribute:rack, binpack:memory");
/// # Ok::<(), warmstow_core::placement::view::ChainError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlacementRequest {
    /// The task group: `service:NAME`, `family:NAME`, or any other name. Spread
    /// strategies and `distinctInstance` count tasks of the same group.
    pub group: Box<str>,
    /// What the task needs.
    pub needs: TaskRequirements,
    /// What the node must meet, all of them.
    pub constraints: Vec<Constraint>,
    /// How to choose among those that do.
    pub strategies: Chain,
    /// Tasks of a lower priority may have to make way
    /// ([`View::preempt`](super::View::preempt)); 0 unless set. Amazon ECS has
    /// no priorities.
    pub priority: i32,
}

impl PlacementRequest {
    /// A task of that group and needs: without constraints, with the
    /// [default strategies](Chain::default) and priority 0.
    pub fn new(group: &str, needs: TaskRequirements) -> Self {
        Self {
            group: group.into(),
            needs,
            constraints: Vec::new(),
            strategies: Chain::default(),
            priority: 0,
        }
    }

    /// With that constraint too.
    #[must_use]
    pub fn constraint(mut self, constraint: Constraint) -> Self {
        self.constraints.push(constraint);
        self
    }

    /// With these strategies instead.
    #[must_use]
    pub fn strategies(mut self, strategies: Chain) -> Self {
        self.strategies = strategies;
        self
    }

    /// With that priority.
    #[must_use]
    pub fn priority(mut self, priority: i32) -> Self {
        self.priority = priority;
        self
    }

    /// Whether it can be prepared.
    pub(super) fn check(&self) -> Result<(), RequestError> {
        for resource in [Resource::Cpu, Resource::Memory] {
            let amount = self.needs.resources.get(resource);
            if amount > Resources::MAX {
                return Err(RequestError::TooLarge { resource, amount });
            }
        }
        if self.needs.ports.len() > MAX_PORTS {
            return Err(RequestError::Ports { ports: self.needs.ports.len() });
        }
        if self.constraints.len() > MAX_CONSTRAINTS {
            return Err(RequestError::Constraints { constraints: self.constraints.len() });
        }
        let none = |one: &Constraint| matches!(one, Constraint::MaxSkew { max_skew: 0, .. });
        if let Some(constraint) = self.constraints.iter().position(none) {
            return Err(RequestError::MaxSkew { constraint });
        }
        Ok(())
    }
}
