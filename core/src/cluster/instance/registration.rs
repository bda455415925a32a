//! What an agent tells about its instance, and whether the cluster takes it.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use core::fmt;

use super::{EniLimits, Room};
use crate::cluster::task_definition::Protocol;
use crate::placement::view::{AttributeError, Attributes, MAX_PORTS, NodeInfo, PortSet};
use crate::resources::Resources;

/// TCP ports that every agent keeps from tasks: SSH, Docker and itself
/// (the agent's `config_unix.go`).
pub const PRE_RESERVED_PORTS: [u16; 5] = [22, 2_375, 2_376, 51_678, 51_679];

/// How placement knows the capacity provider of an instance.
pub(in crate::cluster) const PROVIDER_ATTRIBUTE: &str = "ecs.capacity-provider";
/// Most GPUs of an instance: one bit each.
pub const MAX_GPUS: u32 = 64;

/// What an agent registers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The server, such as `i-0123456789abcdef0`; an instance of one cluster only.
    pub ec2_instance_id: String,
    /// CPU units and MiB that tasks can have: the operating system's total less the
    /// agent's reserve (see [`with_reserved_memory`](Self::with_reserved_memory)).
    pub resources: Resources,
    /// Whole GPUs, at most 64.
    pub gpus: u32,
    /// Tasks with an interface of their own at once.
    pub eni: EniLimits,
    /// Whether the account had opted into trunking when the instance was started.
    pub trunking: bool,
    /// Ports that tasks cannot have.
    pub reserved_ports: BTreeSet<(Protocol, u16)>,
    /// Custom and built-in attributes; a value may be absent.
    pub attributes: BTreeMap<String, Option<String>>,
    /// The agent's version, such as `1.73.0`.
    pub agent_version: String,
    /// The capacity provider whose group started the server.
    pub capacity_provider: Option<String>,
}

impl Registration {
    /// A server of these resources: no GPUs, one interface for tasks, the agent's
    /// own ports reserved, no attributes.
    pub fn new(ec2_instance_id: &str, resources: Resources) -> Self {
        let ports = PRE_RESERVED_PORTS.iter().map(|port| (Protocol::Tcp, *port));
        Self {
            ec2_instance_id: ec2_instance_id.into(),
            resources,
            gpus: 0,
            eni: EniLimits::of_interfaces(2),
            trunking: false,
            reserved_ports: ports.collect(),
            attributes: BTreeMap::new(),
            agent_version: "1.73.0".into(),
            capacity_provider: None,
        }
    }

    /// The same with an attribute.
    #[must_use]
    pub fn with_attribute(mut self, name: &str, value: &str) -> Self {
        self.attributes.insert(name.into(), Some(value.into()));
        self
    }

    /// The same in an availability zone.
    #[must_use]
    pub fn in_zone(self, zone: &str) -> Self {
        self.with_attribute("ecs.availability-zone", zone)
    }

    /// The same with `ECS_RESERVED_MEMORY` taken off.
    #[must_use]
    pub const fn with_reserved_memory(mut self, reserved_mib: u32) -> Self {
        self.resources.memory_mib = self.resources.memory_mib.saturating_sub(reserved_mib);
        self
    }

    /// The value of an attribute; `None` where it has none.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).and_then(|value| value.as_deref())
    }

    /// All that tasks can have.
    pub(in crate::cluster) fn room(&self) -> Room {
        Room {
            resources: self.resources,
            gpus: if self.gpus >= MAX_GPUS { u64::MAX } else { (1 << self.gpus) - 1 },
            enis: self.eni.tasks(self.trunking),
            taken_ports: self.reserved_ports.clone(),
        }
    }

    /// The same for placement, at its registration.
    pub(in crate::cluster) fn node(&self, registered_at_s: u64) -> NodeInfo {
        let Resources { cpu_units, memory_mib } = self.resources;
        let mut node = NodeInfo::new(cpu_units, memory_mib)
            .gpus(self.gpus.min(MAX_GPUS))
            .enis(self.eni.tasks(self.trunking))
            .agent_version(&self.agent_version)
            .ec2_instance_id(&self.ec2_instance_id)
            .registered_at_unix_s(i64::try_from(registered_at_s).unwrap_or(i64::MAX));
        node.reserved_ports = PortSet::new();
        for (protocol, port) in &self.reserved_ports {
            node.reserved_ports.insert((*protocol).into(), *port);
        }
        node.attributes = self.shown_attributes();
        node
    }

    /// The attributes as placement has them; one without a value has an empty one.
    fn shown_attributes(&self) -> Attributes {
        let mut attributes = Attributes::default();
        for (name, value) in &self.attributes {
            attributes.set(name, value.as_deref().unwrap_or_default());
        }
        if let Some(provider) = &self.capacity_provider {
            attributes.set(PROVIDER_ATTRIBUTE, provider);
        }
        attributes
    }

    /// Whether a cluster can take it.
    ///
    /// # Errors
    /// The first thing that stands against it.
    pub fn check(&self) -> Result<(), RegistrationError> {
        if self.ec2_instance_id.is_empty() {
            return Err(RegistrationError::NoServer);
        }
        let Resources { cpu_units, memory_mib } = self.resources;
        for (what, amount) in [("CPU", cpu_units), ("MEMORY", memory_mib)] {
            if amount == 0 || amount > Resources::MAX {
                return Err(RegistrationError::Amount { what, amount, max: Resources::MAX });
            }
        }
        if self.gpus > MAX_GPUS {
            let (what, amount) = ("GPU", self.gpus);
            return Err(RegistrationError::Amount { what, amount, max: MAX_GPUS });
        }
        let ports = self.reserved_ports.len();
        if ports > MAX_PORTS {
            let amount = u32::try_from(ports).unwrap_or(u32::MAX);
            let max = u32::try_from(MAX_PORTS).unwrap_or(u32::MAX);
            return Err(RegistrationError::Amount { what: "reserved PORTS", amount, max });
        }
        self.shown_attributes().check().map_err(RegistrationError::Attribute)
    }
}

/// Why a registration is refused; nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegistrationError {
    /// It names no server.
    NoServer,
    /// An amount out of range.
    Amount {
        /// Of what.
        what: &'static str,
        /// The amount.
        amount: u32,
        /// The most possible; CPU and memory are also at least 1.
        max: u32,
    },
    /// An attribute that is none.
    Attribute(AttributeError),
    /// The server is an instance of a cluster already.
    AlreadyRegistered {
        /// The server.
        ec2_instance_id: String,
        /// The cluster.
        cluster: String,
    },
}

impl fmt::Display for RegistrationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoServer => f.write_str("the registration names no server"),
            Self::Amount { what, amount, max } => {
                write!(f, "{what} of {amount}: at least 1 and at most {max} is possible")
            }
            Self::Attribute(error) => error.fmt(f),
            Self::AlreadyRegistered { ec2_instance_id, cluster } => {
                write!(f, "{ec2_instance_id} is an instance of cluster {cluster} already")
            }
        }
    }
}

impl core::error::Error for RegistrationError {}
