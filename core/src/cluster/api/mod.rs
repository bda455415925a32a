//! Calls of Amazon ECS on clusters, task definitions, container instances and
//! tasks in AWS's JSON.
//!
//! [`service::api::Ecs`](crate::service::api::Ecs) adds services and is the door
//! that C, C++, Python and the command line go through; this one is for a host
//! that has no services. Requests and answers have AWS's operations and field
//! names (ECS API reference, 2014-11-13), errors AWS's codes. Fields that this
//! library does not know are ignored.
//!
//! ```
//! use warmstow_core::cluster::api::ClusterApi;
//! use warmstow_core::time::Instant;
//!
//! let mut ecs = ClusterApi::new("us-east-1", "123456789012");
//! let now = Instant::ZERO;
//! ecs.call(now, "create-cluster", r#"{"clusterName": "mycluster"}"#)?;
//! let answer = ecs.call(now, "ListClusters", "{}")?;
//! assert_eq!(
//!     answer,
//!     r#"{"clusterArns":["arn:aws:ecs:us-east-1:123456789012:cluster/mycluster"]}"#
//! );
//! # Ok::<(), warmstow_core::cluster::api::ApiError>(())
//! ```

mod attributes;
mod clusters;
mod definitions;
pub(crate) mod ids;
pub(crate) mod instances;
mod settings;
pub(crate) mod skeleton;
pub(crate) mod tasks;
#[cfg(all(test, not(loom)))]
mod tests;

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use serde::de::DeserializeOwned;
use serde_json::Value;

pub use skeleton::{OPERATIONS, skeleton};

use super::task_definition::{Registry, Rules};
use super::{Action, Cluster, Event, EventError, Settings};
use crate::time::Instant;

/// Why a call is refused; nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// AWS's code, such as `ClusterNotFoundException`.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
}

impl ApiError {
    /// A code of AWS's and what is wrong.
    pub fn new(code: &'static str, message: impl fmt::Display) -> Self {
        Self { code, message: message.to_string() }
    }

    pub(crate) fn client(message: impl fmt::Display) -> Self {
        Self::new("ClientException", message)
    }

    pub(crate) fn parameter(message: impl fmt::Display) -> Self {
        Self::new("InvalidParameterException", message)
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl core::error::Error for ApiError {}

/// The clusters and task definitions of one account in one region.
#[derive(Debug)]
pub struct ClusterApi {
    region: String,
    account: String,
    settings: Settings,
    rules: Rules,
    registry: Registry,
    clusters: BTreeMap<String, Cluster>,
    active_services: BTreeMap<String, u32>,
    /// The availability zone of each subnet that the host has told of.
    subnets: BTreeMap<String, String>,
    /// The account setting `awsvpcTrunking`, once it was made.
    trunking: Option<bool>,
}

impl ClusterApi {
    /// An account without clusters and task definitions.
    pub fn new(region: &str, account: &str) -> Self {
        Self {
            region: region.into(),
            account: account.into(),
            settings: Settings::default(),
            rules: Rules::default(),
            registry: Registry::new(),
            clusters: BTreeMap::new(),
            active_services: BTreeMap::new(),
            subnets: BTreeMap::new(),
            trunking: None,
        }
    }

    /// The same, with other settings for the clusters that are created from now on.
    #[must_use]
    pub fn with_settings(mut self, settings: Settings) -> Self {
        self.rules = settings.rules;
        self.settings = settings;
        self
    }

    /// Every revision of every family.
    pub const fn registry(&self) -> &Registry {
        &self.registry
    }

    /// A cluster by its name or ARN; the empty name is `default`.
    pub fn cluster(&self, name: &str) -> Option<&Cluster> {
        self.clusters.get(ids::short(name, "cluster"))
    }

    /// The same, to be changed.
    pub fn cluster_mut(&mut self, name: &str) -> Option<&mut Cluster> {
        self.clusters.get_mut(ids::short(name, "cluster"))
    }

    /// Says which availability zone a subnet is in, so that tasks with `awsvpc`
    /// that name it run there. A subnet that was not told of is in any zone.
    pub fn put_subnet(&mut self, subnet: &str, zone: &str) {
        self.subnets.insert(subnet.into(), zone.into());
    }

    /// Says how many services of a cluster are active: a cluster with services is
    /// not deleted, and `DescribeClusters` tells the number.
    pub fn set_active_services(&mut self, cluster: &str, services: u32) {
        self.active_services.insert(cluster.into(), services);
    }

    /// Carries out one operation: `RunTask` or `run-task`, with a request and an
    /// answer in AWS's JSON. What is due by `now` happens first.
    ///
    /// # Errors
    /// The operation or the request is none, or the call is refused, with AWS's code.
    pub fn call(&mut self, now: Instant, operation: &str, json: &str) -> Result<String, ApiError> {
        self.handle_time(now);
        let json = if json.trim().is_empty() { "{}" } else { json };
        let answer = match ids::pascal(operation).as_str() {
            "CreateCluster" => self.create_cluster(&read(json)?),
            "ListClusters" => Ok(self.list_clusters()),
            "DescribeClusters" => Ok(self.describe_clusters(&read(json)?)),
            "DeleteCluster" => self.delete_cluster(&read(json)?),
            "RegisterTaskDefinition" => self.register_task_definition(now, json),
            "ListTaskDefinitions" => self.list_task_definitions(&read(json)?),
            "ListTaskDefinitionFamilies" => self.list_families(&read(json)?),
            "DescribeTaskDefinition" => self.describe_task_definition(&read(json)?),
            "DeregisterTaskDefinition" => self.deregister_task_definition(now, &read(json)?),
            "DeleteTaskDefinitions" => self.delete_task_definitions(&read(json)?),
            "RegisterContainerInstance" => self.register_instance(now, &read(json)?),
            "DeregisterContainerInstance" => self.deregister_instance(now, &read(json)?),
            "ListContainerInstances" => self.list_instances(&read(json)?),
            "DescribeContainerInstances" => self.describe_instances(&read(json)?),
            "UpdateContainerInstancesState" => self.update_instances(now, &read(json)?),
            "PutAttributes" => self.put_attributes(now, &read(json)?),
            "DeleteAttributes" => self.delete_attributes(now, &read(json)?),
            "ListAttributes" => self.list_attributes(&read(json)?),
            "PutAccountSetting" => self.put_setting(&read(json)?),
            "ListAccountSettings" => self.list_settings(&read(json)?),
            "RunTask" => self.run_task(now, &read(json)?),
            "StartTask" => self.start_task(now, &read(json)?),
            "StopTask" => self.stop_task(now, &read(json)?),
            "ListTasks" => self.list_tasks(&read(json)?),
            "DescribeTasks" => self.describe_tasks(&read(json)?),
            _ => {
                let message = format!("{operation:?} is no operation that is known here");
                Err(ApiError::new("UnknownOperationException", message))
            }
        };
        answer.map(|value| value.to_string())
    }

    /// The next thing that the host of some cluster shall do.
    pub fn poll_action(&mut self) -> Option<(&str, Action)> {
        self.clusters.values_mut().find_map(|cluster| {
            let action = cluster.poll_action()?;
            Some((cluster.name(), action))
        })
    }

    /// Takes in what happened in a cluster.
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
        Ok(self.found_mut(cluster)?.handle(now, event))
    }

    /// When [`handle_time`](Self::handle_time) is due.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.clusters.values().filter_map(Cluster::next_deadline).min()
    }

    /// Lets everything happen that is due by `now`.
    pub fn handle_time(&mut self, now: Instant) {
        for cluster in self.clusters.values_mut() {
            cluster.handle_time(now);
        }
    }

    /// Plays a host that does at once all that it is asked: interfaces come,
    /// containers start, and stop when they are told to. Whether anything was
    /// asked. O(actions).
    pub fn settle(&mut self, now: Instant) -> bool {
        let mut asked = false;
        for cluster in self.clusters.values_mut() {
            while let Some(action) = cluster.poll_action() {
                asked = true;
                if let Some(event) = prompt_answer(action) {
                    // An answer to an action that was overtaken is refused.
                    let _ = cluster.handle(now, event);
                }
            }
        }
        asked
    }

    pub(crate) fn found(&self, name: &str) -> Result<&Cluster, ApiError> {
        self.cluster(name).ok_or_else(not_found)
    }

    pub(crate) fn found_mut(&mut self, name: &str) -> Result<&mut Cluster, ApiError> {
        self.cluster_mut(name).ok_or_else(not_found)
    }

    pub(crate) fn arn(&self, resource: &str) -> String {
        format!("arn:aws:ecs:{}:{}:{resource}", self.region, self.account)
    }
}

pub(crate) fn not_found() -> ApiError {
    ApiError::new("ClusterNotFoundException", "Cluster not found.")
}

/// What a host answers that does everything at once.
fn prompt_answer(action: Action) -> Option<Event> {
    Some(match action {
        Action::AttachTrunk { instance } => Event::TrunkAttached { instance },
        Action::DetachTrunk { instance } => Event::TrunkDetached { instance },
        Action::Provision { task, .. } => Event::Provisioned { task },
        Action::Deprovision { task } => Event::Deprovisioned { task },
        Action::Activate { task } => Event::Activated { task },
        Action::Deactivate { task } => Event::Deactivated { task },
        Action::StartContainer { task, container } => Event::ContainerStarted { task, container },
        Action::StopContainer { task, container } => {
            Event::ContainerExited { task, container, exit_code: 0 }
        }
        Action::KillContainer { task, container } => {
            Event::ContainerExited { task, container, exit_code: 137 }
        }
        Action::TaskChanged { .. } | Action::InstanceChanged { .. } => return None,
    })
}

/// A request.
pub(crate) fn read<T: DeserializeOwned>(json: &str) -> Result<T, ApiError> {
    if !json.trim_start().starts_with('{') {
        return Err(ApiError::parameter("The request is not a JSON object."));
    }
    serde_json::from_str(json).map_err(ApiError::parameter)
}

/// AWS's timestamps: seconds, counted from the host's origin.
pub(crate) fn seconds(at: Instant) -> Value {
    Value::from(at.as_secs_f64())
}

/// `{arn, reason}` of something that was asked for and is not there.
pub(crate) fn missing(arn: &str) -> Value {
    serde_json::json!({ "arn": arn, "reason": "MISSING" })
}

/// One page of a list and the token of the next, by position. The largest page of
/// AWS's lists is 100.
pub(crate) fn page(
    key: &'static str,
    all: Vec<Value>,
    token: Option<&str>,
    max: Option<usize>,
) -> Result<Value, ApiError> {
    let from = match token {
        None => 0,
        Some(token) => token
            .parse::<usize>()
            .ok()
            .filter(|from| *from <= all.len())
            .ok_or_else(|| ApiError::parameter(format!("Invalid token {token:?}")))?,
    };
    let size = max.unwrap_or(100).clamp(1, 100);
    let end = (from + size).min(all.len());
    let mut answer = serde_json::Map::new();
    answer.insert(key.into(), all[from..end].to_vec().into());
    if end < all.len() {
        answer.insert("nextToken".into(), end.to_string().into());
    }
    Ok(answer.into())
}
