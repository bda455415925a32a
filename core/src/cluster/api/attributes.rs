//! Operations on attributes of container instances.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde::Deserialize;
use serde_json::{Value, json};

use super::instances::named;
use super::{ApiError, ClusterApi, page};
use crate::cluster::instance::{ContainerInstance, ContainerInstanceId};
use crate::cluster::{ChangeAttributesError, Cluster, InstanceAttribute};
use crate::time::Instant;

/// The only target that has attributes.
const TARGET_TYPE: &str = "container-instance";

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct SomeAttributes {
    cluster: String,
    attributes: Vec<Target>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Target {
    name: String,
    value: Option<String>,
    target_type: Option<String>,
    target_id: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ListAttributes {
    cluster: String,
    target_type: String,
    attribute_name: Option<String>,
    attribute_value: Option<String>,
    next_token: Option<String>,
    max_results: Option<usize>,
}

fn refused(error: ChangeAttributesError) -> ApiError {
    match error {
        ChangeAttributesError::Member(error) => ApiError::new("TargetNotFoundException", error),
        ChangeAttributesError::Count { .. } | ChangeAttributesError::Limit { .. } => {
            ApiError::new("AttributeLimitExceededException", error)
        }
        error => ApiError::parameter(error),
    }
}

fn check_type(target_type: &str) -> Result<(), ApiError> {
    if target_type == TARGET_TYPE {
        return Ok(());
    }
    let message = format!("targetType {target_type:?}: {TARGET_TYPE} is possible");
    Err(ApiError::parameter(message))
}

/// The instances that are meant, in the order of the request.
fn targets(cluster: &Cluster, attributes: &[Target]) -> Result<Vec<ContainerInstanceId>, ApiError> {
    let instance = |target: &Target| {
        target.target_type.as_deref().map_or(Ok(()), check_type)?;
        named(cluster, &target.target_id).ok_or_else(|| {
            let message = format!("The target {:?} was not found.", target.target_id);
            ApiError::new("TargetNotFoundException", message)
        })
    };
    attributes.iter().map(instance).collect()
}

impl ClusterApi {
    /// At most 10 at once; all or none.
    pub(super) fn put_attributes(
        &mut self,
        now: Instant,
        request: &SomeAttributes,
    ) -> Result<Value, ApiError> {
        let cluster = self.found_mut(&request.cluster)?;
        let instances = targets(cluster, &request.attributes)?;
        let with_value = |(instance, target): (ContainerInstanceId, &Target)| InstanceAttribute {
            instance,
            name: target.name.clone(),
            value: target.value.clone(),
        };
        let attributes: Vec<InstanceAttribute> =
            instances.into_iter().zip(&request.attributes).map(with_value).collect();
        cluster.put_attributes(now, &attributes).map_err(refused)?;
        let cluster = self.found(&request.cluster)?;
        Ok(json!({ "attributes": self.describe_attributes(cluster, &attributes) }))
    }

    /// The answer has those that were there.
    pub(super) fn delete_attributes(
        &mut self,
        now: Instant,
        request: &SomeAttributes,
    ) -> Result<Value, ApiError> {
        let cluster = self.found_mut(&request.cluster)?;
        let instances = targets(cluster, &request.attributes)?;
        let names = request.attributes.iter().map(|target| target.name.as_str());
        let attributes: Vec<_> = instances.into_iter().zip(names).collect();
        let removed = cluster.delete_attributes(now, &attributes).map_err(refused)?;
        let cluster = self.found(&request.cluster)?;
        Ok(json!({ "attributes": self.describe_attributes(cluster, &removed) }))
    }

    /// Of members; with a name or a value, the attributes that have it.
    pub(super) fn list_attributes(&self, request: &ListAttributes) -> Result<Value, ApiError> {
        check_type(&request.target_type)?;
        let cluster = self.found(&request.cluster)?;
        let wanted = |(name, value): &(&String, &Option<String>)| {
            request.attribute_name.as_ref().is_none_or(|wanted| wanted == *name)
                && request
                    .attribute_value
                    .as_ref()
                    .is_none_or(|wanted| value.as_ref() == Some(wanted))
        };
        let of = |one: &ContainerInstance| {
            let attributes = one.registration().attributes.iter().filter(wanted);
            let attributes = attributes.map(|(name, value)| InstanceAttribute {
                instance: one.id(),
                name: name.clone(),
                value: value.clone(),
            });
            attributes.collect::<Vec<_>>()
        };
        let members = cluster.instances().filter(|one| one.status().is_member());
        let all: Vec<InstanceAttribute> = members.flat_map(of).collect();
        let described = self.describe_attributes(cluster, &all);
        page("attributes", described, request.next_token.as_deref(), request.max_results)
    }

    fn describe_attributes(
        &self,
        cluster: &Cluster,
        attributes: &[InstanceAttribute],
    ) -> Vec<Value> {
        let describe = |one: &InstanceAttribute| {
            let mut described = json!({
                "name": one.name,
                "targetId": self.instance_arn(cluster, one.instance),
            });
            if let Some(value) = &one.value {
                described["value"] = value.as_str().into();
            }
            described
        };
        attributes.iter().map(describe).collect()
    }
}
