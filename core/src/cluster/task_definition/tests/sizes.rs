//! Sizes, what is subtracted for them, and Fargate's table.

use alloc::vec;

use super::super::*;
use super::{container, fargate, task};
use crate::resources::Resources;

#[test]
fn cpu_is_units_or_vcpus() {
    let cases =
        [("256", 256), ("1 vCPU", 1_024), (".25 vCPU", 256), ("0.5 vcpu", 512), ("32vCPU", 32_768)];
    for (text, units) in cases {
        assert_eq!(parse_cpu(text), Ok(units), "{text}");
    }
    for text in ["", "one", "1 GB", "1.5", ". vCPU", "-1", "1e3"] {
        let error = parse_cpu(text).unwrap_err();
        assert_eq!((error.field, error.value.as_str()), ("cpu", text));
    }
}

#[test]
fn memory_is_mib_or_gigabytes() {
    for (text, mib) in [("512", 512), ("1GB", 1_024), ("0.5 GB", 512), ("30 gb", 30_720)] {
        assert_eq!(parse_memory(text), Ok(mib), "{text}");
    }
    assert!(parse_memory("1 vCPU").is_err());
    assert!(parse_memory("99999999999 GB").is_err());
}

#[test]
fn the_task_size_is_subtracted_where_there_is_one() {
    let mut task = task();
    task.cpu = Some(1_024);
    task.memory = Some(2_048);
    assert_eq!(task.requirements().resources, Resources::new(1_024, 2_048));
}

/// Trap: soft limit before hard limit, container by container.
#[test]
fn without_a_task_size_the_soft_limit_is_subtracted_else_the_hard_one() {
    let mut task = task();
    let mut soft = container("soft");
    soft.memory_reservation = Some(128);
    let mut only_soft = container("only-soft");
    (only_soft.memory, only_soft.memory_reservation) = (None, Some(64));
    task.container_definitions.extend([soft, only_soft]);
    assert_eq!(task.requirements().resources, Resources::new(3 * 256, 512 + 128 + 64));
}

#[test]
fn ports_are_subtracted_by_network_mode() {
    let mut task = task();
    task.container_definitions[0].port_mappings = vec![
        PortMapping::new(80, 8_080, Protocol::Tcp),
        PortMapping::new(53, 53, Protocol::Udp),
        PortMapping::new(90, 0, Protocol::Tcp),
    ];
    let fixed = vec![(Protocol::Tcp, 8_080), (Protocol::Udp, 53)];
    assert_eq!(task.requirements().ports, fixed);
    assert_eq!(task.requirements().enis, 0);
    // The instance's own network: every container port is one of the instance.
    task.network_mode = Some(NetworkMode::Host);
    task.container_definitions[0].port_mappings = vec![
        PortMapping { container_port: Some(80), ..PortMapping::default() },
        PortMapping { container_port_range: Some("90-92".into()), ..PortMapping::default() },
    ];
    let all: Vec<u16> = task.requirements().ports.iter().map(|(_, port)| *port).collect();
    assert_eq!(all, [80, 90, 91, 92]);
    task.network_mode = Some(NetworkMode::Awsvpc);
    let needs = task.requirements();
    assert_eq!((needs.ports.len(), needs.enis), (0, 1));
}

#[test]
fn gpus_of_all_containers_are_subtracted() {
    let mut task = task();
    let gpus =
        |value: &str| vec![ResourceRequirement { kind: ResourceKind::Gpu, value: value.into() }];
    task.container_definitions[0].resource_requirements = gpus("2");
    let mut other = container("other");
    other.resource_requirements = gpus("1");
    task.container_definitions.push(other);
    assert_eq!(task.requirements().gpus, 3);
}

#[test]
fn docker_gets_at_least_two_shares() {
    assert_eq!([0, 1, 2, 1_024, 300_000].map(docker_cpu_shares), [2, 2, 2, 1_024, 262_144]);
}

#[test]
fn fargate_has_exactly_the_pairs_of_the_table() {
    let gb = |range: core::ops::RangeInclusive<i64>, step: usize| -> Vec<i64> {
        range.step_by(step).map(|gb| gb * 1_024).collect()
    };
    let table = [
        (256, vec![512, 1_024, 2_048]),
        (512, gb(1..=4, 1)),
        (1_024, gb(2..=8, 1)),
        (2_048, gb(4..=16, 1)),
        (4_096, gb(8..=30, 1)),
        (8_192, gb(16..=60, 4)),
        (16_384, gb(32..=120, 8)),
        (32_768, vec![60 * 1_024, 120 * 1_024, 244 * 1_024]),
    ];
    for (cpu, sizes) in table {
        let accepted: Vec<i64> =
            (0..=250 * 1_024).step_by(128).filter(|mib| fargate_sizes(cpu, *mib)).collect();
        assert_eq!(accepted, sizes, "{cpu} CPU units");
        assert!(fargate(cpu, sizes[0]).check(&Rules::default()).is_ok());
    }
    for cpu in [0, 128, 255, 257, 3_072, 65_536] {
        assert!(!fargate_sizes(cpu, 2_048), "{cpu} CPU units");
    }
}
