//! What the containers of a task share: network, volumes, platform.

use alloc::string::String;

/// How containers reach the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum NetworkMode {
    /// A network of the instance; ports are mapped. The default.
    Bridge,
    /// The instance's own network.
    Host,
    /// A network interface for the task.
    Awsvpc,
    /// No network.
    None,
}

impl NetworkMode {
    /// AWS's word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bridge => "bridge",
            Self::Host => "host",
            Self::Awsvpc => "awsvpc",
            Self::None => "none",
        }
    }
}

/// A launch type that a definition must suit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Compatibility {
    /// Container instances of one's own.
    #[cfg_attr(feature = "serde", serde(rename = "EC2"))]
    Ec2,
    /// No instances of one's own.
    #[cfg_attr(feature = "serde", serde(rename = "FARGATE"))]
    Fargate,
    /// Servers outside AWS.
    #[cfg_attr(feature = "serde", serde(rename = "EXTERNAL"))]
    External,
    /// Instances that AWS runs.
    #[cfg_attr(feature = "serde", serde(rename = "MANAGED_INSTANCES"))]
    ManagedInstances,
}

/// Which instances may run the task.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PlacementConstraint {
    /// `memberOf`, or for a call also `distinctInstance`.
    #[cfg_attr(feature = "serde", serde(rename = "type"))]
    pub kind: ConstraintKind,
    /// In the cluster query language, at most 2,000 characters.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub expression: Option<String>,
}

/// The kinds of [`PlacementConstraint`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "camelCase"))]
pub enum ConstraintKind {
    /// Instances for which the expression holds.
    MemberOf,
    /// One task of the group on an instance; not in a task definition.
    DistinctInstance,
}

/// Something that containers mount.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "camelCase", default))]
pub struct Volume {
    /// Up to 255 of `A-Za-z0-9_-`, unique in the task.
    pub name: String,
    /// A path of the instance, or scratch space.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub host: Option<HostVolume>,
    /// A volume of Docker's; not for Fargate.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub docker_volume_configuration: Option<DockerVolume>,
    /// An Elastic File System.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub efs_volume_configuration: Option<EfsVolume>,
    /// Every other field, as it was given.
    #[cfg(feature = "json")]
    #[serde(flatten)]
    pub other: serde_json::Map<String, serde_json::Value>,
}

/// A path of the instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "camelCase", default))]
pub struct HostVolume {
    /// The path; `None`: scratch space that goes with the task.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub source_path: Option<String>,
}

/// How long a Docker volume lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum Scope {
    /// As long as the task.
    Task,
    /// Beyond it.
    Shared,
}

/// A volume of Docker's.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "camelCase", default))]
pub struct DockerVolume {
    /// How long it lives; `None`: as long as the task.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub scope: Option<Scope>,
    /// Whether it is made where it is missing; only for shared ones.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub autoprovision: Option<bool>,
    /// Every other field, as it was given.
    #[cfg(feature = "json")]
    #[serde(flatten)]
    pub other: serde_json::Map<String, serde_json::Value>,
}

/// An Elastic File System.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "camelCase", default))]
pub struct EfsVolume {
    /// Its id.
    pub file_system_id: String,
    /// Every other field, as it was given.
    #[cfg(feature = "json")]
    #[serde(flatten)]
    pub other: serde_json::Map<String, serde_json::Value>,
}

/// Operating system and processor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "camelCase", default))]
pub struct RuntimePlatform {
    /// `X86_64` or `ARM64`.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub cpu_architecture: Option<String>,
    /// `LINUX` or `WINDOWS_SERVER_...`.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub operating_system_family: Option<String>,
}

impl RuntimePlatform {
    /// Whether the operating system is a Windows.
    pub fn is_windows(&self) -> bool {
        self.operating_system_family.as_ref().is_some_and(|os| os.starts_with("WINDOWS"))
    }
}

/// Fargate's scratch space.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct EphemeralStorage {
    /// GiB, 21 to 200; without it a task has 20.
    #[cfg_attr(feature = "serde", serde(rename = "sizeInGiB"))]
    pub size_gib: i64,
}

/// Whose processes containers see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum PidMode {
    /// The instance's; not for Fargate.
    Host,
    /// The task's.
    Task,
}

/// Whose shared memory containers see; not for Fargate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum IpcMode {
    /// The instance's.
    Host,
    /// The task's.
    Task,
    /// Their own.
    None,
}
