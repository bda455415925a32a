//! `RegisterTaskDefinition` and the other operations on task definitions.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{ApiError, ClusterApi, page, read, seconds};
use crate::cluster::task_definition::{Registered, RegistryError, RevisionStatus, TaskDefinition};
use crate::time::Instant;

/// The longest definition, in bytes (Amazon ECS service quotas).
const MAX_BYTES: usize = 64 * 1024;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ListTaskDefinitions {
    family_prefix: Option<String>,
    status: Option<String>,
    sort: Option<String>,
    next_token: Option<String>,
    max_results: Option<usize>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct OneTaskDefinition {
    task_definition: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct SomeTaskDefinitions {
    task_definitions: Vec<String>,
}

impl ClusterApi {
    pub(super) fn register_task_definition(
        &mut self,
        now: Instant,
        json: &str,
    ) -> Result<Value, ApiError> {
        if json.len() > MAX_BYTES {
            let message = format!("a task definition of {} bytes: at most {MAX_BYTES}", json.len());
            return Err(ApiError::client(message));
        }
        let mut definition: TaskDefinition = read(json)?;
        let tags = definition.other.remove("tags");
        let registered =
            self.registry.register(now, definition, &self.rules).map_err(ApiError::client)?;
        let mut answer = json!({ "taskDefinition": self.describe_revision(&registered)? });
        if let (Some(tags), Some(answer)) = (tags, answer.as_object_mut()) {
            answer.insert("tags".into(), tags);
        }
        Ok(answer)
    }

    pub(super) fn describe_task_definition(
        &self,
        request: &OneTaskDefinition,
    ) -> Result<Value, ApiError> {
        let found = self.registry.get(&request.task_definition).map_err(ApiError::client)?;
        Ok(json!({ "taskDefinition": self.describe_revision(found)?, "tags": [] }))
    }

    pub(super) fn deregister_task_definition(
        &mut self,
        now: Instant,
        request: &OneTaskDefinition,
    ) -> Result<Value, ApiError> {
        let changed = self.registry.deregister(now, &request.task_definition);
        let changed = changed.map_err(|error| match error {
            RegistryError::NoRevision { .. } => ApiError::parameter(error),
            error => ApiError::client(error),
        })?;
        Ok(json!({ "taskDefinition": self.describe_revision(&changed)? }))
    }

    /// At most 10 at once. What no task uses any more is gone at once.
    pub(super) fn delete_task_definitions(
        &mut self,
        request: &SomeTaskDefinitions,
    ) -> Result<Value, ApiError> {
        let names = &request.task_definitions;
        if names.is_empty() || names.len() > 10 {
            let message = format!("{} task definitions: 1 to 10 are possible", names.len());
            return Err(ApiError::parameter(message));
        }
        let (mut deleted, mut failures) = (Vec::new(), Vec::new());
        for name in names {
            match self.registry.delete(name) {
                Ok(one) => deleted.push(self.describe_revision(&one)?),
                Err(error) => failures.push(json!({ "arn": name, "reason": format!("{error}") })),
            }
        }
        let clusters = &self.clusters;
        self.registry.purge(|one| {
            let uses = |task: &crate::cluster::task::Task| task.registered().name() == one.name();
            clusters.values().any(|cluster| cluster.tasks().any(uses))
        });
        Ok(json!({ "taskDefinitions": deleted, "failures": failures }))
    }

    /// ACTIVE ones unless another status is asked for.
    pub(super) fn list_task_definitions(
        &self,
        request: &ListTaskDefinitions,
    ) -> Result<Value, ApiError> {
        let status = match request.status.as_deref() {
            None | Some("ACTIVE") => RevisionStatus::Active,
            Some("INACTIVE") => RevisionStatus::Inactive,
            Some("DELETE_IN_PROGRESS") => RevisionStatus::DeleteInProgress,
            Some(other) => {
                let possible = "ACTIVE, INACTIVE and DELETE_IN_PROGRESS are possible";
                return Err(ApiError::parameter(format!("no status {other:?}: {possible}")));
            }
        };
        let wanted = |one: &&alloc::sync::Arc<Registered>| {
            let family = &one.definition.family;
            one.status == status && request.family_prefix.as_ref().is_none_or(|name| name == family)
        };
        let arn = |one: &alloc::sync::Arc<Registered>| Value::from(self.revision_arn(one));
        let mut arns: Vec<Value> = self.registry.iter().filter(wanted).map(arn).collect();
        if request.sort.as_deref() == Some("DESC") {
            arns.reverse();
        }
        page("taskDefinitionArns", arns, request.next_token.as_deref(), request.max_results)
    }

    /// Families with an active revision, unless `ALL` or `INACTIVE` ones are asked for.
    pub(super) fn list_families(&self, request: &ListTaskDefinitions) -> Result<Value, ApiError> {
        let status = request.status.as_deref().unwrap_or("ACTIVE");
        if !["ACTIVE", "INACTIVE", "ALL"].contains(&status) {
            let possible = "ACTIVE, INACTIVE and ALL are possible";
            return Err(ApiError::parameter(format!("no status {status:?}: {possible}")));
        }
        let prefix = request.family_prefix.as_deref().unwrap_or_default();
        let wanted = |(name, active): &(&str, bool)| {
            name.starts_with(prefix) && (status == "ALL" || *active == (status == "ACTIVE"))
        };
        let names = self.registry.families().filter(wanted).map(|(name, _)| Value::from(name));
        page("families", names.collect(), request.next_token.as_deref(), request.max_results)
    }

    pub(crate) fn revision_arn(&self, one: &Registered) -> String {
        self.arn(&format!("task-definition/{}", one.name()))
    }

    fn describe_revision(&self, one: &Registered) -> Result<Value, ApiError> {
        let described = serde_json::to_value(&*one.definition);
        let mut described = described.map_err(|error| ApiError::new("ServerException", error))?;
        let fargate = one.definition.check_fargate(&self.rules).is_ok();
        let compatibilities: &[&str] = if fargate { &["EC2", "FARGATE"] } else { &["EC2"] };
        if let Some(fields) = described.as_object_mut() {
            fields.insert("taskDefinitionArn".into(), self.revision_arn(one).into());
            fields.insert("revision".into(), one.revision.into());
            fields.insert("status".into(), one.status.as_str().into());
            fields.insert("compatibilities".into(), json!(compatibilities));
            fields.insert("registeredAt".into(), seconds(one.registered_at));
            if let Some(at) = one.deregistered_at {
                fields.insert("deregisteredAt".into(), seconds(at));
            }
        }
        Ok(described)
    }
}
