//! What the host is asked to do and what it reports, as JSON: for hosts in other
//! languages.

use alloc::format;
use alloc::string::{String, ToString};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{ApiError, Ecs, short};
use crate::cluster::api::instances::named;
use crate::cluster::api::read;
use crate::cluster::api::tasks::named_task;
use crate::cluster::instance::ContainerInstanceId;
use crate::cluster::task::{self, TaskId};
use crate::cluster::{Action, Cluster, Event};
use crate::service::{Health, TargetAction, TaskKey};
use crate::time::Instant;

/// A report of the host. Containers are named as in the task definition.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Report {
    event: String,
    cluster: String,
    instance: Option<String>,
    task: Option<String>,
    container: Option<String>,
    service: Option<String>,
    reason: Option<String>,
    exit_code: Option<i32>,
    memory_mib: Option<u32>,
    health: Option<String>,
}

impl Ecs {
    /// The next thing that the host shall do, as a JSON object of `action`,
    /// `cluster` and what it is about: `task` and `instance` by ARN, `container`
    /// by name, `service`. [`Action`] says how each is answered; of a load
    /// balancer's `RegisterTarget` and `DeregisterTarget` by `TargetHealth` and
    /// `TargetIdle`.
    pub fn poll_json(&mut self) -> Option<String> {
        if let Some((cluster, action)) = self.poll_action() {
            let cluster = cluster.to_string();
            return Some(self.action(&cluster, action).to_string());
        }
        let (cluster, target) = self.poll_target()?;
        let cluster = cluster.to_string();
        Some(self.target(&cluster, &target).to_string())
    }

    /// Takes in a report: a JSON object of `event`, `cluster` and what it is
    /// about. `event` is the name of an [`Event`], `TargetHealth` or
    /// `TargetIdle`; the fields are those of [`poll_json`](Self::poll_json),
    /// `reason`, `exitCode`, `memoryMib` and `health` (`HEALTHY`, `UNHEALTHY`,
    /// `UNKNOWN`).
    ///
    /// # Errors
    /// It is none, a field is missing, or it cannot be; nothing has changed.
    pub fn handle_json(&mut self, now: Instant, json: &str) -> Result<(), ApiError> {
        let report: Report = read(json)?;
        let cluster = self.clusters.found(&report.cluster)?;
        match report.event.as_str() {
            "TargetHealth" => {
                let (task, health) = (report.task(cluster)?, report.health()?);
                let health = match health {
                    task::Health::Unknown => Health::Unknown,
                    task::Health::Healthy => Health::Healthy,
                    task::Health::Unhealthy => Health::Unhealthy,
                };
                let service = short(report.service()?);
                self.handle_target(now, &report.cluster, service, task, health)
            }
            "TargetIdle" => {
                let (task, service) = (report.task(cluster)?, short(report.service()?));
                let services = self.services_mut(&report.cluster)?;
                let not_found = || ApiError::new("ServiceNotFoundException", "Service not found.");
                let service = services.controller.service_mut(service).ok_or_else(not_found)?;
                service.handle_target_idle(now, TaskKey(task.0));
                self.drive(now);
                Ok(())
            }
            _ => {
                let event = report.event(cluster)?;
                self.handle(now, &report.cluster, event)?.map_err(ApiError::parameter)
            }
        }
    }

    fn action(&self, cluster: &str, action: Action) -> Value {
        let mut of = Object::new(self, cluster);
        match action {
            Action::AttachTrunk { instance } => of.name("AttachTrunk").instance(Some(instance)),
            Action::DetachTrunk { instance } => of.name("DetachTrunk").instance(Some(instance)),
            Action::Provision { task, instance } => {
                of.name("Provision").task(task).instance(instance)
            }
            Action::Deprovision { task } => of.name("Deprovision").task(task),
            Action::Activate { task } => of.name("Activate").task(task),
            Action::Deactivate { task } => of.name("Deactivate").task(task),
            Action::StartContainer { task, container } => {
                of.name("StartContainer").container(task, container)
            }
            Action::StopContainer { task, container } => {
                of.name("StopContainer").container(task, container)
            }
            Action::KillContainer { task, container } => {
                of.name("KillContainer").container(task, container)
            }
            Action::TaskChanged { task, from, to } => of
                .name("TaskChanged")
                .task(task)
                .text("from", from.as_str())
                .text("to", to.as_str()),
            Action::InstanceChanged { instance, to } => {
                of.name("InstanceChanged").instance(Some(instance)).text("to", &to.to_string())
            }
        };
        of.fields.into()
    }

    fn target(&self, cluster: &str, target: &TargetAction) -> Value {
        let mut of = Object::new(self, cluster);
        of.name(if target.register { "RegisterTarget" } else { "DeregisterTarget" });
        of.task(target.task).text("service", &target.service);
        of.fields.into()
    }
}

/// An action as it is written.
struct Object<'a> {
    ecs: &'a Ecs,
    cluster: Option<&'a Cluster>,
    fields: Map<String, Value>,
}

impl<'a> Object<'a> {
    fn new(ecs: &'a Ecs, cluster: &str) -> Self {
        let mut fields = Map::new();
        fields.insert("cluster".into(), cluster.into());
        Self { ecs, cluster: ecs.clusters.cluster(cluster), fields }
    }

    fn text(&mut self, key: &str, text: &str) -> &mut Self {
        self.fields.insert(key.into(), text.into());
        self
    }

    fn name(&mut self, name: &str) -> &mut Self {
        self.text("action", name)
    }

    fn task(&mut self, task: TaskId) -> &mut Self {
        match self.cluster.map(|cluster| self.ecs.clusters.task_arn(cluster, task)) {
            Some(arn) => self.text("task", &arn),
            None => self,
        }
    }

    fn instance(&mut self, instance: Option<ContainerInstanceId>) -> &mut Self {
        let arn = self.cluster.zip(instance);
        match arn.map(|(cluster, id)| self.ecs.clusters.instance_arn(cluster, id)) {
            Some(arn) => self.text("instance", &arn),
            None => self,
        }
    }

    fn container(&mut self, task: TaskId, place: usize) -> &mut Self {
        self.task(task);
        let task = self.cluster.and_then(|cluster| cluster.task(task));
        let name = task.and_then(|task| task.definition().container_definitions.get(place));
        match name.map(|of| of.name.clone()) {
            Some(name) => self.text("container", &name),
            // The task is forgotten already, and with it what its containers are called.
            None => self,
        }
    }
}

impl Report {
    fn event(&self, cluster: &Cluster) -> Result<Event, ApiError> {
        Ok(match self.event.as_str() {
            "AgentConnected" => Event::AgentConnected { instance: self.instance(cluster)? },
            "AgentDisconnected" => Event::AgentDisconnected { instance: self.instance(cluster)? },
            "TrunkAttached" => Event::TrunkAttached { instance: self.instance(cluster)? },
            "TrunkFailed" => {
                Event::TrunkFailed { instance: self.instance(cluster)?, reason: self.reason()? }
            }
            "TrunkDetached" => Event::TrunkDetached { instance: self.instance(cluster)? },
            "InstanceLost" => {
                Event::InstanceLost { instance: self.instance(cluster)?, reason: self.reason()? }
            }
            "Provisioned" => Event::Provisioned { task: self.task(cluster)? },
            "ProvisionFailed" => {
                Event::ProvisionFailed { task: self.task(cluster)?, reason: self.reason()? }
            }
            "Deprovisioned" => Event::Deprovisioned { task: self.task(cluster)? },
            "Activated" => Event::Activated { task: self.task(cluster)? },
            "Deactivated" => Event::Deactivated { task: self.task(cluster)? },
            "SpotInterruption" => Event::SpotInterruption { task: self.task(cluster)? },
            _ => return self.container_event(cluster),
        })
    }

    fn container_event(&self, cluster: &Cluster) -> Result<Event, ApiError> {
        let of = || {
            let task = self.task(cluster)?;
            Ok::<_, ApiError>((task, self.container(cluster, task)?))
        };
        Ok(match self.event.as_str() {
            "ContainerStarted" => {
                let (task, container) = of()?;
                Event::ContainerStarted { task, container }
            }
            "ContainerFailed" => {
                let (task, container) = of()?;
                Event::ContainerFailed { task, container, reason: self.reason()? }
            }
            "ContainerExited" => {
                let (task, container) = of()?;
                let exit_code = self.exit_code.ok_or_else(|| self.missing("exitCode"))?;
                Event::ContainerExited { task, container, exit_code }
            }
            "ContainerHealth" => {
                let (task, container) = of()?;
                Event::ContainerHealth { task, container, health: self.health()? }
            }
            "MemoryUsed" => {
                let (task, container) = of()?;
                let memory_mib = self.memory_mib.ok_or_else(|| self.missing("memoryMib"))?;
                Event::MemoryUsed { task, container, memory_mib }
            }
            other => return Err(ApiError::parameter(format!("no event {other:?}"))),
        })
    }

    fn missing(&self, field: &str) -> ApiError {
        ApiError::parameter(format!("event {:?} has no {field}", self.event))
    }

    fn instance(&self, cluster: &Cluster) -> Result<ContainerInstanceId, ApiError> {
        let name = self.instance.as_ref().ok_or_else(|| self.missing("instance"))?;
        let unknown = || ApiError::parameter(format!("no container instance {name:?}"));
        named(cluster, name).ok_or_else(unknown)
    }

    fn task(&self, cluster: &Cluster) -> Result<TaskId, ApiError> {
        let name = self.task.as_ref().ok_or_else(|| self.missing("task"))?;
        named_task(cluster, name).ok_or_else(|| ApiError::parameter(format!("no task {name:?}")))
    }

    fn container(&self, cluster: &Cluster, task: TaskId) -> Result<usize, ApiError> {
        let name = self.container.as_ref().ok_or_else(|| self.missing("container"))?;
        let containers = cluster.task(task).map(|task| &task.definition().container_definitions);
        let place = containers.and_then(|all| all.iter().position(|of| of.name == *name));
        place.ok_or_else(|| ApiError::parameter(format!("no container {name:?} in the task")))
    }

    fn service(&self) -> Result<&str, ApiError> {
        self.service.as_deref().ok_or_else(|| self.missing("service"))
    }

    fn reason(&self) -> Result<String, ApiError> {
        self.reason.clone().ok_or_else(|| self.missing("reason"))
    }

    fn health(&self) -> Result<task::Health, ApiError> {
        match self.health.as_deref() {
            Some("HEALTHY") => Ok(task::Health::Healthy),
            Some("UNHEALTHY") => Ok(task::Health::Unhealthy),
            Some("UNKNOWN") => Ok(task::Health::Unknown),
            Some(other) => {
                let possible = "HEALTHY, UNHEALTHY and UNKNOWN are possible";
                Err(ApiError::parameter(format!("no health {other:?}: {possible}")))
            }
            None => Err(self.missing("health")),
        }
    }
}
