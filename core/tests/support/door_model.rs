//! Amazon ECS's calls in any order, seen through the answers alone: no instance
//! gives more than it has, the counts agree with the lists, and a call that is
//! refused changes nothing.

use serde_json::{Value, json};
use warmstow_core::service::api::Ecs;
use warmstow_core::time::Instant;

const CPU: i64 = 1_024;
const MEMORY: i64 = 2_048;

/// A call, or time that passes. Names are few, so that most calls meet something.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Action {
    Cluster { delete: bool },
    Register { cpu: u8, port: u8, awsvpc: bool },
    Instance { number: u8 },
    Deregister { place: u8, force: bool },
    Drain { place: u8, back: bool },
    Run { count: u8, strategy: u8 },
    StopTask { place: u8 },
    Create { service: u8, desired: u8, kind: u8, strategy: u8 },
    Update { service: u8, desired: u8, newest: bool, strategy: u8 },
    Delete { service: u8, force: bool },
    Protect { place: u8, minutes: u8 },
    Time { seconds: u8 },
    Attribute { place: u8, value: u8, delete: bool },
    Nonsense { operation: u8, text: u8 },
}

impl Action {
    pub(crate) fn from_bytes(b: [u8; 4]) -> Self {
        let odd = |byte: u8| byte % 2 == 1;
        match b[0] % 16 {
            0 => Self::Cluster { delete: odd(b[1]) },
            1 => Self::Register { cpu: b[1] % 6, port: b[2] % 3, awsvpc: b[3].is_multiple_of(5) },
            2 | 3 => Self::Instance { number: b[1] % 6 },
            4 => Self::Deregister { place: b[1], force: odd(b[2]) },
            5 => Self::Drain { place: b[1], back: odd(b[2]) },
            6 => Self::Run { count: b[1] % 12, strategy: b[2] },
            7 => Self::StopTask { place: b[1] },
            8 | 9 => Self::Create {
                service: b[1] % 3,
                desired: b[2] % 7,
                kind: b[3] % 4,
                strategy: b[3] / 4,
            },
            10 | 11 => Self::Update {
                service: b[1] % 3,
                desired: b[2] % 7,
                newest: odd(b[3]),
                strategy: b[3] / 2,
            },
            12 => Self::Delete { service: b[1] % 3, force: odd(b[2]) },
            13 => Self::Protect { place: b[1], minutes: b[2] },
            14 => Self::Time { seconds: b[1] },
            15 if odd(b[3]) => Self::Attribute { place: b[1], value: b[2] % 3, delete: b[2] > 200 },
            _ => Self::Nonsense { operation: b[1], text: b[2] },
        }
    }
}

struct World {
    ecs: Ecs,
    now: Instant,
}

/// Plays it; a host that does everything at once.
pub(crate) fn check(actions: &[Action]) {
    let mut world = World { ecs: Ecs::new("us-east-1", "123456789012"), now: Instant::ZERO };
    world.call("create-cluster", &json!({})).unwrap();
    let mut before = world.seen();
    for action in actions {
        if world.play(*action) {
            assert_eq!(world.seen(), before, "{action:?} was refused and changed something");
            continue;
        }
        world.ecs.settle(world.now);
        world.agrees();
        before = world.seen();
    }
}

fn strategy(number: u8) -> Value {
    match number % 5 {
        0 => json!([{ "type": "binpack", "field": "memory" }]),
        1 => json!([{ "type": "spread", "field": "attribute:ecs.availability-zone" },
                    { "type": "binpack", "field": "cpu" }]),
        2 => json!([{ "type": "random" }]),
        3 => json!([{ "type": "best" }]),
        _ => json!([]),
    }
}

fn of(list: &[Value], place: u8) -> Option<&Value> {
    list.get(usize::from(place) % list.len().max(1))
}

fn strings(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

impl World {
    fn call(&mut self, operation: &str, request: &Value) -> Result<Value, String> {
        let answer = self.ecs.call(self.now, operation, &request.to_string());
        match answer {
            Ok(answer) => Ok(serde_json::from_str(&answer).unwrap()),
            Err(error) => {
                assert!(error.code.ends_with("Exception"), "{error}");
                assert!(!error.message.is_empty());
                Err(error.to_string())
            }
        }
    }

    fn tasks(&mut self) -> Vec<Value> {
        let mut all = Vec::new();
        for status in ["RUNNING", "STOPPED"] {
            if let Ok(answer) = self.call("list-tasks", &json!({ "desiredStatus": status })) {
                all.extend(strings(&answer["taskArns"]));
            }
        }
        all.truncate(100);
        all
    }

    fn instances(&mut self) -> Vec<Value> {
        let answer = self.call("list-container-instances", &json!({}));
        answer.map(|answer| strings(&answer["containerInstanceArns"])).unwrap_or_default()
    }

    /// All that the answers show.
    fn seen(&mut self) -> Vec<Value> {
        let (tasks, instances) = (self.tasks(), self.instances());
        let services: Vec<_> = (0..3).map(|number| format!("s{number}")).collect();
        [
            ("describe-clusters", json!({})),
            ("list-task-definitions", json!({})),
            ("describe-services", json!({ "services": services })),
            ("describe-tasks", json!({ "tasks": tasks })),
            ("describe-container-instances", json!({ "containerInstances": instances })),
        ]
        .into_iter()
        .filter_map(|(operation, request)| self.call(operation, &request).ok())
        .collect()
    }

    /// Plays one; whether it was refused.
    fn play(&mut self, action: Action) -> bool {
        let (operation, request) = match action {
            Action::Time { seconds } => {
                self.now =
                    Instant::from_secs(self.now.as_nanos() / 1_000_000_000 + u64::from(seconds));
                return false;
            }
            Action::Cluster { delete: false } => ("create-cluster", json!({})),
            Action::Cluster { delete: true } => ("delete-cluster", json!({})),
            Action::Register { cpu, port, awsvpc } => {
                ("register-task-definition", definition(cpu, port, awsvpc))
            }
            Action::Instance { number } => ("register-container-instance", instance(number)),
            Action::Deregister { place, force } => {
                let all = self.instances();
                let request = json!({ "containerInstance": of(&all, place), "force": force });
                ("deregister-container-instance", request)
            }
            Action::Drain { place, back } => {
                let all = self.instances();
                let status = if back { "ACTIVE" } else { "DRAINING" };
                let request = json!({ "containerInstances": [of(&all, place)], "status": status });
                ("update-container-instances-state", request)
            }
            Action::Run { count, strategy: number } => {
                let request = json!({ "taskDefinition": "web", "count": count,
                                      "placementStrategy": strategy(number) });
                ("run-task", request)
            }
            Action::StopTask { place } => {
                let all = self.tasks();
                ("stop-task", json!({ "task": of(&all, place) }))
            }
            Action::Create { service, desired, kind, strategy: number } => {
                ("create-service", created(service, desired, kind, number))
            }
            Action::Update { service, desired, newest, strategy: number } => {
                let mut request = json!({ "service": format!("s{service}"),
                                          "desiredCount": desired });
                if newest {
                    request["taskDefinition"] = "web".into();
                } else if number.is_multiple_of(2) {
                    request["placementStrategy"] = strategy(number);
                }
                ("update-service", request)
            }
            Action::Delete { service, force } => {
                ("delete-service", json!({ "service": format!("s{service}"), "force": force }))
            }
            Action::Protect { place, minutes } => {
                let all = self.tasks();
                let request = json!({ "tasks": [of(&all, place)], "protectionEnabled": true,
                                      "expiresInMinutes": minutes });
                ("update-task-protection", request)
            }
            Action::Attribute { place, value, delete } => {
                let target = of(&self.instances(), place).cloned().unwrap_or_default();
                let one =
                    json!({ "name": "stack", "value": format!("v{value}"), "targetId": target });
                let operation = if delete { "delete-attributes" } else { "put-attributes" };
                (operation, json!({ "attributes": [one] }))
            }
            Action::Nonsense { operation, text } => return self.nonsense(operation, text),
        };
        self.call(operation, &request).is_err()
    }

    fn nonsense(&mut self, operation: u8, text: u8) -> bool {
        let all: Vec<_> = warmstow_core::service::api::operations().collect();
        let (name, skeleton) = all[usize::from(operation) % all.len()];
        let text = match text % 4 {
            0 => skeleton.to_string(),
            1 => skeleton[..skeleton.len() / 2].to_string(),
            2 => skeleton.replace("\"\"", "\"\u{0}\u{7f}\u{ffff}\""),
            _ => "[[[[{}]]]]".to_string(),
        };
        self.ecs.call(self.now, name, &text).is_err()
    }

    /// The answers agree with each other.
    fn agrees(&mut self) {
        let Ok(clusters) = self.call("describe-clusters", &json!({})) else { return };
        let Some(cluster) = clusters["clusters"].get(0).cloned() else { return };
        let listed = self.call("list-services", &json!({})).unwrap();
        let active = strings(&listed["serviceArns"]).len();
        assert_eq!(cluster["activeServicesCount"], active);
        let (tasks, instances) = (self.tasks(), self.instances());
        if tasks.is_empty() || instances.is_empty() || tasks.len() == 100 {
            return;
        }
        let tasks = self.call("describe-tasks", &json!({ "tasks": tasks })).unwrap();
        let request = json!({ "containerInstances": instances });
        let instances = self.call("describe-container-instances", &request).unwrap();
        for instance in strings(&instances["containerInstances"]) {
            let arn = &instance["containerInstanceArn"];
            let mut held = [0, 0];
            let live = |task: &&Value| {
                task["containerInstanceArn"] == *arn && task["lastStatus"] != "STOPPED"
            };
            for task in strings(&tasks["tasks"]).iter().filter(live) {
                for (sum, field) in held.iter_mut().zip(["cpu", "memory"]) {
                    *sum += task[field].as_str().unwrap().parse::<i64>().unwrap();
                }
            }
            let cluster = self.ecs.clusters().cluster("default").unwrap();
            let server = instance["ec2InstanceId"].as_str().unwrap();
            let member = cluster.member_of_server(server);
            for (_, kept) in member.into_iter().flat_map(|one| cluster.kept_on(one.id())) {
                held[0] += i64::from(kept.resources.cpu_units);
                held[1] += i64::from(kept.resources.memory_mib);
            }
            for (name, all, held) in [("CPU", CPU, held[0]), ("MEMORY", MEMORY, held[1])] {
                let left = amount(&instance["remainingResources"], name);
                assert_eq!(left + held, all, "{name} of {arn}");
                assert!(left >= 0);
            }
        }
    }
}

fn amount(list: &Value, name: &str) -> i64 {
    let found = strings(list).into_iter().find(|one| one["name"] == name);
    found.and_then(|one| one["integerValue"].as_i64()).unwrap()
}

fn definition(cpu: u8, port: u8, awsvpc: bool) -> Value {
    let mut container = json!({ "name": "web", "image": "i", "cpu": i64::from(cpu) * 128,
                                "memory": 256 });
    if port > 0 {
        let host = if port == 1 { 0 } else { 8_080 };
        container["portMappings"] = json!([{ "containerPort": 80, "hostPort": host }]);
    }
    let mode = if awsvpc { "awsvpc" } else { "bridge" };
    json!({ "family": "web", "networkMode": mode, "containerDefinitions": [container] })
}

fn instance(number: u8) -> Value {
    let identity = json!({ "instanceId": format!("i-{number}"),
                           "availabilityZone": format!("z{}", number % 2) });
    json!({
        "instanceIdentityDocument": identity.to_string(),
        "totalResources": [{ "name": "CPU", "integerValue": CPU },
                           { "name": "MEMORY", "integerValue": MEMORY }],
    })
}

fn created(service: u8, desired: u8, kind: u8, number: u8) -> Value {
    let mut request = json!({
        "serviceName": format!("s{service}"), "taskDefinition": "web",
        "deploymentConfiguration": {
            "minimumHealthyPercent": u32::from(number % 3) * 50,
            "maximumPercent": 100 + u32::from(number % 4) * 50,
            "deploymentCircuitBreaker": { "enable": kind == 2, "rollback": true },
        },
    });
    if kind == 3 {
        request["schedulingStrategy"] = "DAEMON".into();
        if desired > 3 {
            let expression = "attribute:stack != v1";
            request["placementConstraints"] =
                json!([{ "type": "memberOf", "expression": expression }]);
        }
        request["deploymentConfiguration"]["maximumPercent"] = 100.into();
    } else {
        request["desiredCount"] = desired.into();
        request["placementStrategy"] = strategy(number);
    }
    request
}
