//! `UpdateTaskProtection`, `GetTaskProtection`.

use alloc::string::String;
use alloc::vec::Vec;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{ApiError, Ecs, at_most};
use crate::cluster::SERVICE_GROUP;
use crate::cluster::api::tasks::named_task;
use crate::cluster::api::{missing, seconds};
use crate::service::{Protection, TaskKey};
use crate::time::Instant;

/// The most tasks of one call.
const MAX_UPDATED: usize = 10;
const MAX_ASKED: usize = 100;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct TaskProtection {
    cluster: String,
    tasks: Vec<String>,
    protection_enabled: Option<bool>,
    expires_in_minutes: Option<u32>,
}

impl Ecs {
    /// Tasks that no service started are failures, in AWS's words.
    pub(super) fn update_protection(
        &mut self,
        now: Instant,
        request: &TaskProtection,
    ) -> Result<Value, ApiError> {
        self.clusters.found(&request.cluster)?;
        at_most(&request.tasks, "tasks", MAX_UPDATED)?;
        let protection = match (request.protection_enabled, request.expires_in_minutes) {
            (None, _) => return Err(ApiError::parameter("protectionEnabled must be given")),
            (Some(false), _) => None,
            (Some(true), None) => Some(Protection::DEFAULT),
            (Some(true), Some(minutes)) => {
                Some(Protection::new(minutes).map_err(ApiError::parameter)?)
            }
        };
        let (mut protected, mut failures) = (Vec::new(), Vec::new());
        for name in &request.tasks {
            match self.of_service(&request.cluster, name)? {
                Ok((service, task, arn)) => {
                    let services = self.services_mut(&request.cluster)?;
                    let service = services.controller.service_mut(&service);
                    let until =
                        service.and_then(|service| service.protect(now, task, protection).ok());
                    match until {
                        Some(until) => protected.push(described(&arn, until)),
                        None => failures.push(invalid(&arn)),
                    }
                }
                Err(failure) => failures.push(failure),
            }
        }
        self.drive(now);
        Ok(json!({ "protectedTasks": protected, "failures": failures }))
    }

    /// Without tasks, those of the cluster that are protected.
    pub(super) fn get_protection(&self, request: &TaskProtection) -> Result<Value, ApiError> {
        self.clusters.found(&request.cluster)?;
        at_most(&request.tasks, "tasks", MAX_ASKED)?;
        let (mut protected, mut failures) = (Vec::new(), Vec::new());
        for name in &request.tasks {
            match self.of_service(&request.cluster, name)? {
                Ok((service, task, arn)) => {
                    let controller = self.controller(&request.cluster);
                    let service = controller.and_then(|of| of.service(&service));
                    let until = service.and_then(|service| service.protected_until(task));
                    protected.push(described(&arn, until));
                }
                Err(failure) => failures.push(failure),
            }
        }
        Ok(json!({ "protectedTasks": protected, "failures": failures }))
    }

    /// The service that a task belongs to, the task and its ARN; or the failure.
    fn of_service(
        &self,
        cluster: &str,
        name: &str,
    ) -> Result<Result<(String, TaskKey, String), Value>, ApiError> {
        let cluster = self.clusters.found(cluster)?;
        let Some(task) = named_task(cluster, name).and_then(|id| cluster.task(id)) else {
            return Ok(Err(missing(name)));
        };
        let arn = self.clusters.task_arn(cluster, task.id());
        Ok(match task.group().strip_prefix(SERVICE_GROUP) {
            Some(service) => Ok((service.into(), TaskKey(task.id().0), arn)),
            None => Err(invalid(&arn)),
        })
    }
}

fn invalid(arn: &str) -> Value {
    json!({ "arn": arn, "reason": "TASK_NOT_VALID" })
}

fn described(arn: &str, until: Option<Instant>) -> Value {
    match until {
        Some(until) => json!({
            "taskArn": arn,
            "protectionEnabled": true,
            "expirationDate": seconds(until),
        }),
        None => json!({ "taskArn": arn, "protectionEnabled": false }),
    }
}
