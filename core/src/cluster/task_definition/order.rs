//! In which order the containers of a task start: who waits for whom, and that no circle waits.

use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use super::error::{DefinitionError, Problem};
use super::{Condition, TaskDefinition};

/// One container waits for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The position of the one that waits.
    pub waits: usize,
    /// The position of the one waited for.
    pub on: usize,
    /// What it waits for.
    pub condition: Condition,
}

impl TaskDefinition {
    /// Who waits for whom: `dependsOn`, and as in the Amazon ECS agent also `links`
    /// and `volumesFrom`, which wait for the start. Names that are unknown are left
    /// out. O(containers · their entries).
    pub fn edges(&self) -> Vec<Edge> {
        let mut edges = Vec::new();
        for (waits, container) in self.container_definitions.iter().enumerate() {
            let mut add = |name: &str, condition| {
                if let Some(on) = self.container(name) {
                    edges.push(Edge { waits, on, condition });
                }
            };
            for dependency in &container.depends_on {
                add(&dependency.container_name, dependency.condition);
            }
            for link in &container.links {
                add(link.split(':').next().unwrap_or_default(), Condition::Start);
            }
            for from in &container.volumes_from {
                add(&from.source_container, Condition::Start);
            }
        }
        edges
    }
}

/// The positions of all containers so that each comes after those it waits for;
/// those free to choose come in the order of the definition.
///
/// # Errors
/// A circle, as positions, the first again at the end.
pub fn start_order(task: &TaskDefinition) -> Result<Vec<usize>, Vec<usize>> {
    let edges = task.edges();
    let count = task.container_definitions.len();
    let mut order = Vec::with_capacity(count);
    let mut placed = vec![false; count];
    while order.len() < count {
        let ready = |at: &usize| {
            !placed[*at] && edges.iter().all(|edge| edge.waits != *at || placed[edge.on])
        };
        match (0..count).find(ready) {
            Some(at) => {
                placed[at] = true;
                order.push(at);
            }
            None => return Err(circle(&edges, &placed)),
        }
    }
    Ok(order)
}

/// A circle among the containers that could not be placed: each of them waits for
/// another of them, so following the waits comes back.
fn circle(edges: &[Edge], placed: &[bool]) -> Vec<usize> {
    let mut path: Vec<usize> = placed.iter().position(|done| !done).into_iter().collect();
    while let Some(&last) = path.last() {
        let next = edges.iter().find(|edge| edge.waits == last && !placed[edge.on]);
        let Some(edge) = next else { break };
        let seen = path.iter().position(|at| *at == edge.on);
        path.push(edge.on);
        if let Some(start) = seen {
            path.drain(..start);
            break;
        }
    }
    path
}

/// Whether all dependencies can be met. O(containers²).
///
/// # Errors
/// The first that cannot, or the circle.
pub(super) fn check(task: &TaskDefinition) -> Result<(), DefinitionError> {
    for container in &task.container_definitions {
        for (at, dependency) in container.depends_on.iter().enumerate() {
            let name = &dependency.container_name;
            let refuse = |field, problem| {
                Err(DefinitionError::of_container(&container.name, field, problem))
            };
            let others = &container.depends_on[..at];
            if others.iter().any(|other| other.container_name == *name) {
                return refuse("dependsOn", Problem::Duplicate { value: name.clone() });
            }
            let Some(on) = task.container(name) else {
                let problem = Problem::Unknown { value: name.clone(), what: "container" };
                return refuse("dependsOn.containerName", problem);
            };
            let on = &task.container_definitions[on];
            let why = match dependency.condition {
                Condition::Healthy if on.health_check.is_none() => {
                    "HEALTHY waits for a container with a health check"
                }
                Condition::Complete | Condition::Success if on.is_essential() => {
                    "COMPLETE and SUCCESS wait for a container that is not essential"
                }
                _ => continue,
            };
            let value = dependency.condition.as_str().to_string();
            return refuse("dependsOn.condition", Problem::NotAllowed { value, why });
        }
    }
    let Err(circle) = start_order(task) else { return Ok(()) };
    let name = |at: &usize| task.container_definitions[*at].name.as_str();
    let path: Vec<&str> = circle.iter().map(name).collect();
    let first: String = path.first().copied().unwrap_or_default().into();
    let problem = Problem::Cycle { path: path.join(" -> ") };
    Err(DefinitionError::of_container(&first, "dependsOn", problem))
}
