//! The verdict on a deployment before it begins, against what then happens.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde_json::{Value, json};

use super::Account;

impl Account {
    fn verdict(&mut self, definition: &str) -> (String, String) {
        let request =
            json!({ "cluster": "mycluster", "service": "web", "taskDefinition": definition });
        let answer = self.call("describe-service-verdict", &request);
        let reasons: Vec<&str> =
            answer["reasons"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
        (answer["verdict"].as_str().unwrap().to_string(), reasons.join("\n"))
    }

    fn progresses(&mut self) -> bool {
        let (word, reasons) = self.verdict("");
        assert_eq!(word == "PROGRESSES", reasons.is_empty(), "{word}: {reasons}");
        word == "PROGRESSES"
    }

    fn define(&mut self, family: &str, more: &Value) {
        let ports = more.get("portMappings").cloned().unwrap_or_else(|| json!([]));
        let container = json!({ "name": "web", "image": "nginx", "cpu": 64, "memory": 64,
            "portMappings": ports });
        let mut definition = json!({ "family": family, "containerDefinitions": [container] });
        for (key, value) in more.as_object().unwrap() {
            if key != "portMappings" {
                definition[key] = value.clone();
            }
        }
        self.call("register-task-definition", &definition);
    }

    fn completes(&mut self) -> bool {
        self.later(600);
        let service = self.describe();
        let deployments = service["deployments"].as_array().unwrap();
        deployments.len() == 1 && deployments[0]["rolloutState"] == "COMPLETED"
    }

    fn update(&mut self, more: &Value) {
        let mut request = json!({ "cluster": "mycluster", "service": "web" });
        for (key, value) in more.as_object().unwrap() {
            request[key] = value.clone();
        }
        self.call("update-service", &request);
    }
}

fn member_of(expression: &str) -> Value {
    json!([{ "type": "memberOf", "expression": expression }])
}

#[test]
fn static_ports_stand_still_until_the_floor_is_lower() {
    let mut account = Account::new(2);
    let port = json!([{ "containerPort": 80, "hostPort": 8_080 }]);
    account.define("web", &json!({ "portMappings": port }));
    account.create(&json!({ "desiredCount": 2 }));
    account.later(60);
    let (word, reasons) = account.verdict("");
    assert_eq!(word, "NEVER");
    assert!(reasons.contains("has a task on static host ports [8080]"), "{reasons}");
    assert_eq!(account.verdict("web:1").0, "PROGRESSES", "that one has no static port");
    account.update(&json!({ "forceNewDeployment": true }));
    assert!(!account.completes());
    account.update(&json!({ "deploymentConfiguration": { "minimumHealthyPercent": 50 } }));
    assert!(account.progresses());
    assert!(account.completes());
}

#[test]
fn only_instances_that_meet_the_constraints_are_places() {
    let mut account = Account::new(4);
    account.create(&json!({ "desiredCount": 8 }));
    assert!(account.completes() && account.progresses(), "16 places");
    // Two of the four instances have eight places, all of them taken in the end.
    account.update(&json!({ "placementConstraints": member_of("attribute:parity == 0") }));
    assert!(account.progresses());
    account.update(&json!({ "desiredCount": 9 }));
    let (word, reasons) = account.verdict("");
    assert_eq!(word, "NEVER");
    assert!(reasons.contains("9 tasks are desired and there is room for 8"), "{reasons}");
    account.update(&json!({ "placementConstraints": member_of("attribute:parity == 7") }));
    let (_, reasons) = account.verdict("");
    assert!(reasons.contains("no active, connected container instance meets"), "{reasons}");
    // Tasks come and go: what asks for them is no obstacle for ever.
    account.update(&json!({ "placementConstraints": member_of("runningTasksCount < 1") }));
    assert!(account.progresses());
}

#[test]
fn instances_that_are_distinct_are_a_place_each() {
    let mut account = Account::new(2);
    let distinct = json!([{ "type": "distinctInstance" }]);
    account.create(&json!({ "desiredCount": 2, "placementConstraints": distinct }));
    assert!(account.completes());
    let (word, reasons) = account.verdict("");
    assert_eq!(word, "NEVER", "both are taken and none may stop");
    assert!(reasons.contains("none may make way"), "{reasons}");
    account.update(&json!({ "forceNewDeployment": true }));
    assert!(!account.completes());
    account.join(2);
    assert!(account.progresses());
    assert!(account.completes());
    account.update(&json!({ "desiredCount": 4 }));
    assert!(account.verdict("").1.contains("4 tasks are desired and there is room for 3"));
}

#[test]
fn zones_of_the_subnets_bound_the_places_of_tasks_with_an_interface() {
    let mut account = Account::new(4);
    account.ecs.put_subnet("subnet-b", "b");
    account.define("web", &json!({ "networkMode": "awsvpc" }));
    let network = json!({ "awsvpcConfiguration": { "subnets": ["subnet-b"] } });
    // One interface on each of the two instances there.
    account.create(&json!({ "desiredCount": 3, "networkConfiguration": network }));
    assert!(account.verdict("").1.contains("3 tasks are desired and there is room for 2"));
    assert!(!account.completes());
    account.update(&json!({ "desiredCount": 1 }));
    assert!(account.progresses() && account.completes());
}

#[test]
fn fargate_has_room_and_keeps_to_the_percentages() {
    let mut account = Account::new(0);
    account.define("far", &json!({ "networkMode": "awsvpc", "cpu": "256", "memory": "512" }));
    account.create(&json!({ "desiredCount": 3, "taskDefinition": "far", "launchType": "FARGATE",
        "networkConfiguration": { "awsvpcConfiguration": { "subnets": ["s"] } } }));
    assert!(account.progresses() && account.completes() && account.progresses());
    account.update(&json!({ "deploymentConfiguration": { "maximumPercent": 100 } }));
    let (word, reasons) = account.verdict("");
    assert_eq!(word, "NEVER");
    assert!(reasons.contains("lower minimumHealthyPercent or raise maximumPercent"), "{reasons}");
    let (word, reasons) = account.verdict("web");
    assert_eq!(word, "NEVER");
    assert!(reasons.starts_with("a task is refused: "), "{reasons}");
}

#[test]
fn who_asks_for_no_service_is_told() {
    let mut account = Account::new(1);
    let request = json!({ "cluster": "mycluster", "service": "web" });
    let operation = "DescribeServiceVerdict";
    let refused = account.tried(operation, &request).unwrap_err();
    assert!(refused.starts_with("ServiceNotFoundException: "), "{refused}");
    account.create(&json!({ "desiredCount": 0 }));
    assert!(account.progresses(), "nothing is desired");
    account.call("delete-service", &request);
    account.later(1);
    let refused = account.tried(operation, &request).unwrap_err();
    assert!(refused.starts_with("ServiceNotActiveException: "), "{refused}");
    let unknown = json!({ "cluster": "none", "service": "web" });
    let refused = account.tried(operation, &unknown).unwrap_err();
    assert!(refused.starts_with("ClusterNotFoundException: "), "{refused}");
}
