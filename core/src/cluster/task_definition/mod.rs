//! Task definitions: how the containers of a task run, what they need, and the rules they keep.
//!
//! A [`TaskDefinition`] is what `RegisterTaskDefinition` takes. [`TaskDefinition::check`]
//! holds it to Amazon ECS's rules; [`Registry`] gives it the next revision of its
//! family; [`TaskDefinition::requirements`] says what an instance must have free for it.
//!
//! | file | subject |
//! |---|---|
//! | `container` | one container: sizes, ports, order, health check, log |
//! | `parts` | volumes, network mode, platform, compatibility |
//! | `sizes` | `"1 vCPU"`, `"1GB"` and the like |
//! | `fargate` | which CPU goes with which memory, and what Fargate refuses |
//! | `check`, `check_container`, `network`, `order` | the rules |
//! | `requirements` | what the agent subtracts |
//! | `registry` | `family:revision` |
//! | `error` | what is refused: container, field, value, bound |
//!
//! With the feature `json` a definition is read from the JSON that people register
//! with AWS, and what has no part in scheduling (environment, commands, tags) is
//! kept as it came and given back by `DescribeTaskDefinition`.

mod check;
mod check_container;
mod container;
mod error;
mod fargate;
mod network;
mod order;
mod parts;
mod registry;
mod requirements;
mod sizes;
#[cfg(all(test, not(loom)))]
mod tests;

use alloc::string::String;
use alloc::vec::Vec;

#[cfg(feature = "json")]
pub(crate) use check::is_name;
pub use container::{
    Condition, ContainerDefinition, Dependency, HealthCheck, LogConfiguration, MountPoint,
    PortMapping, Protocol, ResourceKind, ResourceRequirement, VolumesFrom,
};
pub use error::{DefinitionError, Problem};
pub use fargate::{FARGATE_SIZES, fargate_sizes};
pub use order::{Edge, start_order};
pub use parts::{
    Compatibility, ConstraintKind, DockerVolume, EfsVolume, EphemeralStorage, HostVolume, IpcMode,
    NetworkMode, PidMode, PlacementConstraint, RuntimePlatform, Scope, Volume,
};
pub use registry::{Registered, Registry, RegistryError, RevisionStatus};
pub use requirements::{Requirements, docker_cpu_shares};
pub use sizes::{SizeError, parse_cpu, parse_memory};

/// What `RegisterTaskDefinition` takes: the containers of a task and what they share.
///
/// Integers are wide, so that a value out of range is refused by
/// [`check`](Self::check) with its container and bound, not by a parser.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "camelCase", default))]
pub struct TaskDefinition {
    /// The name under which revisions are counted: up to 255 of `A-Za-z0-9_-`.
    pub family: String,
    /// CPU units of the whole task; `None`: the sum of the containers'.
    /// JSON has it as `"256"`, `256` or `".25 vCPU"`.
    #[cfg_attr(
        feature = "serde",
        serde(with = "sizes::cpu", skip_serializing_if = "Option::is_none")
    )]
    pub cpu: Option<i64>,
    /// MiB of the whole task, its hard limit; `None`: the containers' own.
    /// JSON has it as `"512"`, `512` or `"0.5GB"`.
    #[cfg_attr(
        feature = "serde",
        serde(with = "sizes::memory", skip_serializing_if = "Option::is_none")
    )]
    pub memory: Option<i64>,
    /// How containers reach the network; `None`: bridge.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub network_mode: Option<NetworkMode>,
    /// The launch types that the definition must suit.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Vec::is_empty"))]
    pub requires_compatibilities: Vec<Compatibility>,
    /// The role whose permissions the containers have.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub task_role_arn: Option<String>,
    /// The role by which images are pulled and logs written.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub execution_role_arn: Option<String>,
    /// The containers, 1 to 10; they run on one instance.
    pub container_definitions: Vec<ContainerDefinition>,
    /// What containers mount.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Vec::is_empty"))]
    pub volumes: Vec<Volume>,
    /// Which instances may run the task, at most 10.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Vec::is_empty"))]
    pub placement_constraints: Vec<PlacementConstraint>,
    /// Operating system and processor; `None`: Linux on x86.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub runtime_platform: Option<RuntimePlatform>,
    /// Fargate's scratch space.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub ephemeral_storage: Option<EphemeralStorage>,
    /// Whose processes the containers see.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub pid_mode: Option<PidMode>,
    /// Whose shared memory the containers see.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub ipc_mode: Option<IpcMode>,
    /// Every other field, as it was given.
    #[cfg(feature = "json")]
    #[serde(flatten)]
    pub other: serde_json::Map<String, serde_json::Value>,
}

impl TaskDefinition {
    /// A definition of these containers, everything else as AWS has it by default.
    pub fn new(family: &str, containers: Vec<ContainerDefinition>) -> Self {
        Self { family: family.into(), container_definitions: containers, ..Self::default() }
    }

    /// How the containers reach the network: bridge where nothing is said.
    pub fn network_mode(&self) -> NetworkMode {
        self.network_mode.unwrap_or(NetworkMode::Bridge)
    }

    /// Whether the definition must suit Fargate.
    pub fn requires_fargate(&self) -> bool {
        self.requires_compatibilities.contains(&Compatibility::Fargate)
    }

    /// The position of the container of that name. O(containers).
    pub fn container(&self, name: &str) -> Option<usize> {
        self.container_definitions.iter().position(|container| container.name == name)
    }

    /// Reads the JSON that people register with AWS, and checks it against `rules`.
    ///
    /// Fields that this library does not know are kept in `other` and have no effect.
    ///
    /// # Errors
    /// The text is no such JSON, or breaks a rule ([`DefinitionError`]).
    #[cfg(feature = "json")]
    pub fn from_json(text: &str, rules: &Rules) -> Result<Self, DefinitionError> {
        let definition: Self = serde_json::from_str(text).map_err(|error| {
            use alloc::string::ToString;
            let rule = "a JSON object with AWS's fields";
            DefinitionError::of_task("json", Problem::Malformed { value: error.to_string(), rule })
        })?;
        definition.check(rules)?;
        Ok(definition)
    }
}

/// Where AWS's rules changed over time, or two sources disagree: which one holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The least memory of a container, MiB: 6 since Docker 20.10.0, 4 before.
    pub min_container_memory_mib: i64,
    /// Whether one container port may be mapped for TCP and for UDP. The API
    /// reference says no; AWS accepts it, and what must be unique is the
    /// combination of port and protocol. By default it is accepted.
    pub one_protocol_per_port: bool,
    /// Whether Fargate with the `awslogs` driver must name an execution role, as
    /// AWS demands. Off by default, so that samples published without one load.
    pub execution_role_for_fargate_logs: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            min_container_memory_mib: 6,
            one_protocol_per_port: false,
            execution_role_for_fargate_logs: false,
        }
    }
}
