//! One door for calls of Amazon ECS in AWS's JSON, services included: C, C++,
//! Python and the command line all go through [`Ecs::call`].
//!
//! Operations on clusters, task definitions, instances and tasks are those of
//! [`cluster::api`](crate::cluster::api); services and task protection are added
//! here. Requests and answers have AWS's operations and field names (ECS API
//! reference, 2014-11-13), errors AWS's codes. Fields that this library does not
//! know are ignored. One operation is none of AWS's: `DescribeServiceVerdict` takes
//! `{cluster, service, taskDefinition}`, the last optional, and answers whether a
//! deployment of it could ever end, `{"verdict": "PROGRESSES", "reasons": []}` or
//! `"NEVER"` with reasons.
//!
//! A host that runs containers drains [`Ecs::poll_action`] and
//! [`Ecs::poll_target`], and reports to [`Ecs::handle`], or does both in JSON
//! ([`Ecs::poll_json`], [`Ecs::handle_json`]); one that only wants to see what
//! would happen lets [`Ecs::settle`] do all of it at once.
//!
//! ```
//! use warmstow_core::service::api::Ecs;
//! use warmstow_core::time::Instant;
//!
//! let mut ecs = Ecs::new("us-east-1", "123456789012");
//! let now = Instant::ZERO;
//! ecs.call(now, "create-cluster", r#"{"clusterName": "mycluster"}"#)?;
//! let web = r#"{"family": "web", "containerDefinitions":
//!     [{"name": "web", "image": "nginx", "cpu": 256, "memory": 512}]}"#;
//! ecs.call(now, "register-task-definition", web)?;
//! let request = r#"{"cluster": "mycluster", "serviceName": "web",
//!                   "taskDefinition": "web", "desiredCount": 1}"#;
//! let answer = ecs.call(now, "create-service", request)?;
//! assert!(answer.contains(r#""status":"ACTIVE""#));
//! let error = ecs.call(now, "create-service", request).unwrap_err();
//! assert_eq!(error.code, "InvalidParameterException");
//! # Ok::<(), warmstow_core::cluster::api::ApiError>(())
//! ```

mod describe;
mod host;
mod protection;
mod request;
mod services;
mod skeleton;
#[cfg(all(test, not(loom)))]
mod tests;
mod verdict;

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde_json::Value;

pub use skeleton::{OPERATIONS, operations, skeleton};

pub use crate::cluster::api::ApiError;
use crate::cluster::api::{ClusterApi, ids, read};
use crate::cluster::task::TaskId;
use crate::cluster::{Action, Event, EventError, Settings};
use crate::service::{Controller, Health, ServiceStatus, TargetAction, TaskKey};
use crate::time::Instant;
use services::short;

/// The clusters, task definitions and services of one account in one region.
#[derive(Debug)]
pub struct Ecs {
    clusters: ClusterApi,
    /// By the cluster's name.
    services: BTreeMap<String, Services>,
}

/// The services of one cluster, and what only the door knows of them.
#[derive(Debug, Default)]
struct Services {
    controller: Controller,
    known: BTreeMap<String, Known>,
}

/// What a service was created with that placement does not need.
#[derive(Clone, Debug)]
struct Known {
    created: Instant,
    load_balancers: Value,
}

/// Steps of [`Ecs::settle`] over one stretch of time. What is still to happen
/// then, happens at its end: a service that never rests must not hold the caller.
const MAX_STEPS: u32 = 10_000;

impl Ecs {
    /// An account without clusters and task definitions.
    pub fn new(region: &str, account: &str) -> Self {
        Self { clusters: ClusterApi::new(region, account), services: BTreeMap::new() }
    }

    /// The same, with other settings for the clusters that are created from now on.
    #[must_use]
    pub fn with_settings(self, settings: Settings) -> Self {
        Self { clusters: self.clusters.with_settings(settings), ..self }
    }

    /// The clusters and task definitions.
    pub const fn clusters(&self) -> &ClusterApi {
        &self.clusters
    }

    /// The services of a cluster, by its name or ARN; `None` before it has some.
    pub fn controller(&self, cluster: &str) -> Option<&Controller> {
        let name = ids::short(cluster, "cluster");
        self.services.get(name).map(|services| &services.controller)
    }

    /// Says which availability zone a subnet is in, so that tasks with `awsvpc`
    /// that name it run there. A subnet that was not told of is in any zone.
    pub fn put_subnet(&mut self, subnet: &str, zone: &str) {
        self.clusters.put_subnet(subnet, zone);
    }

    /// Carries out one operation: `CreateService` or `create-service`, with a
    /// request and an answer in AWS's JSON. What is due by `now` happens first.
    ///
    /// # Errors
    /// The operation or the request is none, or the call is refused, with AWS's
    /// code; services and clusters are as they were.
    pub fn call(&mut self, now: Instant, operation: &str, json: &str) -> Result<String, ApiError> {
        self.handle_time(now);
        let json = if json.trim().is_empty() { "{}" } else { json };
        if let Some(answer) = self.call_services(now, operation, json)? {
            return Ok(answer.to_string());
        }
        let answer = self.clusters.call(now, operation, json);
        self.forget_deleted();
        self.drive(now);
        answer
    }

    /// The operations on services and of their tasks; `None` of another. Those
    /// that change something let the services act on it.
    fn call_services(
        &mut self,
        now: Instant,
        operation: &str,
        json: &str,
    ) -> Result<Option<Value>, ApiError> {
        let answer = match ids::pascal(operation).as_str() {
            "CreateService" => self.create_service(now, json),
            "UpdateService" => self.update_service(now, json),
            "DeleteService" => self.delete_service(now, &read(json)?),
            "ListServices" => self.list_services(&read(json)?),
            "DescribeServices" => self.describe_services(&read(json)?),
            "DescribeServiceVerdict" => self.describe_verdict(&read(json)?),
            "UpdateTaskProtection" => self.update_protection(now, &read(json)?),
            "GetTaskProtection" => self.get_protection(&read(json)?),
            _ => return Ok(None),
        };
        answer.map(Some)
    }

    /// The next thing that the host of some cluster shall do.
    pub fn poll_action(&mut self) -> Option<(&str, Action)> {
        self.clusters.poll_action()
    }

    /// What the load balancers of some cluster shall do next.
    pub fn poll_target(&mut self) -> Option<(&str, TargetAction)> {
        self.services.iter_mut().find_map(|(cluster, services)| {
            Some((cluster.as_str(), services.controller.poll_target()?))
        })
    }

    /// Takes in what happened in a cluster, and lets its services act on it.
    ///
    /// # Errors
    /// There is no such cluster (`Ok` of the inside is then not reached), or the
    /// event cannot be.
    pub fn handle(
        &mut self,
        now: Instant,
        cluster: &str,
        event: Event,
    ) -> Result<Result<(), EventError>, ApiError> {
        let handled = self.clusters.handle(now, cluster, event)?;
        self.drive(now);
        Ok(handled)
    }

    /// A load balancer's checks report on a task of a service.
    ///
    /// # Errors
    /// `ClusterNotFoundException`, `ServiceNotFoundException`.
    pub fn handle_target(
        &mut self,
        now: Instant,
        cluster: &str,
        service: &str,
        task: TaskId,
        health: Health,
    ) -> Result<(), ApiError> {
        let services = self.services_mut(cluster)?;
        let told = services.controller.handle_target(now, service, task, health);
        told.map_err(request::refused)?;
        self.drive(now);
        Ok(())
    }

    /// When [`handle_time`](Self::handle_time) is due.
    pub fn next_deadline(&self) -> Option<Instant> {
        let services = self.services.iter().filter_map(|(name, services)| {
            services.controller.next_deadline(self.clusters.cluster(name)?)
        });
        services.chain(self.clusters.next_deadline()).min()
    }

    /// Lets everything happen that is due by `now`.
    pub fn handle_time(&mut self, now: Instant) {
        self.clusters.handle_time(now);
        self.drive(now);
    }

    /// Plays a host that does at once all that it is asked, up to `now` and step
    /// by step: interfaces come, containers start, and stop when they are told
    /// to; targets are healthy as soon as they are registered, and idle when they
    /// are to go. O(actions).
    pub fn settle(&mut self, now: Instant) {
        let mut last = None;
        for _ in 0..MAX_STEPS {
            let due = self.next_deadline().filter(|due| *due < now && Some(*due) != last);
            let Some(due) = due else { break };
            last = Some(due);
            self.handle_time(due);
            self.settle_at(due);
        }
        self.handle_time(now);
        self.settle_at(now);
    }

    fn settle_at(&mut self, now: Instant) {
        for _ in 0..MAX_STEPS {
            let mut asked = self.clusters.settle(now);
            for services in self.services.values_mut() {
                while let Some(action) = services.controller.poll_target() {
                    asked = true;
                    answer_target(now, &mut services.controller, &action);
                }
            }
            self.drive(now);
            if !asked {
                break;
            }
        }
    }

    /// Lets every service look at its cluster and act.
    fn drive(&mut self, now: Instant) {
        for (name, services) in &mut self.services {
            if let Some(cluster) = self.clusters.cluster_mut(name) {
                services.controller.drive(now, cluster);
            }
            let there = |status| status != ServiceStatus::Inactive;
            let active = services.controller.services().filter(|(_, of)| there(of.status()));
            let active = u32::try_from(active.count()).unwrap_or(u32::MAX);
            self.clusters.set_active_services(name, active);
        }
    }

    /// A cluster that was deleted takes the memory of its services along.
    fn forget_deleted(&mut self) {
        let clusters = &self.clusters;
        self.services.retain(|name, _| clusters.cluster(name).is_some());
    }

    /// The services of a cluster that is there.
    fn services_mut(&mut self, cluster: &str) -> Result<&mut Services, ApiError> {
        let name = self.clusters.found(cluster)?.name().to_string();
        Ok(self.services.entry(name).or_default())
    }
}

/// A load balancer that does at once what it is asked.
fn answer_target(now: Instant, controller: &mut Controller, action: &TargetAction) {
    if action.register {
        // The service asked for it, so it is there.
        let _ = controller.handle_target(now, &action.service, action.task, Health::Healthy);
    } else if let Some(service) = controller.service_mut(&action.service) {
        service.handle_target_idle(now, TaskKey(action.task.0));
    }
}

/// Those of AWS's lists that hold at most `most` names.
fn at_most(names: &[String], what: &str, most: usize) -> Result<(), ApiError> {
    if names.is_empty() || names.len() > most {
        let message = alloc::format!("{} {what}: 1 to {most} are possible", names.len());
        return Err(ApiError::parameter(message));
    }
    Ok(())
}

/// A list of JSON values.
fn list(values: impl Iterator<Item = Value>) -> Value {
    values.collect::<Vec<_>>().into()
}
