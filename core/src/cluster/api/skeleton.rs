//! Which operations there are, and a request of each to fill in.

use super::ids;

/// Every operation of the door with an empty request, as `--generate-cli-skeleton`
/// prints it.
pub const OPERATIONS: [(&str, &str); 25] = [
    (
        "create-cluster",
        r#"{"clusterName": "", "capacityProviders": [""], "defaultCapacityProviderStrategy": [{"capacityProvider": "", "weight": 0, "base": 0}]}"#,
    ),
    ("list-clusters", "{}"),
    ("describe-clusters", r#"{"clusters": [""]}"#),
    ("delete-cluster", r#"{"cluster": ""}"#),
    (
        "register-task-definition",
        r#"{"family": "", "taskRoleArn": "", "executionRoleArn": "", "networkMode": "bridge", "containerDefinitions": [{"name": "", "image": "", "cpu": 0, "memory": 0, "memoryReservation": 0, "portMappings": [{"containerPort": 0, "hostPort": 0, "protocol": "tcp"}], "essential": true, "environment": [{"name": "", "value": ""}], "mountPoints": [{"sourceVolume": "", "containerPath": "", "readOnly": true}], "dependsOn": [{"containerName": "", "condition": "START"}], "startTimeout": 0, "stopTimeout": 0, "logConfiguration": {"logDriver": "awslogs", "options": {"KeyName": ""}}, "healthCheck": {"command": [""], "interval": 0, "timeout": 0, "retries": 0, "startPeriod": 0}, "resourceRequirements": [{"value": "", "type": "GPU"}]}], "volumes": [{"name": "", "host": {"sourcePath": ""}}], "placementConstraints": [{"type": "memberOf", "expression": ""}], "requiresCompatibilities": ["EC2"], "cpu": "", "memory": ""}"#,
    ),
    (
        "list-task-definitions",
        r#"{"familyPrefix": "", "status": "ACTIVE", "sort": "ASC", "nextToken": "", "maxResults": 0}"#,
    ),
    (
        "list-task-definition-families",
        r#"{"familyPrefix": "", "status": "ACTIVE", "nextToken": "", "maxResults": 0}"#,
    ),
    ("describe-task-definition", r#"{"taskDefinition": ""}"#),
    ("deregister-task-definition", r#"{"taskDefinition": ""}"#),
    ("delete-task-definitions", r#"{"taskDefinitions": [""]}"#),
    (
        "register-container-instance",
        r#"{"cluster": "", "instanceIdentityDocument": "", "totalResources": [{"name": "CPU", "type": "INTEGER", "integerValue": 0}, {"name": "MEMORY", "type": "INTEGER", "integerValue": 0}], "versionInfo": {"agentVersion": ""}, "attributes": [{"name": "", "value": ""}]}"#,
    ),
    ("deregister-container-instance", r#"{"cluster": "", "containerInstance": "", "force": true}"#),
    (
        "list-container-instances",
        r#"{"cluster": "", "nextToken": "", "maxResults": 0, "status": "ACTIVE"}"#,
    ),
    ("describe-container-instances", r#"{"cluster": "", "containerInstances": [""]}"#),
    (
        "update-container-instances-state",
        r#"{"cluster": "", "containerInstances": [""], "status": "DRAINING"}"#,
    ),
    (
        "put-attributes",
        r#"{"cluster": "", "attributes": [{"name": "", "value": "", "targetType": "container-instance", "targetId": ""}]}"#,
    ),
    (
        "delete-attributes",
        r#"{"cluster": "", "attributes": [{"name": "", "targetType": "container-instance", "targetId": ""}]}"#,
    ),
    (
        "list-attributes",
        r#"{"cluster": "", "targetType": "container-instance", "attributeName": "", "attributeValue": "", "nextToken": "", "maxResults": 0}"#,
    ),
    (
        "put-account-setting",
        r#"{"name": "awsvpcTrunking", "value": "enabled", "principalArn": ""}"#,
    ),
    (
        "list-account-settings",
        r#"{"name": "awsvpcTrunking", "value": "", "principalArn": "", "effectiveSettings": true, "nextToken": "", "maxResults": 0}"#,
    ),
    (
        "run-task",
        r#"{"cluster": "", "taskDefinition": "", "count": 1, "group": "", "startedBy": "", "launchType": "EC2", "overrides": {"containerOverrides": [{"name": "", "cpu": 0, "memory": 0, "memoryReservation": 0}], "cpu": "", "memory": ""}, "placementConstraints": [{"type": "distinctInstance", "expression": ""}], "placementStrategy": [{"type": "spread", "field": ""}], "capacityProviderStrategy": [{"capacityProvider": "", "weight": 0, "base": 0}], "networkConfiguration": {"awsvpcConfiguration": {"subnets": [""], "securityGroups": [""], "assignPublicIp": "DISABLED"}}}"#,
    ),
    (
        "start-task",
        r#"{"cluster": "", "taskDefinition": "", "containerInstances": [""], "group": "", "startedBy": "", "overrides": {"containerOverrides": [{"name": "", "cpu": 0, "memory": 0, "memoryReservation": 0}]}, "networkConfiguration": {"awsvpcConfiguration": {"subnets": [""], "securityGroups": [""], "assignPublicIp": "DISABLED"}}}"#,
    ),
    ("stop-task", r#"{"cluster": "", "task": "", "reason": ""}"#),
    (
        "list-tasks",
        r#"{"cluster": "", "containerInstance": "", "family": "", "nextToken": "", "maxResults": 0, "startedBy": "", "serviceName": "", "desiredStatus": "RUNNING", "launchType": "EC2"}"#,
    ),
    ("describe-tasks", r#"{"cluster": "", "tasks": [""]}"#),
];

/// The request to fill in of an operation, named `run-task` or `RunTask`.
pub fn skeleton(operation: &str) -> Option<&'static str> {
    find(OPERATIONS.into_iter(), operation)
}

/// The same, of these operations.
pub(crate) fn find(
    mut operations: impl Iterator<Item = (&'static str, &'static str)>,
    operation: &str,
) -> Option<&'static str> {
    let wanted = ids::pascal(operation);
    operations.find(|(name, _)| ids::pascal(name) == wanted).map(|(_, request)| request)
}
