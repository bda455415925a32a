//! The door with services: AWS's operations, field by field, and refusals.

mod refusals;
mod verdict;

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde_json::{Value, json};

use super::{Ecs, operations, skeleton};
use crate::cluster::api::ids;
use crate::time::Instant;

struct Account {
    ecs: Ecs,
    now: Instant,
}

const BRIDGE: &str = r#"{"family": "web", "containerDefinitions": [{"name": "web",
    "image": "nginx", "cpu": 256, "memory": 512, "portMappings": [{"containerPort": 80}]}]}"#;

impl Account {
    /// A cluster `mycluster` with so many instances of 1,024 CPU units in zones
    /// a, b, a, b, and the definition `web`.
    fn new(instances: u32) -> Self {
        let ecs = Ecs::new("us-east-1", "123456789012");
        let mut account = Self { ecs, now: Instant::from_secs(1_000) };
        account.call("create-cluster", &json!({ "clusterName": "mycluster" }));
        for number in 0..instances {
            account.join(number);
        }
        account.call("register-task-definition", &serde_json::from_str(BRIDGE).unwrap());
        account
    }

    fn join(&mut self, number: u32) -> String {
        let zone = if number.is_multiple_of(2) { "a" } else { "b" };
        let identity = json!({ "instanceId": format!("i-{number}"), "availabilityZone": zone });
        let answer = self.call(
            "register-container-instance",
            &json!({
                "cluster": "mycluster",
                "instanceIdentityDocument": identity.to_string(),
                "totalResources": [
                    { "name": "CPU", "type": "INTEGER", "integerValue": 1_024 },
                    { "name": "MEMORY", "type": "INTEGER", "integerValue": 4_000 },
                ],
                "attributes": [{ "name": "parity", "value": (number % 2).to_string() }],
            }),
        );
        text(&answer["containerInstance"]["containerInstanceArn"])
    }

    fn call(&mut self, operation: &str, request: &Value) -> Value {
        self.tried(operation, request).unwrap_or_else(|code| panic!("{operation}: {code}"))
    }

    /// The answer, or AWS's code and message.
    fn tried(&mut self, operation: &str, request: &Value) -> Result<Value, String> {
        let answer = self.ecs.call(self.now, operation, &request.to_string());
        self.ecs.settle(self.now);
        match answer {
            Ok(answer) => Ok(serde_json::from_str(&answer).unwrap()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn create(&mut self, more: &Value) -> Value {
        let mut request = json!({
            "cluster": "mycluster", "serviceName": "web", "taskDefinition": "web",
        });
        for (key, value) in more.as_object().unwrap() {
            request[key] = value.clone();
        }
        self.call("create-service", &request)["service"].clone()
    }

    fn refused(&mut self, operation: &str, more: &Value) -> String {
        let mut request = json!({
            "cluster": "mycluster", "serviceName": "web", "taskDefinition": "web",
            "desiredCount": 1,
        });
        for (key, value) in more.as_object().unwrap() {
            request[key] = value.clone();
        }
        self.tried(operation, &request).unwrap_err()
    }

    fn describe(&mut self) -> Value {
        let request = json!({ "cluster": "mycluster", "services": ["web"] });
        self.call("describe-services", &request)["services"][0].clone()
    }

    fn later(&mut self, seconds: u64) {
        self.now = Instant::from_nanos(self.now.as_nanos() + seconds * 1_000_000_000);
        self.ecs.settle(self.now);
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_string()
}

fn messages(service: &Value) -> Vec<String> {
    service["events"].as_array().unwrap().iter().map(|event| text(&event["message"])).collect()
}

#[test]
fn a_service_is_created_runs_and_is_described_in_awss_fields() {
    let mut account = Account::new(2);
    let created = account.create(&json!({ "desiredCount": 2 }));
    assert_eq!(created["serviceArn"], "arn:aws:ecs:us-east-1:123456789012:service/mycluster/web");
    assert_eq!(created["status"], "ACTIVE");
    assert_eq!((&created["desiredCount"], &created["pendingCount"]), (&json!(2), &json!(2)));
    assert_eq!(created["deployments"][0]["rolloutState"], "IN_PROGRESS");
    account.later(60);
    let service = account.describe();
    assert_eq!((&service["runningCount"], &service["pendingCount"]), (&json!(2), &json!(0)));
    assert_eq!(service["launchType"], "EC2");
    assert_eq!(service["schedulingStrategy"], "REPLICA");
    assert_eq!(
        service["taskDefinition"],
        "arn:aws:ecs:us-east-1:123456789012:task-definition/web:1"
    );
    let deployment = &service["deployments"][0];
    assert_eq!(deployment["id"], "ecs-svc/1");
    assert_eq!(deployment["status"], "PRIMARY");
    assert_eq!(deployment["rolloutState"], "COMPLETED");
    assert_eq!(deployment["runningCount"], 2);
    assert_eq!(service["deploymentConfiguration"]["maximumPercent"], 200);
    assert_eq!(service["createdAt"], 1_000.0);
    assert!(messages(&service)[0].contains("has reached a steady state"), "{service}");
    let tasks = json!({ "cluster": "mycluster", "serviceName": "web" });
    assert_eq!(account.call("list-tasks", &tasks)["taskArns"].as_array().unwrap().len(), 2);
    let listed = account.call("list-services", &json!({ "cluster": "mycluster" }));
    assert_eq!(listed["serviceArns"], json!([created["serviceArn"]]));
    let cluster = account.call("describe-clusters", &json!({ "clusters": ["mycluster"] }));
    assert_eq!(cluster["clusters"][0]["activeServicesCount"], 1);
}

#[test]
fn an_update_of_the_count_starts_and_stops_tasks_without_a_deployment() {
    let mut account = Account::new(2);
    account.create(&json!({ "desiredCount": 1 }));
    account.later(60);
    let request = json!({ "cluster": "mycluster", "service": "web", "desiredCount": 3 });
    account.call("update-service", &request);
    account.later(60);
    let service = account.describe();
    assert_eq!(service["runningCount"], 3);
    assert_eq!(service["deployments"].as_array().unwrap().len(), 1);
    let request = json!({ "cluster": "mycluster", "service": "web", "desiredCount": 1 });
    account.call("update-service", &request);
    account.later(60);
    assert_eq!(account.describe()["runningCount"], 1);
}

#[test]
fn another_definition_rolls_out_as_a_new_deployment() {
    let mut account = Account::new(2);
    account.create(&json!({ "desiredCount": 2 }));
    account.later(60);
    account.call("register-task-definition", &serde_json::from_str(BRIDGE).unwrap());
    let request = json!({ "cluster": "mycluster", "service": "web", "taskDefinition": "web:2" });
    let updated = account.call("update-service", &request)["service"].clone();
    let deployments = updated["deployments"].as_array().unwrap();
    assert_eq!(deployments.len(), 2, "{updated}");
    assert_eq!(deployments[0]["status"], "PRIMARY");
    assert!(text(&deployments[0]["taskDefinition"]).ends_with("web:2"));
    assert_eq!(deployments[1]["status"], "ACTIVE");
    assert!(text(&deployments[1]["taskDefinition"]).ends_with("web:1"));
    account.later(120);
    let service = account.describe();
    assert_eq!(service["deployments"].as_array().unwrap().len(), 1, "{service}");
    assert_eq!(service["deployments"][0]["rolloutState"], "COMPLETED");
    assert_eq!(service["runningCount"], 2);
    let request = json!({ "cluster": "mycluster", "service": "web", "forceNewDeployment": true });
    let forced = account.call("update-service", &request);
    assert_eq!(forced["service"]["deployments"][0]["id"], "ecs-svc/3");
}

#[test]
fn what_does_not_fit_is_said_with_the_closest_instance() {
    let mut account = Account::new(1);
    account.create(&json!({ "desiredCount": 5, "availabilityZoneRebalancing": "DISABLED" }));
    account.later(60);
    let service = account.describe();
    assert_eq!(service["runningCount"], 4);
    let said = messages(&service).join("\n");
    assert!(said.contains("was unable to place a task"), "{said}");
    assert!(said.contains("closest matching"), "{said}");
    account.join(1);
    account.later(60);
    assert_eq!(account.describe()["runningCount"], 5);
}

#[test]
fn the_event_names_the_instance_with_the_fewest_reasons_and_says_what_it_lacks() {
    let mut account = Account::new(2);
    let larger = BRIDGE.replace("256", "300");
    account.call("register-task-definition", &serde_json::from_str(&larger).unwrap());
    account.create(&json!({ "desiredCount": 4, "placementConstraints": [
        { "type": "memberOf", "expression": "attribute:parity == 1" } ] }));
    account.later(60);
    let said = messages(&account.describe()).join("\n");
    // The first has room and is no member, the second has 124 of 300 CPU units.
    assert!(said.contains("container-instance 2) has insufficient CPU units"), "{said}");
}

#[test]
fn of_instances_that_all_drain_the_event_says_so() {
    let mut account = Account::new(0);
    let arn = account.join(0);
    let drain = json!({ "cluster": "mycluster", "containerInstances": [arn],
        "status": "DRAINING" });
    account.call("update-container-instances-state", &drain);
    let run = json!({ "cluster": "mycluster", "taskDefinition": "web", "count": 2 });
    let ran = account.call("run-task", &run);
    assert_eq!(ran["failures"], json!([{ "arn": arn, "reason": "INACTIVE" }]));
    account.create(&json!({ "desiredCount": 1 }));
    account.later(60);
    let said = messages(&account.describe()).join("\n");
    assert!(
        said.contains("closest matching (container-instance 1) is not in the ACTIVE"),
        "{said}"
    );
}

#[test]
fn a_service_is_deleted_at_0_or_by_force_and_then_inactive() {
    let mut account = Account::new(1);
    account.create(&json!({ "desiredCount": 1 }));
    account.later(60);
    let request = json!({ "cluster": "mycluster", "service": "web" });
    let refused = account.tried("delete-service", &request).unwrap_err();
    assert!(refused.starts_with("InvalidParameterException: "), "{refused}");
    assert!(refused.contains("scaled above 0"), "{refused}");
    let cluster = json!({ "cluster": "mycluster" });
    let refused = account.tried("delete-cluster", &cluster).unwrap_err();
    assert!(refused.starts_with("ClusterContains"), "{refused}");
    let forced = json!({ "cluster": "mycluster", "service": "web", "force": true });
    let deleted = account.call("delete-service", &forced);
    assert_eq!(deleted["service"]["status"], "DRAINING");
    account.later(60);
    let service = account.describe();
    assert_eq!((&service["status"], &service["runningCount"]), (&json!("INACTIVE"), &json!(0)));
    assert_eq!(service["deployments"], json!([]));
    assert_eq!(account.call("list-services", &cluster)["serviceArns"], json!([]));
    let refused = account.tried("update-service", &request).unwrap_err();
    assert!(refused.starts_with("ServiceNotActiveException: "), "{refused}");
    // Its name is free again.
    assert_eq!(account.create(&json!({ "desiredCount": 0 }))["status"], "ACTIVE");
}

#[test]
fn a_cluster_with_services_is_not_deleted_and_takes_them_along_in_the_end() {
    let mut account = Account::new(0);
    account.create(&json!({ "desiredCount": 0 }));
    let cluster = json!({ "cluster": "mycluster" });
    let refused = account.tried("delete-cluster", &cluster).unwrap_err();
    assert!(refused.starts_with("ClusterContainsServicesException: "), "{refused}");
    account.call("delete-service", &json!({ "cluster": "mycluster", "service": "web" }));
    account.later(1);
    account.call("delete-cluster", &cluster);
    assert!(account.ecs.controller("mycluster").is_none());
    let refused = account.refused("create-service", &json!({}));
    assert!(refused.starts_with("ClusterNotFoundException: "), "{refused}");
}

#[test]
fn a_daemon_runs_once_on_each_instance_that_meets_its_constraints() {
    let mut account = Account::new(4);
    account.create(&json!({
        "schedulingStrategy": "DAEMON",
        "placementConstraints": [{ "type": "memberOf", "expression": "attribute:parity == 1" }],
    }));
    account.later(60);
    let service = account.describe();
    assert_eq!(service["schedulingStrategy"], "DAEMON");
    assert_eq!((&service["desiredCount"], &service["runningCount"]), (&json!(2), &json!(2)));
    for bad in
        [json!({ "placementStrategy": [{ "type": "random" }] }), json!({ "desiredCount": 3 })]
    {
        let mut request = json!({ "cluster": "mycluster", "service": "web" });
        request.as_object_mut().unwrap().extend(bad.as_object().unwrap().clone());
        let refused = account.tried("update-service", &request).unwrap_err();
        assert!(refused.contains("DAEMON service"), "{refused}");
    }
    account.join(5);
    account.later(60);
    assert_eq!(account.describe()["runningCount"], 3);
    account.join(6);
    account.later(60);
    assert_eq!(account.describe()["runningCount"], 3, "an even one takes none");
}

#[test]
fn a_load_balanced_task_is_registered_and_drains() {
    let mut account = Account::new(1);
    let balancers =
        json!([{ "targetGroupArn": "arn:tg", "containerName": "web", "containerPort": 80 }]);
    let created = account.create(&json!({
        "desiredCount": 1, "loadBalancers": balancers, "healthCheckGracePeriodSeconds": 30,
    }));
    assert_eq!(created["loadBalancers"], balancers);
    assert_eq!(created["healthCheckGracePeriodSeconds"], 30);
    account.later(5);
    assert_eq!(account.describe()["deployments"][0]["rolloutState"], "COMPLETED");
    let request = json!({ "cluster": "mycluster", "service": "web", "desiredCount": 0 });
    account.call("update-service", &request);
    account.later(1);
    assert_eq!(account.describe()["runningCount"], 0);
}

#[test]
fn tasks_of_a_service_are_protected_and_others_are_not() {
    let mut account = Account::new(1);
    account.create(&json!({ "desiredCount": 2 }));
    account.call("run-task", &json!({ "cluster": "mycluster", "taskDefinition": "web" }));
    account.later(60);
    let listed = json!({ "cluster": "mycluster", "serviceName": "web" });
    let own = account.call("list-tasks", &listed)["taskArns"].clone();
    let all = account.call("list-tasks", &json!({ "cluster": "mycluster" }))["taskArns"].clone();
    let other = all.as_array().unwrap().iter().find(|arn| !own.as_array().unwrap().contains(arn));
    let request = json!({
        "cluster": "mycluster", "tasks": [own[0], other], "protectionEnabled": true,
        "expiresInMinutes": 60,
    });
    let answer = account.call("update-task-protection", &request);
    assert_eq!(answer["protectedTasks"][0]["taskArn"], own[0]);
    let ends = answer["protectedTasks"][0]["expirationDate"].as_f64().unwrap();
    assert_eq!(ends, 1_060.0 + 3_600.0);
    assert_eq!(answer["failures"][0]["reason"], "TASK_NOT_VALID");
    let request = json!({ "cluster": "mycluster", "service": "web", "desiredCount": 1 });
    account.call("update-service", &request);
    account.later(60);
    let left = account.call("list-tasks", &listed)["taskArns"].clone();
    assert_eq!(left, json!([own[0]]), "the protected one stays");
    let request = json!({ "cluster": "mycluster", "tasks": [own[0]] });
    let answer = account.call("get-task-protection", &request);
    assert_eq!(answer["protectedTasks"][0]["protectionEnabled"], true);
    account.later(3_600);
    let answer = account.call("get-task-protection", &request);
    assert_eq!(answer["protectedTasks"][0]["protectionEnabled"], false);
    let bad = json!({
        "cluster": "mycluster", "tasks": [own[0]], "protectionEnabled": true,
        "expiresInMinutes": 2_881,
    });
    let refused = account.tried("update-task-protection", &bad).unwrap_err();
    assert!(refused.contains("expiresInMinutes is 2881"), "{refused}");
}

#[test]
fn awsvpc_needs_a_network_and_its_subnets_say_the_zone() {
    let mut account = Account::new(2);
    let awsvpc = json!({
        "family": "api", "networkMode": "awsvpc", "containerDefinitions":
            [{ "name": "api", "image": "nginx", "cpu": 256, "memory": 512 }],
    });
    account.call("register-task-definition", &awsvpc);
    account.ecs.put_subnet("subnet-b", "b");
    let without = account.refused("create-service", &json!({ "taskDefinition": "api" }));
    assert!(without.contains("Network Configuration must be provided"), "{without}");
    let network = |subnets: Value| json!({ "awsvpcConfiguration": { "subnets": subnets } });
    let none = json!({ "taskDefinition": "api", "networkConfiguration": network(json!([])) });
    let none = account.refused("create-service", &none);
    assert!(none.contains("0 subnets: 1 to 16 are possible"), "{none}");
    let needless = account
        .refused("create-service", &json!({ "networkConfiguration": network(json!(["s"])) }));
    assert!(needless.contains("not valid for the given networkMode"), "{needless}");
    account.create(&json!({
        "taskDefinition": "api", "desiredCount": 2,
        "networkConfiguration": network(json!(["subnet-b"])),
    }));
    account.later(60);
    let tasks = account.call("list-tasks", &json!({ "cluster": "mycluster" }))["taskArns"].clone();
    let request = json!({ "cluster": "mycluster", "tasks": tasks });
    for task in account.call("describe-tasks", &request)["tasks"].as_array().unwrap() {
        assert_eq!(task["availabilityZone"], "b");
    }
}

#[test]
fn placement_can_change_without_a_deployment() {
    let mut account = Account::new(3);
    account.create(&json!({ "desiredCount": 1 }));
    account.later(60);
    let request = json!({
        "cluster": "mycluster", "service": "web", "desiredCount": 3,
        "placementStrategy": [{ "type": "binpack", "field": "memory" }],
        "placementConstraints": [{ "type": "memberOf", "expression": "attribute:parity == 0" }],
    });
    account.call("update-service", &request);
    account.later(60);
    let service = account.describe();
    assert_eq!(service["deployments"].as_array().unwrap().len(), 1);
    assert_eq!(service["placementStrategy"], json!([{ "type": "binpack", "field": "memory" }]));
    assert_eq!(service["runningCount"], 3);
}

#[test]
fn settled_time_passes_step_by_step() {
    // One jump of an hour is as good as many small ones.
    let events = |steps: u64| {
        let mut account = Account::new(2);
        account.create(&json!({ "desiredCount": 2 }));
        for _ in 0..steps {
            account.later(3_600 / steps);
        }
        account.describe()["events"].clone()
    };
    assert_eq!(events(1), events(240));
    assert_eq!(events(1)[0]["createdAt"], 1_040.0, "steady 40 s after the tasks run");
}

/// A host in JSON: answers every action, containers first exit then.
fn answer(account: &mut Account) -> Vec<String> {
    let mut seen = Vec::new();
    while let Some(action) = account.ecs.poll_json() {
        let action: Value = serde_json::from_str(&action).unwrap();
        let name = text(&action["action"]);
        let event = match name.as_str() {
            "StartContainer" => "ContainerStarted",
            "StopContainer" => "ContainerExited",
            "RegisterTarget" => "TargetHealth",
            "DeregisterTarget" => "TargetIdle",
            _ => "",
        };
        seen.push(name);
        if event.is_empty() {
            continue;
        }
        let mut report = action.clone();
        report["event"] = event.into();
        report["exitCode"] = 0.into();
        report["health"] = "HEALTHY".into();
        account.ecs.handle_json(account.now, &report.to_string()).unwrap();
    }
    seen
}

#[test]
fn a_host_in_json_runs_a_service_and_is_told_of_targets() {
    let mut account = Account::new(1);
    let balancers =
        json!([{ "targetGroupArn": "arn:tg", "containerName": "web", "containerPort": 80 }]);
    let request = json!({
        "cluster": "mycluster", "serviceName": "web", "taskDefinition": "web",
        "desiredCount": 1, "loadBalancers": balancers,
    });
    account.ecs.call(account.now, "create-service", &request.to_string()).unwrap();
    let seen = answer(&mut account);
    assert_eq!(seen.iter().filter(|name| *name == "StartContainer").count(), 1, "{seen:?}");
    assert!(seen.contains(&"RegisterTarget".to_string()), "{seen:?}");
    let service = account.ecs.controller("mycluster").unwrap().service("web").unwrap();
    assert_eq!((service.running_count(), service.healthy_count()), (1, 1));
    let request = json!({ "cluster": "mycluster", "service": "web", "desiredCount": 0 });
    account.ecs.call(account.now, "update-service", &request.to_string()).unwrap();
    let seen = answer(&mut account);
    let place = |name: &str| seen.iter().position(|other| other == name).unwrap();
    assert!(place("DeregisterTarget") < place("StopContainer"), "{seen:?}");
    let service = account.ecs.controller("mycluster").unwrap().service("web").unwrap();
    assert_eq!(service.running_count(), 0);
}

#[test]
fn a_report_that_cannot_be_is_refused_and_changes_nothing() {
    let mut account = Account::new(1);
    account.create(&json!({ "desiredCount": 1 }));
    account.later(60);
    let before = account.describe();
    let tasks = account.call("list-tasks", &json!({ "cluster": "mycluster" }));
    let task = text(&tasks["taskArns"][0]);
    let mut refused = |report: Value, what: &str| {
        let error = account.ecs.handle_json(account.now, &report.to_string()).unwrap_err();
        assert!(error.to_string().contains(what), "{error}");
    };
    refused(json!([]), "not a JSON object");
    refused(json!({ "event": "Fly", "cluster": "other" }), "Cluster not found");
    refused(json!({ "event": "Fly", "cluster": "mycluster" }), "no event \"Fly\"");
    let started = |more: Value| {
        let mut report = json!({ "event": "ContainerStarted", "cluster": "mycluster" });
        for (key, value) in more.as_object().unwrap() {
            report[key] = value.clone();
        }
        report
    };
    refused(started(json!({})), "event \"ContainerStarted\" has no task");
    refused(started(json!({ "task": "x" })), "no task \"x\"");
    refused(started(json!({ "task": task })), "has no container");
    refused(started(json!({ "task": task, "container": "db" })), "no container \"db\"");
    refused(started(json!({ "task": task, "container": "web" })), "was not told to start");
    let exited = json!({ "event": "ContainerExited", "task": task, "container": "web" });
    refused(started(exited), "has no exitCode");
    let ill = json!({ "event": "ContainerHealth", "task": task, "container": "web",
                      "health": "FINE" });
    refused(started(ill), "no health \"FINE\"");
    let target = json!({ "event": "TargetHealth", "task": task, "health": "HEALTHY" });
    refused(started(target.clone()), "has no service");
    let mut target = target;
    target["service"] = "none".into();
    refused(started(target), "Service not found");
    assert_eq!(account.describe(), before);
}

#[test]
fn every_operation_has_a_skeleton_that_is_json_and_is_known() {
    let mut account = Account::new(0);
    for (name, request) in operations() {
        assert!(serde_json::from_str::<Value>(request).unwrap().is_object(), "{name}");
        assert_eq!(skeleton(&ids::pascal(name)), Some(request));
        let answer = account.ecs.call(account.now, name, request);
        if let Err(error) = answer {
            assert_ne!(error.code, "UnknownOperationException", "{name}");
        }
    }
    assert_eq!(operations().count(), 33);
    assert_eq!(skeleton("fly"), None);
}
