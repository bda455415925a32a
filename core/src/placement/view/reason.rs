//! Why a node takes no task: every reason, with amounts, and which node came
//! closest.

use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

use super::ports::Protocol;
use crate::id::NodeId;

/// One reason why one node cannot take the task. The codes are those of Amazon
/// ECS (Developer Guide, "API failure reasons").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// It takes no new tasks: registering, draining or deregistered.
    Inactive,
    /// Its agent is not connected.
    Agent,
    /// Too few CPU units are left.
    Cpu {
        /// What the task needs.
        needed: u32,
        /// What is left.
        available: u32,
    },
    /// Too little memory is left, in MiB.
    Memory {
        /// What the task needs.
        needed: u32,
        /// What is left.
        available: u32,
    },
    /// Too few GPUs are left.
    Gpu {
        /// What the task needs.
        needed: u32,
        /// What is left.
        available: u32,
    },
    /// A port is taken, or more ports are needed than can still be reserved.
    Ports {
        /// How many ports the task needs.
        needed: u32,
        /// How many more can be reserved, of
        /// [`MAX_PORTS`](super::MAX_PORTS).
        available: u32,
        /// The first port that is taken; `None` where only the number is short.
        taken: Option<(Protocol, u16)>,
    },
    /// Too few network interfaces are left.
    Eni {
        /// What the task needs.
        needed: u32,
        /// What is left.
        available: u32,
    },
    /// A required attribute is not there, or of another value.
    Attribute {
        /// Which of [`TaskRequirements::attributes`](super::TaskRequirements::attributes).
        requirement: usize,
    },
    /// It is in none of the zones of the task's subnets.
    Location,
    /// A `memberOf` constraint does not hold.
    MemberOf {
        /// Which of [`PlacementRequest::constraints`](super::PlacementRequest::constraints).
        constraint: usize,
    },
    /// `distinctInstance`: a task of the group is there.
    DistinctInstance {
        /// How many of them are.
        tasks: u32,
    },
    /// A topology spread would be more uneven than it may.
    MaxSkew {
        /// Which of [`PlacementRequest::constraints`](super::PlacementRequest::constraints).
        constraint: usize,
        /// How much more its value would have than the one with the fewest;
        /// `None`: it lacks the attribute.
        skew: Option<u64>,
    },
}

impl Reason {
    /// The text that the API of Amazon ECS gives for it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Inactive => "INACTIVE",
            Self::Agent => "AGENT",
            Self::Cpu { .. } => "RESOURCE:CPU",
            Self::Memory { .. } => "RESOURCE:MEMORY",
            Self::Gpu { .. } => "RESOURCE:GPU",
            Self::Ports { .. } => "RESOURCE:PORTS",
            Self::Eni { .. } => "RESOURCE:ENI",
            Self::Attribute { .. } => "ATTRIBUTE",
            Self::Location => "LOCATION",
            Self::MemberOf { .. } => "MemberOf placement constraint unsatisfied.",
            Self::DistinctInstance { .. } => "DistinctInstance placement constraint unsatisfied.",
            Self::MaxSkew { .. } => "MaxSkew placement constraint unsatisfied.",
        }
    }

    /// The words of a service event for it (Developer Guide, "Service event
    /// messages").
    const fn event(self) -> &'static str {
        match self {
            Self::Inactive => "is not in the ACTIVE state",
            Self::Agent => "has the agent disconnected",
            Self::Cpu { .. } => "has insufficient CPU units available",
            Self::Memory { .. } => "has insufficient memory available",
            Self::Gpu { .. } => "has insufficient GPU resource available",
            Self::Ports { .. } => "is already using a port required by your task",
            Self::Eni { .. } => "has insufficient network interfaces available",
            Self::Attribute { .. } => "is missing an attribute required by your task",
            Self::Location => "is in an Availability Zone without a subnet of your task",
            Self::MemberOf { .. } | Self::DistinctInstance { .. } | Self::MaxSkew { .. } => {
                "doesn't meet a placement constraint of your task"
            }
        }
    }

    /// How far the node is from meeting it, in millionths of what is needed;
    /// one million for what is no amount.
    fn shortfall_ppm(self) -> u64 {
        match self {
            Self::Cpu { needed, available }
            | Self::Memory { needed, available }
            | Self::Gpu { needed, available }
            | Self::Eni { needed, available } => {
                let missing = u64::from(needed.saturating_sub(available));
                (missing * 1_000_000).div_ceil(u64::from(needed.max(1)))
            }
            _ => 1_000_000,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())?;
        match *self {
            Self::Cpu { needed, available } => {
                write!(f, ": {needed} cpu_units needed, {available} available")
            }
            Self::Memory { needed, available } => {
                write!(f, ": {needed} memory_mib needed, {available} available")
            }
            Self::Gpu { needed, available } => {
                write!(f, ": {needed} GPUs needed, {available} available")
            }
            Self::Eni { needed, available } => {
                write!(f, ": {needed} network interfaces needed, {available} available")
            }
            Self::Ports { taken: Some((protocol, port)), .. } => {
                write!(f, ": {protocol} port {port} is taken")
            }
            Self::Ports { needed, available, taken: None } => {
                write!(f, ": {needed} ports needed, {available} can still be reserved")
            }
            Self::DistinctInstance { tasks } => write!(f, " {tasks} tasks of the group run there."),
            Self::MaxSkew { skew: Some(skew), .. } => write!(f, " The skew would be {skew}."),
            _ => Ok(()),
        }
    }
}

/// Why no node takes a task: each node with each of its reasons.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unplaced {
    nodes: Vec<(NodeId, Range<u32>)>,
    reasons: Vec<Reason>,
    closest: Option<usize>,
}

/// The node that came closest to taking a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closest<'a> {
    /// The node.
    pub node: NodeId,
    /// Its reasons, at least one, in the order of [`Reason`]'s listing.
    pub reasons: &'a [Reason],
}

impl Unplaced {
    /// Adds a node, in order of index, and its reasons.
    pub(super) fn push(&mut self, node: NodeId, reasons: &[Reason]) {
        let start = self.len();
        self.reasons.extend_from_slice(reasons);
        self.nodes.push((node, start..self.len()));
    }

    fn len(&self) -> u32 {
        u32::try_from(self.reasons.len()).unwrap_or(u32::MAX)
    }

    /// Finds the closest match among the nodes added.
    pub(super) fn settle(mut self) -> Self {
        self.closest = (0..self.nodes.len()).min_by_key(|place| self.distance(*place));
        self
    }

    /// How many reasons, then how much is missing.
    fn distance(&self, place: usize) -> (usize, u64) {
        let reasons = self.reasons_at(place);
        (reasons.len(), reasons.iter().map(|reason| reason.shortfall_ppm()).sum())
    }

    fn reasons_at(&self, place: usize) -> &[Reason] {
        let range = self.nodes.get(place).map_or(0..0, |(_, range)| range.clone());
        self.reasons.get(range.start as usize..range.end as usize).unwrap_or(&[])
    }

    /// Every node with all its reasons, by index. Empty where the view has no
    /// nodes.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, &[Reason])> {
        let places = self.nodes.iter().enumerate();
        places.map(|(place, (node, _))| (*node, self.reasons_at(place)))
    }

    /// The closest match, which service events name; `None` without nodes.
    ///
    /// Amazon ECS does not say which it is. Here it is the node with the fewest
    /// reasons; of those the one that is short of the smallest share of what
    /// the task needs, summed over the resources (what is no amount counts as
    /// all of it); of those the one with the lowest index.
    pub fn closest(&self) -> Option<Closest<'_>> {
        let place = self.closest?;
        let (node, _) = self.nodes.get(place)?;
        Some(Closest { node: *node, reasons: self.reasons_at(place) })
    }

    /// The same of those nodes alone whose reasons `counts`. O(nodes).
    pub(crate) fn closest_where(&self, counts: impl Fn(&[Reason]) -> bool) -> Option<Closest<'_>> {
        let counted = (0..self.nodes.len()).filter(|place| counts(self.reasons_at(*place)));
        let place = counted.min_by_key(|place| self.distance(*place))?;
        let (node, _) = self.nodes.get(place)?;
        Some(Closest { node: *node, reasons: self.reasons_at(place) })
    }

    /// How many nodes have a reason of that code.
    pub fn count(&self, code: &str) -> usize {
        let has = |(_, reasons): &(NodeId, &[Reason])| reasons.iter().any(|r| r.code() == code);
        self.nodes().filter(has).count()
    }

    /// The message of the service's event, `instance` being the closest match's
    /// name.
    pub fn service_event<'a>(&self, service: &'a str, instance: &'a str) -> ServiceEvent<'a> {
        let reason = self.closest().and_then(|closest| closest.reasons.first().copied());
        ServiceEvent { service, instance, reason }
    }
}

impl fmt::Display for Unplaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(closest) = self.closest() else { return f.write_str("the view has no nodes") };
        write!(f, "none of {} nodes meets all requirements; ", self.nodes.len())?;
        write!(f, "closest is node {}", closest.node)?;
        for (place, reason) in closest.reasons.iter().enumerate() {
            write!(f, "{} {reason}", if place == 0 { ":" } else { ";" })?;
        }
        Ok(())
    }
}

impl core::error::Error for Unplaced {}

/// The event of a service that could not place a task, as Amazon ECS words it
/// (Developer Guide, "Service event messages").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceEvent<'a> {
    service: &'a str,
    instance: &'a str,
    reason: Option<Reason>,
}

impl fmt::Display for ServiceEvent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { service, instance, reason } = self;
        write!(
            f,
            "(service {service}) was unable to place a task because no container instance met \
             all of its requirements."
        )?;
        match reason {
            None => f.write_str(" Reason: No Container Instances were found in your cluster."),
            Some(reason) => write!(
                f,
                " The closest matching (container-instance {instance}) {}.",
                reason.event()
            ),
        }
    }
}
