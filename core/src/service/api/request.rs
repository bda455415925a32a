//! Requests about services, as settings of a service.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::Deserialize;
use serde_json::Value;

use super::ApiError;
use crate::cluster::RunRequest;
use crate::cluster::api::tasks::Strategy;
use crate::cluster::task_definition::{PlacementConstraint, TaskDefinition};
use crate::placement::view::AVAILABILITY_ZONE;
use crate::service::{
    BreakerConfig, DeleteError, Percents, Scheduling, ServiceError, ServiceSpec, ServiceUpdate,
    SpecError, StopRule, Threshold,
};
use crate::time::Duration;

/// Seconds for which a target drains (Elastic Load Balancing's default).
const DEREGISTRATION_DELAY: Duration = Duration::from_secs(300);
/// The longest `healthCheckGracePeriodSeconds`.
const MAX_GRACE_S: u32 = i32::MAX as u32;

/// The fields of `CreateService` and `UpdateService` that say what a service is;
/// what it runs and where is read as of `RunTask`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ServiceRequest {
    pub(super) cluster: String,
    pub(super) service_name: String,
    /// Of an update.
    pub(super) service: String,
    pub(super) task_definition: Option<String>,
    pub(super) desired_count: Option<u32>,
    pub(super) launch_type: Option<String>,
    pub(super) capacity_provider_strategy: Option<Value>,
    scheduling_strategy: Option<String>,
    deployment_configuration: DeploymentConfiguration,
    health_check_grace_period_seconds: Option<u32>,
    availability_zone_rebalancing: Option<String>,
    pub(super) load_balancers: Vec<LoadBalancer>,
    pub(super) force_new_deployment: bool,
    pub(super) placement_constraints: Option<Vec<PlacementConstraint>>,
    placement_strategy: Option<Vec<Strategy>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct DeploymentConfiguration {
    minimum_healthy_percent: Option<u32>,
    maximum_percent: Option<u32>,
    deployment_circuit_breaker: Option<CircuitBreaker>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CircuitBreaker {
    enable: bool,
    rollback: bool,
    reset_on_healthy_task: Option<bool>,
    threshold_configuration: Option<ThresholdConfiguration>,
}

#[derive(Deserialize)]
struct ThresholdConfiguration {
    #[serde(rename = "type")]
    kind: String,
    value: u32,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct LoadBalancer {
    target_group_arn: Option<String>,
    load_balancer_name: Option<String>,
    container_name: String,
    container_port: i64,
}

impl ServiceRequest {
    /// The settings of a service that is created to run `run`.
    pub(super) fn spec(&self, run: &RunRequest) -> Result<ServiceSpec, ApiError> {
        let revision = crate::service::Revision { number: 1, container_check: false };
        let daemon = match self.scheduling_strategy.as_deref() {
            None | Some("REPLICA") => false,
            Some("DAEMON") => true,
            Some(other) => return Err(no_strategy(other)),
        };
        let mut spec = if daemon {
            if self.desired_count.is_some() {
                return refuse("The desired count is not supported for a DAEMON service.");
            }
            if !run.strategies.is_empty() {
                return refuse("Placement strategies are not supported for a DAEMON service.");
            }
            ServiceSpec::daemon(&self.service_name, revision)
        } else {
            let Some(desired) = self.desired_count else {
                return refuse("desiredCount is required for a REPLICA service.");
            };
            ServiceSpec::replica(&self.service_name, revision, desired)
        };
        spec.percents = self.percents(spec.percents);
        spec.breaker = self.breaker(spec.breaker)?;
        if spec.scheduling == Scheduling::Daemon && spec.percents.max_percent != 100 {
            return Err(ApiError::parameter(SpecError::Percents(
                crate::service::PercentsError::DaemonMax { value: spec.percents.max_percent },
            )));
        }
        check_balancers(&self.load_balancers, &run.definition.definition)?;
        let groups = self.load_balancers.iter().any(|one| one.target_group_arn.is_some());
        spec.target_group = groups.then_some(DEREGISTRATION_DELAY);
        spec.classic_load_balancer =
            self.load_balancers.iter().any(|one| one.load_balancer_name.is_some());
        if let Some(grace) = self.grace(!self.load_balancers.is_empty())? {
            spec.grace = grace;
        }
        spec.stop_rules = StopRule::of_names(&run.strategies).map_err(ApiError::parameter)?;
        spec.zone_constraint = names_zone(&run.constraints)
            || names_zone(&run.definition.definition.placement_constraints);
        if let Some(rebalance) = self.rebalance()? {
            spec.rebalance = rebalance;
        }
        Ok(spec)
    }

    /// What an update changes of a service as it is.
    pub(super) fn update(&self, now: &ServiceSpec) -> Result<ServiceUpdate, ApiError> {
        let percents = self.percents(now.percents);
        let breaker = self.breaker(now.breaker)?;
        let balanced = now.target_group.is_some() || now.classic_load_balancer;
        Ok(ServiceUpdate {
            desired: self.desired_count,
            force_new_deployment: self.force_new_deployment,
            percents: (percents != now.percents).then_some(percents),
            breaker: (breaker != now.breaker).then_some(breaker),
            grace: self.grace(balanced)?,
            rebalance: self.rebalance()?,
            ..ServiceUpdate::default()
        })
    }

    /// The placement strategies by name, where the request has them.
    pub(super) fn strategies(&self) -> Option<Vec<String>> {
        self.placement_strategy.as_ref().map(|all| all.iter().map(Strategy::name).collect())
    }

    fn percents(&self, now: Percents) -> Percents {
        let given = &self.deployment_configuration;
        Percents {
            min_healthy_percent: given.minimum_healthy_percent.unwrap_or(now.min_healthy_percent),
            max_percent: given.maximum_percent.unwrap_or(now.max_percent),
        }
    }

    fn breaker(&self, now: BreakerConfig) -> Result<BreakerConfig, ApiError> {
        let Some(given) = &self.deployment_configuration.deployment_circuit_breaker else {
            return Ok(now);
        };
        let threshold = match &given.threshold_configuration {
            None => now.threshold,
            Some(given) => match given.kind.as_str() {
                "COUNT" => Threshold::Count(given.value),
                "BOUNDED_PERCENT" => Threshold::BoundedPercent(given.value),
                "UNBOUNDED_PERCENT" => Threshold::UnboundedPercent(given.value),
                other => {
                    let possible = "COUNT, BOUNDED_PERCENT and UNBOUNDED_PERCENT are possible";
                    return refuse(format!("no type of threshold {other:?}: {possible}"));
                }
            },
        };
        threshold.check().map_err(ApiError::parameter)?;
        Ok(BreakerConfig {
            enable: given.enable,
            rollback: given.rollback,
            threshold,
            reset_on_healthy_task: given.reset_on_healthy_task.unwrap_or(now.reset_on_healthy_task),
        })
    }

    fn grace(&self, balanced: bool) -> Result<Option<Duration>, ApiError> {
        match self.health_check_grace_period_seconds {
            None => Ok(None),
            Some(_) if !balanced => refuse(
                "Health check grace period is only valid for services configured to use load \
                 balancers",
            ),
            Some(seconds) if seconds > MAX_GRACE_S => {
                refuse(format!("healthCheckGracePeriodSeconds is {seconds}: at most {MAX_GRACE_S}"))
            }
            Some(seconds) => Ok(Some(Duration::from_secs(seconds.into()))),
        }
    }

    fn rebalance(&self) -> Result<Option<bool>, ApiError> {
        match self.availability_zone_rebalancing.as_deref() {
            None => Ok(None),
            Some("ENABLED") => Ok(Some(true)),
            Some("DISABLED") => Ok(Some(false)),
            Some(other) => {
                let possible = "ENABLED and DISABLED are possible";
                refuse(format!("no availability zone rebalancing {other:?}: {possible}"))
            }
        }
    }
}

/// The load balancers that a service was created with.
pub(super) fn balancers_of(given: &Value) -> Result<Vec<LoadBalancer>, ApiError> {
    Vec::deserialize(given).map_err(ApiError::parameter)
}

/// Each load balancer names a container and a port of it.
pub(super) fn check_balancers(
    balancers: &[LoadBalancer],
    definition: &TaskDefinition,
) -> Result<(), ApiError> {
    for one in balancers {
        let name = &one.container_name;
        let container =
            definition.container_definitions.iter().find(|container| container.name == *name);
        let Some(container) = container else {
            return refuse(format!("The container {name} does not exist in the task definition."));
        };
        let port = one.container_port;
        let mapped = |mapping: &crate::cluster::task_definition::PortMapping| {
            mapping.container_port == Some(port)
        };
        if !container.port_mappings.iter().any(mapped) {
            return refuse(format!(
                "The container {name} did not have a container port {port} defined."
            ));
        }
    }
    Ok(())
}

/// Whether a constraint is about availability zones.
fn names_zone(constraints: &[PlacementConstraint]) -> bool {
    let of_zone = |text: &String| text.contains(AVAILABILITY_ZONE);
    constraints.iter().any(|one| one.expression.as_ref().is_some_and(of_zone))
}

pub(super) fn no_strategy(given: &str) -> ApiError {
    let possible = "REPLICA and DAEMON are possible";
    ApiError::parameter(format!("no scheduling strategy {given:?}: {possible}"))
}

fn refuse<T>(message: impl core::fmt::Display) -> Result<T, ApiError> {
    Err(ApiError::parameter(message))
}

/// A refusal in AWS's codes.
pub(super) fn refused(error: ServiceError) -> ApiError {
    match &error {
        ServiceError::NotFound { .. } => {
            ApiError::new("ServiceNotFoundException", "Service not found.")
        }
        ServiceError::Spec(SpecError::NotActive) | ServiceError::Delete(DeleteError::NotActive) => {
            ApiError::new("ServiceNotActiveException", "Service was not ACTIVE.")
        }
        _ => ApiError::parameter(error.to_string()),
    }
}
