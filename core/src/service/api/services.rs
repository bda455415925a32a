//! `CreateService`, `UpdateService`, `DeleteService`, `ListServices`,
//! `DescribeServices`.

use alloc::string::String;
use alloc::vec::Vec;

use serde::Deserialize;
use serde_json::{Value, json};

use super::request::{ServiceRequest, balancers_of, check_balancers, refused};
use super::{ApiError, Ecs, Known, at_most, list};
use crate::cluster::api::tasks::{self, RunTask};
use crate::cluster::api::{ids, missing, page, read};
use crate::cluster::task::LaunchType;
use crate::service::{Scheduling, ServiceStatus};
use crate::time::Instant;

/// The most services of one `DescribeServices`.
const MAX_DESCRIBED: usize = 10;
/// A page of `ListServices` unless it says otherwise.
const PAGE: usize = 10;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct DeleteService {
    cluster: String,
    service: String,
    force: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct DescribeServices {
    cluster: String,
    #[serde(alias = "service")]
    services: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ListServices {
    cluster: String,
    launch_type: Option<String>,
    scheduling_strategy: Option<String>,
    next_token: Option<String>,
    max_results: Option<usize>,
}

/// The name in an ARN of a service, or the name itself.
pub(super) fn short(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

impl Ecs {
    pub(super) fn create_service(&mut self, now: Instant, json: &str) -> Result<Value, ApiError> {
        let request: ServiceRequest = read(json)?;
        let runs: RunTask = read(json)?;
        self.clusters.found(&request.cluster)?;
        let run = self.clusters.run_request(&runs)?;
        let spec = request.spec(&run)?;
        let cluster = self.clusters.found(&request.cluster)?;
        cluster.check(&run).map_err(tasks::refused)?;
        let fargate = cluster.launch_type(&run) == LaunchType::Fargate;
        if spec.scheduling == Scheduling::Daemon && fargate {
            let message = "Fargate tasks do not support the DAEMON scheduling strategy.";
            return Err(ApiError::parameter(message));
        }
        let load_balancers = list_of(json, "loadBalancers")?;
        let services = self.services_mut(&request.cluster)?;
        services.controller.create(now, spec, run).map_err(refused)?;
        let known = Known { created: now, load_balancers };
        services.known.insert(request.service_name.clone(), known);
        self.answer(now, &request.cluster, &request.service_name)
    }

    pub(super) fn update_service(&mut self, now: Instant, json: &str) -> Result<Value, ApiError> {
        let request: ServiceRequest = read(json)?;
        let name = short(&request.service);
        let cluster = self.clusters.found(&request.cluster)?;
        let controller = self.controller(&request.cluster);
        let current = controller.and_then(|of| of.service(name)).ok_or_else(not_found)?;
        if current.status() != ServiceStatus::Active {
            return Err(ApiError::new("ServiceNotActiveException", "Service was not ACTIVE."));
        }
        if request.launch_type.is_some() || request.capacity_provider_strategy.is_some() {
            let message = "launchType and capacityProviderStrategy of a service are not changed \
                           here: create another service.";
            return Err(ApiError::parameter(message));
        }
        let strategies = request.strategies();
        let daemon = current.spec().scheduling == Scheduling::Daemon;
        if daemon && strategies.as_ref().is_some_and(|names| !names.is_empty()) {
            let message = "Placement strategies are not supported for a DAEMON service.";
            return Err(ApiError::parameter(message));
        }
        let update = request.update(current.spec())?;
        let run = controller.and_then(|of| of.request(name)).ok_or_else(not_found)?;
        let mut next = run.clone();
        if let Some(name) = &request.task_definition {
            next.definition =
                self.clusters.registry().active(name).map_err(ApiError::client)?.clone();
        }
        let services = self.services.get(cluster.name());
        if let Some(known) = services.and_then(|of| of.known.get(name)) {
            let balancers = balancers_of(&known.load_balancers)?;
            check_balancers(&balancers, &next.definition.definition)?;
        }
        next.strategies = strategies.clone().unwrap_or(next.strategies);
        next.constraints = request.placement_constraints.clone().unwrap_or(next.constraints);
        cluster.check(&next).map_err(tasks::refused)?;
        let constraints = request.placement_constraints.clone();
        let services = self.services_mut(&request.cluster)?;
        let definition = request.task_definition.is_some().then_some(&next.definition);
        let controller = &mut services.controller;
        controller.update(now, name, update, definition).map_err(refused)?;
        controller.set_placement(now, name, constraints, strategies).map_err(refused)?;
        self.answer(now, &request.cluster, name)
    }

    /// A service with tasks to have is refused unless it is forced; it drains and
    /// is described for as long as the cluster is there.
    pub(super) fn delete_service(
        &mut self,
        now: Instant,
        request: &DeleteService,
    ) -> Result<Value, ApiError> {
        let name = short(&request.service);
        let services = self.services_mut(&request.cluster)?;
        services.controller.delete(now, name, request.force).map_err(refused)?;
        self.answer(now, &request.cluster, name)
    }

    /// The service after it has looked at its cluster once.
    fn answer(&mut self, now: Instant, cluster: &str, name: &str) -> Result<Value, ApiError> {
        self.drive(now);
        let described = self.describe_service(cluster, name).ok_or_else(not_found)?;
        Ok(json!({ "service": described }))
    }

    /// Those that are not inactive.
    pub(super) fn list_services(&self, request: &ListServices) -> Result<Value, ApiError> {
        let cluster = self.clusters.found(&request.cluster)?.name();
        let daemon = match request.scheduling_strategy.as_deref() {
            None => None,
            Some("REPLICA") => Some(false),
            Some("DAEMON") => Some(true),
            Some(other) => {
                return Err(super::request::no_strategy(other));
            }
        };
        let launch = request.launch_type.as_deref();
        let controller = self.controller(cluster);
        let arns = controller.into_iter().flat_map(|controller| {
            controller.services().filter_map(move |(name, service)| {
                let of = service.spec().scheduling == Scheduling::Daemon;
                let wanted = service.status() != ServiceStatus::Inactive
                    && daemon.is_none_or(|daemon| daemon == of)
                    && launch.is_none_or(|launch| {
                        super::describe::launch_type(controller, name) == Some(launch)
                    });
                wanted.then(|| Value::from(self.service_arn(cluster, name)))
            })
        });
        let size = request.max_results.unwrap_or(PAGE);
        page("serviceArns", arns.collect(), request.next_token.as_deref(), Some(size))
    }

    /// Inactive ones too.
    pub(super) fn describe_services(&self, request: &DescribeServices) -> Result<Value, ApiError> {
        let cluster = self.clusters.found(&request.cluster)?.name();
        at_most(&request.services, "services", MAX_DESCRIBED)?;
        let (mut described, mut failures) = (Vec::new(), Vec::new());
        for name in &request.services {
            match self.describe_service(cluster, short(name)) {
                Some(service) => described.push(service),
                None => failures.push(missing(&self.service_arn(cluster, short(name)))),
            }
        }
        Ok(json!({ "services": described, "failures": failures }))
    }

    pub(super) fn service_arn(&self, cluster: &str, name: &str) -> String {
        let cluster = ids::short(cluster, "cluster");
        self.clusters.arn(&alloc::format!("service/{cluster}/{name}"))
    }
}

pub(super) fn not_found() -> ApiError {
    ApiError::new("ServiceNotFoundException", "Service not found.")
}

/// A list of the request as it was given.
fn list_of(json: &str, key: &str) -> Result<Value, ApiError> {
    let request: Value = read(json)?;
    Ok(request.get(key).cloned().unwrap_or_else(|| list(core::iter::empty())))
}
