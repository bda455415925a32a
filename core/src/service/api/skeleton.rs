//! Which operations there are, and a request of each to fill in.

use crate::cluster::api;

/// The operations on services, each with an empty request.
pub const OPERATIONS: [(&str, &str); 8] = [
    (
        "create-service",
        r#"{"cluster": "", "serviceName": "", "taskDefinition": "", "loadBalancers": [{"targetGroupArn": "", "containerName": "", "containerPort": 0}], "desiredCount": 0, "launchType": "EC2", "capacityProviderStrategy": [{"capacityProvider": "", "weight": 0, "base": 0}], "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": true, "rollback": true}, "maximumPercent": 0, "minimumHealthyPercent": 0}, "placementConstraints": [{"type": "distinctInstance", "expression": ""}], "placementStrategy": [{"type": "spread", "field": ""}], "networkConfiguration": {"awsvpcConfiguration": {"subnets": [""], "securityGroups": [""], "assignPublicIp": "DISABLED"}}, "healthCheckGracePeriodSeconds": 0, "schedulingStrategy": "REPLICA", "availabilityZoneRebalancing": "ENABLED"}"#,
    ),
    (
        "update-service",
        r#"{"cluster": "", "service": "", "desiredCount": 0, "taskDefinition": "", "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": true, "rollback": true}, "maximumPercent": 0, "minimumHealthyPercent": 0}, "placementConstraints": [{"type": "distinctInstance", "expression": ""}], "placementStrategy": [{"type": "spread", "field": ""}], "forceNewDeployment": true, "healthCheckGracePeriodSeconds": 0, "availabilityZoneRebalancing": "ENABLED"}"#,
    ),
    ("delete-service", r#"{"cluster": "", "service": "", "force": true}"#),
    (
        "list-services",
        r#"{"cluster": "", "nextToken": "", "maxResults": 0, "launchType": "EC2", "schedulingStrategy": "REPLICA"}"#,
    ),
    ("describe-services", r#"{"cluster": "", "services": [""]}"#),
    ("describe-service-verdict", r#"{"cluster": "", "service": "", "taskDefinition": ""}"#),
    (
        "update-task-protection",
        r#"{"cluster": "", "tasks": [""], "protectionEnabled": true, "expiresInMinutes": 0}"#,
    ),
    ("get-task-protection", r#"{"cluster": "", "tasks": [""]}"#),
];

/// Every operation of the door with an empty request, as
/// `--generate-cli-skeleton` prints it.
pub fn operations() -> impl Iterator<Item = (&'static str, &'static str)> {
    api::OPERATIONS.into_iter().chain(OPERATIONS)
}

/// The request to fill in of an operation, named `run-task` or `RunTask`.
pub fn skeleton(operation: &str) -> Option<&'static str> {
    api::skeleton::find(operations(), operation)
}
