//! What is refused, in AWS's codes, and changes nothing.

use serde_json::{Value, json};

use super::{Account, BRIDGE};

#[test]
fn what_aws_refuses_is_refused_in_its_codes_and_changes_nothing() {
    let mut account = Account::new(1);
    let mut says = |more: Value, what: &str| {
        let refused = account.refused("create-service", &more);
        assert!(refused.starts_with("InvalidParameterException: "), "{refused}");
        assert!(refused.contains(what), "{refused}");
        let listed = account.call("list-services", &json!({ "cluster": "mycluster" }));
        assert_eq!(listed["serviceArns"], json!([]));
    };
    says(json!({ "serviceName": "a b" }), "serviceName is \"a b\"");
    says(json!({ "serviceName": "" }), "serviceName is \"\"");
    says(json!({ "desiredCount": null }), "desiredCount is required");
    says(json!({ "schedulingStrategy": "OTHER" }), "\"OTHER\": REPLICA and DAEMON are possible");
    says(json!({ "schedulingStrategy": "DAEMON" }), "not supported for a DAEMON");
    says(json!({ "deploymentConfiguration": { "minimumHealthyPercent": 101 } }), "101");
    says(json!({ "deploymentConfiguration": { "maximumPercent": 99 } }), "99");
    says(
        json!({ "deploymentConfiguration": { "deploymentCircuitBreaker": {
            "enable": true, "thresholdConfiguration": { "type": "SOME", "value": 1 } } } }),
        "\"SOME\": COUNT, BOUNDED_PERCENT and UNBOUNDED_PERCENT are possible",
    );
    says(json!({ "healthCheckGracePeriodSeconds": 9 }), "only valid for services configured");
    says(
        json!({ "loadBalancers": [{ "targetGroupArn": "a", "containerName": "x",
                                    "containerPort": 80 }] }),
        "The container x does not exist in the task definition.",
    );
    says(
        json!({ "loadBalancers": [{ "targetGroupArn": "a", "containerName": "web",
                                    "containerPort": 81 }] }),
        "did not have a container port 81 defined",
    );
    says(json!({ "placementStrategy": [{ "type": "best" }] }), "best");
    says(
        json!({ "placementConstraints": [{ "type": "memberOf", "expression": "(" }] }),
        "Invalid constraint expression",
    );
    says(json!({ "launchType": "MOON" }), "\"MOON\": EC2, FARGATE and EXTERNAL are possible");
    says(
        json!({ "availabilityZoneRebalancing": "MAYBE" }),
        "\"MAYBE\": ENABLED and DISABLED are possible",
    );
    let refused = account.refused("create-service", &json!({ "taskDefinition": "none" }));
    assert!(refused.starts_with("ClientException: "), "{refused}");
    let refused = account.refused("update-service", &json!({ "service": "none" }));
    assert!(refused.starts_with("ServiceNotFoundException: "), "{refused}");
    let refused = account.refused("delete-service", &json!({ "service": "none" }));
    assert!(refused.starts_with("ServiceNotFoundException: "), "{refused}");
    let refused = account.refused("describe-services", &json!({}));
    assert!(refused.contains("0 services: 1 to 10"), "{refused}");
    let missing = json!({ "cluster": "mycluster", "services": ["none"] });
    let missing = account.call("describe-services", &missing);
    assert_eq!(missing["failures"][0]["reason"], "MISSING");
}

#[test]
fn a_daemon_does_not_run_on_fargate() {
    let mut account = Account::new(1);
    account.call(
        "register-task-definition",
        &json!({ "family": "far", "networkMode": "awsvpc", "cpu": "256", "memory": "512",
            "requiresCompatibilities": ["EC2", "FARGATE"],
            "containerDefinitions": [{ "name": "far", "image": "nginx" }] }),
    );
    account.call(
        "create-cluster",
        &json!({ "clusterName": "serverless", "capacityProviders": ["FARGATE"],
            "defaultCapacityProviderStrategy": [{ "capacityProvider": "FARGATE", "weight": 1 }] }),
    );
    let provider = json!([{ "capacityProvider": "FARGATE_SPOT", "weight": 1 }]);
    for on in [
        json!({ "launchType": "FARGATE" }),
        json!({ "capacityProviderStrategy": provider }),
        json!({ "cluster": "serverless" }),
    ] {
        let mut request = json!({
            "taskDefinition": "far", "schedulingStrategy": "DAEMON", "desiredCount": null,
            "networkConfiguration": { "awsvpcConfiguration": { "subnets": ["s"] } },
        });
        for (key, value) in on.as_object().unwrap() {
            request[key] = value.clone();
        }
        let refused = account.refused("create-service", &request);
        let says = "InvalidParameterException: Fargate tasks do not support the DAEMON";
        assert!(refused.starts_with(says), "{refused}");
    }
}

#[test]
fn a_definition_without_the_container_behind_the_balancer_is_no_update() {
    let mut account = Account::new(1);
    let balancers = json!([{ "targetGroupArn": "a", "containerName": "web", "containerPort": 80 }]);
    account.create(&json!({ "desiredCount": 1, "loadBalancers": balancers }));
    account.later(60);
    let before = account.describe();
    for (from, to, says) in [
        (r#""name": "web""#, r#""name": "other""#, "The container web does not exist"),
        ("80", "81", "did not have a container port 80 defined"),
    ] {
        let changed = BRIDGE.replace(from, to);
        account.call("register-task-definition", &serde_json::from_str(&changed).unwrap());
        let request = json!({ "cluster": "mycluster", "service": "web", "taskDefinition": "web" });
        let refused = account.tried("update-service", &request).unwrap_err();
        assert!(refused.starts_with("InvalidParameterException: "), "{refused}");
        assert!(refused.contains(says), "{refused}");
        assert_eq!(account.describe(), before);
    }
}

#[test]
fn an_update_that_is_refused_changes_nothing() {
    let mut account = Account::new(1);
    account.create(&json!({ "desiredCount": 1 }));
    account.later(60);
    let before = account.describe();
    for bad in [
        json!({ "placementStrategy": [{ "type": "best" }], "desiredCount": 2 }),
        json!({ "deploymentConfiguration": { "maximumPercent": 1 }, "desiredCount": 2 }),
        json!({ "taskDefinition": "none", "desiredCount": 2 }),
        json!({ "launchType": "FARGATE", "desiredCount": 2 }),
        json!({ "healthCheckGracePeriodSeconds": 9, "desiredCount": 2 }),
    ] {
        let mut request = json!({ "cluster": "mycluster", "service": "web" });
        for (key, value) in bad.as_object().unwrap() {
            request[key] = value.clone();
        }
        account.tried("update-service", &request).unwrap_err();
        assert_eq!(account.describe(), before, "{bad}");
    }
}
