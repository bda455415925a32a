//! Fargate: which CPU goes with which memory, and what a definition must not have.

use alloc::string::ToString;

use super::error::{DefinitionError, Problem};
use super::{ContainerDefinition, IpcMode, NetworkMode, PidMode, Rules, TaskDefinition};

/// CPU units, and the memory that goes with them: least, most and step in MiB
/// (Amazon ECS Developer Guide, "Task CPU and memory").
///
/// 256 CPU units go with 512, 1,024 and 2,048 MiB only, 32,768 with 60, 120 and
/// 244 GB only: see [`fargate_sizes`].
pub const FARGATE_SIZES: [(i64, i64, i64, i64); 8] = [
    (256, 512, 2_048, 512),
    (512, 1_024, 4_096, 1_024),
    (1_024, 2_048, 8_192, 1_024),
    (2_048, 4_096, 16_384, 1_024),
    (4_096, 8_192, 30_720, 1_024),
    (8_192, 16_384, 61_440, 4_096),
    (16_384, 32_768, 122_880, 8_192),
    (32_768, 61_440, 249_856, 1_024),
];

/// Whether Fargate runs a task of `cpu` CPU units and `memory` MiB. O(1).
pub fn fargate_sizes(cpu: i64, memory: i64) -> bool {
    let row = FARGATE_SIZES.iter().find(|row| row.0 == cpu);
    row.is_some_and(|&(cpu, least, most, step)| match cpu {
        256 => [512, 1_024, 2_048].contains(&memory),
        32_768 => [61_440, 122_880, 249_856].contains(&memory),
        _ => (least..=most).contains(&memory) && memory % step == 0,
    })
}

/// Windows tasks on Fargate have 1 to 4 vCPUs.
const WINDOWS_CPU: (i64, i64) = (1_024, 4_096);
/// `ephemeralStorage`, GiB.
const EPHEMERAL_GIB: (i64, i64) = (21, 200);
/// The log drivers of Fargate.
const LOG_DRIVERS: [&str; 3] = ["awslogs", "splunk", "awsfirelens"];
/// The longest `stopTimeout` and `startTimeout` there, in seconds.
const MAX_TIMEOUT_S: i64 = 120;

/// Whether the definition suits Fargate. O(containers).
///
/// # Errors
/// The first thing that does not.
pub(super) fn check(task: &TaskDefinition, rules: &Rules) -> Result<(), DefinitionError> {
    const WHY: &str = "Fargate needs it";
    let missing = |field| DefinitionError::of_task(field, Problem::Missing { why: WHY });
    let cpu = task.cpu.ok_or_else(|| missing("cpu"))?;
    let memory = task.memory.ok_or_else(|| missing("memory"))?;
    if !fargate_sizes(cpu, memory) {
        return Err(DefinitionError::of_task("memory", Problem::FargateSize { cpu, memory }));
    }
    let windows = task.runtime_platform.as_ref().is_some_and(|os| os.is_windows());
    if windows && !(WINDOWS_CPU.0..=WINDOWS_CPU.1).contains(&cpu) {
        let (min, max) = WINDOWS_CPU;
        let problem = Problem::OutOfRange { value: cpu, min, max };
        return Err(DefinitionError::of_task("cpu", problem));
    }
    check_shared(task)?;
    for container in &task.container_definitions {
        check_container(task, container, rules)?;
    }
    Ok(())
}

/// What the containers share.
fn check_shared(task: &TaskDefinition) -> Result<(), DefinitionError> {
    const WHY: &str = "not on Fargate";
    let not_allowed = |field, value: &str| {
        let problem = Problem::NotAllowed { value: value.into(), why: WHY };
        Err(DefinitionError::of_task(field, problem))
    };
    if task.network_mode() != NetworkMode::Awsvpc {
        let value = task.network_mode().as_str().into();
        let problem = Problem::NotAllowed { value, why: "Fargate requires awsvpc" };
        return Err(DefinitionError::of_task("networkMode", problem));
    }
    if !task.placement_constraints.is_empty() {
        return not_allowed("placementConstraints", "given");
    }
    if task.pid_mode == Some(PidMode::Host) {
        return not_allowed("pidMode", "host");
    }
    match task.ipc_mode {
        Some(IpcMode::Host) => return not_allowed("ipcMode", "host"),
        Some(IpcMode::Task) => return not_allowed("ipcMode", "task"),
        Some(IpcMode::None) => return not_allowed("ipcMode", "none"),
        None => {}
    }
    if let Some(storage) = task.ephemeral_storage {
        let (min, max) = EPHEMERAL_GIB;
        if !(min..=max).contains(&storage.size_gib) {
            let problem = Problem::OutOfRange { value: storage.size_gib, min, max };
            return Err(DefinitionError::of_task("ephemeralStorage.sizeInGiB", problem));
        }
    }
    for volume in &task.volumes {
        if volume.docker_volume_configuration.is_some() {
            return not_allowed("volumes.dockerVolumeConfiguration", &volume.name);
        }
        if volume.host.as_ref().is_some_and(|host| host.source_path.is_some()) {
            return not_allowed("volumes.host.sourcePath", &volume.name);
        }
    }
    Ok(())
}

fn check_container(
    task: &TaskDefinition,
    container: &ContainerDefinition,
    rules: &Rules,
) -> Result<(), DefinitionError> {
    let refuse =
        |field, problem| Err(DefinitionError::of_container(&container.name, field, problem));
    let not_allowed =
        |value: &str| Problem::NotAllowed { value: value.into(), why: "not on Fargate" };
    if container.privileged == Some(true) {
        return refuse("privileged", not_allowed("true"));
    }
    if let Some(link) = container.links.first() {
        return refuse("links", not_allowed(link));
    }
    if let Some(needed) = container.resource_requirements.first() {
        return refuse("resourceRequirements", not_allowed(&needed.value));
    }
    let timeouts =
        [("startTimeout", container.start_timeout), ("stopTimeout", container.stop_timeout)];
    for (field, seconds) in timeouts {
        if let Some(value) = seconds
            && value > MAX_TIMEOUT_S
        {
            return refuse(field, Problem::OutOfRange { value, min: 0, max: MAX_TIMEOUT_S });
        }
    }
    let Some(log) = &container.log_configuration else { return Ok(()) };
    if !LOG_DRIVERS.contains(&log.log_driver.as_str()) {
        return refuse("logConfiguration.logDriver", not_allowed(&log.log_driver));
    }
    if log.log_driver == "awslogs" {
        for option in ["awslogs-region", "awslogs-stream-prefix"] {
            if !log.options.contains_key(option) {
                let problem = Problem::Unknown { value: option.to_string(), what: "option" };
                return refuse("logConfiguration.options", problem);
            }
        }
        if rules.execution_role_for_fargate_logs && task.execution_role_arn.is_none() {
            const WHY: &str = "Fargate requires task definition to have execution role ARN to \
                               support log driver awslogs.";
            let problem = Problem::Missing { why: WHY };
            return Err(DefinitionError::of_task("executionRoleArn", problem));
        }
    }
    Ok(())
}
