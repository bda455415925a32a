//! Task definitions, as a specification.

mod registry;
mod rules;
#[cfg(feature = "json")]
mod samples;
mod sizes;

use alloc::vec;

use super::{ContainerDefinition, NetworkMode, Rules, TaskDefinition};

/// A container that every rule accepts.
fn container(name: &str) -> ContainerDefinition {
    ContainerDefinition::new(name, "nginx").with_sizes(256, 512)
}

/// A task of one such container.
fn task() -> TaskDefinition {
    TaskDefinition::new("web", vec![container("web")])
}

/// The same for Fargate.
fn fargate(cpu: i64, memory: i64) -> TaskDefinition {
    let mut task = task();
    task.cpu = Some(cpu);
    task.memory = Some(memory);
    task.network_mode = Some(NetworkMode::Awsvpc);
    task.requires_compatibilities = vec![super::Compatibility::Fargate];
    task
}

/// Why a definition is refused, in words.
#[track_caller]
fn refused(task: &TaskDefinition) -> alloc::string::String {
    use alloc::string::ToString;
    task.check(&Rules::default()).expect_err("must be refused").to_string()
}

#[track_caller]
fn accepted(task: &TaskDefinition) {
    task.check(&Rules::default()).expect("must be accepted");
}
