//! Operations on container instances.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{ApiError, ClusterApi, ids, missing, page, seconds};
use crate::cluster::instance::{
    ContainerInstance, ContainerInstanceId, EniLimits, MAX_GPUS, Registration, RegistrationError,
    Room,
};
use crate::cluster::task_definition::Protocol;
use crate::cluster::{Cluster, MemberError};
use crate::placement::view::{AVAILABILITY_ZONE, INSTANCE_TYPE};
use crate::resources::Resources;
use crate::time::Instant;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct RegisterInstance {
    cluster: String,
    instance_identity_document: Option<String>,
    total_resources: Vec<Amount>,
    attributes: Vec<NameValue>,
    version_info: BTreeMap<String, String>,
    capacity_provider_name: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Amount {
    name: String,
    integer_value: i64,
    string_set_value: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct NameValue {
    name: String,
    value: Option<String>,
}

/// What EC2 says of an instance, signed; only what is used here.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Identity {
    instance_id: String,
    availability_zone: Option<String>,
    instance_type: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct OneInstance {
    cluster: String,
    container_instance: String,
    force: bool,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct SomeInstances {
    cluster: String,
    container_instances: Vec<String>,
    status: Option<String>,
    next_token: Option<String>,
    max_results: Option<usize>,
}

impl ClusterApi {
    /// The server is named by the identity document. How many tasks with an
    /// interface it takes is known of its type, with a trunk where the account has
    /// opted in; beside AWS's resources (CPU, MEMORY, PORTS, PORTS_UDP, GPU) an
    /// integer ENI says another number.
    pub(super) fn register_instance(
        &mut self,
        now: Instant,
        request: &RegisterInstance,
    ) -> Result<Value, ApiError> {
        let name = self.found(&request.cluster)?.name().to_string();
        let registration = registration(request, self.trunking == Some(true))?;
        let server = &registration.ec2_instance_id;
        let elsewhere = self.clusters.values().find(|one| one.member_of_server(server).is_some());
        if let Some(cluster) = elsewhere {
            let (ec2_instance_id, cluster) = (server.clone(), cluster.name().to_string());
            let error = RegistrationError::AlreadyRegistered { ec2_instance_id, cluster };
            return Err(ApiError::client(error));
        }
        let cluster = self.found_mut(&name)?;
        let id = cluster.register_instance(now, registration).map_err(ApiError::parameter)?;
        self.answer_instance(&name, id)
    }

    pub(super) fn deregister_instance(
        &mut self,
        now: Instant,
        request: &OneInstance,
    ) -> Result<Value, ApiError> {
        let cluster = self.found_mut(&request.cluster)?;
        let name = cluster.name().to_string();
        let id = named(cluster, &request.container_instance).ok_or_else(|| {
            ApiError::parameter("The referenced container instance was not found.")
        })?;
        cluster.deregister_instance(now, id, request.force).map_err(|error| match error {
            MemberError::HasTasks { .. } => ApiError::parameter(error),
            error => ApiError::client(error),
        })?;
        self.answer_instance(&name, id)
    }

    /// Members, of one status where that is asked for.
    pub(super) fn list_instances(&self, request: &SomeInstances) -> Result<Value, ApiError> {
        let cluster = self.found(&request.cluster)?;
        let wanted = |one: &&ContainerInstance| match request.status.as_deref() {
            Some(status) => one.status().as_str() == status,
            None => one.status().is_member(),
        };
        let arns = cluster.instances().filter(wanted);
        let arns = arns.map(|one| self.instance_arn(cluster, one.id()).into()).collect();
        page("containerInstanceArns", arns, request.next_token.as_deref(), request.max_results)
    }

    pub(super) fn describe_instances(&self, request: &SomeInstances) -> Result<Value, ApiError> {
        let cluster = self.found(&request.cluster)?;
        let (mut described, mut failures) = (Vec::new(), Vec::new());
        for name in &request.container_instances {
            match named(cluster, name).and_then(|id| cluster.instance(id)) {
                Some(instance) => described.push(self.describe_instance(cluster, instance)),
                None => failures.push(missing(name)),
            }
        }
        Ok(json!({ "containerInstances": described, "failures": failures }))
    }

    /// `ACTIVE` or `DRAINING`, for at most 10 at once.
    pub(super) fn update_instances(
        &mut self,
        now: Instant,
        request: &SomeInstances,
    ) -> Result<Value, ApiError> {
        let drains = match request.status.as_deref() {
            Some("DRAINING") => true,
            Some("ACTIVE") => false,
            other => {
                let message = format!("status {other:?}: ACTIVE or DRAINING is possible");
                return Err(ApiError::parameter(message));
            }
        };
        let names = &request.container_instances;
        if names.is_empty() || names.len() > 10 {
            let message = format!("{} container instances: 1 to 10 are possible", names.len());
            return Err(ApiError::parameter(message));
        }
        let cluster = self.found_mut(&request.cluster)?;
        let (mut changed, mut failures) = (Vec::new(), Vec::new());
        for name in names {
            let Some(id) = named(cluster, name) else {
                failures.push(missing(name));
                continue;
            };
            let result = if drains {
                cluster.drain_instance(now, id)
            } else {
                cluster.activate_instance(now, id)
            };
            match result {
                Ok(()) => changed.push(id),
                Err(_) => failures.push(json!({ "arn": name, "reason": "INACTIVE" })),
            }
        }
        let cluster = self.found(&request.cluster)?;
        let described = changed.into_iter().filter_map(|id| cluster.instance(id));
        let described = described.map(|one| self.describe_instance(cluster, one));
        let described: Vec<Value> = described.collect();
        Ok(json!({ "containerInstances": described, "failures": failures }))
    }

    fn answer_instance(&self, cluster: &str, id: ContainerInstanceId) -> Result<Value, ApiError> {
        let cluster = self.found(cluster)?;
        let described = cluster.instance(id).map(|one| self.describe_instance(cluster, one));
        Ok(json!({ "containerInstance": described }))
    }

    pub(crate) fn instance_arn(&self, cluster: &Cluster, id: ContainerInstanceId) -> String {
        let name = cluster.name();
        self.arn(&format!("container-instance/{name}/{}", ids::hex(name, id.0)))
    }

    fn describe_instance(&self, cluster: &Cluster, one: &ContainerInstance) -> Value {
        let counts = cluster.counts_on(one.id());
        let registration = one.registration();
        let attributes = registration.attributes.iter().map(|(name, value)| match value {
            Some(value) => json!({ "name": name, "value": value }),
            None => json!({ "name": name }),
        });
        let mut described = json!({
            "containerInstanceArn": self.instance_arn(cluster, one.id()),
            "ec2InstanceId": registration.ec2_instance_id,
            "version": one.version(),
            "versionInfo": { "agentVersion": registration.agent_version },
            "remainingResources": resources(one.remaining()),
            "registeredResources": resources(&registration.room()),
            "status": one.status().as_str(),
            "agentConnected": one.agent_connected(),
            "runningTasksCount": counts.running,
            "pendingTasksCount": counts.pending,
            "attributes": attributes.collect::<Vec<_>>(),
            "registeredAt": seconds(one.registered_at()),
        });
        if let (Some(fields), Some(reason)) = (described.as_object_mut(), one.status_reason()) {
            fields.insert("statusReason".into(), reason.into());
        }
        if let (Some(fields), Some(provider)) =
            (described.as_object_mut(), &registration.capacity_provider)
        {
            fields.insert("capacityProviderName".into(), provider.as_str().into());
        }
        described
    }
}

/// The instance of an id or ARN.
pub(crate) fn named(cluster: &Cluster, name: &str) -> Option<ContainerInstanceId> {
    let id = ContainerInstanceId(ids::number(cluster.name(), name)?);
    cluster.instance(id).map(ContainerInstance::id)
}

fn registration(request: &RegisterInstance, trunking: bool) -> Result<Registration, ApiError> {
    let identity: Identity = match &request.instance_identity_document {
        Some(document) => super::read(document)?,
        None => Identity::default(),
    };
    let mut registration = Registration::new(&identity.instance_id, Resources::default());
    for amount in &request.total_resources {
        let most = match amount.name.as_str() {
            "CPU" | "MEMORY" => Resources::MAX,
            "GPU" => MAX_GPUS,
            _ => u32::MAX,
        };
        let number = u32::try_from(amount.integer_value).ok().filter(|number| *number <= most);
        let number = number.ok_or_else(|| {
            let (name, value) = (&amount.name, amount.integer_value);
            let least = u32::from(matches!(name.as_str(), "CPU" | "MEMORY"));
            let range = format!("at least {least} and at most {most} is possible");
            ApiError::parameter(format!("{name} of {value}: {range}"))
        })?;
        match amount.name.as_str() {
            "CPU" => registration.resources.cpu_units = number,
            "MEMORY" => registration.resources.memory_mib = number,
            "ENI" => registration.eni = EniLimits { without_trunking: number, with_trunking: None },
            "GPU" if amount.string_set_value.is_empty() => registration.gpus = number,
            "GPU" => {
                registration.gpus =
                    u32::try_from(amount.string_set_value.len()).unwrap_or(u32::MAX);
            }
            "PORTS" | "PORTS_UDP" => {
                let udp = amount.name == "PORTS_UDP";
                let protocol = if udp { Protocol::Udp } else { Protocol::Tcp };
                for port in &amount.string_set_value {
                    let unknown = |_| {
                        let range = "0 to 65535 is possible";
                        ApiError::parameter(format!("{port:?} is no port: {range}"))
                    };
                    let number = port.parse::<u16>().map_err(unknown)?;
                    registration.reserved_ports.insert((protocol, number));
                }
            }
            other => {
                let possible = "CPU, MEMORY, PORTS, PORTS_UDP, GPU and ENI are possible";
                return Err(ApiError::parameter(format!("{other:?} is no resource: {possible}")));
            }
        }
    }
    let built_in =
        [(AVAILABILITY_ZONE, identity.availability_zone), (INSTANCE_TYPE, identity.instance_type)];
    for (name, value) in built_in {
        if value.is_some() {
            registration.attributes.insert(name.into(), value);
        }
    }
    for attribute in &request.attributes {
        registration.attributes.insert(attribute.name.clone(), attribute.value.clone());
    }
    let told = request.total_resources.iter().any(|amount| amount.name == "ENI");
    let limits = registration.attribute(INSTANCE_TYPE).and_then(EniLimits::published);
    if let Some(limits) = limits.filter(|_| !told) {
        registration.eni = limits;
        registration.trunking = trunking && limits.with_trunking.is_some();
    }
    if let Some(version) = request.version_info.get("agentVersion") {
        registration.agent_version.clone_from(version);
    }
    registration.capacity_provider.clone_from(&request.capacity_provider_name);
    Ok(registration)
}

fn resources(room: &Room) -> Value {
    let ports = |protocol| room.ports(protocol).map(|port| port.to_string()).collect::<Vec<_>>();
    json!([
        { "name": "CPU", "type": "INTEGER", "integerValue": room.resources.cpu_units },
        { "name": "MEMORY", "type": "INTEGER", "integerValue": room.resources.memory_mib },
        { "name": "PORTS", "type": "STRINGSET", "stringSetValue": ports(Protocol::Tcp) },
        { "name": "PORTS_UDP", "type": "STRINGSET", "stringSetValue": ports(Protocol::Udp) },
        { "name": "GPU", "type": "INTEGER", "integerValue": room.gpus_left() },
        { "name": "ENI", "type": "INTEGER", "integerValue": room.enis },
    ])
}
