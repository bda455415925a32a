//! Each rule refuses what breaks it, naming container, field, value and bound.

use alloc::string::{String, ToString};
use alloc::vec;

use super::super::*;
use super::{accepted, container, fargate, refused, task};

/// A task whose only container was changed.
fn with(change: impl FnOnce(&mut ContainerDefinition)) -> TaskDefinition {
    let mut task = task();
    change(&mut task.container_definitions[0]);
    task
}

#[test]
fn names_are_up_to_255_letters_digits_hyphens_and_underscores() {
    let mut named = task();
    named.family = "a".repeat(255);
    accepted(&named);
    for family in ["", "a b", "a:1", "ä", &"a".repeat(256)] {
        named.family = family.into();
        assert!(refused(&named).starts_with("'family': "), "{family}");
    }
    let message = refused(&with(|one| one.name = "web server".into()));
    let rule = "1 to 255 letters, digits, - and _";
    let says = alloc::format!("'name': \"web server\" is not acceptable: {rule}");
    assert_eq!(message, alloc::format!("container 'web server': {says}"));
    assert!(refused(&with(|one| one.image = "a b".into())).ends_with("bytes without white space"));
    let mut twice = task();
    twice.container_definitions.push(container("web"));
    assert_eq!(refused(&twice), "container 'web': 'name': web twice");
}

#[test]
fn a_task_has_one_to_ten_containers_one_of_them_essential() {
    let mut task = task();
    task.container_definitions.clear();
    assert!(refused(&task).contains("0 entries: at least 1 and at most 10"));
    let names: Vec<String> = (0..11).map(|number| alloc::format!("c{number}")).collect();
    task.container_definitions = names.iter().map(|name| container(name)).collect();
    assert!(refused(&task).contains("11 entries: at least 1 and at most 10"));
    task.container_definitions.pop();
    accepted(&task);
    for one in &mut task.container_definitions {
        one.essential = Some(false);
    }
    assert!(refused(&task).contains("at least one container of a task must be essential"));
}

#[test]
fn on_ec2_a_container_has_memory_of_its_own_or_of_the_task() {
    let mut task = with(|one| one.memory = None);
    assert_eq!(
        refused(&task),
        "Invalid setting for container 'web'. At least one of 'memory' or 'memoryReservation' \
         must be specified."
    );
    task.memory = Some(512);
    accepted(&task);
}

#[test]
fn memory_is_at_least_six_mib_by_default() {
    let message = refused(&with(|one| one.memory = Some(5)));
    assert!(message.starts_with("container 'web': 'memory': 5: at least 6"), "{message}");
    let message = refused(&with(|one| one.memory_reservation = Some(3)));
    assert!(message.starts_with("container 'web': 'memoryReservation': 3: at least 6"));
    accepted(&with(|one| one.memory = Some(6)));
    let before = Rules { min_container_memory_mib: 4, ..Rules::default() };
    assert!(with(|one| one.memory = Some(4)).check(&before).is_ok());
}

#[test]
fn the_soft_limit_is_at_most_the_hard_one() {
    let both =
        |hard, soft| with(|one| (one.memory, one.memory_reservation) = (Some(hard), Some(soft)));
    accepted(&both(512, 512));
    assert_eq!(
        refused(&both(512, 513)),
        "container 'web': 'memoryReservation': 513 is above the container's memory, 512"
    );
}

#[test]
fn containers_stay_within_the_task() {
    let mut task = task();
    task.container_definitions.push(container("log"));
    (task.cpu, task.memory) = (Some(512), Some(1_024));
    accepted(&task);
    task.cpu = Some(511);
    assert_eq!(refused(&task), "'cpu of all containers': 512 is above the task's cpu, 511");
    (task.cpu, task.memory) = (Some(512), Some(1_023));
    let message = refused(&task);
    assert_eq!(message, "'memory of all containers': 1024 is above the task's memory, 1023");
    task.memory = Some(500);
    let message = refused(&task);
    assert_eq!(message, "container 'web': 'memory': 512 is above the task's memory, 500");
    // Soft limits share: only the sum of what is reserved counts.
    task.memory = Some(512);
    for one in &mut task.container_definitions {
        one.memory_reservation = Some(256);
    }
    accepted(&task);
}

#[test]
fn a_task_on_ec2_has_an_eighth_of_a_vcpu_to_192() {
    let mut task = task();
    for (cpu, good) in [(127, false), (256, true), (196_608, true), (196_609, false)] {
        task.cpu = Some(cpu);
        assert_eq!(task.check(&Rules::default()).is_ok(), good, "{cpu}");
    }
    assert!(refused(&task).contains("196609: at least 128 and at most 196608"));
    assert!(refused(&with(|one| one.cpu = -1)).contains("'cpu': -1: at least 0"));
}

#[test]
fn ports_are_in_range_and_unique() {
    let ports = |mappings: &[(i64, i64, Protocol)]| {
        with(|one| {
            let new = |&(inside, host, protocol): &(i64, i64, Protocol)| {
                PortMapping::new(inside, host, protocol)
            };
            one.port_mappings = mappings.iter().map(new).collect();
        })
    };
    use Protocol::{Tcp, Udp};
    assert!(refused(&ports(&[(0, 0, Tcp)])).contains("containerPort': 0: at least 1"));
    assert!(refused(&ports(&[(65_536, 0, Tcp)])).contains("at most 65535"));
    assert!(refused(&ports(&[(80, 65_536, Tcp)])).contains("hostPort': 65536"));
    assert!(refused(&ports(&[(80, 1, Tcp), (80, 2, Tcp)])).contains("80/tcp twice"));
    assert!(refused(&ports(&[(80, 1, Tcp), (81, 1, Tcp)])).contains("hostPort': 1/tcp twice"));
    let both = ports(&[(53, 53, Tcp), (53, 53, Udp)]);
    accepted(&both);
    let strict = Rules { one_protocol_per_port: true, ..Rules::default() };
    assert!(both.check(&strict).unwrap_err().to_string().contains("53/udp twice"));
    // Two containers in bridge mode have networks of their own; host ports are shared.
    let mut two = ports(&[(80, 0, Tcp)]);
    let mut other = two.container_definitions[0].clone();
    other.name = "other".into();
    two.container_definitions.push(other);
    accepted(&two);
    two.network_mode = Some(NetworkMode::Host);
    for one in &mut two.container_definitions {
        one.port_mappings[0].host_port = None;
    }
    assert!(refused(&two).starts_with("container 'other': 'portMappings.containerPort': 80/tcp"));
}

#[test]
fn host_ports_suit_the_network_mode() {
    let mut task = with(|one| {
        one.port_mappings = vec![PortMapping::new(8_080, 80, Protocol::Tcp)];
    });
    accepted(&task);
    for mode in [NetworkMode::Awsvpc, NetworkMode::Host] {
        task.network_mode = Some(mode);
        let message = refused(&task);
        assert!(message.starts_with("container 'web': 'portMappings.hostPort': 80: "));
        assert!(message.contains("must match, and the container port is 8080"), "{message}");
    }
    task.container_definitions[0].port_mappings[0].host_port = Some(8_080);
    accepted(&task);
    task.network_mode = Some(NetworkMode::None);
    assert!(refused(&task).contains("no ports with networkMode=none"));
}

#[test]
fn port_ranges_stand_alone_and_do_not_overlap() {
    let range = |text: &str| PortMapping {
        container_port_range: Some(text.into()),
        ..PortMapping::default()
    };
    for text in ["90", "92-90", "0-5", "65530-65536", "a-b"] {
        assert!(refused(&with(|one| one.port_mappings = vec![range(text)])).contains(text));
    }
    let overlap = with(|one| {
        one.port_mappings = vec![range("90-95"), PortMapping::new(93, 0, Protocol::Tcp)];
    });
    assert!(refused(&overlap).contains("93/tcp twice"));
}

#[test]
fn links_need_bridge_mode_and_a_container() {
    let mut linked = task();
    linked.container_definitions.push(container("db"));
    linked.container_definitions[0].links = vec!["db:database".into()];
    accepted(&linked);
    linked.network_mode = Some(NetworkMode::Awsvpc);
    assert!(refused(&linked).contains("links need networkMode=bridge"));
    assert!(refused(&with(|one| one.links = vec!["web".into()])).contains("'web' is no other"));
}

#[test]
fn mounts_name_volumes_of_one_kind() {
    let mut mounted = with(|one| {
        let mount = MountPoint { source_volume: "data".into(), ..MountPoint::default() };
        one.mount_points = vec![MountPoint { container_path: "/data".into(), ..mount }];
    });
    assert_eq!(
        refused(&mounted),
        "container 'web': 'mountPoints.sourceVolume': 'data' is no volume of the definition"
    );
    mounted.volumes = vec![Volume { name: "data".into(), ..Volume::default() }];
    accepted(&mounted);
    mounted.volumes[0].efs_volume_configuration = Some(EfsVolume::default());
    assert!(refused(&mounted).contains("an EFS volume names its file system"));
    mounted.volumes[0].docker_volume_configuration = Some(DockerVolume::default());
    assert!(refused(&mounted).contains("one of host, dockerVolumeConfiguration"));
    mounted.volumes[0].efs_volume_configuration = None;
    mounted.volumes[0].docker_volume_configuration =
        Some(DockerVolume { autoprovision: Some(true), ..DockerVolume::default() });
    assert!(refused(&mounted).contains("only a volume of scope shared"));
    mounted.volumes[0].docker_volume_configuration = None;
    mounted.container_definitions[0].mount_points[0].container_path.clear();
    assert!(refused(&mounted).contains("mountPoints.containerPath"));
}

#[test]
fn dependencies_can_be_met() {
    let mut task = task();
    task.container_definitions.push(container("db"));
    let depends = |condition| vec![Dependency { container_name: "db".into(), condition }];
    task.container_definitions[0].depends_on = depends(Condition::Start);
    accepted(&task);
    task.container_definitions[0].depends_on = depends(Condition::Healthy);
    assert!(refused(&task).contains("HEALTHY: HEALTHY waits for a container with a health check"));
    task.container_definitions[0].depends_on = depends(Condition::Success);
    assert!(refused(&task).contains("SUCCESS: COMPLETE and SUCCESS wait for"));
    task.container_definitions[1].essential = Some(false);
    accepted(&task);
    task.container_definitions[0].depends_on[0].container_name = "cache".into();
    assert!(refused(&task).contains("'cache' is no container of the definition"));
}

#[test]
fn containers_that_wait_in_a_circle_are_named_in_order() {
    let mut task = TaskDefinition::new("web", ["a", "b", "c", "d"].map(container).to_vec());
    for (waits, on) in [(0, "b"), (1, "c"), (2, "d"), (3, "b")] {
        task.container_definitions[waits].depends_on =
            vec![Dependency { container_name: on.into(), condition: Condition::Start }];
    }
    let message = refused(&task);
    assert!(message.ends_with("wait for each other: b -> c -> d -> b"), "{message}");
    task.container_definitions[3].depends_on.clear();
    accepted(&task);
    assert_eq!(start_order(&task), Ok(vec![3, 2, 1, 0]));
    // Links and shared volumes wait too.
    task.container_definitions[3].links = vec!["a".into()];
    assert!(refused(&task).contains("a -> b -> c -> d -> a"));
}

#[test]
fn health_checks_and_timeouts_have_bounds() {
    let check = |change: &dyn Fn(&mut HealthCheck)| {
        let mut health = HealthCheck {
            command: vec!["CMD-SHELL".into(), "true".into()],
            ..HealthCheck::default()
        };
        change(&mut health);
        with(|one| one.health_check = Some(health))
    };
    accepted(&check(&|_| ()));
    assert!(
        refused(&check(&|one| one.interval = Some(4))).contains("4: at least 5 and at most 300")
    );
    assert!(
        refused(&check(&|one| one.timeout = Some(61))).contains("61: at least 2 and at most 60")
    );
    assert!(refused(&check(&|one| one.retries = Some(0))).contains("0: at least 1 and at most 10"));
    let message = refused(&check(&|one| one.start_period = Some(301)));
    assert!(message.contains("'healthCheck.startPeriod': 301: at least 0 and at most 300"));
    assert!(refused(&check(&|one| one.command.clear())).contains("has a command"));
    assert!(refused(&check(&|one| one.command.truncate(1))).contains("a command follows CMD"));
    assert!(refused(&with(|one| one.stop_timeout = Some(-1))).contains("'stopTimeout': -1"));
}

#[test]
fn logs_go_to_drivers_that_there_are() {
    let log = |driver: &str| {
        with(|one| {
            let log = LogConfiguration { log_driver: driver.into(), ..LogConfiguration::default() };
            one.log_configuration = Some(log);
        })
    };
    accepted(&log("json-file"));
    assert!(refused(&log("file")).contains("'logConfiguration.logDriver': \"file\""));
    assert!(refused(&log("awslogs")).contains("awslogs-group"));
}

#[test]
fn roles_are_names_or_arns_of_roles() {
    let role = |text: &str| {
        let mut task = task();
        task.task_role_arn = Some(text.into());
        task
    };
    accepted(&role("app"));
    accepted(&role("arn:aws:iam::123456789012:role/service/app"));
    for text in ["", "arn:aws:iam::123456789012:user/app", "arn:aws:ec2::1:role/a", "arn:aws:iam"] {
        assert!(refused(&role(text)).starts_with("'taskRoleArn': "), "{text}");
    }
}

#[test]
fn constraints_of_a_definition_are_memberships() {
    let constraint = |kind, expression: Option<&str>| {
        let mut task = task();
        let expression = expression.map(Into::into);
        task.placement_constraints = vec![PlacementConstraint { kind, expression }];
        task
    };
    accepted(&constraint(ConstraintKind::MemberOf, Some("attribute:disk == ssd")));
    assert!(refused(&constraint(ConstraintKind::MemberOf, None)).contains("needs an expression"));
    let distinct = constraint(ConstraintKind::DistinctInstance, None);
    assert!(refused(&distinct).contains("distinctInstance"));
    let long = "a".repeat(2_001);
    assert!(
        refused(&constraint(ConstraintKind::MemberOf, Some(&long)))
            .starts_with("'placementConstraints.expression'")
    );
    assert!(
        refused(&constraint(ConstraintKind::MemberOf, Some("disk =="))).contains("at character")
    );
    let mut many = constraint(ConstraintKind::MemberOf, Some("agentConnected == true"));
    many.placement_constraints = vec![many.placement_constraints[0].clone(); 11];
    assert!(refused(&many).contains("11 entries"));
}

#[test]
fn fargate_refuses_what_it_cannot_run() {
    let base = fargate(256, 512);
    accepted(&base);
    type Change = fn(&mut TaskDefinition);
    let cases: [(Change, &str); 12] = [
        (|task| task.cpu = None, "'cpu': missing"),
        (|task| task.memory = Some(2_560), "256 CPU units with 2560 MiB"),
        (|task| task.network_mode = None, "'networkMode': bridge: Fargate requires awsvpc"),
        (|task| task.ipc_mode = Some(IpcMode::Host), "'ipcMode': host"),
        (|task| task.pid_mode = Some(PidMode::Host), "'pidMode': host"),
        (
            |task| task.ephemeral_storage = Some(EphemeralStorage { size_gib: 20 }),
            "20: at least 21 and at most 200",
        ),
        (|task| task.container_definitions[0].privileged = Some(true), "'privileged': true"),
        (
            |task| task.container_definitions[0].stop_timeout = Some(121),
            "'stopTimeout': 121: at least 0 and at most 120",
        ),
        (
            |task| {
                let expression = Some("attribute:a == b".into());
                let kind = ConstraintKind::MemberOf;
                task.placement_constraints = vec![PlacementConstraint { kind, expression }];
            },
            "'placementConstraints'",
        ),
        (
            |task| {
                let host = Some(HostVolume { source_path: Some("/data".into()) });
                task.volumes = vec![Volume { name: "v".into(), host, ..Volume::default() }];
            },
            "'volumes.host.sourcePath': v",
        ),
        (
            |task| {
                let log = LogConfiguration { log_driver: "syslog".into(), ..Default::default() };
                task.container_definitions[0].log_configuration = Some(log);
            },
            "'logConfiguration.logDriver': syslog",
        ),
        (
            |task| {
                let os = Some("WINDOWS_SERVER_2022_CORE".into());
                task.runtime_platform =
                    Some(RuntimePlatform { operating_system_family: os, cpu_architecture: None });
            },
            "'cpu': 256: at least 1024 and at most 4096",
        ),
    ];
    for (change, words) in cases {
        let mut task = base.clone();
        change(&mut task);
        let message = refused(&task);
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn an_execution_role_for_logs_is_asked_for_where_the_rules_say_so() {
    let mut task = fargate(256, 512);
    let option = |name: &str| (name.to_string(), "x".to_string());
    let names = ["awslogs-group", "awslogs-region", "awslogs-stream-prefix"];
    let mut log = LogConfiguration { log_driver: "awslogs".into(), ..Default::default() };
    log.options = names.map(option).into_iter().collect();
    task.container_definitions[0].log_configuration = Some(log);
    accepted(&task);
    let strict = Rules { execution_role_for_fargate_logs: true, ..Rules::default() };
    let message = task.check(&strict).unwrap_err().to_string();
    assert!(message.contains("execution role ARN to support log driver awslogs"));
    task.execution_role_arn = Some("arn:aws:iam::123456789012:role/pull".into());
    assert!(task.check(&strict).is_ok());
}
