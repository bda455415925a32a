//! What `RunTask` and `StartTask` change of a task definition for their tasks.

use alloc::string::String;
use alloc::vec::Vec;

use super::task_definition::{DefinitionError, ResourceRequirement, Rules, TaskDefinition};

/// Changes of the task and its containers.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "camelCase", default))]
pub struct Overrides {
    /// Changes of containers, by name.
    pub container_overrides: Vec<ContainerOverride>,
    /// CPU units of the task, as text in JSON.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub cpu: Option<String>,
    /// MiB of the task, as text in JSON.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub memory: Option<String>,
    /// Another task role.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub task_role_arn: Option<String>,
    /// Another execution role.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub execution_role_arn: Option<String>,
    /// Every other field, as it was given.
    #[cfg(feature = "json")]
    #[serde(flatten)]
    pub other: serde_json::Map<String, serde_json::Value>,
}

/// Changes of one container.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "camelCase", default))]
pub struct ContainerOverride {
    /// The container.
    pub name: String,
    /// Other CPU units.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub cpu: Option<i64>,
    /// Another hard limit, MiB.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub memory: Option<i64>,
    /// Another soft limit, MiB.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub memory_reservation: Option<i64>,
    /// Other GPUs.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Vec::is_empty"))]
    pub resource_requirements: Vec<ResourceRequirement>,
    /// Every other field (command, environment), as it was given.
    #[cfg(feature = "json")]
    #[serde(flatten)]
    pub other: serde_json::Map<String, serde_json::Value>,
}

impl Overrides {
    /// Whether nothing is changed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The definition with the changes, checked anew. O(containers · changes).
    ///
    /// # Errors
    /// A change names no container, or the result breaks a rule.
    pub fn apply(
        &self,
        definition: &TaskDefinition,
        rules: &Rules,
    ) -> Result<TaskDefinition, DefinitionError> {
        use super::task_definition::{Problem, parse_cpu, parse_memory};

        let mut changed = definition.clone();
        let of_task = |field, value: &String, rule| DefinitionError {
            container: None,
            field,
            problem: Problem::Malformed { value: value.clone(), rule },
        };
        let (units, mib) = ("CPU units, or vCPU as in \"1 vCPU\"", "MiB, or GB as in \"1 GB\"");
        if let Some(cpu) = &self.cpu {
            changed.cpu = Some(parse_cpu(cpu).map_err(|_| of_task("overrides.cpu", cpu, units))?);
        }
        if let Some(memory) = &self.memory {
            let size =
                parse_memory(memory).map_err(|_| of_task("overrides.memory", memory, mib))?;
            changed.memory = Some(size);
        }
        if self.task_role_arn.is_some() {
            changed.task_role_arn.clone_from(&self.task_role_arn);
        }
        if self.execution_role_arn.is_some() {
            changed.execution_role_arn.clone_from(&self.execution_role_arn);
        }
        for change in &self.container_overrides {
            let Some(at) = changed.container(&change.name) else {
                let value = change.name.clone();
                let problem = Problem::Unknown { value, what: "container" };
                let field = "overrides.containerOverrides.name";
                return Err(DefinitionError { container: None, field, problem });
            };
            let container = &mut changed.container_definitions[at];
            container.cpu = change.cpu.unwrap_or(container.cpu);
            container.memory = change.memory.or(container.memory);
            container.memory_reservation =
                change.memory_reservation.or(container.memory_reservation);
            if !change.resource_requirements.is_empty() {
                container.resource_requirements.clone_from(&change.resource_requirements);
            }
        }
        changed.check(rules)?;
        Ok(changed)
    }
}
