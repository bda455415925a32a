//! Clusters, as a specification. [`Host`] plays agent, network and image registry.

mod attributes;
mod instances;
mod order;
mod reserved;
mod stopping;
mod tasks;

use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::instance::{ContainerInstanceId, Registration};
use super::task::{DesiredStatus, LaunchType, Task, TaskId, TaskStatus};
use super::task_definition::{
    ContainerDefinition, NetworkMode, Registered, Registry, Rules, TaskDefinition,
};
use super::{Action, Cluster, Event, Launch, RunRequest, Settings};
use crate::resources::Resources;
use crate::time::Instant;

const NOW: Instant = Instant::ZERO;

fn at(seconds: u64) -> Instant {
    Instant::from_secs(seconds)
}

/// A host that does at once what it is asked, except what it is told to leave.
struct Host {
    cluster: Cluster,
    now: Instant,
    /// Containers, of any task, that start only when the test says so.
    slow_to_start: BTreeSet<usize>,
    /// Whether containers go on after SIGTERM.
    deaf: bool,
    seen: Vec<Action>,
}

impl Host {
    fn new(instances: u64) -> Self {
        Self::with(instances, Settings::default())
    }

    /// Instances of 2,048 CPU units and 4,000 MiB, in zones a, b, a, b and so on.
    fn with(instances: u64, settings: Settings) -> Self {
        let mut cluster = Cluster::new("test", settings);
        for number in 0..instances {
            cluster.register_instance(NOW, server(number)).unwrap();
        }
        let slow_to_start = BTreeSet::new();
        Self { cluster, now: NOW, slow_to_start, deaf: false, seen: Vec::new() }
    }

    fn handle(&mut self, event: Event) {
        self.cluster.handle(self.now, event).unwrap();
        self.drain();
    }

    /// Lets time pass, with all that falls due.
    fn wait_until(&mut self, now: Instant) {
        while let Some(due) = self.cluster.next_deadline().filter(|due| *due <= now) {
            self.now = due;
            self.cluster.handle_time(due);
            self.drain();
        }
        self.now = now;
    }

    /// Carries out every action, and answers.
    fn drain(&mut self) {
        while let Some(action) = self.cluster.poll_action() {
            self.seen.push(action);
            let event = match action {
                Action::Provision { task, .. } => Event::Provisioned { task },
                Action::Deprovision { task } => Event::Deprovisioned { task },
                Action::StartContainer { task, container } => {
                    if self.slow_to_start.contains(&container) {
                        continue;
                    }
                    Event::ContainerStarted { task, container }
                }
                Action::StopContainer { task, container } if !self.deaf => {
                    Event::ContainerExited { task, container, exit_code: 0 }
                }
                Action::KillContainer { task, container } => {
                    Event::ContainerExited { task, container, exit_code: 137 }
                }
                _ => continue,
            };
            self.cluster.handle(self.now, event).unwrap();
        }
    }

    fn run(&mut self, request: &RunRequest, count: u32) -> Vec<TaskId> {
        let ran = self.cluster.run_tasks(self.now, request, count).unwrap();
        self.drain();
        ran.tasks
    }

    fn run_one(&mut self, request: &RunRequest) -> TaskId {
        self.run(request, 1)[0]
    }

    fn task(&self, id: TaskId) -> &Task {
        self.cluster.task(id).unwrap()
    }

    fn status(&self, id: TaskId) -> TaskStatus {
        self.task(id).last_status()
    }

    fn statuses(&self, ids: &[TaskId]) -> Vec<TaskStatus> {
        ids.iter().map(|id| self.status(*id)).collect()
    }

    /// What is left of the first instance, by the scheduler and by the agent.
    fn left(&self) -> (Resources, Resources) {
        let first = self.cluster.instances().next().unwrap();
        (first.remaining().resources, first.free().resources)
    }

    fn stops(&self, id: TaskId) -> bool {
        self.task(id).desired_status() == DesiredStatus::Stopped
    }
}

fn server(number: u64) -> Registration {
    let zone = if number.is_multiple_of(2) { "a" } else { "b" };
    Registration::new(&alloc::format!("i-{number}"), Resources::new(2_048, 4_000)).in_zone(zone)
}

fn first() -> ContainerInstanceId {
    ContainerInstanceId(1)
}

/// A container of 512 CPU units and 1,000 MiB.
fn container(name: &str) -> ContainerDefinition {
    ContainerDefinition::new(name, "image").with_sizes(512, 1_000)
}

fn registered(task: TaskDefinition) -> Arc<Registered> {
    Registry::new().register(NOW, task, &Rules::default()).unwrap()
}

/// A request for tasks of these containers.
fn request(containers: Vec<ContainerDefinition>) -> RunRequest {
    RunRequest::new(&registered(TaskDefinition::new("web", containers)))
}

fn web() -> RunRequest {
    request(alloc::vec![container("web")])
}

/// The same with an interface of its own.
fn awsvpc() -> RunRequest {
    let mut task = TaskDefinition::new("net", alloc::vec![container("net")]);
    task.network_mode = Some(NetworkMode::Awsvpc);
    RunRequest::new(&registered(task))
}

fn fargate() -> RunRequest {
    let mut task = TaskDefinition::new("far", alloc::vec![container("far")]);
    task.network_mode = Some(NetworkMode::Awsvpc);
    (task.cpu, task.memory) = (Some(512), Some(1_024));
    let mut request = RunRequest::new(&registered(task));
    request.launch = Launch::Type(LaunchType::Fargate);
    request
}
