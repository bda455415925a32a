//! `RunTask`, `StartTask`, `StopTask`, `ListTasks`, `DescribeTasks`.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::instances::named;
use super::{ApiError, ClusterApi, ids, missing, page, seconds};
use crate::cluster::capacity_provider::ProviderShare;
use crate::cluster::task::{LaunchType, StopCode, Task, TaskId, TaskStatus};
use crate::cluster::task_definition::{NetworkMode, PlacementConstraint, TaskDefinition};
use crate::cluster::{
    Cluster, Failure, Launch, Overrides, Ran, RunError, RunRequest, SERVICE_GROUP,
};
use crate::time::Instant;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct RunTask {
    cluster: String,
    task_definition: String,
    count: Option<u32>,
    group: Option<String>,
    started_by: Option<String>,
    launch_type: Option<String>,
    capacity_provider_strategy: Vec<ProviderShare>,
    placement_constraints: Vec<PlacementConstraint>,
    placement_strategy: Vec<Strategy>,
    overrides: Overrides,
    container_instances: Vec<String>,
    network_configuration: Option<NetworkConfiguration>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct NetworkConfiguration {
    awsvpc_configuration: AwsvpcConfiguration,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct AwsvpcConfiguration {
    subnets: Vec<String>,
    security_groups: Vec<String>,
}

/// The most subnets and security groups of a task (`AwsVpcConfiguration`).
const MAX_SUBNETS: usize = 16;
const MAX_SECURITY_GROUPS: usize = 5;

/// A placement strategy of a request.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Strategy {
    #[serde(rename = "type")]
    kind: String,
    field: String,
}

impl Strategy {
    /// As a chain of strategies names it: `spread:instanceId`, `random`.
    pub(crate) fn name(&self) -> String {
        match self.field.as_str() {
            "" => self.kind.clone(),
            field => format!("{}:{field}", self.kind),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct StopTask {
    cluster: String,
    task: String,
    reason: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct SomeTasks {
    cluster: String,
    tasks: Vec<String>,
    container_instance: Option<String>,
    family: Option<String>,
    started_by: Option<String>,
    service_name: Option<String>,
    desired_status: Option<String>,
    launch_type: Option<String>,
    next_token: Option<String>,
    max_results: Option<usize>,
}

impl ClusterApi {
    pub(super) fn run_task(&mut self, now: Instant, request: &RunTask) -> Result<Value, ApiError> {
        let run = self.run_request(request)?;
        let cluster = self.found_mut(&request.cluster)?;
        let ran = cluster.run_tasks(now, &run, request.count.unwrap_or(1)).map_err(refused)?;
        self.answer_ran(&request.cluster, &ran)
    }

    pub(super) fn start_task(
        &mut self,
        now: Instant,
        request: &RunTask,
    ) -> Result<Value, ApiError> {
        let run = self.run_request(request)?;
        let cluster = self.found_mut(&request.cluster)?;
        let names = &request.container_instances;
        let mut unknown = Vec::new();
        let mut known = Vec::new();
        for name in names {
            match named(cluster, name) {
                Some(id) => known.push(id),
                None => unknown.push(missing(name)),
            }
        }
        let ran = if known.is_empty() && !unknown.is_empty() {
            Ran::default()
        } else {
            cluster.start_tasks(now, &run, &known).map_err(refused)?
        };
        let mut answer = self.answer_ran(&request.cluster, &ran)?;
        if let Some(failures) = answer["failures"].as_array_mut() {
            failures.extend(unknown);
        }
        Ok(answer)
    }

    /// What is to run, of a request that starts tasks or makes a service.
    pub(crate) fn run_request(&self, request: &RunTask) -> Result<RunRequest, ApiError> {
        let definition = self.registry.active(&request.task_definition);
        let definition = definition.map_err(ApiError::client)?;
        if let Some(group) = request.group.as_ref().filter(|name| name.starts_with(SERVICE_GROUP)) {
            let message = format!("group {group:?}: groups of services are made by services");
            return Err(ApiError::parameter(message));
        }
        let launch = match (&request.launch_type, request.capacity_provider_strategy.is_empty()) {
            (Some(_), false) => {
                let message = "A launch type and a capacity provider strategy exclude each other.";
                return Err(ApiError::parameter(message));
            }
            (Some(name), true) => Launch::Type(launch_type(name)?),
            (None, false) => Launch::Providers(request.capacity_provider_strategy.clone()),
            (None, true) => Launch::Default,
        };
        let zones = self.zones(&definition.definition, request.network_configuration.as_ref())?;
        Ok(RunRequest {
            group: request.group.clone(),
            started_by: request.started_by.clone(),
            launch,
            constraints: request.placement_constraints.clone(),
            strategies: request.placement_strategy.iter().map(Strategy::name).collect(),
            overrides: request.overrides.clone(),
            zones,
            ..RunRequest::new(definition)
        })
    }

    /// The zones of the subnets; none where one of them is in any.
    fn zones(
        &self,
        definition: &TaskDefinition,
        network: Option<&NetworkConfiguration>,
    ) -> Result<Vec<String>, ApiError> {
        let refuse = |message: &str| Err(ApiError::parameter(message));
        let network = match (definition.network_mode() == NetworkMode::Awsvpc, network) {
            (false, None) => return Ok(Vec::new()),
            (false, Some(_)) => {
                return refuse(
                    "Network Configuration is not valid for the given networkMode of this task \
                     definition.",
                );
            }
            (true, None) => {
                return refuse(
                    "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
                );
            }
            (true, Some(network)) => &network.awsvpc_configuration,
        };
        let (subnets, groups) = (network.subnets.len(), network.security_groups.len());
        if subnets == 0 || subnets > MAX_SUBNETS {
            return refuse(&format!("{subnets} subnets: 1 to {MAX_SUBNETS} are possible"));
        }
        if groups > MAX_SECURITY_GROUPS {
            return refuse(&format!("{groups} security groups: at most {MAX_SECURITY_GROUPS}"));
        }
        let zones = network.subnets.iter().map(|subnet| self.subnets.get(subnet).cloned());
        Ok(zones.collect::<Option<Vec<_>>>().unwrap_or_default())
    }

    fn answer_ran(&self, cluster: &str, ran: &Ran) -> Result<Value, ApiError> {
        let cluster = self.found(cluster)?;
        let tasks = ran.tasks.iter().filter_map(|id| cluster.task(*id));
        let tasks: Vec<Value> = tasks.map(|task| self.describe_task(cluster, task)).collect();
        let failures = ran.failures.iter().map(|one| self.describe_failure(cluster, one));
        Ok(json!({ "tasks": tasks, "failures": failures.collect::<Vec<_>>() }))
    }

    fn describe_failure(&self, cluster: &Cluster, failure: &Failure) -> Value {
        let mut fields = Map::new();
        if let Some(instance) = failure.instance {
            fields.insert("arn".into(), self.instance_arn(cluster, instance).into());
        }
        fields.insert("reason".into(), failure.reason.as_str().into());
        if let Some(detail) = &failure.detail {
            fields.insert("detail".into(), detail.as_str().into());
        }
        fields.into()
    }

    pub(super) fn stop_task(
        &mut self,
        now: Instant,
        request: &StopTask,
    ) -> Result<Value, ApiError> {
        let cluster = self.found_mut(&request.cluster)?;
        let task = named_task(cluster, &request.task)
            .ok_or_else(|| ApiError::parameter("The referenced task was not found."))?;
        let reason = request.reason.as_deref().unwrap_or("Task stopped by user");
        let stopped = cluster.stop_task(now, task, StopCode::UserInitiated, reason);
        stopped.map_err(ApiError::parameter)?;
        let cluster = self.found(&request.cluster)?;
        let described = cluster.task(task).map(|task| self.describe_task(cluster, task));
        Ok(json!({ "task": described }))
    }

    /// Those that are to run, unless `desiredStatus` is `STOPPED`. `PENDING` finds
    /// none, as AWS says: it never sets that desired status.
    pub(super) fn list_tasks(&self, request: &SomeTasks) -> Result<Value, ApiError> {
        let cluster = self.found(&request.cluster)?;
        let desired = request.desired_status.as_deref().unwrap_or("RUNNING");
        if !["RUNNING", "PENDING", "STOPPED"].contains(&desired) {
            let possible = "RUNNING, PENDING and STOPPED are possible";
            let message = format!("no desired status {desired:?}: {possible}");
            return Err(ApiError::parameter(message));
        }
        let instance = match &request.container_instance {
            None => None,
            Some(name) => Some(named(cluster, name).ok_or_else(|| {
                ApiError::parameter("The referenced container instance was not found.")
            })?),
        };
        let launch = request.launch_type.as_deref().map(launch_type).transpose()?;
        let group = request.service_name.as_ref().map(|name| format!("{SERVICE_GROUP}{name}"));
        let wanted = |task: &&Task| {
            let family = &task.registered().definition.family;
            task.desired_status().as_str() == desired
                && instance.is_none_or(|id| task.instance() == Some(id))
                && launch.is_none_or(|launch| task.launch_type() == launch)
                && group.as_ref().is_none_or(|group| task.group() == group)
                && request.family.as_ref().is_none_or(|name| name == family)
                && request.started_by.as_ref().is_none_or(|name| task.started_by() == Some(name))
        };
        let arns = cluster.tasks().filter(wanted);
        let arns = arns.map(|task| self.task_arn(cluster, task.id()).into()).collect();
        page("taskArns", arns, request.next_token.as_deref(), request.max_results)
    }

    pub(super) fn describe_tasks(&self, request: &SomeTasks) -> Result<Value, ApiError> {
        let cluster = self.found(&request.cluster)?;
        if request.tasks.is_empty() || request.tasks.len() > 100 {
            let message = format!("{} tasks: 1 to 100 are possible", request.tasks.len());
            return Err(ApiError::parameter(message));
        }
        let (mut described, mut failures) = (Vec::new(), Vec::new());
        for name in &request.tasks {
            match named_task(cluster, name).and_then(|id| cluster.task(id)) {
                Some(task) => described.push(self.describe_task(cluster, task)),
                None => failures.push(missing(name)),
            }
        }
        Ok(json!({ "tasks": described, "failures": failures }))
    }

    /// The ARN of a task.
    pub fn task_arn(&self, cluster: &Cluster, id: TaskId) -> String {
        let name = cluster.name();
        self.arn(&format!("task/{name}/{}", ids::hex(name, id.0)))
    }

    fn describe_task(&self, cluster: &Cluster, task: &Task) -> Value {
        let arn = self.task_arn(cluster, task.id());
        let described = json!({
            "taskArn": arn,
            "clusterArn": self.arn(&format!("cluster/{}", cluster.name())),
            "taskDefinitionArn": self.revision_arn(task.registered()),
            "group": task.group(),
            "launchType": task.launch_type().as_str(),
            "lastStatus": task.last_status().as_str(),
            "desiredStatus": task.desired_status().as_str(),
            "healthStatus": task.health().as_str(),
            "cpu": task.requirements().resources.cpu_units.to_string(),
            "memory": task.requirements().resources.memory_mib.to_string(),
            "createdAt": seconds(task.created_at()),
            "version": task.version(),
            "containers": containers(task, &arn),
            "overrides": serde_json::to_value(task.overrides()).unwrap_or_default(),
        });
        let Value::Object(mut fields) = described else { return described };
        let instance = task.instance().map(|id| self.instance_arn(cluster, id));
        let texts = [
            ("containerInstanceArn", instance.as_deref()),
            ("availabilityZone", task.availability_zone()),
            ("startedBy", task.started_by()),
            ("capacityProviderName", task.capacity_provider()),
            ("stopCode", task.stop_code().map(StopCode::as_str)),
            ("stoppedReason", task.stopped_reason()),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                fields.insert(name.into(), text.into());
            }
        }
        let times = [
            ("startedAt", task.started_at()),
            ("stoppingAt", task.stopping_at()),
            ("stoppedAt", task.stopped_at()),
        ];
        for (name, at) in times {
            if let Some(at) = at {
                fields.insert(name.into(), seconds(at));
            }
        }
        fields.into()
    }
}

/// As AWS describes them: `lastStatus` is PENDING, RUNNING or STOPPED.
fn containers(task: &Task, arn: &str) -> Vec<Value> {
    use crate::cluster::task::ContainerStatus::{Pending, Running, Starting, Stopped, Stopping};
    let pairs = task.definition().container_definitions.iter().zip(task.containers());
    let described = pairs.map(|(definition, container)| {
        let status = match container.status() {
            Pending | Starting => TaskStatus::Pending.as_str(),
            Running | Stopping => TaskStatus::Running.as_str(),
            Stopped => TaskStatus::Stopped.as_str(),
        };
        let mut fields = Map::new();
        fields.insert("taskArn".into(), arn.into());
        fields.insert("name".into(), definition.name.as_str().into());
        fields.insert("image".into(), definition.image.as_str().into());
        fields.insert("lastStatus".into(), status.into());
        fields.insert("healthStatus".into(), container.health().as_str().into());
        fields.insert("cpu".into(), definition.cpu.to_string().into());
        let sizes =
            [("memory", definition.memory), ("memoryReservation", definition.memory_reservation)];
        for (name, size) in sizes {
            if let Some(size) = size {
                fields.insert(name.into(), size.to_string().into());
            }
        }
        if let Some(code) = container.exit_code() {
            fields.insert("exitCode".into(), code.into());
        }
        if let Some(reason) = container.reason() {
            fields.insert("reason".into(), reason.into());
        }
        Value::from(fields)
    });
    described.collect()
}

pub(crate) fn named_task(cluster: &Cluster, name: &str) -> Option<TaskId> {
    let id = TaskId(ids::number(cluster.name(), name)?);
    cluster.task(id).map(Task::id)
}

fn launch_type(name: &str) -> Result<LaunchType, ApiError> {
    let possible = "EC2, FARGATE and EXTERNAL are possible";
    let unknown = || ApiError::parameter(format!("no launch type {name:?}: {possible}"));
    LaunchType::from_word(name).ok_or_else(unknown)
}

/// A refused run in AWS's codes.
pub(crate) fn refused(error: RunError) -> ApiError {
    match error {
        RunError::Definition(_) | RunError::NotActive { .. } => ApiError::client(error),
        error => ApiError::parameter(error),
    }
}
