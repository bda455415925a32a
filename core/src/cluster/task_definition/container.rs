//! One container of a task definition.

use alloc::string::String;
use alloc::vec::Vec;

/// A container: image, sizes, ports, order among its siblings, health check.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "camelCase", default))]
pub struct ContainerDefinition {
    /// Up to 255 of `A-Za-z0-9_-`, unique in the task.
    pub name: String,
    /// The image, up to 255 characters.
    pub image: String,
    /// CPU units reserved; Docker's shares, no limit on Linux.
    pub cpu: i64,
    /// Hard limit in MiB: the container is killed above it.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub memory: Option<i64>,
    /// Soft limit in MiB: what is subtracted from the instance.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub memory_reservation: Option<i64>,
    /// Whether the task stops when this container does; `None`: yes.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub essential: Option<bool>,
    /// The ports that others reach.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Vec::is_empty"))]
    pub port_mappings: Vec<PortMapping>,
    /// The volumes it mounts.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Vec::is_empty"))]
    pub mount_points: Vec<MountPoint>,
    /// The containers whose volumes it shares.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Vec::is_empty"))]
    pub volumes_from: Vec<VolumesFrom>,
    /// The containers that must be in some state before this one starts.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Vec::is_empty"))]
    pub depends_on: Vec<Dependency>,
    /// `name` or `name:alias` of containers that it reaches by name; bridge only.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Vec::is_empty"))]
    pub links: Vec<String>,
    /// Seconds until others give up waiting for this one.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub start_timeout: Option<i64>,
    /// Seconds from SIGTERM to SIGKILL; `None`: 30.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub stop_timeout: Option<i64>,
    /// How its health is found.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub health_check: Option<HealthCheck>,
    /// Where its log goes.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub log_configuration: Option<LogConfiguration>,
    /// GPUs and accelerators.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Vec::is_empty"))]
    pub resource_requirements: Vec<ResourceRequirement>,
    /// Root on the instance.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub privileged: Option<bool>,
    /// Every other field, as it was given.
    #[cfg(feature = "json")]
    #[serde(flatten)]
    pub other: serde_json::Map<String, serde_json::Value>,
}

impl ContainerDefinition {
    /// A container of that name and image; give it memory before it is registered.
    pub fn new(name: &str, image: &str) -> Self {
        Self { name: name.into(), image: image.into(), ..Self::default() }
    }

    /// The same with CPU units and a hard limit in MiB.
    #[must_use]
    pub fn with_sizes(mut self, cpu: i64, memory: i64) -> Self {
        self.cpu = cpu;
        self.memory = Some(memory);
        self
    }

    /// Whether the task stops when this container does; yes where nothing is said.
    pub fn is_essential(&self) -> bool {
        self.essential.unwrap_or(true)
    }

    /// What is subtracted for it in MiB: the soft limit if above 0, else the hard
    /// one (`ToHostResources` of the Amazon ECS agent).
    pub fn reserved_memory(&self) -> i64 {
        match self.memory_reservation {
            Some(soft) if soft > 0 => soft,
            _ => self.memory.unwrap_or(0),
        }
    }

    /// Whether it carries FireLens's log router.
    pub(super) fn is_log_router(&self) -> bool {
        #[cfg(feature = "json")]
        return self.other.contains_key("firelensConfiguration");
        #[cfg(not(feature = "json"))]
        false
    }
}

/// One port that others reach.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "camelCase", default))]
pub struct PortMapping {
    /// The port inside, 1 to 65535.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub container_port: Option<i64>,
    /// The port on the instance; 0 or `None` in bridge mode: one is found when the
    /// container starts.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub host_port: Option<i64>,
    /// TCP where nothing is said.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub protocol: Option<Protocol>,
    /// `8000-8010` instead of one port.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub container_port_range: Option<String>,
    /// The name for Service Connect.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub name: Option<String>,
    /// `http`, `http2` or `grpc`.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub app_protocol: Option<String>,
}

impl PortMapping {
    /// `host` on the instance to `container` inside; 0 for a port found at start.
    pub fn new(container: i64, host: i64, protocol: Protocol) -> Self {
        Self {
            container_port: Some(container),
            host_port: Some(host),
            protocol: Some(protocol),
            ..Self::default()
        }
    }

    /// TCP where nothing is said.
    pub fn protocol(&self) -> Protocol {
        self.protocol.unwrap_or(Protocol::Tcp)
    }
}

/// What runs over a port; each has its own set of ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl From<Protocol> for crate::placement::view::Protocol {
    fn from(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Tcp => Self::Tcp,
            Protocol::Udp => Self::Udp,
        }
    }
}

impl Protocol {
    /// `tcp` or `udp`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

/// A volume at a path of the container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "camelCase", default))]
pub struct MountPoint {
    /// A volume of the task.
    pub source_volume: String,
    /// Where it appears.
    pub container_path: String,
    /// Whether it cannot be written.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub read_only: Option<bool>,
}

/// All volumes of another container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "camelCase", default))]
pub struct VolumesFrom {
    /// The other container.
    pub source_container: String,
    /// Whether they cannot be written.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub read_only: Option<bool>,
}

/// Another container and the state it must be in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "camelCase"))]
pub struct Dependency {
    /// The container that is waited for.
    pub container_name: String,
    /// The state that it must have reached.
    pub condition: Condition,
}

/// The state in which a container is no longer waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "UPPERCASE"))]
pub enum Condition {
    /// It has started.
    Start,
    /// It has exited; not for an essential container.
    Complete,
    /// It has exited with 0; not for an essential container.
    Success,
    /// Its health check has passed.
    Healthy,
}

impl Condition {
    /// AWS's word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "START",
            Self::Complete => "COMPLETE",
            Self::Success => "SUCCESS",
            Self::Healthy => "HEALTHY",
        }
    }
}

/// A command that finds out whether a container is well.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "camelCase", default))]
pub struct HealthCheck {
    /// `CMD` and arguments, or `CMD-SHELL` and one line.
    pub command: Vec<String>,
    /// Seconds between checks, 5 to 300; `None`: 30.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub interval: Option<i64>,
    /// Seconds that one may take, 2 to 60; `None`: 5.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub timeout: Option<i64>,
    /// Failures in a row that make it unhealthy, 1 to 10; `None`: 3.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub retries: Option<i64>,
    /// Seconds at the start whose failures do not count, 0 to 300; `None`: 0.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub start_period: Option<i64>,
}

/// Where a container's log goes.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "camelCase", default))]
pub struct LogConfiguration {
    /// `awslogs`, `awsfirelens`, `fluentd`, `gelf`, `journald`, `json-file`,
    /// `splunk` or `syslog`.
    pub log_driver: String,
    /// The driver's own settings.
    #[cfg_attr(
        feature = "serde",
        serde(skip_serializing_if = "alloc::collections::BTreeMap::is_empty")
    )]
    pub options: alloc::collections::BTreeMap<String, String>,
    /// Every other field, as it was given.
    #[cfg(feature = "json")]
    #[serde(flatten)]
    pub other: serde_json::Map<String, serde_json::Value>,
}

/// A number of GPUs, or an accelerator by name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ResourceRequirement {
    /// What is needed.
    #[cfg_attr(feature = "serde", serde(rename = "type"))]
    pub kind: ResourceKind,
    /// How many GPUs, or which accelerator.
    pub value: String,
}

/// What a container can need besides CPU and memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ResourceKind {
    /// Whole GPUs of the instance.
    #[cfg_attr(feature = "serde", serde(rename = "GPU"))]
    Gpu,
    /// An elastic inference accelerator of the task definition.
    InferenceAccelerator,
}
