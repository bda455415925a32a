//! `CreateCluster`, `ListClusters`, `DescribeClusters`, `DeleteCluster`.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{ApiError, ClusterApi, ids, missing, not_found};
use crate::cluster::Cluster;
use crate::cluster::capacity_provider::{CapacityProvider, FARGATE, FARGATE_SPOT, ProviderShare};
use crate::cluster::task::TaskStatus;
use crate::cluster::task_definition::is_name;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct CreateCluster {
    cluster_name: String,
    capacity_providers: Vec<String>,
    default_capacity_provider_strategy: Vec<ProviderShare>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct DescribeClusters {
    #[serde(alias = "cluster")]
    clusters: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct DeleteCluster {
    cluster: String,
}

impl ClusterApi {
    /// Creating a cluster that is there answers it as it is. A capacity provider
    /// that is not Fargate's becomes one with managed scaling.
    pub(super) fn create_cluster(&mut self, request: &CreateCluster) -> Result<Value, ApiError> {
        let name = ids::short(&request.cluster_name, "cluster");
        if !is_name(name) {
            let message =
                "The cluster name must be up to 255 letters, numbers, hyphens and underscores";
            return Err(ApiError::parameter(alloc::format!("{message}, not {name:?}")));
        }
        if !self.clusters.contains_key(name) {
            let mut cluster = Cluster::new(name, self.settings);
            for provider in &request.capacity_providers {
                if ![FARGATE, FARGATE_SPOT].contains(&provider.as_str()) {
                    let name = provider.clone();
                    cluster.put_capacity_provider(CapacityProvider { name, managed_scaling: true });
                }
            }
            let strategy = request.default_capacity_provider_strategy.clone();
            cluster.set_default_strategy(strategy).map_err(ApiError::parameter)?;
            self.clusters.insert(name.into(), cluster);
        }
        let cluster = self.found(name)?;
        Ok(json!({ "cluster": self.describe_cluster(cluster, "ACTIVE") }))
    }

    pub(super) fn list_clusters(&self) -> Value {
        let arns = self.clusters.keys().map(|name| self.arn(&alloc::format!("cluster/{name}")));
        json!({ "clusterArns": arns.collect::<Vec<_>>() })
    }

    /// Without names, the cluster `default`.
    pub(super) fn describe_clusters(&self, request: &DescribeClusters) -> Value {
        let (mut clusters, mut failures) = (Vec::new(), Vec::new());
        let default = [String::new()];
        let names = if request.clusters.is_empty() { &default[..] } else { &request.clusters };
        for name in names {
            match self.cluster(name) {
                Some(cluster) => clusters.push(self.describe_cluster(cluster, "ACTIVE")),
                None => {
                    let name = ids::short(name, "cluster");
                    failures.push(missing(&self.arn(&alloc::format!("cluster/{name}"))));
                }
            }
        }
        json!({ "clusters": clusters, "failures": failures })
    }

    /// Refused while the cluster has members, services, or tasks that have not
    /// stopped.
    pub(super) fn delete_cluster(&mut self, request: &DeleteCluster) -> Result<Value, ApiError> {
        let cluster = self.found(&request.cluster)?;
        let name = cluster.name().to_string();
        if cluster.instances().any(|one| one.status().is_member()) {
            let message =
                "The Cluster cannot be deleted while Container Instances are active or draining.";
            return Err(ApiError::new("ClusterContainsContainerInstancesException", message));
        }
        if self.active_services.get(&name).is_some_and(|services| *services > 0) {
            let message = "The Cluster cannot be deleted while Services are active.";
            return Err(ApiError::new("ClusterContainsServicesException", message));
        }
        if cluster.tasks().any(|task| task.last_status() != TaskStatus::Stopped) {
            let message = "The Cluster cannot be deleted while Tasks are active.";
            return Err(ApiError::new("ClusterContainsTasksException", message));
        }
        let described = self.describe_cluster(cluster, "INACTIVE");
        self.active_services.remove(&name);
        self.clusters.remove(&name).ok_or_else(not_found)?;
        Ok(json!({ "cluster": described }))
    }

    fn describe_cluster(&self, cluster: &Cluster, status: &str) -> Value {
        let name = cluster.name();
        let counts = cluster.counts();
        let members = cluster.instances().filter(|one| one.status().is_member()).count();
        let providers = cluster.capacity_providers().map(|one| one.name.clone());
        json!({
            "clusterArn": self.arn(&alloc::format!("cluster/{name}")),
            "clusterName": name,
            "status": status,
            "registeredContainerInstancesCount": members,
            "runningTasksCount": counts.running,
            "pendingTasksCount": counts.pending,
            "activeServicesCount": self.active_services.get(name).copied().unwrap_or(0),
            "capacityProviders": providers.collect::<Vec<_>>(),
            "defaultCapacityProviderStrategy": cluster.default_strategy(),
        })
    }
}
