//! The seed's commands, through the door.

use alloc::format;
use alloc::string::String;

use serde_json::{Value, json};

use super::*;

const NOW: Instant = Instant::ZERO;

struct Account(ClusterApi);

impl Account {
    fn new() -> Self {
        Self(ClusterApi::new("us-east-1", "123456789012"))
    }

    /// A cluster with an instance and a task definition.
    fn with_web() -> (Self, String) {
        let mut account = Self::new();
        account.ok("create-cluster", json!({ "clusterName": "mycluster" }));
        let arn = account.register("i-1");
        let container = json!({ "name": "web", "image": "nginx", "cpu": 512, "memory": 1_000 });
        let web = json!({ "family": "web", "containerDefinitions": [container] });
        account.ok("register-task-definition", web);
        (account, arn)
    }

    fn register(&mut self, server: &str) -> String {
        let document = json!({ "instanceId": server, "availabilityZone": "us-east-1a" });
        let amounts = json!([
            { "name": "CPU", "type": "INTEGER", "integerValue": 2_048 },
            { "name": "MEMORY", "type": "INTEGER", "integerValue": 4_000 },
        ]);
        let request = json!({ "cluster": "mycluster", "totalResources": amounts,
            "instanceIdentityDocument": format!("{document}") });
        let answer = self.ok("register-container-instance", request);
        answer["containerInstance"]["containerInstanceArn"].as_str().unwrap().into()
    }

    fn ok(&mut self, operation: &str, request: Value) -> Value {
        let answer = self.0.call(NOW, operation, &format!("{request}"));
        serde_json::from_str(&answer.unwrap()).unwrap()
    }

    fn refused(&mut self, operation: &str, request: Value) -> ApiError {
        self.0.call(NOW, operation, &format!("{request}")).unwrap_err()
    }
}

#[test]
fn a_task_is_run_described_and_stopped() {
    let (mut account, instance) = Account::with_web();
    let run = json!({ "cluster": "mycluster", "taskDefinition": "web", "count": 1 });
    let ran = account.ok("run-task", run);
    assert_eq!(ran["failures"], json!([]));
    let arn = ran["tasks"][0]["taskArn"].as_str().unwrap();
    assert!(arn.starts_with("arn:aws:ecs:us-east-1:123456789012:task/mycluster/"), "{arn}");
    assert_eq!(ran["tasks"][0]["lastStatus"], "PENDING");
    account.0.settle(NOW);
    let one = json!({ "cluster": "mycluster", "tasks": [arn] });
    let task = account.ok("describe-tasks", one.clone())["tasks"][0].clone();
    assert_eq!((&task["lastStatus"], &task["group"]), (&json!("RUNNING"), &json!("family:web")));
    assert_eq!(task["containerInstanceArn"], json!(instance));
    let listed = account.ok("list-tasks", json!({ "cluster": "mycluster" }));
    assert_eq!(listed, json!({ "taskArns": [arn] }));
    let stop = json!({ "cluster": "mycluster", "task": arn });
    let stopping = account.ok("stop-task", stop);
    assert_eq!(stopping["task"]["desiredStatus"], "STOPPED");
    let described = json!({ "cluster": "mycluster", "containerInstances": [instance] });
    let left = |account: &mut Account| {
        let answer = account.ok("describe-container-instances", described.clone());
        answer["containerInstances"][0]["remainingResources"][0]["integerValue"].clone()
    };
    assert_eq!(left(&mut account), 1_536, "a stop that was asked for frees nothing");
    account.0.settle(NOW);
    assert_eq!(left(&mut account), 2_048);
    let task = account.ok("describe-tasks", one)["tasks"][0].clone();
    assert_eq!(
        (&task["lastStatus"], &task["stopCode"]),
        (&json!("STOPPED"), &json!("UserInitiated"))
    );
}

#[test]
fn a_task_starts_on_a_named_instance() {
    let (mut account, instance) = Account::with_web();
    let start = json!({ "cluster": "mycluster", "taskDefinition": "web:1",
        "containerInstances": [instance, "nobody"] });
    let started = account.ok("start-task", start);
    assert_eq!(started["tasks"][0]["containerInstanceArn"], json!(instance));
    assert_eq!(started["failures"], json!([{ "arn": "nobody", "reason": "MISSING" }]));
}

#[test]
fn a_cluster_with_instances_or_tasks_is_not_deleted() {
    let (mut account, instance) = Account::with_web();
    let cluster = json!({ "cluster": "mycluster" });
    let error = account.refused("delete-cluster", cluster.clone());
    assert_eq!(error.code, "ClusterContainsContainerInstancesException");
    let run = json!({ "cluster": "mycluster", "taskDefinition": "web" });
    account.ok("run-task", run);
    let gone = json!({ "cluster": "mycluster", "containerInstance": instance });
    let error = account.refused("deregister-container-instance", gone);
    assert_eq!(error.code, "InvalidParameterException");
    let gone = json!({ "cluster": "mycluster", "containerInstance": instance, "force": true });
    account.ok("deregister-container-instance", gone);
    account.0.set_active_services("mycluster", 1);
    let error = account.refused("delete-cluster", cluster.clone());
    assert_eq!(error.code, "ClusterContainsServicesException");
    account.0.set_active_services("mycluster", 0);
    let deleted = account.ok("delete-cluster", cluster.clone());
    assert_eq!(deleted["cluster"]["status"], "INACTIVE");
    assert_eq!(account.refused("delete-cluster", cluster).code, "ClusterNotFoundException");
}

#[test]
fn an_instance_joins_one_cluster_only() {
    let (mut account, _) = Account::with_web();
    account.ok("create-cluster", json!({ "clusterName": "other" }));
    let document = format!("{}", json!({ "instanceId": "i-1" }));
    let amounts =
        json!([{ "name": "CPU", "integerValue": 1 }, { "name": "MEMORY", "integerValue": 1 }]);
    let request = json!({ "cluster": "other", "totalResources": amounts,
        "instanceIdentityDocument": document });
    let error = account.refused("register-container-instance", request);
    assert_eq!(error.message, "i-1 is an instance of cluster mycluster already");
}

#[test]
fn an_amount_out_of_range_is_said_with_its_range() {
    let (mut account, _) = Account::with_web();
    for (name, value, range) in [
        ("CPU", -1, "CPU of -1: at least 1 and at most 16777215 is possible"),
        ("MEMORY", 1 << 24, "MEMORY of 16777216: at least 1 and at most 16777215 is possible"),
        ("GPU", 65, "GPU of 65: at least 0 and at most 64 is possible"),
        ("ENI", -2, "ENI of -2: at least 0 and at most 4294967295 is possible"),
    ] {
        let amounts = json!([{ "name": name, "type": "INTEGER", "integerValue": value }]);
        let request = json!({ "cluster": "mycluster", "totalResources": amounts });
        let error = account.refused("register-container-instance", request);
        assert_eq!((error.code, error.message.as_str()), ("InvalidParameterException", range));
    }
}

#[test]
fn an_instance_takes_as_many_interfaces_as_its_type_and_the_account_setting_say() {
    let (mut account, _) = Account::with_web();
    let interfaces = |account: &mut Account, server: &str, of: Value, more: Value| {
        let mut amounts = json!([{ "name": "CPU", "integerValue": 2_048 },
            { "name": "MEMORY", "integerValue": 4_000 }]);
        amounts.as_array_mut().unwrap().extend(more.as_array().unwrap().iter().cloned());
        let mut request = json!({ "cluster": "mycluster", "totalResources": amounts,
            "instanceIdentityDocument": json!({ "instanceId": server }).to_string() });
        if of.is_array() {
            request["attributes"] = of;
        } else {
            let document = json!({ "instanceId": server, "instanceType": of });
            request["instanceIdentityDocument"] = document.to_string().into();
        }
        let answer = account.ok("register-container-instance", request);
        let instance = &answer["containerInstance"];
        let all = instance["registeredResources"].as_array().unwrap();
        let eni = all.iter().find(|one| one["name"] == "ENI").unwrap();
        (eni["integerValue"].as_u64().unwrap(), String::from(instance["status"].as_str().unwrap()))
    };
    let large = json!("c5.large");
    let attribute = json!([{ "name": "ecs.instance-type", "value": "m5.4xlarge" }]);
    let active = |number: u64| (number, String::from("ACTIVE"));
    let none = json!([]);
    assert_eq!(interfaces(&mut account, "i-2", large.clone(), none.clone()), active(2));
    assert_eq!(interfaces(&mut account, "i-3", attribute, none.clone()), active(7));
    let told = json!([{ "name": "ENI", "integerValue": 5 }]);
    assert_eq!(interfaces(&mut account, "i-4", large.clone(), told), active(5));
    assert_eq!(interfaces(&mut account, "i-5", json!("z9.huge"), none.clone()), active(1));
    account.ok("put-account-setting", json!({ "name": "awsvpcTrunking", "value": "enabled" }));
    let trunk = (10, String::from("REGISTERING"));
    assert_eq!(interfaces(&mut account, "i-6", large.clone(), none.clone()), trunk);
    assert_eq!(interfaces(&mut account, "i-7", json!("t3.medium"), none.clone()), active(2));
    account.0.settle(NOW);
    let listed = json!({ "cluster": "mycluster", "status": "ACTIVE" });
    let listed = account.ok("list-container-instances", listed);
    assert_eq!(listed["containerInstanceArns"].as_array().unwrap().len(), 7);
    account.ok("put-account-setting", json!({ "name": "awsvpcTrunking", "value": "disabled" }));
    assert_eq!(interfaces(&mut account, "i-8", large, none), active(2));
}

#[test]
fn account_settings_are_made_and_listed() {
    let mut account = Account::new();
    let listed = |account: &mut Account, request: Value| {
        account.ok("list-account-settings", request)["settings"].clone()
    };
    let setting = |value: &str| {
        json!({ "name": "awsvpcTrunking", "value": value, "type": "user",
            "principalArn": "arn:aws:iam::123456789012:root" })
    };
    let effective = json!({ "effectiveSettings": true });
    assert_eq!(listed(&mut account, json!({})), json!([]));
    assert_eq!(listed(&mut account, effective), json!([setting("disabled")]));
    let request = json!({ "name": "awsvpcTrunking", "value": "enabled" });
    let put = account.ok("put-account-setting", request.clone());
    assert_eq!(put, json!({ "setting": setting("enabled") }));
    assert_eq!(listed(&mut account, json!({})), json!([setting("enabled")]));
    assert_eq!(listed(&mut account, request), json!([setting("enabled")]));
    let other = json!({ "name": "awsvpcTrunking", "value": "disabled" });
    assert_eq!(listed(&mut account, other), json!([]));
    for (request, says) in [
        (json!({ "name": "x", "value": "enabled" }), r#"name is "x": awsvpcTrunking is the"#),
        (json!({ "name": "awsvpcTrunking", "value": "on" }), r#"value is "on": enabled or"#),
        (json!({}), r#"name is "": "#),
    ] {
        let error = account.refused("put-account-setting", request);
        assert_eq!(error.code, "InvalidParameterException");
        assert!(error.message.starts_with(says), "{error}");
    }
    let error = account.refused("list-account-settings", json!({ "value": "enabled" }));
    assert_eq!(error.code, "InvalidParameterException");
}

#[test]
fn refusals_have_the_codes_of_aws() {
    let mut account = Account::new();
    let run = json!({ "cluster": "nowhere", "taskDefinition": "web" });
    assert_eq!(account.refused("run-task", run.clone()).code, "ClientException");
    let (mut account, _) = Account::with_web();
    assert_eq!(account.refused("run-task", run).code, "ClusterNotFoundException");
    let many = json!({ "cluster": "mycluster", "taskDefinition": "web", "count": 11 });
    assert_eq!(account.refused("run-task", many).code, "InvalidParameterException");
    account.ok("create-cluster", json!({}));
    let nobody = account.refused("run-task", json!({ "taskDefinition": "web" }));
    assert_eq!(nobody.message, "No Container Instances were found in your cluster.");
    let group = json!({ "cluster": "mycluster", "taskDefinition": "web", "group": "service:x" });
    assert_eq!(account.refused("run-task", group).code, "InvalidParameterException");
    assert_eq!(account.refused("fly", json!({})).code, "UnknownOperationException");
    assert_eq!(account.refused("run-task", json!([])).code, "InvalidParameterException");
}

#[test]
fn an_instance_drains_and_comes_back() {
    let (mut account, instance) = Account::with_web();
    let set = |status: &str| json!({ "cluster": "mycluster", "containerInstances": [instance], "status": status });
    let drained = account.ok("update-container-instances-state", set("DRAINING"));
    assert_eq!(drained["containerInstances"][0]["status"], "DRAINING");
    let draining = json!({ "cluster": "mycluster", "status": "DRAINING" });
    let listed = account.ok("list-container-instances", draining);
    assert_eq!(listed["containerInstanceArns"], json!([instance]));
    account.ok("update-container-instances-state", set("ACTIVE"));
    assert!(
        account
            .0
            .call(NOW, "update-container-instances-state", &format!("{}", set("GONE")))
            .is_err()
    );
}

#[test]
fn revisions_are_listed_described_and_deregistered() {
    let (mut account, _) = Account::with_web();
    let container = json!({ "name": "web", "image": "nginx", "memory": 64, "command": ["a"] });
    let web = json!({ "family": "web", "containerDefinitions": [container] });
    let second = account.ok("register-task-definition", web)["taskDefinition"].clone();
    assert_eq!(second["revision"], 2);
    assert_eq!(second["containerDefinitions"][0]["command"], json!(["a"]));
    let page = account.ok("list-task-definitions", json!({ "maxResults": 1, "sort": "DESC" }));
    assert!(page["taskDefinitionArns"][0].as_str().unwrap().ends_with("web:2"));
    let next = json!({ "maxResults": 1, "sort": "DESC", "nextToken": page["nextToken"] });
    let page = account.ok("list-task-definitions", next);
    assert!(page["taskDefinitionArns"][0].as_str().unwrap().ends_with("web:1"));
    assert!(page.get("nextToken").is_none());
    account.ok("deregister-task-definition", json!({ "taskDefinition": "web:2" }));
    let latest = account.ok("describe-task-definition", json!({ "taskDefinition": "web" }));
    assert_eq!(latest["taskDefinition"]["revision"], 1);
    let deleted =
        account.ok("delete-task-definitions", json!({ "taskDefinitions": ["web:2", "web:1"] }));
    assert_eq!(deleted["taskDefinitions"][0]["status"], "DELETE_IN_PROGRESS");
    assert_eq!(deleted["failures"].as_array().unwrap().len(), 1);
}

#[test]
fn every_operation_has_a_skeleton_that_is_json_and_is_known() {
    let mut account = Account::new();
    for (name, request) in OPERATIONS {
        let parsed: Result<Value, _> = serde_json::from_str(request);
        assert!(parsed.is_ok(), "{name}");
        assert_eq!(skeleton(&ids::pascal(name)), Some(request));
        if let Err(error) = account.0.call(NOW, name, request) {
            assert_ne!(error.code, "UnknownOperationException", "{name}");
        }
    }
    assert_eq!(skeleton("fly"), None);
}

#[test]
fn an_id_of_another_cluster_is_no_id_here() {
    let id = ids::hex("a", 7);
    assert_eq!((id.len(), ids::number("a", &id), ids::number("b", &id)), (32, Some(7), None));
    let arn = format!("arn:aws:ecs:us-east-1:1:task/a/{id}");
    assert_eq!(ids::number("a", &arn), Some(7));
    for bad in ["", "7", &"é".repeat(16), &"g".repeat(32)] {
        assert_eq!(ids::number("a", bad), None);
    }
}

#[test]
fn attributes_are_put_listed_and_deleted() {
    let (mut account, instance) = Account::with_web();
    let of = |name: &str, value: &str| {
        json!({ "name": name, "value": value, "targetType": "container-instance",
                "targetId": instance })
    };
    let on = |attributes: Value| json!({ "cluster": "mycluster", "attributes": attributes });
    let answer = account.ok("put-attributes", on(json!([of("stack", "green"), of("disk", "ssd")])));
    assert_eq!(
        answer["attributes"][0],
        json!({ "name": "stack", "value": "green",
                                                "targetId": instance })
    );
    let list = |extra: (&str, &str)| {
        let mut request = json!({ "cluster": "mycluster", "targetType": "container-instance" });
        request[extra.0] = extra.1.into();
        request
    };
    let listed = account.ok("list-attributes", list(("attributeName", "stack")));
    assert_eq!(listed["attributes"], json!([answer["attributes"][0]]));
    let listed = account.ok("list-attributes", list(("attributeValue", "us-east-1a")));
    assert_eq!(listed["attributes"][0]["name"], "ecs.availability-zone");
    // Tasks follow them.
    let constraint = json!([{ "type": "memberOf", "expression": "attribute:stack == green" }]);
    let run = json!({ "cluster": "mycluster", "taskDefinition": "web",
                      "placementConstraints": constraint });
    assert_eq!(account.ok("run-task", run.clone())["tasks"].as_array().unwrap().len(), 1);
    let gone = account.ok("delete-attributes", on(json!([of("stack", ""), of("none", "")])));
    assert_eq!(gone["attributes"], json!([answer["attributes"][0]]));
    let failures = account.ok("run-task", run)["failures"].clone();
    assert_eq!(failures[0]["reason"], "MemberOf placement constraint unsatisfied.");
}

#[test]
fn attributes_are_refused_with_the_codes_of_aws() {
    let (mut account, instance) = Account::with_web();
    let put = |account: &mut Account, attribute: Value, times: usize| {
        let request = json!({ "cluster": "mycluster", "attributes": vec![attribute; times] });
        account.refused("put-attributes", request).code
    };
    let one = json!({ "name": "a", "targetId": instance });
    let with = |key: &str, value: &str| {
        let mut changed = one.clone();
        changed[key] = value.into();
        changed
    };
    assert_eq!(put(&mut account, one.clone(), 11), "AttributeLimitExceededException");
    assert_eq!(put(&mut account, with("targetId", "none"), 1), "TargetNotFoundException");
    assert_eq!(put(&mut account, with("name", "my disk"), 1), "InvalidParameterException");
    assert_eq!(put(&mut account, with("targetType", "task"), 1), "InvalidParameterException");
    let elsewhere = json!({ "cluster": "none", "attributes": [one] });
    let error = account.refused("put-attributes", elsewhere);
    assert_eq!(error.code, "ClusterNotFoundException");
    let error = account.refused("list-attributes", json!({ "cluster": "mycluster" }));
    assert_eq!(error.code, "InvalidParameterException");
}
