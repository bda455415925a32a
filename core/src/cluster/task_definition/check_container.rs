//! The rules of one container: sizes, health check, timeouts, log.

use alloc::string::ToString;

use super::error::{DefinitionError, Problem};
use super::{ContainerDefinition, ResourceKind, Rules, TaskDefinition};

/// Longest name of an image.
const MAX_IMAGE: usize = 255;
/// Most CPU units of a container: those of the largest task.
const MAX_CPU: i64 = 196_608;
/// What Docker can write its log to.
const LOG_DRIVERS: [&str; 8] =
    ["awsfirelens", "awslogs", "fluentd", "gelf", "journald", "json-file", "splunk", "syslog"];
/// The same in words.
const LOG_RULE: &str = "one of awsfirelens, awslogs, fluentd, gelf, journald, json-file, splunk \
                        and syslog";
/// Longest `startTimeout` and `stopTimeout` on EC2. AWS gives no bound there; this
/// is one day, so that deadlines stay within reason.
const MAX_TIMEOUT_S: i64 = 86_400;
/// Most GPUs of one instance.
const MAX_GPUS: i64 = 16;

/// Whether the container keeps the rules that concern it alone. O(its entries).
///
/// # Errors
/// The first rule broken.
pub(super) fn check(
    task: &TaskDefinition,
    container: &ContainerDefinition,
    rules: &Rules,
) -> Result<(), DefinitionError> {
    let refuse =
        |field, problem| Err(DefinitionError::of_container(&container.name, field, problem));
    let image = &container.image;
    if image.is_empty() {
        return refuse("image", Problem::Missing { why: "a container runs an image" });
    }
    if image.len() > MAX_IMAGE || image.contains(char::is_whitespace) {
        let rule = "at most 255 bytes without white space";
        return refuse("image", Problem::Malformed { value: image.clone(), rule });
    }
    check_memory(task, container, rules)?;
    check_times(container)?;
    check_gpus(task, container)?;
    let Some(log) = &container.log_configuration else { return Ok(()) };
    if !LOG_DRIVERS.contains(&log.log_driver.as_str()) {
        let problem = Problem::Malformed { value: log.log_driver.clone(), rule: LOG_RULE };
        return refuse("logConfiguration.logDriver", problem);
    }
    if log.log_driver == "awslogs" && !log.options.contains_key("awslogs-group") {
        let problem = Problem::Missing { why: "awslogs needs the option awslogs-group" };
        return refuse("logConfiguration.options", problem);
    }
    let router = |other: &ContainerDefinition| other.is_log_router();
    if cfg!(feature = "json")
        && log.log_driver == "awsfirelens"
        && !task.container_definitions.iter().any(router)
    {
        let why = "awsfirelens needs a container with a firelensConfiguration";
        return refuse("logConfiguration.logDriver", Problem::Missing { why });
    }
    Ok(())
}

fn check_memory(
    task: &TaskDefinition,
    container: &ContainerDefinition,
    rules: &Rules,
) -> Result<(), DefinitionError> {
    let refuse =
        |field, problem| Err(DefinitionError::of_container(&container.name, field, problem));
    if !(0..=MAX_CPU).contains(&container.cpu) {
        return refuse("cpu", Problem::OutOfRange { value: container.cpu, min: 0, max: MAX_CPU });
    }
    let (hard, soft) = (container.memory, container.memory_reservation);
    let least = rules.min_container_memory_mib;
    let max = i64::from(crate::resources::Resources::MAX);
    for (field, size) in [("memory", hard), ("memoryReservation", soft)] {
        if let Some(value) = size
            && !(least..=max).contains(&value)
        {
            return refuse(field, Problem::OutOfRange { value, min: least, max });
        }
    }
    if task.memory.is_none() && hard.is_none() && soft.is_none() {
        return refuse("memory", Problem::NoMemory);
    }
    if let (Some(hard), Some(soft)) = (hard, soft)
        && soft > hard
    {
        let problem = Problem::Above { value: soft, other: "the container's memory", bound: hard };
        return refuse("memoryReservation", problem);
    }
    if let Some(bound) = task.memory {
        for (field, size) in [("memory", hard), ("memoryReservation", soft)] {
            if let Some(value) = size
                && value > bound
            {
                return refuse(field, Problem::Above { value, other: "the task's memory", bound });
            }
        }
    }
    Ok(())
}

/// Timeouts and the health check, all in seconds but the retries.
fn check_times(container: &ContainerDefinition) -> Result<(), DefinitionError> {
    let bounds = |field, value: Option<i64>, min, max| match value {
        Some(value) if !(min..=max).contains(&value) => {
            let problem = Problem::OutOfRange { value, min, max };
            Err(DefinitionError::of_container(&container.name, field, problem))
        }
        _ => Ok(()),
    };
    bounds("startTimeout", container.start_timeout, 0, MAX_TIMEOUT_S)?;
    bounds("stopTimeout", container.stop_timeout, 0, MAX_TIMEOUT_S)?;
    let Some(health) = &container.health_check else { return Ok(()) };
    bounds("healthCheck.interval", health.interval, 5, 300)?;
    bounds("healthCheck.timeout", health.timeout, 2, 60)?;
    bounds("healthCheck.retries", health.retries, 1, 10)?;
    bounds("healthCheck.startPeriod", health.start_period, 0, 300)?;
    let first = health.command.first().map(alloc::string::String::as_str);
    let problem = match first {
        None | Some("") => Problem::Missing { why: "a health check has a command" },
        Some("CMD" | "CMD-SHELL") if health.command.len() == 1 => {
            Problem::Missing { why: "a command follows CMD or CMD-SHELL" }
        }
        _ => return Ok(()),
    };
    Err(DefinitionError::of_container(&container.name, "healthCheck.command", problem))
}

fn check_gpus(
    task: &TaskDefinition,
    container: &ContainerDefinition,
) -> Result<(), DefinitionError> {
    const FIELD: &str = "resourceRequirements";
    let refuse = |problem| Err(DefinitionError::of_container(&container.name, FIELD, problem));
    let mut gpus = 0;
    for needed in &container.resource_requirements {
        if needed.kind != ResourceKind::Gpu {
            continue;
        }
        let windows = task.runtime_platform.as_ref().is_some_and(|os| os.is_windows());
        if windows {
            let why = "no GPUs for containers on Windows";
            return refuse(Problem::NotAllowed { value: needed.value.clone(), why });
        }
        let Ok(value) = needed.value.parse::<i64>() else {
            let rule = "a whole number of GPUs, 1 to 16";
            return refuse(Problem::Malformed { value: needed.value.clone(), rule });
        };
        if !(1..=MAX_GPUS).contains(&value) {
            return refuse(Problem::OutOfRange { value, min: 1, max: MAX_GPUS });
        }
        gpus += 1;
        if gpus > 1 {
            return refuse(Problem::Duplicate { value: "GPU".to_string() });
        }
    }
    Ok(())
}
