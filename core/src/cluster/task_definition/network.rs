//! Ports and network modes: which mappings are accepted, which ports of the instance they take.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::vec::Vec;

use super::error::{DefinitionError, Problem};
use super::{ContainerDefinition, NetworkMode, PortMapping, Protocol, Rules, TaskDefinition};

/// Ports are 1 to 65535; 0 as a host port asks for any.
const MAX_PORT: i64 = 65_535;

/// The ports that a mapping stands for inside the container: one, or a range.
fn inside(mapping: &PortMapping) -> Result<(i64, i64), Problem> {
    match (&mapping.container_port, &mapping.container_port_range) {
        (Some(port), None) => {
            if !(1..=MAX_PORT).contains(port) {
                return Err(Problem::OutOfRange { value: *port, min: 1, max: MAX_PORT });
            }
            Ok((*port, *port))
        }
        (None, Some(range)) => {
            let ends = range.split_once('-').and_then(|(first, last)| {
                Some((first.trim().parse::<i64>().ok()?, last.trim().parse::<i64>().ok()?))
            });
            match ends {
                Some((first, last)) if 1 <= first && first <= last && last <= MAX_PORT => {
                    Ok((first, last))
                }
                _ => Err(Problem::Malformed {
                    value: range.clone(),
                    rule: "FIRST-LAST, two ports from 1 to 65535, the first not above the last",
                }),
            }
        }
        (Some(port), Some(range)) => Err(Problem::NotAllowed {
            value: format!("{port} and {range}"),
            why: "containerPort or containerPortRange, not both",
        }),
        (None, None) => Err(Problem::Missing { why: "a mapping names a port of the container" }),
    }
}

/// Whether all port mappings and links suit the network mode. O(ports · log ports).
///
/// A combination of container port and protocol is unique within the network that
/// it is in: the task's where that is shared (`awsvpc`, `host`), else the
/// container's. A host port is unique for its protocol in the task.
///
/// # Errors
/// The first mapping that does not.
pub(super) fn check(task: &TaskDefinition, rules: &Rules) -> Result<(), DefinitionError> {
    let mode = task.network_mode();
    let mut taken = BTreeSet::new();
    let mut shared: Vec<(i64, i64, Protocol)> = Vec::new();
    for container in &task.container_definitions {
        check_links(task, container, mode)?;
        let mut own: Vec<(i64, i64, Protocol)> = Vec::new();
        let one_network = matches!(mode, NetworkMode::Awsvpc | NetworkMode::Host);
        let seen = if one_network { &mut shared } else { &mut own };
        for mapping in &container.port_mappings {
            let refuse =
                |field, problem| DefinitionError::of_container(&container.name, field, problem);
            let field = "portMappings.containerPort";
            let (first, last) = inside(mapping).map_err(|problem| refuse(field, problem))?;
            let protocol = mapping.protocol();
            let clash = seen.iter().any(|&(low, high, other)| {
                low <= last && first <= high && (rules.one_protocol_per_port || other == protocol)
            });
            if clash {
                let value = format!("{first}/{}", protocol.as_str());
                return Err(refuse(field, Problem::Duplicate { value }));
            }
            seen.push((first, last, protocol));
            check_host_port(mapping, mode)
                .map_err(|problem| refuse("portMappings.hostPort", problem))?;
            let fixed = mode == NetworkMode::Bridge && mapping.host_port.unwrap_or(0) > 0;
            if fixed && !taken.insert((mapping.host_port, protocol)) {
                let port = mapping.host_port.unwrap_or(0);
                let value = format!("{port}/{}", protocol.as_str());
                return Err(refuse("portMappings.hostPort", Problem::Duplicate { value }));
            }
        }
    }
    Ok(())
}

fn check_host_port(mapping: &PortMapping, mode: NetworkMode) -> Result<(), Problem> {
    if mode == NetworkMode::None {
        let value = format!("{}", mapping.container_port.unwrap_or(0));
        return Err(Problem::NotAllowed { value, why: "no ports with networkMode=none" });
    }
    let Some(host_port) = mapping.host_port else { return Ok(()) };
    if !(0..=MAX_PORT).contains(&host_port) {
        return Err(Problem::OutOfRange { value: host_port, min: 0, max: MAX_PORT });
    }
    if mapping.container_port_range.is_some() {
        let value = format!("{host_port}");
        return Err(Problem::NotAllowed { value, why: "no host port beside containerPortRange" });
    }
    let container_port = mapping.container_port.unwrap_or(0);
    if mode != NetworkMode::Bridge && host_port != container_port {
        return Err(Problem::PortsDiffer { mode: mode.as_str(), host_port, container_port });
    }
    Ok(())
}

fn check_links(
    task: &TaskDefinition,
    container: &ContainerDefinition,
    mode: NetworkMode,
) -> Result<(), DefinitionError> {
    for link in &container.links {
        let name = link.split(':').next().unwrap_or_default();
        let problem = if mode != NetworkMode::Bridge {
            Problem::NotAllowed { value: link.clone(), why: "links need networkMode=bridge" }
        } else if name == container.name || task.container(name).is_none() {
            Problem::Unknown { value: name.into(), what: "other container" }
        } else {
            continue;
        };
        return Err(DefinitionError::of_container(&container.name, "links", problem));
    }
    Ok(())
}

/// The ports of the instance that a task takes when it is placed: fixed host ports
/// in bridge mode, all of them in host mode, none with `awsvpc` or `none`. A host
/// port of 0 takes none: it is found when the container starts.
pub(super) fn host_ports(task: &TaskDefinition) -> Vec<(Protocol, u16)> {
    let mode = task.network_mode();
    let mut ports = Vec::new();
    for mapping in task.container_definitions.iter().flat_map(|one| &one.port_mappings) {
        let range = match mode {
            NetworkMode::Host => inside(mapping).ok(),
            NetworkMode::Bridge => {
                mapping.host_port.filter(|port| *port > 0).map(|port| (port, port))
            }
            NetworkMode::Awsvpc | NetworkMode::None => None,
        };
        let Some((first, last)) = range else { continue };
        let port = |number: i64| u16::try_from(number).ok().map(|port| (mapping.protocol(), port));
        ports.extend((first..=last).filter_map(port));
    }
    ports.sort_unstable();
    ports.dedup();
    ports
}
