//! A service as AWS describes it.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde_json::{Map, Value, json};

use super::{Ecs, list};
use crate::cluster::api::{ids, seconds};
use crate::cluster::task::LaunchType;
use crate::cluster::{Launch, RunRequest};
use crate::service::{
    Controller, Deployment, Rollout, Scheduling, Service, ServiceStatus, TaskStatus, Threshold,
};

impl Ecs {
    /// A service; `None` where the cluster has none of that name.
    pub(super) fn describe_service(&self, cluster: &str, name: &str) -> Option<Value> {
        let cluster = ids::short(cluster, "cluster");
        let services = self.services.get(cluster)?;
        let controller = &services.controller;
        let service = controller.service(name)?;
        let run = controller.request(name)?;
        let known = services.known.get(name)?;
        let spec = service.spec();
        let daemon = spec.scheduling == Scheduling::Daemon;
        let deployments = service.deployments().collect::<Vec<_>>();
        let deployments = deployments.into_iter().rev().filter(|of| is_shown(service, of));
        let described = json!({
            "serviceArn": self.service_arn(cluster, name),
            "serviceName": name,
            "clusterArn": self.clusters.arn(&format!("cluster/{cluster}")),
            "status": service.status().as_str(),
            "schedulingStrategy": if daemon { "DAEMON" } else { "REPLICA" },
            "desiredCount": service.desired(),
            "runningCount": service.running_count(),
            "pendingCount": service.pending_count(),
            "taskDefinition": self.clusters.revision_arn(&run.definition),
            "deploymentConfiguration": configuration(service),
            "deployments": list(deployments.map(|of| self.deployment(controller, name, of))),
            "events": list(service.events().rev().map(|event| json!({
                "id": event_id(cluster, name, event.number),
                "createdAt": seconds(event.at),
                "message": event.message,
            }))),
            "createdAt": seconds(known.created),
            "loadBalancers": known.load_balancers,
            "placementConstraints": serde_json::to_value(&run.constraints).unwrap_or_default(),
            "placementStrategy": list(run.strategies.iter().map(|name| strategy(name))),
            "availabilityZoneRebalancing": if spec.rebalance { "ENABLED" } else { "DISABLED" },
        });
        let Value::Object(mut fields) = described else { return Some(described) };
        put_launch(&mut fields, run);
        if spec.target_group.is_some() || spec.classic_load_balancer {
            let grace = spec.grace.as_nanos() / 1_000_000_000;
            fields.insert("healthCheckGracePeriodSeconds".into(), grace.into());
        }
        Some(fields.into())
    }

    fn deployment(&self, controller: &Controller, name: &str, of: &Deployment) -> Value {
        let Some(service) = controller.service(name) else { return Value::Null };
        let primary = service.primary().is_some_and(|primary| primary.key == of.key);
        let tasks = || service.tasks().filter(|task| task.deployment == of.key);
        let running = tasks().filter(|task| task.status == TaskStatus::Running).count();
        let pending = tasks().filter(|task| task.status.is_pending()).count();
        let run = controller.request_of(name, of.revision.number);
        let definition = run.map(|run| self.clusters.revision_arn(&run.definition));
        let mut fields = Map::new();
        fields.insert("id".into(), format!("ecs-svc/{}", of.key).into());
        fields.insert("status".into(), if primary { "PRIMARY" } else { "ACTIVE" }.into());
        fields.insert("taskDefinition".into(), definition.into());
        let desired = if primary { service.desired() } else { 0 };
        fields.insert("desiredCount".into(), desired.into());
        fields.insert("runningCount".into(), running.into());
        fields.insert("pendingCount".into(), pending.into());
        fields.insert("failedTasks".into(), of.breaker.failures().into());
        fields.insert("createdAt".into(), seconds(of.created));
        fields.insert("rolloutState".into(), of.rollout.as_str().into());
        fields.insert("rolloutStateReason".into(), reason(of).into());
        if let Some(run) = run {
            put_launch(&mut fields, run);
        }
        fields.into()
    }
}

/// The primary one, and those whose tasks are not all gone; the one to roll back
/// to is remembered and not shown.
fn is_shown(service: &Service, of: &Deployment) -> bool {
    let primary = service.primary().is_some_and(|primary| primary.key == of.key);
    let left = || service.tasks().any(|task| task.deployment == of.key);
    (primary && service.status() != ServiceStatus::Inactive) || left()
}

fn configuration(service: &Service) -> Value {
    let spec = service.spec();
    let (kind, value) = match spec.breaker.threshold {
        Threshold::Count(count) => ("COUNT", count),
        Threshold::BoundedPercent(percent) => ("BOUNDED_PERCENT", percent),
        Threshold::UnboundedPercent(percent) => ("UNBOUNDED_PERCENT", percent),
    };
    json!({
        "minimumHealthyPercent": spec.percents.min_healthy_percent,
        "maximumPercent": spec.percents.max_percent,
        "deploymentCircuitBreaker": {
            "enable": spec.breaker.enable,
            "rollback": spec.breaker.rollback,
            "resetOnHealthyTask": spec.breaker.reset_on_healthy_task,
            "thresholdConfiguration": { "type": kind, "value": value },
        },
    })
}

fn reason(of: &Deployment) -> String {
    let what = match of.rollout {
        Rollout::InProgress => "in progress",
        Rollout::Completed => "completed",
        Rollout::Failed => "failed: tasks failed to start",
    };
    format!("ECS deployment ecs-svc/{} {what}.", of.key)
}

/// The launch type of a service that was created with one, or by default.
pub(super) fn launch_type<'a>(controller: &'a Controller, name: &str) -> Option<&'a str> {
    match &controller.request(name)?.launch {
        Launch::Type(launch) => Some(launch.as_str()),
        Launch::Default => Some(LaunchType::Ec2.as_str()),
        Launch::Providers(_) => None,
    }
}

fn put_launch(fields: &mut Map<String, Value>, run: &RunRequest) {
    match &run.launch {
        Launch::Type(launch) => fields.insert("launchType".into(), launch.as_str().into()),
        Launch::Default => fields.insert("launchType".into(), LaunchType::Ec2.as_str().into()),
        Launch::Providers(shares) => fields.insert(
            "capacityProviderStrategy".into(),
            serde_json::to_value(shares).unwrap_or_default(),
        ),
    };
}

fn strategy(name: &str) -> Value {
    match name.split_once(':') {
        Some((kind, field)) => json!({ "type": kind, "field": field }),
        None => json!({ "type": name }),
    }
}

/// The same event has the same id each time.
fn event_id(cluster: &str, name: &str, number: u64) -> String {
    ids::hex(&format!("{cluster}/{name}"), number)
}
