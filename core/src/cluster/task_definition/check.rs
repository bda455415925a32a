//! The rules of a whole task definition, in the order in which they are looked at.

use alloc::format;
use alloc::string::String;

use super::error::{DefinitionError, Problem};
use super::{
    ConstraintKind, DockerVolume, Rules, Scope, TaskDefinition, Volume, check_container, fargate,
    network, order,
};

use crate::placement::constraint::{Expression, MAX_CONSTRAINTS};

/// Longest name of a family, container or volume.
const MAX_NAME: usize = 255;
/// The same in words.
const NAME_RULE: &str = "1 to 255 letters, digits, - and _";
/// Most containers of a task (Amazon ECS service quotas).
const MAX_CONTAINERS: usize = 10;
/// CPU units of a task on EC2: an eighth of a vCPU to 192.
const TASK_CPU: (i64, i64) = (128, 196_608);
/// Longest name or ARN of a role.
const MAX_ROLE: usize = 2_048;

/// Whether `name` is what AWS takes for a family, container, volume or cluster.
pub(crate) fn is_name(name: &str) -> bool {
    let accepted = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    !name.is_empty() && name.len() <= MAX_NAME && name.chars().all(accepted)
}

impl TaskDefinition {
    /// Whether AWS would register it. O(containers · their entries).
    ///
    /// Rules of Fargate are looked at where `requires_compatibilities` names it;
    /// [`check_fargate`](Self::check_fargate) looks at them alone, as `RunTask`
    /// does. The sources are the Amazon ECS Developer Guide, "Task definition
    /// parameters", and the API reference.
    ///
    /// # Errors
    /// The first rule broken, with the container, the field, the value and the bound.
    pub fn check(&self, rules: &Rules) -> Result<(), DefinitionError> {
        self.check_names()?;
        self.check_sizes()?;
        for container in &self.container_definitions {
            check_container::check(self, container, rules)?;
        }
        self.check_sums()?;
        network::check(self, rules)?;
        self.check_volumes()?;
        order::check(self)?;
        self.check_constraints()?;
        self.check_roles()?;
        if self.requires_fargate() {
            self.check_fargate(rules)?;
        }
        Ok(())
    }

    /// Whether the definition can run on Fargate, whatever it says it is made for.
    ///
    /// # Errors
    /// The first rule of Fargate that it breaks.
    pub fn check_fargate(&self, rules: &Rules) -> Result<(), DefinitionError> {
        fargate::check(self, rules)
    }

    fn check_names(&self) -> Result<(), DefinitionError> {
        if !is_name(&self.family) {
            let problem = Problem::Malformed { value: self.family.clone(), rule: NAME_RULE };
            return Err(DefinitionError::of_task("family", problem));
        }
        let count = self.container_definitions.len();
        if count == 0 || count > MAX_CONTAINERS {
            let problem = Problem::Count { count, min: 1, max: MAX_CONTAINERS };
            return Err(DefinitionError::of_task("containerDefinitions", problem));
        }
        for (at, container) in self.container_definitions.iter().enumerate() {
            let name = &container.name;
            if !is_name(name) {
                let problem = Problem::Malformed { value: name.clone(), rule: NAME_RULE };
                return Err(DefinitionError::of_container(name, "name", problem));
            }
            if self.container(name) != Some(at) {
                let problem = Problem::Duplicate { value: name.clone() };
                return Err(DefinitionError::of_container(name, "name", problem));
            }
        }
        if !self.container_definitions.iter().any(super::ContainerDefinition::is_essential) {
            let why = "at least one container of a task must be essential";
            return Err(DefinitionError::of_task("essential", Problem::Missing { why }));
        }
        Ok(())
    }

    /// The task's own sizes; Fargate's table is narrower and looked at later.
    fn check_sizes(&self) -> Result<(), DefinitionError> {
        if let Some(cpu) = self.cpu
            && !(TASK_CPU.0..=TASK_CPU.1).contains(&cpu)
        {
            let problem = Problem::OutOfRange { value: cpu, min: TASK_CPU.0, max: TASK_CPU.1 };
            return Err(DefinitionError::of_task("cpu", problem));
        }
        let max = i64::from(crate::resources::Resources::MAX);
        match self.memory {
            Some(value) if !(1..=max).contains(&value) => {
                let problem = Problem::OutOfRange { value, min: 1, max };
                Err(DefinitionError::of_task("memory", problem))
            }
            _ => Ok(()),
        }
    }

    /// What all containers together ask for, against what the task has.
    ///
    /// AWS's pages ask that the reserved memory be lower than the task's; AWS
    /// accepts equality, and so does this.
    fn check_sums(&self) -> Result<(), DefinitionError> {
        let cpu = self.container_definitions.iter().map(|container| container.cpu).sum();
        if let Some(bound) = self.cpu
            && cpu > bound
        {
            let problem = Problem::Above { value: cpu, other: "the task's cpu", bound };
            return Err(DefinitionError::of_task("cpu of all containers", problem));
        }
        let reserved =
            self.container_definitions.iter().map(|container| container.reserved_memory()).sum();
        if let Some(bound) = self.memory
            && reserved > bound
        {
            let problem = Problem::Above { value: reserved, other: "the task's memory", bound };
            return Err(DefinitionError::of_task("memory of all containers", problem));
        }
        let max = i64::from(crate::resources::Resources::MAX);
        for (field, value) in
            [("cpu of all containers", cpu), ("memory of all containers", reserved)]
        {
            if value > max {
                let problem = Problem::OutOfRange { value, min: 0, max };
                return Err(DefinitionError::of_task(field, problem));
            }
        }
        Ok(())
    }

    fn check_volumes(&self) -> Result<(), DefinitionError> {
        for (at, volume) in self.volumes.iter().enumerate() {
            if !is_name(&volume.name) {
                let problem = Problem::Malformed { value: volume.name.clone(), rule: NAME_RULE };
                return Err(DefinitionError::of_task("volumes.name", problem));
            }
            if self.volumes[..at].iter().any(|other| other.name == volume.name) {
                let problem = Problem::Duplicate { value: volume.name.clone() };
                return Err(DefinitionError::of_task("volumes.name", problem));
            }
            check_volume(volume)?;
        }
        for container in &self.container_definitions {
            let refuse = |field, value: &String, what| {
                let problem = Problem::Unknown { value: value.clone(), what };
                Err(DefinitionError::of_container(&container.name, field, problem))
            };
            for mount in &container.mount_points {
                if !self.volumes.iter().any(|volume| volume.name == mount.source_volume) {
                    return refuse("mountPoints.sourceVolume", &mount.source_volume, "volume");
                }
                if mount.container_path.is_empty() {
                    let why = "a mount point has a path in the container";
                    let problem = Problem::Missing { why };
                    let field = "mountPoints.containerPath";
                    return Err(DefinitionError::of_container(&container.name, field, problem));
                }
            }
            for from in &container.volumes_from {
                let source = &from.source_container;
                if *source == container.name || self.container(source).is_none() {
                    return refuse("volumesFrom.sourceContainer", source, "other container");
                }
            }
        }
        Ok(())
    }

    fn check_constraints(&self) -> Result<(), DefinitionError> {
        const FIELD: &str = "placementConstraints";
        let count = self.placement_constraints.len();
        if count > MAX_CONSTRAINTS {
            let problem = Problem::Count { count, min: 0, max: MAX_CONSTRAINTS };
            return Err(DefinitionError::of_task(FIELD, problem));
        }
        for constraint in &self.placement_constraints {
            if constraint.kind == ConstraintKind::DistinctInstance {
                let why = "a task definition knows memberOf only";
                let problem = Problem::NotAllowed { value: "distinctInstance".into(), why };
                return Err(DefinitionError::of_task(FIELD, problem));
            }
            let expression = constraint.expression.as_deref().unwrap_or_default();
            if expression.is_empty() {
                let why = "memberOf needs an expression";
                return Err(DefinitionError::of_task(FIELD, Problem::Missing { why }));
            }
            if let Err(error) = Expression::parse(expression) {
                let value = format!("{expression}: {error}");
                let rule = "an expression of the cluster query language";
                let problem = Problem::Malformed { value, rule };
                return Err(DefinitionError::of_task("placementConstraints.expression", problem));
            }
        }
        Ok(())
    }

    /// A role is a name, or `arn:PARTITION:iam::ACCOUNT:role/NAME`.
    fn check_roles(&self) -> Result<(), DefinitionError> {
        let roles =
            [("taskRoleArn", &self.task_role_arn), ("executionRoleArn", &self.execution_role_arn)];
        for (field, role) in roles {
            let Some(role) = role else { continue };
            let of_iam = || {
                let mut parts = role.splitn(6, ':').skip(2);
                parts.next() == Some("iam")
                    && parts.nth(2).is_some_and(|rest| rest.len() > 5 && rest.starts_with("role/"))
            };
            let fits = !role.is_empty() && role.len() <= MAX_ROLE;
            if !fits || (role.starts_with("arn:") && !of_iam()) {
                let rule =
                    "a role's name or arn:PARTITION:iam::ACCOUNT:role/NAME, at most 2048 bytes";
                let problem = Problem::Malformed { value: role.clone(), rule };
                return Err(DefinitionError::of_task(field, problem));
            }
        }
        Ok(())
    }
}

/// One kind of storage for each volume, and what each kind needs.
fn check_volume(volume: &Volume) -> Result<(), DefinitionError> {
    let host = volume.host.as_ref().is_some_and(|host| host.source_path.is_some());
    let docker = volume.docker_volume_configuration.is_some();
    let efs = volume.efs_volume_configuration.is_some();
    if usize::from(host) + usize::from(docker) + usize::from(efs) > 1 {
        let why = "one of host, dockerVolumeConfiguration and efsVolumeConfiguration";
        let problem = Problem::NotAllowed { value: volume.name.clone(), why };
        return Err(DefinitionError::of_task("volumes", problem));
    }
    if let Some(DockerVolume { scope, autoprovision: Some(true), .. }) =
        volume.docker_volume_configuration
        && scope != Some(Scope::Shared)
    {
        let why = "only a volume of scope shared is provisioned";
        let problem = Problem::NotAllowed { value: volume.name.clone(), why };
        let field = "volumes.dockerVolumeConfiguration.autoprovision";
        return Err(DefinitionError::of_task(field, problem));
    }
    if volume.efs_volume_configuration.as_ref().is_some_and(|efs| efs.file_system_id.is_empty()) {
        let problem = Problem::Missing { why: "an EFS volume names its file system" };
        let field = "volumes.efsVolumeConfiguration.fileSystemId";
        return Err(DefinitionError::of_task(field, problem));
    }
    Ok(())
}
